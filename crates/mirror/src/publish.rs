//! Publishing a ledger: the files that never change first, its checkpoint last.
//!
//! Whoever reads a checkpoint so finds every file that it implies. What an interrupted publication
//! leaves the next one finds there; two publishers write the same bytes or one of them stops, and
//! the checkpoint never goes back.

use tally_ledger::entry::Entry;
use tally_ledger::hash::Hash;
use tally_ledger::note::{Checkpoint, NoteError};
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
    /// The signed roots of its checkpoints, by their sizes.
    pub roots: Vec<(u64, Vec<u8>)>,
    /// Texts that may change, such as the [vkey](VKEY), by the names of their files.
    pub texts: Vec<(&'static str, String)>,
    /// The evidence at hand, by digest.
    pub evidence: Vec<Hash>,
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
    let note = ledger.checkpoint.to_string();
    let mut files = 0;
    for _ in 0..RACES_MAX {
        let there = place.read(CHECKPOINT, CHECKPOINT_BYTES_MAX)?;
        let before = there.as_ref().map(|read| log.checked(place, &read.bytes)).transpose()?;
        let tiles = tile::added(before.unwrap_or(0), size).into_iter();
        let tiles =
            tiles.map(|tile| -> Written { Ok((tile.path(), Kind::Immutable, log.bytes(&tile))) });
        let mut read = |digest: &Hash| -> Written {
            let bytes = evidence(digest);
            let wrong = |reason| PublishError::Evidence { digest: *digest, reason };
            Ok((evidence_path(digest), Kind::Immutable, bytes.map_err(wrong)?))
        };
        let evidence = ledger.evidence.iter().map(&mut read);
        let roots = ledger.roots.iter().filter(|(of, _)| *of > before.unwrap_or(0));
        let roots = roots
            .map(|(of, bytes)| -> Written { Ok((root_path(*of), Kind::Immutable, bytes.clone())) });
        files += place.create_all(evidence.chain(roots).chain(tiles))?;
        let smaller = ledger.earlier.partition_point(|earlier| earlier.size() < size);
        files += history::publish(place, &ledger.earlier[..smaller])?;
        files += texts(place, &ledger.texts)?;
        let done = |advanced| Published { before, size, files, advanced };
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

    /// Returns the size of the checkpoint that is published, if it is one of this history.
    fn checked(&self, place: &Place, note: &[u8]) -> Result<u64, PublishError> {
        let name = || place.name().to_owned();
        let text = String::from_utf8_lossy(note);
        let there: Checkpoint =
            text.parse().map_err(|reason| PublishError::NoCheckpoint { place: name(), reason })?;
        let (found, expected) = (there.origin(), self.ledger.checkpoint.origin());
        if found != expected {
            let (found, expected) = (found.to_string(), expected.to_string());
            return Err(PublishError::Origin { place: name(), found, expected });
        }
        let size = there.size();
        let Some(expected) = self.tree.root(size) else {
            let here = self.ledger.checkpoint.size();
            return Err(PublishError::Behind { place: name(), published: size, here });
        };
        let found = there.root();
        if found == expected {
            return Ok(size);
        }
        let checkpoint = there.to_string();
        Err(PublishError::Forked { place: name(), size, found, expected, checkpoint })
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
