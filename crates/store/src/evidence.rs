//! Evidence files: any bytes, filed under their SHA-256.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tally_ledger::hash::Hash;

use crate::aside;
use crate::durable;
use crate::error::Error;
use crate::layout::{self, Layout};

/// A stored evidence file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The SHA-256 under which it is filed; reading is no proof that the content still has it.
    pub digest: Hash,
    /// Its length in bytes.
    pub size: u64,
    /// Where it is.
    pub path: PathBuf,
}

/// Stores what `source` yields and returns where. A file that is there already is left as it is;
/// one that was damaged meanwhile is moved to `lost+found` and replaced.
pub(crate) fn put(layout: &Layout, source: &mut dyn Read) -> Result<Evidence, Error> {
    let dir = layout.evidence_dir();
    durable::create_dirs(&dir)?;
    let incoming = dir.join("incoming.tmp");
    let stored = receive(layout, source, &incoming);
    if stored.is_err() {
        // Half a file is of no use, and on a full disk it is in the way.
        let _ = fs::remove_file(&incoming);
    }
    stored
}

fn receive(layout: &Layout, source: &mut dyn Read, incoming: &Path) -> Result<Evidence, Error> {
    let failed = |cause| Error::failed("write", incoming, cause);
    let mut file = File::create(incoming).map_err(failed)?;
    let mut size = 0;
    let unreadable = |source| Error::EvidenceSource { source };
    let digest = digest(source, unreadable, |chunk| {
        size += chunk.len() as u64;
        file.write_all(chunk).map_err(failed)
    })?;
    let path = layout.evidence(&digest);
    let evidence = Evidence { digest, size, path };
    match check(&evidence.path, &digest) {
        Ok(true) => {
            durable::remove(incoming)?;
            return Ok(evidence);
        }
        Ok(false) => {}
        Err(Error::EvidenceDamaged { path, .. }) => {
            durable::create_dirs(&layout.aside())?;
            let kept = aside::free_name(layout, &format!("evidence-{digest}"));
            fs::rename(&path, &kept).map_err(|cause| Error::failed("rename", &path, cause))?;
        }
        Err(other) => return Err(other),
    }
    file.sync_all().map_err(failed)?;
    durable::put(incoming, &evidence.path)?;
    Ok(evidence)
}

/// Checks the content of an evidence file against its digest; `false` if there is none.
pub(crate) fn check(path: &Path, digest: &Hash) -> Result<bool, Error> {
    let failed = |source| Error::failed("read", path, source);
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(source) => return Err(failed(source)),
    };
    let found = self::digest(&mut file, failed, |_| Ok(()))?;
    if found == *digest {
        Ok(true)
    } else {
        let path = path.to_owned();
        Err(Error::EvidenceDamaged { path, found })
    }
}

/// Hashes what `source` yields, passing each piece on.
fn digest(
    source: &mut dyn Read,
    unreadable: impl Fn(io::Error) -> Error,
    mut pass_on: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<Hash, Error> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return Ok(Hash(hasher.finalize().into())),
            Ok(count) => {
                hasher.update(&buffer[..count]);
                pass_on(&buffer[..count])?;
            }
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(unreadable(cause)),
        }
    }
}

/// Finds the evidence file with this digest.
pub(crate) fn find(layout: &Layout, digest: &Hash) -> Result<Option<Evidence>, Error> {
    let path = layout.evidence(digest);
    match fs::metadata(&path) {
        Ok(found) => Ok(Some(Evidence { digest: *digest, size: found.len(), path })),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::failed("read", &path, source)),
    }
}

/// Lists the evidence files, ascending by digest; other files are passed over.
pub(crate) fn list(layout: &Layout) -> Result<Vec<Evidence>, Error> {
    let mut found = Vec::new();
    for path in layout::list(&layout.evidence_dir())? {
        if let Some(digest) = digest_of(&path) {
            found.extend(find(layout, &digest)?);
        }
    }
    Ok(found)
}

/// Returns the digest that is the name of an evidence file.
pub(crate) fn digest_of(path: &Path) -> Option<Hash> {
    let name = layout::name(path);
    name.parse().ok().filter(|digest: &Hash| *name == digest.to_string())
}
