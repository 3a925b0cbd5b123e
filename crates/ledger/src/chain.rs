//! The steps of verification that need the entries before: position, links, references, key,
//! authority and effect (FORMAT.md, "Order of checks").
//!
//! The state is the key table, the role table and one position per feed, so it streams.

use std::collections::{BTreeMap, BTreeSet};

use crate::authority::Authority;
use crate::entry::Entry;
use crate::fault::{Code, Fault};
use crate::governance::Governance;
use crate::hash::Hash;
use crate::head::Head;
use crate::key::PublicKey;
use crate::name::{FeedId, Origin};
use crate::payload::{Basis, Citation};

/// How much of a ledger a container holds.
#[derive(Debug, Clone)]
pub(crate) enum Scope {
    /// All of its entries.
    Whole,
    /// All entries of these feeds, `ledger` among them, and others at will; closed by a `heads`
    /// entry at `last`.
    Part { feeds: BTreeSet<FeedId>, last: u64 },
}

/// The state after some entries.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    scope: Scope,
    origin: Option<Origin>,
    last: Option<(u64, Hash)>,
    feeds: BTreeMap<FeedId, u64>,
    authority: Authority,
    withheld: BTreeSet<u64>,
    /// The positions in the container; kept only of a part.
    included: BTreeSet<u64>,
    /// The links to withheld entries that were taken as true.
    unchecked_links: u64,
}

impl Chain {
    pub(crate) fn new(scope: Scope) -> Self {
        Self {
            scope,
            origin: None,
            last: None,
            feeds: BTreeMap::new(),
            authority: Authority::default(),
            withheld: BTreeSet::new(),
            included: BTreeSet::new(),
            unchecked_links: 0,
        }
    }

    pub(crate) fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    pub(crate) fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Returns where the next entry stands, once there is a genesis.
    pub(crate) fn head(&self) -> Option<Head> {
        let (last, id) = self.last?;
        Some(Head::at(self.origin.clone()?, last + 1, id, self.feeds.clone()))
    }

    /// Returns the least seq that the next item can have.
    pub(crate) fn next(&self) -> u64 {
        self.last.map_or(0, |(last, _)| last + 1)
    }

    pub(crate) fn unchecked_links(&self) -> u64 {
        self.unchecked_links
    }

    /// Takes the id of a withheld entry at `seq` for the chain.
    pub(crate) fn withhold(&mut self, seq: u64, id: Hash) -> Result<(), Fault> {
        if seq == 0 {
            return Err(Fault::new(Code::Item, "the genesis entry", "the id of a withheld one"));
        }
        self.position(seq)?;
        self.withheld.insert(seq);
        self.last = Some((seq, id));
        Ok(())
    }

    /// Runs the steps `seq` to `authority` and returns the key whose signature must hold.
    /// `ends` says that no item follows.
    pub(crate) fn admit(
        &mut self,
        entry: &Entry,
        expected: u64,
        ends: bool,
    ) -> Result<PublicKey, Fault> {
        let seq = entry.payload().seq;
        match self.scope {
            Scope::Whole if seq != expected => {
                let expected = format!("seq {expected}");
                return Err(Fault::new(Code::Seq, expected, format!("seq {seq}")));
            }
            _ => self.position(seq)?,
        }
        self.linked(entry)?;
        self.in_feeds(entry)?;
        self.refers_back(entry)?;
        if ends {
            self.closes(Some(entry))?;
        }
        let (kid, kind) = (entry.kid(), &entry.payload().event.kind);
        let key = self.authority.signer(seq, &kid, entry.governance())?;
        self.authority.permit(seq, &kid, kind, entry.governance())?;
        Ok(key)
    }

    /// Runs the step `effect` and takes the entry into the state.
    pub(crate) fn apply(&mut self, entry: &Entry) -> Result<(), Fault> {
        let seq = entry.payload().seq;
        self.authority.apply(entry.origin(), seq, entry.governance())?;
        if seq == 0 {
            self.origin = Some(entry.origin().clone());
        }
        for (feed, _) in &entry.payload().feeds {
            self.feeds.insert(feed.clone(), seq);
        }
        if matches!(self.scope, Scope::Part { .. }) {
            self.included.insert(seq);
        }
        self.last = Some((seq, entry.id()));
        Ok(())
    }

    fn position(&self, seq: u64) -> Result<(), Fault> {
        let least = self.next();
        let fits = if self.last.is_none() { seq == 0 } else { seq >= least };
        if fits {
            return Ok(());
        }
        let expected = if least == 0 { "seq 0".to_owned() } else { format!("a seq from {least}") };
        Err(Fault::new(Code::Seq, expected, format!("seq {seq}")))
    }

    fn linked(&self, entry: &Entry) -> Result<(), Fault> {
        let Some((last, id)) = self.last else {
            return Ok(());
        };
        let payload = entry.payload();
        match payload.prev {
            Some(prev) if last + 1 == payload.seq && prev != id => {
                Err(Fault::new(Code::Prev, id.to_string(), prev.to_string()))
            }
            _ => Ok(()),
        }
    }

    fn in_feeds(&mut self, entry: &Entry) -> Result<(), Fault> {
        let fault = |expected: String, found: String| Err(Fault::new(Code::Feeds, expected, found));
        let payload = entry.payload();
        let first = payload.feeds.first().map_or("", |(feed, _)| feed.as_str());
        if entry.subject() != first {
            return fault(format!("the subject {first}"), entry.subject().to_owned());
        }
        let event = &payload.event;
        let stands_in = |name: &str| event.feeds.iter().any(|feed| feed.as_str() == name);
        let alone = |name: &str| event.feeds.len() == 1 && stands_in(name);
        let kind = event.kind.as_str();
        for (name, owned) in [("ledger", event.kind.is_ledger()), ("heads", kind == "heads")] {
            if owned != stands_in(name) || (owned && !alone(name)) {
                return fault(
                    format!("{name} alone, for its kinds and only them"),
                    kind.to_owned(),
                );
            }
        }
        let acts_on_sealed = event
            .on
            .as_ref()
            .is_some_and(|on| on.feeds.iter().any(|feed| feed.as_str() == "sealed"));
        let sealed = if kind == "sealed" { alone("sealed") } else { acts_on_sealed };
        if sealed != stands_in("sealed") || (kind == "sealed" && !sealed) {
            let expected = "sealed alone, or beside the feeds of an entry acting on a sealed one";
            return fault(expected.to_owned(), kind.to_owned());
        }
        let acted_on = event.on.iter().flat_map(|on| &on.feeds);
        if let Some(missing) = acted_on.into_iter().find(|feed| !event.feeds.contains(feed)) {
            return fault(
                format!("the feeds of on, {missing} among them"),
                "not that one".to_owned(),
            );
        }
        for (feed, link) in &payload.feeds {
            self.link(payload.seq, feed, *link)?;
        }
        Ok(())
    }

    fn link(&mut self, seq: u64, feed: &FeedId, link: Option<u64>) -> Result<(), Fault> {
        let last = self.feeds.get(feed).copied();
        let above = link.is_some_and(|at| at < seq && last.is_none_or(|last| at > last));
        let to_withheld = link.is_some_and(|at| self.withheld.contains(&at));
        if link == last {
            return Ok(());
        }
        if above && feed.as_str() != "ledger" {
            if to_withheld {
                self.unchecked_links += 1;
                return Ok(());
            }
            if !self.tracks(feed) {
                return Ok(());
            }
        }
        let show = |at: Option<u64>| at.map_or("null".to_owned(), |at| at.to_string());
        let expected = format!("the link {} in feed {feed}", show(last));
        Err(Fault::new(Code::Feeds, expected, show(link)))
    }

    /// Returns whether every entry of `feed` is in the container.
    fn tracks(&self, feed: &FeedId) -> bool {
        match &self.scope {
            Scope::Whole => true,
            Scope::Part { feeds, .. } => feeds.contains(feed),
        }
    }

    fn refers_back(&mut self, entry: &Entry) -> Result<(), Fault> {
        let fault =
            |expected: String, found: String| Err(Fault::new(Code::References, expected, found));
        let payload = entry.payload();
        let (seq, event) = (payload.seq, &payload.event);
        if let Some(on) = &event.on {
            if on.seq >= seq {
                return fault("on an earlier entry".to_owned(), format!("on.seq {}", on.seq));
            }
            if let Scope::Part { feeds, .. } = &self.scope {
                let listed = event.feeds.iter().any(|feed| feeds.contains(feed));
                let here = self.included.contains(&on.seq) || self.withheld.contains(&on.seq);
                if listed && !here {
                    return fault(format!("entry {} that it acts on", on.seq), "none".to_owned());
                }
            }
        }
        if let Basis::Stated(citations) = &event.basis {
            for citation in citations {
                if let Citation::Entry { seq: cited, .. } = citation
                    && *cited >= seq
                {
                    return fault("an earlier entry cited".to_owned(), format!("entry {cited}"));
                }
            }
        }
        let heads = match entry.governance() {
            Governance::Heads(heads) => Some(heads),
            _ => None,
        };
        for (feed, head) in heads.into_iter().flatten() {
            self.check_head(seq, feed, *head)?;
        }
        Ok(())
    }

    /// Checks that a part ends in `heads` of exactly its feeds at the end of the ledger; `None` is
    /// a withheld item.
    pub(crate) fn closes(&self, entry: Option<&Entry>) -> Result<(), Fault> {
        let Scope::Part { feeds, last } = &self.scope else {
            return Ok(());
        };
        let names: Vec<&str> = feeds.iter().map(FeedId::as_str).collect();
        let expected = format!("heads of exactly {} at entry {last}", names.join(", "));
        let found = match entry.map(|entry| (entry, entry.governance())) {
            Some((entry, Governance::Heads(heads))) if heads.keys().eq(feeds.iter()) => {
                if entry.payload().seq == *last {
                    return Ok(());
                }
                format!("them at entry {}", entry.payload().seq)
            }
            Some((_, Governance::Heads(_))) => "heads of other feeds".to_owned(),
            Some((entry, _)) => entry.payload().event.kind.to_string(),
            None => "a withheld entry".to_owned(),
        };
        Err(Fault::new(Code::References, expected, found))
    }

    fn check_head(&mut self, seq: u64, feed: &FeedId, head: u64) -> Result<(), Fault> {
        let last = self.feeds.get(feed).copied();
        if last == Some(head) {
            return Ok(());
        }
        let above = head < seq && last.is_none_or(|last| head > last);
        if above && feed.as_str() != "ledger" {
            if self.withheld.contains(&head) {
                self.unchecked_links += 1;
                return Ok(());
            }
            if !self.tracks(feed) {
                return Ok(());
            }
        }
        let expected = match last {
            Some(last) => format!("the head {last} of feed {feed}"),
            None => format!("no head of feed {feed}, which has no entry"),
        };
        Err(Fault::new(Code::References, expected, head.to_string()))
    }
}
