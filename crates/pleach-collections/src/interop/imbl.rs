//! Conversions from and to the maps and sets of `imbl`, of any pointer type. O(n) each: the two share no nodes.

use crate::{Map, Set};
use imbl::shared_ptr::SharedPointerKind;
use imbl::{GenericHashMap, GenericHashSet};
use std::hash::{BuildHasher, Hash};

/// O(n). With the default hasher: `imbl`'s has a seed for each map, and is not the fastest.
impl<K, V, S, P> From<GenericHashMap<K, V, S, P>> for Map<K, V>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Clone,
    P: SharedPointerKind,
{
    fn from(map: GenericHashMap<K, V, S, P>) -> Self {
        map.into_iter().collect()
    }
}

/// O(n).
impl<K, V, S, P> From<&GenericHashMap<K, V, S, P>> for Map<K, V>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Clone,
    P: SharedPointerKind,
{
    fn from(map: &GenericHashMap<K, V, S, P>) -> Self {
        let mut copy = Self::new();
        copy.extend(map);
        copy
    }
}

/// O(n). Entries that another map shares are cloned.
impl<K, V, S, S2, P> From<Map<K, V, S>> for GenericHashMap<K, V, S2, P>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S2: BuildHasher + Default + Clone,
    P: SharedPointerKind,
{
    fn from(map: Map<K, V, S>) -> Self {
        map.into_iter().collect()
    }
}

/// O(n).
impl<K, V, S, S2, P> From<&Map<K, V, S>> for GenericHashMap<K, V, S2, P>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S2: BuildHasher + Default + Clone,
    P: SharedPointerKind,
{
    fn from(map: &Map<K, V, S>) -> Self {
        map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

/// O(n). With the default hasher, as for maps.
impl<T, S, P> From<GenericHashSet<T, S, P>> for Set<T>
where
    T: Hash + Eq + Clone,
    S: BuildHasher + Clone,
    P: SharedPointerKind,
{
    fn from(set: GenericHashSet<T, S, P>) -> Self {
        set.into_iter().collect()
    }
}

/// O(n).
impl<T, S, P> From<&GenericHashSet<T, S, P>> for Set<T>
where
    T: Hash + Eq + Clone,
    S: BuildHasher + Clone,
    P: SharedPointerKind,
{
    fn from(set: &GenericHashSet<T, S, P>) -> Self {
        set.iter().cloned().collect()
    }
}

/// O(n). Items that another set shares are cloned.
impl<T, S, S2, P> From<Set<T, S>> for GenericHashSet<T, S2, P>
where
    T: Hash + Eq + Clone,
    S2: BuildHasher + Default + Clone,
    P: SharedPointerKind,
{
    fn from(set: Set<T, S>) -> Self {
        set.into_iter().collect()
    }
}

/// O(n).
impl<T, S, S2, P> From<&Set<T, S>> for GenericHashSet<T, S2, P>
where
    T: Hash + Eq + Clone,
    S2: BuildHasher + Default + Clone,
    P: SharedPointerKind,
{
    fn from(set: &Set<T, S>) -> Self {
        set.iter().cloned().collect()
    }
}
