//! Files that survive a power cut: written beside their name, synced, renamed, and their folder
//! synced.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file operation that failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {source}", path.display())]
pub struct DiskError {
    /// What was to be done.
    pub action: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// Why it failed.
    pub source: io::Error,
}

/// Returns what makes a failure of an operation on `path`.
pub(crate) fn failed<'a>(
    action: &'static str,
    path: &'a Path,
) -> impl Fn(io::Error) -> DiskError + 'a {
    move |source| DiskError { action, path: path.to_owned(), source }
}

/// Creates or replaces a file: afterwards it holds all of `bytes`, or is as it was.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    let mut folders = Folders::default();
    folders.write(path, bytes)?;
    folders.sync()
}

/// Reads a file of at most `most` bytes; `None` if there is none.
pub(crate) fn read(path: &Path, most: u64) -> Result<Option<Vec<u8>>, DiskError> {
    use io::Read;
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(failed("read", path)(e)),
    };
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(failed("read", path))?;
    if bytes.len() as u64 > most {
        let larger = io::Error::other(format!("it is larger than {most} bytes"));
        return Err(failed("read", path)(larger));
    }
    Ok(Some(bytes))
}

/// Reads a text of at most `most` bytes; `None` if there is none.
pub(crate) fn read_text(path: &Path, most: usize) -> Result<Option<String>, DiskError> {
    let text = read(path, most as u64)?.map(String::from_utf8).transpose();
    text.map_err(|e| failed("read", path)(io::Error::other(e)))
}

/// Moves a folder to a name that is free; afterwards it survives a power cut.
pub(crate) fn rename_dir(from: &Path, path: &Path) -> Result<(), DiskError> {
    let mut folders = Folders::default();
    folders.create_parent(path)?;
    fs::rename(from, path).map_err(failed("rename", from))?;
    folders.sync()
}

/// Removes a folder with all that is in it; it may be gone already.
pub(crate) fn remove_dir(path: &Path) -> Result<(), DiskError> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed("remove", path)(e)),
        _ => Ok(()),
    }
}

/// Moves a file that the disk has damaged out of the way, for a person to look at; it may be gone.
pub(crate) fn set_aside(path: &Path, folder: &Path) -> Result<(), DiskError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".damaged");
    match fs::rename(path, folder.join(name)) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed("rename", path)(e)),
        _ => Ok(()),
    }
}

/// Removes what is in a folder but `kept`; the folder may be gone already.
pub(crate) fn remove_all_but(dir: &Path, kept: &str) -> Result<(), DiskError> {
    let entries = match fs::read_dir(dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed("read", dir))?,
    };
    let mut empty = true;
    for entry in entries {
        let entry = entry.map_err(failed("read", dir))?;
        let path = entry.path();
        if entry.file_name() == kept {
            empty = false;
        } else if entry.file_type().map_err(failed("read", &path))?.is_dir() {
            remove_dir(&path)?;
        } else {
            fs::remove_file(&path).map_err(failed("remove", &path))?;
        }
    }
    if empty { remove_dir(dir) } else { Ok(()) }
}

/// Folders that new names were written to, to be synced together.
#[derive(Debug, Default)]
pub(crate) struct Folders(BTreeSet<PathBuf>);

impl Folders {
    /// Writes a file and syncs its bytes; its name is durable after [`sync`](Self::sync).
    pub(crate) fn write(&mut self, path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
        self.create_parent(path)?;
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        let part = PathBuf::from(name);
        let written = File::create(&part).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        written.and_then(|()| fs::rename(&part, path)).map_err(|e| {
            // What is left of a failed write is of no use, and on a full disk it is in the way.
            let _ = fs::remove_file(&part);
            failed("write", path)(e)
        })
    }

    /// Moves a file to where it stays, and syncs its bytes first.
    pub(crate) fn settle(&mut self, from: &Path, path: &Path) -> Result<(), DiskError> {
        self.create_parent(path)?;
        File::open(from).and_then(|file| file.sync_all()).map_err(failed("sync", from))?;
        fs::rename(from, path).map_err(failed("rename", from))
    }

    /// Makes a file's folder, and remembers to sync it and those above that were made.
    pub(crate) fn create_parent(&mut self, path: &Path) -> Result<(), DiskError> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        if self.0.insert(parent.to_owned()) && !parent.is_dir() {
            self.create_parent(parent)?;
            fs::create_dir_all(parent).map_err(failed("create", parent))?;
        }
        Ok(())
    }

    /// Syncs the folders: after it every name in them survives a power cut.
    pub(crate) fn sync(self) -> Result<(), DiskError> {
        // Only on Unix can a folder be opened and synced; elsewhere a rename is durable by itself.
        for folder in self.0.iter().filter(|_| cfg!(unix)) {
            File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(failed("sync", folder))?;
        }
        Ok(())
    }
}
