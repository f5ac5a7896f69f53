//! Union: one environment that has what either has, and counts what both inherited once.
//!
//! For each atom a, with L the union of the merge base's versions:
//! `m(A ∪ B, a) = max(0, m(A, a) + m(B, a) − m(L, a))`. An atom that B did not change since L keeps A's multiplicity, so
//! the union is A with B's changes since L applied to it, and costs those.

use std::sync::Arc;

use super::apply::{Delta, Edit};
use super::bases::{Inherited, inherited};
use super::cell::{Conflicts, Resolve};
use super::facts::{self, Key};
use super::history::{Base, Version, merge_base};
use super::id::Ids;
use super::record::{Index, Multiplicity};
use super::snapshot::Snapshot;
use super::space::Space;
use super::world::World;
use crate::term::Term;

/// The union of two snapshots: one of them, if it descends from the other. Cells that both changed differently are as
/// `resolve` says.
pub(crate) fn union<T: Term>(
    left: &Arc<Snapshot<T>>,
    right: &Arc<Snapshot<T>>,
    resolve: Resolve<'_, T>,
) -> Result<Arc<Snapshot<T>>, Conflicts<T>> {
    match merge_base(left, right) {
        Base::Right => Ok(Arc::clone(left)),
        Base::Left => Ok(Arc::clone(right)),
        Base::Common(bases) => {
            let base = inherited(bases, right);
            merge(left, right, &base, resolve).map(Arc::new)
        }
    }
}

fn merge<T: Term>(
    left: &Arc<Snapshot<T>>,
    right: &Arc<Snapshot<T>>,
    base: &Inherited<T>,
    resolve: Resolve<'_, T>,
) -> Result<Snapshot<T>, Conflicts<T>> {
    // Ids of its own: other unions of `left` make spaces and states too.
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
        Version::child_of([left, right]),
        left.edits.max(right.edits) + 1,
    ))
}

/// From how many new atoms on they are taken over by whole branches of the trie, and not one by one.
const GRAFT_FROM: isize = if cfg!(pleach_tiny_nodes) { 2 } else { 256 };

impl<T: Term> Space<T> {
    /// Does to this space what leads from `base` to `theirs`. New definitions come last, in the order they have there.
    /// O(d · log n) for d changes; many new facts whose paths lie apart from those here cost less.
    pub(super) fn merge(&mut self, base: &Self, theirs: &Self) {
        let changes = base.facts.diff(&theirs.facts);
        let mut definitions = Vec::new();
        if changes.growth() < GRAFT_FROM {
            let mut walk = changes.walk();
            while let Some(change) = walk.next_change() {
                self.replay(change, &mut definitions);
            }
        } else {
            // What is left of the growth when all but the new plain facts is accounted for.
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
                            facts::Change {
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
                // What is over the greatest multiplicity is lost.
                let whole = u128::from(ours.get()) + u128::from(theirs.get());
                grafted = grafted.wrapping_sub(whole - u128::from(sum.get()));
                sum
            });
            self.arguments.extend(&added);
            self.total = self.total.wrapping_add(grafted);
        }
        definitions.sort_unstable_by_key(|definition| definition.order);
        for Definition {
            key,
            multiplicity,
            delta,
            ..
        } in definitions
        {
            self.apply(Edit::of_entry(Key::stored(&key), &multiplicity, delta));
        }
    }

    /// Applies the change of a plain fact, and puts that of a definition on a list, for those have an order.
    fn replay(&mut self, change: FactChange<'_, '_, T>, definitions: &mut Vec<Definition<T>>) {
        let Some(multiplicity) = change.to.or(change.from) else {
            return;
        };
        let delta = Delta::between(count(change.from), count(change.to));
        match multiplicity.record().map_or(0, |record| record.order) {
            0 => self.apply(Edit::of_entry(Key::stored(change.key), multiplicity, delta)),
            order => definitions.push(Definition {
                order,
                key: change.key.into(),
                multiplicity: multiplicity.clone(),
                delta,
            }),
        }
    }
}

type FactChange<'k, 'e, T> = facts::Change<'k, 'e, Multiplicity<T>>;

/// The change of a rule or an annotation.
struct Definition<T> {
    order: u64,
    key: Box<[u8]>,
    multiplicity: Multiplicity<T>,
    delta: Delta,
}

/// The multiplicity of an atom that may be absent.
pub(super) fn count<T>(multiplicity: Option<&Multiplicity<T>>) -> u64 {
    multiplicity.map_or(0, Multiplicity::get)
}
