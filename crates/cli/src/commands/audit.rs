//! `tally audit`: verifies and diverges in one report.

use std::path::PathBuf;

use clap::Args;
use tally_report::{findings, verification};

use crate::commands::diverge::{self, ViewArgs};
use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::output::Format;
use crate::source::{self, PinArgs};

/// The arguments of `tally audit`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "\
Example:
  tally audit ledger.tally --key ledger.vkey --format json > report.json")]
pub struct AuditArgs {
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

/// Prints both reports.
///
/// # Errors
///
/// Fails if there is no ledger, or it cannot be read.
pub fn run(args: &AuditArgs, context: &mut Context) -> Result<Status, Failure> {
    let found = source::verified(&args.source, &args.pins, context)?;
    let report = diverge::report(&found, &args.source, &args.view, context)?;
    let verified = found.ledger.verification();
    let name = args.source.display().to_string();
    match args.view.format.format {
        Format::Text => {
            let style = context.style();
            context.out.result(&verification::text(verified, &name, style))?;
            context.out.result("")?;
            context.out.result(&findings::text(&report, style))?;
        }
        Format::Json => {
            let json = serde_json::json!({
                "schema": 1,
                "verification": verification::value(verified, &name),
                "divergence": findings::value(&report),
            });
            context.out.result(&format!("{json:#}"))?;
        }
    }
    if found.status() == Status::CouldNotRun {
        super::verify::hint_at_pins(context);
    }
    Ok(diverge::status(&found, &report))
}
