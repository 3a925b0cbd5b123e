//! The rules: each a plain function from claims and facts to findings.
//!
//! A code is never used again for anything else. Every claim that is not merely suggested is
//! judged by exactly one rule ([`judge_of`]), and gets exactly one finding under it. Other rules
//! may find something about the same claim besides.

mod absence;
mod abstention;
mod afterwards;
mod answered;
mod arithmetic;
mod cadence;
mod change;
mod characterised;
mod citation;
mod closure;
mod commitment;
mod contradiction;
mod count;
mod criteria;
mod deadline;
mod described;
mod edit;
mod first_report;
mod item_update;
mod late;
mod mention;
mod occurred;
mod order;
mod outside;
mod promise;
mod published;
mod quoted;
mod recorded;
mod recount;
mod remained;
mod reopened;
mod reply;
mod reserve;
mod revoked;
mod sequence;
mod status;
mod summarised;
mod term;
mod unlisted;
mod unseen;
mod unwitnessed;
mod update;
mod value;
mod wording;

use tally_ledger::claim::Says;

use crate::case::Case;
use crate::finding::{Finding, Severity};

/// A rule of divergence.
#[derive(Debug)]
pub struct Rule {
    /// Its code, for good.
    pub code: &'static str,
    /// What it is about, in one word.
    pub family: &'static str,
    /// How much a divergence under it weighs.
    pub severity: Severity,
    /// Its title, a few words.
    pub title: &'static str,
    /// Its page: inputs, threshold, what makes it undetermined, a worked example.
    pub explanation: &'static str,
    /// Holds the claims of a case against its facts.
    pub judge: fn(&Case<'_>) -> Vec<Finding>,
}

/// Lists the rules: code, family, severity, title, and the function.
macro_rules! rules {
    ($($name:ident = $code:literal, $family:literal, $severity:ident, $title:literal,
        $judge:path;)*) => {
        $(static $name: Rule = Rule {
            code: $code,
            family: $family,
            severity: Severity::$severity,
            title: $title,
            explanation: include_str!(concat!("rules/", $code, ".md")),
            judge: $judge,
        };)*

        /// Every rule, in the order of their codes.
        pub static RULES: &[&Rule] = &[$(&$name),*];
    };
}

pub(crate) use promise::absence_shows;

rules! {
    FIRST_REPORT = "P101", "clock", Medium, "first report after awareness", first_report::judge;
    FULL_REPORT = "P102", "clock", Medium, "full report after the first", first_report::judge_full;
    REPLY = "P103", "clock", Medium, "reply to a question", reply::judge;
    UPDATE = "P104", "clock", Medium, "the next update", update::judge;
    REVOKED = "P105", "clock", High, "the last revocation against its limit", revoked::judge;
    REVOCATION_UPDATE = "P106", "clock", Medium, "the numbers of a delayed revocation",
        cadence::judge;
    OUTSIDE = "P107", "clock", High, "revocations that a court order did not cover",
        outside::judge;
    ITEM_UPDATE = "P108", "clock", Low, "an action item and the update on it", item_update::judge;
    CLOSURE = "P109", "clock", Medium, "closure asked for", closure::judge;
    RECORDED = "T001", "record", High, "recorded long before it was witnessed", recorded::judge;
    LATE = "T002", "record", Note, "recorded long after it occurred", late::judge;
    AFTERWARDS = "T003", "record", Note, "recorded after the statement that it supports",
        afterwards::judge;
    UNWITNESSED = "T004", "record", Note, "entries that no witness has seen", unwitnessed::judge;
    PROMISE = "T101", "promise", High, "a promise and its time", promise::judge;
    ABSTENTION = "T102", "promise", High, "a promise not to", abstention::judge;
    COMMITMENT = "T103", "promise", High, "a recorded commitment", commitment::judge;
    STATUS = "T201", "status", Medium, "the status of an item", status::judge;
    ALL_COMPLETE = "T202", "status", Medium, "all items complete", status::judge_all;
    REOPENED = "T203", "status", Medium, "an item complete, then open", reopened::judge;
    UNLISTED = "T204", "status", Note, "an action item no longer listed", unlisted::judge;
    CRITERIA = "T205", "status", Note, "no evaluation criteria", criteria::judge;
    TERM = "T206", "status", Note, "a status or kind in other words", term::judge;
    COUNT = "T301", "count", Medium, "a number", count::judge;
    VALUE = "T302", "value", Low, "a value", value::judge;
    ARITHMETIC = "T303", "count", Medium, "the numbers of a revocation", arithmetic::judge;
    RECOUNT = "T304", "count", Medium, "a number and a later one", recount::judge;
    DESCRIBED = "T305", "contradiction", Note, "described otherwise than before",
        described::judge;
    OCCURRED = "T401", "occurred", Medium, "when something occurred", occurred::judge;
    ORDER = "T402", "order", Medium, "what came first", order::judge;
    DEADLINE = "T403", "deadline", Medium, "a deadline and what it follows from", deadline::judge;
    CONTRADICTION = "T404", "contradiction", Medium, "two sentences of one text",
        contradiction::judge;
    REMAINED = "T405", "measurement", High, "a completed revocation and what remained",
        remained::judge;
    CITATION = "T501", "citation", Low, "a citation and the text cited", citation::judge;
    QUOTED = "T502", "citation", Low, "the words quoted", quoted::judge;
    EDIT = "T511", "revision", Note, "a text edited after it appeared", edit::judge;
    PUBLISHED = "T512", "revision", Medium, "a published text and the one committed",
        published::judge;
    UNSEEN = "T513", "revision", Medium, "a committed text that no capture has", unseen::judge;
    WORDING = "T514", "revision", Low, "an action item worded otherwise", wording::judge;
    RESERVE = "T515", "revision", Note, "a reserve dropped", reserve::judge;
    ABSENCE = "T601", "absence", High, "something said not to have happened", absence::judge;
    ANSWERED = "T701", "answered", Note, "a question said to be answered", answered::judge;
    MENTION = "T801", "first_mention", Note, "a legal instrument and its first public mention",
        mention::judge;
    SUMMARISED = "T802", "first_mention", Note, "a court order and the closure report",
        summarised::judge;
    SEQUENCE = "T803", "first_mention", Note, "what a report's timeline is expected to have",
        sequence::judge;
    CHARACTERISED = "T901", "characterisation", Note, "an opinion", characterised::judge;
}

/// Returns the rule that judges the claims of that sort.
pub fn judge_of(says: Says) -> &'static Rule {
    match says {
        Says::Occurred => &OCCURRED,
        Says::Absent => &ABSENCE,
        Says::Status => &STATUS,
        Says::AllComplete => &ALL_COMPLETE,
        Says::Count => &COUNT,
        Says::Value => &VALUE,
        Says::Will => &PROMISE,
        Says::WillNot => &ABSTENTION,
        Says::Answered => &ANSWERED,
        Says::Order => &ORDER,
        Says::Said => &CITATION,
        Says::Characterises => &CHARACTERISED,
    }
}

/// Every sort of claim.
const SORTS: [Says; 12] = [
    Says::Occurred,
    Says::Absent,
    Says::Status,
    Says::AllComplete,
    Says::Count,
    Says::Value,
    Says::Will,
    Says::WillNot,
    Says::Answered,
    Says::Order,
    Says::Said,
    Says::Characterises,
];

impl Rule {
    /// Returns whether the rule judges claims of any sort.
    pub fn judges_claims(&self) -> bool {
        SORTS.iter().any(|says| judge_of(*says).code == self.code)
    }
}

/// Returns the rule with that code.
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.code.eq_ignore_ascii_case(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sort_of_claim_has_its_judge() {
        let sorts: Vec<&str> = SORTS.iter().map(Says::as_str).collect();
        assert_eq!(sorts, Says::WORDS);
        let judges = RULES.iter().filter(|rule| rule.judges_claims()).count();
        assert_eq!(judges, SORTS.len(), "one rule for each sort");
    }
}
