//! Where what is recorded stands in time to the moment that a claim speaks of.

use tally_ledger::time::When;

use crate::claims::Held;
use crate::weigh::Account;

/// The longest that one day can be where its zone is unknown: from UTC+14 to UTC-12, 50 hours.
const DAY_SECONDS_MAX: i64 = 50 * 3600;

/// Where a record stands to the moment of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Position {
    /// Surely before it.
    Before,
    /// For the same time, as both are written.
    At,
    /// Surely after it.
    After,
    /// Nothing shows which.
    Unknown,
}

/// The moment that a claim speaks of: the time it names, or when it was made.
#[derive(Debug)]
pub(crate) struct Moment<'a> {
    held: &'a Held<'a>,
    when: &'a When,
}

impl<'a> Moment<'a> {
    /// Returns the moment of a claim that names `as_of`, or no time of its own.
    pub(crate) fn of(held: &'a Held<'a>, as_of: Option<&'a When>) -> Self {
        Self { held, when: as_of.unwrap_or(held.at()) }
    }

    /// Returns where what holds at `when`, told by `account`, stands to this moment.
    ///
    /// Where the times overlap, and the moment is that of the statement itself, the order of the
    /// texts on one page decides: its items ascend in time.
    pub(crate) fn position(&self, when: Option<&When>, account: &Account<'_>) -> Position {
        let own = self.when.interval();
        let interval = when.map(When::interval);
        if interval.is_some_and(|interval| interval.before(&own)) {
            return Position::Before;
        }
        if interval.is_some_and(|interval| own.before(&interval)) {
            return Position::After;
        }
        let told = &account.told_by;
        if !told.is_empty() && own.overlaps(&self.held.at().interval()) {
            if told.iter().all(|told| self.held.follows(told)) {
                return Position::Before;
            }
            if told.iter().all(|told| self.held.precedes(told)) {
                return Position::After;
            }
        }
        let narrow = own.end.saturating_sub(own.start) <= DAY_SECONDS_MAX;
        if narrow && interval == Some(own) { Position::At } else { Position::Unknown }
    }
}

/// What a record says for a time.
#[derive(Debug, Clone)]
pub(crate) struct Point<'a, T> {
    pub(crate) value: T,
    pub(crate) when: Option<When>,
    pub(crate) account: Account<'a>,
    pub(crate) position: Position,
}

/// Returns the points that no other one surely follows: the last that is known.
pub(crate) fn latest<'p, 'a, T>(points: &[&'p Point<'a, T>]) -> Vec<&'p Point<'a, T>> {
    let last = |point: &&&Point<'a, T>| points.iter().all(|other| !follows(other, point));
    points.iter().filter(last).copied().collect()
}

/// Returns whether `later` surely holds for a later time than `earlier`, by the times that both
/// have, or by the order of the texts that tell them.
fn follows<T>(later: &Point<'_, T>, earlier: &Point<'_, T>) -> bool {
    let interval = |point: &Point<'_, T>| point.when.as_ref().map(When::interval);
    if let (Some(a), Some(b)) = (interval(earlier), interval(later)) {
        if a.before(&b) {
            return true;
        }
        if b.before(&a) {
            return false;
        }
    }
    let (a, b) = (&earlier.account.told_by, &later.account.told_by);
    let ordered = |x: &tally_ledger::replay::Statement, y: &tally_ledger::replay::Statement| {
        let (x, y) = (crate::source::Place::of(x), crate::source::Place::of(y));
        x.precedes(&y)
    };
    !a.is_empty() && !b.is_empty() && a.iter().all(|x| b.iter().all(|y| ordered(x, y)))
}
