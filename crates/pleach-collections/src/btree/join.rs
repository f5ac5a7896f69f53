//! Joining trees, and splitting them.

use super::edit::{add_child, balance, level, merge, separator_of_balanced};
use super::node::{Unique, leaf_of};
use super::search::{child_at, first};
use super::{Node, Separator, Tree};

/// Returns the tree of the entries of both, those of `left` first. O(|difference of heights|) nodes are changed, and
/// O(log n) if they are shared.
///
/// # Panics
/// Panics if the sum of their sizes overflows.
#[allow(clippy::panic, reason = "documented, as for `Vec`")]
pub(crate) fn concat<T: Clone, S: Separator<T>>(
    left: Option<Node<T, S>>,
    right: Option<Node<T, S>>,
) -> Option<Node<T, S>> {
    match (left, right) {
        (Some(left), Some(right)) => {
            if left.size().checked_add(right.size()).is_none() {
                panic!("capacity overflow");
            }
            let separator = first(&right).map(S::before);
            separator.map(|separator| join(left, separator, right))
        }
        (left, right) => left.or(right),
    }
}

/// Joins two trees by a separator.
pub(super) fn join<T: Clone, S: Separator<T>>(left: Node<T, S>, separator: S, right: Node<T, S>) -> Node<T, S> {
    let (left_height, right_height) = (left.height(), right.height());
    let (mut root, other, at_end) = if left_height < right_height {
        (right, left, false)
    } else {
        (left, right, true)
    };
    if left_height == right_height {
        let balanced = root.len() >= root.min_len() && other.len() >= other.min_len();
        let mut root = Node::pair(root, separator, other);
        if !balanced && let Some(mut inner) = root.unique() {
            drop(level(&mut inner, 0));
            if inner.node().len() == 1 {
                inner.collapse();
            }
        }
        return root;
    }
    match attach(&mut root.make_unique(), separator, other, at_end) {
        None => root,
        Some((separator, right)) => Node::pair(root, separator, right),
    }
}

/// Puts a lower tree at the end or at the start of a higher one. If the node was split, returns the right part, and the
/// separator before it.
fn attach<T: Clone, S: Separator<T>>(
    inner: &mut Unique<'_, T, S>,
    separator: S,
    mut other: Node<T, S>,
    at_end: bool,
) -> Option<(S, Node<T, S>)> {
    let len = inner.node().len();
    let (edge, beyond) = if at_end { (len - 1, len) } else { (0, 0) };
    if inner.node().height() > other.height() + 1 {
        let split = attach(&mut inner.child(edge).make_unique(), separator, other, at_end);
        let size = inner.child(edge).size();
        inner.set_size(edge, size);
        let (separator, right) = split?;
        return add_child(inner, edge + 1, separator, right);
    }
    if other.len() >= other.min_len() {
        return add_child(inner, beyond, separator, other);
    }
    inner.child(edge).make_unique();
    other.make_unique();
    let neighbour = inner.child(edge);
    if neighbour.len() + other.len() <= other.max_len() {
        if !at_end {
            core::mem::swap(neighbour, &mut other);
        }
        drop(merge(inner, edge, separator, other));
        return None;
    }
    let (left, right) = if at_end {
        (neighbour, &mut other)
    } else {
        (&mut other, neighbour)
    };
    let new = separator_of_balanced(left, right);
    let (new, _) = balance(left, separator, right, new);
    let size = inner.child(edge).size();
    inner.set_size(edge, size);
    add_child(inner, beyond, new, other)
}

/// Returns the trees of the first `index` entries, and of the others. O(log n).
pub(crate) fn split<T: Clone, S: Separator<T>>(root: &Node<T, S>, index: usize) -> (Tree<T, S>, Tree<T, S>) {
    if index == 0 {
        return (None, Some(root.clone()));
    }
    if index >= root.size() {
        return (Some(root.clone()), None);
    }
    if root.is_leaf() {
        let (before, after) = root.entries().split_at(index);
        return (leaf_of(before), leaf_of(after));
    }
    let (child, rest) = child_at(root, index);
    let (left, right) = split(&root.children()[child], rest);
    let join = |left: Tree<T, S>, separator: Option<&S>, right: Tree<T, S>| match (left, separator, right) {
        (Some(left), Some(separator), Some(right)) => Some(join(left, separator.clone(), right)),
        (left, _, right) => left.or(right),
    };
    let before = child.checked_sub(1).and_then(|before| root.separators().get(before));
    let left = join(slice(root, 0, child), before, left);
    let right = join(right, root.separators().get(child), slice(root, child + 1, root.len()));
    (left, right)
}

/// Removes and returns the last leaf of a tree, or the first one. O(log n). Runs no user code: a leaf that isn't the root
/// isn't merged with another.
pub(crate) fn detach_leaf<T: Clone, S: Separator<T>>(root: &mut Tree<T, S>, at_end: bool) -> Option<Node<T, S>> {
    let node = root.as_ref()?;
    let mut edge = node;
    while let Some(child) = if at_end {
        edge.children().last()
    } else {
        edge.children().first()
    } {
        edge = child;
    }
    if edge.ptr_eq(node) {
        return root.take();
    }
    let (rest, leaf) = if at_end {
        split(node, node.size() - edge.len())
    } else {
        let (leaf, rest) = split(node, edge.len());
        (rest, leaf)
    };
    *root = rest;
    leaf
}

/// Returns the tree of some children of an inner node.
fn slice<T: Clone, S: Separator<T>>(node: &Node<T, S>, start: usize, end: usize) -> Tree<T, S> {
    match end - start {
        0 => None,
        1 => Some(node.children()[start].clone()),
        _ => Some(node.slice(start, end)),
    }
}
