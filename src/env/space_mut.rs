//! Writing an environment, and the spaces in it.

use super::edit::{Delta, Edit, Edits};
use super::environment::Environment;
use super::id::{SpaceId, SpaceKind};
use super::record::{annotation, count, rule};
use super::space::Space;
use crate::term::path::with_encoder;
use crate::term::{Atom, Term};

/// # Writing
/// A write to a shared state costs O(log n) more than one in place: it copies one path of each structure that it changes.
impl<T: Term> Environment<T> {
    /// Adds one occurrence of an atom. O(log n).
    ///
    /// An atom `(= lhs rhs)` is a rule and `(: name type)` a type annotation, however they are added.
    pub fn add_fact(&mut self, fact: T) {
        self.root_mut().add_fact(fact);
    }

    /// Adds one occurrence of an atom if there is none. Returns whether there was none. O(log n); encodes the atom once.
    ///
    /// For facts that are a set. Forks that both insert a fact have it twice in their [`union`](Environment::union), which sums,
    /// and once in their [`union_of_sets`](Environment::union_of_sets).
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// let fact: Atom = "(member ann staff)".parse()?;
    /// assert!(env.insert_fact(fact.clone()));
    /// assert!(!env.insert_fact(fact.clone()));
    /// assert_eq!(env.remove_all(&fact), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn insert_fact(&mut self, fact: T) -> bool {
        self.root_mut().insert_fact(fact)
    }

    /// Adds one occurrence of each atom, in order. If the iterator panics, nothing has changed. O(log n) each.
    pub fn add_facts_bulk(&mut self, facts: impl IntoIterator<Item = T>) {
        self.root_mut().add_facts_bulk(facts);
    }

    /// Adds one occurrence of the rule `(= lhs rhs)`. O(log n).
    pub fn add_rule(&mut self, lhs: T, rhs: T) {
        self.root_mut().add_rule(lhs, rhs);
    }

    /// Adds one occurrence of each rule `(= lhs rhs)`, in order, all or none. O(log n) each.
    pub fn add_rules_bulk(&mut self, rules: impl IntoIterator<Item = (T, T)>) {
        self.root_mut().add_rules_bulk(rules);
    }

    /// Adds one occurrence of the annotation `(: name type)`. O(log n).
    pub fn add_type(&mut self, name: T, of_type: T) {
        self.root_mut().add_type(name, of_type);
    }

    /// Removes one occurrence of an atom, which may be a rule or an annotation. Returns whether there was one. O(log n).
    pub fn remove_fact(&mut self, fact: &T) -> bool {
        self.root_mut().remove_fact(fact)
    }

    /// Removes all occurrences of an atom, which may be a rule or an annotation. Returns how many there were. O(log n).
    pub fn remove_all(&mut self, fact: &T) -> u64 {
        self.root_mut().remove_all(fact)
    }

    /// Removes one occurrence of the rule `(= lhs rhs)`. Returns whether there was one. O(log n).
    pub fn remove_rule(&mut self, lhs: T, rhs: T) -> bool {
        self.root_mut().remove_rule(lhs, rhs)
    }

    /// Adds n occurrences of each atom, in order, all or none. O(log n) each, whatever the number.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// env.add_multiplicities([("(p 1)".parse()?, 3), ("(p 2)".parse()?, 1), ("(p 1)".parse()?, u64::MAX)]);
    /// assert_eq!(env.multiplicity(&"(p 1)".parse()?), u64::MAX);
    /// assert_eq!(env.multiplicity(&"(p 2)".parse()?), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add_multiplicities(&mut self, multiplicities: impl IntoIterator<Item = (T, u64)>) {
        self.root_mut().add_multiplicities(multiplicities);
    }

    pub(super) fn root_mut(&mut self) -> SpaceMut<'_, T> {
        SpaceMut {
            environment: self,
            id: None,
        }
    }

    /// Returns a named space for writing, or `None` if there is none with this id.
    pub fn space_mut(&mut self, id: SpaceId) -> Option<SpaceMut<'_, T>> {
        self.space(id)?;
        Some(SpaceMut {
            environment: self,
            id: Some(id),
        })
    }
}

/// A space of an environment, for writing: see [`Environment::space_mut`].
///
/// Each write happens whole or not at all. A write to a shared state costs O(log n) more than one in place: it copies one
/// path of each structure that it changes. Rules and annotations that are added to a [data space](super::SpaceKind::Data) are
/// plain facts there.
#[derive(Debug)]
pub struct SpaceMut<'a, T: Term = Atom> {
    pub(super) environment: &'a mut Environment<T>,
    /// An existing space, or `None` for the environment's own.
    pub(super) id: Option<SpaceId>,
}

impl<T: Term> SpaceMut<'_, T> {
    /// Adds one occurrence of an atom: see [`Environment::add_fact`].
    pub fn add_fact(&mut self, fact: T) {
        self.apply_one(fact, Delta::Add(1));
    }

    /// Adds one occurrence of an atom if there is none: see [`Environment::insert_fact`].
    pub fn insert_fact(&mut self, fact: T) -> bool {
        self.apply_one(fact, Delta::Ensure)
    }

    /// Adds one occurrence of each atom, all or none: see [`Environment::add_facts_bulk`].
    pub fn add_facts_bulk(&mut self, facts: impl IntoIterator<Item = T>) {
        self.apply_all(facts.into_iter().map(|fact| (fact, Delta::Add(1))));
    }

    /// Adds one occurrence of the rule `(= lhs rhs)`: see [`Environment::add_rule`].
    pub fn add_rule(&mut self, lhs: T, rhs: T) {
        self.add_fact(rule(lhs, rhs));
    }

    /// Adds one occurrence of each rule `(= lhs rhs)`, all or none: see [`Environment::add_rules_bulk`].
    pub fn add_rules_bulk(&mut self, rules: impl IntoIterator<Item = (T, T)>) {
        self.add_facts_bulk(rules.into_iter().map(|(lhs, rhs)| rule(lhs, rhs)));
    }

    /// Adds one occurrence of the annotation `(: name type)`: see [`Environment::add_type`].
    pub fn add_type(&mut self, name: T, of_type: T) {
        self.add_fact(annotation(name, of_type));
    }

    /// Removes one occurrence of an atom: see [`Environment::remove_fact`].
    pub fn remove_fact(&mut self, fact: &T) -> bool {
        self.apply_one(fact.clone(), Delta::Remove(1))
    }

    /// Removes all occurrences of an atom: see [`Environment::remove_all`].
    pub fn remove_all(&mut self, fact: &T) -> u64 {
        with_encoder(|encoder| {
            let edit = Edit::new(encoder, fact.clone(), Delta::Set(0), self.kind());
            let space = self.environment.snapshot.world.space(self.id);
            let before = space.map_or(0, |space| count(space.facts.get(edit.key())));
            self.apply(edit);
            before
        })
    }

    /// Removes one occurrence of the rule `(= lhs rhs)`: see [`Environment::remove_rule`].
    pub fn remove_rule(&mut self, lhs: T, rhs: T) -> bool {
        self.remove_fact(&rule(lhs, rhs))
    }

    /// Sets the multiplicities of these atoms, all or none. 0 removes an atom; atoms that aren't listed keep theirs.
    /// O(log n) each.
    pub fn set_multiplicities(&mut self, multiplicities: impl IntoIterator<Item = (T, u64)>) {
        self.apply_all(
            multiplicities
                .into_iter()
                .map(|(atom, count)| (atom, Delta::Set(count))),
        );
    }

    /// Adds n occurrences of each atom, all or none: see [`Environment::add_multiplicities`].
    pub fn add_multiplicities(&mut self, multiplicities: impl IntoIterator<Item = (T, u64)>) {
        self.apply_all(
            multiplicities
                .into_iter()
                .map(|(atom, count)| (atom, Delta::Add(count))),
        );
    }

    pub(super) fn kind(&self) -> SpaceKind {
        SpaceKind::of(self.id)
    }

    fn apply_one(&mut self, atom: T, delta: Delta) -> bool {
        let kind = self.kind();
        with_encoder(|encoder| self.apply(Edit::new(encoder, atom, delta, kind)))
    }

    pub(super) fn apply_all(&mut self, edits: impl Iterator<Item = (T, Delta)>) {
        // Collected first: the iterator may panic, or read or fork other handles of this environment.
        let atoms: Vec<(T, Delta)> = edits.collect();
        let (mut edits, kind) = (Edits::new(), self.kind());
        with_encoder(|encoder| {
            atoms
                .into_iter()
                .for_each(|(atom, delta)| edits.push(Edit::new(encoder, atom, delta, kind)))
        });
        self.apply(edits);
    }

    /// Applies edits in order. Returns whether they changed anything. If not, a shared state stays shared.
    pub(super) fn apply(&mut self, edits: impl Batch<T>) -> bool {
        let Some(space) = self.environment.snapshot.world.space(self.id) else {
            return false;
        };
        if edits.is_idle(space) {
            return false;
        }
        let snapshot = self.environment.owned();
        let Some(space) = snapshot.world.space_mut(self.id) else {
            return false;
        };
        edits.apply_to(space);
        snapshot.touched();
        true
    }
}

/// An edit or a list of edits.
pub(super) trait Batch<T: Term> {
    /// Whether it would change nothing.
    fn is_idle(&self, space: &Space<T>) -> bool;
    fn apply_to(self, space: &mut Space<T>);
}

impl<T: Term> Batch<T> for Edit<'_, T> {
    fn is_idle(&self, space: &Space<T>) -> bool {
        self.is_idle(space)
    }

    fn apply_to(self, space: &mut Space<T>) {
        space.apply(self);
    }
}

impl<T: Term> Batch<T> for Edits<T> {
    fn is_idle(&self, space: &Space<T>) -> bool {
        self.are_idle(space)
    }

    fn apply_to(mut self, space: &mut Space<T>) {
        space.apply_all(&mut self);
    }
}

impl<T: Term> Extend<T> for Environment<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, atoms: I) {
        self.add_facts_bulk(atoms);
    }
}

impl<T: Term> FromIterator<T> for Environment<T> {
    fn from_iter<I: IntoIterator<Item = T>>(atoms: I) -> Self {
        let mut environment = Self::new();
        environment.extend(atoms);
        environment
    }
}
