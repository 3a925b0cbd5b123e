//! Entries byte by byte: a header and a payload that may be anything, and a signature over them
//! that holds. Unlike [`tally_ledger::entry::Entry::sign`], a draft does not ask whether what it
//! signs can be read back.

use ciborium::Value;
use ed25519_dalek::{Signer, SigningKey};
use tally_ledger::cbor;
use tally_ledger::entry::CONTENT_TYPE;
use tally_ledger::hash::Hash;
use tally_ledger::key::ALGORITHM;

use crate::value::bytes;

/// The contents of the two byte strings that an entry's signature covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The protected header.
    pub protected: Vec<u8>,
    /// The payload.
    pub payload: Vec<u8>,
}

impl Draft {
    /// Returns the draft of a header and a payload in their canonical encodings.
    pub fn new(header: &Value, payload: &Value) -> Self {
        Self { protected: cbor::encode(header), payload: cbor::encode(payload) }
    }

    /// Returns the bytes that a signature of this draft covers.
    pub fn signed_bytes(&self) -> Vec<u8> {
        let strings = [&self.protected, &[][..], &self.payload].map(string).concat();
        [&b"\x84\x6aSignature1"[..], &strings].concat()
    }

    /// Returns the signature of `key`.
    pub fn signature(&self, key: &SigningKey) -> [u8; 64] {
        key.sign(&self.signed_bytes()).to_bytes()
    }

    /// Returns the entry, signed by `key`.
    pub fn signed(&self, key: &SigningKey) -> Vec<u8> {
        self.with_signature(&self.signature(key))
    }

    /// Returns the entry with that signature.
    pub fn with_signature(&self, signature: &[u8]) -> Vec<u8> {
        [
            b"\xd2\x84".to_vec(),
            string(&self.protected),
            b"\xa0".to_vec(),
            string(&self.payload),
            string(signature),
        ]
        .concat()
    }
}

/// Returns the encoding of the byte string with that content.
pub fn string(content: &[u8]) -> Vec<u8> {
    cbor::encode(&bytes(content))
}

/// Returns the protected header with these claims.
pub fn header(issuer: &str, subject: &str, kid: &Hash) -> Value {
    let claims = Value::Map(vec![(1.into(), issuer.into()), (2.into(), subject.into())]);
    Value::Map(vec![
        (1.into(), ALGORITHM.into()),
        (3.into(), CONTENT_TYPE.into()),
        (4.into(), bytes(kid.0)),
        (15.into(), claims),
    ])
}

/// Replaces the one byte string `marker` in `encoded` by an item that need not be canonical, or
/// even an item. The marker is at most 23 bytes long.
///
/// # Panics
///
/// Panics unless the marker stands there exactly once.
pub fn splice(encoded: &[u8], marker: &[u8], item: &[u8]) -> Vec<u8> {
    let marked = string(marker);
    let mut places = (0..encoded.len()).filter(|at| encoded[*at..].starts_with(&marked));
    let (Some(at), None) = (places.next(), places.next()) else {
        panic!("the marker does not stand there once");
    };
    [&encoded[..at], item, &encoded[at + marked.len()..]].concat()
}
