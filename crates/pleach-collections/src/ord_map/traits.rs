//! Implementations of `std`'s traits for [`OrdMap`].

use super::OrdMap;
use crate::btree::{Builder, Pair};
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::{Index, IndexMut};
use equivalent::Comparable;
#[cfg(feature = "std")]
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// O(1): increments a reference count.
impl<K, V> Clone for OrdMap<K, V> {
    #[inline]
    fn clone(&self) -> Self {
        Self {
            root: self.root.clone(),
        }
    }
}

impl<K, V> Default for OrdMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for OrdMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

/// O(d · log n), where d is the number of entries in nodes that the maps don't share. Shared entries are taken to equal
/// themselves.
impl<K: Ord, V: PartialEq> PartialEq for OrdMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        let is_same = |pair| matches!(pair, Pair::Both((_, a), (_, b)) if a == b);
        self.len() == other.len() && self.zip(other).all(is_same)
    }
}

impl<K: Ord, V: Eq> Eq for OrdMap<K, V> {}

/// Compares the maps as sequences of entries, as `BTreeMap` does: the first difference decides. Costs the same as `==`.
///
/// ```
/// use pleach_collections::OrdMap;
///
/// assert!(OrdMap::from([("a", 1), ("b", 2)]) < OrdMap::from([("a", 1), ("b", 3)]));
/// assert!(OrdMap::from([("a", 9)]) < OrdMap::from([("a", 9), ("b", 0)]));
/// ```
impl<K: Ord, V: Ord> Ord for OrdMap<K, V> {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(self, other, |a, b| Some(a.cmp(b))).unwrap_or(Ordering::Equal)
    }
}

/// Compares as `Ord` does, at the same cost; `None` if the values of the first difference are unordered.
///
/// ```
/// use pleach_collections::OrdMap;
///
/// assert!(OrdMap::from([("a", 1.0)]) < OrdMap::from([("a", 1.5)]));
/// assert_eq!(OrdMap::from([("a", 1.0)]).partial_cmp(&OrdMap::from([("a", f64::NAN)])), None);
/// ```
impl<K: Ord, V: PartialOrd> PartialOrd for OrdMap<K, V> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        compare(self, other, V::partial_cmp)
    }
}

fn compare<K: Ord, V>(
    a: &OrdMap<K, V>,
    b: &OrdMap<K, V>,
    cmp: impl Fn(&V, &V) -> Option<Ordering>,
) -> Option<Ordering> {
    // Where one map has the key, the other continues with a greater one, or has ended.
    let continues = |map: &OrdMap<K, V>, key: &K| map.last_key_value().is_some_and(|(last, _)| last > key);
    for pair in a.zip(b) {
        match pair {
            Pair::Both((_, x), (_, y)) => match cmp(x, y) {
                Some(Ordering::Equal) => {}
                order => return order,
            },
            Pair::Left((key, _)) if continues(b, key) => return Some(Ordering::Less),
            Pair::Left(_) => return Some(Ordering::Greater),
            Pair::Right((key, _)) if continues(a, key) => return Some(Ordering::Greater),
            Pair::Right(_) => return Some(Ordering::Less),
        }
    }
    Some(Ordering::Equal)
}

/// O(n). Hashes the length and the entries in their order, as `BTreeMap` does.
impl<K: Hash, V: Hash> Hash for OrdMap<K, V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.len());
        for entry in self {
            entry.hash(state);
        }
    }
}

/// O(log n).
///
/// # Panics
/// Panics if the key is missing.
impl<Q: Comparable<K> + ?Sized, K, V> Index<&Q> for OrdMap<K, V> {
    type Output = V;

    #[allow(clippy::expect_used, reason = "the contract of Index, as in std")]
    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("no entry found for key")
    }
}

/// O(log n).
///
/// # Panics
/// Panics if the key is missing.
impl<Q: Comparable<K> + ?Sized, K: Clone, V: Clone> IndexMut<&Q> for OrdMap<K, V> {
    #[allow(clippy::expect_used, reason = "the contract of IndexMut, as in im")]
    fn index_mut(&mut self, key: &Q) -> &mut V {
        self.get_mut(key).expect("no entry found for key")
    }
}

/// Inserts entries. A stored key is not replaced; of equal new keys the first is stored; either gets the last value. If
/// the iterator panics, the entries that it yielded before are in the map.
///
/// O(m · log n) for m entries; with the feature `std` an empty map is built as by `collect`, which costs less.
impl<K: Ord + Clone, V: Clone> Extend<(K, V)> for OrdMap<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        // A panic of the iterator is caught, which takes the standard library.
        #[cfg(feature = "std")]
        if self.is_empty() {
            let mut items = Vec::new();
            let end = catch_unwind(AssertUnwindSafe(|| items.extend(entries)));
            *self = Self::collected(items);
            if let Err(panic) = end {
                resume_unwind(panic);
            }
            return;
        }
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<'a, K: Ord + Clone + 'a, V: Clone + 'a> Extend<(&'a K, &'a V)> for OrdMap<K, V> {
    fn extend<I: IntoIterator<Item = (&'a K, &'a V)>>(&mut self, entries: I) {
        self.extend(entries.into_iter().map(|(key, value)| (key.clone(), value.clone())));
    }
}

/// O(n) if the keys rise, else O(n log n). Of equal keys the first is stored, with the last value.
impl<K: Ord + Clone, V: Clone> FromIterator<(K, V)> for OrdMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Self::collected(entries.into_iter().collect())
    }
}

impl<K: Ord + Clone, V: Clone> OrdMap<K, V> {
    /// Builds a map of entries in any order.
    pub(super) fn collected(mut entries: Vec<(K, V)>) -> Self {
        if !entries.is_sorted_by(|a, b| a.0 < b.0) {
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            // The first of equal keys is retained, so its value becomes the last one.
            entries.dedup_by(|next, first| {
                let is_equal = next.0 == first.0;
                if is_equal {
                    core::mem::swap(&mut next.1, &mut first.1);
                }
                is_equal
            });
        }
        let mut builder = Builder::new();
        builder.extend(entries);
        Self { root: builder.finish() }
    }
}
