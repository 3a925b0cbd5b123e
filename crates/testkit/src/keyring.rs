//! The keys of test ledgers, from seeds that anybody can compute.

use ed25519_dalek::SigningKey;
use tally_ledger::hash::Hash;
use tally_ledger::key::PublicKey;

/// Returns the key called `name`: its seed is the SHA-256 of `tally test key ` and the name.
pub fn key(name: &str) -> SigningKey {
    SigningKey::from_bytes(&Hash::of(format!("tally test key {name}").as_bytes()).0)
}

/// Returns the first author's key, which holds `operator` and `compliance`.
pub fn author() -> SigningKey {
    key("author")
}

/// Returns the key that signs checkpoints.
pub fn checkpoint() -> SigningKey {
    key("checkpoint")
}

/// Returns the public half of a key.
pub fn public(key: &SigningKey) -> PublicKey {
    PublicKey::from(key)
}

/// Returns the thumbprint of a key.
pub fn thumbprint(key: &SigningKey) -> Hash {
    public(key).thumbprint()
}
