//! `tally claims`: what reviewers decide on the claims of statements, kept in a review.

mod decide;
mod sign;
mod suggest;
mod unite;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use tally_divergence::review::{ClaimDecision, Decision, Review};
use tally_report::text::{escaped, wrapped};

use crate::args::FormatArgs;
use crate::beside::{self, REVIEW_FILE};
use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::output::Format;
use crate::staged;

/// The arguments of `tally claims`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Example:
  tally claims suggest case/
  tally claims list --open
  tally claims confirm 1f2e3d4c --reason \"says so in its second line\" \\
    --role auditor")]
pub struct ClaimsArgs {
    #[command(subcommand)]
    command: ClaimsCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum ClaimsCommand {
    /// List what phrase rules find in statements, to be decided on
    Suggest(suggest::SuggestArgs),
    /// List the claims of a review, and what was decided on them
    List(ListArgs),
    /// Say that the text makes a claim: from now on it is held
    Confirm(decide::DecideArgs),
    /// Say that the text makes no such claim
    Reject(decide::DecideArgs),
    /// Say what the text claims instead
    Edit(decide::EditArgs),
    /// Put the decisions of several reviews into one
    Merge(unite::MergeArgs),
    /// Show where two reviews decide otherwise
    Compare(unite::CompareArgs),
    /// Sign a review
    Sign(sign::SignArgs),
    /// Check who signed a review
    Verify(sign::VerifyArgs),
}

/// The option that names the review.
#[derive(Debug, Clone, Args)]
struct ReviewArgs {
    /// The review
    #[arg(long, value_name = "FILE", default_value = REVIEW_FILE)]
    review: PathBuf,
}

/// The arguments of `tally claims list`.
#[derive(Debug, Clone, Args)]
struct ListArgs {
    #[command(flatten)]
    review: ReviewArgs,

    /// Only those that nobody decided on
    #[arg(long)]
    open: bool,

    #[command(flatten)]
    format: FormatArgs,
}

/// Suggests, lists, decides, merges or compares.
///
/// # Errors
///
/// Fails if a review cannot be read or written, and if a claim is not in it.
pub fn run(args: &ClaimsArgs, context: &mut Context) -> Result<Status, Failure> {
    match &args.command {
        ClaimsCommand::Suggest(args) => suggest::run(args, context),
        ClaimsCommand::List(args) => list(args, context),
        ClaimsCommand::Confirm(args) => decide::run(args, Decision::Confirmed, context),
        ClaimsCommand::Reject(args) => decide::run(args, Decision::Rejected, context),
        ClaimsCommand::Edit(args) => decide::edit(args, context),
        ClaimsCommand::Merge(args) => unite::merge(args, context),
        ClaimsCommand::Compare(args) => unite::compare(args, context),
        ClaimsCommand::Sign(args) => sign::sign(args, context),
        ClaimsCommand::Verify(args) => sign::verify(args, context),
    }
}

fn list(args: &ListArgs, context: &mut Context) -> Result<Status, Failure> {
    let review = beside::read_review(&args.review.review)?;
    let wanted = |claim: &&ClaimDecision| !args.open || claim.decision == Decision::Open;
    let claims = review.claims.iter().filter(wanted);
    if args.format.format == Format::Json {
        let claims: Vec<_> = claims
            .map(|claim| {
                json!({ "id": claim.id(), "asserts": claim.claim.assertion.summary(),
                                 "decision": claim })
            })
            .collect();
        let json = json!({ "schema": 1, "claims": claims, "findings": review.findings });
        context.out.result(&format!("{json:#}"))?;
        return Ok(Status::Clean);
    }
    let mut shown = 0;
    for claim in claims {
        show(claim, context)?;
        shown += 1;
    }
    for accepted in review.findings.iter().filter(|_| !args.open) {
        let text = format!("finding accepted by {}: {}", accepted.role, accepted.reason);
        let id = format!("{}  ", accepted.id.short());
        context.out.result(&wrapped(&id, &escaped(&text), context.out.width))?;
    }
    context.out.result(&format!("{shown} of {} claims", review.claims.len()))?;
    Ok(Status::Clean)
}

/// Prints a claim: its name, what was decided, what it asserts, and the words that make it.
fn show(claim: &ClaimDecision, context: &mut Context) -> Result<(), Failure> {
    let width = context.out.width;
    let first = format!("{}  ", claim.id());
    let indent = " ".repeat(first.len());
    context.out.result(&wrapped(&first, &escaped(&claim.words()), width))?;
    let asserted = claim.claim.assertion.summary();
    context.out.result(&wrapped(&indent, &escaped(&asserted), width))?;
    let item = claim.item.map_or(String::new(), |item| format!(", item {item}"));
    let rule = claim.rule.as_ref().map_or(String::new(), |rule| format!(", by the rule {rule}"));
    let place = format!("{}{item}{rule}", claim.url);
    context.out.result(&wrapped(&indent, &escaped(&place), width))?;
    if let Some(words) = &claim.claim.text {
        context.out.result(&wrapped(&indent, &escaped(words), width))?;
    }
    Ok(())
}

/// Writes a review in the place of the one that was there.
fn write(review: &Review, path: &Path) -> Result<(), Failure> {
    staged::replace(path, review.text().as_bytes())
}
