//! A log that may sign two histories.

use std::sync::Arc;

use object_store::memory::InMemory;
use tally_ledger::consistency::Consistency;
use tally_ledger::entry::Entry;
use tally_ledger::hash::Hash;
use tally_ledger::head::Head;
use tally_ledger::note::Checkpoint;
use tally_ledger::receipt::{Algorithm, SignedRoot};
use tally_ledger::time::Instant;
use tally_ledger::tree::Tree;
use tally_mirror::place::Place;
use tally_mirror::publish::{Publication, VKEY, publish};
use tally_testkit::forge::{ORIGIN, event, genesis, note, vkey};
use tally_testkit::keyring::{author, checkpoint as checkpoint_key};

/// The author's clock of the first entry, in seconds since 1970-01-01T00:00:00Z.
const START: i64 = 1_789_000_000;

/// The log: its histories share their first entries.
pub(crate) struct Origin {
    pub(crate) histories: [History; 2],
}

/// One history, and the object store that it is published in.
pub(crate) struct History {
    head: Head,
    entries: Vec<Entry>,
    tree: Tree,
    checkpoints: Vec<Checkpoint>,
    pub(crate) store: Arc<InMemory>,
}

impl Origin {
    /// A log that will sign two histories after `shared` entries.
    pub(crate) fn new(shared: u64) -> Self {
        let mut origin = Self { histories: [History::new(), History::new()] };
        for history in &mut origin.histories {
            (0..shared).for_each(|_| history.record("shared"));
        }
        origin
    }

    /// Records entries in one of the histories and publishes it.
    pub(crate) fn grow(&mut self, which: usize, by: u64) {
        let history = &mut self.histories[which];
        (0..by).for_each(|_| history.record(["one", "other"][which]));
        history.publish();
    }

    /// Returns in which histories a tree of that size and root is; none, if it is no tree of this
    /// log's.
    pub(crate) fn places(&self, size: u64, root: Hash) -> Vec<usize> {
        let has = |which: &usize| self.histories[*which].tree.root(size) == Some(root);
        (0..2).filter(has).collect()
    }

    /// Returns whether a file with those bytes is published in one of the histories.
    pub(crate) fn has(&self, path: &str, bytes: &[u8]) -> bool {
        self.histories.iter().any(|history| {
            let place = Place::over("origin", Box::new(Arc::clone(&history.store))).unwrap();
            let read = place.read(path, 1 << 24).unwrap();
            read.is_some_and(|read| read.bytes == bytes)
        })
    }

    /// Returns whether two checkpoints of the log are of two histories.
    pub(crate) fn are_apart(&self, one: &Checkpoint, other: &Checkpoint) -> bool {
        let places = |it: &Checkpoint| self.places(it.size(), it.root());
        let (one, other) = (places(one), places(other));
        !one.iter().any(|which| other.contains(which))
    }
}

impl History {
    fn new() -> Self {
        Self {
            head: Head::new(ORIGIN.parse().unwrap()),
            entries: Vec::new(),
            tree: Tree::default(),
            checkpoints: Vec::new(),
            store: Arc::new(InMemory::new()),
        }
    }

    fn record(&mut self, feed: &str) {
        let event = match self.entries.len() {
            0 => event(&["ledger"], "ledger.genesis", genesis()),
            _ => note(&[feed]),
        };
        let clock = START + i64::try_from(self.entries.len()).unwrap();
        let payload = self.head.place(event, Instant::from_unix(clock).unwrap());
        let entry = Entry::sign(self.head.origin(), &payload, &author()).unwrap();
        self.head.advance(&entry);
        self.tree.push(entry.id());
        self.entries.push(entry);
    }

    fn publish(&mut self) {
        let size = self.tree.size();
        if self.last().is_some_and(|last| last.size() == size) {
            return;
        }
        let root = self.tree.root(size).unwrap();
        let signed = Checkpoint::sign(self.head.origin(), size, root, &checkpoint_key());
        let publication = Publication {
            entries: &self.entries,
            checkpoint: &signed,
            earlier: &self.checkpoints,
            keys: &[vkey(&checkpoint_key())],
            roots: signed_root(&signed),
            texts: vec![(VKEY, format!("{}\n", vkey(&checkpoint_key())))],
            evidence: Vec::new(),
            repair: false,
        };
        let place = Place::over("origin", Box::new(Arc::clone(&self.store))).unwrap();
        publish(&place, &publication, |_| unreachable!("no evidence is named")).unwrap();
        self.checkpoints.push(signed);
    }

    /// The last checkpoint.
    pub(crate) fn last(&self) -> Option<&Checkpoint> {
        self.checkpoints.last()
    }

    /// Every checkpoint that was published, as it stood there.
    pub(crate) fn notes(&self) -> impl Iterator<Item = String> {
        self.checkpoints.iter().map(Checkpoint::to_string)
    }

    /// What a witness is sent that cosigned `old` entries before.
    pub(crate) fn request(&self, old: u64) -> Option<String> {
        let checkpoint = self.last()?.clone();
        let proof = self.tree.consistency(old, checkpoint.size()).unwrap_or_default();
        Some(Consistency { old, proof, checkpoint }.to_string())
    }
}

/// What receipts are made from; of a tree of one entry there is none.
fn signed_root(checkpoint: &Checkpoint) -> Vec<(u64, Vec<u8>)> {
    let (origin, key) = (ORIGIN.parse().unwrap(), checkpoint_key());
    let root = SignedRoot::sign(&origin, &checkpoint.root(), &key, Algorithm::default());
    (checkpoint.size() > 1).then(|| (checkpoint.size(), root.bytes())).into_iter().collect()
}
