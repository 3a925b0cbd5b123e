//! Stretches of the calendar that a due date may name: months, quarters, halves, years.

use super::grammar::month;
use super::token::{Kind, Token};

/// Reads a stretch of the calendar that begins at `tokens[at]`. Returns it as the ledger writes
/// it, and the index after it.
pub(crate) fn period(tokens: &[Token<'_>], at: usize) -> Option<(String, usize)> {
    if let Some(part) = part(tokens, at) {
        // "Q3 2025", "Q3/2025", "Q3 of 2025".
        let between = tokens.get(at + 2)?;
        let next = at + 2 + usize::from(between.is_mark('/') || between.is("of"));
        return Some((part.of(year(tokens, next)?), next + 1));
    }
    if let Some(found) = tokens.get(at).and_then(month) {
        return Some((format!("{}-{found:02}", year(tokens, at + 1)?), at + 2));
    }
    let found = year(tokens, at)?;
    let next = tokens.get(at + 1);
    let joined = next.is_some_and(|t| t.is_mark('-') || t.is_mark('/'));
    let begin = at + 1 + usize::from(joined);
    if let Some(part) = part(tokens, begin) {
        return Some((part.of(found), begin + 2));
    }
    match tokens.get(begin) {
        Some(Token { kind: Kind::Number(month @ 1..=12, 2), .. }) if joined => {
            Some((format!("{found}-{month:02}"), begin + 1))
        }
        _ if joined => None,
        Some(token) if !token.spaced && token.kind == Kind::Word => None,
        _ => Some((found.to_string(), at + 1)),
    }
}

fn year(tokens: &[Token<'_>], at: usize) -> Option<u32> {
    match tokens.get(at)?.kind {
        Kind::Number(year @ 1990..=2099, 4) => Some(year),
        _ => None,
    }
}

/// A part of a year: its first and its last month.
#[derive(Clone, Copy)]
struct Part {
    first: u32,
    last: u32,
}

impl Part {
    fn of(self, year: u32) -> String {
        format!("{year}-{:02}/{year}-{:02}", self.first, self.last)
    }
}

fn part(tokens: &[Token<'_>], at: usize) -> Option<Part> {
    let number = match tokens.get(at + 1)?.kind {
        Kind::Number(number, 1) if !tokens[at + 1].spaced => number,
        _ => return None,
    };
    match number {
        1..=4 if tokens[at].is("q") => Some(Part { first: 3 * number - 2, last: 3 * number }),
        1..=2 if tokens[at].is("h") => Some(Part { first: 6 * number - 5, last: 6 * number }),
        _ => None,
    }
}
