//! The result of a walk, put together group by group.

use super::{Part, Region};
use crate::hamt::edit;
use crate::hamt::node::{Children, LeafBuilder, Node};
use crate::hamt::{BITS, Bits, Keys, LEAF, SLOTS, rest, slot_of_tag, tag};
use smallvec::SmallVec;

/// Where an entry of the result comes from.
pub(super) enum Source<'a, K, V> {
    Kept(&'a (K, V)),
    New((K, V)),
}

/// What a group of the result holds.
pub(super) enum Content<'a, K, V> {
    Empty,
    /// A node; if it serves the slots that it serves in an operand, of which operand.
    Kept(&'a Node<K, V>, Option<usize>),
    /// A new inner node.
    New(Node<K, V>),
    /// The next so many entries of the list that comes with the groups.
    Entries(usize),
}

pub(super) struct Group<'a, K, V> {
    first: u32,
    width: u32,
    content: Content<'a, K, V>,
}

/// The groups of the result's nodes at one level, as they come, with the entries of those that will be leaves.
pub(super) struct Groups<'a, K, V> {
    level: u32,
    groups: SmallVec<[Group<'a, K, V>; SLOTS as usize]>,
    /// In front are those of the levels above: one list serves all.
    pub(super) entries: Vec<(u16, Source<'a, K, V>)>,
    /// Where this level's entries begin.
    base: usize,
    /// Where those end that are in groups.
    grouped: usize,
}

impl<'a, K, V> Groups<'a, K, V> {
    pub(super) fn new(level: u32) -> Self {
        Self {
            level,
            groups: SmallVec::new(),
            entries: Vec::new(),
            base: 0,
            grouped: 0,
        }
    }

    /// For the level below. To be given back.
    pub(super) fn below(&mut self) -> Self {
        let entries = std::mem::take(&mut self.entries);
        Self {
            level: self.level + 1,
            groups: SmallVec::new(),
            base: entries.len(),
            grouped: entries.len(),
            entries,
        }
    }

    /// Takes the list back, without what the level below has added to it.
    pub(super) fn discard(&mut self, below: Self) {
        self.entries = below.entries;
        self.entries.truncate(below.base);
    }

    /// Adds the next group, and joins it with what has come before if both fit in a leaf.
    #[inline]
    pub(super) fn push(&mut self, region: Region, content: Content<'a, K, V>) {
        // The common case: they are side by side in an operand, so they did not fit there.
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

    /// Adds the groups that another walk has found in the next region.
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
        if width != high.width || width == BITS || (low.first >> width) & 1 == 1 {
            return false;
        }
        let size = |content: &Content<'a, K, V>| match content {
            Content::Empty => 0,
            Content::Kept(node, _) => node.size(),
            Content::New(_) => usize::MAX,
            Content::Entries(count) => *count,
        };
        let content = match (&low.content, &high.content) {
            // They are side by side in an operand, so they did not fit there.
            (Content::Kept(_, Some(a)), Content::Kept(_, Some(b))) if a == b => return false,
            (a, b) if size(a).saturating_add(size(b)) > LEAF => return false,
            (Content::Empty, Content::Empty) => Content::Empty,
            (Content::Kept(node, _), Content::Empty) | (Content::Empty, Content::Kept(node, _)) => {
                Content::Kept(node, None)
            }
            (a, b) => {
                let (low_size, high_size) = (size(a), size(b));
                if let Content::Kept(node, _) = b {
                    self.entries.splice(self.grouped..self.grouped, kept(node));
                    self.grouped += high_size;
                }
                if let Content::Kept(node, _) = a {
                    let at = self.grouped - high_size;
                    self.entries.splice(at..at, kept(node));
                    self.grouped += low_size;
                }
                Content::Entries(low_size + high_size)
            }
        };
        low.content = content;
        low.width += 1;
        self.groups.pop();
        true
    }

    /// Adds what an operand has in a region.
    pub(super) fn keep(&mut self, region: Region, part: Part<'a, '_, K, V>, of: usize) {
        match part {
            Part::Empty => self.push(region, Content::Empty),
            Part::Node(node) => {
                node.prefetch_count();
                self.push(region, Content::Kept(node, Some(of)));
            }
            Part::Items(run) => {
                self.entries
                    .extend(run.iter().map(|(tag, entry)| (tag, Source::Kept(entry))));
                self.push(region, Content::Entries(run.tags.len()));
            }
            Part::Groups(node) => {
                let mut first = region.first;
                while first < region.first + (1 << region.width) {
                    let (_, _, width) = node.group(first);
                    let content = node
                        .child(first)
                        .map_or(Content::Empty, |child| Content::Kept(child, Some(of)));
                    self.push(Region { first, width, ..region }, content);
                    first += 1 << width;
                }
            }
        }
    }
}

impl<'a, K: Clone, V: Clone> Groups<'a, K, V> {
    /// Makes the next `count` entries of the list groups for a region.
    pub(super) fn settle(&mut self, region: Region, count: usize, keys: &impl Keys<K>) {
        if count == 0 {
            self.push(region, Content::Empty);
        } else if count <= LEAF || region.is_exhausted() {
            self.push(region, Content::Entries(count));
        } else if region.width > 0 {
            let [low, high] = region.halves();
            let entries = &self.entries[self.grouped..][..count];
            let of_low = entries.partition_point(|(tag, _)| slot_of_tag(*tag) < high.first);
            self.settle(low, of_low, keys);
            self.settle(high, count - of_low, keys);
        } else {
            let entries = self.entries.drain(self.grouped..self.grouped + count);
            let with_hash = |(_, source): (u16, Source<'_, K, V>)| {
                let entry = source.into_entry();
                (keys.hash(&entry.0), entry)
            };
            let mut items: Vec<_> = entries.map(with_hash).collect();
            items.sort_by_key(|(hash, _)| *hash);
            let (starts, children) = edit::groups(items, self.level + 1, 0, BITS);
            self.push(region, Content::New(Node::inner(starts, children)));
        }
    }

    /// The nodes of the groups: one, or an inner node of several.
    pub(super) fn into_node(mut self) -> Option<Node<K, V>> {
        self.take_node()
    }

    fn take_node(&mut self) -> Option<Node<K, V>> {
        let alone = self.groups.len() == 1;
        let mut entries = self.entries.drain(self.base..);
        let mut starts: Bits = 0;
        let mut children = Children::new();
        for group in std::mem::take(&mut self.groups) {
            starts |= 1 << group.first;
            children.push(match group.content {
                Content::Empty => None,
                Content::Kept(node, _) => Some(node.clone()),
                Content::New(node) => Some(node),
                Content::Entries(count) => {
                    let mut leaf = LeafBuilder::new(count);
                    for (tag, source) in entries.by_ref().take(count) {
                        leaf.push(tag, source.into_entry());
                    }
                    Some(leaf.finish())
                }
            });
        }
        if alone {
            children.pop().flatten()
        } else {
            Some(Node::inner(starts, children))
        }
    }

    /// Adds the groups of all slots at the level below as one group here.
    pub(super) fn push_below(&mut self, region: Region, mut below: Groups<'a, K, V>, keys: &impl Keys<K>) {
        if below.groups.len() > 1 {
            let content = below.take_node().map_or(Content::Empty, Content::New);
            self.entries = below.entries;
            return self.push(region, content);
        }
        // They fit in a leaf, whose tags are of this level.
        self.entries = below.entries;
        if let Some(Group {
            content: Content::Kept(node, _),
            ..
        }) = below.groups.first()
        {
            self.entries.extend(kept(node));
        }
        let entries = &mut self.entries[below.base..];
        for (old, source) in &mut *entries {
            *old = tag(rest(keys.hash(&source.entry().0), self.level));
        }
        entries.sort_by_key(|(tag, _)| *tag);
        let count = entries.len();
        self.settle(region, count, keys);
    }
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

/// The entries of a leaf.
fn kept<K, V>(leaf: &Node<K, V>) -> impl Iterator<Item = (u16, Source<'_, K, V>)> {
    leaf.tags().iter().copied().zip(leaf.entries().iter().map(Source::Kept))
}
