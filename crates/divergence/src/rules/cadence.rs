//! P106: the numbers of a delayed revocation, again and again; and how the gaps between updates
//! become one finding.

use std::collections::BTreeMap;

use tally_ledger::claim::{Assertion, Origin};
use tally_ledger::name::FeedId;
use tally_ledger::replay::{Fact, Statement};
use tally_ledger::time::{Interval, When};
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::incident::Relation as Link;
use tally_ledger::vocabulary::tracker::Field;
use tally_ledger::vocabulary::words::Metric;

use super::{REVOCATION_UPDATE, Rule};
use crate::case::Case;
use crate::clock::{Bounds, Reading, Stops, TEXTS, evidence, run};
use crate::duty::{Duty, Held, duties};
use crate::finding::{Evidence, Finding, Relation, Verdict};
use crate::incident::{Incident, Point};
use crate::length::between;
use crate::pack::{Limit, Requirement};
use crate::source::Place;
use crate::times::Times;

/// The tag of the tracker's whiteboard; real ones are `leaf-revocation-delay` and the like.
const TAG: &str = "revocation-delay";

/// The time from one update to the next.
pub(super) struct Gap<'a> {
    /// Where it begins.
    pub(super) from: Point,
    /// The text with which it begins; absent if it begins with something else.
    pub(super) text: Option<&'a Statement>,
}

impl Gap<'_> {
    /// Returns the point right after it has begun.
    pub(super) fn after(&self) -> Point {
        let place = self.from.place.as_ref().map(Place::next);
        Point { interval: self.from.interval, place }
    }
}

/// What the gaps came to under one requirement.
#[derive(Default)]
struct Tally {
    kept: usize,
    missed: usize,
    unclear: usize,
    worst: Option<Finding>,
}

/// Holds every gap, and returns one finding for each requirement: on the gap that weighs most.
pub(super) fn worst<'a>(
    case: &Case<'_>,
    rule: &'static Rule,
    incident: &Incident<'a>,
    gaps: impl Iterator<Item = Gap<'a>>,
    read: impl Fn(&Duty<'_>, &Gap<'a>) -> Option<(Bounds, Reading<'a>)>,
) -> Vec<Finding> {
    let mut tallies: BTreeMap<(String, String), Tally> = BTreeMap::new();
    for gap in gaps {
        for duty in duties(case.packs, rule.code, gap.from.interval, case.as_of.unix()) {
            let timed = !matches!(duty.asked().limit, Some(Limit::EndOfDay(_)) | None);
            let Some((bounds, reading)) = timed.then(|| read(&duty, &gap)).flatten() else {
                continue;
            };
            let hold = |asked: &Requirement| hold(case, &gap, asked, bounds, &reading);
            let finding = duty.finding(rule, incident.feed.as_str(), hold);
            let Some(asked) = &finding.asked else {
                continue;
            };
            let key = (asked.pack.clone(), asked.requirement.clone());
            tallies.entry(key).or_default().count(finding);
        }
    }
    tallies.into_values().filter_map(Tally::finding).collect()
}

impl Tally {
    fn count(&mut self, finding: Finding) {
        match finding.verdict {
            Verdict::Tallies => self.kept += 1,
            Verdict::Diverges | Verdict::ForTheReader => self.missed += 1,
            _ => self.unclear += 1,
        }
        let weight = |finding: &Finding| match finding.verdict {
            Verdict::Diverges => 0,
            Verdict::ForTheReader => 1,
            Verdict::Tallies => 3,
            _ => 2,
        };
        if self.worst.as_ref().is_none_or(|worst| weight(&finding) < weight(worst)) {
            self.worst = Some(finding);
        }
    }

    fn finding(self) -> Option<Finding> {
        let Self { kept, missed, unclear, worst } = self;
        let mut finding = worst?;
        if kept + missed + unclear > 1 {
            let note = format!(
                "updates compared: {kept} followed in time, {missed} later, {unclear} not decided; \
                 this is the first that weighs most"
            );
            finding.notes.insert(0, note);
        }
        Some(finding)
    }
}

fn hold(
    case: &Case<'_>,
    gap: &Gap<'_>,
    asked: &Requirement,
    bounds: Bounds,
    reading: &Reading<'_>,
) -> Held {
    let begun = gap
        .text
        .map_or("begun".to_owned(), |text| format!("updated {} ({})", text.published, text.name));
    let next = reading.text.map_or("no update recorded since".to_owned(), |text| {
        // Where texts may be missing between the two, the length from one to the other misleads.
        let from = gap.text.filter(|_| reading.relation != Relation::Unclear);
        let after = from.and_then(|from| between(&from.published, &text.published));
        let after = after.map_or(String::new(), |after| format!(", {after} after it"));
        format!("next recorded {} ({}){after}", text.published, text.name)
    });
    let remark = Some(reading.remark.clone());
    let mut held = Held::new(reading.verdict(), format!("{begun}; {next}"), remark);
    let recommended = asked.recommended.as_ref().and_then(|limit| {
        let bounds = Bounds::of(limit, gap.from.interval)?;
        let next = reading.text?.published.interval();
        let late = bounds.lapse < next.start && reading.relation == Relation::Agrees;
        late.then(|| format!("recommended: {limit}; {}", bounds.over(gap.from.interval, next)))
    });
    held.beyond_recommended = recommended;
    let due = bounds.due(gap.from.interval);
    held.times = Times::of_due(due.as_ref(), reading.text.map(|text| &text.published));
    held.compared = String::from(TEXTS);
    let timeline = case.claims.timeline();
    let from = gap.text.and_then(|text| timeline.fact(text.seq));
    let from: Option<Evidence> = from.map(|fact| evidence(fact, Relation::Beside));
    let missed = reading.text.is_none() && reading.relation == Relation::Differs;
    let from = from.map(|mut from| {
        if missed {
            from.relation = Relation::Differs;
        }
        from
    });
    held.resting_on(reading.evidence(timeline)).resting_on(from)
}

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    case.incidents.iter().flat_map(|incident| delayed(case, incident)).collect()
}

/// The time in which an incident is marked as a delayed revocation.
struct Delay<'a> {
    from: Interval,
    until: i64,
    /// Whether the tracker's own mark says so; else only a link does.
    tagged: bool,
    fact: &'a Fact,
}

fn delayed(case: &Case<'_>, incident: &Incident<'_>) -> Vec<Finding> {
    let Some(delay) = delay(incident) else {
        return Vec::new();
    };
    let numbered: Vec<&Statement> =
        incident.official().filter(|text| numbers(case, incident, text)).collect();
    let begun = Point::at(delay.from);
    let gaps = std::iter::once(Gap { from: begun.clone(), text: None }).chain(
        numbered
            .iter()
            .filter(|text| begun.precedes(&Point::of(text)))
            .map(|text| Gap { from: Point::of(text), text: Some(*text) }),
    );
    let mut findings = worst(case, &REVOCATION_UPDATE, incident, gaps, |duty, gap| {
        let limit = duty.asked().limit.as_ref()?;
        let bounds = Bounds::of(limit, gap.from.interval)?;
        let stops = |text: &Statement| {
            let official = incident.is_official(text);
            match official && numbered.iter().any(|numbered| numbered.seq == text.seq) {
                true => Stops::Yes,
                false if official || incident.may_be_official(text) => Stops::Perhaps,
                false => Stops::No,
            }
        };
        let ended = run(incident, &gap.from, bounds, case.as_of.unix(), stops);
        let nature = "whether it has the numbers is not recorded";
        let mut reading = ended.read(bounds, gap.from.interval, case.as_of, nature);
        let over = delay.until <= bounds.lapse
            || incident.may_be_closed(gap.from.interval.start, bounds.lapse);
        if over && reading.relation != Relation::Agrees {
            return None;
        }
        if reading.relation == Relation::Differs && !delay.tagged {
            reading.relation = Relation::Unclear;
            let why = "whether the tracker marks it so is not recorded";
            reading.remark = format!("{}; {why}", reading.remark);
        }
        Some((bounds, reading))
    });
    for finding in &mut findings {
        finding.evidence.push(evidence(delay.fact, Relation::Beside));
    }
    findings
}

/// Returns since when, and until when, an incident is one of delayed revocation.
fn delay<'a>(incident: &Incident<'a>) -> Option<Delay<'a>> {
    let at = |fact: &Fact| fact.occurred().map_or(Interval::EVER, When::interval);
    let tags = |text: &Option<String>| text.as_ref().is_some_and(|text| text.contains(TAG));
    let mut found: Option<Delay<'_>> = None;
    let mut until = i64::MAX;
    for fact in &incident.facts {
        match fact.body() {
            Some(Body::TrackerChanged(body)) if body.field == Field::Whiteboard => {
                if tags(&body.new) && !found.as_ref().is_some_and(|delay| delay.tagged) {
                    found = Some(Delay { from: at(fact), until, tagged: true, fact });
                } else if tags(&body.old) && !tags(&body.new) {
                    until = until.min(at(fact).start);
                }
            }
            Some(Body::IncidentLinked(body)) if body.relation == Link::DelayedRevocationOf => {
                let own = |feed: &FeedId| feed == incident.feed;
                if found.is_none() && !body.incident.as_ref().is_some_and(own) {
                    found = Some(Delay { from: at(fact), until, tagged: false, fact });
                }
            }
            Some(Body::RevocationCompleted(body)) => {
                let last = body.last.as_ref().map(When::interval);
                until = until.min(last.unwrap_or(at(fact)).start);
            }
            _ => {}
        }
    }
    found.map(|delay| Delay { until, ..delay })
}

/// Returns whether a text has numbers of the revocation: it claims some, or an entry with them
/// rests on it.
fn numbers(case: &Case<'_>, incident: &Incident<'_>, text: &Statement) -> bool {
    let claims = text.versions.iter().flat_map(|version| &version.claims);
    let mut counts = claims.filter(|claim| claim.origin != Origin::Suggested);
    let counted = counts.any(|claim| match &claim.assertion {
        Assertion::Count(count) => matches!(count.metric, Metric::Revoked | Metric::NotRevoked),
        _ => false,
    });
    counted
        || incident.facts.iter().any(|fact| {
            let progress = matches!(
                fact.body(),
                Some(Body::RevocationProgress(_) | Body::RevocationCompleted(_))
            );
            let mut cited = case.claims.cited(fact).iter();
            progress && cited.any(|cited| cited.statement.is_some_and(|s| s.seq == text.seq))
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tally_testkit::casebook::Casebook;

    use crate::finding::Verdict;
    use crate::probe::{fact, findings, only, own, posted, stated};

    /// Returns the ledger of an incident marked as a delayed revocation on 1 April 2026, with the
    /// numbers posted at those times.
    fn delayed(times: &[&str]) -> Casebook {
        let mut book = own();
        let tag =
            json!({ "field": "whiteboard", "new": "[ca-compliance] [leaf-revocation-delay]" });
        fact(&mut book, "tracker.changed", "2026-04-01T08:00Z", tag);
        for (item, at) in times.iter().enumerate() {
            posted(&mut book, item as u64, at, "update");
            numbers(&mut book, item as u64, at);
        }
        book
    }

    fn numbers(book: &mut Casebook, item: u64, at: &str) {
        let body = json!({ "set": "all", "revoked": 10 * item, "remaining": 100 - 10 * item });
        stated(book, item, "revocation.progress", at, body);
    }

    fn completed(book: &mut Casebook, at: &str) {
        fact(book, "revocation.completed", at, json!({ "set": "all" }));
    }

    #[test]
    fn numbers_every_three_days_tally_and_within_a_week_are_for_the_reader() {
        for (second, expected) in [
            ("2026-04-05T09:00:00Z", Verdict::Tallies),
            ("2026-04-08T09:00:00Z", Verdict::ForTheReader),
            ("2026-04-12T09:00:00Z", Verdict::Diverges),
        ] {
            let mut book = delayed(&["2026-04-02T09:00:00Z", second]);
            completed(&mut book, "2026-04-13T09:00Z");
            let finding = only(&book, "P106");
            assert_eq!(finding.verdict, expected, "{second}: {finding:#?}");
        }
    }

    #[test]
    fn an_update_without_numbers_may_have_them_and_none_at_all_diverges() {
        let at = Some("2026-05-01T00:00:00Z");
        let mut book = delayed(&[]);
        assert_eq!(findings(&book, "P106", at)[0].verdict, Verdict::Diverges);
        posted(&mut book, 5, "2026-04-03T09:00:00Z", "update");
        assert_eq!(findings(&book, "P106", at)[0].verdict, Verdict::Undetermined);
    }

    #[test]
    fn without_the_trackers_mark_a_link_decides_nothing() {
        let at = Some("2026-05-01T00:00:00Z");
        let mut book = own();
        let link = json!({ "relation": "delayed_revocation_of", "bug": 1 });
        fact(&mut book, "incident.linked", "2026-04-01T08:00Z", link);
        assert_eq!(findings(&book, "P106", at)[0].verdict, Verdict::Undetermined);
        assert!(findings(&own(), "P106", at).is_empty());
    }

    #[test]
    fn what_is_claimed_in_numbers_counts_and_completion_ends_it() {
        let mut book = delayed(&[]);
        let claim = json!({ "says": "count", "metric": "revoked", "unit": "certificates",
                            "value": 10, "scope": "all" });
        crate::probe::said(&mut book, 1, "2026-04-04T08:00:00Z", claim);
        completed(&mut book, "2026-04-06T08:00Z");
        let found = findings(&book, "P106", Some("2026-05-01T00:00:00Z"));
        assert_eq!(found[0].verdict, Verdict::Tallies, "{found:#?}");
    }
}
