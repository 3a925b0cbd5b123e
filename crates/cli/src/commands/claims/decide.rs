//! `tally claims confirm|reject|edit`: a reviewer's decision on a claim.

use clap::Args;
use tally_divergence::review::{ClaimDecision, Decision, Review};
use tally_ledger::claim::Claim;

use super::{ReviewArgs, show, write};
use crate::beside;
use crate::context::Context;
use crate::failure::{Failure, Status};

/// The arguments of `tally claims confirm` and `reject`.
#[derive(Debug, Clone, Args)]
pub(super) struct DecideArgs {
    /// The names of the claims, as `claims list` prints them
    #[arg(required = true)]
    ids: Vec<String>,

    #[command(flatten)]
    said: SaidArgs,
}

/// The arguments of `tally claims edit`.
#[derive(Debug, Clone, Args)]
#[command(override_usage = "tally claims edit <ID> --claim <CLAIM> [OPTIONS]")]
#[command(after_help = "\
Example:
  tally claims edit 1f2e3d4c --reason \"by the end of that day\" --role auditor \\
    --claim '{ says = \"will\", what = \"revocation.completed\",
               due = \"2024-08-03Z\", origin = \"annotated\" }'")]
pub(super) struct EditArgs {
    /// The name of the claim
    id: String,

    /// What the text claims, as a table of TOML or an object of JSON
    #[arg(long, value_name = "CLAIM")]
    claim: String,

    #[command(flatten)]
    said: SaidArgs,
}

/// Who decides, and why.
#[derive(Debug, Clone, Args)]
struct SaidArgs {
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,

    /// The role of who decides, such as auditor
    #[arg(long, value_name = "ROLE")]
    role: String,

    #[command(flatten)]
    review: ReviewArgs,
}

pub(super) fn run(
    args: &DecideArgs,
    decision: Decision,
    context: &mut Context,
) -> Result<Status, Failure> {
    let mut review = args.said.read()?;
    for id in &args.ids {
        let claim = args.said.find(&mut review, id)?;
        claim.decision = decision;
        claim.instead = None;
        show(claim, context)?;
    }
    args.said.write(&review)
}

pub(super) fn edit(args: &EditArgs, context: &mut Context) -> Result<Status, Failure> {
    let instead = written(&args.claim)?;
    let mut review = args.said.read()?;
    let claim = args.said.find(&mut review, &args.id)?;
    claim.decision = Decision::Edited;
    // The words that make the claim are the same ones, unless the reviewer names others.
    let span = instead.span.or(claim.claim.span);
    claim.instead = Some(Claim { span, ..instead });
    show(claim, context)?;
    args.said.write(&review)
}

impl SaidArgs {
    fn read(&self) -> Result<Review, Failure> {
        for (name, text) in [("--reason", &self.reason), ("--role", &self.role)] {
            if text.trim().is_empty() {
                return Err(Failure::new(format!("{name} is empty"))
                    .hint("a decision that others read needs both"));
            }
        }
        beside::read_review(&self.review.review)
    }

    /// Returns the claim of that name, with the reason and role of the new decision.
    fn find<'a>(&self, review: &'a mut Review, id: &str) -> Result<&'a mut ClaimDecision, Failure> {
        let found = review.claims.iter_mut().find(|claim| claim.id() == *id);
        let claim = found.ok_or_else(|| {
            Failure::new(format!("{} has no claim {id:.40}", self.review.review.display()))
                .hint("see their names with: tally claims list")
        })?;
        claim.reason = Some(self.reason.clone());
        claim.role = Some(self.role.clone());
        Ok(claim)
    }

    fn write(&self, review: &Review) -> Result<Status, Failure> {
        write(review, &self.review.review)?;
        Ok(Status::Clean)
    }
}

/// Reads a claim as a table of TOML or an object of JSON.
fn written(text: &str) -> Result<Claim, Failure> {
    let malformed = |e: String| {
        Failure::new(format!("--claim is no claim: {}", e.trim_end()))
            .hint("what a claim has is in docs/VOCABULARY.md, Claims")
    };
    // An inline table may stand over several lines, as a document's would.
    let text = text.trim();
    if text.starts_with('{') && text.contains("\":") {
        return serde_json::from_str(text).map_err(|e| malformed(e.to_string()));
    }
    let line = format!("claim = {}", text.split_whitespace().collect::<Vec<_>>().join(" "));
    let mut table: toml::Table =
        line.parse().map_err(|e: toml::de::Error| malformed(e.to_string()))?;
    let claim = table.remove("claim").unwrap_or(toml::Value::Boolean(false));
    claim.try_into().map_err(|e: toml::de::Error| malformed(e.to_string()))
}
