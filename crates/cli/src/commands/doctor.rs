//! `tally doctor`: says what is wrong with a ledger directory, and rebuilds it.

use std::path::PathBuf;

use clap::Args;
use tally_report::text::{escaped, wrapped};
use tally_store::doctor::{self, Diagnosis, Finding, Rebuilt};

use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::ledger_dir::{LOCK_WAIT, waiting};

/// The arguments of `tally doctor`.
#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    /// The ledger directory
    #[arg(env = "TALLY_LEDGER", hide_env_values = true, default_value = ".")]
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
        let rebuilt = doctor::rebuild(&args.dir, LOCK_WAIT, |pid| waiting(context, pid))?;
        tell(&rebuilt, context)?;
    }
    let diagnoses = doctor::examine(&args.dir, LOCK_WAIT, |pid| waiting(context, pid))?;
    for diagnosis in &diagnoses {
        let word = match &diagnosis.finding {
            _ if diagnosis.is_fault() => "FAULT",
            Finding::Unacknowledged { .. }
            | Finding::Excess { .. }
            | Finding::Remains { .. }
            | Finding::NotExamined { .. } => "note",
            _ => "ok",
        };
        let first = format!("{word:<6} {:<12} ", diagnosis.part);
        let line = wrapped(&first, &escaped(&diagnosis.finding.to_string()), context.out.width);
        context.out.result(&line)?;
    }
    if diagnoses.iter().any(Diagnosis::is_fault) {
        let hint = if args.rebuild {
            "what is lost here in every copy can be restored from an exported bundle"
        } else {
            "add --rebuild to repair it; damaged files are moved aside, never deleted"
        };
        context.out.talk(&format!("hint: {hint}"));
        return Ok(Status::Failed);
    }
    context.out.talk("note: the files agree; whether the ledger holds, tally verify tells");
    Ok(Status::Clean)
}

fn tell(rebuilt: &Rebuilt, context: &mut Context) -> Result<(), Failure> {
    let mut rows = vec![format!("the ledger holds {} entries", rebuilt.len)];
    if rebuilt.head {
        rows.push("the head file was written anew".to_owned());
    }
    rows.extend(rebuilt.bundles.iter().map(|path| format!("{} was written anew", path.display())));
    if let Some(path) = &rebuilt.former_db {
        rows.push(format!("the database was made anew; the former one is {}", path.display()));
    }
    rows.extend(rebuilt.set_aside.iter().map(|path| format!("set aside: {}", path.display())));
    rows.extend(rebuilt.recovered.iter().map(ToString::to_string));
    for row in rows {
        context.out.result(&wrapped("rebuilt  ", &escaped(&row), context.out.width))?;
    }
    context.out.result("")
}
