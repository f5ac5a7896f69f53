//! The traversal of a program that infers the type of each subexpression.

use std::borrow::Cow;
use std::collections::HashMap;

use super::names::Names;
use super::problem::{Problem, ProblemKind};
use super::roles;
use crate::builtin::Role;
use crate::builtins;
use crate::canonical::canonical;
use crate::machine::Machine;
use crate::signature::{Mismatch, Mode, Signature, compatible, mode};
use crate::symbols::{is_token, symbols};
use pleach::term::{Atom, Bindings, Item, Symbol, Variable};

pub(crate) struct Walk<'w> {
    machine: &'w mut Machine,
    names: &'w mut Names,
    problems: &'w mut Vec<Problem>,
    /// The current item.
    item: usize,
    /// Number of its subexpressions visited.
    parts: usize,
    /// The types of variables, from the declared type of a rule's left side.
    scope: HashMap<Variable, Atom>,
}

/// An expression being traversed.
struct Level<'a> {
    items: &'a [Atom],
    role: Role,
    part: usize,
    /// The function types of the head.
    signatures: Vec<Signature>,
    /// The numbers and types of the items so far.
    parts: Vec<usize>,
    types: Vec<Vec<Atom>>,
}

impl<'w> Walk<'w> {
    pub(crate) fn new(machine: &'w mut Machine, names: &'w mut Names, problems: &'w mut Vec<Problem>) -> Self {
        Self {
            machine,
            names,
            problems,
            item: 0,
            parts: 0,
            scope: HashMap::new(),
        }
    }

    /// Traverses an item, without native recursion.
    pub(crate) fn item(&mut self, index: usize, item: &Item) {
        self.item = index;
        self.parts = 0;
        self.scope.clear();
        if !item.bang
            && let Some([_, left, _]) = rule(&item.atom)
        {
            self.declare_variables(left);
        }
        let role = if item.bang { Role::Code } else { Role::Fact };
        let mut levels = match self.enter(&item.atom, role, item.bang) {
            Ok(level) => vec![level],
            Err(_) => return,
        };
        while let Some(level) = levels.last_mut() {
            let types = match level.items.get(level.types.len()) {
                Some(atom) => {
                    let at = level.types.len();
                    let role = match (level.role, at) {
                        // The name of a function, which isn't a use of it.
                        (Role::Left, 0) | (Role::Code, 0) if matches!(atom, Atom::Symbol(_)) => level.role,
                        _ => roles::of_item(level.role, level.items, at, &level.signatures),
                    };
                    let is_head = at == 0 && matches!(level.role, Role::Left | Role::Code);
                    level.parts.push(self.parts);
                    match self.enter(atom, role, is_head) {
                        Ok(level) => {
                            levels.push(level);
                            continue;
                        }
                        Err(types) => types,
                    }
                }
                None => {
                    let Some(level) = levels.pop() else { return };
                    self.leave(&level)
                }
            };
            match levels.last_mut() {
                Some(outer) => outer.types.push(types),
                None => return,
            }
        }
    }

    /// Enters an expression, or returns the types of a leaf. `is_head`: the leaf is applied, or at the top level.
    fn enter<'a>(&mut self, atom: &'a Atom, role: Role, is_head: bool) -> Result<Level<'a>, Vec<Atom>> {
        let part = self.parts;
        self.parts += 1;
        match atom {
            Atom::Expression(items) => {
                let signatures = match items.first() {
                    Some(head @ Atom::Symbol(_)) => {
                        let types = self.machine.types_of_leaf(head);
                        types.iter().filter_map(Signature::of).collect()
                    }
                    _ => Vec::new(),
                };
                if let Some(Atom::Symbol(head)) = items.first() {
                    match role {
                        Role::Code => self.names.call(self.item, part, items),
                        Role::Left => {
                            self.names.define(*head, items.len() - 1);
                            if let Some(builtin) = builtins::find(*head)
                                && !builtin.entry.takes_rules
                            {
                                let name = *head;
                                let kind = match builtin.special() {
                                    Some(_) => ProblemKind::Form { name },
                                    None => ProblemKind::BuiltIn { name },
                                };
                                self.report(part, kind);
                            }
                        }
                        _ => {}
                    }
                    if let ("bind!" | "import!", Some(Atom::Symbol(name))) = (head.as_str(), items.get(1)) {
                        self.names.bind(*name);
                    }
                }
                Ok(Level {
                    items,
                    role,
                    part,
                    signatures,
                    parts: Vec::with_capacity(items.len()),
                    types: Vec::with_capacity(items.len()),
                })
            }
            Atom::Variable(variable) if self.scope.contains_key(variable) => Err(vec![self.scope[variable].clone()]),
            leaf => {
                if let Atom::Symbol(name) = leaf {
                    if !is_head {
                        self.names.mention_symbol(*name);
                    }
                    if role == Role::Code && is_token(*name) {
                        self.names.use_token(self.item, part, *name);
                    }
                }
                Err(self.machine.types_of_leaf(leaf))
            }
        }
    }

    /// Leaves an expression: returns its types, and reports problems.
    fn leave(&mut self, level: &Level<'_>) -> Vec<Atom> {
        if level.items.is_empty() || matches!(level.role, Role::Tuple | Role::Clauses | Role::Clause) {
            return vec![Atom::Symbol(symbols().undefined)];
        }
        let found = self.machine.types_of_items(level.items, &level.types);
        if found.is_empty() && matches!(level.role, Role::Code | Role::Left) {
            self.explain(level);
        }
        if let (Role::Fact, Some([_, left, _]), [_, expected, actual]) =
            (level.role, equation(level.items), level.types.as_slice())
        {
            self.compare(left, expected, actual, level.parts[2]);
        }
        found
    }

    /// Reports why an application is ill-typed.
    fn explain(&mut self, level: &Level<'_>) {
        let function = level.items[0].clone();
        let arguments = &level.items[1..];
        let mut heads = level.types[0].iter().filter_map(Signature::of).collect::<Vec<_>>();
        let mut expected: Vec<usize> = heads.iter().map(Signature::arity).collect();
        expected.sort_unstable();
        expected.dedup();
        heads.retain(|signature| signature.arity() == arguments.len());
        let mismatch = heads.iter().find_map(|signature| {
            let types = |_: &mut Machine, index: usize| Cow::Borrowed(level.types[index + 1].as_slice());
            self.machine.fit(signature, arguments, |_, _| false, types).err()
        });
        let (part, kind) = match mismatch {
            Some(Mismatch::Argument {
                index,
                expected,
                actual,
            }) => {
                let kind = ProblemKind::Argument {
                    function,
                    number: index + 1,
                    expected: canonical(&expected),
                    actual: canonical(&actual),
                };
                (level.parts[index + 1], kind)
            }
            _ => {
                let kind = ProblemKind::ArgumentCount {
                    function,
                    expected,
                    actual: arguments.len(),
                };
                (level.part, kind)
            }
        };
        self.report(part, kind);
    }

    /// Reports a rule whose right side can't have the type of its left side.
    fn compare(&mut self, left: &Atom, expected: &[Atom], actual: &[Atom], part: usize) {
        let symbols = symbols();
        let is_error = |atom: &Atom| matches!(atom, Atom::Symbol(name) if name.as_str() == "ErrorType");
        let fits = |expected: &Atom, actual: &Atom| {
            mode(expected) != Mode::Eval
                || is_error(actual)
                || mode(actual) != Mode::Eval
                || compatible(expected, actual, &mut Bindings::new())
        };
        if let (Some(first), Some(one)) = (expected.first(), actual.first())
            && !expected
                .iter()
                .any(|expected| actual.iter().any(|actual| fits(expected, actual)))
            && *one != Atom::Symbol(symbols.empty)
        {
            self.report(
                part,
                ProblemKind::Result {
                    function: left.clone(),
                    expected: canonical(first),
                    actual: canonical(one),
                },
            );
        }
    }

    fn report(&mut self, part: usize, kind: ProblemKind) {
        self.problems.push(Problem {
            item: self.item,
            part,
            kind,
        });
    }

    /// Assigns the variables of a left side the declared types of their positions, where these are unambiguous.
    fn declare_variables(&mut self, left: &Atom) {
        let mut pending = vec![left];
        while let Some(atom) = pending.pop() {
            let Some([Atom::Symbol(head), arguments @ ..]) = atom.as_expression() else {
                continue;
            };
            let types = self.machine.types_of_leaf(&Atom::Symbol(*head));
            let mut signatures = types.iter().filter_map(Signature::of);
            let (Some(signature), None) = (signatures.next(), signatures.next()) else {
                continue;
            };
            if signature.arity() != arguments.len() {
                continue;
            }
            for (argument, expected) in arguments.iter().zip(signature.parameters()) {
                match argument {
                    Atom::Variable(variable) if expected.is_ground() && mode(expected) == Mode::Eval => {
                        self.scope.entry(*variable).or_insert_with(|| expected.clone());
                    }
                    Atom::Expression(_) => pending.push(argument),
                    _ => {}
                }
            }
        }
    }
}

/// Returns the items of a rule.
fn rule(atom: &Atom) -> Option<&[Atom; 3]> {
    equation(atom.as_expression()?)
}

fn equation(items: &[Atom]) -> Option<&[Atom; 3]> {
    let parts: &[Atom; 3] = items.try_into().ok()?;
    (parts[0].as_symbol()? == Symbol::new("=")).then_some(parts)
}
