//! How long a line, a function and a file may be.

use super::lexer::{Source, find_word, line_of};
use super::tree::Tree;
use super::{Objection, accepts, hold, refuses};

/// Most files keep to this; it is the bearing that the refusal names.
const FILE_LINES_WANTED: usize = 450;
const FILE_LINES_MAX: usize = 700;
const FUNCTION_LINES_MAX: usize = 70;
const LINE_CHARS_MAX: usize = 100;

fn lines(tree: &Tree) -> Vec<Objection> {
    let mut objections = Vec::new();
    for (path, text) in tree.rust() {
        for (index, line) in text.lines().enumerate() {
            let length = line.chars().count();
            if length > LINE_CHARS_MAX {
                let found = format!("the line is {length} characters long, at most 100 expected");
                let advice = "break it; a long literal can be continued after a backslash";
                objections.push(Objection::at(path, index + 1, found, advice));
            }
        }
    }
    objections
}

/// Counts the lines of a body that hold code, as clippy does, but knows no `allow`.
fn functions(tree: &Tree) -> Vec<Objection> {
    let mut objections = Vec::new();
    for (path, text) in tree.rust() {
        let source = Source::read(text);
        for at in find_word(&source.code, "fn") {
            let Some((name, open)) = body_of(&source.code, at) else {
                continue;
            };
            let body = &source.code[open + 1..source.matching_brace(open)];
            let length = body.lines().filter(|line| !line.trim().is_empty()).count();
            if length > FUNCTION_LINES_MAX {
                objections.push(Objection::at(
                    path,
                    line_of(&source.code, at),
                    format!("fn {name} has {length} lines of code, at most 70 expected"),
                    "part it where it changes from deciding to doing; give each part a verb",
                ));
            }
        }
    }
    objections
}

/// The name of the function whose `fn` is at `at`, and the brace that opens its body, if it has
/// both: a function pointer has no name, a method of a trait may have no body.
fn body_of(code: &str, at: usize) -> Option<(&str, usize)> {
    let after = code[at + 2..].trim_start();
    let end = after.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    if end == 0 {
        return None;
    }
    let mut nesting = 0_i32;
    for (offset, byte) in after.bytes().enumerate() {
        match byte {
            b'(' | b'[' => nesting += 1,
            b')' | b']' => nesting -= 1,
            b';' if nesting == 0 => return None,
            b'{' if nesting == 0 => {
                return Some((&after[..end], code.len() - after.len() + offset));
            }
            _ => {}
        }
    }
    None
}

fn files(tree: &Tree) -> Vec<Objection> {
    let mut objections = Vec::new();
    for (path, text) in tree.rust() {
        let source = Source::read(text);
        let tests = source.test_modules().into_iter();
        let in_tests: usize = tests.map(|range| source.code[range].lines().count()).sum();
        let length = text.lines().count() - in_tests;
        if length > FILE_LINES_MAX {
            objections.push(Objection::new(
                path,
                format!("has {length} lines without its test modules, at most 700 expected"),
                format!("split it by noun; a file aims at {FILE_LINES_WANTED} lines or fewer"),
            ));
        }
    }
    objections
}

#[test]
fn no_line_is_too_long() {
    hold(lines);
}

#[test]
fn no_function_is_too_long() {
    hold(functions);
}

#[test]
fn no_file_is_too_long() {
    hold(files);
}

const AT: &str = "crates/ledger/src/chain.rs";

#[test]
fn a_line_too_long_is_refused() {
    let line = |length: usize| format!("//! Good.\n//{}\n", "\u{e9}".repeat(length - 2));
    accepts(lines, &[(AT, &line(100))]);
    refuses(lines, &[(AT, &line(101))], &format!("{AT}:2"), "101 characters");
}

#[test]
fn a_function_too_long_is_refused() {
    let body = |length| "    a();\n\n    // Why.\n".repeat(length);
    let function = |length| format!("\nfn f(x: [u8; 3], y: fn() -> u8) {{\n{}}}\n", body(length));
    accepts(functions, &[(AT, &function(70))]);
    refuses(functions, &[(AT, &function(71))], &format!("{AT}:2"), "fn f has 71 lines");
    let method = format!("trait T {{ fn g(&self);\n{}}}", body(80));
    accepts(functions, &[(AT, &method)]);
}

#[test]
fn a_file_too_long_is_refused() {
    let file = |length| "use a;\n".repeat(length);
    let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", file(900));
    accepts(files, &[(AT, &format!("{}{tests}", file(700)))]);
    refuses(files, &[(AT, &format!("{}{tests}", file(701)))], AT, "has 701 lines");
}
