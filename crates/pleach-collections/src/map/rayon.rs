//! Parallel iterators over [`Map`], with the feature `rayon`.
//!
//! `par_iter`, `par_iter_mut`, `into_par_iter`, `par_extend` and `collect` are methods of the traits in Rayon's
//! prelude. The iterators split a map by its subtries, without preparation; their order is unspecified.
//!
//! ```
//! use pleach_collections::Map;
//! use rayon::prelude::*;
//!
//! let map: Map<u32, u32> = (0..10_000_u32).into_par_iter().map(|i| (i, i)).collect();
//! let sum: u64 = map.par_iter().map(|(_, value)| u64::from(*value)).sum();
//! assert_eq!(sum, 49_995_000);
//! ```

use super::{Iter, Map};
use crate::hamt::{self, Node, Pick};
use ::rayon::iter::plumbing::{Folder, UnindexedConsumer, UnindexedProducer, bridge_unindexed};
use ::rayon::prelude::*;
use alloc::vec::Vec;
use core::fmt;
use core::hash::{BuildHasher, Hash};

/// A parallel iterator over the entries of a [`Map`].
///
/// ```
/// use rayon::prelude::*;
///
/// let map = pleach_collections::Map::from([("a", 1), ("b", 2)]);
/// assert_eq!(map.par_iter().map(|(_, value)| *value).sum::<i32>(), 3);
/// ```
pub struct ParIter<'a, K, V>(Option<&'a Node<K, V>>);

/// A mutable parallel iterator over the entries of a [`Map`].
///
/// ```
/// use rayon::prelude::*;
///
/// let mut map = pleach_collections::Map::from([("a", 1), ("b", 2)]);
/// map.par_iter_mut().for_each(|(_, value)| *value *= 2);
/// assert_eq!(map["b"], 4);
/// ```
pub struct ParIterMut<'a, K, V>(Option<&'a mut Node<K, V>>);

/// A parallel iterator over the entries of a [`Map`] by value.
///
/// ```
/// use rayon::prelude::*;
///
/// let map = pleach_collections::Map::from([("a", 1), ("b", 2)]);
/// assert_eq!(map.into_par_iter().map(|(_, value)| value).sum::<i32>(), 3);
/// ```
pub struct IntoParIter<K, V>(Option<Node<K, V>>);

/// The producer of one task: a portion of the map.
struct Producer<P>(P);

impl<'a, K: Send + Sync, V: Send + Sync> UnindexedProducer for Producer<hamt::Portion<'a, K, V>> {
    type Item = (&'a K, &'a V);

    fn split(self) -> (Self, Option<Self>) {
        let (left, right) = self.0.split();
        (Self(left), right.map(Self))
    }

    fn fold_with<F: Folder<(&'a K, &'a V)>>(self, folder: F) -> F {
        folder.consume_iter(self.0.iter().map(|(key, value)| (key, value)))
    }
}

impl<'a, K: Clone + Send + Sync, V: Clone + Send + Sync> UnindexedProducer for Producer<hamt::PortionMut<'a, K, V>> {
    type Item = (&'a K, &'a mut V);

    fn split(self) -> (Self, Option<Self>) {
        let (left, right) = self.0.split();
        (Self(left), right.map(Self))
    }

    fn fold_with<F: Folder<(&'a K, &'a mut V)>>(self, folder: F) -> F {
        folder.consume_iter(self.0.iter().map(|(key, value)| (&*key, value)))
    }
}

impl<K: Clone + Send + Sync, V: Clone + Send + Sync> UnindexedProducer for Producer<hamt::OwnedPortion<K, V>> {
    type Item = (K, V);

    fn split(self) -> (Self, Option<Self>) {
        let (left, right) = self.0.split();
        (Self(left), right.map(Self))
    }

    fn fold_with<F: Folder<(K, V)>>(self, folder: F) -> F {
        folder.consume_iter(self.0.iter())
    }
}

impl<'a, K: Send + Sync, V: Send + Sync> ParallelIterator for ParIter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn drive_unindexed<C: UnindexedConsumer<(&'a K, &'a V)>>(self, consumer: C) -> C::Result {
        bridge_unindexed(Producer(hamt::Portion::of(self.0)), consumer)
    }
}

impl<'a, K: Clone + Send + Sync, V: Clone + Send + Sync> ParallelIterator for ParIterMut<'a, K, V> {
    type Item = (&'a K, &'a mut V);

    fn drive_unindexed<C: UnindexedConsumer<(&'a K, &'a mut V)>>(self, consumer: C) -> C::Result {
        bridge_unindexed(Producer(hamt::PortionMut::of(self.0)), consumer)
    }
}

impl<K: Clone + Send + Sync, V: Clone + Send + Sync> ParallelIterator for IntoParIter<K, V> {
    type Item = (K, V);

    fn drive_unindexed<C: UnindexedConsumer<(K, V)>>(self, consumer: C) -> C::Result {
        bridge_unindexed(Producer(hamt::OwnedPortion::of(self.0)), consumer)
    }
}

impl<'a, K: Send + Sync, V: Send + Sync, S> IntoParallelIterator for &'a Map<K, V, S> {
    type Item = (&'a K, &'a V);
    type Iter = ParIter<'a, K, V>;

    fn into_par_iter(self) -> Self::Iter {
        ParIter(self.root.as_ref())
    }
}

impl<'a, K: Clone + Send + Sync, V: Clone + Send + Sync, S> IntoParallelIterator for &'a mut Map<K, V, S> {
    type Item = (&'a K, &'a mut V);
    type Iter = ParIterMut<'a, K, V>;

    fn into_par_iter(self) -> Self::Iter {
        ParIterMut(self.root.as_mut())
    }
}

impl<K: Clone + Send + Sync, V: Clone + Send + Sync, S> IntoParallelIterator for Map<K, V, S> {
    type Item = (K, V);
    type Iter = IntoParIter<K, V>;

    fn into_par_iter(self) -> Self::Iter {
        IntoParIter(self.root)
    }
}

/// The minimal number of entries that are inserted in parallel. Measured by `cargo bench --bench bulk`.
const MIN_PARALLEL_EXTEND: usize = if cfg!(pleach_tiny_nodes) { 16 } else { 131_072 };

/// The number of partitions that entries are distributed to by the first bits of their hashes. Maps of two partitions
/// have no subtrie in common, so their union copies at most the root.
const HASH_PARTITIONS: usize = 1 << hamt::BITS_PER_LEVEL;

impl<K, V, S> Map<K, V, S>
where
    K: Hash + Eq + Clone + Send + Sync,
    V: Clone + Send + Sync,
    S: BuildHasher + Clone + Send + Sync,
{
    /// Hashes entries and distributes them to partitions, in order.
    fn partition(&self, entries: Vec<(K, V)>) -> [Vec<Hashed<K, V>>; HASH_PARTITIONS] {
        let mut partitions = [const { Vec::new() }; HASH_PARTITIONS];
        for entry in entries {
            let hash = self.hashing.hash(&entry.0);
            if let Some(partition) = partitions.get_mut(hamt::slot(hash) as usize) {
                partition.push((hash, entry));
            }
        }
        partitions
    }

    /// Inserts entries. Apart from `par_extend`, so that it is compiled once for all iterators.
    fn extend_by_chunks(&mut self, chunks: Vec<Vec<(K, V)>>) {
        if chunks.iter().map(Vec::len).sum::<usize>() < MIN_PARALLEL_EXTEND {
            self.extend(chunks.into_iter().flatten());
            return;
        }
        let empty = self.new_like();
        let partitioned: Vec<_> = chunks.into_par_iter().map(|chunk| empty.partition(chunk)).collect();
        let mut partitions: Vec<Vec<Hashed<K, V>>> = (0..HASH_PARTITIONS).map(|_| Vec::new()).collect();
        for chunk in partitioned {
            for (partition, entries) in partitions.iter_mut().zip(chunk) {
                partition.extend(entries);
            }
        }
        let maps: Vec<Self> = partitions
            .into_par_iter()
            .map(|partition| Self {
                root: hamt::collect(partition, &K::eq),
                hashing: self.hashing.clone(),
            })
            .collect();
        let mut new = empty;
        for map in &maps {
            // Not a fold: a closure whose argument panics when it is dropped at the end leaks its result (rust-lang/rust#47949).
            new = new.union(map);
        }
        *self = if self.is_empty() {
            new
        } else {
            self.par_set_op::<true, true, true>(&new, |_, _, new| Pick::New(new.clone()))
        };
    }
}

/// An entry and the hash of its key.
type Hashed<K, V> = (u64, (K, V));

/// Of equal keys the first is stored, with the last value, as for [`Extend`]. If the iterator panics, the map is
/// unchanged.
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
        self.extend_by_chunks(chunks.collect());
    }
}

/// Clones the entries.
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

/// Of equal keys the first is stored, with the last value.
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

impl<K, V> Clone for ParIter<'_, K, V> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for ParIter<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(Iter::new(self.0)).finish()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for ParIterMut<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(Iter::new(self.0.as_deref())).finish()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for IntoParIter<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(Iter::new(self.0.as_ref())).finish()
    }
}
