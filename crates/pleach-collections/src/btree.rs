//! The B+ tree under [`OrdMap`](crate::OrdMap) and [`Vector`](crate::Vector): nodes, path copying, iteration, joining,
//! splitting, and walks over two trees that skip what they share.
//!
//! Entries of any type `T` are in the leaves, in the order that the tree's user gives them; inner nodes have the numbers
//! of entries below each child, and a separator `S` between each two children, by which a key is searched. A separator is
//! a clone of a key ([`Key`]); a sequence without keys has separators `()`. Nothing here compares keys but the
//! [`Place`]s and functions that the user passes.
//!
//! A tree is an `Option<Node>`: the empty tree has no node. [`Node`] draws one and states its invariants; [`check`] tests
//! them. The shape of a tree depends on its history, unlike that of the hash trie.
//!
//! Sources: B+ trees are described by Comer, "The Ubiquitous B-Tree", 1979; subtree sizes make an order-statistic tree
//! (Cormen et al., *Introduction to Algorithms*, chapter 14); joining by height is that of Blelloch, Ferizovic and Sun,
//! "Just Join for Parallel Ordered Sets", SPAA 2016.

mod aligned;
mod build;
mod check;
mod edit;
mod into_iter;
mod iter;
mod iter_mut;
mod join;
mod node;
mod retain;
mod search;
#[cfg(test)]
mod tests;
mod unshared;
mod visit;
mod zip;

pub use check::Violation;

pub(crate) use aligned::Aligned;
use alloc::boxed::Box;
pub(crate) use build::Builder;
pub(crate) use check::{check, violation_of_end};
pub(crate) use edit::{AtIndex, Insertion, insert, remove};
pub(crate) use into_iter::IntoIter;
pub(crate) use iter::Iter;
pub(crate) use iter_mut::IterMut;
pub(crate) use join::{concat, detach_leaf, split};
pub(crate) use node::{Node, Unique, leaf_of, leaf_of_one};
pub(crate) use retain::Retained;
pub(crate) use search::{
    ByIndex, ByKey, find, first, last, leaf_at, nth, nth_mut, pair_mut, rank, search_entries, search_separators,
};
pub(crate) use unshared::{Gap, unshared};
pub(crate) use visit::visit_nodes;
pub(crate) use zip::{Pair, Zip};

/// The maximal number of children of an inner node. Few under `cfg(pleach_tiny_nodes)`, so that small tests build high
/// trees.
///
/// In a sequence without keys, a full node to which a child is appended keeps [`PACKED_CHILDREN`], a power of two, and
/// the other [`MIN_CHILDREN`] go to the new node.
const fn max_children<S>() -> usize {
    if is_keyless::<S>() {
        PACKED_CHILDREN + MIN_CHILDREN - 1
    } else if cfg!(pleach_tiny_nodes) {
        5
    } else {
        16
    }
}

/// The minimal number of children of an inner node other than the root.
const MIN_CHILDREN: usize = if cfg!(pleach_tiny_nodes) { 2 } else { 4 };

/// The number of children of the inner nodes that appending to a sequence without keys leaves behind.
const PACKED_CHILDREN: usize = 1 << PACKED_LOG;

const PACKED_LOG: u32 = if cfg!(pleach_tiny_nodes) { 2 } else { 5 };

/// The maximal number of children of any inner node.
const MOST_CHILDREN: usize = max_children::<()>();

/// Whether a tree is a sequence without keys, which is searched by index only.
const fn is_keyless<S>() -> bool {
    size_of::<S>() == 0
}

/// The number of bytes of entries that a leaf holds, within limits of their number.
const LEAF_BYTES: usize = 1024;

/// The maximal number of entries in a leaf that are probably expensive to clone.
const fn max_len_if_dropped<S>() -> usize {
    if is_keyless::<S>() { 32 } else { 16 }
}

/// Returns the maximal number of entries in a leaf: a power of two if there are no keys.
const fn max_leaf_len<T, S>() -> usize {
    if cfg!(pleach_tiny_nodes) {
        return 4;
    }
    let len = match size_of::<T>() {
        0..8 => LEAF_BYTES / 8,
        size @ 8..128 => LEAF_BYTES / size,
        128.. => 8,
    };
    if core::mem::needs_drop::<T>() && len > max_len_if_dropped::<S>() {
        max_len_if_dropped::<S>()
    } else if is_keyless::<S>() {
        (len + 1).next_power_of_two() / 2
    } else {
        len
    }
}

/// Returns the minimal number of entries in a leaf other than the root.
const fn min_leaf_len<T, S>() -> usize {
    max_leaf_len::<T, S>() / 4
}

const _: () = assert!(
    cfg!(pleach_tiny_nodes)
        || (max_leaf_len::<[Box<u8>; 100], u8>() == 8
            && max_leaf_len::<Box<u8>, u8>() == 16
            && max_leaf_len::<u64, u8>() == 128
            && max_leaf_len::<u64, ()>() == 128
            && max_leaf_len::<[u64; 3], ()>() == 32)
);

// Two nodes of which one has the minimal number of items, and that don't fit in one, have more than twice as many.
const _: () = assert!(MIN_CHILDREN >= 2 && max_children::<u8>().div_ceil(2) > MIN_CHILDREN);
const _: () = assert!(max_children::<()>().div_ceil(2) > MIN_CHILDREN);

/// A tree, which may be empty.
type Tree<T, S> = Option<Node<T, S>>;

/// A separator between two subtrees, made from the first entry of the right one.
pub(crate) trait Separator<T>: Clone {
    /// Returns the separator before `entry`.
    fn before(entry: &T) -> Self;
}

/// The separator of a map: greater than the keys on its left, and not greater than those on its right.
#[derive(Clone)]
pub(crate) struct Key<K>(pub(crate) K);

impl<K: Clone, V> Separator<(K, V)> for Key<K> {
    #[inline]
    fn before(entry: &(K, V)) -> Self {
        Key(entry.0.clone())
    }
}

/// No separator: entries are found by index only.
impl<T> Separator<T> for () {
    #[inline]
    fn before(_: &T) -> Self {}
}

/// The place of an entry in a tree.
pub(crate) trait Place<T, S> {
    /// Returns the child of an inner node that the place is in.
    fn child(&mut self, node: &Node<T, S>) -> usize;

    /// Returns the index of the entry of a leaf at the place, or that where it would be inserted.
    fn entry(&self, entries: &[T]) -> Result<usize, usize>;
}
