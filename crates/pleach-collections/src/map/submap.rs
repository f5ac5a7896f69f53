//! Submap and disjointness tests.

use super::Map;
use crate::hamt::{self, Change};
use core::hash::{BuildHasher, Hash};

/// The minimal ratio of sizes at which a map is searched for in the other key by key: the walk over the difference
/// would visit all that only the other has.
const MIN_SEARCH_RATIO: usize = 8;

impl<K: Hash + Eq + Clone, V: Clone, S: BuildHasher> Map<K, V, S> {
    /// Returns `true` if `other` has all entries of this map. O(d · log n), where d is the number of entries that the
    /// maps don't share.
    ///
    /// ```
    /// let map = pleach_collections::Map::from([("a", 1)]);
    /// assert!(map.is_submap(&map.update("b", 2)));
    /// assert!(!map.is_submap(&map.update("a", 2)));
    /// ```
    pub fn is_submap(&self, other: &Self) -> bool
    where
        V: PartialEq,
    {
        self.is_submap_by(other, V::eq)
    }

    /// Returns `true` if `other` has all keys of this map, with values such that `fits(value, other_value)`. Costs the
    /// same as [`is_submap`](Map::is_submap).
    ///
    /// `fits` isn't called for all shared entries, so **`fits(v, v)` must be true**.
    ///
    /// ```
    /// use pleach_collections::Map;
    ///
    /// let (low, high) = (Map::from([("a", 1)]), Map::from([("a", 2), ("b", 2)]));
    /// assert!(low.is_submap_by(&high, |a, b| a <= b));
    /// assert!(!high.is_submap_by(&low, |a, b| a <= b));
    /// ```
    pub fn is_submap_by(&self, other: &Self, fits: impl Fn(&V, &V) -> bool) -> bool {
        if self.len() > other.len() {
            return false;
        }
        if !self.hashing.same_as(&other.hashing) || self.len() < other.len() / MIN_SEARCH_RATIO {
            return self.iter().all(|(key, a)| other.get(key).is_some_and(|b| fits(a, b)));
        }
        // A change is an entry that doesn't fit.
        let (a, b) = (self.root.as_ref(), other.root.as_ref());
        let changes = hamt::diff(a, b, &self.hashing, fits);
        changes.iter().all(|change| matches!(change, Change::Added(_)))
    }

    /// Returns `true` if [`is_submap`](Map::is_submap) holds and `other` has more keys. Costs the same.
    ///
    /// ```
    /// let map = pleach_collections::Map::from([("a", 1)]);
    /// assert!(map.is_proper_submap(&map.update("b", 2)));
    /// assert!(!map.is_proper_submap(&map));
    /// ```
    pub fn is_proper_submap(&self, other: &Self) -> bool
    where
        V: PartialEq,
    {
        self.len() < other.len() && self.is_submap(other)
    }

    /// Returns `true` if [`is_submap_by`](Map::is_submap_by) holds and `other` has more keys. Costs the same;
    /// **`fits(v, v)` must be true**.
    ///
    /// ```
    /// use pleach_collections::Map;
    ///
    /// let (low, high) = (Map::from([("a", 1)]), Map::from([("a", 2), ("b", 2)]));
    /// assert!(low.is_proper_submap_by(&high, |a, b| a <= b));
    /// ```
    pub fn is_proper_submap_by(&self, other: &Self, fits: impl Fn(&V, &V) -> bool) -> bool {
        self.len() < other.len() && self.is_submap_by(other, fits)
    }

    /// Returns `true` if no key is in both maps. O(min(d, m) · log n), where d is the number of entries that the maps
    /// don't share, and m the length of the smaller.
    ///
    /// ```
    /// use pleach_collections::Map;
    ///
    /// let (a, b) = (Map::from([("a", 1)]), Map::from([("b", 1)]));
    /// assert!(a.is_disjoint(&b));
    /// assert!(!a.is_disjoint(&a));
    /// ```
    pub fn is_disjoint(&self, other: &Self) -> bool {
        let (small, large) = if self.len() < other.len() {
            (self, other)
        } else {
            (other, self)
        };
        // The first shared key ends the search, so at most the unshared ones are searched.
        !small.keys().any(|key| large.contains_key(key))
    }
}
