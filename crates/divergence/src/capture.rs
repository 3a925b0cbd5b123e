//! Captures of pages: which texts of a page one source shows, and whether those are all.

use std::collections::BTreeMap;

use tally_ledger::replay::{Fact, Statement, Timeline};
use tally_ledger::time::{Interval, When};
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::document::Measured;

use crate::source::Place;

/// What one source, the ledger or something beside it, shows of one page.
#[derive(Debug, Default)]
pub(crate) struct Capture<'a> {
    /// The texts of the page.
    pub(crate) texts: Vec<&'a Statement>,
    /// The last capture that held all texts, and when it was taken.
    pub(crate) whole: Option<(Interval, &'a Fact)>,
    /// The first entry or event about the page.
    pub(crate) first: Option<&'a Fact>,
}

/// The captures by page, and by the position at which a source beside the ledger begins; `None` is
/// the ledger itself.
pub(crate) type Captures<'a> = BTreeMap<(Place, Option<u64>), Capture<'a>>;

/// Returns what each source shows of each page.
pub(crate) fn captures(timeline: &Timeline) -> Captures<'_> {
    let source = |seq| timeline.beside(seq).map(|joined| joined.first);
    let mut captures = Captures::new();
    for statement in timeline.statements() {
        let key = (Place::page(&statement.url), source(statement.seq));
        let capture = captures.entry(key).or_default();
        capture.texts.push(statement);
        capture.first = capture.first.or(timeline.fact(statement.seq));
    }
    for fact in timeline.facts() {
        let Some(Body::MeasurementTaken(taken)) = fact.body() else {
            continue;
        };
        let at = fact.occurred().map(When::interval);
        if let (Measured::Tracker, Some(url), Some(at)) = (&taken.what, &taken.url, at) {
            let capture = captures.entry((Place::page(url), source(fact.seq))).or_default();
            if capture.whole.is_none_or(|(known, _)| known.start < at.start) {
                capture.whole = Some((at, fact));
            }
            capture.first = capture.first.or(Some(fact));
        }
    }
    captures
}

impl Capture<'_> {
    /// Returns the highest number of its texts, if the numbers leave no gap from 0 on.
    pub(crate) fn last(&self) -> Option<u64> {
        let mut items: Vec<u64> = self.texts.iter().filter_map(|text| text.item).collect();
        items.sort_unstable();
        items.dedup();
        let gapless = items.iter().zip(0..).all(|(item, expected)| *item == expected);
        items.last().copied().filter(|_| gapless)
    }
}
