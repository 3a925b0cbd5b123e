//! Signed roots: what the checkpoint key states of the root at one size, as COSE, from which
//! receipts are made without it.

use tally_ledger::receipt::{RECEIPT_MAX, SignedRoot};

use crate::checkpoint;
use crate::durable;
use crate::error::Error;
use crate::layout::Layout;

/// Lists the sizes for which a signed root is stored, ascending.
pub(crate) fn sizes(layout: &Layout) -> Result<Vec<u64>, Error> {
    checkpoint::sizes_in(&layout.roots())
}

/// Reads the signed root filed under `size`.
pub(crate) fn read(layout: &Layout, size: u64) -> Result<Option<SignedRoot>, Error> {
    let path = layout.root(size);
    let Some(bytes) = durable::read_up_to(&path, RECEIPT_MAX as u64)? else {
        return Ok(None);
    };
    SignedRoot::parse(&bytes).map(Some).map_err(|source| Error::RootForm { path, source })
}

/// Stores a signed root under `size`.
pub(crate) fn put(layout: &Layout, size: u64, root: &SignedRoot) -> Result<(), Error> {
    check(layout, size, root)?;
    durable::create_dirs(&layout.roots())?;
    durable::write(&layout.root(size), &root.bytes())
}

/// Checks that a checkpoint of the same ledger and size is stored. Whether the key signed the root
/// of that checkpoint is not for the store to say: it knows no keys.
pub(crate) fn check(layout: &Layout, size: u64, root: &SignedRoot) -> Result<(), Error> {
    let stored = checkpoint::read(layout, size)?;
    let stored = stored.map(|stored| checkpoint::check(layout, size, &stored.note)).transpose()?;
    let origin = root.origin().as_str();
    if stored.is_some_and(|stored| stored.origin() == origin) {
        return Ok(());
    }
    Err(Error::RootAlone { path: layout.root(size), origin: origin.to_owned(), size })
}
