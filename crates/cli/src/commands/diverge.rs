//! `tally diverge`: holds what was said against what was recorded.

use std::path::{Path, PathBuf};

use clap::Args;
use tally_divergence::Report;
use tally_ledger::replay::Timeline;
use tally_ledger::time::Instant;
use tally_report::findings;

use crate::args::FormatArgs;
use crate::beside::{self, BesideArgs};
use crate::commands::policies::PackArgs;
use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::output::Format;
use crate::source::{self, PinArgs, Verified};

/// The arguments of `tally diverge`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "\
Example:
  tally diverge ledger.tally --format json | jq '.findings[].message'

A finding compares a text with a record; `tally explain CODE` tells how.")]
pub struct DivergeArgs {
    /// A ledger directory, a bundle or an extract
    #[arg(env = "TALLY_LEDGER", hide_env_values = true, default_value = ".")]
    pub source: PathBuf,

    /// What is known beforehand
    #[command(flatten)]
    pub pins: PinArgs,

    /// What is shown
    #[command(flatten)]
    pub view: ViewArgs,
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

    /// How the result is written
    #[command(flatten)]
    pub format: FormatArgs,
}

/// Prints the findings.
///
/// # Errors
///
/// Fails if there is no ledger, or it cannot be read.
pub fn run(args: &DivergeArgs, context: &mut Context) -> Result<Status, Failure> {
    let found = source::verified(&args.source, &args.pins, context)?;
    let report = report(&found, &args.source, &args.view, context)?;
    let text = match args.view.format.format {
        Format::Text => context.with_verdict(&findings::text(&report, context.style()), &found),
        Format::Json => context.with_verdict_json(findings::value(&report), &found),
    };
    context.out.result(&text)?;
    context.tell_verdict(&found);
    Ok(status(&found, &report))
}

/// Returns the findings on a verified ledger, which was read from `source`.
///
/// # Errors
///
/// Fails if what is read beside it does, or a policy pack.
pub fn report(
    found: &Verified,
    source: &Path,
    view: &ViewArgs,
    context: &Context,
) -> Result<Report, Failure> {
    let timeline = Timeline::replay(&found.ledger);
    let packs = view.packs.packs()?;
    Ok(beside::held(timeline, source, &view.beside, context)?.diverge(view.at, packs))
}

/// Returns the exit status: a ledger that fails outranks one that could not be pinned, and that
/// outranks divergences.
pub fn status(found: &Verified, report: &Report) -> Status {
    let diverges = if report.diverges() { Status::Diverges } else { Status::Clean };
    diverges.max(found.status())
}
