//! Several entries at a time, for writing.

use super::edit::find;
use super::node::Node;
use super::{rest, slot, tag};
use smallvec::SmallVec;
use std::ptr;

/// Finds the entries whose keys have these hashes and please `eq`, given the place in `hashes`. `None` if one entry is
/// found twice.
///
/// Copies nodes with other owners on the way to what is found, after all that could be missing or found twice is known.
pub(crate) fn find_many_mut<const N: usize, K: Clone, V: Clone>(
    root: &mut Node<K, V>,
    hashes: [u64; N],
    eq: impl Fn(usize, &K) -> bool,
) -> Option<[Option<&mut (K, V)>; N]> {
    let found: [Option<&(K, V)>; N] = std::array::from_fn(|i| find(root, hashes[i], |key| eq(i, key)));
    let mut wanted = Wanted::new();
    for (i, entry) in found.iter().enumerate() {
        let Some(entry) = entry else { continue };
        if found[..i].iter().flatten().any(|before| ptr::eq(*before, *entry)) {
            return None;
        }
        wanted.push(i);
    }
    let mut entries = [const { None }; N];
    descend(root, 0, &wanted, &hashes, &eq, &mut entries);
    Some(entries)
}

/// Places in the list of hashes.
type Wanted = SmallVec<[usize; 8]>;

/// Puts the entries wanted of `node` and below into their places in `entries`. An inner node is at `level`, a leaf's parent
/// one level above.
fn descend<'a, K: Clone, V: Clone>(
    node: &'a mut Node<K, V>,
    level: u32,
    wanted: &Wanted,
    hashes: &[u64],
    eq: &impl Fn(usize, &K) -> bool,
    entries: &mut [Option<&'a mut (K, V)>],
) {
    // In a leaf the places of entries, in an inner node those of children.
    let place = |i: &usize| {
        if node.is_leaf() {
            let tag = tag(rest(hashes[*i], level.saturating_sub(1)));
            node.position(tag, |key| eq(*i, key))
        } else {
            Some(node.group(slot(rest(hashes[*i], level))).0)
        }
    };
    let places: SmallVec<[Option<usize>; 8]> = wanted.iter().map(place).collect();
    let at = |place: usize| {
        let wanted = wanted.iter().zip(&places);
        wanted.filter_map(move |(i, p)| (*p == Some(place)).then_some(*i))
    };
    if node.is_leaf() {
        for (place, entry) in node.entries_mut().iter_mut().enumerate() {
            if let Some(i) = at(place).next() {
                entries[i] = Some(entry);
            }
        }
        return;
    }
    for (place, child) in node.children_mut().iter_mut().enumerate() {
        let below: Wanted = at(place).collect();
        if let Some(child) = child
            && !below.is_empty()
        {
            descend(child, level + 1, &below, hashes, eq, entries);
        }
    }
}
