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
    let good = draft.signature(&author());
    let halves = |r: [u8; 32], s: [u8; 32]| [r, s].concat();
    let r: [u8; 32] = *good.first_chunk().expect("64 bytes");
    let s: [u8; 32] = *good.last_chunk().expect("64 bytes");
    let mut flipped = good;
    flipped[7] ^= 0x10;
    let mut flipped_s = good;
    flipped_s[40] ^= 0x01;
    let identity = encoding(&Scalar::ZERO, 0);
    let mut signed_identity = identity;
    signed_identity[31] |= 0x80;
    let mut long_identity = [0xff; 32];
    (long_identity[0], long_identity[31]) = (0xee, 0x7f);
    let nonce = Scalar::from(7_u8);
    let made = |r: [u8; 32], nonce: &Scalar| halves(r, answer(&draft, r, nonce));
    let rows: Vec<(&str, &str, Vec<u8>)> = vec![
        ("signature-r-flipped", "one bit of R flipped", flipped.to_vec()),
        ("signature-s-flipped", "one bit of S flipped", flipped_s.to_vec()),
        ("signature-of-zeros", "64 zero bytes", vec![0; 64]),
        (
            "signature-by-another-key",
            "by another key than that of kid",
            draft.signature(&keyring::key("stranger")).to_vec(),
        ),
        ("signature-s-plus-order", "S + L instead of S", halves(r, plus_order(s))),
        ("signature-halves-swapped", "S before R", halves(s, r)),
        (
            "signature-r-identity",
            "R is the identity; the equation holds",
            made(identity, &Scalar::ZERO),
        ),
        (
            "signature-r-identity-with-sign",
            "R is the identity, encoded with a sign",
            made(signed_identity, &Scalar::ZERO),
        ),
        (
            "signature-r-identity-not-canonical",
            "R is the identity, encoded with y = p + 1",
            made(long_identity, &Scalar::ZERO),
        ),
        (
            "signature-r-of-order-2",
            "R of order 2; the equation holds with the cofactor",
            made(encoding(&Scalar::ZERO, 4), &Scalar::ZERO),
        ),
        (
            "signature-r-of-order-8",
            "R of order 8; the equation holds with the cofactor",
            made(encoding(&Scalar::ZERO, 1), &Scalar::ZERO),
        ),
        (
            "signature-r-of-mixed-order",
            "R plus a point of order 8; holds with the cofactor",
            made(encoding(&nonce, 1), &nonce),
        ),
        (
            "signature-over-payload-alone",
            "over the payload, not the Sig_structure",
            author().sign(&draft.payload).to_vec(),
        ),
    ];
    let mut vectors: Vec<Vector> = rows
        .into_iter()
        .map(|(name, about, signature)| {
            let bytes = with_entry(forge.clone(), draft.with_signature(&signature));
            Vector::failed(name, Code::Signature, Some(2), bytes).note(about)
        })
        .collect();
    let own = with_entry(forge.clone(), draft.with_signature(&made(encoding(&nonce, 0), &nonce)));
    vectors.push(
        Vector::passed("ok-signature-of-chosen-nonce", "whole", own)
            .note("made like the ones with a bad R, with a good one: the nonce is 7"),
    );
    vectors
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
