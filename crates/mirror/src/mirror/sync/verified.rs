//! What a sync verifies, and holds of it.

use std::fs;
use std::io;

use tally_ledger::authority::Authority;
use tally_ledger::bundle::{Form, Manifest};
use tally_ledger::entry::Entry;
use tally_ledger::hash::Hash;
use tally_ledger::note::{Checkpoint, Signed, Vkey};
use tally_ledger::payload::Evidence;
use tally_ledger::tile::{self, Content, Tile, WIDTH};
use tally_ledger::tree::Tree;
use tally_ledger::verify::{self, Pins, Verdict};

use super::{MirrorError, Sync};

/// How many files entries may name in all: what is known of them is held in memory.
const EVIDENCE_FILES_MAX: usize = 1_000_000;

/// What the entries of a verified ledger yield.
#[derive(Default)]
pub(super) struct Verified {
    pub(super) tree: Tree,
    pub(super) authority: Authority,
    /// The digests and sizes of the files that entries name.
    evidence: Vec<(Hash, u64)>,
    pub(super) ledger_id: Option<Hash>,
    refused: Option<String>,
}

impl Verified {
    fn take(&mut self, entry: &Entry) {
        self.tree.push(entry.id());
        self.ledger_id.get_or_insert(entry.id());
        let seq = entry.payload().seq;
        let applied = self.authority.apply(entry.origin(), seq, entry.governance());
        self.refused = self.refused.take().or(applied.err().map(|fault| fault.to_string()));
        for evidence in &entry.payload().event.evidence {
            if let Evidence::File { digest, size, .. } = evidence
                && self.evidence.len() <= EVIDENCE_FILES_MAX
            {
                self.evidence.push((*digest, *size));
            }
        }
    }

    /// Returns the digests and sizes of the files that entries name, each once.
    pub(super) fn evidence(&mut self) -> Result<Vec<(Hash, u64)>, MirrorError> {
        let mut named = std::mem::take(&mut self.evidence);
        if named.len() > EVIDENCE_FILES_MAX {
            let (found, most) = (named.len() as u64, EVIDENCE_FILES_MAX as u64);
            return Err(MirrorError::TooLarge { what: "files of evidence", found, most });
        }
        named.sort_unstable();
        named.dedup_by_key(|(digest, _)| *digest);
        Ok(named)
    }
}

impl Sync<'_> {
    /// Verifies the whole ledger by every rule of the format, from the held bundles and the new
    /// ones.
    pub(super) fn verify(
        &self,
        theirs: &Checkpoint,
        earlier: &[Checkpoint],
        from: u64,
    ) -> Result<Verified, MirrorError> {
        let checkpoints = earlier.iter().chain([theirs]).map(|one| (one.clone(), Vec::new()));
        let manifest = Manifest {
            form: Form::Bundle,
            checkpoints: checkpoints.collect(),
            evidence: Vec::new(),
        };
        let entries = self.entries(theirs.size(), from);
        let mut verified = Verified::default();
        let pins = self.pins(theirs);
        let outcome = verify::entries(&manifest, &pins, entries, |entry| verified.take(&entry));
        let outcome = outcome.map_err(|e: io::Error| self.damaged(&e))?;
        if let Some(fault) = &outcome.fault {
            let reason = fault.to_string();
            return Err(if fault.seq.is_some_and(|seq| seq < from / WIDTH * WIDTH) {
                self.damaged(&reason)
            } else {
                MirrorError::Broken { reason }
            });
        }
        if outcome.verdict() != Verdict::Whole {
            let reason = format!("the ledger is {}", outcome.verdict().name());
            return Err(MirrorError::Broken { reason });
        }
        match verified.refused.take() {
            None => Ok(verified),
            Some(reason) => Err(MirrorError::Broken { reason }),
        }
    }

    /// Returns the entries of the held bundles and the new ones, as they stand on the disk.
    pub(super) fn entries(
        &self,
        size: u64,
        from: u64,
    ) -> impl Iterator<Item = io::Result<Vec<u8>>> {
        let incoming = self.held.incoming();
        let read = move |tile: &Tile| -> io::Result<Vec<Vec<u8>>> {
            let held = tile.index < from / WIDTH;
            let path = incoming.join(tile.path());
            let path =
                if held || !path.exists() { self.held.public.join(tile.path()) } else { path };
            let bytes = fs::read(path)?;
            let entries = tile::entries(&bytes, tile.width).map_err(io::Error::other)?;
            Ok(entries.into_iter().map(<[u8]>::to_vec).collect())
        };
        let bundles = tile::added(0, size).into_iter();
        let bundles = bundles.filter(|tile| tile.content == Content::Entries);
        bundles.flat_map(move |tile| match read(&tile) {
            Ok(entries) => entries.into_iter().map(Ok).collect::<Vec<_>>(),
            Err(e) => vec![Err(e)],
        })
    }

    /// Returns what the ledger is held against: first the pins that were given, later the history
    /// that is held, under whose keys others may have taken the place of the pinned ones.
    fn pins(&self, theirs: &Checkpoint) -> Pins {
        let (keys, policy) = (self.known.keys.clone(), self.known.policy.clone());
        let Some(own) = self.own.as_ref().filter(|_| self.state.ledger_id.is_some()) else {
            return Pins { keys, policy, ledger_id: None, seen: Vec::new() };
        };
        let signed = |key: &Vkey| matches!(theirs.signed_by(key), Signed::Holds(_));
        let keys = keys.into_iter().filter(signed).collect();
        let policy = policy.map(|policy| {
            if policy.logs().iter().any(signed) { policy } else { policy.without_logs() }
        });
        Pins { keys, policy, ledger_id: self.state.ledger_id, seen: vec![own.clone()] }
    }
}
