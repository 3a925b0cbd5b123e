//! What was found in drafts as a log of SARIF.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;
use std::path::{Component, Path};

use serde_json::json;
use tally_divergence::rules;
use tally_intake::draft;
use tally_ledger::hash::Hash;
use tally_report::sarif::{self, Found, Level, Location, Message, Region, Rule, Run, Suppression};

use super::{Checked, lists, taken_for};
use crate::failure::Status;
use crate::snippet::{Lines, Shown, level};

/// The sort of name that the words of a draft give to what was found in them.
const WORDS: &str = "draftWords/v1";

/// Returns the log, ending in a newline.
pub(super) fn of(all: &[Checked], status: Status) -> String {
    let drafts = all.iter().map(|draft| {
        let list = draft.list.as_ref();
        json!({
            "file": draft.name,
            "taken_for": list.map_or_else(|| taken_for(&draft.outcome).to_owned(), lists::holds),
            "left_out": draft.outcome.left_out,
        })
    });
    let left_out = all.iter().filter(|draft| draft.outcome.left_out > 0).map(|draft| {
        let text = format!("{}: {} more of the same", draft.name, draft.outcome.left_out);
        (Level::Note, Message::of([text.as_str()]))
    });
    let run = Run {
        command: "check",
        exit: status.code(),
        notices: left_out.collect(),
        // What is not UTF-8 is no draft.
        encoding: Some("utf-8"),
        found: all.iter().flat_map(of_draft).collect(),
        properties: json!({ "drafts": drafts.collect::<Vec<_>>() }),
    };
    run.log()
}

fn of_draft(draft: &Checked) -> Vec<Found> {
    let lines = Lines::new(&draft.text);
    let uri = draft.path.as_deref().map_or_else(|| "-".to_owned(), reference);
    let mut seen = BTreeMap::new();
    let found = draft.found.iter().filter_map(|found| {
        let words = draft.text.get(found.span.clone()).unwrap_or_default();
        let before = seen.entry((found.code.as_str(), words)).or_insert(0_usize);
        let name = Hash::of(format!("{}\0{words}\0{before}", found.code).as_bytes());
        *before += 1;
        one(found, &uri, &lines, name)
    });
    found.collect()
}

/// Returns a diagnostic, whose code is that of a check or of a rule.
fn one(found: &Shown, uri: &str, lines: &Lines<'_>, name: Hash) -> Option<Found> {
    let check = draft::named(&found.code).map(|check| Rule {
        code: check.code,
        title: check.title,
        page: check.explanation,
        level: level(check.severity),
        tag: "draft",
    });
    let rule = check.or_else(|| rules::rule(&found.code).map(sarif::rule))?;
    let label = match found.label.as_str() {
        "" => String::new(),
        label => format!(" ({label})"),
    };
    let first = format!("{}{label}", found.message);
    let help = format!("To mend it: {}", found.help);
    let told = std::iter::once(&first).chain(&found.records).chain([&help]);
    let others = found.others.iter().map(|(span, label)| {
        Location::in_file(uri, region(span, lines)).with_message(Message::of([label.as_str()]))
    });
    Some(Found {
        rule,
        kind: found.kind,
        message: Message::of(told.map(String::as_str)),
        location: Some(Location::in_file(uri, region(&found.span, lines))),
        related: others.collect(),
        fingerprint: Some((WORDS, name.to_string())),
        accepted: found.accepted.as_ref().map(|a| Suppression::by(&a.role, &a.reason)),
        properties: json!({ "severity": found.weight }),
    })
}

/// Returns a span as a region. A byte order mark counts for no column (SARIF 2.1.0, 3.30.2).
fn region(span: &Range<usize>, lines: &Lines<'_>) -> Region {
    let mark = usize::from(lines.text().starts_with('\u{feff}'));
    let column = |line: usize, column: usize| match line {
        1 => column.saturating_sub(mark).max(1),
        _ => column,
    };
    let (start, end) = (lines.position(span.start), lines.position(span.end));
    Region {
        start_line: start.line,
        start_column: column(start.line, start.column),
        end_line: end.line,
        end_column: column(end.line, end.column),
        byte_offset: span.start,
        byte_length: span.len(),
    }
}

/// Returns a path as a reference by RFC 3986: relative to where the command was run if the path
/// is, else an address of a file.
fn reference(path: &Path) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in path.components() {
        match part {
            Component::RootDir if parts.is_empty() => parts.push("file://".to_owned()),
            Component::RootDir | Component::CurDir => {}
            Component::Prefix(disk) => {
                parts.push(format!("file:///{}", encoded(disk.as_os_str().as_encoded_bytes())));
            }
            Component::ParentDir => parts.push("..".to_owned()),
            Component::Normal(name) => parts.push(encoded(name.as_encoded_bytes())),
        }
    }
    parts.join("/")
}

/// Returns a name in which every byte that a reference may not hold as it is stands in percent
/// (RFC 3986, 2.3).
fn encoded(name: &[u8]) -> String {
    let mut out = String::new();
    for byte in name {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            out.push(char::from(*byte));
        } else {
            write!(out, "%{byte:02X}").expect("a text takes all");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_relative_reference_and_never_more_than_a_path() {
        for (path, expected) in [
            ("drafts/a.md", "drafts/a.md"),
            ("./drafts/./a b.md", "drafts/a%20b.md"),
            ("../a.md", "../a.md"),
            ("javascript:alert(1)", "javascript%3Aalert%281%29"),
            ("100%.md", "100%25.md"),
            ("\u{202e}#?.md", "%E2%80%AE%23%3F.md"),
        ] {
            assert_eq!(reference(Path::new(path)), expected);
        }
        #[cfg(unix)]
        assert_eq!(reference(Path::new("/srv/a.md")), "file:///srv/a.md");
    }

    #[test]
    fn a_region_counts_characters_and_bytes_and_no_byte_order_mark() {
        let text = "\u{feff}\u{e9}\u{1f600}x\ny";
        let at = text.find('x').unwrap_or_default();
        let region = region(&(at..text.len()), &Lines::new(text));
        let expected = Region {
            start_line: 1,
            start_column: 3,
            end_line: 2,
            end_column: 2,
            byte_offset: 9,
            byte_length: 3,
        };
        assert_eq!(region, expected);
    }
}
