//! Phrase rules: what prose seems to claim, for a person to confirm or reject.
//!
//! A suggestion is never counted until somebody confirms it. The rules read one sentence at a time;
//! what is quoted, and code, suggests nothing. They do not know who speaks: whether a sentence of a
//! third party is a promise is for the caller to judge.

mod awareness;
mod completion;
mod count;
mod denial;
mod due;
mod promise;
mod question;
mod sentence;
mod verb;

use std::collections::BTreeMap;

use tally_ledger::claim::{Assertion, Claim, Origin};
use tally_ledger::time::Instant;
use tally_ledger::vocabulary::words::{Qualifier, Strength};

use crate::moment::token::Token;
pub use question::{QUESTIONS_MAX, questions};
use sentence::{Prose, Sentence};
use verb::{Deed, deed, is_document};

/// The most suggestions that one text yields.
pub const SUGGESTIONS_MAX: usize = 500;

/// The most words of a text that a suggestion quotes, in characters.
const QUOTED_MAX: usize = 400;

/// A claim that a phrase rule suggests.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// The claim, with the origin *suggested*; its text quotes the words.
    pub claim: Claim,
    /// The name of the rule, such as `promise.firm`.
    pub rule: &'static str,
}

/// Suggests claims from the prose of `text`, which was published at `published`. They are in the
/// order of the text.
pub fn suggest(text: &str, published: Instant) -> Vec<Suggestion> {
    let mut end = text.len().min(crate::report::TEXT_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    let prose = Prose::read(text);
    let mut found = Vec::new();
    for sentence in prose.sentences() {
        if found.len() >= SUGGESTIONS_MAX {
            break;
        }
        let mut finder = Finder { text, sentence, published, found: &mut found };
        if !sentence.last().is_some_and(|token| token.is_mark('?')) {
            promise::find(&mut finder);
            awareness::find(&mut finder);
            completion::find(&mut finder);
            denial::find(&mut finder);
            count::find(&mut finder);
        }
    }
    found.sort_by_key(|suggestion| suggestion.claim.span);
    found.truncate(SUGGESTIONS_MAX);
    found
}

/// What the rules see of a sentence, and where their suggestions go.
struct Finder<'a, 't, 'f> {
    text: &'a str,
    sentence: Sentence<'a, 't>,
    published: Instant,
    found: &'f mut Vec<Suggestion>,
}

/// How a claim is made.
#[derive(Default)]
struct Manner {
    strength: Option<Strength>,
    qualifier: Option<Qualifier>,
    scope: Option<String>,
    condition: Option<String>,
}

impl Finder<'_, '_, '_> {
    /// Adds a suggestion that the tokens `range` make.
    fn suggest(
        &mut self,
        rule: &'static str,
        range: std::ops::Range<usize>,
        assertion: Assertion,
        manner: Manner,
    ) {
        let tokens = &self.sentence[range];
        let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else { return };
        let span = [first.start, last.end()];
        let words: String = self.text[span[0]..span[1]].chars().take(QUOTED_MAX).collect();
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        self.found.push(Suggestion {
            claim: Claim {
                assertion,
                origin: Origin::Suggested,
                text: Some(format!("\"{words}\"")),
                span: Some(span.map(|at| at as u64)),
                strength: manner.strength.unwrap_or(Strength::Firm),
                qualifier: manner.qualifier,
                scope: manner.scope,
                condition: manner.condition,
                extra: BTreeMap::new(),
            },
            rule,
        });
    }

    /// Returns whether the token at `at` is one of `words`.
    fn is(&self, at: usize, words: &[&str]) -> bool {
        self.sentence.get(at).is_some_and(|token| token.is_any(words))
    }

    /// Returns whether the words of `phrase` stand at `at`.
    fn phrase(&self, at: usize, phrase: &[&str]) -> bool {
        phrase.iter().enumerate().all(|(ahead, word)| self.is(at + ahead, &[word]))
    }

    /// Returns whether one of `words` stands in `range`.
    fn has(&self, range: std::ops::Range<usize>, words: &[&str]) -> bool {
        self.sentence.get(range).is_some_and(|tokens| tokens.iter().any(|t| t.is_any(words)))
    }

    /// Returns the index at which the clause of the token `at` begins: after a comma, a colon or a
    /// word that joins clauses.
    fn clause(&self, at: usize) -> usize {
        let joins = |token: &Token<'_>| {
            [',', ';', ':', '(', ')', '–', '—', '-', '•'].iter().any(|mark| token.is_mark(*mark))
                || token.is_any(&["that", "which", "because", "so", "but", "and"])
        };
        let before = &self.sentence[..at];
        before.iter().rposition(joins).map_or(0, |index| index + 1)
    }

    /// Returns the index of the end of the sentence without its stop.
    fn end(&self) -> usize {
        let stop = |token: &Token<'_>| token.is_mark('.') || token.is_mark('!');
        self.sentence.len() - usize::from(self.sentence.last().is_some_and(stop))
    }

    /// Returns the words from a conditional conjunction to the end of its clause.
    fn condition(&self) -> Option<String> {
        let begin = (0..self.sentence.len()).find(|at| {
            self.is(*at, &["if", "unless", "assuming"])
                || self.phrase(*at, &["provided", "that"])
                || self.phrase(*at, &["subject", "to"])
                || self.phrase(*at, &["depending", "on"])
        })?;
        let ends =
            |token: &Token<'_>| token.is_mark(',') || token.is_mark(';') || token.is_mark('.');
        let length = self.sentence[begin..].iter().position(ends);
        let last = length.map_or(self.sentence.len(), |length| begin + length).max(begin + 1) - 1;
        let span = self.sentence[begin].start..self.sentence[last].end();
        let words: String = self.text[span].chars().take(QUOTED_MAX).collect();
        Some(words.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

#[cfg(test)]
mod tests;
