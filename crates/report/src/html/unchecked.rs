//! What was not checked, and the checks that were made of the ledger.

use maud::{Markup, html};
use tally_divergence::Report;
use tally_divergence::finding::Verdict;
use tally_ledger::replay::{Content, Fact, Sealed, SealedState, Timeline};
use tally_ledger::time::{Instant, When};
use tally_ledger::verify::{CheckpointState, Outcome, Verification};

use super::finding::group_anchor;
use super::parts::{Column, cell, count, table};
use crate::verification::{not_shown, notices};

/// The most positions that a sentence lists.
const LISTED_MAX: usize = 20;

/// Returns what was not checked, as a list.
pub(super) fn section(report: &Report, verification: &Verification, timeline: &Timeline) -> Markup {
    html! {
        p { (not_shown(verification)) }
        ul.unchecked {
            @for check in verification.checks() {
                @if check.outcome == Outcome::NotChecked {
                    li { strong { (check.name) } ": " (check.detail) "." }
                }
            }
            @for line in ledger(verification).iter().chain(&entries(timeline)) { li { (line) } }
            @for line in claims(report) { li { (line) } }
            @if report.count(Verdict::Undetermined) > 0 {
                li {
                    a href={ "#" (group_anchor(Verdict::Undetermined)) } {
                        (count(report.count(Verdict::Undetermined), "finding", "findings"))
                        " undetermined"
                    }
                    ": each says what is missing."
                }
            }
        }
    }
}

fn ledger(verification: &Verification) -> Vec<String> {
    let mut lines = Vec::new();
    let withheld = &verification.withheld;
    if !withheld.is_empty() {
        let seqs = listed(withheld.iter().copied());
        let n = count(withheld.len(), "entry is", "entries are");
        lines.push(format!("{n} withheld: {seqs}."));
    }
    let uncovered = verification.expected.saturating_sub(verification.entries);
    if uncovered > withheld.len() as u64 {
        let n = uncovered - withheld.len() as u64;
        lines.push(format!("{n} entries that the container announces were not read."));
    }
    if verification.evidence.absent > 0 {
        let n = verification.evidence.absent;
        lines.push(format!("Evidence files that entries name and that are not here: {n}."));
    }
    lines
}

fn entries(timeline: &Timeline) -> Vec<String> {
    let mut lines = Vec::new();
    let of = |wanted: fn(&Content) -> bool| -> Vec<u64> {
        let facts = timeline.recorded().iter();
        facts.filter(|fact| wanted(fact.told().content.as_ref())).map(|fact| fact.seq).collect()
    };
    let unread = of(|content| matches!(content, Content::NotUnderstood(_)));
    if !unread.is_empty() {
        let n = count(unread.len(), "entry is", "entries are");
        lines.push(format!("{n} of a kind or shape not understood here: {}.", listed(unread)));
    }
    let unopened = |sealed: &&Sealed| sealed.state == SealedState::Unopened;
    let unopened: Vec<&Sealed> = timeline.sealed().iter().filter(unopened).collect();
    if let Some(oldest) = unopened.first() {
        let n = count(unopened.len(), "hidden value was", "hidden values were");
        let since = When::from_instant(oldest.recorded);
        let seqs = listed(unopened.iter().map(|sealed| sealed.seq));
        lines.push(format!(
            "{n} never opened or erased, in {seqs}; the oldest recorded {since}. Whoever sealed \
             two accounts could open one and leave the other closed."
        ));
    }
    let without_effect: Vec<u64> = timeline
        .recorded()
        .iter()
        .filter(|fact| matches!(fact.act, Some(Err(_))))
        .map(|fact: &Fact| fact.seq)
        .collect();
    if !without_effect.is_empty() {
        let n = count(without_effect.len(), "act has", "acts have");
        lines.push(format!("{n} no effect: {}.", listed(without_effect)));
    }
    lines
}

fn claims(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    if report.suggested > 0 {
        let n = count(report.suggested, "claim that a phrase rule", "claims that phrase rules");
        lines.push(format!("{n} suggested and nobody has confirmed; nothing was held against it."));
    }
    if report.rejected > 0 {
        let n = count(report.rejected, "claim was", "claims were");
        lines.push(format!("{n} rejected by a reviewer: the text does not make them."));
    }
    if report.incomplete {
        lines.push("Entries are missing, so that an absence shows nothing.".to_owned());
    }
    for joined in &report.joined {
        lines.push(format!(
            "{} stands beside the ledger: nobody signed it, and no check above covers it.",
            joined.name
        ));
    }
    lines
}

/// Returns positions in words, so many at most.
fn listed(seqs: impl IntoIterator<Item = u64>) -> String {
    let mut seqs: Vec<String> = seqs.into_iter().map(|seq| seq.to_string()).collect();
    seqs.dedup();
    let more = seqs.len().saturating_sub(LISTED_MAX);
    seqs.truncate(LISTED_MAX);
    let entries = if seqs.len() == 1 { "entry" } else { "entries" };
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{entries} {}{more}", seqs.join(", "))
}

/// Returns the checks that were made of the ledger, what a reader should know beside them, and its
/// checkpoints.
pub(super) fn checks(verification: &Verification) -> Markup {
    let columns = [Column::head("Check"), Column::new("Outcome"), Column::new("Detail")];
    let body = html! {
        @for check in verification.checks() {
            tr role="row" {
                (cell(&columns[0], &html! { (check.name) }))
                (cell(&columns[1], &html! { (outcome(check.outcome)) }))
                (cell(&columns[2], &html! { (check.detail) }))
            }
        }
    };
    let notices = notices(verification);
    html! {
        (table("The checks of the ledger", &columns, &body))
        @if !notices.is_empty() {
            h3 { "Beside the checks" }
            ul { @for notice in notices { li { (notice) } } }
        }
        @if !verification.checkpoints.is_empty() {
            h3 { "Checkpoints" }
            (checkpoints(&verification.checkpoints))
        }
    }
}

fn outcome(outcome: Outcome) -> Markup {
    let (class, word) = match outcome {
        Outcome::Pass => ("tallies", "pass"),
        Outcome::Fail => ("diverges", "fails"),
        Outcome::NotChecked => ("undetermined", "not checked"),
    };
    html! { span.verdict.(class) { (word) } }
}

fn checkpoints(checkpoints: &[CheckpointState]) -> Markup {
    let columns = [
        Column::head("Entries"),
        Column::new("Root"),
        Column::new("Holds"),
        Column::new("Witnessed by"),
    ];
    let shown = checkpoints.len().saturating_sub(LISTED_MAX);
    let body = html! {
        @for checkpoint in &checkpoints[shown..] {
            tr role="row" {
                (cell(&columns[0], &html! { (checkpoint.size) }))
                (cell(&columns[1], &html! { code.hash { (checkpoint.root) } }))
                (cell(&columns[2], &html! { @if checkpoint.sound { "yes" } @else { "no" } }))
                (cell(&columns[3], &html! { (witnessed(checkpoint.witnessed)) }))
            }
        }
    };
    html! {
        @if shown > 0 { p { "The last " (LISTED_MAX) " of " (checkpoints.len()) "." } }
        (table("Checkpoints: size, root and witnessed time", &columns, &body))
    }
}

fn witnessed(seconds: Option<u64>) -> String {
    let instant = seconds.and_then(|seconds| Instant::from_unix(i64::try_from(seconds).ok()?).ok());
    instant.map_or("nobody".to_owned(), |instant| When::from_instant(instant).to_string())
}
