//! The rows of a timeline: tables, lists, and lines under the heading of a day.

use tally_ledger::time::When;
use time::Date;

use super::label::Label;
use super::line::{Line, is_space, opening};
use super::marker::{Mark, Marker};
use super::table::{Cell, Table, cell, fold};
use super::{Report, Unread};
use crate::moment::{self, Moment, Setting, Unclear, Zone};

/// A row of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// When, if it can be told.
    pub when: Option<When>,
    /// Whether the time is said to be approximate.
    pub about: bool,
    /// What happened.
    pub text: Cell,
    /// Where the row stands.
    pub span: [usize; 2],
    /// Its first line, counted from 1.
    pub line: usize,
    /// The contributing factor whose timeline it is, counted from 1; 0 for the report's own.
    pub part: usize,
}

/// The rule that supplies the zone of a timeline that names none: the Incident Reporting Guidelines
/// ask for UTC, or for an offset beside each time (section "Timeline").
const RULE: &str = "ccadb.timeline_utc";

/// Reads the rows of all timelines of a text.
pub(super) fn read(
    report: &mut Report,
    text: &str,
    lines: &[Line<'_>],
    tables: &[Table],
    markers: &[Marker],
) {
    for (index, marker) in markers.iter().enumerate() {
        let Mark::Label(label) = marker.mark else { continue };
        let zone = match label {
            Label::Timeline => {
                Zone::Presumed("Z".to_owned(), RULE.parse().expect("the code is a kind"))
            }
            Label::ActionsTaken | Label::TimelineSummary => Zone::Unknown,
            _ => continue,
        };
        let end = markers.get(index + 1).map_or(lines.len(), |next| next.line);
        let mut reader = Reader::new(text, zone, marker.part);
        // The heading may name the zone: "Timeline (all times in UTC)".
        let heading = &text[marker.value.min(lines[marker.line].end())..lines[marker.line].end()];
        reader.zone(heading);
        reader.read(lines, marker.line + 1, end, tables);
        if label == Label::TimelineSummary {
            // The summary is three dates; what else stands there is a timeline only by its form.
            reader.unread.clear();
        }
        report.timeline.append(&mut reader.rows);
        report.unread.append(&mut reader.unread);
    }
}

/// The fewest lines with a date and a time that make a timeline where no heading says so.
const ROWS_MIN: usize = 3;

/// Reads the timeline of a text that has none by its headings: lines of prose that begin with a
/// date and a time of day, if there are several. No rule supplies their zone.
pub(super) fn read_outside(report: &mut Report, text: &str, lines: &[Line<'_>]) {
    if !report.timeline.is_empty() {
        return;
    }
    let mut rows = Vec::new();
    for span in &report.prose {
        let begin = lines.partition_point(|line| line.end() <= span[0]);
        let end = lines.partition_point(|line| line.start < span[1]);
        for line in lines[begin..end].iter().filter(|line| !line.aside && !line.is_row()) {
            let mut reader = Reader::new(text, Zone::Unknown, 0);
            let open = opening(line.text);
            let content = &line.text[open.text..];
            if let Some(Ok((found, end))) = leading(content, &reader.setting)
                && found.when.at().contains('T')
            {
                reader.timed(line, line.start + open.text, &found, end);
                rows.append(&mut reader.rows);
            }
        }
    }
    if rows.len() >= ROWS_MIN {
        report.timeline = rows;
    }
}

/// Reads one timeline, line by line.
struct Reader<'a> {
    text: &'a str,
    /// The zone and the day that hold for the lines to come.
    setting: Setting,
    rows: Vec<Row>,
    unread: Vec<Unread>,
    part: usize,
    /// Whether the line before was blank.
    blank: bool,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, zone: Zone, part: usize) -> Self {
        let setting = Setting { zone, ..Setting::default() };
        Self { text, setting, rows: Vec::new(), unread: Vec::new(), part, blank: false }
    }

    fn read(&mut self, lines: &[Line<'_>], begin: usize, end: usize, tables: &[Table]) {
        let first = tables.partition_point(|table| table.header.line < begin);
        let mut tables = tables[first..].iter().peekable();
        let mut at = begin;
        while at < end {
            if let Some(table) = tables.next_if(|table| table.header.line == at) {
                self.table(table, lines);
                at = table.end().max(at + 1);
                continue;
            }
            let line = &lines[at];
            if !line.aside && !is_rule(line.text) {
                self.line(line);
            }
            self.blank = line.is_blank();
            at += 1;
        }
    }

    /// Takes the zone from a sentence such as "All times are UTC+8." and returns whether it did.
    fn zone(&mut self, line: &str) -> bool {
        let folded = fold(line);
        let words = folded.split(' ').count();
        let about = ["time", "times", "timestamps", "utc"]
            .iter()
            .any(|word| folded.split(' ').any(|found| found == *word));
        if line.len() > 160 || !about || words > 20 {
            return false;
        }
        if !moment::find(line, &self.setting).is_empty() {
            return false;
        }
        match moment::zone_of(line) {
            Some(zone) => {
                self.setting.zone = zone;
                true
            }
            None => false,
        }
    }

    fn line(&mut self, line: &Line<'_>) {
        let open = opening(line.text);
        let content = &line.text[open.text..];
        if content.trim_matches(is_space).is_empty() {
            return;
        }
        let base = line.start + open.text;
        match leading(content, &self.setting) {
            Some(Ok((found, end))) => self.timed(line, base, &found, end),
            Some(Err(unclear)) => {
                if is_template(content) {
                    return;
                }
                let span = [base + unclear.span[0], base + unclear.span[1]];
                self.unread.push(Unread { line: line.number, span, why: unclear.why });
                let text = cell(self.text, [span[1], line.end()]);
                self.push(None, text, line);
            }
            None => self.untimed(line, open.item, base),
        }
    }

    /// A line that begins with a time: a row, or the heading of a day.
    fn timed(&mut self, line: &Line<'_>, base: usize, found: &Moment, end: usize) {
        let rest = &self.text[base + end..line.end()];
        let said = rest.trim_start_matches(is_mark);
        let day = date_of(&found.when);
        let dated = moment::find(&self.text[base..base + end], &Setting::default());
        if !dated.is_empty() && day.is_some() {
            self.setting.day = day;
        }
        let words = fold(said);
        if words.is_empty() || words == "utc" {
            if found.when.at().contains('T') {
                self.push(Some(found), Cell { text: String::new(), span: [line.end(); 2] }, line);
            } else if let (Some(zone), None) = (found.when.zone(), found.when.presumed()) {
                // A zone beside a day holds for the times below it.
                self.setting.zone = Zone::Stated(zone.to_owned());
            }
            return;
        }
        let text = cell(self.text, [line.end() - said.len(), line.end()]);
        self.push(Some(found), text, line);
    }

    /// A line without a time: what zone holds, more of the row above, or a row of the day.
    fn untimed(&mut self, line: &Line<'_>, item: bool, base: usize) {
        if is_template(line.text) || self.zone(line.text) {
            return;
        }
        let indent = line.text.len() - line.text.trim_start_matches(is_space).len();
        let goes_on = !item && !self.blank || indent >= 2;
        if let Some(row) = self.rows.last_mut().filter(|_| goes_on) {
            let more = cell(self.text, [line.start, line.end()]);
            if !row.text.text.is_empty() {
                row.text.text.push(' ');
            }
            row.text.text.push_str(more.text.trim_start_matches(['-', '+', '•', ' ']));
            row.text.span[1] = more.span[1];
            row.span[1] = line.end();
            return;
        }
        if let Some(day) = self.setting.day.filter(|_| item) {
            let at = day.to_string();
            if let Some(Ok(found)) = moment::first(&at, &self.setting) {
                let text = cell(self.text, [base, line.end()]);
                self.push(Some(&found), text, line);
                return;
            }
        }
        let span = [line.start, line.end()];
        self.unread.push(Unread { line: line.number, span, why: "no time in the timeline's line" });
    }

    fn push(&mut self, found: Option<&Moment>, text: Cell, line: &Line<'_>) {
        self.rows.push(Row {
            when: found.map(|moment| moment.when.clone()),
            about: found.is_some_and(|moment| moment.about),
            text,
            span: [line.start, line.end()],
            line: line.number,
            part: self.part,
        });
    }

    fn table(&mut self, table: &Table, lines: &[Line<'_>]) {
        let is_time = |name: &str| {
            name.split(' ').any(|word| {
                matches!(word, "date" | "time" | "when" | "timestamp" | "dates" | "times" | "day")
            })
        };
        let header = &table.header.cells;
        let columns: Vec<usize> =
            (0..header.len()).filter(|at| is_time(&fold(&header[*at].text))).take(2).collect();
        for at in &columns {
            self.zone(&header[*at].text);
        }
        // A table without names for its columns may begin with its first row.
        let headless = columns.is_empty();
        let columns = if headless { vec![0] } else { columns };
        let first = headless.then_some(&table.header);
        for row in first.into_iter().chain(&table.rows) {
            self.row(row, &columns, &lines[row.line], headless);
        }
    }

    fn row(
        &mut self,
        row: &super::table::TableRow,
        columns: &[usize],
        line: &Line<'_>,
        headless: bool,
    ) {
        let get = |at: &usize| row.cells.get(*at);
        let times: Vec<&Cell> = columns.iter().filter_map(get).collect();
        let joined = times.iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>().join(" ");
        let mut rest = row.cells.iter().enumerate().filter(|(at, _)| !columns.contains(at));
        let mut text = rest.next().map(|(_, cell)| cell.clone()).unwrap_or_default();
        for (_, more) in rest.filter(|(_, cell)| !cell.text.is_empty()) {
            text.text.push(' ');
            text.text.push_str(&more.text);
            text.span[1] = more.span[1];
        }
        if text.text.is_empty() && joined.trim().is_empty() {
            return;
        }
        match moment::find(&joined, &self.setting).into_iter().next() {
            Some(Ok(found)) => {
                self.setting.day = date_of(&found.when).or(self.setting.day);
                // "| 2024-07-30 | 11:33 notice received |": the time stands before the words.
                let inner = (!found.when.at().contains('T'))
                    .then(|| leading(&text.text, &self.setting))
                    .flatten()
                    .and_then(Result::ok);
                match inner.filter(|(inner, _)| inner.when.at().contains('T')) {
                    Some((inner, end)) => {
                        let words = text.text[end..]
                            .trim_start_matches(|c| is_space(c) || "*_:.,;-–—|)]".contains(c));
                        words.to_owned().clone_into(&mut text.text);
                        self.push(Some(&inner), text, line);
                    }
                    None => self.push(Some(&found), text, line),
                }
            }
            found => {
                let span = times.first().map_or([line.start, line.end()], |cell| cell.span);
                let why = found.and_then(Result::err).map(|unclear| unclear.why);
                if !(headless && why.is_none()) {
                    let why = why.unwrap_or("no time in the timeline's row");
                    self.unread.push(Unread { line: line.number, span, why });
                    self.push(None, text, line);
                }
            }
        }
    }
}

/// Reads the time that `content` begins with, after a word such as "On", and returns where it ends.
fn leading(content: &str, setting: &Setting) -> Option<Result<(Moment, usize), Unclear>> {
    // A time stands within the first words of its line, or not at all.
    let mut reach = content.len().min(160);
    while !content.is_char_boundary(reach) {
        reach -= 1;
    }
    let found = moment::find(&content[..reach], setting).into_iter().next()?;
    let span = match &found {
        Ok(moment) => moment.span,
        Err(unclear) => unclear.span,
    };
    let before = fold(&content[..span[0]]);
    let near = matches!(
        before.as_str(),
        "" | "on"
            | "at"
            | "from"
            | "by"
            | "approx"
            | "approximately"
            | "around"
            | "ca"
            | "circa"
            | "between"
            | "since"
            | "the"
            | "until"
            | "before"
            | "after"
            | "about"
            | "date"
            | "day"
            | "time"
            | "utc"
    );
    near.then(|| found.map(|moment| (moment, span[1])))
}

/// Returns the day on which a time begins, in its own zone.
fn date_of(when: &When) -> Option<Date> {
    let first = when.at().split('/').next()?;
    let digits = |range: std::ops::Range<usize>| first.get(range)?.parse::<u8>().ok();
    let year = first.get(0..4)?.parse().ok()?;
    let month = time::Month::try_from(digits(5..7)?).ok()?;
    Date::from_calendar_date(year, month, digits(8..10)?).ok()
}

/// Returns whether `c` may stand between a time and what happened.
fn is_mark(c: char) -> bool {
    is_space(c) || "*_:.,;-–—|)]".contains(c)
}

fn is_rule(line: &str) -> bool {
    line.chars().all(|c| is_space(c) || matches!(c, '-' | '*' | '_' | '=' | '|' | ':'))
}

/// Returns whether a line is one that the template holds before anybody fills it in.
fn is_template(line: &str) -> bool {
    let folded = fold(line);
    folded.starts_with("yyyy mm dd") || folded == "hh mm example" || folded == "example"
}

#[cfg(test)]
mod tests {
    use super::super::read;

    /// The rows of a timeline, each as its time and its words.
    fn rows(body: &str) -> Vec<(String, String)> {
        let text = format!("## Incident Report\n### Timeline\n{body}\n### Related Incidents\n");
        let report = read(&text);
        for row in &report.timeline {
            assert!(text.is_char_boundary(row.span[0]) && row.span[0] < row.span[1]);
        }
        let show = |when: Option<&tally_ledger::time::When>| {
            when.map_or("?".to_owned(), ToString::to_string)
        };
        report.timeline.iter().map(|r| (show(r.when.as_ref()), r.text.text.clone())).collect()
    }

    fn one(body: &str) -> (String, String) {
        let all = rows(body);
        assert_eq!(all.len(), 1, "{body}: {all:?}");
        all.into_iter().next().unwrap()
    }

    #[test]
    fn a_row_is_read_in_every_layout() {
        for body in [
            "All times are UTC.\n\n2024-07-30:\n- 11:33 notice received",
            "All times are in UTC\n**2024-07-30**\n* 11:33: notice received",
            "#### 2024-07-30 (UTC)\n11:33 – notice received",
            "- 2024-07-30 11:33 UTC notice received",
            "**2024-07-30 11:33 UTC** - notice received",
            "* On July 30, 2024, 11:33 UTC: notice received",
            "| Date | Activity |\n|---|---|\n| 2024-07-30 11:33 UTC | notice received |",
            "| Date | Time (UTC) | Event |\n|--|--|--|\n| 2024-07-30 | 11:33 | notice received |",
            "All times are UTC\n| Date | Event |\n|-|--|\n| 2024-07-30 | 11:33 notice received |",
            "All times are UTC\n2024-07-30 11:33\n  notice received",
            "| 2024-07-30 11:33 UTC | notice received |",
        ] {
            let expected = ("2024-07-30 11:33 UTC".to_owned(), "notice received".to_owned());
            assert_eq!(one(body), expected, "{body}");
        }
    }

    #[test]
    fn a_zone_that_is_not_stated_is_presumed_by_the_rule() {
        assert_eq!(one("- 2024-07-30 11:33 x").0, "2024-07-30 11:33 (zone presumed UTC)");
        assert_eq!(
            one("All times are UTC+8\n- 2024-07-30 11:33 x").0,
            "2024-07-30 11:33 UTC+08:00"
        );
        let table = "| Date / time (CET) | What |\n|---|---|\n| 20221031, 08:30 | x |";
        assert_eq!(one(table).0, "2022-10-31 08:30 UTC+01:00");
        let mixed = "All times are UTC+8\n- 2024-07-30 11:33 UTC x";
        assert_eq!(one(mixed).0, "2024-07-30 11:33 UTC");
    }

    #[test]
    fn days_carry_over_to_the_lines_below() {
        let all = rows("2024-07-30:\n- 11:33 a\n- b\n\n2024-07-31:\n- 08:00 c\n  more of c\n");
        let shown: Vec<_> = all.iter().map(|(when, text)| format!("{when}: {text}")).collect();
        assert_eq!(
            shown,
            [
                "2024-07-30 11:33 (zone presumed UTC): a",
                "2024-07-30 (zone presumed UTC): b",
                "2024-07-31 08:00 (zone presumed UTC): c more of c",
            ]
        );
    }

    #[test]
    fn a_line_that_cannot_be_placed_is_listed() {
        let text = "### Timeline\n- something happened\n- 03/04/2024: what\n";
        let report = read(text);
        let why: Vec<_> = report.unread.iter().map(|u| (u.line, u.why)).collect();
        assert_eq!(
            why,
            [(2, "no time in the timeline's line"), (3, "day and month may be either way round"),]
        );
        assert_eq!(report.timeline.len(), 1);
        assert_eq!(report.timeline[0].when, None);
    }

    #[test]
    fn lines_that_begin_with_times_are_a_timeline_without_its_heading() {
        let text = "We decided to wait.\n\nJuly 29. 2024 02:17– report filed\n\n\
                    July 30 2024 2:10 – 12:56 UTC talks\n\nJuly 30, 2024 19:01– order granted\n";
        let shown = |text: &str| -> Vec<String> {
            let rows = read(text).timeline.into_iter();
            rows.map(|row| format!("{}: {}", row.when.unwrap(), row.text.text)).collect()
        };
        assert_eq!(
            shown(text),
            [
                "2024-07-29 02:17 (zone unknown): report filed",
                "2024-07-30 02:10 to 2024-07-30 12:56 UTC: talks",
                "2024-07-30 19:01 (zone unknown): order granted",
            ]
        );
        // Two such lines are prose.
        assert_eq!(shown("2024-07-29 02:17 a\n2024-07-30 02:17 b\n"), Vec::<String>::new());
    }

    #[test]
    fn an_unfilled_timeline_has_no_rows() {
        let text = "### Timeline\n\nAll times are UTC.\n\nYYYY-MM-DD:\n- HH:MM Example\n";
        let report = read(text);
        assert_eq!((report.timeline, report.unread), (vec![], vec![]));
    }
}
