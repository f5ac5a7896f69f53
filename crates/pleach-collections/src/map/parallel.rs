//! Operations on whole maps, on Rayon's threads: feature `rayon`.

use super::Map;
use super::ops::{Op, SetOp};
use crate::hamt::{self, Pick};
use std::hash::{BuildHasher, Hash};

/// With the feature `rayon`. They pay when there is much that two maps don't share, or much to retain: a few thousand
/// entries at least. What is small is done on the calling thread.
impl<K, V, S> Map<K, V, S>
where
    K: Hash + Eq + Clone + Send + Sync,
    V: Clone + Send + Sync,
    S: BuildHasher + Clone + Sync,
{
    pub(super) fn par_set_op<const A: bool, const B: bool, const SHARED: bool>(
        &self,
        other: &Self,
        decide: impl Fn(&K, &V, &V) -> Pick<V> + Sync,
    ) -> Self {
        let op = SetOp::<_, _, A, B, SHARED>(Op {
            hashing: &self.hashing,
            decide: &decide,
        });
        let root = if self.hashing.is(&other.hashing) {
            hamt::par_combine(self.root.as_ref(), other.root.as_ref(), &op)
        } else {
            let other = self.rehashed(other);
            hamt::par_combine(self.root.as_ref(), other.root.as_ref(), &op)
        };
        Self {
            root,
            hashing: self.hashing.clone(),
        }
    }

    /// As [`union`](Map::union), on Rayon's threads.
    ///
    /// ```
    /// use pleach_collections::Map;
    ///
    /// let a: Map<u32, u32> = (0..10_000).map(|i| (i, 0)).collect();
    /// let b: Map<u32, u32> = (5_000..15_000).map(|i| (i, 1)).collect();
    /// assert_eq!(a.par_union(&b), a.union(&b));
    /// ```
    #[must_use]
    pub fn par_union(&self, other: &Self) -> Self {
        self.par_set_op::<true, true, true>(other, |_, _, _| Pick::A)
    }

    /// As [`union_with`](Map::union_with), on Rayon's threads. Here too **`f(k, v, v)` must equal `v`**.
    ///
    /// ```
    /// use pleach_collections::Map;
    ///
    /// let a: Map<u32, u32> = (0..10_000).map(|i| (i, 0)).collect();
    /// let b: Map<u32, u32> = (5_000..15_000).map(|i| (i, 1)).collect();
    /// assert_eq!(a.par_union_with(&b, |_, a, b| *a.max(b)), b.union(&a));
    /// ```
    #[must_use]
    pub fn par_union_with(&self, other: &Self, f: impl Fn(&K, &V, &V) -> V + Sync) -> Self {
        self.par_set_op::<true, true, true>(other, |key, a, b| Pick::New(f(key, a, b)))
    }

    /// As [`intersection`](Map::intersection), on Rayon's threads.
    ///
    /// ```
    /// use pleach_collections::Map;
    ///
    /// let a: Map<u32, u32> = (0..10_000).map(|i| (i, 0)).collect();
    /// let b: Map<u32, u32> = (5_000..15_000).map(|i| (i, 1)).collect();
    /// assert_eq!(a.par_intersection(&b).len(), 5_000);
    /// ```
    #[must_use]
    pub fn par_intersection(&self, other: &Self) -> Self {
        self.par_set_op::<false, false, true>(other, |_, _, _| Pick::A)
    }

    /// As [`difference`](Map::difference), on Rayon's threads.
    ///
    /// ```
    /// use pleach_collections::Map;
    ///
    /// let a: Map<u32, u32> = (0..10_000).map(|i| (i, 0)).collect();
    /// let b: Map<u32, u32> = (5_000..15_000).map(|i| (i, 1)).collect();
    /// assert_eq!(a.par_difference(&b).len(), 5_000);
    /// ```
    #[must_use]
    pub fn par_difference(&self, other: &Self) -> Self {
        self.par_set_op::<true, false, false>(other, |_, _, _| Pick::Neither)
    }

    /// As [`retain`](Map::retain), on Rayon's threads.
    ///
    /// ```
    /// let mut map: pleach_collections::Map<u32, u32> = (0..10_000).map(|i| (i, i)).collect();
    /// map.par_retain(|key, _| key % 2 == 0);
    /// assert_eq!(map.len(), 5_000);
    /// ```
    pub fn par_retain(&mut self, keep: impl Fn(&K, &V) -> bool + Sync) {
        self.root = hamt::par_retain(self.root.as_ref(), &Op::of(&self.hashing), &keep);
    }
}
