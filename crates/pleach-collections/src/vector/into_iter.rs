//! The iterator over a [`Vector`] by value.

use super::Vector;
use crate::btree;
use core::fmt;
use core::iter::FusedIterator;

/// An iterator over the items of a [`Vector`] by value, which `into_iter` and [`Vector::drain`] return.
///
/// Items are moved out of nodes that no other vector shares, and cloned from others.
pub struct IntoIter<T>(btree::IntoIter<T, ()>);

impl<T: Clone> IntoIterator for Vector<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        let parts = [self.front, self.tree, self.back];
        IntoIter(btree::IntoIter::new(parts.into_iter().flatten()))
    }
}

impl<T: Clone> Iterator for IntoIter<T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        self.0.next()
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.len(), Some(self.0.len()))
    }

    /// O(log n), and the drop of the items before. Clones none of them.
    fn nth(&mut self, n: usize) -> Option<T> {
        self.0.skip(n);
        self.next()
    }

    fn count(self) -> usize {
        self.0.len()
    }

    /// O(log n), and the drop of the other items.
    fn last(mut self) -> Option<T> {
        self.next_back()
    }
}

impl<T: Clone> DoubleEndedIterator for IntoIter<T> {
    #[inline]
    fn next_back(&mut self) -> Option<T> {
        self.0.next_back()
    }

    /// O(log n), and the drop of the items after. Clones none of them.
    fn nth_back(&mut self, n: usize) -> Option<T> {
        self.0.skip_back(n);
        self.next_back()
    }
}

impl<T: Clone> ExactSizeIterator for IntoIter<T> {}
impl<T: Clone> FusedIterator for IntoIter<T> {}

/// Clones the items left of up to two leaves, and shares the others, which are then cloned when they are yielded. O(log n).
impl<T: Clone> Clone for IntoIter<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Returns the iterator of an empty vector.
impl<T: Clone> Default for IntoIter<T> {
    fn default() -> Self {
        Self(btree::IntoIter::default())
    }
}

/// Shows the number of remaining items, since showing them would take a copy.
impl<T: Clone> fmt::Debug for IntoIter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntoIter").field("remaining", &self.len()).finish()
    }
}
