//! Assertions.

use crate::builtin::{Builtin, Special};
use crate::canonical::{difference, list, same};
use crate::code::{Activation, Call, NodeIndex};
use crate::frame::Step;
use crate::machine::Machine;
use crate::symbols::error_atom;
use pleach::term::Atom;

impl Machine {
    pub(crate) fn assert(
        &mut self,
        act: &Activation,
        at: NodeIndex,
        call: &Call,
        left: &[Atom],
        right: &[Atom],
    ) -> Step {
        // Only `assertAlpha…` compares up to renaming of variables.
        let is_alpha = call.head.is_some_and(|head| head.as_str().starts_with("assertAlpha"));
        let equal = |a: &Atom, b: &Atom| a == b || (is_alpha && same(a, b));
        let missed = difference(right, left, equal);
        let special = call.builtin.and_then(Builtin::special);
        let excess = if special == Some(Special::AssertIncludes) {
            Vec::new()
        } else {
            difference(left, right, equal)
        };
        if missed.is_empty() && excess.is_empty() {
            return Step::value(Atom::expression([]));
        }
        if special == Some(Special::AssertIncludes) {
            let reason = [
                Atom::symbol("assertIncludes"),
                Atom::symbol("error:"),
                Atom::Expression(missed.into()),
                Atom::symbol("not"),
                Atom::symbol("included"),
                Atom::symbol("in"),
                Atom::symbol("result:"),
                Atom::expression(left.iter().cloned()),
            ];
            return Step::value(error_atom(act.instantiate(at), Atom::expression(reason)));
        }
        let mut text = format!("\nExpected: [{}]\nGot: [{}]", list(right), list(left));
        for (what, atoms) in [("Missed", &missed), ("Excessive", &excess)] {
            if !atoms.is_empty() {
                text += &format!("\n{what} results: {}", list(atoms));
            }
        }
        Step::value(error_atom(act.instantiate(at), Atom::string(text.as_str())))
    }
}
