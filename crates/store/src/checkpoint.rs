//! Checkpoints: one signed note per size, as text.

use std::fs;
use std::io;

use crate::durable;
use crate::error::Error;
use crate::layout::Layout;

/// The largest note that the format allows, in bytes.
const NOTE_BYTES_MAX: u64 = 64 << 10;

/// A stored checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The size under which it is filed: how many entries it covers.
    pub size: u64,
    /// The signed note, exactly as it was stored.
    pub note: String,
}

/// Lists the sizes for which a checkpoint is stored, ascending.
pub(crate) fn sizes(layout: &Layout) -> Result<Vec<u64>, Error> {
    let dir = layout.checkpoints();
    let list = match fs::read_dir(&dir) {
        Ok(list) => list,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(Error::failed("read", &dir, source)),
    };
    let mut sizes = Vec::new();
    for item in list {
        let item = item.map_err(|source| Error::failed("read", &dir, source))?;
        let name = item.file_name();
        let name = name.to_string_lossy();
        if name.ends_with(".tmp") {
            continue;
        }
        let size = name.parse().ok().filter(|_| name.len() == 20);
        sizes.push(size.ok_or_else(|| Error::StrangeFile {
            path: item.path(),
            expected: "a size of 20 digits",
        })?);
    }
    sizes.sort_unstable();
    Ok(sizes)
}

/// Reads the checkpoint filed under `size`.
pub(crate) fn read(layout: &Layout, size: u64) -> Result<Option<Checkpoint>, Error> {
    let path = layout.checkpoint(size);
    let Some(bytes) = durable::read_up_to(&path, NOTE_BYTES_MAX)? else {
        return Ok(None);
    };
    match String::from_utf8(bytes) {
        Ok(note) if note.len() as u64 <= NOTE_BYTES_MAX => Ok(Some(Checkpoint { size, note })),
        _ => Err(Error::CheckpointForm { path }),
    }
}

/// Stores a note under `size`. One that is there is replaced only by the same text with the same
/// signatures and more.
pub(crate) fn put(layout: &Layout, size: u64, note: &str) -> Result<(), Error> {
    let path = layout.checkpoint(size);
    let Some((text, signatures)) = parts(note) else {
        return Err(Error::CheckpointForm { path });
    };
    if let Some(stored) = read(layout, size)? {
        if stored.note == note {
            return Ok(());
        }
        let grown = parts(&stored.note).is_some_and(|(old_text, old_signatures)| {
            old_text == text
                && old_signatures.lines().all(|old| signatures.lines().any(|new| new == old))
        });
        if !grown {
            return Err(Error::CheckpointConflict { path, size });
        }
    }
    durable::create_dirs(&layout.checkpoints())?;
    durable::write(&path, note.as_bytes())
}

/// Takes a signed note apart at its last empty line (C2SP signed-note).
fn parts(note: &str) -> Option<(&str, &str)> {
    let (text, signatures) = note.rsplit_once("\n\n")?;
    let fits = note.len() as u64 <= NOTE_BYTES_MAX && note.ends_with('\n');
    (fits && !signatures.trim().is_empty()).then_some((text, signatures))
}
