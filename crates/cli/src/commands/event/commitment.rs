//! `tally commitment`: promises made and kept.

use clap::{Args, Subcommand};
use serde::Serialize;
use tally_ledger::time::When;
use tally_ledger::vocabulary::commitment::Duty;
use tally_ledger::vocabulary::words::Strength;

use super::EventArgs;
use crate::context::Context;
use crate::failure::{Failure, Status};

/// The arguments of `tally commitment`.
#[derive(Debug, Clone, Args)]
pub struct CommitmentArgs {
    #[command(subcommand)]
    command: CommitmentCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum CommitmentCommand {
    /// Record a promise; it binds from when it occurred, never before
    Make(Box<MakeArgs>),
    /// Record that a promise was kept
    Keep(Box<KeepArgs>),
}

#[derive(Debug, Clone, Args, Serialize)]
#[command(after_help = "\
Example:
  tally commitment make revoke-all do revocation.completed --subject all \\
      --due 2026-02-05T12:00Z --incident 2026-wrong-field --occurred 2026-02-01")]
struct MakeArgs {
    /// A name to refer to it by, such as revoke-all
    #[arg(value_name = "NAME")]
    id: String,

    /// Whether it is to do something, or to avoid it
    #[arg(value_parser = Duty::WORDS.to_vec())]
    to: String,

    /// The kind that keeps or breaks it, such as revocation.completed; or words, if no kind does
    #[arg(value_name = "KIND|TEXT")]
    what: String,

    /// The subject of that kind, such as the name of a set
    #[arg(long)]
    subject: Option<String>,

    /// Where it applies
    #[arg(long, value_name = "TEXT")]
    scope: Option<String>,

    /// Under what condition
    #[arg(long, value_name = "TEXT")]
    condition: Option<String>,

    /// By when
    #[arg(long, value_name = "WHEN")]
    due: Option<When>,

    /// How firmly; firm if nothing is said
    #[arg(long, value_name = "WORD", value_parser = Strength::WORDS.to_vec())]
    strength: Option<String>,

    /// The promise in its own words
    #[arg(long)]
    text: Option<String>,

    #[command(flatten)]
    #[serde(skip)]
    event: EventArgs,
}

#[derive(Debug, Clone, Args, Serialize)]
#[command(after_help = "\
Example:
  tally commitment keep revoke-all \\
      --text \"the list of 5 February names them all\" \\
      --incident 2026-wrong-field --occurred 2026-02-05T10:30Z")]
struct KeepArgs {
    /// The name of the promise
    #[arg(value_name = "NAME")]
    id: String,

    /// By what it was kept
    #[arg(long)]
    text: Option<String>,

    #[command(flatten)]
    #[serde(skip)]
    event: EventArgs,
}

/// Records one event of the family `commitment`.
///
/// # Errors
///
/// Fails if a member does not fit, and as the store does; then nothing is recorded.
pub fn run(args: &CommitmentArgs, context: &mut Context) -> Result<Status, Failure> {
    match &args.command {
        CommitmentCommand::Make(body) => body.event.record("commitment.made", body, context),
        CommitmentCommand::Keep(body) => body.event.record("commitment.kept", body, context),
    }
}
