//! The trie under [`Map`](crate::Map): nodes, path copying, iteration, difference and merge.
//!
//! Nothing here knows a hasher: every function takes the hash of the key it looks for, and what hashes a stored key or
//! compares two. So the compiler checks where keys are hashed.
//!
//! The trie holds its entries in the order of their hashes, in leaves of up to [`MAX_LEAF_LEN`] entries. Think of a
//! binary trie over the bits of the hash, highest first, cut off where [`MAX_LEAF_LEN`] entries or fewer are left:
//! there is one such trie for one set of keys, whatever their order of insertion. Inner nodes hold [`BITS_PER_LEVEL`]
//! levels of it each, so that a path is short.
//! [`Node`] draws it and states its invariants; [`check`] tests them.
//!
//! Sources: path copying and wide nodes are those of the hash array mapped trie (Bagwell, "Ideal Hash Trees", 2001),
//! one shape for one set as in CHAMP (Steindorfer and Vinju, 2015), and a leaf that serves several slots until it
//! overflows as in extendible hashing (Fagin et al., 1979).

mod check;
mod diff;
mod disjoint;
mod edit;
mod eq;
mod iter;
mod iter_mut;
mod node;
mod retain;
mod set_ops;
#[cfg(feature = "rayon")]
mod split;
#[cfg(test)]
mod tests;
mod visit;
mod zip;

pub use check::Violation;
pub(crate) use check::ensure;

pub(crate) use check::check;
pub(crate) use diff::{Change, diff};
pub(crate) use disjoint::find_disjoint_mut;
pub(crate) use edit::{collect, find, find_mut, get_or_insert, insert, insert_new, remove};
pub(crate) use eq::eq;
pub(crate) use iter::{IntoIter, Iter};
pub(crate) use iter_mut::IterMut;
pub(crate) use node::Node;
pub(crate) use retain::retain;
pub(crate) use set_ops::{Combine, Merge, Pick, combine, merge};
#[cfg(feature = "rayon")]
pub(crate) use split::{OwnedPortion, Portion, PortionMut};
pub(crate) use visit::visit_nodes;
#[cfg(feature = "rayon")]
pub(crate) use zip::{par_combine, par_retain};

/// Bits of the hash that one level of inner nodes branches on. Few under `cfg(pleach_tiny_nodes)`, so that small tests
/// build deep tries.
pub(crate) const BITS_PER_LEVEL: u32 = if cfg!(pleach_tiny_nodes) { 2 } else { 4 };

/// The number of slots of an inner node.
pub(crate) const SLOTS: u32 = 1 << BITS_PER_LEVEL;

/// The capacity of a leaf, unless its entries have the same hash.
pub(crate) const MAX_LEAF_LEN: usize = if cfg!(pleach_tiny_nodes) { 2 } else { 12 };

/// The maximal number of levels of inner nodes.
pub(crate) const MAX_LEVELS: usize = u64::BITS.div_ceil(BITS_PER_LEVEL) as usize;

/// A bitmap of slots of an inner node.
pub(crate) type SlotBitmap = u32;

/// Returns the bits of a hash that inner nodes above `level` don't branch on, shifted to the highest bit.
#[inline]
pub(crate) fn rest(hash: u64, level: u32) -> u64 {
    hash.checked_shl(level * BITS_PER_LEVEL).unwrap_or(0)
}

/// Returns the slot of a hash, given its [`rest`].
#[inline]
pub(crate) fn slot(rest: u64) -> u32 {
    (rest >> (u64::BITS - BITS_PER_LEVEL)) as u32
}

/// Returns the bits of a hash that a leaf stores, given its [`rest`] at the level of the inner node above.
#[inline]
pub(crate) fn tag(rest: u64) -> u16 {
    (rest >> (u64::BITS - u16::BITS)) as u16
}

/// Returns the slot of a tag.
#[inline]
pub(crate) fn slot_of_tag(tag: u16) -> u32 {
    u32::from(tag) >> (u16::BITS - BITS_PER_LEVEL)
}

/// Whether no bits of the hash are left to split a group of 2^`width` slots at `level`.
#[inline]
pub(crate) fn exhausted(level: u32, width: u32) -> bool {
    level * BITS_PER_LEVEL + (BITS_PER_LEVEL - width) >= u64::BITS
}

/// Sorts items by the hash or tag that comes with each, stably.
///
/// Generic over the item alone: a closure inside the operations would compile a sort for each of them.
pub(crate) fn sort_by_hash<H: Ord + Copy, T>(items: &mut [(H, T)]) {
    items.sort_by_key(|(hash, _)| *hash);
}

/// Hashes stored keys and compares them: all that operations on whole tries know of keys.
pub(crate) trait Keys<K> {
    fn hash(&self, key: &K) -> u64;
    fn same(&self, a: &K, b: &K) -> bool;
}
