//! The outer form of COSE_Sign1 (RFC 9052 §4.2), with an unprotected header and without a payload.

use ciborium::Value;

use super::{RECEIPTS, ReceiptError, error};
use crate::cbor::{self, Keys};

/// What every COSE_Sign1 begins with: tag 18, and an array of four.
pub const BEGINNING: [u8; 2] = [0xd2, 0x84];

/// The parts of a message, as they were received.
pub(super) struct Sign1<'a> {
    pub(super) protected: &'a [u8],
    pub(super) unprotected: Vec<(Value, Value)>,
    pub(super) payload: Option<&'a [u8]>,
    pub(super) signature: [u8; 64],
}

impl<'a> Sign1<'a> {
    /// Takes a message apart.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, ReceiptError> {
        let rest = bytes.strip_prefix(&BEGINNING);
        let rest = rest.ok_or_else(|| error("a tagged COSE_Sign1", "other first bytes"))?;
        let (protected, rest) = string(rest)?;
        let (unprotected, rest) = map(rest)?;
        let (payload, rest) = match rest.split_first() {
            Some((0xf6, rest)) => (None, rest),
            _ => string(rest).map(|(payload, rest)| (Some(payload), rest))?,
        };
        let (signature, rest) = string(rest)?;
        let signature = signature
            .try_into()
            .map_err(|_| error("a signature of 64 bytes", format!("{} bytes", signature.len())))?;
        if !rest.is_empty() {
            return Err(error("the end after the signature", format!("{} bytes", rest.len())));
        }
        Ok(Self { protected, unprotected, payload, signature })
    }
}

/// Reads a byte string in its shortest form; returns its content and what follows.
fn string(bytes: &[u8]) -> Result<(&[u8], &[u8]), ReceiptError> {
    let form = "a byte string";
    let (major, length, head) = cbor::head(bytes).map_err(|rule| error(form, rule.to_string()))?;
    let end = usize::try_from(length).ok().and_then(|length| length.checked_add(head));
    match end.filter(|end| major == 2 && *end <= bytes.len()) {
        Some(end) => Ok((&bytes[head..end], &bytes[end..])),
        None => Err(error(form, "another item, or one that is cut short")),
    }
}

/// The members of a map, and the bytes that follow it.
type Members<'a> = (Vec<(Value, Value)>, &'a [u8]);

/// Reads a map with integer keys, in the profile.
fn map(bytes: &[u8]) -> Result<Members<'_>, ReceiptError> {
    let form = "an unprotected header: a map in the profile, with integer keys";
    let length =
        cbor::check_prefix(bytes, Keys::Integer).map_err(|e| error(form, e.to_string()))?;
    let (item, rest) = bytes.split_at(length);
    let value: Value = ciborium::from_reader(item).map_err(|e| error(form, e.to_string()))?;
    value.into_map().map(|members| (members, rest)).map_err(|_| error(form, "another item"))
}

/// Writes a message. The members of the unprotected header come in their canonical order.
pub(super) fn write(
    protected: &[u8],
    unprotected: Vec<(i64, Value)>,
    payload: Option<&[u8]>,
    signature: &[u8; 64],
) -> Vec<u8> {
    let members = unprotected.into_iter().map(|(label, value)| (label.into(), value));
    let bytes = |bytes: &[u8]| Value::Bytes(bytes.to_vec());
    let message = Value::Array(vec![
        bytes(protected),
        Value::Map(members.collect()),
        payload.map_or(Value::Null, bytes),
        bytes(signature),
    ]);
    [&BEGINNING[..1], &cbor::encode(&message)].concat()
}

/// Returns whether a message is a transparent statement rather than a receipt: whether its
/// unprotected header holds receipts.
pub fn is_statement(bytes: &[u8]) -> bool {
    let holds = |message: Sign1<'_>| {
        message.unprotected.iter().any(|(label, _)| *label == Value::from(RECEIPTS))
    };
    Sign1::read(bytes).is_ok_and(holds)
}
