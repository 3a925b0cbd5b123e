//! The demonstration: it runs the public commands, gives the same bytes every time, leaves the
//! user's trust store alone, and its findings rest on its events.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

const CASE: &str = include_str!("cases/1910322-1910805-1950144/case.jsonl");

fn tally(home: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tally"))
        .args(args)
        .env("TALLY_CONFIG_DIR", home.join("config"))
        .env_remove("TALLY_LEDGER")
        .current_dir(home)
        .output()
        .expect("the binary was built for this test")
}

fn demo(home: &Path, name: &str) -> String {
    let dir = home.join(name);
    let output = tally(home, &["demo", "--dir", dir.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_demonstration_gives_the_same_bytes_and_leaves_the_trust_store_alone() {
    let home = TempDir::new().unwrap();
    let (first, second) = (demo(home.path(), "a"), demo(home.path(), "b"));
    assert_eq!(first.replace("/a/", "/b/"), second);
    let bundle = |name: &str| fs::read(home.path().join(name).join("case.tally")).unwrap();
    assert_eq!(bundle("a"), bundle("b"));
    assert!(!home.path().join("config").exists(), "the user's trust store was touched");
    for said in ["reconstruction from public sources", "1 h 17 min later", "Whole: all"] {
        assert!(first.contains(said), "{said}");
    }
}

#[test]
fn the_published_pins_are_those_of_the_demonstration() {
    let home = TempDir::new().unwrap();
    demo(home.path(), "demo");
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../keys");
    let published = fs::read_to_string(keys.join("demo.vkey")).unwrap();
    let made = fs::read_to_string(home.path().join("demo/ledger/ledger.vkey")).unwrap();
    assert_eq!(published, made);
    let policy = keys.join("demo.policy");
    let args = ["verify", "demo/case.tally", "--policy", policy.to_str().unwrap()];
    assert_eq!(tally(home.path(), &args).status.code(), Some(0));
}

#[test]
fn an_audit_of_the_case_finds_divergences_and_nothing_but_what_a_reader_would() {
    let home = TempDir::new().unwrap();
    demo(home.path(), "demo");
    let args = ["audit", "demo/case.tally", "--key", "demo/ledger/ledger.vkey", "--format", "json"];
    let output = tally(home.path(), &args);
    assert_eq!(output.status.code(), Some(1));
    let audit: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(audit["verification"]["verdict"], "whole");
    assert_eq!(audit["schema"], 1);
}

/// Returns the case without the lines that `gone` names, each reference to an entry moved along.
fn without(gone: impl Fn(&Value) -> bool) -> String {
    let documents: Vec<Value> =
        CASE.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // Line n is entry n + 1, as genesis is entry 0.
    let mut moved = vec![Some(0)];
    let mut next = 1;
    for document in &documents {
        moved.push((!gone(document)).then_some(next));
        next += u64::from(!gone(document));
    }
    let mut lines = String::new();
    for document in documents.iter().filter(|document| !gone(document)) {
        let mut document = document.clone();
        if let Some(on) = document["on"].as_u64() {
            match moved[usize::try_from(on).unwrap()] {
                Some(on) => document["on"] = json!(on),
                None => continue,
            }
        }
        lines.push_str(&document.to_string());
        lines.push('\n');
    }
    lines
}

/// A finding: its id, verdict, statement and claim.
type Found = (String, String, String, u64);

/// Returns the findings on a case.
fn findings(case: &str) -> Vec<Found> {
    let home = TempDir::new().unwrap();
    fs::write(home.path().join("case.jsonl"), case).unwrap();
    let init =
        "init ledger --origin test.invalid/case --owner observer --observer --unencrypted-keys";
    for command in [init, "record --ledger ledger --from case.jsonl", "checkpoint --ledger ledger"]
    {
        let output = tally(home.path(), &command.split(' ').collect::<Vec<_>>());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let output = tally(home.path(), &["diverge", "ledger", "--format", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .map(|f| {
            let statement = &f["statement"];
            let claim = statement["claim"].as_u64().unwrap_or_default();
            (text(&f["id"]), text(&f["verdict"]), text(&statement["name"]), claim)
        })
        .collect()
}

#[test]
fn taking_an_event_away_changes_its_findings() {
    let of = |found: &[Found], name: &str, claim: u64| {
        let found = found.iter().find(|f| f.2 == name && f.3 == claim);
        found.map(|f| (f.0.clone(), f.1.clone())).expect("every claim has a finding")
    };
    let whole = findings(CASE);
    // The promise of one statement rests on the recorded completion and on a later report of it.
    let (id, verdict) = of(&whole, "1910805-c0", 0);
    assert_eq!(verdict, "diverges");
    let unrecorded = findings(&without(|d| d["kind"] == "revocation.completed"));
    assert_ne!(of(&unrecorded, "1910805-c0", 0).0, id);
    let told = |d: &Value| d["kind"] == "revocation.completed" || d["body"]["id"] == "1950144-c29";
    let (_, verdict) = of(&findings(&without(told)), "1910805-c0", 0);
    assert!(verdict != "diverges" && verdict != "tallies", "{verdict}");
    // The citation rests on the comment cited.
    assert_eq!(of(&whole, "1950144-c29", 3).1, "diverges");
    let uncited = findings(&without(|d| d["body"]["id"] == "1910322-c36"));
    assert_ne!(of(&uncited, "1950144-c29", 3).1, "diverges");
}
