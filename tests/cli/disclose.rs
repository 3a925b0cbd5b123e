//! A draft held against the ledger before it is posted, and committed once it is.

use super::Place;

const RECORDED: [&str; 2] = [
    r#"{"kind":"incident.opened","incident":"late",
        "body":{"about":{"name":"Example CA"},"title":"late","bugs":[7]}}"#,
    r#"{"kind":"incident.milestone","incident":"late","occurred":"2026-03-02T09:00Z",
        "body":{"milestone":"identified"}}"#,
];

/// A full report whose summary names that day as the one on which the incident was identified.
fn report(identified: &str) -> String {
    format!(
        "## Full Incident Report\n### Summary\n- **Incident description:** a field was wrong\n\
         - **Timeline summary:**\n  - **Non-compliance identified date:** {identified}\n"
    )
}

const POSTED: [&str; 5] = [
    "--ledger=L",
    "--published=2026-03-10T12:00Z",
    "--incident=late",
    "--url",
    "https://bugzilla.mozilla.org/show_bug.cgi?id=7#c4",
];

fn place() -> Place {
    let place = Place::with_ledger();
    for document in RECORDED {
        place.record(document).ok();
    }
    place.tally(&["checkpoint", "--ledger", "L"]).ok();
    place.write("agrees.md", report("2026-03-02"));
    place.write("differs.md", report("2026-03-05"));
    place
}

#[test]
fn a_draft_that_differs_from_the_record_is_told_on_its_own_line() {
    let place = place();
    let check = |draft: &str| {
        let at = "--at=2026-03-10T12:00:00Z";
        place.tally(&["check", draft, "--ledger", "L", "--incident", "late", at])
    };
    let told = check("differs.md").exits(1).stdout;
    assert!(told.contains("2026-03-05"), "{told}");
    assert!(told.contains("T401"), "{told}");
    assert!(!check("agrees.md").stdout.contains("T401"));
}

#[test]
fn a_text_that_agrees_is_committed_with_its_claims_and_the_file() {
    let place = place();
    place.tally(&[&["disclose", "agrees.md"][..], &POSTED].concat()).ok();
    let entry = place.tally(&["show", "3", "L", "--format", "json"]).exits(0).json();
    assert_eq!(entry["kind"], "statement.published");
    assert_eq!(entry["body"]["id"], "7-c4");
    assert_eq!(entry["body"]["item"], 4);
    assert_eq!(entry["body"]["claims"][0]["origin"], "parsed");
    assert_eq!(entry["evidence"][0]["name"], "agrees.md");
    place.tally(&[&["disclose", "agrees.md"][..], &POSTED].concat()).refused("already");
}

#[test]
fn a_text_that_differs_is_refused_unless_a_reason_is_recorded() {
    let place = place();
    let disclose = [&["disclose", "differs.md"][..], &POSTED].concat();
    let refused = place.tally(&disclose).exits(1);
    assert!(refused.stdout.contains("T401"), "{refused:?}");
    assert!(place.tally(&["show", "3", "L"]).status == 2, "nothing is recorded");
    place.tally(&[&disclose[..], &["--despite", " "]].concat()).refused("--despite is empty");
    place.tally(&[&disclose[..], &["--despite", "the record is being corrected"]].concat()).ok();
    let note = place.tally(&["show", "4", "L", "--format", "json"]).exits(0).json();
    assert_eq!(note["kind"], "entry.note");
    let text = note["body"]["text"].as_str().unwrap();
    assert!(text.contains("the record is being corrected"), "{text}");
}
