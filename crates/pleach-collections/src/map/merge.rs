//! Three-way merge.

use super::Map;
use super::ops::Op;
use crate::hamt::{self, Keys, Merge};
use std::hash::{BuildHasher, Hash};

/// A merge whose resolver is asked about changes made alike on both sides only if `ALIKE_IS_ONE` is false.
struct MergeOp<'a, S, F, const ALIKE_IS_ONE: bool>(Op<'a, S, F>);

impl<K: Hash + Eq, S: BuildHasher, F, const ALIKE: bool> Keys<K> for MergeOp<'_, S, F, ALIKE> {
    fn hash(&self, key: &K) -> u64 {
        self.0.hash(key)
    }

    fn same(&self, a: &K, b: &K) -> bool {
        a == b
    }
}

impl<K, V, S, F, const ALIKE: bool> Merge<K, V> for MergeOp<'_, S, F, ALIKE>
where
    K: Hash + Eq,
    V: PartialEq,
    S: BuildHasher,
    F: FnMut(&K, Option<&V>, Option<&V>, Option<&V>) -> Option<V>,
{
    const ALIKE_IS_ONE: bool = ALIKE;

    fn same_value(&self, a: &V, b: &V) -> bool {
        a == b
    }

    fn resolve(&mut self, key: &K, base: Option<&V>, a: Option<&V>, b: Option<&V>) -> Option<V> {
        (self.0.decide)(key, base, a, b)
    }
}

impl<K, V, S> Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone + PartialEq,
    S: BuildHasher + Clone,
{
    /// Three-way merge: this map with the changes that lead from `base` to `other`.
    ///
    /// A key that only one side changed (inserted, removed, or gave another value) is as that side has it; one that both
    /// changed alike is as both have it. Of other keys, `resolve` gets the values in the base, here and in `other`, and
    /// says which value the key will have, if any.
    ///
    /// Of equal keys that can be told apart, no particular one of the three maps' is stored.
    ///
    /// Costs O(c · log n), where c is the number of changes; what only one side changed is not even entered. No
    /// ancestry is needed for correctness, only for speed.
    ///
    /// ```
    /// use pleach_collections::Map;
    ///
    /// let base = Map::from([("kept", 1), ("lost", 1), ("both", 1)]);
    /// let ours = base.update("both", 2).update("new", 7);
    /// let theirs = base.without("lost").update("both", 3);
    /// let merged = ours.merge(&base, &theirs, |_, _, a, b| a.max(b).copied());
    /// assert_eq!(merged, Map::from([("kept", 1), ("both", 3), ("new", 7)]));
    /// ```
    #[must_use]
    pub fn merge(
        &self,
        base: &Self,
        other: &Self,
        resolve: impl FnMut(&K, Option<&V>, Option<&V>, Option<&V>) -> Option<V>,
    ) -> Self {
        self.merge_as::<true>(base, other, resolve)
    }

    /// As [`merge`](Map::merge), but `resolve` is asked about every key that both sides changed, those changed alike
    /// included: two additions of one are an addition of two.
    ///
    /// ```
    /// use pleach_collections::Map;
    ///
    /// let base = Map::from([("a", 1)]);
    /// let (ours, theirs) = (base.update("a", 3), base.update("a", 3));
    /// let sum = |_: &_, base: Option<&i32>, a: Option<&i32>, b: Option<&i32>| Some(a? + b? - base?);
    /// assert_eq!(ours.merge_all(&base, &theirs, sum)["a"], 5);
    /// assert_eq!(ours.merge(&base, &theirs, sum)["a"], 3);
    /// ```
    #[must_use]
    pub fn merge_all(
        &self,
        base: &Self,
        other: &Self,
        resolve: impl FnMut(&K, Option<&V>, Option<&V>, Option<&V>) -> Option<V>,
    ) -> Self {
        self.merge_as::<false>(base, other, resolve)
    }

    fn merge_as<const ALIKE_IS_ONE: bool>(
        &self,
        base: &Self,
        other: &Self,
        resolve: impl FnMut(&K, Option<&V>, Option<&V>, Option<&V>) -> Option<V>,
    ) -> Self {
        let mut op = MergeOp::<_, _, ALIKE_IS_ONE>(Op {
            hashing: &self.hashing,
            decide: resolve,
        });
        let alike = |map: &Self| {
            if self.hashing.is(&map.hashing) {
                None
            } else {
                Some(self.rehashed(map))
            }
        };
        let (base_copy, other_copy) = (alike(base), alike(other));
        let base = base_copy.as_ref().unwrap_or(base);
        let other = other_copy.as_ref().unwrap_or(other);
        let root = hamt::merge(base.root.as_ref(), self.root.as_ref(), other.root.as_ref(), &mut op);
        Self {
            root,
            hashing: self.hashing.clone(),
        }
    }
}
