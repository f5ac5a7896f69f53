//! Functions of all results of their arguments, and assertions with a message, defined by rules.

use crate::builtin::Entry;
use crate::builtin::Role::{Code, Data};

const MESSAGE: &[&str] = &["(-> Atom Atom Atom (->))"];
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
    Entry::rules(
        "assertEqualMsg",
        MESSAGE,
        &["(= (assertEqualMsg $a $b $message)
              (chain (assertEqual $a $b) $found (if-error $found (Error (assertEqualMsg $a $b) $message) ())))"],
    )
    .reads(&[Code, Code, Data]),
    Entry::rules(
        "assertAlphaEqualMsg",
        MESSAGE,
        &["(= (assertAlphaEqualMsg $a $b $message)
              (chain (assertAlphaEqual $a $b) $found (if-error $found (Error (assertAlphaEqualMsg $a $b) $message) ())))"],
    )
    .reads(&[Code, Code, Data]),
    Entry::rules(
        "assertEqualToResultMsg",
        MESSAGE,
        &["(= (assertEqualToResultMsg $a $b $message)
              (chain (assertEqualToResult $a $b) $found (if-error $found (Error (assertEqualToResultMsg $a $b) $message) ())))"],
    )
    .reads(&[Code, Data, Data]),
    Entry::rules(
        "assertAlphaEqualToResultMsg",
        MESSAGE,
        &["(= (assertAlphaEqualToResultMsg $a $b $message)
              (chain (assertAlphaEqualToResult $a $b) $found (if-error $found (Error (assertAlphaEqualToResultMsg $a $b) $message) ())))"],
    )
    .reads(&[Code, Data, Data]),
];
