//! Writing CBOR values down, and changing a part of one.
//!
//! A place in a value is written as a path: `"body.keys.0.roles"` is the member `roles` of the
//! first element of `keys` in `body`, and `""` is the value itself.

use ciborium::Value;
use tally_ledger::hash::Hash;

/// Returns the map with these members.
pub fn map<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Map(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

/// Returns the array of these items.
pub fn list(items: impl IntoIterator<Item = impl Into<Value>>) -> Value {
    Value::Array(items.into_iter().map(Into::into).collect())
}

/// Returns a byte string.
pub fn bytes(content: impl AsRef<[u8]>) -> Value {
    Value::Bytes(content.as_ref().to_vec())
}

/// Returns the byte string of a digest.
pub fn hash(digest: &Hash) -> Value {
    bytes(digest.0)
}

/// Returns the hidden value of that digest.
pub fn hidden(digest: &Hash) -> Value {
    map([("...", hash(digest))])
}

/// Returns the digest of a text, for values that have to be some digest.
pub fn some_hash(text: &str) -> Hash {
    Hash::of(text.as_bytes())
}

/// Returns the part of `value` at `path`.
///
/// # Panics
///
/// Panics if there is none.
pub fn at<'a>(value: &'a mut Value, path: &str) -> &'a mut Value {
    let mut part = value;
    for step in path.split('.').filter(|step| !step.is_empty()) {
        part = match part {
            Value::Map(members) => {
                let found = members.iter_mut().find(|(name, _)| name.as_text() == Some(step));
                &mut found.unwrap_or_else(|| panic!("no member {step:?} of {path:?}")).1
            }
            Value::Array(items) => {
                let index: usize = step.parse().expect("an array has numbered elements");
                &mut items[index]
            }
            _ => panic!("{step:?} of {path:?} is in no container"),
        };
    }
    part
}

/// Sets the member at `path`, which may be new, or the element, which must be there.
///
/// # Panics
///
/// Panics if nothing can stand there.
pub fn set(value: &mut Value, path: &str, new: impl Into<Value>) {
    let (holder, name) = path.rsplit_once('.').unwrap_or(("", path));
    match at(value, holder) {
        Value::Map(members) => {
            members.retain(|(known, _)| known.as_text() != Some(name));
            members.push((name.into(), new.into()));
        }
        other => *at(other, name) = new.into(),
    }
}

/// Removes the member at `path`, which must be there.
///
/// # Panics
///
/// Panics if it is not.
pub fn remove(value: &mut Value, path: &str) {
    let (holder, name) = path.rsplit_once('.').unwrap_or(("", path));
    let Value::Map(members) = at(value, holder) else {
        panic!("{holder:?} is no map");
    };
    let before = members.len();
    members.retain(|(known, _)| known.as_text() != Some(name));
    assert_ne!(members.len(), before, "no member {path:?}");
}
