//! Persistent maps behind one trait, all with the same hasher.

use pleach::RandomState;
use std::hash::Hash;
use std::sync::Arc;

/// A key of the benches, made from a number.
pub(crate) trait Key: Hash + Eq + Clone + Send + Sync + 'static {
    const NAME: &'static str;

    /// Returns the key of `number`, distinct for each number and newly allocated by each call.
    fn of(number: u64) -> Self;
}

impl Key for u64 {
    const NAME: &'static str = "u64";

    fn of(number: u64) -> Self {
        // Odd multiplier: a bijection.
        number.wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

impl Key for (Arc<str>, u32) {
    const NAME: &'static str = "str";

    fn of(number: u64) -> Self {
        (format!("symbol-{number}").into(), (number % 5) as u32)
    }
}

/// A persistent map from `K` to `u64`.
pub(crate) trait Persistent<K>: Clone + 'static {
    fn empty() -> Self;
    fn insert(&mut self, key: K, value: u64);
    fn remove(&mut self, key: &K);
    fn get(&self, key: &K) -> Option<&u64>;
    fn sum(&self) -> u64;
    fn union(&self, other: &Self) -> Self;
    fn for_each(&self, f: impl FnMut(&K, &u64));

    /// Three-way merge; by iteration unless overridden.
    fn merge(&self, base: &Self, other: &Self) -> Self
    where
        K: Clone,
    {
        let mut merged = self.clone();
        other.for_each(|key, value| {
            if base.get(key) != Some(value) {
                merged.insert(key.clone(), *value);
            }
        });
        base.for_each(|key, _| {
            if other.get(key).is_none() {
                merged.remove(key);
            }
        });
        merged
    }

    /// Returns the number of differing keys; by iteration unless overridden.
    fn diff(&self, new: &Self) -> usize {
        let mut count = 0;
        self.for_each(|key, value| count += usize::from(new.get(key) != Some(value)));
        new.for_each(|key, _| count += usize::from(self.get(key).is_none()));
        count
    }
}

pub(crate) type Ours<K> = pleach::Map<K, u64>;
pub(crate) type Im<K> = im::HashMap<K, u64, RandomState>;
pub(crate) type Imbl<K> = imbl::GenericHashMap<K, u64, RandomState, imbl::shared_ptr::DefaultSharedPtr>;
pub(crate) type Rpds<K> = rpds::HashTrieMapSync<K, u64, RandomState>;

impl<K: Key> Persistent<K> for Ours<K> {
    fn empty() -> Self {
        Self::new()
    }
    fn insert(&mut self, key: K, value: u64) {
        self.insert(key, value);
    }
    fn remove(&mut self, key: &K) {
        self.remove(key);
    }
    fn get(&self, key: &K) -> Option<&u64> {
        self.get(key)
    }
    fn sum(&self) -> u64 {
        self.iter().fold(0, |sum, (_, value)| sum ^ value)
    }
    fn union(&self, other: &Self) -> Self {
        self.union(other)
    }
    fn for_each(&self, mut f: impl FnMut(&K, &u64)) {
        self.iter().for_each(|(key, value)| f(key, value));
    }
    fn merge(&self, base: &Self, other: &Self) -> Self {
        self.merge(base, other, |_, _, ours, _| ours.copied())
    }
    fn diff(&self, new: &Self) -> usize {
        self.diff(new).count()
    }
}

macro_rules! like_std {
    ($rival:ident) => {
        impl<K: Key> Persistent<K> for $rival<K> {
            fn empty() -> Self {
                Self::default()
            }
            fn insert(&mut self, key: K, value: u64) {
                self.insert(key, value);
            }
            fn remove(&mut self, key: &K) {
                self.remove(key);
            }
            fn get(&self, key: &K) -> Option<&u64> {
                self.get(key)
            }
            fn sum(&self) -> u64 {
                self.iter().fold(0, |sum, (_, value)| sum ^ value)
            }
            fn union(&self, other: &Self) -> Self {
                self.clone().union(other.clone())
            }
            fn for_each(&self, mut f: impl FnMut(&K, &u64)) {
                self.iter().for_each(|(key, value)| f(key, value));
            }
        }
    };
}

like_std!(Im);
like_std!(Imbl);

impl<K: Key> Persistent<K> for Rpds<K> {
    fn empty() -> Self {
        Self::new_with_hasher_and_ptr_kind(RandomState::new())
    }
    fn insert(&mut self, key: K, value: u64) {
        self.insert_mut(key, value);
    }
    fn remove(&mut self, key: &K) {
        self.remove_mut(key);
    }
    fn get(&self, key: &K) -> Option<&u64> {
        self.get(key)
    }
    fn sum(&self) -> u64 {
        self.iter().fold(0, |sum, (_, value)| sum ^ value)
    }
    fn union(&self, other: &Self) -> Self {
        let mut union = self.clone();
        other.for_each(|key, value| union.insert_mut(key.clone(), *value));
        union
    }
    fn for_each(&self, mut f: impl FnMut(&K, &u64)) {
        self.iter().for_each(|(key, value)| f(key, value));
    }
}
