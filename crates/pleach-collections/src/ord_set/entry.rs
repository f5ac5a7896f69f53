//! Entries: the occupied or vacant state of one item in an [`OrdSet`].

use super::OrdSet;
use crate::ord_map;
use core::fmt;

/// An occupied or vacant entry of an [`OrdSet`], which [`OrdSet::entry`] returns.
pub enum Entry<'a, T> {
    /// The item is present.
    Occupied(OccupiedEntry<'a, T>),
    /// The item is missing.
    Vacant(VacantEntry<'a, T>),
}

/// An occupied entry of an [`OrdSet`]: see [`Entry`].
pub struct OccupiedEntry<'a, T>(ord_map::OccupiedEntry<'a, T, ()>);

/// A vacant entry of an [`OrdSet`]: see [`Entry`].
pub struct VacantEntry<'a, T>(ord_map::VacantEntry<'a, T, ()>);

impl<T: Ord + Clone> OrdSet<T> {
    /// Returns the entry of an item. O(log n).
    ///
    /// ```
    /// use pleach_collections::ord_set::{Entry, OrdSet};
    ///
    /// let mut seen = OrdSet::new();
    /// seen.entry("a").or_insert();
    /// assert!(matches!(seen.entry("a"), Entry::Occupied(_)));
    /// ```
    pub fn entry(&mut self, item: T) -> Entry<'_, T> {
        match self.map.entry(item) {
            ord_map::Entry::Occupied(entry) => Entry::Occupied(OccupiedEntry(entry)),
            ord_map::Entry::Vacant(entry) => Entry::Vacant(VacantEntry(entry)),
        }
    }
}

impl<T: Ord + Clone> Entry<'_, T> {
    /// Inserts the item if the entry is vacant. O(log n).
    ///
    /// ```
    /// let mut set = pleach_collections::OrdSet::new();
    /// set.entry(1).or_insert();
    /// assert!(set.contains(&1));
    /// ```
    pub fn or_insert(self) {
        if let Self::Vacant(entry) = self {
            entry.insert();
        }
    }

    /// Returns the item: the stored one of an occupied entry, that given to [`OrdSet::entry`] of a vacant one.
    ///
    /// ```
    /// let mut set = pleach_collections::OrdSet::from([1]);
    /// assert_eq!(set.entry(1).get(), &1);
    /// ```
    pub fn get(&self) -> &T {
        match self {
            Self::Occupied(entry) => entry.get(),
            Self::Vacant(entry) => entry.get(),
        }
    }
}

impl<T: Ord + Clone> OccupiedEntry<'_, T> {
    /// Returns the stored item. O(log n).
    ///
    /// ```
    /// use pleach_collections::ord_set::{Entry, OrdSet};
    ///
    /// let mut set = OrdSet::from([1]);
    /// let Entry::Occupied(entry) = set.entry(1) else { unreachable!() };
    /// assert_eq!(entry.get(), &1);
    /// ```
    pub fn get(&self) -> &T {
        self.0.key()
    }

    /// Removes and returns the stored item. O(log n).
    ///
    /// ```
    /// use pleach_collections::ord_set::{Entry, OrdSet};
    ///
    /// let mut set = OrdSet::from([1]);
    /// let Entry::Occupied(entry) = set.entry(1) else { unreachable!() };
    /// assert_eq!(entry.remove(), 1);
    /// assert!(set.is_empty());
    /// ```
    pub fn remove(self) -> T {
        self.0.remove_entry().0
    }
}

impl<T: Ord + Clone> VacantEntry<'_, T> {
    /// Returns the item that was given to [`OrdSet::entry`].
    ///
    /// ```
    /// use pleach_collections::ord_set::{Entry, OrdSet};
    ///
    /// let mut set = OrdSet::from([1]);
    /// let Entry::Vacant(entry) = set.entry(2) else { unreachable!() };
    /// assert_eq!(entry.get(), &2);
    /// ```
    pub fn get(&self) -> &T {
        self.0.key()
    }

    /// Returns the item by value.
    ///
    /// ```
    /// use pleach_collections::ord_set::{Entry, OrdSet};
    ///
    /// let mut set = OrdSet::from([1]);
    /// let Entry::Vacant(entry) = set.entry(2) else { unreachable!() };
    /// assert_eq!(entry.into_value(), 2);
    /// ```
    pub fn into_value(self) -> T {
        self.0.into_key()
    }

    /// Inserts the item. O(log n).
    ///
    /// ```
    /// use pleach_collections::ord_set::{Entry, OrdSet};
    ///
    /// let mut set = OrdSet::from([1]);
    /// let Entry::Vacant(entry) = set.entry(2) else { unreachable!() };
    /// entry.insert();
    /// assert!(set.contains(&2));
    /// ```
    pub fn insert(self) {
        self.0.insert(());
    }
}

impl<T: fmt::Debug> fmt::Debug for Entry<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Occupied(entry) => f.debug_tuple("Entry").field(entry).finish(),
            Self::Vacant(entry) => f.debug_tuple("Entry").field(entry).finish(),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for OccupiedEntry<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OccupiedEntry").field(self.0.key()).finish()
    }
}

impl<T: fmt::Debug> fmt::Debug for VacantEntry<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VacantEntry").field(self.0.key()).finish()
    }
}
