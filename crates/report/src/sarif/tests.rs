//! What every log holds to, on small invented ledgers.

use serde_json::{Value as Json, json};
use tally_divergence::review::{Accepted, Review};
use tally_divergence::{Report, Terms, diverge};
use tally_ledger::replay::Timeline;
use tally_testkit::casebook::Casebook;

use super::*;
use crate::text::is_deceptive;

const HOSTILE: &str = "</script>[mail](javascript:alert) {0} \u{202e}gnol\u{200b}\u{1b}[31m\n\\";

/// Returns a ledger in which a letter was recorded two days before it was said to have been sent,
/// and everything that can be written freely is hostile.
fn book() -> Casebook {
    filled(Casebook::own(HOSTILE))
}

fn filled(mut book: Casebook) -> Casebook {
    let mut record = |kind: &str, occurred: Option<&str>, body: Json| {
        let mut document = json!({ "kind": kind, "incident": "x", "body": body });
        if let Some(occurred) = occurred {
            document["occurred"] = occurred.into();
        }
        book.record(document);
    };
    record("incident.opened", None, json!({ "about": { "name": HOSTILE }, "title": HOSTILE }));
    let step = json!({ "instrument": "letter", "step": "filed", "text": HOSTILE });
    record("legal.step", Some("2024-11-11Z"), step);
    let speaker = json!({ "capacity": "official", "organisation": HOSTILE });
    let claims = json!([
        { "says": "occurred", "origin": "declared", "kind": "legal.step.filed",
          "subject": "letter", "when": "2024-11-13Z", "text": HOSTILE },
        { "says": "occurred", "origin": "declared", "kind": "legal.step.filed",
          "subject": "letter", "when": "2024-11-11Z" },
        { "says": "will", "origin": "declared", "what": "legal.step.answered",
          "subject": "letter", "due": "2030-01-01Z" },
        { "says": "characterises", "origin": "declared", "subject": "letter", "words": HOSTILE },
    ]);
    let statement = |id: &str, url: &str| {
        json!({ "id": id, "channel": "bugzilla", "url": url, "item": 4, "speaker": speaker,
            "published": "2024-12-01Z", "claims": claims })
    };
    record("statement.published", None, statement("c4", "https://bugs.example/1"));
    record("statement.published", None, statement("c5", "https://bugs.example/2?a=<b>"));
    book
}

fn report(book: &Casebook, review: Review) -> Report {
    diverge(&Timeline::replay(&book.ledger()), &Terms { review, ..Terms::default() })
}

fn log(book: &Casebook, review: Review) -> String {
    let (ledger, report) = (book.ledger(), report(book, review));
    let verification = ledger.verification();
    held(&Held { command: "audit", exit: 1, source: "l.tally", verification, report: &report })
        .log()
}

fn run(book: &Casebook, review: Review) -> Json {
    let log: Json = serde_json::from_str(&log(book, review)).unwrap();
    assert_eq!(log["version"], "2.1.0");
    log["runs"][0].clone()
}

/// Calls `seen` with every member of the document.
fn walk(json: &Json, seen: &mut impl FnMut(&str, &Json)) {
    match json {
        Json::Object(members) => members.iter().for_each(|(name, value)| {
            seen(name, value);
            walk(value, seen);
        }),
        Json::Array(items) => items.iter().for_each(|item| walk(item, seen)),
        _ => {}
    }
}

#[test]
fn only_a_problem_has_a_level_and_every_verdict_has_its_kind() {
    let book = book();
    let run = run(&book, Review::default());
    let findings = report(&book, Review::default()).findings;
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), findings.len());
    for (result, finding) in results.iter().zip(&findings) {
        assert_eq!(result["properties"]["verdict"], finding.verdict.as_str());
        assert_eq!(result["partialFingerprints"]["tallyFinding/v1"], finding.id.to_string());
        let expected = match finding.verdict.as_str() {
            "diverges" => ("fail", "error"),
            "tallies" => ("pass", "none"),
            "for the reader" => ("review", "none"),
            "undetermined" | "unsupported" => ("open", "none"),
            other => panic!("{other} was not foreseen"),
        };
        assert_eq!((&result["kind"], &result["level"]), (&expected.0.into(), &expected.1.into()));
    }
    let has = |kind: &str| results.iter().any(|result| result["kind"] == kind);
    assert!(["fail", "pass", "review", "open"].into_iter().all(has), "{results:#?}");
}

#[test]
fn every_result_leads_to_its_rule_and_every_rule_has_its_page() {
    let run = run(&book(), Review::default());
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let codes: Vec<&str> = rules.iter().filter_map(|rule| rule["id"].as_str()).collect();
    assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(result["ruleId"], codes[index]);
    }
    let page = rules[0]["help"]["markdown"].as_str().unwrap();
    let rule = tally_divergence::rules::rule(codes[0]).unwrap();
    assert_eq!(page, rule.explanation);
}

#[test]
fn no_page_of_a_rule_holds_what_would_be_read_as_a_placeholder() {
    for rule in tally_divergence::rules::RULES {
        assert!(!rule.explanation.contains(['{', '}']), "{}", rule.code);
    }
}

#[test]
fn hostile_text_makes_no_link_no_placeholder_and_no_address() {
    let (mut quoting, mut addresses) = (0, 0);
    walk(&run(&filled(Casebook::observer(HOSTILE)), Review::default()), &mut |name, value| match (
        name, value,
    ) {
        ("message", Json::Object(message)) => {
            let text = message["text"].as_str().unwrap();
            let plain = text.replace('\n', "").replace("{{", "").replace("}}", "");
            assert!(!plain.contains(|c| is_deceptive(c) || "{}".contains(c)), "{text}");
            assert!(!text.contains("[mail]("), "{text}");
            quoting += usize::from(text.contains("\\[mail\\](javascript:alert) {{0}} \\u202egnol"));
        }
        ("uri", Json::String(uri)) => {
            assert_eq!(uri, "https://bugs.example/1", "the other one is not plain");
            addresses += 1;
        }
        ("name" | "fullyQualifiedName" | "justification", Json::String(text)) => {
            assert!(text == HOSTILE || !text.contains(is_deceptive), "{name}: {text}");
        }
        _ => {}
    });
    assert!(quoting > 4 && addresses > 2, "{quoting}, {addresses}");
}

#[test]
fn what_a_reviewer_accepts_is_suppressed_and_the_rest_is_known_not_to_be() {
    let book = book();
    let id = report(&book, Review::default()).findings[0].id;
    let mut review = Review::default();
    let (reason, role) = (format!("agreed {HOSTILE}"), "auditor".to_owned());
    review.findings.push(Accepted { id, reason, role });
    let run = run(&book, review);
    let results = run["results"].as_array().unwrap();
    let suppressed = &results[0]["suppressions"][0];
    assert_eq!(
        (&suppressed["kind"], &suppressed["status"]),
        (&"external".into(), &"accepted".into())
    );
    assert!(suppressed["justification"].as_str().unwrap().starts_with("agreed </script>"));
    assert!(results[1..].iter().all(|result| result["suppressions"] == json!([])));
}

#[test]
fn the_run_says_whose_reconstruction_it_is_and_that_nothing_was_pinned() {
    let run = run(&filled(Casebook::observer("An observer")), Review::default());
    let told = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    assert_eq!(told[0]["level"], "warning");
    assert!(told[0]["message"]["text"].as_str().unwrap().starts_with("Consistent with itself"));
    assert!(
        told[1]["message"]["text"].as_str().unwrap().starts_with("A reconstruction from public")
    );
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
}

#[test]
fn the_same_ledger_gives_the_same_log_and_an_empty_one_has_a_log_too() {
    assert_eq!(log(&book(), Review::default()), log(&book(), Review::default()));
    let run = run(&Casebook::own("Example CA"), Review::default());
    assert_eq!(run["results"], json!([]));
    assert_eq!(run["tool"]["driver"]["rules"], json!([]));
}
