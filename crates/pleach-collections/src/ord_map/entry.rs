//! Entries: the occupied or vacant state of one key in an [`OrdMap`].

use super::OrdMap;
use core::fmt;

/// An occupied or vacant entry of an [`OrdMap`], which [`OrdMap::entry`] returns.
pub enum Entry<'a, K, V> {
    /// The key is present.
    Occupied(OccupiedEntry<'a, K, V>),
    /// The key is missing.
    Vacant(VacantEntry<'a, K, V>),
}

/// An occupied entry of an [`OrdMap`]: see [`Entry`].
pub struct OccupiedEntry<'a, K, V> {
    map: &'a mut OrdMap<K, V>,
    index: usize,
}

/// A vacant entry of an [`OrdMap`]: see [`Entry`].
pub struct VacantEntry<'a, K, V> {
    map: &'a mut OrdMap<K, V>,
    key: K,
    /// The index that the key will have.
    index: usize,
}

impl<K: Ord + Clone, V: Clone> OrdMap<K, V> {
    /// Returns the entry of `key`. O(log n).
    ///
    /// Copies nothing until the entry is written. Operations on an occupied entry compare no keys.
    ///
    /// ```
    /// let mut counts = pleach_collections::OrdMap::new();
    /// for word in ["a", "b", "a"] {
    ///     *counts.entry(word).or_insert(0) += 1;
    /// }
    /// assert_eq!(counts, pleach_collections::OrdMap::from([("a", 2), ("b", 1)]));
    /// ```
    pub fn entry(&mut self, key: K) -> Entry<'_, K, V> {
        match self.position(&key) {
            Ok(index) => Entry::Occupied(OccupiedEntry { map: self, index }),
            Err(index) => Entry::Vacant(VacantEntry { map: self, key, index }),
        }
    }
}

impl<K, V> OrdMap<K, V> {
    /// Returns the first entry, for changing or removing it. O(1).
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::from([(1, "a"), (2, "b")]);
    /// assert_eq!(map.first_entry().map(|entry| entry.remove()), Some("a"));
    /// assert_eq!(map.len(), 1);
    /// ```
    pub fn first_entry(&mut self) -> Option<OccupiedEntry<'_, K, V>> {
        (!self.is_empty()).then_some(OccupiedEntry { map: self, index: 0 })
    }

    /// Returns the last entry, for changing or removing it. O(1).
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::from([(1, "a"), (2, "b")]);
    /// assert_eq!(map.last_entry().map(|entry| entry.remove()), Some("b"));
    /// ```
    pub fn last_entry(&mut self) -> Option<OccupiedEntry<'_, K, V>> {
        let index = self.len().checked_sub(1)?;
        Some(OccupiedEntry { map: self, index })
    }
}

impl<'a, K: Ord + Clone, V: Clone> Entry<'a, K, V> {
    /// Inserts `default` if the entry is vacant, and returns a mutable reference to the value. O(log n).
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::new();
    /// *map.entry("a").or_insert(1) += 10;
    /// assert_eq!(map["a"], 11);
    /// ```
    pub fn or_insert(self, default: V) -> &'a mut V {
        self.or_insert_with(|| default)
    }

    /// Inserts the value that `make` returns if the entry is vacant, and returns a mutable reference to the value.
    /// O(log n).
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::new();
    /// map.entry("a").or_insert_with(Vec::new).push(1);
    /// assert_eq!(map["a"], [1]);
    /// ```
    pub fn or_insert_with(self, make: impl FnOnce() -> V) -> &'a mut V {
        self.or_insert_with_key(|_| make())
    }

    /// Inserts the value that `make` returns for the key if the entry is vacant, and returns a mutable reference to the
    /// value. O(log n).
    ///
    /// ```
    /// let mut lengths = pleach_collections::OrdMap::new();
    /// assert_eq!(*lengths.entry("word").or_insert_with_key(|key| key.len()), 4);
    /// ```
    pub fn or_insert_with_key(self, make: impl FnOnce(&K) -> V) -> &'a mut V {
        match self {
            Self::Occupied(entry) => entry.into_mut(),
            Self::Vacant(entry) => {
                let value = make(&entry.key);
                entry.insert(value)
            }
        }
    }

    /// Inserts the default value if the entry is vacant, and returns a mutable reference to the value. O(log n).
    ///
    /// ```
    /// let mut map: pleach_collections::OrdMap<&str, u32> = pleach_collections::OrdMap::new();
    /// assert_eq!(*map.entry("a").or_default(), 0);
    /// ```
    pub fn or_default(self) -> &'a mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }

    /// Changes the value of an occupied entry. O(log n).
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::new();
    /// for _ in 0..3 {
    ///     map.entry("a").and_modify(|n| *n += 1).or_insert(1);
    /// }
    /// assert_eq!(map["a"], 3);
    /// ```
    pub fn and_modify(mut self, f: impl FnOnce(&mut V)) -> Self {
        if let Self::Occupied(entry) = &mut self {
            f(entry.get_mut());
        }
        self
    }

    /// Sets the value, and returns the occupied entry. O(log n).
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::new();
    /// let entry = map.entry("a").insert_entry(1);
    /// assert_eq!(entry.get(), &1);
    /// ```
    pub fn insert_entry(self, value: V) -> OccupiedEntry<'a, K, V> {
        match self {
            Self::Occupied(mut entry) => {
                entry.insert(value);
                entry
            }
            Self::Vacant(entry) => entry.insert_entry(value),
        }
    }
}

impl<K, V> Entry<'_, K, V> {
    /// Returns the key: the stored one of an occupied entry, that given to [`OrdMap::entry`] of a vacant one.
    ///
    /// ```
    /// let mut map: pleach_collections::OrdMap<&str, u32> = pleach_collections::OrdMap::new();
    /// assert_eq!(map.entry("a").key(), &"a");
    /// ```
    pub fn key(&self) -> &K {
        match self {
            Self::Occupied(entry) => entry.key(),
            Self::Vacant(entry) => entry.key(),
        }
    }
}

/// Methods of an occupied entry, each O(log n).
impl<'a, K, V> OccupiedEntry<'a, K, V> {
    fn stored(&self) -> (&K, &V) {
        match self.map.nth(self.index) {
            Some(entry) => entry,
            None => unreachable!("the map is borrowed, so the entry stays"),
        }
    }

    /// Returns the stored key.
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::from([("a", 1)]);
    /// assert_eq!(map.first_entry().unwrap().key(), &"a");
    /// ```
    pub fn key(&self) -> &K {
        self.stored().0
    }

    /// Returns the value.
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::from([("a", 1)]);
    /// assert_eq!(map.first_entry().unwrap().get(), &1);
    /// ```
    pub fn get(&self) -> &V {
        self.stored().1
    }

    /// Returns a mutable reference to the value; [`into_mut`](Self::into_mut) returns one that outlives the entry.
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::from([("a", 1)]);
    /// *map.first_entry().unwrap().get_mut() += 1;
    /// assert_eq!(map["a"], 2);
    /// ```
    pub fn get_mut(&mut self) -> &mut V
    where
        K: Clone,
        V: Clone,
    {
        match self.map.entry_at(self.index) {
            Some((_, value)) => value,
            None => unreachable!("the map is borrowed, so the entry stays"),
        }
    }

    /// Converts the entry into a mutable reference to the value, with the lifetime of the map's borrow.
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::from([("a", 1)]);
    /// *map.first_entry().unwrap().into_mut() += 1;
    /// assert_eq!(map["a"], 2);
    /// ```
    pub fn into_mut(self) -> &'a mut V
    where
        K: Clone,
        V: Clone,
    {
        match self.map.entry_at(self.index) {
            Some((_, value)) => value,
            None => unreachable!("the map is borrowed, so the entry stays"),
        }
    }

    /// Replaces the value, and returns the old one.
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::from([("a", 1)]);
    /// assert_eq!(map.first_entry().unwrap().insert(2), 1);
    /// ```
    pub fn insert(&mut self, value: V) -> V
    where
        K: Clone,
        V: Clone,
    {
        core::mem::replace(self.get_mut(), value)
    }

    /// Removes the entry, and returns the value.
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::from([("a", 1)]);
    /// assert_eq!(map.first_entry().unwrap().remove(), 1);
    /// assert!(map.is_empty());
    /// ```
    pub fn remove(self) -> V
    where
        K: Clone,
        V: Clone,
    {
        self.remove_entry().1
    }

    /// Removes the entry, and returns the stored key and the value.
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::from([("a", 1)]);
    /// assert_eq!(map.first_entry().unwrap().remove_entry(), ("a", 1));
    /// ```
    pub fn remove_entry(self) -> (K, V)
    where
        K: Clone,
        V: Clone,
    {
        match self.map.remove_at(self.index) {
            Some(entry) => entry,
            None => unreachable!("the map is borrowed, so the entry stays"),
        }
    }
}

impl<'a, K, V> VacantEntry<'a, K, V> {
    /// Returns the key that was given to [`OrdMap::entry`].
    ///
    /// ```
    /// use pleach_collections::ord_map::{Entry, OrdMap};
    ///
    /// let mut map: OrdMap<&str, u32> = OrdMap::new();
    /// let Entry::Vacant(entry) = map.entry("a") else { unreachable!() };
    /// assert_eq!(entry.key(), &"a");
    /// ```
    pub fn key(&self) -> &K {
        &self.key
    }

    /// Returns the key by value.
    ///
    /// ```
    /// use pleach_collections::ord_map::{Entry, OrdMap};
    ///
    /// let mut map: OrdMap<&str, u32> = OrdMap::new();
    /// let Entry::Vacant(entry) = map.entry("a") else { unreachable!() };
    /// assert_eq!(entry.into_key(), "a");
    /// ```
    pub fn into_key(self) -> K {
        self.key
    }

    /// Inserts a value, and returns a mutable reference to it. O(log n).
    ///
    /// ```
    /// use pleach_collections::ord_map::{Entry, OrdMap};
    ///
    /// let mut map = OrdMap::new();
    /// if let Entry::Vacant(entry) = map.entry("a") {
    ///     *entry.insert(1) += 1;
    /// }
    /// assert_eq!(map["a"], 2);
    /// ```
    pub fn insert(self, value: V) -> &'a mut V
    where
        K: Ord + Clone,
        V: Clone,
    {
        self.insert_entry(value).into_mut()
    }

    /// Inserts a value, and returns the occupied entry. O(log n).
    ///
    /// ```
    /// use pleach_collections::ord_map::{Entry, OrdMap};
    ///
    /// let mut map = OrdMap::new();
    /// let Entry::Vacant(entry) = map.entry("a") else { unreachable!() };
    /// assert_eq!(entry.insert_entry(1).remove(), 1);
    /// ```
    pub fn insert_entry(self, value: V) -> OccupiedEntry<'a, K, V>
    where
        K: Ord + Clone,
        V: Clone,
    {
        let Self { map, key, index } = self;
        map.insert(key, value);
        // In bounds even if the order of keys isn't consistent.
        let index = index.min(map.len() - 1);
        OccupiedEntry { map, index }
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Entry<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Occupied(entry) => f.debug_tuple("Entry").field(entry).finish(),
            Self::Vacant(entry) => f.debug_tuple("Entry").field(entry).finish(),
        }
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for OccupiedEntry<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, value) = self.stored();
        f.debug_struct("OccupiedEntry")
            .field("key", key)
            .field("value", value)
            .finish()
    }
}

impl<K: fmt::Debug, V> fmt::Debug for VacantEntry<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VacantEntry").field(&self.key).finish()
    }
}
