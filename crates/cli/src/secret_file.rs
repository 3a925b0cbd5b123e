//! Files that hold a secret: opened only if nobody but their owner can read them, made so that
//! nobody else ever could, and never written over.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What a secret may be read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepts {
    /// A regular file, as for a key.
    RegularFile,
    /// A regular file or a pipe, as for a passphrase that another program hands over.
    RegularFileOrPipe,
}

/// Why a file that holds a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// The operating system refused.
    #[error("cannot {action} it: {source}")]
    Io {
        /// What was tried: an infinitive.
        action: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
    /// The path leads to a folder, a device or another thing that holds no secret.
    #[error("is {found}, expected {expected}")]
    WrongKind {
        /// What is there, with its article.
        found: &'static str,
        /// What would have been accepted.
        expected: &'static str,
    },
    /// Others than the owner may use the file.
    #[error("has mode {mode:04o}, expected 0600: its group or others have access to it")]
    OpenToOthers {
        /// The permission bits.
        mode: u32,
    },
    /// A file of this name is there already.
    #[error("exists already, and a file with a secret is never written over")]
    Exists,
}

impl SecretFileError {
    /// Returns what to do about it, where `path` is the file.
    pub fn hint(&self, path: &Path) -> String {
        match self {
            Self::Io { action, source } => match (*action, source.kind()) {
                ("open", io::ErrorKind::NotFound) => "check the path".to_owned(),
                ("open", io::ErrorKind::PermissionDenied) => {
                    "check the owner and mode of the file, and of its folders".to_owned()
                }
                ("open" | "read", _) => "check the path and the disk".to_owned(),
                (_, io::ErrorKind::NotFound) => {
                    "check the path; folders are not made on the way".to_owned()
                }
                ("name", _) => {
                    "check the permissions of the folder, and that its file system has hard links"
                        .to_owned()
                }
                _ => "check the permissions of the folder, and the disk".to_owned(),
            },
            Self::WrongKind { expected, .. } => format!("name {expected}"),
            Self::OpenToOthers { .. } => format!("run: chmod 600 {}", path.display()),
            Self::Exists => "choose another name, or move that file away first".to_owned(),
        }
    }
}

/// Opens a file that holds a secret, after looking at what it is and who may read it. A pipe is
/// between two processes, so its permissions are not looked at.
///
/// # Errors
///
/// Fails if the path leads to anything else than `accepts` says, if the group or others have any
/// access to the file, or if the operating system refuses.
pub fn open(path: &Path, accepts: Accepts) -> Result<File, SecretFileError> {
    // Before opening, since opening a pipe or a device can wait for ever; and again afterwards,
    // since the path may lead elsewhere by then.
    let failed = |source| SecretFileError::Io { action: "open", source };
    check(&fs::metadata(path).map_err(failed)?, accepts)?;
    let file = File::open(path).map_err(failed)?;
    check(&file.metadata().map_err(failed)?, accepts)?;
    Ok(file)
}

fn check(metadata: &Metadata, accepts: Accepts) -> Result<(), SecretFileError> {
    if metadata.is_file() {
        return match mode(metadata) {
            mode if mode & 0o077 != 0 => Err(SecretFileError::OpenToOthers { mode }),
            _ => Ok(()),
        };
    }
    let (is_accepted, expected) = match accepts {
        Accepts::RegularFile => (false, "a regular file"),
        Accepts::RegularFileOrPipe => (is_pipe(metadata), "a regular file or a pipe"),
    };
    if is_accepted {
        return Ok(());
    }
    let found = match metadata {
        folder if folder.is_dir() => "a folder",
        pipe if is_pipe(pipe) => "a pipe",
        _ => "a device or a socket",
    };
    Err(SecretFileError::WrongKind { found, expected })
}

/// Makes a file that its owner alone can read, all of it or nothing: the bytes are written under
/// another name, flushed to the disk, and only then given the name that was asked for.
///
/// # Errors
///
/// Fails if the name is taken, whatever it leads to, or if the operating system refuses; then
/// nothing is left behind.
pub fn create(path: &Path, bytes: &[u8]) -> Result<(), SecretFileError> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let name = path.file_name().ok_or(SecretFileError::WrongKind {
        found: "a folder",
        expected: "the name of a new file",
    })?;
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|fault| SecretFileError::Io {
        action: "name",
        source: io::Error::other(fault.to_string()),
    })?;
    let mut unfinished_name = std::ffi::OsString::from(".");
    unfinished_name.push(name);
    unfinished_name.push(format!(".{:016x}", u64::from_be_bytes(random)));

    let failed = |action| move |source| SecretFileError::Io { action, source };
    let unfinished = Unfinished(folder.join(unfinished_name));
    let mut file = new_private_file(&unfinished.0).map_err(failed("create"))?;
    file.write_all(bytes).map_err(failed("write"))?;
    file.sync_all().map_err(failed("flush"))?;
    // Unlike a rename, a link never replaces a file that came into being meanwhile.
    fs::hard_link(&unfinished.0, path).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => SecretFileError::Exists,
        _ => SecretFileError::Io { action: "name", source },
    })?;
    drop(unfinished);
    sync_folder(folder).map_err(|source| {
        // A name that may be gone after a power cut is no key file; the caller starts anew.
        let _ = fs::remove_file(path);
        SecretFileError::Io { action: "flush", source }
    })
}

/// A file under its passing name, which is taken away whatever happens.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Where removing fails, an unreadable leftover is all the harm.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(unix)]
fn new_private_file(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn new_private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Elsewhere a folder cannot be opened as a file; the file itself is flushed.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn mode(metadata: &Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o7777
}

/// Elsewhere access is not a matter of mode bits.
#[cfg(not(unix))]
fn mode(_: &Metadata) -> u32 {
    0o600
}

#[cfg(unix)]
fn is_pipe(metadata: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    metadata.file_type().is_fifo()
}

#[cfg(not(unix))]
fn is_pipe(_: &Metadata) -> bool {
    false
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn made(mode: u32) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        create(&path, b"s").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        (folder, path)
    }

    #[test]
    fn a_new_file_is_its_owners_alone_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        create(&path, b"bytes").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert_eq!(fs::read(&path).unwrap(), b"bytes");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_exists_is_never_written_over() {
        let (folder, path) = made(0o600);
        assert!(matches!(create(&path, b"other"), Err(SecretFileError::Exists)));
        assert_eq!(fs::read(&path).unwrap(), b"s");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path().join("nowhere"), &link).unwrap();
        assert!(matches!(create(&link, b"other"), Err(SecretFileError::Exists)));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_folder_that_is_missing_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing/secret");
        let error = create(&path, b"s").unwrap_err();
        assert!(matches!(&error, SecretFileError::Io { action: "create", .. }), "{error}");
        assert!(error.hint(&path).contains("check the path"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_open_to_others_is_refused() {
        for mode in [0o640, 0o604, 0o620, 0o601, 0o666] {
            let (_folder, path) = made(mode);
            let error = open(&path, Accepts::RegularFile).unwrap_err();
            assert!(matches!(error, SecretFileError::OpenToOthers { mode: m } if m == mode));
            assert_eq!(error.hint(&path), format!("run: chmod 600 {}", path.display()));
        }
        for mode in [0o600, 0o400] {
            let (_folder, path) = made(mode);
            assert!(open(&path, Accepts::RegularFile).is_ok());
        }
    }

    #[test]
    fn what_is_no_file_is_refused_without_waiting_for_it() {
        let folder = tempfile::tempdir().unwrap();
        for (path, expected) in [(folder.path(), "a folder"), (Path::new("/dev/null"), "a device")]
        {
            let error = open(path, Accepts::RegularFileOrPipe).unwrap_err();
            assert!(error.to_string().starts_with(&format!("is {expected}")), "{error}");
        }
        let error = open(&folder.path().join("missing"), Accepts::RegularFile).unwrap_err();
        assert!(matches!(error, SecretFileError::Io { action: "open", .. }));
    }

    #[test]
    fn a_pipe_is_accepted_only_where_it_is_expected() {
        let (reader, _writer) = io::pipe().unwrap();
        let metadata = File::from(std::os::fd::OwnedFd::from(reader)).metadata().unwrap();
        assert!(check(&metadata, Accepts::RegularFileOrPipe).is_ok());
        let error = check(&metadata, Accepts::RegularFile).unwrap_err();
        assert_eq!(error.to_string(), "is a pipe, expected a regular file");
    }
}
