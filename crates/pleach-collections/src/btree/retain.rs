//! Retaining entries, with sharing.

use super::{Builder, Node, Separator};
use alloc::vec::Vec;
use smallvec::SmallVec;

/// The entries to retain so far.
pub(crate) struct Retained<'a, T, S> {
    builder: Builder<T, S>,
    /// The subtrees after those in the builder, which are retained whole.
    whole: Vec<&'a Node<T, S>>,
}

impl<'a, T: Clone, S: Separator<T>> Retained<'a, T, S> {
    pub(crate) fn new() -> Self {
        Self {
            builder: Builder::new(),
            whole: Vec::new(),
        }
    }

    /// Adds the entries of a subtree to retain, and returns `true` if these are all. Subtrees that are retained whole stay
    /// shared.
    pub(crate) fn add(&mut self, node: &'a Node<T, S>, keep: &mut impl FnMut(&T) -> bool) -> bool {
        if !node.is_leaf() {
            let before = self.whole.len();
            let all = node
                .children()
                .iter()
                .fold(true, |all, child| self.add(child, keep) & all);
            if all {
                self.whole.truncate(before);
                self.whole.push(node);
            }
            return all;
        }
        let entries = node.entries();
        let kept: SmallVec<[bool; 64]> = entries.iter().map(keep).collect();
        if !kept.contains(&false) {
            self.whole.push(node);
            return true;
        }
        self.flush();
        let entries = entries.iter().zip(kept).filter(|(_, kept)| *kept);
        self.builder.extend(entries.map(|(entry, _)| entry.clone()));
        false
    }

    fn flush(&mut self) {
        let builder = &mut self.builder;
        self.whole.drain(..).for_each(|node| builder.push_node(node));
    }

    /// Returns the tree of the entries to retain.
    pub(crate) fn finish(mut self) -> Option<Node<T, S>> {
        self.flush();
        self.builder.finish()
    }
}
