//! The traits of `std` for [`Set`].

use super::Set;
use crate::map::Map;
use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};

/// O(1): counts one more owner.
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

/// Costs what differs: as `==` of [`Map`].
impl<T: Hash + Eq, S: BuildHasher, S2: BuildHasher> PartialEq<Set<T, S2>> for Set<T, S> {
    fn eq(&self, other: &Set<T, S2>) -> bool {
        self.map == other.map
    }
}

impl<T: Hash + Eq, S: BuildHasher> Eq for Set<T, S> {}

/// O(n). Equal sets hash alike, whatever their hashers and order; in another process otherwise. As `Hash` of [`Map`].
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

/// O(n). Items are cloned.
impl<T: Hash + Eq + Clone> From<&[T]> for Set<T> {
    fn from(items: &[T]) -> Self {
        items.iter().cloned().collect()
    }
}

/// O(n). Items are cloned.
impl<T: Hash + Eq + Clone> From<&Vec<T>> for Set<T> {
    fn from(items: &Vec<T>) -> Self {
        Self::from(items.as_slice())
    }
}

/// O(n).
impl<T: Hash + Eq + Clone, S> From<HashSet<T, S>> for Set<T> {
    fn from(items: HashSet<T, S>) -> Self {
        items.into_iter().collect()
    }
}

/// O(n).
impl<T: Hash + Eq + Clone, S> From<&HashSet<T, S>> for Set<T> {
    fn from(items: &HashSet<T, S>) -> Self {
        items.iter().cloned().collect()
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

/// O(n). Items that another set shares are cloned.
impl<T: Hash + Eq + Clone, S, S2: BuildHasher + Default> From<Set<T, S>> for HashSet<T, S2> {
    fn from(set: Set<T, S>) -> Self {
        set.into_iter().collect()
    }
}

/// O(n log n). Items that another set shares are cloned.
impl<T: Ord + Clone, S> From<Set<T, S>> for BTreeSet<T> {
    fn from(set: Set<T, S>) -> Self {
        set.into_iter().collect()
    }
}
