//! Numbers that contradict each other within the text.
//!
//! Only plain numbers are compared: a value with two numbers in it, or one that is said to be
//! about right, says nothing that could be contradicted.

use std::ops::Range;

use super::prose::{Pattern, Sentence, Word};
use super::{Draft, Found};
use crate::report::{Field, Label};

/// Returns whether more certificates remain valid than are affected.
pub(super) fn more_than_all(draft: &Draft<'_>) -> Vec<Found> {
    let value = |label: Label| {
        let field = draft.report.field(label)?;
        Some((field, only_number(&field.value)?))
    };
    let (Some((all, total)), Some((rest, remaining))) =
        (value(Label::TotalCertificates), value(Label::RemainingValid))
    else {
        return Vec::new();
    };
    if remaining <= total {
        return Vec::new();
    }
    let message = format!("{remaining} certificates remain valid of {total} affected");
    let mut told = Found::new(rest.span[0]..rest.span[1], message)
        .label("more than all")
        .help("correct one of the two numbers");
    told.others.push((all.span[0]..all.span[1], "all".to_owned()));
    vec![told]
}

/// Returns the one number of a value, if it has exactly one and does not hedge.
pub(super) fn only_number(value: &str) -> Option<u64> {
    let line = value.lines().next()?;
    if value.contains(['~', '\u{2248}']) || value.len() > line.len() + 2 {
        return None;
    }
    let words =
        line.split_whitespace().map(|word| word.trim_matches(|c: char| "*_.,;:()".contains(c)));
    let mut numbers = words.clone().filter(|word| word.contains(|c: char| c.is_ascii_digit()));
    let number = numbers.next()?;
    let hedges = ["about", "approximately", "around", "least", "most", "over", "some", "than"];
    let hedged =
        words.clone().any(|word| hedges.iter().any(|hedge| word.eq_ignore_ascii_case(hedge)));
    (numbers.next().is_none() && !hedged).then(|| plain(number)).flatten()
}

/// Returns the number that digits with or without grouping commas write.
fn plain(word: &str) -> Option<u64> {
    let mut groups = word.split(',');
    let first = groups.next()?;
    let grouped = word.contains(',');
    let is_digits = |group: &str| !group.is_empty() && group.bytes().all(|c| c.is_ascii_digit());
    if !is_digits(first) || (grouped && first.len() > 3) {
        return None;
    }
    let mut all = first.to_owned();
    for group in groups {
        if group.len() != 3 || !is_digits(group) {
            return None;
        }
        all.push_str(group);
    }
    all.parse().ok()
}

/// Wordings that state the number of all affected certificates.
const ALL_AFFECTED: &[Pattern] = &[
    &[
        &["a"],
        &["total"],
        &["of"],
        &["_"],
        &["", "affected", "impacted", "tls", "leaf", "ov", "dv", "ev", "s/mime"],
        &["certificates"],
        &["", "were", "was", "are"],
        &["affected", "impacted", "misissued", "mis-issued"],
    ],
    &[
        &["affected", "impacted", "affects", "impacts", "misissued", "mis-issued"],
        &["", "a"],
        &["", "total"],
        &["", "of"],
        &["_"],
        &["", "tls", "leaf", "ov", "dv", "ev", "s/mime"],
        &["certificates"],
    ],
];

/// Returns a number of all affected certificates that is stated otherwise in its own field.
pub(super) fn twice(draft: &Draft<'_>) -> Vec<Found> {
    let report = &draft.report;
    let Some(field) = report.field(Label::TotalCertificates) else {
        return Vec::new();
    };
    let Some(total) = only_number(&field.value) else {
        return Vec::new();
    };
    // Where the course of events is told, numbers grow for good reasons.
    let told_in = [Label::IncidentDescription, Label::Summary, Label::Impact];
    let inside = |span: &Range<usize>, field: &Field| {
        field.span[0] <= span.start && span.end <= field.span[1]
    };
    let mut stated: Vec<(u64, Range<usize>)> = Vec::new();
    for sentence in &draft.sentences {
        let Some((number, span)) = all_affected(sentence) else { continue };
        let fields = report.fields.iter().filter(|field| told_in.contains(&field.label));
        if fields.clone().any(|field| inside(&span, field)) {
            stated.push((number, span));
        }
    }
    // Several different numbers are of several things.
    let [(number, span), rest @ ..] = stated.as_slice() else {
        return Vec::new();
    };
    if *number == total || rest.iter().any(|(other, _)| other != number) {
        return Vec::new();
    }
    let message = format!("{number} certificates are affected here, {total} in the total");
    let mut told = Found::new(span.clone(), message)
        .label(number.to_string())
        .help("correct one of the two numbers, or say what the smaller one counts");
    told.others.push((field.span[0]..field.span[1], total.to_string()));
    vec![told]
}

/// Returns the number of all affected certificates that a sentence states.
fn all_affected(sentence: &Sentence<'_>) -> Option<(u64, Range<usize>)> {
    let words = ALL_AFFECTED.iter().find_map(|pattern| sentence.find(pattern))?;
    let is_hedge = |word: &Word<'_>| {
        word.is_among(&[
            "about",
            "approximately",
            "initially",
            "first",
            "least",
            "most",
            "of",
            "only",
        ])
    };
    let before = &sentence.words[words.start.saturating_sub(3)..words.start];
    if before.iter().any(is_hedge) {
        return None;
    }
    let mut numbers = sentence.words[words.clone()].iter().filter_map(|word| plain(word.as_str()));
    let number = numbers.next()?;
    Some((number, sentence.span(words)))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{FULL, codes, silent};
    use super::*;

    #[test]
    fn more_remaining_than_affected_is_found() {
        let field = "\"remaining valid\" certificates:** ";
        let remain = |n: &str| FULL.replace(&format!("{field}0"), &format!("{field}{n}"));
        assert_eq!(codes(&remain("1,200")), ["D020"]);
        for n in ["42", "12", "about 43", "43 of the first list, 2 of the second", "None"] {
            silent(&remain(n));
        }
    }

    #[test]
    fn the_same_number_stated_in_two_ways_is_found() {
        let text = FULL.replace("A total of 42 TLS", "A total of 1,041 TLS");
        let found = super::super::tests::first(&text);
        assert_eq!(found.check.code, "D021");
        assert_eq!(found.message, "1041 certificates are affected here, 42 in the total");
        silent(&FULL.replace("A total of 42 TLS", "At first a total of 41 TLS"));
        silent(&FULL.replace("A total of 42 TLS", "Of those a total of 12 TLS"));
        let grown = "All 42 certificates are revoked";
        silent(&FULL.replace(grown, "A total of 30 certificates were affected and are revoked"));
        silent(
            &FULL.replace("certificates:** 42", "certificates:** 42 final and 42 precertificates"),
        );
    }

    #[test]
    fn a_number_is_read_with_grouping_and_without_hedges() {
        assert_eq!(only_number("83,267 certificates"), Some(83_267));
        assert_eq!(only_number("**7**"), Some(7));
        for text in ["~7", "about 7", "7 to 9", "1,23", "12,3456", "seven", ""] {
            assert_eq!(only_number(text), None, "{text}");
        }
    }
}
