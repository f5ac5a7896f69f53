//! Indexes by argument: which facts of a head have a certain ground atom as their second argument, third, and so on.
//!
//! The trie of facts finds atoms by how their paths begin. For `(edge $x n7)` it visits every edge, unless there is an
//! index of `edge`/2 by its second argument: a trie of the same paths, turned so that this argument comes first.
//!
//! ```text
//! key among the facts    c3 84edge 82n1 82n7      (edge n1 n7)
//! turned                           82n7 82n1
//! ```
//!
//! **Built when it pays.** An index holds nothing that does not follow from the facts, so a read may build one: a query
//! that had to look at many places for want of an index says so, and when what was spent would have paid for building it,
//! the next such query [does](Arguments::build). It is then part of the state, and of the forks that are made of it from
//! then on. No read waits for it: who finds it unfinished does without.
//!
//! **Kept in step.** A write that adds or removes an atom does the same to the indexes of its head; a union does what it
//! does to the facts of its left operand.
//!
//! **Bounded.** A space has at most [`MOST`] indexes, with twice as many entries as it has facts in all. An index that
//! nobody reads while as many atoms of its head are written as it has is dropped by the write. So, beside queries that
//! would have cost as much without, writes pay for indexes in proportion to what reads gain by them.

mod demand;
#[cfg(test)]
mod tests;

use std::fmt;
use std::iter::successors;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use self::demand::Demand;
use super::facts::{Entry, Facts, Key};
use crate::term::path::Extent;

/// How many indexes a space may have.
pub(super) const MOST: usize = 8;

/// How many entries all indexes of a space may have, over the number of its facts.
const ENTRIES: usize = 2;

/// With fewer facts under a head than this, none is built: a scan is as fast.
pub(super) const FEW: usize = if cfg!(pleach_tiny_nodes) { 2 } else { 64 };

/// The indexes of a space, and what its queries have asked for.
#[derive(Default)]
pub(super) struct Arguments {
    first: Place,
    /// Shared with all forks.
    demand: Arc<Demand>,
}

/// The indexes from here on: a list, so that a read can add one that no other read has to wait for.
#[derive(Clone, Default)]
struct Place(OnceLock<Box<Link>>);

#[derive(Clone)]
struct Link {
    index: ArgumentIndex,
    next: Place,
}

impl Clone for Arguments {
    /// O(1), for the number of indexes is bounded.
    fn clone(&self) -> Self {
        Self {
            first: self.first.clone(),
            demand: Arc::clone(&self.demand),
        }
    }
}

impl Arguments {
    /// The indexes.
    pub(super) fn iter(&self) -> impl Iterator<Item = &ArgumentIndex> {
        successors(self.first.0.get(), |link| link.next.0.get()).map(|link| &link.index)
    }

    /// The index of the facts that begin with `prefix` by the argument at `position`, to be read.
    pub(super) fn get(&self, prefix: &[u8], position: usize) -> Option<&ArgumentIndex> {
        let index = self.iter().find(|index| index.is_of(prefix, position))?;
        index.read();
        Some(index)
    }

    /// Takes note that a query took so many steps that this index would have saved most of.
    pub(super) fn ask(&self, prefix: &[u8], position: usize, steps: u64) {
        self.demand.ask(prefix, position, steps);
    }

    /// Builds this index, if it was asked for often enough and the budget allows it. O(m log m) for m facts that begin
    /// with `prefix`, of which queries have paid about as much before.
    pub(super) fn build<E: Entry>(&self, facts: &Facts<E>, prefix: &[u8], position: usize) -> Option<&ArgumentIndex> {
        let affordable = self.demand.affordable(prefix, position)?;
        let count = facts.count_under(prefix, affordable.saturating_add(1));
        let entries: usize = self.iter().map(ArgumentIndex::len).sum();
        let allowed = (FEW..=affordable).contains(&count)
            && self.iter().count() < MOST
            && entries.saturating_add(count) <= ENTRIES * facts.len();
        self.demand.settle(prefix, position, allowed);
        if !allowed {
            return None;
        }
        self.add(ArgumentIndex::build(facts, prefix, position))
    }

    /// Builds this index whatever it costs.
    #[cfg(test)]
    pub(super) fn force<E: Entry>(&self, facts: &Facts<E>, prefix: &[u8], position: usize) {
        if self.get(prefix, position).is_none() {
            self.add(ArgumentIndex::build(facts, prefix, position));
        }
    }

    /// Adds an index, or leaves the one there is.
    fn add(&self, index: ArgumentIndex) -> Option<&ArgumentIndex> {
        let (prefix, position) = (Arc::clone(&index.prefix), index.position);
        let next = Place::default();
        let mut link = Box::new(Link { index, next });
        let mut place = &self.first;
        loop {
            match place.0.set(link) {
                Ok(()) => return place.0.get().map(|link| &link.index),
                Err(unused) => link = unused,
            }
            let taken = place.0.get()?;
            if taken.index.is_of(&prefix, position) {
                // Another thread was faster.
                return Some(&taken.index);
            }
            place = &taken.next;
        }
    }

    /// An atom has come or gone. O(1) if there is no index of its head.
    pub(super) fn set(&mut self, key: &[u8], present: bool) {
        let mut place = &mut self.first;
        while let Some(link) = place.0.get_mut() {
            if !link.index.set(key, present) {
                place.0 = std::mem::take(&mut link.next).0;
                continue;
            }
            match place.0.get_mut() {
                Some(link) => place = &mut link.next,
                None => return,
            }
        }
    }

    /// These facts have come.
    pub(super) fn extend<E: Entry>(&mut self, added: &Facts<E>) {
        let mut next = self.first.0.get_mut();
        while let Some(link) = next {
            link.index.extend(added);
            next = link.next.0.get_mut();
        }
    }

    /// Forgets all indexes.
    pub(super) fn clear(&mut self) {
        self.first = Place::default();
    }
}

impl fmt::Debug for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The facts of one head by one argument.
pub(super) struct ArgumentIndex {
    /// How their paths begin: with the number of items and the head.
    prefix: Arc<[u8]>,
    /// Which argument, from 1.
    position: usize,
    /// The turned keys of those whose argument is ground, and whole in the key.
    pub(super) turned: Facts<()>,
    /// The keys of the others.
    pub(super) others: Facts<()>,
    /// Whether a query has read it since the last write.
    read: AtomicBool,
    /// How many writes there were since it was read.
    idle: usize,
}

impl Clone for ArgumentIndex {
    fn clone(&self) -> Self {
        Self {
            prefix: Arc::clone(&self.prefix),
            position: self.position,
            turned: self.turned.clone(),
            others: self.others.clone(),
            read: AtomicBool::new(self.read.load(Ordering::Relaxed)),
            idle: self.idle,
        }
    }
}

impl ArgumentIndex {
    fn build<E: Entry>(facts: &Facts<E>, prefix: &[u8], position: usize) -> Self {
        let mut bytes = Vec::new();
        let mut ends = vec![0];
        let mut others = Facts::new();
        if let Some(mut cursor) = facts.cursor_at(prefix) {
            while cursor.next_entry().is_some() {
                if turn(cursor.path(), prefix.len(), position, &mut bytes) {
                    ends.push(bytes.len());
                } else {
                    others.insert(&Key::stored(cursor.path()), ());
                }
            }
        }
        let mut keys: Vec<&[u8]> = ends.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect();
        keys.sort_unstable();
        Self {
            prefix: prefix.into(),
            position,
            turned: Facts::from_sorted(keys.into_iter().map(|key| (Key::stored(key), ()))),
            others,
            read: AtomicBool::new(true),
            idle: 0,
        }
    }

    fn is_of(&self, prefix: &[u8], position: usize) -> bool {
        self.position == position && *self.prefix == *prefix
    }

    /// How many facts it has.
    pub(super) fn len(&self) -> usize {
        self.turned.len() + self.others.len()
    }

    /// Bytes of its place in the list, without its tries.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Link>() + 2 * size_of::<usize>() + self.prefix.len()
    }

    fn read(&self) {
        // Most often it is set: then the memory that threads share is not written.
        if !self.read.load(Ordering::Relaxed) {
            self.read.store(true, Ordering::Relaxed);
        }
    }

    /// An atom has come or gone. Whether the index is still worth its writes.
    fn set(&mut self, key: &[u8], present: bool) -> bool {
        if !key.starts_with(&self.prefix) {
            return true;
        }
        let mut turned = Vec::with_capacity(key.len());
        let (facts, key) = if turn(key, self.prefix.len(), self.position, &mut turned) {
            (&mut self.turned, Key::stored(&turned))
        } else {
            (&mut self.others, Key::stored(key))
        };
        if present {
            facts.insert(&key, ());
        } else {
            facts.remove(&key);
        }
        self.idle = if std::mem::take(self.read.get_mut()) {
            0
        } else {
            self.idle + 1
        };
        self.idle <= self.len().max(FEW)
    }

    fn extend<E: Entry>(&mut self, added: &Facts<E>) {
        if let Some(mut cursor) = added.cursor_at(&self.prefix) {
            while cursor.next_entry().is_some() {
                self.set(cursor.path(), true);
            }
        }
    }

    /// The key among the facts that was turned.
    pub(super) fn turn_back(&self, turned: &[u8], key: &mut Vec<u8>) {
        let argument = length(turned, 1);
        let before = argument + length(&turned[argument..], self.position - 1);
        key.clear();
        key.extend_from_slice(&self.prefix);
        key.extend_from_slice(&turned[argument..before]);
        key.extend_from_slice(&turned[..argument]);
        key.extend_from_slice(&turned[before..]);
    }

    /// Derives it anew and compares.
    ///
    /// # Panics
    /// If they differ.
    pub(super) fn check<E: Entry>(&self, facts: &Facts<E>) {
        let fresh = Self::build(facts, &self.prefix, self.position);
        for (ours, fresh) in [(&self.turned, &fresh.turned), (&self.others, &fresh.others)] {
            ours.check();
            assert!(
                ours.len() == fresh.len() && ours.diff(fresh).is_empty(),
                "6: the index by argument {} of {:02x?} is as its facts say",
                self.position,
                self.prefix
            );
        }
        let mut key = Vec::new();
        let mut cursor = self.turned.cursor();
        while cursor.next_entry().is_some() {
            self.turn_back(cursor.path(), &mut key);
            assert!(facts.contains(&Key::stored(&key)), "6: turned keys turn back");
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

/// Appends to `turned` the key with the argument at `position` first and without its first `prefix` bytes, if that
/// argument is ground and whole in the key.
fn turn(key: &[u8], prefix: usize, position: usize, turned: &mut Vec<u8>) -> bool {
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
    turned.extend_from_slice(&key[start..start + length]);
    turned.extend_from_slice(&key[prefix..start]);
    turned.extend_from_slice(&key[start + length..]);
    true
}

/// The length of the first `atoms` atoms of a path.
fn length(path: &[u8], atoms: usize) -> usize {
    (0..atoms).fold(0, |end, _| {
        end + Extent::of_atom(&path[end..]).map_or(0, |(length, _)| length)
    })
}
