//! The sled database of a ledger, and the only code that calls sled.
//!
//! Tree `entries`: position (big-endian `u64`) to entry. Tree `meta`: `head`, the position and id
//! of the last entry, written in the transaction that writes the entry. sled may panic on damaged
//! files, in this thread or in its own, so every call goes through [`quietly`].

mod quiet;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use sled::Transactional;
use sled::transaction::TransactionError;
use tally_ledger::hash::Hash;

use self::quiet::quietly;
use crate::durable;
use crate::error::Error;
use crate::head::{Head, SEQ_END};

/// 64 MB costs no speed and a tenth of the memory of sled's default.
const CACHE_BYTES: u64 = 64 << 20;

/// How long sled may take to let go of its files after an earlier handle was dropped.
const RELEASE_ROUNDS: u32 = 100;
const RELEASE_ROUND: Duration = Duration::from_millis(20);

/// An open database.
#[derive(Debug)]
pub(crate) struct Db {
    path: PathBuf,
    /// Taken out when the database is closed; closing can panic too.
    trees: Option<Trees>,
    synced_blobs: BTreeSet<OsString>,
}

#[derive(Debug)]
struct Trees {
    db: sled::Db,
    entries: sled::Tree,
    meta: sled::Tree,
}

impl Db {
    /// Returns whether there is a database file at all: sled would make an empty one.
    pub(crate) fn exists(path: &Path) -> bool {
        path.join("db").exists()
    }

    /// Opens the database in directory `path`, creating it if it does not exist. The caller holds
    /// the lock of the ledger.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        remove_unfinished(path)?;
        let mut round = 0;
        let trees = loop {
            match guarded(path, || open_trees(path)) {
                Err(Error::DbUnusable { reason, .. })
                    if reason.contains("could not acquire lock") && round < RELEASE_ROUNDS =>
                {
                    round += 1;
                    thread::sleep(RELEASE_ROUND);
                }
                other => break other?,
            }
        };
        Ok(Self { path: path.to_owned(), trees: Some(trees), synced_blobs: BTreeSet::new() })
    }

    /// Returns the database directory.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the last entry by the record that sled keeps of it.
    pub(crate) fn head(&self) -> Result<Option<Head>, Error> {
        let value = guarded(&self.path, || self.trees().meta.get(HEAD))?;
        match value {
            None => Ok(None),
            Some(value) => decode_head(&value).map(Some).ok_or_else(|| Error::DbUnusable {
                path: self.path.clone(),
                reason: "its record of the last entry is damaged".to_owned(),
            }),
        }
    }

    /// Returns the entry at `seq`.
    pub(crate) fn entry(&self, seq: u64) -> Result<Option<Vec<u8>>, Error> {
        let found = guarded(&self.path, || self.trees().entries.get(seq.to_be_bytes()))?;
        Ok(found.map(|bytes| bytes.to_vec()))
    }

    /// Returns the position of the last entry in the tree, whatever the record of it says.
    pub(crate) fn last_seq(&self) -> Result<Option<u64>, Error> {
        let last = guarded(&self.path, || self.trees().entries.last())?;
        let Some((key, _)) = last else {
            return Ok(None);
        };
        let seq = key.as_ref().try_into().map(u64::from_be_bytes);
        seq.ok().filter(|seq| *seq < SEQ_END).map(Some).ok_or_else(|| Error::DbUnusable {
            path: self.path.clone(),
            reason: "one of its keys is no position".to_owned(),
        })
    }

    /// Stores `entries` from `first` on in one transaction with the new head, and syncs.
    pub(crate) fn commit<E: AsRef<[u8]>>(
        &mut self,
        first: u64,
        entries: &[E],
        head: Head,
    ) -> Result<(), Error> {
        guarded(&self.path, || {
            let trees = self.trees();
            let written = (&trees.entries, &trees.meta).transaction(|(tree, meta)| {
                for (seq, entry) in (first..).zip(entries) {
                    tree.insert(&seq.to_be_bytes(), entry.as_ref())?;
                }
                meta.insert(HEAD, encode_head(head))?;
                Ok::<(), sled::transaction::ConflictableTransactionError<()>>(())
            });
            match written {
                Ok(()) => trees.db.flush().map(|_| ()),
                Err(TransactionError::Storage(source)) => Err(source),
                Err(TransactionError::Abort(())) => {
                    Err(sled::Error::ReportableBug("a transaction aborted itself".to_owned()))
                }
            }
        })?;
        self.sync()
    }

    /// Syncs what sled has flushed: on Linux its own flush leaves the bytes to the kernel, and
    /// large pages go into files of their own that it never syncs.
    fn sync(&mut self) -> Result<(), Error> {
        let file = self.path.join("db");
        File::open(&file)
            .and_then(|file| file.sync_data())
            .map_err(|source| Error::failed("sync", &file, source))?;
        let dir = self.path.join("blobs");
        let before = self.synced_blobs.len();
        for name in names(&dir)? {
            if !self.synced_blobs.contains(&name) {
                sync_file(&dir.join(&name))?;
                self.synced_blobs.insert(name);
            }
        }
        if self.synced_blobs.len() > before {
            durable::sync_dir(&dir)?;
        }
        Ok(())
    }

    /// Syncs every file and directory of a database that was just created.
    pub(crate) fn sync_all(&mut self) -> Result<(), Error> {
        guarded(&self.path, || self.trees().db.flush().map(|_| ()))?;
        self.sync()?;
        for name in names(&self.path)? {
            let path = self.path.join(name);
            if path.is_file() {
                sync_file(&path)?;
            }
        }
        durable::sync_dir(&self.path)?;
        durable::sync_parent(&self.path)
    }

    /// Closes the database; what sled says about that is of no consequence, since every commit was
    /// flushed and synced.
    fn close(&mut self) {
        if let Some(trees) = self.trees.take() {
            let _ = quietly(move || drop(trees));
        }
    }

    fn trees(&self) -> &Trees {
        self.trees.as_ref().expect("the database is closed only when it is dropped")
    }
}

impl Drop for Db {
    fn drop(&mut self) {
        self.close();
    }
}

const HEAD: &[u8] = b"head";

fn encode_head(head: Head) -> Vec<u8> {
    [&head.seq.to_be_bytes()[..], &head.id.0].concat()
}

fn decode_head(value: &[u8]) -> Option<Head> {
    let (seq, id) = value.split_first_chunk()?;
    let seq = Some(u64::from_be_bytes(*seq)).filter(|seq| *seq < SEQ_END)?;
    Some(Head { seq, id: Hash::from_slice(id)? })
}

/// Removes the files that sled was writing when its process was killed, and would then read as if
/// they were whole: a snapshot that has not its name yet, and settings without the file of data
/// that it makes next. It writes both again from what it has.
fn remove_unfinished(path: &Path) -> Result<(), Error> {
    if !path.exists() {
        return Ok(());
    }
    for name in names(path)? {
        let text = name.to_string_lossy();
        let snapshot = text.starts_with("snap.") && text.ends_with(".generating");
        if snapshot || (text == "conf" && !Db::exists(path)) {
            durable::remove(&path.join(&name))?;
        }
    }
    Ok(())
}

fn open_trees(path: &Path) -> sled::Result<Trees> {
    let db =
        sled::Config::new().path(path).cache_capacity(CACHE_BYTES).flush_every_ms(None).open()?;
    let entries = db.open_tree("entries")?;
    let meta = db.open_tree("meta")?;
    Ok(Trees { db, entries, meta })
}

/// Runs a call into sled and turns its errors and panics into [`Error::DbUnusable`], except for a
/// full disk, which has its own variant.
fn guarded<T>(path: &Path, call: impl FnOnce() -> sled::Result<T>) -> Result<T, Error> {
    let reason = match quietly(call) {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(sled::Error::Io(source)))
            if matches!(
                source.kind(),
                io::ErrorKind::StorageFull
                    | io::ErrorKind::QuotaExceeded
                    | io::ErrorKind::ReadOnlyFilesystem
                    | io::ErrorKind::PermissionDenied
            ) =>
        {
            return Err(Error::failed("write", path, source));
        }
        Ok(Err(error)) => error.to_string(),
        Err(panic) => panic,
    };
    Err(Error::DbUnusable { path: path.to_owned(), reason })
}

fn names(dir: &Path) -> Result<BTreeSet<OsString>, Error> {
    let list =
        || -> io::Result<_> { fs::read_dir(dir)?.map(|item| Ok(item?.file_name())).collect() };
    list().map_err(|source| Error::failed("read", dir, source))
}

/// Syncs one of sled's files, which sled may have removed meanwhile.
fn sync_file(path: &Path) -> Result<(), Error> {
    match File::open(path).and_then(|file| file.sync_all()) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
            Err(Error::failed("sync", path, cause))
        }
        _ => Ok(()),
    }
}
