//! Functions of all results of their arguments, defined by rules.

use crate::builtin::Entry;
use crate::builtin::Role::Code;

const TWO: &[&str] = &["(-> Atom Atom %Undefined%)"];

pub(super) const ENTRIES: &[Entry] = &[
    Entry::rules(
        "unique",
        &["(-> Atom %Undefined%)"],
        &["(= (unique $a) (let $all (collapse $a) (let $found (unique-atom $all) (superpose $found))))"],
    )
    .reads(&[Code]),
    Entry::rules(
        "union",
        TWO,
        &["(= (union $a $b) (let $left (collapse $a) (let $right (collapse $b)
              (let $found (union-atom $left $right) (superpose $found)))))"],
    )
    .reads(&[Code, Code]),
    Entry::rules(
        "intersection",
        TWO,
        &[
            "(= (intersection $a $b) (let $left (collapse $a) (let $right (collapse $b)
              (let $found (intersection-atom $left $right) (superpose $found)))))",
        ],
    )
    .reads(&[Code, Code]),
    Entry::rules(
        "subtraction",
        TWO,
        &[
            "(= (subtraction $a $b) (let $left (collapse $a) (let $right (collapse $b)
              (let $found (subtraction-atom $left $right) (superpose $found)))))",
        ],
    )
    .reads(&[Code, Code]),
    Entry::rules(
        "assert",
        &["(-> Atom (->))"],
        &["(= (assert $a) (let $found $a (unify $found True () (Error (assert $a) ($a not True)))))"],
    )
    .reads(&[Code]),
];
