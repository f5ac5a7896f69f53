//! Access by index for writing that caches the last leaf.

use super::{Node, Vector};
use alloc::collections::BTreeMap;
use core::fmt;
use core::ops::{Range, RangeBounds};

/// A view of a range of a [`Vector`] for writing that caches the leaf of the last access, which [`Vector::focus_mut`] returns.
///
/// An access to the same leaf as the last one takes O(1), another O(log n), but 3 to 11 times as long as [`Vector::get_mut`],
/// which is better at distant indices; in order [`Vector::iter_mut`] is. A shared node is copied when the view first enters it. The view holds up to 35 parts for each inner node that it entered.
///
/// ```
/// let mut vector: pleach_collections::Vector<u32> = (0..1000).rev().collect();
/// let mut focus = vector.focus_mut();
/// for i in 1..focus.len() {
///     let last = *focus.get_mut(i - 1).unwrap();
///     *focus.get_mut(i).unwrap() += last;
/// }
/// assert_eq!(vector.back(), Some(&499_500));
/// ```
pub struct FocusMut<'a, T> {
    /// The indices in the vector that are viewed.
    range: Range<usize>,
    /// The cached leaf, and the index of its first item in the vector.
    leaf: &'a mut [T],
    start: usize,
    /// All else, disjoint, by the index of the first item.
    parts: BTreeMap<usize, Part<'a, T>>,
}

enum Part<'a, T> {
    /// A subtree that the view hasn't entered, whose nodes may be shared.
    Subtree(&'a mut Node<T>),
    /// A leaf that was cached before.
    Leaf(&'a mut [T]),
}

impl<T: Clone> Vector<T> {
    /// Returns a view for fast writes at nearby indices. O(1), with copies of the shared nodes that the view enters later.
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from(["a", "b"]);
    /// *vector.focus_mut().get_mut(1).unwrap() = "c";
    /// assert_eq!(vector, ["a", "c"]);
    /// ```
    pub fn focus_mut(&mut self) -> FocusMut<'_, T> {
        let range = 0..self.len();
        let mut parts = BTreeMap::new();
        let roots = [&mut self.front, &mut self.tree, &mut self.back];
        insert(&mut parts, 0, roots.into_iter().flatten());
        FocusMut {
            range,
            leaf: &mut [],
            start: 0,
            parts,
        }
    }
}

/// Inserts adjacent subtrees, of which the first starts at an index.
fn insert<'a, T>(
    parts: &mut BTreeMap<usize, Part<'a, T>>,
    mut start: usize,
    nodes: impl IntoIterator<Item = &'a mut Node<T>>,
) {
    for node in nodes {
        let size = node.size();
        parts.insert(start, Part::Subtree(node));
        start += size;
    }
}

impl<'a, T> FocusMut<'a, T> {
    /// Returns the number of items in the view. O(1).
    ///
    /// ```
    /// assert_eq!(pleach_collections::Vector::from([1, 2]).focus_mut().len(), 2);
    /// ```
    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// Returns `true` if the view has no items. O(1).
    ///
    /// ```
    /// assert!(pleach_collections::Vector::<u32>::new().focus_mut().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// Returns a view of a range of this one. O(1).
    ///
    /// # Panics
    /// Panics if the range's start is greater than its end, or its end greater than the view's length.
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from([1, 2, 3]);
    /// *vector.focus_mut().narrow(1..).get_mut(0).unwrap() = 7;
    /// assert_eq!(vector, [1, 7, 3]);
    /// ```
    #[must_use]
    pub fn narrow(self, range: impl RangeBounds<usize>) -> Self {
        let range = super::part::indices_within(self.range.len(), range);
        let start = self.range.start;
        Self {
            range: start + range.start..start + range.end,
            ..self
        }
    }
}

impl<'a, T: Clone> FocusMut<'a, T> {
    /// Returns the item at an index of the view, for writing; `None` if the index isn't less than its length. O(1) in the last
    /// leaf, else O(log n).
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from([1, 2]);
    /// let mut focus = vector.focus_mut();
    /// *focus.get_mut(1).unwrap() += 5;
    /// assert_eq!(focus.get_mut(2), None);
    /// assert_eq!(vector, [1, 7]);
    /// ```
    #[inline]
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        if index >= self.range.len() {
            return None;
        }
        let index = index + self.range.start;
        if index.wrapping_sub(self.start) >= self.leaf.len() {
            self.move_to(index);
        }
        self.leaf.get_mut(index.wrapping_sub(self.start))
    }

    /// Caches the leaf of an item of the vector.
    fn move_to(&mut self, index: usize) {
        if !self.leaf.is_empty() {
            let leaf = Part::Leaf(core::mem::take(&mut self.leaf));
            self.parts.insert(self.start, leaf);
        }
        while let Some((&start, part)) = self.parts.range_mut(..=index).next_back() {
            if let Part::Subtree(node) = part {
                // The clone of an item may panic, so the part must still be there.
                node.make_unique();
            }
            match self.parts.remove(&start) {
                Some(Part::Subtree(node)) if !node.is_leaf() => {
                    insert(&mut self.parts, start, node.make_unique().into_children());
                    continue;
                }
                Some(Part::Subtree(node)) => self.leaf = node.make_unique().into_entries(),
                Some(Part::Leaf(leaf)) => self.leaf = leaf,
                None => {}
            }
            self.start = start;
            return;
        }
    }

    /// Returns the slice around an index that is in one leaf, for writing, and its indices in the view; `None` if the index
    /// isn't less than the view's length. Costs the same as [`get_mut`](FocusMut::get_mut).
    ///
    /// ```
    /// let mut vector: pleach_collections::Vector<u32> = (0..1000).collect();
    /// let mut focus = vector.focus_mut();
    /// let (range, slice) = focus.chunk_at(500).unwrap();
    /// slice.fill(7);
    /// assert!(range.contains(&500) && vector.range(range).all(|item| *item == 7));
    /// ```
    pub fn chunk_at(&mut self, index: usize) -> Option<(Range<usize>, &mut [T])> {
        self.get_mut(index)?;
        let from = self.range.start.max(self.start);
        let to = self.range.end.min(self.start + self.leaf.len());
        let range = from - self.range.start..to - self.range.start;
        Some((range, &mut self.leaf[from - self.start..to - self.start]))
    }

    /// Returns views of the first `index` items of this one, and of the others, which can be written by two threads. O(log n),
    /// and O(m) for m leaves that the view has entered.
    ///
    /// # Panics
    /// Panics if the index is greater than the view's length.
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from([1, 2, 3]);
    /// let (mut left, mut right) = vector.focus_mut().split_at(1);
    /// std::mem::swap(left.get_mut(0).unwrap(), right.get_mut(1).unwrap());
    /// assert_eq!(vector, [3, 2, 1]);
    /// ```
    #[must_use]
    pub fn split_at(mut self, index: usize) -> (Self, Self) {
        let len = self.len();
        let at = self.range.start + super::part::indices_within(len, index..).start;
        let mut right = Self {
            range: at..self.range.end,
            leaf: &mut [],
            start: at,
            parts: BTreeMap::new(),
        };
        if index == 0 {
            (right.leaf, right.start, right.parts) = (core::mem::take(&mut self.leaf), self.start, self.parts);
            self.parts = BTreeMap::new();
        } else if index < len {
            // No part but the cached leaf has items on both sides.
            self.move_to(at);
            let leaf = core::mem::take(&mut self.leaf);
            (self.leaf, right.leaf) = leaf.split_at_mut(at - self.start);
            right.parts = self.parts.split_off(&at);
        }
        self.range.end = at;
        (self, right)
    }
}

/// Shows the length, since showing the items would take copies.
impl<T> fmt::Debug for FocusMut<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FocusMut").field("len", &self.len()).finish()
    }
}
