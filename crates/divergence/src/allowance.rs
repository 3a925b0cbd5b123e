//! A length of time that words allow, and what it counts from: "within 24 hours of becoming aware".

use crate::pack::Limit;

/// The most words between a length and the word that says what it counts from.
const APART_MAX: usize = 8;
/// The longest number of hours or days that is understood.
const NUMBER_MAX: u32 = 9999;
/// Numbers that are written as words.
const NUMBERS: [(&str, u32); 12] = [
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("fourteen", 14),
    ("thirty", 30),
];
/// Words for what a length counts from, and the kind that they mean.
const STARTS: [(&[&str], &str); 10] = [
    (&["aware"], "incident.awareness"),
    (&["awareness"], "incident.awareness"),
    (&["problem", "report"], "incident.problem_report"),
    (&["cpr"], "incident.problem_report"),
    (&["identified"], "incident.milestone.identified"),
    (&["identification"], "incident.milestone.identified"),
    (&["served"], "legal.step.served"),
    (&["service"], "legal.step.served"),
    (&["granted"], "legal.step.granted"),
    (&["order"], ORDER),
];
/// What "of the order" means unless the words say which step of it.
const ORDER: &str = "legal.step.granted";

/// A length of time that words allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Allowance {
    /// How long.
    pub(crate) limit: Limit,
    /// The kind of what it counts from, if the words say one.
    pub(crate) since: Option<&'static str>,
}

impl Allowance {
    /// Reads the one length of time in `words`; `None` if there is none, if there are several that
    /// differ, and of days that are only some of the calendar's.
    pub(crate) fn read(words: &str) -> Option<Self> {
        let lower = words.to_lowercase();
        let words: Vec<&str> =
            lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let mut found: Option<Self> = None;
        for at in 0..words.len() {
            let Some((limit, end)) = length(&words, at) else {
                continue;
            };
            if found.as_ref().is_some_and(|known| known.limit != limit) {
                return None;
            }
            let since = start(&words[end..]);
            found = Some(Self { since: since.or(found.and_then(|known| known.since)), limit });
        }
        found
    }
}

/// Returns the length that begins at a word, and the position after it.
fn length(words: &[&str], at: usize) -> Option<(Limit, usize)> {
    let word = words[at];
    let (number, unit, end) = match word.find(|c: char| !c.is_ascii_digit()) {
        // "24h"
        Some(digits) if digits > 0 => (word[..digits].parse().ok()?, &word[digits..], at + 1),
        Some(_) => (NUMBERS.iter().find(|(name, _)| *name == word)?.1, *words.get(at + 1)?, at + 2),
        None => (word.parse().ok()?, *words.get(at + 1)?, at + 2),
    };
    if number == 0 || number > NUMBER_MAX {
        return None;
    }
    match unit {
        "h" | "hr" | "hrs" | "hour" | "hours" => Some((Limit::Hours(number), end)),
        "day" | "days" => Some((Limit::Days(number), end)),
        _ => None,
    }
}

/// Returns the kind of what a length counts from that the words after it name, if it is one.
fn start(after: &[&str]) -> Option<&'static str> {
    let counted = ["of", "after", "from", "since", "following", "upon"];
    if !after.first().is_some_and(|word| counted.contains(word)) {
        return None;
    }
    let near = &after[..after.len().min(APART_MAX)];
    let named = |words: &[&str]| near.windows(words.len()).any(|part| part == words);
    let starts = STARTS.iter().filter(|(words, _)| named(words)).map(|(_, kind)| *kind);
    let mut kinds: Vec<&str> = starts.collect();
    if kinds.iter().any(|kind| *kind != ORDER && kind.starts_with("legal.")) {
        kinds.retain(|kind| *kind != ORDER);
    }
    kinds.dedup();
    if let [kind] = kinds[..] { Some(kind) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_read_with_what_it_counts_from() {
        for (words, limit, since) in [
            ("within 24 hours of becoming aware", Limit::Hours(24), Some("incident.awareness")),
            ("own decision, 120 h", Limit::Hours(120), None),
            (
                "in five days from the receipt of the problem report",
                Limit::Days(5),
                Some("incident.problem_report"),
            ),
            ("7 days after the order was served", Limit::Days(7), Some("legal.step.served")),
            ("1 day since awareness of the order", Limit::Days(1), None),
            ("twenty-four (24h) after service", Limit::Hours(24), Some("legal.step.served")),
            (
                "24 hours; that is 24 hours of the order",
                Limit::Hours(24),
                Some("legal.step.granted"),
            ),
            ("24 hours before the order", Limit::Hours(24), None),
        ] {
            assert_eq!(Allowance::read(words), Some(Allowance { limit, since }), "{words}");
        }
    }

    #[test]
    fn what_is_no_length_or_more_than_one_is_not_read() {
        for words in
            ["BR 4.9.1.1 (5)", "5 business days", "within 24 hours or 5 days", "0 days", ""]
        {
            assert_eq!(Allowance::read(words), None, "{words}");
        }
    }
}
