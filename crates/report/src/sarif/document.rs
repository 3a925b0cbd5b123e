//! The members of a log, named as the standard names them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use tally_ledger::hash::Hash;

use super::{Found, Message, Rule, Run};
use crate::text::escaped;

/// Where the schema of a log can be read.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/\
                      sarif-schema-2.1.0.json";

/// The highest status of a run that did all it was asked to.
const RAN_MAX: u8 = 1;

/// A log (§3.13).
#[derive(Serialize)]
pub(super) struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [RunObject<'a>; 1],
}

/// A run (§3.14).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RunObject<'a> {
    tool: Value,
    automation_details: Value,
    invocations: [Value; 1],
    column_kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_encoding: Option<&'static str>,
    results: Vec<ResultObject<'a>>,
    properties: &'a Value,
}

/// A result (§3.27).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultObject<'a> {
    rule_id: &'static str,
    rule_index: usize,
    kind: &'static str,
    level: &'static str,
    message: &'a Message,
    locations: Vec<&'a Location>,
    #[serde(skip_serializing_if = "<[Location]>::is_empty")]
    related_locations: &'a [Location],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    partial_fingerprints: BTreeMap<&'static str, &'a str>,
    // It is there even when it is empty: then the result is known to be accepted by nobody.
    suppressions: Vec<&'a Suppression>,
    properties: &'a Value,
}

/// A place: in a file, at an address, in a ledger (§3.28).
#[derive(Debug, Clone, Default, Serialize)]
pub struct Location {
    #[serde(rename = "physicalLocation", skip_serializing_if = "Option::is_none")]
    physical: Option<Value>,
    #[serde(rename = "logicalLocations", skip_serializing_if = "Vec::is_empty")]
    logical: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
    #[serde(skip_serializing_if = "Value::is_null")]
    properties: Value,
}

/// A part of a text (§3.30). Lines and columns are counted from 1, columns in characters (Unicode
/// scalar values), bytes from 0; the column of the end is that after the last character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Region {
    /// The line of its first character.
    pub start_line: usize,
    /// The column of its first character.
    pub start_column: usize,
    /// The line of its end.
    pub end_line: usize,
    /// The column of its end.
    pub end_column: usize,
    /// The bytes ahead of it.
    pub byte_offset: usize,
    /// The bytes in it.
    pub byte_length: usize,
}

/// That somebody accepts a result (§3.35).
#[derive(Debug, Clone, Serialize)]
pub struct Suppression {
    kind: &'static str,
    status: &'static str,
    justification: String,
    properties: Value,
}

impl Suppression {
    /// Returns that a reviewer of that role accepts it for that reason.
    pub fn by(role: &str, reason: &str) -> Self {
        Self {
            kind: "external",
            status: "accepted",
            justification: escaped(reason),
            properties: json!({ "role": role }),
        }
    }
}

impl Location {
    /// Returns a part of a file. `uri` is a reference by RFC 3986.
    pub fn in_file(uri: &str, region: Region) -> Self {
        let physical = json!({ "artifactLocation": { "uri": uri }, "region": region });
        Self { physical: Some(physical), ..Self::default() }
    }

    /// Returns the place with an address. The text that is there is known by its bytes, the page
    /// around it is not, so it has no region.
    pub(super) fn with_address(mut self, uri: Option<&str>) -> Self {
        self.physical = uri.map(|uri| json!({ "artifactLocation": { "uri": uri } }));
        self
    }

    /// Returns an entry of a ledger: its name for a reader, and its place in which ledger.
    pub(super) fn entry(name: &str, full: &str) -> Self {
        Self::within(json!({
            "name": escaped(name),
            "fullyQualifiedName": escaped(full),
            "kind": "entry",
        }))
    }

    /// Returns the ledger of that name as a whole.
    pub(super) fn ledger(name: &str) -> Self {
        Self::within(json!({ "name": escaped(name), "kind": "ledger" }))
    }

    fn within(place: Value) -> Self {
        Self { logical: vec![place], ..Self::default() }
    }

    /// Returns the entry with the id that it has.
    pub(super) fn with_id(mut self, id: &Hash) -> Self {
        for place in &mut self.logical {
            place["decoratedName"] = id.to_string().into();
        }
        self
    }

    /// Returns the place with what is to be said of it.
    #[must_use]
    pub fn with_message(mut self, message: Message) -> Self {
        self.message = Some(message);
        self
    }

    /// Returns the place with what else is known of it.
    pub(super) fn with_properties(mut self, properties: Value) -> Self {
        self.properties = properties;
        self
    }
}

impl<'a> Log<'a> {
    /// Returns the log of a run.
    pub(super) fn of(run: &'a Run) -> Self {
        let rules: BTreeMap<&str, &Rule> =
            run.found.iter().map(|found| (found.rule.code, &found.rule)).collect();
        let index = |code: &str| rules.keys().position(|known| *known == code).unwrap_or_default();
        let results = run.found.iter().map(|found| result(found, index(found.rule.code)));
        let notices = run
            .notices
            .iter()
            .map(|(level, message)| json!({ "level": level.as_str(), "message": message }));
        let invocation = json!({
            "executionSuccessful": run.exit <= RAN_MAX,
            "exitCode": run.exit,
            "toolExecutionNotifications": notices.collect::<Vec<_>>(),
        });
        let driver = json!({
            "name": "tally",
            "version": env!("CARGO_PKG_VERSION"),
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "informationUri": env!("CARGO_PKG_REPOSITORY"),
            "rules": rules.values().copied().map(descriptor).collect::<Vec<_>>(),
        });
        let run = RunObject {
            tool: json!({ "driver": driver }),
            // What stands before the last slash tells one kind of run from another (§3.17.3).
            automation_details: json!({ "id": format!("tally/{}/", run.command) }),
            invocations: [invocation],
            column_kind: "unicodeCodePoints",
            default_encoding: run.encoding,
            results: results.collect(),
            properties: &run.properties,
        };
        Self { schema: SCHEMA, version: "2.1.0", runs: [run] }
    }
}

fn result(found: &Found, rule_index: usize) -> ResultObject<'_> {
    let fingerprint = found.fingerprint.iter().map(|(name, value)| (*name, value.as_str()));
    ResultObject {
        rule_id: found.rule.code,
        rule_index,
        kind: found.kind.as_str(),
        level: found.kind.level(),
        message: &found.message,
        locations: found.location.iter().collect(),
        related_locations: &found.related,
        partial_fingerprints: fingerprint.collect(),
        suppressions: found.accepted.iter().collect(),
        properties: &found.properties,
    }
}

/// Returns a rule with its page (§3.49).
fn descriptor(rule: &Rule) -> Value {
    json!({
        "id": rule.code,
        "name": identifier(rule.title),
        "shortDescription": Message::of([rule.title]),
        "help": multiformat(rule.page),
        "defaultConfiguration": { "level": rule.level.as_str() },
        "properties": { "tags": [rule.tag] },
    })
}

/// Returns a page as plain text, and as it is: braces are doubled in either (§3.11.5).
fn multiformat(page: &str) -> Value {
    let mut help = json!(Message::of_page(page));
    help["markdown"] = page.replace('{', "{{").replace('}', "}}").into();
    help
}

/// Returns a title as an identifier: `a promise and its time` is `APromiseAndItsTime`.
fn identifier(title: &str) -> String {
    let words = title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words
        .flat_map(|word| {
            let mut chars = word.chars();
            chars.next().into_iter().flat_map(char::to_uppercase).chain(chars)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_becomes_an_identifier() {
        assert_eq!(identifier("a promise and its time"), "APromiseAndItsTime");
        assert_eq!(
            identifier("an open item beside \"all complete\""),
            "AnOpenItemBesideAllComplete"
        );
    }
}
