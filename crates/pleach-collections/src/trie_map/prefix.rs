//! The part of a map below a prefix.

use super::{Cursor, Iter, TrieMap};
use crate::trie;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

/// The entries of a [`TrieMap`] whose keys begin with a prefix: see [`TrieMap::prefix`].
pub struct Prefix<'a, V> {
    map: &'a TrieMap<V>,
    bytes: Vec<u8>,
    /// The index of the first entry, and the number of entries.
    first: usize,
    len: usize,
}

impl<V> TrieMap<V> {
    /// Returns a view of the entries whose keys begin with a prefix. O(k).
    ///
    /// ```
    /// let map = pleach_collections::TrieMap::from([("tea/black", 1), ("tea/green", 2), ("water", 3)]);
    /// let tea = map.prefix("tea/");
    /// assert_eq!(tea.len(), 2);
    /// assert_eq!(tea.first(), Some((b"tea/black".to_vec(), &1)));
    /// assert_eq!(tea.to_map().len(), 2);
    /// ```
    pub fn prefix(&self, prefix: impl AsRef<[u8]>) -> Prefix<'_, V> {
        let bytes = prefix.as_ref().to_vec();
        let len = self.count_prefix(&bytes);
        Prefix {
            map: self,
            first: self.rank(&bytes),
            len,
            bytes,
        }
    }

    /// Returns the number of keys that begin with a prefix. O(k): nodes know how many keys they have.
    ///
    /// ```
    /// let map = pleach_collections::TrieMap::from([("ab", 1), ("ac", 2), ("b", 3)]);
    /// assert_eq!(map.count_prefix("a"), 2);
    /// assert_eq!(map.count_prefix(""), 3);
    /// ```
    pub fn count_prefix(&self, prefix: impl AsRef<[u8]>) -> usize {
        self.root
            .as_ref()
            .map_or(0, |root| trie::count_prefix(root, prefix.as_ref()))
    }
}

impl<'a, V> Prefix<'a, V> {
    /// Returns the prefix.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the number of entries. O(1).
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether there is no entry. O(1).
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns an iterator over the entries, in the order of their keys, which are whole.
    pub fn iter(&self) -> Iter<'a, V> {
        self.map.slice(self.first..self.first + self.len)
    }

    /// Returns the first entry. O(k).
    pub fn first(&self) -> Option<(Vec<u8>, &'a V)> {
        self.iter().next()
    }

    /// Returns the last entry. O(k).
    pub fn last(&self) -> Option<(Vec<u8>, &'a V)> {
        self.iter().next_back()
    }

    /// Returns a cursor whose base is the prefix, or `None` if there is no entry. O(k).
    pub fn cursor(&self) -> Option<Cursor<'a, V>> {
        self.map.cursor_at(&self.bytes)
    }

    /// Returns a map of these entries, with their whole keys. O(k): it shares all nodes below the first one.
    pub fn to_map(&self) -> TrieMap<V>
    where
        V: Clone,
    {
        let mut cursor = self.map.cursor();
        if !cursor.descend(&self.bytes) {
            return TrieMap::new();
        }
        TrieMap { root: cursor.detach() }
    }
}

impl<'a, V> IntoIterator for &Prefix<'a, V> {
    type Item = (Vec<u8>, &'a V);
    type IntoIter = Iter<'a, V>;

    fn into_iter(self) -> Iter<'a, V> {
        self.iter()
    }
}

impl<V> Clone for Prefix<'_, V> {
    fn clone(&self) -> Self {
        Self {
            bytes: self.bytes.clone(),
            ..*self
        }
    }
}

impl<V> fmt::Debug for Prefix<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = self.bytes.escape_ascii().to_string();
        f.debug_struct("Prefix")
            .field("prefix", &prefix)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}
