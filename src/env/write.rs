//! Writing a space of an environment.

use pathmap::PathMap;

use super::apply::{Delta, Edit, Edits, with_encoder};
use super::error::WriteError;
use super::facts::Key;
use super::id::SpaceId;
use super::record::Multiplicity;
use super::space::Space;
use super::{Environment, annotation, rule};
use crate::term::{Atom, Term, path};

/// A space of an environment, to be written: see [`Environment::space_mut`].
///
/// A write that leaves a shared state costs O(log n) more than one in place: it copies one path of each structure it
/// touches. Each happens whole or not at all.
#[derive(Debug)]
pub struct SpaceMut<'a, T: Term = Atom> {
    pub(super) environment: &'a mut Environment<T>,
    /// A space that exists, or the root.
    pub(super) id: Option<SpaceId>,
}

impl<T: Term> SpaceMut<'_, T> {
    /// As [`Environment::add_fact`].
    pub fn add_fact(&mut self, fact: T) {
        self.apply_one(fact, Delta::Add(1));
    }

    /// As [`Environment::add_facts_bulk`].
    pub fn add_facts_bulk(&mut self, facts: impl IntoIterator<Item = T>) {
        self.apply_all(facts.into_iter().map(|fact| (fact, Delta::Add(1))));
    }

    /// As [`Environment::add_rule`].
    pub fn add_rule(&mut self, lhs: T, rhs: T) {
        self.add_fact(rule(lhs, rhs));
    }

    /// As [`Environment::add_rules_bulk`].
    pub fn add_rules_bulk(&mut self, rules: impl IntoIterator<Item = (T, T)>) {
        self.add_facts_bulk(rules.into_iter().map(|(lhs, rhs)| rule(lhs, rhs)));
    }

    /// As [`Environment::add_type`].
    pub fn add_type(&mut self, name: T, of_type: T) {
        self.add_fact(annotation(name, of_type));
    }

    /// As [`Environment::remove_fact`].
    pub fn remove_fact(&mut self, fact: &T) -> bool {
        self.apply_one(fact.clone(), Delta::Remove(1))
    }

    /// As [`Environment::remove_rule`].
    pub fn remove_rule(&mut self, lhs: T, rhs: T) -> bool {
        self.remove_fact(&rule(lhs, rhs))
    }

    /// As [`Environment::set_multiplicities`].
    pub fn set_multiplicities(&mut self, multiplicities: impl IntoIterator<Item = (T, u64)>) {
        self.apply_all(
            multiplicities
                .into_iter()
                .map(|(atom, count)| (atom, Delta::Set(count))),
        );
    }

    /// As [`Environment::add_multiplicities`].
    pub fn add_multiplicities(&mut self, multiplicities: impl IntoIterator<Item = (T, u64)>) {
        self.apply_all(
            multiplicities
                .into_iter()
                .map(|(atom, count)| (atom, Delta::Add(count))),
        );
    }

    /// As [`Environment::update_pathmap`].
    ///
    /// # Errors
    /// As there.
    pub fn update_pathmap(&mut self, space: PathMap<Multiplicity<T>>) -> Result<(), WriteError> {
        let edits = self.edits_to(&space)?;
        self.apply(edits);
        Ok(())
    }

    fn apply_one(&mut self, atom: T, delta: Delta) -> bool {
        with_encoder(|encoder| self.apply(Edit::new(encoder, atom, delta)))
    }

    pub(super) fn apply_all(&mut self, edits: impl Iterator<Item = (T, Delta)>) {
        // The iterator is run to its end first: it may panic, or read or fork other handles of this environment.
        let atoms: Vec<(T, Delta)> = edits.collect();
        let mut edits = Edits::new();
        with_encoder(|encoder| {
            atoms
                .into_iter()
                .for_each(|(atom, delta)| edits.push(Edit::new(encoder, atom, delta)))
        });
        self.apply(edits);
    }

    /// Applies edits in order. Returns whether they changed anything; if not, a shared state stays shared.
    fn apply(&mut self, edits: impl Batch<T>) -> bool {
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

    fn edits_to(&self, space: &PathMap<Multiplicity<T>>) -> Result<Edits<T>, WriteError> {
        let mut edits = Edits::new();
        if let Some(current) = self.environment.snapshot.world.space(self.id) {
            let mut cursor = current.facts.cursor();
            while let Some(multiplicity) = cursor.next_entry() {
                if !space.contains(cursor.path()) {
                    edits.push(Edit::of_entry(Key::stored(cursor.path()), multiplicity, Delta::Set(0)));
                }
            }
        }
        let mut definitions = Vec::new();
        for (index, (path, multiplicity)) in space.iter().enumerate() {
            let atom = match multiplicity.record().and_then(|record| record.atom.clone()) {
                Some(atom) => atom,
                None => path::decode(&path).map_err(|error| WriteError::Path { index, error })?,
            };
            let delta = Delta::Set(multiplicity.get());
            with_encoder(|encoder| {
                let edit = Edit::new(encoder, atom.clone(), delta);
                if edit.key().as_bytes() != path {
                    return Err(WriteError::Misplaced { index });
                }
                if edit.keeps_atom() {
                    let order = multiplicity.record().map_or(u64::MAX, |record| record.order);
                    definitions.push((order, atom, delta));
                } else {
                    edits.push(edit);
                }
                Ok(())
            })?;
        }
        definitions.sort_by_key(|(order, ..)| *order);
        with_encoder(|encoder| {
            definitions
                .into_iter()
                .for_each(|(_, atom, delta)| edits.push(Edit::new(encoder, atom, delta)));
        });
        Ok(edits)
    }
}

/// What is applied as one: an edit, or a list of them.
trait Batch<T: Term> {
    /// Would it change nothing?
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
