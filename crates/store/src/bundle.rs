//! Bundle files: 256 entries each in the encoding of C2SP tlog-tiles, a big-endian `u16` length and
//! the entry. The last file grows in place; a file never holds a record that is not its own.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use tally_ledger::tile;

use crate::durable;
use crate::error::Error;
use crate::layout::{BUNDLE_ENTRIES, Layout};
use crate::{ENTRY_BYTES_MAX, aside};

/// The most bytes that 256 records take.
const BUNDLE_BYTES_MAX: u64 = BUNDLE_ENTRIES * (2 + ENTRY_BYTES_MAX as u64);

/// One bundle file, read whole (at most 16 MiB) and taken apart.
#[derive(Debug, Default)]
pub(crate) struct Bundle {
    bytes: Vec<u8>,
    spans: Vec<Range<usize>>,
}

impl Bundle {
    /// Reads a bundle file; a missing one counts as empty.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let bytes = durable::read_up_to(path, BUNDLE_BYTES_MAX)?.unwrap_or_default();
        Ok(Self::parse(bytes))
    }

    fn parse(bytes: Vec<u8>) -> Self {
        let mut spans = Vec::new();
        let mut at = 0;
        while spans.len() < 256 {
            let Some(length) = bytes.get(at..at + 2) else {
                break;
            };
            let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
            let span = at + 2..at + 2 + length;
            // No entry is empty: zeros are what a power cut leaves where nothing was written.
            if length == 0 || span.end > bytes.len() {
                break;
            }
            at = span.end;
            spans.push(span);
        }
        Self { bytes, spans }
    }

    /// How many whole records the file begins with.
    pub(crate) fn len(&self) -> usize {
        self.spans.len()
    }

    /// The whole content of the file, up to the most that a bundle can take.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn entry(&self, index: usize) -> Option<&[u8]> {
        self.spans.get(index).map(|span| &self.bytes[span.clone()])
    }

    /// Where record `index` begins, or would.
    pub(crate) fn offset(&self, index: usize) -> usize {
        match self.spans.get(index) {
            Some(span) => span.start - 2,
            None => self.end(),
        }
    }

    /// Where the last whole record ends.
    pub(crate) fn end(&self) -> usize {
        self.spans.last().map_or(0, |span| span.end)
    }

    /// How many bytes follow the last whole record.
    pub(crate) fn excess(&self) -> usize {
        self.bytes.len() - self.end()
    }
}

/// The growing end of the bundle files.
#[derive(Debug)]
pub(crate) struct Tail {
    layout: Layout,
    /// How many entries the bundle files hold.
    len: u64,
    /// The length in bytes of the file that takes the next entry.
    offset: u64,
    /// That file, once it was opened.
    file: Option<File>,
}

/// The end of the bundle files at one moment, to go back to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    len: u64,
    offset: u64,
}

impl Tail {
    /// Describes bundle files that hold `len` whole entries, the last file `offset` bytes long.
    pub(crate) fn new(layout: &Layout, len: u64, offset: u64) -> Self {
        let offset = if len.is_multiple_of(BUNDLE_ENTRIES) { 0 } else { offset };
        Self { layout: layout.clone(), len, offset, file: None }
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Appends `entries` and syncs every file that took some. If that fails, what was written is
    /// taken back; [`Error::Unacknowledged`] means that it could not be.
    pub(crate) fn append<E: AsRef<[u8]>>(&mut self, entries: &[E]) -> Result<(), Error> {
        let mark = Mark { len: self.len, offset: self.offset };
        self.write(entries).map_err(|source| {
            let last = mark.len + entries.len() as u64 - 1;
            match self.back_to(mark) {
                Ok(()) => source,
                Err(_) => Error::Unacknowledged { first: mark.len, last, source: Box::new(source) },
            }
        })
    }

    fn write<E: AsRef<[u8]>>(&mut self, mut entries: &[E]) -> Result<(), Error> {
        while !entries.is_empty() {
            let room = BUNDLE_ENTRIES - self.len % BUNDLE_ENTRIES;
            let fit = entries.len().min(usize::try_from(room).unwrap_or(usize::MAX));
            let (now, later) = entries.split_at(fit);
            self.write_to_one_file(now)?;
            entries = later;
        }
        Ok(())
    }

    fn write_to_one_file<E: AsRef<[u8]>>(&mut self, entries: &[E]) -> Result<(), Error> {
        let mut records = Vec::new();
        for entry in entries {
            tile::push_entry(&mut records, entry.as_ref());
        }
        let path = self.path();
        let offset = self.offset;
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(open(&path)?),
        };
        let found = file.metadata().map_err(|source| Error::failed("read", &path, source))?.len();
        if found != offset {
            return Err(Error::BundleChanged { path, expected: offset, found });
        }
        file.write_all(&records)
            .and_then(|()| file.sync_data())
            .map_err(|source| Error::failed("write", &path, source))?;
        if offset == 0 {
            durable::sync_parent(&path)?;
        }
        self.len += entries.len() as u64;
        self.offset += records.len() as u64;
        if self.len.is_multiple_of(BUNDLE_ENTRIES) {
            self.offset = 0;
            self.file = None;
        }
        Ok(())
    }

    /// Takes back everything behind `mark`, later files first, so that no gap can arise.
    fn back_to(&mut self, mark: Mark) -> Result<(), Error> {
        self.file = None;
        let first = mark.len / BUNDLE_ENTRIES;
        for index in (first + 1..=self.len / BUNDLE_ENTRIES).rev() {
            let path = self.layout.bundle(index);
            if path.is_file() {
                durable::remove(&path)?;
            }
        }
        self.len = mark.len;
        self.offset = mark.offset;
        cut(&self.path(), mark.offset)
    }

    fn path(&self) -> PathBuf {
        self.layout.bundle(self.len / BUNDLE_ENTRIES)
    }
}

fn open(path: &Path) -> Result<File, Error> {
    if let Some(parent) = path.parent() {
        durable::create_dirs(parent)?;
    }
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .map_err(|source| Error::failed("open for writing", path, source))
}

/// Cuts a bundle file to `offset` bytes durably; with 0 it is removed.
fn cut(path: &Path, offset: u64) -> Result<(), Error> {
    if offset == 0 {
        if !path.exists() {
            return Ok(());
        }
        durable::remove(path)?;
        return durable::sync_parent(path);
    }
    OpenOptions::new()
        .write(true)
        .open(path)
        .and_then(|file| {
            file.set_len(offset)?;
            file.sync_all()
        })
        .map_err(|source| Error::failed("cut", path, source))
}

/// Moves everything in bundle file `index` from `offset` on into `lost+found`: the bytes are kept
/// there, durably, before the file is cut.
pub(crate) fn set_aside(layout: &Layout, index: u64, offset: u64) -> Result<PathBuf, Error> {
    let path = layout.bundle(index);
    let bytes = fs::read(&path).map_err(|source| Error::failed("read", &path, source))?;
    let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
    let name = format!("entries-{index:03}-from-byte-{offset}");
    let kept = aside::keep(layout, &name, &bytes[from..])?;
    cut(&path, offset)?;
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_records_are_found_and_the_rest_is_counted() {
        let mut bytes = Vec::new();
        tile::push_entry(&mut bytes, b"abc");
        tile::push_entry(&mut bytes, b"d");
        for (excess, tail) in [(0, &b""[..]), (1, b"\0"), (2, b"\0\0"), (3, b"\0\x02x")] {
            let bundle = Bundle::parse([&bytes, tail].concat());
            assert_eq!(bundle.entry(1), Some(&b"d"[..]));
            assert_eq!(bundle.entry(2), None);
            assert_eq!((bundle.offset(1), bundle.offset(2)), (5, 8));
            assert_eq!(bundle.excess(), excess);
        }
    }

    #[test]
    fn an_append_that_fails_in_its_second_file_leaves_the_first_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path());
        let mut tail = Tail::new(&layout, 0, 0);
        tail.append(&[b"one"; 250]).unwrap();
        let before = fs::read(layout.bundle(0)).unwrap();
        // A directory stands where the second file belongs.
        fs::create_dir(layout.bundle(1)).unwrap();
        let error = tail.append(&[b"two"; 10]).unwrap_err();
        assert!(matches!(error, Error::Io { .. }), "{error}");
        assert_eq!(fs::read(layout.bundle(0)).unwrap(), before);
        assert_eq!(tail.len(), 250);
        fs::remove_dir(layout.bundle(1)).unwrap();
        tail.append(&[b"two"; 10]).unwrap();
        let second = Bundle::read(&layout.bundle(1)).unwrap();
        assert_eq!((second.entry(3), second.entry(4)), (Some(&b"two"[..]), None));
    }
}
