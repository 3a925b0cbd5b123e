//! What was found in drafts as JSON with a schema number.

use serde_json::{Value, json};
use tally_intake::draft::Severity;

use super::{Checked, lists, taken_for};
use crate::snippet::{Lines, Shown};

/// Returns what was found in the drafts.
pub(super) fn of(all: &[Checked]) -> Value {
    let count = |weight| all.iter().map(|draft| draft.count(weight)).sum::<usize>();
    let (lists, drafts): (Vec<&Checked>, Vec<&Checked>) =
        all.iter().partition(|checked| checked.list.is_some());
    let drafts: Vec<Value> = drafts.into_iter().map(of_draft).collect();
    let lists: Vec<Value> = lists.into_iter().map(of_list).collect();
    json!({
        "schema": 1,
        "errors": count(Severity::Error),
        "warnings": count(Severity::Warning),
        "notes": count(Severity::Note),
        "drafts": drafts,
        "lists": lists,
    })
}

fn of_list(checked: &Checked) -> Value {
    let mut value = checked.list.as_ref().map_or(json!({}), lists::value);
    value["file"] = json!(checked.name);
    value["left_out"] = json!(checked.outcome.left_out);
    value["diagnostics"] = json!(diagnostics(checked));
    value
}

fn of_draft(draft: &Checked) -> Value {
    json!({
        "file": draft.name,
        "taken_for": taken_for(&draft.outcome),
        "left_out": draft.outcome.left_out,
        "diagnostics": diagnostics(draft),
    })
}

fn diagnostics(checked: &Checked) -> Vec<Value> {
    let lines = Lines::new(&checked.text);
    checked.found.iter().map(|found| diagnostic(found, &lines)).collect()
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
