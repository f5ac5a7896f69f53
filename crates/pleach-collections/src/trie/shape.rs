//! The shape of a trie, which follows from its set of keys: what fits a leaf, and which ranges of bytes are groups.

use super::node::{InnerBuilder, LeafBuilder, Node, Prefix, first_of_range};
use smallvec::SmallVec;
use std::ops::Range;

/// The maximum cost of the keys of one leaf: about the bytes of its block. Larger leaves make a trie smaller and lookups
/// cheaper, and copies more expensive. Not tuned yet.
pub(crate) const MAX_LEAF_COST: usize = if cfg!(pleach_tiny_nodes) { 24 } else { 480 };

/// The cost of an entry apart from the bytes of its suffix: a tag, an end and a value.
pub(crate) const fn cost_of_entry<V>() -> usize {
    size_of::<u8>() + size_of::<u16>() + size_of::<V>()
}

/// Whether this many keys are a leaf, if they have this many bytes after their common prefix.
#[inline]
pub(crate) fn fits<V>(keys: usize, bytes: usize) -> bool {
    keys <= 1 || keys.saturating_mul(cost_of_entry::<V>()).saturating_add(bytes) <= MAX_LEAF_COST
}

/// The length of the longest common prefix.
#[inline]
pub(crate) fn common(a: &[u8], b: &[u8]) -> usize {
    const WORD: usize = size_of::<u64>();
    let words = a.chunks_exact(WORD).zip(b.chunks_exact(WORD));
    let equal = WORD * words.take_while(|(a, b)| a == b).count();
    equal + a[equal..].iter().zip(&b[equal..]).take_while(|(a, b)| a == b).count()
}

/// A child of a node that is to be made, and a byte of its range.
pub(crate) type Group<V> = (u8, Node<V>);

/// The groups of a node, or those of a range of bytes.
pub(crate) type Groups<V> = SmallVec<[Group<V>; 8]>;

/// Makes nodes of entries that come in the order of their keys.
pub(crate) struct Build<'k, V, I> {
    keys: &'k [&'k [u8]],
    /// The lengths of all keys before each, together.
    lengths: Vec<usize>,
    /// The values of the keys from the next leaf on.
    values: I,
    /// The nodes that are made, but not yet part of another.
    made: Vec<Node<V>>,
}

/// Work that is left, in reverse order.
enum Task {
    /// Make the node of these keys, of which this many bytes are consumed.
    Make(Range<usize>, usize),
    /// Make an inner node of the last nodes that were made.
    Join {
        /// A key below, and which of its bytes are the prefix.
        key: usize,
        prefix: Range<usize>,
        has_end: bool,
        starts: SmallVec<[u8; 16]>,
    },
}

impl<'k, V, I: Iterator<Item = V>> Build<'k, V, I> {
    /// `keys` rise, and no two are equal; `values` are as many.
    pub(crate) fn new(keys: &'k [&'k [u8]], values: I) -> Self {
        debug_assert!(keys.is_sorted_by(|a, b| a < b));
        let mut lengths = Vec::with_capacity(keys.len() + 1);
        let mut length = 0;
        lengths.push(0);
        lengths.extend(keys.iter().map(|key| {
            length += key.len();
            length
        }));
        Self {
            keys,
            lengths,
            values,
            made: Vec::new(),
        }
    }

    /// The node of all keys.
    pub(crate) fn node(mut self) -> Option<Node<V>> {
        if self.keys.is_empty() {
            return None;
        }
        self.run(Task::Make(0..self.keys.len(), 0));
        self.made.pop()
    }

    /// The groups of all keys, if their first bytes lie in this range.
    pub(crate) fn groups(mut self, start: u8, width: u32) -> Groups<V> {
        let mut ranges = SmallVec::new();
        self.split(0..self.keys.len(), 0, start, width, &mut ranges);
        let mut groups = Groups::new();
        for (byte, keys) in ranges {
            self.run(Task::Make(keys, 0));
            groups.extend(self.made.pop().map(|node| (byte, node)));
        }
        groups
    }

    /// The common prefix of keys, of which `consumed` bytes are left out, and what the keys have after it together.
    fn prefix(&self, keys: &Range<usize>, consumed: usize) -> (usize, usize) {
        let (first, last) = (self.keys[keys.start], self.keys[keys.end - 1]);
        let prefix = common(&first[consumed..], &last[consumed..]);
        let lengths = self.lengths[keys.end] - self.lengths[keys.start];
        (prefix, lengths - keys.len() * (consumed + prefix))
    }

    /// Finds the groups of keys whose byte at `consumed` lies in this range.
    fn split(
        &self,
        keys: Range<usize>,
        consumed: usize,
        start: u8,
        width: u32,
        groups: &mut SmallVec<[(u8, Range<usize>); 16]>,
    ) {
        if keys.is_empty() {
            return;
        }
        if width == 0 || fits::<V>(keys.len(), self.prefix(&keys, consumed).1) {
            groups.push((start, keys));
            return;
        }
        let middle = start | 1 << (width - 1);
        let half = self.keys[keys.clone()].partition_point(|key| key[consumed] < middle);
        self.split(keys.start..keys.start + half, consumed, start, width - 1, groups);
        self.split(keys.start + half..keys.end, consumed, middle, width - 1, groups);
    }

    fn run(&mut self, task: Task) {
        let mut tasks = vec![task];
        while let Some(task) = tasks.pop() {
            match task {
                Task::Make(keys, consumed) => {
                    let (prefix, bytes) = self.prefix(&keys, consumed);
                    let end = consumed + prefix;
                    if fits::<V>(keys.len(), bytes) {
                        let prefix = Prefix::Bytes(&self.keys[keys.start][consumed..end]);
                        let mut leaf = LeafBuilder::new(&prefix, keys.len(), bytes);
                        for (key, value) in self.keys[keys].iter().zip(&mut self.values) {
                            leaf.push(&[], &key[end..], value);
                        }
                        self.made.push(leaf.finish());
                        continue;
                    }
                    let has_end = self.keys[keys.start].len() == end;
                    let mut groups = SmallVec::new();
                    self.split(keys.start + usize::from(has_end)..keys.end, end, 0, 8, &mut groups);
                    tasks.push(Task::Join {
                        key: keys.start,
                        prefix: consumed..end,
                        has_end,
                        starts: groups.iter().map(|(start, _)| *start).collect(),
                    });
                    tasks.extend(groups.into_iter().rev().map(|(_, keys)| Task::Make(keys, end)));
                    if has_end {
                        tasks.push(Task::Make(keys.start..keys.start + 1, end));
                    }
                }
                Task::Join {
                    key,
                    prefix,
                    has_end,
                    starts,
                } => {
                    let prefix = Prefix::Bytes(&self.keys[key][prefix]);
                    let mut node = InnerBuilder::new(&prefix, starts.len(), has_end);
                    let first = self.made.len().saturating_sub(starts.len() + usize::from(has_end));
                    let mut children = self.made.drain(first..);
                    if has_end && let Some(end) = children.next() {
                        node.push_end(end);
                    }
                    for (start, child) in starts.into_iter().zip(children.by_ref()) {
                        node.push(start, child);
                    }
                    drop(children);
                    self.made.push(node.finish());
                }
            }
        }
    }
}

/// The range of a group while others are joined with it.
#[derive(Clone, Copy)]
pub(crate) struct ByteRange {
    pub(crate) start: u8,
    pub(crate) width: u32,
}

impl ByteRange {
    /// The range of a group of an inner node.
    pub(crate) fn of<V>(node: &Node<V>, group: usize) -> Self {
        Self {
            start: node.starts()[group],
            width: node.width(group),
        }
    }

    pub(crate) fn contains(self, byte: u8) -> bool {
        first_of_range(byte, self.width) == self.start
    }

    /// The other half of the next larger range, and that one; `None` if this one has all bytes.
    pub(crate) fn buddy(self) -> Option<(Self, Self)> {
        (self.width < 8).then(|| {
            let buddy = Self {
                start: self.start ^ 1 << self.width,
                width: self.width,
            };
            let width = self.width + 1;
            let larger = Self {
                start: first_of_range(self.start, width),
                width,
            };
            (buddy, larger)
        })
    }
}
