//! `tally legal`: court orders, motions and letters, what was done about them, and who was told.

use clap::{Args, Subcommand};
use serde::Serialize;
use tally_ledger::hash::Hash;
use tally_ledger::time::When;
use tally_ledger::vocabulary::legal::{Audience, Direction, InstrumentType, StepName};
use tally_ledger::vocabulary::words::{Channel, Visibility};

use super::{EventArgs, Offered};
use crate::context::Context;
use crate::failure::{Failure, Status};

/// The arguments of `tally legal`.
#[derive(Debug, Clone, Args)]
pub struct LegalArgs {
    #[command(subcommand)]
    command: LegalCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum LegalCommand {
    /// Record a court order, motion, letter or other legal act
    Instrument(Box<InstrumentArgs>),
    /// Record what was done about an instrument
    Step(StepArgs),
    /// Record that somebody was told
    Notice(NoticeArgs),
}

#[derive(Debug, Clone, Args, Serialize)]
#[command(override_usage = "\
tally legal instrument <NAME> --type <WORD> --direction <WORD>
       --incident <ID> [OPTIONS]")]
#[command(after_help = "\
Example:
  tally legal instrument tro --type restraining_order --direction received \\
      --court \"District Court of Example\" --granted 2026-01-31T18:00Z \\
      --set all --incident 2026-wrong-field --evidence order.pdf")]
struct InstrumentArgs {
    /// A name to refer to it by, such as tro
    #[arg(value_name = "NAME")]
    id: String,

    /// What it is: one of these, or another word of a-z 0-9 _
    #[arg(long, value_name = "WORD", value_parser = Offered(InstrumentType::WORDS))]
    r#type: String,

    /// Whether the organisation that the incident is about sent or received it
    #[arg(long, value_name = "WORD", value_parser = Direction::WORDS.to_vec())]
    direction: String,

    /// An organisation that sent or sought it; may be given several times
    #[arg(long, value_name = "ORGANISATION")]
    from: Vec<String>,

    /// An organisation that it addresses; may be given several times
    #[arg(long, value_name = "ORGANISATION")]
    to: Vec<String>,

    /// The court or authority
    #[arg(long)]
    court: Option<String>,

    /// The docket or case number
    #[arg(long, value_name = "NUMBER")]
    docket: Option<String>,

    /// The entry in the docket
    #[arg(long, value_name = "N")]
    docket_entry: Option<u64>,

    /// When it was filed or dispatched
    #[arg(long, value_name = "WHEN")]
    filed: Option<When>,

    /// When the organisation first learned of it
    #[arg(long, value_name = "WHEN")]
    notice_received: Option<When>,

    /// When it was formally served
    #[arg(long, value_name = "WHEN")]
    served: Option<When>,

    /// When it was granted or issued
    #[arg(long, value_name = "WHEN")]
    granted: Option<When>,

    /// From when it binds
    #[arg(long, value_name = "WHEN")]
    effective: Option<When>,

    /// Until when it binds
    #[arg(long, value_name = "WHEN")]
    expires: Option<When>,

    /// Whether it was sought without hearing the other side
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true")]
    ex_parte: Option<bool>,

    /// What it asks for or orders
    #[arg(long, value_name = "TEXT")]
    relief: Option<String>,

    /// What it covers, in words
    #[arg(long, value_name = "TEXT")]
    scope: Option<String>,

    /// The certificate set that it covers
    #[arg(long)]
    set: Option<String>,

    /// The SHA-256 of its text
    #[arg(long, value_name = "DIGEST")]
    document: Option<Hash>,

    /// Where it can be read
    #[arg(long)]
    url: Option<String>,

    #[command(flatten)]
    #[serde(skip)]
    event: EventArgs,
}

#[derive(Debug, Clone, Args, Serialize)]
#[command(after_help = "\
Example:
  tally legal step tro opposed --by \"Example CA\" --docket-entry 5 \\
      --incident 2026-wrong-field --occurred 2026-02-01")]
struct StepArgs {
    /// The name of the instrument
    #[arg(value_name = "NAME")]
    instrument: String,

    /// What was done: one of these, or another word of a-z 0-9 _
    #[arg(value_parser = Offered(StepName::WORDS))]
    step: String,

    /// The organisation or court that took it
    #[arg(long, value_name = "WHO")]
    by: Option<String>,

    /// The entry in the docket
    #[arg(long, value_name = "N")]
    docket_entry: Option<u64>,

    /// The new end, of an extension
    #[arg(long, value_name = "WHEN")]
    until: Option<When>,

    /// The SHA-256 of the paper
    #[arg(long, value_name = "DIGEST")]
    document: Option<Hash>,

    /// What was done, in a sentence
    #[arg(long)]
    text: Option<String>,

    #[command(flatten)]
    #[serde(skip)]
    event: EventArgs,
}

#[derive(Debug, Clone, Args, Serialize)]
#[command(after_help = "\
Example:
  tally legal notice \"an order not to revoke was granted\" --to root_programs \\
      --channel email --instrument tro \\
      --incident 2026-wrong-field --occurred 2026-02-01T08:00Z")]
struct NoticeArgs {
    /// What they were told
    #[arg(value_name = "TEXT")]
    about: String,

    /// Who was told: one of these, or another word of a-z 0-9 _; may be given several times
    #[arg(long, value_name = "WORD", value_parser = Offered(Audience::WORDS))]
    to: Vec<String>,

    /// How: one of these, or another word of a-z 0-9 _
    #[arg(long, value_name = "WORD", value_parser = Offered(Channel::WORDS))]
    channel: Option<String>,

    /// The name of the instrument concerned
    #[arg(long, value_name = "NAME")]
    instrument: Option<String>,

    /// An organisation that was told; may be given several times
    #[arg(long = "recipient", value_name = "ORGANISATION")]
    recipients: Vec<String>,

    /// How many were told
    #[arg(long, value_name = "N")]
    count: Option<u64>,

    /// Whether the notice itself was public
    #[arg(long, value_name = "WORD", value_parser = Visibility::WORDS.to_vec())]
    visibility: Option<String>,

    /// Where it can be read
    #[arg(long)]
    url: Option<String>,

    /// The SHA-256 of its text
    #[arg(long, value_name = "DIGEST")]
    document: Option<Hash>,

    #[command(flatten)]
    #[serde(skip)]
    event: EventArgs,
}

/// Records one event of the family `legal`.
///
/// # Errors
///
/// Fails if a member does not fit, and as the store does; then nothing is recorded.
pub fn run(args: &LegalArgs, context: &mut Context) -> Result<Status, Failure> {
    match &args.command {
        LegalCommand::Instrument(body) => body.event.record("legal.instrument", body, context),
        LegalCommand::Step(body) => body.event.record("legal.step", body, context),
        LegalCommand::Notice(body) => body.event.record("legal.notice", body, context),
    }
}
