//! The honest parties, each over a folder of its own, and what is demanded of them.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use tally_ledger::bundle::{Form, Manifest};
use tally_ledger::consistency::Consistency;
use tally_ledger::equivocation::Equivocation;
use tally_ledger::hash::Hash;
use tally_ledger::note::{Checkpoint, Purpose, Signed, Vkey};
use tally_ledger::verify::{self, Pins, Verdict};
use tally_mirror::mirror::{self, Cosigner, Followed, Held, Limits, Mirror, Synced};
use tally_mirror::place::Place;
use tally_mirror::published;
use tally_mirror::remote_tree::RemoteTree;
use tally_mirror::witness::{self, Witness};
use tally_testkit::forge::{ORIGIN, vkey};
use tally_testkit::keyring::{checkpoint, public};
use tally_testkit::random::Random;
use tempfile::TempDir;

use crate::Counts;
use crate::origin::Origin;
use crate::transport::Line;

/// A folder in memory where there is one: a disk would be synced thousands of times.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn key(number: usize, sort: u8) -> SigningKey {
    SigningKey::from_bytes(&[u8::try_from(number).unwrap() + sort; 32])
}

/// A witness, and everything that it cosigned.
pub(crate) struct WitnessParty {
    dir: TempDir,
    key: SigningKey,
    vkey: Vkey,
    witness: Option<Witness>,
    cosigned: Vec<(Checkpoint, u64)>,
}

impl WitnessParty {
    pub(crate) fn new(number: usize) -> Self {
        let (dir, key) = (folder(), key(number, 40));
        let name = format!("w{number}.example");
        let own = Vkey::new(&name, Purpose::Cosignature, public(&key)).unwrap();
        let path = dir.path().join("witness");
        witness::create(&path, &own).unwrap();
        witness::add(&path, ORIGIN, &[vkey(&checkpoint())]).unwrap();
        let witness = Some(Witness::open(&path, key.clone()).unwrap());
        Self { dir, key, vkey: own, witness, cosigned: Vec::new() }
    }

    /// Ends the process and begins it again.
    pub(crate) fn restart(&mut self) {
        self.witness = None;
        let opened = Witness::open(&self.dir.path().join("witness"), self.key.clone());
        self.witness = Some(opened.unwrap());
    }

    /// The size that it cosigned last.
    pub(crate) fn size(&self) -> u64 {
        self.cosigned.last().map_or(0, |(checkpoint, _)| checkpoint.size())
    }

    /// The last checkpoint that it cosigned, as everybody can read it.
    fn latest(&self) -> Option<Checkpoint> {
        let hash = Hash::of(ORIGIN.as_bytes()).to_string();
        let note = self.witness.as_ref().unwrap().checkpoint(&hash)?;
        Some(note.parse().unwrap())
    }

    /// Sends a request, and returns whether it was cosigned.
    pub(crate) fn add(&mut self, body: &[u8], now: u64, origin: &Origin) -> bool {
        let answer = self.witness.as_ref().unwrap().add_checkpoint(body, || now);
        if answer.status != 200 {
            return false;
        }
        let asked: Consistency = std::str::from_utf8(body).unwrap().parse().unwrap();
        let note = format!("{}\n{}", asked.checkpoint.text(), answer.body);
        let cosigned: Checkpoint = note.parse().unwrap();
        assert_eq!(cosigned.signed_by(&self.vkey), Signed::Holds(now));
        if let Some((before, time)) = self.cosigned.last() {
            assert!(before.size() <= cosigned.size() && *time <= now);
        }
        self.cosigned.push((cosigned, now));
        let one_history = |which: usize| {
            let places = |it: &Checkpoint| origin.places(it.size(), it.root());
            self.cosigned.iter().all(|(it, _)| places(it).contains(&which))
        };
        assert!(one_history(0) || one_history(1), "a witness cosigned two histories");
        let latest = self.latest().expect("what was answered is kept");
        assert_eq!(latest.text(), asked.checkpoint.text());
        true
    }
}

/// A mirror that follows the log.
pub(crate) struct MirrorParty {
    _dir: TempDir,
    held: Held,
    cosigner: Cosigner,
    size: u64,
}

impl MirrorParty {
    pub(crate) fn new(number: usize) -> Self {
        let dir = folder();
        let cosigner = Cosigner::new(&format!("m{number}.example"), key(number, 60)).unwrap();
        let mirror = Mirror::create(&dir.path().join("mirror"), cosigner.vkey()).unwrap();
        let mut followed = Followed::new(ORIGIN, "origin", Limits::default());
        followed.keys.push(vkey(&checkpoint()).to_string());
        let held = mirror.add(&followed).unwrap();
        Self { _dir: dir, held, cosigner, size: 0 }
    }

    /// Syncs over a line to one of the histories.
    pub(crate) fn sync(
        &mut self,
        origin: &Origin,
        which: usize,
        bad: bool,
        random: Random,
        now: u64,
        counts: &mut Counts,
    ) {
        let store = |which: usize| Arc::clone(&origin.histories[which].store);
        let stale = origin.histories[which].notes().map(Bytes::from).collect();
        let line = Line::new([store(which), store(1 - which)], random, bad, stale);
        let harmed = Arc::clone(&line.harmed);
        let place = Place::over("line", Box::new(line)).unwrap();
        let before = self.checkpoint();
        let synced = mirror::sync(&self.held, &place, &self.cosigner, &|| now);
        let unharmed = harmed.load(std::sync::atomic::Ordering::Relaxed) == 0;
        match &synced {
            Ok(Synced::Advanced { .. }) => counts.advanced += 1,
            Ok(Synced::Equivocation { .. }) => counts.proven += 1,
            Err(_) => counts.failed += 1,
            Ok(_) => {}
        }
        self.sound(origin, before.as_ref());
        let last = origin.histories[which].last().unwrap();
        let two = before.as_ref().is_some_and(|held| origin.are_apart(held, last));
        if unharmed && matches!(synced, Ok(Synced::Advanced { to: 2.., .. })) {
            let root = self.held.public().join(format!("roots/{}", self.size));
            assert!(root.is_file(), "{} is not served", root.display());
        }
        if unharmed && two {
            let proven = matches!(synced, Ok(Synced::Equivocation { .. }));
            assert!(proven, "two histories were offered and not proven: {synced:?}");
        }
        if unharmed && !two && self.proofs().is_empty() {
            let clock = matches!(synced, Err(mirror::MirrorError::Clock { .. }));
            assert!(clock || synced.is_ok(), "{synced:?}");
        }
    }

    fn checkpoint(&self) -> Option<Checkpoint> {
        self.held.checkpoint().unwrap()
    }

    /// Demands that what is served holds whole, is cosigned, and did not move backward.
    fn sound(&mut self, origin: &Origin, before: Option<&Checkpoint>) {
        let Some(held) = self.checkpoint() else {
            assert!(before.is_none(), "what was held is gone");
            return;
        };
        assert!(held.size() >= self.size, "moved back from {} to {}", self.size, held.size());
        self.size = held.size();
        if let Some(before) = before {
            assert!(!origin.are_apart(before, &held), "moved to another history");
        }
        assert!(matches!(held.signed_by(self.cosigner.vkey()), Signed::Holds(_)));
        if before.is_some_and(|before| before.text() == held.text()) {
            return;
        }
        let place = Place::open(self.held.public().to_str().unwrap(), &[]).unwrap();
        let (mut entries, mut first) = (Vec::new(), Vec::new());
        let served = published::checkpoint(&place).unwrap();
        published::entries(&place, &served, None, |entry| entries.push(Ok(entry.to_vec())))
            .unwrap();
        first.push((served, Vec::new()));
        let manifest = Manifest { form: Form::Bundle, checkpoints: first, evidence: Vec::new() };
        identical(self.held.public(), "tile", origin);
        identical(self.held.public(), "roots", origin);
        let pins = Pins { keys: vec![vkey(&checkpoint())], ..Pins::default() };
        let content = |_| Ok::<&[u8], std::io::Error>(&[]);
        let verified = verify::directory(&manifest, &pins, entries, content).unwrap();
        assert_eq!(verified.verification().verdict(), Verdict::Whole);
    }

    /// The proofs that it keeps, each checked.
    pub(crate) fn proofs(&self) -> Vec<Equivocation> {
        let proofs = self.held.equivocations().unwrap();
        let checked = |(_, proof): (_, Equivocation)| {
            proof.check().unwrap();
            assert_eq!(proof.key(), &vkey(&checkpoint()));
            proof
        };
        proofs.into_iter().map(checked).collect()
    }

    /// Demands that, if another mirror holds another history, both together prove it. Returns how
    /// many proofs there are.
    pub(crate) fn against(&self, other: &Self, origin: &Origin) -> usize {
        match (self.checkpoint(), other.checkpoint()) {
            (Some(own), Some(others)) if own.size() >= others.size() => {
                self.proves(&own, &others, origin)
            }
            (Some(own), Some(others)) => other.proves(&others, &own, origin),
            _ => 0,
        }
    }

    /// The same of a witness, where the mirror holds as much as that cosigned.
    pub(crate) fn against_witness(&self, witness: &WitnessParty, origin: &Origin) -> usize {
        match (self.checkpoint(), witness.latest()) {
            (Some(own), Some(theirs)) if own.size() >= theirs.size() => {
                self.proves(&own, &theirs, origin)
            }
            _ => 0,
        }
    }

    fn proves(&self, own: &Checkpoint, other: &Checkpoint, origin: &Origin) -> usize {
        if !origin.are_apart(own, other) {
            return 0;
        }
        let place = Place::open(self.held.public().to_str().unwrap(), &[]).unwrap();
        let grown = RemoteTree::of(&place, own).grown(other.size()).unwrap();
        let (key, both) = (vkey(&checkpoint()), (other.clone(), own.clone()));
        let proof = Equivocation::between(key, both.0, both.1, Some(grown));
        let proof = proof.expect("two histories");
        let read: Equivocation = proof.to_string().parse().unwrap();
        read.check().unwrap();
        1
    }
}

/// Demands that every file of a folder that is served is the log's own, byte for byte.
fn identical(public: &Path, folder: &str, origin: &Origin) {
    let mut folders = vec![public.join(folder)];
    while let Some(dir) = folders.pop() {
        for item in fs::read_dir(&dir).into_iter().flatten() {
            let path = item.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(public).unwrap().to_str().unwrap();
            let served = fs::read(&path).unwrap();
            assert!(origin.has(name, &served), "{name} is not the log's");
        }
    }
}
