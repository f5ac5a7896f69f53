//! Values that can be merged with a common ancestor.

use std::hash::{BuildHasher, Hash};

use pleach_collections::{Bag, Map, OrdMap, OrdSet, Set, TrieMap, Vector};

/// A persistent value that merges the changes of two forks: the values that a [`Shared`](crate::Shared) can hold.
///
/// # Requirements
/// - `clone` is cheap: each read that outlives a guard is one, and so is each fork.
/// - `a.merge(&b, &b)` equals `a`, and `a.merge(&a, &b)` equals `b`.
/// - If `a.ptr_eq(&b)`, the two are equal. The reverse needn't hold: it decides about cost.
///
/// ```
/// use pleach_collections::{Map, Set};
/// use pleach_shared::{Merge, Shared};
///
/// /// Users, and who is online.
/// #[derive(Clone, Default)]
/// struct World {
///     users: Map<u32, String>,
///     online: Set<u32>,
/// }
///
/// impl Merge for World {
///     fn merge(&self, base: &Self, theirs: &Self) -> Self {
///         Self {
///             users: Merge::merge(&self.users, &base.users, &theirs.users),
///             online: Merge::merge(&self.online, &base.online, &theirs.online),
///         }
///     }
///
///     fn ptr_eq(&self, other: &Self) -> bool {
///         self.users.ptr_eq(&other.users) && self.online.ptr_eq(&other.online)
///     }
/// }
///
/// let world = Shared::new(World::default());
/// world.update(|world| world.online.insert(7));
/// assert!(world.load().online.contains(&7));
/// ```
pub trait Merge: Clone {
    /// Returns this value with the changes that lead from `base` to `theirs`. Where both sides changed the same entry
    /// differently, the result is as in `theirs`.
    #[must_use]
    fn merge(&self, base: &Self, theirs: &Self) -> Self;

    /// Returns whether the two share all memory, so that they are equal. O(1).
    fn ptr_eq(&self, other: &Self) -> bool;
}

impl<K: Hash + Eq + Clone, V: Clone + PartialEq, S: BuildHasher + Clone> Merge for Map<K, V, S> {
    fn merge(&self, base: &Self, theirs: &Self) -> Self {
        self.merge(base, theirs, |_, _, _, theirs| theirs.cloned())
    }

    fn ptr_eq(&self, other: &Self) -> bool {
        self.ptr_eq(other)
    }
}

impl<T: Hash + Eq + Clone, S: BuildHasher + Clone> Merge for Set<T, S> {
    fn merge(&self, base: &Self, theirs: &Self) -> Self {
        self.merge(base, theirs)
    }

    fn ptr_eq(&self, other: &Self) -> bool {
        self.ptr_eq(other)
    }
}

/// Counts add up: of each item, both sides' additions since the base.
impl<T: Hash + Eq + Clone, S: BuildHasher + Clone> Merge for Bag<T, S> {
    fn merge(&self, base: &Self, theirs: &Self) -> Self {
        self.merge(base, theirs)
    }

    fn ptr_eq(&self, other: &Self) -> bool {
        self.ptr_eq(other)
    }
}

impl<K: Ord + Clone, V: Clone + PartialEq> Merge for OrdMap<K, V> {
    fn merge(&self, base: &Self, theirs: &Self) -> Self {
        self.merge(base, theirs, |_, _, _, theirs| theirs.cloned())
    }

    fn ptr_eq(&self, other: &Self) -> bool {
        self.ptr_eq(other)
    }
}

impl<K: Ord + Clone> Merge for OrdSet<K> {
    fn merge(&self, base: &Self, theirs: &Self) -> Self {
        self.merge(base, theirs)
    }

    fn ptr_eq(&self, other: &Self) -> bool {
        self.ptr_eq(other)
    }
}

/// Where both sides inserted at the same place, such as the end, the result has both insertions, those of `self` first. Where both
/// changed the same items differently, it has those of `theirs`.
impl<T: Clone + PartialEq> Merge for Vector<T> {
    fn merge(&self, base: &Self, theirs: &Self) -> Self {
        self.merge(base, theirs, |base, ours, theirs| {
            if base.is_empty() { ours + theirs } else { theirs.clone() }
        })
    }

    fn ptr_eq(&self, other: &Self) -> bool {
        self.ptr_eq(other)
    }
}

impl<V: Clone + PartialEq> Merge for TrieMap<V> {
    fn merge(&self, base: &Self, theirs: &Self) -> Self {
        self.merge(base, theirs, |_, _, _, theirs| theirs.cloned())
    }

    fn ptr_eq(&self, other: &Self) -> bool {
        self.ptr_eq(other)
    }
}
