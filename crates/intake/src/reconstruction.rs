//! From bugs to the events that an observer records of them.
//!
//! Every event rests on what somebody said or on the tracker's own page, and says so. The texts
//! that statements name by digest come along. The order depends on nothing but the bugs: by time,
//! then by kind, then by number.

mod action;
mod field;
mod list;
mod proposal;
mod statement;

use std::collections::BTreeMap;

use tally_ledger::cbor;
use tally_ledger::claim::{Claim, Origin};
use tally_ledger::entry::ENTRY_MAX;
use tally_ledger::hash::Hash;
use tally_ledger::name::{FeedId, Kind};
use tally_ledger::payload::{Basis, Citation, Event, Evidence, Payload};
use tally_ledger::time::{Instant, When};
use tally_ledger::vocabulary::Body;
use tally_ledger::vocabulary::document::{Measured, Measurement};
use tally_ledger::vocabulary::incident::{Opened, Organisation};
use tally_ledger::vocabulary::statement::{Form, Speaker};

use crate::account::{About, Accounts, Attribution};
use crate::bugzilla::{Bug, Comment, Missing};
pub use proposal::Proposal;
pub use statement::form;

/// The tracker whose bug numbers the vocabulary knows.
pub const BUGZILLA: &str = "https://bugzilla.mozilla.org";
/// The longest text of a tracker's field that an entry holds, in bytes.
const FIELD_BYTES_MAX: usize = 16 * 1024;
/// What an entry needs beside its payload: header, key id and signature.
const ENVELOPE_BYTES: usize = 1024;

/// What the bugs are read with.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// Who speaks for whom.
    pub accounts: &'a Accounts,
    /// The address of the tracker, without a slash at its end.
    pub tracker: &'a str,
    /// Whom the bugs are about, where it is not their titles that tell.
    pub about: Option<&'a str>,
    /// The title of the incident, where it is not the bug's.
    pub title: Option<&'a str>,
}

/// One text of a comment, for whoever reads what it says.
#[derive(Debug, Clone, Copy)]
pub struct Posted<'a> {
    /// The bug.
    pub bug: &'a Bug,
    /// The comment.
    pub comment: &'a Comment,
    /// Which of its texts, from 0.
    pub revision: usize,
    /// The text.
    pub text: &'a str,
    /// From when it stood there.
    pub since: &'a When,
    /// Who speaks.
    pub speaker: &'a Speaker,
}

/// What a reader found in a text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// What sort of text it is, if it says so.
    pub form: Option<Form>,
    /// What it asserts.
    pub claims: Vec<Claim>,
}

/// The events of some bugs, and what a person should know of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Reconstruction {
    /// The events, in order.
    pub events: Vec<Event>,
    /// The exact texts that the events name, by digest.
    pub texts: BTreeMap<Hash, String>,
    /// The events that texts suggest, which are not among the events, in the order of the bugs and
    /// their texts.
    pub proposals: Vec<Proposal>,
    /// What there is of each bug, ascending in number.
    pub incidents: Vec<Incident>,
    /// The accounts that the data does not list, with the number of comments of each.
    pub unknown: BTreeMap<String, usize>,
    /// The accounts that the data lists for several organisations, with their names.
    pub shared: BTreeMap<String, String>,
    /// What could not be recorded.
    pub left_out: Vec<LeftOut>,
}

/// What there is of one bug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// The number of the bug, which names its feed.
    pub bug: u64,
    /// Whom it is about.
    pub about: String,
    /// Whether the data knows that organisation; if not, nobody speaks for it.
    pub about_known: bool,
    /// How many comments are recorded, and how many of them speak for the organisation.
    pub comments: usize,
    /// How many of the comments speak for the organisation.
    pub official: usize,
    /// How many edits of comments are recorded.
    pub edits: usize,
    /// How many claims are recorded.
    pub claims: usize,
    /// How many attached lists of certificates are recorded.
    pub lists: usize,
    /// How many private comments and attachments were left out.
    pub private: usize,
    /// How many groups the tracker shows the bug to; 0 if everybody.
    pub groups: usize,
    /// What was not captured.
    pub missing: Vec<Missing>,
}

/// What could not be recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeftOut {
    /// An attachment that may be a list of certificates, and was not understood as one.
    #[error("bug {bug}: attachment {attachment} ({file}): {why}")]
    List {
        /// The bug.
        bug: u64,
        /// The attachment.
        attachment: u64,
        /// The name of its file.
        file: String,
        /// What was not understood.
        why: &'static str,
    },
    /// Parts of an attached list.
    #[error(
        "bug {bug}: attachment {attachment} ({file}): not understood: {count} \
         in all, the first in line {line}: {why}"
    )]
    Rows {
        /// The bug.
        bug: u64,
        /// The attachment.
        attachment: u64,
        /// The name of its file.
        file: String,
        /// How many.
        count: usize,
        /// The line of the first.
        line: usize,
        /// What was not understood there.
        why: &'static str,
    },
    /// Events that a statement suggests, beyond the most that are proposed.
    #[error("{statement}: what it suggests beyond {} entries", proposal::PROPOSALS_MAX)]
    Proposals {
        /// The statement.
        statement: String,
    },
    /// The last claims of a statement.
    #[error("{statement}: {count} of its claims do not fit into one entry")]
    Claims {
        /// The statement.
        statement: String,
        /// How many.
        count: usize,
    },
    /// The end of a field's text.
    #[error("bug {bug}: {field} is longer than {FIELD_BYTES_MAX} bytes; its end is left out")]
    Field {
        /// The bug.
        bug: u64,
        /// The field.
        field: &'static str,
    },
}

/// Returns the events of `bugs`. `read` says what each text is and asserts.
pub fn reconstruct(
    bugs: &[Bug],
    setting: &Setting<'_>,
    read: impl Fn(&Posted<'_>) -> Reading,
) -> Reconstruction {
    let mut whole = Reconstruction {
        events: Vec::new(),
        texts: BTreeMap::new(),
        proposals: Vec::new(),
        incidents: Vec::new(),
        unknown: BTreeMap::new(),
        shared: BTreeMap::new(),
        left_out: Vec::new(),
    };
    let mut placed = Vec::new();
    for bug in bugs {
        let mut draft = Draft::of(bug, setting, &mut whole);
        draft.opened();
        draft.statements(&read);
        draft.lists();
        draft.actions();
        draft.fields();
        draft.measured();
        placed.append(&mut draft.placed);
        let incident = draft.incident;
        whole.incidents.push(incident);
    }
    placed.sort_by_key(|placed| placed.place);
    whole.events = placed.into_iter().map(|placed| placed.event).collect();
    whole
}

/// An event and its place in the order.
struct Placed {
    place: Place,
    event: Event,
}

/// The start of its time, the rank of its kind, its bug, its number among those of its kind, and
/// which of the texts of that number it is.
type Place = (i64, Rank, u64, u64, usize);

/// The kinds in the order in which they come at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Opened,
    Published,
    Attached,
    Revised,
    Action,
    Field,
    Closed,
    Reopened,
    Measured,
}

/// The events of one bug as they are made.
struct Draft<'a> {
    bug: &'a Bug,
    setting: &'a Setting<'a>,
    about: About<'a>,
    feed: FeedId,
    url: String,
    placed: Vec<Placed>,
    incident: Incident,
    whole: &'a mut Reconstruction,
}

impl<'a> Draft<'a> {
    fn of(bug: &'a Bug, setting: &'a Setting<'a>, whole: &'a mut Reconstruction) -> Self {
        let details = bug.details.as_ref();
        let about = match setting.about {
            Some(name) => About {
                organisations: setting.accounts.named(name).into_iter().collect(),
                prefix: Some(name.to_owned()),
            },
            None => setting.accounts.about(details.map_or("", |details| &*details.summary)),
        };
        let known = about.organisations.first().map(|organisation| organisation.name.clone());
        let incident = Incident {
            bug: bug.number,
            about_known: known.is_some(),
            about: known
                .or_else(|| about.prefix.clone().filter(|prefix| !prefix.is_empty()))
                .unwrap_or_else(|| "unknown organisation".to_owned()),
            comments: 0,
            official: 0,
            edits: 0,
            claims: 0,
            lists: 0,
            private: bug.private_comments + bug.private_attachments,
            groups: details.map_or(0, |details| details.groups),
            missing: bug.missing.clone(),
        };
        Self {
            bug,
            setting,
            about,
            feed: bug.number.to_string().parse().expect("digits name a feed"),
            url: format!("{}/show_bug.cgi?id={}", setting.tracker, bug.number),
            placed: Vec::new(),
            incident,
            whole,
        }
    }

    /// Makes the event that opens the incident.
    fn opened(&mut self) {
        let details = self.bug.details.as_ref();
        let described = self.bug.comments.first().filter(|comment| comment.number == 0);
        let created = details.and_then(|details| details.created);
        let created = created.or_else(|| described.map(|comment| comment.time));
        let summary = details.map_or("", |details| details.summary.trim());
        let known = self.about.organisations.first();
        let short = summary.split_once([':', '：']).filter(|_| known.is_some());
        let title = self.setting.title.unwrap_or(short.map_or(summary, |(_, rest)| rest.trim()));
        let numbered = format!("bug {}", self.bug.number);
        let title = if title.is_empty() { &numbered } else { title };
        let is_known_tracker = self.setting.tracker == BUGZILLA;
        let body = Body::IncidentOpened(Opened {
            about: Organisation {
                name: self.incident.about.clone(),
                ca_owner: known.and_then(|organisation| organisation.ca_owner.clone()),
                url: None,
                extra: BTreeMap::new(),
            },
            title: self.cut(title, "summary"),
            bugs: if is_known_tracker { vec![self.bug.number] } else { Vec::new() },
            urls: if is_known_tracker { Vec::new() } else { vec![self.url.clone()] },
            policies: Vec::new(),
            extra: BTreeMap::new(),
        });
        let occurred = created.map(When::from_instant);
        self.put(Rank::Opened, (0, 0), occurred, &body, self.page(None, None), Vec::new());
    }

    /// Makes the events of captures that hold all public comments. They are the observer's own.
    fn measured(&mut self) {
        let lacks =
            |missing: &Missing| matches!(missing, Missing::Comments | Missing::SomeComments { .. });
        if self.bug.missing.iter().any(lacks) {
            return;
        }
        for (index, capture) in self.bug.captures.iter().enumerate() {
            let body = Body::MeasurementTaken(Measurement {
                what: Measured::Tracker,
                digest: capture.digest,
                subject: Some(format!("the comments of bug {}", self.bug.number)),
                url: Some(self.url.clone()),
                size: Some(capture.size),
                tool: Some(concat!("tally ", env!("CARGO_PKG_VERSION")).to_owned()),
                result: None,
                extra: BTreeMap::new(),
            });
            let occurred = Some(When::from_instant(capture.fetched));
            self.put(Rank::Measured, (0, index), occurred, &body, Basis::Own, Vec::new());
        }
    }

    fn put(
        &mut self,
        rank: Rank,
        (number, index): (u64, usize),
        occurred: Option<When>,
        body: &Body,
        basis: Basis,
        evidence: Vec<Evidence>,
    ) {
        let event = Event {
            feeds: vec![self.feed.clone()],
            kind: kind(body.kind()),
            occurred,
            basis,
            on: None,
            evidence,
            body: body.to_value(),
        };
        let start = event.occurred.as_ref().map_or(i64::MIN, |when| when.interval().start);
        self.placed.push(Placed { place: (start, rank, self.bug.number, number, index), event });
    }

    /// Rests an event on the bug's page, or on one comment of it with its text.
    fn page(&self, item: Option<u64>, digest: Option<Hash>) -> Basis {
        let url = self.url.clone();
        Basis::Stated(vec![Citation::Web { url, item, digest, span: None }])
    }

    /// Returns for whom an account spoke, in this bug.
    fn attribute(&self, account: &str, at: Instant) -> Attribution<'a> {
        self.setting.accounts.attribute(account, at, &self.about)
    }

    /// Returns a text as far as an entry holds it.
    fn cut(&mut self, text: &str, field: &'static str) -> String {
        if text.len() <= FIELD_BYTES_MAX {
            return text.to_owned();
        }
        self.whole.left_out.push(LeftOut::Field { bug: self.bug.number, field });
        text[..text.floor_char_boundary(FIELD_BYTES_MAX)].to_owned()
    }
}

/// Returns how many claims of `claims` a statement has room for, where `event` makes it of some.
fn room(claims: &[Claim], event: impl Fn(&[Claim]) -> Event) -> usize {
    let fits = |count: usize| size(&event(&claims[..count])) <= ENTRY_MAX - ENVELOPE_BYTES;
    if fits(claims.len()) {
        return claims.len();
    }
    let (mut most, mut above) = (0, claims.len());
    while most + 1 < above {
        let middle = usize::midpoint(most, above);
        if fits(middle) { most = middle } else { above = middle }
    }
    most
}

/// Returns the length of an event's payload, in bytes, in the place where it is longest.
fn size(event: &Event) -> usize {
    let payload = Payload {
        seq: u64::from(u32::MAX) + 1,
        prev: Some(Hash([0; 32])),
        feeds: event.feeds.iter().map(|feed| (feed.clone(), Some(u64::from(u32::MAX)))).collect(),
        recorded: Instant::from_unix(0).expect("1970 is within the years of the format"),
        event: event.clone(),
    };
    cbor::encode(&payload.to_value()).len()
}

/// Puts the claims that count before those that are only suggested, lest these crowd them out.
fn by_weight(mut claims: Vec<Claim>) -> Vec<Claim> {
    claims.sort_by_key(|claim| claim.origin == Origin::Suggested);
    claims
}

fn kind(name: &str) -> Kind {
    name.parse().expect("a kind of the vocabulary is a kind")
}

#[cfg(test)]
mod tests;
