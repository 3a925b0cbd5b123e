//! The top of the page: whom it is about, the answer, and what it rests on.

use maud::{Markup, html};
use tally_divergence::Report;
use tally_ledger::governance::Standing;
use tally_ledger::replay::Timeline;
use tally_ledger::time::When;
use tally_ledger::verify::{Verdict, Verification};
use tally_ledger::vocabulary::Body;

use super::finding::group_anchor;
use super::parts::{count, link, row, verdict_class};
use crate::findings::{heading, in_all};
use crate::verification::sentence;

/// The most incidents that the top of the page names: the answer has to stay in sight.
const INCIDENTS_MAX: usize = 4;

/// Returns the title of the page, whom it is about, and whose reconstruction it is.
pub(super) fn masthead(report: &Report, timeline: &Timeline) -> Markup {
    html! {
        p.kind { "Tally report" }
        h1 { "What was said, held against what is recorded" }
        (incidents(timeline))
        @if let Some(disclaimer) = crate::findings::disclaimer(report) {
            p.disclaimer role="note" { (disclaimer) }
        }
    }
}

/// Returns the incidents: whom each is about, its title, and where it is discussed.
fn incidents(timeline: &Timeline) -> Markup {
    let opened: Vec<_> = timeline
        .facts()
        .iter()
        .filter_map(|fact| match fact.body() {
            Some(Body::IncidentOpened(opened)) => Some(opened),
            _ => None,
        })
        .collect();
    let more = opened.len().saturating_sub(INCIDENTS_MAX);
    html! {
        @if !opened.is_empty() {
            ul.incidents {
                @for incident in opened.iter().take(INCIDENTS_MAX) {
                    li {
                        bdi { (incident.about.name) } ": " (incident.title)
                        @for bug in &incident.bugs { " (" (bug_link(*bug)) ")" }
                    }
                }
                @if more > 0 { li { "and " (more) " more" } }
            }
        }
    }
}

fn bug_link(bug: u64) -> Markup {
    let url = format!("https://bugzilla.mozilla.org/show_bug.cgi?id={bug}");
    link(&url, None, &format!("bug {bug}"))
}

/// Returns the answer in counts, and what it rests on.
pub(super) fn answer(report: &Report, verification: &Verification, source: &str) -> Markup {
    html! {
        ul.counts {
            @for (verdict, n) in report.counts() {
                li.(verdict_class(verdict)).none[n == 0] {
                    @if n > 0 {
                        a href={ "#" (group_anchor(verdict)) } { (figure(n, heading(verdict))) }
                    } @else {
                        (figure(n, heading(verdict)))
                    }
                }
            }
        }
        p.meaning { (in_all(report)) }
        p.meaning {
            "A finding compares texts and times. It names no cause and no intent, and an innocent \
             explanation may exist for every one. Nothing recorded is not the same as nothing done."
        }
        dl.basis { (basis(report, verification, source)) }
    }
}

fn basis(report: &Report, verification: &Verification, source: &str) -> Markup {
    let standing = verification.standing.map(Standing::as_str);
    let sound = matches!(verification.verdict(), Verdict::Whole);
    html! {
        (row("The ledger", &html! {
            span.(if sound { "sound" } else { "unsound" }) { (sentence(verification)) }
        }))
        (row("Pinned by", &html! {
            @for pin in &verification.pins_met { div { (pin) } }
            @if verification.pins_met.is_empty() {
                "nothing: whether it is the right ledger was not shown"
            }
        }))
        @if let Some(as_of) = report.as_of {
            (row("As of", &html! {
                (When::from_instant(as_of)) "; what was open then is judged as open"
            }))
        }
        (row("Read", &html! {
            (count(report.entries, "entry", "entries")) ", "
            (count(report.statements, "statement", "statements")) ", "
            (count(report.claims, "claim", "claims")) ", from " (source)
            @for joined in &report.joined { ", and beside the ledger " (joined.name) }
        }))
        @if let Some(owner) = &report.owner {
            (row("Kept by", &html! {
                bdi { (owner.name) }
                @if let Some(standing) = standing { " (standing: " (standing) ")" }
            }))
        }
        @if let Some(origin) = &report.origin { (row("Origin", &html! { (origin) })) }
        @if let Some(id) = &report.ledger_id {
            (row("Ledger id", &html! { code { (id) } }))
        }
    }
}

/// Returns a count: the number first for the eye, and for the ear too.
fn figure(n: usize, name: &str) -> Markup {
    html! { span.number { (n) } " " span.name { (name) } }
}
