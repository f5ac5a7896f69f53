//! The hasher of a map, and its identity.

use crate::hamt::Keys;
use std::hash::{BuildHasher, Hash};
use std::sync::atomic::{AtomicU64, Ordering};

/// A hasher with an identity that its clones share.
///
/// Two tries can be compared by structure only if they have the same hash function. `BuildHasher` has no `Eq`, so this
/// is known in two cases: hashers cloned from one another, and zero-sized hashers, which have no state to differ in.
#[derive(Clone, Debug)]
pub(crate) struct Hashing<S> {
    build: S,
    id: u64,
}

impl<S> Hashing<S> {
    pub(crate) fn new(build: S) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = if size_of::<S>() == 0 {
            0
        } else {
            NEXT.fetch_add(1, Ordering::Relaxed)
        };
        Self { build, id }
    }

    pub(crate) fn build(&self) -> &S {
        &self.build
    }

    /// Whether both are known to be the same hash function.
    #[inline]
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl<S> Hashing<S> {
    /// [`same_as`](Self::same_as) for hashers of possibly different types, since all zero-sized ones have one id.
    #[inline]
    pub(crate) fn same_as_any<S2>(&self, other: &Hashing<S2>) -> bool {
        self.id == other.id && typeid::of::<S>() == typeid::of::<S2>()
    }
}

impl Hashing<super::RandomState> {
    pub(crate) const fn of_process() -> Self {
        Self {
            build: super::RandomState::new(),
            id: 0,
        }
    }
}

impl<S: BuildHasher> Hashing<S> {
    /// Hashes a stored key. Rarely called, so not inlined.
    #[inline(never)]
    pub(crate) fn rehash<Q: Hash + ?Sized>(&self, key: &Q) -> u64 {
        self.build.hash_one(key)
    }

    /// Hashes a key.
    #[inline]
    pub(crate) fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> u64 {
        self.build.hash_one(key)
    }
}

impl<K: Hash + Eq, S: BuildHasher> Keys<K> for Hashing<S> {
    fn hash(&self, key: &K) -> u64 {
        self.rehash(key)
    }

    fn same(&self, a: &K, b: &K) -> bool {
        a == b
    }
}
