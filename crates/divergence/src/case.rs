//! What the rules look at: a replayed ledger, its claims, and the terms under which they are held.

use std::collections::BTreeMap;

use tally_ledger::hash::Hash;
use tally_ledger::time::Instant;

use crate::claims::{Claims, Held};
use crate::finding::Finding;
use crate::incident::Incident;
use crate::pack::Packs;
use crate::reply::Reply;
use crate::review::Review;

/// The terms under which claims are held against facts, besides the ledger itself.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// The instant as of which open promises and clocks are judged; absent: the last that was
    /// recorded.
    pub at: Option<Instant>,
    /// The policies that clocks are taken from.
    pub packs: Packs,
    /// The exact texts of statements that are at hand.
    pub texts: Texts,
    /// The findings that reviewers accept. What they decided on claims is applied to the timeline
    /// before ([`Review::apply`]).
    pub review: Review,
    /// The replies of organisations to findings.
    pub replies: Vec<Reply>,
}

/// Exact texts by their SHA-256. A text gets in by its bytes alone, so none stands under another's
/// digest.
#[derive(Debug, Clone, Default)]
pub struct Texts(BTreeMap<Hash, String>);

impl Texts {
    /// Adds a text and returns its digest.
    pub fn add(&mut self, text: String) -> Hash {
        let digest = Hash::of(text.as_bytes());
        self.0.insert(digest, text);
        digest
    }

    /// Returns the text with that digest, if it is at hand.
    pub fn get(&self, digest: &Hash) -> Option<&str> {
        self.0.get(digest).map(String::as_str)
    }
}

/// What a rule looks at.
#[derive(Debug)]
pub struct Case<'a> {
    /// The claims, and the facts that they are held against.
    pub claims: Claims<'a>,
    /// The incidents whose organisation is known.
    pub(crate) incidents: Vec<Incident<'a>>,
    /// The instant as of which open promises and clocks are judged.
    pub as_of: Instant,
    /// The policies that clocks are taken from.
    pub packs: &'a Packs,
    /// The exact texts that are at hand.
    pub texts: &'a Texts,
    /// What the rules that judge claims found, by the entry and position of the claim. They run
    /// before the others.
    pub(crate) judged: BTreeMap<(u64, usize), Finding>,
}

impl Case<'_> {
    /// Returns what the rule that judges a claim found of it.
    pub(crate) fn judged(&self, held: &Held<'_>) -> Option<&Finding> {
        self.judged.get(&(held.version.seq, held.index))
    }
}
