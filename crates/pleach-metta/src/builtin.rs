//! The table of built-ins.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::Stop;
use super::arithmetic::Operation;
use super::functions as f;
use super::machine::Machine;
use super::space;
use super::types::Signature;
use super::value::{Answer, Value};
use pleach::env::SpaceId;
use pleach::term::{Atom, Symbol};

/// A name that the evaluator gives a meaning.
pub(super) struct Builtin {
    pub(super) kind: Kind,
    pub(super) signatures: Vec<Signature>,
    /// The operation, if it is one on two numbers.
    pub(super) arithmetic: Option<Operation>,
}

impl std::fmt::Debug for Builtin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builtin")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Takes its arguments from the value stack, where they begin after the head at the index it is given.
pub(super) type Function = fn(&mut Machine, usize) -> Outcome;

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// It only has types; rules may say more.
    Typed,
    /// Its arguments are evaluated as its types say, then it is computed.
    Function(Function),
    /// It evaluates its parts itself.
    Special(Special),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Special {
    If,
    Let,
    LetStar,
    Chain,
    Match,
    Unify,
    Case,
    Switch,
    Function,
    Collapse,
    CollapseBind,
    MapAtom,
    FilterAtom,
    FoldlAtom,
    AssertEqual,
    AssertEqualToResult,
    AssertIncludes,
    Import,
}

/// What a function came to.
pub(super) enum Outcome {
    /// This, as it is.
    Value(Atom),
    /// This, as it is, with what is known of it.
    Known(Value),
    /// These, as they are.
    Final(Vec<Atom>),
    /// What this evaluates to.
    Eval(Value),
    /// What this evaluates to by the rules of that space.
    EvalIn(Option<SpaceId>, Atom),
    /// What each of these evaluates to: siblings.
    EvalEach(Vec<Value>),
    /// These, as they are, and what they bind.
    Bound(Vec<Answer>),
    /// No result.
    Nothing,
    /// The call stands as it is.
    Stands,
    /// The call is an error, for this reason.
    Error(Atom),
    /// The evaluation ends.
    Ended(Stop),
}

impl Builtin {
    pub(super) fn special(&self) -> Option<Special> {
        match self.kind {
            Kind::Special(special) => Some(special),
            _ => None,
        }
    }
}

/// The built-in of this name.
pub(super) fn find(name: Symbol) -> Option<&'static Builtin> {
    static TABLE: LazyLock<HashMap<Symbol, Builtin>> = LazyLock::new(|| {
        rows()
            .map(|(name, kind, types)| (Symbol::new(name), row(name, *kind, types)))
            .collect()
    });
    TABLE.get(&name)
}

fn rows() -> impl Iterator<Item = &'static (&'static str, Kind, &'static [&'static str])> {
    [SPECIAL, CALLED, TYPED].into_iter().flatten()
}

/// The names of all built-ins, in no order: what a tool offers to complete.
///
/// ```
/// assert!(pleach_metta::builtins().any(|name| name == "match"));
/// ```
pub fn builtins() -> impl Iterator<Item = &'static str> {
    // The names that no program can write are none of theirs.
    rows().map(|(name, ..)| *name).filter(|name| !name.starts_with('('))
}

fn row(name: &str, kind: Kind, types: &[&str]) -> Builtin {
    let signatures = types
        .iter()
        .filter_map(|text| text.parse::<Atom>().ok())
        .filter_map(|of_type| Signature::of(&of_type))
        .collect();
    let arithmetic = Operation::ALL.iter().find(|(known, _)| *known == name);
    let arithmetic = arithmetic.map(|(_, operation)| *operation);
    Builtin {
        kind,
        signatures,
        arithmetic,
    }
}

type Rows = &'static [(&'static str, Kind, &'static [&'static str])];

const NUMBERS: &[&str] = &["(-> Number Number Number)"];
const NUMBER: &[&str] = &["(-> Number Number)"];
const COMPARE: &[&str] = &["(-> Number Number Bool)"];
const LOGIC: &[&str] = &["(-> Bool Bool Bool)"];
const LISTS: &[&str] = &["(-> Expression Expression Atom)"];

const SPECIAL: Rows = &[
    ("if", Kind::Special(Special::If), &["(-> Bool Atom Atom $t)"]),
    (
        "let",
        Kind::Special(Special::Let),
        &["(-> Atom %Undefined% Atom %Undefined%)"],
    ),
    (
        "let*",
        Kind::Special(Special::LetStar),
        &["(-> Expression Atom %Undefined%)"],
    ),
    (
        "chain",
        Kind::Special(Special::Chain),
        &["(-> Atom Variable Atom %Undefined%)"],
    ),
    (
        "match",
        Kind::Special(Special::Match),
        &["(-> SpaceType Atom Atom %Undefined%)"],
    ),
    (
        "unify",
        Kind::Special(Special::Unify),
        &["(-> Atom Atom Atom Atom %Undefined%)"],
    ),
    (
        "case",
        Kind::Special(Special::Case),
        &["(-> Atom Expression %Undefined%)"],
    ),
    (
        "switch",
        Kind::Special(Special::Switch),
        &["(-> %Undefined% Expression %Undefined%)"],
    ),
    ("function", Kind::Special(Special::Function), &["(-> Atom Atom)"]),
    ("collapse", Kind::Special(Special::Collapse), &["(-> Atom Atom)"]),
    (
        "collapse-bind",
        Kind::Special(Special::CollapseBind),
        &["(-> Atom Expression)"],
    ),
    (
        "map-atom",
        Kind::Special(Special::MapAtom),
        &["(-> Expression Variable Atom Expression)"],
    ),
    (
        "filter-atom",
        Kind::Special(Special::FilterAtom),
        &["(-> Expression Variable Atom Expression)"],
    ),
    (
        "foldl-atom",
        Kind::Special(Special::FoldlAtom),
        &["(-> Expression Atom Variable Variable Atom %Undefined%)"],
    ),
    (
        "assertEqual",
        Kind::Special(Special::AssertEqual),
        &["(-> Atom Atom (->))"],
    ),
    (
        "assertAlphaEqual",
        Kind::Special(Special::AssertEqual),
        &["(-> Atom Atom (->))"],
    ),
    (
        "assertEqualToResult",
        Kind::Special(Special::AssertEqualToResult),
        &["(-> Atom Expression (->))"],
    ),
    (
        "assertAlphaEqualToResult",
        Kind::Special(Special::AssertEqualToResult),
        &["(-> Atom Expression (->))"],
    ),
    (
        "assertIncludes",
        Kind::Special(Special::AssertIncludes),
        &["(-> Atom Expression (->))"],
    ),
    ("import!", Kind::Special(Special::Import), &["(-> Atom Atom (->))"]),
];

const CALLED: Rows = &[
    ("new-space", Kind::Function(space::new_space), &["(-> SpaceType)"]),
    ("bind!", Kind::Function(space::bind), &["(-> Symbol %Undefined% (->))"]),
    (
        "new-state",
        Kind::Function(space::new_state),
        &["(-> $t (StateMonad $t))"],
    ),
    (
        "get-state",
        Kind::Function(space::get_state),
        &["(-> (StateMonad $t) $t)"],
    ),
    (
        "change-state!",
        Kind::Function(space::change_state),
        &["(-> (StateMonad $t) $t (StateMonad $t))"],
    ),
    (
        "+",
        Kind::Function(|m, base| f::arithmetic(m, base, Operation::Add)),
        NUMBERS,
    ),
    (
        "-",
        Kind::Function(|m, base| f::arithmetic(m, base, Operation::Subtract)),
        NUMBERS,
    ),
    (
        "*",
        Kind::Function(|m, base| f::arithmetic(m, base, Operation::Multiply)),
        NUMBERS,
    ),
    (
        "/",
        Kind::Function(|m, base| f::arithmetic(m, base, Operation::Divide)),
        NUMBERS,
    ),
    (
        "%",
        Kind::Function(|m, base| f::arithmetic(m, base, Operation::Remainder)),
        NUMBERS,
    ),
    (
        "<",
        Kind::Function(|m, base| f::arithmetic(m, base, Operation::Less)),
        COMPARE,
    ),
    (
        "<=",
        Kind::Function(|m, base| f::arithmetic(m, base, Operation::LessEqual)),
        COMPARE,
    ),
    (
        ">",
        Kind::Function(|m, base| f::arithmetic(m, base, Operation::Greater)),
        COMPARE,
    ),
    (
        ">=",
        Kind::Function(|m, base| f::arithmetic(m, base, Operation::GreaterEqual)),
        COMPARE,
    ),
    ("==", Kind::Function(f::equal), &["(-> $t $t Bool)"]),
    ("and", Kind::Function(|m, base| f::logic(m, base, |a, b| a && b)), LOGIC),
    ("or", Kind::Function(|m, base| f::logic(m, base, |a, b| a || b)), LOGIC),
    ("xor", Kind::Function(|m, base| f::logic(m, base, |a, b| a != b)), LOGIC),
    ("not", Kind::Function(f::not), &["(-> Bool Bool)"]),
    ("empty", Kind::Function(|_, _| Outcome::Nothing), &["(-> %Undefined%)"]),
    ("id", Kind::Function(f::first), &["(-> $t $t)"]),
    ("noeval", Kind::Function(f::first), &["(-> Atom Atom)"]),
    ("nop", Kind::Function(f::unit), &["(-> (->))", "(-> $t (->))"]),
    ("eval", Kind::Function(f::eval), &["(-> Atom Atom)"]),
    ("evalc", Kind::Function(space::evalc), &["(-> Atom SpaceType Atom)"]),
    ("superpose", Kind::Function(f::superpose), &["(-> Expression Atom)"]),
    ("hyperpose", Kind::Function(f::hyperpose), &["(-> Expression Atom)"]),
    (
        "superpose-bind",
        Kind::Function(f::superpose_bind),
        &["(-> Expression Atom)"],
    ),
    ("get-type", Kind::Function(f::get_type), &["(-> Atom Atom)"]),
    ("get-metatype", Kind::Function(f::get_metatype), &["(-> Atom Atom)"]),
    (
        "if-equal",
        Kind::Function(f::if_equal),
        &["(-> Atom Atom Atom Atom %Undefined%)"],
    ),
    (
        "if-error",
        Kind::Function(f::if_error),
        &["(-> Atom Atom Atom %Undefined%)"],
    ),
    (
        "add-atom",
        Kind::Function(space::add_atom),
        &["(-> SpaceType Atom (->))"],
    ),
    (
        "add-reduct",
        Kind::Function(space::add_atom),
        &["(-> SpaceType %Undefined% (->))"],
    ),
    (
        "remove-atom",
        Kind::Function(space::remove_atom),
        &["(-> SpaceType Atom (->))"],
    ),
    ("get-atoms", Kind::Function(space::get_atoms), &["(-> SpaceType Atom)"]),
    (
        "car-atom",
        Kind::Function(f::car_atom),
        &["(-> Expression %Undefined%)"],
    ),
    ("cdr-atom", Kind::Function(f::cdr_atom), &["(-> Expression Expression)"]),
    (
        "cons-atom",
        Kind::Function(f::cons_atom),
        &["(-> Atom Expression Atom)"],
    ),
    ("decons-atom", Kind::Function(f::decons_atom), &["(-> Expression Atom)"]),
    ("size-atom", Kind::Function(f::size_atom), &["(-> Expression Number)"]),
    (
        "index-atom",
        Kind::Function(f::index_atom),
        &["(-> Expression Number Atom)"],
    ),
    (
        "min-atom",
        Kind::Function(|m, base| f::extreme(m, base, Operation::Less)),
        &["(-> %Undefined% Number)"],
    ),
    (
        "max-atom",
        Kind::Function(|m, base| f::extreme(m, base, Operation::Greater)),
        &["(-> %Undefined% Number)"],
    ),
    ("unique-atom", Kind::Function(f::unique_atom), &["(-> Expression Atom)"]),
    ("union-atom", Kind::Function(f::union_atom), LISTS),
    ("intersection-atom", Kind::Function(f::intersection_atom), LISTS),
    ("subtraction-atom", Kind::Function(f::subtraction_atom), LISTS),
    (
        "sqrt-math",
        Kind::Function(|m, base| f::math(m, base, f64::sqrt)),
        NUMBER,
    ),
    ("sin-math", Kind::Function(|m, base| f::math(m, base, f64::sin)), NUMBER),
    ("cos-math", Kind::Function(|m, base| f::math(m, base, f64::cos)), NUMBER),
    ("tan-math", Kind::Function(|m, base| f::math(m, base, f64::tan)), NUMBER),
    ("abs-math", Kind::Function(f::abs), NUMBER),
    ("pow-math", Kind::Function(f::pow), NUMBERS),
    ("log-math", Kind::Function(f::log), NUMBERS),
    (
        "trunc-math",
        Kind::Function(|m, base| f::round(m, base, f64::trunc)),
        NUMBER,
    ),
    (
        "ceil-math",
        Kind::Function(|m, base| f::round(m, base, f64::ceil)),
        NUMBER,
    ),
    (
        "floor-math",
        Kind::Function(|m, base| f::round(m, base, f64::floor)),
        NUMBER,
    ),
    (
        "round-math",
        Kind::Function(|m, base| f::round(m, base, f64::round)),
        NUMBER,
    ),
    ("println!", Kind::Function(f::println), &["(-> %Undefined% (->))"]),
    (
        "trace!",
        Kind::Function(f::trace),
        &["(-> %Undefined% Atom %Undefined%)"],
    ),
    ("pragma!", Kind::Function(f::unit), &["(-> Symbol %Undefined% (->))"]),
    // Names that no program can write: what `map-atom` and `filter-atom` become.
    (f::TUPLE, Kind::Function(f::tuple), &[]),
    (f::FILTER, Kind::Function(f::filter), &[]),
];

const TYPED: Rows = &[
    ("quote", Kind::Typed, &["(-> Atom Atom)"]),
    ("return", Kind::Typed, &["(-> $t $t)"]),
    ("Error", Kind::Typed, &["(-> Atom Atom ErrorType)"]),
];
