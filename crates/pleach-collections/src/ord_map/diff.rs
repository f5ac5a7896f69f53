//! The difference of two maps.

use super::{Change, OrdMap};
use crate::btree::{Key, Pair, Zip};
use core::fmt;
use core::iter::FusedIterator;

impl<K: Ord, V: PartialEq> OrdMap<K, V> {
    /// Returns an iterator over the changes from this map to `new`, in the order of the keys.
    ///
    /// O(d · log n), where d is the number of entries in nodes that the maps don't share. The iterator is lazy: it walks
    /// as far as it is asked.
    ///
    /// ```
    /// use pleach_collections::ord_map::{Change, OrdMap};
    ///
    /// let old = OrdMap::from([("a", 1), ("b", 2)]);
    /// let new = old.update("a", 3).without("b");
    /// let changes: Vec<_> = old.diff(&new).collect();
    /// assert_eq!(changes, [
    ///     Change::Changed { key: &"a", old: &1, new: &3 },
    ///     Change::Removed { key: &"b", old: &2 },
    /// ]);
    /// ```
    pub fn diff<'a>(&'a self, new: &'a Self) -> Diff<'a, K, V> {
        self.diff_by(new, V::eq)
    }
}

impl<K: Ord, V> OrdMap<K, V> {
    /// Returns an iterator over the changes from this map to `new`, where `is_same` compares values. Costs the same as
    /// [`diff`](OrdMap::diff); shared values are not compared.
    ///
    /// ```
    /// use pleach_collections::OrdMap;
    /// use std::sync::Arc;
    ///
    /// let old = OrdMap::from([("a", Arc::new(1)), ("b", Arc::new(2))]);
    /// let new = old.update("a", Arc::new(1));
    /// assert_eq!(old.diff_by(&new, Arc::ptr_eq).count(), 1);
    /// ```
    pub fn diff_by<'a, F: Fn(&V, &V) -> bool>(&'a self, new: &'a Self, is_same: F) -> Diff<'a, K, V, F> {
        Diff {
            zip: Zip::new(self.root.as_ref(), new.root.as_ref()),
            is_same,
        }
    }
}

/// An iterator over the differences of two maps, which [`OrdMap::diff`] returns.
pub struct Diff<'a, K, V, F = fn(&V, &V) -> bool> {
    zip: Zip<'a, (K, V), Key<K>>,
    is_same: F,
}

impl<K, V, F> Diff<'_, K, V, F> {
    /// The number of nodes that were opened.
    #[doc(hidden)]
    pub fn opened(&self) -> usize {
        self.zip.opened()
    }
}

impl<'a, K: Ord, V, F: Fn(&V, &V) -> bool> Iterator for Diff<'a, K, V, F> {
    type Item = Change<'a, K, V>;

    fn next(&mut self) -> Option<Change<'a, K, V>> {
        loop {
            return Some(match self.zip.next(|a, b| a.0.cmp(&b.0))? {
                Pair::Left((key, old)) => Change::Removed { key, old },
                Pair::Right((key, new)) => Change::Added { key, new },
                Pair::Both((key, old), (_, new)) if !(self.is_same)(old, new) => Change::Changed { key, old, new },
                Pair::Both(..) => continue,
            });
        }
    }
}

impl<K: Ord, V, F: Fn(&V, &V) -> bool> FusedIterator for Diff<'_, K, V, F> {}

impl<K, V, F: Clone> Clone for Diff<'_, K, V, F> {
    fn clone(&self) -> Self {
        Self {
            zip: self.zip.clone(),
            is_same: self.is_same.clone(),
        }
    }
}

impl<K, V, F> fmt::Debug for Diff<'_, K, V, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Diff").finish_non_exhaustive()
    }
}
