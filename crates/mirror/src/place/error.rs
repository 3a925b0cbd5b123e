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
        /// Of what sort that is.
        refusal: Refusal,
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

/// Of what sort a refusal is: what can be done about it depends on that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody answers there.
    Unreachable,
    /// Whoever answers does not let us.
    Denied,
    /// No credentials are set, and this machine has none of its own.
    NoCredentials,
    /// The address of the object store has no TLS, which was not allowed.
    NoTls,
    /// Something else.
    Other,
}

impl Refusal {
    /// Returns of what sort an error is.
    pub(super) fn of(e: &StoreError) -> Self {
        let told = causes(e);
        // Where nothing is set, credentials are asked of the machine's cloud, at this address.
        if ["169.254.169.254", "metadata.google.internal"].iter().any(|at| told.contains(at)) {
            return Self::NoCredentials;
        }
        if told.contains("URL scheme is not allowed") {
            return Self::NoTls;
        }
        match e {
            StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. } => {
                Self::Denied
            }
            _ if http(e).is_some() => Self::Unreachable,
            _ => Self::Other,
        }
    }
}

/// Returns the failure of a request that never got an answer, if that is the cause.
fn http(e: &StoreError) -> Option<&HttpError> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(e);
    while let Some(e) = cause {
        if let Some(http) = e.downcast_ref::<HttpError>() {
            return Some(http);
        }
        cause = e.source();
    }
    None
}

/// Returns why a place refuses, in the words of whoever does, without those of the library that
/// asked for us.
pub(super) fn reason(e: &StoreError) -> String {
    match Refusal::of(e) {
        Refusal::NoCredentials => return "no credentials are set".to_owned(),
        Refusal::NoTls => return "its address begins with http://, which has no TLS".to_owned(),
        Refusal::Unreachable | Refusal::Denied | Refusal::Other => {}
    }
    let told = causes(e);
    if let Some(answer) = after(&told, "Server returned non-2xx status code: ") {
        let (status, body) = answer.split_once(": ").unwrap_or((answer, ""));
        let status = status.trim_end_matches(':');
        // Object stores name the error in XML; a page says nothing.
        let part = |name: &str| after(body, &format!("<{name}>"))?.split('<').next();
        return match (part("Code"), part("Message")) {
            (Some(code), Some(message)) => format!("answered {status}: {code}: {message}"),
            (Some(code), None) => format!("answered {status}: {code}"),
            _ if body.is_empty() || body.starts_with('<') => format!("answered {status}"),
            _ => format!("answered {status}: {body:.100}"),
        };
    }
    let told = ["client error (Connect): ", "error sending request: ", "HTTP error: "]
        .iter()
        .find_map(|head| after(&told, head))
        .unwrap_or(&told);
    told.to_owned()
}

fn after<'a>(text: &'a str, head: &str) -> Option<&'a str> {
    text.split_once(head).map(|(_, rest)| rest)
}

/// Returns whether silence is the cause.
pub(super) fn timed_out(e: &StoreError) -> bool {
    http(e).is_some_and(|http| http.kind() == HttpErrorKind::Timeout)
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
