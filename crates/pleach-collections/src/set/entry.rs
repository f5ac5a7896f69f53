//! Entries: the occupied or vacant state of one item in a [`Set`].

use super::Set;
use crate::map::{self, RandomState};
use core::fmt;
use core::hash::{BuildHasher, Hash};

/// An occupied or vacant entry of a [`Set`], which [`Set::entry`] returns.
pub enum Entry<'a, T, S = RandomState> {
    /// The item is present.
    Occupied(OccupiedEntry<'a, T, S>),
    /// The item is missing.
    Vacant(VacantEntry<'a, T, S>),
}

/// An occupied entry of a [`Set`]: see [`Entry`].
pub struct OccupiedEntry<'a, T, S = RandomState>(map::OccupiedEntry<'a, T, (), S>);

/// A vacant entry of a [`Set`]: see [`Entry`].
pub struct VacantEntry<'a, T, S = RandomState>(map::VacantEntry<'a, T, (), S>);

impl<T: Hash + Eq + Clone, S: BuildHasher> Set<T, S> {
    /// Returns the entry of an item. O(log n).
    ///
    /// ```
    /// use pleach_collections::set::{Entry, Set};
    ///
    /// let mut seen = Set::new();
    /// seen.entry("a").or_insert();
    /// assert!(matches!(seen.entry("a"), Entry::Occupied(_)));
    /// ```
    pub fn entry(&mut self, item: T) -> Entry<'_, T, S> {
        match self.map.entry(item) {
            map::Entry::Occupied(entry) => Entry::Occupied(OccupiedEntry(entry)),
            map::Entry::Vacant(entry) => Entry::Vacant(VacantEntry(entry)),
        }
    }
}

impl<T: Hash + Eq + Clone, S: BuildHasher> Entry<'_, T, S> {
    /// Inserts the item if the entry is vacant. O(log n).
    ///
    /// ```
    /// let mut set = pleach_collections::Set::new();
    /// set.entry(1).or_insert();
    /// assert!(set.contains(&1));
    /// ```
    pub fn or_insert(self) {
        if let Self::Vacant(entry) = self {
            entry.insert();
        }
    }

    /// Returns the item: the stored one of an occupied entry, that given to [`Set::entry`] of a vacant one.
    ///
    /// ```
    /// let mut set = pleach_collections::Set::from([1]);
    /// assert_eq!(set.entry(1).get(), &1);
    /// ```
    pub fn get(&self) -> &T {
        match self {
            Self::Occupied(entry) => entry.get(),
            Self::Vacant(entry) => entry.get(),
        }
    }
}

impl<T: Hash + Eq + Clone, S: BuildHasher> OccupiedEntry<'_, T, S> {
    /// Returns the stored item. O(log n).
    ///
    /// ```
    /// use pleach_collections::set::{Entry, Set};
    ///
    /// let mut set = Set::from([1]);
    /// let Entry::Occupied(entry) = set.entry(1) else { unreachable!() };
    /// assert_eq!(entry.get(), &1);
    /// ```
    pub fn get(&self) -> &T {
        self.0.key()
    }

    /// Removes and returns the stored item. O(log n).
    ///
    /// ```
    /// use pleach_collections::set::{Entry, Set};
    ///
    /// let mut set = Set::from([1]);
    /// let Entry::Occupied(entry) = set.entry(1) else { unreachable!() };
    /// assert_eq!(entry.remove(), 1);
    /// assert!(set.is_empty());
    /// ```
    pub fn remove(self) -> T {
        self.0.remove_entry().0
    }
}

impl<T: Hash + Eq + Clone, S: BuildHasher> VacantEntry<'_, T, S> {
    /// Returns the item that was given to [`Set::entry`].
    ///
    /// ```
    /// use pleach_collections::set::{Entry, Set};
    ///
    /// let mut set = Set::from([1]);
    /// let Entry::Vacant(entry) = set.entry(2) else { unreachable!() };
    /// assert_eq!(entry.get(), &2);
    /// ```
    pub fn get(&self) -> &T {
        self.0.key()
    }

    /// Returns the item by value.
    ///
    /// ```
    /// use pleach_collections::set::{Entry, Set};
    ///
    /// let mut set = Set::from([1]);
    /// let Entry::Vacant(entry) = set.entry(2) else { unreachable!() };
    /// assert_eq!(entry.into_value(), 2);
    /// ```
    pub fn into_value(self) -> T {
        self.0.into_key()
    }

    /// Inserts the item. O(log n).
    ///
    /// ```
    /// use pleach_collections::set::{Entry, Set};
    ///
    /// let mut set = Set::from([1]);
    /// let Entry::Vacant(entry) = set.entry(2) else { unreachable!() };
    /// entry.insert();
    /// assert!(set.contains(&2));
    /// ```
    pub fn insert(self) {
        self.0.insert(());
    }
}

impl<T: fmt::Debug + Hash + Eq + Clone, S: BuildHasher> fmt::Debug for Entry<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Occupied(entry) => f.debug_tuple("Entry").field(entry).finish(),
            Self::Vacant(entry) => f.debug_tuple("Entry").field(entry).finish(),
        }
    }
}

impl<T: fmt::Debug + Hash + Eq + Clone, S: BuildHasher> fmt::Debug for OccupiedEntry<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OccupiedEntry").field(self.get()).finish()
    }
}

impl<T: fmt::Debug, S> fmt::Debug for VacantEntry<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VacantEntry").field(self.0.key()).finish()
    }
}
