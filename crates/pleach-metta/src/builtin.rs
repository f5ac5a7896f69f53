//! The table of built-ins.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::arithmetic::Operation;
use crate::error::EvalError;
use crate::signature::Signature;
use crate::value::{Answer, Value};
use pleach::env::SpaceId;
use pleach::term::{Atom, Symbol};

/// The head of an expanded `map-atom`, dropped once its items are evaluated.
pub(crate) const TUPLE: &str = "(tuple)";
/// The head of an expanded `filter-atom`: its first argument quotes the items that the conditions select.
pub(crate) const FILTER: &str = "(filter)";

/// A name with a meaning in the language.
pub(crate) struct Builtin {
    pub(crate) kind: Kind,
    pub(crate) signatures: Vec<Signature>,
    /// The arithmetic operation, if it is one.
    pub(crate) arithmetic: Option<Operation>,
}

impl std::fmt::Debug for Builtin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builtin")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// A built-in function.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Function {
    NewSpace,
    Bind,
    NewState,
    GetState,
    ChangeState,
    Equal,
    Not,
    First,
    Unit,
    Eval,
    Evalc,
    Superpose,
    Hyperpose,
    SuperposeBind,
    GetType,
    GetMetatype,
    IfEqual,
    IfError,
    AddAtom,
    RemoveAtom,
    GetAtoms,
    CarAtom,
    CdrAtom,
    ConsAtom,
    DeconsAtom,
    SizeAtom,
    IndexAtom,
    UniqueAtom,
    UnionAtom,
    IntersectionAtom,
    SubtractionAtom,
    Abs,
    Pow,
    Log,
    Println,
    Trace,
    Tuple,
    Filter,
    Arithmetic(Operation),
    Logic(fn(bool, bool) -> bool),
    Empty,
    Extreme(Operation),
    Math(fn(f64) -> f64),
    Round(fn(f64) -> f64),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// A name with a type only; rules may reduce it.
    Typed,
    /// A function: arguments are evaluated as its types demand.
    Function(Function),
    /// A special form, which evaluates its arguments itself.
    Special(Special),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Special {
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

/// The outcome of a function.
pub(crate) enum Outcome {
    /// An atom, not evaluated further.
    Value(Atom),
    /// A value, not evaluated further.
    Known(Value),
    /// Several atoms, not evaluated further.
    Final(Vec<Atom>),
    /// The results of evaluating this.
    Eval(Value),
    /// The results of one step of reduction, by the rules of that space, or of the home space.
    Reduce(Atom, Option<Option<SpaceId>>),
    /// The results of evaluating each of these, as siblings.
    EvalEach(Vec<Value>),
    /// These answers, with their bindings.
    Bound(Vec<Answer>),
    /// No result.
    Nothing,
    /// The call is irreducible.
    Stands,
    /// `(Error call reason)`.
    Error(Atom),
    /// The evaluation fails.
    Ended(EvalError),
}

pub(crate) fn unit_atom() -> Atom {
    Atom::expression([])
}

pub(crate) fn wrong(message: &str) -> Outcome {
    Outcome::Error(Atom::string(message))
}

impl Builtin {
    /// Returns whether a type has this number of parameters.
    pub(crate) fn takes(&self, arity: u32) -> bool {
        let mut signatures = self.signatures.iter();
        signatures.any(|signature| signature.arity() == arity as usize)
    }

    /// Returns whether rules for its name apply: to functions that the reference defines by rules too.
    pub(crate) fn takes_rules(&self) -> bool {
        match self.kind {
            Kind::Typed => true,
            Kind::Function(function) => matches!(
                function,
                Function::First
                    | Function::CarAtom
                    | Function::CdrAtom
                    | Function::IfError
                    | Function::NewState
                    | Function::Empty
            ),
            Kind::Special(_) => false,
        }
    }

    pub(crate) fn special(&self) -> Option<Special> {
        match self.kind {
            Kind::Special(special) => Some(special),
            _ => None,
        }
    }
}

/// Returns whether a name is that of a special form.
pub(crate) fn is_special(name: Symbol) -> bool {
    find(name).is_some_and(|builtin| builtin.special().is_some())
}

/// Returns the built-in of this name.
pub(crate) fn find(name: Symbol) -> Option<&'static Builtin> {
    static TABLE: LazyLock<HashMap<Symbol, Builtin>> = LazyLock::new(|| {
        entries()
            .map(|(name, kind, types)| (Symbol::new(name), entry(name, *kind, types)))
            .collect()
    });
    TABLE.get(&name)
}

fn entries() -> impl Iterator<Item = &'static (&'static str, Kind, &'static [&'static str])> {
    [SPECIAL, CALLED, TYPED].into_iter().flatten()
}

/// Returns the names of all built-ins, in no particular order.
///
/// ```
/// assert!(pleach_metta::builtins().any(|name| name == "match"));
/// ```
pub fn builtins() -> impl Iterator<Item = &'static str> {
    // Skip internal names, which programs can't write.
    entries().map(|(name, ..)| *name).filter(|name| !name.starts_with('('))
}

fn entry(name: &str, kind: Kind, types: &[&str]) -> Builtin {
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

type Entries = &'static [(&'static str, Kind, &'static [&'static str])];

const NUMBERS: &[&str] = &["(-> Number Number Number)"];
const NUMBER: &[&str] = &["(-> Number Number)"];
const COMPARE: &[&str] = &["(-> Number Number Bool)"];
const LOGIC: &[&str] = &["(-> Bool Bool Bool)"];
const LISTS: &[&str] = &["(-> Expression Expression Atom)"];

const SPECIAL: Entries = &[
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

const CALLED: Entries = &[
    ("new-space", Kind::Function(Function::NewSpace), &["(-> SpaceType)"]),
    (
        "bind!",
        Kind::Function(Function::Bind),
        &["(-> Symbol %Undefined% (->))"],
    ),
    (
        "new-state",
        Kind::Function(Function::NewState),
        &["(-> $t (StateMonad $t))"],
    ),
    (
        "get-state",
        Kind::Function(Function::GetState),
        &["(-> (StateMonad $t) $t)"],
    ),
    (
        "change-state!",
        Kind::Function(Function::ChangeState),
        &["(-> (StateMonad $t) $t (StateMonad $t))"],
    ),
    ("+", Kind::Function(Function::Arithmetic(Operation::Add)), NUMBERS),
    ("-", Kind::Function(Function::Arithmetic(Operation::Subtract)), NUMBERS),
    ("*", Kind::Function(Function::Arithmetic(Operation::Multiply)), NUMBERS),
    ("/", Kind::Function(Function::Arithmetic(Operation::Divide)), NUMBERS),
    ("%", Kind::Function(Function::Arithmetic(Operation::Remainder)), NUMBERS),
    ("<", Kind::Function(Function::Arithmetic(Operation::Less)), COMPARE),
    (
        "<=",
        Kind::Function(Function::Arithmetic(Operation::LessEqual)),
        COMPARE,
    ),
    (">", Kind::Function(Function::Arithmetic(Operation::Greater)), COMPARE),
    (
        ">=",
        Kind::Function(Function::Arithmetic(Operation::GreaterEqual)),
        COMPARE,
    ),
    ("==", Kind::Function(Function::Equal), &["(-> $t $t Bool)"]),
    ("and", Kind::Function(Function::Logic(|a, b| a && b)), LOGIC),
    ("or", Kind::Function(Function::Logic(|a, b| a || b)), LOGIC),
    ("xor", Kind::Function(Function::Logic(|a, b| a != b)), LOGIC),
    ("not", Kind::Function(Function::Not), &["(-> Bool Bool)"]),
    ("empty", Kind::Function(Function::Empty), &["(-> %Undefined%)"]),
    ("id", Kind::Function(Function::First), &["(-> $t $t)"]),
    ("noeval", Kind::Function(Function::First), &["(-> Atom Atom)"]),
    ("nop", Kind::Function(Function::Unit), &["(-> (->))", "(-> $t (->))"]),
    ("eval", Kind::Function(Function::Eval), &["(-> Atom Atom)"]),
    ("evalc", Kind::Function(Function::Evalc), &["(-> Atom SpaceType Atom)"]),
    (
        "superpose",
        Kind::Function(Function::Superpose),
        &["(-> Expression Atom)"],
    ),
    (
        "hyperpose",
        Kind::Function(Function::Hyperpose),
        &["(-> Expression Atom)"],
    ),
    (
        "superpose-bind",
        Kind::Function(Function::SuperposeBind),
        &["(-> Expression Atom)"],
    ),
    ("get-type", Kind::Function(Function::GetType), &["(-> Atom Atom)"]),
    (
        "get-metatype",
        Kind::Function(Function::GetMetatype),
        &["(-> Atom Atom)"],
    ),
    (
        "if-equal",
        Kind::Function(Function::IfEqual),
        &["(-> Atom Atom Atom Atom %Undefined%)"],
    ),
    (
        "if-error",
        Kind::Function(Function::IfError),
        &["(-> Atom Atom Atom %Undefined%)"],
    ),
    (
        "add-atom",
        Kind::Function(Function::AddAtom),
        &["(-> SpaceType Atom (->))"],
    ),
    (
        "add-reduct",
        Kind::Function(Function::AddAtom),
        &["(-> SpaceType %Undefined% (->))"],
    ),
    (
        "remove-atom",
        Kind::Function(Function::RemoveAtom),
        &["(-> SpaceType Atom (->))"],
    ),
    (
        "get-atoms",
        Kind::Function(Function::GetAtoms),
        &["(-> SpaceType Atom)"],
    ),
    (
        "car-atom",
        Kind::Function(Function::CarAtom),
        &["(-> Expression %Undefined%)"],
    ),
    (
        "cdr-atom",
        Kind::Function(Function::CdrAtom),
        &["(-> Expression Expression)"],
    ),
    (
        "cons-atom",
        Kind::Function(Function::ConsAtom),
        &["(-> Atom Expression Atom)"],
    ),
    (
        "decons-atom",
        Kind::Function(Function::DeconsAtom),
        &["(-> Expression Atom)"],
    ),
    (
        "size-atom",
        Kind::Function(Function::SizeAtom),
        &["(-> Expression Number)"],
    ),
    (
        "index-atom",
        Kind::Function(Function::IndexAtom),
        &["(-> Expression Number Atom)"],
    ),
    (
        "min-atom",
        Kind::Function(Function::Extreme(Operation::Less)),
        &["(-> %Undefined% Number)"],
    ),
    (
        "max-atom",
        Kind::Function(Function::Extreme(Operation::Greater)),
        &["(-> %Undefined% Number)"],
    ),
    (
        "unique-atom",
        Kind::Function(Function::UniqueAtom),
        &["(-> Expression Atom)"],
    ),
    ("union-atom", Kind::Function(Function::UnionAtom), LISTS),
    ("intersection-atom", Kind::Function(Function::IntersectionAtom), LISTS),
    ("subtraction-atom", Kind::Function(Function::SubtractionAtom), LISTS),
    ("sqrt-math", Kind::Function(Function::Math(f64::sqrt)), NUMBER),
    ("sin-math", Kind::Function(Function::Math(f64::sin)), NUMBER),
    ("cos-math", Kind::Function(Function::Math(f64::cos)), NUMBER),
    ("tan-math", Kind::Function(Function::Math(f64::tan)), NUMBER),
    ("abs-math", Kind::Function(Function::Abs), NUMBER),
    ("pow-math", Kind::Function(Function::Pow), NUMBERS),
    ("log-math", Kind::Function(Function::Log), NUMBERS),
    ("trunc-math", Kind::Function(Function::Round(f64::trunc)), NUMBER),
    ("ceil-math", Kind::Function(Function::Round(f64::ceil)), NUMBER),
    ("floor-math", Kind::Function(Function::Round(f64::floor)), NUMBER),
    ("round-math", Kind::Function(Function::Round(f64::round)), NUMBER),
    (
        "println!",
        Kind::Function(Function::Println),
        &["(-> %Undefined% (->))"],
    ),
    (
        "trace!",
        Kind::Function(Function::Trace),
        &["(-> %Undefined% Atom %Undefined%)"],
    ),
    (
        "pragma!",
        Kind::Function(Function::Unit),
        &["(-> Symbol %Undefined% (->))"],
    ),
    // Internal names, which programs can't write: results of expanding `map-atom` and `filter-atom`.
    (TUPLE, Kind::Function(Function::Tuple), &[]),
    (FILTER, Kind::Function(Function::Filter), &[]),
];

const TYPED: Entries = &[
    ("quote", Kind::Typed, &["(-> Atom Atom)"]),
    ("return", Kind::Typed, &["(-> $t $t)"]),
    ("Error", Kind::Typed, &["(-> Atom Atom ErrorType)"]),
];
