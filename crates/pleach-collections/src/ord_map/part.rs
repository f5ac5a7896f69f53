//! Parts of a map, and the concatenation of maps.

use super::{Node, OrdMap};
use crate::btree;
use equivalent::Comparable;

impl<K: Clone, V: Clone> OrdMap<K, V> {
    /// Returns the first `index` entries, and the others. O(log n).
    pub(super) fn split_at(&self, index: usize) -> (Self, Self) {
        let (left, right) = self
            .root
            .as_ref()
            .map_or((None, None), |root| btree::split(root, index));
        (Self { root: left }, Self { root: right })
    }

    /// Returns the entries with keys less than `key`, and those with greater keys. O(log n).
    ///
    /// The parts share the nodes of this map, except for a path; see [`split_off`](OrdMap::split_off) and
    /// [`split_lookup`](OrdMap::split_lookup) for the entry of `key`.
    ///
    /// ```
    /// use pleach_collections::OrdMap;
    ///
    /// let map = OrdMap::from([(1, "a"), (2, "b"), (3, "c")]);
    /// assert_eq!(map.split(&2), (OrdMap::from([(1, "a")]), OrdMap::from([(3, "c")])));
    /// ```
    #[must_use]
    pub fn split<Q: Comparable<K> + ?Sized>(&self, key: &Q) -> (Self, Self) {
        let (less, _, greater) = self.split_lookup(key);
        (less, greater)
    }

    /// Returns the entries with keys less than `key`, the value of `key`, and the entries with greater keys. O(log n).
    ///
    /// ```
    /// use pleach_collections::OrdMap;
    ///
    /// let map = OrdMap::from([(1, "a"), (2, "b"), (3, "c")]);
    /// let (less, value, greater) = map.split_lookup(&2);
    /// assert_eq!((less.len(), value, greater.len()), (1, Some("b"), 1));
    /// ```
    #[must_use]
    pub fn split_lookup<Q: Comparable<K> + ?Sized>(&self, key: &Q) -> (Self, Option<V>, Self) {
        match self.position(key) {
            Err(index) => {
                let (less, greater) = self.split_at(index);
                (less, None, greater)
            }
            Ok(index) => {
                let (less, rest) = self.split_at(index);
                let value = rest.first_key_value().map(|(_, value)| value.clone());
                (less, value, rest.skip(1))
            }
        }
    }

    /// Removes and returns the entries with keys not less than `key`. O(log n), with clones of the entries of a few leaves.
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::from([(1, "a"), (2, "b"), (3, "c")]);
    /// let rest = map.split_off(&2);
    /// assert!(map.keys().eq(&[1]) && rest.keys().eq(&[2, 3]));
    /// ```
    #[must_use = "to drop the entries, `take` is enough"]
    pub fn split_off<Q: Comparable<K> + ?Sized>(&mut self, key: &Q) -> Self {
        let (less, rest) = self.split_at(self.rank(key));
        *self = less;
        rest
    }

    /// Returns the first `count` entries, or all. O(log n).
    ///
    /// ```
    /// let map = pleach_collections::OrdMap::from([(1, "a"), (2, "b"), (3, "c")]);
    /// assert!(map.take(2).keys().eq(&[1, 2]));
    /// ```
    #[must_use]
    pub fn take(&self, count: usize) -> Self {
        self.split_at(count).0
    }

    /// Returns the entries without the first `count`. O(log n).
    ///
    /// ```
    /// let map = pleach_collections::OrdMap::from([(1, "a"), (2, "b"), (3, "c")]);
    /// assert!(map.skip(2).keys().eq(&[3]));
    /// ```
    #[must_use]
    pub fn skip(&self, count: usize) -> Self {
        self.split_at(count).1
    }
}

impl<K: Ord + Clone, V: Clone> OrdMap<K, V> {
    /// Moves all entries of `other` into this map. The values of `other` replace those of equal keys. O(log n) if all keys
    /// of one map are less than those of the other, else as [`union`](OrdMap::union).
    ///
    /// ```
    /// use pleach_collections::OrdMap;
    ///
    /// let (mut map, mut other) = (OrdMap::from([(1, "a"), (2, "b")]), OrdMap::from([(2, "c"), (3, "d")]));
    /// map.append(&mut other);
    /// assert_eq!(map, OrdMap::from([(1, "a"), (2, "c"), (3, "d")]));
    /// assert!(other.is_empty());
    /// ```
    pub fn append(&mut self, other: &mut Self) {
        let all = self.union_with(other, |_, _, theirs| theirs.clone());
        let old = (std::mem::replace(self, all), std::mem::take(other));
        drop(old);
    }

    /// Returns the entries of both maps, if all keys of one are less than those of the other. O(log n).
    pub(super) fn concat(&self, other: &Self) -> Option<Self> {
        let (Some(ours), Some(theirs)) = (&self.root, &other.root) else {
            return Some(if self.is_empty() { other.clone() } else { self.clone() });
        };
        let is_before = |a: &Node<K, V>, b: &Node<K, V>| {
            let ends = btree::last(a).zip(btree::first(b));
            ends.is_some_and(|(last, first)| last.0 < first.0)
        };
        let (left, right) = if is_before(ours, theirs) {
            (self, other)
        } else if is_before(theirs, ours) {
            (other, self)
        } else {
            return None;
        };
        let root = btree::concat(left.root.clone(), right.root.clone());
        Some(Self { root })
    }
}
