//! `tally check`: what readers of a draft will stumble over, before it is posted.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use tally_intake::draft::{self, Check, Diagnostic, Outcome, Severity};
use tally_intake::report::{Form, Template};
use tally_ledger::time::{Instant, Interval, When};

use crate::args::FormatArgs;
use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::output::Format;
use crate::snippet::{Lines, laid_out};
use crate::source;

/// The most bytes of a draft.
pub const DRAFT_MAX: u64 = 1024 * 1024;

/// The arguments of `tally check`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Example:
  tally check draft.md --at 2026-04-01

Needs no ledger, no key and no network. Exit status: 0 nothing found but
warnings and notes, 1 errors found, 2 could not run. What a code means is
told by `tally explain CODE`.")]
pub struct CheckArgs {
    /// The drafts in Markdown; - for standard input
    #[arg(value_name = "FILE", required = true)]
    pub drafts: Vec<PathBuf>,

    /// The day or instant at which they are to be posted [default: now]
    #[arg(long, value_name = "DATE", value_parser = posting)]
    pub at: Option<Interval>,

    /// Leave out what the check of this code finds
    #[arg(long, value_name = "CODE", value_parser = known)]
    pub allow: Vec<&'static Check>,

    /// Exit with 1 for warnings too
    #[arg(long)]
    pub strict: bool,

    /// How the result is written
    #[command(flatten)]
    pub format: FormatArgs,
}

/// Reads when a draft is to be posted.
fn posting(text: &str) -> Result<Interval, String> {
    if let Ok(instant) = text.parse::<Instant>() {
        return Ok(Interval::at(instant));
    }
    let day = When::new(text, Some("Z"), None).map_err(|e| e.to_string())?.interval();
    if day.start == i64::MIN || day.end == i64::MAX {
        return Err("a day is expected, such as 2026-04-01".to_owned());
    }
    Ok(day)
}

/// Reads the code of a check.
fn known(code: &str) -> Result<&'static Check, String> {
    draft::named(code).ok_or_else(|| "no check of drafts has that code".to_owned())
}

/// A draft with what was found in it.
struct Checked {
    name: String,
    text: String,
    outcome: Outcome,
}

/// Checks the drafts and prints what was found.
///
/// # Errors
///
/// Fails if a draft cannot be read, is too large or is not text.
pub fn run(args: &CheckArgs, context: &mut Context) -> Result<Status, Failure> {
    let posted = match args.at {
        Some(posted) => posted,
        None => Interval::at(context.clock.now()?),
    };
    let mut all = Vec::with_capacity(args.drafts.len());
    for path in &args.drafts {
        let (text, name) = read(path)?;
        let mut outcome = draft::check(&text, posted);
        let allowed = |check: &Check| args.allow.iter().any(|allowed| allowed.code == check.code);
        outcome.diagnostics.retain(|found| !allowed(found.check));
        all.push(Checked { name, text, outcome });
    }
    let told = match args.format.format {
        Format::Text => in_text(&all, context),
        Format::Json => format!("{:#}", in_json(&all)),
    };
    context.out.result(&told)?;
    let enough = if args.strict { Severity::Warning } else { Severity::Error };
    let mut found = all.iter().flat_map(|draft| &draft.outcome.diagnostics);
    let fails = found.any(|found| found.check.severity >= enough);
    Ok(if fails { Status::Diverges } else { Status::Clean })
}

/// Returns the text of a draft, and what to call it.
fn read(path: &Path) -> Result<(String, String), Failure> {
    if path != Path::new("-") {
        return Ok((source::read_text(path, DRAFT_MAX)?, path.display().to_string()));
    }
    let name = "standard input";
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(DRAFT_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|e| Failure::io("read", Path::new(name), &e))?;
    if bytes.len() as u64 > DRAFT_MAX {
        return Err(Failure::too_large(name, DRAFT_MAX));
    }
    Ok((source::text(bytes, name)?, name.to_owned()))
}

/// Returns what a draft was taken for, in words.
fn taken_for(outcome: &Outcome) -> &'static str {
    match outcome.form {
        None => "a comment: it follows no template",
        Some((Template::V1, _)) => "an incident report, template 1.0",
        Some((Template::V2, Form::Preliminary)) => "a preliminary report, template 2.0",
        Some((Template::V2, Form::Audit)) => "an audit incident report, template 2.0",
        Some((Template::V2, _)) => "an incident report, template 2.0",
        Some((Template::V3, Form::Preliminary)) => "a preliminary report, template 3",
        Some((Template::V3, Form::Closure)) => "a report closure summary, template 3",
        Some((Template::V3, _)) => "a full report, template 3",
    }
}

fn in_text(all: &[Checked], context: &Context) -> String {
    let mut told = String::new();
    for draft in all {
        let lines = Lines::new(&draft.text);
        for found in &draft.outcome.diagnostics {
            told.push_str(&laid_out(found, &draft.name, &lines, context.style()));
            told.push_str("\n\n");
        }
        told.push_str(&summary(draft));
        told.push('\n');
    }
    let first = all.iter().flat_map(|draft| &draft.outcome.diagnostics).next();
    let meaning = first.map(|found| {
        let code = found.check.code;
        format!("What a code means: tally explain {code}")
    });
    told + &meaning.unwrap_or_default()
}

/// Returns the counts of one draft in a line or two.
fn summary(draft: &Checked) -> String {
    let outcome = &draft.outcome;
    let counts = [
        (Severity::Error, "error", "errors"),
        (Severity::Warning, "warning", "warnings"),
        (Severity::Note, "note", "notes"),
    ];
    let counts = counts.iter().filter_map(|(severity, one, many)| match outcome.count(*severity) {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{n} {many}")),
    });
    let counts: Vec<String> = counts.collect();
    let counts = if counts.is_empty() { "nothing found".to_owned() } else { counts.join(", ") };
    let more = match outcome.left_out {
        0 => String::new(),
        n => format!(", and {n} more of the same"),
    };
    format!("{}: {counts}{more} ({})", draft.name, taken_for(outcome))
}

fn in_json(all: &[Checked]) -> Value {
    let count = |severity| all.iter().map(|draft| draft.outcome.count(severity)).sum::<usize>();
    let drafts: Vec<Value> = all.iter().map(of_draft).collect();
    json!({
        "schema": 1,
        "errors": count(Severity::Error),
        "warnings": count(Severity::Warning),
        "notes": count(Severity::Note),
        "drafts": drafts,
    })
}

fn of_draft(draft: &Checked) -> Value {
    let lines = Lines::new(&draft.text);
    let found = draft.outcome.diagnostics.iter();
    let diagnostics: Vec<Value> = found.map(|found| diagnostic(found, &lines)).collect();
    json!({
        "file": draft.name,
        "taken_for": taken_for(&draft.outcome),
        "left_out": draft.outcome.left_out,
        "diagnostics": diagnostics,
    })
}

fn diagnostic(found: &Diagnostic, lines: &Lines<'_>) -> Value {
    let place = |span: &std::ops::Range<usize>, label: &str| {
        let (start, end) = (lines.position(span.start), lines.position(span.end));
        json!({
            "span": [span.start, span.end],
            "line": start.line,
            "column": start.column,
            "end_line": end.line,
            "end_column": end.column,
            "label": label,
        })
    };
    let others: Vec<Value> = found.others.iter().map(|(span, label)| place(span, label)).collect();
    json!({
        "code": found.check.code,
        "severity": found.check.severity,
        "title": found.check.title,
        "message": found.message,
        "place": place(&found.span, &found.label),
        "others": others,
        "help": found.help,
    })
}
