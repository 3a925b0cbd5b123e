//! Questions, as their marks show them.

use super::sentence::Prose;
use crate::moment::token::Kind;

/// The fewest words of a question; fewer are a turn of speech, such as "Why?".
const WORDS_MIN: usize = 3;
/// The most questions of one text.
pub const QUESTIONS_MAX: usize = 200;

/// Finds the questions of `text`, each by its bytes, in the order of the text. What is quoted, and
/// code, asks nothing.
pub fn questions(text: &str) -> Vec<[usize; 2]> {
    let mut end = text.len().min(crate::report::TEXT_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let prose = Prose::read(&text[..end]);
    let asks = prose.sentences().filter_map(|sentence| {
        // The mark of a list is no part of what is asked.
        let first = sentence.iter().find(|token| !matches!(token.kind, Kind::Mark(_)))?;
        let last = sentence.last()?;
        let words = sentence.iter().filter(|token| token.kind == Kind::Word).count();
        (last.is_mark('?') && words >= WORDS_MIN).then(|| [first.start, last.end()])
    });
    asks.take(QUESTIONS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        questions(text).into_iter().map(|[start, end]| &text[start..end]).collect()
    }

    #[test]
    fn a_question_is_found_by_its_mark() {
        assert_eq!(
            found(
                "Thank you. When will the list be published? And how many are there?\n- Is it all?"
            ),
            ["When will the list be published?", "And how many are there?", "Is it all?"]
        );
        assert_eq!(
            found("1. Could you say\nwhich profile it was?"),
            ["Could you say\nwhich profile it was?"]
        );
    }

    #[test]
    fn what_is_quoted_or_no_sentence_asks_nothing() {
        for text in [
            "> When will the list be published?\n\nOn Friday.",
            "Why?",
            "See https://crt.sh/?id=1 for it.",
            "The page says \"when will it be done?\" and no more.",
            "```\nis this a question?\n```",
        ] {
            assert_eq!(found(text), Vec::<&str>::new(), "{text}");
        }
    }
}
