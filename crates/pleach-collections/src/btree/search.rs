//! Searches by key and by index.

use super::{Key, Node, PACKED_LOG, Place};
use core::cmp::Ordering;
use core::{hint, ptr};
use equivalent::Comparable;

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

/// Whether keys are probably compared in a few instructions. Others are compared by branches, so that the processor loads
/// what it will compare next while it waits for the data of a key.
const fn is_cheap<K>() -> bool {
    size_of::<K>() <= 8 && !core::mem::needs_drop::<K>()
}

/// Returns the number of separators that aren't greater than the key.
#[inline]
pub(crate) fn search_separators<K, Q: Comparable<K> + ?Sized>(separators: &[Key<K>], key: &Q) -> usize {
    if is_cheap::<K>() {
        return partition_point(separators, |separator| key.compare(&separator.0) != Ordering::Less);
    }
    match search(separators, |separator| key.compare(&separator.0)) {
        Ok(index) => index + 1,
        Err(index) => index,
    }
}

/// Returns the index of the key in a leaf, or that where it would be inserted.
#[inline]
pub(crate) fn search_entries<K, V, Q: Comparable<K> + ?Sized>(entries: &[(K, V)], key: &Q) -> Result<usize, usize> {
    if !is_cheap::<K>() {
        return search(entries, |(stored, _)| key.compare(stored));
    }
    let index = partition_point(entries, |(stored, _)| key.compare(stored) == Ordering::Greater);
    match entries.get(index) {
        Some((stored, _)) if key.compare(stored) == Ordering::Equal => Ok(index),
        _ => Err(index),
    }
}

/// Returns the index of the item that a key equals, or that where it would be. `compare` compares the key with an item.
///
/// Compares every fourth item, then those in between. The processor predicts that a scan goes on, so that it loads the data
/// of several keys at once; which half a binary search takes can't be predicted.
#[inline]
fn search<T>(items: &[T], compare: impl Fn(&T) -> Ordering) -> Result<usize, usize> {
    // Only nodes of items without a drop have more than 16.
    let far = if core::mem::needs_drop::<T>() {
        Err(0)
    } else {
        scan::<T, 16>(items, 0, &compare)
    };
    far.or_else(|start| scan::<T, 4>(items, start, &compare))
        .or_else(|start| scan::<T, 1>(items, start, &compare))
}

/// Compares every `STRIDE`-th item from an index on, up to the first that is greater than the key. Returns the index of the
/// item that the key equals, or the lowest that it may have.
///
/// The end is that of the items, although the next wider stride found a lower one: this branch is predicted.
#[inline(always)]
fn scan<T, const STRIDE: usize>(
    items: &[T],
    mut start: usize,
    compare: &impl Fn(&T) -> Ordering,
) -> Result<usize, usize> {
    while let Some(item) = items.get(start + (STRIDE - 1)) {
        match compare(item) {
            Ordering::Less => break,
            Ordering::Equal => return Ok(start + (STRIDE - 1)),
            Ordering::Greater => start += STRIDE,
        }
    }
    Err(start)
}

/// Returns the number of items before the first that doesn't satisfy `is_before`, which none after it does.
///
/// Shar's variant of binary search (Knuth, *The Art of Computer Programming* vol. 3, 6.2.1, exercise 12): the first step
/// reduces the items to a power of two of them, and each further one halves these. As the lengths are constants, a step
/// takes a third of the instructions of the standard library's.
#[inline]
fn partition_point<T>(items: &[T], is_before: impl Fn(&T) -> bool) -> usize {
    let len = items.len();
    if !(4..128).contains(&len) || size_of::<T>() == 0 {
        return items.partition_point(is_before);
    }
    let four: &[T; 4] = if len >= 8 {
        let eight: &[T; 8] = if len >= 16 {
            let sixteen: &[T; 16] = if len >= 32 {
                let thirty_two: &[T; 32] = if len >= 64 {
                    narrow(narrow::<T, 64>(items, &is_before), &is_before)
                } else {
                    narrow(items, &is_before)
                };
                narrow(thirty_two, &is_before)
            } else {
                narrow(items, &is_before)
            };
            narrow(sixteen, &is_before)
        } else {
            narrow(items, &is_before)
        };
        narrow(eight, &is_before)
    } else {
        narrow(items, &is_before)
    };
    let [last] = narrow(narrow::<T, 2>(four, &is_before), &is_before);
    let before = (ptr::from_ref(last).addr() - items.as_ptr().addr()) / size_of::<T>();
    before + usize::from(is_before(last))
}

/// Returns the first N items, or the last N if the wanted one isn't before them. There must be N items, and at most 2 N.
#[inline(always)]
fn narrow<'a, T, const N: usize>(items: &'a [T], is_before: &impl Fn(&T) -> bool) -> &'a [T; N] {
    match (items.first_chunk(), items.last_chunk()) {
        (Some(first), Some(last)) => hint::select_unpredictable(is_before(&first[N - 1]), last, first),
        _ => unreachable!("there are N items"),
    }
}

/// Whether the leaves of a tree aren't expected to be in the first cache.
#[inline]
pub(super) fn is_large<T, S>(root: &Node<T, S>) -> bool {
    const FIRST_CACHE: usize = 32 << 10;
    root.size() >= const { FIRST_CACHE / (size_of::<T>() + 1) }
}

/// Returns the entry of a key. O(log n).
#[inline]
pub(crate) fn find<'a, K, V, Q>(root: &'a Node<(K, V), Key<K>>, key: &Q) -> Option<&'a (K, V)>
where
    Q: Comparable<K> + ?Sized,
{
    let mut node = root;
    let is_large = is_large(root);
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
pub(crate) fn child_at<T, S>(node: &Node<T, S>, index: usize) -> (usize, usize) {
    node.child_at(index)
}

/// Returns the leaf of an entry, the entry's index in it, and the leaves after it below the same parent.
pub(crate) fn leaf_at<T, S>(root: &Node<T, S>, index: usize) -> (&Node<T, S>, usize, &[Node<T, S>]) {
    let (mut node, mut index, mut siblings) = (root, index, &[][..]);
    while !node.is_leaf() {
        let (child, rest) = child_at(node, index);
        siblings = &node.children()[child + 1..];
        (node, index) = (&node.children()[child], rest);
    }
    (node, index, siblings)
}

/// Returns the entry at an index. O(log n).
#[inline]
pub(crate) fn nth<T, S>(root: &Node<T, S>, index: usize) -> Option<&T> {
    if root.is_leaf() {
        return root.entries().get(index);
    }
    let (mut node, mut index, mut log) = (root, index, root.packed_log());
    loop {
        let (child, rest) = node.child_at_by(index, log);
        (node, index) = (&node.children()[child], rest);
        if node.is_leaf() {
            return node.entries().get(index);
        }
        log -= PACKED_LOG;
    }
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

/// Returns the entries at two different indices, the lower one first, for writing. O(log n), and copies of the shared nodes on
/// both paths.
pub(crate) fn pair_mut<T: Clone, S: Clone>(root: &mut Node<T, S>, low: usize, high: usize) -> Option<(&mut T, &mut T)> {
    if low >= high || high >= root.size() {
        return None;
    }
    let (mut node, mut low, mut high) = (root.make_unique(), low, high);
    while !node.node().is_leaf() {
        let (low_child, low_rest) = child_at(node.node(), low);
        let (high_child, high_rest) = child_at(node.node(), high);
        let (before, after) = node.into_children().split_at_mut(high_child);
        let high_node = after.first_mut()?;
        if let Some(low_node) = before.get_mut(low_child) {
            return nth_mut(low_node, low_rest).zip(nth_mut(high_node, high_rest));
        }
        (node, low, high) = (high_node.make_unique(), low_rest, high_rest);
    }
    let (before, after) = node.into_entries().split_at_mut(high);
    before.get_mut(low).zip(after.first_mut())
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
