//! A promise without a date.
//!
//! A report that "will follow" and certificates that "will be revoked" leave readers without
//! anything to wait for. What is found is one of these two, in a sentence that names no time; and
//! for the report only if no other sentence says when it comes.

use std::ops::Range;

use super::prose::{Pattern, Sentence};
use super::{Draft, Found};

const REPORT: &[&str] = &["report", "details"];

/// The verbs that make a report public.
const POST: &[&str] = &[
    "provide", "publish", "post", "file", "share", "submit", "release", "supply", "deliver",
    "disclose", "update",
];

const POSTED: &[&str] = &[
    "provided",
    "published",
    "posted",
    "filed",
    "shared",
    "submitted",
    "released",
    "supplied",
    "delivered",
    "disclosed",
    "updated",
    "available",
];

/// Words beside which a verb still stands in the future.
const ADVERB: &[&str] = &["", "also", "then", "subsequently", "soon", "shortly", "with"];

/// The report follows the verb.
const WILL_POST: &[Pattern] = &[
    &[&["will", "shall", "we'll"], ADVERB, POST],
    &[&["plan", "planning", "intend", "expect", "expecting", "aim"], &["to"], POST],
];

/// The report stands ahead of the verb.
const WILL_BE_POSTED: &[Pattern] = &[
    &[&["will", "shall"], ADVERB, &["follow"]],
    &[&["will", "shall"], ADVERB, &["be"], &["", "also", "then", "made"], POSTED],
    &[&["is", "are"], &["expected"], &["to"], &["be"], &["", "made"], POSTED],
];

const PROMISES_REVOCATION: &[Pattern] = &[
    &[
        &["certificate", "certificates", "they", "these", "it", "all", "them"],
        &["will", "shall"],
        &["", "all", "also", "then"],
        &["be"],
        &["", "also", "then"],
        &["revoked"],
    ],
    &[&["revocation"], &["will", "shall"], &["be"], &["completed", "complete", "finished"]],
    &[&["will", "shall", "we'll"], &["", "also", "then"], &["revoke"]],
];

/// Words that name a time, or make it depend on something.
const TIME: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "jan",
    "feb",
    "mar",
    "apr",
    "jun",
    "jul",
    "aug",
    "sep",
    "sept",
    "oct",
    "nov",
    "dec",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "today",
    "tonight",
    "tomorrow",
    "week",
    "weekend",
    "month",
    "quarter",
    "end",
    "hours",
    "immediately",
    "within",
    "until",
    "before",
    "once",
    "after",
    "when",
    "if",
    "unless",
    "upon",
    "following",
    "deadline",
    "timeline",
    "timeframe",
    "utc",
    "cet",
    "cest",
    "pst",
    "pdt",
    "not",
];

/// Words that say that it comes, but not when.
const VAGUE: &[Pattern] = &[
    &[&["as"], &["soon"], &["as"], &["possible"]],
    &[
        &["in", "within", "over"],
        &["the"],
        &["next", "coming", "following"],
        &["", "few"],
        &["days", "weeks"],
    ],
    &[&["in"], &["due"], &["course"]],
    &[&["at"], &["a"], &["later"], &["date", "time", "point", "stage"]],
    &[&["soon", "shortly", "promptly"]],
];

/// What is promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Promise {
    /// A report, or more details.
    Report,
    /// The revocation of certificates.
    Revocation,
}

/// Returns what a sentence promises, and the words that do.
pub(super) fn promise(sentence: &Sentence<'_>) -> Option<(Promise, Range<usize>)> {
    if let Some(words) = report(sentence) {
        return Some((Promise::Report, words));
    }
    first(sentence, PROMISES_REVOCATION).map(|words| (Promise::Revocation, words))
}

/// Returns the promises that name no time.
pub(super) fn find(draft: &Draft<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let mut reports = Vec::new();
    let mut is_report_dated = false;
    for sentence in &draft.sentences {
        let Some((promise, words)) = promise(sentence) else { continue };
        let is_dated = names_time(sentence);
        is_report_dated |= is_dated && promise == Promise::Report;
        if is_dated {
            continue;
        }
        let span = sentence.span(first(sentence, VAGUE).unwrap_or(words));
        let told = match promise {
            Promise::Report => Found::new(span, "a report is promised without a date").help(format!(
                "name the day by which it is posted; a full report is due within 14 days of the \
                 first disclosure: by {} if that is this text",
                draft.day_after(14)
            )),
            Promise::Revocation => Found::new(span, "a revocation is promised without a date").help(
                "name the day and hour by which it is complete; the Baseline Requirements give 24 \
                 hours or 5 days",
            ),
        };
        let list = if promise == Promise::Report { &mut reports } else { &mut found };
        list.push(told.label("no date here"));
    }
    if !is_report_dated {
        found.extend(reports);
    }
    found
}

/// Returns the words that promise a report.
fn report(sentence: &Sentence<'_>) -> Option<Range<usize>> {
    let is_near =
        |words: Range<usize>| sentence.words[words].iter().any(|word| word.is_among(REPORT));
    if let Some(words) = first(sentence, WILL_POST) {
        return is_near(words.end..(words.end + 8).min(sentence.words.len())).then_some(words);
    }
    let words = first(sentence, WILL_BE_POSTED)?;
    is_near(words.start.saturating_sub(14)..words.start).then_some(words)
}

fn first(sentence: &Sentence<'_>, patterns: &[Pattern]) -> Option<Range<usize>> {
    patterns.iter().find_map(|pattern| sentence.find(pattern))
}

/// Returns whether the sentence names a time, or what it depends on.
fn names_time(sentence: &Sentence<'_>) -> bool {
    let is_vague = first(sentence, VAGUE).is_some();
    let dated = |word: &&str| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        // "2024-07-23", "23.2.2024", "12:00", "2024", "3rd"
        digits >= 4 || digits > 0 && word.contains([':', '-', '/']) || ordinal(word)
    };
    let mut words = sentence.words.iter();
    let is_dated =
        words.any(|word| dated(&word.as_str()) || word.is("may") && word.as_str() != "may");
    is_dated || !is_vague && sentence.has(TIME)
}

fn ordinal(word: &str) -> bool {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < word.len() && ["st", "nd", "rd", "th"].contains(&rest)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{codes, silent};

    #[test]
    fn a_promise_that_names_no_time_is_found() {
        for text in [
            "We will provide a full incident report as soon as possible.",
            "Our investigation is ongoing, and a full incident report will follow.",
            "We have started and will publish a complete incident report soon.",
            "Additional details and a full incident report will follow in the next few days",
            "The certificates will be revoked.",
            "We will revoke these certificates in due course.",
            "The revocation will be completed as soon as possible.",
        ] {
            assert_eq!(codes(text), ["D041"], "{text}");
        }
    }

    #[test]
    fn a_promise_with_a_time_or_a_condition_is_none_of_these() {
        for text in [
            "We will provide a full incident report by 2026-07-23.",
            "A full incident report will be posted no later than Friday, June 14.",
            "We will provide more details in the full report.\n\nIt comes late. \
             A full incident report will be published by May 3rd.",
            "The certificates will be revoked within 24 hours.",
            "All certificates will be revoked once the subscribers have answered.",
            "We have revoked the certificates and published a report.",
            "We will not revoke these certificates.",
            "The report says that 3 certificates were affected.",
            "> a full incident report will follow",
        ] {
            silent(text);
        }
    }
}
