//! Set operations on two maps, by sharing.

use super::Map;
use super::hashing::Hashing;
use crate::hamt::{self, Combine, Keys, Pick};
use std::hash::{BuildHasher, Hash};

/// What hashes and compares keys for the trie, and the closure that decides about values.
#[derive(Clone)]
pub(super) struct Op<'a, S, F> {
    pub(super) hashing: &'a Hashing<S>,
    pub(super) decide: F,
}

impl<'a, S> Op<'a, S, ()> {
    pub(super) fn of(hashing: &'a Hashing<S>) -> Self {
        Self { hashing, decide: () }
    }
}

impl<K: Hash + Eq, S: BuildHasher, F> Keys<K> for Op<'_, S, F> {
    fn hash(&self, key: &K) -> u64 {
        self.hashing.rehash(key)
    }

    fn same(&self, a: &K, b: &K) -> bool {
        a == b
    }
}

/// A set operation that keeps what is only in `a`, only in `b`, and shared, as its parameters say.
#[derive(Clone)]
pub(super) struct SetOp<'a, S, F, const ONLY_A: bool, const ONLY_B: bool, const SHARED: bool>(pub(super) Op<'a, S, F>);

impl<K: Hash + Eq, S: BuildHasher, F, const A: bool, const B: bool, const SHARED: bool> Keys<K>
    for SetOp<'_, S, F, A, B, SHARED>
{
    fn hash(&self, key: &K) -> u64 {
        self.0.hash(key)
    }

    fn same(&self, a: &K, b: &K) -> bool {
        a == b
    }
}

impl<K, V, S, F, const A: bool, const B: bool, const SHARED: bool> Combine<K, V> for SetOp<'_, S, F, A, B, SHARED>
where
    K: Hash + Eq,
    S: BuildHasher,
    F: FnMut(&K, &V, &V) -> Pick<V>,
{
    const ONLY_A: bool = A;
    const ONLY_B: bool = B;
    const SHARED: bool = SHARED;

    fn both(&mut self, key: &K, a: &V, b: &V) -> Pick<V> {
        (self.0.decide)(key, a, b)
    }
}

impl<K, V, S> Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Clone,
{
    /// A set operation that keeps what is only here, only in `other`, and shared, as its parameters say, and of keys in
    /// both what `decide` says.
    pub(crate) fn set_op<const A: bool, const B: bool, const SHARED: bool>(
        &self,
        other: &Self,
        decide: impl FnMut(&K, &V, &V) -> Pick<V>,
    ) -> Self {
        let mut op = SetOp::<_, _, A, B, SHARED>(Op {
            hashing: &self.hashing,
            decide,
        });
        let root = if self.hashing.is(&other.hashing) {
            hamt::combine(self.root.as_ref(), other.root.as_ref(), &mut op)
        } else {
            let other = self.rehashed(other);
            hamt::combine(self.root.as_ref(), other.root.as_ref(), &mut op)
        };
        Self {
            root,
            hashing: self.hashing.clone(),
        }
    }

    /// A copy of `other` with this map's hasher: the way out if the two are not known to hash alike.
    pub(super) fn rehashed(&self, other: &Self) -> Self {
        let mut copy = self.new_like();
        copy.extend(other);
        copy
    }

    /// The entries of both; of keys in both, this map's key and value.
    ///
    /// Costs O(d · log n), where d is the number of entries that the maps don't share. The result is `self`, as
    /// [`ptr_eq`](Map::ptr_eq) sees it, if `other` adds nothing.
    ///
    /// ```
    /// use pleach_collections::Map;
    ///
    /// let base: Map<u32, u32> = (0..1000).map(|i| (i, i)).collect();
    /// let union = base.update(1000, 1).union(&base.update(1001, 2));
    /// assert_eq!(union.len(), 1002);
    /// ```
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.set_op::<true, true, true>(other, |_, _, _| Pick::A)
    }

    /// The entries of both; `f` makes one value of the two of a key in both, which stays as this map stores it.
    ///
    /// `f` is not asked about entries that the maps share, so **`f(k, v, v)` must equal `v`**. It may be asked about some
    /// of them, though. For an operation without that property, such as a sum, use [`sum_with`](Map::sum_with).
    ///
    /// Costs O(d · log n), where d is the number of entries that the maps don't share.
    ///
    /// ```
    /// use pleach_collections::Map;
    ///
    /// let (a, b) = (Map::from([("x", 1), ("y", 5)]), Map::from([("x", 3)]));
    /// assert_eq!(a.union_with(&b, |_, a, b| *a.max(b)), Map::from([("x", 3), ("y", 5)]));
    /// ```
    #[must_use]
    pub fn union_with(&self, other: &Self, mut f: impl FnMut(&K, &V, &V) -> V) -> Self {
        self.set_op::<true, true, true>(other, |key, a, b| Pick::New(f(key, a, b)))
    }

    /// This map's entries whose keys are in both. Costs as [`union`](Map::union).
    ///
    /// ```
    /// use pleach_collections::Map;
    ///
    /// let (a, b) = (Map::from([("x", 1), ("y", 5)]), Map::from([("x", 3)]));
    /// assert_eq!(a.intersection(&b), Map::from([("x", 1)]));
    /// ```
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.set_op::<false, false, true>(other, |_, _, _| Pick::A)
    }

    /// This map's entries whose keys are not in `other`. Costs as [`union`](Map::union).
    ///
    /// ```
    /// use pleach_collections::Map;
    ///
    /// let (a, b) = (Map::from([("x", 1), ("y", 5)]), Map::from([("x", 3)]));
    /// assert_eq!(a.difference(&b), Map::from([("y", 5)]));
    /// ```
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.set_op::<true, false, false>(other, |_, _, _| Pick::Neither)
    }

    /// The entries of both whose keys are in only one. Costs as [`union`](Map::union).
    ///
    /// ```
    /// use pleach_collections::Map;
    ///
    /// let (a, b) = (Map::from([("x", 1), ("y", 5)]), Map::from([("x", 3), ("z", 7)]));
    /// assert_eq!(a.symmetric_difference(&b), Map::from([("y", 5), ("z", 7)]));
    /// ```
    #[must_use]
    pub fn symmetric_difference(&self, other: &Self) -> Self {
        self.set_op::<true, true, false>(other, |_, _, _| Pick::Neither)
    }
}
