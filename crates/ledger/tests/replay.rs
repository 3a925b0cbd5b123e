//! Replay: what each act on an earlier entry does to it, what keeps one from having effect, and
//! what a reader is told of every entry.

use ciborium::Value;
use serde_json::json;
use tally_ledger::hash::Hash;
use tally_ledger::name::Kind;
use tally_ledger::payload::{Basis, Citation, Event};
use tally_ledger::replay::{
    Beside, Content, GAP_SECONDS_MAX, Gap, NoEffect, SealedState, Timeline,
};
use tally_ledger::vocabulary::Body;
use tally_testkit::casebook::{Casebook, event, hidden};

fn book() -> Casebook {
    Casebook::own("Example CA")
}

fn count(book: &mut Casebook, value: u64) -> u64 {
    let body = json!({ "metric": "affected", "unit": "certificates", "value": value });
    book.record(json!({ "kind": "incident.count", "incident": "x", "body": body }))
}

fn value(timeline: &Timeline, seq: u64) -> u64 {
    match timeline.fact(seq).expect("an entry of that seq").body() {
        Some(Body::IncidentCount(count)) => count.value,
        other => panic!("{other:?}"),
    }
}

/// Returns the document that corrects the count `on` to `value`.
fn correction(on: u64, value: u64) -> serde_json::Value {
    let body = json!({ "metric": "affected", "unit": "certificates", "value": value });
    json!({ "kind": "entry.correction", "on": on, "body": { "why": "miscounted", "body": body } })
}

#[test]
fn every_entry_becomes_one_fact_in_order() {
    let mut book = book();
    count(&mut book, 3);
    let timeline = Timeline::replay(&book.ledger());
    let seqs: Vec<u64> = timeline.facts().iter().map(|fact| fact.seq).collect();
    assert_eq!(seqs, [0, 1]);
    assert_eq!(timeline.owner().unwrap().name, "Example CA");
    assert!(timeline.fact(1).unwrap().author.roles.contains(&"compliance".parse().unwrap()));
    assert!(timeline.fact(2).is_none());
}

#[test]
fn the_last_correction_counts_against_what_was_recorded_and_all_are_shown() {
    let mut book = book();
    let seq = count(&mut book, 3);
    book.record(correction(seq, 4));
    let moved = json!({ "why": "the day was wrong", "occurred": "2024-08-02" });
    book.record(json!({ "kind": "entry.correction", "on": seq, "body": moved }));
    let timeline = Timeline::replay(&book.ledger());
    let fact = timeline.fact(seq).unwrap();
    assert_eq!(fact.corrections.len(), 2);
    // The second says nothing of the body, so the recorded one stands again.
    assert_eq!(value(&timeline, seq), 3);
    assert_eq!(fact.occurred().unwrap().at(), "2024-08-02");
    assert_eq!(fact.original.occurred, None);
}

#[test]
fn a_correction_is_the_authors_own_only_under_a_shared_role() {
    let mut book = book();
    let step = json!({ "instrument": "order", "step": "granted" });
    let seq = book.record(json!({ "kind": "legal.step", "incident": "x", "body": step }));
    let why = json!({ "why": "the day was wrong", "occurred": "2024-08-02" });
    for by in ["compliance", "legal"] {
        book.record(json!({ "kind": "entry.correction", "on": seq, "by": by, "body": why }));
    }
    let timeline = Timeline::replay(&book.ledger());
    let own: Vec<bool> =
        timeline.fact(seq).unwrap().corrections.iter().map(|correction| correction.own).collect();
    assert_eq!(own, [true, false]);
}

#[test]
fn a_correction_needs_a_role_that_covers_the_kind() {
    let mut book = book();
    let seq = count(&mut book, 3);
    let mut document = correction(seq, 4);
    document["by"] = "legal".into();
    let act = book.record(document);
    let timeline = Timeline::replay(&book.ledger());
    let expected = NoEffect::Authority("incident.count".parse().unwrap());
    assert_eq!(timeline.fact(act).unwrap().act, Some(Err(expected)));
    assert_eq!(value(&timeline, seq), 3);
}

#[test]
fn what_is_not_true_of_its_target_has_no_effect() {
    let mut book = book();
    let seq = count(&mut book, 3);
    let body = Value::Map(vec![("why".into(), "wrong".into())]);
    let mut act = event("entry.correction", &["x"], body.clone());
    let mut on = book.on(seq);
    on.kind = "incident.scope".parse().unwrap();
    act.on = Some(on);
    let kind = book.event(act, "compliance");
    let mut act = event("entry.correction", &["x", "y"], body.clone());
    let mut on = book.on(seq);
    on.feeds.push("y".parse().unwrap());
    act.on = Some(on);
    let feeds = book.event(act, "compliance");
    let nothing = book.event(event("entry.correction", &["x"], body), "compliance");
    let timeline = Timeline::replay(&book.ledger());
    let act = |seq| timeline.fact(seq).unwrap().act.clone().unwrap().unwrap_err();
    assert!(matches!(act(kind), NoEffect::Kind { seq: found, .. } if found == seq));
    assert_eq!(act(feeds), NoEffect::Feeds(seq));
    assert_eq!(act(nothing), NoEffect::Nothing);
    assert!(timeline.fact(seq).unwrap().corrections.is_empty());
}

#[test]
fn corrections_seals_and_heads_are_never_corrected() {
    let mut book = book();
    let seq = count(&mut book, 3);
    let first = book.record(correction(seq, 4));
    let why = json!({ "why": "wrong after all" });
    let act = book.record(json!({ "kind": "entry.correction", "on": first, "body": why }));
    let secret = hidden(&Hash::of(b"event"));
    let body = Value::Map(vec![("event".into(), secret)]);
    let sealed = book.event(event("sealed", &["sealed"], body), "compliance");
    let act_on_sealed = book
        .record(json!({ "kind": "entry.correction", "on": sealed, "feeds": ["x"], "body": why }));
    let timeline = Timeline::replay(&book.ledger());
    let reason = |seq| timeline.fact(seq).unwrap().act.clone().unwrap().unwrap_err();
    assert_eq!(reason(act), NoEffect::NeverCorrected("entry.correction".parse().unwrap()));
    assert_eq!(reason(act_on_sealed), NoEffect::Sealed(sealed));
    assert_eq!(value(&timeline, seq), 4);
}

#[test]
fn a_corrected_body_or_basis_that_does_not_fit_has_no_effect() {
    let mut book = book();
    let seq = count(&mut book, 3);
    let misfit = Value::Map(vec![
        ("why".into(), "wrong".into()),
        ("body".into(), Value::Map(vec![("metric".into(), 7.into())])),
    ]);
    let mut act = event("entry.correction", &["x"], misfit);
    act.on = Some(book.on(seq));
    let body = book.event(act, "compliance");
    let both = json!({ "why": "wrong", "basis": {
        "stated": [{ "url": "https://bugs.example/1" }], "measured": [Hash::of(b"crl")] } });
    let basis = book.record(json!({ "kind": "entry.correction", "on": seq, "body": both }));
    let timeline = Timeline::replay(&book.ledger());
    let reason = |seq| timeline.fact(seq).unwrap().act.clone().unwrap().unwrap_err();
    assert!(matches!(reason(body), NoEffect::Body(_)));
    assert_eq!(reason(basis), NoEffect::Basis);
    assert_eq!(value(&timeline, seq), 3);
}

#[test]
fn a_corrected_basis_is_the_one_that_counts() {
    let mut book = book();
    let seq = count(&mut book, 3);
    let why = json!({ "why": "the source was not named", "basis": {
        "stated": [{ "url": "https://bugs.example/1", "item": 4 }] } });
    book.record(json!({ "kind": "entry.correction", "on": seq, "body": why }));
    let timeline = Timeline::replay(&book.ledger());
    let Basis::Stated(citations) = timeline.fact(seq).unwrap().basis() else {
        panic!("not stated");
    };
    assert!(matches!(&citations[..], [Citation::Web { item: Some(4), .. }]));
}

#[test]
fn approvals_and_notes_stand_beside_the_entry_and_change_nothing() {
    let mut book = book();
    let seq = count(&mut book, 3);
    let approval = json!({ "role": "legal" });
    for by in ["legal", "auditor"] {
        book.record(json!({ "kind": "entry.approval", "on": seq, "by": by, "body": approval }));
    }
    let note = book
        .record(json!({ "kind": "entry.note", "on": seq, "body": { "text": "counted twice" } }));
    let timeline = Timeline::replay(&book.ledger());
    let fact = timeline.fact(seq).unwrap();
    let held: Vec<bool> = fact.approvals.iter().map(|approval| approval.held).collect();
    assert_eq!(held, [true, false], "an approval in a role that its author does not hold");
    assert_eq!(fact.notes, [note]);
    assert_eq!(value(&timeline, seq), 3);
}

#[test]
fn what_is_unknown_or_does_not_fit_is_kept_and_not_understood() {
    let mut book = book();
    let body = Value::Map(vec![("x".into(), 1.into())]);
    let unknown = book.event(event("future.kind", &["x"], body.clone()), "compliance");
    let misfit = book.event(event("incident.count", &["x"], body), "compliance");
    let timeline = Timeline::replay(&book.ledger());
    for seq in [unknown, misfit] {
        let content = &timeline.fact(seq).unwrap().told().content;
        assert!(matches!(**content, Content::NotUnderstood(_)), "{content:?}");
    }
}

#[test]
fn what_is_hidden_is_counted_until_it_is_erased_and_a_copy_is_reported() {
    let mut book = book();
    let (kept, erased) = (Hash::of(b"kept"), Hash::of(b"erased"));
    let text = |hash: &Hash| Value::Map(vec![("text".into(), hidden(hash))]);
    let first = book.event(event("entry.note", &["x"], text(&erased)), "compliance");
    let second = book.event(event("entry.note", &["x"], text(&kept)), "compliance");
    let copy = book.event(event("entry.note", &["x"], text(&kept)), "compliance");
    let erase = |on| {
        let hashes = Value::Array(vec![Value::Bytes(erased.0.to_vec())]);
        let body = Value::Map(vec![("hashes".into(), hashes), ("why".into(), "asked".into())]);
        let mut act = event("seal.erased", &["x"], body);
        act.on = Some(on);
        act
    };
    let on = book.on(first);
    let act = book.event(erase(on), "compliance");
    let on = book.on(second);
    let void = book.event(erase(on), "compliance");
    let timeline = Timeline::replay(&book.ledger());
    let states: Vec<(u64, SealedState)> =
        timeline.sealed().iter().map(|sealed| (sealed.seq, sealed.state)).collect();
    assert_eq!(
        states,
        [
            (first, SealedState::Erased(act)),
            (second, SealedState::Unopened),
            (copy, SealedState::Unopened),
        ]
    );
    assert_eq!(timeline.fact(copy).unwrap().copied, [(kept, second)]);
    assert_eq!(timeline.fact(void).unwrap().act, Some(Err(NoEffect::NotHidden(second))));
    assert_eq!(*timeline.fact(act).unwrap().told().content, Content::Sealed);
}

#[test]
fn bytes_that_open_a_hidden_value_end_its_being_unopened() {
    let mut book = book();
    let disclosure = b"any bytes with that hash";
    let body = Value::Map(vec![("text".into(), hidden(&Hash::of(disclosure)))]);
    let seq = book.event(event("entry.note", &["x"], body), "compliance");
    let opened = Value::Array(vec![Value::Bytes(disclosure.to_vec())]);
    let body = Value::Map(vec![("disclosures".into(), opened)]);
    let mut act = event("seal.revealed", &["x"], body);
    act.on = Some(book.on(seq));
    let act = book.event(act, "compliance");
    let timeline = Timeline::replay(&book.ledger());
    assert_eq!(timeline.sealed()[0].state, SealedState::Opened(act));
}

#[test]
fn a_clock_that_runs_backwards_and_a_wide_gap_are_flagged() {
    let mut book = book();
    let note = |occurred: &str| {
        json!({ "kind": "incident.milestone", "incident": "x", "occurred": occurred,
                "body": { "milestone": "identified" } })
    };
    book.clock("2024-08-10T00:00:00Z");
    let limit = book.record(note("2024-08-07T00:00:00Z"));
    book.clock("2024-08-10T00:00:01Z");
    let wide = book.record(note("2024-08-07T00:00:00Z"));
    book.clock("2024-08-09T00:00:00Z");
    let behind = book.record(note("2024-08-09"));
    let ahead = book.record(note("2024-08-09T01:00:00Z"));
    let open = book.record(note("2024-01-01/.."));
    let timeline = Timeline::replay(&book.ledger());
    let fact = |seq| timeline.fact(seq).unwrap();
    assert_eq!(fact(limit).gap, None);
    assert_eq!(fact(wide).gap, Some(Gap::After(GAP_SECONDS_MAX + 1)));
    assert_eq!(fact(wide).clock_behind, None);
    assert_eq!(fact(behind).clock_behind.unwrap().to_string(), "2024-08-10T00:00:01Z");
    assert_eq!(fact(behind).gap, None, "the day may have begun before the record");
    assert_eq!(fact(ahead).gap, Some(Gap::Before(3600 - 60)));
    assert_eq!(fact(open).gap, None);
}

#[test]
fn an_entry_is_seen_between_the_checkpoints_that_witnesses_dated() {
    let mut book = book();
    book.witness("2024-08-02T00:00:00Z");
    let seq = count(&mut book, 3);
    book.witness("2024-08-03T00:00:00Z");
    let timeline = Timeline::replay(&book.ledger());
    let window = timeline.fact(seq).unwrap().window;
    assert_eq!(window.not_yet.unwrap().to_string(), "2024-08-02T00:00:00Z");
    assert_eq!(window.seen.unwrap().to_string(), "2024-08-03T00:00:00Z");
    assert_eq!(timeline.fact(0).unwrap().window.not_yet, None);
}

#[test]
fn an_entry_of_a_compromised_key_is_marked_unless_it_was_witnessed_before() {
    let mut book = book();
    let step = json!({ "kind": "legal.step", "incident": "x", "by": "legal",
                       "body": { "instrument": "order", "step": "granted" } });
    let before = book.record(step.clone());
    book.witness("2024-08-02T00:00:00Z");
    let after = book.record(step);
    let kid = Timeline::replay(&book.ledger()).fact(after).unwrap().kid;
    let at = Value::Map(vec![("at".into(), "2024-08-03".into()), ("zone".into(), "Z".into())]);
    let body = Value::Map(vec![
        ("action".into(), "revoked".into()),
        ("kid".into(), Value::Bytes(kid.0.to_vec())),
        ("why".into(), "lost".into()),
        ("compromised".into(), at),
    ]);
    book.event(event("ledger.key", &["ledger"], body), "compliance");
    book.witness("2024-08-04T00:00:00Z");
    let timeline = Timeline::replay(&book.ledger());
    assert!(timeline.fact(before).unwrap().compromised.is_none());
    assert_eq!(timeline.fact(after).unwrap().compromised.as_ref().unwrap().at(), "2024-08-03");
    assert!(timeline.fact(0).unwrap().compromised.is_none(), "another key");
}

#[test]
fn a_statement_has_the_claims_of_each_of_its_versions() {
    let mut book = book();
    let claim = |value: u64| {
        json!({ "says": "count", "origin": "declared", "metric": "affected",
                "unit": "certificates", "value": value })
    };
    let speaker = json!({ "capacity": "official", "organisation": "Example CA" });
    let seq = book.record(json!({ "kind": "statement.published", "incident": "x", "body": {
        "id": "c4", "channel": "bugzilla", "url": "https://bugs.example/1", "item": 4,
        "speaker": speaker, "published": "2024-08-01T10:00Z", "claims": [claim(3)] } }));
    let edit = book.record(json!({ "kind": "statement.revised", "incident": "x", "body": {
        "id": "c4", "revised": "2024-08-02T10:00Z", "claims": [claim(4), claim(5)] } }));
    let elsewhere =
        json!({ "kind": "statement.withdrawn", "incident": "y", "body": { "id": "c4" } });
    book.record(elsewhere);
    let timeline = Timeline::replay(&book.ledger());
    let [statement] = timeline.statements() else { panic!("one statement") };
    assert_eq!((statement.seq, statement.item), (seq, Some(4)));
    let claims: Vec<usize> = statement.versions.iter().map(|v| v.claims.len()).collect();
    assert_eq!(claims, [1, 2]);
    assert_eq!(statement.versions.last().unwrap().seq, edit);
    assert!(statement.withdrawn.is_none(), "another incident's statement of that name");
}

/// Returns an event in the incident `feed` that no ledger holds.
fn captured(kind: &str, feed: &str, body: &serde_json::Value) -> Event {
    let kind: Kind = kind.parse().expect("a kind");
    let body = Body::from_document(&kind, body).expect("a body of that kind").to_value();
    Event {
        feeds: vec![feed.parse().expect("a feed")],
        kind,
        occurred: None,
        basis: Basis::Stated(vec![Citation::Entry { seq: 0, claim: None, span: None }]),
        on: None,
        evidence: Vec::new(),
        body,
    }
}

fn opened(bug: u64) -> serde_json::Value {
    json!({ "about": { "name": "Example CA" }, "title": "late", "bugs": [bug] })
}

#[test]
fn what_is_joined_stands_in_the_incident_that_names_the_same_bug_and_counts_on_from_the_end() {
    let mut book = book();
    book.record(json!({ "kind": "incident.opened", "incident": "x", "body": opened(7) }));
    let mut timeline = Timeline::replay(&book.ledger());
    let comment = json!({ "id": "c0", "channel": "bugzilla", "url": "https://bugs.example/7",
        "speaker": { "capacity": "official" }, "published": "2024-08-01" });
    let events = [
        captured("incident.opened", "7", &opened(7)),
        captured("statement.published", "7", &comment),
        captured("incident.opened", "8", &opened(8)),
    ];
    let read = "2025-01-01T00:00:00Z".parse().unwrap();
    timeline.join(Beside::of_events("page.json", &events, read));
    let feeds: Vec<&str> = timeline.facts().iter().map(|f| f.feeds[0].as_str()).collect();
    assert_eq!(feeds, ["ledger", "x", "x", "x", "8"]);
    assert_eq!(timeline.recorded().len(), 2);
    let [statement] = timeline.statements() else { panic!("{:?}", timeline.statements()) };
    assert_eq!(statement.seq, 3);
    assert_eq!(timeline.label(1), "entry 1");
    assert_eq!(timeline.label(3), "number 1 of page.json");
    // What cites an entry of its own source still does.
    let cited = Basis::Stated(vec![Citation::Entry { seq: 2, claim: None, span: None }]);
    assert_eq!(*timeline.fact(4).unwrap().basis(), cited);
    assert_eq!(timeline.last_recorded(), Some(read));
}

#[test]
fn the_id_of_an_event_beside_a_ledger_does_not_depend_on_when_or_where_it_was_joined() {
    let event = captured("incident.opened", "7", &opened(7));
    let id = |source: &str, read: &str, before: &[Event]| {
        let mut timeline = Timeline::replay(&book().ledger());
        let events = [before, std::slice::from_ref(&event)].concat();
        timeline.join(Beside::of_events(source, &events, read.parse().unwrap()));
        timeline.facts().last().unwrap().id
    };
    let other = captured("incident.opened", "8", &opened(8));
    let first = id("a", "2025-01-01T00:00:00Z", &[]);
    assert_eq!(first, id("b", "2025-02-01T00:00:00Z", std::slice::from_ref(&other)));
    let mut timeline = Timeline::replay(&book().ledger());
    timeline.join(Beside::of_events("a", &[other], "2025-01-01T00:00:00Z".parse().unwrap()));
    assert_ne!(timeline.facts().last().unwrap().id, first);
}

#[test]
fn another_ledger_joined_twice_has_two_places_and_keeps_its_acts() {
    let mut other = book();
    let seq = count(&mut other, 3);
    other.record(correction(seq, 4));
    let theirs = Timeline::replay(&other.ledger());
    let mut timeline = Timeline::replay(&book().ledger());
    timeline.join(Beside::of_ledger("first", theirs.clone()));
    timeline.join(Beside::of_ledger("second", theirs));
    assert_eq!(timeline.joined().len(), 2);
    for joined in timeline.joined() {
        let at = joined.first + seq;
        assert_eq!(value(&timeline, at), 4, "{}", joined.name);
        assert_eq!(timeline.fact(at + 1).unwrap().act, Some(Ok(at)));
    }
}
