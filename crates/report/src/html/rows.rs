//! What the picture shows, before it is drawn: the findings that part, and the rows of the axis
//! with what stands in each.

use std::collections::BTreeMap;

use tally_divergence::Report;
use tally_divergence::finding::{Finding, Verdict};
use tally_ledger::replay::{Content, Fact, Timeline};
use tally_ledger::time::When;

use super::axis::{Unit, middle};

/// The most lines that are drawn; every finding that parts stands in the table below the picture.
pub(super) const LINES_MAX: usize = 24;

/// A finding by which what was said and what is recorded part.
#[derive(Debug)]
pub(super) struct Parting<'a> {
    /// Its number in the picture and in the table, from 1.
    pub(super) number: usize,
    pub(super) finding: &'a Finding,
    /// The time that was said, or when the claim was made.
    pub(super) said: When,
    /// Whether that is a time that the claim names.
    pub(super) named: bool,
    /// The time in its place; absent if nothing is recorded.
    pub(super) recorded: Option<When>,
}

/// Returns the findings that part and have a time, in the order of the report.
pub(super) fn partings<'a>(report: &'a Report, timeline: &Timeline) -> Vec<Parting<'a>> {
    let parts = |finding: &&Finding| {
        use Verdict::{Changed, Corrected, Diverges, SourcesDiffer};
        matches!(finding.verdict, Diverges | Changed | Corrected | SourcesDiffer)
    };
    let timed = report.findings.iter().filter(parts).filter_map(|finding| {
        let times = &finding.times;
        let made = finding.statement.as_ref().map(|statement| &statement.published);
        let said = times.said.as_ref().or(made)?.clone();
        let rests_on = finding.evidence.first().and_then(|evidence| timeline.fact(evidence.seq));
        let recorded = times.recorded.as_ref().or_else(|| rests_on.and_then(stands_at)).cloned();
        Some((finding, said, times.said.is_some(), recorded))
    });
    let numbered = timed.zip(1..);
    numbered
        .map(|((finding, said, named, recorded), number)| Parting {
            number,
            finding,
            said,
            named,
            recorded,
        })
        .collect()
}

impl Parting<'_> {
    /// Returns how far the two lie apart, or what else the line shows, in as few words as a line
    /// has room for.
    pub(super) fn brief(&self) -> String {
        match (&self.finding.times.apart, &self.recorded) {
            (Some(apart), _) => apart.replacen("at least ", "≥ ", 1),
            (None, None) => "nothing recorded".to_owned(),
            (None, Some(_)) if self.finding.verdict == Verdict::Changed => "changed".to_owned(),
            (None, Some(_)) => "differs".to_owned(),
        }
    }
}

/// Returns when a fact stands in time: of a statement, when it was published.
fn stands_at(fact: &Fact) -> Option<&When> {
    match fact.told().content.as_ref() {
        Content::Understood(decoded) => match &decoded.body {
            tally_ledger::vocabulary::Body::StatementPublished(body) => Some(&body.published),
            tally_ledger::vocabulary::Body::StatementRevised(body) => Some(&body.revised),
            _ => fact.occurred(),
        },
        _ => fact.occurred(),
    }
}

/// One line of the picture: findings with the same two times.
#[derive(Debug)]
pub(super) struct Line {
    /// The numbers of the findings.
    pub(super) numbers: Vec<usize>,
    pub(super) verdict: Verdict,
    pub(super) said: When,
    pub(super) recorded: Option<When>,
    pub(super) brief: String,
}

/// A place in a row at which a line begins, ends or both.
#[derive(Debug)]
pub(super) struct Slot {
    at: i64,
    pub(super) said: Option<When>,
    pub(super) recorded: Option<When>,
}

/// A row of the axis that holds something.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) label: String,
    /// How much time lies between it and the row before, if anything does.
    pub(super) gap: Option<String>,
    /// How many statements were published in it.
    pub(super) said: usize,
    /// How many entries are recorded to have occurred in it.
    pub(super) recorded: usize,
    pub(super) slots: Vec<Slot>,
}

/// What the picture shows.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) unit: Unit,
    pub(super) rows: Vec<Row>,
    pub(super) lines: Vec<Line>,
    /// How many findings part and have no line.
    pub(super) undrawn: usize,
    /// How many statements and how many dated entries stand in the rows.
    pub(super) totals: (usize, usize),
    /// How many entries have no time of their own.
    pub(super) undated: usize,
}

impl Layout {
    /// Lays out the statements, the dated entries and the lines.
    pub(super) fn of(partings: &[Parting<'_>], timeline: &Timeline) -> Self {
        let (lines, undrawn) = lines(partings);
        let said: Vec<i64> =
            timeline.statements().iter().map(|statement| middle(&statement.published)).collect();
        let events = || timeline.facts().iter().filter(|fact| happened(fact));
        let recorded: Vec<i64> = events().filter_map(Fact::occurred).map(middle).collect();
        let ends = lines.iter().flat_map(|line| [Some(&line.said), line.recorded.as_ref()]);
        let ends: Vec<i64> = ends.flatten().map(middle).collect();
        let unit = Unit::of(&[said.clone(), recorded.clone(), ends].concat());
        let mut rows: BTreeMap<i64, (usize, usize, Vec<Slot>)> = BTreeMap::new();
        for at in &said {
            rows.entry(unit.row(*at)).or_default().0 += 1;
        }
        for at in &recorded {
            rows.entry(unit.row(*at)).or_default().1 += 1;
        }
        for slot in slots(&lines) {
            rows.entry(unit.row(slot.at)).or_default().2.push(slot);
        }
        let totals = (said.len(), recorded.len());
        let undated = events().count() - recorded.len();
        let mut before = None;
        let rows = rows.into_iter().map(|(row, (said, recorded, slots))| {
            let between = before.replace(row).map_or(0, |before: i64| row - before - 1);
            let gap = (between > 0).then(|| unit.length(between));
            Row { label: unit.label(row), gap, said, recorded, slots }
        });
        Self { unit, rows: rows.collect(), lines, undrawn, totals, undated }
    }
}

/// Returns whether an entry records something that happened in the world: a statement stands in
/// the other lane, and an entry about entries or about the ledger itself in none.
fn happened(fact: &Fact) -> bool {
    !matches!(fact.kind.family(), "statement" | "entry" | "ledger" | "seal" | "sealed" | "heads")
}

/// Joins the findings with the same two times to lines, and returns how many findings have none.
fn lines(partings: &[Parting<'_>]) -> (Vec<Line>, usize) {
    let mut lines: Vec<Line> = Vec::new();
    let mut undrawn = 0;
    for parting in partings {
        let brief = parting.brief();
        let same = |line: &&mut Line| {
            (&line.said, &line.recorded, &line.brief) == (&parting.said, &parting.recorded, &brief)
        };
        if let Some(line) = lines.iter_mut().find(same) {
            line.numbers.push(parting.number);
        } else if lines.len() < LINES_MAX {
            lines.push(Line {
                numbers: vec![parting.number],
                verdict: parting.finding.verdict,
                said: parting.said.clone(),
                recorded: parting.recorded.clone(),
                brief,
            });
        } else {
            undrawn += 1;
        }
    }
    (lines, undrawn)
}

/// Returns the places at which lines begin or end, in the order of time, each once. A time that
/// was said and one that is recorded share a place if nothing tells them apart.
fn slots(lines: &[Line]) -> Vec<Slot> {
    let mut marks: Vec<(i64, bool, String, &When)> = Vec::new();
    for line in lines {
        marks.push((middle(&line.said), false, line.said.to_string(), &line.said));
        if let Some(when) = &line.recorded {
            marks.push((middle(when), true, when.to_string(), when));
        }
    }
    marks.sort_by(|a, b| (a.0, a.1, &a.2).cmp(&(b.0, b.1, &b.2)));
    marks.dedup_by(|a, b| (a.1, a.3) == (b.1, b.3));
    let mut slots: Vec<Slot> = Vec::new();
    for (at, is_record, _, when) in marks {
        let when = Some(when.clone());
        match slots.last_mut() {
            Some(slot) if slot.at == at && is_record && slot.recorded.is_none() => {
                slot.recorded = when;
            }
            _ if is_record => slots.push(Slot { at, said: None, recorded: when }),
            _ => slots.push(Slot { at, said: when, recorded: None }),
        }
    }
    slots
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: usize, said: &str, recorded: Option<&str>) -> Line {
        Line {
            numbers: vec![number],
            verdict: Verdict::Diverges,
            said: said.parse().unwrap(),
            recorded: recorded.map(|when| when.parse().unwrap()),
            brief: String::new(),
        }
    }

    #[test]
    fn places_ascend_in_time_and_are_shared_where_nothing_tells_times_apart() {
        let lines = [
            line(1, "2024-08-03T19:30Z", Some("2024-08-03T20:47Z")),
            line(2, "2024-08-03T19:30Z", Some("2024-08-01Z")),
            line(3, "2024-08-02Z", Some("2024-08-02Z")),
            line(4, "2024-08-04Z", None),
        ];
        let shown = |when: &Option<When>| when.as_ref().map(|when| when.at().to_owned());
        let found: Vec<(Option<String>, Option<String>)> =
            slots(&lines).iter().map(|slot| (shown(&slot.said), shown(&slot.recorded))).collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            found,
            [
                (None, some("2024-08-01")),
                (some("2024-08-02"), some("2024-08-02")),
                (some("2024-08-03T19:30"), None),
                (None, some("2024-08-03T20:47")),
                (some("2024-08-04"), None),
            ]
        );
    }
}
