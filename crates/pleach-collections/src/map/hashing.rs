//! A map's hasher, and whether two maps hash alike.

use std::hash::{BuildHasher, Hash};
use std::sync::atomic::{AtomicU64, Ordering};

/// A hasher with an identity, which its clones share.
///
/// Two tries can be compared node by node only if one hash function made them. `BuildHasher` has no `Eq`, so it is
/// known in two cases: hashers cloned from one another, and hashers without state (of size zero), which have nothing to
/// differ in.
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

    /// Whether both are known to give one key one hash.
    #[inline]
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl<S> Hashing<S> {
    /// As [`is`](Self::is), for hashers that may be of two types: those without state have one id.
    #[inline]
    pub(crate) fn is_one_with<S2>(&self, other: &Hashing<S2>) -> bool {
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
    /// The hash of a key that is in the map already: rarely asked for, so kept out of the code that is often run.
    #[inline(never)]
    pub(crate) fn rehash<Q: Hash + ?Sized>(&self, key: &Q) -> u64 {
        self.build.hash_one(key)
    }

    /// The hash of a key.
    #[inline]
    pub(crate) fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> u64 {
        self.build.hash_one(key)
    }
}
