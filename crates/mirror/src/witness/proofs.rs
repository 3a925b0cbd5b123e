//! Proofs that a log signed two histories, as files beside its notes: `<size>-<size>.equivocation`
//! with the sizes of the two checkpoints. Whoever gets one needs nothing else but the log's key.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tally_ledger::equivocation::{Equivocation, Grown};
use tally_ledger::note::{Checkpoint, Vkey};

use crate::disk::{self, DiskError};

/// The most proofs that are kept of a log; one is enough.
const PROOFS_MAX: usize = 256;
const ENDING: &str = ".equivocation";

/// Which proofs there are, by the sizes of the two checkpoints.
#[derive(Debug, Default)]
pub(super) struct Proofs(BTreeSet<(u64, u64)>);

impl Proofs {
    /// Takes note of a file, if its name is that of a proof.
    pub(super) fn read(&mut self, name: &str) {
        let sizes = name.strip_suffix(ENDING).and_then(|sizes| sizes.split_once('-'));
        let sizes = sizes.and_then(|(one, other)| Some((one.parse().ok()?, other.parse().ok()?)));
        self.0.extend(sizes);
    }

    /// Returns whether there is one of these sizes.
    pub(super) fn has(&self, smaller: u64, larger: u64) -> bool {
        self.0.contains(&(smaller, larger))
    }

    /// Returns the sizes and file names of the proofs.
    pub(super) fn all(&self) -> impl Iterator<Item = (u64, u64, String)> {
        self.0.iter().map(|(smaller, larger)| (*smaller, *larger, name(*smaller, *larger)))
    }

    /// Writes the proof that one of `vkeys` signed both notes, if one did and they contradict each
    /// other; `grown` is what the larger has at the size of the smaller. Returns the new file;
    /// `None` if there is no such proof, or one of those sizes already.
    ///
    /// # Errors
    ///
    /// Fails as the file system does.
    pub(super) fn keep(
        &mut self,
        folder: &Path,
        vkeys: &[Vkey],
        notes: [&Checkpoint; 2],
        grown: Option<&Grown>,
    ) -> Result<Option<PathBuf>, DiskError> {
        let [smaller, larger] = notes;
        let sizes = (smaller.size(), larger.size());
        if self.has(sizes.0, sizes.1) || self.0.len() >= PROOFS_MAX {
            return Ok(None);
        }
        let by = |vkey: &Vkey| {
            let (smaller, larger) = (smaller.clone(), larger.clone());
            Equivocation::between(vkey.clone(), smaller, larger, grown.cloned()).ok()
        };
        let Some(proof) = vkeys.iter().find_map(by) else {
            return Ok(None);
        };
        let file = folder.join(name(sizes.0, sizes.1));
        disk::write(&file, proof.to_string().as_bytes())?;
        self.0.insert(sizes);
        Ok(Some(file))
    }
}

fn name(smaller: u64, larger: u64) -> String {
    format!("{smaller}-{larger}{ENDING}")
}
