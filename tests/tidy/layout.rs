//! What lies at the top of the repository.

use super::tree::Tree;
use super::{Objection, accepts, hold, refuses};

/// The folders and files that make up the project; all must be there.
const EXPECTED: [&str; 17] = [
    ".ci",
    ".editorconfig",
    ".gitattributes",
    ".gitignore",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "clippy.toml",
    "crates",
    "deny.toml",
    "docs",
    "keys",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "tests",
];

fn top_level(tree: &Tree) -> Vec<Objection> {
    let mut found: Vec<&str> =
        tree.paths().map(|path| path.split('/').next().unwrap_or(path)).collect();
    found.dedup();
    let mut objections = Vec::new();
    for name in &found {
        if !EXPECTED.contains(name) {
            let advice = "put it under docs/, tests/ or a crate; the top level is the map";
            objections.push(Objection::new(name, "is not expected at the top level", advice));
        }
    }
    for name in EXPECTED.iter().filter(|name| !found.contains(name)) {
        let advice = "restore it, or drop it from EXPECTED in tests/tidy/layout.rs";
        objections.push(Objection::new(name, "is missing from the top level", advice));
    }
    objections
}

#[test]
fn the_top_level_holds_what_is_expected() {
    hold(top_level);
}

#[test]
fn a_stray_or_missing_thing_at_the_top_is_refused() {
    let mut files: Vec<(&str, &str)> = EXPECTED.iter().map(|name| (*name, "")).collect();
    accepts(top_level, &files);
    files.push(("notes.txt", ""));
    refuses(top_level, &files, "notes.txt", "not expected");
    files.pop();
    files.retain(|(name, _)| *name != "deny.toml");
    refuses(top_level, &files, "deny.toml", "missing");
}
