//! Which crate may use which external crate. The list is closed: a dependency that is not on it is
//! refused, so that adding one is a decision that shows in a review.

use super::arrows::{SECTIONS, names};
use super::lexer::{Source, find_word, line_of};
use super::tree::Tree;
use super::{Objection, accepts, hold, refuses};

const EVERYWHERE: &[&str] =
    &["cli", "divergence", "intake", "ledger", "mirror", "report", "store", "testkit"];

/// For tests and benchmarks: any crate may have it as a dev-dependency, `testkit` also outright.
const FOR_TESTS: [&str; 10] = [
    "cddl-cat",
    "ct-merkle",
    "divan",
    "insta",
    "proptest",
    "signed_note",
    "snapbox",
    "tempfile",
    "trybuild",
    "trycmd",
];

/// For everything else, the crates that may name it, in any of the tables of a manifest.
const PLACES: &[(&str, &[&str])] = &[
    // Values, digests and errors are everybody's.
    ("hex", EVERYWHERE),
    ("serde", EVERYWHERE),
    ("serde_bytes", EVERYWHERE),
    ("serde_json", EVERYWHERE),
    ("sha2", EVERYWHERE),
    ("thiserror", EVERYWHERE),
    ("time", EVERYWHERE),
    // The signed format belongs to the ledger; testkit breaks it on purpose.
    ("base64", &["cli", "intake", "ledger", "mirror", "report", "testkit"]),
    ("ciborium", &["intake", "ledger", "testkit"]),
    ("coset", &["ledger", "testkit"]),
    ("curve25519-dalek", &["ledger", "testkit"]),
    ("ed25519-dalek", &["cli", "ledger", "mirror", "testkit"]),
    ("rayon", &["cli", "ledger"]),
    // Locks of files on disk.
    ("fs4", &["mirror", "store"]),
    // The store alone knows its database.
    ("sled", &["store"]),
    // The mirror alone knows the network.
    ("async-trait", &["mirror"]),
    ("axum", &["mirror"]),
    ("bytes", &["mirror"]),
    ("futures-util", &["mirror"]),
    ("hyper", &["mirror"]),
    ("hyper-util", &["mirror"]),
    ("object_store", &["mirror"]),
    ("reqwest", &["mirror"]),
    ("rustls", &["mirror"]),
    ("tokio", &["mirror"]),
    ("tower", &["mirror"]),
    ("tower-http", &["mirror"]),
    ("unicode-normalization", &["divergence"]),
    ("url", &["intake", "mirror"]),
    // Reading what others wrote.
    ("csv-core", &["intake"]),
    ("pulldown-cmark", &["intake", "report"]),
    ("askama", &["report"]),
    ("maud", &["report"]),
    // Secrets, the terminal and the process belong to the binary.
    ("age", &["cli"]),
    ("annotate-snippets", &["cli"]),
    ("anyhow", &["cli"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("cryptoki", &["cli"]),
    ("getrandom", &["cli"]),
    ("indicatif", &["cli"]),
    ("pkcs8", &["cli"]),
    ("rpassword", &["cli"]),
    // The ledger's tests read its templates of documents.
    ("toml", &["cli", "divergence", "intake", "ledger"]),
    ("zeroize", &["cli"]),
];

fn places(tree: &Tree) -> Vec<Objection> {
    let mut objections = Vec::new();
    for (folder, path, manifest) in tree.manifests() {
        for (section, for_tests) in SECTIONS {
            for name in names(&manifest, section) {
                if name.starts_with("tally-") {
                    continue;
                }
                if let Some(advice) = advice(folder, &name, for_tests) {
                    let found = format!("[{section}] of {folder} names {name}");
                    objections.push(Objection::new(path, found, advice));
                }
            }
        }
    }
    objections
}

/// What to do about a dependency, or nothing where it is in its place.
fn advice(folder: &str, name: &str, for_tests: bool) -> Option<String> {
    if FOR_TESTS.contains(&name) {
        let in_place = for_tests || folder == "testkit";
        return (!in_place).then(|| format!("{name} is for tests: use [dev-dependencies]"));
    }
    match PLACES.iter().find(|(listed, _)| *listed == name) {
        None => Some("decide where it may be used, in PLACES of tests/tidy/dependencies.rs".into()),
        Some((_, allowed)) if allowed.contains(&folder) => None,
        Some((_, allowed)) => Some(format!("{name} is used in {allowed:?} alone; ask that crate")),
    }
}

/// The types that hold a private key; the store sees entries that are already signed.
const PRIVATE_KEYS: [&str; 6] =
    ["ExpandedSecretKey", "Keypair", "KeypairBytes", "SecretKey", "Signer", "SigningKey"];

fn no_private_key_in_the_store(tree: &Tree) -> Vec<Objection> {
    let mut objections = Vec::new();
    for (path, text) in tree.rust().filter(|(path, _)| path.starts_with("crates/store/src/")) {
        let code = Source::read(text).without_tests();
        for name in PRIVATE_KEYS {
            for at in find_word(&code, name) {
                let line = line_of(&code, at);
                let advice = "the store never sees a private key: let its caller sign";
                objections.push(Objection::at(path, line, format!("names {name}"), advice));
            }
        }
    }
    objections
}

#[test]
fn every_dependency_is_in_its_place() {
    hold(places);
}

#[test]
fn the_store_names_no_private_key() {
    hold(no_private_key_in_the_store);
}

#[test]
fn a_dependency_out_of_its_place_is_refused() {
    for (folder, section, name, found) in [
        ("ledger", "dependencies", "sled", "[dependencies] of ledger names sled"),
        ("cli", "dependencies", "reqwest", "names reqwest"),
        ("cli", "dev-dependencies", "tokio", "[dev-dependencies] of cli names tokio"),
        ("store", "dependencies", "ed25519-dalek", "names ed25519-dalek"),
        ("report", "build-dependencies", "anyhow", "names anyhow"),
        ("divergence", "dependencies", "tempfile", "names tempfile"),
        ("divergence", "dependencies", "left-pad", "names left-pad"),
    ] {
        let at = format!("crates/{folder}/Cargo.toml");
        let manifest = format!("[{section}]\n{name} = \"1\"\n");
        refuses(places, &[(&at, &manifest)], &at, found);
    }
    let good = "[dependencies]\nsled = \"=0.34.7\"\n[dev-dependencies]\ntempfile = \"3\"\n";
    accepts(places, &[("crates/store/Cargo.toml", good)]);
}

#[test]
fn a_private_key_in_the_store_is_refused() {
    let at = "crates/store/src/append.rs";
    let bad = "// A SigningKey is not seen here.\nfn append(key: &SigningKey) {}\n";
    refuses(no_private_key_in_the_store, &[(at, bad)], &format!("{at}:2"), "names SigningKey");
    let good = "fn f() {}\n#[cfg(test)]\nmod tests { use x::SigningKey; }\n";
    accepts(no_private_key_in_the_store, &[(at, good)]);
    accepts(no_private_key_in_the_store, &[("crates/cli/src/keyfile.rs", bad)]);
}
