//! Union: a three-way merge that adds up multiplicities.
//!
//! For each atom a, with L the merge base, or the virtual base if there are several:
//! `m(A ∪ B, a) = max(0, m(A, a) + m(B, a) − m(L, a))`. An atom that B didn't change since L keeps A's multiplicity, so the
//! union is A after applying the changes from L to B, and costs these.

use std::sync::Arc;

use super::conflict::{Conflicts, Resolve};
use super::edit::{Delta, Edit};
use super::facts::{EntryChange, Key};
use super::id::Ids;
use super::record::{Index, Multiplicity, count};
use super::snapshot::Snapshot;
use super::space::Space;
use super::virtual_base::{BaseContent, merge_base_content};
use super::world::World;
use crate::history::{MergeBase, Version, merge_base};
use crate::term::Term;

/// Merges two snapshots. The result is one of them if it descends from the other. `resolve` decides about cells in conflict.
pub(crate) fn union<T: Term>(
    left: &Arc<Snapshot<T>>,
    right: &Arc<Snapshot<T>>,
    resolve: Resolve<'_, T>,
) -> Result<Arc<Snapshot<T>>, Conflicts<T>> {
    match merge_base(left, right) {
        MergeBase::Right => Ok(Arc::clone(left)),
        MergeBase::Left => Ok(Arc::clone(right)),
        MergeBase::Common(bases) => {
            let base = merge_base_content(bases, right);
            merge(left, right, &base, resolve).map(Arc::new)
        }
    }
}

fn merge<T: Term>(
    left: &Arc<Snapshot<T>>,
    right: &Arc<Snapshot<T>>,
    base: &BaseContent<T>,
    resolve: Resolve<'_, T>,
) -> Result<Snapshot<T>, Conflicts<T>> {
    // Ids of its own: other unions of `left` give out ids too.
    let mut world = World {
        ids: Ids::new(None),
        ..left.world.clone()
    };
    let conflicts = match base.world() {
        Some(from) => world.merge(from, base.disputed(), &right.world, resolve),
        None => world.merge(&World::empty(), &[], &right.world, resolve),
    };
    if !conflicts.is_empty() {
        return Err(Conflicts(conflicts));
    }
    Ok(Snapshot::with(
        world,
        Version::child_of(&[left, right]),
        left.edits.max(right.edits) + 1,
    ))
}

/// The minimum number of new atoms that are merged by whole branches of the trie instead of one by one.
const MIN_GRAFTED: isize = if cfg!(pleach_tiny_nodes) { 2 } else { 256 };

impl<T: Term> Space<T> {
    /// Applies the changes from `base` to `theirs`. New definitions come last, in their order there. O(d · log n) for d changes;
    /// less for many new facts whose paths don't interleave with those here.
    pub(super) fn merge(&mut self, base: &Self, theirs: &Self) {
        let changes = base.facts.diff(&theirs.facts);
        let mut definitions = Vec::new();
        if changes.growth() < MIN_GRAFTED {
            let mut walk = changes.walk();
            while let Some(change) = walk.next_change() {
                self.replay(change, &mut definitions);
            }
        } else {
            // The growth, from which all but the new plain facts is subtracted below.
            let mut grafted = theirs.total.wrapping_sub(base.total);
            let account = |total: &mut u128, from: u64, to: u64| {
                *total = total.wrapping_add(from.into()).wrapping_sub(to.into());
            };
            let mut added = changes.additions(|change| {
                account(&mut grafted, count(change.from), count(change.to));
                self.replay(change, &mut definitions);
            });
            let first_new = definitions.len();
            for keyword in Index::KEYWORDS {
                let mut cursor = added.cursor();
                let mut entry = cursor
                    .descend(keyword)
                    .then(|| cursor.next_entry_below(keyword.len()))
                    .flatten();
                while let Some(to) = entry {
                    if to.record().is_some_and(|record| record.order > 0) {
                        account(&mut grafted, 0, to.get());
                        self.replay(
                            EntryChange {
                                key: cursor.path(),
                                from: None,
                                to: Some(to),
                            },
                            &mut definitions,
                        );
                    }
                    entry = cursor.next_entry_below(keyword.len());
                }
            }
            for definition in &definitions[first_new..] {
                added.remove(&Key::stored(&definition.key));
            }
            self.facts.join_with(&added, |ours, theirs| {
                let sum = ours.sum(theirs);
                // Occurrences above the maximum are lost.
                let whole = u128::from(ours.get()) + u128::from(theirs.get());
                grafted = grafted.wrapping_sub(whole - u128::from(sum.get()));
                sum
            });
            self.arguments.extend(&added);
            self.total = self.total.wrapping_add(grafted);
        }
        definitions.sort_unstable_by_key(|definition| definition.order);
        for DefinitionChange {
            key,
            multiplicity,
            delta,
            ..
        } in definitions
        {
            self.apply(Edit::of_entry(Key::stored(&key), &multiplicity, delta));
        }
    }

    /// Applies the change of a plain fact, and lists that of a definition, since definitions are applied in order.
    fn replay(&mut self, change: FactChange<'_, '_, T>, definitions: &mut Vec<DefinitionChange<T>>) {
        let Some(multiplicity) = change.to.or(change.from) else {
            return;
        };
        let delta = Delta::between(count(change.from), count(change.to));
        match multiplicity.record().map_or(0, |record| record.order) {
            0 => self.apply(Edit::of_entry(Key::stored(change.key), multiplicity, delta)),
            order => definitions.push(DefinitionChange {
                order,
                key: change.key.into(),
                multiplicity: multiplicity.clone(),
                delta,
            }),
        }
    }
}

type FactChange<'k, 'e, T> = EntryChange<'k, 'e, Multiplicity<T>>;

/// A change of a rule or an annotation.
struct DefinitionChange<T> {
    order: u64,
    key: Box<[u8]>,
    multiplicity: Multiplicity<T>,
    delta: Delta,
}
