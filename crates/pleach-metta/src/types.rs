//! Types: what an atom's types are, and whether arguments fit a function's type.

mod known;
mod plain;
mod result;

use std::borrow::Cow;

use smallvec::SmallVec;

pub(super) use self::known::KnownTypes;
pub(super) use self::result::{Check, Verdict, bad_type};
use super::code::{Activation, Call, Node};
use super::head::HeadInfo;
use super::machine::Machine;
use super::machine::is_token;
use super::space::StateRef;
use super::value::{Answers, Value, replace, variables};
use super::{Names, names};
use pleach::term::{Atom, Bindings, Symbol, Variable, unify};

/// What is known of an atom without looking into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meta {
    Symbol,
    Variable,
    Expression,
    Grounded,
}

/// How an argument is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// It is evaluated.
    Eval,
    /// It is left as it is.
    Lazy,
    /// It is left as it is if it is such an atom.
    Meta(Meta),
}

impl Mode {
    /// Does it leave this atom as it is?
    pub(super) fn leaves(self, atom: &Atom) -> bool {
        match self {
            Mode::Eval => false,
            Mode::Lazy => true,
            Mode::Meta(meta) => metatype(atom) == meta,
        }
    }
}

/// A function type `(-> A … R)`.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    /// The whole type.
    pub(super) atom: Atom,
    pub(super) modes: Box<[Mode]>,
    /// Is the result left as it is? So it is if its type is `Atom`.
    pub(super) is_final: bool,
    /// Does any argument's type say more than how it is treated?
    constrains: bool,
    /// Is any argument to be an atom of a certain kind?
    pub(super) wants_kinds: bool,
    /// What arguments that have been evaluated are compared with.
    pub(super) checks: Box<[Check]>,
    /// Is the result's type compared with what the result comes to?
    checks_result: bool,
}

impl Signature {
    /// `None` if it is no function type.
    pub(super) fn of(atom: &Atom) -> Option<Self> {
        let (parameters, result) = parts(atom)?;
        let names = names();
        let unconstrained = |atom: &Atom| {
            mode(atom) == Mode::Lazy || matches!(atom, Atom::Symbol(symbol) if *symbol == names.undefined)
        };
        Some(Self {
            modes: parameters.iter().map(mode).collect(),
            checks: parameters.iter().map(Check::of).collect(),
            checks_result: Check::of(result) != Check::Nothing,
            is_final: mode(result) == Mode::Lazy,
            wants_kinds: parameters.iter().any(|of_type| matches!(mode(of_type), Mode::Meta(_))),
            constrains: !parameters.iter().all(unconstrained),
            atom: atom.clone(),
        })
    }

    pub(super) fn arity(&self) -> usize {
        self.modes.len()
    }

    #[inline]
    pub(super) fn parameters(&self) -> &[Atom] {
        parts(&self.atom).map_or(&[], |(parameters, _)| parameters)
    }

    #[inline]
    pub(super) fn result(&self) -> Option<&Atom> {
        parts(&self.atom).map(|(_, result)| result)
    }
}

/// The parameters and the result of a function type.
#[inline]
fn parts(atom: &Atom) -> Option<(&[Atom], &Atom)> {
    match atom.as_expression()? {
        [Atom::Symbol(arrow), parameters @ .., result] if *arrow == names().arrow => Some((parameters, result)),
        _ => None,
    }
}

pub(super) fn mode(of_type: &Atom) -> Mode {
    let Atom::Symbol(symbol) = of_type else {
        return Mode::Eval;
    };
    let names = names();
    match *symbol {
        symbol if symbol == names.atom => Mode::Lazy,
        symbol if symbol == names.symbol => Mode::Meta(Meta::Symbol),
        symbol if symbol == names.variable => Mode::Meta(Meta::Variable),
        symbol if symbol == names.expression => Mode::Meta(Meta::Expression),
        symbol if symbol == names.grounded => Mode::Meta(Meta::Grounded),
        _ => Mode::Eval,
    }
}

pub(super) fn metatype(atom: &Atom) -> Meta {
    match atom {
        Atom::Symbol(_) => Meta::Symbol,
        Atom::Variable(_) => Meta::Variable,
        Atom::Expression(_) => Meta::Expression,
        Atom::Integer(_) | Atom::Float(_) | Atom::String(_) | Atom::Grounded(_) => Meta::Grounded,
    }
}

impl Meta {
    pub(super) fn name(self, names: &Names) -> Symbol {
        match self {
            Meta::Symbol => names.symbol,
            Meta::Variable => names.variable,
            Meta::Expression => names.expression,
            Meta::Grounded => names.grounded,
        }
    }
}

/// Why arguments do not fit a type.
pub(super) enum Misfit {
    Number,
    Argument { index: usize, expected: Atom, actual: Atom },
}

impl Misfit {
    pub(super) fn reason(self) -> Atom {
        match self {
            Misfit::Number => Atom::symbol("IncorrectNumberOfArguments"),
            Misfit::Argument {
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

impl Machine {
    /// The first signature that the arguments fit, or an error for each signature.
    pub(super) fn choose_signature(&mut self, info: &HeadInfo, act: &Activation, call: &Call) -> Result<u16, Answers> {
        let arity = call.arity() as usize;
        for (index, signature) in info.signatures.iter().enumerate() {
            if signature.arity() == arity && (!signature.constrains || self.plainly_fits(signature, act, call)) {
                return Ok(index as u16);
            }
        }
        let arguments = call.arguments().map(|at| act.instantiate(at)).collect();
        self.fitting(info, act.instantiate(call.item(0)), arguments)
    }

    /// The same for a call of these items.
    pub(super) fn fitting(&mut self, info: &HeadInfo, head: Atom, arguments: Vec<Atom>) -> Result<u16, Answers> {
        let mut errors = Vec::new();
        for (index, signature) in info.signatures.iter().enumerate() {
            let plain = |machine: &Self, index: usize| machine.is_undefined(&arguments[index]);
            match self.fit(signature, &arguments, plain, |machine, index| {
                machine.types_of(&arguments[index]).into()
            }) {
                Ok(_) => return Ok(index as u16),
                Err(misfit) => errors.push(misfit),
            }
        }
        let whole = Atom::Expression(std::iter::once(head).chain(arguments).collect());
        let answers: Vec<_> = errors
            .into_iter()
            .map(|misfit| super::value::Answer {
                value: Value::raw(super::error(whole.clone(), misfit.reason())),
                delta: None,
            })
            .collect();
        Err(answers.into())
    }

    /// Is it plain that the arguments fit? Looks no deeper than their heads.
    fn plainly_fits(&mut self, signature: &Signature, act: &Activation, call: &Call) -> bool {
        let names = names();
        call.arguments()
            .zip(signature.parameters())
            .zip(&signature.modes)
            .all(|((at, expected), mode)| {
                if *mode == Mode::Lazy {
                    return true;
                }
                let Atom::Symbol(expected) = expected else { return false };
                if *expected == names.undefined {
                    return true;
                }
                let plain = |atom: &Atom| match atom {
                    Atom::Integer(_) | Atom::Float(_) => *expected == names.number,
                    Atom::String(_) => *expected == names.string,
                    Atom::Variable(_) => true,
                    _ => false,
                };
                match act.node(at) {
                    Node::Leaf(atom) => plain(atom),
                    Node::Slot(slot) => plain(&act.slot(*slot)),
                    Node::Call(inner) => match inner.head {
                        // A call whose result is declared to be what is expected; whether its own arguments fit is seen when
                        // it is evaluated.
                        Some(head) => {
                            let info = self.head(head, inner.arity());
                            match &*info.signatures {
                                [] => *mode == Mode::Eval && self.home().types(head.as_str()).next().is_none(),
                                [one] => {
                                    one.arity() == inner.arity() as usize
                                        && matches!(one.result(), Some(Atom::Symbol(result)) if result == expected)
                                }
                                _ => false,
                            }
                        }
                        None => false,
                    },
                    // A built-in looks at the value.
                    Node::Deep(_) => call.builtin.is_some(),
                    Node::Token(_) => false,
                }
            })
    }

    /// Whether arguments fit a signature; the result's type if so. `types` says what the types of an argument are,
    /// and `plain` whether it is known at once to have none.
    pub(super) fn fit<'t>(
        &mut self,
        signature: &Signature,
        arguments: &[Atom],
        plain: impl Fn(&Self, usize) -> bool,
        types: impl Fn(&mut Self, usize) -> Cow<'t, [Atom]>,
    ) -> Result<Atom, Misfit> {
        if signature.arity() != arguments.len() {
            return Err(Misfit::Number);
        }
        let whole = self.renamed(&signature.atom);
        let Some((parameters, result)) = parts(&whole) else {
            return Err(Misfit::Number);
        };
        let mut bindings = Bindings::new();
        for (index, (expected, argument)) in parameters.iter().zip(arguments).enumerate() {
            // It may stand anywhere, and says nothing of the others.
            if mode(expected) == Mode::Eval && plain(self, index) {
                continue;
            }
            let expected = bindings.resolve(expected);
            if let Atom::Variable(variable) = &expected {
                let mut others = SmallVec::new();
                variables(result, &mut others);
                for (later, parameter) in parameters.iter().enumerate().skip(index + 1) {
                    if !plain(self, later) {
                        variables(parameter, &mut others);
                    }
                }
                // Any type will do, and nobody asks which.
                if !others.contains(variable) {
                    continue;
                }
            }
            match mode(&expected) {
                Mode::Lazy => continue,
                Mode::Meta(meta) => {
                    if metatype(argument) == meta || matches!(argument, Atom::Expression(_) | Atom::Variable(_)) {
                        continue;
                    }
                    return Err(Misfit::Argument {
                        index,
                        expected,
                        actual: self.told_type(argument),
                    });
                }
                Mode::Eval => {}
            }
            let actual = types(self, index);
            // What is ill-typed itself tells so when it is evaluated.
            if !actual.is_empty() && !actual.iter().any(|actual| compatible(&expected, actual, &mut bindings)) {
                return Err(Misfit::Argument {
                    index,
                    expected,
                    actual: actual[0].clone(),
                });
            }
        }
        Ok(bindings.resolve(result))
    }

    /// What an error calls the type of an atom that is not of the right kind: its first type, or its kind if that says no
    /// more.
    pub(super) fn told_type(&mut self, atom: &Atom) -> Atom {
        let names = names();
        match self.types_of(atom).into_iter().next() {
            Some(known) if known != Atom::Symbol(names.undefined) => known,
            _ => Atom::Symbol(metatype(atom).name(names)),
        }
    }

    /// The types of an atom; `%Undefined%` alone if it has none. An application that is ill-typed has no type at all.
    ///
    /// Looks at all parts of an expression whose types are not [known](KnownTypes), from the inside out, without native
    /// recursion.
    pub(super) fn types_of(&mut self, atom: &Atom) -> Vec<Atom> {
        struct Level<'a> {
            atom: &'a Atom,
            items: &'a [Atom],
            done: Vec<Vec<Atom>>,
            /// How many were looked at within it, but for those within what is remembered.
            count: usize,
        }
        let undefined = Atom::Symbol(names().undefined);
        let Atom::Expression(items) = atom else {
            return self.types_of_leaf(atom);
        };
        if self.is_undefined(atom) {
            return vec![undefined];
        }
        self.known_types.enter(self.meaning, self.home);
        if let Some(types) = self.known(atom) {
            return types;
        }
        let mut looked_at = 0;
        let (first, reads) = (self.fresh, self.reads.get());
        let mut levels = vec![Level {
            atom,
            items,
            done: Vec::new(),
            count: 0,
        }];
        while let Some(level) = levels.last_mut() {
            match level.items.get(level.done.len()) {
                Some(item @ Atom::Expression(inner)) if !self.is_undefined(item) => match self.known(item) {
                    Some(types) => level.done.push(types),
                    None => {
                        levels.push(Level {
                            atom: item,
                            items: inner,
                            done: Vec::new(),
                            count: 0,
                        });
                    }
                },
                // A leaf, or an expression without a type.
                Some(leaf) => {
                    let types = self.types_of_leaf(leaf);
                    level.done.push(types);
                }
                None => {
                    let Some(level) = levels.pop() else { break };
                    let types = self.types_of_items(level.items, &level.done);
                    looked_at += 1;
                    // Each few levels, for any of them may be asked for again, or be met again where parts are shared.
                    let count = level.count + 1;
                    let weight = if levels.is_empty() { looked_at } else { count };
                    let reads = reads != self.reads.get();
                    let remembered = self.known_types.insert(level.atom, &types, reads, first, weight);
                    match levels.last_mut() {
                        Some(outer) => {
                            outer.done.push(types);
                            outer.count += if remembered { 0 } else { count };
                        }
                        None => return types,
                    }
                }
            }
        }
        vec![undefined]
    }

    /// The types of an expression, if they are remembered.
    fn known(&mut self, atom: &Atom) -> Option<Vec<Atom>> {
        let known = self.known_types.get(atom)?;
        let (types, reads) = (known.types.to_vec(), known.reads);
        if reads {
            self.note_read();
        }
        // Variables of types are new ones each time.
        Some(types.into_iter().map(|of_type| self.renamed(&of_type)).collect())
    }

    pub(super) fn types_of_leaf(&self, atom: &Atom) -> Vec<Atom> {
        let names = names();
        vec![match atom {
            Atom::Integer(_) | Atom::Float(_) => Atom::Symbol(names.number),
            Atom::String(_) => Atom::Symbol(names.string),
            Atom::Grounded(value) => match atom.downcast_grounded::<StateRef>() {
                Some(StateRef(id)) => {
                    self.note_read();
                    let content = self
                        .env
                        .state(*id)
                        .map_or(Atom::Symbol(names.undefined), |content| self.type_of_content(content));
                    Atom::expression([Atom::symbol("StateMonad"), content])
                }
                None => Atom::symbol(value.get().type_name()),
            },
            Atom::Symbol(symbol) if is_token(*symbol) && self.binding(*symbol).is_some() => {
                return self.types_of_leaf(&self.token(*symbol));
            }
            Atom::Symbol(symbol) => {
                let declared: Vec<Atom> = self.home().types(symbol.as_str()).cloned().collect();
                if !declared.is_empty() {
                    return declared;
                }
                if atom.as_boolean().is_some() {
                    Atom::Symbol(names.bool)
                } else if let Some(builtin) = super::builtin::find(*symbol)
                    && !builtin.signatures.is_empty()
                {
                    return builtin
                        .signatures
                        .iter()
                        .map(|signature| signature.atom.clone())
                        .collect();
                } else if let Some(host) = self.shared.hosts.get(symbol) {
                    return host.signatures.iter().map(|signature| signature.atom.clone()).collect();
                } else if *symbol == names.this_space {
                    Atom::Symbol(names.space)
                } else {
                    Atom::Symbol(names.undefined)
                }
            }
            Atom::Variable(_) | Atom::Expression(_) => Atom::Symbol(names.undefined),
        }]
    }

    /// The type of what a state holds.
    pub(super) fn type_of_content(&self, content: &Atom) -> Atom {
        let of_leaf = match content {
            Atom::Expression(_) => None,
            leaf => self.types_of_leaf(leaf).into_iter().next(),
        };
        of_leaf.unwrap_or(Atom::Symbol(names().undefined))
    }

    /// The types of an expression, whose items have these types.
    pub(super) fn types_of_items(&mut self, items: &[Atom], types: &[Vec<Atom>]) -> Vec<Atom> {
        let undefined = Atom::Symbol(names().undefined);
        let Some((heads, arguments)) = types.split_first() else {
            return vec![undefined];
        };
        let mut found: Vec<Atom> = Vec::new();
        let mut functions = 0;
        for head in heads {
            let Some(signature) = Signature::of(head) else { continue };
            functions += 1;
            if let Ok(result) = self.fit(
                &signature,
                &items[1..],
                |_, _| false,
                |_, index| Cow::Borrowed(&arguments[index]),
            ) && !found.contains(&result)
            {
                found.push(result);
            }
        }
        if functions > 0 {
            return found;
        }
        // Nothing is known of what an undeclared symbol makes of its arguments.
        if heads.iter().all(|one| *one == undefined) {
            return vec![undefined];
        }
        // A tuple: the first type of each item.
        let tuple: Option<Vec<Atom>> = types.iter().map(|types| types.first().cloned()).collect();
        tuple.map(|tuple| Atom::Expression(tuple.into())).into_iter().collect()
    }

    /// The same with fresh variables.
    fn renamed(&mut self, atom: &Atom) -> Atom {
        if atom.is_ground() {
            return atom.clone();
        }
        let mut known: Vec<(Variable, Atom)> = Vec::new();
        let fresh = &mut self.fresh;
        replace(atom, &mut |variable| {
            if let Some((_, new)) = known.iter().find(|(old, _)| old == variable) {
                return Some(new.clone());
            }
            let new = Atom::Variable(Variable::numbered(variable.name(), *fresh)?);
            *fresh += 1;
            known.push((*variable, new.clone()));
            Some(new)
        })
    }
}

/// May an atom of type `actual` stand where `expected` is?
pub(super) fn compatible(expected: &Atom, actual: &Atom, bindings: &mut Bindings<Atom>) -> bool {
    let names = names();
    let any = |atom: &Atom| matches!(atom, Atom::Symbol(symbol) if *symbol == names.undefined || *symbol == names.atom);
    any(expected) || any(actual) || unify(expected, actual, bindings)
}
