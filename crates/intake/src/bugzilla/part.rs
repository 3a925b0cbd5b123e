//! The parts of a bug, member by member: fields, comments, history, attachments.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tally_ledger::time::Instant;

use super::answer::{Drafts, Edit, Seen, SeenText};
use super::member::{Node, shown};
use super::{
    ANSWER_BYTES_MAX, Attachment, Change, Details, FIELD_BYTES_MAX, ITEMS_MAX, ReadError,
    TEXT_BYTES_MAX,
};

/// The most edits of comments in the histories of a bug.
const EDITS_MAX: usize = 5_000;

impl Drafts {
    pub(super) fn comments(
        &mut self,
        number: u64,
        list: &Node<'_, '_>,
        fetched: Option<Instant>,
    ) -> Result<(), ReadError> {
        let capture = self.capture;
        let draft = self.draft(number, fetched);
        draft.has.comments = true;
        draft.captures.extend(capture);
        list.items(ITEMS_MAX)?.try_for_each(|comment| self.comment(number, &comment, fetched))
    }

    pub(super) fn comment(
        &mut self,
        bug: u64,
        comment: &Node<'_, '_>,
        fetched: Option<Instant>,
    ) -> Result<(), ReadError> {
        belongs(comment, bug)?;
        let number = comment.need("count")?.number()?;
        let seen = seen(comment, fetched)?;
        let draft = self.draft(bug, fetched);
        draft.has.comments = true;
        if let Some(before) = draft.comments.get_mut(&number) {
            return before.join(seen, comment);
        }
        if draft.comments.len() == ITEMS_MAX {
            return Err(comment.wrong(&format!("at most {ITEMS_MAX} comments of a bug")));
        }
        draft.comments.insert(number, seen);
        Ok(())
    }

    pub(super) fn history(
        &mut self,
        number: u64,
        list: &Node<'_, '_>,
        fetched: Option<Instant>,
    ) -> Result<(), ReadError> {
        let draft = self.draft(number, fetched);
        draft.has.history = true;
        draft.history_fetched = draft.history_fetched.max(fetched);
        for group in list.items(ITEMS_MAX)? {
            let when = group.need("when")?.instant()?;
            let who = group.need("who")?.text(FIELD_BYTES_MAX)?;
            for change in group.need("changes")?.items(ITEMS_MAX)? {
                let field = change.need("field_name")?.text(FIELD_BYTES_MAX)?;
                let about = |name| change.get(name).map(|node| node.number()).transpose();
                let text = |name| {
                    let most = TEXT_BYTES_MAX;
                    change.get(name).map_or(Ok(String::new()), |node| Ok(node.text(most)?.into()))
                };
                let (removed, added) = (text("removed")?, text("added")?);
                let comment = about("comment_count")?;
                if field == "comment_revision" {
                    let id = about("comment_id")?;
                    if comment.is_none() && id.is_none() {
                        return Err(change.wrong("comment_count or comment_id"));
                    }
                    draft.edits.push(Edit { when, number: comment, id, removed, added });
                } else {
                    draft.changes.push(Change {
                        when,
                        who: who.to_owned(),
                        field: field.to_owned(),
                        removed,
                        added,
                        attachment: about("attachment_id")?,
                        comment,
                    });
                }
                if draft.edits.len() > EDITS_MAX || draft.changes.len() > ITEMS_MAX {
                    let most =
                        format!("at most {EDITS_MAX} edits and {ITEMS_MAX} changes of a bug");
                    return Err(list.wrong(&most));
                }
            }
        }
        Ok(())
    }

    pub(super) fn attachments(
        &mut self,
        number: u64,
        list: &Node<'_, '_>,
        fetched: Option<Instant>,
    ) -> Result<(), ReadError> {
        self.draft(number, fetched).has.attachments = true;
        list.items(ITEMS_MAX)?.try_for_each(|item| self.attachment(number, &item, fetched))
    }

    pub(super) fn attachment(
        &mut self,
        bug: u64,
        item: &Node<'_, '_>,
        fetched: Option<Instant>,
    ) -> Result<(), ReadError> {
        let id = item.need("id")?.number()?;
        belongs(item, bug)?;
        let flag = |name| item.get(name).map_or(Ok(false), |node| node.flag());
        let is_private = flag("is_private")?;
        let mut attachment = Attachment {
            id,
            file_name: item.need("file_name")?.text(FIELD_BYTES_MAX)?.to_owned(),
            summary: field(item, "summary")?,
            content_type: field(item, "content_type")?,
            size: item.get("size").map(|node| node.number()).transpose()?,
            creator: either(item, "creator", "attacher")?.map(str::to_owned),
            created: item.get("creation_time").map(|node| node.instant()).transpose()?,
            is_obsolete: flag("is_obsolete")?,
            content: None,
        };
        if let Some(data) = item.get("data").filter(|_| attachment.is_list()) {
            let encoded = data.text(ANSWER_BYTES_MAX)?;
            let decoded = STANDARD.decode(encoded).map_err(|_| data.wrong("base64"))?;
            attachment.content = Some(decoded);
        }
        let draft = self.draft(bug, fetched);
        draft.has.attachments = true;
        // What was private in any answer is not shown from another.
        let before = draft.attachments.remove(&id);
        let hidden = is_private || before.as_ref().is_some_and(Option::is_none);
        if attachment.content.is_none() {
            // A list without the content says nothing of it.
            attachment.content = before.flatten().and_then(|before| before.content);
        }
        draft.attachments.insert(id, Some(attachment).filter(|_| !hidden));
        Ok(())
    }
}

/// Fails if the item says that it belongs to another bug.
fn belongs(item: &Node<'_, '_>, bug: u64) -> Result<(), ReadError> {
    match item.get("bug_id") {
        Some(own) if own.number()? != bug => {
            Err(own.contradicts(&bug.to_string(), &own.number()?.to_string()))
        }
        _ => Ok(()),
    }
}

/// Returns the fields of a bug.
pub(super) fn details(bug: &Node<'_, '_>) -> Result<Details, ReadError> {
    let time = |name| bug.get(name).map(|node| node.instant()).transpose();
    Ok(Details {
        summary: bug.need("summary")?.text(FIELD_BYTES_MAX)?.to_owned(),
        status: field(bug, "status")?,
        resolution: field(bug, "resolution")?,
        whiteboard: field(bug, "whiteboard")?,
        creator: field(bug, "creator")?,
        assigned_to: field(bug, "assigned_to")?,
        created: time("creation_time")?,
        resolved: time("cf_last_resolved")?,
        comment_count: bug.get("comment_count").map(|node| node.number()).transpose()?,
        groups: bug.get("groups").map_or(Ok(0), |node| Ok(node.items(ITEMS_MAX)?.count()))?,
    })
}

fn seen(comment: &Node<'_, '_>, fetched: Option<Instant>) -> Result<Seen, ReadError> {
    let text = |name| comment.get(name).map(|node| node.text(TEXT_BYTES_MAX)).transpose();
    let (raw, full) = (text("raw_text")?, text("text")?);
    let exact = match (raw, full) {
        (Some(raw), _) => raw,
        (None, Some(full)) => full,
        (None, None) => return Err(comment.wrong("text or raw_text")),
    };
    let author = either(comment, "creator", "author")?;
    let author = author.ok_or_else(|| comment.wrong("creator or author"))?;
    let times = [comment.get("creation_time"), comment.get("time")].into_iter().flatten();
    let mut time: Option<Instant> = None;
    for node in times {
        let found = node.instant()?;
        match time {
            Some(before) if before != found => {
                let (before, found) = (before.to_string(), found.to_string());
                return Err(node.contradicts(&before, &found));
            }
            _ => time = Some(found),
        }
    }
    Ok(Seen {
        id: comment.get("id").map(|node| node.number()).transpose()?,
        author: author.to_owned(),
        renamed: false,
        time: time.ok_or_else(|| comment.wrong("creation_time or time"))?,
        attachment: comment.get("attachment_id").map(|node| node.number()).transpose()?,
        is_private: comment.get("is_private").map_or(Ok(false), |node| node.flag())?,
        texts: vec![SeenText { exact: exact.to_owned(), full: full.map(str::to_owned), fetched }],
    })
}

impl Seen {
    /// Joins another answer's word on the same comment; only its text and its author's account may
    /// have changed.
    fn join(&mut self, later: Self, place: &Node<'_, '_>) -> Result<(), ReadError> {
        if let (Some(before), Some(id)) = (self.id, later.id)
            && before != id
        {
            return Err(place.contradicts(&format!("id {before}"), &format!("id {id}")));
        }
        if self.time != later.time {
            let (before, found) = (self.time.to_string(), later.time.to_string());
            return Err(place.contradicts(&format!("the time {before}"), &found));
        }
        self.id = self.id.or(later.id);
        self.attachment = self.attachment.or(later.attachment);
        self.renamed |= self.author != later.author;
        self.is_private |= later.is_private;
        self.texts.extend(later.texts);
        Ok(())
    }
}

fn field(object: &Node<'_, '_>, name: &'static str) -> Result<Option<String>, ReadError> {
    object.get(name).map(|node| Ok(node.text(FIELD_BYTES_MAX)?.to_owned())).transpose()
}

/// Returns the text that stands under either of two names for the same.
fn either<'v>(
    object: &Node<'_, 'v>,
    name: &'static str,
    older: &'static str,
) -> Result<Option<&'v str>, ReadError> {
    let text = |name| object.get(name).map(|node| node.text(FIELD_BYTES_MAX)).transpose();
    match (text(name)?, text(older)?) {
        (Some(name), Some(other)) if name != other => {
            Err(object.contradicts(&shown(name), &shown(other)))
        }
        (name, other) => Ok(name.or(other)),
    }
}
