//! The default hasher.

use std::hash::{BuildHasher, Hasher};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The default hasher of [`Map`](crate::Map), with one random seed a process.
///
/// One seed, so that any two maps of the process can be merged by structure. Random, taken from the operating system, so
/// that input from outside can't be chosen to collide by who doesn't know the process; it does not promise more than that
/// against an attacker who can observe timings. It is zero-sized.
///
/// It multiplies each word with a secret and folds the product's halves, as wyhash and foldhash do.
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
    factor: u64,
}

/// The standard library's random state asks the operating system for its keys.
static SEED: LazyLock<Seed> = LazyLock::new(|| {
    let entropy = std::hash::RandomState::new();
    // A factor with some bits set wherever they fall spreads each bit of a word.
    Seed {
        start: entropy.hash_one(0_u8),
        factor: entropy.hash_one(1_u8) | 0x8000_0001_0000_0001,
    }
});

/// The seed once more, quicker to read: its factor is 0 until it is known.
static START: AtomicU64 = AtomicU64::new(0);
static FACTOR: AtomicU64 = AtomicU64::new(0);

#[cold]
#[inline(never)]
fn seed() -> FoldHasher {
    let Seed { start, factor } = *SEED;
    START.store(start, Ordering::Relaxed);
    FACTOR.store(factor, Ordering::Release);
    FoldHasher { state: start, factor }
}

impl RandomState {
    /// The one state of this process.
    pub const fn new() -> Self {
        Self(())
    }
}

impl BuildHasher for RandomState {
    type Hasher = FoldHasher;

    #[inline]
    fn build_hasher(&self) -> FoldHasher {
        // Acquire: who sees the factor sees the start.
        let factor = FACTOR.load(Ordering::Acquire);
        if factor == 0 {
            return seed();
        }
        let state = START.load(Ordering::Relaxed);
        FoldHasher { state, factor }
    }
}

/// The hasher that [`RandomState`] makes.
#[derive(Clone, Debug)]
pub struct FoldHasher {
    state: u64,
    factor: u64,
}

#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

#[inline]
fn word(bytes: &[u8], at: usize) -> u64 {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk())
        .map_or(0, |word| u64::from_le_bytes(*word))
}

#[inline]
fn half_word(bytes: &[u8], at: usize) -> u64 {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk())
        .map_or(0, |half| u64::from(u32::from_le_bytes(*half)))
}

impl FoldHasher {
    #[inline]
    fn add(&mut self, low: u64, high: u64) {
        self.state = fold(self.state ^ low, self.factor ^ high);
    }

    #[inline(never)]
    fn write_long(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while rest.len() > 16 {
            self.add(word(rest, 0), word(rest, 8));
            rest = &rest[16..];
        }
        // The last 16 bytes, which overlap those before.
        self.add(word(bytes, bytes.len() - 16), word(bytes, bytes.len() - 8));
    }
}

impl Hasher for FoldHasher {
    #[inline]
    fn finish(&self) -> u64 {
        self.state
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let len = bytes.len();
        // So that bytes are not taken for those of another length.
        self.state = self.state.wrapping_add(len as u64);
        match len {
            17.. => self.write_long(bytes),
            8.. => self.add(word(bytes, 0), word(bytes, len - 8)),
            4.. => self.add(half_word(bytes, 0), half_word(bytes, len - 4)),
            1.. => self.add(
                u64::from(bytes[0]) << 16 | u64::from(bytes[len / 2]) << 8 | u64::from(bytes[len - 1]),
                0,
            ),
            0 => self.add(0, 0),
        }
    }

    #[inline]
    fn write_u8(&mut self, i: u8) {
        self.add(u64::from(i), 0);
    }

    #[inline]
    fn write_u16(&mut self, i: u16) {
        self.add(u64::from(i), 0);
    }

    #[inline]
    fn write_u32(&mut self, i: u32) {
        self.add(u64::from(i), 0);
    }

    #[inline]
    fn write_u64(&mut self, i: u64) {
        self.add(i, 0);
    }

    #[inline]
    fn write_u128(&mut self, i: u128) {
        self.add(i as u64, (i >> 64) as u64);
    }

    #[inline]
    fn write_usize(&mut self, i: usize) {
        self.add(i as u64, 0);
    }
}
