//! The words of messages: kinds, subjects, and other people's text cut to a bearable length.

use tally_ledger::claim::{Assertion, Claim};
use tally_ledger::name::Kind;
use tally_ledger::vocabulary::words::Strength;
use unicode_normalization::UnicodeNormalization;

/// The most characters of somebody's text that a message repeats.
const QUOTED_MAX: usize = 200;
/// The most characters of a claim's text that stand ahead of what it asserts.
const LEAD_MAX: usize = 120;
/// The most characters of a name.
const NAME_MAX: usize = 80;

/// Returns a kind and its subject in words, as messages name them.
pub(crate) fn named(kind: &Kind, subject: Option<&str>) -> String {
    let kind = kind.as_str().replace(['.', '_'], " ");
    subject.map_or_else(|| kind.clone(), |subject| format!("{kind} ({})", name(subject)))
}

/// Returns what a claim asserts and how it does, in words.
pub(crate) fn made(claim: &Claim) -> String {
    let strength = Some(claim.strength).filter(|strength| *strength != Strength::Firm);
    let strength = strength.map_or(String::new(), |strength| format!(" (a {strength})"));
    let qualifier = claim.qualifier.map_or(String::new(), |word| format!(", {word}"));
    let scope = claim.scope.as_ref().map_or(String::new(), |scope| format!(", for {scope}"));
    let condition = claim.condition.as_ref().map_or(String::new(), |words| format!(", {words}"));
    let asserted = asserted(&claim.assertion);
    // Kinds and names say little of what is to be or not to be: the words of the claim lead.
    let asserted = match (&claim.assertion, &claim.text) {
        (Assertion::Absent(_) | Assertion::Will(_) | Assertion::WillNot(_), text) => {
            led(text.as_deref(), asserted)
        }
        _ => asserted,
    };
    quoted(&format!("{asserted}{strength}{qualifier}{scope}{condition}"))
}

/// Returns what is asserted, the text of the claim ahead of it if it has one.
pub(crate) fn led(text: Option<&str>, asserted: String) -> String {
    match text {
        Some(text) => format!("{} [{asserted}]", clipped(text, LEAD_MAX)),
        None => asserted,
    }
}

/// Returns what an assertion says, in words.
fn asserted(assertion: &Assertion) -> String {
    let plain = |kind: &Kind, subject: &Option<String>| named(kind, subject.as_deref());
    match assertion {
        Assertion::Occurred(a) => format!("{} {}", plain(&a.kind, &a.subject), a.when),
        Assertion::Absent(a) => {
            let period = a.period.as_ref().map_or(String::new(), |when| format!(" in {when}"));
            format!("no {}{period}", plain(&a.kind, &a.subject))
        }
        Assertion::Will(a) => {
            let due = a.due.as_ref().map_or(String::new(), |due| format!(" by {due}"));
            format!("{}{due}", plain(&a.what, &a.subject))
        }
        Assertion::WillNot(a) => {
            let period = a.period.as_ref().map_or(String::new(), |when| format!(" in {when}"));
            format!("no {}{period}", plain(&a.what, &a.subject))
        }
        other => other.summary(),
    }
}

/// Returns in a line which words of `old` became which of `new`; `None` if the words are the same,
/// whatever the spaces, the case, the marks of emphasis, the punctuation and the encoding.
pub(crate) fn difference(old: &str, new: &str) -> Option<String> {
    let same = |(a, b): &(&&str, &&str)| plain(a) == plain(b);
    let words = |text| str::split_whitespace(text).filter(|word| !plain(word).is_empty());
    let (old, new): (Vec<&str>, Vec<&str>) = (words(old).collect(), words(new).collect());
    let start = old.iter().zip(&new).take_while(same).count();
    let (old, new) = (&old[start..], &new[start..]);
    let end = old.iter().rev().zip(new.iter().rev()).take_while(same).count();
    let apart = |words: &[&str]| {
        let words = words[..words.len() - end].join(" ");
        quoted(words.trim_matches(|c: char| c == '"' || c.is_whitespace()))
    };
    match (apart(old), apart(new)) {
        (old, new) if old.is_empty() && new.is_empty() => None,
        (old, new) if old.is_empty() => Some(format!("put in: \"{new}\"")),
        (old, new) if new.is_empty() => Some(format!("taken out: \"{old}\"")),
        (old, new) => Some(format!("\"{old}\" became \"{new}\"")),
    }
}

/// Returns a word without its marks, and with one form of each that may be written in several. A
/// bullet alone is no word.
fn plain(word: &str) -> String {
    let unseen = |c: char| "\u{feff}\u{200b}\u{200c}\u{200d}\u{2060}\u{ad}".contains(c);
    let form = |c: char| match c {
        '\u{2018}' | '\u{2019}' => '\'',
        '\u{201c}' | '\u{201d}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        other => other,
    };
    let word: String = word.nfc().filter(|c| !unseen(*c)).map(form).collect();
    let dress = |c: char| "*_`\"'.,;:!?()\u{2026}".contains(c);
    let word = word.trim_matches(dress).replace('\u{2026}', "...").to_lowercase();
    let bullet = |c: char| "-+\u{2022}\u{b7}\u{25cf}\u{25e6}".contains(c);
    if word.chars().all(bullet) { String::new() } else { word }
}

/// Returns a name that an author chose, cut if it is very long.
pub(crate) fn name(text: &str) -> String {
    clipped(text, NAME_MAX)
}

/// Returns somebody's text, cut if it is long.
pub(crate) fn quoted(text: &str) -> String {
    clipped(text, QUOTED_MAX)
}

fn clipped(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(max - 1).collect();
    format!("{}\u{2026}", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_and_its_subject_are_told_in_words() {
        let kind: Kind = "legal.step.notice_received".parse().unwrap();
        assert_eq!(named(&kind, Some("order")), "legal step notice received (order)");
        assert_eq!(named(&kind, None), "legal step notice received");
    }

    #[test]
    fn the_words_of_a_claim_lead_where_kinds_and_names_say_little() {
        let claim = serde_json::json!({ "says": "will_not", "what": "legal.instrument",
            "subject": "letters", "origin": "annotated", "text": "no other such letter" });
        let claim: Claim = serde_json::from_value(claim).unwrap();
        assert_eq!(made(&claim), "no other such letter [no legal instrument (letters)]");
        let claim = Claim { text: None, ..claim };
        assert_eq!(made(&claim), "no legal instrument (letters)");
    }

    #[test]
    fn two_wordings_differ_in_the_words_between_those_that_they_share() {
        for (old, new, words) in [
            ("is necessary and fit", "is fit", Some("taken out: \"necessary and\"")),
            ("one person", "one  *person* abroad", Some("put in: \"abroad\"")),
            ("within a day", "within a week", Some("\"day\" became \"week\"")),
            ("**Within** a day", "within a\nday.", None),
            ("caf\u{e9}", "cafe\u{301}", None),
            ("cafe\u{301}", "cafe", Some("\"cafe\u{301}\" became \"cafe\"")),
            ("the \"fit and good\" word", "the \"good\" word", Some("taken out: \"fit and\"")),
            ("below 5%", "below 5", Some("\"5%\" became \"5\"")),
            ("\u{feff}It's \"x\" - y...", "It\u{2019}s \u{201c}x\u{201d} \u{2013} y\u{2026}", None),
            ("* one\n* two\n1. x", "- one\n\u{2022} two\n1) x", None),
            ("a\u{200b}b", "ab", None),
            ("by -5", "by 5", Some("\"-5\" became \"5\"")),
            ("a a", "a a a", Some("put in: \"a\"")),
        ] {
            assert_eq!(difference(old, new).as_deref(), words, "{old} {new}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let long = "\u{e9}".repeat(1000);
        assert_eq!(quoted(&long).chars().count(), QUOTED_MAX);
        assert_eq!(name("ai-3"), "ai-3");
    }
}
