//! Action items: open ones beside "all complete", empty cells, and what none of them answers.

use std::collections::BTreeSet;
use std::ops::Range;

use tally_ledger::vocabulary::action::ActionStatus;

use super::prose::{Pattern, Sentence};
use super::{Draft, Found, fields};
use crate::report::{Action, Cell, Form, Label, Template};

const ALL_COMPLETE: &[Pattern] = &[&[
    &["all"],
    &["", "of"],
    &["", "the", "our", "these"],
    &["action", "remediation"],
    &["items"],
    &["", "disclosed", "listed", "described"],
    &["", "in", "above"],
    &["", "this", "the"],
    &["", "report", "bug", "incident"],
    &["have", "are", "were"],
    &["", "now", "been"],
    &["", "now", "been"],
    &["complete", "completed", "closed", "done", "implemented", "finished"],
]];

const CLOSING: &[Pattern] = &[&[
    &["request", "requesting", "ask"],
    &["", "its", "the", "for", "that"],
    &["", "this", "the"],
    &["", "bug", "incident", "report"],
    &["", "be"],
    &["closure", "closed"],
]];

/// What makes such a sentence one about another time.
const NOT_YET: &[&str] =
    &["once", "when", "after", "until", "if", "before", "will", "not", "unless"];

/// Returns the words by which a sentence asks for closure.
pub(super) fn closing(sentence: &Sentence<'_>) -> Option<Range<usize>> {
    stated(sentence, CLOSING)
}

fn stated(sentence: &Sentence<'_>, patterns: &[Pattern]) -> Option<Range<usize>> {
    let words = patterns.iter().find_map(|pattern| sentence.find(pattern))?;
    let before = &sentence.words[words.start.saturating_sub(5)..words.start];
    let is_now = !before.iter().any(|word| word.is_among(NOT_YET));
    is_now.then(|| sentence.span(words))
}

/// Returns a sentence that says all is complete, or asks for closure, while an item is open.
pub(super) fn open(draft: &Draft<'_>) -> Vec<Found> {
    let is_open = |action: &&Action| {
        matches!(action.status_term, Some(ActionStatus::Ongoing | ActionStatus::Delayed))
    };
    let open: Vec<&Action> = draft.report.actions.iter().filter(is_open).collect();
    if open.is_empty() {
        return Vec::new();
    }
    let said = |patterns| draft.sentences.iter().find_map(|told| stated(told, patterns));
    let (span, message) = match (said(ALL_COMPLETE), said(CLOSING)) {
        (Some(span), _) => (span, "all action items are said to be complete, and one is open"),
        (None, Some(span)) => (span, "closure is asked for, and an action item is open"),
        (None, None) => return Vec::new(),
    };
    let mut told = Found::new(span, message)
        .label("all of them?")
        .help("complete the item first, or state its status as it is");
    let cells = open.iter().filter_map(|action| action.status.as_ref()).take(3);
    told.others = cells.map(|cell| (cell.span[0]..cell.span[1], "open".to_owned())).collect();
    vec![told]
}

/// A column of the table: its name, and its cell in a row.
type Column = (&'static str, fn(&Action) -> &Option<Cell>);

/// Returns the cells of action items that are empty.
pub(super) fn cells(draft: &Draft<'_>) -> Vec<Found> {
    let Some((template, _)) = fields::form(draft) else {
        return Vec::new();
    };
    let columns: &[Column] = &[
        ("Kind", |action| &action.kind),
        ("Due Date", |action| &action.due_text),
        ("Status", |action| &action.status),
        ("Corresponding Root Cause(s)", |action| &action.root_causes),
        ("Evaluation Criteria", |action| &action.criteria),
    ];
    let asked = if template == Template::V3 { columns } else { &columns[..2] };
    let mut found = Vec::new();
    let actions = &draft.report.actions;
    let is_used = |column: &&Column| actions.iter().any(|action| column.1(action).is_some());
    let unused: Vec<&str> =
        asked.iter().filter(|column| !is_used(column)).map(|column| column.0).collect();
    if let (Some(first), false) = (actions.first(), unused.is_empty()) {
        let span = first.text.span[0]..first.text.span[1];
        let message = format!("no action item has: {}", unused.join(", "));
        let help = "add the column of the template, and fill it in for each item";
        found.push(Found::new(span, message).label("the first item").help(help));
    }
    for action in actions {
        let lacks: Vec<&str> = asked
            .iter()
            .filter(|column| is_used(column) && column.1(action).is_none())
            .map(|column| column.0)
            .collect();
        if !lacks.is_empty() {
            let span = action.text.span[0]..action.text.span[1];
            let message = format!("this action item has no: {}", lacks.join(", "));
            let help = "fill in the cell; where it does not apply, write N/A";
            found.push(Found::new(span, message).label("lacks a cell").help(help));
        }
    }
    found
}

/// Returns what did not go well, where no action item answers it.
pub(super) fn unanswered(draft: &Draft<'_>) -> Vec<Found> {
    if !matches!(fields::form(draft), Some((_, Form::Full))) || !draft.report.actions.is_empty() {
        return Vec::new();
    }
    // Items that stand in no table are told of by another check.
    let items = draft.report.field(Label::ActionItems);
    let lesson = draft.report.field(Label::DidNotGoWell);
    let Some(lesson) = lesson.filter(|lesson| items.is_none() && !says_nothing(&lesson.value))
    else {
        return Vec::new();
    };
    let message = "what did not go well has no action item";
    let help = "every such lesson must lead to at least one action item; add it to the table";
    let span = lesson.label_span[0]..lesson.label_span[1];
    vec![Found::new(span, message).label("answered by what?").help(help)]
}

/// Returns whether a value says that there is nothing to say.
fn says_nothing(value: &str) -> bool {
    let value = value.trim_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase();
    let words = ["n/a", "na", "none", "nothing", "not applicable", "no additional comment"];
    words.contains(&value.as_str())
}

/// Returns root causes that no action item names, and names of root causes that are not there.
pub(super) fn causes(draft: &Draft<'_>) -> Vec<Found> {
    let report = &draft.report;
    let factors: Vec<_> = report
        .fields
        .iter()
        .filter(|field| field.label == Label::Factor && field.part > 0)
        .collect();
    let cells: Vec<&Cell> =
        report.actions.iter().filter_map(|action| action.root_causes.as_ref()).collect();
    let numbers: Vec<BTreeSet<usize>> = cells.iter().map(|cell| numbers(&cell.text)).collect();
    let all_numbered = numbers.iter().all(|numbers| !numbers.is_empty());
    if factors.is_empty()
        || cells.len() != report.actions.len()
        || cells.is_empty()
        || !all_numbered
    {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (cell, numbers) in cells.iter().zip(&numbers) {
        if let Some(number) = numbers.iter().find(|number| **number > factors.len()) {
            let message = format!("there is no contributing factor {number}");
            let help = "name a contributing factor of this report";
            let span = cell.span[0]..cell.span[1];
            found.push(Found::new(span, message).label("not there").help(help));
        }
    }
    let named: BTreeSet<usize> = numbers.into_iter().flatten().collect();
    for factor in factors.iter().filter(|factor| !named.contains(&factor.part)) {
        let message = "no action item names this contributing factor";
        let help = "every root cause must lead to at least one action item";
        let span = factor.label_span[0]..factor.label_span[1];
        found.push(Found::new(span, message).label("answered by what?").help(help));
    }
    found
}

/// Returns the small numbers of a cell.
fn numbers(text: &str) -> BTreeSet<usize> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter_map(|word| word.parse().ok()).filter(|number| (1..100).contains(number)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{FULL, codes, first, silent};

    #[test]
    fn all_complete_beside_an_open_item_is_found() {
        for said in [
            "All Action Items disclosed in this report have been completed as described.",
            "We request the closure of this bug.",
            "All action items are now complete.",
        ] {
            let text = format!("{FULL}\n{said}\n");
            assert_eq!(codes(&text), ["D030"], "{said}");
            silent(&text.replace("| Ongoing |", "| Complete |"));
        }
        for said in [
            "Once all action items are complete, we will request closure.",
            "Not all action items are complete.",
        ] {
            silent(&format!("{FULL}\n{said}\n"));
        }
    }

    #[test]
    fn an_empty_cell_is_told_with_its_row_and_an_empty_column_once() {
        let criterion = "| No change outside the repository in a month |";
        let found = first(&FULL.replace(criterion, "| |"));
        assert_eq!(
            (found.check.code, found.message.as_str()),
            ("D031", "this action item has no: Evaluation Criteria")
        );
        let both = FULL
            .replace(criterion, "| |")
            .replace("| The daily report shows an answer for each register |", "| |");
        assert_eq!(first(&both).message, "no action item has: Evaluation Criteria");
        silent(&FULL.replace(criterion, "| N/A |"));
    }

    #[test]
    fn a_lesson_without_any_action_item_is_found() {
        let rows: String =
            FULL.split_inclusive('\n').filter(|line| !line.contains("| Ongoing |")).collect();
        assert_eq!(codes(&rows), ["D002", "D032"]);
        let none = "- **What didn't go well:** None";
        let lesson = "- **What didn't go well:** No test asks a register a question whose answer \
                      is known.";
        assert!(rows.contains(lesson));
        assert_eq!(codes(&rows.replace(lesson, none)), ["D002"]);
    }

    #[test]
    fn root_causes_and_action_items_name_each_other() {
        let third = FULL.replacen("| Root Cause # 1 |", "| Root Cause # 3 |", 1);
        assert_eq!(first(&third).message, "there is no contributing factor 3");
        let factor = "**Contributing Factor 2: nobody looked**\n- **Description:** a\n\
                      - **Timeline:** b\n- **Detection:** c\n\
                      - **Interaction with other factors:** d\n\
                      - **Root Cause Analysis methodology used:** e\n\n### Lessons";
        let two = FULL.replace("### Lessons", factor);
        assert_eq!(first(&two).message, "no action item names this contributing factor");
        silent(&two.replacen("| Root Cause # 1 |", "| Root Causes 1 and 2 |", 1));
        silent(&two.replacen("| Root Cause # 1 |", "| Overall |", 1));
    }
}
