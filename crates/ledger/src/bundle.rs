//! The files that carry a ledger: bundles and extracts (FORMAT.md, "Bundle" and "Extract").
//!
//! Both are CBOR sequences: a [`Manifest`], then the entries, then the evidence files that the
//! manifest lists. [`crate::verify`] reads them; this module knows their items and writes them.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};

use ciborium::Value;

use crate::cbor;
use crate::fault::{Code, Fault};
use crate::hash::Hash;
use crate::name::FeedId;
use crate::note::Checkpoint;
use crate::payload;
use crate::shape::{self, Members, Shape};

/// The most bytes of the first item of a container.
pub const MANIFEST_MAX: u64 = 16 * 1024 * 1024;
/// The most hashes of a proof: a path through a tree of 2^53 leaves.
const PATH_MAX: usize = 64;

/// Which entries a container holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// All entries up to the last checkpoint.
    Bundle,
    /// All entries of some incidents and of `ledger`, with their proofs.
    Extract {
        /// The incidents.
        feeds: BTreeSet<FeedId>,
        /// The number of entries, withheld ones included.
        entries: u64,
    },
    /// A ledger directory: all entries, those after the last checkpoint included.
    Directory {
        /// The number of entries.
        entries: u64,
    },
}

/// The first item of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Which entries follow.
    pub form: Form,
    /// The checkpoints, ascending in size, each with its consistency proof to the last. The
    /// proofs are empty in a bundle, which holds every leaf.
    pub checkpoints: Vec<(Checkpoint, Vec<Hash>)>,
    /// The digest and size in bytes of each evidence file that follows, ascending by digest.
    pub evidence: Vec<(Hash, u64)>,
}

impl Manifest {
    /// Returns the number of entries that follow.
    pub fn entries(&self) -> u64 {
        match &self.form {
            Form::Bundle => self.checkpoints.last().map_or(0, |(last, _)| last.size()),
            Form::Extract { entries, .. } | Form::Directory { entries } => *entries,
        }
    }

    /// Returns whether `bytes`, the first of a file, begin a bundle or an extract: a map whose
    /// first member is `tally` or `feeds`.
    pub fn begins(bytes: &[u8]) -> bool {
        let map = bytes.first().is_some_and(|first| (0xa0..=0xbf).contains(first));
        map && bytes.get(1..7).is_some_and(|name| name == b"\x65tally" || name == b"\x65feeds")
    }

    /// Reads the first item of a bundle or extract.
    ///
    /// # Errors
    ///
    /// Fails with `container` if it is not of its shape, or beyond its limits.
    pub fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let broken = |fault: Fault| Fault { code: Code::Container, ..fault };
        let value = cbor::decode(bytes).map_err(|e| {
            Fault::new(Code::Container, "the one canonical encoding", e.rule.to_string())
                .offset(e.offset)
        })?;
        manifest(&value).map_err(broken)
    }

    /// Returns the bytes of the first item.
    pub fn encode(&self) -> Vec<u8> {
        let pair = |(hash, size): &(Hash, u64)| {
            Value::Array(vec![payload::bytes(hash), Value::from(*size)])
        };
        let checkpoint = |(checkpoint, proof): &(Checkpoint, Vec<Hash>)| {
            let text = Value::Text(checkpoint.to_string());
            match self.form {
                Form::Extract { .. } => Value::Array(vec![text, hashes(proof)]),
                Form::Bundle | Form::Directory { .. } => text,
            }
        };
        let mut members: Vec<(Value, Value)> = vec![
            ("version".into(), 1.into()),
            ("checkpoints".into(), Value::Array(self.checkpoints.iter().map(checkpoint).collect())),
            ("evidence".into(), Value::Array(self.evidence.iter().map(pair).collect())),
        ];
        if let Form::Extract { feeds, entries } = &self.form {
            let feeds = feeds.iter().map(|feed| feed.as_str().into()).collect();
            members.push(("tally".into(), "extract".into()));
            members.push(("feeds".into(), Value::Array(feeds)));
            members.push(("entries".into(), Value::from(*entries)));
        } else {
            members.push(("tally".into(), "bundle".into()));
        }
        cbor::encode(&Value::Map(members))
    }
}

fn manifest(value: &Value) -> Shape<Manifest> {
    let mut m = Members::of(value, "first item")?;
    let container = m.text("tally")?;
    let version = m.uint("version")?;
    if version != 1 {
        return Err(shape::wrong("version 1", format!("{version}: written by a newer version")));
    }
    let listed = m.array("checkpoints", 1, usize::MAX)?;
    let (form, checkpoints) = match container.as_str() {
        "bundle" => {
            let read = |v| Ok((checkpoint(v)?, Vec::new()));
            (Form::Bundle, listed.iter().map(read).collect::<Shape<Vec<_>>>()?)
        }
        "extract" => {
            let form = Form::Extract { feeds: incidents(&mut m)?, entries: m.uint("entries")? };
            (form, listed.iter().map(proven_checkpoint).collect::<Shape<Vec<_>>>()?)
        }
        other => return Err(shape::wrong("bundle or extract", format!("{other:.40?}"))),
    };
    let evidence = m.array("evidence", 0, usize::MAX)?;
    let evidence = evidence.iter().map(listed_file).collect::<Shape<Vec<_>>>()?;
    m.finish()?;
    if !checkpoints.windows(2).all(|pair| pair[0].0.size() < pair[1].0.size()) {
        return Err(shape::wrong("checkpoints: sizes that ascend", "sizes that do not"));
    }
    if checkpoints.last().is_some_and(|(_, proof)| !proof.is_empty()) {
        return Err(shape::wrong("checkpoints: no proof beside the last", "a proof"));
    }
    if !evidence.windows(2).all(|pair| pair[0].0 < pair[1].0) {
        return Err(shape::wrong("evidence: digests that ascend", "digests that do not"));
    }
    let manifest = Manifest { form, checkpoints, evidence };
    if manifest.entries() == 0 {
        return Err(shape::wrong("entries: at least 1", "0"));
    }
    Ok(manifest)
}

fn checkpoint(value: &Value) -> Shape<Checkpoint> {
    shape::parse(value, "checkpoints")
}

fn proven_checkpoint(value: &Value) -> Shape<(Checkpoint, Vec<Hash>)> {
    let pair = shape::array(value, "checkpoints", 2, 2)?;
    Ok((checkpoint(&pair[0])?, path(&pair[1])?))
}

fn incidents(m: &mut Members<'_>) -> Shape<BTreeSet<FeedId>> {
    let listed = m.array("feeds", 1, usize::MAX)?;
    let feeds: BTreeSet<FeedId> =
        listed.iter().map(|v| shape::parse(v, "feeds")).collect::<Shape<_>>()?;
    if feeds.len() == listed.len() && feeds.iter().all(FeedId::is_incident) {
        Ok(feeds)
    } else {
        Err(shape::wrong("feeds: incidents, each once", "a repeat or a reserved feed"))
    }
}

fn listed_file(value: &Value) -> Shape<(Hash, u64)> {
    let pair = shape::array(value, "evidence", 2, 2)?;
    Ok((shape::hash(&pair[0], "evidence")?, shape::uint(&pair[1], "evidence")?))
}

fn path(value: &Value) -> Shape<Vec<Hash>> {
    let hashes = shape::array(value, "a proof", 0, PATH_MAX)?;
    hashes.iter().map(|v| shape::hash(v, "a proof")).collect()
}

fn hashes(path: &[Hash]) -> Value {
    Value::Array(path.iter().map(payload::bytes).collect())
}

/// Writes a container item by item.
#[derive(Debug)]
pub struct Writer<W> {
    writer: W,
}

impl<W: Write> Writer<W> {
    /// Writes the manifest.
    ///
    /// # Errors
    ///
    /// Fails as the medium does, and if the manifest is larger than [`MANIFEST_MAX`]: nobody would
    /// read it.
    pub fn begin(mut writer: W, manifest: &Manifest) -> io::Result<Self> {
        let bytes = manifest.encode();
        let found = bytes.len() as u64;
        if found > MANIFEST_MAX {
            let message = format!(
                "its first item, with {} checkpoints and {} files, has {found} bytes, at most \
                 {MANIFEST_MAX} expected",
                manifest.checkpoints.len(),
                manifest.evidence.len()
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        writer.write_all(&bytes)?;
        Ok(Self { writer })
    }

    /// Writes an entry of a bundle; or the 32 bytes of the id of one withheld.
    ///
    /// # Errors
    ///
    /// Fails as the medium does.
    pub fn entry(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(&head(2, bytes.len() as u64))?;
        self.writer.write_all(bytes)
    }

    /// Writes an entry of an extract with its inclusion path.
    ///
    /// # Errors
    ///
    /// Fails as the medium does.
    pub fn proven_entry(&mut self, bytes: &[u8], path: &[Hash]) -> io::Result<()> {
        let item = Value::Array(vec![Value::Bytes(bytes.to_vec()), hashes(path)]);
        self.writer.write_all(&cbor::encode(&item))
    }

    /// Writes the id and seq of an entry that is withheld from an extract, with its path.
    ///
    /// # Errors
    ///
    /// Fails as the medium does.
    pub fn proven_withheld(&mut self, id: &Hash, path: &[Hash], seq: u64) -> io::Result<()> {
        let item = Value::Array(vec![payload::bytes(id), hashes(path), seq.into()]);
        self.writer.write_all(&cbor::encode(&item))
    }

    /// Writes an evidence file of `size` bytes, which `reader` holds.
    ///
    /// # Errors
    ///
    /// Fails as the media do, and if the reader ends early or late.
    pub fn evidence(&mut self, digest: &Hash, size: u64, reader: impl Read) -> io::Result<()> {
        self.writer.write_all(&[0x82])?;
        self.writer.write_all(&cbor::encode(&payload::bytes(digest)))?;
        self.writer.write_all(&head(2, size))?;
        let copied = io::copy(&mut reader.take(size + 1), &mut self.writer)?;
        if copied == size {
            return Ok(());
        }
        let message = format!("evidence {digest}: expected {size} bytes, found another length");
        Err(io::Error::new(io::ErrorKind::InvalidData, message))
    }

    /// Ends the container and returns the writer.
    ///
    /// # Errors
    ///
    /// Fails as the medium does.
    pub fn finish(mut self) -> io::Result<W> {
        self.writer.flush()?;
        Ok(self.writer)
    }
}

/// Returns the head of an item in its shortest form (RFC 8949 §3).
fn head(major: u8, argument: u64) -> Vec<u8> {
    let bytes = argument.to_be_bytes();
    let (low, length) = match argument {
        0..24 => return vec![major << 5 | bytes[7]],
        24..0x100 => (24, 1),
        0x100..0x1_0000 => (25, 2),
        0x1_0000..0x1_0000_0000 => (26, 4),
        _ => (27, 8),
    };
    [&[major << 5 | low][..], &bytes[8 - length..]].concat()
}

/// One item of the entries of an extract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Proven {
    /// An entry and its inclusion path.
    Entry(Vec<u8>, Vec<Hash>),
    /// The id, inclusion path and seq of an entry that is withheld.
    Withheld(Hash, Vec<Hash>, u64),
}

impl Proven {
    /// The most bytes of an item: an entry, and a path.
    pub(crate) const MAX: u64 = 65_535 + PATH_MAX as u64 * 34 + 64;

    /// Reads an item of an extract from its exact bytes.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let form = "[entry, path] or [id, path, seq]";
        let fault = |found: String| Fault::new(Code::Item, form, found);
        let value = cbor::decode(bytes).map_err(|e| fault(e.to_string()))?;
        match value.as_array().map(Vec::as_slice) {
            Some([Value::Bytes(entry), proof]) => {
                Ok(Self::Entry(entry.clone(), path(proof).map_err(|e| fault(e.found))?))
            }
            Some([id, proof, seq]) => {
                let read = || Ok((shape::hash(id, "id")?, path(proof)?, shape::uint(seq, "seq")?));
                let (id, path, seq) = read().map_err(|e: Fault| fault(e.found))?;
                Ok(Self::Withheld(id, path, seq))
            }
            _ => Err(fault("another item".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_would_read_is_not_written() {
        let manifest = |files: u32| Manifest {
            form: Form::Bundle,
            checkpoints: Vec::new(),
            evidence: (0..files).map(|n| (Hash::of(&n.to_be_bytes()), 1)).collect(),
        };
        assert!(Writer::begin(Vec::new(), &manifest(10)).is_ok());
        let refused = Writer::begin(Vec::new(), &manifest(500_000)).unwrap_err();
        assert!(refused.to_string().contains("at most 16777216 expected"), "{refused}");
    }

    #[test]
    fn a_head_is_written_in_its_shortest_form() {
        for n in [0, 23, 24, 255, 256, 65_535, 65_536, u64::from(u32::MAX), 1 << 32] {
            assert_eq!(cbor::head(&head(2, n)), Ok((2, n, head(2, n).len())), "{n}");
        }
    }
}
