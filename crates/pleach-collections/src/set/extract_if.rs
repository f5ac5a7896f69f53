//! Removal of the items that satisfy a predicate, one at a time.

use super::Set;
use crate::map::{self, RandomState};
use core::hash::{BuildHasher, Hash};
use core::iter::FusedIterator;

/// An iterator that removes items of a [`Set`]: see [`Set::extract_if`].
#[derive(Debug)]
#[must_use = "items are removed only as the iterator yields them"]
pub struct ExtractIf<'a, T, S = RandomState>(map::ExtractIf<'a, T, (), S>);

impl<T: Hash + Eq + Clone, S: BuildHasher> Iterator for ExtractIf<'_, T, S> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.next().map(|(item, ())| item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<T: Hash + Eq + Clone, S: BuildHasher> FusedIterator for ExtractIf<'_, T, S> {}

impl<T: Hash + Eq + Clone, S: BuildHasher> Set<T, S> {
    /// Returns an iterator that removes and yields the items that satisfy `pick`: see
    /// [`Map::extract_if`](crate::Map::extract_if), for costs too.
    ///
    /// ```
    /// let mut set: pleach_collections::Set<u32> = (0..10).collect();
    /// assert_eq!(set.extract_if(|item| item % 2 == 0).count(), 5);
    /// assert_eq!(set.len(), 5);
    /// ```
    pub fn extract_if(&mut self, mut pick: impl FnMut(&T) -> bool) -> ExtractIf<'_, T, S> {
        ExtractIf(self.map.extract_if(|item, ()| pick(item)))
    }
}
