//! A process that is killed at each of its steps while it writes a ledger: the next one goes on.

use std::fs;

use super::{Place, copy_folder};

/// The system calls that change a folder or the content of a file.
const CHANGES: [&str; 12] = [
    "write",
    "pwrite64",
    "openat",
    "mkdir",
    "rename",
    "unlink",
    "ftruncate",
    "fsync",
    "fdatasync",
    "sync_file_range",
    "flock",
    "lseek",
];

/// Runs `tally` with `args`, killed at its first step of each kind, its second and so on, until it
/// ends by itself. Calls `check` after each, with what it was killed at and whether it ended.
fn at_each_step(place: &Place, args: &[&str], mut check: impl FnMut(&str, bool)) {
    let mut killed = 0;
    for call in CHANGES {
        for step in 1.. {
            let output = place.killed_at(call, step, args).output().expect("strace is installed");
            let ended = output.status.code().is_some();
            let at = format!("{args:?} at {call} {step}");
            assert!(!ended || output.status.success(), "{at}: {output:?}");
            check(&at, ended);
            if ended {
                break;
            }
            killed += 1;
        }
    }
    assert!(killed > 30, "{killed} times only");
}

fn entries(place: &Place, at: &str) -> u64 {
    let run = place.tally(&["verify", "L", "--format=json"]);
    assert_eq!(run.status, 0, "{at}: {run:#?}");
    run.json()["entries"].as_u64().unwrap()
}

/// Demands that `args` works, whatever was killed before.
fn goes_on(place: &Place, args: &[&str], at: &str) {
    let run = place.tally(args);
    assert_eq!(run.status, 0, "{at}, then {args:?}: {run:#?}");
}

/// Kills `args`, which adds `count` entries to `L`, at each step.
fn recording(place: &Place, args: &[&str], count: u64) {
    let before = entries(place, "at first");
    fs::rename(place.path("L"), place.path("before")).unwrap();
    copy_folder(&place.path("before"), &place.path("L"));
    at_each_step(place, args, |at, ended| {
        let kept = entries(place, at) - before;
        let expected: &[u64] = if ended { &[count] } else { &[0, count] };
        assert!(expected.contains(&kept), "{at}: {kept} entries more");
        goes_on(place, &["incident", "close", "--incident", "delay", "--ledger", "L"], at);
        // What was written and not acknowledged is kept then, whole.
        let after = entries(place, at) - before - 1;
        assert!([kept, count].contains(&after), "{at}: {after} entries more");
        goes_on(place, &["doctor", "L"], at);
        fs::remove_dir_all(place.path("L")).unwrap();
        copy_folder(&place.path("before"), &place.path("L"));
    });
}

#[test]
#[ignore = "needs strace"]
fn a_ledger_needs_no_repair_wherever_recording_was_killed() {
    let place = Place::with_ledger();
    let close = ["incident", "close", "--incident", "delay", "--ledger", "L"];
    place.tally(&close).ok();
    // sled writes a snapshot when it opens a log that grew since the last one: so does this.
    recording(&place, &close, 1);
}

#[test]
#[ignore = "needs strace"]
fn a_batch_is_whole_or_absent_wherever_recording_was_killed() {
    let place = Place::with_ledger();
    place.write("batch.jsonl", "{\"kind\":\"incident.closed\",\"incident\":\"delay\"}\n".repeat(3));
    let record = ["record", "--from", "batch.jsonl", "--ledger", "L"];
    place.tally(&record).ok();
    recording(&place, &record, 3);
}

#[test]
#[ignore = "needs strace"]
fn a_beginning_that_was_killed_is_carried_on_or_told_from_a_ledger() {
    let place = Place::empty();
    let owner = ["--owner", "Example CA", "--unencrypted-keys"];
    let init = [&["init", "L", "--origin", "ledger.example/l"][..], &owner].concat();
    let forget = || {
        fs::remove_dir_all(place.path("L")).unwrap();
        let _ = fs::remove_dir_all(place.config());
    };
    at_each_step(&place, &init, |at, ended| {
        let whole = ended || place.path("L/ledger.vkey").exists();
        if !whole {
            let again = place.tally(&init);
            if again.status != 0 {
                let hint = "its beginning was interrupted";
                assert!(again.stderr.contains(hint), "{at}: {again:#?}");
                forget();
                goes_on(&place, &init, at);
            }
        }
        let vkey = place.read("L/ledger.vkey");
        goes_on(&place, &["verify", "L", "--key", vkey.trim()], at);
        forget();
    });
}
