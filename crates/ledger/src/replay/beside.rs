//! What is read beside a ledger: public texts and what another ledger records, held against it
//! without being part of it.
//!
//! Nothing of it is anybody's record in the ledger that it is joined to. Each fact knows where it
//! comes from, and its position counts on from the ledger's end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ciborium::Value;

use super::fact::{Author, Content, Fact, Told, Window, gap};
use super::{Timeline, Version, statement};
use crate::cbor;
use crate::hash::Hash;
use crate::name::FeedId;
use crate::payload::{Basis, Citation, Event};
use crate::time::Instant;
use crate::vocabulary::Body;

/// Facts that stand beside a ledger: the events that a capture becomes, or the facts of another
/// verified ledger.
#[derive(Debug, Clone)]
pub struct Beside {
    name: String,
    facts: Vec<Fact>,
}

/// Where facts that stand beside a ledger come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The name of the source, such as that of a file.
    pub name: String,
    /// The position of its number 0.
    pub first: u64,
    /// The position after its last.
    pub end: u64,
}

impl Beside {
    /// Returns the facts of events that no ledger holds, such as those of a captured page, in the
    /// order given. They were read at `read`; the id of each is the SHA-256 of its encoding.
    pub fn of_events(name: &str, events: &[Event], read: Instant) -> Self {
        let facts = events.iter().zip(0..).map(|(event, seq)| uncommitted(event, seq, read));
        Self { name: name.to_owned(), facts: facts.collect() }
    }

    /// Returns the facts of another ledger.
    pub fn of_ledger(name: &str, timeline: Timeline) -> Self {
        Self { name: name.to_owned(), facts: timeline.facts }
    }

    /// Stands every fact in the incident `feed` of the ledger that they are joined to.
    #[must_use]
    pub fn within(mut self, feed: &FeedId) -> Self {
        for fact in self.facts.iter_mut().filter(|fact| is_incident(fact)) {
            fact.feeds = vec![feed.clone()];
        }
        self
    }
}

impl Joined {
    /// Returns the source among `all` that the fact at `seq` comes from; `None` for the ledger.
    pub fn find(all: &[Self], seq: u64) -> Option<&Self> {
        all.iter().find(|joined| (joined.first..joined.end).contains(&seq))
    }

    /// Returns the name of the fact at `seq` for a reader: `entry 12`, or the number and the source
    /// of what stands beside the ledger, such as `number 3 of capture.json`.
    pub fn label(all: &[Self], seq: u64) -> String {
        match Self::find(all, seq) {
            Some(joined) => format!("number {} of {}", seq - joined.first, joined.name),
            None => format!("entry {seq}"),
        }
    }
}

impl Timeline {
    /// Joins facts that stand beside the ledger. Those that concern a bug or page which an incident
    /// of the ledger names stand in that incident; others keep their own.
    pub fn join(&mut self, mut beside: Beside) {
        let first = self.end();
        let known = subjects(&self.facts);
        let incidents = incidents(&beside.facts, &known);
        let end = beside.facts.last().map_or(first, |fact| first + fact.seq + 1);
        for fact in &mut beside.facts {
            shift(fact, first);
            let feeds = fact.feeds.iter().flat_map(|feed| match incidents.get(feed) {
                Some(feeds) => feeds.iter().cloned().collect(),
                None => vec![feed.clone()],
            });
            let feeds: BTreeSet<FeedId> = feeds.collect();
            fact.feeds = feeds.into_iter().collect();
        }
        self.statements.extend(statement::gather(&beside.facts));
        self.facts.extend(beside.facts);
        self.joined.push(Joined { name: beside.name, first, end });
    }

    /// Lets a reviewer change what each version of each statement is taken to assert. Entries stay
    /// as they are: a claim keeps its position, and is confirmed, edited or rejected in its place.
    pub fn review(&mut self, mut reviewer: impl FnMut(&str, Option<u64>, &mut Version)) {
        for statement in &mut self.statements {
            for version in &mut statement.versions {
                reviewer(&statement.url, statement.item, version);
            }
        }
    }

    /// Returns the facts of the ledger itself, without what was joined to it.
    pub fn recorded(&self) -> &[Fact] {
        let own = self.joined.first().map_or(u64::MAX, |joined| joined.first);
        &self.facts[..self.facts.partition_point(|fact| fact.seq < own)]
    }

    /// Returns what was joined to the ledger, in that order.
    pub fn joined(&self) -> &[Joined] {
        &self.joined
    }

    /// Returns the source beside the ledger that the fact at `seq` comes from, or `None` if that
    /// is the ledger itself.
    pub fn beside(&self, seq: u64) -> Option<&Joined> {
        Joined::find(&self.joined, seq)
    }

    /// Returns the name of the fact at `seq` for a reader, as [`Joined::label`].
    pub fn label(&self, seq: u64) -> String {
        Joined::label(&self.joined, seq)
    }

    fn end(&self) -> u64 {
        let own = self.facts.last().map_or(0, |fact| fact.seq + 1);
        self.joined.last().map_or(own, |joined| joined.end.max(own))
    }
}

fn is_incident(fact: &Fact) -> bool {
    fact.feeds.iter().any(FeedId::is_incident)
}

/// Returns the fact of an event without a place in a ledger.
fn uncommitted(event: &Event, seq: u64, read: Instant) -> Fact {
    let content = Arc::new(Content::read(&event.kind, &event.body));
    let told = Told { content, occurred: event.occurred.clone(), basis: event.basis.clone() };
    Fact {
        seq,
        id: id(event),
        kid: Hash([0; 32]),
        author: Author::default(),
        feeds: event.feeds.clone(),
        kind: event.kind.clone(),
        recorded: read,
        on: None,
        act: None,
        evidence: event.evidence.clone(),
        gap: gap(told.occurred.as_ref(), read),
        original: told,
        corrections: Vec::new(),
        approvals: Vec::new(),
        notes: Vec::new(),
        copied: Vec::new(),
        hidden: Vec::new(),
        clock_behind: None,
        compromised: None,
        window: Window::default(),
    }
}

/// Returns the SHA-256 of an event's canonical encoding: the members of a payload without those
/// that give it a place.
fn id(event: &Event) -> Hash {
    let feeds = event.feeds.iter().map(|feed| Value::from(feed.as_str())).collect();
    let mut members = event.members();
    members.push(("feeds".into(), Value::Array(feeds)));
    Hash::of(&cbor::encode(&Value::Map(members)))
}

/// The bugs and pages that an incident is about.
type Subjects = BTreeMap<String, BTreeSet<FeedId>>;

/// Returns which incidents of `facts` name which bugs and pages.
fn subjects(facts: &[Fact]) -> Subjects {
    let mut subjects = Subjects::new();
    for fact in facts {
        let Some(Body::IncidentOpened(opened)) = fact.body() else {
            continue;
        };
        for named in opened.bugs.iter().map(u64::to_string).chain(opened.urls.iter().cloned()) {
            let feeds = fact.feeds.iter().filter(|feed| feed.is_incident());
            subjects.entry(named).or_default().extend(feeds.cloned());
        }
    }
    subjects
}

/// Returns the incidents of a ledger that those of `facts` are, because both name one bug or page.
fn incidents(facts: &[Fact], known: &Subjects) -> BTreeMap<FeedId, BTreeSet<FeedId>> {
    let mut incidents: BTreeMap<FeedId, BTreeSet<FeedId>> = BTreeMap::new();
    for (named, theirs) in subjects(facts) {
        let Some(ours) = known.get(&named) else {
            continue;
        };
        for feed in theirs {
            incidents.entry(feed).or_default().extend(ours.iter().cloned());
        }
    }
    incidents
}

/// Moves a fact, and what it says of others of its source, to the positions from `first` on.
fn shift(fact: &mut Fact, first: u64) {
    fact.seq += first;
    if let Some(Ok(on)) = &mut fact.act {
        *on += first;
    }
    if let Some(on) = &mut fact.on {
        on.seq += first;
    }
    shift_basis(&mut fact.original.basis, first);
    for correction in &mut fact.corrections {
        correction.seq += first;
        shift_basis(&mut correction.told.basis, first);
    }
    for approval in &mut fact.approvals {
        approval.seq += first;
    }
    for note in &mut fact.notes {
        *note += first;
    }
    for (_, earlier) in &mut fact.copied {
        *earlier += first;
    }
}

fn shift_basis(basis: &mut Basis, first: u64) {
    if let Basis::Stated(citations) = basis {
        for citation in citations {
            if let Citation::Entry { seq, .. } = citation {
                *seq += first;
            }
        }
    }
}
