//! Access by index that caches the last leaf.

use super::{Iter, Vector};
use core::fmt;
use core::ops::{Index, Range, RangeBounds};

/// A view of a range of a [`Vector`] that caches the leaf of the last access, which [`Vector::focus`] returns.
///
/// An access to the same leaf as the last one takes O(1), another O(log n): so accesses at nearby indices, in any order, cost
/// little more than those of a slice.
///
/// ```
/// let vector: pleach_collections::Vector<u32> = (0..1000).collect();
/// let mut focus = vector.focus();
/// let pairs = (0..focus.len() - 1).filter(|i| focus.get(*i).zip(focus.get(i + 1)).is_some_and(|(a, b)| a < b));
/// assert_eq!(pairs.count(), 999);
/// ```
pub struct Focus<'a, T> {
    vector: &'a Vector<T>,
    /// The indices in the vector that are viewed.
    range: Range<usize>,
    /// The cached leaf, and the index of its first item in the vector.
    leaf: &'a [T],
    start: usize,
}

impl<T> Vector<T> {
    /// Returns a view for fast accesses at nearby indices. O(1).
    ///
    /// ```
    /// let vector = pleach_collections::Vector::from(["a", "b"]);
    /// assert_eq!(vector.focus().get(1), Some(&"b"));
    /// ```
    pub fn focus(&self) -> Focus<'_, T> {
        Focus {
            vector: self,
            range: 0..self.len(),
            leaf: &[],
            start: 0,
        }
    }
}

impl<'a, T> Focus<'a, T> {
    /// Returns the number of items in the view. O(1).
    ///
    /// ```
    /// assert_eq!(pleach_collections::Vector::from([1, 2]).focus().len(), 2);
    /// ```
    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// Returns `true` if the view has no items. O(1).
    ///
    /// ```
    /// assert!(pleach_collections::Vector::<u32>::new().focus().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// Returns the item at an index of the view; `None` if the index isn't less than its length. O(1) in the last leaf, else
    /// O(log n).
    ///
    /// ```
    /// let vector = pleach_collections::Vector::from(["a", "b"]);
    /// let mut focus = vector.focus();
    /// assert_eq!((focus.get(1), focus.get(2)), (Some(&"b"), None));
    /// ```
    #[inline]
    pub fn get(&mut self, index: usize) -> Option<&'a T> {
        if index >= self.range.len() {
            return None;
        }
        let index = index + self.range.start;
        if let Some(item) = self.leaf.get(index.wrapping_sub(self.start)) {
            return Some(item);
        }
        self.move_to(index);
        self.leaf.get(index - self.start)
    }

    /// Caches the leaf of an item of the vector.
    fn move_to(&mut self, index: usize) {
        if let Some((leaf, start)) = self.vector.leaf_at(index) {
            (self.leaf, self.start) = (leaf, start);
        }
    }

    /// Returns the slice around an index that is in one leaf, and its indices in the view; `None` if the index isn't less
    /// than the view's length. Costs the same as [`get`](Focus::get).
    ///
    /// ```
    /// let vector: pleach_collections::Vector<u32> = (0..1000).collect();
    /// let (range, slice) = vector.focus().chunk_at(500).unwrap();
    /// assert!(range.contains(&500));
    /// assert!(slice.iter().copied().eq(range.start as u32..range.end as u32));
    /// ```
    pub fn chunk_at(&mut self, index: usize) -> Option<(Range<usize>, &'a [T])> {
        self.get(index)?;
        let (leaf, start) = (self.leaf, self.start);
        let from = self.range.start.max(start);
        let to = self.range.end.min(start + leaf.len());
        let range = from - self.range.start..to - self.range.start;
        Some((range, &leaf[from - start..to - start]))
    }

    /// Returns a view of a range of this one. O(1).
    ///
    /// # Panics
    /// Panics if the range's start is greater than its end, or its end greater than the view's length.
    ///
    /// ```
    /// let vector = pleach_collections::Vector::from(["a", "b", "c"]);
    /// let mut focus = vector.focus().narrow(1..);
    /// assert_eq!((focus.get(0), focus.get(2)), (Some(&"b"), None));
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

    /// Returns views of the first `index` items of this one, and of the others. O(1).
    ///
    /// # Panics
    /// Panics if the index is greater than the view's length.
    ///
    /// ```
    /// let vector = pleach_collections::Vector::from(["a", "b", "c"]);
    /// let (left, mut right) = vector.focus().split_at(1);
    /// assert_eq!((left.len(), right.get(0)), (1, Some(&"b")));
    /// ```
    #[must_use]
    pub fn split_at(self, index: usize) -> (Self, Self) {
        (self.clone().narrow(..index), self.narrow(index..))
    }
}

/// O(1) in the leaf of the last `get`, else O(log n), and doesn't cache the leaf.
///
/// # Panics
/// Panics if the index isn't less than the view's length.
impl<T> Index<usize> for Focus<'_, T> {
    type Output = T;

    #[allow(clippy::panic, reason = "the contract of Index, as in std")]
    fn index(&self, index: usize) -> &T {
        match self.clone().get(index) {
            Some(item) => item,
            None => panic!(
                "index out of bounds: the len is {} but the index is {index}",
                self.len()
            ),
        }
    }
}

/// Iterates over the items of the view.
impl<'a, T> IntoIterator for Focus<'a, T> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.vector.range(self.range)
    }
}

impl<T> Clone for Focus<'_, T> {
    fn clone(&self) -> Self {
        Self {
            range: self.range.clone(),
            ..*self
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Focus<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.vector.range(self.range.clone())).finish()
    }
}
