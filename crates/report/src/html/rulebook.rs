//! The pages of the rules that found something, so that a reader needs nothing else.

use std::collections::BTreeSet;

use maud::{Markup, PreEscaped, html};
use pulldown_cmark::Parser;
use tally_divergence::Report;
use tally_divergence::rules::RULES;

/// Returns the pages of the rules that the findings of a report name.
pub(super) fn section(report: &Report) -> Markup {
    let used: BTreeSet<&str> = report.findings.iter().map(|finding| finding.code).collect();
    html! {
        @for rule in RULES.iter().filter(|rule| used.contains(rule.code)) {
            details.rule id={ "rule-" (rule.code) } {
                summary { h3 { span.code { (rule.code) } " " (rule.title) } }
                div.body { (page(rule.explanation)) }
            }
        }
    }
}

/// Returns a page of a rule, which is ours and part of the program, as markup.
fn page(explanation: &'static str) -> Markup {
    let mut markup = String::with_capacity(explanation.len() * 2);
    pulldown_cmark::html::push_html(&mut markup, Parser::new(explanation));
    PreEscaped(markup)
}
