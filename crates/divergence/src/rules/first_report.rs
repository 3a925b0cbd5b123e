//! P101: from when the organisation became aware to its first public report. P102: from that report
//! to the full one.

use tally_ledger::name::Kind;
use tally_ledger::replay::Statement;
use tally_ledger::time::{Interval, When};
use tally_ledger::vocabulary::statement::Form;

use super::{FIRST_REPORT, FULL_REPORT};
use crate::case::Case;
use crate::clock::{Bounds, Reading, Stops, TEXTS, evidence, run};
use crate::duty::{Held, duties};
use crate::finding::{Finding, Relation, Verdict};
use crate::happening::{Happening, happenings};
use crate::incident::{Incident, Point};
use crate::length::between;
use crate::pack::Requirement;
use crate::source::Source;
use crate::times::Times;
use crate::weigh::{self, Account, weigh};

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    case.incidents.iter().flat_map(|incident| first(case, incident)).collect()
}

pub(super) fn judge_full(case: &Case<'_>) -> Vec<Finding> {
    case.incidents.iter().flat_map(|incident| full(case, incident)).collect()
}

/// When the organisation became aware, as one source has it.
struct Aware<'a> {
    account: Account<'a>,
    interval: Interval,
    /// Why it was not later than that, if its own time does not say.
    bound: Option<String>,
}

fn first(case: &Case<'_>, incident: &Incident<'_>) -> Vec<Finding> {
    let kind: Kind = "incident.awareness".parse().expect("a kind of the vocabulary");
    let happened = happenings(&case.claims, &incident.perspective, &kind, None);
    let aware: Vec<Aware<'_>> = happened.into_iter().map(|h| aware(case, h)).collect();
    let begun = aware.iter().map(|aware| aware.interval).reduce(hull);
    let report = incident.official().next();
    let Some(start) = begun.or(report.map(|report| report.published.interval())) else {
        return Vec::new();
    };
    let duties = duties(case.packs, FIRST_REPORT.code, start, case.as_of.unix());
    let subject = incident.feed.as_str();
    let hold = |asked: &Requirement| {
        if aware.is_empty() {
            unknown(case, incident)
        } else {
            hold_first(case, incident, &aware, asked)
        }
    };
    duties.iter().map(|duty| duty.finding(&FIRST_REPORT, subject, hold)).collect()
}

fn hull(a: Interval, b: Interval) -> Interval {
    Interval { start: a.start.min(b.start), end: a.end.max(b.end) }
}

/// Returns when the organisation became aware. What it recorded of that itself it knew by then, and
/// at the latest when witnesses saw the record.
fn aware<'a>(case: &Case<'_>, happening: Happening<'a>) -> Aware<'a> {
    let Happening { when, account, .. } = happening;
    let mut interval = when.as_ref().map_or(Interval::EVER, When::interval);
    let mut bound = None;
    let fact = case.claims.timeline().fact(account.seq);
    if let Some(fact) = fact.filter(|_| account.source == Source::OwnRecord) {
        let witnessed = fact.window.seen.map(|seen| (seen, "witnessed"));
        for (known, how) in std::iter::once((fact.recorded, "recorded")).chain(witnessed) {
            let end = known.unix() + 1;
            if interval.start < end && end < interval.end {
                interval.end = end;
                bound = Some(format!("{how} {}", When::from_instant(known)));
            }
        }
    }
    Aware { account, interval, bound }
}

/// Returns the finding's content where nothing says when the organisation became aware.
fn unknown(case: &Case<'_>, incident: &Incident<'_>) -> Held {
    let report = incident.official().next();
    let recorded = report.map_or_else(
        || "no report recorded".to_owned(),
        |report| format!("first text {} ({})", report.published, report.name),
    );
    let who = crate::words::name(incident.organisation);
    let why = format!("when {who} became aware is not recorded");
    let mut held = Held::new(Verdict::Undetermined, recorded, Some(why));
    held.compared = format!("searched {}", case.claims.searched(incident.perspective.feeds));
    let fact = report.and_then(|report| case.claims.timeline().fact(report.seq));
    held.resting_on(fact.map(|fact| evidence(fact, Relation::Beside)))
}

/// Returns whether a text is a first report, or a reply to that of another party.
fn reports(incident: &Incident<'_>, text: &Statement) -> Stops {
    if !incident.is_official(text) {
        return if incident.may_be_official(text) { Stops::Perhaps } else { Stops::No };
    }
    let by_another = incident.texts.first().is_some_and(|first| !incident.is_official(first));
    match &text.form {
        Some(Form::PreliminaryReport | Form::FullReport) => Stops::Yes,
        _ if by_another => Stops::Yes,
        None => Stops::Perhaps,
        Some(_) => Stops::No,
    }
}

fn hold_first<'a>(
    case: &Case<'_>,
    incident: &Incident<'a>,
    aware: &[Aware<'a>],
    asked: &Requirement,
) -> Held {
    let mut readings: Vec<Option<Reading<'_>>> = Vec::new();
    let mut accounts: Vec<Account<'_>> = Vec::new();
    for aware in aware {
        let limit = asked.limit.as_ref();
        let Some(bounds) = limit.and_then(|limit| Bounds::of(limit, aware.interval)) else {
            let why = "the policy names no length of time".to_owned();
            accounts.push(aware.account.clone().holds(Relation::Unclear, Some(why)));
            readings.push(None);
            continue;
        };
        // Whatever was posted since it can first have known counts.
        let from = aware.interval.start;
        let start = Point::at(Interval { start: from, end: from.saturating_add(1) });
        let ended =
            run(incident, &start, bounds, case.as_of.unix(), |text| reports(incident, text));
        let nature = "whether it is a report is not recorded";
        let mut reading = ended.read(bounds, aware.interval, case.as_of, nature);
        let window = Interval { start: from, end: bounds.lapse.saturating_add(1) };
        if let Some(text) = incident.report_elsewhere(window)
            && reading.relation == Relation::Differs
        {
            reading.relation = Relation::Unclear;
            reading.remark = format!("{} reported on another page in time", text.name);
        }
        let remark = Some(reading.remark.clone());
        let mut account = aware.account.clone().holds(reading.relation, remark);
        if let Some(bound) = &aware.bound {
            account.shown = format!("{}, {bound}", account.shown);
        }
        accounts.push(account);
        readings.push(Some(reading));
    }
    let weighed = weigh(&accounts).expect("there is an account for each source");
    let (account, reading) = (&accounts[weighed.lead], &readings[weighed.lead]);
    let text = reading.as_ref().and_then(|reading| reading.text);
    let report = text.map_or_else(
        || "no report recorded".to_owned(),
        |text| format!("first report {} ({})", text.published, text.name),
    );
    let recorded = format!("aware {}; {report}", account.shown);
    let remark = weighed.conflict.map(str::to_owned).or(account.remark.clone());
    let mut held = Held::new(weighed.verdict, recorded, remark);
    let due = asked.limit.as_ref().and_then(|limit| {
        Bounds::of(limit, aware[weighed.lead].interval)?.due(aware[weighed.lead].interval)
    });
    held.times = Times::of_due(due.as_ref(), text.map(|text| &text.published));
    held.compared = weigh::compared(case.claims.timeline(), &accounts, weighed.lead);
    held.notes.extend(presumed(account, reading.as_ref()));
    let timeline = case.claims.timeline();
    let report = reading.as_ref().and_then(|reading| reading.evidence(timeline));
    held.resting_on(weigh::evidence(&accounts, weighed.lead)).resting_on(report)
}

/// Notes that the answer rests on a zone that no source states.
fn presumed(account: &Account<'_>, reading: Option<&Reading<'_>>) -> Option<String> {
    let rule = account.when.as_ref()?.presumed()?;
    let decided = matches!(reading?.relation, Relation::Agrees | Relation::Differs);
    let note = "it rests on a presumed zone (rule ";
    decided.then(|| format!("{note}{rule}); with another zone it may be otherwise"))
}

fn full(case: &Case<'_>, incident: &Incident<'_>) -> Vec<Finding> {
    let Some(first) = incident.official().find(|text| reports(incident, text) != Stops::No) else {
        return Vec::new();
    };
    // The first text that surely is a report; the clock started with it at the latest.
    let sure = incident.official().find(|text| reports(incident, text) == Stops::Yes);
    let span = sure.map_or(Interval::EVER, |sure| sure.published.interval());
    let first_at = first.published.interval();
    let start = if sure.is_some() { hull(first_at, span) } else { first_at };
    let duties = duties(case.packs, FULL_REPORT.code, start, case.as_of.unix());
    let subject = incident.feed.as_str();
    let hold = |asked: &Requirement| {
        if let Some(sure) = sure {
            hold_full(case, incident, (first, sure, start), asked)
        } else {
            let recorded = format!("first text {} ({})", first.published, first.name);
            let why = "whether it is a report is not recorded".to_owned();
            let fact = case.claims.timeline().fact(first.seq);
            let mut held = Held::new(Verdict::Undetermined, recorded, Some(why));
            held.compared = String::from(TEXTS);
            held.resting_on(fact.map(|fact| evidence(fact, Relation::Beside)))
        }
    };
    duties.iter().map(|duty| duty.finding(&FULL_REPORT, subject, hold)).collect()
}

fn hold_full<'a>(
    case: &Case<'_>,
    incident: &Incident<'a>,
    (first, sure, start): (&'a Statement, &'a Statement, Interval),
    asked: &Requirement,
) -> Held {
    let timeline = case.claims.timeline();
    let begun = format!("first report {} ({})", sure.published, sure.name);
    let fact = |relation| timeline.fact(sure.seq).map(|fact| evidence(fact, relation));
    if sure.form == Some(Form::FullReport) && first.seq == sure.seq {
        let remark = Some("it is the full one".to_owned());
        let mut held = Held::new(Verdict::Tallies, begun, remark);
        held.compared = String::from(TEXTS);
        return held.resting_on(fact(Relation::Agrees));
    }
    let Some(bounds) = asked.limit.as_ref().and_then(|limit| Bounds::of(limit, start)) else {
        let why = "the policy names no length of time".to_owned();
        return Held::new(Verdict::Undetermined, begun, Some(why));
    };
    let stops = |text: &Statement| match &text.form {
        Some(Form::FullReport) if incident.is_official(text) => Stops::Yes,
        Some(Form::FullReport) | None if incident.is_official(text) => Stops::Perhaps,
        Some(Form::FullReport) if incident.may_be_official(text) => Stops::Perhaps,
        _ => Stops::No,
    };
    let ended = run(incident, &Point::of(first), bounds, case.as_of.unix(), stops);
    let nature = "whether it is the full report is not recorded";
    let mut reading = ended.read(bounds, start, case.as_of, nature);
    if incident.may_be_closed(start.start, bounds.lapse) {
        reading.close();
    }
    let report = reading.text.map_or_else(
        || "no full report recorded".to_owned(),
        |text| format!("full report {} ({})", text.published, text.name),
    );
    let after = reading.text.and_then(|text| between(&sure.published, &text.published));
    let after = after.map_or(String::new(), |after| format!(", after {after}"));
    let remark = Some(reading.remark.clone());
    let mut held = Held::new(reading.verdict(), format!("{begun}; {report}{after}"), remark);
    held.times = Times::of_due(bounds.due(start).as_ref(), reading.text.map(|t| &t.published));
    held.compared = String::from(TEXTS);
    held.resting_on(reading.evidence(timeline)).resting_on(fact(reading.relation))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tally_testkit::casebook::Casebook;

    use crate::finding::{Finding, Severity, Verdict};
    use crate::probe::{
        captured, comment, fact, findings, observer, official, only, opened, own, posted, remarked,
        stated, verdict,
    };

    /// Records when the CA became aware.
    fn aware(book: &mut Casebook, occurred: &str) {
        fact(book, "incident.awareness", occurred, json!({ "source": "Self Reported" }));
    }

    fn first(aware_at: &str, posted_at: &str) -> Finding {
        let mut book = own();
        aware(&mut book, aware_at);
        posted(&mut book, 0, posted_at, "preliminary_report");
        only(&book, "P101")
    }

    #[test]
    fn a_first_report_within_72_hours_tallies_and_a_later_one_diverges() {
        let kept = first("2026-04-01T09:00Z", "2026-04-04T09:00:00Z");
        assert_eq!(kept.verdict, Verdict::Tallies);
        let late = first("2026-04-01T09:00Z", "2026-04-04T14:10:00Z");
        assert_eq!((late.verdict, late.severity), (Verdict::Diverges, Severity::Medium));
        let expected = "x: CCADB Incident Reporting Guidelines 3.2, \u{201c}When are reports \
            expected?\u{201d}: a first report within 72 hours of becoming aware; recorded: aware \
            2026-04-01 09:00 UTC; first report 2026-04-04 14:10:00 UTC (c0); 5 h 10 min later";
        assert_eq!(late.message, expected);
        assert_eq!(late.asked.unwrap().version, "3.2");
        assert_eq!(late.times.apart.as_deref(), Some("5 h 10 min"));
    }

    #[test]
    fn a_report_in_time_on_another_page_of_the_incident_decides_nothing() {
        for (at, expected) in [
            ("2026-04-02T12:00:00Z", Verdict::Undetermined),
            ("2026-04-08T12:00:00Z", Verdict::Diverges),
        ] {
            let mut book = own();
            opened(&mut book);
            aware(&mut book, "2026-04-01T09:00Z");
            let other = json!({ "form": "preliminary_report", "url": "https://bugs.example/2" });
            comment(&mut book, official(), 7, at, other);
            posted(&mut book, 0, "2026-04-09T12:00:00Z", "full_report");
            assert_eq!(verdict(&book, "P101"), expected, "{at}");
        }
    }

    #[test]
    fn what_the_time_of_awareness_straddles_is_not_decided() {
        // The day has no zone, so it ends somewhere between noon of the day before and after.
        assert_eq!(first("2026-04-01", "2026-04-04T14:10:00Z").verdict, Verdict::Undetermined);
        assert_eq!(first("2026-04-01", "2026-04-05T13:00:00Z").verdict, Verdict::Diverges);
        assert_eq!(first("2026-04-01", "2026-04-03T09:00:00Z").verdict, Verdict::Tallies);
        let zoned = first("2026-04-01Z", "2026-04-05T01:00:00Z");
        assert!(zoned.message.ends_with("at least 1 h later"), "{}", zoned.message);
    }

    #[test]
    fn a_recommendation_is_for_the_reader_and_before_it_nothing_was_asked() {
        let recommended = first("2024-04-01T09:00Z", "2024-04-09T09:00:00Z");
        assert_eq!(recommended.verdict, Verdict::ForTheReader);
        assert!(recommended.notes.iter().any(|note| note.contains("recommends")));
        let mut book = own();
        aware(&mut book, "2023-04-01T09:00Z");
        posted(&mut book, 0, "2023-04-09T09:00:00Z", "full_report");
        assert!(findings(&book, "P101", None).is_empty());
    }

    #[test]
    fn a_clock_that_ran_while_a_stricter_version_came_is_undetermined_if_they_differ() {
        let differ = first("2025-02-27T09:00Z", "2025-03-05T09:00:00Z");
        assert_eq!(differ.verdict, Verdict::Undetermined);
        assert!(differ.notes[0].contains("2.0 should") && differ.notes[0].contains("3.0 must"));
        let agree = first("2025-02-27T09:00Z", "2025-03-01T09:00:00Z");
        assert_eq!(agree.verdict, Verdict::Tallies);
    }

    #[test]
    fn nothing_reported_diverges_in_the_own_whole_ledger_once_the_time_is_over() {
        let mut book = own();
        aware(&mut book, "2026-04-01T09:00Z");
        let at = |at: &str| findings(&book, "P101", Some(at)).remove(0);
        assert_eq!(at("2026-04-04T08:00:00Z").verdict, Verdict::Undetermined);
        let late = at("2026-04-05T09:00:00Z");
        assert_eq!(late.verdict, Verdict::Diverges);
        assert!(late.message.contains("nothing is recorded as of 2026-04-05"), "{}", late.message);
        let mut book = observer();
        opened(&mut book);
        remarked(&mut book, 0, "2026-04-01T08:00:00Z");
        stated(
            &mut book,
            0,
            "incident.awareness",
            "2026-04-01T09:00Z",
            json!({ "source": "Third Party Reported" }),
        );
        let found = findings(&book, "P101", Some("2026-05-01T00:00:00Z"));
        assert_eq!(found[0].verdict, Verdict::Undetermined);
    }

    #[test]
    fn an_own_record_is_no_older_than_its_clock_and_its_witnesses_say() {
        let mut book = own();
        book.clock("2026-04-01T12:00:00Z");
        aware(&mut book, "2026-03-01/..");
        posted(&mut book, 0, "2026-04-06T09:00:00Z", "preliminary_report");
        let finding = only(&book, "P101");
        assert_eq!(finding.verdict, Verdict::Diverges);
        assert!(
            finding.message.contains("recorded 2026-04-01 12:00:00 UTC"),
            "{}",
            finding.message
        );
        let mut book = own();
        book.clock("2026-04-20T12:00:00Z");
        aware(&mut book, "2026-03-01/..");
        posted(&mut book, 0, "2026-04-06T09:00:00Z", "preliminary_report");
        assert_eq!(verdict(&book, "P101"), Verdict::Undetermined);
    }

    #[test]
    fn another_partys_word_on_when_it_became_aware_makes_no_divergence() {
        let mut book = observer();
        opened(&mut book);
        remarked(&mut book, 0, "2026-04-01T10:00:00Z");
        let source = json!({ "source": "Third Party Reported" });
        stated(&mut book, 0, "incident.awareness", "2026-04-01T09:00Z", source.clone());
        posted(&mut book, 1, "2026-04-09T10:00:00Z", "preliminary_report");
        assert_eq!(verdict(&book, "P101"), Verdict::SourcesDiffer);
        posted(&mut book, 2, "2026-04-20T10:00:00Z", "full_report");
        stated(&mut book, 2, "incident.awareness", "2026-04-01T09:00Z", source);
        assert_eq!(verdict(&book, "P101"), Verdict::Diverges, "its own word counts");
    }

    #[test]
    fn a_reply_to_anothers_report_is_the_first_disclosure_and_a_text_of_no_form_may_be() {
        let mut book = own();
        aware(&mut book, "2026-04-01T09:00Z");
        remarked(&mut book, 0, "2026-04-01T08:00:00Z");
        posted(&mut book, 1, "2026-04-03T09:00:00Z", "comment");
        assert_eq!(verdict(&book, "P101"), Verdict::Tallies);
        let mut book = own();
        aware(&mut book, "2026-04-01T09:00Z");
        let speaker = official();
        comment(&mut book, speaker, 0, "2026-04-03T09:00:00Z", json!({}));
        assert_eq!(verdict(&book, "P101"), Verdict::Undetermined);
    }

    #[test]
    fn without_a_time_of_awareness_nothing_is_decided() {
        let mut book = own();
        posted(&mut book, 0, "2026-04-03T09:00:00Z", "preliminary_report");
        let finding = only(&book, "P101");
        assert_eq!(finding.verdict, Verdict::Undetermined);
        assert!(finding.message.ends_with("when Example CA became aware is not recorded"));
    }

    #[test]
    fn a_full_report_within_two_weeks_of_the_first_tallies_and_a_later_one_diverges() {
        for (full, expected) in [
            ("2026-04-17T09:00:00Z", Verdict::Tallies),
            // Whether the fourteenth day ends by the hour or by the calendar nobody says.
            ("2026-04-17T21:00:00Z", Verdict::Undetermined),
            ("2026-04-18T09:00:01Z", Verdict::Diverges),
        ] {
            let mut book = own();
            posted(&mut book, 0, "2026-04-03T09:00:00Z", "preliminary_report");
            posted(&mut book, 1, full, "full_report");
            assert_eq!(verdict(&book, "P102"), expected, "{full}");
        }
        let mut book = own();
        posted(&mut book, 0, "2026-04-03T09:00:00Z", "full_report");
        assert_eq!(verdict(&book, "P102"), Verdict::Tallies, "the first one is the full one");
    }

    #[test]
    fn no_full_report_diverges_where_every_comment_is_recorded() {
        for whole in [true, false] {
            let mut book = observer();
            opened(&mut book);
            posted(&mut book, 0, "2026-04-03T09:00:00Z", "preliminary_report");
            let after = if whole { 1 } else { 2 };
            remarked(&mut book, after, "2026-04-10T09:00:00Z");
            captured(&mut book, "2026-05-01T00:00Z");
            let found = findings(&book, "P102", Some("2026-06-01T00:00:00Z"));
            let expected = if whole { Verdict::Diverges } else { Verdict::Undetermined };
            assert_eq!(found[0].verdict, expected, "comment {after}");
        }
    }

    #[test]
    fn an_incident_closed_before_needs_no_full_report() {
        let mut book = own();
        posted(&mut book, 0, "2026-04-03T09:00:00Z", "preliminary_report");
        fact(&mut book, "incident.closed", "2026-04-05", json!({ "resolution": "INVALID" }));
        let found = findings(&book, "P102", Some("2026-06-01T00:00:00Z"));
        assert_eq!(found[0].verdict, Verdict::Undetermined);
        assert!(found[0].message.contains("closed before"), "{}", found[0].message);
    }

    #[test]
    fn a_finding_names_one_policy_and_another_policy_has_its_own() {
        use crate::{Packs, Terms, diverge};
        let mut book = own();
        aware(&mut book, "2026-04-01T09:00Z");
        posted(&mut book, 0, "2026-04-03T20:00:00Z", "preliminary_report");
        let mut packs = Packs::built_in();
        let own = "id = \"own\"\nsource = \"Own rule\"\nurl = \"u\"\nread = \"2030-01-01\"\n\
                   [[version]]\nversion = \"1\"\nfrom = \"2020-01-01\"\n\
                   [[version.requirement]]\nid = \"r\"\nrule = \"P101\"\nsection = \"4\"\n\
                   strength = \"must\"\nlimit = { hours = 48 }\nduty = \"two days\"\n";
        packs.add(own).unwrap();
        let timeline = tally_ledger::replay::Timeline::replay(&book.ledger());
        let report = diverge(&timeline, &Terms { packs, ..Terms::default() });
        let found: Vec<_> = report.findings.iter().filter(|f| f.code == "P101").collect();
        let verdicts: Vec<_> = found
            .iter()
            .map(|f| (f.verdict, f.message.contains("Own rule 1, section 4")))
            .collect();
        assert_eq!(verdicts, [(Verdict::Diverges, true), (Verdict::Tallies, false)]);
        assert_ne!(found[0].id, found[1].id);
    }
}
