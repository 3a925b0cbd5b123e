//! From a captured bug to an observer's ledger that verifies and can be audited at once.

use std::fs;

use serde_json::{Value as Json, json};
use tally_ledger::hash::Hash;

use super::Place;
use super::bugzilla::{Bugzilla, bug};

/// A folder with `bug.json`, and `case` made of it.
fn reconstructed() -> Place {
    let place = Place::empty();
    place.write("bug.json", bug(7).to_string());
    place.tally(&["reconstruct", "bug.json", "-o", "case"]).ok();
    place
}

fn timeline(place: &Place, ledger: &str) -> Vec<Json> {
    let json = place.tally(&["timeline", ledger, "--format", "json"]).exits(0).json();
    json["entries"].as_array().unwrap().clone()
}

#[test]
fn a_bug_becomes_a_ledger_that_verifies_and_is_audited() {
    let place = Place::empty();
    place.write("bug.json", bug(7).to_string());
    let run = place.tally(&["reconstruct", "bug.json", "-o", "case"]).exits(0);
    assert!(run.stderr.contains("an observer's ledger") && run.stderr.contains("NOT encrypted"));
    let first = run.stdout.lines().next().unwrap();
    assert!(first.starts_with("case: 11 entries recorded as observer.invalid/7-"), "{first}");
    assert!(run.stdout.contains("next: tally audit case"), "{}", run.stdout);
    // The trust store knows it, so no pin has to be given.
    let verified = place.tally(&["verify", "case", "--format", "json"]).exits(0).json();
    assert_eq!((&verified["verdict"], &verified["entries"]), (&json!("whole"), &json!(12)));
    let incidents = place.tally(&["list", "incidents", "case"]).ok();
    assert!(incidents.contains("DigiCert: Certificates with a wrong field"), "{incidents}");
    place.tally(&["audit", "case"]).exits(0);
    let genesis = place.tally(&["show", "0", "case", "--format", "json"]).exits(0).json();
    assert_eq!(genesis["body"]["standing"], "observer");
}

#[test]
fn the_texts_lie_beside_as_evidence_and_no_login_name_is_in_an_entry() {
    let place = reconstructed();
    for text in ["We found 11 certificates.", "We found 12 certificates.", "How many in all?"] {
        let file = place.path("case/evidence").join(Hash::of(text.as_bytes()).to_string());
        assert_eq!(fs::read_to_string(file).unwrap(), text);
    }
    assert_eq!(fs::read_dir(place.path("case/evidence")).unwrap().count(), 3, "no private text");
    let listed = fs::read_dir(place.path("case/tile/entries")).unwrap();
    let entries: Vec<u8> =
        listed.flat_map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
    let holds = |text: &[u8]| entries.windows(text.len()).any(|window| window == text);
    assert!(holds(b"DigiCert") && holds(b"Next update 2026-02-01"));
    assert!(!holds(b"@digicert.com") && !holds(b"@mail.example") && !holds(b"@mozilla.com"));
}

#[test]
fn an_entry_cites_the_comment_it_rests_on() {
    let place = reconstructed();
    let shown = place.tally(&["show", "2", "case", "--format", "json"]).exits(0).json();
    assert_eq!(shown["kind"], "statement.published");
    let cited = &shown["basis"]["stated"][0];
    assert_eq!(cited["url"], "https://bugzilla.mozilla.org/show_bug.cgi?id=7");
    assert_eq!(cited["item"], 0);
    assert_eq!(cited["digest"], json!(Hash::of(b"We found 11 certificates.")));
    assert_eq!(shown["evidence"][0]["name"], "7-c0.md");
}

#[test]
fn a_fetched_bug_is_kept_in_the_ledger_directory() {
    let (place, server) = (Place::empty(), Bugzilla::with(&[bug(7)]));
    let args = ["reconstruct", "7", "-o", "case", "--base-url", &server.url, "--format", "json"];
    let json = place.tally(&args).exits(0).json();
    assert_eq!(json["entries"], 12);
    assert_eq!(json["reconstructed"]["unknown_accounts"], json!({"somebody@mail.example": 1}));
    assert!(place.path("case/capture/capture.toml").is_file());
    let opened = place.tally(&["show", "1", "case", "--format", "json"]).exits(0).json();
    assert_eq!(opened["body"]["urls"][0], format!("{}/show_bug.cgi?id=7", server.url));
    place.tally(&["doctor", "case"]).exits(0);
    // What was fetched can be read again, without the tracker.
    place.tally(&["reconstruct", "case/capture", "-o", "again"]).ok();
    let kinds = |ledger| -> Vec<Json> {
        timeline(&place, ledger).iter().map(|fact| fact["kind"].clone()).collect()
    };
    assert_eq!(kinds("case"), kinds("again"));
}

#[test]
fn two_reconstructions_of_one_capture_are_two_ledgers_that_say_the_same() {
    let place = reconstructed();
    place.tally(&["reconstruct", "bug.json", "-o", "again"]).ok();
    let said = |ledger| -> Vec<Json> {
        let facts = timeline(&place, ledger).into_iter();
        facts.map(|fact| json!([fact["kind"], fact["occurred"], fact["summary"]])).collect()
    };
    assert!(!said("case").is_empty());
    assert_eq!(said("case"), said("again"));
    place.tally(&["verify", "case"]).exits(0);
    place.tally(&["verify", "again"]).exits(0);
}

#[test]
fn an_edit_between_two_captures_is_recorded() {
    let (place, server) = (Place::empty(), Bugzilla::with(&[bug(7)]));
    let args = ["capture", "bugzilla", "7", "-o", "C", "--base-url", &server.url];
    place.tally(&args).ok();
    let mut edited = bug(7);
    edited["comments"][1]["raw_text"] = json!("How many in all, please?");
    server.put(&edited);
    place.tally(&args).ok();
    place.tally(&["reconstruct", "C", "-o", "case"]).ok();
    let facts = timeline(&place, "case");
    let revised = facts.iter().filter(|fact| fact["kind"] == "statement.revised");
    assert_eq!(revised.count(), 2, "{facts:#?}");
}

#[test]
fn own_accounts_an_organisation_and_a_title_may_be_given() {
    let place = Place::empty();
    let mut odd = bug(7);
    odd["summary"] = json!("Certificates of an Example CA");
    place.write("bug.json", odd.to_string());
    place.write(
        "mine.toml",
        "[[organisation]]\nname = \"Example CA\"\nspeaks = [{ domain = \"mail.example\" }]\n",
    );
    let shown = place.tally(&["reconstruct", "bug.json", "-o", "none"]).ok();
    assert!(shown.contains("unknown organisation is not among"), "{shown}");
    let own = ["--accounts", "mine.toml", "--about", "Example CA", "--title", "A title"];
    let args = ["reconstruct", "bug.json", "-o", "case"];
    let shown = place.tally(&[&args[..], &own].concat()).ok();
    assert!(shown.contains("bug 7  Example CA: 2 comments, 1 of them official"), "{shown}");
    assert!(!shown.contains("somebody@mail.example"), "{shown}");
    let incidents = place.tally(&["list", "incidents", "case"]).ok();
    assert!(incidents.contains("Example CA: A title"), "{incidents}");
}

#[test]
fn what_cannot_be_reconstructed_is_refused_and_changes_nothing() {
    let (place, server) = (Place::empty(), Bugzilla::with(&[bug(7)]));
    place.write("bug.json", bug(7).to_string());
    place.write("other.json", bug(8).to_string());
    place.write("none.json", "{\"bugs\": []}");
    fs::create_dir(place.path("full")).unwrap();
    place.write("full/file", "x");
    let base = ["--base-url", &server.url];
    place.tally(&[&["capture", "bugzilla", "7", "-o", "C"], &base[..]].concat()).ok();
    place.tally(&["capture", "bugzilla", "bug.json", "-o", "D"]).ok();
    place.write("D/bug.json", "{}");
    place.tally(&["capture", "bugzilla", "bug.json", "-o", "E"]).ok();
    let manifest = fs::read_to_string(place.path("E/capture.toml")).unwrap();
    place.write("E/capture.toml", manifest.replace("\"bug.json\"", "\"../bug.json\""));
    let asked = server.asked().len();
    let before = place.content();
    for (args, error) in [
        (&["7", "-o", "full", base[0], base[1]][..], "full is not empty"),
        (&["none.json", "-o", "case"], "the answers hold no bug"),
        (&["bug.json", "other.json", "-o", "case", "--title", "x"], "one title for 2 bugs"),
        (&["C", "bug.json", "-o", "case"], "the answers come from two trackers"),
        (&["D", "-o", "case"], "is not what was captured"),
        (&["E", "-o", "case"], "is no name of a file"),
        (&["full", "-o", "case"], "is not a capture directory"),
    ] {
        place.tally(&[&["reconstruct"], args].concat()).refused(error);
        assert_eq!(place.content(), before, "{args:?}");
    }
    assert_eq!(server.asked().len(), asked, "nothing is fetched for nothing");
}

#[test]
fn an_attached_list_of_certificates_counts_beside_the_report() {
    let place = Place::empty();
    let mut with_list = bug(7);
    let head = "Precertificate SHA-256 hash,Certificate SHA-256 hash,Subject,Issuer,Not before,\
                Not after,Serial #,dNSNames,Is revoked?,Revocation date,Revocation reason\n";
    let rows: Vec<_> = (1..=11).map(|n| format!(",{n:064x},,,,,0{n:x},,Planned,,\n")).collect();
    let list = format!("{head}{}", rows.concat());
    with_list["attachments"][0]["data"] =
        json!(base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &list));
    let server = Bugzilla::with(&[with_list]);
    let args = ["reconstruct", "7", "-o", "case", "--base-url", &server.url];
    let told = place.tally(&args).ok();
    assert!(told.contains("1 list"), "{told}");
    let evidence = place.path("case/evidence").join(Hash::of(list.as_bytes()).to_string());
    assert_eq!(fs::read_to_string(evidence).unwrap(), list);
    let facts = timeline(&place, "case");
    let statement = facts.iter().find(|fact| fact["summary"].to_string().contains("7-a9"));
    let seq = statement.expect("the list is a statement")["seq"].to_string();
    let shown = place.tally(&["show", &seq, "case", "--format", "json"]).exits(0).json();
    let claim = &shown["body"]["claims"][0];
    assert_eq!((&claim["value"], &claim["origin"]), (&json!(11), &json!("parsed")), "{shown:#}");
}

/// A report whose timeline suggests events, and the questions of others.
fn suggestive() -> Json {
    let mut with_rows = bug(7);
    let report = "## Full Incident Report\n\n### Timeline\nAll times are UTC.\n\n\
                  - 2026-01-04 09:00 We became aware of the problem.\n\
                  - 2026-01-04 11:00 Issuance stopped.\n";
    with_rows["history"] = json!([]);
    for member in ["text", "raw_text"] {
        with_rows["comments"][0][member] = json!(report);
        let asked = "> Is it \"all\"?\n\nHow many are there in all?\nIs there a \\ list?";
        with_rows["comments"][1][member] = json!(asked);
    }
    with_rows
}

#[test]
fn what_a_text_suggests_to_have_happened_is_written_as_documents_to_review() {
    let place = Place::empty();
    place.write("bug.json", suggestive().to_string());
    let told = place.tally(&["reconstruct", "bug.json", "-o", "case"]).ok();
    assert!(told.contains("suggested: 3 entries in case/suggested"), "{told}");
    let entries = timeline(&place, "case").len();
    let read = |name: &str| fs::read_to_string(place.path("case/suggested").join(name)).unwrap();
    let awareness = read("001-7-c0-incident-awareness.toml");
    assert!(awareness.contains("# \"We became aware of the problem.\"\n"), "{awareness}");
    assert!(awareness.contains("occurred = \"2026-01-04T09:00Z\"\n"), "{awareness}");
    let asked = read("003-7-c1-inquiry-asked.toml");
    assert!(asked.contains("How many are there in all? Is there a"), "{asked}");
    assert!(!asked.contains("Is it \"all\"?"), "what is quoted asks nothing: {asked}");
    // The text does not say how the incident came to light: that is for the reviewer.
    let record = |name: &str| {
        let file = format!("case/suggested/{name}");
        place.tally(&["record", "--from", &file, "--ledger", "case"])
    };
    record("001-7-c0-incident-awareness.toml").refused("source: expected one of");
    let filled = awareness.replace("source = \"\"", "source = \"Self Reported\"");
    place.write("case/suggested/001-7-c0-incident-awareness.toml", filled);
    for name in [
        "001-7-c0-incident-awareness.toml",
        "002-7-c0-incident-milestone.toml",
        "003-7-c1-inquiry-asked.toml",
    ] {
        record(name).ok();
    }
    let facts = timeline(&place, "case");
    assert_eq!(facts.len(), entries + 3, "nothing counted before it was recorded");
    let seq = facts.last().unwrap()["seq"].to_string();
    let shown = place.tally(&["show", &seq, "case", "--format", "json"]).exits(0).json();
    assert_eq!((&shown["kind"], &shown["body"]["item"]), (&json!("inquiry.asked"), &json!(1)));
    assert_eq!(shown["basis"]["stated"][0]["item"], 1);
    place.tally(&["verify", "case", "--unpinned"]).exits(0);
}

#[test]
fn a_text_that_suggests_nothing_leaves_no_folder() {
    let place = Place::empty();
    let mut silent = bug(7);
    for member in ["text", "raw_text"] {
        silent["comments"][1][member] = json!("Thank you.");
    }
    place.write("bug.json", silent.to_string());
    let told = place.tally(&["reconstruct", "bug.json", "-o", "case"]).ok();
    assert!(!told.contains("suggested:"), "{told}");
    assert!(!place.path("case/suggested").exists());
}
