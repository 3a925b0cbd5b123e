//! `tally revocation`: by when a set has to be revoked, how far that is, and when it was done.

use clap::{Args, Subcommand};
use serde::Serialize;
use tally_ledger::time::When;

use super::EventArgs;
use crate::context::Context;
use crate::failure::{Failure, Status};

/// The arguments of `tally revocation`.
#[derive(Debug, Clone, Args)]
pub struct RevocationArgs {
    #[command(subcommand)]
    command: RevocationCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum RevocationCommand {
    /// Record by when a set has to be revoked, and which rule or decision says so
    Deadline(DeadlineArgs),
    /// Record the numbers that the CCADB asks for while revocation is delayed
    Progress(ProgressArgs),
    /// Record that the last certificate of a set was revoked
    Complete(CompleteArgs),
}

#[derive(Debug, Clone, Args, Serialize)]
#[command(override_usage = "\
tally revocation deadline <SET> --rule <TEXT> --due <WHEN>
       --incident <ID> [OPTIONS]")]
#[command(after_help = "\
Example:
  tally revocation deadline all --rule \"BR 4.9.1.1 (5)\" \\
      --due 2026-02-05T12:00Z --start 2026-01-31T12:00Z \\
      --incident 2026-wrong-field")]
struct DeadlineArgs {
    /// The name of the set
    set: String,

    /// The rule, such as "BR 4.9.1.1 (5)", or "own decision"
    #[arg(long, value_name = "TEXT")]
    rule: String,

    /// The last moment allowed
    #[arg(long, value_name = "WHEN")]
    due: When,

    /// When the clock started
    #[arg(long, value_name = "WHEN")]
    start: Option<When>,

    #[command(flatten)]
    #[serde(skip)]
    event: EventArgs,
}

#[derive(Debug, Clone, Args, Serialize)]
#[command(override_usage = "\
tally revocation progress <SET> --revoked <N> --remaining <N>
       --incident <ID> [OPTIONS]")]
#[command(after_help = "\
Example:
  tally revocation progress all --revoked 80 --remaining 40 \\
      --incident 2026-wrong-field --occurred 2026-02-03T12:00Z")]
struct ProgressArgs {
    /// The name of the set
    set: String,

    /// How many are revoked so far
    #[arg(long, value_name = "N")]
    revoked: u64,

    /// How many are not yet revoked
    #[arg(long, value_name = "N")]
    remaining: u64,

    /// How many were planned for revocation, but expired first
    #[arg(long, value_name = "N")]
    expired_planned: Option<u64>,

    /// When all are expected to be revoked
    #[arg(long, value_name = "WHEN")]
    estimate: Option<When>,

    /// The time for which the numbers hold, if not when it occurred
    #[arg(long, value_name = "WHEN")]
    as_of: Option<When>,

    #[command(flatten)]
    #[serde(skip)]
    event: EventArgs,
}

#[derive(Debug, Clone, Args, Serialize)]
#[command(after_help = "\
Example:
  tally revocation complete all --last 2026-02-05T10:30Z --count 120 \\
      --incident 2026-wrong-field")]
struct CompleteArgs {
    /// The name of the set
    set: String,

    /// The first revocation
    #[arg(long, value_name = "WHEN")]
    first: Option<When>,

    /// The last revocation
    #[arg(long, value_name = "WHEN")]
    last: Option<When>,

    /// How many were revoked
    #[arg(long, value_name = "N")]
    count: Option<u64>,

    /// How many expired unrevoked
    #[arg(long, value_name = "N")]
    expired: Option<u64>,

    #[command(flatten)]
    #[serde(skip)]
    event: EventArgs,
}

/// Records one event of the family `revocation`.
///
/// # Errors
///
/// Fails if a member does not fit, and as the store does; then nothing is recorded.
pub fn run(args: &RevocationArgs, context: &mut Context) -> Result<Status, Failure> {
    match &args.command {
        RevocationCommand::Deadline(body) => {
            body.event.record("revocation.deadline", body, context)
        }
        RevocationCommand::Progress(body) => {
            body.event.record("revocation.progress", body, context)
        }
        RevocationCommand::Complete(body) => {
            body.event.record("revocation.completed", body, context)
        }
    }
}
