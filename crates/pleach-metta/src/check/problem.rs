//! Problems of programs.

use std::path::PathBuf;

use pleach::term::{Atom, Symbol};

/// An error or likely mistake in a program, found by [`Evaluator::check`](crate::Evaluator::check).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The index of the item.
    pub item: usize,
    /// The number of the subexpression in preorder: 0 is the item's atom.
    /// [`parser::spans`](pleach::term::parser::spans) returns their positions.
    pub part: usize,
    /// The kind of the problem.
    pub kind: ProblemKind,
}

/// The kind of a [`Problem`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemKind {
    /// An argument isn't of the declared type. The part is the argument.
    #[error("`{function}` expects {expected} as argument {number}, but this is {actual}")]
    Argument {
        /// The head of the application.
        function: Atom,
        /// The position of the argument, from 1.
        number: usize,
        /// The declared type.
        expected: Atom,
        /// The type of the argument.
        actual: Atom,
    },
    /// No declared type has this number of arguments. The part is the application.
    #[error("`{function}` takes {}, but is given {actual}", arguments(expected))]
    ArgumentCount {
        /// The head of the application.
        function: Atom,
        /// The declared numbers of arguments, in ascending order.
        expected: Vec<usize>,
        /// The actual number.
        actual: usize,
    },
    /// The right side of a rule isn't of the declared result type. The part is the right side. The program runs
    /// nevertheless.
    #[error("`{function}` is declared to be {expected}, but this is {actual}")]
    Result {
        /// The left side of the rule.
        function: Atom,
        /// Its type.
        expected: Atom,
        /// The type of the right side.
        actual: Atom,
    },
    /// No rule for the name has this number of arguments, so the application, which is the part, is irreducible.
    #[error("the rules of `{name}` take {}, but it is given {actual}", arguments(expected))]
    NoRule {
        /// The name.
        name: Symbol,
        /// The numbers of arguments of the rules, in ascending order.
        expected: Vec<usize>,
        /// The actual number.
        actual: usize,
    },
    /// A rule for a special form, such as `if`, which never applies. The part is the left side of the rule.
    #[error("`{name}` is a form of the language, so this rule never applies")]
    Form {
        /// The name.
        name: Symbol,
    },
    /// A rule for a built-in function, such as `+`, which never applies. The part is the left side of the rule.
    #[error("`{name}` is built in, so this rule never applies")]
    BuiltIn {
        /// The name.
        name: Symbol,
    },
    /// An applied name is undefined, so the application is irreducible. The part is the name.
    #[error("`{name}` is undefined, so this is irreducible")]
    Unknown {
        /// The name.
        name: Symbol,
        /// A similar name.
        suggestion: Option<Symbol>,
    },
    /// A name that begins with `&` is unbound.
    #[error("`{name}` is not bound to anything")]
    Unbound {
        /// The name.
        name: Symbol,
        /// A similar name.
        suggestion: Option<Symbol>,
    },
    /// A file can't be imported.
    #[error("cannot import {path}: {reason}")]
    Import {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
}

impl ProblemKind {
    /// Returns whether evaluating the part is certain to be an error. The other kinds are likely mistakes, but may be
    /// intended.
    #[must_use]
    pub fn is_error(&self) -> bool {
        match self {
            Self::Argument { .. } | Self::ArgumentCount { .. } | Self::Import { .. } => true,
            Self::Result { .. }
            | Self::NoRule { .. }
            | Self::Form { .. }
            | Self::BuiltIn { .. }
            | Self::Unknown { .. }
            | Self::Unbound { .. } => false,
        }
    }

    /// Returns the similar name that may have been meant.
    #[must_use]
    pub fn suggestion(&self) -> Option<Symbol> {
        match self {
            Self::Unknown { suggestion, .. } | Self::Unbound { suggestion, .. } => *suggestion,
            _ => None,
        }
    }
}

/// Formats `1 or 2 arguments`.
fn arguments(counts: &[usize]) -> String {
    let counts: Vec<String> = counts.iter().map(usize::to_string).collect();
    let noun = if counts == ["1"] { "argument" } else { "arguments" };
    format!("{} {noun}", counts.join(" or "))
}
