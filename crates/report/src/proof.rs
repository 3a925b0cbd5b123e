//! What checking a proof came to: one line per check, the verdict in one sentence, and what it does
//! not show.

use serde::Serialize;
use tally_ledger::proof::{Proven, Sort, Verdict};

use crate::text::{Colour, Style, escaped, wrapped};
use crate::verification::{JsonCheck, check_line};

/// The schema number of the JSON.
pub const SCHEMA: u32 = 1;

/// Returns the outcome as text, ending in a newline.
pub fn text(proven: &Proven, source: &str, style: Style) -> String {
    let mut lines = head(proven, source, style);
    lines.extend(proven.checks.iter().map(|check| check_line(check, style)));
    lines.push(String::new());
    let verdict = sentence(proven);
    let (word, _) = verdict.split_once(':').unwrap_or((&verdict, ""));
    let colour = match proven.verdict() {
        Verdict::Holds => Colour::Green,
        Verdict::ConsistentWithItself | Verdict::NotChecked => Colour::Yellow,
        Verdict::Failed => Colour::Red,
    };
    let line = wrapped("", &verdict, style.width);
    lines.push(line.replacen(word, &style.paint(word, colour), 1));
    lines.push(wrapped("", not_shown(proven.sort), style.width));
    lines.join("\n") + "\n"
}

fn head(proven: &Proven, source: &str, style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    let mut row = |name: &str, value: &str| {
        lines.push(wrapped(&format!("{name:<9} "), &escaped(value), style.width));
    };
    row("Source", source);
    row("Proof of", words(proven.sort));
    if let Some(origin) = &proven.origin {
        row("Ledger", origin);
    }
    if let Some(entry) = &proven.entry {
        let payload = entry.payload();
        let (seq, kind, recorded) = (payload.seq, &payload.event.kind, &payload.recorded);
        row("Entry", &format!("{seq}, {kind}, recorded {recorded}"));
        row("Id", &entry.id().to_string());
    }
    lines.push(String::new());
    lines
}

/// Returns what a proof of that sort is of, and how it is written.
fn words(sort: Sort) -> &'static str {
    match sort {
        Sort::Inclusion => "inclusion",
        Sort::Consistency => "consistency",
        Sort::Receipt => "inclusion, as a COSE receipt",
        Sort::ConsistencyReceipt => "consistency, as a COSE receipt",
    }
}

/// Returns the verdict in one sentence, its word first.
pub fn sentence(proven: &Proven) -> String {
    let number = |number: Option<u64>| number.unwrap_or_default();
    let size = match number(proven.size) {
        1 => "1 entry".to_owned(),
        size => format!("{size} entries"),
    };
    let what = match proven.sort {
        Sort::Inclusion | Sort::Receipt => {
            let seq = proven.entry.as_ref().map(|entry| entry.payload().seq);
            format!("entry {} stands in the ledger of {size}", number(seq))
        }
        Sort::Consistency | Sort::ConsistencyReceipt => {
            format!("the ledger of {size} extends its first {}", number(proven.old))
        }
    };
    match proven.verdict() {
        Verdict::Holds => {
            let history = if proven.quorum_met {
                "one history: shown by the quorum of witnesses"
            } else {
                "one history: not shown, as no quorum of witnesses was asked for"
            };
            format!("Holds: {what}, under the given pins; {history}.")
        }
        Verdict::ConsistentWithItself => format!(
            "Consistent with itself: {what}, but nothing says that this is the right ledger."
        ),
        Verdict::NotChecked => {
            let why = proven.unchecked().map_or("", |check| &check.detail);
            format!("Not checked: {}.", escaped(why))
        }
        Verdict::Failed => {
            let fault = proven.fault();
            let fault = fault.map(|check| format!("{}: {}", check.name, escaped(&check.detail)));
            format!("Failed: {}.", fault.unwrap_or_default())
        }
    }
}

/// Returns what a proof of that sort never shows.
pub fn not_shown(sort: Sort) -> &'static str {
    match sort {
        Sort::Inclusion | Sort::Receipt => {
            "Not shown: that its author signed it and was entitled to, that what it states is \
             true, or what else the ledger holds. The whole ledger shows who was entitled."
        }
        Sort::Consistency | Sort::ConsistencyReceipt => {
            "Not shown: what the entries are, and that they hold. The whole ledger shows that."
        }
    }
}

#[derive(Serialize)]
struct Json {
    schema: u32,
    source: String,
    proof: &'static str,
    verdict: &'static str,
    sentence: String,
    origin: Option<String>,
    entry: Option<JsonEntry>,
    old: Option<u64>,
    size: Option<u64>,
    root: Option<String>,
    checks: Vec<JsonCheck>,
    not_shown: &'static str,
}

#[derive(Serialize)]
struct JsonEntry {
    seq: u64,
    id: String,
    kind: String,
    recorded: String,
}

/// Returns the outcome as JSON: an object with the schema number 1, ending in a newline.
pub fn json(proven: &Proven, source: &str) -> String {
    let entry = proven.entry.as_ref().map(|entry| JsonEntry {
        seq: entry.payload().seq,
        id: entry.id().to_string(),
        kind: entry.payload().event.kind.to_string(),
        recorded: entry.payload().recorded.to_string(),
    });
    let json = Json {
        schema: SCHEMA,
        source: source.to_owned(),
        proof: proven.sort.name(),
        verdict: proven.verdict().name(),
        sentence: sentence(proven),
        origin: proven.origin.clone(),
        entry,
        old: proven.old,
        size: proven.size,
        root: proven.root.map(|root| root.to_string()),
        checks: proven.checks.iter().cloned().map(JsonCheck::from).collect(),
        not_shown: not_shown(proven.sort),
    };
    serde_json::to_string_pretty(&json).expect("these structures have text keys") + "\n"
}
