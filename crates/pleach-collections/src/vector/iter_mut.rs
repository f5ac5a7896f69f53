//! The iterator over a [`Vector`] for writing.

use super::Vector;
use crate::btree;
use core::fmt;
use core::iter::FusedIterator;
use core::ops::RangeBounds;

/// An iterator over the items of a [`Vector`] for writing, which [`Vector::iter_mut`] and [`Vector::range_mut`] return.
///
/// It copies shared nodes when it enters them.
pub struct IterMut<'a, T>(btree::IterMut<'a, T, ()>);

impl<T: Clone> Vector<T> {
    /// Returns an iterator over the items for writing. O(n) for all, with copies of the shared nodes that it enters.
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from([1, 2]);
    /// vector.iter_mut().for_each(|item| *item *= 10);
    /// assert_eq!(vector, [10, 20]);
    /// ```
    pub fn iter_mut(&mut self) -> IterMut<'_, T> {
        let parts = [&mut self.front, &mut self.tree, &mut self.back];
        IterMut(btree::IterMut::all(parts.into_iter().flatten()))
    }

    /// Returns an iterator over the items in a range of indices for writing. O(log n), with copies of the shared nodes on
    /// the paths to both ends and of those that it enters.
    ///
    /// # Panics
    /// Panics if the range's start is greater than its end, or its end greater than the length.
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from([1, 2, 3]);
    /// vector.range_mut(1..).for_each(|item| *item *= 10);
    /// assert_eq!(vector, [1, 20, 30]);
    /// ```
    pub fn range_mut(&mut self, range: impl RangeBounds<usize>) -> IterMut<'_, T> {
        let range = self.indices(range);
        self.iter_mut().split_at(range.end).0.split_at(range.start).1
    }
}

impl<T: Clone> IterMut<'_, T> {
    /// Returns iterators over the first `index` items, and over the others.
    pub(super) fn split_at(self, index: usize) -> (Self, Self) {
        let (left, right) = self.0.split_at(index);
        (Self(left), Self(right))
    }
}

impl<'a, T: Clone> Iterator for IterMut<'a, T> {
    type Item = &'a mut T;

    #[inline]
    fn next(&mut self) -> Option<&'a mut T> {
        self.0.next()
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.len(), Some(self.0.len()))
    }

    /// O(log n).
    fn nth(&mut self, n: usize) -> Option<&'a mut T> {
        let all = core::mem::take(self);
        *self = all.split_at(n).1;
        self.next()
    }

    fn count(self) -> usize {
        self.0.len()
    }

    /// O(log n).
    fn last(mut self) -> Option<&'a mut T> {
        self.next_back()
    }
}

impl<T: Clone> DoubleEndedIterator for IterMut<'_, T> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back()
    }

    /// O(log n).
    fn nth_back(&mut self, n: usize) -> Option<Self::Item> {
        let all = core::mem::take(self);
        let rest = all.0.len().saturating_sub(n);
        *self = all.split_at(rest).0;
        self.next_back()
    }
}

impl<T: Clone> ExactSizeIterator for IterMut<'_, T> {}
impl<T: Clone> FusedIterator for IterMut<'_, T> {}

/// Returns the iterator of an empty vector.
impl<T: Clone> Default for IterMut<'_, T> {
    fn default() -> Self {
        Self(btree::IterMut::all(None))
    }
}

/// Shows the number of remaining items, since showing them would take copies.
impl<T> fmt::Debug for IterMut<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IterMut").field("remaining", &self.0.len()).finish()
    }
}

impl<'a, T: Clone> IntoIterator for &'a mut Vector<T> {
    type Item = &'a mut T;
    type IntoIter = IterMut<'a, T>;

    fn into_iter(self) -> IterMut<'a, T> {
        self.iter_mut()
    }
}
