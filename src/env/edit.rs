//! Edits: the path of every write.
//!
//! Making an [`Edit`] runs the user's code, which reads the term, and changes nothing. Applying one runs no user code, can't
//! fail, and updates the facts and every index. A write makes all its edits before it applies the first, so it happens whole
//! or not at all.

use std::mem;
use std::ops::Range;
use std::sync::Arc;

use super::id::SpaceKind;
use super::record::{Index, Multiplicity, Record};
use super::space::Space;
use crate::term::{Encoder, Term};

/// A change of one atom's multiplicity.
#[derive(Debug)]
pub(crate) struct Edit<'k, T> {
    key: &'k [u8],
    content: EditContent<T>,
    delta: Delta,
}

/// The properties of an atom that an edit needs besides its key.
#[derive(Clone, Debug)]
pub(crate) struct EditContent<T> {
    /// The atom, if it is stored in a record: because an index has it, or because it can't be decoded from its path.
    pub(crate) kept: Option<T>,
    pub(crate) index: Index,
}

/// A change of a multiplicity. Results saturate at 0 and `u64::MAX`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Delta {
    Add(u64),
    Remove(u64),
    Set(u64),
    /// Adds one occurrence if there is none.
    Ensure,
    /// Merges a change of a fact of a set, which is present or not, that another side made since the merge base.
    Merge {
        from: u64,
        to: u64,
    },
}

/// How multiplicities that both sides changed are merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counts {
    /// The changes add up: the facts are a multiset.
    Sum,
    /// The greater one: the facts are a set.
    Max,
}

impl Delta {
    /// The change from one multiplicity to another.
    pub(crate) fn between(from: u64, to: u64) -> Self {
        if to >= from {
            Self::Add(to - from)
        } else {
            Self::Remove(from - to)
        }
    }

    /// Whether it would not change the multiplicity of the atom at `key`.
    fn is_idle<T: Term>(self, key: &[u8], space: &Space<T>) -> bool {
        if let Self::Add(n) = self
            && (n == 0 || space.total < u64::MAX.into())
        {
            // No multiplicity is at its maximum, so this one needn't be read.
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
            Self::Ensure => count.max(1),
            Self::Merge { from, to } if from == count => to,
            // Both sides changed it. A removal by either stays, and so does an addition.
            Self::Merge { from: 1.., to } if to == 0 || count == 0 => 0,
            Self::Merge { to, .. } => count.max(to),
        }
    }
}

impl<'k, T: Term> Edit<'k, T> {
    /// Encodes `atom`, for a space of this kind. Linear in its size.
    pub(crate) fn new(encoder: &'k mut Encoder, atom: T, delta: Delta, kind: SpaceKind) -> Self {
        let index = Index::of(&atom, kind);
        let encoded = encoder.encode(&atom);
        let keep = encoded.opaque || !matches!(index, Index::None);
        Self {
            key: encoded.bytes,
            content: EditContent {
                kept: keep.then_some(atom),
                index,
            },
            delta,
        }
    }

    /// An edit of the atom at `key` with `multiplicity` in this or another space of this kind.
    pub(crate) fn of_entry(key: &'k [u8], multiplicity: &Multiplicity<T>, delta: Delta, kind: SpaceKind) -> Self {
        let kept = multiplicity.record().and_then(|record| record.atom.clone());
        let index = kept.as_ref().map_or(Index::None, |atom| Index::of(atom, kind));
        Self {
            key,
            content: EditContent { kept, index },
            delta,
        }
    }

    /// Whether it would change nothing.
    pub(crate) fn is_idle(&self, space: &Space<T>) -> bool {
        self.delta.is_idle(self.key, space)
    }

    pub(crate) fn keeps_atom(&self) -> bool {
        self.content.kept.is_some()
    }

    pub(crate) fn key(&self) -> &'k [u8] {
        self.key
    }
}

/// A list of edits, with their keys in one allocation.
#[derive(Debug)]
pub(crate) struct Edits<T> {
    keys: Vec<u8>,
    list: Vec<(Range<usize>, EditContent<T>, Delta)>,
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
        self.keys.extend_from_slice(edit.key);
        self.list.push((start..self.keys.len(), edit.content, edit.delta));
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether each edit, if it were the first, would change nothing.
    pub(crate) fn are_idle(&self, space: &Space<T>) -> bool {
        self.list
            .iter()
            .all(|(range, _, delta)| delta.is_idle(&self.keys[range.clone()], space))
    }

    /// Whether some edit adds occurrences.
    pub(crate) fn any_adds(&self) -> bool {
        self.list.iter().any(|(.., delta)| delta.of(0) > 0)
    }

    /// Copies of the edits, in the order they were pushed.
    pub(crate) fn copies(&self) -> impl Iterator<Item = Edit<'_, T>> {
        self.list.iter().map(|(range, content, delta)| Edit {
            key: &self.keys[range.clone()],
            content: content.clone(),
            delta: *delta,
        })
    }

    /// Whether each edit adds one occurrence.
    pub(crate) fn only_add_one(&self) -> bool {
        self.list.iter().all(|(.., delta)| matches!(delta, Delta::Add(1)))
    }

    /// Takes all edits without their deltas: the bytes of all keys, and the range of each.
    pub(crate) fn take(&mut self) -> (Vec<u8>, impl ExactSizeIterator<Item = (Range<usize>, EditContent<T>)>) {
        let list = mem::take(&mut self.list).into_iter();
        (
            mem::take(&mut self.keys),
            list.map(|(range, content, _)| (range, content)),
        )
    }

    /// The edits in the order they were pushed.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Edit<'_, T>> {
        let Self { keys, list } = self;
        list.drain(..).map(|(range, content, delta)| Edit {
            key: &keys[range],
            content,
            delta,
        })
    }
}

impl<T: Term> Space<T> {
    /// Applies an edit in O(log n), in place where this space is the sole owner.
    pub(crate) fn apply(&mut self, edit: Edit<'_, T>) {
        let Edit {
            key,
            content: EditContent { kept, index },
            delta,
        } = edit;
        let (before, after) = match kept {
            None => self.apply_plain(key, delta),
            Some(atom) => self.apply_kept(key, atom, index, delta),
        };
        if (before == 0) != (after == 0) {
            self.arguments.set(key, after > 0);
        }
        self.total = self.total - u128::from(before) + u128::from(after);
        self.written += 1;
    }

    /// Walks the trie once if the fact is new, or is removed and had one occurrence, as in most writes.
    fn apply_plain(&mut self, key: &[u8], delta: Delta) -> (u64, u64) {
        // In unions of sets, both sides often have the same change: an insertion would copy a shared path of the trie.
        if let Delta::Merge { .. } = delta {
            let before = self.facts.get(key).map_or(0, Multiplicity::get);
            if delta.of(before) == before {
                return (before, before);
            }
        }
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

    fn apply_kept(&mut self, key: &[u8], atom: T, index: Index, delta: Delta) -> (u64, u64) {
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
