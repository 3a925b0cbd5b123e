//! A promise without a date.
//!
//! A report that "will follow" and certificates that "will be revoked" leave readers without
//! anything to wait for. What is found is one of these two, in a sentence that names no time; and
//! for the report only if no other sentence says when it comes.

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

const PROMISES_REPORT: &[Pattern] = &[
    &[&["will", "shall", "we'll"], ADVERB, POST],
    &[&["plan", "planning", "intend", "expect", "expecting", "aim"], &["to"], POST],
    &[
        REPORT,
        &["", "for"],
        &["", "the", "this"],
        &["", "incident", "bug"],
        &["will", "shall"],
        ADVERB,
        &["follow"],
    ],
    &[
        REPORT,
        &["will", "shall", "is"],
        &["", "expected"],
        &["", "to"],
        &["be"],
        &["", "also", "then", "made"],
        POSTED,
    ],
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

/// Returns the promises that name no time.
pub(super) fn find(draft: &Draft<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let mut reports = Vec::new();
    let mut is_report_dated = false;
    for sentence in &draft.sentences {
        let is_dated = names_time(sentence);
        if let Some(words) = report(sentence) {
            is_report_dated |= is_dated;
            if !is_dated {
                let message = "a report is promised without a date";
                let help = format!(
                    "name the day by which it is posted; a full report is due within 14 days of \
                     the first disclosure: by {} if that is this text",
                    draft.day_after(14)
                );
                let span = sentence.span(vague(sentence).unwrap_or(words));
                reports.push(Found::new(span, message).label("no date here").help(help));
            }
        } else if let Some(words) = first(sentence, PROMISES_REVOCATION).filter(|_| !is_dated) {
            let message = "a revocation is promised without a date";
            let help = "name the day and hour by which it is complete; the Baseline Requirements \
                        give 24 hours or 5 days";
            let span = sentence.span(vague(sentence).unwrap_or(words));
            found.push(Found::new(span, message).label("no date here").help(help));
        }
    }
    if !is_report_dated {
        found.extend(reports);
    }
    found
}

/// Returns the words that promise a report.
fn report(sentence: &Sentence<'_>) -> Option<std::ops::Range<usize>> {
    let words = first(sentence, PROMISES_REPORT)?;
    // The report stands near the verb, on either side of it.
    let near = words.start.saturating_sub(12)..(words.end + 10).min(sentence.words.len());
    sentence.words[near].iter().any(|word| word.is_among(REPORT)).then_some(words)
}

fn first(sentence: &Sentence<'_>, patterns: &[Pattern]) -> Option<std::ops::Range<usize>> {
    patterns.iter().find_map(|pattern| sentence.find(pattern))
}

fn vague(sentence: &Sentence<'_>) -> Option<std::ops::Range<usize>> {
    first(sentence, VAGUE)
}

/// Returns whether the sentence names a time, or what it depends on.
fn names_time(sentence: &Sentence<'_>) -> bool {
    let is_vague = vague(sentence).is_some();
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
            "We will provide a full incident report by 2024-07-23.",
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
