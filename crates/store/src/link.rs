//! What an entry says of its own place, read without checking anything else.
//!
//! FORMAT.md, "Entry": `18([protected, {}, payload, signature])`, payload a map with text keys of
//! which `seq` and `prev` are read. The store uses this to tell a whole entry from the remains of a
//! crash and a damaged copy from a sound one; whether an entry is valid is for the verifier.

use tally_ledger::cbor::{Keys, check_prefix, head};
use tally_ledger::hash::Hash;

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

/// Reads the place that `entry` claims, or `None` if it does not have the form of an entry.
pub(crate) fn read(entry: &[u8]) -> Option<Link> {
    let rest = entry.strip_prefix(&[0xd2, 0x84])?;
    let (_protected, rest) = byte_string(rest)?;
    let rest = rest.strip_prefix(&[0xa0])?;
    let (payload, rest) = byte_string(rest)?;
    let (signature, rest) = byte_string(rest)?;
    if signature.len() != 64 || !rest.is_empty() {
        return None;
    }
    read_payload(payload)
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
