//! Types of atoms.

use crate::builtin::Role::{Code, Data};
use crate::builtin::{Call, Entry, Outcome};
use crate::signature::{Metatype, metatype};
use crate::symbols::{is_token, symbols};
use crate::value::Value;
use pleach::term::{Atom, Symbol};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::function("get-type", &["(-> Atom Atom)"], get_type),
    Entry::rules(
        "get-type-space",
        &["(-> SpaceType Atom %Undefined%)"],
        &["(= (get-type-space $space $atom) (evalc (get-type $atom) $space))"],
    ),
    Entry::function("is-function", &["(-> Type Bool)"], is_function),
    Entry::rules(
        "match-types",
        &["(-> Atom Atom Atom Atom %Undefined%)"],
        &["(= (match-types $a $b $then $else)
              (if-equal $a %Undefined% $then
                 (if-equal $b %Undefined% $then
                    (if-equal $a Atom $then
                       (if-equal $b Atom $then (unify $a $b $then $else))))))"],
    )
    .reads(&[Data, Data, Code, Code]),
    Entry::rules(
        "match-type-or",
        &["(-> Bool Atom Atom Bool)"],
        &["(= (match-type-or $found $a $b) (or $found (match-types $a $b True False)))"],
    ),
    Entry::rules(
        "type-cast",
        &["(-> Atom Atom SpaceType %Undefined%)"],
        &["(= (type-cast $atom $type $space)
              (chain (get-metatype $atom) $kind
                 (if-equal $type $kind $atom
                    (chain (collapse (get-type-space $space $atom)) $types
                       (chain (foldl-atom $types False $found $one (match-type-or $found $one $type)) $fits
                          (if $fits $atom (Error $atom BadType)))))))"],
    )
    .reads(&[Data, Data, Code]),
    Entry::rules(
        "metta",
        &["(-> Atom Type SpaceType %Undefined%)"],
        &["(= (metta $atom $type $space)
              (if-equal $space &self
                 (chain $atom $value
                    (if-error $value $value
                       (chain (collapse (get-type $value)) $types
                          (chain (foldl-atom $types False $found $one (match-type-or $found $one $type)) $fits
                             (if $fits $value
                                (chain (car-atom $types) $actual (Error $value (BadType $type $actual))))))))
                 (Error (metta $atom $type $space) \"metta evaluates in &self\")))"],
    )
    .reads(&[Code, Data, Code]),
    Entry::function("get-metatype", &["(-> Atom Atom)"], get_metatype),
];

fn get_type(call: &mut dyn Call) -> Outcome {
    let atom = call.argument(1).clone();
    // A type may depend on values: the calls in it are evaluated.
    Outcome::EvalEach(call.types_of(&atom).into_iter().map(Value::raw).collect())
}

fn is_function(call: &mut dyn Call) -> Outcome {
    let head = call.argument(1).as_list().and_then(|items| items.first());
    Outcome::Value(Atom::boolean(head == Some(&Atom::Symbol(symbols().arrow))))
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
