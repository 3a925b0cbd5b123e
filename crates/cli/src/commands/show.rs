//! `tally show`: one entry whole.

use std::path::PathBuf;

use clap::Args;
use tally_report::entry;

use crate::args::FormatArgs;
use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::output::Format;
use crate::source::{self, PinArgs};

/// The arguments of `tally show`.
#[derive(Debug, Clone, Args)]
pub struct ShowArgs {
    /// The seq of the entry, or at least 6 digits of its id
    pub entry: String,

    /// A ledger: its directory, a bundle, an extract, or where it is published
    #[arg(env = "TALLY_LEDGER", hide_env_values = true, default_value = ".")]
    pub source: PathBuf,

    /// What is known beforehand
    #[command(flatten)]
    pub pins: PinArgs,

    /// How the result is written
    #[command(flatten)]
    pub format: FormatArgs,
}

/// Prints the entry.
///
/// # Errors
///
/// Fails if there is no ledger, or no such entry in it.
pub fn run(args: &ShowArgs, context: &mut Context) -> Result<Status, Failure> {
    let found = source::verified(&args.source, &args.pins, context)?;
    let entries = found.ledger.entries();
    let by_seq = args.entry.parse().ok().and_then(|seq| found.ledger.entry(seq));
    let by_id = || {
        let named = |id: String| args.entry.len() >= 6 && id.starts_with(&args.entry);
        entries.iter().find(|entry| named(entry.id().to_string()))
    };
    let entry = by_seq.or_else(by_id).ok_or_else(|| {
        Failure::new(format!("no entry {} among the {} that hold", args.entry, entries.len()))
            .hint("see the entries with: tally list entries")
    })?;
    let text = match args.format.format {
        Format::Text => entry::text(entry, context.style()),
        Format::Json => entry::json(entry),
    };
    context.out.result(&text)?;
    context.tell_verdict(&found);
    Ok(found.status())
}
