//! T513: a text that the organisation committed as published, looked for in captures of its page.

use tally_ledger::replay::{Fact, Statement, Timeline, shares_incident};

use super::UNSEEN;
use crate::capture::{Capture, Captures, captures};
use crate::case::Case;
use crate::committed::{Whose, committed, whose};
use crate::finding::{Evidence, Finding, Relation, Verdict};
use crate::source::Place;
use crate::words::name;

/// What a capture shows of a committed text.
struct Seen<'a> {
    verdict: Verdict,
    words: String,
    fact: &'a Fact,
}

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let timeline = case.claims.timeline();
    if timeline.joined().is_empty() {
        return Vec::new();
    }
    let captures = captures(timeline);
    let committed = committed(&case.claims).into_iter();
    let standing = committed.filter(|text| text.withdrawn.is_none());
    standing.filter_map(|text| looked_for(timeline, &captures, text)).collect()
}

/// Looks for a text in every capture of its page; `None` if nothing of its incident was captured.
fn looked_for(timeline: &Timeline, captures: &Captures<'_>, text: &Statement) -> Option<Finding> {
    let page = Place::page(&text.url);
    let beside = captures.iter().filter(|((_, source), _)| source.is_some());
    let here = beside.clone().filter(|((place, _), _)| *place == page);
    let mut seen: Vec<Seen<'_>> =
        here.filter_map(|(_, capture)| show(timeline, capture, text)).collect();
    if seen.is_empty() {
        let mut others = beside.filter_map(|(_, capture)| capture.whole);
        let (_, fact) = others.find(|(_, fact)| shares_incident(&fact.feeds, &text.feeds))?;
        let words = "another page was captured, and this one was not".to_owned();
        seen.push(Seen { verdict: Verdict::Undetermined, words, fact });
    }
    let order = [Verdict::Tallies, Verdict::ForTheReader, Verdict::Diverges, Verdict::Undetermined];
    let weight = |seen: &Seen<'_>| order.iter().position(|verdict| *verdict == seen.verdict);
    seen.sort_by_key(|seen| (weight(seen), seen.fact.seq));
    let lead = &seen[0];
    let message =
        format!("{}: committed as published {}; {}", name(&text.name), text.published, lead.words);
    let mut finding = Finding::new(&UNSEEN, lead.verdict, message);
    finding.subject = Some(text.name.clone());
    finding.compared = format!("compared with a capture ({})", timeline.label(lead.fact.seq));
    if lead.verdict == Verdict::Diverges {
        finding.notes.push(String::from(
            "it may have been hidden since, or the number or the address may be what is mistaken",
        ));
    }
    if lead.verdict == Verdict::Tallies && seen.iter().any(|s| s.verdict == Verdict::Diverges) {
        finding.notes.push("another capture does not have it".to_owned());
    }
    let relation = match lead.verdict {
        Verdict::Tallies => Relation::Agrees,
        Verdict::Diverges => Relation::Differs,
        Verdict::ForTheReader => Relation::Beside,
        _ => Relation::Unclear,
    };
    finding.evidence = vec![Evidence { relation, ..Evidence::beside(lead.fact) }];
    finding.evidence.extend(timeline.fact(text.seq).map(Evidence::beside));
    Some(finding)
}

/// Returns what the capture shows of a text on its page.
fn show<'a>(timeline: &'a Timeline, capture: &Capture<'a>, text: &Statement) -> Option<Seen<'a>> {
    let first = capture.first?;
    let place = Place::of(text);
    let same = |other: &Statement| {
        let digests = other.versions.iter().filter_map(|version| version.digest);
        let mut digests = digests.filter(|d| text.versions.iter().any(|v| v.digest == Some(*d)));
        digests.next().is_some()
    };
    let fact = capture.whole.map_or(first, |(_, fact)| fact);
    let seen = |verdict, words: String| Some(Seen { verdict, words, fact });
    let at = |other: &Statement| timeline.fact(other.seq);
    let there = capture.texts.iter().find(|other| Place::of(other) == place);
    if let Some(there) = there.filter(|there| whose(there, text) == Whose::Own || same(there)) {
        let words = "it stands on the captured page".to_owned();
        return Some(Seen { verdict: Verdict::Tallies, words, fact: at(there)? });
    }
    if let Some(other) = capture.texts.iter().find(|other| same(other)) {
        let number = other.item.map_or("there".to_owned(), |item| format!("as number {item}"));
        let words = format!("the captured page has this text {number}");
        return Some(Seen { verdict: Verdict::ForTheReader, words, fact: at(other)? });
    }
    if there.is_some_and(|there| whose(there, text) == Whose::Unknown) {
        let why = "a text by an account that nobody knows stands in its place";
        return seen(Verdict::Undetermined, why.to_owned());
    }
    let Some((at, taken)) = capture.whole else {
        let why = "not found in what was captured, which need not be all of the page";
        return seen(Verdict::Undetermined, why.to_owned());
    };
    let on = taken.occurred().map_or(String::new(), |when| format!(" of {when}"));
    if !text.published.interval().before(&at) {
        let why = format!("not found in the capture{on}, which may be older");
        return seen(Verdict::Undetermined, why);
    }
    let lacks = match place.item() {
        None => Some("and the number of the text is not recorded"),
        Some(_) if capture.last().is_none() => Some("which lacks numbers"),
        Some(_) => None,
    };
    if let Some(lacks) = lacks {
        let why = format!("not found in the capture{on}, {lacks}");
        return seen(Verdict::Undetermined, why);
    }
    let stands = there.map_or(String::new(), |other| {
        format!("; in its place stands a text by {}", name(&other.speaker.name()))
    });
    seen(Verdict::Diverges, format!("not found in the capture{on}{stands}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tally_testkit::casebook::Casebook;

    use crate::Texts;
    use crate::finding::{Finding, Severity, Verdict};
    use crate::probe::{BUG, beside, comment, findings_with, observer, official, own, published};

    /// Returns a ledger that commits comment 2 of the bug, with that digest.
    fn committed() -> Casebook {
        let mut book = own();
        let body =
            published(official(), 2, "2026-04-01T12:00Z", json!({ "digest": "ab".repeat(32) }));
        book.record(json!({ "kind": "statement.published", "incident": "x", "body": body }));
        book
    }

    fn other() -> Json {
        json!({ "capacity": "official", "organisation": "A root program" })
    }

    fn captured(at: &str) -> (&'static str, Json) {
        let body =
            json!({ "what": "tracker", "url": BUG, "digest": "cd".repeat(32), "occurred": at });
        ("measurement.taken", body)
    }

    fn item(item: u64, speaker: Json, more: Json) -> (&'static str, Json) {
        ("statement.published", published(speaker, item, "2026-03-01Z", more))
    }

    fn on(book: &Casebook, events: &[(&str, Json)]) -> Vec<Finding> {
        findings_with(book, "T513", &[beside("page.json", events)], Texts::default())
    }

    fn only(events: &[(&str, Json)]) -> Finding {
        let found = on(&committed(), events);
        let [finding] = &found[..] else { panic!("{found:#?}") };
        finding.clone()
    }

    /// Returns comments 0 and 1, by others.
    fn two() -> Vec<(&'static str, Json)> {
        vec![item(0, other(), json!({})), item(1, other(), json!({}))]
    }

    #[test]
    fn a_text_that_a_later_whole_capture_lacks_diverges() {
        let mut events = two();
        events.push(captured("2026-04-03T12:00Z"));
        let finding = only(&events);
        assert_eq!((finding.verdict, finding.severity), (Verdict::Diverges, Severity::Medium));
        assert_eq!(
            finding.message,
            "c2: committed as published 2026-04-01 12:00 UTC; not found in the capture of \
             2026-04-03 12:00 UTC"
        );
        assert_eq!(finding.compared, "compared with a capture (number 2 of page.json)");
        events.push(item(2, other(), json!({})));
        let finding = only(&events);
        assert_eq!(finding.verdict, Verdict::Diverges);
        assert!(finding.message.ends_with("stands a text by A root program"), "{finding:?}");
    }

    #[test]
    fn a_text_that_stands_there_tallies_and_under_another_number_is_for_the_reader() {
        let mut events = two();
        events.push(item(2, official(), json!({ "digest": "ef".repeat(32) })));
        assert_eq!(only(&events).verdict, Verdict::Tallies, "its words are for another rule");
        let mut events = two();
        events.push(item(2, other(), json!({})));
        events.push(item(3, official(), json!({ "digest": "ab".repeat(32) })));
        events.push(captured("2026-04-03T12:00Z"));
        let finding = only(&events);
        assert_eq!(finding.verdict, Verdict::ForTheReader);
        assert!(finding.message.ends_with("has this text as number 3"), "{}", finding.message);
    }

    #[test]
    fn a_capture_that_is_older_partial_or_of_another_page_decides_nothing() {
        let mut older = two();
        older.push(captured("2026-04-01T12:00Z"));
        let gap = vec![item(1, other(), json!({})), captured("2026-04-03T12:00Z")];
        let mut nobodys = two();
        nobodys.push(item(2, json!({ "capacity": "participant" }), json!({})));
        nobodys.push(captured("2026-04-03T12:00Z"));
        let elsewhere = json!({ "what": "tracker", "url": "https://bugs.example/2",
                                "digest": "cd".repeat(32), "occurred": "2026-04-03T12:00Z" });
        for (events, words) in [
            (two(), "need not be all"),
            (older, "may be older"),
            (gap, "lacks numbers"),
            (nobodys, "nobody knows"),
            (vec![("measurement.taken", elsewhere)], "another page was captured"),
        ] {
            let finding = only(&events);
            assert_eq!(finding.verdict, Verdict::Undetermined, "{words}");
            assert!(finding.message.contains(words), "{}", finding.message);
        }
    }

    #[test]
    fn what_was_withdrawn_or_is_no_commitment_of_its_own_is_not_looked_for() {
        let mut events = two();
        events.push(captured("2026-04-03T12:00Z"));
        let mut withdrawn = committed();
        let body = json!({ "id": "c2" });
        withdrawn.record(json!({ "kind": "statement.withdrawn", "incident": "x",
                                 "occurred": "2026-04-02Z", "body": body }));
        assert!(on(&withdrawn, &events).is_empty());
        let mut seen = observer();
        comment(&mut seen, official(), 2, "2026-04-01T12:00Z", json!({}));
        assert!(on(&seen, &events).is_empty());
        assert!(findings_with(&committed(), "T513", &[], Texts::default()).is_empty());
    }
}
