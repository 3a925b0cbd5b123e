//! Intake: public texts as people post them become events of the vocabulary.
//!
//! This crate is pure: bytes in, structures out; no disk, network, clock or randomness. Everything
//! it reads is a stranger's: sizes, depths and counts have limits, and what could not be understood
//! is listed with its line, never skipped in silence.
#![warn(clippy::disallowed_methods)]

pub mod account;
pub mod bugzilla;
pub mod certificates;
pub mod claims;
pub mod draft;
pub mod json;
pub mod moment;
pub mod phrase;
pub mod reconstruction;
pub mod report;
pub mod whiteboard;

#[cfg(test)]
mod tests {
    use crate::{bugzilla, certificates, json, phrase, report};

    const PAGE: &str = include_str!("../../../docs/INTAKE.md");

    /// Writes a number as the page does.
    fn grouped(number: usize) -> String {
        let digits = number.to_string();
        let first = digits.len() % 3;
        let groups =
            digits.as_bytes()[first..].chunks(3).map(|group| str::from_utf8(group).unwrap());
        let groups =
            Some(&digits[..first]).into_iter().filter(|group| !group.is_empty()).chain(groups);
        groups.collect::<Vec<_>>().join(",")
    }

    #[test]
    fn the_limits_are_those_that_the_page_tells() {
        let mib = |bytes: usize| format!("{} MiB", bytes >> 20);
        for (row, limits) in [
            (
                "an answer of a tracker",
                vec![
                    mib(bugzilla::ANSWER_BYTES_MAX),
                    format!("{} levels", json::DEPTH_MAX),
                    format!("{} values", grouped(json::VALUES_MAX)),
                ],
            ),
            ("answers together", vec![grouped(bugzilla::ANSWERS_MAX), grouped(bugzilla::BUGS_MAX)]),
            ("comments, changes", vec![grouped(bugzilla::ITEMS_MAX)]),
            ("a comment |", vec![format!("{} KiB", bugzilla::TEXT_BYTES_MAX >> 10)]),
            ("a report |", vec![mib(report::TEXT_MAX)]),
            (
                "suggestions",
                vec![
                    format!("{} claims", phrase::SUGGESTIONS_MAX),
                    format!("{} questions", phrase::QUESTIONS_MAX),
                ],
            ),
            (
                "a list of certificates",
                vec![
                    mib(certificates::LIST_BYTES_MAX),
                    format!("{} rows", grouped(certificates::ROWS_MAX)),
                ],
            ),
            ("places listed", vec![grouped(certificates::UNREAD_MAX), grouped(report::UNREAD_MAX)]),
        ] {
            let line = PAGE.lines().find(|line| line.starts_with(&format!("| {row}")));
            let line = line.unwrap_or_else(|| panic!("no row: {row}"));
            for limit in limits {
                assert!(line.contains(&limit), "{limit} is not in: {line}");
            }
        }
    }
}
