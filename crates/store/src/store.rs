//! Writing a ledger.
//!
//! The one order of writing: the batch if there are several entries, the coming head, the bundle
//! file (synced), sled (flushed and synced), the head. Only then is an append acknowledged.

#[cfg(test)]
mod full_disk;

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use tally_ledger::hash::Hash;
use tally_ledger::receipt::SignedRoot;

use crate::ENTRY_BYTES_MAX;
use crate::batch;
use crate::bundle::Tail;
use crate::checkpoint;
use crate::db::Db;
use crate::durable;
use crate::error::Error;
use crate::evidence::{self, Evidence};
use crate::head::{self, Head};
use crate::layout::{FORMAT, Layout};
use crate::link;
use crate::lock::Lock;
use crate::reader::Reader;
use crate::recovery::{self, Recovered};
use crate::root;

/// What an append must find free beside four times its own size: sled grows in steps of half a
/// megabyte and writes a snapshot now and then.
const RESERVE_BYTES: u64 = 4 << 20;

/// A ledger directory held for writing, by this process alone.
#[derive(Debug)]
pub struct Store {
    reader: Reader,
    tail: Tail,
    db: Db,
    recovered: Vec<Recovered>,
    /// Set when an append failed half way: what is on disk must be looked at again.
    stale: bool,
    /// What an append must find free beside its own needs; the tests of a full disk do without.
    reserve: Option<u64>,
    /// Released last, after sled let go of its files.
    _lock: Lock,
}

impl Store {
    /// Creates an empty ledger in `dir`, which must not exist or be empty.
    ///
    /// The file `format` is written last: until then the directory is no ledger, and creating it
    /// again carries on.
    ///
    /// # Errors
    ///
    /// Fails if `dir` holds anything else, is in use, or cannot be written.
    pub fn create(dir: &Path) -> Result<Self, Error> {
        let layout = Layout::new(dir);
        durable::create_dirs(dir)?;
        refuse_what_is_there(&layout)?;
        let lock = Lock::take(&layout, Duration::ZERO, |_| {})?;
        refuse_what_is_there(&layout)?;
        for dir in [layout.entries(), layout.checkpoints(), layout.evidence_dir()] {
            durable::create_dirs(&dir)?;
        }
        let mut db = Db::open(&layout.db())?;
        if db.last_seq()?.is_some() {
            return Err(not_empty(&layout, "db"));
        }
        db.sync_all()?;
        head::write(&layout, None)?;
        durable::write(&layout.format(), FORMAT.as_bytes())?;
        Ok(Self {
            tail: Tail::new(&layout, 0, 0),
            reader: Reader::new(layout, None),
            db,
            recovered: Vec::new(),
            stale: false,
            reserve: Some(RESERVE_BYTES),
            _lock: lock,
        })
    }

    /// Opens the ledger in `dir` for writing.
    ///
    /// If another process holds it, `notify` is called once with that process's id and the opening
    /// waits up to `wait`. Whatever an interrupted append left behind is put in order first:
    /// [`Store::recovered`] tells what that was.
    ///
    /// # Errors
    ///
    /// Fails if `dir` is no ledger directory, is in use, cannot be written, or if one of its copies
    /// lacks an acknowledged entry.
    pub fn open(
        dir: &Path,
        wait: Duration,
        notify: impl FnOnce(Option<u32>),
    ) -> Result<Self, Error> {
        let layout = Layout::new(dir);
        layout.check()?;
        let lock = Lock::take(&layout, wait, notify)?;
        let ready = recovery::run(&layout)?;
        Ok(Self {
            reader: Reader::new(layout, ready.head),
            tail: ready.tail,
            db: ready.db,
            recovered: ready.recovered,
            stale: false,
            reserve: Some(RESERVE_BYTES),
            _lock: lock,
        })
    }

    /// Appends `entries`, the first at position `first`, all of them or none, and returns the new
    /// head. When this returns, they are on disk three times over and synced.
    ///
    /// # Errors
    ///
    /// Fails without a trace if `first` is not the next position, an entry is empty, too large or
    /// states another place, `entries` is empty, or too little space is left.
    /// [`Error::Unacknowledged`] means that a later step failed: the next opening for writing
    /// finishes the append.
    pub fn append<E: AsRef<[u8]>>(&mut self, first: u64, entries: &[E]) -> Result<Head, Error> {
        let head = self.check(first, entries)?;
        if let Err(error) = self.write(first, entries, head) {
            return Err(self.give_up(first, head, error));
        }
        let layout = &self.reader.layout;
        let acknowledged = self
            .db
            .commit(first, entries, head)
            .and_then(|()| durable::put(&layout.next_head(), &layout.head()));
        if let Err(source) = acknowledged {
            self.stale = true;
            return Err(unacknowledged(first, head, source));
        }
        if entries.len() > 1 {
            let _ = batch::remove(layout);
        }
        self.reader.head = Some(head);
        Ok(head)
    }

    /// Stores a checkpoint that covers `size` entries. A stored one is replaced only by the same
    /// text with the same signatures and more.
    ///
    /// # Errors
    ///
    /// Fails if the ledger is smaller, the note is not a signed note, or another is stored.
    pub fn put_checkpoint(&mut self, size: u64, note: &str) -> Result<(), Error> {
        let len = self.reader.len();
        if size == 0 || size > len {
            return Err(Error::CheckpointSize { size, len });
        }
        checkpoint::put(&self.reader.layout, size, note)
    }

    /// Stores the signed root of the tree of `size` entries, beside its checkpoint. It takes the
    /// place of another: each says the same of that root.
    ///
    /// # Errors
    ///
    /// Fails if no checkpoint of that size and origin is stored, or the file cannot be written.
    pub fn put_root(&mut self, size: u64, root: &SignedRoot) -> Result<(), Error> {
        root::put(&self.reader.layout, size, root)
    }

    /// Stores what `source` yields under its SHA-256, durably. Storing the same bytes again changes
    /// nothing.
    ///
    /// # Errors
    ///
    /// Fails if `source` cannot be read or the file cannot be written; then nothing is stored.
    pub fn put_evidence(&mut self, mut source: impl Read) -> Result<Evidence, Error> {
        evidence::put(&self.reader.layout, &mut source)
    }

    /// Returns what the opening put in order.
    pub fn recovered(&self) -> &[Recovered] {
        &self.recovered
    }

    /// Returns the reading side, which follows every append.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Checks an append before anything is written, and returns the head that it will make.
    fn check<E: AsRef<[u8]>>(&self, first: u64, entries: &[E]) -> Result<Head, Error> {
        let dir = || self.reader.layout.dir.clone();
        if self.stale {
            return Err(Error::Stale { dir: dir() });
        }
        let expected = self.reader.len();
        if first != expected {
            return Err(Error::WrongSeq { expected, found: first });
        }
        let mut bytes = 0;
        let mut before = self.reader.head.map(|head| head.id);
        for (seq, entry) in (first..).zip(entries) {
            let entry = entry.as_ref();
            if entry.is_empty() || entry.len() > ENTRY_BYTES_MAX {
                return Err(Error::EntrySize { seq, found: entry.len() });
            }
            if link::read(entry).is_some_and(|link| !link.follows(seq, before)) {
                return Err(Error::WrongPlace { seq });
            }
            before = Some(Hash::leaf(entry));
            bytes += entry.len() as u64;
        }
        let id = before.filter(|_| !entries.is_empty()).ok_or(Error::EmptyAppend)?;
        // Not every file system can say what is left; then the writing itself will.
        if let (Some(reserve), Ok(available)) =
            (self.reserve, fs4::available_space(&self.reader.layout.dir))
            && let needed = reserve + 4 * bytes
            && available < needed
        {
            return Err(Error::TooLittleSpace { dir: dir(), needed, available });
        }
        Ok(Head { seq: first + entries.len() as u64 - 1, id })
    }

    /// Writes everything that the next opening would finish the append from.
    fn write<E: AsRef<[u8]>>(
        &mut self,
        first: u64,
        entries: &[E],
        head: Head,
    ) -> Result<(), Error> {
        let layout = &self.reader.layout;
        if entries.len() > 1 {
            batch::write(layout, first, entries)?;
        }
        durable::stage(&layout.next_head(), head::to_text(Some(&head)).as_bytes())?;
        self.tail.append(entries)
    }

    /// Ends an append that failed before its entries were whole in the bundle files.
    fn give_up(&mut self, first: u64, head: Head, error: Error) -> Error {
        if matches!(error, Error::Unacknowledged { .. }) {
            self.stale = true;
            return error;
        }
        let layout = &self.reader.layout;
        let taken_back = durable::remove(&layout.next_head()).and_then(|()| batch::give_up(layout));
        if taken_back.is_ok() {
            return error;
        }
        self.stale = true;
        unacknowledged(first, head, error)
    }
}

fn unacknowledged(first: u64, head: Head, source: Error) -> Error {
    Error::Unacknowledged { first, last: head.seq, source: Box::new(source) }
}

/// Refuses to create a ledger over anything but the beginnings of one that never had an entry.
fn refuse_what_is_there(layout: &Layout) -> Result<(), Error> {
    let dir = layout.dir.clone();
    if layout.format().exists() {
        return Err(Error::AlreadyALedger { dir });
    }
    let ours =
        ["lock", "db", "tile", "checkpoints", "roots", "evidence", "head.next", "format.tmp"];
    for name in names(&layout.dir)? {
        let begun = match name.as_str() {
            "head" => matches!(head::read(layout), Ok(None)),
            name => ours.contains(&name),
        };
        if !begun {
            return Err(not_empty(layout, &name));
        }
    }
    if layout.entries().is_dir() && !names(&layout.entries())?.is_empty() {
        return Err(not_empty(layout, "tile"));
    }
    Ok(())
}

fn not_empty(layout: &Layout, found: &str) -> Error {
    Error::NotEmpty { dir: layout.dir.clone(), found: found.to_owned() }
}

fn names(dir: &Path) -> Result<Vec<String>, Error> {
    let list = || {
        fs::read_dir(dir)?
            .map(|item| Ok(item?.file_name().to_string_lossy().into_owned()))
            .collect::<io::Result<Vec<_>>>()
    };
    let mut names = list().map_err(|source| match source.kind() {
        io::ErrorKind::NotADirectory => Error::NotADirectory { path: dir.to_owned() },
        _ => Error::failed("read", dir, source),
    })?;
    names.sort_unstable();
    Ok(names)
}
