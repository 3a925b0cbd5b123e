//! Extracts: what they hold, their proofs, and whether anything is missing.

mod items;
mod pins;
mod withheld;

use std::collections::BTreeSet;

use ciborium::Value;
use tally_ledger::cbor;
use tally_ledger::fault::Code;
use tally_ledger::payload::Event;

use super::payloads::hidden_no;
use crate::container::Container;
use crate::forge::{Forge, event, note};
use crate::keyring::author;
use crate::value::{at, bytes, list, map, remove, set};
use crate::vector::Vector;

pub(super) fn vectors() -> Vec<Vector> {
    [
        first_items(),
        items::vectors(),
        choices(),
        feeds(),
        heads(),
        withheld::vectors(),
        pins::vectors(),
    ]
    .concat()
}

/// Returns heads of those feeds.
fn heads_of(heads: &[(&str, u64)]) -> Event {
    let named = heads.iter().map(|(feed, seq)| ((*feed).into(), (*seq).into())).collect();
    event(&["heads"], "heads", map([("heads", Value::Map(named))]))
}

/// Returns a ledger of two incidents and a sealed entry, up to its heads: 1 and 6 are of `bug-1`,
/// 2 and 4 of `bug-2`, 3 of both, 5 is sealed; 6 acts on 5. A checkpoint is at size 4.
fn incidents() -> Forge {
    let mut forge = Forge::new();
    forge.note("bug-1");
    forge.note("bug-2");
    forge.record(note(&["bug-1", "bug-2"]), &author());
    forge.checkpoint();
    forge.note("bug-2");
    forge.record(event(&["sealed"], "sealed", map([("event", hidden_no(1))])), &author());
    let shared = event(&["bug-1", "sealed"], "seal.shared", map([("to", list(["an auditor"]))]));
    let shared = Event { on: Some(forge.on(5)), ..shared };
    forge.record(shared, &author());
    forge
}

/// Returns that ledger with its heads, which are entry 7.
fn ledger() -> Forge {
    let mut forge = incidents();
    forge.record(heads_of(&[("bug-1", 6), ("ledger", 0)]), &author());
    forge
}

/// Returns the extract of `bug-1`: entries 0, 1, 3, 5, 6 and 7.
fn extract() -> Container {
    of(ledger(), &[0, 1, 3, 5, 6, 7])
}

fn of(forge: Forge, chosen: &[u64]) -> Container {
    forge.extract(&["bug-1"], &chosen.iter().copied().collect::<BTreeSet<_>>())
}

/// Changes the item at `index`.
fn in_item(container: &mut Container, index: usize, change: impl Fn(&mut Value)) {
    let mut item = cbor::decode(&container.items[index]).expect("an item");
    change(&mut item);
    container.items[index] = cbor::encode(&item);
}

/// Sets how many entries the first item counts.
fn count(container: &mut Container, entries: u64) {
    set(&mut container.first, "entries", entries);
}

/// Returns the vector of an extract, which is whole or fails with that code at that seq.
fn judged(name: &str, fault: Option<(Code, u64)>, about: &str, container: &Container) -> Vector {
    let bytes = container.bytes();
    let vector = match fault {
        None => Vector::passed(name, "whole", bytes),
        Some((code, seq)) => Vector::failed(name, code, Some(seq), bytes),
    };
    vector.note(about)
}

/// Name, what is wrong, and how the first item is made so.
type Row = (&'static str, &'static str, fn(&mut Value));

const FIRST_ITEMS: &[Row] = &[
    ("extract-version-2", "written by a newer version", |v| set(v, "version", 2)),
    ("extract-further-member", "a member that no extract has", |v| set(v, "comment", "none")),
    ("extract-feeds-missing", "no feeds", |v| remove(v, "feeds")),
    ("extract-feeds-empty", "no incident", |v| set(v, "feeds", Value::Array(vec![]))),
    ("extract-feeds-twice", "an incident twice", |v| set(v, "feeds", list(["bug-1", "bug-1"]))),
    ("extract-feeds-of-ledger", "a feed that is no incident", |v| {
        set(v, "feeds", list(["bug-1", "ledger"]));
    }),
    ("extract-feeds-of-sealed", "a feed that is no incident", |v| {
        set(v, "feeds", list(["bug-1", "sealed"]));
    }),
    ("extract-feeds-of-no-feed-id", "a name that is no feed id", |v| {
        set(v, "feeds", list(["Bug-1"]));
    }),
    ("extract-entries-missing", "no number of entries", |v| remove(v, "entries")),
    ("extract-entries-0", "no entry", |v| set(v, "entries", 0)),
    ("extract-entries-negative", "-1 entries", |v| set(v, "entries", -1)),
    ("extract-checkpoint-without-proof", "a checkpoint as bundles have it", |v| {
        let note = at(v, "checkpoints.0.0").clone();
        set(v, "checkpoints.0", note);
    }),
    ("extract-last-checkpoint-with-proof", "a proof beside the last checkpoint", |v| {
        set(v, "checkpoints.1.1", list([bytes([1; 32])]));
    }),
    ("extract-consistency-proof-of-65", "65 hashes in a consistency proof", |v| {
        set(v, "checkpoints.0.1", list(vec![bytes([1; 32]); 65]));
    }),
    ("extract-consistency-proof-of-31-bytes", "a hash of 31 bytes", |v| {
        set(v, "checkpoints.0.1.0", bytes([1; 31]));
    }),
];

fn first_items() -> Vec<Vector> {
    let row = |(name, about, change): &Row| {
        let mut container = extract();
        change(&mut container.first);
        Vector::failed(name, Code::Container, None, container.bytes()).note(about)
    };
    FIRST_ITEMS.iter().map(row).collect()
}

/// Name, fault, what it shows, and which entries.
type Choice = (&'static str, Option<(Code, u64)>, &'static str, &'static [u64]);

/// Which entries an extract holds.
fn choices() -> Vec<Vector> {
    use Code::{Feeds, References, Seq};
    let incidents: [Choice; 7] = [
        ("ok-extract", None, "entries 0, 1, 3, 5, 6 and 7", &[0, 1, 3, 5, 6, 7]),
        ("ok-extract-with-further-entries", None, "and all others", &[0, 1, 2, 3, 4, 5, 6, 7]),
        ("extract-without-first-of-feed", Some((Feeds, 3)), "1 is missing", &[0, 3, 5, 6, 7]),
        ("extract-without-middle-of-feed", Some((Feeds, 6)), "3 is missing", &[0, 1, 5, 6, 7]),
        ("extract-without-last-of-feed", Some((References, 7)), "6 is missing", &[0, 1, 3, 5, 7]),
        ("extract-without-entry-acted-on", Some((References, 6)), "5 is missing", &[0, 1, 3, 6, 7]),
        ("extract-without-genesis", Some((Seq, 1)), "the first is entry 1", &[1, 3, 5, 6, 7]),
    ];
    let mut governed = Forge::new();
    let roles = map([("roles", map([("compliance", list(["*"]))]))]);
    for _ in 0..2 {
        governed.record(event(&["ledger"], "ledger.roles", roles.clone()), &author());
    }
    governed.note("bug-1");
    governed.record(heads_of(&[("bug-1", 3), ("ledger", 2)]), &author());
    let of_ledger: [Choice; 2] = [
        (
            "extract-without-ledger-entry",
            Some((Feeds, 2)),
            "1 is missing, of ledger",
            &[0, 2, 3, 4],
        ),
        ("extract-without-last-of-ledger", Some((References, 4)), "2 is missing", &[0, 1, 3, 4]),
    ];
    let incidents = incidents
        .map(|(name, fault, about, chosen)| judged(name, fault, about, &of(ledger(), chosen)));
    let of_ledger = of_ledger.map(|(name, fault, about, chosen)| {
        judged(name, fault, about, &of(governed.clone(), chosen))
    });
    [incidents.to_vec(), of_ledger.to_vec()].concat()
}

/// Name, fault, what it shows, which entries, and how entry 3, of both incidents, is changed.
type Third = (&'static str, Option<(Code, u64)>, &'static str, &'static [u64], fn(&mut Value));

const APART: &[u64] = &[0, 1, 3, 4];
const ALL: &[u64] = &[0, 1, 2, 3, 4];

/// Links and the entry before, of an entry whose neighbours may not be there.
const THIRDS: &[Third] = &[
    ("ok-extract-other-feed-null", None, "null in a feed not listed: not seen", APART, |v| {
        set(v, "feeds.bug-2", Value::Null);
    }),
    ("ok-extract-other-feed-earlier", None, "another seq in that feed: not seen", APART, |v| {
        set(v, "feeds.bug-2", 1);
    }),
    ("extract-other-feed-itself", Some((Code::Feeds, 3)), "its own seq", APART, |v| {
        set(v, "feeds.bug-2", 3);
    }),
    ("extract-other-feed-null-after-entry", Some((Code::Feeds, 3)), "2 is there", ALL, |v| {
        set(v, "feeds.bug-2", Value::Null);
    }),
    ("extract-other-feed-before-entry", Some((Code::Feeds, 3)), "1, but 2 is there", ALL, |v| {
        set(v, "feeds.bug-2", 1);
    }),
    ("extract-listed-feed-null", Some((Code::Feeds, 3)), "null in a listed feed", APART, |v| {
        set(v, "feeds.bug-1", Value::Null);
    }),
    ("ok-extract-prev-not-there", None, "the entry before is not there", APART, |v| {
        set(v, "prev", bytes([7; 32]));
    }),
    ("extract-prev-there", Some((Code::Prev, 3)), "the entry before is there", ALL, |v| {
        set(v, "prev", bytes([7; 32]));
    }),
];

fn feeds() -> Vec<Vector> {
    let row = |(name, fault, about, chosen, change): &Third| {
        let mut forge = Forge::new();
        forge.note("bug-1");
        forge.note("bug-2");
        let entry = forge.changed(note(&["bug-1", "bug-2"]), &author(), change);
        forge.push(entry.signed(&author()));
        forge.record(heads_of(&[("bug-1", 3), ("ledger", 0)]), &author());
        judged(name, *fault, about, &of(forge, chosen))
    };
    THIRDS.iter().map(row).collect()
}

/// Name, what is wrong, and the heads.
type Ending = (&'static str, &'static str, &'static [(&'static str, u64)]);

/// The heads that end an extract.
fn heads() -> Vec<Vector> {
    let failed = |name: &str, seq: u64, about: &str, container: &Container| {
        judged(name, Some((Code::References, seq)), about, container)
    };
    let rows: [Ending; 5] = [
        ("extract-heads-without-ledger", "ledger is not named", &[("bug-1", 6)]),
        ("extract-heads-without-incident", "bug-1 is not named", &[("ledger", 0)]),
        (
            "extract-heads-of-another-feed",
            "bug-2 is named as well",
            &[("bug-1", 6), ("bug-2", 4), ("ledger", 0)],
        ),
        ("extract-heads-false", "an earlier entry of bug-1", &[("bug-1", 3), ("ledger", 0)]),
        ("extract-heads-of-itself", "the heads themselves", &[("bug-1", 7), ("ledger", 0)]),
    ];
    let mut vectors: Vec<Vector> = rows
        .iter()
        .map(|(name, about, heads)| {
            let mut forge = incidents();
            forge.record(heads_of(heads), &author());
            failed(name, 7, about, &of(forge, &[0, 1, 3, 5, 6, 7]))
        })
        .collect();
    let mut longer = ledger();
    longer.note("bug-2");
    let without = of(incidents(), &[0, 1, 3, 5, 6]);
    let mut counted = extract();
    count(&mut counted, 5);
    let gone_on = of(longer.clone(), &[0, 1, 3, 5, 6, 7]);
    let not_last = of(longer, &[0, 1, 3, 5, 6, 7, 8]);
    vectors.extend([
        failed("extract-heads-missing", 6, "the ledger ends without heads", &without),
        failed("extract-heads-not-counted", 6, "the number of entries ends before", &counted),
        failed("extract-heads-not-of-last-entry", 7, "the ledger goes on after them", &gone_on),
        failed("extract-heads-not-last", 8, "an entry of another incident follows", &not_last),
    ]);
    vectors
}
