//! What a body is made of: structs that know the names of their members, and closed or open sets
//! of words.
//!
//! [`members!`] takes a plain struct and adds what every body needs: serde with absent options
//! left out and absent lists empty, and the table [`Known::MEMBERS`]. The form that starts with
//! `open` also adds the field `extra`, which keeps members that this version does not know.

use std::collections::BTreeMap;

use ciborium::Value;
use serde::de::DeserializeOwned;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::decode::{Misfit, described, misfit};
use crate::hash::Hash;
use crate::name::{FeedId, Kind};
use crate::time::When;

/// A member of a body, for messages, checks and documentation.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// Its name.
    pub name: &'static str,
    /// Whether a body without it is not understood.
    pub required: bool,
    /// Its own members, if it is a map of the vocabulary; empty otherwise.
    pub inner: &'static [Member],
    /// Whether it is kept as it stands, hidden values and all.
    pub raw: bool,
}

/// A member that was found where the vocabulary has none of that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// Where it stands, such as `claims[0].sayz`.
    pub member: String,
    /// The nearest name that is known there, if one is near.
    pub nearest: Option<&'static str>,
}

/// A type that stands in a body, and what is known of its members.
pub trait Known: DeserializeOwned {
    /// Its members, in the order of the documentation; none unless it is a map.
    const MEMBERS: &'static [Member] = &[];

    /// Whether it is kept as it stands, hidden values and all.
    const RAW: bool = false;

    /// Returns the first member of `value` that keeps it from being read; `at` is its place.
    fn misfit(value: &Value, at: &str) -> Option<Misfit> {
        value.deserialized::<Self>().err().map(|error| misfit(at, &error))
    }

    /// Adds to `found` the members that the type kept without knowing them; `at` is its place.
    fn unknown(&self, _at: &str, _found: &mut Vec<Unknown>) {}
}

impl Known for Value {
    const RAW: bool = true;
}

impl<T: Known> Known for Option<T> {
    const MEMBERS: &'static [Member] = T::MEMBERS;
    const RAW: bool = T::RAW;

    fn misfit(value: &Value, at: &str) -> Option<Misfit> {
        if value.is_null() { None } else { T::misfit(value, at) }
    }

    fn unknown(&self, at: &str, found: &mut Vec<Unknown>) {
        if let Some(value) = self {
            value.unknown(at, found);
        }
    }
}

impl<T: Known> Known for Vec<T> {
    const MEMBERS: &'static [Member] = T::MEMBERS;

    fn misfit(value: &Value, at: &str) -> Option<Misfit> {
        let Value::Array(items) = value else {
            return Some(not_a("list", value, at));
        };
        let mut items = items.iter().enumerate();
        items.find_map(|(index, item)| T::misfit(item, &format!("{at}[{index}]")))
    }

    fn unknown(&self, at: &str, found: &mut Vec<Unknown>) {
        for (index, value) in self.iter().enumerate() {
            value.unknown(&format!("{at}[{index}]"), found);
        }
    }
}

impl<T: Known> Known for Box<T> {
    const MEMBERS: &'static [Member] = T::MEMBERS;

    fn misfit(value: &Value, at: &str) -> Option<Misfit> {
        T::misfit(value, at)
    }

    fn unknown(&self, at: &str, found: &mut Vec<Unknown>) {
        (**self).unknown(at, found);
    }
}

/// Marks types that are no maps of the vocabulary.
macro_rules! leaves {
    ($($name:ty),* $(,)?) => {$( impl Known for $name {} )*};
}

leaves![String, u64, bool, [u64; 2], Hash, FeedId, Kind, When,];

/// Declares a struct of members: `open` keeps unknown members in `extra`, `closed` has none.
macro_rules! members {
    ($(#[$meta:meta])* open $vis:vis struct $name:ident { $($fields:tt)* }) => {
        $crate::vocabulary::members::members! { @field
            { $(#[$meta])* $vis $name }
            {
                /// The members that this version of the vocabulary does not know.
                #[serde(
                    flatten,
                    serialize_with = "crate::vocabulary::members::serialize_extra"
                )]
                pub extra: std::collections::BTreeMap<String, ciborium::Value>,
            }
            { extra }
            {} {}
            $($fields)*
        }
    };
    ($(#[$meta:meta])* closed $vis:vis struct $name:ident { $($fields:tt)* }) => {
        $crate::vocabulary::members::members! { @field
            { $(#[$meta])* $vis $name } {} {} {} {} $($fields)*
        }
    };
    (@field $head:tt $extra:tt $kept:tt { $($done:tt)* } { $($row:tt)* }
        $(#[$meta:meta])* pub $field:ident: Option<$type:ty>, $($rest:tt)*
    ) => {
        $crate::vocabulary::members::members! { @field $head $extra $kept
            {
                $($done)*
                $(#[$meta])*
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $field: Option<$type>,
            }
            { $($row)* ($field, Option<$type>, false) }
            $($rest)*
        }
    };
    (@field $head:tt $extra:tt $kept:tt { $($done:tt)* } { $($row:tt)* }
        $(#[$meta:meta])* pub $field:ident: Vec<$type:ty>, $($rest:tt)*
    ) => {
        $crate::vocabulary::members::members! { @field $head $extra $kept
            {
                $($done)*
                $(#[$meta])*
                #[serde(default, skip_serializing_if = "Vec::is_empty")]
                pub $field: Vec<$type>,
            }
            { $($row)* ($field, Vec<$type>, false) }
            $($rest)*
        }
    };
    (@field $head:tt $extra:tt $kept:tt { $($done:tt)* } { $($row:tt)* }
        $(#[$meta:meta])* pub $field:ident: $type:ty, $($rest:tt)*
    ) => {
        $crate::vocabulary::members::members! { @field $head $extra $kept
            { $($done)* $(#[$meta])* pub $field: $type, }
            { $($row)* ($field, $type, true) }
            $($rest)*
        }
    };
    (@field
        { $(#[$meta:meta])* $vis:vis $name:ident }
        { $($extra:tt)* }
        { $($kept:ident)? }
        { $($done:tt)* }
        { $(($field:ident, $type:ty, $required:literal))* }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        $vis struct $name { $($done)* $($extra)* }

        impl $crate::vocabulary::members::Known for $name {
            const MEMBERS: &'static [$crate::vocabulary::members::Member] = &[
                $($crate::vocabulary::members::Member {
                    name: $crate::vocabulary::members::name(stringify!($field)),
                    required: $required,
                    inner: <$type as $crate::vocabulary::members::Known>::MEMBERS,
                    raw: <$type as $crate::vocabulary::members::Known>::RAW,
                },)*
            ];

            fn misfit(
                value: &ciborium::Value,
                at: &str,
            ) -> Option<$crate::vocabulary::decode::Misfit> {
                use $crate::vocabulary::members as of;
                of::no_map(value, at)
                    $(.or_else(|| of::member_misfit::<$type>(
                        value,
                        of::name(stringify!($field)),
                        $required,
                        at,
                    )))*
            }

            fn unknown(&self, at: &str, found: &mut Vec<$crate::vocabulary::members::Unknown>) {
                use $crate::vocabulary::members as of;
                $(of::Known::unknown(
                    &self.$field,
                    &of::place(at, of::name(stringify!($field))),
                    found,
                );)*
                $(of::strays(&self.$kept, Self::MEMBERS, at, found);)?
            }
        }
    };
}
pub(crate) use members;

/// Declares a set of words: `closed`, or `open` to other words of the form `[a-z][a-z0-9_]*`.
macro_rules! words {
    ($(#[$meta:meta])* closed $name:ident {
        $($(#[$doc:meta])* $word:ident = $text:literal,)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$doc])* $word,)* }

        $crate::vocabulary::members::words! { @both $name { $($word = $text,)* } }

        impl $name {
            /// Returns the word as it is written.
            pub fn as_str(&self) -> &str {
                match self { $(Self::$word => $text,)* }
            }

            fn other(text: &str) -> Result<Self, String> {
                Err($crate::vocabulary::members::not_a_word(text, Self::WORDS, "one of"))
            }
        }
    };
    ($(#[$meta:meta])* open $name:ident {
        $($(#[$doc:meta])* $word:ident = $text:literal,)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$doc])* $word,)*
            /// Another word of the form `[a-z][a-z0-9_]*`.
            Other(String),
        }

        $crate::vocabulary::members::words! { @both $name { $($word = $text,)* } }

        impl $name {
            /// Returns the word as it is written.
            pub fn as_str(&self) -> &str {
                match self { $(Self::$word => $text,)* Self::Other(text) => text }
            }

            fn other(text: &str) -> Result<Self, String> {
                if text.parse::<$crate::name::Role>().is_ok() {
                    return Ok(Self::Other(text.to_owned()));
                }
                let expected = "a word of a-z 0-9 _, such as";
                Err($crate::vocabulary::members::not_a_word(text, Self::WORDS, expected))
            }
        }
    };
    (@both $name:ident { $($word:ident = $text:literal,)* }) => {
        impl $name {
            /// The words that the vocabulary names.
            pub const WORDS: &'static [&'static str] = &[$($text),*];
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.as_str().replace('_', " "))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                match text.as_str() {
                    $($text => Ok(Self::$word),)*
                    other => Self::other(other).map_err(serde::de::Error::custom),
                }
            }
        }

        impl $crate::vocabulary::members::Known for $name {}
    };
}
pub(crate) use words;

/// Returns the message for a word outside its set.
pub(crate) fn not_a_word(text: &str, words: &[&str], expected: &str) -> String {
    let found: String = text.chars().take(80).collect();
    let words: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    format!("expected {expected} {}, found {found:?}", words.join(", "))
}

/// Returns the name of a member from the name of its field, which may be a raw identifier.
pub(crate) const fn name(field: &'static str) -> &'static str {
    let bytes = field.as_bytes();
    if bytes.len() > 2 && bytes[0] == b'r' && bytes[1] == b'#' {
        field.split_at(2).1
    } else {
        field
    }
}

/// Returns the place of the member `name` of the map at `at`; the root is the empty text.
pub(crate) fn place(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}

/// Returns the misfit of what should be a map of members and is not.
pub(crate) fn no_map(value: &Value, at: &str) -> Option<Misfit> {
    (!value.is_map()).then(|| not_a("map of named members", value, at))
}

/// Returns the misfit of the member `name` of the map `value`, whose place is `at`.
pub(crate) fn member_misfit<T: Known>(
    value: &Value,
    name: &str,
    required: bool,
    at: &str,
) -> Option<Misfit> {
    let members = value.as_map()?;
    let at = place(at, name);
    match members.iter().find(|(key, _)| key.as_text() == Some(name)) {
        Some((_, value)) => T::misfit(value, &at),
        None => required
            .then(|| Misfit { member: at, problem: "required member is missing".to_owned() }),
    }
}

fn not_a(expected: &str, value: &Value, at: &str) -> Misfit {
    let problem = format!("expected a {expected}, found {}", described(value));
    Misfit { member: at.to_owned(), problem }
}

/// Adds to `found` every member of `extra`, with the nearest of the names that `known` has.
pub(crate) fn strays(
    extra: &BTreeMap<String, Value>,
    known: &[Member],
    at: &str,
    found: &mut Vec<Unknown>,
) {
    found.extend(extra.keys().map(|name| Unknown {
        member: place(at, name),
        nearest: nearest(name, known.iter().map(|member| member.name)),
    }));
}

/// Returns the candidate that the fewest edits turn `text` into, if a third of its letters suffice.
pub(crate) fn nearest<'a>(
    text: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let few = (text.chars().count() / 3).max(2);
    candidates
        .map(|candidate| (edits(text, candidate), candidate))
        .filter(|(edits, _)| *edits <= few)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Returns how many letters must be put in, left out or replaced to turn `a` into `b`.
fn edits(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (line, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, y) in b.chars().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[row.len() - 1]
}

/// Serialises unknown members: as they are in CBOR, with bytes as hexadecimal digits in JSON.
pub(crate) fn serialize_extra<S: Serializer>(
    extra: &BTreeMap<String, Value>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(extra.len()))?;
    for (name, value) in extra {
        map.serialize_entry(name, &Shown(value))?;
    }
    map.end()
}

/// Serialises a value of no known type: as it is in CBOR, with bytes as hexadecimal in JSON.
#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
pub(crate) fn serialize_value<S: Serializer>(
    value: &Option<Value>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    value.as_ref().map(Shown).serialize(serializer)
}

/// A value of no known type, as it is serialised for people: bytes as hexadecimal digits.
pub(crate) struct Shown<'a>(pub(crate) &'a Value);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return self.0.serialize(serializer);
        }
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(truth) => serializer.serialize_bool(*truth),
            Value::Integer(number) => match i64::try_from(*number) {
                Ok(number) => serializer.serialize_i64(number),
                Err(_) => serializer.collect_str(&i128::from(*number)),
            },
            Value::Text(text) => serializer.serialize_str(text),
            Value::Bytes(bytes) => serializer.serialize_str(&hex::encode(bytes)),
            Value::Array(items) => serializer.collect_seq(items.iter().map(Shown)),
            Value::Map(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    match name.as_text() {
                        Some(name) => map.serialize_entry(name, &Shown(value))?,
                        None => map.serialize_entry(&format!("{name:?}"), &Shown(value))?,
                    }
                }
                map.end()
            }
            outside_the_profile => serializer.collect_str(&format!("{outside_the_profile:?}")),
        }
    }
}
