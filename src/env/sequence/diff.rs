//! The difference of two sequences, which skips shared nodes.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Node, Root, Sequence};

/// The subtrees and elements of a sequence that remain to be compared, the next one last.
struct Remaining<'a, V>(Vec<Item<'a, V>>);

enum Item<'a, V> {
    Element(u64, &'a V),
    /// A node, its bound and its level.
    Node(u64, usize, &'a Arc<Node<V>>),
}

impl<'a, V> Remaining<'a, V> {
    fn of<const N: usize>(sequence: &'a Sequence<V, N>) -> Self {
        Self(match &sequence.root {
            Root::Empty => Vec::new(),
            Root::One((key, value)) => vec![Item::Element(*key, value)],
            Root::Tree(root, _) => {
                let (mut level, mut node) = (0, root);
                while let Node::Inner(items) = &**node {
                    (level, node) = (level + 1, &items[0].1);
                }
                vec![Item::Node(0, level, root)]
            }
        })
    }

    fn skip(&mut self) {
        self.0.pop();
    }

    /// Replaces a node by its items.
    fn enter(&mut self) {
        let Some(Item::Node(_, level, node)) = self.0.pop() else {
            return;
        };
        match &**node {
            Node::Leaf(items) => {
                let elements = items.iter().rev().map(|(key, value)| Item::Element(*key, value));
                self.0.extend(elements);
            }
            Node::Inner(items) => {
                let nodes = items.iter().rev();
                self.0
                    .extend(nodes.map(|(bound, child)| Item::Node(*bound, level - 1, child)));
            }
        }
    }
}

impl<V, const N: usize> Sequence<V, N> {
    /// The elements that `other` doesn't have, or has with another value. O(d · log n) for d differences if the two have a
    /// common origin, else O(n).
    pub(crate) fn without<'a>(&'a self, other: &'a Self, mut is_same: impl FnMut(&V, &V) -> bool) -> Vec<(u64, &'a V)> {
        let (mut ours, mut theirs) = (Remaining::of(self), Remaining::of(other));
        let mut found = Vec::new();
        while let Some(part) = ours.0.last() {
            match (part, theirs.0.last()) {
                (Item::Node(..), None) => ours.enter(),
                (Item::Node(_, _, node), Some(Item::Node(_, _, other))) if Arc::ptr_eq(node, other) => {
                    ours.skip();
                    theirs.skip();
                }
                // The one that starts earlier, or is larger.
                (Item::Node(bound, level, _), Some(Item::Node(other, other_level, _))) => {
                    if bound.cmp(other).then(other_level.cmp(level)) == Ordering::Greater {
                        theirs.enter();
                    } else {
                        ours.enter();
                    }
                }
                // The bound of a node is at most each key in it.
                (Item::Node(bound, ..), Some(Item::Element(key, _))) if key < bound => theirs.skip(),
                (Item::Node(..), Some(Item::Element(..))) => ours.enter(),
                (Item::Element(key, _), Some(Item::Node(bound, ..))) if key >= bound => theirs.enter(),
                (Item::Element(key, _), Some(Item::Element(other, _))) if key > other => theirs.skip(),
                (Item::Element(key, value), Some(Item::Element(other, other_value))) if key == other => {
                    if !is_same(value, other_value) {
                        found.push((*key, *value));
                    }
                    ours.skip();
                    theirs.skip();
                }
                (Item::Element(key, value), _) => {
                    found.push((*key, *value));
                    ours.skip();
                }
            }
        }
        found
    }
}
