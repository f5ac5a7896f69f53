//! Union: a three-way merge that adds up multiplicities.
//!
//! For each atom a, with L the merge base, or the virtual base if there are several:
//! `m(A ∪ B, a) = max(0, m(A, a) + m(B, a) − m(L, a))`. An atom that B didn't change since L keeps A's multiplicity, so the
//! union is A after applying the changes from L to B, and costs these.

use std::sync::Arc;

use super::conflict::{Conflicts, Resolver, merge_cells};
use super::edit::{Counts, Delta, Edit};
use super::id::Ids;
use super::record::{FactChange, Multiplicity, count};
use super::snapshot::Snapshot;
use super::space::Space;
use super::virtual_base::{BaseCells, BaseContent, merge_base_content, resolved_base_cells};
use super::world::World;
use crate::history::{MergeBase, Version, merge_base};
use crate::term::Term;
use crate::trie_map::TrieMap;

/// Merges two snapshots. The result is one of them if it descends from the other.
pub(crate) fn union<T: Term>(
    left: &Arc<Snapshot<T>>,
    right: &Arc<Snapshot<T>>,
    resolver: &mut Resolver<'_, T>,
) -> Result<Arc<Snapshot<T>>, Conflicts<T>> {
    union_of(left, right, Counts::Sum, resolver)
}

/// Merges two snapshots as [`union`] does.
pub(super) fn union_of<T: Term>(
    left: &Arc<Snapshot<T>>,
    right: &Arc<Snapshot<T>>,
    counts: Counts,
    resolver: &mut Resolver<'_, T>,
) -> Result<Arc<Snapshot<T>>, Conflicts<T>> {
    match merge_base(left, right) {
        MergeBase::Right => Ok(Arc::clone(left)),
        MergeBase::Left => Ok(Arc::clone(right)),
        MergeBase::Common(bases) => {
            let cells = (resolver.decides_all && bases.len() > 1).then(|| resolved_base_cells(&bases, right, resolver));
            let base = merge_base_content(bases, right, counts);
            merge(left, right, &base, cells.as_ref(), counts, resolver).map(Arc::new)
        }
    }
}

fn merge<T: Term>(
    left: &Arc<Snapshot<T>>,
    right: &Arc<Snapshot<T>>,
    base: &BaseContent<T>,
    base_cells: Option<&BaseCells<T>>,
    counts: Counts,
    resolver: &mut Resolver<'_, T>,
) -> Result<Snapshot<T>, Conflicts<T>> {
    // Ids of its own: other unions of `left` give out ids too.
    let mut world = World {
        ids: Ids::new(None),
        ..left.world.clone()
    };
    let nothing = World::empty();
    let from = base.world().unwrap_or(&nothing);
    let disputed_spaces = base.disputed_spaces();
    let about_spaces = world.merge_spaces(from, disputed_spaces, &right.world, counts);
    let (cells, disputed) = match base_cells {
        Some(BaseCells { cells, disputed }) => (cells, &disputed[..]),
        None => (&from.cells, base.disputed()),
    };
    let mut conflicts = merge_cells(&mut world.cells, cells, disputed, &right.world.cells, resolver);
    conflicts.extend(world.settle_spaces(about_spaces, disputed_spaces, &right.world, resolver));
    if !conflicts.is_empty() {
        return Err(Conflicts(conflicts));
    }
    world.carried.merge(&right.world.carried, world.root.written);
    Ok(Snapshot::with(
        world,
        Version::child_of(&[left, right]),
        left.edits.max(right.edits) + 1,
    ))
}

/// The minimum growth from which new facts are collected and added at once.
const MIN_BULK: usize = if cfg!(pleach_tiny_nodes) { 2 } else { 256 };

impl<T: Term> Space<T> {
    /// Applies the changes from `base` to `theirs`. New definitions come last, in their order there. O(d · log n) for d changes.
    pub(super) fn merge(&mut self, base: &Self, theirs: &Self, counts: Counts) {
        let is_bulk = counts == Counts::Sum && theirs.facts.len() >= base.facts.len().saturating_add(MIN_BULK);
        if is_bulk {
            // Nodes that only they have stay theirs.
            let mut added = theirs.facts.difference(&base.facts);
            added.retain(|_, new| order_of(new) == 0);
            self.add_plain(&added);
        }
        let mut definitions = Vec::new();
        let mut changes = base.facts.diff(&theirs.facts);
        while let Some(change) = FactChange::next(&mut changes) {
            let multiplicity = change.multiplicity();
            let order = order_of(multiplicity);
            if is_bulk && order == 0 && change.from.is_none() {
                continue;
            }
            let (from, to) = (count(change.from), count(change.to));
            let delta = match counts {
                Counts::Sum => Delta::between(from, to),
                Counts::Max => Delta::Merge { from, to },
            };
            match order {
                0 => self.apply(Edit::of_entry(change.key, multiplicity, delta, self.kind)),
                order => definitions.push(DefinitionChange {
                    order,
                    key: change.key.into(),
                    multiplicity: multiplicity.clone(),
                    delta,
                }),
            }
        }
        definitions.sort_unstable_by_key(|definition| definition.order);
        for DefinitionChange {
            key,
            multiplicity,
            delta,
            ..
        } in definitions
        {
            self.apply(Edit::of_entry(&key, &multiplicity, delta, self.kind));
        }
    }

    /// Adds these multiplicities of plain facts.
    pub(crate) fn add_plain(&mut self, added: &TrieMap<Multiplicity<T>>) {
        let total = &mut self.total;
        *total += added.values().map(|added| u128::from(added.get())).sum::<u128>();
        self.facts = self.facts.sum_with(added, |_, ours, theirs| {
            let sum = ours.sum(theirs);
            // Occurrences above the maximum are lost.
            let whole = u128::from(ours.get()) + u128::from(theirs.get());
            *total -= whole - u128::from(sum.get());
            sum
        });
        self.arguments.extend(added);
        self.written += added.len() as u64;
    }
}

/// The definition number of a multiplicity's atom, or 0.
fn order_of<T>(multiplicity: &Multiplicity<T>) -> u64 {
    multiplicity.record().map_or(0, |record| record.order)
}

/// A change of a rule or an annotation.
struct DefinitionChange<T> {
    order: u64,
    key: Box<[u8]>,
    multiplicity: Multiplicity<T>,
    delta: Delta,
}

#[cfg(test)]
mod tests {
    use crate::{Atom, Environment};

    #[test]
    fn new_facts_of_the_right_operand_stay_in_its_nodes() {
        let facts = |env: &Environment| env.snapshot.world.root.facts.clone();
        let of = |head: &str| -> Vec<Atom> {
            let fact = |i| Atom::expression([Atom::symbol(head), Atom::from(i)]);
            (0..1_000).map(fact).collect()
        };
        let base: Environment = of("base").into_iter().collect();
        let (mut left, mut right) = (base.clone(), base.clone());
        left.add_facts_bulk(of("left"));
        right.add_facts_bulk(of("right"));
        right.add_rule(Atom::expression([Atom::symbol("f")]), Atom::from(1));
        let union = left.union(&right);
        union.check();
        assert_eq!(union.len(), 3_001);
        let (_, entries) = facts(&union).shared_with(&facts(&right));
        assert!(
            entries >= 2_000,
            "those of the base and of the right operand: {entries}"
        );
    }

    /// Copies without a common ancestor share their nodes, and their multiplicities add up all the same.
    #[test]
    fn facts_that_unrelated_copies_share_are_added_up() {
        let facts = || (0..300).map(Atom::from);
        let mut env = Environment::new();
        env.add_facts_bulk(facts());
        let named = env.new_space();
        env.space_mut(named).unwrap().add_facts_bulk(facts());
        let mut fork = env.clone();
        env.forget_history();
        env.add_fact(Atom::from(7));
        fork.add_facts_bulk([Atom::from(7), Atom::from(1_000)]);
        let union = env.union(&fork);
        union.check();
        union.space(named).unwrap().check();
        assert_eq!((union.len(), union.space(named).unwrap().len()), (603, 600));
        assert!(facts().all(|fact| union.multiplicity(&fact) == if fact == Atom::from(7) { 4 } else { 2 }));
        assert!(facts().all(|fact| union.space(named).unwrap().multiplicity(&fact) == 2));
        // Unions of one fork that were made apart share its nodes too.
        let mut again = fork.clone();
        again.forget_history();
        let (left, right) = (Environment::new().union(&fork), Environment::new().union(&again));
        assert_eq!(left.union(&right).len(), 2 * fork.len());
    }
}
