//! `tally publish`: puts a ledger where everybody can read it.

use std::path::PathBuf;

use clap::Args;
use tally_ledger::note::{Checkpoint, Signed};
use tally_ledger::verify::VerifiedLedger;
use tally_mirror::place::is_remote;
use tally_mirror::publish::{POLICY, Publication, PublishError, Published, VKEY, publish};
use tally_store::Reader;

use crate::args::LedgerArg;
use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::ledger_dir::{self, named_evidence};
use crate::published::{place, unplaced, unread};
use crate::source;

/// The arguments of `tally publish`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  tally publish /srv/www/incidents
  tally publish s3://incidents.ca.example/ledger

Writes C2SP tlog-tiles: what never changes first, the checkpoint last. Publishing
again adds what is new. Object stores take their settings from the environment:
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL and so on.")]
pub struct PublishArgs {
    /// Where to publish: a directory, s3://BUCKET/PREFIX, gs://... or az://...
    #[arg(value_name = "PLACE")]
    pub place: PathBuf,

    /// The ledger directory
    #[command(flatten)]
    pub ledger: LedgerArg,

    /// Leave out the evidence files
    #[arg(long)]
    pub without_evidence: bool,

    /// Publish to a place that ignores conditions: nobody else may publish there
    #[arg(long)]
    pub unsafe_no_conditions: bool,
}

/// Verifies the ledger and publishes it up to its last checkpoint.
///
/// # Errors
///
/// Fails if the ledger does not hold, has no checkpoint, or the place refuses, ignores conditions,
/// or holds another history.
pub fn run(args: &PublishArgs, context: &mut Context) -> Result<Status, Failure> {
    let reader = Reader::open(&args.ledger)?;
    let pins = ledger_dir::remembered(&reader, context)?;
    let ledger = ledger_dir::verify(&reader, &pins)?;
    if let Some(fault) = &ledger.verification().fault {
        return Err(Failure::unsound(&args.ledger, fault));
    }
    let mut earlier = ledger_dir::checkpoints(&reader)?;
    let Some(checkpoint) = earlier.pop() else {
        return Err(Failure::new("the ledger has no checkpoint").hint("run: tally checkpoint"));
    };
    let covered = usize::try_from(checkpoint.size()).unwrap_or(usize::MAX);
    let left = ledger.entries().len().saturating_sub(covered);
    if left > 0 {
        context.out.talk(&format!(
            "note: {left} entries after the last checkpoint are left out; publish them after: \
             tally checkpoint"
        ));
    }
    let mut evidence = Vec::new();
    let named = named_evidence(ledger.entries().iter().take(covered));
    for digest in named.iter().filter(|_| !args.without_evidence) {
        evidence.extend(reader.evidence(digest)?.map(|_| *digest));
    }
    if !args.place.to_str().is_some_and(is_remote) {
        let made = std::fs::create_dir_all(&args.place);
        made.map_err(|e| Failure::io("make", &args.place, &e))?;
    }
    let place = place(&args.place, context)?;
    if args.unsafe_no_conditions {
        context.out.talk("note: nothing keeps two publishers from overwriting each other");
    } else {
        place.probe().map_err(|e| unplaced(&e))?;
    }
    let publication = Publication {
        entries: ledger.entries(),
        checkpoint: &checkpoint,
        earlier: &earlier,
        roots: roots(&reader, earlier.iter().chain([&checkpoint]))?,
        texts: texts(args, &ledger, &checkpoint)?,
        evidence,
    };
    let done = publish(&place, &publication, |digest| {
        let file = reader.evidence(digest).map_err(|e| e.to_string())?;
        let file = file.ok_or_else(|| "it is gone since".to_owned())?;
        std::fs::read(&file.path).map_err(|e| e.to_string())
    });
    context.out.result(&told(&done.map_err(refused)?, place.name()))?;
    Ok(Status::Clean)
}

/// Returns the signed roots that are stored for checkpoints.
fn roots<'a>(
    reader: &Reader,
    checkpoints: impl Iterator<Item = &'a Checkpoint>,
) -> Result<Vec<(u64, Vec<u8>)>, Failure> {
    let mut roots = Vec::new();
    for checkpoint in checkpoints {
        let size = checkpoint.size();
        roots.extend(reader.root(size)?.map(|root| (size, root.bytes())));
    }
    Ok(roots)
}

/// Returns the texts for whoever looks for pins: the vkey that signed the checkpoint, and the
/// policy of the ledger directory, if it has one.
fn texts(
    args: &PublishArgs,
    ledger: &VerifiedLedger,
    checkpoint: &Checkpoint,
) -> Result<Vec<(&'static str, String)>, Failure> {
    let keys = ledger.authority().checkpoint_vkeys();
    let signed = keys.iter().find(|vkey| matches!(checkpoint.signed_by(vkey), Signed::Holds(_)));
    let vkey = signed.map(|vkey| (VKEY, format!("{vkey}\n")));
    let path = ledger_dir::policy(&args.ledger);
    let policy = path.exists().then(|| source::policy(&path)).transpose()?;
    Ok(vkey.into_iter().chain(policy.map(|(_, text)| (POLICY, text))).collect())
}

fn told(done: &Published, place: &str) -> String {
    let Published { before, size, files, advanced } = done;
    let entries = |n: u64| if n == 1 { "1 entry".to_owned() } else { format!("{n} entries") };
    let written = if *files == 1 { "1 file".to_owned() } else { format!("{files} files") };
    match (before, advanced) {
        (_, false) => format!("{} are published in {place} already", entries(*size)),
        (None, true) => format!("{} published in {place}: {written}", entries(*size)),
        (Some(before), true) => {
            let more = size - before;
            let entries = if more == 1 { "entry" } else { "entries" };
            format!("{more} more {entries} published in {place}, {size} in all: {written}")
        }
    }
}

fn refused(e: PublishError) -> Failure {
    let hint = match e {
        PublishError::Place(e) => return unplaced(&e),
        PublishError::Earlier(e) => return unread(e),
        PublishError::NoCheckpoint { .. } | PublishError::Origin { .. } => {
            "publish to a place of this ledger's own"
        }
        PublishError::Forked { ref checkpoint, .. } => {
            let note = format!("the published checkpoint is:\n{checkpoint}");
            return Failure::new(format!("{e}\n{note}")).status(Status::Failed).hint(
                "two histories of one ledger exist: keep both checkpoints, find out which \
                     copy was restored, and do not publish before",
            );
        }
        PublishError::Behind { .. } => {
            "this copy is older than what is published: restore the newer one first"
        }
        PublishError::Evidence { .. } | PublishError::Short { .. } => "run: tally doctor",
        PublishError::Raced { .. } => "see who else publishes there, and publish again",
    };
    Failure::new(e.to_string()).hint(hint)
}
