//! Proofs that stand in a small file of their own, and what checking one comes to (FORMAT.md,
//! "Proofs").
//!
//! A proof shows one thing about a ledger to somebody who does not hold the ledger. What it shows,
//! it shows under a pin alone; and each says what it does not show.

mod consistency;
mod inclusion;
mod pinned;
mod receipt;

pub use consistency::verify as verify_consistency;
pub use inclusion::{FIRST_LINE, INCLUSION_MAX, Inclusion, verify as verify_inclusion};
pub use receipt::verify as verify_receipt;

use crate::entry::Entry;
use crate::hash::Hash;
use crate::note::Checkpoint;
use crate::verify::{Check, Outcome};

/// What a proof is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// An entry stands in a ledger (C2SP tlog-proof).
    Inclusion,
    /// A ledger extends what it was (the request of C2SP tlog-witness).
    Consistency,
    /// An entry stands in a ledger (a transparent statement of RFC 9943).
    Receipt,
    /// A ledger extends what it was (a receipt of RFC 9942).
    ConsistencyReceipt,
}

impl Sort {
    /// Returns the word for the sort.
    pub fn name(self) -> &'static str {
        match self {
            Self::Inclusion => "inclusion",
            Self::Consistency => "consistency",
            Self::Receipt => "receipt",
            Self::ConsistencyReceipt => "consistency-receipt",
        }
    }
}

/// What a proof comes to, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It holds, under at least one pin.
    Holds,
    /// It holds, and nothing says that it is about the right ledger.
    ConsistentWithItself,
    /// What decides was not given.
    NotChecked,
    /// Something does not hold.
    Failed,
}

impl Verdict {
    /// Returns the word, as FORMAT.md has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::ConsistentWithItself => "consistent-with-itself",
            Self::NotChecked => "not-checked",
            Self::Failed => "failed",
        }
    }
}

/// What checking a proof came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Proven {
    /// What it is a proof of.
    pub sort: Sort,
    /// The origin that it names.
    pub origin: Option<String>,
    /// The entry that it carries, if that is one.
    pub entry: Option<Entry>,
    /// The smaller size, of a proof of consistency.
    pub old: Option<u64>,
    /// The size of the tree.
    pub size: Option<u64>,
    /// The root of that tree.
    pub root: Option<Hash>,
    /// The checkpoint that states both: that of the proof, or the one that a receipt is held
    /// against.
    pub checkpoint: Option<Checkpoint>,
    /// One line per check, in the order in which a reader wants them.
    pub checks: Vec<Check>,
    /// Whether something known beforehand says that this is the right ledger.
    pub pinned: bool,
    /// Whether the checkpoint meets the quorum of a policy that asks for one.
    pub quorum_met: bool,
}

impl Proven {
    fn new(sort: Sort) -> Self {
        Self {
            sort,
            origin: None,
            entry: None,
            old: None,
            size: None,
            root: None,
            checkpoint: None,
            checks: Vec::new(),
            pinned: false,
            quorum_met: false,
        }
    }

    /// Returns what a file comes to that is not of the form of its sort.
    fn malformed(sort: Sort, fault: impl Into<String>) -> Self {
        let mut proven = Self::new(sort);
        proven.fail("form", fault);
        proven
    }

    fn about(&mut self, checkpoint: &Checkpoint) {
        self.origin = Some(checkpoint.origin().to_owned());
        self.size = Some(checkpoint.size());
        self.root = Some(checkpoint.root());
        self.checkpoint = Some(checkpoint.clone());
    }

    fn line(&mut self, name: &'static str, outcome: Outcome, detail: impl Into<String>) {
        self.checks.push(Check { name, outcome, detail: detail.into() });
    }

    fn pass(&mut self, name: &'static str, detail: impl Into<String>) {
        self.line(name, Outcome::Pass, detail);
    }

    fn fail(&mut self, name: &'static str, detail: impl Into<String>) {
        self.line(name, Outcome::Fail, detail);
    }

    fn open(&mut self, name: &'static str, detail: impl Into<String>) {
        self.line(name, Outcome::NotChecked, detail);
    }

    /// Returns the check that says what the proof is for: that the hashes lead to the root.
    fn decisive(&self) -> Option<&Check> {
        self.checks.iter().find(|check| matches!(check.name, "inclusion" | "consistency"))
    }

    /// Returns the first check that failed.
    pub fn fault(&self) -> Option<&Check> {
        self.checks.iter().find(|check| check.outcome == Outcome::Fail)
    }

    /// Returns why what decides was not checked, if it was not: that the hashes lead to the root,
    /// and of a receipt, that the ledger signed it.
    pub fn unchecked(&self) -> Option<&Check> {
        let receipt = self.checks.iter().find(|check| check.name == "receipt");
        let mut deciding = self.decisive().into_iter().chain(receipt);
        deciding.find(|check| check.outcome == Outcome::NotChecked)
    }

    /// Returns the verdict.
    pub fn verdict(&self) -> Verdict {
        if self.fault().is_some() {
            Verdict::Failed
        } else if self.unchecked().is_some() {
            Verdict::NotChecked
        } else if self.pinned {
            Verdict::Holds
        } else {
            Verdict::ConsistentWithItself
        }
    }
}

/// Returns the text that the bytes of a proof are.
fn text(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|e| format!("byte {} is not UTF-8", e.valid_up_to()))
}

/// Returns how many hashes there are, in words.
fn hashes(path: &[Hash]) -> String {
    let count = path.len();
    format!("{count} {}", if count == 1 { "hash" } else { "hashes" })
}
