//! Conversions from and to the collections of `std`, and from [`Map`].

use super::OrdMap;
use crate::Map;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::hash::Hash;

/// O(n) if the keys rise, else O(n log n). Of equal keys the first is stored, with the last value.
impl<K: Ord + Clone, V: Clone, const N: usize> From<[(K, V); N]> for OrdMap<K, V> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

/// O(n) if the keys rise, else O(n log n). Of equal keys the first is stored, with the last value.
impl<K: Ord + Clone, V: Clone> From<Vec<(K, V)>> for OrdMap<K, V> {
    fn from(entries: Vec<(K, V)>) -> Self {
        Self::collected(entries)
    }
}

/// O(n) if the keys rise, else O(n log n). Clones the entries; of equal keys the first is stored, with the last value.
impl<K: Ord + Clone, V: Clone> From<&[(K, V)]> for OrdMap<K, V> {
    fn from(entries: &[(K, V)]) -> Self {
        entries.iter().cloned().collect()
    }
}

/// O(n) if the keys rise, else O(n log n). Clones the entries; of equal keys the first is stored, with the last value.
impl<K: Ord + Clone, V: Clone> From<&Vec<(K, V)>> for OrdMap<K, V> {
    fn from(entries: &Vec<(K, V)>) -> Self {
        Self::from(entries.as_slice())
    }
}

impl<K: Ord + Clone, V: Clone> OrdMap<K, V> {
    /// Inserts entries as [`extend`](Extend::extend) does, with keys and values converted, as `extend` of `im` does.
    ///
    /// ```
    /// let mut map: pleach_collections::OrdMap<String, u64> = pleach_collections::OrdMap::new();
    /// map.extend_from([("a", 1_u32), ("b", 2)]);
    /// assert_eq!(map["b"], 2);
    /// ```
    pub fn extend_from<K2: Into<K>, V2: Into<V>>(&mut self, entries: impl IntoIterator<Item = (K2, V2)>) {
        self.extend(entries.into_iter().map(|(key, value)| (key.into(), value.into())));
    }
}

/// O(n).
impl<K: Ord + Clone, V: Clone> From<BTreeMap<K, V>> for OrdMap<K, V> {
    fn from(map: BTreeMap<K, V>) -> Self {
        map.into_iter().collect()
    }
}

/// O(n). Clones the entries.
impl<K: Ord + Clone, V: Clone> From<&BTreeMap<K, V>> for OrdMap<K, V> {
    fn from(map: &BTreeMap<K, V>) -> Self {
        map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

/// O(n). Clones the entries that another map shares.
impl<K: Ord + Clone, V: Clone> From<OrdMap<K, V>> for BTreeMap<K, V> {
    fn from(map: OrdMap<K, V>) -> Self {
        map.into_iter().collect()
    }
}

/// O(n). Clones the entries that another map shares. The map gets the default hasher.
impl<K: Hash + Eq + Clone, V: Clone> From<OrdMap<K, V>> for Map<K, V> {
    fn from(map: OrdMap<K, V>) -> Self {
        map.into_iter().collect()
    }
}

/// O(n log n). Clones the entries that another map shares.
impl<K: Ord + Clone, V: Clone, S> From<Map<K, V, S>> for OrdMap<K, V> {
    fn from(map: Map<K, V, S>) -> Self {
        map.into_iter().collect()
    }
}
