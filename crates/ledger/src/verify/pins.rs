//! Pins: what a verifier knows beforehand (FORMAT.md, "Pins").

use crate::bundle::{Form, Manifest};
use crate::fault::{Code, Fault};
use crate::hash::Hash;
use crate::note::{Checkpoint, Signed, Vkey};
use crate::policy::Policy;

use super::outcome::Verification;

/// What a verifier was given besides the ledger. A pin that travelled with the ledger is none.
#[derive(Debug, Clone, Default)]
pub struct Pins {
    /// Keys of which each must have signed the last checkpoint.
    pub keys: Vec<Vkey>,
    /// A policy: one of its logs must have signed the last checkpoint, which must meet its quorum.
    pub policy: Option<Policy>,
    /// The id of the genesis entry.
    pub ledger_id: Option<Hash>,
    /// Checkpoints seen before: the ledger must have that root at that size.
    pub seen: Vec<Checkpoint>,
}

impl Pins {
    /// Returns whether nothing is pinned.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
            && self.policy.is_none()
            && self.ledger_id.is_none()
            && self.seen.is_empty()
    }

    /// Returns the keys of logs: those that are pinned, and those of the policy.
    pub fn logs(&self) -> impl Iterator<Item = &Vkey> {
        self.keys.iter().chain(self.policy.iter().flat_map(Policy::logs))
    }

    /// Returns every key that the pins name.
    pub(crate) fn vkeys(&self) -> impl Iterator<Item = &Vkey> {
        let policy = self.policy.iter();
        let named = policy.flat_map(|p| p.logs().iter().chain(p.witnesses().map(|(_, key)| key)));
        self.keys.iter().chain(named)
    }
}

/// What a ledger holds against the pins.
pub(super) struct Held<'a> {
    pub(super) id: Option<Hash>,
    pub(super) last: Option<&'a Checkpoint>,
    pub(super) manifest: &'a Manifest,
    pub(super) items: u64,
    /// The root at the size of each seen checkpoint, of a whole ledger that reaches it.
    pub(super) roots: &'a [Option<Hash>],
}

/// Holds the ledger against the pins, notes what was met, and returns the faults.
pub(super) fn check(pins: &Pins, held: &Held<'_>, outcome: &mut Verification) -> Vec<Fault> {
    let mut faults = Vec::new();
    let signed = |vkey: &Vkey| {
        held.last.is_some_and(|last| matches!(last.signed_by(vkey), Signed::Holds(_)))
    };
    let mut judge = |met: bool, what: String, found: &str| {
        if met {
            outcome.pins_met.push(what);
        } else {
            faults.push(Fault::new(Code::Pin, what, found));
        }
    };
    for vkey in &pins.keys {
        judge(signed(vkey), format!("the last checkpoint signed by {vkey}"), "no such signature");
    }
    // A policy pins by its log keys; without any it only asks for its quorum.
    if let Some(policy) = pins.policy.as_ref().filter(|policy| !policy.logs().is_empty()) {
        let met = policy.logs().iter().any(signed);
        let what = "the last checkpoint signed by a log of the policy".to_owned();
        judge(met, what, "no such signature");
    }
    if let Some(id) = pins.ledger_id {
        let found = held.id.map_or("no genesis".to_owned(), |id| id.to_string());
        judge(held.id == Some(id), format!("the ledger id {id}"), &found);
    }
    for (seen, root) in pins.seen.iter().zip(held.roots) {
        let what = expected(seen);
        match root_at(held, seen.size(), *root) {
            At::Root(root) => judge(root == seen.root(), what, &format!("the root {root}")),
            At::Smaller(size) => judge(false, what, &format!("a ledger of {size} entries")),
            At::Unknown => outcome.pins_unchecked.push(what),
        }
    }
    if let (Some(policy), Some(last)) = (&pins.policy, held.last)
        && policy.asks()
    {
        match policy.met(last) {
            Some(_) => outcome.quorum_met = true,
            None => faults.push(Fault::new(
                Code::Cosignature,
                "cosignatures that meet the quorum of the policy",
                format!("too few on the checkpoint of size {}", last.size()),
            )),
        }
    }
    faults
}

/// Returns the faults of the checkpoints seen before whose size was reached with another root.
pub(super) fn contradicted(pins: &Pins, roots: &[Option<Hash>]) -> Vec<Fault> {
    let reached = pins.seen.iter().zip(roots).filter_map(|(seen, root)| Some((seen, (*root)?)));
    reached
        .filter(|(seen, root)| seen.root() != *root)
        .map(|(seen, root)| Fault::new(Code::Pin, expected(seen), format!("the root {root}")))
        .collect()
}

pub(super) fn expected(seen: &Checkpoint) -> String {
    format!("the root {} at size {}, seen before", seen.root(), seen.size())
}

enum At {
    Root(Hash),
    Smaller(u64),
    Unknown,
}

fn root_at(held: &Held<'_>, size: u64, root: Option<Hash>) -> At {
    let total = match held.manifest.form {
        Form::Extract { .. } => held.last.map_or(0, Checkpoint::size),
        Form::Bundle | Form::Directory { .. } => held.items,
    };
    let carried = held.manifest.checkpoints.iter().find(|(carried, _)| carried.size() == size);
    match (root, carried) {
        (Some(root), _) => At::Root(root),
        (None, Some((carried, _))) => At::Root(carried.root()),
        (None, None) if size > total => At::Smaller(total),
        (None, None) => At::Unknown,
    }
}
