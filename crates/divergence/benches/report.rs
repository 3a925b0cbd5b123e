//! The cost of a report: a verified ledger replayed and held against the rules, for ledgers of
//! growing size.
//!
//! Two shapes are tried: many incidents, as a CA of some years has them, and everything in one
//! incident, the worst that a ledger can do to the rules. The peer of the same run is the least
//! that a report must do, to read the same documents as JSON. Ten times the entries should cost
//! about ten times as much in either shape.

use divan::Bencher;
use divan::counter::ItemsCount;
use serde_json::{Value as Json, json};
use tally_divergence::{Terms, diverge};
use tally_ledger::replay::Timeline;
use tally_testkit::casebook::Casebook;

fn main() {
    divan::main();
}

/// How many entries the ledgers have; a tenth of them are statements.
const SIZES: [usize; 3] = [1_000, 3_000, 10_000];
/// How many entries are recorded of each matter: an incident, or a part of one.
const MATTER: usize = 50;

#[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
fn many_incidents(bencher: Bencher, size: usize) {
    report(bencher, size, |matter| format!("incident-{matter}"));
}

#[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
fn one_incident(bencher: Bencher, size: usize) {
    report(bencher, size, |_| "incident".to_owned());
}

#[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
fn documents_read_as_json(bencher: Bencher, size: usize) {
    let texts: Vec<String> =
        documents(size, |_| "incident".to_owned()).iter().map(Json::to_string).collect();
    bencher.counter(ItemsCount::new(size)).bench_local(|| {
        let read = texts.iter().map(|text| serde_json::from_str::<Json>(text));
        read.flatten().count()
    });
}

fn report(bencher: Bencher, size: usize, incident: fn(usize) -> String) {
    let mut book = Casebook::own("Example CA");
    for document in documents(size, incident) {
        book.record(document);
    }
    let ledger = book.ledger();
    let statements = Timeline::replay(&ledger).statements().len();
    assert_eq!(statements, size / 10, "a tenth are statements");
    let terms = Terms::default();
    let counted = bencher.counter(ItemsCount::new(size));
    counted.bench_local(|| diverge(&Timeline::replay(&ledger), &terms));
}

/// Returns the documents of a ledger of about `size` entries.
fn documents(size: usize, incident: fn(usize) -> String) -> Vec<Json> {
    (0..size / MATTER).flat_map(|matter| of_matter(matter, &incident(matter))).collect()
}

/// Returns what is recorded of one matter: its incident, five statements with their claims, and the
/// facts that these are held against.
fn of_matter(matter: usize, incident: &str) -> Vec<Json> {
    let url = format!("https://bugs.example/{incident}");
    let day = |day: usize| format!("2024-07-{:02}T{:02}:{:02}Z", day + 1, matter % 24, matter % 60);
    let mut documents: Vec<Json> = Vec::new();
    let mut add = |kind: &str, occurred: &str, body: Json| {
        documents.push(json!({
            "kind": kind, "incident": incident, "occurred": occurred, "body": body,
        }));
    };
    let about = json!({ "about": { "name": "Example CA" }, "title": "A matter", "urls": [url] });
    add("incident.opened", &day(0), about);
    add("incident.awareness", &day(0), json!({ "source": "Self Reported" }));
    let set = format!("set-{matter}");
    let affected = 100 + matter;
    let scope = json!({ "set": set, "count": affected, "unit": "certificates" });
    add("incident.scope", &day(0), scope);
    let due = json!({ "set": set, "rule": "BR 4.9.1.1 (5)", "due": day(5) });
    add("revocation.deadline", &day(0), due);
    for post in 0..5 {
        let item = |part: usize| format!("item-{matter}-{post}-{part}");
        let question = format!("question-{matter}-{post}");
        let asked = json!({
            "id": question, "form": "question", "text": "When was the last one revoked?",
            "asker": { "capacity": "participant" },
        });
        add("inquiry.asked", &day(post), asked);
        for part in 0..3 {
            let text = format!("Check the field number {part} before issuance");
            let opened = json!({ "id": item(part), "text": text, "status": "Ongoing",
                                 "due": day(post + 9) });
            add("action.opened", &day(post), opened);
        }
        let revoked = 20 * (post + 1);
        let progress = json!({ "set": set, "revoked": revoked, "remaining": affected - revoked });
        add("revocation.progress", &day(post + 1), progress);
        let claims = json!([
            { "origin": "declared", "says": "status", "item": item(0), "status": "Complete" },
            { "origin": "declared", "says": "will", "what": "action.status.complete",
              "subject": item(1), "due": day(post + 9) },
            { "origin": "declared", "says": "count", "metric": "revoked", "unit": "certificates",
              "value": revoked, "scope": set },
            { "origin": "declared", "says": "occurred", "kind": "action.opened",
              "subject": item(2), "when": day(post) },
            { "origin": "declared", "says": "answered", "question": question },
        ]);
        let statement = json!({
            "id": format!("comment-{matter}-{post}"), "channel": "bugzilla", "url": url,
            "item": matter * 5 + post, "published": day(post + 1), "claims": claims,
            "speaker": { "capacity": "official", "organisation": "Example CA" },
        });
        add("statement.published", &day(post + 1), statement);
        let answer = json!({ "id": question });
        add("inquiry.answered", &day(post + 1), answer);
        for part in 0..2 {
            let complete = json!({ "id": item(part), "status": "Complete" });
            add("action.status", &day(post + 1 + 4 * part), complete);
        }
    }
    add("incident.milestone", &day(6), json!({ "milestone": "scope_concluded" }));
    assert_eq!(documents.len(), MATTER);
    documents
}
