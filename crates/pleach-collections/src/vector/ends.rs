//! Pushing and popping at both ends.
//!
//! The leaves at the ends are apart from the tree. A leaf that is full is moved to the tree when another item is pushed,
//! and one that is empty is replaced by the tree's when another item is popped.

use super::{Node, Vector};
use crate::btree;
use core::mem;

/// One of the ends of a vector.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Front,
    Back,
}

impl<T: Clone> Vector<T> {
    /// Appends an item. O(1), or O(log n) if the last leaf is full, which is once in a leaf of items. Copies the last
    /// leaf if it is shared.
    ///
    /// # Panics
    /// Panics if the length overflows, which takes items that are shared.
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from([1]);
    /// vector.push_back(2);
    /// assert_eq!(vector, [1, 2]);
    /// ```
    #[inline]
    pub fn push_back(&mut self, item: T) {
        if let Some(back) = &mut self.back
            && back.len() < Node::<T>::MAX_LEN
            && let Some(mut leaf) = back.unique()
        {
            let len = leaf.node().len();
            return leaf.grow(len, item);
        }
        self.push(End::Back, item);
    }

    /// Prepends an item. O(1), or O(log n) if the first leaf is full, which is once in a leaf of items. Copies the
    /// first leaf if it is shared.
    ///
    /// # Panics
    /// Panics if the length overflows, which takes items that are shared.
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from([1]);
    /// vector.push_front(0);
    /// assert_eq!(vector, [0, 1]);
    /// ```
    #[inline]
    pub fn push_front(&mut self, item: T) {
        if let Some(front) = &mut self.front
            && front.len() < Node::<T>::MAX_LEN
            && let Some(mut leaf) = front.unique()
        {
            return leaf.grow(0, item);
        }
        self.push(End::Front, item);
    }

    fn leaf_mut(&mut self, end: End) -> &mut Option<Node<T>> {
        match end {
            End::Front => &mut self.front,
            End::Back => &mut self.back,
        }
    }

    #[inline(never)]
    fn push(&mut self, end: End, item: T) {
        self.check_length(1);
        let leaf = self.leaf_mut(end);
        match leaf {
            Some(node) if node.len() < Node::<T>::MAX_LEN => {
                let at = if end == End::Front { 0 } else { node.len() };
                // If the drop of the old leaf panics, the new one is in place.
                let new = node.with_entry(at, item);
                drop(mem::replace(node, new));
            }
            _ => {
                self.attach(end);
                *self.leaf_mut(end) = btree::leaf_of_one(item);
            }
        }
    }

    /// Moves a full leaf to the tree. Changes nothing if user code panics.
    pub(super) fn attach(&mut self, end: End) {
        debug_assert!(
            self.leaf_mut(end)
                .as_ref()
                .is_none_or(|leaf| leaf.len() == Node::<T>::MAX_LEN),
            "others are merged with a leaf of the tree"
        );
        let join = |tree, leaf| match end {
            End::Front => btree::concat(leaf, tree),
            End::Back => btree::concat(tree, leaf),
        };
        let is_short = |tree: &Node<T>| tree.is_leaf() && tree.len() < Node::<T>::MIN_LEN;
        if self.tree.as_ref().is_some_and(is_short) {
            // Items move between the two. They are cloned here, if shared, so that joining runs no user code.
            self.tree.as_mut().map(Node::make_unique);
            self.leaf_mut(end).as_mut().map(Node::make_unique);
        }
        let (tree, leaf) = (self.tree.take(), self.leaf_mut(end).take());
        self.tree = join(tree, leaf);
    }

    /// Panics if `more` items can't be added.
    ///
    /// Every change of the tree is checked. The limit leaves room for a full leaf at each end, so that a push to a leaf that
    /// isn't full needs no check.
    #[allow(clippy::panic, reason = "documented, as for `Vec`")]
    pub(super) fn check_length(&self, more: usize) {
        let limit = const { usize::MAX - 2 * Node::<T>::MAX_LEN };
        if self.len().checked_add(more).is_none_or(|len| len > limit) {
            panic!("capacity overflow");
        }
    }

    /// Removes and returns the last item. O(1), or O(log n) if the last leaf is in the tree, from which it is then
    /// detached: in a run of pops once in a leaf of items. Copies the last leaf if it is shared.
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from([1, 2]);
    /// assert_eq!((vector.pop_back(), vector.pop_back(), vector.pop_back()), (Some(2), Some(1), None));
    /// ```
    #[inline]
    pub fn pop_back(&mut self) -> Option<T> {
        self.pop(End::Back)
    }

    /// Removes and returns the first item. O(1), or O(log n) if the first leaf is in the tree, from which it is then
    /// detached: in a run of pops once in a leaf of items. Copies the first leaf if it is shared.
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from([1, 2]);
    /// assert_eq!((vector.pop_front(), vector.pop_front(), vector.pop_front()), (Some(1), Some(2), None));
    /// ```
    #[inline]
    pub fn pop_front(&mut self) -> Option<T> {
        self.pop(End::Front)
    }

    fn pop(&mut self, end: End) -> Option<T> {
        if self.leaf_mut(end).is_none() {
            self.detach(end);
        }
        remove_from_leaf(self.leaf_mut(end), |len| if end == End::Front { 0 } else { len - 1 })
    }

    /// Fills an empty end with the leaf of the tree there, or with the other end. Runs no user code.
    pub(super) fn detach(&mut self, end: End) {
        let leaf = match end {
            _ if self.tree.is_some() => btree::detach_leaf(&mut self.tree, end == End::Back),
            End::Front => self.back.take(),
            End::Back => self.front.take(),
        };
        *self.leaf_mut(end) = leaf;
    }

    /// Returns the first item, for writing. O(1) if the first leaf is apart from the tree, as after a push there, else
    /// O(log n). Copies the shared nodes on the path.
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from([1, 2]);
    /// *vector.front_mut().unwrap() = 7;
    /// assert_eq!(vector, [7, 2]);
    /// ```
    pub fn front_mut(&mut self) -> Option<&mut T> {
        self.get_mut(0)
    }

    /// Returns the last item, for writing. O(1) if the last leaf is apart from the tree, as after a push there, else
    /// O(log n). Copies the shared nodes on the path.
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from([1, 2]);
    /// *vector.back_mut().unwrap() = 7;
    /// assert_eq!(vector, [1, 7]);
    /// ```
    pub fn back_mut(&mut self) -> Option<&mut T> {
        self.get_mut(self.len().checked_sub(1)?)
    }
}

/// Removes an item of a leaf at an end, at the index that `at` returns for its length.
pub(super) fn remove_from_leaf<T: Clone>(end: &mut Option<Node<T>>, at: impl FnOnce(usize) -> usize) -> Option<T> {
    let mut leaf = end.as_mut()?.make_unique();
    let len = leaf.node().len();
    let item = leaf.shrink(at(len));
    if len == 1 {
        // Without entries: its drop runs no user code.
        *end = None;
    }
    Some(item)
}
