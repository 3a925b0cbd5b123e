//! The verification of one container, item by item.

use rayon::prelude::*;

use crate::bundle::{Form, Manifest};
use crate::chain::{Chain, Scope};
use crate::entry::Entry;
use crate::fault::{Code, Fault};
use crate::governance::Governance;
use crate::hash::Hash;
use crate::key::PublicKey;
use crate::note::{Checkpoint, Signed, Vkey};
use crate::time::Instant;
use crate::tree::{self, Edge};

use super::evidence::Files;
use super::outcome::{CheckpointState, Completeness, Notice, NoticeKind, Verification};
use super::pins::{self, Pins};

/// The entries whose signatures are checked together, on all processors.
const BATCH: usize = 512;
/// The bytes of entries that wait for that at most: what they decode to is many times larger.
const BATCH_BYTES: usize = 1 << 20;
/// Seconds in a day: how long before its first checkpoint an entry may be recorded unremarked.
const DAY: i64 = 24 * 60 * 60;
/// The notices of one sort that are kept; further ones are only counted. So many of one sort
/// never crowd out another.
const NOTICES_MAX: usize = 1000;

/// An entry that passed every step but its signature.
struct Pending {
    entry: Entry,
    key: PublicKey,
}

/// The verification of one container, while it runs.
pub(super) struct Verifier<'a, F> {
    manifest: &'a Manifest,
    pins: &'a Pins,
    each: F,
    chain: Chain,
    edge: Edge,
    pending: Vec<Pending>,
    pending_bytes: usize,
    files: Files,
    outcome: Verification,
    /// Faults of the ledger as a whole; the least code is reported if no entry is at fault.
    faults: Vec<Fault>,
    /// The checkpoints already held against the chain.
    reached: usize,
    /// The roots at the sizes that a pin has seen.
    seen_roots: Vec<Option<Hash>>,
    clock: Option<Instant>,
    /// The latest witnessed time of the checkpoints reached.
    witnessed: Option<u64>,
    /// How many notices of each sort there were.
    noticed: [usize; NoticeKind::SORTS],
}

impl<'a, F: FnMut(Entry)> Verifier<'a, F> {
    /// Begins the verification of the container with that manifest. `each` is called with every
    /// entry, in order, once its signature holds.
    pub(super) fn new(manifest: &'a Manifest, pins: &'a Pins, each: F) -> Self {
        let scope = match &manifest.form {
            Form::Bundle | Form::Directory { .. } => Scope::Whole,
            Form::Extract { feeds, .. } => {
                let mut feeds = feeds.clone();
                feeds.insert("ledger".parse().expect("ledger is a feed id"));
                let size = manifest.checkpoints.last().map_or(0, |(last, _)| last.size());
                Scope::Part { feeds, last: size.saturating_sub(1) }
            }
        };
        Self {
            manifest,
            pins,
            each,
            chain: Chain::new(scope),
            edge: Edge::default(),
            pending: Vec::new(),
            pending_bytes: 0,
            files: Files::new(&manifest.evidence),
            outcome: Verification::new(manifest),
            faults: Vec::new(),
            reached: 0,
            seen_roots: vec![None; pins.seen.len()],
            clock: None,
            witnessed: None,
            noticed: [0; NoticeKind::SORTS],
        }
    }

    /// Returns whether an entry was at fault, after which nothing more is taken.
    pub(super) fn failed(&self) -> bool {
        self.outcome.fault.is_some()
    }

    /// Takes the next entry of a bundle or directory.
    pub(super) fn entry(&mut self, bytes: Vec<u8>) {
        self.item(bytes, None);
    }

    /// Takes the id of the next entry of a bundle, which is withheld.
    pub(super) fn withheld(&mut self, id: Hash) {
        self.withheld_at(self.edge.size(), id, None);
    }

    /// Takes the next entry of an extract with its inclusion path.
    pub(super) fn proven(&mut self, bytes: Vec<u8>, path: &[Hash]) {
        self.item(bytes, Some(path));
    }

    pub(super) fn withheld_at(&mut self, seq: u64, id: Hash, path: Option<&[Hash]>) {
        self.checkpoints_up_to(seq);
        if self.failed() {
            return;
        }
        let place = seq.max(self.position());
        let ends = self.ends();
        let held = self.chain.withhold(seq, id);
        if let Err(fault) = held.and_then(|()| if ends { self.chain.closes(None) } else { Ok(()) })
        {
            return self.fail(fault.at(place));
        }
        self.outcome.withheld.push(seq);
        self.leaf(seq, id, path);
    }

    /// Ends the verification with a fault that stands for the next entry or the container.
    pub(super) fn fail(&mut self, fault: Fault) {
        // A signature of an earlier entry, or of this one before its effect, comes first.
        self.settle();
        if self.outcome.fault.is_none() {
            self.outcome.fault = Some(fault);
        }
    }

    /// Returns whether no item follows the next one.
    fn ends(&self) -> bool {
        self.outcome.items + 1 == self.manifest.entries()
    }

    /// Returns the seq of the next item; of an extract, the least that it can have.
    pub(super) fn position(&self) -> u64 {
        match self.manifest.form {
            Form::Extract { .. } => self.chain.next(),
            Form::Bundle | Form::Directory { .. } => self.edge.size(),
        }
    }

    fn item(&mut self, bytes: Vec<u8>, path: Option<&[Hash]>) {
        if self.failed() {
            return;
        }
        let position = self.position();
        let entry = match Entry::parse(bytes, self.chain.origin()) {
            Ok(entry) => entry,
            Err(fault) => return self.fail(fault.at(position)),
        };
        let seq = entry.payload().seq;
        let place = if path.is_some() { seq.max(position) } else { position };
        self.checkpoints_up_to(place);
        if self.failed() {
            return;
        }
        let key = match self.chain.admit(&entry, position, self.ends()) {
            Ok(key) => key,
            Err(fault) => return self.fail(fault.at(place)),
        };
        let effect = self.chain.apply(&entry);
        let id = entry.id();
        self.notice(&entry);
        self.pending_bytes += entry.bytes().len();
        self.pending.push(Pending { entry, key });
        if let Err(fault) = effect {
            let seq_at_fault = fault.at(seq);
            self.settle_before(seq_at_fault);
            return;
        }
        self.leaf(seq, id, path);
        if self.pending.len() >= BATCH || self.pending_bytes >= BATCH_BYTES {
            self.settle();
        }
    }

    /// Settles the pending signatures; if they hold, `fault` of the last pending entry stands and
    /// that entry does not count.
    fn settle_before(&mut self, fault: Fault) {
        let last = self.pending.pop();
        self.settle();
        if self.failed() {
            return;
        }
        let holds = last.is_none_or(|p| p.key.holds(&p.entry.signed_bytes(), p.entry.signature()));
        let seq = fault.seq.unwrap_or_default();
        self.outcome.fault = Some(if holds { fault } else { broken_signature().at(seq) });
    }

    /// Checks the signatures of all pending entries and hands them on up to the first that fails.
    fn settle(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        self.pending_bytes = 0;
        let holds: Vec<bool> = pending
            .par_iter()
            .map(|p| p.key.holds(&p.entry.signed_bytes(), p.entry.signature()))
            .collect();
        for (Pending { entry, .. }, holds) in pending.into_iter().zip(holds) {
            let seq = entry.payload().seq;
            if !holds {
                self.outcome.fault = Some(broken_signature().at(seq));
                return;
            }
            self.outcome.take(&entry);
            self.files.named(&entry);
            (self.each)(entry);
        }
    }

    /// Takes a leaf: into the edge of a whole ledger, or against the root by its path.
    fn leaf(&mut self, seq: u64, id: Hash, path: Option<&[Hash]>) {
        self.outcome.items += 1;
        if let (Some(path), Some((last, _))) = (path, self.manifest.checkpoints.last()) {
            if !tree::includes(&last.root(), last.size(), seq, &id, path) {
                let expected = format!("a path of entry {seq} to the root of the checkpoint");
                self.faults.push(Fault::new(Code::Root, expected, "another path"));
            }
            return;
        }
        self.edge.push(id);
        for (seen, root) in self.pins.seen.iter().zip(&mut self.seen_roots) {
            if seen.size() == self.edge.size() {
                *root = Some(self.edge.root());
            }
        }
    }

    /// Holds every checkpoint of at most `size` entries against the chain, before the entry at
    /// `size` changes the keys.
    fn checkpoints_up_to(&mut self, size: u64) {
        let manifest = self.manifest;
        while let Some((checkpoint, proof)) = manifest.checkpoints.get(self.reached) {
            if checkpoint.size() > size {
                return;
            }
            self.settle();
            if self.failed() {
                return;
            }
            self.reached += 1;
            self.checkpoint(checkpoint, proof);
        }
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint, proof: &[Hash]) {
        let size = checkpoint.size();
        let fault = |code, expected: String, found: String| {
            Fault::new(code, expected, format!("{found}, in the checkpoint of size {size}"))
        };
        let rooted = match (&self.manifest.form, self.manifest.checkpoints.last()) {
            (Form::Extract { .. }, Some((last, _))) => {
                tree::extends(&last.root(), last.size(), &checkpoint.root(), size, proof)
            }
            _ => self.edge.root() == checkpoint.root(),
        };
        let before = self.faults.len();
        if !rooted {
            let expected = match self.manifest.form {
                Form::Extract { .. } => "a consistency proof to the last checkpoint".to_owned(),
                Form::Bundle | Form::Directory { .. } => format!("the root {}", self.edge.root()),
            };
            self.faults.push(fault(Code::Root, expected, checkpoint.root().to_string()));
        }
        let Some(origin) = self.chain.origin() else {
            return;
        };
        if checkpoint.origin() != origin.as_str() {
            let expected = format!("the origin {origin}");
            self.faults.push(fault(Code::Checkpoint, expected, checkpoint.origin().to_owned()));
        }
        let own = self.chain.authority().checkpoint_vkeys();
        let signed = |vkey: &Vkey| checkpoint.signed_by(vkey);
        let known = own.iter().chain(self.pins.vkeys());
        if let Some(broken) = known.into_iter().find(|vkey| signed(vkey) == Signed::Broken) {
            let found = format!("a line of {} that does not", broken.name());
            let expected = "every line of a known key to hold".to_owned();
            self.faults.push(fault(Code::Checkpoint, expected, found));
        } else if !own.iter().any(|vkey| matches!(signed(vkey), Signed::Holds(_))) {
            let expected = "the signature of a key that holds the role checkpoint at that size";
            self.faults.push(fault(Code::Checkpoint, expected.to_owned(), "none".to_owned()));
        }
        let sound = self.faults.len() == before;
        let policy = self.pins.policy.as_ref();
        let witnessed = policy.filter(|_| sound).and_then(|policy| policy.met(checkpoint));
        self.witnessed = self.witnessed.max(witnessed);
        let root = checkpoint.root();
        self.outcome.checkpoints.push(CheckpointState { size, root, sound, witnessed });
    }

    fn notice(&mut self, entry: &Entry) {
        let payload = entry.payload();
        let seq = payload.seq;
        let mut kinds = Vec::new();
        if let Some(before) = self.clock.filter(|before| payload.recorded < *before) {
            kinds.push(NoticeKind::ClockBackwards { before, now: payload.recorded });
        }
        if let Governance::Succeeded(succession) = entry.governance()
            && succession.key.next.is_none()
        {
            kinds.push(NoticeKind::SuccessorWithoutNext);
        }
        // Checkpoints that were reached do not hold this entry yet.
        let late = |t: &u64| {
            i64::try_from(*t).is_ok_and(|t| t.saturating_sub(payload.recorded.unix()) > DAY)
        };
        if let Some(witnessed) = self.witnessed.filter(late) {
            kinds.push(NoticeKind::AppearedLate { recorded: payload.recorded, witnessed });
        }
        self.clock = Some(payload.recorded);
        for kind in kinds {
            self.report(Notice { seq, kind });
        }
    }

    fn report(&mut self, notice: Notice) {
        self.outcome.notices_total += 1;
        let noticed = &mut self.noticed[notice.kind.sort()];
        *noticed += 1;
        if *noticed <= NOTICES_MAX {
            self.outcome.notices.push(notice);
        }
    }

    /// Reports which entries a date of compromise marks.
    fn report_marked(&mut self) {
        let mut marked = Vec::new();
        for (kid, record) in self.chain.authority().keys() {
            if let (Some(seq), Some(since)) = (record.revoked, &record.compromised) {
                let start = since.interval().start;
                let before = |c: &&CheckpointState| {
                    c.witnessed.and_then(|t| i64::try_from(t).ok()).is_some_and(|t| t < start)
                };
                let sizes = self.outcome.checkpoints.iter().filter(before).map(|c| c.size);
                let from = sizes.max().unwrap_or(0);
                marked.push(Notice { seq, kind: NoticeKind::Marked { kid: *kid, from } });
            }
        }
        for notice in marked {
            self.report(notice);
        }
    }

    /// Takes the content of the evidence file that the manifest lists at `index`.
    ///
    /// # Errors
    ///
    /// Fails as the reader does; content that is not the listed one is a fault instead.
    pub(super) fn evidence(
        &mut self,
        index: usize,
        content: impl std::io::Read,
    ) -> std::io::Result<()> {
        self.files.take(index, content)
    }

    /// Ends the evidence with a fault of the container.
    pub(super) fn fail_evidence(&mut self, expected: &str, found: String) {
        self.faults.push(Fault::new(Code::Evidence, expected, found));
    }

    /// Ends the entries: what is missing is a fault, and the last checkpoints are checked.
    pub(super) fn end_entries(&mut self) {
        let expected = self.manifest.entries();
        if self.outcome.items < expected && !self.failed() {
            let position = self.position();
            let found = format!("the end after {} of {expected}", self.outcome.items);
            self.fail(Fault::new(Code::Item, "an entry", found).at(position));
        }
        self.settle();
        if !self.failed() {
            self.checkpoints_up_to(u64::MAX);
        }
    }

    /// Returns the outcome, and the state of the chain at its end.
    pub(super) fn finish(mut self) -> (Verification, Chain) {
        let last = self.manifest.checkpoints.last().map(|(last, _)| last);
        self.report_marked();
        if self.outcome.fault.is_none() {
            let faults = pins::check(
                self.pins,
                &pins::Held {
                    id: self.outcome.ledger_id,
                    last,
                    manifest: self.manifest,
                    items: self.outcome.items,
                    roots: &self.seen_roots,
                },
                &mut self.outcome,
            );
            self.faults.extend(faults);
            self.faults.extend(self.files.fault().cloned());
            self.faults.sort_by_key(|fault| fault.code);
            self.outcome.fault = self.faults.first().cloned();
        }
        if let Some(seq) = self.outcome.fault.as_ref().and_then(|fault| fault.seq) {
            self.outcome.notices.retain(|notice| notice.seq < seq);
        }
        // A fault of an entry does not hide that what precedes it is another history.
        if self.outcome.fault.as_ref().is_some_and(|fault| fault.seq.is_some()) {
            self.faults.extend(pins::contradicted(self.pins, &self.seen_roots));
        }
        self.outcome.faults = self.faults;
        self.outcome.evidence = self.files.state();
        self.outcome.unchecked_links = self.chain.unchecked_links();
        self.outcome.origin =
            self.chain.origin().filter(|_| self.outcome.ledger_id.is_some()).cloned();
        let verified = self.pins.policy.as_ref().zip(last);
        let verified = verified.is_some_and(|(policy, last)| policy.verified(last));
        self.outcome.completeness = match &self.manifest.form {
            Form::Bundle | Form::Directory { .. } => Completeness::Whole,
            Form::Extract { .. } if verified => Completeness::Shown,
            Form::Extract { .. } => Completeness::NotChecked,
        };
        (self.outcome, self.chain)
    }
}

pub(super) fn broken_signature() -> Fault {
    Fault::new(Code::Signature, "a signature that holds", "one that does not")
}
