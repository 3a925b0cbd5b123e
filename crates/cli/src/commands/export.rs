//! `tally export`: writes a bundle of the ledger, or hands over an incident as an extract.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use tally_ledger::bundle::{Form, Manifest, Writer};
use tally_ledger::entry::Entry;
use tally_ledger::extract::Extract;
use tally_ledger::governance::{self, Governance};
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
  tally export -o incident.tally --incident 2024-delayed-revocation

To hand over an incident, its heads are stated in a new entry under a new
checkpoint. Where they stand already, nothing is signed: once a mirror that
verifies everything has cosigned that checkpoint and its line was taken over
(tally checkpoint --mirror), export again, and nothing is missing: shown.")]
pub struct ExportArgs {
    /// The file to write
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,

    /// Hand over this incident alone, as an extract; may be given several times
    #[arg(long, value_name = "ID")]
    pub incident: Vec<FeedId>,

    /// Hand over the incident as it stood at the checkpoint of this size, under which its heads
    /// were stated
    #[arg(long, value_name = "SIZE", requires = "incident")]
    pub at: Option<u64>,

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
    let checkpoints = fitting(ledger_dir::checkpoints(&reader)?, context);
    let size = checkpoints.last().map_or(0, Checkpoint::size);
    if size == 0 {
        return Err(Failure::new("the ledger has no checkpoint").hint("run: tally checkpoint"));
    }
    let held = usize::try_from(size).unwrap_or(usize::MAX);
    let entries = &ledger.entries()[..held];
    let left = ledger.entries().len() - held;
    if left > 0 {
        context.out.talk(&format!(
            "note: {} out, after the last checkpoint; to include more, run first: tally checkpoint",
            ledger_dir::left(left)
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
    if let Some(count) = stated(args, &incidents, context)? {
        return Ok(count);
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
    let (staged, count) =
        staged_extract(args, &incidents, &entries, checkpoints, ledger.reader(), context)?;
    // The file is whole before the ledger grows, and gets its name after: whatever fails, the
    // ledger has not stated heads for nothing, and no file is handed over that it knows nothing of.
    ledger.append(&[entry])?;
    ledger.put_checkpoint(&checkpoint, context)?;
    ledger.put_root(&checkpoint, &checkpoint_key)?;
    staged.place(args.force)?;
    Ok(count)
}

/// Writes the extract under heads that were stated before: at the size that was asked for, or where
/// the ledger ends in them. Returns how many entries it has; `None` if heads are to be stated.
fn stated(
    args: &ExportArgs,
    incidents: &BTreeSet<FeedId>,
    context: &Context,
) -> Result<Option<u64>, Failure> {
    let reader = Reader::open(&args.author.ledger)?;
    let size = args.at.unwrap_or(reader.len());
    let mut checkpoints = ledger_dir::checkpoints(&reader)?;
    checkpoints.retain(|checkpoint| checkpoint.size() <= size);
    let ledger = ledger_dir::verify(&reader, &ledger_dir::remembered(&reader, context)?)?;
    if let Some(fault) = &ledger.verification().fault {
        return Err(Failure::unsound(&args.author.ledger, fault));
    }
    let named = |entry: &Entry| match entry.governance() {
        Governance::Heads(heads) => {
            heads.keys().filter(|feed| feed.is_incident()).eq(incidents.iter())
        }
        _ => false,
    };
    let last = size.checked_sub(1).and_then(|seq| ledger.entry(seq));
    let covered = checkpoints.last().is_some_and(|checkpoint| checkpoint.size() == size);
    if !covered || !last.is_some_and(named) {
        return match args.at {
            None => Ok(None),
            Some(at) => Err(Failure::new(format!(
                "no heads of exactly these incidents were stated under a checkpoint of size {at}"
            ))
            .hint("leave --at away to state them now")),
        };
    }
    let held = usize::try_from(size).unwrap_or(usize::MAX);
    let entries = &ledger.entries()[..held];
    let (staged, count) = staged_extract(args, incidents, entries, checkpoints, &reader, context)?;
    staged.place(args.force)?;
    Ok(Some(count))
}

/// Writes the extract to a file that has no name yet, and returns how many entries it has.
fn staged_extract<'a>(
    args: &'a ExportArgs,
    incidents: &BTreeSet<FeedId>,
    entries: &[Entry],
    checkpoints: Vec<Checkpoint>,
    reader: &Reader,
    context: &Context,
) -> Result<(Staged<'a>, u64), Failure> {
    let checkpoints = fitting(checkpoints, context);
    let extract = Extract::new(entries, &checkpoints, incidents)
        .map_err(|e| Failure::new(e.to_string()).hint("run: tally doctor"))?;
    let files = files(reader, &extract.evidence(), args.without_evidence)?;
    let count = extract.len() as u64;
    let listed = files.iter().map(|(digest, size, _)| (*digest, *size)).collect();
    let staged =
        Staged::write(&args.output, |file| write_files(extract.write(file, listed)?, &files))?;
    Ok((staged, count))
}

/// How many bytes of checkpoints leave room in the first item for the rest of it.
const CHECKPOINTS_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Returns the checkpoints that a bundle or extract carries: all of them, unless they are too many
/// for its first item. Then those go that nobody but the log signed, as nothing rests on them.
fn fitting(checkpoints: Vec<Checkpoint>, context: &Context) -> Vec<Checkpoint> {
    let all = checkpoints.len();
    let kept = fitting_in(checkpoints, CHECKPOINTS_BYTES_MAX);
    let left = all - kept.len();
    if left > 0 {
        context.out.talk(&format!(
            "note: {left} of {all} checkpoints are left out, which no witness has cosigned: \
             together they are too large for one file"
        ));
    }
    kept
}

fn fitting_in(mut checkpoints: Vec<Checkpoint>, bytes_max: usize) -> Vec<Checkpoint> {
    let bytes: usize = checkpoints.iter().map(|checkpoint| checkpoint.to_string().len()).sum();
    if bytes > bytes_max {
        let last = checkpoints.last().map_or(0, Checkpoint::size);
        checkpoints.retain(|checkpoint| {
            checkpoint.size() == last || checkpoint.signature_lines().lines().count() > 1
        });
    }
    checkpoints
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_else_has_signed_goes_first_and_only_where_room_is_short() {
        let line = "\u{2014} ledger.example/l AAAAAAAA\n";
        let checkpoint = |size: u64, lines: usize| -> Checkpoint {
            let root = "A".repeat(43);
            let note = format!("ledger.example/l\n{size}\n{root}=\n\n{}", line.repeat(lines));
            note.parse().expect("a checkpoint")
        };
        let all = vec![checkpoint(1, 1), checkpoint(2, 2), checkpoint(3, 1), checkpoint(4, 1)];
        let sizes = |bytes_max| {
            let kept = fitting_in(all.clone(), bytes_max);
            kept.iter().map(Checkpoint::size).collect::<Vec<_>>()
        };
        assert_eq!(sizes(10_000), [1, 2, 3, 4]);
        assert_eq!(sizes(100), [2, 4]);
    }
}
