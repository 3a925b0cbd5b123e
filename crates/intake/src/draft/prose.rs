//! The sentences of a text, and the words in them.
//!
//! What somebody else is quoted with (`> …`, “…”, code) is marked, so that a phrase rule can leave
//! it alone. One pass over the text; a sentence ends at its full stop or with its block.

use std::ops::Range;

/// A word: letters and digits, with what joins them (`third-party`, `12:00`, `1,041`).
#[derive(Debug, Clone)]
pub(super) struct Word<'a> {
    text: &'a str,
    /// Where it stands in the text.
    pub(super) span: Range<usize>,
    /// Whether it is somebody else's, or code.
    pub(super) is_quoted: bool,
}

impl<'a> Word<'a> {
    /// Returns the word as it is written.
    pub(super) fn as_str(&self) -> &'a str {
        self.text
    }

    /// Returns whether it is that word, which is in lower case with straight apostrophes.
    pub(super) fn is(&self, word: &str) -> bool {
        let mut letters = word.chars();
        self.text.chars().all(|c| {
            let c = if c == '\u{2019}' { '\'' } else { c.to_ascii_lowercase() };
            letters.next() == Some(c)
        }) && letters.next().is_none()
    }

    /// Returns whether it is one of those words.
    pub(super) fn is_among(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }
}

/// A sentence, or as much of one as stands in a heading, an item or a cell.
#[derive(Debug, Clone)]
pub(super) struct Sentence<'a> {
    /// Its words, at least one.
    pub(super) words: Vec<Word<'a>>,
}

impl Sentence<'_> {
    /// Returns where the words stand, from the first to the last of them.
    pub(super) fn span(&self, words: Range<usize>) -> Range<usize> {
        self.words[words.start].span.start..self.words[words.end - 1].span.end
    }

    /// Returns the first run of words that fits the pattern and is nobody else's.
    pub(super) fn find(&self, pattern: Pattern) -> Option<Range<usize>> {
        (0..self.words.len()).find_map(|start| {
            let end = start + fits(&self.words[start..], pattern)?;
            let is_own = !self.words[start..end].iter().any(|word| word.is_quoted);
            (is_own && end > start).then_some(start..end)
        })
    }

    /// Returns whether one of those words stands in the sentence.
    pub(super) fn has(&self, words: &[&str]) -> bool {
        self.words.iter().any(|word| word.is_among(words))
    }
}

/// Steps, each a choice of words: `""` lets the step be left out, `"_"` is any word.
pub(super) type Pattern = &'static [&'static [&'static str]];

/// Returns how many words fit the pattern from the first on.
fn fits(words: &[Word<'_>], pattern: Pattern) -> Option<usize> {
    let Some((step, rest)) = pattern.split_first() else {
        return Some(0);
    };
    let first = words.first();
    let taken = first.is_some_and(|word| step.iter().any(|way| *way == "_" || word.is(way)));
    let with = if taken { fits(&words[1..], rest).map(|more| more + 1) } else { None };
    with.or_else(|| step.contains(&"").then(|| fits(words, rest)).flatten())
}

/// Returns the sentences of a text, in order.
pub(super) fn sentences(text: &str) -> Vec<Sentence<'_>> {
    let mut reader =
        Reader { text, sentences: Vec::new(), words: Vec::new(), block: 0..0, told: 0 };
    let mut is_code = false;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim();
        let is_fence = bare.starts_with("```") || bare.starts_with("~~~");
        if is_fence || is_code || bare.is_empty() || bare.starts_with('>') {
            reader.end_block();
            is_code ^= is_fence;
        } else {
            if begins_block(bare) {
                reader.end_block();
            }
            reader.line(at, line);
            if bare.starts_with('#') {
                reader.end_block();
            }
        }
        at += line.len();
    }
    reader.end_block();
    reader.sentences
}

/// Returns whether a line begins a heading, an item or a row of a table, or is a labelled line.
fn begins_block(line: &str) -> bool {
    let item = line.strip_prefix(['-', '*', '+']).is_some_and(|rest| rest.starts_with([' ', '\t']));
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = digits.len() < line.len() && digits.starts_with(['.', ')']);
    item || numbered || line.starts_with(['#', '|']) || line.starts_with("**")
}

struct Reader<'a> {
    text: &'a str,
    sentences: Vec<Sentence<'a>>,
    /// The words of the sentence that is being read.
    words: Vec<Word<'a>>,
    /// Where the heading, paragraph or item lies that is being read; empty before its first line.
    block: Range<usize>,
    /// How many sentences came before it.
    told: usize,
}

impl Reader<'_> {
    /// Reads the words of one line, which begins at `at`.
    fn line(&mut self, at: usize, line: &str) {
        if self.block.is_empty() {
            self.block.start = at;
        }
        self.block.end = at + line.len();
        let mut chars = line.char_indices().peekable();
        let mut is_code = false;
        let mut before = None;
        while let Some((start, c)) = chars.next() {
            if c.is_alphanumeric() {
                let mut end = start + c.len_utf8();
                while let Some(&(next, c)) = chars.peek() {
                    let after = line[next + c.len_utf8()..].chars().next();
                    let is_digit = |c: char| c.is_ascii_digit();
                    let groups = c == ',' && line[..next].ends_with(is_digit);
                    let joins = groups && after.is_some_and(is_digit)
                        || "'\u{2019}-./:".contains(c) && after.is_some_and(char::is_alphanumeric);
                    if !c.is_alphanumeric() && !joins {
                        break;
                    }
                    end = next + c.len_utf8();
                    chars.next();
                }
                let (text, span) = (self.text, at + start..at + end);
                self.words.push(Word { text: &text[span.clone()], span, is_quoted: is_code });
            } else if c == '`' {
                is_code = !is_code;
            } else if c == '|' && before != Some('\\')
                || ".!?".contains(c) && ends(&line[start + 1..])
            {
                self.end();
            }
            before = Some(c);
        }
    }

    /// Ends the sentence.
    fn end(&mut self) {
        let words = std::mem::take(&mut self.words);
        if !words.is_empty() {
            self.sentences.push(Sentence { words });
        }
    }

    /// Ends the block, and marks what is quoted in it.
    fn end_block(&mut self) {
        self.end();
        let quotations = quotations(self.text, std::mem::replace(&mut self.block, 0..0));
        let mut quotations = quotations.iter().peekable();
        for word in self.sentences[self.told..].iter_mut().flat_map(|told| &mut told.words) {
            while quotations.next_if(|quotation| quotation.end <= word.span.start).is_some() {}
            word.is_quoted |= quotations.peek().is_some_and(|quote| quote.start < word.span.start);
        }
        self.told = self.sentences.len();
    }
}

/// Returns whether a full stop before `rest` ends a sentence.
fn ends(rest: &str) -> bool {
    let rest = rest.trim_start_matches(['"', '\u{201d}', '\u{2019}', ')', '*', '_']);
    rest.is_empty() || rest.starts_with(char::is_whitespace)
}

/// Returns what stands between quotation marks. Straight ones count only if they pair up.
fn quotations(text: &str, block: Range<usize>) -> Vec<Range<usize>> {
    let (start, inside) = (block.start, &text[block]);
    let straight = inside.matches('"').count();
    let mut open = None;
    let mut found = Vec::new();
    for (at, c) in inside.char_indices() {
        let is_straight = c == '"' && straight.is_multiple_of(2);
        match open {
            None if c == '\u{201c}' || is_straight => open = Some(start + at),
            Some(from) if c == '\u{201d}' || is_straight => {
                found.push(from..start + at);
                open = None;
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Vec<&str>> {
        sentences(text).iter().map(|told| told.words.iter().map(|w| w.text).collect()).collect()
    }

    #[test]
    fn sentences_end_at_full_stops_blank_lines_items_and_cells() {
        assert_eq!(
            words("One 2.5 two. Three\nfour\n\n# Five\nsix\n- seven\n| a b | c |"),
            [
                vec!["One", "2.5", "two"],
                vec!["Three", "four"],
                vec!["Five"],
                vec!["six"],
                vec!["seven"],
                vec!["a", "b"],
                vec!["c"]
            ]
        );
    }

    #[test]
    fn quotations_and_code_are_somebody_elses() {
        assert!(sentences("> quoted\n```\ncode\n```").is_empty());
        let text = "We say \u{201c}not us\u{201d} and \"nor us\" or `code` here";
        let all = sentences(text);
        let own: Vec<_> = all[0].words.iter().filter(|w| !w.is_quoted).map(|w| w.text).collect();
        assert_eq!(own, ["We", "say", "and", "or", "here"]);
    }

    #[test]
    fn a_pattern_finds_words_in_their_order_and_may_leave_some_out() {
        const PATTERN: Pattern = &[&["will"], &["not", ""], &["be"], &["_"]];
        let all = sentences("It didn\u{2019}t and will be done, will not be left");
        assert_eq!(all[0].find(PATTERN), Some(3..6));
        assert!(all[0].words[1].is("didn't"));
        assert_eq!(sentences("will be")[0].find(PATTERN), None);
        assert_eq!(sentences("\u{201c}will be done\u{201d} he said")[0].find(PATTERN), None);
    }
}
