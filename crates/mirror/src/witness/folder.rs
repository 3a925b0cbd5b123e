//! The directory of a witness.
//!
//! `witness.vkey` is its name and key, `lock` is held by the process that has it, and each log has
//! a folder `logs/<SHA-256 of its origin>`: in `log` its origin and keys, in `checkpoint` what was
//! cosigned last, in `seen` what the log signed. `checkpoint` is there from the beginning, so that
//! a file that was lost is not taken for a log that is new.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tally_ledger::hash::Hash;
use tally_ledger::note::{Checkpoint, NOTE_MAX, NoteError, Purpose, Signed, Vkey};

use super::Latest;
use super::seen::Seen;
use crate::disk::{self, DiskError, failed};

const VKEY: &str = "witness.vkey";
const LOCK: &str = "lock";
const LOGS: &str = "logs";
const LOG: &str = "log";
const CHECKPOINT: &str = "checkpoint";
const SEEN: &str = "seen";
/// What stands for a checkpoint before the first.
const NOTHING: &str = "nothing was cosigned yet\n";
/// The largest `log` file, in bytes, and so the most keys of one log.
const LOG_BYTES_MAX: usize = 64 * 1024;

/// Why a witness cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// The directory is that of no witness.
    #[error("{} is not the directory of a witness", dir.display())]
    NotAWitness {
        /// The directory.
        dir: PathBuf,
    },
    /// There is a witness already.
    #[error("{} holds a witness already", dir.display())]
    Exists {
        /// The directory.
        dir: PathBuf,
    },
    /// Another process has it.
    #[error(
        "{} is in use by {}", dir.display(),
        pid.map_or("another process".to_owned(), |pid| format!("process {pid}"))
    )]
    Locked {
        /// The directory.
        dir: PathBuf,
        /// The process.
        pid: Option<u32>,
    },
    /// The key is not that of the witness.
    #[error("the key is not that of {vkey}, the witness in {}", dir.display())]
    OtherKey {
        /// The directory.
        dir: PathBuf,
        /// The vkey of the witness.
        vkey: String,
    },
    /// A key is not one that signs checkpoints as a log.
    #[error("{vkey} is the key of a witness, expected that of a log")]
    NotALogKey {
        /// The key.
        vkey: String,
    },
    /// No checkpoint can have this origin.
    #[error("{origin:.80?} is no origin, expected one line without control characters")]
    NotAnOrigin {
        /// What was given.
        origin: String,
    },
    /// What is remembered cannot be relied on.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file system refuses.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

/// What a witness remembers of a log.
#[derive(Debug)]
pub struct LogStatus {
    /// The origin.
    pub origin: String,
    /// The keys that may sign its checkpoints.
    pub vkeys: Vec<Vkey>,
    /// What was cosigned last, and when, in seconds since 1970-01-01T00:00:00Z.
    pub latest: Option<(Checkpoint, u64)>,
    /// How many notes of the log's are kept.
    pub notes: usize,
    /// The sizes that the log signed more than one root of, each with the files of the notes.
    pub contradictions: Vec<(u64, Vec<PathBuf>)>,
    /// The proofs that the log signed two histories: the sizes of both checkpoints, and the file.
    pub proofs: Vec<(u64, u64, PathBuf)>,
}

/// Makes the directory of a witness, in a folder that may be there already and hold its key file.
///
/// # Errors
///
/// Fails if there is a witness, the key is none of a witness, or the file system refuses.
pub fn create(dir: &Path, vkey: &Vkey) -> Result<(), WitnessError> {
    let path = dir.join(VKEY);
    if path.exists() {
        return Err(WitnessError::Exists { dir: dir.to_owned() });
    }
    let logs = dir.join(LOGS);
    fs::create_dir_all(&logs).map_err(failed("create", &logs))?;
    Ok(disk::write(&path, format!("{vkey}\n").as_bytes())?)
}

/// Adds keys of a log, under which its checkpoints of that origin are cosigned. Returns how many
/// are new.
///
/// # Errors
///
/// Fails if a key is none of a log, the origin is no line, the directory is in use or damaged, or
/// the file system refuses.
pub fn add(dir: &Path, origin: &str, vkeys: &[Vkey]) -> Result<usize, WitnessError> {
    if let Some(other) = vkeys.iter().find(|vkey| vkey.purpose() != Purpose::Log) {
        return Err(WitnessError::NotALogKey { vkey: other.to_string() });
    }
    if origin.is_empty() || origin.contains(char::is_control) {
        return Err(WitnessError::NotAnOrigin { origin: origin.to_owned() });
    }
    let folder = Folder::open(dir)?;
    let mut known = folder.logs()?.into_iter().find(|log| log.origin == origin);
    let mut all = known.as_mut().map_or(Vec::new(), |log| std::mem::take(&mut log.vkeys));
    let before = all.len();
    for vkey in vkeys {
        if !all.contains(vkey) {
            all.push(vkey.clone());
        }
    }
    let lines: String = all.iter().flat_map(|vkey| [vkey.to_string(), "\n".to_owned()]).collect();
    let text = format!("{origin}\n{lines}");
    if text.len() > LOG_BYTES_MAX {
        let path = dir.to_owned();
        return Err(WitnessError::Damaged { path, reason: "too many keys of one log".to_owned() });
    }
    let name = Hash::of(origin.as_bytes()).to_string();
    let target = dir.join(LOGS).join(&name);
    if known.is_some() {
        let path = target.join(LOG);
        disk::write(&path, text.as_bytes())?;
        return Ok(all.len() - before);
    }
    // The folder appears whole, or not at all.
    let staged = dir.join(LOGS).join(format!("{name}.new"));
    disk::remove_dir(&staged)?;
    let seen = staged.join(SEEN);
    fs::create_dir_all(&seen).map_err(failed("create", &seen))?;
    disk::write(&staged.join(LOG), text.as_bytes())?;
    disk::write(&staged.join(CHECKPOINT), NOTHING.as_bytes())?;
    disk::rename_dir(&staged, &target)?;
    Ok(all.len())
}

/// Returns the vkey of a witness, and what it remembers of each log, by origin. The witness may be
/// in use.
///
/// # Errors
///
/// Fails if the directory is that of no witness, or damaged.
pub fn status(dir: &Path) -> Result<(Vkey, Vec<LogStatus>), WitnessError> {
    let vkey = vkey(dir)?;
    let mut logs = Vec::new();
    for LogRecord { origin, vkeys, folder } in records(dir)? {
        let latest = folder.latest(&origin, &vkey)?.map(|latest| (latest.checkpoint, latest.time));
        let seen_dir = folder.seen();
        let seen = Seen::read(&seen_dir)?;
        let files = |names: Vec<String>| names.iter().map(|name| seen_dir.join(name)).collect();
        let contradictions =
            seen.contradictions().map(|(size, names)| (size, files(names))).collect();
        let proofs = seen.proofs().map(|(one, other, name)| (one, other, seen_dir.join(name)));
        let (proofs, notes) = (proofs.collect(), seen.notes());
        logs.push(LogStatus { origin, vkeys, latest, notes, contradictions, proofs });
    }
    Ok((vkey, logs))
}

/// The directory of a witness, locked.
#[derive(Debug)]
pub(super) struct Folder {
    dir: PathBuf,
    vkey: Vkey,
    _lock: File,
}

/// A log that the directory knows.
pub(super) struct LogRecord {
    pub(super) origin: String,
    pub(super) vkeys: Vec<Vkey>,
    pub(super) folder: LogFolder,
}

impl Folder {
    /// Opens the directory and takes its lock.
    pub(super) fn open(dir: &Path) -> Result<Self, WitnessError> {
        let vkey = vkey(dir)?;
        let path = dir.join(LOCK);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut lock = options.open(&path).map_err(failed("open", &path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let (dir, pid) = (dir.to_owned(), holder(&mut lock));
                return Err(WitnessError::Locked { dir, pid });
            }
            Err(TryLockError::Error(e)) => return Err(failed("lock", &path)(e).into()),
        }
        // Of fixed width, so that what stood there is overwritten whole.
        let own = format!("{:>10}\n", std::process::id());
        lock.write_all(own.as_bytes()).map_err(failed("write", &path))?;
        Ok(Self { dir: dir.to_owned(), vkey, _lock: lock })
    }

    pub(super) fn vkey(&self) -> &Vkey {
        &self.vkey
    }

    pub(super) fn logs(&self) -> Result<Vec<LogRecord>, WitnessError> {
        records(&self.dir)
    }
}

/// Reads the process id of whoever holds the lock; it may be about to write it.
fn holder(lock: &mut File) -> Option<u32> {
    let mut text = String::new();
    lock.seek(SeekFrom::Start(0)).ok()?;
    lock.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn vkey(dir: &Path) -> Result<Vkey, WitnessError> {
    let path = dir.join(VKEY);
    let read = disk::read_text(&path, LOG_BYTES_MAX)?;
    let text = read.ok_or_else(|| WitnessError::NotAWitness { dir: dir.to_owned() })?;
    let damaged = |e: NoteError| WitnessError::Damaged { path, reason: e.to_string() };
    text.trim_end().parse().map_err(damaged)
}

/// Reads a text that is there: a file that is gone is damage, too.
fn needed(path: &Path, most: usize) -> Result<String, String> {
    let read = disk::read_text(path, most).map_err(|e| e.source.to_string())?;
    read.ok_or_else(|| "it is gone".to_owned())
}

/// Reads which logs a directory knows, by origin.
fn records(dir: &Path) -> Result<Vec<LogRecord>, WitnessError> {
    let logs = dir.join(LOGS);
    let mut found = BTreeMap::new();
    for folder in fs::read_dir(&logs).map_err(failed("read", &logs))? {
        let path = folder.map_err(failed("read", &logs))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.parse::<Hash>().is_err() {
            continue;
        }
        let name = name.to_owned();
        let (path, file) = (path.clone(), path.join(LOG));
        let damaged = |reason: String| WitnessError::Damaged { path: file.clone(), reason };
        let text = needed(&file, LOG_BYTES_MAX).map_err(damaged)?;
        let (origin, keys) = text.split_once('\n').ok_or_else(|| damaged("no origin".into()))?;
        if Hash::of(origin.as_bytes()).to_string() != name {
            return Err(damaged(format!("it is of the origin {origin:.80?}")));
        }
        let vkeys: Result<Vec<Vkey>, _> = keys.lines().map(str::parse).collect();
        let vkeys = vkeys.map_err(|e| damaged(e.to_string()))?;
        if vkeys.is_empty() {
            return Err(damaged("no keys".into()));
        }
        let origin = origin.to_owned();
        found.insert(origin.clone(), LogRecord { origin, vkeys, folder: LogFolder(path) });
    }
    Ok(found.into_values().collect())
}

/// The folder of one log.
#[derive(Debug)]
pub(super) struct LogFolder(PathBuf);

impl LogFolder {
    /// Returns the folder of what the log signed.
    pub(super) fn seen(&self) -> PathBuf {
        self.0.join(SEEN)
    }

    /// Reads what was cosigned last; `None` if nothing was yet.
    pub(super) fn latest(&self, origin: &str, own: &Vkey) -> Result<Option<Latest>, WitnessError> {
        let path = self.0.join(CHECKPOINT);
        let damaged = |reason: String| WitnessError::Damaged { path: path.clone(), reason };
        let text = needed(&path, NOTE_MAX).map_err(damaged)?;
        if text == NOTHING {
            return Ok(None);
        }
        let checkpoint = Checkpoint::of_any_log(&text).map_err(|e| damaged(e.to_string()))?;
        if checkpoint.origin() != origin {
            return Err(damaged(format!("it is of the origin {:.80?}", checkpoint.origin())));
        }
        match checkpoint.signed_by(own) {
            Signed::Holds(time) => Ok(Some(Latest { checkpoint, time })),
            Signed::Absent | Signed::Broken => {
                Err(damaged("the cosignature of this witness does not hold".to_owned()))
            }
        }
    }

    /// Stores what is cosigned now.
    pub(super) fn persist(&self, checkpoint: &Checkpoint) -> Result<(), WitnessError> {
        let path = self.0.join(CHECKPOINT);
        Ok(disk::write(&path, checkpoint.to_string().as_bytes())?)
    }
}
