//! Words that are quoted, looked for in a text.
//!
//! Only letters, digits and their order count: encodings (UAX #15), spaces, case, punctuation,
//! quotation marks, marks of Markdown and the addresses of links are dress. An ellipsis in a
//! quotation stands for anything.

use unicode_normalization::UnicodeNormalization;

/// The least letters and digits that may be found inside of words.
const JOINED_MIN: usize = 16;

/// A text without its dress.
#[derive(Debug)]
pub(crate) struct Plain {
    /// Its words, a space before and after each.
    spaced: String,
    /// Its words without spaces.
    joined: String,
}

impl Plain {
    /// Returns a text without its dress.
    pub(crate) fn of(text: &str) -> Self {
        let words = words(text);
        Self { spaced: format!(" {} ", words.join(" ")), joined: words.concat() }
    }

    /// Returns whether the text has the words of a quotation, in their order and without others
    /// between. `None` if the quotation has no words.
    pub(crate) fn holds(&self, quotation: &str) -> Option<bool> {
        let parts = parted(quotation).into_iter().map(words);
        let parts: Vec<Vec<String>> = parts.filter(|words| !words.is_empty()).collect();
        if parts.is_empty() {
            return None;
        }
        let spaced = parts.iter().map(|words| format!(" {} ", words.join(" ")));
        if in_order(&self.spaced, &spaced.collect::<Vec<_>>()) {
            return Some(true);
        }
        // A word may be parted by a line's end, or have no spaces around it in its script.
        let joined: Vec<String> = parts.iter().map(|words| words.concat()).collect();
        let long = joined.iter().all(|part| part.chars().count() >= JOINED_MIN);
        Some(long && in_order(&self.joined, &joined))
    }
}

/// Returns whether `text` has the parts, each after the one before.
fn in_order(text: &str, parts: &[String]) -> bool {
    let mut rest = text;
    parts.iter().all(|part| {
        let found = rest.find(part.as_str());
        // The space after a part may be the one before the next.
        rest = found.map_or("", |at| &rest[at + part.trim_end().len()..]);
        found.is_some()
    })
}

/// Returns the parts of a quotation between its ellipses.
fn parted(quotation: &str) -> Vec<&str> {
    quotation.split("...").flat_map(|part| part.split('\u{2026}')).collect()
}

/// Returns the words of a text: its letters and digits, in lower case.
fn words(text: &str) -> Vec<String> {
    let unseen = |c: char| matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{feff}');
    let text: String = without_addresses(text).nfc().filter(|c| !unseen(*c)).collect();
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// Returns a text without the addresses of its Markdown links, `](…)`.
fn without_addresses(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("](") {
        let (before, link) = rest.split_at(at + 1);
        kept.push_str(before);
        let end = link.find(|c: char| c == ')' || c.is_whitespace());
        rest = end.map_or(link, |end| &link[end..]);
        if end.is_none() {
            break;
        }
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "> **All** certificates\n> will be [re\u{ad}voked](https://a.example/b) \
                        \u{201c}soon\u{201d}; we regret the delay, which was ours.";

    #[test]
    fn the_dress_of_words_is_no_difference() {
        for (quotation, found) in [
            ("all certificates will be", true),
            ("All certificates will be revoked soon", true),
            ("\"soon\": we regret", true),
            ("all certificates ... we regret the delay", true),
            ("we regret the delay \u{2026} all certificates", false),
            ("all certificates we regret", false),
            ("certificate", false),
            ("we regret the delays", false),
        ] {
            assert_eq!(Plain::of(TEXT).holds(quotation), Some(found), "{quotation}");
        }
        assert_eq!(Plain::of(TEXT).holds(" \u{2026} "), None);
    }

    #[test]
    fn a_letter_is_the_same_in_one_character_or_two() {
        let holds = |text, quotation| Plain::of(text).holds(quotation);
        assert_eq!(holds("at the cafe\u{301} today", "caf\u{e9}"), Some(true));
        assert_eq!(holds("at the caf\u{e9} today", "cafe\u{301}"), Some(true));
        assert_eq!(holds("at the caf\u{e9} today", "cafe"), Some(false));
    }

    #[test]
    fn long_words_may_be_parted_by_the_end_of_a_line_and_short_ones_may_not() {
        let holds = |text, quotation| Plain::of(text).holds(quotation);
        assert_eq!(holds("an inter-\nnationalisation effort", "internationalisation"), Some(true));
        assert_eq!(holds("nothing like it", "thin"), Some(false));
    }

    #[test]
    fn a_link_without_an_end_is_read_to_its_end() {
        let holds = |text, quotation| Plain::of(text).holds(quotation);
        assert_eq!(holds("see [this](https://a.example/no-end", "this"), Some(true));
        assert_eq!(holds("](", "this"), Some(false));
    }
}
