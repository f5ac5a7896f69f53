//! A position in a trie that moves by bytes and by entries.

use super::builder::Builder;
use super::node::{Node, Prefix, Suffixes};
use super::path::PathBuffer;
use super::shape::common;
use alloc::vec::Vec;

/// A node on the way from the base to the focus.
struct Frame<'a, V> {
    node: &'a Node<V>,
    /// The length of the path where the node begins, before its prefix.
    start: usize,
    /// The length of the path behind the node's prefix.
    end: usize,
    /// The next child of an inner node in key order: the one behind that of the next frame, or the first group at the focus.
    next: usize,
}

impl<V> Clone for Frame<'_, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Frame<'_, V> {}

impl<'a, V> Frame<'a, V> {
    #[inline]
    fn new(node: &'a Node<V>, start: usize) -> Self {
        Self {
            node,
            start,
            end: start + node.prefix().len(),
            next: usize::from(node.has_end()),
        }
    }
}

/// The number of entries of a leaf that are tried one by one before a binary search.
const NEAR: usize = 4;

/// A position in a trie: a path that some key begins with.
///
/// The *focus* is in the last frame: within or behind its prefix, or within the suffixes of a leaf. It is never where a child
/// begins, for that is where the parent's prefix ends.
pub(crate) struct Walker<'a, V> {
    path: PathBuffer,
    /// The length of the path at the base, above which the walker can't go.
    base: usize,
    /// The indices within the base, if the base is in a leaf.
    within: (usize, usize),
    /// No `SmallVec`, which is invariant.
    frames: Vec<Frame<'a, V>>,
    /// In a leaf: the first entry that begins with the path.
    index: usize,
    ahead: Ahead<'a, V>,
}

/// The entries of a leaf behind the focus, if the last move was to an entry.
struct Ahead<'a, V> {
    suffixes: Suffixes<'a>,
    values: &'a [V],
    /// The length of the path behind the leaf's prefix.
    end: usize,
    next: usize,
    behind: usize,
}

impl<V> Clone for Ahead<'_, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Ahead<'_, V> {}

impl<V> Clone for Walker<'_, V> {
    fn clone(&self) -> Self {
        Self {
            path: self.path.clone(),
            frames: self.frames.clone(),
            ..*self
        }
    }
}

impl<'a, V> Walker<'a, V> {
    /// At the empty path.
    pub(crate) fn new(root: &'a Node<V>) -> Self {
        let mut frames = Vec::with_capacity(10);
        frames.push(Frame::new(root, 0));
        Self {
            path: PathBuffer::default(),
            base: 0,
            within: (0, usize::MAX),
            frames,
            index: 0,
            ahead: Ahead {
                suffixes: Suffixes::default(),
                values: &[],
                end: 0,
                next: 0,
                behind: 0,
            },
        }
    }

    /// Makes the focus the base.
    pub(crate) fn rebase(&mut self) {
        self.ahead.behind = 0;
        let last = self.frames.len() - 1;
        self.frames.drain(..last);
        self.base = self.path.len();
        if self.last().node.is_leaf() {
            self.within = (self.index, self.end_of_range());
        }
    }

    /// The bytes from the root of the trie to the focus.
    #[inline]
    pub(crate) fn path(&self) -> &[u8] {
        &self.path
    }

    pub(crate) fn into_path(self) -> Vec<u8> {
        self.path.into_vec()
    }

    /// The bytes of the path below the base.
    #[inline]
    pub(crate) fn depth(&self) -> usize {
        self.path.len() - self.base
    }

    #[inline]
    fn last(&self) -> Frame<'a, V> {
        match self.frames.last() {
            Some(frame) => *frame,
            None => unreachable!("the base's frame stays"),
        }
    }

    /// The number of keys that begin with the path.
    pub(crate) fn count(&self) -> usize {
        let node = self.last().node;
        if node.is_leaf() {
            self.end_of_range() - self.index
        } else {
            node.size()
        }
    }

    /// The keys that begin with the path, whole, as a trie of their own. Shares all nodes below the last.
    pub(crate) fn detach(&self) -> Node<V>
    where
        V: Clone,
    {
        let frame = self.last();
        let above = &self.path[..frame.start.min(self.path.len())];
        let prefix = [above, frame.node.prefix()].concat();
        if !frame.node.is_leaf() {
            return frame.node.copy_inner(&Prefix::Bytes(&prefix));
        }
        let mut entries = Builder::<V>::new();
        let mut key = prefix.clone();
        for index in self.index..self.end_of_range() {
            key.truncate(prefix.len());
            key.extend_from_slice(frame.node.suffix(index));
            entries.push_entry(&key, frame.node, index);
        }
        match entries.finish() {
            Some(node) => node,
            None => unreachable!("a path is the beginning of some key"),
        }
    }

    /// In a leaf: the index behind the last entry that begins with the path.
    fn end_of_range(&self) -> usize {
        let frame = self.last();
        let Some(rest) = self.path.get(frame.end..).filter(|rest| !rest.is_empty()) else {
            return frame.node.len();
        };
        let (mut end, mut behind) = (self.index, frame.node.len());
        for _ in 0..NEAR {
            if end == behind || !frame.node.suffix(end).starts_with(rest) {
                return end;
            }
            end += 1;
        }
        while end < behind {
            let middle = end.midpoint(behind);
            if frame.node.suffix(middle).starts_with(rest) {
                end = middle + 1;
            } else {
                behind = middle;
            }
        }
        end
    }

    /// The least byte that continues the path.
    #[inline]
    pub(crate) fn first_byte(&self) -> Option<u8> {
        let frame = self.last();
        let Some(rest) = self.path.len().checked_sub(frame.end) else {
            return frame.node.prefix().get(self.path.len() - frame.start).copied();
        };
        if !frame.node.is_leaf() {
            let child = frame.node.children().get(usize::from(frame.node.has_end()))?;
            return child.prefix().first().or_else(|| child.suffix(0).first()).copied();
        }
        let first = frame.node.suffix(self.index);
        if first.len() > rest {
            return Some(first[rest]);
        }
        // The path is a key, perhaps with others behind.
        let next = self.index + 1;
        let next = (next < frame.node.len()).then(|| frame.node.suffix(next))?;
        next.strip_prefix(first)?.first().copied()
    }

    /// The value of the key that ends at the focus.
    pub(crate) fn value(&self) -> Option<&'a V> {
        let Frame { node, .. } = self.last();
        let rest = self.path.len().checked_sub(self.last().end)?;
        if !node.is_leaf() {
            return node.has_end().then(|| &node.children()[0].values()[0]);
        }
        (node.suffix(self.index).len() == rest).then(|| &node.values()[self.index])
    }

    /// Calls `visit` with each byte that continues the path, in order.
    pub(crate) fn each_byte(&self, mut visit: impl FnMut(u8)) {
        let frame = self.last();
        let Some(rest) = self.path.len().checked_sub(frame.end) else {
            return visit(frame.node.prefix()[self.path.len() - frame.start]);
        };
        let mut last = None;
        let mut visit = |byte: Option<&u8>| {
            if let Some(byte) = byte
                && last.replace(*byte) != Some(*byte)
            {
                visit(*byte);
            }
        };
        if frame.node.is_leaf() {
            let path = &self.path[frame.end..];
            let suffixes = (self.index..frame.node.len()).map(|index| frame.node.suffix(index));
            suffixes
                .take_while(|suffix| suffix.starts_with(path))
                .for_each(|suffix| visit(suffix.get(rest)));
            return;
        }
        for child in &frame.node.children()[usize::from(frame.node.has_end())..] {
            match child.prefix().first() {
                Some(byte) => visit(Some(byte)),
                None => (0..child.len()).for_each(|index| visit(child.suffix(index).first())),
            }
        }
    }

    /// Goes down along `bytes`, or stays if no key continues with them.
    pub(crate) fn descend(&mut self, bytes: &[u8]) -> bool {
        self.ahead.behind = 0;
        let before = self.path.len();
        let mut left = bytes;
        while !left.is_empty() {
            let frame = self.last();
            let within = self.path.len() - frame.start;
            if let Some(prefix) = frame.node.prefix().get(within..).filter(|rest| !rest.is_empty()) {
                let count = common(prefix, left);
                if count < prefix.len().min(left.len()) {
                    self.truncate(before);
                    return false;
                }
                self.path.extend_from_slice(&left[..count]);
                left = &left[count..];
            } else if frame.node.is_leaf() {
                let from = within - frame.node.prefix().len();
                let found = self.narrow(frame.node, from, left);
                if !found {
                    self.truncate(before);
                }
                return found;
            } else {
                // A group may have keys for its range and none for the byte.
                let Some(child) = frame.node.child_index(left[0]) else {
                    self.truncate(before);
                    return false;
                };
                self.enter(child);
                let node = self.last().node;
                if node.prefix().first().is_some_and(|byte| *byte != left[0]) {
                    self.frames.pop();
                    self.reset_next();
                    self.truncate(before);
                    return false;
                }
            }
        }
        true
    }

    /// In a leaf, behind its prefix and `from` bytes of suffixes: goes down along `bytes`, or stays.
    fn narrow(&mut self, leaf: &Node<V>, from: usize, bytes: &[u8]) -> bool {
        let start = self.path.len();
        self.path.extend_from_slice(bytes);
        let rest = &self.path[start - from..];
        let near = self.index..leaf.len().min(self.index + NEAR);
        let first = near.clone().find(|index| leaf.suffix(*index) >= rest);
        let first = first.unwrap_or_else(|| leaf.lower_bound_from(near.end, rest));
        if first < leaf.len() && leaf.suffix(first).starts_with(rest) {
            self.index = first;
            return true;
        }
        self.path.truncate(start);
        false
    }

    /// Pushes the frame of a child of the last node, behind whose prefix the path must end.
    #[inline]
    fn enter(&mut self, child: usize) -> Frame<'a, V> {
        let start = self.path.len();
        let Some(last) = self.frames.last_mut() else {
            unreachable!("the base's frame stays");
        };
        last.next = child + 1;
        let node = &last.node.children()[child];
        let frame = Frame::new(node, start);
        self.frames.push(frame);
        self.index = 0;
        frame
    }

    /// The focus is at the last node, not below.
    fn reset_next(&mut self) {
        if let Some(last) = self.frames.last_mut() {
            last.next = usize::from(last.node.has_end());
        }
    }

    /// Goes up by `count` bytes, at most to the base.
    pub(crate) fn ascend(&mut self, count: usize) {
        self.ahead.behind = 0;
        self.truncate(self.path.len().saturating_sub(count).max(self.base));
    }

    /// Goes up to a path of this length, not above the base.
    fn truncate(&mut self, length: usize) {
        if length >= self.path.len() && self.last().start < length {
            return;
        }
        self.path.truncate(length);
        while self.frames.len() > 1 && self.last().start >= length {
            self.frames.pop();
        }
        let frame = self.last();
        if !frame.node.is_leaf() {
            self.reset_next();
            self.index = 0;
            return;
        }
        // The focus was in this leaf, at an entry that begins with the path.
        let rest = self.path.get(frame.end..).unwrap_or_default();
        for _ in 0..NEAR {
            if self.index == 0 || !frame.node.suffix(self.index - 1).starts_with(rest) {
                return;
            }
            self.index -= 1;
        }
        self.index = frame.node.lower_bound(rest);
    }

    /// Goes to the next entry after the focus in key order, whose path has the first `depth` bytes below the base in common
    /// with this one; up to these if there is none. With `beyond`, entries below the focus are passed over.
    #[inline]
    pub(crate) fn forward(&mut self, beyond: bool, depth: usize) -> Option<&'a V> {
        let Ahead { end, next, behind, .. } = self.ahead;
        if next < behind && !beyond && self.base + depth <= end {
            self.path.replace_end(end, self.ahead.suffixes, next);
            (self.index, self.ahead.next) = (next, next + 1);
            return Some(&self.ahead.values[next]);
        }
        self.forward_from_anywhere(beyond, depth)
    }

    fn forward_from_anywhere(&mut self, beyond: bool, depth: usize) -> Option<&'a V> {
        let floor = self.base + depth;
        let frame = self.last();
        let within = self.path.len() - frame.start;
        let found = if frame.node.is_leaf() {
            let rest = within.checked_sub(frame.node.prefix().len());
            let next = match rest {
                _ if beyond => self.end_of_range(),
                Some(rest) if frame.node.suffix(self.index).len() == rest => self.index + 1,
                _ => self.index,
            };
            self.at_entry(frame, next, floor)
        } else if beyond {
            None
        } else if within < frame.node.prefix().len() {
            self.path.truncate(frame.start);
            Some(self.first(frame))
        } else {
            self.next_child()
        };
        let found = found.or_else(|| self.leave(floor));
        if found.is_none() {
            self.truncate(floor);
            // The focus may be at the end of an inner node whose children were all passed.
            self.reset_next();
        }
        self.look_ahead(found.is_some());
        found
    }

    /// After a move: finds the entries behind the focus, if that is at an entry of a leaf.
    fn look_ahead(&mut self, is_entry: bool) {
        let Frame { node, end, .. } = self.last();
        self.ahead.behind = 0;
        if is_entry && node.is_leaf() {
            self.ahead = Ahead {
                suffixes: node.all_suffixes(),
                values: node.values(),
                end,
                next: self.index + 1,
                behind: if self.frames.len() == 1 {
                    self.within.1.min(node.len())
                } else {
                    node.len()
                },
            };
        }
    }

    /// Goes to an entry of the last node, a leaf, if it has one there whose path agrees up to `floor`.
    #[inline]
    fn at_entry(&mut self, frame: Frame<'a, V>, index: usize, floor: usize) -> Option<&'a V> {
        let leaf = frame.node;
        if index >= leaf.len() || (self.frames.len() == 1 && index >= self.within.1) {
            return None;
        }
        let (end, suffix) = (frame.end, leaf.suffix(index));
        if floor > end && suffix.get(..floor - end) != self.path.get(end..floor) {
            return None;
        }
        if self.path.len() < end {
            self.path.truncate(frame.start);
            self.path.extend_from_slice(leaf.prefix());
        }
        self.path.replace_end(end, leaf.all_suffixes(), index);
        self.index = index;
        Some(&leaf.values()[index])
    }

    /// Goes to the first entry of the next child of the last node, an inner one at whose end the path is.
    #[inline]
    fn next_child(&mut self) -> Option<&'a V> {
        let frame = self.last();
        if frame.next >= frame.node.len() {
            return None;
        }
        let frame = self.enter(frame.next);
        Some(self.first(frame))
    }

    /// Goes to the first entry of the last node, at whose beginning the path is.
    fn first(&mut self, frame: Frame<'a, V>) -> &'a V {
        let mut frame = frame;
        loop {
            self.path.extend_from_slice(frame.node.prefix());
            if frame.node.is_leaf() {
                self.path.extend_from_slice(frame.node.suffix(0));
                self.index = 0;
                return &frame.node.values()[0];
            }
            self.reset_next();
            if frame.node.has_end() {
                return &frame.node.children()[0].values()[0];
            }
            frame = self.enter(0);
        }
    }

    /// Leaves the last node for the first entry behind it, if that agrees with the path up to `floor`.
    fn leave(&mut self, floor: usize) -> Option<&'a V> {
        while self.frames.len() > 1 {
            let start = self.last().start;
            if start < floor {
                return None;
            }
            self.frames.pop();
            self.path.truncate(start);
            if let Some(value) = self.next_child() {
                return Some(value);
            }
        }
        None
    }

    /// Goes to the last entry of the last node, at whose beginning the path is.
    fn last_below(&mut self, frame: Frame<'a, V>) -> &'a V {
        let mut frame = frame;
        loop {
            self.path.extend_from_slice(frame.node.prefix());
            if frame.node.is_leaf() {
                let index = frame.node.len() - 1;
                self.path.extend_from_slice(frame.node.suffix(index));
                self.index = index;
                return &frame.node.values()[index];
            }
            frame = self.enter(frame.node.len() - 1);
        }
    }

    /// Goes to the entry before the one at the focus; stays if that is the first.
    pub(crate) fn backward(&mut self) -> Option<&'a V> {
        self.ahead.behind = 0;
        let frame = self.last();
        if frame.node.is_leaf() {
            let first = if self.frames.len() == 1 { self.within.0 } else { 0 };
            if self.index > first {
                return self.at_entry(frame, self.index - 1, 0);
            }
        }
        // The frames to leave are known before the first is left.
        let mut depth = self.frames.len();
        while depth > 1 {
            let parent = self.frames[depth - 2];
            // The child that the walk is in has the index `next - 1`.
            let Some(before) = parent.next.checked_sub(2) else {
                depth -= 1;
                continue;
            };
            self.path.truncate(self.frames[depth - 1].start);
            self.frames.truncate(depth - 1);
            if before == 0 && parent.node.has_end() {
                self.reset_next();
                return Some(&parent.node.children()[0].values()[0]);
            }
            let frame = self.enter(before);
            return Some(self.last_below(frame));
        }
        None
    }

    /// Goes to the entry that has this many entries before it in the trie; the focus must be at the empty path.
    pub(crate) fn nth(&mut self, index: usize) -> Option<&'a V> {
        self.ahead.behind = 0;
        let mut frame = self.last();
        if index >= frame.node.size() {
            return None;
        }
        let mut left = index;
        loop {
            self.path.extend_from_slice(frame.node.prefix());
            if frame.node.is_leaf() {
                self.path.extend_from_slice(frame.node.suffix(left));
                self.index = left;
                return Some(&frame.node.values()[left]);
            }
            let mut child = 0;
            while left >= frame.node.children()[child].size() {
                left -= frame.node.children()[child].size();
                child += 1;
            }
            if child == 0 && frame.node.has_end() {
                self.reset_next();
                return Some(&frame.node.children()[0].values()[0]);
            }
            frame = self.enter(child);
        }
    }
}

/// The number of keys that are less than this one.
pub(crate) fn rank<V>(root: &Node<V>, key: &[u8]) -> usize {
    let (mut node, mut rest, mut before) = (root, key, 0);
    loop {
        let prefix = node.prefix();
        let Some(after) = rest.strip_prefix(prefix) else {
            return if rest > prefix { before + node.size() } else { before };
        };
        if node.is_leaf() {
            return before + node.lower_bound(after);
        }
        let Some(byte) = after.first() else {
            return before;
        };
        let Some(child) = node.child_index(*byte) else {
            return before + usize::from(node.has_end());
        };
        before += node.children()[..child].iter().map(Node::size).sum::<usize>();
        (node, rest) = (&node.children()[child], after);
    }
}

/// The number of keys that begin with a prefix.
pub(crate) fn count_prefix<V>(root: &Node<V>, prefix: &[u8]) -> usize {
    let (mut node, mut rest) = (root, prefix);
    loop {
        let Some(after) = rest.strip_prefix(node.prefix()) else {
            return if node.prefix().starts_with(rest) {
                node.size()
            } else {
                0
            };
        };
        let Some(byte) = after.first() else {
            return node.size();
        };
        if node.is_leaf() {
            let first = node.lower_bound(after);
            return (first..node.len())
                .take_while(|index| node.suffix(*index).starts_with(after))
                .count();
        }
        let Some(child) = node.child_index(*byte) else {
            return 0;
        };
        (node, rest) = (&node.children()[child], after);
    }
}

/// The longest key that the given one begins with, as its length, and its value.
pub(crate) fn longest_prefix<'a, V>(root: &'a Node<V>, key: &[u8]) -> Option<(usize, &'a V)> {
    let (mut node, mut rest, mut found) = (root, key, None);
    while let Some(after) = rest.strip_prefix(node.prefix()) {
        let consumed = key.len() - after.len();
        if node.is_leaf() {
            let fitting = (0..node.len())
                .rev()
                .find(|index| after.starts_with(node.suffix(*index)));
            return fitting
                .map(|index| (consumed + node.suffix(index).len(), &node.values()[index]))
                .or(found);
        }
        if node.has_end() {
            found = Some((consumed, &node.children()[0].values()[0]));
        }
        let Some(child) = after.first().and_then(|byte| node.child_index(*byte)) else {
            break;
        };
        (node, rest) = (&node.children()[child], after);
    }
    found
}
