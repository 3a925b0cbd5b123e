//! Dates: out of order, impossible, past, too far away, or without a zone.
//!
//! Every comparison is between the intervals that the words may mean; what an interval straddles
//! is left alone.

use std::ops::Range;

use tally_ledger::time::When;
use tally_ledger::vocabulary::action::ActionStatus;
use time::Date;

use super::prose::Sentence;
use super::undated::{Promise, promise};
use super::{Draft, Found};
use crate::moment::{self, Setting, Toward};
use crate::report::{Form, Label, Row};

const DAY: i64 = 86_400;

/// Returns rows of a timeline that stand after a later one.
pub(super) fn order(draft: &Draft<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for field in draft.report.fields.iter().filter(|field| field.label == Label::Timeline) {
        let inside = |row: &&Row| field.span[0] < row.span[1] && row.span[0] < field.span[1];
        let rows: Vec<_> = draft
            .report
            .timeline
            .iter()
            .filter(inside)
            .filter_map(|row| row.when.as_ref().map(|when| (row, when.interval())))
            .collect();
        for pair in rows.windows(2) {
            let [(before, earlier), (row, interval)] = pair else { continue };
            if interval.before(earlier) {
                let message = "this row of the timeline is earlier than the one before it";
                let mut told = Found::new(time_of(row, draft.text), message)
                    .label("earlier")
                    .help("put the rows in order of time, or correct the date that is wrong");
                told.others.push((time_of(before, draft.text), "later".to_owned()));
                found.push(told);
            }
        }
    }
    found
}

/// Returns where the time of a row stands, or the row if it cannot be told.
fn time_of(row: &Row, text: &str) -> Range<usize> {
    let line = &text[row.span[0]..row.span[1]];
    let end = if row.text.text.is_empty() { row.span[1] } else { row.text.span[0] };
    let marks = |c: char| c.is_whitespace() || "-*+|:–—#>•".contains(c);
    let start = row.span[0] + line.len() - line.trim_start_matches(marks).len();
    if start < end {
        let time = text[start..end].trim_end_matches(marks);
        if !time.is_empty() {
            return start..start + time.len();
        }
    }
    row.span[0]..row.span[1]
}

/// Returns the dates of the summary that contradict each other.
pub(super) fn summary(draft: &Draft<'_>) -> Vec<Found> {
    let date = |label: Label| {
        let field = draft.report.field(label)?;
        let when = moment::first(&field.value, &Setting::default())?.ok()?.when;
        Some((field.span[0]..field.span[1], when))
    };
    let start = date(Label::NonComplianceStart);
    let identified = date(Label::NonComplianceIdentified);
    let end = date(Label::NonComplianceEnd);
    let mut found = Vec::new();
    let mut earlier = |one: &Option<(Range<usize>, When)>,
                       other: &Option<(Range<usize>, When)>,
                       message: &str,
                       label: &str| {
        let (Some((span, when)), Some((other, start))) = (one, other) else { return };
        if when.interval().before(&start.interval()) {
            let mut told = Found::new(span.clone(), message)
                .label("earlier")
                .help("correct the date that is wrong; times without a zone were given room");
            told.others.push((other.clone(), label.to_owned()));
            found.push(told);
        }
    };
    earlier(&end, &start, "the non-compliance ends before it starts", "starts here");
    earlier(&identified, &start, "it was identified before it started", "starts here");
    if let Some((span, when)) = identified.filter(|(_, when)| draft.posted.before(&when.interval()))
    {
        let message = "it was identified after this text is posted";
        let label = format!("not before {when}");
        found.push(Found::new(span, message).label(label).help("correct the date"));
    }
    found
}

/// Returns dates that do not exist, and days of the week that another date has.
pub(super) fn impossible(draft: &Draft<'_>) -> Vec<Found> {
    let of = |found: &Result<moment::Moment, moment::Unclear>| match found {
        // Without a year, the day of the week may belong to another one than was filled in.
        Ok(moment)
            if moment.weekday_differs
                && has_year(&draft.text[moment.span[0]..moment.span[1]])
                && draft.is_own(&moment.span) =>
        {
            let day = weekday(&moment.when)?;
            let message = format!("that date is a {day}");
            let help = "correct the date or the day of the week";
            let span = moment.span[0]..moment.span[1];
            Some(Found::new(span, message).label(format!("a {day}")).help(help))
        }
        Err(unclear)
            if unclear.why == "that date does not exist" && is_plain(draft, unclear.span) =>
        {
            let span = unclear.span[0]..unclear.span[1];
            let help = "correct the day or the month";
            Some(Found::new(span, unclear.why).label("no such date").help(help))
        }
        _ => None,
    };
    draft.moments.iter().filter_map(of).collect()
}

/// Returns whether a date is written in a form that is nothing else: with a month's name, or the
/// year first.
fn is_plain(draft: &Draft<'_>, span: [usize; 2]) -> bool {
    let text = &draft.text[span[0]..span[1]];
    let year = text.bytes().take_while(u8::is_ascii_digit).count() == 4;
    let name = text.bytes().filter(u8::is_ascii_alphabetic).count() >= 3;
    (year || name) && draft.is_own(&span)
}

/// Returns whether a year is written.
fn has_year(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() == 4)
}

fn weekday(when: &When) -> Option<&'static str> {
    const DAYS: [&str; 7] =
        ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let at = when.at().get(..10)?;
    let number = |range: Range<usize>| at.get(range)?.parse::<u8>().ok();
    let month = time::Month::try_from(number(5..7)?).ok()?;
    let year = at.get(..4)?.parse().ok()?;
    let date = Date::from_calendar_date(year, month, number(8..10)?).ok()?;
    Some(DAYS[usize::from(date.weekday().number_days_from_monday())])
}

/// Returns the first time of day of a timeline that names no zone for it.
pub(super) fn zone(draft: &Draft<'_>) -> Vec<Found> {
    let open = |row: &&Row| {
        row.when.as_ref().is_some_and(|when| {
            when.at().contains('T') && (when.zone().is_none() || when.presumed().is_some())
        })
    };
    let mut rows = draft.report.timeline.iter().filter(open);
    let Some(row) = rows.next() else {
        return Vec::new();
    };
    let more = rows.count();
    let message = match more {
        0 => "this time names no zone".to_owned(),
        n => format!("this time names no zone, nor do {n} more"),
    };
    let help = "write \"All times are UTC.\" above the rows, or UTC and the offset beside each";
    vec![Found::new(time_of(row, draft.text), message).label("in which zone?").help(help)]
}

/// Returns times in timelines and tables that can be read in two ways, or not at all.
pub(super) fn unclear(draft: &Draft<'_>) -> Vec<Found> {
    let told = |why: &str| match why {
        "day and month may be either way round" => {
            Some("write the date with the year first, such as 2026-04-03")
        }
        "a date without a year" => Some("add the year"),
        "a range with two zones" => Some("write both ends in one zone"),
        "a due date that is no date" => Some("write a date, such as 2026-04-03"),
        _ => None,
    };
    let of = |unread: &crate::report::Unread| {
        let help = told(unread.why)?;
        let span = unread.span[0]..unread.span[1];
        Some(Found::new(span, unread.why).label("which time?").help(help))
    };
    draft.report.unread.iter().filter_map(of).collect()
}

/// Returns due dates that have passed with the item still open.
pub(super) fn overdue(draft: &Draft<'_>) -> Vec<Found> {
    let of = |action: &crate::report::Action| {
        let (due, cell, status) =
            (action.due.as_ref()?, action.due_text.as_ref()?, action.status.as_ref()?);
        let is_open =
            matches!(action.status_term, Some(ActionStatus::Ongoing | ActionStatus::Delayed));
        if !is_open || !due.interval().before(&draft.posted) {
            return None;
        }
        let message = "the due date has passed, and the item is not complete";
        let mut told = Found::new(cell.span[0]..cell.span[1], message)
            .label("passed")
            .help("say that it is complete, or that it is delayed and until when");
        told.others.push((status.span[0]..status.span[1], "still open".to_owned()));
        Some(told)
    };
    draft.report.actions.iter().filter_map(of).collect()
}

/// A promise with the day it names.
struct Dated<'a> {
    promise: Promise,
    sentence: &'a Sentence<'a>,
    when: When,
    span: [usize; 2],
}

/// Returns the promises that name a day to keep them by.
fn dated<'a>(draft: &'a Draft<'_>) -> Vec<Dated<'a>> {
    let setting =
        Setting { published: draft.instant(), toward: Toward::Future, ..Setting::default() };
    let mut all = Vec::new();
    for sentence in &draft.sentences {
        let Some((promise, words)) = promise(sentence) else { continue };
        let span = sentence.span(0..sentence.words.len());
        for found in moment::find(&draft.text[span.clone()], &setting) {
            let Ok(moment) = found else { continue };
            let [start, end] = moment.span.map(|at| span.start + at);
            let before = sentence.words.iter().take_while(|word| word.span.end <= start).last();
            let limits = before.is_some_and(|word| word.is_among(LIMIT));
            if limits && start >= sentence.words[words.start].span.start {
                all.push(Dated { promise, sentence, when: moment.when, span: [start, end] });
                break;
            }
        }
    }
    all
}

/// The words ahead of a day that make it the last one.
const LIMIT: &[&str] = &["by", "than", "before", "until", "till", "latest"];

/// Returns promises whose day is past, or so far away that another one is meant.
pub(super) fn promised(draft: &Draft<'_>) -> Vec<Found> {
    let of = |dated: &Dated<'_>| {
        let interval = dated.when.interval();
        let far = draft.posted.end.saturating_add(366 * DAY);
        let (message, label) = match () {
            () if interval.before(&draft.posted) => ("the promised day is past", "in the past"),
            () if interval.start > far => ("the promised day is more than a year away", "far away"),
            () => return None,
        };
        let span = dated.span[0]..dated.span[1];
        Some(Found::new(span, message).label(label).help("check the year and the month"))
    };
    dated(draft).iter().filter_map(of).collect()
}

/// Returns full reports that are promised for later than they are due.
pub(super) fn late(draft: &Draft<'_>) -> Vec<Found> {
    if !matches!(super::fields::form(draft), Some((_, Form::Preliminary))) {
        return Vec::new();
    }
    let limit = draft.posted.end.saturating_add(14 * DAY);
    let of = |dated: &Dated<'_>| {
        let full = dated.sentence.has(&["full", "complete", "final", "detailed", "comprehensive"]);
        let is_late = dated.when.interval().start >= limit;
        (full && is_late && dated.promise == Promise::Report).then(|| {
            let message = "a full report is due within 14 days of the first disclosure";
            let help = format!(
                "if this text is the first disclosure, the full report is due by {}",
                draft.day_after(14)
            );
            Found::new(dated.span[0]..dated.span[1], message).label("later").help(help)
        })
    };
    dated(draft).iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{FULL, PRELIMINARY, codes, first, silent};

    #[test]
    fn a_row_earlier_than_the_one_before_it_is_found() {
        let text = FULL.replace("2026-03-10 09:30 OV", "2026-03-10 07:30 OV");
        let found = first(&text);
        assert_eq!(found.check.code, "D010");
        assert_eq!(&text[found.span], "2026-03-10 07:30");
        assert_eq!(&text[found.others[0].0.clone()], "2026-03-10 08:12");
        // A day is all of its hours.
        silent(&FULL.replace("2026-03-10 09:30 OV", "2026-03-10 OV"));
    }

    #[test]
    fn dates_of_the_summary_must_follow_each_other() {
        let end = "- **Non-compliance end date:** ";
        let ends = |at: &str| FULL.replace(&format!("{end}2026-03-10"), &format!("{end}{at}"));
        assert_eq!(codes(&ends("2026-01-10")), ["D011"]);
        silent(&ends("2026-05-10"));
        silent(&ends("2026-02-03"));
        silent(&ends("not yet known"));
        let identified = "- **Non-compliance identified date:** ";
        let future = FULL.replace(&format!("{identified}2026"), &format!("{identified}2027"));
        assert_eq!(codes(&future), ["D011"]);
    }

    #[test]
    fn a_date_that_cannot_be_is_found() {
        for text in [
            "On Saturday March 17, 2025, it failed.",
            "It began on 2026-02-30 at noon.",
            "It began on 31 June 2025.",
        ] {
            assert_eq!(codes(text), ["D012"], "{text}");
        }
        silent("On Monday March 17, 2025, it failed, and on 2024-02-29 too.");
        silent("> On Saturday March 17, 2025, it failed.");
        silent("See section 2.30 of the policy, version 1.31.2, and 30/2 of them.");
    }

    #[test]
    fn times_without_a_zone_are_noted_once() {
        let text = FULL.replace("All times are UTC.\n\n", "");
        let found = first(&text);
        assert_eq!(found.check.code, "D013");
        assert_eq!(found.message, "this time names no zone, nor do 6 more");
        silent(&FULL.replace("All times are UTC.", "All times are UTC+8."));
    }

    #[test]
    fn a_date_that_can_be_read_in_two_ways_is_found() {
        let due = |at: &str| FULL.replace("| 2026-05-15 |", &format!("| {at} |"));
        assert_eq!(codes(&due("05/06/2026")), ["D014"]);
        assert_eq!(codes(&due("after the next ceremony")), ["D014"]);
        silent(&due("15 May 2026"));
    }

    #[test]
    fn an_open_item_whose_date_has_passed_is_found() {
        let due = |at: &str| FULL.replace("| 2026-04-10 |", &format!("| {at} |"));
        assert_eq!(codes(&due("2026-03-30")), ["D015"]);
        silent(&due("2026-04-01"));
        silent(&due("2026-03-30").replace("2026-03-30 | Ongoing", "2026-03-30 | Complete"));
    }

    #[test]
    fn a_promised_day_in_the_past_or_far_away_is_found() {
        for text in [
            "We will provide a full incident report by February 17, 2024",
            "A full report detailing causes and measures will be supplied by May 17, 2029.",
            "The certificates will be revoked no later than 2026-03-01 12:00 UTC.",
        ] {
            assert_eq!(codes(text), ["D016"], "{text}");
        }
        silent("We will provide a full incident report by April 17.");
        silent("We will provide a full report on the incident of 2024-02-17 by 2026-04-10.");
    }

    #[test]
    fn a_full_report_promised_for_after_it_is_due_is_found() {
        let by = |day: &str| PRELIMINARY.replace("2026-04-14", day);
        assert_eq!(codes(&by("2026-04-30")), ["D017"]);
        silent(&by("2026-04-15"));
        silent("We will post a full report by 2026-05-30, as asked in the last comment.");
    }
}
