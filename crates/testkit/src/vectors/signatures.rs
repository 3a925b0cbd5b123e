//! Signatures that do not hold, some of which looser rules than the format's would take.

use curve25519_dalek::constants::{ED25519_BASEPOINT_TABLE, EIGHT_TORSION};
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::Signer;
use sha2::{Digest, Sha512};
use tally_ledger::fault::Code;

use super::{ledger, with_entry};
use crate::draft::Draft;
use crate::forge::note;
use crate::keyring::{self, author, public};
use crate::vector::Vector;

/// The order of the base point, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

pub(super) fn vectors() -> Vec<Vector> {
    let forge = ledger();
    let draft = forge.draft(note(&["bug-1"]), &author());
    let row = |(name, about, signature): (&str, &str, Vec<u8>)| {
        let bytes = with_entry(forge.clone(), draft.with_signature(&signature));
        if name.starts_with("ok-") {
            Vector::passed(name, "whole", bytes).note(about)
        } else {
            Vector::failed(name, Code::Signature, Some(2), bytes).note(about)
        }
    };
    altered(&draft).into_iter().chain(crafted(&draft)).map(row).collect()
}

/// Name, what is wrong, and a signature.
type Row = (&'static str, &'static str, Vec<u8>);

/// A good signature, altered; and good ones over something else.
fn altered(draft: &Draft) -> Vec<Row> {
    let good = draft.signature(&author());
    let r: [u8; 32] = *good.first_chunk().expect("64 bytes");
    let s: [u8; 32] = *good.last_chunk().expect("64 bytes");
    let flipped = |at: usize| {
        let mut flipped = good.to_vec();
        flipped[at] ^= 0x10;
        flipped
    };
    let other_key = draft.signature(&keyring::key("stranger")).to_vec();
    let payload_alone = author().sign(&draft.payload).to_vec();
    vec![
        ("signature-r-flipped", "one bit of R flipped", flipped(7)),
        ("signature-s-flipped", "one bit of S flipped", flipped(40)),
        ("signature-of-zeros", "64 zero bytes", vec![0; 64]),
        ("signature-by-another-key", "by another key than that of kid", other_key),
        ("signature-s-plus-order", "S + L instead of S", [r, plus_order(s)].concat()),
        ("signature-halves-swapped", "S before R", [s, r].concat()),
        ("signature-over-payload-alone", "not over the Sig_structure", payload_alone),
    ]
}

/// Signatures that only the owner of the key can make, with an R of their choice.
fn crafted(draft: &Draft) -> Vec<Row> {
    let zero = Scalar::ZERO;
    let nonce = Scalar::from(7_u8);
    let identity = encoding(&zero, 0);
    let mut signed_identity = identity;
    signed_identity[31] |= 0x80;
    let mut long_identity = [0xff; 32];
    (long_identity[0], long_identity[31]) = (0xee, 0x7f);
    let made = |r: [u8; 32], nonce: &Scalar| [r, answer(draft, r, nonce)].concat();
    let (second, eighth) = (encoding(&zero, 4), encoding(&zero, 1));
    let (good, mixed) = (encoding(&nonce, 0), encoding(&nonce, 1));
    vec![
        (
            "ok-signature-of-chosen-nonce",
            "made with a chosen R, like those of other names",
            made(good, &nonce),
        ),
        ("signature-r-identity", "R is the identity; the equation holds", made(identity, &zero)),
        ("signature-r-identity-with-sign", "with a sign", made(signed_identity, &zero)),
        ("signature-r-identity-not-canonical", "with y = p + 1", made(long_identity, &zero)),
        ("signature-r-of-order-2", "R of order 2; holds with the cofactor", made(second, &zero)),
        ("signature-r-of-order-8", "R of order 8; holds with the cofactor", made(eighth, &zero)),
        ("signature-r-of-mixed-order", "holds with the cofactor", made(mixed, &nonce)),
    ]
}

/// Returns the encoding of the point `nonce` times the base point, plus the torsion point with
/// that index.
fn encoding(nonce: &Scalar, torsion: usize) -> [u8; 32] {
    let point: EdwardsPoint = nonce * ED25519_BASEPOINT_TABLE + EIGHT_TORSION[torsion];
    point.compress().to_bytes()
}

/// Returns the S that answers to R, made with `nonce`: nonce + k times the author's secret.
fn answer(draft: &Draft, r: [u8; 32], nonce: &Scalar) -> [u8; 32] {
    let mut hasher = Sha512::new();
    hasher.update(r);
    hasher.update(public(&author()).to_bytes());
    hasher.update(draft.signed_bytes());
    let challenge = Scalar::from_bytes_mod_order_wide(&hasher.finalize().into());
    (nonce + challenge * author().to_scalar()).to_bytes()
}

/// Returns S + L, which fits into 32 bytes.
fn plus_order(s: [u8; 32]) -> [u8; 32] {
    let mut sum = [0; 32];
    let mut carry = 0;
    for ((byte, a), b) in sum.iter_mut().zip(s).zip(ORDER) {
        carry += u16::from(a) + u16::from(b);
        *byte = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    sum
}
