//! Splitting and joining.

use super::{IntoIter, Iter, Node, Vector};
use crate::btree::{self, leaf_of};
use core::mem;
use core::ops::{Bound, Range, RangeBounds};

impl<T> Vector<T> {
    /// Returns an iterator over the items in a range of indices. O(log n).
    ///
    /// # Panics
    /// Panics if the range's start is greater than its end, or its end greater than the length.
    ///
    /// ```
    /// let vector: pleach_collections::Vector<u32> = (0..10).collect();
    /// assert!(vector.range(3..5).eq(&[3, 4]));
    /// ```
    pub fn range(&self, range: impl RangeBounds<usize>) -> Iter<'_, T> {
        let range = self.indices(range);
        Iter::of(self, range)
    }

    /// Returns the indices of a range.
    ///
    /// # Panics
    /// As [`range`](Vector::range).
    pub(super) fn indices(&self, range: impl RangeBounds<usize>) -> Range<usize> {
        indices_within(self.len(), range)
    }
}

/// Returns the indices of a range of a sequence of this length.
///
/// # Panics
/// Panics if the range's start is greater than its end, or its end greater than the length.
#[allow(clippy::panic, reason = "the contract, as in std")]
pub(super) fn indices_within(len: usize, range: impl RangeBounds<usize>) -> Range<usize> {
    let after = |index: usize| match index.checked_add(1) {
        Some(next) => next,
        None => panic!("range bound {index} overflows"),
    };
    let start = match range.start_bound() {
        Bound::Included(start) => *start,
        Bound::Excluded(start) => after(*start),
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(end) => after(*end),
        Bound::Excluded(end) => *end,
        Bound::Unbounded => len,
    };
    if start > end {
        panic!("range start {start} is greater than range end {end}");
    }
    if end > len {
        panic!("range end {end} out of range for a length of {len}");
    }
    start..end
}

/// Where an index splits a vector.
enum Cut {
    Front(usize),
    Tree(usize),
    Back(usize),
}

impl<T: Clone> Vector<T> {
    fn cut(&self, index: usize) -> Cut {
        let (front, size) = (self.front_slice().len(), self.tree_len());
        if index < front {
            Cut::Front(index)
        } else if index - front <= size {
            Cut::Tree(index - front)
        } else {
            Cut::Back(index - front - size)
        }
    }

    /// Returns the first `index` items. An index beyond the length is that of the end.
    fn before(&self, index: usize) -> Self {
        match self.cut(index) {
            Cut::Front(at) => Self::of_end(leaf_of(&self.front_slice()[..at])),
            Cut::Tree(at) => Self {
                front: self.front.clone(),
                tree: self.tree.as_ref().and_then(|tree| btree::split(tree, at).0),
                back: None,
            },
            Cut::Back(at) if at >= self.back_slice().len() => self.clone(),
            Cut::Back(at) => Self {
                front: self.front.clone(),
                tree: self.tree.clone(),
                back: leaf_of(&self.back_slice()[..at]),
            },
        }
    }

    /// Returns the items from `index` on.
    fn after(&self, index: usize) -> Self {
        match self.cut(index) {
            Cut::Front(0) => self.clone(),
            Cut::Front(at) => Self {
                front: leaf_of(&self.front_slice()[at..]),
                tree: self.tree.clone(),
                back: self.back.clone(),
            },
            Cut::Tree(at) => Self {
                front: None,
                tree: self.tree.as_ref().and_then(|tree| btree::split(tree, at).1),
                back: self.back.clone(),
            },
            Cut::Back(at) => Self::of_end(leaf_of(&self.back_slice()[at.min(self.back_slice().len())..])),
        }
    }

    /// Creates a vector of the items of a leaf.
    fn of_end(back: Option<Node<T>>) -> Self {
        Self {
            front: None,
            tree: None,
            back,
        }
    }

    /// Returns the first `index` items, and the others. O(log n).
    ///
    /// # Panics
    /// Panics if the index is greater than the length.
    ///
    /// ```
    /// let (left, right) = pleach_collections::Vector::from([1, 2, 3]).split_at(1);
    /// assert_eq!(left, [1]);
    /// assert_eq!(right, [2, 3]);
    /// ```
    #[must_use]
    pub fn split_at(&self, index: usize) -> (Self, Self) {
        let index = self.indices(..index).end;
        match self.cut(index) {
            Cut::Tree(at) => {
                let (left, right) = self.tree.as_ref().map_or((None, None), |tree| btree::split(tree, at));
                let left = Self {
                    front: self.front.clone(),
                    tree: left,
                    back: None,
                };
                let right = Self {
                    front: None,
                    tree: right,
                    back: self.back.clone(),
                };
                (left, right)
            }
            _ => (self.before(index), self.after(index)),
        }
    }

    /// Removes and returns the items from `index` on. O(log n).
    ///
    /// # Panics
    /// Panics if the index is greater than the length.
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from([1, 2, 3]);
    /// assert_eq!(vector.split_off(1), [2, 3]);
    /// assert_eq!(vector, [1]);
    /// ```
    #[must_use = "to drop the items, use `truncate`"]
    pub fn split_off(&mut self, index: usize) -> Self {
        if let Some(right) = self.split_end(index) {
            return right;
        }
        let (left, right) = self.split_at(index);
        drop(mem::replace(self, left));
        right
    }

    /// Removes and returns the items from `index` on by moves, if it is within an unshared leaf at an end. Runs no user code.
    fn split_end(&mut self, index: usize) -> Option<Self> {
        match self.cut(index) {
            Cut::Front(at) if at > 0 => {
                let front = self.front.as_mut()?.unique()?.split_entries(at);
                Some(Self {
                    front: Some(front),
                    tree: self.tree.take(),
                    back: self.back.take(),
                })
            }
            Cut::Back(at) if at < self.back_slice().len() => {
                let back = self.back.as_mut()?.unique()?.split_entries(at);
                Some(Self::of_end(Some(back)))
            }
            _ => None,
        }
    }

    /// Removes the items from `len` on, if there are any. O(log n), and the drop of the items.
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from([1, 2, 3]);
    /// vector.truncate(1);
    /// assert_eq!(vector, [1]);
    /// ```
    pub fn truncate(&mut self, len: usize) {
        if len < self.len() {
            if let Some(removed) = self.split_end(len) {
                return drop(removed);
            }
            let kept = self.before(len);
            drop(mem::replace(self, kept));
        }
    }

    /// Truncates the vector to a length, or appends clones of an item up to it. O(log n) and the drop of the items, or O(the
    /// number of new ones). If `Clone` panics, the clones before are in the vector.
    ///
    /// # Panics
    /// Panics if the length overflows.
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from([1, 2, 3]);
    /// vector.resize(1, 7);
    /// vector.resize(3, 7);
    /// assert_eq!(vector, [1, 7, 7]);
    /// ```
    pub fn resize(&mut self, len: usize, item: T) {
        match len.checked_sub(self.len()) {
            Some(more) => self.extend(core::iter::repeat_n(item, more)),
            None => self.truncate(len),
        }
    }

    /// Moves the first `count` items to the end. O(log n).
    ///
    /// # Panics
    /// Panics if the count is greater than the length.
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from([1, 2, 3, 4]);
    /// vector.rotate_left(1);
    /// assert_eq!(vector, [2, 3, 4, 1]);
    /// ```
    pub fn rotate_left(&mut self, count: usize) {
        let (left, right) = self.split_at(count);
        let rotated = right.concat(&left);
        drop((left, right, mem::replace(self, rotated)));
    }

    /// Moves the last `count` items to the start. O(log n).
    ///
    /// # Panics
    /// Panics if the count is greater than the length.
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from([1, 2, 3, 4]);
    /// vector.rotate_right(1);
    /// assert_eq!(vector, [4, 1, 2, 3]);
    /// ```
    pub fn rotate_right(&mut self, count: usize) {
        let kept = self.len() - self.indices(..count).end;
        self.rotate_left(kept);
    }

    /// Returns the first `count` items, or all. O(log n).
    ///
    /// ```
    /// assert_eq!(pleach_collections::Vector::from([1, 2, 3]).take(2), [1, 2]);
    /// ```
    #[must_use]
    pub fn take(&self, count: usize) -> Self {
        self.before(count)
    }

    /// Returns the items without the first `count`. O(log n).
    ///
    /// ```
    /// assert_eq!(pleach_collections::Vector::from([1, 2, 3]).skip(2), [3]);
    /// ```
    #[must_use]
    pub fn skip(&self, count: usize) -> Self {
        self.after(count)
    }

    /// Returns the items in a range of indices. O(log n). Unlike `im`'s, it doesn't remove them, as [`drain`](Vector::drain)
    /// does.
    ///
    /// # Panics
    /// Panics if the range's start is greater than its end, or its end greater than the length.
    ///
    /// ```
    /// let vector: pleach_collections::Vector<u32> = (0..10).collect();
    /// assert_eq!(vector.slice(3..6), [3, 4, 5]);
    /// assert_eq!(vector.len(), 10);
    /// ```
    #[must_use]
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Self {
        let range = self.indices(range);
        self.before(range.end).after(range.start)
    }

    /// Removes the items in a range of indices, and returns an iterator over them. O(log n).
    ///
    /// The items are removed before the iterator is used, also if it is leaked.
    ///
    /// # Panics
    /// Panics if the range's start is greater than its end, or its end greater than the length.
    ///
    /// ```
    /// let mut vector: pleach_collections::Vector<u32> = (0..6).collect();
    /// assert!(vector.drain(1..3).eq([1, 2]));
    /// assert_eq!(vector, [0, 3, 4, 5]);
    /// ```
    pub fn drain(&mut self, range: impl RangeBounds<usize>) -> IntoIter<T> {
        self.splice(range, Self::new()).into_iter()
    }

    /// Replaces the items in a range of indices by those of another vector, and returns them. O(log n).
    ///
    /// # Panics
    /// Panics if the range's start is greater than its end, or its end greater than the length; or if the length overflows,
    /// which takes items that are shared.
    ///
    /// ```
    /// use pleach_collections::Vector;
    ///
    /// let mut vector: Vector<u32> = (0..6).collect();
    /// assert_eq!(vector.splice(1..3, Vector::from([7, 8, 9])), [1, 2]);
    /// assert_eq!(vector, [0, 7, 8, 9, 3, 4, 5]);
    /// ```
    pub fn splice(&mut self, range: impl RangeBounds<usize>, replacement: Self) -> Self {
        let range = self.indices(range);
        let (before, rest) = self.split_at(range.start);
        let (removed, after) = rest.split_at(range.len());
        let all = before.concat(&replacement).concat(&after);
        drop((before, rest, after, replacement, mem::replace(self, all)));
        removed
    }

    /// Returns the items of this vector and those of `other` after them. O(log n).
    ///
    /// # Panics
    /// Panics if the length overflows, which takes items that are shared.
    ///
    /// ```
    /// use pleach_collections::Vector;
    ///
    /// assert_eq!(Vector::from([1, 2]).concat(&Vector::from([3])), [1, 2, 3]);
    /// ```
    #[must_use]
    pub fn concat(&self, other: &Self) -> Self {
        if self.is_empty() {
            return other.clone();
        }
        if other.is_empty() {
            return self.clone();
        }
        self.check_length(other.len());
        Self::joined(self.clone(), other.clone())
    }

    /// Returns the items of two vectors that aren't empty and whose lengths were checked. If no other vector shares the nodes
    /// where they meet, this runs no user code.
    fn joined(left: Self, right: Self) -> Self {
        let before = btree::concat(left.tree, left.back);
        let after = btree::concat(right.front, right.tree);
        Self {
            front: left.front,
            tree: btree::concat(before, after),
            back: right.back,
        }
    }

    /// Moves all items of `other` to the end of this vector, as `append` of `std` does. O(log n). If neither vector
    /// shares the nodes where they meet, they are edited in place, else copied.
    ///
    /// # Panics
    /// Panics if the length overflows, which takes items that are shared.
    ///
    /// ```
    /// use pleach_collections::Vector;
    ///
    /// let (mut vector, mut other) = (Vector::from([1, 2]), Vector::from([3]));
    /// vector.append(&mut other);
    /// assert_eq!(vector, [1, 2, 3]);
    /// assert!(other.is_empty());
    /// ```
    pub fn append(&mut self, other: &mut Self) {
        if self.is_empty() {
            return mem::swap(self, other);
        }
        if other.is_empty() {
            return;
        }
        self.check_length(other.len());
        if other.tree.is_none() && !other.parts().any(Node::is_shared) {
            let more = other.len();
            let mut back = self.back.as_mut().and_then(Node::unique);
            if let Some(leaf) = back.take_if(|leaf| leaf.node().len() + more <= Node::<T>::MAX_LEN) {
                return push_all(leaf, mem::take(other));
            }
        }
        let ends_meet = [
            (&self.tree, true),
            (&self.back, true),
            (&other.front, false),
            (&other.tree, false),
        ];
        if ends_meet
            .iter()
            .all(|(tree, at_end)| is_edge_unshared(tree.as_ref(), *at_end))
        {
            *self = Self::joined(mem::take(self), mem::take(other));
            return;
        }
        let all = self.concat(other);
        let old = (mem::replace(self, all), mem::take(other));
        drop(old);
    }
}

/// Moves the items of an unshared vector to the end of a leaf that has room for them.
fn push_all<T: Clone>(mut leaf: btree::Unique<'_, T, ()>, items: Vector<T>) {
    for item in items {
        let len = leaf.node().len();
        leaf.grow(len, item);
    }
}

/// Returns whether no other vector shares a node on the path to the last leaf of a tree, or to the first.
fn is_edge_unshared<T>(tree: Option<&Node<T>>, at_end: bool) -> bool {
    let mut edge = core::iter::successors(tree, |node| {
        let children = node.children();
        if at_end { children.last() } else { children.first() }
    });
    edge.all(|node| !node.is_shared())
}
