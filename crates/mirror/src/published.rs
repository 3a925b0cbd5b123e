//! Reading a published ledger: its checkpoint, and the entries that it implies.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path as FilePath;

use tally_ledger::hash::Hash;
use tally_ledger::note::{Checkpoint, NoteError};
use tally_ledger::receipt::RECEIPT_MAX;
use tally_ledger::tile::{self, BUNDLE_BYTES_MAX, BundleError, Content, Tile};

use crate::history::HistoryError;
use crate::place::{Place, PlaceError};
use crate::publish::{CHECKPOINT, CHECKPOINT_BYTES_MAX, evidence_path, root_path};

/// Why a published ledger cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The place cannot be used.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// There is no checkpoint.
    #[error("{place} has no checkpoint: no ledger is published there")]
    Nothing {
        /// The place.
        place: String,
    },
    /// What stands there is no checkpoint.
    #[error("{place}: checkpoint: {reason}")]
    NoCheckpoint {
        /// The place.
        place: String,
        /// Why.
        reason: NoteError,
    },
    /// A file that the checkpoint implies is missing.
    #[error("{place} lacks {path}, which its checkpoint of size {size} implies")]
    Missing {
        /// The place.
        place: String,
        /// The file.
        path: String,
        /// The size.
        size: u64,
    },
    /// A bundle of entries is broken.
    #[error("{place}: {path}: {reason}")]
    Bundle {
        /// The place.
        place: String,
        /// The file.
        path: String,
        /// Why.
        reason: BundleError,
    },
    /// A file of earlier checkpoints is missing.
    #[error("{place} lacks {path}, which its list of earlier checkpoints implies")]
    NoHistory {
        /// The place.
        place: String,
        /// The file.
        path: String,
    },
    /// A file of earlier checkpoints is broken.
    #[error("{place}: {path}: {reason}")]
    History {
        /// The place.
        place: String,
        /// The file.
        path: String,
        /// Why.
        reason: HistoryError,
    },
    /// It is larger than what is read into memory.
    #[error("{place}: {found} {what} are published, at most {most} are read")]
    TooLarge {
        /// The place.
        place: String,
        /// Of what.
        what: &'static str,
        /// How many, or more.
        found: u64,
        /// The limit.
        most: u64,
    },
    /// What was read cannot be kept.
    #[error("{path} cannot be written: {source}")]
    Keep {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

/// Reads the checkpoint of a published ledger. Nothing of it is verified yet.
///
/// # Errors
///
/// Fails if the place cannot be reached, or has none.
pub fn checkpoint(place: &Place) -> Result<Checkpoint, ReadError> {
    let name = || place.name().to_owned();
    let read = place.read(CHECKPOINT, CHECKPOINT_BYTES_MAX)?;
    let read = read.ok_or_else(|| ReadError::Nothing { place: name() })?;
    let text = str::from_utf8(&read.bytes);
    let text = text.map_err(|e| NoteError { expected: "text in UTF-8", found: e.to_string() });
    let note = text.and_then(str::parse);
    note.map_err(|reason| ReadError::NoCheckpoint { place: name(), reason })
}

/// The most entries of a published ledger that is read.
const ENTRIES_MAX: u64 = 4_000_000;
/// The most bytes of entries of a published ledger that are read.
const ENTRIES_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;

/// Reads the entries that a checkpoint implies, in their order, and hands each to `take`. Full
/// bundles are kept in `cache`, if there is one, and taken from there the next time: an interrupted
/// reading goes on where it ended.
///
/// # Errors
///
/// Fails if the place cannot be reached, lacks a bundle, or has a broken one.
pub fn entries(
    place: &Place,
    checkpoint: &Checkpoint,
    cache: Option<&FilePath>,
    mut take: impl FnMut(&[u8]),
) -> Result<(), ReadError> {
    let size = checkpoint.size();
    let too_large = |what, found, most| {
        let place = place.name().to_owned();
        Err(ReadError::TooLarge { place, what, found, most })
    };
    // Nobody has verified the size yet: anybody can write a number.
    if size > ENTRIES_MAX {
        return too_large("entries", size, ENTRIES_MAX);
    }
    let bundles = tile::added(0, size).into_iter();
    let (full, partial): (Vec<Tile>, Vec<Tile>) =
        bundles.filter(|tile| tile.content == Content::Entries).partition(Tile::is_full);
    let total = Cell::new(0_u64);
    let mut take = |entry: &[u8]| {
        total.set(total.get() + entry.len() as u64);
        take(entry);
    };
    let bounded = || match total.get() {
        found if found > ENTRIES_BYTES_MAX => {
            too_large("bytes of entries", found, ENTRIES_BYTES_MAX)
        }
        _ => Ok(()),
    };
    let cached = |tile: &Tile| {
        let kept = std::fs::read(cache?.join(tile.path())).ok()?;
        tile::entries(&kept, tile.width).is_ok().then_some(kept)
    };
    let mut rest = full.as_slice();
    while let Some(tile) = rest.first() {
        if let Some(bytes) = cached(tile) {
            rest = &rest[1..];
            each(place, tile, &bytes, &mut take)?;
            bounded()?;
            continue;
        }
        let now = rest.iter().take_while(|tile| cached(tile).is_none()).count();
        let (these, others) = rest.split_at(now);
        rest = others;
        let mut tiles = these.iter();
        let paths = these.iter().map(Tile::path).collect();
        place.read_all(paths, BUNDLE_BYTES_MAX as u64, |path, bytes| {
            let tile = tiles.next().expect("one for each path");
            let bytes = bytes.ok_or_else(|| missing(place, path, size))?;
            each(place, tile, &bytes, &mut take)?;
            bounded()?;
            cache.map_or(Ok(()), |cache| keep(&cache.join(path), &bytes))
        })?;
    }
    partial.first().map_or(Ok(()), |tile| last(place, tile, size, &mut take))
}

/// Reads the last bundle. Where a log has grown, the full one may have taken its place (C2SP
/// tlog-tiles): it begins with the same entries.
fn last(
    place: &Place,
    tile: &Tile,
    size: u64,
    take: &mut impl FnMut(&[u8]),
) -> Result<(), ReadError> {
    if let Some(read) = place.read(&tile.path(), BUNDLE_BYTES_MAX as u64)? {
        return each(place, tile, &read.bytes, take);
    }
    let full = Tile { width: 256, ..*tile };
    let read = place.read(&full.path(), BUNDLE_BYTES_MAX as u64)?;
    let bytes = read.ok_or_else(|| missing(place, &tile.path(), size))?.bytes;
    let mut left = tile.width;
    each(place, &full, &bytes, &mut |entry: &[u8]| {
        if left > 0 {
            left -= 1;
            take(entry);
        }
    })
}

fn missing(place: &Place, path: &str, size: u64) -> ReadError {
    ReadError::Missing { place: place.name().to_owned(), path: path.to_owned(), size }
}

fn each(
    place: &Place,
    tile: &Tile,
    bytes: &[u8],
    take: &mut impl FnMut(&[u8]),
) -> Result<(), ReadError> {
    let entries = tile::entries(bytes, tile.width).map_err(|reason| ReadError::Bundle {
        place: place.name().to_owned(),
        path: tile.path(),
        reason,
    })?;
    entries.into_iter().for_each(take);
    Ok(())
}

/// Writes a file beside its name and renames it, so that nobody finds a part of it.
pub(crate) fn keep(path: &FilePath, bytes: &[u8]) -> Result<(), ReadError> {
    let wrong = |source| ReadError::Keep { path: path.display().to_string(), source };
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).map_err(wrong)?;
    }
    let part = path.with_extension("part");
    std::fs::write(&part, bytes).map_err(wrong)?;
    std::fs::rename(&part, path).map_err(wrong)
}

/// Reads a file of evidence by its digest; `None` if the place does not carry it.
///
/// # Errors
///
/// Fails if the place cannot be reached, or the file is larger than `most` bytes.
pub fn evidence(place: &Place, digest: &Hash, most: u64) -> Result<Option<Vec<u8>>, ReadError> {
    Ok(place.read(&evidence_path(digest), most)?.map(|read| read.bytes))
}

/// Reads the files of evidence that `sizes` has by their digests, as far as the place carries them,
/// ascending by digest: each of at most `each` bytes, and of at most `total` bytes together. The
/// sizes are what entries state: what they say to be larger is not asked for. Whatever comes
/// counts, even of a file that turns out to be larger and is left out. Nothing of it is verified
/// yet.
///
/// # Errors
///
/// Fails if the place cannot be reached.
pub fn evidence_of(
    place: &Place,
    sizes: &BTreeMap<Hash, u64>,
    each: u64,
    total: u64,
) -> Result<Vec<(Hash, Vec<u8>)>, ReadError> {
    let (mut files, mut left) = (Vec::new(), total);
    for (digest, size) in sizes {
        let most = each.min(left);
        if left == 0 || *size > most {
            continue;
        }
        match place.read(&evidence_path(digest), most) {
            Ok(None) => {}
            Ok(Some(read)) => {
                left -= read.bytes.len() as u64;
                files.push((*digest, read.bytes));
            }
            Err(PlaceError::TooLarge { .. }) => left -= most,
            Err(e) => return Err(e.into()),
        }
    }
    Ok(files)
}

/// Reads the signed root of the checkpoint of that size; `None` if the place does not carry it.
/// Nothing of it is verified yet.
///
/// # Errors
///
/// Fails if the place cannot be reached, or the file is too large.
pub fn root(place: &Place, size: u64) -> Result<Option<Vec<u8>>, ReadError> {
    Ok(place.read(&root_path(size), RECEIPT_MAX as u64)?.map(|read| read.bytes))
}
