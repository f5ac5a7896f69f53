//! The facts of an environment: a persistent map from canonical paths to entries, over [`pathmap`].
//!
//! This is the only place that touches `pathmap`, and it makes impossible what 0.3.5 gets wrong. `guard.rs` has a test
//! for each line:
//!
//! | fault | why it can't happen here |
//! |---|---|
//! | a map without a root makes it on the first *read*, unsynchronised, though it is `Sync` | [`Facts::from_trie`], through which every map and every result goes, makes the root before anyone else can see it |
//! | `join` over paths that end in no value loses data | no such path is ever made: writes are `set_val_at` and `remove_val_at` with pruning, no algebra but that of whole maps |
//! | values don't add up where nodes are shared, and `join` swaps its operands at will | an [`Entry`]'s algebra never makes a value; [`Facts::join_with`] sets those of common keys one by one |
//! | algebra and drop recurse by depth | a [`Key`] has at most [`Key::MAX`] bytes |
//! | `val_count` costs O(n) | `len` is kept |
//! | a zipper counts in a `u8`, which overflows at the last child of a node with all 256 | [`Cursor`] takes such steps itself |
//! | write zippers, grafts, `take_map` … | not used, but for one [`write_zipper`](PathMap::write_zipper) that only sets values |

mod changes;
mod cursor;
mod key;
mod sharing;
mod walk;

pub(crate) use changes::{Change, Changes};
pub(crate) use cursor::{Bytes, Cursor};
pub(crate) use key::Key;
pub use sharing::Sharing;
pub(crate) use walk::Part;

use pathmap::PathMap;
use pathmap::ring::{DistributiveLattice, Lattice};
use pathmap::zipper::{Zipper, ZipperConcrete, ZipperMoving, ZipperWriting};
use std::fmt;

/// What a fact may carry. Entries of up to 8 bytes are kept in the nodes.
///
/// `pathmap` skips the values of branches that both operands share, so an operation on values must leave a value alone
/// when both are the same; and it doesn't keep the order of operands. So: `pjoin` and `pmeet` keep one of the two, either
/// one; `psubtract` keeps the left one unless both are equal; none makes a new value. `Eq` is asked of each pair that a
/// [diff](Facts::diff) meets outside of what is shared, so it should first compare addresses.
pub(crate) trait Entry: Clone + Send + Sync + Unpin + Eq + Lattice + DistributiveLattice + 'static {}

impl<E: Clone + Send + Sync + Unpin + Eq + Lattice + DistributiveLattice + 'static> Entry for E {}

/// A persistent map from [`Key`]s to entries, in the order of the keys' bytes.
///
/// Cloning is O(1) and copies nothing; later writes copy the nodes on their path. No key may be a prefix of another,
/// which canonical paths are not.
#[derive(Clone)]
pub(crate) struct Facts<E: Entry> {
    /// Invariants: 1. has a root node, even when empty; 2. each path leads to an entry; 3. no key is empty or longer
    /// than [`Key::MAX`].
    trie: PathMap<E>,
    /// Invariant: 4. the number of entries in `trie`.
    len: usize,
}

impl<E: Entry> Facts<E> {
    /// The empty map. Allocates one node.
    pub(crate) fn new() -> Self {
        Self::from_trie(PathMap::new(), 0)
    }

    /// The only way from a `PathMap` to `Facts`: sees to invariant 1, the rest is the caller's.
    fn from_trie(trie: PathMap<E>, len: usize) -> Self {
        drop(trie.read_zipper());
        Facts { trie, len }
    }

    /// How many keys there are. O(1).
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none. O(1).
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

    /// Puts an entry at this key and returns the one it replaces. O(length of the key), and a copy of each node on the
    /// way that another map shares.
    pub(crate) fn insert(&mut self, key: &Key<'_>, entry: E) -> Option<E> {
        let old = self.trie.set_val_at(key.as_bytes(), entry);
        self.len += usize::from(old.is_none());
        old
    }

    /// Takes away and returns the entry at this key. Costs as [`insert`](Facts::insert); copies nothing if there is none.
    pub(crate) fn remove(&mut self, key: &Key<'_>) -> Option<E> {
        if !self.contains(key) {
            return None;
        }
        let old = self.trie.remove_val_at(key.as_bytes(), true)?;
        drop(self.trie.read_zipper());
        self.len -= 1;
        Some(old)
    }

    /// The map of these entries. The keys should be sorted, which makes it about twice as fast as inserting; of equal
    /// ones the last counts.
    pub(crate) fn from_sorted<'k>(entries: impl IntoIterator<Item = (Key<'k>, E)>) -> Self {
        let mut facts = Self::new();
        facts.extend_sorted(entries);
        facts
    }

    /// Inserts these entries. The keys should be sorted: from each to the next, only the part that differs is walked.
    pub(crate) fn extend_sorted<'k>(&mut self, entries: impl IntoIterator<Item = (Key<'k>, E)>) {
        let mut zipper = self.trie.write_zipper();
        for (key, entry) in entries {
            zipper.move_to_path(key.as_bytes());
            self.len += usize::from(zipper.set_val(entry).is_none());
        }
    }

    /// Adds all entries of `other`; where both have a key, `merge` makes the entry from the one here and the other's.
    /// Whole branches that only one side has are taken as they are, so it costs the part where the keys of both are
    /// interleaved, and about three insertions for each key that both have: join what was added, not what was inherited.
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
        // Which of two entries `join` keeps can't be known, so those of common keys are set anew.
        let mut cursor = Cursor::new(common.read_zipper());
        while cursor.next_entry().is_some() {
            let key = Key::stored(cursor.path());
            if let (Some(ours), Some(theirs)) = (self.get(&key), other.get(&key)) {
                joined.insert(&key, merge(ours, theirs));
            }
        }
        *self = joined;
    }

    /// What must be done to `self` to make it `after`. Costs O(changes · length of a key) if one was cloned from the
    /// other, or both from a third; nothing if they are the same map; O(n) if they only look alike.
    pub(crate) fn diff(&self, after: &Self) -> Changes<E> {
        let growth = after.len as isize - self.len as isize;
        // To subtract costs all slots of a node that is not shared, and most changes only add, or only remove.
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

    /// The entries of `self` that `other` doesn't have, or has differently: none, if `theirs`, the same of `other`, are a
    /// few and no more than those by which the lengths differ.
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

    /// The entries of `self` that `other` doesn't have, or has differently.
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

    /// Whether both are the same map in memory, so that they are equal. `false` says nothing. O(1).
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

    /// A clone of the map inside, to be handed out. O(1).
    ///
    /// It is a snapshot: writes to it are not seen here. `pathmap`'s own caveats apply to it: don't share one that became
    /// empty between threads before reading it once, don't join maps after removing without pruning, and expect an
    /// overflow of the stack when joining maps with keys of thousands of bytes.
    pub(crate) fn to_pathmap(&self) -> PathMap<E> {
        self.trie.clone()
    }
}

impl<E: Entry> Facts<E> {
    /// Tests the invariants, the first excepted. O(n · length of a key).
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
