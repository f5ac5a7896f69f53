//! How two maps relate.

use super::Map;
use super::ops::Op;
use crate::hamt::{self, Change};
use std::hash::{BuildHasher, Hash};

/// A map so many times smaller than the other is sought in it key by key: the walk over what differs would meet all that
/// only the other has.
const FEW: usize = 8;

impl<K: Hash + Eq + Clone, V: Clone, S: BuildHasher> Map<K, V, S> {
    /// Whether `other` has each of this map's keys, with an equal value.
    ///
    /// Costs O(d · log n), where d is the number of entries that the maps don't share.
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
        self.is_submap_by(other, |a, b| a == b)
    }

    /// Whether `other` has each of this map's keys, with a value that `fits` this map's (first).
    ///
    /// `fits` is not asked about entries that the maps share, so **`fits(v, v)` must be true**. It may be asked about
    /// some of them, though. Costs as [`is_submap`](Map::is_submap).
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
        if !self.hashing.is(&other.hashing) || self.len() < other.len() / FEW {
            return self.iter().all(|(key, a)| other.get(key).is_some_and(|b| fits(a, b)));
        }
        // The changes that `fits` calls changes.
        let (a, b) = (self.root.as_ref(), other.root.as_ref());
        let changes = hamt::diff(a, b, &Op::of(&self.hashing), fits);
        changes.iter().all(|change| matches!(change, Change::Added(_)))
    }

    /// Whether [`is_submap`](Map::is_submap) holds and `other` has more keys. Costs as that.
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

    /// Whether [`is_submap_by`](Map::is_submap_by) holds and `other` has more keys. **`fits(v, v)` must be true**. Costs as
    /// [`is_submap`](Map::is_submap).
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

    /// Whether no key is in both.
    ///
    /// Costs O(min(d, m) · log n), where d is the number of entries that the maps don't share, and m the length of the
    /// smaller.
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
        // The first key of what is shared ends the search, so it goes through what is not, at most.
        !small.keys().any(|key| large.contains_key(key))
    }
}
