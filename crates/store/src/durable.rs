//! Writing so that it survives a power cut: temporary file, fsync, rename, fsync of the directory.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::error::Error;

/// Creates or replaces `path` with `bytes`: afterwards it holds all of them, or is as it was.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    let staged = Path::new(&name);
    stage(staged, bytes)?;
    put(staged, path)
}

/// Writes and syncs `bytes` under a name that a later [`put`] replaces.
pub(crate) fn stage(staged: &Path, bytes: &[u8]) -> Result<(), Error> {
    let written = File::create(staged).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(|source| {
        // What is left of a failed write is of no use, and on a full disk it is in the way.
        let _ = fs::remove_file(staged);
        Error::failed("write", staged, source)
    })
}

/// Renames a staged file to `path` and syncs their directory.
pub(crate) fn put(staged: &Path, path: &Path) -> Result<(), Error> {
    fs::rename(staged, path).map_err(|source| Error::failed("rename", staged, source))?;
    sync_parent(path)
}

/// Syncs the directory that holds `path`, so that its name survives a power cut.
pub(crate) fn sync_parent(path: &Path) -> Result<(), Error> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    sync_dir(parent)
}

/// Syncs the names inside a directory.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), Error> {
    // Only on Unix can a directory be opened and synced; elsewhere a rename is durable by itself.
    if cfg!(unix) {
        File::open(dir)
            .and_then(|dir| dir.sync_all())
            .map_err(|source| Error::failed("sync", dir, source))?;
    }
    Ok(())
}

/// Creates `dir` and its missing parents, and syncs each name that it made.
pub(crate) fn create_dirs(dir: &Path) -> Result<(), Error> {
    if dir.is_dir() || dir.as_os_str().is_empty() {
        return Ok(());
    }
    if let Some(parent) = dir.parent() {
        create_dirs(parent)?;
    }
    match fs::create_dir(dir) {
        Ok(()) => sync_parent(dir),
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {
            if dir.is_dir() {
                return Ok(());
            }
            let path = dir.to_owned();
            Err(Error::NotADirectory { path })
        }
        Err(source) => Err(Error::failed("create", dir, source)),
    }
}

/// Removes a file that is no longer needed; it may be gone already.
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
            Err(Error::failed("remove", path, cause))
        }
        _ => Ok(()),
    }
}

/// Reads a file of at most `limit` bytes; one byte more is read so that excess shows.
pub(crate) fn read_up_to(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Error> {
    use std::io::Read;
    let file = match File::open(path) {
        Ok(file) => file,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::failed("read", path, source)),
    };
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| Error::failed("read", path, source))?;
    Ok(Some(bytes))
}
