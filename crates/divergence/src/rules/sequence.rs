//! T803: what the timeline of a full report is expected to have and is recorded, looked for in the
//! report.

use std::collections::BTreeSet;

use tally_ledger::claim::Assertion;
use tally_ledger::name::Kind;
use tally_ledger::replay::{Fact, Statement, Version};
use tally_ledger::time::{Instant, When};
use tally_ledger::vocabulary::occurrence::covers;
use tally_ledger::vocabulary::statement::Form;

use super::SEQUENCE;
use crate::case::Case;
use crate::exact::Exact;
use crate::finding::{Evidence, Finding, Relation, Verdict};
use crate::incident::Incident;
use crate::listing::InForce;
use crate::quotation::Plain;
use crate::words::{name, named};

/// The kinds of what the guidelines expect in the timeline of a report (Incident Reporting
/// Guidelines, version 3.0, "Timeline").
const EXPECTED: [&str; 12] = [
    "incident.awareness",
    "incident.milestone.contributing_change",
    "incident.milestone.end",
    "incident.milestone.issuance_resumed",
    "incident.milestone.issuance_stopped",
    "incident.milestone.non_compliance_start",
    "incident.milestone.reporter_informed",
    "incident.milestone.scope_concluded",
    "incident.milestone.scope_updated",
    "incident.milestone.subscribers_informed",
    "incident.problem_report",
    "revocation.completed",
];
/// The most elements that a message names.
const LISTED_MAX: usize = 6;
/// A day, in seconds.
const DAY: i64 = 86_400;
const DAY_STEP: usize = 86_400;
/// The longest time of which the days are looked for: a day whose zone is not known.
const DAYS_SECONDS_MAX: i64 = 50 * 3600;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Something that the timeline is expected to have.
struct Element<'a> {
    fact: &'a Fact,
    kind: Kind,
    when: When,
}

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen: BTreeSet<u64> = BTreeSet::new();
    let exact = Exact::of(case);
    for incident in &case.incidents {
        let full = incident.official().filter(|text| text.form == Some(Form::FullReport));
        for report in full.filter(|report| InForce::at(&report.published) != InForce::No) {
            let elements = elements(case, incident, report);
            // A page may be that of several incidents.
            if !elements.is_empty() && seen.insert(report.seq) {
                findings.extend(found(case, &exact, report, &elements));
            }
        }
    }
    findings
}

/// Returns what is recorded of the expected elements from before the report, on the organisation's
/// own word or a measurement.
fn elements<'a>(case: &Case<'a>, incident: &Incident<'a>, report: &Statement) -> Vec<Element<'a>> {
    let mut elements = Vec::new();
    let before = |when: &When| when.interval().before(&report.published.interval());
    for fact in incident.facts.iter().copied() {
        let happened = fact.body().map_or(Vec::new(), |body| body.occurrences(fact.occurred()));
        let expected = happened.into_iter().filter(|h| EXPECTED.contains(&h.kind.as_str()));
        let dated = expected.filter_map(|h| Some((h.kind, h.when.filter(before)?)));
        for (kind, when) in dated {
            let backing = case.claims.backing(&incident.perspective, fact);
            if backing.is_some_and(|backing| !backing.source.is_other()) {
                elements.push(Element { fact, kind, when });
            }
        }
    }
    elements
}

fn found(
    case: &Case<'_>,
    exact: &Exact<'_>,
    report: &Statement,
    elements: &[Element<'_>],
) -> Option<Finding> {
    let last = report.versions.last()?;
    let parts = exact.parts(last, report);
    let plain: Vec<Plain> = parts.iter().map(|part| Plain::of(part)).collect();
    let untold = elements.iter().filter(|element| !is_told(case, report, last, element));
    let (dated, gone): (Vec<&Element<'_>>, Vec<&Element<'_>>) =
        untold.partition(|element| plain.is_empty() || may_have_day(&plain, &element.when));
    let (verdict, told) = match (&gone[..], &dated[..]) {
        ([], []) => {
            let all: Vec<&Element<'_>> = elements.iter().collect();
            let all = format!("it tells what is recorded: {}", listed(&all));
            (Verdict::Tallies, all)
        }
        ([], dated) => {
            let why = if plain.is_empty() {
                "its exact text is not at hand, and nobody need have marked all that it says"
            } else {
                "its text has that day, and whether it means that is for the reader"
            };
            (Verdict::Undetermined, format!("no claim of it tells {}; {why}", listed(dated)))
        }
        (gone, _) => {
            (Verdict::ForTheReader, format!("recorded, and not found in it: {}", listed(gone)))
        }
    };
    let message = format!("{}: full report, {}; {told}", name(&report.name), report.published);
    let mut finding = Finding::new(&SEQUENCE, verdict, message);
    finding.subject = Some(report.name.clone());
    finding.compared = format!(
        "compared with what is recorded of what the CCADB's guidelines expect since {}",
        InForce::since()
    );
    let shown: Vec<&Element<'_>> = match verdict {
        Verdict::Tallies => elements.iter().collect(),
        Verdict::ForTheReader => gone,
        _ => dated,
    };
    let relation = if verdict == Verdict::Tallies { Relation::Agrees } else { Relation::Beside };
    let own = case.claims.timeline().fact(last.seq).map(Evidence::beside);
    let rests = shown.iter().map(|element| Evidence { relation, ..Evidence::beside(element.fact) });
    finding.evidence = own.into_iter().chain(rests).collect();
    Some(finding)
}

/// Returns whether a report is recorded to tell of something: by a claim, confirmed or not, or by
/// the entry of it, which cites the report.
fn is_told(case: &Case<'_>, report: &Statement, last: &Version, element: &Element<'_>) -> bool {
    let claims = last.claims.iter().enumerate();
    let mut claims = claims.filter(|(at, _)| !last.rejected.contains(at));
    let claimed = claims.any(|(_, claim)| match &claim.assertion {
        Assertion::Occurred(a) => covers(&a.kind, &element.kind),
        _ => false,
    });
    let mut cited = case.claims.cited(element.fact).iter().filter_map(|cited| cited.statement);
    claimed || cited.any(|cited| cited.seq == report.seq)
}

/// Returns whether a text has a day on which something may have been, in whatever zone; it may if
/// the day is not known.
fn may_have_day(texts: &[Plain], when: &When) -> bool {
    let interval = when.interval();
    if interval.end.saturating_sub(interval.start) > DAYS_SECONDS_MAX {
        return true;
    }
    let days = (interval.start - DAY..interval.end + DAY).step_by(DAY_STEP);
    let mut words = days.filter_map(|at| Instant::from_unix(at).ok()).flat_map(written);
    words.any(|words| texts.iter().any(|text| text.holds(&words) == Some(true)))
}

/// Returns the usual ways in which a day is written.
fn written(day: Instant) -> Vec<String> {
    let day = day.to_string();
    let parts: Vec<u32> = day[..10].split('-').filter_map(|part| part.parse().ok()).collect();
    let &[year, month, day] = &parts[..] else {
        return Vec::new();
    };
    let long = usize::try_from(month).ok().and_then(|month| MONTHS.get(month - 1));
    let long = long.copied().unwrap_or_default();
    let ordinal = match day {
        1 | 21 | 31 => "st",
        2 | 22 => "nd",
        3 | 23 => "rd",
        _ => "th",
    };
    let mut all = vec![format!("{year}-{month:02}-{day:02}"), format!("{year}-{month}-{day}")];
    for (a, b) in [(month, day), (day, month)] {
        all.extend([format!("{a}/{b}/{year}"), format!("{a:02}/{b:02}/{year}")]);
    }
    for month in [long, &long[..3]] {
        for day in [format!("{day}"), format!("{day:02}"), format!("{day}{ordinal}")] {
            all.extend([format!("{day} {month}"), format!("{month} {day}")]);
        }
    }
    all
}

/// Returns the elements in words.
fn listed(elements: &[&Element<'_>]) -> String {
    let words = |element: &&Element<'_>| format!("{} {}", named(&element.kind, None), element.when);
    let mut all: Vec<String> = elements.iter().take(LISTED_MAX).map(words).collect();
    let more = elements.len().saturating_sub(LISTED_MAX);
    all.extend((more > 0).then(|| format!("and {more} more")));
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tally_ledger::hash::Hash;
    use tally_testkit::casebook::Casebook;

    use crate::Texts;
    use crate::finding::{Finding, Severity, Verdict};
    use crate::probe::{comment, fact, findings_with, official, opened, own, stated};

    /// Returns what is found of a full report of 10 April with that text and those claims, where
    /// the record has the end of issuance on 1 April.
    fn reported(text: Option<&str>, claims: Json, more: impl Fn(&mut Casebook)) -> Vec<Finding> {
        let mut book = own();
        opened(&mut book);
        let stopped = json!({ "milestone": "issuance_stopped" });
        fact(&mut book, "incident.milestone", "2026-04-01T19:00Z", stopped);
        let mut texts = Texts::default();
        let digest = Hash::of(text.unwrap_or_default().as_bytes()).to_string();
        texts.add(text.unwrap_or("another").to_owned());
        let body = json!({ "form": "full_report", "digest": digest, "claims": claims });
        comment(&mut book, official(), 4, "2026-04-10T12:00Z", body);
        more(&mut book);
        findings_with(&book, "T803", &[], texts)
    }

    fn stopped(origin: &str) -> Json {
        json!([{ "says": "occurred", "kind": "incident.milestone.issuance_stopped",
                 "when": "2026-04-01Z", "origin": origin }])
    }

    #[test]
    fn what_is_recorded_and_not_in_the_report_is_for_the_reader() {
        let text = Some("Timeline: 2026-04-05: we revoked.");
        let found = reported(text, json!([]), |_| ());
        let [finding] = &found[..] else { panic!("{found:#?}") };
        assert_eq!((finding.verdict, finding.severity), (Verdict::ForTheReader, Severity::Note));
        assert_eq!(
            finding.message,
            "c4: full report, 2026-04-10 12:00 UTC; recorded, and not found in it: incident \
             milestone issuance stopped 2026-04-01 19:00 UTC"
        );
        assert_eq!(finding.evidence.len(), 2);
    }

    #[test]
    fn a_claim_even_one_that_is_only_suggested_and_an_entry_that_cites_it_tell_it() {
        for origin in ["declared", "suggested"] {
            let found = reported(None, stopped(origin), |_| ());
            assert_eq!(found[0].verdict, Verdict::Tallies, "{origin}");
        }
        let found = reported(None, stopped("declared"), |book| {
            let ended = json!({ "milestone": "end" });
            stated(book, 4, "incident.milestone", "2026-04-03T19:00Z", ended);
        });
        assert!(found[0].message.contains("UTC, incident milestone end"), "{}", found[0].message);
    }

    #[test]
    fn without_the_text_or_with_that_day_in_it_nothing_is_decided() {
        assert_eq!(reported(None, json!([]), |_| ())[0].verdict, Verdict::Undetermined);
        for day in ["2026-04-01", "April 1st, 2026", "1 Apr 2026", "04/02/2026"] {
            let text = format!("Timeline: {day}: issuance ends.");
            let found = reported(Some(&text), json!([]), |_| ());
            assert_eq!(found[0].verdict, Verdict::Undetermined, "{day}");
        }
    }

    #[test]
    fn what_came_after_the_report_or_is_of_an_earlier_template_is_not_looked_for() {
        for (occurred, published) in
            [("2026-04-11Z", "2026-04-10T12:00Z"), ("2025-01-01Z", "2025-01-10T12:00Z")]
        {
            let mut book = own();
            opened(&mut book);
            fact(&mut book, "incident.milestone", occurred, json!({ "milestone": "end" }));
            comment(&mut book, official(), 4, published, json!({ "form": "full_report" }));
            assert!(findings_with(&book, "T803", &[], Texts::default()).is_empty());
        }
    }
}
