//! A place that published files stand at: a directory, a bucket, or a web server to read from.
//!
//! Everything that a log publishes is written once and never changes, but for its checkpoint. That
//! one is replaced only where it still is what the publisher read: by the condition of the object
//! store, or under a lock where the place is a directory.

mod connections;
mod error;
mod folder;
mod open;

pub use connections::Connections;
pub use error::{PlaceError, Refusal};

use std::path::{Path as FilePath, PathBuf};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, Error as StoreError, GetOptions, GetResult, ObjectStore, ObjectStoreExt,
    PutMode, PutOptions, PutPayload, UpdateVersion,
};

use self::connections::Most;
use self::error::{causes, reason, timed_out};
use self::folder::LOCK;
use self::open::Opened;

/// How many files are written or read at one time.
const PARALLEL: usize = 16;
/// The longest time that one request may take, its repetitions included.
const REQUEST_MAX: Duration = Duration::from_mins(3);
/// The name that a probe of the place's conditions writes to.
const PROBE: &str = "tally-probe";

/// A place to publish to, or to read from.
pub struct Place {
    store: Box<dyn ObjectStore>,
    prefix: Path,
    name: String,
    /// The directory, if the place is one.
    dir: Option<PathBuf>,
    connections: Connections,
}

/// How a file is served: whether it may ever change, and of what type it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Bytes that never change.
    Immutable,
    /// Text that never changes.
    ImmutableText,
    /// Text that does.
    MutableText,
}

impl Kind {
    /// Returns the value of `Cache-Control`: C2SP tlog-tiles asks for a long life of what never
    /// changes, and a short one of the checkpoint.
    pub fn cache_control(self) -> &'static str {
        match self {
            Self::Immutable | Self::ImmutableText => "public, max-age=31536000, immutable",
            Self::MutableText => "public, max-age=5",
        }
    }

    /// Returns the value of `Content-Type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Immutable => "application/octet-stream",
            Self::ImmutableText | Self::MutableText => "text/plain; charset=utf-8",
        }
    }
}

/// A file as it was read, and the version of it that a later write may depend on.
#[derive(Debug, Clone)]
pub struct Read {
    /// Its bytes.
    pub bytes: Vec<u8>,
    version: UpdateVersion,
}

/// What became of a file that was to be written once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It was written.
    New,
    /// It was there already, with the same bytes.
    Same,
}

impl Place {
    /// Opens a place by its name: a directory, `s3://BUCKET/PREFIX`, `gs://…`, `az://…`, or an
    /// `https://` or `http://` address to read from, whose redirects do not leave the host.
    /// `options` are the settings of object stores by their names, such as `AWS_ENDPOINT_URL`.
    /// Nothing is asked of the place yet.
    ///
    /// # Errors
    ///
    /// Fails if the name is that of no place, or holds a password or a query, a directory is
    /// missing, or a setting is refused.
    pub fn open(name: &str, options: &[(String, String)]) -> Result<Self, PlaceError> {
        Self::open_by(name, options, &alone(name)?)
    }

    /// Opens a place as [`Place::open`] does, over connections that other places have as well.
    ///
    /// # Errors
    ///
    /// As [`Place::open`].
    pub fn open_by(
        name: &str,
        options: &[(String, String)],
        connections: &Connections,
    ) -> Result<Self, PlaceError> {
        let Opened { store, prefix, dir } = open::open(name, options, connections)?;
        let name = name.trim_end_matches('/').to_owned();
        Ok(Self { store, prefix, name, dir, connections: connections.clone() })
    }

    /// Returns the place that an object store is, under a name to tell it by.
    ///
    /// # Errors
    ///
    /// Fails if the system gives no means to wait for it.
    pub fn over(name: &str, store: Box<dyn ObjectStore>) -> Result<Self, PlaceError> {
        let connections = alone(name)?;
        Ok(Self { store, prefix: Path::default(), name: name.to_owned(), dir: None, connections })
    }

    /// Returns the name of the place.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads a file of at most `most` bytes; `None` if there is none.
    ///
    /// # Errors
    ///
    /// Fails if the place cannot be reached or refuses, or the file is larger.
    pub fn read(&self, path: &str, most: u64) -> Result<Option<Read>, PlaceError> {
        self.connections.runtime.block_on(self.get(path, most))
    }

    /// Reads files, several at a time, and hands each over in their order.
    ///
    /// # Errors
    ///
    /// As [`Place::read`] for the first that fails, or as `take` does.
    pub fn read_all<E: From<PlaceError>>(
        &self,
        paths: Vec<String>,
        most: u64,
        mut take: impl FnMut(&str, Option<Vec<u8>>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.connections.runtime.block_on(async {
            let reads = stream::iter(paths).map(|path| async {
                let read = self.get(&path, most).await;
                (path, read)
            });
            let mut reads = std::pin::pin!(reads.buffered(PARALLEL));
            while let Some((path, read)) = reads.next().await {
                take(&path, read?.map(|read| read.bytes))?;
            }
            Ok(())
        })
    }

    /// Returns how many bytes files have, in their order, several asked for at a time; `None` for
    /// one that is not there.
    ///
    /// # Errors
    ///
    /// Fails if the place cannot be reached or refuses.
    pub fn lengths(&self, paths: Vec<String>) -> Result<Vec<Option<u64>>, PlaceError> {
        self.connections.runtime.block_on(async {
            let heads = stream::iter(paths).map(|path| async move {
                self.check_regular(&path)?;
                match self.store.head(&self.at(&path)).await {
                    Ok(meta) => Ok(Some(meta.size)),
                    Err(StoreError::NotFound { .. }) => Ok(None),
                    Err(e) => Err(self.refused(&path, &e)),
                }
            });
            heads.buffered(PARALLEL).try_collect().await
        })
    }

    /// Writes files that never change, several at a time, and returns how many were not there.
    ///
    /// # Errors
    ///
    /// Fails if the place cannot be reached or refuses, or holds another file of that name.
    pub fn create_all<E: From<PlaceError>>(
        &self,
        files: impl Iterator<Item = Result<(String, Kind, Vec<u8>), E>>,
    ) -> Result<usize, E> {
        self.write_all(files, &async |path, kind, bytes| {
            Ok(self.put_once(path, kind, bytes).await? == Created::New)
        })
    }

    /// Writes those of some files that never change that are missing or hold something else,
    /// several at a time, and returns how many.
    ///
    /// # Errors
    ///
    /// Fails if the place cannot be reached or refuses.
    pub fn mend_all<E: From<PlaceError>>(
        &self,
        files: impl Iterator<Item = Result<(String, Kind, Vec<u8>), E>>,
    ) -> Result<usize, E> {
        self.write_all(files, &async |path, kind, bytes| self.mend(path, kind, bytes).await)
    }

    /// Has files written, several at a time, and returns for how many `write` says so.
    fn write_all<E: From<PlaceError>>(
        &self,
        files: impl Iterator<Item = Result<(String, Kind, Vec<u8>), E>>,
        write: &impl AsyncFn(&str, Kind, Vec<u8>) -> Result<bool, PlaceError>,
    ) -> Result<usize, E> {
        self.connections.runtime.block_on(async {
            let writes = stream::iter(files).map(|file| async {
                let (path, kind, bytes) = file?;
                Ok::<_, E>(write(&path, kind, bytes).await?)
            });
            let mut writes = std::pin::pin!(writes.buffer_unordered(PARALLEL));
            let mut written = 0;
            while let Some(one) = writes.next().await {
                written += usize::from(one?);
            }
            Ok(written)
        })
    }

    /// Removes from a directory what a publisher that was killed had staged there, and returns how
    /// many files.
    ///
    /// # Errors
    ///
    /// Fails if the directory cannot be read.
    pub fn sweep(&self) -> Result<usize, PlaceError> {
        let swept = self.dir.as_ref().map(|dir| folder::sweep(dir)).transpose();
        Ok(swept.map_err(|e| self.io("", &e))?.unwrap_or(0))
    }

    /// Replaces a file that was read before, or makes it where there was `None`. Returns whether it
    /// was still what had been read; if not, nothing is written.
    ///
    /// # Errors
    ///
    /// Fails if the place cannot be reached or refuses.
    pub fn replace(
        &self,
        path: &str,
        kind: Kind,
        bytes: &[u8],
        before: Option<&Read>,
    ) -> Result<bool, PlaceError> {
        if let Some(dir) = &self.dir {
            return self.replace_locked(dir, path, kind, bytes, before);
        }
        let mode = match before {
            None => PutMode::Create,
            Some(read) => PutMode::Update(read.version.clone()),
        };
        self.connections.runtime.block_on(async {
            match self.put(path, kind, bytes.to_vec(), mode).await {
                Ok(()) => Ok(true),
                Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => {
                    Ok(false)
                }
                // What was to be replaced is gone.
                Err(StoreError::NotFound { .. }) if before.is_some() => Ok(false),
                Err(e) => Err(self.refused(path, &e)),
            }
        })
    }

    fn replace_locked(
        &self,
        dir: &FilePath,
        path: &str,
        kind: Kind,
        bytes: &[u8],
        before: Option<&Read>,
    ) -> Result<bool, PlaceError> {
        let _lock = folder::lock(dir).map_err(|e| self.io(LOCK, &e))?;
        let most = u64::try_from(before.map_or(0, |read| read.bytes.len())).unwrap_or(u64::MAX);
        let now = match self.read(path, most) {
            Ok(now) => now,
            Err(PlaceError::TooLarge { .. }) => return Ok(false),
            Err(e) => return Err(e),
        };
        if now.map(|now| now.bytes) != before.map(|read| read.bytes.clone()) {
            return Ok(false);
        }
        let put = self.put(path, kind, bytes.to_vec(), PutMode::Overwrite);
        self.connections.runtime.block_on(put).map_err(|e| self.refused(path, &e))?;
        Ok(true)
    }

    /// Finds out whether the place heeds the conditions that guard the checkpoint.
    ///
    /// # Errors
    ///
    /// Fails if it ignores one, cannot be reached, or refuses.
    pub fn probe(&self) -> Result<(), PlaceError> {
        if self.dir.is_some() {
            return Ok(());
        }
        let ignored = |what| PlaceError::Unconditional { name: self.name.clone(), what };
        self.connections.runtime.block_on(async {
            let write = |mode| self.put(PROBE, Kind::MutableText, b"probe\n".to_vec(), mode);
            let refused = |e: StoreError| self.refused(PROBE, &e);
            write(PutMode::Overwrite).await.map_err(refused)?;
            match write(PutMode::Create).await {
                Ok(()) => return Err(ignored("a second write overwrote a file that was there")),
                Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => {}
                Err(e) => return Err(refused(e)),
            }
            let stale = UpdateVersion {
                e_tag: Some("\"00000000000000000000000000000000\"".to_owned()),
                version: None,
            };
            match write(PutMode::Update(stale)).await {
                Ok(()) => Err(ignored("a write for another version went through")),
                Err(StoreError::Precondition { .. } | StoreError::NotFound { .. }) => Ok(()),
                Err(e) => Err(refused(e)),
            }
        })
    }

    async fn get(&self, path: &str, most: u64) -> Result<Option<Read>, PlaceError> {
        self.check_regular(path)?;
        let mut options = GetOptions::default();
        options.extensions.insert(Most(most));
        let found: GetResult = match self.store.get_opts(&self.at(path), options).await {
            Ok(found) => found,
            Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(e) => return Err(self.refused(path, &e)),
        };
        let too_large = |found| PlaceError::TooLarge {
            name: self.name.clone(),
            path: path.to_owned(),
            found,
            most,
        };
        if found.meta.size > most {
            return Err(too_large(found.meta.size));
        }
        let version =
            UpdateVersion { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
        let mut bytes = Vec::new();
        let mut chunks = found.into_stream();
        while let Some(chunk) = chunks.next().await {
            bytes.extend_from_slice(&chunk.map_err(|e| self.refused(path, &e))?);
            if bytes.len() as u64 > most {
                return Err(too_large(bytes.len() as u64));
            }
        }
        Ok(Some(Read { bytes, version }))
    }

    async fn put_once(
        &self,
        path: &str,
        kind: Kind,
        bytes: Vec<u8>,
    ) -> Result<Created, PlaceError> {
        match self.put(path, kind, bytes.clone(), PutMode::Create).await {
            Ok(()) => Ok(Created::New),
            Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => {
                let found = match self.get(path, bytes.len() as u64).await {
                    Ok(Some(there)) if there.bytes == bytes => {
                        let settled = self.dir.as_ref().map(|dir| folder::settle(dir, path));
                        settled.transpose().map_err(|e| self.io(path, &e))?;
                        return Ok(Created::Same);
                    }
                    Ok(there) => there.map_or(0, |there| there.bytes.len() as u64),
                    Err(PlaceError::TooLarge { found, .. }) => found,
                    Err(e) => return Err(e),
                };
                Err(self.other(path, found, bytes.len() as u64))
            }
            Err(e) => Err(self.refused(path, &e)),
        }
    }

    /// Returns whether the file had to be written.
    async fn mend(&self, path: &str, kind: Kind, bytes: Vec<u8>) -> Result<bool, PlaceError> {
        match self.get(path, bytes.len() as u64).await {
            Ok(Some(there)) if there.bytes == bytes => return Ok(false),
            Ok(_) | Err(PlaceError::TooLarge { .. }) => {}
            Err(e) => return Err(e),
        }
        let put = self.put(path, kind, bytes, PutMode::Overwrite).await;
        put.map(|()| true).map_err(|e| self.refused(path, &e))
    }

    /// Returns the error of a file that holds something else.
    pub(crate) fn other(&self, path: &str, found: u64, expected: u64) -> PlaceError {
        PlaceError::Other { name: self.name.clone(), path: path.to_owned(), found, expected }
    }

    fn check_regular(&self, path: &str) -> Result<(), PlaceError> {
        let found = self.dir.as_ref().map(|dir| folder::regular(&dir.join(path)));
        found.unwrap_or(Ok(())).map_err(|e| self.io(path, &e))
    }

    fn io(&self, path: &str, e: &std::io::Error) -> PlaceError {
        let (name, path, reason) = (self.name.clone(), path.to_owned(), e.to_string());
        PlaceError::Refused { name, path, reason, refusal: Refusal::Other }
    }

    async fn put(
        &self,
        path: &str,
        kind: Kind,
        bytes: Vec<u8>,
        mode: PutMode,
    ) -> Result<(), StoreError> {
        let mut attributes = Attributes::new();
        // A file system has no place for them; whoever serves the files sets them.
        if self.dir.is_none() {
            attributes.insert(Attribute::CacheControl, kind.cache_control().into());
            attributes.insert(Attribute::ContentType, kind.content_type().into());
        }
        let options = PutOptions { mode, attributes, ..PutOptions::default() };
        let payload = PutPayload::from(bytes);
        self.store.put_opts(&self.at(path), payload, options).await.map(drop)
    }

    fn at(&self, path: &str) -> Path {
        path.split('/').fold(self.prefix.clone(), Path::join)
    }

    fn refused(&self, path: &str, e: &StoreError) -> PlaceError {
        let (name, path) = (self.name.clone(), path.to_owned());
        if timed_out(e) {
            let seconds = self.connections.answer.as_secs();
            return PlaceError::TimedOut { name, path, seconds };
        }
        PlaceError::Refused { name, path, reason: reason(e), refusal: Refusal::of(e) }
    }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Place").field("name", &self.name).finish_non_exhaustive()
    }
}

fn alone(name: &str) -> Result<Connections, PlaceError> {
    Connections::alone()
        .map_err(|e| PlaceError::Name { name: name.to_owned(), reason: e.to_string() })
}

/// Returns whether a name is an address, and not that of a directory.
pub fn is_remote(name: &str) -> bool {
    name.split_once("://").is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+')
    })
}

#[cfg(test)]
mod tests;
