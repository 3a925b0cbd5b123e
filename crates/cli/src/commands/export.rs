//! `tally export`: writes a bundle of the ledger, or hands over an incident as an extract.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use tally_ledger::bundle::{Form, Manifest, Writer};
use tally_ledger::extract::Extract;
use tally_ledger::governance;
use tally_ledger::hash::Hash;
use tally_ledger::name::FeedId;
use tally_ledger::note::Checkpoint;
use tally_ledger::payload::Event;
use tally_ledger::verify::Pins;
use tally_store::Reader;

use crate::args::AuthorArgs;
use crate::commands::checkpoint::CheckpointKeyArgs;
use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::ledger_dir::{self, LedgerDir, named_evidence};
use crate::passphrase::Passphrases;
use crate::staged::{self, Staged};

/// The arguments of `tally export`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "\
Examples:
  tally export -o ledger.tally
  tally export -o incident.tally --incident 2024-delayed-revocation")]
pub struct ExportArgs {
    /// The file to write
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,

    /// Hand over this incident alone, as an extract; may be given several times
    #[arg(long, value_name = "ID")]
    pub incident: Vec<FeedId>,

    /// Leave out the evidence files
    #[arg(long)]
    pub without_evidence: bool,

    /// Replace FILE if it exists
    #[arg(long)]
    pub force: bool,

    /// Whose key signs the heads of an extract, and where
    #[command(flatten)]
    pub author: AuthorArgs,

    /// The checkpoint key's file, for an extract
    #[command(flatten)]
    pub checkpoint: CheckpointKeyArgs,
}

/// Writes the file, whole or not at all.
///
/// # Errors
///
/// Fails if the ledger does not hold, an incident is unknown, or the disk refuses.
pub fn run(args: &ExportArgs, context: &mut Context) -> Result<Status, Failure> {
    staged::refuse_existing(&args.output, args.force)?;
    let entries =
        if args.incident.is_empty() { bundle(args, context)? } else { extract(args, context)? };
    context.out.result(&format!("{entries} entries in {}", args.output.display()))?;
    Ok(Status::Clean)
}

fn bundle(args: &ExportArgs, context: &mut Context) -> Result<u64, Failure> {
    let reader = Reader::open(&args.author.ledger)?;
    let ledger = ledger_dir::verify(&reader, &Pins::default())?;
    if let Some(fault) = &ledger.verification().fault {
        return Err(Failure::unsound(&args.author.ledger, fault));
    }
    let checkpoints = ledger_dir::checkpoints(&reader)?;
    let size = checkpoints.last().map_or(0, Checkpoint::size);
    if size == 0 {
        return Err(Failure::new("the ledger has no checkpoint").hint("run: tally checkpoint"));
    }
    let held = usize::try_from(size).unwrap_or(usize::MAX);
    let entries = &ledger.entries()[..held];
    let left = ledger.entries().len() - held;
    if left > 0 {
        context.out.talk(&format!(
            "note: {left} entries after the last checkpoint are left out; include them after: \
             tally checkpoint"
        ));
    }
    let files = files(&reader, &named_evidence(entries), args.without_evidence)?;
    let manifest = Manifest {
        form: Form::Bundle,
        checkpoints: checkpoints.into_iter().map(|checkpoint| (checkpoint, Vec::new())).collect(),
        evidence: files.iter().map(|(digest, size, _)| (*digest, *size)).collect(),
    };
    let staged = Staged::write(&args.output, |file| {
        let mut writer = Writer::begin(file, &manifest)?;
        entries.iter().try_for_each(|entry| writer.entry(entry.bytes()))?;
        write_files(writer, &files)
    })?;
    staged.place(args.force)?;
    Ok(size)
}

fn extract(args: &ExportArgs, context: &mut Context) -> Result<u64, Failure> {
    let incidents: BTreeSet<FeedId> = args.incident.iter().cloned().collect();
    if let Some(reserved) = incidents.iter().find(|feed| !feed.is_incident()) {
        return Err(Failure::new(format!("{reserved} is not an incident"))
            .hint("see the incidents with: tally list incidents"));
    }
    context.out.talk(&format!(
        "note: handing over incidents appends a `heads` entry and a checkpoint, which the author's \
         key and the checkpoint key ({}) sign",
        args.checkpoint.path(&args.author.ledger).display()
    ));
    let passphrases = Passphrases::new(args.author.passphrase.clone());
    let author = args.author.key_by(&passphrases)?;
    let checkpoint_key = args.checkpoint.read(&args.author.ledger, &passphrases)?;
    let mut ledger = LedgerDir::open(&args.author.ledger, context)?;
    for incident in &incidents {
        if !ledger.head().feeds().contains_key(incident) {
            return Err(Failure::new(format!("the ledger has no incident {incident}"))
                .hint("see the incidents with: tally list incidents"));
        }
    }
    let entry = ledger.sign(heads(&ledger, &incidents)?, context.clock.now()?, &author)?;
    ledger.check(std::slice::from_ref(&entry))?;
    let checkpoint = ledger.sign_checkpoint(std::slice::from_ref(&entry), &checkpoint_key)?;
    let mut entries = ledger.ledger().entries().to_vec();
    entries.push(entry.clone());
    let mut checkpoints = ledger_dir::checkpoints(ledger.reader())?;
    checkpoints.push(checkpoint.clone());
    let extract = Extract::new(&entries, &checkpoints, &incidents)
        .map_err(|e| Failure::new(e.to_string()).hint("run: tally doctor"))?;
    let files = files(ledger.reader(), &extract.evidence(), args.without_evidence)?;
    let count = extract.len() as u64;
    let listed = files.iter().map(|(digest, size, _)| (*digest, *size)).collect();
    // The file is whole before the ledger grows, and gets its name after: whatever fails, the
    // ledger has not stated heads for nothing, and no file is handed over that it knows nothing of.
    let staged =
        Staged::write(&args.output, |file| write_files(extract.write(file, listed)?, &files))?;
    ledger.append(&[entry])?;
    ledger.put_checkpoint(&checkpoint, context)?;
    ledger.put_root(&checkpoint, &checkpoint_key)?;
    staged.place(args.force)?;
    Ok(count)
}

/// Returns the event that states the heads of the incidents, and of the ledger's own affairs.
fn heads(ledger: &LedgerDir, incidents: &BTreeSet<FeedId>) -> Result<Event, Failure> {
    let named = |feed: &FeedId| incidents.contains(feed) || feed.as_str() == "ledger";
    let heads = ledger.head().feeds().iter().filter(|(feed, _)| named(feed));
    let heads = heads.map(|(feed, seq)| (feed.clone(), *seq)).collect();
    Ok(Event::reserved("heads", governance::heads_value(&heads))?)
}

/// A file of evidence: its digest, its size in bytes, and where it is.
type StoredFile = (Hash, u64, PathBuf);

/// Returns those of the named files that the store holds, ascending by digest.
fn files(
    reader: &Reader,
    named: &BTreeSet<Hash>,
    without: bool,
) -> Result<Vec<StoredFile>, Failure> {
    let mut files = Vec::new();
    for digest in named.iter().filter(|_| !without) {
        if let Some(stored) = reader.evidence(digest)? {
            files.push((*digest, stored.size, stored.path));
        }
    }
    Ok(files)
}

fn write_files<W: Write>(mut writer: Writer<W>, files: &[StoredFile]) -> io::Result<W> {
    for (digest, size, path) in files {
        writer.evidence(digest, *size, File::open(path)?)?;
    }
    writer.finish()
}
