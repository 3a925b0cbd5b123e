//! Examining a ledger directory, and rebuilding one copy of its entries from the other.
//!
//! Every entry stands in a bundle file and in sled. Which copy of an entry is right is decided by
//! the chain alone: the head names the id of the last entry, and each entry names the id of the one
//! before.

mod copies;
mod examine;
mod rebuild;

use std::fmt;
use std::path::PathBuf;

pub use examine::examine;
pub use rebuild::{Rebuilt, rebuild};

use crate::error::Error;
use crate::head::Head;

/// One thing that an examination found.
#[derive(Debug)]
pub struct Diagnosis {
    /// What was looked at.
    pub part: Part,
    /// What was found.
    pub finding: Finding,
}

/// A part of a ledger directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The head file.
    Head,
    /// The plain bundle files.
    Entries,
    /// sled.
    Database,
    /// The checkpoints.
    Checkpoints,
    /// The signed roots.
    Roots,
    /// The evidence files.
    Evidence,
    /// What earlier accidents left behind.
    Remains,
}

/// What an examination found in one part.
#[derive(Debug)]
#[non_exhaustive]
pub enum Finding {
    /// The head file is whole and names this entry, or says that there is none.
    Head(Option<Head>),
    /// The bundle files or sled hold this many whole entries.
    Holds {
        /// How many.
        count: u64,
    },
    /// The bundle files and sled hold the same bytes in this many places, and differ in none.
    Agree {
        /// How many.
        count: u64,
    },
    /// Each of this many entries names its own position and the id of the one before.
    ChainHolds {
        /// How many.
        count: u64,
    },
    /// Every checkpoint states the size and the root of the entries that it covers.
    CheckpointsFit {
        /// How many there are.
        count: u64,
    },
    /// Every signed root stands beside a checkpoint of the same ledger and size.
    RootsFit {
        /// How many there are.
        count: u64,
    },
    /// Every evidence file has the digest that is its name.
    EvidenceFits {
        /// How many there are.
        count: u64,
    },
    /// sled was not looked at, because that needs a directory that can be written.
    NotExamined {
        /// Why it cannot be written.
        reason: Error,
    },
    /// Entries stand beyond the head: an append was cut short. The next opening for writing keeps
    /// those that are whole.
    Unacknowledged {
        /// The position of the first of them.
        first: u64,
        /// How many there are.
        count: u64,
    },
    /// A bundle file holds bytes beyond the last acknowledged entry that are no whole entry.
    Excess {
        /// The bundle file.
        path: PathBuf,
        /// Where they begin.
        offset: u64,
        /// How many there are.
        bytes: u64,
    },
    /// Something lies where interrupted appends and repairs put what they do not delete.
    Remains {
        /// The file or directory.
        path: PathBuf,
    },
    /// Something is wrong.
    Fault(Error),
    /// More of the same kind of fault than are listed.
    More {
        /// How many more.
        count: u64,
    },
}

impl Diagnosis {
    /// Returns whether something is wrong, as opposed to sound or merely noteworthy.
    pub fn is_fault(&self) -> bool {
        matches!(self.finding, Finding::Fault(_) | Finding::More { .. })
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Head => "head",
            Self::Entries => "entries",
            Self::Database => "database",
            Self::Checkpoints => "checkpoints",
            Self::Roots => "roots",
            Self::Evidence => "evidence",
            Self::Remains => "remains",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head(None) => write!(f, "no entry was acknowledged yet"),
            Self::Head(Some(head)) => write!(f, "names entry {}, id {}", head.seq, head.id),
            Self::Holds { count } => write!(f, "entries held: {count}"),
            Self::Agree { count } => {
                write!(f, "same bytes as the bundle files in all of {count} places")
            }
            Self::ChainHolds { count } => {
                write!(f, "entries that name their place and the id before: all of {count}")
            }
            Self::CheckpointsFit { count } => {
                write!(f, "checkpoints that fit the entries: all of {count}")
            }
            Self::RootsFit { count } => {
                write!(f, "signed roots beside their checkpoints: all of {count}")
            }
            Self::EvidenceFits { count } => {
                write!(f, "files that have the digest of their name: all of {count}")
            }
            Self::NotExamined { reason } => write!(f, "not examined: {reason}"),
            Self::Unacknowledged { first, count } => {
                write!(f, "entries beyond the head, never acknowledged: {count}, from {first} on")
            }
            Self::Excess { path, offset, bytes } => write!(
                f,
                "{} holds {bytes} bytes from byte {offset} on that are no whole entry",
                path.display()
            ),
            Self::Remains { path } => write!(f, "{}", path.display()),
            Self::Fault(error) => error.fmt(f),
            Self::More { count } => write!(f, "more of the same kind: {count}"),
        }
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.part, self.finding)
    }
}
