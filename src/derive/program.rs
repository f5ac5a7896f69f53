//! Programs: lists of rules, compiled.

use std::str::FromStr;
use std::sync::Arc;

use super::component::{Component, components};
use super::error::ProgramError;
use super::pattern_index::PatternIndex;
use super::rule::Rule;
use crate::term::{Atom, Item, Parser, Term};

/// A list of Horn rules, from which facts are derived: see the [module's page](super).
///
/// Cloning it is O(1).
pub struct Program<T: Term = Atom> {
    pub(super) rules: Arc<Rules<T>>,
    pub(super) limit: usize,
}

/// The rules of a program, with what can be known of them without facts.
pub(super) struct Rules<T> {
    pub(super) list: Vec<Rule<T>>,
    /// Each after those that it depends on.
    pub(super) components: Vec<Component>,
    /// The patterns of all rules.
    pub(super) uses: PatternIndex<Use>,
    /// The rules, by their heads.
    pub(super) heads: PatternIndex<Producer>,
}

/// A pattern in the body of a rule.
#[derive(Clone, Copy)]
pub(super) struct Use {
    pub(super) component: usize,
    pub(super) rule: usize,
    /// The index among the positive or the negative patterns.
    pub(super) position: usize,
    pub(super) negated: bool,
}

/// A rule and its component.
#[derive(Clone, Copy)]
pub(super) struct Producer {
    pub(super) component: usize,
    pub(super) rule: usize,
}

impl<T: Term> Program<T> {
    /// Compiles a program of these rules, `(=> (, pattern…) head)`. O(r · m · s) for r rules of size s, each of whose patterns
    /// has the head symbol, and in the ground argument that is rarest among rules its value, of at most m rules.
    ///
    /// A pattern `(not pattern)` is a negated one. A rule without patterns states a fact.
    ///
    /// # Errors
    /// The first [`ProgramError`]: an atom that isn't a rule, a variable of the head that is in no pattern or in negated ones only,
    /// or a negation that depends on the head of its own rule.
    ///
    /// ```
    /// use pleach::derive::{Program, ProgramError};
    /// use pleach::Atom;
    ///
    /// let rule: Atom = "(=> (, (edge $x $y) (not (closed $y))) (open $x $y))".parse()?;
    /// assert_eq!(Program::new([rule])?.rules().count(), 1);
    ///
    /// let error = Program::new(["(=> (, (bird $x) (not (flies $x))) (flies $x))".parse::<Atom>()?]).err();
    /// assert_eq!(error, Some(ProgramError::NotStratified { rule: 0, pattern: 1 }));
    /// let error = Program::new(["(=> (, (bird $x)) (parent $y $x))".parse::<Atom>()?]).err().unwrap();
    /// assert_eq!(error.to_string(), "rule 1: the variable $y of the head is in no pattern that isn't negated");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(rules: impl IntoIterator<Item = T>) -> Result<Self, ProgramError> {
        let rules = rules.into_iter().enumerate();
        let list = rules.map(|(index, rule)| Rule::new(rule, index));
        let list = list.collect::<Result<Vec<_>, _>>()?;
        let components = components(&list)?;
        let (mut uses, mut heads) = (PatternIndex::default(), PatternIndex::default());
        for (component, Component { rules }) in components.iter().enumerate() {
            for &rule in rules {
                let Rule {
                    head,
                    positive,
                    negative,
                    ..
                } = &list[rule];
                heads.insert(head, Producer { component, rule });
                for (negated, patterns) in [(false, positive), (true, negative)] {
                    for (position, pattern) in patterns.iter().enumerate() {
                        let found = Use {
                            component,
                            rule,
                            position,
                            negated,
                        };
                        uses.insert(pattern, found);
                    }
                }
            }
        }
        let rules = Arc::new(Rules {
            list,
            components,
            uses,
            heads,
        });
        Ok(Self {
            rules,
            limit: usize::MAX,
        })
    }

    /// Sets the maximum number of derived facts of a closure, above which [`derive`](Self::derive) returns an error. It bounds
    /// their number, not their size: a head such as `(pair $x $x)` can double it in each step. The default is no limit. O(1).
    ///
    /// ```
    /// use pleach::derive::{LimitExceeded, Program};
    /// use pleach::{Atom, Environment};
    ///
    /// let numbers: Program = "(=> (, (number $n)) (number (next $n)))".parse()?;
    /// let mut world = Environment::<Atom>::new();
    /// world.add_fact("(number zero)".parse()?);
    /// assert_eq!(numbers.with_limit(100).derive(&world).err(), Some(LimitExceeded(100)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_limit(self, facts: usize) -> Self {
        Self { limit: facts, ..self }
    }

    /// Returns an iterator over the rules, as they were given.
    pub fn rules(&self) -> impl ExactSizeIterator<Item = &T> {
        self.rules.list.iter().map(|rule| &rule.source)
    }
}

impl<T: Term> Clone for Program<T> {
    fn clone(&self) -> Self {
        Self {
            rules: Arc::clone(&self.rules),
            limit: self.limit,
        }
    }
}

impl<T: Term> std::fmt::Debug for Program<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program")
            .field("rules", &self.rules.list.len())
            .field("components", &self.rules.components.len())
            .finish_non_exhaustive()
    }
}

/// Parses a sequence of rules.
impl<T: Term> FromStr for Program<T> {
    type Err = ProgramError;

    fn from_str(text: &str) -> Result<Self, ProgramError> {
        let rules = Parser::new(text).collect::<Result<Vec<_>, _>>()?;
        Self::new(rules.into_iter().map(|Item { atom, .. }| atom))
    }
}
