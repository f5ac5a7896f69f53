//! Patches that reproduce the definition order, too.

use std::iter;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::{Change, Patch};
use crate::env::cell;
use crate::env::environment::Environment;
use crate::env::id::SpaceId;
use crate::env::record::Record;
use crate::env::snapshot::Snapshot;
use crate::env::space::{Bucket, Space};
use crate::history::{MergeBase, merge_base};
use crate::map;
use crate::term::path::with_encoder;
use crate::term::walk::try_for_each_pair;
use crate::term::{Term, View};

/// A space before and after.
struct SpacePair<'a, T: Term> {
    id: Option<SpaceId>,
    from: &'a Space<T>,
    to: &'a Space<T>,
    /// The greatest definition number that stays in order. Later definitions must be removed and added again.
    stays: u64,
}

impl<T: Term> Snapshot<T> {
    /// Returns the patch from `self` to a descendant, in which definitions whose order differs are removed and added again:
    /// they were so in `later`, or `self` was the right operand of a union. `None` if `later` doesn't descend from `self`.
    ///
    /// O(d · log n) for d changes; and O(h) for h heads if the order of a definition differs.
    pub(crate) fn successive_patch(self: &Arc<Self>, later: &Arc<Self>) -> Option<Patch<T>> {
        if !matches!(merge_base(self, later), MergeBase::Left) {
            return None;
        }
        let nothing = Space::default();
        let mut reordered = self.pairs(later, &nothing);
        reordered.retain_mut(|pair| match pair.to.first_displaced(pair.from) {
            Some(first) => {
                pair.stays = first - 1;
                true
            }
            None => false,
        });
        Some(in_order(self.diff(later), &reordered))
    }

    /// Returns such a patch between any two states.
    ///
    /// O(d · log n) for d changes since `self`; else O(r · log n) more for the r definitions of the spaces that differ.
    /// O(n) if the two are unrelated.
    pub(crate) fn patch_to(self: &Arc<Self>, other: &Arc<Self>) -> Patch<T> {
        if Arc::ptr_eq(self, other) {
            return iter::empty().collect();
        }
        if let Some(patch) = self.successive_patch(other) {
            return patch;
        }
        let nothing = Space::default();
        let mut reordered = self.pairs(other, &nothing);
        reordered.retain_mut(|pair| {
            // A common prefix of the definitions can stay. All later ones are new, or are removed and added again.
            let mut last = 0;
            let mut definitions = pair.to.definitions_after(0).into_iter().map(|record| {
                let before = pair.from.record_of(record.definition());
                (record, before.map_or(0, |before| before.order), before)
            });
            let mut leaves = false;
            for (record, number, before) in definitions.by_ref() {
                let has_names = before.is_some_and(|before| has_same_names(before.definition(), record.definition()));
                if number <= last || !has_names {
                    leaves = before.is_some();
                    break;
                }
                (last, pair.stays) = (number, record.order);
            }
            leaves || definitions.any(|(_, _, before)| before.is_some())
        });
        in_order(self.diff(other), &reordered)
    }

    /// Whether this has the content of `before`: the same multiplicities, definition order, spaces and cells. O(1) if the totals
    /// differ, else O(d · log n) for d changes.
    pub(crate) fn has_same_content(&self, before: &Self) -> bool {
        let nothing = Space::default();
        let mut spaces = before.world.spaces.diff_by(&self.world.spaces, Arc::ptr_eq);
        self.world.root.total == before.world.root.total
            && self.world.spaces.len() == before.world.spaces.len()
            // Empty spaces count too.
            && spaces.all(|change| matches!(change, map::Change::Changed { .. }))
            && cell::changes(&before.world.cells, &self.world.cells).next().is_none()
            && before.pairs(self, &nothing).iter().all(|pair| {
                pair.from.total == pair.to.total
                    && pair.from.facts == pair.to.facts
                    && pair.to.first_displaced(pair.from).is_none()
            })
    }

    /// The environment's own space and the named ones of `later`, except those that are the same in memory.
    fn pairs<'a>(&'a self, later: &'a Self, nothing: &'a Space<T>) -> Vec<SpacePair<'a, T>> {
        let pair = |id, from, to| SpacePair { id, from, to, stays: 0 };
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

impl<T: Term> Environment<T> {
    /// Returns a smallest set of the common definitions that must move to have all of them in the order of `other`, each with
    /// its named space, if any. [`diff`](Environment::diff) doesn't include them. O(r · log n) for the r definitions of the
    /// spaces that the two don't share.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// env.extend(["(= a 1)", "(= b 2)", "(= c 3)"].map(|rule| rule.parse().unwrap()));
    /// let mut other = env.clone();
    /// other.remove_fact(&"(= a 1)".parse()?);
    /// other.add_fact("(= a 1)".parse()?);
    /// assert!(env.diff(&other).is_empty());
    /// assert_eq!(env.reordered(&other), [(None, "(= a 1)".parse()?)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn reordered(&self, other: &Self) -> Vec<(Option<SpaceId>, T)> {
        let nothing = Space::default();
        let mut reordered = Vec::new();
        for pair in self.snapshot().pairs(other.snapshot(), &nothing) {
            let records = pair.to.definitions_after(0);
            let common: Vec<_> = records
                .into_iter()
                .map(|record| (pair.from.order_of(record.definition()), record))
                .filter(|(before, _)| *before > 0)
                .collect();
            let stays = longest_increasing_subsequence(&common.iter().map(|(before, _)| *before).collect::<Vec<_>>());
            let leaves = common.iter().zip(stays).filter(|(_, stays)| !stays);
            reordered.extend(leaves.map(|((_, record), _)| (pair.id, record.definition().clone())));
        }
        reordered
    }
}

/// Marks the elements of a longest increasing subsequence, by patience sorting. O(n · log n).
fn longest_increasing_subsequence(numbers: &[u64]) -> Vec<bool> {
    // The index of the least last element of a subsequence of each length, and each element's predecessor.
    let mut ends: Vec<usize> = Vec::new();
    let mut before = Vec::with_capacity(numbers.len());
    for (at, number) in numbers.iter().enumerate() {
        let length = ends.partition_point(|end| numbers[*end] < *number);
        before.push(length.checked_sub(1).map(|length| ends[length]));
        if length == ends.len() {
            ends.push(at);
        } else {
            ends[length] = at;
        }
    }
    let mut is_in = vec![false; numbers.len()];
    let mut at = ends.last().copied();
    while let Some(place) = at {
        is_in[place] = true;
        at = before[place];
    }
    is_in
}

/// Moves the definitions of these spaces that don't stay in order to the end of the patch.
fn in_order<T: Term>(patch: Patch<T>, reordered: &[SpacePair<'_, T>]) -> Patch<T> {
    if reordered.is_empty() {
        return patch;
    }
    let is_later = |change: &Change<T>| match change {
        Change::Atom {
            space, atom, to: 1.., ..
        } => reordered
            .iter()
            .any(|pair| pair.id == *space && pair.to.order_of(atom) > pair.stays),
        _ => false,
    };
    let definitions = reordered.iter().flat_map(|pair| {
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
    /// Returns the least number of a definition that is new here, or has another number or other names of variables than in
    /// `before`, if that one or a later one was in `before`. O(d · log n) for d changes.
    fn first_displaced(&self, before: &Self) -> Option<u64> {
        let (mut first, mut last) = (u64::MAX, before.next_order);
        let mut look = |old: &Bucket<T>, new: &Bucket<T>| {
            for (order, record) in new.without(old, Arc::ptr_eq) {
                let old = before.record_of(record.definition());
                let stays =
                    old.is_some_and(|old| old.order == order && has_same_names(old.definition(), record.definition()));
                if !stays {
                    first = first.min(order);
                    if old.is_some() {
                        last = u64::MAX;
                    }
                }
            }
        };
        let nothing = Bucket::new();
        look(&before.wildcards, &self.wildcards);
        let rules = before.rules.diff_by(&self.rules, Bucket::ptr_eq);
        rules.for_each(|change| with_both(change, &nothing, &mut look));
        let types = before.types.diff_by(&self.types, Bucket::ptr_eq);
        types.for_each(|change| with_both(change, &nothing, &mut look));
        // Definitions that stay have their old numbers.
        (first <= last && first < u64::MAX).then_some(first)
    }

    /// The definitions with numbers above this, in order.
    fn definitions_after(&self, order: u64) -> Vec<&Arc<Record<T>>> {
        let buckets = self.rules.values().chain(self.types.values()).chain([&self.wildcards]);
        let mut records: Vec<_> = buckets
            .flat_map(move |bucket: &Bucket<T>| bucket.iter_from(order + 1).map(|(_, record)| record))
            .collect();
        records.sort_unstable_by_key(|record| record.order);
        records
    }

    fn record_of(&self, atom: &T) -> Option<&Arc<Record<T>>> {
        with_encoder(|encoder| self.facts.get(encoder.encode(atom).bytes)?.record())
    }

    /// The definition number of an atom, or 0.
    fn order_of(&self, atom: &T) -> u64 {
        self.record_of(atom).map_or(0, |record| record.order)
    }
}

/// Calls `show` with the old value, or `nothing`, and the new value, if there is one.
fn with_both<K, V>(change: map::Change<'_, K, V>, nothing: &V, show: impl FnOnce(&V, &V)) {
    match change {
        map::Change::Added { new, .. } => show(nothing, new),
        map::Change::Changed { old, new, .. } => show(old, new),
        map::Change::Removed { .. } => {}
    }
}

/// Whether the variables of two alpha-equivalent atoms have the same names.
fn has_same_names<T: Term>(a: &T, b: &T) -> bool {
    let difference = try_for_each_pair(a, b, |a, b| match (a.view(), b.view()) {
        (View::Expression(a) | View::Tagged(_, a), View::Expression(b) | View::Tagged(_, b)) => {
            ControlFlow::Continue((a, b))
        }
        // As the atoms are alpha-equivalent, these are variables.
        (View::Leaf(a), View::Leaf(b)) if a != b => ControlFlow::Break(()),
        _ => ControlFlow::Continue((&[], &[])),
    });
    difference.is_continue()
}

#[cfg(test)]
mod tests {
    use pleach_testkit::quick_check;

    use super::longest_increasing_subsequence;

    #[test]
    fn subsequences_are_of_maximum_length() {
        fn property(numbers: Vec<u8>) -> bool {
            // Distinct, as definition numbers are.
            let numbers: Vec<u64> = (0..)
                .zip(&numbers)
                .map(|(at, n)| u64::from(*n % 16) << 32 | at)
                .collect();
            let is_in = longest_increasing_subsequence(&numbers);
            let chosen: Vec<_> = numbers
                .iter()
                .zip(&is_in)
                .filter(|(_, is_in)| **is_in)
                .map(|(n, _)| *n)
                .collect();
            let mut longest: Vec<usize> = Vec::new();
            for (at, number) in numbers.iter().enumerate() {
                let before = (0..at)
                    .filter(|before| numbers[*before] < *number)
                    .map(|before| longest[before]);
                longest.push(before.max().unwrap_or(0) + 1);
            }
            chosen.is_sorted() && chosen.len() == longest.into_iter().max().unwrap_or(0)
        }
        quick_check(1_000).quickcheck(property as fn(Vec<u8>) -> bool);
    }
}
