//! What a timeline is expected to hold.
//!
//! Only what the report itself says must have happened is asked for, and a wording that might be it
//! is enough: the check names a gap, not a form of words.

use super::{Draft, Found, fields};
use crate::report::{Form, Label};

/// Returns elements that the timeline of a full report lacks.
pub(super) fn find(draft: &Draft<'_>) -> Vec<Found> {
    let report = &draft.report;
    let Some(timeline) = report.field(Label::Timeline) else {
        return Vec::new();
    };
    let is_full = matches!(fields::form(draft), Some((_, Form::Full)));
    if !is_full || report.timeline.len() < 2 {
        return Vec::new();
    }
    let told = timeline.value.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| told.contains(word));
    let mut lacks = Vec::new();
    if !has(AWARE) {
        lacks.push("when the CA became aware");
    }
    let answer = |label: Label| report.field(label).map(|field| field.value.trim_start());
    let is_yes = |value: &str| value.get(..3).is_some_and(|word| word.eq_ignore_ascii_case("yes"));
    if answer(Label::IssuanceStopped).is_some_and(is_yes) && !has(STOPPED) {
        lacks.push("when issuance stopped and went on");
    }
    let affected = answer(Label::TotalCertificates).and_then(|value| value.chars().next());
    if affected.is_some_and(|c| ('1'..='9').contains(&c)) && !has(&["revo", "expire"]) {
        lacks.push("when the certificates were revoked");
    }
    if lacks.is_empty() {
        return Vec::new();
    }
    let message = format!("the timeline does not say {}", lacks.join(", nor "));
    let help = "add a row for it: the guidelines list it among the elements of a timeline";
    let span = timeline.label_span[0]..timeline.label_span[1];
    vec![Found::new(span, message).label("lacks a row").help(help)]
}

const AWARE: &[&str] = &[
    "aware", "discover", "identif", "detect", "notif", "receiv", "report", "inform", "notice",
    "found", "alert", "learn", "realiz", "realis", "determin", "confirm", "complain", "email",
    "e-mail", "contact", "flagged", "finding", "observ",
];

const STOPPED: &[&str] = &[
    "stop", "ceas", "halt", "suspend", "paus", "resum", "disabl", "block", "freez", "froz",
    "restart", "re-enabl", "reenabl", "enabled",
];

#[cfg(test)]
mod tests {
    use super::super::tests::{FULL, first, silent};

    fn without(words: &[&str]) -> String {
        let keep =
            |line: &&str| !line.starts_with("- 2026") || !words.iter().any(|w| line.contains(w));
        FULL.split_inclusive('\n').filter(keep).collect()
    }

    #[test]
    fn what_the_report_says_happened_is_asked_of_its_timeline() {
        for (gone, lacks) in [
            (&["stopped", "resumed"][..], "when issuance stopped and went on"),
            (&["revoked"], "when the certificates were revoked"),
        ] {
            let found = first(&without(gone));
            assert_eq!(found.check.code, "D060");
            assert_eq!(found.message, format!("the timeline does not say {lacks}"));
        }
        let not_stopped = without(&["stopped", "resumed"])
            .replace("why not?:** Yes, since", "why not?:** No, although");
        silent(&not_stopped);
    }
}
