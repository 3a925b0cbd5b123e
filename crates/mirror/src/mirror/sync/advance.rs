//! Taking what a ledger has grown by: fetched, verified, written, cosigned, served.

use std::fs;

use tally_ledger::name::Origin;
use tally_ledger::note::{Checkpoint, Signed, Vkey};
use tally_ledger::policy::Policy;
use tally_ledger::tile;

use super::candidate::{Candidate, Files};
use super::verified::Verified;
use super::{MirrorError, Signer, Sync, Synced, unknown};
use crate::disk::{self, Folders};
use crate::history;
use crate::mirror::roots;
use crate::publish::{CHECKPOINT_BYTES_MAX, POLICY, VKEY};

/// Among how many entries that are new, and in how many bytes, the grant of a key may be that has
/// signed a checkpoint and is not known yet: whoever has no key of the ledger makes a mirror fetch
/// no more than that.
const GRANT_ENTRIES_MAX: u64 = 4096;
const GRANT_BYTES_MAX: u64 = 64 * 1024 * 1024;

impl Sync<'_> {
    /// Fetches, verifies, writes and serves the entries that a checkpoint adds to the first `from`.
    pub(super) fn advance(
        &mut self,
        theirs: &Checkpoint,
        from: u64,
        signer: Signer,
    ) -> Result<Synced, MirrorError> {
        self.check_clock()?;
        let size = theirs.size();
        if size > self.limits.entries {
            let most = self.limits.entries;
            return Err(MirrorError::TooLarge { what: "entries", found: size, most });
        }
        self.check_grantable(theirs, from, signer)?;
        let files = match self.read(theirs, from)? {
            Candidate::Proof(proof) => return Ok(Synced::Equivocation { proof, new: true }),
            Candidate::Files(files) => *files,
        };
        if let Some(proof) = self.contradicted(&files, theirs, from)? {
            disk::remove_dir(&self.held.incoming())?;
            return Ok(Synced::Equivocation { proof, new: true });
        }
        let Files { earlier, verified, .. } = files;
        let mut verified = verified.inspect_err(|e| {
            if matches!(e, MirrorError::Broken { .. }) {
                // The next sync reads everything anew; if this does not succeed it reads it twice.
                let _ = disk::remove_dir(&self.held.incoming());
            }
        })?;
        if let Some(proof) = self.settle_seen(&verified, theirs, &earlier.checkpoints)? {
            return Ok(Synced::Equivocation { proof, new: true });
        }
        self.evidence(verified.evidence()?).inspect_err(|e| {
            if matches!(e, MirrorError::Broken { .. }) {
                let _ = disk::remove_dir(&self.held.incoming());
            }
        })?;
        let mut files = self.texts(theirs)?;
        files.extend(earlier.tail().map(|tail| (history::TAIL.to_owned(), tail.into_bytes())));
        let checkpoints: Vec<&Checkpoint> =
            earlier.checkpoints.iter().chain([theirs]).filter(|it| it.size() > from).collect();
        let go_on = || self.check_time();
        files.extend(roots::read(self.place, &checkpoints, &verified.authority, go_on)?);
        self.write(size, &verified, files)?;
        self.learn(&verified)?;
        self.publish(theirs)?;
        disk::remove_dir(&self.held.incoming())?;
        Ok(Synced::Advanced { from, to: size })
    }

    /// Refuses a checkpoint that no known key has signed, unless few entries more may grant one.
    fn check_grantable(
        &mut self,
        theirs: &Checkpoint,
        from: u64,
        signer: Signer,
    ) -> Result<(), MirrorError> {
        let broken = |reason: String| Err(MirrorError::Broken { reason });
        let last = self.last().map_or(0, Checkpoint::size);
        let few = last > 0 && theirs.size().saturating_sub(last) <= GRANT_ENTRIES_MAX;
        match signer {
            Signer::Live => Ok(()),
            Signer::Retired => broken("a key has signed it that was revoked".to_owned()),
            Signer::Unknown if self.state.ledger_id.is_some() && few => {
                let most = self.held_bytes(from)? + GRANT_BYTES_MAX;
                self.entry_bytes_max = self.entry_bytes_max.min(most);
                Ok(())
            }
            Signer::Unknown => Err(unknown()),
        }
    }

    /// Takes over what the entries say of the ledger and its keys; kept once it is cosigned.
    fn learn(&mut self, verified: &Verified) -> Result<(), MirrorError> {
        let origin: Origin = self.held.origin.parse().map_err(|e| self.damaged(&e))?;
        self.live = verified.authority.checkpoint_vkeys().to_vec();
        self.retired = verified.authority.retired_vkeys(&origin);
        let texts = |keys: &[Vkey]| keys.iter().map(Vkey::to_string).collect();
        self.state.ledger_id = verified.ledger_id;
        self.state.granted = texts(&self.live);
        self.state.retired = texts(&self.retired);
        Ok(())
    }

    /// Returns the texts that a publisher may change at any time, if they are of this ledger: a
    /// vkey that signed the checkpoint, and a policy with one as its log.
    fn texts(&self, theirs: &Checkpoint) -> Result<Vec<(String, Vec<u8>)>, MirrorError> {
        let mut files = Vec::new();
        let signed = |key: &Vkey| matches!(theirs.signed_by(key), Signed::Holds(_));
        let ours = |text: &str, path| match path {
            VKEY => text.trim_end().parse().is_ok_and(|key| signed(&key)),
            _ => text.parse::<Policy>().is_ok_and(|policy| policy.logs().iter().any(signed)),
        };
        for path in [VKEY, POLICY] {
            let text = self.place.read(path, CHECKPOINT_BYTES_MAX)?;
            let text = text.and_then(|read| String::from_utf8(read.bytes).ok());
            let text = text.filter(|text| ours(text, path));
            files.extend(text.map(|text| (path.to_owned(), text.into_bytes())));
        }
        Ok(files)
    }

    /// Writes what an advance adds, durably; the checkpoint comes after.
    fn write(
        &self,
        size: u64,
        verified: &Verified,
        files: Vec<(String, Vec<u8>)>,
    ) -> Result<(), MirrorError> {
        let mut folders = Folders::default();
        // Those that are there were written before, unless the disk has damaged them since.
        for tile in tile::added(0, size) {
            let path = self.held.public.join(tile.path());
            let incoming = self.held.incoming().join(tile.path());
            match verified.tree.tile(&tile) {
                Some(hashes) if fs::read(&path).is_ok_and(|there| there == hashes) => {}
                Some(hashes) => folders.write(&path, &hashes)?,
                None if incoming.exists() => folders.settle(&incoming, &path)?,
                None => folders.create_parent(&path)?,
            }
        }
        for (path, bytes) in files {
            folders.write(&self.held.public.join(path), &bytes)?;
        }
        Ok(folders.sync()?)
    }
}
