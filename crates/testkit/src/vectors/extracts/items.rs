//! The items of an extract: their form, their order, and their proofs.

use ciborium::Value;
use tally_ledger::cbor;
use tally_ledger::fault::Code;

use super::{count, extract, in_item, ledger, of};
use crate::value::{at, bytes, list, set};
use crate::vector::Vector;
use crate::vectors::{Spoiled, spoiled};

pub(super) fn vectors() -> Vec<Vector> {
    [FORMS, ORDERS, PROOFS].map(|rows| spoiled(&extract(), rows)).concat()
}

const FORMS: &[Spoiled] = &[
    ("extract-item-of-one", Code::Item, Some(1), "an entry without a path", |c| {
        in_item(c, 1, |v| elements(v).truncate(1));
    }),
    ("extract-item-of-four", Code::Item, Some(1), "a fourth element", |c| {
        in_item(c, 1, |v| elements(v).extend([1.into(), 1.into()]));
    }),
    ("extract-entry-with-seq", Code::Item, Some(1), "the seq of one withheld beside it", |c| {
        in_item(c, 1, |v| elements(v).push(1.into()));
    }),
    ("extract-withheld-without-seq", Code::OuterForm, Some(1), "two elements: an entry", |c| {
        in_item(c, 1, |v| set(v, "0", bytes([1; 32])));
    }),
    ("extract-entry-text", Code::Item, Some(1), "an entry as text", |c| {
        in_item(c, 1, |v| set(v, "0", "a"));
    }),
    ("extract-path-of-65-hashes", Code::Item, Some(1), "65 hashes", |c| {
        in_item(c, 1, |v| set(v, "1", list(vec![bytes([1; 32]); 65])));
    }),
    ("extract-path-of-31-bytes", Code::Item, Some(1), "a hash of 31 bytes", |c| {
        in_item(c, 1, |v| set(v, "1.0", bytes([1; 31])));
    }),
    ("extract-path-missing", Code::Item, Some(1), "null for a path", |c| {
        in_item(c, 1, |v| set(v, "1", Value::Null));
    }),
    ("extract-path-length-not-shortest", Code::Item, Some(1), "the path as 98 03", |c| {
        // The path of three hashes begins with its head, 83.
        let at = c.items[1].len() - 3 * 34 - 1;
        c.items[1].splice(at..=at, [0x98, 0x03]);
    }),
    ("extract-item-as-in-bundle", Code::Item, Some(1), "a byte string for an item", |c| {
        in_item(c, 1, |v| *v = elements(v)[0].clone());
    }),
    ("extract-item-indefinite", Code::Item, Some(1), "an array of indefinite length", |c| {
        c.items[1][0] = 0x9f;
        c.items[1].push(0xff);
    }),
    ("extract-item-cut-short", Code::Item, Some(7), "the last without its last byte", |c| {
        c.items[5].pop();
    }),
    ("extract-item-missing", Code::Item, Some(7), "one item fewer than are counted", |c| {
        c.items.pop();
    }),
    ("extract-entry-of-65536-bytes", Code::Size, Some(1), "an entry that is too large", |c| {
        in_item(c, 1, |v| set(v, "0", bytes(vec![0; 65_536])));
    }),
    ("extract-entry-cut-short", Code::OuterForm, Some(1), "without its last byte", |c| {
        in_item(c, 1, |v| {
            let mut entry = at(v, "0").as_bytes().expect("an entry").clone();
            entry.pop();
            set(v, "0", bytes(entry));
        });
    }),
];

const ORDERS: &[Spoiled] = &[
    ("extract-entry-twice", Code::Seq, Some(2), "entry 1 twice", |c| {
        c.items.insert(2, c.items[1].clone());
        count(c, 7);
    }),
    ("extract-genesis-twice", Code::Seq, Some(1), "genesis twice", |c| {
        c.items.insert(1, c.items[0].clone());
        count(c, 7);
    }),
    ("extract-entries-descending", Code::Seq, Some(4), "entry 2 after entry 3", |c| {
        c.items.insert(3, of(ledger(), &[0, 2]).items[1].clone());
        count(c, 7);
    }),
    ("extract-item-not-counted", Code::Evidence, None, "an item after the last", |c| {
        c.items.push(c.items[5].clone());
    }),
];

const PROOFS: &[Spoiled] = &[
    ("extract-path-false", Code::Root, None, "one hash of a path is another", |c| {
        in_item(c, 1, |v| set(v, "1.2", bytes([7; 32])));
    }),
    ("extract-path-short", Code::Root, None, "a path without its last hash", |c| {
        in_item(c, 1, |v| elements(at(v, "1")).truncate(2));
    }),
    ("extract-path-long", Code::Root, None, "a path with one hash more", |c| {
        in_item(c, 1, |v| elements(at(v, "1")).push(bytes([7; 32])));
    }),
    ("extract-path-empty", Code::Root, None, "a path without hashes", |c| {
        in_item(c, 1, |v| set(v, "1", Value::Array(vec![])));
    }),
    ("extract-path-of-another-entry", Code::Root, None, "the path of entry 3 for 1", |c| {
        let mut third = cbor::decode(&c.items[2]).expect("an item");
        let path = at(&mut third, "1").clone();
        in_item(c, 1, |v| set(v, "1", path.clone()));
    }),
    ("extract-consistency-proof-false", Code::Root, None, "one hash is another", |c| {
        set(&mut c.first, "checkpoints.0.1.0", bytes([7; 32]));
    }),
    ("extract-consistency-proof-missing", Code::Root, None, "no hash", |c| {
        set(&mut c.first, "checkpoints.0.1", Value::Array(vec![]));
    }),
    ("extract-consistency-proof-long", Code::Root, None, "one hash more", |c| {
        elements(at(&mut c.first, "checkpoints.0.1")).push(bytes([7; 32]));
    }),
];

fn elements(value: &mut Value) -> &mut Vec<Value> {
    value.as_array_mut().expect("an array")
}
