//! Extracts from which entries are withheld.

use tally_ledger::fault::Code;

use super::{count, in_item, ledger, of};
use crate::container::Container;
use crate::value::{bytes, set};
use crate::vector::Vector;
use crate::vectors::{Spoiled, spoiled};

pub(super) fn vectors() -> Vec<Vector> {
    let not_whole = |name: &str, report: &str, about: &str, seq: u64| {
        let vector = Vector::passed(name, "not-whole", without(seq).bytes());
        vector.line("report", report).note(about)
    };
    let failed = |name: &str, code, seq: u64, about: &str| {
        Vector::failed(name, code, Some(seq), without(seq).bytes()).note(about)
    };
    let mut vectors = spoiled(&without(3), SPOILED);
    vectors.extend([
        not_whole("extract-withheld", "withheld,link-not-checked", "entry 3, to which 6 links", 3),
        not_whole("extract-withheld-acted-on", "withheld", "entry 5, which 6 acts on", 5),
        not_whole("extract-withheld-in-heads", "withheld,link-not-checked", "6, in heads", 6),
        failed("extract-withheld-genesis", Code::Item, 0, "no key without it"),
        failed("extract-withheld-heads", Code::References, 7, "the last item"),
    ]);
    vectors
}

/// Returns the extract from which an entry is withheld.
fn without(seq: u64) -> Container {
    let mut forge = ledger();
    forge.withhold(seq);
    of(forge, &[0, 1, 3, 5, 6, 7])
}

/// What is wrong with the extract from which entry 3 is withheld.
const SPOILED: &[Spoiled] = &[
    ("extract-withheld-first", Code::Seq, Some(3), "entry 3 before genesis", |c| {
        c.items.swap(0, 2);
    }),
    ("extract-withheld-twice", Code::Seq, Some(4), "entry 3 twice", |c| {
        c.items.insert(3, c.items[2].clone());
        count(c, 7);
    }),
    ("extract-withheld-seq-0", Code::Item, Some(2), "another entry withheld as genesis", |c| {
        in_item(c, 2, |v| set(v, "2", 0));
    }),
    ("extract-withheld-elsewhere", Code::Prev, Some(5), "entry 3 as 4, just before 5", |c| {
        in_item(c, 2, |v| set(v, "2", 4));
    }),
    ("extract-withheld-path-false", Code::Root, None, "another path", |c| {
        in_item(c, 2, |v| set(v, "1.0", bytes([7; 32])));
    }),
    ("extract-withheld-id-of-31-bytes", Code::Item, Some(2), "an id of 31 bytes", |c| {
        in_item(c, 2, |v| set(v, "0", bytes([7; 31])));
    }),
];
