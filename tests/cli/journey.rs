//! From an empty folder to a file that an auditor verifies, by every way that an event comes in.

use std::fs;

use super::{Place, Run};

/// A document in TOML, for the incident `delay`.
const OPENED: &str = r#"
kind = "incident.opened"
incident = "delay"
occurred = "2026-01-31T12:00Z"
[body]
about.name = "Example CA"
title = "Delayed revocation"
[[evidence]]
file = "notes.txt"
"#;

const MILESTONE: &str = r#"{
    "kind": "incident.milestone",
    "incident": "delay",
    "occurred": "2026-01-31T13:00Z",
    "body": { "milestone": "issuance_stopped" }
}"#;

fn seqs(run: &Run) -> Vec<u64> {
    let json = run.json();
    json["recorded"].as_array().unwrap().iter().map(|row| row["seq"].as_u64().unwrap()).collect()
}

/// Makes the ledger `L` of seven entries, one recorded in each of the ways there are.
fn recorded() -> Place {
    let place = Place::with_ledger();
    std::fs::create_dir(place.path("papers")).unwrap();
    place.write("papers/opened.toml", OPENED);
    place.write("papers/notes.txt", "what was seen");
    place.write("milestone.json", MILESTONE);
    place.write(
        "many.jsonl",
        concat!(
            r#"{"kind":"entry.note","on":1,"body":{"text":"one"}}"#,
            "\n\n",
            r#"{"kind":"entry.note","on":4,"body":{"text":"two, on the first of these lines"}}"#,
            "\n",
        ),
    );
    let record = |from: &str| {
        let args = ["record", "--from", from, "--ledger", "L", "--format", "json"];
        place.tally(&args).exits(0)
    };
    assert_eq!(seqs(&record("papers/opened.toml")), [1], "a TOML document");
    assert_eq!(seqs(&record("milestone.json")), [2], "a JSON document");
    let args = ["record", "--from", "-", "--ledger", "L", "--format", "json"];
    let note = r#"{"kind":"entry.note","on":2,"body":{"text":"from a pipe"}}"#;
    assert_eq!(seqs(&place.tally_reading(note, &args).exits(0)), [3], "standard input");
    assert_eq!(seqs(&record("many.jsonl")), [4, 5], "JSON Lines");
    place.write("order.pdf", "an order");
    let args = ["legal", "instrument", "tro", "--type=restraining_order", "--direction=received"];
    let event = ["--incident=delay", "--evidence=order.pdf", "--ledger=L", "--format=json"];
    assert_eq!(seqs(&place.tally(&[&args[..], &event].concat()).exits(0)), [6], "flags");
    place
}

#[test]
fn what_was_recorded_is_verified_offline_from_one_file_and_one_key() {
    let place = recorded();
    let checkpoint = place.tally(&["checkpoint", "--ledger", "L"]).ok();
    assert!(checkpoint.starts_with("ledger.example/l\n7\n"), "{checkpoint}");
    place.tally(&["export", "--ledger", "L", "-o", "bundle.tally"]).ok();
    place.tally(&["export", "--ledger", "L", "-o", "bare.tally", "--without-evidence"]).ok();
    place.tally(&["export", "--ledger", "L", "-o", "delay.tally", "--incident", "delay"]).ok();

    // The auditor has the files and the key, and neither the ledger nor its owner's trust store.
    let auditor = Place::empty();
    for file in ["bundle.tally", "bare.tally", "delay.tally"] {
        std::fs::copy(place.path(file), auditor.path(file)).unwrap();
    }
    std::fs::copy(place.path("L/ledger.vkey"), auditor.path("ledger.vkey")).unwrap();
    for (file, entries, evidence) in
        [("bundle.tally", 7, "pass"), ("bare.tally", 7, "not checked"), ("delay.tally", 8, "pass")]
    {
        let args = ["verify", file, "--key", "ledger.vkey", "--format", "json"];
        let json = auditor.tally(&args).exits(0).json();
        assert_eq!(json["verdict"], "whole", "{file}: {json:#}");
        assert_eq!(json["entries"], entries, "{file}");
        let checks = json["checks"].as_array().unwrap();
        let found = checks.iter().find(|check| check["name"] == "evidence").unwrap();
        assert_eq!(found["outcome"], evidence, "{file}: {found}");
        let listed = auditor.tally(&["list", "entries", file, "--key", "ledger.vkey"]).ok();
        assert_eq!(listed.lines().filter(|line| line.contains("entry.note")).count(), 3);
    }
    assert!(!auditor.config().exists(), "reading leaves nothing behind");
}

#[test]
fn the_ledger_is_listed_and_shown() {
    let place = recorded();
    let incidents = place.tally(&["list", "incidents", "L"]).ok();
    assert!(incidents.contains("delay") && incidents.contains("Example CA: Delayed revocation"));
    let timeline = place.tally(&["timeline", "L"]).ok();
    assert!(timeline.contains("2026-01-31 12:00"), "{timeline}");
    let opened = place.tally(&["show", "1", "L"]).ok();
    assert!(opened.contains("notes.txt, text/plain, 13 bytes"), "{opened}");
    let json = place.tally(&["show", "6", "L", "--format", "json"]).exits(0).json();
    assert_eq!(json["evidence"][0]["type"], "application/pdf");
    assert_eq!(json["evidence"][0]["name"], "order.pdf");
    let id = json["id"].as_str().unwrap();
    let by_id = place.tally(&["show", &id[..8], "L", "--format", "json"]).exits(0).json();
    assert_eq!(by_id, json, "the beginning of an id names the entry");
    let digest = json["evidence"][0]["digest"].as_str().unwrap();
    assert_eq!(std::fs::read(place.path("L/evidence").join(digest)).unwrap(), b"an order");
    let note = place.tally(&["show", "5", "L", "--format", "json"]).exits(0).json();
    assert_eq!(note["on"]["seq"], 4, "a line may act on the line before it");
}

#[test]
fn every_template_is_accepted_as_it_is_printed() {
    let place = Place::with_ledger();
    let kinds = place.tally(&["list", "kinds", "--format", "json"]).exits(0).json();
    place.record(MILESTONE).ok();
    let mut recorded = 1;
    for kind in kinds["kinds"].as_array().unwrap() {
        if kind["recorded_from_documents"] == true {
            let template = place.tally(&["record", "--template", kind["kind"].as_str().unwrap()]);
            place.record(&template.ok().replace("on = 12", "on = 1")).ok();
            recorded += 1;
        }
    }
    assert!(recorded > 40, "{recorded} kinds");
    let verified = place.tally(&["verify", "L", "--format", "json"]).exits(0).json();
    assert_eq!(verified["entries"], recorded + 1);
}

#[test]
fn many_events_are_recorded_all_or_nothing() {
    let place = Place::with_ledger();
    place.record(MILESTONE).ok();
    let note = r#"{"kind":"entry.note","on":1,"body":{"text":"a remark"}}"#;
    let before = place.content();
    for (bad, what) in [
        (r#"{"kind":"entry.note","on":1,"body":{"txt":"a remark"}}"#, "text"),
        (r#"{"kind":"entry.note","on":7,"body":{"text":"x"}}"#, "no entry 7"),
        (r#"{"kind":"entry.note","on":1,"body":{"text":"x"},"evidence":[{"file":"no"}]}"#, "no"),
        (r#"{"kind":"incident.closed","incident":"a","occurred":"2026-02-30"}"#, "2026-02-30"),
        (r#"{"kind":"incident.closed"}"#, "no incident"),
        (r#"{"kind":"entry.note""#, "JSON"),
        ("kind = 1", "JSON"),
    ] {
        let lines = [note, "", note, bad, note].join("\n");
        place.write("many.jsonl", &lines);
        let run = place.tally(&["record", "--from", "many.jsonl", "--ledger", "L"]);
        let run = run.refused("many.jsonl, line 4: ").refused(what);
        std::fs::remove_file(place.path("many.jsonl")).unwrap();
        assert_eq!(place.content(), before, "{run:?}");
        let run = place.tally_reading(&lines, &["record", "--from=-", "--lines", "--ledger=L"]);
        run.refused("standard input, line 4: ");
        assert_eq!(place.content(), before);
    }
    let lines = [note, "", note, "\r", note].join("\n");
    let args = ["record", "--from=-", "--lines", "--ledger=L", "--format=json"];
    assert_eq!(seqs(&place.tally_reading(lines, &args).exits(0)), [2, 3, 4]);
}

#[test]
fn a_checkpoint_is_made_once_for_each_size() {
    let place = recorded();
    let first = place.tally(&["checkpoint", "--ledger", "L"]).ok();
    let again = place.tally(&["checkpoint", "--ledger", "L"]).exits(0);
    assert_eq!(again.stdout, first);
    assert!(again.stderr.contains("there is a checkpoint of size 7 already"));
}

#[test]
fn an_export_never_replaces_a_file_unless_told_to() {
    let place = recorded();
    place.tally(&["checkpoint", "--ledger", "L"]).ok();
    place.write("taken.tally", "something else");
    let before = place.content();
    let args = ["export", "--ledger", "L", "-o", "taken.tally"];
    place.tally(&args).refused("exists already");
    place.tally(&[&args[..], &["--incident", "delay"]].concat()).refused("exists already");
    assert_eq!(place.content(), before);
    place.tally(&[&args[..], &["--force"]].concat()).ok();
    place.tally(&["verify", "taken.tally"]).ok();
}

/// Else a document from a stranger could put a private key into the record.
#[test]
fn a_document_names_no_file_outside_its_folder() {
    let place = Place::with_ledger();
    fs::create_dir(place.path("mail")).unwrap();
    let key = place.path("L/keys/author.pem");
    for file in ["../L/keys/author.pem", "a/../../L/keys/author.pem", key.to_str().unwrap()] {
        let head = "kind = \"incident.closed\"\nincident = \"delay\"\n";
        place.write("mail/event.toml", format!("{head}[[evidence]]\nfile = \"{file}\"\n"));
        let before = place.content();
        let record = ["record", "--from", "mail/event.toml", "--ledger", "L"];
        place.tally(&record).refused("outside its folder");
        assert_eq!(place.content(), before);
    }
}

#[test]
fn the_ledger_can_be_named_once_for_all_commands() {
    let place = recorded();
    for args in [
        &["list", "entries"][..],
        &["show", "1"],
        &["timeline"],
        &["diverge"],
        &["audit"],
        &["key", "list"],
        &["doctor"],
        &["incident", "close", "--incident", "delay"],
        &["checkpoint"],
        &["export", "-o", "L.tally"],
    ] {
        place.tally(args).refused(". is not a ledger directory");
        Run::of(place.command(args).env("TALLY_LEDGER", "L")).ok();
    }
}
