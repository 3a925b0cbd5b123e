//! The vocabulary against its own page, its templates, and both of its encodings.

use std::fmt::Write as _;

use ciborium::Value;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::cbor::{self, Keys};
use crate::claim::Assertion;

const PAGE: &str = include_str!("../../../../docs/VOCABULARY.md");

fn name(kind: &str) -> Kind {
    kind.parse().unwrap()
}

fn recorded() -> impl Iterator<Item = (&'static KindInfo, &'static str)> {
    let all = KINDS.iter();
    all.filter_map(|info| info.template.map(|template| (info, template)))
}

/// Returns a template with its optional lines in force.
fn filled(template: &str) -> String {
    let mut text = String::new();
    for line in template.lines() {
        let optional = line
            .strip_prefix('#')
            .filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '['));
        writeln!(text, "{}", optional.unwrap_or(line)).unwrap();
    }
    text
}

/// Returns the table `body` of a document, as the reader of documents hands it over.
fn body_of(document: &str) -> serde_json::Value {
    let table: toml::Table = toml::from_str(document).unwrap();
    serde_json::to_value(&table["body"]).unwrap()
}

fn document(kind: &str, body: &serde_json::Value) -> Result<Body, DocumentError> {
    Body::from_document(&name(kind), body)
}

/// Returns the section of the page under the heading of a kind.
fn section(kind: &str) -> &'static str {
    let heading = format!("\n### {kind}\n");
    let start = PAGE.find(&heading).unwrap_or_else(|| panic!("no heading {kind}"));
    let rest = &PAGE[start + heading.len()..];
    &rest[..rest.find("\n##").unwrap_or(rest.len())]
}

#[test]
fn every_template_is_a_document_of_its_kind_with_and_without_its_optional_lines() {
    for (info, template) in recorded() {
        for text in [template.to_owned(), filled(template)] {
            let table: toml::Table =
                toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", info.name));
            assert_eq!(table["kind"].as_str(), Some(info.name));
            let body = Body::from_document(&name(info.name), &body_of(&text))
                .unwrap_or_else(|error| panic!("{}: {error}", info.name));
            assert_eq!(body.kind(), info.name);
            assert!(!body.summary().is_empty());
            assert!(body.summary().chars().count() <= SUMMARY_MAX);
        }
    }
}

#[test]
fn every_filled_template_names_every_member() {
    for (info, template) in recorded() {
        let body = body_of(&filled(template));
        for member in info.members {
            let value = body.get(member.name);
            assert!(value.is_some(), "{}: {}", info.name, member.name);
            for inner in member.inner.iter().filter(|_| value.unwrap().is_object()) {
                let either = ["stated", "measured"].contains(&inner.name);
                let there = value.unwrap().get(inner.name).is_some();
                assert!(there || either, "{}: {}.{}", info.name, member.name, inner.name);
            }
        }
    }
}

#[test]
fn every_body_comes_back_from_both_encodings() {
    for (info, template) in recorded() {
        let kind = name(info.name);
        let body = Body::from_document(&kind, &body_of(&filled(template))).unwrap();

        let signed = cbor::encode(&body.to_value());
        assert_eq!(cbor::check(&signed, Keys::Text), Ok(()), "{kind}");
        let read = Body::decode(&kind, &cbor::decode(&signed).unwrap()).unwrap();
        assert_eq!(cbor::encode(&read.to_value()), signed, "{kind}");
        assert_eq!(read.to_json(), body.to_json(), "{kind}");

        let again = Body::from_document(&kind, &read.to_json()).unwrap();
        assert_eq!(cbor::encode(&again.to_value()), signed, "{kind}");
    }
}

#[test]
fn digests_are_bytes_in_entries_and_text_in_documents() {
    let digest = "ab".repeat(32);
    let text = json!({ "what": "crl", "digest": digest });
    let body = document("measurement.taken", &text).unwrap();
    let value = body.to_value();
    let members = value.as_map().unwrap();
    assert!(members.contains(&("digest".into(), Value::Bytes(vec![0xab; 32]))));
    assert_eq!(body.to_json()["digest"], digest);
}

#[test]
fn the_page_has_a_heading_for_every_kind_and_names_every_member() {
    for info in KINDS {
        let section = section(info.name);
        for member in info.members {
            let row = section
                .lines()
                .find(|line| line.starts_with(&format!("| `{}` |", member.name)))
                .unwrap_or_else(|| panic!("{}: no row for {}", info.name, member.name));
            let required = row.contains(", required |");
            assert_eq!(required, member.required, "{}: {}", info.name, member.name);
        }
        let rows = section.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(rows, info.members.len(), "{}", info.name);
    }
    let headings = PAGE.lines().filter_map(|line| line.strip_prefix("### "));
    let kinds =
        headings.filter(|line| line.chars().all(|c| c.is_ascii_lowercase() || "._".contains(c)));
    assert!(kinds.eq(KINDS.iter().map(|info| info.name)));
}

#[test]
fn the_page_names_every_assertion_with_its_members() {
    for (says, members) in Assertion::SAYS {
        let row = PAGE
            .lines()
            .find(|line| line.starts_with(&format!("| `{says}` | `")))
            .unwrap_or_else(|| panic!("no row for {says}"));
        for member in *members {
            assert!(row.contains(&format!("`{}` ", member.name)), "{says}: {}", member.name);
        }
    }
}

#[test]
fn the_page_names_the_words_of_every_set() {
    let sets = [
        action::ActionKind::WORDS,
        action::ActionStatus::WORDS,
        commitment::Change::WORDS,
        concern::Outcome::WORDS,
        concern::StepName::WORDS,
        document::DocumentType::WORDS,
        document::Measured::WORDS,
        incident::MilestoneName::WORDS,
        incident::Relation::WORDS,
        incident::Source::WORDS,
        inquiry::Reply::WORDS,
        legal::Audience::WORDS,
        legal::InstrumentType::WORDS,
        legal::StepName::WORDS,
        legal::Topic::WORDS,
        statement::Form::WORDS,
        tracker::Field::WORDS,
        words::Capacity::WORDS,
        words::Channel::WORDS,
        words::Metric::WORDS,
        words::Qualifier::WORDS,
        words::Strength::WORDS,
        words::Unit::WORDS,
    ];
    let page = PAGE.replace('\n', " ");
    for set in sets {
        let listed: Vec<String> = set.iter().map(|word| format!("`{word}`")).collect();
        assert!(page.contains(&listed.join(", ")), "{}", listed.join(", "));
    }
}

#[test]
fn an_unknown_kind_or_member_of_a_document_is_refused_with_the_nearest_name() {
    let wrong = document("legal.stepp", &json!({})).unwrap_err().to_string();
    assert!(wrong.ends_with("; is \"legal.step\" meant?"), "{wrong}");
    let body = json!({ "instrument": "tro", "step": "granted", "docket_entri": 3 });
    let wrong = document("legal.step", &body).unwrap_err().to_string();
    assert_eq!(wrong, "docket_entri: legal.step has no such member; is \"docket_entry\" meant?");
    let body = json!({
        "id": "a", "channel": "web", "url": "https://ca.example/", "published": "2026",
        "speaker": { "capacity": "official", "organization": "Example CA" },
        "claims": [{ "says": "answered", "question": "q", "origin": "parsed", "due": "2026" }],
    });
    let wrong = document("statement.published", &body).unwrap_err().to_string();
    assert!(wrong.starts_with("speaker.organization: "), "{wrong}");
    assert!(wrong.ends_with("is \"organisation\" meant?"), "{wrong}");
    let mut body = body;
    body["speaker"] = json!({ "capacity": "official" });
    let wrong = document("statement.published", &body).unwrap_err().to_string();
    assert!(wrong.starts_with("claims[0].due: "), "{wrong}");
}

fn assert_misfits<const N: usize>(cases: [(&str, serde_json::Value, &str, &str); N]) {
    for (kind, body, place, words) in cases {
        let wrong = document(kind, &body).unwrap_err().to_string();
        assert!(wrong.starts_with(&format!("{place}: ")), "{wrong}");
        assert!(wrong.contains(words), "{wrong}");
    }
}

#[test]
fn a_member_that_does_not_fit_is_named_with_what_was_expected_and_found() {
    assert_misfits([
        ("entry.note", json!({ "text": 5 }), "text", "expected text, found integer `5`"),
        ("entry.note", json!([]), "body", "expected a map of named members, found a list"),
        ("entry.note", json!({}), "text", "required member is missing"),
        (
            "action.status",
            json!({ "id": "a", "status": "Done" }),
            "status",
            "expected one of \"Ongoing\", \"Complete\", \"Delayed\", \"Canceled\", found \"Done\"",
        ),
        (
            "legal.step",
            json!({ "instrument": "a", "step": "Granted" }),
            "step",
            "found \"Granted\"",
        ),
        (
            "inquiry.asked_again",
            json!({ "id": "a", "span": [3, "x"] }),
            "span",
            "expected an integer from 0, found text \"x\"",
        ),
        (
            "incident.linked",
            json!({ "relation": "related", "bug": -1 }),
            "bug",
            "expected an integer from 0, found integer `-1`",
        ),
        (
            "revocation.deadline",
            json!({ "set": "all", "rule": "r", "due": 2026 }),
            "due",
            "expected a time, such as 2026-01-31T12:00Z",
        ),
        (
            "incident.opened",
            json!({ "about": { "nane": "Example CA" }, "title": "t" }),
            "about.name",
            "required member is missing",
        ),
    ]);
}

#[test]
fn a_claim_that_does_not_fit_is_named_by_its_position_and_member() {
    let claim =
        |due: &str| json!({ "says": "will", "what": "legal", "due": due, "origin": "parsed" });
    let statement = |claims: serde_json::Value| {
        json!({
            "id": "a", "channel": "web", "url": "https://ca.example/", "published": "2026",
            "speaker": { "capacity": "official" }, "claims": claims,
        })
    };
    assert_misfits([
        (
            "statement.published",
            statement(json!([claim("2026"), claim("2026-13")])),
            "claims[1].due",
            "\"2026-13\" is not a time",
        ),
        (
            "statement.published",
            statement(json!([{ "says": "sings", "origin": "parsed" }])),
            "claims[0].says",
            "\"characterises\", found \"sings\"",
        ),
        ("statement.published", statement(json!("none")), "claims", "expected a list, found text"),
        (
            "statement.published",
            statement(json!([{ "says": "answered", "origin": "parsed" }])),
            "claims[0].question",
            "required member is missing",
        ),
        (
            "statement.published",
            statement(json!([{ "origin": "parsed" }])),
            "claims[0].says",
            "required member is missing",
        ),
    ]);
}

#[test]
fn a_number_that_no_entry_can_hold_is_refused_in_a_document() {
    for number in [json!(1.5), json!(1u64 << 53), json!(-(1i64 << 53))] {
        let body = json!({ "set": "all", "revoked": number, "remaining": 0 });
        let wrong = document("revocation.progress", &body).unwrap_err();
        assert!(matches!(wrong, DocumentError::Number { ref member, .. } if member == "revoked"));
    }
    let body = json!({ "set": "all", "revoked": (1u64 << 53) - 1, "remaining": 0 });
    assert!(document("revocation.progress", &body).is_ok());
}

#[test]
fn unknown_members_of_an_entry_are_kept_and_shown() {
    let claim = Value::serialized(&json!({
        "says": "answered", "question": "q", "origin": "parsed", "mood": "kind",
    }))
    .unwrap();
    let value = Value::Map(vec![
        ("id".into(), "s".into()),
        ("revised".into(), Value::Map(vec![("at".into(), "2026".into())])),
        ("seal".into(), Value::Bytes(vec![0xab, 0xcd])),
        ("claims".into(), Value::Array(vec![claim])),
    ]);
    let body = Body::decode(&name("statement.revised"), &value).unwrap();
    assert_eq!(body.to_json()["seal"], "abcd");
    assert_eq!(body.to_json()["claims"][0]["mood"], "kind");
    assert_eq!(cbor::encode(&body.to_value()), cbor::encode(&value));
}

#[test]
fn hidden_members_are_taken_out_and_named() {
    let hidden = || Value::Map(vec![("...".into(), Value::Bytes(vec![7; 32]))]);
    let speaker = |role: Value, capacity: Value| {
        Value::Map(vec![("role".into(), role), ("capacity".into(), capacity)])
    };
    let statement = |speaker: Value| {
        Value::Map(vec![
            ("id".into(), "s".into()),
            ("channel".into(), "web".into()),
            ("url".into(), "https://ca.example/".into()),
            ("published".into(), Value::Map(vec![("at".into(), "2026".into())])),
            ("speaker".into(), speaker),
            ("form".into(), hidden()),
            ("claims".into(), Value::Array(vec![hidden()])),
        ])
    };
    let kind = name("statement.published");
    let read = decode(&kind, &statement(speaker(hidden(), "official".into()))).unwrap();
    assert_eq!(read.hidden, ["speaker.role", "form", "claims"]);
    assert!(read.body.claims().is_empty());

    let refused = decode(&kind, &statement(speaker("legal".into(), hidden()))).unwrap_err();
    assert_eq!(refused, NotUnderstood::Hidden { member: "speaker" });
}

#[test]
fn the_body_inside_a_correction_keeps_its_hidden_values() {
    let hidden = Value::Map(vec![("...".into(), Value::Bytes(vec![7; 32]))]);
    let inner = Value::Map(vec![("by".into(), hidden.clone())]);
    let value = Value::Map(vec![("why".into(), "w".into()), ("body".into(), inner.clone())]);
    let kind = name("entry.correction");
    let Body::EntryCorrection(correction) = Body::decode(&kind, &value).unwrap() else {
        panic!("another kind");
    };
    assert_eq!(correction.body, Some(inner));
    let value = Value::Map(vec![("why".into(), "w".into()), ("body".into(), hidden)]);
    assert_eq!(decode(&kind, &value).unwrap().hidden, ["body"]);
}

#[test]
fn a_corrected_body_takes_the_form_of_the_kind_it_corrects() {
    let digest = "ab".repeat(32);
    let corrected = json!({ "why": "w", "body": { "what": "crl", "digest": digest } });
    let Body::EntryCorrection(correction) = document("entry.correction", &corrected).unwrap()
    else {
        panic!("another kind");
    };
    let correction = correction.of(&name("measurement.taken")).unwrap();
    let value = Body::EntryCorrection(correction).to_value();
    let mut digests = 0;
    let Value::Map(members) = &value else { panic!("no map") };
    for (_, member) in members.iter().filter(|(name, _)| name.as_text() == Some("body")) {
        digests += usize::from(member.as_map().unwrap().iter().any(|(_, v)| v.is_bytes()));
    }
    assert_eq!(digests, 1);
}

#[test]
fn the_ledgers_own_kinds_are_told_but_not_written_from_documents() {
    for info in KINDS.iter().filter(|info| info.template.is_none()) {
        let kind = name(info.name);
        let body = Body::decode(&kind, &Value::Map(Vec::new())).unwrap();
        assert_eq!((body.kind(), body.subject()), (info.name, None));
        assert!(!body.summary().is_empty());
        assert!(matches!(
            Body::from_document(&kind, &json!({})),
            Err(DocumentError::OwnCommand { .. })
        ));
    }
    let key = json!({ "action": "revoked", "kid": "00", "why": "lost" });
    let body = Body::decode(&name("ledger.key"), &Value::serialized(&key).unwrap()).unwrap();
    assert_eq!(body.summary(), "key revoked: lost");
}

#[test]
fn an_instruments_dates_are_steps_and_a_step_is_part_of_the_kind() {
    use super::occurrence::covers;
    let body = json!({
        "id": "tro", "type": "restraining_order", "direction": "received",
        "granted": "2026-01-31T18:00Z",
    });
    let dated = document("legal.instrument", &body).unwrap();
    let body = json!({ "instrument": "tro", "step": "granted" });
    let step = document("legal.step", &body).unwrap();
    let when: crate::time::When = "2026-01-31T18:00Z".parse().unwrap();
    let expected = step.occurrences(Some(&when)).remove(0);
    assert_eq!(expected.kind, name("legal.step.granted"));
    assert_eq!(expected.subject.as_deref(), Some("tro"));
    assert!(dated.occurrences(None).contains(&expected));
    assert_eq!(dated.occurrences(None)[0].when, expected.when, "as old as its first date");
    assert!(covers(&name("legal"), &expected.kind));
    assert!(covers(&name("legal.step.granted"), &expected.kind));
    assert!(!covers(&name("legal.st"), &expected.kind));
    assert!(!covers(&expected.kind, &name("legal.step")));
}

#[test]
fn a_milestone_a_status_and_a_concerns_step_are_part_of_the_kind() {
    for (kind, body, exact) in [
        (
            "incident.milestone",
            json!({ "milestone": "identified" }),
            "incident.milestone.identified",
        ),
        ("action.status", json!({ "id": "a", "status": "Complete" }), "action.status.complete"),
        (
            "action.opened",
            json!({ "id": "a", "text": "audit", "status": "Ongoing" }),
            "action.status.ongoing",
        ),
        ("concern.step", json!({ "id": "c", "step": "reported" }), "concern.step.reported"),
    ] {
        let occurrences = document(kind, &body).unwrap().occurrences(None);
        assert!(occurrences.iter().any(|o| o.kind == name(exact)), "{occurrences:?}");
    }
}

#[test]
fn a_long_summary_is_cut_with_an_ellipsis() {
    let body = document("entry.note", &json!({ "text": "é".repeat(300) })).unwrap();
    assert_eq!(body.summary().chars().count(), SUMMARY_MAX);
    assert!(body.summary().ends_with('…'));
}

/// Makes values of the profile whose maps have the names that `names` offers.
fn value(names: Vec<&'static str>) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        (-3i64..9).prop_map(Value::from),
        any::<bool>().prop_map(Value::Bool),
        Just(Value::Null),
        prop::sample::select(names.clone()).prop_map(Value::from),
        Just("2026-01-31".into()),
        Just(Value::Bytes(vec![7; 32])),
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        let name = prop::sample::select(names.clone());
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map(name, inner, 0..8).prop_map(|members| {
                Value::Map(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
            }),
        ]
    })
}

/// The names of a kind's members at every level, of claims, and of a hidden value.
fn names_in(info: &KindInfo) -> Vec<&'static str> {
    let inner = info.members.iter().flat_map(|member| member.inner);
    let mut names: Vec<_> = info.members.iter().chain(inner).map(|member| member.name).collect();
    names.extend(["...", "says", "origin", "kind", "when", "at", "zone", "will", "parsed", "due"]);
    names
}

proptest! {
    /// Whatever a body holds: it is read and written back the same, or refused with a place.
    #[test]
    fn a_hostile_body_is_read_or_refused_and_never_panics(
        (info, body) in (0..KINDS.len()).prop_flat_map(|at| {
            (Just(&KINDS[at]), value(names_in(&KINDS[at])))
        }),
    ) {
        match decode(&name(info.name), &body) {
            Ok(Decoded { body: read, hidden }) => {
                let again = Body::decode(&name(info.name), &read.to_value());
                prop_assert_eq!(again.as_ref(), Ok(&read));
                prop_assert!(read.to_json().is_object());
                prop_assert!(read.summary().chars().count() <= SUMMARY_MAX);
                prop_assert!(hidden.iter().all(|place| !place.is_empty()));
            }
            Err(refused) => prop_assert!(!refused.to_string().starts_with(": ")),
        }
    }
}
