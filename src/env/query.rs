//! Questions to an environment: the atoms that match a pattern, and the rules that match a call.

mod clash;
mod descent;
mod join;
mod limited;
mod rules;
mod search;
mod shape;

use std::iter::FusedIterator;
use std::ops::ControlFlow;

use thiserror::Error;

use self::clash::clash;
pub use self::join::Join;
pub use self::limited::LimitedQuery;
pub use self::rules::RulesFor;
use self::search::Search;
use self::shape::Shape;
use super::apply::with_encoder;
use super::record::Multiplicity;
use super::space::{Space, decode, decode_path};
use crate::term::walk::try_for_each;
use crate::term::{Bindings, Leaf, Term, View, rename_apart, unify};

impl<T: Term> Space<T> {
    /// The atoms that unify with `pattern`, in the order of [`iter`](Space::iter), each with the bindings that make both
    /// equal and with its multiplicity.
    ///
    /// Variables of both sides are bound, one that occurs several times to the same atom each time, and none to an atom
    /// that contains it. Variables of stored atoms are renamed apart from those of the pattern and of other answers:
    /// they get ids from [`Query::fresh`] on.
    ///
    /// The iterator is lazy: each answer is looked for when it is asked for. It follows only those branches of the trie
    /// of facts that agree with the pattern so far, and builds nothing but what the variables of the pattern stand for,
    /// and atoms that have variables of their own.
    ///
    /// # Cost
    /// For a pattern that begins with what it asks for, such as `(edge n7 $y)`, O(log n) and the answers. A part of the
    /// pattern that comes after a variable is looked for below each atom that the variable can stand for: `(edge $x n7)`
    /// visits every `$x` that has an edge.
    ///
    /// Unless there is an **index by argument**. When queries like `(edge $x n7)` have taken 8 steps for each fact
    /// `(edge … …)`, three queries or so, the next one builds an index of these facts by their second argument, in
    /// O(m log m) for m facts. From then on they cost O(log n) and the answers. The pattern's head must be a leaf, and the
    /// argument free of variables. An index is part of the state: forks and unions have it, and writes of its facts keep it
    /// in step, each at about the cost of one more write. There are at most 8 in a space, with twice as many entries as
    /// there are facts; one that is not read while as many of its facts are written as it has is dropped. Answers and their
    /// order are the same with and without. [`Memory::arguments`](crate::env::Memory::arguments) tells the bytes.
    ///
    /// [`Query::with_limit`] bounds the work.
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
pub struct Answer<T> {
    /// What the variables stand for.
    pub bindings: Bindings<T>,
    /// How many times the atom is present, at least 1.
    pub multiplicity: u64,
}

impl<T: Term> Answer<T> {
    /// `template` with every variable replaced by what it stands for, to the end; variables that are not bound stay.
    pub fn resolve(&self, template: &T) -> T {
        self.bindings.resolve(template)
    }
}

impl<'a, T: Term> Query<'a, T> {
    fn new(space: &'a Space<T>, pattern: &T) -> Self {
        let bytes = with_encoder(|encoder| encoder.encode(pattern).bytes.to_vec());
        let shape = Shape::new(bytes);
        let (variables, fresh) = variables(pattern, &shape);
        Query {
            pattern: pattern.clone(),
            variables,
            search: Search::new(&space.facts, &space.arguments, shape, true),
            fresh,
        }
    }

    /// The least id that no variable of the pattern or of an answer so far has. At first, it is one more than the
    /// greatest id of the pattern.
    pub fn fresh(&self) -> u64 {
        self.fresh
    }

    /// Makes the variables of answers have ids from `id` on, if that is more than [`fresh`](Query::fresh): for a caller
    /// that has variables in use which are not in the pattern.
    #[must_use]
    pub fn with_fresh(mut self, id: u64) -> Self {
        self.fresh = self.fresh.max(id);
        self
    }

    /// The bindings by which the entry that was found matches, if it does.
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
    /// Makes the query end with [`QueryError::Limit`] when it has taken so many steps, as [`Join::with_limit`] does.
    /// It begins at the first answer.
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

    /// Whether the answers say of each variable of `template` what it stands for: whether it occurs in the pattern.
    /// O(size · variables).
    ///
    /// # Errors
    /// [`QueryError::Unbound`] with the first variable that does not.
    ///
    /// ```
    /// # use pleach::{Atom, Environment, env::QueryError};
    /// let env = Environment::<Atom>::new();
    /// let query = env.query(&"(edge $x $y)".parse()?);
    /// assert_eq!(query.check_template(&"($y $x)".parse()?), Ok(()));
    /// assert_eq!(query.check_template(&"($x $z)".parse()?), Err(QueryError::Unbound("z".into())));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check_template(&self, template: &T) -> Result<(), QueryError> {
        unbound(template, &self.variables)
    }
}

/// What can be wrong with a query.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum QueryError {
    /// It would have taken more steps than it may: there may be more answers.
    #[error("the query took more than {0} steps")]
    Limit(u64),
    /// What was to stop it was set: there may be more answers.
    #[error("the query was stopped")]
    Stopped,
    /// A variable of the template, of this name, does not occur in the patterns.
    #[error("the variable {0} of the template is in no pattern")]
    Unbound(Box<str>),
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

/// Whether the atom of an entry is kept, so that it need not be, or can't be, decoded.
fn keeps_atom<T>(entry: &Multiplicity<T>) -> bool {
    entry.record().is_some_and(|record| record.atom.is_some())
}

/// Unifies a pattern with the atom of an entry, whose variables get ids from `fresh` on, which is moved if that succeeds.
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
fn unbound<T: Term>(template: &T, variables: &[T]) -> Result<(), QueryError> {
    let unbound = try_for_each(template, |term| {
        match term.view() {
            View::Expression(items) if !term.known_ground() => return ControlFlow::Continue(items),
            View::Leaf(leaf @ Leaf::Variable { name, .. }) => {
                let known = |variable: &T| matches!(variable.view(), View::Leaf(known) if known == leaf);
                if !variables.iter().any(known) {
                    return ControlFlow::Break(QueryError::Unbound(name.into()));
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
