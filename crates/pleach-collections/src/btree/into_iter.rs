//! Iteration over entries by value.

use super::node::LeafIntoIter;
use super::{MOST_CHILDREN, Node};
use alloc::collections::VecDeque;
use smallvec::SmallVec;

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
    /// Creates an iterator over the entries of trees, one after another.
    pub(crate) fn new(roots: impl IntoIterator<Item = Node<T, S>>) -> Self {
        let middle: VecDeque<_> = roots.into_iter().collect();
        Self {
            front: None,
            len: middle.iter().map(Node::size).sum(),
            middle,
            back: None,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Adds subtrees before all others, the last one first.
    fn push_front(&mut self, children: Children<T, S>) {
        children.into_iter().for_each(|child| self.middle.push_front(child));
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
                    into_children(node, |children| self.push_front(children));
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
                    into_children(node, |children| self.middle.extend(children.into_iter().rev()));
                }
            }
        }
    }

    /// Drops the next `count` entries, or all. O(log n), and their drops: whole subtrees are dropped, and none is cloned.
    pub(crate) fn skip(&mut self, count: usize) {
        let mut rest = count.min(self.len);
        while rest > 0 {
            if let Some(leaf) = &mut self.front {
                let skipped = rest.min(leaf.len());
                rest -= skipped;
                self.len -= skipped;
                leaf.skip(skipped);
                if rest == 0 {
                    return;
                }
                self.front = None;
            }
            match self.middle.front() {
                None if self.back.is_none() => return,
                None => self.front = self.back.take(),
                Some(node) if node.size() <= rest => {
                    rest -= node.size();
                    self.len -= node.size();
                    drop(self.middle.pop_front());
                }
                Some(node) if node.is_leaf() => self.front = self.middle.pop_front().map(LeafIntoIter::of),
                Some(_) => {
                    let Some(node) = self.middle.pop_front() else { return };
                    into_children(node, |children| self.push_front(children));
                }
            }
        }
    }

    /// Drops the last `count` entries, or all, as [`skip`](Self::skip) does.
    pub(crate) fn skip_back(&mut self, count: usize) {
        let mut rest = count.min(self.len);
        while rest > 0 {
            if let Some(leaf) = &mut self.back {
                let skipped = rest.min(leaf.len());
                rest -= skipped;
                self.len -= skipped;
                leaf.skip_back(skipped);
                if rest == 0 {
                    return;
                }
                self.back = None;
            }
            match self.middle.back() {
                None if self.front.is_none() => return,
                None => self.back = self.front.take(),
                Some(node) if node.size() <= rest => {
                    rest -= node.size();
                    self.len -= node.size();
                    drop(self.middle.pop_back());
                }
                Some(node) if node.is_leaf() => self.back = self.middle.pop_back().map(LeafIntoIter::of),
                Some(_) => {
                    let Some(node) = self.middle.pop_back() else { return };
                    into_children(node, |children| self.middle.extend(children.into_iter().rev()));
                }
            }
        }
    }

    /// Splits off the second half, unless there is one leaf only.
    #[cfg(feature = "rayon")]
    pub(crate) fn split(mut self) -> (Self, Option<Self>) {
        while self.middle.len() == 1 && self.middle.front().is_some_and(|node| !node.is_leaf()) {
            let Some(node) = self.middle.pop_front() else { break };
            into_children(node, |children| self.push_front(children));
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

/// The children of an inner node.
type Children<T, S> = SmallVec<[Node<T, S>; MOST_CHILDREN]>;

/// Passes on the children of an inner node, last first. If the drop of a separator panics, it does so afterwards.
fn into_children<T, S>(mut node: Node<T, S>, deliver: impl FnOnce(Children<T, S>)) {
    let mut children = Children::new();
    let Some(mut inner) = node.unique() else {
        children.extend(node.children().iter().rev().cloned());
        deliver(children);
        return;
    };
    let mut separators = SmallVec::<[S; MOST_CHILDREN]>::new();
    while inner.node().len() > 1 {
        let last = inner.node().len() - 1;
        let (separator, child) = inner.remove_child(last);
        separators.push(separator);
        children.push(child);
    }
    inner.collapse();
    children.push(node);
    deliver(children);
}

impl<T: Clone, S> Clone for IntoIter<T, S> {
    fn clone(&self) -> Self {
        Self {
            front: self.front.as_ref().and_then(LeafIntoIter::fork),
            middle: self.middle.clone(),
            back: self.back.as_ref().and_then(LeafIntoIter::fork),
            len: self.len,
        }
    }
}

impl<T, S> Default for IntoIter<T, S> {
    fn default() -> Self {
        Self::new(None)
    }
}
