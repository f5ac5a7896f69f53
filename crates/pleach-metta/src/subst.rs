//! Substitutions, and the scopes in which they are made.
//!
//! A result of evaluation is an atom with the bindings that it gives variables of the caller: its [`Subst`], which is
//! applied to the atom already. While a body is evaluated after a match, a [`Scope`] on the stack keeps what the match has
//! bound, and which variables are visible outside: the answers get the bindings of both.

use std::rc::Rc;
use std::slice;

use crate::traversal::replace;
use pleach::term::{Atom, Variable};

/// A variable with its value.
pub(crate) type Binding = (Variable, Atom);

/// Bindings of variables. Idempotent: no bound variable occurs in a value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subst(Option<Rc<[Binding]>>);

impl Subst {
    pub(crate) const EMPTY: Self = Self(None);

    /// Takes bindings of different variables.
    pub(crate) fn new(bindings: Vec<Binding>) -> Self {
        Self((!bindings.is_empty()).then(|| bindings.into()))
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn bindings(&self) -> &[Binding] {
        self.0.as_deref().unwrap_or_default()
    }

    pub(crate) fn iter(&self) -> slice::Iter<'_, Binding> {
        self.bindings().iter()
    }

    pub(crate) fn get(&self, variable: Variable) -> Option<&Atom> {
        lookup(self.bindings(), variable)
    }

    /// Replaces the bound variables of an atom. An atom without any is returned shared.
    pub(crate) fn apply(&self, atom: &Atom) -> Atom {
        substitute(atom, self.bindings())
    }

    /// Returns these bindings followed by `later` ones: those apply to the values of these, and bind other variables.
    pub(crate) fn compose(&self, later: &Self) -> Self {
        if self.is_empty() || later.is_empty() {
            return if self.is_empty() { later.clone() } else { self.clone() };
        }
        let mut bindings: Vec<Binding> = self
            .iter()
            .map(|(variable, value)| (*variable, later.apply(value)))
            .collect();
        bindings.extend(
            later
                .iter()
                .filter(|(variable, _)| self.get(*variable).is_none())
                .cloned(),
        );
        Self::new(bindings)
    }

    /// Returns the bindings of the variables in `scope`.
    pub(crate) fn restrict(self, scope: &[Variable]) -> Self {
        if self.iter().all(|(variable, _)| scope.contains(variable)) {
            return self;
        }
        let known = self.iter().filter(|(variable, _)| scope.contains(variable));
        Self::new(known.cloned().collect())
    }
}

/// Bindings made before a body is evaluated, and the variables that are visible outside of it and may be bound in it.
pub(crate) struct Scope(Vec<Binding>);

impl Scope {
    /// Takes the bindings made, and the variables of the body.
    pub(crate) fn new(subst: &Subst, body: &[Variable]) -> Self {
        let mut bindings = subst.bindings().to_vec();
        // A visible variable without a value is bound to itself.
        let free = body.iter().filter(|variable| subst.get(**variable).is_none());
        bindings.extend(free.map(|variable| (*variable, Atom::Variable(*variable))));
        Self(bindings)
    }

    /// Applies bindings made since.
    pub(crate) fn bind(&mut self, later: &Subst) {
        for (_, value) in &mut self.0 {
            *value = later.apply(value);
        }
    }

    /// Returns what an answer of the body binds outside.
    pub(crate) fn close(&self, answer: &Subst) -> Subst {
        let bindings = self.0.iter().map(|(variable, value)| (*variable, answer.apply(value)));
        let bound = bindings.filter(|(variable, value)| !matches!(value, Atom::Variable(other) if other == variable));
        Subst::new(bound.collect())
    }

    /// Returns the values of its variables.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Atom> {
        self.0.iter().map(|(_, value)| value)
    }
}

/// Replaces variables by their values.
pub(crate) fn substitute(atom: &Atom, bindings: &[Binding]) -> Atom {
    if bindings.is_empty() {
        return atom.clone();
    }
    replace(atom, &mut |variable| lookup(bindings, *variable).cloned())
}

fn lookup(bindings: &[Binding], variable: Variable) -> Option<&Atom> {
    let mut bindings = bindings.iter();
    bindings.find(|(bound, _)| *bound == variable).map(|(_, value)| value)
}
