//! T512: a text that the organisation committed as published, held against the text that a capture
//! shows in its place.

use tally_ledger::hash::Hash;
use tally_ledger::replay::{Fact, Statement, Timeline, Version};
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::document::Measured;

use super::PUBLISHED;
use crate::case::Case;
use crate::committed::{Whose, captured, committed, whose};
use crate::exact::Exact;
use crate::finding::{Evidence, Finding, Relation, Verdict};
use crate::source::Place;
use crate::words::{difference, name};

/// What Bugzilla itself puts before the words of a comment.
const TRACKERS_OWN: [&str; 2] = ["Created attachment ", "User Agent: "];

/// What one capture shows of a committed text.
struct Shown<'a> {
    fact: &'a Fact,
    verdict: Verdict,
    words: &'static str,
    notes: Vec<String>,
}

/// A page that was captured: where, and the entry with its digest.
type Page<'a> = (Place, &'a Fact, Hash);

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let committed = committed(&case.claims);
    if committed.is_empty() {
        return Vec::new();
    }
    let timeline = case.claims.timeline();
    let (exact, measured) = (Exact::of(case), measured(timeline));
    let held = committed.into_iter().filter_map(|text| {
        // The digest of a page with other texts is not that of the text.
        let is_its = |version: &&Version| version.digest.is_some_and(|d| !exact.is_page(&d));
        let own: Vec<&Version> = text.versions.iter().filter(is_its).collect();
        let mut shown = Vec::new();
        for other in captured(&case.claims, text) {
            let theirs: Vec<&Version> = other.versions.iter().filter(is_its).collect();
            shown.extend(held(case, (text, &own), (other, &theirs)));
        }
        shown.extend(measured.iter().filter_map(|page| of_page(text, &own, page)));
        found(timeline, text, shown)
    });
    held.collect()
}

/// Returns the pages that entries say were captured.
fn measured(timeline: &Timeline) -> Vec<Page<'_>> {
    let pages = timeline.facts().iter().filter_map(|fact| match fact.body() {
        Some(Body::MeasurementTaken(taken)) if taken.what == Measured::Page => {
            Some((Place::new(taken.url.as_ref()?, None), fact, taken.digest))
        }
        _ => None,
    });
    pages.collect()
}

fn of_page<'a>(text: &Statement, own: &[&Version], page: &Page<'a>) -> Option<Shown<'a>> {
    let (place, fact, digest) = page;
    if *place != Place::of(text) || own.is_empty() {
        return None;
    }
    let same = own.iter().any(|version| version.digest == Some(*digest));
    let (verdict, words) = if same {
        (Verdict::Tallies, "the page captured is the same")
    } else {
        let why = "the page captured has another digest; whether it was captured in the same form \
                   is not recorded";
        (Verdict::Undetermined, why)
    };
    Some(Shown { fact, verdict, words, notes: Vec::new() })
}

/// Holds the versions of a committed text against those that one capture shows.
fn held<'a>(
    case: &Case<'a>,
    (text, own): (&Statement, &[&Version]),
    (other, theirs): (&'a Statement, &[&Version]),
) -> Option<Shown<'a>> {
    let whose = whose(other, text);
    if whose == Whose::Other {
        return None;
    }
    let (first, last) = (own.first()?, own.last()?);
    let (earliest, latest) = (theirs.first()?, theirs.last()?);
    let fact = case.claims.timeline().fact(latest.seq)?;
    let show = |verdict, words| Shown { fact, verdict, words, notes: Vec::new() };
    Some(match () {
        () if latest.digest == last.digest => {
            show(Verdict::Tallies, "the text captured is the same")
        }
        () if theirs.iter().any(|version| version.digest == last.digest) => {
            show(Verdict::Tallies, "the text captured was the same before it was edited")
        }
        () if own.iter().any(|version| version.digest == latest.digest) => {
            let why = "the text captured is the one before the edit that is recorded; whether it \
                       was captured before that is not shown";
            show(Verdict::Undetermined, why)
        }
        () => {
            let texts = [first, earliest].map(|version| case.texts.get(&version.digest?));
            let (verdict, words, notes) = compare(first.digest, texts, whose);
            Shown { fact, verdict, words, notes }
        }
    })
}

/// Compares the committed text with the captured one, which has another digest.
fn compare(
    digest: Option<Hash>,
    [own, seen]: [Option<&str>; 2],
    whose: Whose,
) -> (Verdict, &'static str, Vec<String>) {
    const SPACES: &str = "the text captured differs in spaces and ends of lines alone";
    let plain = |verdict, words| (verdict, words, Vec::new());
    let (own, seen) = match (own, seen) {
        (Some(own), Some(seen)) => (own, seen),
        (None, Some(seen)) if ends(seen).any(|text| Some(Hash::of(text.as_bytes())) == digest) => {
            return plain(Verdict::ForTheReader, SPACES);
        }
        _ => {
            let why = "the text captured has another digest; in what they differ is not shown, as \
                       not both texts are at hand";
            return plain(Verdict::Undetermined, why);
        }
    };
    let spaced = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (own_words, seen_words) = (spaced(own), spaced(seen));
    if own_words == seen_words {
        return plain(Verdict::ForTheReader, SPACES);
    }
    let Some(words) = difference(own, seen) else {
        let why = "the text captured differs in punctuation or emphasis alone";
        return plain(Verdict::ForTheReader, why);
    };
    let put_before = seen_words.strip_suffix(&own_words);
    if put_before.is_some_and(|before| TRACKERS_OWN.iter().any(|own| before.starts_with(own))) {
        let why = "the text captured is the same, after what the tracker puts before it";
        return plain(Verdict::ForTheReader, why);
    }
    if whose == Whose::Unknown {
        let why = "the text captured has other words; by whose account it was posted is not known";
        return (Verdict::Undetermined, why, vec![words]);
    }
    let edit = "it may have been edited in place after it appeared; no such edit is recorded";
    (Verdict::Diverges, "the text captured has other words", vec![words, edit.to_owned()])
}

/// Returns a text with the other ends that its lines may have had when its digest was taken.
fn ends(text: &str) -> impl Iterator<Item = String> {
    let bare = text.replace("\r\n", "\n");
    let bare = bare.trim_end().to_owned();
    let tails = ["", "\n", "\n\n"].map(|tail| format!("{bare}{tail}"));
    tails.into_iter().flat_map(|text| [text.replace('\n', "\r\n"), text])
}

/// Makes one finding of what all captures show of a text.
fn found(timeline: &Timeline, text: &Statement, mut shown: Vec<Shown<'_>>) -> Option<Finding> {
    use Verdict::{Diverges, ForTheReader, Tallies};
    let weight = |verdict| {
        let order = [Diverges, Tallies, ForTheReader];
        order.iter().position(|known| *known == verdict).unwrap_or(order.len())
    };
    shown.sort_by_key(|shown| (weight(shown.verdict), shown.fact.seq));
    let has = |verdict| shown.iter().any(|shown| shown.verdict == verdict);
    let torn = has(Diverges) && has(Tallies);
    let lead = shown.first()?;
    let (verdict, words) = if torn {
        let why = "one capture has the same text, another has not; when it was edited is not shown";
        (Verdict::Undetermined, why)
    } else {
        (lead.verdict, lead.words)
    };
    let message =
        format!("{}: committed as published {}; {words}", name(&text.name), text.published);
    let mut finding = Finding::new(&PUBLISHED, verdict, message);
    finding.subject = Some(text.name.clone());
    finding.compared = format!("compared with a capture ({})", timeline.label(lead.fact.seq));
    finding.notes.clone_from(&lead.notes);
    finding.evidence = shown
        .iter()
        .map(|shown| {
            let relation = match shown.verdict {
                Tallies => Relation::Agrees,
                Diverges => Relation::Differs,
                Verdict::Undetermined => Relation::Unclear,
                _ => Relation::Beside,
            };
            Evidence { relation, ..Evidence::beside(shown.fact) }
        })
        .collect();
    finding.evidence.extend(timeline.fact(text.seq).map(Evidence::beside));
    Some(finding)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tally_ledger::hash::Hash;
    use tally_testkit::casebook::Casebook;

    use crate::Texts;
    use crate::finding::{Finding, Severity, Verdict};
    use crate::probe::{BUG, beside, comment, findings_with, observer, official, own, published};

    const TEXT: &str = "We revoked all certificates.\n";

    fn digest(text: &str) -> String {
        Hash::of(text.as_bytes()).to_string()
    }

    /// Returns a ledger that commits the text as comment 4 of the bug.
    fn committed() -> Casebook {
        let mut book = own();
        let body = published(official(), 4, "2026-04-01T12:00Z", json!({ "digest": digest(TEXT) }));
        book.record(json!({ "kind": "statement.published", "incident": "x", "body": body }));
        book
    }

    /// Returns what is found where a capture shows those versions of the comment, by that speaker.
    fn captured(
        book: &Casebook,
        speaker: Json,
        versions: &[&str],
        at_hand: &[&str],
    ) -> Vec<Finding> {
        let first = json!({ "digest": digest(versions[0]) });
        let mut events =
            vec![("statement.published", published(speaker, 4, "2026-04-01T12:00Z", first))];
        events.extend(versions[1..].iter().map(|text| {
            let body = json!({ "id": "c4", "revised": "2026-04-02Z", "digest": digest(text) });
            ("statement.revised", body)
        }));
        let mut texts = Texts::default();
        for text in at_hand {
            texts.add((*text).to_owned());
        }
        findings_with(book, "T512", &[beside("page.json", &events)], texts)
    }

    fn verdict(versions: &[&str], at_hand: &[&str]) -> Verdict {
        let found = captured(&committed(), official(), versions, at_hand);
        let [finding] = &found[..] else { panic!("{found:#?}") };
        finding.verdict
    }

    #[test]
    fn the_same_text_tallies_and_other_words_diverge() {
        assert_eq!(verdict(&[TEXT], &[]), Verdict::Tallies);
        let other = "We revoked some certificates.\n";
        let found = captured(&committed(), official(), &[other], &[TEXT, other]);
        let [finding] = &found[..] else { panic!("{found:#?}") };
        assert_eq!((finding.verdict, finding.severity), (Verdict::Diverges, Severity::Medium));
        assert_eq!(
            finding.message,
            "c4: committed as published 2026-04-01 12:00 UTC; the text captured has other words"
        );
        assert_eq!(finding.notes[0], "\"all\" became \"some\"");
        assert_eq!(finding.compared, "compared with a capture (number 0 of page.json)");
    }

    #[test]
    fn spaces_punctuation_and_what_the_tracker_puts_before_it_are_no_divergence() {
        for seen in [
            "We revoked all certificates.",
            "We revoked all\r\ncertificates.  ",
            "We *revoked* all certificates!",
            "Created attachment 7\nlist.csv\n\nWe revoked all certificates.",
        ] {
            assert_eq!(verdict(&[seen], &[TEXT, seen]), Verdict::ForTheReader, "{seen}");
        }
        // The usual ends of lines are told even without the committed text.
        let bare = "We revoked all certificates.";
        assert_eq!(verdict(&[bare], &[bare]), Verdict::ForTheReader);
    }

    #[test]
    fn without_both_texts_or_by_an_unknown_account_nothing_is_decided() {
        let other = "We revoked some certificates.\n";
        assert_eq!(verdict(&[other], &[other]), Verdict::Undetermined);
        assert_eq!(verdict(&[other], &[TEXT]), Verdict::Undetermined);
        let unknown = json!({ "capacity": "participant" });
        let found = captured(&committed(), unknown, &[other], &[TEXT, other]);
        assert_eq!(found[0].verdict, Verdict::Undetermined);
    }

    #[test]
    fn an_edit_that_the_capture_shows_is_left_to_the_rule_of_edits() {
        let other = "We revoked some certificates.\n";
        assert_eq!(verdict(&[TEXT, other], &[TEXT, other]), Verdict::Tallies);
    }

    #[test]
    fn a_text_that_was_captured_before_its_recorded_edit_is_undetermined() {
        let mut book = committed();
        let body = json!({ "id": "c4", "revised": "2026-04-02Z", "digest": digest("Edited.") });
        book.record(json!({ "kind": "statement.revised", "incident": "x", "body": body }));
        assert_eq!(captured(&book, official(), &[TEXT], &[])[0].verdict, Verdict::Undetermined);
        assert_eq!(captured(&book, official(), &["Edited."], &[])[0].verdict, Verdict::Tallies);
    }

    #[test]
    fn another_partys_text_in_that_place_and_an_observers_record_are_no_finding() {
        let other = "We revoked some certificates.\n";
        let theirs = json!({ "capacity": "official", "organisation": "A root program" });
        assert!(captured(&committed(), theirs, &[other], &[TEXT, other]).is_empty());
        let mut book = observer();
        comment(&mut book, official(), 4, "2026-04-01T12:00Z", json!({ "digest": digest(TEXT) }));
        assert!(captured(&book, official(), &[other], &[TEXT, other]).is_empty());
    }

    #[test]
    fn a_captured_page_of_the_same_digest_tallies_and_of_another_decides_nothing() {
        for (text, expected) in [(TEXT, Verdict::Tallies), ("<p>", Verdict::Undetermined)] {
            let mut book = committed();
            let url = format!("{BUG}#c4");
            let body = json!({ "what": "page", "url": url, "digest": digest(text) });
            book.record(json!({ "kind": "measurement.taken", "incident": "x",
                                "occurred": "2026-04-02Z", "body": body }));
            let found = findings_with(&book, "T512", &[], Texts::default());
            assert_eq!(found[0].verdict, expected, "{text}");
        }
    }
}
