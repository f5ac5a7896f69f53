//! What one sequence has that another hasn't: nodes that both share are left out.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Node, Root, Sequence};

/// What is still to come of a sequence, the next part last.
struct Rest<'a, V>(Vec<Part<'a, V>>);

enum Part<'a, V> {
    Element(u64, &'a V),
    /// A node, its bound and its level.
    Node(u64, usize, &'a Arc<Node<V>>),
}

impl<'a, V> Rest<'a, V> {
    fn of<const N: usize>(sequence: &'a Sequence<V, N>) -> Self {
        Self(match &sequence.root {
            Root::Empty => Vec::new(),
            Root::One((key, value)) => vec![Part::Element(*key, value)],
            Root::Tree(root, _) => {
                let (mut level, mut node) = (0, root);
                while let Node::Inner(items) = &**node {
                    (level, node) = (level + 1, &items[0].1);
                }
                vec![Part::Node(0, level, root)]
            }
        })
    }

    fn skip(&mut self) {
        self.0.pop();
    }

    /// Puts what a node holds in its place.
    fn enter(&mut self) {
        let Some(Part::Node(_, level, node)) = self.0.pop() else {
            return;
        };
        match &**node {
            Node::Leaf(items) => {
                let elements = items.iter().rev().map(|(key, value)| Part::Element(*key, value));
                self.0.extend(elements);
            }
            Node::Inner(items) => {
                let nodes = items.iter().rev();
                self.0
                    .extend(nodes.map(|(bound, child)| Part::Node(*bound, level - 1, child)));
            }
        }
    }
}

impl<V, const N: usize> Sequence<V, N> {
    /// The elements that `other` doesn't have, or has with another value. O(d · log n) for d differences if one was cloned
    /// from the other, or both from a third; O(n) if they are only alike.
    pub(crate) fn without<'a>(&'a self, other: &'a Self, mut is_same: impl FnMut(&V, &V) -> bool) -> Vec<(u64, &'a V)> {
        let (mut ours, mut theirs) = (Rest::of(self), Rest::of(other));
        let mut found = Vec::new();
        while let Some(part) = ours.0.last() {
            match (part, theirs.0.last()) {
                (Part::Node(..), None) => ours.enter(),
                (Part::Node(_, _, node), Some(Part::Node(_, _, other))) if Arc::ptr_eq(node, other) => {
                    ours.skip();
                    theirs.skip();
                }
                // The one that begins earlier, or reaches further.
                (Part::Node(bound, level, _), Some(Part::Node(other, other_level, _))) => {
                    if bound.cmp(other).then(other_level.cmp(level)) == Ordering::Greater {
                        theirs.enter();
                    } else {
                        ours.enter();
                    }
                }
                // No key below a node is below its bound.
                (Part::Node(bound, ..), Some(Part::Element(key, _))) if key < bound => theirs.skip(),
                (Part::Node(..), Some(Part::Element(..))) => ours.enter(),
                (Part::Element(key, _), Some(Part::Node(bound, ..))) if key >= bound => theirs.enter(),
                (Part::Element(key, _), Some(Part::Element(other, _))) if key > other => theirs.skip(),
                (Part::Element(key, value), Some(Part::Element(other, other_value))) if key == other => {
                    if !is_same(value, other_value) {
                        found.push((*key, *value));
                    }
                    ours.skip();
                    theirs.skip();
                }
                (Part::Element(key, value), _) => {
                    found.push((*key, *value));
                    ours.skip();
                }
            }
        }
        found
    }
}
