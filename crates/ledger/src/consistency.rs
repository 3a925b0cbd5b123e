//! That a log only grew: a consistency proof and the checkpoint that it leads to, as the request
//! `add-checkpoint` of C2SP tlog-witness writes them.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::equivocation::Grown;
use crate::hash::Hash;
use crate::note::{Checkpoint, NOTE_MAX};
use crate::tree;

/// The most hashes of a proof.
pub const PROOF_MAX: usize = 63;
/// The most bytes of the text: a line for the old size, 63 hashes, and a note.
pub const CONSISTENCY_MAX: usize = NOTE_MAX + 32 + PROOF_MAX * 45;

/// A consistency proof from an old size to a checkpoint (RFC 9162 §2.1.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consistency {
    /// The old size; 0 if nothing was known of the log.
    pub old: u64,
    /// The proof, as [`tree::Tree::consistency`] returns it; empty where the old size is 0 or that
    /// of the checkpoint.
    pub proof: Vec<Hash>,
    /// The checkpoint that the log has grown to.
    pub checkpoint: Checkpoint,
}

/// A line of a proof's text that is not what stands there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: expected {expected}, found {found}")]
pub struct LineError {
    /// The number of the line, from 1.
    pub line: usize,
    /// What stands there in the text of C2SP.
    pub expected: &'static str,
    /// What was found.
    pub found: String,
}

impl LineError {
    /// Returns the error at a line of which `found` is the text.
    pub(crate) fn at(line: usize, expected: &'static str, found: &str) -> Self {
        let found = format!("{:?}", found.chars().take(80).collect::<String>());
        Self { line, expected, found }
    }
}

/// Reads an unsigned number in decimal, without leading zeros.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let plain = text == "0" || !text.starts_with('0');
    let digits = plain && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

/// Reads the lines of hashes that end in an empty one, the first of which is the line `first`.
/// Returns the hashes and what follows.
pub(crate) fn hash_lines(first: usize, text: &str) -> Result<(Vec<Hash>, &str), LineError> {
    let expected = "the hash of a proof in base64, or an empty line";
    let (mut hashes, mut rest) = (Vec::new(), text);
    loop {
        let number = first + hashes.len();
        let (line, after) =
            rest.split_once('\n').ok_or_else(|| LineError::at(number, expected, rest))?;
        rest = after;
        if line.is_empty() {
            return Ok((hashes, rest));
        }
        let hash = STANDARD.decode(line).ok().and_then(|bytes| Hash::from_slice(&bytes));
        hashes.push(hash.ok_or_else(|| LineError::at(number, expected, line))?);
        if hashes.len() > PROOF_MAX {
            return Err(LineError::at(number, "at most 63 hashes", line));
        }
    }
}

impl Consistency {
    /// Returns whether the proof shows that the log of the checkpoint extends the first
    /// [`old`](Self::old) entries with the root `old_root`.
    pub fn extends(&self, old_root: &Hash) -> bool {
        if self.old == 0 {
            return self.proof.is_empty();
        }
        let (size, root) = (self.checkpoint.size(), self.checkpoint.root());
        tree::extends(&root, size, old_root, self.old, &self.proof)
    }

    /// Returns what the checkpoint has at the [`old`](Self::old) size, whatever anybody else has
    /// there, as far as the proof tells: see [`tree::old_root`].
    pub fn grown(&self) -> Option<Grown> {
        let (size, root) = (self.checkpoint.size(), self.checkpoint.root());
        let old_root = tree::old_root(&root, size, self.old, &self.proof)?;
        Some(Grown { root: old_root, proof: self.proof.clone() })
    }
}

impl fmt::Display for Consistency {
    /// Writes the text, to the byte.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", STANDARD.encode(hash.0)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for Consistency {
    type Err = LineError;

    /// Reads the text; the checkpoint may be [that of any log](Checkpoint::of_any_log).
    fn from_str(text: &str) -> Result<Self, LineError> {
        let expected = "old and a size";
        // Nothing is quoted of a text that may be no proof at all, but a secret.
        let other = || LineError { line: 1, expected, found: "another text".to_owned() };
        let (first, rest) = text.split_once('\n').ok_or_else(other)?;
        let old = first.strip_prefix("old ").and_then(decimal).ok_or_else(other)?;
        let (proof, rest) = hash_lines(2, rest)?;
        let line = proof.len() + 3;
        let checkpoint = Checkpoint::of_any_log(rest).map_err(|e| LineError {
            line,
            expected: e.expected,
            found: e.found,
        })?;
        Ok(Self { old, proof, checkpoint })
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::tree::Tree;

    fn grown(old: u64, size: u64) -> (Consistency, Tree) {
        let mut tree = Tree::default();
        (0..size).for_each(|leaf| tree.push(Hash::leaf(&leaf.to_be_bytes())));
        let origin = "ledger.example/incidents".parse().unwrap();
        let key = SigningKey::from_bytes(&[3; 32]);
        let checkpoint = Checkpoint::sign(&origin, size, tree.root(size).unwrap(), &key);
        let proof = tree.consistency(old, size).unwrap_or_default();
        (Consistency { old, proof, checkpoint }, tree)
    }

    #[test]
    fn a_proof_is_read_back_and_holds_for_its_old_root_alone() {
        for (old, size) in [(0, 5), (1, 5), (3, 5), (4, 5), (5, 5), (6, 70)] {
            let (grown, tree) = grown(old, size);
            assert_eq!(grown.to_string().parse::<Consistency>().unwrap(), grown);
            assert!(grown.extends(&tree.root(old).unwrap()), "{old} {size}");
            assert_eq!(grown.extends(&Hash::of(b"other")), old == 0);
        }
    }

    #[test]
    fn a_proof_from_nothing_is_empty() {
        let (mut grown, _) = grown(0, 5);
        grown.proof.push(Hash::of(b"more"));
        assert!(!grown.extends(&Hash::of(b"")));
    }

    #[test]
    fn another_text_is_refused_at_its_line() {
        let good = grown(3, 5).0.to_string();
        let line = |from: &str, to: &str| {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good);
            bad.parse::<Consistency>().unwrap_err().line
        };
        assert_eq!(line("old 3", "old 03"), 1);
        assert_eq!(line("old 3", "new 3"), 1);
        assert_eq!(line("old 3", "old -3"), 1);
        assert_eq!(line("old 3\n", "old 3\nAAAA\n"), 2);
        assert_eq!(line("\n\n", "\n"), 6);
        let many = format!("old 3\n{}\n", format!("{}\n", STANDARD.encode([0; 32])).repeat(64));
        assert_eq!(many.parse::<Consistency>().unwrap_err().line, 65);
        assert_eq!("".parse::<Consistency>().unwrap_err().line, 1);
    }
}
