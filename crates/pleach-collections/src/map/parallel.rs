//! Operations on whole maps on Rayon's threads, with the feature `rayon`.

use super::Map;
use super::set_ops::{SetOp, keep_a, keep_neither};
use crate::hamt::{self, Pick};
use core::hash::{BuildHasher, Hash};

/// Parallel operations on Rayon's threads, with the feature `rayon`.
///
/// Small maps are handled by the calling thread. The operations pay for maps that don't share tens of thousands of
/// entries.
impl<K, V, S> Map<K, V, S>
where
    K: Hash + Eq + Clone + Send + Sync,
    V: Clone + Send + Sync,
    S: BuildHasher + Clone + Sync,
{
    pub(super) fn par_set_op<const A: bool, const B: bool, const SHARED: bool>(
        &self,
        other: &Self,
        decide: impl Fn(&K, &V, &V) -> Pick<V> + Clone + Sync,
    ) -> Self {
        let op = SetOp::<_, _, A, B, SHARED> {
            hashing: &self.hashing,
            decide,
        };
        let root = if self.hashing.same_as(&other.hashing) {
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

    /// Returns the [`union`](Map::union), computed in parallel.
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
        self.par_set_op::<true, true, true>(other, keep_a)
    }

    /// Returns the [`union_with`](Map::union_with), computed in parallel. **`f(k, v, v)` must equal `v`.**
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

    /// Returns the [`intersection`](Map::intersection), computed in parallel.
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
        self.par_set_op::<false, false, true>(other, keep_a)
    }

    /// Returns the [`difference`](Map::difference), computed in parallel.
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
        self.par_set_op::<true, false, false>(other, keep_neither)
    }

    /// Retains the entries that satisfy `keep`, as [`retain`](Map::retain) does, in parallel.
    ///
    /// ```
    /// let mut map: pleach_collections::Map<u32, u32> = (0..10_000).map(|i| (i, i)).collect();
    /// map.par_retain(|key, _| key % 2 == 0);
    /// assert_eq!(map.len(), 5_000);
    /// ```
    pub fn par_retain(&mut self, keep: impl Fn(&K, &V) -> bool + Sync) {
        self.root = hamt::par_retain(self.root.as_ref(), &self.hashing, &keep);
    }
}
