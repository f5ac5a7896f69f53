//! The answers that came or went between two states.

use super::answers::Answers;
use super::conjunction::Conjunction;
use super::literal::Literal;
use super::transition::Transition;
use crate::env::{Environment, Space, UnboundVariable};
use crate::term::Term;

/// Returns the answers of a conjunction that came or went from one state of an environment to another: instances of `template`,
/// each with the difference of its multiplicities. Equal instances are added up, and those whose difference is 0 are left out.
///
/// The two states may be related in any way. The multiplicity of an answer in a state is the sum of those in
/// [`query_all`](Space::query_all).
///
/// # Cost
/// Proportional to the changed facts and what these join with, for forks: O(d · log n) to find the d changes, and a lookup in
/// O(log n) for each partial answer that a changed fact is part of; of a negated literal's facts, each changed one is joined with the
/// answers that it concerns, also where several concern the same. Facts that are looked up by an argument after an unbound
/// one, such as `(edge $x n7)`, need a [permuted index](Space::query): the first call builds it, in O(m log m) for the m facts of
/// the head, and both states have it from then on, as have later forks. For unrelated environments O(n).
///
/// # Errors
/// [`UnboundVariable`] if a variable of the template is in no literal that isn't negated.
///
/// ```
/// use pleach::{Atom, Environment, view::answers_between};
///
/// let mut before = Environment::<Atom>::new();
/// before.extend(["(edge a b)", "(edge b c)"].map(|a| a.parse().unwrap()));
/// let mut after = before.clone();
/// after.add_fact("(edge b d)".parse()?);
/// after.remove_fact(&"(edge a b)".parse()?);
/// after.add_fact("(edge c e)".parse()?);
///
/// let patterns = ["(edge $x $y)", "(edge $y $z)"].map(|a| a.parse::<Atom>().unwrap());
/// let difference = answers_between(&before, &after, patterns, "(path $x $z)".parse()?)?;
/// assert_eq!(difference.to_string(), "-1 (path a c)\n+1 (path b e)\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn answers_between<T: Term>(
    before: &Environment<T>,
    after: &Environment<T>,
    literals: impl IntoIterator<Item = impl Into<Literal<T>>>,
    template: T,
) -> Result<Answers<T>, UnboundVariable> {
    let conjunction = Conjunction::new(literals.into_iter().map(Into::into), template)?;
    let nothing = Space::default();
    let [before, after] = [before, after].map(|state| conjunction.spaces(state, &nothing));
    let transition = Transition::new(&conjunction, before, after);
    transition.provide(&conjunction.needed_indexes(&transition.changed()));
    Ok(transition.difference())
}
