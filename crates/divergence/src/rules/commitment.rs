//! T103: a commitment that is recorded and that no recorded claim makes, held against what was
//! done. The due date of an action item is one, too.

use std::collections::BTreeSet;

use tally_ledger::governance::Standing;
use tally_ledger::payload::Basis;
use tally_ledger::replay::Fact;
use tally_ledger::time::When;
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::action::ActionStatus;
use tally_ledger::vocabulary::commitment::{Duty, Made};
use tally_ledger::vocabulary::words::Strength;

use super::COMMITMENT;
use super::abstention::judge_abstention;
use super::change::linked;
use super::promise::{Promise, judge_promise};
use crate::case::Case;
use crate::claims::Claims;
use crate::finding::Finding;
use crate::happening::until;
use crate::index::Key;
use crate::source::{Party, Perspective};

/// The kind by which an action item is complete.
const COMPLETED: &str = "action.status.complete";

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let claims = &case.claims;
    let as_of = case.as_of;
    let claimed = claimed(claims);
    let facts = claims.timeline().facts().iter();
    let mut findings = Vec::new();
    for fact in facts.filter(|fact| !claimed.contains(&fact.seq)) {
        if let Some(Body::CommitmentMade(made)) = fact.body() {
            let promise = promise(claims, fact, made);
            findings.push(match made.to {
                Duty::Do => judge_promise(&COMMITMENT, claims, &promise, as_of),
                Duty::Avoid => {
                    // What is due to be avoided is avoided up to its end.
                    let period = made.due.as_ref().and_then(until);
                    judge_abstention(&COMMITMENT, claims, &promise, period.as_ref(), as_of)
                }
            });
        } else if let Some(promise) = completion(claims, fact) {
            findings.push(judge_promise(&COMMITMENT, claims, &promise, as_of));
        }
    }
    findings
}

/// Returns the item and the due date of an entry that sets one for an item that is open.
fn item(fact: &Fact) -> Option<(&str, &When)> {
    let (id, status, due) = match fact.body()? {
        Body::ActionOpened(body) => (&body.id, body.status, &body.due),
        Body::ActionStatus(body) => (&body.id, body.status, &body.due),
        _ => return None,
    };
    let open = matches!(status, ActionStatus::Ongoing | ActionStatus::Delayed);
    Some((id, due.as_ref().filter(|_| open)?))
}

/// Returns the promise that an action item with a due date is: to complete it by then.
fn completion<'a>(claims: &Claims<'a>, fact: &'a Fact) -> Option<Promise<'a>> {
    let (id, due) = item(fact)?;
    Some(Promise {
        perspective: perspective(claims, fact),
        held: None,
        commitment: Some(fact),
        duty: Duty::Do,
        what: COMPLETED.to_owned(),
        subject: Some(id.to_owned()),
        due: Some(due.clone()),
        made: Some(made_at(fact)),
        strength: Strength::Firm,
        condition: None,
        scope: None,
    })
}

/// Returns the entries of the commitments that claims make, which their own rules look at.
fn claimed(claims: &Claims<'_>) -> BTreeSet<u64> {
    let mut claimed = BTreeSet::new();
    for promise in claims.held().iter().filter_map(Promise::of) {
        claimed.extend(linked(claims, &promise).into_iter().map(|fact| fact.seq));
        if let Some(subject) = promise.subject.as_deref().filter(|_| promise.what == COMPLETED) {
            let facts = claims.facts(promise.perspective.feeds, Key::Subject(subject));
            let same = |fact: &&&Fact| item(fact).is_some_and(|(id, _)| id == subject);
            claimed.extend(facts.iter().filter(same).map(|fact| fact.seq));
        }
    }
    claimed
}

fn promise<'a>(claims: &Claims<'a>, fact: &'a Fact, made: &Made) -> Promise<'a> {
    Promise {
        perspective: perspective(claims, fact),
        held: None,
        commitment: Some(fact),
        duty: made.to,
        what: made.what.clone(),
        subject: made.subject.clone(),
        due: made.due.clone().filter(|_| made.to == Duty::Do),
        made: Some(made_at(fact)),
        strength: made.strength.unwrap_or(Strength::Firm),
        condition: made.condition.clone(),
        scope: made.scope.clone(),
    }
}

/// Returns whose commitment an entry records, and in which statement it was made.
fn perspective<'a>(claims: &Claims<'a>, fact: &'a Fact) -> Perspective<'a> {
    let timeline = claims.timeline();
    let (party, statement) = match fact.basis() {
        Basis::Stated(_) => {
            let statement = claims.cited(fact).iter().find_map(|cited| cited.statement);
            (statement.map(|s| Party::of(&s.speaker)).unwrap_or_default(), statement)
        }
        Basis::Own if timeline.standing() == Some(Standing::Own) => {
            let owner = timeline.owner().map(|owner| Party::organisation(&owner.name));
            (owner.unwrap_or_default(), None)
        }
        Basis::Own | Basis::Measured(_) => (Party::default(), None),
    };
    Perspective::new(party, statement, &fact.feeds)
}

fn made_at(fact: &Fact) -> When {
    fact.occurred().cloned().unwrap_or_else(|| When::from_instant(fact.recorded))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use crate::finding::Verdict;
    use crate::probe::{fact, findings, observer, only, own, said, verdict};

    fn plan() -> Json {
        json!({ "id": "plan", "type": "revocation_plan", "title": "Plan" })
    }

    fn commitment() -> Json {
        json!({ "id": "p", "to": "do", "what": "document.published", "subject": "plan",
                "due": "2025-05-01" })
    }

    #[test]
    fn a_recorded_commitment_is_held_against_what_was_done() {
        for (published, expected) in
            [("2025-04-30", Verdict::Tallies), ("2025-05-04", Verdict::Diverges)]
        {
            let mut book = own();
            fact(&mut book, "commitment.made", "2025-03-01", commitment());
            fact(&mut book, "document.published", published, plan());
            let finding = only(&book, "T103");
            assert_eq!(finding.verdict, expected);
            assert_eq!(finding.subject.as_deref(), Some("p"));
            assert!(finding.statement.is_none());
        }
    }

    #[test]
    fn what_is_recorded_as_kept_is_kept_when_it_says_so() {
        let mut book = own();
        let words = json!({ "id": "p", "to": "do", "what": "train every operator",
                            "due": "2025-05-01" });
        fact(&mut book, "commitment.made", "2025-03-01", words);
        assert_eq!(verdict(&book, "T103"), Verdict::Undetermined);
        fact(&mut book, "commitment.kept", "2025-04-20", json!({ "id": "p" }));
        assert_eq!(verdict(&book, "T103"), Verdict::Tallies);
    }

    #[test]
    fn a_commitment_moved_before_it_was_due_changed() {
        let mut book = own();
        fact(&mut book, "commitment.made", "2025-03-01", commitment());
        let moved = json!({ "id": "p", "change": "moved", "due": "2025-06-01" });
        fact(&mut book, "commitment.changed", "2025-04-01", moved);
        assert_eq!(verdict(&book, "T103"), Verdict::Changed);
    }

    #[test]
    fn what_is_to_be_avoided_until_a_time_is_avoided_up_to_its_end() {
        for (sent, expected) in [
            ("2025-04-01", Verdict::Diverges),
            ("2025-05-01", Verdict::Undetermined),
            ("2025-05-04", Verdict::Tallies),
        ] {
            let mut book = own();
            let avoid = json!({ "id": "p", "to": "avoid", "what": "legal.instrument",
                                "due": "2025-05-01" });
            fact(&mut book, "commitment.made", "2025-03-01", avoid);
            let letter = json!({ "id": "l", "type": "cease_and_desist", "direction": "sent" });
            fact(&mut book, "legal.instrument", sent, letter);
            let findings = findings(&book, "T103", Some("2026-01-01T00:00:00Z"));
            assert_eq!(findings[0].verdict, expected, "{sent}");
        }
    }

    #[test]
    fn a_commitment_that_a_claim_makes_is_not_counted_twice() {
        let mut book = own();
        let claim = json!({ "says": "will", "what": "document.published", "subject": "plan",
                            "due": "2025-05-01" });
        said(&mut book, 0, "2025-03-01Z", claim);
        fact(&mut book, "commitment.made", "2025-03-01", commitment());
        assert!(findings(&book, "T103", None).is_empty());
        assert_eq!(findings(&book, "T101", None).len(), 1);
    }

    fn item(more: Json) -> Json {
        let mut body = json!({ "id": "ai-3", "text": "audit", "status": "Ongoing",
                               "due": "2025-05-01" });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    }

    #[test]
    fn the_due_date_of_an_action_item_is_a_commitment() {
        for (complete, expected) in
            [("2025-05-01", Verdict::Tallies), ("2025-05-04", Verdict::Diverges)]
        {
            let mut book = own();
            fact(&mut book, "action.opened", "2025-03-01", item(json!({})));
            let status = json!({ "id": "ai-3", "status": "Complete" });
            fact(&mut book, "action.status", complete, status);
            let finding = only(&book, "T103");
            assert_eq!(finding.verdict, expected);
            assert_eq!(finding.subject.as_deref(), Some("ai-3"));
        }
        let mut book = own();
        fact(&mut book, "action.opened", "2025-03-01", item(json!({ "status": "Complete" })));
        assert!(findings(&book, "T103", None).is_empty(), "it was done when it was opened");
    }

    #[test]
    fn a_due_date_moved_before_it_was_due_changed_and_the_new_one_is_held_too() {
        let mut book = own();
        fact(&mut book, "action.opened", "2025-03-01", item(json!({})));
        let moved = json!({ "id": "ai-3", "status": "Delayed", "due": "2025-06-01" });
        fact(&mut book, "action.status", "2025-04-20", moved.clone());
        fact(
            &mut book,
            "action.status",
            "2025-06-05",
            json!({ "id": "ai-3", "status": "Complete" }),
        );
        let verdicts: Vec<Verdict> =
            findings(&book, "T103", None).iter().map(|finding| finding.verdict).collect();
        assert_eq!(verdicts, [Verdict::Diverges, Verdict::Changed]);
        let mut book = own();
        fact(&mut book, "action.opened", "2025-03-01", item(json!({})));
        fact(&mut book, "action.status", "2025-05-20", moved);
        let late = findings(&book, "T103", Some("2025-05-25T00:00:00Z"));
        assert_eq!(late.len(), 2);
        let first = late.iter().find(|finding| finding.verdict == Verdict::Diverges).unwrap();
        assert!(first.notes.iter().any(|note| note.contains("after it was due")), "{first:?}");
    }

    #[test]
    fn an_item_canceled_before_it_was_due_changed() {
        let mut book = own();
        fact(&mut book, "action.opened", "2025-03-01", item(json!({})));
        fact(
            &mut book,
            "action.status",
            "2025-04-20",
            json!({ "id": "ai-3", "status": "Canceled" }),
        );
        let finding = only(&book, "T103");
        assert_eq!(finding.verdict, Verdict::Changed);
        assert!(finding.message.contains("canceled"), "{}", finding.message);
    }

    #[test]
    fn a_due_date_that_a_claim_promises_is_not_counted_twice() {
        let mut book = own();
        let claim = json!({ "says": "will", "what": "action.status.complete", "subject": "ai-3",
                            "due": "2025-05-01" });
        said(&mut book, 0, "2025-03-01Z", claim);
        fact(&mut book, "action.opened", "2025-03-01", item(json!({})));
        assert!(findings(&book, "T103", None).is_empty());
        assert_eq!(findings(&book, "T101", None).len(), 1);
    }

    #[test]
    fn an_observers_note_of_a_commitment_makes_no_divergence() {
        let mut book = observer();
        let mut made = commitment();
        made["what"] = "revocation.completed".into();
        fact(&mut book, "commitment.made", "2025-03-01", made);
        fact(&mut book, "revocation.completed", "2025-05-04", json!({ "set": "plan" }));
        assert_eq!(verdict(&book, "T103"), Verdict::SourcesDiffer);
    }
}
