//! Implementations of `std`'s traits for [`Set`].

use super::Set;
use crate::map::Map;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{BuildHasher, Hash, Hasher};

/// O(1): increments a reference count.
impl<T, S: Clone> Clone for Set<T, S> {
    fn clone(&self) -> Self {
        Self { map: self.map.clone() }
    }
}

impl<T, S: Default> Default for Set<T, S> {
    fn default() -> Self {
        Self { map: Map::default() }
    }
}

impl<T: fmt::Debug, S> fmt::Debug for Set<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Costs the same as `==` of [`Map`].
impl<T: Hash + Eq, S: BuildHasher, S2: BuildHasher> PartialEq<Set<T, S2>> for Set<T, S> {
    fn eq(&self, other: &Set<T, S2>) -> bool {
        self.map == other.map
    }
}

impl<T: Hash + Eq, S: BuildHasher> Eq for Set<T, S> {}

/// Compares the sets as sequences of items sorted by item: see `Ord` of [`Map`], for costs too.
///
/// ```
/// use pleach_collections::Set;
///
/// assert!(Set::from([1, 2]) < Set::from([1, 3]));
/// assert!(Set::from([1]) < Set::from([1, 2]));
/// ```
impl<T: Hash + Ord + Clone, S: BuildHasher> Ord for Set<T, S> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.map.cmp(&other.map)
    }
}

/// Compares as `Ord` does.
impl<T: Hash + Ord + Clone, S: BuildHasher> PartialOrd for Set<T, S> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// O(n). Equal sets have equal hashes, whatever their hashers; the hash differs between processes, as that of [`Map`].
impl<T: Hash, S> Hash for Set<T, S> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.map.hash(state);
    }
}

impl<T: Hash + Eq + Clone, S: BuildHasher> Extend<T> for Set<T, S> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        self.map.extend(items.into_iter().map(|item| (item, ())));
    }
}

impl<'a, T: Hash + Eq + Clone + 'a, S: BuildHasher> Extend<&'a T> for Set<T, S> {
    fn extend<I: IntoIterator<Item = &'a T>>(&mut self, items: I) {
        self.extend(items.into_iter().cloned());
    }
}

impl<T: Hash + Eq + Clone, S: BuildHasher + Default> FromIterator<T> for Set<T, S> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self {
            map: items.into_iter().map(|item| (item, ())).collect(),
        }
    }
}

/// O(n).
impl<T: Hash + Eq + Clone, const N: usize> From<[T; N]> for Set<T> {
    fn from(items: [T; N]) -> Self {
        items.into_iter().collect()
    }
}

/// O(n).
impl<T: Hash + Eq + Clone> From<Vec<T>> for Set<T> {
    fn from(items: Vec<T>) -> Self {
        items.into_iter().collect()
    }
}

/// O(n). Clones the items.
impl<T: Hash + Eq + Clone> From<&[T]> for Set<T> {
    fn from(items: &[T]) -> Self {
        items.iter().cloned().collect()
    }
}

/// O(n). Clones the items.
impl<T: Hash + Eq + Clone> From<&Vec<T>> for Set<T> {
    fn from(items: &Vec<T>) -> Self {
        Self::from(items.as_slice())
    }
}

/// O(n).
impl<T: Hash + Eq + Clone> From<BTreeSet<T>> for Set<T> {
    fn from(items: BTreeSet<T>) -> Self {
        items.into_iter().collect()
    }
}

/// O(n).
impl<T: Hash + Eq + Clone> From<&BTreeSet<T>> for Set<T> {
    fn from(items: &BTreeSet<T>) -> Self {
        items.iter().cloned().collect()
    }
}

/// O(n log n). Clones the items that another set shares.
impl<T: Ord + Clone, S> From<Set<T, S>> for BTreeSet<T> {
    fn from(set: Set<T, S>) -> Self {
        set.into_iter().collect()
    }
}
