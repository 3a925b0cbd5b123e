//! T514: an action item whose wording, kind or criteria drift from one posting to the next.

use std::collections::BTreeMap;

use tally_ledger::claim::Assertion;
use tally_ledger::governance::Standing;
use tally_ledger::name::FeedId;
use tally_ledger::payload::Basis;
use tally_ledger::replay::{Fact, Statement, Timeline, shares_incident};
use tally_ledger::time::When;
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::action::ActionKind;

use super::WORDING;
use crate::case::Case;
use crate::claims::Claims;
use crate::finding::{Evidence, Finding, Relation, Verdict};
use crate::source::{Party, Perspective, Place, Source};
use crate::times::Times;
use crate::words::{difference, name, quoted};

/// The members of an action item whose drift is told.
pub(super) const MEMBERS: [&str; 3] = ["text", "kind", "criteria"];

/// An action item as one entry or claim has it.
struct Posting<'a> {
    party: Party,
    feeds: &'a [FeedId],
    when: When,
    /// The text that it stands in; `None` of the party's own record.
    text: Option<&'a Statement>,
    /// Whether the entry says itself that the wording changed.
    told: bool,
    why: Option<&'a str>,
    members: [Option<&'a str>; 3],
    evidence: Evidence,
}

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let mut items = postings(&case.claims);
    let mut findings = Vec::new();
    let timeline = case.claims.timeline();
    for ((item, _), postings) in &mut items {
        postings.sort_by_key(|posting| (posting.when.interval().start, posting.evidence.seq));
        findings.extend(drift(timeline, item, postings));
    }
    findings
}

/// Returns every posting of each item, by the item and the party that it is of.
fn postings<'a>(claims: &Claims<'a>) -> BTreeMap<(&'a str, String), Vec<Posting<'a>>> {
    let mut items: BTreeMap<(&str, String), Vec<Posting<'_>>> = BTreeMap::new();
    for fact in claims.timeline().facts() {
        if let Some((item, posting)) = recorded(claims, fact)
            && let Some(party) = posting.party.name()
        {
            items.entry((item, party.to_owned())).or_default().push(posting);
        }
    }
    for held in claims.held() {
        let Assertion::Value(a) = &held.claim.assertion else {
            continue;
        };
        let key = held.perspective.party.name().map(|party| (a.subject.as_str(), party.to_owned()));
        let member = MEMBERS.iter().position(|member| *member == a.attribute);
        let known = key.and_then(|key| items.get_mut(&key));
        if let (Some(member), Some(postings)) = (member, known) {
            let mut members = [None; 3];
            members[member] = Some(a.value.as_str());
            let fact = claims.timeline().fact(held.version.seq);
            let evidence = fact.map(Evidence::beside);
            postings.extend(evidence.map(|evidence| Posting {
                party: held.perspective.party.clone(),
                feeds: &held.statement.feeds,
                when: held.at().clone(),
                text: Some(held.statement),
                told: false,
                why: None,
                members,
                evidence: Evidence { claim: Some(held.index), ..evidence },
            }));
        }
    }
    items
}

/// Returns the item that an entry words, and how; `None` if nobody's word stands behind it.
fn recorded<'a>(claims: &Claims<'a>, fact: &'a Fact) -> Option<(&'a str, Posting<'a>)> {
    let (item, told, why, text, kind, criteria) = match fact.body()? {
        Body::ActionOpened(b) => (&b.id, false, None, Some(&b.text), &b.kind, &b.criteria),
        Body::ActionChanged(b) => {
            (&b.id, true, b.why.as_ref(), b.text.as_ref(), &b.kind, &b.criteria)
        }
        _ => return None,
    };
    let timeline = claims.timeline();
    let (party, statement) = match fact.basis() {
        Basis::Stated(_) => {
            let statement = claims.cited(fact).iter().find_map(|cited| cited.statement)?;
            (Party::of(&statement.speaker), Some(statement))
        }
        Basis::Own if timeline.standing() == Some(Standing::Own) => {
            let owner = Party::organisation(&timeline.owner()?.name);
            let from = Perspective::new(owner.clone(), None, &fact.feeds);
            let backing = claims.backing(&from, fact);
            backing.filter(|backing| backing.source == Source::OwnRecord)?;
            (owner, None)
        }
        Basis::Own | Basis::Measured(_) => return None,
    };
    let when = fact.occurred().cloned().or_else(|| Some(statement?.published.clone()));
    let kind = kind.as_ref().map(ActionKind::as_str);
    let posting = Posting {
        party,
        feeds: &fact.feeds,
        when: when.unwrap_or_else(|| When::from_instant(fact.recorded)),
        text: statement,
        told,
        why: why.map(String::as_str),
        members: [text.map(String::as_str), kind, criteria.as_deref()],
        evidence: Evidence::beside(fact),
    };
    Some((item, posting))
}

/// Returns a finding for each posting of an item that words it otherwise than the ones before.
fn drift(timeline: &Timeline, item: &str, postings: &[Posting<'_>]) -> Vec<Finding> {
    let mut last: [Option<usize>; 3] = [None; 3];
    let mut findings = Vec::new();
    for (at, posting) in postings.iter().enumerate() {
        let mut differences: Vec<(usize, &Posting<'_>, String)> = Vec::new();
        for (member, value) in posting.members.iter().enumerate() {
            let Some(value) = value else {
                continue;
            };
            let before = last[member].replace(at).map(|before| &postings[before]);
            let before = before.filter(|before| shares_incident(before.feeds, posting.feeds));
            let old = before.and_then(|before| Some((before, before.members[member]?)));
            let words = old.and_then(|(before, old)| Some((before, difference(old, value)?)));
            differences.extend(words.map(|(before, words)| (member, before, words)));
        }
        if !differences.is_empty() {
            findings.push(found(timeline, item, posting, &differences));
        }
    }
    findings
}

fn found(
    timeline: &Timeline,
    item: &str,
    posting: &Posting<'_>,
    differences: &[(usize, &Posting<'_>, String)],
) -> Finding {
    let mut notes = Vec::new();
    let mut verdict = Verdict::Changed;
    if posting.told {
        let why = posting.why.map(|why| format!("the reason given: {}", quoted(why)));
        notes.push(why.unwrap_or_else(|| "recorded as a change, without a reason".to_owned()));
    } else {
        notes.push("no entry records the change as one".to_owned());
        let silent =
            differences.iter().map(|(at, before, _)| silent(MEMBERS[*at], before, posting));
        verdict = silent.min().unwrap_or(verdict);
        if let Some((_, before, _)) = differences.iter().find(|(_, b, _)| !follows(posting, b)) {
            let (first, second) = (&before.when, &posting.when);
            verdict = Verdict::Undetermined;
            notes.push(format!("which was first is not shown: {first}, or {second}"));
        }
    }
    let words: Vec<String> = differences
        .iter()
        .map(|(member, before, words)| {
            let (since, member) = (&before.when, MEMBERS[*member]);
            format!("its {member} of {since}: {words}")
        })
        .collect();
    let message = format!("{}, as of {}; {}", name(item), posting.when, words.join("; "));
    let mut finding = Finding::new(&WORDING, verdict, message);
    finding.subject = Some(item.to_owned());
    let place = |posting: &Posting<'_>| match posting.text {
        Some(text) => format!("{} ({})", name(&text.name), timeline.label(posting.evidence.seq)),
        None => format!("the own record ({})", timeline.label(posting.evidence.seq)),
    };
    let mut earlier: Vec<String> = differences.iter().map(|(_, b, _)| place(b)).collect();
    earlier.dedup();
    finding.compared = format!("{} compared with {}", place(posting), earlier.join(", "));
    let (_, before, _) = &differences[0];
    finding.times = Times::of(Some(&before.when), Some(&posting.when));
    finding.notes = notes;
    let relation =
        if verdict == Verdict::Undetermined { Relation::Unclear } else { Relation::Changes };
    finding.evidence = vec![Evidence { relation, ..posting.evidence.clone() }];
    for (_, before, _) in differences {
        if finding.evidence.iter().all(|known| known.seq != before.evidence.seq) {
            finding.evidence.push(before.evidence.clone());
        }
    }
    finding
}

/// Returns the verdict on a member that is worded otherwise without an entry that says so.
fn silent(member: &str, before: &Posting<'_>, after: &Posting<'_>) -> Verdict {
    match (before.text, after.text) {
        // Of the kinds there are three words; of others a record need not have the public ones.
        (None, Some(_)) if member == "kind" && is_term(before) && is_term(after) => {
            Verdict::Diverges
        }
        (None, Some(_)) | (Some(_), None) => Verdict::ForTheReader,
        (Some(_), Some(_)) | (None, None) => Verdict::Changed,
    }
}

/// Returns whether a posting has one of the terms for its kind, and no other word.
fn is_term(posting: &Posting<'_>) -> bool {
    let kind = MEMBERS.iter().position(|member| *member == "kind");
    let word = kind.and_then(|at| posting.members[at]);
    word.is_some_and(|word| ActionKind::WORDS.iter().any(|t| t.eq_ignore_ascii_case(word.trim())))
}

/// Returns whether a posting surely stands after another.
fn follows(after: &Posting<'_>, before: &Posting<'_>) -> bool {
    let page = match (before.text, after.text) {
        (Some(before), Some(after)) => Place::of(before).precedes(&Place::of(after)),
        _ => false,
    };
    page || before.when.interval().before(&after.when.interval())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tally_testkit::casebook::Casebook;

    use crate::finding::{Severity, Verdict};
    use crate::probe::{
        comment, fact, findings, observer, official, only, own, said, stated, verdict,
    };

    const FIRST: &str = "2025-04-04";
    const LATER: &str = "2025-05-02";

    fn item(more: Json) -> Json {
        let mut body = json!({ "id": "ai-3", "text": "review that it is necessary and fit",
                               "status": "Ongoing", "kind": "Prevent" });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    }

    fn comments(book: &mut Casebook) {
        for (item, at) in [(29, FIRST), (36, LATER)] {
            let speaker = official();
            comment(book, speaker, item, at, json!({}));
        }
    }

    #[test]
    fn a_wording_that_is_recorded_as_changed_is_told_with_the_words() {
        let mut book = observer();
        comments(&mut book);
        stated(&mut book, 29, "action.opened", FIRST, item(json!({})));
        let reworded = json!({ "id": "ai-3", "text": "review that it is fit" });
        stated(&mut book, 36, "action.changed", LATER, reworded);
        let finding = only(&book, "T514");
        assert_eq!(finding.verdict, Verdict::Changed);
        assert_eq!(
            finding.message,
            "ai-3, as of 2025-05-02; its text of 2025-04-04: taken out: \"necessary and\""
        );
        assert_eq!(finding.evidence.iter().map(|e| e.seq).collect::<Vec<_>>(), [4, 3]);
    }

    #[test]
    fn the_same_words_in_other_dress_are_no_drift() {
        let mut book = observer();
        comments(&mut book);
        stated(&mut book, 29, "action.opened", FIRST, item(json!({})));
        let dressed = json!({ "text": "Review that it is **necessary**  and fit" });
        stated(&mut book, 36, "action.opened", LATER, item(dressed));
        assert!(findings(&book, "T514", None).is_empty());
    }

    #[test]
    fn two_postings_that_differ_without_an_entry_that_says_so_changed() {
        let mut book = observer();
        comments(&mut book);
        stated(&mut book, 29, "action.opened", FIRST, item(json!({ "criteria": "an audit" })));
        stated(&mut book, 36, "action.opened", LATER, item(json!({ "criteria": "a survey" })));
        let finding = only(&book, "T514");
        assert_eq!(finding.verdict, Verdict::Changed);
        assert!(
            finding.message.ends_with("criteria of 2025-04-04: \"an audit\" became \"a survey\"")
        );
        assert_eq!(finding.notes, ["no entry records the change as one"]);
    }

    #[test]
    fn a_kind_that_the_own_record_never_had_diverges_and_other_words_are_for_the_reader() {
        for (attribute, value, expected) in
            [("kind", "Mitigate", Verdict::Diverges), ("text", "review it", Verdict::ForTheReader)]
        {
            let mut book = own();
            fact(&mut book, "action.opened", FIRST, item(json!({})));
            let claim = json!({ "says": "value", "subject": "ai-3", "attribute": attribute,
                                "value": value });
            said(&mut book, 36, LATER, claim.clone());
            let finding = only(&book, "T514");
            assert_eq!(finding.verdict, expected);
            assert_eq!(finding.severity == Severity::Low, expected == Verdict::Diverges);
            let mut told = own();
            fact(&mut told, "action.opened", FIRST, item(json!({})));
            let change = json!({ "id": "ai-3", attribute: value });
            fact(&mut told, "action.changed", "2025-05-01", change);
            said(&mut told, 36, LATER, claim);
            assert_eq!(verdict(&told, "T514"), Verdict::Changed, "recorded as a change");
        }
    }

    #[test]
    fn postings_of_which_nothing_shows_the_order_are_undetermined() {
        let mut book = own();
        fact(&mut book, "action.opened", "2025-04", item(json!({})));
        let claim = json!({ "says": "value", "subject": "ai-3", "attribute": "kind",
                            "value": "Detect" });
        said(&mut book, 36, "2025-04-20", claim);
        assert_eq!(verdict(&book, "T514"), Verdict::Undetermined);
    }

    #[test]
    fn what_another_party_or_an_observer_words_is_no_posting() {
        let mut book = observer();
        comments(&mut book);
        stated(&mut book, 29, "action.opened", FIRST, item(json!({})));
        fact(&mut book, "action.changed", LATER, json!({ "id": "ai-3", "text": "noted" }));
        let other = json!({ "capacity": "official", "organisation": "Other CA" });
        comment(
            &mut book,
            other,
            40,
            "2025-06-01",
            json!({ "claims": [
            { "says": "value", "subject": "ai-3", "attribute": "text", "value": "something" } ] }),
        );
        assert!(findings(&book, "T514", None).is_empty());
    }
}
