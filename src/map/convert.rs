//! Conversions from and to the collections of `std`.
//!
//! Into a map with the default hasher, as `std` does from arrays: another hasher could not be inferred. `collect` makes
//! a map with any.

use super::Map;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};

/// O(n). Of equal keys the first stays, with the last value.
impl<K, V, const N: usize> From<[(K, V); N]> for Map<K, V>
where
    K: Hash + Eq + Clone,
    V: Clone,
{
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

/// O(n). Of equal keys the first stays, with the last value.
impl<K, V> From<Vec<(K, V)>> for Map<K, V>
where
    K: Hash + Eq + Clone,
    V: Clone,
{
    fn from(entries: Vec<(K, V)>) -> Self {
        entries.into_iter().collect()
    }
}

/// O(n).
impl<K, V, S> From<HashMap<K, V, S>> for Map<K, V>
where
    K: Hash + Eq + Clone,
    V: Clone,
{
    fn from(map: HashMap<K, V, S>) -> Self {
        map.into_iter().collect()
    }
}

/// O(n).
impl<K, V, S> From<&HashMap<K, V, S>> for Map<K, V>
where
    K: Hash + Eq + Clone,
    V: Clone,
{
    fn from(map: &HashMap<K, V, S>) -> Self {
        let mut copy = Self::new();
        copy.extend(map);
        copy
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

/// O(n). Entries that another map shares are cloned.
impl<K, V, S, S2> From<Map<K, V, S>> for HashMap<K, V, S2>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S2: BuildHasher + Default,
{
    fn from(map: Map<K, V, S>) -> Self {
        map.into_iter().collect()
    }
}

/// O(n log n). Entries that another map shares are cloned.
impl<K, V, S> From<Map<K, V, S>> for BTreeMap<K, V>
where
    K: Ord + Clone,
    V: Clone,
{
    fn from(map: Map<K, V, S>) -> Self {
        map.into_iter().collect()
    }
}
