//! Conversions from and to the maps, sets and vectors of `im`, in O(n).
//!
//! `im` is archived, and has open advisories: RUSTSEC-2026-0248 (unmaintained) and RUSTSEC-2023-0126 (an aliasing
//! violation in `OrdSet`). New code should use `imbl`, and the feature of that name.

use crate::{Map, OrdMap, OrdSet, Set, Vector};
use core::hash::{BuildHasher, Hash};

/// O(n). The map gets the default hasher.
impl<K, V, S> From<im::HashMap<K, V, S>> for Map<K, V>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher,
{
    fn from(map: im::HashMap<K, V, S>) -> Self {
        map.into_iter().collect()
    }
}

/// O(n).
impl<K, V, S> From<&im::HashMap<K, V, S>> for Map<K, V>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher,
{
    fn from(map: &im::HashMap<K, V, S>) -> Self {
        let mut copy = Self::new();
        copy.extend(map);
        copy
    }
}

/// O(n). Clones the entries that another map shares.
impl<K, V, S, S2> From<Map<K, V, S>> for im::HashMap<K, V, S2>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S2: BuildHasher + Default,
{
    fn from(map: Map<K, V, S>) -> Self {
        map.into_iter().collect()
    }
}

/// O(n).
impl<K, V, S, S2> From<&Map<K, V, S>> for im::HashMap<K, V, S2>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S2: BuildHasher + Default,
{
    fn from(map: &Map<K, V, S>) -> Self {
        map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

/// O(n). The set gets the default hasher.
impl<T, S> From<im::HashSet<T, S>> for Set<T>
where
    T: Hash + Eq + Clone,
    S: BuildHasher,
{
    fn from(set: im::HashSet<T, S>) -> Self {
        set.into_iter().collect()
    }
}

/// O(n).
impl<T, S> From<&im::HashSet<T, S>> for Set<T>
where
    T: Hash + Eq + Clone,
    S: BuildHasher,
{
    fn from(set: &im::HashSet<T, S>) -> Self {
        set.iter().cloned().collect()
    }
}

/// O(n). Clones the items that another set shares.
impl<T, S, S2> From<Set<T, S>> for im::HashSet<T, S2>
where
    T: Hash + Eq + Clone,
    S2: BuildHasher + Default,
{
    fn from(set: Set<T, S>) -> Self {
        set.into_iter().collect()
    }
}

/// O(n).
impl<T, S, S2> From<&Set<T, S>> for im::HashSet<T, S2>
where
    T: Hash + Eq + Clone,
    S2: BuildHasher + Default,
{
    fn from(set: &Set<T, S>) -> Self {
        set.iter().cloned().collect()
    }
}

/// O(n).
impl<K: Ord + Clone, V: Clone> From<im::OrdMap<K, V>> for OrdMap<K, V> {
    fn from(map: im::OrdMap<K, V>) -> Self {
        map.into_iter().collect()
    }
}

/// O(n). Clones the entries.
impl<K: Ord + Clone, V: Clone> From<&im::OrdMap<K, V>> for OrdMap<K, V> {
    fn from(map: &im::OrdMap<K, V>) -> Self {
        map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

/// O(n log n). Clones the entries that another map shares.
impl<K: Ord + Clone, V: Clone> From<OrdMap<K, V>> for im::OrdMap<K, V> {
    fn from(map: OrdMap<K, V>) -> Self {
        map.into_iter().collect()
    }
}

/// O(n log n). Clones the entries.
impl<K: Ord + Clone, V: Clone> From<&OrdMap<K, V>> for im::OrdMap<K, V> {
    fn from(map: &OrdMap<K, V>) -> Self {
        map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

/// O(n).
impl<T: Ord + Clone> From<im::OrdSet<T>> for OrdSet<T> {
    fn from(set: im::OrdSet<T>) -> Self {
        set.into_iter().collect()
    }
}

/// O(n). Clones the items.
impl<T: Ord + Clone> From<&im::OrdSet<T>> for OrdSet<T> {
    fn from(set: &im::OrdSet<T>) -> Self {
        set.iter().cloned().collect()
    }
}

/// O(n log n). Clones the items that another set shares.
impl<T: Ord + Clone> From<OrdSet<T>> for im::OrdSet<T> {
    fn from(set: OrdSet<T>) -> Self {
        set.into_iter().collect()
    }
}

/// O(n log n). Clones the items.
impl<T: Ord + Clone> From<&OrdSet<T>> for im::OrdSet<T> {
    fn from(set: &OrdSet<T>) -> Self {
        set.iter().cloned().collect()
    }
}

/// O(n).
impl<T: Clone> From<im::Vector<T>> for Vector<T> {
    fn from(vector: im::Vector<T>) -> Self {
        vector.into_iter().collect()
    }
}

/// O(n). Clones the items.
impl<T: Clone> From<&im::Vector<T>> for Vector<T> {
    fn from(vector: &im::Vector<T>) -> Self {
        vector.iter().cloned().collect()
    }
}

/// O(n). Clones the items that another vector shares.
impl<T: Clone> From<Vector<T>> for im::Vector<T> {
    fn from(vector: Vector<T>) -> Self {
        vector.into_iter().collect()
    }
}

/// O(n). Clones the items.
impl<T: Clone> From<&Vector<T>> for im::Vector<T> {
    fn from(vector: &Vector<T>) -> Self {
        vector.iter().cloned().collect()
    }
}
