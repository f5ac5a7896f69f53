//! Built-ins: the names with a meaning in the language, as entries of a table.
//!
//! An [`Entry`] holds all that is known of a name: its types, how its arguments are read by `check`, the variables that it
//! binds, and the function or the form. Evaluation, `check`, `get-type` and completion read the same entries. A new
//! function is one entry and the function itself, in one file of `builtins`:
//!
//! ```ignore
//! pub(super) const ENTRIES: &[Entry] = &[Entry::function("size-atom", &["(-> Expression Number)"], size_atom)];
//!
//! fn size_atom(call: &mut dyn Call) -> Outcome {
//!     match call.argument(1).as_expression() {
//!         Some(items) => Outcome::Value(Atom::Integer(items.len() as i64)),
//!         None => wrong("size-atom expects an expression as an argument"),
//!     }
//! }
//! ```

use crate::arithmetic::Operation;
use crate::error::EvalError;
use crate::signature::Signature;
use crate::value::{Answer, Value};
use pleach::Environment;
use pleach::env::{SpaceId, StateId};
use pleach::term::{Atom, Expression, Symbol};

/// A row of the table of built-ins.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) types: &'static [&'static str],
    pub(crate) kind: Kind,
    /// The roles that `check` sees in the arguments, in order. Others are code if their types have them evaluated.
    pub(crate) roles: &'static [Role],
    /// The items that are patterns, each with the item that is its scope.
    pub(crate) binders: &'static [(u32, u32)],
    /// Rules that define it.
    pub(crate) rules: &'static [&'static str],
    /// Whether rules for the name apply too, and the function or its own rules after them.
    pub(crate) takes_rules: bool,
    /// Whether a result of one step of reduction is evaluated on: an instruction of the minimal language.
    pub(crate) is_instruction: bool,
    /// The number of items that a call with these arguments looks at: so many steps are counted beside that of the call.
    pub(crate) touched: fn(&[Value]) -> usize,
}

/// The items of long arguments, which most functions look at.
fn all_items(arguments: &[Value]) -> usize {
    /// Up to so many items cost no more than the call.
    const FEW: usize = 16;
    let lengths = arguments.iter().filter_map(|value| Some(value.atom.as_list()?.len()));
    lengths.filter(|length| *length > FEW).sum()
}

/// The items of two lists, if these can be equal.
fn common_items(arguments: &[Value]) -> usize {
    match arguments {
        [a, b, ..] if a.atom.as_list().map(Expression::len) == b.atom.as_list().map(Expression::len) => {
            all_items(&arguments[..1])
        }
        _ => 0,
    }
}

impl Entry {
    /// A name with a type only; rules may reduce it.
    pub(crate) const fn typed(name: &'static str, types: &'static [&'static str]) -> Self {
        Self::new(name, types, Kind::Typed).ruled()
    }

    /// A name defined by rules, as in a program. Their variables are new for each call.
    pub(crate) const fn rules(
        name: &'static str,
        types: &'static [&'static str],
        rules: &'static [&'static str],
    ) -> Self {
        Self {
            rules,
            ..Self::typed(name, types)
        }
    }

    /// A function, whose arguments are evaluated as its types demand.
    pub(crate) const fn function(name: &'static str, types: &'static [&'static str], function: Function) -> Self {
        Self::new(name, types, Kind::Function(function))
    }

    /// A special form, which evaluates its arguments itself.
    pub(crate) const fn form(name: &'static str, types: &'static [&'static str], special: Special) -> Self {
        Self::new(name, types, Kind::Special(special))
    }

    const fn new(name: &'static str, types: &'static [&'static str], kind: Kind) -> Self {
        Self {
            name,
            types,
            kind,
            roles: &[],
            binders: &[],
            rules: &[],
            takes_rules: false,
            is_instruction: false,
            touched: all_items,
        }
    }

    /// The entry with these roles of arguments.
    pub(crate) const fn reads(self, roles: &'static [Role]) -> Self {
        Self { roles, ..self }
    }

    /// The entry with these pairs of a pattern and its scope.
    pub(crate) const fn binds(self, binders: &'static [(u32, u32)]) -> Self {
        Self { binders, ..self }
    }

    /// The entry, with rules for its name applied before the function.
    pub(crate) const fn ruled(self) -> Self {
        Self {
            takes_rules: true,
            ..self
        }
    }

    /// The entry as a function in constant time.
    pub(crate) const fn constant(self) -> Self {
        Self { touched: |_| 0, ..self }
    }

    /// The entry as a comparison of its first two arguments.
    pub(crate) const fn compares(self) -> Self {
        Self {
            touched: common_items,
            ..self
        }
    }

    /// The entry as an instruction of the minimal language.
    pub(crate) const fn instruction(self) -> Self {
        Self {
            is_instruction: true,
            ..self
        }
    }
}

/// A name with a meaning in the language: its entry, with what is computed from it.
pub(crate) struct Builtin {
    pub(crate) entry: &'static Entry,
    pub(crate) signatures: Vec<Signature>,
    /// The rules that define it: left and right sides.
    pub(crate) rules: Vec<(Atom, Atom)>,
    /// The arithmetic operation, if it is one.
    pub(crate) arithmetic: Option<Operation>,
}

impl std::fmt::Debug for Builtin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.entry.name)
    }
}

impl Builtin {
    pub(crate) fn new(entry: &'static Entry) -> Self {
        let types = entry.types.iter().filter_map(|text| text.parse::<Atom>().ok());
        let mut operations = Operation::ALL.into_iter();
        let operation = operations.find(|(name, _)| *name == entry.name);
        Self {
            entry,
            signatures: types.filter_map(|of_type| Signature::of(&of_type)).collect(),
            rules: entry.rules.iter().filter_map(|text| sides(text)).collect(),
            arithmetic: operation.map(|(_, operation)| operation),
        }
    }

    /// Returns whether a type has this number of parameters.
    pub(crate) fn takes(&self, arity: u32) -> bool {
        let mut signatures = self.signatures.iter();
        signatures.any(|signature| signature.arity() == arity as usize)
    }

    #[inline]
    pub(crate) fn special(&self) -> Option<Special> {
        match self.entry.kind {
            Kind::Special(special) => Some(special),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn function(&self) -> Option<(&'static Entry, Function)> {
        match self.entry.kind {
            Kind::Function(function) => Some((self.entry, function)),
            _ => None,
        }
    }
}

/// Returns the sides of a rule.
fn sides(rule: &str) -> Option<(Atom, Atom)> {
    let rule: Atom = rule.parse().ok()?;
    match rule.as_expression()? {
        [_, left, right] => Some((left.clone(), right.clone())),
        _ => None,
    }
}

/// A built-in function.
pub(crate) type Function = fn(&mut dyn Call) -> Outcome;

#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Typed,
    Function(Function),
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

/// The role of a subexpression of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Evaluated.
    Code,
    /// Left unevaluated, or unknown.
    Data,
    /// Added to the environment. The right side of a rule is code.
    Fact,
    /// The left side of a rule.
    Left,
    /// A tuple whose items are evaluated.
    Tuple,
    /// A list of clauses.
    Clauses,
    /// `(pattern body)`, with an evaluated body.
    Clause,
}

/// A call of a built-in function: its arguments, and the evaluation that it belongs to.
pub(crate) trait Call {
    /// Returns argument `index`, from 1. The number of arguments is that of one of the function's types.
    fn value(&self, index: usize) -> &Value;

    /// Returns argument `index`, from 1.
    fn argument(&self, index: usize) -> &Atom {
        &self.value(index).atom
    }

    /// Returns the arguments.
    fn values(&self) -> &[Value];

    /// Returns item `index` of an expression, with what is known of its normal form.
    fn item(&mut self, list: &Value, index: usize, item: &Atom) -> Value;

    /// Returns the items of an expression, each with what is known of its normal form.
    fn items(&mut self, list: &Value) -> Vec<Value>;

    /// Returns whether the items of an expression from `first` on are known to be in normal form.
    fn are_normal(&mut self, list: &Value, first: usize) -> bool;

    /// Returns whether a value, as an item of an expression, is known to be in normal form.
    fn is_normal(&self, item: &Value) -> bool;

    /// Makes an expression; `normal` tells whether its items are in normal form.
    fn tuple_of(&mut self, items: Expression, normal: bool) -> Value;

    /// Renames the variables of an atom apart.
    fn rename_apart(&mut self, atom: &Atom) -> Atom;

    /// Returns the types of an atom.
    fn types_of(&mut self, atom: &Atom) -> Vec<Atom>;

    /// Returns the type of a state's content.
    fn type_of_content(&mut self, content: &Atom) -> Atom;

    /// Returns whether an atom is untyped by its head alone.
    fn is_undefined(&self, atom: &Atom) -> bool;

    /// Returns the environment, for reading rules and types; for anything else [track](Self::track_read) the read.
    fn environment(&self) -> &Environment;

    /// Tracks a read of anything but rules and types.
    fn track_read(&self);

    /// Returns the space that an atom refers to: `None` if it isn't a space or was removed, `Some(None)` for `&self`.
    fn space_of(&self, atom: &Atom) -> Option<Option<SpaceId>>;

    /// Returns what a name that begins with `&` is bound to.
    fn binding(&self, name: Symbol) -> Option<&Atom>;

    /// Applies a change to the environment.
    fn write(&mut self, change: &mut dyn FnMut(&mut Environment));

    /// Applies a change that may bind a name or change a state's type.
    fn write_definitions(&mut self, change: &mut dyn FnMut(&mut Environment));

    /// Makes a space.
    fn new_space(&mut self) -> SpaceId;

    /// Makes a state.
    fn new_state(&mut self, content: Atom) -> StateId;

    /// Prints text, after that of the siblings before.
    fn print(&mut self, text: &str);

    /// Marks the siblings that follow as worth tasks of their own.
    fn spread(&mut self);

    /// Fails if a list of this many atoms is more than a limit allows, or on an interrupt.
    fn check_limits(&self, atoms: usize) -> Result<(), EvalError>;

    /// Counts steps.
    fn count_steps(&mut self, steps: u64) -> Result<(), EvalError>;
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

/// The error of a function that the reference implements in Rust: its message is a symbol.
pub(crate) fn wrong_natively(message: &str) -> Outcome {
    Outcome::Error(Atom::symbol(message))
}

pub(crate) fn wrong(message: &str) -> Outcome {
    Outcome::Error(Atom::string(message))
}
