//! The findings, by verdict: those that diverge open, the others folded.

use std::collections::BTreeSet;

use maud::{Markup, html};
use tally_divergence::Report;
use tally_divergence::finding::{Evidence, Finding, Severity, StatementRef, Verdict};
use tally_divergence::rules;
use tally_ledger::hash::Hash;
use tally_ledger::replay::{Fact, Timeline};
use tally_ledger::time::When;

use super::parts::{anchor, citation, count, link, row, verdict_class};
use crate::findings::{heading, whose};
use crate::timeline::summary;

/// The most entries of one finding that are shown; the JSON has them all.
const EVIDENCE_MAX: usize = 40;

/// Returns the findings, grouped by verdict.
pub(super) fn section(report: &Report, timeline: &Timeline) -> Markup {
    let mut seen: BTreeSet<Hash> = BTreeSet::new();
    let unseen = !any_witnessed(timeline);
    html! {
        @if report.findings.is_empty() { p { (report.sentence()) } }
        @if unseen && !report.findings.is_empty() {
            p.meaning {
                "No entry is witnessed: when each was recorded rests on its author’s clock."
            }
        }
        @for (verdict, n) in report.counts().into_iter().filter(|(_, n)| *n > 0) {
            section.group.(verdict_class(verdict)) aria-labelledby=(group_anchor(verdict)) {
                h3 id=(group_anchor(verdict)) { (heading(verdict)) " (" (n) ")" }
                p.meaning { (meaning(verdict)) }
                @for finding in report.findings.iter().filter(|f| f.verdict == verdict) {
                    (one(report, timeline, finding, seen.insert(finding.id)))
                }
            }
        }
    }
}

/// Returns the anchor of the findings of a verdict.
pub(super) fn group_anchor(verdict: Verdict) -> String {
    format!("verdict-{}", verdict_class(verdict))
}

/// Returns what a verdict means, in one sentence.
fn meaning(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Diverges => {
            "What was said differs from a measurement, from the speaker’s own record or from its \
             other words."
        }
        Verdict::Changed => {
            "The speaker narrowed, widened, moved or withdrew it before it was due, or states it \
             otherwise later."
        }
        Verdict::Corrected => "It differed, and the speaker put it right.",
        Verdict::SourcesDiffer => {
            "Another party says otherwise, and nothing decides between the two."
        }
        Verdict::Unsupported => {
            "Nothing is recorded behind it but the statement itself. That is not the same as \
             nothing done."
        }
        Verdict::Undetermined => "Something that a decision needs is missing; each says what.",
        Verdict::ForTheReader => {
            "An opinion, or what only a reader can weigh, beside what is recorded."
        }
        Verdict::Tallies => "What was said and what is recorded agree.",
    }
}

/// Returns one finding. `first` is false if another one on this page has its id already, which an
/// anchor may not have twice.
fn one(report: &Report, timeline: &Timeline, finding: &Finding, first: bool) -> Markup {
    let open = finding.verdict == Verdict::Diverges;
    let id = first.then(|| anchor(&finding.id));
    html! {
        details.finding open[open] id=[id] {
            summary {
                h4 {
                    span.code.(verdict_class(finding.verdict)) { (finding.code) }
                    " " (finding.message)
                    @if finding.accepted.is_some() { " " span.accepted { "accepted" } }
                }
            }
            div.body {
                @if let Some(statement) = &finding.statement { (said(report, statement)) }
                dl { (facts(report, finding)) }
                @if !finding.evidence.is_empty() { (rests_on(report, timeline, &finding.evidence)) }
                p.id {
                    "Finding "
                    a href={ "#" (anchor(&finding.id)) } { code { (finding.id) } }
                }
            }
        }
    }
}

/// Returns a claim, and where it was made. Only words that are known to be the statement's own
/// stand as a quotation.
fn said(report: &Report, statement: &StatementRef) -> Markup {
    let StatementRef { speaker, published, url, item, .. } = statement;
    html! {
        figure.said {
            @match (&statement.own_words, &statement.text) {
                (Some(words), _) => { blockquote { (words) } }
                (None, Some(text)) => {
                    p.told { span.label { (capitalised(whose(report, text))) ":" } " " (text) }
                }
                (None, None) => { p.told { (statement.asserts) } }
            }
            figcaption {
                bdi { (speaker) } ", " (published) ", in "
                (link(url, *item, url)) @if let Some(item) = item { ", item " (item) }
                " (" (statement.name) ", " (report.label(statement.seq)) ", claim "
                (statement.claim)
                @if let Some([start, end]) = statement.span {
                    ", bytes " (start) " to " (end) " of the text"
                }
                ")"
            }
        }
    }
}

fn facts(report: &Report, finding: &Finding) -> Markup {
    let title = rules::rule(finding.code).map(|rule| rule.title);
    let repeats = finding.repeats.and_then(|id| report.findings.iter().find(|f| f.id == id));
    let times = &finding.times;
    html! {
        @if let Some(statement) = &finding.statement {
            (row("Asserts", &html! { (statement.asserts) }))
        }
        @if !finding.compared.is_empty() {
            (row("Held against", &html! { (against(&finding.compared)) }))
        }
        @if let Some(said) = &times.said { (row("Time said", &html! { (said) })) }
        @if let Some(recorded) = &times.recorded {
            (row("Time recorded", &html! {
                (recorded) @if let Some(apart) = &times.apart { ", " (apart) " apart" }
            }))
        }
        @if !finding.notes.is_empty() {
            (row("Notes", &html! { @for note in &finding.notes { div { (note) } } }))
        }
        @if let Some(accepted) = &finding.accepted {
            (row("Accepted", &html! { "by " (accepted.role) ": " (accepted.reason) }))
        }
        @for reply in &finding.replies {
            (row("Reply", &html! {
                div.reply { (reply.text.trim()) }
                div.when { bdi { (reply.by) } ", signed by " (reply.key) }
            }))
        }
        @if let Some(other) = repeats {
            (row("Same matter", &html! { (super::parts::finding_link(other)) }))
        }
        (row("Rule", &html! {
            (finding.code) @if let Some(title) = title { ", " (title) }
            @if finding.severity != Severity::Note {
                "; severity " (finding.severity.as_str())
            }
        }))
    }
}

/// Returns what a claim was held against, without the words that its row says already.
fn against(compared: &str) -> &str {
    compared.strip_prefix("compared with ").unwrap_or(compared)
}

/// Returns the entries that a finding rests on: what each does for it, what it says, since when it
/// is witnessed, and the hash that names it.
fn rests_on(report: &Report, timeline: &Timeline, evidence: &[Evidence]) -> Markup {
    let more = evidence.len().saturating_sub(EVIDENCE_MAX);
    html! {
        p.rests { "Rests on " (count(evidence.len(), "entry", "entries")) ":" }
        ul.evidence {
            @for item in evidence.iter().take(EVIDENCE_MAX) {
                li { (entry(report, timeline, item)) }
            }
            @if more > 0 { li { (more) " more, which the JSON report lists" } }
        }
    }
}

fn entry(report: &Report, timeline: &Timeline, evidence: &Evidence) -> Markup {
    let fact = timeline.fact(evidence.seq);
    let source = evidence.source.map(tally_divergence::source::Source::as_str);
    html! {
        span.label { (capitalised(&report.label(evidence.seq))) }
        " " span.relation { (evidence.relation.as_str()) }
        @if let Some(claim) = evidence.claim { ", by its claim " (claim) }
        @if let Some(source) = source { ": " (source) }
        @if let Some(fact) = fact {
            div.summary { (summary(fact)) }
            div.when {
                @if let Some(when) = fact.occurred() { "occurred " (when) "; " }
                @if timeline.beside(fact.seq).is_some() {
                    "read " (When::from_instant(fact.recorded)) ", beside the ledger"
                } @else {
                    "recorded " (When::from_instant(fact.recorded))
                    @if any_witnessed(timeline) { "; " (witnessed(fact)) }
                }
            }
        }
        @if !evidence.citations.is_empty() {
            div.cites {
                "stated in "
                @for (i, cited) in evidence.citations.iter().enumerate() {
                    @if i > 0 { ", " }
                    (citation(cited))
                }
            }
        }
        code.hash { (evidence.id) }
    }
}

/// Returns whether witnesses saw any entry. Where they saw none, a section says so once.
fn any_witnessed(timeline: &Timeline) -> bool {
    timeline.recorded().iter().any(|fact| fact.window.seen.is_some())
}

/// Returns when witnesses saw an entry, which does not depend on its author's clock.
fn witnessed(fact: &Fact) -> Markup {
    let at = |instant| When::from_instant(instant).to_string();
    html! {
        @match (fact.window.not_yet, fact.window.seen) {
            (Some(not_yet), Some(seen)) => {
                "witnessed by " (at(seen)) ", and not yet there " (at(not_yet))
            }
            (None, Some(seen)) => { "witnessed by " (at(seen)) }
            (_, None) => { "not witnessed" }
        }
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or(String::new(), |first| first.to_uppercase().collect::<String>() + chars.as_str())
}
