//! The trie under [`Map`](crate::Map): nodes, path copying, iteration, difference and merge.
//!
//! Nothing here knows a hasher: every function takes the hash of the key it looks for, and closures that hash a stored
//! key or compare two. So the compiler checks that each place that hashes is meant to.
//!
//! The trie holds its entries in the order of their hashes, in leaves of up to [`LEAF`] entries. Think of a binary trie
//! over the bits of the hash, highest first, cut off where [`LEAF`] entries or fewer are left: there is one such trie for
//! one set of keys, whatever the order they came in. Inner nodes hold [`BITS`] levels of it each, so that a path is short.
//! [`Node`] draws it and states its invariants; [`check`] tests them.
//!
//! From the literature: path copying and wide nodes are those of the hash array mapped trie (Bagwell, "Ideal Hash Trees",
//! 2001), one shape for one set as in CHAMP (Steindorfer and Vinju, 2015), and a leaf that serves several slots until it
//! overflows as in extendible hashing (Fagin et al., 1979).

mod check;
mod diff;
mod edit;
mod eq;
mod iter;
mod iter_mut;
mod many;
mod node;
mod retain;
mod setops;
#[cfg(feature = "rayon")]
mod split;
#[cfg(test)]
mod tests;
mod walk;
mod zip;

pub use check::Violation;

pub(crate) use check::check;
pub(crate) use diff::{Change, diff};
pub(crate) use edit::{collect, find, find_mut, get_or_insert, insert, insert_new, remove};
pub(crate) use eq::eq;
pub(crate) use iter::{IntoIter, Iter};
pub(crate) use iter_mut::IterMut;
pub(crate) use many::find_many_mut;
pub(crate) use node::Node;
pub(crate) use retain::retain;
pub(crate) use setops::{Combine, Merge, Pick, combine, merge};
#[cfg(feature = "rayon")]
pub(crate) use split::{IntoParts, Parts, PartsMut};
pub(crate) use walk::each_node;
#[cfg(feature = "rayon")]
pub(crate) use zip::{par_combine, par_retain};

/// Bits of the hash that one inner node tells apart. Under `cfg(pleach_tiny_nodes)` few, so that tests with few keys
/// build deep tries.
pub(crate) const BITS: u32 = if cfg!(pleach_tiny_nodes) { 2 } else { 4 };

/// Slots of an inner node.
pub(crate) const SLOTS: u32 = 1 << BITS;

/// Entries that a leaf holds at most, unless their hashes are the same.
pub(crate) const LEAF: usize = if cfg!(pleach_tiny_nodes) { 2 } else { 12 };

/// Levels of inner nodes, at most.
pub(crate) const LEVELS: usize = u64::BITS.div_ceil(BITS) as usize;

/// Slots of an inner node, as a bitmap.
pub(crate) type Bits = u32;

/// What the inner nodes above `level` leave of a hash, moved up to the highest bit.
#[inline]
pub(crate) fn rest(hash: u64, level: u32) -> u64 {
    hash.checked_shl(level * BITS).unwrap_or(0)
}

/// The slot that a hash belongs to, given what is left of it.
#[inline]
pub(crate) fn slot(rest: u64) -> u32 {
    (rest >> (u64::BITS - BITS)) as u32
}

/// The part of a hash that a leaf keeps, given what is left of it for the inner node above.
#[inline]
pub(crate) fn tag(rest: u64) -> u16 {
    (rest >> (u64::BITS - u16::BITS)) as u16
}

/// The slot that a tag belongs to.
#[inline]
pub(crate) fn slot_of_tag(tag: u16) -> u32 {
    u32::from(tag) >> (u16::BITS - BITS)
}

/// Whether a group of 2^`width` slots at `level` is so deep that its hashes have no bits left to tell them apart.
#[inline]
pub(crate) fn exhausted(level: u32, width: u32) -> bool {
    level * BITS + (BITS - width) >= u64::BITS
}

/// How to hash a stored key, and compare two: all that the operations on whole tries need to know of keys.
pub(crate) trait Keys<K> {
    fn hash(&self, key: &K) -> u64;
    fn same(&self, a: &K, b: &K) -> bool;
}
