//! What reviewers decided: which claims a text makes, and which findings they accept.
//!
//! A review is one text file (TOML) beside the statements, so that it can be read, compared and
//! merged like any other text. It changes no entry: a report that follows a review says so.

mod decision;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tally_ledger::hash::Hash;
use tally_ledger::replay::{Timeline, Version};

pub use decision::{Accepted, ClaimDecision, Decision};

use crate::source::Place;

/// The schema number of a review.
pub const SCHEMA: u32 = 1;

/// The largest review that is read, in bytes.
pub const REVIEW_MAX: u64 = 16 << 20;

/// The decisions of one or more reviewers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    schema: u32,
    /// The claims that were suggested, read from a template or found by a reviewer.
    #[serde(default, rename = "claim", skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ClaimDecision>,
    /// The findings that a reviewer accepts as they are.
    #[serde(default, rename = "finding", skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Accepted>,
}

/// Why a text is no review.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReviewError {
    /// It is not TOML of this shape.
    #[error("{0}")]
    Shape(String),
    /// Its schema is not known here.
    #[error("schema {0}, expected {SCHEMA}")]
    Schema(u32),
    /// A decision lacks what it needs.
    #[error("claim {id}: {what}")]
    Decision {
        /// The id of the claim.
        id: String,
        /// What is wrong with it.
        what: String,
    },
    /// The same claim or finding is decided twice.
    #[error("{0} is decided twice")]
    Twice(String),
}

/// Two reviewers' decisions on one claim or finding that do not agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The id of the claim or finding.
    pub id: String,
    /// What the first decides, in words.
    pub first: String,
    /// What the second decides.
    pub second: String,
}

impl Default for Review {
    fn default() -> Self {
        Self { schema: SCHEMA, claims: Vec::new(), findings: Vec::new() }
    }
}

impl Review {
    /// Reads a review.
    ///
    /// # Errors
    ///
    /// Fails if the text is no review, if a decision lacks a reason, a role or what it puts in the
    /// place of a claim, and if something is decided twice.
    pub fn read(text: &str) -> Result<Self, ReviewError> {
        let review: Self = toml::from_str(text)
            .map_err(|e| ReviewError::Shape(e.to_string().trim_end().to_owned()))?;
        if review.schema != SCHEMA {
            return Err(ReviewError::Schema(review.schema));
        }
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for decision in &review.claims {
            decision.check()?;
            if !seen.insert(decision.id()) {
                return Err(ReviewError::Twice(format!("claim {}", decision.id())));
            }
        }
        for accepted in &review.findings {
            if accepted.reason.trim().is_empty() || accepted.role.trim().is_empty() {
                let what = "an accepted finding needs a reason and a role".to_owned();
                return Err(ReviewError::Shape(format!("finding {}: {what}", accepted.id)));
            }
            if !seen.insert(accepted.id.to_string()) {
                return Err(ReviewError::Twice(format!("finding {}", accepted.id)));
            }
        }
        Ok(review)
    }

    /// Returns the review as text, sorted, so that the same decisions are the same bytes.
    pub fn text(&self) -> String {
        let mut sorted = self.clone();
        sorted.claims.sort_by_key(ClaimDecision::place);
        sorted.findings.sort_by_key(|accepted| accepted.id);
        toml::to_string(&sorted).expect("these structures have text keys and no floats")
    }

    /// Adds the claims of `other` that are not here yet, in whatever state, and returns how many.
    pub fn add(&mut self, other: impl IntoIterator<Item = ClaimDecision>) -> usize {
        let known: BTreeSet<String> = self.claims.iter().map(ClaimDecision::id).collect();
        let before = self.claims.len();
        self.claims.extend(other.into_iter().filter(|claim| !known.contains(&claim.id())));
        self.claims.len() - before
    }

    /// Merges another review into this one. What only one of them decides is taken from it; what
    /// both decide otherwise stays as it is here and is returned.
    pub fn merge(&mut self, other: &Self) -> Vec<Conflict> {
        let mut conflicts = Vec::new();
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for (at, claim) in self.claims.iter().enumerate() {
            places.insert(claim.id(), at);
        }
        for theirs in &other.claims {
            let id = theirs.id();
            let Some(at) = places.get(&id) else {
                self.claims.push(theirs.clone());
                continue;
            };
            let ours = &mut self.claims[*at];
            if ours.decision == Decision::Open {
                *ours = theirs.clone();
            } else if theirs.decision != Decision::Open && !ours.agrees(theirs) {
                conflicts.push(Conflict { id, first: ours.words(), second: theirs.words() });
            }
        }
        for theirs in &other.findings {
            if self.findings.iter().all(|ours| ours.id != theirs.id) {
                self.findings.push(theirs.clone());
            }
        }
        conflicts
    }

    /// Applies the decisions on claims to a timeline, and returns those that concern no statement
    /// or version in it.
    pub fn apply(&self, timeline: &mut Timeline) -> Vec<&ClaimDecision> {
        let mut places: BTreeMap<Place, Vec<usize>> = BTreeMap::new();
        for (at, decision) in self.claims.iter().enumerate() {
            let place = Place::new(&decision.url, decision.item);
            places.entry(place).or_default().push(at);
        }
        let mut met = vec![false; self.claims.len()];
        timeline.review(|url, item, version| {
            for at in places.get(&Place::new(url, item)).into_iter().flatten() {
                let decision = &self.claims[*at];
                if decision.digest.is_none() || decision.digest == version.digest {
                    met[*at] |= follow(decision, version);
                }
            }
        });
        self.claims.iter().zip(met).filter(|(_, met)| !met).map(|(decision, _)| decision).collect()
    }

    /// Returns the acceptance of a finding, if a reviewer accepted it.
    pub fn accepted(&self, finding: &Hash) -> Option<&Accepted> {
        self.findings.iter().find(|accepted| accepted.id == *finding)
    }
}

/// Changes what a version asserts as the decision says, and returns whether it had effect: a claim
/// that was read from the text must be found in the version, any other is added.
fn follow(decision: &ClaimDecision, version: &mut Version) -> bool {
    let found = version.claims.iter().position(|claim| decision.is(claim));
    match (decision.decision, found) {
        (Decision::Open, found) => found.is_some() || decision.is_new(),
        (Decision::Rejected, Some(at)) => {
            version.rejected.insert(at);
            true
        }
        (Decision::Rejected, None) => decision.is_new(),
        (Decision::Confirmed | Decision::Edited, Some(at)) => {
            version.claims[at] = decision.held();
            true
        }
        (Decision::Confirmed | Decision::Edited, None) => {
            version.claims.push(decision.held());
            true
        }
    }
}

#[cfg(test)]
mod tests;
