//! The evaluation of a conjunction, in one state or between two.

use std::collections::HashSet;

use super::answers::Answers;
use super::literal::Literal;
use crate::env::{
    Join, NeededIndex, Snapshot, Space, SpaceChange, SpaceId, UnboundVariable, fact_at, may_match, needed_indexes,
    pattern_head,
};
use crate::term::{Bindings, Term, name_anonymous, rename_apart, unify};

/// A conjunction of literals, with the template of its answers.
#[derive(Debug)]
pub(super) struct Conjunction<T: Term> {
    /// The literals that facts must match.
    positive: Vec<Literal<T>>,
    /// Those that facts must not match.
    negated: Vec<Literal<T>>,
    /// The ground tokens that the paths of the literals begin with, at most two.
    heads: Vec<Box<[u8]>>,
    template: T,
    /// The least id above those of all variables.
    fresh: u64,
}

impl<T: Term> Conjunction<T> {
    /// # Errors
    /// A variable of the template that is in no positive literal.
    pub(super) fn new(literals: impl IntoIterator<Item = Literal<T>>, template: T) -> Result<Self, UnboundVariable> {
        let mut literals: Vec<_> = literals.into_iter().collect();
        let nothing = Space::default();
        let terms = literals.iter().map(|literal| &literal.pattern).chain([&template]);
        let mut fresh = terms.fold(1, |fresh, term| nothing.query(term).fresh().max(fresh));
        for literal in &mut literals {
            literal.pattern = name_anonymous(&literal.pattern, &mut fresh);
        }
        let (negated, positive): (Vec<_>, Vec<_>) = literals.into_iter().partition(|literal| literal.is_negated);
        Join::across(positive.iter().map(|literal| (&nothing, literal.pattern.clone()))).check_template(&template)?;
        let all = positive.iter().chain(&negated);
        Ok(Self {
            heads: all.map(|literal| pattern_head(&literal.pattern)).collect(),
            positive,
            negated,
            template,
            fresh,
        })
    }

    /// The literals, positive ones first.
    fn literals(&self) -> impl Iterator<Item = &Literal<T>> + Clone {
        self.positive.iter().chain(&self.negated)
    }

    /// The indexes that joins from one of the literals of these numbers to the others need.
    pub(super) fn needed_indexes(&self, from: &[usize]) -> Vec<NeededIndex> {
        let patterns: Vec<T> = self.literals().map(|literal| literal.pattern.clone()).collect();
        needed_indexes(&patterns, from)
    }

    /// The number of literals.
    pub(super) fn len(&self) -> usize {
        self.positive.len() + self.negated.len()
    }

    /// The space of each literal in a state.
    pub(super) fn spaces<'a>(&self, state: &'a Snapshot<T>, nothing: &'a Space<T>) -> Vec<&'a Space<T>> {
        self.literals()
            .map(|literal| state.world.space(literal.space).unwrap_or(nothing))
            .collect()
    }

    /// All answers in these spaces of the literals.
    pub(super) fn answers(&self, spaces: &[&Space<T>]) -> Answers<T> {
        let mut answers = Answers::new();
        for answer in self.join(spaces).flatten() {
            if self.allows(answer.bindings(), spaces) {
                answers.add(&answer.resolve(&self.template), signed(answer.count(), Sign::Plus));
            }
        }
        answers
    }

    /// The join of the positive literals in these spaces.
    fn join<'a>(&self, spaces: &[&'a Space<T>]) -> Join<'a, T> {
        let patterns = self.positive.iter().map(|literal| literal.pattern.clone());
        Join::across(spaces.iter().copied().zip(patterns)).with_fresh(self.fresh)
    }

    /// Whether no negated literal has a match in these spaces for these values.
    fn allows(&self, bindings: &Bindings<T>, spaces: &[&Space<T>]) -> bool {
        let negated = self.negated.iter().zip(&spaces[self.positive.len()..]);
        let mut instances = negated.map(|(literal, space)| (bindings.resolve(&literal.pattern), space));
        instances.all(|(pattern, space)| space.query(&pattern).next().is_none())
    }
}

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
        let Conjunction { positive, template, .. } = self.conjunction;
        for (number, literal) in positive.iter().enumerate() {
            for (changed, sign) in self.signed_changes(number, literal) {
                let spaces = [&self.after[..number], &[changed], &self.before[number + 1..]].concat();
                let join = self.conjunction.join(&spaces).beginning_with(number);
                for answer in join.flatten() {
                    if self.conjunction.allows(answer.bindings(), &self.after) {
                        difference.add(&answer.resolve(template), signed(answer.count(), sign));
                    }
                }
            }
        }
        self.add_allowed(&mut difference);
        difference
    }

    /// The changes of the space of the literal of this number, unless none may match it.
    fn signed_changes(&self, number: usize, literal: &Literal<T>) -> impl Iterator<Item = (&Space<T>, Sign)> {
        let SpaceChange { added, removed } = self.change(literal);
        let head = &self.conjunction.heads[number];
        let both = [(added, Sign::Plus), (removed, Sign::Minus)].into_iter();
        both.filter(move |(changed, _)| may_match(changed, head))
    }

    /// Adds the answers before that negated literals allow afterwards and didn't before, and subtracts those that they don't allow
    /// any more.
    fn add_allowed(&self, difference: &mut Answers<T>) {
        let Conjunction { positive, negated, .. } = self.conjunction;
        // Each answer is identified by the facts that it matches: several changes may concern it.
        let mut seen = HashSet::new();
        for (number, literal) in (positive.len()..).zip(negated) {
            for (changed, _) in self.signed_changes(number, literal) {
                let of_positive = self.before.iter().copied().zip(positive);
                let all = [(changed, literal)].into_iter().chain(of_positive);
                let patterns = all.map(|(space, literal)| (space, literal.pattern.clone()));
                let mut join = Join::across(patterns)
                    .beginning_with(0)
                    .with_fresh(self.conjunction.fresh);
                while join.next().is_some() {
                    let facts = &join.facts()[1..];
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
        let (mut bindings, mut fresh, mut product) = (Bindings::new(), self.conjunction.fresh, 1u128);
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
            [false, true] => Sign::Plus,
            [true, false] => Sign::Minus,
            _ => return,
        };
        difference.add(&bindings.resolve(template), signed(product, sign));
    }
}

#[derive(Clone, Copy)]
enum Sign {
    Plus,
    Minus,
}

/// A product of multiplicities, modulo 2¹²⁸, with a sign.
fn signed(product: u128, sign: Sign) -> i128 {
    let product = product.cast_signed();
    match sign {
        Sign::Plus => product,
        Sign::Minus => product.wrapping_neg(),
    }
}
