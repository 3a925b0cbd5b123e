//! The parts that every section is made of: links, tables, and the words for a verdict.

use maud::{Markup, html};
use tally_divergence::finding::{Finding, Verdict};
use tally_ledger::hash::Hash;
use tally_ledger::payload::Citation;
use tally_ledger::time::When;

use crate::address::{BUGZILLA, at_item, is_plain};
use crate::entry::{place, short_place};
pub(super) use crate::text::count;

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    name: &'static str,
    head: bool,
}

impl Column {
    pub(super) const fn new(name: &'static str) -> Self {
        Self { name, head: false }
    }

    /// Returns a column whose cells name their rows.
    pub(super) const fn head(name: &'static str) -> Self {
        Self { name, head: true }
    }
}

/// Returns a table of those columns. Its roles are written out, because a narrow screen shows each
/// row as a block, and some programs would then no longer take it for a table.
pub(super) fn table(caption: &str, columns: &[Column], rows: &Markup) -> Markup {
    html! {
        table role="table" {
            caption { (caption) }
            thead role="rowgroup" {
                tr role="row" {
                    @for column in columns {
                        th role="columnheader" scope="col" { (column.name) }
                    }
                }
            }
            tbody role="rowgroup" { (rows) }
        }
    }
}

/// Returns a cell of a column.
pub(super) fn cell(column: &Column, content: &Markup) -> Markup {
    html! {
        @if column.head {
            th role="rowheader" scope="row" data-label=(column.name) { (content) }
        } @else {
            // On a narrow screen the content stands beside the name of its column, as one piece.
            td role="cell" data-label=(column.name) { div { (content) } }
        }
    }
}

/// Returns a name and its value, for a list of such.
pub(super) fn row(name: &str, value: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// Returns the class that colours a verdict.
pub(super) fn verdict_class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Diverges => "diverges",
        Verdict::Changed => "changed",
        Verdict::Corrected => "corrected",
        Verdict::SourcesDiffer => "sources-differ",
        Verdict::Unsupported => "unsupported",
        Verdict::Undetermined => "undetermined",
        Verdict::ForTheReader => "for-the-reader",
        Verdict::Tallies => "tallies",
    }
}

/// Returns the anchor of a finding, which is the same as long as its id is.
pub(super) fn anchor(id: &Hash) -> String {
    format!("finding-{id}")
}

/// Returns a link to a finding of this page: its code and the beginning of its id.
pub(super) fn finding_link(finding: &Finding) -> Markup {
    html! {
        a href={ "#" (anchor(&finding.id)) } { (finding.code) " " code { (finding.id.short()) } }
    }
}

/// Returns what a finding is about: the text of the claim or what it asserts, else its message.
pub(super) fn words(finding: &Finding) -> &str {
    let said = finding.statement.as_ref();
    let claim = said.map(|said| said.text.as_deref().unwrap_or(&said.asserts));
    claim.unwrap_or(&finding.message)
}

/// Returns an address as a link that says nothing of this page, if it is one of the web and
/// nothing in it could mislead; else as text.
pub(super) fn link(url: &str, item: Option<u64>, text: &str) -> Markup {
    html! {
        @if is_plain(url) {
            a href=(at_item(url, item)) rel="noreferrer noopener external" { (text) }
        } @else {
            (text)
        }
    }
}

/// Returns where something was said, as a link if it is on the web.
pub(super) fn citation(citation: &Citation) -> Markup {
    match citation {
        Citation::Web { url, item, .. } => {
            // Only where the words name the host does a link say where it leads.
            let text = if url.starts_with(BUGZILLA) { short_place(citation) } else { url.clone() };
            let item = item.filter(|_| text == *url);
            html! {
                (link(url, item_of(citation), &text))
                @if let Some(item) = item { ", item " (item) }
            }
        }
        Citation::Entry { .. } => html! { (place(citation)) },
    }
}

fn item_of(citation: &Citation) -> Option<u64> {
    match citation {
        Citation::Web { item, .. } => *item,
        Citation::Entry { .. } => None,
    }
}

/// Returns the time in the place of the one that was said; of what changed, when it did.
pub(super) fn in_its_place(finding: &Finding, said: Option<&When>, when: &When) -> Markup {
    let before = said.is_some_and(|said| when.interval().before(&said.interval()));
    let lead = match finding.verdict {
        Verdict::Changed if before => "earlier, ",
        Verdict::Changed if when.at().contains('/') => "changed ",
        Verdict::Changed => "changed on ",
        _ => "",
    };
    html! { (lead) (shown(when)) }
}

/// Returns a time whose dates a narrow cell does not break.
pub(super) fn shown(when: &When) -> Markup {
    let text = when.to_string();
    html! {
        @for (i, word) in text.split(' ').enumerate() {
            @if i > 0 { " " }
            @if word.contains('-') { span.date { (word) } } @else { (word) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::LINK_MAX;

    #[test]
    fn only_an_address_of_the_web_that_shows_its_host_becomes_a_link() {
        for url in [
            "javascript:alert(1)",
            "JAVASCRIPT:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "//example.invalid/x",
            "https://",
            "https://bugzilla.mozilla.org@evil.invalid/",
            "https://evil.invalid\\@bugzilla.mozilla.org/",
            "https://example.invalid/\"onmouseover=\"x",
            "https://example.invalid/\u{202e}moc",
            "https://ex\u{430}mple.invalid/",
            "https://example.invalid/a b",
        ] {
            let shown = link(url, None, url).into_string();
            assert!(!shown.contains("<a "), "{shown}");
        }
        let long = format!("https://example.invalid/{}", "x".repeat(LINK_MAX));
        assert!(!link(&long, None, "x").into_string().contains("<a "));
        let shown = link("https://example.invalid/x?a=1&b=2#c", None, "x").into_string();
        assert!(shown.contains("href=\"https://example.invalid/x?a=1&amp;b=2#c\""), "{shown}");
        assert!(shown.contains("rel=\"noreferrer"), "{shown}");
    }

    #[test]
    fn a_comment_is_linked_where_the_site_has_an_address_for_it() {
        let bug = format!("{BUGZILLA}7");
        assert_eq!(at_item(&bug, Some(4)), format!("{bug}#c4"));
        assert_eq!(at_item("https://example.invalid/7", Some(4)), "https://example.invalid/7");
        let elsewhere = "https://evil.invalid/show_bug.cgi?id=7";
        let elsewhere =
            Citation::Web { url: elsewhere.to_owned(), item: Some(4), digest: None, span: None };
        let shown = citation(&elsewhere).into_string();
        assert!(shown.contains(">https://evil.invalid/show_bug.cgi?id=7</a>, item 4"), "{shown}");
    }
}
