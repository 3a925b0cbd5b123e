//! Checkpoints and evidence files.

use std::fs;
use std::io::{self, Read};

use tally_ledger::hash::Hash;
use tally_store::{Error, Reader, Store};

use crate::chain;

fn note(entries: &[Vec<u8>], size: u64, names: &[&str]) -> String {
    chain::checkpoint(&entries[..usize::try_from(size).unwrap()], names)
}

#[test]
fn checkpoints_come_back_ascending_and_byte_for_byte() {
    let dir = tempfile::tempdir().unwrap();
    let entries = chain::entries(120, 1);
    chain::make(dir.path(), &entries, 120);
    let mut store = chain::open(dir.path()).unwrap();
    for size in [100, 9, 20, 120, 1] {
        store.put_checkpoint(size, &note(&entries, size, &["log"])).unwrap();
    }
    let reader = Reader::open(dir.path()).unwrap();
    let found: Vec<_> = reader.checkpoints().unwrap().map(Result::unwrap).collect();
    let sizes: Vec<u64> = found.iter().map(|checkpoint| checkpoint.size).collect();
    assert_eq!(sizes, [1, 9, 20, 100, 120]);
    assert_eq!(found[2].note, note(&entries, 20, &["log"]));
    assert_eq!(reader.checkpoint(100).unwrap().as_ref(), Some(&found[3]));
    assert_eq!(reader.checkpoint(99).unwrap(), None);
}

#[test]
fn a_checkpoint_gains_signatures_and_never_changes_its_text_or_loses_one() {
    let dir = tempfile::tempdir().unwrap();
    let entries = chain::entries(2, 1);
    chain::make(dir.path(), &entries, 2);
    let mut store = chain::open(dir.path()).unwrap();
    store.put_checkpoint(2, &note(&entries, 2, &["log"])).unwrap();
    store.put_checkpoint(2, &note(&entries, 2, &["log", "witness"])).unwrap();
    store.put_checkpoint(2, &note(&entries, 2, &["log", "witness"])).unwrap();
    let other_root = note(&chain::entries(2, 9), 2, &["log", "witness"]);
    for other in [other_root, note(&entries, 2, &["log", "second"])] {
        let error = store.put_checkpoint(2, &other).unwrap_err();
        assert!(matches!(error, Error::CheckpointConflict { size: 2, .. }), "{error}");
    }
    let kept = store.reader().checkpoint(2).unwrap().unwrap().note;
    assert_eq!(kept, note(&entries, 2, &["log", "witness"]));
}

#[test]
fn a_checkpoint_of_another_size_or_form_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let entries = chain::entries(3, 1);
    chain::make(dir.path(), &entries[..2], 2);
    let mut store = chain::open(dir.path()).unwrap();
    for size in [0, 3] {
        let error = store.put_checkpoint(size, &note(&entries, size, &["log"])).unwrap_err();
        assert!(matches!(error, Error::CheckpointSize { len: 2, .. }), "{error}");
    }
    let error = store.put_checkpoint(2, &note(&entries, 1, &["log"])).unwrap_err();
    assert!(matches!(error, Error::CheckpointName { found: 1, .. }), "{error}");
    let large = note(&entries, 2, &[&"a".repeat(65_536)]);
    for bad in ["", "root\n", "root\n\n", "root\n\nlog", &large] {
        let error = store.put_checkpoint(2, bad).unwrap_err();
        assert!(matches!(error, Error::CheckpointForm { .. }), "{error}");
    }
    assert_eq!(store.reader().checkpoints().unwrap().count(), 0);
}

#[test]
fn a_signed_root_is_filed_beside_its_checkpoint_alone() {
    let dir = tempfile::tempdir().unwrap();
    let entries = chain::entries(3, 1);
    chain::make(dir.path(), &entries, 3);
    let mut store = chain::open(dir.path()).unwrap();
    store.put_checkpoint(2, &note(&entries, 2, &["log"])).unwrap();
    let root = chain::root("ledger.example");
    store.put_root(2, &root).unwrap();
    store.put_root(2, &root).unwrap();
    let alone = |error| matches!(error, Error::RootAlone { .. });
    assert!(alone(store.put_root(3, &root).unwrap_err()));
    assert!(alone(store.put_root(2, &chain::root("other.example")).unwrap_err()));
    let reader = Reader::open(dir.path()).unwrap();
    assert_eq!(reader.root(2).unwrap(), Some(root));
    assert_eq!(reader.root(3).unwrap(), None);
    fs::write(dir.path().join(format!("roots/{:020}", 2)), "text").unwrap();
    assert!(matches!(reader.root(2).unwrap_err(), Error::RootForm { .. }));
}

#[test]
fn evidence_is_filed_under_its_digest_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::create(dir.path()).unwrap();
    let large = vec![7; 300_000];
    let contents: [&[u8]; 3] = [b"", b"an order", &large];
    for content in contents {
        let stored = store.put_evidence(content).unwrap();
        assert_eq!(stored.digest, Hash::of(content));
        assert_eq!(stored.size, content.len() as u64);
        assert_eq!(fs::read(&stored.path).unwrap(), content);
        assert_eq!(store.put_evidence(content).unwrap(), stored);
        assert_eq!(store.reader().evidence(&stored.digest).unwrap(), Some(stored));
    }
    let listed = Reader::open(dir.path()).unwrap().evidence_list().unwrap();
    let mut digests: Vec<_> = contents.iter().map(|content| Hash::of(content)).collect();
    digests.sort_unstable();
    assert_eq!(listed.iter().map(|e| e.digest).collect::<Vec<_>>(), digests);
    assert_eq!(store.reader().evidence(&Hash::of(b"other")).unwrap(), None);
}

#[test]
fn damaged_evidence_is_moved_aside_when_the_right_bytes_come_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::create(dir.path()).unwrap();
    let stored = store.put_evidence(&b"an order"[..]).unwrap();
    fs::write(&stored.path, b"an odder").unwrap();
    assert_eq!(store.put_evidence(&b"an order"[..]).unwrap(), stored);
    assert_eq!(fs::read(&stored.path).unwrap(), b"an order");
    let aside = dir.path().join(format!("lost+found/evidence-{}", stored.digest));
    assert_eq!(fs::read(aside).unwrap(), b"an odder");
}

#[test]
fn evidence_that_cannot_be_read_to_its_end_leaves_nothing() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the cable came loose"))
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::create(dir.path()).unwrap();
    let error = store.put_evidence(b"some".chain(Broken)).unwrap_err();
    assert!(matches!(error, Error::EvidenceSource { .. }), "{error}");
    assert_eq!(fs::read_dir(dir.path().join("evidence")).unwrap().count(), 0);
}
