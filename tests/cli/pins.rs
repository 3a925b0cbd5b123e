//! What is known beforehand decides what a verification is worth.

use std::fs;
use std::path::Path;

use super::{Place, Run, copy_folder};

/// Makes the ledger `L` of two entries and its bundle `L.tally`, unknown to the place returned.
fn handed_over() -> (Place, Place) {
    let owner = Place::with_ledger();
    record(&owner);
    owner.tally(&["checkpoint", "--ledger", "L"]).ok();
    owner.tally(&["export", "--ledger", "L", "-o", "L.tally"]).ok();
    let auditor = Place::empty();
    copy(&owner, "L.tally", &auditor);
    copy(&owner, "L/ledger.vkey", &auditor);
    (owner, auditor)
}

fn record(place: &Place) {
    place.tally(&["incident", "close", "--incident", "delay", "--ledger", "L"]).ok();
}

fn copy(from: &Place, name: &str, to: &Place) {
    let file = Path::new(name).file_name().unwrap();
    fs::copy(from.path(name), to.path(file.to_str().unwrap())).unwrap();
}

#[test]
fn without_a_pin_a_ledger_is_only_consistent_with_itself() {
    let (_owner, auditor) = handed_over();
    for command in [
        &["verify", "L.tally"][..],
        &["list", "entries", "L.tally"],
        &["show", "1", "L.tally"],
        &["timeline", "L.tally"],
        &["key", "list", "L.tally"],
        &["diverge", "L.tally"],
        &["audit", "L.tally"],
    ] {
        let run = auditor.tally(command).exits(2);
        assert!(!run.stdout.is_empty(), "what was found is shown all the same");
        assert_eq!(run.stderr.matches("hint: give a pin").count(), 1, "{run:?}");
        let run = auditor.tally(&[command, &["--unpinned"]].concat()).exits(0);
        assert!(!run.stderr.contains("hint"), "{run:?}");
    }
    let json = auditor.tally(&["verify", "L.tally", "--format", "json"]).exits(2).json();
    assert_eq!(json["verdict"], "consistent-with-itself");
}

#[test]
fn each_sort_of_pin_is_met_or_not() {
    let (owner, auditor) = handed_over();
    let stranger = Place::with_ledger();
    let vkey = fs::read_to_string(owner.path("L/ledger.vkey")).unwrap();
    let id = |place: &Place| {
        let json = place.tally(&["verify", "L", "--format", "json"]).exits(0).json();
        json["ledger_id"].as_str().unwrap().to_owned()
    };
    let policy = |vkey: &str| format!("log {}\nquorum none\n", vkey.trim());
    let other_vkey = fs::read_to_string(stranger.path("L/ledger.vkey")).unwrap();
    auditor.write("policy", policy(&vkey));
    auditor.write("other-policy", policy(&other_vkey));
    let first = format!("L/checkpoints/{:020}", 1);
    copy(&owner, &first, &auditor);
    let first = format!("{:020}", 1);
    record(&stranger);
    let other = stranger.tally(&["checkpoint", "--ledger", "L"]).ok();
    auditor.write("other-checkpoint", other);
    for (option, met, not_met) in [
        ("--key", vkey.trim(), other_vkey.trim()),
        ("--ledger-id", &*id(&owner), &*id(&stranger)),
        ("--policy", "policy", "other-policy"),
        ("--seen", &first, "other-checkpoint"),
    ] {
        let run = auditor.tally(&["verify", "L.tally", option, met]).exits(0);
        assert!(run.stdout.contains("\nWhole: all 2 entries hold"), "{run:?}");
        for command in [&["verify", "L.tally"][..], &["list", "incidents", "L.tally"]] {
            let run = auditor.tally(&[command, &[option, not_met]].concat()).exits(3);
            assert!((run.stdout.clone() + &run.stderr).contains("Failed: "), "{option}: {run:?}");
        }
    }
}

#[test]
fn a_pin_that_is_none_is_refused() {
    let (_owner, auditor) = handed_over();
    auditor.write("poem", "roses are red");
    let before = auditor.content();
    for (option, value, what) in [
        ("--key", "poem", "not a vkey"),
        ("--key", "ledger.example/l+00000000+AAAA", "not a vkey"),
        ("--key", "absent", "absent"),
        ("--key", "L.tally", "L.tally"),
        (
            "--key",
            "witness.example+ade2488a+BO1JKMYo0cLG6ukDOJBZlWEpWSc6XGP5NjbBRhSshzfR",
            "a witness",
        ),
        ("--policy", "poem", "not a policy"),
        ("--policy", "absent", "absent"),
        ("--seen", "poem", "not a checkpoint"),
        ("--seen", ".", "directory"),
        ("--ledger-id", "123", "123"),
    ] {
        auditor.tally(&["verify", "L.tally", option, value]).refused(what);
        let add = ["trust", "add", "ledger.example/l", option, value];
        auditor.tally(&add).refused(what);
    }
    assert_eq!(auditor.content(), before);
}

#[test]
fn a_trusted_ledger_needs_no_pin_on_the_command_line() {
    let (_owner, auditor) = handed_over();
    assert_eq!(auditor.tally(&["trust", "list"]).ok(), "no ledger is pinned\n");
    let add = ["trust", "add", "ledger.example/l", "--key", "ledger.vkey"];
    auditor.tally(&add).ok();
    auditor.tally(&add).refused("pinned already");
    auditor.tally(&["trust", "add", "ledger.example/m"]).refused("no pin is given");
    let json = auditor.tally(&["trust", "list", "--format", "json"]).exits(0).json();
    assert_eq!(json["ledgers"][0]["seen"], serde_json::Value::Null);
    auditor.tally(&["verify", "L.tally"]).ok();
    let json = auditor.tally(&["trust", "list", "--format", "json"]).exits(0).json();
    let seen = json["ledgers"][0]["seen"].as_str().expect("the checkpoint is remembered");
    assert!(seen.starts_with("ledger.example/l\n2\n"), "{seen}");
    assert!(auditor.tally(&["trust", "list"]).ok().contains("seen   2 entries"));
    auditor.tally(&["trust", "remove", "ledger.example/l"]).ok();
    auditor.tally(&["trust", "remove", "ledger.example/l"]).refused("not pinned");
    auditor.tally(&["verify", "L.tally"]).exits(2);
}

#[test]
fn a_new_checkpoint_key_needs_a_new_pin_and_is_no_conflict() {
    let place = Place::with_ledger();
    let made = place.tally(&["key", "new", "new.pem", "--unencrypted-keys"]).ok();
    let key = made.split_whitespace().find(|word| word.len() == 64).unwrap();
    place.tally(&["key", "grant", key, "--role=checkpoint", "--ledger=L"]).ok();
    let listed = place.tally(&["key", "list", "L", "--format", "json"]).exits(0).json();
    let keys = listed["keys"].as_array().unwrap();
    let old = keys.iter().find(|key| key["name"] == "checkpoints").unwrap();
    let old = old["kid"].as_str().unwrap_or_else(|| panic!("{listed:#}"));
    place.tally(&["checkpoint", "--ledger=L"]).ok();
    place.tally(&["key", "revoke", old, "--why=yearly", "--ledger=L"]).ok();
    place.tally(&["checkpoint", "--checkpoint-key=new.pem", "--ledger=L"]).ok();
    let run = place.tally(&["verify", "L"]).exits(3);
    assert!(run.stdout.contains("found no such signature"), "{run:?}");
    assert!(!run.stderr.contains("kept as evidence"), "{run:?}");
    place.tally(&["publish", "P", "--ledger=L"]).ok();
    let id = place.tally(&["verify", "L", "--unpinned", "--format", "json"]).json();
    place.tally(&["trust", "remove", "ledger.example/l"]).ok();
    let id = id["ledger_id"].as_str().unwrap();
    let pins = ["--key=P/ledger.vkey", "--ledger-id", id, "--seen=P/checkpoint"];
    place.tally(&[&["trust", "add", "ledger.example/l"][..], &pins].concat()).ok();
    place.tally(&["verify", "L"]).ok();
    // What the old key signed is restored with what the new one did.
    place.tally(&["restore", "P", "--ledger=R"]).ok();
    for size in [2, 3] {
        let [here, there] = ["L", "R"].map(|of| place.path(&format!("{of}/roots/{size:020}")));
        assert_eq!(fs::read(here).unwrap(), fs::read(there).unwrap());
    }
}

#[test]
fn init_pins_its_ledger_and_begins_no_other_under_its_name() {
    let place = Place::with_ledger();
    place.tally(&["verify", "L"]).ok();
    let before = place.content();
    let args = ["init", "M", "--origin", "ledger.example/l", "--owner", "Another CA"];
    let unencrypted = [&args[..], &["--unencrypted-keys"]].concat();
    place.tally(&unencrypted).refused("knows a ledger ledger.example/l already");
    assert_eq!(place.content(), before);
    let mut elsewhere = place.command(&unencrypted);
    Run::of(elsewhere.env("TALLY_CONFIG_DIR", place.path("elsewhere"))).ok();
    let run = place.tally(&["verify", "M"]).exits(3);
    assert!(run.stdout.contains("Failed: "), "{run:?}");
}

/// Demands that the ledger failed under what is remembered of it, and that both checkpoints were
/// kept.
#[track_caller]
fn kept_as_evidence(run: Run, place: &Place, found: &str) {
    let run = run.exits(3);
    assert!(run.stderr.contains("both checkpoints are kept as evidence"), "{run:?}");
    let kept = place.conflicts(".json");
    assert_eq!(kept.len(), 1);
    let json: serde_json::Value = serde_json::from_str(&place.read(&kept[0])).unwrap();
    assert_eq!(json["schema"], 1);
    assert!(json["seen"].as_str().unwrap().starts_with("ledger.example/l\n3\n"), "{json:#}");
    assert!(json["found"].as_str().unwrap().starts_with(found), "{json:#}");
}

#[test]
fn a_ledger_rolled_back_behind_what_was_seen_fails_and_leaves_evidence() {
    let place = Place::with_ledger();
    record(&place);
    place.tally(&["checkpoint", "--ledger", "L"]).ok();
    copy_folder(&place.path("L"), &place.path("before"));
    record(&place);
    place.tally(&["checkpoint", "--ledger", "L"]).ok();
    place.tally(&["verify", "L"]).ok();
    let run = place.tally(&["verify", "before"]);
    kept_as_evidence(run, &place, "ledger.example/l\n2\n");
    let run = place.tally(&["verify", "before"]);
    kept_as_evidence(run, &place, "ledger.example/l\n2\n");
    place.tally(&["list", "entries", "before"]).exits(3);
    place.tally(&["verify", "L"]).ok();
    assert!(place.conflicts(".equivocation").is_empty(), "an older copy is no second history");
}

#[test]
fn another_history_of_the_same_ledger_fails_and_leaves_evidence() {
    let place = Place::with_ledger();
    record(&place);
    copy_folder(&place.path("L"), &place.path("fork"));
    record(&place);
    place.tally(&["checkpoint", "--ledger", "L"]).ok();
    place.tally(&["verify", "L"]).ok();
    place.tally(&["note", "--on=1", "another", "--ledger=fork"]).exits(3);
    // The forger has the keys, and a trust store elsewhere.
    for forged in [&["note", "--on=1", "another"][..], &["checkpoint"]] {
        let mut command = place.command(&[forged, &["--ledger=fork"]].concat());
        Run::of(command.env("TALLY_CONFIG_DIR", place.path("elsewhere"))).ok();
    }
    kept_as_evidence(place.tally(&["verify", "fork"]), &place, "ledger.example/l\n3\n");
    proven(&place, 1);
    // So are two sizes of which the larger denies the smaller, wherever they are met.
    for forged in [&["note", "--on=1", "one more"][..], &["checkpoint"], &["publish", "P"]] {
        let mut command = place.command(&[forged, &["--ledger=fork"]].concat());
        Run::of(command.env("TALLY_CONFIG_DIR", place.path("elsewhere"))).ok();
    }
    let run = place.tally(&["restore", "P", "--ledger=R"]).exits(3);
    assert!(run.stderr.contains("that one key signed both is proven by"), "{run:?}");
    proven(&place, 2);
    place.tally(&["audit", "P"]).exits(3);
    proven(&place, 2);
}

/// Demands that many proofs, which anybody can check.
#[track_caller]
fn proven(place: &Place, number: usize) {
    let proofs = place.conflicts(".equivocation");
    assert_eq!(proofs.len(), number);
    for proof in proofs {
        place.tally(&["verify", &proof, "--key=L/ledger.vkey"]).ok();
    }
}

/// Two histories under one key: the extract of the second does not carry the size that was seen of
/// the first, so nothing shows that it extends it.
#[test]
fn an_extract_that_is_silent_on_what_was_seen_never_takes_its_place() {
    let owner = Place::with_ledger();
    let fork = Place::empty();
    copy_folder(&owner.path("L"), &fork.path("L"));
    record(&owner);
    owner.tally(&["checkpoint", "--ledger", "L"]).ok();
    owner.tally(&["export", "--ledger", "L", "-o", "L.tally"]).ok();
    for _ in 0..3 {
        record(&fork);
    }
    let export = ["export", "--ledger", "L", "-o", "fork.tally", "--incident", "delay"];
    fork.tally(&export).ok();
    let auditor = Place::empty();
    copy(&owner, "L.tally", &auditor);
    copy(&owner, "L/ledger.vkey", &auditor);
    copy(&fork, "fork.tally", &auditor);
    auditor.tally(&["trust", "add", "ledger.example/l", "--key", "ledger.vkey"]).ok();
    auditor.tally(&["verify", "L.tally"]).ok();
    let run = auditor.tally(&["verify", "fork.tally"]).exits(0);
    assert!(run.stdout.contains("not checked: the root"), "{run:?}");
    let json = auditor.tally(&["trust", "list", "--format", "json"]).exits(0).json();
    let seen = json["ledgers"][0]["seen"].as_str().unwrap();
    assert!(seen.starts_with("ledger.example/l\n2\n"), "{seen}");
    auditor.tally(&["verify", "L.tally"]).ok();
}

#[test]
fn a_directory_behind_a_checkpoint_of_its_own_fails_whoever_reads_it() {
    let place = Place::with_ledger();
    record(&place);
    place.tally(&["checkpoint", "--ledger", "L"]).ok();
    copy_folder(&place.path("L"), &place.path("before"));
    record(&place);
    place.tally(&["checkpoint", "--ledger", "L"]).ok();
    let third = format!("checkpoints/{:020}", 3);
    fs::copy(place.path("L").join(&third), place.path("before").join(&third)).unwrap();
    let run = place.tally(&["verify", "before", "--key", "L/ledger.vkey"]).exits(3);
    assert!(run.stdout.contains("in the checkpoint of size 3"), "{run:?}");
    let listed = place.tally(&["list", "entries", "before", "--key", "L/ledger.vkey"]).exits(3);
    assert_eq!(listed.stdout.lines().count(), 2, "what holds is still readable");
    place.tally(&["export", "--ledger", "before", "-o", "x.tally"]).exits(3);
    assert!(!place.path("x.tally").exists());
}
