//! Checking COSE receipts, which say what a key signed of a root.
//!
//! A receipt's signature covers the root alone: leaf 5 of 8 verifies as leaf 5 of 7 as well. So
//! sizes come from checkpoints that the verifier has, and from nothing else.

use super::{Proven, Sort, hashes};
use crate::hash::Hash;
use crate::note::{Checkpoint, Vkey};
use crate::receipt::{Proof, Receipt, SignedRoot, Statement, is_statement};
use crate::tree;
use crate::verify::Pins;

/// Checks a receipt against the pins: that of a transparent statement, or one of consistency, which
/// stands alone. Its tree is that of a checkpoint seen before, of the same origin and that size.
pub fn verify(bytes: &[u8], pins: &Pins) -> Proven {
    if is_statement(bytes) { statement(bytes, pins) } else { consistency(bytes, pins) }
}

fn statement(bytes: &[u8], pins: &Pins) -> Proven {
    let statement = match Statement::parse(bytes) {
        Ok(statement) => statement,
        Err(e) => return Proven::malformed(Sort::Receipt, e.to_string()),
    };
    let mut proven = Proven::new(Sort::Receipt);
    let root = &statement.receipt.root;
    proven.origin = Some(root.origin().to_string());
    let Proof::Inclusion { size, index, path } = &statement.receipt.proof else {
        proven.fail("form", "expected a proof of inclusion, found one of consistency");
        return proven;
    };
    let (bytes, hashes) = (statement.entry.len(), hashes(path));
    proven.pass("form", format!("an entry of {bytes} bytes, and a receipt of {hashes}"));
    if proven.at_odds(root.origin().as_str(), pins) {
        return proven;
    }
    proven.carried(&statement.entry, root.origin().as_str(), Some(*index));
    let Some(seen) = seen(pins, root, *size) else {
        proven.open("inclusion", format!("no checkpoint of size {size} was given"));
        return proven;
    };
    proven.about(seen);
    proven.included(&statement.entry, *index, path, seen);
    proven.receipt(root, seen, pins);
    proven.hold(seen, pins);
    proven
}

fn consistency(bytes: &[u8], pins: &Pins) -> Proven {
    let receipt = match Receipt::parse(bytes) {
        Ok(receipt) => receipt,
        Err(e) => return Proven::malformed(Sort::ConsistencyReceipt, e.to_string()),
    };
    let mut proven = Proven::new(Sort::ConsistencyReceipt);
    let root = &receipt.root;
    proven.origin = Some(root.origin().to_string());
    let Proof::Consistency { old, size, path } = &receipt.proof else {
        proven.fail("form", "expected the entry around a receipt of inclusion, found none");
        return proven;
    };
    (proven.old, proven.size) = (Some(*old), Some(*size));
    proven.pass("form", format!("a receipt of {}", hashes(path)));
    if proven.at_odds(root.origin().as_str(), pins) {
        return proven;
    }
    let missing = |size| format!("no checkpoint of size {size} was given");
    let (before, now) = match (seen(pins, root, *old), seen(pins, root, *size)) {
        (Some(before), Some(now)) => (before, now),
        (None, _) => {
            proven.open("consistency", missing(old));
            return proven;
        }
        (_, None) => {
            proven.open("consistency", missing(size));
            return proven;
        }
    };
    proven.about(now);
    if tree::extends(&now.root(), now.size(), &before.root(), before.size(), path) {
        let (size, from) = (now.size(), before.root());
        let what = format!("the tree of {size} entries extends the root {from} at size {old}");
        proven.pass("consistency", what);
    } else {
        proven.fail("consistency", format!("the hashes do not lead from the root at size {old}"));
    }
    proven.receipt(root, now, pins);
    proven.hold(now, pins);
    proven
}

/// Returns the checkpoint of that size that the verifier has of the ledger.
fn seen<'a>(pins: &'a Pins, root: &SignedRoot, size: u64) -> Option<&'a Checkpoint> {
    let origin = root.origin().as_str();
    pins.seen.iter().find(|seen| seen.origin() == origin && seen.size() == size)
}

impl Proven {
    /// Checks that a known key of the ledger signed the root.
    fn receipt(&mut self, root: &SignedRoot, checkpoint: &Checkpoint, pins: &Pins) {
        let name = "receipt";
        let origin = root.origin().as_str();
        let known: Vec<&Vkey> = pins.logs().filter(|vkey| vkey.name() == origin).collect();
        let named = known.iter().find(|vkey| vkey.key().thumbprint() == root.kid());
        let stated: Hash = checkpoint.root();
        match named {
            None if known.is_empty() => {
                self.open(name, "no key of the ledger is known that could have signed it");
            }
            None => self.fail(name, format!("expected a known key, found {}", root.kid())),
            Some(vkey) if root.holds(&stated, vkey.key()) => {
                self.pass(name, format!("the root is signed by {vkey}"));
            }
            Some(vkey) => self.fail(name, format!("the root is not what {} signed", vkey.name())),
        }
    }
}

#[cfg(test)]
mod tests;
