//! `tally diverge`: holds what was said against what was recorded.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use clap::Args;
use tally_divergence::Report;
use tally_ledger::replay::Timeline;
use tally_ledger::time::Instant;
use tally_report::{findings, html, sarif};

use crate::beside::{self, BesideArgs};
use crate::commands::policies::PackArgs;
use crate::commands::verify;
use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::report::{ReportArgs, ReportFormat};
use crate::source::{self, PinArgs, Verified};

/// The arguments of `tally diverge`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "\
Examples:
  tally diverge ledger.tally --format json | jq '.findings[].message'
  tally diverge ledger.tally -o report.html
  tally diverge ledger.tally -o report.sarif

A finding compares a text with a record; `tally explain CODE` tells how.")]
pub struct DivergeArgs {
    /// A ledger: its directory, a bundle, an extract, or where it is published
    #[arg(env = "TALLY_LEDGER", hide_env_values = true, default_value = ".")]
    pub source: PathBuf,

    /// What is known beforehand
    #[command(flatten)]
    pub pins: PinArgs,

    /// What is shown
    #[command(flatten)]
    pub view: ViewArgs,

    /// Where the report goes, and in which form
    #[command(flatten)]
    pub report: ReportArgs<ReportFormat>,
}

/// The options that say which findings are shown, and as of when.
#[derive(Debug, Clone, Default, Args)]
pub struct ViewArgs {
    /// Judge open promises as of this instant [default: the last that was recorded]
    #[arg(long, value_name = "INSTANT")]
    pub at: Option<Instant>,

    /// What is held besides what the ledger records
    #[command(flatten)]
    pub beside: BesideArgs,

    /// Policies besides those built in
    #[command(flatten)]
    pub packs: PackArgs,
}

/// Prints the findings.
///
/// # Errors
///
/// Fails if there is no ledger, or it cannot be read.
pub fn run(args: &DivergeArgs, context: &mut Context) -> Result<Status, Failure> {
    let format = args.report.check(&args.view.sources(&args.source))?;
    let found = source::verified(&args.source, &args.pins, context)?;
    let (timeline, report) = report(&found, &args.source, &args.view, context)?;
    let style = args.report.style(context);
    let text = match format {
        ReportFormat::Text => verify::with_verdict(&findings::text(&report, style), &found, style),
        ReportFormat::Json => context.with_verdict_json(findings::value(&report), &found),
        ReportFormat::Html => page(&args.source, &found, &timeline, &report),
        ReportFormat::Sarif => log("diverge", &args.source, &found, &report),
    };
    args.report.write(&text, &report.sentence(), context)?;
    context.tell_verdict(&found);
    Ok(status(&found, &report))
}

impl ViewArgs {
    /// Returns the files that a report on the ledger at `source` is made of.
    pub fn sources<'a>(&'a self, source: &'a Path) -> Vec<&'a Path> {
        let statements = self.beside.statements.iter().map(PathBuf::as_path);
        std::iter::once(source).chain(statements).collect()
    }
}

/// Returns the report as a page. It names the source as it is called, not where it lay.
pub fn page(source: &Path, found: &Verified, timeline: &Timeline, report: &Report) -> String {
    let verification = found.ledger.verification();
    html::page(&html::Page { source: &name(source), verification, timeline, report })
}

/// Returns the report as the log of `command` in SARIF. It too names the source as it is called.
pub fn log(command: &'static str, source: &Path, found: &Verified, report: &Report) -> String {
    let verification = found.ledger.verification();
    let exit = status(found, report).code();
    let source = name(source);
    sarif::held(&sarif::Held { command, exit, source: &source, verification, report }).log()
}

fn name(source: &Path) -> Cow<'_, str> {
    source.file_name().unwrap_or(source.as_os_str()).to_string_lossy()
}

/// Returns what is recorded and the findings on a verified ledger, which was read from `source`.
///
/// # Errors
///
/// Fails if what is read beside it does, or a policy pack.
pub fn report(
    found: &Verified,
    source: &Path,
    view: &ViewArgs,
    context: &Context,
) -> Result<(Timeline, Report), Failure> {
    let timeline = Timeline::replay(&found.ledger);
    let packs = view.packs.packs()?;
    let held = beside::held(timeline, source, &view.beside, context)?;
    let replied: Vec<_> = held.replies.iter().map(|r| (r.finding, r.by.clone())).collect();
    let (timeline, report) = held.diverge(view.at, packs);
    for (id, by) in replied {
        if report.findings.iter().all(|finding| finding.id != id) {
            context
                .out
                .talk(&format!("note: a reply of {by:?} is not shown: no finding has the id {id}"));
        }
    }
    Ok((timeline, report))
}

/// Returns the exit status: a ledger that fails outranks one that could not be pinned, and that
/// outranks divergences.
pub fn status(found: &Verified, report: &Report) -> Status {
    let diverges = if report.diverges() { Status::Diverges } else { Status::Clean };
    diverges.max(found.status())
}
