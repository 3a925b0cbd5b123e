//! `tally inquiry`: questions and requests put in public, and the replies.

use clap::{Args, Subcommand};
use serde::Serialize;
use tally_ledger::time::When;
use tally_ledger::vocabulary::inquiry::{InquiryForm, Reply};
use tally_ledger::vocabulary::words::Capacity;

use super::EventArgs;
use crate::context::Context;
use crate::failure::{Failure, Status};

/// The arguments of `tally inquiry`.
#[derive(Debug, Clone, Args)]
pub struct InquiryArgs {
    #[command(subcommand)]
    command: InquiryCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum InquiryCommand {
    /// Record a question or request put to the organisation in public
    Ask(AskArgs),
    /// Record that a reply was given
    Answer(AnswerArgs),
}

#[derive(Debug, Clone, Args, Serialize)]
#[command(override_usage = "\
tally inquiry ask <NAME> <FORM> --text <TEXT> --capacity <WORD>
       --incident <ID> [OPTIONS]")]
#[command(after_help = "\
Example:
  tally inquiry ask q1 question --text \"when will the list be published?\" \\
      --asker \"Example Root Program\" --capacity official --comment 5 \\
      --incident 2026-wrong-field --occurred 2026-02-01T09:00Z")]
struct AskArgs {
    /// A name to refer to it by, such as q1
    #[arg(value_name = "NAME")]
    id: String,

    /// Whether it asks to know, or asks for an act
    #[arg(value_parser = InquiryForm::WORDS.to_vec())]
    form: String,

    /// What is asked
    #[arg(long)]
    text: String,

    #[command(flatten)]
    asker: AskerArgs,

    /// Where
    #[arg(long)]
    url: Option<String>,

    /// The number of the comment
    #[arg(id = "comment", long = "comment", value_name = "N")]
    item: Option<u64>,

    /// By when an answer is asked for
    #[arg(long, value_name = "WHEN")]
    due: Option<When>,

    #[command(flatten)]
    #[serde(skip)]
    event: EventArgs,
}

#[derive(Debug, Clone, Args, Serialize)]
struct AskerArgs {
    /// The organisation that asks, if one is known
    #[arg(long = "asker", value_name = "ORGANISATION")]
    organisation: Option<String>,

    /// For the organisation, for oneself while affiliated with it, or as anybody else
    #[arg(long, value_name = "WORD", value_parser = Capacity::WORDS.to_vec())]
    capacity: String,

    /// The role, such as "root program"; never a name
    #[arg(long, value_name = "TEXT")]
    role: Option<String>,
}

#[derive(Debug, Clone, Args, Serialize)]
#[command(after_help = "\
Example:
  tally inquiry answer q1 --reply partial --statement comment-6 --comment 6 \\
      --incident 2026-wrong-field --occurred 2026-02-02T10:00Z

Whether a reply answers is for the asker to dispute and for the reader to judge.")]
struct AnswerArgs {
    /// The name of the inquiry
    #[arg(value_name = "NAME")]
    id: String,

    /// What sort of reply; an answer if nothing is said
    #[arg(long, value_name = "WORD", value_parser = Reply::WORDS.to_vec())]
    reply: Option<String>,

    /// The name of the statement that replies
    #[arg(long, value_name = "NAME")]
    statement: Option<String>,

    /// Where
    #[arg(long)]
    url: Option<String>,

    /// The number of the comment
    #[arg(id = "comment", long = "comment", value_name = "N")]
    item: Option<u64>,

    #[command(flatten)]
    #[serde(skip)]
    event: EventArgs,
}

/// Records one event of the family `inquiry`.
///
/// # Errors
///
/// Fails if a member does not fit, and as the store does; then nothing is recorded.
pub fn run(args: &InquiryArgs, context: &mut Context) -> Result<Status, Failure> {
    match &args.command {
        InquiryCommand::Ask(body) => body.event.record("inquiry.asked", body, context),
        InquiryCommand::Answer(body) => body.event.record("inquiry.answered", body, context),
    }
}
