//! Patches that leave definitions in the same order, too.

use std::collections::BTreeMap;
use std::iter;
use std::sync::Arc;

use super::apply::with_encoder;
use super::facts::Key;
use super::history::{Base, merge_base};
use super::id::SpaceId;
use super::patch::{Change, Patch};
use super::record::{Index, Record};
use super::snapshot::Snapshot;
use super::space::{Bucket, Space};
use crate::map;
use crate::term::Term;

/// A space, as it was and as it is.
struct Pair<'a, T: Term> {
    id: Option<SpaceId>,
    from: &'a Space<T>,
    to: &'a Space<T>,
    /// Definitions with numbers above this must be removed and added again, or they would not be where they are.
    stays: u64,
}

impl<T: Term> Snapshot<T> {
    /// The patch that leads from `self` to `later` and leaves the definitions in the same order: one that was removed and
    /// added again, and so has another place, is removed in it and added again. `None` if `later` doesn't come from `self`.
    ///
    /// O(d · log n) for d changes; and O(h) for h heads if a definition was both added and removed.
    pub(crate) fn successive_patch(self: &Arc<Self>, later: &Arc<Self>) -> Option<Patch<T>> {
        if !matches!(merge_base(self, later), Base::Left) {
            return None;
        }
        let patch = self.diff(later);
        let mut fresh: BTreeMap<Option<SpaceId>, u64> = BTreeMap::new();
        for change in &patch {
            if let Change::Atom {
                space, atom, from: 0, ..
            } = change
                && !matches!(Index::of(atom), Index::None)
            {
                *fresh.entry(*space).or_default() += 1;
            }
        }
        let nothing = Space::default();
        let mut moved = self.pairs(later, &nothing);
        // Each number that was given out is that of a new definition, unless one was both added and removed.
        moved.retain_mut(|pair| {
            pair.stays = pair.from.next_order;
            let given = pair.to.next_order.saturating_sub(pair.stays);
            given != fresh.get(&pair.id).copied().unwrap_or(0)
        });
        Some(in_order(patch, &moved))
    }

    /// As [`successive_patch`](Self::successive_patch), for any two. `None` if `other` lacks a named space that `self` has:
    /// no patch takes one away. Definitions that stay keep the names of their variables.
    ///
    /// O(n) if the two are unrelated, and O(r · log n) for the r definitions of the spaces that differ.
    pub(crate) fn patch_to(self: &Arc<Self>, other: &Arc<Self>) -> Option<Patch<T>> {
        if let Some(patch) = self.successive_patch(other) {
            return Some(patch);
        }
        if self.world.spaces.keys().any(|id| !other.world.spaces.contains_key(id)) {
            return None;
        }
        let nothing = Space::default();
        let mut moved = self.pairs(other, &nothing);
        moved.retain_mut(|pair| {
            // Those that come first in both, in the same order, can stay. All later ones are new, or must be made so.
            let mut last = 0;
            let mut definitions = pair.to.definitions_after(0).into_iter().map(|record| {
                let before = pair.from.order_of(record.definition());
                (record.order, before)
            });
            let mut leaves = false;
            for (order, before) in definitions.by_ref() {
                leaves = before <= last;
                if leaves {
                    leaves = before > 0;
                    break;
                }
                (last, pair.stays) = (before, order);
            }
            leaves || definitions.any(|(_, before)| before > 0)
        });
        Some(in_order(self.diff(other), &moved))
    }

    /// The environment's own space and the named ones of `later`, but for those that are the same in memory.
    fn pairs<'a>(&'a self, later: &'a Self, nothing: &'a Space<T>) -> Vec<Pair<'a, T>> {
        let pair = |id, from, to| Pair { id, from, to, stays: 0 };
        let named = self.world.spaces.diff_by(&later.world.spaces, Arc::ptr_eq);
        let named = named.filter_map(|change| match change {
            map::Change::Added { key, new } => Some(pair(Some(*key), nothing, &**new)),
            map::Change::Changed { key, old, new } => Some(pair(Some(*key), &**old, &**new)),
            map::Change::Removed { .. } => None,
        });
        iter::once(pair(None, &self.world.root, &later.world.root))
            .chain(named)
            .collect()
    }
}

/// The patch with all definitions of these spaces that don't stay, in order, at its end.
fn in_order<T: Term>(patch: Patch<T>, moved: &[Pair<'_, T>]) -> Patch<T> {
    if moved.is_empty() {
        return patch;
    }
    let is_later = |change: &Change<T>| match change {
        Change::Atom {
            space, atom, to: 1.., ..
        } => moved
            .iter()
            .any(|pair| pair.id == *space && pair.to.order_of(atom) > pair.stays),
        _ => false,
    };
    let definitions = moved.iter().flat_map(|pair| {
        let records = pair.to.definitions_after(pair.stays);
        records.into_iter().flat_map(move |record| {
            let atom = record.definition();
            let change = |from, to| Change::Atom {
                space: pair.id,
                atom: atom.clone(),
                from,
                to,
            };
            let before = pair.from.multiplicity(atom);
            let removal = (before > 0).then(|| change(before, 0));
            removal.into_iter().chain([change(0, record.count)])
        })
    });
    let rest = patch.iter().filter(|change| !is_later(change)).cloned();
    rest.chain(definitions).collect()
}

impl<T: Term> Space<T> {
    /// The definitions with numbers above this, in order.
    fn definitions_after(&self, order: u64) -> Vec<&Arc<Record<T>>> {
        let buckets = self.rules.values().chain(self.types.values()).chain([&self.wildcards]);
        let mut records: Vec<_> = buckets
            .flat_map(move |bucket: &Bucket<T>| bucket.iter_from(order + 1).map(|(_, record)| record))
            .collect();
        records.sort_unstable_by_key(|record| record.order);
        records
    }

    /// The definition number of an atom, or 0.
    fn order_of(&self, atom: &T) -> u64 {
        with_encoder(|encoder| {
            let encoded = encoder.encode(atom);
            let found = self.facts.get(&Key::new(encoded.bytes, encoded.cut));
            found.and_then(|found| found.record()).map_or(0, |record| record.order)
        })
    }
}
