//! `tally doctor`: says what is wrong with a ledger directory, and rebuilds it.

use std::path::PathBuf;

use clap::Args;
use tally_store::doctor;

use crate::context::Context;
use crate::failure::{Failure, Status};

/// The arguments of `tally doctor`.
#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    /// The ledger directory
    #[arg(default_value = ".")]
    pub dir: PathBuf,

    /// Rebuild what is damaged from what is whole; damaged files are moved aside, never deleted
    #[arg(long)]
    pub rebuild: bool,
}

/// Examines, and rebuilds if asked to.
///
/// # Errors
///
/// Fails if the directory cannot be read, and if entries are lost in every copy.
pub fn run(args: &DoctorArgs, context: &mut Context) -> Result<Status, Failure> {
    if args.rebuild {
        let rebuilt = doctor::rebuild(&args.dir)?;
        context.out.result(&rebuilt.to_string())?;
    }
    let diagnoses = doctor::examine(&args.dir)?;
    for diagnosis in &diagnoses {
        context.out.result(&diagnosis.to_string())?;
    }
    if diagnoses.iter().any(|diagnosis| diagnosis.finding.is_fault()) {
        let hint = if args.rebuild {
            "what is lost here in every copy can be restored from an exported bundle"
        } else {
            "add --rebuild to repair it; damaged files are moved aside, never deleted"
        };
        context.out.talk(&format!("hint: {hint}"));
        return Ok(Status::Failed);
    }
    context.out.talk("note: that the files agree says nothing of what is in them: tally verify does");
    Ok(Status::Clean)
}
