//! What is plain of an atom's type without looking into it.

use crate::builtin;
use crate::machine::{Machine, is_token};
use pleach::term::{Atom, Symbol};

impl Machine {
    /// Is it plain that nothing is known of its type? Looks no deeper than its head.
    pub(crate) fn is_undefined(&self, atom: &Atom) -> bool {
        match atom {
            Atom::Expression(items) => match items.first() {
                None | Some(Atom::Variable(_)) => true,
                Some(Atom::Symbol(head)) => self.is_undeclared(*head),
                Some(_) => false,
            },
            Atom::Symbol(symbol) => self.is_undeclared(*symbol),
            Atom::Variable(_) => true,
            _ => false,
        }
    }

    /// Has a symbol no type?
    fn is_undeclared(&self, symbol: Symbol) -> bool {
        !is_token(symbol)
            && Atom::Symbol(symbol).as_boolean().is_none()
            && builtin::find(symbol).is_none_or(|builtin| builtin.signatures.is_empty())
            && !self.shared.hosts.contains_key(&symbol)
            && self.home().types(symbol.as_str()).next().is_none()
    }
}
