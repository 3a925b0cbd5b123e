//! Building a ledger entry by entry, well formed or not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use ciborium::Value;
use ed25519_dalek::SigningKey;
use tally_ledger::bundle::{Form, Manifest};
use tally_ledger::cbor;
use tally_ledger::entry::Entry;
use tally_ledger::hash::Hash;
use tally_ledger::head::Head;
use tally_ledger::name::{FeedId, Origin};
use tally_ledger::note::{Checkpoint, Vkey};
use tally_ledger::payload::{Basis, Event, Evidence, On};
use tally_ledger::tile;
use tally_ledger::time::Instant;
use tally_ledger::tree::Tree;

use crate::container::Container;
use crate::draft::{Draft, header, string};
use crate::keyring::{author, checkpoint, public, thumbprint};
use crate::value::{bytes, list, map};

/// The origin of every test ledger.
pub const ORIGIN: &str = "ledger.example/incidents";
/// The clock of the first entry, 2026-11-22T00:08:41Z, in seconds since 1970-01-01T00:00:00Z.
pub(crate) const START: i64 = 1_795_306_121;
/// The seconds from one entry to the next.
const STEP: i64 = 60;

/// A ledger that is being made.
#[derive(Debug, Clone)]
pub struct Forge {
    head: Head,
    clock: i64,
    entries: Vec<Vec<u8>>,
    tree: Tree,
    checkpoints: Vec<Checkpoint>,
    files: BTreeMap<Hash, Vec<u8>>,
    withheld: BTreeSet<u64>,
}

impl Default for Forge {
    fn default() -> Self {
        Self::new()
    }
}

impl Forge {
    /// Returns a ledger without entries.
    pub fn empty() -> Self {
        Self::of(ORIGIN)
    }

    /// Returns a ledger of that origin, without entries.
    ///
    /// # Panics
    ///
    /// Panics if it is no origin.
    pub fn of(origin: &str) -> Self {
        Self {
            head: Head::new(origin.parse().expect("an origin")),
            clock: START,
            entries: Vec::new(),
            tree: Tree::default(),
            checkpoints: Vec::new(),
            files: BTreeMap::new(),
            withheld: BTreeSet::new(),
        }
    }

    /// Returns a ledger with the genesis of [`genesis`].
    pub fn new() -> Self {
        Self::with_genesis(genesis())
    }

    /// Returns a ledger with that body of genesis, signed by the first author.
    pub fn with_genesis(body: Value) -> Self {
        let mut forge = Self::empty();
        forge.record(event(&["ledger"], "ledger.genesis", body), &author());
        forge
    }

    /// Sets the clock of the next entry, written as an instant.
    pub fn set_clock(&mut self, instant: &str) {
        self.clock = instant.parse::<Instant>().expect("an instant is written").unix();
    }

    /// Records an event and returns its seq.
    ///
    /// # Panics
    ///
    /// Panics if the event cannot be read back: broken ones are pushed.
    pub fn record(&mut self, event: Event, key: &SigningKey) -> u64 {
        let payload = self.head.place(event, self.now());
        let entry = Entry::sign(self.head.origin(), &payload, key).expect("a well-formed entry");
        self.push(entry.bytes().to_vec())
    }

    /// Records `example.note` in one incident, by the first author.
    pub fn note(&mut self, feed: &str) -> u64 {
        self.record(note(&[feed]), &author())
    }

    /// Returns the payload of an event at the end of the ledger.
    pub fn payload(&self, event: Event) -> Value {
        self.head.place(event, self.now()).to_value()
    }

    /// Returns the header and payload of an event at the end of the ledger.
    pub fn draft(&self, event: Event, key: &SigningKey) -> Draft {
        self.changed(event, key, |_| ())
    }

    /// Returns the header of an event at the end of the ledger, and its payload after a change.
    pub fn changed(&self, event: Event, key: &SigningKey, change: impl Fn(&mut Value)) -> Draft {
        let payload = self.head.place(event, self.now());
        let subject = payload.feeds.first().map_or("", |(feed, _)| feed.as_str());
        let header = header(self.head.origin().as_str(), subject, &thumbprint(key));
        let mut payload = payload.to_value();
        change(&mut payload);
        Draft::new(&header, &payload)
    }

    /// Appends the bytes of an entry, whatever they are, and returns its seq. If they can be read,
    /// later entries link to it.
    pub fn push(&mut self, entry: Vec<u8>) -> u64 {
        let seq = self.tree.size();
        if let Ok(parsed) = Entry::parse(entry.clone(), None) {
            self.head.advance(&parsed);
        }
        self.tree.push(Hash::leaf(&entry));
        self.entries.push(entry);
        self.clock += STEP;
        seq
    }

    /// Adds an evidence file to what containers carry, and returns what an entry says of it.
    pub fn attach(&mut self, content: &[u8], media_type: &str, name: Option<&str>) -> Evidence {
        self.carry(content);
        Evidence::File {
            digest: Hash::of(content),
            size: content.len() as u64,
            media_type: media_type.to_owned(),
            name: name.map(str::to_owned),
        }
    }

    /// Adds a file to what containers carry.
    pub fn carry(&mut self, content: &[u8]) {
        self.files.insert(Hash::of(content), content.to_vec());
    }

    /// Leaves an entry out of containers, but for its id.
    pub fn withhold(&mut self, seq: u64) {
        self.withheld.insert(seq);
    }

    /// Signs a checkpoint over all entries.
    pub fn checkpoint(&mut self) {
        self.checkpoint_by(&checkpoint());
    }

    /// Signs a checkpoint over all entries with `key`.
    pub fn checkpoint_by(&mut self, key: &SigningKey) {
        let signed = Checkpoint::sign(self.head.origin(), self.size(), self.root(), key);
        self.checkpoints.push(signed);
    }

    /// Cosigns the last checkpoint.
    ///
    /// # Panics
    ///
    /// Panics if there is none, or the name is no key name.
    pub fn cosign(&mut self, name: &str, time: u64, key: &SigningKey) {
        let last = self.checkpoints.last_mut().expect("a checkpoint to cosign");
        last.cosign(name, time, key).expect("a key name");
    }

    /// Writes the tiles and entry bundles of the first `size` entries below the folder `dir`, as
    /// C2SP tlog-tiles names them, and a checkpoint signed with `key`, which it returns.
    ///
    /// # Panics
    ///
    /// Panics if there are fewer entries, or a file cannot be written.
    pub fn publish(&self, dir: &Path, size: u64, key: &SigningKey) -> Checkpoint {
        for tile in tile::added(0, size) {
            let bytes = self.tree.tile(&tile).unwrap_or_else(|| {
                let mut bundle = Vec::new();
                let first = tile.index * tile::WIDTH;
                for seq in first..first + u64::from(tile.width) {
                    tile::push_entry(&mut bundle, self.entry(seq));
                }
                bundle
            });
            let path = dir.join(tile.path());
            fs::create_dir_all(path.parent().expect("it is below the folder")).expect("a folder");
            fs::write(path, bytes).expect("a file is written");
        }
        let root = self.tree.root(size).expect("a size that was reached");
        let signed = Checkpoint::sign(self.head.origin(), size, root, key);
        fs::write(dir.join("checkpoint"), signed.to_string()).expect("a file is written");
        signed
    }

    /// Returns the number of entries.
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Returns the root over all entries.
    pub fn root(&self) -> Hash {
        self.root_at(self.size())
    }

    /// Returns the root over the first `size` entries.
    ///
    /// # Panics
    ///
    /// Panics beyond the ledger.
    pub fn root_at(&self, size: u64) -> Hash {
        self.tree.root(size).expect("a size of the ledger")
    }

    /// Returns the id of an entry.
    pub fn id(&self, seq: u64) -> Hash {
        Hash::leaf(&self.entries[index(seq)])
    }

    /// Returns the bytes of an entry.
    pub fn entry(&self, seq: u64) -> &[u8] {
        &self.entries[index(seq)]
    }

    /// Returns the checkpoints.
    pub fn checkpoints(&self) -> &[Checkpoint] {
        &self.checkpoints
    }

    /// Returns the last seq in each feed.
    pub fn feeds(&self) -> &BTreeMap<FeedId, u64> {
        self.head.feeds()
    }

    /// Returns `on` for the entry at `seq`, as it truly is.
    ///
    /// # Panics
    ///
    /// Panics if that entry cannot be read.
    pub fn on(&self, seq: u64) -> On {
        let entry = Entry::parse(self.entry(seq).to_vec(), None).expect("an entry to act on");
        let event = &entry.payload().event;
        On { seq, kind: event.kind.clone(), feeds: event.feeds.clone() }
    }

    /// Returns the ledger as a bundle. Unless a checkpoint covers all entries, one is added.
    pub fn bundle(mut self) -> Container {
        self.cover();
        let item = |seq: u64| {
            if self.withheld.contains(&seq) {
                string(&self.id(seq).0)
            } else {
                string(self.entry(seq))
            }
        };
        let checkpoints = self.checkpoints.iter().map(|note| (note.clone(), Vec::new())).collect();
        let manifest = Manifest { form: Form::Bundle, checkpoints, evidence: self.listed() };
        Container {
            first: cbor::decode(&manifest.encode()).expect("a first item is in the profile"),
            items: (0..self.size()).map(item).collect(),
            files: self.file_items(),
        }
    }

    /// Returns what an extract of these incidents holds: their entries, those of `ledger`, what
    /// they act on, and the last.
    pub fn chosen(&self, feeds: &[&str]) -> BTreeSet<u64> {
        let mut chosen = BTreeSet::from([self.size() - 1]);
        for bytes in &self.entries {
            let Ok(entry) = Entry::parse(bytes.clone(), None) else {
                continue;
            };
            let payload = entry.payload();
            let event = &payload.event;
            if event.feeds.iter().any(|f| f.as_str() == "ledger" || feeds.contains(&f.as_str())) {
                chosen.insert(payload.seq);
                chosen.extend(event.on.as_ref().map(|on| on.seq));
            }
        }
        chosen
    }

    /// Returns an extract of these incidents with the entries `chosen`. Unless a checkpoint covers
    /// all entries, one is added.
    pub fn extract(mut self, feeds: &[&str], chosen: &BTreeSet<u64>) -> Container {
        self.cover();
        let size = self.size();
        let prove = |note: &Checkpoint| {
            let proof = self.tree.consistency(note.size(), size).unwrap_or_default();
            (note.clone(), proof)
        };
        let form = Form::Extract {
            feeds: feeds.iter().map(|feed| feed_id(feed)).collect(),
            entries: chosen.len() as u64,
        };
        let checkpoints = self.checkpoints.iter().map(prove).collect();
        let manifest = Manifest { form, checkpoints, evidence: self.listed() };
        let item = |seq: &u64| {
            let path = self.tree.inclusion(*seq, size).expect("an entry of the ledger");
            let path = list(path.iter().map(|node| bytes(node.0)));
            cbor::encode(&if self.withheld.contains(seq) {
                Value::Array(vec![bytes(self.id(*seq).0), path, (*seq).into()])
            } else {
                Value::Array(vec![bytes(self.entry(*seq)), path])
            })
        };
        Container {
            first: cbor::decode(&manifest.encode()).expect("a first item is in the profile"),
            items: chosen.iter().map(item).collect(),
            files: self.file_items(),
        }
    }

    fn now(&self) -> Instant {
        Instant::from_unix(self.clock).expect("the clock stays within years that exist")
    }

    fn cover(&mut self) {
        if self.checkpoints.last().is_none_or(|last| last.size() < self.size()) {
            self.checkpoint();
        }
    }

    fn listed(&self) -> Vec<(Hash, u64)> {
        self.files.iter().map(|(digest, content)| (*digest, content.len() as u64)).collect()
    }

    fn file_items(&self) -> Vec<Vec<u8>> {
        let item = |(digest, content): (&Hash, &Vec<u8>)| {
            cbor::encode(&Value::Array(vec![bytes(digest.0), bytes(content)]))
        };
        self.files.iter().map(item).collect()
    }
}

/// Returns the body of the usual genesis: the first author with `operator` and `compliance`, the
/// checkpoint key, and a table in which `compliance` may sign everything.
pub fn genesis() -> Value {
    map([
        ("standing", "own".into()),
        ("owner", map([("name", "Example CA".into())])),
        (
            "keys",
            list([
                key(&author(), &["operator", "compliance"]),
                key(&checkpoint(), &["checkpoint"]),
            ]),
        ),
        ("roles", map([("compliance", list(["*"]))])),
    ])
}

/// Returns a key as a body grants it.
pub fn key(key: &SigningKey, roles: &[&str]) -> Value {
    map([
        ("alg", (-19).into()),
        ("key", bytes(public(key).to_bytes())),
        ("roles", list(roles.iter().copied())),
    ])
}

/// Returns an operator key that names its successor.
pub fn guarded_key(of: &SigningKey, roles: &[&str], next: &SigningKey) -> Value {
    let mut granted = key(of, roles);
    crate::value::set(&mut granted, "next", bytes(thumbprint(next).0));
    granted
}

/// Returns an event without circumstances.
///
/// # Panics
///
/// Panics if a name is none.
pub fn event(feeds: &[&str], kind: &str, body: Value) -> Event {
    Event {
        feeds: feeds.iter().map(|feed| feed_id(feed)).collect(),
        kind: kind.parse().expect("a kind"),
        occurred: None,
        basis: Basis::Own,
        on: None,
        evidence: Vec::new(),
        body,
    }
}

/// Returns the event that stands wherever the content does not matter. Its kind is in no
/// vocabulary.
pub fn note(feeds: &[&str]) -> Event {
    event(feeds, "example.note", map([("text", "tally".into())]))
}

/// Returns the vkey under which `key` signs checkpoints of test ledgers.
pub fn vkey(key: &SigningKey) -> Vkey {
    let origin: Origin = ORIGIN.parse().expect("an origin");
    Vkey::log(&origin, public(key))
}

fn feed_id(name: &str) -> FeedId {
    name.parse().expect("a feed id")
}

fn index(seq: u64) -> usize {
    usize::try_from(seq).expect("a test ledger fits in memory")
}
