//! Changed copies of a map.

use super::Map;
use core::hash::{BuildHasher, Hash};
use equivalent::Equivalent;

impl<K, V, S> Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Clone,
{
    /// Returns this map with a value inserted for `key`. O(log n).
    ///
    /// ```
    /// let map = pleach_collections::Map::from([(1, "one")]);
    /// let more = map.update(2, "two");
    /// assert_eq!((map.len(), more.len()), (1, 2));
    /// ```
    #[must_use]
    pub fn update(&self, key: K, value: V) -> Self {
        let mut copy = self.clone();
        copy.insert(key, value);
        copy
    }

    /// Returns this map with `value` inserted for `key`, or `f(old, value)` if the key has a value. O(log n).
    ///
    /// ```
    /// let map = pleach_collections::Map::from([("a", 1)]);
    /// let more = map.update_with("a", 5, |old, new| old + new).update_with("b", 5, |old, new| old + new);
    /// assert_eq!(more, pleach_collections::Map::from([("a", 6), ("b", 5)]));
    /// ```
    #[must_use]
    pub fn update_with(&self, key: K, value: V, f: impl FnOnce(V, V) -> V) -> Self {
        let value = match self.get(&key) {
            Some(old) => f(old.clone(), value),
            None => value,
        };
        self.update(key, value)
    }

    /// Returns this map with `value` inserted for `key`, or `f(key, old, value)` if the key has a value. O(log n).
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

    /// Returns the old value of `key`, and this map with `value` inserted for it, or `f(key, old, value)` if there is
    /// an old value. O(log n).
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

    /// Returns the stored key, its value, and this map without them; `None` if `key` is missing. O(log n).
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

    /// Returns this map with the value of `key` replaced by `f(old)`, where `None` is a missing value. O(log n).
    ///
    /// ```
    /// let map = pleach_collections::Map::from([("a", 1), ("b", 2)]);
    /// let changed = map.alter(|old| old.map(|n| n * 10), "a").alter(|_| None, "b").alter(|_| Some(3), "c");
    /// assert_eq!(changed, pleach_collections::Map::from([("a", 10), ("c", 3)]));
    /// assert_eq!(map["a"], 1);
    /// ```
    #[must_use]
    pub fn alter(&self, f: impl FnOnce(Option<V>) -> Option<V>, key: K) -> Self {
        match f(self.get(&key).cloned()) {
            Some(value) => self.update(key, value),
            None => self.without(&key),
        }
    }
}

impl<K, V, S> Map<K, V, S>
where
    K: Hash + Clone,
    V: Clone,
    S: BuildHasher + Clone,
{
    /// Returns this map without `key`: the same map, if the key is missing. O(log n).
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
    {
        let mut copy = self.clone();
        copy.remove(key);
        copy
    }

    /// Returns the value of `key`, and this map without it; `None` if the key is missing. O(log n).
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
    {
        let mut rest = self.clone();
        let value = rest.remove(key)?;
        Some((value, rest))
    }
}
