//! `tally timeline`: what was recorded, in order.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tally_ledger::name::FeedId;
use tally_ledger::replay::Timeline;
use tally_report::timeline::{self, Selection};
use tally_report::verification;

use crate::args::FormatArgs;
use crate::commands::verify;
use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::output::Format;
use crate::source::{self, PinArgs};

/// The arguments of `tally timeline`.
#[derive(Debug, Clone, Default, Args)]
pub struct TimelineArgs {
    /// A ledger: its directory, a bundle, an extract, or where it is published
    #[arg(env = "TALLY_LEDGER", hide_env_values = true, default_value = ".")]
    pub source: PathBuf,

    /// Only the entries of this incident
    #[arg(long, value_name = "ID")]
    pub incident: Option<FeedId>,

    /// The order of the entries
    #[arg(long, value_enum, default_value_t)]
    pub sort: Sort,

    /// What is known beforehand
    #[command(flatten)]
    pub pins: PinArgs,

    /// How the result is written
    #[command(flatten)]
    pub format: FormatArgs,
}

/// The order of the entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Sort {
    /// As they were recorded
    #[default]
    Recorded,
    /// As they occurred, as far as that is known
    Occurred,
}

/// Prints the timeline.
///
/// # Errors
///
/// Fails if there is no ledger, or no such incident in it.
pub fn run(args: &TimelineArgs, context: &mut Context) -> Result<Status, Failure> {
    let found = source::verified(&args.source, &args.pins, context)?;
    let timeline = Timeline::replay(&found.ledger);
    let selection =
        Selection { incident: args.incident.clone(), by_occurred: args.sort == Sort::Occurred };
    if let Some(incident) = args.incident.as_ref().filter(|_| selection.of(&timeline).is_empty()) {
        return Err(Failure::new(format!("the ledger has no incident {incident}"))
            .hint("see the incidents with: tally list incidents"));
    }
    let disclaimer = verification::disclaimer(found.ledger.verification());
    let disclaimer = disclaimer.as_deref();
    let text = match args.format.format {
        Format::Text => {
            let text = timeline::text(&timeline, &selection, disclaimer, context.style());
            verify::with_verdict(&text, &found, context.style())
        }
        Format::Json => {
            let json = timeline::value(&timeline, &selection, disclaimer);
            context.with_verdict_json(json, &found)
        }
    };
    context.out.result(&text)?;
    context.tell_verdict(&found);
    Ok(found.status())
}
