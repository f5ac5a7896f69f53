//! What the trie holds in memory.
//!
//! `pathmap` shows neither its nodes nor their sizes, so both are derived from what it does show, the branches of each
//! path and whether a node is shared, and from how version 0.3.5 lays nodes out:
//!
//! - a *list node* of 64 bytes holds up to two keys of 42 bytes together that part at their first byte. A key ends at the
//!   next branch, at an entry, or where there is no more room; what is left goes on in another node;
//! - where three paths or more part, there is a *byte node* of 64 bytes, and 24 for each of the slots that it has room
//!   for: at first 3, then twice as many each time they don't suffice.
//!
//! What this can't see: a byte node that lost branches stays one, and a node that was copied has room for exactly what it
//! held. So it is an estimate, of a layout that is not promised. `tests/memory/accounting.rs` holds it to the bytes requested from
//! the allocator.

use super::{Entry, Facts};
use pathmap::zipper::{ReadZipperUntracked, Zipper, ZipperConcrete, ZipperMoving, ZipperReadOnlyValues};

/// Bytes of a node, without the slots of a byte node.
const NODE: usize = 64;

/// Bytes of the keys in a list node.
const KEYS: usize = 42;

/// A slot of a byte node: a pointer to a node, and an entry that may be missing.
const fn slot<E>() -> usize {
    size_of::<usize>() + size_of::<Option<E>>()
}

/// What a node or an entry is.
pub(crate) enum Part<'a, E> {
    /// A node of so many bytes, about.
    Node(usize),
    Entry(&'a E),
}

impl<E: Entry> Facts<E> {
    /// Visits each node and each entry, with whether another map has the node that it is in too, as of now.
    /// O(n · length of a key). It recurses by the length of a key.
    pub(crate) fn each_part<'a>(&'a self, mut visit: impl FnMut(Part<'a, E>, bool)) {
        node(&mut self.trie.read_zipper(), false, &mut visit);
    }
}

/// Visits the node that begins at the focus, and all below; leaves the focus where it was.
fn node<'a, E: Entry>(
    zipper: &mut ReadZipperUntracked<'a, '_, E>,
    shared: bool,
    visit: &mut impl FnMut(Part<'a, E>, bool),
) {
    let shared = shared || zipper.is_shared();
    let branches = zipper.child_mask();
    let count = zipper.child_count();
    if count <= 2 {
        visit(Part::Node(NODE), shared);
        let mut room = KEYS;
        for byte in branches.iter() {
            zipper.descend_to_existing_byte(byte);
            let mut length = 1;
            // Along the key.
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
        visit(Part::Node(NODE + room * slot::<E>()), shared);
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
    visit: &mut impl FnMut(Part<'a, E>, bool),
) {
    if let Some(entry) = zipper.get_val() {
        visit(Part::Entry(entry), shared);
    }
    if zipper.child_count() > 0 {
        node(zipper, shared, visit);
    }
}
