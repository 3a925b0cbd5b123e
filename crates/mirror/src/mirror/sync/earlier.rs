//! The earlier checkpoints that a mirror serves: those that it has, and those that are published.
//!
//! None that it has is ever lost because a place does not show it any more, nor is a signature:
//! they are what tells when each entry was seen.

use tally_ledger::note::{Checkpoint, Vkey};

use crate::history::{self, History};

/// Whose signatures are taken over. Where there is no room for all, those that anybody can add are
/// let go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Take {
    /// All that are published.
    All,
    /// None for a checkpoint that the mirror has.
    New,
    /// Of new ones those of known keys alone.
    Known,
    /// Those of known keys alone.
    Least,
}

/// The earlier checkpoints of an advance.
#[derive(Default)]
pub(super) struct Earlier {
    /// All of them, ascending in size.
    pub(super) checkpoints: Vec<Checkpoint>,
    /// The paths of the full files.
    pub(super) full: Vec<String>,
    /// The size of the last checkpoint in the full files.
    last: u64,
    /// Whether full files that are served take the place of damaged ones.
    pub(super) mends: bool,
    /// Those of one size that the mirror has and that are published, and that differ.
    pub(super) conflicts: Vec<(Checkpoint, Checkpoint)>,
}

impl Earlier {
    /// Joins those that the mirror has, which are of fewer entries than `size`, with those that are
    /// published, in at most `most` bytes if that can be. What is published beyond is left for
    /// later.
    pub(super) fn of(
        own: &History,
        published: &History,
        size: u64,
        keys: &[Vkey],
        most: u64,
    ) -> Self {
        let mut joined = Self::default();
        for take in [Take::All, Take::New, Take::Known, Take::Least] {
            joined = Self::taking(take, own, published, size, keys);
            if joined.bytes() <= most {
                break;
            }
        }
        joined
    }

    fn taking(take: Take, own: &History, published: &History, size: u64, keys: &[Vkey]) -> Self {
        let within = |history: &History| {
            history.full.iter().take_while(|(_, last)| *last < size).cloned().collect::<Vec<_>>()
        };
        let (ours, theirs) = (within(own), within(published));
        let full = if ours.len() > theirs.len() { ours } else { theirs };
        let last = full.last().map_or(0, |(_, last)| *last);
        let known = |least, one: &Checkpoint| {
            if least { one.signed_only_by(keys) } else { one.clone() }
        };
        let mut earlier = Self {
            checkpoints: own
                .checkpoints
                .iter()
                .map(|one| known(take == Take::Least, one))
                .collect(),
            full: full.into_iter().map(|(path, _)| path).collect(),
            last,
            mends: false,
            conflicts: Vec::new(),
        };
        let least = matches!(take, Take::Known | Take::Least);
        for one in published.checkpoints.iter().filter(|one| one.size() < size) {
            earlier.add(known(least, one), take == Take::All, keys);
        }
        earlier
    }

    fn add(&mut self, one: Checkpoint, join: bool, keys: &[Vkey]) {
        match self.checkpoints.binary_search_by_key(&one.size(), Checkpoint::size) {
            Err(at) => self.checkpoints.insert(at, one),
            Ok(at) => match self.checkpoints[at].joined(&one, keys) {
                Some(joined) if join => self.checkpoints[at] = joined,
                Some(_) => {}
                None => self.conflicts.push((self.checkpoints[at].clone(), one)),
            },
        }
    }

    /// Returns how many bytes all of them have.
    pub(super) fn bytes(&self) -> u64 {
        self.checkpoints.iter().map(|one| one.to_string().len() as u64 + 1).sum()
    }

    /// Returns the file that says how many full files there are and holds the checkpoints after
    /// them; `None` if there are none at all.
    pub(super) fn tail(&self) -> Option<String> {
        let after = self.checkpoints.partition_point(|one| one.size() <= self.last);
        let any = !self.full.is_empty() || !self.checkpoints.is_empty();
        any.then(|| history::tail_text(self.full.len(), &self.checkpoints[after..]))
    }
}
