//! Proofs in files of their own: inclusion and consistency as text, and as COSE receipts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ciborium::Value;
use tally_ledger::cbor;
use tally_ledger::consistency::Consistency;
use tally_ledger::hash::Hash;
use tally_ledger::note::{Checkpoint, Purpose, Vkey};
use tally_ledger::proof::Inclusion;
use tally_ledger::receipt::{Algorithm, Proof, Receipt, SignedRoot, Statement};
use tally_ledger::tree::Tree;

use crate::forge::{Forge, ORIGIN};
use crate::keyring::{self, checkpoint, public};
use crate::value::map;
use crate::vector::Vector;

pub(super) fn vectors() -> Vec<Vector> {
    let ledger = Ledger::new();
    [
        ledger.included(),
        ledger.inclusion_texts(),
        ledger.inclusion_parts(),
        ledger.grown(),
        ledger.received(),
        ledger.receipt_forms(),
    ]
    .concat()
}

/// A ledger of eight entries, and its tree.
struct Ledger {
    forge: Forge,
    tree: Tree,
}

/// Returns a vector under the usual pin. `check` names the check that fails, or that decides and is
/// not done.
fn vector(name: &str, expect: &str, check: Option<&str>, about: &str, bytes: Vec<u8>) -> Vector {
    let vector = Vector::passed(&format!("proof-{name}"), expect, bytes);
    check.into_iter().fold(vector, |vector, check| vector.line("check", check)).note(about)
}

/// Adds a checkpoint that the verifier has seen.
fn with_seen(vector: Vector, seen: &[&Checkpoint]) -> Vector {
    let note = |vector: Vector, seen: &&Checkpoint| {
        vector.line("checkpoint", &STANDARD.encode(seen.to_string()))
    };
    seen.iter().fold(vector, note)
}

impl Ledger {
    fn new() -> Self {
        let (mut forge, mut tree) = (Forge::new(), Tree::default());
        (1..8).for_each(|_| {
            forge.note("bug-1");
        });
        (0..8).for_each(|seq| tree.push(forge.id(seq)));
        Self { forge, tree }
    }

    fn root(&self, size: u64) -> Hash {
        self.tree.root(size).expect("a size of the tree")
    }

    fn checkpoint(&self, size: u64) -> Checkpoint {
        Checkpoint::sign(&ORIGIN.parse().expect("an origin"), size, self.root(size), &checkpoint())
    }

    fn inclusion(&self, index: u64, size: u64) -> Inclusion {
        let path = self.tree.inclusion(index, size).expect("an entry of the tree");
        let entry = self.forge.entry(index).to_vec();
        Inclusion { entry, index, path, checkpoint: self.checkpoint(size) }
    }

    fn consistency(&self, old: u64, size: u64) -> Consistency {
        let proof = self.tree.consistency(old, size).unwrap_or_default();
        Consistency { old, proof, checkpoint: self.checkpoint(size) }
    }

    fn signed_root(&self, size: u64, algorithm: Algorithm) -> SignedRoot {
        let origin = ORIGIN.parse().expect("an origin");
        SignedRoot::sign(&origin, &self.root(size), &checkpoint(), algorithm)
    }

    fn statement(&self, index: u64, size: u64) -> Statement {
        let path = self.tree.inclusion(index, size).expect("an entry of the tree");
        let proof = Proof::Inclusion { size, index, path };
        let receipt = Receipt { root: self.signed_root(size, Algorithm::Ed25519), proof };
        Statement { entry: self.forge.entry(index).to_vec(), receipt }
    }

    fn growth(&self, old: u64, size: u64) -> Receipt {
        let path = self.tree.consistency(old, size).expect("sizes of the tree");
        let proof = Proof::Consistency { old, size, path };
        Receipt { root: self.signed_root(size, Algorithm::Ed25519), proof }
    }

    fn included(&self) -> Vec<Vector> {
        let holds = |name: &str, index, size, about: &str| {
            let text = self.inclusion(index, size).to_string();
            vector(name, "holds", None, about, text.into_bytes())
        };
        let bytes = self.inclusion(5, 8).to_string().into_bytes();
        let witness = keyring::key("witness");
        let witness_key = Vkey::new("witness.example", Purpose::Cosignature, public(&witness));
        let policy = |vector: Vector| {
            let witness = witness_key.as_ref().expect("a key name");
            vector.line("policy", &format!("witness w {witness}")).line("policy", "quorum w")
        };
        let mut cosigned = self.inclusion(5, 8);
        cosigned.checkpoint.cosign("witness.example", 1_795_306_800, &witness).expect("a name");
        let cosigned = cosigned.to_string().into_bytes();
        let few = vector("quorum-missed", "failed", Some("cosignatures"), "none", bytes.clone());
        let other = Checkpoint::sign(
            &ORIGIN.parse().expect("an origin"),
            8,
            Hash::of(b"another history"),
            &checkpoint(),
        );
        let elsewhere = "ledger.example/other".parse().expect("an origin");
        let elsewhere = Checkpoint::sign(&elsewhere, 8, self.root(8), &checkpoint());
        let strange = "a checkpoint of another ledger is a pin that is not met";
        let strange = vector("seen-elsewhere", "failed", Some("pins"), strange, bytes.clone());
        let twice = vector("seen-twice", "failed", Some("pins"), "both cannot be", bytes.clone());
        let split = vector("seen-otherwise", "failed", Some("pins"), "two roots", bytes.clone());
        let own = "consistent-with-itself";
        vec![
            holds("inclusion", 5, 8, "the entry stands in its extra line"),
            holds("inclusion-first", 0, 7, "genesis"),
            holds("inclusion-last", 6, 7, "the last leaf of a tree that is not full"),
            holds("inclusion-alone", 0, 1, "a tree of one entry has no path"),
            policy(vector("quorum-met", "holds", None, "a witness cosigned it", cosigned)),
            policy(few),
            Vector::unpinned("proof-unpinned", own, bytes.clone()).note("no key is known"),
            with_seen(
                Vector::unpinned("proof-seen", "holds", bytes.clone()).note("the root is known"),
                &[&self.checkpoint(8)],
            ),
            with_seen(
                Vector::unpinned("proof-seen-smaller", own, bytes).note("its root says nothing"),
                &[&self.checkpoint(7)],
            ),
            with_seen(split, &[&other]),
            with_seen(strange, &[&elsewhere]),
            with_seen(twice, &[&self.checkpoint(8), &other]),
        ]
    }

    /// Texts that are spoiled in one place, which is part of the form.
    fn inclusion_texts(&self) -> Vec<Vector> {
        let good = self.inclusion(5, 8).to_string();
        let hash = STANDARD.encode(self.inclusion(5, 8).path[0].0);
        let spoiled = |(name, about, from, to): &(&str, &str, &str, &str)| {
            let text = good.replacen(from, to, 1);
            assert_ne!(text, good, "{name}");
            vector(name, "failed", Some("form"), about, text.into_bytes())
        };
        let many = format!("index 5\n{}", format!("{hash}\n").repeat(61));
        let mut vectors: Vec<Vector> = [
            ("without-extra", "the line extra is missing", "extra ", "extras "),
            ("extra-unpadded", "base64 of another length", "\nindex", "=\nindex"),
            ("index-with-zero", "a leading zero", "index 5", "index 05"),
            ("index-negative", "a minus sign", "index 5", "index -5"),
            ("hash-short", "a hash of 31 bytes", &hash, &STANDARD.encode([7; 31])),
            ("hashes-64", "64 hashes", "index 5\n", &many),
            ("without-empty-line", "nothing before the checkpoint", "\n\n", "\n"),
            ("size-with-zero", "a checkpoint that is none", "\n8\n", "\n08\n"),
            ("carriage-return", "another end of a line", "index 5\n", "index 5\r\n"),
        ]
        .iter()
        .map(spoiled)
        .collect();
        let empty = format!("c2sp.org/tlog-proof@v1\nextra \nindex 5\n\n{}", self.checkpoint(8));
        let about = "an entry of no bytes";
        vectors.push(vector("extra-empty", "failed", Some("form"), about, empty.into_bytes()));
        let version = good.replacen("@v1", "@v2", 1).into_bytes();
        vectors.push(vector("version-2", "unrecognised", None, "another first line", version));
        vectors
    }

    /// Proofs of which one part is that of another.
    fn inclusion_parts(&self) -> Vec<Vector> {
        let origin = |name: &str| name.parse().expect("an origin");
        let good = self.inclusion(5, 8);
        let path = |path: Vec<Hash>| Inclusion { path, ..good.clone() };
        let note = |checkpoint| Inclusion { checkpoint, ..good.clone() };
        let signed = |name: &str, root, key| note(Checkpoint::sign(&origin(name), 8, root, key));
        let (root, stranger) = (self.root(8), keyring::key("stranger"));
        let [first, second, third] = good.path[..] else {
            unreachable!("a path in a tree of eight has three hashes")
        };
        let broken = good.entry[..40].to_vec();
        let other = |entry| Inclusion { entry, ..good.clone() };
        let rows = [
            ("entry-other", "entry", "the bytes of entry 4", other(self.forge.entry(4).to_vec())),
            ("entry-cut", "entry", "bytes that are no entry", other(broken)),
            ("index-other", "entry", "another place", Inclusion { index: 4, ..good.clone() }),
            ("path-order", "inclusion", "hashes swapped", path(vec![second, first, third])),
            ("path-shorter", "inclusion", "a hash missing", path(vec![first, second])),
            ("path-longer", "inclusion", "a hash more", path(vec![first, second, third, third])),
            (
                "root-other",
                "inclusion",
                "the checkpoint of another tree",
                signed(ORIGIN, Hash::of(b""), &checkpoint()),
            ),
            (
                "origin-other",
                "entry",
                "the checkpoint of another ledger",
                signed("ledger.example/other", root, &checkpoint()),
            ),
            (
                "signed-by-stranger",
                "signature",
                "not the pinned key",
                signed(ORIGIN, root, &stranger),
            ),
        ];
        let failed = |(name, check, about, proof): (&str, &str, &str, Inclusion)| {
            vector(name, "failed", Some(check), about, proof.to_string().into_bytes())
        };
        let mut vectors: Vec<Vector> = rows.map(failed).into();
        let named = Vkey::log(&origin("ledger.example/other"), public(&checkpoint()));
        vectors.push(
            Vector::unpinned("proof-key-of-another-name", "failed", good.to_string().into_bytes())
                .line("check", "signature")
                .line("pin", &named.to_string())
                .note("the key signs, under the name of another log"),
        );
        vectors
    }

    fn grown(&self) -> Vec<Vector> {
        let text = |proof: &Consistency| proof.to_string().into_bytes();
        let seen = |name: &str, expect: &str, check, about: &str, bytes, sizes: &[u64]| {
            let seen: Vec<Checkpoint> = sizes.iter().map(|size| self.checkpoint(*size)).collect();
            with_seen(vector(name, expect, check, about, bytes), &seen.iter().collect::<Vec<_>>())
        };
        let grown = |name: &str, old, size, about: &str| {
            seen(name, "holds", None, about, text(&self.consistency(old, size)), &[old])
        };
        let good = self.consistency(3, 8);
        let decides = Some("consistency");
        let altered = Consistency { proof: vec![Hash::of(b""); 4], ..good.clone() };
        let nothing = Consistency { old: 0, proof: vec![], ..good.clone() };
        let beyond = Consistency { old: 9, ..good.clone() };
        let receipt = self.growth(3, 8);
        let mut bad = receipt.clone();
        bad.proof = Proof::Consistency { old: 3, size: 8, path: vec![Hash::of(b""); 4] };
        let (unknown, open) = ("the smaller tree is not known", "not-checked");
        let one = "the larger tree is not known";
        let another = Hash::of(b"another history");
        let origin = ORIGIN.parse().expect("an origin");
        let another = Checkpoint::sign(&origin, 3, another, &checkpoint());
        let twice = "two roots of the smaller size";
        let twice = vector("consistency-seen-twice", "failed", Some("pins"), twice, text(&good));
        vec![
            with_seen(twice, &[&self.checkpoint(3), &another]),
            grown("consistency", 3, 8, "from a size that is no power of two"),
            grown("consistency-perfect", 4, 7, "from a power of two"),
            grown("consistency-same", 8, 8, "of one size with itself"),
            seen("consistency-unknown", open, decides, unknown, text(&good), &[4]),
            seen("consistency-altered", "failed", decides, "other hashes", text(&altered), &[3]),
            seen("consistency-from-0", "failed", Some("form"), "nothing", text(&nothing), &[3]),
            seen("consistency-beyond", "failed", Some("form"), "smaller", text(&beyond), &[3]),
            seen("growth", "holds", None, "as a receipt", receipt.bytes(), &[3, 8]),
            seen("growth-old-unknown", open, decides, unknown, receipt.bytes(), &[8]),
            seen("growth-size-unknown", open, decides, one, receipt.bytes(), &[3]),
            seen("growth-altered", "failed", decides, "other hashes", bad.bytes(), &[3, 8]),
        ]
    }

    fn received(&self) -> Vec<Vector> {
        let known = |name: &str, expect: &str, check, about: &str, it: &Statement, size| {
            let bytes = it.bytes().expect("an entry and a receipt");
            with_seen(vector(name, expect, check, about, bytes), &[&self.checkpoint(size)])
        };
        let good = self.statement(5, 8);
        let rooted = |root| {
            let receipt = Receipt { root, ..good.receipt.clone() };
            Statement { receipt, ..good.clone() }
        };
        let proven = |size, index, path: &Vec<Hash>| {
            let proof = Proof::Inclusion { size, index, path: path.clone() };
            let receipt = Receipt { proof, ..good.receipt.clone() };
            Statement { receipt, ..good.clone() }
        };
        let Proof::Inclusion { path, .. } = &good.receipt.proof else {
            unreachable!("the statement's receipt is one of inclusion")
        };
        let eddsa = rooted(self.signed_root(8, Algorithm::EdDsa));
        let origin = ORIGIN.parse().expect("an origin");
        let stranger = keyring::key("stranger");
        let by = |size, key| SignedRoot::sign(&origin, &self.root(size), key, Algorithm::Ed25519);
        let foreign = rooted(by(8, &stranger));
        let another = rooted(by(7, &checkpoint()));
        let entry = Statement { entry: self.forge.entry(4).to_vec(), ..good.clone() };
        let (open, decides) = ("not-checked", Some("inclusion"));
        let bytes = good.bytes().expect("an entry and a receipt");
        let keyless = Vector::unpinned("proof-receipt-without-key", open, bytes);
        let keyless = keyless.line("check", "receipt").note("a checkpoint is known, and no key");
        let size = "the path of 5 in 8 fits 5 in 7, and nobody signed the size";
        vec![
            with_seen(keyless, &[&self.checkpoint(8)]),
            known("receipt", "holds", None, "with the size of a checkpoint", &good, 8),
            known("receipt-eddsa", "holds", None, "the algorithm -8", &eddsa, 8),
            known("receipt-unknown-size", open, decides, "a checkpoint of 7", &good, 7),
            known("receipt-size-7", "failed", decides, size, &proven(7, 5, path), 7),
            known("receipt-size-9", open, decides, "no such checkpoint", &proven(9, 5, path), 8),
            known("receipt-index", "failed", Some("entry"), "not its seq", &proven(8, 4, path), 8),
            known("receipt-entry", "failed", Some("entry"), "the bytes of 4", &entry, 8),
            known("receipt-stranger", "failed", Some("receipt"), "another key", &foreign, 8),
            known("receipt-root", "failed", Some("receipt"), "another root", &another, 8),
        ]
    }

    /// Receipts that are spoiled in one place of their form.
    fn receipt_forms(&self) -> Vec<Vector> {
        let failed = |name: &str, about: &str, bytes| {
            let vector = vector(&format!("receipt-{name}"), "failed", Some("form"), about, bytes);
            with_seen(vector, &[&self.checkpoint(8)])
        };
        let good = self.statement(5, 8);
        let receipt = good.receipt.bytes();
        let within = |receipt: &[u8]| {
            let receipts = Value::Array(vec![Value::Bytes(receipt.to_vec())]);
            message(&good.entry, |parts| parts[1] = labelled(394, receipts.clone()))
        };
        let header = |change: &dyn Fn(&mut Value)| {
            within(&message(&receipt, |parts| {
                let read: &[u8] = parts[0].as_bytes().expect("a byte string");
                let mut header = ciborium::from_reader(read).expect("a map");
                change(&mut header);
                parts[0] = Value::Bytes(cbor::encode(&header));
            }))
        };
        let member = |at: usize, value: Value| {
            header(&|header| header.as_map_mut().expect("a map")[at].1 = value.clone())
        };
        let claims =
            |iss: &str, sub: &str| Value::Map(vec![(1.into(), iss.into()), (2.into(), sub.into())]);
        let bare = |path| {
            let proof = Proof::Inclusion { size: 8, index: 5, path };
            within(&Receipt { proof, ..good.receipt.clone() }.bytes())
        };
        let whole = good.bytes().expect("an entry and a receipt");
        let part =
            |at: usize, value: Value| within(&message(&receipt, |parts| parts[at] = value.clone()));
        let root = Value::Bytes(self.root(8).0.to_vec());
        vec![
            failed("attached", "the root stands in it", part(2, root)),
            failed("without-proof", "nothing is proven", part(1, Value::Map(vec![]))),
            failed("text-label", "a label that is text", part(1, map([("396", 1.into())]))),
            failed("es256", "the algorithm -7", member(0, (-7).into())),
            failed("kid-short", "a kid of 31 bytes", member(1, Value::Bytes(vec![7; 31]))),
            failed("subject", "not the origin", member(2, claims(ORIGIN, "bug-1"))),
            failed("issuer", "no origin", member(2, claims("", ""))),
            failed("tree-2", "another tree", member(3, 2.into())),
            failed(
                "tree-unprotected",
                "no tree in the protected header",
                header(&|header| header.as_map_mut().expect("a map").truncate(3)),
            ),
            failed("without-hashes", "an empty path", bare(vec![])),
            failed("hashes-64", "64 hashes", bare(vec![Hash::of(b""); 64])),
            failed("alone", "a receipt of inclusion without its entry", receipt.clone()),
            failed("none", "an entry without receipts", good.entry.clone()),
            failed("of-growth", "a receipt of consistency", within(&self.growth(3, 8).bytes())),
            failed("trailing", "bytes after the end", [whole, vec![0]].concat()),
        ]
    }
}

fn labelled(label: i64, value: Value) -> Value {
    Value::Map(vec![(label.into(), value)])
}

/// Returns a COSE_Sign1 with its four parts changed.
fn message(bytes: &[u8], change: impl Fn(&mut Vec<Value>)) -> Vec<u8> {
    let read: Value = ciborium::from_reader(&bytes[1..]).expect("an array");
    let mut parts = read.into_array().expect("an array");
    change(&mut parts);
    [&bytes[..1], &cbor::encode(&Value::Array(parts))].concat()
}
