//! `tally claims suggest`: the claims of statements that nobody decided on yet.

use std::path::PathBuf;

use clap::Args;
use tally_divergence::review::{ClaimDecision, Review};
use tally_ledger::claim::Origin;
use tally_ledger::replay::Timeline;

use super::{show, write};
use crate::beside::{self, BesideArgs, REVIEW_FILE};
use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::source::{self, PinArgs};

/// The arguments of `tally claims suggest`.
#[derive(Debug, Clone, Args)]
pub(super) struct SuggestArgs {
    /// A ledger: its directory, a bundle, an extract, or where it is published
    #[arg(env = "TALLY_LEDGER", hide_env_values = true, default_value = ".")]
    source: PathBuf,

    /// What is held besides what the ledger records
    #[command(flatten)]
    beside: BesideArgs,

    /// Where the claims are added [default: review.toml in the ledger directory]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(args: &SuggestArgs, context: &mut Context) -> Result<Status, Failure> {
    let pins = PinArgs { unpinned: true, ..PinArgs::default() };
    let found = source::verified(&args.source, &pins, context)?;
    if found.status() != Status::Clean {
        return Err(Failure::new(format!("{} does not verify", args.source.display()))
            .hint("see why with: tally verify --unpinned"));
    }
    let timeline = Timeline::replay(&found.ledger);
    let held = beside::held(timeline, &args.source, &args.beside, context)?;
    let output = match &args.output {
        Some(output) => output.clone(),
        None if args.source.is_dir() => args.source.join(REVIEW_FILE),
        None => PathBuf::from(REVIEW_FILE),
    };
    let mut review =
        if output.exists() { beside::read_review(&output)? } else { Review::default() };
    let before = review.claims.len();
    let added = review.add(suggestions(&held.timeline));
    write(&review, &output)?;
    for claim in &review.claims[before..] {
        show(claim, context)?;
    }
    let claims = review.claims.len();
    context.out.result(&format!("{added} new of {claims} claims in {}", output.display()))?;
    Ok(Status::Clean)
}

/// Returns the claims that phrase rules suggested, in the order of their statements.
fn suggestions(timeline: &Timeline) -> Vec<ClaimDecision> {
    let mut found = Vec::new();
    for statement in timeline.statements() {
        for version in &statement.versions {
            let suggested = version.claims.iter().filter(|c| c.origin == Origin::Suggested);
            found.extend(suggested.map(|claim| {
                let (url, item) = (&statement.url, statement.item);
                ClaimDecision::open(url, item, version.digest, claim.clone())
            }));
        }
    }
    found
}
