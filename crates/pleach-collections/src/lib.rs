//! Persistent collections with structural sharing: [`Map`], [`Set`], [`Bag`] and [`TrieMap`].
//!
//! A clone increments one reference count. A write to a clone copies one path of the trie; a write to a collection that
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
//! If nothing is ever cloned, `std::collections::HashMap` reads, writes and iterates faster.
//!
//! | module | contents | cost |
//! |---|---|---|
//! | [`mod@map`] | [`Map`]: a hash map | read and write O(log n), clone O(1), diff and merge O(d · log n) for d differences |
//! | [`mod@set`] | [`Set`]: a hash set, a map without values | the same |
//! | [`mod@bag`] | [`Bag`]: a multiset, a map from item to count | the same |
//! | [`mod@trie_map`] | [`TrieMap`]: an ordered map from byte strings | read and write O(k) for keys of k bytes, clone O(1), diff and merge O(d · k) |
//! | [`mod@address`] | hash maps and sets of `std` keyed by address | O(1) |
//!
//! # Features
//! None is enabled by default.
//!
//! | feature | adds |
//! |---|---|
//! | `rayon` | parallel iterators and set operations |
//! | `serde` | `Serialize` and `Deserialize` |
//! | `quickcheck`, `arbitrary` | the trait `Arbitrary` of the crate of that name |
//! | `im`, `imbl` | conversions from and to the maps and sets of these crates |

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), deny(clippy::string_slice))]

pub mod address;
pub mod bag;
mod btree;
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
mod nested;
pub mod ord_map;
pub mod set;
mod trie;
pub mod trie_map;

pub use bag::Bag;
pub use map::{Map, RandomState};
pub use ord_map::OrdMap;
pub use set::Set;
pub use trie_map::TrieMap;

/// The README, whose examples are documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
