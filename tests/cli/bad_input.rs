//! Whatever is handed over instead of what was asked for: one error, a hint, exit 2, no change.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::{Place, Run};

const EVENT: &str = r#"{"kind":"incident.closed","incident":"delay"}"#;

/// Makes things that are no ledger, and returns their names with what is said of them.
fn no_ledgers(place: &Place) -> Vec<(&'static str, &'static str)> {
    place.write("empty", "");
    place.write("photo.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01");
    place.write("program", &fs::read(env!("CARGO_BIN_EXE_tally")).unwrap()[..1 << 16]);
    place.write("noise", noise(1 << 20));
    File::create(place.path("huge")).unwrap().set_len(8 << 30).unwrap();
    place.write("poem.txt", "roses are red");
    place.write("event.json", EVENT);
    fs::create_dir(place.path("folder")).unwrap();
    place.write("folder/notes.txt", "not a ledger");
    fs::create_dir(place.path("bare")).unwrap();
    let made = Command::new("mkfifo").arg(place.path("pipe")).status().unwrap();
    assert!(made.success());
    vec![
        ("absent", "absent"),
        ("photo.jpg/inside", "photo.jpg/inside"),
        ("empty", "empty"),
        ("photo.jpg", "photo.jpg"),
        ("program", "program"),
        ("noise", "noise"),
        ("huge", "huge"),
        ("poem.txt", "poem.txt"),
        ("event.json", "event.json"),
        ("folder", "folder is not a ledger directory"),
        ("bare", "bare is not a ledger directory"),
        ("pipe", "pipe"),
    ]
}

/// Bytes without a pattern, the same in every run.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

/// Demands that a run is refused with `what`, soon, and leaves everything as it was.
#[track_caller]
fn refused_unchanged(place: &Place, args: &[&str], what: &str) -> Run {
    let before = place.content();
    let begun = Instant::now();
    let run = place.tally(args).refused(what);
    assert!(begun.elapsed() < Duration::from_mins(1), "it took {:?}", begun.elapsed());
    assert_eq!(place.content(), before, "{args:?} changed something");
    run
}

#[test]
fn what_is_no_ledger_is_not_read_as_one() {
    let place = Place::empty();
    for (name, what) in no_ledgers(&place) {
        for command in [
            &["verify", name][..],
            &["verify", name, "--unpinned", "--format", "json"],
            &["list", "incidents", name],
            &["list", "entries", name],
            &["show", "0", name],
            &["timeline", name],
            &["diverge", name],
            &["audit", name],
            &["key", "list", name],
        ] {
            refused_unchanged(&place, command, what);
        }
    }
}

#[test]
fn what_is_no_ledger_directory_is_not_written_to() {
    let place = Place::empty();
    let things = no_ledgers(&place);
    place.tally(&["key", "new", "key.pem", "--unencrypted-keys"]).ok();
    for (name, what) in things {
        for command in [
            &["record", "--from", "event.json", "--author-key", "key.pem"][..],
            &["incident", "close", "--incident", "delay", "--author-key", "key.pem"],
            &["checkpoint", "--checkpoint-key", "key.pem"],
            &["export", "-o", "out.tally"],
            &["export", "-o", "out.tally", "--incident", "delay"],
            &["key", "revoke", "000000000000", "--why", "lost", "--author-key", "key.pem"],
        ] {
            refused_unchanged(&place, &[command, &["--ledger", name]].concat(), what);
        }
        if !["absent", "bare"].contains(&name) {
            refused_unchanged(&place, &["demo", "--dir", name], name);
        }
        refused_unchanged(&place, &["doctor", name], what);
        refused_unchanged(&place, &["doctor", "--rebuild", name], what);
    }
}

#[test]
fn a_ledger_is_begun_only_where_nothing_is() {
    let place = Place::with_ledger();
    place.write("file", "something else");
    fs::create_dir(place.path("folder")).unwrap();
    place.write("folder/notes.txt", "something else");
    for (dir, what) in [
        ("L", "is a ledger directory already"),
        ("file", "file"),
        ("file/L", "file"),
        ("folder", "folder is not empty"),
    ] {
        let args = ["init", dir, "--origin", "ledger.example/m", "--owner", "Example CA"];
        refused_unchanged(&place, &[&args[..], &["--unencrypted-keys"]].concat(), what);
        refused_unchanged(&place, &args, if dir == "L" { what } else { "passphrase" });
    }
    let origin = ["init", "M", "--owner", "Example CA", "--unencrypted-keys", "--origin"];
    for bad in ["", "no scheme", "https://ledger.example/m", "ledger.example/M+1"] {
        refused_unchanged(&place, &[&origin[..], &[bad]].concat(), "--origin");
    }
    let owner = ["init", "M", "--origin", "ledger.example/m", "--unencrypted-keys", "--owner"];
    let long = "x".repeat(100_000);
    refused_unchanged(&place, &[&owner[..], &[&long]].concat(), "genesis");
}

#[test]
fn what_is_no_document_is_not_recorded() {
    let place = Place::with_ledger();
    no_ledgers(&place);
    place.write("latin1.toml", b"kind = \"entry.note\"\n[body]\ntext = \"caf\xe9\"\n");
    place.write("long.json", format!("{{\"kind\":\"{}\"}}", "x".repeat(10 << 20)));
    place.write("long.jsonl", format!("{{\"kind\":\"{}\"}}", "x".repeat(10 << 20)));
    place.write("blank.jsonl", "\n \n\n");
    place.write("deep.json", format!("{{\"kind\":{}", "[".repeat(100_000)));
    place.write("deep.toml", format!("kind = {}", "[".repeat(100_000)));
    for (name, what) in [
        ("absent", "absent"),
        ("folder", "folder"),
        ("empty", "empty"),
        ("photo.jpg", "byte 0 is not UTF-8"),
        ("program", "program"),
        ("noise", "noise"),
        ("huge", "huge is larger than 1048576 bytes"),
        ("poem.txt", "poem.txt"),
        ("latin1.toml", "byte 38 is not UTF-8"),
        ("long.json", "long.json is larger than 1048576 bytes"),
        ("long.jsonl", "long.jsonl, line 1 is larger than 1048576 bytes"),
        ("blank.jsonl", "no document"),
        ("deep.json", "recursion"),
        ("deep.toml", "deep.toml"),
    ] {
        refused_unchanged(&place, &["record", "--ledger", "L", "--from", name], what);
    }
    for bad in [&b"\xff\xfe"[..], b"", &vec![b'x'; 2 << 20]] {
        let before = place.content();
        let args = ["record", "--from", "-", "--ledger", "L"];
        place.tally_reading(bad, &args).refused("standard input");
        assert_eq!(place.content(), before);
    }
}

/// Documents with one mistake each, and what is said of it.
const MISTAKES: &[(&str, &str)] = &[
    ("kind = \"incident.closd\"\nincident = \"a\"", "is \"incident.closed\" meant?"),
    ("kind = \"Incident\"\nincident = \"a\"", "Incident"),
    ("kind = \"ledger.key\"\nincident = \"a\"", "by a command of their own"),
    ("incident = \"a\"", "missing field `kind`"),
    ("kind = \"incident.closed\"", "no incident is named"),
    ("kind = \"incident.closed\"\nincident = \"No Name\"", "No Name"),
    ("kind = \"incident.closed\"\nincident = \"ledger\"", "reserved feed"),
    ("kind = \"incident.closed\"\nincidnt = \"a\"", "unknown field `incidnt`, expected one of"),
    ("kind = \"incident.closed\"\nincident = \"a\"\n[body]\nreson = \"x\"", "reson"),
    ("kind = \"incident.closed\"\nincident = \"a\"\n[body]\nresolutoin = \"x\"", "\"resolution\""),
    ("kind = \"incident.closed\"\nincident = \"a\"\noccurred = \"2026-02-30\"", "2026-02-30"),
    ("kind = \"incident.closed\"\nincident = \"a\"\noccurred = 2026-02-30", "2026-02-30"),
    ("kind = \"incident.closed\"\nincident = \"a\"\noccurred = \"2026-13\"", "2026-13"),
    ("kind = \"incident.closed\"\nincident = \"a\"\noccurred = \"yesterday\"", "yesterday"),
    ("kind = \"incident.closed\"\nincident = \"a\"\non = 7", "the ledger has no entry 7"),
    ("kind = \"incident.closed\"\nincident = \"a\"\non = -1", "-1"),
    ("kind = \"entry.note\"\nincident = \"a\"\n[body]\ntext = \"x\"", "entry.note"),
    ("kind = \"incident.count\"\nincident = \"a\"\n[body]\nvalue = 1.5", "value"),
    ("kind = \"incident.closed\"\nincident = \"a\"\n[body]\nwhy = 1", "why: expected text"),
    ("kind = \"incident.closed\"\nincident = \"a\"\nkind = \"entry.note\"", "duplicate"),
    ("kind = \"incident.closed\"\nincident = \"a\"\n[basis]\nstated = [{ item = 4 }]", "citation"),
    ("kind = \"incident.closed\"\nincident = \"a\"\n[basis]\nmeasured = [\"12\"]", "12"),
    ("kind = \"incident.closed\"\nincident = \"a\"\n[basis]\nfelt = []", "felt"),
    ("kind = \"incident.closed\"\nincident = \"a\"\n[[evidence]]\nfile = \"absent\"", "absent"),
    ("kind = \"incident.closed\"\nincident = \"a\"\n[[evidence]]\nfile = \"folder\"", "folder"),
    ("kind = \"incident.closed\"\nincident = \"a\"\n[[evidence]]\nfile = \"pipe\"", "pipe"),
];

#[test]
fn a_mistake_in_a_document_is_named_and_nothing_is_recorded() {
    let place = Place::with_ledger();
    no_ledgers(&place);
    for (text, what) in MISTAKES {
        place.write("document.toml", text);
        let args = ["record", "--ledger", "L", "--from", "document.toml"];
        let run = refused_unchanged(&place, &args, what);
        assert!(run.stderr.contains("document.toml: "), "the place is named: {run:?}");
    }
    place.write("document.toml", "kind = \"incident.closed\"\nincident = \"a\"\n");
    place.tally(&["record", "--ledger", "L", "--from", "document.toml"]).ok();
}

#[test]
fn an_event_too_large_for_an_entry_is_not_recorded() {
    let place = Place::with_ledger();
    let why = "x".repeat(70_000);
    let event = ["incident", "close", "--incident", "delay", "--ledger", "L", "--why", &why];
    refused_unchanged(&place, &event, "65535");
}

#[test]
fn what_the_ledger_does_not_have_is_not_found() {
    let place = Place::with_ledger();
    place.record(EVENT).ok();
    for (args, what) in [
        (&["list", "entries", "L", "--incident", "other"][..], "no incident other"),
        (&["timeline", "L", "--incident", "other"], "no incident other"),
        (&["list", "entries", "L", "--incident", "No Name"], "No Name"),
        (&["export", "--ledger", "L", "-o", "x", "--incident", "other"], "no incident other"),
        (&["show", "2", "L"], "no entry 2"),
        (&["show", "-1", "L"], "-1"),
        (&["show", "18446744073709551616", "L"], "no entry 18446744073709551616"),
        (&["show", "ffffff", "L"], "no entry ffffff"),
        (&["show", "f", "L"], "no entry f"),
        (&["show", "", "L"], "no entry"),
        (&["record", "--template", "incident.clsed"], "no such kind"),
        (&["record", "--template", "heads"], "by a command of their own"),
        (&["record", "--ledger", "L"], "--from"),
        (&["list", "weather", "L"], "weather"),
        (&["explain", "weather"], "no rule, check or fault has the code weather"),
        (&["diverge", "L", "--at", "yesterday"], "yesterday"),
        (&["audit", "L", "--at", "2026-02-30T00:00:00Z"], "2026-02-30"),
        (&["weather"], "weather"),
        (&["verify", "L", "--colour"], "--colour"),
        (&["completions", "dos"], "dos"),
        (&["key", "grant", "12", "--role", "legal", "--ledger", "L"], "12"),
        (&["key", "revoke", "12", "--why", "x", "--ledger", "L"], "found 2"),
        (&["trust", "remove", "ledger.example/other"], "not pinned"),
    ] {
        refused_unchanged(&place, args, what);
    }
}

#[test]
fn a_key_file_that_is_none_is_not_used() {
    let place = Place::with_ledger();
    no_ledgers(&place);
    place.record(EVENT).ok();
    for name in ["empty", "photo.jpg", "noise", "huge", "poem.txt", "program"] {
        private(&place.path(name));
    }
    for (name, what) in [
        ("absent", "absent"),
        ("folder", "folder"),
        ("pipe", "pipe"),
        ("empty", "empty"),
        ("photo.jpg", "photo.jpg"),
        ("noise", "noise"),
        ("huge", "huge"),
        ("poem.txt", "poem.txt"),
        ("program", "program"),
    ] {
        let note = ["note", "--on", "1", "a remark", "--ledger", "L", "--author-key", name];
        refused_unchanged(&place, &note, what);
        let checkpoint = ["checkpoint", "--ledger", "L", "--checkpoint-key", name];
        refused_unchanged(&place, &checkpoint, what);
    }
}

fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_trust_store_that_is_none_is_said_to_be_so() {
    let place = Place::with_ledger();
    for text in ["", "{}", "[]", "{\"schema\":2,\"ledgers\":[]}", "{\"schema\":1,\"ledgers\":[{}]}"]
    {
        place.write("config/trust.json", text);
        for command in [
            &["verify", "L"][..],
            &["trust", "list"],
            &["trust", "remove", "ledger.example/l"],
            &["checkpoint", "--ledger", "L"],
            &["init", "M", "--origin", "a.example/m", "--owner", "M", "--unencrypted-keys"],
        ] {
            refused_unchanged(&place, command, "is not a trust store");
        }
    }
    fs::remove_dir_all(place.config()).unwrap();
    place.write("config", "a file");
    let init = ["init", "M", "--origin", "a.example/m", "--owner", "M", "--unencrypted-keys"];
    refused_unchanged(&place, &init, "config");
    refused_unchanged(&place, &["trust", "list"], "config");
    // Where a pin is on the command line, the trust store is not needed.
    place.tally(&["verify", "L", "--key", "L/ledger.vkey"]).ok();
}

#[test]
fn without_a_home_there_is_no_trust_store_and_reading_goes_on() {
    let place = Place::with_ledger();
    let homeless = |args: &[&str]| {
        let mut command = place.command(args);
        Run::of(command.env_remove("HOME").env_remove("TALLY_CONFIG_DIR"))
    };
    homeless(&["verify", "L", "--key", "L/ledger.vkey"]).ok();
    homeless(&["verify", "L"]).exits(2);
    homeless(&["trust", "list"]).refused("no folder for the trust store");
    let before = place.content();
    let init = ["init", "M", "--origin", "a.example/m", "--owner", "M", "--unencrypted-keys"];
    homeless(&init).refused("no folder for the trust store");
    assert_eq!(place.content(), before);
}

#[test]
fn arguments_that_are_not_text_are_refused_or_used_as_they_are() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let place = Place::with_ledger();
    let strange = OsStr::from_bytes(b"caf\xe9");
    Run::of(place.command(&["verify"]).arg(strange)).refused("caf");
    let args = ["incident", "close", "--ledger", "L", "--incident"];
    Run::of(place.command(&args).arg(strange)).refused("UTF-8");
    let init = ["--origin", "a.example/m", "--owner", "M", "--unencrypted-keys"];
    Run::of(place.command(&["init"]).arg(strange).args(init)).ok();
    Run::of(place.command(&["verify"]).arg(strange)).ok();
}

#[test]
fn a_pipe_that_nobody_writes_to_is_not_waited_for() {
    let place = Place::with_ledger();
    let made = Command::new("mkfifo").arg(place.path("pipe")).status().unwrap();
    assert!(made.success());
    for args in [
        &["check", "pipe"][..],
        &["capture", "bugzilla", "pipe"],
        &["diverge", "L", "--unpinned", "--review", "pipe"],
        &["diverge", "L", "--unpinned", "--policy-pack", "pipe"],
        &["verify", "L", "--policy", "pipe"],
    ] {
        place.tally(args).refused("pipe is a pipe, expected a file");
    }
}

#[test]
fn what_is_named_in_the_place_of_a_ledger_is_told_by_its_kind() {
    let place = Place::with_ledger();
    fs::create_dir(place.path("plain")).unwrap();
    place.tally(&["mirror", "init", "M", "--name=m.example", "--unencrypted-keys"]).ok();
    for command in [&["verify"][..], &["list", "entries"], &["timeline"]] {
        let plain = place.tally(&[command, &["plain"]].concat()).refused("not a ledger directory");
        assert!(plain.stderr.contains("or a folder that a ledger is published in"), "{plain:?}");
        assert!(!plain.stderr.contains("tally init"), "{plain:?}");
        let mirror = place.tally(&[command, &["M"]].concat()).refused("M is a mirror, expected");
        assert!(mirror.stderr.contains("tally mirror sync"), "{mirror:?}");
    }
    place.tally(&["checkpoint", "--ledger=L"]).ok();
    place.tally(&["publish", "P", "--ledger=L"]).ok();
    place.tally(&["mirror", "add", "M", "P", "--key=P/ledger.vkey"]).ok();
    place.tally(&["mirror", "sync", "M"]).ok();
    let told = place.tally(&["verify", "M"]).refused("M is a mirror, expected");
    let held = told.stderr.trim_end().rsplit(' ').next().unwrap();
    place.tally(&["verify", held]).ok();
}

#[test]
fn a_key_file_that_cannot_be_read_is_not_told_how_one_is_made() {
    let place = Place::with_ledger();
    fs::create_dir(place.path("folder")).unwrap();
    for name in ["absent.pem", "absent/key.pem", "L/ledger.vkey/key.pem"] {
        let run =
            place.tally(&["checkpoint", "--ledger=L", "--checkpoint-key", name]).refused(name);
        let hint = run.stderr.lines().find(|line| line.starts_with("hint: ")).unwrap();
        assert!(hint.starts_with("hint: check the path"), "{hint}");
        assert!(!hint.contains("folders") && !hint.contains("links"), "{hint}");
    }
}
