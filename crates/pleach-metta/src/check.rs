//! What is wrong with a program, as far as that can be told without running it.
//!
//! The checker reads a program as evaluation would: it knows which parts of which forms are evaluated, and which are
//! patterns or data ([`roles`]). It computes the type of each part from the inside out, as `get-type` does, and reports
//! an application that has none. A variable has the type that the declared type of its rule's left side gives it, or any.
//!
//! A name without rules is no mistake in this language: an expression that nothing reduces is data. So a name is
//! reported only if nothing else in the program takes it for data, and it is either close to the name of a function, or
//! the head of what is to be evaluated at the top level.

mod closest;
mod names;
mod roles;
#[cfg(test)]
mod tests;
mod walk;

use std::path::PathBuf;
use std::sync::Arc;

use self::names::Names;
use self::walk::Walk;
use super::machine::Machine;
use super::shared::Shared;
use super::{EvalError, Evaluator};
use pleach::Environment;
use pleach::env::IdSeed;
use pleach::term::{Atom, Item, Symbol};

/// Something that is wrong with a program, or likely so: what [`Evaluator::check`] finds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The item that it is in, by its number.
    pub item: usize,
    /// The part of the item: 0 is its whole atom, and the parts of an expression are numbered after it, from left to
    /// right. [`parser::spans`](pleach::term::parser::spans) tells where it stands.
    pub part: usize,
    /// What is wrong.
    pub kind: ProblemKind,
}

/// What can be wrong with a program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemKind {
    /// An argument does not have the type that is declared. The part is the argument.
    #[error("`{function}` expects {expected} as argument {number}, but this is {actual}")]
    Argument {
        /// What is applied.
        function: Atom,
        /// Which argument, from 1.
        number: usize,
        /// The declared type.
        expected: Atom,
        /// The argument's type.
        actual: Atom,
    },
    /// No declared type has so many arguments. The part is the whole application.
    #[error("`{function}` takes {}, but is given {actual}", arguments(expected))]
    ArgumentCount {
        /// What is applied.
        function: Atom,
        /// The numbers of arguments that are declared, in ascending order.
        expected: Vec<usize>,
        /// The number that it is given.
        actual: usize,
    },
    /// The right side of a rule does not have the type that its left side is declared to have. The part is the right
    /// side. The program runs all the same.
    #[error("`{function}` is declared to be {expected}, but this is {actual}")]
    Result {
        /// The rule's left side.
        function: Atom,
        /// Its type.
        expected: Atom,
        /// The type of the right side.
        actual: Atom,
    },
    /// There are rules for this name, but none for so many arguments: the part, an application, stays as it is.
    #[error("the rules of `{name}` take {}, but it is given {actual}", arguments(expected))]
    NoRule {
        /// The name.
        name: Symbol,
        /// The numbers of arguments that there are rules for, in ascending order.
        expected: Vec<usize>,
        /// The number that it is given.
        actual: usize,
    },
    /// A rule for the name of a form that evaluates its parts itself, such as `if`: it never applies. The part is the rule's
    /// left side.
    #[error("`{name}` is a form of the language, so this rule never applies")]
    Form {
        /// The name.
        name: Symbol,
    },
    /// Nothing is known of a name that is applied: the application stays as it is. The part is the name.
    #[error("nothing is known of `{name}`, so this stays as it is")]
    Unknown {
        /// The name.
        name: Symbol,
        /// What may have been meant.
        suggestion: Option<Symbol>,
    },
    /// A name that begins with `&` is bound to nothing.
    #[error("`{name}` is not bound to anything")]
    Unbound {
        /// The name.
        name: Symbol,
        /// What may have been meant.
        suggestion: Option<Symbol>,
    },
    /// A file can't be imported.
    #[error("cannot import {path}: {reason}")]
    Import {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl ProblemKind {
    /// Is it certain to be an error if the part is evaluated? The other problems are likely mistakes, but a program may
    /// mean what it says.
    #[must_use]
    pub fn is_error(&self) -> bool {
        match self {
            Self::Argument { .. } | Self::ArgumentCount { .. } | Self::Import { .. } => true,
            Self::Result { .. }
            | Self::NoRule { .. }
            | Self::Form { .. }
            | Self::Unknown { .. }
            | Self::Unbound { .. } => false,
        }
    }

    /// The name that may have been meant.
    #[must_use]
    pub fn suggestion(&self) -> Option<Symbol> {
        match self {
            Self::Unknown { suggestion, .. } | Self::Unbound { suggestion, .. } => *suggestion,
            _ => None,
        }
    }
}

/// `1 or 2 arguments`.
fn arguments(counts: &[usize]) -> String {
    let counts: Vec<String> = counts.iter().map(usize::to_string).collect();
    let noun = if counts == ["1"] { "argument" } else { "arguments" };
    format!("{} {noun}", counts.join(" or "))
}

impl Evaluator {
    /// What is wrong with a program that is to be run in an environment, in the order of the program; nothing is
    /// evaluated. Files that it imports are read, from this evaluator's folder, for what they define.
    ///
    /// It is taken to know all that it defines from its first line on, in `add-atom` too. Cost: O(size of the program and
    /// of the environment), each application times the declared types of its head.
    ///
    /// ```
    /// use pleach::Environment;
    /// use pleach_metta::Evaluator;
    /// use pleach::term::{Item, Parser, parser};
    ///
    /// let program = "(: shout (-> String String))
    ///                (= (twice $x) (* 2 $x))
    ///                !(twcie 1)
    ///                !(shout (twice 3))";
    /// let items: Vec<Item> = Parser::new(program).collect::<Result<_, _>>()?;
    /// let problems = Evaluator::new().check(&Environment::new(), &items);
    ///
    /// assert_eq!(problems[0].kind.to_string(), "nothing is known of `twcie`, so this stays as it is");
    /// assert_eq!(problems[0].kind.suggestion().unwrap().as_str(), "twice");
    /// assert_eq!(problems.len(), 1);
    ///
    /// let items: Vec<Item> = Parser::new("!(+ 1 (abs-math \"2\"))").collect::<Result<_, _>>()?;
    /// let problems = Evaluator::new().check(&Environment::new(), &items);
    /// assert_eq!(problems[0].kind.to_string(), "`abs-math` expects Number as argument 1, but this is String");
    /// assert_eq!(problems[0].part, 5);
    /// # Ok::<(), pleach::term::ParseError>(())
    /// ```
    #[must_use]
    pub fn check(&self, environment: &Environment, items: &[Item]) -> Vec<Problem> {
        let mut world = environment.clone();
        let facts = items.iter().filter(|item| !item.bang);
        world.add_multiplicities(facts.map(|item| (item.atom.clone(), item.count)));
        let shared = Arc::new(Shared::new(&self.settings, None, IdSeed::root()));
        let mut machine = Machine::new(shared, world, 1, 0);
        let mut problems = Vec::new();
        let mut names = Names::default();
        for (atom, _) in environment.iter() {
            names.mention_fact(&atom);
        }
        for (index, item) in items.iter().enumerate() {
            import(&mut machine, &mut names, index, &item.atom, &mut problems);
        }
        let mut walk = Walk::new(&mut machine, &mut names, &mut problems);
        for (index, item) in items.iter().enumerate() {
            walk.item(index, item);
        }
        names.problems(&machine, &mut problems);
        problems.sort_by_key(|problem| (problem.item, problem.part));
        problems
    }
}

/// Takes over what the imports at the top level of an item define, and what those import in their turn.
fn import(machine: &mut Machine, names: &mut Names, index: usize, atom: &Atom, problems: &mut Vec<Problem>) {
    let mut pending = vec![atom.clone()];
    while let Some(atom) = pending.pop() {
        let Some([Atom::Symbol(head), Atom::Symbol(space), file]) = atom.as_expression() else {
            continue;
        };
        if head.as_str() != "import!" || !names.import(*space, file) {
            continue;
        }
        let items = match machine.read(file) {
            Ok(Ok(items)) => items,
            // It is an `(Error …)` when it is evaluated.
            Ok(Err(_)) => continue,
            Err(EvalError::Import { path, reason }) => {
                problems.push(Problem {
                    item: index,
                    part: 3,
                    kind: ProblemKind::Import { path, reason },
                });
                continue;
            }
            Err(_) => continue,
        };
        let (queries, facts): (Vec<Item>, Vec<Item>) = items.into_iter().partition(|item| item.bang);
        for item in queries.iter().chain(&facts) {
            names.mention(&item.atom);
        }
        pending.extend(queries.into_iter().map(|item| item.atom));
        if *space == super::names().this_space {
            machine.write(|world| world.add_multiplicities(facts.into_iter().map(|item| (item.atom, item.count))));
        }
    }
}
