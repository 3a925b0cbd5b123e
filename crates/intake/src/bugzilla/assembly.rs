//! From what the answers hold to bugs: duplicates fall together, private items are left out and
//! counted, and what is missing is named.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::{Draft, Drafts, Edit};
use super::revision::Texts;
use super::{Attachment, Bug, Comment, Missing};

/// How many numbers of missing comments are named.
const NAMED_MAX: usize = 20;

impl Drafts {
    /// Returns the bugs, ascending in number.
    pub(super) fn bugs(self) -> Vec<Bug> {
        self.bugs.into_iter().map(|(number, draft)| draft.bug(number)).collect()
    }
}

impl Draft {
    fn bug(mut self, number: u64) -> Bug {
        let mut missing = Vec::new();
        let absent = [
            (self.details.is_none(), Missing::Details),
            (!self.has.comments, Missing::Comments),
            (!self.has.history, Missing::History),
            (!self.has.attachments, Missing::Attachments),
        ];
        missing.extend(absent.into_iter().filter(|(is, _)| *is).map(|(_, what)| what));
        let lacks =
            |item: &&Attachment| item.is_list() && !item.is_obsolete && item.content.is_none();
        let lists = self.attachments.values().flatten().filter(lacks).count();
        missing.extend((lists > 0).then_some(Missing::Lists { count: lists }));
        missing.extend(self.comments_missing());
        let mut edits = self.edits_by_comment(&mut missing);
        let mut comments = Vec::new();
        let mut private_comments = 0;
        for (number, seen) in std::mem::take(&mut self.comments) {
            let edits = edits.remove(&number).unwrap_or_default();
            if seen.is_private {
                private_comments += 1;
                continue;
            }
            if seen.renamed {
                missing.push(Missing::Renamed { comment: number });
            }
            let texts = Texts::of(&seen, edits, self.history_fetched);
            let hidden = texts.revisions.iter().filter(|r| r.text.is_none()).count();
            if hidden > 0 {
                missing.push(Missing::Hidden { comment: number, count: hidden });
            }
            if texts.has_gap {
                missing.push(Missing::Edit { comment: number });
            }
            comments.push(Comment {
                number,
                id: seen.id,
                author: seen.author,
                time: seen.time,
                attachment: seen.attachment,
                revisions: texts.revisions,
            });
        }
        let attachments: Vec<_> = self.attachments.into_values().collect();
        let private_attachments = attachments.iter().filter(|item| item.is_none()).count();
        self.changes.sort();
        self.changes.dedup();
        Bug {
            number,
            details: self.details,
            comments,
            private_comments,
            changes: self.changes,
            attachments: attachments.into_iter().flatten().collect(),
            private_attachments,
            fetched: self.fetched,
            captures: self.captures.into_iter().collect(),
            missing,
        }
    }

    /// Says which numbers are not among the comments. Numbers run on without a gap, private
    /// comments included.
    fn comments_missing(&self) -> Option<Missing> {
        if !self.has.comments {
            return None;
        }
        let after_last = self.comments.keys().next_back().map_or(0, |last| last.saturating_add(1));
        let counted = self.details.as_ref().and_then(|details| details.comment_count);
        let all = after_last.max(counted.unwrap_or(0));
        let count = all.saturating_sub(self.comments.len() as u64);
        let numbers = (0..all).filter(|number| !self.comments.contains_key(number));
        (count > 0)
            .then(|| Missing::SomeComments { numbers: numbers.take(NAMED_MAX).collect(), count })
    }

    /// Returns the edits by the numbers of their comments.
    fn edits_by_comment(&mut self, missing: &mut Vec<Missing>) -> BTreeMap<u64, Vec<Edit>> {
        let numbers = self.comments.iter().filter_map(|(number, seen)| Some((seen.id?, *number)));
        let by_id: BTreeMap<u64, u64> = numbers.collect();
        let mut edits: BTreeMap<u64, Vec<Edit>> = BTreeMap::new();
        let mut known = BTreeSet::new();
        let mut others = 0;
        for edit in std::mem::take(&mut self.edits) {
            let by_id = edit.id.and_then(|id| by_id.get(&id).copied());
            let number = by_id.or(edit.number).filter(|n| self.comments.contains_key(n));
            let Some(number) = number else {
                others += 1;
                continue;
            };
            // A second capture of the history holds it again.
            if known.insert((number, edit.clone())) {
                edits.entry(number).or_default().push(edit);
            }
        }
        if others > 0 {
            missing.push(Missing::EditsOfOthers { count: others });
        }
        edits
    }
}
