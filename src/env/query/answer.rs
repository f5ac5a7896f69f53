//! Answers, whose atoms and bindings are decoded when they are asked for.

use std::sync::{Arc, OnceLock};

use smallvec::SmallVec;

use super::conjunction::{Conjunction, Values};
use super::pattern::{Parts, Pattern};
use super::product::Product;
use crate::env::space::decode_ground;
use crate::term::{Bindings, Leaf, Term, View, unify};

/// An atom that matches a pattern: see [`Space::query`](crate::env::Space::query).
///
/// An answer has a copy of the atom's path. The atom and the bindings are decoded when they are asked for, the bindings once.
/// [`atom`](Self::atom) is the cheapest: it shares the ground subterms of the pattern, and makes no substitution.
#[derive(Debug)]
pub struct Answer<T: Term> {
    pattern: Arc<Pattern<T>>,
    stored: Stored<T>,
    /// Known from the start if it took a unification to find the answer.
    bindings: OnceLock<Bindings<T>>,
    multiplicity: u64,
}

/// The atom of an answer.
#[derive(Clone, Debug)]
pub(super) enum Stored<T> {
    /// The path of a ground atom, which agrees with the pattern wherever that has no variable.
    Path(SmallVec<[u8; 48]>),
    Atom(T),
}

impl<T: Term> Clone for Answer<T> {
    fn clone(&self) -> Self {
        Self {
            pattern: Arc::clone(&self.pattern),
            stored: self.stored.clone(),
            bindings: self.bindings.clone(),
            multiplicity: self.multiplicity,
        }
    }
}

impl<T: Term> Answer<T> {
    /// An answer with a ground atom that matches for certain.
    pub(super) fn ground(pattern: &Arc<Pattern<T>>, stored: Stored<T>, multiplicity: u64) -> Self {
        Self {
            pattern: Arc::clone(pattern),
            stored,
            bindings: OnceLock::new(),
            multiplicity,
        }
    }

    /// An answer that was found by unification.
    pub(super) fn unified(pattern: &Arc<Pattern<T>>, atom: T, bindings: Bindings<T>, multiplicity: u64) -> Self {
        Self {
            pattern: Arc::clone(pattern),
            stored: Stored::Atom(atom),
            bindings: OnceLock::from(bindings),
            multiplicity,
        }
    }

    /// Returns the multiplicity of the atom, at least 1. O(1).
    #[must_use]
    pub fn multiplicity(&self) -> u64 {
        self.multiplicity
    }

    /// Returns the stored atom itself, as [`Space::iter`](crate::env::Space::iter) does: with its own variables, which the
    /// bindings rename apart. O(size) for a fact, O(1) for a rule or an annotation.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// env.add_fact("(owns $everyone air)".parse()?);
    /// let answer = env.query(&"(owns ann $what)".parse()?).next().unwrap();
    /// assert_eq!(answer.atom(), "(owns $0 air)".parse()?);
    /// assert_eq!(answer.resolve(&"(owns ann $what)".parse()?), "(owns ann air)".parse()?);
    /// # Ok::<(), pleach::term::ParseError>(())
    /// ```
    #[must_use]
    pub fn atom(&self) -> T {
        match &self.stored {
            Stored::Path(path) => self.pattern.atom(path),
            Stored::Atom(atom) => atom.clone(),
        }
    }

    /// Returns the bindings of the variables of both sides: the most general unifier, of the pattern and the atom with its
    /// variables renamed apart, that extends those that the query [starts from](super::Query::starting_from).
    ///
    /// The first call decodes them, in O(size of the atom), and later ones cost O(1).
    #[must_use]
    pub fn bindings(&self) -> &Bindings<T> {
        self.bindings.get_or_init(|| match &self.stored {
            Stored::Path(path) => self.pattern.bindings(path),
            Stored::Atom(atom) => {
                let mut bindings = self.pattern.scope.start.clone();
                unify(&self.pattern.term, atom, &mut bindings);
                bindings
            }
        })
    }

    /// Returns the bindings without a copy: see [`bindings`](Self::bindings).
    #[must_use]
    pub fn into_bindings(self) -> Bindings<T> {
        _ = self.bindings();
        self.bindings.into_inner().unwrap_or_default()
    }

    /// Returns the term that a variable is bound to, with the bindings substituted into it; `None` if it is unbound. Decodes no
    /// other variable: O(size of the atom's path and of the value).
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// env.add_fact("(owns ann (shoes red))".parse()?);
    /// let answer = env.query(&"(owns $who $what)".parse()?).next().unwrap();
    /// assert_eq!(answer.value(&Atom::variable("what")), Some("(shoes red)".parse()?));
    /// assert_eq!(answer.value(&Atom::variable("where")), None);
    /// # Ok::<(), pleach::term::ParseError>(())
    /// ```
    #[must_use]
    pub fn value(&self, variable: &T) -> Option<T> {
        if let Stored::Path(path) = &self.stored
            && self.bindings.get().is_none()
            && let Some(number) = self.pattern.scope.number(variable)
        {
            let mut parts = Parts::new(&self.pattern.shape, path);
            return parts
                .find(|(found, _)| *found == number)
                .map(|(_, part)| decode_ground(part).0);
        }
        value(self.bindings(), variable)
    }

    /// Substitutes the bindings into `template`, recursively. Unbound variables stay.
    ///
    /// O(size of the template and of the values), and that of [`bindings`](Self::bindings).
    #[must_use]
    pub fn resolve(&self, template: &T) -> T {
        self.bindings().resolve(template)
    }
}

/// The resolved value of a variable, if it is bound.
fn value<T: Term>(bindings: &Bindings<T>, variable: &T) -> Option<T> {
    match variable.view() {
        View::Leaf(Leaf::Variable { .. }) => bindings.get(variable).map(|_| bindings.resolve(variable)),
        _ => None,
    }
}

/// Atoms that match several patterns at once: see [`Space::query_all`](crate::env::Space::query_all).
///
/// As in an [`Answer`], bindings are decoded when they are asked for.
#[derive(Debug)]
pub struct JoinAnswer<T: Term> {
    patterns: Arc<Conjunction<T>>,
    values: Values,
    /// Known from the start if it took a unification to find the answer.
    bindings: OnceLock<Bindings<T>>,
    multiplicity: Product,
}

impl<T: Term> Clone for JoinAnswer<T> {
    fn clone(&self) -> Self {
        Self {
            patterns: Arc::clone(&self.patterns),
            values: self.values.clone(),
            bindings: self.bindings.clone(),
            multiplicity: self.multiplicity,
        }
    }
}

impl<T: Term> JoinAnswer<T> {
    /// An answer with ground values, or with these bindings.
    pub(super) fn new(
        patterns: &Arc<Conjunction<T>>,
        values: Values,
        bindings: Option<Bindings<T>>,
        multiplicity: Product,
    ) -> Self {
        Self {
            patterns: Arc::clone(patterns),
            values,
            bindings: bindings.map(OnceLock::from).unwrap_or_default(),
            multiplicity,
        }
    }

    /// Returns the product of the multiplicities of the atoms, at least 1. Saturates at `u64::MAX`. O(1).
    #[must_use]
    pub fn multiplicity(&self) -> u64 {
        self.multiplicity.saturated()
    }

    /// The product of the multiplicities modulo 2¹²⁸, so that differences of products are exact.
    pub(crate) fn count(&self) -> u128 {
        self.multiplicity.modular()
    }

    /// The path of the ground value of the variable with this number, if it was found without unification.
    pub(super) fn found(&self, variable: usize) -> Option<&[u8]> {
        self.values.found(variable)
    }

    /// Returns the bindings of the variables: see [`Answer::bindings`].
    #[must_use]
    pub fn bindings(&self) -> &Bindings<T> {
        self.bindings.get_or_init(|| self.patterns.bindings(&self.values))
    }

    /// Returns the bindings without a copy: see [`bindings`](Self::bindings).
    #[must_use]
    pub fn into_bindings(self) -> Bindings<T> {
        _ = self.bindings();
        self.bindings.into_inner().unwrap_or_default()
    }

    /// Returns the term that a variable is bound to: see [`Answer::value`].
    #[must_use]
    pub fn value(&self, variable: &T) -> Option<T> {
        if self.bindings.get().is_none()
            && let Some(number) = self.patterns.scope.number(variable)
            && let Some(path) = self.values.found(number)
        {
            return Some(decode_ground(path).0);
        }
        value(self.bindings(), variable)
    }

    /// Substitutes the bindings into `template`, recursively. Unbound variables stay.
    #[must_use]
    pub fn resolve(&self, template: &T) -> T {
        self.bindings().resolve(template)
    }
}
