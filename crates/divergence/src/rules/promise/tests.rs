//! Promises on small invented ledgers.

use serde_json::{Value as Json, json};
use tally_testkit::casebook::Casebook;

use crate::finding::{Finding, Severity, Verdict};
use crate::probe::{
    comment, fact, findings, observer, official, only, ordered_not_to, own, posted, said, said_by,
    stated, verdict,
};

const MADE: &str = "2024-07-31T00:45Z";
const DONE: &str = "revocation.completed";

/// Returns the claim that all certificates will be revoked by 19:30, with those members more.
fn will(more: Json) -> Json {
    let mut claim = json!({ "says": "will", "what": DONE, "subject": "all",
                            "due": "2024-08-03T19:30Z" });
    for (name, value) in more.as_object().unwrap() {
        claim[name] = value.clone();
    }
    claim
}

fn done(book: &mut Casebook, occurred: &str) {
    fact(book, DONE, occurred, json!({ "set": "all" }));
}

/// Returns the finding on the promise, made and then done at that time by the own record.
fn after(occurred: &str) -> Finding {
    let mut book = own();
    said(&mut book, 0, MADE, will(json!({})));
    done(&mut book, occurred);
    only(&book, "T101")
}

#[test]
fn what_was_done_after_its_time_diverges_by_that_length() {
    let finding = after("2024-08-03T20:47Z");
    assert_eq!((finding.verdict, finding.severity), (Verdict::Diverges, Severity::High));
    assert_eq!(
        finding.message,
        "stated: revocation completed (all) by 2024-08-03 19:30 UTC; recorded: \
         2024-08-03 20:47 UTC; 1 h 17 min later"
    );
    assert!(finding.compared.starts_with("compared with its own record"));
    assert_eq!(finding.evidence[0].seq, 2);
}

#[test]
fn what_was_done_in_time_tallies_to_the_last_second_of_the_minute() {
    assert_eq!(after("2024-08-03T19:30:59Z").verdict, Verdict::Tallies);
    assert_eq!(after("2024-08-03T19:31:00Z").verdict, Verdict::Diverges);
}

#[test]
fn a_record_that_straddles_the_due_time_decides_nothing() {
    assert_eq!(after("2024-08-03Z").verdict, Verdict::Undetermined);
    // An unknown zone may lie on either side.
    assert_eq!(after("2024-08-03T20:47").verdict, Verdict::Undetermined);
}

#[test]
fn a_presumed_zone_that_the_answer_rests_on_is_named() {
    let mut book = own();
    said(&mut book, 0, MADE, will(json!({})));
    book.record(json!({ "kind": DONE, "incident": "x", "body": { "set": "all" },
        "occurred": { "at": "2024-08-03T20:47", "zone": "Z", "presumed": "ccadb.utc" } }));
    let finding = only(&book, "T101");
    assert_eq!(finding.verdict, Verdict::Diverges);
    assert!(finding.notes.iter().any(|note| note.contains("ccadb.utc")), "{finding:?}");
    assert!(after("2024-08-03T20:47Z").notes.is_empty());
}

#[test]
fn a_promise_binds_from_when_it_was_made_and_never_before() {
    // What was completed before the promise does not keep it.
    let finding = after("2024-07-30T10:00Z");
    assert_eq!(finding.verdict, Verdict::Undetermined, "open: {finding:?}");
}

#[test]
fn nothing_recorded_is_open_until_the_time_is_over_and_missed_after_it() {
    let mut book = own();
    said(&mut book, 0, MADE, will(json!({})));
    let at = |at| findings(&book, "T101", Some(at)).remove(0);
    assert_eq!(at("2024-08-03T19:30:30Z").verdict, Verdict::Undetermined);
    let missed = at("2024-08-04T19:30:00Z");
    assert_eq!(missed.verdict, Verdict::Diverges);
    assert!(missed.message.ends_with("as of 2024-08-04 19:30:00 UTC, 1 day later"));
}

#[test]
fn an_observer_cannot_show_that_a_promise_was_missed() {
    let mut book = observer();
    said(&mut book, 0, MADE, will(json!({})));
    book.clock("2024-08-05T00:00:00Z");
    fact(&mut book, "incident.milestone", "2024-08-05", json!({ "milestone": "last_call" }));
    assert_eq!(verdict(&book, "T101"), Verdict::Unsupported);
}

#[test]
fn the_speakers_own_other_statement_makes_a_divergence_and_anothers_does_not() {
    for (organisation, expected) in
        [("Example CA", Verdict::Diverges), ("Other CA", Verdict::SourcesDiffer)]
    {
        let mut book = observer();
        said(&mut book, 0, MADE, will(json!({})));
        let speaker = json!({ "capacity": "official", "organisation": organisation });
        comment(&mut book, speaker, 9, "2025-04-04Z", json!({}));
        stated(&mut book, 9, DONE, "2024-08-03T20:47Z", json!({ "set": "all" }));
        assert_eq!(verdict(&book, "T101"), expected, "{organisation}");
    }
}

#[test]
fn what_rests_on_the_statement_itself_or_on_an_observers_note_makes_no_divergence() {
    let mut book = observer();
    said(&mut book, 0, MADE, will(json!({})));
    stated(&mut book, 0, DONE, "2024-08-03T20:47Z", json!({ "set": "all" }));
    assert_eq!(
        findings(&book, "T101", Some("2025-01-01T00:00:00Z"))[0].verdict,
        Verdict::Unsupported
    );
    done(&mut book, "2024-08-03T20:47Z");
    assert_eq!(verdict(&book, "T101"), Verdict::SourcesDiffer);
}

#[test]
fn a_measurement_makes_a_divergence_whoever_recorded_it() {
    let mut book = observer();
    said(&mut book, 0, MADE, will(json!({})));
    let crl = json!({ "measured": ["ab".repeat(32)] });
    book.record(json!({ "kind": DONE, "incident": "x", "occurred": "2024-08-03T20:47Z",
                        "basis": crl, "body": { "set": "all" } }));
    let finding = only(&book, "T101");
    assert_eq!(finding.verdict, Verdict::Diverges);
    assert!(finding.compared.starts_with("compared with a measurement"));
}

#[test]
fn another_incident_or_another_subject_keeps_no_promise() {
    let mut book = own();
    said(&mut book, 0, MADE, will(json!({})));
    book.record(json!({ "kind": DONE, "incident": "y", "occurred": "2024-08-03T18:00Z",
                        "body": { "set": "all" } }));
    let at = Some("2024-08-04T00:00:00Z");
    let finding = findings(&book, "T101", at).remove(0);
    assert_eq!(finding.verdict, Verdict::Diverges);
    assert!(finding.evidence.is_empty());
    fact(&mut book, DONE, "2024-08-03T18:00Z", json!({ "set": "some" }));
    assert_eq!(findings(&book, "T101", at)[0].verdict, Verdict::Undetermined, "a part");
}

#[test]
fn a_promise_moved_before_it_was_due_changed_and_one_moved_after_did_not() {
    let moved = |published: &str| {
        let mut book = own();
        said(&mut book, 0, MADE, will(json!({})));
        let claim = will(json!({ "due": "2024-08-05T19:30Z" }));
        said(&mut book, 1, published, claim);
        done(&mut book, "2024-08-05T10:00Z");
        let found = findings(&book, "T101", None);
        found.into_iter().find(|f| f.statement.as_ref().unwrap().name == "c0").unwrap()
    };
    let before = moved("2024-08-02T19:30Z");
    assert_eq!(before.verdict, Verdict::Changed);
    assert!(before.message.contains("1 day before it was due"), "{}", before.message);
    let after = moved("2024-08-04T00:00Z");
    assert_eq!(after.verdict, Verdict::Diverges);
    assert!(after.notes.iter().any(|note| note.ends_with("after it was due")));
    assert_eq!(moved("2024-08-03Z").verdict, Verdict::Undetermined);
}

#[test]
fn a_promise_put_off_in_other_words_is_not_missed() {
    let later = "2024-08-05T19:30Z";
    for (more, expected) in [
        (json!({ "subject": null, "due": later }), Verdict::Undetermined),
        (json!({ "what": "revocation", "due": later }), Verdict::Undetermined),
        (json!({ "subject": null, "due": "2024-08-02Z" }), Verdict::Diverges),
        (json!({ "subject": "other", "due": later }), Verdict::Diverges),
        (json!({ "what": "document.published", "due": later }), Verdict::Diverges),
    ] {
        let mut book = own();
        said(&mut book, 0, MADE, will(json!({})));
        let mut claim = will(more);
        claim.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        said(&mut book, 1, "2024-08-01T19:30Z", claim.clone());
        done(&mut book, "2024-08-05T10:00Z");
        let found = findings(&book, "T101", None);
        let first = found.iter().find(|f| f.statement.as_ref().unwrap().name == "c0").unwrap();
        assert_eq!(first.verdict, expected, "{claim}");
    }
}

#[test]
fn a_recorded_change_of_the_same_commitment_counts_and_anothers_does_not() {
    for (url, expected) in [("c5", Verdict::Changed), ("c6", Verdict::Unsupported)] {
        let mut book = observer();
        said(&mut book, 0, MADE, will(json!({})));
        stated(
            &mut book,
            0,
            "commitment.made",
            MADE,
            json!({ "id": "p", "to": "do", "what": DONE, "subject": "all" }),
        );
        for (item, organisation) in [(5, "Example CA"), (6, "Other CA")] {
            let speaker = json!({ "capacity": "official", "organisation": organisation });
            comment(&mut book, speaker, item, "2024-08-01Z", json!({}));
        }
        let item = url[1..].parse().unwrap();
        stated(
            &mut book,
            item,
            "commitment.changed",
            "2024-08-01Z",
            json!({ "id": "p", "change": "narrowed", "text": "without the test certificates" }),
        );
        let finding = findings(&book, "T101", Some("2025-01-01T00:00:00Z")).remove(0);
        assert_eq!(finding.verdict, expected, "{url}");
    }
}

#[test]
fn a_late_one_of_many_does_not_show_that_none_was_in_time() {
    let claim = json!({ "says": "will", "what": "legal.notice", "due": "2024-08-03T19:30Z" });
    for (book, expected) in [(observer(), Verdict::Undetermined), (own(), Verdict::Diverges)] {
        let mut book = book;
        said(&mut book, 0, MADE, claim.clone());
        let speaker = official();
        comment(&mut book, speaker, 9, "2025-04-04Z", json!({}));
        let notice = json!({ "to": ["subscribers"], "about": "revocation" });
        stated(&mut book, 9, "legal.notice", "2024-08-03T20:47Z", notice);
        assert_eq!(verdict(&book, "T101"), expected);
    }
}

#[test]
fn what_was_done_before_the_promise_may_be_what_was_promised() {
    let as_of = Some("2024-09-01T00:00:00Z");
    let mut book = own();
    said(&mut book, 0, MADE, will(json!({})));
    done(&mut book, "2024-07-30T10:00Z");
    let finding = findings(&book, "T101", as_of).remove(0);
    assert_eq!(finding.verdict, Verdict::Undetermined);
    assert!(finding.message.ends_with("before the promise"), "{}", finding.message);
    done(&mut book, "2024-08-05T10:00Z");
    assert_eq!(findings(&book, "T101", as_of)[0].verdict, Verdict::Undetermined, "both");
    // A text that was published before is not the one that is promised.
    let mut book = own();
    posted(&mut book, 0, "2024-07-30Z", "update");
    let claim = json!({ "says": "will", "what": "statement.published", "due": "2024-08-03Z" });
    said(&mut book, 1, MADE, claim);
    assert_eq!(findings(&book, "T101", as_of)[0].verdict, Verdict::Diverges);
}

#[test]
fn a_promised_text_is_named_by_its_form() {
    let as_of = Some("2024-09-01T00:00:00Z");
    for (what, subject, expected) in [
        ("statement.published.full_report", None, Verdict::Tallies),
        ("statement.published", Some("full report"), Verdict::Tallies),
        ("statement.published", Some("Full-Report"), Verdict::Tallies),
        ("statement.published.closure_report", None, Verdict::Diverges),
        ("statement.published", Some("closure report"), Verdict::Diverges),
        ("statement.published", Some("root cause"), Verdict::Undetermined),
        ("statement.published.analysis", None, Verdict::Undetermined),
        ("revocation.completed.all", None, Verdict::Undetermined),
    ] {
        let mut claim = json!({ "says": "will", "what": what, "due": "2024-08-03Z" });
        if let Some(subject) = subject {
            claim["subject"] = subject.into();
        }
        let mut book = own();
        said(&mut book, 0, MADE, claim.clone());
        posted(&mut book, 1, "2024-08-02Z", "full_report");
        posted(&mut book, 2, "2024-08-10Z", "full_report");
        assert_eq!(findings(&book, "T101", as_of)[0].verdict, expected, "{claim}");
    }
    let mut book = own();
    let claim = json!({ "says": "will", "what": "statement.published.full_report",
                        "due": "2024-08-03Z" });
    said(&mut book, 0, MADE, claim);
    let other = json!({ "capacity": "official", "organisation": "Other CA" });
    comment(&mut book, other, 1, "2024-08-02Z", json!({ "form": "full_report" }));
    assert_eq!(findings(&book, "T101", as_of)[0].verdict, Verdict::Diverges, "another's");
}

#[test]
fn a_set_revoked_in_parts_under_other_names_is_not_shown_to_be_left() {
    for (kind, body, expected) in [
        (DONE, json!({ "set": "part 1" }), Verdict::Undetermined),
        (
            "revocation.progress",
            json!({ "set": "a", "revoked": 5, "remaining": 0 }),
            Verdict::Undetermined,
        ),
        (
            "incident.scope",
            json!({ "set": "a", "count": 5, "unit": "certificates" }),
            Verdict::Diverges,
        ),
    ] {
        let mut book = own();
        said(&mut book, 0, MADE, will(json!({})));
        fact(&mut book, kind, "2024-08-02T10:00Z", body);
        let finding = findings(&book, "T101", Some("2024-09-01T00:00:00Z")).remove(0);
        assert_eq!(finding.verdict, expected, "{kind}: {}", finding.message);
    }
}

#[test]
fn a_promise_is_as_old_as_the_text_that_first_made_it() {
    let mut book = own();
    said(&mut book, 0, MADE, will(json!({})));
    done(&mut book, "2024-08-03T18:00Z");
    let mut claim = will(json!({}));
    claim["origin"] = "declared".into();
    book.record(json!({ "kind": "statement.revised", "incident": "x", "body": {
        "id": "c0", "revised": "2024-08-20T00:00Z", "claims": [claim] } }));
    let finding = only(&book, "T101");
    assert_eq!(finding.verdict, Verdict::Tallies);
    assert_eq!(finding.statement.unwrap().published.at(), "2024-07-31T00:45");
}

#[test]
fn plans_hopes_and_conditions_are_not_broken_promises() {
    for (more, expected) in [
        (json!({ "strength": "plan" }), Verdict::ForTheReader),
        (json!({ "strength": "hope" }), Verdict::ForTheReader),
        (json!({ "condition": "if subscribers cooperate" }), Verdict::Undetermined),
        (json!({ "subject": null, "scope": "leaf certificates" }), Verdict::Undetermined),
    ] {
        let mut claim = will(more);
        claim.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let mut book = own();
        said(&mut book, 0, MADE, claim.clone());
        done(&mut book, "2024-08-03T20:47Z");
        assert_eq!(verdict(&book, "T101"), expected, "{claim}");
    }
}

#[test]
fn a_personal_remark_is_never_an_organisations_divergence() {
    let mut book = observer();
    let speaker = json!({ "capacity": "personal", "organisation": "Example CA" });
    said_by(&mut book, speaker, 0, MADE, will(json!({})));
    let crl = json!({ "measured": ["ab".repeat(32)] });
    book.record(json!({ "kind": DONE, "incident": "x", "occurred": "2024-08-03T20:47Z",
                        "basis": crl, "body": { "set": "all" } }));
    assert_eq!(verdict(&book, "T101"), Verdict::ForTheReader);
}

#[test]
fn a_revocation_completed_twice_was_not_shown_to_be_complete_the_first_time() {
    let mut book = own();
    said(&mut book, 0, MADE, will(json!({})));
    done(&mut book, "2024-08-03T18:00Z");
    done(&mut book, "2024-08-04T18:00Z");
    assert_eq!(verdict(&book, "T101"), Verdict::Undetermined);
}

#[test]
fn a_revocation_of_which_nothing_was_left_in_time_is_done_though_its_end_is_not_recorded() {
    for (as_of, expected) in
        [("2024-08-03T18:00Z", Verdict::Tallies), ("2024-08-05T18:00Z", Verdict::Undetermined)]
    {
        let mut book = own();
        said(&mut book, 0, MADE, will(json!({})));
        let progress = json!({ "set": "all", "revoked": 9, "remaining": 0 });
        fact(&mut book, "revocation.progress", as_of, progress);
        assert_eq!(verdict(&book, "T101"), expected, "{as_of}");
    }
}

#[test]
fn a_promise_without_a_time_is_kept_by_what_happens_and_never_late() {
    let claim = json!({ "says": "will", "what": "document.published", "subject": "plan" });
    let mut book = own();
    said(&mut book, 0, MADE, claim);
    assert_eq!(verdict(&book, "T101"), Verdict::Undetermined);
    let plan = json!({ "id": "plan", "type": "revocation_plan", "title": "Plan" });
    fact(&mut book, "document.published", "2026-01-01", plan);
    assert_eq!(verdict(&book, "T101"), Verdict::Tallies);
}

#[test]
fn an_order_that_bound_the_organisation_meanwhile_stands_beside_a_missed_promise() {
    let mut book = own();
    said(&mut book, 0, MADE, will(json!({})));
    done(&mut book, "2024-08-03T20:47Z");
    let mut later = book.clone();
    ordered_not_to(&mut book, "2024-08-01T10:00Z");
    assert!(only(&book, "T101").notes[0].contains("restraining order (order), granted"));
    ordered_not_to(&mut later, "2024-09-01T10:00Z");
    assert!(only(&later, "T101").notes.is_empty());
}
