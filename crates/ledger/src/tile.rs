//! Tiles: how a log is cut into files that never change (C2SP tlog-tiles).
//!
//! A tile of level 0 holds the hashes of up to 256 leaves, one of level `l` the roots of up to 256
//! full tiles of the level below. A bundle of entries covers the same leaves as the tile of level 0
//! with its number. A full file is the same for every size of the log that reaches it; the last
//! one of a level is partial, and stands for one size.

/// How many hashes or entries a full file holds.
pub const WIDTH: u64 = 256;
/// How many levels of the tree one level of tiles spans: 256 hashes become one.
pub(crate) const LEVELS: usize = 8;
/// The largest entry of a bundle, in bytes.
pub const ENTRY_BYTES_MAX: usize = u16::MAX as usize;
/// The largest bundle, in bytes.
pub const BUNDLE_BYTES_MAX: usize = 256 * (2 + ENTRY_BYTES_MAX);

/// What a file of a log holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Content {
    /// Entries, each after its length.
    Entries,
    /// Hashes of a level, from 0 to 7.
    Hashes(u8),
}

/// The name of one file of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// What it holds.
    pub content: Content,
    /// Its number within its level, from 0.
    pub index: u64,
    /// How many hashes or entries it holds, from 1 to 256; fewer than 256 make it partial.
    pub width: u16,
}

impl Tile {
    /// Returns the path of the file below the log's prefix, such as `tile/0/x001/x234/067` or
    /// `tile/entries/000.p/5`.
    pub fn path(&self) -> String {
        let level = match self.content {
            Content::Entries => "entries".to_owned(),
            Content::Hashes(level) => level.to_string(),
        };
        let partial = if self.is_full() { String::new() } else { format!(".p/{}", self.width) };
        format!("tile/{level}/{}{partial}", number(self.index))
    }

    /// Returns whether the file never changes and stands for every larger size as well.
    pub fn is_full(&self) -> bool {
        u64::from(self.width) == WIDTH
    }
}

/// Returns a number as paths have it: in groups of three digits, all but the last after an `x`,
/// such as `x001/x234/067`.
pub fn number(index: u64) -> String {
    let mut groups = vec![format!("{:03}", index % 1000)];
    let mut rest = index / 1000;
    while rest > 0 {
        groups.push(format!("x{:03}", rest % 1000));
        rest /= 1000;
    }
    groups.reverse();
    groups.join("/")
}

/// Returns the files that a log of `size` leaves has and one of `old` leaves has not: entries, then
/// each level, by their numbers. Only the last of a level is partial.
pub fn added(old: u64, size: u64) -> Vec<Tile> {
    let mut tiles = Vec::new();
    for content in [Content::Entries].into_iter().chain((0..8).map(Content::Hashes)) {
        let unit = match content {
            Content::Entries => 1,
            Content::Hashes(level) => WIDTH.pow(u32::from(level)),
        };
        let (old, new) = (old / unit, size / unit);
        for index in old / WIDTH..new.div_ceil(WIDTH) {
            let width = (new - index * WIDTH).min(WIDTH);
            let had = old.saturating_sub(index * WIDTH).min(WIDTH);
            if width > had {
                let width = u16::try_from(width).expect("at most 256");
                tiles.push(Tile { content, index, width });
            }
        }
    }
    tiles
}

/// Why a bundle of entries is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// It ends within an entry, or within the length of one.
    #[error("entry {entry} of the bundle is cut short at byte {at}")]
    CutShort {
        /// The position of the entry in the bundle, from 0.
        entry: usize,
        /// Where the entry begins.
        at: usize,
    },
    /// An entry has no bytes.
    #[error("entry {entry} of the bundle is empty")]
    Empty {
        /// The position of the entry in the bundle, from 0.
        entry: usize,
    },
    /// It holds another number of entries.
    #[error("the bundle holds {found} entries, expected {expected}")]
    Count {
        /// How many there are, or more.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
}

/// Returns the entries of a bundle, which has to hold `count` of them.
///
/// # Errors
///
/// Fails if it is cut short, or holds another number of entries, or an empty one.
pub fn entries(bundle: &[u8], count: u16) -> Result<Vec<&[u8]>, BundleError> {
    let expected = usize::from(count);
    let mut entries = Vec::with_capacity(expected);
    let mut at = 0;
    while at < bundle.len() {
        let entry = entries.len();
        if entry == expected {
            return Err(BundleError::Count { found: entry + 1, expected });
        }
        let cut = BundleError::CutShort { entry, at };
        let length = bundle.get(at..at + 2).ok_or(cut)?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        if length == 0 {
            return Err(BundleError::Empty { entry });
        }
        entries.push(bundle.get(at + 2..at + 2 + length).ok_or(cut)?);
        at += 2 + length;
    }
    if entries.len() == expected {
        Ok(entries)
    } else {
        Err(BundleError::Count { found: entries.len(), expected })
    }
}

/// Appends an entry to a bundle.
///
/// # Panics
///
/// Panics if the entry is longer than [`ENTRY_BYTES_MAX`]; no entry of a ledger is.
pub fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) {
    let length = u16::try_from(entry.len()).expect("an entry has at most 65535 bytes");
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;
    use crate::tree::Tree;

    fn paths(old: u64, size: u64) -> Vec<String> {
        added(old, size).iter().map(Tile::path).collect()
    }

    #[test]
    fn a_number_is_written_in_groups_of_three_digits() {
        for (index, path) in [
            (0, "tile/2/000"),
            (5, "tile/2/005"),
            (999, "tile/2/999"),
            (1000, "tile/2/x001/000"),
            (1_234_067, "tile/2/x001/x234/067"),
        ] {
            let tile = Tile { content: Content::Hashes(2), index, width: 256 };
            assert_eq!(tile.path(), path);
        }
    }

    #[test]
    fn a_log_has_the_files_of_the_specification() {
        assert_eq!(paths(0, 0), [""; 0]);
        assert_eq!(paths(0, 1), ["tile/entries/000.p/1", "tile/0/000.p/1"]);
        assert_eq!(paths(0, 256), ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]);
        let large = added(0, 70_000);
        let of = |level| large.iter().filter(move |tile| tile.content == Content::Hashes(level));
        assert_eq!((of(0).count(), of(1).count(), of(2).count()), (274, 2, 1));
        let last = |level| of(level).next_back().map(Tile::path);
        assert_eq!(last(0).as_deref(), Some("tile/0/273.p/112"));
        assert_eq!(last(1).as_deref(), Some("tile/1/001.p/17"));
        assert_eq!(last(2).as_deref(), Some("tile/2/000.p/1"));
    }

    #[test]
    fn what_two_sizes_add_is_what_the_larger_has_besides() {
        for (old, size) in [(0, 700), (1, 2), (255, 256), (256, 257), (300, 600), (65_535, 65_537)]
        {
            let all: Vec<Tile> = added(0, size);
            let known = added(0, old);
            let besides: Vec<Tile> = all.into_iter().filter(|t| !known.contains(t)).collect();
            assert_eq!(added(old, size), besides, "{old} to {size}");
        }
        assert_eq!(added(9, 9), []);
    }

    #[test]
    fn the_tiles_hold_the_hashes_of_the_tree() {
        let mut tree = Tree::default();
        for leaf in 0..70_000_u32 {
            tree.push(Hash::of(&leaf.to_be_bytes()));
        }
        let tile = Tile { content: Content::Hashes(1), index: 0, width: 256 };
        let bytes = tree.tile(&tile).unwrap();
        assert_eq!(bytes.len(), 8192);
        assert_eq!(bytes[..32], tree.root(256).unwrap().0);
        let top = Tile { content: Content::Hashes(2), index: 0, width: 1 };
        assert_eq!(tree.tile(&top).unwrap(), tree.root(65_536).unwrap().0);
        assert_eq!(tree.tile(&Tile { width: 2, ..top }), None);
        assert_eq!(tree.tile(&Tile { content: Content::Entries, ..tile }), None);
    }

    #[test]
    fn a_bundle_gives_back_its_entries_and_nothing_else() {
        let mut bundle = Vec::new();
        push_entry(&mut bundle, b"one");
        push_entry(&mut bundle, b"three");
        assert_eq!(entries(&bundle, 2).unwrap(), [&b"one"[..], b"three"]);
        assert_eq!(entries(&[], 0).unwrap(), [&b""[..]; 0]);
        let wrong = |found, expected| Err(BundleError::Count { found, expected });
        assert_eq!(entries(&bundle, 1), wrong(2, 1));
        assert_eq!(entries(&bundle, 3), wrong(2, 3));
        let cut = Err(BundleError::CutShort { entry: 1, at: 5 });
        for end in [6, 8, 11] {
            assert_eq!(entries(&bundle[..end], 2), cut, "{end}");
        }
        assert_eq!(entries(&[0, 0], 1), Err(BundleError::Empty { entry: 0 }));
    }
}
