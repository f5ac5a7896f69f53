//! A standing query with its current answers.

use std::fmt;
use std::mem;
use std::ops::Deref;
use std::sync::Arc;

use super::aggregate::{Aggregate, Grouping, Groups};
use super::answers::Answers;
use super::conjunction::Conjunction;
use super::literal::Literal;
use super::transition::Transition;
use crate::env::{Environment, NeededIndex, Space, UnboundVariable};
use crate::term::{Atom, Term};

/// A standing query: a conjunction of [literals](Literal) and a template, with the current answers of a state.
///
/// [`advance`](Self::advance) brings it to another state, at the cost of what differs, and returns the difference of the answers.
/// A view derefs to its [`Answers`]. Cloning it is a fork: O(1), and each fork is advanced independently. So a view can follow
/// each fork of an environment, and their [union](Environment::union).
///
/// The answers are those of [`query_all`](Space::query_all): the instances of the template, with the sum of the multiplicities of
/// equal ones. Negated literals exclude answers, and [`grouped`](Self::grouped) aggregates them.
///
/// # Limits
/// A view keeps the state that it is at alive. The next write to an environment at that state copies the paths that it changes,
/// as after a fork.
///
/// # Examples
/// ```
/// use pleach::{Atom, Environment, view::{Literal, View}};
///
/// let mut world = Environment::<Atom>::new();
/// world.extend(["(member ann staff)", "(member bob staff)", "(grants staff vault)"].map(|a| a.parse().unwrap()));
/// let literals = [
///     Literal::new("(member $who $group)".parse()?),
///     Literal::new("(grants $group $what)".parse()?),
///     Literal::not("(denied $who $what)".parse()?),
/// ];
/// let mut view = View::new(&world, literals, "(may $who $what)".parse()?)?;
/// assert_eq!(view.count(), 2);
///
/// // It follows a fork, and its own fork stays.
/// let (mut fork, before) = (world.clone(), view.clone());
/// fork.add_fact("(denied bob vault)".parse()?);
/// assert_eq!(view.advance(&fork).to_string(), "-1 (may bob vault)\n");
/// assert!(before.contains(&"(may bob vault)".parse()?) && !view.contains(&"(may bob vault)".parse()?));
///
/// // A union of forks, and the way back to an ancestor.
/// let mut other = world.clone();
/// other.add_fact("(member cat staff)".parse()?);
/// assert_eq!(view.advance(&fork.union(&other)).to_string(), "+1 (may cat vault)\n");
/// view.advance(&world);
/// assert!(view.diff(&before).is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct View<T: Term = Atom> {
    query: Arc<StandingQuery<T>>,
    environment: Environment<T>,
    /// The groups, if answers are aggregated.
    groups: Groups<T>,
    answers: Answers<T>,
}

/// A conjunction whose answers a view keeps.
struct StandingQuery<T: Term> {
    conjunction: Conjunction<T>,
    /// By which joins look up what a changed fact joins with.
    indexes: Vec<NeededIndex>,
    grouping: Option<Grouping<T>>,
}

impl<T: Term> View<T> {
    /// Creates a view at a state of an environment.
    ///
    /// Costs what the query costs, and what building the [permuted indexes](Space::query) costs by which changed facts are joined:
    /// O(m log m) for m facts of a head. Later states have them too. A space has at most 8; a lookup that would need a ninth visits
    /// all facts of the head.
    ///
    /// # Errors
    /// [`UnboundVariable`] if a variable of the template is in no positive literal.
    pub fn new(
        environment: &Environment<T>,
        literals: impl IntoIterator<Item = impl Into<Literal<T>>>,
        template: T,
    ) -> Result<Self, UnboundVariable> {
        let conjunction = Conjunction::new(literals.into_iter().map(Into::into), template)?;
        Ok(Self::of(environment, conjunction, None))
    }

    /// Creates a view of groups of answers. Those that agree in all variables of the template but `variable` are a group, and the
    /// template's instance for it has the aggregate in place of `variable`: the number of the answers, or the sum, the least or the
    /// greatest of their values of `variable`.
    ///
    /// Only integers and floats are added and compared; a group without numbers has no sum, least or greatest one. A sum is an
    /// integer if all numbers are and it fits 64 bits, otherwise a float; the integers are added modulo 2¹²⁸. Counts above `i64::MAX` are `i64::MAX`.
    ///
    /// Costs as [`new`](Self::new). In an [`advance`](Self::advance), each changed group costs O(log n), and a sum O(f · log n) if f of its
    /// distinct values are floats: these are added up anew, in ascending order, so that the sum follows from the state alone.
    ///
    /// # Errors
    /// [`UnboundVariable`] if another variable of the template, or `variable` unless answers are counted, is in no positive literal.
    ///
    /// ```
    /// use pleach::{Atom, Environment, view::{Aggregate, View}};
    ///
    /// let mut env = Environment::<Atom>::new();
    /// env.extend(["(sold tea 3)", "(sold tea 4)", "(sold rum 9)"].map(|a| a.parse().unwrap()));
    /// let sold: Atom = "(sold $what $n)".parse()?;
    /// let mut total = View::grouped(&env, [sold.clone()], "(total $what $n)".parse()?, Aggregate::Sum, "n")?;
    /// let mut sales = View::grouped(&env, [sold], "(sales $what $n)".parse()?, Aggregate::Count, "n")?;
    /// assert_eq!(total.to_string(), "+1 (total rum 9)\n+1 (total tea 7)\n");
    ///
    /// env.add_fact("(sold tea 3)".parse()?);
    /// assert_eq!(total.advance(&env).to_string(), "-1 (total tea 7)\n+1 (total tea 10)\n");
    /// assert_eq!(sales.advance(&env).to_string(), "-1 (sales tea 2)\n+1 (sales tea 3)\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn grouped(
        environment: &Environment<T>,
        literals: impl IntoIterator<Item = impl Into<Literal<T>>>,
        template: T,
        aggregate: Aggregate,
        variable: &str,
    ) -> Result<Self, UnboundVariable> {
        let grouping = Grouping::new(template, aggregate, variable)?;
        let literals = literals.into_iter().map(Into::into);
        let conjunction = Conjunction::new(literals, grouping.tuple().clone())?;
        Ok(Self::of(environment, conjunction, Some(grouping)))
    }

    fn of(environment: &Environment<T>, conjunction: Conjunction<T>, grouping: Option<Grouping<T>>) -> Self {
        let literals: Vec<usize> = (0..conjunction.len()).collect();
        let indexes = conjunction.needed_indexes(&literals);
        let nothing = Space::default();
        let spaces = conjunction.spaces(environment, &nothing);
        for index in &indexes {
            index.build(spaces[index.pattern]);
        }
        let answers = conjunction.answers(&spaces);
        let mut view = Self {
            query: Arc::new(StandingQuery {
                conjunction,
                indexes,
                grouping,
            }),
            environment: environment.clone(),
            groups: Groups::new(),
            answers: Answers::new(),
        };
        view.moved(environment, answers);
        view
    }

    /// Brings the view to a state of the same or another environment, in any relation to its own: a descendant, an ancestor, a
    /// sibling, a union. Returns the difference of the answers.
    ///
    /// Costs what [`answers_between`](crate::view::answers_between) costs, and O(log n) for each answer that came or went. Indexes that the other
    /// state lacks are taken over from this one's, at the cost of the changes, and none is built if this state has it.
    pub fn advance(&mut self, environment: &Environment<T>) -> Answers<T> {
        if self.environment.ptr_eq(environment) {
            return Answers::new();
        }
        let StandingQuery {
            conjunction, indexes, ..
        } = &*self.query;
        let nothing = Space::default();
        let [before, after] = [&self.environment, environment].map(|state| conjunction.spaces(state, &nothing));
        let transition = Transition::new(conjunction, before, after);
        transition.provide(indexes);
        self.moved(environment, transition.difference())
    }

    /// Takes the difference of the conjunction's answers to another state, and returns that of the view's.
    fn moved(&mut self, environment: &Environment<T>, difference: Answers<T>) -> Answers<T> {
        // The code of terms may panic until all is done.
        let (mut groups, mut answers) = (self.groups.clone(), self.answers.clone());
        let difference = match &self.query.grouping {
            None => difference,
            Some(grouping) => groups.take(grouping, &difference),
        };
        answers.add_all(&difference);
        // Dropped last: dropping terms runs their code too.
        let _old = (
            mem::replace(&mut self.groups, groups),
            mem::replace(&mut self.answers, answers),
            mem::replace(&mut self.environment, environment.clone()),
        );
        difference
    }

    /// Returns the state that the view is at.
    #[must_use]
    pub fn environment(&self) -> &Environment<T> {
        &self.environment
    }

    /// Returns the answers, as a value that later calls of [`advance`](Self::advance) don't change. O(1).
    #[must_use]
    pub fn answers(&self) -> Answers<T> {
        self.answers.clone()
    }
}

impl<T: Term> Clone for View<T> {
    /// Forks the view. O(1).
    fn clone(&self) -> Self {
        Self {
            query: Arc::clone(&self.query),
            environment: self.environment.clone(),
            groups: self.groups.clone(),
            answers: self.answers.clone(),
        }
    }
}

impl<T: Term> Deref for View<T> {
    type Target = Answers<T>;

    fn deref(&self) -> &Answers<T> {
        &self.answers
    }
}

impl<T: Term> fmt::Debug for View<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("View").field(&self.answers).finish()
    }
}
