//! Entries: the occupied or vacant state of one key in a [`Map`].

use super::{Map, RandomState};
use crate::hamt;
use core::fmt;
use core::hash::{BuildHasher, Hash};

/// An occupied or vacant entry of a [`Map`], which [`Map::entry`] returns.
pub enum Entry<'a, K, V, S = RandomState> {
    /// The key is present.
    Occupied(OccupiedEntry<'a, K, V, S>),
    /// The key is missing.
    Vacant(VacantEntry<'a, K, V, S>),
}

/// An occupied entry of a [`Map`]: see [`Entry`].
pub struct OccupiedEntry<'a, K, V, S = RandomState> {
    map: &'a mut Map<K, V, S>,
    hash: u64,
    key: K,
}

/// A vacant entry of a [`Map`]: see [`Entry`].
pub struct VacantEntry<'a, K, V, S = RandomState> {
    map: &'a mut Map<K, V, S>,
    hash: u64,
    key: K,
}

impl<K, V, S> Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher,
{
    /// Returns the entry of `key`. O(log n).
    ///
    /// Copies nothing until the entry is written. The key is hashed once, but each operation on the entry looks it up
    /// again: to insert a missing value, [`get_or_insert_with`](Map::get_or_insert_with) takes fewer lookups.
    ///
    /// ```
    /// let mut counts = pleach_collections::Map::new();
    /// for word in ["a", "b", "a"] {
    ///     *counts.entry(word).or_insert(0) += 1;
    /// }
    /// assert_eq!(counts, pleach_collections::Map::from([("a", 2), ("b", 1)]));
    /// ```
    pub fn entry(&mut self, key: K) -> Entry<'_, K, V, S> {
        let hash = self.hashing.hash(&key);
        let root = self.root.as_ref();
        let found = root.and_then(|root| hamt::find(root, hash, |k| *k == key)).is_some();
        let map = self;
        if found {
            Entry::Occupied(OccupiedEntry { map, hash, key })
        } else {
            Entry::Vacant(VacantEntry { map, hash, key })
        }
    }
}

impl<'a, K, V, S> Entry<'a, K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher,
{
    /// Inserts `default` if the entry is vacant, and returns a mutable reference to the value. O(log n).
    ///
    /// ```
    /// let mut map = pleach_collections::Map::new();
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
    /// let mut map = pleach_collections::Map::new();
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
    /// let mut lengths = pleach_collections::Map::new();
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
    /// let mut map: pleach_collections::Map<&str, u32> = pleach_collections::Map::new();
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
    /// let mut map = pleach_collections::Map::new();
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
    /// let mut map = pleach_collections::Map::new();
    /// let entry = map.entry("a").insert_entry(1);
    /// assert_eq!(entry.get(), &1);
    /// ```
    pub fn insert_entry(self, value: V) -> OccupiedEntry<'a, K, V, S> {
        match self {
            Self::Occupied(mut entry) => {
                entry.insert(value);
                entry
            }
            Self::Vacant(entry) => entry.insert_entry(value),
        }
    }

    /// Returns the key: the stored one of an occupied entry, that given to [`Map::entry`] of a vacant one.
    ///
    /// ```
    /// let mut map: pleach_collections::Map<&str, u32> = pleach_collections::Map::new();
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
///
/// # Panics
/// They panic if the key's `Eq` changed since the entry was looked up.
#[allow(clippy::expect_used, reason = "the map is borrowed, so the entry stays")]
impl<'a, K, V, S> OccupiedEntry<'a, K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher,
{
    fn stored(&self) -> &(K, V) {
        let root = self.map.root.as_ref();
        root.and_then(|root| hamt::find(root, self.hash, |key| *key == self.key))
            .expect("an occupied entry is in the map")
    }

    /// Returns the stored key.
    ///
    /// ```
    /// use pleach_collections::map::{Entry, Map};
    ///
    /// let mut map = Map::from([("a", 1)]);
    /// let Entry::Occupied(entry) = map.entry("a") else { unreachable!() };
    /// assert_eq!((entry.key(), entry.get()), (&"a", &1));
    /// ```
    pub fn key(&self) -> &K {
        &self.stored().0
    }

    /// Returns the value.
    ///
    /// ```
    /// use pleach_collections::map::{Entry, Map};
    ///
    /// let mut map = Map::from([("a", 1)]);
    /// let Entry::Occupied(entry) = map.entry("a") else { unreachable!() };
    /// assert_eq!(entry.get(), &1);
    /// ```
    pub fn get(&self) -> &V {
        &self.stored().1
    }

    /// Returns a mutable reference to the value; [`into_mut`](Self::into_mut) returns one that outlives the entry.
    ///
    /// ```
    /// use pleach_collections::map::{Entry, Map};
    ///
    /// let mut map = Map::from([("a", 1)]);
    /// if let Entry::Occupied(mut entry) = map.entry("a") {
    ///     *entry.get_mut() += 1;
    /// }
    /// assert_eq!(map["a"], 2);
    /// ```
    pub fn get_mut(&mut self) -> &mut V {
        let root = self.map.root.as_mut();
        let found = root.and_then(|root| hamt::find_mut(root, self.hash, |key| *key == self.key));
        &mut found.expect("an occupied entry is in the map").1
    }

    /// Converts the entry into a mutable reference to the value, with the lifetime of the map's borrow.
    ///
    /// ```
    /// use pleach_collections::map::{Entry, Map};
    ///
    /// let mut map = Map::from([("a", 1)]);
    /// let Entry::Occupied(entry) = map.entry("a") else { unreachable!() };
    /// *entry.into_mut() += 1;
    /// assert_eq!(map["a"], 2);
    /// ```
    pub fn into_mut(self) -> &'a mut V {
        let root = self.map.root.as_mut();
        let found = root.and_then(|root| hamt::find_mut(root, self.hash, |key| *key == self.key));
        &mut found.expect("an occupied entry is in the map").1
    }

    /// Replaces the value, and returns the old one.
    ///
    /// ```
    /// use pleach_collections::map::{Entry, Map};
    ///
    /// let mut map = Map::from([("a", 1)]);
    /// let Entry::Occupied(mut entry) = map.entry("a") else { unreachable!() };
    /// assert_eq!(entry.insert(2), 1);
    /// ```
    pub fn insert(&mut self, value: V) -> V {
        core::mem::replace(self.get_mut(), value)
    }

    /// Removes the entry, and returns the value.
    ///
    /// ```
    /// use pleach_collections::map::{Entry, Map};
    ///
    /// let mut map = Map::from([("a", 1)]);
    /// if let Entry::Occupied(entry) = map.entry("a") {
    ///     assert_eq!(entry.remove(), 1);
    /// }
    /// assert!(map.is_empty());
    /// ```
    pub fn remove(self) -> V {
        self.remove_entry().1
    }

    /// Removes the entry, and returns the stored key and the value.
    ///
    /// ```
    /// use pleach_collections::map::{Entry, Map};
    ///
    /// let mut map = Map::from([("a", 1)]);
    /// let Entry::Occupied(entry) = map.entry("a") else { unreachable!() };
    /// assert_eq!(entry.remove_entry(), ("a", 1));
    /// ```
    pub fn remove_entry(self) -> (K, V) {
        let taken = self.map.take(self.hash, |key| *key == self.key);
        taken.expect("an occupied entry is in the map")
    }
}

impl<'a, K, V, S> VacantEntry<'a, K, V, S> {
    /// Returns the key that was given to [`Map::entry`].
    ///
    /// ```
    /// use pleach_collections::map::{Entry, Map};
    ///
    /// let mut map: Map<&str, u32> = Map::new();
    /// let Entry::Vacant(entry) = map.entry("a") else { unreachable!() };
    /// assert_eq!(entry.key(), &"a");
    /// ```
    pub fn key(&self) -> &K {
        &self.key
    }

    /// Returns the key by value.
    ///
    /// ```
    /// use pleach_collections::map::{Entry, Map};
    ///
    /// let mut map: Map<&str, u32> = Map::new();
    /// let Entry::Vacant(entry) = map.entry("a") else { unreachable!() };
    /// assert_eq!(entry.into_key(), "a");
    /// ```
    pub fn into_key(self) -> K {
        self.key
    }

    /// Inserts a value, and returns a mutable reference to it. O(log n). The key is moved, not cloned.
    ///
    /// ```
    /// use pleach_collections::map::{Entry, Map};
    ///
    /// let mut map = Map::new();
    /// if let Entry::Vacant(entry) = map.entry("a") {
    ///     *entry.insert(1) += 1;
    /// }
    /// assert_eq!(map["a"], 2);
    /// ```
    pub fn insert(self, value: V) -> &'a mut V
    where
        K: Hash + Eq + Clone,
        V: Clone,
        S: BuildHasher,
    {
        let Map { root, hashing } = self.map;
        let hash_of = |key: &K| hashing.rehash(key);
        &mut hamt::insert_new(root, self.hash, (self.key, value), &|a, b| a == b, &hash_of).1
    }

    /// Inserts a value, and returns the occupied entry, which has a clone of the key. O(log n).
    ///
    /// ```
    /// use pleach_collections::map::{Entry, Map};
    ///
    /// let mut map = Map::new();
    /// let Entry::Vacant(entry) = map.entry("a") else { unreachable!() };
    /// assert_eq!(entry.insert_entry(1).remove(), 1);
    /// ```
    pub fn insert_entry(self, value: V) -> OccupiedEntry<'a, K, V, S>
    where
        K: Hash + Eq + Clone,
        V: Clone,
        S: BuildHasher,
    {
        let Self { map, hash, key } = self;
        let vacant = VacantEntry {
            map: &mut *map,
            hash,
            key: key.clone(),
        };
        vacant.insert(value);
        OccupiedEntry { map, hash, key }
    }
}

impl<K, V, S> fmt::Debug for Entry<'_, K, V, S>
where
    K: fmt::Debug + Hash + Eq + Clone,
    V: fmt::Debug + Clone,
    S: BuildHasher,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Occupied(entry) => f.debug_tuple("Entry").field(entry).finish(),
            Self::Vacant(entry) => f.debug_tuple("Entry").field(entry).finish(),
        }
    }
}

impl<K, V, S> fmt::Debug for OccupiedEntry<'_, K, V, S>
where
    K: fmt::Debug + Hash + Eq + Clone,
    V: fmt::Debug + Clone,
    S: BuildHasher,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, value) = self.stored();
        f.debug_struct("OccupiedEntry")
            .field("key", key)
            .field("value", value)
            .finish()
    }
}

impl<K: fmt::Debug, V, S> fmt::Debug for VacantEntry<'_, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VacantEntry").field(&self.key).finish()
    }
}
