//! One decision of a reviewer.

use serde::{Deserialize, Serialize};
use tally_ledger::claim::{Claim, Origin};
use tally_ledger::hash::Hash;

use super::ReviewError;

/// What was decided on a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Nothing yet.
    Open,
    /// The text makes the claim.
    Confirmed,
    /// The text makes another claim, which stands in `instead`.
    Edited,
    /// The text makes no such claim.
    Rejected,
}

impl Decision {
    /// Returns the decision in one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Confirmed => "confirmed",
            Self::Edited => "edited",
            Self::Rejected => "rejected",
        }
    }
}

/// A claim of a text, and what was decided on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimDecision {
    /// The address of the text.
    pub url: String,
    /// The number of the item at that address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<u64>,
    /// The SHA-256 of the exact text; absent: every version of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Hash>,
    /// What was decided.
    pub decision: Decision,
    /// Why; needed unless the decision is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The role of who decided, such as `auditor`; needed unless the decision is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The phrase rule that suggested the claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The claim as it was suggested, read or found.
    pub claim: Claim,
    /// The claim that the text makes instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead: Option<Claim>,
}

/// A finding that a reviewer accepts: it is shown as accepted, with the reason, and never vanishes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// The id of the finding.
    pub id: Hash,
    /// Why it is accepted.
    pub reason: String,
    /// The role of who accepts it.
    pub role: String,
}

impl ClaimDecision {
    /// Returns a claim that nobody decided on yet.
    pub fn open(url: &str, item: Option<u64>, digest: Option<Hash>, claim: Claim) -> Self {
        Self {
            url: url.to_owned(),
            item,
            digest,
            decision: Decision::Open,
            reason: None,
            role: None,
            rule: None,
            claim,
            instead: None,
        }
    }

    /// Returns the name of the claim in commands: the first 8 hexadecimal digits of the SHA-256
    /// over its text's address, item, digest, and what it asserts where.
    pub fn id(&self) -> String {
        let claim = &self.claim;
        let asserted = serde_json::to_string(&claim.assertion).expect("assertions have text keys");
        let parts = [
            self.url.clone(),
            self.item.map_or(String::new(), |item| item.to_string()),
            self.digest.map_or(String::new(), |digest| digest.to_string()),
            claim.span.map_or(String::new(), |[start, end]| format!("{start}-{end}")),
            asserted,
        ];
        let mut bytes = b"tally claim 1".to_vec();
        for part in parts {
            bytes.extend((part.len() as u64).to_be_bytes());
            bytes.extend(part.as_bytes());
        }
        Hash::of(&bytes).to_string()[..8].to_owned()
    }

    /// Returns what decisions are sorted by: text, place in it, and name.
    pub(super) fn place(&self) -> (String, Option<u64>, Option<Hash>, Option<[u64; 2]>, String) {
        (self.url.clone(), self.item, self.digest, self.claim.span, self.id())
    }

    /// Returns whether a reviewer found the claim, where no rule and no template did.
    pub(super) fn is_new(&self) -> bool {
        self.claim.origin == Origin::Annotated || self.rule.is_some()
    }

    /// Returns whether that is the claim decided on.
    pub(super) fn is(&self, claim: &Claim) -> bool {
        self.claim.assertion == claim.assertion && self.claim.span == claim.span
    }

    /// Returns the claim that is held: a reviewer marked it.
    pub(super) fn held(&self) -> Claim {
        let mut claim = self.instead.as_ref().unwrap_or(&self.claim).clone();
        claim.origin = Origin::Annotated;
        claim
    }

    /// Returns whether both decide the same.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        self.decision == other.decision && self.instead == other.instead
    }

    /// Returns the decision in words, with its role and reason.
    pub fn words(&self) -> String {
        let role = self.role.as_deref().map_or(String::new(), |role| format!(" by {role}"));
        let reason = self.reason.as_deref().map_or(String::new(), |why| format!(": {why}"));
        let instead = self.instead.as_ref();
        let instead = instead.map_or(String::new(), |c| format!(" to {:?}", c.assertion.summary()));
        format!("{}{instead}{role}{reason}", self.decision.as_str())
    }

    pub(super) fn check(&self) -> Result<(), ReviewError> {
        let says = |text: &Option<String>| text.as_ref().is_some_and(|t| !t.trim().is_empty());
        let decided = self.decision != Decision::Open;
        let what = if decided && !says(&self.reason) {
            format!("it is {} without a reason", self.decision.as_str())
        } else if decided && !says(&self.role) {
            format!("it is {} without the role of who decided", self.decision.as_str())
        } else if (self.decision == Decision::Edited) != self.instead.is_some() {
            "an edited claim, and no other, has what it asserts instead".to_owned()
        } else {
            return Ok(());
        };
        Err(ReviewError::Decision { id: self.id(), what })
    }
}
