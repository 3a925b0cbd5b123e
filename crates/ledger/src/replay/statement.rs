//! Public texts, as their entries and the later edits of them have it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Fact, shares_incident};
use crate::claim::Claim;
use crate::hash::Hash;
use crate::name::FeedId;
use crate::time::When;
use crate::vocabulary::Body;
use crate::vocabulary::statement::{Corrected, Form, Published, Speaker};
use crate::vocabulary::words::Channel;

/// A public text and what it asserts.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Statement {
    /// The entry that recorded it first.
    pub seq: u64,
    /// The id of that entry.
    pub id: Hash,
    /// The name by which the ledger refers to it.
    pub name: String,
    /// The feeds of that entry.
    pub feeds: Vec<FeedId>,
    /// Where it was published.
    pub channel: Channel,
    /// Its address. With `item` it is the identity of the text.
    pub url: String,
    /// The number of the item at that address, such as a comment.
    pub item: Option<u64>,
    /// Who speaks.
    pub speaker: Speaker,
    /// When it was published, or a bound.
    pub published: When,
    /// What sort of text it is.
    pub form: Option<Form>,
    /// What it takes back or puts right.
    pub corrects: Vec<Corrected>,
    /// The text as published and after each edit, in order; at least one.
    pub versions: Vec<Version>,
    /// Whether it was taken down or withdrawn.
    pub withdrawn: Option<Withdrawal>,
}

/// A text at one time.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Version {
    /// The entry that recorded it.
    pub seq: u64,
    /// The id of that entry.
    pub id: Hash,
    /// From when the text read so.
    pub at: When,
    /// The digest of the exact text.
    pub digest: Option<Hash>,
    /// All that it asserts.
    pub claims: Vec<Claim>,
    /// The positions of those claims that a reviewer does not find in the text.
    pub rejected: BTreeSet<usize>,
}

/// The end of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Withdrawal {
    /// The entry that recorded it.
    pub seq: u64,
    /// When, if that is known.
    pub at: Option<When>,
}

/// Gathers the statements of a ledger, in the order in which they were recorded.
pub(super) fn gather(facts: &[Fact]) -> Vec<Statement> {
    let mut statements: Vec<Statement> = Vec::new();
    let mut names: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for fact in facts {
        match fact.body() {
            Some(Body::StatementPublished(body)) => {
                names.entry(body.id.clone()).or_default().push(statements.len());
                statements.push(Statement::of(fact, body));
            }
            Some(Body::StatementRevised(body)) => {
                if let Some(at) = last(&statements, names.get(&body.id), &fact.feeds) {
                    statements[at].versions.push(Version {
                        seq: fact.seq,
                        id: fact.id,
                        at: body.revised.clone(),
                        digest: body.digest,
                        claims: body.claims.clone(),
                        rejected: BTreeSet::new(),
                    });
                }
            }
            Some(Body::StatementWithdrawn(body)) => {
                if let Some(at) = last(&statements, names.get(&body.id), &fact.feeds) {
                    let when = fact.occurred().cloned();
                    statements[at].withdrawn = Some(Withdrawal { seq: fact.seq, at: when });
                }
            }
            _ => {}
        }
    }
    statements
}

impl Statement {
    fn of(fact: &Fact, body: &Published) -> Self {
        Self {
            seq: fact.seq,
            id: fact.id,
            name: body.id.clone(),
            feeds: fact.feeds.clone(),
            channel: body.channel.clone(),
            url: body.url.clone(),
            item: body.item,
            speaker: body.speaker.clone(),
            published: body.published.clone(),
            form: body.form.clone(),
            corrects: body.corrects.clone(),
            versions: vec![Version {
                seq: fact.seq,
                id: fact.id,
                at: body.published.clone(),
                digest: body.digest,
                claims: body.claims.clone(),
                rejected: BTreeSet::new(),
            }],
            withdrawn: None,
        }
    }
}

/// Returns the last of the statements at `named` that stands in one of `feeds`.
fn last(statements: &[Statement], named: Option<&Vec<usize>>, feeds: &[FeedId]) -> Option<usize> {
    let within = |at: &&usize| shares_incident(&statements[**at].feeds, feeds);
    named?.iter().rev().find(within).copied()
}
