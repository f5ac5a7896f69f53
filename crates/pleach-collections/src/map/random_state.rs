//! The default hasher.

#[cfg(test)]
mod families;
#[cfg(test)]
mod tests;

use core::fmt;
use core::hash::{BuildHasher, Hasher};
use foldhash::SharedSeed;
use foldhash::quality;

/// The default hasher of [`Map`](crate::Map): [foldhash](https://docs.rs/foldhash), in its variant for quality, with
/// one random seed per process.
///
/// One seed lets any two maps of the process be merged by structure. It is taken from the operating system's
/// randomness, so that keys that collide in every process can't be chosen in advance. The type is zero-sized.
///
/// # Without the standard library
/// There is no source of randomness, so without the feature `std` the seed is taken from addresses of the stack, of code and
/// of data. An operating system may randomize these; where it doesn't, and on bare metal, they are the same each time the program
/// starts, and keys that collide can be chosen in advance. A map of hostile keys needs a hasher that is seeded by the device's source of
/// randomness.
///
/// # Hostile keys
/// 49 families of keys are tested with 32 seeds each (strings by length, of zeros and of repeated bytes, decimals,
/// paths, tuples, slices, strides, powers of two, bits of floats): at most one key of 64 in a family has the hash of
/// another, and the high, middle and low bits of the hashes are distributed as those of random numbers.
///
/// There is no further guarantee. Foldhash isn't a cryptographic hash: an attacker who can measure the time of lookups
/// in a long-running process may find its seed, and chosen pairs of keys, such as 8 bytes and their complement, are
/// known to collide in about one of 2²⁷ processes. Against such attacks, use `std::hash::RandomState`: see
/// [`Map::with_hasher`](crate::Map::with_hasher).
///
/// ```
/// use pleach_collections::{Map, RandomState};
/// use std::hash::BuildHasher;
///
/// let map: Map<&str, u32, RandomState> = Map::new();
/// assert_eq!(map.hasher().hash_one("key"), RandomState::new().hash_one("key"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RandomState(());

/// Hashing by one seed per process, from the operating system's randomness.
#[cfg(feature = "std")]
mod process {
    use super::FoldHasher;
    use core::hash::BuildHasher;
    use foldhash::SharedSeed;
    use std::sync::OnceLock;

    struct Seed {
        start: u64,
        shared: SharedSeed,
    }

    static SEED: OnceLock<Seed> = OnceLock::new();

    #[cold]
    #[inline(never)]
    fn seed() -> &'static Seed {
        SEED.get_or_init(|| {
            // The standard library's `RandomState` gets its keys from the operating system.
            let entropy = std::hash::RandomState::new();
            Seed {
                start: entropy.hash_one(0_u8),
                shared: SharedSeed::from_u64(entropy.hash_one(1_u8)),
            }
        })
    }

    #[inline]
    pub(super) fn hasher() -> FoldHasher {
        let seed = match SEED.get() {
            Some(seed) => seed,
            None => seed(),
        };
        FoldHasher::with_seed(seed.start, &seed.shared)
    }
}

/// Hashing by one seed per process, from addresses.
#[cfg(not(feature = "std"))]
mod process {
    use super::FoldHasher;
    use foldhash::SharedSeed;

    #[inline]
    pub(super) fn hasher() -> FoldHasher {
        FoldHasher::with_shared_seed(SharedSeed::global_random())
    }
}

impl RandomState {
    /// Returns the state, which is the same in the whole process.
    pub const fn new() -> Self {
        Self(())
    }
}

impl BuildHasher for RandomState {
    type Hasher = FoldHasher;

    #[inline]
    fn build_hasher(&self) -> FoldHasher {
        process::hasher()
    }
}

/// The hasher that [`RandomState`] builds.
#[derive(Clone)]
pub struct FoldHasher(quality::FoldHasher<'static>);

impl FoldHasher {
    #[inline]
    fn with_seed(start: u64, shared: &'static SharedSeed) -> Self {
        Self(quality::FoldHasher::with_seed(start, shared))
    }

    /// A hasher whose start follows from the shared seed. A word that equals the start makes the one beside it count for
    /// nothing, so a constant would let keys be chosen that collide whatever the seed.
    #[cfg(any(test, not(feature = "std")))]
    #[inline]
    fn with_shared_seed(shared: &'static SharedSeed) -> Self {
        let mut start = Self::with_seed(0x9e37_79b9_7f4a_7c15, shared);
        start.write_u64(1);
        Self::with_seed(start.finish(), shared)
    }
}

impl fmt::Debug for FoldHasher {
    /// Doesn't show the seed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FoldHasher").finish_non_exhaustive()
    }
}

impl Hasher for FoldHasher {
    #[inline]
    fn finish(&self) -> u64 {
        self.0.finish()
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    #[inline]
    fn write_u8(&mut self, i: u8) {
        self.0.write_u8(i);
    }

    #[inline]
    fn write_u16(&mut self, i: u16) {
        self.0.write_u16(i);
    }

    #[inline]
    fn write_u32(&mut self, i: u32) {
        self.0.write_u32(i);
    }

    #[inline]
    fn write_u64(&mut self, i: u64) {
        self.0.write_u64(i);
    }

    #[inline]
    fn write_u128(&mut self, i: u128) {
        self.0.write_u128(i);
    }

    #[inline]
    fn write_usize(&mut self, i: usize) {
        self.0.write_usize(i);
    }
}
