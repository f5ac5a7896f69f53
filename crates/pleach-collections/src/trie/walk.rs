//! A walk through a trie that may skip nodes, and one through several tries side by side.

use super::builder::{Builder, Clones};
use super::node::{Node, Suffixes};
use super::shape::{common, equal, order};
use alloc::vec::Vec;
use core::cmp::Ordering;

#[cfg(all(debug_assertions, feature = "std"))]
std::thread_local! {
    static ENTERED: core::cell::Cell<usize> = const { core::cell::Cell::new(0) };
}

/// The number of nodes that this thread's walks have entered so far; 0 without debug assertions.
pub(crate) fn nodes_entered() -> usize {
    #[cfg(all(debug_assertions, feature = "std"))]
    return ENTERED.get();
    #[cfg(not(all(debug_assertions, feature = "std")))]
    0
}

/// A walk through the nodes and entries of a trie in the order of their keys.
pub(crate) struct Walk<'a, V> {
    step: Step<'a, V>,
    /// The key of the step: the whole key of an entry, the common prefix of a node's keys. Of a child that was not looked at
    /// yet, its own prefix is left out: many are skipped because their pointers are equal, without being read.
    key: Vec<u8>,
    is_partial: bool,
    leaf: Option<Leaf<'a, V>>,
    /// The inner nodes that were entered.
    inner: Vec<Inner<'a, V>>,
}

/// The next step of a walk.
pub(crate) enum Step<'a, V> {
    /// A node, to enter or to skip.
    Node(&'a Node<V>),
    /// An entry, as the leaf and the index there.
    Entry(&'a Node<V>, usize),
    End,
}

impl<V> Clone for Step<'_, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Step<'_, V> {}

/// The leaf that was entered.
struct Leaf<'a, V> {
    node: &'a Node<V>,
    suffixes: Suffixes<'a>,
    /// The length of the key before the suffix.
    end: usize,
    next: usize,
    len: usize,
}

struct Inner<'a, V> {
    node: &'a Node<V>,
    /// The length of the key before the children's prefixes.
    end: usize,
    /// The child after the step.
    next: usize,
}

impl<'a, V> Walk<'a, V> {
    pub(crate) fn new(root: Option<&'a Node<V>>) -> Self {
        let (mut key, mut inner) = (Vec::new(), Vec::new());
        if let Some(root) = root {
            key.reserve(root.prefix().len() + 64);
            key.extend_from_slice(root.prefix());
            inner.reserve(8);
        }
        Self {
            step: root.map_or(Step::End, Step::Node),
            key,
            is_partial: false,
            leaf: None,
            inner,
        }
    }

    /// Completes the key.
    #[inline]
    pub(super) fn complete(&mut self) {
        if self.is_partial {
            self.is_partial = false;
            if let Step::Node(node) = self.step {
                self.key.extend_from_slice(node.prefix());
            }
        }
    }

    /// Whether both walks are at one node, of which neither has looked at the key, where all keys have `shared` bytes in
    /// common.
    #[inline]
    pub(super) fn is_at_node_of(&self, other: &Self, shared: usize) -> bool {
        let parted = |walk: &Self| walk.is_partial && walk.key.len() == shared;
        match (self.step, other.step) {
            (Step::Node(a), Step::Node(b)) => a.ptr_eq(b) && parted(self) && parted(other),
            _ => false,
        }
    }

    /// Enters the nodes of both walks, whose parents have the same path, of which all keys have `shared` bytes in common, if
    /// the nodes have the same prefix. Returns the length of their path.
    #[inline]
    pub(super) fn enter_both(&mut self, other: &mut Self, shared: usize) -> Option<usize> {
        let parted = |walk: &Self| walk.is_partial && walk.key.len() == shared;
        match (self.step, other.step) {
            (Step::Node(a), Step::Node(b)) if parted(self) && parted(other) && equal(a.prefix(), b.prefix()) => {
                self.complete();
                other.complete();
                let path = self.key.len();
                self.enter();
                other.enter();
                Some(path)
            }
            _ => None,
        }
    }

    /// The number of steps from here on that are the same children of inner nodes, if [`is_at_node_of`](Self::is_at_node_of).
    #[inline]
    pub(super) fn equal_nodes(&self, other: &Self) -> usize {
        let rest = |walk: &Self| walk.inner.last().map(|inner| &inner.node.children()[inner.next - 1..]);
        let (Some(a), Some(b)) = (rest(self), rest(other)) else {
            return 1;
        };
        a.iter().zip(b).take_while(|(a, b)| a.ptr_eq(b)).count()
    }

    /// The number of steps from here on that are entries of leaves with the same keys and equal values, where all keys have
    /// `shared` bytes in common; and whether the next step has the same key and values that differ. Compares each two values
    /// once.
    #[inline]
    pub(super) fn equal_entries(
        &self,
        other: &Self,
        shared: usize,
        mut same: impl FnMut(&V, &V) -> bool,
    ) -> (usize, bool) {
        let (Some(a), Some(b)) = (&self.leaf, &other.leaf) else {
            return (0, false);
        };
        if a.end != b.end || shared < a.end || a.next == 0 || b.next == 0 {
            return (0, false);
        }
        let (a_ends, a_bytes) = a.suffixes.from(a.next - 1);
        let (b_ends, b_bytes) = b.suffixes.from(b.next - 1);
        let bytes = common(a_bytes, b_bytes);
        let (a_start, b_start) = (a.suffixes.len() - a_bytes.len(), b.suffixes.len() - b_bytes.len());
        let values = a.node.values()[a.next - 1..].iter().zip(&b.node.values()[b.next - 1..]);
        let ends = a_ends
            .iter()
            .zip(b_ends)
            .map(|(a, b)| (usize::from(*a) - a_start, usize::from(*b) - b_start));
        let mut differs = false;
        let equal = ends
            .zip(values)
            .take_while(|((a, b), _)| a == b && *a <= bytes)
            .take_while(|(_, (x, y))| {
                differs = !same(x, y);
                !differs
            })
            .count();
        (equal, differs)
    }

    /// As many [skips](Self::skip) within one node.
    #[inline]
    pub(super) fn skip_many(&mut self, count: usize) -> usize {
        match (&mut self.leaf, self.inner.last_mut()) {
            (Some(leaf), _) => leaf.next += count - 1,
            (None, Some(inner)) => inner.next += count - 1,
            (None, None) => {}
        }
        self.skip()
    }

    #[inline]
    pub(crate) fn key(&self) -> &[u8] {
        &self.key
    }

    /// The key's bytes behind the first `shared`; `None` at the end.
    #[inline]
    pub(super) fn rest(&self, shared: usize) -> Option<&[u8]> {
        (!matches!(self.step, Step::End)).then(|| &self.key[shared..])
    }

    #[inline]
    pub(super) fn node(&self) -> Option<&'a Node<V>> {
        match self.step {
            Step::Node(node) => Some(node),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn entry(&self) -> Option<Entry<'a, V>> {
        match self.step {
            Step::Entry(leaf, index) => Some(Entry { leaf, index }),
            _ => None,
        }
    }

    /// Goes to the first step within the node, whose key is complete.
    pub(crate) fn enter(&mut self) {
        debug_assert!(!self.is_partial);
        #[cfg(all(debug_assertions, feature = "std"))]
        ENTERED.set(ENTERED.get() + 1);
        let Step::Node(node) = self.step else {
            return;
        };
        let end = self.key.len();
        if node.is_leaf() {
            self.leaf = Some(Leaf {
                node,
                suffixes: node.all_suffixes(),
                end,
                next: 0,
                len: node.len(),
            });
        } else {
            self.inner.push(Inner { node, end, next: 0 });
        }
        self.skip();
    }

    /// Goes to the step behind this one, and returns how many bytes of the key stay: at the end any number.
    #[inline]
    pub(crate) fn skip(&mut self) -> usize {
        self.is_partial = false;
        if let Some(leaf) = &mut self.leaf {
            let index = leaf.next;
            if index < leaf.len {
                leaf.next += 1;
                self.step = Step::Entry(leaf.node, index);
                self.key.truncate(leaf.end);
                self.key.extend_from_slice(leaf.suffixes.get(index));
                return leaf.end;
            }
            self.leaf = None;
        }
        while let Some(inner) = self.inner.last_mut() {
            if let Some(child) = inner.node.children().get(inner.next) {
                inner.next += 1;
                self.step = Step::Node(child);
                self.key.truncate(inner.end);
                self.is_partial = true;
                return inner.end;
            }
            self.inner.pop();
        }
        self.step = Step::End;
        self.key.clear();
        usize::MAX
    }
}

/// An entry of a leaf.
pub(crate) struct Entry<'a, V> {
    pub(crate) leaf: &'a Node<V>,
    pub(crate) index: usize,
}

impl<'a, V> Entry<'a, V> {
    #[inline]
    pub(crate) fn value(&self) -> &'a V {
        &self.leaf.values()[self.index]
    }
}

/// How a key lies to the least of several.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// There is none.
    End,
    Least,
    /// Begins with the least.
    Within,
    Greater,
}

/// Finds how keys lie to the least of them.
#[inline]
pub(super) fn places<const N: usize>(keys: [Option<&[u8]>; N]) -> [Place; N] {
    let mut places = [Place::End; N];
    let Some(least) = keys.iter().flatten().min() else {
        return places;
    };
    for (place, key) in places.iter_mut().zip(keys) {
        if let Some(key) = key {
            *place = match key.strip_prefix(*least) {
                Some([]) => Place::Least,
                Some(_) => Place::Within,
                None => Place::Greater,
            };
        }
    }
    places
}

/// The parts of three tries at a key or a prefix.
pub(crate) type Three<A, B, C> = (Option<A>, Option<B>, Option<C>);

/// Walks through three tries side by side, in the order of their keys, and gives the builder what the callers say.
///
/// `nodes` gets nodes of the same prefix; a trie without a node there has no key that begins with the prefix, or none any
/// more. (A leaf without a prefix of its own need not have all such keys.) It returns whether the nodes are done with; if
/// not, they are entered, as are nodes between which others have keys. `enter` gets each inner node before. `entries` gets
/// the entries of a key.
pub(crate) fn zip<'a, V, N, A, B, C>(
    builder: &mut Builder<'a, V, N>,
    roots: Three<&'a Node<A>, &'a Node<B>, &'a Node<C>>,
    mut nodes: impl FnMut(&mut Builder<'a, V, N>, &[u8], Three<&'a Node<A>, &'a Node<B>, &'a Node<C>>) -> bool,
    mut enter: impl FnMut(&mut Builder<'a, V, N>, usize, Three<&'a Node<A>, &'a Node<B>, &'a Node<C>>),
    mut entries: impl FnMut(&mut Builder<'a, V, N>, &[u8], Three<Entry<'a, A>, Entry<'a, B>, Entry<'a, C>>),
) where
    N: Clones<V>,
{
    let (mut a, mut b, mut c) = (Walk::new(roots.0), Walk::new(roots.1), Walk::new(roots.2));
    // The number of bytes that all keys are known to have in common; and also with the last key of the builder.
    let (mut shared, mut known) = (0, 0);
    loop {
        // Most often two leaves are merged.
        while let (Step::Entry(..), Step::Entry(..), Step::End) = (a.step, b.step, c.step) {
            let order = order(&a.key[shared..], &b.key[shared..]);
            let (is_a, is_b) = (order != Ordering::Greater, order != Ordering::Less);
            let path = if is_a { &a.key } else { &b.key };
            let before = builder.len();
            builder.know(known);
            entries(
                builder,
                path,
                (a.entry().filter(|_| is_a), b.entry().filter(|_| is_b), None),
            );
            if builder.len() > before {
                known = shared;
            }
            if is_a {
                shared = shared.min(a.skip());
            }
            if is_b {
                shared = shared.min(b.skip());
            }
            known = known.min(shared);
        }
        a.complete();
        b.complete();
        c.complete();
        let places = places([a.rest(shared), b.rest(shared), c.rest(shared)]);
        let Some(least) = places.iter().position(|place| *place == Place::Least) else {
            return;
        };
        let path = [&a.key, &b.key, &c.key][least];
        let is_least = places.map(|place| place == Place::Least);
        let found = (
            a.node().filter(|_| is_least[0]),
            b.node().filter(|_| is_least[1]),
            c.node().filter(|_| is_least[2]),
        );
        let are_nodes = [found.0.is_some(), found.1.is_some(), found.2.is_some()];
        let before = builder.len();
        builder.know(known);
        let done = if are_nodes == [false; 3] {
            let found = (
                a.entry().filter(|_| is_least[0]),
                b.entry().filter(|_| is_least[1]),
                c.entry().filter(|_| is_least[2]),
            );
            entries(builder, path, found);
            true
        } else {
            are_nodes == is_least && !places.contains(&Place::Within) && nodes(builder, path, found)
        };
        if builder.len() > before {
            known = shared;
        }
        if !done {
            fn inner<T>(node: Option<&Node<T>>) -> Option<&Node<T>> {
                node.filter(|node| !node.is_leaf())
            }
            enter(builder, path.len(), (inner(found.0), inner(found.1), inner(found.2)));
            if !places.contains(&Place::Greater) {
                shared = path.len();
            }
            if are_nodes[0] {
                a.enter();
            }
            if are_nodes[1] {
                b.enter();
            }
            if are_nodes[2] {
                c.enter();
            }
            continue;
        }
        let mut stay = shared;
        if is_least[0] {
            stay = stay.min(a.skip());
        }
        if is_least[1] {
            stay = stay.min(b.skip());
        }
        if is_least[2] {
            stay = stay.min(c.skip());
        }
        (shared, known) = (stay, known.min(stay));
    }
}
