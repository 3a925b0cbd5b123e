//! What the picture shows, before it is drawn: the findings that part, and the rows of the axis
//! with what stands in each.

use std::collections::BTreeMap;

use tally_divergence::Report;
use tally_divergence::finding::{Finding, Verdict};
use tally_ledger::replay::{Content, Fact, Timeline};
use tally_ledger::time::When;

use super::axis::{self, Range, Unit, middle};

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
    /// Returns how far the recorded time lies from the one that was said, in as few words as a
    /// line has room for. `None` without a line: only two times that both are certain and part
    /// have one.
    fn brief(&self, unit: Unit) -> Option<String> {
        let times = &self.finding.times;
        let (said, recorded) = (times.said.as_ref()?, times.recorded.as_ref()?);
        let apart = times.apart.as_ref()?.replacen("at least ", "≥ ", 1);
        if unit.range(said).is_some() || unit.range(recorded).is_some() {
            return None;
        }
        let before = recorded.interval().before(&said.interval());
        Some(format!("{apart} {}", if before { "earlier" } else { "later" }))
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
    pub(super) recorded: When,
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
    /// Its name, a line each.
    pub(super) label: Vec<String>,
    /// Whether it stands for bounds between which something lies, and not for a time.
    pub(super) bound: bool,
    /// What is left out between it and what stands before, if anything is.
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

/// What stands in a row while the rows are gathered: statements, entries and slots.
type Held = (usize, usize, Vec<Slot>);

impl Layout {
    /// Lays out the statements, the dated entries and the lines. What is known only within bounds
    /// stands in a row of its own, never at a time between them.
    pub(super) fn of(partings: &[Parting<'_>], timeline: &Timeline) -> Self {
        let said: Vec<&When> = timeline.statements().iter().map(|s| &s.published).collect();
        let events = || timeline.facts().iter().filter(|fact| happened(fact));
        let recorded: Vec<&When> = events().filter_map(Fact::occurred).collect();
        let unit = unit(partings, &said, &recorded);
        let (lines, undrawn) = lines(partings, unit);
        let mut rows: BTreeMap<i64, Held> = BTreeMap::new();
        let mut bounds: BTreeMap<(Range, Vec<String>), Held> = BTreeMap::new();
        let both = said.iter().map(|when| (when, true)).chain(recorded.iter().map(|w| (w, false)));
        for (when, is_said) in both {
            let held = match unit.range(when) {
                None => rows.entry(unit.row(middle(when))).or_default(),
                Some(range) => bounds.entry((range, axis::bounds(when))).or_default(),
            };
            held.0 += usize::from(is_said);
            held.1 += usize::from(!is_said);
        }
        for slot in slots(&lines) {
            rows.entry(unit.row(slot.at)).or_default().2.push(slot);
        }
        let totals = (said.len(), recorded.len());
        let undated = events().count() - recorded.len();
        Self { unit, rows: ordered(rows, bounds, unit), lines, undrawn, totals, undated }
    }
}

/// Returns the unit of the rows, by what is certain.
fn unit(partings: &[Parting<'_>], said: &[&When], recorded: &[&When]) -> Unit {
    let ends = partings.iter().filter(|parting| parting.brief(Unit::Week).is_some());
    let ends = ends.flat_map(|parting| [Some(&parting.said), parting.recorded.as_ref()]);
    let all = said.iter().chain(recorded).copied().chain(ends.flatten());
    let certain = all.filter(|when| Unit::Week.range(when).is_none());
    Unit::of(&certain.map(middle).collect::<Vec<_>>())
}

/// Returns the rows in the order of time, bounds at their beginning, each with what is left out
/// ahead of it. Nothing is said of a time in which something may lie.
fn ordered(
    rows: BTreeMap<i64, Held>,
    bounds: BTreeMap<(Range, Vec<String>), Held>,
    unit: Unit,
) -> Vec<Row> {
    let open = bounds.keys().any(|(range, _)| range.open);
    let exact = rows.into_iter().map(|(row, held)| {
        (Range { first: row, last: row, open: false }, vec![unit.label(row)], false, held)
    });
    let within = bounds.into_iter().map(|((range, label), held)| (range, label, true, held));
    let mut all: Vec<_> = exact.chain(within).collect();
    all.sort_by(|a, b| (a.0.first, a.0.last, a.2, &a.1).cmp(&(b.0.first, b.0.last, b.2, &b.1)));
    let mut reach: Option<i64> = None;
    let rows = all.into_iter().map(|(range, label, bound, (said, recorded, slots))| {
        let between = reach.map_or(0, |reach| range.first - reach - 1);
        reach = reach.max(Some(range.last));
        let words = if open { "nothing certain for" } else { "nothing for" };
        let gap = (between > 0).then(|| format!("{words} {}", unit.length(between)));
        Row { label, bound, gap, said, recorded, slots }
    });
    rows.collect()
}

/// Returns whether an entry records something that happened in the world: a statement stands in
/// the other lane, and an entry about entries or about the ledger itself in none.
fn happened(fact: &Fact) -> bool {
    !matches!(fact.kind.family(), "statement" | "entry" | "ledger" | "seal" | "sealed" | "heads")
}

/// Joins the findings with the same two times to lines, and returns how many findings have none.
fn lines(partings: &[Parting<'_>], unit: Unit) -> (Vec<Line>, usize) {
    let mut lines: Vec<Line> = Vec::new();
    let mut undrawn = 0;
    for parting in partings {
        let drawn = parting.brief(unit).zip(parting.recorded.as_ref());
        let Some((brief, recorded)) = drawn else {
            undrawn += 1;
            continue;
        };
        let same = |line: &&mut Line| {
            (&line.said, &line.recorded, &line.brief) == (&parting.said, recorded, &brief)
        };
        if let Some(line) = lines.iter_mut().find(same) {
            line.numbers.push(parting.number);
        } else if lines.len() < LINES_MAX {
            lines.push(Line {
                numbers: vec![parting.number],
                verdict: parting.finding.verdict,
                said: parting.said.clone(),
                recorded: recorded.clone(),
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
        marks.push((middle(&line.recorded), true, line.recorded.to_string(), &line.recorded));
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
    use serde_json::json;
    use tally_divergence::{Terms, diverge};
    use tally_testkit::casebook::Casebook;

    use super::*;

    fn line(number: usize, said: &str, recorded: &str) -> Line {
        Line {
            numbers: vec![number],
            verdict: Verdict::Diverges,
            said: said.parse().unwrap(),
            recorded: recorded.parse().unwrap(),
            brief: String::new(),
        }
    }

    #[test]
    fn places_ascend_in_time_and_are_shared_where_nothing_tells_times_apart() {
        let lines = [
            line(1, "2024-08-03T19:30Z", "2024-08-03T20:47Z"),
            line(2, "2024-08-03T19:30Z", "2024-08-01Z"),
            line(3, "2024-08-02Z", "2024-08-02Z"),
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
            ]
        );
    }

    /// Returns the names of the rows and what is left out ahead of each.
    fn rows(whens: &[&str]) -> Vec<(String, bool, Option<String>)> {
        let mut book = Casebook::observer("An observer");
        for when in whens {
            book.record(json!({ "kind": "incident.milestone", "incident": "x", "occurred": when,
                                "body": { "milestone": "last_call" } }));
        }
        let layout = Layout::of(&[], &Timeline::replay(&book.ledger()));
        let rows = layout.rows.into_iter();
        rows.map(|row| (row.label.join(" "), row.bound, row.gap)).collect()
    }

    #[test]
    fn nothing_is_said_of_a_time_in_which_something_may_lie() {
        let days = ["2025-05-19Z", "2025-08-20Z"];
        let gap = |whens: &[&str]| rows(whens).pop().unwrap().2;
        assert_eq!(gap(&days).as_deref(), Some("nothing for 3 months"));
        let within = ["2025-05-19Z", "2025-05-29/2025-08-15", "2025-08-20Z"];
        let shown = rows(&within);
        assert_eq!(shown[1].0, "29 May 2025 to 15 Aug 2025");
        assert!(shown[1].1 && !shown[0].1 && !shown[2].1);
        assert_eq!(
            shown.iter().map(|row| row.2.as_deref()).collect::<Vec<_>>(),
            [None, Some("nothing for 8 days"), Some("nothing for 3 days"),]
        );
        let until = ["2025-05-19Z", "../2025-08-20Z"];
        assert_eq!(gap(&until).as_deref(), Some("nothing certain for 3 months"));
    }

    #[test]
    fn a_line_joins_two_certain_times_alone() {
        let drawn = |recorded: &str| {
            let mut book = Casebook::own("Example CA");
            let step = json!({ "instrument": "letter", "step": "filed" });
            book.record(json!({ "kind": "legal.step", "incident": "x", "body": step,
                                "occurred": recorded }));
            let claim = json!({ "says": "occurred", "origin": "declared", "subject": "letter",
                                "kind": "legal.step.filed", "when": "2024-11-13Z" });
            let speaker = json!({ "capacity": "official", "organisation": "Example CA" });
            book.record(json!({ "kind": "statement.published", "incident": "x", "body": {
                "id": "c4", "channel": "bugzilla", "url": "https://bugs.example/1", "item": 4,
                "speaker": speaker, "published": "2024-12-01Z", "claims": [claim] } }));
            let timeline = Timeline::replay(&book.ledger());
            let report = diverge(&timeline, &Terms::default());
            let partings = partings(&report, &timeline);
            assert_eq!(partings.len(), 1, "{recorded}");
            let layout = Layout::of(&partings, &timeline);
            assert_eq!(layout.lines.len() + layout.undrawn, 1);
            layout.lines.into_iter().map(|line| line.brief).next()
        };
        assert_eq!(drawn("2024-11-11Z").as_deref(), Some("2 days earlier"));
        assert_eq!(drawn("2024-11-15Z").as_deref(), Some("2 days later"));
        assert_eq!(drawn("2024-09-01/2024-10-20Z"), None);
    }
}
