//! Extracts: what they hold, their proofs, and whether anything is missing.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ciborium::Value;
use tally_ledger::cbor;
use tally_ledger::fault::Code;
use tally_ledger::hash::Hash;
use tally_ledger::note::{Purpose, Vkey};
use tally_ledger::payload::Event;

use super::payloads::hidden_no;
use crate::container::Container;
use crate::forge::{Forge, event, note, vkey};
use crate::keyring::{self, author, checkpoint, public};
use crate::value::{at, bytes, list, map, remove, set};
use crate::vector::Vector;

pub(super) fn vectors() -> Vec<Vector> {
    [first_items(), items(), choices(), feeds(), heads(), proofs(), withheld(), pins()].concat()
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

fn failed(
    name: &str,
    code: Code,
    seq: impl Into<Option<u64>>,
    about: &str,
    c: &Container,
) -> Vector {
    Vector::failed(name, code, seq.into(), c.bytes()).note(about)
}

fn whole(name: &str, about: &str, container: &Container) -> Vector {
    Vector::passed(name, "whole", container.bytes()).note(about)
}

/// Returns the extract after a change.
fn changed(change: impl Fn(&mut Container)) -> Container {
    let mut container = extract();
    change(&mut container);
    container
}

/// Returns the extract after a change to the item at `index`.
fn item(index: usize, change: impl Fn(&mut Value)) -> Container {
    changed(|container| {
        let mut item = cbor::decode(&container.items[index]).expect("an item");
        change(&mut item);
        container.items[index] = cbor::encode(&item);
    })
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
        let container = changed(|container| change(&mut container.first));
        failed(name, Code::Container, None, about, &container)
    };
    FIRST_ITEMS.iter().map(row).collect()
}

fn items() -> Vec<Vector> {
    let code = Code::Item;
    let path_length = |index: usize, item: &[u8]| {
        // The path of four hashes begins with its head, 84.
        let mut bytes = item.to_vec();
        let at = bytes.len() - 3 * 34 - 1;
        assert_eq!((bytes[at], index), (0x83, 1));
        bytes.splice(at..=at, [0x98, 0x03]);
        bytes
    };
    let items = |v: &mut Value| v.as_array_mut().expect("an item").clone();
    vec![
        failed(
            "extract-item-of-one",
            code,
            1,
            "an entry without a path",
            &item(1, |v| *v = Value::Array(items(v)[..1].to_vec())),
        ),
        failed(
            "extract-item-of-four",
            code,
            1,
            "a fourth element",
            &item(1, |v| {
                let mut all = items(v);
                all.extend([1.into(), 1.into()]);
                *v = Value::Array(all);
            }),
        ),
        failed(
            "extract-entry-with-seq",
            code,
            1,
            "an entry with the seq of one withheld",
            &item(1, |v| {
                let mut all = items(v);
                all.push(1.into());
                *v = Value::Array(all);
            }),
        ),
        failed(
            "extract-withheld-without-seq",
            Code::OuterForm,
            1,
            "two elements: an entry",
            &item(1, |v| set(v, "0", bytes([1; 32]))),
        ),
        failed("extract-entry-text", code, 1, "an entry as text", &item(1, |v| set(v, "0", "a"))),
        failed(
            "extract-path-of-65-hashes",
            code,
            1,
            "65 hashes",
            &item(1, |v| set(v, "1", list(vec![bytes([1; 32]); 65]))),
        ),
        failed(
            "extract-path-of-31-bytes",
            code,
            1,
            "a hash of 31 bytes",
            &item(1, |v| set(v, "1.0", bytes([1; 31]))),
        ),
        failed(
            "extract-path-missing",
            code,
            1,
            "null for a path",
            &item(1, |v| set(v, "1", Value::Null)),
        ),
        failed(
            "extract-path-length-not-shortest",
            code,
            1,
            "the path as 98 03",
            &changed(|c| c.items[1] = path_length(1, &c.items[1])),
        ),
        failed(
            "extract-item-as-in-bundle",
            code,
            1,
            "a byte string for an item",
            &item(1, |v| *v = items(v)[0].clone()),
        ),
        failed(
            "extract-item-indefinite",
            code,
            1,
            "an array of indefinite length",
            &changed(|c| {
                c.items[1][0] = 0x9f;
                c.items[1].push(0xff);
            }),
        ),
        failed(
            "extract-item-cut-short",
            code,
            7,
            "the last item without its last byte",
            &changed(|c| {
                c.items[5].pop();
            }),
        ),
        failed(
            "extract-item-missing",
            code,
            7,
            "one item fewer than the first item says",
            &changed(|c| drop(c.items.pop())),
        ),
        failed(
            "extract-entry-of-65536-bytes",
            Code::Size,
            1,
            "an entry that is too large",
            &item(1, |v| set(v, "0", bytes(vec![0; 65_536]))),
        ),
        failed(
            "extract-entry-cut-short",
            Code::OuterForm,
            1,
            "an entry without its last byte",
            &item(1, |v| {
                let mut entry = at(v, "0").as_bytes().expect("an entry").clone();
                entry.pop();
                set(v, "0", bytes(entry));
            }),
        ),
    ]
}

/// Which entries an extract holds, and in which order.
fn choices() -> Vec<Vector> {
    let mut governed = Forge::new();
    let roles = map([("roles", map([("compliance", list(["*"]))]))]);
    for _ in 0..2 {
        governed.record(event(&["ledger"], "ledger.roles", roles.clone()), &author());
    }
    governed.note("bug-1");
    governed.record(heads_of(&[("bug-1", 3), ("ledger", 2)]), &author());
    let repeated = changed(|c| {
        c.items.insert(2, c.items[1].clone());
        set(&mut c.first, "entries", 7);
    });
    let again = changed(|c| {
        c.items.insert(1, c.items[0].clone());
        set(&mut c.first, "entries", 7);
    });
    vec![
        whole("ok-extract", "entries 0, 1, 3, 5, 6 and 7", &extract()),
        whole(
            "ok-extract-with-further-entries",
            "and all others",
            &of(ledger(), &[0, 1, 2, 3, 4, 5, 6, 7]),
        ),
        failed(
            "extract-without-first-of-feed",
            Code::Feeds,
            3,
            "entry 1 is missing",
            &of(ledger(), &[0, 3, 5, 6, 7]),
        ),
        failed(
            "extract-without-middle-of-feed",
            Code::Feeds,
            6,
            "entry 3 is missing",
            &of(ledger(), &[0, 1, 5, 6, 7]),
        ),
        failed(
            "extract-without-last-of-feed",
            Code::References,
            7,
            "entry 6 is missing",
            &of(ledger(), &[0, 1, 3, 5, 7]),
        ),
        failed(
            "extract-without-entry-acted-on",
            Code::References,
            6,
            "entry 5 is missing",
            &of(ledger(), &[0, 1, 3, 6, 7]),
        ),
        failed(
            "extract-without-genesis",
            Code::Seq,
            1,
            "the first item is entry 1",
            &of(ledger(), &[1, 3, 5, 6, 7]),
        ),
        failed(
            "extract-without-ledger-entry",
            Code::Feeds,
            2,
            "entry 1 of ledger is missing",
            &of(governed.clone(), &[0, 2, 3, 4]),
        ),
        failed(
            "extract-without-last-of-ledger",
            Code::References,
            4,
            "entry 2 is missing",
            &of(governed, &[0, 1, 3, 4]),
        ),
        failed("extract-entry-twice", Code::Seq, 2, "entry 1 twice", &repeated),
        failed("extract-genesis-twice", Code::Seq, 1, "genesis twice", &again),
        failed(
            "extract-entries-descending",
            Code::Seq,
            8,
            "entry 4 after entry 7",
            &changed(|c| {
                c.items.push(of(ledger(), &[0, 4]).items[1].clone());
                set(&mut c.first, "entries", 7);
            }),
        ),
        failed(
            "extract-item-not-counted",
            Code::Evidence,
            None,
            "an item after the last",
            &changed(|c| c.items.push(c.items[5].clone())),
        ),
    ]
}

/// Links and the entry before, of entries whose neighbours may not be there.
fn feeds() -> Vec<Vector> {
    // The same ledger, in which entry 3 is made otherwise.
    let with_third = |chosen: &[u64], change: &dyn Fn(&mut Value)| {
        let mut forge = Forge::new();
        forge.note("bug-1");
        forge.note("bug-2");
        let entry = forge.changed(note(&["bug-1", "bug-2"]), &author(), change);
        forge.push(entry.signed(&author()));
        forge.record(heads_of(&[("bug-1", 3), ("ledger", 0)]), &author());
        of(forge, chosen)
    };
    let link = |to: Value| move |v: &mut Value| set(v, "feeds.bug-2", to.clone());
    let (apart, all) = ([0, 1, 3, 4], [0, 1, 2, 3, 4]);
    let prev = |v: &mut Value| set(v, "prev", bytes([7; 32]));
    vec![
        whole(
            "ok-extract-other-feed-null",
            "null in a feed that is not listed: not seen",
            &with_third(&apart, &link(Value::Null)),
        ),
        whole(
            "ok-extract-other-feed-earlier",
            "another seq in that feed: not seen",
            &with_third(&apart, &link(1.into())),
        ),
        failed(
            "extract-other-feed-itself",
            Code::Feeds,
            3,
            "its own seq",
            &with_third(&apart, &link(3.into())),
        ),
        failed(
            "extract-other-feed-null-after-entry",
            Code::Feeds,
            3,
            "null, but 2 is there",
            &with_third(&all, &link(Value::Null)),
        ),
        failed(
            "extract-other-feed-before-entry",
            Code::Feeds,
            3,
            "1, but 2 is there",
            &with_third(&all, &link(1.into())),
        ),
        whole(
            "ok-extract-prev-not-there",
            "the entry before is not there: prev is not seen",
            &with_third(&apart, &prev),
        ),
        failed(
            "extract-prev-there",
            Code::Prev,
            3,
            "the entry before is there",
            &with_third(&all, &prev),
        ),
        failed(
            "extract-listed-feed-null",
            Code::Feeds,
            3,
            "null in a listed feed",
            &with_third(&apart, &|v| set(v, "feeds.bug-1", Value::Null)),
        ),
    ]
}

fn heads() -> Vec<Vector> {
    let code = Code::References;
    let ending = |heads: &[(&str, u64)]| {
        let mut forge = incidents();
        forge.record(heads_of(heads), &author());
        of(forge, &[0, 1, 3, 5, 6, 7])
    };
    let mut longer = ledger();
    longer.note("bug-2");
    let without = of(incidents(), &[0, 1, 3, 5, 6]);
    let counted = changed(|c| set(&mut c.first, "entries", 5));
    vec![
        failed("extract-heads-missing", code, 6, "the ledger ends without heads", &without),
        failed("extract-heads-not-counted", code, 6, "the number of entries ends before", &counted),
        failed(
            "extract-heads-not-of-last-entry",
            code,
            7,
            "the ledger goes on after its heads",
            &of(longer.clone(), &[0, 1, 3, 5, 6, 7]),
        ),
        failed(
            "extract-heads-not-last",
            code,
            8,
            "an entry of another incident after them",
            &of(longer, &[0, 1, 3, 5, 6, 7, 8]),
        ),
        failed(
            "extract-heads-without-ledger",
            code,
            7,
            "ledger is not named",
            &ending(&[("bug-1", 6)]),
        ),
        failed(
            "extract-heads-without-incident",
            code,
            7,
            "bug-1 is not named",
            &ending(&[("ledger", 0)]),
        ),
        failed(
            "extract-heads-of-another-feed",
            code,
            7,
            "bug-2 is named as well",
            &ending(&[("bug-1", 6), ("bug-2", 4), ("ledger", 0)]),
        ),
        failed(
            "extract-heads-false",
            code,
            7,
            "an earlier entry of bug-1",
            &ending(&[("bug-1", 3), ("ledger", 0)]),
        ),
        failed(
            "extract-heads-of-itself",
            code,
            7,
            "the heads themselves",
            &ending(&[("bug-1", 7), ("ledger", 0)]),
        ),
    ]
}

fn proofs() -> Vec<Vector> {
    let code = Code::Root;
    let other = bytes([7; 32]);
    let of_another = || {
        let paths = extract().items;
        let mut path = cbor::decode(&paths[2]).expect("an item");
        at(&mut path, "1").clone()
    };
    vec![
        failed(
            "extract-path-false",
            code,
            None,
            "one hash of a path is another",
            &item(1, |v| set(v, "1.2", other.clone())),
        ),
        failed(
            "extract-path-short",
            code,
            None,
            "a path without its last hash",
            &item(1, |v| drop(at(v, "1").as_array_mut().expect("a path").pop())),
        ),
        failed(
            "extract-path-long",
            code,
            None,
            "a path with one hash more",
            &item(1, |v| at(v, "1").as_array_mut().expect("a path").push(other.clone())),
        ),
        failed(
            "extract-path-empty",
            code,
            None,
            "a path without hashes",
            &item(1, |v| set(v, "1", Value::Array(vec![]))),
        ),
        failed(
            "extract-path-of-another-entry",
            code,
            None,
            "the path of entry 3 for entry 1",
            &item(1, |v| set(v, "1", of_another())),
        ),
        failed(
            "extract-consistency-proof-false",
            code,
            None,
            "one hash is another",
            &changed(|c| set(&mut c.first, "checkpoints.0.1.0", other.clone())),
        ),
        failed(
            "extract-consistency-proof-missing",
            code,
            None,
            "no hash",
            &changed(|c| set(&mut c.first, "checkpoints.0.1", Value::Array(vec![]))),
        ),
        failed(
            "extract-consistency-proof-long",
            code,
            None,
            "one hash more",
            &changed(|c| {
                let proof = at(&mut c.first, "checkpoints.0.1");
                proof.as_array_mut().expect("a proof").push(other.clone());
            }),
        ),
    ]
}

fn withheld() -> Vec<Vector> {
    let without = |seq: u64| {
        let mut forge = ledger();
        forge.withhold(seq);
        of(forge, &[0, 1, 3, 5, 6, 7])
    };
    let not_whole = |name: &str, report: &str, about: &str, seq: u64| {
        let vector = Vector::passed(name, "not-whole", without(seq).bytes());
        vector.line("report", report).note(about)
    };
    let mut elsewhere = without(3);
    let mut third = cbor::decode(&elsewhere.items[2]).expect("an item");
    set(&mut third, "2", 4);
    elsewhere.items[2] = cbor::encode(&third);
    let mut again = without(3);
    again.items.insert(3, again.items[2].clone());
    set(&mut again.first, "entries", 7);
    let mut path = without(3);
    set(&mut third, "2", 3);
    set(&mut third, "1.0", bytes([7; 32]));
    path.items[2] = cbor::encode(&third);
    vec![
        not_whole("extract-withheld", "withheld,link-not-checked", "entry 3, to which 6 links", 3),
        not_whole("extract-withheld-acted-on", "withheld", "entry 5, which 6 acts on", 5),
        not_whole("extract-withheld-in-heads", "withheld,link-not-checked", "6, in heads", 6),
        failed("extract-withheld-genesis", Code::Item, 0, "no key without it", &without(0)),
        failed("extract-withheld-heads", Code::References, 7, "the last item", &without(7)),
        failed(
            "extract-withheld-first",
            Code::Seq,
            3,
            "entry 3 before genesis",
            &changed(|c| {
                c.items[0] = without(3).items[2].clone();
            }),
        ),
        failed("extract-withheld-twice", Code::Seq, 4, "entry 3 twice", &again),
        failed(
            "extract-withheld-elsewhere",
            Code::Prev,
            5,
            "entry 3 as 4, directly before 5",
            &elsewhere,
        ),
        failed("extract-withheld-path-false", Code::Root, None, "another path", &path),
    ]
}

fn pins() -> Vec<Vector> {
    let key = keyring::key("witness 1");
    let witness = Vkey::new("w1.example", Purpose::Cosignature, public(&key)).expect("a name");
    let mut cosigned = ledger();
    cosigned.checkpoint();
    cosigned.cosign("w1.example", 1_795_306_800, &key);
    let cosigned = of(cosigned, &[0, 1, 3, 5, 6, 7]).bytes();
    let under = |name: &str, complete: &str, bytes: &[u8], quorum: &[&str]| {
        let vector = Vector::unpinned(name, "whole", bytes.to_vec()).line("complete", complete);
        let lines = [format!("log {}", vkey(&checkpoint())), format!("witness w1 {witness}")];
        let lines = lines.iter().map(String::as_str).chain(quorum.iter().copied());
        lines.fold(vector, |vector, line| vector.line("policy", line))
    };
    let seen = |name: &str, verdict: &str, size: u64, root: &Hash| {
        let value = format!("{size} {}", STANDARD.encode(root.0));
        Vector::unpinned(name, verdict, extract().bytes()).line("seen", &value)
    };
    let group = ["group verifiers any w1", "quorum none"];
    vec![
        under("ok-extract-complete-shown", "shown", &cosigned, &group)
            .note("a mirror that verifies all it cosigns vouches for the last checkpoint"),
        under("ok-extract-complete-by-witness-alone", "not-checked", &cosigned, &["quorum w1"])
            .note("the witness is in no group of verifiers"),
        under("ok-extract-complete-not-checked", "not-checked", &extract().bytes(), &group)
            .note("the verifier has not cosigned"),
        seen("ok-extract-seen-checkpoint", "whole", 4, &ledger().root_at(4))
            .note("a size at which the extract has a checkpoint"),
        seen("extract-seen-elsewhere", "consistent-with-itself", 5, &ledger().root_at(5))
            .note("a size without a checkpoint: the pin is not checked, and there is no other"),
        seen("extract-seen-other-root", "failed", 4, &ledger().root_at(5))
            .line("code", Code::Pin.name())
            .note("another history"),
        seen("extract-seen-larger", "failed", 9, &ledger().root())
            .line("code", Code::Pin.name())
            .note("entries are gone"),
    ]
}
