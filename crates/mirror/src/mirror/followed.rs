//! What a mirror keeps of each ledger beside the files that it serves.

use serde::{Deserialize, Serialize};
use tally_ledger::hash::Hash;
use tally_ledger::note::Vkey;
use tally_ledger::policy::Policy;

use super::MirrorError;

/// The version of both files.
const SCHEMA: u32 = 1;

/// What a mirror was told of a ledger when it was added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Followed {
    schema: u32,
    /// The origin.
    pub origin: String,
    /// The place that it is published at.
    pub place: String,
    /// The vkeys of which each has to have signed the first checkpoint that is taken.
    pub keys: Vec<String>,
    /// The text of a policy: a log of it has to have signed the first checkpoint that is taken,
    /// and every one has to meet its quorum.
    pub policy: Option<String>,
    /// How much of it is taken at most.
    pub limits: Limits,
}

/// How large a ledger may become before a mirror follows it no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// The most entries.
    pub entries: u64,
    /// The most bytes of entries.
    pub bytes: u64,
    /// The most bytes of evidence.
    pub evidence: u64,
}

impl Default for Limits {
    /// Returns a million entries, and 4 GiB each of entries and of evidence.
    fn default() -> Self {
        Self { entries: 1_000_000, bytes: 4 << 30, evidence: 4 << 30 }
    }
}

/// What is known of the keys of a ledger beforehand.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The vkeys that were given.
    pub keys: Vec<Vkey>,
    /// The policy that was given.
    pub policy: Option<Policy>,
}

impl Followed {
    /// Returns what is kept of a ledger that is added.
    pub fn new(origin: &str, place: &str, limits: Limits) -> Self {
        let (origin, place) = (origin.to_owned(), place.to_owned());
        Self { schema: SCHEMA, origin, place, keys: Vec::new(), policy: None, limits }
    }

    /// Returns the keys and the policy.
    ///
    /// # Errors
    ///
    /// Fails if one of them is none.
    pub fn known(&self) -> Result<Known, MirrorError> {
        let wrong = |reason: String| MirrorError::State { origin: self.origin.clone(), reason };
        if self.schema != SCHEMA {
            return Err(wrong(format!("it is of version {}, expected {SCHEMA}", self.schema)));
        }
        let key = |key: &String| key.parse::<Vkey>().map_err(|e| wrong(format!("{key}: {e}")));
        let policy = self.policy.as_ref().map(|text| text.parse::<Policy>());
        let policy = policy.transpose().map_err(|e| wrong(format!("the policy: {e}")))?;
        Ok(Known { keys: self.keys.iter().map(key).collect::<Result<_, _>>()?, policy })
    }
}

impl Known {
    /// Returns the vkeys of the log, those of the policy included.
    pub fn logs(&self) -> impl Iterator<Item = &Vkey> {
        self.keys.iter().chain(self.policy.iter().flat_map(Policy::logs))
    }
}

/// How the last sync of a ledger ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// The log signed two histories: it is followed no further.
    Equivocation,
    /// What is published does not hold.
    Broken,
    /// The place could not be read, or the mirror could not write.
    Failed,
    /// The place serves an earlier checkpoint than the one that is held.
    Stale,
    /// It was added, and nothing was read yet.
    #[default]
    New,
    /// The mirror holds what is published.
    Well,
}

impl Condition {
    /// Every condition, the worst first.
    pub const ALL: [Self; 6] =
        [Self::Equivocation, Self::Broken, Self::Failed, Self::Stale, Self::New, Self::Well];
}

/// What is kept of a ledger between two syncs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// How the last sync ended.
    pub condition: Condition,
    /// When it ended, in seconds since 1970-01-01T00:00:00Z.
    pub tried: u64,
    /// When one last found that the mirror holds what is published.
    pub success: Option<u64>,
    /// What went wrong, in words.
    pub error: Option<String>,
    /// How many syncs in a row have failed.
    pub failures: u32,
    /// The time of the last cosignature: none is ever dated earlier.
    pub cosigned: u64,
    /// The id of the ledger, once it was verified.
    pub ledger_id: Option<Hash>,
    /// The vkeys that the verified entries grant the right to sign checkpoints.
    pub granted: Vec<String>,
    /// The vkeys that they granted and revoked since, but for those that are held compromised.
    #[serde(default)]
    pub retired: Vec<String>,
    /// The checkpoint that was read last, as it was served.
    pub read: Option<String>,
}
