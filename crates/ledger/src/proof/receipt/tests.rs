use ciborium::Value;
use ed25519_dalek::SigningKey;

use super::*;
use crate::cbor;
use crate::entry::Entry;
use crate::head::Head;
use crate::key::PublicKey;
use crate::name::Origin;
use crate::payload::Event;
use crate::proof::Verdict;
use crate::receipt::Algorithm;
use crate::tree::Tree;

fn origin() -> Origin {
    "ledger.example/incidents".parse().unwrap()
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

/// A ledger of eight entries; whether they were entitled to stand in it is not asked.
struct Ledger {
    entries: Vec<Entry>,
    tree: Tree,
}

impl Ledger {
    fn new() -> Self {
        let (mut head, mut tree) = (Head::new(origin()), Tree::default());
        let recorded = "2024-08-03T20:47:12Z".parse().unwrap();
        let entries = (0..8).map(|_| {
            let event = Event::reserved("entry.note", Value::Map(vec![])).unwrap();
            let event = Event { feeds: vec!["bug-1".parse().unwrap()], ..event };
            let entry = Entry::sign(&origin(), &head.place(event, recorded), &key(1)).unwrap();
            head.advance(&entry);
            tree.push(entry.id());
            entry
        });
        Self { entries: entries.collect(), tree }
    }

    fn checkpoint(&self, size: u64) -> Checkpoint {
        Checkpoint::sign(&origin(), size, self.tree.root(size).unwrap(), &key(3))
    }

    fn root(&self, size: u64, algorithm: Algorithm) -> SignedRoot {
        SignedRoot::sign(&origin(), &self.tree.root(size).unwrap(), &key(3), algorithm)
    }

    fn statement(&self, index: u64, size: u64) -> Statement {
        let path = self.tree.inclusion(index, size).unwrap();
        let proof = Proof::Inclusion { size, index, path };
        let receipt = Receipt { root: self.root(size, Algorithm::Ed25519), proof };
        let entry = self.entries[usize::try_from(index).unwrap()].bytes().to_vec();
        Statement { entry, receipt }
    }

    fn consistency(&self, old: u64, size: u64) -> Receipt {
        let path = self.tree.consistency(old, size).unwrap();
        let proof = Proof::Consistency { old, size, path };
        Receipt { root: self.root(size, Algorithm::Ed25519), proof }
    }

    fn pins(&self, sizes: &[u64]) -> Pins {
        let seen = sizes.iter().map(|size| self.checkpoint(*size)).collect();
        let keys = vec![Vkey::log(&origin(), PublicKey::from(&key(3)))];
        Pins { keys, seen, ..Pins::default() }
    }
}

fn checked(statement: &Statement, pins: &Pins) -> Proven {
    verify(&statement.bytes().unwrap(), pins)
}

#[track_caller]
fn fault(proven: &Proven) -> &'static str {
    proven.fault().expect("a check that fails").name
}

#[test]
fn a_receipt_is_read_back_and_holds_in_the_tree_of_a_checkpoint_that_is_known() {
    let ledger = Ledger::new();
    for (index, size) in [(0, 2), (5, 8), (6, 7)] {
        let statement = ledger.statement(index, size);
        let bytes = statement.bytes().unwrap();
        assert_eq!(Statement::parse(&bytes).unwrap(), statement);
        let proven = verify(&bytes, &ledger.pins(&[size]));
        assert_eq!(proven.verdict(), Verdict::Holds, "{:?}", proven.checks);
        assert_eq!(verify(&bytes, &ledger.pins(&[])).verdict(), Verdict::NotChecked);
        assert_eq!(verify(&bytes, &Pins::default()).verdict(), Verdict::NotChecked);
    }
    for (old, size) in [(1, 8), (3, 7), (4, 8)] {
        let receipt = ledger.consistency(old, size);
        let bytes = receipt.bytes();
        assert_eq!(Receipt::parse(&bytes).unwrap(), receipt);
        assert_eq!(verify(&bytes, &ledger.pins(&[old, size])).verdict(), Verdict::Holds);
        assert_eq!(verify(&bytes, &ledger.pins(&[old])).verdict(), Verdict::NotChecked);
        assert_eq!(verify(&bytes, &ledger.pins(&[size])).verdict(), Verdict::NotChecked);
    }
}

#[test]
fn one_signature_serves_every_receipt_of_a_size_under_either_algorithm() {
    let ledger = Ledger::new();
    for algorithm in [Algorithm::Ed25519, Algorithm::EdDsa] {
        let root = ledger.root(8, algorithm);
        assert_eq!(SignedRoot::parse(&root.bytes()).unwrap(), root);
        for index in 0..8 {
            let mut statement = ledger.statement(index, 8);
            statement.receipt.root = root.clone();
            assert_eq!(checked(&statement, &ledger.pins(&[8])).verdict(), Verdict::Holds);
        }
    }
}

/// The proof of leaf 5 of 8 leads to the same root as one of leaf 5 of 7 would.
#[test]
fn the_size_that_a_receipt_states_is_not_believed() {
    let ledger = Ledger::new();
    let mut statement = ledger.statement(5, 8);
    let root = ledger.tree.root(8).unwrap();
    if let Proof::Inclusion { size, path, .. } = &mut statement.receipt.proof {
        *size = 7;
        assert!(tree::includes(&root, 7, 5, &ledger.entries[5].id(), path));
    }
    assert!(statement.receipt.root.holds(&root, &PublicKey::from(&key(3))));
    assert_eq!(fault(&checked(&statement, &ledger.pins(&[7, 8]))), "inclusion");
    assert_eq!(checked(&statement, &ledger.pins(&[8])).verdict(), Verdict::NotChecked);
}

#[test]
fn each_part_that_is_another_is_refused() {
    let ledger = Ledger::new();
    let pins = ledger.pins(&[8]);
    let fault = |change: fn(&Ledger, &mut Statement)| {
        let mut bad = ledger.statement(5, 8);
        change(&ledger, &mut bad);
        fault(&checked(&bad, &pins))
    };
    assert_eq!(fault(|ledger, it| it.entry = ledger.entries[4].bytes().to_vec()), "entry");
    assert_eq!(
        fault(|_, it| if let Proof::Inclusion { index, .. } = &mut it.receipt.proof {
            *index = 4;
        }),
        "entry"
    );
    assert_eq!(
        fault(|_, it| if let Proof::Inclusion { path, .. } = &mut it.receipt.proof {
            path[1] = Hash::of(b"");
        }),
        "inclusion"
    );
    assert_eq!(fault(|ledger, it| it.receipt.root = ledger.root(7, Algorithm::Ed25519)), "receipt");
    let by = |origin: &str, root: &Hash, seed| {
        SignedRoot::sign(&origin.parse().unwrap(), root, &key(seed), Algorithm::Ed25519)
    };
    let (root, own) = (ledger.tree.root(8).unwrap(), "ledger.example/incidents");
    let signed = |root| {
        let mut bad = ledger.statement(5, 8);
        bad.receipt.root = root;
        super::tests::fault(&checked(&bad, &pins))
    };
    assert_eq!(signed(by(own, &root, 4)), "receipt");
    assert_eq!(signed(by(own, &Hash::of(b""), 3)), "receipt");
    assert_eq!(signed(by("ledger.example/other", &root, 3)), "pins");
}

#[test]
fn a_checkpoint_that_gives_the_size_is_itself_held_against_the_pins() {
    let ledger = Ledger::new();
    let bytes = ledger.statement(5, 8).bytes().unwrap();
    let pins = |checkpoint| Pins { seen: vec![checkpoint], ..ledger.pins(&[]) };
    let root = ledger.tree.root(8).unwrap();
    let foreign = Checkpoint::sign(&origin(), 8, root, &key(4));
    assert_eq!(fault(&verify(&bytes, &pins(foreign))), "signature");
    let other = Checkpoint::sign(&origin(), 8, Hash::of(b""), &key(3));
    assert_eq!(fault(&verify(&bytes, &pins(other.clone()))), "inclusion");
    let twice = Pins { seen: vec![ledger.checkpoint(8), other], ..ledger.pins(&[]) };
    assert_eq!(fault(&verify(&bytes, &twice)), "pins");
    let elsewhere = "ledger.example/other".parse().unwrap();
    let elsewhere = Checkpoint::sign(&elsewhere, 8, root, &key(3));
    assert_eq!(fault(&verify(&bytes, &pins(elsewhere))), "pins");
}

/// Whoever hands over a receipt may hand over a checkpoint that fits it.
#[test]
fn without_a_key_of_the_ledger_a_receipt_does_not_hold() {
    let ledger = Ledger::new();
    let keyless = Pins { keys: vec![], ..ledger.pins(&[3, 8]) };
    for bytes in [ledger.statement(5, 8).bytes().unwrap(), ledger.consistency(3, 8).bytes()] {
        let proven = verify(&bytes, &keyless);
        assert_eq!(proven.verdict(), Verdict::NotChecked);
        assert_eq!(proven.unchecked().unwrap().name, "receipt");
    }
}

#[test]
fn a_receipt_of_consistency_holds_between_its_own_roots_alone() {
    let ledger = Ledger::new();
    let good = ledger.consistency(3, 8);
    let mut bad = good.clone();
    if let Proof::Consistency { path, .. } = &mut bad.proof {
        path[0] = Hash::of(b"");
    }
    assert_eq!(fault(&verify(&bad.bytes(), &ledger.pins(&[3, 8]))), "consistency");
    let bad = Receipt { root: ledger.root(7, Algorithm::Ed25519), ..good.clone() };
    assert_eq!(fault(&verify(&bad.bytes(), &ledger.pins(&[3, 8]))), "receipt");
    let mut twice = ledger.pins(&[3, 8]);
    twice.seen.push(Checkpoint::sign(&origin(), 3, Hash::of(b""), &key(3)));
    assert_eq!(fault(&verify(&good.bytes(), &twice)), "pins");
}

#[test]
fn a_receipt_in_the_wrong_place_is_refused() {
    let ledger = Ledger::new();
    let pins = ledger.pins(&[3, 8]);
    let alone = ledger.statement(5, 8).receipt.bytes();
    assert_eq!(fault(&verify(&alone, &pins)), "form");
    let receipt = ledger.consistency(3, 8);
    let within = Statement { receipt, ..ledger.statement(5, 8) };
    assert_eq!(fault(&checked(&within, &pins)), "form");
    assert_eq!(fault(&verify(&ledger.root(8, Algorithm::Ed25519).bytes(), &pins)), "form");
    assert_eq!(fault(&verify(ledger.entries[5].bytes(), &pins)), "form");
}

/// A change of a message that was taken apart.
type Change = fn(&mut Vec<Value>);

fn changed(bytes: &[u8], change: Change) -> Vec<u8> {
    let value: Value = ciborium::from_reader(&bytes[1..]).unwrap();
    let mut items = value.into_array().unwrap();
    change(&mut items);
    [&bytes[..1], &cbor::encode(&Value::Array(items))].concat()
}

/// Changes the protected header of a message.
fn headed(items: &mut [Value], change: fn(&mut Vec<(Value, Value)>)) {
    let header: Value = ciborium::from_reader(&items[0].as_bytes().unwrap()[..]).unwrap();
    let mut members = header.into_map().unwrap();
    change(&mut members);
    items[0] = Value::Bytes(cbor::encode(&Value::Map(members)));
}

#[test]
fn another_form_is_refused() {
    let ledger = Ledger::new();
    let good = ledger.consistency(3, 8).bytes();
    let rows: [(&str, Change); 13] = [
        ("an attached root", |m| m[2] = Value::Bytes(vec![0; 32])),
        ("a short signature", |m| m[3] = Value::Bytes(vec![0; 63])),
        ("no proof", |m| m[1] = Value::Map(vec![])),
        ("five items", |m| m.push(Value::Null)),
        ("another label", |m| m[1] = Value::Map(vec![(397.into(), Value::Map(vec![]))])),
        ("two headers", |m| {
            let mut members = m[1].as_map().unwrap().clone();
            members.push((400.into(), 1.into()));
            m[1] = Value::Map(members);
        }),
        ("the tree unprotected", |m| {
            headed(m, |h| h.retain(|(label, _)| *label != Value::from(395)));
            let mut members = m[1].as_map().unwrap().clone();
            members.push((395.into(), 1.into()));
            m[1] = Value::Map(members);
        }),
        ("another tree", |m| headed(m, |h| h[3].1 = 2.into())),
        ("another algorithm", |m| headed(m, |h| h[0].1 = (-7).into())),
        ("a short kid", |m| headed(m, |h| h[1].1 = Value::Bytes(vec![0; 31]))),
        ("another subject", |m| {
            headed(m, |h| {
                h[2].1 = Value::Map(vec![
                    (1.into(), "ledger.example/incidents".into()),
                    (2.into(), "bug-1".into()),
                ]);
            });
        }),
        ("a further member", |m| headed(m, |h| h.push((400.into(), 1.into())))),
        ("no origin", |m| {
            headed(m, |h| h[2].1 = Value::Map(vec![(1.into(), "".into()), (2.into(), "".into())]));
        }),
    ];
    for (what, change) in rows {
        let bad = changed(&good, change);
        assert!(Receipt::parse(&bad).is_err(), "{what}");
        assert_eq!(fault(&verify(&bad, &ledger.pins(&[3, 8]))), "form", "{what}");
    }
    for length in 0..good.len() {
        assert!(Receipt::parse(&good[..length]).is_err(), "{length}");
    }
    assert!(Receipt::parse(&[good, vec![0]].concat()).is_err());
}

#[test]
fn a_proof_without_hashes_or_with_too_many_is_refused() {
    let ledger = Ledger::new();
    let with = |path: Vec<Hash>| {
        let proof = Proof::Inclusion { size: 1, index: 0, path };
        let receipt = Receipt { proof, ..ledger.statement(5, 8).receipt };
        Receipt::parse(&receipt.bytes()).is_ok()
    };
    assert!(!with(vec![]));
    assert!(with(vec![Hash::of(b""); 63]));
    assert!(!with(vec![Hash::of(b""); 64]));
}

#[test]
fn encodings_that_are_not_the_one_are_refused() {
    let ledger = Ledger::new();
    let good = ledger.statement(5, 8).bytes().unwrap();
    assert!(Statement::parse(&good).is_ok());
    let replaced = |from: &[u8], to: &[u8]| {
        let at = good.windows(from.len()).position(|window| window == from).unwrap();
        [&good[..at], to, &good[at + from.len()..]].concat()
    };
    // The map of one, the label 394, the array of one: each in a longer form.
    let header = [0xa1, 0x19, 0x01, 0x8a, 0x81];
    let longer: [&[u8]; 4] = [
        &[0xb8, 0x01, 0x19, 0x01, 0x8a, 0x81],
        &[0xa1, 0x1a, 0x00, 0x00, 0x01, 0x8a, 0x81],
        &[0xa1, 0x19, 0x01, 0x8a, 0x98, 0x01],
        &[0xbf, 0x19, 0x01, 0x8a, 0x81],
    ];
    for form in longer {
        assert!(Statement::parse(&replaced(&header, form)).is_err(), "{form:02x?}");
    }
}
