//! `tally restore`: makes a ledger directory again of what was published.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use tally_ledger::entry::Entry;
use tally_ledger::hash::Hash;
use tally_ledger::note::Signed;
use tally_ledger::verify::VerifiedLedger;
use tally_report::verification;
use tally_store::Store;

use crate::args::LedgerArg;
use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::ledger_dir::named_evidence;
use crate::published::Published;
use crate::source::{self, PinArgs, Source};

/// The largest file of evidence that is restored, in bytes.
const EVIDENCE_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// The arguments of `tally restore`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Example:
  tally restore https://mirror.example/5f1c... --ledger incidents \\
      --seen seen.txt

Key files are never published: put them back from your own copy. Entries after
the last published checkpoint are lost. Give the largest checkpoint that anybody
has seen, such as a witness's, with --seen: writing on from an older one would
show the world two histories.")]
pub struct RestoreArgs {
    /// Where the ledger is published: its own place, or a mirror's
    #[arg(value_name = "PLACE")]
    pub place: PathBuf,

    /// The ledger directory to make
    #[command(flatten)]
    pub ledger: LedgerArg,

    /// What is known beforehand
    #[command(flatten)]
    pub pins: PinArgs,
}

/// Verifies what is published and makes a ledger directory of it.
///
/// # Errors
///
/// Fails if the directory is there, nothing is published, what is published is not whole, or the
/// disk refuses.
pub fn run(args: &RestoreArgs, context: &mut Context) -> Result<Status, Failure> {
    let dir: &Path = &args.ledger;
    if fs::symlink_metadata(dir).is_ok() {
        return Err(Failure::new(format!("{} is there already", dir.display()))
            .hint("name a directory that is not there yet: --ledger DIR"));
    }
    let source = Source::open(&args.place, context)?;
    let Source::Published(published) = &source else {
        let message = format!("{} is no published ledger", args.place.display());
        return Err(Failure::new(message).hint("name a place that was given to tally publish"));
    };
    let found = source::find_pins(&source, &args.pins, context)?;
    // A damaged file of evidence is as good as none; it is no reason to restore nothing.
    let ledger = published.verify_entries(&found.pins)?;
    found.remember(&source, ledger.verification(), context)?;
    let status = source::status(ledger.verification().verdict(), args.pins.unpinned);
    if status != Status::Clean {
        let sentence = verification::sentence(ledger.verification());
        let hint = match status {
            Status::Failed => "see what fails with: tally verify PLACE; try a mirror",
            _ => "give a pin: --key, --policy, --ledger-id or --seen",
        };
        return Err(Failure::new(format!("nothing was restored: {sentence}"))
            .status(status)
            .hint(hint));
    }
    // The directory gets its name when it is whole.
    let part = part_of(dir)?;
    let told = match filled(&part, published, &ledger) {
        Ok(told) => told,
        Err(failure) => {
            let _ = fs::remove_dir_all(&part);
            return Err(failure);
        }
    };
    fs::rename(&part, dir).map_err(|e| Failure::io("rename to", dir, &e))?;
    context.out.result(&format!("{told} restored in {}", dir.display()))?;
    context.out.talk(&format!(
        "note: put the key files back into {}, and see that nobody holds a larger checkpoint, \
         before anything is recorded",
        dir.join("keys").display()
    ));
    Ok(Status::Clean)
}

/// Makes the folder that the ledger directory is built in, beside where it will stand.
fn part_of(dir: &Path) -> Result<PathBuf, Failure> {
    let parent = match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    let part = parent.join(format!(".{name}.{}", std::process::id()));
    fs::create_dir_all(&part).map_err(|e| Failure::io("make", &part, &e))?;
    Ok(part)
}

/// Fills a ledger directory, and returns what it holds in words.
fn filled(dir: &Path, from: &Published, ledger: &VerifiedLedger) -> Result<String, Failure> {
    let mut store = Store::create(dir)?;
    let entries: Vec<&[u8]> = ledger.entries().iter().map(Entry::bytes).collect();
    store.append(0, &entries)?;
    let (mut files, mut missing) = (0, 0);
    for digest in named_evidence(ledger.entries()) {
        match from.evidence(&digest, EVIDENCE_BYTES_MAX)? {
            Some(bytes) if Hash::of(&bytes) == digest => {
                store.put_evidence(bytes.as_slice())?;
                files += 1;
            }
            // A file that is another than its name says is as good as none.
            Some(_) | None => missing += 1,
        }
    }
    let checkpoints = from.checkpoints()?;
    for checkpoint in &checkpoints {
        let size = checkpoint.size();
        store.put_checkpoint(size, &checkpoint.to_string())?;
        // The key may have been replaced since.
        let keys = ledger.authority().keys();
        if let Some(root) = from.root(size)?.filter(|root| {
            root.origin().as_str() == checkpoint.origin()
                && keys
                    .get(&root.kid())
                    .is_some_and(|granted| root.holds(&checkpoint.root(), &granted.key.key))
        }) {
            store.put_root(size, &root)?;
        }
    }
    let vkey = ledger.authority().checkpoint_vkeys().iter().find(|vkey| {
        let last = checkpoints.last();
        last.is_some_and(|last| matches!(last.signed_by(vkey), Signed::Holds(_)))
    });
    if let Some(vkey) = vkey {
        let path = dir.join("ledger.vkey");
        fs::write(&path, format!("{vkey}\n")).map_err(|e| Failure::io("write", &path, &e))?;
    }
    let count = |n: usize, one: &str, more: &str| match n {
        1 => format!("1 {one}"),
        n => format!("{n} {more}"),
    };
    let absent = if missing == 0 { String::new() } else { format!(" ({missing} missing)") };
    Ok(format!(
        "{}, {} and {}{absent}",
        count(entries.len(), "entry", "entries"),
        count(checkpoints.len(), "checkpoint", "checkpoints"),
        count(files, "file of evidence", "files of evidence"),
    ))
}
