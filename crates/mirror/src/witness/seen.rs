//! The notes that a log signed, as far as they came here: one of each size and root.
//!
//! Two roots of one size are the proof that the log showed two histories, so they are never let go
//! of. Of the others the smallest make room, once there are too many: what was cosigned later
//! holds them.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use tally_ledger::consistency::Consistency;
use tally_ledger::hash::Hash;
use tally_ledger::note::{Checkpoint, NOTE_MAX, Vkey};

use super::proofs::Proofs;
use crate::disk::{self, DiskError, failed};

/// The most notes that are kept of a log.
const NOTES_MAX: usize = 4096;
/// The most roots that are kept of one size.
const ROOTS_MAX: usize = 8;

/// The roots that were seen, by size.
#[derive(Debug, Default)]
pub(super) struct Seen {
    roots: BTreeMap<u64, Vec<Hash>>,
    notes: usize,
    proofs: Proofs,
}

/// What became of a note.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// It was there already, or there is no room for it beside so many that contradict.
    Known,
    /// It is there now.
    New,
    /// It is there now, and contradicts another of its size: the files of the two.
    Contradicts([PathBuf; 2]),
}

impl Seen {
    /// Reads which notes a folder holds.
    ///
    /// # Errors
    ///
    /// Fails as the file system does.
    pub(super) fn read(folder: &Path) -> Result<Self, DiskError> {
        let mut seen = Self::default();
        for file in std::fs::read_dir(folder).map_err(failed("read", folder))? {
            let name = file.map_err(failed("read", folder))?.file_name();
            let name = name.to_str().unwrap_or_default();
            seen.proofs.read(name);
            if let Some((size, root)) = parts(name) {
                seen.insert(size, root);
            }
        }
        seen.roots.values_mut().for_each(|roots| roots.sort_unstable());
        Ok(seen)
    }

    /// Keeps a note of the log's.
    ///
    /// # Errors
    ///
    /// Fails as the file system does.
    pub(super) fn keep(&mut self, folder: &Path, note: &Checkpoint) -> Result<Kept, DiskError> {
        let (size, root) = (note.size(), note.root());
        let others = self.roots.get(&size).map_or(&[][..], Vec::as_slice);
        if others.contains(&root) || others.len() >= ROOTS_MAX {
            return Ok(Kept::Known);
        }
        let other = others.first().copied();
        if self.notes >= NOTES_MAX && !self.make_room(folder) {
            return Ok(Kept::Known);
        }
        let file = folder.join(name(size, &root));
        disk::write(&file, note.to_string().as_bytes())?;
        self.insert(size, root);
        Ok(match other {
            None => Kept::New,
            Some(other) => Kept::Contradicts([folder.join(name(size, &other)), file]),
        })
    }

    /// Writes the proof that the log signed two roots of a size, if one of its keys signed both and
    /// there is none yet. Returns its file.
    ///
    /// # Errors
    ///
    /// Fails as the file system does, and if a note cannot be read.
    pub(super) fn prove(
        &mut self,
        folder: &Path,
        vkeys: &[Vkey],
        size: u64,
    ) -> Result<Option<PathBuf>, DiskError> {
        if self.proofs.has(size, size) {
            return Ok(None);
        }
        let notes = self.notes_of(folder, size)?;
        for (n, one) in notes.iter().enumerate() {
            for other in &notes[n + 1..] {
                let kept = self.proofs.keep(folder, vkeys, [one, other], None)?;
                if kept.is_some() {
                    return Ok(kept);
                }
            }
        }
        Ok(None)
    }

    /// Writes the proof that the log signed another root of the old size than the one that its new
    /// checkpoint has there, if a request tells so. Returns its file.
    ///
    /// # Errors
    ///
    /// Fails as the file system does, and if a note cannot be read.
    pub(super) fn prove_across(
        &mut self,
        folder: &Path,
        vkeys: &[Vkey],
        asked: &Consistency,
    ) -> Result<Option<PathBuf>, DiskError> {
        let Some(grown) = asked.grown() else {
            return Ok(None);
        };
        let known = self.roots.get(&asked.old).map_or(&[][..], Vec::as_slice);
        let agrees = known.iter().all(|root| *root == grown.root);
        if agrees || self.proofs.has(asked.old, asked.checkpoint.size()) {
            return Ok(None);
        }
        let new = asked.checkpoint.signed_only_by(vkeys);
        for old in self.notes_of(folder, asked.old)? {
            let kept = self.proofs.keep(folder, vkeys, [&old, &new], Some(&grown))?;
            if kept.is_some() {
                return Ok(kept);
            }
        }
        Ok(None)
    }

    /// Reads the notes of a size.
    fn notes_of(&self, folder: &Path, size: u64) -> Result<Vec<Checkpoint>, DiskError> {
        let roots = self.roots.get(&size).map_or(&[][..], Vec::as_slice);
        let read = |root| {
            let file = folder.join(name(size, root));
            let note = disk::read_text(&file, NOTE_MAX)?.unwrap_or_default();
            Checkpoint::of_any_log(&note).map_err(|e| failed("use", &file)(io::Error::other(e)))
        };
        roots.iter().map(read).collect()
    }

    /// Returns the sizes and file names of the proofs that the log signed two histories.
    pub(super) fn proofs(&self) -> impl Iterator<Item = (u64, u64, String)> {
        self.proofs.all()
    }

    /// Returns how many notes there are.
    pub(super) fn notes(&self) -> usize {
        self.notes
    }

    /// Returns the sizes with more than one root, each with the names of its notes.
    pub(super) fn contradictions(&self) -> impl Iterator<Item = (u64, Vec<String>)> {
        let several = self.roots.iter().filter(|(_, roots)| roots.len() > 1);
        several.map(|(size, roots)| (*size, roots.iter().map(|root| name(*size, root)).collect()))
    }

    fn insert(&mut self, size: u64, root: Hash) {
        self.roots.entry(size).or_default().push(root);
        self.notes += 1;
    }

    /// Lets go of the smallest note that contradicts none. Returns whether there was one.
    fn make_room(&mut self, folder: &Path) -> bool {
        let single = self.roots.iter().find(|(_, roots)| roots.len() == 1);
        let Some((size, root)) = single.map(|(size, roots)| (*size, roots[0])) else {
            return false;
        };
        let removed = std::fs::remove_file(folder.join(name(size, &root))).is_ok();
        self.roots.remove(&size);
        self.notes -= 1;
        removed
    }
}

/// Returns the name of the file of a note.
fn name(size: u64, root: &Hash) -> String {
    format!("{size}-{root}")
}

fn parts(name: &str) -> Option<(u64, Hash)> {
    let (size, root) = name.split_once('-')?;
    Some((size.parse().ok()?, root.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;

    fn note(size: u64, root: &[u8]) -> Checkpoint {
        let key = SigningKey::from_bytes(&[3; 32]);
        Checkpoint::sign(&"ledger.example".parse().unwrap(), size, Hash::of(root), &key)
    }

    #[test]
    fn what_contradicts_stays_when_room_is_made() {
        let folder = tempfile::tempdir().unwrap();
        // Two of one size, and all but one of those that there is room for.
        for (size, root) in [(1, &b"a"[..]), (1, b"b")] {
            let file = folder.path().join(name(size, &Hash::of(root)));
            std::fs::write(file, note(size, root).to_string()).unwrap();
        }
        for size in 2..NOTES_MAX as u64 {
            std::fs::write(folder.path().join(name(size, &Hash::of(b"c"))), "").unwrap();
        }
        let mut seen = Seen::read(folder.path()).unwrap();
        assert_eq!(seen.notes(), NOTES_MAX);
        let mut keep = |size, root: &[u8]| seen.keep(folder.path(), &note(size, root)).unwrap();
        assert_eq!(keep(1, b"a"), Kept::Known);
        assert_eq!(keep(9000, b"c"), Kept::New);
        let Kept::Contradicts(files) = keep(1, b"d") else { panic!("a third root of one size") };
        assert!(files.iter().all(|file| file.is_file()));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), NOTES_MAX);
        let read = Seen::read(folder.path()).unwrap();
        assert_eq!((read.notes(), read.contradictions().count()), (NOTES_MAX, 1));
        assert!(!read.roots.contains_key(&2) && !read.roots.contains_key(&3));
    }

    #[test]
    fn the_roots_of_one_size_are_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let mut seen = Seen::default();
        for n in 0..20_u8 {
            seen.keep(folder.path(), &note(1, &[n])).unwrap();
        }
        assert_eq!(seen.notes(), ROOTS_MAX);
    }
}
