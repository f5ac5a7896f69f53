//! The entry of a key, present or not.

use super::TrieMap;
use alloc::vec::Vec;

/// The entry of a key: see [`TrieMap::entry`].
#[derive(Debug)]
pub enum Entry<'a, V> {
    /// The map has the key.
    Occupied(OccupiedEntry<'a, V>),
    /// The map lacks the key.
    Vacant(VacantEntry<'a, V>),
}

/// The entry of a key that the map has.
#[derive(Debug)]
pub struct OccupiedEntry<'a, V> {
    map: &'a mut TrieMap<V>,
    key: Vec<u8>,
}

/// The entry of a key that the map lacks.
#[derive(Debug)]
pub struct VacantEntry<'a, V> {
    map: &'a mut TrieMap<V>,
    key: Vec<u8>,
}

impl<V: Clone> TrieMap<V> {
    /// Returns the entry of a key, to read, write, insert or remove it. O(k).
    ///
    /// ```
    /// let mut counts = pleach_collections::TrieMap::new();
    /// for word in ["a", "b", "a"] {
    ///     *counts.entry(word).or_insert(0) += 1;
    /// }
    /// assert_eq!(counts.get("a"), Some(&2));
    /// ```
    pub fn entry(&mut self, key: impl Into<Vec<u8>>) -> Entry<'_, V> {
        let (map, key) = (self, key.into());
        if map.contains_key(&key) {
            Entry::Occupied(OccupiedEntry { map, key })
        } else {
            Entry::Vacant(VacantEntry { map, key })
        }
    }
}

impl<'a, V: Clone> Entry<'a, V> {
    /// Returns the key.
    pub fn key(&self) -> &[u8] {
        match self {
            Self::Occupied(entry) => &entry.key,
            Self::Vacant(entry) => &entry.key,
        }
    }

    /// Inserts `value` if the map lacks the key, and returns the value for writing.
    pub fn or_insert(self, value: V) -> &'a mut V {
        self.or_insert_with(|| value)
    }

    /// Inserts what `make` returns if the map lacks the key, and returns the value for writing.
    pub fn or_insert_with(self, make: impl FnOnce() -> V) -> &'a mut V {
        match self {
            Self::Occupied(entry) => entry.into_mut(),
            Self::Vacant(entry) => entry.insert(make()),
        }
    }

    /// Inserts the default value if the map lacks the key, and returns the value for writing.
    pub fn or_default(self) -> &'a mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }

    /// Changes the value if the map has the key.
    #[must_use]
    pub fn and_modify(mut self, change: impl FnOnce(&mut V)) -> Self {
        if let Self::Occupied(entry) = &mut self {
            change(entry.get_mut());
        }
        self
    }
}

impl<'a, V: Clone> OccupiedEntry<'a, V> {
    /// Returns the key.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// Returns the value.
    pub fn get(&self) -> &V {
        match self.map.get(&self.key) {
            Some(value) => value,
            None => unreachable!("the entry is occupied"),
        }
    }

    /// Returns the value for writing.
    pub fn get_mut(&mut self) -> &mut V {
        match self.map.get_mut(&self.key) {
            Some(value) => value,
            None => unreachable!("the entry is occupied"),
        }
    }

    /// Returns the value for writing, as long as the map is borrowed.
    pub fn into_mut(self) -> &'a mut V {
        match self.map.get_mut(&self.key) {
            Some(value) => value,
            None => unreachable!("the entry is occupied"),
        }
    }

    /// Replaces the value, and returns the old one.
    pub fn insert(&mut self, value: V) -> V {
        core::mem::replace(self.get_mut(), value)
    }

    /// Removes the entry, and returns its value.
    pub fn remove(self) -> V {
        match self.map.remove(&self.key) {
            Some(value) => value,
            None => unreachable!("the entry is occupied"),
        }
    }
}

impl<'a, V: Clone> VacantEntry<'a, V> {
    /// Returns the key.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// Returns the key by value.
    pub fn into_key(self) -> Vec<u8> {
        self.key
    }

    /// Inserts a value, and returns it for writing.
    pub fn insert(self, value: V) -> &'a mut V {
        self.map.insert(&self.key, value);
        match self.map.get_mut(&self.key) {
            Some(value) => value,
            None => unreachable!("the entry was just inserted"),
        }
    }
}
