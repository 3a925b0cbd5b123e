//! A clock: from when it runs, when it has surely run out, and which recorded text stops it.
//!
//! Everything is an interval. A clock is surely kept if it was stopped before it can have run out,
//! and surely missed only if every text that can have stopped it is recorded, and none did.

use tally_ledger::replay::{Fact, Statement, Timeline};
use tally_ledger::time::{Instant, Interval, When};

use crate::finding::{Evidence, Relation, Verdict, cited};
use crate::incident::{Incident, Point};
use crate::length::duration;
use crate::pack::Limit;

/// What the clocks of texts are compared with.
pub(crate) const TEXTS: &str = "compared with the times of the texts on its page";
/// A time that is known to the minute is at most so long, in seconds.
const EXACT_SECONDS_MAX: i64 = 60;

/// The two ends of a clock, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// The last second at which it is surely kept.
    pub(crate) kept: i64,
    /// The last second at which it is not yet surely missed.
    pub(crate) lapse: i64,
}

impl Bounds {
    /// Returns the ends of a clock that started in `start`; `None` if it ends on a date.
    pub(crate) fn of(limit: &Limit, start: Interval) -> Option<Self> {
        let (kept, missed) = limit.seconds()?;
        let last = if start.end == i64::MAX { i64::MAX } else { start.end - 1 };
        let kept = if start.start == i64::MIN { i64::MIN } else { start.start + kept };
        Some(Self { kept, lapse: last.saturating_add(missed) })
    }

    /// Returns the ends of a clock that ends with a date, which is one of `limit`'s zone if it
    /// states none.
    pub(crate) fn of_date(limit: &Limit, due: &When) -> Option<Self> {
        let Limit::EndOfDay(zone) = limit else {
            return None;
        };
        let zoned = match due.zone() {
            Some(_) => None,
            None => When::new(due.at(), Some(zone), None).ok(),
        };
        let end = zoned.as_ref().unwrap_or(due).interval().end;
        let last = if end == i64::MAX { end } else { end - 1 };
        Some(Self { kept: last, lapse: last })
    }

    /// Returns in words how far beyond its end a clock ran until `done`.
    pub(crate) fn over(&self, start: Interval, done: Interval) -> String {
        let exact =
            |interval: Interval| interval.end.saturating_sub(interval.start) <= EXACT_SECONDS_MAX;
        if exact(start) && exact(done) {
            format!("{} later", duration(done.start - self.kept))
        } else {
            format!("at least {} later", duration(done.start - self.lapse))
        }
    }

    /// Returns when the clock has run out, if that is one instant.
    pub(crate) fn due(&self, start: Interval) -> Option<When> {
        let exact = start.end.saturating_sub(start.start) <= EXACT_SECONDS_MAX;
        Instant::from_unix(self.kept).ok().filter(|_| exact).map(When::from_instant)
    }
}

/// What a text does to a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stops {
    /// It stops the clock.
    Yes,
    /// It may; the record does not show it.
    Perhaps,
    /// It does not.
    No,
}

/// How a clock ended.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ended<'a> {
    /// A text stopped it in time.
    Kept(&'a Statement),
    /// No text stopped it in time; the one that did so later, if one did.
    Missed(Option<&'a Statement>),
    /// It has not run out.
    Open,
    /// A text may have stopped it in time: by its nature, or by its time.
    Perhaps(&'a Statement, Doubt),
    /// Not all texts that can have stopped it are recorded; the first that surely did, if one did.
    Unrecorded(Option<&'a Statement>),
}

/// Why a text may or may not have stopped a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// Whether it does so is not recorded.
    Nature,
    /// Whether it came in time its time does not show.
    Time,
}

/// Runs a clock from `start` over the texts of an incident.
pub(crate) fn run<'a>(
    incident: &Incident<'a>,
    start: &Point,
    bounds: Bounds,
    as_of: i64,
    stops: impl Fn(&Statement) -> Stops,
) -> Ended<'a> {
    let mut in_doubt: Option<(&Statement, Doubt)> = None;
    let mut late: Option<&Statement> = None;
    for text in incident.texts.iter().copied() {
        let stops = stops(text);
        let point = Point::of(text);
        let published = point.interval;
        if stops == Stops::No || point.precedes(start) || is_at(&point, start) {
            continue;
        }
        let sure = stops == Stops::Yes && start.precedes(&point);
        if sure && published.end.saturating_sub(1) <= bounds.kept {
            return Ended::Kept(text);
        }
        if published.start <= bounds.lapse {
            // That a text of the right nature may be in time says more than that another may be
            // of that nature.
            let doubt = if stops == Stops::Yes { Doubt::Time } else { Doubt::Nature };
            if in_doubt.is_none_or(|(_, known)| (known, doubt) == (Doubt::Nature, Doubt::Time)) {
                in_doubt = Some((text, doubt));
            }
        } else if stops == Stops::Yes {
            late = late.or(Some(text));
        }
    }
    if let Some((text, doubt)) = in_doubt {
        return Ended::Perhaps(text, doubt);
    }
    let out = late.is_some() || bounds.lapse < as_of;
    match (out, incident.covers(start, bounds.lapse.saturating_add(1))) {
        (true, true) => Ended::Missed(late),
        (true, false) => Ended::Unrecorded(late),
        (false, _) => Ended::Open,
    }
}

/// Returns whether a text is the one in which a clock starts.
fn is_at(point: &Point, start: &Point) -> bool {
    point.place.is_some() && point.place == start.place
}

/// What came of a clock, in words.
#[derive(Debug, Clone)]
pub(crate) struct Reading<'a> {
    /// Whether the record agrees with the limit.
    pub(crate) relation: Relation,
    /// How far beyond the limit, or why nothing is decided.
    pub(crate) remark: String,
    /// The text that decides, or that may.
    pub(crate) text: Option<&'a Statement>,
}

impl Reading<'_> {
    /// Returns the verdict that the reading alone comes to.
    pub(crate) fn verdict(&self) -> Verdict {
        match self.relation {
            Relation::Agrees => Verdict::Tallies,
            Relation::Differs => Verdict::Diverges,
            Relation::Changes | Relation::Unclear | Relation::Beside => Verdict::Undetermined,
        }
    }

    /// Takes back that the limit was missed: the incident was, or may have been, closed before.
    pub(crate) fn close(&mut self) {
        if self.relation == Relation::Differs {
            self.relation = Relation::Unclear;
            self.remark = String::from("the incident was, or may have been, closed before that");
        }
    }

    /// Returns the text as evidence of the reading.
    pub(crate) fn evidence(&self, timeline: &Timeline) -> Option<Evidence> {
        let fact = timeline.fact(self.text?.seq)?;
        Some(evidence(fact, self.relation))
    }
}

/// Returns a fact as evidence of what came of a clock.
pub(crate) fn evidence(fact: &Fact, relation: Relation) -> Evidence {
    let (seq, id, citations) = (fact.seq, fact.id, cited(fact));
    Evidence { seq, id, relation, source: None, claim: None, citations }
}

impl<'a> Ended<'a> {
    /// Reads how a clock ended that started in `start`. `nature` says what is not recorded of a
    /// text that may have stopped it, such as "whether it is a report is not recorded".
    pub(crate) fn read(
        self,
        bounds: Bounds,
        start: Interval,
        as_of: Instant,
        nature: &str,
    ) -> Reading<'a> {
        let (relation, remark, text) = match self {
            Self::Kept(text) => (Relation::Agrees, "in time".to_owned(), Some(text)),
            Self::Missed(Some(text)) => {
                let over = bounds.over(start, text.published.interval());
                (Relation::Differs, over, Some(text))
            }
            Self::Missed(None) => {
                let now = When::from_instant(as_of);
                let over = bounds.over(start, now.interval());
                (Relation::Differs, format!("nothing is recorded as of {now}, {over}"), None)
            }
            Self::Open => {
                let now = When::from_instant(as_of);
                (Relation::Unclear, format!("it has not run out as of {now}"), None)
            }
            Self::Perhaps(text, Doubt::Time) => {
                let why = "whether that was in time the record does not show".to_owned();
                (Relation::Unclear, why, Some(text))
            }
            Self::Perhaps(text, Doubt::Nature) => {
                let followed = format!("{} ({}) followed", text.published, text.name);
                (Relation::Unclear, format!("{followed}; {nature}"), Some(text))
            }
            Self::Unrecorded(text) => {
                let why = "not every text that was posted meanwhile is recorded".to_owned();
                (Relation::Unclear, why, text)
            }
        };
        Reading { relation, remark, text }
    }
}
