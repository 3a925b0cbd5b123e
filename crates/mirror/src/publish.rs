//! Publishing a ledger: the files that never change first, its checkpoint last.
//!
//! Whoever reads a checkpoint so finds every file that it implies. What an interrupted publication
//! leaves the next one finds there; two publishers write the same bytes or one of them stops, and
//! the checkpoint never goes back.

use tally_ledger::entry::Entry;
use tally_ledger::hash::Hash;
use tally_ledger::note::{Checkpoint, NoteError, Signed, Vkey};
use tally_ledger::tile::{self, Content, Tile};
use tally_ledger::tree::Tree;

use crate::history;
use crate::place::{Kind, Place, PlaceError};
use crate::published::ReadError;

/// Where the checkpoint of a log stands (C2SP tlog-tiles).
pub const CHECKPOINT: &str = "checkpoint";
/// Where the vkey that signed the checkpoint stands.
pub const VKEY: &str = "ledger.vkey";
/// Where its policy stands (C2SP tlog-policy), if it has one.
pub const POLICY: &str = "policy";
/// The largest checkpoint, in bytes.
pub const CHECKPOINT_BYTES_MAX: u64 = 64 * 1024;
/// How often another publisher may come first before this one gives up.
pub(crate) const RACES_MAX: usize = 8;
/// Of how many checkpoints that are published already the signed roots are asked for.
const ROOTS_ASKED: usize = 16;

/// Returns where the evidence with that SHA-256 stands.
pub fn evidence_path(digest: &Hash) -> String {
    format!("evidence/{digest}")
}

/// Returns where the signed root of a checkpoint stands: what receipts (RFC 9942) are made from.
pub fn root_path(size: u64) -> String {
    format!("roots/{size}")
}

/// A ledger to be published.
pub struct Publication<'a> {
    /// Its entries, all of them.
    pub entries: &'a [Entry],
    /// Its last checkpoint, of at most so many entries.
    pub checkpoint: &'a Checkpoint,
    /// The checkpoints before it, ascending in size.
    pub earlier: &'a [Checkpoint],
    /// The keys whose signatures under it are known: those that may ever have signed its
    /// checkpoints, and witnesses.
    pub keys: &'a [Vkey],
    /// The signed roots of its checkpoints, by their sizes, ascending.
    pub roots: Vec<(u64, Vec<u8>)>,
    /// Texts that may change, such as the [vkey](VKEY), by the names of their files.
    pub texts: Vec<(&'static str, String)>,
    /// The evidence at hand, by digest, and how many bytes it has.
    pub evidence: Vec<(Hash, u64)>,
    /// Whether the files that are published already are compared as well, and written anew where
    /// they are missing or hold something else.
    pub repair: bool,
}

/// What a publication did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// The size that was published before; `None` if nothing was.
    pub before: Option<u64>,
    /// The size that is published now.
    pub size: u64,
    /// How many files were written, besides the checkpoint.
    pub files: usize,
    /// How many files were compared, the written ones among them; 0 if nothing was to be repaired.
    pub compared: usize,
    /// Whether the checkpoint was written; if not, it was there.
    pub advanced: bool,
}

/// Why a ledger was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The place cannot be used.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// Evidence cannot be read.
    #[error("evidence {digest}: {reason}")]
    Evidence {
        /// Its digest.
        digest: Hash,
        /// Why.
        reason: String,
    },
    /// The earlier checkpoints that stand there cannot be read.
    #[error(transparent)]
    Earlier(#[from] ReadError),
    /// What stands there is no checkpoint.
    #[error("{place}: checkpoint: {reason}")]
    NoCheckpoint {
        /// The place.
        place: String,
        /// Why.
        reason: NoteError,
    },
    /// Another ledger is published there.
    #[error("{place} holds the ledger {found}, expected {expected}")]
    Origin {
        /// The place.
        place: String,
        /// The origin found.
        found: String,
        /// The ledger's own.
        expected: String,
    },
    /// The published ledger is another history.
    #[error(
        "{place}: the published checkpoint of size {size} has root {found}, but the first {size} \
         entries here have root {expected}"
    )]
    Forked {
        /// The place.
        place: String,
        /// The published size.
        size: u64,
        /// The published root.
        found: Hash,
        /// The root here.
        expected: Hash,
        /// The published checkpoint.
        checkpoint: String,
    },
    /// A published checkpoint is of another history, but of no key of this ledger.
    #[error(
        "{place} has a checkpoint of size {size} with root {found}, but the first {size} entries \
         here have root {expected}; no key of the ledger signed it"
    )]
    Strange {
        /// The place.
        place: String,
        /// The published size.
        size: u64,
        /// The published root.
        found: Hash,
        /// The root here.
        expected: Hash,
    },
    /// A published checkpoint is of this history, but of no key of this ledger: no reader takes it.
    #[error("{place} has a checkpoint of size {size} that no key of the ledger signed")]
    Unsigned {
        /// The place.
        place: String,
        /// The published size.
        size: u64,
    },
    /// The published ledger is longer.
    #[error("{place} has {published} entries published, the ledger here has {here}")]
    Behind {
        /// The place.
        place: String,
        /// The published size.
        published: u64,
        /// The size here.
        here: u64,
    },
    /// There would be more earlier checkpoints than a reader takes.
    #[error(
        "{place}: the earlier checkpoints would have {found} bytes in {files} full files and the \
         rest, a reader takes {most} bytes"
    )]
    LongHistory {
        /// The place.
        place: String,
        /// How many full files there would be.
        files: u64,
        /// How many bytes.
        found: u64,
        /// How many bytes are taken.
        most: u64,
    },
    /// The checkpoint is of more entries than there are.
    #[error("the checkpoint is of {size} entries, the ledger has {entries}")]
    Short {
        /// The checkpoint's size.
        size: u64,
        /// How many entries there are.
        entries: usize,
    },
    /// Others published again and again meanwhile.
    #[error("{place}: another publisher came first {RACES_MAX} times")]
    Raced {
        /// The place.
        place: String,
    },
}

/// A file to be written: its path, how it is served, and its bytes.
type Written = Result<(String, Kind, Vec<u8>), PublishError>;

/// The files that a publication writes.
struct Plan<'a> {
    evidence: Vec<&'a Hash>,
    roots: Vec<&'a (u64, Vec<u8>)>,
    tiles: Vec<Tile>,
}

impl Plan<'_> {
    fn len(&self) -> usize {
        self.evidence.len() + self.roots.len() + self.tiles.len()
    }
}

/// Publishes a ledger at a place. `evidence` reads a file of evidence by its digest. The place has
/// been probed, or whoever asks takes the risk.
///
/// # Errors
///
/// Fails if the place refuses, holds another ledger or history or a longer one, or has a file with
/// other bytes. What was written until then does no harm.
pub fn publish(
    place: &Place,
    ledger: &Publication<'_>,
    mut evidence: impl FnMut(&Hash) -> Result<Vec<u8>, String>,
) -> Result<Published, PublishError> {
    let size = ledger.checkpoint.size();
    let log = Log::of(ledger)?;
    place.sweep()?;
    let mut files = 0;
    for _ in 0..RACES_MAX {
        let there = place.read(CHECKPOINT, CHECKPOINT_BYTES_MAX)?;
        let last = there.as_ref().map(|read| log.checked(place, &read.bytes)).transpose()?;
        let before = last.as_ref().map(Checkpoint::size);
        // What readers pass over until the checkpoint stands there may be written before the rest.
        let earlier = log.earlier(last.as_ref());
        let check = |checkpoint: &Checkpoint| log.check(place, checkpoint);
        files += history::extend(place, &earlier, ledger.keys, check)?;
        let plan = log.plan(place, before.unwrap_or(0))?;
        let compared = if ledger.repair { plan.len() } else { 0 };
        let mut read = |digest: &&Hash| -> Written {
            let wrong = |reason| PublishError::Evidence { digest: **digest, reason };
            let bytes = evidence(digest).map_err(wrong)?;
            Ok((evidence_path(digest), Kind::Immutable, bytes))
        };
        let evidence = plan.evidence.iter().map(&mut read);
        let written = evidence.chain(plan.roots.iter().map(|(of, bytes)| -> Written {
            Ok((root_path(*of), Kind::Immutable, bytes.clone()))
        }));
        let written = written.chain(
            plan.tiles
                .iter()
                .map(|tile| -> Written { Ok((tile.path(), Kind::Immutable, log.bytes(tile))) }),
        );
        let repair = ledger.repair;
        files += if repair { place.mend_all(written)? } else { place.create_all(written)? };
        files += texts(place, &ledger.texts)?;
        let done = |advanced| Published { before, size, files, compared, advanced };
        let joined = last.as_ref().and_then(|last| last.joined(ledger.checkpoint, ledger.keys));
        let note = joined.as_ref().unwrap_or(ledger.checkpoint).to_string();
        if there.as_ref().is_some_and(|there| there.bytes == note.as_bytes()) {
            return Ok(done(false));
        }
        if place.replace(CHECKPOINT, Kind::MutableText, note.as_bytes(), there.as_ref())? {
            return Ok(done(true));
        }
    }
    Err(PublishError::Raced { place: place.name().to_owned() })
}

/// Writes the texts that are not there yet, or differ. Returns how many.
fn texts(place: &Place, texts: &[(&str, String)]) -> Result<usize, PlaceError> {
    let mut written = 0;
    for (path, text) in texts {
        let there = place.read(path, CHECKPOINT_BYTES_MAX)?;
        if there.as_ref().is_none_or(|there| there.bytes != text.as_bytes()) {
            // Where another publisher comes first, his text is as good.
            let kind = Kind::MutableText;
            written += usize::from(place.replace(path, kind, text.as_bytes(), there.as_ref())?);
        }
    }
    Ok(written)
}

/// The files of a log, as far as its checkpoint reaches.
struct Log<'a> {
    ledger: &'a Publication<'a>,
    tree: Tree,
}

impl<'a> Log<'a> {
    fn of(ledger: &'a Publication<'a>) -> Result<Self, PublishError> {
        let (size, entries) = (ledger.checkpoint.size(), ledger.entries.len());
        let covered = usize::try_from(size).ok().and_then(|size| ledger.entries.get(..size));
        let covered = covered.ok_or(PublishError::Short { size, entries })?;
        let mut tree = Tree::default();
        for entry in covered {
            tree.push(entry.id());
        }
        Ok(Self { ledger, tree })
    }

    /// Returns the checkpoint that is published, if it is one of this history.
    fn checked(&self, place: &Place, note: &[u8]) -> Result<Checkpoint, PublishError> {
        let text = String::from_utf8_lossy(note);
        let there: Checkpoint = text.parse().map_err(|reason| PublishError::NoCheckpoint {
            place: place.name().to_owned(),
            reason,
        })?;
        self.check(place, &there)?;
        Ok(there)
    }

    /// Refuses a published checkpoint that is not one of this history.
    fn check(&self, place: &Place, there: &Checkpoint) -> Result<(), PublishError> {
        let place = place.name().to_owned();
        let (found, expected) = (there.origin(), self.ledger.checkpoint.origin());
        if found != expected {
            let (found, expected) = (found.to_string(), expected.to_string());
            return Err(PublishError::Origin { place, found, expected });
        }
        let size = there.size();
        let Some(expected) = self.tree.root(size) else {
            let here = self.ledger.checkpoint.size();
            return Err(PublishError::Behind { place, published: size, here });
        };
        let (found, ledger) = (there.root(), self.ledger);
        let mut log = ledger.keys.iter().filter(|key| key.name() == there.origin());
        let signed = log.any(|key| matches!(there.signed_by(key), Signed::Holds(_)));
        if found == expected {
            // The signature of one that is here as well is joined.
            let mut here = ledger.earlier.iter().chain([ledger.checkpoint]);
            let mends = signed || here.any(|one| one.size() == size);
            return if mends { Ok(()) } else { Err(PublishError::Unsigned { place, size }) };
        }
        if !signed {
            return Err(PublishError::Strange { place, size, found, expected });
        }
        let checkpoint = there.to_string();
        Err(PublishError::Forked { place, size, found, expected, checkpoint })
    }

    /// Returns the checkpoints that are earlier once this one is published: also the one that is
    /// `last` now, with the signatures that it has there.
    fn earlier(&self, last: Option<&Checkpoint>) -> Vec<Checkpoint> {
        let (size, keys) = (self.ledger.checkpoint.size(), self.ledger.keys);
        let mut earlier = self.ledger.earlier.to_vec();
        earlier.retain(|one| one.size() < size);
        let Some(last) = last.filter(|last| last.size() < size) else {
            return earlier;
        };
        match earlier.binary_search_by_key(&last.size(), Checkpoint::size) {
            Ok(at) => {
                let joined = last.joined(&earlier[at], keys);
                earlier[at] = joined.unwrap_or_else(|| last.clone());
            }
            Err(at) => earlier.insert(at, last.clone()),
        }
        earlier
    }

    /// Returns what is to be written where `before` entries are published; of a repair all files
    /// that the checkpoint implies.
    fn plan(&self, place: &Place, before: u64) -> Result<Plan<'a>, PlaceError> {
        let Publication { evidence, roots, repair, .. } = self.ledger;
        let size = self.ledger.checkpoint.size();
        if *repair {
            let evidence = evidence.iter().map(|(digest, _)| digest).collect();
            let tiles = tile::added(0, size);
            return Ok(Plan { evidence, roots: roots.iter().collect(), tiles });
        }
        let there = place.lengths(evidence.iter().map(|(it, _)| evidence_path(it)).collect())?;
        let mut missing = Vec::new();
        for ((digest, expected), there) in evidence.iter().zip(there) {
            match there {
                None => missing.push(digest),
                Some(found) if found == *expected => {}
                Some(found) => {
                    return Err(place.other(&evidence_path(digest), found, *expected));
                }
            }
        }
        // A root may be signed later than its checkpoint was published.
        let new = roots.partition_point(|(of, _)| *of <= before);
        let asked = &roots[new.saturating_sub(ROOTS_ASKED)..new];
        let there = place.lengths(asked.iter().map(|(of, _)| root_path(*of)).collect())?;
        let late = asked.iter().zip(there).filter(|(_, there)| there.is_none());
        let roots = late.map(|(root, _)| root).chain(&roots[new..]).collect();
        Ok(Plan { evidence: missing, roots, tiles: tile::added(before, size) })
    }

    fn bytes(&self, tile: &Tile) -> Vec<u8> {
        if let Content::Hashes(_) = tile.content {
            return self.tree.tile(tile).expect("a tile of this size");
        }
        let first = usize::try_from(tile.index * tile::WIDTH).expect("entries in memory");
        let mut bundle = Vec::new();
        for entry in &self.ledger.entries[first..first + usize::from(tile.width)] {
            tile::push_entry(&mut bundle, entry.bytes());
        }
        bundle
    }
}

#[cfg(test)]
mod tests;
