//! Publishing into a folder: what is written, kept and refused.

use std::cell::Cell;
use std::fs;

use ed25519_dalek::SigningKey;
use tally_ledger::head::Head;
use tally_ledger::note::Purpose;
use tally_ledger::time::Instant;
use tally_testkit::forge::{ORIGIN, event, genesis, note, vkey};
use tally_testkit::keyring::{author, checkpoint as checkpoint_key};

use super::*;
use crate::history::earlier;

/// A ledger, its checkpoints, and the folder that it is published in.
struct Case {
    dir: tempfile::TempDir,
    head: Head,
    entries: Vec<Entry>,
    checkpoints: Vec<Checkpoint>,
    roots: Vec<(u64, Vec<u8>)>,
    evidence: Vec<&'static str>,
    repair: bool,
    /// How often a file of evidence was read.
    read: Cell<usize>,
}

impl Case {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let head = Head::new(ORIGIN.parse().unwrap());
        let mut case = Self::with(dir, head, vec![], vec![]);
        case.grow(&[3]);
        case
    }

    fn with(
        dir: tempfile::TempDir,
        head: Head,
        entries: Vec<Entry>,
        checkpoints: Vec<Checkpoint>,
    ) -> Self {
        let (roots, evidence, repair, read) = (vec![], vec![], false, Cell::new(0));
        Self { dir, head, entries, checkpoints, roots, evidence, repair, read }
    }

    fn record(&mut self, feed: &str) {
        let event = match self.entries.len() {
            0 => event(&["ledger"], "ledger.genesis", genesis()),
            _ => note(&[feed]),
        };
        let payload = self.head.place(event, Instant::from_unix(1_789_000_000).unwrap());
        let entry = Entry::sign(self.head.origin(), &payload, &author()).unwrap();
        self.head.advance(&entry);
        self.entries.push(entry);
    }

    /// Records until the ledger has each of those sizes, and signs a checkpoint of each.
    fn grow(&mut self, sizes: &[u64]) {
        for size in sizes {
            self.grow_as("a", *size);
        }
    }

    fn grow_as(&mut self, feed: &str, size: u64) {
        while (self.entries.len() as u64) < size {
            self.record(feed);
        }
        let mut tree = Tree::default();
        self.entries.iter().for_each(|entry| tree.push(entry.id()));
        let (origin, root) = (self.head.origin(), tree.root(size).unwrap());
        self.checkpoints.push(Checkpoint::sign(origin, size, root, &checkpoint_key()));
    }

    /// The same ledger up to its checkpoint of `size`, in the same folder.
    fn copy(&self, size: usize) -> Self {
        let mut head = Head::new(ORIGIN.parse().unwrap());
        self.entries[..size].iter().for_each(|entry| head.advance(entry));
        let checkpoints = self.checkpoints.iter().filter(|it| it.size() <= size as u64);
        let checkpoints = checkpoints.cloned().collect();
        let (dir, entries) = (tempfile::tempdir().unwrap(), self.entries[..size].to_vec());
        Self::with(dir, head, entries, checkpoints)
    }

    fn place(&self) -> Place {
        Place::open(self.dir.path().to_str().unwrap(), &[]).unwrap()
    }

    fn publish(&self) -> Result<Published, PublishError> {
        self.publish_to(&self.place())
    }

    fn publish_to(&self, place: &Place) -> Result<Published, PublishError> {
        let (checkpoint, earlier) = self.checkpoints.split_last().unwrap();
        let publication = Publication {
            entries: &self.entries,
            checkpoint,
            earlier,
            keys: &[vkey(&checkpoint_key()), witness()],
            roots: self.roots.clone(),
            texts: vec![],
            evidence: self.evidence.iter().map(|text| (digest(text), text.len() as u64)).collect(),
            repair: self.repair,
        };
        publish(place, &publication, |asked| {
            let found = self.evidence.iter().find(|text| digest(text) == *asked);
            self.read.set(self.read.get() + 1);
            found.map(|text| text.as_bytes().to_vec()).ok_or_else(|| "gone".to_owned())
        })
    }

    fn published(&self) -> Checkpoint {
        fs::read_to_string(self.dir.path().join(CHECKPOINT)).unwrap().parse().unwrap()
    }

    /// The earlier checkpoints that stand there.
    fn tail(&self) -> Vec<Checkpoint> {
        earlier(&self.place(), &self.published(), None).unwrap()
    }
}

fn digest(text: &str) -> Hash {
    Hash::of(text.as_bytes())
}

fn witness_key() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

fn witness() -> Vkey {
    let key = tally_ledger::key::PublicKey::from(&witness_key());
    Vkey::new("w.example", Purpose::Cosignature, key).unwrap()
}

fn cosign(checkpoint: &mut Checkpoint, time: u64) {
    checkpoint.cosign("w.example", time, &witness_key()).unwrap();
}

#[test]
fn an_uncosigned_copy_takes_no_signature_away() {
    let mut case = Case::new();
    let plain = case.copy(3);
    cosign(&mut case.checkpoints[0], 7);
    case.publish().unwrap();
    let done = plain.publish_to(&case.place()).unwrap();
    assert!(!done.advanced, "nothing was new: {done:?}");
    assert_eq!(case.published(), case.checkpoints[0]);
    // What is new here is added to what is there, of strangers too.
    let mut there = case.published();
    there.cosign("stranger.example", 5, &SigningKey::from_bytes(&[6; 32])).unwrap();
    fs::write(case.dir.path().join(CHECKPOINT), there.to_string()).unwrap();
    cosign(&mut case.checkpoints[0], 8);
    assert!(case.publish().unwrap().advanced);
    let joined = case.published();
    assert_eq!(joined.signature_lines().lines().count(), 4);
    assert!(joined.to_string().starts_with(&there.to_string()));
}

#[test]
fn a_checkpoint_that_is_replaced_stays_among_the_earlier_ones_with_its_signatures() {
    let mut case = Case::new();
    let mut plain = case.copy(3);
    let mut cosigned = case.checkpoints[0].clone();
    cosign(&mut cosigned, 7);
    case.checkpoints[0] = cosigned.clone();
    case.publish().unwrap();
    // Of a copy without the cosignature.
    plain.grow(&[5]);
    plain.publish_to(&case.place()).unwrap();
    assert_eq!((case.published().size(), case.tail()), (5, vec![cosigned.clone()]));
    // Of a copy that has no checkpoint of that size at all.
    let mut lacking = plain.copy(5);
    lacking.grow(&[6]);
    lacking.checkpoints = lacking.checkpoints.split_off(2);
    lacking.publish_to(&case.place()).unwrap();
    assert_eq!(case.tail(), [cosigned, plain.checkpoints[1].clone()]);
}

#[test]
fn another_history_among_the_earlier_checkpoints_is_refused() {
    let mut case = Case::new();
    case.grow(&[4, 5]);
    case.publish().unwrap();
    let mut fork = case.copy(3);
    fork.grow_as("b", 4);
    let tail = case.dir.path().join(crate::history::TAIL);
    let before = fs::read_to_string(&tail).unwrap();
    let (own, other) = (case.checkpoints[1].to_string(), fork.checkpoints[1].to_string());
    fs::write(&tail, before.replace(&own, &other)).unwrap();
    case.grow(&[6]);
    let refused = case.publish().unwrap_err();
    assert!(
        matches!(&refused, PublishError::Forked { size: 4, checkpoint, .. }
        if *checkpoint == other),
        "{refused}"
    );
    assert!(!case.dir.path().join("tile/entries/000.p/6").exists(), "nothing was written");
    // One that the log never signed proves nothing, and is refused as well.
    let text = fork.checkpoints[1].text();
    let stranger = format!("{text}\n\u{2014} w.example {}=\n", "A".repeat(99));
    fs::write(&tail, before.replace(&own, &stranger)).unwrap();
    let strange = case.publish().unwrap_err();
    assert!(matches!(strange, PublishError::Strange { size: 4, .. }), "{strange}");
    fs::write(&tail, before.replace(&own, &own.replace(ORIGIN, "other.example"))).unwrap();
    assert!(matches!(case.publish(), Err(PublishError::Origin { .. })));
    // One of this history that is not signed is mended where its signature is here.
    let (origin, root) = (case.head.origin(), case.checkpoints[1].root());
    let unsigned = Checkpoint::sign(origin, 4, root, &witness_key()).to_string();
    fs::write(&tail, before.replace(&own, &unsigned)).unwrap();
    let mut lacking = case.copy(6);
    lacking.checkpoints.remove(1);
    let refused = lacking.publish_to(&case.place()).unwrap_err();
    assert!(matches!(refused, PublishError::Unsigned { size: 4, .. }), "{refused}");
    case.publish().unwrap();
    assert_eq!(case.tail()[1].signed_by(&vkey(&checkpoint_key())), Signed::Holds(0));
    // A copy that is older than what was once published.
    fs::write(&tail, &before).unwrap();
    case.publish().unwrap();
    fs::remove_file(case.dir.path().join(CHECKPOINT)).unwrap();
    let older = case.copy(4).publish_to(&case.place()).unwrap_err();
    assert!(matches!(older, PublishError::Behind { published: 5, here: 4, .. }), "{older}");
}

#[test]
fn checkpoints_that_are_missing_between_are_added_and_signatures_joined() {
    let mut case = Case::new();
    case.grow(&[4, 5, 6]);
    let mut lacking = case.copy(6);
    lacking.checkpoints.remove(1);
    lacking.publish_to(&case.place()).unwrap();
    assert_eq!(case.tail().len(), 2);
    cosign(&mut case.checkpoints[2], 7);
    case.publish().unwrap();
    assert_eq!(case.tail(), case.checkpoints[..3]);
    lacking.publish_to(&case.place()).unwrap();
    assert_eq!(case.tail(), case.checkpoints[..3], "nothing is taken away");
}

#[test]
fn a_root_that_is_signed_later_is_published() {
    let mut case = Case::new();
    case.grow(&[4]);
    case.publish().unwrap();
    case.roots = vec![(3, b"three".to_vec()), (4, b"four".to_vec())];
    assert_eq!(case.publish().unwrap().files, 2);
    assert_eq!(fs::read(case.dir.path().join("roots/4")).unwrap(), b"four");
    assert_eq!(case.publish().unwrap().files, 0);
}

#[test]
fn evidence_that_is_there_is_neither_read_nor_written_again() {
    let mut case = Case::new();
    case.evidence = vec!["an order", "a reply"];
    case.publish().unwrap();
    assert_eq!(case.read.get(), 2);
    assert_eq!(case.publish().unwrap().files, 0);
    case.evidence.push("what was left out before");
    assert_eq!(case.publish().unwrap().files, 1);
    assert_eq!(case.read.get(), 3);
    fs::write(case.dir.path().join(evidence_path(&digest("a reply"))), "longer than it").unwrap();
    let other = case.publish().unwrap_err().to_string();
    assert!(other.contains("14 bytes found, 7 expected"), "{other}");
}

#[test]
fn a_repair_writes_what_is_missing_or_differs() {
    let mut case = Case::new();
    case.grow(&[300]);
    case.evidence = vec!["an order"];
    case.roots = vec![(3, b"three".to_vec()), (300, b"more".to_vec())];
    case.publish().unwrap();
    let files = ["tile/entries/000", "tile/0/001.p/44", "roots/3"];
    let paths = files.map(|path| case.dir.path().join(path));
    let evidence = case.dir.path().join(evidence_path(&digest("an order")));
    let before = paths.clone().map(|path| fs::read(path).unwrap());
    for path in &paths {
        fs::remove_file(path).unwrap();
    }
    fs::write(&evidence, "an odder").unwrap();
    assert_eq!(case.publish().unwrap().files, 1, "the root alone is seen to be missing");
    case.repair = true;
    let done = case.publish().unwrap();
    assert_eq!((done.files, done.compared, done.advanced), (3, 8, false));
    assert_eq!(paths.clone().map(|path| fs::read(path).unwrap()), before);
    assert_eq!(fs::read(&evidence).unwrap(), b"an order");
    let done = case.publish().unwrap();
    assert_eq!((done.files, done.compared), (0, 8));
    // A repair is none of a ledger that is another.
    let mut fork = case.copy(3);
    fork.repair = true;
    fork.grow_as("b", 301);
    fs::remove_file(&paths[0]).unwrap();
    assert!(matches!(fork.publish_to(&case.place()), Err(PublishError::Forked { .. })));
    assert!(!paths[0].exists());
}
