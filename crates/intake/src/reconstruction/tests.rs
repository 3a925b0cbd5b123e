//! What becomes of a bug, event by event.

use proptest::prelude::*;
use serde_json::{Value, json};
use tally_ledger::claim::{Assertion, Count};
use tally_ledger::vocabulary::words::{Metric, Strength, Unit};

use super::*;
use crate::bugzilla::{Answer, read};

const OWN: &str = "press@digicert.com";

fn bug(mut value: Value) -> Bug {
    let defaults = json!({
        "id": 7, "summary": "DigiCert: wrong field", "status": "ASSIGNED", "resolution": "",
        "whiteboard": "", "creator": OWN, "creation_time": "2026-01-05T10:00:00Z", "groups": [],
        "comments": [], "history": [], "attachments": []
    });
    for (name, member) in defaults.as_object().unwrap() {
        if !value.as_object().unwrap().contains_key(name) {
            value[name] = member.clone();
        }
    }
    let bytes = value.to_string().into_bytes();
    let fetched = Some("2026-03-01T00:00:00Z".parse().unwrap());
    read(&[Answer { name: "a.json", bytes: &bytes, fetched }]).unwrap().remove(0)
}

fn comment(number: u64, author: &str, hour: u32, text: &str) -> Value {
    json!({"count": number, "creator": author, "raw_text": text,
        "creation_time": format!("2026-01-05T{hour:02}:00:00Z")})
}

fn change(hour: u32, who: &str, fields: &[(&str, &str, &str)]) -> Value {
    let changes: Vec<Value> = fields
        .iter()
        .map(|(name, old, new)| json!({"field_name": name, "removed": old, "added": new}))
        .collect();
    json!({"when": format!("2026-01-06T{hour:02}:00:00Z"), "who": who, "changes": changes})
}

fn of(bugs: &[Bug]) -> Reconstruction {
    let accounts = Accounts::shipped();
    let setting = Setting { accounts: &accounts, tracker: BUGZILLA, about: None, title: None };
    reconstruct(bugs, &setting, |posted| Reading { form: form(posted.text), claims: vec![] })
}

/// The kinds of the events, and their bodies as JSON.
fn shown(whole: &Reconstruction) -> Vec<(String, Value)> {
    let bodies = whole.events.iter().map(|event| {
        let body = Body::decode(&event.kind, &event.body).expect("the vocabulary has it");
        (event.kind.to_string(), body.to_json())
    });
    bodies.collect()
}

#[track_caller]
fn bodies(whole: &Reconstruction, kind: &str) -> Vec<Value> {
    let of_kind = shown(whole).into_iter().filter(|(of, _)| of == kind);
    of_kind.map(|(_, body)| body).collect()
}

#[test]
fn a_bug_becomes_an_incident_with_a_statement_for_each_comment() {
    let report = "## Preliminary Incident Report\n### Summary\n- **Incident description:** x\n";
    let whole = of(&[bug(json!({"comments": [
        comment(0, OWN, 10, report),
        comment(1, "x@mozilla.com", 12, "a question"),
        comment(2, "someone@gmail.com", 12, "a remark"),
        comment(3, "someone@gmail.com", 13, "another"),
    ]}))]);
    let expected = json!([
        ["incident.opened", {"about": {"name": "DigiCert", "ca_owner": "A000021"},
            "title": "wrong field", "bugs": [7], "urls": [], "policies": []}],
        ["statement.published", {"id": "7-c0", "channel": "bugzilla", "item": 0, "claims": [],
            "url": "https://bugzilla.mozilla.org/show_bug.cgi?id=7", "form": "preliminary_report",
            "speaker": {"capacity": "official", "organisation": "DigiCert"},
            "published": {"at": "2026-01-05T10:00:00", "zone": "Z"}, "size": report.len(),
            "digest": Hash::of(report.as_bytes()), "corrects": []}],
    ]);
    let shown = json!(shown(&whole)[..2]);
    assert_eq!(without_empty(shown), without_empty(expected));
    let speakers: Vec<Value> =
        bodies(&whole, "statement.published").iter().map(|body| body["speaker"].clone()).collect();
    assert_eq!(speakers[1]["role"], "root program");
    assert_eq!(speakers[2], json!({"capacity": "participant"}));
    assert_eq!(whole.unknown, BTreeMap::from([("someone@gmail.com".to_owned(), 2)]));
    let incident = &whole.incidents[0];
    assert_eq!((incident.comments, incident.official, incident.edits), (4, 1, 0));
    let digest = Hash::of(report.as_bytes());
    assert_eq!(whole.texts[&digest], report);
    let Basis::Stated(citations) = &whole.events[1].basis else { panic!("stated") };
    let url = "https://bugzilla.mozilla.org/show_bug.cgi?id=7".to_owned();
    let cited = Citation::Web { url, item: Some(0), digest: Some(digest), span: None };
    assert_eq!(citations, &[cited]);
    let name = Some("7-c0.md".to_owned());
    let (size, media_type) = (report.len() as u64, "text/markdown".to_owned());
    assert_eq!(whole.events[1].evidence, [Evidence::File { digest, size, media_type, name }]);
}

/// Leaves out empty lists, which bodies may have or not.
fn without_empty(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(without_empty).collect(),
        Value::Object(members) => {
            let kept = members.into_iter().filter(|(_, value)| *value != json!([]));
            Value::Object(kept.map(|(name, value)| (name, without_empty(value))).collect())
        }
        other => other,
    }
}

#[test]
fn an_edit_becomes_a_revised_statement_with_both_digests() {
    let edit = |hour, old: &str, new: &str| {
        json!({"when": format!("2026-01-06T{hour:02}:00:00Z"), "who": OWN, "changes": [{
            "field_name": "comment_revision", "comment_count": 0, "removed": old, "added": new}]})
    };
    let hidden = "(Hidden by Administrator)";
    let whole = of(&[bug(json!({
        "comments": [comment(0, OWN, 10, "third")],
        "history": [edit(10, "first", hidden), edit(11, hidden, "third")]
    }))]);
    let revised = bodies(&whole, "statement.revised");
    let digest = |text: &str| json!(Hash::of(text.as_bytes()));
    assert_eq!(bodies(&whole, "statement.published")[0]["digest"], digest("first"));
    assert_eq!((&revised[0]["previous"], &revised[0]["digest"]), (&digest("first"), &Value::Null));
    assert_eq!((&revised[1]["previous"], &revised[1]["digest"]), (&Value::Null, &digest("third")));
    assert_eq!(revised[1]["revised"], json!({"at": "2026-01-06T11:00:00", "zone": "Z"}));
    assert_eq!(whole.texts.len(), 2);
    assert_eq!(whole.incidents[0].edits, 2);
}

#[test]
fn action_items_of_official_texts_are_opened_and_followed() {
    let table = |rows: &[&str]| {
        let head = "### Action Items\n| Action Item | Kind | Corresponding Root Cause(s) | \
                    Evaluation Criteria | Due Date | Status |\n|---|---|---|---|---|---|\n";
        format!("{head}{}", rows.concat())
    };
    let lint = |criteria: &str, due: &str, status: &str| {
        format!("| Add a lint | Prevent | Root Cause # 1 | {criteria} | {due} | {status} |\n")
    };
    let texts = [
        table(&[&lint("none passes", "2026-02-01", "Ongoing")]),
        table(&[&lint("none passes", "2026-02-01", "Ongoing")]),
        table(&[&lint("none passes", "2026-03-01", "Delayed")]),
        table(&[&lint("few pass", "2026-03-01", "Complete")]),
        table(&["| Something else | Prevent | x | y | 2026-03-01 | Value of it |\n"]),
    ];
    let by = [OWN, OWN, OWN, OWN, OWN];
    let posted: Vec<Value> = (0..)
        .zip(texts.iter().zip(by))
        .map(|(n, (text, by))| comment(n, by, 10 + u32::try_from(n).unwrap(), text))
        .chain([comment(5, "x@gmail.com", 20, &table(&[&lint("x", "2026-04-01", "Canceled")]))])
        .collect();
    let whole = of(&[bug(json!({ "comments": posted }))]);
    let acts: Vec<(String, Value)> =
        shown(&whole).into_iter().filter(|(kind, _)| kind.starts_with("action")).collect();
    let opened = |criteria: &str, due: &str, status: &str| {
        json!({"id": "ai-add-a-lint", "text": "Add a lint", "kind": "Prevent",
            "root_causes": ["Root Cause # 1"], "criteria": criteria, "due": {"at": due},
            "status": status})
    };
    let status = json!({"id": "ai-add-a-lint", "status": "Delayed", "due": {"at": "2026-03-01"}});
    let expected = [
        ("action.opened".to_owned(), opened("none passes", "2026-02-01", "Ongoing")),
        ("action.status".to_owned(), status),
        ("action.opened".to_owned(), opened("few pass", "2026-03-01", "Complete")),
    ];
    assert_eq!(acts, expected);
    let event = whole.events.iter().find(|event| event.kind.family() == "action").unwrap();
    let Basis::Stated(cited) = &event.basis else { panic!("stated") };
    let Citation::Web { item: Some(0), span: Some((start, end)), .. } = cited[0] else {
        panic!("{cited:?}")
    };
    let span = usize::try_from(start).unwrap()..usize::try_from(end).unwrap();
    assert!(texts[0][span].contains("Add a lint"));
}

#[test]
fn a_capture_of_all_comments_is_a_measurement_of_the_observer() {
    let whole = of(&[bug(json!({"comments": [comment(0, OWN, 10, "x")]}))]);
    let event = whole.events.last().unwrap();
    assert_eq!((event.kind.as_str(), &event.basis), ("measurement.taken", &Basis::Own));
    assert_eq!(event.occurred.as_ref().unwrap().at(), "2026-03-01T00:00:00");
    let taken = &bodies(&whole, "measurement.taken")[0];
    assert_eq!(taken["what"], "tracker");
    assert_eq!(taken["url"], "https://bugzilla.mozilla.org/show_bug.cgi?id=7");
    // Comment 0 is missing: the capture does not show all of them.
    let whole = of(&[bug(json!({"comments": [comment(1, OWN, 10, "x")]}))]);
    assert_eq!(bodies(&whole, "measurement.taken"), [Value::Null; 0]);
}

#[test]
fn fields_become_changes_and_name_no_person() {
    let whole = of(&[bug(json!({
        "whiteboard": "[ca-compliance] Next update 2026-02-20",
        "history": [
            change(9, "x@mozilla.com", &[
                ("whiteboard", "", "[ca-compliance] Next update 2026-02-10"),
                ("assigned_to", "nobody@mozilla.org", OWN),
                ("cc", "", "person@gmail.com"),
                ("flagtypes.name", "", "needinfo?(press@digicert.com), qe-verify+"),
            ]),
            change(10, OWN, &[("flagtypes.name", "needinfo?(press@digicert.com)",
                "needinfo?(person@gmail.com), needinfo?")]),
            change(11, "person@gmail.com", &[("whiteboard",
                "[ca-compliance] Next update 2026-02-10", "[ca-compliance] Next update 2026-02-20"),
                ("summary", "DigiCert: field", "DigiCert: wrong field")]),
        ]
    }))]);
    let mut changed = bodies(&whole, "tracker.changed");
    changed.sort_by_key(|body| body["field"].to_string());
    let due = |at: &str| json!({"at": at});
    let expected = json!([
        {"field": "assignee", "bug": 7, "new": "DigiCert", "by": "Mozilla"},
        {"field": "needinfo", "bug": 7, "new": "DigiCert", "by": "Mozilla"},
        {"field": "needinfo", "bug": 7, "old": "DigiCert", "new": "an unknown account, anybody",
            "by": "DigiCert"},
        {"field": "next_update", "bug": 7, "new": "Next update 2026-02-10",
            "due": due("2026-02-10"), "by": "Mozilla"},
        {"field": "next_update", "bug": 7, "old": "Next update 2026-02-10",
            "new": "Next update 2026-02-20", "due": due("2026-02-20")},
        {"field": "summary", "bug": 7, "old": "DigiCert: field", "new": "DigiCert: wrong field"},
        {"field": "whiteboard", "bug": 7, "new": "[ca-compliance] Next update 2026-02-10",
            "by": "Mozilla"},
        {"field": "whiteboard", "bug": 7, "old": "[ca-compliance] Next update 2026-02-10",
            "new": "[ca-compliance] Next update 2026-02-20"},
    ]);
    assert_eq!(json!(changed), expected);
    assert!(!format!("{:?}", whole.events).contains('@'), "an event holds a login name");
}

#[test]
fn a_bug_is_closed_and_opened_again() {
    let whole = of(&[bug(json!({"history": [
        change(9, "x@mozilla.com", &[("status", "ASSIGNED", "RESOLVED"),
            ("resolution", "", "FIXED")]),
        change(10, "x@mozilla.com", &[("status", "RESOLVED", "VERIFIED")]),
        change(11, "y@gmail.com", &[("resolution", "FIXED", ""),
            ("status", "VERIFIED", "REOPENED")]),
        change(12, "x@mozilla.com", &[("resolution", "", "INVALID")]),
    ]}))]);
    let closed = bodies(&whole, "incident.closed");
    assert_eq!(closed[0], json!({"by": "Mozilla", "resolution": "FIXED"}));
    assert_eq!(closed[1], json!({"by": "Mozilla", "resolution": "INVALID"}));
    let reopened = bodies(&whole, "incident.reopened");
    let why = "the tracker gives no reason; its status changed to REOPENED";
    assert_eq!(reopened, [json!({"why": why})]);
    let kinds: Vec<String> = shown(&whole).into_iter().map(|(kind, _)| kind).collect();
    let last = ["tracker.changed", "tracker.changed", "incident.closed"];
    assert_eq!(kinds[1..4], last.map(str::to_owned));
}

#[test]
fn a_whiteboard_that_never_changed_was_there_from_the_start() {
    let whole = of(&[bug(json!({"whiteboard": "Next update 2026-02-10"}))]);
    let changed = bodies(&whole, "tracker.changed");
    assert_eq!(changed.len(), 2, "{changed:?}");
    for event in whole.events.iter().filter(|event| event.kind.family() == "tracker") {
        assert_eq!(event.occurred.as_ref().unwrap().at(), "2026-01-05T10:00:00");
    }
}

#[test]
fn without_a_history_what_is_has_come_to_be_at_some_time() {
    let value = json!({"whiteboard": "[ca-compliance]", "status": "RESOLVED",
        "resolution": "FIXED", "history": null});
    let mut closed = bug(value.clone());
    assert!(closed.missing.contains(&Missing::History));
    let occurred = |bug: &Bug| -> Vec<(String, String)> {
        let events = of(std::slice::from_ref(bug)).events;
        events
            .iter()
            .map(|e| (e.kind.to_string(), e.occurred.clone().unwrap().to_string()))
            .collect()
    };
    let range = "2026-01-05 10:00:00 to 2026-03-01 00:00:00 UTC";
    let kinds = ["incident.opened", "tracker.changed", "tracker.changed", "incident.closed"];
    let found = &occurred(&closed)[..4];
    assert_eq!(found.iter().map(|(kind, _)| &**kind).collect::<Vec<_>>(), kinds);
    assert!(found[1..].iter().all(|(_, at)| at == range), "{found:?}");
    let resolved = "2026-02-01T00:00:00Z".parse().unwrap();
    closed.details.as_mut().unwrap().resolved = Some(resolved);
    assert_eq!(occurred(&closed)[3].1, "2026-02-01 00:00:00 UTC");
}

#[test]
fn an_organisation_that_is_not_known_is_named_as_the_title_has_it() {
    for (summary, name, title) in [
        ("Unheard Of CA: x", "Unheard Of CA", "Unheard Of CA: x"),
        ("SwissSign - x", "unknown organisation", "SwissSign - x"),
        (": x", "unknown organisation", ": x"),
        ("", "unknown organisation", "bug 7"),
    ] {
        let whole = of(&[bug(json!({"summary": summary, "comments": [comment(0, OWN, 10, "x")]}))]);
        let opened = &bodies(&whole, "incident.opened")[0];
        assert_eq!((&opened["about"]["name"], &opened["title"]), (&json!(name), &json!(title)));
        assert!(!whole.incidents[0].about_known);
        assert_eq!(whole.incidents[0].official, 0);
    }
    let accounts = Accounts::shipped();
    let (about, title) = (Some("digicert"), Some("A title"));
    let setting = Setting { accounts: &accounts, tracker: "https://bugs.example", about, title };
    let of_title = bug(json!({"summary": "x", "comments": [comment(0, OWN, 10, "x")]}));
    let whole = reconstruct(&[of_title], &setting, |_| Reading::default());
    let opened = &bodies(&whole, "incident.opened")[0];
    assert_eq!(opened["about"]["name"], "DigiCert");
    assert_eq!(opened["title"], "A title");
    assert_eq!(opened["urls"], json!(["https://bugs.example/show_bug.cgi?id=7"]));
    assert_eq!(whole.incidents[0].official, 1);
}

#[test]
fn the_order_depends_on_time_then_kind_then_number() {
    let one = json!({"id": 7, "comments": [comment(1, OWN, 11, "b"), comment(0, OWN, 10, "a")]});
    let other = json!({"id": 8, "comments": [comment(0, OWN, 10, "c")]});
    let (one, other) = (bug(one), bug(other));
    let whole = of(&[one.clone(), other.clone()]);
    let order: Vec<(&str, &str)> =
        whole.events.iter().map(|e| (e.kind.as_str(), e.feeds[0].as_str())).collect();
    let (opened, said) = ("incident.opened", "statement.published");
    assert_eq!(order[..5], [(opened, "7"), (opened, "8"), (said, "7"), (said, "8"), (said, "7")]);
    assert_eq!(of(&[other, one]).events, whole.events, "the order of the bugs is of no account");
}

fn claim(origin: Origin) -> Claim {
    Claim {
        assertion: Assertion::Count(Count {
            metric: Metric::Affected,
            unit: Unit::Certificates,
            value: 1,
        }),
        origin,
        text: Some("x".repeat(200)),
        span: Some([0, 1]),
        strength: Strength::Firm,
        qualifier: None,
        scope: None,
        condition: None,
        extra: BTreeMap::new(),
    }
}

#[test]
fn claims_that_no_entry_has_room_for_are_left_out_and_counted() {
    let bug = bug(json!({"comments": [comment(0, OWN, 10, "text")]}));
    let accounts = Accounts::shipped();
    let setting = Setting { accounts: &accounts, tracker: BUGZILLA, about: None, title: None };
    let whole = reconstruct(&[bug], &setting, |posted| {
        assert_eq!((posted.text, posted.revision, posted.bug.number), ("text", 0, 7));
        let suggested = vec![claim(Origin::Suggested); 300];
        let claims = [suggested, vec![claim(Origin::Parsed); 100]].concat();
        Reading { form: None, claims }
    });
    let claims = bodies(&whole, "statement.published")[0]["claims"].as_array().unwrap().len();
    let statement = "7-c0".to_owned();
    assert_eq!(whole.left_out, [LeftOut::Claims { statement, count: 400 - claims }]);
    assert_eq!(whole.incidents[0].claims, claims);
    let said = whole.events.iter().find(|event| event.kind.family() == "statement");
    let Some(event) = said else { panic!("a statement") };
    let body = Body::decode(&event.kind, &event.body).unwrap();
    let parsed = body.claims().iter().filter(|claim| claim.origin == Origin::Parsed).count();
    assert_eq!(parsed, 100, "suggestions give way");
    let held = size(event);
    assert!((60_000..=ENTRY_MAX - ENVELOPE_BYTES).contains(&held), "{held}");
}

#[test]
fn a_field_longer_than_an_entry_is_cut_and_said() {
    let long = "é".repeat(FIELD_BYTES_MAX);
    let whole = of(&[bug(json!({"whiteboard": long, "summary": format!("DigiCert: {long}")}))]);
    assert_eq!(whole.left_out.len(), 2, "{:?}", whole.left_out);
    assert!(whole.events.iter().all(|event| size(event) < ENTRY_MAX / 2));
}

proptest! {
    #[test]
    fn every_event_is_one_that_a_ledger_takes(
        summary in "(DigiCert: )?\\PC{0,20}",
        boards in prop::collection::vec("(Next update )?[0-9 .-]{0,12}", 3),
        texts in prop::collection::vec("\\PC{0,20}", 1..4),
        status in "(RESOLVED|ASSIGNED|)",
        has_history in any::<bool>(),
    ) {
        let comments: Vec<Value> =
            (0..).zip(&texts).map(|(number, text)| comment(number, OWN, 10, text)).collect();
        let history = json!([
            change(1, OWN, &[("whiteboard", &boards[0], &boards[1]), ("status", "", &status)]),
            change(2, &summary, &[("whiteboard", &boards[1], &boards[2]), ("status", &status, "")]),
        ]);
        let history = if has_history { history } else { Value::Null };
        let whole = of(&[bug(json!({"summary": summary, "whiteboard": boards[2], "status": status,
            "comments": comments, "history": history}))]);
        for event in &whole.events {
            Body::decode(&event.kind, &event.body).unwrap();
            let payload = Payload {
                seq: 1,
                prev: Some(Hash([0; 32])),
                feeds: event.feeds.iter().map(|feed| (feed.clone(), None)).collect(),
                recorded: Instant::from_unix(0).unwrap(),
                event: event.clone(),
            };
            Payload::from_value(&payload.to_value()).unwrap();
        }
        let named = whole.events.iter().flat_map(|event| &event.evidence);
        for evidence in named {
            let Evidence::File { digest, size, .. } = evidence else { panic!("a file") };
            prop_assert_eq!(whole.texts[digest].len() as u64, *size);
        }
    }
}

/// A list by the guidelines, of three certificates, all of them revoked.
fn list() -> String {
    let head: Vec<_> = crate::certificates::Column::GUIDELINES.map(|(_, name)| name).into();
    let row = |n: usize| format!(",{n:064x},,,2026-01-01,2026-09-01,a{n},,Yes,2026-01-0{n},\n");
    format!("{}\n{}", head.join(","), (1..=3).map(row).collect::<String>())
}

fn attached(text: &[u8], name: &str, creator: &str) -> Reconstruction {
    let data = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
    of(&[bug(json!({"attachments": [{"id": 9, "bug_id": 7, "file_name": name, "data": data,
        "content_type": "text/csv", "creator": creator, "is_private": 0, "is_obsolete": 0,
        "creation_time": "2026-01-05T11:00:00Z"}]}))])
}

#[test]
fn an_attached_list_becomes_a_statement_that_counts() {
    let text = list();
    let whole = attached(text.as_bytes(), "affected.csv", OWN);
    let [body] = bodies(&whole, "statement.published").try_into().unwrap();
    assert_eq!(body["url"], "https://bugzilla.mozilla.org/attachment.cgi?id=9");
    assert_eq!((&body["id"], &body["form"]), (&json!("7-a9"), &json!("certificate_list")));
    assert_eq!(body["digest"], json!(Hash::of(text.as_bytes())));
    let claims = body["claims"].as_array().unwrap();
    assert_eq!((&claims[0]["says"], &claims[0]["value"]), (&json!("count"), &json!(3)));
    assert_eq!(claims[0]["origin"], "parsed");
    let at = |index: usize| usize::try_from(claims[0]["span"][index].as_u64().unwrap()).unwrap();
    let rows = text.split_once('\n').unwrap().1.trim_end();
    assert_eq!(&text[at(0)..at(1)], rows);
    assert_eq!(
        (&claims[1]["kind"], &claims[1]["origin"]),
        (&json!("revocation.completed"), &json!("suggested"))
    );
    assert_eq!(claims[1]["when"]["at"], "2026-01-03");
    assert_eq!(whole.texts[&Hash::of(text.as_bytes())], text);
    assert_eq!((whole.incidents[0].lists, whole.left_out.len()), (1, 0));
}

#[test]
fn of_a_list_that_is_not_sure_the_count_is_suggested() {
    let twice = list() + list().lines().nth(1).unwrap() + "\n";
    let unread = list() + ",,x\n";
    let other = list().replace("Subject", "Customer");
    for (text, name) in [
        (list(), "affected_part_1.csv"),
        (list(), "1 of 2.csv"),
        (twice, "affected.csv"),
        (unread, "affected.csv"),
        (other, "affected.csv"),
    ] {
        let whole = attached(text.as_bytes(), name, OWN);
        let body = &bodies(&whole, "statement.published")[0];
        let origins = body["claims"].as_array().unwrap().iter().map(|claim| &claim["origin"]);
        assert!(
            origins.clone().count() >= 1 && origins.clone().all(|of| of == "suggested"),
            "{name} {text}"
        );
    }
    let by_another = attached(list().as_bytes(), "affected.csv", "someone@gmail.com");
    let body = &bodies(&by_another, "statement.published")[0];
    assert!(body["claims"].as_array().is_none_or(Vec::is_empty), "{body:#}");
}

#[test]
fn what_is_not_understood_of_an_attachment_is_left_out_aloud() {
    for (text, why) in [
        (&b"caf\xe9"[..], "bug 7: attachment 9 (a.csv): it is not text in UTF-8"),
        (b"Name,Mail\na,b\n", "bug 7: attachment 9 (a.csv): it names no certificate"),
    ] {
        let whole = attached(text, "a.csv", OWN);
        assert_eq!(whole.left_out.iter().map(ToString::to_string).collect::<Vec<_>>(), [why]);
        assert_eq!(bodies(&whole, "statement.published"), Vec::<Value>::new());
    }
    let told = attached((list() + ",,x\n").as_bytes(), "a.csv", OWN).left_out[0].to_string();
    let expected = "bug 7: attachment 9 (a.csv): not understood: 1 in all, the first in \
                    line 5: fewer cells than columns";
    assert_eq!(told, expected);
}

#[test]
fn what_a_text_suggests_is_proposed_once_with_its_words_and_not_an_event() {
    let row = "- 2026-01-04 09:00 We became aware of the problem.\n";
    let report = format!(
        "## Full Incident Report\n\n### Summary\n- **Source of incident disclosure:** Self \
         reported\n\n### Timeline\nAll times are UTC.\n\n{row}"
    );
    let accounts = Accounts::shipped();
    let setting = Setting { accounts: &accounts, tracker: BUGZILLA, about: None, title: None };
    let bug = bug(json!({"comments": [
        comment(0, OWN, 10, &report),
        comment(1, "x@mozilla.com", 12, "Was it all? How was it found?"),
        comment(2, OWN, 13, &format!("Was it clear? Again:\n\n{report}")),
        comment(3, "x@mozilla.com", 14, "Was it all? How was it found?"),
    ]}));
    let read = |posted: &Posted<'_>| Reading {
        form: None,
        claims: crate::claims::read(posted.text, posted.comment.time),
    };
    let whole = reconstruct(&[bug], &setting, read);
    let found: Vec<_> = whole.proposals.iter().map(|p| (p.kind.as_str(), &*p.statement)).collect();
    let expected =
        [("incident.awareness", "7-c0"), ("inquiry.asked", "7-c1"), ("inquiry.asked", "7-c3")];
    assert_eq!(found, expected);
    let first = &whole.proposals[0];
    assert_eq!(first.body["source"], "Self Reported");
    assert_eq!(first.quotation, "\"We became aware of the problem.\"");
    let Citation::Web { span: Some((start, end)), .. } = first.citation else { panic!("a span") };
    let at = |at: u64| usize::try_from(at).unwrap();
    assert_eq!(report[at(start)..at(end)].trim(), row.trim());
    for kind in ["incident.awareness", "inquiry.asked"] {
        assert_eq!(bodies(&whole, kind), Vec::<Value>::new());
    }
}

#[test]
fn of_which_set_a_revocation_was_completed_is_left_to_the_reviewer_where_no_word_says_it() {
    for set in [Some("all"), None] {
        let accounts = Accounts::shipped();
        let setting = Setting { accounts: &accounts, tracker: BUGZILLA, about: None, title: None };
        let bug = bug(json!({"comments": [comment(0, OWN, 10, "It was revoked.")]}));
        let when: When = "2026-01-05T08:00Z".parse().unwrap();
        let claim = |subject: Option<&str>| {
            let kind = "revocation.completed".parse().unwrap();
            let subject = subject.map(str::to_owned);
            let occurred = tally_ledger::claim::Occurred { kind, when: when.clone(), subject };
            Claim {
                assertion: Assertion::Occurred(occurred),
                origin: Origin::Suggested,
                text: Some("\"revoked\"".to_owned()),
                span: Some([0, 4]),
                strength: Strength::Firm,
                qualifier: None,
                scope: None,
                condition: None,
                extra: BTreeMap::new(),
            }
        };
        let read = |_: &Posted<'_>| Reading { form: None, claims: vec![claim(set)] };
        let whole = reconstruct(&[bug], &setting, read);
        let [proposal] = whole.proposals.as_slice() else { panic!("{:?}", whole.proposals) };
        assert_eq!(proposal.body.get("set").and_then(Value::as_str), set);
        assert_eq!(proposal.lacks.map(|(member, _)| member), set.is_none().then_some("set"));
    }
}
