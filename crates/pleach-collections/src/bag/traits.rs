//! Implementations of `std`'s traits for [`Bag`].

use super::Bag;
use crate::map::Map;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{BuildHasher, Hash, Hasher};

/// O(1): increments a reference count.
impl<T, S: Clone> Clone for Bag<T, S> {
    fn clone(&self) -> Self {
        Self {
            counts: self.counts.clone(),
        }
    }
}

impl<T, S: Default> Default for Bag<T, S> {
    fn default() -> Self {
        Self { counts: Map::default() }
    }
}

impl<T: fmt::Debug, S> fmt::Debug for Bag<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Costs the same as `==` of [`Map`].
impl<T: Hash + Eq, S: BuildHasher, S2: BuildHasher> PartialEq<Bag<T, S2>> for Bag<T, S> {
    fn eq(&self, other: &Bag<T, S2>) -> bool {
        self.counts == other.counts
    }
}

impl<T: Hash + Eq, S: BuildHasher> Eq for Bag<T, S> {}

/// Compares the bags as sequences of (item, count) sorted by item: see `Ord` of [`Map`], for costs too.
///
/// ```
/// use pleach_collections::Bag;
///
/// assert!(Bag::from([1, 2]) < Bag::from([1, 3]));
/// assert!(Bag::from([1]) < Bag::from([1, 2]));
/// ```
impl<T: Hash + Ord + Clone, S: BuildHasher> Ord for Bag<T, S> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.counts.cmp(&other.counts)
    }
}

/// Compares as `Ord` does.
impl<T: Hash + Ord + Clone, S: BuildHasher> PartialOrd for Bag<T, S> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// O(n). Equal bags have equal hashes, whatever their hashers; the hash differs between processes, as that of [`Map`].
impl<T: Hash, S> Hash for Bag<T, S> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.counts.hash(state);
    }
}

/// Inserts each item once.
impl<T: Hash + Eq + Clone, S: BuildHasher> Extend<T> for Bag<T, S> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        for item in items {
            self.insert(item, 1);
        }
    }
}

impl<T: Hash + Eq + Clone, S: BuildHasher + Default> FromIterator<T> for Bag<T, S> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut bag = Self::default();
        bag.extend(items);
        bag
    }
}

/// Inserts each item as often as its count says.
impl<T: Hash + Eq + Clone, S: BuildHasher> Extend<(T, u64)> for Bag<T, S> {
    fn extend<I: IntoIterator<Item = (T, u64)>>(&mut self, counts: I) {
        for (item, times) in counts {
            self.insert(item, times);
        }
    }
}

/// O(n).
impl<T: Hash + Eq + Clone, const N: usize> From<[T; N]> for Bag<T> {
    fn from(items: [T; N]) -> Self {
        items.into_iter().collect()
    }
}

/// O(n).
impl<T: Hash + Eq + Clone> From<Vec<T>> for Bag<T> {
    fn from(items: Vec<T>) -> Self {
        items.into_iter().collect()
    }
}

/// O(n). Clones the items.
impl<T: Hash + Eq + Clone> From<&[T]> for Bag<T> {
    fn from(items: &[T]) -> Self {
        items.iter().cloned().collect()
    }
}

/// O(n). Clones the items.
impl<T: Hash + Eq + Clone> From<&Vec<T>> for Bag<T> {
    fn from(items: &Vec<T>) -> Self {
        Self::from(items.as_slice())
    }
}
