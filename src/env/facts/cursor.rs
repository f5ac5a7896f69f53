//! Cursors in the trie.

use super::Entry;
use pathmap::zipper::{
    ReadZipperUntracked, Zipper, ZipperAbsolutePath, ZipperIteration, ZipperMoving, ZipperReadOnlyIteration,
    ZipperReadOnlyValues,
};

/// A position in the trie that moves down by bytes, up, and to the next entry in key order. It is always at an existing path.
/// Two allocations when made, none for each step.
///
/// A cursor starts at its root, the prefix it was [made with](super::Facts::cursor_at), and stays below it.
#[derive(Clone)]
pub(crate) struct Cursor<'a, E: Entry> {
    zipper: ReadZipperUntracked<'a, 'static, E>,
    /// The buffer of [`next_entry_below`](Cursor::next_entry_below), kept for reuse.
    stem: Vec<u8>,
}

impl<'a, E: Entry> Cursor<'a, E> {
    pub(super) fn new(zipper: ReadZipperUntracked<'a, 'static, E>) -> Self {
        Cursor {
            zipper,
            stem: Vec::new(),
        }
    }

    /// The bytes from the root of the trie to the position.
    pub(crate) fn path(&self) -> &[u8] {
        self.zipper.origin_path()
    }

    /// The number of bytes of the [path](Cursor::path) below the cursor's root.
    pub(crate) fn depth(&self) -> usize {
        self.zipper.path().len()
    }

    /// Whether the trie has this path: only the root of a cursor may lack.
    pub(super) fn exists(&self) -> bool {
        self.zipper.path_exists()
    }

    /// The entry at the position.
    pub(crate) fn entry(&self) -> Option<&'a E> {
        self.zipper.get_val()
    }

    /// The bytes that continue the path.
    pub(crate) fn children(&self) -> Bytes {
        Bytes(self.zipper.child_mask().into_inner())
    }

    /// Moves down by `bytes`, or stays if the trie has no such path.
    pub(crate) fn descend(&mut self, bytes: &[u8]) -> bool {
        let found = self.zipper.descend_to_check(bytes);
        if !found {
            self.zipper.ascend(bytes.len());
        }
        found
    }

    /// Moves down by this byte, or stays if no path continues with it.
    pub(crate) fn descend_byte(&mut self, byte: u8) -> bool {
        self.zipper.descend_to_existing_byte(byte)
    }

    /// Moves up by `count` bytes, at most to the cursor's root.
    pub(crate) fn ascend(&mut self, count: usize) {
        self.zipper.ascend(count);
    }

    /// Moves to the next entry in key order, or back to the cursor's root if there is none.
    pub(crate) fn next_entry(&mut self) -> Option<&'a E> {
        if self.is_safe() {
            return self.zipper.to_next_get_val();
        }
        while self.descend_first() || self.skip(0) {
            if let Some(entry) = self.entry() {
                return Some(entry);
            }
        }
        None
    }

    /// Moves to the next entry in key order that shares the first `depth` bytes below the cursor's root, or back to that prefix if
    /// there is none.
    pub(crate) fn next_entry_below(&mut self, depth: usize) -> Option<&'a E> {
        let depth = depth.min(self.depth());
        self.stem.clear();
        self.stem.extend_from_slice(&self.zipper.path()[..depth]);
        let next = self.next_entry().filter(|_| self.zipper.path().starts_with(&self.stem));
        if next.is_none() {
            self.zipper.reset();
            self.zipper.descend_to(&self.stem);
        }
        next
    }

    /// Moves down to the first path of `count` (not 0) more bytes, in key order, or stays if there is none.
    pub(crate) fn first_of_length(&mut self, count: usize) -> bool {
        if self.is_safe() {
            return self.zipper.descend_first_k_path(count);
        }
        let floor = self.depth();
        self.seek(floor, floor + count)
    }

    /// Moves to the next path that differs in the last `count` bytes only (at most the [depth](Cursor::depth)), or up by `count`
    /// bytes if there is none.
    pub(crate) fn next_of_length(&mut self, count: usize) -> bool {
        if self.is_safe() {
            return self.zipper.to_next_k_path(count);
        }
        let depth = self.depth();
        let floor = depth.saturating_sub(count);
        self.skip(floor) && self.seek(floor, depth)
    }

    /// Whether `pathmap` can take the next step: it counts the preceding siblings in a `u8`, which overflows at the last child of
    /// a node with all 256. Builds with overflow checks panic then.
    fn is_safe(&self) -> bool {
        !self.path().contains(&0xFF)
    }

    /// Moves down by the smallest byte.
    fn descend_first(&mut self) -> bool {
        self.children().next().is_some_and(|byte| self.descend_byte(byte))
    }

    /// Moves to the next path in key order outside of this subtree, or up to `floor` if there is none below that.
    fn skip(&mut self, floor: usize) -> bool {
        while self.depth() > floor {
            let last = self.path().last().copied();
            self.ascend(1);
            let next = self.children().find(|byte| Some(*byte) > last);
            if let Some(byte) = next {
                return self.descend_byte(byte);
            }
        }
        false
    }

    /// Moves to the first path from here on in key order that is at this depth, or up to `floor` if there is none below that.
    fn seek(&mut self, floor: usize, depth: usize) -> bool {
        while self.depth() < depth {
            if !self.descend_first() && !self.skip(floor) {
                return false;
            }
        }
        true
    }
}

/// A set of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bytes([u64; 4]);

impl Bytes {
    /// Whether the set is empty.
    pub(crate) fn is_empty(&self) -> bool {
        self.0 == [0; 4]
    }

    /// The bytes below `bound`, which is below 64.
    pub(crate) fn below(self, bound: u8) -> Bytes {
        Bytes([self.0[0] & ((1 << bound) - 1), 0, 0, 0])
    }
}

impl Iterator for Bytes {
    type Item = u8;

    /// Removes the smallest byte.
    fn next(&mut self) -> Option<u8> {
        let (index, word) = self.0.iter_mut().enumerate().find(|(_, word)| **word != 0)?;
        let bit = word.trailing_zeros();
        *word &= *word - 1;
        Some((index as u32 * 64 + bit) as u8)
    }
}
