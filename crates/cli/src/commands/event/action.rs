//! `tally action`: action items and their status, in the CCADB's terms.

use clap::{Args, Subcommand};
use serde::Serialize;
use tally_ledger::time::When;
use tally_ledger::vocabulary::action::{ActionKind, ActionStatus};

use super::EventArgs;
use crate::context::Context;
use crate::failure::{Failure, Status};

/// The arguments of `tally action`.
#[derive(Debug, Clone, Args)]
pub struct ActionArgs {
    #[command(subcommand)]
    command: ActionCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum ActionCommand {
    /// Record that an action item was announced
    Open(OpenArgs),
    /// Record the status of an action item
    Status(StatusArgs),
}

#[derive(Debug, Clone, Args, Serialize)]
#[command(after_help = "\
Example:
  tally action open ai-1 --text \"lint before issuance\" --kind Prevent \\
      --due 2026-03-01 --incident 2026-wrong-field --occurred 2026-02-07")]
struct OpenArgs {
    /// A name to refer to it by, such as ai-1
    #[arg(value_name = "NAME")]
    id: String,

    /// What is to be done
    #[arg(long)]
    text: String,

    /// Its status
    #[arg(long, value_name = "WORD", default_value = ActionStatus::Ongoing.as_str())]
    #[arg(value_parser = ActionStatus::WORDS.to_vec())]
    status: String,

    /// What it is meant to do
    #[arg(long, value_name = "WORD", value_parser = ActionKind::WORDS.to_vec())]
    kind: Option<String>,

    /// A root cause that it answers; may be given several times
    #[arg(long = "root-cause", value_name = "TEXT")]
    root_causes: Vec<String>,

    /// How its effect is judged
    #[arg(long, value_name = "TEXT")]
    criteria: Option<String>,

    /// By when
    #[arg(long, value_name = "WHEN")]
    due: Option<When>,

    #[command(flatten)]
    #[serde(skip)]
    event: EventArgs,
}

#[derive(Debug, Clone, Args, Serialize)]
#[command(after_help = "\
Example:
  tally action status ai-1 Delayed --due 2026-04-01 --why \"the vendor is late\" \\
      --incident 2026-wrong-field --occurred 2026-02-27")]
struct StatusArgs {
    /// The name of the action item
    #[arg(value_name = "NAME")]
    id: String,

    /// Its status from then on
    #[arg(value_parser = ActionStatus::WORDS.to_vec())]
    status: String,

    /// The new due date, if it moved
    #[arg(long, value_name = "WHEN")]
    due: Option<When>,

    /// The reason given
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,

    #[command(flatten)]
    #[serde(skip)]
    event: EventArgs,
}

/// Records one event of the family `action`.
///
/// # Errors
///
/// Fails if a member does not fit, and as the store does; then nothing is recorded.
pub fn run(args: &ActionArgs, context: &mut Context) -> Result<Status, Failure> {
    match &args.command {
        ActionCommand::Open(body) => body.event.record("action.opened", body, context),
        ActionCommand::Status(body) => body.event.record("action.status", body, context),
    }
}
