//! The recorded case, held to what a careful reader of its sources expects of each claim
//! (`tests/cases/`). A divergence where none is expected is a fault of the engine.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use tally_divergence::finding::{Finding, Verdict};
use tally_divergence::rules::judge_of;
use tally_divergence::{Report, Terms, diverge};
use tally_ledger::claim::Says;
use tally_ledger::replay::Timeline;
use tally_testkit::casebook::Casebook;

const CASE: &str = include_str!("../../../tests/cases/1910322-1910805-1950144/case.jsonl");
const EXPECTED: &str = include_str!("../../../tests/cases/1910322-1910805-1950144/expected.json");

fn report() -> Report {
    let mut book = Casebook::observer("An observer");
    book.clock("2026-10-01T00:00:00Z");
    for line in CASE.lines() {
        book.record(serde_json::from_str(line).expect("a document"));
    }
    diverge(&Timeline::replay(&book.ledger()), &Terms::default())
}

/// Returns the code of the rule that judges each claim of the case, by statement and position.
fn judges() -> BTreeMap<(String, u64), &'static str> {
    let mut judges = BTreeMap::new();
    for line in CASE.lines() {
        let body = serde_json::from_str::<Json>(line).expect("a document")["body"].take();
        for (claim, at) in body["claims"].as_array().into_iter().flatten().zip(0..) {
            let says: Says = serde_json::from_value(claim["says"].clone()).expect("an assertion");
            let name = body["id"].as_str().expect("a statement has an id");
            judges.insert((name.to_owned(), at), judge_of(says).code);
        }
    }
    judges
}

/// Returns the findings on what a row of the expectations names: a claim, as its rule judges it; or
/// with a code, whatever that rule finds of the claim or the subject.
fn meant<'a>(report: &'a Report, row: &Json) -> Vec<&'a Finding> {
    let claim = row["statement"].as_str().map(str::to_owned).zip(row["claim"].as_u64());
    let judge = claim.and_then(|claim| judges().get(&claim).copied());
    let code = row["code"].as_str().or(judge);
    let found = report.findings.iter().filter(|finding| match &finding.statement {
        _ if code.is_some_and(|code| code != finding.code) => false,
        Some(statement) => row["statement"] == statement.name && row["claim"] == statement.claim,
        None => row["statement"].is_null() && finding.subject.as_deref() == row["subject"].as_str(),
    });
    found.collect()
}

#[test]
fn every_claim_of_the_case_gets_the_verdict_that_a_careful_reader_reaches() {
    let report = report();
    let expected: Vec<Json> = serde_json::from_str(EXPECTED).unwrap();
    let mut wrong = Vec::new();
    for row in &expected {
        let name = format!("{} {}{}", row["statement"], row["claim"], row["subject"]);
        let findings = meant(&report, row);
        let [finding] = findings[..] else {
            wrong.push(format!("{name}: {} findings", findings.len()));
            continue;
        };
        let accepted = row["accept"].as_array().into_iter().flatten().chain([&row["verdict"]]);
        let verdicts: Vec<&str> = accepted.filter_map(Json::as_str).collect();
        if !verdicts.contains(&finding.verdict.as_str()) {
            let (code, message) = (finding.code, &finding.message);
            wrong.push(format!(
                "{name}: {code} {}, expected {verdicts:?}: {message}",
                finding.verdict
            ));
        }
    }
    let meant: Vec<&Finding> = expected.iter().flat_map(|row| meant(&report, row)).collect();
    for finding in report.findings.iter().filter(|finding| !meant.contains(finding)) {
        let (code, verdict, message) = (finding.code, finding.verdict, &finding.message);
        let subject = finding.subject.as_deref().unwrap_or_default();
        wrong.push(format!("nobody expects {code} {verdict} of {subject}: {message}"));
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), expected.len(), wrong.join("\n"));
}

#[test]
fn nothing_else_in_the_case_diverges() {
    let expected: Vec<Json> = serde_json::from_str(EXPECTED).unwrap();
    let report = report();
    let diverging = report.findings.iter().filter(|f| f.verdict == Verdict::Diverges);
    for finding in diverging {
        let statement = finding.statement.as_ref().expect("an absence does not diverge here");
        let row = expected
            .iter()
            .find(|row| row["statement"] == statement.name && row["claim"] == statement.claim);
        assert_eq!(row.unwrap()["verdict"], "diverges", "{}", finding.message);
    }
}
