//! The byte trie under [`TrieMap`](crate::TrieMap): a *burst trie* with a canonical shape.
//!
//! A burst trie (Heinz, Zobel and Williams, "Burst tries: a fast, efficient data structure for string keys", 2002) keeps few
//! keys that have a prefix in common in one container, and splits a container that grows too large into a node of the trie.
//! Here a container is a leaf: an array of sorted suffixes in one block. When a leaf splits and joins follows from its keys
//! alone, so two tries of the same keys have the same nodes, and equal pointers show what they share.

mod builder;
mod burst;
mod check;
mod cursor;
mod diff;
mod edit;
mod node;
mod path;
mod shape;
mod walk;

pub(crate) use builder::{Builder, Never};
pub(crate) use check::check;
pub(crate) use cursor::{Walker, count_prefix, longest_prefix, rank};
pub(crate) use diff::Differences;
pub(crate) use edit::{get, get_mut, insert, remove};
pub(crate) use node::{LeafIntoIter, Node, Suffixes};
pub(crate) use walk::{Entry, nodes_entered, zip};
