//! [`TrieMap`] as a parallel collection of Rayon: feature `rayon`.
//!
//! `par_iter`, `into_par_iter`, `par_extend` and `collect` come with Rayon's prelude. Iterators split the map by the indices
//! of its entries, so they cost nothing to set up.
//!
//! ```
//! use pleach_collections::TrieMap;
//! use rayon::prelude::*;
//!
//! let map: TrieMap<u32> = (0..10_000_u32).into_par_iter().map(|i| (i.to_be_bytes(), i)).collect();
//! let sum: u64 = map.par_iter().map(|(_, value)| u64::from(*value)).sum();
//! assert_eq!(sum, 49_995_000);
//! ```

use super::{Iter, TrieMap};
use ::rayon::iter::plumbing::{Folder, UnindexedConsumer, UnindexedProducer, bridge_unindexed};
use ::rayon::prelude::*;
use alloc::vec::Vec;
use core::fmt;

/// An iterator over the entries of a [`TrieMap`] in parallel.
///
/// ```
/// use rayon::prelude::*;
///
/// let map = pleach_collections::TrieMap::from([("a", 1), ("b", 2)]);
/// assert_eq!(map.par_iter().map(|(_, value)| *value).sum::<i32>(), 3);
/// ```
pub struct ParIter<'a, V>(&'a TrieMap<V>);

/// An iterator over the entries of a [`TrieMap`] in parallel, by value.
///
/// ```
/// use rayon::prelude::*;
///
/// let map = pleach_collections::TrieMap::from([("a", 1), ("b", 2)]);
/// assert_eq!(map.into_par_iter().map(|(_, value)| value).sum::<i32>(), 3);
/// ```
pub struct IntoParIter<V>(TrieMap<V>);

/// The part of the map that one task visits.
struct Producer<'a, V>(Iter<'a, V>);

impl<'a, V: Send + Sync> UnindexedProducer for Producer<'a, V> {
    type Item = (Vec<u8>, &'a V);

    fn split(self) -> (Self, Option<Self>) {
        let (left, right) = self.0.split();
        (Self(left), right.map(Self))
    }

    fn fold_with<F: Folder<Self::Item>>(self, folder: F) -> F {
        folder.consume_iter(self.0)
    }
}

impl<'a, V: Send + Sync> ParallelIterator for ParIter<'a, V> {
    type Item = (Vec<u8>, &'a V);

    fn drive_unindexed<C: UnindexedConsumer<Self::Item>>(self, consumer: C) -> C::Result {
        bridge_unindexed(Producer(self.0.iter()), consumer)
    }
}

impl<V: Clone + Send + Sync> ParallelIterator for IntoParIter<V> {
    type Item = (Vec<u8>, V);

    fn drive_unindexed<C: UnindexedConsumer<Self::Item>>(self, consumer: C) -> C::Result {
        let entries = ParIter(&self.0).map(|(key, value)| (key, value.clone()));
        entries.drive_unindexed(consumer)
    }
}

impl<'a, V: Send + Sync> IntoParallelIterator for &'a TrieMap<V> {
    type Item = (Vec<u8>, &'a V);
    type Iter = ParIter<'a, V>;

    fn into_par_iter(self) -> ParIter<'a, V> {
        ParIter(self)
    }
}

impl<V: Clone + Send + Sync> IntoParallelIterator for TrieMap<V> {
    type Item = (Vec<u8>, V);
    type Iter = IntoParIter<V>;

    fn into_par_iter(self) -> IntoParIter<V> {
        IntoParIter(self)
    }
}

/// Of several values for one key the last stays.
impl<K: AsRef<[u8]> + Send, V: Send> FromParallelIterator<(K, V)> for TrieMap<V> {
    fn from_par_iter<I: IntoParallelIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut entries: Vec<(K, V)> = entries.into_par_iter().collect();
        // Stable, so that the last of equal keys stays the last.
        entries.par_sort_by(|(a, _), (b, _)| a.as_ref().cmp(b.as_ref()));
        Self::from_entries(entries)
    }
}

impl<K: AsRef<[u8]> + Send, V: Clone + Send + Sync> ParallelExtend<(K, V)> for TrieMap<V> {
    fn par_extend<I: IntoParallelIterator<Item = (K, V)>>(&mut self, entries: I) {
        let entries: Vec<(K, V)> = entries.into_par_iter().collect();
        self.extend(entries);
    }
}

impl<V> Clone for ParIter<'_, V> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl<V> fmt::Debug for ParIter<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParIter")
            .field("len", &self.0.len())
            .finish_non_exhaustive()
    }
}

impl<V> fmt::Debug for IntoParIter<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntoParIter")
            .field("len", &self.0.len())
            .finish_non_exhaustive()
    }
}
