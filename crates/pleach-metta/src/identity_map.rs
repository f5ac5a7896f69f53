//! A map keyed by the identity of expressions: by address, since comparing two expressions costs O(their size).
//!
//! Entries hold their expression, so an address can't be reused for another while it is a key.

use std::collections::HashMap;

use pleach::term::Atom;

/// Entries of the new generation before the old one is dropped. A program that descends level by level still finds its
/// recent levels after a turnover.
const GENERATION_SIZE: usize = 4096;

/// A bounded cache keyed by the identity of expressions, in two generations.
pub(crate) struct IdentityMap<T> {
    new: Entries<T>,
    old: Entries<T>,
}

type Entries<T> = HashMap<*const Atom, (Atom, T)>;

impl<T> Default for IdentityMap<T> {
    fn default() -> Self {
        Self {
            new: HashMap::new(),
            old: HashMap::new(),
        }
    }
}

impl<T> IdentityMap<T> {
    pub(crate) fn clear(&mut self) {
        self.new.clear();
        self.old.clear();
    }

    /// Returns the value of the expression with these items.
    pub(crate) fn get(&self, items: &[Atom]) -> Option<&T> {
        // Usually empty: skip hashing.
        if self.new.is_empty() {
            return None;
        }
        let address = items.as_ptr();
        let found = self.new.get(&address).or_else(|| self.old.get(&address));
        found.map(|(_, value)| value)
    }

    /// Inserts a value for an expression; ignores other atoms.
    pub(crate) fn insert(&mut self, atom: &Atom, value: T) {
        let Some(items) = atom.as_expression() else { return };
        if self.new.len() == GENERATION_SIZE {
            self.old = std::mem::take(&mut self.new);
        }
        self.new.insert(items.as_ptr(), (atom.clone(), value));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &(Atom, T)> {
        self.new.values().chain(self.old.values())
    }
}
