//! Iterators, in the order of hashes.

use super::MAX_LEVELS;
use super::node::{Node, NodeIntoIter};
use core::slice;
use smallvec::SmallVec;

type Children<'a, K, V> = slice::Iter<'a, Option<Node<K, V>>>;

/// An iterator over the entries of a trie.
pub(crate) struct Iter<'a, K, V> {
    entries: slice::Iter<'a, (K, V)>,
    stack: SmallVec<[Children<'a, K, V>; MAX_LEVELS]>,
    remaining: usize,
}

impl<'a, K, V> Iter<'a, K, V> {
    pub(crate) fn new(root: Option<&'a Node<K, V>>) -> Self {
        let mut iter = Self {
            entries: [].iter(),
            stack: SmallVec::new(),
            remaining: root.map_or(0, Node::size),
        };
        if let Some(root) = root {
            iter.enter(root);
        }
        iter
    }

    #[inline]
    fn enter(&mut self, node: &'a Node<K, V>) {
        if node.is_leaf() {
            self.entries = node.entries().iter();
        } else {
            self.stack.push(node.children().iter());
        }
    }

    /// Advances to the next leaf, if any.
    fn advance(&mut self) -> Option<()> {
        while self.entries.as_slice().is_empty() {
            match self.stack.last_mut()?.next() {
                Some(Some(child)) => self.enter(child),
                Some(None) => {}
                None => {
                    self.stack.pop();
                }
            }
        }
        Some(())
    }
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = &'a (K, V);

    #[inline]
    fn next(&mut self) -> Option<&'a (K, V)> {
        if self.entries.as_slice().is_empty() {
            self.advance()?;
        }
        self.remaining -= 1;
        self.entries.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }

    #[inline]
    fn fold<B, F: FnMut(B, Self::Item) -> B>(mut self, init: B, mut f: F) -> B {
        let mut acc = init;
        while self.advance().is_some() {
            acc = core::mem::take(&mut self.entries).fold(acc, &mut f);
        }
        acc
    }
}

impl<K, V> Clone for Iter<'_, K, V> {
    fn clone(&self) -> Self {
        Self {
            entries: self.entries.clone(),
            stack: self.stack.clone(),
            remaining: self.remaining,
        }
    }
}

/// An iterator over the entries of a trie by value: moved out of uniquely owned nodes, cloned from shared ones.
pub(crate) struct IntoIter<K, V> {
    stack: SmallVec<[NodeIntoIter<K, V>; 4]>,
    remaining: usize,
}

impl<K: Clone, V: Clone> IntoIter<K, V> {
    pub(crate) fn new(root: Option<Node<K, V>>) -> Self {
        let remaining = root.as_ref().map_or(0, Node::size);
        Self {
            stack: root.map(NodeIntoIter::of).into_iter().collect(),
            remaining,
        }
    }
}

/// Shares the remaining nodes with the original, so that both clone the entries of those that still have two owners.
impl<K: Clone, V: Clone> Clone for IntoIter<K, V> {
    fn clone(&self) -> Self {
        Self {
            stack: self.stack.iter().filter_map(NodeIntoIter::rest).collect(),
            remaining: self.remaining,
        }
    }
}

impl<K: Clone, V: Clone> Iterator for IntoIter<K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        loop {
            let top = self.stack.last_mut()?;
            if let Some(entry) = top.next_entry() {
                self.remaining -= 1;
                return Some(entry);
            }
            match top.next_child() {
                Some(child) => self.stack.push(NodeIntoIter::of(child)),
                None => {
                    self.stack.pop();
                }
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}
