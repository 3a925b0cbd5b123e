//! The tree of a published log, as far as a question asks for it: its root at a smaller size with
//! the proof of it, or the path of one entry, from the few tiles that hold the hashes.
//!
//! Tiles are served by strangers. What is returned was held against the root of the checkpoint, and
//! follows from it alone.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use tally_ledger::equivocation::Grown;
use tally_ledger::hash::Hash;
use tally_ledger::note::Checkpoint;
use tally_ledger::tile::{Content, Tile, WIDTH};
use tally_ledger::tree;

use crate::place::{Place, PlaceError};

/// How many levels of the tree one level of tiles spans.
const LEVELS: u32 = WIDTH.ilog2();
/// The largest tile, in bytes.
const TILE_BYTES_MAX: u64 = 32 * WIDTH;

/// The tree that a checkpoint of a published log stands for.
#[derive(Debug)]
pub struct RemoteTree<'a> {
    place: &'a Place,
    checkpoint: &'a Checkpoint,
    /// The tiles that were read. None of them is believed by itself.
    tiles: RefCell<BTreeMap<Tile, Vec<u8>>>,
}

/// Why a published log does not answer.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The place cannot be used.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// A tile that the checkpoint implies is missing.
    #[error("{place} lacks {path}, which its checkpoint of size {size} implies")]
    Missing {
        /// The place.
        place: String,
        /// The file.
        path: String,
        /// The size.
        size: u64,
    },
    /// A tile has another length.
    #[error("{place}: {path} has {found} bytes, expected {expected}")]
    Length {
        /// The place.
        place: String,
        /// The file.
        path: String,
        /// How many bytes it has.
        found: usize,
        /// How many it should have.
        expected: usize,
    },
    /// The tiles are of another tree than the checkpoint.
    #[error("{place}: the tiles do not lead to the root {root} of its checkpoint of size {size}")]
    OtherTree {
        /// The place.
        place: String,
        /// The root that the checkpoint states.
        root: Hash,
        /// Its size.
        size: u64,
    },
    /// The checkpoint is of fewer entries than are asked for.
    #[error("the checkpoint of size {size} says nothing of {asked} entries")]
    Beyond {
        /// The size.
        size: u64,
        /// The size or position asked for.
        asked: u64,
    },
}

impl<'a> RemoteTree<'a> {
    /// Returns the tree of a checkpoint that was read at `place`; nothing is asked of it yet.
    pub fn of(place: &'a Place, checkpoint: &'a Checkpoint) -> Self {
        Self { place, checkpoint, tiles: RefCell::default() }
    }

    /// Returns the root over the first `size` entries and its consistency proof to the checkpoint.
    ///
    /// # Errors
    ///
    /// Fails unless `1 <= size <= checkpoint.size()`, and as the tiles do.
    pub fn grown(&self, size: u64) -> Result<Grown, TreeError> {
        let (all, root) = (self.checkpoint.size(), self.checkpoint.root());
        let beyond = TreeError::Beyond { size: all, asked: size };
        let ranges = tree::consistency_ranges(size, all).ok_or(beyond)?;
        if size == all {
            return Ok(Grown { root, proof: Vec::new() });
        }
        self.fetch(ranges.iter().chain([&(0..size)]))?;
        let proof: Vec<Hash> = ranges.iter().map(|range| self.hash(range)).collect();
        let old = self.hash(&(0..size));
        if tree::extends(&root, all, &old, size, &proof) {
            Ok(Grown { root: old, proof })
        } else {
            Err(self.other_tree())
        }
    }

    /// Returns the id of the entry at `index` and its inclusion path to the checkpoint.
    ///
    /// # Errors
    ///
    /// Fails unless `index < checkpoint.size()`, and as the tiles do.
    pub fn inclusion(&self, index: u64) -> Result<(Hash, Vec<Hash>), TreeError> {
        let (all, root) = (self.checkpoint.size(), self.checkpoint.root());
        let beyond = TreeError::Beyond { size: all, asked: index };
        let ranges = tree::inclusion_ranges(index, all).ok_or(beyond)?;
        let leaf = index..index + 1;
        self.fetch(ranges.iter().chain([&leaf]))?;
        let path: Vec<Hash> = ranges.iter().map(|range| self.hash(range)).collect();
        let id = self.hash(&leaf);
        if tree::includes(&root, all, index, &id, &path) {
            Ok((id, path))
        } else {
            Err(self.other_tree())
        }
    }

    fn other_tree(&self) -> TreeError {
        let (size, root) = (self.checkpoint.size(), self.checkpoint.root());
        TreeError::OtherTree { place: self.place.name().to_owned(), root, size }
    }

    /// Returns the tile that holds the hashes under a node of the tree, and which of them.
    fn located(&self, level: u32, index: u64) -> (Tile, Range<usize>) {
        let below = level % LEVELS;
        let (first, count) = (index << below, 1_u64 << below);
        let row = level / LEVELS;
        // The row of a level of tiles: 256^row entries for each hash.
        let hashes = self.checkpoint.size() >> (row * LEVELS);
        let number = first / WIDTH;
        let width = (hashes - number * WIDTH).min(WIDTH);
        let content = Content::Hashes(u8::try_from(row).expect("a size has 64 bits"));
        let width = u16::try_from(width).expect("at most 256");
        let start = usize::try_from(first % WIDTH).expect("less than 256");
        let end = start + usize::try_from(count).expect("at most 128");
        (Tile { content, index: number, width }, start..end)
    }

    fn fetch<'r>(&self, ranges: impl Iterator<Item = &'r Range<u64>>) -> Result<(), TreeError> {
        let mut nodes = Vec::new();
        ranges.for_each(|range| perfect(range, &mut nodes));
        let mut wanted: Vec<Tile> =
            nodes.into_iter().map(|(level, index)| self.located(level, index).0).collect();
        wanted.sort_unstable();
        wanted.dedup();
        wanted.retain(|tile| !self.tiles.borrow().contains_key(tile));
        let gone = self.read(&wanted, |tile| *tile)?;
        // Where a log has grown, a full tile may have taken the place of a partial one.
        let full = |tile: &Tile| Tile { width: 256, ..*tile };
        if let Some(tile) = self.read(&gone, full)?.first() {
            let (place, path) = (self.place.name().to_owned(), tile.path());
            return Err(TreeError::Missing { place, path, size: self.checkpoint.size() });
        }
        Ok(())
    }

    /// Reads tiles from the files that `of` names, and returns those that are not there.
    fn read(&self, tiles: &[Tile], of: impl Fn(&Tile) -> Tile) -> Result<Vec<Tile>, TreeError> {
        let files: Vec<Tile> = tiles.iter().map(of).collect();
        let paths = files.iter().map(Tile::path).collect();
        let mut pairs = tiles.iter().zip(&files);
        let mut gone = Vec::new();
        self.place.read_all(paths, TILE_BYTES_MAX, |path, bytes| {
            let (tile, file) = pairs.next().expect("one for each path");
            let Some(mut bytes) = bytes else {
                gone.push(*tile);
                return Ok(());
            };
            let (found, expected) = (bytes.len(), 32 * usize::from(file.width));
            if found != expected {
                let (place, path) = (self.place.name().to_owned(), path.to_owned());
                return Err(TreeError::Length { place, path, found, expected });
            }
            bytes.truncate(32 * usize::from(tile.width));
            self.tiles.borrow_mut().insert(*tile, bytes);
            Ok(())
        })?;
        Ok(gone)
    }

    /// Returns the hash over a range whose tiles were read.
    fn hash(&self, range: &Range<u64>) -> Hash {
        match tree::node_over(range) {
            Ok((level, index)) => {
                let (tile, span) = self.located(level, index);
                let tiles = self.tiles.borrow();
                let bytes = tiles.get(&tile).expect("it was fetched");
                let bytes = &bytes[32 * span.start..32 * span.end];
                let mut row: Vec<Hash> = bytes.chunks(32).filter_map(Hash::from_slice).collect();
                while row.len() > 1 {
                    row = row.chunks(2).map(|pair| Hash::node(&pair[0], &pair[1])).collect();
                }
                row[0]
            }
            Err(middle) => {
                Hash::node(&self.hash(&(range.start..middle)), &self.hash(&(middle..range.end)))
            }
        }
    }
}

/// Adds the nodes that a range is made of.
fn perfect(range: &Range<u64>, nodes: &mut Vec<(u32, u64)>) {
    match tree::node_over(range) {
        Ok(node) => nodes.push(node),
        Err(middle) => {
            perfect(&(range.start..middle), nodes);
            perfect(&(middle..range.end), nodes);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tally_ledger::tile::added;
    use tally_ledger::tree::Tree;

    use super::*;

    /// A log of hashes in a folder, with the tiles of every size in `sizes`.
    fn log(sizes: &[u64]) -> (tempfile::TempDir, Place, Tree) {
        let dir = tempfile::tempdir().unwrap();
        let mut tree = Tree::default();
        for leaf in 0..*sizes.last().unwrap() {
            tree.push(Hash::leaf(&leaf.to_be_bytes()));
        }
        for tile in sizes.iter().flat_map(|size| added(0, *size)) {
            if let Some(bytes) = tree.tile(&tile) {
                let path = dir.path().join(tile.path());
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
        }
        let place = Place::open(dir.path().to_str().unwrap(), &[]).unwrap();
        (dir, place, tree)
    }

    fn checkpoint(tree: &Tree, size: u64) -> Checkpoint {
        let key = ed25519_dalek::SigningKey::from_bytes(&[3; 32]);
        let origin = "ledger.example/incidents".parse().unwrap();
        Checkpoint::sign(&origin, size, tree.root(size).unwrap(), &key)
    }

    #[test]
    fn the_tiles_give_what_the_tree_gives() {
        for size in [1, 2, 5, 255, 256, 257, 300, 512, 700, 65_535, 65_536, 66_000] {
            let (_dir, place, tree) = log(&[size]);
            let checkpoint = checkpoint(&tree, size);
            let some = [1, 2, 3, 4, 7, 128, 255, 256, 257, 299, 512, 513, 65_535, 65_536, size];
            for small in some.into_iter().filter(|small| *small <= size) {
                let remote = RemoteTree::of(&place, &checkpoint);
                let grown = remote.grown(small).unwrap();
                assert_eq!(Some(grown.root), tree.root(small), "{small} of {size}");
                assert_eq!(Some(grown.proof), tree.consistency(small, size));
                let tiles = remote.tiles.borrow().len();
                assert!(tiles <= 8, "{tiles} tiles read for {small} of {size}");
                let (id, path) = remote.inclusion(small - 1).unwrap();
                assert_eq!(id, Hash::leaf(&(small - 1).to_be_bytes()));
                assert_eq!(Some(path), tree.inclusion(small - 1, size));
            }
            let remote = RemoteTree::of(&place, &checkpoint);
            assert!(matches!(remote.grown(size + 1), Err(TreeError::Beyond { .. })));
            assert!(matches!(remote.grown(0), Err(TreeError::Beyond { .. })));
            assert!(matches!(remote.inclusion(size), Err(TreeError::Beyond { .. })));
        }
    }

    #[test]
    fn a_partial_tile_that_is_gone_is_the_beginning_of_the_full_one() {
        let (dir, place, tree) = log(&[700, 1024]);
        let checkpoint = checkpoint(&tree, 700);
        fs::remove_file(dir.path().join("tile/0/002.p/188")).unwrap();
        let grown = RemoteTree::of(&place, &checkpoint).grown(600).unwrap();
        assert_eq!(Some(grown.proof), tree.consistency(600, 700));
        fs::remove_file(dir.path().join("tile/0/002")).unwrap();
        let missing = RemoteTree::of(&place, &checkpoint).grown(600).unwrap_err().to_string();
        assert!(missing.contains("lacks tile/0/002.p/188"), "{missing}");
    }

    #[test]
    fn no_altered_tile_is_believed() {
        let (dir, place, tree) = log(&[700]);
        let checkpoint = checkpoint(&tree, 700);
        let other = self::checkpoint(&log(&[701]).2, 701);
        for path in ["tile/0/001", "tile/0/002.p/188", "tile/1/000.p/2"] {
            let path = dir.path().join(path);
            let good = fs::read(&path).unwrap();
            let mut refused = 0;
            for at in (0..good.len()).step_by(509) {
                let mut bad = good.clone();
                bad[at] ^= 1;
                fs::write(&path, bad).unwrap();
                match RemoteTree::of(&place, &checkpoint).grown(300) {
                    // A hash that the answer does not need.
                    Ok(grown) => assert_eq!(Some(grown.root), tree.root(300)),
                    Err(e) => {
                        assert!(matches!(e, TreeError::OtherTree { .. }), "{e}");
                        refused += 1;
                    }
                }
            }
            assert!(refused > 0, "{}", path.display());
            fs::write(&path, &good[1..]).unwrap();
            let e = RemoteTree::of(&place, &checkpoint).grown(300).unwrap_err();
            assert!(matches!(e, TreeError::Length { .. }), "{e}");
            fs::write(&path, good).unwrap();
        }
        assert!(RemoteTree::of(&place, &other).grown(300).is_err());
    }
}
