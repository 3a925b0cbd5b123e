//! Every source file is compiled. A module that nobody declares is dropped without a word, and
//! with it its tests.

use std::collections::BTreeSet;

use super::lexer::{Source, find_word, line_of};
use super::tree::{Tree, extension};
use super::{Objection, accepts, hold, refuses};

/// The files of a package that cargo finds by itself, as folder and "are there many".
const ROOTS: [&str; 3] = ["src/lib.rs", "src/main.rs", "build.rs"];
const ROOT_FOLDERS: [&str; 4] = ["src/bin/", "tests/", "benches/", "examples/"];

fn orphans(tree: &Tree) -> Vec<Objection> {
    let mut reached = BTreeSet::new();
    let mut waiting = Vec::new();
    for (folder, _, manifest) in tree.manifests() {
        waiting.extend(roots(tree, folder, &manifest));
    }
    while let Some((path, base)) = waiting.pop() {
        let Some(text) = tree.text(&path) else {
            continue;
        };
        for child in declared(&Source::read(text).code) {
            let file = format!("{base}{child}.rs");
            waiting.push((file, format!("{base}{child}/")));
        }
        reached.insert(path);
    }
    let lost = tree.rust().filter(|(path, _)| !reached.contains(*path));
    lost.map(|(path, _)| {
        let advice = "declare it with `mod` in its parent, or in tests/main.rs for a whole-system \
                      test; else delete it";
        Objection::new(path, "no module declares this file, so it is never compiled", advice)
    })
    .collect()
}

/// The files that compilation starts from, each with the folder of its child modules.
fn roots(tree: &Tree, folder: &str, manifest: &toml::Table) -> Vec<(String, String)> {
    let home = format!("crates/{folder}/");
    let mut files: Vec<String> = ROOTS.iter().map(|file| format!("{home}{file}")).collect();
    for path in tree.paths() {
        let direct = ROOT_FOLDERS.iter().any(|inner| {
            let rest = path.strip_prefix(&home).and_then(|p| p.strip_prefix(inner));
            rest.is_some_and(|name| !name.contains('/') && extension(name) == Some("rs"))
        });
        if direct {
            files.push(path.to_owned());
        }
    }
    for kind in ["bin", "test", "bench", "example"] {
        let targets = manifest.get(kind).and_then(toml::Value::as_array).into_iter().flatten();
        for path in targets.filter_map(|target| target.get("path")?.as_str()) {
            // From crates/NAME, two steps up is the top of the repository.
            let above = path.strip_prefix("../../").map(str::to_owned);
            files.push(above.unwrap_or_else(|| format!("{home}{path}")));
        }
    }
    let with_base = files.into_iter().map(|file| {
        let base = file.rfind('/').map_or("", |at| &file[..=at]).to_owned();
        (file, base)
    });
    with_base.collect()
}

/// The child modules that a file declares to live in files of their own, by their path below it.
fn declared(code: &str) -> Vec<String> {
    let source = Source { code: code.to_owned(), comments: String::new() };
    let mut inline: Vec<(std::ops::Range<usize>, &str)> = Vec::new();
    let mut found = Vec::new();
    for at in find_word(code, "mod") {
        let after = code[at + 3..].trim_start();
        let Some(end) = after.find(|c: char| !c.is_alphanumeric() && c != '_') else {
            continue;
        };
        let name = &after[..end];
        let next = code.len() - after[end..].trim_start().len();
        match code.as_bytes().get(next) {
            Some(b'{') => inline.push((next..source.matching_brace(next), name)),
            Some(b';') => {
                let around = inline.iter().filter(|(range, _)| range.contains(&at));
                let path: Vec<&str> = around.map(|(_, outer)| *outer).chain([name]).collect();
                found.push(path.join("/"));
            }
            _ => {}
        }
    }
    found
}

/// The switches of a manifest that keep cargo from finding or testing a target.
const SWITCHES: [&str; 5] = ["autobenches", "autobins", "autoexamples", "autotests", "test"];

/// Ways to hide from the rule above, or from cargo.
fn hidden(tree: &Tree) -> Vec<Objection> {
    let mut objections = Vec::new();
    for (path, text) in tree.rust() {
        let code = Source::read(text).code;
        for (at, _) in code.match_indices("#[path") {
            let advice = "move the file to where its module is expected";
            let found = "a #[path] hides where a module lives";
            objections.push(Objection::at(path, line_of(&code, at), found, advice));
        }
    }
    for (_, path, manifest) in tree.manifests() {
        for (section, value) in &manifest {
            // [[test]] and its like are arrays of tables.
            let tables = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            for (key, value) in tables.iter().filter_map(toml::Value::as_table).flatten() {
                if SWITCHES.contains(&key.as_str()) && value.as_bool() == Some(false) {
                    let advice = "let cargo find and run every target";
                    let found = format!("[{section}] sets {key} = false");
                    objections.push(Objection::new(path, found, advice));
                }
            }
        }
    }
    objections
}

#[test]
fn no_source_file_is_an_orphan() {
    hold(orphans);
}

#[test]
fn nothing_hides_from_cargo() {
    hold(hidden);
}

const MANIFEST: (&str, &str) = (
    "crates/cli/Cargo.toml",
    "[package]\nname = \"tally-cli\"\n[[test]]\nname = \"main\"\npath = \"../../tests/main.rs\"\n",
);

#[test]
fn an_orphan_is_refused() {
    let files = [
        MANIFEST,
        ("crates/cli/src/main.rs", "mod a;\n// mod lost;\nmod inner { mod b; }"),
        ("crates/cli/src/a.rs", "#[cfg(test)]\nmod tests;"),
        ("crates/cli/src/a/tests.rs", ""),
        ("crates/cli/src/inner/b.rs", ""),
        ("crates/cli/tests/own.rs", ""),
        ("tests/main.rs", "mod journey;\nconst NAME: &str = \"mod lost;\";"),
        ("tests/journey.rs", "mod steps;"),
        ("tests/journey/steps.rs", ""),
    ];
    accepts(orphans, &files);
    for orphan in [
        "crates/cli/src/lost.rs",
        "crates/cli/src/a/lost.rs",
        "crates/cli/src/b.rs",
        "crates/cli/tests/own/lost.rs",
        "tests/lost.rs",
        "tests/journey/lost.rs",
        "tests/main/journey.rs",
    ] {
        let mut with = files.to_vec();
        with.push((orphan, "#[test]\nfn f() {}"));
        refuses(orphans, &with, orphan, "never compiled");
    }
}

#[test]
fn a_module_or_target_that_hides_is_refused() {
    let at = "crates/cli/src/main.rs";
    refuses(hidden, &[(at, "#[path = \"x.rs\"]\nmod a;")], &format!("{at}:1"), "#[path]");
    accepts(hidden, &[MANIFEST]);
    for (text, found) in [
        ("[package]\nautotests = false\n", "[package] sets autotests"),
        ("[lib]\ntest = false\n", "[lib] sets test"),
        ("[[test]]\nname = \"main\"\ntest = false\n", "[test] sets test"),
    ] {
        refuses(hidden, &[(MANIFEST.0, text)], MANIFEST.0, found);
    }
}
