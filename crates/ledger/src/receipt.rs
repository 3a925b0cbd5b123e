//! COSE Receipts (RFC 9942) over the tree of a ledger, and transparent statements (RFC 9943)
//! (FORMAT.md, "Receipts").
//!
//! The signature of a receipt covers the root and nothing of the proof. So one signature serves
//! every receipt of a tree: a [`SignedRoot`] is made with each checkpoint, and a receipt is that
//! with a proof in its unprotected header.

mod form;

use ciborium::Value;
use ed25519_dalek::{Signer, SigningKey};

use crate::cbor::{self, Keys};
use crate::consistency::PROOF_MAX;
use crate::entry::{ENTRY_MAX, signed_bytes};
use crate::hash::Hash;
use crate::key::{ALGORITHM, PublicKey};
use crate::name::Origin;
use form::Sign1;

pub use form::{BEGINNING, is_statement};

/// The most bytes of a receipt: a header, two sizes, and 63 hashes.
pub const RECEIPT_MAX: usize = 4096;
/// The most bytes of a transparent statement: an entry and a receipt.
pub const STATEMENT_MAX: usize = ENTRY_MAX + RECEIPT_MAX + 16;

/// The header label of receipts.
const RECEIPTS: i64 = 394;
/// The header label of the tree's algorithm.
const TREE: i64 = 395;
/// The algorithm of the tree: that of RFC 9162 with SHA-256.
const RFC9162_SHA256: i64 = 1;
/// The header label of proofs.
const PROOFS: i64 = 396;
/// The label of proofs of inclusion.
const INCLUSION: i64 = -1;
/// The label of proofs of consistency.
const CONSISTENCY: i64 = -2;

/// Bytes that are no receipt, or no transparent statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct ReceiptError {
    /// What FORMAT.md asks for.
    pub expected: &'static str,
    /// What stands there.
    pub found: String,
}

fn error(expected: &'static str, found: impl Into<String>) -> ReceiptError {
    ReceiptError { expected, found: found.into() }
}

/// The COSE algorithm that a receipt names; both are Ed25519.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Algorithm {
    /// −19, Ed25519 (RFC 9864).
    #[default]
    Ed25519,
    /// −8, EdDSA (RFC 9053), for verifiers that know no other.
    EdDsa,
}

impl Algorithm {
    /// Returns the number in the header.
    pub fn number(self) -> i64 {
        match self {
            Self::Ed25519 => ALGORITHM,
            Self::EdDsa => -8,
        }
    }

    fn of(value: &Value) -> Option<Self> {
        [Self::Ed25519, Self::EdDsa].into_iter().find(|it| *value == Value::from(it.number()))
    }
}

/// What a checkpoint key states of a root, as a receipt without a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRoot {
    origin: Origin,
    kid: Hash,
    protected: Vec<u8>,
    signature: [u8; 64],
}

impl SignedRoot {
    /// Signs a root of the ledger `origin`.
    pub fn sign(origin: &Origin, root: &Hash, key: &SigningKey, algorithm: Algorithm) -> Self {
        let kid = PublicKey::from(key).thumbprint();
        // The subject of what is signed is the ledger: nothing in it is about one entry.
        let claims = vec![(1.into(), origin.as_str().into()), (2.into(), origin.as_str().into())];
        let protected = cbor::encode(&Value::Map(vec![
            (1.into(), algorithm.number().into()),
            (4.into(), Value::Bytes(kid.0.to_vec())),
            (15.into(), Value::Map(claims)),
            (TREE.into(), RFC9162_SHA256.into()),
        ]));
        let signature = key.sign(&signed_bytes(&protected, &root.0)).to_bytes();
        Self { origin: origin.clone(), kid, protected, signature }
    }

    /// Parses a signed root: a receipt whose unprotected header is empty.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are not of that form.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReceiptError> {
        let (root, unprotected) = Self::read(bytes)?;
        if unprotected.is_empty() {
            Ok(root)
        } else {
            Err(error("an empty unprotected header", "a member"))
        }
    }

    /// Reads what is signed, and the members of the unprotected header.
    fn read(bytes: &[u8]) -> Result<(Self, Vec<(Value, Value)>), ReceiptError> {
        if bytes.len() > RECEIPT_MAX {
            return Err(error("at most 4096 bytes", format!("{} bytes", bytes.len())));
        }
        let message = Sign1::read(bytes)?;
        if message.payload.is_some() {
            return Err(error("a payload of null", "a root that the proof need not lead to"));
        }
        let (origin, kid) = header(message.protected)?;
        let protected = message.protected.to_vec();
        Ok((Self { origin, kid, protected, signature: message.signature }, message.unprotected))
    }

    /// Returns the bytes.
    pub fn bytes(&self) -> Vec<u8> {
        self.with(Vec::new())
    }

    fn with(&self, unprotected: Vec<(i64, Value)>) -> Vec<u8> {
        form::write(&self.protected, unprotected, None, &self.signature)
    }

    /// Returns the origin of the ledger.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Returns the thumbprint of the key.
    pub fn kid(&self) -> Hash {
        self.kid
    }

    /// Returns whether it is `root` that `key` signed.
    pub fn holds(&self, root: &Hash, key: &PublicKey) -> bool {
        let message = signed_bytes(&self.protected, &root.0);
        self.kid == key.thumbprint() && key.holds(&message, &self.signature)
    }
}

/// Reads the exact protected header of a receipt: the origin, and the thumbprint of the key.
fn header(bytes: &[u8]) -> Result<(Origin, Hash), ReceiptError> {
    let form = "{1: -19 / -8, 4: 32 bytes, 15: {1: origin, 2: origin}, 395: 1} in the profile";
    cbor::check(bytes, Keys::Integer).map_err(|e| error(form, e.to_string()))?;
    let value: Value = ciborium::from_reader(bytes).map_err(|e| error(form, e.to_string()))?;
    let Some([(one, alg), (four, kid), (fifteen, claims), (tree, vds)]) =
        value.as_map().map(Vec::as_slice)
    else {
        return Err(error(form, "other members"));
    };
    let labels = [one, four, fifteen, tree].map(|label| label.as_integer().map(i128::from));
    let kid = kid.as_bytes().and_then(|bytes| Hash::from_slice(bytes));
    match (kid, claims.as_map().map(Vec::as_slice)) {
        (Some(kid), Some([(one, Value::Text(iss)), (two, Value::Text(sub))]))
            if labels == [Some(1), Some(4), Some(15), Some(i128::from(TREE))]
                && Algorithm::of(alg).is_some()
                && *vds == Value::from(RFC9162_SHA256)
                && (one, two) == (&Value::from(1), &Value::from(2))
                && iss == sub =>
        {
            let origin = iss.parse().map_err(|e| error(form, format!("{e}")))?;
            Ok((origin, kid))
        }
        _ => Err(error(form, "other members")),
    }
}

/// What a receipt proves of the root that it signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// That an entry is a leaf (RFC 9162 §2.1.3).
    Inclusion {
        /// The size of the tree, as nobody signed it.
        size: u64,
        /// The position of the entry.
        index: u64,
        /// The path, leaf side first; never empty.
        path: Vec<Hash>,
    },
    /// That the tree extends a smaller one (RFC 9162 §2.1.4).
    Consistency {
        /// The size of the smaller tree.
        old: u64,
        /// The size of the tree, as nobody signed it.
        size: u64,
        /// The proof; never empty.
        path: Vec<Hash>,
    },
}

/// A COSE Receipt (RFC 9942): a signed root and one proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What is signed.
    pub root: SignedRoot,
    /// What is proven of it.
    pub proof: Proof,
}

impl Receipt {
    /// Parses a receipt.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are not of that form.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReceiptError> {
        let (root, unprotected) = SignedRoot::read(bytes)?;
        let form = "{396: {-1 / -2: [proof]}}";
        let [(label, Value::Map(proofs))] = unprotected.as_slice() else {
            return Err(error(form, "another unprotected header"));
        };
        match proofs.as_slice() {
            [(sort, Value::Array(proofs))] if *label == Value::from(PROOFS) => {
                let [Value::Bytes(proof)] = proofs.as_slice() else {
                    return Err(error("one proof", format!("{} items", proofs.len())));
                };
                let sort = sort.as_integer().map(i128::from);
                Ok(Self { root, proof: Proof::read(sort, proof)? })
            }
            _ => Err(error(form, "another unprotected header")),
        }
    }

    /// Returns the bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let (label, proof) = self.proof.value();
        let proofs = Value::Array(vec![Value::Bytes(cbor::encode(&proof))]);
        self.root.with(vec![(PROOFS, Value::Map(vec![(label.into(), proofs)]))])
    }
}

impl Proof {
    fn value(&self) -> (i64, Value) {
        let hashes = |path: &[Hash]| {
            Value::Array(path.iter().map(|hash| Value::Bytes(hash.0.to_vec())).collect())
        };
        let (label, first, second, path) = match self {
            Self::Inclusion { size, index, path } => (INCLUSION, size, index, path),
            Self::Consistency { old, size, path } => (CONSISTENCY, old, size, path),
        };
        (label, Value::Array(vec![(*first).into(), (*second).into(), hashes(path)]))
    }

    fn read(sort: Option<i128>, bytes: &[u8]) -> Result<Self, ReceiptError> {
        let form = "[number, number, [1 to 63 hashes]] in the profile";
        let value = cbor::decode(bytes).map_err(|e| error(form, e.to_string()))?;
        let Some([first, second, Value::Array(path)]) = value.as_array().map(Vec::as_slice) else {
            return Err(error(form, "other items"));
        };
        let number =
            |value: &Value| value.as_integer().and_then(|number| u64::try_from(number).ok());
        let hash = |value: &Value| value.as_bytes().and_then(|bytes| Hash::from_slice(bytes));
        let path: Option<Vec<Hash>> = path.iter().map(hash).collect();
        match (number(first), number(second), path) {
            // A tree of one entry has no path, and RFC 9942 no receipt without one.
            (Some(first), Some(second), Some(path)) if (1..=PROOF_MAX).contains(&path.len()) => {
                if sort == Some(INCLUSION.into()) {
                    Ok(Self::Inclusion { size: first, index: second, path })
                } else if sort == Some(CONSISTENCY.into()) {
                    Ok(Self::Consistency { old: first, size: second, path })
                } else {
                    Err(error("a proof of the label -1 or -2", "another label"))
                }
            }
            _ => Err(error(form, "other items")),
        }
    }
}

/// A transparent statement (RFC 9943): an entry with a receipt in its unprotected header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The bytes of the entry, whose unprotected header is empty.
    pub entry: Vec<u8>,
    /// The receipt.
    pub receipt: Receipt,
}

impl Statement {
    /// Parses a transparent statement. What the entry says is not looked at.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are not of that form.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReceiptError> {
        if bytes.len() > STATEMENT_MAX {
            let found = format!("{} bytes", bytes.len());
            return Err(error("an entry and a receipt", found));
        }
        let message = Sign1::read(bytes)?;
        let form = "{394: [receipt]}";
        let [(label, Value::Array(receipts))] = message.unprotected.as_slice() else {
            return Err(error(form, "another unprotected header"));
        };
        let [Value::Bytes(receipt)] = receipts.as_slice() else {
            return Err(error("one receipt", format!("{} items", receipts.len())));
        };
        if *label != Value::from(RECEIPTS) {
            return Err(error(form, "another unprotected header"));
        }
        let entry = form::write(message.protected, Vec::new(), message.payload, &message.signature);
        Ok(Self { entry, receipt: Receipt::parse(receipt)? })
    }

    /// Returns the bytes.
    ///
    /// # Errors
    ///
    /// Fails if the entry is none.
    pub fn bytes(&self) -> Result<Vec<u8>, ReceiptError> {
        let message = Sign1::read(&self.entry)?;
        let receipts = Value::Array(vec![Value::Bytes(self.receipt.bytes())]);
        let unprotected = vec![(RECEIPTS, receipts)];
        Ok(form::write(message.protected, unprotected, message.payload, &message.signature))
    }
}
