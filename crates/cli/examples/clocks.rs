//! Runs the response and update clocks over the times of many bugs' comments:
//! `cargo run --release -p tally-cli --example clocks -- TIMES.jsonl`.
//!
//! Each line of the file is a JSON object with `bug`, `summary`, `whiteboard`, `status`, `created`
//! and `comments`: an array of times, each with the domain of the account. Without their texts
//! nobody knows which comment asks something, so the first figures are gaps and no findings. Who
//! speaks for whom is what `accounts.toml` says.
#![allow(clippy::print_stdout, reason = "printing figures is its only purpose")]

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Instant as Clock;
use std::{env, fs};

use serde_json::{Value as Json, json};
use tally_divergence::{Report, Terms, diverge, duration};
use tally_intake::account::Accounts;
use tally_intake::bugzilla::{self, Answer, Bug};
use tally_intake::reconstruction::{self, Reading, Reconstruction, Setting};
use tally_ledger::replay::{Beside, Statement, Timeline};
use tally_ledger::vocabulary::words::Capacity;
use tally_testkit::casebook::Casebook;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The clock of a reply: seven days.
const REPLY_SECONDS: i64 = 7 * 86_400;

fn main() -> Result<()> {
    let Some(path) = env::args().nth(1) else {
        return Err("name the file of comment times: clocks -- TIMES.jsonl".into());
    };
    let lines = fs::read_to_string(path)?;
    let clock = Clock::now();
    let document = document(&lines)?.to_string();
    let answer = Answer { name: "the times", bytes: document.as_bytes(), fetched: None };
    let bugs = bugzilla::read(&[answer])?;
    let accounts = Accounts::shipped();
    let setting = Setting {
        accounts: &accounts,
        tracker: reconstruction::BUGZILLA,
        about: None,
        title: None,
    };
    let whole = reconstruction::reconstruct(&bugs, &setting, |_| Reading::default());
    let last = bugs.iter().flat_map(|bug| &bug.comments).map(|comment| comment.time).max();
    let last = last.ok_or("no comment has a time")?;
    // The bugs stand beside a ledger that records nothing itself.
    let mut timeline = Timeline::replay(&Casebook::observer("An observer").ledger());
    timeline.join(Beside::of_events("the bugs", &whole.events, last));
    let report = diverge(&timeline, &Terms { at: Some(last), ..Terms::default() });
    let taken = clock.elapsed();
    described(&bugs, &whole);
    replies(&timeline, &whole);
    updates(&report);
    println!("\nRead, reconstructed and held against the clocks in {taken:.1?}.");
    Ok(())
}

/// Returns the bugs as the tracker's interface would serve them, their texts empty.
fn document(lines: &str) -> Result<Json> {
    let mut bugs = Vec::new();
    for line in lines.lines() {
        let line: Json = serde_json::from_str(line)?;
        if line["summary"].is_null() {
            println!("Left out, for it has no title: bug {}.", line["bug"]);
            continue;
        }
        let times = line["comments"].as_array().ok_or("a bug has no comments")?;
        let account = |domain: &Json| format!("account@{}", domain.as_str().unwrap_or("invalid"));
        let comments: Vec<Json> = times
            .iter()
            .enumerate()
            .map(|(count, comment)| {
                json!({ "id": count, "bug_id": line["bug"], "count": count, "text": "",
                        "creator": account(&comment[1]), "time": comment[0],
                        "creation_time": comment[0], "is_private": false })
            })
            .collect();
        let creator = times.first().map(|first| account(&first[1]));
        bugs.push(json!({
            "id": line["bug"], "summary": line["summary"], "whiteboard": line["whiteboard"],
            "status": line["status"], "resolution": line["resolution"],
            "creation_time": line["created"], "creator": creator, "comments": comments,
        }));
    }
    Ok(json!({ "bugs": bugs }))
}

fn described(bugs: &[Bug], whole: &Reconstruction) {
    let comments: usize = whole.incidents.iter().map(|incident| incident.comments).sum();
    let official: usize = whole.incidents.iter().map(|incident| incident.official).sum();
    let unknown = whole.incidents.iter().filter(|incident| !incident.about_known).count();
    println!("{} bugs, {comments} comments, {official} of them official.", bugs.len());
    println!("Of {unknown} bugs the organisation is not in the list of accounts.");
}

/// Prints how long the organisations took to post after others had.
fn replies(timeline: &Timeline, whole: &Reconstruction) {
    let known = whole.incidents.iter().filter(|incident| incident.about_known);
    let about: BTreeMap<String, &str> =
        known.map(|incident| (incident.bug.to_string(), incident.about.as_str())).collect();
    let mut bugs: BTreeMap<&str, Vec<&Statement>> = BTreeMap::new();
    for statement in timeline.statements() {
        for feed in statement.feeds.iter().filter(|feed| feed.is_incident()) {
            bugs.entry(feed.as_str()).or_default().push(statement);
        }
    }
    let (mut gaps, mut open) = (Vec::new(), 0);
    for (feed, texts) in bugs {
        let Some(about) = about.get(feed) else {
            continue;
        };
        let official = |text: &Statement| {
            text.speaker.capacity == Capacity::Official
                && text.speaker.organisation.as_deref() == Some(about)
        };
        let mut asked: Option<i64> = None;
        for text in texts {
            let at = text.published.interval().start;
            if official(text) {
                gaps.extend(asked.take().map(|asked| at - asked));
            } else {
                asked = asked.or(Some(at));
            }
        }
        open += usize::from(asked.is_some());
    }
    gaps.sort_unstable();
    let share = |percent: usize| gaps.get(gaps.len() * percent / 100).copied().map(duration);
    let late = gaps.iter().filter(|gap| **gap > REPLY_SECONDS).count();
    println!("\nFrom another party's first comment to the next official one: {} gaps,", gaps.len());
    for percent in [50, 90, 99] {
        println!("  {percent} % within {}", share(percent).unwrap_or_else(|| "none".to_owned()));
    }
    println!("  {late} longer than 7 days; in {open} bugs the last comment is not official.");
}

/// Prints what the rules for the next update find.
fn updates(report: &Report) {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for finding in &report.findings {
        *counts.entry((finding.code, finding.verdict.as_str())).or_default() += 1;
    }
    println!("\nFindings of the clocks, by rule and verdict:");
    for ((code, verdict), count) in counts {
        println!("  {code}  {verdict:<15} {count:>5}");
    }
}
