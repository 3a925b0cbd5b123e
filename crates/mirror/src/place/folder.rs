//! What a directory needs that an object store sees to by itself.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use fs4::FileExt;

use crate::publish::{CHECKPOINT, POLICY, VKEY};

/// The file whose lock guards the files of a directory that change.
pub(super) const LOCK: &str = ".lock";
/// The folders of a published ledger.
const FOLDERS: [&str; 4] = ["tile", "evidence", "roots", "checkpoints"];
/// How old a staged file is that nobody writes any more.
const STAGED_MAX: Duration = Duration::from_hours(1);

/// Takes the lock of a directory, which ends with the file. The folder may be one that others write
/// to as well, so a link is refused, and whatever is opened keeps what it holds: a link that is put
/// there between the two steps costs its target nothing.
///
/// # Errors
///
/// Fails as the file system does, and for anything but a file.
pub(super) fn lock(dir: &Path) -> io::Result<File> {
    let path = dir.join(LOCK);
    match fs::symlink_metadata(&path) {
        Ok(found) if found.is_file() => {}
        Ok(found) if found.is_symlink() => {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a link"));
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Ok(_) => regular(&path)?,
        Err(e) => return Err(e),
    }
    let lock = File::options().write(true).create(true).truncate(false).open(path)?;
    FileExt::lock(&lock)?;
    Ok(lock)
}

/// Refuses what is there and no file: to open a pipe is to wait for whoever writes into it.
///
/// # Errors
///
/// Fails as the file system does, and for a pipe, a socket or a device.
pub(super) fn regular(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() || found.is_dir() => Ok(()),
        Ok(_) => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(e),
    }
}

/// Syncs a file that is there, and the folders down to it: whoever wrote it may have ended before.
///
/// # Errors
///
/// Fails as the file system does.
pub(super) fn settle(dir: &Path, path: &str) -> io::Result<()> {
    let file = dir.join(path);
    File::open(&file)?.sync_all()?;
    if cfg!(unix) {
        let folders = file.ancestors().skip(1).take_while(|folder| folder.starts_with(dir));
        for folder in folders {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            File::open(folder)?.sync_all()?;
        }
    }
    Ok(())
}

/// Removes what a publisher that was killed had staged beside the files of a published ledger: a
/// name, `#` and a number. Returns how many files.
///
/// # Errors
///
/// Fails if a folder cannot be read.
pub(super) fn sweep(dir: &Path) -> io::Result<usize> {
    let now = SystemTime::now();
    let own = |name: &str| [CHECKPOINT, VKEY, POLICY].contains(&name);
    let mut removed = swept(dir, now, own)?.0;
    let mut folders: Vec<_> = FOLDERS.iter().map(|name| dir.join(name)).collect();
    while let Some(folder) = folders.pop() {
        if fs::symlink_metadata(&folder).is_ok_and(|found| found.is_dir()) {
            let own = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric());
            let (some, within) = swept(&folder, now, own)?;
            removed += some;
            folders.extend(within);
        }
    }
    Ok(removed)
}

/// Removes the staged files of one folder, and returns how many, and the folders in it.
fn swept(
    folder: &Path,
    now: SystemTime,
    own: impl Fn(&str) -> bool,
) -> io::Result<(usize, Vec<std::path::PathBuf>)> {
    let (mut removed, mut folders) = (0, Vec::new());
    for item in fs::read_dir(folder)? {
        let item = item?;
        let kind = item.file_type()?;
        let name = item.file_name();
        let staged = name.to_str().and_then(|name| name.rsplit_once('#'));
        let staged = staged.is_some_and(|(name, number)| {
            own(name) && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
        });
        if kind.is_dir() {
            folders.push(item.path());
        } else if staged && kind.is_file() {
            let age = item.metadata().and_then(|found| found.modified()).ok();
            let age = age.and_then(|time| now.duration_since(time).ok());
            let old = age.is_some_and(|age| age > STAGED_MAX);
            // Whoever else publishes here may have removed it meanwhile.
            removed += usize::from(old && fs::remove_file(item.path()).is_ok());
        }
    }
    Ok((removed, folders))
}
