//! Persistent collections with structural sharing: [`Map`], [`Set`], [`Bag`], [`OrdMap`], [`OrdSet`], [`TrieMap`] and [`Vector`].
//!
//! A clone increments one reference count, that of a [`Vector`] up to three. A write to a clone copies one path of the trie; a write to a collection that
//! shares no nodes happens in place. Comparison, [difference](Map::diff) and [three-way merge](Map::merge) skip the
//! nodes that two collections share, so their cost depends on the difference.
//!
//! ```
//! use pleach_collections::Map;
//!
//! let base: Map<u32, &str> = (0..1_000).map(|key| (key, "old")).collect();
//! let (mut left, mut right) = (base.clone(), base.clone());
//! left.insert(1, "left");
//! right.remove(&2);
//! let merged = left.merge(&base, &right, |_key, _base, _left, right| right.copied());
//! assert_eq!(merged.get(&1), Some(&"left"));
//! assert_eq!(merged.len(), 999);
//! assert_eq!(base.diff(&merged).count(), 2);
//! ```
//!
//! If nothing is ever cloned, `std::collections::HashMap` reads, writes and iterates faster than [`Map`], and
//! `std::collections::BTreeMap` removes faster than [`OrdMap`], and inserts faster into maps of about a thousand entries;
//! `Vec` is pushed to and read by index several times as fast as [`Vector`], which iterates at about the same speed.
//!
//! | module | contents |
//! |---|---|
//! | [`mod@map`] | [`Map`]: a hash map |
//! | [`mod@set`] | [`Set`]: a hash set, a map without values |
//! | [`mod@bag`] | [`Bag`]: a multiset, a map from item to count |
//! | [`mod@ord_map`] | [`OrdMap`]: an ordered map |
//! | [`mod@ord_set`] | [`OrdSet`]: an ordered set, an ordered map without values |
//! | [`mod@trie_map`] | [`TrieMap`]: an ordered map from byte strings |
//! | [`mod@vector`] | [`Vector`]: a sequence |
//! | [`mod@address`] | a hasher of addresses, and hash maps and sets of `std` with it |
//!
//! # Which one?
//! - Keys whose order doesn't matter: [`Map`]. It reads and writes fastest, and its nodes depend on the keys only, so that
//!   difference and merge also skip equal parts of maps with different histories.
//! - Keys in order, ranges, the first or n-th entry, a concatenation: [`OrdMap`].
//! - Keys that are byte strings or paths, above all with common prefixes: [`TrieMap`]. It stores a prefix once, and finds,
//!   counts and removes the keys below it.
//! - Items in a sequence, by index: [`Vector`]. It is edited at both ends and anywhere between, split and joined.
//! - How often an item occurs: [`Bag`], whose merge adds up what both sides added.
//!
//! # Costs
//! n is the number of entries, d that of the entries in which two collections differ, k the length of a key in bytes. For
//! [`OrdMap`] and [`Vector`], entries in nodes that two collections don't share count as different.
//!
//! | | [`Map`], [`Set`], [`Bag`] | [`OrdMap`], [`OrdSet`] | [`TrieMap`] | [`Vector`] |
//! |---|---|---|---|---|
//! | clone | O(1) | O(1) | O(1) | O(1) |
//! | read, write | O(log n) | O(log n) | O(k) | O(log n) |
//! | push, pop at an end | none | O(log n) | O(k) | O(1), O(log n) once in a leaf of items |
//! | first, last, n-th, rank, range | none | O(log n) | O(k) | O(log n) |
//! | iterate | O(n), unordered | O(n), in order | O(n), in order | O(n), in order |
//! | split, concatenate | none | O(log n) | below a prefix, O(k) | O(log n) |
//! | diff, merge, `==`, set operations | O(d · log n) | O(d · log n) | O(d · k) | [O(d · log n)](Vector::diff) and a search among the items that aren't shared; no set operations |
//! | bytes per entry of `(u64, u64)` | 20 to 24 | 17 to 19 | | 16.4 |
//! | input to a collection | O(n) | O(n log n), O(n) if sorted | O(n log n) | O(n) |
//!
//! # Features
//! Only `std` is enabled by default. All others but `serde` enable it.
//!
//! | feature | adds |
//! |---|---|
//! | `std` | what needs the standard library: see below |
//! | `rayon` | parallel iterators, of [`Vector`] indexed ones, `collect` and `par_extend`; of hash collections also parallel set operations |
//! | `serde` | `Serialize` and `Deserialize` |
//! | `quickcheck`, `arbitrary` | the trait `Arbitrary` of the crate of that name |
//! | `im`, `imbl` | conversions from and to the maps, sets and vectors of these crates |
//!
//! # Without the standard library
//! Without the feature `std` the crate needs `alloc`, and a target with pointers and 32-bit integers as atomics. Then:
//! - [`RandomState`] has a seed that may be the same in each process: [a map of hostile keys](RandomState#without-the-standard-library)
//!   needs another hasher.
//! - Collections nested in one another are dropped by recursion, so the stack bounds how deeply they may nest.
//! - A reference count that would overflow ends the process by a panic, whose handler must not use collections.
//! - `extend` of an empty map takes as long as inserting the entries; `collect` doesn't.
//! - Conversions from and to the hash tables of `std`, and the types `AddressMap` and `AddressSet` of [`mod@address`], are missing.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), no_std)]
#![cfg_attr(not(test), deny(clippy::string_slice))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod abort;
pub mod address;
pub mod bag;
mod btree;
mod count;
mod hamt;
#[cfg(any(
    feature = "arbitrary",
    feature = "im",
    feature = "imbl",
    feature = "quickcheck",
    feature = "serde",
    feature = "std"
))]
mod interop;
mod macros;
pub mod map;
mod nested;
pub mod ord_map;
pub mod ord_set;
mod reduce;
pub mod set;
mod trie;
pub mod trie_map;
pub mod vector;

pub use bag::Bag;
pub use map::{Map, RandomState};
pub use ord_map::OrdMap;
pub use ord_set::OrdSet;
pub use set::Set;
pub use trie_map::TrieMap;
pub use vector::Vector;

/// The README, whose examples are documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
