//! What was found in drafts as JSON with a schema number.

use serde_json::{Value, json};
use tally_intake::draft::Severity;

use super::{Checked, taken_for};
use crate::snippet::{Lines, Shown};

/// Returns what was found in the drafts.
pub(super) fn of(all: &[Checked]) -> Value {
    let count = |weight| all.iter().map(|draft| draft.count(weight)).sum::<usize>();
    let drafts: Vec<Value> = all.iter().map(of_draft).collect();
    json!({
        "schema": 1,
        "errors": count(Severity::Error),
        "warnings": count(Severity::Warning),
        "notes": count(Severity::Note),
        "drafts": drafts,
    })
}

fn of_draft(draft: &Checked) -> Value {
    let lines = Lines::new(&draft.text);
    let diagnostics: Vec<Value> =
        draft.found.iter().map(|found| diagnostic(found, &lines)).collect();
    json!({
        "file": draft.name,
        "taken_for": taken_for(&draft.outcome),
        "left_out": draft.outcome.left_out,
        "diagnostics": diagnostics,
    })
}

/// Returns what is told of a text.
pub fn diagnostic(found: &Shown, lines: &Lines<'_>) -> Value {
    let place = |span: &std::ops::Range<usize>, label: &str| {
        let (start, end) = (lines.position(span.start), lines.position(span.end));
        json!({
            "span": [span.start, span.end],
            "line": start.line,
            "column": start.column,
            "end_line": end.line,
            "end_column": end.column,
            "label": label,
        })
    };
    let others: Vec<Value> = found.others.iter().map(|(span, label)| place(span, label)).collect();
    json!({
        "code": found.code,
        "severity": found.weight,
        "title": found.title,
        "message": found.message,
        "place": place(&found.span, &found.label),
        "others": others,
        "records": found.records,
        "help": found.help,
    })
}
