//! Counts of distinct hashes of families of keys, for many seeds.

use super::FoldHasher;
use super::families::{Family, families, pairs_of_letters_and_zeros, scrambled};
use foldhash::SharedSeed;
use std::hash::{BuildHasher, Hasher};

/// One key of this many may have the hash of another: with one of twenty seeds, 21 of 1,891 triples of repeated letters
/// collide in foldhash.
const KEYS_PER_COLLISION: usize = 64;

/// The default hasher with a given seed, as it is seeded with the standard library or without.
struct Seeded {
    start: Option<u64>,
    shared: &'static SharedSeed,
}

impl BuildHasher for Seeded {
    type Hasher = FoldHasher;

    fn build_hasher(&self) -> FoldHasher {
        match self.start {
            Some(start) => FoldHasher::with_seed(start, self.shared),
            None => FoldHasher::with_shared_seed(self.shared),
        }
    }
}

fn seeded(number: u64) -> Seeded {
    Seeded {
        start: (!number.is_multiple_of(4)).then(|| scrambled(2 * number + 1)),
        shared: Box::leak(Box::new(SharedSeed::from_u64(scrambled(2 * number + 2)))),
    }
}

fn distinct(values: impl Iterator<Item = u64>) -> usize {
    let mut values: Vec<u64> = values.collect();
    values.sort_unstable();
    values.dedup();
    values.len()
}

/// Returns a lower bound for the distinct values among `count` random ones of `bits` bits, which chance practically
/// never violates.
fn least_expected(count: usize, bits: u32) -> f64 {
    let (count, values) = (count as f64, f64::from(bits).exp2());
    values * (1.0 - (-count / values).exp()) - 2.5 * count.sqrt()
}

fn test(name: &str, hashes: &[u64], number: u64) {
    let count = hashes.len();
    // Foldhash collides more often than random numbers; many keys of one hash must not occur.
    let equal = count - distinct(hashes.iter().copied());
    assert!(
        equal <= count / KEYS_PER_COLLISION,
        "{name}: {equal} equal hashes, seed {number}"
    );
    let bits = count.ilog2() + 1;
    for (part, shift) in [("low", 0), ("middle", 24), ("high", 64 - bits)] {
        let found = distinct(hashes.iter().map(|hash| hash >> shift & ((1 << bits) - 1)));
        let expected = least_expected(count, bits);
        assert!(
            found as f64 >= expected,
            "{name}: {found} different {part} {bits} bits of {count} hashes, not {expected}, seed {number}"
        );
    }
}

#[test]
fn structured_keys_hash_as_random_ones_whatever_the_seed() {
    let families: Vec<Family<Seeded>> = families();
    for number in 0..32 {
        let state = seeded(number);
        for (name, hashes) in &families {
            test(name, &hashes(&state), number);
        }
    }
}

#[test]
fn pairs_of_strings_of_many_lengths_do_not_collide() {
    for number in 0..8 {
        let state = seeded(number);
        let hashes: Vec<u64> = pairs_of_letters_and_zeros().map(|pair| state.hash_one(pair)).collect();
        test("pairs", &hashes, number);
    }
}

/// A word that equals a hasher's start hides the word beside it, so the start must not be one that everybody knows.
#[test]
fn the_start_without_randomness_is_not_a_constant() {
    let starts = (0..32).map(|number| {
        let shared = Box::leak(Box::new(SharedSeed::from_u64(scrambled(number))));
        FoldHasher::with_shared_seed(shared).finish()
    });
    assert_eq!(distinct(starts), 32);
    let hasher = Seeded {
        start: None,
        ..seeded(0)
    };
    assert_eq!(
        distinct((0..10_000_u64).map(|other| hasher.hash_one((0x9e37_79b9_7f4a_7c15_u64, other)))),
        10_000
    );
}
