//! What an append keeps and refuses, and what a reader sees of it.

use std::fs;

use tally_ledger::hash::Hash;
use tally_store::{Error, Head, Reader, Store};

use crate::chain;

#[test]
fn what_was_appended_comes_back_in_order_across_bundle_files() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("deep/ledger");
    let entries = chain::entries(600, 1);
    for (batch, name) in [(1, "a"), (7, "b"), (600, "c")] {
        let dir = dir.join(name);
        chain::make(&dir, &entries, batch);
        assert_eq!(chain::read_all(&dir).unwrap(), entries, "batches of {batch}");
        let store = chain::open(&dir).unwrap();
        assert_eq!(store.recovered(), []);
        let id = Hash::leaf(&entries[599]);
        assert_eq!(store.reader().head(), Some(Head { seq: 599, id }));
        let bundles = [256, 256, 88].map(|_| ());
        for (number, ()) in bundles.iter().enumerate() {
            assert!(dir.join(format!("tile/entries/{number:03}")).is_file());
        }
        assert!(!dir.join("tile/entries/003").exists());
        assert!(!dir.join("batch").exists() && !dir.join("lost+found").exists());
    }
}

#[test]
fn bundle_files_are_a_length_and_the_entry_again_and_again() {
    let dir = tempfile::tempdir().unwrap();
    let entries = chain::entries(3, 1);
    chain::make(dir.path(), &entries, 2);
    let expected: Vec<u8> = entries
        .iter()
        .flat_map(|entry| [&u16::try_from(entry.len()).unwrap().to_be_bytes(), &entry[..]].concat())
        .collect();
    assert_eq!(fs::read(dir.path().join("tile/entries/000")).unwrap(), expected);
}

#[test]
fn one_entry_is_found_by_its_position_and_none_beyond_the_head() {
    let dir = tempfile::tempdir().unwrap();
    let entries = chain::entries(300, 1);
    chain::make(dir.path(), &entries, 300);
    let reader = Reader::open(dir.path()).unwrap();
    for seq in [0, 1, 255, 256, 299] {
        let found = reader.entry(seq).unwrap().unwrap();
        assert_eq!((found.seq, &found.bytes), (seq, &entries[usize::try_from(seq).unwrap()]));
    }
    assert_eq!(reader.entry(300).unwrap(), None);
    assert_eq!(reader.entry(u64::MAX).unwrap(), None);
    assert_eq!(reader.entries(298).count(), 2);
}

#[test]
fn an_append_for_another_place_or_of_a_bad_size_is_refused_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let entries = chain::entries(4, 1);
    let mut store = Store::create(dir.path()).unwrap();
    store.append(0, &entries[..2]).unwrap();
    let wrong = store.append(1, &entries[2..]).unwrap_err();
    assert!(matches!(wrong, Error::WrongSeq { expected: 2, found: 1 }), "{wrong}");
    let large = store.append(2, &[entries[2].clone(), vec![0; 65_536]]).unwrap_err();
    assert!(matches!(large, Error::EntrySize { seq: 3, found: 65_536 }), "{large}");
    let empty = store.append(2, &[b""]).unwrap_err();
    assert!(matches!(empty, Error::EntrySize { seq: 2, found: 0 }), "{empty}");
    let foreign = store.append(2, &chain::entries(4, 2)[2..]).unwrap_err();
    assert!(matches!(foreign, Error::WrongPlace { seq: 2 }), "{foreign}");
    let swapped = store.append(2, &[&entries[2], &entries[1]]).unwrap_err();
    assert!(matches!(swapped, Error::WrongPlace { seq: 3 }), "{swapped}");
    let none = store.append::<Vec<u8>>(2, &[]).unwrap_err();
    assert!(matches!(none, Error::EmptyAppend), "{none}");
    assert_eq!(chain::read_all(dir.path()).unwrap(), entries[..2]);
    store.append(2, &entries[2..]).unwrap();
    assert_eq!(chain::read_all(dir.path()).unwrap(), entries);
}

#[test]
fn the_largest_entries_fill_a_bundle_file_and_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut prev = None;
    let entries: Vec<Vec<u8>> = (0..260)
        .map(|seq| {
            let overhead = chain::sized(seq, prev, 65_000, 1).len() - 65_000;
            let entry = chain::sized(seq, prev, 65_535 - overhead, 1);
            assert_eq!(entry.len(), 65_535);
            prev = Some(Hash::leaf(&entry));
            entry
        })
        .collect();
    chain::make(dir.path(), &entries, 50);
    assert_eq!(chain::read_all(dir.path()).unwrap(), entries);
    assert_eq!(chain::open(dir.path()).unwrap().reader().len(), 260);
}

#[test]
fn a_reader_keeps_to_its_moment_while_a_writer_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let entries = chain::entries(520, 1);
    let mut store = Store::create(dir.path()).unwrap();
    store.append(0, &entries[..100]).unwrap();
    let early = Reader::open(dir.path()).unwrap();
    let mut reading = early.entries(0);
    let mut seen: Vec<Vec<u8>> = reading.by_ref().take(50).map(|e| e.unwrap().bytes).collect();
    store.append(100, &entries[100..]).unwrap();
    seen.extend(reading.map(|entry| entry.unwrap().bytes));
    assert_eq!(seen, entries[..100]);
    assert_eq!(early.entries(0).count(), 100);
    assert_eq!(chain::read_all(dir.path()).unwrap(), entries);
}

#[test]
fn readers_see_whole_prefixes_while_a_thread_appends() {
    let dir = tempfile::tempdir().unwrap();
    let entries = chain::entries(300, 1);
    let mut store = Store::create(dir.path()).unwrap();
    let largest = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for (seq, entry) in entries.iter().enumerate() {
                store.append(seq as u64, &[entry]).unwrap();
                let note = chain::checkpoint(&entries[..=seq], &["log"]);
                store.put_checkpoint(seq as u64 + 1, &note).unwrap();
            }
        });
        let mut largest = 0;
        while !writer.is_finished() {
            let reader = Reader::open(dir.path()).unwrap();
            assert_eq!(reader.behind_checkpoint(), None);
            let seen: Vec<_> = reader.entries(0).map(|entry| entry.unwrap().bytes).collect();
            assert_eq!(seen, entries[..seen.len()]);
            assert_eq!(seen.len() as u64, reader.len());
            let sizes: Vec<u64> = reader.checkpoints().unwrap().map(|c| c.unwrap().size).collect();
            assert!(sizes.iter().copied().eq(1..=sizes.len() as u64) && sizes.len() <= seen.len());
            largest = largest.max(seen.len());
        }
        largest
    });
    assert!(largest > 0, "no reader saw an entry");
}
