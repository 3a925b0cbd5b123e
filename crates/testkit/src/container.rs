//! Bundles and extracts in parts, so that one part can be changed.

use ciborium::Value;
use tally_ledger::cbor;

/// The items of a bundle or extract.
#[derive(Debug, Clone, PartialEq)]
pub struct Container {
    /// The first item.
    pub first: Value,
    /// The entries, each the encoding of its item.
    pub items: Vec<Vec<u8>>,
    /// The evidence files, each the encoding of its item.
    pub files: Vec<Vec<u8>>,
}

impl Container {
    /// Returns the whole.
    pub fn bytes(&self) -> Vec<u8> {
        self.bytes_after(&cbor::encode(&self.first))
    }

    /// Returns the whole with `first` in place of the first item.
    pub fn bytes_after(&self, first: &[u8]) -> Vec<u8> {
        [first, &self.items.concat(), &self.files.concat()].concat()
    }
}
