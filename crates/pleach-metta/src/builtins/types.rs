//! Types of atoms.

use crate::builtin::{Call, Entry, Outcome};
use crate::signature::{Metatype, metatype};
use crate::symbols::{is_token, symbols};
use crate::value::Value;
use pleach::term::{Atom, Symbol};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::function("get-type", &["(-> Atom Atom)"], get_type),
    Entry::function("get-metatype", &["(-> Atom Atom)"], get_metatype),
];

fn get_type(call: &mut dyn Call) -> Outcome {
    let atom = call.argument(1).clone();
    // A type may depend on values: the calls in it are evaluated.
    Outcome::EvalEach(call.types_of(&atom).into_iter().map(Value::raw).collect())
}

fn get_metatype(call: &mut dyn Call) -> Outcome {
    let atom = call.argument(1);
    // Booleans, and names of spaces and values, are grounded in the reference.
    let is_value = |name: Symbol| is_token(name) && (call.space_of(atom).is_some() || call.binding(name).is_some());
    let kind = match atom {
        _ if atom.as_boolean().is_some() => Metatype::Grounded,
        Atom::Symbol(name) if is_value(*name) => Metatype::Grounded,
        atom => metatype(atom),
    };
    Outcome::Value(Atom::Symbol(kind.name(symbols())))
}
