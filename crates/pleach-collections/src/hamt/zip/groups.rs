//! The groups of the result of a walk, and the nodes built from them.

use super::operand::{Operand, Region};
use crate::hamt::edit;
use crate::hamt::node::{Children, LeafBuilder, Node};
use crate::hamt::{BITS_PER_LEVEL, Keys, MAX_LEAF_LEN, SLOTS, SlotBitmap, rest, slot_of_tag, sort_by_hash, tag};
use alloc::vec::Vec;
use smallvec::{Array, SmallVec};

/// An entry of the result: borrowed from an operand, or new.
pub(super) enum Source<'a, K, V> {
    Kept(&'a (K, V)),
    New((K, V)),
}

/// Entries of the result and their tags.
pub(super) type List<'a, K, V> = Vec<(u16, Source<'a, K, V>)>;

/// The contents of a group of the result.
pub(super) enum Content<'a, K, V> {
    Empty,
    /// A node of an operand, and the operand's index if it has the node in the same group.
    Kept(&'a Node<K, V>, Option<u8>),
    /// A new node.
    New(Node<K, V>),
    /// The next entries of the list of the [`Groups`], by their number.
    Entries(usize),
}

impl<K, V> Content<'_, K, V> {
    /// The number of entries.
    fn size(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Kept(node, _) => node.size(),
            Self::New(node) => node.size(),
            Self::Entries(count) => *count,
        }
    }
}

pub(super) struct Group<'a, K, V> {
    pub(super) first: u32,
    width: u32,
    content: Content<'a, K, V>,
}

impl<'a, K, V> Group<'a, K, V> {
    pub(super) fn new(at: Region, content: Content<'a, K, V>) -> Self {
        Self {
            first: at.first,
            width: at.width,
            content,
        }
    }

    /// The group's child; `None` if it is vacant or its entries are on the list.
    pub(super) fn into_child(self) -> Option<Node<K, V>> {
        match self.content {
            Content::Empty | Content::Entries(_) => None,
            Content::Kept(node, _) => Some(node.clone()),
            Content::New(node) => Some(node),
        }
    }
}

/// The groups of the result at one level so far, and the entries of those that will be leaves.
pub(super) struct Groups<'a, K, V> {
    level: u32,
    groups: SmallVec<[Group<'a, K, V>; SLOTS as usize]>,
    /// The entries of this level, after those of the levels above: all levels share one list.
    pub(super) entries: List<'a, K, V>,
    /// The start of this level's entries.
    base: usize,
    /// The end of the entries that are in groups.
    grouped: usize,
}

impl<'a, K: Clone, V: Clone> Groups<'a, K, V> {
    pub(super) fn new(level: u32) -> Self {
        Self {
            level,
            groups: SmallVec::new(),
            entries: Vec::new(),
            base: 0,
            grouped: 0,
        }
    }

    /// The groups at a level, with entries at the end of a list that [`give_back`](Self::give_back) returns.
    pub(super) fn over(level: u32, list: &mut List<'a, K, V>) -> Self {
        Self::from(level, list.len(), list)
    }

    /// As [`over`](Self::over), with the list's entries from `base` on.
    pub(super) fn from(level: u32, base: usize, list: &mut List<'a, K, V>) -> Self {
        Self {
            level,
            groups: SmallVec::new(),
            entries: core::mem::take(list),
            base,
            grouped: base,
        }
    }

    /// The groups of the level above, which [take over](Self::push_below) the list.
    pub(super) fn above(&self) -> Self {
        Self {
            level: self.level - 1,
            groups: SmallVec::new(),
            entries: Vec::new(),
            base: self.base,
            grouped: self.base,
        }
    }

    /// Returns the list, without this level's entries.
    pub(super) fn give_back(mut self, list: &mut List<'a, K, V>) {
        self.entries.truncate(self.base);
        *list = self.entries;
    }

    /// Adds a group that [`move_to`](Self::move_to) moved out.
    pub(super) fn add(&mut self, group: Group<'a, K, V>) {
        let region = Region {
            level: self.level,
            first: group.first,
            width: group.width,
        };
        self.push(region, group.content);
    }

    /// Removes all groups of this level.
    pub(super) fn clear(&mut self) {
        self.groups.clear();
        self.entries.truncate(self.base);
        self.grouped = self.base;
    }

    /// Adds the next group, and joins it with the groups before it that are its buddies and fit in a leaf with it.
    #[inline]
    pub(super) fn push(&mut self, region: Region, content: Content<'a, K, V>) {
        // The common case: neighbours in an operand, so they don't fit in a leaf.
        if let (
            Some(Group {
                content: Content::Kept(_, Some(a)),
                ..
            }),
            Content::Kept(_, Some(b)),
        ) = (self.groups.last(), &content)
            && a == b
        {
            self.groups.push(Group {
                first: region.first,
                width: region.width,
                content,
            });
            return;
        }
        if let Content::Entries(count) = content {
            self.grouped += count;
        }
        self.groups.push(Group {
            first: region.first,
            width: region.width,
            content,
        });
        while self.join() {}
    }

    /// Adds the groups that another walk built for the next region.
    #[cfg(feature = "rayon")]
    pub(super) fn append(&mut self, at: Region, next: Self) {
        let mut entries = next.entries.into_iter();
        for group in next.groups {
            if let Content::Entries(count) = group.content {
                self.entries.extend(entries.by_ref().take(count));
            }
            let region = Region {
                first: group.first,
                width: group.width,
                ..at
            };
            self.push(region, group.content);
        }
    }

    /// Joins the last two groups if they are the halves of one and fit in a leaf.
    fn join(&mut self) -> bool {
        let [.., low, high] = self.groups.as_mut_slice() else {
            return false;
        };
        let width = low.width;
        if width != high.width || width == BITS_PER_LEVEL || (low.first >> width) & 1 == 1 {
            return false;
        }
        // Neighbours in an operand, so they don't fit in a leaf.
        if let (Content::Kept(_, Some(a)), Content::Kept(_, Some(b))) = (&low.content, &high.content)
            && a == b
        {
            return false;
        }
        let (low_size, high_size) = (low.content.size(), high.content.size());
        if low_size + high_size > MAX_LEAF_LEN {
            return false;
        }
        let a = core::mem::replace(&mut low.content, Content::Empty);
        let b = core::mem::replace(&mut high.content, Content::Empty);
        low.width += 1;
        self.groups.pop();
        let content = match (a, b) {
            (Content::Kept(node, _), Content::Empty) | (Content::Empty, Content::Kept(node, _)) => {
                Content::Kept(node, None)
            }
            (content, Content::Empty) | (Content::Empty, content) => content,
            (a, b) => {
                if !matches!(b, Content::Entries(_)) {
                    self.list(self.grouped, b);
                    self.grouped += high_size;
                }
                if !matches!(a, Content::Entries(_)) {
                    self.list(self.grouped - high_size, a);
                    self.grouped += low_size;
                }
                Content::Entries(low_size + high_size)
            }
        };
        if let Some(joined) = self.groups.last_mut() {
            joined.content = content;
        }
        true
    }

    /// Inserts the entries of a leaf into the list.
    fn list(&mut self, at: usize, leaf: Content<'a, K, V>) {
        match leaf {
            Content::Kept(leaf, _) => drop(self.entries.splice(at..at, kept(leaf))),
            Content::New(leaf) => {
                let entries = leaf.into_items().into_iter();
                drop(
                    self.entries
                        .splice(at..at, entries.map(|(tag, entry)| (tag, Source::New(entry)))),
                );
            }
            Content::Empty | Content::Entries(_) => {}
        }
    }

    /// Adds an operand's contents in a region.
    pub(super) fn push_operand(&mut self, region: Region, operand: Operand<'a, '_, K, V>, of: usize) {
        match operand {
            Operand::Empty => self.push(region, Content::Empty),
            Operand::Node(node) => {
                node.prefetch_count();
                self.push(region, Content::Kept(node, Some(of as u8)));
            }
            Operand::Items(run) => {
                self.entries
                    .extend(run.iter().map(|(tag, entry)| (tag, Source::Kept(entry))));
                self.push(region, Content::Entries(run.tags.len()));
            }
            Operand::Groups(node) => {
                let mut first = region.first;
                while first < region.first + (1 << region.width) {
                    let (_, _, width) = node.group(first);
                    let content = node
                        .child(first)
                        .map_or(Content::Empty, |child| Content::Kept(child, Some(of as u8)));
                    self.push(Region { first, width, ..region }, content);
                    first += 1 << width;
                }
            }
        }
    }

    /// Moves all groups of this level to a list, building leaves of their entries. Returns the number of entries.
    pub(super) fn move_to<A: Array<Item = Group<'a, K, V>>>(&mut self, list: &mut SmallVec<A>) -> usize {
        let mut size = 0;
        let mut entries = self.entries.drain(self.base..);
        for mut group in self.groups.drain(..) {
            size += group.content.size();
            if let Content::Entries(count) = group.content {
                group.content = Content::New(new_leaf(&mut entries, count));
            }
            list.push(group);
        }
        drop(entries);
        self.grouped = self.base;
        size
    }

    /// Adds the groups of a region for the next `count` entries of the list.
    pub(super) fn push_entries(&mut self, region: Region, count: usize, keys: &impl Keys<K>) {
        if count == 0 {
            self.push(region, Content::Empty);
        } else if count <= MAX_LEAF_LEN || region.is_exhausted() {
            self.push(region, Content::Entries(count));
        } else if region.width > 0 {
            let [low, high] = region.halves();
            let entries = &self.entries[self.grouped..][..count];
            let of_low = entries.partition_point(|(tag, _)| slot_of_tag(*tag) < high.first);
            self.push_entries(low, of_low, keys);
            self.push_entries(high, count - of_low, keys);
        } else {
            let entries = self.entries.drain(self.grouped..self.grouped + count);
            let with_hash = |(_, source): (u16, Source<'_, K, V>)| {
                let entry = source.into_entry();
                (keys.hash(&entry.0), entry)
            };
            let mut items: Vec<_> = entries.map(with_hash).collect();
            sort_by_hash(&mut items);
            let (starts, children) = edit::groups(items, self.level + 1, 0, BITS_PER_LEVEL);
            self.push(region, Content::New(Node::inner(starts, children)));
        }
    }

    /// Returns the node of the groups: that of a single one, or an inner node.
    pub(super) fn into_node(mut self) -> Option<Node<K, V>> {
        self.take_node()
    }

    fn take_node(&mut self) -> Option<Node<K, V>> {
        let alone = self.groups.len() == 1;
        let mut entries = self.entries.drain(self.base..);
        let mut starts: SlotBitmap = 0;
        let mut children = Children::new();
        for group in core::mem::take(&mut self.groups) {
            starts |= 1 << group.first;
            children.push(match group.content {
                Content::Empty => None,
                Content::Kept(node, _) => Some(node.clone()),
                Content::New(node) => Some(node),
                Content::Entries(count) => Some(new_leaf(&mut entries, count)),
            });
        }
        if alone {
            children.pop().flatten()
        } else {
            Some(Node::inner(starts, children))
        }
    }

    /// Adds the groups of all slots of the level below as one group.
    pub(super) fn push_below(&mut self, region: Region, mut below: Groups<'a, K, V>, keys: &impl Keys<K>) {
        if below.groups.len() > 1 {
            let content = below.take_node().map_or(Content::Empty, Content::New);
            self.entries = below.entries;
            return self.push(region, content);
        }
        // They fit in a leaf, whose tags are those of this level.
        self.entries = below.entries;
        if let Some(group) = below.groups.pop() {
            self.list(self.entries.len(), group.content);
        }
        let entries = &mut self.entries[below.base..];
        for (old, source) in &mut *entries {
            *old = tag(rest(keys.hash(&source.entry().0), self.level));
        }
        sort_by_hash(entries);
        let count = entries.len();
        self.push_entries(region, count, keys);
    }
}

/// Builds a leaf of the next `count` entries of a list.
pub(super) fn new_leaf<'a, K: Clone + 'a, V: Clone + 'a>(
    entries: &mut impl Iterator<Item = (u16, Source<'a, K, V>)>,
    count: usize,
) -> Node<K, V> {
    let mut leaf = LeafBuilder::new(count);
    for (tag, source) in entries.take(count) {
        leaf.push(tag, source.into_entry());
    }
    leaf.finish()
}

impl<K, V> Source<'_, K, V> {
    fn entry(&self) -> &(K, V) {
        match self {
            Source::Kept(entry) => entry,
            Source::New(entry) => entry,
        }
    }

    fn into_entry(self) -> (K, V)
    where
        K: Clone,
        V: Clone,
    {
        match self {
            Source::Kept(entry) => entry.clone(),
            Source::New(entry) => entry,
        }
    }
}

/// Returns the entries of an operand's leaf.
fn kept<K, V>(leaf: &Node<K, V>) -> impl Iterator<Item = (u16, Source<'_, K, V>)> {
    leaf.tags().iter().copied().zip(leaf.entries().iter().map(Source::Kept))
}
