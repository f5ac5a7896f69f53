//! Special forms, and names with a type only.

use crate::builtin::Role::{Clauses, Code, Data};
use crate::builtin::{Entry, Special};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::form("if", &["(-> Bool Atom Atom $t)"], Special::If).reads(&[Code, Code, Code]),
    Entry::form("let", &["(-> Atom %Undefined% Atom %Undefined%)"], Special::Let)
        .reads(&[Data, Code, Code])
        .binds(&[(1, 3)]),
    Entry::form("let*", &["(-> Expression Atom %Undefined%)"], Special::LetStar).reads(&[Clauses, Code]),
    Entry::form("chain", &["(-> Atom Variable Atom %Undefined%)"], Special::Chain)
        .reads(&[Code, Data, Code])
        .binds(&[(2, 3)])
        .instruction(),
    Entry::form("match", &["(-> SpaceType Atom Atom %Undefined%)"], Special::Match)
        .reads(&[Code, Data, Code])
        .binds(&[(2, 3)]),
    Entry::form("unify", &["(-> Atom Atom Atom Atom %Undefined%)"], Special::Unify)
        .reads(&[Data, Data, Code, Code])
        .binds(&[(2, 3)])
        .instruction(),
    Entry::form("case", &["(-> Atom Expression %Undefined%)"], Special::Case).reads(&[Code, Clauses]),
    Entry::form("switch", &["(-> %Undefined% Expression %Undefined%)"], Special::Switch).reads(&[Code, Clauses]),
    Entry::form("function", &["(-> Atom Atom)"], Special::Function)
        .reads(&[Code])
        .instruction(),
    Entry::form("collapse", &["(-> Atom Atom)"], Special::Collapse).reads(&[Code]),
    Entry::form("collapse-bind", &["(-> Atom Expression)"], Special::CollapseBind).instruction(),
    Entry::form(
        "map-atom",
        &["(-> Expression Variable Atom Expression)"],
        Special::MapAtom,
    )
    .reads(&[Data, Data, Code])
    .binds(&[(2, 3)]),
    Entry::form(
        "filter-atom",
        &["(-> Expression Variable Atom Expression)"],
        Special::FilterAtom,
    )
    .reads(&[Data, Data, Code])
    .binds(&[(2, 3)]),
    Entry::form(
        "foldl-atom",
        &["(-> Expression Atom Variable Variable Atom %Undefined%)"],
        Special::FoldlAtom,
    )
    .reads(&[Data, Data, Data, Data, Code])
    .binds(&[(3, 5), (4, 5)]),
    Entry::form("assertEqual", &["(-> Atom Atom (->))"], Special::AssertEqual).reads(&[Code, Code]),
    Entry::form("assertAlphaEqual", &["(-> Atom Atom (->))"], Special::AssertEqual).reads(&[Code, Code]),
    Entry::form(
        "assertEqualToResult",
        &["(-> Atom Expression (->))"],
        Special::AssertEqualToResult,
    )
    .reads(&[Code, Data]),
    Entry::form(
        "assertAlphaEqualToResult",
        &["(-> Atom Expression (->))"],
        Special::AssertEqualToResult,
    )
    .reads(&[Code, Data]),
    Entry::form(
        "assertIncludes",
        &["(-> Atom Expression (->))"],
        Special::AssertIncludes,
    )
    .reads(&[Code, Data]),
    Entry::form("import!", &["(-> Atom Atom (->))"], Special::Import),
    Entry::typed("quote", &["(-> Atom Atom)"]),
    Entry::typed("return", &["(-> $t $t)"]).reads(&[Code]),
    Entry::typed("Error", &["(-> Atom Atom ErrorType)"]),
];
