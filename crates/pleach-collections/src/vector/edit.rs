//! Changes of single items.

use super::ends::{End, remove_from_leaf};
use super::{Node, Vector};
use crate::btree::{self, AtIndex, Builder, ByIndex};
use alloc::vec::Vec;
use core::mem;

impl<T: Clone> Vector<T> {
    /// Returns the item at an index, for writing; `None` if the index isn't less than the length. O(log n), with copies of
    /// the shared nodes on the path.
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from([1, 2]);
    /// if let Some(item) = vector.get_mut(1) {
    ///     *item += 5;
    /// }
    /// assert_eq!(vector, [1, 7]);
    /// ```
    #[inline]
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        let (front, size) = (self.front_slice().len(), self.tree_len());
        if index < front {
            return self.front.as_mut()?.make_unique().into_entries().get_mut(index);
        }
        let index = index - front;
        if index < size {
            return btree::nth_mut(self.tree.as_mut()?, index);
        }
        let index = index - size;
        // Copies nothing if there is no such item.
        if index >= self.back_slice().len() {
            return None;
        }
        self.back.as_mut()?.make_unique().into_entries().get_mut(index)
    }

    /// Replaces the item at an index, and returns the old one. O(log n), with copies of the shared nodes on the path.
    ///
    /// # Panics
    /// Panics if the index isn't less than the length.
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from(["a", "b"]);
    /// assert_eq!(vector.set(1, "B"), "b");
    /// assert_eq!(vector, ["a", "B"]);
    /// ```
    pub fn set(&mut self, index: usize, item: T) -> T {
        mem::replace(&mut self[index], item)
    }

    /// Returns a copy of this vector with another item at an index. O(log n), with a copy of the path.
    ///
    /// # Panics
    /// Panics if the index isn't less than the length.
    ///
    /// ```
    /// let vector = pleach_collections::Vector::from([1, 2]);
    /// assert_eq!(vector.update(0, 7), [7, 2]);
    /// assert_eq!(vector, [1, 2]);
    /// ```
    #[must_use]
    pub fn update(&self, index: usize, item: T) -> Self {
        let mut copy = self.clone();
        copy[index] = item;
        copy
    }

    /// Swaps two items. O(log n). If they are the same one, nothing happens.
    ///
    /// # Panics
    /// Panics if an index isn't less than the length.
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from(["a", "b", "c"]);
    /// vector.swap(0, 2);
    /// assert_eq!(vector, ["c", "b", "a"]);
    /// ```
    #[allow(clippy::panic, reason = "the contract, as in std")]
    pub fn swap(&mut self, a: usize, b: usize) {
        let (low, high, len) = (a.min(b), a.max(b), self.len());
        if high >= len {
            panic!("index out of bounds: the len is {len} but the index is {high}");
        }
        if low == high {
            return;
        }
        let (front, size) = (self.front_slice().len(), self.tree_len());
        // The part that an item is in, and its index there.
        let place = |index: usize| match index.checked_sub(front) {
            None => (0, index),
            Some(index) if index < size => (1, index),
            Some(index) => (2, index - size),
        };
        let ((low_part, low), (high_part, high)) = (place(low), place(high));
        let mut parts = [&mut self.front, &mut self.tree, &mut self.back];
        let (before, after) = parts.split_at_mut(high_part);
        let high_tree = after.first_mut().and_then(|part| part.as_mut());
        let items = match before.get_mut(low_part) {
            None => high_tree.and_then(|tree| btree::pair_mut(tree, low, high)),
            Some(part) => {
                let low = part.as_mut().and_then(|tree| btree::nth_mut(tree, low));
                low.zip(high_tree.and_then(|tree| btree::nth_mut(tree, high)))
            }
        };
        if let Some((a, b)) = items {
            mem::swap(a, b);
        }
    }

    /// Inserts an item before the one at an index, or at the end. O(log n), with copies of the shared nodes on the path.
    ///
    /// # Panics
    /// Panics if the index is greater than the length, or if the length overflows, which takes items that are shared.
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from(["a", "c"]);
    /// vector.insert(1, "b");
    /// assert_eq!(vector, ["a", "b", "c"]);
    /// ```
    #[allow(clippy::panic, reason = "the contract, as in std")]
    pub fn insert(&mut self, index: usize, item: T) {
        let len = self.len();
        if index > len {
            panic!("insertion index (is {index}) should be <= len (is {len})");
        }
        if index == len {
            return self.push_back(item);
        }
        if index == 0 {
            return self.push_front(item);
        }
        self.check_length(1);
        let (front, size) = (self.front_slice().len(), self.tree_len());
        let is_full = |len: usize| len == Node::<T>::MAX_LEN;
        if index < front {
            if !is_full(front) {
                return insert_into_leaf(&mut self.front, index, item);
            }
            self.attach(End::Front);
            return self.insert_into_tree(index, item);
        }
        if index > front + size {
            if !is_full(len - front - size) {
                return insert_into_leaf(&mut self.back, index - front - size, item);
            }
            self.attach(End::Back);
        }
        self.insert_into_tree(index - front, item);
    }

    fn insert_into_tree(&mut self, index: usize, item: T) {
        btree::insert(&mut self.tree, AtIndex(index, item));
    }

    /// Removes and returns the item at an index. O(log n), with copies of the shared nodes on the path.
    ///
    /// # Panics
    /// Panics if the index isn't less than the length.
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from(["a", "b", "c"]);
    /// assert_eq!(vector.remove(1), "b");
    /// assert_eq!(vector, ["a", "c"]);
    /// ```
    #[allow(clippy::panic, reason = "the contract, as in std")]
    pub fn remove(&mut self, index: usize) -> T {
        let (front, size) = (self.front_slice().len(), self.tree_len());
        let removed = if index < front {
            remove_from_leaf(&mut self.front, |_| index)
        } else if index - front < size {
            btree::remove(&mut self.tree, ByIndex(index - front))
        } else if index - front - size < self.back_slice().len() {
            remove_from_leaf(&mut self.back, |_| index - front - size)
        } else {
            None
        };
        match removed {
            Some(item) => item,
            None => panic!("removal index (is {index}) should be < len (is {})", self.len()),
        }
    }

    /// Retains the items that satisfy `keep`, and removes the others. O(n).
    ///
    /// Copies only nodes that lose items; others stay shared. If no other vector shares nodes, items are moved and none is
    /// cloned. If `keep` or `Clone` panics, the vector is unchanged.
    ///
    /// ```
    /// let mut vector: pleach_collections::Vector<u32> = (0..10).collect();
    /// vector.retain(|item| item % 2 == 0);
    /// assert_eq!(vector, [0, 2, 4, 6, 8]);
    /// ```
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        if self.is_unshared() {
            let kept: Vec<bool> = self.iter().map(keep).collect();
            if !kept.contains(&false) {
                return;
            }
            let mut removed = Vec::new();
            let mut builder = Builder::new();
            for (item, is_kept) in mem::take(self).into_iter().zip(kept) {
                if is_kept {
                    builder.push(item);
                } else {
                    removed.push(item);
                }
            }
            *self = Self::built(builder);
            return drop(removed);
        }
        let mut retained = btree::Retained::new();
        let mut all = true;
        for part in self.parts() {
            all &= retained.add(part, &mut keep);
        }
        if !all {
            let kept = Self::of_tree(retained.finish());
            drop(mem::replace(self, kept));
        }
    }

    /// Removes all but the first of equal items in a row. O(n), with copies of the nodes that lose items, as
    /// [`retain`](Vector::retain).
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from([1, 1, 2, 1]);
    /// vector.dedup();
    /// assert_eq!(vector, [1, 2, 1]);
    /// ```
    pub fn dedup(&mut self)
    where
        T: PartialEq,
    {
        self.dedup_if(|a, b| a == b);
    }

    /// Removes all but the first of items in a row with equal keys, as [`dedup`](Vector::dedup).
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from([10, 15, 20, 11]);
    /// vector.dedup_by_key(|item| *item / 10);
    /// assert_eq!(vector, [10, 20, 11]);
    /// ```
    pub fn dedup_by_key<K: PartialEq>(&mut self, mut key: impl FnMut(&T) -> K) {
        self.dedup_if(|a, b| key(a) == key(b));
    }

    /// Removes the items for which `same` is true of the item and the last one that is kept.
    fn dedup_if(&mut self, mut same: impl FnMut(&T, &T) -> bool) {
        let mut last = None;
        let kept: Vec<bool> = self
            .iter()
            .map(|item| {
                let is_kept = !last.is_some_and(|last| same(item, last));
                if is_kept {
                    last = Some(item);
                }
                is_kept
            })
            .collect();
        let mut kept = kept.into_iter();
        self.retain(|_| kept.next() != Some(false));
    }

    /// Whether no other vector shares any node, so that items can be moved out.
    pub(super) fn is_unshared(&self) -> bool {
        fn is_unshared<T>(node: &Node<T>) -> bool {
            !node.is_shared() && node.children().iter().all(is_unshared)
        }
        self.parts().all(is_unshared)
    }

    /// The vector of a builder's items.
    pub(super) fn built(builder: Builder<T, ()>) -> Self {
        let (tree, back) = builder.finish_apart();
        Self {
            front: None,
            tree,
            back,
        }
    }
}

/// Inserts an item into a leaf at an end that isn't full.
fn insert_into_leaf<T: Clone>(end: &mut Option<Node<T>>, at: usize, item: T) {
    let Some(node) = end else { return };
    match node.unique() {
        Some(mut leaf) => leaf.grow(at, item),
        None => {
            let new = node.with_entry(at, item);
            drop(mem::replace(node, new));
        }
    }
}
