//! Who may sign what: the steps `key` and `authority`.

use ciborium::Value;
use ed25519_dalek::SigningKey;
use tally_ledger::fault::Code;

use super::effects::{granted, guarded_ledger, revoked, succeeded};
use super::{ledger, with_entry};
use crate::forge::{Forge, event, genesis, key, note};
use crate::keyring::{self, author, checkpoint};
use crate::value::{list, map, set};
use crate::vector::Vector;

pub(super) fn vectors() -> Vec<Vector> {
    [keys(), successions(), roles(), geneses(), ends()].concat()
}

/// Returns the vector of a ledger whose last entry is refused.
fn refused(
    name: &str,
    code: Code,
    about: &str,
    forge: Forge,
    last: (&[&str], &str, Value),
    by: &SigningKey,
) -> Vector {
    let seq = forge.size();
    let (feeds, kind, body) = last;
    let entry = forge.draft(event(feeds, kind, body), by).signed(by);
    Vector::failed(name, code, Some(seq), with_entry(forge, entry)).note(about)
}

/// The content of a note.
fn text() -> Value {
    map([("text", "tally".into())])
}

fn noted() -> (&'static [&'static str], &'static str, Value) {
    (&["bug-1"], "example.note", text())
}

/// Returns a ledger in which `auditor` has a key of its own, and that key.
fn with_auditor() -> (Forge, SigningKey) {
    let mut forge = ledger();
    let auditor = keyring::key("auditor");
    let body = granted(&key(&auditor, &["auditor"]));
    forge.record(event(&["ledger"], "ledger.key", body), &author());
    (forge, auditor)
}

fn keys() -> Vec<Vector> {
    let stranger = keyring::key("stranger");
    let (mut ended, auditor) = with_auditor();
    ended.record(event(&["ledger"], "ledger.key", revoked(&auditor)), &author());
    let mut replaced = guarded_ledger();
    let next = keyring::key("author 2");
    let body = succeeded(&author(), &key(&next, &["operator", "compliance"]));
    replaced.record(event(&["ledger"], "ledger.key", body), &next);
    let own_grant = granted(&key(&stranger, &["compliance"]));
    let code = Code::Key;
    vec![
        refused("key-never-granted", code, "nobody granted it", ledger(), noted(), &stranger),
        refused("key-revoked", code, "an earlier entry revoked it", ended, noted(), &auditor),
        refused("key-succeeded", code, "a succession ended it", replaced, noted(), &author()),
        refused(
            "key-granted-by-the-entry-itself",
            code,
            "a key that the entry itself would grant",
            ledger(),
            (&["ledger"], "ledger.key", own_grant),
            &stranger,
        ),
    ]
}

fn successions() -> Vec<Vector> {
    let (next, other) = (keyring::key("author 2"), keyring::key("stranger"));
    let row = |name: &str, about: &str, forge: Forge, body: Value, by: &SigningKey| {
        refused(name, Code::Key, about, forge, (&["ledger"], "ledger.key", body), by)
    };
    let by = |of: &SigningKey, key_of: &SigningKey| succeeded(of, &key(key_of, &["operator"]));
    let mut replaced = guarded_ledger();
    let first = event(&["ledger"], "ledger.key", by(&author(), &next));
    replaced.record(first, &next);
    vec![
        row(
            "succession-of-key-without-next",
            "the old key names no next",
            ledger(),
            by(&author(), &next),
            &next,
        ),
        row(
            "succession-by-other-than-next",
            "the successor is not the next that the old key names",
            guarded_ledger(),
            by(&author(), &other),
            &other,
        ),
        row(
            "succession-signed-by-the-old-key",
            "the old operator signs the succession",
            guarded_ledger(),
            by(&author(), &next),
            &author(),
        ),
        row(
            "succession-of-revoked-key",
            "the old key was revoked by an earlier succession",
            replaced,
            by(&author(), &next),
            &next,
        ),
        row(
            "succession-of-unknown-key",
            "nobody granted the old key",
            guarded_ledger(),
            by(&other, &next),
            &next,
        ),
    ]
}

fn roles() -> Vec<Vector> {
    let code = Code::Authority;
    // What the role of the auditor may sign, and a kind that it tries.
    let rows: [(&str, &str, &[&str], &str); 7] = [
        ("role-covers-other-kinds", "legal.step alone", &["legal.step"], "example.note"),
        ("role-word-not-its-own-word", "legal.* is not legal itself", &["legal.*"], "legal"),
        ("role-word-not-longer-words", "legal.* is not legalese.*", &["legal.*"], "legalese.a"),
        ("role-kind-not-deeper", "legal.step is not deeper", &["legal.step"], "legal.step.a"),
        ("role-star-not-ledger", "* does not reach ledger.*", &["*"], "ledger.roles"),
        ("role-naming-ledger-kind", "a pattern that is inert", &["ledger.roles"], "ledger.roles"),
        ("role-naming-ledger-word", "a pattern that is inert", &["ledger.*"], "ledger.roles"),
    ];
    let mut vectors: Vec<Vector> = rows
        .iter()
        .map(|(name, about, patterns, kind)| {
            let (mut forge, auditor) = with_auditor();
            let table =
                map([("compliance", list(["*"])), ("auditor", list(patterns.iter().copied()))]);
            let roles = map([("roles", table)]);
            forge.record(event(&["ledger"], "ledger.roles", roles.clone()), &author());
            let (feeds, body): (&[&str], _) = if kind.starts_with("ledger.") {
                (&["ledger"], roles)
            } else {
                (&["bug-1"], text())
            };
            refused(name, code, about, forge, (feeds, kind, body), &auditor)
        })
        .collect();
    let (forge, auditor) = with_auditor();
    let about = "a role that the table does not name covers nothing";
    vectors.push(refused("role-not-in-table", code, about, forge, noted(), &auditor));
    let mut taken = ledger();
    let roles = map([("roles", map([("legal", list(["*"]))]))]);
    taken.record(event(&["ledger"], "ledger.roles", roles.clone()), &author());
    let about = "an earlier entry took the role out of the table";
    vectors.push(refused("role-taken-away", code, about, taken, noted(), &author()));
    let mut operator = ledger();
    let second = keyring::key("second operator");
    let body = granted(&key(&second, &["operator"]));
    operator.record(event(&["ledger"], "ledger.key", body), &author());
    let about = "operator alone covers nothing but ledger.*";
    vectors.push(refused("operator-signs-note", code, about, operator, noted(), &second));
    let about = "a key of the role checkpoint signs no entry";
    vectors.push(refused(
        "checkpoint-key-signs-note",
        code,
        about,
        ledger(),
        noted(),
        &checkpoint(),
    ));
    vectors.push(refused(
        "checkpoint-key-signs-ledger-entry",
        code,
        about,
        ledger(),
        (&["ledger"], "ledger.roles", roles),
        &checkpoint(),
    ));
    vectors
}

fn geneses() -> Vec<Vector> {
    let (auditor, stranger) = (keyring::key("auditor"), keyring::key("stranger"));
    let of_keys = |keys: [Value; 3]| {
        let mut body = genesis();
        set(&mut body, "keys", list(keys));
        body
    };
    let own = || key(&checkpoint(), &["checkpoint"]);
    let first = key(&author(), &["operator", "compliance"]);
    let with_auditor = of_keys([first, own(), key(&auditor, &["auditor"])]);
    let twice = [key(&author(), &["compliance"]), key(&author(), &["operator"]), own()];
    let listed_twice = of_keys(twice);
    let row = |name: &str, code, about: &str, body: &Value, by: &SigningKey| {
        let last = (&["ledger"][..], "ledger.genesis", body.clone());
        refused(name, code, about, Forge::empty(), last, by)
    };
    let (usual, code) = (genesis(), Code::Authority);
    let mut vectors = vec![
        row("genesis-by-stranger", Code::Key, "a key that it does not grant", &usual, &stranger),
        row("genesis-by-no-operator", code, "without operator", &with_auditor, &auditor),
        row("genesis-by-its-checkpoint-key", code, "its own key", &usual, &checkpoint()),
        row(
            "genesis-signer-listed-twice",
            code,
            "its key stands there twice, first without operator",
            &listed_twice,
            &author(),
        ),
    ];
    let again = (&["ledger"][..], "ledger.genesis", usual);
    let grant = granted(&key(&auditor, &["auditor"]));
    let grant = (&["ledger"][..], "ledger.key", grant);
    let (about, empty) = ("another kind at seq 0", Forge::empty);
    vectors.extend([
        refused("genesis-twice", code, "a second genesis", ledger(), again, &author()),
        refused("first-entry-a-note", Code::Key, about, empty(), noted(), &author()),
        refused("first-entry-a-grant", Code::Key, about, empty(), grant, &author()),
    ]);
    vectors
}

/// The end of a ledger, and what a named next asks of it.
fn ends() -> Vec<Vector> {
    let code = Code::Authority;
    let closed = map([("why", "moved".into())]);
    let last = || -> (&[&str], &str, Value) { (&["ledger"], "ledger.closed", closed.clone()) };
    let mut ended = ledger();
    ended.record(event(&["ledger"], "ledger.closed", closed.clone()), &author());
    let next = keyring::key("author 2");
    let mut succession = guarded_ledger();
    let guarded =
        crate::forge::guarded_key(&next, &["operator", "compliance"], &keyring::key("author 3"));
    let mut body = succeeded(&author(), &guarded);
    let second = keyring::key("second operator");
    set(&mut body, "granted", list([key(&second, &["operator"])]));
    succession.record(event(&["ledger"], "ledger.key", body), &next);
    let mut later = succession.clone();
    later.record(note(&["bug-1"]), &next);
    let mut after = succession.clone();
    after.record(event(&["ledger"], "ledger.closed", closed.clone()), &next);
    let heads = map([("heads", map([("bug-1", 1.into())]))]);
    after.record(event(&["heads"], "heads", heads), &next);
    vec![
        refused(
            "after-the-end-a-note",
            code,
            "a note in a closed ledger",
            ended.clone(),
            noted(),
            &author(),
        ),
        refused(
            "after-the-end-closed-again",
            code,
            "closed a second time",
            ended,
            last(),
            &author(),
        ),
        refused(
            "closed-though-next-is-named",
            code,
            "no succession before it",
            guarded_ledger(),
            last(),
            &author(),
        ),
        refused(
            "closed-by-other-than-successor",
            code,
            "another operator than the successor",
            succession,
            last(),
            &second,
        ),
        refused(
            "closed-not-directly-after-succession",
            code,
            "an entry between",
            later,
            last(),
            &next,
        ),
        Vector::passed("ok-closed-after-succession", "whole", after.bundle().bytes())
            .note("closed by the successor directly after its succession; then only heads"),
    ]
}
