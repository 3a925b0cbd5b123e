//! The first item, the items of a bundle, withheld entries, and evidence files.

use ciborium::Value;
use tally_ledger::cbor;
use tally_ledger::fault::Code;
use tally_ledger::payload::Event;

use super::ledger;
use crate::container::Container;
use crate::draft::{splice, string};
use crate::forge::{Forge, event, note};
use crate::keyring::author;
use crate::value::{at, bytes, hash, list, map, remove, set, some_hash};
use crate::vector::Vector;

pub(super) fn vectors() -> Vec<Vector> {
    [first_items(), first_item_profile(), unrecognised(), items(), withheld(), evidence()].concat()
}

/// Name, what is wrong, and how the first item of a bundle is made so.
type Row = (&'static str, &'static str, fn(&mut Value));

const FIRST_ITEMS: &[Row] = &[
    ("container-version-2", "written by a newer version", |v| set(v, "version", 2)),
    ("container-version-0", "version 0", |v| set(v, "version", 0)),
    ("container-version-text", "a version as text", |v| set(v, "version", "1")),
    ("container-version-missing", "no version", |v| remove(v, "version")),
    ("container-other-name", "neither bundle nor extract", |v| set(v, "tally", "archive")),
    ("container-name-bytes", "a name that is no text", |v| set(v, "tally", bytes(b"bundle"))),
    ("container-further-member", "a member that no bundle has", |v| set(v, "comment", "none")),
    ("container-entries-in-bundle", "a member that only extracts have", |v| set(v, "entries", 2)),
    ("container-checkpoints-missing", "no checkpoints", |v| remove(v, "checkpoints")),
    ("container-checkpoints-empty", "an empty list of checkpoints", |v| {
        set(v, "checkpoints", Value::Array(vec![]));
    }),
    ("container-checkpoint-bytes", "a checkpoint that is no text", |v| {
        let note = at(v, "checkpoints.0").as_text().expect("a note").as_bytes().to_vec();
        set(v, "checkpoints", list([bytes(note)]));
    }),
    ("container-checkpoint-with-proof", "a checkpoint as extracts have it", |v| {
        let note = at(v, "checkpoints.0").clone();
        set(v, "checkpoints", list([list([note, Value::Array(vec![])])]));
    }),
    ("container-checkpoint-twice", "two checkpoints of one size", |v| {
        let note = at(v, "checkpoints.0").clone();
        set(v, "checkpoints", list([note.clone(), note]));
    }),
    ("container-evidence-missing", "no list of evidence", |v| remove(v, "evidence")),
    ("container-evidence-hash-alone", "a file without its size", |v| {
        set(v, "evidence", list([hash(&some_hash("a"))]));
    }),
    ("container-evidence-size-negative", "a file of size -1", |v| {
        set(v, "evidence", list([list([hash(&some_hash("a")), (-1).into()])]));
    }),
    ("container-evidence-hash-of-31-bytes", "a hash of 31 bytes", |v| {
        set(v, "evidence", list([list([bytes([1; 31]), 1.into()])]));
    }),
    ("container-evidence-descending", "hashes that descend", |v| {
        set(v, "evidence", list([[2; 32], [1; 32]].map(|h| list([bytes(h), 1.into()]))));
    }),
    ("container-evidence-twice", "one hash twice", |v| {
        set(v, "evidence", list([[1; 32], [1; 32]].map(|h| list([bytes(h), 1.into()]))));
    }),
];

fn container(name: &str, about: &str, bytes: Vec<u8>) -> Vector {
    Vector::failed(name, Code::Container, None, bytes).note(about)
}

fn first_items() -> Vec<Vector> {
    let row = |(name, about, change): &Row| {
        let mut bundle = ledger().bundle();
        change(&mut bundle.first);
        container(name, about, bundle.bytes())
    };
    let mut vectors: Vec<Vector> = FIRST_ITEMS.iter().map(row).collect();
    let mut forge = Forge::new();
    forge.checkpoint();
    forge.note("bug-1");
    let mut bundle = forge.bundle();
    if let Value::Array(notes) = at(&mut bundle.first, "checkpoints") {
        notes.reverse();
    }
    let about = "checkpoints whose sizes descend";
    vectors.push(container("container-checkpoints-descending", about, bundle.bytes()));
    vectors
}

/// The profile, in the first item. Its keys are tally, version, evidence, checkpoints.
fn first_item_profile() -> Vec<Vector> {
    const MARKER: &[u8] = b"here";
    let rows: [(&str, &str, &str, &str); 6] = [
        ("first-item-integer-not-shortest", "version", "1801", "the version in two bytes"),
        ("first-item-float", "version", "f93c00", "the version as the float 1.0"),
        ("first-item-tag", "version", "c101", "a tag on the version"),
        ("first-item-indefinite-array", "evidence", "9fff", "a list of indefinite length"),
        ("first-item-undefined", "evidence", "f7", "undefined for a list"),
        ("first-item-depth-17", "evidence", "8181818181818181818181818181818180", "level 18"),
    ];
    let mut vectors: Vec<Vector> = rows
        .iter()
        .map(|(name, member, item, about)| {
            let mut bundle = ledger().bundle();
            set(&mut bundle.first, member, bytes(MARKER));
            let item = hex::decode(item).expect("an item in hexadecimal");
            let first = splice(&cbor::encode(&bundle.first), MARKER, &item);
            container(name, about, bundle.bytes_after(&first))
        })
        .collect();
    let bundle = ledger().bundle();
    let first = cbor::encode(&bundle.first);
    let start = b"\xa4\x65tally\x66bundle";
    let rest = |from: usize| first[start.len() + from..].to_vec();
    let (version, evidence) = (b"\x67version\x01", b"\x68evidence\x80");
    let whole = |parts: [&[u8]; 4]| bundle.bytes_after(&parts.concat());
    vectors.push(container(
        "first-item-keys-unsorted",
        "evidence before version",
        whole([start, evidence, version, &rest(version.len() + evidence.len())]),
    ));
    let mut more = start.to_vec();
    more[0] = 0xa5;
    vectors.push(container(
        "first-item-key-twice",
        "version twice",
        whole([&more, version, version, &rest(version.len())]),
    ));
    let mut open = start.to_vec();
    open[0] = 0xbf;
    vectors.push(container(
        "first-item-indefinite",
        "a first item of indefinite length",
        whole([&open, &rest(0), &[0xff], &[]]),
    ));
    vectors.push(container(
        "first-item-cut-short",
        "a file that ends within its first item",
        first[..first.len() - 9].to_vec(),
    ));
    vectors
}

fn unrecognised() -> Vec<Vector> {
    let entry = ledger().entry(1).to_vec();
    let tagged = [&b"\xd9\xd9\xf7"[..], &ledger().bundle().bytes()].concat();
    let mut named = ledger().bundle();
    set(&mut named.first, "by", "me");
    [
        ("file-of-another-map", "a map whose first key is another", named.bytes()),
        ("file-empty", "an empty file", vec![]),
        ("file-of-one-entry", "a single entry", entry),
        ("file-of-text", "a text", b"{\"tally\": \"bundle\"}\n".to_vec()),
        ("file-tagged", "a bundle after the tag 55799", tagged),
        ("file-of-one-byte", "the first byte of a bundle", vec![0xa4]),
    ]
    .map(|(name, about, bytes)| Vector::unpinned(name, "unrecognised", bytes).note(about))
    .into()
}

fn items() -> Vec<Vector> {
    let with = |change: &dyn Fn(&mut Container)| {
        let mut bundle = ledger().bundle();
        change(&mut bundle);
        bundle.bytes()
    };
    let failed = |name: &str, code, seq, about: &str, bytes| {
        Vector::failed(name, code, seq, bytes).note(about)
    };
    let item = |name: &str, about: &str, change: &dyn Fn(&mut Container)| {
        failed(name, Code::Item, Some(1), about, with(change))
    };
    let entry = ledger().entry(1).to_vec();
    let long = [&[0x5a, 0, 0][..], &string(&entry)[1..]].concat();
    vec![
        item("item-missing", "a file that ends one entry early", &|b| drop(b.items.pop())),
        item("item-cut-short", "an entry without its last byte", &|b| {
            b.items[1].pop();
        }),
        item("item-head-cut-short", "the first byte of a head", &|b| b.items[1].truncate(1)),
        item("item-text", "a text for an entry", &|b| b.items[1][0] |= 0x60),
        item("item-array", "an item as extracts have it", &|b| {
            b.items[1] = cbor::encode(&list([bytes(&entry), Value::Array(vec![])]));
        }),
        item("item-entry-itself", "an entry in no byte string", &|b| {
            b.items[1].clone_from(&entry);
        }),
        item("item-length-not-shortest", "a length in five bytes", &|b| {
            b.items[1].clone_from(&long);
        }),
        item("item-indefinite", "a byte string of indefinite length", &|b| {
            b.items[1] = [&[0x5f][..], &string(&entry), &[0xff]].concat();
        }),
        item("item-reserved-head", "a head whose length is reserved", &|b| b.items[1][0] = 0x5c),
        failed("item-dropped", Code::Seq, Some(1), "entry 1 is missing, entry 2 follows", {
            let mut forge = ledger();
            forge.note("bug-1");
            let mut bundle = forge.bundle();
            bundle.items.remove(1);
            bundle.bytes()
        }),
        failed("item-repeated", Code::Seq, Some(2), "entry 1 twice", {
            let mut forge = ledger();
            forge.note("bug-1");
            let mut bundle = forge.bundle();
            bundle.items[2] = bundle.items[1].clone();
            bundle.bytes()
        }),
        failed("items-swapped", Code::Seq, Some(1), "entries 1 and 2 swapped", {
            let mut forge = ledger();
            forge.note("bug-1");
            let mut bundle = forge.bundle();
            bundle.items.swap(1, 2);
            bundle.bytes()
        }),
        failed(
            "item-too-many",
            Code::Evidence,
            None,
            "an entry after the last",
            with(&|b| b.items.push(b.items[1].clone())),
        ),
        failed(
            "bytes-after-the-end",
            Code::Evidence,
            None,
            "a byte after all",
            with(&|b| b.files.push(vec![0xf6])),
        ),
    ]
}

/// Withheld entries of incidents are told; those of `ledger` are found.
fn withheld() -> Vec<Vector> {
    let three = || {
        let mut forge = ledger();
        forge.note("bug-1");
        forge.note("bug-2");
        forge.note("bug-1");
        forge
    };
    let without = |mut forge: Forge, seq: u64| {
        forge.withhold(seq);
        forge.bundle()
    };
    let not_whole = |name: &str, report: &str, about: &str, bundle: Container| {
        Vector::passed(name, "not-whole", bundle.bytes()).line("report", report).note(about)
    };
    let failed = |name: &str, code, seq, about: &str, bundle: Container| {
        Vector::failed(name, code, seq, bundle.bytes()).note(about)
    };
    let mut keys = Forge::new();
    let roles = map([("roles", map([("compliance", list(["*"]))]))]);
    let roles = event(&["ledger"], "ledger.roles", roles);
    keys.record(roles.clone(), &author());
    let mut linked = keys.clone();
    linked.record(roles, &author());
    let heads = |of: &[(&str, u64)]| {
        let named = of.iter().map(|(feed, seq)| ((*feed).into(), (*seq).into())).collect();
        event(&["heads"], "heads", map([("heads", Value::Map(named))]))
    };
    let mut headed = keys.clone();
    headed.record(heads(&[("ledger", 1)]), &author());
    let mut incident = three();
    incident.record(heads(&[("bug-2", 3), ("bug-1", 4)]), &author());
    let mut last = three();
    last.withhold(4);
    let mut last = last.bundle();
    last.items[4] = string(&[7; 32]);
    let mut middle = without(three(), 2);
    middle.items[2] = string(&[7; 32]);
    let mut early = three();
    let link_to = |forge: &Forge, feed: &str, to: u64| {
        let path = format!("feeds.{feed}");
        forge.changed(note(&[feed]), &author(), |v| set(v, &path, to)).signed(&author())
    };
    let entry = link_to(&early, "bug-2", 1);
    early.push(entry);
    let mut other_feed = three();
    let entry = link_to(&other_feed, "bug-3", 3);
    other_feed.push(entry);
    let mut genesis = ledger();
    genesis.withhold(0);
    let (code, items) = (Code::Feeds, "withheld,link-not-checked");
    vec![
        not_whole("withheld-entry", items, "entry 2, to which entry 4 links", without(three(), 2)),
        not_whole(
            "withheld-last-of-a-feed",
            "withheld",
            "entry 3, to which no entry links",
            without(three(), 3),
        ),
        not_whole("withheld-two-entries", items, "entries 1 and 2", {
            let mut forge = three();
            forge.withhold(1);
            without(forge, 2)
        }),
        not_whole(
            "withheld-entry-in-heads",
            items,
            "entry 3, which heads name",
            without(incident, 3),
        ),
        not_whole(
            "withheld-entry-of-any-feed",
            items,
            "entry 3, taken for one of bug-3",
            without(other_feed, 3),
        ),
        failed("withheld-genesis", Code::Item, Some(0), "no key without it", genesis.bundle()),
        failed(
            "withheld-ledger-entry",
            code,
            Some(2),
            "a link of ledger to it",
            without(linked, 1),
        ),
        failed(
            "withheld-ledger-entry-in-heads",
            Code::References,
            Some(2),
            "a head of ledger",
            without(headed, 1),
        ),
        failed(
            "withheld-below-the-last",
            code,
            Some(5),
            "bug-2 links to 1, but 3 is there",
            without(early, 1),
        ),
        failed("withheld-other-id", Code::Prev, Some(3), "another id than entry 3 has", middle),
        failed(
            "withheld-other-id-at-the-end",
            Code::Root,
            None,
            "another id than in the tree",
            last,
        ),
    ]
}

fn evidence() -> Vec<Vector> {
    let with_file = || {
        let mut forge = ledger();
        let file = forge.attach(b"an order\n", "text/plain", None);
        let event = Event { evidence: vec![file], ..note(&["bug-1"]) };
        forge.record(event, &author());
        forge
    };
    let failed = |name: &str, about: &str, change: &dyn Fn(&mut Container)| {
        let mut bundle = with_file().bundle();
        change(&mut bundle);
        Vector::failed(name, Code::Evidence, None, bundle.bytes()).note(about)
    };
    let item = |digest: &[u8], content: &[u8]| cbor::encode(&list([bytes(digest), bytes(content)]));
    let digest = some_hash("an order\n").0;
    let mut unnamed = with_file();
    unnamed.carry(b"a text that nothing names\n");
    let mut absent = with_file().bundle();
    set(&mut absent.first, "evidence", Value::Array(vec![]));
    absent.files.clear();
    vec![
        failed("evidence-other-content", "other bytes of the same length", &|b| {
            b.files[0] = item(&digest, b"an 0rder\n");
        }),
        failed("evidence-other-size", "fewer bytes than listed", &|b| {
            b.files[0] = item(&digest, b"an order");
        }),
        failed("evidence-other-size-listed", "another size than the file has", &|b| {
            set(&mut b.first, "evidence", list([list([bytes(digest), 8.into()])]));
        }),
        failed("evidence-other-hash", "another hash than listed", &|b| {
            b.files[0] = item(&[7; 32], b"an order\n");
        }),
        failed("evidence-missing", "the file is not there", &|b| b.files.clear()),
        failed("evidence-cut-short", "the file ends within its bytes", &|b| {
            b.files[0].pop();
        }),
        failed("evidence-bytes-alone", "a file without its hash", &|b| {
            b.files[0] = string(b"an order\n");
        }),
        failed("evidence-array-of-three", "a third element", &|b| {
            b.files[0][0] = 0x83;
            b.files[0].push(0xf6);
        }),
        failed("evidence-length-not-shortest", "a length in two bytes instead of one", &|b| {
            b.files[0].splice(35..36, [0x58, 9]);
        }),
        failed("evidence-text", "the file as text", &|b| b.files[0][35] |= 0x20),
        failed("evidence-not-listed", "a file after all that are listed", &|b| {
            b.files.push(item(&some_hash("a").0, b"a"));
        }),
        Vector::passed("evidence-that-nothing-names", "whole", unnamed.bundle().bytes())
            .line("report", "evidence-unnamed")
            .note("a file that no entry names is reported"),
        Vector::passed("evidence-not-carried", "whole", absent.bytes())
            .line("report", "evidence-absent")
            .note("a file that an entry names and that is not there is reported"),
        Vector::passed("ok-evidence", "whole", with_file().bundle().bytes())
            .note("a file that an entry names"),
    ]
}
