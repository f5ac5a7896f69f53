//! Persistent collections: [`Map`], [`Set`], [`Bag`] and [`TrieMap`], immutable values that share what they have in common.
//!
//! A clone is one reference-count increment. A write to a clone copies one path of the trie and nothing else; a write to
//! a collection that shares nothing happens in place. Comparing, [difference](Map::diff) and [merge](Map::merge) skip
//! what two collections share, so they cost what differs.
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
//! | module | what it holds | cost |
//! |---|---|---|
//! | [`mod@map`] | [`Map`]: a hash map | read and write O(log n), clone O(1), diff and merge O(d) for d differences |
//! | [`mod@set`] | [`Set`]: a hash set, a map without values | as the map |
//! | [`mod@bag`] | [`Bag`]: a multiset, a map from item to count | as the map |
//! | [`mod@trie_map`] | [`TrieMap`]: an ordered map from byte strings | read and write O(length of the key), clone O(1), diff and merge O(d) |

#![cfg_attr(not(test), deny(clippy::string_slice))]

pub mod bag;
mod hamt;
#[cfg(any(
    feature = "arbitrary",
    feature = "im",
    feature = "imbl",
    feature = "quickcheck",
    feature = "serde"
))]
mod interop;
mod macros;
pub mod map;
pub mod set;
mod trie;
pub mod trie_map;

pub use bag::Bag;
pub use map::{Map, RandomState};
pub use set::Set;
pub use trie_map::TrieMap;

/// The examples of the README, compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
