//! Types of atoms, and the choice of a function type by its arguments.

mod result;

use std::borrow::Cow;
use std::sync::Arc;

use smallvec::SmallVec;

pub(crate) use self::result::bad_type;
use crate::builtins;
use crate::code::{Activation, Call, Node};
use crate::head::HeadInfo;
use crate::machine::Machine;
use crate::references::StateRef;
use crate::signature::{Mismatch, Mode, Signature, compatible, metatype, mode, split_arrow};
use crate::symbols::{error_atom, is_token, symbols};
use crate::traversal::variables;
use crate::value::{Answer, Answers, Value};
use pleach::term::{Atom, Bindings, Symbol, rename_apart};

impl Machine {
    /// Returns the index of the first function type that the arguments fit, or an error for each function type.
    pub(crate) fn choose_signature(&mut self, info: &HeadInfo, act: &Activation, call: &Call) -> Result<u16, Answers> {
        let arity = call.arity() as usize;
        for (index, signature) in info.signatures.iter().enumerate() {
            if signature.arity() == arity && (!signature.constrains || self.plainly_fits(signature, act, call)) {
                return Ok(index as u16);
            }
        }
        let arguments = call.arguments().map(|at| act.instantiate(at)).collect();
        self.fitting(info, act.instantiate(call.item(0)), arguments)
    }

    /// Returns the same for a head and its arguments.
    pub(crate) fn fitting(&mut self, info: &HeadInfo, head: Atom, arguments: Vec<Atom>) -> Result<u16, Answers> {
        let mut errors = Vec::new();
        for (index, signature) in info.signatures.iter().enumerate() {
            let plain = |machine: &Self, index: usize| machine.is_undefined(&arguments[index]);
            match self.fit(signature, &arguments, plain, |machine, index| {
                machine.types_of(&arguments[index]).into()
            }) {
                Ok(_) => return Ok(index as u16),
                Err(mismatch) => errors.push(mismatch),
            }
        }
        let whole = Atom::Expression(std::iter::once(head).chain(arguments).collect());
        let answers: Vec<_> = errors
            .into_iter()
            .map(|mismatch| Answer::new(Value::raw(error_atom(whole.clone(), mismatch.reason()))))
            .collect();
        Err(answers.into())
    }

    /// Returns whether arguments fit by their heads alone: a fast path of [`fit`](Self::fit).
    fn plainly_fits(&mut self, signature: &Signature, act: &Activation, call: &Call) -> bool {
        let symbols = symbols();
        call.arguments()
            .zip(signature.parameters())
            .zip(&signature.modes)
            .all(|((at, expected), mode)| {
                if *mode == Mode::Lazy {
                    return true;
                }
                let Atom::Symbol(expected) = expected else { return false };
                if *expected == symbols.undefined {
                    return true;
                }
                let plain = |atom: &Atom| match atom {
                    Atom::Integer(_) | Atom::Float(_) => *expected == symbols.number,
                    Atom::String(_) => *expected == symbols.string,
                    Atom::Variable(_) => true,
                    _ => false,
                };
                match act.node(at) {
                    Node::Leaf(atom) => plain(atom),
                    Node::Slot(slot) => plain(&act.slot(*slot)),
                    Node::Call(inner) => match inner.head {
                        // The declared result fits; the arguments of the inner call are checked when it is evaluated.
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
                    // Built-ins check values themselves.
                    Node::Deep(_) => call.builtin.is_some(),
                    Node::Token(_) => false,
                }
            })
    }

    /// Returns the result type if arguments fit a function type. `types` returns the types of an argument, and
    /// `is_untyped` whether it is known to have none.
    pub(crate) fn fit<'t>(
        &mut self,
        signature: &Signature,
        arguments: &[Atom],
        is_untyped: impl Fn(&Self, usize) -> bool,
        types: impl Fn(&mut Self, usize) -> Cow<'t, [Atom]>,
    ) -> Result<Atom, Mismatch> {
        if signature.arity() != arguments.len() {
            return Err(Mismatch::Number);
        }
        let whole = rename_apart(&signature.atom, &mut self.fresh);
        let Some((parameters, result)) = split_arrow(&whole) else {
            return Err(Mismatch::Number);
        };
        let mut bindings = Bindings::new();
        for (index, (expected, argument)) in parameters.iter().zip(arguments).enumerate() {
            // Untyped arguments fit anywhere and bind no type variable.
            if mode(expected) == Mode::Eval && is_untyped(self, index) {
                continue;
            }
            let expected = bindings.resolve(expected);
            if let Atom::Variable(variable) = &expected {
                let mut others = SmallVec::new();
                variables(result, &mut others);
                for (later, parameter) in parameters.iter().enumerate().skip(index + 1) {
                    if !is_untyped(self, later) {
                        variables(parameter, &mut others);
                    }
                }
                // Any type fits, and the type variable occurs nowhere else.
                if !others.contains(variable) {
                    continue;
                }
            }
            match mode(&expected) {
                Mode::Lazy => continue,
                Mode::Metatype(meta) => {
                    if metatype(argument) == meta || matches!(argument, Atom::Expression(_) | Atom::Variable(_)) {
                        continue;
                    }
                    return Err(Mismatch::Argument {
                        index,
                        expected,
                        actual: self.reported_type(argument),
                    });
                }
                Mode::Eval => {}
            }
            let actual = types(self, index);
            // An ill-typed argument reports itself when it is evaluated.
            if !actual.is_empty() && !actual.iter().any(|actual| compatible(&expected, actual, &mut bindings)) {
                return Err(Mismatch::Argument {
                    index,
                    expected,
                    actual: actual[0].clone(),
                });
            }
        }
        Ok(bindings.resolve(result))
    }

    /// Returns the type of an atom for an error: its first type, or its meta-type if that is undefined.
    pub(crate) fn reported_type(&mut self, atom: &Atom) -> Atom {
        let symbols = symbols();
        match self.types_of(atom).into_iter().next() {
            Some(known) if known != Atom::Symbol(symbols.undefined) => known,
            _ => Atom::Symbol(metatype(atom).name(symbols)),
        }
    }

    /// Returns the types of an atom: `%Undefined%` alone if it has none, and no type at all for an ill-typed
    /// application.
    ///
    /// Computes bottom-up, without native recursion, for each subexpression whose types aren't [cached](TypeCache).
    pub(crate) fn types_of(&mut self, atom: &Atom) -> Vec<Atom> {
        struct Level<'a> {
            atom: &'a Atom,
            items: &'a [Atom],
            done: Vec<Vec<Atom>>,
            /// The parameters, once the head's types are known, that fit any type of an argument.
            unchecked: SmallVec<[bool; 8]>,
            /// Subexpressions visited within this one, except those within cached ones.
            count: usize,
        }
        let undefined = Atom::Symbol(symbols().undefined);
        let Atom::Expression(items) = atom else {
            return self.types_of_leaf(atom);
        };
        if self.is_undefined(atom) {
            return vec![undefined];
        }
        self.type_cache.validate(self.normal_stamp, self.home);
        if let Some(types) = self.known(atom) {
            return types;
        }
        let mut looked_at = 0;
        let (first, reads) = (self.fresh, self.reads.get());
        let mut levels = vec![Level {
            atom,
            items,
            done: Vec::new(),
            unchecked: SmallVec::new(),
            count: 0,
        }];
        while let Some(level) = levels.last_mut() {
            if let ([heads], [_, _, ..]) = (&level.done[..], level.items) {
                level.unchecked = unchecked_parameters(heads, level.items.len() - 1);
            }
            let argument = level.done.len().wrapping_sub(1);
            match level.items.get(level.done.len()) {
                Some(_) if level.unchecked.get(argument) == Some(&true) => level.done.push(Vec::new()),
                Some(item @ Atom::Expression(inner)) if !self.is_undefined(item) => match self.known(item) {
                    Some(types) => level.done.push(types),
                    None => {
                        levels.push(Level {
                            atom: item,
                            items: inner,
                            done: Vec::new(),
                            unchecked: SmallVec::new(),
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
                    // Cached every few levels: any level may be asked for again, or reached again through sharing.
                    let count = level.count + 1;
                    let weight = if levels.is_empty() { looked_at } else { count };
                    let reads = reads != self.reads.get();
                    let remembered = self.type_cache.insert(level.atom, &types, reads, first, weight);
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

    /// Looks up the types of an expression in the cache.
    fn known(&mut self, atom: &Atom) -> Option<Vec<Atom>> {
        let known = self.type_cache.get(atom)?;
        let (types, reads) = (known.types.to_vec(), known.reads);
        if reads {
            self.track_read();
        }
        // Renamed apart for each use.
        Some(self.renamed_apart(&types))
    }

    pub(crate) fn types_of_leaf(&mut self, atom: &Atom) -> Vec<Atom> {
        let symbols = symbols();
        vec![match atom {
            Atom::Integer(_) | Atom::Float(_) => Atom::Symbol(symbols.number),
            Atom::String(_) => Atom::Symbol(symbols.string),
            Atom::Grounded(value) => match atom.downcast_grounded::<StateRef>() {
                Some(StateRef(id)) => {
                    self.track_read();
                    let content = self.env.state(*id).cloned();
                    let content = content.map_or(Atom::Symbol(symbols.undefined), |content| {
                        self.type_of_content(&content)
                    });
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
                    return self.renamed_apart(&declared);
                }
                if atom.as_boolean().is_some() {
                    Atom::Symbol(symbols.bool)
                } else if let Some(builtin) = builtins::find(*symbol)
                    && !builtin.signatures.is_empty()
                {
                    let types = builtin.signatures.iter().map(|signature| &signature.atom);
                    return self.renamed_apart(types);
                } else if let Some(host) = self.shared.hosts.get(symbol).map(Arc::clone) {
                    return self.renamed_apart(host.signatures.iter().map(|signature| &signature.atom));
                } else if *symbol == symbols.this_space {
                    Atom::Symbol(symbols.space)
                } else {
                    Atom::Symbol(symbols.undefined)
                }
            }
            Atom::Variable(_) | Atom::Expression(_) => Atom::Symbol(symbols.undefined),
        }]
    }

    /// Returns types with variables of their own, for one use.
    fn renamed_apart<'t>(&mut self, types: impl IntoIterator<Item = &'t Atom>) -> Vec<Atom> {
        let types = types.into_iter();
        types.map(|of_type| rename_apart(of_type, &mut self.fresh)).collect()
    }

    /// Returns the type of a state's content.
    pub(crate) fn type_of_content(&mut self, content: &Atom) -> Atom {
        let of_leaf = match content {
            Atom::Expression(_) => None,
            leaf => self.types_of_leaf(leaf).into_iter().next(),
        };
        of_leaf.unwrap_or(Atom::Symbol(symbols().undefined))
    }

    /// Returns the types of an expression whose items have these types.
    pub(crate) fn types_of_items(&mut self, items: &[Atom], types: &[Vec<Atom>]) -> Vec<Atom> {
        let undefined = Atom::Symbol(symbols().undefined);
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
        // The result of an undeclared symbol is undefined, whatever its arguments.
        if heads.iter().all(|one| *one == undefined) {
            return vec![undefined];
        }
        // A tuple: the first type of each item.
        let tuple: Option<Vec<Atom>> = types.iter().map(|types| types.first().cloned()).collect();
        tuple.map(|tuple| Atom::Expression(tuple.into())).into_iter().collect()
    }
}

impl Machine {
    /// Returns whether an atom is untyped by its head alone.
    pub(crate) fn is_undefined(&self, atom: &Atom) -> bool {
        match atom {
            Atom::Expression(items) => match items.first() {
                None | Some(Atom::Variable(_)) => true,
                Some(Atom::Symbol(head)) => self.is_undeclared(*head),
                Some(_) => false,
            },
            Atom::Symbol(symbol) => self.is_undeclared(*symbol),
            Atom::Variable(_) => true,
            _ => false,
        }
    }

    /// Returns whether a symbol has no type.
    fn is_undeclared(&self, symbol: Symbol) -> bool {
        !is_token(symbol)
            && Atom::Symbol(symbol).as_boolean().is_none()
            && builtins::find(symbol).is_none_or(|builtin| builtin.signatures.is_empty())
            && !self.shared.hosts.contains_key(&symbol)
            && self.home().types(symbol.as_str()).next().is_none()
    }
}

/// Returns which parameters don't depend on the types of the arguments in any function type of a head.
fn unchecked_parameters(heads: &[Atom], count: usize) -> SmallVec<[bool; 8]> {
    let mut unchecked = SmallVec::new();
    for signature in heads.iter().filter_map(Signature::of) {
        if unchecked.is_empty() {
            unchecked.resize(count, true);
        }
        for (unchecked, mode) in unchecked.iter_mut().zip(&signature.modes) {
            *unchecked &= *mode != Mode::Eval;
        }
    }
    unchecked
}
