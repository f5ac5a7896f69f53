//! What the machine computes with: values, answers and substitutions.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use smallvec::SmallVec;

use pleach::term::{Atom, Variable};

/// An atom, and whether evaluating it again would be in vain.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) atom: Atom,
    /// The [meaning](super::machine::Machine::meaning) by which the atom is known to evaluate to itself, 0 if none is known,
    /// or [`UNSET`].
    pub(super) normal: u64,
}

/// The mark of a slot that has no value yet.
const UNSET: u64 = u64::MAX;

impl Value {
    pub(super) const fn unset() -> Self {
        Self {
            atom: Atom::Integer(0),
            normal: UNSET,
        }
    }

    /// An atom of which nothing is known.
    pub(super) fn raw(atom: Atom) -> Self {
        Self { atom, normal: 0 }
    }

    pub(super) fn normal(atom: Atom, meaning: u64) -> Self {
        Self { atom, normal: meaning }
    }

    #[inline]
    pub(super) fn is_set(&self) -> bool {
        self.normal != UNSET
    }

    /// Does it evaluate to itself, for all we know, by this meaning?
    #[inline]
    pub(super) fn is_normal(&self, meaning: u64) -> bool {
        match &self.atom {
            Atom::Expression(items) => self.normal == meaning || items.is_empty(),
            _ => true,
        }
    }

    /// Replaces variables. What does not change stays as normal as it was.
    pub(super) fn substitute(&mut self, delta: &[(Variable, Atom)]) {
        self.replace_by(|atom| substitute(atom, delta));
    }

    /// The same, as `resolve` says, which shares what does not change.
    pub(super) fn replace_by(&mut self, resolve: impl FnOnce(&Atom) -> Atom) {
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

/// Bindings of variables, each to its final value: no variable that is bound occurs in a value.
pub(super) type Delta = Rc<[(Variable, Atom)]>;

/// One result, and what it binds the caller's variables to. The value is resolved already.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) value: Value,
    pub(super) delta: Option<Delta>,
}

/// The results of one evaluation, in order.
#[derive(Debug)]
pub(super) enum Answers {
    None,
    One(Answer),
    Many(Vec<Answer>),
}

impl Answers {
    pub(super) fn one(value: Value) -> Self {
        Self::One(Answer { value, delta: None })
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::One(_) => 1,
            Self::Many(answers) => answers.len(),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Answer> {
        let answers = match self {
            Self::None => &[],
            Self::One(answer) => std::slice::from_ref(answer),
            Self::Many(answers) => &answers[..],
        };
        answers.iter()
    }

    pub(super) fn into_vec(self) -> Vec<Answer> {
        match self {
            Self::None => Vec::new(),
            Self::One(answer) => vec![answer],
            Self::Many(answers) => answers,
        }
    }

    pub(super) fn append_to(self, list: &mut Vec<Answer>) {
        match self {
            Self::None => {}
            Self::One(answer) => list.push(answer),
            Self::Many(mut answers) => list.append(&mut answers),
        }
    }

    /// The atoms, without what they bind.
    pub(super) fn atoms(self) -> Vec<Atom> {
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

fn lookup<'d>(delta: &'d [(Variable, Atom)], variable: &Variable) -> Option<&'d Atom> {
    delta
        .iter()
        .find(|(bound, _)| bound == variable)
        .map(|(_, value)| value)
}

/// `atom` with the bound variables replaced.
pub(super) fn substitute(atom: &Atom, delta: &[(Variable, Atom)]) -> Atom {
    replace(atom, &mut |variable| lookup(delta, variable).cloned())
}

/// A walk that visits more expressions than this remembers where it was: in a term whose parts are shared there may be more
/// ways than can be gone.
const FEW: usize = 1024;

/// The expressions that a walk has visited.
#[derive(Default)]
pub(super) struct Visited {
    count: usize,
    seen: HashSet<*const Atom>,
}

impl Visited {
    /// Is it worth a visit? It is the first time, unless the walk is so short that it does not matter.
    #[inline]
    pub(super) fn is_new(&mut self, items: &[Atom]) -> bool {
        self.count += 1;
        self.count <= FEW || self.seen.insert(items.as_ptr())
    }
}

/// `atom` with each variable replaced by what `f` says, or kept. What does not change is shared, and what was shared stays
/// so. Iterative.
pub(super) fn replace(atom: &Atom, f: &mut dyn FnMut(&Variable) -> Option<Atom>) -> Atom {
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
                        Some((new, changed)) if count > FEW => {
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
                if count > FEW {
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

/// Adds the variables of `atom` to `list`, each once, in order of first occurrence.
pub(super) fn variables(atom: &Atom, list: &mut SmallVec<[Variable; 4]>) {
    each_variable(std::slice::from_ref(atom), &mut Visited::default(), |variable| {
        if !list.contains(&variable) {
            list.push(variable);
        }
    });
}

/// Calls `f` with the variables of these atoms, in order, with each at least once. Iterative.
pub(super) fn each_variable(atoms: &[Atom], visited: &mut Visited, mut f: impl FnMut(Variable)) {
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

/// The composition: first `first`, then `then`, for the variables of `first` alone. `None` if nothing is bound.
pub(super) fn compose(first: &[(Variable, Atom)], then: Option<&Delta>) -> Option<Delta> {
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
