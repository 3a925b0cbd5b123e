//! Writing so that it survives a power cut: temporary file, fsync, rename, fsync of the folder.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

/// Creates or replaces `path` with `bytes`: afterwards it holds all of them, or is as it was.
///
/// # Errors
///
/// Fails as the file system does.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut staged = path.as_os_str().to_owned();
    staged.push(".tmp");
    let staged = Path::new(&staged);
    let written = File::create(staged).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let put = written.and_then(|()| fs::rename(staged, path));
    if let Err(e) = put {
        // What is left of a failed write is of no use, and on a full disk it is in the way.
        let _ = fs::remove_file(staged);
        return Err(e);
    }
    sync_parent(path)
}

/// Syncs the names in the folder that holds `path`.
///
/// # Errors
///
/// Fails as the file system does.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or_else(|| Path::new("."));
    // Only on Unix can a folder be opened and synced; elsewhere a rename is durable by itself.
    if cfg!(unix) { File::open(parent)?.sync_all() } else { Ok(()) }
}

/// Reads a text of at most `most` bytes.
///
/// # Errors
///
/// Fails as the file system does, and if the file is larger or no text.
pub(crate) fn read(path: &Path, most: usize) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(most as u64 + 1).read_to_string(&mut text)?;
    if text.len() > most {
        let message = format!("it is larger than {most} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(text)
}
