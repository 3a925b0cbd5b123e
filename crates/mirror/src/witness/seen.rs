//! The notes that a log signed, as far as they came here: one of each size and root, with a line of
//! each key that signed it.
//!
//! Room is bounded, and whoever fills it is the log. So there are three rooms, and none takes from
//! another: what was cosigned, of which the smallest make room; what was not, of which those make
//! room that are farthest from what was cosigned last; and roots that contradict each other, which
//! are never let go of. To push out a note of a size that is near, a log has to sign as many others
//! that are nearer, and those soon contradict each other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tally_ledger::consistency::Consistency;
use tally_ledger::hash::Hash;
use tally_ledger::note::{Checkpoint, NOTE_MAX, Vkey};

use super::proofs::Proofs;
use crate::disk::{self, DiskError, failed};

/// The most notes of a log that are kept of those that were cosigned, and of those that were not,
/// as long as none contradicts another.
const SINGLE_MAX: usize = 2048;
/// The most notes of a log that are kept of those that contradict each other.
const CONTRADICTING_MAX: usize = 2048;
/// The most roots that are kept of one size.
const ROOTS_MAX: usize = 8;
/// How the name of a note ends that was not cosigned.
const UNCOSIGNED: &str = ".uncosigned";

/// The notes that were seen, by size.
#[derive(Debug, Default)]
pub(super) struct Seen {
    roots: BTreeMap<u64, Vec<Note>>,
    proofs: Proofs,
    crowded: bool,
}

/// A note as it is remembered: the rest stands in its file.
#[derive(Debug, Clone, Copy)]
struct Note {
    root: Hash,
    cosigned: bool,
}

/// What is known of a log: what it takes to judge one more of its notes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    /// The folder of the notes.
    pub(super) folder: &'a Path,
    /// The keys of the log.
    pub(super) vkeys: &'a [Vkey],
    /// What was cosigned last.
    pub(super) latest: Option<&'a Checkpoint>,
}

/// What became of a note.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// It was there already, or there is no room for it.
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
            if let Some((size, note)) = parts(name) {
                seen.roots.entry(size).or_default().push(note);
            }
        }
        seen.roots.values_mut().for_each(|notes| notes.sort_unstable_by_key(|note| note.root));
        Ok(seen)
    }

    /// Keeps a note of the log's; and one that was not `cosigned` beside what was cosigned last.
    ///
    /// # Errors
    ///
    /// Fails as the file system does.
    pub(super) fn keep(
        &mut self,
        known: Known<'_>,
        note: &Checkpoint,
        cosigned: bool,
    ) -> Result<Kept, DiskError> {
        if let Some(latest) = known.latest
            && !cosigned
            && self.found(latest.size(), latest.root()).is_none_or(|found| !found.cosigned)
        {
            self.keep_one(known, latest, true)?;
        }
        self.keep_one(known, note, cosigned)
    }

    fn keep_one(
        &mut self,
        known: Known<'_>,
        note: &Checkpoint,
        cosigned: bool,
    ) -> Result<Kept, DiskError> {
        let (size, folder) = (note.size(), known.folder);
        // One line of a key is enough, and more would leave no room for those of other keys.
        let mut kept = note.signed_only_by(&[]);
        kept.join(note, known.vkeys);
        let note = Note { root: kept.root(), cosigned };
        if let Some(found) = self.found(size, note.root) {
            join(known, &kept, found)?;
            if cosigned && !found.cosigned {
                self.cosign(known, size, note)?;
            }
            return Ok(Kept::Known);
        }
        let other = self.roots.get(&size).and_then(|notes| notes.first()).copied();
        let room = match other {
            Some(_) => self.has_room_to_contradict(size),
            None if cosigned => self.make_room_for_cosigned(known)?,
            None => self.make_room_for_uncosigned(known, size)?,
        };
        if !room {
            return Ok(Kept::Known);
        }
        let file = folder.join(note.name(size));
        disk::write(&file, kept.to_string().as_bytes())?;
        self.roots.entry(size).or_default().push(note);
        Ok(match other {
            None => Kept::New,
            Some(other) => Kept::Contradicts([folder.join(other.name(size)), file]),
        })
    }

    /// Takes note that a note which is there was cosigned.
    fn cosign(&mut self, known: Known<'_>, size: u64, cosigned: Note) -> Result<(), DiskError> {
        self.make_room_for_cosigned(known)?;
        let from = known.folder.join(Note { cosigned: false, ..cosigned }.name(size));
        let to = known.folder.join(cosigned.name(size));
        std::fs::rename(&from, to).map_err(failed("rename", &from))?;
        let notes = self.roots.entry(size).or_default();
        notes.retain(|note| note.root != cosigned.root);
        notes.push(cosigned);
        Ok(())
    }

    /// Writes the proof that a key of the log signed another root of a note's size than the note
    /// has, be the note kept or not, if there is none of that size yet. Returns its file.
    ///
    /// # Errors
    ///
    /// Fails as the file system does.
    pub(super) fn prove(
        &mut self,
        known: Known<'_>,
        note: &Checkpoint,
    ) -> Result<Option<PathBuf>, DiskError> {
        if self.proofs.has(note.size(), note.size()) {
            return Ok(None);
        }
        for other in self.others(known, note.size(), &note.root()) {
            let kept = self.proofs.keep(known.folder, known.vkeys, [&other, note], None)?;
            if kept.is_some() {
                return Ok(kept);
            }
        }
        Ok(None)
    }

    /// Writes the proofs that are missing of what is kept.
    ///
    /// # Errors
    ///
    /// Fails as the file system does.
    pub(super) fn prove_kept(&mut self, known: Known<'_>) -> Result<(), DiskError> {
        let several = self.roots.iter().filter(|(_, notes)| notes.len() > 1);
        let files = several.flat_map(|(size, notes)| notes.iter().map(|note| note.name(*size)));
        let files: Vec<PathBuf> = files.map(|name| known.folder.join(name)).collect();
        files.iter().filter_map(|file| read(file)).try_for_each(|note| {
            self.prove(known, &note)?;
            Ok(())
        })
    }

    /// Writes the proof that the log signed another root of the old size than the one that its new
    /// checkpoint has there, if a request tells so. Returns its file.
    ///
    /// # Errors
    ///
    /// Fails as the file system does.
    pub(super) fn prove_across(
        &mut self,
        known: Known<'_>,
        asked: &Consistency,
    ) -> Result<Option<PathBuf>, DiskError> {
        let Some(grown) = asked.grown() else {
            return Ok(None);
        };
        if self.proofs.has(asked.old, asked.checkpoint.size()) {
            return Ok(None);
        }
        let new = asked.checkpoint.signed_only_by(known.vkeys);
        for old in self.others(known, asked.old, &grown.root) {
            let both = [&old, &new];
            let kept = self.proofs.keep(known.folder, known.vkeys, both, Some(&grown))?;
            if kept.is_some() {
                return Ok(kept);
            }
        }
        Ok(None)
    }

    /// Reads the notes of a size that have another root than `root`, as far as they can be read,
    /// and what was cosigned last, as it is remembered.
    fn others(&self, known: Known<'_>, size: u64, root: &Hash) -> Vec<Checkpoint> {
        let notes = self.roots.get(&size).map_or(&[][..], Vec::as_slice);
        let other = notes.iter().filter(|note| note.root != *root);
        let mut others: Vec<_> =
            other.filter_map(|note| read(&known.folder.join(note.name(size)))).collect();
        let latest = known.latest.filter(|latest| latest.size() == size && latest.root() != *root);
        others.extend(latest.map(|latest| latest.signed_only_by(known.vkeys)));
        others
    }

    /// Returns the sizes and file names of the proofs that the log signed two histories.
    pub(super) fn proofs(&self) -> impl Iterator<Item = (u64, u64, String)> {
        self.proofs.all()
    }

    /// Returns how many notes there are.
    pub(super) fn notes(&self) -> usize {
        self.roots.values().map(Vec::len).sum()
    }

    /// Returns the sizes with more than one root, each with the names of its notes.
    pub(super) fn contradictions(&self) -> impl Iterator<Item = (u64, Vec<String>)> {
        let several = self.roots.iter().filter(|(_, notes)| notes.len() > 1);
        several.map(|(size, notes)| (*size, notes.iter().map(|note| note.name(*size)).collect()))
    }

    /// Returns whether notes that were not cosigned found no room, or were let go of.
    pub(super) fn is_crowded(&self) -> bool {
        self.crowded
    }

    fn found(&self, size: u64, root: Hash) -> Option<Note> {
        self.roots.get(&size)?.iter().find(|note| note.root == root).copied()
    }

    fn has_room_to_contradict(&self, size: u64) -> bool {
        let several = self.roots.values().map(Vec::len).filter(|roots| *roots > 1);
        let roots = self.roots.get(&size).map_or(0, Vec::len);
        roots < ROOTS_MAX && several.sum::<usize>() < CONTRADICTING_MAX
    }

    /// Returns the sizes with one root, cosigned or not, from the smallest on.
    fn singles(&self, cosigned: bool) -> impl Iterator<Item = u64> {
        let single = move |notes: &[Note]| notes.len() == 1 && notes[0].cosigned == cosigned;
        self.roots.iter().filter(move |(_, notes)| single(notes)).map(|(size, _)| *size)
    }

    /// Lets go of the smallest of too many that were cosigned: what was cosigned later holds them.
    fn make_room_for_cosigned(&mut self, known: Known<'_>) -> Result<bool, DiskError> {
        let latest = known.latest.map(Checkpoint::size);
        let smallest = self.singles(true).find(|size| Some(*size) != latest);
        match smallest.filter(|_| self.singles(true).count() >= SINGLE_MAX) {
            Some(smallest) => self.let_go(known.folder, smallest).map(|()| true),
            None => Ok(true),
        }
    }

    /// Lets go of the farthest of too many that were not cosigned. Returns whether a note of `size`
    /// has room: it has to be nearer.
    fn make_room_for_uncosigned(&mut self, known: Known<'_>, size: u64) -> Result<bool, DiskError> {
        if self.singles(false).count() < SINGLE_MAX {
            return Ok(true);
        }
        self.crowded = true;
        let latest = known.latest.map_or(0, Checkpoint::size);
        let farthest = self.singles(false).max_by_key(|size| size.abs_diff(latest));
        let farther = farthest.filter(|other| other.abs_diff(latest) > size.abs_diff(latest));
        match farther {
            Some(farther) => self.let_go(known.folder, farther).map(|()| true),
            None => Ok(false),
        }
    }

    fn let_go(&mut self, folder: &Path, size: u64) -> Result<(), DiskError> {
        for note in self.roots.remove(&size).unwrap_or_default() {
            let file = folder.join(note.name(size));
            std::fs::remove_file(&file).map_err(failed("remove", &file))?;
        }
        Ok(())
    }
}

impl Note {
    /// Returns the name of its file.
    fn name(&self, size: u64) -> String {
        let ending = if self.cosigned { "" } else { UNCOSIGNED };
        format!("{size}-{}{ending}", self.root)
    }
}

/// Returns the size and the note that the name of a file tells.
fn parts(name: &str) -> Option<(u64, Note)> {
    let (size, root) = name.split_once('-')?;
    let uncosigned = root.strip_suffix(UNCOSIGNED);
    let note =
        Note { root: uncosigned.unwrap_or(root).parse().ok()?, cosigned: uncosigned.is_none() };
    Some((size.parse().ok()?, note))
}

/// Adds the lines of keys that had not signed a note which is there; what stands there and is
/// damaged is written anew.
fn join(known: Known<'_>, note: &Checkpoint, found: Note) -> Result<(), DiskError> {
    let file = known.folder.join(found.name(note.size()));
    let joined = match read(&file) {
        Some(mut there) => {
            if there.join(note, known.vkeys) == 0 || there.to_string().len() > NOTE_MAX {
                return Ok(());
            }
            there
        }
        None => note.clone(),
    };
    disk::write(&file, joined.to_string().as_bytes())
}

/// Reads a note, if it is there and is one.
fn read(file: &Path) -> Option<Checkpoint> {
    let note = disk::read_text(file, NOTE_MAX).ok()??;
    Checkpoint::of_any_log(&note).ok()
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use tally_ledger::key::PublicKey;

    use super::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn note(size: u64, root: &[u8]) -> Checkpoint {
        Checkpoint::sign(&"ledger.example".parse().unwrap(), size, Hash::of(root), &key(3))
    }

    fn vkeys() -> [Vkey; 1] {
        [Vkey::log(&"ledger.example".parse().unwrap(), PublicKey::from(&key(3)))]
    }

    fn file(folder: &Path, size: u64, root: &[u8], cosigned: bool) -> PathBuf {
        folder.join(Note { root: Hash::of(root), cosigned }.name(size))
    }

    #[test]
    fn each_room_is_bounded_and_takes_nothing_from_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let full = SINGLE_MAX as u64;
        // Two of one size, as many cosigned as there is room for, and others beyond them.
        for root in [&b"a"[..], b"b"] {
            std::fs::write(file(folder, 1, root, false), note(1, root).to_string()).unwrap();
        }
        for size in 2..full + 2 {
            std::fs::write(file(folder, size, b"c", true), "").unwrap();
            std::fs::write(file(folder, size + full, b"c", false), "").unwrap();
        }
        let mut seen = Seen::read(folder).unwrap();
        assert_eq!(seen.notes(), 2 * SINGLE_MAX + 2);
        let (vkeys, latest) = (vkeys(), note(full + 1, b"c"));
        let known = Known { folder, vkeys: &vkeys, latest: Some(&latest) };
        let mut keep = |size, root: &[u8], cosigned| {
            let kept = seen.keep(known, &note(size, root), cosigned).unwrap();
            (kept, seen.is_crowded())
        };
        assert_eq!(keep(1, b"a", false), (Kept::Known, false));
        let (Kept::Contradicts(files), false) = keep(1, b"d", false) else { panic!("a third") };
        assert!(files.iter().all(|file| file.is_file()));
        // Of what was not cosigned the nearest stay, and of what was the largest.
        assert_eq!(keep(1 << 40, b"c", false), (Kept::Known, true));
        assert!(file(folder, 2 * full + 1, b"c", false).is_file());
        assert_eq!(keep(2 * full, b"c", true), (Kept::Known, true));
        assert!(!file(folder, 2, b"c", true).exists() && file(folder, 3, b"c", true).is_file());
        assert_eq!(keep(3 * full, b"c", false), (Kept::New, true));
        assert_eq!(keep(2 * full + 7, b"c", false), (Kept::New, true));
        assert!(!file(folder, 3 * full, b"c", false).exists());
        let read = Seen::read(folder).unwrap();
        assert_eq!((read.notes(), read.contradictions().count()), (2 * SINGLE_MAX + 3, 1));
        assert_eq!(read.singles(true).count(), SINGLE_MAX);
    }

    #[test]
    fn what_was_refused_first_and_cosigned_then_is_among_what_was_cosigned() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let (vkeys, latest) = (vkeys(), note(9, b"a"));
        let known = Known { folder, vkeys: &vkeys, latest: None };
        let mut seen = Seen::default();
        assert_eq!(seen.keep(known, &latest, false).unwrap(), Kept::New);
        // One that was stored while its note could not be is made up for by the next.
        let known = Known { latest: Some(&latest), ..known };
        assert_eq!(seen.keep(known, &note(5, b"b"), false).unwrap(), Kept::New);
        assert_eq!(seen.keep(known, &note(5, b"b"), true).unwrap(), Kept::Known);
        for (size, root) in [(9, b"a"), (5, b"b")] {
            assert!(file(folder, size, root, true).is_file());
            assert!(!file(folder, size, root, false).exists());
        }
        assert_eq!(Seen::read(folder).unwrap().singles(true).collect::<Vec<_>>(), [5, 9]);
    }

    #[test]
    fn the_roots_of_one_size_are_bounded_and_what_is_not_kept_is_proven() {
        let folder = tempfile::tempdir().unwrap();
        let vkeys = vkeys();
        let known = Known { folder: folder.path(), vkeys: &vkeys, latest: None };
        let mut seen = Seen::default();
        for n in 0..20_u8 {
            seen.keep(known, &note(1, &[n]), false).unwrap();
        }
        assert_eq!(seen.notes(), ROOTS_MAX);
        assert!(seen.prove(known, &note(1, &[20])).unwrap().unwrap().is_file());
    }
}
