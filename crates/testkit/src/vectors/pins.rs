//! Pins, policies, and what witnesses show.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use tally_ledger::fault::Code;
use tally_ledger::hash::Hash;
use tally_ledger::note::{Checkpoint, Purpose, Vkey};

use super::checkpoints::{origin, signature_line, with_note};
use super::effects::{granted, revoked};
use super::ledger;
use crate::forge::{Forge, ORIGIN, event, key, note, vkey};
use crate::keyring::{self, author, checkpoint, public};
use crate::value::{map, set};
use crate::vector::Vector;

/// A time at which witnesses sign: 2026-11-22T00:20:00Z.
const WITNESSED: u64 = 1_795_306_800;
/// The seconds of a day.
const DAY: u64 = 86_400;

pub(super) fn vectors() -> Vec<Vector> {
    [pins(), policies(), cosignatures(), witnessed()].concat()
}

fn witness(n: u8) -> (SigningKey, Vkey) {
    let key = keyring::key(&format!("witness {n}"));
    let name = format!("w{n}.example");
    let vkey = Vkey::new(&name, Purpose::Cosignature, public(&key)).expect("a key name");
    (key, vkey)
}

fn seen(size: u64, root: &Hash) -> String {
    format!("{size} {}", STANDARD.encode(root.0))
}

fn pins() -> Vec<Vector> {
    let mut forge = Forge::new();
    forge.checkpoint();
    forge.note("bug-1");
    forge.note("bug-1");
    let bytes = forge.clone().bundle().bytes();
    let id = forge.id(0).to_string();
    let passed = |name: &str, key: &str, value: &str, about: &str| {
        Vector::unpinned(name, "whole", bytes.clone()).line(key, value).note(about)
    };
    let failed = |name: &str, key: &str, value: &str, about: &str| {
        let vector = Vector::unpinned(name, "failed", bytes.clone());
        vector.line("code", Code::Pin.name()).line(key, value).note(about)
    };
    let stranger = vkey(&keyring::key("stranger")).to_string();
    let own = vkey(&checkpoint()).to_string();
    let other_name = Vkey::log(&origin("ledger.example/other"), public(&checkpoint()));
    vec![
        Vector::unpinned("no-pin", "consistent-with-itself", bytes.clone())
            .note("nothing says that this is the right ledger"),
        passed("ok-pin-ledger-id", "ledger-id", &id, "the id of genesis"),
        passed("ok-pin-seen", "seen", &seen(2, &forge.root_at(2)), "a size without checkpoint"),
        passed("ok-pin-seen-last", "seen", &seen(3, &forge.root()), "the last checkpoint"),
        failed("pin-of-another-key", "pin", &stranger, "a key that has not signed"),
        failed("pin-under-another-name", "pin", &other_name.to_string(), "the key, elsewhere"),
        failed("pin-one-of-two", "pin", &own, "one pin is met, the other is not")
            .line("pin", &stranger),
        failed("pin-other-ledger-id", "ledger-id", &some_id(), "the id of another ledger"),
        failed("pin-seen-other-root", "seen", &seen(2, &forge.root_at(1)), "another history"),
        failed("pin-seen-larger", "seen", &seen(4, &forge.root()), "entries are gone"),
        failed("pin-key-met-but-not-seen", "pin", &own, "a fork under the same key")
            .line("seen", &seen(1, &forge.root())),
    ]
}

fn some_id() -> String {
    Hash::of(b"another ledger").to_string()
}

/// Returns the vector of the usual ledger, cosigned by `witnesses`, under that policy.
fn under(name: &str, expect: (&str, Option<Code>), cosigned: &[u8], policy: &[&str]) -> Vector {
    let mut forge = ledger();
    forge.checkpoint();
    for n in cosigned {
        forge.cosign(&format!("w{n}.example"), WITNESSED + u64::from(*n), &witness(*n).0);
    }
    let bytes = forge.bundle().bytes();
    judged(name, expect, bytes, policy)
}

fn judged(name: &str, expect: (&str, Option<Code>), bytes: Vec<u8>, policy: &[&str]) -> Vector {
    let mut vector = Vector::unpinned(name, expect.0, bytes);
    if let Some(code) = expect.1 {
        vector = vector.line("code", code.name());
    }
    let log = format!("log {}", vkey(&checkpoint()));
    let stranger = format!("log {}", vkey(&keyring::key("stranger")));
    for line in policy {
        let line = match *line {
            "log" => log.clone(),
            "log stranger" => stranger.clone(),
            "w1" | "w2" | "w3" => {
                let n = line.as_bytes()[1] - b'0';
                format!("witness {line} {}", witness(n).1)
            }
            other => other.to_owned(),
        };
        vector = vector.line("policy", &line);
    }
    vector
}

fn policies() -> Vec<Vector> {
    let (whole, failed) = (("whole", None), |code| ("failed", Some(code)));
    let unpinned = ("consistent-with-itself", None);
    let (pin, cosignature) = (failed(Code::Pin), failed(Code::Cosignature));
    let one = &["log", "w1", "quorum w1"][..];
    let none = &["# a policy", "log", "quorum\tnone  "][..];
    let two = &["log", "w1", "w2", "w3", "group a all w1 w2", "group q any a w3", "quorum q"][..];
    let of_three = &["log", "w1", "w2", "w3", "group q 2 w1 w2 w3", "quorum q"][..];
    let no_log = &["w1", "quorum w1"][..];
    let other_log = &["log stranger", "quorum none"][..];
    let two_logs = &["log stranger", "log", "quorum none"][..];
    let both_wrong = &["log stranger", "w1", "quorum w1"][..];
    vec![
        under("ok-policy-quorum-none", whole, &[], none),
        under("ok-policy-of-one-witness", whole, &[1], one),
        under("ok-policy-group-by-all", whole, &[1, 2], two),
        under("ok-policy-group-by-any", whole, &[3], two),
        under("ok-policy-two-of-three", whole, &[1, 3], of_three),
        under("policy-without-log", unpinned, &[1], no_log).note("without a log it is no pin"),
        under("policy-of-another-log", pin, &[1], other_log),
        under("ok-policy-of-two-logs", whole, &[], two_logs).note("one of the logs is enough"),
        under("policy-quorum-not-met", cosignature, &[], one),
        under("policy-quorum-by-another-witness", cosignature, &[2], one),
        under("policy-group-not-met", cosignature, &[1], two),
        under("policy-threshold-not-met", cosignature, &[2], of_three),
        under("policy-pin-before-cosignature", pin, &[], both_wrong),
    ]
}

/// Lines of witnesses that do not hold.
fn cosignatures() -> Vec<Vector> {
    let failed = ("failed", Some(Code::Checkpoint));
    let witness = witness(1);
    let with_line =
        |content: &[u8]| with_note(|text| format!("{text}{}", signature_line(&witness.1, content)));
    let dated = |time: u64| {
        let text = format!("cosignature/v1\ntime {time}\n{}", text_of(&ledger()));
        let signature = witness.0.sign(text.as_bytes()).to_bytes();
        [&time.to_be_bytes()[..], &signature].concat()
    };
    let broken = [&WITNESSED.to_be_bytes()[..], &[7; 64]].concat();
    let one = ["log", "w1", "quorum w1"];
    let other = ["log", "w2", "quorum none"];
    let row = |name: &str, content: &[u8], about: &str| {
        judged(name, failed, with_line(content), &one).note(about)
    };
    let (late, latest) = (dated(1 << 63), dated((1 << 63) - 1));
    vec![
        row("cosignature-broken", &broken, "a line of a known witness that does not hold"),
        row("cosignature-at-time-0", &dated(0), "signed, but dated 0"),
        row("cosignature-at-time-2-63", &late, "signed, but dated 2^63"),
        row("cosignature-of-64-bytes", &broken[8..], "a cosignature without its time"),
        judged("ok-cosignature-at-time-2-63-minus-1", ("whole", None), with_line(&latest), &one)
            .note("the latest time there is"),
        judged("ok-cosignature-of-unknown-witness", ("whole", None), with_line(&broken), &other)
            .note("a line of a witness that the policy does not know is ignored"),
    ]
}

/// What the policy's witnesses show of single entries.
fn witnessed() -> Vec<Vector> {
    let policy = ["log", "w1", "quorum w1"];
    let mut late = ledger();
    late.checkpoint();
    late.cosign("w1.example", WITNESSED + DAY + 1, &witness(1).0);
    late.set_clock("2026-11-22T00:20:00Z");
    late.note("bug-1");
    late.checkpoint();
    late.cosign("w1.example", WITNESSED + DAY + 2, &witness(1).0);
    let mut in_time = ledger();
    in_time.checkpoint();
    in_time.cosign("w1.example", WITNESSED + DAY, &witness(1).0);
    in_time.set_clock("2026-11-22T00:20:00Z");
    in_time.note("bug-1");
    in_time.checkpoint();
    in_time.cosign("w1.example", WITNESSED + DAY + 2, &witness(1).0);
    let whole = ("whole", None);
    vec![
        judged("appeared-late", whole, late.bundle().bytes(), &policy)
            .line("report", "appeared-late")
            .note("entry 2 says 00:20; a day and a second later the quorum had not seen it"),
        judged("ok-appeared-within-a-day", whole, in_time.bundle().bytes(), &policy)
            .note("entry 2 says 00:20; a day later, to the second, the quorum had not seen it"),
        judged("marked", whole, compromised().bundle().bytes(), &policy)
            .line("report", "marked")
            .note("entry 3 was not witnessed before its key was compromised; entry 2 was"),
    ]
}

/// Returns a ledger in which the key of an auditor signs entries 2 and 3, and is then said to be
/// compromised from between the two.
fn compromised() -> Forge {
    let auditor = keyring::key("auditor");
    let mut forge = Forge::new();
    let grant = granted(&key(&auditor, &["compliance"]));
    forge.record(event(&["ledger"], "ledger.key", grant), &author());
    forge.record(note(&["bug-1"]), &auditor);
    forge.checkpoint();
    forge.cosign("w1.example", WITNESSED, &witness(1).0);
    forge.record(note(&["bug-1"]), &auditor);
    let mut end = revoked(&auditor);
    let since = map([("at", "2026-11-22T00:20:01/..".into()), ("zone", "Z".into())]);
    set(&mut end, "compromised", since);
    forge.record(event(&["ledger"], "ledger.key", end), &author());
    forge.checkpoint();
    forge.cosign("w1.example", WITNESSED + 60, &witness(1).0);
    forge
}

/// Returns the text that a checkpoint over all of `forge` signs.
fn text_of(forge: &Forge) -> String {
    let note = Checkpoint::sign(&origin(ORIGIN), forge.size(), forge.root(), &checkpoint());
    let note = note.to_string();
    format!("{}\n", note.split("\n\n").next().unwrap_or_default())
}
