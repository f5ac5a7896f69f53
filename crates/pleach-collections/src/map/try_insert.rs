//! Insertion of missing keys only.

use super::{Entry, Map, OccupiedEntry, RandomState};
use core::error::Error;
use core::fmt;
use core::hash::{BuildHasher, Hash};

/// The error of [`Map::try_insert`] for a key that is present.
pub struct OccupiedError<'a, K, V, S = RandomState> {
    /// The occupied entry.
    pub entry: OccupiedEntry<'a, K, V, S>,
    /// The value that was not inserted.
    pub value: V,
}

impl<K, V, S> Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher,
{
    /// Inserts a value for a missing `key`, and returns a mutable reference to it. O(log n).
    ///
    /// # Errors
    /// Returns an error with the occupied entry and the value, if the key is present.
    ///
    /// ```
    /// let mut map = pleach_collections::Map::new();
    /// assert_eq!(map.try_insert("a", 1).unwrap(), &mut 1);
    /// let error = map.try_insert("a", 2).unwrap_err();
    /// assert_eq!((error.entry.get(), error.value), (&1, 2));
    /// ```
    pub fn try_insert(&mut self, key: K, value: V) -> Result<&mut V, OccupiedError<'_, K, V, S>> {
        match self.entry(key) {
            Entry::Occupied(entry) => Err(OccupiedError { entry, value }),
            Entry::Vacant(entry) => Ok(entry.insert(value)),
        }
    }
}

impl<K, V, S> fmt::Debug for OccupiedError<'_, K, V, S>
where
    K: fmt::Debug + Hash + Eq + Clone,
    V: fmt::Debug + Clone,
    S: BuildHasher,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OccupiedError")
            .field("key", self.entry.key())
            .field("old_value", self.entry.get())
            .field("new_value", &self.value)
            .finish()
    }
}

impl<K, V, S> fmt::Display for OccupiedError<'_, K, V, S>
where
    K: fmt::Debug + Hash + Eq + Clone,
    V: fmt::Debug + Clone,
    S: BuildHasher,
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

impl<K, V, S> Error for OccupiedError<'_, K, V, S>
where
    K: fmt::Debug + Hash + Eq + Clone,
    V: fmt::Debug + Clone,
    S: BuildHasher,
{
}
