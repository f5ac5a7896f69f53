//! The difference of the answers of a conjunction between two states.

use std::collections::HashSet;

use super::answers::Answers;
use super::conjunction::Conjunction;
use super::literal::Literal;
use crate::env::{Join, NeededIndex, Space, SpaceChange, SpaceId, fact_at, may_match};
use crate::term::{Bindings, Term, rename_apart, unify};

/// Two states with the changes between them.
pub(super) struct Transition<'a, T: Term> {
    conjunction: &'a Conjunction<T>,
    /// The space of each literal.
    before: Vec<&'a Space<T>>,
    after: Vec<&'a Space<T>>,
    /// The changes of each space that a literal is about.
    changes: Vec<(Option<SpaceId>, SpaceChange<T>)>,
}

impl<'a, T: Term> Transition<'a, T> {
    pub(super) fn new(conjunction: &'a Conjunction<T>, before: Vec<&'a Space<T>>, after: Vec<&'a Space<T>>) -> Self {
        let mut changes: Vec<(Option<SpaceId>, SpaceChange<T>)> = Vec::new();
        for (literal, (before, after)) in conjunction.literals().zip(before.iter().zip(&after)) {
            let id = literal.space;
            if changes.iter().all(|(known, _)| *known != id) {
                let heads = conjunction.literals().zip(&conjunction.heads);
                let heads = heads.filter(|(literal, _)| literal.space == id);
                changes.push((id, SpaceChange::between(before, after, heads.map(|(_, head)| &**head))));
            }
        }
        Self {
            conjunction,
            before,
            after,
            changes,
        }
    }

    fn change(&self, literal: &Literal<T>) -> &SpaceChange<T> {
        let mut changes = self.changes.iter();
        match changes.find(|(id, _)| *id == literal.space) {
            Some((_, change)) => change,
            None => unreachable!("the space of each literal was compared"),
        }
    }

    /// The numbers of the literals that changes may match.
    pub(super) fn changed(&self) -> Vec<usize> {
        let literals = self.conjunction.literals().enumerate();
        literals
            .filter(|(number, literal)| self.signed_changes(*number, literal).next().is_some())
            .map(|(number, _)| number)
            .collect()
    }

    /// Provides these indexes to both states.
    pub(super) fn provide(&self, indexes: &[NeededIndex]) {
        for index in indexes {
            if let Some(literal) = self.conjunction.literals().nth(index.pattern) {
                let SpaceChange { added, removed } = self.change(literal);
                let changed = [&added.facts, &removed.facts];
                index.provide(self.before[index.pattern], self.after[index.pattern], &changed);
            }
        }
    }

    /// The difference of the answers.
    ///
    /// For positive literals p₁…pₖ it is the sum over i of after(p₁…pᵢ₋₁) ⋈ Δpᵢ ⋈ before(pᵢ₊₁…pₖ), for the answers that negated
    /// literals allow afterwards; and of the answers before, those that they allow on one side only.
    pub(super) fn difference(&self) -> Answers<T> {
        let mut difference = Answers::new();
        let Conjunction { positive, .. } = self.conjunction;
        for (number, literal) in positive.iter().enumerate() {
            for (changed, sign) in self.signed_changes(number, literal) {
                let spaces = [&self.after[..number], &[changed], &self.before[number + 1..]].concat();
                let join = self.conjunction.join(&spaces).beginning_with(number);
                self.conjunction.add_allowed(join, &self.after, sign, &mut difference);
            }
        }
        self.add_toggled(&mut difference);
        difference
    }

    /// The changes of the space of the literal of this number with their signs, unless none may match it.
    fn signed_changes(&self, number: usize, literal: &Literal<T>) -> impl Iterator<Item = (&Space<T>, i128)> {
        let SpaceChange { added, removed } = self.change(literal);
        let head = &self.conjunction.heads[number];
        let both = [(added, 1), (removed, -1)].into_iter();
        both.filter(move |(changed, _)| may_match(changed, head))
    }

    /// Adds the answers before that negated literals allow afterwards and didn't before, and subtracts those that they don't allow
    /// any more.
    fn add_toggled(&self, difference: &mut Answers<T>) {
        let Conjunction { positive, negated, .. } = self.conjunction;
        // Each answer is identified by the facts that it matches: several changes may concern it.
        let mut seen = HashSet::new();
        let independent = &self.conjunction.independent;
        for ((number, literal), independent) in (positive.len()..).zip(negated).zip(independent) {
            let [before, after] = [&self.before, &self.after].map(|spaces| spaces[number]);
            let is_matched = |space: &Space<T>| space.query(&literal.pattern).next().is_some();
            if *independent && is_matched(before) == is_matched(after) {
                continue;
            }
            // If it concerns all answers alike, they needn't be joined with its changes.
            let changed = self.signed_changes(number, literal).map(|(changed, _)| Some(changed));
            let changed: Vec<Option<&Space<T>>> = if *independent { vec![None] } else { changed.collect() };
            for changed in changed {
                let of_positive = self.before.iter().copied().zip(positive);
                let of_changed = changed.map(|space| (space, literal));
                let patterns = of_changed.into_iter().chain(of_positive);
                let patterns = patterns.map(|(space, literal)| (space, literal.pattern.clone()));
                let mut join = Join::across(patterns).with_fresh(self.conjunction.fresh);
                if changed.is_some() {
                    join = join.beginning_with(0);
                }
                while join.next().is_some() {
                    let facts = &join.facts()[usize::from(changed.is_some())..];
                    if seen.insert(facts.concat()) {
                        self.add_if_changed(facts, difference);
                    }
                }
            }
        }
    }

    /// Adds or subtracts the answer before that matches these facts, if negated literals allow it on one side only.
    fn add_if_changed(&self, facts: &[&[u8]], difference: &mut Answers<T>) {
        let Conjunction { positive, template, .. } = self.conjunction;
        let (mut bindings, mut fresh, mut product) = (Bindings::new(), self.conjunction.fresh, 1i128);
        for ((literal, space), path) in positive.iter().zip(&self.before).zip(facts) {
            let Some((atom, multiplicity)) = fact_at(space, path) else {
                unreachable!("the join found the fact in this space");
            };
            let is_match = unify(&literal.pattern, &rename_apart(&atom, &mut fresh), &mut bindings);
            debug_assert!(is_match, "the facts match the literals together");
            product = product.wrapping_mul(multiplicity.into());
        }
        let sides = [&self.before, &self.after].map(|spaces| self.conjunction.allows(&bindings, spaces));
        let sign = match sides {
            [false, true] => 1,
            [true, false] => -1,
            _ => return,
        };
        difference.add(&bindings.resolve(template), product.wrapping_mul(sign));
    }
}
