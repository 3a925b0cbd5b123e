//! Replay: from a verified ledger to facts (FORMAT.md, "Replay").
//!
//! [`Timeline::replay`] is the only way to a [`Timeline`], and it takes a [`VerifiedLedger`]: facts
//! from bytes that nobody verified do not compile. What breaks a rule of replay stays in the
//! record, has no effect, and is shown with its reason. What was read beside a ledger may be joined
//! to it, and stays apart from what it records.

mod act;
mod beside;
mod fact;
mod sealed;
mod statement;

pub use act::NoEffect;
pub use beside::{Beside, Joined};
pub use fact::{Approval, Author, Content, Correction, Fact, GAP_SECONDS_MAX, Gap, Told, Window};
pub use sealed::{Sealed, SealedState};
pub use statement::{Statement, Version, Withdrawal};

use crate::authority::Authority;
use crate::governance::{Owner, Standing};
use crate::hash::Hash;
use crate::name::{FeedId, Origin};
use crate::time::Instant;
use crate::verify::{Completeness, VerifiedLedger};

/// What a verified ledger says happened: one fact for each entry that precedes the first fault.
///
/// Verified entries replay:
///
/// ```
/// fn facts(ledger: &tally_ledger::verify::VerifiedLedger) -> tally_ledger::replay::Timeline {
///     tally_ledger::replay::Timeline::replay(ledger)
/// }
/// ```
///
/// Entries that were only parsed do not:
///
/// ```compile_fail
/// fn facts(entries: &[tally_ledger::entry::Entry]) -> tally_ledger::replay::Timeline {
///     tally_ledger::replay::Timeline::replay(entries)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Timeline {
    origin: Option<Origin>,
    ledger_id: Option<Hash>,
    standing: Option<Standing>,
    owner: Option<Owner>,
    completeness: Option<Completeness>,
    facts: Vec<Fact>,
    statements: Vec<Statement>,
    sealed: Vec<Sealed>,
    joined: Vec<Joined>,
}

impl Timeline {
    /// Replays the entries of `ledger` that precede its first fault.
    pub fn replay(ledger: &VerifiedLedger) -> Self {
        let verification = ledger.verification();
        let mut authority = Authority::default();
        let witnessed = verification.witnessed();
        let mut facts: Vec<Fact> = Vec::with_capacity(ledger.entries().len());
        for entry in ledger.entries() {
            let mut fact = Fact::of(entry, facts.last());
            fact.window = Window::of(&witnessed, fact.seq);
            act::perform(entry, &mut fact, &mut facts, &authority);
            facts.push(fact);
            authority
                .apply(entry.origin(), entry.payload().seq, entry.governance())
                .expect("the verifier applied the same entries to the same tables");
        }
        for fact in &mut facts {
            fact.know_author(ledger.authority());
        }
        let sealed = sealed::find(&mut facts, ledger.entries());
        let statements = statement::gather(&facts);
        let whole = verification.fault.is_none() && verification.withheld.is_empty();
        Self {
            origin: verification.origin.clone(),
            ledger_id: verification.ledger_id,
            standing: verification.standing,
            owner: verification.owner.clone(),
            completeness: whole.then_some(verification.completeness),
            facts,
            statements,
            sealed,
            joined: Vec::new(),
        }
    }

    /// Returns the ledger's origin; `None` if not even genesis holds.
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// Returns the ledger's id, the entry id of genesis.
    pub fn ledger_id(&self) -> Option<Hash> {
        self.ledger_id
    }

    /// Returns whether the owner records itself or another.
    pub fn standing(&self) -> Option<Standing> {
        self.standing
    }

    /// Returns who keeps the ledger, in the operator's words.
    pub fn owner(&self) -> Option<&Owner> {
        self.owner.as_ref()
    }

    /// Returns whether anything may be missing; `None` if something is: an entry is withheld, or
    /// the ledger failed and only what precedes the fault is here.
    pub fn completeness(&self) -> Option<Completeness> {
        self.completeness
    }

    /// Returns the facts, ascending by seq; of an extract, with gaps. What was joined follows those
    /// of the ledger.
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// Returns the fact of the entry `seq`, if it is held.
    pub fn fact(&self, seq: u64) -> Option<&Fact> {
        find(&self.facts, seq)
    }

    /// Returns the public texts, in the order in which they were recorded.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// Returns the last recorded statement of that name in one of `feeds`.
    pub fn statement(&self, name: &str, feeds: &[FeedId]) -> Option<&Statement> {
        let named = |s: &&Statement| s.name == name && shares_incident(&s.feeds, feeds);
        self.statements.iter().rev().find(named)
    }

    /// Returns what is hidden in entries, the oldest first: never opened, opened or erased.
    pub fn sealed(&self) -> &[Sealed] {
        &self.sealed
    }

    /// Returns the last instant that an author's clock showed; `None` if there is no entry.
    pub fn last_recorded(&self) -> Option<Instant> {
        self.facts.iter().map(|fact| fact.recorded).max()
    }
}

/// Returns whether two entries stand in the same incident.
pub fn shares_incident(a: &[FeedId], b: &[FeedId]) -> bool {
    a.iter().any(|feed| feed.is_incident() && b.contains(feed))
}

/// Finds the fact of the entry `seq` among facts that ascend by seq.
fn find(facts: &[Fact], seq: u64) -> Option<&Fact> {
    facts.get(facts.binary_search_by_key(&seq, |fact| fact.seq).ok()?)
}
