use serde_json::{Value as Json, json};
use tally_ledger::claim::Claim;

use super::*;
use crate::finding::Verdict;
use crate::probe::{BUG, own, said};
use crate::{Report, Terms, diverge};

fn claim(origin: &str) -> Json {
    json!({ "says": "will", "what": "revocation.completed", "subject": "all",
            "due": "2024-08-03T19:30Z", "origin": origin, "span": [3, 9] })
}

fn decided(decision: &str, more: Json) -> ClaimDecision {
    let mut written = json!({ "url": BUG, "item": 0, "decision": decision,
        "reason": "read twice", "role": "auditor", "rule": "due-by", "claim": claim("suggested") });
    let Json::Object(more) = more else { panic!("{more}") };
    written.as_object_mut().unwrap().extend(more);
    serde_json::from_value(written).unwrap()
}

/// Returns the report on one suggested claim after the review, and how many decisions met nothing.
fn reviewed(review: &Review) -> (Report, usize) {
    let mut book = own();
    said(&mut book, 0, "2024-07-31T00:45Z", claim("suggested"));
    let mut timeline = Timeline::replay(&book.ledger());
    let unmet = review.apply(&mut timeline).len();
    let at = Some("2025-01-01T00:00:00Z".parse().unwrap());
    (diverge(&timeline, &Terms { at, ..Terms::default() }), unmet)
}

fn review(claims: Vec<ClaimDecision>) -> Review {
    Review { claims, ..Review::default() }
}

#[test]
fn a_suggestion_counts_once_it_is_confirmed_and_not_before() {
    for (decision, held) in [("open", 0), ("rejected", 0), ("confirmed", 1)] {
        let (report, unmet) = reviewed(&review(vec![decided(decision, json!({}))]));
        assert_eq!((report.claims, unmet), (held, 0), "{decision}");
        assert_eq!(report.suggested, usize::from(decision == "open"));
        assert_eq!(report.rejected, usize::from(decision == "rejected"));
    }
}

#[test]
fn an_edited_claim_takes_the_place_of_the_suggested_one() {
    let mut later = claim("annotated");
    later["due"] = "2025-08-03T19:30Z".into();
    let (report, _) = reviewed(&review(vec![decided("edited", json!({ "instead": later }))]));
    assert_eq!(report.findings[0].verdict, Verdict::Undetermined, "not due yet");
    let said = report.findings[0].statement.as_ref().unwrap();
    assert_eq!((said.claim, report.suggested), (0, 0));
}

#[test]
fn a_claim_that_a_reviewer_found_is_added_and_one_of_another_text_is_reported() {
    let mut found = claim("annotated");
    found["subject"] = "some".into();
    let found = decided("confirmed", json!({ "claim": found }));
    let elsewhere = decided("confirmed", json!({ "item": 9 }));
    let changed = decided("confirmed", json!({ "digest": "ab".repeat(32) }));
    let (report, unmet) = reviewed(&review(vec![found, elsewhere, changed]));
    assert_eq!((report.claims, unmet), (1, 2));
}

#[test]
fn the_text_of_a_review_reads_back_and_is_the_same_however_it_was_put_together() {
    let (a, b) = (decided("confirmed", json!({})), decided("rejected", json!({ "item": 1 })));
    let text = review(vec![a.clone(), b.clone()]).text();
    assert_eq!(text, review(vec![b, a]).text());
    assert_eq!(Review::read(&text).unwrap().text(), text);
    assert!(text.starts_with("schema = 1\n\n[[claim]]\n"), "{text}");
}

#[test]
fn a_decision_without_a_reason_or_role_is_refused_and_so_is_one_made_twice() {
    let refused = |decision: ClaimDecision, what: &str| {
        let error = Review::read(&review(vec![decision]).text()).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    };
    refused(decided("confirmed", json!({ "reason": " " })), "without a reason");
    refused(decided("rejected", json!({ "role": null })), "without the role");
    refused(decided("edited", json!({})), "asserts instead");
    let twice = review(vec![decided("open", json!({})), decided("confirmed", json!({}))]);
    assert!(matches!(Review::read(&twice.text()), Err(ReviewError::Twice(_))));
    assert_eq!(Review::read("schema = 2"), Err(ReviewError::Schema(2)));
    assert!(Review::read("schema = 1\nsecret = 2").is_err());
}

#[test]
fn merging_takes_what_one_side_decided_and_names_what_they_decide_otherwise() {
    let mut ours = review(vec![
        decided("open", json!({})),
        decided("confirmed", json!({ "item": 1 })),
        decided("confirmed", json!({ "item": 2 })),
    ]);
    let theirs = review(vec![
        decided("confirmed", json!({})),
        decided("rejected", json!({ "item": 1, "role": "ca" })),
        decided("open", json!({ "item": 2 })),
        decided("open", json!({ "item": 3 })),
    ]);
    let conflicts = ours.merge(&theirs);
    let [conflict] = &conflicts[..] else { panic!("{conflicts:?}") };
    assert_eq!(conflict.first, "confirmed by auditor: read twice");
    assert_eq!(conflict.second, "rejected by ca: read twice");
    let decisions: Vec<&str> = ours.claims.iter().map(|c| c.decision.as_str()).collect();
    assert_eq!(decisions, ["confirmed", "confirmed", "confirmed", "open"]);
}

#[test]
fn the_name_of_a_claim_depends_on_its_text_and_place_and_not_on_the_decision() {
    let open = decided("open", json!({}));
    assert_eq!(open.id(), decided("confirmed", json!({})).id());
    assert_ne!(open.id(), decided("open", json!({ "item": 1 })).id());
    let elsewhere: Claim = serde_json::from_value(
        json!({ "says": "will", "what": "revocation.completed", "subject": "all",
                "due": "2024-08-03T19:30Z", "origin": "suggested", "span": [4, 9] }),
    )
    .unwrap();
    let moved = ClaimDecision { claim: elsewhere, ..open.clone() };
    assert_ne!(open.id(), moved.id());
}
