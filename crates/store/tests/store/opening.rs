//! Which directories can be created and opened, by how many at once, and what the refusals say.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tally_store::{Error, Reader, Store};

use crate::chain;

#[test]
fn a_path_that_is_no_ledger_says_which_kind_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let both = |path: &Path| [Reader::open(path).unwrap_err(), chain::open(path).unwrap_err()];
    for error in both(&dir.path().join("absent")) {
        assert!(matches!(error, Error::NoDirectory { .. }), "{error}");
    }
    for error in both(dir.path()) {
        assert!(matches!(error, Error::NotALedger { .. }), "{error}");
    }
    let file = dir.path().join("file");
    fs::write(&file, "text").unwrap();
    for error in both(&file) {
        assert!(matches!(error, Error::NotADirectory { .. }), "{error}");
    }
    fs::write(dir.path().join("format"), "tally 2\n").unwrap();
    for error in both(dir.path()) {
        assert!(matches!(error, Error::NewerVersion { version: 2, .. }), "{error}");
    }
    for text in ["", "tally 1", "tally 0\n", "tally x\n", "something else"] {
        fs::write(dir.path().join("format"), text).unwrap();
        for error in both(dir.path()) {
            assert!(matches!(error, Error::FormatDamaged { .. }), "{text:?}: {error}");
        }
    }
    let names: Vec<_> = fs::read_dir(dir.path()).unwrap().collect();
    assert_eq!(names.len(), 2, "a refused opening made a file: {names:?}");
}

#[test]
fn a_new_ledger_is_empty_and_takes_neither_a_ledger_nor_foreign_files() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = dir.path().join("ledger");
    let store = Store::create(&ledger).unwrap();
    assert!(store.reader().is_empty());
    drop(store);
    assert_eq!(chain::read_all(&ledger).unwrap(), Vec::<Vec<u8>>::new());
    let again = Store::create(&ledger).unwrap_err();
    assert!(matches!(again, Error::AlreadyALedger { .. }), "{again}");
    let foreign = Store::create(dir.path()).unwrap_err();
    assert!(matches!(&foreign, Error::NotEmpty { found, .. } if found == "ledger"), "{foreign}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    let file = dir.path().join("file");
    fs::write(&file, "text").unwrap();
    let error = Store::create(&file).unwrap_err();
    assert!(matches!(error, Error::NotADirectory { .. }), "{error}");
}

#[test]
fn an_interrupted_creation_is_carried_on_but_never_over_entries() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("ledger");
    drop(Store::create(&dir).unwrap());
    fs::remove_file(dir.join("format")).unwrap();
    let mut store = Store::create(&dir).unwrap();
    store.append(0, &chain::entries(1, 1)).unwrap();
    drop(store);
    // Each of the three copies alone keeps a ledger from being created over it.
    for lost in ["format", "head", "tile", "db"] {
        fs::rename(dir.join(lost), parent.path().join(lost)).unwrap();
        let created = Store::create(&dir);
        match (lost, created) {
            ("db", created) => assert!(created.unwrap().reader().is_empty()),
            (_, created) => {
                let error = created.unwrap_err();
                assert!(matches!(error, Error::NotEmpty { .. }), "without {lost}: {error}");
            }
        }
    }
}

#[test]
fn a_creation_that_ended_within_a_file_of_sled_is_carried_on() {
    let dir = tempfile::tempdir().unwrap();
    drop(Store::create(dir.path()).unwrap());
    let settings = dir.path().join("db/conf");
    let whole = fs::read(&settings).unwrap();
    for length in 0..whole.len() {
        for file in ["format", "head", "db/db", "lock"] {
            fs::remove_file(dir.path().join(file)).unwrap();
        }
        fs::write(&settings, &whole[..length]).unwrap();
        let store = Store::create(dir.path()).unwrap();
        assert!(store.reader().is_empty(), "{length}");
        drop(store);
        assert_eq!(fs::read(&settings).unwrap(), whole, "{length}");
    }
}

#[test]
fn a_second_writer_is_told_who_holds_the_ledger() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(dir.path()).unwrap();
    let mut told = Vec::new();
    let error = Store::open(dir.path(), Duration::from_millis(120), |pid| told.push(pid));
    let error = error.unwrap_err();
    let me = std::process::id();
    assert_eq!(told, [Some(me)]);
    assert!(matches!(error, Error::Locked { pid: Some(pid), .. } if pid == me), "{error}");
    assert!(error.to_string().ends_with(&format!("is in use by process {me}")));
    drop(store);
    chain::open(dir.path()).unwrap();
}

#[test]
fn a_waiting_writer_gets_the_ledger_when_it_is_free() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::create(dir.path()).unwrap();
    let entries = chain::entries(2, 1);
    std::thread::scope(|scope| {
        let (told, telling) = std::sync::mpsc::channel();
        let path = dir.path();
        let waiting = scope.spawn(move || {
            Store::open(path, Duration::from_mins(1), |pid| told.send(pid).unwrap())
        });
        telling.recv().unwrap();
        store.append(0, &entries).unwrap();
        drop(store);
        assert_eq!(waiting.join().unwrap().unwrap().reader().len(), 2);
    });
}

#[test]
fn reading_needs_no_lock_and_makes_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let entries = chain::entries(3, 1);
    chain::make(dir.path(), &entries, 1);
    fs::remove_file(dir.path().join("lock")).unwrap();
    fs::remove_dir_all(dir.path().join("db")).unwrap();
    let before = names(dir.path());
    assert_eq!(chain::read_all(dir.path()).unwrap(), entries);
    let reader = Reader::open(dir.path()).unwrap();
    assert_eq!(reader.checkpoints().unwrap().count(), 0);
    assert_eq!(reader.evidence_list().unwrap(), []);
    assert_eq!(names(dir.path()), before);
}

fn names(dir: &Path) -> Vec<String> {
    let list = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> =
        list.map(|item| item.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
