//! The persistent hash set [`Set`], its iterators and entries.

mod entry;
mod extract_if;
mod ops;
#[cfg(feature = "rayon")]
mod rayon;
mod traits;

pub use entry::{Entry, OccupiedEntry, VacantEntry};
pub use extract_if::ExtractIf;

use crate::map::{IntoKeys, Keys, Map, RandomState, Violation};
use core::hash::{BuildHasher, Hash};
use equivalent::Equivalent;

/// A persistent hash set: a [`Map`] without values, with the same costs and limits.
///
/// In the costs below, n is the number of items of the larger set, d that of the items that two sets don't share.
///
/// `&a | &b`, `&a & &b`, `&a - &b` and `&a ^ &b` are [`union`](Set::union), [`intersection`](Set::intersection),
/// [`difference`](Set::difference) and [`symmetric_difference`](Set::symmetric_difference). Unlike `std`'s, they
/// return sets, not iterators: the result shares nodes with its operands, so it costs less than the iteration.
///
/// ```
/// use pleach_collections::Set;
///
/// let base: Set<u32> = (0..10).collect();
/// let mut fork = base.clone();
/// assert!(fork.insert(10));
/// assert!(!base.contains(&10));
/// assert_eq!(&fork - &base, Set::from([10]));
/// ```
pub struct Set<T, S = RandomState> {
    map: Map<T, (), S>,
}

impl<T> Set<T> {
    /// Creates an empty set. O(1), without allocation.
    ///
    /// ```
    /// static EMPTY: pleach_collections::Set<u32> = pleach_collections::Set::new();
    /// assert!(EMPTY.is_empty());
    /// ```
    pub const fn new() -> Self {
        Self { map: Map::new() }
    }
}

impl<T, S> Set<T, S> {
    /// Creates an empty set that hashes with `hasher`: see [`Map::with_hasher`]. O(1).
    ///
    /// ```
    /// let mut set = pleach_collections::Set::with_hasher(std::hash::RandomState::new());
    /// assert!(set.insert(1));
    /// ```
    pub fn with_hasher(hasher: S) -> Self {
        Self {
            map: Map::with_hasher(hasher),
        }
    }

    /// Creates an empty set with this set's hasher, so that the two can be merged by structure. O(1).
    ///
    /// ```
    /// let set = pleach_collections::Set::from([1]);
    /// assert!(set.new_like().is_empty());
    /// ```
    pub fn new_like(&self) -> Self
    where
        S: Clone,
    {
        Self {
            map: self.map.new_like(),
        }
    }

    /// Returns the hasher. O(1).
    ///
    /// ```
    /// use std::hash::BuildHasher;
    ///
    /// let set = pleach_collections::Set::from([1]);
    /// assert_eq!(set.hasher().hash_one(1), set.clone().hasher().hash_one(1));
    /// ```
    pub fn hasher(&self) -> &S {
        self.map.hasher()
    }

    /// Returns the number of items. O(1).
    ///
    /// ```
    /// assert_eq!(pleach_collections::Set::from([1, 2, 2]).len(), 2);
    /// ```
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Returns `true` if the set has no items. O(1).
    ///
    /// ```
    /// assert!(pleach_collections::Set::<u32>::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// Returns `true` if both sets share all nodes: see [`Map::ptr_eq`]. O(1).
    ///
    /// ```
    /// let set = pleach_collections::Set::from([1]);
    /// assert!(set.ptr_eq(&set.clone()));
    /// ```
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.map.ptr_eq(&other.map)
    }

    /// Removes all items. O(1) if another set shares them, else O(n).
    ///
    /// ```
    /// let mut set = pleach_collections::Set::from([1]);
    /// set.clear();
    /// assert!(set.is_empty());
    /// ```
    pub fn clear(&mut self) {
        self.map.clear();
    }

    /// Returns an iterator over the items, in unspecified order. O(n) for all.
    ///
    /// ```
    /// assert_eq!(pleach_collections::Set::from([1, 2]).iter().sum::<i32>(), 3);
    /// ```
    pub fn iter(&self) -> Keys<'_, T, ()> {
        self.map.keys()
    }

    /// Removes all items and returns an iterator over them: see [`Map::drain`].
    ///
    /// ```
    /// let mut set = pleach_collections::Set::from([1, 2]);
    /// assert_eq!(set.drain().sum::<i32>(), 3);
    /// assert!(set.is_empty());
    /// ```
    pub fn drain(&mut self) -> IntoKeys<T, ()>
    where
        T: Clone,
    {
        IntoKeys::of(self.map.drain())
    }
}

impl<T, S: BuildHasher> Set<T, S> {
    /// Returns `true` if the set has the item. O(log n).
    ///
    /// ```
    /// assert!(pleach_collections::Set::from([String::from("a")]).contains("a"));
    /// ```
    pub fn contains<Q: Hash + Equivalent<T> + ?Sized>(&self, item: &Q) -> bool {
        self.map.contains_key(item)
    }

    /// Returns the stored item that equals `item`. O(log n).
    ///
    /// ```
    /// let set = pleach_collections::Set::from([String::from("a")]);
    /// assert_eq!(set.get("a"), Some(&String::from("a")));
    /// ```
    pub fn get<Q: Hash + Equivalent<T> + ?Sized>(&self, item: &Q) -> Option<&T> {
        self.map.get_key_value(item).map(|(item, ())| item)
    }

    /// Checks the invariants of the trie: for tests and fuzzers. O(n).
    ///
    /// # Errors
    /// Returns the first violated invariant.
    #[doc(hidden)]
    pub fn check(&self) -> Result<(), Violation>
    where
        T: Hash + Eq,
    {
        self.map.check()
    }
}

impl<T: Hash + Eq + Clone, S: BuildHasher> Set<T, S> {
    /// Inserts an item, and returns `true` if it was missing. An equal item that is present stays. O(log n).
    ///
    /// ```
    /// let mut set = pleach_collections::Set::new();
    /// assert!(set.insert(1));
    /// assert!(!set.insert(1));
    /// ```
    pub fn insert(&mut self, item: T) -> bool {
        self.map.insert(item, ()).is_none()
    }

    /// Inserts an item, replacing and returning an equal one. O(log n).
    ///
    /// ```
    /// let mut set = pleach_collections::Set::from([1]);
    /// assert_eq!(set.replace(1), Some(1));
    /// assert_eq!(set.replace(2), None);
    /// ```
    pub fn replace(&mut self, item: T) -> Option<T> {
        self.map.replace_entry(item, ()).map(|(item, ())| item)
    }

    /// Removes an item, and returns `true` if it was present. O(log n).
    ///
    /// ```
    /// let mut set = pleach_collections::Set::from([1]);
    /// assert!(set.remove(&1));
    /// assert!(!set.remove(&1));
    /// ```
    pub fn remove<Q: Hash + Equivalent<T> + ?Sized>(&mut self, item: &Q) -> bool {
        self.map.remove(item).is_some()
    }

    /// Removes and returns the stored item that equals `item`. O(log n).
    ///
    /// ```
    /// let mut set = pleach_collections::Set::from([String::from("a")]);
    /// assert_eq!(set.take("a"), Some(String::from("a")));
    /// ```
    pub fn take<Q: Hash + Equivalent<T> + ?Sized>(&mut self, item: &Q) -> Option<T> {
        self.map.remove_entry(item).map(|(item, ())| item)
    }

    /// Retains the items that satisfy `keep`: see [`Map::retain`]. O(n).
    ///
    /// ```
    /// let mut set: pleach_collections::Set<u32> = (0..10).collect();
    /// set.retain(|item| item % 2 == 0);
    /// assert_eq!(set.len(), 5);
    /// ```
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.map.retain(|item, ()| keep(item));
    }

    /// Inserts items as [`extend`](Extend::extend) does, converted, as `extend` of `im` does.
    ///
    /// ```
    /// let mut names: pleach_collections::Set<String> = pleach_collections::Set::new();
    /// names.extend_from(["ann", "bob"]);
    /// assert!(names.contains("ann"));
    /// ```
    pub fn extend_from<T2: Into<T>>(&mut self, items: impl IntoIterator<Item = T2>) {
        self.extend(items.into_iter().map(T2::into));
    }

    /// Returns this set with an item: the same set, if the item is present. O(log n).
    ///
    /// ```
    /// let set = pleach_collections::Set::from([1]);
    /// assert_eq!(set.update(2), pleach_collections::Set::from([1, 2]));
    /// assert!(set.update(1).ptr_eq(&set));
    /// ```
    #[must_use]
    pub fn update(&self, item: T) -> Self
    where
        S: Clone,
    {
        let mut copy = self.clone();
        if !self.contains(&item) {
            copy.insert(item);
        }
        copy
    }

    /// Returns this set without an item: the same set, if the item is missing. O(log n).
    ///
    /// ```
    /// let set = pleach_collections::Set::from([1, 2]);
    /// assert_eq!(set.without(&1), pleach_collections::Set::from([2]));
    /// assert!(set.without(&3).ptr_eq(&set));
    /// ```
    #[must_use]
    pub fn without<Q: Hash + Equivalent<T> + ?Sized>(&self, item: &Q) -> Self
    where
        S: Clone,
    {
        Self {
            map: self.map.without(item),
        }
    }
}

impl<T, S> IntoIterator for Set<T, S>
where
    T: Clone,
{
    type Item = T;
    type IntoIter = IntoKeys<T, ()>;

    fn into_iter(self) -> IntoKeys<T, ()> {
        self.map.into_keys()
    }
}

impl<'a, T, S> IntoIterator for &'a Set<T, S> {
    type Item = &'a T;
    type IntoIter = Keys<'a, T, ()>;

    fn into_iter(self) -> Keys<'a, T, ()> {
        self.iter()
    }
}
