//! Words, numbers and marks of a text, each with its place.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A number of at most nine digits: its value, and how many digits it has.
    Number(u32, u8),
    /// Letters of one word.
    Word,
    /// One other character.
    Mark(char),
}

/// One token and its place in the text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// The bytes of it.
    pub text: &'a str,
    /// Where it begins in the text.
    pub start: usize,
    /// Whether a space or a line's end stands before it.
    pub spaced: bool,
    /// Whether a line's end stands before it.
    pub broken: bool,
}

impl Token<'_> {
    /// Returns where the token ends in the text.
    pub(crate) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Returns whether the token is the word `word`, in any case.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Returns whether the token is one of `words`, in any case.
    pub(crate) fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    /// Returns whether the token is the mark `mark`.
    pub(crate) fn is_mark(&self, mark: char) -> bool {
        self.kind == Kind::Mark(mark)
    }
}

/// Splits `text` into tokens. Emphasis, code marks and characters of no width are left out, so
/// that `**2024-08-03** 20:47` reads as it looks.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut spaced = true;
    let mut broken = true;
    let mut chars = text.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        if c.is_whitespace() {
            spaced = true;
            broken |= c == '\n';
            continue;
        }
        if matches!(c, '*' | '_' | '`' | '\u{200b}' | '\u{200c}' | '\u{200d}' | '\u{feff}') {
            continue;
        }
        let mut end = start + c.len_utf8();
        let same: fn(char) -> bool = match c {
            _ if c.is_ascii_digit() => |c| c.is_ascii_digit(),
            _ if c.is_alphabetic() => |c| c.is_alphabetic() || c == '\'' || c == '’',
            _ => |_| false,
        };
        while let Some((at, c)) = chars.next_if(|(_, c)| same(*c)) {
            end = at + c.len_utf8();
        }
        let word = &text[start..end];
        let kind = match c {
            _ if c.is_ascii_digit() => match (word.len(), word.parse()) {
                (digits @ 1..=9, Ok(value)) => {
                    Kind::Number(value, u8::try_from(digits).expect("at most nine"))
                }
                _ => Kind::Mark('0'),
            },
            _ if c.is_alphabetic() => Kind::Word,
            _ => Kind::Mark(c),
        };
        found.push(Token { kind, text: word, start, spaced, broken });
        spaced = false;
        broken = false;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_words_numbers_and_marks_with_their_places() {
        let text = "**July12**, 2024–08:30Z don’t\n1234567890";
        let all = tokens(text);
        let words: Vec<_> = all.iter().map(|token| token.text).collect();
        let expected =
            ["July", "12", ",", "2024", "–", "08", ":", "30", "Z", "don’t", "1234567890"];
        assert_eq!(words, expected);
        assert_eq!(all[1].kind, Kind::Number(12, 2));
        assert_eq!(all[10].kind, Kind::Mark('0'));
        assert!(all[10].broken && all[3].spaced && !all[4].spaced);
        for token in &all {
            assert_eq!(&text[token.start..token.end()], token.text);
        }
    }
}
