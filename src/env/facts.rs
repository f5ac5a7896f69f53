//! The facts of an environment: a persistent map from canonical paths to entries, over [`pathmap`].
//!
//! This is the only module that uses `pathmap`, and it avoids the defects of version 0.3.5. `guard.rs` has a test for each:
//!
//! | defect | how it is avoided |
//! |---|---|
//! | a map without a root makes it on the first *read*, unsynchronized, though it is `Sync` | [`Facts::from_trie`], which makes every map, makes the root before the map is shared |
//! | `join` over paths without a value at their end loses data | no such path is made: writes are `set_val_at` and `remove_val_at` with pruning, and algebra is that of whole maps |
//! | values aren't added where nodes are shared, and `join` may swap its operands | the algebra of an [`Entry`] makes no values; [`Facts::join_with`] sets those of common keys one by one |
//! | algebra and drop recurse by depth | a [`Key`] has at most [`Key::MAX`] bytes |
//! | `val_count` costs O(n) | `len` is kept |
//! | a zipper counts in a `u8`, which overflows at the last child of a node with all 256 | [`Cursor`] takes such steps itself |
//! | write zippers, grafts, `take_map` … | not used, except a [`write_zipper`](PathMap::write_zipper) that only sets values |

mod changes;
mod cursor;
mod key;
mod sharing;
mod walk;

pub(crate) use changes::{Changes, EntryChange};
pub(crate) use cursor::{Bytes, Cursor};
pub(crate) use key::Key;
pub use sharing::Sharing;
pub(crate) use walk::TriePart;

use pathmap::PathMap;
use pathmap::ring::{DistributiveLattice, Lattice};
use pathmap::zipper::{Zipper, ZipperConcrete, ZipperMoving, ZipperWriting};
use std::fmt;

/// A value of the map. Entries of up to 8 bytes are stored in the nodes.
///
/// `pathmap` skips the values of branches that both operands share, so an operation on values must leave a value alone
/// when both are the same; and it doesn't keep the order of operands. So `pjoin` and `pmeet` keep either of the two,
/// `psubtract` keeps the left one unless both are equal, and none makes a new value. A [diff](Facts::diff) compares each pair
/// outside of shared nodes with `Eq`, which should compare addresses first.
pub(crate) trait Entry: Clone + Send + Sync + Unpin + Eq + Lattice + DistributiveLattice + 'static {}

impl<E: Clone + Send + Sync + Unpin + Eq + Lattice + DistributiveLattice + 'static> Entry for E {}

/// A persistent map from [`Key`]s to entries, in the order of the keys' bytes.
///
/// Cloning is O(1) and copies nothing; later writes copy the nodes on their path. No key may be a prefix of another,
/// which canonical paths are not.
#[derive(Clone)]
pub(crate) struct Facts<E: Entry> {
    /// Invariants: 1. it has a root node, even when empty; 2. each path leads to an entry; 3. no key is empty or longer than
    /// [`Key::MAX`].
    trie: PathMap<E>,
    /// Invariant: 4. the number of entries in `trie`.
    len: usize,
}

impl<E: Entry> Facts<E> {
    /// The empty map. Allocates one node.
    pub(crate) fn new() -> Self {
        Self::from_trie(PathMap::new(), 0)
    }

    /// The only conversion from a `PathMap`. It ensures invariant 1; the caller ensures the others.
    fn from_trie(trie: PathMap<E>, len: usize) -> Self {
        drop(trie.read_zipper());
        Facts { trie, len }
    }

    /// The number of keys. O(1).
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no keys. O(1).
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The entry at this key. O(length of the key).
    pub(crate) fn get(&self, key: &Key<'_>) -> Option<&E> {
        self.trie.get_val_at(key.as_bytes())
    }

    /// Whether there is an entry at this key. O(length of the key).
    pub(crate) fn contains(&self, key: &Key<'_>) -> bool {
        self.trie.contains(key.as_bytes())
    }

    /// Inserts an entry, and returns the one it replaces. O(length of the key), and a copy of each shared node on the path.
    pub(crate) fn insert(&mut self, key: &Key<'_>, entry: E) -> Option<E> {
        let old = self.trie.set_val_at(key.as_bytes(), entry);
        self.len += usize::from(old.is_none());
        old
    }

    /// Removes and returns the entry at this key. Costs as [`insert`](Facts::insert); copies nothing if there is none.
    pub(crate) fn remove(&mut self, key: &Key<'_>) -> Option<E> {
        if !self.contains(key) {
            return None;
        }
        let old = self.trie.remove_val_at(key.as_bytes(), true)?;
        drop(self.trie.read_zipper());
        self.len -= 1;
        Some(old)
    }

    /// A map of these entries. About twice as fast as inserting if the keys are sorted. Of equal keys the last one counts.
    pub(crate) fn from_sorted<'k>(entries: impl IntoIterator<Item = (Key<'k>, E)>) -> Self {
        let mut facts = Self::new();
        facts.extend_sorted(entries);
        facts
    }

    /// Inserts these entries. If the keys are sorted, only the part that differs from the previous key is walked.
    pub(crate) fn extend_sorted<'k>(&mut self, entries: impl IntoIterator<Item = (Key<'k>, E)>) {
        let mut zipper = self.trie.write_zipper();
        for (key, entry) in entries {
            zipper.move_to_path(key.as_bytes());
            self.len += usize::from(zipper.set_val(entry).is_none());
        }
    }

    /// Adds all entries of `other`; for common keys, `merge` makes the entry from both. Branches of one side only are shared, so
    /// it costs the part where the keys of both interleave, and about three insertions for each common key: the operands
    /// should be additions, without what both inherited.
    pub(crate) fn join_with(&mut self, other: &Self, mut merge: impl FnMut(&E, &E) -> E) {
        if self.is_empty() || other.is_empty() {
            if self.is_empty() {
                *self = other.clone();
            }
            return;
        }
        let common = self.trie.meet(&other.trie);
        let len = self.len + other.len - common.val_count();
        let mut joined = Self::from_trie(self.trie.join(&other.trie), len);
        // `join` keeps either of two entries, so those of common keys are set again.
        let mut cursor = Cursor::new(common.read_zipper());
        while cursor.next_entry().is_some() {
            let key = Key::stored(cursor.path());
            if let (Some(ours), Some(theirs)) = (self.get(&key), other.get(&key)) {
                joined.insert(&key, merge(ours, theirs));
            }
        }
        *self = joined;
    }

    /// The changes from `self` to `after`. O(changes · length of a key) if both have a common origin, O(1) if they are the same
    /// map, else O(n).
    pub(crate) fn diff(&self, after: &Self) -> Changes<E> {
        let growth = after.len as isize - self.len as isize;
        // A subtraction visits all slots of each unshared node, and most changes are additions only, or removals only.
        let (old, new) = if growth >= 0 {
            let new = after.without(self);
            let old = self.unless_all(&new, growth, after);
            (old, new)
        } else {
            let old = self.without(after);
            let new = after.unless_all(&old, growth, self);
            (old, new)
        };
        Changes::new(new, old, growth)
    }

    /// The entries of `self` that `other` doesn't have, or has with another value. `theirs` are those of `other`: if they are few
    /// and account for the difference in length, there are none here.
    fn unless_all(&self, theirs: &PathMap<E>, growth: isize, other: &Self) -> PathMap<E> {
        const FEW: usize = 64;
        let growth = growth.unsigned_abs();
        if growth <= FEW {
            let mut cursor = Cursor::new(theirs.read_zipper());
            let count = (0..=growth).take_while(|_| cursor.next_entry().is_some()).count();
            if count == growth {
                return Self::new().trie;
            }
        }
        self.without(other)
    }

    /// The entries of `self` that `other` doesn't have, or has with another value.
    fn without(&self, other: &Self) -> PathMap<E> {
        let trie = if self.is_empty() || other.is_empty() {
            self.trie.clone()
        } else if self.same(other) {
            PathMap::new()
        } else {
            self.trie.subtract(&other.trie)
        };
        drop(trie.read_zipper());
        trie
    }

    /// Whether both are the same map in memory, and so equal. They may be equal otherwise. O(1).
    pub(crate) fn same(&self, other: &Self) -> bool {
        if self.is_empty() || other.is_empty() {
            return self.len == other.len;
        }
        // Ids are addresses, fit to be compared only while both maps live.
        self.trie
            .shared_node_id()
            .is_some_and(|id| other.trie.shared_node_id() == Some(id))
    }

    /// A cursor at the root. `next_entry` then gives all entries in key order.
    pub(crate) fn cursor(&self) -> Cursor<'_, E> {
        Cursor::new(self.trie.read_zipper())
    }

    /// A cursor whose root is this prefix, or `None` if no key begins with it.
    pub(crate) fn cursor_at(&self, prefix: &[u8]) -> Option<Cursor<'_, E>> {
        let cursor = Cursor::new(self.trie.read_zipper_at_path(prefix));
        cursor.exists().then_some(cursor)
    }

    /// The number of keys that begin with `prefix`, or `limit` if there are more. O(number returned), and O(1) for the
    /// empty prefix.
    pub(crate) fn count_under(&self, prefix: &[u8], limit: usize) -> usize {
        if prefix.is_empty() {
            return self.len.min(limit);
        }
        let Some(mut cursor) = self.cursor_at(prefix) else {
            return 0;
        };
        let here = usize::from(cursor.entry().is_some()).min(limit);
        (here..limit).find(|_| cursor.next_entry().is_none()).unwrap_or(limit)
    }

    /// A clone of the inner map. O(1).
    ///
    /// Writes to it don't change this map. The defects of `pathmap` apply to it: don't share one that became empty between threads
    /// before reading it once, don't join maps after removing without pruning, and expect stack overflows when joining maps
    /// with keys of thousands of bytes.
    pub(crate) fn to_pathmap(&self) -> PathMap<E> {
        self.trie.clone()
    }
}

impl<E: Entry> Facts<E> {
    /// Checks all invariants but the first. O(n · length of a key).
    ///
    /// # Panics
    ///
    /// With the number of an invariant that doesn't hold.
    pub(crate) fn check(&self) {
        assert!(!self.trie.contains([]), "3: an empty key");
        let mut entries = 0;
        let mut zipper = self.trie.read_zipper();
        let mut down = zipper.child_count() > 0;
        while down {
            while let Some(first) = zipper.child_mask().iter().next() {
                zipper.descend_to_existing_byte(first);
                zipper.descend_until();
            }
            let mut path = zipper.path().to_vec();
            assert!(zipper.is_val(), "2: {path:02x?} leads nowhere");
            assert!(path.len() <= Key::MAX, "3: a key of {} bytes", path.len());
            entries += 1;
            down = false;
            while !down && zipper.ascend_until_branch() {
                let byte = path[zipper.path().len()];
                path.truncate(zipper.path().len());
                down = zipper
                    .child_mask()
                    .next_bit(byte)
                    .is_some_and(|next| zipper.descend_to_existing_byte(next));
            }
        }
        assert_eq!(entries, self.trie.val_count(), "2: an entry within another's key");
        assert_eq!(entries, self.len, "4: the length");
    }
}

impl<E: Entry> Default for Facts<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Entry> fmt::Debug for Facts<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facts").field("len", &self.len).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod guard;
#[cfg(test)]
mod tests;
