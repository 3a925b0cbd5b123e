//! Messages in which quoted text is nothing but text.

use std::fmt::Write;

use pulldown_cmark::{Event, Parser, TagEnd};
use serde::Serialize;

use crate::text::is_deceptive;

/// A plain text message (§3.11.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    text: String,
}

impl Message {
    /// Returns the lines as one message. Empty ones are left out.
    pub fn of<'a>(lines: impl IntoIterator<Item = &'a str>) -> Self {
        let lines = lines.into_iter().filter(|line| !line.is_empty());
        let lines: Vec<String> = lines.map(literal).collect();
        Self { text: lines.join("\n") }
    }

    /// Returns a page in Markdown as a message without marks.
    pub(super) fn of_page(page: &str) -> Self {
        let mut lines = vec![String::new()];
        for event in Parser::new(page) {
            let line = lines.last_mut().expect("there is always a line");
            match event {
                Event::Text(text) | Event::Code(text) => line.push_str(&text),
                Event::SoftBreak => line.push(' '),
                Event::HardBreak | Event::End(TagEnd::Paragraph | TagEnd::Item) => {
                    lines.push(String::new());
                }
                _ => {}
            }
        }
        Self::of(lines.iter().map(String::as_str))
    }
}

/// Returns a line in which braces and brackets are themselves: a brace is doubled (§3.11.5), and
/// what would be a link is none (§3.11.6). What could change how it is shown is written out.
fn literal(line: &str) -> String {
    let has_link = line.contains("](");
    let mut safe = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '{' | '}' => safe.extend([c, c]),
            '[' | ']' | '\\' if has_link => safe.extend(['\\', c]),
            c if is_deceptive(c) => {
                write!(safe, "\\u{:04x}", u32::from(c)).expect("a text takes all");
            }
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        Message::of([text]).text
    }

    #[test]
    fn a_quoted_text_holds_no_placeholder_no_link_and_nothing_that_deceives() {
        assert_eq!(shown("{0} of {{1}}"), "{{0}} of {{{{1}}}}");
        assert_eq!(shown("see [here](1) \\"), "see \\[here\\](1) \\\\");
        assert_eq!(shown("bugs [1] (and \\2)"), "bugs [1] (and \\2)");
        assert_eq!(shown("a\u{202e}b\u{1b}[31m\nc"), "a\\u202eb\\u001b[31m\\u000ac");
    }

    #[test]
    fn a_page_loses_its_marks_and_keeps_its_words() {
        let page = "**Looks at** `this`:\none thing.\n\n**Decides** nothing.\n";
        assert_eq!(Message::of_page(page).text, "Looks at this: one thing.\nDecides nothing.");
    }
}
