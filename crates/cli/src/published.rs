//! Published ledgers as sources: read from a directory, a bucket or a web server, and verified like
//! any other.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tally_ledger::bundle::{Form, Manifest};
use tally_ledger::entry::Entry;
use tally_ledger::fault::Code;
use tally_ledger::hash::Hash;
use tally_ledger::note::{Checkpoint, Signed};
use tally_ledger::payload::Evidence;
use tally_ledger::receipt::SignedRoot;
use tally_ledger::tree::Edge;
use tally_ledger::verify::{self, Pins, VerifiedLedger};
use tally_mirror::history;
use tally_mirror::place::{Place, PlaceError, Refusal, is_remote};
use tally_mirror::publish::CHECKPOINT;
use tally_mirror::published::{self, ReadError};

use crate::context::Context;
use crate::failure::Failure;

/// The largest file of evidence that is read from a place, in bytes.
const EVIDENCE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The most bytes of evidence that are read from a place in all; what is beyond is not carried.
const EVIDENCE_TOTAL_MAX: u64 = 512 * 1024 * 1024;

/// A published ledger and the checkpoint that it is read under.
#[derive(Debug)]
pub struct Published {
    place: Place,
    name: PathBuf,
    checkpoint: Checkpoint,
    /// Where full bundles are kept, if anywhere.
    cache: Option<PathBuf>,
    /// The checkpoints as they were read, so that what is used is what was verified.
    checkpoints: RefCell<Option<Vec<Checkpoint>>>,
}

impl Published {
    /// Returns whether a name is that of a place which may hold a published ledger: an address, or
    /// a directory with a checkpoint that is no ledger directory.
    pub fn is_at(path: &Path) -> bool {
        path.to_str().is_some_and(is_remote)
            || path.join(CHECKPOINT).is_file() && !path.join("format").exists()
    }

    /// Reads the checkpoint at a place.
    ///
    /// # Errors
    ///
    /// Fails if the place cannot be reached, or nothing is published there.
    pub fn open(path: &Path, context: &Context) -> Result<Self, Failure> {
        let place = place(path, context)?;
        let checkpoint = published::checkpoint(&place).map_err(unread)?;
        let remote = is_remote(place.name());
        let key = Hash::of(place.name().as_bytes()).to_string();
        let cache = context.config.as_ref().filter(|_| remote);
        let cache = cache.map(|config| config.join("cache").join(key));
        let checkpoints = RefCell::default();
        Ok(Self { place, name: path.to_owned(), checkpoint, cache, checkpoints })
    }

    /// Returns the name of the place.
    pub fn path(&self) -> &Path {
        &self.name
    }

    /// Returns the checkpoint.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Reads and verifies the ledger, with the evidence that the place carries.
    ///
    /// # Errors
    ///
    /// Fails if the place cannot be reached or lacks a file; faults of the ledger are part of the
    /// result.
    pub fn verify(&self, pins: &Pins) -> Result<VerifiedLedger, Failure> {
        self.decided(|| {
            let entries = self.entries()?;
            let named = sizes(&entries);
            // What strangers name costs nothing: without that, the entries cannot hold.
            if is_remote(self.place.name()) && !self.vouched(&entries, pins) {
                return self.held(entries, &[], pins);
            }
            let files =
                published::evidence_of(&self.place, &named, EVIDENCE_BYTES_MAX, EVIDENCE_TOTAL_MAX);
            self.held(entries, &files.map_err(unread)?, pins)
        })
    }

    /// Reads and verifies the ledger without its evidence, as if the place carried none.
    ///
    /// # Errors
    ///
    /// As [`Published::verify`].
    pub fn verify_entries(&self, pins: &Pins) -> Result<VerifiedLedger, Failure> {
        self.decided(|| self.held(self.entries()?, &[], pins))
    }

    /// Reads the ledger, and once more without what was kept of it if it does not hold: what was
    /// kept may be what is broken, so the place itself decides. A place that cannot be read says
    /// nothing of what was kept: the next reading goes on from there.
    fn decided(
        &self,
        read: impl Fn() -> Result<VerifiedLedger, Failure>,
    ) -> Result<VerifiedLedger, Failure> {
        let kept = self.cache.as_ref().filter(|cache| cache.exists());
        let ledger = read()?;
        // Evidence is not among what is kept.
        let fault = ledger.verification().fault.as_ref();
        let suspect = fault.is_some_and(|fault| fault.code != Code::Evidence);
        let Some(cache) = kept.filter(|_| suspect) else {
            return Ok(ledger);
        };
        std::fs::remove_dir_all(cache).map_err(|e| Failure::io("remove", cache, &e))?;
        self.checkpoints.take();
        read()
    }

    /// Reads a file of evidence of at most `most` bytes; `None` if the place does not carry it.
    ///
    /// # Errors
    ///
    /// Fails if the place cannot be reached.
    pub fn evidence(&self, digest: &Hash, most: u64) -> Result<Option<Vec<u8>>, Failure> {
        match published::evidence(&self.place, digest, most) {
            Ok(bytes) => Ok(bytes),
            Err(ReadError::Place(PlaceError::TooLarge { .. })) => Ok(None),
            Err(e) => Err(unread(e)),
        }
    }

    /// Reads the signed root of a checkpoint; `None` if the place carries none that is one. Nothing
    /// of it is verified yet.
    ///
    /// # Errors
    ///
    /// Fails if the place cannot be reached.
    pub fn root(&self, size: u64) -> Result<Option<SignedRoot>, Failure> {
        let bytes = published::root(&self.place, size).map_err(unread)?;
        Ok(bytes.and_then(|bytes| SignedRoot::parse(&bytes).ok()))
    }

    /// Returns the checkpoints, ascending in size: the earlier ones and the last. They are read
    /// once: those that a verification found to hold are those that it returns afterwards.
    ///
    /// # Errors
    ///
    /// Fails if the place cannot be reached, or lacks a file.
    pub fn checkpoints(&self) -> Result<Vec<Checkpoint>, Failure> {
        if let Some(read) = &*self.checkpoints.borrow() {
            return Ok(read.clone());
        }
        let earlier = history::earlier(&self.place, &self.checkpoint, self.cache.as_deref())
            .map_err(unread)?;
        // What is not smaller was left by a publication that was interrupted.
        let earlier = earlier.into_iter().filter(|it| it.size() < self.checkpoint.size());
        let read: Vec<Checkpoint> = earlier.chain([self.checkpoint.clone()]).collect();
        self.checkpoints.replace(Some(read.clone()));
        Ok(read)
    }

    fn entries(&self) -> Result<Vec<Vec<u8>>, Failure> {
        let mut entries = Vec::new();
        let take = |entry: &[u8]| entries.push(entry.to_vec());
        let read = published::entries(&self.place, &self.checkpoint, self.cache.as_deref(), take);
        read.map_err(unread)?;
        Ok(entries)
    }

    /// Returns whether the entries are those of the checkpoint and of the pinned ledger, and a
    /// pinned key has signed it, if there is one.
    fn vouched(&self, entries: &[Vec<u8>], pins: &Pins) -> bool {
        let mut tree = Edge::default();
        for entry in entries {
            tree.push(Hash::leaf(entry));
        }
        let own = pins
            .ledger_id
            .is_none_or(|id| entries.first().is_some_and(|genesis| Hash::leaf(genesis) == id));
        let signs = |vkey| matches!(self.checkpoint.signed_by(vkey), Signed::Holds(_));
        let signed = pins.logs().next().is_none() || pins.logs().any(signs);
        tree.root() == self.checkpoint.root() && own && signed
    }

    fn manifest(&self, evidence: Vec<(Hash, u64)>) -> Result<Manifest, Failure> {
        let checkpoints = self.checkpoints()?.into_iter();
        let checkpoints = checkpoints.map(|note| (note, Vec::new())).collect();
        Ok(Manifest { form: Form::Bundle, checkpoints, evidence })
    }

    fn held(
        &self,
        entries: Vec<Vec<u8>>,
        files: &[(Hash, Vec<u8>)],
        pins: &Pins,
    ) -> Result<VerifiedLedger, Failure> {
        let listed = files.iter().map(|(digest, bytes)| (*digest, bytes.len() as u64));
        let manifest = self.manifest(listed.collect())?;
        let entries = entries.into_iter().map(Ok);
        verify::directory(&manifest, pins, entries, |index| Ok(files[index].1.as_slice()))
            .map_err(|e: std::io::Error| Failure::io("read", &self.name, &e))
    }
}

/// Returns the files of evidence that entries name, with the sizes that they state.
fn sizes(entries: &[Vec<u8>]) -> BTreeMap<Hash, u64> {
    let mut sizes = BTreeMap::new();
    for entry in entries.iter().filter_map(|bytes| Entry::parse(bytes.clone(), None).ok()) {
        for evidence in &entry.payload().event.evidence {
            if let Evidence::File { digest, size, .. } = evidence {
                sizes.insert(*digest, *size);
            }
        }
    }
    sizes
}

/// Opens a place by its name.
///
/// # Errors
///
/// Fails if the name is that of no place.
pub fn place(path: &Path, context: &Context) -> Result<Place, Failure> {
    let name = path.to_str().ok_or_else(|| {
        Failure::new(format!("{} is not text", path.display())).hint("name it in UTF-8")
    })?;
    Place::open(name, &context.store_options).map_err(|e| unplaced(&e))
}

/// Returns the failure of a place, with what to do.
pub fn unplaced(e: &PlaceError) -> Failure {
    let hint = match e {
        PlaceError::Name { .. } => {
            "name a directory, s3://BUCKET/PREFIX, gs://…, az://… or https://…; object stores take \
             their settings from the environment, such as AWS_ENDPOINT_URL"
        }
        PlaceError::Refused { name, refusal, .. } => match refusal {
            Refusal::Unreachable => "see that the address is right and that the place is up",
            Refusal::NoCredentials => {
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; or AWS_SKIP_SIGNATURE=true, to \
                 read a public bucket (GOOGLE_… and AZURE_… likewise)"
            }
            Refusal::NoTls => "set AWS_ALLOW_HTTP=true, if nobody else hears what goes there",
            Refusal::Denied if name.starts_with("http") => "ask whoever serves it who may read it",
            Refusal::Denied => "see that the credentials are right, and what they allow",
            Refusal::Other if is_remote(name) => "see that the name is right, and ask again",
            Refusal::Other => "check the path, its owner and mode, and the disk",
        },
        PlaceError::TimedOut { .. } => "it is silent: see that it is up, and ask again",
        PlaceError::TooLarge { .. } => "it is no file of a published ledger",
        PlaceError::Other { .. } => {
            "something else was published there, or the file was damaged: publish to an empty \
             place, or write it anew with: tally publish --repair"
        }
        PlaceError::Unconditional { .. } => {
            "publish where conditions are heeded; or add --unsafe-no-conditions, if nobody else \
             ever publishes there"
        }
    };
    Failure::new(e.to_string()).hint(hint)
}

/// Returns the failure of a published ledger that cannot be read, with what to do.
pub fn unread(e: ReadError) -> Failure {
    let hint = match e {
        ReadError::Place(e) => return unplaced(&e),
        ReadError::Nothing { .. } => "name the place that `tally publish` was given",
        ReadError::NoCheckpoint { .. } => "see that the address is that of the published ledger",
        ReadError::Missing { .. }
        | ReadError::Bundle { .. }
        | ReadError::NoHistory { .. }
        | ReadError::History { .. } => {
            "ask whoever publishes it to run: tally publish --repair; or read another mirror"
        }
        ReadError::TooLarge { .. } => {
            "whoever publishes it may be hostile; if you know them, ask for a bundle"
        }
        ReadError::Keep { .. } => "make room, or name another folder in TALLY_CONFIG_DIR",
    };
    Failure::new(e.to_string()).hint(hint)
}
