//! Where a ledger is read from, and the pins to verify it with.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use tally_ledger::equivocation::Equivocation;
use tally_ledger::hash::Hash;
use tally_ledger::note::{Checkpoint, NoteError, Purpose, Signed, Vkey};
use tally_ledger::policy::Policy;
use tally_ledger::tree::Tree;
use tally_ledger::verify::{self, Pins, Verdict, VerifiedLedger};
use tally_mirror::place::is_remote;
use tally_store::Reader;

use crate::context::Context;
use crate::contradiction::{self, contradiction};
use crate::failure::{Failure, Status};
use crate::ledger_dir;
use crate::published::Published;
use crate::trust::{Known, TrustStore};

/// The bytes that tell a private key from another file.
const BEGINNING: u64 = 256;
/// The largest vkey, policy or checkpoint file that is read, in bytes.
const PIN_FILE_MAX: u64 = 256 * 1024;

/// The options that say what is known of a ledger beforehand. What the user's trust store knows of
/// it stays in force beside a checkpoint; a key, a policy or an id stands in its place.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct PinArgs {
    /// Require the last checkpoint to be signed by this vkey, or by the one in this file
    #[arg(long, value_name = "VKEY|FILE", help_heading = PINS)]
    pub key: Vec<String>,

    /// Require the logs and the quorum of witnesses of this C2SP policy
    #[arg(long, value_name = "FILE", help_heading = PINS)]
    pub policy: Option<PathBuf>,

    /// Require this ledger id (the id of the genesis entry, 64 hexadecimal digits)
    #[arg(long, value_name = "ID", help_heading = PINS)]
    pub ledger_id: Option<Hash>,

    /// Require the ledger to extend this checkpoint, seen before; may be given several times
    #[arg(long, value_name = "FILE", help_heading = PINS)]
    pub seen: Vec<PathBuf>,

    /// Accept a ledger that is only consistent with itself
    #[arg(long, help_heading = PINS)]
    pub unpinned: bool,
}

const PINS: &str = "Pins";

impl PinArgs {
    /// Returns whether the trust store is not asked. A checkpoint says nothing of whose ledger it
    /// is, and often comes from whoever hands over the rest: it takes no other pin away.
    fn replaces(&self) -> bool {
        let named = !self.key.is_empty() || self.policy.is_some() || self.ledger_id.is_some();
        named || self.unpinned
    }

    /// Returns the pins that the options give.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be read, or holds something else.
    pub fn pins(&self) -> Result<Pins, Failure> {
        let keys = self.key.iter().map(|key| vkey(key)).collect::<Result<_, _>>()?;
        let policy = self.policy.as_deref().map(policy).transpose()?.map(|(policy, _)| policy);
        let seen = self.seen.iter().map(|path| checkpoint(path)).collect::<Result<_, _>>()?;
        Ok(Pins { keys, policy, ledger_id: self.ledger_id, seen })
    }
}

/// Returns the vkey in `text`, or in the file of that name.
///
/// # Errors
///
/// Fails if it is neither.
pub fn vkey(text: &str) -> Result<Vkey, Failure> {
    let vkey = any_vkey(text)?;
    if vkey.purpose() == Purpose::Log {
        return Ok(vkey);
    }
    // Witnesses cosign many ledgers: such a key says nothing about which one this is.
    Err(Failure::new(format!("{text:.200} is the key of a witness, expected that of a ledger"))
        .hint("name witnesses in a policy: --policy FILE"))
}

/// Returns the vkey of a witness or mirror that a text is, or that the file it names holds.
///
/// # Errors
///
/// Fails if it is none of a witness.
pub fn witness_vkey(text: &str) -> Result<Vkey, Failure> {
    let vkey = any_vkey(text)?;
    if vkey.purpose() == Purpose::Cosignature {
        return Ok(vkey);
    }
    Err(Failure::new(format!("{text:.200} is the key of a ledger, expected that of a witness"))
        .hint("`tally witness init` printed it; it is in DIR/witness.vkey"))
}

fn any_vkey(text: &str) -> Result<Vkey, Failure> {
    let hint = "a vkey looks like ledger.example/incidents+1a2b3c4d+ARq…=";
    if text.matches('+').count() >= 2 {
        return text
            .parse()
            .map_err(|e| Failure::new(format!("{text:.200} is not a vkey: {e}")).hint(hint));
    }
    let read = pin_file(Path::new(text), "a vkey")?;
    read.trim().parse().map_err(|e| not_quoted(Path::new(text), "a vkey", &e).hint(hint))
}

/// Returns the failure of a file that holds something else than it should. Nothing of the file is
/// quoted: it may be a passphrase, or a key.
fn not_quoted(path: &Path, what: &str, error: &NoteError) -> Failure {
    Failure::new(format!("{} is not {what}: expected {}", path.display(), error.expected))
}

/// Returns the policy in a file, and its text.
///
/// # Errors
///
/// Fails if the file cannot be read or holds something else.
pub fn policy(path: &Path) -> Result<(Policy, String), Failure> {
    let text = pin_file(path, "a policy")?;
    let policy = text.parse().map_err(|e| {
        Failure::new(format!("{} is not a policy: {e}", path.display()))
            .hint("the format is C2SP tlog-policy: lines of log, witness, group and one quorum")
    })?;
    Ok((policy, text))
}

/// Returns the checkpoint in a file.
///
/// # Errors
///
/// Fails if the file cannot be read or holds something else.
pub fn checkpoint(path: &Path) -> Result<Checkpoint, Failure> {
    let text = pin_file(path, "a checkpoint")?;
    text.parse().map_err(|e| {
        not_quoted(path, "a checkpoint", &e)
            .hint("print one with: tally checkpoint, or take one from checkpoints/ of the ledger")
    })
}

fn pin_file(path: &Path, expected: &str) -> Result<String, Failure> {
    text_of(path, PIN_FILE_MAX, expected)
}

/// Returns the text of a file of at most `most` bytes.
///
/// # Errors
///
/// Fails if the file cannot be read, is larger, or is not UTF-8.
pub fn read_text(path: &Path, most: u64) -> Result<String, Failure> {
    text_of(path, most, "another file")
}

fn text_of(path: &Path, most: u64, expected: &str) -> Result<String, Failure> {
    let failed = |e: std::io::Error| Failure::io("read", path, &e);
    let file = open(path)?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > most {
        return Err(Failure::too_large(&path.display().to_string(), most));
    }
    refuse_private_key(&bytes, path, expected)?;
    text(bytes, &path.display().to_string())
}

/// Returns the text of a file of at most `most` bytes; `-` is standard input.
///
/// # Errors
///
/// As [`read_text`].
pub fn read_text_or_stdin(path: &Path, most: u64) -> Result<String, Failure> {
    if path != Path::new("-") {
        return read_text(path, most);
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(most + 1).read_to_end(&mut bytes);
    read.map_err(|e| Failure::io("read", Path::new("standard input"), &e))?;
    if bytes.len() as u64 > most {
        return Err(Failure::too_large("standard input", most));
    }
    refuse_private_key(&bytes, Path::new("standard input"), "another text")?;
    text(bytes, "standard input")
}

/// Refuses a private key by its name, wherever something else is read: what is wrong with a text is
/// often shown by quoting it.
///
/// # Errors
///
/// Fails if the bytes begin as PEM does (RFC 7468) that holds a private key.
pub fn refuse_private_key(bytes: &[u8], path: &Path, expected: &str) -> Result<(), Failure> {
    let line = bytes.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default();
    if !line.starts_with(b"-----BEGIN ") || !line.trim_ascii_end().ends_with(b"PRIVATE KEY-----") {
        return Ok(());
    }
    let told = format!("{} is a private key, expected {expected}", path.display());
    Err(Failure::new(told).hint(
        "what is public of a key is its vkey, in DIR/ledger.vkey or DIR/witness.vkey; nothing of \
         the private key was shown",
    ))
}

/// Returns the text that `bytes` are, which were read from the place of that name.
///
/// # Errors
///
/// Fails if they are not UTF-8.
pub fn text(bytes: Vec<u8>, place: &str) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        Failure::new(format!("{place} is not text: byte {at} is not UTF-8"))
            .hint("name a file of text, saved as UTF-8")
    })
}

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

/// Opens a file to read it. A pipe that nobody writes to would be waited for without end, so only
/// those that a shell hands over (`/dev/fd/63`) are opened.
///
/// # Errors
///
/// Fails if there is none, it cannot be read, or it is a pipe with a name.
pub fn open(path: &Path) -> Result<File, Failure> {
    let failed = |e: std::io::Error| Failure::io("read", path, &e);
    let fifo = std::fs::metadata(path).map_err(failed)?.file_type().is_fifo();
    if fifo && !is_handed_over(path) {
        return Err(Failure::new(format!("{} is a pipe, expected a file", path.display()))
            .hint("save what comes out of it as a file first"));
    }
    File::open(path).map_err(failed)
}

/// Returns whether a shell or the system handed over what is read from `path`, such as
/// `/dev/stdin`.
pub fn is_handed_over(path: &Path) -> bool {
    path.starts_with("/dev") || path.starts_with("/proc")
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

/// The pins for a source, and where they came from.
pub struct Found {
    /// The pins.
    pub pins: Pins,
    known: Option<(TrustStore, Known)>,
}

/// Finds the pins for `source`: those of the options, and those of the trust store unless the
/// options replace them.
///
/// # Errors
///
/// Fails if a pin cannot be read.
pub fn find_pins(source: &Source, args: &PinArgs, context: &Context) -> Result<Found, Failure> {
    if args.replaces() {
        return pins_of(None, args, context);
    }
    let claimed = source.last_checkpoint()?;
    pins_of(claimed.as_ref().map(Checkpoint::origin), args, context)
}

/// Finds the pins for a ledger of that origin: those of the options, and those of the trust store
/// unless the options replace them.
///
/// # Errors
///
/// As [`find_pins`].
pub fn pins_of(origin: Option<&str>, args: &PinArgs, context: &Context) -> Result<Found, Failure> {
    let given = args.pins()?;
    if args.replaces() {
        return Ok(Found { pins: given, known: None });
    }
    let mut found = find(origin, context)?;
    found.pins.seen.extend(given.seen);
    Ok(found)
}

/// Finds what the trust store knows of the ledger `origin`.
fn find(origin: Option<&str>, context: &Context) -> Result<Found, Failure> {
    let (Some(origin), Ok(store)) = (origin, TrustStore::of(context.config.as_deref())) else {
        return Ok(Found { pins: Pins::default(), known: None });
    };
    match store.find(origin)? {
        Some(known) => Ok(Found { pins: known.pins()?, known: Some((store, known)) }),
        None => Ok(Found { pins: Pins::default(), known: None }),
    }
}

impl Found {
    /// Takes note of how a verification under these pins ended: the trust store remembers the
    /// largest checkpoint accepted, and keeps one that contradicts it.
    ///
    /// # Errors
    ///
    /// Fails if the trust store cannot be written.
    pub fn remember(
        &self,
        source: &Source,
        verification: &verify::Verification,
        context: &Context,
    ) -> Result<(), Failure> {
        let Some((store, known)) = &self.known else {
            return Ok(());
        };
        let Some(last) = source.last_checkpoint()? else {
            return Ok(());
        };
        // The source is read a second time here: only what was verified is remembered.
        let verified = verification.checkpoints.last();
        let sound =
            verified.is_some_and(|c| c.sound && c.size == last.size() && c.root == last.root());
        if !sound {
            return Ok(());
        }
        let seen = known.seen();
        match verification.verdict() {
            // An extract may be silent on the checkpoint seen before: it never takes its place.
            Verdict::Whole if verification.pins_unchecked.is_empty() => {
                if seen.is_none_or(|seen| seen.size() < last.size()) {
                    store.saw(&known.origin, &last)?;
                }
            }
            Verdict::Failed => {
                // Anybody can make up a ledger of that origin; it shows nothing about this one.
                let ours = self.pins.ledger_id.is_some_and(|id| verification.ledger_id == Some(id))
                    || self.pins.keys.iter().any(|key| last.signed_by(key) != Signed::Absent);
                if let Some(seen) = seen.filter(|seen| ours && verification.denies(seen)) {
                    let proof = self.proof(source, &seen, &last);
                    contradiction::keep(store, [&seen, &last], proof.as_ref(), context)?;
                }
            }
            Verdict::Whole | Verdict::ConsistentWithItself | Verdict::NotWhole => {}
        }
        Ok(())
    }

    /// Returns the proof that one key signed both checkpoints, the last of `source` and one seen
    /// before, as far as the entries there suffice for it. It is made of nothing but what the key
    /// signed.
    fn proof(&self, source: &Source, seen: &Checkpoint, last: &Checkpoint) -> Option<Equivocation> {
        let ledger = source.read(&Pins::default()).ok()?;
        let keys: Vec<Vkey> = self
            .pins
            .logs()
            .cloned()
            .chain(contradiction::log_keys(&ledger, last.origin()))
            .collect();
        contradiction(&keys, seen, last, &contradiction::tree(&ledger))
    }

    /// Keeps a checkpoint as evidence if a key of the ledger signed it, and it has another root
    /// than the one that the trust store has seen at that size.
    ///
    /// # Errors
    ///
    /// Fails if the trust store cannot be written.
    pub fn keep_contradiction(&self, found: &Checkpoint, context: &Context) -> Result<(), Failure> {
        let Some((store, known)) = &self.known else {
            return Ok(());
        };
        let Some(seen) = known.seen() else {
            return Ok(());
        };
        let signs = |vkey: &Vkey| {
            vkey.name() == seen.origin() && matches!(found.signed_by(vkey), Signed::Holds(_))
        };
        let same = found.origin() == seen.origin() && found.size() == seen.size();
        if same && found.root() != seen.root() && self.pins.logs().any(signs) {
            let keys: Vec<Vkey> = self.pins.logs().cloned().collect();
            let proof = contradiction(&keys, &seen, found, &Tree::default());
            contradiction::keep(store, [&seen, found], proof.as_ref(), context)?;
        }
        Ok(())
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
