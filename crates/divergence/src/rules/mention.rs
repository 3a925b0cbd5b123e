//! T801: a legal instrument, and where it is first mentioned in a recorded public text. No rule
//! sets a time for that, so the length is shown and nothing is decided.

use std::collections::{BTreeMap, BTreeSet};

use tally_ledger::claim::Assertion;
use tally_ledger::name::{FeedId, Kind};
use tally_ledger::replay::{Fact, Statement, Timeline, shares_incident};
use tally_ledger::time::{Interval, When};
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::legal::{Audience, Direction, Instrument, InstrumentType};
use tally_ledger::vocabulary::words::Visibility;

use super::MENTION;
use crate::case::Case;
use crate::claims::Claims;
use crate::finding::{Evidence, Finding, Verdict};
use crate::index::Key;
use crate::length::between;
use crate::source::Place;
use crate::times::Times;

/// The steps from which an instrument that was received concerns the one who received it, the
/// first that is recorded.
const RECEIVED: [&str; 5] = ["granted", "served", "notice_received", "effective", "filed"];
/// The same of one that was sent.
const SENT: [&str; 3] = ["filed", "served", "granted"];

/// A text or an entry that mentions an instrument in public.
#[derive(Debug, Clone)]
struct Mention {
    when: When,
    words: String,
    place: Option<Place>,
    evidence: Evidence,
}

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let claims = &case.claims;
    let mut seen: BTreeMap<&str, Vec<&[FeedId]>> = BTreeMap::new();
    let mut findings = Vec::new();
    for fact in claims.timeline().facts() {
        let Some(Body::LegalInstrument(instrument)) = fact.body() else {
            continue;
        };
        let seen = seen.entry(&instrument.id).or_default();
        if !seen.iter().any(|feeds| shares_incident(feeds, &fact.feeds)) {
            seen.push(&fact.feeds);
            findings.push(mentioned(claims, fact, instrument));
        }
    }
    findings
}

fn mentioned(claims: &Claims<'_>, fact: &Fact, instrument: &Instrument) -> Finding {
    let facts = claims.facts(&fact.feeds, Key::Subject(&instrument.id));
    let begun = begun(&facts, instrument);
    let texts = claims.timeline().statements().iter();
    let texts = texts.filter(|s| shares_incident(&s.feeds, &fact.feeds)).count();
    let named = format!("{} ({})", instrument.r#type, instrument.id);
    let since = begun.as_ref().map(|(step, when, _)| format!("{step} {when}"));
    let since = since.unwrap_or_else(|| "no date".to_owned());
    let mention = first(&mentions(claims, &facts, instrument));
    let (verdict, message) = match (&begun, &mention) {
        (_, None) if texts == 0 => {
            let why = "no public text is recorded, so none was looked through";
            (Verdict::Undetermined, format!("{named}: {since}; {why}"))
        }
        (_, None) => {
            let why = format!("not mentioned in the {texts} texts recorded");
            (Verdict::ForTheReader, format!("{named}: {since}; {why}"))
        }
        (None, Some(mention)) => {
            let first = format!("first mentioned {} ({})", mention.when, mention.words);
            let why = "how long after it took effect is not recorded";
            (Verdict::Undetermined, format!("{named}: {first}; {why}"))
        }
        (Some((_, when, _)), Some(mention)) => {
            let first = format!("first mentioned {} ({})", mention.when, mention.words);
            let later = between(when, &mention.when).map(|length| format!(", {length} later"));
            let apart = when.interval().before(&mention.when.interval());
            let later = match later.filter(|_| apart) {
                Some(later) => later,
                None if mention.when.interval().before(&when.interval()) => ", before".to_owned(),
                None => ", how long after it the times do not show".to_owned(),
            };
            (Verdict::ForTheReader, format!("{named}: {since}; {first}{later}"))
        }
    };
    let mut finding = Finding::new(&MENTION, verdict, message);
    finding.subject = Some(instrument.id.clone());
    finding.times = Times::of(
        mention.as_ref().map(|mention| &mention.when),
        begun.as_ref().map(|(_, when, _)| when),
    );
    let restricted = match instrument.direction {
        Direction::Received => ", and disclosure may have been restricted",
        Direction::Sent => "",
    };
    finding.compared = format!(
        "looked through {texts} texts recorded of the incident; others may have mentioned it\
         {restricted}"
    );
    let steps = begun.map(|(_, _, evidence)| evidence);
    let mut evidence: Vec<Evidence> = steps.into_iter().collect();
    evidence.extend(mention.map(|mention| mention.evidence));
    if evidence.iter().all(|known| known.seq != fact.seq) {
        evidence.push(Evidence::beside(fact));
    }
    finding.evidence = evidence;
    finding
}

/// Returns from when an instrument concerned the one that the incident is about: the step, its
/// time, and the entry.
fn begun(facts: &[&Fact], instrument: &Instrument) -> Option<(String, When, Evidence)> {
    match instrument.direction {
        Direction::Received => steps(facts, instrument, &RECEIVED),
        Direction::Sent => steps(facts, instrument, &SENT),
    }
}

/// Returns the first of `wanted` steps of an instrument that is recorded with a time: the step, the
/// most precise time, and the entry.
fn steps(
    facts: &[&Fact],
    instrument: &Instrument,
    wanted: &[&'static str],
) -> Option<(String, When, Evidence)> {
    let mut found: Vec<(usize, i64, &Fact, When)> = Vec::new();
    for fact in facts {
        let Some(body) = fact.body().filter(|body| body.subject() == Some(&instrument.id)) else {
            continue;
        };
        for occurrence in body.occurrences(fact.occurred()) {
            let step = occurrence.kind.as_str().strip_prefix("legal.step.");
            let place = wanted.iter().position(|wanted| Some(*wanted) == step);
            if let (Some(place), Some(when)) = (place, occurrence.when) {
                let length = when.interval().end.saturating_sub(when.interval().start);
                found.push((place, length, fact, when));
            }
        }
    }
    let (place, _, fact, when) =
        found.into_iter().min_by_key(|(place, length, fact, _)| (*place, *length, fact.seq))?;
    Some((wanted[place].replace('_', " "), when, Evidence::beside(fact)))
}

/// The steps by which an order ends.
const ENDED: [&str; 3] = ["vacated", "expired", "withdrawn"];

/// An order of a court or an authority that bound the organisation.
#[derive(Debug, Clone)]
pub(super) struct Order<'a> {
    pub(super) fact: &'a Fact,
    pub(super) instrument: &'a Instrument,
    /// From when it concerned the organisation.
    pub(super) from: Interval,
    /// The first second at which it surely no longer bound it; `i64::MAX` if none is recorded.
    pub(super) until: i64,
    /// What it is, since when and until when.
    pub(super) words: String,
}

/// Returns in words the orders of courts and authorities that are recorded to have bound the
/// organisation at any time within `open`.
pub(super) fn orders_during(claims: &Claims<'_>, feeds: &[FeedId], open: Interval) -> Vec<String> {
    let bound = orders(claims, feeds).into_iter();
    let bound = bound.filter(|order| order.from.start < open.end && order.until > open.start);
    bound.map(|order| order.words).collect()
}

/// Returns the orders of courts and authorities that are recorded to have bound the organisation,
/// by their names.
pub(super) fn orders<'a>(claims: &Claims<'a>, feeds: &[FeedId]) -> Vec<Order<'a>> {
    let facts = claims.facts(feeds, Key::Family("legal"));
    let mut orders: BTreeMap<&str, Order<'_>> = BTreeMap::new();
    for fact in &facts {
        let Some(Body::LegalInstrument(instrument)) = fact.body() else {
            continue;
        };
        let binds = matches!(
            instrument.r#type,
            InstrumentType::RestrainingOrder
                | InstrumentType::Injunction
                | InstrumentType::CourtOrder
                | InstrumentType::GagOrder
                | InstrumentType::RegulatorOrder
        );
        if !binds || instrument.direction != Direction::Received {
            continue;
        }
        let Some((began, from, _)) = begun(&facts, instrument) else {
            continue;
        };
        let end = steps(&facts, instrument, &ENDED);
        let ended = end.as_ref().map(|(_, when, _)| when).or(instrument.expires.as_ref());
        let until = ended.map_or(i64::MAX, |when| when.interval().end);
        let end = end.map_or(String::new(), |(step, when, _)| format!(", {step} {when}"));
        let words = format!("{} ({}), {began} {from}{end}", instrument.r#type, instrument.id);
        let from = from.interval();
        orders.insert(&instrument.id, Order { fact, instrument, from, until, words });
    }
    orders.into_values().collect()
}

/// Returns every public mention of an instrument that the ledger shows: texts that facts about it
/// rest on, claims about it, and public notices.
fn mentions(claims: &Claims<'_>, facts: &[&Fact], instrument: &Instrument) -> Vec<Mention> {
    let id = instrument.id.as_str();
    let timeline = claims.timeline();
    let mut found = Vec::new();
    for fact in facts.iter().filter(|fact| fact.subject() == Some(id)) {
        if fact.kind.family() == "legal" {
            let told = claims.cited(fact).iter().filter_map(|cited| cited.statement);
            found.extend(told.filter_map(|statement| text(timeline, statement)));
        }
        if let (Some(Body::LegalNotice(notice)), Some(when)) = (fact.body(), fact.occurred()) {
            let public = notice.visibility == Some(Visibility::Public)
                || notice.to.contains(&Audience::Public);
            if public {
                let evidence = Evidence::beside(fact);
                let words = "a public notice".to_owned();
                found.push(Mention { when: when.clone(), words, place: None, evidence });
            }
        }
    }
    let feeds: BTreeSet<&FeedId> = facts.iter().flat_map(|fact| &fact.feeds).collect();
    let feeds: Vec<FeedId> = feeds.into_iter().cloned().collect();
    let held = claims.held_under(&feeds, Key::Subject(id)).into_iter();
    let about = held.filter(|held| asserts(&held.claim.assertion, id));
    found.extend(about.filter_map(|held| text(timeline, held.statement)));
    found
}

fn text(timeline: &Timeline, statement: &Statement) -> Option<Mention> {
    let fact = timeline.fact(statement.seq)?;
    Some(Mention {
        when: statement.published.clone(),
        words: format!("{}, by {}", statement.name, statement.speaker.name()),
        place: Some(Place::of(statement)),
        evidence: Evidence::beside(fact),
    })
}

/// Returns whether a claim states a fact about a legal instrument; an opinion need not mention it.
pub(super) fn asserts(assertion: &Assertion, id: &str) -> bool {
    let legal = |kind: &Kind, subject: &Option<String>| {
        kind.family() == "legal" && subject.as_deref() == Some(id)
    };
    match assertion {
        Assertion::Occurred(a) => legal(&a.kind, &a.subject),
        Assertion::Order(a) => {
            legal(&a.before.kind, &a.before.subject) || legal(&a.after.kind, &a.after.subject)
        }
        Assertion::Value(a) => a.subject == id,
        _ => false,
    }
}

/// Returns the mention that none surely precedes; of several, the one that must be the earliest.
fn first(mentions: &[Mention]) -> Option<Mention> {
    let precedes = |a: &Mention, b: &Mention| {
        let page = matches!((&a.place, &b.place), (Some(a), Some(b)) if a.precedes(b));
        page || a.when.interval().before(&b.when.interval())
    };
    let earliest = mentions.iter().filter(|m| !mentions.iter().any(|other| precedes(other, m)));
    earliest.min_by_key(|mention| (mention.when.interval().end, mention.evidence.seq)).cloned()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tally_testkit::casebook::Casebook;

    use crate::finding::Verdict;
    use crate::probe::{comment, fact, only, own, said, stated};

    fn order(more: Json) -> Json {
        let mut body = json!({ "id": "order", "type": "restraining_order",
                               "direction": "received" });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    }

    fn granted() -> Casebook {
        let mut book = own();
        let body = order(json!({ "granted": "2024-07-30T19:01Z" }));
        book.record(json!({ "kind": "legal.instrument", "incident": "x", "body": body }));
        book
    }

    fn mention() -> Json {
        json!({ "says": "occurred", "kind": "legal.step.granted", "subject": "order",
                "when": "2024-07-30Z" })
    }

    #[test]
    fn the_first_text_that_mentions_it_is_shown_with_the_length() {
        let mut book = granted();
        said(&mut book, 5, "2024-08-09T00:00Z", mention());
        said(&mut book, 0, "2024-07-31T00:45:12Z", mention());
        let finding = only(&book, "T801");
        assert_eq!(finding.verdict, Verdict::ForTheReader);
        assert!(
            finding.message.contains(
                "granted 2024-07-30 19:01 UTC; first mentioned \
             2024-07-31 00:45:12 UTC (c0, by Example CA), 5 h 44 min later"
            ),
            "{}",
            finding.message
        );
    }

    #[test]
    fn a_text_that_an_entry_about_it_cites_mentions_it_and_an_opinion_does_not() {
        let mut book = granted();
        let opinion = json!({ "says": "characterises", "subject": "order", "words": "unusual" });
        said(&mut book, 0, "2024-07-31T00:45Z", opinion);
        assert!(only(&book, "T801").message.ends_with("not mentioned in the 1 texts recorded"));
        let speaker = json!({ "capacity": "participant" });
        comment(&mut book, speaker, 3, "2024-08-02Z", json!({}));
        let step = json!({ "instrument": "order", "step": "opposed" });
        stated(&mut book, 3, "legal.step", "2024-08-01", step);
        assert!(only(&book, "T801").message.contains("first mentioned 2024-08-02 UTC (c3"));
    }

    #[test]
    fn without_a_date_or_without_any_text_nothing_is_shown() {
        assert_eq!(only(&granted(), "T801").verdict, Verdict::Undetermined);
        let mut book = own();
        fact(&mut book, "legal.instrument", "2024-07-30", order(json!({})));
        said(&mut book, 0, "2024-07-31T00:45Z", mention());
        assert_eq!(only(&book, "T801").verdict, Verdict::Undetermined);
    }

    #[test]
    fn a_public_notice_mentions_it_and_a_private_one_does_not() {
        for (to, first) in [("public", true), ("root_programs", false)] {
            let mut book = granted();
            said(&mut book, 0, "2024-08-09T00:00Z", mention());
            let notice = json!({ "to": [to], "about": "the order", "instrument": "order" });
            fact(&mut book, "legal.notice", "2024-07-30T20:01Z", notice);
            assert_eq!(only(&book, "T801").message.contains("1 h later"), first, "{to}");
        }
    }
}
