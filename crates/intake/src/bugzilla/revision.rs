//! The texts of a comment in order, from the edits that the history records and from the texts that
//! captures found.
//!
//! The two are clocked differently: edits by the tracker, captures by whoever fetched them. So a
//! text that a recorded edit took out or put in is never placed by the time of a capture.

use tally_ledger::time::Instant;

use super::answer::{Edit, Seen, SeenText};
use super::{Revision, Since};

/// What the history shows in the place of a text that an administrator hid.
const HIDDEN: &str = "(Hidden by Administrator)";

/// The texts of a comment.
pub(super) struct Texts {
    pub(super) revisions: Vec<Revision>,
    /// Whether two of them follow each other without a recorded edit.
    pub(super) has_gap: bool,
    /// When a capture last found the last of them.
    found_last: Option<Instant>,
}

impl Texts {
    /// Joins the edits of a comment and the texts that the answers have of it, of which there is
    /// at least one. The last history was fetched at `history`.
    pub(super) fn of(seen: &Seen, edits: Vec<Edit>, history: Option<Instant>) -> Self {
        let mut texts = Self { revisions: Vec::new(), has_gap: false, found_last: None };
        for edit in in_order(edits) {
            texts.edited(seen, &edit);
        }
        let recorded = texts.revisions.len();
        for text in &seen.texts {
            texts.found(seen, text, recorded, history);
        }
        texts
    }

    fn edited(&mut self, seen: &Seen, edit: &Edit) {
        let (removed, added) = (shown(&edit.removed), shown(&edit.added));
        match self.revisions.last() {
            None => self.push(removed, Since::First),
            Some(last) if last.text == removed || last.text.is_none() || removed.is_none() => {}
            Some(last) => {
                let after = last.since.earliest().unwrap_or(seen.time);
                self.has_gap = true;
                self.push(removed, Since::Between { after, by: Some(edit.when) });
            }
        }
        self.push(added, Since::Edited(edit.when));
    }

    /// Takes in a text that a capture found; the first `recorded` texts come from the history.
    fn found(&mut self, seen: &Seen, text: &SeenText, recorded: usize, history: Option<Instant>) {
        let Some(last) = self.revisions.last() else {
            self.found_last = text.fetched;
            return self.push(shown(&text.exact), Since::First);
        };
        let same = |revision: &Revision| {
            let own = revision.text.as_deref();
            own.is_some_and(|own| text.exact == own || seen.is_full_of(own, text))
        };
        if same(last) {
            self.found_last = self.found_last.max(text.fetched);
            return;
        }
        let after_history = text.fetched.zip(history).is_some_and(|(text, history)| text > history);
        let known = self.revisions[..recorded].iter().any(same);
        if known && !after_history {
            return;
        }
        let after = last.since.earliest().unwrap_or(seen.time);
        let after = self.found_last.map_or(after, |found| found.max(after));
        self.has_gap = true;
        self.push(shown(&text.exact), Since::Between { after, by: text.fetched });
        self.found_last = text.fetched;
    }

    fn push(&mut self, text: Option<String>, since: Since) {
        self.revisions.push(Revision { text, since });
    }
}

impl Seen {
    /// Returns whether `text` is `own` with what Bugzilla puts before it, as another answer that
    /// holds both forms shows.
    fn is_full_of(&self, own: &str, text: &SeenText) -> bool {
        let mut both = self.texts.iter().filter(|other| other.full.is_some());
        both.any(|other| other.exact == own && other.full.as_ref() == Some(&text.exact))
    }
}

impl Since {
    /// Returns the earliest instant at which the text may have stood there, but for the first.
    fn earliest(self) -> Option<Instant> {
        match self {
            Self::First => None,
            Self::Edited(at) => Some(at),
            Self::Between { after, .. } => Some(after),
        }
    }
}

fn shown(text: &str) -> Option<String> {
    (text != HIDDEN).then(|| text.to_owned())
}

/// Returns the edits in time. Those of one second are put so that each takes out what the one
/// before it put in, as far as that can be done.
fn in_order(mut edits: Vec<Edit>) -> Vec<Edit> {
    edits.sort_by_key(|edit| edit.when);
    for at in 1..edits.len() {
        if edits[at].removed != edits[at - 1].added {
            let same_second = |edit: &&Edit| edit.when == edits[at].when;
            let group = edits[at..].iter().take_while(same_second);
            let next = group.clone().position(|edit| edit.removed == edits[at - 1].added);
            if let Some(next) = next {
                edits[at..=at + next].rotate_right(1);
            }
        }
    }
    edits
}
