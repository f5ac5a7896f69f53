//! The names that a program defines, uses as data, and applies.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::problem::{Problem, ProblemKind};
use super::suggestion::closest;
use crate::builtins;
use crate::machine::Machine;
use crate::symbols::symbols;
use pleach::env::Head;
use pleach::term::{Atom, Symbol};

#[derive(Default)]
pub(crate) struct Names {
    /// The numbers of arguments of the rules for each name.
    defined: HashMap<Symbol, BTreeSet<usize>>,
    /// Names used as data.
    mentioned: HashSet<Symbol>,
    /// Bound names, which begin with `&`.
    bound: HashSet<Symbol>,
    imported: HashSet<(Symbol, Atom)>,
    calls: Vec<Application>,
    tokens: Vec<(usize, usize, Symbol)>,
}

/// An application of a name.
struct Application {
    item: usize,
    part: usize,
    name: Symbol,
    arity: usize,
    /// The heads of its arguments.
    inner: Vec<Symbol>,
}

impl Names {
    pub(crate) fn define(&mut self, name: Symbol, arity: usize) {
        self.defined.entry(name).or_default().insert(arity);
    }

    /// Marks all symbols of an atom as data.
    pub(crate) fn mention(&mut self, atom: &Atom) {
        let mut pending = vec![atom];
        while let Some(atom) = pending.pop() {
            match atom {
                Atom::Symbol(name) => self.mention_symbol(*name),
                Atom::Expression(items) => pending.extend(items.iter()),
                _ => {}
            }
        }
    }

    /// Marks the symbols of an atom of the environment as data; of a rule, those in arguments of its left side.
    pub(crate) fn mention_fact(&mut self, atom: &Atom) {
        match atom.as_expression() {
            Some([Atom::Symbol(equals), left, _]) if equals.as_str() == "=" => {
                for argument in left.as_expression().unwrap_or_default().iter().skip(1) {
                    self.mention(argument);
                }
            }
            _ => self.mention(atom),
        }
    }

    pub(crate) fn mention_symbol(&mut self, name: Symbol) {
        self.mentioned.insert(name);
    }

    pub(crate) fn bind(&mut self, name: Symbol) {
        self.bound.insert(name);
    }

    /// Records an evaluated application.
    pub(crate) fn call(&mut self, item: usize, part: usize, items: &[Atom]) {
        let Some((Atom::Symbol(name), arguments)) = items.split_first() else {
            return;
        };
        let heads = arguments
            .iter()
            .filter_map(|argument| argument.as_expression()?.first()?.as_symbol());
        self.calls.push(Application {
            item,
            part,
            name: *name,
            arity: arguments.len(),
            inner: heads.collect(),
        });
    }

    pub(crate) fn use_token(&mut self, item: usize, part: usize, name: Symbol) {
        self.tokens.push((item, part, name));
    }

    /// Records an import. Returns `false` if it was recorded before.
    pub(crate) fn import(&mut self, space: Symbol, file: &Atom) -> bool {
        self.bind(space);
        self.imported.insert((space, file.clone()))
    }

    /// Reports the names that are likely mistakes.
    pub(crate) fn problems(mut self, machine: &Machine, problems: &mut Vec<Problem>) {
        let env = &machine.env;
        let mut has_wildcards = false;
        for rule in env.rules() {
            match Head::of(rule.lhs()) {
                Some(head) => self.define(head.symbol, head.arity),
                None => has_wildcards = true,
            }
        }
        for (item, part, name) in &self.tokens {
            if *name != symbols().this_space && !self.bound.contains(name) && env.binding(name.as_str()).is_none() {
                let suggestion = closest(name.as_str(), self.bound.iter().copied());
                problems.push(Problem {
                    item: *item,
                    part: *part,
                    kind: ProblemKind::Unbound {
                        name: *name,
                        suggestion,
                    },
                });
            }
        }
        // A wildcard rule may reduce any call.
        if has_wildcards {
            return;
        }
        let mut applied: HashMap<Symbol, usize> = HashMap::new();
        for call in &self.calls {
            *applied.entry(call.name).or_default() += 1;
        }
        for call in &self.calls {
            let name = call.name;
            let known = builtins::find(name).is_some()
                || machine.shared.hosts.contains_key(&name)
                || env.types(name.as_str()).next().is_some()
                || self.mentioned.contains(&name);
            if known {
                continue;
            }
            let (part, kind) = match self.defined.get(&name) {
                Some(arities) if arities.contains(&call.arity) => continue,
                Some(arities) => (
                    call.part,
                    ProblemKind::NoRule {
                        name,
                        expected: arities.iter().copied().collect(),
                        actual: call.arity,
                    },
                ),
                None => {
                    let functions = builtins::builtins()
                        .map(Symbol::new)
                        .chain(self.defined.keys().copied());
                    let suggestion = closest(name.as_str(), functions);
                    // A name around a call of a function is a label of its result.
                    let is_function =
                        |name: &Symbol| builtins::find(*name).is_some() || self.defined.contains_key(name);
                    let alone = call.part == 0 && applied.get(&name) == Some(&1) && !call.inner.iter().any(is_function);
                    if suggestion.is_none() && !alone {
                        continue;
                    }
                    (call.part + 1, ProblemKind::Unknown { name, suggestion })
                }
            };
            problems.push(Problem {
                item: call.item,
                part,
                kind,
            });
        }
    }
}
