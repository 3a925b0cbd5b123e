//! What an answer holds, by its shape, gathered bug by bug.

use std::collections::{BTreeMap, BTreeSet};

use tally_ledger::time::Instant;

use super::member::{Node, shown};
use super::part::details;
use super::{Attachment, BUGS_MAX, Capture, Change, Details, FIELD_BYTES_MAX, ReadError};

/// Everything that was read so far.
#[derive(Default)]
pub(super) struct Drafts {
    /// By the numbers of the bugs.
    pub(super) bugs: BTreeMap<u64, Draft>,
    /// The answer that is being taken in, if its time is known.
    pub(super) capture: Option<Capture>,
}

/// What was read of one bug.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) details: Option<Details>,
    /// Whether an answer held the list of comments, of changes, and of attachments.
    pub(super) has: Has,
    /// By their numbers.
    pub(super) comments: BTreeMap<u64, Seen>,
    pub(super) edits: Vec<Edit>,
    pub(super) changes: Vec<Change>,
    /// By their ids; private ones are there without more.
    pub(super) attachments: BTreeMap<u64, Option<Attachment>>,
    pub(super) fetched: Option<(Instant, Instant)>,
    /// The answers that hold the list of comments.
    pub(super) captures: BTreeSet<Capture>,
    /// When the last history was fetched.
    pub(super) history_fetched: Option<Instant>,
}

/// Which lists an answer held.
#[derive(Default)]
pub(super) struct Has {
    pub(super) comments: bool,
    pub(super) history: bool,
    pub(super) attachments: bool,
}

/// A comment as the answers have it.
pub(super) struct Seen {
    pub(super) id: Option<u64>,
    pub(super) author: String,
    pub(super) renamed: bool,
    pub(super) time: Instant,
    pub(super) attachment: Option<u64>,
    /// Whether any answer says that it is private.
    pub(super) is_private: bool,
    /// Its text in each answer.
    pub(super) texts: Vec<SeenText>,
}

/// A text of a comment, as one answer has it.
pub(super) struct SeenText {
    /// The text alone; if the answer does not tell it apart, with what Bugzilla puts before it.
    pub(super) exact: String,
    /// The text with what Bugzilla puts before it.
    pub(super) full: Option<String>,
    pub(super) fetched: Option<Instant>,
}

/// An edit of a comment, as the history has it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edit {
    pub(super) when: Instant,
    pub(super) number: Option<u64>,
    pub(super) id: Option<u64>,
    pub(super) removed: String,
    pub(super) added: String,
}

impl Drafts {
    /// Takes in one answer.
    pub(super) fn take(
        &mut self,
        answer: Node<'_, '_>,
        capture: Option<Capture>,
    ) -> Result<(), ReadError> {
        self.capture = capture;
        let fetched = capture.map(|capture| capture.fetched);
        if answer.is_list() {
            for item in answer.items(BUGS_MAX)? {
                self.object(&item, None, fetched)?;
            }
            return Ok(());
        }
        self.object(&answer, None, fetched)
    }

    /// Takes in one object: an answer, several answers in one, a bug, a comment or an attachment.
    fn object(
        &mut self,
        object: &Node<'_, '_>,
        of: Option<u64>,
        fetched: Option<Instant>,
    ) -> Result<(), ReadError> {
        if !object.is_object() {
            return Err(object.wrong("an answer of the REST interface"));
        }
        refused(object)?;
        if object.has("bugs") {
            return self.answer(object, fetched);
        }
        if let Some(bug) = object.get("bug") {
            return self.several(object, &bug, fetched);
        }
        if object.has("count") && (object.has("text") || object.has("raw_text")) {
            let number = of.map_or_else(|| object.need("bug_id")?.number(), Ok)?;
            return self.comment(number, object, fetched);
        }
        if object.has("file_name") && object.has("bug_id") {
            let number = object.need("bug_id")?.number()?;
            return self.attachment(number, object, fetched);
        }
        if object.has("id") {
            return self.bug(object, fetched);
        }
        Err(object.wrong("bugs, or a bug with its id"))
    }

    /// Takes in `{"bugs": …}`, as every address of the interface answers.
    fn answer(&mut self, answer: &Node<'_, '_>, fetched: Option<Instant>) -> Result<(), ReadError> {
        if let Some(faults) = answer.get("faults")
            && let Some(fault) = faults.items(BUGS_MAX)?.next()
        {
            return Err(refusal(&fault, "faultCode", "faultString"));
        }
        let bugs = answer.need("bugs")?;
        if bugs.is_list() {
            for bug in bugs.items(BUGS_MAX)? {
                self.bug(&bug, fetched)?;
            }
        } else {
            for (name, held) in bugs.members()? {
                let number = held.number_of(name)?;
                if held.is_list() {
                    self.attachments(number, &held, fetched)?;
                } else {
                    let comments = held.need("comments")?;
                    self.comments(number, &comments, fetched)?;
                }
            }
        }
        for (list, is_comment) in [("comments", true), ("attachments", false)] {
            let Some(single) = answer.get(list) else {
                continue;
            };
            for (_, item) in single.members()? {
                let number = item.need("bug_id")?.number()?;
                if is_comment {
                    self.comment(number, &item, fetched)?;
                } else {
                    self.attachment(number, &item, fetched)?;
                }
            }
        }
        Ok(())
    }

    /// Takes in an object that holds several answers about one bug, under the names of the parts.
    fn several(
        &mut self,
        whole: &Node<'_, '_>,
        bug: &Node<'_, '_>,
        fetched: Option<Instant>,
    ) -> Result<(), ReadError> {
        self.object(bug, None, fetched)?;
        for part in ["comments", "history", "attachments"] {
            match whole.get(part) {
                Some(list) if list.is_list() => {
                    let number = bug.need("id")?.number()?;
                    self.list(number, part, &list, fetched)?;
                }
                Some(answer) => self.object(&answer, None, fetched)?,
                None => {}
            }
        }
        Ok(())
    }

    /// Takes in a bug: its fields, its lists, or both.
    fn bug(&mut self, bug: &Node<'_, '_>, fetched: Option<Instant>) -> Result<(), ReadError> {
        let number = bug.need("id")?.number()?;
        let mut any = false;
        for part in ["comments", "history", "attachments"] {
            if let Some(list) = bug.get(part) {
                self.list(number, part, &list, fetched)?;
                any = true;
            }
        }
        if bug.has("summary") || !any {
            self.draft(number, fetched).details = Some(details(bug)?);
        }
        Ok(())
    }

    fn list(
        &mut self,
        number: u64,
        part: &str,
        list: &Node<'_, '_>,
        fetched: Option<Instant>,
    ) -> Result<(), ReadError> {
        match part {
            "comments" => self.comments(number, list, fetched),
            "history" => self.history(number, list, fetched),
            _ => self.attachments(number, list, fetched),
        }
    }

    pub(super) fn draft(&mut self, number: u64, fetched: Option<Instant>) -> &mut Draft {
        let draft = self.bugs.entry(number).or_default();
        if let Some(at) = fetched {
            let (first, last) = draft.fetched.unwrap_or((at, at));
            draft.fetched = Some((first.min(at), last.max(at)));
        }
        draft
    }
}

/// Fails if the object is the tracker's word that something went wrong.
fn refused(object: &Node<'_, '_>) -> Result<(), ReadError> {
    let is_error = object.get("error").is_some_and(|error| error.is_true());
    if is_error { Err(refusal(object, "code", "message")) } else { Ok(()) }
}

fn refusal(object: &Node<'_, '_>, code: &'static str, message: &'static str) -> ReadError {
    let code = object.get(code).and_then(|code| code.number().ok());
    let message = object.get(message).and_then(|node| node.text(FIELD_BYTES_MAX).ok());
    ReadError::Refused {
        file: object.file().to_owned(),
        code: code.map_or_else(|| "without a code".to_owned(), |code| code.to_string()),
        message: shown(message.unwrap_or("no reason given")),
    }
}
