//! What is known of expressions by where they are in memory, not by what they are: to compare two would take as long as they
//! are large. Both are held, so that an address is that of one expression as long as it is here.

use std::collections::HashMap;

use pleach::term::Atom;

/// When so many new ones are known, those from before are forgotten: what a program goes through level by level is still known
/// for as many levels, and need not be looked at anew before.
const MOST: usize = 4096;

/// Something about expressions, by address.
pub(super) struct ByAddress<T> {
    new: Entries<T>,
    old: Entries<T>,
}

type Entries<T> = HashMap<*const Atom, (Atom, T)>;

impl<T> Default for ByAddress<T> {
    fn default() -> Self {
        Self {
            new: HashMap::new(),
            old: HashMap::new(),
        }
    }
}

impl<T> ByAddress<T> {
    pub(super) fn clear(&mut self) {
        self.new.clear();
        self.old.clear();
    }

    /// What is known of the expression of these items.
    pub(super) fn get(&self, items: &[Atom]) -> Option<&T> {
        // Mostly there are none, and then nothing is hashed.
        if self.new.is_empty() {
            return None;
        }
        let address = items.as_ptr();
        let found = self.new.get(&address).or_else(|| self.old.get(&address));
        found.map(|(_, known)| known)
    }

    /// Nothing is known of what is no expression.
    pub(super) fn insert(&mut self, atom: &Atom, known: T) {
        let Some(items) = atom.as_expression() else { return };
        if self.new.len() == MOST {
            self.old = std::mem::take(&mut self.new);
        }
        self.new.insert(items.as_ptr(), (atom.clone(), known));
    }

    /// All that is held.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(Atom, T)> {
        self.new.values().chain(self.old.values())
    }
}
