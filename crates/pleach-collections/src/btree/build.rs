//! Building trees from entries and subtrees in order.

use super::join::join;
use super::node::LeafBuilder;
use super::search::first;
use super::{Node, Separator, Tree};

/// A builder of a tree, to which entries and subtrees are appended. O(1) amortised an entry, O(log n) a subtree.
pub(crate) struct Builder<T, S> {
    tree: Option<Node<T, S>>,
    /// The last entries, which aren't in the tree.
    leaf: Option<LeafBuilder<T, S>>,
}

impl<T: Clone, S: Separator<T>> Builder<T, S> {
    pub(crate) fn new() -> Self {
        Self { tree: None, leaf: None }
    }

    /// Appends an entry.
    #[inline]
    pub(crate) fn push(&mut self, entry: T) {
        if self
            .leaf
            .as_ref()
            .is_some_and(|leaf| leaf.len() == Node::<T, S>::MAX_LEN)
        {
            self.flush();
        }
        let leaf = self.leaf.get_or_insert_with(|| LeafBuilder::new(Node::<T, S>::MAX_LEN));
        leaf.push(entry);
    }

    /// Appends clones of entries.
    pub(crate) fn extend_from_slice(&mut self, entries: &[T]) {
        let mut rest = entries;
        while !rest.is_empty() {
            if self
                .leaf
                .as_ref()
                .is_some_and(|leaf| leaf.len() == Node::<T, S>::MAX_LEN)
            {
                self.flush();
            }
            let leaf = self.leaf.get_or_insert_with(|| LeafBuilder::new(Node::<T, S>::MAX_LEN));
            let (fitting, after) = rest.split_at(rest.len().min(Node::<T, S>::MAX_LEN - leaf.len()));
            leaf.extend(fitting);
            rest = after;
        }
    }

    /// Appends the entries of a node.
    pub(crate) fn push_node(&mut self, node: &Node<T, S>) {
        self.flush();
        let separator = first(node).map(S::before);
        self.append(separator, Some(node.clone()));
    }

    fn flush(&mut self) {
        let Some(leaf) = self.leaf.take() else { return };
        let separator = leaf.entries().first().map(S::before);
        self.append(separator, leaf.finish());
    }

    fn append(&mut self, separator: Option<S>, node: Option<Node<T, S>>) {
        self.tree = match (self.tree.take(), separator, node) {
            (Some(tree), Some(separator), Some(node)) => Some(join(tree, separator, node)),
            (tree, _, node) => tree.or(node),
        };
    }

    /// Returns the tree, and the last entries if they aren't in it: a leaf of any length.
    pub(crate) fn finish_apart(mut self) -> (Tree<T, S>, Tree<T, S>) {
        let leaf = self.leaf.take().and_then(LeafBuilder::finish);
        (self.tree.take(), leaf)
    }

    /// Returns the tree.
    pub(crate) fn finish(mut self) -> Option<Node<T, S>> {
        self.flush();
        self.tree
    }
}

impl<T: Clone, S: Separator<T>> Extend<T> for Builder<T, S> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, entries: I) {
        entries.into_iter().for_each(|entry| self.push(entry));
    }
}
