//! Action items of the organisation's reports, as each text posts them.
//!
//! The first posting of an item opens it; so does each later one that words it otherwise, for the
//! wording is what is held together. A posting with another status or due date says that alone. A
//! row without a status of the CCADB's makes no event: whether it is open or done is not said.

use std::collections::BTreeMap;

use tally_ledger::hash::Hash;
use tally_ledger::payload::{Basis, Citation};
use tally_ledger::time::When;
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::action::{ActionStatus, Opened, Status};

use super::statement::when;
use super::{Draft, Rank};
use crate::account::Attribution;
use crate::claims::names;
use crate::report::{self, Action, Cell};

/// An official text, and where it stands.
struct Text<'t> {
    exact: &'t str,
    number: u64,
    since: When,
}

impl<'a> Draft<'a> {
    /// Makes the events of the action items in all official texts.
    pub(super) fn actions(&mut self) {
        let mut texts = self.official_texts();
        texts.sort_by_key(|text| (text.since.interval().start, text.number));
        let mut last: BTreeMap<String, Opened> = BTreeMap::new();
        for text in &texts {
            let report = report::read(text.exact);
            for (action, name) in report.actions.iter().zip(names(&report.actions)) {
                let Some(status) = action.status_term else {
                    continue;
                };
                let posted = self.posted(name, action, status);
                if let Some(body) = turn(last.get(&posted.id), &posted) {
                    self.act(text, action, &body);
                }
                last.insert(posted.id.clone(), posted);
            }
        }
    }

    fn official_texts(&self) -> Vec<Text<'a>> {
        let mut texts = Vec::new();
        for comment in &self.bug.comments {
            let speaks = self.attribute(&comment.author, comment.time);
            if !matches!(speaks, Attribution::Official(_)) {
                continue;
            }
            texts.extend(comment.revisions.iter().filter_map(|revision| {
                let since = when(comment, revision.since);
                Some(Text { exact: revision.text.as_deref()?, number: comment.number, since })
            }));
        }
        texts
    }

    /// Returns an item as a row posts it.
    fn posted(&mut self, id: String, action: &Action, status: ActionStatus) -> Opened {
        let mut text = |cell: &Cell| self.cut(&cell.text, "an action item");
        Opened {
            id,
            text: text(&action.text),
            status,
            kind: action.kind_term,
            root_causes: action.root_causes.iter().map(&mut text).collect(),
            criteria: action.criteria.as_ref().map(&mut text),
            due: action.due.clone(),
            extra: BTreeMap::new(),
        }
    }

    fn act(&mut self, text: &Text<'_>, action: &Action, body: &Body) {
        let digest = Some(Hash::of(text.exact.as_bytes()));
        let (url, item) = (self.url.clone(), Some(text.number));
        let span = Some((action.span[0] as u64, action.span[1] as u64));
        let basis = Basis::Stated(vec![Citation::Web { url, item, digest, span }]);
        let order = (text.number, self.placed.len());
        self.put(Rank::Action, order, Some(text.since.clone()), body, basis, Vec::new());
    }
}

/// Returns what a posting of an item says that the last one did not.
fn turn(last: Option<&Opened>, posted: &Opened) -> Option<Body> {
    let opened = || Some(Body::ActionOpened(posted.clone()));
    let Some(last) = last else {
        return opened();
    };
    let words = |item: &Opened| {
        (item.text.clone(), item.kind, item.root_causes.clone(), item.criteria.clone())
    };
    if words(last) != words(posted) {
        return opened();
    }
    let due = posted.due.clone().filter(|due| last.due.as_ref() != Some(due));
    if last.status == posted.status && due.is_none() {
        return None;
    }
    let (id, status) = (posted.id.clone(), posted.status);
    Some(Body::ActionStatus(Status { id, status, due, why: None, extra: BTreeMap::new() }))
}
