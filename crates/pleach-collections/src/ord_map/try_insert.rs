//! Insertion of missing keys only.

use super::{Entry, OccupiedEntry, OrdMap};
use core::error::Error;
use core::fmt;

/// The error of [`OrdMap::try_insert`] for a key that is present.
pub struct OccupiedError<'a, K, V> {
    /// The occupied entry.
    pub entry: OccupiedEntry<'a, K, V>,
    /// The value that was not inserted.
    pub value: V,
}

impl<K, V> OrdMap<K, V>
where
    K: Ord + Clone,
    V: Clone,
{
    /// Inserts a value for a missing `key`, and returns a mutable reference to it. O(log n).
    ///
    /// # Errors
    /// Returns an error with the occupied entry and the value, if the key is present.
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::new();
    /// assert_eq!(map.try_insert("a", 1).unwrap(), &mut 1);
    /// let error = map.try_insert("a", 2).unwrap_err();
    /// assert_eq!((error.entry.get(), error.value), (&1, 2));
    /// ```
    pub fn try_insert(&mut self, key: K, value: V) -> Result<&mut V, OccupiedError<'_, K, V>> {
        match self.entry(key) {
            Entry::Occupied(entry) => Err(OccupiedError { entry, value }),
            Entry::Vacant(entry) => Ok(entry.insert(value)),
        }
    }
}

impl<K, V> fmt::Debug for OccupiedError<'_, K, V>
where
    K: fmt::Debug,
    V: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OccupiedError")
            .field("key", self.entry.key())
            .field("old_value", self.entry.get())
            .field("new_value", &self.value)
            .finish()
    }
}

impl<K, V> fmt::Display for OccupiedError<'_, K, V>
where
    K: fmt::Debug,
    V: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, old) = (self.entry.key(), self.entry.get());
        write!(
            f,
            "failed to insert {:?}, key {key:?} already exists with value {old:?}",
            self.value
        )
    }
}

impl<K, V> Error for OccupiedError<'_, K, V>
where
    K: fmt::Debug,
    V: fmt::Debug,
{
}
