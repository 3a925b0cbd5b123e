//! `ledger.*`, `sealed`, `seal.*` and `heads`: bodies that FORMAT.md decides and the verifier
//! checks. Here they are only told in one line.

use ciborium::Value;

use super::describe::Described;
use crate::name::Kind;

/// A body of the ledger's own affairs, as it stands in its entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Structural {
    /// Its kind.
    pub kind: Kind,
    /// Its members: a map with text keys.
    pub members: Value,
}

impl Described for Structural {
    fn summary(&self) -> String {
        let body = &self.members;
        let why = text(body, "why").map_or_else(String::new, |why| format!(": {why}"));
        match self.kind.as_str() {
            "ledger.genesis" => {
                let owner = member(body, "owner").and_then(|owner| text(owner, "name"));
                let standing = text(body, "standing").unwrap_or("unknown");
                format!("ledger of {} opened (standing: {standing})", owner.unwrap_or("unknown"))
            }
            "ledger.key" => {
                let action = text(body, "action").unwrap_or("changed");
                let name = member(body, "key").and_then(|key| text(key, "name"));
                format!("key {action}{}{why}", name.map(|n| format!(" ({n})")).unwrap_or_default())
            }
            "ledger.roles" => "table of roles replaced".to_owned(),
            "ledger.closed" => format!("ledger closed{why}"),
            "sealed" => "event sealed".to_owned(),
            "seal.revealed" => format!("sealed values opened: {}", length(body, "disclosures")),
            "seal.shared" => {
                let to = member(body, "to").and_then(Value::as_array);
                let to: Vec<&str> = to.into_iter().flatten().filter_map(Value::as_text).collect();
                format!("opening shared with {}", to.join(", "))
            }
            "seal.erased" => format!("openings destroyed: {}{why}", length(body, "hashes")),
            _ => format!("heads stated of feeds: {}", length(body, "heads")),
        }
    }
}

fn member<'a>(map: &'a Value, name: &str) -> Option<&'a Value> {
    let members = map.as_map()?;
    members.iter().find(|(key, _)| key.as_text() == Some(name)).map(|(_, value)| value)
}

fn text<'a>(map: &'a Value, name: &str) -> Option<&'a str> {
    member(map, name)?.as_text()
}

fn length(map: &Value, name: &str) -> usize {
    match member(map, name) {
        Some(Value::Array(items)) => items.len(),
        Some(Value::Map(members)) => members.len(),
        _ => 0,
    }
}
