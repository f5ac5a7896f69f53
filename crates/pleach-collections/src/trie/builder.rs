//! Builds tries of entries and shared nodes that come in the order of their keys.

use super::node::{Groups, InnerBuilder, LeafBuilder, Node, Prefix};
use super::shape::{ByteRange, common, fits};
use alloc::vec::Vec;
use core::marker::PhantomData;
use core::ops::Range;
use smallvec::SmallVec;

/// Builds the trie of a sequence of keys in one pass.
///
/// The sequence has entries, and whole nodes of other tries, which the result shares where its shape has them too. Nodes are
/// finished as soon as the next key shows that no more keys belong to them, so the builder holds a few leaves for each level
/// of the trie, whatever the number of keys.
///
/// *Levels* are the lengths at which two neighbouring keys diverge, of which those on the path to the last key are open.
/// When a level closes, its items become an inner node, which is one item of the level above; or they stay, if they fit a
/// leaf, until it is known what else is in the leaf.
pub(crate) struct Builder<'a, V, C = Cloned> {
    /// The last key: of a leaf its last, of an inner node the common prefix of its keys.
    last: Vec<u8>,
    /// The number of bytes that the next key is known to have in common with the last one.
    known: usize,
    /// The keys of the items, one behind the other.
    bytes: Vec<u8>,
    items: Vec<Item<'a, V>>,
    /// The open levels, outermost first.
    levels: SmallVec<[Level; 16]>,
    /// The number of all keys so far, and of their bytes.
    total: Sum,
    /// Inner nodes that the result may contain: those on the path to the last key, outermost first.
    offers: Vec<Offer<'a, V>>,
    /// Those that were offered since.
    new_offers: Vec<Offer<'a, V>>,
    units: Vec<Unit>,
    clones: PhantomData<C>,
}

/// The length of the common prefix of an inner node's keys, and the node.
type Offer<'a, V> = (usize, &'a Node<V>);

/// How values come from nodes that the result doesn't share.
pub(crate) trait Clones<V> {
    fn clone(value: &V) -> V;
}

/// Values are cloned.
pub(crate) struct Cloned;

impl<V: Clone> Clones<V> for Cloned {
    #[inline]
    fn clone(value: &V) -> V {
        value.clone()
    }
}

/// There are no nodes but those that are made.
pub(crate) struct Never;

impl<V> Clones<V> for Never {
    fn clone(_: &V) -> V {
        unreachable!("no node is pushed")
    }
}

/// A number of keys, and of their bytes. (A trie's keys may have more bytes together than there are addresses.)
#[derive(Clone, Copy, Default)]
struct Sum {
    keys: usize,
    bytes: u64,
}

impl Sum {
    fn since(self, before: Self) -> Self {
        Self {
            keys: self.keys - before.keys,
            bytes: self.bytes - before.bytes,
        }
    }

    /// The number of bytes behind the first `depth` of each key.
    fn below(self, depth: usize) -> u64 {
        self.bytes - self.keys as u64 * depth as u64
    }

    fn fits<V>(self, depth: usize) -> bool {
        fits::<V>(self.keys, self.below(depth))
    }
}

/// One or more keys that are neighbours, and not yet part of a finished node.
struct Item<'a, V> {
    content: Content<'a, V>,
    /// Where the key begins in `bytes`; it ends where the next one begins.
    start: usize,
    /// How many bytes of the key are left out there.
    from: usize,
    /// The keys before this item, and their bytes.
    before: Sum,
}

enum Content<'a, V> {
    /// An entry with its value.
    Value(V),
    /// An entry of a leaf.
    Entry(&'a Node<V>, usize),
    /// A whole leaf. The item's key is the common prefix. Its neighbours diverge from it there or before.
    Leaf(&'a Node<V>),
    /// An inner node, all keys with that prefix. The item's key is the prefix.
    Inner(&'a Node<V>),
    /// As `Inner`, made here.
    Made(Node<V>),
    /// Became part of a node.
    Taken,
}

#[derive(Clone, Copy)]
struct Level {
    depth: usize,
    /// The first of its items.
    start: usize,
    /// How many bytes its items leave out of their keys: the depth of the innermost level that is far below the next outer one.
    from: usize,
}

/// A level this far below the next outer one leaves the common prefix out of its items' keys.
const FAR: usize = if cfg!(pleach_tiny_nodes) { 2 } else { 256 };

/// Keys of one item whose next byte is the same.
#[derive(Clone, Copy)]
struct Unit {
    byte: u8,
    item: usize,
    /// Of a leaf, these entries.
    start: usize,
    end: usize,
    before: Sum,
}

impl<'a, V, C: Clones<V>> Builder<'a, V, C> {
    pub(crate) fn new() -> Self {
        Self {
            last: Vec::new(),
            known: 0,
            bytes: Vec::new(),
            items: Vec::new(),
            levels: SmallVec::new(),
            total: Sum::default(),
            offers: Vec::new(),
            new_offers: Vec::new(),
            units: Vec::new(),
            clones: PhantomData,
        }
    }

    /// Makes room for entries that all are in a few leaves.
    pub(crate) fn with_capacity(keys: usize, bytes: usize) -> Self {
        let mut builder = Self::new();
        builder.items.reserve(keys);
        builder.units.reserve(keys);
        builder.bytes.reserve(bytes);
        builder.last.reserve(bytes / keys.max(1));
        builder
    }

    /// Says that the next key has this many bytes in common with the last one, or more.
    #[inline]
    pub(crate) fn know(&mut self, length: usize) {
        self.known = length;
    }

    /// The number of keys so far.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.total.keys
    }

    /// Says that the result may contain this inner node of another trie, whose keys have a common prefix of this length. Its
    /// children come next, or what replaces them.
    pub(crate) fn offer(&mut self, prefix: usize, node: &'a Node<V>) {
        while self.new_offers.last().is_some_and(|(depth, _)| *depth > prefix) {
            self.new_offers.pop();
        }
        self.new_offers.push((prefix, node));
    }

    /// The length of the common prefix of the last key and `key`.
    #[inline]
    fn common(&mut self, key: &[u8]) -> usize {
        let known = core::mem::take(&mut self.known).min(key.len()).min(self.last.len());
        debug_assert_eq!(self.last[..known], key[..known]);
        known + common(&self.last[known..], &key[known..])
    }

    /// Adds an entry, and returns whether its key is greater than the last one: if not, the builder is of no use any more.
    #[inline]
    pub(crate) fn push(&mut self, key: &[u8], value: V) -> bool {
        self.entry(key, Content::Value(value))
    }

    /// As [`push`](Self::push), of a key that is known to be greater.
    #[inline]
    pub(crate) fn push_in_order(&mut self, key: &[u8], value: V) {
        let greater = self.push(key, value);
        debug_assert!(greater);
    }

    /// Adds an entry of a leaf, whose key this is.
    #[inline]
    pub(crate) fn push_entry(&mut self, key: &[u8], leaf: &'a Node<V>, index: usize) {
        let greater = self.entry(key, Content::Entry(leaf, index));
        debug_assert!(greater);
    }

    #[inline]
    fn entry(&mut self, key: &[u8], content: Content<'a, V>) -> bool {
        let length = self.common(key);
        if !self.items.is_empty() {
            if self.last.get(length) >= key.get(length) {
                return false;
            }
            self.diverge(length);
        }
        self.last.truncate(length);
        self.last.extend_from_slice(&key[length..]);
        self.append(content, key.len(), 1, key.len() as u64);
        true
    }

    /// Adds a node with all its keys, whose common prefix this is: no other key of the sequence begins with that of an inner
    /// node, or lies between the keys of a leaf.
    pub(crate) fn push_node(&mut self, prefix: &[u8], node: &'a Node<V>) {
        let length = self.common(prefix);
        let keys = node.size();
        let bytes = node.weight() + keys as u64 * prefix.len() as u64;
        if !node.is_leaf() {
            debug_assert!(length < prefix.len() || self.items.is_empty());
            if !self.items.is_empty() {
                self.diverge(length);
            }
            self.last.truncate(length);
            self.last.extend_from_slice(&prefix[length..]);
            return self.append(Content::Inner(node), prefix.len(), keys, bytes);
        }
        let first = !self.items.is_empty() && self.last.get(length) == node.suffix(0).first();
        let within = length == prefix.len() && first && self.last.len() > length;
        if within {
            // The last key diverges from this leaf's first one behind its prefix.
            for index in 0..keys {
                let key = [prefix, node.suffix(index)].concat();
                self.push_entry(&key, node, index);
            }
            return;
        }
        if !self.items.is_empty() {
            self.diverge(length);
        }
        self.last.truncate(length);
        self.last.extend_from_slice(&prefix[length..]);
        self.last.extend_from_slice(node.suffix(keys - 1));
        self.append(Content::Leaf(node), prefix.len(), keys, bytes);
    }

    /// Adds all entries of a node with `path` before their keys, but for one entry of a leaf.
    pub(crate) fn push_below(&mut self, path: &[u8], node: &'a Node<V>, without: Option<(&Node<V>, usize)>) {
        let mut stack: SmallVec<[(&Node<V>, usize); 8]> = SmallVec::new();
        let mut key = path.to_vec();
        stack.push((node, 0));
        while let Some((node, next)) = stack.last_mut() {
            if *next == 0 {
                key.extend_from_slice(node.prefix());
            }
            if node.is_leaf() {
                let start = key.len();
                for index in 0..node.len() {
                    if without.is_none_or(|(leaf, at)| !(node.ptr_eq(leaf) && at == index)) {
                        key.extend_from_slice(node.suffix(index));
                        self.push_entry(&key, node, index);
                        key.truncate(start);
                    }
                }
            } else if let Some(child) = node.children().get(*next) {
                *next += 1;
                stack.push((child, 0));
                continue;
            }
            key.truncate(key.len() - node.prefix().len());
            stack.pop();
        }
    }

    /// Adds an item whose key is the first `length` bytes of the last key.
    #[inline]
    fn append(&mut self, content: Content<'a, V>, length: usize, keys: usize, bytes: u64) {
        let from = self.levels.last().map_or(0, |level| level.from);
        self.items.push(Item {
            content,
            start: self.bytes.len(),
            from,
            before: self.total,
        });
        self.bytes.extend_from_slice(&self.last[from..length]);
        if !self.new_offers.is_empty() {
            self.offers.append(&mut self.new_offers);
        }
        self.total.keys += keys;
        self.total.bytes += bytes;
    }

    /// Closes the levels that end with the last key, if the next one diverges from it at this length.
    #[inline]
    fn diverge(&mut self, length: usize) {
        if let Some(Item {
            content: Content::Leaf(leaf),
            start,
            from,
            ..
        }) = self.items.last()
        {
            let (leaf, prefix) = (*leaf, self.bytes.len() - start + from);
            if length > prefix {
                self.expand_last(leaf, prefix);
            }
        }
        let mut start = self.items.len() - 1;
        while let Some(level) = self.levels.last().copied()
            && level.depth > length
        {
            self.levels.pop();
            let above = self.levels.last().map_or(length, |outer| outer.depth.max(length));
            start = level.start;
            self.close(level, above);
        }
        while self.offers.last().is_some_and(|(depth, _)| *depth > length) {
            self.offers.pop();
        }
        let outer = self.levels.last().map_or(0, |outer| outer.depth);
        if self.levels.is_empty() || outer < length {
            let from = self.omitted_at(length);
            self.levels.push(Level {
                depth: length,
                start,
                from,
            });
        }
    }

    /// How many bytes of their keys the items leave out of the level at this depth, which is the innermost or one below.
    fn omitted_at(&self, depth: usize) -> usize {
        let (outer, from) = self.levels.last().map_or((0, 0), |outer| (outer.depth, outer.from));
        if depth - outer > FAR { depth } else { from }
    }

    /// Replaces the last item, a leaf with a prefix of this length, by its entries.
    #[cold]
    fn expand_last(&mut self, leaf: &'a Node<V>, prefix: usize) {
        if let Some(item) = self.items.pop() {
            self.bytes.truncate(item.start);
            self.total = item.before;
        }
        for index in 0..leaf.len() {
            let suffix = leaf.suffix(index);
            let mut length = prefix;
            if index > 0 {
                length += common(leaf.suffix(index - 1), suffix);
                self.diverge(length);
            }
            self.last.truncate(length);
            self.last.extend_from_slice(&suffix[length - prefix..]);
            self.append(Content::Entry(leaf, index), self.last.len(), 1, self.last.len() as u64);
        }
    }

    /// Closes a level, whose prefix the last key begins with, and which lies below one at the depth `above`.
    fn close(&mut self, level: Level, above: usize) {
        let Level { depth, start, from } = level;
        let before = self.items[start].before;
        if self.total.since(before).fits::<V>(depth) {
            if from == depth && self.omitted_at(above) < depth {
                self.complete_keys(start, depth, self.omitted_at(above));
            }
            return;
        }
        let node = self.inner(start, depth, above);
        // Frees what was left of the items' contents: nothing but references.
        self.bytes.truncate(self.items[start].start);
        self.items.truncate(start);
        let from = self.levels.last().map_or(0, |outer| outer.from);
        self.items.push(Item {
            content: Content::Made(node),
            start: self.bytes.len(),
            from,
            before,
        });
        self.bytes.extend_from_slice(&self.last[from..depth]);
    }

    /// Writes what items have left out of their keys, from `from` up to `depth`, which the last key has too.
    #[cold]
    fn complete_keys(&mut self, start: usize, depth: usize, from: usize) {
        let old = self.bytes.split_off(self.items[start].start);
        let (first, mut end) = (self.bytes.len(), old.len());
        // From the back, where each key ends is known.
        let mut lengths: SmallVec<[usize; 16]> = SmallVec::new();
        for item in self.items[start..].iter().rev() {
            let begin = item.start - first;
            lengths.push(end - begin);
            end = begin;
        }
        for (item, length) in self.items[start..].iter_mut().zip(lengths.iter().rev()) {
            let key = &old[end..end + length];
            end += length;
            item.start = self.bytes.len();
            if item.from == depth && from < depth {
                self.bytes.extend_from_slice(&self.last[from..depth]);
                item.from = from;
            }
            self.bytes.extend_from_slice(key);
        }
    }

    /// The key of an item from this byte on.
    #[inline]
    fn key(&self, item: usize, depth: usize) -> &[u8] {
        let Item { start, from, .. } = self.items[item];
        let end = self.items.get(item + 1).map_or(self.bytes.len(), |next| next.start);
        &self.bytes[start + depth - from..end]
    }

    /// Finds the units of all items from `start` on, by their bytes at `depth`.
    fn find_units(&mut self, start: usize, depth: usize) {
        self.units.clear();
        for item in start..self.items.len() {
            let before = self.items[item].before;
            let first = self.key(item, depth).first().copied();
            let Content::Leaf(leaf) = self.items[item].content else {
                self.units.push(Unit {
                    byte: first.unwrap_or(0),
                    item,
                    start: 0,
                    end: 1,
                    before,
                });
                continue;
            };
            if let Some(byte) = first {
                let (start, end) = (0, leaf.len());
                self.units.push(Unit {
                    byte,
                    item,
                    start,
                    end,
                    before,
                });
                continue;
            }
            let (mut start, mut before) = (0, before);
            while start < leaf.len() {
                let first = leaf.suffix(start).first();
                let mut end = start;
                let mut sum = before;
                while end < leaf.len() && leaf.suffix(end).first() == first {
                    sum.keys += 1;
                    sum.bytes += (depth + leaf.suffix(end).len()) as u64;
                    end += 1;
                }
                let byte = first.copied().unwrap_or(0);
                self.units.push(Unit {
                    byte,
                    item,
                    start,
                    end,
                    before,
                });
                (start, before) = (end, sum);
            }
        }
    }

    fn sum_of(&self, units: &Range<usize>) -> Sum {
        let end = self.units.get(units.end).map_or(self.total, |unit| unit.before);
        end.since(self.units[units.start].before)
    }

    /// Finds the groups of units whose bytes lie in a range.
    fn split(
        &self,
        units: Range<usize>,
        depth: usize,
        range: ByteRange,
        groups: &mut SmallVec<[(u8, Range<usize>); 16]>,
    ) {
        if units.is_empty() {
            return;
        }
        let ByteRange { start, width } = range;
        if width == 0 || self.sum_of(&units).fits::<V>(depth) {
            groups.push((start, units));
            return;
        }
        let middle = start | 1 << (width - 1);
        let half = units.start + self.units[units.clone()].partition_point(|unit| unit.byte < middle);
        for (units, start) in [(units.start..half, start), (half..units.end, middle)] {
            let width = width - 1;
            self.split(units, depth, ByteRange { start, width }, groups);
        }
    }

    /// Makes the inner node of all items from `start` on, which have a common prefix up to `depth`.
    fn inner(&mut self, start: usize, depth: usize, above: usize) -> Node<V> {
        self.find_units(start, depth);
        let has_end = match &self.items[start].content {
            Content::Leaf(leaf) => self.key(start, depth).is_empty() && leaf.suffix(0).is_empty(),
            _ => self.key(start, depth).is_empty(),
        };
        let mut groups = SmallVec::new();
        let first = usize::from(has_end);
        self.split(first..self.units.len(), depth, ByteRange::ALL, &mut groups);
        let mut children: Groups<V> = Groups::with_capacity(groups.len());
        let end = has_end.then(|| self.group(0..1, depth));
        for (byte, units) in groups {
            let child = self.group(units, depth);
            children.push((byte, child));
        }
        let prefix = &self.last[above..depth];
        let same = |node: &Node<V>| {
            let ours = end.iter().chain(children.iter().map(|(_, child)| child));
            node.len() == children.len() + first
                && node.has_end() == has_end
                && node.children().iter().zip(ours).all(|(a, b)| a.ptr_eq(b))
        };
        let offers = self.offers.iter().rev().take_while(|(offered, _)| *offered >= depth);
        for (offered, node) in offers {
            if *offered == depth && same(node) {
                return with_prefix::<V, C>(node, prefix);
            }
        }
        let mut node = InnerBuilder::new(&Prefix::Bytes(prefix), children.len(), has_end);
        if let Some(end) = end {
            node.push_end(end);
        }
        children.into_iter().for_each(|(byte, child)| node.push(byte, child));
        node.finish()
    }

    /// Makes the node of these units, with a common prefix up to `depth`, which is left out.
    fn group(&mut self, units: Range<usize>, depth: usize) -> Node<V> {
        let (first, last) = (self.units[units.start], self.units[units.end - 1]);
        let one = first.item == last.item;
        match &mut self.items[first.item].content {
            Content::Leaf(leaf) if one && first.start == 0 && last.end == leaf.len() => {
                let leaf = *leaf;
                return with_prefix::<V, C>(leaf, self.key(first.item, depth));
            }
            Content::Inner(node) if one => {
                let node = *node;
                return with_prefix::<V, C>(node, self.key(first.item, depth));
            }
            content @ Content::Made(_) if one => {
                if let Content::Made(node) = core::mem::replace(content, Content::Taken) {
                    let prefix = self.key(first.item, depth);
                    // Most often made with the right prefix.
                    return if node.prefix().len() == prefix.len() {
                        node
                    } else {
                        with_prefix::<V, C>(&node, prefix)
                    };
                }
            }
            Content::Entry(leaf, 0) if last.item - first.item + 1 == leaf.len() && units.len() == leaf.len() => {
                let leaf = *leaf;
                let items = &self.items[first.item..=last.item];
                let all = items.iter().enumerate().all(|(index, item)| match item.content {
                    Content::Entry(other, at) => at == index && other.ptr_eq(leaf),
                    _ => false,
                });
                if all {
                    let prefix = self.key(first.item, depth).len() - leaf.suffix(0).len();
                    return with_prefix::<V, C>(leaf, &self.key(first.item, depth)[..prefix]);
                }
            }
            _ => {}
        }
        let sum = self.sum_of(&units);
        let (lead, head) = self.first_key(first, depth);
        let (tail_lead, tail) = self.last_key(last, depth);
        let prefix: SmallVec<[u8; 64]> = common_of(lead, head, tail_lead, tail);
        let consumed = depth + prefix.len();
        let mut leaf = LeafBuilder::new(&Prefix::Bytes(&prefix), sum.keys, sum.below(consumed) as usize);
        for index in units {
            let Unit { item, start, end, .. } = self.units[index];
            match core::mem::replace(&mut self.items[item].content, Content::Taken) {
                Content::Value(value) => leaf.push(&[], self.key(item, consumed), value),
                Content::Entry(from, at) => leaf.push(&[], self.key(item, consumed), C::clone(&from.values()[at])),
                Content::Leaf(from) => {
                    self.items[item].content = Content::Leaf(from);
                    let lead = self.key(item, depth);
                    for at in start..end {
                        let suffix = from.suffix(at);
                        let (lead, suffix) = match lead.get(prefix.len()..) {
                            Some(lead) => (lead, suffix),
                            None => (&[][..], &suffix[prefix.len() - lead.len()..]),
                        };
                        leaf.push(lead, suffix, C::clone(&from.values()[at]));
                    }
                }
                Content::Inner(_) | Content::Made(_) | Content::Taken => unreachable!("not in a leaf"),
            }
        }
        leaf.finish()
    }

    /// The first key of a unit of entries from `depth` on, in two pieces.
    fn first_key(&self, unit: Unit, depth: usize) -> (&[u8], &[u8]) {
        match &self.items[unit.item].content {
            Content::Leaf(leaf) => (self.key(unit.item, depth), leaf.suffix(unit.start)),
            _ => (self.key(unit.item, depth), &[]),
        }
    }

    fn last_key(&self, unit: Unit, depth: usize) -> (&[u8], &[u8]) {
        let start = unit.end - 1;
        self.first_key(Unit { start, ..unit }, depth)
    }

    /// Returns the trie of all keys.
    pub(crate) fn finish(mut self) -> Option<Node<V>> {
        if self.items.is_empty() {
            return None;
        }
        while let Some(level) = self.levels.pop() {
            let above = self.levels.last().map_or(0, |outer| outer.depth);
            self.close(level, above);
        }
        self.units.clear();
        for (item, Item { content, before, .. }) in self.items.iter().enumerate() {
            let end = match content {
                Content::Leaf(leaf) => leaf.len(),
                _ => 1,
            };
            self.units.push(Unit {
                byte: 0,
                item,
                start: 0,
                end,
                before: *before,
            });
        }
        Some(self.group(0..self.units.len(), 0))
    }

    /// Returns the groups of all keys, if their first bytes lie in this range.
    pub(crate) fn groups(mut self, range: ByteRange) -> Groups<V> {
        while let Some(level) = self.levels.pop().filter(|level| level.depth > 0) {
            self.close(level, self.levels.last().map_or(0, |outer| outer.depth));
        }
        self.find_units(0, 0);
        let mut groups = SmallVec::new();
        self.split(0..self.units.len(), 0, range, &mut groups);
        groups
            .into_iter()
            .map(|(byte, units)| (byte, self.group(units, 0)))
            .collect()
    }
}

/// The common prefix of two keys that come in two pieces each.
fn common_of(lead: &[u8], head: &[u8], other_lead: &[u8], other: &[u8]) -> SmallVec<[u8; 64]> {
    if head.is_empty() && other.is_empty() {
        return lead[..common(lead, other_lead)].into();
    }
    let mut key: SmallVec<[u8; 64]> = lead.into();
    key.extend_from_slice(head);
    let mut length = common(&key, other_lead);
    if length == other_lead.len() {
        length += common(&key[length..], other);
    }
    key.truncate(length);
    key
}

/// A node of the same keys with another prefix; the node itself if that has the same length.
pub(crate) fn with_prefix<V, C: Clones<V>>(node: &Node<V>, prefix: &[u8]) -> Node<V> {
    if node.prefix() == prefix {
        return node.clone();
    }
    let prefix = Prefix::Bytes(prefix);
    if !node.is_leaf() {
        return node.copy_inner(&prefix);
    }
    let mut leaf = LeafBuilder::new(&prefix, node.size(), node.suffixes().len());
    for (index, value) in node.values().iter().enumerate() {
        leaf.push(&[], node.suffix(index), C::clone(value));
    }
    leaf.finish()
}
