//! `tally note` and `tally correct`: entries about an earlier entry, in whose incidents they stand.

use clap::Args;
use serde::Serialize;

use super::{SignedArgs, SourceArgs};
use crate::context::Context;
use crate::failure::{Failure, Status};

/// The arguments of `tally note`.
#[derive(Debug, Clone, Args, Serialize)]
#[command(after_help = "\
Example:
  tally note --on 12 \"see also the post-mortem of the issuance system\"")]
pub struct NoteArgs {
    /// The remark; it has no effect on facts
    text: String,

    #[command(flatten)]
    #[serde(skip)]
    on: OnArgs,

    #[command(flatten)]
    #[serde(skip)]
    signed: SignedArgs,
}

/// The option that names the entry acted on.
#[derive(Debug, Clone, Args)]
struct OnArgs {
    /// The number of the entry that it is about, as `tally list entries` prints it
    #[arg(long = "on", value_name = "SEQ", help_heading = "Entry")]
    seq: u64,
}

/// The arguments of `tally correct`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Example:
  tally correct --on 12 --why \"read from the wrong log\" \\
      --occurred 2026-01-31T12:05Z

The entry stays as it is, and both are shown. Other members are corrected from a
document: tally record --template entry.correction")]
pub struct CorrectArgs {
    /// What was wrong, and how it was found
    #[arg(long, value_name = "TEXT")]
    why: String,

    #[command(flatten)]
    on: OnArgs,

    #[command(flatten)]
    corrected: SourceArgs,

    #[command(flatten)]
    signed: SignedArgs,
}

/// Adds a remark to an entry.
///
/// # Errors
///
/// Fails if there is no such entry, and as the store does; then nothing is recorded.
pub fn note(args: &NoteArgs, context: &mut Context) -> Result<Status, Failure> {
    let mut document = super::document("entry.note", args)?;
    document.on = Some(args.on.seq);
    args.signed.record(document, context)
}

/// Records that an entry was wrong, and when it occurred or where that is stated.
///
/// # Errors
///
/// As [`note`].
pub fn correct(args: &CorrectArgs, context: &mut Context) -> Result<Status, Failure> {
    let corrected = &args.corrected;
    if corrected.occurred.is_none() && corrected.stated.is_none() {
        return Err(Failure::new("nothing is corrected")
            .hint("add --occurred or --stated; a remark alone is a note: tally note"));
    }
    let body = serde_json::json!({
        "why": args.why,
        "occurred": corrected.occurred,
        "basis": { "stated": [corrected.citation()] },
    });
    let mut document = super::document("entry.correction", &body)?;
    document.on = Some(args.on.seq);
    args.signed.record(document, context)
}
