//! Removal of the entries that satisfy a predicate, one at a time.

use super::{Map, RandomState};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::iter::FusedIterator;

/// An iterator that removes entries of a [`Map`]: see [`Map::extract_if`].
#[must_use = "entries are removed only as the iterator yields them"]
pub struct ExtractIf<'a, K, V, S = RandomState> {
    map: &'a mut Map<K, V, S>,
    /// The remaining keys to remove, and their hashes.
    picked: vec::IntoIter<(u64, K)>,
}

impl<K, V, S> Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher,
{
    /// Returns an iterator that removes and yields the entries that satisfy `pick`, in unspecified order.
    ///
    /// O(n), and O(log n) per entry yielded. `pick` is called for all entries first, and its keys are cloned. An entry
    /// is removed when it is yielded: if the iterator is dropped early, the others stay. To drop what is removed,
    /// [`retain`](Map::retain) costs less. If `pick` panics, the map is unchanged.
    ///
    /// ```
    /// let mut map: pleach_collections::Map<u32, u32> = (0..10).map(|i| (i, i * i)).collect();
    /// let even: Vec<u32> = map.extract_if(|key, _| key % 2 == 0).map(|(_, value)| value).collect();
    /// assert_eq!(even.iter().sum::<u32>(), 4 + 16 + 36 + 64);
    /// assert_eq!(map.len(), 5);
    /// ```
    pub fn extract_if(&mut self, mut pick: impl FnMut(&K, &V) -> bool) -> ExtractIf<'_, K, V, S> {
        let picked = self.iter().filter(|(key, value)| pick(key, value));
        let picked: Vec<_> = picked.map(|(key, _)| (self.hashing.rehash(key), key.clone())).collect();
        ExtractIf {
            map: self,
            picked: picked.into_iter(),
        }
    }
}

impl<K, V, S> Iterator for ExtractIf<'_, K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher,
{
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        let map = &mut *self.map;
        self.picked.find_map(|(hash, key)| map.take(hash, |k| *k == key))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // A key that doesn't equal itself isn't found.
        (0, Some(self.picked.len()))
    }
}

impl<K, V, S> FusedIterator for ExtractIf<'_, K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher,
{
}

impl<K, V, S> fmt::Debug for ExtractIf<'_, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExtractIf")
            .field("remaining", &self.picked.len())
            .finish()
    }
}
