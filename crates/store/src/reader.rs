//! Reading a ledger: needs no lock, never touches sled, creates no file.
//!
//! A reader sees the entries up to the head that it read when it was opened. Those are in the
//! bundle files before the head names them and never change, so a writer may go on beside it.

use std::path::Path;

use tally_ledger::hash::Hash;
use tally_ledger::receipt::SignedRoot;

use crate::bundle::Bundle;
use crate::checkpoint::{self, Checkpoint};
use crate::error::Error;
use crate::evidence::{self, Evidence};
use crate::head::{self, Head};
use crate::layout::{BUNDLE_ENTRIES, Layout};
use crate::root;

/// A ledger directory as it was at one moment.
#[derive(Debug, Clone)]
pub struct Reader {
    pub(crate) layout: Layout,
    pub(crate) head: Option<Head>,
    /// The size of the largest checkpoint that was there before the head was read.
    signed: Option<u64>,
}

/// An entry at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// Its position; the first is 0.
    pub seq: u64,
    /// Its bytes, exactly as they were appended.
    pub bytes: Vec<u8>,
}

impl StoredEntry {
    /// Returns the id of the entry: the leaf hash of its bytes.
    pub fn id(&self) -> Hash {
        Hash::leaf(&self.bytes)
    }
}

impl Reader {
    /// Opens the ledger in `dir` for reading.
    ///
    /// # Errors
    ///
    /// Fails if `dir` is no ledger directory of this version, or if its head cannot be read. Damage
    /// to entries shows when they are read.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let layout = Layout::new(dir);
        layout.check()?;
        // In this order, because a writer does the reverse: the head covers all that was listed.
        let signed = checkpoint::sizes(&layout)?.last().copied();
        let head = head::read(&layout)?;
        Ok(Self { layout, head, signed })
    }

    pub(crate) fn new(layout: Layout, head: Option<Head>) -> Self {
        Self { layout, head, signed: None }
    }

    /// Returns the ledger directory.
    pub fn dir(&self) -> &Path {
        &self.layout.dir
    }

    /// Returns the last acknowledged entry, or `None` in a ledger without entries.
    pub fn head(&self) -> Option<Head> {
        self.head
    }

    /// Returns how many entries were acknowledged.
    pub fn len(&self) -> u64 {
        head::len(self.head.as_ref())
    }

    /// Returns whether the ledger has no entries yet.
    pub fn is_empty(&self) -> bool {
        self.head.is_none()
    }

    /// Returns the size of a checkpoint that covers more entries than the ledger holds, which means
    /// that entries were lost.
    pub fn behind_checkpoint(&self) -> Option<u64> {
        self.signed.filter(|size| *size > self.len())
    }

    /// Returns the entries from position `from` on, in order, one bundle file in memory at a time.
    ///
    /// The iterator ends after the head, or after the first error.
    pub fn entries(&self, from: u64) -> Entries {
        Entries { layout: self.layout.clone(), head: self.head, next: from, bundle: None }
    }

    /// Returns the entry at `seq`, or `None` beyond the head.
    ///
    /// # Errors
    ///
    /// Fails if the bundle file cannot be read or holds no whole entry at that place.
    pub fn entry(&self, seq: u64) -> Result<Option<StoredEntry>, Error> {
        self.entries(seq).next().transpose()
    }

    /// Returns the stored checkpoints up to the head, ascending by size.
    ///
    /// # Errors
    ///
    /// Fails if the directory cannot be read; an unreadable note is an error of the iterator.
    pub fn checkpoints(
        &self,
    ) -> Result<impl Iterator<Item = Result<Checkpoint, Error>> + use<>, Error> {
        let len = self.len();
        let sizes = checkpoint::sizes(&self.layout)?;
        let layout = self.layout.clone();
        Ok(sizes
            .into_iter()
            .take_while(move |size| *size <= len)
            .filter_map(move |size| checkpoint::read(&layout, size).transpose()))
    }

    /// Returns the checkpoint stored for `size`.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read or is not text of at most 64 KiB.
    pub fn checkpoint(&self, size: u64) -> Result<Option<Checkpoint>, Error> {
        checkpoint::read(&self.layout, size)
    }

    /// Returns the signed root stored for `size`.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read, or is no signed root.
    pub fn root(&self, size: u64) -> Result<Option<SignedRoot>, Error> {
        root::read(&self.layout, size)
    }

    /// Returns the evidence file with this SHA-256, or `None` if it is not stored.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be examined.
    pub fn evidence(&self, digest: &Hash) -> Result<Option<Evidence>, Error> {
        evidence::find(&self.layout, digest)
    }

    /// Returns all evidence files, ascending by digest.
    ///
    /// # Errors
    ///
    /// Fails if the directory cannot be read.
    pub fn evidence_list(&self) -> Result<Vec<Evidence>, Error> {
        evidence::list(&self.layout)
    }
}

/// The entries of a ledger in order.
#[derive(Debug)]
pub struct Entries {
    layout: Layout,
    head: Option<Head>,
    next: u64,
    /// The number and the content of the file that holds `next`, once it was read.
    bundle: Option<(u64, Bundle)>,
}

impl Entries {
    fn read(&mut self, head: Head) -> Result<StoredEntry, Error> {
        let seq = self.next;
        let number = seq / BUNDLE_ENTRIES;
        let path = self.layout.bundle(number);
        let bundle = match &mut self.bundle {
            Some((loaded, bundle)) if *loaded == number => bundle,
            other => &mut other.insert((number, Bundle::read(&path)?)).1,
        };
        let index = usize::try_from(seq % BUNDLE_ENTRIES).expect("256 fits in a usize");
        let Some(bytes) = bundle.entry(index) else {
            return Err(Error::EntryMissing {
                path,
                seq,
                offset: bundle.end() as u64,
                expected: head.seq + 1,
            });
        };
        let entry = StoredEntry { seq, bytes: bytes.to_vec() };
        if seq == head.seq && entry.id() != head.id {
            return Err(Error::EntryDiffers { path, seq, expected: head.id, found: entry.id() });
        }
        Ok(entry)
    }
}

impl Iterator for Entries {
    type Item = Result<StoredEntry, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let head = self.head.filter(|head| self.next <= head.seq)?;
        let entry = self.read(head);
        self.next = match entry {
            Ok(_) => self.next + 1,
            Err(_) => u64::MAX,
        };
        Some(entry)
    }
}
