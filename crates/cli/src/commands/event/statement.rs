//! `tally statement`: public texts.

use clap::{Args, Subcommand};
use serde::Serialize;
use tally_ledger::hash::Hash;
use tally_ledger::time::When;
use tally_ledger::vocabulary::statement::Form;
use tally_ledger::vocabulary::words::{Capacity, Channel};

use super::{EventArgs, Offered};
use crate::context::Context;
use crate::failure::{Failure, Status};

/// The arguments of `tally statement`.
#[derive(Debug, Clone, Args)]
pub struct StatementArgs {
    #[command(subcommand)]
    command: StatementCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum StatementCommand {
    /// Record a public text: a comment, a report, a post, a filing
    Publish(PublishArgs),
}

#[derive(Debug, Clone, Args, Serialize)]
#[command(override_usage = "\
tally statement publish <NAME> --channel <WORD> --url <URL>
       --capacity <WORD> --published <WHEN> --incident <ID> [OPTIONS]")]
#[command(after_help = "\
Example:
  tally statement publish comment-4 --channel bugzilla --comment 4 \\
      --url https://bugs.example/1234567#c4 --published 2026-01-31T17:30Z \\
      --speaker \"Example CA\" --capacity official \\
      --incident 2026-wrong-field --evidence comment-4.txt

What it claims is recorded from a document:
  tally record --template statement.published")]
struct PublishArgs {
    /// A name to refer to it by, such as comment-4
    #[arg(value_name = "NAME")]
    id: String,

    /// Where: one of these, or another word of a-z 0-9 _
    #[arg(long, value_name = "WORD", value_parser = Offered(Channel::WORDS))]
    channel: String,

    /// Its address
    #[arg(long)]
    url: String,

    #[command(flatten)]
    speaker: SpeakerArgs,

    /// When; a bound such as 2026-01-31/.. if no date is known
    #[arg(long, value_name = "WHEN")]
    published: When,

    /// The number of the comment, counted as the tracker does
    #[arg(id = "comment", long = "comment", value_name = "N")]
    item: Option<u64>,

    /// What sort of text: one of these, or another word of a-z 0-9 _
    #[arg(long, value_name = "WORD", value_parser = Offered(Form::WORDS))]
    form: Option<String>,

    /// The SHA-256 of the exact text
    #[arg(long)]
    digest: Option<Hash>,

    /// Its length in bytes
    #[arg(long, value_name = "BYTES")]
    size: Option<u64>,

    #[command(flatten)]
    #[serde(skip)]
    event: EventArgs,
}

#[derive(Debug, Clone, Args, Serialize)]
struct SpeakerArgs {
    /// The organisation that speaks, if one is known
    #[arg(long = "speaker", value_name = "ORGANISATION")]
    organisation: Option<String>,

    /// For the organisation, for oneself while affiliated with it, or as anybody else
    #[arg(long, value_name = "WORD", value_parser = Capacity::WORDS.to_vec())]
    capacity: String,

    /// The role, such as "root program"; never a name
    #[arg(long, value_name = "TEXT")]
    role: Option<String>,
}

/// Records one event of the family `statement`.
///
/// # Errors
///
/// Fails if a member does not fit, and as the store does; then nothing is recorded.
pub fn run(args: &StatementArgs, context: &mut Context) -> Result<Status, Failure> {
    let StatementCommand::Publish(body) = &args.command;
    body.event.record("statement.published", body, context)
}
