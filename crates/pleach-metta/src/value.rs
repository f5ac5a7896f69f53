//! Values, answers and substitutions.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use smallvec::SmallVec;

use pleach::term::{Atom, Variable};

/// An atom, with what is known of its normal form.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) atom: Atom,
    /// The [normal stamp](crate::normal_form) by which the atom is in normal form; 0 if unknown, or [`UNSET`].
    pub(crate) normal: u64,
}

/// Marks a slot without a value.
const UNSET: u64 = u64::MAX;

impl Value {
    pub(crate) const fn unset() -> Self {
        Self {
            atom: Atom::Integer(0),
            normal: UNSET,
        }
    }

    /// An atom that may not be in normal form.
    pub(crate) fn raw(atom: Atom) -> Self {
        Self { atom, normal: 0 }
    }

    pub(crate) fn normal(atom: Atom, normal_stamp: u64) -> Self {
        Self {
            atom,
            normal: normal_stamp,
        }
    }

    #[inline]
    pub(crate) fn is_set(&self) -> bool {
        self.normal != UNSET
    }

    /// Returns whether the atom is known to be in normal form under this stamp.
    #[inline]
    pub(crate) fn is_normal(&self, normal_stamp: u64) -> bool {
        match &self.atom {
            Atom::Expression(items) => self.normal == normal_stamp || items.is_empty(),
            _ => true,
        }
    }

    /// Applies a substitution. A value that doesn't change stays normal.
    pub(crate) fn substitute(&mut self, subst: &[(Variable, Atom)]) {
        self.replace_by(|atom| substitute(atom, subst));
    }

    /// Replaces the atom by `resolve` of it, which returns an unchanged atom shared. A value that doesn't change stays
    /// normal.
    pub(crate) fn replace_by(&mut self, resolve: impl FnOnce(&Atom) -> Atom) {
        if self.atom.is_ground() {
            return;
        }
        let new = resolve(&self.atom);
        match (&self.atom, &new) {
            (Atom::Expression(before), Atom::Expression(after)) if before.as_ptr() == after.as_ptr() => {}
            _ => *self = Self::raw(new),
        }
    }
}

/// An idempotent substitution: no bound variable occurs in a value.
pub(crate) type Subst = Rc<[(Variable, Atom)]>;

/// A result, with the bindings it gives variables of the caller. They are applied to the value already.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) value: Value,
    pub(crate) subst: Option<Subst>,
}

/// The answers of one evaluation, in order.
#[derive(Debug)]
pub(crate) enum Answers {
    None,
    One(Answer),
    Many(Vec<Answer>),
}

impl Answers {
    pub(crate) fn one(value: Value) -> Self {
        Self::One(Answer { value, subst: None })
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::One(_) => 1,
            Self::Many(answers) => answers.len(),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Answer> {
        let answers = match self {
            Self::None => &[],
            Self::One(answer) => std::slice::from_ref(answer),
            Self::Many(answers) => &answers[..],
        };
        answers.iter()
    }

    pub(crate) fn into_vec(self) -> Vec<Answer> {
        match self {
            Self::None => Vec::new(),
            Self::One(answer) => vec![answer],
            Self::Many(answers) => answers,
        }
    }

    pub(crate) fn append_to(self, list: &mut Vec<Answer>) {
        match self {
            Self::None => {}
            Self::One(answer) => list.push(answer),
            Self::Many(mut answers) => list.append(&mut answers),
        }
    }

    /// Returns the atoms, without bindings.
    pub(crate) fn atoms(self) -> Vec<Atom> {
        self.into_vec().into_iter().map(|answer| answer.value.atom).collect()
    }
}

impl From<Vec<Answer>> for Answers {
    fn from(mut answers: Vec<Answer>) -> Self {
        match answers.len() {
            0 => Self::None,
            1 => answers.pop().map_or(Self::None, Self::One),
            _ => Self::Many(answers),
        }
    }
}

fn lookup<'d>(subst: &'d [(Variable, Atom)], variable: &Variable) -> Option<&'d Atom> {
    subst
        .iter()
        .find(|(bound, _)| bound == variable)
        .map(|(_, value)| value)
}

/// Applies a substitution.
pub(crate) fn substitute(atom: &Atom, subst: &[(Variable, Atom)]) -> Atom {
    replace(atom, &mut |variable| lookup(subst, variable).cloned())
}

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

/// Extends a substitution by the variables of `scope` that it doesn't bind, each bound to itself, so that [`compose`]
/// keeps later bindings of those.
pub(crate) fn widen(subst: &[(Variable, Atom)], scope: &[Variable]) -> Vec<(Variable, Atom)> {
    let mut entries = subst.to_vec();
    for variable in scope {
        if !entries.iter().any(|(bound, _)| bound == variable) {
            entries.push((*variable, Atom::Variable(*variable)));
        }
    }
    entries
}

/// Returns the bindings of `first` with `then` applied, followed by those of `then` for other variables.
pub(crate) fn extend(first: &[(Variable, Atom)], then: &[(Variable, Atom)]) -> Subst {
    let mut entries: Vec<_> = first
        .iter()
        .map(|(variable, value)| (*variable, substitute(value, then)))
        .collect();
    let new = then
        .iter()
        .filter(|(variable, _)| !first.iter().any(|(bound, _)| bound == variable));
    entries.extend(new.cloned());
    entries.into()
}

/// Composes two substitutions, restricted to the variables of `first`. `None` if the result is empty.
pub(crate) fn compose(first: &[(Variable, Atom)], then: Option<&Subst>) -> Option<Subst> {
    let entries: Vec<(Variable, Atom)> = first
        .iter()
        .map(|(variable, value)| match then {
            Some(then) => (*variable, substitute(value, then)),
            None => (*variable, value.clone()),
        })
        .filter(|(variable, value)| !matches!(value, Atom::Variable(other) if other == variable))
        .collect();
    (!entries.is_empty()).then(|| entries.into())
}
