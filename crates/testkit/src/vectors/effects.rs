//! Changes to the tables of keys that are not allowed.

use ciborium::Value;
use ed25519_dalek::SigningKey;
use tally_ledger::fault::Code;

use super::governance::keys;
use super::{ledger, with_entry};
use crate::forge::{Forge, event, genesis, guarded_key, key};
use crate::keyring::{self, author, checkpoint, thumbprint};
use crate::value::{hash, list, map, set};
use crate::vector::Vector;

/// Two keys whose key ids are equal as checkpoint keys of the usual origin.
const COLLISION: [&str; 2] = ["checkpoint number 107007", "checkpoint number 118688"];

pub(super) fn vectors() -> Vec<Vector> {
    [granted_twice(), nexts(), nexts_in_genesis(), guards(), remainders(), key_ids(), many_keys()]
        .concat()
}

/// Returns the body that grants a key.
pub(super) fn granted(key: &Value) -> Value {
    map([("action", "granted".into()), ("key", key.clone())])
}

/// Returns the body that revokes a key.
pub(super) fn revoked(key: &SigningKey) -> Value {
    let mut body = revocation(key);
    set(&mut body, "action", "revoked");
    body
}

fn revocation(key: &SigningKey) -> Value {
    map([("kid", hash(&thumbprint(key))), ("why", "replaced".into())])
}

/// Returns the body of a succession.
pub(super) fn succeeded(of: &SigningKey, key: &Value) -> Value {
    map([("action", "succeeded".into()), ("kid", hash(&thumbprint(of))), ("key", key.clone())])
}

/// Returns a ledger whose operator names the key `author 2` as its next, with one entry of
/// `bug-1`.
pub(super) fn guarded_ledger() -> Forge {
    let mut body = genesis();
    let guarded = guarded_key(&author(), &["operator", "compliance"], &keyring::key("author 2"));
    set(&mut body, "keys.0", guarded);
    let mut forge = Forge::with_genesis(body);
    forge.note("bug-1");
    forge
}

/// Returns the vector of a ledger whose last entry, a `ledger.key`, has an effect that is refused.
fn refused(name: &str, about: &str, forge: Forge, body: Value, by: &SigningKey) -> Vector {
    let seq = forge.size();
    let entry = forge.draft(event(&["ledger"], "ledger.key", body), by).signed(by);
    Vector::failed(name, Code::Effect, Some(seq), with_entry(forge, entry)).note(about)
}

/// Returns the vector of a genesis whose effect is refused.
fn refused_genesis(name: &str, about: &str, change: impl Fn(&mut Value)) -> Vector {
    let mut body = genesis();
    change(&mut body);
    let mut forge = Forge::empty();
    let entry = forge.draft(event(&["ledger"], "ledger.genesis", body), &author());
    forge.push(entry.signed(&author()));
    Vector::failed(name, Code::Effect, Some(0), forge.bundle().bytes()).note(about)
}

/// Returns a ledger after one more `ledger.key`, signed by the first author.
fn after(mut forge: Forge, body: Value) -> Forge {
    forge.record(event(&["ledger"], "ledger.key", body), &author());
    forge
}

fn granted_twice() -> Vec<Vector> {
    let auditor = keyring::key("auditor");
    let grant = granted(&key(&auditor, &["auditor"]));
    let ended = after(after(ledger(), grant.clone()), revoked(&auditor));
    let next = keyring::key("author 2");
    let mut twice = succeeded(&author(), &key(&next, &["operator"]));
    set(&mut twice, "granted", list([key(&auditor, &["auditor"]), key(&auditor, &["legal"])]));
    vec![
        refused(
            "granted-twice",
            "a key that is live",
            after(ledger(), grant.clone()),
            granted(&key(&auditor, &["legal"])),
            &author(),
        ),
        refused("granted-after-revoked", "a key that was revoked", ended, grant, &author()),
        refused("granted-twice-in-succession", "one key twice", guarded_ledger(), twice, &next),
        refused_genesis("granted-twice-in-genesis", "one key twice", |body| {
            let again = key(&author(), &["legal"]);
            let first = key(&author(), &["operator", "compliance"]);
            set(body, "keys", list([first, key(&checkpoint(), &["checkpoint"]), again]));
        }),
    ]
}

fn nexts() -> Vec<Vector> {
    let (second, spare) = (keyring::key("second operator"), keyring::key("spare"));
    let operator = |next: &SigningKey| guarded_key(&second, &["operator"], next);
    let grant = |next: &SigningKey| granted(&operator(next));
    let (author, next) = (author(), keyring::key("author 2"));
    let mut other_next = succeeded(&author, &key(&next, &["operator", "compliance"]));
    set(&mut other_next, "granted", list([operator(&next)]));
    let mut past_next = guarded_ledger();
    let first = succeeded(&author, &key(&next, &["operator", "compliance"]));
    past_next.record(event(&["ledger"], "ledger.key", first), &next);
    let ended = after(after(ledger(), granted(&key(&spare, &["legal"]))), revoked(&spare));
    let auditor = granted(&key(&next, &["auditor"]));
    let row = refused;
    vec![
        row("next-of-granted-key", "a granted key", ledger(), grant(&checkpoint()), &author),
        row("next-of-revoked-key", "a revoked key", ended, grant(&spare), &author),
        row("next-of-itself", "the key itself", ledger(), grant(&second), &author),
        row("next-of-past-next", "the next of a revoked key", past_next, grant(&next), &next),
        row("next-of-successor", "the successor", guarded_ledger(), other_next, &next),
        row("next-granted-outside-succession", "as an auditor", guarded_ledger(), auditor, &author),
    ]
}

fn nexts_in_genesis() -> Vec<Vector> {
    let (second, spare) = (keyring::key("second operator"), keyring::key("spare"));
    let roles = ["operator", "compliance"];
    let first = || guarded_key(&author(), &roles, &spare);
    let row = |name: &str, about: &str, first: Value, third: Value| {
        let keys = [first, key(&checkpoint(), &["checkpoint"]), third];
        refused_genesis(name, about, |body| set(body, "keys", list(keys.clone())))
    };
    let same = guarded_key(&second, &["operator"], &spare);
    let of_granted = guarded_key(&second, &["operator"], &checkpoint());
    let named = key(&spare, &["legal"]);
    vec![
        row("next-of-another", "two keys with one next", first(), same),
        row("granted-though-a-next", "an earlier key names it as its next", first(), named),
        row("next-of-later-key", "a later key names it", key(&author(), &roles), of_granted),
    ]
}

/// Operator and checkpoint keys change by succession alone while a next is named.
fn guards() -> Vec<Vector> {
    let spare = keyring::key("spare");
    let grant = |role: &str| granted(&key(&spare, &[role]));
    let mut two = genesis();
    let second = keyring::key("second operator");
    let guarded = guarded_key(&author(), &["operator", "compliance"], &keyring::key("author 2"));
    let keys = [
        guarded,
        key(&checkpoint(), &["checkpoint"]),
        key(&second, &["operator"]),
        key(&keyring::key("checkpoint 2"), &["checkpoint"]),
    ];
    set(&mut two, "keys", list(keys));
    let two = Forge::with_genesis(two);
    let row = |name: &str, forge: Forge, body: Value, by: &SigningKey| {
        refused(name, "outside of a succession, while a next is named", forge, body, by)
    };
    vec![
        row("operator-granted-though-next", guarded_ledger(), grant("operator"), &author()),
        row("checkpoint-granted-though-next", guarded_ledger(), grant("checkpoint"), &author()),
        row("operator-revoked-though-next", two.clone(), revoked(&second), &author()),
        row("guarded-operator-revoked-though-next", two.clone(), revoked(&author()), &second),
        row("checkpoint-revoked-though-next", two, revoked(&checkpoint()), &author()),
    ]
}

fn remainders() -> Vec<Vector> {
    let next = keyring::key("author 2");
    let stranger = keyring::key("stranger");
    let auditor = keyring::key("auditor");
    let ended = after(after(ledger(), granted(&key(&auditor, &["auditor"]))), revoked(&auditor));
    let successor = key(&next, &["operator"]);
    let with_revoked = |key: &SigningKey| {
        let mut body = succeeded(&author(), &successor);
        set(&mut body, "revoked", list([revocation(key)]));
        body
    };
    vec![
        refused("no-operator-left", "the only operator", ledger(), revoked(&author()), &author()),
        refused(
            "no-checkpoint-left",
            "the only checkpoint key",
            ledger(),
            revoked(&checkpoint()),
            &author(),
        ),
        refused_genesis("genesis-without-checkpoint-key", "no key for checkpoints", |body| {
            set(body, "keys", list([key(&author(), &["operator"])]));
        }),
        refused(
            "revoked-unknown-key",
            "a key that nobody granted",
            ledger(),
            revoked(&stranger),
            &author(),
        ),
        refused("revoked-twice", "a key that was revoked", ended, revoked(&auditor), &author()),
        refused(
            "succession-revokes-its-kid-twice",
            "the kid also stands in revoked",
            guarded_ledger(),
            with_revoked(&author()),
            &next,
        ),
        refused(
            "succession-revokes-its-successor",
            "no operator is left",
            guarded_ledger(),
            with_revoked(&next),
            &next,
        ),
        refused(
            "succession-leaves-no-checkpoint",
            "no checkpoint key is left",
            guarded_ledger(),
            with_revoked(&checkpoint()),
            &next,
        ),
    ]
}

fn key_ids() -> Vec<Vector> {
    let [one, other] = COLLISION.map(keyring::key);
    let grant = |of: &SigningKey| granted(&key(of, &["checkpoint"]));
    let past = after(after(ledger(), grant(&one)), revoked(&one));
    let about = "two checkpoint keys with one C2SP key id";
    vec![
        refused(
            "checkpoint-key-ids-equal",
            about,
            after(ledger(), grant(&one)),
            grant(&other),
            &author(),
        ),
        refused("checkpoint-key-id-of-revoked-key", about, past, grant(&other), &author()),
    ]
}

/// Returns a ledger that has granted as many keys as one may: 64 by each of 16 entries.
fn full_ledger() -> (Forge, SigningKey) {
    let operator = |n: usize| keyring::key(&format!("operator {n}"));
    let mut body = genesis();
    let spare = keys(62 + 15 * 63);
    let mut first = vec![
        guarded_key(&author(), &["operator", "compliance"], &operator(1)),
        key(&checkpoint(), &["checkpoint"]),
    ];
    first.extend_from_slice(&spare[..62]);
    set(&mut body, "keys", list(first));
    let mut forge = Forge::with_genesis(body);
    let mut before = author();
    for n in 1..=15 {
        let next = operator(n);
        let successor = guarded_key(&next, &["operator", "compliance"], &operator(n + 1));
        let mut body = succeeded(&before, &successor);
        let start = 62 + (n - 1) * 63;
        set(&mut body, "granted", list(spare[start..start + 63].to_vec()));
        forge.record(event(&["ledger"], "ledger.key", body), &next);
        before = next;
    }
    (forge, before)
}

fn many_keys() -> Vec<Vector> {
    let (full, operator) = full_ledger();
    let auditor = granted(&key(&keyring::key("auditor"), &["auditor"]));
    vec![
        Vector::passed("ok-1024-keys", "whole", full.clone().bundle().bytes())
            .note("as many keys as a ledger may ever grant, 64 by each of 16 entries"),
        refused("granted-1025-keys", "one key more than may ever be", full, auditor, &operator),
    ]
}
