//! Equivocation: two signed checkpoints of one log that contradict each other (FORMAT.md,
//! "Equivocation").
//!
//! The text carries all that it takes to tell: the key, both checkpoints and, where their sizes
//! differ, what the larger tree has as the root of the smaller size, with the proof of it. That
//! root follows from the larger checkpoint alone, so nobody can make an honest log's checkpoints
//! contradict each other.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::consistency::PROOF_MAX;
use crate::hash::Hash;
use crate::note::{Checkpoint, NOTE_MAX, NoteError, Purpose, Signed, Vkey};
use crate::tree;

/// The first line of the text.
pub const HEADER: &str = "tally-equivocation/v1";
/// The most bytes of the line that names the key.
const KEY_LINE_MAX: usize = 1024;
/// The most bytes of the text: a header, a key, a root with its proof, and two notes.
pub const EQUIVOCATION_MAX: usize = 2 * NOTE_MAX + KEY_LINE_MAX + PROOF_MAX * 45 + 128;

/// Two checkpoints that one key may have signed although they contradict each other; whether it
/// did is what [`check`](Self::check) tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equivocation {
    key: Vkey,
    smaller: Checkpoint,
    larger: Checkpoint,
    grown: Option<Grown>,
}

/// What the tree of the larger checkpoint has at the size of the smaller one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grown {
    /// The root over its first entries, as many as the smaller checkpoint has.
    pub root: Hash,
    /// The consistency proof from there to the larger checkpoint (RFC 9162 §2.1.4).
    pub proof: Vec<Hash>,
}

/// A text that states no equivocation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: expected {expected}, found {found}")]
pub struct EquivocationError {
    /// The number of the line, from 1; of a note, that of its first line.
    pub line: usize,
    /// What stands there in a text of that form.
    pub expected: &'static str,
    /// What was found.
    pub found: String,
}

/// Why two checkpoints prove nothing against the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// They are of two logs.
    #[error("the checkpoints are of two logs: {smaller:.80?} and {larger:.80?}")]
    Origins {
        /// The origin of the first.
        smaller: String,
        /// The origin of the second.
        larger: String,
    },
    /// The key signed one of them not at all, or with a signature that does not hold.
    #[error("the checkpoint of size {size} with root {root}: {found} by the key")]
    NotSigned {
        /// Its size.
        size: u64,
        /// Its root.
        root: Hash,
        /// What was found.
        found: &'static str,
    },
    /// The proof does not lead to the larger checkpoint.
    #[error("the proof does not lead from {root} at size {size} to the larger checkpoint")]
    Proof {
        /// The root that is claimed of the larger tree.
        root: Hash,
        /// The smaller size.
        size: u64,
    },
    /// Both say the same.
    #[error("the two agree: both have the root {root} at size {size}")]
    Consistent {
        /// The smaller size.
        size: u64,
        /// The root of both.
        root: Hash,
    },
}

impl Equivocation {
    /// Returns the statement that `key` signed both checkpoints. `grown` is what the larger one has
    /// at the size of the smaller; it is left out exactly where the sizes are equal.
    ///
    /// # Errors
    ///
    /// Fails if the two do not contradict each other, or the key did not sign both.
    pub fn between(
        key: Vkey,
        one: Checkpoint,
        other: Checkpoint,
        grown: Option<Grown>,
    ) -> Result<Self, Unproven> {
        let (smaller, larger) =
            if one.size() <= other.size() { (one, other) } else { (other, one) };
        let grown = grown.filter(|_| smaller.size() != larger.size());
        let stated = Self { key, smaller, larger, grown };
        stated.check()?;
        Ok(stated)
    }

    /// Returns whether a file that begins with these bytes is meant to be of this form.
    pub fn begins(bytes: &[u8]) -> bool {
        bytes.strip_prefix(HEADER.as_bytes()).is_some_and(|rest| rest.first() == Some(&b'\n'))
    }

    /// Checks that the key signed two checkpoints of one log that contradict each other. Whose key
    /// it is has to be known from elsewhere.
    ///
    /// # Errors
    ///
    /// Fails with the first reason why that is not shown.
    pub fn check(&self) -> Result<(), Unproven> {
        let (smaller, larger) = (&self.smaller, &self.larger);
        if smaller.origin() != larger.origin() {
            return Err(Unproven::Origins {
                smaller: smaller.origin().to_owned(),
                larger: larger.origin().to_owned(),
            });
        }
        for checkpoint in [smaller, larger] {
            let found = match checkpoint.signed_by(&self.key) {
                Signed::Holds(_) => continue,
                Signed::Absent => "not signed",
                Signed::Broken => "a signature that does not hold",
            };
            let (size, root) = (checkpoint.size(), checkpoint.root());
            return Err(Unproven::NotSigned { size, root, found });
        }
        let size = smaller.size();
        let there = match &self.grown {
            None => larger.root(),
            Some(Grown { root, proof }) => {
                if !tree::extends(&larger.root(), larger.size(), root, size, proof) {
                    return Err(Unproven::Proof { root: *root, size });
                }
                *root
            }
        };
        if there == smaller.root() {
            return Err(Unproven::Consistent { size, root: there });
        }
        Ok(())
    }

    /// Returns the key that is said to have signed both.
    pub fn key(&self) -> &Vkey {
        &self.key
    }

    /// Returns the smaller checkpoint, or the first of two of one size.
    pub fn smaller(&self) -> &Checkpoint {
        &self.smaller
    }

    /// Returns the larger checkpoint, or the second of two of one size.
    pub fn larger(&self) -> &Checkpoint {
        &self.larger
    }

    /// Returns the root that the larger checkpoint implies at the size of the smaller.
    pub fn root_of_larger(&self) -> Hash {
        self.grown.as_ref().map_or(self.larger.root(), |grown| grown.root)
    }
}

impl fmt::Display for Equivocation {
    /// Writes the text, to the byte.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}\nkey {}", self.key)?;
        if let Some(Grown { root, proof }) = &self.grown {
            writeln!(f, "root {}", STANDARD.encode(root.0))?;
            proof.iter().try_for_each(|hash| writeln!(f, "{}", STANDARD.encode(hash.0)))?;
        }
        write!(f, "\n{}\n{}", self.smaller, self.larger)
    }
}

impl FromStr for Equivocation {
    type Err = EquivocationError;

    /// Reads the text; the checkpoints may be [those of any log](Checkpoint::of_any_log). That they
    /// contradict each other is for [`check`](Self::check) to tell.
    fn from_str(text: &str) -> Result<Self, EquivocationError> {
        if text.len() > EQUIVOCATION_MAX {
            return Err(fault(1, "at most 137 KiB", format!("{} bytes", text.len())));
        }
        let mut lines = Lines { rest: text, number: 0 };
        lines.next(HEADER, |line| (line == HEADER).then_some(()))?;
        let key: Vkey = lines.next("key and a vkey of type 0x01", |line| {
            let short = Some(line).filter(|line| line.len() < KEY_LINE_MAX);
            let key: Vkey = short?.strip_prefix("key ")?.parse().ok()?;
            (key.purpose() == Purpose::Log).then_some(key)
        })?;
        let root = lines.next("root and a root in base64, or an empty line", |line| match line
            .strip_prefix("root ")
        {
            Some(root) => hash(root).map(Some),
            None => line.is_empty().then_some(None),
        })?;
        let grown = match root {
            Some(root) => Some(Grown { root, proof: lines.proof()? }),
            None => None,
        };
        let first = lines.number + 1;
        let (smaller, larger) = two_notes(lines.rest)
            .ok_or_else(|| fault(first, "two notes with an empty line between them", "one"))?;
        let second = first + smaller.lines().count() + 1;
        let note = |line, text: &str| {
            Checkpoint::of_any_log(text).map_err(|e: NoteError| fault(line, e.expected, e.found))
        };
        let (smaller, larger) = (note(first, smaller)?, note(second, larger)?);
        let fits = match &grown {
            Some(_) => smaller.size() < larger.size(),
            None => smaller.size() == larger.size(),
        };
        if !fits {
            let expected = if grown.is_some() {
                "a checkpoint larger than the one before"
            } else {
                "a checkpoint as large as the one before, as there is no root"
            };
            let found = format!("the size {} after {}", larger.size(), smaller.size());
            return Err(fault(second, expected, found));
        }
        Ok(Self { key, smaller, larger, grown })
    }
}

/// Splits two notes, each of which has one empty line, before its signatures.
fn two_notes(text: &str) -> Option<(&str, &str)> {
    let text_end = text.find("\n\n")? + 2;
    let signatures_end = text_end + text[text_end..].find("\n\n")? + 1;
    Some((&text[..signatures_end], &text[signatures_end + 1..]))
}

fn hash(line: &str) -> Option<Hash> {
    STANDARD.decode(line).ok().and_then(|bytes| Hash::from_slice(&bytes))
}

fn fault(line: usize, expected: &'static str, found: impl Into<String>) -> EquivocationError {
    EquivocationError { line, expected, found: found.into() }
}

/// The lines that precede the notes.
struct Lines<'a> {
    rest: &'a str,
    /// The number of the last line read.
    number: usize,
}

impl Lines<'_> {
    fn next<T>(
        &mut self,
        expected: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, EquivocationError> {
        self.number += 1;
        let shown = |line: &str| format!("{:?}", line.chars().take(80).collect::<String>());
        let (line, rest) = self
            .rest
            .split_once('\n')
            .ok_or_else(|| fault(self.number, expected, shown(self.rest)))?;
        self.rest = rest;
        read(line).ok_or_else(|| fault(self.number, expected, shown(line)))
    }

    /// Reads the hashes of a proof and the empty line after them.
    fn proof(&mut self) -> Result<Vec<Hash>, EquivocationError> {
        let mut proof = Vec::new();
        while proof.len() <= PROOF_MAX {
            let line = |line: &str| {
                if line.is_empty() { Some(None) } else { hash(line).map(Some) }
            };
            match self.next("the hash of a proof in base64, or an empty line", line)? {
                Some(hash) => proof.push(hash),
                None => return Ok(proof),
            }
        }
        Err(fault(self.number, "at most 63 hashes", format!("{} hashes", proof.len())))
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::key::PublicKey;
    use crate::name::Origin;
    use crate::tree::Tree;

    /// A log that has two histories, which part after so many entries.
    struct Forked {
        key: SigningKey,
        origin: Origin,
        one: Tree,
        other: Tree,
    }

    impl Forked {
        fn after(common: u64) -> Self {
            let tree = |fork: u8| {
                let mut tree = Tree::default();
                for leaf in 0..40_u64 {
                    let fork = if leaf < common { 0 } else { fork };
                    tree.push(Hash::leaf(&[&[fork][..], &leaf.to_be_bytes()].concat()));
                }
                tree
            };
            let origin = "ledger.example/incidents".parse().unwrap();
            let key = SigningKey::from_bytes(&[3; 32]);
            Self { key, origin, one: tree(1), other: tree(2) }
        }

        fn vkey(&self) -> Vkey {
            Vkey::log(&self.origin, PublicKey::from(&self.key))
        }

        fn signed(&self, tree: &Tree, size: u64) -> Checkpoint {
            Checkpoint::sign(&self.origin, size, tree.root(size).unwrap(), &self.key)
        }

        fn between(&self, small: u64, large: u64) -> Result<Equivocation, Unproven> {
            let grown = Grown {
                root: self.other.root(small).unwrap(),
                proof: self.other.consistency(small, large).unwrap(),
            };
            let grown = (small != large).then_some(grown);
            let (one, other) = (self.signed(&self.one, small), self.signed(&self.other, large));
            // The smaller one is put first, whichever is named first.
            let (one, other) = if small == large { (one, other) } else { (other, one) };
            Equivocation::between(self.vkey(), one, other, grown)
        }
    }

    #[test]
    fn two_histories_are_proven_at_any_two_sizes_beyond_the_fork_and_at_no_others() {
        let forked = Forked::after(3);
        for small in 1..=33 {
            for large in small..=40 {
                let stated = forked.between(small, large);
                if small <= 3 {
                    let root = forked.one.root(small).unwrap();
                    assert_eq!(stated, Err(Unproven::Consistent { size: small, root }));
                    continue;
                }
                let stated = stated.unwrap();
                assert_eq!(stated.smaller().size(), small);
                assert_eq!(stated.root_of_larger(), forked.other.root(small).unwrap());
                let text = stated.to_string();
                assert!(Equivocation::begins(text.as_bytes()));
                assert!(text.len() < EQUIVOCATION_MAX);
                assert_eq!(text.parse::<Equivocation>().unwrap(), stated);
            }
        }
    }

    #[test]
    fn no_root_but_that_of_the_larger_tree_proves_anything() {
        let forked = Forked::after(40);
        for (small, large) in [(4, 5), (4, 8), (5, 8), (7, 33), (8, 16), (16, 40)] {
            let honest = forked.one.consistency(small, large).unwrap();
            let other = Hash::of(b"another root");
            let mut framed = vec![Vec::new(), honest.clone(), vec![other]];
            framed.extend((0..honest.len()).map(|at| {
                let mut proof = honest.clone();
                proof[at] = other;
                proof
            }));
            for proof in framed {
                let (one, larger) =
                    (forked.signed(&forked.one, small), forked.signed(&forked.one, large));
                let grown = Grown { root: other, proof };
                let stated = Equivocation::between(forked.vkey(), one, larger, Some(grown));
                assert_eq!(stated, Err(Unproven::Proof { root: other, size: small }));
            }
        }
    }

    #[test]
    fn both_have_to_be_signed_by_the_key_for_one_log() {
        let forked = Forked::after(3);
        let good = forked.between(5, 5).unwrap();
        let stranger = SigningKey::from_bytes(&[4; 32]);
        let other = Vkey::log(&forked.origin, PublicKey::from(&stranger));
        let by = |key: Vkey, larger: Checkpoint| {
            Equivocation { key, larger, ..good.clone() }.check().unwrap_err()
        };
        assert!(matches!(by(other, good.larger().clone()), Unproven::NotSigned { .. }));
        let root = forked.other.root(5).unwrap();
        let unsigned = Checkpoint::sign(&forked.origin, 5, root, &stranger);
        assert!(matches!(by(forked.vkey(), unsigned), Unproven::NotSigned { .. }));
        let origin = "ledger.example/others".parse().unwrap();
        let elsewhere = Checkpoint::sign(&origin, 5, root, &forked.key);
        assert!(matches!(by(forked.vkey(), elsewhere), Unproven::Origins { .. }));
        let altered = good.larger().to_string().replace("\n5\n", "\n6\n").parse().unwrap();
        let broken = by(forked.vkey(), altered).to_string();
        assert!(broken.contains("a signature that does not hold"), "{broken}");
    }

    #[test]
    fn another_text_is_refused_at_its_line() {
        let forked = Forked::after(3);
        let good = forked.between(5, 12).unwrap().to_string();
        let hashes = forked.other.consistency(5, 12).unwrap().len();
        let line = |from: &str, to: &str| {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good);
            bad.parse::<Equivocation>().unwrap_err().line
        };
        assert_eq!(line("/v1", "/v2"), 1);
        assert_eq!(line("key ", "vkey "), 2);
        assert_eq!(line("key ledger", "key ledge"), 2);
        assert_eq!(line("root ", "hash "), 3);
        assert_eq!(line("root ", "root AAAA"), 3);
        assert_eq!(line("\n\n", "\nAAAA\n\n"), 4 + hashes);
        let first = 5 + hashes;
        assert_eq!(line("\n5\n", "\n05\n"), first);
        assert_eq!(line("\n12\n", "\n012\n"), first + 6);
        assert_eq!(line("\n12\n", "\n4\n"), first + 6);
        assert_eq!(line("\n12\n", "\n5\n"), first + 6);
        let equal = forked.between(5, 5).unwrap().to_string();
        let differ = equal.replacen("\n5\n", "\n4\n", 1).parse::<Equivocation>();
        assert_eq!(differ.unwrap_err().line, 10);
        let many = format!("root {}\n", STANDARD.encode([0; 32]));
        let many = many + &format!("{}\n", STANDARD.encode([0; 32])).repeat(64);
        let (before, _) = good.split_once("root ").unwrap();
        let long = format!("{before}{many}\n").parse::<Equivocation>().unwrap_err();
        assert_eq!((long.line, long.expected), (67, "at most 63 hashes"));
        assert_eq!("".parse::<Equivocation>().unwrap_err().line, 1);
        assert!(good.repeat(200).parse::<Equivocation>().is_err());
    }
}
