//! The head of a ledger: what the next entry links to (FORMAT.md, "Payload").

use std::collections::BTreeMap;

use crate::entry::Entry;
use crate::hash::Hash;
use crate::name::{FeedId, Origin};
use crate::payload::{Event, Payload};
use crate::time::Instant;

/// Where the next entry of a ledger stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    origin: Origin,
    /// The position of the next entry.
    next: u64,
    /// The id of the last entry.
    last: Option<Hash>,
    /// The last position in each feed.
    feeds: BTreeMap<FeedId, u64>,
}

impl Head {
    /// Returns the head of an empty ledger of that origin.
    pub fn new(origin: Origin) -> Self {
        Self { origin, next: 0, last: None, feeds: BTreeMap::new() }
    }

    /// Returns the head before the position `next`, after the entry with the id `last`.
    pub(crate) fn at(origin: Origin, next: u64, last: Hash, feeds: BTreeMap<FeedId, u64>) -> Self {
        Self { origin, next, last: Some(last), feeds }
    }

    /// Takes the next entry.
    pub fn advance(&mut self, entry: &Entry) {
        let seq = entry.payload().seq;
        for (feed, _) in &entry.payload().feeds {
            self.feeds.insert(feed.clone(), seq);
        }
        self.next = seq + 1;
        self.last = Some(entry.id());
    }

    /// Puts an event in its place: the payload that its author signs.
    pub fn place(&self, mut event: Event, recorded: Instant) -> Payload {
        event.feeds.sort_by(FeedId::canonical_order);
        event.feeds.dedup();
        let link = |feed: &FeedId| (feed.clone(), self.feeds.get(feed).copied());
        let feeds = event.feeds.iter().map(link).collect();
        Payload { seq: self.next, prev: self.last, feeds, recorded, event }
    }

    /// Returns the origin.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Returns the number of entries, the seq of the next one.
    pub fn size(&self) -> u64 {
        self.next
    }

    /// Returns the last position in each feed.
    pub fn feeds(&self) -> &BTreeMap<FeedId, u64> {
        &self.feeds
    }
}
