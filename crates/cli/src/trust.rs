//! The user's trust store: which ledgers are known by which pins, and how far they were seen.
//!
//! One JSON file, `trust.json`, in the user's configuration folder; beside it `conflicts/`, where
//! checkpoints that contradict one seen before are kept as evidence.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tally_ledger::equivocation::Equivocation;
use tally_ledger::hash::Hash;
use tally_ledger::note::Checkpoint;
use tally_ledger::policy::Policy;
use tally_ledger::verify::Pins;

use crate::failure::Failure;

/// The largest trust store that is read, in bytes.
const SIZE_MAX: u64 = 64 * 1024 * 1024;

/// The pins of all ledgers that the user knows.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    schema: u32,
    ledgers: Vec<Known>,
}

/// The pins of one ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The origin.
    pub origin: String,
    /// The id of the genesis entry.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ledger_id: Option<Hash>,
    /// Keys of which each must have signed the last checkpoint.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub keys: Vec<String>,
    /// The text of a policy (C2SP tlog-policy).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub policy: Option<String>,
    /// The largest checkpoint that was accepted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seen: Option<String>,
}

impl Known {
    /// Returns the pins.
    ///
    /// # Errors
    ///
    /// Fails if one of them is not what it should be.
    pub fn pins(&self) -> Result<Pins, Failure> {
        let broken = |what: &str, e: String| {
            Failure::new(format!("the trust store's {what} of {}: {e}", self.origin))
                .hint(format!("run: tally trust remove {}, then add it again", self.origin))
        };
        let parsed = self.keys.iter().map(|key| key.parse()).collect::<Result<_, _>>();
        let keys =
            parsed.map_err(|e: tally_ledger::note::NoteError| broken("key", e.to_string()))?;
        let policy: Option<Policy> = self
            .policy
            .as_ref()
            .map(|text| text.parse())
            .transpose()
            .map_err(|e: tally_ledger::policy::PolicyError| broken("policy", e.to_string()))?;
        let seen = self.seen.iter().map(|text| text.parse()).collect::<Result<_, _>>();
        let seen =
            seen.map_err(|e: tally_ledger::note::NoteError| broken("checkpoint", e.to_string()))?;
        Ok(Pins { keys, policy, ledger_id: self.ledger_id, seen })
    }
}

impl Known {
    /// Returns the largest checkpoint that was accepted; `None` if there is none.
    pub fn seen(&self) -> Option<Checkpoint> {
        self.seen.as_ref().and_then(|text| text.parse().ok())
    }
}

/// The trust store of one folder.
#[derive(Debug, Clone)]
pub struct TrustStore {
    folder: PathBuf,
}

impl TrustStore {
    /// Returns the store in the configuration folder.
    ///
    /// # Errors
    ///
    /// Fails if the process has no such folder.
    pub fn of(config: Option<&Path>) -> Result<Self, Failure> {
        let folder = config.ok_or_else(|| {
            Failure::new("there is no folder for the trust store")
                .hint("set HOME, XDG_CONFIG_HOME or TALLY_CONFIG_DIR")
        })?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Returns the file of the store.
    pub fn path(&self) -> PathBuf {
        self.folder.join("trust.json")
    }

    /// Returns what is known; nothing if there is no store yet.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read or is not a trust store.
    pub fn read(&self) -> Result<Vec<Known>, Failure> {
        let path = self.path();
        let size = match fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(Failure::io("read", &path, &e)),
        };
        let broken = |what: String| {
            Failure::new(format!("{} is not a trust store: {what}", path.display()))
                .hint("move it away; pins are added again with: tally trust add")
        };
        if size > SIZE_MAX {
            return Err(broken(format!("{size} bytes, expected at most {SIZE_MAX}")));
        }
        let text = fs::read_to_string(&path).map_err(|e| Failure::io("read", &path, &e))?;
        let trust: Trust = serde_json::from_str(&text).map_err(|e| broken(e.to_string()))?;
        if trust.schema != 1 {
            return Err(broken(format!("schema {}, expected 1", trust.schema)));
        }
        Ok(trust.ledgers)
    }

    /// Returns what is known of the ledger `origin`.
    ///
    /// # Errors
    ///
    /// As [`TrustStore::read`].
    pub fn find(&self, origin: &str) -> Result<Option<Known>, Failure> {
        Ok(self.read()?.into_iter().find(|known| known.origin == origin))
    }

    /// Changes the store, under a lock, in one step.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read or written; then it is as it was.
    pub fn change<T>(
        &self,
        change: impl FnOnce(&mut Vec<Known>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let failed = |e: std::io::Error| Failure::io("write", &self.folder, &e);
        fs::create_dir_all(&self.folder).map_err(failed)?;
        let lock = File::create(self.folder.join("trust.lock")).map_err(failed)?;
        lock.lock().map_err(failed)?;
        let mut ledgers = self.read()?;
        let result = change(&mut ledgers)?;
        ledgers.sort_by(|a, b| a.origin.cmp(&b.origin));
        let text = serde_json::to_string_pretty(&Trust { schema: 1, ledgers })
            .expect("a trust store has text keys");
        self.replace(&format!("{text}\n")).map_err(failed)?;
        Ok(result)
    }

    /// Remembers the last checkpoint of a ledger that was accepted, if it is the largest so far.
    ///
    /// # Errors
    ///
    /// As [`TrustStore::change`].
    pub fn saw(&self, origin: &str, checkpoint: &Checkpoint) -> Result<(), Failure> {
        self.change(|ledgers| {
            let Some(known) = ledgers.iter_mut().find(|known| known.origin == origin) else {
                return Ok(());
            };
            if known.seen().is_none_or(|seen| seen.size() < checkpoint.size()) {
                known.seen = Some(checkpoint.to_string());
            }
            Ok(())
        })
    }

    /// Keeps a checkpoint that contradicts one seen before, and returns where.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be written.
    pub fn keep_conflict(&self, seen: &str, found: &str) -> Result<PathBuf, Failure> {
        let text = serde_json::json!({ "schema": 1, "seen": seen, "found": found });
        self.keep(&format!("{text:#}\n"), "json")
    }

    /// Keeps the proof that one key signed two histories, and returns where.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be written.
    pub fn keep_proof(&self, proof: &Equivocation) -> Result<PathBuf, Failure> {
        self.keep(&proof.to_string(), "equivocation")
    }

    /// Keeps a text in `conflicts/`, by its digest.
    fn keep(&self, text: &str, ending: &str) -> Result<PathBuf, Failure> {
        let folder = self.folder.join("conflicts");
        let failed = |e: std::io::Error| Failure::io("write", &folder, &e);
        fs::create_dir_all(&folder).map_err(failed)?;
        let path = folder.join(format!("{}.{ending}", Hash::of(text.as_bytes()).short()));
        fs::write(&path, text).map_err(failed)?;
        Ok(path)
    }

    fn replace(&self, text: &str) -> std::io::Result<()> {
        let staged = self.folder.join("trust.json.new");
        let mut file = File::create(&staged)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&staged, self.path())
    }
}
