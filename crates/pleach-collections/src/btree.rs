//! The B+ tree under [`OrdMap`](crate::OrdMap): nodes, path copying, iteration, joining, splitting, and walks over two
//! trees that skip what they share.
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

mod build;
mod check;
mod edit;
mod into_iter;
mod iter;
mod iter_mut;
mod join;
mod node;
mod search;
#[cfg(test)]
mod tests;
mod visit;
mod zip;

pub use check::Violation;

pub(crate) use build::Builder;
pub(crate) use check::check;
pub(crate) use edit::{Insertion, insert, remove};
pub(crate) use into_iter::IntoIter;
pub(crate) use iter::Iter;
pub(crate) use iter_mut::IterMut;
pub(crate) use join::{concat, split};
pub(crate) use node::Node;
pub(crate) use search::{ByIndex, ByKey, find, first, last, nth, nth_mut, rank, search_entries, search_separators};
pub(crate) use visit::visit_nodes;
pub(crate) use zip::{Pair, Zip};

/// The maximal number of children of an inner node. Few under `cfg(pleach_tiny_nodes)`, so that small tests build high
/// trees.
const MAX_CHILDREN: usize = if cfg!(pleach_tiny_nodes) { 5 } else { 16 };

/// The minimal number of children of an inner node other than the root.
const MIN_CHILDREN: usize = if cfg!(pleach_tiny_nodes) { 2 } else { MAX_CHILDREN / 4 };

/// The number of bytes of entries that a leaf holds, within limits of their number.
const LEAF_BYTES: usize = 1024;

/// The maximal number of entries in a leaf that are probably expensive to clone.
const MAX_LEN_IF_DROPPED: usize = 16;

/// Returns the maximal number of entries in a leaf.
const fn max_leaf_len<T>() -> usize {
    if cfg!(pleach_tiny_nodes) {
        return 4;
    }
    let len = match size_of::<T>() {
        0..8 => LEAF_BYTES / 8,
        size @ 8..128 => LEAF_BYTES / size,
        128.. => 8,
    };
    if std::mem::needs_drop::<T>() && len > MAX_LEN_IF_DROPPED {
        MAX_LEN_IF_DROPPED
    } else {
        len
    }
}

/// Returns the minimal number of entries in a leaf other than the root.
const fn min_leaf_len<T>() -> usize {
    max_leaf_len::<T>() / 4
}

const _: () = assert!(
    cfg!(pleach_tiny_nodes)
        || (max_leaf_len::<[Box<u8>; 100]>() == 8 && max_leaf_len::<Box<u8>>() == 16 && max_leaf_len::<u64>() == 128)
);

// Two nodes of which one has the minimal number of items, and that don't fit in one, have more than twice as many.
const _: () = assert!(MIN_CHILDREN >= 2 && MAX_CHILDREN.div_ceil(2) > MIN_CHILDREN);

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
