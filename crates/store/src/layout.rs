//! The names of everything inside a ledger directory.

use std::borrow::Cow;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tally_ledger::hash::Hash;
use tally_ledger::tile::{self, Content, Tile};

use crate::error::Error;

/// What the file `format` says in a directory that this version can use.
pub(crate) const FORMAT: &str = "tally 1\n";

/// How many entries a full bundle file holds (C2SP tlog-tiles).
pub(crate) const BUNDLE_ENTRIES: u64 = tile::WIDTH;

/// A ledger directory and the paths inside it.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) dir: PathBuf,
}

impl Layout {
    pub(crate) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    pub(crate) fn format(&self) -> PathBuf {
        self.dir.join("format")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.dir.join("lock")
    }

    pub(crate) fn head(&self) -> PathBuf {
        self.dir.join("head")
    }

    /// The head of the append under way, renamed to `head` when it is acknowledged.
    pub(crate) fn next_head(&self) -> PathBuf {
        self.dir.join("head.next")
    }

    /// The batch being appended, whole, so that an interrupted one can be finished.
    pub(crate) fn batch(&self) -> PathBuf {
        self.dir.join("batch")
    }

    pub(crate) fn db(&self) -> PathBuf {
        self.dir.join("db")
    }

    pub(crate) fn entries(&self) -> PathBuf {
        self.dir.join("tile").join("entries")
    }

    /// The bundle file with number `index`, in the path groups of C2SP tlog-tiles.
    pub(crate) fn bundle(&self, index: u64) -> PathBuf {
        // The last file grows in place under the name of a full one.
        self.dir.join(Tile { content: Content::Entries, index, width: 256 }.path())
    }

    pub(crate) fn checkpoints(&self) -> PathBuf {
        self.dir.join("checkpoints")
    }

    /// The checkpoint of `size`, padded so that a listing by name ascends by size.
    pub(crate) fn checkpoint(&self, size: u64) -> PathBuf {
        self.checkpoints().join(format!("{size:020}"))
    }

    pub(crate) fn roots(&self) -> PathBuf {
        self.dir.join("roots")
    }

    /// The signed root of the tree of `size` entries, named like its checkpoint.
    pub(crate) fn root(&self, size: u64) -> PathBuf {
        self.roots().join(format!("{size:020}"))
    }

    pub(crate) fn evidence_dir(&self) -> PathBuf {
        self.dir.join("evidence")
    }

    pub(crate) fn evidence(&self, digest: &Hash) -> PathBuf {
        self.evidence_dir().join(digest.to_string())
    }

    pub(crate) fn aside(&self) -> PathBuf {
        self.dir.join("lost+found")
    }

    /// Checks that the directory is a ledger that this version can use.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let path = self.format();
        match fs::read(&path) {
            Ok(found) if found == FORMAT.as_bytes() => Ok(()),
            Ok(found) => Err(unknown_format(path, &found)),
            Err(source) => Err(self.why_no_format(&path, source)),
        }
    }

    fn why_no_format(&self, path: &Path, source: io::Error) -> Error {
        let absent = matches!(
            source.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory
        );
        if !absent {
            return Error::failed("read", path, source);
        }
        let dir = self.dir.clone();
        match fs::metadata(&dir) {
            Ok(found) if found.is_dir() => Error::NotALedger { dir },
            Ok(_) => Error::NotADirectory { path: dir },
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Error::NoDirectory { dir },
            Err(cause) => Error::failed("read", &dir, cause),
        }
    }
}

/// Lists what is in a directory, sorted, without what was still being written; a missing directory
/// is as good as an empty one.
pub(crate) fn list(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::failed("read", dir, source);
    let items = match fs::read_dir(dir) {
        Ok(items) => items,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(failed(source)),
    };
    let mut paths = Vec::new();
    for item in items {
        let path = item.map_err(failed)?.path();
        if !is_temporary(&path) {
            paths.push(path);
        }
    }
    paths.sort_unstable();
    Ok(paths)
}

/// Returns the last part of a path as text.
pub(crate) fn name(path: &Path) -> Cow<'_, str> {
    path.file_name().unwrap_or_default().to_string_lossy()
}

/// Returns whether a file is one that [`durable::write`](crate::durable::write) was still writing.
pub(crate) fn is_temporary(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "tmp")
}

fn unknown_format(path: PathBuf, found: &[u8]) -> Error {
    let text = String::from_utf8_lossy(found);
    let version = text.strip_prefix("tally ").map(str::trim_end);
    match version.and_then(|v| v.parse::<u32>().ok()) {
        Some(version) if version > 1 => Error::NewerVersion { path, version },
        _ => Error::FormatDamaged { path, found: text.chars().take(40).collect() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundle_paths_are_those_of_tlog_tiles() {
        let layout = Layout::new(Path::new("d"));
        for (index, path) in [
            (0, "000"),
            (999, "999"),
            (1000, "x001/000"),
            (1_234_067, "x001/x234/067"),
            (67_000, "x067/000"),
        ] {
            assert_eq!(layout.bundle(index), Path::new("d/tile/entries").join(path), "{index}");
        }
    }
}
