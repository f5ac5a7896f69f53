//! Removal of the entries that a predicate picks, one by one.

use super::{Map, RandomState};
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::iter::FusedIterator;
use std::vec;

/// Removes and returns entries of a [`Map`]: see [`Map::extract_if`].
#[must_use = "entries stay in the map until the iterator comes to them"]
pub struct ExtractIf<'a, K, V, S = RandomState> {
    map: &'a mut Map<K, V, S>,
    /// The keys to remove, and their hashes.
    picked: vec::IntoIter<(u64, K)>,
}

impl<K, V, S> Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher,
{
    /// Returns an iterator that removes the entries that `pick` picks, and yields them, in no order to rely on.
    ///
    /// `pick` is asked about every entry at once, and may not write values. Each entry is removed when the iterator comes to
    /// it: those that it doesn't come to stay. To drop what is removed, [`retain`](Map::retain) costs less.
    ///
    /// O(n), and O(log n) an entry yielded; keys that are picked are cloned. If `pick` panics, the map is as it was.
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

    /// Exact, if keys equal themselves.
    fn size_hint(&self) -> (usize, Option<usize>) {
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

/// Says how many entries are left to remove.
impl<K, V, S> fmt::Debug for ExtractIf<'_, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExtractIf").field("left", &self.picked.len()).finish()
    }
}
