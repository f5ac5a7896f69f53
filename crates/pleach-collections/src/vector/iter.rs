//! Iterators over a [`Vector`] by reference.

use super::Vector;
use crate::btree;
use core::fmt;
use core::iter::FusedIterator;
use core::ops::Range;

/// An iterator over the items of a [`Vector`], which [`Vector::iter`] and [`Vector::range`] return.
pub struct Iter<'a, T>(btree::Iter<'a, T, ()>);

/// An iterator over the items of a [`Vector`] as slices, which [`Vector::chunks`] returns.
pub struct Chunks<'a, T>(btree::Iter<'a, T, ()>);

impl<T> Vector<T> {
    /// Returns an iterator over the items. O(n) for all, O(log n) for `nth`.
    ///
    /// ```
    /// let vector = pleach_collections::Vector::from([1, 2, 3]);
    /// assert!(vector.iter().rev().eq(&[3, 2, 1]));
    /// assert_eq!(vector.iter().nth(1), Some(&2));
    /// ```
    #[inline]
    pub fn iter(&self) -> Iter<'_, T> {
        Iter::of(self, 0..usize::MAX)
    }

    /// Returns an iterator over the items as slices, one for each leaf: which items are in one slice depends on the history.
    /// O(n / k), where k is the number of items in a leaf: up to 128.
    ///
    /// ```
    /// let vector: pleach_collections::Vector<u32> = (0..1000).collect();
    /// assert_eq!(vector.chunks().map(<[u32]>::len).sum::<usize>(), 1000);
    /// assert_eq!(vector.chunks().next_back().and_then(<[u32]>::last), Some(&999));
    /// ```
    pub fn chunks(&self) -> Chunks<'_, T> {
        Chunks(self.iter().0)
    }
}

impl<'a, T> Iter<'a, T> {
    /// Creates an iterator over the items with these indices.
    #[inline]
    pub(super) fn of(vector: &'a Vector<T>, indices: Range<usize>) -> Self {
        let (front, back) = (vector.front_slice(), vector.back_slice());
        Self(btree::Iter::of_sequence(front, vector.tree.as_ref(), back, indices))
    }

    /// Returns iterators over the first `index` items, and over the others.
    #[cfg(feature = "rayon")]
    pub(super) fn split_at(self, index: usize) -> (Self, Self) {
        let (mut left, mut right) = (self.clone(), self);
        left.0.skip_back(left.len() - index);
        right.0.skip(index);
        (left, right)
    }
}

impl<'a, T> Iterator for Iter<'a, T> {
    type Item = &'a T;

    #[inline]
    fn next(&mut self) -> Option<&'a T> {
        self.0.next()
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.len(), Some(self.0.len()))
    }

    /// O(log n).
    fn nth(&mut self, n: usize) -> Option<&'a T> {
        self.0.skip(n);
        self.next()
    }

    fn count(self) -> usize {
        self.0.len()
    }

    /// O(log n).
    fn last(mut self) -> Option<&'a T> {
        self.next_back()
    }

    #[inline]
    fn fold<B, F: FnMut(B, &'a T) -> B>(self, init: B, f: F) -> B {
        self.0.fold(init, f)
    }
}

impl<T> DoubleEndedIterator for Iter<'_, T> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back()
    }

    /// O(log n).
    fn nth_back(&mut self, n: usize) -> Option<Self::Item> {
        self.0.skip_back(n);
        self.next_back()
    }
}

impl<T> ExactSizeIterator for Iter<'_, T> {}
impl<T> FusedIterator for Iter<'_, T> {}

impl<'a, T> Iterator for Chunks<'a, T> {
    type Item = &'a [T];

    #[inline]
    fn next(&mut self) -> Option<&'a [T]> {
        self.0.next_slice()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::from(self.0.len() > 0), Some(self.0.len()))
    }

    /// O(log n).
    fn last(mut self) -> Option<&'a [T]> {
        self.next_back()
    }
}

impl<T> DoubleEndedIterator for Chunks<'_, T> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_slice_back()
    }
}

impl<T> FusedIterator for Chunks<'_, T> {}

macro_rules! traits {
    ($($iter:ident)*) => {$(
        impl<T: fmt::Debug> fmt::Debug for $iter<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_list().entries(self.clone()).finish()
            }
        }

        /// Returns the iterator of an empty vector.
        impl<T> Default for $iter<'_, T> {
            fn default() -> Self {
                Self(btree::Iter::all(None))
            }
        }

        impl<T> Clone for $iter<'_, T> {
            fn clone(&self) -> Self {
                Self(self.0.clone())
            }
        }
    )*};
}

traits!(Iter Chunks);

impl<'a, T> IntoIterator for &'a Vector<T> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}
