//! Public keys and signatures: Ed25519 as `verify_strict` has it, with keys proven fit once
//! (FORMAT.md, "Keys").

use std::fmt;

use ciborium::Value;
use ed25519_dalek::{Signature, VerifyingKey};

use crate::cbor;
use crate::hash::Hash;

/// The COSE algorithm of every key and signature: Ed25519 (RFC 9864).
pub const ALGORITHM: i64 = -19;

/// An Ed25519 public key that was proven fit: the canonical encoding of a point in the
/// prime-order subgroup, other than the identity.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// Why 32 bytes are not a fit key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnfitKey {
    /// The bytes are not the canonical encoding of a point of the curve.
    #[error("the bytes are not the canonical encoding of a point of the curve")]
    NotAPoint,
    /// The point is the identity or has a component of small order.
    #[error("the point lies outside the prime-order subgroup or is the identity")]
    SmallOrder,
}

impl PublicKey {
    /// Returns the key encoded in `bytes` (RFC 8032 §5.1.2).
    ///
    /// # Errors
    ///
    /// Fails unless the key is fit.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, UnfitKey> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| UnfitKey::NotAPoint)?;
        let point = key.to_edwards();
        if point.compress().to_bytes() != *bytes {
            return Err(UnfitKey::NotAPoint);
        }
        if point.is_small_order() || !point.is_torsion_free() {
            return Err(UnfitKey::SmallOrder);
        }
        Ok(Self(key))
    }

    /// Returns the 32 bytes of the key.
    pub fn to_bytes(self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Returns the COSE Key Thumbprint (RFC 9679): the SHA-256 of `{1: 1, -1: 6, -2: x}`.
    pub fn thumbprint(&self) -> Hash {
        let x = Value::Bytes(self.to_bytes().to_vec());
        let members = [(1, Value::from(1)), (-1, Value::from(6)), (-2, x)];
        let members = members.into_iter().map(|(label, value)| (Value::from(label), value));
        Hash::of(&cbor::encode(&Value::Map(members.collect())))
    }

    /// Returns whether `signature` over `message` holds: S < L, R canonical and not the identity,
    /// and `[S]B = R + [k]A` without cofactor.
    pub fn holds(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

impl From<&ed25519_dalek::SigningKey> for PublicKey {
    /// Returns the public half; a key made from a seed is always fit.
    fn from(key: &ed25519_dalek::SigningKey) -> Self {
        Self(key.verifying_key())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", hex::encode(self.to_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;

    fn fit(hexadecimal: &str) -> Result<PublicKey, UnfitKey> {
        let bytes: [u8; 32] = hex::decode(hexadecimal).unwrap().try_into().unwrap();
        PublicKey::from_bytes(&bytes)
    }

    #[test]
    fn weak_and_mixed_order_keys_are_unfit() {
        let identity = format!("01{}", "00".repeat(31));
        let order_eight = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a";
        assert_eq!(fit(&identity), Err(UnfitKey::SmallOrder));
        assert_eq!(fit(order_eight), Err(UnfitKey::SmallOrder));
        // y = p + 1 is the identity in a form that is not canonical.
        let long = format!("ee{}7f", "ff".repeat(30));
        assert_eq!(fit(&long), Err(UnfitKey::NotAPoint));
        let eight: [u8; 32] = hex::decode(order_eight).unwrap().try_into().unwrap();
        let torsion = VerifyingKey::from_bytes(&eight).unwrap().to_edwards();
        let good = SigningKey::from_bytes(&[7; 32]).verifying_key();
        let mixed = (good.to_edwards() + torsion).compress().to_bytes();
        assert_eq!(PublicKey::from_bytes(&mixed), Err(UnfitKey::SmallOrder));
        assert!(PublicKey::from_bytes(&good.to_bytes()).is_ok());
    }

    #[test]
    fn the_thumbprint_is_the_one_rfc_9679_defines() {
        let key = PublicKey::from(&SigningKey::from_bytes(&[7; 32]));
        let bytes =
            [&hex::decode("a3010120062158 20".replace(' ', "")).unwrap()[..], &key.to_bytes()];
        assert_eq!(key.thumbprint(), Hash::of(&bytes.concat()));
    }
}
