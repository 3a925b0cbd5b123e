//! From a value to a typed body, and the words for what does not fit.

use ciborium::Value;

use super::members::{Known, Member, place};
use crate::cbor::INTEGER_MAX;
use crate::payload::{each_hidden, hidden};

/// Why a body is not understood. Its entry verifies all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotUnderstood {
    /// The vocabulary has no such kind.
    #[error("kind {kind:?} is not in this version of the vocabulary{}", meant(*nearest))]
    Kind {
        /// The kind.
        kind: String,
        /// The nearest kind that is known, if one is near.
        nearest: Option<&'static str>,
    },
    /// The body is no map with text keys.
    #[error("body: expected a map of named members, found {found}")]
    Map {
        /// What it is.
        found: &'static str,
    },
    /// A required member is hidden, in whole or in a part that it needs.
    #[error("{member}: required member is hidden until it is opened")]
    Hidden {
        /// Its name.
        member: &'static str,
    },
    /// A member does not fit.
    #[error(transparent)]
    Member(#[from] Misfit),
}

/// A member that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{member}: {problem}")]
pub struct Misfit {
    /// Where it stands, such as `claims[0].due`.
    pub member: String,
    /// What was expected and what was found.
    pub problem: String,
}

/// Returns the words that offer a near name.
pub(crate) fn meant(nearest: Option<&'static str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; is {name:?} meant?"))
}

/// Returns the members of a body.
pub(crate) fn as_members(body: &Value) -> Result<&[(Value, Value)], NotUnderstood> {
    match body {
        Value::Map(members) if members.iter().all(|(name, _)| name.is_text()) => Ok(members),
        Value::Map(_) => Err(NotUnderstood::Map { found: "a map whose keys are not all text" }),
        other => Err(NotUnderstood::Map { found: described(other) }),
    }
}

pub(crate) fn described(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Integer(_) => "an integer",
        Value::Float(_) => "a fraction",
        Value::Bytes(_) => "bytes",
        Value::Text(_) => "text",
        Value::Array(_) => "a list",
        Value::Map(_) => "a map",
        _ => "something else",
    }
}

/// Returns the members without what is hidden, and adds the places of that to `taken`.
///
/// Where a map has only optional members hidden, it stays with the others; a list that holds a
/// hidden value is taken out whole, so that the positions in it keep their meaning. A raw member
/// keeps its hidden values.
pub(crate) fn without_hidden(
    members: &[(Value, Value)],
    known: &[Member],
    at: &str,
    taken: &mut Vec<String>,
) -> Vec<(Value, Value)> {
    let keep = |(name, value): &(Value, Value)| {
        let mut holds = false;
        each_hidden(value, &mut |_| holds = true);
        if !holds {
            return Some((name.clone(), value.clone()));
        }
        let text = name.as_text().unwrap_or_default();
        let here = place(at, text);
        let member = known.iter().find(|member| member.name == text);
        if let (Value::Map(inner), Some(member), None) = (value, member, hidden(value)) {
            let mut below = Vec::new();
            let kept = if member.raw {
                inner.clone()
            } else {
                without_hidden(inner, member.inner, &here, &mut below)
            };
            let whole = |m: &Member| !m.required || kept.iter().any(|(n, _)| n == &m.name.into());
            if !kept.is_empty() && member.inner.iter().all(whole) {
                taken.append(&mut below);
                return Some((name.clone(), Value::Map(kept)));
            }
        }
        taken.push(here);
        None
    };
    members.iter().filter_map(keep).collect()
}

/// Reads a body, whose members are all in clear, as a `T`.
///
/// # Errors
///
/// Fails if a required member is missing, or hidden, or a member does not fit.
pub(crate) fn read<T: Known>(body: &Value, taken: &[String]) -> Result<T, NotUnderstood> {
    for Member { name, required, .. } in T::MEMBERS {
        if *required && taken.iter().any(|place| place == name) {
            return Err(NotUnderstood::Hidden { member: name });
        }
    }
    body.deserialized().map_err(|error| {
        let fallback = || misfit("body", &error);
        T::misfit(body, "").unwrap_or_else(fallback).into()
    })
}

/// Returns the member at `at` that serde could not read.
pub(crate) fn misfit(at: &str, error: &ciborium::value::Error) -> Misfit {
    let ciborium::value::Error::Custom(problem) = error;
    Misfit { member: at.to_owned(), problem: in_plain_words(problem) }
}

/// Returns what serde says of a problem in the words of the vocabulary's page, expected first.
fn in_plain_words(problem: &str) -> String {
    if problem.starts_with("data did not match any variant") {
        return "expected a time, such as 2026-01-31T12:00Z".to_owned();
    }
    let Some((found, expected)) = problem.split_once(", expected ") else {
        return problem.to_owned();
    };
    let prefixes = ["invalid type: ", "invalid value: ", "unknown variant "];
    let Some(found) = prefixes.iter().find_map(|prefix| found.strip_prefix(prefix)) else {
        return problem.to_owned();
    };
    let expected = match expected {
        "str" | "string" | "a string" => "text",
        "u64" | "(big)int" => "an integer from 0",
        "bool" | "boolean" | "a boolean" => "true or false",
        "an array of length 2" => "[start, end]",
        other => other,
    };
    let found = found.replacen("string", "text", 1).replacen("sequence", "a list", 1);
    format!("expected {expected}, found {found}")
}

/// Returns the place of the first number in `value` that no entry can hold, and what it is.
pub(crate) fn number_out_of_range(value: &Value, at: &str) -> Option<(String, String)> {
    match value {
        Value::Float(number) => Some((at.to_owned(), number.to_string())),
        Value::Integer(number) => {
            let number = i128::from(*number);
            (number.unsigned_abs() > u128::from(INTEGER_MAX))
                .then(|| (at.to_owned(), number.to_string()))
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| number_out_of_range(item, &format!("{at}[{index}]"))),
        Value::Map(members) => members.iter().find_map(|(name, item)| {
            number_out_of_range(item, &place(at, name.as_text().unwrap_or_default()))
        }),
        _ => None,
    }
}
