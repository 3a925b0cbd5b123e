//! Text for a terminal: escaped, wrapped, and in colour where it is wanted.

use std::borrow::Cow;

/// How text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// The columns of a line, at least 40.
    pub width: usize,
    /// Whether words are coloured.
    pub colour: bool,
}

/// The colour of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// What holds.
    Green,
    /// What does not.
    Red,
    /// What is open.
    Yellow,
    /// What is said beside.
    Dim,
    /// A heading.
    Bold,
}

impl Style {
    /// Returns `text` in that colour, or as it is where none is wanted.
    pub fn paint(self, text: &str, colour: Colour) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let code = match colour {
            Colour::Green => "32",
            Colour::Red => "31",
            Colour::Yellow => "33",
            Colour::Dim => "2",
            Colour::Bold => "1",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// Returns `text` with every character escaped that could change what a terminal shows: controls,
/// and the bidirectional and invisible format characters of Unicode.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if is_deceptive(c) {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Returns `text`, which was escaped or is JSON, with what could still deceive a terminal written
/// as escapes of JSON strings (RFC 8259 §7). Newlines and our own colours stay.
pub fn json_escaped(text: &str) -> Cow<'_, str> {
    let deceives = |c: char| is_deceptive(c) && c != '\n' && c != '\u{1b}';
    if !text.contains(deceives) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if deceives(c) {
            let units = c.encode_utf16(&mut [0; 2]).to_vec();
            safe.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// Returns a finished page with what could deceive its reader written as escapes; newlines stay.
/// Controls and the format characters of Unicode mean nothing in markup, so its meaning stays.
pub(crate) fn page_escaped(page: &str) -> String {
    let lines: Vec<String> = page.split('\n').map(escaped).collect();
    lines.join("\n")
}

/// Returns whether a character could change how what stands around it is shown.
pub(crate) fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Returns `text` broken at spaces into lines of at most `width` columns. The first line begins
/// with `first`, the others with as many spaces. A word that is longer than a line is not broken:
/// digests and addresses must be copied whole.
pub fn wrapped(first: &str, text: &str, width: usize) -> String {
    let indent = first.chars().count();
    let mut out = String::from(first);
    let mut column = indent;
    for (i, word) in text.split(' ').filter(|word| !word.is_empty()).enumerate() {
        let length = word.chars().count();
        if i > 0 && column + 1 + length > width {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else if i > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}

/// Returns a number with the noun that it counts.
pub(crate) fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// Returns a length of time in human units: its two largest, such as `1 h 17 min` or `42 days`.
pub fn duration(seconds: i64) -> String {
    const UNITS: [(i64, &str, &str); 4] =
        [(86_400, " day", " days"), (3600, " h", " h"), (60, " min", " min"), (1, " s", " s")];
    let seconds = seconds.saturating_abs();
    let mut parts = Vec::new();
    let mut rest = seconds;
    for (length, one, many) in UNITS {
        let n = rest / length;
        rest %= length;
        if n > 0 {
            parts.push(format!("{n}{}", if n == 1 { one } else { many }));
        }
        // Beyond ten days the hours say nothing more, and beyond an hour the seconds.
        if parts.len() == 2 || n >= 10 && length == 86_400 {
            break;
        }
    }
    if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_deceive_a_terminal_is_escaped() {
        assert_eq!(escaped("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(escaped("a\u{202e}b\u{200b}\n"), "a\\u{202e}b\\u{200b}\\u{a}");
        assert_eq!(escaped("Müller – 日本"), "Müller – 日本");
    }

    #[test]
    fn json_keeps_its_meaning_when_it_is_made_safe() {
        let text = serde_json::to_string_pretty(&["a\u{9b}31m\u{202e}b\u{e0041}", "ü\n"]).unwrap();
        let safe = json_escaped(&text);
        assert!(!safe.contains(['\u{9b}', '\u{202e}', '\u{e0041}']));
        let read: Vec<String> = serde_json::from_str(&safe).unwrap();
        assert_eq!(read, ["a\u{9b}31m\u{202e}b\u{e0041}", "ü\n"]);
    }

    #[test]
    fn a_length_of_time_is_told_in_its_two_largest_units() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (4620, "1 h 17 min"),
            (86_400, "1 day"),
            (90_000, "1 day 1 h"),
            (3_628_800 + 5000, "42 days"),
            (-60, "1 min"),
            (3601, "1 h 1 s"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }

    #[test]
    fn lines_are_broken_at_spaces_and_indented_alike() {
        assert_eq!(wrapped("- ", "one two three", 9), "- one two\n  three");
        assert_eq!(
            wrapped("", "a-word-longer-than-the-line b", 10),
            "a-word-longer-than-the-line\nb"
        );
        assert_eq!(wrapped("- ", "", 10), "- ");
    }
}
