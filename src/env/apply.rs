//! The one place that every write passes through.
//!
//! Making an [`Edit`] runs the user's code (it looks at the term) and changes nothing; applying one runs none of it,
//! can't fail, and keeps the facts and every index in step. A write makes all its edits before it applies the first: so
//! it happens whole or not at all.

use std::cell::Cell;
use std::mem;
use std::ops::Range;
use std::sync::Arc;

use super::facts::Key;
use super::record::{Index, Multiplicity, Record};
use super::space::Space;
use crate::term::{Encoder, Term};

/// A change of one atom's multiplicity.
#[derive(Debug)]
pub(crate) struct Edit<'k, T> {
    key: Key<'k>,
    about: About<T>,
    delta: Delta,
}

/// What an edit must know of its atom beside the key.
#[derive(Debug)]
pub(crate) struct About<T> {
    /// The atom, if it is kept beside its path: because an index holds it, or because the path would not give it back.
    pub(crate) kept: Option<T>,
    pub(crate) index: Index,
}

/// How a multiplicity changes. The result is never below 0 or above `u64::MAX`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Delta {
    Add(u64),
    Remove(u64),
    Set(u64),
}

impl Delta {
    /// What leads from one multiplicity to another.
    pub(crate) fn between(from: u64, to: u64) -> Self {
        if to >= from {
            Self::Add(to - from)
        } else {
            Self::Remove(from - to)
        }
    }

    /// Would it change nothing about the atom at `key`?
    fn is_idle<T: Term>(self, key: &Key<'_>, space: &Space<T>) -> bool {
        if let Self::Add(n) = self
            && (n == 0 || space.total < u64::MAX.into())
        {
            // No atom is there as often as it can be, so it needs no look at this one.
            return n == 0;
        }
        let before = space.facts.get(key).map_or(0, Multiplicity::get);
        self.of(before) == before
    }

    fn of(self, count: u64) -> u64 {
        match self {
            Self::Add(n) => count.saturating_add(n),
            Self::Remove(n) => count.saturating_sub(n),
            Self::Set(n) => n,
        }
    }
}

impl<'k, T: Term> Edit<'k, T> {
    /// Encodes `atom`. Linear in its size.
    pub(crate) fn new(encoder: &'k mut Encoder, atom: T, delta: Delta) -> Self {
        let index = Index::of(&atom);
        let encoded = encoder.encode(&atom);
        let key = Key::new(encoded.bytes, encoded.cut);
        let keep = key.is_cut() || encoded.opaque || !matches!(index, Index::None);
        Self {
            key,
            about: About {
                kept: keep.then_some(atom),
                index,
            },
            delta,
        }
    }

    /// An edit of the atom that is at `key` with `multiplicity` in this or another space.
    pub(crate) fn of_entry(key: Key<'k>, multiplicity: &Multiplicity<T>, delta: Delta) -> Self {
        let kept = multiplicity.record().and_then(|record| record.atom.clone());
        let index = kept.as_ref().map_or(Index::None, Index::of);
        Self {
            key,
            about: About { kept, index },
            delta,
        }
    }

    /// Would it change nothing?
    pub(crate) fn is_idle(&self, space: &Space<T>) -> bool {
        self.delta.is_idle(&self.key, space)
    }

    pub(crate) fn keeps_atom(&self) -> bool {
        self.about.kept.is_some()
    }

    pub(crate) fn key(&self) -> &Key<'k> {
        &self.key
    }
}

/// A list of edits, with their keys in one allocation.
#[derive(Debug)]
pub(crate) struct Edits<T> {
    keys: Vec<u8>,
    list: Vec<(Range<usize>, About<T>, Delta)>,
}

impl<T: Term> Edits<T> {
    pub(crate) fn new() -> Self {
        Self {
            keys: Vec::new(),
            list: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, edit: Edit<'_, T>) {
        let start = self.keys.len();
        self.keys.extend_from_slice(edit.key.as_bytes());
        self.list.push((start..self.keys.len(), edit.about, edit.delta));
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Would each, as the first one, change nothing?
    pub(crate) fn are_idle(&self, space: &Space<T>) -> bool {
        self.list
            .iter()
            .all(|(range, _, delta)| delta.is_idle(&Key::stored(&self.keys[range.clone()]), space))
    }

    /// Does each edit add one occurrence?
    pub(crate) fn only_add_one(&self) -> bool {
        self.list.iter().all(|(.., delta)| matches!(delta, Delta::Add(1)))
    }

    /// Takes all edits, but not by how much they change: the bytes of their keys, and where each one's are.
    pub(crate) fn take(&mut self) -> (Vec<u8>, impl ExactSizeIterator<Item = (Range<usize>, About<T>)>) {
        let list = mem::take(&mut self.list).into_iter();
        (mem::take(&mut self.keys), list.map(|(range, about, _)| (range, about)))
    }

    /// The edits in the order they were pushed.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Edit<'_, T>> {
        let Self { keys, list } = self;
        list.drain(..).map(|(range, about, delta)| Edit {
            key: Key::stored(&keys[range]),
            about,
            delta,
        })
    }
}

impl<T: Term> Space<T> {
    /// Applies an edit in O(log n), in place where this space is the sole owner.
    pub(crate) fn apply(&mut self, edit: Edit<'_, T>) {
        let Edit {
            key,
            about: About { kept, index },
            delta,
        } = edit;
        let (before, after) = match kept {
            None => self.apply_plain(&key, delta),
            Some(atom) => self.apply_kept(&key, atom, index, delta),
        };
        if (before == 0) != (after == 0) {
            self.arguments.set(key.as_bytes(), after > 0);
        }
        self.total = self.total - u128::from(before) + u128::from(after);
    }

    /// Most writes add a fact that was not there, or remove one that was there once: those touch the trie once.
    fn apply_plain(&mut self, key: &Key<'_>, delta: Delta) -> (u64, u64) {
        let guess = delta.of(0);
        let old = match Multiplicity::new(guess) {
            Some(new) => self.facts.insert(key, new),
            None => self.facts.remove(key),
        };
        let before = old.as_ref().map_or(0, Multiplicity::get);
        let after = delta.of(before);
        if after != guess {
            match Multiplicity::new(after) {
                Some(new) => self.facts.insert(key, new),
                None => self.facts.remove(key),
            };
        }
        (before, after)
    }

    fn apply_kept(&mut self, key: &Key<'_>, atom: T, index: Index, delta: Delta) -> (u64, u64) {
        let old = self.facts.get(key).cloned();
        let before = old.as_ref().map_or(0, Multiplicity::get);
        let after = delta.of(before);
        if after == before {
            return (before, after);
        }
        let order = match old.as_ref().and_then(Multiplicity::record) {
            Some(old) => old.order,
            None if matches!(index, Index::None) => 0,
            None => {
                self.next_order += 1;
                self.next_order
            }
        };
        if after == 0 {
            self.facts.remove(key);
            self.unindex(&index, order);
        } else {
            let record = Arc::new(Record::new(after, order, Some(atom)));
            self.facts.insert(key, Multiplicity::from(Arc::clone(&record)));
            self.reindex(&index, record);
        }
        (before, after)
    }
}

/// Lends this thread's encoder, so that reads and writes reuse its buffer.
pub(crate) fn with_encoder<R>(use_it: impl FnOnce(&mut Encoder) -> R) -> R {
    thread_local! {
        static ENCODER: Cell<Option<Encoder>> = const { Cell::new(None) };
    }
    // Taken out while in use, for the term's own code may come back here; a fresh one if the thread is about to end.
    let mut encoder = ENCODER.try_with(Cell::take).ok().flatten().unwrap_or_default();
    let result = use_it(&mut encoder);
    // If the thread is about to end, the encoder goes with it.
    let _ = ENCODER.try_with(|place| place.set(Some(encoder)));
    result
}
