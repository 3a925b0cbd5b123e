//! SARIF: what a checker's viewer reads of a report, and of drafts.

use serde_json::{Value as Json, json};

use super::Place;

/// Returns the one run of a log, of the version that is announced.
#[track_caller]
fn run_of(log: &str) -> Json {
    let log: Json = serde_json::from_str(log).expect("a log is JSON");
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().unwrap().ends_with("/sarif-schema-2.1.0.json"));
    assert_eq!(log["runs"].as_array().map(Vec::len), Some(1));
    log["runs"][0].clone()
}

#[test]
fn the_end_of_a_name_picks_it_and_a_file_holds_what_is_printed() {
    let place = Place::with_ledger();
    for command in ["audit", "diverge"] {
        let printed = place.tally(&[command, "L", "--unpinned", "--format", "sarif"]).ok();
        for file in ["a.sarif", "a.SARIF", "a.sarif.json"] {
            place.tally(&[command, "L", "--unpinned", "-o", file]).ok();
            assert_eq!(std::fs::read_to_string(place.path(file)).unwrap(), printed, "{file}");
        }
        let run = run_of(&printed);
        assert_eq!(run["automationDetails"]["id"], format!("tally/{command}/"));
        assert_eq!(run["results"], json!([]));
        assert_eq!(run["properties"]["verification"]["source"], "L");
    }
}

#[test]
fn a_run_over_a_ledger_that_fails_is_no_success_and_names_the_fault() {
    let place = Place::with_ledger();
    place.tally(&["export", "--ledger=L", "-o", "L.tally"]).ok();
    let mut bytes = std::fs::read(place.path("L.tally")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    place.write("L.tally", bytes);
    for command in ["audit", "diverge"] {
        let run = place.tally(&[command, "L.tally", "--format", "sarif"]).exits(3);
        let run = run_of(&run.stdout);
        let invocation = &run["invocations"][0];
        assert_eq!(
            (&invocation["executionSuccessful"], &invocation["exitCode"]),
            (&json!(false), &json!(3))
        );
        let told = &invocation["toolExecutionNotifications"][0];
        assert_eq!(told["level"], "error");
        assert!(told["message"]["text"].as_str().unwrap().starts_with("Failed: "), "{told}");
        let fault = &run["results"][0];
        let rule = &run["tool"]["driver"]["rules"][0]["id"];
        assert_eq!((&fault["kind"], &fault["level"]), (&"fail".into(), &"error".into()));
        assert_eq!(&fault["ruleId"], rule);
        assert_eq!(*rule, run["properties"]["verification"]["fault"]["code"]);
    }
}

#[test]
fn what_is_found_in_a_draft_has_its_place_in_characters_and_bytes() {
    let place = Place::empty();
    std::fs::create_dir(place.path("my drafts")).unwrap();
    let draft = "\u{e9}\u{1f600}\r\n\u{e9}: a full report will follow soon\r\n";
    place.write("my drafts/a.md", draft);
    let args = ["check", "./my drafts/a.md", "--at", "2026-04-01", "--strict"];
    let printed = place.tally(&[&args[..], &["--format", "sarif"]].concat()).exits(1).stdout;
    let run = run_of(&printed);
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let result = &run["results"][0];
    assert_eq!((&result["ruleId"], &result["level"]), (&"D041".into(), &"warning".into()));
    let place_of = &result["locations"][0]["physicalLocation"];
    assert_eq!(place_of["artifactLocation"]["uri"], "my%20drafts/a.md");
    let region = &place_of["region"];
    let number = |name: &str| usize::try_from(region[name].as_u64().unwrap()).unwrap();
    let start = number("byteOffset");
    assert_eq!(&draft[start..start + number("byteLength")], "soon");
    let line = draft.split("\r\n").nth(number("startLine") - 1).unwrap();
    let words: String = line.chars().skip(number("startColumn") - 1).take(4).collect();
    assert_eq!(words, "soon");
    assert_eq!(number("endColumn") - number("startColumn"), 4);
    assert_eq!(number("endLine"), number("startLine"));
    let run = place.tally(&[&args[..], &["-o", "d.sarif"]].concat()).exits(1);
    assert!(run.stdout.contains("1 warning") && run.stdout.ends_with("in d.sarif\n"), "{run:?}");
    assert_eq!(std::fs::read_to_string(place.path("d.sarif")).unwrap(), printed);
}

#[test]
fn a_fingerprint_stays_when_the_lines_move_and_tells_equal_words_apart() {
    let place = Place::empty();
    let prints = |draft: &str| -> Vec<String> {
        place.write("a.md", draft);
        let args = ["check", "a.md", "--at", "2026-04-01", "--format", "sarif"];
        let run = run_of(&place.tally(&args).ok());
        let results = run["results"].as_array().unwrap().iter();
        let print = |result: &Json| result["partialFingerprints"]["draftWords/v1"].clone();
        results.map(|result| print(result).as_str().unwrap().to_owned()).collect()
    };
    let sentence = "A full incident report will follow.\n";
    let one = prints(sentence);
    assert_eq!(one.len(), 1);
    assert_eq!(prints(&format!("We are sorry.\n\n{sentence}")), one);
    let two = prints(&format!("{sentence}\n{sentence}"));
    assert_eq!((two.len(), &two[0]), (2, &one[0]));
    assert_ne!(two[0], two[1]);
}

#[test]
fn drafts_go_into_one_log_and_never_onto_themselves() {
    let place = Place::empty();
    place.write("a.md", "The certificates will be revoked.\n");
    place.write("b.md", "We are sorry.\n");
    let args = ["check", "a.md", "b.md", "--at", "2026-04-01"];
    let run = run_of(&place.tally(&[&args[..], &["--format", "sarif"]].concat()).ok());
    assert_eq!(run["properties"]["drafts"][1]["file"], "b.md");
    let input = place.tally_reading("It will be revoked.", &["check", "-", "--format", "sarif"]);
    let uri = "/results/0/locations/0/physicalLocation/artifactLocation/uri";
    assert_eq!(run_of(&input.ok()).pointer(uri), Some(&"-".into()));
    place.tally(&[&args[..], &["-o", "b.md", "--format", "sarif"]].concat()).refused("is about");
    place.tally(&[&args[..], &["-o", "a.html"]].concat()).refused("--format");
    place.tally(&[&args[..], &["--format", "html"]].concat()).exits(2);
    assert_eq!(std::fs::read_to_string(place.path("b.md")).unwrap(), "We are sorry.\n");
}

#[test]
fn a_hostile_draft_writes_neither_on_the_terminal_nor_into_a_message() {
    let place = Place::empty();
    let draft = "See [a{0}](javascript:x) \u{202e}\u{1b}[31m: it will be revoked.\n\n\
        - as stated in [Bug 1\u{202e}](https://bugzilla.mozilla.org/show_bug.cgi?id=2) {9}\n";
    place.write("a.md", draft);
    let log = place.tally(&["check", "a.md", "--at", "2026-04-01", "--format", "sarif"]).ok();
    assert!(!log.contains(['\u{1b}', '\u{202e}']), "{log:?}");
    let run = run_of(&log);
    let results = run["results"].as_array().unwrap();
    assert!(!results.is_empty());
    for result in results {
        let text = result["message"]["text"].as_str().unwrap();
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
        let plain = text.replace("{{", "").replace("}}", "");
        assert!(!plain.contains(['{', '}']), "{text:?}");
    }
}
