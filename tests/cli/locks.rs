//! One process writes at a time; the others are told whom they wait for, and readers never wait.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::Place;

const CLOSE: &[&str] = &["incident", "close", "--incident", "delay", "--ledger", "L"];

/// Holds the ledger `L` as a process does that writes to it.
fn held(place: &Place) -> File {
    let mut lock = File::options().read(true).write(true).open(place.path("L/lock")).unwrap();
    lock.lock().unwrap();
    writeln!(lock, "{:>10}", std::process::id()).unwrap();
    lock
}

#[test]
fn a_second_writer_waits_for_the_first_and_says_for_whom() {
    let place = Place::with_ledger();
    let lock = held(&place);
    let mut command = place.command(CLOSE);
    let mut second = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(second.stderr.take().unwrap()).lines();
    let told = lines.next().unwrap().unwrap();
    let expected = format!("waiting up to 10 seconds for process {}", std::process::id());
    assert!(told.starts_with(&expected), "{told}");
    assert!(second.try_wait().unwrap().is_none(), "it waits");
    drop(lock);
    assert!(second.wait().unwrap().success());
    let json = place.tally(&["verify", "L", "--format", "json"]).exits(0).json();
    assert_eq!(json["entries"], 2);
}

#[test]
fn a_writer_gives_up_after_ten_seconds_and_readers_go_on() {
    let place = Place::with_ledger();
    let _lock = held(&place);
    let before = place.content();
    for reading in [
        &["verify", "L"][..],
        &["list", "entries", "L"],
        &["timeline", "L"],
        &["show", "0", "L"],
        &["export", "--ledger", "L", "-o", "L.tally"],
    ] {
        place.tally(reading).ok();
    }
    std::fs::remove_file(place.path("L.tally")).unwrap();
    let begun = Instant::now();
    let run = place.tally(CLOSE);
    let run = run.refused(&format!("L is in use by process {}", std::process::id()));
    assert!(begun.elapsed() >= Duration::from_secs(10), "{run:?}");
    assert_eq!(place.content(), before);
}

#[test]
fn nobody_waits_for_the_person_who_types_a_passphrase() {
    let place = Place::with_ledger();
    let mut command = place.command(&["key", "new", "slow.pem", "--passphrase-env", "WORDS"]);
    super::Run::of(command.env("WORDS", "correct horse")).ok();
    let slow = ["--author-key", "slow.pem", "--passphrase-file", "/dev/stdin"];
    let mut command = place.command(&[CLOSE, &slow].concat());
    let mut typing = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let other = place.tally(CLOSE).exits(0);
    assert!(!other.stderr.contains("waiting"), "{other:?}");
    typing.stdin.take().unwrap().write_all(b"correct horse\n").unwrap();
    assert_eq!(typing.wait().unwrap().code(), Some(2), "the key is not one of the ledger");
}
