//! Iteration over a range of the entries for writing.

use super::Node;
use super::search::child_at;
use alloc::collections::VecDeque;
use core::ops::Range;
use core::slice;

/// A double-ended iterator over a range of the entries of a tree, for writing. Copies shared nodes when it enters them.
pub(crate) struct IterMut<'a, T, S> {
    front: slice::IterMut<'a, T>,
    /// The subtrees between `front` and `back`.
    middle: VecDeque<&'a mut Node<T, S>>,
    back: slice::IterMut<'a, T>,
    /// The number of entries left.
    len: usize,
}

impl<T, S> IterMut<'_, T, S> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

impl<'a, T: Clone, S: Clone> IterMut<'a, T, S> {
    /// Creates an iterator over all entries of trees. Copies nothing yet.
    pub(crate) fn all(roots: impl IntoIterator<Item = &'a mut Node<T, S>>) -> Self {
        let middle: VecDeque<_> = roots.into_iter().collect();
        Self {
            len: middle.iter().map(|root| root.size()).sum(),
            front: [].iter_mut(),
            middle,
            back: [].iter_mut(),
        }
    }

    /// Returns iterators over the first `index` entries, and over the others. O(log n), with copies of the shared nodes on
    /// the path.
    pub(crate) fn split_at(mut self, index: usize) -> (Self, Self) {
        let index = index.min(self.len);
        let mut left = Self::all(None);
        left.len = index;
        self.len -= index;
        let mut rest = index;
        if rest < self.front.len() || self.middle.is_empty() {
            let entries = core::mem::take(&mut self.front).into_slice();
            let (before, after) = entries.split_at_mut(rest.min(entries.len()));
            rest -= before.len();
            (left.front, self.front) = (before.iter_mut(), after.iter_mut());
            if rest > 0 {
                let entries = core::mem::take(&mut self.back).into_slice();
                let (before, after) = entries.split_at_mut(rest);
                (left.back, self.back) = (before.iter_mut(), after.iter_mut());
            }
            return (left, self);
        }
        rest -= self.front.len();
        left.front = core::mem::take(&mut self.front);
        while rest > 0 {
            let Some(node) = self.middle.pop_front() else {
                let entries = core::mem::take(&mut self.back).into_slice();
                let (before, after) = entries.split_at_mut(rest);
                (left.back, self.back) = (before.iter_mut(), after.iter_mut());
                break;
            };
            let size = node.size();
            if size <= rest {
                rest -= size;
                left.middle.push_back(node);
                continue;
            }
            let node = node.make_unique();
            if node.node().is_leaf() {
                let (before, after) = node.into_entries().split_at_mut(rest);
                (left.back, self.front) = (before.iter_mut(), after.iter_mut());
                break;
            }
            let children = node.into_children().iter_mut();
            children.rev().for_each(|child| self.middle.push_front(child));
        }
        (left, self)
    }

    /// Creates an iterator over the entries with these indices. O(log n), with copies of the shared nodes on the paths to
    /// both ends.
    pub(crate) fn new(root: Option<&'a mut Node<T, S>>, indices: Range<usize>) -> Self {
        let mut iter = Self::all(None);
        let Some(root) = root.filter(|_| indices.start < indices.end) else {
            return iter;
        };
        let Range { start, end } = indices.start..indices.end.min(root.size());
        iter.len = end.saturating_sub(start);
        // The highest node in which the range's ends are in different children, or a leaf.
        let (mut node, mut start, mut last) = (root, start, end.saturating_sub(1));
        loop {
            let unique = node.make_unique();
            if unique.node().is_leaf() {
                iter.front = unique.into_entries()[start..=last].iter_mut();
                return iter;
            }
            let ((first_child, first_rest), (last_child, last_rest)) =
                (child_at(unique.node(), start), child_at(unique.node(), last));
            (start, last) = (first_rest, last_rest);
            let mut children = unique.into_children()[first_child..=last_child].iter_mut();
            match (children.next(), children.next_back()) {
                (Some(first), Some(last_node)) => {
                    iter.middle.extend(children);
                    iter.enter_front(first, start);
                    iter.enter_back(last_node, last);
                    return iter;
                }
                (Some(only), _) => node = only,
                (None, _) => return iter,
            }
        }
    }

    /// Adds the entries of `node` from an index on before all others.
    fn enter_front(&mut self, node: &'a mut Node<T, S>, start: usize) {
        let (mut node, mut start) = (node, start);
        loop {
            let unique = node.make_unique();
            if unique.node().is_leaf() {
                self.front = unique.into_entries()[start..].iter_mut();
                return;
            }
            let (child, rest) = child_at(unique.node(), start);
            let mut children = unique.into_children()[child..].iter_mut();
            let Some(first) = children.next() else { return };
            children.rev().for_each(|child| self.middle.push_front(child));
            (node, start) = (first, rest);
        }
    }

    /// Adds the entries of `node` up to an index after all others.
    fn enter_back(&mut self, node: &'a mut Node<T, S>, last: usize) {
        let (mut node, mut last) = (node, last);
        loop {
            let unique = node.make_unique();
            if unique.node().is_leaf() {
                self.back = unique.into_entries()[..=last].iter_mut();
                return;
            }
            let (child, rest) = child_at(unique.node(), last);
            let mut children = unique.into_children()[..=child].iter_mut();
            let Some(end) = children.next_back() else { return };
            self.middle.extend(children);
            (node, last) = (end, rest);
        }
    }

    pub(crate) fn next(&mut self) -> Option<&'a mut T> {
        loop {
            if let Some(entry) = self.front.next() {
                self.len -= 1;
                return Some(entry);
            }
            // Made unique first: if that panics, the node stays.
            let Some(node) = self.middle.front_mut() else {
                let entry = self.back.next()?;
                self.len -= 1;
                return Some(entry);
            };
            node.make_unique();
            let node = self.middle.pop_front()?.make_unique();
            if node.node().is_leaf() {
                self.front = node.into_entries().iter_mut();
            } else {
                let children = node.into_children().iter_mut();
                children.rev().for_each(|child| self.middle.push_front(child));
            }
        }
    }

    pub(crate) fn next_back(&mut self) -> Option<&'a mut T> {
        loop {
            if let Some(entry) = self.back.next_back() {
                self.len -= 1;
                return Some(entry);
            }
            let Some(node) = self.middle.back_mut() else {
                let entry = self.front.next_back()?;
                self.len -= 1;
                return Some(entry);
            };
            node.make_unique();
            let node = self.middle.pop_back()?.make_unique();
            if node.node().is_leaf() {
                self.back = node.into_entries().iter_mut();
            } else {
                self.middle.extend(node.into_children());
            }
        }
    }

    /// Splits off the second half, unless there is one entry only.
    #[cfg(feature = "rayon")]
    pub(crate) fn split(mut self) -> (Self, Option<Self>) {
        if self.len < 2 {
            return (self, None);
        }
        // Whole trees have one subtree.
        while self.middle.len() == 1 && self.front.len() + self.back.len() == 0 {
            let Some(node) = self.middle.pop_front() else { break };
            let node = node.make_unique();
            if node.node().is_leaf() {
                self.front = node.into_entries().iter_mut();
            } else {
                self.middle.extend(node.into_children());
            }
        }
        let mut right = Self::all(None);
        if self.front.len() == self.len {
            let entries = core::mem::take(&mut self.front).into_slice();
            let (left_half, right_half) = entries.split_at_mut(self.len / 2);
            (self.front, right.front) = (left_half.iter_mut(), right_half.iter_mut());
        } else if self.back.len() == self.len {
            let entries = core::mem::take(&mut self.back).into_slice();
            let (left_half, right_half) = entries.split_at_mut(self.len / 2);
            (self.back, right.back) = (left_half.iter_mut(), right_half.iter_mut());
        } else {
            // Neither part is empty.
            let at = match self.front.len() {
                0 => self.middle.len().div_ceil(2),
                _ => self.middle.len() / 2,
            };
            right.middle = self.middle.split_off(at);
            right.back = core::mem::take(&mut self.back);
        }
        let size: usize = right.middle.iter().map(|node| node.size()).sum();
        right.len = right.front.len() + size + right.back.len();
        self.len -= right.len;
        (self, Some(right))
    }
}
