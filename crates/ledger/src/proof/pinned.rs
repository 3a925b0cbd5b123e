//! A checkpoint held against what the verifier knew beforehand.

use super::Proven;
use crate::note::{Checkpoint, Signed, Vkey};
use crate::verify::{Outcome, Pins};

impl Proven {
    /// Holds the checkpoint of a proof against the pins: the log's signature, the quorum, and the
    /// pins that name no key.
    pub(super) fn hold(&mut self, checkpoint: &Checkpoint, pins: &Pins) {
        self.signature(checkpoint, pins);
        self.cosignatures(checkpoint, pins);
        self.known(checkpoint, pins);
    }

    /// Returns whether the checkpoints seen before cannot all be met, whatever the proof shows: one
    /// is of another ledger than `origin`, or two of one size have different roots.
    pub(super) fn at_odds(&mut self, origin: &str, pins: &Pins) -> bool {
        if let Some(other) = pins.seen.iter().find(|seen| seen.origin() != origin) {
            let (other, size) = (other.origin(), other.size());
            let what = format!("expected checkpoints of {origin:.80?}, one of size {size} is of");
            self.fail("pins", format!("{what} {other:.80?}"));
            return true;
        }
        for (at, one) in pins.seen.iter().enumerate() {
            let mut rest = pins.seen[at + 1..].iter();
            let differs =
                |other: &&Checkpoint| other.size() == one.size() && other.root() != one.root();
            if let Some(other) = rest.find(differs) {
                let (size, roots) = (one.size(), (one.root(), other.root()));
                let what =
                    format!("seen at size {size}: both the root {} and {}", roots.0, roots.1);
                self.fail("pins", what);
                return true;
            }
        }
        false
    }

    /// Checks that the log signed the checkpoint, by each pinned key and by one of the policy's.
    fn signature(&mut self, checkpoint: &Checkpoint, pins: &Pins) {
        let logs = pins.policy.as_ref().map_or(&[][..], |policy| policy.logs());
        if let Some(broken) = pins.vkeys().find(|vkey| checkpoint.signed_by(vkey) == Signed::Broken)
        {
            return self.fail("signature", format!("a line of {} does not hold", broken.name()));
        }
        if let Some(missing) = pins.keys.iter().find(|vkey| !signs(checkpoint, vkey)) {
            let found = checkpoint.origin();
            let what = format!("expected the checkpoint of {missing}, found none for {found:.80?}");
            return self.fail("signature", what);
        }
        if !logs.is_empty() && !logs.iter().any(|vkey| signs(checkpoint, vkey)) {
            let what = format!("no log of the policy signs for {:.80?}", checkpoint.origin());
            return self.fail("signature", what);
        }
        let mut by = pins.keys.iter().chain(logs.iter().find(|vkey| signs(checkpoint, vkey)));
        match by.next() {
            None => self.open("signature", "no key of the ledger is known"),
            Some(vkey) => {
                self.pinned = true;
                self.pass("signature", format!("the checkpoint is signed by {vkey}"));
            }
        }
    }

    fn cosignatures(&mut self, checkpoint: &Checkpoint, pins: &Pins) {
        let name = "cosignatures";
        match pins.policy.as_ref().filter(|policy| policy.asks()) {
            None => self.open(name, "no policy asks for witnesses: one history is not shown"),
            Some(policy) if policy.met(checkpoint).is_some() => {
                self.quorum_met = true;
                self.pass(name, "the checkpoint meets the quorum of the policy");
            }
            Some(_) => self.fail(name, "too few for the quorum of the policy"),
        }
    }

    /// Checks the pins that name no key: checkpoints seen before, and the ledger's id. Anybody can
    /// put entries after a genesis, so that id says nothing of the tree.
    fn known(&mut self, checkpoint: &Checkpoint, pins: &Pins) {
        let (mut met, mut open) = (Vec::new(), Vec::new());
        for seen in &pins.seen {
            let what = format!("the root {} at size {}", seen.root(), seen.size());
            if seen.size() != checkpoint.size() {
                // What the tree grew from was looked at as such.
                if self.old == Some(seen.size()) {
                    let met_there = self.decisive().is_some_and(|it| it.outcome == Outcome::Pass);
                    met.extend(met_there.then(|| format!("{what}, seen before")));
                    continue;
                }
                open.push(format!("{what}: the proof is of size {}", checkpoint.size()));
            } else if seen.root() == checkpoint.root() {
                self.pinned = true;
                met.push(format!("{what}, seen before"));
            } else {
                let what = format!("expected {what}, seen before; found {}", checkpoint.root());
                return self.fail("pins", what);
            }
        }
        if let Some(id) = pins.ledger_id {
            match self.entry.as_ref().filter(|entry| entry.payload().seq == 0) {
                Some(genesis) if genesis.id() == id => met.push(format!("the ledger id {id}")),
                Some(genesis) => {
                    let found = genesis.id();
                    return self
                        .fail("pins", format!("expected the ledger id {id}, found {found}"));
                }
                None => open.push(format!("the ledger id {id}: only entry 0 shows it")),
            }
        }
        let open = open.iter().map(|what| format!("not checked: {what}"));
        let some = !met.is_empty();
        let detail = met.iter().cloned().chain(open).collect::<Vec<_>>().join("; ");
        match (some, detail.is_empty()) {
            (true, _) => self.pass("pins", detail),
            (false, false) => self.open("pins", detail),
            (false, true) => {}
        }
    }
}

/// Returns whether a log's key signs a checkpoint of its own log: one that signs for several names
/// could pass one log's tree for another's.
fn signs(checkpoint: &Checkpoint, vkey: &Vkey) -> bool {
    vkey.name() == checkpoint.origin() && matches!(checkpoint.signed_by(vkey), Signed::Holds(_))
}
