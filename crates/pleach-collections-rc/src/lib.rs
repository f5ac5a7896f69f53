#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), no_std)]
#![allow(
    unexpected_cfgs,
    reason = "the sources have parts for features that only `pleach-collections` has"
)]
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
#[cfg(any(feature = "arbitrary", feature = "quickcheck", feature = "serde", feature = "std"))]
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
