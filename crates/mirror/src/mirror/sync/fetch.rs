//! What a sync reads of the entries and their evidence.

use std::fs;

use tally_ledger::hash::Hash;
use tally_ledger::note::Checkpoint;
use tally_ledger::tile::{self, BUNDLE_BYTES_MAX, Content, Tile, WIDTH};

use super::{MirrorError, Sync};
use crate::disk::{self, Folders, failed};
use crate::publish::evidence_path;
use crate::published::ReadError;

/// The largest file of evidence that is taken, in bytes.
const EVIDENCE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The largest file of evidence that is read together with others.
const SMALL_EVIDENCE: u64 = 1024 * 1024;

impl Sync<'_> {
    /// Fetches the bundles of entries that the mirror has not, and returns whether some of them
    /// were left by an earlier sync.
    pub(super) fn fetch(
        &self,
        theirs: &Checkpoint,
        from: u64,
        keep: bool,
    ) -> Result<bool, MirrorError> {
        let incoming = self.held.incoming();
        let added = tile::added(from, theirs.size()).into_iter();
        let bundles: Vec<Tile> = added.filter(|t| t.content == Content::Entries).collect();
        let mut total = self.held_bytes(from)?;
        let mut left = |tile: &Tile| {
            [&incoming, &self.held.public].into_iter().any(|dir| {
                let kept = disk::read(&dir.join(tile.path()), BUNDLE_BYTES_MAX as u64);
                let kept = kept.ok().flatten();
                let kept = kept.filter(|bytes| tile::entries(bytes, tile.width).is_ok());
                total += kept.as_ref().map_or(0, |bytes| bytes.len() as u64);
                kept.is_some()
            })
        };
        let (left, missing): (Vec<Tile>, Vec<Tile>) =
            bundles.into_iter().partition(|tile| keep && left(tile));
        self.check_entry_bytes(total)?;
        let mut take = |tile: &Tile, bytes: &[u8]| {
            total += bytes.len() as u64;
            self.check_entry_bytes(total)?;
            let wrong = |reason| ReadError::Bundle {
                place: self.place.name().to_owned(),
                path: tile.path(),
                reason,
            };
            tile::entries(bytes, tile.width).map_err(wrong)?;
            crate::published::keep(&incoming.join(tile.path()), bytes)?;
            self.check_time()
        };
        let mut tiles = missing.iter();
        let mut gone = None;
        self.place.read_all(
            missing.iter().map(Tile::path).collect(),
            BUNDLE_BYTES_MAX as u64,
            |_, bytes| {
                let tile = tiles.next().expect("one for each path");
                match bytes {
                    Some(bytes) => take(tile, &bytes),
                    None if tile.is_full() => Err(self.missing(tile, theirs).into()),
                    None => {
                        gone = Some(*tile);
                        Ok(())
                    }
                }
            },
        )?;
        if let Some(partial) = gone {
            take(&partial, &self.beginning(&partial, theirs)?)?;
        }
        Ok(!left.is_empty())
    }

    fn check_entry_bytes(&self, found: u64) -> Result<(), MirrorError> {
        let (what, most) = ("bytes of entries", self.entry_bytes_max);
        if found > most { Err(MirrorError::TooLarge { what, found, most }) } else { Ok(()) }
    }

    /// Returns the bytes of a partial bundle, from the full one that took its place.
    fn beginning(&self, partial: &Tile, theirs: &Checkpoint) -> Result<Vec<u8>, MirrorError> {
        let full = Tile { width: 256, ..*partial };
        let read = self.place.read(&full.path(), BUNDLE_BYTES_MAX as u64)?;
        let bytes = read.ok_or_else(|| self.missing(partial, theirs))?.bytes;
        let wrong = |reason| ReadError::Bundle {
            place: self.place.name().to_owned(),
            path: full.path(),
            reason,
        };
        let entries = tile::entries(&bytes, full.width).map_err(wrong)?;
        let mut bundle = Vec::new();
        for entry in &entries[..usize::from(partial.width)] {
            tile::push_entry(&mut bundle, entry);
        }
        Ok(bundle)
    }

    fn missing(&self, tile: &Tile, theirs: &Checkpoint) -> ReadError {
        let (place, path) = (self.place.name().to_owned(), tile.path());
        ReadError::Missing { place, path, size: theirs.size() }
    }

    /// Returns how many bytes the full bundles of the first entries have.
    pub(super) fn held_bytes(&self, from: u64) -> Result<u64, MirrorError> {
        let mut total = 0;
        for index in 0..from / WIDTH {
            let path = self.held.public.join(bundle(index).path());
            total +=
                fs::metadata(&path).map_err(|e| self.damaged(&failed("read", &path)(e)))?.len();
        }
        Ok(total)
    }

    /// Fetches the files of evidence that entries name and the mirror has not, as far as the place
    /// carries them, each held against its digest.
    pub(super) fn evidence(&self, mut named: Vec<(Hash, u64)>) -> Result<(), MirrorError> {
        named.retain(|(_, size)| *size <= EVIDENCE_BYTES_MAX);
        let total: u64 = named.iter().map(|(_, size)| size).sum();
        if total > self.limits.evidence {
            let most = self.limits.evidence;
            return Err(MirrorError::TooLarge { what: "bytes of evidence", found: total, most });
        }
        named.retain(|(digest, _)| !self.held.public.join(evidence_path(digest)).exists());
        let (small, large): (Vec<_>, Vec<_>) =
            named.into_iter().partition(|(_, size)| *size <= SMALL_EVIDENCE);
        let mut folders = Folders::default();
        self.fetch_evidence(&small, SMALL_EVIDENCE, &mut folders)?;
        for one in &large {
            self.fetch_evidence(std::slice::from_ref(one), one.1, &mut folders)?;
        }
        Ok(folders.sync()?)
    }

    fn fetch_evidence(
        &self,
        files: &[(Hash, u64)],
        most: u64,
        folders: &mut Folders,
    ) -> Result<(), MirrorError> {
        let mut expected = files.iter();
        let paths = files.iter().map(|(digest, _)| evidence_path(digest)).collect();
        self.place.read_all(paths, most, |path, bytes| {
            self.check_time()?;
            let (digest, size) = expected.next().expect("one for each path");
            let Some(bytes) = bytes else {
                return Ok(());
            };
            let found = Hash::of(&bytes);
            if found != *digest || bytes.len() as u64 != *size {
                let length = bytes.len();
                let reason = format!(
                    "{path}: expected {size} bytes, found {length} with the digest {found}"
                );
                return Err(MirrorError::Broken { reason });
            }
            Ok(folders.write(&self.held.public.join(path), &bytes)?)
        })
    }
}

fn bundle(index: u64) -> Tile {
    Tile { content: Content::Entries, index, width: 256 }
}
