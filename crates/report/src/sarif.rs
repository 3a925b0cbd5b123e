//! Results as SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format"), the form that
//! editors and code hosts read. The numbers of sections below are those of that standard.
//!
//! What comes out of a ledger, a statement or a draft is hostile text. A message of SARIF may hold
//! placeholders and links (§3.11): every message is a [`Message`], in which a quoted text has
//! neither. Addresses are given only if they are plain.

mod document;
mod findings;
mod message;

use serde_json::Value;

pub use document::{Location, Region, Suppression};
pub use findings::{Held, held, kind, rule};
pub use message::Message;

/// How much a problem weighs (§3.27.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// A serious problem.
    Error,
    /// A problem.
    Warning,
    /// A minor problem.
    Note,
}

impl Level {
    fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// What a result is (§3.27.9). Only a problem has a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Looked at, and no problem found.
    Pass,
    /// What there is does not decide it.
    Open,
    /// Something to know that is no problem.
    Informational,
    /// For a person to decide.
    Review,
    /// A problem.
    Fail(Level),
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Open => "open",
            Self::Informational => "informational",
            Self::Review => "review",
            Self::Fail(_) => "fail",
        }
    }

    fn level(self) -> &'static str {
        match self {
            Self::Fail(level) => level.as_str(),
            _ => "none",
        }
    }
}

/// A rule, check or step of verification that a result comes from.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its code.
    pub code: &'static str,
    /// Its title, a few words.
    pub title: &'static str,
    /// Its page, in Markdown.
    pub page: &'static str,
    /// How much a problem under it weighs.
    pub level: Level,
    /// What it is about, in one word.
    pub tag: &'static str,
}

/// Something that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// What found it.
    pub rule: Rule,
    /// What it is.
    pub kind: Kind,
    /// What is the matter.
    pub message: Message,
    /// Where it is; one place, if any is known.
    pub location: Option<Location>,
    /// Further places that bear on it.
    pub related: Vec<Location>,
    /// A name that survives a rerun, and what sort of name it is.
    pub fingerprint: Option<(&'static str, String)>,
    /// Who accepts it, and why.
    pub accepted: Option<Suppression>,
    /// What else is known, for programs.
    pub properties: Value,
}

/// One run of a command.
#[derive(Debug, Clone)]
pub struct Run {
    /// The name of the command.
    pub command: &'static str,
    /// The status that it exits with.
    pub exit: u8,
    /// What concerns the run as a whole.
    pub notices: Vec<(Level, Message)>,
    /// The encoding of the files that were read, if they are texts.
    pub encoding: Option<&'static str>,
    /// What was found.
    pub found: Vec<Found>,
    /// What else is known, for programs.
    pub properties: Value,
}

impl Run {
    /// Returns the run as a log of SARIF, ending in a newline. It holds no time and no name of a
    /// machine: the same run gives the same bytes.
    pub fn log(&self) -> String {
        let text = serde_json::to_string_pretty(&document::Log::of(self));
        text.expect("these structures have text keys") + "\n"
    }
}

#[cfg(test)]
mod tests;
