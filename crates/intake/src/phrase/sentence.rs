//! Prose as sentences of tokens. What is quoted, and code, is in none of them.

use crate::moment::token::{Kind, Token, tokens};
use crate::report::line::{Line, lines, opening};

/// The tokens of one sentence.
pub(super) type Sentence<'a, 't> = &'t [Token<'a>];

/// The most tokens of a sentence; a longer one is read in pieces, so that no rule reads far.
const TOKENS_MAX: usize = 250;

/// A text as tokens, and where its sentences begin.
pub(super) struct Prose<'a> {
    tokens: Vec<Token<'a>>,
    /// The indexes at which sentences begin, and the number of tokens.
    starts: Vec<usize>,
}

impl<'a> Prose<'a> {
    /// Reads the sentences of `text`.
    pub(super) fn read(text: &'a str) -> Self {
        let lines = lines(text);
        let mut kept: Vec<Token<'a>> = Vec::new();
        let mut starts = vec![0];
        let mut line = 0;
        let mut fresh = true;
        let all = tokens(text);
        let quoted = quoted(&all);
        let mut code = code(&lines).into_iter().peekable();
        let mut previous: Option<usize> = None;
        let mut tag_end = 0;
        for (index, token) in all.iter().enumerate() {
            while line + 1 < lines.len() && lines[line + 1].start <= token.start {
                line += 1;
            }
            if token.broken && previous != Some(line) {
                fresh |= begins(&lines, line, previous);
                previous = Some(line);
            }
            while code.next_if(|[_, close]| *close < token.start).is_some() {}
            let coded = code.peek().is_some_and(|[open, _]| *open < token.start);
            if tag_end > index {
                fresh = true;
                continue;
            }
            if token.is_mark('<') {
                tag_end = after_tag(&all, index);
            }
            if lines[line].aside || quoted[index] || coded || tag_end > index {
                fresh |= lines[line].aside;
                continue;
            }
            if token.is_mark('|') {
                fresh = true;
                continue;
            }
            let start = starts.last().copied().unwrap_or(0);
            fresh |= ends(&kept, start, token) || kept.len() - start >= TOKENS_MAX;
            if fresh && starts.last() != Some(&kept.len()) {
                starts.push(kept.len());
            }
            fresh = false;
            kept.push(*token);
        }
        starts.push(kept.len());
        Self { tokens: kept, starts }
    }

    /// Returns the sentences in order.
    pub(super) fn sentences(&self) -> impl Iterator<Item = Sentence<'a, '_>> {
        self.starts.windows(2).map(|pair| &self.tokens[pair[0]..pair[1]]).filter(|s| !s.is_empty())
    }
}

/// Returns the index after the HTML tag that begins at the token `at`; `at` if it is none.
fn after_tag(tokens: &[Token<'_>], at: usize) -> usize {
    let slash = usize::from(tokens.get(at + 1).is_some_and(|t| t.is_mark('/') && !t.spaced));
    let name = tokens.get(at + 1 + slash);
    let mut end = at + 2 + slash;
    end += usize::from(tokens.get(end).is_some_and(|t| t.is_mark('/')));
    let closed = tokens.get(end).is_some_and(|t| t.is_mark('>'));
    let named = name.is_some_and(|t| t.kind == Kind::Word && !t.spaced && t.text.len() <= 10);
    if named && closed { end + 1 } else { at }
}

/// Returns whether a line begins a block of its own, not the middle of a sentence.
fn begins(lines: &[Line<'_>], at: usize, previous: Option<usize>) -> bool {
    let Some(previous) = previous else { return true };
    let (line, before) = (&lines[at], &lines[previous]);
    let open = opening(line.text);
    let starts =
        line.text[open.text..].starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit());
    // A short line before one that begins like a sentence is a heading, or an item of a list.
    let short = before.text.trim().chars().count() < 60;
    at > previous + 1
        || open.item
        || open.heading > 0
        || opening(before.text).heading > 0
        || (starts && short)
        || line.is_row()
}

/// Returns whether the sentence that began at `start` ends before `next`.
fn ends(kept: &[Token<'_>], start: usize, next: &Token<'_>) -> bool {
    let [.., before, last] = kept else { return false };
    if kept.len() <= start + 1 {
        return false;
    }
    let stop = last.is_mark('.') || last.is_mark('!') || last.is_mark('?') || last.is_mark('。');
    if !stop || !next.spaced {
        return false;
    }
    let address = next.is_any(&["http", "https"]);
    let lower = next.text.starts_with(|c: char| c.is_lowercase()) && !address;
    let short = before.kind == Kind::Word
        && (before.text.chars().count() == 1
            || before.is_any(&[
                "approx", "sec", "sect", "no", "vs", "etc", "cf", "dr", "mr", "ms", "inc", "ltd",
                "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov",
                "dec", "ver",
            ]));
    let shortened = short && last.is_mark('.');
    !lower && !shortened
}

/// Returns for each token whether it stands between quotation marks, if more than three words do:
/// fewer are a name, or words that are only marked.
fn quoted(tokens: &[Token<'_>]) -> Vec<bool> {
    const REACH: usize = 400;
    let mut found = vec![false; tokens.len()];
    let mut at = 0;
    while at < tokens.len() {
        let close = match tokens[at].kind {
            Kind::Mark('“' | '„') => ['”', '“'],
            Kind::Mark('"') => ['"', '"'],
            Kind::Mark('«') => ['»', '»'],
            _ => {
                at += 1;
                continue;
            }
        };
        let ahead = &tokens[at + 1..tokens.len().min(at + 1 + REACH)];
        let inner = ahead.iter().position(|t| close.iter().any(|mark| t.is_mark(*mark)));
        let Some(length) = inner else {
            // Nothing closes it within reach; the search is not made again within that reach.
            at += 1 + ahead.iter().take_while(|t| t.kind == Kind::Word).count();
            continue;
        };
        let words = ahead[..length].iter().filter(|t| t.kind == Kind::Word).count();
        if words > 3 {
            found[at + 1..at + 1 + length].fill(true);
        }
        at += length + 2;
    }
    found
}

/// Returns the stretches between code marks, line by line.
fn code(lines: &[Line<'_>]) -> Vec<[usize; 2]> {
    let mut found = Vec::new();
    for line in lines {
        let mut marks = line.text.match_indices('`').map(|(at, _)| line.start + at);
        while let (Some(open), Some(close)) = (marks.next(), marks.next()) {
            found.push([open, close]);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentences(text: &str) -> Vec<String> {
        let prose = Prose::read(text);
        let show = |s: Sentence<'_, '_>| s.iter().map(|t| t.text).collect::<Vec<_>>().join(" ");
        prose.sentences().map(show).collect()
    }

    #[test]
    fn sentences_end_at_stops_blank_lines_items_and_cells() {
        assert_eq!(
            sentences(
                "One two. Three v. 4 of Aug. 3 now!\nWrapped\nline\n\nFour\n- five\n| a | b |"
            ),
            [
                "One two .",
                "Three v . 4 of Aug . 3 now !",
                "Wrapped line",
                "Four",
                "- five",
                "a",
                "b"
            ]
        );
    }

    #[test]
    fn what_is_quoted_is_in_no_sentence() {
        assert_eq!(
            sentences(
                "> We will.\nHe said “we will do it today” and “left” it. Run `we will` now."
            ),
            ["He said “ ” and “ left ” it .", "Run now ."]
        );
        assert_eq!(sentences("```\nWe will.\n```\nDone."), ["Done ."]);
    }
}
