//! Enough of Rust's lexical grammar to tell code from comments and from literals.

use std::ops::Range;

/// A source text in two layers of the same length, so that an offset means the same in both: code
/// without comments and with dots for the contents of literals, and comments alone.
pub(super) struct Source {
    pub(super) code: String,
    pub(super) comments: String,
}

impl Source {
    pub(super) fn read(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut code = bytes.to_vec();
        let mut comments = blank(bytes);
        let mut at = 0;
        while at < bytes.len() {
            let end = match token(bytes, at) {
                Token::Comment(end) => {
                    comments[at..end].copy_from_slice(&bytes[at..end]);
                    code[at..end].copy_from_slice(&blank(&bytes[at..end]));
                    end
                }
                Token::Literal { inside, end } => {
                    for byte in &mut code[inside] {
                        if *byte != b'\n' {
                            *byte = b'.';
                        }
                    }
                    end
                }
                Token::Other(end) => end,
            };
            at = end;
        }
        let whole = "only whole tokens were replaced, by ASCII";
        Self {
            code: String::from_utf8(code).expect(whole),
            comments: String::from_utf8(comments).expect(whole),
        }
    }

    /// Where the modules stand that are compiled for tests alone, attribute included.
    pub(super) fn test_modules(&self) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        for (start, attribute) in self.code.match_indices("#[cfg(test)]") {
            let body = &self.code[start + attribute.len()..];
            let item = body.trim_start();
            let declared = item.strip_prefix("mod ").map(|rest| rest.find(['{', ';']));
            let Some(Some(offset)) = declared else {
                continue;
            };
            let open = self.code.len() - item.len() + "mod ".len() + offset;
            if self.code.as_bytes()[open] == b'{' {
                found.push(start..self.matching_brace(open) + 1);
            }
        }
        found
    }

    /// The code without its test modules, which are blanked.
    pub(super) fn without_tests(&self) -> String {
        let mut code = self.code.clone();
        for range in self.test_modules() {
            let blanked = blank(&self.code.as_bytes()[range.clone()]);
            code.replace_range(range, &String::from_utf8(blanked).expect("blanks are ASCII"));
        }
        code
    }

    /// The offset of the brace that closes the one at `open`, or of the last byte.
    pub(super) fn matching_brace(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        for (offset, byte) in self.code.bytes().enumerate().skip(open) {
            match byte {
                b'{' => depth += 1,
                b'}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return offset;
            }
        }
        self.code.len().saturating_sub(1)
    }
}

/// The number of the line that an offset is in, counted from one.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

/// Where a word stands by itself: no letter, digit or underscore touches it.
pub(super) fn find_word(text: &str, word: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let touches =
        |at: Option<usize>| at.and_then(|i| bytes.get(i)).is_some_and(|b| is_word_byte(*b));
    let all = text.match_indices(word).map(|(at, _)| at);
    all.filter(|&at| !touches(at.checked_sub(1)) && !touches(Some(at + word.len()))).collect()
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

enum Token {
    Comment(usize),
    Literal { inside: Range<usize>, end: usize },
    Other(usize),
}

fn token(bytes: &[u8], at: usize) -> Token {
    let rest = &bytes[at..];
    if rest.starts_with(b"//") {
        let end = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
        return Token::Comment(at + end);
    }
    if rest.starts_with(b"/*") {
        return Token::Comment(end_of_block_comment(bytes, at));
    }
    match rest[0] {
        b'"' => {
            let close = end_of_quoted(bytes, at + 1, b'"');
            Token::Literal { inside: at + 1..close, end: (close + 1).min(bytes.len()) }
        }
        b'\'' => character(bytes, at),
        byte if is_word_byte(byte) => word(bytes, at),
        _ => Token::Other(at + 1),
    }
}

/// A word, or the raw string that a prefix such as `br##` opens.
fn word(bytes: &[u8], at: usize) -> Token {
    let length = bytes[at..].iter().position(|b| !is_word_byte(*b)).unwrap_or(bytes.len() - at);
    let end = at + length;
    if !matches!(&bytes[at..end], b"r" | b"br" | b"cr") {
        return Token::Other(end);
    }
    let hashes = bytes[end..].iter().take_while(|b| **b == b'#').count();
    let open = end + hashes;
    if bytes.get(open) != Some(&b'"') {
        return Token::Other(end);
    }
    let mut closing = vec![b'"'];
    closing.resize(hashes + 1, b'#');
    let inside = &bytes[open + 1..];
    let length = inside.windows(closing.len()).position(|w| w == closing).unwrap_or(inside.len());
    let close = open + 1 + length;
    Token::Literal { inside: open + 1..close, end: (close + closing.len()).min(bytes.len()) }
}

/// A character literal, or the apostrophe of a lifetime.
fn character(bytes: &[u8], at: usize) -> Token {
    let close = if bytes.get(at + 1) == Some(&b'\\') {
        end_of_quoted(bytes, at + 1, b'\'')
    } else {
        let first = bytes.get(at + 1).map_or(1, |lead| match lead {
            0xf0.. => 4,
            0xe0.. => 3,
            0xc0.. => 2,
            _ => 1,
        });
        at + 1 + first
    };
    if bytes.get(close) == Some(&b'\'') {
        Token::Literal { inside: at + 1..close, end: close + 1 }
    } else {
        Token::Other(at + 1)
    }
}

fn end_of_quoted(bytes: &[u8], from: usize, quote: u8) -> usize {
    let mut at = from;
    while at < bytes.len() && bytes[at] != quote {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at.min(bytes.len())
}

fn end_of_block_comment(bytes: &[u8], at: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = at;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

fn blank(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|b| if *b == b'\n' { b'\n' } else { b' ' }).collect()
}

#[cfg(test)]
mod samples {
    use super::{Source, find_word, line_of};

    fn check(text: &str, code: &str) {
        let source = Source::read(text);
        assert_eq!(source.code, code);
        assert_eq!(source.comments.len(), text.len());
    }

    #[test]
    fn comments_leave_the_code_and_their_own_layer_keeps_them() {
        check("a // b\nc", "a     \nc");
        check("a /* b /* c */ d */ e", "a                   e");
        let source = Source::read("let a = 1; // why\n");
        assert_eq!(source.comments.trim(), "// why");
    }

    #[test]
    fn the_contents_of_literals_are_dots() {
        check(r#"f("a // \" b")"#, r#"f(".........")"#);
        check(r##"r#"a " b"# x"##, r##"r#"....."# x"##);
        check("br\"a\\\" x", "br\"..\" x");
        check("'\"' '\\'' '\u{e9}' 'a", "'.' '..' '..' 'a");
        check("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)");
        check("r#type \"a\nb\"", "r#type \".\n.\"");
    }

    #[test]
    fn a_word_inside_another_word_is_not_found() {
        assert_eq!(find_word("todo todos my_todo todo!", "todo"), [0, 19]);
        assert_eq!(line_of("a\nb\nc", 4), 3);
    }

    #[test]
    fn test_modules_are_blanked_and_nothing_else() {
        let text = "fn a() {}\n#[cfg(test)]\nmod t {\n fn b() { '{'; }\n}\nfn c() {}\n";
        let code = Source::read(text).without_tests();
        assert_eq!(code.split_whitespace().collect::<String>(), "fna(){}fnc(){}");
        assert_eq!(code.lines().count(), 6);
        let apart = Source::read("#[cfg(test)]\nmod t;\nfn a() {}");
        assert!(apart.test_modules().is_empty());
    }
}
