//! The size, the outer form and the protected header of an entry.

use ciborium::Value;
use tally_ledger::cbor;
use tally_ledger::entry::ENTRY_MAX;
use tally_ledger::fault::Code;

use super::{ledger, with_entry};
use crate::draft::{Draft, header, string};
use crate::forge::{Forge, ORIGIN, event, genesis, note};
use crate::keyring::{author, thumbprint};
use crate::value::{bytes, set};
use crate::vector::Vector;

pub(super) fn vectors() -> Vec<Vector> {
    [sizes(), outer_forms(), content_types(), header_members(), origins()].concat()
}

fn sizes() -> Vec<Vector> {
    let of_size = |size: usize| {
        let forge = ledger();
        // The text fills the entry up; its length and the payload's take three bytes each.
        let with_text = |length: usize| {
            let draft = forge.changed(note(&["bug-1"]), &author(), |payload| {
                set(payload, "body.text", "a".repeat(length));
            });
            draft.signed(&author())
        };
        let around = with_text(60_000).len() - 60_000;
        let entry = with_text(size - around);
        assert_eq!(entry.len(), size);
        with_entry(forge, entry)
    };
    let mut head = ledger();
    head.push(vec![0; 33]);
    let mut head = head.bundle();
    // A byte string that claims 65,536 bytes, of which none follow.
    head.items[2] = hex::decode("5a00010000").expect("a head");
    vec![
        Vector::failed("entry-of-65536-bytes", Code::Size, Some(2), of_size(ENTRY_MAX + 1))
            .note("one byte more than an entry may have"),
        Vector::failed("entry-that-claims-65536-bytes", Code::Size, Some(2), head.bytes())
            .note("the head alone: an entry that is too large is not read"),
        Vector::passed("ok-entry-of-65535-bytes", "whole", of_size(ENTRY_MAX))
            .note("an entry as large as it may be"),
    ]
}

/// The parts of an entry, each as encoded.
struct Outer {
    tag: Vec<u8>,
    array: Vec<u8>,
    protected: Vec<u8>,
    unprotected: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
    after: Vec<u8>,
}

/// Name, what is wrong, and how it is made so.
type Outwards = (&'static str, &'static str, fn(&mut Outer));

const OUTER_FORMS: &[Outwards] = &[
    ("outer-tag-in-two-bytes", "the tag 18 as d8 12", |o| o.tag = vec![0xd8, 0x12]),
    ("outer-no-tag", "an array without the tag 18", |o| o.tag.clear()),
    ("outer-other-tag", "the tag 17, of a COSE_Mac0", |o| o.tag = vec![0xd1]),
    ("outer-tag-twice", "the tag 18 twice", |o| o.tag.push(0xd2)),
    ("outer-array-length-not-shortest", "the array as 98 04", |o| o.array = vec![0x98, 0x04]),
    ("outer-array-indefinite", "an array of indefinite length", |o| {
        o.array = vec![0x9f];
        o.after = vec![0xff];
    }),
    ("outer-array-of-three", "an array without its signature", |o| {
        o.array = vec![0x83];
        o.signature.clear();
    }),
    ("outer-array-of-five", "an array of five", |o| {
        o.array = vec![0x85];
        o.after = vec![0xf6];
    }),
    ("outer-protected-as-map", "the protected header as a map, in no byte string", |o| {
        o.protected.drain(..2);
    }),
    ("outer-protected-length-not-shortest", "a length in three bytes instead of two", |o| {
        o.protected.splice(..1, [0x59, 0x00]);
    }),
    ("outer-unprotected-not-empty", "an unprotected header with a key id", |o| {
        o.unprotected = vec![0xa1, 0x04, 0x40];
    }),
    ("outer-unprotected-length-not-shortest", "the empty map as b8 00", |o| {
        o.unprotected = vec![0xb8, 0x00];
    }),
    ("outer-unprotected-null", "null for the unprotected header", |o| o.unprotected = vec![0xf6]),
    ("outer-payload-null", "null for the payload, which is then detached", |o| {
        o.payload = vec![0xf6];
    }),
    ("outer-payload-as-map", "the payload as a map, in no byte string", |o| {
        o.payload.drain(..2);
    }),
    ("outer-payload-length-not-shortest", "a length in three bytes instead of two", |o| {
        o.payload.splice(..1, [0x59, 0x00]);
    }),
    ("outer-signature-of-63-bytes", "a signature without its last byte", |o| {
        o.signature = string(&o.signature[2..65]);
    }),
    ("outer-signature-of-65-bytes", "a signature with a byte more", |o| {
        o.signature.push(0);
        o.signature = string(&o.signature[2..]);
    }),
    ("outer-signature-length-not-shortest", "a length in three bytes instead of two", |o| {
        o.signature.splice(..1, [0x59, 0x00]);
    }),
    ("outer-signature-as-text", "a signature of the wrong type", |o| o.signature[0] = 0x78),
    ("outer-trailing-byte", "a byte after the signature", |o| o.after = vec![0x00]),
    ("outer-cut-short", "an entry without its last byte", |o| o.signature.truncate(65)),
];

fn outer_forms() -> Vec<Vector> {
    let row = |(name, about, change): &Outwards| {
        let forge = ledger();
        let draft = forge.draft(note(&["bug-1"]), &author());
        let mut outer = Outer {
            tag: vec![0xd2],
            array: vec![0x84],
            protected: string(&draft.protected),
            unprotected: vec![0xa0],
            payload: string(&draft.payload),
            signature: string(&draft.signature(&author())),
            after: Vec::new(),
        };
        change(&mut outer);
        let Outer { tag, array, protected, unprotected, payload, signature, after } = outer;
        let entry = [tag, array, protected, unprotected, payload, signature, after].concat();
        Vector::failed(name, Code::OuterForm, Some(2), with_entry(forge, entry)).note(about)
    };
    let mut vectors: Vec<Vector> = OUTER_FORMS.iter().map(row).collect();
    for (name, length) in [("entry-of-no-bytes", 0), ("entry-of-31-bytes", 31)] {
        let bytes = with_entry(ledger(), vec![0; length]);
        let about = "too short for an entry, and not the 32 bytes of an id";
        vectors.push(Vector::failed(name, Code::OuterForm, Some(2), bytes).note(about));
    }
    vectors
}

/// Returns the vector of a note whose protected header is other.
fn with_header(name: &str, code: Code, about: &str, header: &Value) -> Vector {
    with_header_bytes(name, code, about, cbor::encode(header))
}

fn with_header_bytes(name: &str, code: Code, about: &str, protected: Vec<u8>) -> Vector {
    let forge = ledger();
    let draft = Draft { protected, ..forge.draft(note(&["bug-1"]), &author()) };
    let bytes = with_entry(forge, draft.signed(&author()));
    Vector::failed(name, code, Some(2), bytes).note(about)
}

/// Returns the usual header with the value of one label changed, or taken away.
fn relabelled(label: i64, value: Option<Value>) -> Value {
    let mut changed = header(ORIGIN, "bug-1", &thumbprint(&author()));
    if let Value::Map(members) = &mut changed {
        members.retain(|(known, _)| *known != Value::from(label));
        members.extend(value.map(|value| (label.into(), value)));
    }
    changed
}

fn content_types() -> Vec<Vector> {
    [
        ("content-type-of-version-2", "application/vnd.tally.entry.v2+cbor"),
        ("content-type-other", "application/cbor"),
        ("content-type-in-capitals", "application/vnd.tally.entry.v1+CBOR"),
        ("content-type-with-parameter", "application/vnd.tally.entry.v1+cbor;a=b"),
        ("content-type-empty", ""),
    ]
    .map(|(name, content_type)| {
        let header = relabelled(3, Some(content_type.into()));
        with_header(name, Code::ContentType, "written by a newer version", &header)
    })
    .into()
}

/// Returns the claims with these labels and values.
fn claims(members: &[(i64, &str)]) -> Value {
    Value::Map(members.iter().map(|(label, text)| ((*label).into(), (*text).into())).collect())
}

fn header_members() -> Vec<Vector> {
    let kid = thumbprint(&author());
    let usual = cbor::encode(&header(ORIGIN, "bug-1", &kid));
    let kid_of = |length: usize| Some(bytes([kid.0, kid.0].concat().split_at(length).0));
    let claimed = |members: &[(i64, &str)]| relabelled(15, Some(claims(members)));
    let rows: Vec<(&str, &str, Value)> = vec![
        ("header-alg-eddsa", "algorithm -8, EdDSA", relabelled(1, Some((-8).into()))),
        ("header-alg-es256", "algorithm -7", relabelled(1, Some((-7).into()))),
        ("header-alg-text", "the algorithm as text", relabelled(1, Some("Ed25519".into()))),
        ("header-alg-missing", "no algorithm", relabelled(1, None)),
        ("header-content-type-missing", "no content type", relabelled(3, None)),
        ("header-content-type-uint", "a number as content type", relabelled(3, Some(60.into()))),
        ("header-kid-missing", "no kid", relabelled(4, None)),
        ("header-kid-empty", "a kid of no bytes", relabelled(4, kid_of(0))),
        ("header-kid-of-31-bytes", "a kid of 31 bytes", relabelled(4, kid_of(31))),
        ("header-kid-of-33-bytes", "a kid of 33 bytes", relabelled(4, kid_of(33))),
        ("header-kid-text", "a kid as text", relabelled(4, Some(kid.to_string().into()))),
        ("header-claims-missing", "no claims", relabelled(15, None)),
        ("header-claims-text", "claims that are no map", relabelled(15, Some(ORIGIN.into()))),
        ("header-iss-missing", "no issuer", claimed(&[(2, "bug-1")])),
        ("header-sub-missing", "no subject", claimed(&[(1, ORIGIN)])),
        (
            "header-claims-further",
            "a third claim",
            claimed(&[(1, ORIGIN), (2, "bug-1"), (3, "auditor")]),
        ),
        (
            "header-iss-other",
            "another issuer than that of genesis",
            claimed(&[(1, "ledger.example/other"), (2, "bug-1")]),
        ),
        ("header-further-label", "the label crit", relabelled(2, Some(Value::Array(vec![])))),
        ("header-empty-map", "a header that is the empty map", Value::Map(vec![])),
        ("header-array", "a header that is an array", Value::Array(vec![(-19).into()])),
        ("header-in-two-byte-strings", "a header in a byte string too many", bytes(&usual)),
    ];
    let sub = Value::Map(vec![(1.into(), ORIGIN.into()), (2.into(), bytes("bug-1"))]);
    let mut vectors: Vec<Vector> = rows
        .iter()
        .map(|(name, about, header)| with_header(name, Code::HeaderMembers, about, header))
        .collect();
    let about = "a subject of the wrong type";
    let header = relabelled(15, Some(sub));
    vectors.push(with_header("header-sub-bytes", Code::HeaderMembers, about, &header));
    let about = "a content type of a newer version beside a kid that is missing: the first counts";
    let mut newer = relabelled(4, None);
    if let Value::Map(members) = &mut newer {
        members[1].1 = "application/vnd.tally.entry.v2+cbor".into();
    }
    vectors.push(with_header("content-type-before-members", Code::ContentType, about, &newer));
    vectors
}

/// What the issuer of a genesis cannot be.
const NO_ORIGINS: &[(&str, &str)] = &[
    ("genesis-iss-empty", ""),
    ("genesis-iss-in-capitals", "Ledger.example"),
    ("genesis-iss-with-scheme", "https://ledger.example/incidents"),
    ("genesis-iss-with-port", "ledger.example:8080"),
    ("genesis-iss-with-empty-segment", "ledger.example//incidents"),
    ("genesis-iss-with-slash-at-the-end", "ledger.example/incidents/"),
    ("genesis-iss-with-slash-first", "/incidents"),
    ("genesis-iss-with-dot-segment", "ledger.example/./incidents"),
    ("genesis-iss-with-two-dots-at-the-end", "ledger.example/.."),
    ("genesis-iss-with-empty-label", "ledger..example"),
    ("genesis-iss-with-dot-at-the-end", "ledger.example."),
];

fn origins() -> Vec<Vector> {
    let long = format!("a/{}", "b".repeat(127));
    let too_long = ("genesis-iss-of-129-characters", long.as_str());
    let refused = NO_ORIGINS.iter().chain([&too_long]).map(|(name, origin)| {
        let mut forge = Forge::empty();
        let header = header(origin, "ledger", &thumbprint(&author()));
        let event = event(&["ledger"], "ledger.genesis", genesis());
        let draft = Draft { protected: cbor::encode(&header), ..forge.draft(event, &author()) };
        forge.push(draft.signed(&author()));
        let bytes = forge.bundle().bytes();
        Vector::failed(name, Code::HeaderMembers, Some(0), bytes).note("an issuer of no origin")
    });
    let taken = [
        ("ok-origin-of-128-characters", &long[..128]),
        ("ok-origin-with-all-characters", "a-b_c.0-9/.../a..b/_/-"),
        ("ok-origin-of-one-character", "_"),
    ];
    let taken = taken.map(|(name, origin)| {
        let mut forge = Forge::of(origin);
        let event = event(&["ledger"], "ledger.genesis", genesis());
        forge.record(event, &author());
        forge.note("bug-1");
        let id = forge.id(0).to_string();
        let vector = Vector::unpinned(name, "whole", forge.bundle().bytes());
        vector.line("ledger-id", &id).note("an origin of the grammar")
    });
    refused.chain(taken).collect()
}
