//! The names of the format: origins, feeds, roles, kinds and patterns (FORMAT.md, "Names and
//! times"). Each type can only hold a name that the grammar allows.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that breaks the grammar of a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not {expected}")]
pub struct NameError {
    /// The text that was found, cut at 80 characters.
    pub found: String,
    /// What the grammar asks for, in words.
    pub expected: &'static str,
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident, $check:path, $expected:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Returns the name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                if $check(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    let found = text.chars().take(80).collect();
                    Err(NameError { found, expected: $expected })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    )*};
}

names! {
    /// The name of a ledger: a C2SP schemeless URL of at most 128 characters.
    Origin, is_origin,
        "an origin such as ledger.ca.example/incidents (a-z 0-9 - _ . and /, at most 128)";
    /// The name of a feed: an incident, or one of `ledger`, `sealed` and `heads`.
    FeedId, is_feed,
        "a feed id (a-z or 0-9 first, then a-z 0-9 . _ -, at most 64)";
    /// The name of a role that a key may hold.
    Role, is_word,
        "a role (a-z first, then a-z 0-9 _, at most 32)";
    /// The kind of an event: one to four words joined by dots.
    Kind, is_kind,
        "a kind such as legal.instrument (one to four words joined by dots, at most 64)";
    /// What a role may sign: a kind, `word.*`, or `*`.
    Pattern, is_pattern,
        "a pattern: a kind, word.*, or *";
}

impl FeedId {
    /// Returns whether the feed is an incident, not one of the three reserved feeds.
    pub fn is_incident(&self) -> bool {
        !matches!(self.as_str(), "ledger" | "sealed" | "heads")
    }

    /// Compares two ids by their encodings, as the feeds of a payload are ordered: the shorter
    /// first, and of the same length by their bytes (RFC 8949 §4.2.1).
    pub fn canonical_order(&self, other: &Self) -> std::cmp::Ordering {
        (self.0.len(), &self.0).cmp(&(other.0.len(), &other.0))
    }
}

impl Kind {
    /// Returns whether the kind belongs to the family `ledger.*`.
    pub fn is_ledger(&self) -> bool {
        self.0.starts_with("ledger.")
    }

    /// Returns the first word, the family.
    pub fn family(&self) -> &str {
        self.0.split('.').next().unwrap_or_default()
    }
}

impl Role {
    /// The role that signs `ledger.*` entries.
    pub const OPERATOR: &'static str = "operator";
    /// The role that signs checkpoints and never an entry.
    pub const CHECKPOINT: &'static str = "checkpoint";

    /// Returns the role `operator`.
    pub fn operator() -> Self {
        Self(Self::OPERATOR.to_owned())
    }

    /// Returns the role `checkpoint`.
    pub fn checkpoint() -> Self {
        Self(Self::CHECKPOINT.to_owned())
    }
}

impl Pattern {
    /// Returns whether the pattern lets a role sign `kind`. No pattern reaches `ledger.*`.
    pub fn covers(&self, kind: &Kind) -> bool {
        if kind.is_ledger() {
            return false;
        }
        match self.0.strip_suffix(".*") {
            Some(word) => kind.0.strip_prefix(word).is_some_and(|rest| rest.starts_with('.')),
            None => self.0 == "*" || self.0 == kind.0,
        }
    }
}

fn is_word(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= 32
        && bytes.next().is_some_and(|b| b.is_ascii_lowercase())
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn is_kind(text: &str) -> bool {
    text.len() <= 64 && text.split('.').count() <= 4 && text.split('.').all(is_word)
}

fn is_pattern(text: &str) -> bool {
    text == "*" || text.strip_suffix(".*").map_or_else(|| is_kind(text), is_word)
}

fn is_feed(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= 64
        && bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
}

fn is_origin(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
    let segment = |s: &str| !s.is_empty() && s != "." && s != ".." && s.bytes().all(allowed);
    let host = text.split('/').next().unwrap_or_default();
    text.len() <= 128 && text.split('/').all(segment) && host.split('.').all(|l| !l.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_grammar_takes_its_names_and_refuses_the_rest() {
        for good in ["ledger.ca.example/incidents", "a", "a-b.c/d_e/f.g"] {
            assert!(good.parse::<Origin>().is_ok(), "{good}");
        }
        for bad in ["", "/a", "a/", "a//b", "a/../b", "a..b", "A", "https://a", &"a".repeat(129)] {
            assert!(bad.parse::<Origin>().is_err(), "{bad}");
        }
        for bad in ["", "a.", ".a", "a.b.c.d.e", "a-b", "1a", &"a".repeat(33)] {
            assert!(bad.parse::<Kind>().is_err(), "{bad}");
        }
        for bad in ["", "-a", "A", "a/b", &"a".repeat(65)] {
            assert!(bad.parse::<FeedId>().is_err(), "{bad}");
        }
        for bad in ["", "a.b.*", ".*", "**", "a*"] {
            assert!(bad.parse::<Pattern>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_pattern_reaches_deeper_kinds_but_neither_its_own_word_nor_the_ledger() {
        let covers = |p: &str, k: &str| p.parse::<Pattern>().unwrap().covers(&k.parse().unwrap());
        assert!(covers("legal.*", "legal.step"));
        assert!(covers("legal.*", "legal.step.more"));
        assert!(!covers("legal.*", "legal"));
        assert!(!covers("legal.*", "legalese.step"));
        assert!(covers("*", "legal"));
        assert!(!covers("*", "ledger.key"));
        assert!(!covers("ledger.key", "ledger.key"));
    }
}
