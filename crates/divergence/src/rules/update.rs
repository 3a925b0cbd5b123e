//! P104: the next update that the tracker names, and regular updates while it names none.

use tally_ledger::replay::{Fact, Statement};
use tally_ledger::time::{Interval, When};
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::tracker::{Changed, Field};

use super::UPDATE;
use super::cadence::{Gap, worst};
use crate::case::Case;
use crate::clock::{Bounds, Reading, Stops, TEXTS, evidence, run};
use crate::duty::{Duty, Held, duties};
use crate::finding::{Finding, Relation, Verdict};
use crate::incident::{Incident, Point};
use crate::length::between;
use crate::pack::{Limit, Requirement};
use crate::source::Place;
use crate::times::Times;

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for incident in &case.incidents {
        let dates = dates(incident);
        for (at, date) in dates.iter().enumerate() {
            findings.extend(by_date(case, incident, date, dates.get(at + 1)));
        }
        findings.extend(regular(case, incident, &dates));
    }
    findings
}

/// What the tracker says of the next update, from one change of it on.
struct Date<'a> {
    fact: &'a Fact,
    changed: &'a Changed,
    /// When the field was changed.
    set: Interval,
}

impl Date<'_> {
    /// Returns whether the change took the date away.
    fn is_cleared(&self) -> bool {
        let new = self.changed.new.as_ref().map_or("", |new| new.trim());
        self.changed.due.is_none() && new.is_empty()
    }
}

/// Returns the changes of the date, the oldest first.
fn dates<'a>(incident: &Incident<'a>) -> Vec<Date<'a>> {
    let mut dates: Vec<Date<'_>> = Vec::new();
    for fact in &incident.facts {
        if let Some(Body::TrackerChanged(changed)) = fact.body()
            && changed.field == Field::NextUpdate
            && is_of(incident, changed)
        {
            let set = fact.occurred().map_or(Interval::EVER, When::interval);
            dates.push(Date { fact, changed, set });
        }
    }
    dates.sort_by_key(|date| (date.set.start, date.fact.seq));
    dates
}

/// Returns whether a change is of a page of the incident, and not of another bug that its feed
/// follows as well.
fn is_of(incident: &Incident<'_>, changed: &Changed) -> bool {
    let bug = |n: u64| format!("https://bugzilla.mozilla.org/show_bug.cgi?id={n}");
    let url = changed.url.clone().or(changed.bug.map(bug));
    url.is_none_or(|url| incident.has_page(&url))
}

/// Returns what a text does to the clock of an update.
fn updates(incident: &Incident<'_>, text: &Statement) -> Stops {
    if incident.is_official(text) {
        Stops::Yes
    } else if incident.may_be_official(text) {
        Stops::Perhaps
    } else {
        Stops::No
    }
}

/// What a closure report posted by then does to the duty to update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closure {
    /// None was posted.
    None,
    /// The duty ended with it.
    Ended,
    /// One was posted, and either something was asked since, or the policy is silent about it.
    Doubtful,
}

impl Closure {
    /// Returns what the closure reports posted before `point` do to what is `asked`.
    pub(super) fn by(incident: &Incident<'_>, point: &Point, asked: &Requirement) -> Self {
        let report =
            incident.closure_reports().map(Point::of).find(|report| report.precedes(point));
        let Some(report) = report else {
            return Self::None;
        };
        let mut questions = incident.facts.iter().filter_map(|fact| match fact.body() {
            Some(Body::InquiryAsked(body)) => Some((fact, &body.url, body.item)),
            Some(Body::InquiryAskedAgain(body)) => Some((fact, &body.url, body.item)),
            _ => None,
        });
        let asked_since = questions.any(|(fact, url, item)| {
            let interval = fact.occurred().map_or(Interval::EVER, When::interval);
            let place = url.as_ref().map(|url| Place::new(url, item));
            report.precedes(&Point { interval, place })
        });
        if asked.ends_with_closure_report && !asked_since { Self::Ended } else { Self::Doubtful }
    }

    /// Takes back that the limit was missed, if that is doubtful.
    pub(super) fn doubt(self, reading: &mut Reading<'_>) {
        if self == Self::Doubtful && reading.relation == Relation::Differs {
            reading.relation = Relation::Unclear;
            let why = "a closure report had been posted before";
            reading.remark = format!("{}; {why}", reading.remark);
        }
    }
}

fn by_date(
    case: &Case<'_>,
    incident: &Incident<'_>,
    date: &Date<'_>,
    next: Option<&Date<'_>>,
) -> Vec<Finding> {
    let subject = incident.feed.as_str();
    let set = Point::at(date.set);
    let duties = duties(case.packs, UPDATE.code, date.set, last(case, date));
    let mut findings = Vec::new();
    for duty in duties {
        let asked = duty.asked();
        let on_date = matches!(asked.limit, Some(Limit::EndOfDay(_)));
        let closure = Closure::by(incident, &set, asked);
        if !on_date || date.is_cleared() || closure == Closure::Ended {
            continue;
        }
        let hold = |asked: &Requirement| hold_date(case, incident, date, next, asked);
        findings.push(duty.finding(&UPDATE, subject, hold));
    }
    findings
}

/// Returns until when a date governs at the latest.
fn last(case: &Case<'_>, date: &Date<'_>) -> i64 {
    let due = date.changed.due.as_ref().map(When::interval);
    due.map_or(case.as_of.unix(), |due| due.end.min(case.as_of.unix()))
}

fn hold_date(
    case: &Case<'_>,
    incident: &Incident<'_>,
    date: &Date<'_>,
    next: Option<&Date<'_>>,
    asked: &Requirement,
) -> Held {
    let set = date.fact.occurred().map_or("at no time".to_owned(), ToString::to_string);
    let Some(due) = &date.changed.due else {
        let written = crate::words::name(date.changed.new.as_deref().unwrap_or_default());
        let why = "which day that is nobody recorded".to_owned();
        let held = Held::new(Verdict::Undetermined, format!("{written}, set {set}"), Some(why));
        return held.resting_on([evidence(date.fact, Relation::Unclear)]);
    };
    let begun = format!("next update {due}, set {set}");
    let bounds = asked.limit.as_ref().and_then(|limit| Bounds::of_date(limit, due));
    let Some(bounds) = bounds else {
        let why = "the policy names no date".to_owned();
        return Held::new(Verdict::Undetermined, begun, Some(why));
    };
    let start = Point::at(date.set);
    let ended = run(incident, &start, bounds, case.as_of.unix(), |text| updates(incident, text));
    let nature = "whether the organisation posted it is not recorded";
    let at_due = Interval { start: bounds.kept, end: bounds.kept.saturating_add(1) };
    let mut reading = ended.read(bounds, at_due, case.as_of, nature);
    Closure::by(incident, &start, asked).doubt(&mut reading);
    if incident.may_be_closed(date.set.start, bounds.lapse) {
        reading.close();
    }
    if let Some(next) = next.filter(|_| reading.relation != Relation::Agrees) {
        if next.set.end.saturating_sub(1) <= bounds.kept {
            return moved(begun, date, next);
        }
        if next.set.start <= bounds.lapse && reading.relation == Relation::Differs {
            reading.relation = Relation::Unclear;
            reading.remark = String::from("whether it was moved before is not recorded");
        }
    }
    // One that was over when it was set is a slip of the pen; on its very day an update may have
    // come before.
    if reading.relation == Relation::Differs && due.interval().start < date.set.end {
        reading.relation = Relation::Unclear;
        reading.remark = String::from("that day had, or may have, begun when it was set");
    }
    let update = reading.text.map_or("no update recorded".to_owned(), |text| {
        format!("updated {} ({})", text.published, text.name)
    });
    let remark = Some(reading.remark.clone());
    let mut held = Held::new(reading.verdict(), format!("{begun}; {update}"), remark);
    held.times = Times::of_due(Some(due), reading.text.map(|text| &text.published));
    held.compared = String::from(TEXTS);
    let relation = reading.relation;
    let text = reading.evidence(case.claims.timeline());
    held.resting_on(text).resting_on([evidence(date.fact, relation)])
}

/// Returns the finding's content of a date that was moved or taken away before it was due.
fn moved(begun: String, date: &Date<'_>, next: &Date<'_>) -> Held {
    let to =
        next.changed.due.as_ref().map_or("taken away".to_owned(), |due| format!("moved to {due}"));
    let at = next.fact.occurred().map_or(String::new(), |at| format!(" ({at})"));
    let before = next.fact.occurred().zip(date.changed.due.as_ref());
    let before = before.and_then(|(at, due)| between(at, due));
    let before = before.map_or(String::new(), |length| format!(", {length} before it was due"));
    let held = Held::new(Verdict::Changed, begun, Some(format!("{to}{at}{before}")));
    held.resting_on([evidence(next.fact, Relation::Changes), evidence(date.fact, Relation::Beside)])
}

/// Returns the finding on regular updates, for each policy that asks for them.
fn regular(case: &Case<'_>, incident: &Incident<'_>, dates: &[Date<'_>]) -> Vec<Finding> {
    let official: Vec<&Statement> = incident.official().collect();
    let gaps = official.iter().map(|text| Gap { from: Point::of(text), text: Some(*text) });
    worst(case, &UPDATE, incident, gaps, |duty: &Duty<'_>, gap: &Gap<'_>| {
        let asked = duty.asked();
        let length = asked.limit.as_ref().and_then(|limit| Bounds::of(limit, gap.from.interval));
        let bounds = length?;
        let closure = Closure::by(incident, &gap.after(), asked);
        let open = !incident.may_be_closed(gap.from.interval.start, bounds.lapse);
        if closure == Closure::Ended
            || !open
            || names_a_date(dates, gap.from.interval.start, bounds.lapse)
        {
            return None;
        }
        let stops = |text: &Statement| updates(incident, text);
        let ended = run(incident, &gap.from, bounds, case.as_of.unix(), stops);
        let nature = "whether the organisation posted it is not recorded";
        let mut reading: Reading<'_> = ended.read(bounds, gap.from.interval, case.as_of, nature);
        closure.doubt(&mut reading);
        let window = Interval { start: gap.from.interval.start, end: bounds.lapse };
        if reading.relation == Relation::Differs && !knows_tracker(incident, window) {
            reading.relation = Relation::Unclear;
            let why = "whether the tracker named a date is not recorded";
            reading.remark = format!("{}; {why}", reading.remark);
        }
        Some((bounds, reading))
    })
}

/// How closely the time of a change has to be known, in seconds.
const DAY_SECONDS: i64 = 86_400;

/// Returns whether the record follows the tracker's fields, so that a date which was named during
/// `window` would be in it. A field of which only the last value was captured may have had another.
fn knows_tracker(incident: &Incident<'_>, window: Interval) -> bool {
    let changes = incident.facts.iter().filter(|fact| match fact.body() {
        Some(Body::TrackerChanged(changed)) => {
            matches!(changed.field, Field::NextUpdate | Field::Whiteboard)
        }
        _ => false,
    });
    let mut times = changes.map(|fact| fact.occurred().map_or(Interval::EVER, When::interval));
    let settled = |at: Interval| !at.overlaps(&window) || at.end - at.start <= DAY_SECONDS;
    times.clone().next().is_some() && times.all(settled)
}

/// Returns whether the tracker named, or may have named, a date at any time from `from` to `until`.
/// One that is past still stands there until somebody takes it away.
fn names_a_date(dates: &[Date<'_>], from: i64, until: i64) -> bool {
    dates.iter().enumerate().any(|(at, date)| {
        let over = dates[at + 1..]
            .iter()
            .any(|next| next.is_cleared() && date.set.before(&next.set) && next.set.end <= from);
        !date.is_cleared() && date.set.start <= until && !over
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tally_testkit::casebook::Casebook;

    use crate::finding::Verdict;
    use crate::probe::{
        captured, fact, findings, inquired, observer, only, opened, own, posted, remarked,
    };

    fn tracker(book: &mut Casebook, at: &str, body: Json) {
        fact(book, "tracker.changed", at, body);
    }

    /// Records that on 1 April 2026 the tracker named 15 April.
    fn named(book: &mut Casebook) {
        posted(book, 0, "2026-04-01T08:00:00Z", "full_report");
        let date = json!({ "field": "next_update", "new": "2026-04-15", "due": "2026-04-15" });
        tracker(book, "2026-04-01T12:00Z", date);
    }

    fn verdicts(book: &Casebook, requirement: &str, at: &str) -> Vec<Verdict> {
        let found = findings(book, "P104", Some(at)).into_iter();
        let found =
            found.filter(|f| f.asked.as_ref().is_some_and(|a| a.requirement == requirement));
        found.map(|finding| finding.verdict).collect()
    }

    const LATER: &str = "2026-06-01T00:00:00Z";

    #[test]
    fn a_date_lasts_to_its_end_in_the_last_zone_of_the_earth() {
        for (at, expected) in [
            ("2026-04-16T11:59:59Z", Verdict::Tallies),
            ("2026-04-16T12:00:01Z", Verdict::Diverges),
        ] {
            let mut book = own();
            named(&mut book);
            posted(&mut book, 1, at, "update");
            assert_eq!(verdicts(&book, "next-update", LATER), [expected], "{at}");
        }
    }

    #[test]
    fn a_date_with_a_zone_lasts_to_its_end_there() {
        let mut book = own();
        posted(&mut book, 0, "2026-04-01T08:00:00Z", "full_report");
        let date = json!({ "field": "next_update", "due": "2026-04-15Z" });
        tracker(&mut book, "2026-04-01T12:00Z", date);
        posted(&mut book, 1, "2026-04-16T01:00:00Z", "update");
        let finding = only(&book, "P104");
        assert_eq!(finding.verdict, Verdict::Diverges);
        assert!(finding.message.ends_with("1 h later"), "{}", finding.message);
    }

    #[test]
    fn no_update_by_the_date_diverges_only_where_every_comment_is_recorded() {
        let mut book = own();
        named(&mut book);
        assert_eq!(verdicts(&book, "next-update", LATER), [Verdict::Diverges]);
        assert_eq!(verdicts(&book, "next-update", "2026-04-10T00:00:00Z"), [Verdict::Undetermined]);
        let mut book = observer();
        opened(&mut book);
        named(&mut book);
        assert_eq!(verdicts(&book, "next-update", LATER), [Verdict::Undetermined]);
        captured(&mut book, "2026-05-01T00:00Z");
        assert_eq!(verdicts(&book, "next-update", LATER), [Verdict::Diverges]);
    }

    #[test]
    fn a_date_moved_or_taken_away_before_it_was_due_changed() {
        for new in [json!({ "due": "2026-05-15", "new": "2026-05-15" }), json!({ "new": "" })] {
            let mut book = own();
            named(&mut book);
            let mut change = json!({ "field": "next_update", "old": "2026-04-15" });
            change.as_object_mut().unwrap().extend(new.as_object().unwrap().clone());
            tracker(&mut book, "2026-04-10T12:00Z", change);
            let found = verdicts(&book, "next-update", "2026-05-01T00:00:00Z");
            assert_eq!(found[0], Verdict::Changed, "{new}");
        }
    }

    #[test]
    fn a_date_that_had_begun_when_it_was_set_decides_nothing() {
        for due in ["2025-04-15", "2026-03-31", "2026-04-01"] {
            let mut book = own();
            posted(&mut book, 0, "2026-04-01T08:00:00Z", "full_report");
            let date = json!({ "field": "next_update", "new": due, "due": due });
            tracker(&mut book, "2026-04-01T12:00Z", date);
            posted(&mut book, 1, "2026-04-09T10:00:00Z", "update");
            assert_eq!(verdicts(&book, "next-update", LATER), [Verdict::Undetermined], "{due}");
        }
    }

    #[test]
    fn the_date_of_another_bug_asks_for_no_update_here() {
        for (bug, expected) in [(900, 1), (901, 0)] {
            let mut book = own();
            let body = json!({ "about": { "name": "Example CA" }, "title": "t", "bugs": [900] });
            book.record(json!({ "kind": "incident.opened", "incident": "x", "body": body }));
            let date = json!({ "field": "next_update", "bug": bug, "due": "2026-04-15" });
            tracker(&mut book, "2026-04-01T10:00Z", date);
            assert_eq!(verdicts(&book, "next-update", LATER).len(), expected, "{bug}");
        }
    }

    #[test]
    fn a_date_that_nobody_understood_decides_nothing() {
        let mut book = own();
        posted(&mut book, 0, "2026-04-01T08:00:00Z", "full_report");
        tracker(&mut book, "2026-04-01T12:00Z", json!({ "field": "next_update", "new": "soon" }));
        assert_eq!(verdicts(&book, "next-update", LATER), [Verdict::Undetermined]);
    }

    /// Returns the ledger of an incident whose whiteboard names no date, with updates at those
    /// times.
    fn updated(times: &[&str]) -> Casebook {
        let mut book = own();
        tracker(
            &mut book,
            "2026-04-01Z",
            json!({ "field": "whiteboard", "new": "[ca-compliance]" }),
        );
        for (item, at) in times.iter().enumerate() {
            posted(&mut book, item as u64, at, "update");
        }
        book
    }

    #[test]
    fn without_a_date_updates_follow_each_other_within_a_week() {
        let at = "2026-04-12T00:00:00Z";
        let kept = updated(&["2026-04-01T08:00:00Z", "2026-04-08T08:00:00Z"]);
        assert_eq!(verdicts(&kept, "regular-update", at), [Verdict::Undetermined]);
        let late = updated(&["2026-04-01T08:00:00Z", "2026-04-09T08:00:01Z"]);
        assert_eq!(verdicts(&late, "regular-update", at), [Verdict::Diverges]);
        let finding = only(&late, "P104");
        assert!(finding.notes[0].contains("0 followed in time, 1 later, 1 not"), "{finding:?}");
    }

    #[test]
    fn one_finding_stands_for_all_gaps() {
        let days = ["01", "10", "11", "20", "28"].map(|day| format!("2026-04-{day}T08:00:00Z"));
        let days: Vec<&str> = days.iter().map(String::as_str).collect();
        let book = updated(&days);
        let found = findings(&book, "P104", Some("2026-04-29T00:00:00Z"));
        assert_eq!(found.len(), 1);
        assert!(found[0].notes[0].contains("1 followed in time, 2 later, 2 not"), "{found:?}");
        assert!(found[0].message.contains("(c0); next"), "{}", found[0].message);
    }

    #[test]
    fn where_the_tracker_is_not_recorded_it_may_have_named_a_date() {
        let mut book = own();
        posted(&mut book, 0, "2026-04-01T08:00:00Z", "full_report");
        posted(&mut book, 1, "2026-04-20T08:00:00Z", "update");
        assert_eq!(verdicts(&book, "regular-update", LATER), [Verdict::Undetermined]);
        let mut book = own();
        named(&mut book);
        posted(&mut book, 1, "2026-04-14T08:00:00Z", "update");
        assert!(verdicts(&book, "regular-update", LATER).is_empty(), "a date is named");
    }

    #[test]
    fn a_whiteboard_captured_without_its_history_may_have_named_a_date_before() {
        let mut book = observer();
        opened(&mut book);
        for (item, at) in [(0, "2026-04-01T08:00:00Z"), (1, "2026-04-11T08:00:00Z")] {
            posted(&mut book, item, at, "update");
        }
        captured(&mut book, "2026-04-12T08:00Z");
        let present = json!({ "field": "whiteboard", "new": "[ca-compliance]" });
        tracker(&mut book, "2026-04-01T08:00:00/2026-04-12T08:00:00Z", present);
        let finding = only(&book, "P104");
        assert_eq!(finding.verdict, Verdict::Undetermined, "{}", finding.message);
        assert!(finding.message.contains("named a date"), "{}", finding.message);
    }

    #[test]
    fn after_a_closure_report_no_update_is_due_unless_something_is_asked() {
        let mut book = updated(&["2026-04-01T08:00:00Z", "2026-04-08T08:00:00Z"]);
        posted(&mut book, 2, "2026-04-10T08:00:00Z", "closure_report");
        assert_eq!(verdicts(&book, "regular-update", LATER), [Verdict::Tallies]);
        remarked(&mut book, 3, "2026-04-12T08:00:00Z");
        inquired(&mut book, 3, "2026-04-12T08:00Z");
        assert_eq!(verdicts(&book, "regular-update", LATER), [Verdict::Undetermined]);
    }

    #[test]
    fn a_closed_incident_needs_no_update() {
        let mut book = own();
        named(&mut book);
        tracker(&mut book, "2026-04-05Z", json!({ "field": "status", "new": "RESOLVED" }));
        assert_eq!(verdicts(&book, "next-update", LATER), [Verdict::Undetermined]);
        tracker(&mut book, "2026-04-06Z", json!({ "field": "status", "new": "REOPENED" }));
        let date = json!({ "field": "next_update", "new": "2026-04-20", "due": "2026-04-20" });
        tracker(&mut book, "2026-04-07T12:00Z", date);
        assert!(verdicts(&book, "next-update", LATER).contains(&Verdict::Diverges));
    }
}
