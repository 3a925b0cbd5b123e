//! What an entry says of its own place, read without checking anything else.
//!
//! FORMAT.md, "Entry": `18([protected, {}, payload, signature])`, payload a map with text keys of
//! which `seq` and `prev` are read. The store uses this to tell a whole entry from the remains of a
//! crash and a damaged copy from a sound one; whether an entry is valid is for the verifier.

use tally_ledger::cbor::{Keys, check_prefix, head};
use tally_ledger::hash::Hash;

use crate::ENTRY_BYTES_MAX;

/// The place that an entry claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) seq: u64,
    /// The id of the entry before; absent in the first.
    pub(crate) prev: Option<Hash>,
}

impl Link {
    /// Returns whether the entry claims to stand at `seq`, directly after the entry `before`.
    pub(crate) fn follows(&self, seq: u64, before: Option<Hash>) -> bool {
        self.seq == seq && self.prev == before
    }
}

/// How every entry begins: tag 18 and an array of four.
pub(crate) const START: [u8; 2] = [0xd2, 0x84];

/// Reads the place that `entry` claims, or `None` if it does not have the form of an entry.
pub(crate) fn read(entry: &[u8]) -> Option<Link> {
    let (link, length) = read_prefix(entry)?;
    (length == entry.len()).then_some(link)
}

/// Reads the place that an entry at the beginning of `bytes` claims, and its length in bytes.
pub(crate) fn read_prefix(bytes: &[u8]) -> Option<(Link, usize)> {
    let rest = bytes.strip_prefix(&START)?;
    let (_protected, rest) = byte_string(rest)?;
    let rest = rest.strip_prefix(&[0xa0])?;
    let (payload, rest) = byte_string(rest)?;
    let (signature, rest) = byte_string(rest)?;
    let length = bytes.len() - rest.len();
    if signature.len() != 64 || length > ENTRY_BYTES_MAX {
        return None;
    }
    Some((read_payload(payload)?, length))
}

fn read_payload(payload: &[u8]) -> Option<Link> {
    let (5, members, length) = head(payload).ok()? else {
        return None;
    };
    let mut rest = &payload[length..];
    let (mut seq, mut prev) = (None, None);
    for _ in 0..members {
        let key_length = check_prefix(rest, Keys::Text).ok()?;
        let (key, value) = rest.split_at(key_length);
        let value_length = check_prefix(value, Keys::Text).ok()?;
        let (value, after) = value.split_at(value_length);
        match key {
            b"\x63seq" => seq = unsigned(value),
            b"\x64prev" => prev = Some(Hash::from_slice(byte_string(value)?.0)?),
            _ => {}
        }
        rest = after;
    }
    rest.is_empty().then_some(Link { seq: seq?, prev })
}

fn unsigned(item: &[u8]) -> Option<u64> {
    match head(item) {
        Ok((0, value, _)) => Some(value),
        _ => None,
    }
}

fn byte_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (2, length, at) = head(bytes).ok()? else {
        return None;
    };
    let end = at.checked_add(usize::try_from(length).ok()?)?;
    (end <= bytes.len()).then(|| (&bytes[at..end], &bytes[end..]))
}
