//! What is read for an advance and verified before anything of it is served.

use tally_ledger::equivocation::Grown;
use tally_ledger::hash::Hash;
use tally_ledger::note::Checkpoint;
use tally_ledger::tree::Tree;

use super::verified::Verified;
use super::{MirrorError, PathBuf, Sync};
use crate::disk;
use crate::history::{self, Folders, History};
use crate::published::ReadError;

/// What part of the bytes that the entries may have the earlier checkpoints may have: they are held
/// in memory.
const HISTORY_SHARE: u64 = 64;
/// What they may have in any case, in bytes.
const HISTORY_LEAST: u64 = 1024 * 1024;

/// The files of an advance.
pub(super) struct Candidate {
    pub(super) history: History,
    /// Those of the same size and larger, which were left by a publication that was interrupted.
    beyond: Vec<Checkpoint>,
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
        let here = [self.held.public.as_path(), incoming.as_path()];
        let folders = Folders { from: if keep { &here } else { &[] }, to: Some(&incoming) };
        let most = HISTORY_LEAST.max(self.limits.bytes / HISTORY_SHARE);
        let mut history =
            history::read(self.place, theirs, folders, most).map_err(|e| match e {
                ReadError::TooLarge { what, found, most, .. } => {
                    MirrorError::TooLarge { what, found, most }
                }
                other => other.into(),
            })?;
        let smaller = history.checkpoints.partition_point(|it| it.size() < theirs.size());
        let beyond = history.checkpoints.split_off(smaller);
        let reused = self.fetch(theirs, from, keep)? || history.reused;
        let verified = self.verify(theirs, &history.checkpoints, from);
        Ok(Candidate { history, beyond, reused, verified })
    }

    /// Keeps the proof that an earlier checkpoint contradicts the published one, if a known key
    /// signed both. It rests on the entries alone, whatever else is wrong with them.
    pub(super) fn contradicted(
        &self,
        read: &Candidate,
        theirs: &Checkpoint,
        from: u64,
    ) -> Result<Option<PathBuf>, MirrorError> {
        for same in read.beyond.iter().filter(|it| it.size() == theirs.size()) {
            if let Some(proof) = self.prove(same, theirs, None)? {
                return Ok(Some(proof));
            }
        }
        if !matches!(read.verified, Err(MirrorError::Broken { .. } | MirrorError::Damaged { .. })) {
            return Ok(None);
        }
        let mut tree = Tree::default();
        for entry in self.entries(theirs.size(), from) {
            let Ok(entry) = entry else { return Ok(None) };
            tree.push(Hash::leaf(&entry));
        }
        if tree.root(theirs.size()) != Some(theirs.root()) {
            return Ok(None);
        }
        for earlier in &read.history.checkpoints {
            let size = earlier.size();
            let (Some(root), Some(proof)) =
                (tree.root(size), tree.consistency(size, theirs.size()))
            else {
                continue;
            };
            let grown = Grown { root, proof };
            if root != earlier.root()
                && let Some(proof) = self.prove(earlier, theirs, Some(&grown))?
            {
                return Ok(Some(proof));
            }
        }
        Ok(None)
    }
}
