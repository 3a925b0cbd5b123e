//! Reading the members of a decoded map one by one, so that none is missed and none is unknown.
//!
//! Values come out of [`crate::cbor::decode`], so keys are text and ascend without repeats.

use std::str::FromStr;

use ciborium::Value;

use crate::fault::{Code, Fault};
use crate::hash::Hash;

/// The result of reading a shape; the fault carries no seq yet.
pub(crate) type Shape<T> = Result<T, Fault>;

/// Returns the fault of a value that is not what it should be.
pub(crate) fn wrong(expected: impl Into<String>, found: impl Into<String>) -> Fault {
    Fault::new(Code::PayloadMembers, expected, found)
}

/// Names the type of a value, for messages.
pub(crate) fn describe(value: &Value) -> String {
    match value {
        Value::Integer(n) => format!("the integer {}", i128::from(*n)),
        Value::Bytes(bytes) => format!("{} bytes", bytes.len()),
        Value::Text(text) => format!("the text {:?}", text.chars().take(60).collect::<String>()),
        Value::Array(items) => format!("an array of {}", items.len()),
        Value::Map(members) => format!("a map of {}", members.len()),
        Value::Bool(b) => b.to_string(),
        Value::Null => "null".to_owned(),
        _ => "a value outside the profile".to_owned(),
    }
}

/// The members of one map that have not been read yet.
pub(crate) struct Members<'a> {
    map: Vec<(&'a str, &'a Value)>,
    place: String,
}

impl<'a> Members<'a> {
    /// Opens the map `value`, which messages call `place`.
    pub(crate) fn of(value: &'a Value, place: &str) -> Shape<Self> {
        let Value::Map(members) = value else {
            return Err(wrong(format!("{}: a map", spoken(place)), describe(value)));
        };
        let map = members.iter().filter_map(|(k, v)| Some((k.as_text()?, v))).collect();
        Ok(Self { map, place: place.to_owned() })
    }

    /// Takes the member `name`, if it is there.
    pub(crate) fn take(&mut self, name: &str) -> Option<&'a Value> {
        let at = self.map.iter().position(|(k, _)| *k == name)?;
        Some(self.map.swap_remove(at).1)
    }

    /// Takes the member `name`, which must be there.
    pub(crate) fn need(&mut self, name: &str) -> Shape<&'a Value> {
        let place = spoken(&self.place);
        let missing = || wrong(format!("{place}: the member {name:?}"), "no such member");
        let at = self.map.iter().position(|(k, _)| *k == name).ok_or_else(missing)?;
        Ok(self.map.swap_remove(at).1)
    }

    /// Returns whether the member `name` is there and not yet taken.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.map.iter().any(|(k, _)| *k == name)
    }

    /// Returns the place of the member `name`, for messages.
    pub(crate) fn place(&self, name: &str) -> String {
        if self.place.is_empty() { name.to_owned() } else { format!("{}.{name}", self.place) }
    }

    /// Takes the text `name`, which must be there and parse.
    pub(crate) fn parsed<T: FromStr<Err: std::fmt::Display>>(&mut self, name: &str) -> Shape<T> {
        let place = self.place(name);
        parse(self.need(name)?, &place)
    }

    /// Takes the text `name`, if it is there, and parses it.
    pub(crate) fn parsed_if<T: FromStr<Err: std::fmt::Display>>(
        &mut self,
        name: &str,
    ) -> Shape<Option<T>> {
        let place = self.place(name);
        self.take(name).map(|value| parse(value, &place)).transpose()
    }

    /// Takes the text `name`, which must be there.
    pub(crate) fn text(&mut self, name: &str) -> Shape<String> {
        let place = self.place(name);
        text(self.need(name)?, &place).map(str::to_owned)
    }

    /// Takes the text `name`, if it is there.
    pub(crate) fn text_if(&mut self, name: &str) -> Shape<Option<String>> {
        let place = self.place(name);
        self.take(name).map(|v| text(v, &place).map(str::to_owned)).transpose()
    }

    /// Takes the digest `name`, which must be there.
    pub(crate) fn hash(&mut self, name: &str) -> Shape<Hash> {
        let place = self.place(name);
        hash(self.need(name)?, &place)
    }

    /// Takes the digest `name`, if it is there.
    pub(crate) fn hash_if(&mut self, name: &str) -> Shape<Option<Hash>> {
        let place = self.place(name);
        self.take(name).map(|value| hash(value, &place)).transpose()
    }

    /// Takes the unsigned integer `name`, which must be there.
    pub(crate) fn uint(&mut self, name: &str) -> Shape<u64> {
        let place = self.place(name);
        uint(self.need(name)?, &place)
    }

    /// Takes the unsigned integer `name`, if it is there.
    pub(crate) fn uint_if(&mut self, name: &str) -> Shape<Option<u64>> {
        let place = self.place(name);
        self.take(name).map(|value| uint(value, &place)).transpose()
    }

    /// Takes the array `name` of `least` to `most` items, which must be there.
    pub(crate) fn array(&mut self, name: &str, least: usize, most: usize) -> Shape<&'a [Value]> {
        let place = self.place(name);
        array(self.need(name)?, &place, least, most)
    }

    /// Ends the reading: a member that nobody took is unknown.
    pub(crate) fn finish(self) -> Shape<()> {
        match self.map.first() {
            None => Ok(()),
            Some((name, _)) => {
                let place = spoken(&self.place);
                let found = format!("the unknown member {name:?}: written by a newer version");
                Err(wrong(format!("{place}: no members but its own"), found))
            }
        }
    }
}

/// Returns what messages call a place; the payload itself has no name of its own.
fn spoken(place: &str) -> &str {
    if place.is_empty() { "the payload" } else { place }
}

/// Returns how many parts a container may have, in words.
fn count(least: usize, most: usize) -> String {
    if most == usize::MAX { format!("at least {least}") } else { format!("{least} to {most}") }
}

/// Returns the text that `value` is.
pub(crate) fn text<'a>(value: &'a Value, place: &str) -> Shape<&'a str> {
    value.as_text().ok_or_else(|| wrong(format!("{place}: text"), describe(value)))
}

/// Returns the unsigned integer that `value` is.
pub(crate) fn uint(value: &Value, place: &str) -> Shape<u64> {
    let integer = value.as_integer().and_then(|n| u64::try_from(n).ok());
    integer.ok_or_else(|| wrong(format!("{place}: an unsigned integer"), describe(value)))
}

/// Returns the digest that `value` is.
pub(crate) fn hash(value: &Value, place: &str) -> Shape<Hash> {
    let digest = value.as_bytes().and_then(|bytes| Hash::from_slice(bytes));
    digest.ok_or_else(|| wrong(format!("{place}: 32 bytes"), describe(value)))
}

/// Returns what the text `value` parses to.
pub(crate) fn parse<T: FromStr<Err: std::fmt::Display>>(value: &Value, place: &str) -> Shape<T> {
    let text = text(value, place)?;
    text.parse()
        .map_err(|e: T::Err| wrong(format!("{place}: a value of its grammar"), e.to_string()))
}

/// Returns the items of the array `value`, of which there are `least` to `most`.
pub(crate) fn array<'a>(
    value: &'a Value,
    place: &str,
    least: usize,
    most: usize,
) -> Shape<&'a [Value]> {
    match value {
        Value::Array(items) if (least..=most).contains(&items.len()) => Ok(items),
        other => {
            let expected = format!("{place}: an array of {}", count(least, most));
            Err(wrong(expected, describe(other)))
        }
    }
}

/// Returns the members of the map `value`, of which there are `least` to `most`.
pub(crate) fn map<'a>(
    value: &'a Value,
    place: &str,
    least: usize,
    most: usize,
) -> Shape<Vec<(&'a str, &'a Value)>> {
    match value {
        Value::Map(members) if (least..=most).contains(&members.len()) => {
            Ok(members.iter().filter_map(|(k, v)| Some((k.as_text()?, v))).collect())
        }
        other => {
            let expected = format!("{place}: a map of {}", count(least, most));
            Err(wrong(expected, describe(other)))
        }
    }
}
