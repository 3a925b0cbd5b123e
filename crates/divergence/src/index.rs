//! What every rule looks up, worked out once: the facts of each incident, what they say happened,
//! and which recorded texts they cite.

use std::collections::BTreeMap;

use tally_ledger::name::FeedId;
use tally_ledger::payload::{Basis, Citation};
use tally_ledger::replay::{Fact, Statement, Timeline};
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

/// The facts and statements of a ledger.
#[derive(Debug)]
pub(crate) struct Index<'a> {
    /// Ascending by seq.
    facts: Vec<Indexed<'a>>,
    /// The positions of the facts of each incident.
    incidents: BTreeMap<&'a FeedId, Vec<usize>>,
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
        for (at, fact) in timeline.facts().iter().enumerate() {
            for feed in fact.feeds.iter().filter(|feed| feed.is_incident()) {
                incidents.entry(feed).or_default().push(at);
            }
            let occurrences = fact.body().map(|body| body.occurrences(fact.occurred()));
            let cited = match fact.basis() {
                Basis::Stated(citations) => citations.iter().map(cite).collect(),
                Basis::Own | Basis::Measured(_) => Vec::new(),
            };
            let occurrences = occurrences.unwrap_or_default();
            facts.push(Indexed { fact, occurrences, cited });
        }
        Self { facts, incidents, places }
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
}
