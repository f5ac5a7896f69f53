//! A persistent B+ tree keyed by number: the rules of one head in definition order.

mod diff;

use std::fmt;
use std::mem;
use std::slice;
use std::sync::Arc;

/// A persistent sequence of values in the order of their keys. Keys are numbers that grow over time, so most insertions are
/// at the end.
///
/// A B+ tree whose nodes have up to `N` items and are shared between clones. With more than one element:
///
/// ```text
///                      ┌───────────┬───────────┬────────┐
///   inner, level 1     │ 0: node   │ 64: node  │ 97: …  │     key: a lower bound of the keys below
///                      └────┬──────┴────┬──────┴────────┘
///              ┌────────────┘           └──────────┐
///   ┌──────┬───┴──┬──────┬───┐      ┌──────┬───────┴──┐
///   │ 3: v │ 9: v │ 11:v │ … │      │ 64:v │ 70: v │ …│       leaves, level 0: keys with their values
///   └──────┴──────┴──────┴───┘      └──────┴──────────┘
/// ```
///
/// Invariants, which [`check`](Sequence::check) checks by number:
/// 1. Keys grow strictly from left to right.
/// 2. The bound of a child is at most each key in the child, and above all keys before it.
/// 3. All leaves are at the same depth, and `len` counts their elements.
/// 4. A node holds at most `N` items; at least one; and at least `N / 2`, unless it is on the right edge of the tree.
/// 5. The root has at least two items: a tree of one element is a [`Root::One`].
///
/// By 4 the depth is O(log len) after any removals. Only nodes on the right edge may have few items: a full node there isn't
/// split in halves but left full, since the next key is expected after it. So a sequence made by pushing has full leaves.
///
/// | operation | cost |
/// |---|---|
/// | clone | one reference-count increment |
/// | `get` | O(log n) |
/// | `insert`, `remove` | O(log n), and a copy of each shared node on the path |
/// | iterate | O(1) an element; O(log n) to start at a key |
#[derive(Clone)]
pub(crate) struct Sequence<V, const N: usize = 32> {
    root: Root<V>,
}

/// Most sequences have one element, which needs no node.
#[derive(Clone)]
enum Root<V> {
    Empty,
    One((u64, V)),
    Tree(Arc<Node<V>>, usize),
}

/// Items in the order of their keys.
enum Node<V> {
    Leaf(Vec<(u64, V)>),
    Inner(Vec<(u64, Arc<Node<V>>)>),
}

impl<V: Clone> Clone for Node<V> {
    /// With capacity for one more item, since nodes are cloned to be changed.
    fn clone(&self) -> Self {
        fn copy<T: Clone>(items: &[(u64, T)]) -> Vec<(u64, T)> {
            let mut copy = Vec::with_capacity(items.len() + 1);
            copy.extend_from_slice(items);
            copy
        }
        match self {
            Node::Leaf(items) => Node::Leaf(copy(items)),
            Node::Inner(items) => Node::Inner(copy(items)),
        }
    }
}

impl<V> Node<V> {
    fn len(&self) -> usize {
        match self {
            Node::Leaf(items) => items.len(),
            Node::Inner(items) => items.len(),
        }
    }

    /// The leaf where `key` is, or would be, and the bound of the leaf after it.
    fn leaf(&self, key: u64) -> (&[(u64, V)], Option<u64>) {
        let (mut node, mut next) = (self, None);
        loop {
            match node {
                Node::Leaf(items) => return (items, next),
                Node::Inner(items) => {
                    let index = child(items, key);
                    next = items.get(index + 1).map(|item| item.0).or(next);
                    node = &items[index].1;
                }
            }
        }
    }
}

/// The child where `key` is, or would be.
fn child<T>(items: &[(u64, T)], key: u64) -> usize {
    items.partition_point(|item| item.0 <= key).saturating_sub(1)
}

fn search<T>(items: &[(u64, T)], key: u64) -> Result<usize, usize> {
    items.binary_search_by_key(&key, |item| item.0)
}

impl<V, const N: usize> Sequence<V, N> {
    /// The empty sequence. Allocates nothing.
    pub(crate) const fn new() -> Self {
        assert!(N >= 4, "nodes are too small to be split and merged");
        Sequence { root: Root::Empty }
    }

    /// The number of elements. O(1).
    pub(crate) fn len(&self) -> usize {
        match &self.root {
            Root::Empty => 0,
            Root::One(..) => 1,
            Root::Tree(_, len) => *len,
        }
    }

    /// Whether there are no elements. O(1).
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self.root, Root::Empty)
    }

    /// The value with this key. O(log n).
    pub(crate) fn get(&self, key: u64) -> Option<&V> {
        match &self.root {
            Root::Empty => None,
            Root::One((only, value)) => (*only == key).then_some(value),
            Root::Tree(node, _) => {
                let (items, _) = node.leaf(key);
                search(items, key).ok().map(|index| &items[index].1)
            }
        }
    }

    /// Whether both share all nodes, and so are equal. Sequences of one element have none, and give `false`. O(1).
    pub(crate) fn ptr_eq(&self, other: &Self) -> bool {
        match (&self.root, &other.root) {
            (Root::Empty, Root::Empty) => true,
            (Root::Tree(ours, _), Root::Tree(theirs, _)) => Arc::ptr_eq(ours, theirs),
            _ => false,
        }
    }

    /// All elements in the order of their keys.
    pub(crate) fn iter(&self) -> Iter<'_, V> {
        self.iter_from(0)
    }

    /// All values in the order of their keys.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// The elements with keys from `key` on. O(log n) to start.
    pub(crate) fn iter_from(&self, key: u64) -> Iter<'_, V> {
        let (items, rest) = match &self.root {
            Root::Empty => (&[][..], None),
            Root::One(element) => (slice::from_ref(element), None),
            Root::Tree(node, _) => {
                let (items, bound) = node.leaf(key);
                (items, bound.map(|bound| (&**node, bound)))
            }
        };
        let start = items.partition_point(|item| item.0 < key);
        Iter {
            items: items[start..].iter(),
            rest,
        }
    }
}

impl<V, const N: usize> Sequence<V, N> {
    /// Calls `visit` for each node, with the bytes of its allocations, and whether it is shared. O(n / N).
    pub(crate) fn each_node(&self, visit: &mut impl FnMut(usize, bool)) {
        fn each<V>(node: &Arc<Node<V>>, shared: bool, visit: &mut impl FnMut(usize, bool)) {
            let shared = shared || Arc::strong_count(node) > 1;
            let items = match &**node {
                Node::Leaf(items) => items.capacity() * size_of::<(u64, V)>(),
                Node::Inner(items) => items.capacity() * size_of::<(u64, Arc<Node<V>>)>(),
            };
            // An `Arc` allocates two counts with its content.
            visit(2 * size_of::<usize>() + size_of::<Node<V>>() + items, shared);
            if let Node::Inner(items) = &**node {
                items.iter().for_each(|(_, child)| each(child, shared, visit));
            }
        }
        if let Root::Tree(root, _) = &self.root {
            each(root, false, visit);
        }
    }
}

impl<V: Clone, const N: usize> Sequence<V, N> {
    /// Inserts a value, and returns the one it replaces. O(log n); at the end of the sequence O(1) amortized.
    pub(crate) fn insert(&mut self, key: u64, value: V) -> Option<V> {
        match &mut self.root {
            Root::Empty => {
                self.root = Root::One((key, value));
                None
            }
            Root::One((only, old)) if *only == key => Some(mem::replace(old, value)),
            Root::One((only, _)) => {
                let index = usize::from(*only < key);
                if let Root::One(element) = mem::replace(&mut self.root, Root::Empty) {
                    let mut items = vec![element];
                    items.insert(index, (key, value));
                    self.root = Root::Tree(Arc::new(Node::Leaf(items)), 2);
                }
                None
            }
            Root::Tree(node, len) => match Self::put(node, key, value, true) {
                Put::Replaced(old) => Some(old),
                Put::Added(split) => {
                    *len += 1;
                    if let Some(right) = split {
                        let left = (0, Arc::clone(node));
                        *node = Arc::new(Node::Inner(vec![left, right]));
                    }
                    None
                }
            },
        }
    }

    /// Removes and returns the value with this key. O(log n); copies nothing if there is none.
    pub(crate) fn remove(&mut self, key: u64) -> Option<V> {
        self.get(key)?;
        let removed = match &mut self.root {
            Root::Empty => None,
            Root::One(_) => match mem::replace(&mut self.root, Root::Empty) {
                Root::One((_, value)) => Some(value),
                _ => None,
            },
            Root::Tree(node, len) => {
                let removed = Self::take(node, key, true);
                *len -= usize::from(removed.is_some());
                removed
            }
        };
        self.lower();
        removed
    }

    /// Inserts below `node`; `edge` says whether it is on the right edge of the tree.
    fn put(node: &mut Arc<Node<V>>, key: u64, value: V, edge: bool) -> Put<V> {
        match Arc::make_mut(node) {
            Node::Leaf(items) => match search(items, key) {
                Ok(index) => Put::Replaced(mem::replace(&mut items[index].1, value)),
                Err(index) => {
                    let split = Self::add(items, index, (key, value), edge);
                    Put::Added(split.map(|right| (right[0].0, Arc::new(Node::Leaf(right)))))
                }
            },
            Node::Inner(items) => {
                let index = child(items, key);
                let last = index + 1 == items.len();
                match Self::put(&mut items[index].1, key, value, edge && last) {
                    Put::Added(Some(right)) => {
                        let split = Self::add(items, index + 1, right, edge);
                        Put::Added(split.map(|right| (right[0].0, Arc::new(Node::Inner(right)))))
                    }
                    done => done,
                }
            }
        }
    }

    /// Inserts an item. If the node was full, splits it and returns the right part.
    fn add<T>(items: &mut Vec<(u64, T)>, index: usize, item: (u64, T), edge: bool) -> Option<Vec<(u64, T)>> {
        if items.len() < N {
            items.insert(index, item);
            return None;
        }
        if edge && index == N {
            return Some(vec![item]);
        }
        let mut right = items.split_off(N / 2);
        if index <= N / 2 {
            items.insert(index, item);
        } else {
            right.insert(index - N / 2, item);
        }
        Some(right)
    }

    /// Removes a present key from below `node`, which may be left with too few items, or none.
    fn take(node: &mut Arc<Node<V>>, key: u64, edge: bool) -> Option<V> {
        match Arc::make_mut(node) {
            Node::Leaf(items) => search(items, key).ok().map(|index| items.remove(index).1),
            Node::Inner(items) => {
                let index = child(items, key);
                let edge = edge && index + 1 == items.len();
                let removed = Self::take(&mut items[index].1, key, edge);
                let left = items[index].1.len();
                if edge && left == 0 {
                    items.pop();
                } else if !edge && left < N / 2 {
                    // It has a sibling: only the right edge may have a parent of one child.
                    Self::level(items, if index + 1 < items.len() { index } else { index - 1 });
                }
                removed
            }
        }
    }

    /// Merges the children at `index` and after it, or balances them if they have too many items for one node.
    fn level(items: &mut Vec<(u64, Arc<Node<V>>)>, index: usize) {
        fn level<T, const N: usize>(left: &mut Vec<(u64, T)>, right: Vec<(u64, T)>) -> Option<Vec<(u64, T)>> {
            left.extend(right);
            (left.len() > N).then(|| left.split_off(left.len() / 2))
        }
        let (_, right) = items.remove(index + 1);
        let right = match (Arc::make_mut(&mut items[index].1), Arc::unwrap_or_clone(right)) {
            (Node::Leaf(left), Node::Leaf(right)) => {
                level::<_, N>(left, right).map(|right| (right[0].0, Arc::new(Node::Leaf(right))))
            }
            (Node::Inner(left), Node::Inner(right)) => {
                level::<_, N>(left, right).map(|right| (right[0].0, Arc::new(Node::Inner(right))))
            }
            _ => unreachable!("siblings are at one level (invariant 3)"),
        };
        if let Some(right) = right {
            items.insert(index + 1, right);
        }
    }

    /// Restores invariant 5.
    fn lower(&mut self) {
        while let Root::Tree(node, _) = &mut self.root {
            match &**node {
                Node::Inner(items) if items.len() == 1 => *node = Arc::clone(&items[0].1),
                Node::Leaf(items) if items.len() == 1 => self.root = Root::One(items[0].clone()),
                _ => return,
            }
        }
    }
}

/// The result of inserting below a node.
enum Put<V> {
    /// The old value of a present key.
    Replaced(V),
    /// The key is new. If the node was split, its new right sibling with its bound.
    Added(Option<(u64, Arc<Node<V>>)>),
}

/// The elements of a [`Sequence`] in the order of their keys. Made by [`Sequence::iter`].
pub(crate) struct Iter<'a, V> {
    items: slice::Iter<'a, (u64, V)>,
    /// The root, and the bound of the next leaf.
    rest: Option<(&'a Node<V>, u64)>,
}

impl<'a, V> Iterator for Iter<'a, V> {
    type Item = (u64, &'a V);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self.items.next() {
            Some((key, value)) => Some((*key, value)),
            None => self.next_leaf(),
        }
    }
}

impl<'a, V> Iter<'a, V> {
    #[cold]
    fn next_leaf(&mut self) -> Option<(u64, &'a V)> {
        // Leaves aren't empty (invariant 4).
        let (root, bound) = self.rest?;
        let (items, next) = root.leaf(bound);
        self.items = items.iter();
        self.rest = next.map(|bound| (root, bound));
        self.items.next().map(|(key, value)| (*key, value))
    }
}

impl<V> Default for Iter<'_, V> {
    /// No elements.
    fn default() -> Self {
        Iter {
            items: [].iter(),
            rest: None,
        }
    }
}

impl<V> Clone for Iter<'_, V> {
    fn clone(&self) -> Self {
        Iter {
            items: self.items.clone(),
            rest: self.rest,
        }
    }
}

impl<'a, V, const N: usize> IntoIterator for &'a Sequence<V, N> {
    type Item = (u64, &'a V);
    type IntoIter = Iter<'a, V>;

    fn into_iter(self) -> Iter<'a, V> {
        self.iter()
    }
}

impl<V: Clone, const N: usize> FromIterator<(u64, V)> for Sequence<V, N> {
    fn from_iter<I: IntoIterator<Item = (u64, V)>>(elements: I) -> Self {
        let mut sequence = Self::new();
        for (key, value) in elements {
            sequence.insert(key, value);
        }
        sequence
    }
}

impl<V, const N: usize> Default for Sequence<V, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V: PartialEq, const N: usize> PartialEq for Sequence<V, N> {
    fn eq(&self, other: &Self) -> bool {
        self.ptr_eq(other) || (self.len() == other.len() && self.iter().eq(other.iter()))
    }
}

impl<V: Eq, const N: usize> Eq for Sequence<V, N> {}

impl<V: fmt::Debug, const N: usize> fmt::Debug for Sequence<V, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl<V, const N: usize> Sequence<V, N> {
    /// Checks the invariants. O(n).
    ///
    /// # Panics
    ///
    /// With the number of an invariant that doesn't hold.
    pub(crate) fn check(&self) {
        let Root::Tree(root, len) = &self.root else {
            return;
        };
        assert!(root.len() >= 2, "5: a root of {} items", root.len());
        let mut keys = Vec::new();
        Self::check_node(root, true, &mut keys);
        assert!(keys.is_sorted_by(|a, b| a < b), "1: keys out of order: {keys:?}");
        assert_eq!(keys.len(), *len, "3: the length");
    }

    /// Checks the subtree of `node`, appends its keys, and returns its level.
    fn check_node(node: &Node<V>, edge: bool, keys: &mut Vec<u64>) -> usize {
        let least = if edge { 1 } else { N / 2 };
        assert!(
            (least..=N).contains(&node.len()),
            "4: {} items, right edge: {edge}",
            node.len()
        );
        let items = match node {
            Node::Leaf(items) => {
                keys.extend(items.iter().map(|item| item.0));
                return 0;
            }
            Node::Inner(items) => items,
        };
        let mut levels = Vec::new();
        for (index, (bound, child)) in items.iter().enumerate() {
            let start = keys.len();
            levels.push(Self::check_node(child, edge && index + 1 == items.len(), keys));
            let apart = *bound <= keys[start] && (start == 0 || keys[start - 1] < *bound);
            assert!(apart, "2: the bound {bound} of child {index}");
        }
        assert!(
            levels.iter().all(|level| *level == levels[0]),
            "3: leaves at several depths"
        );
        levels[0] + 1
    }
}

#[cfg(test)]
mod tests;
