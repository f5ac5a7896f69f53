//! Mutable access to several entries at once.

use super::edit::find;
use super::node::Node;
use super::{rest, slot, tag};
use core::ptr;
use smallvec::SmallVec;

/// Finds the entries whose keys have these hashes and satisfy `eq`, which gets the index of the hash. `None` if one
/// entry is found twice.
///
/// Copies shared nodes on the paths, once all entries are known to be distinct.
pub(crate) fn find_disjoint_mut<const N: usize, K: Clone, V: Clone>(
    root: &mut Node<K, V>,
    hashes: [u64; N],
    eq: impl Fn(usize, &K) -> bool,
) -> Option<[Option<&mut (K, V)>; N]> {
    let found: [Option<&(K, V)>; N] = core::array::from_fn(|i| find(root, hashes[i], |key| eq(i, key)));
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

/// Indices into the list of hashes.
type Wanted = SmallVec<[usize; 8]>;

/// Stores the wanted entries of a subtrie at their indices in `entries`. `level` is that of `node`, or one below that
/// of a leaf's parent.
fn descend<'a, K: Clone, V: Clone>(
    node: &'a mut Node<K, V>,
    level: u32,
    wanted: &Wanted,
    hashes: &[u64],
    eq: &impl Fn(usize, &K) -> bool,
    entries: &mut [Option<&'a mut (K, V)>],
) {
    // The index of the entry in a leaf, or of the child in an inner node.
    let index = |i: &usize| {
        if node.is_leaf() {
            let tag = tag(rest(hashes[*i], level.saturating_sub(1)));
            node.position(tag, |key| eq(*i, key))
        } else {
            Some(node.group(slot(rest(hashes[*i], level))).0)
        }
    };
    let indices: SmallVec<[Option<usize>; 8]> = wanted.iter().map(index).collect();
    let at = |index: usize| {
        let wanted = wanted.iter().zip(&indices);
        wanted.filter_map(move |(i, found)| (*found == Some(index)).then_some(*i))
    };
    if node.is_leaf() {
        for (index, entry) in node.entries_mut().iter_mut().enumerate() {
            if let Some(i) = at(index).next() {
                entries[i] = Some(entry);
            }
        }
        return;
    }
    for (index, child) in node.children_mut().iter_mut().enumerate() {
        let below: Wanted = at(index).collect();
        if let Some(child) = child
            && !below.is_empty()
        {
            descend(child, level + 1, &below, hashes, eq, entries);
        }
    }
}
