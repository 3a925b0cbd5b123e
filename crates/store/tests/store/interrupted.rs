//! What the next opening for writing makes of an append that was cut short at each of its steps.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use tally_ledger::hash::Hash;
use tally_store::{Error, Reader, Recovered, Store};

use crate::chain;

/// The record of an entry in a bundle file.
fn record(entry: &[u8]) -> Vec<u8> {
    [&u16::try_from(entry.len()).unwrap().to_be_bytes(), entry].concat()
}

/// Adds bytes to a bundle file, as an append that was then cut short.
fn push(dir: &Path, number: u64, bytes: &[u8]) {
    let path = dir.join(format!("tile/entries/{number:03}"));
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(bytes).unwrap();
}

/// The file `batch` of a batch that begins at `first`.
fn batch(first: u64, entries: &[Vec<u8>]) -> Vec<u8> {
    let records: Vec<u8> = entries.iter().flat_map(|entry| record(entry)).collect();
    let title = format!("tally batch\nfirst {first}\n");
    let digest = Hash::of(&[title.as_bytes(), &records].concat());
    [format!("{title}sha256 {digest}\n").as_bytes(), &records].concat()
}

#[test]
fn whole_entries_beyond_the_head_are_kept_and_reported() {
    for (acknowledged, written) in [(0, 1), (3, 4), (3, 8), (255, 257), (256, 257), (250, 600)] {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let entries = chain::entries(written, 1);
        let (before, after) = entries.split_at(acknowledged);
        chain::make(dir, before, 1000);
        for (seq, entry) in (acknowledged as u64..).zip(after) {
            push(dir, seq / 256, &record(entry));
        }
        assert_eq!(chain::read_all(dir).unwrap(), before, "a reader keeps to the head");
        let mut store = chain::open(dir).unwrap();
        let (first, count) = (acknowledged as u64, after.len() as u64);
        assert_eq!(store.recovered(), [Recovered::Kept { first, count }]);
        assert_eq!(store.reader().len(), written);
        let last = entries.last().map(|entry| Hash::leaf(entry));
        let more = chain::continued(written, last, 2, 1);
        store.append(written, &more).unwrap();
        drop(store);
        assert_eq!(chain::open(dir).unwrap().recovered(), []);
        assert_eq!(chain::read_all(dir).unwrap(), [entries, more].concat());
    }
}

#[test]
fn what_is_no_whole_entry_is_moved_aside_and_the_rest_is_kept() {
    let entries = chain::entries(12, 1);
    let whole = record(&entries[10]);
    let foreign = record(&chain::entries(12, 2)[11]);
    let torn = &record(&entries[11])[..40];
    let noise = vec![0xff; 70_000];
    let remains: [&[u8]; 6] = [b"\0", &[0; 5000], torn, &foreign, b"\x01\x00", &noise];
    for remains in remains {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        chain::make(dir, &entries[..10], 10);
        push(dir, 0, &whole);
        push(dir, 0, remains);
        push(dir, 1, b"a later file");
        let store = chain::open(dir).unwrap();
        let aside = |name: &str| dir.join("lost+found").join(name);
        let offset = fs::metadata(dir.join("tile/entries/000")).unwrap().len();
        let kept = aside(&format!("entries-000-from-byte-{offset}"));
        let later = aside("entries-001-from-byte-0");
        assert_eq!(
            store.recovered(),
            [
                Recovered::SetAside { path: later.clone() },
                Recovered::SetAside { path: kept.clone() },
                Recovered::Kept { first: 10, count: 1 },
            ]
        );
        assert_eq!(fs::read(kept).unwrap(), remains);
        assert_eq!(fs::read(later).unwrap(), b"a later file");
        drop(store);
        assert_eq!(chain::read_all(dir).unwrap(), entries[..11]);
        chain::open(dir).unwrap().append(11, &entries[11..]).unwrap();
        assert_eq!(chain::read_all(dir).unwrap(), entries);
    }
}

#[test]
fn an_entry_that_is_not_the_one_announced_is_moved_aside() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let entries = chain::entries(3, 1);
    chain::make(dir, &entries, 3);
    // The head of this append stays behind as the announcement of the third entry.
    let announced = fs::read(dir.join("head")).unwrap();
    fs::remove_dir_all(dir).unwrap();
    chain::make(dir, &entries[..2], 2);
    fs::write(dir.join("head.next"), announced).unwrap();
    let mut damaged = entries[2].clone();
    *damaged.last_mut().unwrap() ^= 1;
    push(dir, 0, &record(&damaged));
    let store = chain::open(dir).unwrap();
    assert!(matches!(store.recovered(), [Recovered::SetAside { .. }]));
    assert_eq!(store.reader().len(), 2);
    assert!(!dir.join("head.next").exists());
}

#[test]
fn a_batch_that_was_begun_is_finished_wherever_it_was_cut() {
    let entries = chain::entries(262, 1);
    let records: Vec<u8> = entries[250..256].iter().flat_map(|e| record(e)).collect();
    let second: Vec<u8> = entries[256..].iter().flat_map(|e| record(e)).collect();
    for cut in (0..records.len() + second.len()).step_by(97) {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        chain::make(dir, &entries[..250], 250);
        fs::write(dir.join("batch"), batch(250, &entries[250..])).unwrap();
        push(dir, 0, &records[..cut.min(records.len())]);
        if cut > records.len() {
            push(dir, 1, &second[..cut - records.len()]);
        }
        let store = chain::open(dir).unwrap();
        let kept = Recovered::Kept { first: 250, count: 12 };
        assert!(store.recovered().contains(&kept), "cut at {cut}: {:?}", store.recovered());
        assert!(!dir.join("batch").exists());
        drop(store);
        assert_eq!(chain::read_all(dir).unwrap(), entries, "cut at {cut}");
    }
}

#[test]
fn a_batch_that_can_neither_be_written_nor_taken_back_is_finished_later() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let entries = chain::entries(4, 1);
    let mut store = Store::create(dir).unwrap();
    // A directory stands where the bundle file belongs.
    fs::create_dir(dir.join("tile/entries/000")).unwrap();
    let error = store.append(0, &entries[..3]).unwrap_err();
    assert!(matches!(error, Error::Unacknowledged { first: 0, last: 2, .. }), "{error}");
    let stale = store.append(0, &entries).unwrap_err();
    assert!(matches!(stale, Error::Stale { .. }), "{stale}");
    assert!(store.reader().is_empty());
    drop(store);
    fs::remove_dir(dir.join("tile/entries/000")).unwrap();
    let store = chain::open(dir).unwrap();
    assert_eq!(store.recovered(), [Recovered::Kept { first: 0, count: 3 }]);
    assert_eq!(chain::read_all(dir).unwrap(), entries[..3]);
}

#[test]
fn a_batch_that_was_not_whole_never_happened() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let entries = chain::entries(9, 1);
    chain::make(dir, &entries[..4], 4);
    let whole = batch(4, &entries[4..]);
    for cut in [0, 10, 100, whole.len() - 1] {
        fs::write(dir.join("batch"), &whole[..cut]).unwrap();
        assert_eq!(chain::open(dir).unwrap().recovered(), []);
        assert!(!dir.join("batch").exists());
        assert_eq!(chain::read_all(dir).unwrap(), entries[..4]);
    }
    // One that was acknowledged and stayed behind is no reason to record it again.
    fs::write(dir.join("batch"), batch(2, &entries[2..4])).unwrap();
    assert_eq!(chain::open(dir).unwrap().recovered(), []);
    assert_eq!(chain::read_all(dir).unwrap(), entries[..4]);
    // One for a later place is kept for a person to look at.
    fs::write(dir.join("batch"), batch(5, &entries[5..])).unwrap();
    let path = dir.join("lost+found/batch");
    assert_eq!(chain::open(dir).unwrap().recovered(), [Recovered::SetAside { path: path.clone() }]);
    assert_eq!(fs::read(path).unwrap(), batch(5, &entries[5..]));
}

#[test]
fn entries_that_reached_sled_but_not_the_head_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let entries = chain::entries(300, 1);
    chain::make(dir, &entries[..5], 1);
    let early = fs::read(dir.join("head")).unwrap();
    chain::open(dir).unwrap().append(5, &entries[5..]).unwrap();
    fs::write(dir.join("head"), &early).unwrap();
    let kept = Recovered::Kept { first: 5, count: 295 };
    assert_eq!(chain::open(dir).unwrap().recovered(), std::slice::from_ref(&kept));
    // The same if the bundle files lack them.
    fs::write(dir.join("head"), &early).unwrap();
    fs::remove_file(dir.join("tile/entries/001")).unwrap();
    assert_eq!(chain::open(dir).unwrap().recovered(), [kept]);
    assert_eq!(chain::read_all(dir).unwrap(), entries);
}

#[test]
fn a_store_behind_its_head_is_not_opened_for_writing() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let entries = chain::entries(10, 1);
    chain::make(dir, &entries[..6], 6);
    chain::copy(&dir.join("db"), &dir.join("former"));
    chain::open(dir).unwrap().append(6, &entries[6..]).unwrap();
    fs::remove_dir_all(dir.join("db")).unwrap();
    let error = chain::open(dir).unwrap_err();
    assert!(matches!(error, Error::DbBehindHead { expected: 10, found: 0, .. }), "{error}");
    fs::rename(dir.join("former"), dir.join("db")).unwrap();
    let error = chain::open(dir).unwrap_err();
    assert!(matches!(error, Error::DbBehindHead { expected: 10, found: 6, .. }), "{error}");
    assert_eq!(chain::read_all(dir).unwrap(), entries);
}

#[test]
fn a_ledger_behind_a_checkpoint_is_read_with_a_warning_and_not_written() {
    let dir = tempfile::tempdir().unwrap();
    let (dir, former) = (dir.path().join("ledger"), dir.path().join("former"));
    let entries = chain::entries(10, 1);
    chain::make(&dir, &entries[..6], 6);
    chain::copy(&dir, &former);
    let mut store = chain::open(&dir).unwrap();
    store.append(6, &entries[6..]).unwrap();
    store.put_checkpoint(8, &chain::checkpoint(&entries[..8], &["log"])).unwrap();
    drop(store);
    assert_eq!(Reader::open(&dir).unwrap().behind_checkpoint(), None);
    fs::remove_dir(former.join("checkpoints")).unwrap();
    chain::copy(&dir.join("checkpoints"), &former.join("checkpoints"));
    let reader = Reader::open(&former).unwrap();
    assert_eq!(reader.behind_checkpoint(), Some(8));
    assert_eq!(reader.entries(0).count(), 6);
    let error = chain::open(&former).unwrap_err();
    assert!(matches!(error, Error::BehindCheckpoint { size: 8, len: 6, .. }), "{error}");
}

#[test]
fn a_snapshot_that_sled_did_not_finish_is_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    let entries = chain::entries(3, 1);
    chain::make(dir.path(), &entries, 1);
    drop(chain::open(dir.path()).unwrap());
    let names = fs::read_dir(dir.path().join("db")).unwrap().map(|item| item.unwrap().path());
    let snapshot = names.into_iter().find(|path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("snap."))
    });
    let whole = fs::read(snapshot.as_ref().unwrap()).unwrap();
    for length in [0, 1, 12, whole.len() / 2, whole.len() - 1] {
        let unfinished = dir.path().join("db/snap.FFFFFFFFFFFFFFF0.generating");
        fs::write(&unfinished, &whole[..length]).unwrap();
        let store = chain::open(dir.path()).unwrap();
        assert_eq!(store.recovered(), [], "{length}");
        assert_eq!(store.reader().len(), 3, "{length}");
        assert!(!unfinished.exists(), "{length}");
    }
    assert_eq!(chain::read_all(dir.path()).unwrap(), entries);
}
