//! A map optimized for few entries: a list that is searched linearly, and a hash table once it has grown.

use std::collections::HashMap;
use std::hash::Hash;

use smallvec::SmallVec;

/// Number of entries up to which a map is a list.
const MAX_LIST_ENTRIES: usize = 16;

/// A map for a few entries, such as the variables of a term, that stays fast with many.
pub(crate) struct SmallMap<K, V> {
    list: SmallVec<[(K, V); MAX_LIST_ENTRIES]>,
    /// All entries, once there are too many for the list.
    table: Option<HashMap<K, V>>,
}

impl<K: Copy + Eq + Hash, V> SmallMap<K, V> {
    #[inline]
    pub(crate) fn new() -> Self {
        SmallMap {
            list: SmallVec::new(),
            table: None,
        }
    }

    #[inline]
    pub(crate) fn get(&self, key: K) -> Option<&V> {
        match &self.table {
            None => self
                .list
                .iter()
                .find(|(other, _)| *other == key)
                .map(|(_, value)| value),
            Some(table) => table.get(&key),
        }
    }

    /// Inserts an entry, or replaces the value of `key`.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        if let Some(table) = &mut self.table {
            table.insert(key, value);
        } else if let Some((_, old)) = self.list.iter_mut().find(|(other, _)| *other == key) {
            *old = value;
        } else if self.list.len() < MAX_LIST_ENTRIES {
            self.list.push((key, value));
        } else {
            let mut table: HashMap<K, V> = self.list.drain(..).collect();
            table.insert(key, value);
            self.table = Some(table);
        }
    }
}

/// Numbers of variables, in order of first occurrence.
pub(crate) struct Numbering<'a> {
    numbers: SmallMap<(u64, &'a str), u64>,
    next: u64,
}

impl<'a> Numbering<'a> {
    #[inline]
    pub(crate) fn new() -> Self {
        Numbering {
            numbers: SmallMap::new(),
            next: 0,
        }
    }

    /// Returns the number of variables so far.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.next as usize
    }

    /// Returns the number of an anonymous variable, which no other one has.
    pub(crate) fn anonymous(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// Returns the number of a variable, and whether this is its first occurrence.
    #[inline]
    pub(crate) fn number(&mut self, name: &'a str, id: u64) -> (u64, bool) {
        if let Some(number) = self.numbers.get((id, name)) {
            return (*number, false);
        }
        let number = self.anonymous();
        self.numbers.insert((id, name), number);
        (number, true)
    }
}
