//! Answers with bindings, as atoms: `(result (bindings ($x value) …))`.

use crate::subst::Subst;
use crate::value::{Answer, Value};
use pleach::term::Atom;

/// Converts an answer to the atom that `collapse-bind` returns.
pub(crate) fn to_atom(answer: Answer) -> Atom {
    let pairs = answer
        .subst
        .iter()
        .map(|(variable, value)| Atom::expression([Atom::Variable(*variable), value.clone()]));
    let bindings: Vec<Atom> = std::iter::once(Atom::symbol("bindings")).chain(pairs).collect();
    Atom::expression([answer.value.atom, Atom::Expression(bindings.into())])
}

/// Parses such an atom. A variable that is bound by now is skipped.
pub(crate) fn from_atom(atom: &Atom) -> Option<Answer> {
    let [value, bindings] = atom.as_expression()? else {
        return None;
    };
    let (head, pairs) = bindings.as_expression()?.split_first()?;
    if head.as_symbol()? != "bindings" {
        return None;
    }
    let mut entries = Vec::new();
    for pair in pairs {
        match pair.as_expression()? {
            [Atom::Variable(variable), value] => entries.push((*variable, value.clone())),
            [_, _] => {}
            _ => return None,
        }
    }
    Some(Answer {
        value: Value::raw(value.clone()),
        subst: Subst::new(entries),
    })
}
