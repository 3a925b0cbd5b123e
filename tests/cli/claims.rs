//! Statements that a ledger does not record, held against it as reviewers decide.

use super::Place;

const RECORDED: [&str; 2] = [
    r#"{"kind":"incident.opened","incident":"late",
        "body":{"about":{"name":"Example CA"},"title":"late","bugs":[1]}}"#,
    r#"{"kind":"revocation.completed","incident":"late","occurred":"2024-08-03T20:47Z",
        "body":{"set":"all"}}"#,
];

/// A captured page: the CA promises a time, as a phrase rule suggests.
const PAGE: &str = concat!(
    r#"{"kind":"incident.opened","incident":"1","body":{"about":{"name":"Example CA"},"#,
    r#""title":"bug 1","bugs":[1]}}"#,
    "\n",
    r#"{"kind":"statement.published","incident":"1","occurred":"2024-07-31T00:45Z","body":{"#,
    r#""id":"c0","channel":"bugzilla","url":"https://bugs.example/1","item":0,"speaker":{"#,
    r#""capacity":"official","organisation":"Example CA"},"published":"2024-07-31T00:45Z","#,
    r#""claims":[{"says":"will","what":"revocation.completed","subject":"all","#,
    r#""due":"2024-08-03T19:30Z","origin":"suggested","span":[1,9]}]}}"#,
    "\n",
);

const DIVERGE: [&str; 4] = ["diverge", "L", "--statements", "page.jsonl"];
const SAID: [&str; 4] = ["--reason=read it", "--role=auditor", "--review", "L/review.toml"];

/// A ledger of a CA, a page beside it, and the claims of the page to be decided on.
fn suggested() -> (Place, String) {
    let place = Place::with_ledger();
    for document in RECORDED {
        place.record(document).ok();
    }
    place.tally(&["checkpoint", "--ledger", "L"]).ok();
    place.write("page.jsonl", PAGE);
    let shown = place.tally(&["claims", "suggest", "L", "--statements", "page.jsonl"]).ok();
    assert!(shown.ends_with("1 new of 1 claims in L/review.toml\n"), "{shown}");
    let id = shown.split_whitespace().next().unwrap().to_owned();
    (place, id)
}

#[test]
fn a_suggested_claim_is_held_once_a_reviewer_confirms_it() {
    let (place, id) = suggested();
    let report = place.tally(&DIVERGE).ok();
    assert!(report.contains("1 suggested claim awaits confirmation"), "{report}");
    place.tally(&[&["claims", "confirm", &id][..], &SAID].concat()).ok();
    let run = place.tally(&[&DIVERGE[..], &["--format", "json"]].concat()).exits(1);
    let json = run.json();
    let finding = &json["findings"][0];
    assert_eq!(finding["verdict"], "diverges");
    assert_eq!(finding["statement"]["beside"], "page.jsonl");
    assert_eq!(finding["statement"]["seq"], 1);
    assert_eq!(finding["evidence"][0]["seq"], 2);
    assert!(finding["evidence"][0].get("beside").is_none(), "an entry of the ledger");
    place.tally(&[&["claims", "reject", &id][..], &SAID].concat()).ok();
    let report = place.tally(&DIVERGE).ok();
    assert!(report.contains("1 claim was rejected by a reviewer"), "{report}");
}

#[test]
fn an_edited_claim_is_held_in_the_place_of_the_suggested_one() {
    let (place, id) = suggested();
    let claim = r#"{ says = "will", what = "revocation.completed", subject = "all",
        due = "2024-08-03Z", origin = "annotated" }"#;
    place.tally(&[&["claims", "edit", &id, "--claim", claim][..], &SAID].concat()).ok();
    assert!(place.tally(&DIVERGE).ok().contains("in time"));
    let again = ["claims", "suggest", "L", "--statements", "page.jsonl"];
    assert_eq!(place.tally(&again).ok(), "0 new of 1 claims in L/review.toml\n");
    let malformed = ["claims", "edit", &id, "--claim", "{ says = \"sings\" }"];
    place.tally(&[&malformed[..], &SAID].concat()).refused("--claim is no claim");
}

#[test]
fn an_accepted_finding_stays_in_the_report_and_raises_no_alarm() {
    let (place, id) = suggested();
    place.tally(&[&["claims", "confirm", &id][..], &SAID].concat()).ok();
    let json = place.tally(&[&DIVERGE[..], &["--format", "json"]].concat()).exits(1).json();
    let finding = json["findings"][0]["id"].as_str().unwrap().to_owned();
    let accept = ["accept", &finding[..12]];
    let where_ = ["L", "--statements", "page.jsonl"];
    place.tally(&[&accept[..], &where_, &SAID].concat()).ok();
    let json = place.tally(&[&DIVERGE[..], &["--format", "json"]].concat()).exits(0).json();
    assert_eq!(json["findings"][0]["verdict"], "diverges");
    assert_eq!(json["findings"][0]["accepted"]["role"], "auditor");
    let unknown = ["accept", "abcdefabcdef"];
    place.tally(&[&unknown[..], &where_, &SAID].concat()).refused("no finding");
}

#[test]
fn two_reviews_are_compared_and_merged_and_the_first_counts() {
    let (place, id) = suggested();
    std::fs::copy(place.path("L/review.toml"), place.path("b.toml")).unwrap();
    place.tally(&[&["claims", "confirm", &id][..], &SAID].concat()).ok();
    let other = ["--reason=a plan", "--role=ca", "--review", "b.toml"];
    place.tally(&[&["claims", "reject", &id][..], &other].concat()).ok();
    let compared = place.tally(&["claims", "compare", "L/review.toml", "b.toml"]).exits(1);
    assert!(compared.stdout.contains("confirmed by auditor: read it; the other: rejected by ca"));
    place.tally(&["claims", "merge", "L/review.toml", "b.toml", "-o", "m.toml"]).exits(1);
    let merged = std::fs::read_to_string(place.path("m.toml")).unwrap();
    assert_eq!(merged, std::fs::read_to_string(place.path("L/review.toml")).unwrap());
    place.tally(&["claims", "compare", "L/review.toml", "m.toml"]).ok();
}

#[test]
fn what_is_no_review_or_no_statement_is_refused_and_nothing_is_written() {
    let (place, id) = suggested();
    let before = place.content();
    let unknown = [&["claims", "confirm", "deadbeef"][..], &SAID].concat();
    place.tally(&unknown).refused("has no claim deadbeef");
    let mut silent = [&["claims", "confirm", &id][..], &SAID].concat();
    silent[3] = "--reason= ";
    place.tally(&silent).refused("--reason is empty");
    place.tally(&["diverge", "L", "--statements", "absent.jsonl"]).refused("absent.jsonl");
    assert_eq!(place.content(), before);
    place.write("page.jsonl", "{\"kind\":\"statement.published\"}\n");
    place.tally(&DIVERGE).refused("page.jsonl, line 1");
    place.write("L/review.toml", "schema = 7\n");
    place.tally(&["diverge", "L"]).refused("schema 7");
    place.write("L/review.toml", vec![0xff; 9]);
    place.tally(&["diverge", "L"]).refused("not UTF-8");
}

#[test]
fn a_signed_review_is_known_by_its_key_and_a_changed_one_is_not() {
    let (place, id) = suggested();
    let review = ["--review", "L/review.toml"];
    let key = ["--key-file", "L/keys/author.pem", "--key-name", "auditor.example", "-o", "r.sig"];
    let shown = place.tally(&[&["claims", "sign"][..], &review, &key].concat()).ok();
    let vkey = shown.lines().find_map(|line| line.strip_prefix("Vkey      ")).unwrap().to_owned();
    let check = ["claims", "verify", "--signature", "r.sig", "--key", &vkey];
    let checked = [&check[..], &review].concat();
    assert_eq!(place.tally(&checked).ok(), "L/review.toml is signed by auditor.example\n");
    place.tally(&[&["claims", "confirm", &id][..], &SAID].concat()).ok();
    assert!(place.tally(&checked).exits(3).stderr.contains("signs another review"));
}

#[test]
fn the_organisation_named_answers_a_finding_beside_it() {
    let (place, id) = suggested();
    place.tally(&[&["claims", "confirm", &id][..], &SAID].concat()).ok();
    let json = place.tally(&[&DIVERGE[..], &["--format", "json"]].concat()).exits(1).json();
    let finding = json["findings"][0]["id"].as_str().unwrap().to_owned();
    let reply = ["reply", &finding, "--by=Example CA", "--from=-", "-o=reply.note"];
    let key = ["--key-file=L/keys/author.pem", "--key-name=ca.example/replies"];
    let shown = place.tally_reading("it was local time", &[&reply[..], &key].concat()).ok();
    let vkey = shown.lines().find_map(|line| line.strip_prefix("Vkey  ")).unwrap().to_owned();
    let shown = ["--reply", "reply.note", "--reply-key", &vkey];
    let report = place.tally(&[&DIVERGE[..], &shown].concat()).exits(1).stdout;
    let said = "Example CA replies (signed by ca.example/replies): it was local time";
    assert!(report.replace("\n      ", " ").contains(said), "{report}");
    let nothing = ["reply", &"a".repeat(64), "--by=Example CA", "--from=-", "-o=lost.note"];
    place.tally_reading("to nothing", &[&nothing[..], &key].concat()).ok();
    let lost = ["--reply", "lost.note", "--reply-key", &vkey];
    let run = place.tally(&[&["diverge", "L"][..], &lost].concat());
    assert!(run.stderr.contains("no finding has the id aaaa"), "{run:?}");
    let note = std::fs::read_to_string(place.path("reply.note")).unwrap();
    place.write("reply.note", note.replace("local", "other"));
    place.tally(&[&DIVERGE[..], &shown].concat()).refused("does not hold");
}

#[test]
fn a_capture_of_a_tracker_is_held_against_a_ledger_as_it_comes() {
    let place = Place::with_ledger();
    let opened = r#"{"kind":"incident.opened","incident":"late",
        "body":{"about":{"name":"Example CA"},"title":"late","bugs":[7]}}"#;
    place.record(opened).ok();
    place.record(RECORDED[1]).ok();
    place.tally(&["checkpoint", "--ledger", "L"]).ok();
    let accounts = "[[organisation]]\nname = \"Example CA\"\n\
                    speaks = [{ domain = \"ca.example\" }]\n";
    place.write("accounts.toml", accounts);
    let text = "We will revoke all affected certificates by August 3, 2024, 19:30 UTC.";
    let comment = |n: u64| {
        format!(
            r#"{{"id":{n},"bug_id":7,"count":{n},"text":"{text}","creator":"x@ca.example",
                "time":"2024-07-31T00:45:12Z","creation_time":"2024-07-31T00:45:12Z",
                "is_private":false,"attachment_id":null}}"#
        )
    };
    let bug = r#"{"id":7,"summary":"Example CA: late","status":"ASSIGNED","resolution":"",
        "whiteboard":"[ca-compliance]","creator":"x@ca.example","assigned_to":"x@ca.example",
        "creation_time":"2024-07-31T00:45:12Z","last_change_time":"2024-07-31T00:45:12Z"}"#;
    let comments = format!(r#""bugs":{{"7":{{"comments":[{}]}}}},"comments":{{}}"#, comment(0));
    place.write("bug.json", format!(r#"{{"bugs":[{bug}],"faults":[]}}"#));
    place.write("comments.json", format!("{{{comments}}}"));
    let kept = ["capture", "bugzilla", "bug.json", "comments.json", "-o", "page"];
    place.tally(&kept).ok();
    let beside = ["L", "--statements", "page", "--accounts", "accounts.toml"];
    let shown = place.tally(&[&["claims", "suggest"][..], &beside].concat()).ok();
    assert!(shown.contains("revocation completed (all) will follow"), "{shown}");
    let id = shown.split_whitespace().next().unwrap().to_owned();
    let claim = r#"{ says = "will", what = "revocation.completed", subject = "all",
        due = "2024-08-03T19:30Z", origin = "annotated" }"#;
    place.tally(&[&["claims", "edit", &id, "--claim", claim][..], &SAID].concat()).ok();
    let run = place.tally(&[&["diverge"][..], &beside, &["--format", "json"]].concat()).exits(1);
    let json = run.json();
    let found = json["findings"].as_array().unwrap();
    let late = found.iter().find(|finding| finding["code"] == "T101").unwrap();
    assert_eq!(late["verdict"], "diverges");
    assert_eq!(late["statement"]["beside"], "page");
    assert_eq!(late["compared"], "compared with its own record (entry 2)");
}
