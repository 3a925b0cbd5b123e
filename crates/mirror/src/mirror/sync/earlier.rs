//! The earlier checkpoints that a mirror serves: those that it has and those that are published, in
//! one file.
//!
//! Of the keys that the mirror knows, the log's and those of its policy, it keeps one line each for
//! good, whatever a place shows later: they tell when each entry was seen. Lines of others cannot
//! be checked; they are served as long as the place shows them.

use tally_ledger::note::{Checkpoint, Vkey};

use super::{MirrorError, Sync};
use crate::disk;
use crate::history::{self, Folders, TAIL, TAIL_BYTES_MAX};
use crate::published::ReadError;

/// What part of the bytes that the entries may have the earlier checkpoints may have: they are held
/// in memory.
const HISTORY_SHARE: u64 = 64;
/// What they may have in any case, in bytes.
const HISTORY_LEAST: u64 = 1024 * 1024;

/// The earlier checkpoints of an advance.
pub(super) struct Earlier {
    /// All of them, ascending in size.
    pub(super) checkpoints: Vec<Checkpoint>,
    /// Those of one size that the mirror has and that are published, and that differ.
    pub(super) conflicts: Vec<(Checkpoint, Checkpoint)>,
}

impl Earlier {
    /// Returns the file that holds them; `None` if there are none.
    pub(super) fn tail(&self) -> Option<String> {
        (!self.checkpoints.is_empty()).then(|| history::tail_text(&self.checkpoints))
    }
}

impl Sync<'_> {
    /// Joins the checkpoints that the mirror has, if `with_own`, with those that are published, up
    /// to that of `theirs`.
    pub(super) fn earlier(
        &self,
        published: &[Checkpoint],
        theirs: &Checkpoint,
        with_own: bool,
    ) -> Result<Earlier, MirrorError> {
        let mut keys = self.keys();
        keys.push(self.held.vkey.clone());
        let own = if with_own { self.own_history() } else { self.own_alone() };
        let mut conflicts = Vec::new();
        let mut all: Vec<Checkpoint> =
            own.iter().map(|own| lines(Some(own), None, &keys)).collect();
        for one in published.iter().filter(|one| one.size() <= theirs.size()) {
            let at = all.binary_search_by_key(&one.size(), Checkpoint::size);
            let own = at.ok().map(|at| &all[at]);
            let other = own.or_else(|| (one.size() == theirs.size()).then_some(theirs));
            if let Some(other) = other.filter(|other| other.text() != one.text()) {
                conflicts.push((other.clone(), one.clone()));
            } else if one.size() < theirs.size() {
                let joined = lines(own, Some(one), &keys);
                match at {
                    Ok(at) => all[at] = joined,
                    Err(at) => all.insert(at, joined),
                }
            }
        }
        let bytes = |all: &[Checkpoint]| history::tail_text(all).len() as u64;
        if bytes(&all) > TAIL_BYTES_MAX {
            all = all.iter().map(|one| one.signed_only_by(&keys)).collect();
        }
        let (found, most) = (bytes(&all), TAIL_BYTES_MAX);
        if found > most {
            let what = "bytes of earlier checkpoints";
            return Err(MirrorError::TooLarge { what, found, most });
        }
        Ok(Earlier { checkpoints: all, conflicts })
    }

    /// Reads the published checkpoints, all of them from the place: what it showed once may be what
    /// nobody else is shown.
    pub(super) fn published(&self, theirs: &Checkpoint) -> Result<Vec<Checkpoint>, MirrorError> {
        let most = HISTORY_LEAST.max(self.limits.bytes / HISTORY_SHARE);
        let folders = Folders::default();
        let read = history::read(self.place, theirs, folders, most, || self.check_time());
        read.map_err(|e| match e {
            MirrorError::Read(ReadError::TooLarge { what, found, most, .. }) => {
                MirrorError::TooLarge { what, found, most }
            }
            other => other,
        })
    }

    /// Returns the checkpoints that the mirror serves, the last one included as it was published.
    /// Those that the disk has damaged are left out.
    pub(super) fn own_history(&self) -> Vec<Checkpoint> {
        let Some(own) = self.last() else {
            return Vec::new();
        };
        let none = Folders::default();
        let read = self
            .local()
            .map(|local| history::read::<MirrorError>(&local, own, none, u64::MAX, || Ok(())));
        let mut held = read.and_then(|read| read).unwrap_or_default();
        held.retain(|one| one.size() < own.size());
        held.extend(self.own_alone());
        held
    }

    /// Returns the last checkpoint alone.
    fn own_alone(&self) -> Vec<Checkpoint> {
        self.last().iter().map(|own| own.not_signed_by(&self.held.vkey)).collect()
    }

    /// Sets aside a file of earlier checkpoints that does not hold any more.
    pub(super) fn set_tail_aside(&self) -> Result<(), MirrorError> {
        Ok(disk::set_aside(&self.held.public.join(TAIL), &self.held.state_dir)?)
    }
}

/// Returns a checkpoint with one line of each of `keys` that holds, of those it had first, and with
/// the lines of others that are shown now, if it is.
pub(super) fn lines(
    own: Option<&Checkpoint>,
    theirs: Option<&Checkpoint>,
    keys: &[Vkey],
) -> Checkpoint {
    let mut known = theirs.or(own).expect("one of them is there").signed_only_by(&[]);
    for from in [own, theirs].into_iter().flatten() {
        known.join(from, keys);
    }
    let Some(shown) = theirs else {
        return known;
    };
    let others = keys.iter().fold(shown.clone(), |others, key| others.not_signed_by(key));
    known.joined(&others, keys).unwrap_or(known)
}
