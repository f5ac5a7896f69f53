//! Results together with what they bind, as atoms: `(result (bindings ($x value) …))`.

use crate::value::{Answer, Value, compose};
use pleach::term::Atom;

/// An answer as `collapse-bind` shows it.
pub(super) fn to_atom(answer: Answer) -> Atom {
    let entries = answer.delta.as_deref().and_then(|delta| compose(delta, None));
    let pairs = entries.iter().flat_map(|entries| entries.iter());
    let pairs = pairs.map(|(variable, value)| Atom::expression([Atom::Variable(*variable), value.clone()]));
    let bindings: Vec<Atom> = std::iter::once(Atom::symbol("bindings")).chain(pairs).collect();
    Atom::expression([answer.value.atom, Atom::Expression(bindings.into())])
}

/// The answer that an atom shows, if it does. A variable that has a value by now binds nothing.
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
        delta: (!entries.is_empty()).then(|| entries.into()),
    })
}
