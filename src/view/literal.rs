//! The patterns of a standing query.

use crate::env::SpaceId;
use crate::term::{Atom, Term};

/// A pattern of a conjunction, in the environment's own space or a named one, which facts must match or, if it is negated, must
/// not. The term is that of Datalog.
///
/// A negated literal holds for the values of an answer if no fact unifies with it. A variable that is in no positive literal stands
/// for any term, in each negated literal separately: the negation of `(blocked $who $why)` holds for `ann` if she is blocked for no
/// reason at all.
///
/// ```
/// # use pleach::{Atom, Environment, view::{Literal, View}};
/// let mut env = Environment::<Atom>::new();
/// env.extend(["(user ann)", "(user bob)", "(blocked ann spam)"].map(|a| a.parse().unwrap()));
/// let literals = [Literal::new("(user $who)".parse()?), Literal::not("(blocked $who $why)".parse()?)];
/// let view = View::new(&env, literals, "$who".parse()?)?;
/// assert_eq!(view.to_string(), "+1 bob\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal<T: Term = Atom> {
    pub(super) space: Option<SpaceId>,
    pub(super) pattern: T,
    pub(super) is_negated: bool,
}

impl<T: Term> Literal<T> {
    /// Creates a pattern that facts of the environment's own space must match.
    #[must_use]
    pub fn new(pattern: T) -> Self {
        Self {
            space: None,
            pattern,
            is_negated: false,
        }
    }

    /// Creates a pattern that no fact of the environment's own space may match.
    #[must_use]
    pub fn not(pattern: T) -> Self {
        Self {
            is_negated: true,
            ..Self::new(pattern)
        }
    }

    /// Returns the same literal about a named space. It is empty in states that don't have it.
    #[must_use]
    pub fn in_space(self, id: SpaceId) -> Self {
        Self {
            space: Some(id),
            ..self
        }
    }
}

impl<T: Term> From<T> for Literal<T> {
    /// A pattern that facts of the environment's own space must match.
    fn from(pattern: T) -> Self {
        Self::new(pattern)
    }
}
