//! T501: what a statement says of another text, held against the text as the ledger records it.

use std::collections::{BTreeMap, BTreeSet};

use tally_ledger::claim::{self, Assertion, Said};
use tally_ledger::replay::{Fact, Statement};
use tally_ledger::vocabulary::Body;

use super::CITATION;
use crate::capture::{Captures, captures};
use crate::case::Case;
use crate::claims::{Claims, Held};
use crate::finding::{Finding, Relation, StatementRef, Verdict};
use crate::source::{Backing, Place, Source};
use crate::weigh::{Account, conclude, hold};
use crate::words::{name, quoted};

/// What a reader should know of a citation that differs.
const MISTAKEN: &str = "the number or the address may be what is mistaken";

/// What is known of citations besides the texts at their places.
struct Known<'a> {
    organisations: BTreeSet<String>,
    captures: Captures<'a>,
}

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let claims = &case.claims;
    let known =
        Known { organisations: organisations(claims), captures: captures(claims.timeline()) };
    let held = claims.held().iter();
    held.filter_map(|held| match &held.claim.assertion {
        Assertion::Said(a) => Some(said(case, held, a, &known)),
        _ => None,
    })
    .collect()
}

fn said<'a>(case: &Case<'a>, held: &Held<'a>, claim: &Said, known: &Known<'a>) -> Finding {
    let claims = &case.claims;
    let timeline = claims.timeline();
    let place = Place::new(&claim.cited.url, claim.cited.item);
    let stated = stated(claim);
    let cited = claims.at(&place);
    let accounts: Vec<Account<'_>> = cited
        .iter()
        .filter_map(|cited| {
            let fact = timeline.fact(cited.seq)?;
            let backing =
                Backing { source: source(claims, held, cited, fact)?, told_by: vec![*cited] };
            let account = Account::of_fact(fact, backing, recorded(cited));
            Some(compare(claim, cited, account.at(Some(&cited.published)), &known.organisations))
        })
        .collect();
    if accounts.is_empty() {
        if let Some(finding) = beyond(case, &known.captures, held, (&place, &stated)) {
            return finding;
        }
        let message = format!("stated: {stated}; the text cited is not recorded in this ledger");
        let mut finding = Finding::new(&CITATION, Verdict::Undetermined, message);
        finding.statement = Some(StatementRef::of(held));
        let n = timeline.statements().len();
        finding.compared = format!("searched the {n} statements of this ledger for that address");
        return finding;
    }
    let mut finding = conclude(&CITATION, claims, held, &stated, &accounts);
    if finding.verdict == Verdict::Diverges {
        finding.notes.push(MISTAKEN.to_owned());
    }
    let mut versions = cited.iter().flat_map(|cited| &cited.versions);
    let at_hand =
        versions.any(|version| version.digest.is_some_and(|d| case.texts.get(&d).is_some()));
    if claim.quotation.is_some() && !at_hand {
        let note = "the words quoted are not compared: the exact text cited is not at hand";
        finding.notes.push(note.to_owned());
    }
    finding
}

/// Returns the finding on a citation of a number that its page did not have yet when all of it was
/// captured, after it was cited; `None` if no capture shows that.
fn beyond<'a>(
    case: &Case<'a>,
    captured: &Captures<'a>,
    held: &Held<'a>,
    (place, stated): (&Place, &str),
) -> Option<Finding> {
    let item = place.item()?;
    let pages = captured.iter().filter(|((page, _), _)| page.may_be(place));
    let (last, fact) = pages.map(|(_, capture)| capture).find_map(|capture| {
        let (at, fact) = capture.whole?;
        let last = capture.last()?;
        (held.at().interval().before(&at) && last < item).then_some((last, fact))
    })?;
    let when = fact.occurred().map_or(String::new(), |when| format!(" of {when}"));
    let shown = format!("the capture{when} has the numbers 0 to {last} alone");
    let backing = Backing { source: Source::Measured, told_by: Vec::new() };
    let account = Account::of_fact(fact, backing, shown).holds(Relation::Differs, None);
    let mut finding = conclude(&CITATION, &case.claims, held, stated, &[account]);
    finding.notes.push(format!("{MISTAKEN}, or the text may not be public"));
    Some(finding)
}

/// Returns what stands behind the record of the text that is cited: the text itself, if the entry
/// cites it. `None` if that is only the text that cites it.
fn source(claims: &Claims<'_>, held: &Held<'_>, cited: &Statement, fact: &Fact) -> Option<Source> {
    let place = Place::of(cited);
    let mut texts = claims.cited(fact).iter();
    if texts.any(|text| text.place.as_ref() == Some(&place)) {
        return Some(Source::CitedText);
    }
    Some(claims.backing(&held.perspective, fact)?.source)
}

/// Returns the names of the organisations that the ledger names elsewhere, as they are compared:
/// its owner, those whose incidents it records, and those that speak.
fn organisations(claims: &Claims<'_>) -> BTreeSet<String> {
    let timeline = claims.timeline();
    let owner = timeline.owner().map(|owner| owner.name.as_str());
    let speakers = timeline.statements().iter();
    let speakers = speakers.filter_map(|s| s.speaker.organisation.as_deref());
    let about = timeline.facts().iter().filter_map(|fact| match fact.body() {
        Some(Body::IncidentOpened(opened)) => Some(opened.about.name.as_str()),
        _ => None,
    });
    owner.into_iter().chain(speakers).chain(about).map(compared).collect()
}

/// Returns a name as it is compared.
fn compared(name: &str) -> String {
    name.trim().to_ascii_lowercase()
}

fn compare<'a>(
    claim: &Said,
    cited: &Statement,
    account: Account<'a>,
    known: &BTreeSet<String>,
) -> Account<'a> {
    let mut remarks = Vec::new();
    let mut relation = Relation::Agrees;
    if let Some(by) = &claim.by {
        let by = compared(by);
        let is = |name: &str| compared(name) == by;
        let (name, role) = (cited.speaker.organisation.as_deref(), cited.speaker.role.as_deref());
        if name.is_none() {
            relation = Relation::Unclear;
            remarks.push("the record names no organisation".to_owned());
        } else if !name.is_some_and(is) && !role.is_some_and(is) {
            // Another spelling need not be another organisation.
            let known = known.contains(&by);
            relation = if known { Relation::Differs } else { Relation::Unclear };
            remarks.push(String::from(if known {
                "by another organisation"
            } else {
                "whether both names are one organisation is not recorded"
            }));
        }
    }
    if let Some(at) = &claim.at {
        let (held, remark) = hold(at, &cited.published);
        if held != Relation::Agrees {
            remarks.extend(remark);
        }
        relation = match (relation, held) {
            (Relation::Differs, _) | (_, Relation::Differs) => Relation::Differs,
            (Relation::Unclear, _) | (_, Relation::Unclear) => Relation::Unclear,
            _ => Relation::Agrees,
        };
    }
    let remark = (!remarks.is_empty()).then(|| remarks.join("; "));
    account.holds(relation, remark)
}

fn stated(claim: &Said) -> String {
    let by = claim.by.as_ref().map_or(String::new(), |by| format!(", by {}", name(by)));
    let at = claim.at.as_ref().map_or(String::new(), |at| format!(", {at}"));
    format!("{}{by}{at}", named(&claim.cited.url, claim.cited.item))
}

/// Returns where a text stands, in words: a comment of a bug, or an address.
pub(super) fn named(url: &str, item: Option<u64>) -> String {
    quoted(&claim::Place { url: url.to_owned(), item, extra: BTreeMap::new() }.words())
}

fn recorded(cited: &Statement) -> String {
    format!("{}, by {}, {}", name(&cited.name), name(&cited.speaker.name()), cited.published)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use crate::finding::{Finding, Severity, Verdict};
    use crate::probe::{BUG, captured, comment, observer, official, only, said};

    /// Returns the finding on a citation of comment 36, which Example CA posted on 23 August.
    fn citing(item: u64, more: Json) -> Finding {
        let mut book = observer();
        let speaker = official();
        comment(&mut book, speaker, 36, "2024-08-23T23:10:53Z", json!({}));
        let speaker = json!({ "capacity": "official", "organisation": "Other CA" });
        comment(&mut book, speaker, 35, "2024-08-23T20:00Z", json!({}));
        let mut claim = json!({ "says": "said", "cited": { "url": BUG, "item": item } });
        for (name, value) in more.as_object().unwrap() {
            claim[name] = value.clone();
        }
        said(&mut book, 90, "2025-04-04Z", claim);
        only(&book, "T501")
    }

    #[test]
    fn the_author_and_the_day_of_the_text_cited_tally_or_diverge() {
        let finding = citing(36, json!({ "by": "example ca", "at": "2024-08-23Z" }));
        assert_eq!(finding.verdict, Verdict::Tallies);
        for more in [json!({ "by": "Other CA" }), json!({ "at": "2024-10-04" })] {
            let finding = citing(36, more);
            assert_eq!((finding.verdict, finding.severity), (Verdict::Diverges, Severity::Low));
            assert!(finding.notes[0].contains("may be what is mistaken"));
        }
    }

    #[test]
    fn a_name_that_the_ledger_does_not_know_may_be_another_spelling() {
        let finding = citing(36, json!({ "by": "Example CA, Inc." }));
        assert_eq!(finding.verdict, Verdict::Undetermined);
    }

    #[test]
    fn a_text_that_is_not_recorded_or_not_as_precisely_is_undetermined() {
        assert_eq!(citing(37, json!({})).verdict, Verdict::Undetermined);
        let mut book = observer();
        comment(&mut book, json!({ "capacity": "participant" }), 36, "2024-08-23", json!({}));
        for more in [json!({ "at": "2024-08-23T23:10Z" }), json!({ "by": "Example CA" })] {
            let mut claim = more;
            claim["says"] = "said".into();
            claim["cited"] = json!({ "url": BUG, "item": 36 });
            let mut book = book.clone();
            said(&mut book, 90, "2025-04-04Z", claim);
            assert_eq!(only(&book, "T501").verdict, Verdict::Undetermined);
        }
    }

    /// Returns the verdict on a citation of comment 7, in comment 2, where those comments are
    /// recorded besides, and all were captured at that time.
    fn beyond(items: &[u64], at: &str) -> Verdict {
        let mut book = observer();
        for item in items {
            comment(
                &mut book,
                json!({ "capacity": "participant" }),
                *item,
                "2025-04-01Z",
                json!({}),
            );
        }
        let claim = json!({ "says": "said", "cited": { "url": BUG, "item": 7 } });
        said(&mut book, 2, "2025-04-04Z", claim);
        captured(&mut book, at);
        only(&book, "T501").verdict
    }

    #[test]
    fn a_number_that_a_later_capture_of_all_comments_does_not_have_diverges() {
        assert_eq!(beyond(&[0, 1], "2025-04-06T12:00Z"), Verdict::Diverges);
        assert_eq!(beyond(&[0, 1], "2025-04-04T12:00Z"), Verdict::Undetermined, "not later");
        assert_eq!(beyond(&[0], "2025-04-06T12:00Z"), Verdict::Undetermined, "one is missing");
        assert_eq!(beyond(&[0, 1, 7], "2025-04-06T12:00Z"), Verdict::Tallies);
    }

    #[test]
    fn words_that_are_quoted_of_a_text_not_at_hand_are_said_not_to_be_compared() {
        let finding = citing(36, json!({ "quotation": "as promised" }));
        assert_eq!(finding.verdict, Verdict::Tallies);
        assert!(finding.notes[0].contains("not compared"));
        assert!(citing(36, json!({})).notes.is_empty());
    }

    #[test]
    fn a_text_known_only_from_its_citation_decides_nothing() {
        let mut book = observer();
        let claim = json!({ "says": "said", "cited": { "url": BUG, "item": 36 },
                            "by": "Other CA" });
        said(&mut book, 90, "2025-04-04Z", claim);
        let basis = json!({ "stated": [{ "url": BUG, "item": 90 }] });
        let speaker = official();
        book.record(json!({ "kind": "statement.published", "incident": "x", "basis": basis,
            "body": { "id": "c36", "channel": "bugzilla", "url": BUG, "item": 36,
                      "speaker": speaker, "published": "2024-08-23Z" } }));
        assert_eq!(only(&book, "T501").verdict, Verdict::Undetermined);
    }
}
