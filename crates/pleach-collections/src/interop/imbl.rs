//! Conversions from and to the maps, sets and vectors of `imbl`, of any pointer type, in O(n).

use crate::{Map, OrdMap, OrdSet, Set, Vector};
use core::hash::{BuildHasher, Hash};
use imbl::shared_ptr::SharedPointerKind;
use imbl::{GenericHashMap, GenericHashSet, GenericOrdMap, GenericOrdSet, GenericVector};

/// O(n). The map gets the default hasher.
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

/// O(n). Clones the entries that another map shares.
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

/// O(n). The set gets the default hasher.
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

/// O(n). Clones the items that another set shares.
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

/// O(n).
impl<K: Ord + Clone, V: Clone, P: SharedPointerKind> From<GenericOrdMap<K, V, P>> for OrdMap<K, V> {
    fn from(map: GenericOrdMap<K, V, P>) -> Self {
        map.into_iter().collect()
    }
}

/// O(n). Clones the entries.
impl<K: Ord + Clone, V: Clone, P: SharedPointerKind> From<&GenericOrdMap<K, V, P>> for OrdMap<K, V> {
    fn from(map: &GenericOrdMap<K, V, P>) -> Self {
        map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

/// O(n log n). Clones the entries that another map shares.
impl<K: Ord + Clone, V: Clone, P: SharedPointerKind> From<OrdMap<K, V>> for GenericOrdMap<K, V, P> {
    fn from(map: OrdMap<K, V>) -> Self {
        map.into_iter().collect()
    }
}

/// O(n log n). Clones the entries.
impl<K: Ord + Clone, V: Clone, P: SharedPointerKind> From<&OrdMap<K, V>> for GenericOrdMap<K, V, P> {
    fn from(map: &OrdMap<K, V>) -> Self {
        map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

/// O(n).
impl<T: Ord + Clone, P: SharedPointerKind> From<GenericOrdSet<T, P>> for OrdSet<T> {
    fn from(set: GenericOrdSet<T, P>) -> Self {
        set.into_iter().collect()
    }
}

/// O(n). Clones the items.
impl<T: Ord + Clone, P: SharedPointerKind> From<&GenericOrdSet<T, P>> for OrdSet<T> {
    fn from(set: &GenericOrdSet<T, P>) -> Self {
        set.iter().cloned().collect()
    }
}

/// O(n log n). Clones the items that another set shares.
impl<T: Ord + Clone, P: SharedPointerKind> From<OrdSet<T>> for GenericOrdSet<T, P> {
    fn from(set: OrdSet<T>) -> Self {
        set.into_iter().collect()
    }
}

/// O(n log n). Clones the items.
impl<T: Ord + Clone, P: SharedPointerKind> From<&OrdSet<T>> for GenericOrdSet<T, P> {
    fn from(set: &OrdSet<T>) -> Self {
        set.iter().cloned().collect()
    }
}

/// O(n).
impl<T: Clone, P: SharedPointerKind> From<GenericVector<T, P>> for Vector<T> {
    fn from(vector: GenericVector<T, P>) -> Self {
        vector.into_iter().collect()
    }
}

/// O(n). Clones the items.
impl<T: Clone, P: SharedPointerKind> From<&GenericVector<T, P>> for Vector<T> {
    fn from(vector: &GenericVector<T, P>) -> Self {
        vector.iter().cloned().collect()
    }
}

/// O(n). Clones the items that another vector shares.
impl<T: Clone, P: SharedPointerKind> From<Vector<T>> for GenericVector<T, P> {
    fn from(vector: Vector<T>) -> Self {
        vector.into_iter().collect()
    }
}

/// O(n). Clones the items.
impl<T: Clone, P: SharedPointerKind> From<&Vector<T>> for GenericVector<T, P> {
    fn from(vector: &Vector<T>) -> Self {
        vector.iter().cloned().collect()
    }
}
