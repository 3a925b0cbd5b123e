//! Which of our crates may import which (docs/ARCHITECTURE.md draws it).

use super::tree::Tree;
use super::{Objection, accepts, hold, refuses};

/// What each crate may import. `testkit` is everybody's, as a dev-dependency and no other way.
const ARROWS: [(&str, &[&str]); 8] = [
    ("cli", &["divergence", "intake", "ledger", "mirror", "report", "store"]),
    ("divergence", &["ledger"]),
    ("intake", &["ledger"]),
    ("ledger", &[]),
    ("mirror", &["ledger"]),
    ("report", &["divergence", "ledger"]),
    ("store", &["ledger"]),
    ("testkit", &["ledger"]),
];

/// The three tables of a manifest that name dependencies, and whether they are for tests alone.
pub(super) const SECTIONS: [(&str, bool); 3] =
    [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)];

fn arrows(tree: &Tree) -> Vec<Objection> {
    let mut objections = Vec::new();
    for (folder, path, manifest) in tree.manifests() {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == folder) else {
            objections.push(Objection::new(
                path,
                format!("the crate {folder:?} is not on the map"),
                "draw it in docs/ARCHITECTURE.md, then add it to ARROWS in tests/tidy/arrows.rs",
            ));
            continue;
        };
        if manifest["package"]["name"].as_str() != Some(&format!("tally-{folder}")) {
            objections.push(Objection::new(
                path,
                format!("package name is {}", manifest["package"]["name"]),
                format!("a package is named after its folder: tally-{folder}"),
            ));
        }
        for (section, for_tests) in SECTIONS {
            for name in names(&manifest, section) {
                let Some(ours) = name.strip_prefix("tally-") else {
                    continue;
                };
                let for_everybody = for_tests && ours == "testkit";
                if !for_everybody && !allowed.contains(&ours) {
                    objections.push(Objection::new(
                        path,
                        format!("[{section}] draws an arrow from {folder} to {ours}"),
                        format!("{folder} may import {allowed:?}; move what it needs down"),
                    ));
                }
            }
        }
    }
    objections
}

/// The names of the packages in a table of dependencies, target-specific tables included.
pub(super) fn names(manifest: &toml::Table, section: &str) -> Vec<String> {
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let conditional = targets.into_iter().flatten().filter_map(|(_, t)| t.as_table());
    let mut names = Vec::new();
    for holder in std::iter::once(manifest).chain(conditional) {
        let Some(table) = holder.get(section).and_then(toml::Value::as_table) else {
            continue;
        };
        for (key, value) in table {
            // `package = "…"` gives a dependency another name; the rule is about the package.
            let renamed = value.get("package").and_then(toml::Value::as_str);
            names.push(renamed.unwrap_or(key).to_owned());
        }
    }
    names
}

#[test]
fn arrows_between_our_crates_point_down() {
    hold(arrows);
}

#[test]
fn an_arrow_that_is_not_on_the_map_is_refused() {
    let manifest = |rest: &str| format!("[package]\nname = \"tally-store\"\n{rest}");
    let at = "crates/store/Cargo.toml";
    let good = "[dependencies]\ntally-ledger.workspace = true\n\
                [dev-dependencies]\ntally-testkit.workspace = true\n";
    accepts(arrows, &[(at, &manifest(good))]);
    for (rest, found) in [
        ("[dependencies]\ntally-mirror.workspace = true", "from store to mirror"),
        ("[dependencies]\ntally-testkit.workspace = true", "from store to testkit"),
        ("[dev-dependencies]\ntally-cli.workspace = true", "from store to cli"),
        ("[build-dependencies]\nx = { package = \"tally-report\" }", "from store to report"),
        ("[target.'cfg(unix)'.dependencies]\ntally-intake.path = \"\"", "from store to intake"),
    ] {
        refuses(arrows, &[(at, &manifest(rest))], at, found);
    }
    refuses(
        arrows,
        &[("crates/ledger/Cargo.toml", "[package]\nname = \"ledger\"")],
        "crates/ledger/Cargo.toml",
        "package name",
    );
    refuses(
        arrows,
        &[("crates/new/Cargo.toml", "[package]\nname = \"tally-new\"")],
        "crates/new/Cargo.toml",
        "not on the map",
    );
}
