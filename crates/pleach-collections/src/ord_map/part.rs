//! Parts of a map, and the concatenation of maps.

use super::combine::is_small;
use super::{Node, OrdMap};
use crate::btree;
use core::cmp::Ordering;
use core::mem;
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

impl<K: Ord, V> OrdMap<K, V> {
    /// Returns `Less` if all keys of this map are less than those of `other`, `Greater` if all are greater, and `None` if
    /// neither is so. O(log n).
    pub(super) fn order<W>(&self, other: &OrdMap<K, W>) -> Option<Ordering> {
        let ends = (self.first_key_value(), self.last_key_value());
        let other_ends = (other.first_key_value(), other.last_key_value());
        let ((Some(first), Some(last)), (Some(other_first), Some(other_last))) = (ends, other_ends) else {
            return Some(Ordering::Less);
        };
        if last.0 < other_first.0 {
            Some(Ordering::Less)
        } else if other_last.0 < first.0 {
            Some(Ordering::Greater)
        } else {
            None
        }
    }
}

impl<K: Ord + Clone, V: Clone> OrdMap<K, V> {
    /// Returns the entries of both maps, all keys of `other` being greater than those of this map. O(log n).
    ///
    /// [`union`](OrdMap::union) returns the same, and also accepts keys that interleave.
    ///
    /// # Panics
    /// Panics if the last key of this map isn't less than the first key of `other`.
    ///
    /// ```
    /// use pleach_collections::OrdMap;
    ///
    /// let (low, high) = (OrdMap::from([(1, "a"), (2, "b")]), OrdMap::from([(3, "c")]));
    /// assert_eq!(low.concat(&high), OrdMap::from([(1, "a"), (2, "b"), (3, "c")]));
    /// ```
    #[must_use]
    #[allow(clippy::panic, reason = "the contract")]
    pub fn concat(&self, other: &Self) -> Self {
        match self.order(other) {
            Some(Ordering::Less) => self.joined(other, Ordering::Less),
            _ => panic!("keys of the second map aren't greater in OrdMap::concat"),
        }
    }

    /// Returns the entries of both maps, which are in this order. O(log n).
    pub(super) fn joined(&self, other: &Self, order: Ordering) -> Self {
        let (left, right) = if order.is_gt() { (other, self) } else { (self, other) };
        let root = btree::concat(left.root.clone(), right.root.clone());
        Self { root }
    }

    /// Moves all entries of `other` into this map. The values of `other` replace those of equal keys. O(log n) if all keys
    /// of one map are less than those of the other, else as [`union`](OrdMap::union).
    ///
    /// If the types need a drop and no other map shares nodes with `other`, its entries are moved and not cloned: in
    /// O(m · log n), where m is the length of `other`. A panic in `Ord` or `Clone` may then leave `other` empty with only
    /// some of its entries in this map.
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
        if self.order(other).is_some() || !other.moves_entries() {
            let all = self.union_with(other, |_, _, theirs| theirs.clone());
            let old = (mem::replace(self, all), mem::take(other));
            drop(old);
        } else if is_small(self, other) {
            // The keys of this map stay, so the few entries of this map are cloned into the other.
            let mut all = mem::take(other);
            for (key, ours) in &*self {
                let value = all.remove(key).unwrap_or_else(|| ours.clone());
                all.insert(key.clone(), value);
            }
            *self = all;
        } else {
            for (key, value) in mem::take(other) {
                self.insert(key, value);
            }
        }
    }
}

impl<K, V> OrdMap<K, V> {
    /// Whether entries are to be moved and not cloned: clones are probably expensive, and no other map has the nodes.
    /// O(n / leaf length).
    pub(super) fn moves_entries(&self) -> bool {
        fn is_unshared<K, V>(node: &Node<K, V>) -> bool {
            !node.is_shared() && node.children().iter().all(is_unshared)
        }
        mem::needs_drop::<(K, V)>() && self.root.as_ref().is_some_and(is_unshared)
    }
}
