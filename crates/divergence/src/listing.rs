//! Which action items a public text lists, as its claims and the entries that cite it have it.

use std::collections::BTreeMap;

use tally_ledger::claim::{Assertion, Origin};
use tally_ledger::replay::{Fact, Statement};
use tally_ledger::time::{Instant, When};
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::statement::Form;

use crate::claims::{Claims, Held};
use crate::finding::Evidence;

/// The instant from which the template with a status and evaluation criteria for each action item
/// is in force (Incident Reporting Guidelines, version 3.0): 2025-03-01T00:00:00Z.
const TEMPLATE_SINCE: i64 = 1_740_787_200;

/// The action items that a text lists.
#[derive(Debug)]
pub(crate) struct Listing<'a> {
    pub(crate) statement: &'a Statement,
    /// Each item by its id.
    pub(crate) items: BTreeMap<&'a str, Listed<'a>>,
    /// Whether it speaks of all items at once.
    pub(crate) all: bool,
    /// Whether its claims were read from its table or declared by its speaker, so that an item
    /// which is not among them is not in the text either.
    pub(crate) whole: bool,
    /// The claims that tell the status of an item.
    pub(crate) told: Vec<&'a Held<'a>>,
}

/// An item as a text lists it.
#[derive(Debug, Default)]
pub(crate) struct Listed<'a> {
    /// Its status there, if one is told.
    pub(crate) status: Option<&'a str>,
    /// What tells that it is listed.
    pub(crate) evidence: Option<Evidence>,
}

/// Whether the template is in force when a text is posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InForce {
    Yes,
    No,
    /// The text is not dated well enough.
    Unknown,
}

impl InForce {
    /// Returns whether the template is in force for what is posted at `when`.
    pub(crate) fn at(when: &When) -> Self {
        let interval = when.interval();
        match interval {
            _ if interval.end <= TEMPLATE_SINCE => Self::No,
            _ if interval.start >= TEMPLATE_SINCE => Self::Yes,
            _ => Self::Unknown,
        }
    }

    /// Returns from when the template is in force.
    pub(crate) fn since() -> When {
        When::from_instant(Instant::from_unix(TEMPLATE_SINCE).expect("a constant instant"))
    }
}

impl Listing<'_> {
    /// Returns whether the text is a report that has the template's table of action items.
    pub(crate) fn is_report(&self) -> bool {
        matches!(self.statement.form, Some(Form::FullReport | Form::ClosureReport))
    }
}

/// Returns what each text lists, in the order of the statements; texts that list nothing are left
/// out.
pub(crate) fn listings<'c, 'a: 'c>(claims: &'c Claims<'a>) -> Vec<Listing<'c>> {
    let timeline = claims.timeline();
    let mut by_statement: BTreeMap<u64, Listing<'_>> = BTreeMap::new();
    let empty = |statement| Listing {
        statement,
        items: BTreeMap::new(),
        all: false,
        whole: false,
        told: Vec::new(),
    };
    for held in claims.held().iter().filter(|held| held.dropped.is_none()) {
        let seq = held.statement.seq;
        let mut add = |item: &'c str, status: Option<&'c str>| {
            let listing = by_statement.entry(seq).or_insert_with(|| empty(held.statement));
            let evidence = timeline.fact(held.version.seq).map(Evidence::beside);
            let evidence = evidence.map(|e| Evidence { claim: Some(held.index), ..e });
            let listed = listing.items.entry(item).or_default();
            listed.status = status.or(listed.status);
            listed.evidence = listed.evidence.take().or(evidence);
        };
        match &held.claim.assertion {
            Assertion::Status(a) => {
                add(&a.item, Some(&a.status));
                let listing = by_statement.entry(seq).or_insert_with(|| empty(held.statement));
                listing.told.push(held);
                listing.whole |= matches!(held.claim.origin, Origin::Parsed | Origin::Declared);
            }
            Assertion::AllComplete(a) if a.items.is_empty() => {
                by_statement.entry(seq).or_insert_with(|| empty(held.statement)).all = true;
            }
            Assertion::AllComplete(a) => a.items.iter().for_each(|item| add(item, None)),
            _ => {}
        }
    }
    for fact in timeline.facts() {
        let Some((item, status)) = worded(fact) else {
            continue;
        };
        for statement in claims.cited(fact).iter().filter_map(|cited| cited.statement) {
            let listing = by_statement.entry(statement.seq).or_insert_with(|| empty(statement));
            let listed = listing.items.entry(item).or_default();
            listed.status = listed.status.or(status);
            listed.evidence = listed.evidence.take().or_else(|| Some(Evidence::beside(fact)));
        }
    }
    by_statement.into_values().collect()
}

/// Returns the action item that an entry is about, and its status if the entry tells one.
fn worded(fact: &Fact) -> Option<(&str, Option<&str>)> {
    match fact.body()? {
        Body::ActionOpened(body) => Some((&body.id, Some(body.status.as_str()))),
        Body::ActionStatus(body) => Some((&body.id, Some(body.status.as_str()))),
        Body::ActionChanged(body) => Some((&body.id, None)),
        _ => None,
    }
}
