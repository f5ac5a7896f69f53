//! A walk over two sequences at equal indices, which skips the subtrees that they share there.

use super::Node;
use super::zip::{Head, Side, skip_shared};

/// A walk over two sequences at equal indices, up to the end of the shorter one.
pub(crate) struct Aligned<'a, T, S> {
    left: Side<'a, T, S>,
    right: Side<'a, T, S>,
}

impl<'a, T, S> Aligned<'a, T, S> {
    /// Creates a walk over sequences of trees, the last tree first.
    pub(crate) fn new(
        left: impl IntoIterator<Item = &'a Node<T, S>>,
        right: impl IntoIterator<Item = &'a Node<T, S>>,
    ) -> Self {
        Self {
            left: Side::new(left),
            right: Side::new(right),
        }
    }
}

/// Yields entries at equal indices, as many of both sequences. A subtree that both have at one index is skipped.
impl<'a, T, S> Iterator for Aligned<'a, T, S> {
    type Item = (&'a [T], &'a [T]);

    fn next(&mut self) -> Option<Self::Item> {
        let (left, right) = (&mut self.left, &mut self.right);
        loop {
            match (left.head(), right.head()) {
                (Head::Entry(_), Head::Entry(_)) => {
                    let len = left.entries.len().min(right.entries.len());
                    let (x, rest) = left.entries.split_at(len);
                    let (y, other_rest) = right.entries.split_at(len);
                    (left.entries, right.entries) = (rest, other_rest);
                    return Some((x, y));
                }
                (Head::Node(x), Head::Node(y)) => {
                    if x.ptr_eq(y) {
                        skip_shared(&mut left.stack, &mut right.stack);
                        continue;
                    }
                    let (x_height, y_height) = (x.height(), y.height());
                    if x_height >= y_height {
                        left.open();
                    }
                    if y_height >= x_height {
                        right.open();
                    }
                }
                (Head::Node(_), Head::Entry(_)) => left.open(),
                (Head::Entry(_), Head::Node(_)) => right.open(),
                (Head::End, _) | (_, Head::End) => return None,
            }
        }
    }
}
