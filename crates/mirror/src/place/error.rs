//! Why a place cannot be used, and how that is told.

use object_store::Error as StoreError;
use object_store::client::{HttpError, HttpErrorKind};

/// Why a place cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The name is that of no place.
    #[error("{name} is no place to publish to or read from: {reason}")]
    Name {
        /// The name.
        name: String,
        /// Why.
        reason: String,
    },
    /// The place refuses, or cannot be reached.
    #[error("{name}: {path}: {reason}")]
    Refused {
        /// The place.
        name: String,
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// The place is silent.
    #[error("{name}: {path}: no whole answer within {seconds} seconds")]
    TimedOut {
        /// The place.
        name: String,
        /// The file.
        path: String,
        /// The longest time allowed.
        seconds: u64,
    },
    /// A file is larger than it may be.
    #[error("{name}: {path} has {found} bytes, at most {most} expected")]
    TooLarge {
        /// The place.
        name: String,
        /// The file.
        path: String,
        /// Its size.
        found: u64,
        /// The largest size.
        most: u64,
    },
    /// A file that never changes holds something else.
    #[error("{name}: {path} is there with other bytes: {found} bytes found, {expected} expected")]
    Other {
        /// The place.
        name: String,
        /// The file.
        path: String,
        /// How many bytes it has, or more.
        found: u64,
        /// How many it should have.
        expected: u64,
    },
    /// The place ignores conditions, so that two publishers may overwrite each other.
    #[error("{name} ignores the condition of a write: {what}")]
    Unconditional {
        /// The place.
        name: String,
        /// What was tried.
        what: &'static str,
    },
}

/// Returns whether silence is the cause.
pub(super) fn timed_out(e: &StoreError) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(e);
    while let Some(e) = cause {
        let http = e.downcast_ref::<HttpError>();
        if http.is_some_and(|http| http.kind() == HttpErrorKind::Timeout) {
            return true;
        }
        cause = e.source();
    }
    false
}

/// The longest reason that is told, in characters: some servers answer with a page.
const REASON_MAX: usize = 400;

/// Returns an error with its causes, each once, on one line.
pub(super) fn causes(e: &dyn std::error::Error) -> String {
    let mut told = e.to_string();
    let mut cause = e.source();
    while let Some(e) = cause {
        let text = e.to_string();
        if !told.contains(&text) {
            told = format!("{told}: {text}");
        }
        cause = e.source();
    }
    let told: Vec<&str> = told.split_whitespace().collect();
    told.join(" ").chars().take(REASON_MAX).collect()
}
