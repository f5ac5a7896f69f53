//! The traits of `std` for [`Map`].

use super::Map;
use super::hashing::Hashing;
use crate::hamt;
use equivalent::Equivalent;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::ops::{Index, IndexMut};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// O(1): counts one more owner.
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

/// Costs what differs if the maps' hashers are known to be one (see [`Map::with_hasher`]), else O(n). What the maps
/// share is taken to equal itself. The hashers may be of two types.
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
            (Some(a), Some(b)) if self.hashing.is_one_with(&other.hashing) => {
                hamt::eq(a, b, &|a, b| a == b, &|a, b| a == b)
            }
            (Some(_), Some(_)) => self.len() == other.len() && self.iter().all(|(k, v)| other.get(k) == Some(v)),
            _ => false,
        }
    }
}

impl<K: Hash + Eq, V: Eq, S: BuildHasher> Eq for Map<K, V, S> {}

/// O(n). Equal maps hash alike, whatever their hashers and the order their entries came in: the hashes of the entries,
/// under a hasher of this process, are summed. So the same map has another hash in another process.
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
/// If the key is missing.
impl<Q, K, V, S> Index<&Q> for Map<K, V, S>
where
    Q: Hash + Equivalent<K> + ?Sized,
    S: BuildHasher,
{
    type Output = V;

    #[allow(clippy::expect_used, reason = "the contract of Index, as in std")]
    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("the key is in the map")
    }
}

/// O(log n).
///
/// # Panics
/// If the key is missing.
impl<Q, K, V, S> IndexMut<&Q> for Map<K, V, S>
where
    Q: Hash + Equivalent<K> + ?Sized,
    K: Hash + Clone,
    V: Clone,
    S: BuildHasher,
{
    #[allow(clippy::expect_used, reason = "the contract of IndexMut, as in im")]
    fn index_mut(&mut self, key: &Q) -> &mut V {
        self.get_mut(key).expect("the key is in the map")
    }
}

/// An empty map is built from the bottom up, as `collect` does. Into one that has entries they are inserted one by one: to
/// build and merge them would cost more unless they were many times as many.
///
/// A key that is present stays as it was stored; of equal new keys the first is stored; either gets the last value. If the
/// iterator panics, the entries that it gave before are in the map.
impl<K, V, S> Extend<(K, V)> for Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher,
{
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        if self.root.is_none() {
            let (hashing, mut items) = (&self.hashing, Vec::new());
            let with_hash = |entry: (K, V)| (hashing.hash(&entry.0), entry);
            let end = catch_unwind(AssertUnwindSafe(|| items.extend(entries.into_iter().map(with_hash))));
            self.root = hamt::collect(items, &|a: &K, b: &K| a == b);
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

/// The trie of these entries. Of equal keys the first stays, with the last value.
fn collect<K, V, S>(entries: impl IntoIterator<Item = (K, V)>, hashing: &Hashing<S>) -> Option<hamt::Node<K, V>>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    let with_hash = |entry: (K, V)| (hashing.hash(&entry.0), entry);
    hamt::collect(entries.into_iter().map(with_hash).collect(), &|a: &K, b: &K| a == b)
}

/// Of equal keys the first stays, with the last value. Costs less than to insert the entries one by one.
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
