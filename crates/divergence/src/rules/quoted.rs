//! T502: the words that a statement quotes of another text, looked for in that text.

use std::collections::BTreeMap;

use tally_ledger::claim::{Assertion, Said};
use tally_ledger::hash::Hash;
use tally_ledger::replay::{Statement, Version};

use super::QUOTED;
use super::citation::named;
use crate::case::Case;
use crate::claims::Held;
use crate::exact::Exact;
use crate::finding::{Finding, Relation, Verdict};
use crate::quotation::Plain;
use crate::source::{Backing, Place, Source};
use crate::weigh::{Account, Decision, found};
use crate::words::quoted;

/// The texts that are at hand, and what is known of them.
struct Library<'c> {
    case: &'c Case<'c>,
    /// The texts that were looked into, without their dress.
    plain: BTreeMap<Hash, Plain>,
    exact: Exact<'c>,
}

/// What looking for words in a version of a text showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    /// They stand there.
    There,
    /// The text is at hand, and they do not.
    Lacking,
    /// Only a page with other texts is at hand.
    Page,
    /// The text is not at hand.
    Missing,
}

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let mut library = Library { case, plain: BTreeMap::new(), exact: Exact::of(case) };
    let held = case.claims.held().iter();
    held.filter_map(|held| match &held.claim.assertion {
        Assertion::Said(claim) => library.look(held, claim),
        _ => None,
    })
    .collect()
}

impl Library<'_> {
    /// Returns the finding on a quotation; `None` if nothing is quoted, or no text of the place is
    /// at hand, which the finding on the citation says.
    fn look(&mut self, held: &Held<'_>, claim: &Said) -> Option<Finding> {
        let quotation = claim.quotation.as_deref()?;
        let place = Place::new(&claim.cited.url, claim.cited.item);
        let mut best: Option<(Found, &Statement, &Version)> = None;
        let mut lacking = true;
        for cited in self.case.claims.at(&place) {
            for version in cited.versions.iter().rev() {
                let found = self.find(version, cited, quotation)?;
                lacking &= found == Found::Lacking;
                if best.is_none_or(|(known, ..)| found < known) {
                    best = Some((found, cited, version));
                }
            }
        }
        let (found_as, cited, version) = best.filter(|(found, ..)| *found != Found::Missing)?;
        let last = cited.versions.last().is_some_and(|last| last.seq == version.seq);
        let (verdict, relation, why) = match found_as {
            Found::There if last => {
                (Verdict::Tallies, Relation::Agrees, "the text has these words")
            }
            Found::There => {
                let why = "the text had these words before it was edited";
                (Verdict::Tallies, Relation::Agrees, why)
            }
            Found::Lacking if lacking => {
                let why = "the text does not have these words";
                (Verdict::Diverges, Relation::Differs, why)
            }
            Found::Lacking => {
                let why = "the text does not have these words, and it was edited: another version \
                           of it is not at hand";
                (Verdict::Undetermined, Relation::Unclear, why)
            }
            Found::Page | Found::Missing => {
                let why = "the text at hand is a page with other texts, and where this one stands \
                           in it is not recorded";
                (Verdict::Undetermined, Relation::Unclear, why)
            }
        };
        let text = named(&claim.cited.url, claim.cited.item);
        let message = format!("stated: {text} says \"{}\"; {why}", quoted(quotation));
        let mut notes = Vec::new();
        if verdict == Verdict::Diverges {
            notes.push("the number or the address may be what is mistaken".to_owned());
        }
        let fact = self.case.claims.timeline().fact(version.seq)?;
        let backing = Backing { source: Source::CitedText, told_by: vec![cited] };
        let account = Account::of_fact(fact, backing, String::new()).holds(relation, None);
        let decision = Decision { verdict, message, notes, lead: 0 };
        Some(found(&QUOTED, &self.case.claims, Some(held), decision, &[account]))
    }

    /// Looks for words in one version of a text; `None` if the quotation has no words.
    fn find(&mut self, version: &Version, cited: &Statement, quotation: &str) -> Option<Found> {
        let texts = self.case.texts;
        let at_hand = version.digest.and_then(|digest| Some((digest, texts.get(&digest)?)));
        let Some((digest, text)) = at_hand else {
            return Some(Found::Missing);
        };
        if !self.exact.is_page(&digest) {
            let plain = self.plain.entry(digest).or_insert_with(|| Plain::of(text));
            return Some(if plain.holds(quotation)? { Found::There } else { Found::Lacking });
        }
        let parts = self.exact.parts(version, cited);
        let holds = |part: &&str| Plain::of(part).holds(quotation) == Some(true);
        Some(if parts.iter().any(holds) { Found::There } else { Found::Page })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tally_ledger::replay::Timeline;
    use tally_testkit::casebook::Casebook;

    use crate::finding::{Finding, Severity, Verdict};
    use crate::probe::{BUG, comment, observer, official, said};
    use crate::{Terms, Texts, diverge};

    const TEXT: &str = "We will **revoke** all certificates by Saturday.";

    fn citing(book: &mut Casebook, quotation: &str) {
        let claim = json!({ "says": "said", "cited": { "url": BUG, "item": 4 },
                            "quotation": quotation });
        said(book, 9, "2025-04-04Z", claim);
    }

    fn on(book: &Casebook, texts: Texts) -> Vec<Finding> {
        let terms = Terms { texts, ..Terms::default() };
        let found = diverge(&Timeline::replay(&book.ledger()), &terms).findings;
        found.into_iter().filter(|finding| finding.code == "T502").collect()
    }

    /// Returns what is found of words that are quoted of a comment with that text at hand.
    fn quoting(quotation: &str) -> Finding {
        let mut texts = Texts::default();
        let digest = texts.add(TEXT.to_owned()).to_string();
        let mut book = observer();
        comment(&mut book, official(), 4, "2024-08-01Z", json!({ "digest": digest }));
        citing(&mut book, quotation);
        on(&book, texts).remove(0)
    }

    #[test]
    fn words_that_the_text_has_tally_in_whatever_dress() {
        for words in ["we will revoke all certificates", "We will \u{2026} by Saturday"] {
            assert_eq!(quoting(words).verdict, Verdict::Tallies, "{words}");
        }
    }

    #[test]
    fn words_that_the_text_at_hand_lacks_diverge() {
        let finding = quoting("we will revoke some certificates");
        assert_eq!((finding.verdict, finding.severity), (Verdict::Diverges, Severity::Low));
        assert!(finding.message.ends_with("the text does not have these words"));
        assert!(finding.notes[0].contains("may be what is mistaken"));
    }

    #[test]
    fn without_the_text_the_finding_on_the_citation_says_so() {
        let mut book = observer();
        comment(&mut book, official(), 4, "2024-08-01Z", json!({ "digest": "ab".repeat(32) }));
        citing(&mut book, "we will");
        assert!(on(&book, Texts::default()).is_empty());
    }

    #[test]
    fn a_version_that_is_not_at_hand_may_have_had_the_words() {
        let mut texts = Texts::default();
        let now = texts.add(TEXT.to_owned()).to_string();
        for (before, quotation, expected) in [
            ("ab".repeat(32), "revoke some", Verdict::Undetermined),
            (texts.add("We revoke some.".to_owned()).to_string(), "revoke some", Verdict::Tallies),
            (texts.add("We wait.".to_owned()).to_string(), "revoke some", Verdict::Diverges),
        ] {
            let mut book = observer();
            comment(&mut book, official(), 4, "2024-08-01Z", json!({ "digest": before }));
            let revised = json!({ "id": "c4", "revised": "2024-08-02Z", "digest": now });
            book.record(json!({ "kind": "statement.revised", "incident": "x", "body": revised }));
            citing(&mut book, quotation);
            assert_eq!(on(&book, texts.clone())[0].verdict, expected);
        }
    }

    #[test]
    fn of_a_page_with_other_texts_only_the_part_that_is_named_counts() {
        let mut texts = Texts::default();
        let page = format!("{TEXT}\n\nSomebody quotes: revoke some certificates");
        let digest = texts.add(page).to_string();
        for (span, quotation, expected) in [
            (json!([0, TEXT.len()]), "all certificates", Verdict::Tallies),
            (json!([0, TEXT.len()]), "revoke some", Verdict::Undetermined),
        ] {
            let mut book = observer();
            let basis = json!({ "stated": [
                { "url": BUG, "item": 4, "digest": digest, "span": span } ] });
            book.record(json!({ "kind": "statement.published", "incident": "x", "basis": basis,
                "body": { "id": "c4", "channel": "bugzilla", "url": BUG, "item": 4,
                          "speaker": official(), "published": "2024-08-01Z", "digest": digest } }));
            comment(&mut book, official(), 5, "2024-08-02Z", json!({ "digest": digest }));
            citing(&mut book, quotation);
            assert_eq!(on(&book, texts.clone())[0].verdict, expected, "{quotation}");
        }
    }
}
