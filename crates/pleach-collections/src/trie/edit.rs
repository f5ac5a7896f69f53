//! One key at a time: find, insert, remove.
//!
//! Clones and drops of values run user code, which may panic. An edit makes all clones before it changes a node, and drops
//! replaced nodes once all others are valid again: so a panic leaves the trie as before or as after the edit.

use super::builder::{Builder, Cloned, with_prefix};
use super::burst::{groups_of, inner_of};
use super::node::{Groups, InnerBuilder, LeafBuilder, LeafIntoIter, Node, Prefix, Room};
use super::shape::{ByteRange, common, fits, strip_prefix};
use smallvec::SmallVec;

/// Finds the leaf that has a key, and the key's index there.
#[inline]
fn find<'a, V>(root: &'a Node<V>, key: &[u8]) -> Option<(&'a Node<V>, usize)> {
    let (mut node, mut rest) = (root, key);
    while !node.is_leaf() {
        rest = strip_prefix(rest, node.prefix())?;
        node = match rest.first() {
            Some(byte) => &node.children()[node.child_index(*byte)?],
            None if node.has_end() => &node.children()[0],
            None => return None,
        };
    }
    node.prefetch_leaf();
    rest = strip_prefix(rest, node.prefix())?;
    node.find(rest).map(|index| (node, index))
}

/// The value of a key.
#[inline]
pub(crate) fn get<'a, V>(root: &'a Node<V>, key: &[u8]) -> Option<&'a V> {
    find(root, key).map(|(leaf, index)| &leaf.values()[index])
}

/// The value of a key, for writing. Copies nothing if it is missing.
pub(crate) fn get_mut<'a, V: Clone>(root: &'a mut Node<V>, key: &[u8]) -> Option<&'a mut V> {
    let descent = seek(root, key);
    let Place::Present(index) = descent.place else {
        return None;
    };
    let (path, unshared) = (descent.path, descent.unshared);
    Some(get_present_mut(root, key, &path, unshared, index))
}

/// The value at an index of the leaf at the end of a key's path, for writing.
fn get_present_mut<'a, V: Clone>(
    root: &'a mut Node<V>,
    key: &[u8],
    path: &[u16],
    unshared: usize,
    index: usize,
) -> &'a mut V {
    if unshared <= path.len() {
        let leaf = at(root, path).copy_leaf();
        let _old = put(root, key, path, unshared, leaf, 0);
    }
    &mut descend(root, key, path, 0).values_mut()[index]
}

/// The index of the child of an inner node that a key there continues in; `rest` is what follows the node's prefix.
#[inline]
fn child_on_path<V>(node: &Node<V>, rest: &[u8]) -> usize {
    // Without another byte, the end.
    rest.first().and_then(|byte| node.child_index(*byte)).unwrap_or(0)
}

/// Where a key is, or would be inserted.
enum Place<'a, V> {
    /// The entry at this index of the leaf at the end of the path.
    Present(usize),
    /// This leaf gets the entry, or is split.
    Leaf(&'a Node<V>, Insertion),
    /// This inner node gets a parent, since the key doesn't have its prefix.
    Beside(&'a Node<V>),
    /// The inner node at the end of the path gets a child.
    NewChild,
}

/// The index of the child at each node from the root on.
type Path = SmallVec<[u16; 28]>;

/// The place of a key, and the path to the node.
struct Descent<'a, V> {
    place: Place<'a, V>,
    path: Path,
    /// The bytes of the key that the nodes above have consumed.
    consumed: usize,
    /// The number of nodes from the root on that have one owner.
    unshared: usize,
}

#[inline]
fn seek<'a, V>(root: &'a Node<V>, key: &[u8]) -> Descent<'a, V> {
    let (mut node, mut rest, mut path, mut unshared) = (root, key, Path::new(), 0);
    let place = loop {
        if unshared == path.len() && !node.is_shared() {
            unshared += 1;
        }
        if node.is_leaf() {
            node.prefetch_leaf();
            break match strip_prefix(rest, node.prefix()).map(|suffix| (suffix, node.search(suffix))) {
                Some((_, Ok(index))) => Place::Present(index),
                Some((suffix, Err(index))) => Place::Leaf(node, Insertion::at(node, index, suffix)),
                None => Place::Leaf(node, Insertion::with_shorter_prefix(node, rest)),
            };
        }
        let Some(after) = strip_prefix(rest, node.prefix()) else {
            break Place::Beside(node);
        };
        let child = match after.first() {
            Some(byte) => node.child_with(*byte),
            None => node.has_end().then_some(0),
        };
        let Some(child) = child else {
            break Place::NewChild;
        };
        path.push(child as u16);
        rest = after;
        node = &node.children()[child];
    };
    Descent {
        place,
        path,
        consumed: key.len() - rest.len(),
        unshared,
    }
}

/// Unshares the nodes above the end of a path, adds `keys` keys of this key's length to their sums, and returns the node at
/// the end. Runs no user code.
#[inline]
fn descend<'a, V>(root: &'a mut Node<V>, key: &[u8], path: &[u16], keys: isize) -> &'a mut Node<V> {
    let (mut node, mut left) = (root, key.len() as i64);
    for child in path {
        node.unshare_inner();
        left -= node.prefix().len() as i64;
        node = node.grow(usize::from(*child), keys, keys as i64 * left);
    }
    node
}

/// Puts a node in the place of the one at the end of a path, from which its trie differs by `keys` keys of this key's length.
/// Copies the nodes above but for the first `unshared` ones. Returns the old node, which is to be dropped last: that may run
/// user code.
#[must_use]
fn put<V>(root: &mut Node<V>, key: &[u8], path: &[u16], unshared: usize, new: Node<V>, keys: isize) -> Node<V> {
    let mut above: SmallVec<[(&Node<V>, i64); 16]> = SmallVec::new();
    let (mut node, mut left) = (&*root, key.len() as i64);
    for child in path {
        left -= node.prefix().len() as i64;
        above.push((node, left));
        node = &node.children()[usize::from(*child)];
    }
    let mut new = new;
    for (depth, (node, left)) in above.into_iter().enumerate().skip(unshared).rev() {
        new = node.copy_with_child(usize::from(path[depth]), Some(new));
        new.add(keys, keys as i64 * left);
    }
    let path = &path[..unshared.min(path.len())];
    core::mem::replace(descend(root, key, path, keys), new)
}

/// The node at the end of a path.
fn at<'a, V>(root: &'a Node<V>, path: &[u16]) -> &'a Node<V> {
    path.iter()
        .fold(root, |node, child| &node.children()[usize::from(*child)])
}

/// The number of keys up to which a map's leaves get room for more when they grow. In larger maps memory counts, and most of
/// an insertion is waiting for it.
const MAX_ROOMY: usize = 1 << 17;

#[inline]
fn room_of<V>(root: &Node<V>) -> Room {
    if root.size() <= MAX_ROOMY {
        Room::Spare
    } else {
        Room::Exact
    }
}

/// Inserts an entry in a leaf that isn't full, in one walk, or replaces a value, in two, below nodes of one owner. Returns the old
/// value, or the new one if it does neither.
#[inline]
fn insert_in_place<V>(root: &mut Node<V>, key: &[u8], value: V) -> Result<Option<V>, V> {
    let room = room_of(root);
    let (mut node, mut rest, mut depth) = (&mut *root, key, 0);
    while !node.is_leaf() {
        let Some(inner) = node.inner_mut() else {
            take_back(root, key, depth);
            return Err(value);
        };
        let after = strip_prefix(rest, inner.node().prefix());
        let child = after.and_then(|after| Some((inner.node().child_with(*after.first()?)?, after)));
        let Some((child, after)) = child else {
            take_back(root, key, depth);
            return Err(value);
        };
        // Taken back if the key isn't inserted.
        node = inner.grow(child, 1, after.len() as i64);
        rest = after;
        depth += 1;
    }
    node.prefetch_leaf();
    if !node.is_shared()
        && let Some(suffix) = strip_prefix(rest, node.prefix())
    {
        match node.search(suffix) {
            Ok(index) => {
                let old = core::mem::replace(&mut node.values_mut()[index], value);
                take_back(root, key, depth);
                return Ok(Some(old));
            }
            Err(index) if fits::<V>(node.len() + 1, (node.suffixes().len() + suffix.len()) as u64) => {
                node.insert_entry(index, suffix, value, room);
                return Ok(None);
            }
            Err(_) => {}
        }
    }
    take_back(root, key, depth);
    Err(value)
}

/// Takes a key back from the sums of this many nodes.
fn take_back<V>(root: &mut Node<V>, key: &[u8], depth: usize) {
    let (mut node, mut rest) = (root, key);
    for _ in 0..depth {
        rest = &rest[node.prefix().len()..];
        let child = child_on_path(node, rest);
        node = node.grow(child, -1, -(rest.len() as i64));
    }
}

/// Inserts an entry, or replaces the value of the key and returns the old one.
pub(crate) fn insert<V: Clone>(root: &mut Option<Node<V>>, key: &[u8], value: V) -> Option<V> {
    let Some(root) = root else {
        *root = Some(single(key, value));
        return None;
    };
    insert_in_place(root, key, value).unwrap_or_else(|value| insert_anywhere(root, key, value))
}

/// As [`insert`], of any key, with a walk that finds the place before one that writes.
fn insert_anywhere<V: Clone>(root: &mut Node<V>, key: &[u8], value: V) -> Option<V> {
    let Descent {
        place,
        path,
        consumed,
        unshared,
    } = seek(root, key);
    let rest = &key[consumed..];
    match place {
        Place::Present(index) => {
            let present = get_present_mut(root, key, &path, unshared, index);
            return Some(core::mem::replace(present, value));
        }
        Place::Leaf(leaf, insertion) => {
            let fits = fits::<V>(leaf.len() + 1, insertion.bytes as u64);
            if !fits && !insertion.may_overfill(rest) {
                let new = split(root, &path, rest.len(), insertion.overflow(leaf, rest, value));
                // Of a range of bytes, the leaf is split within its parent.
                let above = path.len().saturating_sub(1);
                let _old = put(root, key, &path[..above], unshared, new, 1);
            } else if unshared <= path.len() {
                let leaf = insertion.copy(leaf, rest, value);
                let _old = put(root, key, &path, unshared, leaf, 1);
                if !fits {
                    burst(root, &path);
                }
            } else {
                let room = room_of(root);
                insertion.insert_in(descend(root, key, &path, 1), rest, value, room);
                if !fits {
                    burst(root, &path);
                }
            }
        }
        Place::Beside(inner) => {
            let new = beside(inner, rest, value);
            let _old = put(root, key, &path, unshared, new, 1);
        }
        Place::NewChild => {
            let inner = at(root, &path);
            let rest = &rest[inner.prefix().len()..];
            let child = single(rest, value);
            if unshared <= path.len() {
                let new = with_child(inner, rest, child);
                let _old = put(root, key, &path, unshared, new, 1);
            } else {
                descend(root, key, &path, 1).insert_child(child);
            }
        }
    }
    None
}

/// Splits the unique leaf at the end of a path, below unique nodes, which is too large.
#[cold]
fn burst<V: Clone>(root: &mut Node<V>, path: &[u16]) {
    let room = room_of(root);
    let Some((child, above)) = path.split_last() else {
        return root.replace_with(|leaf| inner_of(leaf, room));
    };
    let parent = above
        .iter()
        .fold(root, |node, child| &mut node.children_mut()[usize::from(*child)]);
    // The end has one key, so it is never split.
    let group = usize::from(*child) - usize::from(parent.has_end());
    parent.split_group(group, |leaf, range| groups_of(leaf, range, room));
}

fn single<V>(key: &[u8], value: V) -> Node<V> {
    let mut leaf = LeafBuilder::new(&Prefix::Bytes(key), 1, 0);
    leaf.push(&[], &[], value);
    leaf.finish()
}

/// The bytes of a prefix for which memory is reserved with each key; a builder leaves longer ones out.
const MAX_COPIED: usize = 64;

/// The length of a suffix above which a leaf isn't split by [`burst`], which recurses once for a few bytes at most.
const MAX_LONG: usize = 128;

/// The insertion of a key into a leaf.
struct Insertion {
    index: usize,
    /// The length of the new prefix.
    prefix: usize,
    /// The length of all suffixes after it.
    bytes: usize,
}

impl Insertion {
    /// Of a key with the leaf's prefix.
    #[inline]
    fn at<V>(leaf: &Node<V>, index: usize, suffix: &[u8]) -> Self {
        Self {
            index,
            prefix: leaf.prefix().len(),
            bytes: leaf.suffixes().len() + suffix.len(),
        }
    }

    /// Of a key without all of the leaf's prefix.
    #[cold]
    fn with_shorter_prefix<V>(leaf: &Node<V>, key: &[u8]) -> Self {
        let old = leaf.prefix();
        let prefix = common(old, key);
        let index = if key[prefix..] < old[prefix..] { 0 } else { leaf.len() };
        let bytes = leaf.suffixes().len() + leaf.len() * (old.len() - prefix) + key.len() - prefix;
        Self { index, prefix, bytes }
    }

    /// Whether a leaf may be too large for a moment, as one with the key: then [`burst`] splits it.
    #[inline]
    fn may_overfill(&self, key: &[u8]) -> bool {
        key.len() - self.prefix <= MAX_LONG && self.bytes <= usize::from(u16::MAX)
    }

    /// Inserts into a unique leaf.
    #[inline]
    fn insert_in<V: Clone>(&self, leaf: &mut Node<V>, key: &[u8], value: V, room: Room) {
        if self.prefix == leaf.prefix().len() {
            leaf.insert_entry(self.index, &key[self.prefix..], value, room);
        } else {
            leaf.replace_with(|leaf| self.insert(LeafIntoIter::of(leaf), key, value));
        }
    }

    /// Inserts into a copy of a leaf.
    fn copy<V: Clone>(&self, leaf: &Node<V>, key: &[u8], value: V) -> Node<V> {
        if self.prefix == leaf.prefix().len() {
            leaf.copy_with_entry(self.index, &key[self.prefix..], value)
        } else {
            self.insert(LeafIntoIter::of(leaf.clone()), key, value)
        }
    }

    /// The entries of a leaf that has no room for the key, and of the key.
    #[cold]
    fn overflow<'a, V: Clone>(&self, leaf: &'a Node<V>, key: &[u8], value: V) -> Builder<'a, V> {
        let keys = leaf.len() + 1;
        let mut entries = Builder::with_capacity(keys, self.bytes + keys * self.prefix.min(MAX_COPIED));
        let mut other: SmallVec<[u8; 128]> = leaf.prefix().into();
        let mut value = Some(value);
        for index in 0..=leaf.len() {
            if index == self.index
                && let Some(value) = value.take()
            {
                entries.push(key, value);
            }
            if index < leaf.len() {
                other.truncate(leaf.prefix().len());
                other.extend_from_slice(leaf.suffix(index));
                entries.push_entry(&other, leaf, index);
            }
        }
        entries
    }

    fn insert<V: Clone>(&self, mut old: LeafIntoIter<V>, key: &[u8], value: V) -> Node<V> {
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

/// Returns the nodes of entries that are too many for their leaf, at the end of a path: as an inner node, or within the leaf's
/// parent, which gets one more, of a key with `bytes` bytes after its prefix.
#[cold]
fn split<V: Clone>(root: &Node<V>, path: &[u16], bytes: usize, entries: Builder<'_, V>) -> Node<V> {
    let Some((child, above)) = path.split_last() else {
        return built(entries);
    };
    let parent = at(root, above);
    // The end has one key, so it is never split.
    let group = usize::from(*child) - usize::from(parent.has_end());
    let groups = entries.groups(parent.range(group));
    with_groups(parent, group..group + 1, groups).finish_with(sums_with_key(parent, bytes))
}

/// The sums of an inner node and of one more key, which has this many bytes after its prefix.
fn sums_with_key<V>(inner: &Node<V>, bytes: usize) -> (usize, u64) {
    (inner.size() + 1, inner.weight() + bytes as u64)
}

/// A copy of an inner node with one more child, of one key, which continues with `rest` after the prefix.
fn with_child<V>(inner: &Node<V>, rest: &[u8], child: Node<V>) -> Node<V> {
    let node = if let Some(byte) = rest.first() {
        let at = inner.starts().partition_point(|start| start < byte);
        with_groups(inner, at..at, core::iter::once((*byte, child)).collect())
    } else {
        let mut node = InnerBuilder::new(&inner.shared_prefix(), inner.groups(), true);
        node.push_end(child);
        push_groups(&mut node, inner, 0..inner.groups());
        node
    };
    node.finish_with(sums_with_key(inner, rest.len()))
}

/// The node of entries, which are not none.
fn built<V: Clone>(entries: Builder<'_, V>) -> Node<V> {
    match entries.finish() {
        Some(node) => node,
        None => unreachable!("there are entries"),
    }
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

/// An inner node with other groups in the place of those in `at`, and without sums. Runs no code of the user.
fn with_groups<V>(inner: &Node<V>, at: core::ops::Range<usize>, new: Groups<V>) -> InnerBuilder<V> {
    let has_end = inner.has_end();
    let groups = inner.groups() - at.len() + new.len();
    let mut node = InnerBuilder::new(&inner.shared_prefix(), groups, has_end);
    if has_end {
        node.push_end(inner.children()[0].clone());
    }
    push_groups(&mut node, inner, 0..at.start);
    new.into_iter().for_each(|(start, child)| node.push(start, child));
    push_groups(&mut node, inner, at.end..inner.groups());
    node
}

/// Adds groups of another inner node.
fn push_groups<V>(node: &mut InnerBuilder<V>, from: &Node<V>, groups: core::ops::Range<usize>) {
    let children = &from.children()[usize::from(from.has_end())..];
    for (start, child) in from.starts()[groups.clone()].iter().zip(&children[groups]) {
        node.push(*start, child.clone());
    }
}

/// Takes out an entry. Copies nothing if the key is missing.
pub(crate) fn remove<V: Clone>(root: &mut Option<Node<V>>, key: &[u8]) -> Option<V> {
    let top = root.as_ref()?;
    let (found, index) = find(top, key)?;
    // The topmost node that becomes a leaf, and the path to it.
    let (mut node, mut rest, mut path, mut unshared, mut parent) = (top, key, Path::new(), 0, None);
    loop {
        if unshared == path.len() && !node.is_shared() {
            unshared += 1;
        }
        rest = &rest[node.prefix().len()..];
        if node.is_leaf() || fits::<V>(node.size() - 1, node.weight() - rest.len() as u64) {
            break;
        }
        let child = child_on_path(node, rest);
        parent = Some((node, child));
        path.push(child as u16);
        node = &node.children()[child];
    }
    // Most often a leaf loses an entry, and nothing else changes. The end of an inner node is never such a leaf: it has one.
    let bytes = (node.weight() - rest.len() as u64) as usize;
    let joins = |(parent, child): (&Node<V>, usize)| must_join(parent, child, bytes, found.size() - 1);
    if node.is_leaf() && node.size() > 1 && !parent.is_some_and(joins) && !grows_prefix(found, index) {
        let mut taken = None;
        if unshared > path.len() {
            descend(root.as_mut()?, key, &path, -1)
                .replace_with(|leaf| without(&mut LeafIntoIter::of(leaf), index, bytes, &mut taken));
            return taken;
        }
        let new = without(&mut LeafIntoIter::of(found.clone()), index, bytes, &mut taken);
        let _old = put(root.as_mut()?, key, &path, unshared, new, -1);
        return taken;
    }
    let taken = found.values()[index].clone();
    let mut entries = Builder::<V>::new();
    entries.push_below(&[], node, Some((found, index)));
    let mut new = entries.finish();
    // A parent whose only child is left as a leaf becomes that leaf, so its own parent changes too.
    while new.as_ref().is_none_or(Node::is_leaf)
        && let Some(child) = path.pop()
    {
        let parent = at(top, &path);
        new = Some(match usize::from(child).checked_sub(usize::from(parent.has_end())) {
            Some(group) => with_smaller_group(parent, group, new),
            None => without_end(parent),
        });
    }
    let Some(new) = new else {
        let _old = root.take();
        return Some(taken);
    };
    let _old = put(root.as_mut()?, key, &path, unshared, new, -1);
    Some(taken)
}

/// A leaf without an entry whose loss leaves its prefix as it is.
fn without<V: Clone>(old: &mut LeafIntoIter<V>, index: usize, bytes: usize, taken: &mut Option<V>) -> Node<V> {
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

/// The length of a leaf's keys after the prefix of its parent.
fn bytes_of<V>(child: &Node<V>) -> usize {
    child.suffixes().len() + child.size() * child.prefix().len()
}

/// The other group that a group's next larger range has, if that is one leaf; and the larger range. `None` if it has several
/// groups or an inner node, or if the range has all bytes.
fn buddy<V>(
    parent: &Node<V>,
    groups: &core::ops::Range<usize>,
    range: ByteRange,
) -> Option<(Option<usize>, ByteRange)> {
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

/// Whether a child, a group that will have this many keys, and bytes in their suffixes, must be joined with its buddy.
fn must_join<V>(parent: &Node<V>, child: usize, bytes: usize, keys: usize) -> bool {
    let group = child - usize::from(parent.has_end());
    let child = &parent.children()[child];
    let bytes = bytes + keys * child.prefix().len();
    let mut range = parent.range(group);
    while let Some((near, larger)) = buddy(parent, &(group..group + 1), range) {
        if let Some(near) = near {
            let other = &parent.children()[near + usize::from(parent.has_end())];
            return fits::<V>(keys + other.size(), (bytes + bytes_of(other)) as u64);
        }
        range = larger;
    }
    false
}

/// An inner node with another leaf, or none, for a group that has lost keys: joined with its neighbours while they fit one
/// leaf. If one child is left, that child.
fn with_smaller_group<V: Clone>(parent: &Node<V>, group: usize, new: Option<Node<V>>) -> Node<V> {
    let skip = usize::from(parent.has_end());
    let (mut current, mut groups) = (new, group..group + 1);
    let mut range = parent.range(group);
    while let Some((near, larger)) = buddy(parent, &groups, range) {
        if let Some(near) = near {
            let other = &parent.children()[near + skip];
            current = Some(match current {
                None => other.clone(),
                Some(leaf) => {
                    if !fits::<V>(leaf.size() + other.size(), (bytes_of(&leaf) + bytes_of(other)) as u64) {
                        current = Some(leaf);
                        break;
                    }
                    let mut entries = Builder::<V>::new();
                    let (low, high) = if near < groups.start {
                        (other, &leaf)
                    } else {
                        (&leaf, other)
                    };
                    entries.push_below(&[], low, None);
                    entries.push_below(&[], high, None);
                    built(entries)
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
    with_groups(parent, groups, new).finish()
}

/// An inner node whose end is gone. If one child is left, that child.
fn without_end<V: Clone>(inner: &Node<V>) -> Node<V> {
    if inner.groups() == 1 {
        return lifted(inner, &inner.children()[1]);
    }
    let mut node = InnerBuilder::new(&inner.shared_prefix(), inner.groups(), false);
    push_groups(&mut node, inner, 0..inner.groups());
    node.finish()
}

/// The only child that is left of an inner node, with the prefixes of both.
fn lifted<V: Clone>(parent: &Node<V>, child: &Node<V>) -> Node<V> {
    let prefix = [parent.prefix(), child.prefix()].concat();
    with_prefix::<V, Cloned>(child, &prefix)
}
