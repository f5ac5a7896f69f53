//! Changes to one key at a time, and to those a predicate picks.

use super::Map;
use super::ops::Op;
use crate::hamt;
use equivalent::Equivalent;
use std::hash::{BuildHasher, Hash};

impl<K, V, S> Map<K, V, S>
where
    K: Hash + Clone,
    V: Clone,
    S: BuildHasher,
{
    /// The value of `key`, for writing. O(log n); if the key is missing, nothing is copied.
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

    /// Removes `key` and returns its value. O(log n); if the key is missing, nothing is copied.
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

    /// Removes `key` and returns it as stored, with its value. O(log n); if the key is missing, nothing is copied.
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

    /// This map without `key`: itself, if the key is missing. O(log n).
    ///
    /// ```
    /// let map = pleach_collections::Map::from([(1, "one"), (2, "two")]);
    /// assert_eq!(map.without(&1), pleach_collections::Map::from([(2, "two")]));
    /// assert!(map.without(&3).ptr_eq(&map));
    /// ```
    #[must_use]
    pub fn without<Q>(&self, key: &Q) -> Self
    where
        Q: Hash + Equivalent<K> + ?Sized,
        S: Clone,
    {
        let mut copy = self.clone();
        copy.remove(key);
        copy
    }

    /// The value of `key`, and this map without it; `None` if the key is missing. O(log n).
    ///
    /// ```
    /// let map = pleach_collections::Map::from([(1, "one")]);
    /// let (value, rest) = map.extract(&1).unwrap();
    /// assert_eq!(value, "one");
    /// assert!(rest.is_empty());
    /// ```
    #[must_use]
    pub fn extract<Q>(&self, key: &Q) -> Option<(V, Self)>
    where
        Q: Hash + Equivalent<K> + ?Sized,
        S: Clone,
    {
        let mut rest = self.clone();
        let value = rest.remove(key)?;
        Some((value, rest))
    }
}

impl<K: Hash + Clone, V: Clone, S: BuildHasher> Map<K, V, S> {
    /// Removes the entry whose key has this hash and pleases `eq`.
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
    /// Gives `key` a value, and returns the one it had. A key that is present stays as it was stored. O(log n).
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

    /// This map with `key` given a value. O(log n).
    ///
    /// ```
    /// let map = pleach_collections::Map::from([(1, "one")]);
    /// let more = map.update(2, "two");
    /// assert_eq!((map.len(), more.len()), (1, 2));
    /// ```
    #[must_use]
    pub fn update(&self, key: K, value: V) -> Self
    where
        S: Clone,
    {
        let mut copy = self.clone();
        copy.insert(key, value);
        copy
    }

    /// This map with `key` given `value`, or what `f` makes of the value it has (first) and `value`. O(log n).
    ///
    /// ```
    /// let map = pleach_collections::Map::from([("a", 1)]);
    /// let more = map.update_with("a", 5, |old, new| old + new).update_with("b", 5, |old, new| old + new);
    /// assert_eq!(more, pleach_collections::Map::from([("a", 6), ("b", 5)]));
    /// ```
    #[must_use]
    pub fn update_with(&self, key: K, value: V, f: impl FnOnce(V, V) -> V) -> Self
    where
        S: Clone,
    {
        let value = match self.get(&key) {
            Some(old) => f(old.clone(), value),
            None => value,
        };
        self.update(key, value)
    }

    /// This map with what `key` has, a value or none, replaced by what `f` makes of it. O(log n).
    ///
    /// ```
    /// let map = pleach_collections::Map::from([("a", 1), ("b", 2)]);
    /// let changed = map.alter(|old| old.map(|n| n * 10), "a").alter(|_| None, "b").alter(|_| Some(3), "c");
    /// assert_eq!(changed, pleach_collections::Map::from([("a", 10), ("c", 3)]));
    /// assert_eq!(map["a"], 1);
    /// ```
    #[must_use]
    pub fn alter(&self, f: impl FnOnce(Option<V>) -> Option<V>, key: K) -> Self
    where
        S: Clone,
    {
        match f(self.get(&key).cloned()) {
            Some(value) => self.update(key, value),
            None => self.without(&key),
        }
    }

    /// The value of `key`, inserted if it is missing. O(log n).
    ///
    /// As `entry(key).or_insert_with(make)`, in fewer steps.
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

    /// Gives `key` a value, or has `change` change the value that it has, in one step: a panic changes nothing.
    pub(crate) fn insert_or_change(&mut self, key: K, value: V, change: impl FnOnce(&mut V)) {
        let (hashing, hash) = (&self.hashing, self.hashing.hash(&key));
        let root = self.root.as_mut();
        if let Some((_, present)) = root.and_then(|root| hamt::find_mut(root, hash, |k| *k == key)) {
            return change(present);
        }
        let hash_of = |key: &K| hashing.rehash(key);
        hamt::insert(&mut self.root, hash, (key, value), &|a, b| a == b, &hash_of);
    }

    /// Puts an entry in the place of that of an equal key, which it returns, in one step: a panic changes nothing.
    pub(crate) fn replace_entry(&mut self, key: K, value: V) -> Option<(K, V)> {
        let (hashing, hash) = (&self.hashing, self.hashing.hash(&key));
        let root = self.root.as_mut();
        if let Some(present) = root.and_then(|root| hamt::find_mut(root, hash, |k| *k == key)) {
            return Some(std::mem::replace(present, (key, value)));
        }
        let hash_of = |key: &K| hashing.rehash(key);
        hamt::insert(&mut self.root, hash, (key, value), &|a, b| a == b, &hash_of);
        None
    }

    /// Keeps the entries that `keep` says, and removes the others.
    ///
    /// O(n) calls of `keep`, and copies only of nodes that lose something: what is kept whole stays shared. So, unlike
    /// `std`'s, `keep` may not write the values; for that there is [`iter_mut`](Map::iter_mut). If `keep` panics, the
    /// map is as it was.
    ///
    /// ```
    /// let mut map: pleach_collections::Map<u32, u32> = (0..10).map(|i| (i, i * i)).collect();
    /// map.retain(|key, _| key % 2 == 0);
    /// assert_eq!(map.len(), 5);
    /// ```
    pub fn retain(&mut self, keep: impl FnMut(&K, &V) -> bool) {
        self.root = hamt::retain(self.root.as_ref(), &Op::of(&self.hashing), keep);
    }
}
