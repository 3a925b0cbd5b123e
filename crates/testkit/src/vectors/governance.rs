//! The bodies of `ledger.*`, and the rules of a key by itself.

use ciborium::Value;
use curve25519_dalek::edwards::CompressedEdwardsY;
use tally_ledger::fault::Code;

use super::payloads::hidden_no;
use super::{ledger, with_entry};
use crate::forge::{Forge, event, genesis, guarded_key, key};
use crate::keyring::{self, author, public, thumbprint};
use crate::value::{bytes, hash, list, map, remove, set, some_hash};
use crate::vector::Vector;

/// Name, what is wrong, and how it is made so.
type Row = (&'static str, &'static str, fn(&mut Value));

pub(super) fn vectors() -> Vec<Vector> {
    let at_genesis = |(name, about, change): &Row| {
        let mut forge = Forge::empty();
        let event = event(&["ledger"], "ledger.genesis", genesis());
        let draft = forge.changed(event, &author(), |payload| {
            change(crate::value::at(payload, "body"));
        });
        forge.push(draft.signed(&author()));
        let bytes = forge.bundle().bytes();
        Vector::failed(name, Code::PayloadMembers, Some(0), bytes).note(about)
    };
    let mut vectors: Vec<Vector> = GENESIS.iter().map(at_genesis).collect();
    for (kind, rows) in [
        ("ledger.key", [GRANTS, REVOCATIONS, SUCCESSIONS].concat()),
        ("ledger.roles", ROLES.to_vec()),
        ("ledger.closed", CLOSED.to_vec()),
    ] {
        for (name, about, change) in rows {
            let mut body = map([]);
            change(&mut body);
            vectors.push(with_body(name, about, kind, &body));
        }
    }
    for (name, about, unfit) in unfit_keys() {
        let mut body = granted("auditor");
        set(&mut body, "key.key", bytes(unfit));
        vectors.push(with_body(name, about, "ledger.key", &body));
    }
    let about = "a kind of ledger.* that this version does not know: written by a newer one";
    vectors.push(with_body("ledger-kind-unknown", about, "ledger.audit", &map([])));
    vectors.push(with_body("ledger-kind-deeper", about, "ledger.key.granted", &granted("auditor")));
    vectors
}

/// Returns the vector of an entry of `ledger.*`, at seq 2, with that body.
fn with_body(name: &str, about: &str, kind: &str, body: &Value) -> Vector {
    let forge = ledger();
    let draft = forge.draft(event(&["ledger"], kind, body.clone()), &author());
    let bytes = with_entry(forge, draft.signed(&author()));
    Vector::failed(name, Code::PayloadMembers, Some(2), bytes).note(about)
}

const GENESIS: &[Row] = &[
    ("genesis-standing-missing", "no standing", |b| remove(b, "standing")),
    ("genesis-standing-other", "a standing of another name", |b| set(b, "standing", "auditor")),
    ("genesis-owner-missing", "no owner", |b| remove(b, "owner")),
    ("genesis-owner-without-name", "no name of the owner", |b| remove(b, "owner.name")),
    ("genesis-owner-further-member", "a member that no owner has", |b| {
        set(b, "owner.country", "XX");
    }),
    ("genesis-keys-empty", "no key", |b| set(b, "keys", Value::Array(vec![]))),
    ("genesis-65-keys", "65 keys", |b| set(b, "keys", list(keys(65)))),
    ("genesis-roles-missing", "no roles", |b| remove(b, "roles")),
    ("genesis-predecessor-of-size-0", "a predecessor without entries", |b| {
        set(b, "predecessor", predecessor());
        set(b, "predecessor.size", 0);
    }),
    ("genesis-predecessor-without-root", "a predecessor without a root", |b| {
        set(b, "predecessor", predecessor());
        remove(b, "predecessor.root");
    }),
    ("genesis-predecessor-of-no-origin", "a predecessor whose origin is none", |b| {
        set(b, "predecessor", predecessor());
        set(b, "predecessor.origin", "a//b");
    }),
    ("genesis-info-text", "an info that is no map", |b| set(b, "info", "text")),
    ("genesis-further-member", "a member that no genesis has: written by a newer version", |b| {
        set(b, "mirrors", list(["a"]));
    }),
    ("genesis-hidden-name", "a hidden value in a body of ledger.*", |b| {
        set(b, "owner.name", hidden_no(1));
    }),
    ("genesis-hidden-in-info", "a hidden value in info", |b| {
        set(b, "info", map([("a", list([hidden_no(1)]))]));
    }),
];

const GRANTS: &[Row] = &[
    ("key-action-missing", "no action", |b| {
        *b = granted("auditor");
        remove(b, "action");
    }),
    ("key-action-unknown", "an action that this version does not know", |b| {
        *b = granted("auditor");
        set(b, "action", "suspended");
    }),
    ("key-granted-nothing", "no key", |b| *b = map([("action", "granted".into())])),
    ("key-granted-further-member", "a member that granted does not have", |b| {
        *b = granted("auditor");
        set(b, "why", "a new auditor");
    }),
    ("key-alg-eddsa", "a key for algorithm -8", |b| {
        *b = granted("auditor");
        set(b, "key.alg", -8);
    }),
    ("key-alg-missing", "a key without algorithm", |b| {
        *b = granted("auditor");
        remove(b, "key.alg");
    }),
    ("key-of-31-bytes", "a key of 31 bytes", |b| {
        *b = granted("auditor");
        set(b, "key.key", bytes([1; 31]));
    }),
    ("key-of-33-bytes", "a key of 33 bytes", |b| {
        *b = granted("auditor");
        set(b, "key.key", bytes([1; 33]));
    }),
    ("key-roles-empty", "a key without roles", |b| {
        *b = granted("auditor");
        set(b, "key.roles", Value::Array(vec![]));
    }),
    ("key-role-twice", "a key with one role twice", |b| {
        *b = granted("auditor");
        set(b, "key.roles", list(["auditor", "legal", "auditor"]));
    }),
    ("key-65-roles", "a key with 65 roles", |b| {
        *b = granted("auditor");
        set(b, "key.roles", list((0..65).map(|n| format!("role_{n}"))));
    }),
    ("key-role-of-no-word", "a role with a dot", |b| *b = granted("legal.counsel")),
    ("key-role-of-33-characters", "a role of 33 characters", |b| *b = granted(&"a".repeat(33))),
    ("key-checkpoint-beside-another-role", "checkpoint with a second role", |b| {
        *b = granted("checkpoint");
        set(b, "key.roles", list(["auditor", "checkpoint"]));
    }),
    ("key-next-without-operator", "next on a key that is no operator's", |b| {
        *b = granted("auditor");
        set(b, "key.next", hash(&some_hash("next")));
    }),
    ("key-next-of-31-bytes", "a next of 31 bytes", |b| {
        *b = granted("operator");
        set(b, "key.next", bytes([1; 31]));
    }),
    ("key-name-bytes", "a name that is no text", |b| {
        *b = granted("auditor");
        set(b, "key.name", bytes(b"auditor"));
    }),
    ("key-further-member", "a member that no key has", |b| {
        *b = granted("auditor");
        set(b, "key.expires", "2027-01-01");
    }),
    ("key-hidden-name", "a hidden value in a key", |b| {
        *b = granted("auditor");
        set(b, "key.name", hidden_no(1));
    }),
    ("key-info-list", "an info that is no map", |b| {
        *b = granted("auditor");
        set(b, "info", list(["a"]));
    }),
    ("key-info-inside-the-key", "info anywhere but at the top", |b| {
        *b = granted("auditor");
        set(b, "key.info", map([]));
    }),
];

const REVOCATIONS: &[Row] = &[
    ("key-revoked-without-kid", "no kid", |b| {
        *b = revoked();
        remove(b, "kid");
    }),
    ("key-revoked-without-why", "no why", |b| {
        *b = revoked();
        remove(b, "why");
    }),
    ("key-revoked-with-key", "a key beside the kid", |b| {
        *b = revoked();
        set(b, "key", key(&keyring::key("auditor"), &["auditor"]));
    }),
    ("key-revoked-compromised-instant", "compromised as a text instead of a when", |b| {
        *b = revoked();
        set(b, "compromised", "2026-11-22T00:00:00Z");
    }),
    ("key-revoked-compromised-never", "compromised in a month that does not exist", |b| {
        *b = revoked();
        set(b, "compromised", map([("at", "2026-13".into())]));
    }),
];

const SUCCESSIONS: &[Row] = &[
    ("succession-without-kid", "no kid", |b| {
        *b = succeeded();
        remove(b, "kid");
    }),
    ("succession-without-key", "no key", |b| {
        *b = succeeded();
        remove(b, "key");
    }),
    ("succession-key-no-operator", "a successor without the role operator", |b| {
        *b = succeeded();
        set(b, "key.roles", list(["compliance"]));
        remove(b, "key.next");
    }),
    ("succession-revoked-empty", "an empty list of revocations", |b| {
        *b = succeeded();
        set(b, "revoked", Value::Array(vec![]));
    }),
    ("succession-65-revoked", "65 revocations", |b| {
        *b = succeeded();
        let revoked =
            |n| map([("kid", hash(&some_hash(&format!("key {n}")))), ("why", "lost".into())]);
        set(b, "revoked", list((0..65).map(revoked)));
    }),
    ("succession-revoked-without-why", "a revocation without why", |b| {
        *b = succeeded();
        set(b, "revoked", list([map([("kid", hash(&some_hash("a")))])]));
    }),
    ("succession-granted-empty", "an empty list of keys", |b| {
        *b = succeeded();
        set(b, "granted", Value::Array(vec![]));
    }),
    ("succession-65-keys", "a successor and 64 keys more", |b| {
        *b = succeeded();
        set(b, "granted", list(keys(64)));
    }),
    ("succession-with-why", "a member that succeeded does not have", |b| {
        *b = succeeded();
        set(b, "why", "lost");
    }),
];

const ROLES: &[Row] = &[
    ("roles-missing", "no roles", |_| ()),
    ("roles-empty", "a table without roles", |b| set(b, "roles", map([]))),
    ("roles-65", "65 roles", |b| {
        let row = |n| (Value::from(format!("role_{n}")), list(["*"]));
        set(b, "roles", Value::Map((0..65).map(row).collect()));
    }),
    ("roles-of-operator", "operator in the table", |b| table(b, "operator", &["*"])),
    ("roles-of-checkpoint", "checkpoint in the table", |b| table(b, "checkpoint", &["heads"])),
    ("roles-of-no-word", "a role in capitals", |b| table(b, "Legal", &["*"])),
    ("roles-without-patterns", "a role without patterns", |b| table(b, "legal", &[])),
    ("roles-65-patterns", "65 patterns of one role", |b| {
        table(b, "legal", &["legal.*"; 65]);
    }),
    ("roles-pattern-of-two-words", "a pattern a.b.*", |b| table(b, "legal", &["legal.a.*"])),
    ("roles-pattern-within-word", "a pattern leg*", |b| table(b, "legal", &["leg*"])),
    ("roles-pattern-first", "a pattern *.note", |b| table(b, "legal", &["*.note"])),
    ("roles-pattern-empty", "an empty pattern", |b| table(b, "legal", &[""])),
    ("roles-pattern-alone", "a pattern as text, in no list", |b| {
        set(b, "roles", map([("legal", "*".into())]));
    }),
    ("roles-further-member", "a member that ledger.roles does not have", |b| {
        table(b, "legal", &["*"]);
        set(b, "from", "2027-01-01");
    }),
];

const CLOSED: &[Row] = &[
    ("closed-without-why", "no why", |_| ()),
    ("closed-successor-without-id", "a successor without its id", |b| {
        set(b, "why", "moved");
        set(b, "successor", map([("origin", "ledger.example/next".into())]));
    }),
    ("closed-successor-with-size", "a member that a successor does not have", |b| {
        set(b, "why", "moved");
        let id = hash(&some_hash("next"));
        let origin = "ledger.example/next".into();
        set(b, "successor", map([("origin", origin), ("id", id), ("size", 1.into())]));
    }),
];

fn table(body: &mut Value, role: &str, patterns: &[&str]) {
    set(body, "roles", map([(role, list(patterns.iter().copied()))]));
}

/// Returns the body that grants a key that role.
fn granted(role: &str) -> Value {
    map([("action", "granted".into()), ("key", key(&keyring::key("auditor"), &[role]))])
}

fn revoked() -> Value {
    let kid = hash(&thumbprint(&author()));
    map([("action", "revoked".into()), ("kid", kid), ("why", "lost".into())])
}

fn succeeded() -> Value {
    let (next, after) = (keyring::key("author 2"), keyring::key("author 3"));
    map([
        ("action", "succeeded".into()),
        ("kid", hash(&thumbprint(&author()))),
        ("key", guarded_key(&next, &["operator"], &after)),
    ])
}

/// Returns that many keys of one role.
pub(super) fn keys(count: usize) -> Vec<Value> {
    (0..count).map(|n| key(&keyring::key(&format!("spare {n}")), &["spare"])).collect()
}

fn predecessor() -> Value {
    map([
        ("origin", "ledger.example/before".into()),
        ("id", hash(&some_hash("id"))),
        ("size", 7.into()),
        ("root", hash(&some_hash("root"))),
    ])
}

/// Name, what is wrong, and 32 bytes that are no fit key.
fn unfit_keys() -> Vec<(&'static str, &'static str, [u8; 32])> {
    let decode = |text: &str| -> [u8; 32] {
        hex::decode(text).expect("hexadecimal").try_into().expect("32 bytes")
    };
    let ends = |first: &str, middle: &str, last: &str| {
        decode(&format!("{first}{}{last}", middle.repeat(30)))
    };
    let eighth = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa";
    let point = |bytes: [u8; 32]| CompressedEdwardsY(bytes).decompress().expect("a point");
    let good = public(&keyring::key("auditor")).to_bytes();
    let mixed = |torsion: [u8; 32]| (point(good) + point(torsion)).compress().to_bytes();
    let (one, two) = (ends("01", "00", "00"), ends("ec", "ff", "7f"));
    vec![
        ("key-identity", "the identity", one),
        ("key-of-order-2", "a point of order 2", two),
        ("key-of-order-4", "a point of order 4", [0; 32]),
        ("key-of-order-8", "a point of order 8", decode(eighth)),
        ("key-of-mixed-order-2", "a good key plus a point of order 2", mixed(two)),
        ("key-of-mixed-order-4", "a good key plus a point of order 4", mixed([0; 32])),
        ("key-of-mixed-order-8", "a good key plus a point of order 8", mixed(decode(eighth))),
        ("key-identity-not-canonical", "the identity, with y = p + 1", ends("ee", "ff", "7f")),
        (
            "key-identity-with-sign",
            "the identity, with the sign of X = 0 set",
            ends("01", "00", "80"),
        ),
        ("key-not-canonical", "a point on the curve, with y = p + 3", ends("f0", "ff", "7f")),
        ("key-not-on-the-curve", "y = 2, for which there is no X", ends("02", "00", "00")),
    ]
}
