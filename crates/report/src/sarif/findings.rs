//! The findings on a ledger, and the fault if it has one, as results.

use serde_json::{Value, json};
use tally_divergence::Report;
use tally_divergence::finding::{Evidence, Finding, Severity, StatementRef, Verdict};
use tally_divergence::rules;
use tally_ledger::fault::Fault;
use tally_ledger::hash::Hash;
use tally_ledger::payload::Citation;
use tally_ledger::verify::{Verdict as Wholeness, Verification};

use super::{Found, Kind, Level, Location, Message, Rule, Run, Suppression};
use crate::address::{at_item, is_plain};
use crate::{findings, verification};

/// The sort of name that a finding's id is.
const FINDING_ID: &str = "tallyFinding/v1";

/// The members of a finding that a result has for programs; the others have a place in it.
const MEMBERS: [&str; 9] = [
    "verdict",
    "severity",
    "family",
    "times",
    "subject",
    "asked",
    "statement",
    "repeats",
    "replies",
];

/// What a ledger was held against, and what was found.
#[derive(Debug, Clone, Copy)]
pub struct Held<'a> {
    /// The name of the command.
    pub command: &'static str,
    /// The status that it exits with.
    pub exit: u8,
    /// The name of what was read, such as that of a file.
    pub source: &'a str,
    /// Whether the ledger is whole.
    pub verification: &'a Verification,
    /// What was found.
    pub report: &'a Report,
}

/// Returns the run of a command that held a ledger against what was said.
pub fn held(held: &Held<'_>) -> Run {
    let Held { command, exit, source, verification, report } = *held;
    let fault = verification.fault.as_ref().map(|fault| of_fault(report, fault));
    let findings = report.findings.iter().map(|finding| of_finding(report, finding));
    let mut about = findings::value(report);
    if let Some(members) = about.as_object_mut() {
        members.shift_remove("findings");
    }
    let whole = verification.verdict() == Wholeness::Whole;
    let weight = if exit > 1 { Level::Error } else { Level::Warning };
    let weight = if whole { Level::Note } else { weight };
    let verdict = verification::sentence(verification);
    let notices = [Some((weight, verdict)), findings::disclaimer(report).map(|d| (Level::Note, d))];
    let notices = notices.into_iter().flatten();
    Run {
        command,
        exit,
        notices: notices.map(|(level, text)| (level, Message::of([text.as_str()]))).collect(),
        encoding: None,
        found: fault.into_iter().chain(findings).collect(),
        properties: json!({
            "verification": verification::value(verification, source),
            "divergence": about,
        }),
    }
}

fn of_fault(report: &Report, fault: &Fault) -> Found {
    let meaning = fault.code.meaning();
    let ledger = ledger(report);
    let place = match fault.seq {
        Some(seq) => Location::entry(&format!("entry {seq}"), &format!("{ledger}/{seq}")),
        None => Location::ledger(&ledger),
    };
    let properties = json!({
        "seq": fault.seq,
        "offset": fault.offset,
        "expected": fault.expected,
        "found": fault.found,
    });
    Found {
        rule: Rule {
            code: fault.code.name(),
            title: meaning,
            page: meaning,
            level: Level::Error,
            tag: "verification",
        },
        kind: Kind::Fail(Level::Error),
        message: Message::of([fault.to_string().as_str()]),
        location: Some(place),
        related: Vec::new(),
        fingerprint: None,
        accepted: None,
        properties,
    }
}

fn of_finding(report: &Report, finding: &Finding) -> Found {
    let found = rules::rule(finding.code).expect("a finding has the code of a rule");
    let beside = findings::said_beside(report, finding);
    let lines = std::iter::once(&finding.message).chain(&beside).map(String::as_str);
    let mut properties = findings::finding_value(report, finding);
    if let Some(members) = properties.as_object_mut() {
        members.retain(|name, _| MEMBERS.contains(&name.as_str()));
    }
    let first = finding.evidence.first();
    Found {
        rule: rule(found),
        kind: kind(finding),
        message: Message::of(lines),
        location: match &finding.statement {
            Some(statement) => Some(said(report, statement)),
            None => first.map(|evidence| entry(report, evidence.seq, &evidence.id)),
        },
        related: finding.evidence.iter().map(|found| rests_on(report, found)).collect(),
        fingerprint: Some((FINDING_ID, finding.id.to_string())),
        accepted: finding.accepted.as_ref().map(|a| Suppression::by(&a.role, &a.reason)),
        properties,
    }
}

/// Returns a rule of divergence as SARIF names it.
pub fn rule(rule: &rules::Rule) -> Rule {
    Rule {
        code: rule.code,
        title: rule.title,
        page: rule.explanation,
        level: level(rule.severity),
        tag: rule.family,
    }
}

/// Returns what a verdict is in SARIF. What nothing is recorded behind is open like what cannot be
/// decided: what there is does not tell whether there is a problem.
pub fn kind(finding: &Finding) -> Kind {
    match finding.verdict {
        Verdict::Diverges => Kind::Fail(level(finding.severity)),
        Verdict::Changed | Verdict::Corrected => Kind::Informational,
        Verdict::Unsupported | Verdict::Undetermined => Kind::Open,
        Verdict::SourcesDiffer | Verdict::ForTheReader => Kind::Review,
        Verdict::Tallies => Kind::Pass,
    }
}

fn level(severity: Severity) -> Level {
    match severity {
        Severity::High | Severity::Medium => Level::Error,
        Severity::Low => Level::Warning,
        Severity::Note => Level::Note,
    }
}

/// Returns the entry of a statement, with the address of the text.
fn said(report: &Report, statement: &StatementRef) -> Location {
    let address = address(&statement.url, statement.item);
    let place = entry(report, statement.seq, &statement.id);
    let what = format!("{}, claim {}", statement.name, statement.claim);
    place.with_address(address.as_deref()).with_message(Message::of([what.as_str()]))
}

/// Returns an entry that a finding rests on, and what it does for it.
fn rests_on(report: &Report, evidence: &Evidence) -> Location {
    let stated = evidence.citations.iter().find_map(|citation| match citation {
        Citation::Web { url, item, .. } => address(url, *item),
        Citation::Entry { .. } => None,
    });
    let source = evidence.source.map(tally_divergence::source::Source::as_str);
    let relation = evidence.relation.as_str();
    let told = source.map_or(relation.to_owned(), |source| format!("{relation}: {source}"));
    let properties: Value =
        json!({ "relation": relation, "source": source, "claim": evidence.claim });
    entry(report, evidence.seq, &evidence.id)
        .with_address(stated.as_deref())
        .with_message(Message::of([told.as_str()]))
        .with_properties(properties)
}

fn entry(report: &Report, seq: u64, id: &Hash) -> Location {
    let (number, source) = report.place(seq);
    let source = source.unwrap_or_else(|| ledger(report));
    Location::entry(&report.label(seq), &format!("{source}/{number}")).with_id(id)
}

/// Returns the name of the ledger.
fn ledger(report: &Report) -> String {
    report.origin.as_ref().map_or("a ledger without a genesis".to_owned(), ToString::to_string)
}

/// Returns an address that a viewer may follow.
fn address(url: &str, item: Option<u64>) -> Option<String> {
    is_plain(url).then(|| at_item(url, item))
}
