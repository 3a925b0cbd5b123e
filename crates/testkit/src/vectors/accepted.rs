//! What must be accepted, and what of it must be reported.

use ciborium::Value;
use tally_ledger::payload::Event;

use super::effects::{granted, revoked, succeeded};
use super::ledger;
use super::payloads::{digests, disclosures, file, hidden_no, hide, stated};
use crate::forge::{Forge, event, genesis, key, note, vkey};
use crate::keyring::{self, author, checkpoint, thumbprint};
use crate::value::{bytes, hash, list, map, set, some_hash};
use crate::vector::Vector;

pub(super) fn vectors() -> Vec<Vector> {
    let mut vectors: Vec<Vector> = NOTES
        .iter()
        .map(|(name, about, change)| {
            let forge = ledger();
            let draft = forge.changed(note(&["bug-1"]), &author(), change);
            let bytes = super::with_entry(forge, draft.signed(&author()));
            Vector::passed(name, "whole", bytes).note(about)
        })
        .collect();
    vectors.extend([reported(), governed(), sealed()].concat());
    vectors
}

/// Name, what it shows, and how the payload of a note of `bug-1` at seq 2 is made so.
type Row = (&'static str, &'static str, fn(&mut Value));

const NOTES: &[Row] = &[
    ("ok-8-feeds", "as many feeds as an entry may stand in", |v| {
        for feed in ["bug-2", "bug-3", "bug-4", "bug-5", "bug-6", "bug-7", "bug-8"] {
            set(v, &format!("feeds.{feed}"), Value::Null);
        }
    }),
    ("ok-feed-of-64-characters", "a feed id as long as it may be", |v| {
        set(v, &format!("feeds.{}", "a".repeat(64)), Value::Null);
    }),
    ("ok-kind-of-64-characters", "a kind as long as it may be", |v| {
        set(v, "kind", format!("{}.{}", "a".repeat(32), "b".repeat(31)));
    }),
    ("ok-kind-of-four-words", "as many words as a kind may have", |v| set(v, "kind", "a.b.c.d")),
    ("ok-64-citations", "as many citations as there may be", |v| {
        stated(v, (0..64).map(|_| map([("entry", 1.into())])).collect());
    }),
    ("ok-64-digests", "as many digests as there may be", |v| {
        set(v, "basis", map([("measured", digests(64))]));
    }),
    ("ok-url-of-2048-bytes", "a URL as long as it may be", |v| {
        stated(v, vec![map([("url", format!("https://{}", "a".repeat(2040)).into())])]);
    }),
    ("ok-url-http", "http, a port, a fragment, and text that is not ASCII", |v| {
        stated(v, vec![map([("url", "http://bugs.example:80/\u{e9}#c1".into())])]);
    }),
    ("ok-citation-span", "a span of a text with its digest", |v| {
        let digest = hash(&some_hash("a"));
        let url = "https://bugs.example/1".into();
        let span = list([0, (1_i64 << 53) - 1]);
        stated(v, vec![map([("url", url), ("digest", digest), ("span", span)])]);
    }),
    ("ok-citation-of-entry", "a statement of this ledger, without digest", |v| {
        let span = list([3, 9]);
        stated(v, vec![map([("entry", 1.into()), ("claim", 0.into()), ("span", span)])]);
    }),
    ("ok-64-files", "as many files as there may be", |v| {
        set(v, "evidence", list(vec![file(); 64]));
    }),
    ("ok-evidence-name-of-255-bytes", "a name as long as it may be", |v| {
        let mut file = file();
        set(&mut file, "name", format!("{}a", "\u{e9}".repeat(127)));
        set(v, "evidence", list([file]));
    }),
    ("ok-evidence-type", "a media type with every character it may have", |v| {
        let mut file = file();
        set(&mut file, "type", format!("a/b!#$&^_.+-{}", "c".repeat(117)));
        set(v, "evidence", list([file]));
    }),
    ("ok-64-hidden", "as many hidden values as there may be", |v| hide(v, 63, 1)),
    ("ok-hidden-body", "a body that is one hidden value", |v| set(v, "body", hidden_no(1))),
    ("ok-ellipsis-as-data", "65 maps with a member ... that hide nothing", |v| {
        let data = |n: u8| match n % 3 {
            0 => map([("...", "text".into())]),
            1 => map([("...", bytes([n; 31]))]),
            _ => map([("...", bytes([n; 32])), ("more", n.into())]),
        };
        set(v, "body", map([("list", list((0..65).map(data)))]));
    }),
    ("ok-64-disclosures", "as many disclosures as there may be", |v| {
        set(v, "kind", "seal.revealed");
        set(v, "body", map([("disclosures", disclosures(64))]));
    }),
    ("ok-disclosures-of-no-list", "a body that replay gives no effect", |v| {
        set(v, "kind", "seal.revealed");
        set(v, "body", map([("disclosures", 65.into())]));
    }),
    ("ok-65-disclosures-elsewhere", "the limit is on seal.revealed alone", |v| {
        set(v, "body", map([("disclosures", disclosures(65))]));
    }),
    ("ok-on-feeds-twice", "a feed twice in on", |v| {
        let feeds = list(["bug-1"; 8]);
        let on = map([("seq", 1.into()), ("kind", "example.note".into()), ("feeds", feeds)]);
        set(v, "on", on);
    }),
    ("ok-on-that-is-not-true", "on states another kind: a matter of replay", |v| {
        let feeds = list(["bug-1"]);
        set(v, "on", map([("seq", 0.into()), ("kind", "legal.step".into()), ("feeds", feeds)]));
    }),
    ("ok-empty-body", "a body without members", |v| set(v, "body", map([]))),
    ("ok-recorded-in-year-1", "the first instant there is", |v| {
        set(v, "recorded", "0001-01-01T00:00:00Z");
    }),
    ("ok-recorded-in-year-9999", "the last instant there is", |v| {
        set(v, "recorded", "9999-12-31T23:59:59Z");
    }),
];

/// Reported, and whole.
fn reported() -> Vec<Vector> {
    let passed = |name: &str, report: &str, about: &str, forge: Forge| {
        Vector::passed(name, "whole", forge.bundle().bytes()).line("report", report).note(about)
    };
    let mut backwards = ledger();
    backwards.set_clock("2026-11-22T00:08:00Z");
    backwards.note("bug-1");
    let mut same = ledger();
    same.set_clock("2026-11-22T00:09:41Z");
    same.note("bug-1");
    let mut unguarded = super::effects::guarded_ledger();
    let next = keyring::key("author 2");
    let body = succeeded(&author(), &key(&next, &["operator", "compliance"]));
    unguarded.record(event(&["ledger"], "ledger.key", body), &next);
    unguarded.record(note(&["bug-1"]), &next);
    let mut copied = ledger();
    let hiding = |feed: &str| event(&[feed], "example.note", map([("text", hidden_no(1))]));
    copied.record(hiding("bug-1"), &author());
    copied.record(hiding("bug-2"), &author());
    vec![
        passed("kind-not-understood", "not-understood", "entry 1, of no known kind", ledger()),
        passed("commitment-copied", "commitment-copied", "3 hides what 2 hid", copied),
        passed(
            "clock-backwards",
            "clock-backwards",
            "entry 2 is recorded before entry 1",
            backwards,
        ),
        passed(
            "successor-without-next",
            "no-next",
            "the successor names no next of its own",
            unguarded,
        ),
        Vector::passed("ok-clock-stands-still", "whole", same.bundle().bytes())
            .note("entry 2 is recorded in the same second as entry 1"),
    ]
}

/// Keys and roles that change as they may.
fn governed() -> Vec<Vector> {
    let passed = |name: &str, about: &str, forge: Forge| {
        Vector::passed(name, "whole", forge.bundle().bytes()).note(about)
    };
    let change = |forge: &mut Forge, kind: &str, body: Value, by| {
        forge.record(event(&["ledger"], kind, body), by);
    };
    let (author, second) = (author(), keyring::key("second operator"));
    let mut resigned = ledger();
    change(&mut resigned, "ledger.key", granted(&key(&second, &["operator"])), &author);
    change(&mut resigned, "ledger.key", revoked(&author), &author);
    change(&mut resigned, "ledger.key", granted(&key(&keyring::key("a"), &["a"])), &second);
    let mut rich = genesis();
    set(&mut rich, "standing", "observer");
    set(&mut rich, "owner.ca_owner", "A000001");
    set(&mut rich, "owner.url", "no address, but a text");
    set(&mut rich, "info", map([("made", map([("by", "hand".into())]))]));
    let id = hash(&some_hash("id"));
    let origin = "ledger.example/before".into();
    let root = hash(&some_hash("root"));
    let before = map([("origin", origin), ("id", id), ("size", 1.into()), ("root", root)]);
    set(&mut rich, "predecessor", before);
    set(&mut rich, "keys.0.name", "the first author");
    let mut many = genesis();
    let keys = super::governance::keys(62);
    let first = [key(&author, &["operator", "compliance"]), key(&checkpoint(), &["checkpoint"])];
    set(&mut many, "keys", list(first.into_iter().chain(keys)));
    let row = |n| (Value::from(format!("role_{n}")), list(vec!["*"; 64]));
    let table = Value::Map((0..64).map(row).collect());
    let mut wide = ledger();
    change(&mut wide, "ledger.roles", map([("roles", table)]), &author);
    let mut guarded = super::effects::guarded_ledger();
    let auditor = keyring::key("auditor");
    change(&mut guarded, "ledger.key", granted(&key(&auditor, &["auditor"])), &author);
    let compromised = map([("at", "../2026-11-22".into())]);
    let mut ended = revoked(&auditor);
    set(&mut ended, "compromised", compromised.clone());
    change(&mut guarded, "ledger.key", ended, &author);
    let mut closed = ledger();
    let id = hash(&some_hash("next"));
    let successor = map([("origin", "ledger.example/next".into()), ("id", id)]);
    let end = map([("why", "moved".into()), ("successor", successor)]);
    change(&mut closed, "ledger.closed", end, &author);
    let heads = map([("heads", map([("ledger", 2.into()), ("bug-1", 1.into())]))]);
    closed.record(event(&["heads"], "heads", heads), &author);
    vec![
        passed("ok-operator-revokes-itself", "another operator remains", resigned),
        passed(
            "ok-genesis-with-all-members",
            "every member that a genesis may have",
            Forge::with_genesis(rich),
        ),
        passed(
            "ok-genesis-of-64-keys",
            "as many keys as an entry may grant",
            Forge::with_genesis(many),
        ),
        passed("ok-64-roles-of-64-patterns", "a table as large as it may be", wide),
        passed("ok-auditor-changed-though-next", "neither operator nor checkpoint", guarded),
        passed("ok-closed-and-heads", "heads may follow the end", closed),
        successions(&compromised),
    ]
}

/// A succession that grants 64 keys and revokes all but itself.
fn successions(compromised: &Value) -> Vector {
    let mut forge = super::effects::guarded_ledger();
    let (next, after) = (keyring::key("author 2"), keyring::key("author 3"));
    let successor = crate::forge::guarded_key(&next, &["compliance", "operator"], &after);
    let mut body = succeeded(&author(), &successor);
    set(&mut body, "compromised", compromised.clone());
    let kid = hash(&thumbprint(&checkpoint()));
    let end = map([
        ("kid", kid),
        ("why", "kept beside the other".into()),
        ("compromised", compromised.clone()),
    ]);
    set(&mut body, "revoked", list([end]));
    let mut keys = super::governance::keys(62);
    let second = keyring::key("checkpoint 2");
    keys.push(key(&second, &["checkpoint"]));
    set(&mut body, "granted", list(keys));
    forge.record(event(&["ledger"], "ledger.key", body), &next);
    forge.checkpoint_by(&second);
    Vector::unpinned("ok-succession-of-all-keys", "whole", forge.bundle().bytes())
        .line("pin", &vkey(&second).to_string())
        .note("64 keys granted and all others revoked")
}

/// Shapes of sealing that verification takes, whatever replay makes of them.
fn sealed() -> Vec<Vector> {
    let mut forge = ledger();
    let until = map([("at", "2027".into()), ("zone", "Z".into())]);
    let body = map([("event", hidden_no(1)), ("until", until)]);
    forge.record(event(&["sealed"], "sealed", body), &author());
    let acting = |forge: &Forge, kind: &str, body: Value| Event {
        on: Some(forge.on(2)),
        ..event(&["bug-1", "sealed"], kind, body)
    };
    let salted = tally_ledger::cbor::encode(&list([bytes([1; 16]), "a".into()]));
    let revealed = acting(&forge, "seal.revealed", map([("disclosures", list([bytes(salted)]))]));
    forge.record(revealed, &author());
    let hashes = map([("hashes", list([hash(&some_hash("a"))])), ("why", "a law".into())]);
    let erased = acting(&forge, "seal.erased", hashes);
    forge.record(erased, &author());
    let mut odd = ledger();
    odd.record(event(&["sealed"], "sealed", map([("event", "in clear".into())])), &author());
    vec![
        Vector::passed("ok-sealed", "whole", forge.bundle().bytes())
            .note("a sealed entry, an opening that does not fit, and an erasure of another hash"),
        Vector::passed("ok-sealed-of-other-shape", "whole", odd.bundle().bytes())
            .note("a sealed entry that hides nothing: a matter of replay"),
    ]
}
