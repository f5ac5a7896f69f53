//! [`Map`] as a parallel collection of Rayon: feature `rayon`.
//!
//! `par_iter`, `par_iter_mut`, `into_par_iter`, `par_extend` and `collect` come with Rayon's prelude. Iterators split the
//! map between its subtries, so they cost nothing to set up; in no order to rely on.
//!
//! ```
//! use pleach_collections::Map;
//! use rayon::prelude::*;
//!
//! let map: Map<u32, u32> = (0..10_000_u32).into_par_iter().map(|i| (i, i)).collect();
//! let sum: u64 = map.par_iter().map(|(_, value)| u64::from(*value)).sum();
//! assert_eq!(sum, 49_995_000);
//! ```

use super::Map;
use crate::hamt::{self, Pick};
use ::rayon::iter::plumbing::{Folder, UnindexedConsumer, UnindexedProducer, bridge_unindexed};
use ::rayon::prelude::*;
use std::fmt;
use std::hash::{BuildHasher, Hash};

/// Iterates over the entries of a [`Map`] in parallel.
///
/// ```
/// use rayon::prelude::*;
///
/// let map = pleach_collections::Map::from([("a", 1), ("b", 2)]);
/// assert_eq!(map.par_iter().map(|(_, value)| *value).sum::<i32>(), 3);
/// ```
pub struct ParIter<'a, K, V, S>(&'a Map<K, V, S>);

/// Iterates over the entries of a [`Map`] in parallel, the values for writing.
///
/// ```
/// use rayon::prelude::*;
///
/// let mut map = pleach_collections::Map::from([("a", 1), ("b", 2)]);
/// map.par_iter_mut().for_each(|(_, value)| *value *= 2);
/// assert_eq!(map["b"], 4);
/// ```
pub struct ParIterMut<'a, K, V, S>(&'a mut Map<K, V, S>);

/// Iterates over the entries of a [`Map`] in parallel, by value.
///
/// ```
/// use rayon::prelude::*;
///
/// let map = pleach_collections::Map::from([("a", 1), ("b", 2)]);
/// assert_eq!(map.into_par_iter().map(|(_, value)| value).sum::<i32>(), 3);
/// ```
pub struct IntoParIter<K, V, S>(Map<K, V, S>);

/// What of the map one task goes through.
struct Producer<P>(P);

impl<'a, K: Send + Sync, V: Send + Sync> UnindexedProducer for Producer<hamt::Parts<'a, K, V>> {
    type Item = (&'a K, &'a V);

    fn split(self) -> (Self, Option<Self>) {
        let (left, right) = self.0.split();
        (Self(left), right.map(Self))
    }

    fn fold_with<F: Folder<(&'a K, &'a V)>>(self, folder: F) -> F {
        folder.consume_iter(self.0.iter().map(|(key, value)| (key, value)))
    }
}

impl<'a, K: Clone + Send + Sync, V: Clone + Send + Sync> UnindexedProducer for Producer<hamt::PartsMut<'a, K, V>> {
    type Item = (&'a K, &'a mut V);

    fn split(self) -> (Self, Option<Self>) {
        let (left, right) = self.0.split();
        (Self(left), right.map(Self))
    }

    fn fold_with<F: Folder<(&'a K, &'a mut V)>>(self, folder: F) -> F {
        folder.consume_iter(self.0.iter().map(|(key, value)| (&*key, value)))
    }
}

impl<K: Clone + Send + Sync, V: Clone + Send + Sync> UnindexedProducer for Producer<hamt::IntoParts<K, V>> {
    type Item = (K, V);

    fn split(self) -> (Self, Option<Self>) {
        let (left, right) = self.0.split();
        (Self(left), right.map(Self))
    }

    fn fold_with<F: Folder<(K, V)>>(self, folder: F) -> F {
        folder.consume_iter(self.0.iter())
    }
}

impl<'a, K: Send + Sync, V: Send + Sync, S: Sync> ParallelIterator for ParIter<'a, K, V, S> {
    type Item = (&'a K, &'a V);

    fn drive_unindexed<C: UnindexedConsumer<(&'a K, &'a V)>>(self, consumer: C) -> C::Result {
        bridge_unindexed(Producer(hamt::Parts::of(self.0.root.as_ref())), consumer)
    }
}

impl<'a, K: Clone + Send + Sync, V: Clone + Send + Sync, S: Send> ParallelIterator for ParIterMut<'a, K, V, S> {
    type Item = (&'a K, &'a mut V);

    fn drive_unindexed<C: UnindexedConsumer<(&'a K, &'a mut V)>>(self, consumer: C) -> C::Result {
        bridge_unindexed(Producer(hamt::PartsMut::of(self.0.root.as_mut())), consumer)
    }
}

impl<K: Clone + Send + Sync, V: Clone + Send + Sync, S: Send> ParallelIterator for IntoParIter<K, V, S> {
    type Item = (K, V);

    fn drive_unindexed<C: UnindexedConsumer<(K, V)>>(self, consumer: C) -> C::Result {
        bridge_unindexed(Producer(hamt::IntoParts::of(self.0.root)), consumer)
    }
}

impl<'a, K: Send + Sync, V: Send + Sync, S: Sync> IntoParallelIterator for &'a Map<K, V, S> {
    type Item = (&'a K, &'a V);
    type Iter = ParIter<'a, K, V, S>;

    fn into_par_iter(self) -> Self::Iter {
        ParIter(self)
    }
}

impl<'a, K: Clone + Send + Sync, V: Clone + Send + Sync, S: Send> IntoParallelIterator for &'a mut Map<K, V, S> {
    type Item = (&'a K, &'a mut V);
    type Iter = ParIterMut<'a, K, V, S>;

    fn into_par_iter(self) -> Self::Iter {
        ParIterMut(self)
    }
}

impl<K: Clone + Send + Sync, V: Clone + Send + Sync, S: Send> IntoParallelIterator for Map<K, V, S> {
    type Item = (K, V);
    type Iter = IntoParIter<K, V, S>;

    fn into_par_iter(self) -> Self::Iter {
        IntoParIter(self)
    }
}

/// Fewer entries than this are added by the calling thread. `cargo bench --bench bulk` measures it.
const FEW: usize = if cfg!(pleach_tiny_nodes) { 16 } else { 131_072 };

/// How many parts entries are sorted into: those whose hashes begin alike, so that the maps of two parts have no subtrie
/// in common and their union copies the root at most.
const PARTS: usize = 1 << hamt::BITS;

impl<K, V, S> Map<K, V, S>
where
    K: Hash + Eq + Clone + Send + Sync,
    V: Clone + Send + Sync,
    S: BuildHasher + Clone + Sync,
{
    /// Hashes entries, and sorts them into parts, in the order they come.
    fn part(&self, entries: Vec<(K, V)>) -> [Vec<Hashed<K, V>>; PARTS] {
        let mut parts = [const { Vec::new() }; PARTS];
        for entry in entries {
            let hash = self.hashing.hash(&entry.0);
            if let Some(part) = parts.get_mut(hamt::slot(hash) as usize) {
                part.push((hash, entry));
            }
        }
        parts
    }
}

/// An entry and the hash of its key.
type Hashed<K, V> = (u64, (K, V));

/// Of equal keys the first stays, with the last value, as for [`Extend`]. If the iterator panics, the map is as it was.
impl<K, V, S> ParallelExtend<(K, V)> for Map<K, V, S>
where
    K: Hash + Eq + Clone + Send + Sync,
    V: Clone + Send + Sync,
    S: BuildHasher + Clone + Send + Sync,
{
    fn par_extend<I: IntoParallelIterator<Item = (K, V)>>(&mut self, entries: I) {
        let chunks = entries.into_par_iter().fold(Vec::new, |mut chunk, entry| {
            chunk.push(entry);
            chunk
        });
        let chunks: Vec<Vec<(K, V)>> = chunks.collect();
        if chunks.iter().map(Vec::len).sum::<usize>() < FEW {
            self.extend(chunks.into_iter().flatten());
            return;
        }
        let empty = self.new_like();
        let parted: Vec<_> = chunks.into_par_iter().map(|chunk| empty.part(chunk)).collect();
        let mut parts: Vec<Vec<Hashed<K, V>>> = (0..PARTS).map(|_| Vec::new()).collect();
        for chunk in parted {
            for (part, entries) in parts.iter_mut().zip(chunk) {
                part.extend(entries);
            }
        }
        let maps: Vec<Self> = parts
            .into_par_iter()
            .map(|part| Self {
                root: hamt::collect(part, &|a: &K, b: &K| a == b),
                hashing: self.hashing.clone(),
            })
            .collect();
        let new = maps.iter().fold(empty, |all, map| all.union(map));
        *self = if self.is_empty() {
            new
        } else {
            self.par_set_op::<true, true, true>(&new, |_, _, new| Pick::New(new.clone()))
        };
    }
}

/// As by value, with keys and values cloned.
impl<'a, K, V, S> ParallelExtend<(&'a K, &'a V)> for Map<K, V, S>
where
    K: Hash + Eq + Clone + Send + Sync + 'a,
    V: Clone + Send + Sync + 'a,
    S: BuildHasher + Clone + Send + Sync,
{
    fn par_extend<I: IntoParallelIterator<Item = (&'a K, &'a V)>>(&mut self, entries: I) {
        self.par_extend(entries.into_par_iter().map(|(key, value)| (key.clone(), value.clone())));
    }
}

/// Of equal keys the first stays, with the last value.
impl<K, V, S> FromParallelIterator<(K, V)> for Map<K, V, S>
where
    K: Hash + Eq + Clone + Send + Sync,
    V: Clone + Send + Sync,
    S: BuildHasher + Default + Clone + Send + Sync,
{
    fn from_par_iter<I: IntoParallelIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::default();
        map.par_extend(entries);
        map
    }
}

impl<K, V, S> Clone for ParIter<'_, K, V, S> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl<K: fmt::Debug, V: fmt::Debug, S> fmt::Debug for ParIter<'_, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ParIter").field(self.0).finish()
    }
}

impl<K: fmt::Debug, V: fmt::Debug, S> fmt::Debug for ParIterMut<'_, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ParIterMut").field(self.0).finish()
    }
}

impl<K: fmt::Debug, V: fmt::Debug, S> fmt::Debug for IntoParIter<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IntoParIter").field(&self.0).finish()
    }
}
