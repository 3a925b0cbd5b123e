//! A text as lines, and what each line opens with: list marks, headings, emphasis, a label.
//!
//! Markdown as people post it is broken in so many ways that the labels are looked for line by
//! line: what a line begins with decides, not how a renderer would nest it.

use super::label::WORDS_MAX;

/// One line of the text, without its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    /// Its number, counted from 1.
    pub number: usize,
    /// Where it begins in the text.
    pub start: usize,
    /// What it says.
    pub text: &'a str,
    /// Whether it is a quotation (`>`) or stands between code fences.
    pub aside: bool,
}

impl Line<'_> {
    /// Returns where the line ends in the text.
    pub(crate) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Returns whether nothing stands on the line.
    pub(crate) fn is_blank(&self) -> bool {
        self.text.trim_matches(is_space).is_empty()
    }

    /// Returns whether the line is a row of a table.
    pub(crate) fn is_row(&self) -> bool {
        let text = self.text.trim_matches(is_space);
        text.starts_with('|') && text[1..].contains('|')
    }
}

/// Returns whether `c` separates words, the spaces of other scripts and of width zero included.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}' | '\u{200c}' | '\u{200d}' | '\u{2060}' | '\u{feff}')
}

/// Splits `text` into lines and marks quotations and fenced code.
pub(crate) fn lines(text: &str) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut start = 0;
    let mut fence: Option<&str> = None;
    for (index, piece) in text.split_inclusive('\n').enumerate() {
        let line = piece.trim_end_matches(['\n', '\r']);
        let begin = line.trim_start_matches(is_space);
        let mark = ["```", "~~~"].into_iter().find(|mark| begin.starts_with(mark));
        let aside = match (fence, mark) {
            (Some(open), Some(mark)) if open == mark => {
                fence = None;
                true
            }
            (None, Some(mark)) => {
                fence = Some(mark);
                true
            }
            (Some(_), _) => true,
            (None, None) => begin.starts_with('>'),
        };
        lines.push(Line { number: index + 1, start, text: line, aside });
        start += piece.len();
    }
    lines
}

/// What a line opens with, before its first word.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Opening {
    /// The level of the heading, 1 to 6; 0 for none.
    pub heading: usize,
    /// Whether a list mark stands before the text.
    pub item: bool,
    /// Whether emphasis is opened before the text.
    pub bold: bool,
    /// How many columns the line is indented.
    pub indent: usize,
    /// Where the text begins, in bytes from the start of the line.
    pub text: usize,
}

/// Reads what `line` opens with.
pub(crate) fn opening(line: &str) -> Opening {
    let mut found = Opening::default();
    let bytes = line.as_bytes();
    let mut at = 0;
    found.indent =
        line.chars().take_while(|c| is_space(*c)).map(|c| if c == '\t' { 4 } else { 1 }).sum();
    loop {
        let rest = &line[at..];
        let Some(c) = rest.chars().next() else { break };
        let next = rest[c.len_utf8()..].chars().next();
        let apart = next.is_none_or(is_space);
        match c {
            _ if is_space(c) => at += c.len_utf8(),
            '\\' if next.is_some_and(|c| "#*_-+>".contains(c)) => at += 1,
            '#' => {
                let level = bytes[at..].iter().take_while(|b| **b == b'#').count();
                found.heading = if found.heading == 0 { level.min(6) } else { found.heading };
                at += level;
            }
            '-' | '+' | '*' | '•' | '·' | '◦' | '▪' | '●' | '–' if apart => {
                found.item = true;
                at += c.len_utf8();
            }
            '*' | '_' => {
                found.bold = true;
                at += 1;
            }
            '0'..='9' if !found.item => match number(rest) {
                Some(length) => {
                    found.item = true;
                    at += length;
                }
                None => break,
            },
            '<' => match tag(rest) {
                Some((name, length)) => {
                    found.bold |= matches!(name, "b" | "strong" | "i" | "em");
                    found.item |= name == "li";
                    if let Some(level) = heading_tag(name) {
                        found.heading = level;
                    }
                    at += length;
                }
                None => break,
            },
            _ => break,
        }
    }
    found.text = at;
    found
}

/// Returns the length of a number that counts a list, such as `12.` or `3)`, if `rest` opens so.
fn number(rest: &str) -> Option<usize> {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let mut after = rest[digits..].chars();
    let mark = after.next().is_some_and(|c| matches!(c, '.' | ')'));
    (digits <= 2 && mark && after.next().is_none_or(is_space)).then_some(digits + 1)
}

/// Returns the name and the length of a plain HTML tag at the start of `rest`.
pub(crate) fn tag(rest: &str) -> Option<(&str, usize)> {
    let inner = rest.strip_prefix('<')?;
    let name = inner.strip_prefix('/').unwrap_or(inner);
    let slash = inner.len() - name.len();
    let length = name.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let known = name[..length].chars().next().is_some_and(|c| c.is_ascii_alphabetic());
    let tail = name[length..].trim_start_matches([' ', '/']);
    let skipped = name[length..].len() - tail.len();
    (known && length <= 10 && skipped <= 4 && tail.starts_with('>'))
        .then(|| (&name[..length], 1 + slash + length + skipped + 1))
}

fn heading_tag(name: &str) -> Option<usize> {
    let level = name.strip_prefix(['h', 'H'])?.parse().ok()?;
    (1..=6).contains(&level).then_some(level)
}

/// What stands after the words of a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// A colon.
    Colon,
    /// The end of the line.
    End,
    /// The end of emphasis, without a colon; or a dash.
    Closed,
    /// Another word.
    Word,
}

/// The words at the start of a text, up to one of them, and what stands after it.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    /// The words so far, in lower case, joined by spaces.
    pub folded: String,
    /// What stands after the last of them.
    pub stop: Stop,
    /// Where the last word ends, in bytes from the start of the text.
    pub end: usize,
    /// Where a value would begin that follows.
    pub value: usize,
}

/// Reads the first words of `text` as labels are compared: lower case, without punctuation. There
/// is one element for each length. `bold` says that emphasis was opened before the text.
pub(crate) fn words(text: &str, bold: bool) -> Vec<Words> {
    let mut found: Vec<Words> = Vec::new();
    let mut folded = String::new();
    let mut chars = text.char_indices().peekable();
    while found.len() < WORDS_MAX {
        // What may stand between the words of a label, but not what ends one.
        while chars.next_if(|(_, c)| is_between(*c)).is_some() {}
        if !chars.peek().is_some_and(|(_, c)| c.is_alphanumeric()) {
            break;
        }
        if !folded.is_empty() {
            folded.push(' ');
        }
        let mut end = 0;
        while let Some((at, c)) = chars.next_if(|(_, c)| c.is_alphanumeric() || is_apostrophe(*c)) {
            if !is_apostrophe(c) {
                folded.extend(c.to_lowercase());
                end = at + c.len_utf8();
            }
        }
        if folded.len() > 200 {
            break;
        }
        let (stop, value) = stop(text, end, bold);
        found.push(Words { folded: folded.clone(), stop, end, value });
        if stop != Stop::Word {
            // A bold part may end inside a label; nothing else may.
            if stop != Stop::Closed {
                break;
            }
        }
    }
    found
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | '´' | '`')
}

fn is_between(c: char) -> bool {
    is_space(c) || is_apostrophe(c) || "*_\"“”()?,-‑‐/&".contains(c)
}

/// Returns what follows the word that ends at `end`, and where a value after it would begin.
fn stop(text: &str, end: usize, bold: bool) -> (Stop, usize) {
    let mut closed = 0;
    let mut at = end;
    loop {
        let rest = &text[at..];
        let Some(c) = rest.chars().next() else { return (Stop::End, at) };
        match c {
            '*' | '_' => {
                closed += 1;
                at += 1;
            }
            ':' | '：' => {
                at += c.len_utf8();
                return (
                    Stop::Colon,
                    if bold && closed == 0 { past_emphasis(text, at) } else { at },
                );
            }
            '<' => match tag(rest) {
                Some((_, length)) => {
                    closed += 1;
                    at += length;
                }
                None => return (Stop::Word, at),
            },
            '"' | '”' | '“' | ')' | '?' | '\\' => at += c.len_utf8(),
            _ if is_space(c) || is_apostrophe(c) => at += c.len_utf8(),
            '#' if rest.trim_matches(|c| is_space(c) || c == '#').is_empty() => {
                return (Stop::End, text.len());
            }
            '-' | '–' | '—' if at > end && rest[c.len_utf8()..].starts_with(is_space) => {
                return (Stop::Closed, at + c.len_utf8());
            }
            _ if closed > 0 => return (Stop::Closed, at),
            _ => return (Stop::Word, at),
        }
    }
}

/// Returns where the text goes on after the emphasis that ends at `at`, if it does.
fn past_emphasis(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    let trimmed = rest.trim_start_matches(is_space);
    let space = rest.len() - trimmed.len();
    if let Some((_, length)) = tag(trimmed).filter(|_| trimmed.starts_with("</")) {
        return at + space + length;
    }
    let marks = trimmed.bytes().take_while(|b| matches!(b, b'*' | b'_')).count();
    if (1..=3).contains(&marks) { at + space + marks } else { at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_opens_with_marks_in_any_order() {
        for (line, heading, item, bold, text) in [
            ("### Summary", 3, false, false, 4),
            ("  - **Label:** x", 0, true, true, 6),
            ("*   **Label:**", 0, true, true, 6),
            ("1. Summary", 0, true, false, 3),
            ("**Label**", 0, false, true, 2),
            ("2024-07-30", 0, false, false, 0),
            ("-", 0, true, false, 1),
            ("\\## Impact", 2, false, false, 4),
            ("<b>Label</b>", 0, false, true, 3),
            ("<h3>Label", 3, false, false, 4),
            ("<https://crt.sh>", 0, false, false, 0),
            ("• Label", 0, true, false, 4),
        ] {
            let found = opening(line);
            let got = (found.heading, found.item, found.bold, found.text);
            assert_eq!(got, (heading, item, bold, text), "{line}");
        }
    }

    #[test]
    fn words_end_at_a_colon_inside_or_outside_emphasis_or_at_none() {
        for (text, bold, folded, stop, value) in [
            ("Relevant policies:** x", true, "relevant policies", Stop::Colon, "x"),
            ("Relevant policies**: x", true, "relevant policies", Stop::Colon, "x"),
            ("Relevant policies: ** x", true, "relevant policies", Stop::Colon, "x"),
            ("Relevant policies: **x**", false, "relevant policies", Stop::Colon, "**x**"),
            ("Relevant policies** x", true, "relevant policies", Stop::Closed, "x"),
            ("What didn’t go well", false, "what didnt go well", Stop::End, ""),
            (
                "Total number of \"remaining valid\" certificates: 3",
                false,
                "total number of remaining valid certificates",
                Stop::Colon,
                "3",
            ),
            ("Incident Root Cause(s):", false, "incident root cause s", Stop::Colon, ""),
            ("Timeline ###", false, "timeline", Stop::End, ""),
        ] {
            let all = words(text, bold);
            let last = all.iter().find(|words| words.folded == folded).unwrap();
            assert_eq!(last.stop, stop, "{text}");
            assert_eq!(text[last.value..].trim(), value, "{text}");
        }
    }

    #[test]
    fn quotations_and_fences_are_asides() {
        let text = "a\r\n> b\n```\nc\n```\nd";
        let asides: Vec<_> = lines(text).iter().map(|line| line.aside).collect();
        assert_eq!(asides, [false, true, true, true, true, false]);
        for line in lines(text) {
            assert_eq!(&text[line.start..line.end()], line.text);
        }
    }
}
