//! The vectors of `tests/vectors/`, one row each.
//!
//! A row says what is wrong in one place of a ledger that is right everywhere else, and which
//! verdict follows. The verdicts are written down here, never computed by the verifier.

mod accepted;
mod authority;
mod checkpoints;
mod containers;
mod effects;
mod entries;
mod equivocations;
mod extracts;
mod governance;
mod links;
mod order;
mod payloads;
mod pins;
mod profile;
mod proofs;
mod signatures;
mod times;
mod withheld;

use ciborium::Value;
use tally_ledger::fault::Code;

use crate::container::Container;
use crate::forge::{Forge, note};
use crate::keyring::author;
use crate::vector::Vector;

/// Returns all vectors, ascending by name.
///
/// # Panics
///
/// Panics if two have one name.
pub fn all() -> Vec<Vector> {
    let groups = [
        accepted::vectors(),
        authority::vectors(),
        checkpoints::vectors(),
        containers::vectors(),
        effects::vectors(),
        entries::vectors(),
        equivocations::vectors(),
        extracts::vectors(),
        governance::vectors(),
        links::vectors(),
        order::vectors(),
        payloads::vectors(),
        pins::vectors(),
        profile::vectors(),
        proofs::vectors(),
        signatures::vectors(),
        times::vectors(),
        withheld::vectors(),
    ];
    let mut all = groups.concat();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    for pair in all.windows(2) {
        assert_ne!(pair[0].name, pair[1].name, "two vectors have one name");
    }
    all
}

/// Name, fault, its place if it has one, what is wrong, and how a container is made so.
type Spoiled = (&'static str, Code, Option<u64>, &'static str, fn(&mut Container));

/// Returns the vectors of `container`, each spoiled in one place.
fn spoiled(container: &Container, rows: &[Spoiled]) -> Vec<Vector> {
    let row = |(name, code, seq, about, change): &Spoiled| {
        let mut spoiled = container.clone();
        change(&mut spoiled);
        Vector::failed(name, *code, *seq, spoiled.bytes()).note(about)
    };
    rows.iter().map(row).collect()
}

/// Returns the ledger that most vectors spoil: genesis, and one entry of `bug-1`.
fn ledger() -> Forge {
    let mut forge = Forge::new();
    forge.note("bug-1");
    forge
}

/// Returns the bundle of `ledger` with one entry more, whatever it is.
fn with_entry(mut forge: Forge, entry: Vec<u8>) -> Vec<u8> {
    forge.push(entry);
    forge.bundle().bytes()
}

/// Returns the vector of a ledger whose last entry, at seq 2, is a note with a changed payload.
fn changed_note(name: &str, code: Code, about: &str, change: impl Fn(&mut Value)) -> Vector {
    let forge = ledger();
    let entry = forge.changed(note(&["bug-1"]), &author(), change).signed(&author());
    Vector::failed(name, code, Some(2), with_entry(forge, entry)).note(about)
}
