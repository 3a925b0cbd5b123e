//! Ledger directories: reading one whole and verified, and continuing it.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ed25519_dalek::SigningKey;
use tally_ledger::bundle::{Form, Manifest};
use tally_ledger::entry::Entry;
use tally_ledger::fault::{Code, Fault};
use tally_ledger::hash::Hash;
use tally_ledger::head::Head;
use tally_ledger::key::PublicKey;
use tally_ledger::name::Origin;
use tally_ledger::note::{Checkpoint, Signed, Vkey};
use tally_ledger::payload::Event;
use tally_ledger::receipt::{Algorithm, SignedRoot};
use tally_ledger::time::Instant;
use tally_ledger::tree::Edge;
use tally_ledger::verify::{self, Pins, VerifiedLedger};
use tally_store::{Reader, Store};

use crate::context::Context;
use crate::failure::Failure;
use crate::trust::TrustStore;

/// How long a command waits for another that writes.
pub const LOCK_WAIT: Duration = Duration::from_secs(10);

/// Says that another process holds the ledger.
pub fn waiting(context: &Context, pid: Option<u32>) {
    let holder = pid.map_or("another process".to_owned(), |pid| format!("process {pid}"));
    context.out.talk(&format!("waiting up to 10 seconds for {holder}, which holds the ledger"));
}

/// Where the author's key file of a ledger directory stands.
pub fn author_key(dir: &Path) -> PathBuf {
    dir.join("keys").join("author.pem")
}

/// Where the checkpoint key file of a ledger directory stands.
pub fn checkpoint_key(dir: &Path) -> PathBuf {
    dir.join("keys").join("checkpoint.pem")
}

/// Where the policy of a ledger directory stands, if it has one: whose cosignatures its checkpoints
/// are to carry.
pub fn policy(dir: &Path) -> PathBuf {
    dir.join("policy")
}

/// Verifies what `reader` holds of a ledger directory.
///
/// # Errors
///
/// Fails if the directory cannot be read; faults of the ledger are part of the result.
pub fn verify(reader: &Reader, pins: &Pins) -> Result<VerifiedLedger, Failure> {
    let files = reader.evidence_list()?;
    let mut signed = checkpoints(reader)?;
    // A checkpoint of more entries than there are shows that some were lost.
    let beyond = reader.behind_checkpoint().map(|size| reader.checkpoint(size)).transpose()?;
    signed.extend(beyond.flatten().map(|stored| parsed(&stored)).transpose()?);
    let manifest = Manifest {
        form: Form::Directory { entries: reader.len() },
        checkpoints: signed.into_iter().map(|checkpoint| (checkpoint, Vec::new())).collect(),
        evidence: files.iter().map(|file| (file.digest, file.size)).collect(),
    };
    let entries = reader.entries(0).map(|entry| Ok::<_, Failure>(entry?.bytes));
    verify::directory(&manifest, pins, entries, |index| {
        let path = &files[index].path;
        File::open(path).map_err(|e| Failure::io("read", path, &e))
    })
}

/// Returns the checkpoints of a ledger directory, ascending in size.
///
/// # Errors
///
/// Fails if one cannot be read or is none.
pub fn checkpoints(reader: &Reader) -> Result<Vec<Checkpoint>, Failure> {
    reader.checkpoints()?.map(|stored| parsed(&stored?)).collect()
}

/// Returns the checkpoint that a stored one is.
///
/// # Errors
///
/// Fails if it is none.
pub fn parsed(stored: &tally_store::Checkpoint) -> Result<Checkpoint, Failure> {
    stored.note.parse().map_err(|e| {
        Failure::new(format!("the checkpoint of size {}: {e}", stored.size))
            .hint("restore the file in checkpoints/ from a copy, or move it away")
    })
}

/// A ledger directory held for writing, whose every entry was verified.
pub struct LedgerDir {
    dir: PathBuf,
    store: Store,
    ledger: VerifiedLedger,
    head: Head,
}

impl LedgerDir {
    /// Opens a ledger directory for writing and verifies it.
    ///
    /// # Errors
    ///
    /// Fails if it is none, is in use, cannot be written, or fails verification.
    pub fn open(dir: &Path, context: &Context) -> Result<Self, Failure> {
        let store = Store::open(dir, LOCK_WAIT, |pid| waiting(context, pid))?;
        for recovered in store.recovered() {
            context.out.talk(&format!("note: {recovered}"));
        }
        let ledger = verify(store.reader(), &remembered(store.reader(), context)?)?;
        match &ledger.verification().fault {
            // Writing on would show the world two histories.
            Some(fault) if fault.code == Code::Pin => {
                return Err(Failure::unsound(dir, fault).hint(
                    "this copy is older than, or another than, the one last checkpointed here; \
                     restore the newer one before writing",
                ));
            }
            Some(fault) => return Err(Failure::unsound(dir, fault)),
            None => {}
        }
        let head = ledger.head().ok_or_else(|| {
            Failure::new(format!("{} has no genesis entry", dir.display()))
                .hint("it was left by an interrupted init; remove it and run tally init again")
        })?;
        Ok(Self { dir: dir.to_owned(), store, ledger, head })
    }

    /// Returns the verified ledger as it was when it was opened.
    pub fn ledger(&self) -> &VerifiedLedger {
        &self.ledger
    }

    /// Returns the directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns the reading side of the store.
    pub fn reader(&self) -> &Reader {
        self.store.reader()
    }

    /// Returns the origin.
    pub fn origin(&self) -> &Origin {
        self.head.origin()
    }

    /// Returns the head, as far as entries were placed.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Signs `event` for the next place, without writing it.
    ///
    /// # Errors
    ///
    /// Fails if the event cannot be encoded within the format.
    pub fn sign(
        &mut self,
        event: Event,
        recorded: Instant,
        key: &SigningKey,
    ) -> Result<Entry, Failure> {
        let payload = self.head.place(event, recorded);
        let entry = Entry::sign(self.head.origin(), &payload, key).map_err(|fault| {
            Failure::new(format!("the entry cannot be written: {fault}"))
                .hint("shorten it, or keep long texts as files of evidence")
        })?;
        self.head.advance(&entry);
        Ok(entry)
    }

    /// Checks that entries, signed in this order, continue the ledger.
    ///
    /// # Errors
    ///
    /// Fails if they do not: above all if their author may not sign the kind.
    pub fn check(&self, entries: &[Entry]) -> Result<(), Failure> {
        self.ledger.continued_by(entries).map_err(|fault| refused(&fault))
    }

    /// Writes entries that were signed in this order and [checked](Self::check), all of them or
    /// none.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot write; then nothing is acknowledged.
    pub fn append(&mut self, entries: &[Entry]) -> Result<(), Failure> {
        let first = self.store.reader().len();
        let bytes: Vec<&[u8]> = entries.iter().map(Entry::bytes).collect();
        self.store.append(first, &bytes)?;
        Ok(())
    }

    /// Files evidence under its digest.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read or stored, or is another than when `digest` was taken.
    pub fn put_evidence(&mut self, path: &Path, digest: Hash) -> Result<(), Failure> {
        let file = File::open(path).map_err(|e| Failure::io("read", path, &e))?;
        let stored = self.store.put_evidence(file)?;
        if stored.digest == digest {
            return Ok(());
        }
        let message = format!(
            "{} changed while it was read: expected the digest {digest}, found {}",
            path.display(),
            stored.digest
        );
        Err(Failure::new(message).hint("try again when nothing writes to it"))
    }

    /// Files a text as evidence under its digest.
    ///
    /// # Errors
    ///
    /// Fails if it cannot be stored.
    pub fn put_text(&mut self, text: &str) -> Result<Hash, Failure> {
        Ok(self.store.put_evidence(text.as_bytes())?.digest)
    }

    /// Signs a checkpoint over the entries up to the head that the ledger was opened with and
    /// `appended` after it, without storing it.
    ///
    /// # Errors
    ///
    /// Fails if `key` does not hold the role `checkpoint`.
    pub fn sign_checkpoint(
        &self,
        appended: &[Entry],
        key: &SigningKey,
    ) -> Result<Checkpoint, Failure> {
        let mut edge = Edge::default();
        self.ledger.entries().iter().chain(appended).for_each(|entry| edge.push(entry.id()));
        let checkpoint = Checkpoint::sign(self.origin(), edge.size(), edge.root(), key);
        let own = self.ledger.authority().checkpoint_vkeys();
        let holds = |vkey| !matches!(checkpoint.signed_by(vkey), Signed::Absent);
        if own.iter().any(holds) {
            return Ok(checkpoint);
        }
        Err(Failure::new("this key does not hold the role checkpoint in the ledger")
            .hint("name the checkpoint key's file with --checkpoint-key FILE"))
    }

    /// Stores a checkpoint that was [signed](Self::sign_checkpoint) over what the ledger holds now,
    /// and has the trust store remember it if it knows the ledger.
    ///
    /// # Errors
    ///
    /// Fails if the store or the trust store cannot write.
    pub fn put_checkpoint(
        &mut self,
        checkpoint: &Checkpoint,
        context: &Context,
    ) -> Result<(), Failure> {
        self.store.put_checkpoint(checkpoint.size(), &checkpoint.to_string())?;
        match TrustStore::of(context.config.as_deref()) {
            Ok(store) if store.find(checkpoint.origin())?.is_some() => {
                store.saw(checkpoint.origin(), checkpoint)
            }
            _ => Ok(()),
        }
    }

    /// Signs the root of a stored checkpoint once more, as COSE, and stores that: receipts are made
    /// from it without the key. A tree of one entry has no receipt, and a key that did not sign the
    /// checkpoint signs nothing here.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be read or written.
    pub fn put_root(&mut self, checkpoint: &Checkpoint, key: &SigningKey) -> Result<(), Failure> {
        let size = checkpoint.size();
        let vkey = Vkey::log(self.origin(), PublicKey::from(key));
        let own = matches!(checkpoint.signed_by(&vkey), Signed::Holds(_));
        if size > 1 && own && self.reader().root(size)?.is_none() {
            let (origin, root) = (self.origin(), checkpoint.root());
            let signed = SignedRoot::sign(origin, &root, key, Algorithm::default());
            self.store.put_root(size, &signed)?;
        }
        Ok(())
    }
}

/// Returns the failure of entries that do not continue their ledger.
pub fn refused(fault: &Fault) -> Failure {
    let hint = match fault.code {
        Code::Key | Code::Authority | Code::Effect => "see who may sign what with: tally key list",
        _ => "see what stands where with: tally list entries",
    };
    Failure::new(format!("nothing was written: {fault}")).hint(hint)
}

/// Returns what the trust store remembers of the ledger: its id and the largest checkpoint.
///
/// # Errors
///
/// Fails if the trust store or a checkpoint cannot be read.
pub fn remembered(reader: &Reader, context: &Context) -> Result<Pins, Failure> {
    let last = checkpoints(reader)?.pop();
    let (Some(last), Ok(store)) = (last, TrustStore::of(context.config.as_deref())) else {
        return Ok(Pins::default());
    };
    let pins = store.find(last.origin())?.map(|known| known.pins()).transpose()?;
    let pins = pins.unwrap_or_default();
    Ok(Pins { ledger_id: pins.ledger_id, seen: pins.seen, ..Pins::default() })
}

/// Returns the digests of the evidence files that `entries` name, ascending.
pub fn named_evidence<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> BTreeSet<Hash> {
    let named = entries.into_iter().flat_map(|entry| &entry.payload().event.evidence);
    named
        .filter_map(|evidence| match evidence {
            tally_ledger::payload::Evidence::File { digest, .. } => Some(*digest),
            tally_ledger::payload::Evidence::Hidden(_) => None,
        })
        .collect()
}

/// Returns how many entries are left out, in words: "1 entry is left".
pub fn left(entries: usize) -> String {
    if entries == 1 { "1 entry is left".to_owned() } else { format!("{entries} entries are left") }
}
