//! Changes of the tracker's fields, and what they mean for the incident: closed, reopened, the next
//! update.

use std::collections::BTreeMap;

use tally_ledger::time::{Instant, When};
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::incident::{Closed, Reopened};
use tally_ledger::vocabulary::tracker::{Changed, Field};

use super::{BUGZILLA, Draft, Rank};
use crate::account::Attribution;
use crate::bugzilla::{Change, Details, Missing};
use crate::whiteboard::next_update;

/// The account that a bug is assigned to while it is assigned to nobody.
const NOBODY: &str = "nobody@mozilla.org";
/// The statuses of a closed bug.
const CLOSED: [&str; 3] = ["RESOLVED", "VERIFIED", "CLOSED"];

/// What a field was, what it is, and who changed it when.
struct Turn<'t> {
    field: Field,
    old: &'t str,
    new: &'t str,
    when: When,
    by: Option<String>,
}

impl Draft<'_> {
    /// Makes the events of all changes of fields, as far as they are known.
    pub(super) fn fields(&mut self) {
        let bug = self.bug;
        if let Some(details) = &bug.details {
            if bug.missing.contains(&Missing::History) {
                self.present(details);
            } else {
                self.first_whiteboard(details);
            }
        }
        let mut rest = bug.changes.as_slice();
        while let Some(first) = rest.first() {
            // What one account changed in one second was one act.
            let same = |change: &&Change| change.when == first.when && change.who == first.who;
            let (group, others) = rest.split_at(rest.iter().take_while(same).count());
            rest = others;
            self.group(group);
        }
    }

    fn group(&mut self, group: &[Change]) {
        for change in group.iter().filter(|change| change.attachment.is_none()) {
            let (removed, added) = (change.removed.as_str(), change.added.as_str());
            let people;
            let (field, old, new) = match change.field.as_str() {
                "whiteboard" => (Field::Whiteboard, removed, added),
                "status" => (Field::Status, removed, added),
                "resolution" => (Field::Resolution, removed, added),
                "summary" => (Field::Summary, removed, added),
                "assigned_to" => {
                    people = [removed, added].map(|account| self.assignee(account, change.when));
                    (Field::Assignee, &*people[0], &*people[1])
                }
                "flagtypes.name" => {
                    people = [removed, added].map(|flags| self.asked(flags, change.when));
                    (Field::Needinfo, &*people[0], &*people[1])
                }
                _ => continue,
            };
            let by = self.by(change);
            let when = When::from_instant(change.when);
            self.turn(&Turn { field, old, new, when, by });
        }
        self.opened_or_closed(group);
    }

    /// Makes the event of a change, and of the next update where the whiteboard announces another.
    fn turn(&mut self, turn: &Turn<'_>) {
        if turn.field == Field::Whiteboard {
            let (old, new) = (next_update(turn.old), next_update(turn.new));
            if old != new {
                let text = |update: Option<&str>| update.unwrap_or_default().to_owned();
                let old = text(old.map(|update| update.text));
                let due = new.as_ref().and_then(|update| update.due.clone());
                let new = text(new.map(|update| update.text));
                self.changed(turn, Field::NextUpdate, &old, &new, due);
            }
        }
        self.changed(turn, turn.field.clone(), turn.old, turn.new, None);
    }

    fn changed(&mut self, turn: &Turn<'_>, field: Field, old: &str, new: &str, due: Option<When>) {
        if old == new {
            return;
        }
        let known = self.setting.tracker == BUGZILLA;
        let mut text = |text: &str| {
            let text = self.cut(text, "a field");
            Some(text).filter(|text| !text.is_empty())
        };
        let body = Body::TrackerChanged(Changed {
            old: text(old),
            new: text(new),
            field,
            bug: known.then_some(self.bug.number),
            url: (!known).then(|| self.url.clone()),
            due,
            by: turn.by.clone(),
            extra: BTreeMap::new(),
        });
        let (number, page) = ((0, self.placed.len()), self.page(None, None));
        self.put(Rank::Field, number, Some(turn.when.clone()), &body, page, Vec::new());
    }

    /// Makes the event of a bug that was closed or opened again.
    fn opened_or_closed(&mut self, group: &[Change]) {
        let find = |field: &str| group.iter().find(|change| change.field == field);
        let (status, resolution) = (find("status"), find("resolution"));
        let is_closed = |status: &str| CLOSED.contains(&status);
        let (before, after) = match (status, resolution) {
            (Some(status), _) => (is_closed(&status.removed), is_closed(&status.added)),
            (None, Some(change)) => (!change.removed.is_empty(), !change.added.is_empty()),
            (None, None) => return,
        };
        let by = self.by(&group[0]);
        let when = When::from_instant(group[0].when);
        if !before && after {
            let resolution = resolution.map(|change| change.added.clone());
            self.closed(when, resolution, by);
        } else if before && !after {
            let to = status.map_or("without a resolution", |status| &*status.added);
            let why = format!("the tracker gives no reason; its status changed to {to}");
            let body = Body::IncidentReopened(Reopened { why, by, extra: BTreeMap::new() });
            let (number, page) = ((0, self.placed.len()), self.page(None, None));
            self.put(Rank::Reopened, number, Some(when), &body, page, Vec::new());
        }
    }

    fn closed(&mut self, when: When, resolution: Option<String>, by: Option<String>) {
        let resolution = resolution.filter(|text| !text.is_empty());
        let body =
            Body::IncidentClosed(Closed { by, resolution, why: None, extra: BTreeMap::new() });
        let (number, page) = ((0, self.placed.len()), self.page(None, None));
        self.put(Rank::Closed, number, Some(when), &body, page, Vec::new());
    }

    /// Makes the event of the whiteboard that the bug began with: what the first change took out,
    /// or what stands there if it never changed.
    fn first_whiteboard(&mut self, details: &Details) {
        let Some(created) = details.created else {
            return;
        };
        let first = self.bug.changes.iter().find(|change| change.field == "whiteboard");
        let at_first = first.map(|change| change.removed.as_str());
        let whiteboard = at_first.or(details.whiteboard.as_deref()).unwrap_or_default();
        let by = details.creator.as_ref().and_then(|creator| self.known(creator, created));
        let when = When::from_instant(created);
        self.turn(&Turn { field: Field::Whiteboard, old: "", new: whiteboard, when, by });
    }

    /// Makes the events of what the fields are, where nothing tells when they came to be so.
    fn present(&mut self, details: &Details) {
        let Some(when) = self.before_capture(details) else {
            return;
        };
        for (field, value) in
            [(Field::Whiteboard, &details.whiteboard), (Field::Status, &details.status)]
        {
            let new = value.as_deref().unwrap_or_default();
            self.turn(&Turn { field, old: "", new, when: when.clone(), by: None });
        }
        if details.status.as_deref().is_some_and(|status| CLOSED.contains(&status)) {
            let when = details.resolved.map_or(when, When::from_instant);
            self.closed(when, details.resolution.clone(), None);
        }
    }

    /// Returns the time from the opening of the bug to its last capture.
    fn before_capture(&self, details: &Details) -> Option<When> {
        let local = |at: Instant| at.to_string().trim_end_matches('Z').to_owned();
        let created = details.created?;
        let last = self.bug.fetched.map(|(_, last)| last).filter(|last| *last >= created);
        let end = last.map_or_else(|| "..".to_owned(), local);
        When::new(&format!("{}/{end}", local(created)), Some("Z"), None).ok()
    }

    fn by(&self, change: &Change) -> Option<String> {
        self.known(&change.who, change.when)
    }

    /// Returns the organisation that an account spoke for, if the data names one.
    fn known(&self, account: &str, at: Instant) -> Option<String> {
        match self.attribute(account, at) {
            Attribution::Unknown => None,
            attribution => Some(attribution.name()),
        }
    }

    fn assignee(&self, account: &str, at: Instant) -> String {
        match account {
            "" | NOBODY => String::new(),
            account => self.attribute(account, at).name(),
        }
    }

    /// Returns whose answer the flags ask for, by organisation.
    fn asked(&self, flags: &str, at: Instant) -> String {
        let asked = flags.split(", ").filter_map(|flag| flag.strip_prefix("needinfo?"));
        let mut names: Vec<String> = asked
            .map(|rest| match rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
                Some(account) => self.attribute(account, at).name(),
                None => "anybody".to_owned(),
            })
            .collect();
        names.sort();
        names.dedup();
        names.join(", ")
    }
}
