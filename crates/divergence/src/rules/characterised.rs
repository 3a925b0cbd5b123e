//! T901: an opinion. It is never decided: it is shown to the reader beside what is recorded.

use tally_ledger::claim::{Assertion, Characterises};
use tally_ledger::replay::{Fact, Timeline};
use tally_ledger::time::When;
use tally_ledger::vocabulary::occurrence::Occurrence;

use super::CHARACTERISED;
use crate::case::Case;
use crate::claims::{Claims, Held};
use crate::finding::{Evidence, Finding, StatementRef, Verdict};
use crate::index::Key;
use crate::words::{name, named, quoted};

/// The most entries that are shown beside an opinion.
const BESIDE_MAX: usize = 12;
/// The most of them that are told in words.
const SHOWN_MAX: usize = 4;

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let claims = &case.claims;
    let held = claims.held().iter();
    held.filter_map(|held| match &held.claim.assertion {
        Assertion::Characterises(a) => Some(characterised(claims, held, a)),
        _ => None,
    })
    .collect()
}

fn characterised<'a>(claims: &Claims<'a>, held: &Held<'a>, claim: &Characterises) -> Finding {
    let subject = claim.subject.as_str();
    let of_subject = |fact: &&Fact| fact.subject() == Some(subject) && fact.seq != held.version.seq;
    let key = Key::Subject(subject);
    let facts: Vec<_> =
        claims.facts(held.perspective.feeds, key).into_iter().filter(of_subject).collect();
    let beside = match facts.len() {
        0 => "no other entry has that subject".to_owned(),
        1 => "1 entry has that subject".to_owned(),
        n => format!("{n} entries have that subject"),
    };
    let message = format!("stated of {}: \"{}\"; {beside}", name(subject), quoted(&claim.words));
    let mut finding = Finding::new(&CHARACTERISED, Verdict::ForTheReader, message);
    finding.statement = Some(StatementRef::of(held));
    finding.compared = String::from("an opinion: not decided");
    let timeline = claims.timeline();
    let shown = facts.iter().take(SHOWN_MAX).map(|fact| beside_it(timeline, fact));
    let shown: Vec<String> = shown.collect();
    if !shown.is_empty() {
        let more = facts.len().saturating_sub(SHOWN_MAX);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        finding.notes.push(format!("beside it: {}{more}", shown.join("; ")));
    }
    finding.notes.extend(said_else(claims, held, subject));
    finding.evidence = facts.into_iter().take(BESIDE_MAX).map(Evidence::beside).collect();
    finding
}

/// Returns the other words of the same speaker on that subject, in the order in which they were
/// said. Two opinions may part; that is for the reader as well.
fn said_else(claims: &Claims<'_>, held: &Held<'_>, subject: &str) -> Option<String> {
    let found = claims.held_under(held.perspective.feeds, Key::Subject(subject)).into_iter();
    let party = &held.perspective.party;
    let mut others: Vec<(&When, &str, &str)> = found
        .filter(|other| other.perspective.party.is(party))
        .filter(|other| other.statement.seq != held.statement.seq)
        .filter_map(|other| match &other.claim.assertion {
            Assertion::Characterises(a) => Some((other.at(), a.words.as_str(), other)),
            _ => None,
        })
        .map(|(at, words, other)| (at, words, other.statement.name.as_str()))
        .collect();
    others.sort_by_key(|(at, _, name)| (at.interval().start, *name));
    let shown = others.iter().take(SHOWN_MAX);
    let shown: Vec<String> =
        shown.map(|(at, words, name)| format!("\"{}\" ({name}, {at})", quoted(words))).collect();
    let more = others.len().saturating_sub(SHOWN_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!shown.is_empty())
        .then(|| format!("the same speaker said of it elsewhere: {}{more}", shown.join("; ")))
}

/// Returns what an entry says happened, in a few words.
fn beside_it(timeline: &Timeline, fact: &Fact) -> String {
    let occurrences = fact.body().map(|body| body.occurrences(fact.occurred()));
    let timed = occurrences.into_iter().flatten().find(|occurrence| occurrence.when.is_some());
    let place = timeline.label(fact.seq);
    match timed {
        Some(Occurrence { kind, when: Some(when), .. }) => {
            format!("{} {when} ({place})", named(&kind, None))
        }
        _ => format!("{} ({place})", named(&fact.kind, None)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::finding::{Severity, Verdict};
    use crate::probe::{fact, findings, only, own, said, said_by};

    #[test]
    fn other_words_of_the_same_speaker_on_the_subject_stand_beside_in_their_order() {
        let mut book = own();
        let words =
            |words: &str| json!({ "says": "characterises", "subject": "order", "words": words });
        said(&mut book, 5, "2025-05-10Z", words("as a last resort"));
        said(&mut book, 4, "2025-05-09Z", words("voluntarily"));
        let speaker = json!({ "capacity": "official", "organisation": "Another CA" });
        said_by(&mut book, speaker, 6, "2025-05-11Z", words("as a shield"));
        let found = findings(&book, "T901", None);
        let notes: Vec<&str> =
            found.iter().flat_map(|finding| &finding.notes).map(String::as_str).collect();
        assert_eq!(
            notes,
            [
                "the same speaker said of it elsewhere: \"voluntarily\" (c4, 2025-05-09 UTC)",
                "the same speaker said of it elsewhere: \"as a last resort\" (c5, 2025-05-10 UTC)",
            ]
        );
    }

    #[test]
    fn an_opinion_is_for_the_reader_beside_what_is_recorded_whatever_that_is() {
        let mut book = own();
        let claim = json!({ "says": "characterises", "subject": "order", "words": "voluntarily" });
        said(&mut book, 4, "2025-05-10Z", claim);
        let alone = only(&book, "T901");
        assert_eq!((alone.verdict, alone.severity), (Verdict::ForTheReader, Severity::Note));
        assert!(alone.message.ends_with("no other entry has that subject"));
        for _ in 0..20 {
            let step = json!({ "instrument": "order", "step": "opposed" });
            fact(&mut book, "legal.step", "2024-08-01", step);
        }
        let beside = only(&book, "T901");
        assert_eq!(beside.verdict, Verdict::ForTheReader);
        assert_eq!(beside.evidence.len(), super::BESIDE_MAX);
        assert!(beside.notes[0].starts_with("beside it: legal step opposed 2024-08-01 (entry 2)"));
    }
}
