//! Iteration over a range of the entries.

use super::Node;
use super::search::leaf_at;
use core::ops::Range;
use core::slice;

/// A double-ended iterator over a range of the entries of a tree.
///
/// An end has the leaf that it is in, and its next siblings: the tree is searched by index once for each parent of
/// leaves.
pub(crate) struct Iter<'a, T, S> {
    root: Option<&'a Node<T, S>>,
    front: slice::Iter<'a, T>,
    /// The leaves after that of `front`, below the same parent.
    siblings: slice::Iter<'a, Node<T, S>>,
    back: slice::Iter<'a, T>,
    /// The indices of the entries that are in neither `front` nor `back`.
    middle: Range<usize>,
}

impl<'a, T, S> Iter<'a, T, S> {
    /// Creates an iterator over the entries with these indices.
    pub(crate) fn new(root: Option<&'a Node<T, S>>, indices: Range<usize>) -> Self {
        let size = root.map_or(0, Node::size);
        Self {
            root,
            front: [].iter(),
            siblings: [].iter(),
            back: [].iter(),
            middle: indices.start.min(size)..indices.end.min(size).max(indices.start.min(size)),
        }
    }

    /// Creates an iterator over the entries with these indices of a sequence: the entries of a leaf, of a tree and of
    /// another leaf.
    pub(crate) fn of_sequence(
        front: &'a [T],
        root: Option<&'a Node<T, S>>,
        back: &'a [T],
        indices: Range<usize>,
    ) -> Self {
        let size = root.map_or(0, Node::size);
        let before = front.len() + size;
        let within = |len: usize, start: usize| {
            let from = indices.start.saturating_sub(start).min(len);
            from..indices.end.saturating_sub(start).min(len).max(from)
        };
        Self {
            root,
            front: front[within(front.len(), 0)].iter(),
            siblings: [].iter(),
            back: back[within(back.len(), before)].iter(),
            middle: within(size, front.len()),
        }
    }

    pub(crate) fn all(root: Option<&'a Node<T, S>>) -> Self {
        Self::new(root, 0..usize::MAX)
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.front.len() + self.middle.len() + self.back.len()
    }

    #[inline]
    pub(crate) fn next(&mut self) -> Option<&'a T> {
        match self.front.next() {
            Some(entry) => Some(entry),
            None => self.next_leaf(),
        }
    }

    #[inline]
    pub(crate) fn next_back(&mut self) -> Option<&'a T> {
        match self.back.next_back() {
            Some(entry) => Some(entry),
            None => self.previous_leaf(),
        }
    }

    /// Takes the next leaf of the middle, or what the back has left.
    #[inline(never)]
    fn next_leaf(&mut self) -> Option<&'a T> {
        self.load();
        self.front.next()
    }

    /// Loads the next leaf of the middle into the front, or what the back has left.
    fn load(&mut self) {
        if self.middle.is_empty() {
            self.front = core::mem::replace(&mut self.back, [].iter());
            return;
        }
        let Some(root) = self.root else { return };
        let entries = match self.siblings.next() {
            Some(leaf) => leaf.entries(),
            None => {
                let (leaf, start, siblings) = leaf_at(root, self.middle.start);
                self.siblings = siblings.iter();
                &leaf.entries()[start..]
            }
        };
        // The next one is needed once this one was read.
        if let Some(next) = self.siblings.as_slice().first() {
            next.prefetch();
        }
        let entries = &entries[..entries.len().min(self.middle.len())];
        self.middle.start += entries.len();
        self.front = entries.iter();
    }

    #[inline(never)]
    fn previous_leaf(&mut self) -> Option<&'a T> {
        self.load_back();
        self.back.next_back()
    }

    /// Loads the last leaf of the middle into the back, or what the front has left.
    fn load_back(&mut self) {
        if self.middle.is_empty() {
            self.back = core::mem::replace(&mut self.front, [].iter());
            return;
        }
        let Some(root) = self.root else { return };
        let (leaf, last, _) = leaf_at(root, self.middle.end - 1);
        let entries = &leaf.entries()[..=last];
        let entries = &entries[entries.len() - entries.len().min(self.middle.len())..];
        self.middle.end -= entries.len();
        self.back = entries.iter();
    }

    /// Returns the entries that are left in the front's leaf, or those of the next one.
    pub(crate) fn next_slice(&mut self) -> Option<&'a [T]> {
        if self.front.len() == 0 {
            self.load();
        }
        let entries = core::mem::replace(&mut self.front, [].iter()).as_slice();
        (!entries.is_empty()).then_some(entries)
    }

    /// Returns the entries that are left in the back's leaf, or those of the leaf before it.
    pub(crate) fn next_slice_back(&mut self) -> Option<&'a [T]> {
        if self.back.len() == 0 {
            self.load_back();
        }
        let entries = core::mem::replace(&mut self.back, [].iter()).as_slice();
        (!entries.is_empty()).then_some(entries)
    }

    /// Skips `count` entries, or all. O(log n).
    pub(crate) fn skip(&mut self, count: usize) {
        let in_front = count.min(self.front.len());
        self.front = self.front.as_slice()[in_front..].iter();
        let rest = count - in_front;
        if rest == 0 {
            return;
        }
        let in_middle = rest.min(self.middle.len());
        self.middle.start += in_middle;
        self.siblings = [].iter();
        let back = self.back.as_slice();
        self.back = back[(rest - in_middle).min(back.len())..].iter();
    }

    /// Skips `count` entries from the back, or all. O(log n).
    pub(crate) fn skip_back(&mut self, count: usize) {
        let back = self.back.as_slice();
        let in_back = count.min(back.len());
        self.back = back[..back.len() - in_back].iter();
        let rest = count - in_back;
        let in_middle = rest.min(self.middle.len());
        self.middle.end -= in_middle;
        let front = self.front.as_slice();
        self.front = front[..front.len() - (rest - in_middle).min(front.len())].iter();
    }

    /// Calls `f` for all entries that are left, leaf by leaf.
    #[inline]
    pub(crate) fn fold<B>(mut self, init: B, mut f: impl FnMut(B, &'a T) -> B) -> B {
        let mut acc = init;
        loop {
            acc = core::mem::replace(&mut self.front, [].iter()).fold(acc, &mut f);
            match self.next_leaf() {
                Some(entry) => acc = f(acc, entry),
                None => return acc,
            }
        }
    }

    /// Splits off the second half, unless there is one entry only.
    #[cfg(feature = "rayon")]
    pub(crate) fn split(self) -> (Self, Option<Self>) {
        let (len, half) = (self.len(), self.len() / 2);
        if half == 0 {
            return (self, None);
        }
        let (mut left, mut right) = (self.clone(), self);
        left.skip_back(len - half);
        right.skip(half);
        (left, Some(right))
    }
}

impl<T, S> Clone for Iter<'_, T, S> {
    fn clone(&self) -> Self {
        Self {
            root: self.root,
            front: self.front.clone(),
            siblings: self.siblings.clone(),
            back: self.back.clone(),
            middle: self.middle.clone(),
        }
    }
}
