//! Removal of the items that satisfy a predicate, one at a time.

use super::OrdSet;
use crate::ord_map;
use core::iter::FusedIterator;
use core::ops::RangeBounds;

/// An iterator that removes items of an [`OrdSet`]: see [`OrdSet::extract_if`].
#[derive(Debug)]
#[must_use = "items are removed only as the iterator yields them"]
pub struct ExtractIf<'a, T>(ord_map::ExtractIf<'a, T, ()>);

impl<T: Clone> Iterator for ExtractIf<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.next().map(|(item, ())| item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<T: Clone> ExactSizeIterator for ExtractIf<'_, T> {}
impl<T: Clone> FusedIterator for ExtractIf<'_, T> {}

impl<T: Ord + Clone> OrdSet<T> {
    /// Returns an iterator that removes and yields the items in a range that satisfy `pick`: see
    /// [`OrdMap::extract_if`](crate::OrdMap::extract_if), for costs too.
    ///
    /// ```
    /// let mut set: pleach_collections::OrdSet<u32> = (0..10).collect();
    /// assert_eq!(set.extract_if(.., |item| item % 2 == 0).count(), 5);
    /// assert_eq!(set.len(), 5);
    /// assert!(set.extract_if(..4, |_| true).eq([1, 3]));
    /// ```
    pub fn extract_if<F, R>(&mut self, range: R, mut pick: F) -> ExtractIf<'_, T>
    where
        R: RangeBounds<T>,
        F: FnMut(&T) -> bool,
    {
        ExtractIf(self.map.extract_if(range, |item, ()| pick(item)))
    }
}
