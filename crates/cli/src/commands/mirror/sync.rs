//! `tally mirror sync`: fetches, verifies and cosigns what was published since.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use tally_mirror::mirror::{
    Condition, Held, Mirror, MirrorError, Places, Schedule, Synced, Workers,
};
use tally_mirror::stop::Stop;
use tally_report::text::escaped;

use super::{read_cosigner, refused};
use crate::context::{Context, unix_now};
use crate::failure::{Failure, Status};
use crate::passphrase::PassphraseArgs;

#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Exit status: 0 if everything held is what is published, 2 if a place could not
be read, 3 if what is published does not hold, or a log has signed two
histories.")]
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
    let cosigner = read_cosigner(&args.dir, &mirror, &args.passphrase)?;
    let _lock = mirror.lock().map_err(refused)?;
    let mut workers = Places::with(&context.store_options)
        .and_then(|places| Workers::new(places, cosigner, unix_now))
        .map_err(|e| Failure::new(format!("the system gives no threads: {e}")).hint("try again"))?;
    if args.watch {
        return watch(args, &mirror, &mut workers, context);
    }
    chosen(args, &mirror)?.iter().for_each(|held| workers.begin(held));
    let mut status = Status::Clean;
    while workers.left() > 0 {
        if let Some((held, synced)) = workers.next(POLL) {
            status = status.max(status_of(&synced));
            context.out.result(&line(&held, &synced))?;
        }
    }
    Ok(status)
}

/// How long is waited for an outcome before it is looked whether the process was told to end.
const POLL: Duration = Duration::from_millis(100);
/// How many seconds pass at least until it is noted again that a process watches.
const NOTE_EVERY: u64 = 30;
/// How long those ledgers may still take that were begun before the process was told to end. What
/// is not finished by then is gone on with the next time, as after a power cut.
const DRAIN: Duration = Duration::from_secs(20);

fn chosen(args: &SyncArgs, mirror: &Mirror) -> Result<Vec<Held>, Failure> {
    if args.origins.is_empty() {
        return mirror.ledgers().map_err(refused);
    }
    args.origins.iter().map(|origin| mirror.ledger(origin).map_err(refused)).collect()
}

fn watch(
    args: &SyncArgs,
    mirror: &Mirror,
    workers: &mut Workers,
    context: &mut Context,
) -> Result<Status, Failure> {
    let stop = Stop::on_signals().map_err(|e| {
        Failure::new(format!("the system does not tell of signals: {e}"))
            .hint("try without --watch")
    })?;
    let mut schedule = Schedule::every(Duration::from_secs(args.interval));
    // A clock that is set while it watches changes nothing of when a ledger is due.
    let begun = Instant::now();
    let now = || begun.elapsed().as_secs();
    let mut noted = None;
    let mut told_before: BTreeMap<String, Option<String>> = BTreeMap::new();
    context.out.talk("watching; end it with SIGTERM or SIGINT");
    loop {
        if noted.is_none_or(|noted| now() - noted >= NOTE_EVERY) {
            noted = Some(now());
            // A disk that refuses is told with the ledger that it refuses.
            let _ = mirror.note_watched(unix_now());
        }
        // Ledgers may have been added since; `add` does not wait for the lock.
        let ledgers = chosen(args, mirror)?;
        schedule.retain(|origin| ledgers.iter().any(|held| held.origin() == origin));
        for held in &ledgers {
            if !workers.is_at(held.origin()) && schedule.is_due(held.origin(), now()) {
                let error = held.state().ok().and_then(|state| state.error);
                told_before.insert(held.origin().to_owned(), error);
                workers.begin(held);
            }
        }
        // Many are listed again once in a while, not after each.
        let listed = Instant::now();
        while workers.left() > 0 && listed.elapsed() < Duration::from_secs(1) {
            if let Some((held, synced)) = workers.next(POLL) {
                let failures = held.state().map_or(1, |state| state.failures);
                schedule.looked(held.origin(), now(), failures);
                let before = told_before.remove(held.origin()).flatten();
                tell(&held, &synced, before.as_ref(), context)?;
            }
            if stop.within(Duration::ZERO) {
                return drain(workers, &mut told_before, context);
            }
        }
        let wait = schedule.wait(now()).clamp(POLL, Duration::from_secs(NOTE_EVERY));
        if workers.left() == 0 && stop.within(wait) {
            return drain(workers, &mut told_before, context);
        }
    }
}

/// Waits for the ledgers that were begun, though not for long.
fn drain(
    workers: &mut Workers,
    told_before: &mut BTreeMap<String, Option<String>>,
    context: &mut Context,
) -> Result<Status, Failure> {
    workers.take_back();
    let told = Instant::now();
    while workers.left() > 0 && told.elapsed() < DRAIN {
        if let Some((held, synced)) = workers.next(POLL) {
            let before = told_before.remove(held.origin()).flatten();
            tell(&held, &synced, before.as_ref(), context)?;
        }
    }
    context.out.talk(&match workers.left() {
        0 => "told to end; what was begun is finished".to_owned(),
        left => format!("told to end; the next sync goes on with {left} that were begun"),
    });
    Ok(Status::Clean)
}

fn tell(
    held: &Held,
    synced: &Result<Synced, MirrorError>,
    before: Option<&String>,
    context: &mut Context,
) -> Result<(), Failure> {
    if changed(held, synced, before) {
        context.out.result(&line(held, synced))?;
        context.out.flush()?;
    }
    Ok(())
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
        Ok(Synced::Unchanged { size }) => format!("{} held, nothing new", entries(*size)),
        Ok(Synced::Resigned { size }) => format!("{} held, further signatures", entries(*size)),
        Ok(Synced::Advanced { from: 0, to }) => format!("{} verified and cosigned", entries(*to)),
        Ok(Synced::Advanced { from, to }) => {
            let word = if to - from == 1 { "entry" } else { "entries" };
            format!("{} more {word}, {to} verified and cosigned", to - from)
        }
        Ok(Synced::Stale { published, held }) => {
            format!("stale: {published} entries are published, {held} were cosigned")
        }
        Ok(Synced::Equivocation { proof, new }) => {
            let word = if *new { "" } else { ", found before" };
            format!("EQUIVOCATION{word}: two histories are signed: {}", proof.display())
        }
        Err(e) => format!("failed: {e}"),
    };
    escaped(&format!("{}: {told}", held.origin()))
}

/// Returns a number of entries in words.
pub(super) fn entries(count: u64) -> String {
    format!("{count} {}", if count == 1 { "entry" } else { "entries" })
}
