//! Checkpoints that a key of the log signed and that the mirror could not take: their entries were
//! not to be had, or did not hold. Each is held against the ledger once it has grown so far, so
//! that a log cannot show a history to one and deny it.

use std::path::PathBuf;

use tally_ledger::note::{Checkpoint, Signed};
use tally_ledger::tree::Tree;

use super::candidate::grown;
use super::verified::Verified;
use super::{MirrorError, Sync};

/// How many are kept at most; of more, those of the most entries are let go.
const SEEN_MAX: usize = 1000;
const SEEN_BYTES_MAX: usize = 512 * 1024;

impl Sync<'_> {
    /// Keeps checkpoints that could not be taken, those that a known key signed, and returns the
    /// proof of two histories if one contradicts another of the same size.
    pub(super) fn keep_seen<'c>(
        &self,
        shown: impl IntoIterator<Item = &'c Checkpoint>,
    ) -> Result<Option<PathBuf>, MirrorError> {
        let keys: Vec<_> = self.live.iter().chain(&self.retired).cloned().collect();
        let mut seen = self.held.seen()?;
        let before = seen.clone();
        for shown in shown {
            let mut note = shown.signed_only_by(&[]);
            if note.join(shown, &keys) == 0 {
                continue;
            }
            let from = seen.partition_point(|other| other.size() < note.size());
            let same = seen[from..].iter().take_while(|other| other.size() == note.size());
            let same: Vec<Checkpoint> = same.cloned().collect();
            if same.contains(&note) {
                continue;
            }
            for other in &same {
                if let Some(proof) = self.prove(other, &note, None)? {
                    return Ok(Some(proof));
                }
            }
            seen.insert(from, note);
        }
        let mut room = SEEN_BYTES_MAX;
        let fit = seen.iter().take_while(|note| {
            let length = note.to_string().len();
            let fits = length <= room;
            room = room.saturating_sub(length);
            fits
        });
        let fit = fit.count().min(SEEN_MAX);
        seen.truncate(fit);
        if seen != before {
            self.held.keep_seen(&seen)?;
        }
        Ok(None)
    }

    /// Holds what was kept against the verified ledger of `theirs`, lets go of what is of the same
    /// history, and returns the proof of two histories if one is of another.
    pub(super) fn settle_seen(
        &self,
        verified: &Verified,
        theirs: &Checkpoint,
        earlier: &[Checkpoint],
    ) -> Result<Option<PathBuf>, MirrorError> {
        let seen = self.held.seen()?;
        let mut left = Vec::new();
        for note in &seen {
            let root = verified.tree.root(note.size());
            if root == Some(note.root()) {
                continue;
            }
            if root.is_some()
                && let Some(proof) = self.prove_against(note, theirs, earlier, &verified.tree)?
            {
                return Ok(Some(proof));
            }
            left.push(note.clone());
        }
        if left.len() < seen.len() {
            self.held.keep_seen(&left)?;
        }
        Ok(None)
    }

    /// Keeps the proof that a key signed `note` and a checkpoint of the history of `tree`.
    pub(super) fn prove_against(
        &self,
        note: &Checkpoint,
        theirs: &Checkpoint,
        earlier: &[Checkpoint],
        tree: &Tree,
    ) -> Result<Option<PathBuf>, MirrorError> {
        let signed = |one: &Checkpoint, key| matches!(one.signed_by(key), Signed::Holds(_));
        for key in self.live.iter().chain(&self.retired).filter(|key| signed(note, key)) {
            let mut larger = earlier.iter().chain([theirs]).filter(|it| it.size() >= note.size());
            let Some(one) = larger.find(|one| signed(one, key)) else {
                continue;
            };
            let grown = grown(tree, note.size(), one.size());
            if let Some(proof) = self.prove(note, one, grown.as_ref())? {
                return Ok(Some(proof));
            }
        }
        Ok(None)
    }
}
