//! Processes that are killed while they append, and two processes that want one ledger.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use tally_ledger::hash::Hash;
use tally_store::{Error, Store};
use tally_testkit::random::Random;

use crate::chain;

/// Names the ledger in the environment of a child that is to append to it.
const LEDGER: &str = "TALLY_TEST_LEDGER";

/// Where each batch ends: batches of one, two, three and so on up to nine, again and again.
fn ends() -> impl Iterator<Item = u64> {
    (0..).scan(0, |end, number: u64| {
        *end += number % 9 + 1;
        Some(*end)
    })
}

/// Appends batch after batch and says how many entries were acknowledged, until it is killed.
fn append_for_ever(dir: &Path) {
    let mut store = Store::open(dir, Duration::from_secs(20), |_| {}).unwrap();
    let mut out = std::io::stdout().lock();
    loop {
        let first = store.reader().len();
        let end = ends().find(|end| *end > first).unwrap();
        let prev = store.reader().head().map(|head| head.id);
        store.append(first, &chain::continued(first, prev, end - first, 1)).unwrap();
        writeln!(out, "\nacknowledged {end}").unwrap();
        out.flush().unwrap();
    }
}

/// Starts this test program again, to run `test` as a child that appends to `dir`.
fn start(test: &str, dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(LEDGER, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_killed_writer_loses_nothing_acknowledged_and_no_part_of_a_batch() {
    if let Some(dir) = std::env::var_os(LEDGER) {
        return append_for_ever(Path::new(&dir));
    }
    let seed = 20_261_122;
    let mut random = Random::new(seed);
    let dir = tempfile::tempdir().unwrap();
    drop(Store::create(dir.path()).unwrap());
    let mut acknowledged = 0;
    for round in 0..30 {
        let name = "killed::a_killed_writer_loses_nothing_acknowledged_and_no_part_of_a_batch";
        let mut child = start(name, dir.path());
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut told = lines.filter_map(|line| {
            line.strip_prefix("acknowledged ").map(|end| end.parse::<u64>().unwrap())
        });
        // Some are killed while they open the ledger, most while they append.
        if random.below(3) > 0 {
            acknowledged = told.next().unwrap();
        }
        let delay = Duration::from_micros(random.below(40_000));
        let killer = thread::spawn(move || {
            thread::sleep(delay);
            child.kill().unwrap();
            child.wait().unwrap();
        });
        acknowledged = told.last().unwrap_or(acknowledged);
        killer.join().unwrap();
        let store = chain::open(dir.path()).unwrap();
        let len = store.reader().len();
        let place = format!("seed {seed}, round {round}, killed after {delay:?}");
        assert!(len >= acknowledged, "{place}: {acknowledged} acknowledged, {len} there");
        assert!(len == 0 || ends().take_while(|e| *e <= len).last() == Some(len), "{place}: {len}");
        drop(store);
        assert_eq!(chain::read_all(dir.path()).unwrap(), chain::entries(len, 1), "{place}");
        acknowledged = len;
    }
}

#[test]
fn the_second_process_is_told_the_id_of_the_first_and_can_read() {
    if let Some(dir) = std::env::var_os(LEDGER) {
        return append_for_ever(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    drop(Store::create(dir.path()).unwrap());
    let name = "killed::the_second_process_is_told_the_id_of_the_first_and_can_read";
    let mut child = start(name, dir.path());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.find(|line| line.as_ref().unwrap().starts_with("acknowledged")).unwrap().unwrap();
    let mut told = None;
    let wait = Duration::from_millis(100);
    let refused = Store::open(dir.path(), wait, |pid| told = pid);
    let seen = chain::read_all(dir.path());
    let (expected, mut prev) = (child.id(), None);
    child.kill().unwrap();
    child.wait().unwrap();
    let error = refused.unwrap_err();
    assert!(matches!(error, Error::Locked { pid, .. } if pid == Some(expected)), "{error}");
    assert_eq!(told, Some(expected));
    let seen = seen.unwrap();
    assert!(!seen.is_empty());
    for (seq, entry) in (0..).zip(&seen) {
        assert_eq!(*entry, chain::continued(seq, prev, 1, 1)[0]);
        prev = Some(Hash::leaf(entry));
    }
    chain::open(dir.path()).unwrap();
}
