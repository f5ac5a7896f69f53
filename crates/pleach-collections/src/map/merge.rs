//! The three-way merge.

use super::Map;
use super::hashing::Hashing;
use crate::hamt::{self, Merge};
use core::hash::{BuildHasher, Hash};

/// A merge, in which equal changes of both sides are one change if `ALIKE_IS_ONE`.
struct MergeOp<'a, S, F, const ALIKE_IS_ONE: bool> {
    hashing: &'a Hashing<S>,
    resolve: F,
}

impl<K, V, S, F, const ALIKE: bool> Merge<K, V> for MergeOp<'_, S, F, ALIKE>
where
    K: Hash + Eq,
    V: PartialEq,
    S: BuildHasher,
    F: FnMut(&K, Option<&V>, Option<&V>, Option<&V>) -> Option<V>,
{
    type Keys = Hashing<S>;

    const ALIKE_IS_ONE: bool = ALIKE;

    fn keys(&self) -> &Hashing<S> {
        self.hashing
    }

    fn same_value(&self, a: &V, b: &V) -> bool {
        a == b
    }

    fn resolve(&mut self, key: &K, base: Option<&V>, a: Option<&V>, b: Option<&V>) -> Option<V> {
        (self.resolve)(key, base, a, b)
    }
}

impl<K, V, S> Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone + PartialEq,
    S: BuildHasher + Clone,
{
    /// Merges the changes from `base` to `self` and from `base` to `other`.
    ///
    /// A key that one side changed (inserted, removed, or gave another value) is as on that side; one that both changed
    /// to the same is as on both. For a conflict, `resolve` gets the key and its values in `base`, `self` and `other`,
    /// and returns the value of the result, if any.
    ///
    /// Of equal but distinguishable keys, the stored one is unspecified.
    ///
    /// O(c · log n), where c is the number of changes, if the maps share what is unchanged. Nodes that only one side
    /// changed are not entered. The result doesn't depend on sharing, only the cost does.
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

    /// Merges as [`merge`](Map::merge) does, but `resolve` also decides about keys that both sides changed to the same:
    /// so that two increments by one can be an increment by two.
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
        let mut op = MergeOp::<_, _, ALIKE_IS_ONE> {
            hashing: &self.hashing,
            resolve,
        };
        let alike = |map: &Self| {
            if self.hashing.same_as(&map.hashing) {
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
