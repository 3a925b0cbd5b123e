//! That an entry stands in a ledger: the text of C2SP tlog-proof, with the entry in its `extra`
//! line.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Proven, Sort, hashes, text};
use crate::consistency::{LineError, PROOF_MAX, decimal, hash_lines};
use crate::entry::{ENTRY_MAX, Entry};
use crate::hash::Hash;
use crate::note::{Checkpoint, NOTE_MAX};
use crate::tree;
use crate::verify::Pins;

/// The first line of such a text, without its newline.
pub const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";
/// The most bytes of the text: an entry in base64, 63 hashes, a note, and the lines between.
pub const INCLUSION_MAX: usize = ENTRY_MAX.div_ceil(3) * 4 + PROOF_MAX * 45 + NOTE_MAX + 128;

/// A proof that an entry stands in the tree of a checkpoint (RFC 9162 §2.1.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inclusion {
    /// The bytes of the entry. The text does not vouch for them; the path does.
    pub entry: Vec<u8>,
    /// The position of the entry.
    pub index: u64,
    /// The path, leaf side first; empty in a tree of one entry.
    pub path: Vec<Hash>,
    /// The checkpoint, with every cosignature that was at hand.
    pub checkpoint: Checkpoint,
}

impl fmt::Display for Inclusion {
    /// Writes the text, to the byte.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}\nextra {}", STANDARD.encode(&self.entry))?;
        writeln!(f, "index {}", self.index)?;
        self.path.iter().try_for_each(|hash| writeln!(f, "{}", STANDARD.encode(hash.0)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for Inclusion {
    type Err = LineError;

    fn from_str(text: &str) -> Result<Self, LineError> {
        if text.len() > INCLUSION_MAX {
            return Err(LineError::at(1, "a text of at most 160 kB", "a longer one"));
        }
        let rest = line(1, FIRST_LINE, text, |line| (line == FIRST_LINE).then_some(()))?.1;
        let (entry, rest) = line(2, "extra and an entry in base64", rest, |line| {
            STANDARD.decode(line.strip_prefix("extra ")?).ok().filter(|entry| !entry.is_empty())
        })?;
        let (index, rest) =
            line(3, "index and a number", rest, |line| decimal(line.strip_prefix("index ")?))?;
        let (path, rest) = hash_lines(4, rest)?;
        let line = path.len() + 5;
        let checkpoint = rest.parse().map_err(|e: crate::note::NoteError| LineError {
            line,
            expected: e.expected,
            found: e.found,
        })?;
        Ok(Self { entry, index, path, checkpoint })
    }
}

/// Reads a line, and returns what it holds and the text after it.
fn line<'a, T>(
    number: usize,
    expected: &'static str,
    text: &'a str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<(T, &'a str), LineError> {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    let read = read(line).ok_or_else(|| LineError::at(number, expected, line))?;
    Ok((read, rest))
}

/// Checks a proof of inclusion against the pins.
pub fn verify(bytes: &[u8], pins: &Pins) -> Proven {
    let read = text(bytes).and_then(|text| text.parse().map_err(|e: LineError| e.to_string()));
    let proof: Inclusion = match read {
        Ok(proof) => proof,
        Err(fault) => return Proven::malformed(Sort::Inclusion, fault),
    };
    let mut proven = Proven::new(Sort::Inclusion);
    proven.about(&proof.checkpoint);
    let (bytes, hashes) = (proof.entry.len(), hashes(&proof.path));
    let form = format!("an entry of {bytes} bytes, a path of {hashes}, and a checkpoint");
    proven.pass("form", form);
    if proven.at_odds(proof.checkpoint.origin(), pins) {
        return proven;
    }
    proven.carried(&proof.entry, proof.checkpoint.origin(), Some(proof.index));
    proven.included(&proof.entry, proof.index, &proof.path, &proof.checkpoint);
    proven.hold(&proof.checkpoint, pins);
    proven
}

impl Proven {
    /// Checks that `bytes` are an entry of the ledger `origin`, at `index` by its own account.
    pub(super) fn carried(&mut self, bytes: &[u8], origin: &str, index: Option<u64>) {
        let entry = match Entry::parse(bytes.to_vec(), None) {
            Ok(entry) => entry,
            Err(fault) => return self.fail("entry", fault.to_string()),
        };
        let seq = entry.payload().seq;
        let own = entry.origin().as_str();
        if own != origin {
            self.fail("entry", format!("expected one of {origin:.80?}, found one of {own:?}"));
        } else if let Some(index) = index.filter(|index| *index != seq) {
            self.fail("entry", format!("expected the seq {index}, found {seq}"));
        } else {
            let kind = &entry.payload().event.kind;
            self.pass("entry", format!("well formed, of kind {kind}, with the seq {seq}"));
        }
        self.entry = Some(entry);
    }

    /// Checks that the path leads from an entry to the root.
    pub(super) fn included(
        &mut self,
        bytes: &[u8],
        index: u64,
        path: &[Hash],
        checkpoint: &Checkpoint,
    ) {
        let (size, root) = (checkpoint.size(), checkpoint.root());
        if tree::includes(&root, size, index, &Hash::leaf(bytes), path) {
            let what = format!("the entry is number {index} of {size} under the root {root}");
            self.pass("inclusion", what);
        } else {
            let what = format!("the path does not lead from number {index} of {size} to the root");
            self.fail("inclusion", what);
        }
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::head::Head;
    use crate::key::PublicKey;
    use crate::name::Origin;
    use crate::note::{Purpose, Vkey};
    use crate::payload::Event;
    use crate::proof::Verdict;
    use crate::tree::Tree;

    fn origin() -> Origin {
        "ledger.example/incidents".parse().unwrap()
    }

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    /// Entries that nobody was granted the right to sign: a proof shows the place of an entry and
    /// not that its author was entitled to it.
    fn entries(count: u64) -> Vec<Entry> {
        let mut head = Head::new(origin());
        let recorded = "2024-08-03T20:47:12Z".parse().unwrap();
        let body = ciborium::Value::Map(vec![]);
        let sign = |_| {
            let event = Event::reserved("entry.note", body.clone()).unwrap();
            let event = Event { feeds: vec!["bug-1".parse().unwrap()], ..event };
            let entry = Entry::sign(&origin(), &head.place(event, recorded), &key(1)).unwrap();
            head.advance(&entry);
            entry
        };
        (0..count).map(sign).collect()
    }

    fn proof(index: u64, size: u64) -> Inclusion {
        let entries = entries(size);
        let mut tree = Tree::default();
        for entry in &entries {
            tree.push(entry.id());
        }
        let checkpoint = Checkpoint::sign(&origin(), size, tree.root(size).unwrap(), &key(3));
        let entry = entries[usize::try_from(index).unwrap()].bytes().to_vec();
        Inclusion { entry, index, path: tree.inclusion(index, size).unwrap(), checkpoint }
    }

    fn pins(seed: u8) -> Pins {
        let keys = vec![Vkey::log(&origin(), PublicKey::from(&key(seed)))];
        Pins { keys, ..Pins::default() }
    }

    #[test]
    fn a_proof_is_read_back_and_holds_under_the_key_of_the_log() {
        for (index, size) in [(0, 1), (0, 2), (4, 7), (6, 7)] {
            let proof = proof(index, size);
            let text = proof.to_string();
            assert_eq!(text.parse::<Inclusion>().unwrap(), proof);
            assert_eq!(
                verify(text.as_bytes(), &pins(3)).verdict(),
                Verdict::Holds,
                "{index} {size}"
            );
            assert_eq!(verify(text.as_bytes(), &pins(4)).fault().unwrap().name, "signature");
            let unpinned = verify(text.as_bytes(), &Pins::default());
            assert_eq!(unpinned.verdict(), Verdict::ConsistentWithItself);
            assert_eq!(proof.path.is_empty(), size == 1);
        }
    }

    #[test]
    fn each_part_that_is_another_is_refused() {
        let good = proof(4, 7);
        let fault = |change: fn(&mut Inclusion)| {
            let mut bad = good.clone();
            change(&mut bad);
            verify(bad.to_string().as_bytes(), &pins(3)).fault().unwrap().name
        };
        assert_eq!(fault(|proof| proof.entry = self::proof(3, 7).entry), "entry");
        assert_eq!(fault(|proof| proof.index = 3), "entry");
        assert_eq!(fault(|proof| proof.entry.truncate(9)), "entry");
        assert_eq!(fault(|proof| proof.path.truncate(1)), "inclusion");
        assert_eq!(fault(|proof| proof.path[0] = Hash::of(b"")), "inclusion");
        let resigned = |origin: &str, size, root, seed| {
            Checkpoint::sign(&origin.parse().unwrap(), size, root, &key(seed))
        };
        let fault = |checkpoint| {
            let bad = Inclusion { checkpoint, ..good.clone() };
            verify(bad.to_string().as_bytes(), &pins(3)).fault().unwrap().name
        };
        let root = good.checkpoint.root();
        assert_eq!(fault(resigned("ledger.example/other", 7, root, 3)), "entry");
        assert_eq!(fault(resigned("ledger.example/incidents", 7, Hash::of(b""), 3)), "inclusion");
        assert_eq!(fault(resigned("ledger.example/incidents", 9, root, 3)), "inclusion");
        assert_eq!(fault(resigned("ledger.example/incidents", 7, root, 4)), "signature");
    }

    #[test]
    fn a_key_that_signs_under_two_names_proves_nothing_of_the_other_log() {
        let text = proof(4, 7).to_string();
        let other: Origin = "ledger.example/other".parse().unwrap();
        let keys = vec![Vkey::log(&other, PublicKey::from(&key(3)))];
        let pins = Pins { keys, ..Pins::default() };
        assert_eq!(verify(text.as_bytes(), &pins).fault().unwrap().name, "signature");
    }

    #[test]
    fn a_policy_asks_for_its_log_and_its_witnesses() {
        let mut proof = proof(4, 7);
        let log = Vkey::log(&origin(), PublicKey::from(&key(3)));
        let witness = Vkey::new("w.example", Purpose::Cosignature, PublicKey::from(&key(7)));
        let text = format!("log {log}\nwitness w {}\nquorum w\n", witness.unwrap());
        let policy = Some(text.parse().unwrap());
        let pins = Pins { policy, ..Pins::default() };
        let found = verify(proof.to_string().as_bytes(), &pins);
        assert_eq!(found.fault().unwrap().name, "cosignatures");
        proof.checkpoint.cosign("w.example", 1_700_000_000, &key(7)).unwrap();
        let found = verify(proof.to_string().as_bytes(), &pins);
        assert!(found.quorum_met);
        assert_eq!(found.verdict(), Verdict::Holds);
        proof.checkpoint.cosign("w.example", 1, &key(8)).unwrap();
        let broken = proof.to_string().replace("— w.example ", "— w.example A");
        assert_eq!(verify(broken.as_bytes(), &pins).verdict(), Verdict::Failed);
    }

    #[test]
    fn what_was_seen_before_pins_only_a_tree_of_that_size() {
        let text = proof(0, 7).to_string();
        let seen = |size| vec![proof(0, size).checkpoint];
        let verdict = |pins: Pins| verify(text.as_bytes(), &pins).verdict();
        let pins = |size| Pins { seen: seen(size), ..Pins::default() };
        assert_eq!(verdict(pins(7)), Verdict::Holds);
        assert_eq!(verdict(pins(6)), Verdict::ConsistentWithItself);
        let mut other = pins(7);
        other.seen = vec![Checkpoint::sign(&origin(), 7, Hash::of(b""), &key(3))];
        assert_eq!(verify(text.as_bytes(), &other).fault().unwrap().name, "pins");
        let foreign = "ledger.example/other".parse().unwrap();
        let foreign = Checkpoint::sign(&foreign, 7, seen(7)[0].root(), &key(3));
        // None of those that cannot all be met is passed over, in whichever order they come.
        for odd in [foreign, other.seen[0].clone()] {
            let mut both = vec![odd, seen(7)[0].clone()];
            for _ in 0..2 {
                both.reverse();
                let pins = Pins { seen: both.clone(), ..self::pins(3) };
                assert_eq!(verify(text.as_bytes(), &pins).fault().unwrap().name, "pins");
            }
        }
        let id = |entry: &[u8]| Pins { ledger_id: Some(Hash::leaf(entry)), ..Pins::default() };
        assert_eq!(verdict(id(&proof(0, 7).entry)), Verdict::ConsistentWithItself);
        assert_eq!(verify(text.as_bytes(), &id(b"other")).fault().unwrap().name, "pins");
    }

    /// A name in a signature line may hold any character: one that is put for bytes which are no
    /// text would pass.
    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let mut proof = proof(4, 7);
        proof.checkpoint.cosign("witness-x", 1_700_000_000, &key(7)).unwrap();
        let mut bytes = proof.to_string().into_bytes();
        assert_eq!(verify(&bytes, &pins(3)).verdict(), Verdict::Holds);
        let at = bytes.windows(9).position(|name| name == b"witness-x").unwrap();
        bytes[at + 8] = 0xff;
        let found = verify(&bytes, &pins(3));
        assert_eq!(found.fault().unwrap().name, "form");
        assert_eq!(found.fault().unwrap().detail, format!("byte {} is not UTF-8", at + 8));
    }

    #[test]
    fn another_text_is_refused_at_its_line() {
        let good = proof(4, 7).to_string();
        let line = |from: &str, to: &str| {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good);
            bad.parse::<Inclusion>().unwrap_err().line
        };
        assert_eq!(line("@v1", "@v2"), 1);
        assert_eq!(line("extra ", "extra  "), 2);
        assert_eq!(line("extra 0", "extra ="), 2);
        assert_eq!(line("index 4", "index 04"), 3);
        assert_eq!(line("index 4", "index -4"), 3);
        assert_eq!(line("index 4\n", "index 4\nAAAA\n"), 4);
        assert_eq!(line("\n\n", "\n"), 7);
        assert_eq!(line("\n7\n", "\n07\n"), 8);
        let long = format!("{good}{}", " ".repeat(INCLUSION_MAX));
        assert_eq!(long.parse::<Inclusion>().unwrap_err().line, 1);
        let empty = format!("{FIRST_LINE}\nextra \nindex 4\n");
        assert_eq!(empty.parse::<Inclusion>().unwrap_err().line, 2);
        assert_eq!("".parse::<Inclusion>().unwrap_err().line, 1);
    }
}
