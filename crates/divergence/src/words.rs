//! The words of messages: kinds, subjects, and other people's text cut to a bearable length.

use tally_ledger::name::Kind;

/// The most characters of somebody's text that a message repeats.
const QUOTED_MAX: usize = 200;
/// The most characters of a name.
const NAME_MAX: usize = 80;

/// Returns a kind and its subject in words, as messages name them.
pub(crate) fn named(kind: &Kind, subject: Option<&str>) -> String {
    let kind = kind.as_str().replace(['.', '_'], " ");
    subject.map_or_else(|| kind.clone(), |subject| format!("{kind} ({})", name(subject)))
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
    fn a_long_text_is_cut_between_characters() {
        let long = "\u{e9}".repeat(1000);
        assert_eq!(quoted(&long).chars().count(), QUOTED_MAX);
        assert_eq!(name("ai-3"), "ai-3");
    }
}
