//! `tally incident`: opens, follows and closes an incident.

use clap::{Args, Subcommand};
use serde::Serialize;
use tally_ledger::vocabulary::incident::{MilestoneName, Source};

use super::{EventArgs, Offered};
use crate::context::Context;
use crate::failure::{Failure, Status};

/// The arguments of `tally incident`.
#[derive(Debug, Clone, Args)]
pub struct IncidentArgs {
    #[command(subcommand)]
    command: IncidentCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum IncidentCommand {
    /// Open an incident: whom it is about and where it is discussed
    Open(OpenArgs),
    /// Record that the organisation became aware, from when reporting clocks run
    Awareness(AwarenessArgs),
    /// Record a turning point that report templates ask for
    Milestone(MilestoneArgs),
    /// Record that the incident was closed
    Close(CloseArgs),
}

#[derive(Debug, Clone, Args, Serialize)]
#[command(override_usage = "\
tally incident open --incident <ID> --about <ORGANISATION> --title <TEXT>
       [OPTIONS]")]
#[command(after_help = "\
Example:
  tally incident open --incident 2026-wrong-field --about \"Example CA\" \\
      --title \"Certificates issued with a wrong field\" --bug 1234567")]
struct OpenArgs {
    #[command(flatten)]
    about: AboutArgs,

    /// One line that names the incident
    #[arg(long, value_name = "TEXT")]
    title: String,

    /// Its number in bugzilla.mozilla.org; may be given several times
    #[arg(long = "bug", value_name = "N")]
    bugs: Vec<u64>,

    /// Another place where it is discussed; may be given several times
    #[arg(long = "url", value_name = "URL")]
    urls: Vec<String>,

    /// A policy concerned, with version and section; may be given several times
    #[arg(long = "policy", value_name = "TEXT")]
    policies: Vec<String>,

    #[command(flatten)]
    #[serde(skip)]
    event: EventArgs,
}

#[derive(Debug, Clone, Args, Serialize)]
struct AboutArgs {
    /// The organisation whose incident it is
    #[arg(long = "about", value_name = "ORGANISATION")]
    name: String,

    /// Its unique id in the CCADB, such as A000021
    #[arg(long, value_name = "ID")]
    ca_owner: Option<String>,

    /// Its address
    #[arg(id = "about_url", long = "about-url", value_name = "URL")]
    url: Option<String>,
}

#[derive(Debug, Clone, Args, Serialize)]
#[command(after_help = "\
Example:
  tally incident awareness \"Third Party Reported\" --how \"a linter flagged it\" \\
      --incident 2026-wrong-field --occurred 2026-01-31T09:10Z")]
struct AwarenessArgs {
    /// How it came to light, in the CCADB's terms
    #[arg(value_parser = Source::WORDS.to_vec())]
    source: String,

    /// The same in words
    #[arg(long, value_name = "TEXT")]
    how: Option<String>,

    /// The organisation or role that reported it
    #[arg(long, value_name = "WHO")]
    reporter: Option<String>,

    #[command(flatten)]
    #[serde(skip)]
    event: EventArgs,
}

#[derive(Debug, Clone, Args, Serialize)]
#[command(after_help = "\
Example:
  tally incident milestone issuance_stopped --incident 2026-wrong-field \\
      --occurred 2026-01-31T12:40Z")]
struct MilestoneArgs {
    /// Which turning point: one of these, or another word of a-z 0-9 _
    #[arg(value_parser = Offered(MilestoneName::WORDS))]
    milestone: String,

    /// What happened, in a sentence
    #[arg(long)]
    text: Option<String>,

    #[command(flatten)]
    #[serde(skip)]
    event: EventArgs,
}

#[derive(Debug, Clone, Args, Serialize)]
#[command(after_help = "\
Example:
  tally incident close --by \"a root program\" --resolution FIXED \\
      --incident 2026-wrong-field --occurred 2026-04-02")]
struct CloseArgs {
    /// The organisation or role that closed it
    #[arg(long, value_name = "WHO")]
    by: Option<String>,

    /// The tracker's own word, such as FIXED
    #[arg(long, value_name = "WORD")]
    resolution: Option<String>,

    /// The reason given
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,

    #[command(flatten)]
    #[serde(skip)]
    event: EventArgs,
}

/// Records one event of the family `incident`.
///
/// # Errors
///
/// Fails if a member does not fit, and as the store does; then nothing is recorded.
pub fn run(args: &IncidentArgs, context: &mut Context) -> Result<Status, Failure> {
    match &args.command {
        IncidentCommand::Open(body) => body.event.record("incident.opened", body, context),
        IncidentCommand::Awareness(body) => body.event.record("incident.awareness", body, context),
        IncidentCommand::Milestone(body) => body.event.record("incident.milestone", body, context),
        IncidentCommand::Close(body) => body.event.record("incident.closed", body, context),
    }
}
