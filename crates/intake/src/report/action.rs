//! Action items and related incidents: the rows of two tables.

use tally_ledger::time::When;
use tally_ledger::vocabulary::action::{ActionKind, ActionStatus};

use super::label::Label;
use super::line::{Line, opening};
use super::table::{Cell, Table, TableRow, fold};
use super::{Report, Unread};
use crate::moment::{self, Setting};

/// A row of the table of action items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// What is to be done.
    pub text: Cell,
    /// What it is meant to do, in the row's own words.
    pub kind: Option<Cell>,
    /// The same as one of the CCADB's terms, if it is one.
    pub kind_term: Option<ActionKind>,
    /// The root causes that it answers.
    pub root_causes: Option<Cell>,
    /// How its effect is judged.
    pub criteria: Option<Cell>,
    /// By when, in the row's own words.
    pub due_text: Option<Cell>,
    /// By when, if the words are a date.
    pub due: Option<When>,
    /// Its status, in the row's own words.
    pub status: Option<Cell>,
    /// The same as one of the CCADB's terms, if the words mean one: `Done` is `Complete`.
    pub status_term: Option<ActionStatus>,
    /// Where the row stands.
    pub span: [usize; 2],
    /// Its line, counted from 1.
    pub line: usize,
    /// The finding that it belongs to (version 2.0, audits), counted from 1; 0 for none.
    pub part: usize,
}

/// A row of the table of related incidents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// The number of the bug, if one is named.
    pub bug: Option<u64>,
    /// The cell that names the bug.
    pub named: Cell,
    /// When that bug was opened.
    pub opened: Option<When>,
    /// How the two are related.
    pub text: Cell,
    /// Where the row stands.
    pub span: [usize; 2],
    /// Its line, counted from 1.
    pub line: usize,
}

/// Reads the action items and the related incidents out of the tables of a text.
pub(super) fn read(
    report: &mut Report,
    text: &str,
    lines: &[Line<'_>],
    tables: &[Table],
    parts: &[(usize, usize)],
) {
    for table in tables {
        if let Some(columns) = Columns::of(table) {
            for row in &table.rows {
                let before = parts.partition_point(|(line, _)| *line < row.line);
                let part = before.checked_sub(1).map_or(0, |at| parts[at].1);
                action(report, &columns, row, &lines[row.line], part);
            }
        } else if let Some(bug) = table.column(&["bug", "bug id", "related bug", "incident"])
            && let Some(text_at) = table.column(&["description", "relation", "details"])
        {
            let date = table.column(&["date", "opened date", "date opened", "opened"]);
            for row in &table.rows {
                related(report, text, row, &lines[row.line], [Some(bug), date, Some(text_at)]);
            }
        }
    }
    outside(report, lines, tables);
}

/// Where the columns of a table of action items are.
struct Columns {
    text: usize,
    kind: Option<usize>,
    root_causes: Option<usize>,
    criteria: Option<usize>,
    due: Option<usize>,
    status: Option<usize>,
}

impl Columns {
    fn of(table: &Table) -> Option<Self> {
        let text = table.column(&[
            "action item",
            "action items",
            "action",
            "actions",
            "action item description",
            "action item s",
        ])?;
        let found = Self {
            text,
            kind: table.column(&["kind", "type"]),
            root_causes: table.column(&[
                "corresponding root cause s",
                "corresponding root causes",
                "corresponding root cause",
                "root cause s",
                "root causes",
                "root cause",
            ]),
            criteria: table.column(&["evaluation criteria", "evaluation criterion", "criteria"]),
            due: table.column(&["due date", "due", "deadline", "target date", "due by", "date"]),
            status: table.column(&["status", "state", "current status"]),
        };
        (found.kind.is_some() || found.due.is_some() || found.status.is_some()).then_some(found)
    }
}

fn action(report: &mut Report, columns: &Columns, row: &TableRow, line: &Line<'_>, part: usize) {
    let cell = |at: Option<usize>| {
        at.and_then(|at| row.cells.get(at)).filter(|cell| !cell.text.is_empty()).cloned()
    };
    let span = [line.start, line.end()];
    let unread = |span, why| Unread { line: line.number, span, why };
    let Some(text) = cell(Some(columns.text)) else {
        // A row of empty cells says nothing.
        if row.cells.iter().any(|cell| !cell.text.is_empty()) {
            report.unread.push(unread(span, "an action item without words"));
        }
        return;
    };
    if is_example(&text, row) {
        return;
    }
    let kind = cell(columns.kind);
    let due_text = cell(columns.due);
    let mut status = cell(columns.status);
    let due = match due_text.as_ref().map(|cell| (cell, due(cell))) {
        Some((_, Some(Ok(when)))) => Some(when),
        Some((cell, Some(Err(why)))) => {
            report.unread.push(unread(cell.span, why));
            None
        }
        Some((cell, None)) => {
            // Where there is no column for the status, people write it in the place of the date.
            if status.is_none() && columns.status.is_none() && status_term(&cell.text).is_some() {
                status = Some(cell.clone());
            } else if !is_none(&cell.text) {
                report.unread.push(unread(cell.span, "a due date that is no date"));
            }
            None
        }
        None => None,
    };
    report.actions.push(Action {
        kind_term: kind.as_ref().and_then(|cell| kind_term(&cell.text)),
        status_term: status.as_ref().and_then(|cell| status_term(&cell.text)),
        root_causes: cell(columns.root_causes),
        criteria: cell(columns.criteria),
        text,
        kind,
        due_text,
        due,
        status,
        span,
        line: line.number,
        part,
    });
}

fn due(cell: &Cell) -> Option<Result<When, &'static str>> {
    let found = moment::first(&cell.text, &Setting::default())?;
    Some(found.map(|moment| moment.when).map_err(|unclear| unclear.why))
}

/// Returns whether the row is the example of a template.
fn is_example(text: &Cell, row: &TableRow) -> bool {
    if fold(&text.text) != "example" {
        return false;
    }
    let all: Vec<String> = row.cells.iter().map(|cell| fold(&cell.text)).collect();
    all.iter().any(|cell| cell == "2038 01 19" || cell == "2025 01 19")
        || all[1..].iter().all(String::is_empty)
}

/// Returns whether a cell says that there is nothing to say.
pub(super) fn is_none(text: &str) -> bool {
    matches!(fold(text).as_str(), "n a" | "na" | "none" | "not applicable" | "tbd" | "")
}

/// Returns the CCADB's term for the kind of an action item.
pub fn kind_term(text: &str) -> Option<ActionKind> {
    match fold(text).as_str() {
        "prevent" | "prevention" | "preventive" => Some(ActionKind::Prevent),
        "mitigate" | "mitigation" => Some(ActionKind::Mitigate),
        "detect" | "detection" => Some(ActionKind::Detect),
        _ => None,
    }
}

/// Returns the CCADB's term that the words of a status mean. Words that leave it open, such as
/// `partially done`, mean none.
pub fn status_term(text: &str) -> Option<ActionStatus> {
    const DATED: &[&str] = &["on", "as", "of", "utc", "since", "the"];
    let folded = fold(text);
    let exact = |words: &str| match words {
        "complete" | "completed" | "done" | "closed" | "finished" | "implemented" | "fixed"
        | "resolved" | "already done" | "already completed" => Some(ActionStatus::Complete),
        "ongoing" | "on going" | "in progress" | "underway" | "under way" | "open" | "pending"
        | "planned" | "not started" | "started" | "scheduled" | "to do" | "todo"
        | "work in progress" | "in process" | "in work" | "incomplete" | "not complete" => {
            Some(ActionStatus::Ongoing)
        }
        "delayed" | "postponed" => Some(ActionStatus::Delayed),
        "canceled" | "cancelled" => Some(ActionStatus::Canceled),
        _ => None,
    };
    exact(&folded).or_else(|| {
        // "Completed on 2025-04-04", "Done (4 April)": the rest may be a date and nothing else.
        let (first, rest) = folded.split_once(' ')?;
        let dated = rest.split(' ').all(|word| {
            word.starts_with(|c: char| c.is_ascii_digit())
                || DATED.contains(&word)
                || is_month(word)
        });
        exact(first).filter(|_| dated)
    })
}

fn is_month(word: &str) -> bool {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    word.len() <= 9 && MONTHS.iter().any(|month| word.starts_with(month))
}

fn related(
    report: &mut Report,
    text: &str,
    row: &TableRow,
    line: &Line<'_>,
    columns: [Option<usize>; 3],
) {
    let cell = |at: Option<usize>| at.and_then(|at| row.cells.get(at)).cloned().unwrap_or_default();
    let [named, date, about] = columns.map(cell);
    let filled = !named.text.is_empty() || !about.text.is_empty();
    if !filled || fold(&date.text) == "date related bug was opened" {
        return;
    }
    let bug = bug_number(&text[named.span[0]..named.span[1]]);
    let opened = match moment::first(&date.text, &Setting::default()) {
        Some(Ok(moment)) => Some(moment.when),
        found => {
            if !is_none(&date.text) {
                let why = found.and_then(Result::err).map_or("no date", |unclear| unclear.why);
                report.unread.push(Unread { line: line.number, span: date.span, why });
            }
            None
        }
    };
    if bug.is_none() && !is_none(&named.text) {
        report.unread.push(Unread { line: line.number, span: named.span, why: "no bug's number" });
    }
    let span = [line.start, line.end()];
    report.related.push(Related { bug, named, opened, text: about, span, line: line.number });
}

/// Returns the number of the bug that a cell names: a number of five to eight digits.
fn bug_number(raw: &str) -> Option<u64> {
    raw.split(|c: char| !c.is_ascii_digit())
        .find(|digits| (5..=8).contains(&digits.len()))
        .and_then(|digits| digits.parse().ok())
}

/// Lists the items of the section that stand in no table, and the tables without its columns.
fn outside(report: &mut Report, lines: &[Line<'_>], tables: &[Table]) {
    for field in report.fields.iter().filter(|field| field.label == Label::ActionItems) {
        let begin = lines.partition_point(|line| line.end() <= field.span[0]);
        let end = lines.partition_point(|line| line.start < field.span[1]);
        let mut unread = |line: &Line<'_>, why| {
            let span = [line.start, line.end()];
            report.unread.push(Unread { line: line.number, span, why });
        };
        for line in &lines[begin..end] {
            if opening(line.text).item && !line.is_blank() && !line.aside && !line.is_row() {
                unread(line, "an action item in no table");
            }
        }
        let first = tables.partition_point(|table| table.header.line < begin);
        for table in tables[first..].iter().take_while(|table| table.header.line < end) {
            if Columns::of(table).is_none() {
                unread(&lines[table.header.line], "a table without the columns of action items");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

    #[test]
    fn a_row_is_read_with_its_cells_and_their_places() {
        let text = "### Action Items\n\n\
            | Action Item | Kind | Corresponding Root Cause(s) | Evaluation Criteria | \
            Due Date | Status |\n\
            |---|---|---|---|---|---|\n\
            | Add a **lint**.<p>Run it daily. | Prevent | Root Cause #1 | Reports | \
            2025-05-01 | Underway |\n";
        let report = read(text);
        let [action] = report.actions.as_slice() else { panic!("{report:?}") };
        assert_eq!(action.text.text, "Add a lint. Run it daily.");
        assert_eq!(action.kind_term, Some(ActionKind::Prevent));
        assert_eq!(action.due.as_ref().unwrap().at(), "2025-05-01");
        assert_eq!(action.status_term, Some(ActionStatus::Ongoing));
        let status = action.status.as_ref().unwrap();
        assert_eq!(&text[status.span[0]..status.span[1]], "Underway");
        assert_eq!(action.line, 5);
        assert_eq!(report.unread, []);
    }

    #[test]
    fn examples_and_empty_rows_are_no_action_items() {
        for row in [
            "| Example | Prevent | 2038-01-19 |",
            "| Example     | Prevent | Root Cause # 1 | Criteria | 2025-01-19 | Value  |",
            "|  |  |  |",
            "| Example |  | |",
        ] {
            let text = format!("| Action Item | Kind | Due Date |\n|---|---|---|\n{row}\n");
            let report = read(&text);
            assert_eq!((report.actions, report.unread), (vec![], vec![]), "{row}");
        }
    }

    #[test]
    fn a_status_in_the_place_of_the_date_is_a_status() {
        let text = "| Action Item | Kind | Due Date |\n|---|---|---|\n| a | Prevent | DONE |\n\
                    | b | Report | soon |\n| c | Detect | 03/04/2024 |\n";
        let report = read(text);
        let [a, b, c] = report.actions.as_slice() else { panic!("{report:?}") };
        assert_eq!((a.status_term, &a.due), (Some(ActionStatus::Complete), &None));
        assert_eq!((b.kind_term, &b.due, &c.due), (None, &None, &None));
        let why: Vec<_> = report.unread.iter().map(|unread| (unread.line, unread.why)).collect();
        let either = "day and month may be either way round";
        assert_eq!(why, [(4, "a due date that is no date"), (5, either)]);
    }

    #[test]
    fn words_that_leave_the_status_open_mean_no_term() {
        use ActionStatus::{Canceled, Complete, Delayed, Ongoing};
        for (text, term) in [
            ("Done", Some(Complete)),
            ("COMPLETED", Some(Complete)),
            ("Completed on 2025-04-04", Some(Complete)),
            ("Complete (4 April 2025)", Some(Complete)),
            ("In progress", Some(Ongoing)),
            ("On-going", Some(Ongoing)),
            ("Cancelled", Some(Canceled)),
            ("Delayed", Some(Delayed)),
            ("Complete by June", None),
            ("Partially done", None),
            ("Done for one CA", None),
            ("", None),
        ] {
            assert_eq!(status_term(text), term, "{text}");
        }
    }

    #[test]
    fn related_incidents_are_read_and_the_template_s_row_is_not() {
        let text = "### Related Incidents\n| Bug | Date | Description |\n|---|---|---|\n\
            | [1910322](https://tracker.example/show_bug.cgi?id=1910322) | 2024-07-29 | Same. |\n\
            | [Related Bug ID](Related Bug URL)  | Date Related Bug was opened | A description. |\n\
            | none found | N/A | Nothing like it. |\n";
        let report = read(text);
        assert_eq!(report.related.len(), 2);
        assert_eq!(report.related[0].bug, Some(1_910_322));
        assert_eq!(report.related[0].opened.as_ref().unwrap().at(), "2024-07-29");
        assert_eq!(report.unread.len(), 1);
        assert_eq!(report.unread[0].line, 6);
    }

    #[test]
    fn items_outside_a_table_are_listed() {
        let text = "### Action Items\n\n- Add a lint by June.\n";
        let report = read(text);
        assert_eq!(report.actions, []);
        assert_eq!(report.unread[0].why, "an action item in no table");
    }
}
