//! Words that do not belong in a finished text: notes of work to come, leftovers of debugging,
//! tests switched off without a reason, and paths of somebody's machine.

use super::lexer::{Source, find_word, line_of};
use super::tree::{Tree, extension};
use super::{Objection, accepts, hold, refuses};

const NOTES: [&str; 3] = ["TODO", "FIXME", "XXX"];
const MACROS: [&str; 3] = ["todo", "unimplemented", "dbg"];

/// In Rust the notes are looked for in comments and code; elsewhere anywhere.
fn unfinished(tree: &Tree) -> Vec<Objection> {
    let mut objections = Vec::new();
    for (path, text) in tree.written() {
        let is_rust = extension(path) == Some("rs");
        let source = Source::read(if is_rust { text } else { "" });
        let layers = if is_rust { vec![&*source.code, &*source.comments] } else { vec![text] };
        for layer in layers {
            for note in NOTES {
                for at in find_word(layer, note) {
                    let advice = "finish it, or state the limit as a fact where readers look";
                    let found = format!("{note:?} marks work to come");
                    objections.push(Objection::at(path, line_of(layer, at), found, advice));
                }
            }
        }
        for name in MACROS {
            for at in find_word(&source.code, name) {
                if source.code[at + name.len()..].starts_with('!') {
                    let advice = "write the code, or return an error that says what is missing";
                    let line = line_of(&source.code, at);
                    objections.push(Objection::at(path, line, format!("{name}! is left"), advice));
                }
            }
        }
    }
    objections
}

fn ignored_without_reason(tree: &Tree) -> Vec<Objection> {
    let mut objections = Vec::new();
    for (path, text) in tree.rust() {
        let code = Source::read(text).code;
        for (at, _) in code.match_indices("#[ignore") {
            let attribute = code[at..].split(']').next().unwrap_or_default();
            // The reason stands between quotes; its letters are dots in this layer.
            let reason = attribute.split('"').nth(1).map_or(0, str::len);
            if reason < "needs x".len() {
                let advice = "name the outside program: #[ignore = \"needs openssl\"]";
                let found = "a test is ignored without a reason";
                objections.push(Objection::at(path, line_of(&code, at), found, advice));
            }
        }
    }
    objections
}

/// Folders that exist on somebody's machine and on no other. Parted, so that this file passes.
const MACHINE_PATHS: [&str; 6] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("/wo", "rk/"),
    concat!("/private/", "var/"),
    concat!("C:\\", "Users"),
];

fn machine_paths(tree: &Tree) -> Vec<Objection> {
    let mut objections = Vec::new();
    for (path, text) in tree.all() {
        for folder in MACHINE_PATHS {
            for (at, _) in text.match_indices(folder) {
                // In the middle of a longer path or an address it is another folder.
                let before = text[..at].chars().next_back();
                if before.is_some_and(|c| c.is_alphanumeric() || "_-.)}~".contains(c)) {
                    continue;
                }
                let advice = "use a path relative to the repository, or an invented one";
                let found = format!("the path {folder:?} exists on one machine only");
                objections.push(Objection::at(path, line_of(text, at), found, advice));
            }
        }
    }
    objections
}

#[test]
fn nothing_is_left_unfinished() {
    hold(unfinished);
}

#[test]
fn no_test_is_ignored_without_a_reason() {
    hold(ignored_without_reason);
}

#[test]
fn no_path_of_a_machine_is_in_the_repository() {
    hold(machine_paths);
}

const AT: &str = "crates/ledger/src/chain.rs";

#[test]
fn an_unfinished_text_is_refused() {
    for (text, found) in [
        ("fn f() {\n    todo!()\n}", "todo! is left"),
        ("fn f() {\n    unimplemented!(\"later\")\n}", "unimplemented! is left"),
        ("fn f() {\n    dbg!(1);\n}", "dbg! is left"),
        ("\n// TODO: more", "\"TODO\" marks"),
        ("\n/* FIXME */", "\"FIXME\" marks"),
        ("\nconst XXX: u8 = 1;", "\"XXX\" marks"),
    ] {
        refuses(unfinished, &[(AT, text)], &format!("{AT}:2"), found);
    }
    refuses(unfinished, &[("docs/TRUST.md", "# Trust\n\nTODO\n")], "docs/TRUST.md:3", "TODO");
    accepts(unfinished, &[(AT, "// Mastodons\nlet todo = \"TODO: todo!()\";")]);
}

#[test]
fn a_test_ignored_without_a_reason_is_refused() {
    accepts(ignored_without_reason, &[(AT, "#[test]\n#[ignore = \"needs openssl\"]\nfn f() {}")]);
    for attribute in ["#[ignore]", "#[ignore = \"\"]", "#[ignore = \"x\"]"] {
        let text = format!("#[test]\n{attribute}\nfn f() {{}}");
        refuses(ignored_without_reason, &[(AT, &text)], &format!("{AT}:2"), "without a reason");
    }
}

#[test]
fn a_path_of_a_machine_is_refused() {
    for folder in MACHINE_PATHS {
        let text = format!("# Keys\nSee `{folder}someone/key.pem`.\n");
        refuses(machine_paths, &[("docs/KEYS.md", &text)], "docs/KEYS.md:2", "one machine only");
    }
    let longer = concat!("https://example.invalid/wo", "rk/2024 and ~/wo", "rk/x");
    accepts(machine_paths, &[("docs/KEYS.md", longer)]);
}
