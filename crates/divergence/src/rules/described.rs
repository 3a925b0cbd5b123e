//! T305: a process, a document or a team that one speaker describes otherwise than before.

use std::collections::{BTreeMap, BTreeSet};

use tally_ledger::claim::{Assertion, Attribute};
use tally_ledger::replay::{Fact, shares_incident};
use tally_ledger::time::When;

use super::DESCRIBED;
use super::promise::absence_shows;
use super::value::is_exact;
use super::wording::MEMBERS;
use crate::case::Case;
use crate::claims::{Claims, Held};
use crate::finding::{Evidence, Finding, Relation, Verdict};
use crate::source::{Backing, Place, Source};
use crate::weigh::{Account, Decision, found};
use crate::words::{difference, name, quoted};

/// A claim that describes something, and what it says of it.
type Described<'c> = (&'c Held<'c>, &'c Attribute);

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let claims = &case.claims;
    let mut subjects: BTreeMap<&str, Vec<&Fact>> = BTreeMap::new();
    let mut items: BTreeSet<&str> = BTreeSet::new();
    for fact in claims.timeline().facts() {
        if let Some(subject) = fact.subject().filter(|_| fact.kind.family() != "statement") {
            subjects.entry(subject).or_default().push(fact);
            if fact.kind.family() == "action" {
                items.insert(subject);
            }
        }
    }
    let mut described: BTreeMap<(&str, &str, &str), Vec<Described<'_>>> = BTreeMap::new();
    for held in claims.held().iter().filter(|held| held.dropped.is_none()) {
        let Assertion::Value(a) = &held.claim.assertion else {
            continue;
        };
        // How an action item is worded is for T514.
        let worded = items.contains(a.subject.as_str()) && MEMBERS.contains(&a.attribute.as_str());
        if let Some(party) = held.perspective.party.name().filter(|_| !worded) {
            described.entry((party, &a.subject, &a.attribute)).or_default().push((held, a));
        }
    }
    let mut findings = Vec::new();
    for ((_, subject, _), told) in &mut described {
        told.sort_by_key(|(h, _)| (h.at().interval().start, h.statement.item, h.statement.seq));
        let facts = subjects.get(subject).map_or(&[][..], Vec::as_slice);
        findings
            .extend(told.windows(2).filter_map(|pair| compare(claims, pair[0], pair[1], facts)));
    }
    findings
}

/// Holds a description against the one before it; `None` if both say the same.
fn compare<'a>(
    claims: &Claims<'a>,
    (before, old): (&Held<'a>, &Attribute),
    (after, new): (&Held<'a>, &Attribute),
    facts: &[&Fact],
) -> Option<Finding> {
    let apart = Place::of(before.statement) != Place::of(after.statement)
        && shares_incident(&before.statement.feeds, &after.statement.feeds);
    difference(&old.value, &new.value).filter(|_| apart)?;
    let recorded: Vec<&Fact> = facts
        .iter()
        .copied()
        .filter(|fact| shares_incident(&fact.feeds, &after.statement.feeds))
        .filter(|fact| between(before, after, fact))
        .collect();
    let exact = is_exact(&old.value) && is_exact(&new.value);
    let (verdict, relation, why) = if !after.follows(before.statement) {
        let why = "which was said first is not shown";
        (Verdict::Undetermined, Relation::Unclear, why)
    } else if !recorded.is_empty() {
        (Verdict::Changed, Relation::Changes, "entries in between are about it")
    } else if !exact {
        let why = "whether both mean the same is for the reader; no change of it is recorded";
        (Verdict::ForTheReader, Relation::Beside, why)
    } else if absence_shows(claims, &after.perspective) {
        (Verdict::Unsupported, Relation::Changes, "no change of it is recorded")
    } else {
        let why = "no change of it is recorded, and the sources recorded here need not show one";
        (Verdict::Undetermined, Relation::Unclear, why)
    };
    let message = format!(
        "{} of {}: stated \"{}\" in {} ({}), \"{}\" in {} ({}); {why}",
        name(&new.attribute),
        name(&new.subject),
        quoted(&old.value),
        name(&before.statement.name),
        before.at(),
        quoted(&new.value),
        name(&after.statement.name),
        after.at()
    );
    let backing = Backing { source: Source::OwnStatement, told_by: vec![before.statement] };
    let account = Account::of_claim(before, backing, quoted(&old.value)).holds(relation, None);
    let decision = Decision { verdict, message, notes: Vec::new(), lead: 0 };
    let mut finding = found(&DESCRIBED, claims, Some(after), decision, &[account]);
    finding.evidence.extend(recorded.into_iter().map(Evidence::beside));
    Some(finding)
}

/// Returns whether an entry may stand between two texts, by when it occurred or was recorded.
fn between(before: &Held<'_>, after: &Held<'_>, fact: &Fact) -> bool {
    let recorded = When::from_instant(fact.recorded);
    let when = fact.occurred().unwrap_or(&recorded).interval();
    let (from, to) = (before.at().interval(), after.at().interval());
    !when.before(&from) && !to.before(&when) && from.start < when.end
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tally_testkit::casebook::Casebook;

    use crate::finding::Verdict;
    use crate::probe::{fact, findings, observer, official, only, own, said, verdict};

    fn members(attribute: &str, value: &str) -> Json {
        json!({ "says": "value", "subject": "review-team", "attribute": attribute, "value": value })
    }

    /// Returns a ledger in which two comments describe the team.
    fn described(mut book: Casebook, attribute: &str, old: &str, new: &str) -> Casebook {
        said(&mut book, 4, "2025-04-04", members(attribute, old));
        said(&mut book, 9, "2025-05-10", members(attribute, new));
        book
    }

    #[test]
    fn another_number_without_a_recorded_change_is_unsupported_or_undetermined() {
        let finding = only(&described(own(), "members", "3", "5"), "T305");
        assert_eq!(finding.verdict, Verdict::Unsupported);
        assert_eq!(
            finding.message,
            "members of review-team: stated \"3\" in c4 (2025-04-04), \"5\" in c9 (2025-05-10); no \
             change of it is recorded"
        );
        let book = described(observer(), "members", "3", "5");
        assert_eq!(verdict(&book, "T305"), Verdict::Undetermined);
    }

    #[test]
    fn a_change_that_is_recorded_in_between_changed_and_an_earlier_one_is_none() {
        for (occurred, expected) in
            [("2025-05-01", Verdict::Changed), ("2025-03-01", Verdict::Unsupported)]
        {
            let mut book = own();
            let decision = json!({ "id": "review-team", "choice": "two more", "role": "board" });
            fact(&mut book, "incident.decision", occurred, decision);
            assert_eq!(
                verdict(&described(book, "members", "3", "5"), "T305"),
                expected,
                "{occurred}"
            );
        }
    }

    #[test]
    fn other_words_are_for_the_reader_and_the_same_ones_no_finding() {
        let book = described(own(), "scope", "all reports", "reports of incidents");
        assert_eq!(verdict(&book, "T305"), Verdict::ForTheReader);
        let book = described(own(), "scope", "all reports", "All *reports*");
        assert!(findings(&book, "T305", None).is_empty());
        let mut item = own();
        let opened = json!({ "id": "review-team", "text": "found it", "status": "Ongoing" });
        fact(&mut item, "action.opened", "2025-04-01", opened);
        let item = described(item, "criteria", "an audit", "a survey");
        assert!(findings(&item, "T305", None).is_empty(), "that is a matter of T514");
    }

    #[test]
    fn two_texts_of_which_nothing_shows_the_order_are_undetermined() {
        let mut book = own();
        said(&mut book, 4, "2025-04", members("members", "3"));
        let speaker = official();
        let elsewhere =
            json!({ "url": "https://other.example/", "claims": [members("members", "5")] });
        crate::probe::comment(&mut book, speaker, 9, "2025-04-20", elsewhere);
        assert_eq!(verdict(&book, "T305"), Verdict::Undetermined);
    }
}
