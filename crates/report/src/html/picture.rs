//! The picture of the timeline: two lanes, said and recorded, with a line wherever they part; and
//! the same in words.
//!
//! Horizontal places are parts of the width and vertical ones pixels, so that the picture fits a
//! telephone and a page without making its words smaller.

use maud::{Markup, html};
use tally_divergence::finding::Verdict;
use tally_ledger::time::When;

use super::parts::{Column, cell, finding_link, shown, table, verdict_class, words};
use super::rows::{LINES_MAX, Layout, Line, Parting, Row, Slot};

/// Where the lanes stand, in parts of the width.
const SAID: &str = "40%";
const RECORDED: &str = "64%";
/// The heights of the parts of the picture, in pixels.
const HEAD: usize = 36;
const GAP: usize = 30;
const LABEL: usize = 28;
const SLOT: usize = 34;
/// The height of a further line of words at one place.
const WORDS: usize = 17;

/// Returns the section of the picture: the drawing, what it leaves out, and the same as tables.
pub(super) fn section(rows: &Layout, partings: &[Parting<'_>]) -> Markup {
    html! {
        @if rows.rows.is_empty() {
            p { "Nothing that is dated is recorded, so there is nothing to draw." }
        } @else {
            p { (explanation(rows)) }
            figure {
                (drawing(rows))
                figcaption { (legend(rows)) }
            }
            details {
                summary { "The picture as a table" }
                (as_table(rows))
            }
        }
        h3 #partings { "Where they part" }
        @if partings.is_empty() {
            p { "Nowhere: no finding diverges, changed, was corrected or has sources that differ." }
        } @else {
            (parted(partings))
        }
    }
}

fn explanation(rows: &Layout) -> String {
    let unit = rows.unit.rows();
    format!(
        "Time runs downwards, with one row for each {unit} in which something stands. The rows are \
         not to scale: where nothing stands the lanes are dashed and the picture says for how \
         long. Dots count the statements published and the events recorded; a line joins a time \
         that was said to the one recorded in its place."
    )
}

fn legend(rows: &Layout) -> Markup {
    let drawn = |verdict| rows.lines.iter().any(|line| line.verdict == verdict);
    let ends = || rows.lines.iter().flat_map(|line| [Some(&line.said), line.recorded.as_ref()]);
    let marked = |mark: char| ends().flatten().any(|when| rows.unit.brief(when).contains(mark));
    html! {
        @if drawn(Verdict::Diverges) { span { "Solid line: diverges." } " " }
        @if rows.lines.iter().any(|line| line.verdict != Verdict::Diverges) {
            span { "Dashed line: changed, corrected, or sources differ." } " "
        }
        @if !rows.lines.is_empty() {
            span { "Numbers are those of the table below." } " "
        }
        @if marked('*') { span { "* The zone is presumed." } " " }
        @if marked('?') { span { "? The zone is unknown." } " " }
        @if marked('–') { span { "A time known within bounds stands in their middle." } " " }
        @if rows.undrawn > 0 {
            span {
                (LINES_MAX) " lines are drawn; " (rows.undrawn)
                " further findings stand in the table alone."
            } " "
        }
        @if rows.undated > 0 {
            span { (rows.undated) " entries have no time of their own and are not drawn." }
        }
    }
}

/// Where the slots of a row stand: the top of each, in the order of the slots.
fn heights(row: &Row, lines: &[Line]) -> Vec<usize> {
    let begins = |slot: &Slot| {
        let begun = lines.iter().filter(|line| slot.said.as_ref() == Some(&line.said));
        begun.count()
    };
    row.slots.iter().map(|slot| SLOT + WORDS * begins(slot).saturating_sub(1)).collect()
}

/// The vertical place of each time at which a line begins or ends.
struct Places<'a> {
    said: Vec<(&'a When, usize)>,
    recorded: Vec<(&'a When, usize)>,
}

impl<'a> Places<'a> {
    fn of(rows: &'a Layout) -> (Self, Vec<usize>, usize) {
        let mut places = Self { said: Vec::new(), recorded: Vec::new() };
        let (mut tops, mut y) = (Vec::new(), HEAD);
        for row in &rows.rows {
            y += row.gap.as_ref().map_or(0, |_| GAP);
            tops.push(y);
            y += LABEL;
            for (slot, height) in row.slots.iter().zip(heights(row, &rows.lines)) {
                let middle = y + SLOT / 2;
                places.said.extend(slot.said.as_ref().map(|when| (when, middle)));
                places.recorded.extend(slot.recorded.as_ref().map(|when| (when, middle)));
                y += height;
            }
        }
        (places, tops, y + 8)
    }
}

fn find(places: &[(&When, usize)], when: &When) -> Option<usize> {
    places.iter().find(|(known, _)| *known == when).map(|(_, y)| *y)
}

fn drawing(rows: &Layout) -> Markup {
    let (places, tops, height) = Places::of(rows);
    html! {
        svg.picture role="img" aria-labelledby="picture-title picture-summary" width="100%"
            height=(height) xmlns="http://www.w3.org/2000/svg" {
            title #picture-title { "Timeline: what was said beside what is recorded" }
            desc #picture-summary { (summary(rows)) }
            text.lane x=(SAID) y="16" text-anchor="middle" { "Said" }
            text.lane x=(RECORDED) y="16" text-anchor="middle" { "Recorded" }
            @for (i, (row, top)) in rows.rows.iter().zip(&tops).enumerate() {
                @let end = tops.get(i + 1).map_or(height, |next| {
                    next - rows.rows[i + 1].gap.as_ref().map_or(0, |_| GAP)
                });
                (lanes(row, *top, end))
            }
            @for line in &rows.lines { (stroke(line, &places)) }
            @for (row, top) in rows.rows.iter().zip(&tops) { (counts(row, *top)) }
            (marks(rows, &places))
            @for (i, line) in rows.lines.iter().enumerate() {
                (label(rows, &places, i, line))
            }
        }
    }
}

/// Returns what somebody hears who does not see the picture; the tables say all of it.
fn summary(rows: &Layout) -> String {
    let (said, recorded) = rows.totals;
    let span = match rows.rows.as_slice() {
        [first, .., last] => format!("from {} to {}", first.label, last.label),
        [only] => format!("in {}", only.label),
        [] => String::new(),
    };
    let lines = match rows.lines.len() {
        0 => "No line: nothing parts".to_owned(),
        1 => "One line shows where they part".to_owned(),
        n => format!("{n} lines show where they part"),
    };
    format!(
        "{said} statements and {recorded} dated entries {span}. {lines}. The tables after the \
         picture say the same."
    )
}

/// Draws the two lanes from `top` to `end`, and the time left out above them.
fn lanes(row: &Row, top: usize, end: usize) -> Markup {
    html! {
        @for x in [SAID, RECORDED] {
            @if row.gap.is_some() {
                line.gap x1=(x) x2=(x) y1=(top - GAP) y2=(top) {}
            }
            line.axis x1=(x) x2=(x) y1=(top) y2=(end) {}
        }
        @if let Some(gap) = &row.gap {
            text.left-out x="0" y=(top - GAP / 2 + 4) { "nothing for " (gap) }
        }
    }
}

/// Draws the name of a row, and how many statements and entries stand in it.
fn counts(row: &Row, top: usize) -> Markup {
    let y = top + LABEL / 2;
    html! {
        text.row x="0" y=(y + 4) { (row.label) }
        @if row.said > 0 {
            circle.count cx=(SAID) cy=(y) r=(radius(row.said)) {}
            text.count x=(SAID) dx="-13" y=(y + 4) text-anchor="end" { (row.said) }
        }
        @if row.recorded > 0 {
            circle.count cx=(RECORDED) cy=(y) r=(radius(row.recorded)) {}
            text.count x=(RECORDED) dx="13" y=(y + 4) { (row.recorded) }
        }
    }
}

/// Returns a radius that grows by one with each doubling, from 3 to 9 pixels.
fn radius(n: usize) -> u32 {
    3 + n.max(1).ilog2().min(6)
}

/// Draws a line from what was said to what is recorded, or a stub where nothing is.
fn stroke(line: &Line, places: &Places<'_>) -> Markup {
    let said = find(&places.said, &line.said).unwrap_or_default();
    let class = verdict_class(line.verdict);
    let recorded = line.recorded.as_ref().and_then(|when| find(&places.recorded, when));
    html! {
        @match recorded {
            Some(recorded) => {
                line.parting.(class) x1=(SAID) y1=(said) x2=(RECORDED) y2=(recorded) {}
            },
            None => line.parting.stub.(class) x1=(SAID) y1=(said) x2="50%" y2=(said) {},
        }
    }
}

fn marks(rows: &Layout, places: &Places<'_>) -> Markup {
    let class = |of: fn(&Line) -> Option<&When>, when: &When| {
        let mut lines = rows.lines.iter().filter(|line| of(line) == Some(when));
        lines.next().map_or("", |line| verdict_class(line.verdict))
    };
    html! {
        @for (when, y) in &places.said {
            circle.mark.(class(|line| Some(&line.said), when)) cx=(SAID) cy=(y) r="5" {}
            text.time x=(SAID) dx="-12" y=(y + 4) text-anchor="end" { (rows.unit.brief(when)) }
        }
        @for (when, y) in &places.recorded {
            circle.mark.(class(|line| line.recorded.as_ref(), when)) cx=(RECORDED) cy=(y) r="5" {}
            text.time x=(RECORDED) dx="12" y=(y + 4) { (rows.unit.brief(when)) }
        }
    }
}

/// Draws the length of a line beside its beginning: above it where it alone begins there and runs
/// down, else below, one under the other.
fn label(rows: &Layout, places: &Places<'_>, index: usize, line: &Line) -> Markup {
    let said = find(&places.said, &line.said).unwrap_or_default();
    let same = |lines: &[Line]| lines.iter().filter(|other| other.said == line.said).count();
    let recorded = line.recorded.as_ref().and_then(|when| find(&places.recorded, when));
    let up = recorded.is_some_and(|recorded| recorded < said);
    let below = up || same(&rows.lines) > 1;
    let y = if below { said + 15 + same(&rows.lines[..index]) * WORDS } else { said - 6 };
    html! {
        text.length.(verdict_class(line.verdict)) x=(SAID) dx="10" y=(y) {
            "(" (numbers(line)) ") " (line.brief)
        }
    }
}

fn numbers(line: &Line) -> String {
    match line.numbers.as_slice() {
        [one, more @ ..] if more.len() > 3 => format!("{one} and {} more", more.len()),
        few => few.iter().map(usize::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// Returns the rows of the picture as a table.
fn as_table(rows: &Layout) -> Markup {
    let columns = [
        Column::head("When"),
        Column::new("Statements"),
        Column::new("Events recorded"),
        Column::new("Where they part"),
    ];
    let lines = |slot: &Slot| -> Vec<String> {
        let said = rows.lines.iter().filter(|line| slot.said.as_ref() == Some(&line.said));
        let said = said.map(|line| format!("{}: said {}", numbers(line), line.said));
        let recorded = slot.recorded.as_ref();
        let ends =
            rows.lines.iter().filter(|l| recorded.is_some() && l.recorded.as_ref() == recorded);
        let ends = ends.map(|line| {
            let when = line.recorded.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("{}: recorded {when}", numbers(line))
        });
        said.chain(ends).collect()
    };
    let body = html! {
        @for row in &rows.rows {
            tr role="row" {
                (cell(&columns[0], &html! { (row.label) }))
                (cell(&columns[1], &html! { (row.said) }))
                (cell(&columns[2], &html! { (row.recorded) }))
                (cell(&columns[3], &html! {
                    @for text in row.slots.iter().flat_map(lines) { div { (text) } }
                }))
            }
        }
    };
    table("The rows of the picture", &columns, &body)
}

/// Returns the findings that part as a table, in the order of the report.
fn parted(partings: &[Parting<'_>]) -> Markup {
    let columns =
        [Column::head("Claim"), Column::new("Said"), Column::new("Recorded"), Column::new("Apart")];
    let body = html! {
        @for parting in partings {
            tr role="row" {
                (cell(&columns[0], &html! {
                    "(" (parting.number) ") " (words(parting.finding)) " "
                    span.verdict.(verdict_class(parting.finding.verdict)) {
                        (parting.finding.verdict)
                    }
                    " " (finding_link(parting.finding))
                }))
                (cell(&columns[1], &html! {
                    (shown(&parting.said)) @if !parting.named { " (when it was stated)" }
                }))
                (cell(&columns[2], &html! {
                    @match &parting.recorded {
                        Some(when) => (shown(when)),
                        None => "nothing",
                    }
                }))
                (cell(&columns[3], &html! {
                    @match &parting.finding.times.apart {
                        Some(apart) => (apart),
                        None => "no certain length",
                    }
                }))
            }
        }
    };
    table("Where what was said and what is recorded part", &columns, &body)
}
