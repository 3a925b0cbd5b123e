//! Files that are written whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// A file that is written whole under a passing name, which is taken away unless it gets its own.
#[derive(Debug)]
pub struct Staged<'a> {
    path: PathBuf,
    target: &'a Path,
}

impl<'a> Staged<'a> {
    /// Writes what `write` hands over, and syncs it.
    ///
    /// # Errors
    ///
    /// Fails as the disk does.
    pub fn write(
        target: &'a Path,
        write: impl FnOnce(BufWriter<File>) -> io::Result<BufWriter<File>>,
    ) -> Result<Self, Failure> {
        let mut name = target.to_owned().into_os_string();
        name.push(format!(".{}.part", std::process::id()));
        let staged = Self { path: PathBuf::from(name), target };
        let failed = |e: io::Error| Failure::io("write", target, &e);
        let file = File::create_new(&staged.path).map_err(failed)?;
        let written = write(BufWriter::new(file)).and_then(|file| file.into_inner()?.sync_all());
        written.map_err(failed)?;
        Ok(staged)
    }

    /// Gives the file its own name, in the place of another file only if `replace` says so.
    ///
    /// # Errors
    ///
    /// Fails if there is such a file already, and as the disk does.
    pub fn place(self, replace: bool) -> Result<(), Failure> {
        let placed =
            if replace { fs::rename(&self.path, self.target) } else { self.place_beside_nothing() };
        placed.map_err(|e| Failure::io("write", self.target, &e))
    }

    fn place_beside_nothing(&self) -> io::Result<()> {
        // Unlike a rename, a link never replaces a file that came into being meanwhile.
        match fs::hard_link(&self.path, self.target) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(e),
            // The file system of a memory stick may have no links.
            Err(_) if !self.target.exists() => fs::rename(&self.path, self.target),
            linked => linked,
        }
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        // After a rename there is nothing left under this name.
        let _ = fs::remove_file(&self.path);
    }
}

/// Refuses a file to write that is a folder, or that exists and is not to be replaced.
///
/// # Errors
///
/// Fails if it is to be refused.
pub fn refuse_existing(path: &Path, replace: bool) -> Result<(), Failure> {
    if path.is_dir() {
        return Err(
            Failure::new(format!("{} is a folder", path.display())).hint("name the file to write")
        );
    }
    if path.exists() && !replace {
        return Err(Failure::new(format!("{} exists already", path.display()))
            .hint("choose another name, or add --force"));
    }
    Ok(())
}

/// Writes `bytes` to `path`, in the place of what stood there, all or nothing.
///
/// # Errors
///
/// Fails if something other than a regular file stands there, and as the disk does.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if fs::symlink_metadata(path).is_ok_and(|there| !there.is_file()) {
        return Err(Failure::new(format!("{} is not a regular file", path.display()))
            .hint("name another file to write"));
    }
    let staged = Staged::write(path, |mut file| {
        file.write_all(bytes)?;
        Ok(file)
    })?;
    staged.place(true)
}
