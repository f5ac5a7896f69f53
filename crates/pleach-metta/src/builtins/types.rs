//! Types of atoms.

use crate::builtin::{Call, Entry, Outcome};
use crate::signature::metatype;
use crate::symbols::symbols;
use crate::value::Value;
use pleach::term::Atom;

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
    Outcome::Value(Atom::Symbol(metatype(call.argument(1)).name(symbols())))
}
