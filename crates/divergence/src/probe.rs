//! What the tests of the rules share: one incident at one CA, told in a few words.

use serde_json::{Value as Json, json};
use tally_ledger::name::Kind;
use tally_ledger::payload::{Basis, Event};
use tally_ledger::replay::{Beside, Timeline};
use tally_ledger::vocabulary::Body;
use tally_testkit::casebook::Casebook;

use crate::finding::{Finding, Verdict};
use crate::{Terms, Texts, diverge};

/// The page of the incident's bug.
pub(crate) const BUG: &str = "https://bugs.example/1";

/// Returns the ledger that the CA keeps of itself.
pub(crate) fn own() -> Casebook {
    Casebook::own("Example CA")
}

/// Returns the ledger of an observer.
pub(crate) fn observer() -> Casebook {
    Casebook::observer("An observer")
}

/// Returns the CA as a speaker.
pub(crate) fn official() -> Json {
    json!({ "capacity": "official", "organisation": "Example CA" })
}

/// Records a comment of the CA in its bug, which makes one claim.
pub(crate) fn said(book: &mut Casebook, item: u64, published: &str, claim: Json) -> u64 {
    said_by(book, official(), item, published, claim)
}

/// Records a comment of somebody in the bug, which makes one claim.
pub(crate) fn said_by(
    book: &mut Casebook,
    speaker: Json,
    item: u64,
    published: &str,
    claim: Json,
) -> u64 {
    comment(book, speaker, item, published, json!({ "claims": [claim] }))
}

/// Records a comment with those members besides the ones that every comment has.
pub(crate) fn comment(
    book: &mut Casebook,
    speaker: Json,
    item: u64,
    published: &str,
    more: Json,
) -> u64 {
    let body = self::published(speaker, item, published, more);
    let cited = json!({ "stated": [{ "url": BUG, "item": item }] });
    book.record(json!({ "kind": "statement.published", "incident": "x", "basis": cited,
                        "body": body }))
}

/// Returns the body of a comment with those members besides the ones that every comment has.
pub(crate) fn published(speaker: Json, item: u64, published: &str, more: Json) -> Json {
    let mut body = json!({
        "id": format!("c{item}"), "channel": "bugzilla", "url": BUG, "item": item,
        "speaker": speaker, "published": published,
    });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    if let Some(claims) = body.get_mut("claims").and_then(Json::as_array_mut) {
        for claim in claims.iter_mut().filter(|claim| claim["origin"].is_null()) {
            claim["origin"] = "declared".into();
        }
    }
    body
}

/// Returns events of the incident as they are read beside a ledger: kinds and bodies.
pub(crate) fn beside(name: &str, events: &[(&str, Json)]) -> Beside {
    let event = |(kind, body): &(&str, Json)| {
        let kind: Kind = kind.parse().unwrap();
        let occurred = body.get("occurred").map(|at| at.as_str().unwrap().parse().unwrap());
        let mut body = body.clone();
        body.as_object_mut().unwrap().remove("occurred");
        let body = Body::from_document(&kind, &body).unwrap().to_value();
        let (basis, evidence) = (Basis::Own, Vec::new());
        Event { feeds: vec!["x".parse().unwrap()], kind, occurred, basis, on: None, evidence, body }
    };
    let events: Vec<Event> = events.iter().map(event).collect();
    Beside::of_events(name, &events, "2026-12-01T00:00:00Z".parse().unwrap())
}

/// Opens the incident of the CA and names its page.
pub(crate) fn opened(book: &mut Casebook) -> u64 {
    let body = json!({ "about": { "name": "Example CA" }, "title": "An incident", "urls": [BUG] });
    book.record(json!({ "kind": "incident.opened", "incident": "x", "body": body }))
}

/// Records a comment of the CA in its bug, of that form.
pub(crate) fn posted(book: &mut Casebook, item: u64, published: &str, form: &str) -> u64 {
    comment(book, official(), item, published, json!({ "form": form }))
}

/// Records a comment of another organisation in the bug.
pub(crate) fn remarked(book: &mut Casebook, item: u64, published: &str) -> u64 {
    let speaker = json!({ "capacity": "official", "organisation": "A root program" });
    comment(book, speaker, item, published, json!({}))
}

/// Records that all comments of the bug were captured at that time.
pub(crate) fn captured(book: &mut Casebook, at: &str) -> u64 {
    let digest = "ab".repeat(32);
    let body = json!({ "what": "tracker", "url": BUG, "digest": digest });
    book.record(json!({ "kind": "measurement.taken", "incident": "x", "occurred": at,
                        "basis": { "measured": [digest] }, "body": body }))
}

/// Records an order not to revoke a set of its own, granted at that time.
pub(crate) fn ordered_not_to(book: &mut Casebook, granted: &str) -> u64 {
    let body = json!({ "id": "order", "type": "restraining_order", "direction": "received",
                       "granted": granted, "set": "restrained" });
    book.record(json!({ "kind": "legal.instrument", "incident": "x", "body": body }))
}

/// Records the deadline of the set `all` under a rule: its clock started on 1 April 2026 at 10:00
/// UTC, and ends a day later.
pub(crate) fn deadline(book: &mut Casebook, rule: &str) -> u64 {
    let body = json!({ "set": "all", "rule": rule, "due": "2026-04-02T10:00Z",
                       "start": "2026-04-01T10:00Z" });
    fact(book, "revocation.deadline", "2026-04-01T11:00Z", body)
}

/// Records from a measurement when the last certificate of the set `all` was revoked.
pub(crate) fn completed(book: &mut Casebook, last: &str) -> u64 {
    book.record(json!({ "kind": "revocation.completed", "incident": "x",
        "basis": { "measured": ["ab".repeat(32)] }, "body": { "set": "all", "last": last } }))
}

/// Records the question `q` of a comment by a root program.
pub(crate) fn inquired(book: &mut Casebook, item: u64, at: &str) -> u64 {
    let asker = json!({ "capacity": "official", "organisation": "A root program" });
    inquired_by(book, asker, item, at)
}

/// Records the question `q` of a comment.
pub(crate) fn inquired_by(book: &mut Casebook, asker: Json, item: u64, at: &str) -> u64 {
    let body = json!({ "id": "q", "form": "question", "text": "why?", "asker": asker,
                       "url": BUG, "item": item });
    fact(book, "inquiry.asked", at, body)
}

/// Records that a comment replies to the question `q`.
pub(crate) fn replied(book: &mut Casebook, item: u64, reply: &str) -> u64 {
    let body = json!({ "id": "q", "statement": format!("c{item}"), "reply": reply });
    book.record(json!({ "kind": "inquiry.answered", "incident": "x", "body": body }))
}

/// Records what happened, on the author's own word.
pub(crate) fn fact(book: &mut Casebook, kind: &str, occurred: &str, body: Json) -> u64 {
    book.record(json!({ "kind": kind, "incident": "x", "occurred": occurred, "body": body }))
}

/// Records what happened, as a comment of the bug states it.
pub(crate) fn stated(
    book: &mut Casebook,
    item: u64,
    kind: &str,
    occurred: &str,
    body: Json,
) -> u64 {
    let basis = json!({ "stated": [{ "url": BUG, "item": item }] });
    book.record(json!({ "kind": kind, "incident": "x", "occurred": occurred, "basis": basis,
                        "body": body }))
}

/// Returns the findings under one rule, as of `at` or of the last record.
pub(crate) fn findings(book: &Casebook, code: &str, at: Option<&str>) -> Vec<Finding> {
    let at = at.map(|at| at.parse().unwrap());
    let terms = Terms { at, ..Terms::default() };
    let report = diverge(&Timeline::replay(&book.ledger()), &terms);
    report.findings.into_iter().filter(|finding| finding.code == code).collect()
}

/// Returns the findings under one rule, with what stands beside the ledger and those exact texts.
pub(crate) fn findings_with(
    book: &Casebook,
    code: &str,
    beside: &[Beside],
    texts: Texts,
) -> Vec<Finding> {
    let mut timeline = Timeline::replay(&book.ledger());
    for beside in beside {
        timeline.join(beside.clone());
    }
    let report = diverge(&timeline, &Terms { texts, ..Terms::default() });
    report.findings.into_iter().filter(|finding| finding.code == code).collect()
}

/// Returns the one finding under a rule.
pub(crate) fn only(book: &Casebook, code: &str) -> Finding {
    let findings = findings(book, code, None);
    let [finding] = &findings[..] else { panic!("{findings:#?}") };
    finding.clone()
}

/// Returns the verdict of the one finding under a rule.
pub(crate) fn verdict(book: &Casebook, code: &str) -> Verdict {
    only(book, code).verdict
}
