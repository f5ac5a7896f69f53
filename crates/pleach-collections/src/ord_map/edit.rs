//! In-place changes of single keys, and removal by a predicate.

use super::{Node, OrdMap};
use crate::btree::{self, ByIndex, ByKey, Insertion, Key, Place, Retained, search_entries};
use alloc::vec::Vec;
use core::mem;
use equivalent::Comparable;

/// An insertion that keeps a stored key, and replaces its value.
struct NewValue<K, V, M> {
    key: K,
    make: M,
    value: core::marker::PhantomData<V>,
}

/// An insertion that replaces a stored key with its value.
struct NewEntry<K, V>(K, V);

/// Implements `Place` by a key in a field.
macro_rules! place_by_key {
    ($type:ty, $key:tt, $($generics:tt)*) => {
        impl<$($generics)*> Place<(K, V), Key<K>> for $type {
            #[inline]
            fn child(&mut self, node: &Node<K, V>) -> usize {
                btree::search_separators(node.separators(), &self.$key)
            }

            #[inline]
            fn entry(&self, entries: &[(K, V)]) -> Result<usize, usize> {
                search_entries(entries, &self.$key)
            }
        }
    };
}

place_by_key!(NewValue<K, V, M>, key, K: Ord, V, M);
place_by_key!(NewEntry<K, V>, 0, K: Ord, V);

impl<K: Ord, V, M: FnOnce() -> V> Insertion<(K, V), Key<K>> for NewValue<K, V, M> {
    type Replaced = V;

    #[inline]
    fn into_entry(self) -> (K, V) {
        let value = (self.make)();
        (self.key, value)
    }

    #[inline]
    fn replace(self, present: &mut (K, V)) -> V {
        let value = (self.make)();
        mem::replace(&mut present.1, value)
    }
}

impl<K: Ord, V> Insertion<(K, V), Key<K>> for NewEntry<K, V> {
    type Replaced = (K, V);

    fn into_entry(self) -> (K, V) {
        (self.0, self.1)
    }

    fn replace(self, present: &mut (K, V)) -> (K, V) {
        mem::replace(present, (self.0, self.1))
    }
}

impl<K: Clone, V: Clone> OrdMap<K, V> {
    /// Returns a mutable reference to the value of `key`. O(log n); copies nothing if the key is missing.
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::from([("a", 1)]);
    /// if let Some(value) = map.get_mut("a") {
    ///     *value += 1;
    /// }
    /// assert_eq!(map["a"], 2);
    /// ```
    pub fn get_mut<Q: Comparable<K> + ?Sized>(&mut self, key: &Q) -> Option<&mut V> {
        self.get_key_value_mut(key).map(|(_, value)| value)
    }

    /// Returns the stored key and a mutable reference to the value of `key`. O(log n); copies nothing if the key is
    /// missing.
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::from([("a", 1)]);
    /// if let Some((key, value)) = map.get_key_value_mut("a") {
    ///     *value += key.len();
    /// }
    /// assert_eq!(map["a"], 2);
    /// ```
    pub fn get_key_value_mut<Q: Comparable<K> + ?Sized>(&mut self, key: &Q) -> Option<(&K, &mut V)> {
        let index = self.position(key).ok()?;
        self.entry_at(index)
    }

    /// Returns the entry at an index, with a mutable value. O(log n).
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::from([("a", 1), ("b", 2)]);
    /// if let Some((_, value)) = map.nth_mut(1) {
    ///     *value = 7;
    /// }
    /// assert_eq!(map["b"], 7);
    /// ```
    pub fn nth_mut(&mut self, index: usize) -> Option<(&K, &mut V)> {
        self.entry_at(index)
    }

    pub(super) fn entry_at(&mut self, index: usize) -> Option<(&K, &mut V)> {
        let entry = btree::nth_mut(self.root.as_mut()?, index)?;
        Some((&entry.0, &mut entry.1))
    }

    /// Returns the entry that [`get_prev`](OrdMap::get_prev) returns, with a mutable value. O(log n).
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::from([(10, 1)]);
    /// if let Some((_, value)) = map.get_prev_mut(&15) {
    ///     *value = 2;
    /// }
    /// assert_eq!(map[&10], 2);
    /// ```
    pub fn get_prev_mut<Q: Comparable<K> + ?Sized>(&mut self, key: &Q) -> Option<(&K, &mut V)> {
        let index = self.index_of_prev(key)?;
        self.entry_at(index)
    }

    /// Returns the entry that [`get_next`](OrdMap::get_next) returns, with a mutable value. O(log n).
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::from([(10, 1)]);
    /// if let Some((_, value)) = map.get_next_mut(&5) {
    ///     *value = 2;
    /// }
    /// assert_eq!(map[&10], 2);
    /// ```
    pub fn get_next_mut<Q: Comparable<K> + ?Sized>(&mut self, key: &Q) -> Option<(&K, &mut V)> {
        self.entry_at(self.rank(key))
    }

    /// Removes `key` and returns its value. O(log n); copies nothing if the key is missing.
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::from([(1, "one")]);
    /// assert_eq!(map.remove(&1), Some("one"));
    /// assert_eq!(map.remove(&1), None);
    /// ```
    pub fn remove<Q: Comparable<K> + ?Sized>(&mut self, key: &Q) -> Option<V> {
        self.remove_entry(key).map(|(_, value)| value)
    }

    /// Removes `key` and returns the stored key and its value. O(log n); copies nothing if the key is missing.
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::from([(String::from("a"), 1)]);
    /// assert_eq!(map.remove_entry("a"), Some((String::from("a"), 1)));
    /// ```
    pub fn remove_entry<Q: Comparable<K> + ?Sized>(&mut self, key: &Q) -> Option<(K, V)> {
        self.get_key_value(key)?;
        btree::remove(&mut self.root, ByKey(key))
    }

    /// Removes and returns the entry at an index; `None` if the index isn't less than the length. O(log n).
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::from([("a", 1), ("b", 2)]);
    /// assert_eq!(map.remove_at(1), Some(("b", 2)));
    /// assert_eq!(map.remove_at(1), None);
    /// ```
    pub fn remove_at(&mut self, index: usize) -> Option<(K, V)> {
        if index >= self.len() {
            return None;
        }
        btree::remove(&mut self.root, ByIndex(index))
    }

    /// Removes and returns the first entry. O(log n).
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::from([(1, "a"), (2, "b")]);
    /// assert_eq!(map.pop_first(), Some((1, "a")));
    /// ```
    pub fn pop_first(&mut self) -> Option<(K, V)> {
        self.remove_at(0)
    }

    /// Removes and returns the last entry. O(log n).
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::from([(1, "a"), (2, "b")]);
    /// assert_eq!(map.pop_last(), Some((2, "b")));
    /// ```
    pub fn pop_last(&mut self) -> Option<(K, V)> {
        self.remove_at(self.len().checked_sub(1)?)
    }

    /// Retains the entries that satisfy `keep`, and removes the others. O(n).
    ///
    /// Copies only nodes that lose entries; others stay shared. Unlike `std`'s, `keep` can't change values, for which
    /// there is [`iter_mut`](OrdMap::iter_mut). If `keep` panics, the map is unchanged.
    ///
    /// If the types need a drop and no other map shares nodes, entries are removed one by one, in O(log n) each, and none
    /// is cloned. A panic in `Clone` or `Drop` may then leave some of them.
    ///
    /// ```
    /// let mut map: pleach_collections::OrdMap<u32, u32> = (0..10).map(|i| (i, i * i)).collect();
    /// map.retain(|key, _| key % 2 == 0);
    /// assert!(map.keys().eq(&[0, 2, 4, 6, 8]));
    /// ```
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &V) -> bool) {
        if self.moves_entries() {
            let rejected = self.iter().enumerate();
            let rejected = rejected.filter_map(|(index, (key, value))| (!keep(key, value)).then_some(index));
            let rejected: Vec<_> = rejected.collect();
            // From the end, so that indices stay.
            rejected.into_iter().rev().for_each(|index| drop(self.remove_at(index)));
            return;
        }
        let Some(root) = &self.root else { return };
        let mut retained = Retained::new();
        if retained.add(root, &mut |(key, value)| keep(key, value)) {
            return;
        }
        let kept = retained.finish();
        drop(mem::replace(&mut self.root, kept));
    }
}

impl<K: Ord + Clone, V: Clone> OrdMap<K, V> {
    /// Inserts a value for `key`, and returns the old one. A stored key is not replaced. O(log n).
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::new();
    /// assert_eq!(map.insert(1, "one"), None);
    /// assert_eq!(map.insert(1, "uno"), Some("one"));
    /// ```
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.insert_with(key, || value)
    }

    /// Inserts the value that `make` returns.
    pub(super) fn insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> Option<V> {
        let value = core::marker::PhantomData;
        btree::insert(&mut self.root, NewValue { key, make, value })
    }

    /// Inserts an entry, replacing and returning one of an equal key. A panic leaves the map unchanged.
    pub(crate) fn replace_entry(&mut self, key: K, value: V) -> Option<(K, V)> {
        btree::insert(&mut self.root, NewEntry(key, value))
    }

    /// Returns a mutable reference to the value of `key`, which is inserted if it is missing. O(log n).
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::new();
    /// map.get_or_insert_with("a", Vec::new).push(1);
    /// map.get_or_insert_with("a", Vec::new).push(2);
    /// assert_eq!(map["a"], [1, 2]);
    /// ```
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        self.entry(key).or_insert_with(make)
    }
}
