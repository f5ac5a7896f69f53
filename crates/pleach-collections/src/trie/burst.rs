//! Splits a leaf that has become too large.

use super::node::{Groups, InnerBuilder, LeafBuilder, LeafIntoIter, Node, Prefix, Room};
use super::shape::{ByteRange, common, fits};
use smallvec::SmallVec;

/// Returns the inner node of the keys of a leaf.
pub(super) fn inner_of<V: Clone>(leaf: Node<V>, room: Room) -> Node<V> {
    // A count of the leaf would make it shared.
    let bytes: SmallVec<[u8; 64]>;
    let prefix = match leaf.shared_prefix() {
        Prefix::Shared(prefix) => Prefix::Shared(prefix),
        Prefix::Bytes(prefix) => {
            bytes = prefix.into();
            Prefix::Bytes(&bytes)
        }
    };
    let mut entries = LeafIntoIter::of(leaf);
    let end = entries.len();
    inner(&mut entries, end, 0, &prefix, room)
}

/// Returns the groups in the place of one, which has this range and was a leaf.
pub(super) fn groups_of<V: Clone>(leaf: Node<V>, range: ByteRange, room: Room) -> Groups<V> {
    let mut groups = Groups::new();
    if let Some(byte) = leaf.prefix().first().copied() {
        // All keys continue with one byte, and are too many even without their prefix.
        groups.push((byte, inner_of(leaf, room)));
    } else {
        let mut entries = LeafIntoIter::of(leaf);
        let end = entries.len();
        split(&mut entries, end, 0, range, &mut groups, room);
    }
    groups
}

/// Makes an inner node of the next entries, whose suffixes have `depth` bytes in common and no more.
///
/// Recursive, through `split` and `group`: each inner node has fewer keys than the one above, and these are shorter.
fn inner<V: Clone>(
    entries: &mut LeafIntoIter<V>,
    end: usize,
    depth: usize,
    prefix: &Prefix<'_>,
    room: Room,
) -> Node<V> {
    let start = entries.taken();
    let has_end = entries.suffix(start).len() == depth;
    let only = has_end.then(|| group(entries, start + 1, depth, room));
    let mut groups = Groups::new();
    split(entries, end, depth, ByteRange::ALL, &mut groups, room);
    let mut node = InnerBuilder::new(prefix, groups.len(), has_end);
    if let Some(only) = only {
        node.push_end(only);
    }
    groups.into_iter().for_each(|(byte, child)| node.push(byte, child));
    node.finish()
}

/// Finds the groups of the next entries, whose bytes at `depth` lie in this range.
fn split<V: Clone>(
    entries: &mut LeafIntoIter<V>,
    end: usize,
    depth: usize,
    range: ByteRange,
    groups: &mut Groups<V>,
    room: Room,
) {
    let start = entries.taken();
    if start == end {
        return;
    }
    let ByteRange { start: first, width } = range;
    if width == 0 || fits::<V>(end - start, entries.bytes_below(start..end, depth)) {
        groups.push((first, group(entries, end, depth, room)));
        return;
    }
    let width = width - 1;
    let middle = first | 1 << width;
    let (mut half, mut behind) = (start, end);
    while half < behind {
        let index = half.midpoint(behind);
        if entries.suffix(index)[depth] < middle {
            half = index + 1;
        } else {
            behind = index;
        }
    }
    split(entries, half, depth, ByteRange { start: first, width }, groups, room);
    split(entries, end, depth, ByteRange { start: middle, width }, groups, room);
}

/// Makes the node of the next entries, whose suffixes have `depth` bytes in common or more.
fn group<V: Clone>(entries: &mut LeafIntoIter<V>, end: usize, depth: usize, room: Room) -> Node<V> {
    let start = entries.taken();
    let first = &entries.suffix(start)[depth..];
    let prefix = &first[..common(first, &entries.suffix(end - 1)[depth..])];
    let depth = depth + prefix.len();
    let bytes = entries.bytes_below(start..end, depth);
    if !fits::<V>(end - start, bytes) {
        let prefix: SmallVec<[u8; 64]> = prefix.into();
        return inner(entries, end, depth, &Prefix::Bytes(&prefix), room);
    }
    let mut leaf = LeafBuilder::with_room(&Prefix::Bytes(prefix), end - start, bytes as usize, room);
    if depth == 0 {
        leaf.extend(entries, end);
        return leaf.finish();
    }
    for index in start..end {
        if let Some(value) = entries.next_value() {
            leaf.push(&[], &entries.suffix(index)[depth..], value);
        }
    }
    leaf.finish()
}
