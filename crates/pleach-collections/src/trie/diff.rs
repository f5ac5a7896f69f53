//! The differences of two tries, by a walk through both that skips shared nodes.

use super::node::Node;
use smallvec::SmallVec;
use std::cmp::Ordering;

struct Frame<'a, V> {
    node: &'a Node<V>,
    /// The length of the path before the node's prefix.
    start: usize,
    /// The next child, or the next entry of a leaf.
    next: usize,
}

/// A walk through one trie, before its next step.
struct Side<'a, V> {
    /// The root, until it is entered.
    root: Option<&'a Node<V>>,
    frames: SmallVec<[Frame<'a, V>; 10]>,
    /// The bytes to the end of the last node's prefix.
    path: Vec<u8>,
    /// The path, followed by the prefix of the next child or the suffix of the next entry.
    key: Vec<u8>,
}

/// The next step of a walk.
enum Next<'a, V> {
    /// A node, to enter or to skip.
    Node(&'a Node<V>),
    Entry(&'a V),
}

impl<'a, V> Side<'a, V> {
    fn new(root: Option<&'a Node<V>>) -> Self {
        Self {
            root,
            frames: SmallVec::new(),
            path: Vec::new(),
            key: Vec::new(),
        }
    }

    /// Returns the next step, after leaving finished nodes.
    fn next(&mut self) -> Option<Next<'a, V>> {
        if let Some(root) = self.root {
            return Some(Next::Node(root));
        }
        loop {
            let frame = self.frames.last()?;
            if frame.next < frame.node.len() {
                return Some(if frame.node.is_leaf() {
                    Next::Entry(&frame.node.values()[frame.next])
                } else {
                    Next::Node(&frame.node.children()[frame.next])
                });
            }
            self.path.truncate(frame.start);
            self.frames.pop();
        }
    }

    /// Writes the key of the next step: the whole key of an entry, the common prefix of a node's keys.
    fn write_key(&mut self, next: &Next<'a, V>) {
        self.key.clear();
        self.key.extend_from_slice(&self.path);
        match (next, self.frames.last()) {
            (Next::Node(node), _) => self.key.extend_from_slice(node.prefix()),
            (Next::Entry(_), Some(frame)) => self.key.extend_from_slice(frame.node.suffix(frame.next)),
            (Next::Entry(_), None) => unreachable!("entries are in leaves"),
        }
    }

    fn pass(&mut self) {
        if self.root.take().is_none()
            && let Some(frame) = self.frames.last_mut()
        {
            frame.next += 1;
        }
    }

    fn enter(&mut self, node: &'a Node<V>) {
        self.pass();
        self.frames.push(Frame {
            node,
            start: self.path.len(),
            next: 0,
        });
        self.path.extend_from_slice(node.prefix());
    }
}

/// The differences of two tries, in the order of their keys. Lazy: each costs the nodes that are not shared on the way to it.
pub(crate) struct Differences<'a, V> {
    before: Side<'a, V>,
    after: Side<'a, V>,
    /// The number of nodes that were entered.
    entered: usize,
}

/// The value of a key before and after, one of which there is.
pub(crate) type Values<'a, V> = (Option<&'a V>, Option<&'a V>);

impl<'a, V> Differences<'a, V> {
    pub(crate) fn new(before: Option<&'a Node<V>>, after: Option<&'a Node<V>>) -> Self {
        Self {
            before: Side::new(before),
            after: Side::new(after),
            entered: 0,
        }
    }

    pub(crate) fn entered(&self) -> usize {
        self.entered
    }

    fn enter(&mut self, before: Option<&'a Node<V>>, after: Option<&'a Node<V>>) {
        for (side, node) in [(&mut self.before, before), (&mut self.after, after)] {
            if let Some(node) = node {
                side.enter(node);
                self.entered += 1;
            }
        }
    }

    /// The next key that only one side has, or with other values by `same`.
    pub(crate) fn next(&mut self, mut same: impl FnMut(&V, &V) -> bool) -> Option<(&[u8], Values<'a, V>)> {
        loop {
            let (before, after) = match (self.before.next(), self.after.next()) {
                (None, None) => return None,
                (Some(Next::Node(node)), None) => {
                    self.enter(Some(node), None);
                    continue;
                }
                (None, Some(Next::Node(node))) => {
                    self.enter(None, Some(node));
                    continue;
                }
                (Some(next @ Next::Entry(value)), None) => {
                    self.before.write_key(&next);
                    self.before.pass();
                    return Some((&self.before.key, (Some(value), None)));
                }
                (None, Some(next @ Next::Entry(value))) => {
                    self.after.write_key(&next);
                    self.after.pass();
                    return Some((&self.after.key, (None, Some(value))));
                }
                (Some(before), Some(after)) => (before, after),
            };
            if let (Next::Node(a), Next::Node(b)) = (&before, &after)
                && a.ptr_eq(b)
                && self.before.path == self.after.path
            {
                self.before.pass();
                self.after.pass();
                continue;
            }
            self.before.write_key(&before);
            self.after.write_key(&after);
            let (a, b) = (&self.before.key, &self.after.key);
            let order = a.cmp(b);
            match (before, after, order) {
                (Next::Entry(old), Next::Entry(new), Ordering::Equal) => {
                    self.before.pass();
                    self.after.pass();
                    if !same(old, new) {
                        return Some((&self.after.key, (Some(old), Some(new))));
                    }
                }
                (Next::Node(x), Next::Node(y), Ordering::Equal) => self.enter(Some(x), Some(y)),
                // A node comes before the keys that begin with its prefix, and may have more of them.
                (Next::Node(x), _, _) if b.starts_with(a) => self.enter(Some(x), None),
                (_, Next::Node(y), _) if a.starts_with(b) => self.enter(None, Some(y)),
                (Next::Node(x), _, Ordering::Less) => self.enter(Some(x), None),
                (_, Next::Node(y), Ordering::Greater) => self.enter(None, Some(y)),
                (Next::Entry(value), _, Ordering::Less) => {
                    self.before.pass();
                    return Some((&self.before.key, (Some(value), None)));
                }
                (_, Next::Entry(value), Ordering::Greater) => {
                    self.after.pass();
                    return Some((&self.after.key, (None, Some(value))));
                }
                (Next::Entry(_), Next::Node(_), Ordering::Equal) | (Next::Node(_), Next::Entry(_), Ordering::Equal) => {
                    unreachable!("equal keys begin with one another")
                }
            }
        }
    }
}
