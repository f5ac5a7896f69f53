//! Conjunctions of literals.

use std::slice;

use super::answers::Answers;
use super::literal::Literal;
use crate::env::{Join, NeededIndex, PathTemplate, Snapshot, Space, UnboundVariable, needed_indexes, pattern_head};
use crate::term::path::with_encoder;
use crate::term::{Bindings, Term, name_anonymous};

/// A conjunction of literals, with the template of its answers.
#[derive(Debug)]
pub(super) struct Conjunction<T: Term> {
    /// The literals that facts must match.
    pub(super) positive: Vec<Literal<T>>,
    /// Those that facts must not match.
    pub(super) negated: Vec<Literal<T>>,
    /// Whether each of these has no variable of a positive one, so that it holds for all answers or for none.
    pub(super) independent: Vec<bool>,
    /// The ground tokens that the paths of the literals begin with, at most two.
    pub(super) heads: Vec<Box<[u8]>>,
    pub(super) template: T,
    /// The same, unless it has an opaque part.
    path_template: Option<PathTemplate>,
    /// The least id above those of all variables.
    pub(super) fresh: u64,
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
        let patterns: Vec<T> = positive.iter().map(|literal| literal.pattern.clone()).collect();
        let independent = negated
            .iter()
            .map(|literal| share_no_variable(&patterns, &literal.pattern))
            .collect();
        let all = positive.iter().chain(&negated);
        Ok(Self {
            independent,
            heads: all.map(|literal| pattern_head(&literal.pattern)).collect(),
            path_template: PathTemplate::new(&patterns, &template),
            positive,
            negated,
            template,
            fresh,
        })
    }

    /// The literals, positive ones first.
    pub(super) fn literals(&self) -> impl Iterator<Item = &Literal<T>> + Clone {
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
        self.add_allowed(self.join(spaces), spaces, 1, &mut answers);
        answers
    }

    /// Adds the answers of a join that negated literals allow in these spaces, with their multiplicities times `sign`.
    pub(super) fn add_allowed(&self, join: Join<'_, T>, spaces: &[&Space<T>], sign: i128, answers: &mut Answers<T>) {
        let mut path = Vec::new();
        for answer in join.flatten() {
            if !self.negated.is_empty() && !self.allows(answer.bindings(), spaces) {
                continue;
            }
            let count = answer.count().cast_signed().wrapping_mul(sign);
            match &self.path_template {
                Some(template) if template.write(&answer, &mut path) => answers.add_path(&path, count),
                _ => answers.add(&answer.resolve(&self.template), count),
            }
        }
    }

    /// The join of the positive literals in these spaces.
    pub(super) fn join<'a>(&self, spaces: &[&'a Space<T>]) -> Join<'a, T> {
        let patterns = self.positive.iter().map(|literal| literal.pattern.clone());
        Join::across(spaces.iter().copied().zip(patterns)).with_fresh(self.fresh)
    }

    /// Whether no negated literal has a match in these spaces for these values.
    pub(super) fn allows(&self, bindings: &Bindings<T>, spaces: &[&Space<T>]) -> bool {
        let negated = self.negated.iter().zip(&spaces[self.positive.len()..]);
        let mut instances = negated.map(|(literal, space)| (bindings.resolve(&literal.pattern), space));
        instances.all(|(pattern, space)| space.query(&pattern).next().is_none())
    }
}

/// Whether no variable of `pattern` is in one of `others`. O(size).
fn share_no_variable<T: Term>(others: &[T], pattern: &T) -> bool {
    let distinct = |patterns: &[T]| with_encoder(|encoder| encoder.encode_items(patterns).variables);
    let pattern = slice::from_ref(pattern);
    distinct(&[others, pattern].concat()) == distinct(others) + distinct(pattern)
}
