//! The hasher of a map, and its identity.

use crate::hamt::Keys;
use core::hash::{BuildHasher, Hash};
use core::sync::atomic::{AtomicUsize, Ordering};

/// A hasher with an identity that its clones share.
///
/// Two tries can be compared by structure only if they have the same hash function. `BuildHasher` has no `Eq`, so this
/// is known in two cases: hashers cloned from one another, and zero-sized hashers, which have no state to differ in.
#[derive(Clone, Debug)]
pub(crate) struct Hashing<S> {
    build: S,
    id: usize,
}

/// The identity of hashers that were made after all others had been given out. They never compare equal.
const UNKNOWN: usize = usize::MAX;

impl<S> Hashing<S> {
    pub(crate) fn new(build: S) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        let id = if size_of::<S>() == 0 {
            0
        } else {
            let next = |id: usize| (id != UNKNOWN).then(|| id + 1);
            NEXT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
                .unwrap_or(UNKNOWN)
        };
        Self { build, id }
    }

    pub(crate) fn build(&self) -> &S {
        &self.build
    }

    /// Whether both are known to be the same hash function.
    #[inline]
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        self.same_id(other)
    }

    #[inline]
    fn same_id<S2>(&self, other: &Hashing<S2>) -> bool {
        self.id == other.id && self.id != UNKNOWN
    }

    /// [`same_as`](Self::same_as) for hashers of possibly different types, since all zero-sized ones have one id.
    #[inline]
    pub(crate) fn same_as_any<S2>(&self, other: &Hashing<S2>) -> bool {
        self.same_id(other) && typeid::of::<S>() == typeid::of::<S2>()
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

#[cfg(test)]
mod tests {
    use super::{Hashing, UNKNOWN};

    #[test]
    fn hashers_of_unknown_identity_are_the_same_as_none() {
        let (known, unknown) = (
            Hashing::new(1_u8),
            Hashing {
                build: 1_u8,
                id: UNKNOWN,
            },
        );
        assert!(known.same_as(&known.clone()));
        assert!(!known.same_as(&Hashing::new(1_u8)));
        assert!(!unknown.same_as(&unknown.clone()) && !unknown.same_as_any(&unknown));
    }
}
