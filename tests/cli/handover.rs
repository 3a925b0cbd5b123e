//! One incident is handed over, and nothing of the others.

use super::Place;
use std::fs;

use super::serve::Served;

/// Makes the ledger `L` with entries of two incidents, one entry of both, and evidence.
fn of_two_incidents() -> Place {
    let place = Place::with_ledger();
    place.write("shown.txt", "the paper that is handed over");
    place.write("kept.txt", "the paper that stays");
    let record = |args: &[&str]| place.tally(&[args, &["--ledger", "L"]].concat()).ok();
    let open = ["incident", "open", "--about", "Example CA", "--title"];
    record(&[&open[..], &["Title in hand", "--incident=shown"]].concat());
    record(&[&open[..], &["Title withheld", "--incident=kept"]].concat());
    let step = ["legal", "step", "tro", "filed", "--text"];
    record(&[&step[..], &["words in hand", "--incident=shown", "--evidence=shown.txt"]].concat());
    record(&[&step[..], &["words withheld", "--incident=kept", "--evidence=kept.txt"]].concat());
    record(&["note", "--on=4", "remark withheld"]);
    record(&["incident", "close", "--incident=shown", "--incident=both"]);
    place
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn an_extract_holds_its_incident_and_no_word_of_another() {
    let place = of_two_incidents();
    let run = place.tally(&["export", "--ledger=L", "-o", "shown.tally", "--incident=shown"]);
    let run = run.exits(0);
    assert!(run.stderr.contains("appends a `heads` entry and a checkpoint"), "{run:?}");
    let bytes = std::fs::read(place.path("shown.tally")).unwrap();
    for text in ["Title in hand", "words in hand", "the paper that is handed over", "shown.txt"] {
        assert!(contains(&bytes, text), "{text:?} is missing");
    }
    for text in ["withheld", "the paper that stays", "kept.txt", "kept"] {
        assert!(!contains(&bytes, text), "{text:?} was handed over");
    }
    let args = ["verify", "shown.tally", "--key", "L/ledger.vkey", "--format", "json"];
    let json = place.tally(&args).exits(0).json();
    assert_eq!(json["verdict"], "whole");
    let entries = place.tally(&["list", "entries", "shown.tally", "--format", "json"]).exits(0);
    let kinds: Vec<String> = entries.json()["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["kind"].as_str().unwrap().to_owned())
        .collect();
    let own = ["ledger.genesis", "incident.opened", "legal.step", "incident.closed", "heads"];
    assert_eq!(kinds, own);
    let whole = place.tally(&["verify", "L", "--format", "json"]).exits(0).json();
    assert_eq!(whole["entries"], 8, "the heads entry was appended");
    assert_eq!(whole["checkpoints"].as_array().unwrap().last().unwrap()["size"], 8);
}

#[test]
fn several_incidents_are_handed_over_together() {
    let place = of_two_incidents();
    let two = ["--incident=shown", "--incident=kept"];
    let export = ["export", "--ledger=L", "-o", "two.tally", "--without-evidence"];
    place.tally(&[&export[..], &two].concat()).ok();
    let bytes = std::fs::read(place.path("two.tally")).unwrap();
    assert!(contains(&bytes, "Title withheld") && contains(&bytes, "Title in hand"));
    assert!(!contains(&bytes, "the paper that stays"), "evidence was left out");
    place.tally(&["verify", "two.tally"]).ok();
}

#[test]
fn a_handover_that_cannot_be_finished_changes_nothing() {
    let place = of_two_incidents();
    std::fs::create_dir(place.path("folder")).unwrap();
    let before = place.content();
    let export = |output: &str, incident: &str| {
        place.tally(&["export", "--ledger=L", "-o", output, "--incident", incident])
    };
    export("x.tally", "unknown").refused("no incident unknown");
    export("x.tally", "ledger").refused("ledger is not an incident");
    export("no/such/folder/x.tally", "shown").refused("no/such/folder");
    export("folder", "shown").refused("folder");
    export("shown.txt/x.tally", "shown").refused("shown.txt");
    let with_key = ["export", "--ledger=L", "-o", "x.tally", "--incident=shown"];
    let wrong_key = ["--checkpoint-key", "L/keys/author.pem"];
    place.tally(&[&with_key[..], &wrong_key].concat()).refused("role checkpoint");
    assert_eq!(place.content(), before);
}

#[test]
fn a_mirror_that_verified_everything_shows_that_an_extract_is_complete() {
    let place = of_two_incidents();
    let hand_over = |to: &str, at: &[&str]| {
        let args = ["export", "-o", to, "--incident=shown", "--ledger=L"];
        place.tally(&[&args[..], at].concat())
    };
    let plain = "--unencrypted-keys";
    place.tally(&["mirror", "init", "M", "--name=mirror.example/m", plain]).ok();
    let (log, mirror) = (place.read("L/ledger.vkey"), place.read("M/mirror.vkey"));
    let policy = format!("log {log}witness m {mirror}group verifiers any m\nquorum none\n");
    place.write("policy", policy);
    let first = hand_over("first.tally", &[]).exits(0);
    assert!(first.stderr.contains("appends a `heads` entry"), "{first:?}");
    place.tally(&["publish", "P", "--ledger=L"]).ok();
    place.tally(&["mirror", "add", "M", "P", "--key=L/ledger.vkey"]).ok();
    place.tally(&["mirror", "sync", "M"]).ok();
    let served = Served::new(place.command(&["mirror", "serve", "M", "--listen=127.0.0.1:0"]));
    let take = ["checkpoint", "--ledger=L", "--policy=policy", "--mirror", &served.address];
    assert!(place.tally(&take).ok().contains("mirror.example/m"));
    let again = hand_over("again.tally", &[]).exits(0);
    assert_eq!(again.stderr, "", "nothing is signed");
    let complete = |file: &str| {
        let args = ["verify", file, "--policy=policy", "--format=json"];
        let json = place.tally(&args).exits(0).json();
        let checks = json["checks"].as_array().unwrap();
        let check = checks.iter().find(|check| check["name"] == "completeness").unwrap();
        check["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!(complete("first.tally"), "not checked");
    assert_eq!(complete("again.tally"), "pass");
    // It can be handed over so when the ledger has gone on.
    let json = place.tally(&["verify", "L", "--format=json"]).exits(0).json();
    let heads = format!("--at={}", json["entries"]);
    place.tally(&["note", "--on=1", "a remark", "--ledger=L"]).ok();
    hand_over("later.tally", &[&heads]).ok();
    let [later, again] = ["later.tally", "again.tally"].map(|file| fs::read(place.path(file)));
    assert_eq!(later.unwrap(), again.unwrap());
    let other = hand_over("none.tally", &["--at=2"]).exits(2).stderr;
    assert!(other.contains("no heads of exactly these incidents"), "{other}");
}
