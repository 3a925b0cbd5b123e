//! `tally witness`: cosigns the checkpoints of logs, so that none can show two histories unseen.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use tally_ledger::note::Vkey;
use tally_ledger::time::Instant;
use tally_mirror::witness::{self, LogStatus, Witness, WitnessError};
use tally_report::text::escaped;

use crate::args::FormatArgs;
use crate::commands::serve;
use crate::context::Context;
use crate::cosigner::{self, CosignerArgs};
use crate::failure::{Failure, Status};
use crate::keyfile;
use crate::output::{self, Format};
use crate::passphrase::{PassphraseArgs, Passphrases};
use crate::source;

/// The arguments of `tally witness`.
#[derive(Debug, Clone, Args)]
pub struct WitnessArgs {
    #[command(subcommand)]
    command: WitnessCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum WitnessCommand {
    /// Make a witness with a key of its own
    Init(CosignerArgs),
    /// Add a key of a log that is to be cosigned
    Add(AddArgs),
    /// Cosign what logs submit, by HTTP
    Serve(ServeArgs),
    /// Say what was cosigned last, and which logs showed two histories
    Status(StatusArgs),
}

#[derive(Debug, Clone, Args)]
struct AddArgs {
    /// The directory of the witness
    dir: PathBuf,

    /// The vkey of the log, or the file that holds it; several where it changes its key
    #[arg(value_name = "VKEY|FILE", required = true)]
    keys: Vec<String>,

    /// The origin of the log, if it is not the name of its key
    #[arg(long)]
    origin: Option<String>,
}

#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Speaks C2SP tlog-witness: POST /add-checkpoint and GET /HASH/checkpoint, where
HASH is the SHA-256 of the origin. It is HTTP/1.1 without TLS: let a reverse
proxy stand before it. GET /health and GET /metrics are for its operator.")]
struct ServeArgs {
    /// The directory of the witness
    dir: PathBuf,

    /// Where to listen; port 0 is any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8081")]
    listen: String,

    #[command(flatten)]
    passphrase: PassphraseArgs,
}

#[derive(Debug, Clone, Args)]
struct StatusArgs {
    /// The directory of the witness
    dir: PathBuf,

    #[command(flatten)]
    format: FormatArgs,
}

/// Makes a witness, adds to it, serves it or tells of it.
///
/// # Errors
///
/// Fails if the directory, the key file or an address cannot be used.
pub fn run(args: &WitnessArgs, context: &mut Context) -> Result<Status, Failure> {
    match &args.command {
        WitnessCommand::Init(args) => init(args, context),
        WitnessCommand::Add(args) => add(args, context),
        WitnessCommand::Serve(args) => serve(args, context),
        WitnessCommand::Status(args) => status(args, context),
    }
}

fn key_file(dir: &Path) -> PathBuf {
    dir.join("witness.pem")
}

fn init(args: &CosignerArgs, context: &mut Context) -> Result<Status, Failure> {
    // No key is left where there is a witness with another.
    if !matches!(witness::status(&args.dir), Err(WitnessError::NotAWitness { .. })) {
        return Err(unusable(&WitnessError::Exists { dir: args.dir.clone() }));
    }
    let file = key_file(&args.dir);
    let create = |vkey: &_| witness::create(&args.dir, vkey).map_err(|e| unusable(&e));
    let vkey = cosigner::begin(args, &file, create, context)?;
    context.out.result(&format!("Witness   {}", args.dir.display()))?;
    context.out.result(&format!("Vkey      {vkey}"))?;
    context.out.result(&format!("Key file  {}", file.display()))?;
    Ok(Status::Clean)
}

fn add(args: &AddArgs, context: &mut Context) -> Result<Status, Failure> {
    let vkeys = args.keys.iter().map(|key| source::vkey(key)).collect::<Result<Vec<_>, _>>()?;
    let named = args.origin.clone().unwrap_or_else(|| vkeys[0].name().to_owned());
    if args.origin.is_none()
        && let Some(other) = vkeys.iter().find(|vkey| vkey.name() != named)
    {
        return Err(Failure::new(format!(
            "the keys have the names {named} and {}",
            escaped(other.name())
        ))
        .hint("add the keys of one log at a time, or say its name with --origin"));
    }
    let new = witness::add(&args.dir, &named, &vkeys).map_err(|e| unusable(&e))?;
    let keys = if new == 1 { "1 key".to_owned() } else { format!("{new} keys") };
    context.out.result(&format!("{}: {keys} added", escaped(&named)))?;
    Ok(Status::Clean)
}

fn serve(args: &ServeArgs, context: &mut Context) -> Result<Status, Failure> {
    // Nobody is asked for a passphrase that there is no witness for.
    witness::status(&args.dir).map_err(|e| unusable(&e))?;
    let file = key_file(&args.dir);
    let passphrases = Passphrases::new(args.passphrase.clone());
    let key = keyfile::read(&file, || passphrases.of_existing(&file))?;
    let witness = Witness::open(&args.dir, key).map_err(|e| unusable(&e))?;
    if witness.origins().next().is_none() {
        context.out.talk("note: it knows no log yet; add one with: tally witness add DIR VKEY");
    }
    let site = witness::site(witness, Arc::new(output::log));
    serve::until_told(site, &args.listen, context)
}

fn status(args: &StatusArgs, context: &mut Context) -> Result<Status, Failure> {
    let (vkey, mut logs) = witness::status(&args.dir).map_err(|e| unusable(&e))?;
    // What contradicts comes first.
    logs.sort_by_key(|log| !showed_two(log));
    if args.format.format == Format::Json {
        let logs: Vec<_> = logs.iter().map(json).collect();
        let json = serde_json::json!({ "schema": 1, "vkey": vkey.to_string(), "logs": logs });
        context.out.result(&format!("{json:#}"))?;
    } else {
        context.out.result(&format!("Witness  {vkey}"))?;
        for log in &logs {
            context.out.result(&text(log))?;
        }
        if logs.is_empty() {
            context.out.result("it knows no log yet")?;
        }
    }
    Ok(if logs.iter().any(showed_two) { Status::Failed } else { Status::Clean })
}

/// Returns whether a log showed two histories.
fn showed_two(log: &LogStatus) -> bool {
    !log.contradictions.is_empty() || !log.proofs.is_empty()
}

fn text(log: &LogStatus) -> String {
    let mut lines = vec![String::new(), escaped(&log.origin)];
    for (size, files) in &log.contradictions {
        lines.push(format!("  EQUIVOCATION: it signed {} roots at size {size}", files.len()));
        lines.extend(files.iter().map(|file| format!("    {}", file.display())));
    }
    for (smaller, larger, file) in &log.proofs {
        let sizes = if smaller == larger {
            format!("at size {smaller}")
        } else {
            format!("at sizes {smaller} and {larger}")
        };
        lines.push(format!("  PROOF: it signed two histories, {sizes}"));
        lines.push(format!("    {}", file.display()));
    }
    if let Some((checkpoint, time)) = &log.latest {
        lines.push(format!("  size   {}, cosigned {}", checkpoint.size(), instant(*time)));
        lines.push(format!("  root   {}", checkpoint.root()));
    } else {
        lines.push("  size   nothing was cosigned yet".to_owned());
    }
    lines.extend(log.vkeys.iter().map(|vkey| format!("  key    {vkey}")));
    lines.push(format!("  notes  {} kept", log.notes));
    lines.join("\n")
}

fn json(log: &LogStatus) -> serde_json::Value {
    let two = |(size, files): &(u64, Vec<PathBuf>)| {
        let files: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
        serde_json::json!({ "size": size, "notes": files })
    };
    let proof = |(smaller, larger, file): &(u64, u64, PathBuf)| {
        let file = file.display().to_string();
        serde_json::json!({ "sizes": [smaller, larger], "file": file })
    };
    serde_json::json!({
        "origin": log.origin,
        "keys": log.vkeys.iter().map(Vkey::to_string).collect::<Vec<_>>(),
        "size": log.latest.as_ref().map(|(checkpoint, _)| checkpoint.size()),
        "root": log.latest.as_ref().map(|(checkpoint, _)| checkpoint.root()),
        "cosigned": log.latest.as_ref().map(|(_, time)| instant(*time)),
        "notes": log.notes,
        "equivocations": log.contradictions.iter().map(two).collect::<Vec<_>>(),
        "proofs": log.proofs.iter().map(proof).collect::<Vec<_>>(),
    })
}

fn instant(time: u64) -> String {
    let instant = i64::try_from(time).ok().and_then(|time| Instant::from_unix(time).ok());
    instant.map_or_else(|| time.to_string(), |instant| instant.to_string())
}

fn unusable(e: &WitnessError) -> Failure {
    let hint = match e {
        WitnessError::NotAWitness { .. } => "make one with: tally witness init DIR --name NAME",
        WitnessError::Exists { .. } => "choose another directory",
        WitnessError::Locked { .. } => {
            "one process has a witness at a time: end that one first, and start it again after"
        }
        WitnessError::OtherKey { .. } => "restore witness.pem and witness.vkey from one backup",
        WitnessError::NotAnOrigin { .. } => "name it as the first line of its checkpoints has it",
        WitnessError::NotALogKey { .. } => "name the key that signs the checkpoints of the log",
        WitnessError::Damaged { .. } => {
            "restore the latest copy of the directory; if there is none, make a witness with \
             another name: this one may have cosigned what it no longer knows of"
        }
        WitnessError::Disk(_) => "check the path, its owner and the disk",
    };
    Failure::new(e.to_string()).hint(hint)
}
