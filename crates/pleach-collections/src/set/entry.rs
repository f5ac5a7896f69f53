//! The place of one item in a [`Set`], filled or empty.

use super::Set;
use crate::map::{self, RandomState};
use std::fmt;
use std::hash::{BuildHasher, Hash};

/// The place of one item in a [`Set`]: see [`Set::entry`].
#[derive(Debug)]
pub enum Entry<'a, T, S = RandomState>
where
    T: Hash + Eq + Clone,
    S: BuildHasher,
{
    /// The item is in the set.
    Occupied(OccupiedEntry<'a, T, S>),
    /// The item is not.
    Vacant(VacantEntry<'a, T, S>),
}

/// The place of an item that is in the set: see [`Entry`].
pub struct OccupiedEntry<'a, T, S = RandomState>(map::OccupiedEntry<'a, T, (), S>);

/// The place of an item that is not in the set: see [`Entry`].
pub struct VacantEntry<'a, T, S = RandomState>(map::VacantEntry<'a, T, (), S>);

impl<T: Hash + Eq + Clone, S: BuildHasher> Set<T, S> {
    /// Returns the place of an item, to look at and then to fill or empty. O(log n).
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
    /// Adds the item, if it is missing. O(log n).
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

    /// Returns the item: as the set stores it, or else as [`Set::entry`] got it.
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
    /// Returns the item, as the set stores it. O(log n).
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

    /// Removes the item, and returns it as stored. O(log n).
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
    /// Returns the item, as [`Set::entry`] got it.
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

    /// Returns the item by value, and adds nothing.
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

    /// Adds the item. O(log n).
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

impl<T: fmt::Debug + Hash + Eq + Clone, S: BuildHasher> fmt::Debug for OccupiedEntry<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OccupiedEntry").field(self.get()).finish()
    }
}

impl<T: fmt::Debug + Hash + Eq + Clone, S: BuildHasher> fmt::Debug for VacantEntry<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VacantEntry").field(self.get()).finish()
    }
}
