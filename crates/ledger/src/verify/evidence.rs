//! The evidence files of a container: each is the one listed, and something names it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

use ciborium::Value;
use sha2::{Digest, Sha256};

use crate::cbor;
use crate::entry::{ENTRY_MAX, Entry};
use crate::fault::{Code, Fault};
use crate::hash::Hash;
use crate::payload::{self, Evidence};

/// What became of the evidence files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EvidenceState {
    /// The files that the container lists.
    pub listed: u64,
    /// The listed files whose content was read and is the one listed.
    pub held: u64,
    /// The listed files that nothing in the ledger names.
    pub unnamed: Vec<Hash>,
    /// How many times entries name a file that the container does not hold.
    pub absent: u64,
}

/// The files that a manifest lists, while a container is read.
#[derive(Debug, Default)]
pub(super) struct Files {
    order: Vec<(Hash, u64)>,
    /// The listed files that an entry names, or that are a disclosure which an entry hides.
    named: BTreeSet<Hash>,
    /// What each small file would name if it is a disclosure: listed files only.
    inner: BTreeMap<Hash, Vec<Hash>>,
    held: u64,
    absent: u64,
    fault: Option<Fault>,
}

impl Files {
    pub(super) fn new(listed: &[(Hash, u64)]) -> Self {
        Self { order: listed.to_vec(), ..Self::default() }
    }

    fn lists(&self, hash: &Hash) -> bool {
        self.order.binary_search_by_key(hash, |(listed, _)| *listed).is_ok()
    }

    fn mark(&mut self, hash: Hash) {
        if self.lists(&hash) {
            self.named.insert(hash);
        }
    }

    /// Marks the files that an entry names.
    pub(super) fn named(&mut self, entry: &Entry) {
        let event = &entry.payload().event;
        for evidence in &event.evidence {
            match evidence {
                Evidence::File { digest, .. } if !self.lists(digest) => self.absent += 1,
                Evidence::File { digest: hash, .. } | Evidence::Hidden(hash) => self.mark(*hash),
            }
        }
        if self.order.is_empty() {
            return;
        }
        payload::each_hidden(&event.body, &mut |hash| self.mark(hash));
        if event.kind.as_str() == "seal.revealed" {
            let members = event.body.as_map().map(Vec::as_slice).unwrap_or_default();
            let lists = members.iter().filter(|(k, _)| k.as_text() == Some("disclosures"));
            let items = lists.filter_map(|(_, v)| v.as_array()).flatten();
            for disclosure in items.filter_map(Value::as_bytes) {
                for hash in references(disclosure) {
                    self.mark(hash);
                }
            }
        }
    }

    /// Reads the content of the file listed at `index`.
    pub(super) fn take(&mut self, index: usize, content: impl Read) -> io::Result<()> {
        let Some((hash, size)) = self.order.get(index).copied() else {
            return Ok(());
        };
        let mut content = content.take(size);
        let mut hasher = Sha256::new();
        let mut read = 0;
        let mut small = Vec::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let n = match content.read(&mut buffer) {
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            if n == 0 {
                break;
            }
            hasher.update(&buffer[..n]);
            read += n as u64;
            if size <= ENTRY_MAX as u64 {
                small.extend_from_slice(&buffer[..n]);
            }
        }
        let found = Hash(hasher.finalize().into());
        if read == size && found == hash {
            self.held += 1;
            let inner = references(&small).into_iter().filter(|hash| self.lists(hash)).collect();
            self.inner.insert(hash, inner);
        } else if self.fault.is_none() {
            let expected = format!("evidence {hash} of {size} bytes");
            let found = format!("{read} bytes with the digest {found}");
            self.fault = Some(Fault::new(Code::Evidence, expected, found));
        }
        Ok(())
    }

    pub(super) fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    pub(super) fn state(mut self) -> EvidenceState {
        // A disclosure that travels as a file names what it hides or lists, and so on inwards.
        let mut open: Vec<Hash> = self.named.iter().copied().collect();
        while let Some(hash) = open.pop() {
            for inner in self.inner.remove(&hash).unwrap_or_default() {
                if self.named.insert(inner) {
                    open.push(inner);
                }
            }
        }
        let listed = self.order.iter().map(|(hash, _)| *hash);
        EvidenceState {
            listed: self.order.len() as u64,
            held: self.held,
            unnamed: listed.filter(|hash| !self.named.contains(hash)).collect(),
            absent: self.absent,
        }
    }
}

/// Returns the digests that a disclosure names or hides; none if `bytes` are no disclosure, the
/// encoded array of a salt of 16 bytes and a value.
fn references(bytes: &[u8]) -> Vec<Hash> {
    let mut hashes = Vec::new();
    if let Ok(Value::Array(items)) = cbor::decode(bytes)
        && let [Value::Bytes(salt), value] = items.as_slice()
        && salt.len() == 16
    {
        payload::each_hidden(value, &mut |hash| hashes.push(hash));
        digests(value, &mut hashes);
    }
    hashes
}

fn digests(value: &Value, hashes: &mut Vec<Hash>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| digests(item, hashes)),
        Value::Map(members) => {
            for (name, item) in members {
                match item {
                    Value::Bytes(bytes) if name.as_text() == Some("digest") => {
                        hashes.extend(Hash::from_slice(bytes));
                    }
                    other => digests(other, hashes),
                }
            }
        }
        _ => {}
    }
}
