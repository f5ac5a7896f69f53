//! Queries: the atoms that match a pattern, and the rules that match a call.

mod clash;
mod descent;
mod join;
mod limited;
mod rules;
mod search;
mod shape;

use std::cell::OnceCell;
use std::iter::FusedIterator;
use std::ops::ControlFlow;

use thiserror::Error;

use self::clash::clash;
pub use self::join::Join;
pub use self::limited::LimitedQuery;
pub use self::rules::RulesFor;
use self::search::Search;
use self::shape::Shape;
use super::error::UnboundVariable;
use super::record::Multiplicity;
use super::space::{Space, decode, decode_path};
use crate::term::path::with_encoder;
use crate::term::walk::try_for_each;
use crate::term::{Bindings, Leaf, Term, View, rename_apart, unify};

impl<T: Term> Space<T> {
    /// Returns the atoms that unify with `pattern`, in the order of [`iter`](Space::iter), each with the most general unifier
    /// and its multiplicity.
    ///
    /// Variables of both sides are bound: each to one atom, and to none that contains it. Variables of stored atoms are
    /// renamed apart from those of the pattern and of other answers: they get ids from [`Query::fresh`] on.
    ///
    /// The iterator is lazy. It follows only those branches of the trie of facts that agree with the pattern so far, and
    /// builds the atoms that variables of the pattern are bound to, and stored atoms that have variables.
    ///
    /// # Cost
    /// O(log n) and the answers, for a pattern such as `(edge n7 $y)` whose ground part comes first. Ground parts after a
    /// variable are looked for below each atom that the variable can be bound to: `(edge $x n7)` visits each `$x` that has an
    /// edge, unless there is a permuted index.
    ///
    /// A **permuted index** has the facts of one head by a ground argument after the first. Once queries like `(edge $x n7)`
    /// have taken 8 steps for each fact `(edge … …)`, which takes about three of them, the next one builds the index by the
    /// second argument, in O(m log m) for m facts. Then they cost O(log n) and the answers. The head must be a leaf. An index
    /// is part of the state: forks and unions have it, and each write of its facts updates it, at about the cost of another
    /// write. A space has at most 8, with twice as many entries as it has facts; one that isn't read while as many of its
    /// facts are written as it has is dropped. Indexes change neither answers nor their order.
    /// [`Memory::arguments`](crate::env::Memory::arguments) has their bytes.
    ///
    /// [`Query::with_limit`] limits the work.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// env.extend(["(likes ann tea)", "(likes bob tea)", "(likes bob rum)", "(likes $x water)"].map(|a| a.parse().unwrap()));
    /// let pattern: Atom = "(likes bob $what)".parse()?;
    /// let answers: Vec<_> = env.query(&pattern).map(|answer| answer.resolve(&pattern).to_string()).collect();
    /// assert_eq!(answers, ["(likes bob water)", "(likes bob rum)", "(likes bob tea)"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn query(&self, pattern: &T) -> Query<'_, T> {
        Query::new(self, pattern)
    }

    /// Returns the number of atoms that unify with `pattern`: that of the answers of [`query`](Self::query), without building
    /// them.
    ///
    /// O(log n) for a pattern whose variables are different and come last, such as `(edge n7 $y)`, and O(log n) for each
    /// stored atom that has a variable in place of the other parts. Ground parts after a variable cost what they cost in a
    /// query, without the answers: `(edge $x n7 $y)` visits each `$x`.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let env: Environment = (0..1_000).map(|i| format!("(edge a {i})").parse::<Atom>().unwrap()).collect();
    /// assert_eq!(env.count(&"(edge a $x)".parse()?), 1_000);
    /// assert_eq!(env.count(&"(edge $x 7)".parse()?), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn count(&self, pattern: &T) -> usize {
        let shape = shape_of(pattern);
        let fresh = OnceCell::new();
        Search::new(&self.facts, &self.arguments, shape.clone(), true).count(|path, entry| {
            let mut fresh = *fresh.get_or_init(|| variables(pattern, &shape).1);
            unify_entry(pattern, path, entry, &mut fresh, &mut Bindings::new())
        })
    }
}

/// The answers to a pattern: see [`Space::query`].
pub struct Query<'a, T: Term> {
    pattern: T,
    /// The variables of the pattern, in the order in which its path numbers them.
    variables: Vec<T>,
    search: Search<'a, Multiplicity<T>>,
    fresh: u64,
}

/// An atom that matches a pattern.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Answer<T> {
    /// The bindings of the variables.
    pub bindings: Bindings<T>,
    /// The multiplicity of the atom, at least 1.
    pub multiplicity: u64,
}

impl<T: Term> Answer<T> {
    /// Substitutes the bindings into `template`, recursively. Unbound variables stay.
    pub fn resolve(&self, template: &T) -> T {
        self.bindings.resolve(template)
    }
}

impl<'a, T: Term> Query<'a, T> {
    fn new(space: &'a Space<T>, pattern: &T) -> Self {
        let shape = shape_of(pattern);
        let (variables, fresh) = variables(pattern, &shape);
        Query {
            pattern: pattern.clone(),
            variables,
            search: Search::new(&space.facts, &space.arguments, shape, true),
            fresh,
        }
    }

    /// Returns the least id above those of all variables of the pattern and of the answers so far.
    pub fn fresh(&self) -> u64 {
        self.fresh
    }

    /// Sets a minimum for the ids of variables in answers, for callers that use variables which aren't in the pattern.
    #[must_use]
    pub fn with_fresh(mut self, id: u64) -> Self {
        self.fresh = self.fresh.max(id);
        self
    }

    /// The bindings with which the entry matches, if it does.
    fn bindings(&mut self, entry: &Multiplicity<T>) -> Option<Bindings<T>> {
        let mut bindings = Bindings::new();
        if !keeps_atom(entry) && self.search.is_match() {
            for (number, variable) in self.variables.iter().enumerate() {
                bindings.bind_ground(variable, decode_path(self.search.part(number)?));
            }
            return Some(bindings);
        }
        let path = self.search.path();
        unify_entry(&self.pattern, path, entry, &mut self.fresh, &mut bindings).then_some(bindings)
    }
}

impl<'a, T: Term> Query<'a, T> {
    /// Restarts the query with a limit of steps, after which it ends with [`QueryError::Limit`]: see [`Join::with_limit`].
    ///
    /// ```
    /// # use pleach::{Atom, Environment, env::QueryError};
    /// let env: Environment = (0..1_000).map(Atom::from).collect();
    /// let all: Result<Vec<_>, _> = env.query(&Atom::variable("x")).with_limit(100).collect();
    /// assert_eq!(all.unwrap_err(), QueryError::Limit(100));
    /// ```
    #[must_use]
    pub fn with_limit(mut self, steps: u64) -> LimitedQuery<'a, T> {
        if steps < u64::MAX {
            self.search = self.search.bounded(steps);
        }
        LimitedQuery::new(self, steps)
    }

    /// Checks that every variable of `template` occurs in the pattern, so that answers bind it. O(size · variables).
    ///
    /// # Errors
    /// [`UnboundVariable`] with the first variable that doesn't.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let env = Environment::<Atom>::new();
    /// let query = env.query(&"(edge $x $y)".parse()?);
    /// assert_eq!(query.check_template(&"($y $x)".parse()?), Ok(()));
    /// assert_eq!(&*query.check_template(&"($x $z)".parse()?).unwrap_err().name, "z");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check_template(&self, template: &T) -> Result<(), UnboundVariable> {
        unbound(template, &self.variables)
    }
}

/// Why a query ended early.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum QueryError {
    /// It reached its limit of steps. There may be more answers.
    #[error("the query took more than {0} steps")]
    Limit(u64),
    /// It was stopped by another thread. There may be more answers.
    #[error("the query was stopped")]
    Stopped,
}

impl<T: Term> FusedIterator for Query<'_, T> {}

impl<T: Term> Iterator for Query<'_, T> {
    type Item = Answer<T>;

    fn next(&mut self) -> Option<Answer<T>> {
        loop {
            let entry = self.search.next_entry()?;
            if let Some(bindings) = self.bindings(entry) {
                let multiplicity = entry.get();
                return Some(Answer { bindings, multiplicity });
            }
        }
    }
}

fn shape_of<T: Term>(pattern: &T) -> Shape {
    Shape::new(with_encoder(|encoder| encoder.encode(pattern).bytes.to_vec()))
}

/// Whether the atom of an entry is kept, so that it isn't decoded from its path.
fn keeps_atom<T>(entry: &Multiplicity<T>) -> bool {
    entry.record().is_some_and(|record| record.atom.is_some())
}

/// Unifies a pattern with the atom of an entry, whose variables get ids from `fresh` on. Advances `fresh` if that succeeds.
fn unify_entry<T: Term>(
    pattern: &T,
    path: &[u8],
    entry: &Multiplicity<T>,
    fresh: &mut u64,
    bindings: &mut Bindings<T>,
) -> bool {
    let atom = decode(path, entry);
    if clash(pattern, &atom) {
        return false;
    }
    let mut next = *fresh;
    let unifies = unify(pattern, &rename_apart(&atom, &mut next), bindings);
    if unifies {
        *fresh = next;
    }
    unifies
}

/// An error if `template` has a variable that is none of these.
fn unbound<T: Term>(template: &T, variables: &[T]) -> Result<(), UnboundVariable> {
    let unbound = try_for_each(template, |term| {
        match term.view() {
            View::Expression(items) if !term.known_ground() => return ControlFlow::Continue(items),
            View::Leaf(leaf @ Leaf::Variable { name, .. }) => {
                let known = |variable: &T| matches!(variable.view(), View::Leaf(known) if known == leaf);
                if !variables.iter().any(known) {
                    return ControlFlow::Break(UnboundVariable { name: name.into() });
                }
            }
            _ => {}
        }
        ControlFlow::Continue(&[])
    });
    unbound.break_value().map_or(Ok(()), Err)
}

/// The variables of a pattern in order of first occurrence, and an id that is greater than theirs. O(size), or O(1) if
/// there are none.
fn variables<T: Term>(pattern: &T, shape: &Shape) -> (Vec<T>, u64) {
    let mut variables = Vec::with_capacity(shape.variables());
    let mut greatest = 0;
    // The pattern's leaves that are variables, and the path's, come in the same order.
    let mut numbers = shape.tokens().iter().filter_map(|token| token.variable);
    // Breaks once all are found.
    _ = try_for_each(pattern, |term| {
        if variables.len() == shape.variables() {
            return ControlFlow::Break(());
        }
        match term.view() {
            View::Expression(items) if !term.known_ground() => return ControlFlow::Continue(items),
            View::Leaf(Leaf::Variable { id, .. }) if numbers.next() == Some(variables.len()) => {
                variables.push(term.clone());
                greatest = greatest.max(id);
            }
            _ => {}
        }
        ControlFlow::Continue(&[])
    });
    (variables, greatest.saturating_add(1))
}

#[cfg(test)]
mod tests;
