//! A timeline: what was recorded, a row for each entry.

use serde::Serialize;
use serde_json::json;
use tally_ledger::governance::Standing;
use tally_ledger::name::FeedId;
use tally_ledger::payload::Basis;
use tally_ledger::replay::{Content, Fact, Gap, SealedState, Timeline};
use tally_ledger::time::{Interval, When};

use crate::entry;
use crate::text::{Colour, Style, duration, escaped, wrapped};

/// The schema number of the JSON.
pub const SCHEMA: u32 = 1;

/// Which entries a timeline shows, and in which order.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Only the entries of this incident.
    pub incident: Option<FeedId>,
    /// In the order in which it occurred, as far as that is known, not in that of the record.
    pub by_occurred: bool,
}

impl Selection {
    /// Returns the facts chosen, in order.
    pub fn of<'a>(&self, timeline: &'a Timeline) -> Vec<&'a Fact> {
        let within = |fact: &&Fact| {
            self.incident.as_ref().is_none_or(|incident| fact.feeds.contains(incident))
        };
        let mut facts: Vec<&Fact> = timeline.facts().iter().filter(within).collect();
        if self.by_occurred {
            // What has no time of its own stands at the time of its record.
            facts.sort_by_key(|fact| (middle(fact), fact.seq));
        }
        facts
    }
}

/// Returns when an entry without a time of its own says that it happened, such as the day on which
/// an order was granted, and in a word what that day is.
fn dated(fact: &Fact) -> Option<(String, When)> {
    if fact.occurred().is_some() {
        return None;
    }
    let found = fact.body()?.occurrences(None);
    let when = found.iter().find_map(|happened| happened.when.clone())?;
    // The date of an instrument is that of a step, whose name says more than that of its kind.
    let named = found.iter().rev().find(|happened| happened.when.as_ref() == Some(&when))?;
    let word = named.kind.as_str().rsplit('.').next().unwrap_or_default();
    Some((word.replace('_', " "), when))
}

/// Returns the middle of the time in which an event lies, or the end that is known.
fn middle(fact: &Fact) -> i64 {
    let dated = dated(fact).map(|(_, when)| when);
    match fact.occurred().or(dated.as_ref()).map(When::interval) {
        Some(Interval { start: i64::MIN, end }) => end,
        Some(Interval { start, end: i64::MAX }) => start,
        Some(Interval { start, end }) => start + (end - start) / 2,
        None => fact.recorded.unix(),
    }
}

/// Returns the timeline as text, ending in a newline. `disclaimer` stands on top.
pub fn text(
    timeline: &Timeline,
    selection: &Selection,
    disclaimer: Option<&str>,
    style: Style,
) -> String {
    let mut lines = Vec::new();
    if let Some(disclaimer) = disclaimer {
        lines.push(wrapped("", disclaimer, style.width));
        lines.push(String::new());
    }
    let facts = selection.of(timeline);
    // An observer records what happened long ago: one line says so for all.
    let late = afterwards(timeline, &facts);
    if let Some(late) = &late {
        lines.push(wrapped("", late, style.width));
        lines.push(String::new());
    }
    for fact in facts {
        rows(fact, late.is_some(), style, &mut lines);
    }
    let sealed = timeline.sealed();
    let unopened = sealed.iter().filter(|s| s.state == SealedState::Unopened).count();
    if unopened > 0 {
        lines.push(String::new());
        let oldest = sealed.iter().find(|s| s.state == SealedState::Unopened);
        let since = oldest.map_or(String::new(), |s| {
            format!("; the oldest in entry {}, recorded {}", s.seq, s.recorded)
        });
        let line = format!("{unopened} hidden values were never opened or erased{since}");
        lines.push(wrapped("", &line, style.width));
    }
    lines.join("\n") + "\n"
}

/// Returns how long after they occurred an observer recorded the events, if it is remarkable.
fn afterwards(timeline: &Timeline, facts: &[&Fact]) -> Option<String> {
    if timeline.standing() != Some(Standing::Observer) {
        return None;
    }
    let after = facts.iter().filter_map(|fact| match fact.gap {
        Some(Gap::After(seconds)) => Some(seconds),
        _ => None,
    });
    let (least, most) = (after.clone().min()?, after.max()?);
    let between = match (duration(least), duration(most)) {
        (least, most) if least == most => least,
        (least, most) => match (least.strip_suffix(" days"), most.ends_with(" days")) {
            (Some(least), true) => format!("{least} to {most}"),
            _ => format!("{least} to {most}"),
        },
    };
    Some(format!("The observer recorded what stands here {between} after it occurred."))
}

fn rows(fact: &Fact, late: bool, style: Style, lines: &mut Vec<String>) {
    let occurred = match (fact.occurred(), dated(fact)) {
        (Some(when), _) => when.to_string(),
        (None, Some((word, when))) => format!("{word} {when}"),
        (None, None) => format!("recorded {}", fact.recorded),
    };
    let first = format!("{:>5}  ", fact.seq);
    let feeds: Vec<&str> = fact.feeds.iter().map(FeedId::as_str).collect();
    let head = format!("{occurred}  {}  in {}", fact.kind, feeds.join(", "));
    let line = wrapped(&first, &escaped(&head), style.width);
    lines.push(line.replacen(&occurred, &style.paint(&occurred, Colour::Bold), 1));
    let indent = " ".repeat(7);
    lines.push(wrapped(&indent, &escaped(&summary(fact)), style.width));
    let mut flags = flags(fact);
    if late && let Some(Gap::After(seconds)) = fact.gap {
        let known = after(seconds);
        flags.retain(|flag| *flag != known);
    }
    if !flags.is_empty() {
        let line = wrapped(&indent, &escaped(&flags.join("; ")), style.width);
        lines.push(style.paint(&line, Colour::Dim));
    }
}

/// Returns one line on what the entry says.
pub(crate) fn summary(fact: &Fact) -> String {
    match fact.told().content.as_ref() {
        Content::Understood(decoded) => decoded.body.summary(),
        Content::NotUnderstood(reason) => format!("not understood: {reason}"),
        Content::Sealed if fact.kind.as_str() == "sealed" => {
            "sealed: an event is hidden".to_owned()
        }
        Content::Sealed => "an act on what is sealed".to_owned(),
    }
}

/// Returns what a reader should know of the entry besides what it says.
fn flags(fact: &Fact) -> Vec<String> {
    let mut flags = vec![basis(fact.basis())];
    match fact.gap {
        Some(Gap::After(seconds)) => flags.push(after(seconds)),
        Some(Gap::Before(seconds)) => {
            flags.push(format!("recorded {} before it occurred", duration(seconds)));
        }
        None => {}
    }
    if let Some(before) = fact.clock_behind {
        flags.push(format!("the clock ran backwards: recorded {}, after {before}", fact.recorded));
    }
    if let Some(seen) = fact.window.seen {
        flags.push(format!("witnessed by {seen}"));
    }
    if let Content::Understood(decoded) = fact.told().content.as_ref()
        && !decoded.hidden.is_empty()
    {
        flags.push(format!("sealed: {}", decoded.hidden.join(", ")));
    }
    match &fact.act {
        Some(Ok(on)) => flags.push(format!("on entry {on}")),
        Some(Err(reason)) => flags.push(format!("without effect: {reason}")),
        None => {}
    }
    for correction in &fact.corrections {
        let whose = if correction.own { "its author" } else { "another author" };
        flags.push(format!("corrected by {whose} in entry {}", correction.seq));
    }
    for approval in &fact.approvals {
        flags.push(format!("approved in entry {}", approval.seq));
    }
    for note in &fact.notes {
        flags.push(format!("noted on in entry {note}"));
    }
    for (_, earlier) in &fact.copied {
        flags.push(format!("a commitment copied from entry {earlier}"));
    }
    if let Some(since) = &fact.compromised {
        flags.push(format!("by a key that its operator holds compromised since {since}"));
    }
    flags
}

fn after(seconds: i64) -> String {
    format!("recorded {} after it occurred", duration(seconds))
}

fn basis(basis: &Basis) -> String {
    match basis {
        Basis::Own => "own record".to_owned(),
        Basis::Measured(digests) => format!("measured ({})", count(digests.len(), "capture")),
        Basis::Stated(citations) => match citations.as_slice() {
            [one] => format!("stated in {}", entry::short_place(one)),
            [one, more @ ..] => {
                format!("stated in {} and {} more", entry::short_place(one), more.len())
            }
            [] => "stated".to_owned(),
        },
    }
}

fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

#[derive(Serialize)]
struct Row {
    seq: u64,
    id: String,
    kind: String,
    feeds: Vec<String>,
    occurred: Option<serde_json::Value>,
    recorded: String,
    summary: String,
    basis: String,
    flags: Vec<String>,
    understood: bool,
    witnessed: Option<String>,
}

/// Returns the timeline as JSON: an object with the schema number 1.
pub fn value(
    timeline: &Timeline,
    selection: &Selection,
    disclaimer: Option<&str>,
) -> serde_json::Value {
    let row = |fact: &Fact| Row {
        seq: fact.seq,
        id: fact.id.to_string(),
        kind: fact.kind.to_string(),
        feeds: fact.feeds.iter().map(ToString::to_string).collect(),
        occurred: fact.occurred().map(|when| json!(when)),
        recorded: fact.recorded.to_string(),
        summary: summary(fact),
        basis: basis(fact.basis()),
        flags: flags(fact).split_off(1),
        understood: !matches!(*fact.told().content, Content::NotUnderstood(_)),
        witnessed: fact.window.seen.map(|seen| seen.to_string()),
    };
    let rows: Vec<Row> = selection.of(timeline).into_iter().map(row).collect();
    let sealed: Vec<_> = timeline
        .sealed()
        .iter()
        .filter(|s| s.state == SealedState::Unopened)
        .map(|s| json!({ "seq": s.seq, "hash": s.hash, "recorded": s.recorded }))
        .collect();
    json!({
        "schema": SCHEMA,
        "origin": timeline.origin(),
        "disclaimer": disclaimer,
        "entries": rows,
        "sealed": sealed,
    })
}

#[cfg(test)]
mod tests {
    use tally_testkit::casebook::Casebook;

    use super::*;

    fn shown(mut book: Casebook) -> String {
        let mut record = |kind: &str, occurred: Option<&str>, body: serde_json::Value| {
            let mut event = json!({ "kind": kind, "incident": "x", "body": body });
            if let Some(occurred) = occurred {
                event["occurred"] = occurred.into();
            }
            book.record(event);
        };
        let last_call = json!({ "milestone": "last_call" });
        record("incident.milestone", Some("2024-03-01Z"), last_call.clone());
        record("incident.milestone", Some("2024-05-01Z"), last_call);
        let order = json!({ "id": "tro", "type": "restraining_order",
                            "direction": "received", "from": ["X"], "to": ["Example CA"],
                            "granted": "2024-04-01Z" });
        record("legal.instrument", None, order);
        let selection = Selection { by_occurred: true, incident: None };
        let style = Style { width: 200, colour: false };
        text(&Timeline::replay(&book.ledger()), &selection, None, style)
    }

    #[test]
    fn an_observer_says_once_how_late_it_records() {
        let text = shown(Casebook::observer("An observer"));
        assert_eq!(text.matches("after it occurred").count(), 1, "{text}");
        assert!(
            text.starts_with("The observer recorded what stands here 91 to 152 days after"),
            "{text}"
        );
        let own = shown(Casebook::own("Example CA"));
        assert_eq!(own.matches("after it occurred").count(), 2, "{own}");
    }

    #[test]
    fn an_entry_whose_body_has_a_date_stands_at_that_date() {
        let text = shown(Casebook::own("Example CA"));
        let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words} in {text}"));
        assert!(at("2024-03-01 UTC") < at("granted 2024-04-01 UTC legal.instrument"));
        assert!(at("granted 2024-04-01 UTC") < at("2024-05-01 UTC"));
    }
}
