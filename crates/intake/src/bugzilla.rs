//! Bugzilla: the answers of its REST interface become bugs with every revision of every comment.
//!
//! An answer comes in many shapes: bug, comments, history and attachments apart, several in one
//! object, or a list of bugs that hold them. What an answer does not hold is said in
//! [`Bug::missing`]; it is never taken for empty. Two answers that contradict each other are
//! refused. Members that this module does not need are passed over.

mod answer;
mod assembly;
mod member;
mod part;
mod revision;

use tally_ledger::hash::Hash;
use tally_ledger::time::Instant;

use crate::json::{self, JsonError};
use answer::Drafts;
use member::{Node, shown};

/// The largest answer, in bytes.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The most answers that are read together.
pub const ANSWERS_MAX: usize = 10_000;
/// The most bugs in one answer.
pub const BUGS_MAX: usize = 10_000;
/// The most comments, changes and attachments of a bug, each.
pub const ITEMS_MAX: usize = 20_000;
/// The longest comment, in bytes; Bugzilla takes 65,535 characters.
pub const TEXT_BYTES_MAX: usize = 512 * 1024;
/// The longest other text, in bytes.
const FIELD_BYTES_MAX: usize = 64 * 1024;

/// One captured answer.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// What messages call it, such as the name of its file.
    pub name: &'a str,
    /// Its exact bytes.
    pub bytes: &'a [u8],
    /// When it was fetched, if that is known.
    pub fetched: Option<Instant>,
}

/// A bug, as far as the answers hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bug {
    /// Its number.
    pub number: u64,
    /// Its fields, as the last answer that holds them has them.
    pub details: Option<Details>,
    /// Its public comments, ascending in number.
    pub comments: Vec<Comment>,
    /// How many private comments were left out.
    pub private_comments: usize,
    /// Its changes but those of comments' texts, ascending in time.
    pub changes: Vec<Change>,
    /// Its public attachments, ascending in id.
    pub attachments: Vec<Attachment>,
    /// How many private attachments were left out.
    pub private_attachments: usize,
    /// When the first and the last of the answers about it were fetched, if that is known.
    pub fetched: Option<(Instant, Instant)>,
    /// The answers that hold the list of its comments, in the order of fetching; those whose time
    /// is not known are left out.
    pub captures: Vec<Capture>,
    /// What the answers do not hold.
    pub missing: Vec<Missing>,
}

/// An answer as it was captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Capture {
    /// When it was fetched.
    pub fetched: Instant,
    /// The digest of its exact bytes.
    pub digest: Hash,
    /// Its length in bytes.
    pub size: u64,
}

/// The fields of a bug. A field that the answer leaves out is `None`; one that is empty in the
/// tracker is an empty text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// Its title.
    pub summary: String,
    /// Its status, such as `ASSIGNED`.
    pub status: Option<String>,
    /// Its resolution, such as `FIXED`; empty while it is open.
    pub resolution: Option<String>,
    /// Its whiteboard.
    pub whiteboard: Option<String>,
    /// The account that opened it.
    pub creator: Option<String>,
    /// The account that it is assigned to.
    pub assigned_to: Option<String>,
    /// When it was opened.
    pub created: Option<Instant>,
    /// When it was last resolved.
    pub resolved: Option<Instant>,
    /// How many comments it has, private ones included.
    pub comment_count: Option<u64>,
    /// How many groups may see it; 0 if everybody may.
    pub groups: usize,
}

/// A public comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its number in the bug; the description is 0.
    pub number: u64,
    /// Its number in the tracker, if the answer says it.
    pub id: Option<u64>,
    /// The account that wrote it, as the first answer has it.
    pub author: String,
    /// When it was posted.
    pub time: Instant,
    /// The attachment that it came with.
    pub attachment: Option<u64>,
    /// Its texts in order: as first known, then after each edit. There is at least one.
    pub revisions: Vec<Revision>,
}

impl Comment {
    /// Returns the text as it stands last; `None` if an administrator hid it.
    pub fn text(&self) -> Option<&str> {
        self.revisions.last().and_then(|revision| revision.text.as_deref())
    }
}

/// One text of a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// The exact text; `None` if an administrator hid it.
    pub text: Option<String>,
    /// From when it stood there.
    pub since: Since,
}

/// From when a text stood in a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// It is the earliest text that is known.
    First,
    /// The history records the edit at this instant.
    Edited(Instant),
    /// No recorded edit made it. It stood there not before `after`, and not later than `by` if
    /// that is known.
    Between {
        /// The last instant at which another text is known to have stood there.
        after: Instant,
        /// The first instant at which it is known to have stood there.
        by: Option<Instant>,
    },
}

/// A change of a field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// When.
    pub when: Instant,
    /// The account that made it.
    pub who: String,
    /// The field, as the interface names it: `whiteboard`, `status`, `flagtypes.name`, …
    pub field: String,
    /// What was taken out.
    pub removed: String,
    /// What was put in.
    pub added: String,
    /// The attachment that it concerns.
    pub attachment: Option<u64>,
    /// The number of the comment that it concerns.
    pub comment: Option<u64>,
}

/// A public attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its number in the tracker.
    pub id: u64,
    /// The name of its file.
    pub file_name: String,
    /// Its description.
    pub summary: Option<String>,
    /// Its media type.
    pub content_type: Option<String>,
    /// Its length in bytes.
    pub size: Option<u64>,
    /// The account that attached it.
    pub creator: Option<String>,
    /// When it was attached.
    pub created: Option<Instant>,
    /// Whether it is marked as obsolete.
    pub is_obsolete: bool,
    /// Its exact bytes, if it may be a list of certificates and an answer holds them.
    pub content: Option<Vec<u8>>,
}

impl Attachment {
    /// Returns whether it may be a list of certificates: separated values, by name or media type.
    pub fn is_list(&self) -> bool {
        let name = self.file_name.to_ascii_lowercase();
        let types = ["text/csv", "text/tab-separated-values", "application/csv"];
        let is_type = |of: &String| types.iter().any(|known| of.starts_with(known));
        [".csv", ".tsv"].iter().any(|end| name.ends_with(end))
            || self.content_type.as_ref().is_some_and(is_type)
    }
}

/// What no answer holds about a bug.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// Its fields.
    #[error("its fields were not captured: title, status, whiteboard")]
    Details,
    /// Its comments.
    #[error("its comments were not captured")]
    Comments,
    /// Its history.
    #[error("its history was not captured: edits of comments and changes of fields are unknown")]
    History,
    /// Its attachments.
    #[error("its attachments were not captured")]
    Attachments,
    /// The content of attachments that may be lists of certificates.
    #[error("the content of {} was not captured", several_lists(*count))]
    Lists {
        /// How many.
        count: usize,
    },
    /// Comments of these numbers, out of those that the bug should have; at most 20 are named.
    #[error("{count} of its comments were not captured: {}", listed(numbers, *count))]
    SomeComments {
        /// The first of them.
        numbers: Vec<u64>,
        /// How many there are.
        count: u64,
    },
    /// The texts of a comment do not follow from each other: an edit between them is not known.
    #[error("comment {comment}: an edit of it is not in the history that was captured")]
    Edit {
        /// The number of the comment.
        comment: u64,
    },
    /// An administrator hid texts of a comment.
    #[error("comment {comment}: {count} of its texts were hidden by an administrator")]
    Hidden {
        /// The number of the comment.
        comment: u64,
        /// How many.
        count: usize,
    },
    /// Edits of comments that are not among those captured.
    #[error("{count} edits concern comments that were not captured")]
    EditsOfOthers {
        /// How many.
        count: usize,
    },
    /// The account of a comment's author has another name in a later answer.
    #[error("comment {comment}: its author's account was renamed between the captures")]
    Renamed {
        /// The number of the comment.
        comment: u64,
    },
}

fn several_lists(count: usize) -> String {
    if count == 1 { "an attached list".to_owned() } else { format!("{count} attached lists") }
}

fn listed(numbers: &[u64], count: u64) -> String {
    let named: Vec<String> = numbers.iter().map(u64::to_string).collect();
    let rest = if count > numbers.len() as u64 { ", …" } else { "" };
    format!("{}{rest}", named.join(", "))
}

/// Why answers cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// An answer is too large.
    #[error("{file}: expected at most {ANSWER_BYTES_MAX} bytes, found {found}")]
    TooLarge {
        /// The answer.
        file: String,
        /// Its length in bytes.
        found: usize,
    },
    /// There are too many answers.
    #[error("expected at most {ANSWERS_MAX} answers, found {found}")]
    TooMany {
        /// How many.
        found: usize,
    },
    /// An answer is not JSON.
    #[error("{file}: expected JSON of the REST interface, found {found}: {error}")]
    NotJson {
        /// The answer.
        file: String,
        /// Its beginning.
        found: String,
        /// Where and why.
        error: JsonError,
    },
    /// The tracker answered with an error.
    #[error("{file}: the tracker answered with error {code}: {message}")]
    Refused {
        /// The answer.
        file: String,
        /// The tracker's code: 100 and 101 no such bug, 102 access denied.
        code: String,
        /// The tracker's words.
        message: String,
    },
    /// A member is missing, of another kind, or contradicts another.
    #[error("{file}: {path}: expected {expected}, found {found}")]
    Member {
        /// The answer.
        file: String,
        /// Where in it.
        path: String,
        /// What belongs there.
        expected: String,
        /// What is there.
        found: String,
    },
}

/// Reads answers together, and returns the bugs that they hold, ascending in number.
///
/// The answers may be parts of one capture or several captures of the same bug: a comment whose
/// text differs between two of them was edited. They are taken in the order in which they were
/// fetched; those without a time come after the others, in the order given.
///
/// # Errors
///
/// Fails at the first answer that is beyond the limits, is not JSON, reports an error, holds no
/// bug, or contradicts another.
pub fn read(answers: &[Answer<'_>]) -> Result<Vec<Bug>, ReadError> {
    if answers.len() > ANSWERS_MAX {
        return Err(ReadError::TooMany { found: answers.len() });
    }
    let mut ordered: Vec<&Answer<'_>> = answers.iter().collect();
    ordered.sort_by_key(|answer| (answer.fetched.is_none(), answer.fetched));
    let mut drafts = Drafts::default();
    for answer in ordered {
        let file = answer.name;
        if answer.bytes.len() > ANSWER_BYTES_MAX {
            return Err(ReadError::TooLarge { file: file.into(), found: answer.bytes.len() });
        }
        let value = json::read(answer.bytes).map_err(|error| {
            let start = &answer.bytes[..answer.bytes.len().min(240)];
            let found = match String::from_utf8_lossy(start).trim() {
                "" => "nothing".to_owned(),
                start => shown(start),
            };
            ReadError::NotJson { file: file.into(), found, error }
        })?;
        let capture = answer.fetched.map(|fetched| Capture {
            fetched,
            digest: Hash::of(answer.bytes),
            size: answer.bytes.len() as u64,
        });
        drafts.take(Node::whole(&value, file), capture)?;
    }
    Ok(drafts.bugs())
}

#[cfg(test)]
mod tests;
