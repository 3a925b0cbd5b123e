//! Verification: from bytes to a [`VerifiedLedger`], or to the first fault (FORMAT.md, "Order of
//! checks").
//!
//! A `Verifier` takes a manifest, then the entries one by one, then the evidence, and streams:
//! its memory does not grow with the number of entries. [`stream`] and [`ledger`] drive it over a
//! bundle or extract, [`directory`] over what a store hands it.

mod container;
mod evidence;
mod outcome;
mod pins;
mod verifier;

use crate::authority::Authority;
use crate::bundle::Manifest;
use crate::chain::Chain;
use crate::entry::Entry;
use crate::fault::Fault;
use crate::head::Head;

pub use container::{ReadError, last_checkpoint, ledger, stream};
pub use evidence::EvidenceState;
pub(crate) use outcome::Witnessed;
pub use outcome::{
    Check, CheckpointState, Completeness, Notice, NoticeKind, Outcome, Verdict, Verification,
};
pub use pins::Pins;
use verifier::{Verifier, broken_signature};

/// A ledger whose every entry, up to the first fault if there is one, was verified.
#[derive(Debug)]
pub struct VerifiedLedger {
    verification: Verification,
    entries: Vec<Entry>,
    authority: Authority,
    chain: Chain,
}

impl VerifiedLedger {
    /// Keeps the entries that hold, and the tables as those left them: after a fault the chain may
    /// have taken in entries whose signature does not hold.
    fn new(verification: Verification, entries: Vec<Entry>, chain: Chain) -> Self {
        let mut authority = Authority::default();
        for entry in &entries {
            authority
                .apply(entry.origin(), entry.payload().seq, entry.governance())
                .expect("the verifier applied the same entries to the same tables");
        }
        Self { verification, entries, authority, chain }
    }

    /// Returns what was checked, and how it ended.
    pub fn verification(&self) -> &Verification {
        &self.verification
    }

    /// Returns the entries that precede the first fault, ascending by seq. A bundle without
    /// withheld entries has the entry of each seq at that index; an extract has gaps.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns the entry at `seq`, if it is held and precedes the first fault.
    pub fn entry(&self, seq: u64) -> Option<&Entry> {
        let at = self.entries.binary_search_by_key(&seq, |entry| entry.payload().seq).ok()?;
        self.entries.get(at)
    }

    /// Returns the tables of keys and roles after the last entry that holds.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Returns where the next entry stands; `None` if the ledger failed or is an extract, neither
    /// of which anybody can continue.
    pub fn head(&self) -> Option<Head> {
        let whole = self.verification.completeness == Completeness::Whole;
        self.chain.head().filter(|_| whole && self.verification.fault.is_none())
    }

    /// Checks that `entries` continue this ledger, each in its place.
    ///
    /// # Errors
    ///
    /// Fails with the first step from `seq` on that does not hold.
    pub fn continued_by(&self, entries: &[Entry]) -> Result<(), Fault> {
        let mut chain = self.chain.clone();
        for entry in entries {
            let seq = entry.payload().seq;
            let key = chain.admit(entry, chain.next(), false).map_err(|fault| fault.at(seq))?;
            if !key.holds(&entry.signed_bytes(), entry.signature()) {
                return Err(broken_signature().at(seq));
            }
            chain.apply(entry).map_err(|fault| fault.at(seq))?;
        }
        Ok(())
    }
}

/// Verifies a ledger directory: entries and evidence files as its store hands them over.
///
/// `content` opens the evidence file that the manifest lists at an index.
///
/// # Errors
///
/// Fails as the store does; faults of the ledger are part of the [`Verification`].
pub fn directory<E, R: std::io::Read>(
    manifest: &Manifest,
    pins: &Pins,
    entries: impl IntoIterator<Item = Result<Vec<u8>, E>>,
    content: impl FnMut(usize) -> Result<R, E>,
) -> Result<VerifiedLedger, E>
where
    E: From<std::io::Error>,
{
    let mut kept = Vec::new();
    let (verification, chain) = drive(manifest, pins, entries, content, |entry| kept.push(entry))?;
    Ok(VerifiedLedger::new(verification, kept, chain))
}

/// Verifies entries as they are handed over, without evidence files, and calls `each` with every
/// entry that holds. Memory does not grow with the number of entries.
///
/// # Errors
///
/// As [`directory`].
pub fn entries<E: From<std::io::Error>>(
    manifest: &Manifest,
    pins: &Pins,
    entries: impl IntoIterator<Item = Result<Vec<u8>, E>>,
    each: impl FnMut(Entry),
) -> Result<Verification, E> {
    let none = |_| Ok(std::io::empty());
    drive(manifest, pins, entries, none, each).map(|(verification, _)| verification)
}

fn drive<E, R: std::io::Read>(
    manifest: &Manifest,
    pins: &Pins,
    entries: impl IntoIterator<Item = Result<Vec<u8>, E>>,
    mut content: impl FnMut(usize) -> Result<R, E>,
    each: impl FnMut(Entry),
) -> Result<(Verification, Chain), E>
where
    E: From<std::io::Error>,
{
    let mut verifier = Verifier::new(manifest, pins, each);
    for bytes in entries {
        verifier.entry(bytes?);
        if verifier.failed() {
            break;
        }
    }
    verifier.end_entries();
    if !verifier.failed() {
        for index in 0..manifest.evidence.len() {
            verifier.evidence(index, content(index)?)?;
        }
    }
    Ok(verifier.finish())
}
