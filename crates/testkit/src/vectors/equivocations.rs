//! Two signed checkpoints of one log, which contradict each other or do not.

use ed25519_dalek::SigningKey;
use tally_ledger::equivocation::{Equivocation, Grown};
use tally_ledger::hash::Hash;
use tally_ledger::note::{Checkpoint, Purpose, Vkey};
use tally_ledger::tree::Tree;

use crate::forge::{ORIGIN, vkey};
use crate::keyring::{self, checkpoint, public};
use crate::vector::Vector;

/// Where the two histories part.
const COMMON: u64 = 3;

pub(super) fn vectors() -> Vec<Vector> {
    [proven(), spoiled(), consistent()].concat()
}

fn tree(history: &str) -> Tree {
    let mut tree = Tree::default();
    for leaf in 0..20 {
        let history = if leaf < COMMON { "common" } else { history };
        tree.push(Hash::leaf(format!("{history} {leaf}").as_bytes()));
    }
    tree
}

fn signed(tree: &Tree, size: u64, key: &SigningKey) -> Checkpoint {
    let origin = ORIGIN.parse().expect("an origin");
    Checkpoint::sign(&origin, size, tree.root(size).expect("a size of the tree"), key)
}

/// Returns the equivocation of a log that signed `small` entries of one history and `large` of
/// another, as its text.
fn text(small: u64, large: u64) -> String {
    let (one, other) = (tree("one"), tree("other"));
    let grown = other.root(small).zip(other.consistency(small, large));
    let grown = grown.map(|(root, proof)| Grown { root, proof });
    let (one, other) = (signed(&one, small, &checkpoint()), signed(&other, large, &checkpoint()));
    let stated = Equivocation::between(vkey(&checkpoint()), one, other, grown);
    stated.expect("two histories").to_string()
}

fn vector(name: &str, expect: &str, about: &str, text: String) -> Vector {
    let name = format!("equivocation-{name}");
    Vector::passed(&name, expect, text.into_bytes()).note(about)
}

fn proven() -> Vec<Vector> {
    let sizes = [
        ("of-one-size", 5, 5, "two roots at one size"),
        ("of-two-sizes", 5, 12, "another root at the smaller size"),
        ("from-power-of-two", 8, 13, "the root itself begins the path"),
        ("to-power-of-two", 7, 16, "the larger tree is perfect"),
        ("between-powers-of-two", 4, 16, "both trees are perfect"),
        ("one-entry-more", 4, 5, "the shortest proof"),
    ];
    let row = |(name, small, large, about)| vector(name, "proven", about, text(small, large));
    let mut vectors: Vec<Vector> = sizes.map(row).into();
    let extended = text(5, 5);
    let key = checkpoint();
    let note = signed(&tree("one"), 5, &key).to_string();
    assert!(extended.contains(&note), "the smaller note stands in the text");
    let cosigned = {
        let mut note = signed(&tree("one"), 5, &key);
        let witness = keyring::key("witness");
        note.cosign("witness.example", 1_795_306_200, &witness).expect("a key name");
        note.to_string()
    };
    let about = "a cosignature on one of them changes nothing";
    vectors.push(vector("cosigned", "proven", about, extended.replace(&note, &cosigned)));
    vectors
}

/// Name, verdict, what is wrong, a part of the text, and what stands in its place.
const SPOILED: &[(&str, &str, &str, &str, &str)] = &[
    ("version-2", "unrecognised", "another first line", "/v1\n", "/v2\n"),
    ("without-key", "unrecognised", "no line that names the key", "key ", "vkey "),
    ("root-unpadded", "unrecognised", "base64 without padding", "=\n", "\n"),
    ("without-empty-line", "unrecognised", "a proof that runs into a note", "\n\n", "\n"),
    ("size-with-zero", "unrecognised", "a leading zero", "\n12\n", "\n012\n"),
    ("descending", "unrecognised", "the larger checkpoint first", "\n5\n", "\n13\n"),
    ("of-another-size", "not-proven", "a signature over another size", "\n12\n", "\n13\n"),
];

fn spoiled() -> Vec<Vector> {
    let good = text(5, 12);
    let row = |(name, expect, about, from, to): &(&str, &str, &str, &str, &str)| {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{name} changes nothing");
        vector(name, expect, about, bad)
    };
    let mut vectors: Vec<Vector> = SPOILED.iter().map(row).collect();
    let header = good.lines().nth(2).expect("the line of the root").to_owned() + "\n";
    vectors.push(vector(
        "without-root",
        "unrecognised",
        "two sizes and nothing to compare",
        good.replacen(&header, "", 1),
    ));
    let (before, after) = good.rsplit_once("=\n\n").expect("the root of the larger");
    vectors.push(vector(
        "with-extension",
        "not-proven",
        "a line that nobody signed",
        format!("{before}=\nmore\n\n{after}"),
    ));
    let hash = good.lines().nth(3).expect("a hash of the proof").to_owned() + "\n";
    for (name, expect, about, to) in [
        ("proof-short", "not-proven", "a hash too few", String::new()),
        ("proof-long", "not-proven", "a hash too many", hash.repeat(2)),
        ("proof-of-64", "unrecognised", "64 hashes", hash.repeat(64)),
    ] {
        vectors.push(vector(name, expect, about, good.replacen(&hash, &to, 1)));
    }
    let key = keyring::key("witness");
    let vkey_line = vkey(&checkpoint()).to_string();
    let stranger = Vkey::new(ORIGIN, Purpose::Log, public(&key)).expect("a key name");
    let cosigner = Vkey::new(ORIGIN, Purpose::Cosignature, public(&key)).expect("a key name");
    for (name, expect, about, vkey) in [
        ("of-another-key", "not-proven", "a key that signed neither", stranger),
        ("of-a-witness", "unrecognised", "a key of type 04", cosigner),
    ] {
        let bad = good.replacen(&vkey_line, &vkey.to_string(), 1);
        vectors.push(vector(name, expect, about, bad));
    }
    vectors
}

/// Honest checkpoints, which no text makes contradict each other.
fn consistent() -> Vec<Vector> {
    let tree = tree("one");
    let state = |small: u64, large: u64, grown: Option<(Hash, Vec<Hash>)>| {
        use base64::Engine;
        use base64::engine::general_purpose::STANDARD;
        let base64 = |hash: &Hash| STANDARD.encode(hash.0);
        let grown = grown.map_or(String::new(), |(root, proof)| {
            let proof: String = proof.iter().map(|hash| base64(hash) + "\n").collect();
            format!("root {}\n{proof}", base64(&root))
        });
        let key = checkpoint();
        let (small, large) = (signed(&tree, small, &key), signed(&tree, large, &key));
        format!("tally-equivocation/v1\nkey {}\n{grown}\n{small}\n{large}", vkey(&key))
    };
    let root = tree.root(8).expect("a size of the tree");
    let proof = tree.consistency(8, 13).expect("two sizes of the tree");
    let other = Hash::of(b"another root");
    let same = state(5, 5, None);
    let grown = state(8, 13, Some((root, proof.clone())));
    let framed = state(8, 13, Some((other, proof)));
    vec![
        vector("of-one-checkpoint", "not-proven", "the same checkpoint twice", same),
        vector("of-a-log-that-grew", "not-proven", "the larger extends the smaller", grown),
        vector("framed", "not-proven", "a root that is not the larger tree's", framed),
    ]
}
