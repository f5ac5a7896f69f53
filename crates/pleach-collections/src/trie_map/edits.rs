//! Many changes at once, in the order of their keys.

use super::TrieMap;
use crate::trie::Build;
use std::cmp::Ordering;

/// Changes of a map, in the order of their keys.
pub(super) struct Edits<V> {
    keys: KeyList,
    /// The new values; `None` where a key is removed.
    values: Vec<Option<V>>,
}

/// Keys, one behind the other.
#[derive(Default)]
pub(super) struct KeyList {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl KeyList {
    pub(super) fn push(&mut self, key: &[u8]) {
        self.bytes.extend_from_slice(key);
        self.ends.push(self.bytes.len());
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end])
    }
}

impl<V> Edits<V> {
    pub(super) fn new() -> Self {
        Self {
            keys: KeyList::default(),
            values: Vec::new(),
        }
    }

    /// Adds the insertion of a key that is greater than all before.
    pub(super) fn insert(&mut self, key: &[u8], value: V) {
        self.keys.push(key);
        self.values.push(Some(value));
    }

    /// Adds the removal of a key that is greater than all before.
    pub(super) fn remove(&mut self, key: &[u8]) {
        self.keys.push(key);
        self.values.push(None);
    }

    /// Adds what makes the key's value this one.
    pub(super) fn set(&mut self, key: &[u8], value: Option<V>) {
        self.keys.push(key);
        self.values.push(value);
    }

    /// The map of what is inserted.
    pub(super) fn into_map(self) -> TrieMap<V> {
        let keys: Vec<&[u8]> = self.keys.iter().collect();
        let values = self.values.into_iter().flatten();
        TrieMap {
            root: Build::new(&keys, values).node(),
        }
    }
}

impl<V: Clone> TrieMap<V> {
    /// Applies changes: one by one, or by building the map anew if they are many.
    ///
    /// If the clone of a value panics, the map is as it was.
    pub(super) fn apply(&mut self, edits: Edits<V>) {
        // The threshold is not tuned: building costs less for each entry than an insertion does.
        if edits.values.len() < self.len() / 4 {
            // On a clone, so that a panic leaves the map as it was.
            let mut map = self.clone();
            for (key, value) in edits.keys.iter().zip(edits.values) {
                match value {
                    Some(value) => drop(map.insert(key, value)),
                    None => drop(map.remove(key)),
                }
            }
            *self = map;
            return;
        }
        let mut merged = Edits::new();
        let mut cursor = self.cursor();
        let mut entry = cursor.value().or_else(|| cursor.next_entry());
        for (key, value) in edits.keys.iter().zip(edits.values) {
            while let Some(old) = entry {
                match cursor.path().cmp(key) {
                    Ordering::Less => merged.insert(cursor.path(), old.clone()),
                    Ordering::Equal => {}
                    Ordering::Greater => break,
                }
                entry = cursor.next_entry();
            }
            if let Some(value) = value {
                merged.insert(key, value);
            }
        }
        while let Some(old) = entry {
            merged.insert(cursor.path(), old.clone());
            entry = cursor.next_entry();
        }
        drop(cursor);
        *self = merged.into_map();
    }
}
