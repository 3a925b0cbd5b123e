//! The clocks that a draft is held against: what has run out by the day on which it is posted, and
//! what will within a week.

use super::Place;

/// A CA's own record of an incident with a clock of each sort.
const RECORDED: [&str; 6] = [
    r#"{"kind":"incident.opened","incident":"late","occurred":"2026-04-01T10:00Z",
        "body":{"about":{"name":"Example CA"},"title":"late","bugs":[1]}}"#,
    r#"{"kind":"incident.awareness","incident":"late","occurred":"2026-04-01T09:00Z",
        "body":{"source":"Self Reported"}}"#,
    r#"{"kind":"statement.published","incident":"late","occurred":"2026-04-01T12:00Z","body":{
        "id":"1-c0","channel":"bugzilla","url":"https://bugzilla.mozilla.org/show_bug.cgi?id=1",
        "item":0,"form":"preliminary_report","published":"2026-04-01T12:00Z",
        "speaker":{"capacity":"official","organisation":"Example CA"},"claims":[
            {"says":"will","what":"revocation.completed","subject":"all",
             "due":"2026-04-05T12:00Z","origin":"declared"}]}}"#,
    r#"{"kind":"tracker.changed","incident":"late","occurred":"2026-04-01T12:30Z",
        "body":{"bug":1,"field":"next_update","new":"2026-04-10","due":"2026-04-10"}}"#,
    r#"{"kind":"inquiry.asked","incident":"late","occurred":"2026-04-02T12:00Z","body":{
        "id":"q1","form":"question","text":"how many?","item":1,
        "url":"https://bugzilla.mozilla.org/show_bug.cgi?id=1",
        "asker":{"capacity":"participant","organisation":"Mozilla","role":"root program"}}}"#,
    r#"{"kind":"action.opened","incident":"late","occurred":"2026-04-01T12:00Z",
        "body":{"id":"ai-add-a-lint","text":"Add a lint","status":"Ongoing","due":"2026-04-09"}}"#,
];

const UPDATE: &str = "We are still looking into it.\n";

fn recorded(documents: &[&str]) -> Place {
    let place = Place::with_ledger();
    for document in documents {
        place.record(document).ok();
    }
    place.tally(&["checkpoint", "--ledger", "L"]).ok();
    place
}

/// What is told of clocks: code, weight and message, when a draft is posted on that day.
fn told(place: &Place, draft: &str, at: &str) -> Vec<(String, String, String)> {
    place.write("draft.md", draft);
    let args = ["check", "draft.md", "--ledger", "L", "--at", at, "--format", "json"];
    let json = place.tally(&args).json();
    let found = json["drafts"][0]["diagnostics"].as_array().unwrap().iter();
    let clocks = found.filter(|found| found["title"] == "clock");
    let text = |found: &serde_json::Value, name: &str| found[name].as_str().unwrap().to_owned();
    clocks.map(|f| (text(f, "code"), text(f, "severity"), text(f, "message"))).collect()
}

fn codes(place: &Place, draft: &str, at: &str) -> Vec<String> {
    told(place, draft, at).into_iter().map(|(code, weight, _)| format!("{code} {weight}")).collect()
}

#[test]
fn what_has_run_out_and_what_will_within_a_week_is_told() {
    let place = recorded(&RECORDED);
    let told = |at: &str| told(&place, UPDATE, at);
    let early: Vec<_> = told("2026-04-03").into_iter().map(|(_, _, message)| message).collect();
    assert_eq!(
        early,
        [
            "runs out within a week: the action item ai-add-a-lint, recorded as Ongoing, due \
             2026-04-09",
            "runs out within a week: revocation completed (all) will follow by 2026-04-05 \
             12:00 UTC",
        ]
    );
    let late: Vec<_> = told("2026-04-12").into_iter().map(|(_, _, message)| message).collect();
    assert_eq!(
        late,
        [
            "runs out within a week: a full report within 14 days of the first, due 2026-04-15 \
             12:00:00 UTC",
            "has run out: a reply to a question within 7 days, if only to acknowledge it, due \
             2026-04-09 12:00:00 UTC",
            "late with this text: an update by the date that the tracker names, due 2026-04-10",
            "has run out: the action item ai-add-a-lint, recorded as Ongoing, due 2026-04-09",
            "has run out: revocation completed (all) will follow by 2026-04-05 12:00 UTC",
        ]
    );
    assert_eq!(codes(&place, UPDATE, "2026-04-25")[0], "P102 warning");
}

#[test]
fn what_the_text_itself_ends_is_not_told() {
    let place = recorded(&RECORDED);
    // An update before the date, and a text that may be the reply.
    assert!(!codes(&place, UPDATE, "2026-04-08").iter().any(|code| code.starts_with("P10")));
    let report = "## Full Incident Report\n\n### Action Items\n\n\
                  | Action Item | Kind | Due Date | Status |\n|---|---|---|---|\n\
                  | Add a lint | Prevent | 2026-04-09 | Complete |\n";
    let codes = codes(&place, report, "2026-04-12");
    assert!(!codes.iter().any(|code| code.starts_with("P102")), "{codes:?}");
    assert_eq!(codes.iter().filter(|code| code.starts_with("T101")).count(), 1, "the promise");
}

#[test]
fn what_the_record_leaves_open_is_not_told() {
    // Nothing is due of an incident in which nothing was posted, asked or promised.
    let place = recorded(&RECORDED[..1]);
    assert_eq!(codes(&place, UPDATE, "2026-06-01"), Vec::<String>::new());
    // A reply that is recorded ends the clock of its question.
    let mut documents = RECORDED[..5].to_vec();
    documents.push(
        r#"{"kind":"statement.published","incident":"late","occurred":"2026-04-05T12:00Z","body":{
            "id":"1-c2","channel":"bugzilla","url":"https://bugzilla.mozilla.org/show_bug.cgi?id=1",
            "item":2,"form":"update","published":"2026-04-05T12:00Z",
            "speaker":{"capacity":"official","organisation":"Example CA"}}}"#,
    );
    documents.push(
        r#"{"kind":"inquiry.answered","incident":"late","occurred":"2026-04-05T12:00Z",
            "body":{"id":"q1","statement":"1-c2"}}"#,
    );
    documents.push(
        r#"{"kind":"revocation.completed","incident":"late","occurred":"2026-04-04T12:00Z",
            "body":{"set":"all"}}"#,
    );
    let place = recorded(&documents);
    assert_eq!(codes(&place, UPDATE, "2026-04-07"), Vec::<String>::new());
}

#[test]
fn clocks_warn_and_never_refuse() {
    let place = recorded(&RECORDED);
    place.write("draft.md", UPDATE);
    let check = ["check", "draft.md", "--ledger", "L", "--at", "2026-04-12"];
    let run = place.tally(&check).exits(0);
    assert!(run.stdout.contains("warning[P103]: has run out: a reply to a question"), "{run:?}");
    assert!(run.stdout.contains("= note: entry 5: Mozilla asks (question q1)"), "{run:?}");
    place.tally(&[&check[..], &["--strict"]].concat()).exits(1);
    let allowed = ["--strict", "--allow", "P103", "--allow", "P104", "--allow", "T101"];
    place.tally(&[&check[..], &allowed].concat()).exits(0);
    // What is late is posted all the same, and committed.
    let url = "https://bugzilla.mozilla.org/show_bug.cgi?id=1#c2";
    let disclose = ["disclose", "draft.md", "--ledger", "L", "--url", url];
    place.tally(&[&disclose[..], &["--published", "2026-04-12T12:00Z"]].concat()).ok();
}
