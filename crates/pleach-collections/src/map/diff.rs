//! The difference of two maps.

use super::Map;
use crate::hamt;
use alloc::vec;
use alloc::vec::Vec;
use core::hash::{BuildHasher, Hash};
use core::iter::FusedIterator;

impl<K: Hash + Eq + Clone, V: PartialEq + Clone, S: BuildHasher> Map<K, V, S> {
    /// Returns an iterator over the changes from this map to `new`, in unspecified order.
    ///
    /// O(d · log n), where d is the number of entries that the maps don't share; O(n) if their
    /// [hashers](Map::with_hasher) differ.
    ///
    /// ```
    /// use pleach_collections::map::{Change, Map};
    ///
    /// let old = Map::from([("a", 1), ("b", 2)]);
    /// let new = old.update("a", 3);
    /// let changes: Vec<_> = old.diff(&new).collect();
    /// assert_eq!(changes, [Change::Changed { key: &"a", old: &1, new: &3 }]);
    /// ```
    pub fn diff<'a>(&'a self, new: &'a Self) -> Diff<'a, K, V> {
        self.diff_by(new, V::eq)
    }
}

impl<K: Hash + Eq + Clone, V: Clone, S: BuildHasher> Map<K, V, S> {
    /// Returns an iterator over the changes from this map to `new`, where `is_same` compares values. Costs the same as
    /// [`diff`](Map::diff); shared values are not compared.
    ///
    /// ```
    /// use pleach_collections::Map;
    /// use std::sync::Arc;
    ///
    /// let old = Map::from([("a", Arc::new(1)), ("b", Arc::new(2))]);
    /// let new = old.update("a", Arc::new(1));
    /// assert_eq!(old.diff_by(&new, Arc::ptr_eq).count(), 1);
    /// ```
    pub fn diff_by<'a>(&'a self, new: &'a Self, is_same: impl Fn(&V, &V) -> bool) -> Diff<'a, K, V> {
        if !self.hashing.same_as(&new.hashing) {
            return Diff(self.diff_by_keys(new, is_same).into_iter());
        }
        let changes = hamt::diff(self.root.as_ref(), new.root.as_ref(), &self.hashing, is_same);
        let changes = changes.into_iter().map(|change| match change {
            hamt::Change::Added((key, new)) => Change::Added { key, new },
            hamt::Change::Removed((key, old)) => Change::Removed { key, old },
            hamt::Change::Changed((key, old), (_, new)) => Change::Changed { key, old, new },
        });
        Diff(changes.collect::<Vec<_>>().into_iter())
    }

    fn diff_by_keys<'a>(&'a self, new: &'a Self, is_same: impl Fn(&V, &V) -> bool) -> Vec<Change<'a, K, V>> {
        let of_old = self.iter().filter_map(|(key, old)| match new.get(key) {
            None => Some(Change::Removed { key, old }),
            Some(new) => (!is_same(old, new)).then_some(Change::Changed { key, old, new }),
        });
        let added = new.iter().filter(|(key, _)| !self.contains_key(*key));
        of_old
            .chain(added.map(|(key, new)| Change::Added { key, new }))
            .collect()
    }
}

/// A difference between two maps, which [`Map::diff`] yields.
#[derive(Debug, PartialEq, Eq, Hash)]
pub enum Change<'a, K, V> {
    /// Only the new map has the key.
    Added {
        /// The key.
        key: &'a K,
        /// Its value in the new map.
        new: &'a V,
    },
    /// Only the old map has the key.
    Removed {
        /// The key.
        key: &'a K,
        /// Its value in the old map.
        old: &'a V,
    },
    /// Both maps have the key, with different values.
    Changed {
        /// The key, as the old map stores it.
        key: &'a K,
        /// Its value in the old map.
        old: &'a V,
        /// Its value in the new map.
        new: &'a V,
    },
}

impl<K, V> Clone for Change<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Change<'_, K, V> {}

/// An iterator over the differences of two maps, which [`Map::diff`] returns.
#[derive(Clone, Debug)]
pub struct Diff<'a, K, V>(vec::IntoIter<Change<'a, K, V>>);

impl<'a, K, V> Iterator for Diff<'a, K, V> {
    type Item = Change<'a, K, V>;

    fn next(&mut self) -> Option<Change<'a, K, V>> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<K, V> ExactSizeIterator for Diff<'_, K, V> {}
impl<K, V> FusedIterator for Diff<'_, K, V> {}
