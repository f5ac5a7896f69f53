//! Iteration over entries by value.

use super::Node;
use super::node::LeafIntoIter;
use std::collections::VecDeque;

/// A double-ended iterator over the entries of a tree by value: moved out of unique nodes, cloned from others.
pub(crate) struct IntoIter<T, S> {
    front: Option<LeafIntoIter<T, S>>,
    /// The subtrees between `front` and `back`.
    middle: VecDeque<Node<T, S>>,
    back: Option<LeafIntoIter<T, S>>,
    /// The number of entries left.
    len: usize,
}

impl<T, S> IntoIter<T, S> {
    pub(crate) fn new(root: Option<Node<T, S>>) -> Self {
        Self {
            front: None,
            len: root.as_ref().map_or(0, Node::size),
            middle: root.into_iter().collect(),
            back: None,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

impl<T: Clone, S: Clone> IntoIter<T, S> {
    #[inline]
    pub(crate) fn next(&mut self) -> Option<T> {
        loop {
            if let Some(leaf) = &mut self.front {
                if let Some(entry) = leaf.next() {
                    self.len -= 1;
                    return Some(entry);
                }
                self.front = None;
            }
            match self.middle.front() {
                None => self.front = Some(self.back.take()?),
                Some(node) if node.is_leaf() => self.front = self.middle.pop_front().map(LeafIntoIter::of),
                Some(_) => {
                    let node = self.middle.pop_front()?;
                    into_children(node, |child| self.middle.push_front(child));
                }
            }
        }
    }

    #[inline]
    pub(crate) fn next_back(&mut self) -> Option<T> {
        loop {
            if let Some(leaf) = &mut self.back {
                if let Some(entry) = leaf.next_back() {
                    self.len -= 1;
                    return Some(entry);
                }
                self.back = None;
            }
            match self.middle.back() {
                None => self.back = Some(self.front.take()?),
                Some(node) if node.is_leaf() => self.back = self.middle.pop_back().map(LeafIntoIter::of),
                Some(_) => {
                    let node = self.middle.pop_back()?;
                    let mut children = Vec::with_capacity(node.len());
                    into_children(node, |child| children.push(child));
                    self.middle.extend(children.into_iter().rev());
                }
            }
        }
    }

    /// Splits off the second half, if there is enough for two tasks.
    #[cfg(feature = "rayon")]
    pub(crate) fn split(mut self) -> (Self, Option<Self>) {
        if self.len <= 4 * Node::<T, S>::MAX_LEN {
            return (self, None);
        }
        while self.middle.len() == 1 && self.middle.front().is_some_and(|node| !node.is_leaf()) {
            let Some(node) = self.middle.pop_front() else { break };
            into_children(node, |child| self.middle.push_front(child));
        }
        if self.middle.len() < 2 {
            return (self, None);
        }
        let middle = self.middle.split_off(self.middle.len() / 2);
        let back = self.back.take();
        let len = middle.iter().map(Node::size).sum::<usize>() + back.as_ref().map_or(0, LeafIntoIter::len);
        self.len -= len;
        let right = Self {
            front: None,
            middle,
            back,
            len,
        };
        (self, Some(right))
    }
}

/// Passes on the children of an inner node, last first.
fn into_children<T, S>(mut node: Node<T, S>, mut push: impl FnMut(Node<T, S>)) {
    if let Some(mut inner) = node.unique() {
        while inner.node().len() > 1 {
            let last = inner.node().len() - 1;
            push(inner.remove_child(last).1);
        }
        inner.collapse();
        push(node);
    } else {
        node.children().iter().rev().for_each(|child| push(child.clone()));
    }
}

impl<T, S> Default for IntoIter<T, S> {
    fn default() -> Self {
        Self::new(None)
    }
}
