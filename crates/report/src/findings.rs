//! Findings: the answer in one sentence, how many of each verdict, and three lines for each.

use serde::Serialize;
use tally_divergence::finding::{Asked, Evidence, Finding, Severity, StatementRef, Verdict};
use tally_divergence::reply::Reply;
use tally_divergence::{Report, Times};
use tally_ledger::governance::Standing;
use tally_ledger::payload::Citation;
use tally_ledger::time::When;

use crate::text::{Colour, Style, count, escaped, wrapped};

/// The schema number of the JSON.
pub const SCHEMA: u32 = 1;

/// The most entries that the text of a finding names; the JSON has them all.
const NAMED_MAX: usize = 6;

/// Returns the sentence that the findings on an observer's ledger carry, or `None` for a ledger
/// whose owner records itself.
pub fn disclaimer(report: &Report) -> Option<String> {
    let owner = report.owner.as_ref().filter(|_| report.standing == Some(Standing::Observer))?;
    let as_of = as_of(report).map_or(String::new(), |as_of| format!(" as of {as_of}"));
    Some(format!(
        "A reconstruction from public sources{as_of}, kept by {}. It was not made by or for any \
         organisation that it names.",
        escaped(&owner.name)
    ))
}

/// Returns the findings as text, ending in a newline.
pub fn text(report: &Report, style: Style) -> String {
    let mut lines = Vec::new();
    if let Some(disclaimer) = disclaimer(report) {
        lines.push(wrapped("", &disclaimer, style.width));
        lines.push(String::new());
    }
    let sentence = report.sentence();
    let answer = if report.diverges() { Colour::Red } else { Colour::Green };
    lines.push(style.paint(&wrapped("", &sentence, style.width), answer));
    lines.push(wrapped("", &tally(report), style.width));
    lines.push(wrapped("", &basis(report), style.width));
    for (verdict, n) in report.counts().into_iter().filter(|(_, n)| *n > 0) {
        lines.push(String::new());
        lines.push(style.paint(&format!("{} ({n})", heading(verdict)), Colour::Bold));
        let of_verdict = report.findings.iter().filter(|finding| finding.verdict == verdict);
        for finding in of_verdict {
            lines.push(String::new());
            lines.extend(paragraph(report, finding, style));
        }
    }
    lines.push(String::new());
    let closing = "A finding compares texts and times; it names no cause and no intent. What a \
                   rule does: tally explain CODE.";
    lines.push(wrapped("", closing, style.width));
    lines.join("\n") + "\n"
}

fn as_of(report: &Report) -> Option<When> {
    report.as_of.map(When::from_instant)
}

/// Returns how many findings have each verdict, in one line.
fn tally(report: &Report) -> String {
    let counts = report.counts().map(|(verdict, n)| format!("{verdict} {n}"));
    format!("Findings: {}. {}", counts.join(", "), in_all(report))
}

/// Returns how the number of findings and that of claims go together, in one sentence.
pub(crate) fn in_all(report: &Report) -> String {
    let n = report.findings.len();
    let beside = n.saturating_sub(report.claims);
    let on_claims = match report.claims {
        0 => "none on a claim".to_owned(),
        1 => "1 on the claim".to_owned(),
        claims => format!("{claims} on the claims, one each,"),
    };
    format!("In all {}: {on_claims} and {beside} beside.", count(n, "finding", "findings"))
}

/// Returns what the findings rest on, in one line.
fn basis(report: &Report) -> String {
    let as_of = as_of(report).map_or(String::new(), |at| format!(", open promises as of {at}"));
    let mut line = format!(
        "Read: {}, {}, {}{as_of}.",
        count(report.entries, "entry", "entries"),
        count(report.statements, "statement", "statements"),
        count(report.claims, "claim", "claims")
    );
    if !report.joined.is_empty() {
        let names: Vec<&str> = report.joined.iter().map(|joined| joined.name.as_str()).collect();
        line = format!("{line} Beside the ledger: {}.", names.join(", "));
    }
    if report.suggested > 0 {
        let n = count(report.suggested, "suggested claim awaits", "suggested claims await");
        line = format!("{line} {n} confirmation, and nothing was held against it.");
    }
    if report.rejected > 0 {
        let n = count(report.rejected, "claim was", "claims were");
        line = format!("{line} {n} rejected by a reviewer and not held.");
    }
    if report.unopened > 0 {
        let n = count(report.unopened, "hidden value was", "hidden values were");
        line = format!("{line} {n} never opened or erased.");
    }
    if report.incomplete {
        line = format!("{line} Entries are missing, so an absence shows nothing.");
    }
    line
}

pub(crate) fn heading(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Diverges => "Diverges",
        Verdict::Changed => "Changed",
        Verdict::Corrected => "Corrected",
        Verdict::SourcesDiffer => "Sources differ",
        Verdict::Unsupported => "Unsupported",
        Verdict::Undetermined => "Undetermined",
        Verdict::ForTheReader => "For the reader",
        Verdict::Tallies => "Tallies",
    }
}

/// Returns the lines of one finding: what differs, who said it and what it was held against, and
/// what it rests on.
fn paragraph(report: &Report, finding: &Finding, style: Style) -> Vec<String> {
    let first = format!("{}  ", finding.code);
    let indent = " ".repeat(first.len());
    let colour = match finding.verdict {
        Verdict::Diverges => Colour::Red,
        Verdict::Tallies => Colour::Green,
        _ => Colour::Yellow,
    };
    let message = wrapped(&first, &escaped(&finding.message), style.width);
    let mut lines = vec![message.replacen(finding.code, &style.paint(finding.code, colour), 1)];
    for line in said_beside(report, finding) {
        lines.push(wrapped(&indent, &escaped(&line), style.width));
    }
    let last = wrapped(&indent, &escaped(&rests_on(report, finding)), style.width);
    lines.push(style.paint(&last, Colour::Dim));
    lines
}

/// Returns what is to be told of a finding after its message, unescaped, a line each: who said it
/// and what it was held against, notes, its acceptance, which finding it repeats, and replies.
pub(crate) fn said_beside(report: &Report, finding: &Finding) -> Vec<String> {
    let said = finding.statement.as_ref().map(|said| self::said(report, finding, said));
    let compared = said.into_iter().chain([finding.compared.clone()]);
    let compared: Vec<String> = compared.filter(|part| !part.is_empty()).collect();
    let accepted =
        finding.accepted.as_ref().map(|a| format!("accepted by {}: {}", a.role, a.reason));
    let repeats = finding.repeats.map(|id| format!("the same matter as finding {}", id.short()));
    let replies = finding.replies.iter().map(|reply| {
        let said = reply.text.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("{} replies (signed by {}): {said}", reply.by, reply.key)
    });
    let mut lines = vec![compared.join("; ")];
    lines.extend(finding.notes.iter().cloned());
    lines.extend(accepted.into_iter().chain(repeats).chain(replies));
    lines
}

fn said(report: &Report, finding: &Finding, statement: &StatementRef) -> String {
    let StatementRef { name, speaker, claim, published, text, own_words, .. } = statement;
    let place = report.label(statement.seq);
    let words = match (own_words, text) {
        (Some(words), _) => format!(", in its own words: \"{words}\""),
        (None, Some(text)) => {
            let text = if finding.message.contains(text.as_str()) { "" } else { text };
            let colon = if text.is_empty() { "" } else { ": " };
            format!(", {}{colon}{text}", whose(report, text))
        }
        (None, None) => String::new(),
    };
    format!("said by {speaker} in {name} ({place}, claim {claim}), {published}{words}")
}

/// Returns whose words the text of a claim is that is not known to be the statement's own.
pub(crate) fn whose(report: &Report, text: &str) -> &'static str {
    let marked = text.starts_with(['"', '\u{201c}']) && text.ends_with(['"', '\u{201d}']);
    match report.standing {
        Some(Standing::Observer) if !marked => "in our words",
        _ => "as recorded",
    }
}

fn rests_on(report: &Report, finding: &Finding) -> String {
    let mut seen: Vec<u64> = Vec::new();
    let mut named: Vec<String> = Vec::new();
    for evidence in &finding.evidence {
        if !seen.contains(&evidence.seq) {
            seen.push(evidence.seq);
            let place = report.label(evidence.seq);
            named.push(format!("{place} ({})", evidence.id.short()));
        }
    }
    let more = named.len().saturating_sub(NAMED_MAX);
    named.truncate(NAMED_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let severity = match finding.severity {
        Severity::Note => String::new(),
        severity => format!(", severity {}", severity.as_str()),
    };
    let entries = match named.as_slice() {
        [] => String::new(),
        named => format!("; rests on {}{more}", named.join(", ")),
    };
    format!("finding {}{severity}{entries}", finding.id.short())
}

#[derive(Serialize)]
struct Json {
    schema: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    disclaimer: Option<String>,
    sentence: String,
    origin: Option<String>,
    ledger_id: Option<String>,
    standing: Option<&'static str>,
    owner: Option<String>,
    as_of: Option<String>,
    entries: usize,
    beside: Vec<String>,
    statements: usize,
    claims: usize,
    suggested: usize,
    rejected: usize,
    unopened: usize,
    incomplete: bool,
    counts: Vec<JsonCount>,
    findings: Vec<JsonFinding>,
}

#[derive(Serialize)]
struct JsonCount {
    verdict: &'static str,
    count: usize,
}

#[derive(Serialize)]
struct JsonFinding {
    id: String,
    code: &'static str,
    family: &'static str,
    verdict: &'static str,
    severity: &'static str,
    message: String,
    compared: String,
    times: JsonTimes,
    notes: Vec<String>,
    subject: Option<String>,
    asked: Option<JsonAsked>,
    statement: Option<JsonStatement>,
    evidence: Vec<JsonEvidence>,
    repeats: Option<String>,
    accepted: Option<JsonAccepted>,
    replies: Vec<JsonReply>,
}

#[derive(Serialize)]
struct JsonReply {
    by: String,
    key: String,
    text: String,
}

#[derive(Serialize)]
struct JsonAccepted {
    role: String,
    reason: String,
}

#[derive(Serialize)]
struct JsonAsked {
    pack: String,
    requirement: String,
    source: String,
    version: String,
    section: String,
    strength: &'static str,
    url: String,
}

#[derive(Serialize)]
struct JsonTimes {
    said: Option<When>,
    recorded: Option<When>,
    apart: Option<String>,
}

#[derive(Serialize)]
struct JsonStatement {
    seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    beside: Option<String>,
    id: String,
    name: String,
    url: String,
    item: Option<u64>,
    speaker: String,
    published: String,
    claim: usize,
    asserts: String,
    text: Option<String>,
    own_words: Option<String>,
    span: Option<[u64; 2]>,
}

#[derive(Serialize)]
struct JsonEvidence {
    seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    beside: Option<String>,
    id: String,
    relation: &'static str,
    source: Option<&'static str>,
    claim: Option<usize>,
    stated_in: Vec<JsonCitation>,
}

#[derive(Serialize)]
struct JsonCitation {
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claim: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    span: Option<(u64, u64)>,
}

/// Returns the findings as JSON text, ending in a newline.
pub fn json(report: &Report) -> String {
    let text = serde_json::to_string_pretty(&value(report));
    text.expect("these structures have text keys") + "\n"
}

/// Returns the findings as JSON: an object with the schema number 1.
pub fn value(report: &Report) -> serde_json::Value {
    let counts =
        report.counts().map(|(verdict, count)| JsonCount { verdict: verdict.as_str(), count });
    let json = Json {
        schema: SCHEMA,
        disclaimer: disclaimer(report),
        sentence: report.sentence(),
        origin: report.origin.as_ref().map(ToString::to_string),
        ledger_id: report.ledger_id.map(|id| id.to_string()),
        standing: report.standing.map(Standing::as_str),
        owner: report.owner.as_ref().map(|owner| owner.name.clone()),
        as_of: report.as_of.map(|as_of| as_of.to_string()),
        entries: report.entries,
        beside: report.joined.iter().map(|joined| joined.name.clone()).collect(),
        statements: report.statements,
        claims: report.claims,
        suggested: report.suggested,
        rejected: report.rejected,
        unopened: report.unopened,
        incomplete: report.incomplete,
        counts: counts.into(),
        findings: report.findings.iter().map(|found| finding(report, found)).collect(),
    };
    serde_json::to_value(json).expect("these structures have text keys")
}

/// Returns a finding as JSON.
pub(crate) fn finding_value(report: &Report, found: &Finding) -> serde_json::Value {
    serde_json::to_value(finding(report, found)).expect("these structures have text keys")
}

fn finding(report: &Report, finding: &Finding) -> JsonFinding {
    JsonFinding {
        id: finding.id.to_string(),
        code: finding.code,
        family: finding.family,
        verdict: finding.verdict.as_str(),
        severity: finding.severity.as_str(),
        message: finding.message.clone(),
        compared: finding.compared.clone(),
        times: times(&finding.times),
        notes: finding.notes.clone(),
        subject: finding.subject.clone(),
        asked: finding.asked.as_ref().map(asked),
        statement: finding.statement.as_ref().map(|said| statement(report, said)),
        evidence: finding.evidence.iter().map(|found| evidence(report, found)).collect(),
        repeats: finding.repeats.map(|id| id.to_string()),
        accepted: finding.accepted.as_ref().map(|accepted| JsonAccepted {
            role: accepted.role.clone(),
            reason: accepted.reason.clone(),
        }),
        replies: finding.replies.iter().map(reply).collect(),
    }
}

fn asked(asked: &Asked) -> JsonAsked {
    JsonAsked {
        pack: asked.pack.clone(),
        requirement: asked.requirement.clone(),
        source: asked.source.clone(),
        version: asked.version.clone(),
        section: asked.section.clone(),
        strength: asked.strength.as_str(),
        url: asked.url.clone(),
    }
}

fn times(times: &Times) -> JsonTimes {
    let Times { said, recorded, apart } = times.clone();
    JsonTimes { said, recorded, apart }
}

fn reply(reply: &Reply) -> JsonReply {
    JsonReply { by: reply.by.clone(), key: reply.key.clone(), text: reply.text.clone() }
}

fn statement(report: &Report, statement: &StatementRef) -> JsonStatement {
    let (seq, beside) = report.place(statement.seq);
    JsonStatement {
        seq,
        beside,
        id: statement.id.to_string(),
        name: statement.name.clone(),
        url: statement.url.clone(),
        item: statement.item,
        speaker: statement.speaker.clone(),
        published: statement.published.to_string(),
        claim: statement.claim,
        asserts: statement.asserts.clone(),
        text: statement.text.clone(),
        own_words: statement.own_words.clone(),
        span: statement.span,
    }
}

fn evidence(report: &Report, evidence: &Evidence) -> JsonEvidence {
    let (seq, beside) = report.place(evidence.seq);
    JsonEvidence {
        seq,
        beside,
        id: evidence.id.to_string(),
        relation: evidence.relation.as_str(),
        source: evidence.source.map(tally_divergence::source::Source::as_str),
        claim: evidence.claim,
        stated_in: evidence.citations.iter().map(citation).collect(),
    }
}

fn citation(citation: &Citation) -> JsonCitation {
    let (url, item, digest, entry, claim, span) = match citation.clone() {
        Citation::Web { url, item, digest, span } => (Some(url), item, digest, None, None, span),
        Citation::Entry { seq, claim, span } => (None, None, None, Some(seq), claim, span),
    };
    let digest = digest.map(|digest| digest.to_string());
    JsonCitation { url, item, digest, entry, claim, span }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tally_divergence::{Terms, diverge};
    use tally_ledger::replay::Timeline;
    use tally_testkit::casebook::Casebook;

    use super::*;

    const PLAIN: Style = Style { width: 80, colour: false };

    /// Returns the report on a ledger in which a letter was recorded two days before it was said
    /// to have been sent, in words that no terminal should see.
    fn report(mut book: Casebook) -> Report {
        let step = json!({ "instrument": "letter", "step": "filed" });
        book.record(json!({ "kind": "legal.step", "incident": "x", "body": step,
                            "occurred": "2024-11-11Z" }));
        let claim = json!({ "says": "occurred", "origin": "declared", "kind": "legal.step.filed",
            "subject": "letter", "when": "2024-11-13Z", "text": "\u{1b}[31msent\u{202e}\n" });
        let opinion = json!({ "says": "characterises", "origin": "declared", "subject": "letter",
                              "words": "polite" });
        let speaker = json!({ "capacity": "official", "organisation": "Example CA" });
        book.record(json!({ "kind": "statement.published", "incident": "x", "body": {
            "id": "c4", "channel": "bugzilla", "url": "https://bugs.example/1", "item": 4,
            "speaker": speaker, "published": "2024-12-01Z", "claims": [claim, opinion] } }));
        diverge(&Timeline::replay(&book.ledger()), &Terms::default())
    }

    #[test]
    fn the_answer_and_the_counts_stand_above_the_findings() {
        let text = text(&report(Casebook::own("Example CA")), PLAIN);
        let mut lines = text.lines();
        let first = "1 finding diverges from what is recorded; of 2 claims, 0 tally.";
        assert_eq!(lines.next(), Some(first));
        assert!(lines.next().is_some_and(|l| l.starts_with("Findings: diverges 1, changed 0,")));
        let diverges = text.find("Diverges (1)").expect("a heading");
        assert!(diverges < text.find("For the reader (1)").expect("a heading"));
        assert!(!text.contains("Tallies ("), "no heading over nothing");
    }

    #[test]
    fn a_finding_says_what_differs_who_said_it_and_what_it_rests_on() {
        let text = text(&report(Casebook::own("Example CA")), Style { width: 500, colour: false });
        let at = text.lines().position(|line| line.starts_with("T401  ")).expect("the finding");
        let lines: Vec<&str> = text.lines().skip(at).take(3).collect();
        assert_eq!(
            lines[0],
            "T401  stated: legal step filed (letter) 2024-11-13 UTC; recorded: 2024-11-11 UTC; 2 \
             days earlier"
        );
        assert!(lines[1].starts_with("      said by Example CA in c4 (entry 2, claim 0), 2024-12"));
        assert!(lines[1].ends_with("compared with its own record (entry 1)"), "{}", lines[1]);
        assert!(lines[2].contains("severity medium; rests on entry 1 ("), "{}", lines[2]);
    }

    #[test]
    fn hostile_text_is_escaped_and_lines_keep_to_the_width() {
        let text = text(&report(Casebook::own("Example CA")), PLAIN);
        assert!(text.contains("\\u{1b}[31msent\\u{202e}\\u{a}"), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{202e}']));
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        let coloured =
            super::text(&report(Casebook::own("Example CA")), Style { width: 80, colour: true });
        assert!(coloured.contains("\u{1b}[31mT401\u{1b}[0m"), "colour is an argument");
    }

    #[test]
    fn an_observers_findings_say_on_top_whose_reconstruction_they_are() {
        let report = report(Casebook::observer("An observer"));
        let text = text(&report, PLAIN);
        let start =
            "A reconstruction from public sources as of 2024-08-01 00:02:00 UTC, kept by An";
        assert!(text.starts_with(start), "{text}");
        assert!(json(&report).contains("\"disclaimer\": \"A reconstruction"));
        let own = super::tests::report(Casebook::own("Example CA"));
        assert_eq!(disclaimer(&own), None);
    }

    #[test]
    fn words_that_are_not_known_to_be_the_speakers_are_said_to_be_the_recorders() {
        let wide = Style { width: 500, colour: false };
        let ours = text(&report(Casebook::observer("An observer")), wide);
        assert!(ours.contains("2024-12-01 UTC, in our words: \\u{1b}[31msent"), "{ours}");
        let own = text(&report(Casebook::own("Example CA")), wide);
        assert!(own.contains("2024-12-01 UTC, as recorded: \\u{1b}[31msent"), "{own}");
    }

    #[test]
    fn json_has_every_verdict_and_whole_ids() {
        let json = json(&report(Casebook::own("Example CA")));
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["schema"], 1);
        assert_eq!(json["counts"].as_array().map(Vec::len), Some(8));
        assert_eq!(json["counts"][0], json!({ "verdict": "diverges", "count": 1 }));
        let finding = &json["findings"][0];
        assert_eq!(finding["verdict"], "diverges");
        assert_eq!(finding["times"]["recorded"], json!({ "at": "2024-11-11", "zone": "Z" }));
        assert_eq!(finding["times"]["apart"], "2 days");
        assert_eq!(finding["id"].as_str().map(str::len), Some(64));
        assert_eq!(finding["evidence"][0]["id"].as_str().map(str::len), Some(64));
        assert_eq!(finding["evidence"][0]["source"], "its own record");
        assert_eq!(finding["statement"]["text"], "\u{1b}[31msent\u{202e}\n");
    }
}
