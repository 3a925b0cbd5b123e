//! Why a command could not run: what went wrong, and what to do about it.

use std::fmt;
use std::path::Path;

use tally_ledger::fault::Fault;
use tally_ledger::verify::ReadError;

use crate::keyfile::KeyFileError;
use crate::passphrase::PassphraseError;

/// The exit status of every command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// 0: it ran, and nothing was found.
    Clean,
    /// 1: divergences were found, or errors in a draft.
    Diverges,
    /// 2: it could not run.
    CouldNotRun,
    /// 3: the ledger failed verification, or a pin was not met. It outranks 2, and 2 outranks 1.
    Failed,
}

impl Status {
    /// Returns the number that the process exits with.
    pub fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Diverges => 1,
            Self::CouldNotRun => 2,
            Self::Failed => 3,
        }
    }
}

/// One clear error with a hint, after which a command ends.
#[derive(Debug)]
pub struct Failure {
    message: String,
    hint: Option<String>,
    status: Status,
}

impl Failure {
    /// Returns a failure with the status 2 and no hint.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, status: Status::CouldNotRun }
    }

    /// Returns the failure with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Returns the failure with the place it concerns ahead of it.
    #[must_use]
    pub fn at(mut self, place: &str) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// Returns the failure with another status.
    #[must_use]
    pub fn status(mut self, status: Status) -> Self {
        self.status = status;
        self
    }

    /// Returns the exit status that the failure asks for.
    pub fn exit(&self) -> Status {
        self.status
    }

    /// Returns the failure of a file operation.
    pub fn io(action: &str, path: &Path, error: &std::io::Error) -> Self {
        let failure = Self::new(format!("cannot {action} {}: {error}", path.display()));
        match error.kind() {
            std::io::ErrorKind::NotFound => failure.hint("check the path"),
            std::io::ErrorKind::AlreadyExists => {
                failure.hint("choose another name, or move that file away")
            }
            std::io::ErrorKind::StorageFull => failure.hint("free some space and try again"),
            std::io::ErrorKind::PermissionDenied => failure.hint("check its owner and mode"),
            std::io::ErrorKind::IsADirectory => failure.hint("name a file, not a folder"),
            std::io::ErrorKind::NotADirectory => {
                failure.hint("check the path: a part of it is a file, not a folder")
            }
            _ => failure.hint("check the path and the disk"),
        }
    }

    /// Returns the failure of the source of randomness.
    pub fn no_randomness(error: &getrandom::Error) -> Self {
        Self::new(format!("the operating system gives no randomness: {error}"))
            .hint("try again later; no safe key can be made without it")
    }

    /// Returns the failure of an input that holds more than `most` bytes.
    pub fn too_large(place: &str, most: u64) -> Self {
        Self::new(format!("{place} is larger than {most} bytes"))
            .hint("name another file; long texts are kept as evidence, by their digest")
    }

    /// Returns the failure of a command line that cannot be read.
    pub fn usage(error: &clap::Error) -> Self {
        let text = error.to_string();
        let text = text.strip_prefix("error: ").unwrap_or(&text);
        let (text, _) = text.split_once("\n\nFor more information").unwrap_or((text, ""));
        Self::new(text).hint("add --help to see what the command takes")
    }

    /// Returns the failure of a file that was to be a bundle or an extract.
    pub fn unread(path: &Path, error: ReadError) -> Self {
        match error {
            ReadError::Io(error) => Self::io("read", path, &error),
            ReadError::NotALedger { .. } => Self::new(format!("{}: {error}", path.display()))
                .hint("name a ledger directory, or a file made with: tally export -o FILE"),
        }
    }

    /// Returns the failure of a ledger that does not hold, where a command needs one that does.
    pub fn unsound(source: &Path, fault: &Fault) -> Self {
        Self::new(format!("{} fails verification: {fault}", source.display()))
            .hint(format!("run: tally verify {}", source.display()))
            .status(Status::Failed)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        self.hint.iter().try_for_each(|hint| write!(f, "\nhint: {hint}"))
    }
}

impl From<tally_store::Error> for Failure {
    fn from(error: tally_store::Error) -> Self {
        use tally_store::Error as E;
        let hint = match &error {
            E::NoDirectory { .. } | E::NotADirectory { .. } => "check the path",
            E::NotALedger { .. } => "name a ledger directory, or make one with: tally init DIR",
            E::NewerVersion { .. } => "use the version of tally that wrote it, or a later one",
            E::AlreadyALedger { .. } | E::NotEmpty { .. } => "choose another directory",
            E::Locked { .. } => "wait until that process ends, or end it",
            E::NotWritable { .. } => "check its owner and mode, and that the disk is writable",
            E::NoSpace { .. } | E::TooLittleSpace { .. } => "free some space and try again",
            E::Unacknowledged { .. } => {
                "do not record it again yet: the next command that writes says what was kept"
            }
            E::BehindCheckpoint { .. } | E::EntryLost { .. } => {
                "restore the directory from a mirror, or its entries from an exported bundle"
            }
            E::DbBehindHead { .. }
            | E::DbDiffers { .. }
            | E::DbUnusable { .. }
            | E::EntryMissing { .. }
            | E::EntryDiffers { .. }
            | E::HeadMissing { .. }
            | E::HeadDamaged { .. } => "run: tally doctor DIR --rebuild",
            _ => "run: tally doctor DIR",
        };
        Self::new(error.to_string()).hint(hint)
    }
}

impl From<tally_ledger::name::NameError> for Failure {
    fn from(error: tally_ledger::name::NameError) -> Self {
        Self::new(error.to_string()).hint("correct the name")
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(format!("cannot read or write: {error}")).hint("check the path and the disk")
    }
}

impl From<KeyFileError> for Failure {
    fn from(error: KeyFileError) -> Self {
        let hint = error.hint();
        Self::new(error.to_string()).hint(hint)
    }
}

impl From<PassphraseError> for Failure {
    fn from(error: PassphraseError) -> Self {
        let hint = error.hint();
        Self::new(error.to_string()).hint(hint)
    }
}
