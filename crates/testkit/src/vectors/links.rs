//! Position, the entry before, feeds and references.

use ciborium::Value;
use tally_ledger::fault::Code;

use super::payloads::stated;
use super::{changed_note, ledger, with_entry};
use crate::draft::{Draft, header};
use crate::forge::{ORIGIN, event, note};
use crate::keyring::{author, thumbprint};
use crate::value::{bytes, hash, list, map, set, some_hash};
use crate::vector::Vector;

/// Name, what is wrong, and how the payload of a note of `bug-1` at seq 2 is made so.
type Row = (&'static str, &'static str, fn(&mut Value));

pub(super) fn vectors() -> Vec<Vector> {
    let mut vectors = Vec::new();
    for (code, rows) in [
        (Code::Seq, POSITIONS),
        (Code::Prev, LINKS),
        (Code::Feeds, FEEDS),
        (Code::References, REFERENCES),
    ] {
        let row = |(name, about, change): &Row| changed_note(name, code, about, change);
        vectors.extend(rows.iter().map(row));
    }
    vectors.extend([subjects(), kinds_in_feeds(), sealed(), heads()].concat());
    vectors
}

const POSITIONS: &[Row] = &[
    ("seq-repeated", "the seq of the entry before", |v| set(v, "seq", 1)),
    ("seq-ahead", "a seq too far ahead", |v| set(v, "seq", 3)),
    ("seq-largest", "the largest seq there is", |v| set(v, "seq", (1_i64 << 53) - 1)),
];

const LINKS: &[Row] = &[
    ("prev-other", "the hash of something else", |v| set(v, "prev", hash(&some_hash("a")))),
    ("prev-of-zeros", "32 zero bytes", |v| set(v, "prev", bytes([0; 32]))),
];

const FEEDS: &[Row] = &[
    ("feed-link-null", "null, though the feed has an entry", |v| {
        set(v, "feeds.bug-1", Value::Null);
    }),
    ("feed-link-too-early", "an entry of another feed, before the last", |v| {
        set(v, "feeds.bug-1", 0);
    }),
    ("feed-link-to-itself", "its own seq", |v| set(v, "feeds.bug-1", 2)),
    ("feed-link-ahead", "a later seq", |v| set(v, "feeds.bug-1", 7)),
    ("feed-link-of-new-feed", "a seq, though the feed has no entry", |v| {
        set(v, "feeds.bug-2", 1);
    }),
    ("on-feeds-not-among-feeds", "an on in a feed in which the entry does not stand", |v| {
        set(v, "on", on(1, "example.note", &["bug-1", "bug-2"]));
    }),
    ("on-sealed-outside-sealed", "an act on a sealed entry, outside the feed sealed", |v| {
        set(v, "on", on(1, "sealed", &["sealed"]));
    }),
];

const REFERENCES: &[Row] = &[
    ("on-itself", "an act on itself", |v| set(v, "on", on(2, "example.note", &["bug-1"]))),
    ("on-later-entry", "an act on a later entry", |v| {
        set(v, "on", on(3, "example.note", &["bug-1"]));
    }),
    ("citation-of-itself", "a citation of itself", |v| {
        stated(v, vec![map([("entry", 2.into())])]);
    }),
    ("citation-of-later-entry", "the second of two citations is of a later entry", |v| {
        stated(v, vec![map([("entry", 0.into())]), map([("entry", 9.into())])]);
    }),
];

fn on(seq: u64, kind: &str, feeds: &[&str]) -> Value {
    map([("seq", seq.into()), ("kind", kind.into()), ("feeds", list(feeds.iter().copied()))])
}

/// The subject is the first feed in the order of encodings.
fn subjects() -> Vec<Vector> {
    let with_subject = |name: &str, subject: &str, about: &str| {
        let forge = ledger();
        let header = header(ORIGIN, subject, &thumbprint(&author()));
        let payload = forge.payload(note(&["bug-9", "bug-10"]));
        let bytes = with_entry(forge, Draft::new(&header, &payload).signed(&author()));
        if subject == "bug-9" {
            Vector::passed(name, "whole", bytes).note(about)
        } else {
            Vector::failed(name, Code::Feeds, Some(2), bytes).note(about)
        }
    };
    vec![
        with_subject("ok-sub-shorter-first", "bug-9", "of bug-10 and bug-9, bug-9 is first"),
        with_subject("sub-first-by-alphabet", "bug-10", "of bug-10 and bug-9, bug-9 is first"),
        with_subject("sub-of-another-feed", "bug-1", "a feed in which the entry does not stand"),
        with_subject("sub-of-no-feed", "", "a subject that is no feed id"),
    ]
}

/// Returns the vector of an entry, at seq 2, with those feeds and that kind.
fn in_feeds(name: &str, about: &str, feeds: &[&str], kind: &str, body: Value) -> Vector {
    let forge = ledger();
    let entry = forge.draft(event(feeds, kind, body), &author()).signed(&author());
    Vector::failed(name, Code::Feeds, Some(2), with_entry(forge, entry)).note(about)
}

fn kinds_in_feeds() -> Vec<Vector> {
    let roles = map([("roles", map([("compliance", list(["*"]))]))]);
    let heads = map([("heads", map([("ledger", 0.into())]))]);
    let text = map([("text", "tally".into())]);
    let rows: [(&str, &str, &[&str], &str, &Value); 8] = [
        ("ledger-kind-in-incident", "outside the feed ledger", &["bug-1"], "ledger.roles", &roles),
        (
            "ledger-kind-beside-incident",
            "in a second feed",
            &["bug-1", "ledger"],
            "ledger.roles",
            &roles,
        ),
        ("other-kind-in-ledger", "another kind in ledger", &["ledger"], "example.note", &text),
        ("kind-ledger-alone", "`ledger` is not one of ledger.*", &["ledger"], "ledger", &text),
        ("heads-in-incident", "heads outside the feed heads", &["bug-1"], "heads", &heads),
        ("heads-beside-incident", "heads in a second feed", &["bug-1", "heads"], "heads", &heads),
        ("other-kind-in-heads", "another kind in heads", &["heads"], "example.note", &text),
        ("two-reserved-feeds", "two reserved feeds", &["ledger", "heads"], "example.note", &text),
    ];
    rows.map(|(name, about, feeds, kind, body)| in_feeds(name, about, feeds, kind, body.clone()))
        .into()
}

/// The feed `sealed` and who stands in it.
fn sealed() -> Vec<Vector> {
    let hidden = || map([("event", super::payloads::hidden_no(1))]);
    let mut acting = ledger();
    acting.record(event(&["sealed"], "sealed", hidden()), &author());
    let act = |name: &str, about: &str, feeds: &[&str], on: Value| {
        let event = event(feeds, "seal.shared", map([("to", list(["an auditor"]))]));
        let draft = acting.changed(event, &author(), |payload| set(payload, "on", on.clone()));
        let bytes = with_entry(acting.clone(), draft.signed(&author()));
        Vector::failed(name, Code::Feeds, Some(3), bytes).note(about)
    };
    vec![
        in_feeds("sealed-in-incident", "sealed outside its feed", &["bug-1"], "sealed", hidden()),
        in_feeds(
            "sealed-beside-incident",
            "sealed in a second feed",
            &["bug-1", "sealed"],
            "sealed",
            hidden(),
        ),
        in_feeds(
            "other-kind-in-sealed",
            "another kind in the feed sealed, without on",
            &["sealed"],
            "example.note",
            map([]),
        ),
        act(
            "sealed-feed-without-sealed-on",
            "an act on an incident's entry in the feed sealed",
            &["bug-1", "sealed"],
            on(1, "example.note", &["bug-1"]),
        ),
        act(
            "act-on-sealed-outside-sealed",
            "an act on a sealed entry in an incident alone",
            &["bug-1"],
            on(2, "sealed", &["sealed"]),
        ),
    ]
}

fn heads() -> Vec<Vector> {
    let with_heads = |name: &str, about: &str, heads: &[(&str, u64)]| {
        let mut forge = ledger();
        forge.note("bug-2");
        let named = heads.iter().map(|(feed, seq)| ((*feed).into(), (*seq).into())).collect();
        let body = map([("heads", Value::Map(named))]);
        let entry = forge.draft(event(&["heads"], "heads", body), &author()).signed(&author());
        Vector::failed(name, Code::References, Some(3), with_entry(forge, entry)).note(about)
    };
    vec![
        with_heads("heads-too-late", "a seq after the last of that feed", &[("bug-1", 2)]),
        with_heads("heads-too-early", "a seq before the last of that feed", &[("bug-2", 1)]),
        with_heads("heads-of-unknown-feed", "a feed that has no entry", &[("bug-3", 2)]),
        with_heads("heads-of-itself", "the entry itself does not count", &[("heads", 3)]),
        with_heads(
            "heads-second-false",
            "the second of two heads is false",
            &[("bug-1", 1), ("ledger", 1)],
        ),
    ]
}
