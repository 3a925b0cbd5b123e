//! The CBOR profile: each rule broken in a payload and in a protected header.

use ciborium::Value;
use tally_ledger::cbor;
use tally_ledger::fault::Code;

use super::{ledger, with_entry};
use crate::draft::{Draft, header, splice};
use crate::forge::{ORIGIN, note};
use crate::keyring::{author, thumbprint};
use crate::value::{bytes, map, set};
use crate::vector::Vector;

/// Stands where the item at fault is to stand.
const MARKER: &[u8] = b"here";

/// Name, item in a payload, item in a header if another, and what is wrong with it.
const ITEMS: &[(&str, &str, Option<&str>, &str)] = &[
    ("integer-in-two-bytes", "1817", None, "23 in two bytes"),
    ("integer-in-three-bytes", "1900ff", None, "255 in three bytes"),
    ("integer-in-five-bytes", "1a0000ffff", None, "65535 in five bytes"),
    ("integer-in-nine-bytes", "1b00000000ffffffff", None, "2^32 - 1 in nine bytes"),
    ("negative-in-two-bytes", "3800", None, "-1 in two bytes"),
    ("bytes-length-not-shortest", "580100", None, "the length 1 of a byte string in two bytes"),
    ("text-length-not-shortest", "780161", None, "the length 1 of a text in two bytes"),
    ("array-length-not-shortest", "980100", None, "the length 1 of an array in two bytes"),
    ("map-length-not-shortest", "b801616100", Some("b8010100"), "the length 1 of a map in two"),
    ("keys-unsorted", "a2616200616100", Some("a202000100"), "map keys that descend"),
    (
        "keys-by-text",
        "a262616100616200",
        Some("a220001818 00"),
        "map keys in an order other than that of their encodings",
    ),
    ("key-twice", "a2616100616101", Some("a201000101"), "a map key twice"),
    ("float-half", "f90000", None, "the float 0.0 in two bytes"),
    ("float-single", "fa00000000", None, "the float 0.0 in four bytes"),
    ("float-double", "fb3ff199999999999a", None, "the float 1.1"),
    ("tag", "c11a514b67b0", None, "a tag on an integer"),
    ("tag-self-described", "d9d9f700", None, "the tag 55799 on an integer"),
    ("undefined", "f7", None, "the value undefined"),
    ("simple-value", "f0", None, "the simple value 16"),
    ("simple-value-long", "f8ff", None, "the simple value 255"),
    ("false-in-two-bytes", "f814", None, "false in two bytes"),
    ("indefinite-bytes", "5f4100ff", None, "a byte string of indefinite length"),
    ("indefinite-text", "7f6161ff", None, "a text of indefinite length"),
    ("indefinite-array", "9f00ff", None, "an array of indefinite length"),
    ("indefinite-map", "bf616100ff", Some("bf0100ff"), "a map of indefinite length"),
    ("break-alone", "ff", None, "a break outside of anything indefinite"),
    ("reserved-head", "1c", None, "a head whose length is reserved"),
    ("utf8-broken", "61ff", None, "a text that is not UTF-8"),
    ("utf8-overlong", "62c080", None, "a text with an overlong form"),
    ("utf8-surrogate", "63eda080", None, "a text with a surrogate"),
    ("utf8-beyond-unicode", "64f4908080", None, "a text with a code point above U+10FFFF"),
    ("key-of-other-type", "a10000", Some("a1616100"), "a map key of the wrong type"),
    ("key-of-bytes", "a1416100", Some("a1410100"), "a map key that is a byte string"),
    ("integer-2-53", "1b0020000000000000", None, "2^53"),
    ("integer-minus-2-53", "3b001fffffffffffff", None, "-(2^53)"),
    ("integer-2-64", "3bffffffffffffffff", None, "-(2^64)"),
    // The item stands at level 3 of a payload and at level 2 of a header.
    (
        "depth-17",
        "8181818181818181818181818181 80",
        Some("8181818181818181818181818181 8180"),
        "an empty array at level 17",
    ),
    ("bytes-beyond-the-end", "5affffffff", None, "a byte string longer than all that follows"),
    ("array-beyond-the-end", "9affffffff", None, "an array longer than all that follows"),
];

/// Items that the profile takes, at its limits.
const TAKEN: &[(&str, &str, &str)] = &[
    ("depth-16", "81818181818181818181818181 80", "an empty array at level 16"),
    ("integer-2-53-minus-1", "1b001fffffffffffff", "2^53 - 1"),
    ("integer-minus-2-53-plus-1", "3b001ffffffffffffe", "-(2^53 - 1)"),
    ("keys-by-encoding", "a2616200626161f6", "map keys in the order of their encodings"),
    ("utf8-not-normalised", "6365cc81", "a text that is not normalised"),
];

pub(super) fn vectors() -> Vec<Vector> {
    let mut vectors = Vec::new();
    for (name, item, in_header, about) in ITEMS {
        vectors.push(in_payload(&format!("payload-{name}"), item, about));
        let item = in_header.unwrap_or(item);
        vectors.push(in_the_header(&format!("header-{name}"), item, about));
    }
    for (name, item, about) in TAKEN {
        let bytes = with_item(item);
        vectors.push(Vector::passed(&format!("ok-payload-{name}"), "whole", bytes).note(about));
    }
    vectors.extend(ends());
    vectors
}

/// Bytes too few or too many, in headers and payloads.
fn ends() -> Vec<Vector> {
    let (header, payload) = (Code::HeaderProfile, Code::PayloadProfile);
    [
        ("header-trailing-byte", header, "a byte after the header, inside its byte string"),
        ("header-cut-short", header, "a header without its last byte"),
        ("header-empty", header, "a protected header of no bytes"),
        ("payload-trailing-byte", payload, "a byte after the payload, inside its byte string"),
        ("payload-cut-short", payload, "a payload without its last byte"),
        ("payload-empty", payload, "a payload of no bytes"),
    ]
    .map(|(name, code, about)| {
        let forge = ledger();
        let mut draft = forge.draft(note(&["bug-1"]), &author());
        let part = if code == header { &mut draft.protected } else { &mut draft.payload };
        match name.rsplit_once('-').map(|(_, how)| how) {
            Some("byte") => part.push(0x00),
            Some("short") => drop(part.pop()),
            _ => part.clear(),
        }
        let bytes = with_entry(forge, draft.signed(&author()));
        Vector::failed(name, code, Some(2), bytes).note(about)
    })
    .into()
}

fn in_payload(name: &str, item: &str, about: &str) -> Vector {
    Vector::failed(name, Code::PayloadProfile, Some(2), with_item(item)).note(about)
}

/// Returns a bundle in which a member of the body of entry 2 is that item.
fn with_item(item: &str) -> Vec<u8> {
    let forge = ledger();
    let body = map([("x", bytes(MARKER))]);
    let mut draft =
        forge.changed(note(&["bug-1"]), &author(), |payload| set(payload, "body", body.clone()));
    draft.payload = splice(&draft.payload, MARKER, &hexadecimal(item));
    with_entry(forge, draft.signed(&author()))
}

/// A further label whose value is at fault: the profile comes before the members.
fn in_the_header(name: &str, item: &str, about: &str) -> Vector {
    let forge = ledger();
    let mut extended = header(ORIGIN, "bug-1", &thumbprint(&author()));
    if let Value::Map(members) = &mut extended {
        members.push((16.into(), bytes(MARKER)));
    }
    let draft = Draft {
        protected: splice(&cbor::encode(&extended), MARKER, &hexadecimal(item)),
        ..forge.draft(note(&["bug-1"]), &author())
    };
    let bytes = with_entry(forge, draft.signed(&author()));
    Vector::failed(name, Code::HeaderProfile, Some(2), bytes).note(about)
}

fn hexadecimal(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).expect("an item in hexadecimal")
}
