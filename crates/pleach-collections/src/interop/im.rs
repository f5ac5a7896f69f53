//! Conversions from and to the maps and sets of `im`. O(n) each: the two share no nodes.
//!
//! For programs that hold `im`'s maps. `im` is archived, and has open advisories: RUSTSEC-2026-0248 (unmaintained) and
//! RUSTSEC-2023-0126 (an aliasing violation in `OrdSet`). New code had better use `imbl`, and the feature of that name.

use crate::{Map, Set};
use std::hash::{BuildHasher, Hash};

/// O(n). With the default hasher: `im`'s has a seed for each map, and is not the fastest.
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

/// O(n). Entries that another map shares are cloned.
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

/// O(n). With the default hasher, as for maps.
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

/// O(n). Items that another set shares are cloned.
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
