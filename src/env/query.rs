//! Queries: the atoms that match a pattern, and the rules that match a call.

mod answer;
mod clash;
mod conjunction;
mod descent;
mod effort;
mod entry;
mod error;
mod join;
mod limited;
mod matches;
mod needed;
mod path_template;
mod pattern;
mod product;
mod rules;
mod search;
mod selectivity;
mod shape;
mod template;

use std::iter::FusedIterator;
use std::sync::Arc;

use smallvec::SmallVec;

use self::answer::Stored;
pub use self::answer::{Answer, JoinAnswer};
use self::entry::{kept, unify_atom};
pub use self::error::QueryError;
pub use self::join::Join;
pub use self::limited::LimitedQuery;
pub use self::matches::Matches;
pub(crate) use self::needed::{NeededIndex, needed_indexes, pattern_head};
pub(crate) use self::path_template::PathTemplate;
use self::pattern::Pattern;
pub use self::rules::RulesFor;
use self::search::Search;
use super::error::UnboundVariable;
use super::record::Multiplicity;
use super::space::{Space, decode};
use crate::term::{Bindings, Term};

impl<T: Term> Space<T> {
    /// Returns the atoms that unify with `pattern`, in the order of [`iter`](Space::iter), each with the most general unifier
    /// and its multiplicity. [`matches`](Space::matches) takes variables of stored atoms for constants.
    ///
    /// Variables of both sides are bound: each to one atom, and to none that contains it. Variables of stored atoms are
    /// renamed apart from those of the pattern and of other answers: they get ids from [`Query::fresh`] on.
    ///
    /// The iterator is lazy. It follows only those branches of the trie of facts that agree with the pattern so far. Answers
    /// are lazy too: terms are built when an [`Answer`] is asked for them, except of stored atoms that have variables.
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
    /// A pattern all of whose arguments are different variables, such as `(edge $x $y)`, costs less than
    /// [`iter`](Space::iter) over the same facts, with [`Answer::atom`] or without, and about as much with
    /// [`Answer::bindings`].
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
        let (pattern, fresh) = Pattern::new(pattern.clone(), Bindings::new(), 0);
        Search::new(&self.facts, &self.arguments, Arc::clone(&pattern.shape), true).count(|path, entry| {
            let atom = decode(path, entry);
            unify_atom(&pattern.term, &atom, &mut { fresh }, Bindings::new).is_some()
        })
    }
}

/// The answers to a pattern: see [`Space::query`].
#[must_use = "iterators are lazy"]
pub struct Query<'a, T: Term> {
    pattern: Arc<Pattern<T>>,
    search: Search<'a, Multiplicity<T>>,
    fresh: u64,
}

impl<T: Term> Space<T> {
    /// Returns the answers that extend these bindings: see [`Query::starting_from`].
    pub(crate) fn query_from(&self, pattern: &T, start: &Bindings<T>) -> Query<'_, T> {
        let (pattern, fresh) = Pattern::new(start.resolve(pattern), start.clone(), 0);
        Query {
            search: Search::new(&self.facts, &self.arguments, Arc::clone(&pattern.shape), true),
            pattern: Arc::new(pattern),
            fresh,
        }
    }
}

impl<'a, T: Term> Query<'a, T> {
    fn new(space: &'a Space<T>, pattern: &T) -> Self {
        let (pattern, fresh) = Pattern::new(pattern.clone(), Bindings::new(), 0);
        Query {
            search: Search::new(&space.facts, &space.arguments, Arc::clone(&pattern.shape), true),
            pattern: Arc::new(pattern),
            fresh,
        }
    }

    /// Restarts the query with bindings that its answers must extend, such as those of an earlier answer or of a
    /// [`unify`](crate::term::unify()) of the caller's. A second call replaces the bindings of the first. Anonymous variables of
    /// the pattern are none that the bindings have. O(size of the pattern and of the bindings).
    ///
    /// ```
    /// # use pleach::{Atom, Environment, term::{Bindings, unify}};
    /// let mut env = Environment::<Atom>::new();
    /// env.extend(["(edge a b)", "(edge b c)"].map(|a| a.parse().unwrap()));
    /// // A step of semi-naive evaluation: a new fact for one pattern, and the stored ones for the other.
    /// let [new, left, right, head] = ["(path a b)", "(path $x $y)", "(edge $y $z)", "(path $x $z)"].map(|a| a.parse::<Atom>().unwrap());
    /// let mut bindings = Bindings::new();
    /// assert!(unify(&left, &new, &mut bindings));
    /// let derived: Vec<_> = env.query(&right).starting_from(&bindings).map(|answer| answer.resolve(&head)).collect();
    /// assert_eq!(derived, ["(path a c)".parse()?]);
    /// # Ok::<(), pleach::term::ParseError>(())
    /// ```
    pub fn starting_from(self, bindings: &Bindings<T>) -> Self {
        let (pattern, fresh) = self.pattern.restarted(bindings, self.fresh);
        Query {
            search: self.search.restarted(Arc::clone(&pattern.shape)),
            pattern: Arc::new(pattern),
            fresh,
        }
    }

    /// Returns the least id above those of all variables of the pattern and of the answers so far.
    pub fn fresh(&self) -> u64 {
        self.fresh
    }

    /// Sets a minimum for the ids of variables in answers, and of those that anonymous variables of the pattern become, for
    /// callers that use variables which aren't in the pattern.
    pub fn with_fresh(mut self, id: u64) -> Self {
        self.fresh = self.fresh.max(id);
        if let Some((pattern, fresh)) = self.pattern.renamed(self.fresh) {
            (self.pattern, self.fresh) = (Arc::new(pattern), fresh);
        }
        self
    }

    /// Restarts the query with a limit of steps, after which it ends with [`QueryError::Limit`]: see [`Join::with_limit`].
    ///
    /// ```
    /// # use pleach::{Atom, Environment, env::QueryError};
    /// let env: Environment = (0..1_000).map(Atom::from).collect();
    /// let all: Result<Vec<_>, _> = env.query(&Atom::variable("x")).with_limit(100).collect();
    /// assert_eq!(all.unwrap_err(), QueryError::Limit(100));
    /// ```
    pub fn with_limit(mut self, steps: u64) -> LimitedQuery<'a, T> {
        if steps < u64::MAX {
            self.search = self.search.bounded(steps);
        }
        LimitedQuery::new(self, steps)
    }

    /// Checks that every variable of `template` occurs in the pattern, or is bound from the start, so that answers bind it.
    /// O(size · variables).
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
        self.pattern.scope.check(template)
    }
}

impl<T: Term> FusedIterator for Query<'_, T> {}

impl<T: Term> Iterator for Query<'_, T> {
    type Item = Answer<T>;

    fn next(&mut self) -> Option<Answer<T>> {
        loop {
            let entry = self.search.next_entry()?;
            let (pattern, multiplicity) = (&self.pattern, entry.get());
            if self.search.is_match() {
                let stored = match kept(entry) {
                    Some(atom) => Stored::Atom(atom.clone()),
                    None => Stored::Path(SmallVec::from_slice(self.search.path())),
                };
                return Some(Answer::ground(pattern, stored, multiplicity));
            }
            let atom = decode(self.search.path(), entry);
            let start = || pattern.scope.start.clone();
            if let Some(bindings) = unify_atom(&pattern.term, &atom, &mut self.fresh, start) {
                return Some(Answer::unified(pattern, atom, bindings, multiplicity));
            }
        }
    }
}

#[cfg(test)]
mod tests;
