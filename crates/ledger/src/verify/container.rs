//! Reading a bundle or extract from a stream and driving its verification.

use std::io::{self, BufReader, Read};

use crate::bundle::{Form, MANIFEST_MAX, Manifest, Proven};
use crate::cbor::{self, Keys, ProfileRule};
use crate::chain::{Chain, Scope};
use crate::entry::{ENTRY_MAX, Entry};
use crate::fault::{Code, Fault};
use crate::hash::Hash;
use crate::note::Checkpoint;
use crate::stream::{Stream, StreamError};

use super::{Pins, Verification, VerifiedLedger, Verifier};

/// Why there is nothing to verify.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The medium failed.
    #[error("the source cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The file is neither a bundle nor an extract.
    #[error("expected a bundle or an extract of a ledger, found {found}")]
    NotALedger {
        /// What it is, in words. Nothing of the file is quoted: it may be a secret.
        found: String,
    },
}

/// Verifies the bundle or extract that `reader` holds and keeps its entries.
///
/// # Errors
///
/// Fails if the medium does, and if it holds neither. Once it is recognised as one, every fault in
/// it is part of the [`Verification`].
pub fn ledger(reader: impl Read, pins: &Pins) -> Result<VerifiedLedger, ReadError> {
    let mut entries = Vec::new();
    let (verification, chain) = drive(reader, pins, |entry| entries.push(entry))?;
    Ok(VerifiedLedger::new(verification, entries, chain))
}

/// Verifies the bundle or extract that `reader` holds, and calls `each` with every entry in turn.
/// Memory does not grow with the number of entries.
///
/// # Errors
///
/// As [`ledger`].
pub fn stream(
    reader: impl Read,
    pins: &Pins,
    each: impl FnMut(Entry),
) -> Result<Verification, ReadError> {
    drive(reader, pins, each).map(|(verification, _)| verification)
}

fn drive(
    reader: impl Read,
    pins: &Pins,
    each: impl FnMut(Entry),
) -> Result<(Verification, Chain), ReadError> {
    let mut stream = Stream::new(BufReader::with_capacity(1 << 16, reader));
    let manifest = match manifest(&mut stream)? {
        Ok(manifest) => manifest,
        Err(fault) => return Ok((Verification::refused(fault), Chain::new(Scope::Whole))),
    };
    let mut verifier = Verifier::new(&manifest, pins, each);
    for _ in 0..manifest.entries() {
        if verifier.failed() {
            break;
        }
        let next = match manifest.form {
            Form::Extract { .. } => proven(&mut stream, &mut verifier),
            Form::Bundle | Form::Directory { .. } => plain(&mut stream, &mut verifier),
        };
        match next {
            Ok(()) => {}
            Err(StreamError::Io(e)) => return Err(e.into()),
            Err(StreamError::Broken(found)) => {
                let position = verifier.position();
                verifier.fail(Fault::new(Code::Item, "an entry", found).at(position));
            }
        }
    }
    verifier.end_entries();
    if !verifier.failed() {
        match files(&mut stream, &manifest, &mut verifier) {
            Ok(()) => {}
            Err(StreamError::Io(e)) => return Err(e.into()),
            Err(StreamError::Broken(found)) => {
                verifier.fail_evidence("the files that the first item lists", found);
            }
        }
    }
    Ok(verifier.finish())
}

/// Reads the first item; the inner error is its fault.
fn manifest<R: Read>(stream: &mut Stream<R>) -> Result<Result<Manifest, Fault>, ReadError> {
    const RECOGNISED: u64 = 7;
    let start = match stream.bytes_up_to(RECOGNISED) {
        Ok(start) => start,
        Err(StreamError::Io(e)) => return Err(e.into()),
        Err(StreamError::Broken(_)) => Vec::new(),
    };
    if !Manifest::begins(&start) {
        let found = match start.as_slice() {
            [] => "an empty file".to_owned(),
            [0xd2, 0x84, ..] => "a single entry".to_owned(),
            _ => "a file of another form".to_owned(),
        };
        return Err(ReadError::NotALedger { found });
    }
    let mut item = ItemBytes { bytes: start, most: MANIFEST_MAX };
    let read = item.complete(stream);
    let fault = |expected: &str, found: String| Fault::new(Code::Container, expected, found);
    match read {
        Ok(()) => Ok(Manifest::decode(&item.bytes)),
        Err(StreamError::Io(e)) => Err(e.into()),
        Err(StreamError::Broken(found)) => {
            Ok(Err(fault("a first item of at most 16 MiB in the profile", found)))
        }
    }
}

/// The parts that an item may have whatever its size: there are 1,440 names of incidents that
/// take fewer bytes than [`ITEM_BYTES_LEAST`] asks for.
const ITEMS_FREE: usize = 1024;
/// The bytes that a part beyond those takes at least, on average. A name of three characters takes
/// four bytes, and the list of incidents repeats none; everything else is larger.
const ITEM_BYTES_LEAST: usize = 4;

/// The bytes of one item, read from a stream as its heads ask for them.
struct ItemBytes {
    bytes: Vec<u8>,
    most: u64,
}

impl ItemBytes {
    /// Reads on until the item that the bytes begin is complete.
    fn complete<R: Read>(&mut self, stream: &mut Stream<R>) -> Result<(), StreamError> {
        let mut at = 0;
        let mut open = 1u64;
        let mut items = 0usize;
        while open > 0 {
            self.fill(at + 1, stream)?;
            let more = match self.bytes[at] & 0x1f {
                low @ 24..=27 => 1 << (low - 24),
                _ => 0,
            };
            self.fill(at + 1 + more, stream)?;
            let (major, argument, head) = cbor::head(&self.bytes[at..])?;
            at += head;
            open -= 1;
            items += 1;
            match major {
                2 | 3 => {
                    let length = usize::try_from(argument.min(self.most + 1)).unwrap_or(usize::MAX);
                    at = at.saturating_add(length);
                    self.fill(at, stream)?;
                }
                4 => open = open.saturating_add(argument),
                5 => open = open.saturating_add(argument.saturating_mul(2)),
                6 => return Err(ProfileRule::Tag.into()),
                _ => {}
            }
        }
        // No item of this format is made of so many parts; decoded, they would take many times
        // their size in memory.
        if items > ITEMS_FREE + self.bytes.len() / ITEM_BYTES_LEAST {
            return Err(StreamError::Broken(format!(
                "{items} parts in {} bytes",
                self.bytes.len()
            )));
        }
        // The recognised prefix may be longer than a broken first item.
        if at == self.bytes.len() { Ok(()) } else { Err(ProfileRule::Trailing.into()) }
    }

    fn fill<R: Read>(&mut self, length: usize, stream: &mut Stream<R>) -> Result<(), StreamError> {
        if length as u64 > self.most {
            return Err(StreamError::Broken(format!("more than {} bytes", self.most)));
        }
        if let Some(missing) = length.checked_sub(self.bytes.len()) {
            self.bytes.extend(stream.bytes(missing as u64)?);
        }
        Ok(())
    }
}

fn plain<R: Read, F: FnMut(Entry)>(
    stream: &mut Stream<R>,
    verifier: &mut Verifier<'_, F>,
) -> Result<(), StreamError> {
    let position = verifier.position();
    match stream.head()? {
        Some((2, length)) if length > ENTRY_MAX as u64 => {
            let expected = format!("at most {ENTRY_MAX} bytes");
            let fault = Fault::new(Code::Size, expected, format!("{length} bytes"));
            verifier.fail(fault.at(position));
        }
        Some((2, length)) => {
            let bytes = stream.bytes(length)?;
            match Hash::from_slice(&bytes) {
                Some(id) => verifier.withheld(id),
                None => verifier.entry(bytes),
            }
        }
        Some((major, _)) => {
            let found = format!("an item of major type {major}");
            verifier.fail(Fault::new(Code::Item, "a byte string", found).at(position));
        }
        None => return Err(ProfileRule::Truncated.into()),
    }
    Ok(())
}

fn proven<R: Read, F: FnMut(Entry)>(
    stream: &mut Stream<R>,
    verifier: &mut Verifier<'_, F>,
) -> Result<(), StreamError> {
    let mut item = ItemBytes { bytes: Vec::new(), most: Proven::MAX };
    // An entry that is too large is told from its head, before the item is read.
    item.fill(1, stream)?;
    if item.bytes[0] == 0x82 {
        item.fill(2, stream)?;
        let more =
            if (0x58..=0x5b).contains(&item.bytes[1]) { 1 << (item.bytes[1] - 0x58) } else { 0 };
        item.fill(2 + more, stream)?;
        if let Ok((2, length, _)) = cbor::head(&item.bytes[1..])
            && length > ENTRY_MAX as u64
        {
            let expected = format!("at most {ENTRY_MAX} bytes");
            let fault = Fault::new(Code::Size, expected, format!("{length} bytes"));
            let position = verifier.position();
            verifier.fail(fault.at(position));
            return Ok(());
        }
    }
    item.complete(stream)?;
    cbor::check(&item.bytes, Keys::Text).map_err(|e| e.rule)?;
    match Proven::decode(&item.bytes) {
        Ok(Proven::Entry(bytes, path)) => verifier.proven(bytes, &path),
        Ok(Proven::Withheld(id, path, seq)) => verifier.withheld_at(seq, id, Some(&path)),
        Err(fault) => {
            let position = verifier.position();
            verifier.fail(fault.at(position));
        }
    }
    Ok(())
}

/// Reads the evidence files, and that nothing follows them.
fn files<R: Read, F: FnMut(Entry)>(
    stream: &mut Stream<R>,
    manifest: &Manifest,
    verifier: &mut Verifier<'_, F>,
) -> Result<(), StreamError> {
    for (index, (hash, size)) in manifest.evidence.iter().enumerate() {
        let expected = format!("[{hash}, {size} bytes]");
        let heads = [stream.head()?, stream.head()?];
        let digest =
            if heads == [Some((4, 2)), Some((2, 32))] { stream.bytes(32)? } else { vec![] };
        if digest != hash.0 {
            verifier.fail_evidence(&expected, "another item".to_owned());
            return Ok(());
        }
        match stream.head()? {
            Some((2, length)) if length == *size => {
                verifier.evidence(index, stream.reader()).map_err(StreamError::Io)?;
            }
            other => {
                let found = match other {
                    Some((2, length)) => format!("a length of {length}"),
                    Some((major, _)) => format!("an item of major type {major}"),
                    None => "the end".to_owned(),
                };
                verifier.fail_evidence(&expected, found);
                return Ok(());
            }
        }
    }
    if !stream.ended()? {
        verifier.fail_evidence("nothing after the last item", "further bytes".to_owned());
    }
    Ok(())
}

/// Returns the last checkpoint that a bundle or extract carries, without verifying anything.
///
/// # Errors
///
/// As [`ledger`].
pub fn last_checkpoint(reader: impl Read) -> Result<Option<Checkpoint>, ReadError> {
    let mut stream = Stream::new(BufReader::new(reader));
    let manifest = manifest(&mut stream)?.ok();
    Ok(manifest.and_then(|mut manifest| manifest.checkpoints.pop()).map(|(last, _)| last))
}
