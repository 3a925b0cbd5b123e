//! The Merkle tree over entry ids: RFC 9162 §2.1, with the proofs of §2.1.3 and §2.1.4.

use std::ops::Range;

use crate::hash::Hash;
use crate::tile::{self, Content, Tile};

/// The right edge of a growing tree: enough to append leaves and tell the root, in memory that
/// grows with the logarithm of the size.
#[derive(Debug, Clone, Default)]
pub struct Edge {
    /// The roots of the perfect subtrees, largest first; one per set bit of `size`.
    roots: Vec<Hash>,
    size: u64,
}

impl Edge {
    /// Appends a leaf hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut root = leaf;
        // Each trailing one of the size is a subtree as large as the one just completed.
        for _ in 0..self.size.trailing_ones() {
            let left = self.roots.pop().expect("one root per set bit of the size");
            root = Hash::node(&left, &root);
        }
        self.roots.push(root);
        self.size += 1;
    }

    /// Returns the number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the root; of no leaves, the SHA-256 of nothing.
    pub fn root(&self) -> Hash {
        let roots = self.roots.iter().rev().copied();
        roots.reduce(|right, left| Hash::node(&left, &right)).unwrap_or_else(|| Hash::of(b""))
    }
}

/// A whole tree in memory, 64 bytes per leaf, from which every proof can be made.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// `levels[l][i]` is the root of the perfect subtree over leaves `i·2^l .. (i+1)·2^l`.
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// Appends a leaf hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut node = leaf;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let row = &mut self.levels[level];
            row.push(node);
            if row.len() % 2 == 1 {
                return;
            }
            node = Hash::node(&row[row.len() - 2], &row[row.len() - 1]);
        }
    }

    /// Returns the number of leaves.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |row| row.len() as u64)
    }

    /// Returns the root over the first `size` leaves, or `None` beyond the tree.
    pub fn root(&self, size: u64) -> Option<Hash> {
        match size {
            0 => Some(Hash::of(b"")),
            _ if size > self.size() => None,
            _ => Some(self.range(0, size)),
        }
    }

    /// Returns the inclusion path of leaf `index` in the first `size` leaves, leaf side first
    /// (RFC 9162 §2.1.3.1), or `None` unless `index < size <= self.size()`.
    pub fn inclusion(&self, index: u64, size: u64) -> Option<Vec<Hash>> {
        self.over(inclusion_ranges(index, size)?, size)
    }

    /// Returns the proof that the first `size` leaves extend the first `old` (RFC 9162 §2.1.4.1),
    /// or `None` unless `1 <= old <= size <= self.size()`; empty where both sizes are equal.
    pub fn consistency(&self, old: u64, size: u64) -> Option<Vec<Hash>> {
        self.over(consistency_ranges(old, size)?, size)
    }

    fn over(&self, ranges: Vec<Range<u64>>, size: u64) -> Option<Vec<Hash>> {
        let hash = |range: Range<u64>| self.range(range.start, range.end);
        (size <= self.size()).then(|| ranges.into_iter().map(hash).collect())
    }

    /// Returns the bytes of a tile of hashes (C2SP tlog-tiles): those of every eighth level. `None`
    /// if it reaches beyond the tree, or holds entries.
    pub fn tile(&self, tile: &Tile) -> Option<Vec<u8>> {
        let Content::Hashes(level) = tile.content else {
            return None;
        };
        let row = self.levels.get(usize::from(level) * tile::LEVELS)?;
        let first = usize::try_from(tile.index.checked_mul(tile::WIDTH)?).ok()?;
        let hashes = row.get(first..first.checked_add(usize::from(tile.width))?)?;
        Some(hashes.iter().flat_map(|hash| hash.0).collect())
    }

    /// Returns the hash over a range of leaves that splitting the tree produces.
    fn range(&self, start: u64, end: u64) -> Hash {
        match node_over(&(start..end)) {
            Ok((level, index)) => {
                let index = usize::try_from(index).expect("the row is in memory");
                self.levels[level as usize][index]
            }
            Err(middle) => Hash::node(&self.range(start, middle), &self.range(middle, end)),
        }
    }
}

/// Returns the ranges of leaves whose hashes are the inclusion path of leaf `index` in a tree of
/// `size` leaves, leaf side first (RFC 9162 §2.1.3.1), or `None` unless `index < size`.
pub fn inclusion_ranges(index: u64, size: u64) -> Option<Vec<Range<u64>>> {
    if index >= size {
        return None;
    }
    let (mut start, mut end) = (0, size);
    let mut path = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(middle..end);
            end = middle;
        } else {
            path.push(start..middle);
            start = middle;
        }
    }
    path.reverse();
    Some(path)
}

/// Returns the ranges of leaves whose hashes are the proof that `size` leaves extend the first
/// `old` (RFC 9162 §2.1.4.1), or `None` unless `1 <= old <= size`.
pub fn consistency_ranges(old: u64, size: u64) -> Option<Vec<Range<u64>>> {
    if old == 0 || old > size {
        return None;
    }
    let (mut start, mut end) = (0, size);
    let mut path = Vec::new();
    while end != old {
        let middle = start + split(end - start);
        if old <= middle {
            path.push(middle..end);
            end = middle;
        } else {
            path.push(start..middle);
            start = middle;
        }
    }
    // The subtree that both trees share is left out where it is the old tree itself.
    if start != 0 {
        path.push(start..end);
    }
    path.reverse();
    Some(path)
}

/// Returns the level and place of the node over a range of leaves that splitting a tree produces.
///
/// # Errors
///
/// Fails with where the range is parted if it is no perfect subtree.
///
/// # Panics
///
/// Panics if the range is empty.
pub fn node_over(range: &Range<u64>) -> Result<(u32, u64), u64> {
    let length = range.end - range.start;
    if length.is_power_of_two() && range.start.is_multiple_of(length) {
        Ok((length.ilog2(), range.start / length))
    } else {
        Err(range.start + split(length))
    }
}

/// Returns the largest power of two smaller than `length`, which is at least 2.
fn split(length: u64) -> u64 {
    1 << (length - 1).ilog2()
}

/// Returns whether `path` shows that `leaf` stands at `index` in the tree of `size` leaves with
/// that `root` (RFC 9162 §2.1.3.2).
pub fn includes(root: &Hash, size: u64, index: u64, leaf: &Hash, path: &[Hash]) -> bool {
    if index >= size {
        return false;
    }
    let (mut position, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if position % 2 == 1 || position == last {
            hash = Hash::node(sibling, &hash);
            while position % 2 == 0 && position != 0 {
                position >>= 1;
                last >>= 1;
            }
        } else {
            hash = Hash::node(&hash, sibling);
        }
        position >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Returns whether `path` shows that the tree of `size` leaves with `root` extends the tree of
/// `old_size` leaves with `old_root` (RFC 9162 §2.1.4.2).
pub fn extends(root: &Hash, size: u64, old_root: &Hash, old_size: u64, path: &[Hash]) -> bool {
    if old_size == size {
        return path.is_empty() && root == old_root;
    }
    if old_size == 0 || old_size > size {
        return false;
    }
    let first =
        if old_size.is_power_of_two() { Some((old_root, path)) } else { path.split_first() };
    let led = first.and_then(|(first, path)| climb((root, size), old_size, first, path));
    led.is_some_and(|old| old == *old_root)
}

/// Returns the root of the first `old_size` leaves that `path` shows the tree of `size` leaves with
/// `root` to have. `None` if the path leads elsewhere, and where it holds no such root: from a
/// power of two, which the whole left subtree stands for, and unless `0 < old_size < size`.
pub fn old_root(root: &Hash, size: u64, old_size: u64, path: &[Hash]) -> Option<Hash> {
    if old_size == 0 || old_size >= size || old_size.is_power_of_two() {
        return None;
    }
    let (first, path) = path.split_first()?;
    climb((root, size), old_size, first, path)
}

/// Follows a consistency path from the node `first` up to both roots. Returns the old one if the
/// new one is that of the tree.
fn climb(tree: (&Hash, u64), old_size: u64, first: &Hash, path: &[Hash]) -> Option<Hash> {
    let (root, size) = tree;
    let (mut position, mut last) = (old_size - 1, size - 1);
    while position % 2 == 1 {
        position >>= 1;
        last >>= 1;
    }
    let (mut old, mut new) = (*first, *first);
    for sibling in path {
        if last == 0 {
            return None;
        }
        if position % 2 == 1 || position == last {
            old = Hash::node(sibling, &old);
            new = Hash::node(sibling, &new);
            while position % 2 == 0 && position != 0 {
                position >>= 1;
                last >>= 1;
            }
        } else {
            new = Hash::node(&new, sibling);
        }
        position >>= 1;
        last >>= 1;
    }
    (last == 0 && new == *root).then_some(old)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(size: u64) -> Tree {
        let mut tree = Tree::default();
        (0..size).for_each(|i| tree.push(Hash::leaf(&i.to_be_bytes())));
        tree
    }

    #[test]
    fn the_edge_and_the_tree_agree_at_every_size() {
        let tree = tree(70);
        let mut edge = Edge::default();
        assert_eq!(edge.root(), Hash::of(b""));
        for i in 0..70u64 {
            edge.push(Hash::leaf(&i.to_be_bytes()));
            assert_eq!(Some(edge.root()), tree.root(i + 1), "size {}", i + 1);
        }
        assert_eq!(tree.root(71), None);
    }

    #[test]
    fn every_inclusion_path_holds_and_no_altered_one_does() {
        let tree = tree(20);
        for size in 1..=20 {
            let root = tree.root(size).unwrap();
            for index in 0..size {
                let leaf = Hash::leaf(&index.to_be_bytes());
                let path = tree.inclusion(index, size).unwrap();
                assert!(includes(&root, size, index, &leaf, &path));
                assert!(!includes(&root, size, index, &Hash::leaf(b"other"), &path));
                assert!(!includes(&root, size, size, &leaf, &path));
                let longer = [path.clone(), vec![root]].concat();
                assert!(!includes(&root, size, index, &leaf, &longer));
                if let Some((_, shorter)) = path.split_last() {
                    assert!(!includes(&root, size, index, &leaf, shorter));
                }
            }
        }
    }

    #[test]
    fn every_consistency_proof_holds_and_no_altered_one_does() {
        let tree = tree(20);
        for size in 1..=20 {
            let root = tree.root(size).unwrap();
            for old in 1..=size {
                let old_root = tree.root(old).unwrap();
                let path = tree.consistency(old, size).unwrap();
                assert!(extends(&root, size, &old_root, old, &path), "{old} {size}");
                assert!(!extends(&root, size, &Hash::leaf(b"other"), old, &path));
                assert!(!extends(&Hash::leaf(b"other"), size, &old_root, old, &path));
                let longer = [path.clone(), vec![root]].concat();
                assert!(!extends(&root, size, &old_root, old, &longer));
                let held = (!old.is_power_of_two() && old < size).then_some(old_root);
                assert_eq!(super::old_root(&root, size, old, &path), held, "{old} {size}");
                assert_eq!(super::old_root(&Hash::leaf(b"other"), size, old, &path), None);
                assert_eq!(super::old_root(&root, size, old, &longer), None);
            }
            assert_eq!(super::old_root(&root, size, 0, &[root]), None);
            assert_eq!(super::old_root(&root, size, size + 2, &[root]), None);
        }
        assert_eq!(tree.consistency(0, 5), None);
    }
}
