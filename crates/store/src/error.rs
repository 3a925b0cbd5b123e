//! What can go wrong with a store: one variant per cause, each naming the place, what was expected
//! and what was found. What to do about it is said by whoever prints the error.

use std::io;
use std::path::{Path, PathBuf};

use tally_ledger::hash::Hash;
use tally_ledger::note::NoteError;
use tally_ledger::receipt::ReceiptError;

/// Why an operation on a store failed. Unless a variant says otherwise, nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The directory does not exist.
    #[error("{} does not exist", dir.display())]
    NoDirectory {
        /// The directory that was named.
        dir: PathBuf,
    },
    /// The path names something that is not a directory.
    #[error("{} is not a directory", path.display())]
    NotADirectory {
        /// The path that was named.
        path: PathBuf,
    },
    /// The directory has no file `format`, so it is not a ledger directory.
    #[error("{} is not a ledger directory: it has no file named format", dir.display())]
    NotALedger {
        /// The directory that was named.
        dir: PathBuf,
    },
    /// The directory was written by a later version of this software.
    #[error("{} says version {version}; this program knows version 1", path.display())]
    NewerVersion {
        /// The file `format`.
        path: PathBuf,
        /// The version that it states.
        version: u32,
    },
    /// The file `format` exists but says something else.
    #[error("{} reads {found:?}, expected \"tally 1\"", path.display())]
    FormatDamaged {
        /// The file `format`.
        path: PathBuf,
        /// Its first 40 characters.
        found: String,
    },
    /// A new ledger was asked for where there is one already.
    #[error("{} is a ledger directory already", dir.display())]
    AlreadyALedger {
        /// The directory that was named.
        dir: PathBuf,
    },
    /// A new ledger was asked for in a directory that holds other things.
    #[error("{} is not empty: it holds {found:?}", dir.display())]
    NotEmpty {
        /// The directory that was named.
        dir: PathBuf,
        /// One of the names found in it.
        found: String,
    },
    /// Another process holds the ledger.
    #[error("{} is in use by {}", dir.display(), holder(*pid))]
    Locked {
        /// The ledger directory.
        dir: PathBuf,
        /// The process id that the holder wrote into `lock`, if it could be read.
        pid: Option<u32>,
    },
    /// The medium, the directory or the file does not let this process write.
    #[error("cannot {action} {}: {source}", path.display())]
    NotWritable {
        /// What was tried.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The disk, or the user's share of it, is full. Nothing of what was asked was kept.
    #[error("cannot {action} {}: no space is left", path.display())]
    NoSpace {
        /// What was tried.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
    },
    /// Less space is left than a safe append needs, so it was not begun.
    #[error("{} has {available} bytes left; this append needs {needed}", dir.display())]
    TooLittleSpace {
        /// The ledger directory.
        dir: PathBuf,
        /// Bytes that the append may need at most, sled's own growth included.
        needed: u64,
        /// Bytes available to this user.
        available: u64,
    },
    /// The system refused a file operation for another reason.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file `head` is missing from a ledger directory.
    #[error("{} is missing", path.display())]
    HeadMissing {
        /// The file `head`.
        path: PathBuf,
    },
    /// The file `head` does not hold what it should, or its check value does not match.
    #[error("{} is damaged", path.display())]
    HeadDamaged {
        /// The file `head`.
        path: PathBuf,
    },
    /// sled cannot open its files, or failed or panicked while it used them.
    #[error("the database {} cannot be used: {reason}", path.display())]
    DbUnusable {
        /// The database directory.
        path: PathBuf,
        /// sled's own words.
        reason: String,
    },
    /// sled holds fewer entries than were acknowledged.
    #[error(
        "the database {} holds {found} entries; {expected} were acknowledged",
        path.display()
    )]
    DbBehindHead {
        /// The database directory.
        path: PathBuf,
        /// How many entries the head file says were acknowledged.
        expected: u64,
        /// How many sled holds.
        found: u64,
    },
    /// sled holds another entry than the head file or the bundle files.
    #[error(
        "the database {} holds another entry {seq}: its id is {found}, expected {expected}",
        path.display()
    )]
    DbDiffers {
        /// The database directory.
        path: PathBuf,
        /// The position of the entry.
        seq: u64,
        /// The id of the entry by the head file or the bundle file.
        expected: Hash,
        /// The id of the entry in sled, or a text that says it has none.
        found: FoundId,
    },
    /// A bundle file ends, is missing or cannot be taken apart before an acknowledged entry.
    #[error(
        "{} holds no whole entry {seq} at byte {offset}; {expected} entries were acknowledged",
        path.display()
    )]
    EntryMissing {
        /// The bundle file.
        path: PathBuf,
        /// The position of the entry.
        seq: u64,
        /// Where in the file the entry should begin.
        offset: u64,
        /// How many entries the head file says were acknowledged.
        expected: u64,
    },
    /// The last acknowledged entry in the bundle file is not the one that the head file names.
    #[error(
        "{} holds another entry {seq}: its id is {found}, expected {expected}",
        path.display()
    )]
    EntryDiffers {
        /// The bundle file.
        path: PathBuf,
        /// The position of the entry.
        seq: u64,
        /// The id that the head file names.
        expected: Hash,
        /// The id of the bytes in the bundle file.
        found: Hash,
    },
    /// A signed checkpoint covers more entries than the ledger holds: some were lost.
    #[error("{} is signed for {size} entries; the ledger holds {len}", path.display())]
    BehindCheckpoint {
        /// The checkpoint file.
        path: PathBuf,
        /// The size that it states in its name.
        size: u64,
        /// How many entries were acknowledged.
        len: u64,
    },
    /// An append named another position than the next one: another process was faster.
    #[error("the next entry is {expected}, not {found}")]
    WrongSeq {
        /// The position of the next entry.
        expected: u64,
        /// The position that the caller named.
        found: u64,
    },
    /// An entry states another position than the one it would get, or another entry before it.
    #[error("entry {seq} does not name its own place and the entry before it")]
    WrongPlace {
        /// The position that the entry would have had.
        seq: u64,
    },
    /// An append was asked for without entries.
    #[error("there is no entry to append")]
    EmptyAppend,
    /// An entry is empty or larger than the format allows.
    #[error("entry {seq} has {found} bytes; an entry has 1 to 65535")]
    EntrySize {
        /// The position that the entry would have had.
        seq: u64,
        /// Its length in bytes.
        found: usize,
    },
    /// A bundle file changed while this process held the ledger.
    #[error(
        "{} has {found} bytes, expected {expected}: something else wrote to it",
        path.display()
    )]
    BundleChanged {
        /// The bundle file.
        path: PathBuf,
        /// Its length after the last append, in bytes.
        expected: u64,
        /// Its length now, in bytes.
        found: u64,
    },
    /// An append failed after its entries were written, or could not be taken back. It is not
    /// acknowledged; the next opening for writing keeps what is whole of it and reports that.
    #[error("entries {first} to {last} are written in part or whole, not acknowledged: {source}")]
    Unacknowledged {
        /// The position of the first entry of the append.
        first: u64,
        /// The position of its last entry.
        last: u64,
        /// What failed.
        source: Box<Error>,
    },
    /// An earlier append through this handle failed, so it takes no more; a new one may.
    #[error("an earlier append to {} failed; it must be opened again", dir.display())]
    Stale {
        /// The ledger directory.
        dir: PathBuf,
    },
    /// A checkpoint was given for a size that the ledger has not reached, or for size 0.
    #[error("a checkpoint of size {size} does not fit a ledger of {len} entries")]
    CheckpointSize {
        /// The size of the checkpoint.
        size: u64,
        /// How many entries were acknowledged.
        len: u64,
    },
    /// A checkpoint of this size is stored and says something else, or has signatures that the new
    /// one lacks. Two signed texts of one size are evidence: keep both.
    #[error("{} already holds another checkpoint of size {size}", path.display())]
    CheckpointConflict {
        /// The stored checkpoint.
        path: PathBuf,
        /// Its size.
        size: u64,
    },
    /// A checkpoint is not a signed note with an origin, a size and a root.
    #[error("{} is not a checkpoint: {source}", path.display())]
    CheckpointForm {
        /// The file that holds it, or would.
        path: PathBuf,
        /// What is wrong with it.
        source: NoteError,
    },
    /// A checkpoint is for another size than the one under which it is filed, or was to be.
    #[error("{} is a checkpoint of size {found}", path.display())]
    CheckpointName {
        /// The file that holds it, or would.
        path: PathBuf,
        /// The size that it states.
        found: u64,
    },
    /// A checkpoint states another root than that of the entries, by those copies that are at hand.
    #[error("{} states the root {expected}; the entries have {found}", path.display())]
    CheckpointRoot {
        /// The checkpoint.
        path: PathBuf,
        /// The root that it states.
        expected: Hash,
        /// The root of the entries.
        found: Hash,
    },
    /// A file is not the signed root of a ledger (FORMAT.md, "Receipts").
    #[error("{} is not a signed root: {source}", path.display())]
    RootForm {
        /// The file that holds it.
        path: PathBuf,
        /// What is wrong with it.
        source: ReceiptError,
    },
    /// A signed root belongs beside a checkpoint of the same ledger and size, and there is none.
    #[error("{} has no checkpoint of {origin} and size {size} beside it", path.display())]
    RootAlone {
        /// The file that holds it, or would.
        path: PathBuf,
        /// The origin that it names.
        origin: String,
        /// The size under which it is filed.
        size: u64,
    },
    /// An entry does not name its own position and the id of the entry before.
    #[error("entry {seq} in {} does not follow the entry before it", path.display())]
    ChainBroken {
        /// The bundle file, or the database directory if only that holds the entry.
        path: PathBuf,
        /// The position of the entry.
        seq: u64,
    },
    /// sled has no file, or has not this entry.
    #[error("the database {} lacks entry {seq}", path.display())]
    DbMissing {
        /// The database directory.
        path: PathBuf,
        /// The position of the entry.
        seq: u64,
    },
    /// No copy holds this entry whole, so nothing can be rebuilt from them.
    #[error(
        "entry {seq} is whole neither in {} nor in {}; its id is {id}",
        bundle.display(), db.display()
    )]
    EntryLost {
        /// The position of the entry.
        seq: u64,
        /// The id that the entry after it names, or the head.
        id: FoundId,
        /// The bundle file that should hold it.
        bundle: PathBuf,
        /// The database directory, which should hold it too.
        db: PathBuf,
    },
    /// A file in `checkpoints`, `roots` or `evidence` has a name that does not belong there.
    #[error("{} does not belong there: its name is not {expected}", path.display())]
    StrangeFile {
        /// The file.
        path: PathBuf,
        /// What names look like in that place.
        expected: &'static str,
    },
    /// An evidence file does not have the digest that is its name.
    #[error("{} has the digest {found}, expected its name", path.display())]
    EvidenceDamaged {
        /// The evidence file.
        path: PathBuf,
        /// The SHA-256 of its content.
        found: Hash,
    },
    /// What was to become an evidence file could not be read.
    #[error("cannot read the evidence: {source}")]
    EvidenceSource {
        /// The reason.
        source: io::Error,
    },
}

/// The id found where another was expected, or the absence of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundId(pub Option<Hash>);

impl std::fmt::Display for FoundId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(id) => id.fmt(f),
            None => f.write_str("unknown"),
        }
    }
}

impl Error {
    /// Sorts a failure of the system by its cause.
    pub(crate) fn failed(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        let writes = !action.starts_with("read");
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::NoSpace { action, path }
            }
            io::ErrorKind::ReadOnlyFilesystem => Self::NotWritable { action, path, source },
            io::ErrorKind::PermissionDenied if writes => Self::NotWritable { action, path, source },
            _ => Self::Io { action, path, source },
        }
    }
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}
