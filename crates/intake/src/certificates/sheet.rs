//! Separated values, record by record, each cell with its place in the text.

use csv_core::{ReadFieldResult, Reader, ReaderBuilder};

use super::{Unread, line_at};

/// The longest cell, in bytes; a certificate may hold many names.
const CELL_BYTES_MAX: usize = 64 * 1024;
/// The most cells of a record that are read.
const CELLS_MAX: usize = 256;
/// What may stand between two cells.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// The most lines of a quoted cell; beyond, its closing quote is taken for lost.
const CELL_LINES_MAX: usize = 1000;

/// A cell: what it says, and where it stands, quotes included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) span: [usize; 2],
}

/// A record: its line and its cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) line: usize,
    pub(super) cells: Vec<Cell>,
}

/// Reads the records of a text one after the other.
pub(super) struct Sheet<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    reader: Reader,
    buffer: Vec<u8>,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let first = text[at..].lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let mut separator = separator(first);
        let mut line = 1;
        // A spreadsheet may name the separator in a line of its own.
        if let Some(named) = first.trim().strip_prefix("sep=")
            && let [byte] = named.as_bytes()
            && SEPARATORS.contains(byte)
        {
            separator = *byte;
            let end = at + text[at..].find(first).unwrap_or(0) + first.len();
            line = line_at(text, end);
            at = end;
        }
        let reader = ReaderBuilder::new().delimiter(separator).build();
        Self { text, at, line, reader, buffer: vec![0; CELL_BYTES_MAX] }
    }

    /// Returns the next record that holds anything, or why one cannot be read.
    pub(super) fn next(&mut self) -> Option<Result<Record, Unread>> {
        loop {
            let record = self.record()?;
            let is_blank =
                |record: &Record| record.cells.iter().all(|cell| cell.text.trim().is_empty());
            if !record.as_ref().is_ok_and(is_blank) {
                return Some(record);
            }
        }
    }

    fn record(&mut self) -> Option<Result<Record, Unread>> {
        let blank = self.text[self.at..].bytes().take_while(|c| matches!(c, b'\r' | b'\n')).count();
        self.skip(blank);
        let start = self.at;
        let line = self.line;
        let mut cells = Vec::new();
        let mut why = None;
        loop {
            let (cell, ended) = self.cell();
            let Some(cell) = cell else {
                // The text has ended.
                if cells.is_empty() && why.is_none() {
                    return None;
                }
                break;
            };
            match cell {
                Ok(cell) if cells.len() < CELLS_MAX => cells.push(cell),
                Ok(_) => why = why.or(Some("more cells than are read")),
                Err(reason) => why = Some(reason),
            }
            if ended {
                break;
            }
        }
        let span = [start, self.at];
        let record = why.map_or(Ok(Record { line, cells }), |why| {
            Err(Unread { line, column: None, name: None, span, why })
        });
        Some(record)
    }

    /// Returns the next cell, and whether the record ends with it.
    fn cell(&mut self) -> (Option<Result<Cell, &'static str>>, bool) {
        let start = self.at;
        let line = self.line;
        let mut value = 0;
        let mut is_too_long = false;
        loop {
            let input = &self.text.as_bytes()[self.at..];
            let (result, read, written) = self.reader.read_field(input, &mut self.buffer[value..]);
            self.skip(read);
            value += written;
            let ended = match result {
                // Reading goes on with no input, which ends the last record.
                ReadFieldResult::InputEmpty => continue,
                ReadFieldResult::OutputFull => {
                    is_too_long = true;
                    value = 0;
                    continue;
                }
                ReadFieldResult::Field { record_end } => record_end,
                ReadFieldResult::End => return (None, true),
            };
            let raw = &self.text[start..self.at];
            let raw = raw.strip_suffix('\n').unwrap_or(raw);
            let raw = raw.strip_suffix('\r').unwrap_or(raw);
            let lines = self.line - line;
            let is_open = lines > CELL_LINES_MAX || is_open(raw);
            if is_too_long || is_open {
                let why = if is_open { "a quote that is not closed" } else { "a cell too long" };
                return (Some(Err(why)), ended);
            }
            let end = start + raw.len();
            let end = if ended || end == start { end } else { end - 1 };
            let text = String::from_utf8_lossy(&self.buffer[..value]).into_owned();
            return (Some(Ok(Cell { text, span: [start, end] })), ended);
        }
    }

    fn skip(&mut self, bytes: usize) {
        let passed = &self.text.as_bytes()[self.at..self.at + bytes];
        self.line += passed.split(|byte| *byte == b'\n').count() - 1;
        self.at += bytes;
    }
}

/// Returns the separator that stands most often in a line, outside quotes.
fn separator(line: &str) -> u8 {
    let mut counts = [0_usize; SEPARATORS.len()];
    let mut is_quoted = false;
    for byte in line.bytes() {
        is_quoted ^= byte == b'"';
        if let Some(at) = SEPARATORS.iter().position(|separator| *separator == byte)
            && !is_quoted
        {
            counts[at] += 1;
        }
    }
    let most = counts.iter().max().copied().unwrap_or(0);
    let at = counts.iter().position(|count| *count == most).unwrap_or(0);
    SEPARATORS[at]
}

/// Returns whether a cell begins with a quote that nothing closes.
fn is_open(raw: &str) -> bool {
    raw.starts_with('"') && raw.bytes().filter(|byte| *byte == b'"').count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<Result<Vec<String>, &'static str>> {
        let mut sheet = Sheet::new(text);
        let mut all = Vec::new();
        while let Some(record) = sheet.next() {
            all.push(match record {
                Ok(record) => {
                    for cell in &record.cells {
                        let raw = &text[cell.span[0]..cell.span[1]];
                        assert!(raw.contains(&cell.text) || raw.contains("\"\""), "{raw} {cell:?}");
                        assert_eq!(line_at(text, cell.span[0]), record.line, "{raw}");
                    }
                    Ok(record.cells.into_iter().map(|cell| cell.text).collect())
                }
                Err(unread) => Err(unread.why),
            });
        }
        all
    }

    #[test]
    fn cells_are_told_apart_by_whatever_separates_them() {
        for text in [
            "a,b,c\n1,,3\n",
            "\u{feff}a;b;c\r\n\r\n1;;3",
            "a\tb\tc\r1\t\t3",
            "\n\na|b|c\n \n1||3\n\n",
            "sep=;\r\na;b;c\r\n1;;3\r\n",
            "\"a\",\"b\",c\n\"1\",\"\",3",
        ] {
            let expected = [vec!["a", "b", "c"], vec!["1", "", "3"]];
            let expected: Vec<_> = expected
                .iter()
                .map(|cells| Ok(cells.iter().map(|cell| (*cell).to_owned()).collect()))
                .collect();
            assert_eq!(all(text), expected, "{text:?}");
        }
    }

    #[test]
    fn quotes_hold_separators_line_ends_and_quotes() {
        assert_eq!(
            all("\"CN=a, O=\"\"b\"\"\",\"two\nlines\"\n"),
            [Ok(vec!["CN=a, O=\"b\"".to_owned(), "two\nlines".to_owned()])]
        );
    }

    #[test]
    fn a_record_that_cannot_be_read_is_told() {
        assert_eq!(all("a,\"b\n1,2\n"), [Err("a quote that is not closed")]);
        let long = format!("a,{}\n1,2\n", "x".repeat(CELL_BYTES_MAX + 1));
        assert_eq!(all(&long)[0], Err("a cell too long"));
        assert_eq!(all(&long)[1], Ok(vec!["1".to_owned(), "2".to_owned()]));
        let wide = format!("{}\n1,2\n", ",x".repeat(CELLS_MAX));
        assert_eq!(all(&wide)[0], Err("more cells than are read"));
        assert_eq!(all(""), []);
        assert_eq!(all("\r\n\n"), []);
    }
}
