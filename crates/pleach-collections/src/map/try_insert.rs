//! Insertion that replaces nothing.

use super::{Entry, Map, OccupiedEntry, RandomState};
use std::error::Error;
use std::fmt;
use std::hash::{BuildHasher, Hash};

/// The error of [`Map::try_insert`]: the key has a value.
pub struct OccupiedError<'a, K, V, S = RandomState> {
    /// The entry that is there.
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
    /// Gives `key` a value if it has none, and returns it for writing. O(log n).
    ///
    /// # Errors
    /// If the key has a value; it stays, and the error has the entry and the value that was to be inserted.
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
            "failed to insert {:?}: key {key:?} has the value {old:?}",
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
