//! Insertion and removal of one entry.
//!
//! User code runs on the way down: comparisons, and the clones that make the nodes of the path unique, which change
//! nothing that can be seen. Nothing panics once the leaf is edited, so that the tree is as before or as after.

use super::node::{Unique, leaf_of_one};
use super::search::is_large;
use super::{MIN_CHILDREN, Node, Place, Separator};

/// An insertion: the place, and the entry.
pub(crate) trait Insertion<T, S>: Place<T, S> {
    type Replaced;

    /// Returns the new entry.
    fn into_entry(self) -> T;

    /// Replaces the entry that is present.
    fn replace(self, present: &mut T) -> Self::Replaced;
}

/// An insertion before the entry at an index, or after the last.
pub(crate) struct AtIndex<T>(pub(crate) usize, pub(crate) T);

impl<T, S> Place<T, S> for AtIndex<T> {
    #[inline]
    fn child(&mut self, node: &Node<T, S>) -> usize {
        // Between two children, it is after the last entry of the left one.
        let Some(before) = self.0.checked_sub(1) else { return 0 };
        let (child, rest) = node.child_at(before);
        self.0 = rest + 1;
        child
    }

    #[inline]
    fn entry(&self, _: &[T]) -> Result<usize, usize> {
        Err(self.0)
    }
}

impl<T, S> Insertion<T, S> for AtIndex<T> {
    type Replaced = ();

    #[inline]
    fn into_entry(self) -> T {
        self.1
    }

    fn replace(self, _: &mut T) {}
}

/// The result of an insertion below a node.
enum Inserted<T, S, R> {
    Replaced(R),
    Added,
    /// The node was split: its new right sibling.
    Split(S, Node<T, S>),
}

/// Inserts an entry, or replaces that at its place. O(log n).
pub(crate) fn insert<T: Clone, S: Separator<T>, I: Insertion<T, S>>(
    root: &mut Option<Node<T, S>>,
    insertion: I,
) -> Option<I::Replaced> {
    let Some(node) = root else {
        *root = leaf_of_one(insertion.into_entry());
        return None;
    };
    // Dropped last, since its entries' drop may panic.
    let mut old = None;
    let is_large = is_large(node);
    match insert_below(node, insertion, is_large, &mut old) {
        Inserted::Replaced(old) => Some(old),
        Inserted::Added => None,
        Inserted::Split(separator, right) => {
            add_root(root, separator, right);
            None
        }
    }
}

/// Puts a new root above the old one and `right`.
pub(super) fn add_root<T, S>(root: &mut Option<Node<T, S>>, separator: S, right: Node<T, S>) {
    *root = root.take().map(|left| Node::pair(left, separator, right));
}

/// `old` gets the leaf that was copied, if any.
fn insert_below<T: Clone, S: Separator<T>, I: Insertion<T, S>>(
    node: &mut Node<T, S>,
    mut insertion: I,
    is_large: bool,
    old: &mut Option<Node<T, S>>,
) -> Inserted<T, S, I::Replaced> {
    if node.is_leaf() {
        return insert_into_leaf(node, insertion, old);
    }
    let index = insertion.child(node);
    if is_large {
        node.children()[index].prefetch_leaf();
    }
    let mut inner = node.make_unique();
    match insert_below(inner.child(index), insertion, is_large, old) {
        Inserted::Replaced(old) => Inserted::Replaced(old),
        Inserted::Added => {
            let size = inner.node().sizes()[index] + 1;
            inner.set_size(index, size);
            Inserted::Added
        }
        Inserted::Split(separator, right) => {
            let size = inner.child(index).size();
            inner.set_size(index, size);
            match add_child(&mut inner, index + 1, separator, right) {
                None => Inserted::Added,
                Some((separator, right)) => Inserted::Split(separator, right),
            }
        }
    }
}

fn insert_into_leaf<T: Clone, S: Separator<T>, I: Insertion<T, S>>(
    node: &mut Node<T, S>,
    insertion: I,
    old: &mut Option<Node<T, S>>,
) -> Inserted<T, S, I::Replaced> {
    let at = match insertion.entry(node.entries()) {
        Ok(at) => return Inserted::Replaced(insertion.replace(&mut node.make_unique().into_entries()[at])),
        Err(at) => at,
    };
    let len = node.len();
    let entry = insertion.into_entry();
    if len < Node::<T, S>::MAX_LEN {
        match node.unique() {
            Some(mut leaf) => leaf.insert_entry(at, entry),
            None => {
                let new = node.with_entry(at, entry);
                *old = Some(core::mem::replace(node, new));
            }
        }
        return Inserted::Added;
    }
    let left_len = split_point(at, len, Node::<T, S>::MIN_LEN);
    // The new entry is the first of the right leaf, or before it, or after it.
    let goes_right = at >= left_len;
    let separator = if at == left_len {
        S::before(&entry)
    } else {
        S::before(&node.entries()[left_len - usize::from(!goes_right)])
    };
    let mut leaf = node.make_unique();
    let mut right = leaf.split_entries(left_len - usize::from(!goes_right));
    match (goes_right, right.unique()) {
        (true, Some(mut right)) => right.insert_entry(at - left_len, entry),
        _ => leaf.insert_entry(at, entry),
    }
    Inserted::Split(separator, right)
}

/// Returns the number of items that stay in a full node of `len` when one more is inserted `at` an index: half, or almost
/// all if items are inserted in ascending order, and few if in descending order.
fn split_point(at: usize, len: usize, min: usize) -> usize {
    if at == len {
        len + 1 - min
    } else if at == 0 {
        min
    } else {
        len.div_ceil(2)
    }
}

/// Inserts a child at an index, with a separator between it and its left neighbour, or the right one of the first. If
/// the node was full, splits it and returns the right part, and the separator before it.
pub(super) fn add_child<T, S>(
    inner: &mut Unique<'_, T, S>,
    at: usize,
    separator: S,
    child: Node<T, S>,
) -> Option<(S, Node<T, S>)> {
    let len = inner.node().len();
    if len < Node::<T, S>::MAX_CHILDREN {
        inner.insert_child(at, separator, child);
        return None;
    }
    // As for leaves. A split of the first child inserts at 1.
    let left_len = if at == len {
        len + 1 - MIN_CHILDREN
    } else if at <= 1 {
        MIN_CHILDREN - 1
    } else {
        len / 2
    };
    let (up, mut right) = inner.split_children(left_len);
    // A child at the split goes left, since the separator after it moves up.
    if at <= left_len {
        inner.insert_child(at, separator, child);
    } else if let Some(mut right) = right.unique() {
        right.insert_child(at - left_len, separator, child);
    }
    Some((up, right))
}

/// Removes and returns the entry at a place, if there is one. O(log n).
pub(crate) fn remove<T: Clone, S: Separator<T>>(
    root: &mut Option<Node<T, S>>,
    place: impl Place<T, S> + Copy,
) -> Option<T> {
    let entry = remove_below(root.as_mut()?, place);
    if root.as_ref().is_some_and(|root| root.len() == 0) {
        *root = None;
    }
    entry
}

/// Removes an entry below a node that is the root or has more than the minimal number of items.
fn remove_below<T: Clone, S: Separator<T>>(node: &mut Node<T, S>, place: impl Place<T, S> + Copy) -> Option<T> {
    let mut inner = node.make_unique();
    if inner.node().is_leaf() {
        let at = place.entry(inner.node().entries()).ok()?;
        return Some(inner.remove_entry(at));
    }
    // Once only, unless the order of keys isn't consistent.
    let (index, below) = loop {
        let mut below = place;
        let index = below.child(inner.node());
        let child = &inner.node().children()[index];
        if child.len() > child.min_len() || inner.node().len() == 1 {
            break (index, below);
        }
        let old = refill(&mut inner, index);
        if inner.node().len() == 1 {
            // The root's children were merged. A root of one child must not be left by a panic below, nor in the drop.
            inner.collapse();
            drop(old);
            return remove_below(node, place);
        }
        drop(old);
    };
    let entry = remove_below(inner.child(index), below)?;
    let size = inner.node().sizes()[index] - 1;
    inner.set_size(index, size);
    Some(entry)
}

/// Gives a child more items: those of a sibling, or some of them. Changes nothing that can be seen, and panics in user
/// code come before any change. Returns a separator to drop.
fn refill<T: Clone, S: Separator<T>>(inner: &mut Unique<'_, T, S>, child: usize) -> Option<S> {
    let left = if child + 1 < inner.node().len() {
        child
    } else {
        child - 1
    };
    level(inner, left)
}

/// Merges the children at an index and after it, or balances them if they have too many items for one node. Returns a
/// separator to drop, whose drop may panic, once the parent is valid.
pub(super) fn level<T: Clone, S: Separator<T>>(inner: &mut Unique<'_, T, S>, index: usize) -> Option<S> {
    inner.child(index).make_unique();
    inner.child(index + 1).make_unique();
    let (left, right) = (&inner.node().children()[index], &inner.node().children()[index + 1]);
    if left.len() + right.len() <= left.max_len() {
        let (separator, right) = inner.remove_child(index + 1);
        return merge(inner, index, separator, right);
    }
    let new = separator_of_balanced(left, right);
    let (separator, mut right) = inner.remove_child(index + 1);
    let (new, old) = balance(inner.child(index), separator, &mut right, new);
    let size = inner.child(index).size();
    inner.set_size(index, size);
    inner.insert_child(index + 1, new, right);
    old
}

/// Appends the items of a unique node to a unique child of its height. Returns a separator to drop.
pub(super) fn merge<T, S>(inner: &mut Unique<'_, T, S>, index: usize, separator: S, right: Node<T, S>) -> Option<S> {
    let child = inner.child(index);
    let old = append_node(child, separator, right);
    let size = child.size();
    inner.set_size(index, size);
    old
}

/// Returns the separator that two leaves have between them after [`balance`]; `None` for inner nodes, which have it.
pub(super) fn separator_of_balanced<T, S: Separator<T>>(left: &Node<T, S>, right: &Node<T, S>) -> Option<S> {
    let left_len = usize::midpoint(left.len(), right.len());
    let entry = match left_len.checked_sub(left.len()) {
        None => left.entries().get(left_len),
        Some(moved) => right.entries().get(moved),
    };
    entry.map(S::before)
}

/// Moves items between two unique nodes until they have as many. Returns the separator between them, and an old one to
/// drop. Runs no user code.
pub(super) fn balance<T, S>(
    left: &mut Node<T, S>,
    separator: S,
    right: &mut Node<T, S>,
    new: Option<S>,
) -> (S, Option<S>) {
    let left_len = usize::midpoint(left.len(), right.len());
    let (new, old) = match left_len.checked_sub(left.len()) {
        None => {
            let (new, moved) = split_node(left, left_len, new);
            let rest = core::mem::replace(right, moved);
            (new, append_node(right, separator, rest))
        }
        Some(count) => {
            let (new, rest) = split_node(right, count, new);
            let moved = core::mem::replace(right, rest);
            (new, append_node(left, separator, moved))
        }
    };
    (new, old)
}

/// Splits a unique node at an index. `before` is the separator there, which inner nodes have.
fn split_node<T, S>(node: &mut Node<T, S>, at: usize, before: Option<S>) -> (S, Node<T, S>) {
    match (node.unique(), before) {
        (Some(mut leaf), Some(before)) => (before, leaf.split_entries(at)),
        (Some(mut inner), None) => inner.split_children(at),
        (None, _) => unreachable!("the caller made the node unique"),
    }
}

fn append_node<T, S>(node: &mut Node<T, S>, separator: S, right: Node<T, S>) -> Option<S> {
    node.unique().and_then(|mut node| node.append(separator, right))
}
