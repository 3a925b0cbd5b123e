//! The words of a claim that are the statement's own: they alone may stand as a quotation of it.
//!
//! A claim's `text` is a paraphrase, or a quotation in quotation marks (docs/VOCABULARY.md). The
//! paraphrase is its recorder's, and nobody may be quoted with it.

use std::collections::BTreeMap;

use tally_ledger::replay::{Statement, Timeline, Version};

use crate::case::Texts;
use crate::exact::Exact;
use crate::finding::{Finding, StatementRef};
use crate::quotation::Plain;

/// The most characters of a statement that stand as the words of one claim.
const WORDS_MAX: usize = 1000;

/// Tells of each finding on a claim which words are the statement's own, as far as that is known.
pub(crate) fn tell(findings: &mut [Finding], timeline: &Timeline, texts: &Texts) {
    let statements = timeline.statements().iter();
    let versions: BTreeMap<u64, (&Statement, &Version)> = statements
        .flat_map(|of| of.versions.iter().map(move |version| (version.seq, (of, version))))
        .collect();
    let exact = Exact::new(timeline, texts);
    for said in findings.iter_mut().filter_map(|finding| finding.statement.as_mut()) {
        let version = versions.get(&said.seq);
        said.own_words = version.and_then(|(of, version)| {
            let page = version.digest.and_then(|digest| texts.get(&digest));
            own(said, version, page, &exact.parts(version, of))
        });
    }
}

/// Returns the statement's own words: what stands at the span of the exact text `page`, or the
/// claim's text if that stands word for word in one of the `parts` that are the statement's.
/// Without the exact text, a text in quotation marks counts if the claim names its bytes or the
/// statement its digest, by which it can be checked.
fn own(
    said: &StatementRef,
    version: &Version,
    page: Option<&str>,
    parts: &[&str],
) -> Option<String> {
    let text = said.text.as_deref().map(str::trim);
    let marked = text.and_then(within_marks);
    let Some(page) = page else {
        let checkable = said.span.is_some() || version.digest.is_some();
        return marked.filter(|_| checkable).map(str::to_owned);
    };
    if let Some([start, end]) = said.span {
        let bytes = usize::try_from(start).ok()?..usize::try_from(end).ok()?;
        return page.get(bytes).map(str::trim).filter(|words| !words.is_empty()).map(cut);
    }
    let words = marked.or(text)?;
    let stands = |part: &&str| {
        Plain::of(part).holds(words) == Some(true)
            && (marked.is_some() || spaced(part).contains(&spaced(words)))
    };
    parts.iter().any(stands).then(|| words.to_owned())
}

/// Returns what stands within the quotation marks of a text that is one quotation.
fn within_marks(text: &str) -> Option<&str> {
    let marks =
        [('"', '"'), ('\u{201c}', '\u{201d}'), ('\u{ab}', '\u{bb}'), ('\u{201e}', '\u{201c}')];
    marks.into_iter().find_map(|(open, close)| {
        let inner = text.strip_prefix(open)?.strip_suffix(close)?;
        (!inner.trim().is_empty() && !inner.contains([open, close])).then_some(inner)
    })
}

fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn cut(words: &str) -> String {
    match words.char_indices().nth(WORDS_MAX) {
        None => words.to_owned(),
        Some((end, _)) => format!("{}\u{2026}", words[..end].trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tally_ledger::hash::Hash;

    use super::*;
    use crate::probe::{comment, observer, official};
    use crate::{Terms, diverge};

    const TEXT: &str = "All is done. We sent no such letter,\nto our knowledge.";

    /// Returns the own words of a claim in a comment, with its exact text at hand or not.
    fn words(members: Json, digest: bool, at_hand: bool) -> Option<String> {
        let mut texts = Texts::default();
        let of = Hash::of(TEXT.as_bytes()).to_string();
        if at_hand {
            texts.add(TEXT.to_owned());
        }
        let mut claim = json!({ "says": "none", "kind": "legal.instrument" });
        claim.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let mut more = json!({ "claims": [claim] });
        if digest {
            more["digest"] = of.into();
        }
        let mut book = observer();
        comment(&mut book, official(), 4, "2024-08-01Z", more);
        let terms = Terms { texts, ..Terms::default() };
        let report = diverge(&Timeline::replay(&book.ledger()), &terms);
        report.findings[0].statement.clone().unwrap().own_words
    }

    #[test]
    fn only_the_statements_own_words_are_its_own() {
        let found = |text: &str| words(json!({ "text": text }), true, true);
        assert_eq!(found("no such letter, to our knowledge").as_deref().map(str::len), Some(32));
        assert_eq!(found("\"no such letter\"").as_deref(), Some("no such letter"));
        assert_eq!(found("no other such letter"), None, "a paraphrase");
        assert_eq!(found("\"no other letter\""), None, "marks alone quote nothing");
        assert_eq!(found("no such \"letter\""), None);
        let span = json!({ "span": [13, 35], "text": "that there was none" });
        assert_eq!(words(span, true, true).as_deref(), Some("We sent no such letter"));
        assert_eq!(words(json!({ "span": [13, 900], "text": "x" }), true, true), None);
    }

    #[test]
    fn without_the_text_a_quotation_has_to_be_one_that_can_be_checked() {
        let marked = json!({ "text": "\"no such letter\"" });
        assert_eq!(words(marked.clone(), false, false), None);
        assert_eq!(words(marked, true, false).as_deref(), Some("no such letter"));
        assert_eq!(words(json!({ "text": "no such letter" }), true, false), None);
        let two = json!({ "text": "\"no\" and \"letter\"", "span": [0, 3] });
        assert_eq!(words(two, true, false), None, "two quotations with words between");
    }
}
