//! The default hasher.

#[cfg(test)]
mod families;
#[cfg(test)]
mod tests;

use foldhash::SharedSeed;
use foldhash::quality;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;

/// The default hasher of [`Map`](crate::Map): [foldhash](https://docs.rs/foldhash), in its variant for quality, with
/// one random seed per process.
///
/// One seed lets any two maps of the process be merged by structure. It is taken from the operating system's
/// randomness, so that keys that collide in every process can't be chosen in advance. The type is zero-sized.
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

struct Seed {
    start: u64,
    shared: SharedSeed,
}

impl Seed {
    const fn new(start: u64, shared: u64) -> Self {
        Self {
            start,
            shared: SharedSeed::from_u64(shared),
        }
    }

    #[inline]
    fn hasher(&'static self) -> FoldHasher {
        FoldHasher(quality::FoldHasher::with_seed(self.start, &self.shared))
    }
}

static SEED: OnceLock<Seed> = OnceLock::new();

#[cold]
#[inline(never)]
fn seed() -> &'static Seed {
    SEED.get_or_init(|| {
        // The standard library's `RandomState` gets its keys from the operating system.
        let entropy = std::hash::RandomState::new();
        Seed::new(entropy.hash_one(0_u8), entropy.hash_one(1_u8))
    })
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
        match SEED.get() {
            Some(seed) => seed.hasher(),
            None => seed().hasher(),
        }
    }
}

/// The hasher that [`RandomState`] builds.
#[derive(Clone)]
pub struct FoldHasher(quality::FoldHasher<'static>);

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
