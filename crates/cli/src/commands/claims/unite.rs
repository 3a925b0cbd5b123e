//! `tally claims merge|compare`: the decisions of several reviewers.

use std::path::PathBuf;

use clap::Args;
use tally_divergence::review::{Conflict, Review};
use tally_report::text::{escaped, wrapped};

use super::write;
use crate::beside;
use crate::context::Context;
use crate::failure::{Failure, Status};

/// The arguments of `tally claims merge`.
#[derive(Debug, Clone, Args)]
pub(super) struct MergeArgs {
    /// The reviews; where two decide otherwise, the first counts and the rest is told
    #[arg(required = true, num_args = 2..)]
    reviews: Vec<PathBuf>,

    /// Where the merged review is written
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

/// The arguments of `tally claims compare`.
#[derive(Debug, Clone, Args)]
pub(super) struct CompareArgs {
    /// One review
    first: PathBuf,
    /// Another one
    second: PathBuf,
}

pub(super) fn merge(args: &MergeArgs, context: &mut Context) -> Result<Status, Failure> {
    let mut merged = Review::default();
    let mut conflicts = Vec::new();
    for path in &args.reviews {
        conflicts.extend(merged.merge(&beside::read_review(path)?));
    }
    write(&merged, &args.output)?;
    tell(&conflicts, context)?;
    let claims = merged.claims.len();
    context.out.result(&format!("{claims} claims in {}", args.output.display()))?;
    Ok(status(&conflicts))
}

pub(super) fn compare(args: &CompareArgs, context: &mut Context) -> Result<Status, Failure> {
    let mut first = beside::read_review(&args.first)?;
    let conflicts = first.merge(&beside::read_review(&args.second)?);
    tell(&conflicts, context)?;
    let n = conflicts.len();
    let word = if n == 1 { "claim is" } else { "claims are" };
    context.out.result(&format!("{n} {word} decided otherwise"))?;
    Ok(status(&conflicts))
}

fn tell(conflicts: &[Conflict], context: &mut Context) -> Result<(), Failure> {
    for Conflict { id, first, second } in conflicts {
        let text = format!("{first}; the other: {second}");
        let line = wrapped(&format!("{id}  "), &escaped(&text), context.out.width);
        context.out.result(&line)?;
    }
    Ok(())
}

/// Two reviews that decide otherwise are a difference to look at, like a divergence.
fn status(conflicts: &[Conflict]) -> Status {
    if conflicts.is_empty() { Status::Clean } else { Status::Diverges }
}
