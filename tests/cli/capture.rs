//! Capturing a bug: exact bytes, each with its digest, its address and its time; and nothing lost
//! or taken for something else when the tracker is busy, refuses or breaks off.

use std::fs;

use serde_json::{Value as Json, json};
use tally_ledger::hash::Hash;

use super::Place;
use super::bugzilla::{Bugzilla, answering, bug, failing};

/// Captures bug 7 of `server` into the folder `C`.
fn capture(place: &Place, server: &Bugzilla, more: &[&str]) -> super::Run {
    let args = ["capture", "bugzilla", "7", "-o", "C", "--base-url", &server.url];
    place.tally(&[&args[..], more].concat())
}

fn manifest(place: &Place) -> Vec<toml::Table> {
    let text = fs::read_to_string(place.path("C/capture.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    let answers = table["answer"].as_array().unwrap();
    answers.iter().map(|answer| answer.as_table().unwrap().clone()).collect()
}

#[test]
fn the_exact_bytes_are_kept_with_digest_address_and_time() {
    let (place, server) = (Place::empty(), Bugzilla::with(&[bug(7)]));
    let shown = capture(&place, &server, &[]).ok();
    let words: Vec<&str> = shown.split_whitespace().collect();
    let words = words.join(" ");
    for line in [
        "C: 5 new files, 0 as they were captured before",
        "bug 7 DigiCert: 2 comments, 1 of them official, 1 edit, 1 item left out as private",
        "with --accounts FILE: somebody@mail.example 1 comment left out:",
        "next: tally reconstruct C -o case",
    ] {
        assert!(words.contains(line), "{shown} lacks {line:?}");
    }
    assert!(!shown.contains("missing"), "{shown}");
    let rest = ["", "/comment", "/history", "/attachment?exclude_fields=data"];
    let mut asked: Vec<String> = rest.map(|rest| format!("/rest/bug/7{rest}")).into();
    asked.push("/rest/bug/attachment/9".to_owned());
    assert_eq!(server.asked(), asked, "the attached list is asked for too");
    let answers = manifest(&place);
    assert_eq!(answers[4]["file"].as_str(), Some("7-attachment-9.json"));
    let names = ["7-bug.json", "7-comment.json", "7-history.json", "7-attachment.json"];
    for ((answer, name), rest) in answers.iter().zip(names).zip(rest) {
        assert_eq!(answer["file"].as_str(), Some(name));
        let bytes = fs::read(place.path("C").join(name)).unwrap();
        assert_eq!(answer["sha256"].as_str().unwrap(), Hash::of(&bytes).to_string());
        assert_eq!(answer["size"].as_integer(), i64::try_from(bytes.len()).ok());
        assert_eq!(answer["url"].as_str().unwrap(), format!("{}/rest/bug/7{rest}", server.url));
        assert_eq!(answer["fetched"].as_str().unwrap().len(), "2026-01-31T12:00:00Z".len());
    }
    let comments: Json =
        serde_json::from_slice(&fs::read(place.path("C/7-comment.json")).unwrap()).unwrap();
    assert_eq!(comments["bugs"]["7"]["comments"], bug(7)["comments"], "private ones included");
}

#[test]
fn a_second_capture_changes_nothing_or_stands_beside_the_first() {
    let (place, server) = (Place::empty(), Bugzilla::with(&[bug(7)]));
    capture(&place, &server, &[]).ok();
    let before = place.content();
    let again = capture(&place, &server, &["--format", "json"]).exits(0).json();
    assert_eq!(place.content(), before);
    assert!(again["answers"].as_array().unwrap().iter().all(|answer| answer["new"] == false));
    let mut edited = bug(7);
    let text = json!("We found 1,200 certificates.");
    (edited["comments"][0]["text"], edited["comments"][0]["raw_text"]) = (text.clone(), text);
    server.put(&edited);
    let shown = capture(&place, &server, &[]).ok();
    assert!(shown.contains("1 new file, 4 as they were"), "{shown}");
    assert!(shown.contains("2 edits"), "the edit between the captures shows: {shown}");
    assert!(shown.contains("missing: comment 0: an edit of it is not in the history"), "{shown}");
    let after = place.content();
    for (path, bytes) in before.iter().filter(|(path, _)| !path.ends_with("capture.toml")) {
        assert_eq!(&after[path], bytes, "{} was written over", path.display());
    }
    assert!(place.path("C/7-comment.2.json").is_file());
    // Back to what it was: that is news too.
    server.put(&bug(7));
    capture(&place, &server, &[]).ok();
    assert!(place.path("C/7-comment.3.json").is_file());
    assert_eq!(manifest(&place).len(), 7);
}

#[test]
fn files_are_captured_as_they_are_and_never_written_over() {
    let place = Place::empty();
    let mut parts = bug(7);
    place.write("bug.json", parts.to_string());
    let args = ["capture", "bugzilla", "bug.json", "-o", "C"];
    let shown = place.tally(&args).ok();
    assert!(shown.contains("bug 7  DigiCert: 2 comments, 1 of them official, 1 edit"), "{shown}");
    assert_eq!(fs::read(place.path("C/bug.json")).unwrap(), parts.to_string().into_bytes());
    let before = place.content();
    place.tally(&args).ok();
    assert_eq!(place.content(), before);
    parts["status"] = json!("VERIFIED");
    place.write("bug.json", parts.to_string());
    place.tally(&args).ok();
    assert_eq!(fs::read(place.path("C/bug.2.json")).unwrap(), parts.to_string().into_bytes());
    assert_eq!(place.content()[&place.path("C/bug.json")], before[&place.path("C/bug.json")]);
    // One part alone is taken too, and what it lacks is said.
    place.write("history.json", json!({"bugs": [{"id": 7, "history": []}]}).to_string());
    let args = ["capture", "bugzilla", "history.json", "-o", "D"];
    let shown = place.tally(&args).ok();
    for what in ["fields", "comments", "attachments"] {
        assert!(shown.contains(&format!("missing: its {what} were not captured")), "{shown}");
    }
}

#[test]
fn a_bug_may_be_named_by_its_address_and_the_tracker_by_the_environment() {
    let (place, server) = (Place::empty(), Bugzilla::with(&[bug(7)]));
    let url = &server.url;
    for (index, address) in
        [format!("{url}/show_bug.cgi?id=7#c2"), format!("{url}/rest/bug/7"), format!("{url}/7")]
            .iter()
            .enumerate()
    {
        let dir = format!("C{index}");
        place.tally(&["capture", "bugzilla", address, "-o", &dir]).ok();
        assert!(place.path(&dir).join("7-history.json").is_file(), "{address}");
    }
    let mut command = place.command(&["capture", "bugzilla", "7"]);
    super::Run::of(command.env("TALLY_BUGZILLA_URL", url)).ok();
    assert!(place.path("capture/7-bug.json").is_file(), "the default folder is `capture`");
}

#[test]
fn what_the_tracker_refuses_is_said_and_nothing_is_kept() {
    let (place, server) = (Place::empty(), Bugzilla::with(&[bug(7)]));
    let before = place.content();
    let comment = "/rest/bug/7/comment";
    let cut = answering("200 OK", &"x".repeat(50)).replace("Length: 50", "Length: 500");
    let huge = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{";
    let other = json!({ "bugs": { "8": { "comments": [] } } }).to_string();
    let away = "HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/\r\n\r\n".to_owned();
    for (answer, error, hint) in [
        (
            failing("404 Not Found", 101, "Bug #7 does not exist."),
            "the tracker answered with error 101: \"Bug #7 does not exist.\"",
            "check the number",
        ),
        (
            failing("401 Unauthorized", 102, "You are not authorized."),
            "the tracker answered with error 102",
            "to some accounts only",
        ),
        (failing("200 OK", 410, "You must log in."), "error 410", "wants a login"),
        (answering("404 Not Found", "<html>"), "the server answered 404", "--base-url"),
        (answering("500 Internal", "oops"), "the server answered 500", "try again later"),
        (answering("414 Too Long", "too long"), "the server answered 414", "--base-url"),
        (answering("200 OK", "<!DOCTYPE html>"), "found \"<!DOCTYPE html>\"", "--base-url"),
        (answering("200 OK", "{\"bugs\":"), "line 1", "REST"),
        (answering("200 OK", &other), "asked for bug 7, the answer is about bug 8", "--base-url"),
        (cut, "the answer broke off after 50 bytes", "try again later"),
        (huge.to_owned(), "the answer is larger than 67108864 bytes", "--base-url"),
        (away, "the server redirects to http://elsewhere.example/", "--base-url"),
        (String::new(), "the answer broke off", "try again later"),
    ] {
        server.tell(comment, &[&answer]);
        let run = capture(&place, &server, &[]).refused(error);
        assert!(run.stderr.contains(hint), "{run:#?} lacks {hint:?}");
        assert_eq!(place.content(), before, "{answer}");
    }
    server.tell_nothing();
    let args = ["capture", "bugzilla", "8", "-o", "C", "--base-url", &server.url];
    place.tally(&args).refused("Bug #8 does not exist.");
    assert_eq!(place.content(), before);
    let nobody = "http://127.0.0.1:9";
    let args = ["capture", "bugzilla", "7", "-o", "C", "--base-url", nobody];
    place.tally(&args).refused("no connection");
}

#[test]
fn a_busy_tracker_is_waited_for() {
    let (place, server) = (Place::empty(), Bugzilla::with(&[bug(7)]));
    let path = "/rest/bug/7/history";
    let busy = answering("429 Too Many Requests", "slow down")
        .replace("Connection", "Retry-After: 0\r\nConnection");
    let body = json!({ "bugs": [{ "id": 7, "history": [] }] }).to_string();
    server.tell(path, &[&busy, &busy, &answering("200 OK", &body)]);
    let run = capture(&place, &server, &[]).exits(0);
    let said = "the tracker is busy (429); waiting 0 seconds\n".repeat(2);
    assert_eq!(run.stderr, said);
    assert_eq!(fs::read_to_string(place.path("C/7-history.json")).unwrap(), body);
    let place = Place::empty();
    let before = place.content();
    server.tell(path, &[&busy.replace("Retry-After: 0", "Retry-After: 86400")]);
    let run = capture(&place, &server, &[]).refused("asks to wait 86400 seconds");
    assert!(run.stderr.contains("try again later"));
    assert_eq!(place.content(), before);
}

#[test]
fn of_several_bugs_those_before_a_refusal_are_kept() {
    let (place, server) = (Place::empty(), Bugzilla::with(&[bug(7), bug(9)]));
    let args = ["capture", "bugzilla", "7", "8", "9", "-o", "C", "--base-url", &server.url];
    place.tally(&args).refused("Bug #8 does not exist.");
    assert_eq!(manifest(&place).len(), 5);
    assert!(!server.asked().contains(&"/rest/bug/9".to_owned()));
}

#[test]
fn what_names_no_bug_is_refused() {
    let place = Place::empty();
    fs::create_dir(place.path("folder")).unwrap();
    place.write("text.json", "not JSON");
    place.write("two.json", r#"[{"id": 7, "summary": "a", "summary": "b"}]"#);
    place.write("accounts.toml", "[[organisation]]\nname = \"DigiCert\"\nca_owner = \"A000022\"\n");
    let before = place.content();
    let mine = ["7", "--accounts", "accounts.toml"];
    for (args, error) in [
        (&["https://bugs.example/list"][..], "is not the address of a bug"),
        (&["https://bugs.example/show_bug.cgi?id=x"], "is not the address of a bug"),
        (&["ftp://bugs.example/7"], "is not the address of a bug"),
        (&["https://me:secret@bugs.example/7"], "is not the address of a bug"),
        (&["0"], "cannot read 0"),
        (&["1234567890"], "cannot read 1234567890"),
        (&["absent.json"], "cannot read absent.json"),
        (&["folder"], "is not a capture directory"),
        (&["text.json"], "text.json: expected JSON of the REST interface, found \"not JSON\""),
        (&["two.json"], "the member \"summary\" stands twice"),
        (&["7", "--base-url", "bugs.example"], "is not the address of a tracker"),
        (&mine, "expected the CCADB unique id A000021, found A000022"),
        (&["7", "--accounts", "absent.toml"], "absent.toml"),
    ] {
        place.tally(&[&["capture", "bugzilla"], args].concat()).refused(error);
        assert_eq!(place.content(), before, "{args:?}");
    }
}
