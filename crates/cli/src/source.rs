//! Where a ledger is read from, and the pins to verify it with.

mod pins;
mod text;

use std::io::Read;
use std::path::{Path, PathBuf};

use tally_ledger::note::Checkpoint;
use tally_ledger::verify::{self, Pins, Verdict, VerifiedLedger};
use tally_mirror::place::is_remote;
use tally_store::Reader;

use crate::context::Context;
use crate::failure::{Failure, Status};
use crate::ledger_dir;
use crate::published::Published;

pub use pins::{Found, PinArgs, checkpoint, find_pins, pins_of, policy, vkey, witness_vkey};
pub use text::{is_handed_over, open, read_text, read_text_or_stdin, refuse_private_key, text};

/// The bytes that tell a private key from another file.
const BEGINNING: u64 = 256;
/// A ledger directory, a bundle or extract in a file, or a published ledger.
#[derive(Debug)]
pub enum Source {
    /// A ledger directory.
    Directory(Box<Reader>, PathBuf),
    /// A bundle or extract.
    File(PathBuf),
    /// A published ledger, in a directory or at an address.
    Published(Box<Published>),
}

impl Source {
    /// Finds out what `path` is.
    ///
    /// # Errors
    ///
    /// Fails if there is nothing, a directory that is no ledger, or a pipe or device.
    pub fn open(path: &Path, context: &Context) -> Result<Self, Failure> {
        refuse_half_address(path)?;
        if Published::is_at(path) {
            return Ok(Self::Published(Box::new(Published::open(path, context)?)));
        }
        let metadata = std::fs::metadata(path).map_err(|e| Failure::io("read", path, &e))?;
        if metadata.is_dir() {
            refuse_mirror(path)?;
            Ok(Self::Directory(Box::new(Reader::open(path).map_err(unopened)?), path.to_owned()))
        } else if metadata.is_file() {
            let mut start = Vec::new();
            let read = open(path)?.take(BEGINNING).read_to_end(&mut start);
            read.map_err(|e| Failure::io("read", path, &e))?;
            refuse_private_key(&start, path, "a ledger or a proof")?;
            Ok(Self::File(path.to_owned()))
        } else {
            // It is read twice: for its origin, which leads to the pins, and then to verify it.
            Err(Failure::new(format!("{} is neither a folder nor a regular file", path.display()))
                .hint("save it as a file first"))
        }
    }

    /// Returns the path.
    pub fn path(&self) -> &Path {
        match self {
            Self::Directory(_, path) | Self::File(path) => path,
            Self::Published(published) => published.path(),
        }
    }

    /// Reads and verifies the ledger, and keeps its entries.
    fn read(&self, pins: &Pins) -> Result<VerifiedLedger, Failure> {
        match self {
            Self::Directory(reader, _) => ledger_dir::verify(reader, pins),
            Self::File(path) => {
                verify::ledger(open(path)?, pins).map_err(|e| Failure::unread(path, e))
            }
            Self::Published(published) => published.verify(pins),
        }
    }

    /// Returns the last checkpoint of a directory or file, as it stands there.
    fn last_checkpoint(&self) -> Result<Option<Checkpoint>, Failure> {
        match self {
            Self::Directory(reader, _) => Ok(ledger_dir::checkpoints(reader)?.pop()),
            Self::File(path) => {
                verify::last_checkpoint(open(path)?).map_err(|e| Failure::unread(path, e))
            }
            Self::Published(published) => Ok(Some(published.checkpoint().clone())),
        }
    }
}

/// Refuses the name of a place that is neither an address nor something on this disk, but was
/// meant as an address.
///
/// # Errors
///
/// Fails if the name begins as that of a scheme with one slash, or as a host with its port, and
/// nothing of that name is there.
pub fn refuse_half_address(path: &Path) -> Result<(), Failure> {
    let name = path.to_str().unwrap_or_default();
    let Some((before, after)) = name.split_once(':').filter(|_| !is_remote(name)) else {
        return Ok(());
    };
    let hint = "an address begins with http:// or https://, a bucket with s3://, gs:// or az://, \
                and a folder with a colon in its name with ./";
    let schemes = ["http", "https", "s3", "gs", "az", "azure", "file"];
    if schemes.contains(&before.to_ascii_lowercase().as_str()) {
        return Err(Failure::new(format!("{name} lacks the two slashes of an address")).hint(hint));
    }
    let port = after.split('/').next().unwrap_or_default();
    let port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    if port && !before.is_empty() && !before.contains('/') && !path.exists() {
        return Err(Failure::new(format!("{name} is neither a folder nor an address")).hint(hint));
    }
    Ok(())
}

/// Refuses the folder of a mirror, which holds ledgers but is none.
fn refuse_mirror(path: &Path) -> Result<(), Failure> {
    let public = path.join("public");
    if !path.join("mirror.vkey").exists() || !public.is_dir() {
        return Ok(());
    }
    let mut held: Vec<PathBuf> = std::fs::read_dir(&public)
        .map_err(|e| Failure::io("read", &public, &e))?
        .filter_map(|item| Some(item.ok()?.path()))
        .filter(|item| item.is_dir())
        .collect();
    held.sort();
    let hint = match held.first() {
        None => "it holds none yet: tally mirror add, then tally mirror sync".to_owned(),
        Some(first) => format!("name one that it holds, such as {}", first.display()),
    };
    Err(Failure::new(format!("{} is a mirror, expected a ledger", path.display())).hint(hint))
}

/// Returns the failure of a directory that was to be read.
fn unopened(error: tally_store::Error) -> Failure {
    let none = matches!(error, tally_store::Error::NotALedger { .. });
    let failure = Failure::from(error);
    if none {
        return failure.hint("name a ledger directory, or a folder that a ledger is published in");
    }
    failure
}

/// A ledger that was verified under the pins that were found for it.
pub struct Verified {
    /// The ledger.
    pub ledger: VerifiedLedger,
    /// Whether a ledger that is only consistent with itself will do.
    unpinned: bool,
}

impl Verified {
    /// Returns the exit status that the verification asks for.
    pub fn status(&self) -> Status {
        status(self.ledger.verification().verdict(), self.unpinned)
    }
}

/// Returns the exit status of a verdict.
pub fn status(verdict: Verdict, unpinned: bool) -> Status {
    match verdict {
        Verdict::Whole => Status::Clean,
        Verdict::ConsistentWithItself if unpinned => Status::Clean,
        Verdict::ConsistentWithItself => Status::CouldNotRun,
        Verdict::NotWhole | Verdict::Failed => Status::Failed,
    }
}

/// Verifies the ledger at `path` and keeps its entries.
///
/// # Errors
///
/// Fails if there is none, or it cannot be read; faults of the ledger are part of the result.
pub fn verified(path: &Path, args: &PinArgs, context: &Context) -> Result<Verified, Failure> {
    let source = Source::open(path, context)?;
    let found = find_pins(&source, args, context)?;
    let ledger = source.read(&found.pins)?;
    found.remember(&source, ledger.verification(), context)?;
    Ok(Verified { ledger, unpinned: args.unpinned })
}

/// Verifies the ledger at `path` without keeping its entries, in memory that does not grow.
///
/// # Errors
///
/// As [`verified`].
pub fn streamed(
    path: &Path,
    args: &PinArgs,
    context: &Context,
) -> Result<verify::Verification, Failure> {
    let source = Source::open(path, context)?;
    let found = find_pins(&source, args, context)?;
    let verification = match &source {
        Source::Directory(reader, _) => {
            ledger_dir::verify(reader, &found.pins)?.verification().clone()
        }
        Source::File(path) => {
            verify::stream(open(path)?, &found.pins, drop).map_err(|e| Failure::unread(path, e))?
        }
        Source::Published(published) => published.verify(&found.pins)?.verification().clone(),
    };
    found.remember(&source, &verification, context)?;
    Ok(verification)
}
