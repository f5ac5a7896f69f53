//! The persistent hash set.

mod combine;
mod entry;
mod ops;
#[cfg(feature = "rayon")]
mod rayon;
mod traits;

pub use combine::ExtractIf;
pub use entry::{Entry, OccupiedEntry, VacantEntry};

use crate::map::{IntoKeys, Keys, Map, RandomState, Violation};
use equivalent::Equivalent;
use std::hash::{BuildHasher, Hash};

/// A persistent hash set: a [`Map`] without values, with its costs, and its limits.
///
/// `&a | &b`, `&a & &b`, `&a - &b` and `&a ^ &b` are [`union`](Set::union), [`intersection`](Set::intersection),
/// [`difference`](Set::difference) and [`symmetric_difference`](Set::symmetric_difference). Unlike `std`'s, they
/// give sets, not iterators: by sharing, the set costs less than to iterate.
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
    /// An empty set. O(1), allocates nothing.
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
    /// An empty set that hashes with `hasher`: see [`Map::with_hasher`].
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

    /// An empty set with this set's hasher, so that the two can be merged by structure. O(1).
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

    /// The hasher. O(1).
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

    /// The number of items. O(1).
    ///
    /// ```
    /// assert_eq!(pleach_collections::Set::from([1, 2, 2]).len(), 2);
    /// ```
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether there is no item. O(1).
    ///
    /// ```
    /// assert!(pleach_collections::Set::<u32>::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// Whether both are one and the same set: see [`Map::ptr_eq`]. O(1).
    ///
    /// ```
    /// let set = pleach_collections::Set::from([1]);
    /// assert!(set.ptr_eq(&set.clone()));
    /// ```
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.map.ptr_eq(&other.map)
    }

    /// Removes all items, and keeps the hasher. O(1) if the set is shared, else O(n).
    ///
    /// ```
    /// let mut set = pleach_collections::Set::from([1]);
    /// set.clear();
    /// assert!(set.is_empty());
    /// ```
    pub fn clear(&mut self) {
        self.map.clear();
    }

    /// The items, in no order to rely on. O(n) in all.
    ///
    /// ```
    /// assert_eq!(pleach_collections::Set::from([1, 2]).iter().sum::<i32>(), 3);
    /// ```
    pub fn iter(&self) -> Keys<'_, T, ()> {
        self.map.keys()
    }

    /// Empties the set, and iterates over the items it had: see [`Map::drain`].
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
    /// Whether the item is in the set. O(log n).
    ///
    /// ```
    /// assert!(pleach_collections::Set::from([String::from("a")]).contains("a"));
    /// ```
    pub fn contains<Q: Hash + Equivalent<T> + ?Sized>(&self, item: &Q) -> bool {
        self.map.contains_key(item)
    }

    /// The item as stored. O(log n).
    ///
    /// ```
    /// let set = pleach_collections::Set::from([String::from("a")]);
    /// assert_eq!(set.get("a"), Some(&String::from("a")));
    /// ```
    pub fn get<Q: Hash + Equivalent<T> + ?Sized>(&self, item: &Q) -> Option<&T> {
        self.map.get_key_value(item).map(|(item, ())| item)
    }

    /// Tests the invariants of the trie: for tests and fuzzers. O(n).
    ///
    /// # Errors
    /// The first invariant found broken.
    #[doc(hidden)]
    pub fn check(&self) -> Result<(), Violation>
    where
        T: Hash + Eq,
    {
        self.map.check()
    }
}

impl<T: Hash + Eq + Clone, S: BuildHasher> Set<T, S> {
    /// Adds an item, and says whether it is new; one that is present stays as it was stored. O(log n).
    ///
    /// ```
    /// let mut set = pleach_collections::Set::new();
    /// assert!(set.insert(1));
    /// assert!(!set.insert(1));
    /// ```
    pub fn insert(&mut self, item: T) -> bool {
        self.map.insert(item, ()).is_none()
    }

    /// Adds an item in the place of the equal one, which it returns. O(log n).
    ///
    /// ```
    /// let mut set = pleach_collections::Set::from([1]);
    /// assert_eq!(set.replace(1), Some(1));
    /// assert_eq!(set.replace(2), None);
    /// ```
    pub fn replace(&mut self, item: T) -> Option<T> {
        self.map.replace_entry(item, ()).map(|(item, ())| item)
    }

    /// Removes an item, and says whether it was there. O(log n).
    ///
    /// ```
    /// let mut set = pleach_collections::Set::from([1]);
    /// assert!(set.remove(&1));
    /// assert!(!set.remove(&1));
    /// ```
    pub fn remove<Q: Hash + Equivalent<T> + ?Sized>(&mut self, item: &Q) -> bool {
        self.map.remove(item).is_some()
    }

    /// Removes an item, and returns it as stored. O(log n).
    ///
    /// ```
    /// let mut set = pleach_collections::Set::from([String::from("a")]);
    /// assert_eq!(set.take("a"), Some(String::from("a")));
    /// ```
    pub fn take<Q: Hash + Equivalent<T> + ?Sized>(&mut self, item: &Q) -> Option<T> {
        self.map.remove_entry(item).map(|(item, ())| item)
    }

    /// Keeps the items that `keep` says, and removes the others: see [`Map::retain`]. O(n).
    ///
    /// ```
    /// let mut set: pleach_collections::Set<u32> = (0..10).collect();
    /// set.retain(|item| item % 2 == 0);
    /// assert_eq!(set.len(), 5);
    /// ```
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.map.retain(|item, ()| keep(item));
    }

    /// This set with an item: itself, if the item is present. O(log n).
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

    /// This set without an item: itself, if the item is missing. O(log n).
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
