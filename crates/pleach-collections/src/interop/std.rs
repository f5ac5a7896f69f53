//! Conversions from and to the hash tables of `std`.

use crate::{Map, OrdMap, OrdSet, Set};
use core::hash::{BuildHasher, Hash};
use std::collections::{HashMap, HashSet};

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

/// O(n). Clones the entries that another map shares.
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

/// O(n log n).
impl<K: Ord + Clone, V: Clone, S> From<HashMap<K, V, S>> for OrdMap<K, V> {
    fn from(map: HashMap<K, V, S>) -> Self {
        map.into_iter().collect()
    }
}

/// O(n log n). Clones the entries.
impl<K: Ord + Clone, V: Clone, S> From<&HashMap<K, V, S>> for OrdMap<K, V> {
    fn from(map: &HashMap<K, V, S>) -> Self {
        map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

/// O(n). Clones the entries that another map shares.
impl<K: Hash + Eq + Clone, V: Clone, S: BuildHasher + Default> From<OrdMap<K, V>> for HashMap<K, V, S> {
    fn from(map: OrdMap<K, V>) -> Self {
        map.into_iter().collect()
    }
}

/// O(n).
impl<T: Hash + Eq + Clone, S> From<HashSet<T, S>> for Set<T> {
    fn from(items: HashSet<T, S>) -> Self {
        items.into_iter().collect()
    }
}

/// O(n).
impl<T: Hash + Eq + Clone, S> From<&HashSet<T, S>> for Set<T> {
    fn from(items: &HashSet<T, S>) -> Self {
        items.iter().cloned().collect()
    }
}

/// O(n). Clones the items that another set shares.
impl<T: Hash + Eq + Clone, S, S2: BuildHasher + Default> From<Set<T, S>> for HashSet<T, S2> {
    fn from(set: Set<T, S>) -> Self {
        set.into_iter().collect()
    }
}

/// O(n log n).
impl<T: Ord + Clone, S> From<HashSet<T, S>> for OrdSet<T> {
    fn from(items: HashSet<T, S>) -> Self {
        items.into_iter().collect()
    }
}

/// O(n log n). Clones the items.
impl<T: Ord + Clone, S> From<&HashSet<T, S>> for OrdSet<T> {
    fn from(items: &HashSet<T, S>) -> Self {
        items.iter().cloned().collect()
    }
}

/// O(n). Clones the items that another set shares.
impl<T: Hash + Eq + Clone, S: BuildHasher + Default> From<OrdSet<T>> for HashSet<T, S> {
    fn from(set: OrdSet<T>) -> Self {
        set.into_iter().collect()
    }
}
