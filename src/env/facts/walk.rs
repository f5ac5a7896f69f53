//! The memory of the trie.
//!
//! `pathmap` exposes neither its nodes nor their sizes. Both are derived from what it exposes, the branches of each path and
//! whether a node is shared, and from the layout of nodes in version 0.3.5:
//!
//! - a *list node* of 64 bytes has up to two keys, of 42 bytes together, that differ in their first byte. A key ends at the
//!   next branch, at an entry, or where the node is full; then it continues in another node;
//! - a branch of three or more paths is a *byte node* of 64 bytes, and 24 for each slot of its capacity: 3 at first, then
//!   doubled as needed.
//!
//! It is an estimate of an undocumented layout: a byte node stays one after losing branches, and a copied node has no spare
//! capacity. `tests/memory/accounting.rs` compares it with the bytes requested from the allocator.

use super::{Entry, Facts};
use pathmap::zipper::{ReadZipperUntracked, Zipper, ZipperConcrete, ZipperMoving, ZipperReadOnlyValues};

/// The bytes of a node, without the slots of a byte node.
const NODE: usize = 64;

/// The bytes for keys in a list node.
const KEYS: usize = 42;

/// The bytes of a slot of a byte node: a pointer to a node, and an optional entry.
const fn slot<E>() -> usize {
    size_of::<usize>() + size_of::<Option<E>>()
}

/// A node or an entry of the trie.
pub(crate) enum TriePart<'a, E> {
    /// A node of approximately this many bytes.
    Node(usize),
    Entry(&'a E),
}

impl<E: Entry> Facts<E> {
    /// Calls `visit` for each node and each entry, with whether its node is shared now. O(n · length of a key). It recurses by the
    /// length of a key.
    pub(crate) fn each_part<'a>(&'a self, mut visit: impl FnMut(TriePart<'a, E>, bool)) {
        node(&mut self.trie.read_zipper(), false, &mut visit);
    }
}

/// Visits the node at the focus, and all below. Leaves the focus where it was.
fn node<'a, E: Entry>(
    zipper: &mut ReadZipperUntracked<'a, '_, E>,
    shared: bool,
    visit: &mut impl FnMut(TriePart<'a, E>, bool),
) {
    let shared = shared || zipper.is_shared();
    let branches = zipper.child_mask();
    let count = zipper.child_count();
    if count <= 2 {
        visit(TriePart::Node(NODE), shared);
        let mut room = KEYS;
        for byte in branches.iter() {
            zipper.descend_to_existing_byte(byte);
            let mut length = 1;
            // Follow the key.
            while zipper.child_count() == 1 && !zipper.is_val() && !zipper.is_shared() && length < room {
                zipper.descend_first_byte();
                length += 1;
            }
            room -= length.min(room - 1);
            end_of_key(zipper, shared, visit);
            zipper.ascend(length);
        }
    } else {
        let mut room = 3;
        while room < count {
            room *= 2;
        }
        visit(TriePart::Node(NODE + room * slot::<E>()), shared);
        for byte in branches.iter() {
            zipper.descend_to_existing_byte(byte);
            end_of_key(zipper, shared, visit);
            zipper.ascend(1);
        }
    }
}

fn end_of_key<'a, E: Entry>(
    zipper: &mut ReadZipperUntracked<'a, '_, E>,
    shared: bool,
    visit: &mut impl FnMut(TriePart<'a, E>, bool),
) {
    if let Some(entry) = zipper.get_val() {
        visit(TriePart::Entry(entry), shared);
    }
    if zipper.child_count() > 0 {
        node(zipper, shared, visit);
    }
}
