//! Ids of named spaces and states, and the kinds of spaces.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

/// The kind of a space, which decides what the atoms `(= lhs rhs)` and `(: name type)` are in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SpaceKind {
    /// Rules and type annotations, in definition order and with indexes. The environment's own space is of this kind.
    #[default]
    Program,
    /// Plain facts: the space has no definitions.
    Data,
}

/// The id of a named space. Forks give out different ids.
///
/// The [kind](Self::kind) of the space is part of its id. So it never changes, and environments that are merged, and patches
/// and files, can't disagree on it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpaceId(u128);

/// The id of a state. Forks give out different ids.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StateId(u128);

macro_rules! id {
    ($id:ident, $prefix:literal) => {
        impl $id {
            /// Returns the id as 16 bytes.
            #[must_use]
            pub const fn to_bytes(self) -> [u8; 16] {
                self.0.to_be_bytes()
            }

            /// Creates the id from the bytes of [`to_bytes`](Self::to_bytes).
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(u128::from_be_bytes(bytes))
            }
        }

        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{:x}"), self.0)
            }
        }

        impl fmt::Debug for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

id!(SpaceId, "space-");
id!(StateId, "state-");

/// A generator of ids: a seed of its own, and a counter.
///
/// A seed is a number counted on from a random start; or, with the top bit set, a digest chosen by an evaluator, so that a
/// program gives out the same ids on any number of threads. The latter differ unless SHA-256 collides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ids {
    seed: IdSeed,
    given: u64,
}

/// A seed of the ids that a handle gives out: see [`Environment::set_id_seed`](crate::Environment::set_id_seed).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdSeed(u128);

/// The number of low bits of an id that hold the counter.
const COUNT_BITS: u32 = 40;

impl SpaceId {
    /// The bit of a [data space](SpaceKind::Data): the highest of the counter.
    const DATA: u128 = 1 << (COUNT_BITS - 1);

    /// The id of a space of this kind with this number, in which the bit of data spaces is clear.
    pub(crate) const fn of_kind(number: u128, kind: SpaceKind) -> Self {
        match kind {
            SpaceKind::Program => Self(number),
            SpaceKind::Data => Self(number | Self::DATA),
        }
    }

    /// Returns the kind of the space. O(1).
    #[must_use]
    pub const fn kind(self) -> SpaceKind {
        if self.0 & Self::DATA == 0 {
            SpaceKind::Program
        } else {
            SpaceKind::Data
        }
    }
}

impl SpaceKind {
    /// The kind of a named space, or of the environment's own.
    pub(crate) fn of(space: Option<SpaceId>) -> Self {
        space.map_or(Self::Program, SpaceId::kind)
    }
}

impl IdSeed {
    /// Returns the first seed of an evaluation, a constant.
    #[must_use]
    pub const fn root() -> Self {
        Self(1 << 127)
    }

    /// Derives the seed of the `index`th task that the task with this seed starts.
    ///
    /// ```
    /// # use pleach::env::IdSeed;
    /// let root = IdSeed::root();
    /// assert_eq!(root.child(3), root.child(3));
    /// assert_ne!(root.child(3), root.child(4));
    /// ```
    #[must_use]
    pub fn child(self, index: u64) -> Self {
        let digest = Sha256::new()
            .chain_update(self.0.to_be_bytes())
            .chain_update(index.to_be_bytes())
            .finalize();
        let bits = digest
            .iter()
            .take(16)
            .fold(0u128, |bits, byte| bits << 8 | u128::from(*byte));
        Self((bits | 1 << 127) >> COUNT_BITS << COUNT_BITS)
    }

    /// Whether this seed was chosen or derived from one that was: those of handles have another highest bit.
    fn is_chosen(self) -> bool {
        self.0 >> 127 == 1
    }

    /// A seed that no other handle has, neither in this process nor, up to 63 random bits, in one whose environments are loaded
    /// here.
    pub(crate) fn unique() -> Self {
        static FIRST: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(()) >> 1);
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // Relaxed: the number only has to be unique.
        let number = u128::from(NEXT.fetch_add(1, Ordering::Relaxed));
        Self((u128::from(*FIRST) << 64).wrapping_add(number << COUNT_BITS) & !(1 << 127))
    }
}

impl StateId {
    pub(crate) const fn new(id: u128) -> Self {
        Self(id)
    }
}

impl Ids {
    /// A generator with this seed, or with a unique one.
    pub(crate) fn new(seed: Option<IdSeed>) -> Self {
        Self {
            seed: seed.unwrap_or_else(IdSeed::unique),
            given: 0,
        }
    }

    pub(crate) fn seed(&self) -> IdSeed {
        self.seed
    }

    pub(crate) fn next(&mut self) -> u128 {
        // The bit above is that of data spaces.
        if self.given == SpaceId::DATA as u64 - 1 {
            *self = Self::new(self.seed.is_chosen().then(|| self.seed.child(u64::MAX)));
        }
        self.given += 1;
        self.seed.0 + u128::from(self.given)
    }
}

#[cfg(test)]
mod tests {
    use super::{IdSeed, Ids, SpaceId, SpaceKind};

    #[test]
    fn numbers_never_reach_the_bit_of_data_spaces() {
        for seed in [IdSeed::root(), IdSeed::unique()] {
            let mut ids = Ids {
                seed,
                given: (1 << 39) - 3,
            };
            let given: Vec<u128> = (0..4).map(|_| ids.next()).collect();
            for (i, number) in given.iter().enumerate() {
                assert_eq!(SpaceId::of_kind(*number, SpaceKind::Program).kind(), SpaceKind::Program);
                assert!(!given[..i].contains(number));
            }
            assert_eq!(ids.given, 2, "of another seed");
            assert!(ids.seed != seed && ids.seed.is_chosen() == seed.is_chosen());
        }
    }
}
