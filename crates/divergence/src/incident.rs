//! An incident as its clocks see it: whose it is, where it is discussed, which texts stand there in
//! what order, and whether all of them are here.

use std::collections::BTreeMap;

use tally_ledger::governance::Standing;
use tally_ledger::name::FeedId;
use tally_ledger::replay::{Fact, Statement};
use tally_ledger::time::{Interval, When};
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::document::Measured;
use tally_ledger::vocabulary::statement::Form;
use tally_ledger::vocabulary::tracker::Field;
use tally_ledger::vocabulary::words::Capacity;

use crate::claims::Claims;
use crate::rules::absence_shows;
use crate::source::{Party, Perspective, Place, Source};

/// An incident of one organisation.
#[derive(Debug)]
pub(crate) struct Incident<'a> {
    /// Its feed.
    pub(crate) feed: &'a FeedId,
    /// The organisation it is about.
    pub(crate) organisation: &'a str,
    /// How things look from that organisation.
    pub(crate) perspective: Perspective<'a>,
    /// Its facts, ascending by seq.
    pub(crate) facts: Vec<&'a Fact>,
    /// The texts on its pages, each once, the oldest first.
    pub(crate) texts: Vec<&'a Statement>,
    /// Every text of its feed.
    all: Vec<&'a Statement>,
    pages: Vec<Page>,
    /// Whether the organisation keeps this ledger of itself, and all of it is here.
    whole: bool,
    /// When it was closed or opened again.
    turns: Vec<Turn>,
}

/// A page on which an incident is discussed.
#[derive(Debug)]
struct Page {
    place: Place,
    /// Until when all of its texts are recorded, by a capture of the page.
    captured: i64,
    /// By number, from when each text was published.
    items: BTreeMap<u64, Interval>,
}

#[derive(Debug)]
struct Turn {
    at: Interval,
    closed: bool,
}

/// A point from which, or up to which, texts are looked for.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    /// When that is.
    pub(crate) interval: Interval,
    /// Its place, if it stands in a text.
    pub(crate) place: Option<Place>,
}

impl Point {
    /// Returns the point at which a text stands.
    pub(crate) fn of(statement: &Statement) -> Self {
        let place = Some(Place::of(statement));
        Self { interval: statement.published.interval(), place }
    }

    /// Returns a point in time.
    pub(crate) fn at(interval: Interval) -> Self {
        Self { interval, place: None }
    }

    /// Returns whether this point is surely before the other, in time or on their page.
    pub(crate) fn precedes(&self, other: &Self) -> bool {
        match (&self.place, &other.place) {
            (Some(a), Some(b)) if a.precedes(b) => true,
            (Some(a), Some(b)) if b.precedes(a) || a == b && a.item().is_some() => false,
            _ => self.interval.before(&other.interval),
        }
    }
}

/// Returns the incidents of a ledger whose organisation is known, by the names of their feeds.
pub(crate) fn incidents<'a>(claims: &Claims<'a>) -> Vec<Incident<'a>> {
    let timeline = claims.timeline();
    let mut facts: BTreeMap<&FeedId, Vec<&Fact>> = BTreeMap::new();
    for fact in timeline.facts() {
        for feed in fact.feeds.iter().filter(|feed| feed.is_incident()) {
            facts.entry(feed).or_default().push(fact);
        }
    }
    let mut texts: BTreeMap<&FeedId, Vec<&Statement>> = BTreeMap::new();
    for statement in timeline.statements() {
        for feed in statement.feeds.iter().filter(|feed| feed.is_incident()) {
            texts.entry(feed).or_default().push(statement);
        }
    }
    let built = facts.into_iter().filter_map(|(feed, facts)| {
        let texts = texts.remove(feed).unwrap_or_default();
        Incident::of(claims, feed, facts, texts)
    });
    built.collect()
}

impl<'a> Incident<'a> {
    fn of(
        claims: &Claims<'a>,
        feed: &'a FeedId,
        facts: Vec<&'a Fact>,
        all: Vec<&'a Statement>,
    ) -> Option<Self> {
        let organisation = organisation(claims, &facts)?;
        let feeds = std::slice::from_ref(feed);
        let perspective = Perspective::new(Party::organisation(organisation), None, feeds);
        let whole = absence_shows(claims, &perspective);
        let mut pages = pages(&facts, &all);
        let mut texts: Vec<&Statement> = Vec::new();
        for statement in &all {
            let place = Place::of(statement);
            let Some(page) = pages.iter_mut().find(|page| page.place.may_be(&place)) else {
                continue;
            };
            let known = place.item().is_some_and(|item| {
                let published = statement.published.interval();
                page.items.insert(item, published).is_some()
            });
            if !known {
                texts.push(statement);
            }
        }
        texts.sort_by_key(|text| {
            let start = text.published.interval().start;
            (start, Place::of(text).item().unwrap_or(u64::MAX), text.seq)
        });
        let turns = turns(&facts);
        Some(Self { feed, organisation, perspective, facts, texts, all, pages, whole, turns })
    }

    /// Returns whether a text speaks for the organisation.
    pub(crate) fn is_official(&self, statement: &Statement) -> bool {
        statement.speaker.capacity == Capacity::Official
            && Party::of(&statement.speaker).is(&self.perspective.party)
    }

    /// Returns whether a text may speak for the organisation although the record does not say so:
    /// nobody knows whose account it is. An organisation knows its own texts.
    pub(crate) fn may_be_official(&self, statement: &Statement) -> bool {
        let nameless = statement.speaker.organisation.is_none()
            && statement.speaker.capacity != Capacity::Personal;
        nameless && !self.whole
    }

    /// Returns the texts that speak for the organisation.
    pub(crate) fn official(&self) -> impl Iterator<Item = &'a Statement> {
        self.texts.iter().copied().filter(|text| self.is_official(text))
    }

    /// Returns the point of what an entry says: in the one text that it rests on, or in the one of
    /// them that speaks for the organisation.
    pub(crate) fn point_of(&self, claims: &Claims<'a>, fact: &Fact) -> Point {
        let interval = fact.occurred().map_or(Interval::EVER, When::interval);
        let cited = claims.cited(fact);
        let official: Vec<&Statement> =
            cited.iter().filter_map(|c| c.statement).filter(|s| self.is_official(s)).collect();
        let place = match (&official[..], cited) {
            ([text], _) => Some(Place::of(text)),
            ([], [cited]) => cited.place.clone().or(cited.statement.map(Place::of)),
            _ => None,
        };
        Point { interval, place: place.filter(|place| place.item().is_some()) }
    }

    /// Returns the organisation's closure reports.
    pub(crate) fn closure_reports(&self) -> impl Iterator<Item = &'a Statement> {
        self.official().filter(|text| text.form == Some(Form::ClosureReport))
    }

    /// Returns a report of the organisation in `window` on a page that is none of the incident's.
    pub(crate) fn report_elsewhere(&self, window: Interval) -> Option<&'a Statement> {
        self.all.iter().copied().find(|text| {
            matches!(text.form, Some(Form::PreliminaryReport | Form::FullReport))
                && self.is_official(text)
                && !self.has_page(&text.url)
                && text.published.interval().overlaps(&window)
        })
    }

    /// Returns the last recorded text of that name.
    pub(crate) fn named(&self, name: &str) -> Option<&'a Statement> {
        self.all.iter().rev().copied().find(|statement| statement.name == name)
    }

    /// Returns the text at that address.
    pub(crate) fn at(&self, url: &str, item: Option<u64>) -> Option<&'a Statement> {
        let place = Place::new(url, item);
        self.all.iter().copied().find(|statement| Place::of(statement) == place)
    }

    /// Returns whether every text that was posted on its pages after `from` and up to `until` is
    /// recorded: in the organisation's own whole ledger, in a capture of the page, or because the
    /// numbers of the texts leave no gap.
    pub(crate) fn covers(&self, from: &Point, until: i64) -> bool {
        self.whole
            || !self.pages.is_empty() && self.pages.iter().all(|page| page.covers(from, until))
    }

    /// Returns whether any page of it is recorded.
    pub(crate) fn has_pages(&self) -> bool {
        !self.pages.is_empty()
    }

    /// Returns whether an address is on one of its pages.
    pub(crate) fn has_page(&self, url: &str) -> bool {
        let place = Place::new(url, None);
        self.pages.iter().any(|page| page.place.may_be(&place))
    }

    /// Returns whether a fact is what the organisation recorded of itself.
    pub(crate) fn is_own_record(&self, claims: &Claims<'a>, fact: &Fact) -> bool {
        let backing = claims.backing(&self.perspective, fact);
        backing.is_some_and(|backing| backing.source == Source::OwnRecord)
    }

    /// Returns whether nothing is missing from this record: the organisation keeps it of itself.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// Returns whether it was, or may have been, closed at any time from `from` to `until`.
    pub(crate) fn may_be_closed(&self, from: i64, until: i64) -> bool {
        self.turns.iter().any(|turn| {
            let reopened = self
                .turns
                .iter()
                .any(|other| !other.closed && turn.at.before(&other.at) && other.at.end <= from);
            turn.closed && turn.at.start < until && !reopened
        })
    }
}

impl Page {
    fn covers(&self, from: &Point, until: i64) -> bool {
        let first = match &from.place {
            Some(place) if self.place.may_be(place) => place.item().map_or(0, |item| item + 1),
            _ => 0,
        };
        let mut next = first;
        for (item, published) in self.items.range(first..) {
            if *item != next {
                return false;
            }
            if until <= published.start {
                return true;
            }
            next = item + 1;
        }
        until <= self.captured
    }
}

/// Returns the name of the organisation that an incident is about: the one that its first entry
/// names, else the owner of a ledger that it keeps of itself.
fn organisation<'a>(claims: &Claims<'a>, facts: &[&'a Fact]) -> Option<&'a str> {
    let mut opened = facts.iter().filter_map(|fact| match fact.body() {
        Some(Body::IncidentOpened(opened)) => Some(opened.about.name.as_str()),
        _ => None,
    });
    let timeline = claims.timeline();
    let own = timeline.standing() == Some(Standing::Own);
    let owner = || timeline.owner().filter(|_| own).map(|owner| owner.name.as_str());
    opened.next().or_else(owner)
}

/// Returns the pages that the incident names; those of its texts if it names none.
fn pages(facts: &[&Fact], texts: &[&Statement]) -> Vec<Page> {
    let mut places: Vec<Place> = Vec::new();
    for fact in facts {
        if let Some(Body::IncidentOpened(opened)) = fact.body() {
            let bug = |n: &u64| format!("https://bugzilla.mozilla.org/show_bug.cgi?id={n}");
            let urls = opened.bugs.iter().map(bug).chain(opened.urls.iter().cloned());
            places.extend(urls.map(|url| Place::page(&url)));
        }
    }
    if places.is_empty() {
        places.extend(texts.iter().map(|text| Place::page(&text.url)));
    }
    places.sort();
    places.dedup();
    let page = |place: Place| {
        let captured = captured(facts, &place);
        Page { place, captured, items: BTreeMap::new() }
    };
    places.into_iter().map(page).collect()
}

/// Returns until when a capture of the page shows all of its texts; `i64::MIN` if there is none.
fn captured(facts: &[&Fact], page: &Place) -> i64 {
    let taken = facts.iter().filter_map(|fact| match fact.body() {
        Some(Body::MeasurementTaken(taken)) if taken.what == Measured::Tracker => {
            let url = taken.url.as_ref()?;
            page.may_be(&Place::new(url, None)).then(|| fact.occurred().map(When::interval))?
        }
        _ => None,
    });
    taken.map(|interval| interval.start).max().unwrap_or(i64::MIN)
}

fn turns(facts: &[&Fact]) -> Vec<Turn> {
    let mut turns = Vec::new();
    for fact in facts {
        let closed = match fact.body() {
            Some(Body::IncidentClosed(_)) => true,
            Some(Body::IncidentReopened(_)) => false,
            Some(Body::TrackerChanged(changed)) if changed.field == Field::Status => {
                match changed.new.as_deref() {
                    Some("RESOLVED" | "VERIFIED" | "CLOSED") => true,
                    Some("REOPENED") => false,
                    _ => continue,
                }
            }
            _ => continue,
        };
        let at = fact.occurred().map_or(Interval::EVER, When::interval);
        turns.push(Turn { at, closed });
    }
    turns
}
