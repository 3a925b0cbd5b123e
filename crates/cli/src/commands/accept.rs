//! `tally accept`: a reviewer accepts a finding, with a reason. It stays in every report.

use std::path::PathBuf;

use clap::Args;
use tally_divergence::review::{Accepted, Review};
use tally_report::text::{escaped, wrapped};

use crate::beside::{self, REVIEW_FILE};
use crate::commands::diverge::{self, ViewArgs};
use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::source::{self, PinArgs};
use crate::staged;

/// The fewest digits that name a finding.
const DIGITS_MIN: usize = 8;

/// The arguments of `tally accept`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Example:
  tally accept 20b0ec733ffe case/ --role auditor \\
    --reason \"the clock of the report was local time, as comment 12 says\"

An accepted finding is shown as accepted in every report, and no longer makes
diverge and audit exit with 1.")]
pub struct AcceptArgs {
    /// The id of the finding, or its first digits
    pub finding: String,

    /// A ledger: its directory, a bundle, an extract, or where it is published
    #[arg(env = "TALLY_LEDGER", hide_env_values = true, default_value = ".")]
    pub source: PathBuf,

    /// Why it is accepted
    #[arg(long, value_name = "TEXT")]
    pub reason: String,

    /// The role of who accepts it, such as auditor
    #[arg(long, value_name = "ROLE")]
    pub role: String,

    /// What is shown
    #[command(flatten)]
    pub view: ViewArgs,
}

/// Adds the acceptance to the review.
///
/// # Errors
///
/// Fails if there is no such finding, or the review cannot be read or written.
pub fn run(args: &AcceptArgs, context: &mut Context) -> Result<Status, Failure> {
    if args.reason.trim().is_empty() || args.role.trim().is_empty() {
        return Err(Failure::new("the reason or the role is empty")
            .hint("an acceptance that others read needs both"));
    }
    let pins = PinArgs { unpinned: true, ..PinArgs::default() };
    let found = source::verified(&args.source, &pins, context)?;
    let (_, report) = diverge::report(&found, &args.source, &args.view, context)?;
    let named = |id: String| args.finding.len() >= DIGITS_MIN && id.starts_with(&args.finding);
    let mut findings = report.findings.iter().filter(|finding| named(finding.id.to_string()));
    let (Some(finding), None) = (findings.next(), findings.next()) else {
        return Err(Failure::new(format!("no finding has the id {:.64}", args.finding))
            .hint("see the ids with: tally diverge; name at least 8 digits of one"));
    };
    let path = match args.view.beside.review.as_slice() {
        [path, ..] => path.clone(),
        [] if args.source.is_dir() => args.source.join(REVIEW_FILE),
        [] => PathBuf::from(REVIEW_FILE),
    };
    let mut review = if path.exists() { beside::read_review(&path)? } else { Review::default() };
    review.findings.retain(|accepted| accepted.id != finding.id);
    let (reason, role) = (args.reason.clone(), args.role.clone());
    review.findings.push(Accepted { id: finding.id, reason, role });
    staged::replace(&path, review.text().as_bytes())?;
    let line = format!("accepted: {}", finding.message);
    context.out.result(&wrapped("", &escaped(&line), context.out.width))?;
    context.out.result(&format!("in {}", path.display()))?;
    Ok(Status::Clean)
}
