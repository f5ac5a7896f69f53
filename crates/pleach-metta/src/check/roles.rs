//! Roles: which subexpressions of a program are evaluated.

use crate::builtin::Role;
use crate::builtins;
use crate::signature::{Mode, Signature};
use pleach::term::{Atom, Symbol};

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
    let entry = builtins::find(head).map(|builtin| builtin.entry);
    if let Some(role) = entry.and_then(|entry| entry.roles.get(index - 1)) {
        return *role;
    }
    let arity = items.len() - 1;
    let mut fitting = signatures.iter().filter(|signature| signature.arity() == arity);
    if fitting.all(|signature| signature.modes[index - 1] == Mode::Eval) {
        Role::Code
    } else {
        Role::Data
    }
}
