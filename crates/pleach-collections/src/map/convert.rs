//! Conversions from and to the collections of `std`.
//!
//! Maps get the default hasher, as `std`'s from arrays do, since another could not be inferred; `collect` makes a map
//! with any.

use super::Map;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::hash::{BuildHasher, Hash};

/// O(n). Of equal keys the first is stored, with the last value.
impl<K, V, const N: usize> From<[(K, V); N]> for Map<K, V>
where
    K: Hash + Eq + Clone,
    V: Clone,
{
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

/// O(n). Of equal keys the first is stored, with the last value.
impl<K, V> From<Vec<(K, V)>> for Map<K, V>
where
    K: Hash + Eq + Clone,
    V: Clone,
{
    fn from(entries: Vec<(K, V)>) -> Self {
        entries.into_iter().collect()
    }
}

/// O(n). Clones the entries; of equal keys the first is stored, with the last value.
impl<K, V> From<&[(K, V)]> for Map<K, V>
where
    K: Hash + Eq + Clone,
    V: Clone,
{
    fn from(entries: &[(K, V)]) -> Self {
        entries.iter().cloned().collect()
    }
}

/// O(n). Clones the entries; of equal keys the first is stored, with the last value.
impl<K, V> From<&Vec<(K, V)>> for Map<K, V>
where
    K: Hash + Eq + Clone,
    V: Clone,
{
    fn from(entries: &Vec<(K, V)>) -> Self {
        Self::from(entries.as_slice())
    }
}

impl<K, V, S> Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher,
{
    /// Inserts entries as [`extend`](Extend::extend) does, with keys and values converted, as `extend` of `im` does.
    ///
    /// ```
    /// let mut map: pleach_collections::Map<String, u64> = pleach_collections::Map::new();
    /// map.extend_from([("a", 1_u32), ("b", 2)]);
    /// assert_eq!(map["b"], 2);
    /// ```
    pub fn extend_from<K2: Into<K>, V2: Into<V>>(&mut self, entries: impl IntoIterator<Item = (K2, V2)>) {
        self.extend(entries.into_iter().map(|(key, value)| (key.into(), value.into())));
    }
}

/// O(n).
impl<K, V> From<BTreeMap<K, V>> for Map<K, V>
where
    K: Hash + Eq + Clone,
    V: Clone,
{
    fn from(map: BTreeMap<K, V>) -> Self {
        map.into_iter().collect()
    }
}

/// O(n).
impl<K, V> From<&BTreeMap<K, V>> for Map<K, V>
where
    K: Hash + Eq + Clone,
    V: Clone,
{
    fn from(map: &BTreeMap<K, V>) -> Self {
        let mut copy = Self::new();
        copy.extend(map);
        copy
    }
}

/// O(n log n). Clones the entries that another map shares.
impl<K, V, S> From<Map<K, V, S>> for BTreeMap<K, V>
where
    K: Ord + Clone,
    V: Clone,
{
    fn from(map: Map<K, V, S>) -> Self {
        map.into_iter().collect()
    }
}
