//! Maps from entries, and into other collections.

use super::TrieMap;
use crate::trie::{Builder, Never};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

impl<V> TrieMap<V> {
    /// Returns the map of entries that come in the order of their keys, without inserting them one by one: O(n).
    ///
    /// # Errors
    ///
    /// The index of the first entry whose key is not greater than the one before.
    ///
    /// ```
    /// use pleach_collections::TrieMap;
    ///
    /// let map = TrieMap::from_sorted([("a", 1), ("b", 2)]).unwrap();
    /// assert_eq!(map.get("b"), Some(&2));
    /// assert_eq!(TrieMap::from_sorted([("b", 1), ("a", 2)]), Err(1));
    /// ```
    pub fn from_sorted<K: AsRef<[u8]>>(entries: impl IntoIterator<Item = (K, V)>) -> Result<Self, usize> {
        let mut builder = Builder::<V, Never>::new();
        for (index, (key, value)) in entries.into_iter().enumerate() {
            if !builder.push(key.as_ref(), value) {
                return Err(index);
            }
        }
        Ok(Self { root: builder.finish() })
    }

    /// The map of entries in any order; of several values for one key the last stays.
    pub(super) fn from_entries<K: AsRef<[u8]>>(mut entries: Vec<(K, V)>) -> Self {
        entries.sort_by(|(a, _), (b, _)| a.as_ref().cmp(b.as_ref()));
        let mut builder = Builder::<V, Never>::new();
        let mut entries = entries.into_iter().peekable();
        while let Some((key, value)) = entries.next() {
            if entries.peek().is_none_or(|(next, _)| next.as_ref() != key.as_ref()) {
                builder.push_in_order(key.as_ref(), value);
            }
        }
        Self { root: builder.finish() }
    }
}

/// O(n log n). Of several values for one key the last stays.
impl<K: AsRef<[u8]>, V> FromIterator<(K, V)> for TrieMap<V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Self::from_entries(entries.into_iter().collect())
    }
}

impl<K: AsRef<[u8]>, V, const N: usize> From<[(K, V); N]> for TrieMap<V> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<K: AsRef<[u8]>, V> From<Vec<(K, V)>> for TrieMap<V> {
    fn from(entries: Vec<(K, V)>) -> Self {
        Self::from_entries(entries)
    }
}

/// O(n).
impl<K: AsRef<[u8]>, V> From<BTreeMap<K, V>> for TrieMap<V> {
    fn from(map: BTreeMap<K, V>) -> Self {
        // A key type may be ordered otherwise than its bytes.
        Self::from_entries(map.into_iter().collect())
    }
}

impl<V: Clone> From<TrieMap<V>> for BTreeMap<Vec<u8>, V> {
    fn from(map: TrieMap<V>) -> Self {
        map.into_iter().collect()
    }
}

/// Inserts entries one by one.
impl<K: AsRef<[u8]>, V: Clone> Extend<(K, V)> for TrieMap<V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

/// Inserts clones of entries one by one.
impl<'a, K: AsRef<[u8]>, V: Clone + 'a> Extend<(K, &'a V)> for TrieMap<V> {
    fn extend<I: IntoIterator<Item = (K, &'a V)>>(&mut self, entries: I) {
        self.extend(entries.into_iter().map(|(key, value)| (key, value.clone())));
    }
}
