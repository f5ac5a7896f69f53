//! Permuted indexes: the facts of one head by a ground argument after the first.
//!
//! The trie of facts finds atoms by a prefix of their paths. For `(edge $x n7)` it visits every edge, unless there is an
//! index of `edge`/2 by its second argument: a trie of the same paths, permuted so that this argument comes first.
//!
//! ```text
//! key among the facts    c3 84edge 82n1 82n7      (edge n1 n7)
//! permuted                         82n7 82n1
//! ```
//!
//! **Built on demand.** An index follows from the facts, so a read may build one. Each query reports the steps that an index
//! would have saved, and once these would have paid for building it, the next such query [builds](ArgumentIndexes::build)
//! it. It is then part of the state and of later forks. No read waits for another one to build an index.
//!
//! **Maintained.** A write that adds or removes an atom updates the indexes of its head, and a union those of its left
//! operand.
//!
//! **Exceptions.** Facts whose argument has a variable, or comes after arguments of more than [`MAX_CROSSED`] bytes, are kept
//! as they are in a second trie, which is searched beside the first.
//!
//! **Bounded.** A space has at most [`MAX_INDEXES`] indexes, with twice as many entries as it has facts. A write drops an
//! index if as many facts of its head were written since the last read as it has entries. So writes pay for indexes in
//! proportion to what reads gain by them.

mod demand;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use self::demand::Demand;
use super::append_list::AppendList;
use super::record::sorted;
use crate::term::path::Extent;
use crate::trie_map::TrieMap;

/// The maximum number of indexes of a space.
pub(super) const MAX_INDEXES: usize = 8;

/// The maximum number of entries in all indexes of a space, for each of its facts.
const MAX_ENTRIES_PER_FACT: usize = 2;

/// The maximum number of bytes that an argument is moved across. Facts with longer arguments before it share these among the
/// facts, and would not in an index.
const MAX_CROSSED: usize = 128;

/// The minimum number of facts of a head that are indexed: a scan of fewer is as fast.
pub(super) const MIN_FACTS: usize = if cfg!(pleach_tiny_nodes) { 2 } else { 64 };

/// The permuted indexes of a space, and the demand for more. Cloning it is O(1), since the number of indexes is bounded.
#[derive(Clone, Default)]
pub(super) struct ArgumentIndexes {
    list: AppendList<ArgumentIndex>,
    /// Shared with all forks.
    demand: Arc<Demand>,
}

impl ArgumentIndexes {
    pub(super) fn iter(&self) -> impl Iterator<Item = &ArgumentIndex> {
        self.list.iter()
    }

    /// Returns the index of the facts that begin with `prefix` by the argument at `position`, and records the read.
    pub(super) fn get(&self, prefix: &[u8], position: usize) -> Option<&ArgumentIndex> {
        let index = self.iter().find(|index| index.is_of(prefix, position))?;
        index.read();
        Some(index)
    }

    /// Records that a query took steps most of which this index would have saved.
    pub(super) fn report(&self, prefix: &[u8], position: usize, steps: u64) {
        self.demand.add(prefix, position, steps);
    }

    /// Builds this index if its demand suffices and the budget allows it. O(m log m) for m facts that begin with `prefix`:
    /// about what queries have paid for want of it.
    pub(super) fn build<V>(&self, facts: &TrieMap<V>, prefix: &[u8], position: usize) -> Option<&ArgumentIndex> {
        let affordable = self.demand.affordable(prefix, position)?;
        let allowed = facts.count_prefix(prefix) <= affordable && self.has_room(facts, prefix);
        self.demand.settle(prefix, position, allowed);
        if !allowed {
            return None;
        }
        self.add(ArgumentIndex::build(facts, prefix, position))
    }

    /// Builds this index, which isn't there, whatever its demand, if the budget allows it.
    pub(super) fn require<V>(&self, facts: &TrieMap<V>, prefix: &[u8], position: usize) -> Option<&ArgumentIndex> {
        let allowed = self.has_room(facts, prefix);
        allowed.then(|| self.add(ArgumentIndex::build(facts, prefix, position)))?
    }

    /// Takes over an index of another state, unless it is there, if the budget allows it. `each_changed` calls its argument with
    /// the keys of all of its facts that one state only has. O(log n) each.
    pub(super) fn adopt<V>(
        &self,
        from: &ArgumentIndex,
        facts: &TrieMap<V>,
        each_changed: impl FnOnce(&mut dyn FnMut(&[u8])),
    ) {
        let is_known = self.iter().any(|known| known.is_of(&from.prefix, from.position));
        if !is_known && self.has_room(facts, &from.prefix) {
            let mut index = from.clone();
            each_changed(&mut |key| _ = index.set(key, facts.contains_key(key)));
            self.add(index);
        }
    }

    /// Whether the budget allows another index of the facts that begin with `prefix`, and they are enough.
    fn has_room<V>(&self, facts: &TrieMap<V>, prefix: &[u8]) -> bool {
        let count = facts.count_prefix(prefix);
        let entries: usize = self.iter().map(ArgumentIndex::len).sum();
        count >= MIN_FACTS
            && self.iter().count() < MAX_INDEXES
            && entries.saturating_add(count) <= MAX_ENTRIES_PER_FACT * facts.len()
    }

    /// Builds this index whatever its demand.
    #[cfg(test)]
    pub(super) fn force<V>(&self, facts: &TrieMap<V>, prefix: &[u8], position: usize) {
        if self.get(prefix, position).is_none() {
            self.add(ArgumentIndex::build(facts, prefix, position));
        }
    }

    /// Appends an index, and returns it, or the one that is already there.
    fn add(&self, index: ArgumentIndex) -> Option<&ArgumentIndex> {
        let (prefix, position) = (Arc::clone(&index.prefix), index.position);
        self.list.append(index, |other| other.is_of(&prefix, position))
    }

    /// Updates the indexes after an atom was added or removed. O(1) if its head has none.
    pub(super) fn set(&mut self, key: &[u8], present: bool) {
        self.list.retain(|index| index.set(key, present));
    }

    /// Updates the indexes after these facts were added.
    pub(super) fn extend<V>(&mut self, added: &TrieMap<V>) {
        self.list.retain(|index| {
            index.extend(added);
            true
        });
    }

    /// Drops all indexes.
    pub(super) fn clear(&mut self) {
        self.list = AppendList::default();
    }
}

impl fmt::Debug for ArgumentIndexes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The facts of one head, by one argument.
pub(super) struct ArgumentIndex {
    /// The common prefix of their paths: the number of items and the head.
    prefix: Arc<[u8]>,
    /// The number of the argument, from 1.
    position: usize,
    /// The permuted keys of the facts whose argument is ground and not behind long ones.
    pub(super) permuted: TrieMap<()>,
    /// The keys of the other facts, as they are.
    pub(super) rest: TrieMap<()>,
    /// Whether a query has read the index since the last write.
    read: AtomicBool,
    /// The number of writes since the last read.
    idle: usize,
}

impl Clone for ArgumentIndex {
    fn clone(&self) -> Self {
        Self {
            prefix: Arc::clone(&self.prefix),
            position: self.position,
            permuted: self.permuted.clone(),
            rest: self.rest.clone(),
            read: AtomicBool::new(self.read.load(Ordering::Relaxed)),
            idle: self.idle,
        }
    }
}

impl ArgumentIndex {
    fn build<V>(facts: &TrieMap<V>, prefix: &[u8], position: usize) -> Self {
        let mut bytes = Vec::new();
        let mut ends = vec![0];
        let mut rest = TrieMap::new();
        if let Some(mut cursor) = facts.cursor_at(prefix) {
            while cursor.next_entry().is_some() {
                if permute(cursor.path(), prefix.len(), position, &mut bytes) {
                    ends.push(bytes.len());
                } else {
                    rest.insert(cursor.path(), ());
                }
            }
        }
        let mut keys: Vec<&[u8]> = ends.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect();
        keys.sort_unstable();
        Self {
            prefix: prefix.into(),
            position,
            permuted: sorted(keys.into_iter().map(|key| (key, ()))),
            rest,
            read: AtomicBool::new(true),
            idle: 0,
        }
    }

    fn is_of(&self, prefix: &[u8], position: usize) -> bool {
        self.position == position && *self.prefix == *prefix
    }

    /// The number of facts.
    pub(super) fn len(&self) -> usize {
        self.permuted.len() + self.rest.len()
    }

    /// The bytes of its list node, without its tries.
    pub(super) fn bytes(&self) -> usize {
        AppendList::<Self>::ENTRY_BYTES + 2 * size_of::<usize>() + self.prefix.len()
    }

    fn read(&self) {
        // It is mostly set: then the shared cache line isn't written.
        if !self.read.load(Ordering::Relaxed) {
            self.read.store(true, Ordering::Relaxed);
        }
    }

    /// Updates the index after an atom was added or removed. Returns whether the index is still worth its writes.
    fn set(&mut self, key: &[u8], present: bool) -> bool {
        if !key.starts_with(&self.prefix) {
            return true;
        }
        let mut permuted = Vec::with_capacity(key.len());
        let (facts, key) = if permute(key, self.prefix.len(), self.position, &mut permuted) {
            (&mut self.permuted, &permuted[..])
        } else {
            (&mut self.rest, key)
        };
        if present {
            facts.insert(key, ());
        } else {
            facts.remove(key);
        }
        self.idle = if std::mem::take(self.read.get_mut()) {
            0
        } else {
            self.idle + 1
        };
        self.idle <= self.len().max(MIN_FACTS)
    }

    fn extend<V>(&mut self, added: &TrieMap<V>) {
        if let Some(mut cursor) = added.cursor_at(&self.prefix) {
            while cursor.next_entry().is_some() {
                self.set(cursor.path(), true);
            }
        }
    }

    /// Writes the key among the facts of a permuted key.
    pub(super) fn unpermute(&self, permuted: &[u8], key: &mut Vec<u8>) {
        let argument = length(permuted, 1);
        let before = argument + length(&permuted[argument..], self.position - 1);
        key.clear();
        key.extend_from_slice(&self.prefix);
        key.extend_from_slice(&permuted[argument..before]);
        key.extend_from_slice(&permuted[..argument]);
        key.extend_from_slice(&permuted[before..]);
    }

    /// Compares the index with one that is built from the facts.
    ///
    /// # Panics
    /// If they differ.
    pub(super) fn check<V>(&self, facts: &TrieMap<V>) {
        let fresh = Self::build(facts, &self.prefix, self.position);
        for (ours, fresh) in [(&self.permuted, &fresh.permuted), (&self.rest, &fresh.rest)] {
            assert!(
                ours.check().is_ok() && ours == fresh,
                "6: the index by argument {} of {:02x?} follows from the facts",
                self.position,
                self.prefix
            );
        }
        let mut key = Vec::new();
        let mut cursor = self.permuted.cursor();
        while cursor.next_entry().is_some() {
            self.unpermute(cursor.path(), &mut key);
            assert!(facts.contains_key(&key), "6: a permuted key is that of a fact");
        }
    }
}

impl fmt::Debug for ArgumentIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArgumentIndex")
            .field("prefix", &self.prefix)
            .field("position", &self.position)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// Appends to `permuted` the key with the argument at `position` first and without its first `prefix` bytes, if that
/// argument is ground and the arguments before it are short.
fn permute(key: &[u8], prefix: usize, position: usize, permuted: &mut Vec<u8>) -> bool {
    let mut start = prefix;
    for _ in 1..position {
        match Extent::of_atom(&key[start..]) {
            Some((length, _)) => start += length,
            None => return false,
        }
    }
    let Some((length, false)) = Extent::of_atom(&key[start..]) else {
        return false;
    };
    if start - prefix > MAX_CROSSED {
        return false;
    }
    permuted.extend_from_slice(&key[start..start + length]);
    permuted.extend_from_slice(&key[prefix..start]);
    permuted.extend_from_slice(&key[start + length..]);
    true
}

/// The length of the first `atoms` atoms of a path.
fn length(path: &[u8], atoms: usize) -> usize {
    (0..atoms).fold(0, |end, _| {
        end + Extent::of_atom(&path[end..]).map_or(0, |(length, _)| length)
    })
}
