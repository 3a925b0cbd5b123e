//! The first item, the items of a bundle, and evidence files.

use ciborium::Value;
use tally_ledger::cbor;
use tally_ledger::fault::Code;
use tally_ledger::hash::Hash;
use tally_ledger::payload::Event;

use super::{Spoiled, ledger, spoiled};
use crate::container::Container;
use crate::draft::{splice, string};
use crate::forge::{Forge, event, note};
use crate::keyring::author;
use crate::value::{at, bytes, hash, hidden, list, map, remove, set, some_hash};
use crate::vector::Vector;

pub(super) fn vectors() -> Vec<Vector> {
    [first_items(), first_item_profile(), unrecognised(), items(), evidence()].concat()
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
    let tagged = [&b"\xd9\xd9\xf7"[..], &ledger().bundle().bytes()].concat();
    let mut named = ledger().bundle();
    set(&mut named.first, "by", "me");
    [
        ("file-of-another-map", "a map whose first key is another", named.bytes()),
        ("file-empty", "an empty file", vec![]),
        ("file-of-text", "a text", b"{\"tally\": \"bundle\"}\n".to_vec()),
        ("file-tagged", "a bundle after the tag 55799", tagged),
        ("file-of-one-byte", "the first byte of a bundle", vec![0xa4]),
    ]
    .map(|(name, about, bytes)| Vector::unpinned(name, "unrecognised", bytes).note(about))
    .into()
}

/// What is wrong with a bundle of three entries.
const ITEMS: &[Spoiled] = &[
    ("item-missing", Code::Item, Some(2), "a file that ends one entry early", |b| {
        b.items.pop();
    }),
    ("item-cut-short", Code::Item, Some(2), "an entry without its last byte", |b| {
        b.items[2].pop();
    }),
    ("item-head-cut-short", Code::Item, Some(2), "the first byte of a head", |b| {
        b.items[2].truncate(1);
    }),
    ("item-text", Code::Item, Some(1), "a text for an entry", |b| b.items[1][0] |= 0x60),
    ("item-array", Code::Item, Some(1), "an item as extracts have it", |b| {
        b.items[1] = cbor::encode(&list([bytes(content(b)), Value::Array(vec![])]));
    }),
    ("item-entry-itself", Code::Item, Some(1), "an entry in no byte string", |b| {
        b.items[1].drain(..3);
    }),
    ("item-length-not-shortest", Code::Item, Some(1), "a length in five bytes", |b| {
        b.items[1].splice(..1, [0x5a, 0, 0]);
    }),
    ("item-indefinite", Code::Item, Some(1), "a byte string of indefinite length", |b| {
        b.items[1].insert(0, 0x5f);
        b.items[1].push(0xff);
    }),
    ("item-reserved-head", Code::Item, Some(1), "a length that is reserved", |b| {
        b.items[1][0] = 0x5c;
    }),
    ("item-dropped", Code::Seq, Some(1), "entry 1 is missing, entry 2 follows", |b| {
        b.items.remove(1);
    }),
    ("item-repeated", Code::Seq, Some(2), "entry 1 twice", |b| {
        b.items.insert(2, b.items[1].clone());
        b.items.pop();
    }),
    ("items-swapped", Code::Seq, Some(1), "entries 1 and 2 swapped", |b| b.items.swap(1, 2)),
    ("item-too-many", Code::Evidence, None, "an entry after the last", |b| {
        b.items.push(b.items[1].clone());
    }),
    ("bytes-after-the-end", Code::Evidence, None, "a byte after all", |b| {
        b.files.push(vec![0xf6]);
    }),
];

/// Returns the bytes of entry 1, whose head has three.
fn content(bundle: &Container) -> &[u8] {
    &bundle.items[1][3..]
}

fn items() -> Vec<Vector> {
    let mut forge = ledger();
    forge.note("bug-1");
    spoiled(&forge.bundle(), ITEMS)
}

/// The file that the bundle of [`with_file`] carries.
const FILE: &[u8] = b"an order\n";

/// Returns the encoding of an evidence item.
fn file_item(digest: &Hash, content: &[u8]) -> Vec<u8> {
    cbor::encode(&list([hash(digest), bytes(content)]))
}

/// What is wrong with a bundle that carries one file.
const FILES: &[Spoiled] = &[
    ("evidence-other-content", Code::Evidence, None, "other bytes of the same length", |b| {
        b.files[0] = file_item(&Hash::of(FILE), b"an 0rder\n");
    }),
    ("evidence-other-size", Code::Evidence, None, "fewer bytes than listed", |b| {
        b.files[0] = file_item(&Hash::of(FILE), b"an order");
    }),
    ("evidence-other-size-listed", Code::Evidence, None, "another size than it has", |b| {
        set(&mut b.first, "evidence.0.1", 8);
    }),
    ("evidence-other-hash", Code::Evidence, None, "another hash than listed", |b| {
        b.files[0] = file_item(&some_hash("another file"), FILE);
    }),
    ("evidence-missing", Code::Evidence, None, "the file is not there", |b| b.files.clear()),
    ("evidence-cut-short", Code::Evidence, None, "the file ends within its bytes", |b| {
        b.files[0].pop();
    }),
    ("evidence-bytes-alone", Code::Evidence, None, "a file without its hash", |b| {
        b.files[0] = string(FILE);
    }),
    ("evidence-array-of-three", Code::Evidence, None, "a third element", |b| {
        b.files[0][0] = 0x83;
        b.files[0].push(0xf6);
    }),
    ("evidence-length-not-shortest", Code::Evidence, None, "a length in two bytes", |b| {
        b.files[0].splice(35..36, [0x58, 9]);
    }),
    ("evidence-text", Code::Evidence, None, "the file as text", |b| b.files[0][35] |= 0x20),
    ("evidence-not-listed", Code::Evidence, None, "a file after all that are listed", |b| {
        b.files.push(file_item(&some_hash("a"), b"a"));
    }),
];

/// Returns a ledger whose entry 2 names a file.
fn with_file() -> Forge {
    let mut forge = ledger();
    let file = forge.attach(FILE, "text/plain", None);
    let event = Event { evidence: vec![file], ..note(&["bug-1"]) };
    forge.record(event, &author());
    forge
}

fn evidence() -> Vec<Vector> {
    let mut vectors = spoiled(&with_file().bundle(), FILES);
    let mut unnamed = with_file();
    unnamed.carry(b"a text that nothing names\n");
    let mut absent = with_file().bundle();
    set(&mut absent.first, "evidence", Value::Array(vec![]));
    absent.files.clear();
    vectors.extend([
        Vector::passed("evidence-that-nothing-names", "whole", unnamed.bundle().bytes())
            .line("report", "evidence-unnamed")
            .note("a file that no entry names is reported"),
        Vector::passed("evidence-not-carried", "whole", absent.bytes())
            .line("report", "evidence-absent")
            .note("a file that an entry names and that is not there is reported"),
        Vector::passed("ok-evidence", "whole", with_file().bundle().bytes())
            .note("a file that an entry names"),
    ]);
    vectors.extend(disclosed());
    vectors
}

/// Openings that travel as files.
fn disclosed() -> Vec<Vector> {
    let salted = |salt: u8, value: Value| cbor::encode(&list([bytes([salt; 16]), value]));
    let report = b"a report\n";
    let inner = salted(1, map([("digest", hash(&Hash::of(report)))]));
    let outer = salted(2, map([("inner", hidden(&Hash::of(&inner)))]));
    let mut forge = ledger();
    let body = map([("event", hidden(&Hash::of(&outer)))]);
    forge.record(event(&["sealed"], "sealed", body), &author());
    for file in [&inner[..], &outer, report] {
        forge.carry(file);
    }
    let mut apart = ledger();
    apart.carry(&inner);
    vec![
        Vector::passed("ok-evidence-of-disclosures", "whole", forge.bundle().bytes())
            .note("a disclosure whose hash stands hidden in an entry, one hidden in it, its file"),
        Vector::passed("evidence-disclosure-of-nothing", "whole", apart.bundle().bytes())
            .line("report", "evidence-unnamed")
            .note("a disclosure that nothing hides"),
    ]
}
