//! `tally mirror`: holds, verifies, cosigns and serves the ledgers of others.

mod compare;
mod serve;
mod status;
mod sync;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use tally_ledger::note::{Signed, Vkey};
use tally_mirror::mirror::{Cosigner, Followed, Limits, Mirror, MirrorError};
use tally_mirror::place::is_remote;
use tally_mirror::published;

use crate::context::Context;
use crate::cosigner::{self, CosignerArgs};
use crate::failure::{Failure, Status};
use crate::keyfile;
use crate::passphrase::{PassphraseArgs, Passphrases};
use crate::published::{place, unplaced, unread};
use crate::source;

/// The arguments of `tally mirror`.
#[derive(Debug, Clone, Args)]
pub struct MirrorArgs {
    #[command(subcommand)]
    command: MirrorCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum MirrorCommand {
    /// Begin a mirror with its key
    Init(CosignerArgs),
    /// Follow a ledger
    Add(AddArgs),
    /// Follow a ledger no further
    Remove(RemoveArgs),
    /// Fetch, verify and cosign what was published since
    Sync(sync::SyncArgs),
    /// Show how each ledger stands
    Status(status::StatusArgs),
    /// Serve what the mirror holds by HTTP, with a page that lists it
    Serve(serve::ServeArgs),
    /// Hold what several places serve of the same ledgers against each other
    Compare(compare::CompareArgs),
}

#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Example:
  tally mirror add M https://ledger.ca.example/incidents --key ledger.vkey

The key or the policy has to reach you by another way than the place.")]
struct AddArgs {
    /// The mirror's directory
    dir: PathBuf,

    /// Where the ledger is published
    #[arg(value_name = "PLACE")]
    place: PathBuf,

    /// Require the first checkpoint to be signed by this vkey, or by the one in this file
    #[arg(long, value_name = "VKEY|FILE", required_unless_present = "policy")]
    key: Vec<String>,

    /// Require the logs and the quorum of witnesses of this C2SP policy
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,

    /// Take at most so many entries
    #[arg(long, value_name = "NUMBER", default_value_t = Limits::default().entries)]
    entries_max: u64,

    /// Take at most so many MiB of entries, and as many of evidence
    #[arg(long, value_name = "MIB", default_value_t = Limits::default().bytes >> 20)]
    mib_max: u64,
}

#[derive(Debug, Clone, Args)]
struct RemoveArgs {
    /// The mirror's directory
    dir: PathBuf,

    /// The ledger's origin
    origin: String,

    /// Remove what is served of it as well
    #[arg(long)]
    files: bool,
}

/// Runs what the subcommand names.
///
/// # Errors
///
/// Fails if the mirror, a place or a key file does.
pub fn run(args: &MirrorArgs, context: &mut Context) -> Result<Status, Failure> {
    match &args.command {
        MirrorCommand::Init(args) => init(args, context),
        MirrorCommand::Add(args) => add(args, context),
        MirrorCommand::Remove(args) => remove(args, context),
        MirrorCommand::Sync(args) => sync::run(args, context),
        MirrorCommand::Status(args) => status::run(args, context),
        MirrorCommand::Serve(args) => serve::run(args, context),
        MirrorCommand::Compare(args) => compare::run(args, context),
    }
}

fn key_file(dir: &Path) -> PathBuf {
    dir.join("mirror.pem")
}

fn init(args: &CosignerArgs, context: &mut Context) -> Result<Status, Failure> {
    if Mirror::is_at(&args.dir) {
        return Err(Failure::new(format!("{} is a mirror already", args.dir.display()))
            .hint("choose another directory"));
    }
    let file = key_file(&args.dir);
    let create = |vkey: &_| Mirror::create(&args.dir, vkey).map(|_| ()).map_err(refused);
    let vkey = cosigner::begin(args, &file, create, context)?;
    context.out.result(&format!("Mirror      {}", args.dir.display()))?;
    context.out.result(&format!("Vkey        {vkey}"))?;
    context.out.result(&format!("Key file    {}", file.display()))?;
    context.out.result(&format!("Served from {}", args.dir.join("public").display()))?;
    Ok(Status::Clean)
}

fn add(args: &AddArgs, context: &mut Context) -> Result<Status, Failure> {
    let mirror = Mirror::open(&args.dir).map_err(refused)?;
    let keys: Vec<Vkey> = args.key.iter().map(|key| source::vkey(key)).collect::<Result<_, _>>()?;
    let policy = args.policy.as_deref().map(source::policy).transpose()?;
    source::refuse_half_address(&args.place)?;
    let name = if args.place.to_str().is_some_and(is_remote) {
        args.place.clone()
    } else {
        args.place.canonicalize().map_err(|e| Failure::io("read", &args.place, &e))?
    };
    let opened = place(&name, context)?;
    let theirs = published::checkpoint(&opened).map_err(unread)?;
    let logs = policy.iter().flat_map(|(policy, _)| policy.logs());
    let signed = |key: &Vkey| matches!(theirs.signed_by(key), Signed::Holds(_));
    if !keys.iter().chain(logs).any(signed) {
        return Err(Failure::new(format!(
            "the checkpoint at {} is signed by none of the keys that were given",
            opened.name()
        ))
        .hint("see that the key is that of the ledger which is published there")
        .status(Status::Failed));
    }
    let bytes = args.mib_max << 20;
    let limits = Limits { entries: args.entries_max, bytes, evidence: bytes };
    let mut followed = Followed::new(theirs.origin(), opened.name(), limits);
    followed.keys = keys.iter().map(Vkey::to_string).collect();
    followed.policy = policy.map(|(_, text)| text);
    let held = mirror.add(&followed).map_err(refused)?;
    context.out.result(&format!("following {}", held.origin()))?;
    context.out.result(&format!("served from {}", held.public().display()))?;
    Ok(Status::Clean)
}

fn remove(args: &RemoveArgs, context: &mut Context) -> Result<Status, Failure> {
    let mirror = Mirror::open(&args.dir).map_err(refused)?;
    let _lock = mirror.lock().map_err(refused)?;
    mirror.remove(&args.origin, args.files).map_err(refused)?;
    context.out.result(&format!("no longer following {}", args.origin))?;
    Ok(Status::Clean)
}

/// Reads the mirror's key.
fn read_cosigner(
    dir: &Path,
    mirror: &Mirror,
    passphrase: &PassphraseArgs,
) -> Result<Cosigner, Failure> {
    let path = key_file(dir);
    let passphrases = Passphrases::new(passphrase.clone());
    let key = keyfile::read(&path, || passphrases.of_existing(&path))?;
    let cosigner = Cosigner::new(mirror.vkey().name(), key).map_err(MirrorError::from);
    let cosigner = cosigner.map_err(refused)?;
    if cosigner.vkey() == mirror.vkey() {
        return Ok(cosigner);
    }
    let (found, expected) = (cosigner.vkey().to_string(), mirror.vkey().to_string());
    Err(refused(MirrorError::OtherKey { found, expected }))
}

/// Returns the failure of a mirror, with what to do.
fn refused(e: MirrorError) -> Failure {
    use MirrorError as E;
    let hint = match e {
        E::Place(e) => return unplaced(&e),
        E::Read(e) => return unread(e),
        E::NoMirror { .. } => "begin one with: tally mirror init DIR --name NAME",
        E::There { .. } => "choose another directory",
        E::Locked { .. } => "wait until that process ends, or end it",
        E::OtherKey { .. } => "restore mirror.pem from a backup",
        E::NotFollowed { .. } => "see what it follows with: tally mirror status DIR",
        E::Followed { .. } => "tally mirror remove DIR ORIGIN comes first",
        E::State { .. } | E::Damaged { .. } => {
            "check the disk; then: tally mirror remove DIR ORIGIN --files, and add it again"
        }
        E::Clock { .. } => "set the clock of this machine; no cosignature is dated backward",
        E::Broken { .. } => "tell whoever publishes it; what is held stays as it is",
        E::TooLarge { .. } => {
            "if it is to be followed: tally mirror remove DIR ORIGIN, and add it with a larger \
             --entries-max or --mib-max"
        }
        E::Slow { .. } => "run it again, or read from a place that is nearer",
        E::Name(_) => "name it like a URL without its scheme, such as mirror.example/tally",
        E::Disk(_) => "check the disk, its owner and mode, and that there is space",
    };
    let status = match e {
        E::Broken { .. } => Status::Failed,
        _ => Status::CouldNotRun,
    };
    Failure::new(e.to_string()).hint(hint).status(status)
}
