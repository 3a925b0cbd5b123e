//! A fact: what one entry says, as it was recorded and as it was corrected, and what a reader
//! should know of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::NoEffect;
use crate::authority::Authority;
use crate::entry::Entry;
use crate::hash::Hash;
use crate::name::{FeedId, Kind, Role};
use crate::payload::{Basis, Evidence, On, each_hidden};
use crate::time::{Instant, When};
use crate::verify::Witnessed;
use crate::vocabulary::{self, Body, Decoded, NotUnderstood};

/// The longest time between what occurred and its record that is not wide: 72 hours, the longest
/// that the CCADB's guidelines leave between awareness and a first report.
pub const GAP_SECONDS_MAX: i64 = 72 * 3600;

/// What one entry of a verified ledger says.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Fact {
    /// The position of the entry.
    pub seq: u64,
    /// The entry id.
    pub id: Hash,
    /// The thumbprint of the author's key.
    pub kid: Hash,
    /// What the ledger says of that key.
    pub author: Author,
    /// The feeds that the entry stands in.
    pub feeds: Vec<FeedId>,
    /// The kind of the event.
    pub kind: Kind,
    /// The author's clock.
    pub recorded: Instant,
    /// The entry that this one acts on, as this one describes it.
    pub on: Option<On>,
    /// Of an entry that acts on another one: the seq of that one, or why it has no effect.
    pub act: Option<Result<u64, NoEffect>>,
    /// The files that the entry rests on.
    pub evidence: Vec<Evidence>,
    /// What was recorded, before any correction.
    pub original: Told,
    /// The corrections that have effect, in order. The last one counts.
    pub corrections: Vec<Correction>,
    /// The approvals, in order.
    pub approvals: Vec<Approval>,
    /// The seqs of the notes on this entry.
    pub notes: Vec<u64>,
    /// The hidden values whose commitment already stands in an earlier entry, with its seq.
    pub copied: Vec<(Hash, u64)>,
    /// The hidden values of the body and the evidence, each once.
    pub(super) hidden: Vec<Hash>,
    /// The clock of the entry before, if this one's stands behind it.
    pub clock_behind: Option<Instant>,
    /// How long before or after it occurred the event was recorded, if that is remarkable.
    pub gap: Option<Gap>,
    /// Since when the operator holds the author's key compromised, if the entry was not witnessed
    /// before that. It counts in full.
    pub compromised: Option<When>,
    /// When witnesses saw the entry.
    pub window: Window,
}

/// What an entry says: what happened, when, and on what that rests.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// What happened.
    pub content: Arc<Content>,
    /// When it occurred; `None` where the event is the entry itself, or nobody knows.
    pub occurred: Option<When>,
    /// What it is rested on.
    pub basis: Basis,
}

/// What an entry's body says.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// The body in the terms of the vocabulary, and the places of what is hidden in it.
    Understood(Box<Decoded>),
    /// The kind is unknown, or the body does not fit it.
    NotUnderstood(NotUnderstood),
    /// A `sealed` event, or an act on what is sealed.
    Sealed,
}

/// What the ledger says of an author's key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Author {
    /// Whose key it is, in the operator's words.
    pub name: Option<String>,
    /// The roles that it was granted.
    pub roles: BTreeSet<Role>,
}

/// A correction that has effect.
#[derive(Debug, Clone)]
pub struct Correction {
    /// The entry that corrects.
    pub seq: u64,
    /// Whether it is the author's own: the two keys share a role.
    pub own: bool,
    /// What was wrong, in the words of the correction.
    pub why: String,
    /// How the entry reads with this correction alone.
    pub told: Told,
}

/// An approval of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The entry that approves.
    pub seq: u64,
    /// The role that it names.
    pub role: String,
    /// Whether its author's key was granted that role.
    pub held: bool,
}

/// A remarkable distance between what occurred and its record, in seconds, at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// It was recorded more than [`GAP_SECONDS_MAX`] after it occurred.
    After(i64),
    /// It was recorded before it occurred.
    Before(i64),
}

/// Between which times witnesses saw an entry for the first time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// The latest witnessed time at which it was not yet there.
    pub not_yet: Option<Instant>,
    /// The earliest witnessed time at which it was there.
    pub seen: Option<Instant>,
}

impl Window {
    /// Returns when witnesses saw the entry `seq`; `witnessed` ascends by size.
    pub(super) fn of(witnessed: &[Witnessed], seq: u64) -> Self {
        let instant =
            |seconds: u64| Instant::from_unix(i64::try_from(seconds).unwrap_or(i64::MAX)).ok();
        let first = witnessed.partition_point(|checkpoint| checkpoint.size <= seq);
        let before = first.checked_sub(1).and_then(|at| witnessed[at].latest);
        let holding = witnessed.get(first).and_then(|checkpoint| checkpoint.earliest);
        Self { not_yet: before.and_then(instant), seen: holding.and_then(instant) }
    }
}

impl Content {
    /// Reads the body of an entry of `kind`.
    pub(super) fn read(kind: &Kind, body: &ciborium::Value) -> Self {
        if kind.family() == "sealed" || kind.family() == "seal" {
            return Self::Sealed;
        }
        match vocabulary::decode(kind, body) {
            Ok(decoded) => Self::Understood(Box::new(decoded)),
            Err(reason) => Self::NotUnderstood(reason),
        }
    }
}

impl Fact {
    /// Returns the fact of `entry`, which follows `before`.
    pub(super) fn of(entry: &Entry, before: Option<&Self>) -> Self {
        let payload = entry.payload();
        let event = &payload.event;
        let mut hidden = Vec::new();
        let mut hide = |hash| {
            if !hidden.contains(&hash) {
                hidden.push(hash);
            }
        };
        each_hidden(&event.body, &mut hide);
        for evidence in &event.evidence {
            if let Evidence::Hidden(hash) = evidence {
                hide(*hash);
            }
        }
        let original = Told {
            content: Arc::new(Content::read(&event.kind, &event.body)),
            occurred: event.occurred.clone(),
            basis: event.basis.clone(),
        };
        Self {
            seq: payload.seq,
            id: entry.id(),
            kid: entry.kid(),
            author: Author::default(),
            feeds: event.feeds.clone(),
            kind: event.kind.clone(),
            recorded: payload.recorded,
            on: event.on.clone(),
            act: None,
            evidence: event.evidence.clone(),
            gap: gap(original.occurred.as_ref(), payload.recorded),
            original,
            corrections: Vec::new(),
            approvals: Vec::new(),
            notes: Vec::new(),
            copied: Vec::new(),
            hidden,
            clock_behind: before
                .map(|before| before.recorded)
                .filter(|before| *before > payload.recorded),
            compromised: None,
            window: Window::default(),
        }
    }

    /// Takes what the tables after the last entry say of the author's key.
    pub(super) fn know_author(&mut self, authority: &Authority) {
        let Some(record) = authority.keys().get(&self.kid) else {
            return;
        };
        self.author = Author { name: record.key.name.clone(), roles: record.key.roles.clone() };
        let since = record.compromised.clone();
        self.compromised = since.filter(|since| {
            let seen = self.window.seen.map(Instant::unix);
            seen.is_none_or(|seen| seen >= since.interval().start)
        });
    }

    /// Returns what the entry says, as the last correction has it.
    pub fn told(&self) -> &Told {
        self.corrections.last().map_or(&self.original, |correction| &correction.told)
    }

    /// Returns the body, as the last correction has it; `None` if it is sealed or not understood.
    pub fn body(&self) -> Option<&Body> {
        match self.told().content.as_ref() {
            Content::Understood(decoded) => Some(&decoded.body),
            Content::NotUnderstood(_) | Content::Sealed => None,
        }
    }

    /// Returns when it occurred, as the last correction has it.
    pub fn occurred(&self) -> Option<&When> {
        self.told().occurred.as_ref()
    }

    /// Returns what it is rested on, as the last correction has it.
    pub fn basis(&self) -> &Basis {
        &self.told().basis
    }

    /// Returns the id by which claims and later entries refer to the same thing.
    pub fn subject(&self) -> Option<&str> {
        self.body()?.subject()
    }
}

/// Returns how far the record lies from what occurred, if it surely lies beyond the limit.
pub(super) fn gap(occurred: Option<&When>, recorded: Instant) -> Option<Gap> {
    let occurred = occurred?.interval();
    let recorded = recorded.unix();
    let after = recorded.saturating_sub(occurred.end.saturating_sub(1));
    if occurred.start > recorded {
        Some(Gap::Before(occurred.start - recorded))
    } else if after > GAP_SECONDS_MAX && occurred.end != i64::MAX {
        Some(Gap::After(after))
    } else {
        None
    }
}
