//! `tally check`: what readers of a draft will stumble over, before it is posted.

mod lists;
mod log;
pub mod members;

use std::path::{Path, PathBuf};

use clap::Args;
use tally_divergence::rules;
use tally_intake::certificates::Certificates;
use tally_intake::draft::{self, Outcome, Severity};
use tally_intake::report::{Form, Template};
use tally_ledger::name::FeedId;
use tally_ledger::replay::Timeline;
use tally_ledger::time::{Instant, Interval, When};
use tally_ledger::vocabulary::words::Channel;
use tally_report::text::{Style, wrapped};

use crate::commands::policies::PackArgs;
use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::posting::{self, Place, Posting};
use crate::report::{DraftFormat, ReportArgs};
use crate::snippet::{Lines, Shown, laid_out};
use crate::source::{self, PinArgs};

/// The most bytes of a draft.
pub const DRAFT_MAX: u64 = 1024 * 1024;

/// The arguments of `tally check`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  tally check draft.md --at 2026-04-01
  tally check draft.md --certificates affected.csv
  tally check draft.md --ledger my-ledger --incident 2026-wrong-field
  tally check drafts/*.md -o drafts.sarif

With --ledger it tells where the drafts part from the record, and which clocks
have run out or will within a week: next update, full report, replies, action
items, promises. Without it no ledger is needed; a key or a network never is.

Exit status: 0 nothing found but warnings and notes, 1 errors found, 2 could
not run. What a code means is told by `tally explain CODE`.")]
pub struct CheckArgs {
    /// The drafts in Markdown; - for standard input
    #[arg(value_name = "FILE", required = true)]
    pub drafts: Vec<PathBuf>,

    /// The day or instant at which they are to be posted [default: now]
    #[arg(long, value_name = "DATE", value_parser = posting)]
    pub at: Option<Interval>,

    /// Hold the number of certificates against this list too, and check the list (CSV)
    #[arg(long, value_name = "FILE")]
    pub certificates: Vec<PathBuf>,

    /// Hold the drafts against this ledger too: a directory, a bundle or an extract
    #[arg(long, value_name = "SOURCE", help_heading = LEDGER)]
    pub ledger: Option<PathBuf>,

    /// The incident that they belong to [default: the only one there is]
    #[arg(long, value_name = "NAME", requires = "ledger", help_heading = LEDGER)]
    pub incident: Option<FeedId>,

    /// Policies besides those built in
    #[command(flatten)]
    pub packs: PackArgs,

    /// Leave out what the check or rule of this code finds
    #[arg(long, value_name = "CODE", value_parser = known)]
    pub allow: Vec<String>,

    /// Exit with 1 for warnings too
    #[arg(long)]
    pub strict: bool,

    /// Where the result goes, and in which form
    #[command(flatten)]
    pub report: ReportArgs<DraftFormat>,
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

const LEDGER: &str = "Ledger";

/// Reads the code of a check or rule.
fn known(code: &str) -> Result<String, String> {
    let check = draft::named(code).map(|check| check.code);
    let code = check.or_else(|| rules::rule(code).map(|rule| rule.code));
    code.map(str::to_owned).ok_or_else(|| "no check and no rule has that code".to_owned())
}

/// A draft, or a list of certificates, with what was found in it.
struct Checked {
    /// The file; none for standard input.
    path: Option<PathBuf>,
    name: String,
    text: String,
    outcome: Outcome,
    found: Vec<Shown>,
    /// The list, if it is one.
    list: Option<Certificates>,
}

impl Checked {
    fn count(&self, weight: Severity) -> usize {
        self.found.iter().filter(|found| found.weight == weight).count()
    }
}

/// Checks the drafts and prints what was found.
///
/// # Errors
///
/// Fails if a draft cannot be read, is too large or is not text, and if a ledger is named that
/// cannot be read or does not hold.
pub fn run(args: &CheckArgs, context: &mut Context) -> Result<Status, Failure> {
    let sources = args.drafts.iter().chain(&args.certificates).chain(&args.ledger);
    let sources: Vec<&Path> = sources.map(PathBuf::as_path).collect();
    let format = args.report.check(&sources)?;
    let posted = match args.at {
        Some(posted) => posted,
        None => Interval::at(context.clock.now()?),
    };
    let ledger = args.ledger.as_deref().map(|path| facts(path, context)).transpose()?;
    let lists =
        args.certificates.iter().map(|path| lists::read(path)).collect::<Result<Vec<_>, _>>()?;
    let (files, lists): (Vec<_>, Vec<_>) = lists.into_iter().unzip();
    let mut all = Vec::with_capacity(args.drafts.len() + lists.len());
    for path in &args.drafts {
        let text = source::read_text_or_stdin(path, DRAFT_MAX)?;
        let is_input = path == Path::new("-");
        let name = if is_input { "standard input".to_owned() } else { path.display().to_string() };
        let mut outcome = draft::check(&text, posted, &lists);
        let mut found: Vec<Shown> = outcome.diagnostics.drain(..).map(Shown::from).collect();
        if let (Some(facts), Some(path)) = (&ledger, &args.ledger) {
            found.extend(against(&text, posted, facts, path, args, context)?);
        }
        let path = (!is_input).then(|| path.clone());
        all.push(Checked { path, name, text, outcome, found, list: None });
    }
    for (listed, list) in files.into_iter().zip(lists) {
        let mut outcome = draft::check_list(&list, posted);
        let found = outcome.diagnostics.drain(..).map(Shown::from).collect();
        let (path, name) = (Some(listed.path.clone()), listed.path.display().to_string());
        all.push(Checked { path, name, text: listed.text, outcome, found, list: Some(list) });
    }
    for checked in &mut all {
        checked.found.retain(|found| !args.allow.contains(&found.code));
        checked.found.sort_by(|a, b| (a.span.start, &a.code).cmp(&(b.span.start, &b.code)));
    }
    let enough = if args.strict { Severity::Warning } else { Severity::Error };
    let fails = all.iter().flat_map(|draft| &draft.found).any(|found| found.weight >= enough);
    let status = if fails { Status::Diverges } else { Status::Clean };
    let told = match format {
        DraftFormat::Text => in_text(&all, args.report.style(context)),
        DraftFormat::Json => format!("{:#}", members::of(&all)),
        DraftFormat::Sarif => log::of(&all, status),
    };
    let answer: Vec<String> = all.iter().map(summary).collect();
    args.report.write(&told, &answer.join("\n"), context)?;
    Ok(status)
}

/// Returns what a verified ledger records. Whoever checks a draft holds its own ledger: a pin is
/// not asked for.
fn facts(path: &Path, context: &Context) -> Result<Timeline, Failure> {
    let pins = PinArgs { unpinned: true, ..PinArgs::default() };
    let found = source::verified(path, &pins, context)?;
    if let Some(fault) = &found.ledger.verification().fault {
        return Err(Failure::unsound(path, fault));
    }
    Ok(Timeline::replay(&found.ledger))
}

/// Returns what a draft collides with in a ledger, and the clocks that run out.
fn against(
    text: &str,
    posted: Interval,
    facts: &Timeline,
    path: &Path,
    args: &CheckArgs,
    context: &Context,
) -> Result<Vec<Shown>, Failure> {
    let incident = posting::incident(args.incident.as_ref(), facts)?;
    let at = Instant::from_unix(posted.start).map_err(|e| {
        Failure::new(format!("the date of the draft cannot be used: {e}")).hint("name another --at")
    })?;
    let place = Place {
        id: "draft".to_owned(),
        url: "https://draft.invalid/".to_owned(),
        item: None,
        channel: Channel::Bugzilla,
        form: None,
    };
    let posting = Posting::read(text.to_owned(), place, &When::from_instant(at), incident, facts)?;
    let packs = args.packs.packs()?;
    let mut found = posting.clocks(facts, &packs)?;
    found.extend(posting.collisions(facts, path, packs, context)?);
    Ok(found)
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

fn in_text(all: &[Checked], style: Style) -> String {
    let mut told = String::new();
    for draft in all {
        let lines = Lines::new(&draft.text);
        for found in &draft.found {
            told.push_str(&laid_out(found, &draft.name, &lines, style));
            told.push_str("\n\n");
        }
        told.push_str(&wrapped("", &summary(draft), style.width));
        told.push('\n');
    }
    let first = all.iter().flat_map(|draft| &draft.found).next();
    let meaning = first.map(|found| format!("What a code means: tally explain {}", found.code));
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
    let counts = counts.iter().filter_map(|(weight, one, many)| match draft.count(*weight) {
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
    let what = match &draft.list {
        Some(list) => lists::holds(list),
        None => taken_for(outcome).to_owned(),
    };
    format!("{}: {counts}{more} ({what})", draft.name)
}
