//! `tally publish`: puts a ledger where everybody can read it.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use tally_ledger::note::{Checkpoint, Signed, Vkey};
use tally_ledger::policy::Policy;
use tally_ledger::verify::VerifiedLedger;
use tally_mirror::place::{Place, is_remote};
use tally_mirror::publish::{POLICY, Publication, PublishError, Published, VKEY, publish};
use tally_store::Reader;

use crate::args::LedgerArg;
use crate::context::Context;
use crate::contradiction;
use crate::failure::{Failure, Status};
use crate::ledger_dir::{self, named_evidence};
use crate::published::{place, unplaced, unread};
use crate::source;
use crate::trust::TrustStore;

/// The arguments of `tally publish`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  tally publish /srv/www/incidents
  tally publish s3://incidents.ca.example/ledger

Writes C2SP tlog-tiles: what never changes first, the checkpoint last.
Publishing again adds what is new. Object stores take their settings from the
environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION,
AWS_ENDPOINT_URL and so on.")]
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

    /// Compare every file, and write those anew that are missing or damaged
    #[arg(long)]
    pub repair: bool,

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
            "note: {} out, after the last checkpoint; to publish more, run first: tally \
             checkpoint",
            ledger_dir::left(left)
        ));
    }
    let mut evidence = Vec::new();
    let named = named_evidence(ledger.entries().iter().take(covered));
    for digest in named.iter().filter(|_| !args.without_evidence) {
        evidence.extend(reader.evidence(digest)?.map(|file| (*digest, file.size)));
    }
    let place = made(&args.place, context)?;
    if args.unsafe_no_conditions {
        context.out.talk("note: nothing keeps two publishers from overwriting each other");
    } else {
        place.probe().map_err(|e| unplaced(&e))?;
    }
    let policy = policy(args)?;
    let log = contradiction::log_keys(&ledger, checkpoint.origin());
    let witnesses = policy.iter().flat_map(|(policy, _)| policy.witnesses());
    let keys: Vec<Vkey> = log.iter().chain(witnesses.map(|(_, vkey)| vkey)).cloned().collect();
    let signed = log.iter().find(|vkey| matches!(checkpoint.signed_by(vkey), Signed::Holds(_)));
    let vkey = signed.map(|vkey| (VKEY, format!("{vkey}\n")));
    let publication = Publication {
        entries: ledger.entries(),
        checkpoint: &checkpoint,
        earlier: &earlier,
        keys: &keys,
        roots: roots(&reader, earlier.iter().chain([&checkpoint]))?,
        texts: vkey.into_iter().chain(policy.map(|(_, text)| (POLICY, text))).collect(),
        evidence,
        repair: args.repair,
    };
    let done = publish(&place, &publication, |digest| {
        let file = reader.evidence(digest).map_err(|e| e.to_string())?;
        let file = file.ok_or_else(|| "it is gone since".to_owned())?;
        std::fs::read(&file.path).map_err(|e| e.to_string())
    });
    if let Err(PublishError::Forked { checkpoint: there, .. }) = &done {
        keep(&ledger, &log, &checkpoint, there, context)?;
    }
    context.out.result(&told(&done.map_err(refused)?, place.name()))?;
    Ok(Status::Clean)
}

/// What makes a folder another thing than a place, and of what it is.
const OTHERS: [(&str, &str); 6] = [
    ("mirror.vkey", "mirror"),
    ("ledgers", "mirror"),
    ("witness.vkey", "witness"),
    ("format", "ledger"),
    ("keys", "ledger"),
    ("db", "ledger"),
];

/// Refuses a folder that holds a ledger directory, a mirror or a witness, or stands in one: readers
/// of a mirror would take what is published there for what the mirror has verified.
fn refuse_other(path: &Path) -> Result<(), Failure> {
    let hint = "name a folder of its own";
    let name = path.display();
    if let Some((item, of)) = OTHERS.iter().find(|(item, _)| path.join(item).exists()) {
        let sort = if path.join(item).is_dir() { "folder" } else { "file" };
        let told =
            format!("{name} holds the {sort} `{item}` of a {of}: it is no place to publish to");
        return Err(Failure::new(told).hint(hint));
    }
    // What is not there yet stands where the nearest folder does that is.
    let mut here = path.ancestors().map(|at| if at == Path::new("") { Path::new(".") } else { at });
    let whole = here.find_map(|at| at.canonicalize().ok());
    for above in whole.iter().flat_map(|whole| whole.ancestors()) {
        let of = if is_of_tally(&above.join("format")) {
            if above.join("mirror.vkey").exists() { "mirror" } else { "ledger" }
        } else if above.join("witness.vkey").exists() && above.join("logs").is_dir() {
            "witness"
        } else {
            continue;
        };
        let told =
            format!("{name} stands in a {of}, {}: nothing is published there", above.display());
        return Err(Failure::new(told).hint(hint));
    }
    Ok(())
}

/// Returns whether a file says which format of ours its folder has.
fn is_of_tally(path: &Path) -> bool {
    let mut start = [0; 5];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && &start == b"tally"
}

/// Opens the place, and makes its folder if it is one.
fn made(path: &Path, context: &Context) -> Result<Place, Failure> {
    let name = path.to_str().unwrap_or_default();
    if ["http://", "https://"].iter().any(|scheme| name.starts_with(scheme)) {
        place(path, context)?;
        let told = format!("{name} is an address to read from: nobody can publish there");
        return Err(Failure::new(told).hint(
            "publish to the folder or the bucket that the web server serves, such as \
             /srv/www/incidents or s3://BUCKET/PREFIX",
        ));
    }
    if !is_remote(name) {
        source::refuse_half_address(path)?;
        refuse_other(path)?;
        std::fs::create_dir_all(path).map_err(|e| Failure::io("make", path, &e))?;
    }
    place(path, context)
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

/// Keeps the checkpoint of another history that is published, together with the ledger's own, and
/// the proof that one of its keys signed both.
fn keep(
    ledger: &VerifiedLedger,
    keys: &[Vkey],
    own: &Checkpoint,
    published: &str,
    context: &Context,
) -> Result<(), Failure> {
    let (Ok(published), Some(config)) = (published.parse(), context.config.as_deref()) else {
        return Ok(());
    };
    let proof = contradiction::contradiction(keys, own, &published, &contradiction::tree(ledger));
    contradiction::keep(&TrustStore::of(Some(config))?, [own, &published], proof.as_ref(), context)
}

/// Returns the policy of the ledger directory and its text, if it has one.
fn policy(args: &PublishArgs) -> Result<Option<(Policy, String)>, Failure> {
    let path = ledger_dir::policy(&args.ledger);
    path.exists().then(|| source::policy(&path)).transpose()
}

fn told(done: &Published, place: &str) -> String {
    let Published { before, size, files, compared, advanced } = done;
    let entries = |n: u64| if n == 1 { "1 entry".to_owned() } else { format!("{n} entries") };
    let are = if *size == 1 { "1 entry is".to_owned() } else { format!("{size} entries are") };
    let written = if *files == 1 { "1 file".to_owned() } else { format!("{files} files") };
    if *compared > 0 {
        let compared =
            if *compared == 1 { "1 file".to_owned() } else { format!("{compared} files") };
        return format!("{are} published in {place}: {compared} compared, {files} written");
    }
    match (before, advanced) {
        (Some(before), true) if before == size => {
            format!("the signatures of the {} in {place} were updated", entries(*size))
        }
        (_, false) if *files > 0 => {
            format!("{are} published in {place} already: {written} added")
        }
        (_, false) => format!("{are} published in {place} already"),
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
        PublishError::NoCheckpoint { .. } => {
            "if it is this ledger's place, and nobody was shown more entries than are here: move \
             that one file away, and publish again with --repair"
        }
        PublishError::Origin { .. } => "publish to a place of this ledger's own",
        PublishError::Forked { ref checkpoint, .. } => {
            let note = format!("the published checkpoint is:\n{checkpoint}");
            return Failure::new(format!("{e}\n{note}")).status(Status::Failed).hint(
                "two histories of one ledger exist: keep both checkpoints, find out which copy \
                 was restored, and do not publish before that is known",
            );
        }
        PublishError::Strange { .. } | PublishError::Unsigned { .. } => {
            return Failure::new(e.to_string())
                .status(Status::Failed)
                .hint("find out who wrote it there, keep the file, and publish to another place");
        }
        PublishError::LongHistory { .. } => {
            "sign checkpoints less often, and close this ledger for another one"
        }
        PublishError::Behind { .. } => {
            "this copy is older than what is published: restore the newer one first"
        }
        PublishError::Evidence { .. } | PublishError::Short { .. } => "run: tally doctor",
        PublishError::Raced { .. } => "see who else publishes there, and publish again",
    };
    Failure::new(e.to_string()).hint(hint)
}
