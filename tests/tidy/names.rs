//! Names of files and folders that say nothing about what is inside.

use super::tree::Tree;
use super::{Objection, accepts, hold, refuses};

const BANNED: [&str; 9] =
    ["common", "helper", "helpers", "misc", "mod", "types", "util", "utils", "stuff"];

fn telling_names(tree: &Tree) -> Vec<Objection> {
    let mut objections = Vec::new();
    for path in tree.paths() {
        for segment in path.split('/') {
            let stem = segment.split('.').next().unwrap_or(segment);
            if !BANNED.contains(&stem) {
                continue;
            }
            let advice = if stem == "mod" {
                "a module FOO lives in FOO.rs, its children in FOO/"
            } else {
                "put each piece beside its user; the second user earns it a noun"
            };
            objections.push(Objection::new(path, format!("{segment:?} says nothing"), advice));
        }
    }
    objections
}

#[test]
fn every_file_is_named_after_what_it_holds() {
    hold(telling_names);
}

#[test]
fn a_name_that_says_nothing_is_refused() {
    accepts(telling_names, &[("crates/ledger/src/utility_bill.rs", "")]);
    for path in ["crates/cli/src/util.rs", "tests/common/case.rs", "crates/store/src/a/mod.rs"] {
        refuses(telling_names, &[(path, "")], path, "says nothing");
    }
}
