//! Iterators with mutable values.

use super::MAX_LEVELS;
use super::node::Node;
use core::slice;
use smallvec::SmallVec;

/// The remaining children of an inner node.
type Children<'a, K, V> = slice::IterMut<'a, Option<Node<K, V>>>;

/// A mutable iterator over the entries of a trie. Copies each shared node when it enters it.
pub(crate) struct IterMut<'a, K, V> {
    /// The node to enter after `entries`. Stays if its copy panics, so that no entry is skipped.
    next: Option<&'a mut Node<K, V>>,
    entries: slice::IterMut<'a, (K, V)>,
    stack: SmallVec<[Children<'a, K, V>; MAX_LEVELS]>,
    remaining: usize,
}

impl<'a, K: Clone, V: Clone> IterMut<'a, K, V> {
    pub(crate) fn new(root: Option<&'a mut Node<K, V>>) -> Self {
        Self {
            entries: [].iter_mut(),
            stack: SmallVec::new(),
            remaining: root.as_ref().map_or(0, |root| root.size()),
            next: root,
        }
    }

    #[inline]
    fn enter(&mut self, node: &'a mut Node<K, V>) {
        if node.is_leaf() {
            self.entries = node.entries_mut().iter_mut();
        } else {
            self.stack.push(node.children_mut().iter_mut());
        }
    }
}

impl<K, V> IterMut<'_, K, V> {
    /// The number of remaining entries.
    pub(crate) fn remaining(&self) -> usize {
        self.remaining
    }
}

impl<'a, K: Clone, V: Clone> Iterator for IterMut<'a, K, V> {
    type Item = &'a mut (K, V);

    #[inline]
    fn next(&mut self) -> Option<&'a mut (K, V)> {
        loop {
            if let Some(entry) = self.entries.next() {
                self.remaining -= 1;
                return Some(entry);
            }
            if let Some(node) = &mut self.next {
                node.unshare();
            }
            if let Some(node) = self.next.take() {
                self.enter(node);
                continue;
            }
            match self.stack.last_mut()?.next() {
                Some(child) => self.next = child.as_mut(),
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
