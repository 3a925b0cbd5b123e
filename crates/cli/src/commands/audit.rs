//! `tally audit`: verifies and diverges in one report.

use std::path::PathBuf;

use clap::Args;
use tally_report::{findings, verification};

use crate::commands::diverge::{self, ViewArgs};
use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::report::{ReportArgs, ReportFormat};
use crate::source::{self, PinArgs};

/// The arguments of `tally audit`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "\
Examples:
  tally audit ledger.tally --key ledger.vkey -o report.html
  tally audit ledger.tally --key ledger.vkey --format json > report.json
  tally audit ledger.tally --key ledger.vkey -o report.sarif")]
pub struct AuditArgs {
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

/// Prints both reports.
///
/// # Errors
///
/// Fails if there is no ledger, or it cannot be read.
pub fn run(args: &AuditArgs, context: &mut Context) -> Result<Status, Failure> {
    let format = args.report.check(&args.view.sources(&args.source))?;
    let found = source::verified(&args.source, &args.pins, context)?;
    let (timeline, report) = diverge::report(&found, &args.source, &args.view, context)?;
    let verified = found.ledger.verification();
    let name = args.source.display().to_string();
    let text = match format {
        ReportFormat::Text => {
            let style = args.report.style(context);
            let verification = verification::text(verified, &name, style);
            format!("{verification}\n{}", findings::text(&report, style))
        }
        ReportFormat::Json => {
            let json = serde_json::json!({
                "schema": 1,
                "verification": verification::value(verified, &name),
                "divergence": findings::value(&report),
            });
            format!("{json:#}")
        }
        ReportFormat::Html => diverge::page(&args.source, &found, &timeline, &report),
        ReportFormat::Sarif => diverge::log("audit", &args.source, &found, &report),
    };
    args.report.write(&text, &report.sentence(), context)?;
    if found.status() == Status::CouldNotRun {
        super::verify::hint_at_pins(context);
    }
    Ok(diverge::status(&found, &report))
}
