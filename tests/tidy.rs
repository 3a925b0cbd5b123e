//! The house rules, held by `cargo test`.
//!
//! A rule is a function from the tree of source files to what it objects to. Every rule runs on the
//! repository itself and, so that no rule can quietly stop looking, on samples that break it.

mod arrows;
mod dependencies;
mod layout;
mod lexer;
mod modules;
mod names;
mod purity;
mod size;
mod tree;
mod words;

use std::fmt;
use tree::Tree;

/// One objection: where, what was found, and what to do about it.
#[derive(Debug)]
struct Objection {
    place: String,
    found: String,
    advice: String,
}

impl Objection {
    fn new(place: &str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { place: place.to_owned(), found: found.into(), advice: advice.into() }
    }

    /// An objection to a line, counted from one.
    fn at(path: &str, line: usize, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(&format!("{path}:{line}"), found, advice)
    }
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n    hint: {}", self.place, self.found, self.advice)
    }
}

type Rule = fn(&Tree) -> Vec<Objection>;

/// Holds a rule against the repository.
#[track_caller]
fn hold(rule: Rule) {
    let objections = rule(&Tree::of_this_repository());
    let listed: Vec<String> = objections.iter().map(ToString::to_string).collect();
    assert!(listed.is_empty(), "{} objection(s)\n\n{}\n", listed.len(), listed.join("\n\n"));
}

/// Demands that a rule has nothing against a sample.
#[track_caller]
fn accepts(rule: Rule, files: &[(&str, &str)]) {
    let objections = rule(&Tree::sample(files));
    assert!(objections.is_empty(), "refused a good sample: {objections:?}");
}

/// Demands that a rule objects to a sample exactly once, at this place and in these words.
#[track_caller]
fn refuses(rule: Rule, files: &[(&str, &str)], place: &str, found: &str) {
    let objections = rule(&Tree::sample(files));
    assert_eq!(objections.len(), 1, "expected one objection: {objections:?}");
    assert_eq!(objections[0].place, place);
    assert!(objections[0].found.contains(found), "{} lacks {found:?}", objections[0].found);
    assert!(!objections[0].advice.is_empty(), "an objection says what to do");
}
