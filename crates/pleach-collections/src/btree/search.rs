//! Searches by key and by index.

use super::{Key, Node, Place};
use equivalent::Comparable;
use std::cmp::Ordering;

/// The place of a key.
pub(crate) struct ByKey<'a, Q: ?Sized>(pub(crate) &'a Q);

/// The place of the entry at an index.
#[derive(Clone, Copy)]
pub(crate) struct ByIndex(pub(crate) usize);

impl<Q: ?Sized> Clone for ByKey<'_, Q> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Q: ?Sized> Copy for ByKey<'_, Q> {}

impl<T, S> Place<T, S> for ByIndex {
    #[inline]
    fn child(&mut self, node: &Node<T, S>) -> usize {
        let (child, rest) = child_at(node, self.0);
        self.0 = rest;
        child
    }

    #[inline]
    fn entry(&self, entries: &[T]) -> Result<usize, usize> {
        if self.0 < entries.len() {
            Ok(self.0)
        } else {
            Err(self.0)
        }
    }
}

impl<K, V, Q: Comparable<K> + ?Sized> Place<(K, V), Key<K>> for ByKey<'_, Q> {
    #[inline]
    fn child(&mut self, node: &Node<(K, V), Key<K>>) -> usize {
        search_separators(node.separators(), self.0)
    }

    #[inline]
    fn entry(&self, entries: &[(K, V)]) -> Result<usize, usize> {
        search_entries(entries, self.0)
    }
}

/// Returns the number of separators that aren't greater than the key.
#[inline]
pub(crate) fn search_separators<K, Q: Comparable<K> + ?Sized>(separators: &[Key<K>], key: &Q) -> usize {
    separators.partition_point(|separator| key.compare(&separator.0) != Ordering::Less)
}

/// Returns the index of the key in a leaf, or that where it would be inserted.
#[inline]
pub(crate) fn search_entries<K, V, Q: Comparable<K> + ?Sized>(entries: &[(K, V)], key: &Q) -> Result<usize, usize> {
    entries.binary_search_by(|(stored, _)| key.compare(stored).reverse())
}

/// The height of trees whose leaves aren't expected to be in the first cache.
const MIN_HEIGHT_TO_PREFETCH: usize = 2;

/// Returns the entry of a key. O(log n).
#[inline]
pub(crate) fn find<'a, K, V, Q>(root: &'a Node<(K, V), Key<K>>, key: &Q) -> Option<&'a (K, V)>
where
    Q: Comparable<K> + ?Sized,
{
    let mut node = root;
    let is_large = root.height() >= MIN_HEIGHT_TO_PREFETCH;
    while !node.is_leaf() {
        node = &node.children()[search_separators(node.separators(), key)];
        if is_large {
            node.prefetch_leaf();
        }
    }
    let entries = node.entries();
    search_entries(entries, key).ok().map(|index| &entries[index])
}

/// Returns the index of a key among all entries, or that where it would be inserted. O(log n).
pub(crate) fn rank<K, V, Q>(root: &Node<(K, V), Key<K>>, key: &Q) -> Result<usize, usize>
where
    Q: Comparable<K> + ?Sized,
{
    let (mut node, mut before) = (root, 0);
    while !node.is_leaf() {
        let index = search_separators(node.separators(), key);
        before += node.sizes()[..index].iter().sum::<usize>();
        node = &node.children()[index];
    }
    match search_entries(node.entries(), key) {
        Ok(index) => Ok(before + index),
        Err(index) => Err(before + index),
    }
}

/// Returns the child of an inner node that holds the entry at `index`, and the entry's index in it.
#[inline]
pub(crate) fn child_at<T, S>(node: &Node<T, S>, mut index: usize) -> (usize, usize) {
    let sizes = node.sizes();
    let mut child = 0;
    while child + 1 < sizes.len() && index >= sizes[child] {
        index -= sizes[child];
        child += 1;
    }
    (child, index)
}

/// Returns the entry at an index. O(log n).
pub(crate) fn nth<T, S>(root: &Node<T, S>, index: usize) -> Option<&T> {
    let (mut node, mut index) = (root, index);
    while !node.is_leaf() {
        let (child, rest) = child_at(node, index);
        (node, index) = (&node.children()[child], rest);
    }
    node.entries().get(index)
}

/// Returns the entry at an index, for writing. O(log n), and copies of the shared nodes on the path.
pub(crate) fn nth_mut<T: Clone, S: Clone>(root: &mut Node<T, S>, index: usize) -> Option<&mut T> {
    if index >= root.size() {
        return None;
    }
    let (mut node, mut index) = (root.make_unique(), index);
    while !node.node().is_leaf() {
        let (child, rest) = child_at(node.node(), index);
        index = rest;
        node = node.into_children()[child].make_unique();
    }
    node.into_entries().get_mut(index)
}

/// Returns the first entry.
pub(crate) fn first<T, S>(root: &Node<T, S>) -> Option<&T> {
    let mut node = root;
    while let Some(child) = node.children().first() {
        node = child;
    }
    node.entries().first()
}

/// Returns the last entry.
pub(crate) fn last<T, S>(root: &Node<T, S>) -> Option<&T> {
    let mut node = root;
    while let Some(child) = node.children().last() {
        node = child;
    }
    node.entries().last()
}
