//! In-place changes of single keys, and removal by a predicate.

use super::Map;
use crate::hamt;
use core::hash::{BuildHasher, Hash};
use equivalent::Equivalent;

impl<K, V, S> Map<K, V, S>
where
    K: Hash + Clone,
    V: Clone,
    S: BuildHasher,
{
    /// Returns a mutable reference to the value of `key`. O(log n); copies nothing if the key is missing.
    ///
    /// ```
    /// let mut map = pleach_collections::Map::from([("a", 1)]);
    /// if let Some(value) = map.get_mut("a") {
    ///     *value += 1;
    /// }
    /// assert_eq!(map["a"], 2);
    /// ```
    pub fn get_mut<Q>(&mut self, key: &Q) -> Option<&mut V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hashing.hash(key);
        hamt::find_mut(self.root.as_mut()?, hash, |k| key.equivalent(k)).map(|(_, value)| value)
    }

    /// Returns the stored key and a mutable reference to the value of `key`. O(log n); copies nothing if the key is
    /// missing.
    ///
    /// ```
    /// let mut map = pleach_collections::Map::from([("a", 1)]);
    /// if let Some((key, value)) = map.get_key_value_mut("a") {
    ///     *value += key.len();
    /// }
    /// assert_eq!(map["a"], 2);
    /// ```
    pub fn get_key_value_mut<Q>(&mut self, key: &Q) -> Option<(&K, &mut V)>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hashing.hash(key);
        let found = hamt::find_mut(self.root.as_mut()?, hash, |k| key.equivalent(k));
        found.map(|(key, value)| (&*key, value))
    }

    /// Removes `key` and returns its value. O(log n); copies nothing if the key is missing.
    ///
    /// ```
    /// let mut map = pleach_collections::Map::from([(1, "one")]);
    /// assert_eq!(map.remove(&1), Some("one"));
    /// assert_eq!(map.remove(&1), None);
    /// ```
    pub fn remove<Q>(&mut self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.remove_entry(key).map(|(_, value)| value)
    }

    /// Removes `key` and returns the stored key and its value. O(log n); copies nothing if the key is missing.
    ///
    /// ```
    /// let mut map = pleach_collections::Map::from([(String::from("a"), 1)]);
    /// assert_eq!(map.remove_entry("a"), Some((String::from("a"), 1)));
    /// ```
    pub fn remove_entry<Q>(&mut self, key: &Q) -> Option<(K, V)>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.take(self.hashing.hash(key), |k| key.equivalent(k))
    }
}

impl<K: Hash + Clone, V: Clone, S: BuildHasher> Map<K, V, S> {
    /// Removes the entry whose key has this hash and satisfies `eq`.
    pub(super) fn take(&mut self, hash: u64, eq: impl Fn(&K) -> bool) -> Option<(K, V)> {
        hamt::remove(&mut self.root, hash, &eq, &|key| self.hashing.rehash(key))
    }
}

impl<K, V, S> Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher,
{
    /// Inserts a value for `key`, and returns the old one. A stored key is not replaced. O(log n).
    ///
    /// ```
    /// let mut map = pleach_collections::Map::new();
    /// assert_eq!(map.insert(1, "one"), None);
    /// assert_eq!(map.insert(1, "uno"), Some("one"));
    /// ```
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let hashing = &self.hashing;
        let hash = hashing.hash(&key);
        let hash_of = |key: &K| hashing.rehash(key);
        hamt::insert(&mut self.root, hash, (key, value), &|a, b| a == b, &hash_of)
    }

    /// Returns a mutable reference to the value of `key`, which is inserted if it is missing. O(log n).
    ///
    /// The same as `entry(key).or_insert_with(make)`, with fewer lookups.
    ///
    /// ```
    /// let mut map = pleach_collections::Map::new();
    /// map.get_or_insert_with("a", Vec::new).push(1);
    /// map.get_or_insert_with("a", Vec::new).push(2);
    /// assert_eq!(map["a"], [1, 2]);
    /// ```
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let (hashing, hash) = (&self.hashing, self.hashing.hash(&key));
        let hash_of = |key: &K| hashing.rehash(key);
        &mut hamt::get_or_insert(&mut self.root, hash, key, make, &|a, b| a == b, &hash_of).1
    }

    /// Inserts a value for `key`, or has `change` change the present one. A panic leaves the map unchanged.
    pub(crate) fn insert_or_change(&mut self, key: K, value: V, change: impl FnOnce(&mut V)) {
        let (hashing, hash) = (&self.hashing, self.hashing.hash(&key));
        let root = self.root.as_mut();
        if let Some((_, present)) = root.and_then(|root| hamt::find_mut(root, hash, |k| *k == key)) {
            return change(present);
        }
        let hash_of = |key: &K| hashing.rehash(key);
        hamt::insert(&mut self.root, hash, (key, value), &|a, b| a == b, &hash_of);
    }

    /// Inserts an entry, replacing and returning one of an equal key. A panic leaves the map unchanged.
    pub(crate) fn replace_entry(&mut self, key: K, value: V) -> Option<(K, V)> {
        let (hashing, hash) = (&self.hashing, self.hashing.hash(&key));
        let root = self.root.as_mut();
        if let Some(present) = root.and_then(|root| hamt::find_mut(root, hash, |k| *k == key)) {
            return Some(core::mem::replace(present, (key, value)));
        }
        let hash_of = |key: &K| hashing.rehash(key);
        hamt::insert(&mut self.root, hash, (key, value), &|a, b| a == b, &hash_of);
        None
    }

    /// Retains the entries that satisfy `keep`, and removes the others. O(n).
    ///
    /// Copies only nodes that lose entries; others stay shared. Unlike `std`'s, `keep` can't change values, for which
    /// there is [`iter_mut`](Map::iter_mut). If `keep` panics, the map is unchanged.
    ///
    /// ```
    /// let mut map: pleach_collections::Map<u32, u32> = (0..10).map(|i| (i, i * i)).collect();
    /// map.retain(|key, _| key % 2 == 0);
    /// assert_eq!(map.len(), 5);
    /// ```
    pub fn retain(&mut self, keep: impl FnMut(&K, &V) -> bool) {
        self.root = hamt::retain(self.root.as_ref(), &self.hashing, keep);
    }
}
