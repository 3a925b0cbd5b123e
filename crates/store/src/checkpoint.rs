//! Checkpoints: one signed note per size, as text.

use std::path::Path;

use tally_ledger::note::{self, NoteError};

use crate::durable;
use crate::error::Error;
use crate::layout::{self, Layout};

/// A stored checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The size under which it is filed: how many entries it covers.
    pub size: u64,
    /// The signed note, exactly as it was stored.
    pub note: String,
}

/// Lists the sizes for which a checkpoint is stored, ascending; other files are passed over.
pub(crate) fn sizes(layout: &Layout) -> Result<Vec<u64>, Error> {
    sizes_in(&layout.checkpoints())
}

/// Lists the sizes for which a directory has a file, ascending.
pub(crate) fn sizes_in(dir: &Path) -> Result<Vec<u64>, Error> {
    // The names are padded, so their order is that of the sizes.
    Ok(layout::list(dir)?.iter().filter_map(|path| size_of(path)).collect())
}

/// Returns the size that the name of such a file states.
pub(crate) fn size_of(path: &Path) -> Option<u64> {
    let name = layout::name(path);
    name.parse().ok().filter(|size| *name == format!("{size:020}"))
}

/// Reads the checkpoint filed under `size`.
pub(crate) fn read(layout: &Layout, size: u64) -> Result<Option<Checkpoint>, Error> {
    let path = layout.checkpoint(size);
    let Some(bytes) = durable::read_up_to(&path, note::NOTE_MAX as u64)? else {
        return Ok(None);
    };
    let note = String::from_utf8(bytes).map_err(|_| {
        let source = NoteError { expected: "text in UTF-8", found: "other bytes".to_owned() };
        Error::CheckpointForm { path, source }
    })?;
    Ok(Some(Checkpoint { size, note }))
}

/// Stores a note under `size`. One that is there is replaced only by the same text with the same
/// signatures and more.
pub(crate) fn put(layout: &Layout, size: u64, note: &str) -> Result<(), Error> {
    let path = layout.checkpoint(size);
    check(layout, size, note)?;
    if let Some(stored) = read(layout, size)? {
        if stored.note == note {
            return Ok(());
        }
        let grown = parts(&stored.note).zip(parts(note)).is_some_and(|(old, new)| {
            old.0 == new.0 && old.1.lines().all(|old| new.1.lines().any(|new| new == old))
        });
        if !grown {
            return Err(Error::CheckpointConflict { path, size });
        }
    }
    durable::create_dirs(&layout.checkpoints())?;
    durable::write(&path, note.as_bytes())
}

/// Reads a note as a checkpoint of `size`.
pub(crate) fn check(layout: &Layout, size: u64, note: &str) -> Result<note::Checkpoint, Error> {
    let path = || layout.checkpoint(size);
    match note.parse::<note::Checkpoint>() {
        Ok(checkpoint) if checkpoint.size() == size => Ok(checkpoint),
        Ok(other) => Err(Error::CheckpointName { path: path(), found: other.size() }),
        Err(source) => Err(Error::CheckpointForm { path: path(), source }),
    }
}

/// Takes a checkpoint apart into its text and its signature lines.
fn parts(note: &str) -> Option<(&str, &str)> {
    note.split_once("\n\n")
}
