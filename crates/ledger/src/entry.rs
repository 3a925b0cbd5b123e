//! Entries: COSE_Sign1 (RFC 9052) over a payload in deterministic CBOR (FORMAT.md, "Entry").
//!
//! An [`Entry`] owns the bytes that were signed; ids and signatures run over those, never over an
//! encoding made again.

use ciborium::Value;
use coset::{CoseSign1, ProtectedHeader, SignatureContext, TaggedCborSerializable};
use ed25519_dalek::{Signer, SigningKey};

use crate::cbor::{self, Keys, ProfileError};
use crate::fault::{Code, Fault};
use crate::governance::Governance;
use crate::hash::Hash;
use crate::key::{ALGORITHM, PublicKey};
use crate::name::Origin;
use crate::payload::Payload;

/// The most bytes of an entry.
pub const ENTRY_MAX: usize = 65_535;
/// The content type of an entry of this version.
pub const CONTENT_TYPE: &str = "application/vnd.tally.entry.v1+cbor";

/// A signed event in its place, as parsed from its bytes. Parsing checks its form; only
/// [`crate::verify`] tells whether it belongs.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    bytes: Vec<u8>,
    id: Hash,
    kid: Hash,
    origin: Origin,
    subject: String,
    payload: Payload,
    governance: Governance,
    protected: (usize, usize),
    content: (usize, usize),
}

impl Entry {
    /// Signs `payload` for its place in the ledger `origin`.
    ///
    /// # Errors
    ///
    /// Fails as [`Entry::parse`] would on the bytes: what cannot be read back is not signed.
    pub fn sign(origin: &Origin, payload: &Payload, key: &SigningKey) -> Result<Self, Fault> {
        let kid = PublicKey::from(key).thumbprint();
        let feeds = payload.feeds.iter().map(|(feed, _)| feed);
        let first = feeds.min_by(|a, b| a.canonical_order(b));
        let subject = first.map_or("", |feed| feed.as_str());
        let protected = cbor::encode(&header(origin, subject, &kid));
        let content = cbor::encode(&payload.to_value());
        let signature = key.sign(&signed_bytes(&protected, &content));
        let sign1 = CoseSign1 {
            protected: protected_header(&protected),
            payload: Some(content),
            signature: signature.to_vec(),
            ..CoseSign1::default()
        };
        let bytes = sign1.to_tagged_vec().map_err(|e| {
            Fault::new(Code::OuterForm, "a COSE_Sign1 that can be encoded", e.to_string())
        })?;
        Self::parse(bytes, Some(origin))
    }

    /// Parses an entry: its size, outer form, header and the members of its payload. `origin` is
    /// the ledger's, if it is known already.
    ///
    /// # Errors
    ///
    /// Fails with the first of the steps `size` to `payload-members` that does not hold. The fault
    /// carries no seq.
    pub fn parse(bytes: Vec<u8>, origin: Option<&Origin>) -> Result<Self, Fault> {
        if bytes.len() > ENTRY_MAX {
            let found = format!("{} bytes", bytes.len());
            return Err(Fault::new(Code::Size, format!("at most {ENTRY_MAX} bytes"), found));
        }
        let (protected, content) = outer_form(&bytes)?;
        let header_bytes = &bytes[protected.0..protected.1];
        cbor::check(header_bytes, Keys::Integer).map_err(|e| profile(Code::HeaderProfile, e))?;
        let (issuer, subject, kid) = read_header(header_bytes)?;
        if let Some(origin) = origin.filter(|origin| **origin != issuer) {
            let expected = format!("the issuer {origin}");
            return Err(Fault::new(Code::HeaderMembers, expected, issuer.to_string()));
        }
        let value = cbor::decode(&bytes[content.0..content.1])
            .map_err(|e| profile(Code::PayloadProfile, e))?;
        let payload = Payload::from_value(&value)?;
        let governance = Governance::read(&payload.event.kind, &payload.event.body)?;
        let id = Hash::leaf(&bytes);
        let origin = issuer;
        Ok(Self { bytes, id, kid, origin, subject, payload, governance, protected, content })
    }

    /// Returns the exact bytes, at most 65,535.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the entry id: `SHA-256(0x00 ‖ bytes)`.
    pub fn id(&self) -> Hash {
        self.id
    }

    /// Returns the thumbprint of the author's key.
    pub fn kid(&self) -> Hash {
        self.kid
    }

    /// Returns the origin that the header names as issuer.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Returns the feed that the header names as subject.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Returns the payload.
    pub fn payload(&self) -> &Payload {
        &self.payload
    }

    /// Returns what the body says of the ledger's own affairs.
    pub fn governance(&self) -> &Governance {
        &self.governance
    }

    /// Returns the bytes that the signature runs over: the Sig_structure of RFC 9052 §4.4.
    pub fn signed_bytes(&self) -> Vec<u8> {
        let (protected, content) = (self.protected, self.content);
        signed_bytes(&self.bytes[protected.0..protected.1], &self.bytes[content.0..content.1])
    }

    /// Returns the signature.
    pub fn signature(&self) -> &[u8; 64] {
        self.bytes.last_chunk().expect("the outer form ends in 64 bytes of signature")
    }
}

fn protected_header(bytes: &[u8]) -> ProtectedHeader {
    ProtectedHeader { original_data: Some(bytes.to_vec()), ..ProtectedHeader::default() }
}

/// Returns the Sig_structure of RFC 9052 §4.4 over a protected header and a payload.
pub(crate) fn signed_bytes(protected: &[u8], content: &[u8]) -> Vec<u8> {
    let context = SignatureContext::CoseSign1;
    coset::sig_structure_data(context, protected_header(protected), None, &[], content)
}

fn header(origin: &Origin, subject: &str, kid: &Hash) -> Value {
    let claims = vec![(1.into(), origin.as_str().into()), (2.into(), subject.into())];
    Value::Map(vec![
        (1.into(), ALGORITHM.into()),
        (3.into(), CONTENT_TYPE.into()),
        (4.into(), Value::Bytes(kid.0.to_vec())),
        (15.into(), Value::Map(claims)),
    ])
}

fn profile(code: Code, e: ProfileError) -> Fault {
    Fault::new(code, "the one canonical encoding", e.rule.to_string()).offset(e.offset)
}

type Range = (usize, usize);

/// Returns where the protected header and the payload stand.
fn outer_form(bytes: &[u8]) -> Result<(Range, Range), Fault> {
    let form = "18([protected, {}, payload, signature of 64 bytes])";
    let fault = |at: usize, found: &str| Fault::new(Code::OuterForm, form, found).offset(at);
    if !bytes.starts_with(&[0xd2, 0x84]) {
        return Err(fault(0, "other first bytes"));
    }
    let string = |at: usize| match cbor::head(&bytes[at..]) {
        Ok((2, length, head)) => usize::try_from(length)
            .ok()
            .and_then(|length| (at + head).checked_add(length))
            .filter(|end| *end <= bytes.len())
            .map(|end| (at + head, end))
            .ok_or_else(|| fault(at, "a byte string that is cut short")),
        Ok(_) => Err(fault(at, "an item that is not a byte string")),
        Err(rule) => Err(fault(at, &rule.to_string())),
    };
    let protected = string(2)?;
    if bytes.get(protected.1) != Some(&0xa0) {
        return Err(fault(protected.1, "an unprotected header that is not the empty map"));
    }
    let content = string(protected.1 + 1)?;
    let signature = string(content.1)?;
    if signature.1 - signature.0 != 64 {
        let found = format!("a signature of {} bytes", signature.1 - signature.0);
        return Err(fault(content.1, &found));
    }
    if signature.1 != bytes.len() {
        return Err(fault(signature.1, "bytes after the signature"));
    }
    Ok((protected, content))
}

/// Reads the exact header: issuer, subject and the thumbprint of the key.
fn read_header(bytes: &[u8]) -> Result<(Origin, String, Hash), Fault> {
    let value: Value = ciborium::from_reader(bytes)
        .map_err(|e| Fault::new(Code::HeaderMembers, "a map", e.to_string()))?;
    let members = value.as_map().map(Vec::as_slice).unwrap_or_default();
    let member =
        |label: i64| members.iter().find(|(k, _)| *k == Value::from(label)).map(|(_, v)| v);
    if let Some(found) = member(3).and_then(Value::as_text).filter(|t| *t != CONTENT_TYPE) {
        let found = format!("{found:.80?}: written by a newer version");
        return Err(Fault::new(Code::ContentType, format!("{CONTENT_TYPE:?}"), found));
    }
    let form = "{1: -19, 3: content type, 4: 32 bytes, 15: {1: origin, 2: feed}}";
    let fault = |found: String| Fault::new(Code::HeaderMembers, form, found);
    let kid = member(4).and_then(Value::as_bytes).and_then(|bytes| Hash::from_slice(bytes));
    let claims = member(15).and_then(Value::as_map).map(Vec::as_slice);
    match (kid, claims) {
        (Some(kid), Some([(one, Value::Text(iss)), (two, Value::Text(sub))]))
            if members.len() == 4
                && member(1) == Some(&Value::from(ALGORITHM))
                && member(3).is_some_and(Value::is_text)
                && (one, two) == (&Value::from(1), &Value::from(2)) =>
        {
            let origin = iss.parse().map_err(|e| fault(format!("{e}")))?;
            Ok((origin, sub.clone(), kid))
        }
        _ => Err(fault("other members".to_owned())),
    }
}
