//! Tables: their cells, each with its place, and what their columns hold.

use super::line::{Line, is_space, tag};

/// A cell of a table, or another piece of text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cell {
    /// Its words, without markup.
    pub text: String,
    /// Where it stands in the text, markup included.
    pub span: [usize; 2],
}

/// A row of a table.
#[derive(Debug, Clone)]
pub(super) struct TableRow {
    /// The index of its line.
    pub line: usize,
    /// Its cells.
    pub cells: Vec<Cell>,
}

/// A table: its first row, and the others.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// The names of the columns.
    pub header: TableRow,
    /// The rows below.
    pub rows: Vec<TableRow>,
}

impl Table {
    /// Returns the index after the last line of the table.
    pub(super) fn end(&self) -> usize {
        self.rows.last().unwrap_or(&self.header).line + 1
    }

    /// Returns the first column whose name is one of `names`, folded.
    pub(super) fn column(&self, names: &[&str]) -> Option<usize> {
        self.header.cells.iter().position(|cell| names.contains(&fold(&cell.text).as_str()))
    }
}

/// The most cells of a row that are read.
const CELLS_MAX: usize = 64;

/// Finds the tables of a text.
pub(super) fn tables(text: &str, lines: &[Line<'_>]) -> Vec<Table> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        match table(text, lines, at) {
            Some((table, next)) => {
                found.push(table);
                at = next;
            }
            None => at += 1,
        }
    }
    found
}

fn table(text: &str, lines: &[Line<'_>], at: usize) -> Option<(Table, usize)> {
    let first = &lines[at];
    let ruled = lines.get(at + 1).is_some_and(|line| !line.aside && is_rule(line.text));
    if first.aside || !(first.is_row() || (ruled && first.text.contains('|'))) {
        return None;
    }
    let header = row(text, lines, at);
    let mut next = at + 1;
    let mut rows = Vec::new();
    while let Some(line) = lines.get(next) {
        if line.aside || !(line.is_row() || (ruled && line.text.contains('|'))) {
            break;
        }
        if !is_rule(line.text) {
            rows.push(row(text, lines, next));
        }
        next += 1;
    }
    Some((Table { header, rows }, next))
}

/// Returns whether a line is the rule between the header of a table and its rows.
fn is_rule(line: &str) -> bool {
    line.contains('|')
        && line.contains("--")
        && line.chars().all(|c| is_space(c) || matches!(c, '|' | '-' | ':' | '–' | '—'))
}

fn row(text: &str, lines: &[Line<'_>], at: usize) -> TableRow {
    let line = &lines[at];
    let mut cells = Vec::new();
    let mut start = line.start;
    let mut escaped = false;
    let mut code = false;
    // A code mark without its partner on the line is a character like any other.
    let pairs = line.text.bytes().filter(|b| *b == b'`').count() % 2 == 0;
    for (offset, c) in line.text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '`' => code = pairs && !code,
            '|' if !code => {
                let end = line.start + offset;
                let lead = cells.is_empty() && text[start..end].trim_matches(is_space).is_empty();
                if !(lead && start == line.start) && cells.len() < CELLS_MAX {
                    cells.push(cell(text, [start, end]));
                }
                start = end + 1;
            }
            _ => {}
        }
    }
    let last = cell(text, [start, line.end()]);
    if !last.text.is_empty() && cells.len() < CELLS_MAX {
        cells.push(last);
    }
    TableRow { line: at, cells }
}

/// Returns the cell that stands in `span`, without the spaces around it.
pub(super) fn cell(text: &str, span: [usize; 2]) -> Cell {
    let slice = &text[span[0]..span[1]];
    let start = span[0] + slice.len() - slice.trim_start_matches(is_space).len();
    let end = start + text[start..span[1]].trim_end_matches(is_space).len();
    Cell { text: plain(&text[start..end]), span: [start, end] }
}

/// Returns the words of `raw`: no emphasis, no code marks, no tags, no escapes, one space between
/// words. A link is read as its words.
pub fn plain(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut at = 0;
    while let Some(c) = raw[at..].chars().next() {
        let rest = &raw[at..];
        let mut skip = c.len_utf8();
        match c {
            '\\' => {
                let next = rest[1..].chars().next();
                if let Some(next) = next.filter(char::is_ascii_punctuation) {
                    out.push(next);
                    skip += next.len_utf8();
                }
            }
            '*' | '`' => {}
            '_' if rest.starts_with("__") => skip = 2,
            '<' => match tag(rest) {
                Some((_, length)) => {
                    out.push(' ');
                    skip = length;
                }
                None => out.push(c),
            },
            '&' => match entity(rest) {
                Some((decoded, length)) => {
                    out.push(decoded);
                    skip = length;
                }
                None => out.push(c),
            },
            ']' => match target(rest) {
                Some(length) => skip = length,
                None => out.push(c),
            },
            // Each search ends at the next bracket, so that all of them read the text once.
            '[' if rest[1..]
                .find(['[', ']'])
                .and_then(|end| target(&rest[end + 1..]))
                .is_some() => {}
            c => out.push(c),
        }
        at += skip;
    }
    let mut words = String::with_capacity(out.len());
    for word in out.split(is_space).filter(|word| !word.is_empty()) {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    words
}

/// Returns the length of the end of a link, `](target)`, at the start of `rest`.
fn target(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix("](")?;
    let end = inner.find([')', ']', '[', '\n'])?;
    inner[end..].starts_with(')').then_some(end + 3)
}

fn entity(rest: &str) -> Option<(char, usize)> {
    const NAMED: &[(&str, char)] = &[
        ("&amp;", '&'),
        ("&lt;", '<'),
        ("&gt;", '>'),
        ("&quot;", '"'),
        ("&apos;", '\''),
        ("&#39;", '\''),
        ("&nbsp;", ' '),
        ("&#124;", '|'),
        ("&ndash;", '–'),
    ];
    NAMED.iter().find(|(name, _)| rest.starts_with(name)).map(|(name, c)| (*c, name.len()))
}

/// Returns `text` as names of columns and words of a status are compared: letters and digits in
/// lower case, one space between words.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if folded.len() > 400 {
            break;
        }
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(word.chars().flat_map(char::to_lowercase));
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::super::line::lines;
    use super::*;

    #[test]
    fn cells_are_split_at_bars_that_are_neither_escaped_nor_code() {
        let text = "| A | B |\n|---|:--:|\n| a \\| b | `c | d` <br>e |\n| one | |\n\nnot | a row\n";
        let all = tables(text, &lines(text));
        assert_eq!(all.len(), 1);
        let cells: Vec<Vec<&str>> =
            all[0].rows.iter().map(|r| r.cells.iter().map(|c| c.text.as_str()).collect()).collect();
        assert_eq!(cells, [vec!["a | b", "c | d e"], vec!["one", ""]]);
        let cell = &all[0].rows[0].cells[1];
        assert_eq!(&text[cell.span[0]..cell.span[1]], "`c | d` <br>e");
    }

    #[test]
    fn a_table_may_lack_the_outer_bars() {
        let text = "A | B\n--- | ---\na | b\n";
        let all = tables(text, &lines(text));
        assert_eq!(all[0].header.cells[1].text, "B");
        assert_eq!(all[0].rows[0].cells[1].text, "b");
        assert_eq!(all[0].end(), 3);
    }

    #[test]
    fn plain_text_is_what_a_reader_sees() {
        for (raw, text) in [
            ("**Done**", "Done"),
            ("a_b __c__", "a_b c"),
            ("one<p>two<br/>three", "one two three"),
            ("[Bug 1](https://x.example/?id=1)", "Bug 1"),
            ("[no link]", "[no link]"),
            ("a &amp; b &lt;c&gt;", "a & b <c>"),
            ("\\# 1 \\", "# 1"),
            ("x](", "x]("),
        ] {
            assert_eq!(plain(raw), text, "{raw}");
        }
    }
}
