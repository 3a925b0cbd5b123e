//! A mirror: a folder of ledgers that are fetched, verified in full, cosigned and served as they
//! are published.
//!
//! `public/` is what a web server serves: for each ledger a folder named after the SHA-256 of its
//! origin (C2SP tlog-mirror), with the files of its place, byte for byte, but for `checkpoint`,
//! which carries the mirror's cosignature besides. `ledgers/` holds what the mirror knows of each.
//! A held history never moves backward, and is followed no further once its log has signed another.

mod error;
mod followed;
mod held;
mod roots;
mod round;
mod schedule;
mod site;
mod sync;

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use tally_ledger::hash::Hash;
use tally_ledger::key::PublicKey;
use tally_ledger::note::{NoteError, Purpose, Vkey};

use crate::disk;
use crate::publish::{CHECKPOINT, CHECKPOINT_BYTES_MAX};

pub use crate::disk::DiskError;
pub use error::MirrorError;
pub use followed::{Condition, Followed, Known, Limits, State};
pub use held::Held;
pub use round::{Outcome, Places, Workers};
pub use schedule::Schedule;
pub use site::site;
pub use sync::{Synced, sync};

/// The folder that is served.
pub const PUBLIC: &str = "public";
/// The folder of what the mirror knows of each ledger.
const LEDGERS: &str = "ledgers";
/// The folder, of a ledger that is served, with proofs that its log signed two histories.
pub const EQUIVOCATION: &str = "equivocation";
/// The file that says what the folder is.
const FORMAT: &str = "format";
/// What stands in it.
const FORMAT_TEXT: &str = "tally-mirror 1\n";
/// The file with the mirror's vkey.
const VKEY_FILE: &str = "mirror.vkey";
/// The file that says when a process last noted that it watches.
const WATCHED: &str = "watched";
/// The largest file of state, in bytes.
const STATE_BYTES_MAX: u64 = 1024 * 1024;
/// The most proofs of equivocation that are kept of a ledger.
const PROOFS_MAX: u32 = 1000;

/// Tells the time, in seconds since 1970-01-01T00:00:00Z.
pub type Clock<'a> = &'a (dyn Fn() -> u64 + Sync);

/// A mirror's folder.
#[derive(Debug, Clone)]
pub struct Mirror {
    dir: PathBuf,
    vkey: Vkey,
}

/// Whose cosignature is set.
#[derive(Debug, Clone)]
pub struct Cosigner {
    vkey: Vkey,
    key: SigningKey,
}

/// The mirror's lock, held until it is dropped or its process ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Cosigner {
    /// Returns the cosigner of that name.
    ///
    /// # Errors
    ///
    /// Fails if it is no key name.
    pub fn new(name: &str, key: SigningKey) -> Result<Self, NoteError> {
        let vkey = Vkey::new(name, Purpose::Cosignature, PublicKey::from(&key))?;
        Ok(Self { vkey, key })
    }

    /// Returns its vkey.
    pub fn vkey(&self) -> &Vkey {
        &self.vkey
    }
}

impl Mirror {
    /// Makes a mirror without ledgers in a folder that is empty or not there.
    ///
    /// # Errors
    ///
    /// Fails if there is a mirror already, or the disk refuses.
    pub fn create(dir: &Path, vkey: &Vkey) -> Result<Self, MirrorError> {
        let format = dir.join(FORMAT);
        if format.exists() {
            return Err(MirrorError::There { path: format });
        }
        let mut folders = disk::Folders::default();
        folders.create_parent(&dir.join(PUBLIC).join(CHECKPOINT))?;
        folders.create_parent(&dir.join(LEDGERS).join(FORMAT))?;
        folders.write(&dir.join(VKEY_FILE), format!("{vkey}\n").as_bytes())?;
        folders.write(&format, FORMAT_TEXT.as_bytes())?;
        folders.sync()?;
        Ok(Self { dir: dir.to_owned(), vkey: vkey.clone() })
    }

    /// Returns whether a folder is that of a mirror.
    pub fn is_at(dir: &Path) -> bool {
        let format = disk::read(&dir.join(FORMAT), 64);
        format.is_ok_and(|text| text.is_some_and(|text| text.starts_with(b"tally-mirror ")))
    }

    /// Opens the mirror of a folder.
    ///
    /// # Errors
    ///
    /// Fails if it is none, or of another version.
    pub fn open(dir: &Path) -> Result<Self, MirrorError> {
        let wrong = |reason: &str| {
            let (dir, reason) = (dir.to_owned(), reason.to_owned());
            MirrorError::NoMirror { dir, reason }
        };
        let format = disk::read(&dir.join(FORMAT), 64).map_err(|_| wrong("it is no folder"))?;
        match format {
            Some(text) if text == FORMAT_TEXT.as_bytes() => {}
            Some(_) => return Err(wrong("its format is of another version")),
            None => return Err(wrong("it has no file `format`")),
        }
        let vkey = disk::read(&dir.join(VKEY_FILE), CHECKPOINT_BYTES_MAX)?;
        let vkey = vkey.and_then(|text| String::from_utf8(text).ok());
        let vkey = vkey.ok_or_else(|| wrong("it has no file `mirror.vkey`"))?;
        let vkey = vkey.trim().parse().map_err(|e: NoteError| wrong(&e.to_string()))?;
        Ok(Self { dir: dir.to_owned(), vkey })
    }

    /// Returns the mirror's vkey.
    pub fn vkey(&self) -> &Vkey {
        &self.vkey
    }

    /// Returns the folder that is served.
    pub fn public(&self) -> PathBuf {
        self.dir.join(PUBLIC)
    }

    /// Takes the lock of the mirror, which one process at a time may hold.
    ///
    /// # Errors
    ///
    /// Fails if another holds it, and says which.
    pub fn lock(&self) -> Result<Lock, MirrorError> {
        let path = self.dir.join("lock");
        let mut options = OpenOptions::new();
        let opened = options.read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = opened.map_err(disk::failed("open", &path))?;
        if fs4::FileExt::try_lock(&file).is_err() {
            let mut text = String::new();
            let read = (&file).take(32).read_to_string(&mut text);
            let holder = read.ok().map(|_| text.trim().to_owned()).filter(|text| !text.is_empty());
            return Err(MirrorError::Locked { dir: self.dir.clone(), holder });
        }
        // The width is fixed, so that the file never shrinks.
        let written = file
            .seek(SeekFrom::Start(0))
            .and_then(|_| file.write_all(format!("{:>10}\n", std::process::id()).as_bytes()));
        written.map_err(disk::failed("write", &path))?;
        Ok(Lock { _file: file })
    }

    /// Adds a ledger; nothing of it is read yet.
    ///
    /// # Errors
    ///
    /// Fails if it is followed already, or the disk refuses.
    pub fn add(&self, followed: &Followed) -> Result<Held, MirrorError> {
        let held = self.held(&followed.origin);
        if held.state_dir.join("ledger.json").exists() {
            return Err(MirrorError::Followed { origin: followed.origin.clone() });
        }
        followed.known()?;
        write_json(&held.state_dir.join("ledger.json"), followed)?;
        Ok(held)
    }

    /// Follows a ledger no further. What is served of it stays; with `files` it goes, too, but for
    /// proofs of two histories. What the mirror cosigned last is kept: followed again, the ledger
    /// has to extend it.
    ///
    /// # Errors
    ///
    /// Fails if it is not followed, or the disk refuses.
    pub fn remove(&self, origin: &str, files: bool) -> Result<(), MirrorError> {
        self.ledger(origin)?.remove(files)
    }

    /// Notes that a process watches the ledgers, at `now` in seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    ///
    /// Fails if the disk refuses.
    pub fn note_watched(&self, now: u64) -> Result<(), MirrorError> {
        Ok(disk::write(&self.dir.join(WATCHED), format!("{now}\n").as_bytes())?)
    }

    /// Returns when a process last noted that it watches the ledgers.
    pub fn watched(&self) -> Option<u64> {
        let text = disk::read_text(&self.dir.join(WATCHED), 32).ok()??;
        text.trim_end().parse().ok()
    }

    /// Returns the ledger of that origin, or of the folder that is named so: what is kept of a
    /// damaged one may not tell its origin.
    ///
    /// # Errors
    ///
    /// Fails if it is not followed.
    pub fn ledger(&self, origin: &str) -> Result<Held, MirrorError> {
        let folder = origin.parse::<Hash>().map(|_| self.named(origin));
        let mut either = [self.held(origin)].into_iter().chain(folder);
        let followed = either.find(|held| held.state_dir.join("ledger.json").exists());
        followed.ok_or_else(|| MirrorError::NotFollowed { origin: origin.to_owned() })
    }

    /// Returns the ledgers that are followed, by their origins. One of which what is kept cannot be
    /// used goes by the name of its folder, and fails whatever is done with it.
    ///
    /// # Errors
    ///
    /// Fails if the disk refuses.
    pub fn ledgers(&self) -> Result<Vec<Held>, MirrorError> {
        let dir = self.dir.join(LEDGERS);
        let mut found = Vec::new();
        for entry in fs::read_dir(&dir).map_err(disk::failed("read", &dir))? {
            let path = entry.map_err(disk::failed("read", &dir))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let followed = path.join("ledger.json");
            if name.parse::<Hash>().is_ok() && followed.exists() {
                let followed = read_json::<Followed>(&followed, name).ok().flatten();
                let followed = followed.filter(|it| folder_of(&it.origin) == name);
                found.push(followed.map_or_else(|| self.named(name), |it| self.held(&it.origin)));
            }
        }
        found.sort_by(|a, b| a.origin.cmp(&b.origin));
        Ok(found)
    }

    fn held(&self, origin: &str) -> Held {
        Held { origin: origin.to_owned(), ..self.named(&folder_of(origin)) }
    }

    fn named(&self, folder: &str) -> Held {
        Held {
            origin: folder.to_owned(),
            public: self.dir.join(PUBLIC).join(folder),
            state_dir: self.dir.join(LEDGERS).join(folder),
            vkey: self.vkey.clone(),
        }
    }
}

/// Returns the name of a ledger's folder: the SHA-256 of its origin (C2SP tlog-mirror).
fn folder_of(origin: &str) -> String {
    Hash::of(origin.as_bytes()).to_string()
}

fn read_json<T: serde::de::DeserializeOwned>(
    path: &Path,
    origin: &str,
) -> Result<Option<T>, MirrorError> {
    let Some(bytes) = disk::read(path, STATE_BYTES_MAX)? else {
        return Ok(None);
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|e| MirrorError::State {
        origin: origin.to_owned(),
        reason: format!("{}: {e}", path.display()),
    })
}

fn write_json<T: serde::Serialize>(path: &Path, value: &T) -> Result<(), MirrorError> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("texts and numbers");
    bytes.push(b'\n');
    Ok(disk::write(path, &bytes)?)
}

#[cfg(test)]
mod tests;
