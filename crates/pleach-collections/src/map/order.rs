//! The order of maps.

use super::Map;
use super::diff::Change;
use core::cmp::Ordering;
use core::hash::{BuildHasher, Hash};

impl<K: Hash + Ord + Clone, V: Clone, S: BuildHasher> Map<K, V, S> {
    /// Compares the maps' entries as sequences sorted by key, without sorting them: the least key with a difference
    /// decides, since the entries before it are equal.
    fn compare(
        &self,
        other: &Self,
        is_same: impl Fn(&V, &V) -> bool,
        compare: impl FnOnce(&V, &V) -> Option<Ordering>,
    ) -> Option<Ordering> {
        let least = self.diff_by(other, is_same).min_by(|a, b| a.key().cmp(b.key()));
        // Where one map has the key, the other continues with a greater one, or ends.
        let continues = |map: &Self, key: &K| map.keys().any(|other| other > key);
        match least {
            None => Some(Ordering::Equal),
            Some(Change::Changed { old, new, .. }) => compare(old, new),
            Some(Change::Removed { key, .. }) if continues(other, key) => Some(Ordering::Less),
            Some(Change::Removed { .. }) => Some(Ordering::Greater),
            Some(Change::Added { key, .. }) if continues(self, key) => Some(Ordering::Greater),
            Some(Change::Added { .. }) => Some(Ordering::Less),
        }
    }
}

impl<'a, K, V> Change<'a, K, V> {
    fn key(&self) -> &'a K {
        match self {
            Self::Added { key, .. } | Self::Removed { key, .. } | Self::Changed { key, .. } => key,
        }
    }
}

/// Compares the maps as sequences of entries sorted by key, as `BTreeMap` does, so that the order doesn't depend on
/// hashes.
///
/// O(d · log n), where d is the number of entries that the maps don't share; O(n) if their [hashers](Map::with_hasher)
/// differ. If the least key of a difference is in one map only, the other is searched for a greater one, in O(n) at
/// worst. Nothing is sorted or copied.
///
/// ```
/// use pleach_collections::Map;
///
/// assert!(Map::from([("a", 1), ("b", 2)]) < Map::from([("a", 1), ("b", 3)]));
/// assert!(Map::from([("a", 9)]) < Map::from([("a", 9), ("b", 0)]));
/// ```
impl<K: Hash + Ord + Clone, V: Ord + Clone, S: BuildHasher> Ord for Map<K, V, S> {
    fn cmp(&self, other: &Self) -> Ordering {
        let order = self.compare(other, V::eq, |a, b| Some(a.cmp(b)));
        order.unwrap_or(Ordering::Equal)
    }
}

/// Compares as `Ord` does, at the same cost; `None` if the values of the least key with a difference are unordered.
///
/// ```
/// use pleach_collections::Map;
///
/// assert!(Map::from([("a", 1.0)]) < Map::from([("a", 1.5)]));
/// assert_eq!(Map::from([("a", 1.0)]).partial_cmp(&Map::from([("a", f64::NAN)])), None);
/// ```
impl<K: Hash + Ord + Clone, V: PartialOrd + Clone, S: BuildHasher> PartialOrd for Map<K, V, S> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.compare(other, V::eq, V::partial_cmp)
    }
}
