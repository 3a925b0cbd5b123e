//! What a verification found, line by line and in one verdict.

use crate::bundle::{Form, Manifest};
use crate::entry::Entry;
use crate::fault::{Code, Fault};
use crate::governance::{Governance, Owner, Standing};
use crate::hash::Hash;
use crate::name::Origin;
use crate::note::Checkpoint;
use crate::time::Instant;

use super::{EvidenceState, pins};

/// Something that a reader should know and that is no fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The entry concerned.
    pub seq: u64,
    /// What it is.
    pub kind: NoticeKind,
}

/// What a notice is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeKind {
    /// The author's clock stands before that of the entry before.
    ClockBackwards {
        /// The clock of the entry before.
        before: Instant,
        /// The clock of this entry.
        now: Instant,
    },
    /// The successor of an operator key names no successor of its own.
    SuccessorWithoutNext,
    /// The entry is recorded more than 24 hours before a witnessed checkpoint that does not hold
    /// it yet.
    AppearedLate {
        /// The author's clock.
        recorded: Instant,
        /// When that checkpoint was witnessed, in seconds since 1970-01-01T00:00:00Z.
        witnessed: u64,
    },
    /// The entry revokes a key as compromised: its entries from a position on are marked, and
    /// count in full.
    Marked {
        /// The thumbprint of the key.
        kid: Hash,
        /// The first position that was not witnessed before the date of compromise.
        from: u64,
    },
}

impl NoticeKind {
    /// How many sorts of notices there are.
    pub const SORTS: usize = 4;

    /// Returns the place of its sort among them: what says most about the record comes first.
    pub fn sort(&self) -> usize {
        match self {
            Self::AppearedLate { .. } => 0,
            Self::Marked { .. } => 1,
            Self::SuccessorWithoutNext => 2,
            Self::ClockBackwards { .. } => 3,
        }
    }
}

/// A checkpoint that the ledger reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointState {
    /// The number of entries it covers.
    pub size: u64,
    /// The root that it states.
    pub root: Hash,
    /// Whether its root, origin and signatures hold.
    pub sound: bool,
    /// The earliest time at which the policy's quorum had cosigned it, in seconds since
    /// 1970-01-01T00:00:00Z.
    pub witnessed: Option<u64>,
}

/// Whether anything may be missing from what was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completeness {
    /// Every entry up to the size was there.
    Whole,
    /// Of an extract: a mirror that verifies everything cosigned its last checkpoint.
    Shown,
    /// Of an extract: nobody who verified the whole ledger vouches for its heads.
    NotChecked,
}

/// How one check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Pass,
    /// It does not.
    Fail,
    /// It could not be done, or nobody asked.
    NotChecked,
}

/// One line of a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was checked.
    pub name: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// What was found, or why it was not checked.
    pub detail: String,
}

/// The verdict in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything holds, under at least one pin.
    Whole,
    /// Everything holds, and nothing says that it is the right ledger.
    ConsistentWithItself,
    /// What is there holds, and entries are withheld.
    NotWhole,
    /// Something does not hold.
    Failed,
}

impl Verdict {
    /// Returns the word, as FORMAT.md has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::ConsistentWithItself => "consistent-with-itself",
            Self::NotWhole => "not-whole",
            Self::Failed => "failed",
        }
    }
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Which entries the container holds.
    pub form: Option<Form>,
    /// The origin; `None` if not even genesis holds.
    pub origin: Option<Origin>,
    /// The ledger id: the id of genesis.
    pub ledger_id: Option<Hash>,
    /// The standing that genesis states.
    pub standing: Option<Standing>,
    /// The owner that genesis names.
    pub owner: Option<Owner>,
    /// The entries that the container should hold.
    pub expected: u64,
    /// The items that were taken into the chain, withheld ones included.
    pub items: u64,
    /// The entries that hold in every step and precede the first fault.
    pub entries: u64,
    /// The first fault.
    pub fault: Option<Fault>,
    /// Every fault of the ledger as a whole; the first is `fault`, unless an entry is at fault.
    pub faults: Vec<Fault>,
    /// The positions of withheld entries.
    pub withheld: Vec<u64>,
    /// The links and heads that name a withheld entry and were taken as true.
    pub unchecked_links: u64,
    /// The checkpoints that the entries reached, ascending in size.
    pub checkpoints: Vec<CheckpointState>,
    /// The pins that are met, in words.
    pub pins_met: Vec<String>,
    /// The pins that this container cannot show, in words.
    pub pins_unchecked: Vec<String>,
    /// Whether the last checkpoint meets the quorum of a policy that asks for one.
    pub quorum_met: bool,
    /// Whether anything may be missing.
    pub completeness: Completeness,
    /// The evidence files.
    pub evidence: EvidenceState,
    /// What a reader should know; at most 1,000 of each sort.
    pub notices: Vec<Notice>,
    /// How many notices there were.
    pub notices_total: u64,
}

/// When witnesses saw a checkpoint, and those around it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Witnessed {
    /// The size of the checkpoint.
    pub(crate) size: u64,
    /// The latest time at which it or a smaller one was cosigned.
    pub(crate) latest: Option<u64>,
    /// The earliest time at which it or a larger one was cosigned.
    pub(crate) earliest: Option<u64>,
}

impl Verification {
    pub(super) fn new(manifest: &Manifest) -> Self {
        Self {
            form: Some(manifest.form.clone()),
            origin: None,
            ledger_id: None,
            standing: None,
            owner: None,
            expected: manifest.entries(),
            items: 0,
            entries: 0,
            fault: None,
            faults: Vec::new(),
            withheld: Vec::new(),
            unchecked_links: 0,
            checkpoints: Vec::new(),
            pins_met: Vec::new(),
            pins_unchecked: Vec::new(),
            quorum_met: false,
            completeness: Completeness::NotChecked,
            evidence: EvidenceState::default(),
            notices: Vec::new(),
            notices_total: 0,
        }
    }

    /// Returns the verification of a container whose first item is at fault.
    pub(super) fn refused(fault: Fault) -> Self {
        let nothing = Manifest { form: Form::Bundle, checkpoints: vec![], evidence: vec![] };
        Self { form: None, fault: Some(fault), ..Self::new(&nothing) }
    }

    /// Counts an entry whose every step holds.
    pub(super) fn take(&mut self, entry: &Entry) {
        self.entries += 1;
        if let Governance::Genesis(genesis) = entry.governance() {
            self.ledger_id = Some(entry.id());
            self.standing = Some(genesis.standing);
            self.owner = Some(genesis.owner.clone());
        }
    }

    /// Returns the verdict.
    pub fn verdict(&self) -> Verdict {
        if self.fault.is_some() {
            Verdict::Failed
        } else if !self.withheld.is_empty() {
            Verdict::NotWhole
        } else if self.pins_met.is_empty() {
            Verdict::ConsistentWithItself
        } else {
            Verdict::Whole
        }
    }

    /// Returns whether the ledger was found to be shorter than `seen`, one of the pins, or to have
    /// another root at its size.
    pub fn denies(&self, seen: &Checkpoint) -> bool {
        let expected = pins::expected(seen);
        self.faults.iter().any(|fault| fault.code == Code::Pin && fault.expected == expected)
    }

    /// Returns, for each checkpoint, the latest time in seconds since 1970-01-01T00:00:00Z at which
    /// the policy's quorum had cosigned it or a smaller one, and the earliest at which it had
    /// cosigned it or a larger one.
    pub(crate) fn witnessed(&self) -> Vec<Witnessed> {
        let mut found: Vec<Witnessed> = self
            .checkpoints
            .iter()
            .map(|c| Witnessed { size: c.size, latest: c.witnessed, earliest: c.witnessed })
            .collect();
        for at in 1..found.len() {
            found[at].latest = found[at].latest.max(found[at - 1].latest);
        }
        for at in (1..found.len()).rev() {
            let earlier = found[at - 1].earliest.into_iter().chain(found[at].earliest).min();
            found[at - 1].earliest = earlier;
        }
        found
    }

    /// Returns one line per check, in the order in which a reader wants them.
    pub fn checks(&self) -> Vec<Check> {
        use Code as C;
        let whole = self.completeness == Completeness::Whole;
        let held = |n: u64, what: &str| format!("{n} {what}");
        let links = match (whole, self.unchecked_links) {
            (true, 0) => "every back link".to_owned(),
            (false, 0) => "every back link of the feeds handed over".to_owned(),
            (_, n) => format!("every back link but {n} to withheld entries, taken as true"),
        };
        let prev = if whole {
            "each entry names the one before"
        } else {
            "entries that stand side by side name each other"
        };
        let last = self.checkpoints.last().map_or(0, |checkpoint| checkpoint.size);
        let uncovered = self.items.saturating_sub(last);
        let tree = match (whole, uncovered) {
            (true, 0) => format!("the root over {last} entries"),
            (true, n) => {
                format!("the root over {last} entries; {n} after it have no checkpoint yet")
            }
            (false, _) => format!("every entry by its path to the root over {last}"),
        };
        let mut checks = vec![
            self.line(
                "entries",
                C::Container,
                C::PayloadMembers,
                held(self.entries, "well formed"),
            ),
            self.line("chain", C::Seq, C::Prev, prev.to_owned()),
            self.line("feeds", C::Feeds, C::References, links),
            self.line("signatures", C::Signature, C::Signature, held(self.entries, "hold")),
            self.line("authority", C::Key, C::Effect, "each by a key entitled at its place".into()),
            self.line("tree", C::Root, C::Root, tree),
            self.line(
                "checkpoints",
                C::Checkpoint,
                C::Checkpoint,
                held(self.checkpoints.len() as u64, "signed by the ledger's own key"),
            ),
        ];
        if self.checkpoints.is_empty() && self.fault.is_none() {
            for check in checks.iter_mut().filter(|c| matches!(c.name, "tree" | "checkpoints")) {
                check.outcome = Outcome::NotChecked;
                check.detail = String::from("there is no checkpoint");
            }
        }
        checks.extend([self.pins_line(), self.cosignatures_line()]);
        checks.extend([self.completeness_line(), self.evidence_line()]);
        checks
    }

    /// Returns the line of the steps from `first` to `last`.
    fn line(&self, name: &'static str, first: Code, last: Code, detail: String) -> Check {
        let mine = |fault: &&Fault| {
            // Key to effect are the lines of authority, but for the signature between them.
            let signature = (name == "signatures") == (fault.code == Code::Signature);
            (first..=last).contains(&fault.code) && signature
        };
        if let Some(fault) = self.fault.iter().chain(&self.faults).find(mine) {
            return Check { name, outcome: Outcome::Fail, detail: fault.to_string() };
        }
        match &self.fault {
            Some(Fault { seq: Some(seq), .. }) if first >= Code::Root => {
                let detail = format!("entry {seq} failed first");
                Check { name, outcome: Outcome::NotChecked, detail }
            }
            Some(Fault { seq: Some(seq), .. }) => {
                let detail = format!("up to entry {seq}: {detail}");
                let none = self.entries == 0;
                let outcome = if none { Outcome::NotChecked } else { Outcome::Pass };
                Check { name, outcome, detail }
            }
            Some(Fault { code: Code::Container, .. }) => {
                let detail = "the first item failed".to_owned();
                Check { name, outcome: Outcome::NotChecked, detail }
            }
            _ => Check { name, outcome: Outcome::Pass, detail },
        }
    }

    fn pins_line(&self) -> Check {
        let mut line = self.line("pins", Code::Pin, Code::Pin, self.pins_met.join("; "));
        if line.outcome == Outcome::Pass && self.pins_met.is_empty() {
            line.outcome = Outcome::NotChecked;
            line.detail = String::from("no pin was given");
        }
        for unchecked in &self.pins_unchecked {
            line.detail = format!("{}; not checked: {unchecked}", line.detail);
        }
        line
    }

    fn cosignatures_line(&self) -> Check {
        let detail = "the last checkpoint meets the quorum of the policy".to_owned();
        let code = Code::Cosignature;
        let mut line = self.line("cosignatures", code, code, detail);
        if line.outcome == Outcome::Pass && !self.quorum_met {
            line.outcome = Outcome::NotChecked;
            line.detail = String::from("no policy asks for witnesses: one history is not shown");
        }
        line
    }

    fn completeness_line(&self) -> Check {
        let (outcome, detail) = match (&self.fault, self.withheld.len(), self.completeness) {
            (Some(_), ..) => (Outcome::NotChecked, "the ledger failed".to_owned()),
            (None, 0, Completeness::Whole) => {
                (Outcome::Pass, "every entry up to the size is here".to_owned())
            }
            (None, 0, Completeness::Shown) => {
                let detail = "complete: shown, by a mirror that verifies everything";
                (Outcome::Pass, detail.to_owned())
            }
            (None, 0, Completeness::NotChecked) => {
                let detail = "complete: not checked; nobody who verified the whole ledger \
                              cosigned the checkpoint";
                (Outcome::NotChecked, detail.to_owned())
            }
            (None, n, _) => (Outcome::Fail, format!("not whole: {n} withheld")),
        };
        Check { name: "completeness", outcome, detail }
    }

    fn evidence_line(&self) -> Check {
        let e = &self.evidence;
        let mut detail = format!("{} of {} files are the ones listed", e.held, e.listed);
        if e.absent > 0 {
            detail = format!("{detail}; {} named by entries are not here", e.absent);
        }
        if !e.unnamed.is_empty() {
            detail = format!("{detail}; nothing names {} of them", e.unnamed.len());
        }
        let mut line = self.line("evidence", Code::Evidence, Code::Evidence, detail);
        if line.outcome == Outcome::Pass && e.listed == 0 {
            line.outcome = Outcome::NotChecked;
            line.detail = match e.absent {
                0 => "the entries name no files".to_owned(),
                n => format!("{n} named by entries are not here"),
            };
        }
        line
    }
}
