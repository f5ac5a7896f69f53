//! Structural sharing between tries.

use super::{Entry, Facts};
use pathmap::zipper::{Zipper, ZipperConcrete, ZipperMoving};
use std::collections::HashSet;

/// The structural sharing of the facts of two environments: see [`Space::sharing`](crate::env::Space::sharing).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sharing {
    /// The number of shared nodes, without those below another shared node.
    pub nodes: usize,
    /// The number of distinct facts below these nodes.
    pub facts: usize,
}

impl<E: Entry> Facts<E> {
    /// Measures what this trie and `other` share. O(size of both).
    pub(crate) fn sharing(&self, other: &Self) -> Sharing {
        if std::ptr::eq(self, other) || self.same(other) {
            let (nodes, facts) = (1, self.len());
            return Sharing { nodes, facts };
        }
        // `pathmap` gives the id of a node only if it has several parents, so not below a shared one. Ids are addresses, which can be
        // compared since both maps are alive.
        let mut theirs = HashSet::new();
        let mut zipper = other.trie.read_zipper();
        while zipper.to_next_step() {
            theirs.extend(zipper.shared_node_id());
        }
        let mut sharing = Sharing { nodes: 0, facts: 0 };
        // The depth of the shared node that the zipper is at or below.
        let mut shared = None;
        let mut zipper = self.trie.read_zipper();
        while zipper.to_next_step() {
            let depth = zipper.path().len();
            if shared.is_none_or(|top| depth <= top) {
                let here = zipper.shared_node_id().is_some_and(|id| theirs.contains(&id));
                sharing.nodes += usize::from(here);
                shared = here.then_some(depth);
            }
            sharing.facts += usize::from(shared.is_some() && zipper.is_val());
        }
        sharing
    }
}
