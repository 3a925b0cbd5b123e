//! The CBOR profile: deterministic encoding of RFC 8949 §4.2.1, narrowed (FORMAT.md, "CBOR
//! profile").
//!
//! [`check`] scans bytes without allocating and refuses everything but the one canonical encoding.
//! [`encode`] produces that encoding. Decoding and encoding again would miss non-canonical forms
//! inside byte strings, so every container is checked on its own bytes.

use ciborium::Value;

/// The level of nesting at which a container is refused; the root container is level 1.
pub const DEPTH_REFUSED: usize = 17;
/// The largest magnitude of an integer: 2^53 − 1, which every language holds exactly.
pub const INTEGER_MAX: u64 = (1 << 53) - 1;

/// What keys of maps may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// Text, as in payloads, disclosures and the items of bundles.
    Text,
    /// Integers, as in COSE headers.
    Integer,
}

/// Where and how bytes break the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{rule} at byte {offset}")]
pub struct ProfileError {
    /// The offset of the first byte of the item at fault, from the start of the bytes checked.
    pub offset: usize,
    /// What is wrong.
    pub rule: ProfileRule,
}

/// A rule of the profile that bytes can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProfileRule {
    /// The bytes end inside an item.
    #[error("the item is cut short")]
    Truncated,
    /// Bytes follow the item.
    #[error("bytes follow the item")]
    Trailing,
    /// An integer or length is not in its shortest form.
    #[error("a length or integer is not in its shortest form")]
    NotShortest,
    /// An integer lies outside ±(2^53 − 1).
    #[error("an integer is beyond 2^53 - 1")]
    IntegerRange,
    /// An item of indefinite length.
    #[error("an item has an indefinite length")]
    Indefinite,
    /// A tag.
    #[error("a tag is not allowed here")]
    Tag,
    /// A float, `undefined` or another simple value.
    #[error("a float or simple value other than false, true and null")]
    Simple,
    /// Text that is not UTF-8.
    #[error("text is not UTF-8")]
    Utf8,
    /// A map key of the wrong type.
    #[error("a map key has the wrong type")]
    KeyType,
    /// Map keys that do not strictly ascend: unsorted or repeated.
    #[error("map keys do not strictly ascend")]
    KeyOrder,
    /// Containers nested 17 deep.
    #[error("containers are nested more than 16 deep")]
    Depth,
}

/// Checks that `bytes` are exactly one item of the profile.
///
/// # Errors
///
/// Returns the first place, reading from the start, where the profile is broken.
pub fn check(bytes: &[u8], keys: Keys) -> Result<(), ProfileError> {
    let mut scanner = Scanner { bytes, at: 0, keys };
    scanner.item(1)?;
    if scanner.at == bytes.len() {
        Ok(())
    } else {
        Err(ProfileError { offset: scanner.at, rule: ProfileRule::Trailing })
    }
}

/// Checks that `bytes` begin with one item of the profile and returns its length in bytes.
///
/// # Errors
///
/// As [`check`], except that bytes may follow.
pub fn check_prefix(bytes: &[u8], keys: Keys) -> Result<usize, ProfileError> {
    let mut scanner = Scanner { bytes, at: 0, keys };
    scanner.item(1)?;
    Ok(scanner.at)
}

/// Decodes one item after checking it against the profile, with text keys.
///
/// # Errors
///
/// As [`check`].
pub fn decode(bytes: &[u8]) -> Result<Value, ProfileError> {
    check(bytes, Keys::Text)?;
    // The profile is narrower than what the decoder takes, so this cannot fail after the check.
    ciborium::from_reader(bytes)
        .map_err(|_| ProfileError { offset: 0, rule: ProfileRule::Truncated })
}

/// Returns the canonical encoding of `value`.
///
/// Map keys are sorted by their encodings. Values outside the profile (floats, tags, integers
/// beyond 2^53 − 1, repeated keys) come out as they are and fail [`check`].
///
/// # Panics
///
/// Never: writing to a `Vec` cannot fail.
pub fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(&sorted(value), &mut bytes).expect("writing to a Vec cannot fail");
    bytes
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        Value::Map(members) => {
            let mut members: Vec<_> =
                members.iter().map(|(k, v)| (encode(k), sorted(k), sorted(v))).collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Map(members.into_iter().map(|(_, k, v)| (k, v)).collect())
        }
        other => other.clone(),
    }
}

/// The head of an item: major type, argument, and the length of the head in bytes.
///
/// # Errors
///
/// Fails if the head is cut short, not in its shortest form, or of indefinite length.
pub fn head(bytes: &[u8]) -> Result<(u8, u64, usize), ProfileRule> {
    let first = *bytes.first().ok_or(ProfileRule::Truncated)?;
    let (major, low) = (first >> 5, first & 0x1f);
    if low < 24 {
        return Ok((major, u64::from(low), 1));
    }
    if low == 31 && major != 7 {
        return Err(ProfileRule::Indefinite);
    }
    if low > 27 {
        return Err(if major == 7 { ProfileRule::Simple } else { ProfileRule::NotShortest });
    }
    let length = 1 << (low - 24);
    let argument = bytes.get(1..=length).ok_or(ProfileRule::Truncated)?;
    let value = argument.iter().fold(0, |sum, b| sum << 8 | u64::from(*b));
    let least = [24, 1 << 8, 1 << 16, 1 << 32][usize::from(low - 24)];
    if value < least && major != 7 {
        return Err(ProfileRule::NotShortest);
    }
    Ok((major, value, 1 + length))
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    keys: Keys,
}

impl Scanner<'_> {
    fn item(&mut self, depth: usize) -> Result<(), ProfileError> {
        let start = self.at;
        let fail = |rule| Err(ProfileError { offset: start, rule });
        let (major, argument, length) = match head(&self.bytes[start..]) {
            Ok(head) => head,
            Err(rule) => return fail(rule),
        };
        self.at += length;
        if matches!(major, 4 | 5) && depth >= DEPTH_REFUSED {
            return fail(ProfileRule::Depth);
        }
        match major {
            // A negative integer is −1 − argument: −(2^53 − 1) has the argument 2^53 − 2.
            0 if argument > INTEGER_MAX => fail(ProfileRule::IntegerRange),
            1 if argument >= INTEGER_MAX => fail(ProfileRule::IntegerRange),
            0 | 1 => Ok(()),
            2 | 3 => {
                let end = usize::try_from(argument).ok().and_then(|n| self.at.checked_add(n));
                let Some(content) = end.and_then(|end| self.bytes.get(self.at..end)) else {
                    return fail(ProfileRule::Truncated);
                };
                if major == 3 && std::str::from_utf8(content).is_err() {
                    return fail(ProfileRule::Utf8);
                }
                self.at += content.len();
                Ok(())
            }
            4 => (0..argument).try_for_each(|_| self.item(depth + 1)),
            5 => self.members(argument, depth),
            6 => fail(ProfileRule::Tag),
            _ if length == 1 && (20..=22).contains(&argument) => Ok(()),
            _ => fail(ProfileRule::Simple),
        }
    }

    fn members(&mut self, count: u64, depth: usize) -> Result<(), ProfileError> {
        let mut previous: &[u8] = &[];
        let bytes = self.bytes;
        for _ in 0..count {
            let start = self.at;
            let text = match bytes.get(start) {
                None => {
                    return Err(ProfileError { offset: start, rule: ProfileRule::Truncated });
                }
                Some(first) => match first >> 5 {
                    3 => true,
                    0 | 1 => false,
                    _ => {
                        return Err(ProfileError { offset: start, rule: ProfileRule::KeyType });
                    }
                },
            };
            if text != (self.keys == Keys::Text) {
                return Err(ProfileError { offset: start, rule: ProfileRule::KeyType });
            }
            self.item(depth + 1)?;
            let key = &bytes[start..self.at];
            if key <= previous {
                return Err(ProfileError { offset: start, rule: ProfileRule::KeyOrder });
            }
            previous = key;
            self.item(depth + 1)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_rule_of_the_profile_is_named_with_its_offset() {
        use ProfileRule as R;
        let deep = |n: usize| [vec![0x81; n], vec![0x00]].concat();
        for (bytes, offset, rule) in [
            (vec![], 0, R::Truncated),
            (vec![0x41], 0, R::Truncated),
            (vec![0x82, 0x00], 2, R::Truncated),
            (vec![0x00, 0x00], 1, R::Trailing),
            (vec![0x18, 0x17], 0, R::NotShortest),
            (vec![0x81, 0x19, 0x00, 0xff], 1, R::NotShortest),
            (vec![0x1c], 0, R::NotShortest),
            (vec![0x58, 0x01, 0x00], 0, R::NotShortest),
            (vec![0x1b, 0x00, 0x20, 0, 0, 0, 0, 0, 0], 0, R::IntegerRange),
            (vec![0x3b, 0x00, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 0, R::IntegerRange),
            (vec![0x9f, 0xff], 0, R::Indefinite),
            (vec![0x81, 0xc1, 0x00], 1, R::Tag),
            (vec![0xf9, 0x00, 0x00], 0, R::Simple),
            (vec![0xf7], 0, R::Simple),
            (vec![0xf8, 0x14], 0, R::Simple),
            (vec![0xff], 0, R::Simple),
            (vec![0x61, 0xff], 0, R::Utf8),
            (vec![0xa1, 0x00, 0x00], 1, R::KeyType),
            (vec![0xa1, 0x41, 0x61, 0x00], 1, R::KeyType),
            (vec![0xa2, 0x61, 0x62, 0x00, 0x61, 0x61, 0x00], 4, R::KeyOrder),
            (vec![0xa2, 0x61, 0x61, 0x00, 0x61, 0x61, 0x00], 4, R::KeyOrder),
            (deep(17), 16, R::Depth),
            (vec![0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 9, R::Truncated),
        ] {
            let found = check(&bytes, Keys::Text);
            assert_eq!(found, Err(ProfileError { offset, rule }), "{}", hex::encode(&bytes));
        }
        assert_eq!(check(&deep(16), Keys::Text), Ok(()));
        let largest = [0x1b, 0x00, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(check(&largest, Keys::Text), Ok(()));
        let least = [0x3b, 0x00, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe];
        assert_eq!(check(&least, Keys::Text), Ok(()));
        assert_eq!(check(&[0xa1, 0x01, 0x20], Keys::Integer), Ok(()));
        assert!(check(&[0xa1, 0x61, 0x61, 0x00], Keys::Integer).is_err());
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            (-(1i64 << 53) + 1..1 << 53).prop_map(Value::from),
            any::<bool>().prop_map(Value::Bool),
            Just(Value::Null),
            ".{0,8}".prop_map(Value::Text),
            prop::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
        ];
        leaf.prop_recursive(4, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::Array),
                prop::collection::btree_map(".{0,8}", inner, 0..8).prop_map(|members| {
                    Value::Map(members.into_iter().map(|(k, v)| (Value::Text(k), v)).collect())
                }),
            ]
        })
    }

    proptest! {
        /// Whatever is encoded passes the check and decodes to itself.
        #[test]
        fn the_encoder_writes_what_the_scanner_takes(value in value()) {
            let bytes = encode(&value);
            prop_assert_eq!(check(&bytes, Keys::Text), Ok(()));
            prop_assert_eq!(encode(&decode(&bytes).unwrap()), bytes);
        }

        /// Whatever the scanner takes is the one encoding of what it denotes.
        #[test]
        fn the_scanner_takes_only_canonical_bytes(
            value in value(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
        ) {
            let mut bytes = encode(&value);
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if check(&bytes, Keys::Text).is_ok() {
                let value: Value = ciborium::from_reader(&bytes[..]).unwrap();
                prop_assert_eq!(encode(&value), bytes);
            }
        }

        /// No bytes make the scanner panic.
        #[test]
        fn the_scanner_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = check(&bytes, Keys::Integer);
        }
    }
}
