//! Removal of the items that satisfy a predicate, one at a time.

use super::OrdSet;
use crate::ord_map;
use std::iter::FusedIterator;

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

impl<T: Clone> OrdSet<T> {
    /// Returns an iterator that removes and yields the items that satisfy `pick`: see
    /// [`OrdMap::extract_if`](crate::OrdMap::extract_if), for costs too.
    ///
    /// ```
    /// let mut set: pleach_collections::OrdSet<u32> = (0..10).collect();
    /// assert_eq!(set.extract_if(|item| item % 2 == 0).count(), 5);
    /// assert_eq!(set.len(), 5);
    /// ```
    pub fn extract_if(&mut self, mut pick: impl FnMut(&T) -> bool) -> ExtractIf<'_, T> {
        ExtractIf(self.map.extract_if(|item, ()| pick(item)))
    }
}
