//! A walk over two trees side by side, which skips the subtrees that they share.

use super::Node;
use super::search::first;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::ptr;

/// The next find of a walk.
#[derive(Debug)]
pub(crate) enum Pair<'a, T> {
    /// An entry of the left tree only.
    Left(&'a T),
    /// An entry of the right tree only.
    Right(&'a T),
    /// Entries of both trees that compare equal.
    Both(&'a T, &'a T),
}

/// The part of a tree that a walk hasn't reached.
pub(super) struct Side<'a, T, S> {
    /// The entries left in the leaf that the walk is in.
    pub(super) entries: &'a [T],
    /// The subtrees left after it, below each node of its path.
    pub(super) stack: Vec<&'a [Node<T, S>]>,
}

impl<T, S> Clone for Side<'_, T, S> {
    fn clone(&self) -> Self {
        Self {
            entries: self.entries,
            stack: self.stack.clone(),
        }
    }
}

/// The next item of a side.
pub(super) enum Head<'a, T, S> {
    End,
    Entry(&'a T),
    Node(&'a Node<T, S>),
}

impl<'a, T, S> Side<'a, T, S> {
    /// The entries of trees, the last tree first.
    pub(super) fn new(roots: impl IntoIterator<Item = &'a Node<T, S>>) -> Self {
        Self {
            entries: &[],
            stack: roots.into_iter().map(core::slice::from_ref).collect(),
        }
    }

    #[inline]
    pub(super) fn head(&mut self) -> Head<'a, T, S> {
        if let Some(entry) = self.entries.first() {
            return Head::Entry(entry);
        }
        while let Some(nodes) = self.stack.last() {
            if let Some(node) = nodes.first() {
                return Head::Node(node);
            }
            self.stack.pop();
        }
        Head::End
    }

    /// Replaces the next subtree by what is in it.
    #[inline]
    pub(super) fn open(&mut self) {
        let Some(nodes) = self.stack.last_mut() else { return };
        let Some((node, rest)) = nodes.split_first() else {
            return;
        };
        *nodes = rest;
        if node.is_leaf() {
            self.entries = node.entries();
        } else {
            self.stack.push(node.children());
        }
    }

    #[inline]
    fn skip_entry(&mut self) {
        self.entries = self.entries.get(1..).unwrap_or_default();
    }
}

/// A walk over two trees, in the order of their entries.
///
/// It takes a step in the tree whose next entry is less, and in both if they are equal. A subtree is opened only if an
/// entry of the other tree may be in it, or if the other's next subtree is not higher and another one. So a subtree that
/// both have is skipped, wherever in the trees it is: when one side reaches it, it waits until the other does too. It or
/// its ancestors may be opened before the other side reaches them, which costs their height; then the other side opens
/// them too, and what is left of them on both sides is skipped.
pub(crate) struct Zip<'a, T, S> {
    left: Side<'a, T, S>,
    right: Side<'a, T, S>,
    opened: usize,
    skipped: bool,
}

impl<'a, T, S> Zip<'a, T, S> {
    pub(crate) fn new(left: Option<&'a Node<T, S>>, right: Option<&'a Node<T, S>>) -> Self {
        Self {
            left: Side::new(left),
            right: Side::new(right),
            opened: 0,
            skipped: false,
        }
    }

    /// The number of nodes that were opened.
    pub(crate) fn opened(&self) -> usize {
        self.opened
    }

    /// Whether shared entries were skipped so far.
    pub(crate) fn skipped(&self) -> bool {
        self.skipped
    }

    /// Returns the next entries that aren't in a shared subtree.
    pub(crate) fn next(&mut self, compare: impl Fn(&T, &T) -> Ordering) -> Option<Pair<'a, T>> {
        let (left, right) = (&mut self.left, &mut self.right);
        loop {
            match (left.head(), right.head()) {
                (Head::Entry(x), Head::Entry(y)) => {
                    // One leaf, opened on both sides, at one place. The lengths tell places of zero-sized entries apart.
                    if ptr::eq(x, y) && left.entries.len() == right.entries.len() {
                        (left.entries, right.entries) = (&[], &[]);
                        self.skipped = true;
                        continue;
                    }
                    let order = compare(x, y);
                    if order.is_le() {
                        left.skip_entry();
                    }
                    if order.is_ge() {
                        right.skip_entry();
                    }
                    return Some(match order {
                        Ordering::Less => Pair::Left(x),
                        Ordering::Equal => Pair::Both(x, y),
                        Ordering::Greater => Pair::Right(y),
                    });
                }
                (Head::Entry(x), head) => {
                    if let Head::Node(node) = head
                        && first(node).is_some_and(|y| compare(x, y).is_ge())
                    {
                        right.open();
                        self.opened += 1;
                        continue;
                    }
                    left.skip_entry();
                    return Some(Pair::Left(x));
                }
                (head, Head::Entry(y)) => {
                    if let Head::Node(node) = head
                        && first(node).is_some_and(|x| compare(x, y).is_le())
                    {
                        left.open();
                        self.opened += 1;
                        continue;
                    }
                    right.skip_entry();
                    return Some(Pair::Right(y));
                }
                (Head::Node(x), Head::Node(y)) => {
                    if x.ptr_eq(y) {
                        skip_shared(&mut left.stack, &mut right.stack);
                        self.skipped = true;
                        continue;
                    }
                    if x.height() >= y.height() {
                        left.open();
                        self.opened += 1;
                    }
                    if y.height() >= x.height() {
                        right.open();
                        self.opened += 1;
                    }
                }
                (Head::Node(_), Head::End) => {
                    left.open();
                    self.opened += 1;
                }
                (Head::End, Head::Node(_)) => {
                    right.open();
                    self.opened += 1;
                }
                (Head::End, Head::End) => return None,
            }
        }
    }
}

/// Skips the subtrees that both sides have next.
pub(super) fn skip_shared<T, S>(left: &mut [&[Node<T, S>]], right: &mut [&[Node<T, S>]]) {
    if let (Some(left), Some(right)) = (left.last_mut(), right.last_mut()) {
        let shared = left.iter().zip(right.iter()).take_while(|(x, y)| x.ptr_eq(y)).count();
        *left = &left[shared..];
        *right = &right[shared..];
    }
}

impl<T, S> Clone for Zip<'_, T, S> {
    fn clone(&self) -> Self {
        Self {
            left: self.left.clone(),
            right: self.right.clone(),
            opened: self.opened,
            skipped: self.skipped,
        }
    }
}
