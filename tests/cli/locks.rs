//! One process writes at a time; the others are told whom they wait for, and readers never wait.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::Place;

/// Makes the ledger `L` with encrypted keys, and the file `passphrase`.
fn encrypted() -> Place {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::empty();
    place.write("passphrase", "correct horse\n");
    let mode = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(place.path("passphrase"), mode).unwrap();
    let init = ["init", "L", "--origin", "ledger.example/l", "--owner", "Example CA"];
    place.tally(&[&init[..], &["--passphrase-file", "passphrase"]].concat()).ok();
    place
}

const CLOSE: &[&str] = &["incident", "close", "--incident", "delay", "--ledger", "L"];

/// Starts a process that holds the ledger until it is given the passphrase.
fn holder(place: &Place) -> Child {
    let mut command = place.command(&[CLOSE, &["--passphrase-file", "/dev/stdin"]].concat());
    let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let pid = child.id().to_string();
    let begun = Instant::now();
    while std::fs::read_to_string(place.path("L/lock")).unwrap().trim() != pid {
        assert!(begun.elapsed() < Duration::from_secs(30), "the lock was never taken");
        std::thread::sleep(Duration::from_millis(10));
    }
    child
}

fn release(mut child: Child) {
    child.stdin.take().unwrap().write_all(b"correct horse\n").unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_second_writer_waits_for_the_first_and_says_for_whom() {
    let place = encrypted();
    let first = holder(&place);
    let mut command = place.command(&[CLOSE, &["--passphrase-file", "passphrase"]].concat());
    let mut second = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(second.stderr.take().unwrap()).lines();
    let told = lines.next().unwrap().unwrap();
    let expected = format!("waiting up to 10 seconds for process {}", first.id());
    assert!(told.starts_with(&expected), "{told}");
    assert!(second.try_wait().unwrap().is_none(), "it waits");
    release(first);
    assert!(second.wait().unwrap().success());
    let json = place.tally(&["verify", "L", "--format", "json"]).exits(0).json();
    assert_eq!(json["entries"], 3, "both were recorded");
}

#[test]
fn a_writer_gives_up_after_ten_seconds_and_readers_go_on() {
    let place = encrypted();
    let first = holder(&place);
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
    let run = place.tally(&[CLOSE, &["--passphrase-file", "passphrase"]].concat());
    let run = run.refused(&format!("L is in use by process {}", first.id()));
    assert!(begun.elapsed() >= Duration::from_secs(10), "{run:?}");
    assert_eq!(place.content(), before);
    release(first);
}
