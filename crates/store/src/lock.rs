//! The lock of a ledger directory: one process writes at a time, and says who it is.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::thread;
use std::time::Duration;

use crate::error::Error;
use crate::layout::Layout;

/// How often a waiting process looks again.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The lock, held until it is dropped or its process ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock, waiting for another holder up to `wait` and calling `notify` once with the
    /// holder's process id before it waits.
    pub(crate) fn take(
        layout: &Layout,
        wait: Duration,
        notify: impl FnOnce(Option<u32>),
    ) -> Result<Self, Error> {
        let path = layout.lock();
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|source| Error::failed("open for writing", &path, source))?;
        let mut notify = Some(notify);
        let mut waited = Duration::ZERO;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(source)) => {
                    return Err(Error::failed("lock", &path, source));
                }
                Err(TryLockError::WouldBlock) => {}
            }
            let pid = read_pid(&mut file);
            if waited >= wait {
                let dir = layout.dir.clone();
                return Err(Error::Locked { dir, pid });
            }
            if let Some(notify) = notify.take() {
                notify(pid);
            }
            thread::sleep(LOOK_EVERY);
            waited += LOOK_EVERY;
        }
        write_pid(&mut file).map_err(|source| Error::failed("write", &path, source))?;
        Ok(Self { _file: file })
    }
}

/// Reads the process id; the holder may be about to write it, so it can be missing.
fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Writes the process id over the former one. The width is fixed, so that the file never shrinks
/// and a full disk does not stand in the way.
fn write_pid(file: &mut File) -> std::io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    file.write_all(format!("{:>10}\n", std::process::id()).as_bytes())
}
