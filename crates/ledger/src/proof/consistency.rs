//! Checking that a ledger extends what it was.

use super::{Proven, Sort, hashes, text};
use crate::consistency::{Consistency, LineError};
use crate::note::Checkpoint;
use crate::verify::Pins;

/// Checks a proof of consistency against the pins. Its smaller root stands in no such proof: it is
/// that of a checkpoint seen before, of the same origin and that size.
pub fn verify(bytes: &[u8], pins: &Pins) -> Proven {
    let read = text(bytes).and_then(|text| text.parse().map_err(|e: LineError| e.to_string()));
    let proof: Consistency = match read {
        Ok(proof) => proof,
        Err(fault) => return Proven::malformed(Sort::Consistency, fault),
    };
    // Other logs have checkpoints that no ledger has: with further lines, or of nothing.
    if let Err(e) = proof.checkpoint.to_string().parse::<Checkpoint>() {
        return Proven::malformed(Sort::Consistency, e.to_string());
    }
    let mut proven = Proven::new(Sort::Consistency);
    let (old, checkpoint) = (proof.old, &proof.checkpoint);
    proven.about(checkpoint);
    proven.old = Some(old);
    if old == 0 || old > checkpoint.size() {
        let size = checkpoint.size();
        proven.fail("form", format!("expected an old size from 1 to {size}, found {old}"));
        return proven;
    }
    proven.pass("form", format!("a proof of {}, and a checkpoint", hashes(&proof.proof)));
    if proven.at_odds(checkpoint.origin(), pins) {
        return proven;
    }
    let mut seen =
        pins.seen.iter().filter(|seen| seen.origin() == checkpoint.origin() && seen.size() == old);
    match seen.next() {
        None => proven.open("consistency", format!("no checkpoint of size {old} was given")),
        Some(seen) if proof.extends(&seen.root()) => {
            let (size, root) = (checkpoint.size(), seen.root());
            let what = format!("the tree of {size} entries extends the root {root} at size {old}");
            proven.pass("consistency", what);
        }
        Some(seen) => {
            let root = seen.root();
            proven.fail("consistency", format!("the hashes do not lead from the root {root}"));
        }
    }
    proven.hold(checkpoint, pins);
    proven
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::hash::Hash;
    use crate::key::PublicKey;
    use crate::note::Vkey;
    use crate::proof::Verdict;
    use crate::tree::Tree;

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[3; 32])
    }

    fn at(tree: &Tree, size: u64) -> Checkpoint {
        let origin = "ledger.example/incidents".parse().unwrap();
        Checkpoint::sign(&origin, size, tree.root(size).unwrap(), &key())
    }

    fn proof(salt: u64) -> (Consistency, Tree) {
        let mut tree = Tree::default();
        (0..9u64).for_each(|leaf| tree.push(Hash::leaf(&(leaf + salt).to_be_bytes())));
        let proof = tree.consistency(5, 9).unwrap();
        (Consistency { old: 5, proof, checkpoint: at(&tree, 9) }, tree)
    }

    fn pins(seen: Vec<Checkpoint>) -> Pins {
        let origin = "ledger.example/incidents".parse().unwrap();
        Pins { keys: vec![Vkey::log(&origin, PublicKey::from(&key()))], seen, ..Pins::default() }
    }

    #[test]
    fn what_a_ledger_grew_from_must_be_known() {
        let (proof, tree) = proof(0);
        let text = proof.to_string();
        let verdict = |pins: &Pins| verify(text.as_bytes(), pins).verdict();
        assert_eq!(verdict(&pins(vec![at(&tree, 5)])), Verdict::Holds);
        assert_eq!(verdict(&pins(vec![at(&tree, 4)])), Verdict::NotChecked);
        assert_eq!(verdict(&pins(vec![])), Verdict::NotChecked);
        assert_eq!(verdict(&Pins::default()), Verdict::NotChecked);
        // Whoever has the smaller tree can append to it: only the log's signature says who did.
        let keyless = Pins { keys: vec![], ..pins(vec![at(&tree, 5)]) };
        assert_eq!(verdict(&keyless), Verdict::ConsistentWithItself);
        let both = Pins { keys: vec![], ..pins(vec![at(&tree, 5), at(&tree, 9)]) };
        assert_eq!(verdict(&both), Verdict::Holds);
        let read = verify(text.as_bytes(), &both);
        let pins = read.checks.iter().find(|check| check.name == "pins").unwrap();
        for size in [5, 9] {
            assert!(pins.detail.contains(&format!("at size {size}, seen before")), "{pins:?}");
        }
        let same = Consistency { old: 9, proof: vec![], checkpoint: at(&tree, 9) }.to_string();
        assert_eq!(verify(same.as_bytes(), &both).verdict(), Verdict::Holds);
    }

    #[test]
    fn another_history_is_refused() {
        let (proof, tree) = proof(0);
        let (_, other) = self::proof(1);
        let fault = |text: &str, pins: &Pins| verify(text.as_bytes(), pins).fault().unwrap().name;
        let text = proof.to_string();
        assert_eq!(fault(&text, &pins(vec![at(&other, 5)])), "consistency");
        assert_eq!(fault(&text, &pins(vec![at(&tree, 5), at(&other, 9)])), "pins");
        // A second checkpoint of the smaller size is a pin like the first.
        let both = [at(&tree, 5), at(&other, 5)];
        assert_eq!(fault(&text, &pins(both.to_vec())), "pins");
        assert_eq!(fault(&text, &pins(both.into_iter().rev().collect())), "pins");
        let none = Consistency { old: 0, proof: vec![], ..proof.clone() };
        assert_eq!(fault(&none.to_string(), &pins(vec![])), "form");
        let beyond = Consistency { old: 10, ..proof };
        assert_eq!(fault(&beyond.to_string(), &pins(vec![])), "form");
        assert_eq!(fault("old 5", &pins(vec![])), "form");
        let extended = text.replacen("\n\n\u{2014}", "\nmore\n\n\u{2014}", 1);
        assert_ne!(extended, text);
        assert_eq!(fault(&extended, &pins(vec![])), "form");
    }
}
