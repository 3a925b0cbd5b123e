//! Notes, roots, and the signatures of checkpoints.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ciborium::Value;
use ed25519_dalek::{Signer, SigningKey};
use tally_ledger::fault::Code;
use tally_ledger::hash::Hash;
use tally_ledger::note::{Checkpoint, NOTE_MAX, Vkey};

use super::effects::{granted, revoked};
use super::ledger;
use crate::forge::{Forge, ORIGIN, event, key, vkey};
use crate::keyring::{self, author, checkpoint, public};
use crate::value::{at, set};
use crate::vector::Vector;

pub(super) fn vectors() -> Vec<Vector> {
    [notes(), roots(), signers(), lines()].concat()
}

/// Returns the usual bundle with the text of its one checkpoint changed.
pub(super) fn with_note(change: impl Fn(&str) -> String) -> Vec<u8> {
    let mut bundle = ledger().bundle();
    let text = at(&mut bundle.first, "checkpoints.0").as_text().expect("a note").to_owned();
    set(&mut bundle.first, "checkpoints.0", change(&text));
    bundle.bytes()
}

/// Name, what is wrong, a part of the note, and what stands in its place.
const NOTES: &[(&str, &str, &str, &str)] = &[
    ("note-size-0", "the size 0", "\n2\n", "\n0\n"),
    ("note-size-with-zero", "a leading zero", "\n2\n", "\n02\n"),
    ("note-size-with-plus", "a plus sign", "\n2\n", "\n+2\n"),
    ("note-size-negative", "a minus sign", "\n2\n", "\n-2\n"),
    ("note-size-with-space", "a space", "\n2\n", "\n2 \n"),
    ("note-size-empty", "no size", "\n2\n", "\n\n"),
    ("note-size-hexadecimal", "another base", "\n2\n", "\n0x2\n"),
    ("note-size-2-53", "the size 2^53", "\n2\n", "\n9007199254740992\n"),
    ("note-size-2-64", "the size 2^64", "\n2\n", "\n18446744073709551616\n"),
    ("note-extension-line", "a fourth line", "\n\n", "\nextension\n\n"),
    ("note-without-empty-line", "no line between text and signatures", "\n\n", "\n"),
    ("note-origin-empty", "an empty origin", "ledger.example/incidents\n2", "\n2"),
    ("note-origin-missing", "two lines", "ledger.example/incidents\n2", "2"),
    ("note-root-unpadded", "base64 without padding", "=\n\n", "\n\n"),
    ("note-with-carriage-return", "a carriage return", "\n2\n", "\n2\r\n"),
    ("note-with-tab", "a tab", "\n2\n", "\n2\t\n"),
    ("note-line-with-hyphen", "a hyphen instead of the dash", "\u{2014} ", "- "),
    ("note-line-without-space", "no space after the dash", "\u{2014} ", "\u{2014}"),
    ("note-line-with-two-spaces", "an empty name", "\u{2014} ", "\u{2014}  "),
    ("note-line-name-with-plus", "a plus sign in a key name", "\u{2014} led", "\u{2014} +led"),
    ("note-line-name-with-nbsp", "U+00A0 in a key name", "\u{2014} led", "\u{2014} \u{a0}led"),
    ("note-line-name-with-c1", "U+0080 in a key name", "\u{2014} led", "\u{2014} \u{80}led"),
    ("note-line-without-signature", "a name alone", "incidents ", "incidents\n\u{2014} a "),
];

fn notes() -> Vec<Vector> {
    let failed = |name: &str, about: &str, bytes: Vec<u8>| {
        Vector::failed(name, Code::Container, None, bytes).note(about)
    };
    let mut vectors: Vec<Vector> = NOTES
        .iter()
        .map(|(name, about, from, to)| {
            let (head, last) = (name.starts_with("note-line"), |text: &str| text.rfind(from));
            let bytes = with_note(|text| {
                let place = if head { last(text) } else { text.find(from) };
                let place = place.expect("the part is there");
                format!("{}{to}{}", &text[..place], &text[place + from.len()..])
            });
            failed(name, about, bytes)
        })
        .collect();
    let line = |content: &[u8]| format!("\u{2014} other.example {}\n", STANDARD.encode(content));
    let short = line(&[1; 4]);
    let root_of = |bytes: &[u8]| {
        let root = STANDARD.encode(bytes);
        with_note(|text| {
            let mut lines: Vec<&str> = text.split('\n').collect();
            lines[2] = &root;
            lines.join("\n")
        })
    };
    let loose_bits = with_note(|text| {
        // The last character before the padding holds four bits that belong to no byte.
        let end = text.find("=\n\n").expect("padding");
        let last = text.as_bytes()[end - 1];
        format!("{}{}{}", &text[..end - 1], char::from(last + 1), &text[end..])
    });
    let signed = |text: &str| text.split_inclusive("\n\n").next().unwrap_or_default().to_owned();
    vectors.extend([
        failed("note-root-of-31-bytes", "a root of 31 bytes", root_of(&[1; 31])),
        failed("note-root-of-33-bytes", "a root of 33 bytes", root_of(&[1; 33])),
        failed("note-root-with-loose-bits", "base64 with bits that are not zero", loose_bits),
        failed("note-without-lines", "no signature line", with_note(signed)),
        failed(
            "note-without-last-newline",
            "no newline at the end",
            with_note(|text| text.trim_end().to_owned()),
        ),
        failed(
            "note-empty-line-at-the-end",
            "an empty line after the last",
            with_note(|text| format!("{text}\n")),
        ),
        failed(
            "note-line-of-4-bytes",
            "a key id without a signature",
            with_note(|text| format!("{text}{short}")),
        ),
        failed(
            "note-65-lines",
            "65 signature lines",
            with_note(|text| format!("{text}{}", line(&[1; 68]).repeat(64))),
        ),
        failed("note-of-65537-bytes", "one byte more than a note may have", of_size(NOTE_MAX + 1)),
        Vector::passed("ok-note-of-65536-bytes", "whole", of_size(NOTE_MAX))
            .note("a note as large as it may be"),
        Vector::passed(
            "ok-note-of-64-lines",
            "whole",
            with_note(|text| format!("{text}{}", line(&[1; 68]).repeat(63))),
        )
        .note("as many signature lines as a note may have; those of unknown keys are ignored"),
    ]);
    vectors
}

/// Returns the usual bundle with a further line by an unknown key, which fills the note up.
fn of_size(size: usize) -> Vec<u8> {
    with_note(|text| {
        // Four characters of base64 are three bytes; what is left over goes into the name.
        let room = size - text.len() - "\u{2014}  \n".len();
        let (groups, name) = ((room - 8) / 4, room - (room - 8) / 4 * 4);
        format!("{text}\u{2014} {} {}\n", "a".repeat(name), "AAAA".repeat(groups))
    })
}

fn roots() -> Vec<Vector> {
    let signed = |size: u64, root: Hash| {
        Checkpoint::sign(&origin(ORIGIN), size, root, &checkpoint()).to_string()
    };
    let mut last = ledger().bundle();
    let note = signed(2, Hash::of(b"another root"));
    set(&mut last.first, "checkpoints.0", note);
    let mut forge = Forge::new();
    forge.checkpoint();
    forge.note("bug-1");
    let mut first = forge.clone().bundle();
    let note = signed(1, Hash::of(b"another root"));
    set(&mut first.first, "checkpoints.0", note);
    let failed = |name: &str, about: &str, bytes: Vec<u8>| {
        Vector::failed(name, Code::Root, None, bytes).note(about)
    };
    let mut leaf = Forge::new().bundle();
    let content = Hash::of(Forge::new().entry(0));
    set(&mut leaf.first, "checkpoints.0", signed(1, content));
    let mut resized = forge.clone().bundle();
    set(&mut resized.first, "checkpoints.0", signed(1, forge.root()));
    vec![
        failed("root-other", "another root, signed by the right key", last.bytes()),
        failed("root-other-at-earlier-size", "the first of two checkpoints", first.bytes()),
        failed("root-of-a-later-size", "the root of two entries at size 1", resized.bytes()),
        failed("root-without-leaf-prefix", "the plain SHA-256 of the one entry", leaf.bytes()),
        failed(
            "root-before-checkpoint",
            "another root, and a signature that does not hold",
            with_note(|text| {
                let mut lines: Vec<&str> = text.split('\n').collect();
                let root = STANDARD.encode([7; 32]);
                lines[2] = &root;
                lines.join("\n")
            }),
        ),
    ]
}

/// Whose keys may sign a checkpoint at which size.
fn signers() -> Vec<Vector> {
    let second = keyring::key("checkpoint 2");
    let change = |forge: &mut Forge, body: Value| {
        forge.record(event(&["ledger"], "ledger.key", body), &author());
    };
    let grant = granted(&key(&second, &["checkpoint"]));
    let mut replaced = ledger();
    change(&mut replaced, grant.clone());
    change(&mut replaced, revoked(&checkpoint()));
    let mut early = ledger();
    early.checkpoint_by(&second);
    change(&mut early, grant);
    let mut stranger = ledger();
    stranger.checkpoint_by(&keyring::key("stranger"));
    let mut by_author = ledger();
    by_author.checkpoint_by(&author());
    let failed = |name: &str, about: &str, forge: Forge, by: &SigningKey| {
        Vector::unpinned(name, "failed", forge.bundle().bytes())
            .line("code", Code::Checkpoint.name())
            .line("pin", &vkey(by).to_string())
            .note(about)
    };
    let mut good = replaced.clone();
    good.checkpoint_by(&second);
    let mut revoked_line = replaced.clone();
    revoked_line.checkpoint_by(&second);
    let mut revoked_line = revoked_line.bundle();
    let text = at(&mut revoked_line.first, "checkpoints.0").as_text().expect("a note").to_owned();
    let ignored = signature_line(&vkey(&checkpoint()), &[7; 64]);
    set(&mut revoked_line.first, "checkpoints.0", format!("{text}{ignored}"));
    vec![
        failed("checkpoint-by-revoked-key", "revoked before that size", replaced, &checkpoint()),
        failed("checkpoint-by-key-granted-later", "the first of two", early, &checkpoint()),
        failed(
            "checkpoint-by-stranger",
            "a key that nobody granted",
            stranger,
            &keyring::key("stranger"),
        ),
        failed("checkpoint-by-operator", "a key without the role", by_author, &author()),
        Vector::unpinned("ok-checkpoint-by-second-key", "whole", good.bundle().bytes())
            .line("pin", &vkey(&second).to_string())
            .note("the first checkpoint key was revoked, and the second signs"),
        Vector::unpinned("ok-checkpoint-line-of-revoked-key", "whole", revoked_line.bytes())
            .line("pin", &vkey(&second).to_string())
            .note("a line of a key revoked before that size is ignored, though it does not hold"),
    ]
}

/// Returns a signature line under the name and key id of `vkey`.
pub(super) fn signature_line(vkey: &Vkey, content: &[u8]) -> String {
    let signature = [&vkey.id()[..], content].concat();
    format!("\u{2014} {} {}\n", vkey.name(), STANDARD.encode(signature))
}

/// Lines of known and unknown keys.
fn lines() -> Vec<Vector> {
    let own = vkey(&checkpoint());
    let failed = |name: &str, about: &str, bytes: Vec<u8>| {
        Vector::failed(name, Code::Checkpoint, None, bytes).note(about)
    };
    let and = |line: String| with_note(move |text| format!("{text}{line}"));
    let only = |line: String| {
        with_note(move |text| {
            let end = text.find("\n\n").expect("an empty line") + 2;
            format!("{}{line}", &text[..end])
        })
    };
    let other = Vkey::log(&origin("ledger.example/other"), public(&checkpoint()));
    let other_id = Vkey::log(&origin(ORIGIN), public(&keyring::key("stranger")));
    vec![
        failed("checkpoint-of-another-origin", "another origin, signed as such", elsewhere()),
        failed(
            "checkpoint-line-broken",
            "a signature of zeros",
            only(signature_line(&own, &[0; 64])),
        ),
        failed(
            "checkpoint-line-of-63-bytes",
            "a signature of 63 bytes",
            only(signature_line(&own, &[1; 63])),
        ),
        failed(
            "checkpoint-second-line-broken",
            "one line holds, another of the key does not",
            and(signature_line(&own, &[1; 64])),
        ),
        failed(
            "checkpoint-second-line-too-long",
            "one line holds, another is too long",
            and(signature_line(&own, &[1; 72])),
        ),
        failed(
            "checkpoint-line-under-other-name",
            "the key signs under another name",
            with_note(|text| {
                let last = text.rfind(ORIGIN).expect("a key name");
                format!("{}w1.example{}", &text[..last], &text[last + ORIGIN.len()..])
            }),
        ),
        Vector::passed(
            "ok-checkpoint-line-of-unknown-name",
            "whole",
            and(signature_line(&other, &[1; 64])),
        )
        .note("a line of an unknown key is ignored, though it does not hold"),
        Vector::passed(
            "ok-checkpoint-line-of-unknown-id",
            "whole",
            and(signature_line(&other_id, &[1; 64])),
        )
        .note("a line under the ledger's name with an unknown key id is ignored"),
    ]
}

/// Returns the usual bundle whose checkpoint has another origin, under a line that holds.
fn elsewhere() -> Vec<u8> {
    let mut bundle = ledger().bundle();
    let origin = origin("ledger.example/other");
    let note = Checkpoint::sign(&origin, 2, ledger().root(), &checkpoint()).to_string();
    let text = note.split("\n\n").next().unwrap_or_default();
    let signature = checkpoint().sign(format!("{text}\n").as_bytes()).to_bytes();
    let line = signature_line(&vkey(&checkpoint()), &signature);
    set(&mut bundle.first, "checkpoints.0", format!("{text}\n\n{line}"));
    bundle.bytes()
}

pub(super) fn origin(text: &str) -> tally_ledger::name::Origin {
    text.parse().expect("an origin")
}
