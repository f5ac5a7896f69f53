//! Roles: which subexpressions of a program are evaluated.

use crate::signature::{Mode, Signature};
use pleach::term::{Atom, Symbol};

/// The role of a subexpression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Evaluated.
    Code,
    /// Left unevaluated, or unknown.
    Data,
    /// Added to the environment. The right side of a rule is code.
    Fact,
    /// The left side of a rule.
    Left,
    /// A tuple whose items are evaluated.
    Tuple,
    /// A list of clauses.
    Clauses,
    /// `(pattern body)`, with an evaluated body.
    Clause,
}

/// Returns the role of the item at `index` of an expression. `signatures` are the function types of its head.
pub(crate) fn of_item(whole: Role, items: &[Atom], index: usize, signatures: &[Signature]) -> Role {
    match whole {
        Role::Data | Role::Left => Role::Data,
        Role::Tuple => Role::Code,
        Role::Clauses => Role::Clause,
        Role::Clause if index == 1 => Role::Code,
        Role::Clause => Role::Data,
        Role::Fact => match (items, index) {
            ([Atom::Symbol(equals), _, _], 1) if equals.as_str() == "=" => Role::Left,
            ([Atom::Symbol(equals), _, _], 2) if equals.as_str() == "=" => Role::Code,
            _ => Role::Data,
        },
        Role::Code => match items.first() {
            Some(Atom::Symbol(head)) if index > 0 => of_argument(*head, items, index, signatures),
            _ => Role::Code,
        },
    }
}

fn of_argument(head: Symbol, items: &[Atom], index: usize, signatures: &[Signature]) -> Role {
    match (head.as_str(), index) {
        ("if" | "trace!" | "if-error" | "assertEqual" | "assertAlphaEqual" | "collapse" | "function" | "return", _)
        | ("let", 2 | 3)
        | ("let*", 2)
        | ("chain", 1 | 3)
        | ("match", 1 | 3)
        | ("unify" | "if-equal", 3 | 4)
        | ("case" | "assertEqualToResult" | "assertAlphaEqualToResult" | "assertIncludes" | "eval" | "evalc", 1)
        | ("map-atom" | "filter-atom", 3)
        | ("foldl-atom", 5) => Role::Code,
        ("let*", 1) | ("case" | "switch", 2) => Role::Clauses,
        ("superpose" | "hyperpose", 1) => Role::Tuple,
        ("add-atom", 2) => Role::Fact,
        _ => {
            let arity = items.len() - 1;
            let mut fitting = signatures.iter().filter(|signature| signature.arity() == arity);
            if fitting.all(|signature| signature.modes[index - 1] == Mode::Eval) {
                Role::Code
            } else {
                Role::Data
            }
        }
    }
}
