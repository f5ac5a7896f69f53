//! A map that is mostly tiny: a list searched from its start, and a hash table once it has grown.

use std::collections::HashMap;
use std::hash::Hash;

use smallvec::SmallVec;

/// Up to this many entries are searched one by one.
const FEW: usize = 16;

/// A map for a handful of entries (the variables of a term) that stays fast with a hundred thousand.
pub(crate) struct SmallMap<K, V> {
    few: SmallVec<[(K, V); FEW]>,
    /// All entries, once there were more than `FEW`.
    many: Option<HashMap<K, V>>,
}

impl<K: Copy + Eq + Hash, V> SmallMap<K, V> {
    #[inline]
    pub(crate) fn new() -> Self {
        SmallMap {
            few: SmallVec::new(),
            many: None,
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        match &self.many {
            None => self.few.len(),
            Some(many) => many.len(),
        }
    }

    #[inline]
    pub(crate) fn get(&self, key: K) -> Option<&V> {
        match &self.many {
            None => self.few.iter().find(|(other, _)| *other == key).map(|(_, value)| value),
            Some(many) => many.get(&key),
        }
    }

    /// Sets the value of `key`, which may be new or not.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        if let Some(many) = &mut self.many {
            many.insert(key, value);
        } else if let Some((_, old)) = self.few.iter_mut().find(|(other, _)| *other == key) {
            *old = value;
        } else if self.few.len() < FEW {
            self.few.push((key, value));
        } else {
            let mut many: HashMap<K, V> = self.few.drain(..).collect();
            many.insert(key, value);
            self.many = Some(many);
        }
    }
}

/// Variables, by id and name, in order of first occurrence.
pub(crate) type Numbering<'a> = SmallMap<(u64, &'a str), u64>;

impl<'a> Numbering<'a> {
    /// The number of this variable, and whether it is new.
    #[inline]
    pub(crate) fn number(&mut self, name: &'a str, id: u64) -> (u64, bool) {
        if let Some(number) = self.get((id, name)) {
            return (*number, false);
        }
        let number = self.len() as u64;
        self.insert((id, name), number);
        (number, true)
    }
}
