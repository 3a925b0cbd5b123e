//! Two checkpoints of one ledger that contradict each other: what is kept of them as evidence.

use tally_ledger::equivocation::{Equivocation, Grown};
use tally_ledger::name::Role;
use tally_ledger::note::{Checkpoint, Vkey};
use tally_ledger::tree::Tree;
use tally_ledger::verify::VerifiedLedger;

use crate::context::Context;
use crate::failure::Failure;
use crate::trust::TrustStore;

/// Keeps two checkpoints that contradict each other, one seen before and one found, and says where.
///
/// # Errors
///
/// Fails if the trust store cannot be written.
pub fn keep(
    store: &TrustStore,
    [seen, found]: [&Checkpoint; 2],
    proof: Option<&Equivocation>,
    context: &Context,
) -> Result<(), Failure> {
    let kept = store.keep_conflict(&seen.to_string(), &found.to_string())?;
    let kept = kept.display();
    context.out.talk(&format!("note: both checkpoints are kept as evidence in {kept}"));
    if let Some(proof) = proof {
        let kept = store.keep_proof(proof)?;
        context.out.talk(&format!(
            "note: that one key signed both is proven by {}, which anybody checks with: tally \
             verify FILE --key VKEY",
            kept.display()
        ));
    }
    Ok(())
}

/// Returns the proof that one of `keys` signed both checkpoints although they contradict each
/// other. `tree` is that of the larger one, and of no matter where both have one size.
pub fn contradiction(
    keys: &[Vkey],
    one: &Checkpoint,
    other: &Checkpoint,
    tree: &Tree,
) -> Option<Equivocation> {
    let (smaller, larger) = if one.size() <= other.size() { (one, other) } else { (other, one) };
    let (old, size) = (smaller.size(), larger.size());
    let grown = if old == size {
        None
    } else {
        let ours = tree.root(size).is_some_and(|root| root == larger.root());
        let proof = ours.then(|| tree.consistency(old, size)).flatten()?;
        Some(Grown { root: tree.root(old)?, proof })
    };
    keys.iter().find_map(|key| {
        Equivocation::between(key.clone(), one.clone(), other.clone(), grown.clone()).ok()
    })
}

/// Returns the vkeys that ever were to sign checkpoints of a ledger of that origin: one may be
/// revoked after its last.
pub fn log_keys(ledger: &VerifiedLedger, origin: &str) -> Vec<Vkey> {
    let Ok(origin) = origin.parse() else {
        return Vec::new();
    };
    let granted = ledger.authority().keys().values();
    let granted = granted.filter(|record| record.key.holds(Role::CHECKPOINT));
    granted.map(|record| Vkey::log(&origin, record.key.key)).collect()
}

/// Returns the tree over the entries of a ledger.
pub fn tree(ledger: &VerifiedLedger) -> Tree {
    let mut tree = Tree::default();
    ledger.entries().iter().for_each(|entry| tree.push(entry.id()));
    tree
}
