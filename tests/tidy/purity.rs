//! The pure crates know no disk, network, clock, environment or process; `mirror` alone of the
//! others knows the network. Clippy refuses the calls it is told of; this rule refuses the modules.

use super::lexer::{Source, find_word, line_of};
use super::tree::Tree;
use super::{Objection, accepts, hold, refuses};

const PURE: [&str; 4] = ["divergence", "intake", "ledger", "report"];
const SWITCH: &str = "#![warn(clippy::disallowed_methods)]";

const NETWORK: [&str; 5] = ["std::net", "TcpListener", "TcpStream", "UdpSocket", "UnixStream"];
const AMBIENT: [&str; 9] = [
    "std::env",
    "std::fs",
    "std::os",
    "std::process",
    "std::thread::sleep",
    "Instant::now",
    "SystemTime",
    "OffsetDateTime::now_utc",
    "OffsetDateTime::now_local",
];

fn switched_on(tree: &Tree) -> Vec<Objection> {
    let mut objections = Vec::new();
    for folder in PURE {
        let path = format!("crates/{folder}/src/lib.rs");
        let Some(text) = tree.text(&path) else {
            continue;
        };
        if !Source::read(text).code.contains(SWITCH) {
            let advice = format!("begin the crate with {SWITCH}");
            objections.push(Objection::new(&path, "the lint for pure crates is off", advice));
        }
    }
    objections
}

fn confined(tree: &Tree) -> Vec<Objection> {
    let mut objections = Vec::new();
    for (path, text) in tree.rust() {
        let Some((folder, file)) = path.strip_prefix("crates/").and_then(|p| p.split_once('/'))
        else {
            continue;
        };
        if !file.starts_with("src/") || file.ends_with("/tests.rs") || folder == "mirror" {
            continue;
        }
        let code = Source::read(text).without_tests();
        let mut banned: Vec<&str> = NETWORK.to_vec();
        if PURE.contains(&folder) {
            banned.extend(AMBIENT);
        }
        for name in banned {
            for at in find_word(&code, name) {
                let advice = if NETWORK.contains(&name) {
                    "the network belongs to crates/mirror: ask it for the bytes"
                } else {
                    "take the value as an argument; the binary knows the world"
                };
                let found = format!("{folder} names {name}");
                objections.push(Objection::at(path, line_of(&code, at), found, advice));
            }
        }
    }
    objections
}

#[test]
fn the_pure_crates_have_the_lint_on() {
    hold(switched_on);
}

#[test]
fn the_pure_crates_stay_pure_and_the_network_in_the_mirror() {
    hold(confined);
}

#[test]
fn a_pure_crate_without_the_lint_is_refused() {
    let at = "crates/report/src/lib.rs";
    accepts(switched_on, &[(at, &format!("//! Pages.\n{SWITCH}\n"))]);
    refuses(switched_on, &[(at, &format!("//! {SWITCH}\n"))], at, "is off");
}

#[test]
fn a_pure_crate_that_reaches_out_is_refused() {
    let at = "crates/ledger/src/chain.rs";
    for name in NETWORK.iter().chain(&AMBIENT) {
        let bad = format!("\nuse {name};\n");
        refuses(confined, &[(at, &bad)], &format!("{at}:2"), &format!("ledger names {name}"));
        let in_tests = format!("#[cfg(test)]\nmod tests {{ use {name}; }}\n");
        accepts(confined, &[(at, &in_tests), ("crates/mirror/src/lib.rs", &bad)]);
    }
    let store = "crates/store/src/open.rs";
    refuses(confined, &[(store, "use std::net;")], &format!("{store}:1"), "store names std::net");
    accepts(confined, &[(store, "use std::fs;")]);
}
