//! `tally mirror sync`: fetches, verifies and cosigns what was published since.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tally_mirror::mirror::{Condition, Held, Mirror, MirrorError, Places, Schedule, Synced, round};
use tally_mirror::stop::Stop;
use tally_report::text::escaped;

use super::{cosigner, refused};
use crate::context::{Context, unix_now};
use crate::failure::{Failure, Status};
use crate::passphrase::PassphraseArgs;

#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Exit status: 0 if everything held is what is published, 2 if a place could not be
read, 3 if what is published does not hold, or a log has signed two histories.")]
pub(super) struct SyncArgs {
    /// The mirror's directory
    dir: PathBuf,

    /// The ledgers, by their origins; all of them if none is named
    origins: Vec<String>,

    /// Go on until told to end, and print a line for each change
    #[arg(long)]
    watch: bool,

    /// How many seconds pass between two looks at a ledger; it is left alone for longer
    /// each time that it fails
    #[arg(long, value_name = "SECONDS", default_value_t = 60, requires = "watch")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    interval: u64,

    /// Where the passphrase of the mirror's key comes from
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

pub(super) fn run(args: &SyncArgs, context: &mut Context) -> Result<Status, Failure> {
    let mirror = Mirror::open(&args.dir).map_err(refused)?;
    let cosigner = cosigner(&args.dir, &mirror, &args.passphrase)?;
    let _lock = mirror.lock().map_err(refused)?;
    let places = Places::with(&context.store_options);
    if args.watch {
        return watch(args, &mirror, &places, &cosigner, context);
    }
    let ledgers = chosen(args, &mirror)?;
    let (mut status, mut failed) = (Status::Clean, Ok(()));
    round(&ledgers, &places, &cosigner, &unix_now, |held, synced| {
        status = status.max(status_of(&synced));
        failed = context.out.result(&line(held, &synced));
        failed.is_ok()
    });
    failed.map(|()| status)
}

fn chosen(args: &SyncArgs, mirror: &Mirror) -> Result<Vec<Held>, Failure> {
    if args.origins.is_empty() {
        return mirror.ledgers().map_err(refused);
    }
    args.origins.iter().map(|origin| mirror.ledger(origin).map_err(refused)).collect()
}

fn watch(
    args: &SyncArgs,
    mirror: &Mirror,
    places: &Places,
    cosigner: &tally_mirror::mirror::Cosigner,
    context: &mut Context,
) -> Result<Status, Failure> {
    let stop = Stop::on_signals().map_err(|e| {
        Failure::new(format!("the system does not tell of signals: {e}"))
            .hint("try without --watch")
    })?;
    let mut schedule = Schedule::every(Duration::from_secs(args.interval));
    context.out.talk("watching; end it with SIGTERM or SIGINT");
    loop {
        // Ledgers may have been added since; `add` does not wait for the lock.
        let ledgers = chosen(args, mirror)?;
        schedule.retain(|origin| ledgers.iter().any(|held| held.origin() == origin));
        let due = |held: &Held| schedule.is_due(held.origin(), unix_now());
        let due: Vec<Held> = ledgers.into_iter().filter(due).collect();
        let (mut told_to_end, mut failed) = (false, Ok(()));
        let before: Vec<Option<String>> =
            due.iter().map(|held| held.state().ok().and_then(|state| state.error)).collect();
        round(&due, places, cosigner, &unix_now, |held, synced| {
            let failures = held.state().map_or(1, |state| state.failures);
            schedule.looked(held.origin(), unix_now(), failures);
            let at = due.iter().position(|other| other.origin() == held.origin());
            let error = at.and_then(|at| before[at].as_ref());
            if changed(held, &synced, error) {
                failed =
                    context.out.result(&line(held, &synced)).and_then(|()| context.out.flush());
            }
            told_to_end = stop.within(Duration::ZERO);
            failed.is_ok() && !told_to_end
        });
        failed?;
        if told_to_end || stop.within(schedule.wait(unix_now()).max(Duration::from_millis(100))) {
            context.out.talk("told to end; what was begun is finished");
            return Ok(Status::Clean);
        }
    }
}

/// Returns whether there is anything to tell of a ledger that it was not told to be like before.
fn changed(held: &Held, synced: &Result<Synced, MirrorError>, error: Option<&String>) -> bool {
    match synced {
        Ok(Synced::Unchanged { .. } | Synced::Equivocation { new: false, .. }) => {
            error.is_some() && held.state().is_ok_and(|state| state.condition == Condition::Well)
        }
        Ok(Synced::Stale { .. }) => held.state().is_ok_and(|state| state.error.as_ref() != error),
        Ok(_) => true,
        Err(e) => error != Some(&e.to_string()),
    }
}

fn status_of(synced: &Result<Synced, MirrorError>) -> Status {
    let broken = match synced {
        Ok(synced) => matches!(synced, Synced::Equivocation { .. }),
        Err(e) => e.condition() == Condition::Broken,
    };
    match synced {
        _ if broken => Status::Failed,
        Ok(_) => Status::Clean,
        Err(_) => Status::CouldNotRun,
    }
}

/// Returns one line on what a sync did.
fn line(held: &Held, synced: &Result<Synced, MirrorError>) -> String {
    let told = match synced {
        Ok(Synced::Unchanged { size }) => format!("{size} entries held, nothing new"),
        Ok(Synced::Resigned { size }) => format!("{size} entries held, further signatures"),
        Ok(Synced::Advanced { from: 0, to }) => format!("{to} entries verified and cosigned"),
        Ok(Synced::Advanced { from, to }) => {
            format!("{} more entries, {to} verified and cosigned", to - from)
        }
        Ok(Synced::Stale { published, held }) => {
            format!("stale: {published} entries are published, {held} are held")
        }
        Ok(Synced::Equivocation { proof, new }) => {
            let word = if *new { "" } else { ", found before" };
            format!("EQUIVOCATION{word}: two histories are signed: {}", proof.display())
        }
        Err(e) => format!("failed: {e}"),
    };
    escaped(&format!("{}: {told}", held.origin()))
}
