//! Set operations on two maps.

use super::Map;
use super::hashing::Hashing;
use crate::hamt::{self, Combine, Pick};
use core::hash::{BuildHasher, Hash};

/// A set operation whose parameters say whether it keeps entries only in `a`, only in `b`, and shared ones, and in
/// which `decide` decides about other keys in both.
#[derive(Clone)]
pub(super) struct SetOp<'a, S, F, const ONLY_A: bool, const ONLY_B: bool, const SHARED: bool> {
    pub(super) hashing: &'a Hashing<S>,
    pub(super) decide: F,
}

impl<K, V, S, F, const A: bool, const B: bool, const SHARED: bool> Combine<K, V> for SetOp<'_, S, F, A, B, SHARED>
where
    K: Hash + Eq,
    S: BuildHasher,
    F: FnMut(&K, &V, &V) -> Pick<V>,
{
    type Keys = Hashing<S>;

    const ONLY_A: bool = A;
    const ONLY_B: bool = B;
    const SHARED: bool = SHARED;

    fn keys(&self) -> &Hashing<S> {
        self.hashing
    }

    fn both(&mut self, key: &K, a: &V, b: &V) -> Pick<V> {
        (self.decide)(key, a, b)
    }
}

// Decisions about keys in both maps: functions and not closures, so that an operation and its parallel variant share
// code.

pub(super) fn keep_a<K, V>(_: &K, _: &V, _: &V) -> Pick<V> {
    Pick::A
}

pub(super) fn keep_neither<K, V>(_: &K, _: &V, _: &V) -> Pick<V> {
    Pick::Neither
}

impl<K, V, S> Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Clone,
{
    /// Applies a [`SetOp`] to this map and `other`.
    pub(crate) fn set_op<const A: bool, const B: bool, const SHARED: bool>(
        &self,
        other: &Self,
        decide: impl FnMut(&K, &V, &V) -> Pick<V>,
    ) -> Self {
        let mut op = SetOp::<_, _, A, B, SHARED> {
            hashing: &self.hashing,
            decide,
        };
        let root = if self.hashing.same_as(&other.hashing) {
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

    /// Returns a copy of `other` with this map's hasher, for operations by structure.
    pub(super) fn rehashed(&self, other: &Self) -> Self {
        let mut copy = self.new_like();
        copy.extend(other);
        copy
    }

    /// Returns the entries of both maps, and those of `self` for keys in both. O(d · log n), where d is the number of
    /// entries that the maps don't share.
    ///
    /// If `other` adds nothing, the result shares all nodes of `self`: see [`ptr_eq`](Map::ptr_eq).
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
        self.set_op::<true, true, true>(other, keep_a)
    }

    /// Returns the entries of both maps, with the values `f(key, a, b)` for keys in both. O(d · log n), where d is the
    /// number of entries that the maps don't share.
    ///
    /// `f` isn't called for all shared entries, so **`f(k, v, v)` must equal `v`**. For an operation without that
    /// property, such as a sum, use [`sum_with`](Map::sum_with). Keys in both are stored as in `self`.
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

    /// Returns this map's entries whose keys are in `other`. Costs the same as [`union`](Map::union).
    ///
    /// ```
    /// use pleach_collections::Map;
    ///
    /// let (a, b) = (Map::from([("x", 1), ("y", 5)]), Map::from([("x", 3)]));
    /// assert_eq!(a.intersection(&b), Map::from([("x", 1)]));
    /// ```
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.set_op::<false, false, true>(other, keep_a)
    }

    /// Returns this map's entries whose keys are not in `other`. Costs the same as [`union`](Map::union).
    ///
    /// ```
    /// use pleach_collections::Map;
    ///
    /// let (a, b) = (Map::from([("x", 1), ("y", 5)]), Map::from([("x", 3)]));
    /// assert_eq!(a.difference(&b), Map::from([("y", 5)]));
    /// ```
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.set_op::<true, false, false>(other, keep_neither)
    }

    /// Returns the entries whose keys are in only one of the maps. Costs the same as [`union`](Map::union).
    ///
    /// ```
    /// use pleach_collections::Map;
    ///
    /// let (a, b) = (Map::from([("x", 1), ("y", 5)]), Map::from([("x", 3), ("z", 7)]));
    /// assert_eq!(a.symmetric_difference(&b), Map::from([("y", 5), ("z", 7)]));
    /// ```
    #[must_use]
    pub fn symmetric_difference(&self, other: &Self) -> Self {
        self.set_op::<true, true, false>(other, keep_neither)
    }
}
