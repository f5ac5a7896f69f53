//! Entries of a borrowed key in a [`Map`], which is converted to an owned one only if it is inserted.

use super::{Map, RandomState};
use crate::hamt;
use core::fmt;
use core::hash::{BuildHasher, Hash};
use equivalent::Equivalent;

/// An occupied or vacant entry of a borrowed key, which [`Map::entry_ref`] returns.
#[derive(Debug)]
pub enum EntryRef<'a, 'q, K, Q: ?Sized, V, S = RandomState> {
    /// The key is present.
    Occupied(OccupiedEntryRef<'a, 'q, K, Q, V, S>),
    /// The key is missing.
    Vacant(VacantEntryRef<'a, 'q, K, Q, V, S>),
}

/// An occupied entry of a borrowed key: see [`EntryRef`].
pub struct OccupiedEntryRef<'a, 'q, K, Q: ?Sized, V, S = RandomState> {
    map: &'a mut Map<K, V, S>,
    key: &'q Q,
}

/// A vacant entry of a borrowed key: see [`EntryRef`].
pub struct VacantEntryRef<'a, 'q, K, Q: ?Sized, V, S = RandomState> {
    map: &'a mut Map<K, V, S>,
    hash: u64,
    key: &'q Q,
}

impl<K, V, S> Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher,
{
    /// Returns the entry of `key`, which is converted to an owned key only if it is inserted. O(log n).
    ///
    /// ```
    /// let mut counts: pleach_collections::Map<String, u32> = pleach_collections::Map::new();
    /// for word in ["a", "b", "a"] {
    ///     *counts.entry_ref(word).or_insert(0) += 1;
    /// }
    /// assert_eq!(counts["a"], 2);
    /// ```
    pub fn entry_ref<'q, Q>(&mut self, key: &'q Q) -> EntryRef<'_, 'q, K, Q, V, S>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hashing.hash(key);
        let root = self.root.as_ref();
        let found = root.and_then(|root| hamt::find(root, hash, |k| key.equivalent(k)));
        if found.is_some() {
            EntryRef::Occupied(OccupiedEntryRef { map: self, key })
        } else {
            EntryRef::Vacant(VacantEntryRef { map: self, hash, key })
        }
    }
}

impl<'a, 'q, K, Q, V, S> EntryRef<'a, 'q, K, Q, V, S>
where
    K: Hash + Eq + Clone,
    Q: Hash + Equivalent<K> + ?Sized,
    V: Clone,
    S: BuildHasher,
{
    /// Inserts `default` if the entry is vacant, and returns a mutable reference to the value. O(log n).
    ///
    /// ```
    /// let mut map: pleach_collections::Map<String, u32> = pleach_collections::Map::new();
    /// *map.entry_ref("a").or_insert(1) += 10;
    /// assert_eq!(map["a"], 11);
    /// ```
    pub fn or_insert(self, default: V) -> &'a mut V
    where
        &'q Q: Into<K>,
    {
        self.or_insert_with(|| default)
    }

    /// Inserts the value that `make` returns if the entry is vacant, and returns a mutable reference to the value.
    /// O(log n).
    ///
    /// ```
    /// let mut map: pleach_collections::Map<String, Vec<u32>> = pleach_collections::Map::new();
    /// map.entry_ref("a").or_insert_with(Vec::new).push(1);
    /// assert_eq!(map["a"], [1]);
    /// ```
    pub fn or_insert_with(self, make: impl FnOnce() -> V) -> &'a mut V
    where
        &'q Q: Into<K>,
    {
        match self {
            Self::Occupied(entry) => entry.into_mut(),
            Self::Vacant(entry) => entry.insert(make()),
        }
    }

    /// Inserts the default value if the entry is vacant, and returns a mutable reference to the value. O(log n).
    ///
    /// ```
    /// let mut map: pleach_collections::Map<String, u32> = pleach_collections::Map::new();
    /// assert_eq!(*map.entry_ref("a").or_default(), 0);
    /// ```
    pub fn or_default(self) -> &'a mut V
    where
        &'q Q: Into<K>,
        V: Default,
    {
        self.or_insert_with(V::default)
    }

    /// Changes the value of an occupied entry. O(log n).
    ///
    /// ```
    /// let mut map: pleach_collections::Map<String, u32> = pleach_collections::Map::new();
    /// for _ in 0..3 {
    ///     map.entry_ref("a").and_modify(|n| *n += 1).or_insert(1);
    /// }
    /// assert_eq!(map["a"], 3);
    /// ```
    #[must_use]
    pub fn and_modify(mut self, f: impl FnOnce(&mut V)) -> Self {
        if let Self::Occupied(entry) = &mut self {
            f(entry.get_mut());
        }
        self
    }
}

/// Methods of an occupied entry, each O(log n).
///
/// # Panics
/// They panic if the key's `Hash` or `Eq` changed since the entry was looked up.
#[allow(clippy::expect_used, reason = "the map is borrowed, so the entry stays")]
impl<'a, K, Q, V, S> OccupiedEntryRef<'a, '_, K, Q, V, S>
where
    K: Hash + Eq + Clone,
    Q: Hash + Equivalent<K> + ?Sized,
    V: Clone,
    S: BuildHasher,
{
    /// Returns the stored key.
    ///
    /// ```
    /// use pleach_collections::map::{EntryRef, Map};
    ///
    /// let mut map = Map::from([(String::from("a"), 1)]);
    /// let EntryRef::Occupied(entry) = map.entry_ref("a") else { unreachable!() };
    /// assert_eq!(entry.key(), "a");
    /// ```
    pub fn key(&self) -> &K {
        self.map
            .get_key_value(self.key)
            .expect("an occupied entry is in the map")
            .0
    }

    /// Returns the value.
    ///
    /// ```
    /// use pleach_collections::map::{EntryRef, Map};
    ///
    /// let mut map = Map::from([(String::from("a"), 1)]);
    /// let EntryRef::Occupied(entry) = map.entry_ref("a") else { unreachable!() };
    /// assert_eq!(entry.get(), &1);
    /// ```
    pub fn get(&self) -> &V {
        self.map.get(self.key).expect("an occupied entry is in the map")
    }

    /// Returns a mutable reference to the value.
    ///
    /// ```
    /// use pleach_collections::map::{EntryRef, Map};
    ///
    /// let mut map = Map::from([(String::from("a"), 1)]);
    /// let EntryRef::Occupied(mut entry) = map.entry_ref("a") else { unreachable!() };
    /// *entry.get_mut() += 1;
    /// assert_eq!(map["a"], 2);
    /// ```
    pub fn get_mut(&mut self) -> &mut V {
        self.map.get_mut(self.key).expect("an occupied entry is in the map")
    }

    /// Converts the entry into a mutable reference to the value, with the lifetime of the map's borrow.
    ///
    /// ```
    /// use pleach_collections::map::{EntryRef, Map};
    ///
    /// let mut map = Map::from([(String::from("a"), 1)]);
    /// let EntryRef::Occupied(entry) = map.entry_ref("a") else { unreachable!() };
    /// *entry.into_mut() += 1;
    /// assert_eq!(map["a"], 2);
    /// ```
    pub fn into_mut(self) -> &'a mut V {
        self.map.get_mut(self.key).expect("an occupied entry is in the map")
    }

    /// Replaces the value, and returns the old one.
    ///
    /// ```
    /// use pleach_collections::map::{EntryRef, Map};
    ///
    /// let mut map = Map::from([(String::from("a"), 1)]);
    /// let EntryRef::Occupied(mut entry) = map.entry_ref("a") else { unreachable!() };
    /// assert_eq!(entry.insert(2), 1);
    /// ```
    pub fn insert(&mut self, value: V) -> V {
        core::mem::replace(self.get_mut(), value)
    }

    /// Removes the entry, and returns the value.
    ///
    /// ```
    /// use pleach_collections::map::{EntryRef, Map};
    ///
    /// let mut map = Map::from([(String::from("a"), 1)]);
    /// let EntryRef::Occupied(entry) = map.entry_ref("a") else { unreachable!() };
    /// assert_eq!(entry.remove(), 1);
    /// ```
    pub fn remove(self) -> V {
        self.remove_entry().1
    }

    /// Removes the entry, and returns the stored key and the value.
    ///
    /// ```
    /// use pleach_collections::map::{EntryRef, Map};
    ///
    /// let mut map = Map::from([(String::from("a"), 1)]);
    /// let EntryRef::Occupied(entry) = map.entry_ref("a") else { unreachable!() };
    /// assert_eq!(entry.remove_entry(), (String::from("a"), 1));
    /// ```
    pub fn remove_entry(self) -> (K, V) {
        self.map
            .remove_entry(self.key)
            .expect("an occupied entry is in the map")
    }
}

impl<'a, 'q, K, Q, V, S> VacantEntryRef<'a, 'q, K, Q, V, S>
where
    K: Hash + Eq + Clone,
    Q: Hash + Equivalent<K> + ?Sized,
    V: Clone,
    S: BuildHasher,
{
    /// Returns the key that was given to [`Map::entry_ref`].
    ///
    /// ```
    /// use pleach_collections::map::{EntryRef, Map};
    ///
    /// let mut map: Map<String, u32> = Map::new();
    /// let EntryRef::Vacant(entry) = map.entry_ref("a") else { unreachable!() };
    /// assert_eq!(entry.key(), "a");
    /// ```
    pub fn key(&self) -> &'q Q {
        self.key
    }

    /// Converts the key, inserts a value, and returns a mutable reference to it. O(log n).
    ///
    /// # Panics
    /// Panics if the converted key doesn't hash and compare as the borrowed one. The map is then unchanged.
    ///
    /// ```
    /// use pleach_collections::map::{EntryRef, Map};
    ///
    /// let mut map: Map<String, u32> = Map::new();
    /// let EntryRef::Vacant(entry) = map.entry_ref("a") else { unreachable!() };
    /// *entry.insert(1) += 1;
    /// assert_eq!(map["a"], 2);
    /// ```
    pub fn insert(self, value: V) -> &'a mut V
    where
        &'q Q: Into<K>,
    {
        let Self { map, hash, key } = self;
        let Map { root, hashing } = map;
        let hash_of = |key: &K| hashing.rehash(key);
        let owned: K = key.into();
        // Inserted by another hash, the entry would never be found.
        assert!(
            key.equivalent(&owned) && hash_of(&owned) == hash,
            "the converted key isn't equivalent to the borrowed one"
        );
        &mut hamt::insert_new(root, hash, (owned, value), &|a, b| a == b, &hash_of).1
    }
}

impl<K, Q: fmt::Debug + ?Sized, V, S> fmt::Debug for OccupiedEntryRef<'_, '_, K, Q, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OccupiedEntryRef").field(&self.key).finish()
    }
}

impl<K, Q: fmt::Debug + ?Sized, V, S> fmt::Debug for VacantEntryRef<'_, '_, K, Q, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VacantEntryRef").field(&self.key).finish()
    }
}
