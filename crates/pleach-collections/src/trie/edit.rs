//! One key at a time: find, insert, remove.
//!
//! Code of the user, which may panic, is what clones and drops values. A change clones all that it needs before it changes
//! a node, and drops what it replaces when all nodes are right again: so a panic leaves the trie as it was or as it should be.

use super::node::{InnerBuilder, LeafBuilder, Node, Parts, Prefix};
use super::shape::{Build, ByteRange, Groups, common, fits};
use smallvec::SmallVec;

/// Finds the leaf that has a key, and the key's index there.
#[inline]
fn find<'a, V>(root: &'a Node<V>, key: &[u8]) -> Option<(&'a Node<V>, usize)> {
    let (mut node, mut rest) = (root, key);
    loop {
        rest = rest.strip_prefix(node.prefix())?;
        if node.is_leaf() {
            return node.find(rest).map(|index| (node, index));
        }
        node = match rest.first() {
            Some(byte) => &node.children()[node.child_index(*byte)?],
            None if node.has_end() => &node.children()[0],
            None => return None,
        };
    }
}

/// The value of a key.
#[inline]
pub(crate) fn get<'a, V>(root: &'a Node<V>, key: &[u8]) -> Option<&'a V> {
    find(root, key).map(|(leaf, index)| &leaf.values()[index])
}

/// The value of a key, for writing. Copies nothing if it is missing.
pub(crate) fn get_mut<'a, V: Clone>(root: &'a mut Node<V>, key: &[u8]) -> Option<&'a mut V> {
    find(root, key)?;
    let (mut node, mut rest) = (root, key);
    loop {
        rest = rest.strip_prefix(node.prefix())?;
        if node.is_leaf() {
            let index = node.find(rest)?;
            node.unshare_leaf();
            return node.values_mut().get_mut(index);
        }
        node.unshare_inner();
        let index = match rest.first() {
            Some(byte) => node.child_index(*byte)?,
            None => 0,
        };
        node = &mut node.children_mut()[index];
    }
}

/// Where a new key belongs.
enum Place<'a, V> {
    /// The key is there.
    Taken,
    /// In this leaf, or in what it becomes.
    Leaf(&'a Node<V>),
    /// Beside this inner node, whose prefix it does not have.
    Beside(&'a Node<V>),
    /// In this inner node, as a child of its own.
    Child(&'a Node<V>),
}

/// A place, and how to get there.
struct Path<'a, V> {
    place: Place<'a, V>,
    /// The number of nodes above.
    depth: usize,
    /// The bytes of the key that these have consumed.
    consumed: usize,
    /// Whether the node or one above has other owners.
    shared: bool,
}

fn seek<'a, V>(root: &'a Node<V>, key: &[u8]) -> Path<'a, V> {
    let (mut node, mut consumed, mut depth, mut shared) = (root, 0, 0, false);
    loop {
        shared |= node.is_shared();
        let path = |place| Path {
            place,
            depth,
            consumed,
            shared,
        };
        let rest = key[consumed..].strip_prefix(node.prefix());
        if node.is_leaf() {
            let found = rest.and_then(|rest| node.find(rest));
            return path(if found.is_some() {
                Place::Taken
            } else {
                Place::Leaf(node)
            });
        }
        let Some(rest) = rest else {
            return path(Place::Beside(node));
        };
        let child = match rest.first() {
            Some(byte) => {
                let skip = usize::from(node.has_end());
                let child = node.child_index(*byte);
                child.filter(|child| ByteRange::of(node, child - skip).contains(*byte))
            }
            None => node.has_end().then_some(0),
        };
        let Some(child) = child else {
            return path(Place::Child(node));
        };
        consumed = key.len() - rest.len();
        depth += 1;
        node = &node.children()[child];
    }
}

/// Makes all nodes down to the depth this trie's own, counts `keys` more with the bytes of this key, and returns the place
/// of the node there. Runs no code of the user.
fn descend<'a, V>(root: &'a mut Node<V>, key: &[u8], depth: usize, keys: isize) -> &'a mut Node<V> {
    let (mut node, mut rest) = (root, key);
    for _ in 0..depth {
        node.unshare_inner();
        rest = rest.get(node.prefix().len()..).unwrap_or_default();
        node.grow(keys, keys * rest.len() as isize);
        let child = match rest.first() {
            Some(byte) => node.child_index(*byte).unwrap_or(0),
            None => 0,
        };
        node = &mut node.children_mut()[child];
    }
    node
}

/// Inserts an entry, or replaces the value of the key and returns the old one.
pub(crate) fn insert<V: Clone>(root: &mut Option<Node<V>>, key: &[u8], value: V) -> Option<V> {
    let Some(root) = root else {
        *root = Some(single(key, value));
        return None;
    };
    let path = seek(root, key);
    let (depth, consumed) = (path.depth, path.consumed);
    let rest = &key[consumed..];
    let new = match path.place {
        Place::Taken => {
            let Some(present) = get_mut(root, key) else {
                unreachable!("a key that was just found is found");
            };
            return Some(std::mem::replace(present, value));
        }
        Place::Leaf(leaf) => {
            let place = Insertion::new(leaf, rest);
            if !fits::<V>(leaf.size() + 1, place.bytes) {
                return burst(root, key, depth, consumed, value);
            }
            if !path.shared {
                descend(root, key, depth, 1).replace_with(|leaf| place.insert(Parts::of(leaf), rest, value));
                return None;
            }
            place.insert(Parts::of(leaf.clone()), rest, value)
        }
        Place::Beside(inner) => beside(inner, rest, value),
        Place::Child(inner) => {
            let rest = &rest[inner.prefix().len()..];
            match rest.first() {
                Some(byte) => {
                    let at = inner.starts().partition_point(|start| start < byte);
                    with_groups(inner, at..at, [(*byte, single(rest, value))], None)
                }
                None => with_groups(inner, 0..0, [], Some(single(rest, value))),
            }
        }
    };
    // Dropped when the trie is right again.
    let _old = std::mem::replace(descend(root, key, depth, 1), new);
    None
}

fn single<V>(key: &[u8], value: V) -> Node<V> {
    let mut leaf = LeafBuilder::new(&Prefix::Bytes(key), 1, 0);
    leaf.push(&[], &[], value);
    leaf.finish()
}

/// What the insertion of a key makes of a leaf.
struct Insertion {
    index: usize,
    /// The length of the new prefix.
    prefix: usize,
    /// What all keys have after it.
    bytes: usize,
}

impl Insertion {
    fn new<V>(leaf: &Node<V>, key: &[u8]) -> Self {
        let old = leaf.prefix();
        let prefix = common(old, key);
        let index = if prefix == old.len() {
            leaf.lower_bound(&key[prefix..])
        } else if key[prefix..] < old[prefix..] {
            0
        } else {
            leaf.size()
        };
        let bytes = leaf.weight() + leaf.size() * (old.len() - prefix) + key.len() - prefix;
        Self { index, prefix, bytes }
    }

    fn insert<V: Clone>(&self, mut old: Parts<V>, key: &[u8], value: V) -> Node<V> {
        let suffix = &key[self.prefix..];
        if self.prefix == old.prefix().len() {
            let mut leaf = LeafBuilder::new(&old.shared_prefix(), old.len() + 1, self.bytes);
            leaf.extend(&mut old, self.index);
            leaf.push(&[], suffix, value);
            leaf.extend(&mut old, usize::MAX);
            return leaf.finish();
        }
        let prefix: SmallVec<[u8; 64]> = old.prefix().into();
        let (prefix, lead) = prefix.split_at(self.prefix);
        let mut leaf = LeafBuilder::new(&Prefix::Bytes(prefix), old.len() + 1, self.bytes);
        let mut value = Some(value);
        for index in 0..=old.len() {
            if index == self.index
                && let Some(value) = value.take()
            {
                leaf.push(&[], suffix, value);
            }
            if let Some(value) = old.next_value() {
                leaf.push(lead, old.suffix(index), value);
            }
        }
        leaf.finish()
    }
}

/// Inserts a key whose leaf is too small for it.
#[cold]
fn burst<V: Clone>(root: &mut Node<V>, key: &[u8], depth: usize, consumed: usize, value: V) -> Option<V> {
    let (parent, leaf) = locate(root, key, depth);
    let mut entries = Entries::default();
    entries.add(leaf, 0);
    entries.insert(&key[consumed..], value);
    let (place, new) = match parent {
        Some((parent, group)) => {
            let range = ByteRange::of(parent, group);
            let groups = entries.groups(range);
            (depth - 1, with_groups(parent, group..group + 1, groups, None))
        }
        None => match entries.node() {
            Some(node) => (depth, node),
            None => unreachable!("there is a key"),
        },
    };
    let _old = std::mem::replace(descend(root, key, place, 1), new);
    None
}

/// The node at a depth on the path of a key; and its parent, with its index among the groups there.
fn locate<'a, V>(root: &'a Node<V>, key: &[u8], depth: usize) -> (Option<(&'a Node<V>, usize)>, &'a Node<V>) {
    let (mut parent, mut node, mut rest) = (None, root, key);
    for _ in 0..depth {
        rest = &rest[node.prefix().len()..];
        let child = rest.first().and_then(|byte| node.child_index(*byte)).unwrap_or(0);
        // The end is no group, and never has to be split or joined.
        parent = child
            .checked_sub(usize::from(node.has_end()))
            .map(|group| (node, group));
        node = &node.children()[child];
    }
    (parent, node)
}

/// An inner node and a key that does not have all of its prefix, as one node.
fn beside<V>(inner: &Node<V>, key: &[u8], value: V) -> Node<V> {
    let prefix = inner.prefix();
    let length = common(prefix, key);
    let (both, rest) = (Prefix::Bytes(&prefix[..length]), &key[length..]);
    let old = inner.copy_inner(&Prefix::Bytes(&prefix[length..]));
    let byte = prefix[length];
    let new = single(rest, value);
    match rest.first() {
        None => {
            let mut node = InnerBuilder::new(&both, 1, true);
            node.push_end(new);
            node.push(byte, old);
            node.finish()
        }
        Some(first) => {
            let mut node = InnerBuilder::new(&both, 2, false);
            let mut groups = [(byte, old), (*first, new)];
            groups.sort_by_key(|(byte, _)| *byte);
            for (byte, child) in groups {
                node.push(byte, child);
            }
            node.finish()
        }
    }
}

/// An inner node with other groups in the place of those in `at`, and with an end if one is given. Runs no code of the user.
fn with_groups<V>(
    inner: &Node<V>,
    at: std::ops::Range<usize>,
    new: impl IntoIterator<Item = (u8, Node<V>), IntoIter: ExactSizeIterator>,
    end: Option<Node<V>>,
) -> Node<V> {
    let new = new.into_iter();
    let has_end = inner.has_end() || end.is_some();
    let groups = inner.groups() - at.len() + new.len();
    let mut node = InnerBuilder::new(&inner.shared_prefix(), groups, has_end);
    let skip = usize::from(inner.has_end());
    if let Some(end) = end.or_else(|| inner.has_end().then(|| inner.children()[0].clone())) {
        node.push_end(end);
    }
    let old = || {
        inner
            .starts()
            .iter()
            .copied()
            .zip(inner.children()[skip..].iter().cloned())
    };
    old().take(at.start).for_each(|(start, child)| node.push(start, child));
    new.for_each(|(start, child)| node.push(start, child));
    old().skip(at.end).for_each(|(start, child)| node.push(start, child));
    node.finish()
}

/// Entries of leaves, to be put together anew.
pub(crate) struct Entries<V> {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    values: Vec<V>,
}

impl<V> Default for Entries<V> {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            ends: Vec::new(),
            values: Vec::new(),
        }
    }
}

impl<V: Clone> Entries<V> {
    /// Adds an entry behind the others.
    pub(crate) fn push(&mut self, pieces: &[&[u8]], value: V) {
        pieces.iter().for_each(|piece| self.bytes.extend_from_slice(piece));
        self.ends.push(self.bytes.len());
        self.values.push(value);
    }

    /// Adds all entries of a leaf behind the others, but for this many bytes of their prefix.
    pub(crate) fn add(&mut self, leaf: &Node<V>, consumed: usize) {
        for (index, value) in leaf.values().iter().enumerate() {
            self.push(&[&leaf.prefix()[consumed..], leaf.suffix(index)], value.clone());
        }
    }

    fn keys(&self) -> Vec<&[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .map(|(start, end)| &self.bytes[start..*end])
            .collect()
    }

    /// Adds an entry where it belongs.
    fn insert(&mut self, key: &[u8], value: V) {
        let at = self.keys().partition_point(|other| *other < key);
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        self.bytes.splice(start..start, key.iter().copied());
        self.ends.insert(at, start);
        self.ends[at..].iter_mut().for_each(|end| *end += key.len());
        self.values.insert(at, value);
    }

    /// The node of all entries.
    pub(crate) fn node(mut self) -> Option<Node<V>> {
        let values = std::mem::take(&mut self.values);
        Build::new(&self.keys(), values.into_iter()).node()
    }

    /// The groups of all entries, if their first bytes lie in this range.
    fn groups(mut self, range: ByteRange) -> Groups<V> {
        let values = std::mem::take(&mut self.values);
        Build::new(&self.keys(), values.into_iter()).groups(range.start, range.width)
    }
}

/// Takes out an entry. Copies nothing if the key is missing.
pub(crate) fn remove<V: Clone>(root: &mut Option<Node<V>>, key: &[u8]) -> Option<V> {
    let top = root.as_ref()?;
    let (found, index) = find(top, key)?;
    // The topmost node that becomes a leaf.
    let (mut node, mut rest, mut depth, mut shared) = (top, key, 0, false);
    loop {
        shared |= node.is_shared();
        rest = &rest[node.prefix().len()..];
        if node.is_leaf() || fits::<V>(node.size() - 1, node.weight() - rest.len()) {
            break;
        }
        let child = rest.first().and_then(|byte| node.child_index(*byte)).unwrap_or(0);
        node = &node.children()[child];
        depth += 1;
    }
    let (parent, _) = locate(top, key, depth);
    // Most often a leaf loses an entry, and that is all.
    let alone =
        |(parent, group): (&Node<V>, usize)| !joins(parent, group, found.weight() - rest.len(), found.size() - 1);
    if node.is_leaf() && node.size() > 1 && parent.is_none_or(alone) && !grows_prefix(found, index) {
        if !shared {
            let root = root.as_mut()?;
            let mut taken = None;
            descend(root, key, depth, -1).replace_with(|leaf| {
                let mut parts = Parts::of(leaf);
                let bytes = parts.bytes() - parts.suffix(index).len();
                without(&mut parts, index, bytes, &mut taken)
            });
            return taken;
        }
        let mut taken = None;
        let mut parts = Parts::of(found.clone());
        let bytes = found.weight() - rest.len();
        let new = without(&mut parts, index, bytes, &mut taken);
        drop(parts);
        let root = root.as_mut()?;
        let _old = std::mem::replace(descend(root, key, depth, -1), new);
        return taken;
    }
    let taken = found.values()[index].clone();
    let mut entries = Entries::default();
    gather(node, found, index, &mut entries);
    let mut new = entries.node();
    // Up to the parent that stays an inner node: another becomes a leaf, if that is its only child.
    while depth > 0 && new.as_ref().is_none_or(Node::is_leaf) {
        depth -= 1;
        let (_, parent) = locate(top, key, depth);
        let (group, _) = locate(top, key, depth + 1);
        new = Some(match group {
            Some((_, group)) => settled(parent, group, new),
            None => without_end(parent),
        });
    }
    let Some(new) = new else {
        let _old = root.take();
        return Some(taken);
    };
    let root = root.as_mut()?;
    let _old = std::mem::replace(descend(root, key, depth, -1), new);
    Some(taken)
}

/// A leaf without an entry whose loss leaves its prefix as it is.
fn without<V: Clone>(old: &mut Parts<V>, index: usize, bytes: usize, taken: &mut Option<V>) -> Node<V> {
    let mut leaf = LeafBuilder::new(&old.shared_prefix(), old.len() - 1, bytes);
    leaf.extend(old, index);
    *taken = old.next_value();
    leaf.extend(old, usize::MAX);
    leaf.finish()
}

/// Whether the loss of an entry makes a leaf's prefix longer.
fn grows_prefix<V>(leaf: &Node<V>, index: usize) -> bool {
    let last = leaf.size() - 1;
    if last == 1 {
        return true;
    }
    let (first, last) = match index {
        0 => (1, last),
        index if index == last => (0, last - 1),
        // The first and the last say what the prefix is.
        _ => return false,
    };
    common(leaf.suffix(first), leaf.suffix(last)) > 0
}

/// Adds the entries of all leaves below a node, but for one, in order.
fn gather<V: Clone>(node: &Node<V>, without: &Node<V>, index: usize, entries: &mut Entries<V>) {
    let mut stack: SmallVec<[(&Node<V>, usize); 8]> = SmallVec::new();
    // The prefixes of the inner nodes on the stack.
    let mut path: Vec<u8> = Vec::new();
    stack.push((node, 0));
    while let Some((node, next)) = stack.last_mut() {
        if node.is_leaf() {
            for (at, value) in node.values().iter().enumerate() {
                if !(node.ptr_eq(without) && at == index) {
                    entries.push(&[&path, node.prefix(), node.suffix(at)], value.clone());
                }
            }
            stack.pop();
            continue;
        }
        if *next == 0 {
            path.extend_from_slice(node.prefix());
        }
        if let Some(child) = node.children().get(*next) {
            *next += 1;
            stack.push((child, 0));
        } else {
            path.truncate(path.len() - node.prefix().len());
            stack.pop();
        }
    }
}

/// What a child's keys have after the prefix of its parent.
fn bytes_of<V>(child: &Node<V>) -> usize {
    child.weight() + child.size() * child.prefix().len()
}

/// The other group that a group's next larger range has, if that is one leaf; and the larger range. `None` if it has several
/// groups or an inner node, or if the range has all bytes.
fn buddy<V>(parent: &Node<V>, groups: &std::ops::Range<usize>, range: ByteRange) -> Option<(Option<usize>, ByteRange)> {
    let (buddy, larger) = range.buddy()?;
    let inside = |group: Option<usize>| {
        let start = group.and_then(|group| parent.starts().get(group));
        start.is_some_and(|start| buddy.contains(*start))
    };
    let (near, far) = if buddy.start < range.start {
        (groups.start.checked_sub(1), groups.start.checked_sub(2))
    } else {
        (Some(groups.end), Some(groups.end + 1))
    };
    if !inside(near) {
        return Some((None, larger));
    }
    let near = near.filter(|_| !inside(far))?;
    let child = &parent.children()[near + usize::from(parent.has_end())];
    child.is_leaf().then_some((Some(near), larger))
}

/// Whether a group that will be a leaf of this many keys and bytes after the parent's prefix must be joined with others.
fn joins<V>(parent: &Node<V>, group: usize, bytes: usize, keys: usize) -> bool {
    let child = &parent.children()[group + usize::from(parent.has_end())];
    let bytes = bytes + keys * child.prefix().len();
    let mut range = ByteRange::of(parent, group);
    while let Some((near, larger)) = buddy(parent, &(group..group + 1), range) {
        if let Some(near) = near {
            let other = &parent.children()[near + usize::from(parent.has_end())];
            return fits::<V>(keys + other.size(), bytes + bytes_of(other));
        }
        range = larger;
    }
    false
}

/// An inner node with another leaf, or none, for a group that has lost keys: joined with its neighbours while they fit one
/// leaf. If one child is left, that child.
fn settled<V: Clone>(parent: &Node<V>, group: usize, new: Option<Node<V>>) -> Node<V> {
    let skip = usize::from(parent.has_end());
    let (mut current, mut groups) = (new, group..group + 1);
    let mut range = ByteRange::of(parent, group);
    while let Some((near, larger)) = buddy(parent, &groups, range) {
        if let Some(near) = near {
            let other = &parent.children()[near + skip];
            current = Some(match current {
                None => other.clone(),
                Some(leaf) => {
                    if !fits::<V>(leaf.size() + other.size(), bytes_of(&leaf) + bytes_of(other)) {
                        current = Some(leaf);
                        break;
                    }
                    let mut entries = Entries::default();
                    let (low, high) = if near < groups.start {
                        (other, &leaf)
                    } else {
                        (&leaf, other)
                    };
                    entries.add(low, 0);
                    entries.add(high, 0);
                    match entries.node() {
                        Some(joined) => joined,
                        None => unreachable!("there are keys"),
                    }
                }
            });
            groups = groups.start.min(near)..groups.end.max(near + 1);
        }
        range = larger;
    }
    let left = parent.groups() - groups.len() + usize::from(current.is_some()) + skip;
    if left == 1 {
        let only = (0..parent.groups()).find(|index| !groups.contains(index));
        return match (&current, only) {
            (Some(leaf), _) => lifted(parent, leaf),
            (None, Some(index)) => lifted(parent, &parent.children()[index + skip]),
            (None, None) => unreachable!("the end alone would be a leaf"),
        };
    }
    let new: Groups<V> = current.map(|leaf| (range.start, leaf)).into_iter().collect();
    with_groups(parent, groups, new, None)
}

/// An inner node whose end is gone. If one child is left, that child.
fn without_end<V: Clone>(inner: &Node<V>) -> Node<V> {
    if inner.groups() == 1 {
        return lifted(inner, &inner.children()[1]);
    }
    let mut node = InnerBuilder::new(&inner.shared_prefix(), inner.groups(), false);
    for (start, child) in inner.starts().iter().zip(&inner.children()[1..]) {
        node.push(*start, child.clone());
    }
    node.finish()
}

/// The only child that is left of an inner node, with the prefixes of both.
fn lifted<V: Clone>(parent: &Node<V>, child: &Node<V>) -> Node<V> {
    let prefix = [parent.prefix(), child.prefix()].concat();
    let prefix = Prefix::Bytes(&prefix);
    if !child.is_leaf() {
        return child.copy_inner(&prefix);
    }
    let mut leaf = LeafBuilder::new(&prefix, child.size(), child.weight());
    leaf.extend(&mut Parts::of(child.clone()), usize::MAX);
    leaf.finish()
}
