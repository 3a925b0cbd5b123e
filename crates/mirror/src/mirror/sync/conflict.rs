//! Two histories of one log: the proof, wherever one key signed both.

use std::path::PathBuf;

use tally_ledger::equivocation::{Equivocation, Grown};
use tally_ledger::note::{Checkpoint, Signed, Vkey};

use super::candidate::grown;
use super::{MirrorError, Sync, Synced};
use crate::remote_tree::RemoteTree;

impl Sync<'_> {
    /// Keeps the proof that one key signed `own`, or an earlier checkpoint of the same history, and
    /// `theirs`, which is of another. `grown` is what the larger has at the size of the smaller.
    pub(super) fn two_histories(
        &mut self,
        own: &Checkpoint,
        theirs: &Checkpoint,
        grown: Option<&Grown>,
    ) -> Result<Synced, MirrorError> {
        let mut proof = self.prove(own, theirs, grown)?;
        if proof.is_none() {
            proof = self.prove_by_earlier(theirs)?;
        }
        if let Some(proof) = proof {
            return Ok(Synced::Equivocation { proof, new: true });
        }
        let reason = format!(
            "the checkpoint of size {} is of another history, and no known key signed both",
            theirs.size()
        );
        Err(MirrorError::Broken { reason })
    }

    /// Keeps the proof that a known key signed two checkpoints, if they contradict each other.
    pub(super) fn prove(
        &self,
        one: &Checkpoint,
        other: &Checkpoint,
        grown: Option<&Grown>,
    ) -> Result<Option<PathBuf>, MirrorError> {
        let between = |key: &Vkey| {
            Equivocation::between(key.clone(), one.clone(), other.clone(), grown.cloned()).ok()
        };
        let proof = self.live.iter().chain(&self.retired).find_map(between);
        proof.map(|proof| self.held.keep_equivocation(&proof)).transpose()
    }

    /// Where the key was replaced in between, an earlier checkpoint that is held has the signature
    /// of the same key. Of those of each key the nearest on either side decide: if they are of the
    /// same history as `theirs`, so are the others.
    fn prove_by_earlier(&self, theirs: &Checkpoint) -> Result<Option<PathBuf>, MirrorError> {
        let held = self.own_history();
        let size = theirs.size();
        let signed = |one: &Checkpoint, key| matches!(one.signed_by(key), Signed::Holds(_));
        for key in self.live.iter().chain(&self.retired).filter(|key| signed(theirs, key)) {
            let by_key = || held.iter().filter(|one| signed(one, key));
            if let Some(before) = by_key().rfind(|one| one.size() <= size) {
                let grown = RemoteTree::of(self.place, theirs).grown(before.size());
                if let Ok(grown) = grown
                    && let Some(proof) = self.prove(before, theirs, Some(&grown))?
                {
                    return Ok(Some(proof));
                }
            }
            if let Some(after) = by_key().find(|one| one.size() > size)
                && let Some(tree) =
                    self.own.as_ref().and_then(|own| self.tree(own.size(), own.size()))
                && let Some(grown) = grown(&tree, size, after.size())
                && let Some(proof) = self.prove(theirs, after, Some(&grown))?
            {
                return Ok(Some(proof));
            }
        }
        Ok(None)
    }
}
