//! What is read for an advance and verified before anything of it is served.

use tally_ledger::equivocation::Grown;
use tally_ledger::hash::Hash;
use tally_ledger::note::Checkpoint;
use tally_ledger::tree::Tree;

use super::earlier::Earlier;
use super::verified::Verified;
use super::{MirrorError, PathBuf, Sync};
use crate::disk;

/// What was read for an advance.
pub(super) enum Candidate {
    /// The proof of two histories, found before anything was fetched.
    Proof(PathBuf),
    /// The files of an advance.
    Files(Box<Files>),
}

/// The files of an advance.
pub(super) struct Files {
    pub(super) earlier: Earlier,
    /// Whether some of the files were not read from the place.
    reused: bool,
    pub(super) verified: Result<Verified, MirrorError>,
}

impl Files {
    fn is_broken(&self) -> bool {
        matches!(self.verified, Err(MirrorError::Broken { .. }))
    }
}

impl Sync<'_> {
    /// Reads what an advance takes, and verifies it. Where it does not hold, that may be for what
    /// an interrupted sync left, or for what the disk did to the mirror's own files: so it is then
    /// read from the place alone.
    pub(super) fn read(&self, theirs: &Checkpoint, from: u64) -> Result<Candidate, MirrorError> {
        let mut read = self.candidate(theirs, from, false, true)?;
        if matches!(&read, Candidate::Files(files) if files.is_broken() && files.reused) {
            read = self.candidate(theirs, from, true, true)?;
        }
        if matches!(&read, Candidate::Files(files) if files.is_broken()) && self.own.is_some() {
            let without = self.candidate(theirs, from, false, false)?;
            if matches!(&without, Candidate::Files(files) if files.verified.is_ok()) {
                self.set_tail_aside()?;
                read = without;
            }
        }
        Ok(read)
    }

    fn candidate(
        &self,
        theirs: &Checkpoint,
        from: u64,
        anew: bool,
        with_own: bool,
    ) -> Result<Candidate, MirrorError> {
        if anew {
            disk::remove_dir(&self.held.incoming())?;
        }
        let published = self.published(theirs)?;
        let earlier = self.earlier(&published, theirs, with_own)?;
        for (one, other) in &earlier.conflicts {
            if let Some(proof) = self.prove(one, other, None)? {
                return Ok(Candidate::Proof(proof));
            }
        }
        let shown = published.iter();
        let beyond = shown.clone().filter(|one| one.size() > theirs.size());
        if let Some(proof) = self.keep_seen(beyond)? {
            return Ok(Candidate::Proof(proof));
        }
        let fetched = self.fetch(theirs, from, !anew);
        if fetched.is_err()
            && let Some(proof) = self.keep_seen(shown.clone())?
        {
            return Ok(Candidate::Proof(proof));
        }
        let reused = fetched?;
        let mut verified = self.verify(theirs, &earlier.checkpoints, from);
        if let Some((one, _)) = earlier.conflicts.first() {
            let reason = format!("two checkpoints of {} entries have different roots", one.size());
            verified = Err(MirrorError::Broken { reason });
        }
        if verified.is_err()
            && let Some(proof) = self.keep_seen(shown)?
        {
            return Ok(Candidate::Proof(proof));
        }
        Ok(Candidate::Files(Box::new(Files { earlier, reused, verified })))
    }

    /// Keeps the proof that an earlier checkpoint contradicts the published one or one that the
    /// mirror has, if a known key signed both. It rests on the entries alone, whatever else is
    /// wrong with them.
    pub(super) fn contradicted(
        &self,
        read: &Files,
        theirs: &Checkpoint,
        from: u64,
    ) -> Result<Option<PathBuf>, MirrorError> {
        if !matches!(read.verified, Err(MirrorError::Broken { .. } | MirrorError::Damaged { .. })) {
            return Ok(None);
        }
        let Some(tree) = self.tree(theirs.size(), from) else {
            return Ok(None);
        };
        if tree.root(theirs.size()) != Some(theirs.root()) {
            return Ok(None);
        }
        let (all, of_tree) = (&read.earlier.checkpoints, |one: &&Checkpoint| {
            tree.root(one.size()) == Some(one.root())
        });
        let holds: Vec<Checkpoint> = all.iter().filter(of_tree).cloned().collect();
        for earlier in all.iter().filter(|one| !of_tree(one)) {
            if let Some(proof) = self.prove_against(earlier, theirs, &holds, &tree)? {
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
