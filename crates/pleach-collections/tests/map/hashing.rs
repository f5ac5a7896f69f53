//! The default hasher: collisions, field boundaries and its seed.

use pleach_collections::{Map, RandomState, Set};
use std::cell::Cell;
use std::collections::HashSet;
use std::hash::{BuildHasher, Hash, Hasher};

thread_local! {
    static COMPARISONS: Cell<usize> = const { Cell::new(0) };
}

#[derive(Clone, Debug)]
struct Counted<K>(K);

impl<K: Hash> Hash for Counted<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<K: PartialEq> PartialEq for Counted<K> {
    fn eq(&self, other: &Self) -> bool {
        COMPARISONS.set(COMPARISONS.get() + 1);
        self.0 == other.0
    }
}

impl<K: Eq> Eq for Counted<K> {}

/// Returns strings of a letter and zeros, of 16 lengths. An earlier default hasher gave them 32 hashes in every
/// process.
fn letters_and_zeros() -> Vec<String> {
    let of = |len: usize, c: u8| char::from(b'@' + c).to_string() + &"\0".repeat(len - 1);
    (33..=48).flat_map(|len| (0..16).map(move |c| of(len, c))).collect()
}

#[test]
fn strings_of_different_lengths_have_different_hashes() {
    let state = RandomState::new();
    let strings = letters_and_zeros();
    assert_eq!(strings.len(), 256);
    let hashes: HashSet<u64> = strings.iter().map(|string| state.hash_one(string)).collect();
    assert_eq!(hashes.len(), 256);
}

#[test]
fn keys_that_were_made_to_collide_cost_few_comparisons() {
    let strings = letters_and_zeros();
    let pairs = strings
        .iter()
        .flat_map(|a| strings.iter().map(move |b| Counted((a.clone(), b.clone()))));
    let mut set = Set::new();
    COMPARISONS.set(0);
    for pair in pairs {
        assert!(set.insert(pair));
    }
    let comparisons = COMPARISONS.get();
    assert_eq!(set.len(), 65_536);
    // Only keys in one leaf with equal tags, 16 bits of the hash, are compared: about ten are expected.
    assert!(comparisons < 500, "{comparisons} comparisons");
}

/// Fields with the same concatenated bytes hash differently.
#[test]
fn fields_are_told_apart() {
    let state = RandomState::new();
    assert_ne!(state.hash_one(("ab", "c")), state.hash_one(("a", "bc")));
    assert_ne!(state.hash_one([&b"ab"[..], b"c"]), state.hash_one([&b"a"[..], b"bc"]));
    assert_ne!(state.hash_one(("", "a")), state.hash_one(("a", "")));
    assert_ne!(state.hash_one((0_u32, 1_u32)), state.hash_one((1_u32, 0_u32)));
    assert_ne!(
        state.hash_one([0_u8; 3].as_slice()),
        state.hash_one([0_u8; 4].as_slice())
    );
}

/// One seed per process in a zero-sized type, so that all maps can be merged by structure.
#[test]
fn all_maps_of_a_process_hash_alike() {
    assert_eq!(size_of::<RandomState>(), 0);
    let hash = |key: &str| RandomState::new().hash_one(key);
    let elsewhere = std::thread::spawn(move || hash("key")).join();
    assert_eq!(elsewhere.ok(), Some(hash("key")));
    let (a, b): (Map<u32, u32>, Map<u32, u32>) = (Map::new(), Map::default());
    assert_eq!(a.hasher(), b.hasher());
    assert_eq!(a.hasher().hash_one("key"), hash("key"));
}
