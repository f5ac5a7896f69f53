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
type Pair<'a, T> = (Option<SpaceId>, &'a Space<T>, &'a Space<T>);

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
        let named = self
            .world
            .spaces
            .diff(&later.world.spaces)
            .filter_map(|change| match change {
                map::Change::Added { key, new } => Some((Some(*key), &nothing, &**new)),
                map::Change::Changed { key, old, new } => Some((Some(*key), &**old, &**new)),
                map::Change::Removed { .. } => None,
            });
        // Each number that was given out is that of a new definition, unless one was both added and removed.
        let moved: Vec<Pair<'_, T>> = iter::once((None, &self.world.root, &later.world.root))
            .chain(named)
            .filter(|(id, from, to)| {
                let given = to.next_order.saturating_sub(from.next_order);
                given != fresh.get(id).copied().unwrap_or(0)
            })
            .collect();
        Some(if moved.is_empty() {
            patch
        } else {
            in_order(patch, &moved)
        })
    }
}

/// The patch with all definitions of these spaces that have got their numbers since, in order, at its end.
fn in_order<T: Term>(patch: Patch<T>, moved: &[Pair<'_, T>]) -> Patch<T> {
    let is_later = |change: &Change<T>| match change {
        Change::Atom {
            space, atom, to: 1.., ..
        } => moved
            .iter()
            .any(|(id, from, to)| id == space && to.order_of(atom) > from.next_order),
        _ => false,
    };
    let definitions = moved.iter().flat_map(|(id, from, to)| {
        let mut records: Vec<_> = to.defined_after(from.next_order).collect();
        records.sort_unstable_by_key(|record| record.order);
        records.into_iter().flat_map(move |record| {
            let atom = record.definition();
            let change = |from, to| Change::Atom {
                space: *id,
                atom: atom.clone(),
                from,
                to,
            };
            let before = from.multiplicity(atom);
            let removal = (before > 0).then(|| change(before, 0));
            removal.into_iter().chain([change(0, record.count)])
        })
    });
    let rest = patch.iter().filter(|change| !is_later(change)).cloned();
    rest.chain(definitions).collect()
}

impl<T: Term> Space<T> {
    /// The definitions with numbers above this, in no order.
    fn defined_after(&self, order: u64) -> impl Iterator<Item = &Arc<Record<T>>> {
        let buckets = self.rules.values().chain(self.types.values()).chain([&self.wildcards]);
        buckets.flat_map(move |bucket: &Bucket<T>| bucket.iter_from(order + 1).map(|(_, record)| record))
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
