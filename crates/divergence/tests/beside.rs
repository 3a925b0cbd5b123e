//! Public texts that stand beside a ledger are held against what it records.

use serde_json::{Value as Json, json};
use tally_divergence::finding::Verdict;
use tally_divergence::{Report, Terms, diverge};
use tally_ledger::payload::{Basis, Event};
use tally_ledger::replay::{Beside, Timeline};
use tally_ledger::vocabulary::Body;
use tally_testkit::casebook::Casebook;

const PAGE: &str = "https://bugs.example/1";

/// Returns the ledger of a CA that records when it had revoked, in the incident `late`.
fn ledger() -> Casebook {
    let mut book = Casebook::own("Example CA");
    let opened = json!({ "about": { "name": "Example CA" }, "title": "late", "bugs": [1] });
    book.record(json!({ "kind": "incident.opened", "incident": "late", "body": opened }));
    book.record(json!({ "kind": "revocation.completed", "incident": "late",
        "occurred": "2024-08-03T20:47Z", "body": { "set": "all" } }));
    book
}

fn promise(origin: &str) -> Json {
    json!({ "says": "will", "what": "revocation.completed", "subject": "all",
            "due": "2024-08-03T19:30Z", "origin": origin })
}

/// Returns the body of a comment of the CA that makes that claim.
fn comment(claim: &Json) -> Json {
    json!({ "id": "c0", "channel": "bugzilla", "url": PAGE, "item": 0,
        "speaker": { "capacity": "official", "organisation": "Example CA" },
        "published": "2024-07-31T00:45Z", "claims": [claim] })
}

/// Returns an event that was read beside the ledger, in the incident that bears the bug's number.
fn event(kind: &str, body: &Json) -> Event {
    let kind = kind.parse().expect("a kind");
    let body = Body::from_document(&kind, body).expect("a body of that kind").to_value();
    let feeds = vec!["1".parse().expect("a feed")];
    let (occurred, basis, on, evidence) = (None, Basis::Own, None, Vec::new());
    Event { feeds, kind, occurred, basis, on, evidence, body }
}

/// Returns what diverges when the page, on which the CA makes that claim, is held against `book`.
fn report(book: &Casebook, claim: &Json) -> Report {
    let opened = json!({ "about": { "name": "Example CA" }, "title": "bug 1", "bugs": [1] });
    let events = [event("incident.opened", &opened), event("statement.published", &comment(claim))];
    let mut timeline = Timeline::replay(&book.ledger());
    let read = "2024-09-01T00:00:00Z".parse().expect("an instant");
    timeline.join(Beside::of_events("page.json", &events, read));
    diverge(&timeline, &Terms::default())
}

#[test]
fn a_captured_promise_is_held_against_the_cas_own_record() {
    let report = report(&ledger(), &promise("parsed"));
    let [finding] = &report.findings[..] else { panic!("{:#?}", report.findings) };
    assert_eq!((finding.code, finding.verdict), ("T101", Verdict::Diverges));
    assert!(finding.message.ends_with("1 h 17 min later"), "{}", finding.message);
    assert_eq!(finding.compared, "compared with its own record (entry 2)");
    let said = finding.statement.as_ref().expect("a statement");
    assert_eq!(report.label(said.seq), "number 1 of page.json");
    assert_eq!(report.place(said.seq), (1, Some("page.json".to_owned())));
    assert_eq!((report.entries, report.statements, report.claims), (3, 1, 1));
}

#[test]
fn a_suggestion_is_counted_and_never_held() {
    let report = report(&ledger(), &promise("suggested"));
    assert_eq!((report.claims, report.suggested), (0, 1));
    assert!(report.findings.is_empty());
}

#[test]
fn a_claim_that_the_ledger_records_of_the_same_text_is_held_once() {
    let mut book = ledger();
    book.record(json!({ "kind": "statement.published", "incident": "late",
        "body": comment(&promise("declared")) }));
    let report = report(&book, &promise("parsed"));
    assert_eq!(report.claims, 1);
    assert_eq!(report.findings[0].statement.as_ref().expect("a statement").seq, 3);
}

#[test]
fn what_is_noted_beside_a_ledger_is_nobodys_record_in_it() {
    let mut book = Casebook::own("Example CA");
    book.record(json!({ "kind": "incident.opened", "incident": "late", "body":
        { "about": { "name": "Example CA" }, "title": "late", "bugs": [1] } }));
    book.record(json!({ "kind": "statement.published", "incident": "late",
        "body": comment(&promise("declared")) }));
    let mut timeline = Timeline::replay(&book.ledger());
    let mut done = event("revocation.completed", &json!({ "set": "all" }));
    done.occurred = Some("2024-08-03T20:47Z".parse().expect("a time"));
    let opened = json!({ "about": { "name": "Example CA" }, "title": "bug 1", "bugs": [1] });
    let events = [event("incident.opened", &opened), done];
    let read = "2024-09-01T00:00:00Z".parse().expect("an instant");
    timeline.join(Beside::of_events("page.json", &events, read));
    let report = diverge(&timeline, &Terms::default());
    let [finding] = &report.findings[..] else { panic!("{:#?}", report.findings) };
    assert_eq!(finding.verdict, Verdict::SourcesDiffer, "{finding:#?}");
    assert!(finding.compared.contains("number 1 of page.json"), "{}", finding.compared);
}
