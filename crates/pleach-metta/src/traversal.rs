//! Traversals of atoms, iterative and linear in the size of atoms with shared subterms.

use std::collections::{HashMap, HashSet};

use smallvec::SmallVec;

use pleach::term::{Atom, Variable};

/// Visited expressions up to which a traversal doesn't deduplicate: a term with shared subterms may have exponentially
/// many paths, but the common small term needs no hash set.
const DEDUPLICATE_FROM: usize = 1024;

/// The expressions that a traversal has visited.
#[derive(Default)]
pub(crate) struct Visited {
    count: usize,
    seen: HashSet<*const Atom>,
}

impl Visited {
    /// Returns whether to visit an expression: whether it is new, or the traversal is still short.
    #[inline]
    pub(crate) fn is_new(&mut self, items: &[Atom]) -> bool {
        self.count += 1;
        self.count <= DEDUPLICATE_FROM || self.seen.insert(items.as_ptr())
    }
}

/// Replaces each variable by `f` of it, or keeps it where `f` returns `None`. Preserves sharing, with the original and
/// within it. Iterative.
pub(crate) fn replace(atom: &Atom, f: &mut dyn FnMut(&Variable) -> Option<Atom>) -> Atom {
    struct Level<'a> {
        origin: &'a Atom,
        items: &'a [Atom],
        done: Vec<Atom>,
        changed: bool,
    }
    fn open(atom: &Atom) -> Option<Level<'_>> {
        match atom {
            Atom::Expression(items) if !items.is_ground() => Some(Level {
                origin: atom,
                items,
                done: Vec::with_capacity(items.len()),
                changed: false,
            }),
            _ => None,
        }
    }
    let Some(mut level) = open(atom) else {
        return match atom {
            Atom::Variable(variable) => f(variable).unwrap_or_else(|| atom.clone()),
            _ => atom.clone(),
        };
    };
    let mut outer: Vec<Level<'_>> = Vec::new();
    let (mut count, mut known) = (0, HashMap::new());
    loop {
        match level.items.get(level.done.len()) {
            Some(Atom::Variable(variable)) => match f(variable) {
                Some(new) => {
                    level.done.push(new);
                    level.changed = true;
                }
                None => level.done.push(Atom::Variable(*variable)),
            },
            Some(item) => match open(item) {
                Some(inner) => {
                    count += 1;
                    match known.get(&inner.items.as_ptr()) {
                        Some((new, changed)) if count > DEDUPLICATE_FROM => {
                            level.done.push(Atom::clone(new));
                            level.changed |= changed;
                        }
                        _ => outer.push(std::mem::replace(&mut level, inner)),
                    }
                }
                None => level.done.push(item.clone()),
            },
            None => {
                let (new, changed) = if level.changed {
                    (Atom::Expression(level.done.into()), true)
                } else {
                    (level.origin.clone(), false)
                };
                if count > DEDUPLICATE_FROM {
                    known.insert(level.items.as_ptr(), (new.clone(), changed));
                }
                match outer.pop() {
                    Some(parent) => {
                        level = parent;
                        level.done.push(new);
                        level.changed |= changed;
                    }
                    None => return new,
                }
            }
        }
    }
}

/// Appends the variables of `atom` to `list`, without duplicates, in order of first occurrence.
pub(crate) fn variables(atom: &Atom, list: &mut SmallVec<[Variable; 4]>) {
    each_variable(std::slice::from_ref(atom), &mut Visited::default(), |variable| {
        if !list.contains(&variable) {
            list.push(variable);
        }
    });
}

/// Calls `f` with each variable of `atoms`, at least once each, in order. Iterative.
pub(crate) fn each_variable(atoms: &[Atom], visited: &mut Visited, mut f: impl FnMut(Variable)) {
    let mut pending = vec![atoms];
    while let Some(items) = pending.pop() {
        let Some((first, rest)) = items.split_first() else {
            continue;
        };
        pending.push(rest);
        match first {
            Atom::Variable(variable) => f(*variable),
            Atom::Expression(inner) if !inner.is_ground() && visited.is_new(inner) => pending.push(inner),
            _ => {}
        }
    }
}
