//! Submap and disjointness tests.

use super::OrdMap;
use crate::btree::{Pair, Zip};
use core::ptr;

/// The minimal ratio of sizes at which a map is searched for in the other key by key: the walk over the difference
/// would visit all that only the other has.
const MIN_SEARCH_RATIO: usize = 8;

impl<K: Ord, V> OrdMap<K, V> {
    /// Returns `true` if `other` has all entries of this map. O(d · log n), where d is the number of entries in nodes
    /// that the maps don't share.
    ///
    /// ```
    /// let map = pleach_collections::OrdMap::from([("a", 1)]);
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
    /// same as [`is_submap`](OrdMap::is_submap).
    ///
    /// `fits` isn't called for all shared entries, so **`fits(v, v)` must be true**.
    ///
    /// ```
    /// use pleach_collections::OrdMap;
    ///
    /// let (low, high) = (OrdMap::from([("a", 1)]), OrdMap::from([("a", 2), ("b", 2)]));
    /// assert!(low.is_submap_by(&high, |a, b| a <= b));
    /// assert!(!high.is_submap_by(&low, |a, b| a <= b));
    /// ```
    pub fn is_submap_by(&self, other: &Self, fits: impl Fn(&V, &V) -> bool) -> bool {
        if self.len() > other.len() {
            return false;
        }
        if self.len() < other.len() / MIN_SEARCH_RATIO {
            // A shared value fits itself, as in the walk.
            let fits = |a: &V, b: &V| ptr::eq(a, b) || fits(a, b);
            return self.iter().all(|(key, a)| other.get(key).is_some_and(|b| fits(a, b)));
        }
        self.zip(other).all(|pair| match pair {
            Pair::Left(_) => false,
            Pair::Right(_) => true,
            Pair::Both((_, a), (_, b)) => fits(a, b),
        })
    }

    /// Returns `true` if [`is_submap`](OrdMap::is_submap) holds and `other` has more keys. Costs the same.
    ///
    /// ```
    /// let map = pleach_collections::OrdMap::from([("a", 1)]);
    /// assert!(map.is_proper_submap(&map.update("b", 2)));
    /// assert!(!map.is_proper_submap(&map));
    /// ```
    pub fn is_proper_submap(&self, other: &Self) -> bool
    where
        V: PartialEq,
    {
        self.len() < other.len() && self.is_submap(other)
    }

    /// Returns `true` if [`is_submap_by`](OrdMap::is_submap_by) holds and `other` has more keys. Costs the same;
    /// **`fits(v, v)` must be true**.
    ///
    /// ```
    /// use pleach_collections::OrdMap;
    ///
    /// let (low, high) = (OrdMap::from([("a", 1)]), OrdMap::from([("a", 2), ("b", 2)]));
    /// assert!(low.is_proper_submap_by(&high, |a, b| a <= b));
    /// ```
    pub fn is_proper_submap_by(&self, other: &Self, fits: impl Fn(&V, &V) -> bool) -> bool {
        self.len() < other.len() && self.is_submap_by(other, fits)
    }

    /// Returns `true` if no key is in both maps. O(min(d, m · log n)), where d is the number of entries in nodes that the
    /// maps don't share, and m the length of the smaller; O(log n) if all keys of one are less than those of the other.
    ///
    /// ```
    /// use pleach_collections::OrdMap;
    ///
    /// let (a, b) = (OrdMap::from([("a", 1)]), OrdMap::from([("b", 1)]));
    /// assert!(a.is_disjoint(&b));
    /// assert!(!a.is_disjoint(&a));
    /// ```
    pub fn is_disjoint(&self, other: &Self) -> bool {
        if self.order(other).is_some() {
            return true;
        }
        let (small, large) = if self.len() < other.len() {
            (self, other)
        } else {
            (other, self)
        };
        if small.len() < large.len() / MIN_SEARCH_RATIO {
            return !small.keys().any(|key| large.contains_key(key));
        }
        let mut zip = Zip::new(self.root.as_ref(), other.root.as_ref());
        while let Some(pair) = zip.next(|a, b| a.0.cmp(&b.0)) {
            if zip.skipped() || matches!(pair, Pair::Both(..)) {
                return false;
            }
        }
        !zip.skipped()
    }
}
