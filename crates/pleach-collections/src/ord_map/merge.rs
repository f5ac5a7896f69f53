//! The three-way merge.

use super::OrdMap;
use super::combine::{Edit, New};
use crate::btree::Pair;
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::iter::Peekable;

/// A key's entries in the base and in a side that changed it.
struct Changed<'a, K, V> {
    key: &'a K,
    old: Option<&'a V>,
    new: Option<&'a V>,
}

type Changes<'a, K, V> = Vec<Changed<'a, K, V>>;

/// A key that one side or both changed.
enum Step<'a, K, V> {
    Ours(Changed<'a, K, V>),
    Theirs(Changed<'a, K, V>),
    Both(Changed<'a, K, V>, Changed<'a, K, V>),
}

/// Returns the next step, in the order of keys.
fn step<'a, K: Ord, V>(
    ours: &mut Peekable<vec::IntoIter<Changed<'a, K, V>>>,
    theirs: &mut Peekable<vec::IntoIter<Changed<'a, K, V>>>,
) -> Option<Step<'a, K, V>> {
    let order = match (ours.peek(), theirs.peek()) {
        (Some(a), Some(b)) => a.key.cmp(b.key),
        (Some(_), None) => Ordering::Less,
        (None, _) => Ordering::Greater,
    };
    match order {
        Ordering::Less => ours.next().map(Step::Ours),
        Ordering::Greater => theirs.next().map(Step::Theirs),
        Ordering::Equal => ours.next().zip(theirs.next()).map(|(a, b)| Step::Both(a, b)),
    }
}

impl<K: Ord + Clone, V: Clone + PartialEq> OrdMap<K, V> {
    /// Merges the changes from `base` to `self` and from `base` to `other`.
    ///
    /// A key that one side changed (inserted, removed, or gave another value) is as on that side; one that both changed
    /// to the same is as on both. For a conflict, `resolve` gets the key and its values in `base`, `self` and `other`,
    /// and returns the value of the result, if any. It is called in the order of the keys.
    ///
    /// Of equal but distinguishable keys, the stored one is unspecified.
    ///
    /// O(c · log n), where c is the number of changes, if the maps share what is unchanged. The result doesn't depend on
    /// sharing, only the cost does.
    ///
    /// ```
    /// use pleach_collections::OrdMap;
    ///
    /// let base = OrdMap::from([("kept", 1), ("lost", 1), ("both", 1)]);
    /// let ours = base.update("both", 2).update("new", 7);
    /// let theirs = base.without("lost").update("both", 3);
    /// let merged = ours.merge(&base, &theirs, |_, _, a, b| a.max(b).copied());
    /// assert_eq!(merged, OrdMap::from([("kept", 1), ("both", 3), ("new", 7)]));
    /// ```
    #[must_use]
    pub fn merge(
        &self,
        base: &Self,
        other: &Self,
        resolve: impl FnMut(&K, Option<&V>, Option<&V>, Option<&V>) -> Option<V>,
    ) -> Self {
        self.merge_as(base, other, true, resolve)
    }

    /// Merges as [`merge`](OrdMap::merge) does, but `resolve` also decides about keys that both sides changed to the
    /// same: so that two increments by one can be an increment by two.
    ///
    /// ```
    /// use pleach_collections::OrdMap;
    ///
    /// let base = OrdMap::from([("a", 1)]);
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
        self.merge_as(base, other, false, resolve)
    }

    /// Merges; equal changes of both sides are one change if `alike_is_one`.
    fn merge_as(
        &self,
        base: &Self,
        other: &Self,
        alike_is_one: bool,
        mut resolve: impl FnMut(&K, Option<&V>, Option<&V>, Option<&V>) -> Option<V>,
    ) -> Self {
        if base.ptr_eq(other) || (alike_is_one && self.ptr_eq(other)) {
            return self.clone();
        }
        if base.ptr_eq(self) {
            return other.clone();
        }
        let (ours, theirs) = (base.changes(self), base.changes(other));
        // The side with more changes is edited by those of the other.
        let edits_ours = theirs.len() <= ours.len();
        let target = if edits_ours { self } else { other };
        let (mut ours, mut theirs) = (ours.into_iter().peekable(), theirs.into_iter().peekable());
        let mut edits = Vec::new();
        while let Some(step) = step(&mut ours, &mut theirs) {
            let (key, new) = match step {
                Step::Ours(change) if !edits_ours => (change.key, change.new.map_or(New::Missing, New::Clone)),
                Step::Theirs(change) if edits_ours => (change.key, change.new.map_or(New::Missing, New::Clone)),
                Step::Ours(_) | Step::Theirs(_) => continue,
                Step::Both(ours, theirs) if alike_is_one && ours.new == theirs.new => continue,
                Step::Both(ours, theirs) => {
                    let value = resolve(ours.key, ours.old, ours.new, theirs.new);
                    (ours.key, value.map_or(New::Missing, New::Value))
                }
            };
            edits.push(Edit { key, new });
        }
        target.edited(edits)
    }

    /// Returns the changes from this map to `new`, in the order of keys.
    fn changes<'a>(&'a self, new: &'a Self) -> Changes<'a, K, V> {
        let changes = self.zip(new).filter_map(|pair| {
            let (key, old, new) = match pair {
                Pair::Left((key, old)) => (key, Some(old), None),
                Pair::Right((key, new)) => (key, None, Some(new)),
                Pair::Both((_, old), (_, new)) if old == new => return None,
                Pair::Both((key, old), (_, new)) => (key, Some(old), Some(new)),
            };
            Some(Changed { key, old, new })
        });
        changes.collect()
    }
}
