//! What every rule looks up, worked out once: the facts of each incident, what they say happened,
//! and which recorded texts they cite.

use std::collections::BTreeMap;

use tally_ledger::name::FeedId;
use tally_ledger::payload::{Basis, Citation};
use tally_ledger::replay::{Fact, Statement, Timeline};
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::occurrence::Occurrence;

use crate::source::Place;

/// A fact with what it says happened and what it cites.
#[derive(Debug)]
pub(crate) struct Indexed<'a> {
    pub(crate) fact: &'a Fact,
    pub(crate) occurrences: Vec<Occurrence>,
    pub(crate) cited: Vec<Cited<'a>>,
}

/// A text that an entry cites.
#[derive(Debug, Clone)]
pub(crate) struct Cited<'a> {
    /// Its place, if the entry cites an address.
    pub(crate) place: Option<Place>,
    /// Its entry, if the entry cites one.
    pub(crate) seq: Option<u64>,
    /// The statement of this ledger that it is, if it is one.
    pub(crate) statement: Option<&'a Statement>,
}

/// What is looked up within an incident. Without it each claim would be held beside every fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key<'k> {
    /// What is of a kind that begins with that word, or counts by that metric.
    Family(&'k str),
    /// What names that subject, or that scope.
    Subject(&'k str),
}

impl<'k> Key<'k> {
    /// Returns where something is found: by its subject, if it names one, else by its family.
    pub(crate) fn of(subject: Option<&'k str>, family: &'k str) -> Self {
        subject.map_or(Self::Family(family), Self::Subject)
    }
}

/// How much is recorded of something.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Extent {
    /// How many facts there are.
    pub(crate) facts: usize,
    /// How many of them are sealed or not understood.
    pub(crate) unread: usize,
}

impl Extent {
    fn count(&mut self, fact: &Fact) {
        self.facts += 1;
        self.unread += usize::from(fact.body().is_none());
    }
}

/// Positions by what is looked up, each list ascending.
#[derive(Debug, Default)]
pub(crate) struct Shelf<'a>(BTreeMap<Key<'a>, Vec<usize>>);

impl<'a> Shelf<'a> {
    /// Puts a position, which is not below those before it, under a key.
    pub(crate) fn put(&mut self, key: Key<'a>, at: usize) {
        let positions = self.0.entry(key).or_default();
        if positions.last() != Some(&at) {
            positions.push(at);
        }
    }

    fn at<'s>(&'s self, key: Key<'s>) -> &'s [usize] {
        self.0.get(&key).map_or(&[], Vec::as_slice)
    }
}

/// Returns the positions under a key in the shelves of the incidents among `feeds`, ascending.
pub(crate) fn positions(
    shelves: &BTreeMap<&FeedId, Shelf<'_>>,
    feeds: &[FeedId],
    key: Key<'_>,
) -> Vec<usize> {
    let incidents = feeds.iter().filter_map(|feed| shelves.get(feed));
    let mut at: Vec<usize> = incidents.flat_map(|shelf| shelf.at(key)).copied().collect();
    at.sort_unstable();
    at.dedup();
    at
}

/// The facts and statements of a ledger.
#[derive(Debug)]
pub(crate) struct Index<'a> {
    /// Ascending by seq.
    facts: Vec<Indexed<'a>>,
    /// The positions of the facts of each incident.
    incidents: BTreeMap<&'a FeedId, Vec<usize>>,
    /// How much is recorded of each.
    extents: BTreeMap<&'a FeedId, Extent>,
    /// The same facts by what is looked up.
    shelves: BTreeMap<&'a FeedId, Shelf<'a>>,
    /// The statement of which an entry is a version.
    versions: BTreeMap<u64, &'a Statement>,
    /// The statements at each place, as they were recorded.
    places: BTreeMap<Place, Vec<&'a Statement>>,
}

impl<'a> Index<'a> {
    pub(crate) fn of(timeline: &'a Timeline) -> Self {
        let mut places: BTreeMap<Place, Vec<&Statement>> = BTreeMap::new();
        let mut versions: BTreeMap<u64, &Statement> = BTreeMap::new();
        for statement in timeline.statements() {
            places.entry(Place::of(statement)).or_default().push(statement);
            versions.extend(statement.versions.iter().map(|version| (version.seq, statement)));
        }
        let cite = |citation: &Citation| match citation {
            Citation::Entry { seq, .. } => {
                Cited { place: None, seq: Some(*seq), statement: versions.get(seq).copied() }
            }
            Citation::Web { url, item, .. } => {
                let place = Place::new(url, *item);
                let statement = places.get(&place).and_then(|at| at.first()).copied();
                Cited { place: Some(place), seq: None, statement }
            }
        };
        let mut facts: Vec<Indexed<'_>> = Vec::new();
        let mut incidents: BTreeMap<&FeedId, Vec<usize>> = BTreeMap::new();
        let mut extents: BTreeMap<&FeedId, Extent> = BTreeMap::new();
        let mut shelves: BTreeMap<&FeedId, Shelf<'_>> = BTreeMap::new();
        for (at, fact) in timeline.facts().iter().enumerate() {
            for feed in fact.feeds.iter().filter(|feed| feed.is_incident()) {
                incidents.entry(feed).or_default().push(at);
                extents.entry(feed).or_default().count(fact);
                let shelf = shelves.entry(feed).or_default();
                for key in keys(fact) {
                    shelf.put(key, at);
                }
            }
            let occurrences = fact.body().map(|body| body.occurrences(fact.occurred()));
            let cited = match fact.basis() {
                Basis::Stated(citations) => citations.iter().map(cite).collect(),
                Basis::Own | Basis::Measured(_) => Vec::new(),
            };
            let occurrences = occurrences.unwrap_or_default();
            facts.push(Indexed { fact, occurrences, cited });
        }
        Self { facts, incidents, extents, shelves, versions, places }
    }

    /// Returns the statement of which an entry is a version.
    pub(crate) fn statement_of(&self, seq: u64) -> Option<&'a Statement> {
        self.versions.get(&seq).copied()
    }

    /// Returns the statements at a place, as they were recorded.
    pub(crate) fn at(&self, place: &Place) -> &[&'a Statement] {
        self.places.get(place).map_or(&[], Vec::as_slice)
    }

    /// Returns the fact of an entry.
    pub(crate) fn fact(&self, seq: u64) -> Option<&Indexed<'a>> {
        let at = self.facts.binary_search_by_key(&seq, |found| found.fact.seq).ok()?;
        self.facts.get(at)
    }

    /// Returns the facts of the incidents among `feeds`, ascending by seq.
    pub(crate) fn within(&self, feeds: &[FeedId]) -> Vec<&Indexed<'a>> {
        let incidents = feeds.iter().filter_map(|feed| self.incidents.get(feed));
        let mut at: Vec<usize> = incidents.flatten().copied().collect();
        at.sort_unstable();
        at.dedup();
        at.into_iter().map(|at| &self.facts[at]).collect()
    }

    /// Returns how much is recorded of the incidents among `feeds`.
    pub(crate) fn extent(&self, feeds: &[FeedId]) -> Extent {
        let mut incidents = feeds.iter().filter(|feed| feed.is_incident());
        if let (Some(feed), None) = (incidents.next(), incidents.next()) {
            return self.extents.get(feed).copied().unwrap_or_default();
        }
        // A fact of several incidents counts once.
        let mut extent = Extent::default();
        self.within(feeds).into_iter().for_each(|found| extent.count(found.fact));
        extent
    }

    /// Returns the facts of the incidents among `feeds` under a key, ascending by seq.
    pub(crate) fn under(&self, feeds: &[FeedId], key: Key<'_>) -> Vec<&Indexed<'a>> {
        positions(&self.shelves, feeds, key).into_iter().map(|at| &self.facts[at]).collect()
    }
}

/// Returns what a fact is looked up by: the family of what it says happened, and what it is about.
fn keys(fact: &Fact) -> Vec<Key<'_>> {
    let mut keys = vec![Key::Family(fact.kind.family())];
    keys.extend(fact.subject().map(Key::Subject));
    match fact.body() {
        // An instrument's dates and an item's status happen under kinds of the same family.
        Some(Body::CommitmentMade(made)) => {
            keys.extend(made.subject.as_deref().map(Key::Subject));
        }
        Some(Body::IncidentCount(count)) => keys.extend(count.scope.as_deref().map(Key::Subject)),
        _ => {}
    }
    keys
}
