//! Action items and promises: what was said of each, when it is due, and what is recorded.

use std::collections::BTreeMap;

use maud::{Markup, html};
use tally_divergence::Report;
use tally_divergence::finding::{Finding, Verdict};
use tally_ledger::claim::{Assertion, Claim};
use tally_ledger::name::FeedId;
use tally_ledger::replay::{Fact, Timeline, shares_incident};
use tally_ledger::time::When;
use tally_ledger::vocabulary::Body;

use super::parts::{
    Column, cell, finding_link, in_its_place, link, shown, table, verdict_class, words,
};

/// What is recorded and said of one action item.
#[derive(Debug)]
struct Item<'a> {
    id: &'a str,
    /// The incidents in which it is spoken of.
    feeds: Vec<FeedId>,
    text: Option<&'a str>,
    due: Option<&'a When>,
    /// The last status that is recorded, since when, and in which entry.
    recorded: Option<(&'a str, Option<&'a When>, u64)>,
    /// The findings on what was said of it.
    findings: Vec<(&'a Finding, &'a Claim)>,
}

/// The items, in the order in which they were first recorded or spoken of.
#[derive(Debug, Default)]
struct Items<'a> {
    all: Vec<Item<'a>>,
    by_id: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Items<'a> {
    /// Returns the item of that id in one of those incidents.
    fn entry(&mut self, id: &'a str, feeds: &[FeedId]) -> &mut Item<'a> {
        let named = self.by_id.entry(id).or_default();
        let known = named.iter().copied().find(|at| shares_incident(&self.all[*at].feeds, feeds));
        let at = known.unwrap_or(self.all.len());
        if known.is_none() {
            named.push(at);
            let feeds = Vec::new();
            self.all.push(Item {
                id,
                feeds,
                text: None,
                due: None,
                recorded: None,
                findings: vec![],
            });
        }
        let item = &mut self.all[at];
        let new = feeds.iter().filter(|feed| !item.feeds.contains(feed));
        let new: Vec<FeedId> = new.cloned().collect();
        item.feeds.extend(new);
        item
    }
}

/// Returns the section of action items and promises.
pub(super) fn section(report: &Report, timeline: &Timeline) -> Markup {
    let claims = claims(timeline);
    let items = items(report, timeline, &claims);
    let mut promises: Vec<&Finding> =
        report.findings.iter().filter(|finding| finding.family == "promise").collect();
    promises.sort_by_key(|finding| made(finding));
    html! {
        h3 { "Action items" }
        @if items.all.is_empty() {
            p { "No action item is recorded, and no claim speaks of one." }
        } @else {
            (action_items(report, &items))
        }
        h3 { "Promises" }
        @if promises.is_empty() {
            p { "No promise is recorded." }
        } @else {
            (promise_table(&promises))
        }
    }
}

/// Returns when a claim was made, to sort by; what is in the record alone stands last.
fn made(finding: &Finding) -> (i64, i64) {
    let published = finding.statement.as_ref().map(|said| said.published.interval());
    published.map_or((i64::MAX, i64::MAX), |when| (when.start, when.end))
}

/// Returns the claims by the entry that makes them and their position.
fn claims(timeline: &Timeline) -> BTreeMap<(u64, usize), (&[FeedId], &Claim)> {
    let mut claims = BTreeMap::new();
    for statement in timeline.statements() {
        for version in &statement.versions {
            for (index, claim) in version.claims.iter().enumerate() {
                claims.insert((version.seq, index), (statement.feeds.as_slice(), claim));
            }
        }
    }
    claims
}

fn items<'a>(
    report: &'a Report,
    timeline: &'a Timeline,
    claims: &BTreeMap<(u64, usize), (&'a [FeedId], &'a Claim)>,
) -> Items<'a> {
    let mut items = Items::default();
    for fact in timeline.facts() {
        match fact.body() {
            Some(Body::ActionOpened(body)) => {
                let item = items.entry(&body.id, &fact.feeds);
                item.text = Some(&body.text);
                item.due = body.due.as_ref().or(item.due);
                item.recorded = Some(status(body.status.as_str(), fact));
            }
            Some(Body::ActionStatus(body)) => {
                let item = items.entry(&body.id, &fact.feeds);
                item.due = body.due.as_ref().or(item.due);
                item.recorded = Some(status(body.status.as_str(), fact));
            }
            Some(Body::ActionChanged(body)) => {
                let item = items.entry(&body.id, &fact.feeds);
                item.text = body.text.as_deref().or(item.text);
            }
            _ => {}
        }
    }
    for finding in &report.findings {
        let place = finding.statement.as_ref().map(|s| (s.seq, s.claim));
        let Some((feeds, claim)) = place.and_then(|place| claims.get(&place).copied()) else {
            continue;
        };
        let named: &[String] = match &claim.assertion {
            Assertion::Status(a) => std::slice::from_ref(&a.item),
            Assertion::AllComplete(a) => &a.items,
            _ => &[],
        };
        for id in named {
            items.entry(id, feeds).findings.push((finding, claim));
        }
    }
    for item in &mut items.all {
        item.findings.sort_by_key(|(finding, _)| made(finding));
    }
    items
}

fn status<'a>(status: &'a str, fact: &'a Fact) -> (&'a str, Option<&'a When>, u64) {
    (status, fact.occurred(), fact.seq)
}

fn action_items(report: &Report, items: &Items<'_>) -> Markup {
    let columns =
        [Column::head("Item"), Column::new("Said"), Column::new("Due"), Column::new("Recorded")];
    let body = html! {
        @for item in &items.all {
            tr role="row" {
                (cell(&columns[0], &html! {
                    (item.id) @if let Some(text) = item.text { div.summary { (text) } }
                }))
                (cell(&columns[1], &html! {
                    @for (finding, claim) in &item.findings { (said_of(finding, claim)) }
                    @if item.findings.is_empty() { "no claim" }
                }))
                (cell(&columns[2], &html! { (or_none(item.due, "no due time is recorded")) }))
                (cell(&columns[3], &html! {
                    @match &item.recorded {
                        Some((status, when, seq)) => {
                            (status) @if let Some(when) = when { ", " (shown(when)) }
                            " (" (report.label(*seq)) ")"
                        }
                        None => { "nothing" }
                    }
                }))
            }
        }
    };
    table("What was said of each, when it is due, and what is recorded", &columns, &body)
}

fn said_of(finding: &Finding, claim: &Claim) -> Markup {
    let status = match &claim.assertion {
        Assertion::Status(a) => a.status.as_str(),
        _ => "all complete",
    };
    html! {
        div {
            "said " (status)
            @if let Some(said) = &finding.statement {
                " by " bdi { (said.speaker) } ", " (shown(&said.published))
            }
            ": " (judged(finding))
        }
    }
}

fn promise_table(promises: &[&Finding]) -> Markup {
    let columns = [
        Column::head("Promise"),
        Column::new("Said"),
        Column::new("Due"),
        Column::new("Recorded"),
        Column::new("Verdict"),
    ];
    let body = html! {
        @for finding in promises {
            tr role="row" {
                (cell(&columns[0], &html! { (words(finding)) }))
                (cell(&columns[1], &html! {
                    @match &finding.statement {
                        Some(said) => {
                            bdi { (said.speaker) } ", " (shown(&said.published)) ", "
                            (link(&said.url, said.item, &said.name))
                        }
                        None => { "in the record" }
                    }
                }))
                (cell(&columns[2], &html! {
                    (or_none(finding.times.said.as_ref(), "no due time is recorded"))
                }))
                (cell(&columns[3], &html! {
                    @match &finding.times.recorded {
                        Some(when) => {
                            @let made = finding.statement.as_ref().map(|said| &said.published);
                            (in_its_place(finding, made, when))
                        }
                        None => { "nothing" }
                    }
                }))
                (cell(&columns[4], &html! {
                    @if finding.verdict != Verdict::Changed {
                        @if let Some(apart) = &finding.times.apart { (apart) " apart: " }
                    }
                    (judged(finding))
                }))
            }
        }
    };
    table("What was promised, when it is due, and what is recorded", &columns, &body)
}

fn judged(finding: &Finding) -> Markup {
    html! {
        span.verdict.(verdict_class(finding.verdict)) { (finding.verdict) } " "
        (finding_link(finding))
    }
}

fn or_none(when: Option<&When>, none: &str) -> Markup {
    when.map_or_else(|| html! { (none) }, shown)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tally_divergence::{Terms, diverge};
    use tally_testkit::casebook::Casebook;

    use super::*;

    #[test]
    fn what_was_said_stands_in_the_order_of_time_and_a_change_as_a_change() {
        let mut book = Casebook::own("Example CA");
        let speaker = json!({ "capacity": "official", "organisation": "Example CA" });
        for (item, published, status) in
            [(9, "2024-12-09Z", "Complete"), (4, "2024-12-01Z", "Ongoing")]
        {
            let claims = json!([
                { "says": "status", "origin": "declared", "item": "ai-1", "status": status },
                { "says": "will", "origin": "declared", "what": "document.published",
                  "subject": format!("d{item}"), "text": "soon" },
            ]);
            book.record(json!({ "kind": "statement.published", "incident": "x", "body": {
                "id": format!("c{item}"), "channel": "bugzilla", "url": "https://bugs.example/1",
                "item": item, "speaker": speaker, "published": published, "claims": claims } }));
        }
        let timeline = Timeline::replay(&book.ledger());
        let mut report = diverge(&timeline, &Terms::default());
        let page = section(&report, &timeline).into_string();
        let at = |words: &str| page.find(words).unwrap_or_else(|| panic!("{words} in {page}"));
        assert!(at("said Ongoing") < at("said Complete"));
        assert!(at(">c4<") < at(">c9<"));
        assert!(page.contains("no due time is recorded") && !page.contains("changed"));
        for finding in report.findings.iter_mut().filter(|finding| finding.family == "promise") {
            finding.verdict = Verdict::Changed;
            finding.times.recorded = Some("2024-12-05Z".parse().unwrap());
        }
        let page = section(&report, &timeline).into_string();
        let on =
            |lead: &str| page.contains(&format!("{lead}<span class=\"date\">2024-12-05</span>"));
        assert!(on("changed on "), "{page}");
        assert!(on("earlier, "), "what was said after it changed nothing on that day: {page}");
    }
}
