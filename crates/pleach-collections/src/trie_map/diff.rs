//! The difference of two maps, key by key.

use super::TrieMap;
use crate::trie::Differences;
use alloc::vec::Vec;
use core::fmt;
use core::iter::FusedIterator;

impl<V> TrieMap<V> {
    /// Returns the changes that lead from this map to `new`, in the order of their keys. Lazy: costs what the maps don't
    /// share, as far as the iterator goes.
    ///
    /// ```
    /// use pleach_collections::trie_map::{Change, TrieMap};
    ///
    /// let old = TrieMap::from([("a", 1), ("b", 2)]);
    /// let mut new = old.clone();
    /// new.insert("a", 3);
    /// let changes: Vec<_> = old.diff(&new).collect();
    /// assert_eq!(changes, [Change::Changed { key: b"a".to_vec(), old: &1, new: &3 }]);
    /// ```
    pub fn diff<'a>(&'a self, new: &'a Self) -> Diff<'a, V>
    where
        V: PartialEq,
    {
        self.diff_by(new, V::eq)
    }

    /// Returns the changes that lead from this map to `new`, where `is_same` says which values are equal. Values in nodes
    /// that both maps share are not compared.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// let old = pleach_collections::TrieMap::from([("a", Arc::new(1))]);
    /// let new = pleach_collections::TrieMap::from([("a", Arc::new(1))]);
    /// assert_eq!(old.diff_by(&new, Arc::ptr_eq).count(), 1);
    /// ```
    pub fn diff_by<'a>(&'a self, new: &'a Self, is_same: fn(&V, &V) -> bool) -> Diff<'a, V> {
        Diff {
            differences: self.differences(new),
            is_same,
        }
    }

    pub(super) fn differences<'a>(&'a self, new: &'a Self) -> Differences<'a, V> {
        Differences::new(self.root.as_ref(), new.root.as_ref())
    }
}

/// One difference between two maps: see [`TrieMap::diff`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Change<K, V> {
    /// Only the new map has the key.
    Added {
        /// The key.
        key: K,
        /// Its value in the new map.
        new: V,
    },
    /// Only the old map has the key.
    Removed {
        /// The key.
        key: K,
        /// Its value in the old map.
        old: V,
    },
    /// The key has another value.
    Changed {
        /// The key.
        key: K,
        /// Its value in the old map.
        old: V,
        /// Its value in the new map.
        new: V,
    },
}

impl<K, V> Change<K, V> {
    fn new(key: K, values: (Option<V>, Option<V>)) -> Self {
        match values {
            (Some(old), Some(new)) => Self::Changed { key, old, new },
            (Some(old), None) => Self::Removed { key, old },
            (None, Some(new)) => Self::Added { key, new },
            (None, None) => unreachable!("a difference is of something"),
        }
    }

    /// Returns the key.
    pub fn key(&self) -> &K {
        match self {
            Self::Added { key, .. } | Self::Removed { key, .. } | Self::Changed { key, .. } => key,
        }
    }
}

/// An iterator over the differences of two maps: see [`TrieMap::diff`].
pub struct Diff<'a, V> {
    differences: Differences<'a, V>,
    is_same: fn(&V, &V) -> bool,
}

impl<'a, V> Diff<'a, V> {
    /// Returns the next change, with a key that is borrowed from the iterator: allocates nothing.
    ///
    /// ```
    /// use pleach_collections::trie_map::{Change, TrieMap};
    ///
    /// let (old, new) = (TrieMap::from([("a", 1)]), TrieMap::from([("b", 2)]));
    /// let mut diff = old.diff(&new);
    /// assert_eq!(diff.next_borrowed(), Some(Change::Removed { key: &b"a"[..], old: &1 }));
    /// assert_eq!(diff.next_borrowed(), Some(Change::Added { key: &b"b"[..], new: &2 }));
    /// assert_eq!(diff.next_borrowed(), None);
    /// ```
    pub fn next_borrowed(&mut self) -> Option<Change<&[u8], &'a V>> {
        let (key, values) = self.differences.next(self.is_same)?;
        Some(Change::new(key, values))
    }

    /// The number of nodes that were entered.
    #[doc(hidden)]
    pub fn entered(&self) -> usize {
        self.differences.entered()
    }
}

impl<'a, V> Iterator for Diff<'a, V> {
    type Item = Change<Vec<u8>, &'a V>;

    fn next(&mut self) -> Option<Self::Item> {
        let (key, values) = self.differences.next(self.is_same)?;
        Some(Change::new(key.to_vec(), values))
    }
}

impl<V> FusedIterator for Diff<'_, V> {}

impl<V> fmt::Debug for Diff<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Diff").finish_non_exhaustive()
    }
}
