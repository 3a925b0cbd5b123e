//! Answers in every shape that the interface and its dumps have, and in shapes that it has not.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const T0: &str = "2026-01-05T10:00:00Z";
const T1: &str = "2026-01-06T10:00:00Z";
const T2: &str = "2026-01-07T10:00:00Z";
const T3: &str = "2026-01-08T10:00:00Z";

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

fn bugs(answers: &[(&Value, Option<&str>)]) -> Result<Vec<Bug>, ReadError> {
    let bytes: Vec<Vec<u8>> = answers.iter().map(|(v, _)| v.to_string().into_bytes()).collect();
    let answers: Vec<Answer> = answers
        .iter()
        .zip(&bytes)
        .map(|((_, fetched), bytes)| Answer { name: "a.json", bytes, fetched: fetched.map(at) })
        .collect();
    read(&answers)
}

fn bug_of(answers: &[&Value]) -> Bug {
    let answers: Vec<_> = answers.iter().map(|value| (*value, None)).collect();
    let mut bugs = bugs(&answers).unwrap();
    assert_eq!(bugs.len(), 1, "{bugs:#?}");
    bugs.remove(0)
}

#[track_caller]
fn refused(answers: &[&Value], message: &str) {
    let answers: Vec<_> = answers.iter().map(|value| (*value, None)).collect();
    assert_eq!(bugs(&answers).unwrap_err().to_string(), message);
}

fn fields() -> Value {
    json!({
        "id": 7, "summary": "Example CA: wrong field", "status": "ASSIGNED", "resolution": "",
        "whiteboard": "[ca-compliance] Next update 2026-02-01", "creator": "ca@ca.example",
        "assigned_to": "ca@ca.example", "creation_time": T0, "comment_count": 2, "groups": [],
        "alias": null, "cf_last_resolved": null, "cf_unknown": {"deep": [1, 2.5]}
    })
}

fn comment(number: u64, text: &str) -> Value {
    json!({
        "id": 100 + number, "bug_id": 7, "count": number, "text": text, "raw_text": text,
        "creator": "ca@ca.example", "author": "ca@ca.example", "time": T0, "creation_time": T0,
        "is_private": false, "attachment_id": null, "tags": [], "reactions": {}
    })
}

fn comments() -> Value {
    json!([comment(0, "the report\n"), comment(1, "an update")])
}

fn history() -> Value {
    json!([
        {"when": T1, "who": "root@program.example", "changes": [
            {"field_name": "whiteboard", "removed": "", "added": "[ca-compliance]"},
            {"field_name": "comment_tag", "removed": "", "added": "x", "comment_count": 1}]},
        {"when": T2, "who": "ca@ca.example", "changes": [edit(1, "an updat", "an update")]}
    ])
}

fn edit(number: u64, removed: &str, added: &str) -> Value {
    json!({"field_name": "comment_revision", "removed": removed, "added": added,
        "comment_count": number, "comment_id": 100 + number})
}

fn attachments() -> Value {
    json!([{"id": 9, "bug_id": 7, "file_name": "certs.csv", "summary": "affected certificates",
        "content_type": "text/csv", "size": 12, "creator": "ca@ca.example", "creation_time": T0,
        "is_private": 0, "is_obsolete": 1, "is_patch": 0, "flags": []}])
}

fn apart() -> [Value; 4] {
    [
        json!({"bugs": [fields()], "faults": []}),
        json!({"bugs": {"7": {"comments": comments()}}, "comments": {}}),
        json!({"bugs": [{"id": 7, "alias": null, "history": history()}]}),
        json!({"bugs": {"7": attachments()}, "attachments": {}}),
    ]
}

/// The same bug in one object, as `_extra` fields give it.
fn together() -> Value {
    let mut bug = fields();
    bug["comments"] = comments();
    bug["history"] = history();
    bug["attachments"] = attachments();
    bug
}

#[test]
fn every_shape_gives_the_same_bug() {
    let [bug, comments, history, attachments] = apart();
    let expected = bug_of(&[&bug, &comments, &history, &attachments]);
    assert_eq!(expected.missing, []);
    assert_eq!(expected.details.as_ref().unwrap().whiteboard, Some(text(&fields(), "whiteboard")));
    let extra = together();
    let singly = json!({"bugs": {}, "comments": {"100": comment(0, "the report\n"),
        "101": comment(1, "an update")}});
    let alias = {
        let mut bug = fields();
        bug["alias"] = json!(["wrong-field"]);
        json!({"bugs": [bug]})
    };
    for answers in [
        vec![&extra],
        vec![&json!({"bugs": [extra]})],
        vec![&json!([extra])],
        vec![&json!([attachments, history, comments, bug])],
        vec![&json!({"bug": bug, "comments": comments, "history": history,
            "attachments": attachments})],
        vec![&json!({"bug": fields(), "comments": super::tests::comments(),
            "history": super::tests::history(), "attachments": super::tests::attachments()})],
        vec![&alias, &singly, &history, &json!(super::tests::attachments())],
        vec![&attachments, &comments, &comments, &history, &history, &bug],
    ] {
        assert_eq!(bug_of(&answers), expected, "{answers:?}");
    }
}

fn text(object: &Value, name: &str) -> String {
    object[name].as_str().unwrap().to_owned()
}

#[test]
fn a_dump_with_fewer_members_is_read_and_says_what_it_lacks() {
    let lean = json!([{"id": 7, "summary": "Example CA: x", "comments": [
        {"count": 0, "text": "the report", "id": 1, "creation_time": T0, "author": "a@b.example"}
    ]}]);
    let bug = bug_of(&[&lean]);
    assert_eq!(bug.comments[0].text(), Some("the report"));
    assert_eq!(bug.missing, [Missing::History, Missing::Attachments]);
    assert_eq!(bug.details.unwrap().status, None, "an absent field is not an empty one");
}

#[test]
fn what_was_not_captured_is_named() {
    let [fields, comments, history, _] = apart();
    let bug = bug_of(&[&history]);
    let of_others = Missing::EditsOfOthers { count: 1 };
    let lists = [Missing::Details, Missing::Comments, Missing::Attachments];
    assert_eq!(bug.missing, [&lists[..], &[of_others]].concat());
    let mut more = fields.clone();
    more["bugs"][0]["comment_count"] = json!(40);
    let bug = bug_of(&[&more, &comments]);
    let numbers = (2..22).collect();
    assert!(bug.missing.contains(&Missing::SomeComments { numbers, count: 38 }), "{bug:#?}");
    let gap = json!([comment(0, "a"), comment(3, "b")]);
    let bug = bug_of(&[&fields, &json!({"bugs": {"7": {"comments": gap}}})]);
    let text = bug.missing[2].to_string();
    assert_eq!(text, "2 of its comments were not captured: 1, 2", "{bug:#?}");
    assert!(bug_of(&[&fields]).missing.contains(&Missing::History));
}

#[test]
fn private_items_are_left_out_and_counted() {
    let mut hidden = comment(1, "for insiders");
    for mark in [json!(true), json!(1)] {
        hidden["is_private"] = mark.clone();
        let mut paper = attachments();
        paper[0]["is_private"] = mark;
        let bug = bug_of(&[&json!({
            "id": 7, "comments": [comment(0, "public"), hidden], "attachments": paper,
            "history": [{"when": T1, "who": "x@y.example", "changes": [edit(1, "old", "new")]}]
        })]);
        assert_eq!((bug.comments.len(), bug.private_comments), (1, 1));
        assert_eq!((bug.attachments.len(), bug.private_attachments), (0, 1));
        assert_eq!(bug.missing, [Missing::Details], "a private comment is not a missing one");
        assert!(!format!("{bug:?}").contains("insiders"));
    }
    // Public in one answer and private in another: private.
    let public = comment(1, "for insiders");
    let twice = json!({"id": 7, "comments": [hidden, public]});
    assert_eq!(bug_of(&[&twice]).private_comments, 1);
}

#[test]
fn the_text_alone_is_preferred_to_the_text_with_what_the_tracker_adds() {
    let mut with = comment(0, "see the list");
    with["text"] = json!("Created attachment 9\ncerts.csv\n\nsee the list");
    with["attachment_id"] = json!(9);
    let later = json!({"id": 7, "comments": [{
        "count": 0, "text": with["text"], "author": "ca@ca.example", "time": T0}]});
    let bug = bug_of(&[&json!({"id": 7, "comments": [with]}), &later]);
    assert_eq!(bug.comments[0].revisions.len(), 1, "the other form is no edit");
    assert_eq!(bug.comments[0].text(), Some("see the list"));
    assert_eq!(bug.comments[0].attachment, Some(9));
}

fn revised(texts: &[&str], changes: &Value) -> Comment {
    let observed: Vec<Value> = texts.iter().map(|text| comment(0, text)).collect();
    let answer = json!({"id": 7, "comments": observed, "history": changes});
    bug_of(&[&answer]).comments.remove(0)
}

fn shown_texts(comment: &Comment) -> Vec<Option<&str>> {
    comment.revisions.iter().map(|revision| revision.text.as_deref()).collect()
}

#[test]
fn every_revision_is_there_in_order_with_its_time() {
    let group = |when, edit: Value| json!({"when": when, "who": "x@y.example", "changes": [edit]});
    let changes = json!([group(T1, edit(0, "a", "b")), group(T2, edit(0, "b", "c"))]);
    let comment = revised(&["c"], &changes);
    assert_eq!(shown_texts(&comment), [Some("a"), Some("b"), Some("c")]);
    let since: Vec<Since> = comment.revisions.iter().map(|revision| revision.since).collect();
    assert_eq!(since, [Since::First, Since::Edited(at(T1)), Since::Edited(at(T2))]);
    let reversed = json!([changes[1], changes[0]]);
    assert_eq!(revised(&["c"], &reversed), comment, "the order in the answer is of no account");
    // An edit back to an earlier text.
    let back = json!([group(T1, edit(0, "a", "b")), group(T2, edit(0, "b", "a"))]);
    assert_eq!(shown_texts(&revised(&["a"], &back)), [Some("a"), Some("b"), Some("a")]);
    // Three edits in one second, out of order.
    let second = [edit(0, "a", "b"), edit(0, "c", "d"), edit(0, "b", "c")];
    let second = json!([{"when": T1, "who": "x@y.example", "changes": second}]);
    let texts = [Some("a"), Some("b"), Some("c"), Some("d")];
    assert_eq!(shown_texts(&revised(&["d"], &second)), texts);
}

#[test]
fn a_hidden_text_is_hidden_and_no_text_of_its_own() {
    let hidden = "(Hidden by Administrator)";
    let changes = json!([
        {"when": T1, "who": "x@y.example", "changes": [edit(0, "a", hidden)]},
        {"when": T2, "who": "x@y.example", "changes": [edit(0, hidden, "c")]}
    ]);
    let answer = json!({"id": 7, "comments": [comment(0, "c")], "history": changes});
    let bug = bug_of(&[&answer]);
    assert_eq!(shown_texts(&bug.comments[0]), [Some("a"), None, Some("c")]);
    assert!(bug.missing.contains(&Missing::Hidden { comment: 0, count: 1 }));
    assert!(!bug.missing.contains(&Missing::Edit { comment: 0 }));
}

#[test]
fn an_edit_that_the_history_lacks_shows_as_a_gap() {
    let group = |edit: Value| json!([{"when": T2, "who": "x@y.example", "changes": [edit]}]);
    let later = revised(&["c"], &group(edit(0, "a", "b")));
    assert_eq!(shown_texts(&later), [Some("a"), Some("b"), Some("c")]);
    assert_eq!(later.revisions[2].since, Since::Between { after: at(T2), by: None });
    let two = json!([group(edit(0, "a", "b"))[0], {"when": T3, "who": "x@y.example",
        "changes": [edit(0, "c", "d")]}]);
    let between = revised(&["d"], &two);
    assert_eq!(shown_texts(&between), [Some("a"), Some("b"), Some("c"), Some("d")]);
    assert_eq!(between.revisions[2].since, Since::Between { after: at(T2), by: Some(at(T3)) });
    let answer =
        json!({"id": 7, "comments": [comment(0, "c")], "history": group(edit(0, "a", "b"))});
    assert!(bug_of(&[&answer]).missing.contains(&Missing::Edit { comment: 0 }));
}

#[test]
fn two_captures_of_one_comment_show_an_edit_between_them() {
    let captured = |text| json!({"bugs": {"7": {"comments": [comment(0, text)]}}});
    let (first, second) = (captured("before"), captured("after"));
    // Given in the wrong order, and ordered by when they were fetched.
    let bug = bugs(&[(&second, Some(T3)), (&first, Some(T1))]).unwrap().remove(0);
    assert_eq!(shown_texts(&bug.comments[0]), [Some("before"), Some("after")]);
    let between = Since::Between { after: at(T1), by: Some(at(T3)) };
    assert_eq!(bug.comments[0].revisions[1].since, between);
    assert_eq!(bug.fetched, Some((at(T1), at(T3))));
    let captures: Vec<Instant> = bug.captures.iter().map(|capture| capture.fetched).collect();
    assert_eq!(captures, [at(T1), at(T3)]);
    let bytes = first.to_string();
    assert_eq!(bug.captures[0].digest, Hash::of(bytes.as_bytes()));
    assert_eq!(bug.captures[0].size, bytes.len() as u64);
    let same = bugs(&[(&first, Some(T1)), (&first, Some(T3))]).unwrap().remove(0);
    assert_eq!(same.comments[0].revisions.len(), 1);
    // A recorded edit explains both captures, whatever the fetching clock said.
    let changes = json!([{"when": T2, "who": "x@y.example",
        "changes": [edit(0, "before", "after")]}]);
    let history = json!({"bugs": [{"id": 7, "history": changes}]});
    for (fetched, again) in [(T1, T3), (T2, T2), (T3, T3)] {
        let answers = [(&first, Some(fetched)), (&second, Some(again)), (&history, Some(again))];
        let bug = bugs(&answers).unwrap().remove(0);
        assert_eq!(bug.comments[0].revisions.len(), 2, "{fetched} {again}");
        assert!(!bug.missing.contains(&Missing::Edit { comment: 0 }));
    }
    // Put back after the history was fetched.
    let answers = [(&history, Some(T2)), (&second, Some(T2)), (&first, Some(T3))];
    let bug = bugs(&answers).unwrap().remove(0);
    assert_eq!(shown_texts(&bug.comments[0]), [Some("before"), Some("after"), Some("before")]);
}

#[test]
fn a_renamed_account_keeps_its_first_name() {
    let mut renamed = comment(0, "x");
    renamed["creator"] = json!("ca@disabled.example");
    renamed["author"] = json!("ca@disabled.example");
    let bug = bug_of(&[&json!({"id": 7, "comments": [comment(0, "x"), renamed]})]);
    assert_eq!(bug.comments[0].author, "ca@ca.example");
    assert!(bug.missing.contains(&Missing::Renamed { comment: 0 }));
}

#[test]
fn what_the_tracker_refused_is_said_in_its_words() {
    let error = json!({"error": true, "message": "Bug #7 does not exist.", "code": 101,
        "documentation": "https://tracker.example/docs"});
    let said = "a.json: the tracker answered with error 101: \"Bug #7 does not exist.\"";
    refused(&[&error], said);
    refused(&[&json!([fields(), error])], said);
    let fault = json!({"bugs": [], "faults": [{"id": 7, "faultCode": 102, "faultString": "no"}]});
    refused(&[&fault], "a.json: the tracker answered with error 102: \"no\"");
    let page = b"414 Request-URI Too Large";
    let answer = Answer { name: "bug.json", bytes: page, fetched: None };
    let error = read(&[answer]).unwrap_err().to_string();
    let start =
        "bug.json: expected JSON of the REST interface, found \"414 Request-URI Too Large\"";
    assert!(error.starts_with(start), "{error}");
}

#[test]
fn a_member_that_is_missing_or_contradicts_is_named_with_its_place() {
    let holder = |comment: Value| json!({"bugs": {"7": {"comments": [comment]}}});
    let with = |name: &str, value: Value| {
        let mut comment = comment(0, "x");
        comment[name] = value;
        holder(comment)
    };
    let path = "a.json: bugs.7.comments[0]";
    for (answer, message) in [
        (with("count", Value::Null), ".count: expected this member, found nothing"),
        (
            with("count", json!("0")),
            ".count: expected a whole number from 0 to 2^53 - 1, found \"0\"",
        ),
        (
            with("count", json!(u64::MAX)),
            ".count: expected a whole number from 0 to 2^53 - 1, found 18446744073709551615",
        ),
        (with("count", json!(-1)), ".count: expected a whole number from 0 to 2^53 - 1, found -1"),
        (with("raw_text", json!(5)), ".raw_text: expected a text, found 5"),
        (with("bug_id", json!(8)), ".bug_id: expected 7 as elsewhere in the capture, found 8"),
        (
            with("creation_time", json!("2026-01-05")),
            ".creation_time: expected a time such as 2026-01-31T12:00:00Z, found \"2026-01-05\"",
        ),
        (
            with("time", json!(T1)),
            ".time: expected 2026-01-05T10:00:00Z as elsewhere in the capture, \
             found 2026-01-06T10:00:00Z",
        ),
        (
            with("author", json!("b@b.example")),
            ": expected \"ca@ca.example\" as elsewhere in the capture, found \"b@b.example\"",
        ),
        (
            with("is_private", json!("no")),
            ".is_private: expected true, false, 1 or 0, found \"no\"",
        ),
        (holder(json!([])), ".count: expected this member, found nothing"),
    ] {
        refused(&[&answer], &format!("{path}{message}"));
    }
    let (one, mut two) = (comment(0, "x"), comment(0, "x"));
    two["id"] = json!(555);
    refused(
        &[&holder(one.clone()), &holder(two)],
        &format!("{path}: expected id 100 as elsewhere in the capture, found id 555"),
    );
    let mut moved = one;
    moved["creation_time"] = json!(T1);
    moved["time"] = json!(T1);
    refused(
        &[&holder(comment(0, "x")), &holder(moved)],
        &format!("{path}: expected the time {T0} as elsewhere in the capture, found {T1}"),
    );
    for (answer, message) in [
        (
            json!({"bugs": {"seven": []}}),
            "bugs.seven: expected a number as its name, found \"seven\"",
        ),
        (json!({"bugs": 7}), "bugs: expected an object, found 7"),
        (json!([1]), "[0]: expected an answer of the REST interface, found 1"),
        (json!("x"), "the whole: expected an answer of the REST interface, found \"x\""),
        (json!({}), "the whole: expected bugs, or a bug with its id, found an object of 0 members"),
        (json!({"id": 7}), "summary: expected this member, found nothing"),
        (json!({"id": 7, "history": [{}]}), "history[0].when: expected this member, found nothing"),
    ] {
        refused(&[&answer], &format!("a.json: {message}"));
    }
}

#[test]
fn what_is_beyond_a_limit_is_refused() {
    let long = "x".repeat(TEXT_BYTES_MAX + 1);
    refused(
        &[&json!({"id": 7, "comments": [comment(0, &long)]})],
        "a.json: comments[0].raw_text: expected at most 524288 bytes, found 524289 bytes",
    );
    let many = vec![json!({}); ITEMS_MAX + 1];
    refused(
        &[&json!({"id": 7, "comments": many})],
        "a.json: comments: expected at most 20000 items, found 20001 items",
    );
    let bytes = vec![b' '; ANSWER_BYTES_MAX + 1];
    let answer = Answer { name: "a.json", bytes: &bytes, fetched: None };
    let error = read(&[answer]).unwrap_err();
    assert_eq!(error, ReadError::TooLarge { file: "a.json".into(), found: ANSWER_BYTES_MAX + 1 });
    assert!(matches!(read(&vec![answer; ANSWERS_MAX + 1]), Err(ReadError::TooMany { .. })));
    assert_eq!(read(&[]), Ok(vec![]));
}

/// Any JSON value, with the names that answers have.
fn any_json() -> impl Strategy<Value = Value> {
    let names = "bugs|bug|id|7|comments|history|attachments|count|text|raw_text|creator|time|when|\
                 who|changes|field_name|removed|added|is_private|summary|error|faults|file_name";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "(|a|2026-01-05T10:00:00Z|comment_revision|\\PC{0,8})".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(names, inner, 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let _ = read(&[Answer { name: "a", bytes: &bytes, fetched: None }]);
    }

    #[test]
    fn no_json_panics(value in any_json(), other in any_json()) {
        let _ = bugs(&[(&value, None), (&other, Some(T1))]);
    }

    #[test]
    fn no_damaged_answer_panics(at in 0_usize..4096, byte in any::<u8>()) {
        let mut bytes = together().to_string().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = read(&[Answer { name: "a", bytes: &bytes, fetched: None }]);
        bytes.truncate(at);
        let cut = read(&[Answer { name: "a", bytes: &bytes, fetched: None }]);
        prop_assert!(cut.is_err(), "cut at {}", at);
    }
}

#[test]
fn the_content_of_an_attached_list_is_decoded_and_kept() {
    let with = |data: Value| {
        let mut item = attachments();
        item[0]["data"] = data;
        item[0]["is_obsolete"] = json!(0);
        item
    };
    let single = json!({"bugs": {}, "attachments": {"9": with(json!("YSxiCg=="))[0]}});
    let mut plain = attachments();
    plain[0]["is_obsolete"] = json!(0);
    let list = json!({"bugs": {"7": plain}, "attachments": {}});
    for answers in [vec![&single], vec![&list, &single], vec![&single, &list]] {
        let bug = bug_of(&answers);
        assert_eq!(bug.attachments[0].content.as_deref(), Some(&b"a,b\n"[..]));
        assert!(!bug.missing.contains(&Missing::Lists { count: 1 }));
    }
    assert!(bug_of(&[&list]).missing.contains(&Missing::Lists { count: 1 }));
    let mut picture = with(json!("YSxiCg=="));
    (picture[0]["file_name"], picture[0]["content_type"]) = (json!("a.png"), json!("image/png"));
    let picture = json!({"bugs": {"7": picture}});
    assert_eq!(bug_of(&[&picture]).attachments[0].content, None);
    let broken = json!({"bugs": {"7": with(json!("not base64!"))}}).to_string();
    let answer = Answer { name: "a.json", bytes: broken.as_bytes(), fetched: None };
    assert!(read(&[answer]).unwrap_err().to_string().contains("expected base64"));
}
