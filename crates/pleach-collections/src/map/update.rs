//! Changed copies of a map, and lookups that give the key as stored too.

use super::Map;
use crate::hamt;
use equivalent::Equivalent;
use std::hash::{BuildHasher, Hash};

impl<K, V, S> Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Clone,
{
    /// Returns this map with `key` given `value`, or what `f` makes of the key, the value it has and `value`. O(log n).
    ///
    /// ```
    /// let map = pleach_collections::Map::from([("a", 1)]);
    /// assert_eq!(map.update_with_key("a", 5, |key, old, new| key.len() + old + new)["a"], 7);
    /// ```
    #[must_use]
    pub fn update_with_key(&self, key: K, value: V, f: impl FnOnce(&K, V, V) -> V) -> Self {
        let value = match self.get(&key) {
            Some(old) => f(&key, old.clone(), value),
            None => value,
        };
        self.update(key, value)
    }

    /// Returns the value that `key` has, and this map with it given `value`, or what `f` makes of the key, the value it has
    /// and `value`. O(log n).
    ///
    /// ```
    /// let map = pleach_collections::Map::from([("a", 1)]);
    /// let (old, new) = map.update_lookup_with_key("a", 5, |_, old, new| old + new);
    /// assert_eq!((old, new["a"]), (Some(1), 6));
    /// ```
    #[must_use]
    pub fn update_lookup_with_key(&self, key: K, value: V, f: impl FnOnce(&K, &V, V) -> V) -> (Option<V>, Self) {
        let old = self.get(&key).cloned();
        let value = match &old {
            Some(old) => f(&key, old, value),
            None => value,
        };
        (old, self.update(key, value))
    }

    /// Returns `key` as stored, its value, and this map without it; `None` if the key is missing. O(log n).
    ///
    /// ```
    /// let map = pleach_collections::Map::from([(1, "one")]);
    /// let (key, value, rest) = map.extract_with_key(&1).unwrap();
    /// assert_eq!((key, value, rest.len()), (1, "one", 0));
    /// ```
    #[must_use]
    pub fn extract_with_key<Q>(&self, key: &Q) -> Option<(K, V, Self)>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let mut rest = self.clone();
        let (key, value) = rest.remove_entry(key)?;
        Some((key, value, rest))
    }
}

impl<K, V, S> Map<K, V, S>
where
    K: Hash + Clone,
    V: Clone,
    S: BuildHasher,
{
    /// Returns the key as stored, and its value for writing. O(log n); if the key is missing, nothing is copied.
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
}
