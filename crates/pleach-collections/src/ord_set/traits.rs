//! Implementations of `std`'s traits for [`OrdSet`].

use super::OrdSet;
use crate::Set;
use crate::ord_map::OrdMap;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

/// O(1): increments a reference count.
impl<T> Clone for OrdSet<T> {
    fn clone(&self) -> Self {
        Self { map: self.map.clone() }
    }
}

impl<T> Default for OrdSet<T> {
    fn default() -> Self {
        Self { map: OrdMap::default() }
    }
}

impl<T: fmt::Debug> fmt::Debug for OrdSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Costs the same as `==` of [`OrdMap`].
impl<T: Ord> PartialEq for OrdSet<T> {
    fn eq(&self, other: &Self) -> bool {
        self.map == other.map
    }
}

impl<T: Ord> Eq for OrdSet<T> {}

/// Compares the sets as sequences of items, as `BTreeSet` does: see `Ord` of [`OrdMap`], for costs too.
///
/// ```
/// use pleach_collections::OrdSet;
///
/// assert!(OrdSet::from([1, 2]) < OrdSet::from([1, 3]));
/// assert!(OrdSet::from([1]) < OrdSet::from([1, 2]));
/// ```
impl<T: Ord> Ord for OrdSet<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.map.cmp(&other.map)
    }
}

/// Compares as `Ord` does.
impl<T: Ord> PartialOrd for OrdSet<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// O(n). Hashes the length and the items in their order, as `BTreeSet` does.
impl<T: Hash> Hash for OrdSet<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.len());
        self.iter().for_each(|item| item.hash(state));
    }
}

impl<T: Ord + Clone> Extend<T> for OrdSet<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        self.map.extend(items.into_iter().map(|item| (item, ())));
    }
}

impl<'a, T: Ord + Clone + 'a> Extend<&'a T> for OrdSet<T> {
    fn extend<I: IntoIterator<Item = &'a T>>(&mut self, items: I) {
        self.extend(items.into_iter().cloned());
    }
}

impl<T: Ord + Clone> FromIterator<T> for OrdSet<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self {
            map: items.into_iter().map(|item| (item, ())).collect(),
        }
    }
}

/// O(n) if the items rise, else O(n log n).
impl<T: Ord + Clone, const N: usize> From<[T; N]> for OrdSet<T> {
    fn from(items: [T; N]) -> Self {
        items.into_iter().collect()
    }
}

/// O(n) if the items rise, else O(n log n).
impl<T: Ord + Clone> From<Vec<T>> for OrdSet<T> {
    fn from(items: Vec<T>) -> Self {
        items.into_iter().collect()
    }
}

/// O(n) if the items rise, else O(n log n). Clones the items.
impl<T: Ord + Clone> From<&[T]> for OrdSet<T> {
    fn from(items: &[T]) -> Self {
        items.iter().cloned().collect()
    }
}

/// O(n) if the items rise, else O(n log n). Clones the items.
impl<T: Ord + Clone> From<&Vec<T>> for OrdSet<T> {
    fn from(items: &Vec<T>) -> Self {
        Self::from(items.as_slice())
    }
}

/// O(n).
impl<T: Ord + Clone> From<BTreeSet<T>> for OrdSet<T> {
    fn from(items: BTreeSet<T>) -> Self {
        items.into_iter().collect()
    }
}

/// O(n). Clones the items.
impl<T: Ord + Clone> From<&BTreeSet<T>> for OrdSet<T> {
    fn from(items: &BTreeSet<T>) -> Self {
        items.iter().cloned().collect()
    }
}

/// O(n). Clones the items that another set shares. The set gets the default hasher.
impl<T: Hash + Eq + Clone> From<OrdSet<T>> for Set<T> {
    fn from(set: OrdSet<T>) -> Self {
        set.into_iter().collect()
    }
}

/// O(n log n). Clones the items that another set shares.
impl<T: Ord + Clone, S> From<Set<T, S>> for OrdSet<T> {
    fn from(set: Set<T, S>) -> Self {
        set.into_iter().collect()
    }
}

/// O(n). Clones the items that another set shares.
impl<T: Ord + Clone> From<OrdSet<T>> for BTreeSet<T> {
    fn from(set: OrdSet<T>) -> Self {
        set.into_iter().collect()
    }
}
