//! Walking the trie.

use super::Entry;
use pathmap::zipper::{
    ReadZipperUntracked, Zipper, ZipperAbsolutePath, ZipperIteration, ZipperMoving, ZipperReadOnlyIteration,
    ZipperReadOnlyValues,
};

/// A place in the trie, always one that exists, from which one can go down to bytes, up again, and on to the next entry
/// in key order. Works on the map as it is; two allocations when made, none for each step.
///
/// A cursor starts at its root, the prefix it was [made with](super::Facts::cursor_at), and can't leave what is below.
#[derive(Clone)]
pub(crate) struct Cursor<'a, E: Entry> {
    zipper: ReadZipperUntracked<'a, 'static, E>,
    /// Where [`next_entry_below`](Cursor::next_entry_below) returns to. Only there to be used again.
    stem: Vec<u8>,
}

impl<'a, E: Entry> Cursor<'a, E> {
    pub(super) fn new(zipper: ReadZipperUntracked<'a, 'static, E>) -> Self {
        Cursor {
            zipper,
            stem: Vec::new(),
        }
    }

    /// The bytes from the root of the trie to here.
    pub(crate) fn path(&self) -> &[u8] {
        self.zipper.origin_path()
    }

    /// How many bytes of the [path](Cursor::path) are below the cursor's root.
    pub(crate) fn depth(&self) -> usize {
        self.zipper.path().len()
    }

    /// Whether the trie has this path. Only a cursor's root may be elsewhere.
    pub(super) fn exists(&self) -> bool {
        self.zipper.path_exists()
    }

    /// The entry here.
    pub(crate) fn entry(&self) -> Option<&'a E> {
        self.zipper.get_val()
    }

    /// The bytes that continue the path.
    pub(crate) fn children(&self) -> Bytes {
        Bytes(self.zipper.child_mask().into_inner())
    }

    /// Goes down along `bytes`, or stays here if the trie has no such path.
    pub(crate) fn descend(&mut self, bytes: &[u8]) -> bool {
        let found = self.zipper.descend_to_check(bytes);
        if !found {
            self.zipper.ascend(bytes.len());
        }
        found
    }

    /// Goes down by this byte, or stays here if no path continues with it.
    pub(crate) fn descend_byte(&mut self, byte: u8) -> bool {
        self.zipper.descend_to_existing_byte(byte)
    }

    /// Goes up by `count` bytes, at most to the cursor's root.
    pub(crate) fn ascend(&mut self, count: usize) {
        self.zipper.ascend(count);
    }

    /// Goes to the next entry after here, in key order, within the cursor's root; back to the root if there is none.
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

    /// Goes to the next entry after here, in key order, whose path has the first `depth` bytes (of the
    /// [depth](Cursor::depth)) in common with this one; back to that prefix if there is none.
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

    /// Goes down to the first path of `count` (not 0) more bytes, in key order, or stays here if there is none.
    pub(crate) fn first_of_length(&mut self, count: usize) -> bool {
        if self.is_safe() {
            return self.zipper.descend_first_k_path(count);
        }
        let floor = self.depth();
        self.seek(floor, floor + count)
    }

    /// Goes to the next path of the same length that differs from this one in the last `count` bytes only (not more than
    /// the [depth](Cursor::depth)); up by `count` bytes if there is none.
    pub(crate) fn next_of_length(&mut self, count: usize) -> bool {
        if self.is_safe() {
            return self.zipper.to_next_k_path(count);
        }
        let depth = self.depth();
        let floor = depth.saturating_sub(count);
        self.skip(floor) && self.seek(floor, depth)
    }

    /// Whether `pathmap` may take the next step: it counts the children before the one it is at in a `u8`, which
    /// overflows at the last one of a node that has all 256. Builds that check overflows panic then.
    fn is_safe(&self) -> bool {
        !self.path().contains(&0xFF)
    }

    /// Goes down by the smallest byte.
    fn descend_first(&mut self) -> bool {
        self.children().next().is_some_and(|byte| self.descend_byte(byte))
    }

    /// Leaves what is below here for the next place in key order, or goes up to `floor` if there is none below that.
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

    /// Goes to the first place from here on in key order that is at this depth, or up to `floor` if there is none below.
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
    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0 == [0; 4]
    }

    /// Those less than `bound`, which is less than 64.
    pub(crate) fn below(self, bound: u8) -> Bytes {
        Bytes([self.0[0] & ((1 << bound) - 1), 0, 0, 0])
    }
}

impl Iterator for Bytes {
    type Item = u8;

    /// Takes the smallest.
    fn next(&mut self) -> Option<u8> {
        let (index, word) = self.0.iter_mut().enumerate().find(|(_, word)| **word != 0)?;
        let bit = word.trailing_zeros();
        *word &= *word - 1;
        Some((index as u32 * 64 + bit) as u8)
    }
}
