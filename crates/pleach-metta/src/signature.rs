//! Function types: how arguments are passed, and what arguments and results are checked against.

use crate::symbols::{Symbols, symbols};
use pleach::term::{Atom, Bindings, Symbol, unify};

/// The kind of an atom: what shows without its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metatype {
    Symbol,
    Variable,
    Expression,
    Grounded,
}

/// How an argument is passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It is evaluated.
    Eval,
    /// It is passed unevaluated.
    Lazy,
    /// It is passed unevaluated if it is of this kind, else evaluated.
    Metatype(Metatype),
}

impl Mode {
    /// Returns whether this atom is passed unevaluated.
    pub(crate) fn leaves(self, atom: &Atom) -> bool {
        match self {
            Mode::Eval => false,
            Mode::Lazy => true,
            Mode::Metatype(meta) => metatype(atom) == meta,
        }
    }
}

/// A function type `(-> A … R)`.
#[derive(Clone, Debug)]
pub(crate) struct Signature {
    /// The whole type.
    pub(crate) atom: Atom,
    pub(crate) modes: Box<[Mode]>,
    /// Whether the result type is `Atom`: the result isn't evaluated.
    pub(crate) is_final: bool,
    /// Whether any parameter type constrains the type of its argument.
    pub(crate) constrains: bool,
    /// Whether any parameter type is a meta-type.
    pub(crate) wants_kinds: bool,
    /// The checks of evaluated arguments.
    pub(crate) checks: Box<[ValueCheck]>,
    /// Whether values of the result are checked.
    pub(crate) checks_result: bool,
}

impl Signature {
    /// `None` if `atom` isn't a function type.
    pub(crate) fn of(atom: &Atom) -> Option<Self> {
        let (parameters, result) = split_arrow(atom)?;
        let symbols = symbols();
        let unconstrained = |atom: &Atom| {
            mode(atom) == Mode::Lazy || matches!(atom, Atom::Symbol(symbol) if *symbol == symbols.undefined)
        };
        Some(Self {
            modes: parameters.iter().map(mode).collect(),
            checks: parameters.iter().map(ValueCheck::of).collect(),
            checks_result: ValueCheck::of(result) != ValueCheck::Nothing,
            is_final: mode(result) == Mode::Lazy,
            wants_kinds: parameters
                .iter()
                .any(|of_type| matches!(mode(of_type), Mode::Metatype(_))),
            constrains: !parameters.iter().all(unconstrained),
            atom: atom.clone(),
        })
    }

    pub(crate) fn arity(&self) -> usize {
        self.modes.len()
    }

    #[inline]
    pub(crate) fn parameters(&self) -> &[Atom] {
        split_arrow(&self.atom).map_or(&[], |(parameters, _)| parameters)
    }

    #[inline]
    pub(crate) fn result(&self) -> Option<&Atom> {
        split_arrow(&self.atom).map(|(_, result)| result)
    }
}

/// Splits a function type into its parameters and its result.
#[inline]
pub(crate) fn split_arrow(atom: &Atom) -> Option<(&[Atom], &Atom)> {
    match atom.as_expression()? {
        [Atom::Symbol(arrow), parameters @ .., result] if *arrow == symbols().arrow => Some((parameters, result)),
        _ => None,
    }
}

pub(crate) fn mode(of_type: &Atom) -> Mode {
    let Atom::Symbol(symbol) = of_type else {
        return Mode::Eval;
    };
    let symbols = symbols();
    match *symbol {
        symbol if symbol == symbols.atom => Mode::Lazy,
        symbol if symbol == symbols.symbol => Mode::Metatype(Metatype::Symbol),
        symbol if symbol == symbols.variable => Mode::Metatype(Metatype::Variable),
        symbol if symbol == symbols.expression => Mode::Metatype(Metatype::Expression),
        symbol if symbol == symbols.grounded => Mode::Metatype(Metatype::Grounded),
        _ => Mode::Eval,
    }
}

pub(crate) fn metatype(atom: &Atom) -> Metatype {
    match atom {
        Atom::Symbol(_) => Metatype::Symbol,
        Atom::Variable(_) => Metatype::Variable,
        Atom::Expression(_) => Metatype::Expression,
        Atom::Integer(_) | Atom::Float(_) | Atom::String(_) | Atom::Grounded(_) => Metatype::Grounded,
    }
}

impl Metatype {
    pub(crate) fn name(self, symbols: &Symbols) -> Symbol {
        match self {
            Metatype::Symbol => symbols.symbol,
            Metatype::Variable => symbols.variable,
            Metatype::Expression => symbols.expression,
            Metatype::Grounded => symbols.grounded,
        }
    }
}

/// Why arguments don't fit a function type.
pub(crate) enum Mismatch {
    Number,
    Argument { index: usize, expected: Atom, actual: Atom },
}

impl Mismatch {
    pub(crate) fn reason(self) -> Atom {
        match self {
            Mismatch::Number => Atom::symbol("IncorrectNumberOfArguments"),
            Mismatch::Argument {
                index,
                expected,
                actual,
            } => Atom::expression([
                Atom::symbol("BadArgType"),
                Atom::Integer(index as i64 + 1),
                expected,
                actual,
            ]),
        }
    }
}

/// The check of an evaluated argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueCheck {
    /// Unchecked: the type doesn't constrain it.
    Nothing,
    Number,
    String,
    Bool,
    /// Another type than those above.
    Type,
}

impl ValueCheck {
    pub(crate) fn of(of_type: &Atom) -> Self {
        let symbols = symbols();
        match of_type {
            _ if !says_something(of_type) => Self::Nothing,
            Atom::Symbol(name) if *name == symbols.number => Self::Number,
            Atom::Symbol(name) if *name == symbols.string => Self::String,
            Atom::Symbol(name) if *name == symbols.bool => Self::Bool,
            _ => Self::Type,
        }
    }

    /// Returns whether an atom passes by its variant alone.
    #[inline]
    pub(crate) fn is_met(self, atom: &Atom) -> bool {
        match atom {
            Atom::Integer(_) | Atom::Float(_) => self == Self::Number,
            Atom::String(_) => self == Self::String,
            Atom::Variable(_) => true,
            Atom::Symbol(_) => self == Self::Bool && atom.as_boolean().is_some(),
            _ => false,
        }
    }
}

/// Returns whether values are checked against a type: ground types other than `%Undefined%` and most meta-types.
pub(crate) fn says_something(of_type: &Atom) -> bool {
    let nothing = match mode(of_type) {
        Mode::Eval => *of_type == Atom::Symbol(symbols().undefined),
        Mode::Lazy => true,
        Mode::Metatype(meta) => matches!(meta, Metatype::Expression | Metatype::Grounded),
    };
    !nothing && of_type.is_ground()
}

/// Returns whether an atom of type `actual` can stand where `expected` is, by unifying the two.
pub(crate) fn compatible(expected: &Atom, actual: &Atom, bindings: &mut Bindings<Atom>) -> bool {
    let symbols = symbols();
    let any =
        |atom: &Atom| matches!(atom, Atom::Symbol(symbol) if *symbol == symbols.undefined || *symbol == symbols.atom);
    any(expected) || any(actual) || unify(expected, actual, bindings)
}
