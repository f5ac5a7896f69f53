//! Removal of the entries that satisfy a predicate, one at a time.

use super::OrdMap;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::iter::FusedIterator;
use core::ops::RangeBounds;

/// An iterator that removes entries of an [`OrdMap`]: see [`OrdMap::extract_if`].
#[must_use = "entries are removed only as the iterator yields them"]
pub struct ExtractIf<'a, K, V> {
    map: &'a mut OrdMap<K, V>,
    /// The indices of the entries to remove, in the map as it was.
    picked: vec::IntoIter<usize>,
    removed: usize,
}

impl<K: Ord + Clone, V: Clone> OrdMap<K, V> {
    /// Returns an iterator that removes and yields the entries in a range that satisfy `pick`, in the order of their keys.
    ///
    /// O(m + log n) for m entries in the range, and O(log n) per entry yielded. `pick` is called for all of them first. An entry is removed when it is
    /// yielded: if the iterator is dropped early, the others stay. To drop what is removed, [`retain`](OrdMap::retain)
    /// costs less. If `pick` panics, the map is unchanged.
    ///
    /// # Panics
    /// Panics as [`range`](OrdMap::range) does.
    ///
    /// ```
    /// let mut map: pleach_collections::OrdMap<u32, u32> = (0..10).map(|i| (i, i * i)).collect();
    /// let even = map.extract_if(.., |key, _| key % 2 == 0).map(|(_, value)| value);
    /// assert!(even.eq([0, 4, 16, 36, 64]));
    /// assert_eq!(map.len(), 5);
    /// assert!(map.extract_if(4.., |key, _| *key > 5).eq([(7, 49), (9, 81)]));
    /// ```
    pub fn extract_if<F, R>(&mut self, range: R, mut pick: F) -> ExtractIf<'_, K, V>
    where
        R: RangeBounds<K>,
        F: FnMut(&K, &V) -> bool,
    {
        let first = self.indices(&range).start;
        let picked = (first..).zip(self.range(range));
        let picked = picked.filter_map(|(index, (key, value))| pick(key, value).then_some(index));
        let picked: Vec<_> = picked.collect();
        ExtractIf {
            map: self,
            picked: picked.into_iter(),
            removed: 0,
        }
    }
}

impl<K: Clone, V: Clone> Iterator for ExtractIf<'_, K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        let index = self.picked.as_slice().first()? - self.removed;
        let entry = self.map.remove_at(index);
        // A removal that panicked is tried again.
        self.picked.next();
        self.removed += 1;
        entry
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.picked.size_hint()
    }
}

impl<K: Clone, V: Clone> ExactSizeIterator for ExtractIf<'_, K, V> {}
impl<K: Clone, V: Clone> FusedIterator for ExtractIf<'_, K, V> {}

impl<K, V> fmt::Debug for ExtractIf<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExtractIf")
            .field("remaining", &self.picked.len())
            .finish()
    }
}
