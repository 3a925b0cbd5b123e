//! JSON from strangers: read whole, within limits, and with no member named twice.
//!
//! Two readers of one text must see the same; of a member that stands twice one would take the
//! first and another the last, so such a text is refused.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// The deepest nesting of lists and objects.
pub const DEPTH_MAX: usize = 32;
/// The most values in one text, members and items counted alike.
pub const VALUES_MAX: usize = 2_000_000;

/// Why a text is not JSON that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {reason}")]
pub struct JsonError {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in bytes, counted from 1.
    pub column: usize,
    /// What is wrong there.
    pub reason: String,
}

/// Reads one JSON value that fills `bytes`.
///
/// # Errors
///
/// Fails if the bytes are not JSON, if a member stands twice in one object, and beyond
/// [`DEPTH_MAX`] and [`VALUES_MAX`].
pub fn read(bytes: &[u8]) -> Result<Value, JsonError> {
    let left = Cell::new(VALUES_MAX);
    // Some programs begin a file of UTF-8 with its byte order mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { left: &left, depth: 0 }.deserialize(&mut reader).map_err(|e| error(&e))?;
    reader.end().map_err(|e| error(&e))?;
    Ok(value)
}

fn error(error: &serde_json::Error) -> JsonError {
    let text = error.to_string();
    // The place stands in members of its own.
    let reason = text.rsplit_once(" at line ").map_or(&*text, |(reason, _)| reason);
    JsonError { line: error.line(), column: error.column(), reason: reason.to_owned() }
}

/// Reads one value; `left` counts down over the whole text.
#[derive(Clone, Copy)]
struct Strict<'a> {
    left: &'a Cell<usize>,
    depth: usize,
}

impl Strict<'_> {
    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return Err(E::custom(format!("nested more than {DEPTH_MAX} deep")));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.left.get().checked_sub(1) {
            Some(left) => self.left.set(left),
            None => return Err(D::Error::custom(format!("more than {VALUES_MAX} values"))),
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                let name: String = name.chars().take(80).collect();
                return Err(A::Error::custom(format!("the member {name:?} stands twice")));
            }
            let value = members.next_value_seed(inner)?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_serde_json_reads_is_read_alike() {
        let text = r#"{"a":[1,-2,3.5,true,null,"x\n\u00e9"],"b":{}}"#;
        assert_eq!(read(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn a_byte_order_mark_before_the_text_is_not_part_of_it() {
        assert_eq!(read(b"\xef\xbb\xbf{}").unwrap(), read(b"{}").unwrap());
        assert!(read(b"{\xef\xbb\xbf}").is_err());
    }

    #[test]
    fn a_member_that_stands_twice_is_refused_with_its_place() {
        let error = read(b"{\"a\": 1,\n \"b\": {\"c\": 1, \"c\": 2}}").unwrap_err();
        assert_eq!((error.line, error.reason.as_str()), (2, "the member \"c\" stands twice"));
        assert!(read(b"[{\"c\": 1}, {\"c\": 2}]").is_ok(), "in two objects it may");
    }

    #[test]
    fn depth_number_and_rest_are_limited() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(nested(DEPTH_MAX).as_bytes()).is_ok());
        assert!(read(nested(DEPTH_MAX + 1).as_bytes()).unwrap_err().reason.contains("32 deep"));
        assert!(read("[".repeat(1_000_000).as_bytes()).is_err());
        let many = format!("[{}0]", "0,".repeat(VALUES_MAX - 2));
        assert!(read(many.as_bytes()).is_ok());
        let more = format!("[{}0]", "0,".repeat(VALUES_MAX - 1));
        assert!(read(more.as_bytes()).unwrap_err().reason.contains("more than 2000000 values"));
        assert!(read(b"{} {}").is_err());
        assert!(read(b"").is_err());
        assert!(read(b"\"\xff\"").is_err());
    }
}
