//! Why a mirror cannot do what was asked.

use std::path::PathBuf;

use tally_ledger::note::NoteError;

use super::Condition;
use crate::disk::DiskError;
use crate::place::PlaceError;
use crate::published::ReadError;
use crate::remote_tree::TreeError;

/// Why a mirror cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// The folder is no mirror.
    #[error("{} is no mirror: {reason}", dir.display())]
    NoMirror {
        /// The folder.
        dir: PathBuf,
        /// Why.
        reason: String,
    },
    /// There is something already.
    #[error("{} is there already", path.display())]
    There {
        /// The file or folder.
        path: PathBuf,
    },
    /// Another process works on the mirror.
    #[error("{} is locked by process {}", dir.display(), holder.as_deref().unwrap_or("unknown"))]
    Locked {
        /// The folder.
        dir: PathBuf,
        /// The id of that process, if it said.
        holder: Option<String>,
    },
    /// The key is not that of the mirror.
    #[error("the key is {found}, the mirror's is {expected}")]
    OtherKey {
        /// The vkey of the key.
        found: String,
        /// The mirror's.
        expected: String,
    },
    /// The mirror does not follow the ledger.
    #[error("the mirror does not follow {origin}")]
    NotFollowed {
        /// The origin.
        origin: String,
    },
    /// The mirror follows the ledger already.
    #[error("the mirror follows {origin} already")]
    Followed {
        /// The origin.
        origin: String,
    },
    /// What the mirror kept of a ledger cannot be used.
    #[error("what is kept of {origin} cannot be used: {reason}")]
    State {
        /// The origin.
        origin: String,
        /// Why.
        reason: String,
    },
    /// The held files do not hold any more.
    #[error("the held copy of {origin} is damaged: {reason}")]
    Damaged {
        /// The origin.
        origin: String,
        /// Why.
        reason: String,
    },
    /// The clock stands before the last cosignature.
    #[error("the clock says {now}, but the last cosignature of {origin} is of {last}")]
    Clock {
        /// The origin.
        origin: String,
        /// The clock, in seconds since 1970-01-01T00:00:00Z.
        now: u64,
        /// The time of the last cosignature.
        last: u64,
    },
    /// What is published does not hold.
    #[error("broken publication: {reason}")]
    Broken {
        /// Why.
        reason: String,
    },
    /// The ledger is larger than it may be.
    #[error("the ledger has {found} {what}, at most {most} are taken")]
    TooLarge {
        /// Of what.
        what: &'static str,
        /// How many.
        found: u64,
        /// The limit.
        most: u64,
    },
    /// The place took too long; the next sync goes on from what came.
    #[error("what was read within {minutes} minutes is kept; the next sync goes on from there")]
    Slow {
        /// How long.
        minutes: u64,
    },
    /// The place cannot be used.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// What is published cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A name cannot be that of a key.
    #[error(transparent)]
    Name(#[from] NoteError),
    /// The disk refuses.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

impl MirrorError {
    /// Returns whether what is published does not hold, or the sync could not be done.
    pub fn condition(&self) -> Condition {
        match self {
            Self::Read(
                ReadError::Place(_) | ReadError::Keep { .. } | ReadError::TooLarge { .. },
            ) => Condition::Failed,
            Self::Broken { .. } | Self::Read(_) => Condition::Broken,
            _ => Condition::Failed,
        }
    }
}

impl From<TreeError> for MirrorError {
    fn from(e: TreeError) -> Self {
        match e {
            TreeError::Place(e) => Self::Place(e),
            other => Self::Broken { reason: other.to_string() },
        }
    }
}
