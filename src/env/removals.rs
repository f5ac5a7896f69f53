//! Atoms that both operands of a union removed.

use std::sync::Arc;

use super::edit::Counts;
use super::environment::Environment;
use super::id::SpaceId;
use super::record::{FactChange, count};
use super::space::{Space, decode};
use super::virtual_base::merge_base_content;
use super::world::World;
use crate::history::{MergeBase, merge_base};
use crate::map::Change;
use crate::term::{Atom, Term};

/// An atom of which both sides of a merge removed occurrences: see [`Environment::removals_by_both`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemovalByBoth<T = Atom> {
    /// The space, or `None` for the environment's own.
    pub space: Option<SpaceId>,
    /// The atom.
    pub atom: T,
    /// Its multiplicity in the merge base.
    pub base: u64,
    /// Its multiplicity in the left operand.
    pub ours: u64,
    /// Its multiplicity in the right operand.
    pub theirs: u64,
}

impl<T: Term> Environment<T> {
    /// Returns the atoms of which both environments removed occurrences since their merge base, in spaces that differ now, in
    /// ascending order of spaces and then of paths.
    ///
    /// A union isn't in conflict about facts: if both sides replace a rule by rules of their own, both replacements are in the
    /// union. A host for which that is a mistake asks before, and merges only if there is none. O(d · log n) for d changed
    /// atoms.
    ///
    /// ```
    /// # use pleach::{Atom, Environment, SharedEnvironment};
    /// let mut base = Environment::<Atom>::new();
    /// let may_read: Atom = "(= (may read) staff)".parse()?;
    /// base.add_fact(may_read.clone());
    /// let replaced = |by: &str| {
    ///     let mut fork = base.clone();
    ///     fork.remove_fact(&may_read);
    ///     fork.add_fact(by.parse().unwrap());
    ///     fork
    /// };
    /// let (ann, bob) = (replaced("(= (may read) everyone)"), replaced("(= (may read) nobody)"));
    /// assert_eq!(ann.removals_by_both(&bob)[0].atom, may_read);
    /// assert!(ann.removals_by_both(&replaced("(= (may read) everyone)")).is_empty()); // both did the same
    ///
    /// // As a check that no other writer can come between:
    /// let world = SharedEnvironment::new(ann);
    /// let merged = world.try_update(|env| {
    ///     let contested = env.removals_by_both(&bob);
    ///     if contested.is_empty() { Ok(*env = env.union(&bob)) } else { Err(contested) }
    /// });
    /// assert!(merged.is_err());
    /// # Ok::<(), pleach::term::ParseError>(())
    /// ```
    #[must_use]
    pub fn removals_by_both(&self, other: &Self) -> Vec<RemovalByBoth<T>> {
        let (ours, theirs) = (self.snapshot(), other.snapshot());
        let mut found = Vec::new();
        let MergeBase::Common(bases) = merge_base(ours, theirs) else {
            return found;
        };
        let base = merge_base_content(bases, theirs, Counts::Sum);
        let Some(base) = base.world() else { return found };
        removals(
            None,
            [base, &ours.world, &theirs.world].map(|world| &world.root),
            &mut found,
        );
        let changed = base.spaces.diff(&ours.world.spaces).filter_map(|change| match change {
            Change::Changed { key, .. } => Some(*key),
            _ => None,
        });
        let mut changed: Vec<_> = changed.collect();
        changed.sort_unstable();
        for id in changed {
            let space = |world: &World<T>| world.spaces.get(&id).map(Arc::clone);
            if let (Some(base), Some(ours), Some(theirs)) = (space(base), space(&ours.world), space(&theirs.world)) {
                removals(Some(id), [&*base, &*ours, &*theirs], &mut found);
            }
        }
        found
    }
}

/// Adds the atoms that both sides removed from this space.
fn removals<T: Term>(space: Option<SpaceId>, [base, ours, theirs]: [&Space<T>; 3], found: &mut Vec<RemovalByBoth<T>>) {
    if ours.facts.diff(&theirs.facts).next().is_none() {
        return;
    }
    let mut changes = base.facts.diff(&ours.facts);
    while let Some(change) = FactChange::next(&mut changes) {
        let (before, here) = (count(change.from), count(change.to));
        if here >= before {
            continue;
        }
        let there = count(theirs.facts.get(change.key));
        if there < before {
            found.push(RemovalByBoth {
                space,
                atom: decode(change.key, change.multiplicity()),
                base: before,
                ours: here,
                theirs: there,
            });
        }
    }
}
