//! The signed roots among the published files: what receipts are made from (RFC 9942).

use tally_ledger::authority::Authority;
use tally_ledger::note::Checkpoint;
use tally_ledger::receipt::{RECEIPT_MAX, SignedRoot};

use super::MirrorError;
use crate::place::Place;
use crate::publish::root_path;

/// Reads the signed roots of checkpoints that hold, by their paths. One that is missing, or that no
/// key of the ledger signed, is left out: nothing of the ledger rests on it. `go_on` is asked after
/// each.
///
/// # Errors
///
/// Fails if the place cannot be reached or refuses, a file is too large for a signed root, or as
/// `go_on` does.
pub(super) fn read(
    place: &Place,
    checkpoints: &[&Checkpoint],
    authority: &Authority,
    go_on: impl Fn() -> Result<(), MirrorError>,
) -> Result<Vec<(String, Vec<u8>)>, MirrorError> {
    let paths = checkpoints.iter().map(|checkpoint| root_path(checkpoint.size())).collect();
    let (mut each, mut found) = (checkpoints.iter(), Vec::new());
    place.read_all(paths, RECEIPT_MAX as u64, |path, bytes| {
        let checkpoint = each.next().expect("one for each path");
        if let Some(bytes) = bytes.filter(|bytes| holds(bytes, checkpoint, authority)) {
            found.push((path.to_owned(), bytes));
        }
        go_on()
    })?;
    Ok(found)
}

fn holds(bytes: &[u8], checkpoint: &Checkpoint, authority: &Authority) -> bool {
    SignedRoot::parse(bytes).is_ok_and(|root| {
        let granted = authority.keys().get(&root.kid());
        root.origin().as_str() == checkpoint.origin()
            && granted.is_some_and(|granted| root.holds(&checkpoint.root(), &granted.key.key))
    })
}
