//! What is read for an advance and verified before anything of it is served.

use tally_ledger::equivocation::Grown;
use tally_ledger::hash::Hash;
use tally_ledger::note::{Checkpoint, Signed};
use tally_ledger::tree::Tree;

use super::earlier::Earlier;
use super::verified::Verified;
use super::{MirrorError, PathBuf, Sync};
use crate::disk;
use crate::history::{self, Folders, History};
use crate::place::Place;
use crate::published::ReadError;

/// What part of the bytes that the entries may have the earlier checkpoints may have: they are held
/// in memory.
const HISTORY_SHARE: u64 = 64;
/// What they may have in any case, in bytes.
const HISTORY_LEAST: u64 = 1024 * 1024;

/// The files of an advance.
pub(super) struct Candidate {
    pub(super) earlier: Earlier,
    /// Whether some of the files were not read from the place.
    pub(super) reused: bool,
    pub(super) verified: Result<Verified, MirrorError>,
}

impl Sync<'_> {
    /// Reads what an advance takes, and verifies it. With `keep` nothing is read that is here.
    pub(super) fn candidate(
        &self,
        theirs: &Checkpoint,
        from: u64,
        keep: bool,
    ) -> Result<Candidate, MirrorError> {
        let incoming = self.held.incoming();
        if !keep {
            disk::remove_dir(&incoming)?;
        }
        // What is served was verified, and is replaced only where the disk has damaged it.
        let own = self.own_history();
        let here = [self.held.public.as_path(), incoming.as_path()];
        let from_here = usize::from(own.is_err())..1 + usize::from(keep);
        let folders = Folders { from: &here[from_here], to: Some(&incoming) };
        let most = HISTORY_LEAST.max(self.limits.bytes / HISTORY_SHARE);
        let published = self.history(self.place, theirs, folders, most)?;
        let same = published.checkpoints.iter().find(|one| one.size() == theirs.size()).cloned();
        let reused = published.reused;
        let mends = own.is_err();
        let own = own.unwrap_or_else(|_| self.own_alone());
        let mut earlier = Earlier::of(&own, &published, theirs.size(), &self.keys(), most);
        earlier.mends = mends;
        let found = earlier.bytes();
        if found > most {
            let what = "bytes of earlier checkpoints";
            return Err(MirrorError::TooLarge { what, found, most });
        }
        let differs = same.filter(|same| same.text() != theirs.text());
        earlier.conflicts.extend(differs.map(|same| (same, theirs.clone())));
        let reused = self.fetch(theirs, from, keep)? || reused;
        let mut verified = self.verify(theirs, &earlier.checkpoints, from);
        if let Some((one, _)) = earlier.conflicts.first() {
            let reason = format!("two checkpoints of {} entries have different roots", one.size());
            verified = Err(MirrorError::Broken { reason });
        }
        Ok(Candidate { earlier, reused, verified })
    }

    fn history(
        &self,
        place: &Place,
        last: &Checkpoint,
        folders: Folders<'_>,
        most: u64,
    ) -> Result<History, MirrorError> {
        let read = history::read(place, last, folders, most, || self.check_time());
        read.map_err(|e| match e {
            MirrorError::Read(ReadError::TooLarge { what, found, most, .. }) => {
                MirrorError::TooLarge { what, found, most }
            }
            other => other,
        })
    }

    /// Returns the checkpoints that the mirror serves, the last one included as it was published.
    ///
    /// # Errors
    ///
    /// Fails if its files are damaged.
    pub(super) fn own_history(&self) -> Result<History, MirrorError> {
        let Some(own) = &self.own else {
            return Ok(History::default());
        };
        let read = self.history(&self.local()?, own, Folders { from: &[], to: None }, u64::MAX);
        let mut history = read.map_err(|e| self.damaged(&e))?;
        history.checkpoints.retain(|one| one.size() < own.size());
        let keys = self.keys();
        for one in &history.checkpoints {
            if keys.iter().any(|key| one.signed_by(key) == Signed::Broken) {
                let size = one.size();
                return Err(self.damaged(&format!("its checkpoint of size {size} does not hold")));
            }
        }
        history.checkpoints.extend(self.own_alone().checkpoints);
        Ok(history)
    }

    /// Returns the last checkpoint alone.
    pub(super) fn own_alone(&self) -> History {
        let own = self.own.iter().map(|own| own.not_signed_by(&self.held.vkey)).collect();
        History { checkpoints: own, ..History::default() }
    }

    /// Keeps the proof that an earlier checkpoint contradicts the published one or one that the
    /// mirror has, if a known key signed both. It rests on the entries alone, whatever else is
    /// wrong with them.
    pub(super) fn contradicted(
        &self,
        read: &Candidate,
        theirs: &Checkpoint,
        from: u64,
    ) -> Result<Option<PathBuf>, MirrorError> {
        for (one, other) in &read.earlier.conflicts {
            if let Some(proof) = self.prove(one, other, None)? {
                return Ok(Some(proof));
            }
        }
        if !matches!(read.verified, Err(MirrorError::Broken { .. } | MirrorError::Damaged { .. })) {
            return Ok(None);
        }
        let Some(tree) = self.tree(theirs.size(), from) else {
            return Ok(None);
        };
        if tree.root(theirs.size()) != Some(theirs.root()) {
            return Ok(None);
        }
        for earlier in &read.earlier.checkpoints {
            let Some(grown) = grown(&tree, earlier.size(), theirs.size()) else {
                continue;
            };
            if grown.root != earlier.root()
                && let Some(proof) = self.prove(earlier, theirs, Some(&grown))?
            {
                return Ok(Some(proof));
            }
        }
        Ok(None)
    }

    /// Returns the tree of the first `size` entries as they stand on the disk, if they do.
    pub(super) fn tree(&self, size: u64, from: u64) -> Option<Tree> {
        let mut tree = Tree::default();
        for entry in self.entries(size, from) {
            tree.push(Hash::leaf(&entry.ok()?));
        }
        Some(tree)
    }
}

/// Returns the root of the first `small` entries with the proof that the first `large` extend them.
pub(super) fn grown(tree: &Tree, small: u64, large: u64) -> Option<Grown> {
    Some(Grown { root: tree.root(small)?, proof: tree.consistency(small, large)? })
}
