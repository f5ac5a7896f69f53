//! Implementations of `std`'s traits for [`Map`].

use super::Map;
use super::hashing::Hashing;
use crate::hamt;
#[cfg(feature = "std")]
use alloc::vec::Vec;
use core::fmt;
use core::hash::{BuildHasher, Hash, Hasher};
use core::ops::{Index, IndexMut};
use equivalent::Equivalent;
#[cfg(feature = "std")]
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// O(1): increments a reference count.
impl<K, V, S: Clone> Clone for Map<K, V, S> {
    #[inline]
    fn clone(&self) -> Self {
        Self {
            root: self.root.clone(),
            hashing: self.hashing.clone(),
        }
    }
}

impl<K, V, S: Default> Default for Map<K, V, S> {
    fn default() -> Self {
        Self::with_hasher(S::default())
    }
}

impl<K: fmt::Debug, V: fmt::Debug, S> fmt::Debug for Map<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

/// O(d), where d is the number of entries that the maps don't share; O(n) if their [hashers](Map::with_hasher) differ,
/// which may be of different types. Shared entries are taken to equal themselves.
impl<K, V, S, S2> PartialEq<Map<K, V, S2>> for Map<K, V, S>
where
    K: Hash + Eq,
    V: PartialEq,
    S: BuildHasher,
    S2: BuildHasher,
{
    fn eq(&self, other: &Map<K, V, S2>) -> bool {
        match (&self.root, &other.root) {
            (None, None) => true,
            (Some(a), Some(b)) if self.hashing.same_as_any(&other.hashing) => {
                hamt::eq(a, b, &|a, b| a == b, &|a, b| a == b)
            }
            (Some(_), Some(_)) => self.len() == other.len() && self.iter().all(|(k, v)| other.get(k) == Some(v)),
            _ => false,
        }
    }
}

impl<K: Hash + Eq, V: Eq, S: BuildHasher> Eq for Map<K, V, S> {}

/// O(n). Equal maps have equal hashes, whatever their hashers: the entries are hashed with
/// [`RandomState`](super::RandomState) and their hashes summed. So the hash differs between processes, as far as the seed of [`RandomState`](super::RandomState) does.
impl<K: Hash, V: Hash, S> Hash for Map<K, V, S> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let hashing = super::RandomState::new();
        let sum = self
            .iter()
            .fold(0_u64, |sum, entry| sum.wrapping_add(hashing.hash_one(entry)));
        state.write_usize(self.len());
        state.write_u64(sum);
    }
}

/// O(log n).
///
/// # Panics
/// Panics if the key is missing.
impl<Q, K, V, S> Index<&Q> for Map<K, V, S>
where
    Q: Hash + Equivalent<K> + ?Sized,
    S: BuildHasher,
{
    type Output = V;

    #[allow(clippy::expect_used, reason = "the contract of Index, as in std")]
    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("no entry found for key")
    }
}

/// O(log n).
///
/// # Panics
/// Panics if the key is missing.
impl<Q, K, V, S> IndexMut<&Q> for Map<K, V, S>
where
    Q: Hash + Equivalent<K> + ?Sized,
    K: Hash + Clone,
    V: Clone,
    S: BuildHasher,
{
    #[allow(clippy::expect_used, reason = "the contract of IndexMut, as in im")]
    fn index_mut(&mut self, key: &Q) -> &mut V {
        self.get_mut(key).expect("no entry found for key")
    }
}

/// Inserts entries. A stored key is not replaced; of equal new keys the first is stored; either gets the last value. If
/// the iterator panics, the entries that it yielded before are in the map.
///
/// O(m · log n) for m entries; with the feature `std` an empty map is built bottom-up as by `collect`, which costs less.
impl<K, V, S> Extend<(K, V)> for Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher,
{
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        // A panic of the iterator is caught, which takes the standard library.
        #[cfg(feature = "std")]
        if self.root.is_none() {
            let (hashing, mut items) = (&self.hashing, Vec::new());
            let with_hash = |entry: (K, V)| (hashing.hash(&entry.0), entry);
            let end = catch_unwind(AssertUnwindSafe(|| items.extend(entries.into_iter().map(with_hash))));
            self.root = hamt::collect(items, &K::eq);
            if let Err(panic) = end {
                resume_unwind(panic);
            }
            return;
        }
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<'a, K, V, S> Extend<(&'a K, &'a V)> for Map<K, V, S>
where
    K: Hash + Eq + Clone + 'a,
    V: Clone + 'a,
    S: BuildHasher,
{
    fn extend<I: IntoIterator<Item = (&'a K, &'a V)>>(&mut self, entries: I) {
        self.extend(entries.into_iter().map(|(key, value)| (key.clone(), value.clone())));
    }
}

/// Builds a trie. Of equal keys the first is stored, with the last value.
fn collect<K, V, S>(entries: impl IntoIterator<Item = (K, V)>, hashing: &Hashing<S>) -> Option<hamt::Node<K, V>>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    let with_hash = |entry: (K, V)| (hashing.hash(&entry.0), entry);
    hamt::collect(entries.into_iter().map(with_hash).collect(), &K::eq)
}

/// Builds the map bottom-up, which costs less than insertion one by one. Of equal keys the first is stored, with the
/// last value.
impl<K, V, S> FromIterator<(K, V)> for Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Default,
{
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let hashing = Hashing::new(S::default());
        Self {
            root: collect(entries, &hashing),
            hashing,
        }
    }
}
