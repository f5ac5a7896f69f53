//! Parallel iterators over [`OrdMap`], with the feature `rayon`.
//!
//! `par_iter`, `par_iter_mut`, `into_par_iter`, `par_extend` and `collect` are methods of the traits in Rayon's
//! prelude. The iterators split a map without preparation, down to single entries, or to leaves if they yield
//! entries by value, and keep the order of the keys.
//!
//! ```
//! use pleach_collections::OrdMap;
//! use rayon::prelude::*;
//!
//! let map: OrdMap<u32, u32> = (0..10_000_u32).into_par_iter().map(|i| (i, i)).collect();
//! let even: Vec<u32> = map.par_iter().map(|(key, _)| *key).filter(|key| key % 2 == 0).collect();
//! assert_eq!(even[17], 34);
//! ```

use super::{IntoIter, Iter, IterMut, OrdMap};
use ::rayon::iter::plumbing::{Folder, UnindexedConsumer, UnindexedProducer, bridge_unindexed};
use ::rayon::prelude::*;
use alloc::vec::Vec;
use core::fmt;

/// A parallel iterator over the entries of an [`OrdMap`].
///
/// ```
/// use rayon::prelude::*;
///
/// let map = pleach_collections::OrdMap::from([("a", 1), ("b", 2)]);
/// assert_eq!(map.par_iter().map(|(_, value)| *value).sum::<i32>(), 3);
/// ```
pub struct ParIter<'a, K, V>(Iter<'a, K, V>);

/// A mutable parallel iterator over the entries of an [`OrdMap`].
///
/// ```
/// use rayon::prelude::*;
///
/// let mut map = pleach_collections::OrdMap::from([("a", 1), ("b", 2)]);
/// map.par_iter_mut().for_each(|(_, value)| *value *= 2);
/// assert_eq!(map["b"], 4);
/// ```
pub struct ParIterMut<'a, K, V>(IterMut<'a, K, V>);

/// A parallel iterator over the entries of an [`OrdMap`] by value.
///
/// ```
/// use rayon::prelude::*;
///
/// let map = pleach_collections::OrdMap::from([("a", 1), ("b", 2)]);
/// assert_eq!(map.into_par_iter().map(|(_, value)| value).sum::<i32>(), 3);
/// ```
pub struct IntoParIter<K: Clone, V: Clone>(IntoIter<K, V>);

/// The producer of one task: a part of the map.
struct Producer<I>(I);

macro_rules! parallel {
    ($par:ty, $iter:ty, $item:ty, [$($generics:tt)*]) => {
        impl<$($generics)*> UnindexedProducer for Producer<$iter> {
            type Item = $item;

            fn split(self) -> (Self, Option<Self>) {
                let (left, right) = self.0.split();
                (Self(left), right.map(Self))
            }

            fn fold_with<F: Folder<$item>>(self, folder: F) -> F {
                folder.consume_iter(self.0)
            }
        }

        impl<$($generics)*> ParallelIterator for $par {
            type Item = $item;

            fn drive_unindexed<C: UnindexedConsumer<$item>>(self, consumer: C) -> C::Result {
                bridge_unindexed(Producer(self.0), consumer)
            }
        }
    };
}

parallel!(ParIter<'a, K, V>, Iter<'a, K, V>, (&'a K, &'a V), ['a, K: Send + Sync, V: Send + Sync]);
parallel!(ParIterMut<'a, K, V>, IterMut<'a, K, V>, (&'a K, &'a mut V), ['a, K: Clone + Send + Sync, V: Clone + Send + Sync]);
parallel!(IntoParIter<K, V>, IntoIter<K, V>, (K, V), [K: Clone + Send + Sync, V: Clone + Send + Sync]);

impl<'a, K: Send + Sync, V: Send + Sync> IntoParallelIterator for &'a OrdMap<K, V> {
    type Item = (&'a K, &'a V);
    type Iter = ParIter<'a, K, V>;

    fn into_par_iter(self) -> Self::Iter {
        ParIter(self.iter())
    }
}

impl<'a, K: Clone + Send + Sync, V: Clone + Send + Sync> IntoParallelIterator for &'a mut OrdMap<K, V> {
    type Item = (&'a K, &'a mut V);
    type Iter = ParIterMut<'a, K, V>;

    fn into_par_iter(self) -> Self::Iter {
        ParIterMut(self.iter_mut())
    }
}

impl<K: Clone + Send + Sync, V: Clone + Send + Sync> IntoParallelIterator for OrdMap<K, V> {
    type Item = (K, V);
    type Iter = IntoParIter<K, V>;

    fn into_par_iter(self) -> Self::Iter {
        IntoParIter(self.into_iter())
    }
}

/// A stored key gets the last value; of equal new keys the first is stored. If the iterator panics, the map is unchanged.
impl<K: Ord + Clone + Send + Sync, V: Clone + Send + Sync> ParallelExtend<(K, V)> for OrdMap<K, V> {
    fn par_extend<I: IntoParallelIterator<Item = (K, V)>>(&mut self, entries: I) {
        let mut new: Self = entries.into_par_iter().collect();
        self.append(&mut new);
    }
}

/// Clones the entries.
impl<'a, K, V> ParallelExtend<(&'a K, &'a V)> for OrdMap<K, V>
where
    K: Ord + Clone + Send + Sync + 'a,
    V: Clone + Send + Sync + 'a,
{
    fn par_extend<I: IntoParallelIterator<Item = (&'a K, &'a V)>>(&mut self, entries: I) {
        self.par_extend(entries.into_par_iter().map(|(key, value)| (key.clone(), value.clone())));
    }
}

/// Sorts the entries in parallel, unless they are sorted. Of equal keys the first is stored, with the last value.
impl<K: Ord + Clone + Send + Sync, V: Clone + Send + Sync> FromParallelIterator<(K, V)> for OrdMap<K, V> {
    fn from_par_iter<I: IntoParallelIterator<Item = (K, V)>>(entries: I) -> Self {
        let chunks = entries.into_par_iter().fold(Vec::new, |mut chunk, entry| {
            chunk.push(entry);
            chunk
        });
        let chunks: Vec<Vec<(K, V)>> = chunks.collect();
        let mut entries: Vec<(K, V)> = chunks.into_iter().flatten().collect();
        if !entries.is_sorted_by(|a, b| a.0 < b.0) {
            entries.par_sort_by(|a, b| a.0.cmp(&b.0));
        }
        Self::collected(entries)
    }
}

impl<K, V> Clone for ParIter<'_, K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for ParIter<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<K, V> fmt::Debug for ParIterMut<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<K: Clone, V: Clone> fmt::Debug for IntoParIter<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
