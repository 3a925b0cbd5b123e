//! The picture of the timeline: two lanes, said and recorded, with a line wherever they part; and
//! the same in words.
//!
//! Horizontal places are parts of the width and vertical ones pixels, so that the picture fits a
//! telephone and a page without making its words smaller.

use maud::{Markup, html};
use tally_divergence::finding::Verdict;
use tally_ledger::time::When;

use super::parts::{
    Column, cell, count, finding_link, in_its_place, shown, table, verdict_class, words,
};
use super::rows::{LINES_MAX, Layout, Line, Parting, Row, Slot};

/// Where the lanes stand, in parts of the width.
const SAID: &str = "43%";
const RECORDED: &str = "65%";
/// The heights of the parts of the picture, in pixels.
const HEAD: usize = 36;
const GAP: usize = 30;
const LABEL: usize = 28;
/// The height of a row of bounds, whose name has two lines.
const BOUND: usize = 40;
const SLOT: usize = 34;
/// The height of a further line of words at one place.
const WORDS: usize = 17;

/// Returns the section of the picture: the findings that part as a table, which a narrow screen
/// shows better, the drawing, what it leaves out, and the same as a table.
pub(super) fn section(rows: &Layout, partings: &[Parting<'_>]) -> Markup {
    html! {
        h3 #partings { "Where they part" }
        @if partings.is_empty() {
            p { "Nowhere: no finding diverges, changed, was corrected or has sources that differ." }
        } @else {
            (parted(partings))
        }
        h3 { "Along time" }
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
    }
}

fn explanation(rows: &Layout) -> String {
    let unit = rows.unit.rows();
    format!(
        "Time runs downwards, with one row for each {unit} in which something stands. The rows are \
         not to scale: where nothing stands the lanes are dashed and the picture says for how \
         long. Dots count the statements published and the events recorded; a line joins a time \
         that was said to the one recorded in its place, where both are certain."
    )
}

fn legend(rows: &Layout) -> Markup {
    let drawn = |verdict| rows.lines.iter().any(|line| line.verdict == verdict);
    let ends = || rows.lines.iter().flat_map(|line| [&line.said, &line.recorded]);
    let marked = |mark: char| ends().any(|when| rows.unit.brief(when).contains(mark));
    html! {
        @if drawn(Verdict::Diverges) { span { "Solid line: diverges." } " " }
        @if rows.lines.iter().any(|line| line.verdict != Verdict::Diverges) {
            span { "Dashed line: changed, corrected, or sources differ." } " "
        }
        @if !rows.lines.is_empty() {
            span { "Numbers are those of the table above." } " "
        }
        @if rows.rows.iter().any(|row| row.bound) {
            span {
                "Hollow bars count what is known only to lie between two dates, or before or \
                 after one; when it was in that time is not known."
            } " "
        }
        @if marked('*') { span { "* The zone is presumed." } " " }
        @if marked('?') { span { "? The zone is unknown." } " " }
        @if rows.undrawn > 0 {
            span {
                (count(rows.undrawn, "finding has", "findings have"))
                " no line: "
                @if rows.lines.len() == LINES_MAX {
                    "no more than " (LINES_MAX) " are drawn, and only "
                } @else {
                    "only "
                }
                "where two certain times lie apart."
            } " "
        }
        @if rows.undated > 0 {
            span {
                (count(rows.undated, "entry has no time of its own and is",
                    "entries have no time of their own and are"))
                " not drawn."
            }
        }
    }
}

fn label_height(row: &Row) -> usize {
    if row.bound { BOUND } else { LABEL }
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
            y += label_height(row);
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
        [first, .., last] => {
            format!("from {} to {}", first.label.join(" "), last.label.join(" "))
        }
        [only] => format!("in {}", only.label.join(" ")),
        [] => String::new(),
    };
    let lines = match rows.lines.len() {
        0 => "No line: no two certain times part".to_owned(),
        1 => "One line shows where they part".to_owned(),
        n => format!("{n} lines show where they part"),
    };
    format!(
        "{} and {} {span}. {lines}. The tables beside the \
         picture say the same.",
        count(said, "statement", "statements"),
        count(recorded, "dated entry", "dated entries")
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
            text.left-out x="0" y=(top - GAP / 2 + 4) { (gap) }
        }
    }
}

/// Draws the name of a row, and how many statements and entries stand in it.
fn counts(row: &Row, top: usize) -> Markup {
    let y = top + label_height(row) / 2;
    let first = y + 4 - (row.label.len() - 1) * WORDS / 2;
    html! {
        @for (i, line) in row.label.iter().enumerate() {
            text.row x="0" y=(first + i * WORDS) { (line) }
        }
        @if row.said > 0 {
            (mark(row.bound, SAID, y, row.said))
            text.count x=(SAID) dx="-13" y=(y + 4) text-anchor="end" { (row.said) }
        }
        @if row.recorded > 0 {
            (mark(row.bound, RECORDED, y, row.recorded))
            text.count x=(RECORDED) dx="13" y=(y + 4) { (row.recorded) }
        }
    }
}

/// Draws a dot for what stands at a time, or a hollow bar for what lies between bounds.
fn mark(bound: bool, x: &str, y: usize, n: usize) -> Markup {
    html! {
        @if bound {
            svg x=(x) y=(y - BOUND / 2 + 4) overflow="visible" {
                rect.bound x="-5" width="10" height=(BOUND - 8) rx="3" {}
            }
        } @else {
            circle.count cx=(x) cy=(y) r=(radius(n)) {}
        }
    }
}

/// Returns a radius that grows by one with each doubling, from 3 to 9 pixels.
fn radius(n: usize) -> u32 {
    3 + n.max(1).ilog2().min(6)
}

/// Draws a line from what was said to what is recorded.
fn stroke(line: &Line, places: &Places<'_>) -> Markup {
    let said = find(&places.said, &line.said).unwrap_or_default();
    let recorded = find(&places.recorded, &line.recorded).unwrap_or_default();
    html! {
        line.parting.(verdict_class(line.verdict)) x1=(SAID) y1=(said) x2=(RECORDED)
            y2=(recorded) {}
    }
}

fn marks(rows: &Layout, places: &Places<'_>) -> Markup {
    let class = |of: fn(&Line) -> &When, when: &When| {
        let mut lines = rows.lines.iter().filter(|line| of(line) == when);
        lines.next().map_or("", |line| verdict_class(line.verdict))
    };
    html! {
        @for (when, y) in &places.said {
            circle.mark.(class(|line| &line.said, when)) cx=(SAID) cy=(y) r="5" {}
            text.time x=(SAID) dx="-12" y=(y + 4) text-anchor="end" { (rows.unit.brief(when)) }
        }
        @for (when, y) in &places.recorded {
            circle.mark.(class(|line| &line.recorded, when)) cx=(RECORDED) cy=(y) r="5" {}
            text.time x=(RECORDED) dx="12" y=(y + 4) { (rows.unit.brief(when)) }
        }
    }
}

/// Draws the length of a line beside its beginning: above it where it alone begins there and runs
/// down, else below, one under the other.
fn label(rows: &Layout, places: &Places<'_>, index: usize, line: &Line) -> Markup {
    let said = find(&places.said, &line.said).unwrap_or_default();
    let same = |lines: &[Line]| lines.iter().filter(|other| other.said == line.said).count();
    let recorded = find(&places.recorded, &line.recorded);
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
        Column::new("Lines"),
    ];
    let lines = |slot: &Slot| -> Vec<String> {
        let said = rows.lines.iter().filter(|line| slot.said.as_ref() == Some(&line.said));
        let said = said.map(|line| format!("{}: said {}", numbers(line), line.said));
        let recorded = slot.recorded.as_ref();
        let ends = rows.lines.iter().filter(|line| Some(&line.recorded) == recorded);
        let ends = ends.map(|line| format!("{}: recorded {}", numbers(line), line.recorded));
        said.chain(ends).collect()
    };
    let body = html! {
        @for row in &rows.rows {
            tr role="row" {
                (cell(&columns[0], &html! { (row.label.join(" ")) }))
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
                        Some(when) => {
                            (in_its_place(parting.finding, Some(&parting.said), when))
                        }
                        None => { "nothing" }
                    }
                }))
                (cell(&columns[3], &html! {
                    @match &parting.finding.times.apart {
                        Some(apart) => (apart),
                        None => "–",
                    }
                }))
            }
        }
    };
    let caption = "What was said, what is recorded in its place, and the length between";
    let unmeasured = partings.iter().any(|parting| parting.finding.times.apart.is_none());
    html! {
        (table(caption, &columns, &body))
        @if unmeasured { p.meaning { "– : no length between the two is certain." } }
    }
}
