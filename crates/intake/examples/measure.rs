//! Measures the report parser and the phrase rules against the labels made by hand:
//! `cargo run --release -p tally-intake --example measure -- COMMENTS.jsonl`.
//!
//! Each line of the file is a JSON object with `bug`, `posted` and `text`: an opening comment as
//! its tracker serves it. The labels are `crates/intake/labels/*.jsonl`. A text whose digest is not
//! that of its labels is left out and named. Every miss and every false hit is listed by bug, field
//! and span, never by its words.
#![allow(clippy::print_stdout, reason = "printing figures is its only purpose")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::time::Instant as Clock;
use std::{env, fs};

use serde_json::Value;
use tally_intake::{claims, phrase, report};
use tally_ledger::claim::Assertion;
use tally_ledger::hash::Hash;
use tally_ledger::time::{Instant, When};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A comment, as the collection has it.
struct Comment {
    bug: u64,
    posted: Instant,
    text: String,
}

/// What a person or a program found: a name, a place, and for promises the due time.
#[derive(Debug, Clone)]
struct Found {
    name: String,
    span: [usize; 2],
    due: Option<String>,
}

/// The labels of one comment.
struct Labels {
    digest: String,
    set: String,
    found: Vec<Found>,
}

fn main() -> Result<()> {
    let Some(path) = env::args().nth(1) else {
        return Err("name the file of comments: measure -- COMMENTS.jsonl".into());
    };
    let comments = comments(Path::new(&path))?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("labels");
    let fields = labels(&folder.join("fields.jsonl"), "fields", field)?;
    let promises = labels(&folder.join("promises.jsonl"), "promises", promise)?;
    fields_measured(&comments, &fields);
    promises_measured(&comments, &promises);
    speed(&comments);
    Ok(())
}

fn comments(path: &Path) -> Result<BTreeMap<u64, Comment>> {
    let mut found = BTreeMap::new();
    for line in fs::read_to_string(path)?.lines().filter(|line| !line.trim().is_empty()) {
        let value: Value = serde_json::from_str(line)?;
        let bug = value["bug"].as_u64().ok_or("a comment without a bug")?;
        let posted = value["posted"].as_str().ok_or("a comment without a time")?.parse()?;
        let text = value["text"].as_str().ok_or("a comment without a text")?.to_owned();
        found.insert(bug, Comment { bug, posted, text });
    }
    Ok(found)
}

/// Reads labels of one sort; `read` returns nothing for what is not to be found.
fn labels(
    path: &Path,
    sort: &str,
    read: impl Fn(&Value) -> Option<Found>,
) -> Result<BTreeMap<u64, Labels>> {
    let mut found = BTreeMap::new();
    for line in fs::read_to_string(path)?.lines().filter(|line| !line.trim().is_empty()) {
        let value: Value = serde_json::from_str(line)?;
        let bug = value["bug"].as_u64().ok_or("a label without a bug")?;
        let text = |name: &str| value[name].as_str().map(str::to_owned).ok_or("a label cut short");
        let all = value[sort].as_array().ok_or("a label without a list")?;
        let labels = Labels {
            digest: text("sha256")?,
            set: text("set")?,
            found: all.iter().filter_map(&read).collect(),
        };
        found.insert(bug, labels);
    }
    Ok(found)
}

fn span(value: &Value) -> Option<[usize; 2]> {
    let at = |index: usize| usize::try_from(value["span"][index].as_u64()?).ok();
    Some([at(0)?, at(1)?])
}

/// A field that is filled; one that is not asserts nothing and is not to be found.
fn field(value: &Value) -> Option<Found> {
    if value["unfilled"].as_bool() == Some(true) {
        return None;
    }
    // Where the labels have a shorter name for a field of the templates.
    let name = match value["field"].as_str()? {
        "root_cause" => "root_cause_analysis",
        "went_wrong" => "did_not_go_well",
        "lucky" => "got_lucky",
        name => name,
    };
    Some(Found { name: name.to_owned(), span: span(value)?, due: None })
}

fn promise(value: &Value) -> Option<Found> {
    let due = value["due"].as_str().map(str::to_owned);
    let name = if value["dated"].as_bool()? { "dated" } else { "undated" };
    Some(Found { name: name.to_owned(), span: span(value)?, due })
}

/// Returns `span` without white space and marks at both ends, as spans are compared.
fn trimmed(text: &str, span: [usize; 2]) -> [usize; 2] {
    let Some(slice) = text.get(span[0]..span[1]) else { return span };
    let mark = |c: char| c.is_whitespace() || "*_-+#>|:.,;•".contains(c);
    let start = span[0] + slice.len() - slice.trim_start_matches(mark).len();
    [start, (start).max(span[0] + slice.trim_end_matches(mark).len())]
}

fn overlap(a: [usize; 2], b: [usize; 2]) -> usize {
    a[1].min(b[1]).saturating_sub(a[0].max(b[0]))
}

/// How many were found rightly, of how many that were found and how many that are there.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    right: usize,
    found: usize,
    there: usize,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.right += other.right;
        self.found += other.found;
        self.there += other.there;
    }

    fn line(self, name: &str) -> String {
        let share = |part: usize, whole: usize| match (part * 1000).checked_div(whole) {
            Some(share) => format!("{}.{:03}", share / 1000, share % 1000),
            None => "  -  ".to_owned(),
        };
        format!(
            "{name:32} precision {} ({} of {})   recall {} ({} of {})",
            share(self.right, self.found),
            self.right,
            self.found,
            share(self.right, self.there),
            self.right,
            self.there
        )
    }
}

/// Pairs what was found with what is there, each once, and lists the rest.
fn compare(
    bug: u64,
    there: &[Found],
    found: &[Found],
    same: impl Fn(&Found, &Found) -> bool,
) -> (BTreeMap<String, Tally>, Vec<String>) {
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut lines = Vec::new();
    let mut used = vec![false; found.len()];
    for label in there {
        let tally = tallies.entry(label.name.clone()).or_default();
        tally.there += 1;
        match (0..found.len()).find(|at| !used[*at] && same(label, &found[*at])) {
            Some(at) => {
                used[at] = true;
                tally.right += 1;
            }
            None => lines.push(format!("  missed  {bug} {}", shown(label))),
        }
    }
    for (hit, used) in found.iter().zip(used) {
        tallies.entry(hit.name.clone()).or_default().found += 1;
        if !used {
            lines.push(format!("  false   {bug} {}", shown(hit)));
        }
    }
    (tallies, lines)
}

fn shown(found: &Found) -> String {
    let due = found.due.as_ref().map_or(String::new(), |due| format!(" due {due}"));
    format!("{} {:?}{due}", found.name, found.span)
}

/// Returns the comments that have labels of that set, and names those that were edited since.
fn labelled<'a>(
    comments: &'a BTreeMap<u64, Comment>,
    labels: &'a BTreeMap<u64, Labels>,
    set: &str,
) -> Vec<(&'a Comment, &'a Labels)> {
    let mut pairs = Vec::new();
    for (bug, labels) in labels.iter().filter(|(_, labels)| labels.set == set) {
        match comments.get(bug) {
            Some(comment) if Hash::of(comment.text.as_bytes()).to_string() == labels.digest => {
                pairs.push((comment, labels));
            }
            Some(_) => println!("  left out: {bug} has another text than was labelled"),
            None => println!("  left out: {bug} is not in the file"),
        }
    }
    pairs
}

fn fields_measured(comments: &BTreeMap<u64, Comment>, labels: &BTreeMap<u64, Labels>) {
    for set in ["forty", "chosen"] {
        println!(
            "Fields, set \"{set}\": the same field, and the same span but for marks at its ends"
        );
        let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
        let mut lines = Vec::new();
        for (comment, labels) in labelled(comments, labels, set) {
            let text = &comment.text;
            let read = report::read(text).fields.into_iter().map(|field| Found {
                name: field.label.as_str().to_owned(),
                span: field.span,
                due: None,
            });
            let found: Vec<Found> = read.collect();
            let same = |label: &Found, hit: &Found| {
                label.name == hit.name && trimmed(text, label.span) == trimmed(text, hit.span)
            };
            let (counts, rest) = compare(comment.bug, &labels.found, &found, same);
            for (name, tally) in counts {
                tallies.entry(name).or_default().add(tally);
            }
            lines.extend(rest);
        }
        print(&tallies, &lines);
    }
}

fn print(tallies: &BTreeMap<String, Tally>, lines: &[String]) {
    let mut all = Tally::default();
    for (name, tally) in tallies {
        println!("  {}", tally.line(name));
        all.add(*tally);
    }
    println!("  {}", all.line("all"));
    for line in lines {
        println!("{line}");
    }
    println!();
}

fn promises_measured(comments: &BTreeMap<u64, Comment>, labels: &BTreeMap<u64, Labels>) {
    let mut whole = Tally::default();
    for set in ["forty", "twenty", "rest"] {
        println!(
            "Promises, set \"{set}\": half of either span in common; if dated, the same due time"
        );
        let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
        let mut lines = Vec::new();
        for (comment, labels) in labelled(comments, labels, set) {
            let found = promised(comment);
            let same = |label: &Found, hit: &Found| {
                let common = overlap(label.span, hit.span);
                let half = |span: [usize; 2]| 2 * common >= span[1] - span[0];
                label.name == hit.name
                    && (half(label.span) || half(hit.span))
                    && common > 0
                    && same_due(label.due.as_deref(), hit.due.as_deref())
            };
            let (counts, rest) = compare(comment.bug, &labels.found, &found, same);
            for (name, tally) in counts {
                tallies.entry(name).or_default().add(tally);
            }
            lines.extend(rest);
        }
        whole.add(tallies.get("dated").copied().unwrap_or_default());
        print(&tallies, &lines);
    }
    println!("  {}\n", whole.line("dated promises of all sets"));
}

fn promised(comment: &Comment) -> Vec<Found> {
    let suggestions = phrase::suggest(&comment.text, comment.posted).into_iter();
    let promise = |suggestion: phrase::Suggestion| {
        let Assertion::Will(will) = suggestion.claim.assertion else { return None };
        let span = suggestion.claim.span?.map(|at| usize::try_from(at).unwrap_or(usize::MAX));
        let due = will.due.map(|due| written(&due));
        let name = if due.is_some() { "dated" } else { "undated" };
        Some(Found { name: name.to_owned(), span, due })
    };
    suggestions.filter_map(promise).collect()
}

fn written(when: &When) -> String {
    format!("{}{}", when.at(), when.zone().unwrap_or_default())
}

/// Returns whether two due times are the same at the precision of the label.
fn same_due(label: Option<&str>, hit: Option<&str>) -> bool {
    match (label, hit) {
        (Some(label), Some(hit)) => label == hit || (label.len() == 10 && hit.starts_with(label)),
        (None, None) => true,
        _ => false,
    }
}

/// Runs all readers over all comments for about a second, and prints how fast they are.
fn speed(comments: &BTreeMap<u64, Comment>) {
    let bytes: usize = comments.values().map(|comment| comment.text.len()).sum();
    let began = Clock::now();
    let (mut rounds, mut count) = (0_u128, 0);
    while rounds == 0 || began.elapsed().as_secs_f64() < 1.0 {
        count = comments.values().map(|c| claims::read(&c.text, c.posted).len()).sum();
        rounds += 1;
    }
    let micros = began.elapsed().as_micros() / rounds;
    println!(
        "Speed: {} comments of {bytes} bytes, {count} claims, in {micros} µs: {} kB a second",
        comments.len(),
        (bytes as u128 * 1000).checked_div(micros).unwrap_or_default()
    );
}
