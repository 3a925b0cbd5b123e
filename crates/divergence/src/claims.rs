//! The claims of a ledger's statements, each with its speaker and its time, ready to be held
//! against the facts of the same incidents.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use tally_ledger::claim::{Assertion, Claim, Origin};
use tally_ledger::name::FeedId;
use tally_ledger::replay::{Fact, Statement, Timeline, Version, shares_incident};
use tally_ledger::time::When;
use tally_ledger::vocabulary::words::Capacity;

use crate::index::{Cited, Extent, Index, Indexed, Key, Shelf, positions};
use crate::source::{Backing, Party, Perspective, Place, Source};
use crate::weigh::Account;

/// A claim as a statement makes it.
#[derive(Debug, Clone)]
pub struct Held<'a> {
    /// The statement.
    pub statement: &'a Statement,
    /// The last version of it that makes the claim.
    pub version: &'a Version,
    /// The first version that makes it: the claim is as old as that.
    pub since: &'a Version,
    /// The version that no longer makes it, if there is one.
    pub dropped: Option<&'a Version>,
    /// The position of the claim in its version, from 0.
    pub index: usize,
    /// The claim.
    pub claim: &'a Claim,
    pub(crate) perspective: Perspective<'a>,
}

/// The claims of a ledger, and the facts of each incident.
#[derive(Debug)]
pub struct Claims<'a> {
    timeline: &'a Timeline,
    index: Index<'a>,
    held: Vec<Held<'a>>,
    /// The positions of the claims of each incident.
    incidents: BTreeMap<&'a FeedId, Vec<usize>>,
    /// The same by what is looked up.
    shelves: BTreeMap<&'a FeedId, Shelf<'a>>,
    /// The positions of the claims of each statement, by its entry.
    made: BTreeMap<u64, Range<usize>>,
    /// The statements that put one of that name right, as they were recorded.
    correctors: BTreeMap<&'a str, Vec<&'a Statement>>,
    /// Whether each claim still stands: neither dropped nor taken back by its speaker.
    stands: Vec<bool>,
    suggested: usize,
    rejected: usize,
}

impl<'a> Claims<'a> {
    /// Gathers the claims of every statement: those of its last version, and those of earlier
    /// versions that the last one no longer makes. Claims that a phrase rule suggested are counted
    /// apart, until somebody confirms them.
    pub fn of(timeline: &'a Timeline) -> Self {
        let mut claims = Self {
            timeline,
            index: Index::of(timeline),
            held: Vec::new(),
            incidents: BTreeMap::new(),
            shelves: BTreeMap::new(),
            made: BTreeMap::new(),
            correctors: BTreeMap::new(),
            stands: Vec::new(),
            suggested: 0,
            rejected: 0,
        };
        let mut recorded: BTreeMap<Place, Vec<&Statement>> = BTreeMap::new();
        for statement in timeline.statements() {
            for corrected in &statement.corrects {
                claims.correctors.entry(&corrected.statement).or_default().push(statement);
            }
            let place = Place::of(statement);
            match timeline.beside(statement.seq) {
                None => {
                    recorded.entry(place).or_default().push(statement);
                    claims.gather(statement, &[]);
                }
                Some(_) => claims.gather(statement, recorded.get(&place).map_or(&[], |r| r)),
            }
        }
        let stands = claims.held.iter().map(|held| claims.correction(held).is_none());
        claims.stands = stands.collect();
        claims
    }

    /// Gathers the claims of a statement. What the ledger's own record of the same text claims
    /// already is not held twice.
    fn gather(&mut self, statement: &'a Statement, recorded: &[&Statement]) {
        let first = self.held.len();
        let versions = &statement.versions;
        let makes = |version: &Version, claim: &Claim| {
            version.claims.iter().any(|made| made.assertion == claim.assertion)
        };
        for (at, version) in versions.iter().enumerate() {
            for (index, claim) in version.claims.iter().enumerate() {
                let later = versions.get(at + 1);
                if later.is_some_and(|later| makes(later, claim))
                    || recorded.iter().any(|same| same.versions.iter().any(|v| makes(v, claim)))
                {
                    continue;
                }
                if version.rejected.contains(&index) {
                    self.rejected += 1;
                    continue;
                }
                if claim.origin == Origin::Suggested {
                    self.suggested += 1;
                    continue;
                }
                let before = versions[..=at].iter().rev().take_while(|v| makes(v, claim));
                let party = Party::of(&statement.speaker);
                self.held.push(Held {
                    statement,
                    version,
                    since: before.last().unwrap_or(version),
                    dropped: later,
                    index,
                    claim,
                    perspective: Perspective::new(party, Some(statement), &statement.feeds),
                });
            }
        }
        self.made.insert(statement.seq, first..self.held.len());
        for at in first..self.held.len() {
            let claim = self.held[at].claim;
            for feed in statement.feeds.iter().filter(|feed| feed.is_incident()) {
                self.incidents.entry(feed).or_default().push(at);
                let shelf = self.shelves.entry(feed).or_default();
                for key in keys(claim) {
                    shelf.put(key, at);
                }
            }
        }
    }

    /// Returns the claims, in the order in which their statements were recorded.
    pub fn held(&self) -> &[Held<'a>] {
        &self.held
    }

    /// Returns the claims of one incident, in that order.
    pub(crate) fn held_in(&self, feed: &FeedId) -> impl Iterator<Item = &Held<'a>> {
        self.incidents.get(feed).into_iter().flatten().map(|at| &self.held[*at])
    }

    /// Returns the claims in the incidents among `feeds` under a key, in that order.
    pub(crate) fn held_under(&self, feeds: &[FeedId], key: Key<'_>) -> Vec<&Held<'a>> {
        positions(&self.shelves, feeds, key).into_iter().map(|at| &self.held[at]).collect()
    }

    /// Returns how many claims were suggested by a phrase rule and are not confirmed.
    pub fn suggested(&self) -> usize {
        self.suggested
    }

    /// Returns how many claims a reviewer rejected: the text does not make them.
    pub fn rejected(&self) -> usize {
        self.rejected
    }

    /// Returns the facts of the incidents among `feeds` under a key, ascending by seq.
    pub(crate) fn facts(&self, feeds: &[FeedId], key: Key<'_>) -> Vec<&'a Fact> {
        self.index.under(feeds, key).into_iter().map(|found| found.fact).collect()
    }

    /// Returns the texts that an entry cites.
    pub(crate) fn cited(&self, fact: &Fact) -> &[Cited<'a>] {
        self.index.fact(fact.seq).map_or(&[], |found| &found.cited)
    }

    /// Returns the statements at a place, as they were recorded.
    pub(crate) fn at(&self, place: &Place) -> &[&'a Statement] {
        self.index.at(place)
    }

    /// Returns the statement of which an entry is a version.
    pub(crate) fn statement_of(&self, seq: u64) -> Option<&'a Statement> {
        self.index.statement_of(seq)
    }

    /// Returns what stands behind a fact, or `None` if that is nothing but the statement itself.
    pub(crate) fn backing(&self, from: &Perspective<'a>, fact: &Fact) -> Option<Backing<'a>> {
        from.backing(self.timeline, self.index.fact(fact.seq)?)
    }

    /// Returns those of the facts under a key that are `wanted` and do not rest on nothing but the
    /// speaker's statement itself, each with what stands behind it.
    pub(crate) fn backed(
        &self,
        from: &Perspective<'a>,
        key: Key<'_>,
        wanted: impl Fn(&Indexed<'a>) -> bool,
    ) -> Vec<(&Indexed<'a>, Backing<'a>)> {
        let found = self.index.under(from.feeds, key).into_iter().filter(|found| wanted(found));
        found.filter_map(|found| Some((found, from.backing(self.timeline, found)?))).collect()
    }

    /// Returns the claims of the other statements of the same incidents under a key that still
    /// stand.
    pub(crate) fn others(
        &self,
        from: &Perspective<'a>,
        key: Key<'_>,
    ) -> Vec<(&Held<'a>, Backing<'a>)> {
        let found = positions(&self.shelves, from.feeds, key).into_iter();
        let standing = found.filter(|at| self.stands[*at]).map(|at| &self.held[at]);
        let voiced = standing.filter_map(|other| {
            let source = from.voice(other.statement)?;
            Some((other, Backing { source, told_by: vec![other.statement] }))
        });
        voiced.collect()
    }

    /// Returns the statement by which the speaker of a claim put it right, if there is one: the
    /// edited text itself, or a later statement that says so.
    pub(crate) fn correction(&self, held: &Held<'a>) -> Option<Correction<'a>> {
        if let Some(version) = held.dropped {
            let at = Some(&version.at);
            return Some(Correction { seq: version.seq, at, by: held.statement, how: "edited" });
        }
        let names = |by: &&Statement| {
            by.corrects.iter().any(|corrected| {
                let index = u64::try_from(held.index).ok();
                corrected.statement == held.statement.name
                    && (corrected.claim.is_none() || corrected.claim == index)
            })
        };
        if let Some(by) = self.corrected_by(held.statement).find(names) {
            let at = Some(&by.published);
            return Some(Correction { seq: by.seq, at, by, how: "corrected" });
        }
        let withdrawn = held.statement.withdrawn.as_ref()?;
        let at = withdrawn.at.as_ref();
        Some(Correction { seq: withdrawn.seq, at, by: held.statement, how: "withdrawn" })
    }

    /// Returns the statements by which the speaker of `statement` puts it right, or a part of it.
    pub(crate) fn corrected_by(
        &self,
        statement: &Statement,
    ) -> impl Iterator<Item = &'a Statement> {
        let party = Party::of(&statement.speaker);
        let named = self.correctors.get(statement.name.as_str());
        named.into_iter().flatten().copied().filter(move |by| {
            shares_incident(&by.feeds, &statement.feeds) && Party::of(&by.speaker).is(&party)
        })
    }

    /// Returns the earlier statement of the same speaker at which a difference from `account` is
    /// counted already: two texts that differ are one difference, found where it was said first.
    pub(crate) fn counted_at(
        &self,
        held: &Held<'a>,
        account: &Account<'a>,
        same: impl Fn(&Assertion) -> bool,
    ) -> Option<&'a str> {
        let asserts = |statement: &Statement| {
            let made = self.made.get(&statement.seq).cloned().unwrap_or_default();
            let claims = self.held[made].iter();
            claims.filter(|h| h.dropped.is_none()).any(|h| same(&h.claim.assertion))
        };
        let earlier = account.source == Source::OwnStatement
            && account.told_by.iter().all(|statement| held.follows(statement));
        let mut first = account.told_by.iter().filter(|statement| asserts(statement));
        first.next().filter(|_| earlier).map(|statement| statement.name.as_str())
    }

    /// Returns the timeline.
    pub(crate) fn timeline(&self) -> &'a Timeline {
        self.timeline
    }

    /// Returns in words what was looked through for somebody who speaks in `feeds`.
    pub(crate) fn searched(&self, feeds: &[FeedId]) -> String {
        let names: BTreeSet<&str> =
            feeds.iter().filter(|feed| feed.is_incident()).map(FeedId::as_str).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let Extent { facts: n, unread } = self.index.extent(feeds);
        let entries = if n == 1 { "the 1 entry".to_owned() } else { format!("the {n} entries") };
        let unread = match unread {
            0 => String::new(),
            n => format!(", {n} of them sealed or not understood"),
        };
        format!("{entries} of {}{unread}", names.join(", "))
    }
}

/// Returns what a claim is looked up by: what it is about, and the family of what it asserts.
fn keys(claim: &Claim) -> Vec<Key<'_>> {
    let family = match &claim.assertion {
        Assertion::Occurred(a) => Some(a.kind.family()),
        Assertion::Will(a) => Some(a.what.family()),
        Assertion::Count(a) => Some(a.metric.as_str()),
        _ => None,
    };
    let subjects: Vec<&str> = match &claim.assertion {
        Assertion::Occurred(a) => a.subject.as_deref().into_iter().collect(),
        Assertion::Will(a) => a.subject.as_deref().into_iter().collect(),
        Assertion::Status(a) => vec![&a.item],
        Assertion::AllComplete(a) => a.items.iter().map(String::as_str).collect(),
        Assertion::Count(_) => claim.scope.as_deref().into_iter().collect(),
        Assertion::Value(a) => vec![&a.subject],
        Assertion::Characterises(a) => vec![&a.subject],
        Assertion::Order(a) => {
            [&a.before.subject, &a.after.subject].into_iter().filter_map(Option::as_deref).collect()
        }
        _ => Vec::new(),
    };
    family.map(Key::Family).into_iter().chain(subjects.into_iter().map(Key::Subject)).collect()
}

/// How a speaker put a claim right.
#[derive(Debug, Clone)]
pub(crate) struct Correction<'a> {
    /// The entry that shows it.
    pub(crate) seq: u64,
    /// When, if that is known.
    pub(crate) at: Option<&'a When>,
    /// The statement that did.
    pub(crate) by: &'a Statement,
    /// How, in one word.
    pub(crate) how: &'static str,
}

impl<'a> Held<'a> {
    /// Returns when the claim was made.
    pub(crate) fn at(&self) -> &'a When {
        &self.since.at
    }

    /// Returns whether the speaker spoke for itself, not for its organisation.
    pub(crate) fn is_personal(&self) -> bool {
        self.statement.speaker.capacity == Capacity::Personal
    }

    /// Returns whether `statement` stands before this one, in time or on its page.
    pub(crate) fn follows(&self, statement: &Statement) -> bool {
        let (own, other) = (Place::of(self.statement), Place::of(statement));
        other.precedes(&own) || statement.published.interval().before(&self.at().interval())
    }

    /// Returns whether `statement` stands after this one, in time or on its page.
    pub(crate) fn precedes(&self, statement: &Statement) -> bool {
        let (own, other) = (Place::of(self.statement), Place::of(statement));
        own.precedes(&other) || self.at().interval().before(&statement.published.interval())
    }
}
