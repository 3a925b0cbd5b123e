//! What a mirror holds of one ledger.

use std::path::{Path, PathBuf};

use tally_ledger::equivocation::{EQUIVOCATION_MAX, Equivocation};
use tally_ledger::note::{Checkpoint, Signed, Vkey};

use super::{EQUIVOCATION, Followed, MirrorError, PROOFS_MAX, State, read_json, write_json};
use crate::disk;
use crate::publish::{CHECKPOINT, CHECKPOINT_BYTES_MAX};

/// The file of checkpoints that could not be taken yet.
const SEEN: &str = "seen.json";
/// The file of the last checkpoint that was cosigned.
const COSIGNED: &str = "cosigned";

fn read_checkpoint(path: &Path, origin: &str) -> Result<Option<Checkpoint>, MirrorError> {
    let read = disk::read(path, CHECKPOINT_BYTES_MAX)?;
    let wrong = |reason: String| MirrorError::Damaged { origin: origin.to_owned(), reason };
    let text = read.map(String::from_utf8).transpose();
    let text = text.map_err(|_| wrong("its checkpoint is not UTF-8".to_owned()))?;
    let parse = |text: String| text.parse::<Checkpoint>().map_err(|e| wrong(e.to_string()));
    text.map(parse).transpose()
}

/// A ledger that a mirror follows.
#[derive(Debug, Clone)]
pub struct Held {
    pub(super) origin: String,
    pub(super) public: PathBuf,
    pub(super) state_dir: PathBuf,
    /// The mirror's own vkey.
    pub(super) vkey: Vkey,
}

impl Held {
    /// Returns the origin.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the name of its folder: the SHA-256 of its origin (C2SP tlog-mirror).
    pub fn folder(&self) -> &str {
        self.public.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// Returns the folder of what is served of it.
    pub fn public(&self) -> &Path {
        &self.public
    }

    /// Returns what the mirror was told of it.
    ///
    /// # Errors
    ///
    /// Fails if that cannot be read.
    pub fn followed(&self) -> Result<Followed, MirrorError> {
        let read = read_json(&self.state_dir.join("ledger.json"), &self.origin)?;
        read.ok_or_else(|| MirrorError::NotFollowed { origin: self.origin.clone() })
    }

    /// Returns what the last sync left.
    ///
    /// # Errors
    ///
    /// Fails if that cannot be read.
    pub fn state(&self) -> Result<State, MirrorError> {
        Ok(read_json(&self.state_dir.join("state.json"), &self.origin)?.unwrap_or_default())
    }

    /// Returns the checkpoint that is held, with the mirror's cosignature.
    ///
    /// # Errors
    ///
    /// Fails if the disk refuses, or the file is no checkpoint.
    pub fn checkpoint(&self) -> Result<Option<Checkpoint>, MirrorError> {
        read_checkpoint(&self.public.join(CHECKPOINT), &self.origin)
    }

    /// Returns when the mirror cosigned what it holds.
    pub fn cosigned(&self, checkpoint: &Checkpoint) -> Option<u64> {
        match checkpoint.signed_by(&self.vkey) {
            Signed::Holds(time) => Some(time),
            Signed::Absent | Signed::Broken => None,
        }
    }

    /// Returns the proofs that the log signed two histories, by the paths of their files.
    ///
    /// # Errors
    ///
    /// Fails if the disk refuses, or a file is none.
    pub fn equivocations(&self) -> Result<Vec<(PathBuf, Equivocation)>, MirrorError> {
        let mut found = Vec::new();
        for number in 1..=PROOFS_MAX {
            let path = self.public.join(EQUIVOCATION).join(format!("{number}.txt"));
            let Some(bytes) = disk::read(&path, EQUIVOCATION_MAX as u64)? else {
                break;
            };
            let read = String::from_utf8_lossy(&bytes).parse::<Equivocation>();
            let read = read.map_err(|e| MirrorError::Damaged {
                origin: self.origin.clone(),
                reason: format!("{}: {e}", path.display()),
            })?;
            found.push((path, read));
        }
        Ok(found)
    }

    /// Keeps a proof, unless it is kept already.
    pub(super) fn keep_equivocation(&self, proof: &Equivocation) -> Result<PathBuf, MirrorError> {
        let kept = self.equivocations()?;
        if let Some((path, _)) = kept.iter().find(|(_, other)| other == proof) {
            return Ok(path.clone());
        }
        let name = format!("{}.txt", kept.len() + 1);
        let path = self.public.join(EQUIVOCATION).join(name);
        disk::write(&path, proof.to_string().as_bytes())?;
        Ok(path)
    }

    pub(super) fn keep_state(&self, state: &State) -> Result<(), MirrorError> {
        write_json(&self.state_dir.join("state.json"), state)
    }

    /// Returns the checkpoints that a key of the log signed and that could not be taken yet.
    pub(super) fn seen(&self) -> Result<Vec<Checkpoint>, MirrorError> {
        let path = self.state_dir.join(SEEN);
        let texts = match read_json::<Vec<String>>(&path, &self.origin) {
            // A memory that the disk has damaged keeps no ledger from being followed.
            Err(MirrorError::State { .. }) => {
                disk::set_aside(&path, &self.state_dir)?;
                Vec::new()
            }
            texts => texts?.unwrap_or_default(),
        };
        Ok(texts.iter().filter_map(|text| text.parse().ok()).collect())
    }

    pub(super) fn keep_seen(&self, seen: &[Checkpoint]) -> Result<(), MirrorError> {
        let texts: Vec<String> = seen.iter().map(Checkpoint::to_string).collect();
        write_json(&self.state_dir.join(SEEN), &texts)
    }

    /// Keeps what the mirror is about to serve under its cosignature.
    pub(super) fn keep_cosigned(&self, own: &Checkpoint) -> Result<(), MirrorError> {
        Ok(disk::write(&self.state_dir.join(COSIGNED), own.to_string().as_bytes())?)
    }

    /// Returns what the mirror cosigned last, whatever became of what it serves.
    pub(super) fn cosigned_before(&self) -> Result<Option<Checkpoint>, MirrorError> {
        read_checkpoint(&self.state_dir.join(COSIGNED), &self.origin)
    }

    /// Removes what is kept of the ledger but what the mirror's key has cosigned, which it must
    /// never contradict; with `files` also what is served, but for proofs of two histories.
    pub(super) fn remove(&self, files: bool) -> Result<(), MirrorError> {
        if self.cosigned_before()?.is_none()
            && let Some(own) = self.checkpoint()?
        {
            self.keep_cosigned(&own)?;
        }
        disk::remove_all_but(&self.state_dir, COSIGNED)?;
        if files { Ok(disk::remove_all_but(&self.public, EQUIVOCATION)?) } else { Ok(()) }
    }

    pub(super) fn incoming(&self) -> PathBuf {
        self.state_dir.join("incoming")
    }
}
