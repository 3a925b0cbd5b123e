//! Damage of every kind to one copy, and getting every acknowledged entry back from the other.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tally_ledger::hash::Hash;
use tally_store::doctor::{self, Diagnosis, Finding, Part, Rebuilt};
use tally_store::{Error, Reader};
use tally_testkit::random::Random;

use crate::chain;

/// A ledger of 600 entries in three bundle files, with checkpoints and evidence, and its entries.
fn ledger(dir: &Path) -> Vec<Vec<u8>> {
    let entries = chain::entries(600, 1);
    chain::make(dir, &entries, 60);
    let mut store = chain::open(dir).unwrap();
    for size in [1, 256, 300, 600] {
        let note = chain::checkpoint(&entries[..size], &["log"]);
        store.put_checkpoint(size as u64, &note).unwrap();
    }
    store.put_evidence(&b"an order"[..]).unwrap();
    entries
}

fn examine(dir: &Path) -> Vec<Diagnosis> {
    doctor::examine(dir, Duration::ZERO, |_| {}).unwrap()
}

fn rebuild(dir: &Path) -> Result<Rebuilt, Error> {
    doctor::rebuild(dir, Duration::ZERO, |_| {})
}

/// Demands that everything is there, agrees, and can be appended to.
#[track_caller]
fn assert_whole(dir: &Path, entries: &[Vec<u8>], place: &str) {
    let faults: Vec<_> = examine(dir).into_iter().filter(Diagnosis::is_fault).collect();
    assert!(faults.is_empty(), "{place}: {faults:?}");
    assert_eq!(chain::read_all(dir).unwrap(), entries, "{place}");
    let len = entries.len() as u64;
    let more = chain::continued(len, entries.last().map(|e| Hash::leaf(e)), 1, 1);
    let mut store = chain::open(dir).unwrap_or_else(|error| panic!("{place}: {error}"));
    store.append(len, &more).unwrap();
}

/// One accident to a file, at a place chosen by `random`.
fn harm(path: &Path, random: &mut Random) -> String {
    let length = fs::metadata(path).unwrap().len();
    let file = OpenOptions::new().write(true).open(path).unwrap();
    let at = random.below(length.max(1));
    let size = [1, 16, 512, 4096, 65_536][random.index(5)];
    match random.below(4) {
        0 => file.set_len(at).unwrap(),
        1 => file.write_all_at(&vec![0; size], at).unwrap(),
        2 => {
            let noise: Vec<u8> = (0..size).map(|_| random.below(256).to_be_bytes()[7]).collect();
            file.write_all_at(&noise, at).unwrap();
        }
        _ => {
            let mut byte = [0];
            fs::File::open(path).unwrap().read_exact_at(&mut byte, at).unwrap();
            file.write_all_at(&[byte[0] ^ 1 << random.below(8)], at).unwrap();
        }
    }
    format!("{} of {length} bytes harmed at {at}, size {size}", path.display())
}

/// The files below a directory.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for item in fs::read_dir(dir).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn contents(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    files(dir).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

fn repair_after(seeds: std::ops::Range<u64>, harm: impl Fn(&Path, &mut Random) -> String) {
    let origin = tempfile::tempdir().unwrap();
    let entries = ledger(&origin.path().join("ledger"));
    for seed in seeds {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("ledger");
        chain::copy(&origin.path().join("ledger"), &dir);
        let what = harm(&dir, &mut Random::new(seed));
        let place = format!("seed {seed}: {what}");
        examine(&dir);
        if let Err(error) = rebuild(&dir) {
            panic!("{place}: {error}");
        }
        assert_whole(&dir, &entries, &place);
    }
}

#[test]
fn a_sled_file_harmed_anywhere_is_rebuilt() {
    repair_after(0..25, |dir, random| {
        let files = files(&dir.join("db"));
        harm(&files[random.index(files.len())], random)
    });
}

#[test]
fn a_bundle_file_harmed_anywhere_is_rebuilt() {
    repair_after(0..25, |dir, random| {
        let files = files(&dir.join("tile"));
        harm(&files[random.index(files.len())], random)
    });
}

#[test]
fn a_head_harmed_anywhere_is_rebuilt_even_when_sled_is_gone() {
    repair_after(0..12, |dir, random| {
        if random.below(2) == 0 {
            fs::remove_dir_all(dir.join("db")).unwrap();
        }
        harm(&dir.join("head"), random)
    });
}

#[test]
fn harm_to_sled_and_bundle_files_is_rebuilt_as_long_as_one_copy_of_each_entry_is_whole() {
    repair_after(0..12, |dir, random| {
        // The first bundle file loses its middle, sled its end, and the head is gone.
        let bundle = dir.join("tile/entries/000");
        let length = fs::metadata(&bundle).unwrap().len();
        let file = OpenOptions::new().write(true).open(&bundle).unwrap();
        file.write_all_at(&[0xff; 300], length / 4 + random.below(length / 2)).unwrap();
        fs::write(dir.join("head"), "").unwrap();
        fs::remove_file(dir.join("tile/entries/001")).unwrap();
        "bundle files 0 and 1 and the head".to_owned()
    });
}

#[test]
fn every_deletion_is_repaired() {
    let names = ["db", "db/db", "db/conf", "db/blobs", "head", "tile/entries/000"];
    let more = ["tile/entries/001", "tile/entries/002", "tile"];
    for name in names.into_iter().chain(more) {
        repair_after(0..1, |dir, _| {
            let path = dir.join(name);
            if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }.unwrap();
            format!("without {name}")
        });
    }
}

#[test]
fn a_former_database_is_moved_aside_and_never_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let entries = ledger(dir);
    let file = OpenOptions::new().write(true).open(dir.join("db/db")).unwrap();
    file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    let error = chain::open(dir).unwrap_err();
    let behind = matches!(error, Error::DbBehindHead { expected: 600, .. });
    assert!(behind || matches!(error, Error::DbUnusable { .. }), "{error}");
    let rebuilt = rebuild(dir).unwrap();
    assert_eq!(rebuilt.former_db, Some(dir.join("db.damaged-1")));
    assert_eq!((rebuilt.len, rebuilt.head, rebuilt.bundles.len()), (600, false, 0));
    assert!(dir.join("db.damaged-1/db").is_file());
    fs::remove_dir_all(dir.join("db")).unwrap();
    fs::create_dir(dir.join("db")).unwrap();
    assert_eq!(rebuild(dir).unwrap().former_db, Some(dir.join("db.damaged-2")));
    assert_whole(dir, &entries, "rebuilt twice");
}

#[test]
fn a_sound_ledger_is_called_sound_and_rebuilding_it_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let entries = ledger(dir);
    let diagnoses = examine(dir);
    let said: Vec<_> = diagnoses.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            format!("head: names entry 599, id {}", Hash::leaf(&entries[599])).as_str(),
            "entries: entries held: 600",
            "entries: entries that name their place and the id before: all of 600",
            "database: entries held: 600",
            "database: same bytes as the bundle files in all of 600 places",
            "checkpoints: checkpoints that fit the entries: all of 4",
            "roots: signed roots beside their checkpoints: all of 0",
            "evidence: files that have the digest of their name: all of 1",
        ]
    );
    let rebuilt = rebuild(dir).unwrap();
    assert_eq!((rebuilt.len, rebuilt.head, rebuilt.former_db), (600, false, None));
    assert!(rebuilt.bundles.is_empty() && rebuilt.set_aside.is_empty());
    assert!(rebuilt.recovered.is_empty());
    assert_whole(dir, &entries, "untouched");
}

#[test]
fn damage_is_named_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let entries = ledger(dir);
    let at: usize = entries[..100].iter().map(|entry| entry.len() + 2).sum();
    flip(&dir.join("tile/entries/000"), at as u64 + 30);
    fs::remove_file(dir.join("tile/entries/002")).unwrap();
    fs::write(dir.join("evidence").join(Hash::of(b"an order").to_string()), "other").unwrap();
    let other = chain::checkpoint(&chain::entries(300, 2), &["log"]);
    fs::write(dir.join(format!("checkpoints/{:020}", 300)), other).unwrap();
    let root = chain::root("ledger.example").bytes();
    fs::create_dir(dir.join("roots")).unwrap();
    fs::write(dir.join(format!("roots/{:020}", 300)), &root).unwrap();
    fs::write(dir.join(format!("roots/{:020}", 299)), &root).unwrap();
    fs::write(dir.join(format!("roots/{:020}", 600)), &root[1..]).unwrap();
    for name in ["checkpoints/300", "roots/300", "evidence/letter.pdf", "tile/entries/2"] {
        fs::write(dir.join(name), "text").unwrap();
    }
    let faults: Vec<_> = examine(dir).into_iter().filter(Diagnosis::is_fault).collect();
    let named = |part: Part, test: fn(&Error) -> bool| {
        faults.iter().any(|diagnosis| match &diagnosis.finding {
            Finding::Fault(error) => diagnosis.part == part && test(error),
            _ => false,
        })
    };
    assert!(named(Part::Entries, |e| matches!(e, Error::ChainBroken { seq: 101, .. })));
    assert!(named(Part::Entries, |e| matches!(e, Error::EntryMissing { seq: 512, .. })));
    assert!(named(Part::Database, |e| matches!(e, Error::DbDiffers { seq: 100, .. })));
    assert!(named(Part::Checkpoints, |e| matches!(e, Error::CheckpointRoot { .. })));
    assert!(named(Part::Roots, |e| matches!(e, Error::RootAlone { size: 299, .. })));
    assert!(named(Part::Roots, |e| matches!(e, Error::RootForm { .. })));
    assert!(named(Part::Evidence, |e| matches!(e, Error::EvidenceDamaged { .. })));
    for part in [Part::Entries, Part::Checkpoints, Part::Roots, Part::Evidence] {
        assert!(named(part, |e| matches!(e, Error::StrangeFile { .. })), "{part}");
    }
    let more = |diagnosis: &Diagnosis| matches!(diagnosis.finding, Finding::More { count: 83 });
    assert!(faults.iter().any(more), "88 are missing and 5 listed: {faults:?}");
    let reader = Reader::open(dir).unwrap();
    assert_eq!(reader.checkpoints().unwrap().count(), 4);
    assert_eq!(reader.evidence_list().unwrap().len(), 1);
    let read = reader.entries(0).take_while(Result::is_ok).count();
    assert_eq!(read, 512, "what precedes the damage can still be read");
    let error = chain::open(dir).unwrap_err();
    assert!(matches!(error, Error::EntryMissing { seq: 599, .. }), "{error}");
}

#[test]
fn an_entry_that_no_copy_holds_stops_the_rebuilding_before_it_writes() {
    for lost in [0, 100, 300, 599] {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let entries = ledger(dir);
        fs::remove_dir_all(dir.join("db")).unwrap();
        let number = lost / 256;
        let before = &entries[number * 256..lost];
        let at: usize = before.iter().map(|entry| entry.len() + 2).sum();
        flip(&dir.join(format!("tile/entries/{number:03}")), at as u64 + 30);
        let before = contents(dir);
        let error = rebuild(dir).unwrap_err();
        let named = matches!(error, Error::EntryLost { seq, .. } if seq == lost as u64);
        assert!(named, "entry {lost}: {error}");
        assert_eq!(contents(dir), before, "entry {lost}");
    }
}

#[test]
fn damaged_lengths_do_not_hide_the_entries_behind_them() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let entries = ledger(dir);
    fs::remove_dir_all(dir.join("db")).unwrap();
    fs::remove_file(dir.join("head")).unwrap();
    for number in 0..3 {
        // The first length of each file, and one in its middle.
        let path = dir.join(format!("tile/entries/{number:03}"));
        let middle = entries[number * 256..number * 256 + 40].iter();
        flip(&path, 0);
        flip(&path, middle.map(|entry| entry.len() as u64 + 2).sum());
    }
    let rebuilt = rebuild(dir).unwrap();
    assert_eq!((rebuilt.len, rebuilt.bundles.len(), rebuilt.head), (600, 3, true));
    assert_eq!(rebuilt.set_aside.len(), 3);
    assert_whole(dir, &entries, "lengths");
}

#[test]
fn a_rebuilding_that_was_cut_short_can_be_run_again() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let entries = ledger(dir);
    fs::rename(dir.join("db"), dir.join("db.damaged-1")).unwrap();
    fs::create_dir(dir.join("db.rebuilt")).unwrap();
    fs::write(dir.join("db.rebuilt/db"), "half").unwrap();
    fs::write(dir.join("tile/entries/001.tmp"), "half").unwrap();
    assert_eq!(rebuild(dir).unwrap().former_db, None);
    assert!(dir.join("db.damaged-1/db").is_file() && !dir.join("db.rebuilt").exists());
    assert_whole(dir, &entries, "again");
}

#[test]
fn a_ledger_behind_a_checkpoint_is_not_rebuilt_into_a_shorter_history() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    ledger(dir);
    fs::remove_dir_all(dir.join("db")).unwrap();
    fs::remove_file(dir.join("head")).unwrap();
    fs::remove_file(dir.join("tile/entries/002")).unwrap();
    let before = contents(dir);
    let error = rebuild(dir).unwrap_err();
    assert!(matches!(error, Error::BehindCheckpoint { size: 600, len: 512, .. }), "{error}");
    assert_eq!(contents(dir), before);
}

fn flip(path: &Path, at: u64) {
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 0x40], at).unwrap();
}

#[test]
fn entries_beyond_the_head_that_only_sled_holds_survive_a_rebuilding() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let entries = chain::entries(300, 1);
    chain::make(dir, &entries[..5], 5);
    let early = fs::read(dir.join("head")).unwrap();
    chain::open(dir).unwrap().append(5, &entries[5..]).unwrap();
    fs::write(dir.join("head"), early).unwrap();
    fs::remove_file(dir.join("tile/entries/001")).unwrap();
    let path = dir.join("tile/entries/000");
    let length: usize = entries[..9].iter().map(|entry| entry.len() + 2).sum();
    OpenOptions::new().write(true).open(path).unwrap().set_len(length as u64).unwrap();
    assert_eq!(rebuild(dir).unwrap().len, 300);
    assert_whole(dir, &entries, "sled alone");
}

#[test]
fn another_last_entry_than_the_head_names_is_not_read_as_the_last() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let entries = ledger(dir);
    let path = dir.join("tile/entries/002");
    let length = fs::metadata(&path).unwrap().len();
    flip(&path, length - 1);
    let read: Vec<_> = Reader::open(dir).unwrap().entries(0).collect();
    assert_eq!(read.len(), 600);
    let (last, before) = read.split_last().unwrap();
    assert!(
        before.iter().zip(&entries).all(|(read, entry)| read.as_ref().unwrap().bytes == *entry)
    );
    assert!(matches!(last, Err(Error::EntryDiffers { seq: 599, .. })), "{last:?}");
}

#[test]
fn bytes_behind_the_last_entry_are_noted_and_no_fault() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let entries = ledger(dir);
    let path = dir.join("tile/entries/002");
    OpenOptions::new().append(true).open(&path).unwrap().write_all(b"torn").unwrap();
    let diagnoses = examine(dir);
    assert!(!diagnoses.iter().any(Diagnosis::is_fault), "{diagnoses:?}");
    let noted = |d: &Diagnosis| matches!(d.finding, Finding::Excess { bytes: 4, .. });
    assert!(diagnoses.iter().any(noted), "{diagnoses:?}");
    rebuild(dir).unwrap();
    assert_whole(dir, &entries, "torn");
}
