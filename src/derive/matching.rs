//! An index of patterns by head, which finds those that a fact may match.

use std::collections::HashMap;

use crate::env::Head;
use crate::term::Term;

/// Values by the patterns that they are about.
pub(super) struct ByHead<V> {
    headed: HashMap<Head, Vec<V>>,
    /// Those of patterns that facts of any head may match.
    open: Vec<V>,
}

impl<V> Default for ByHead<V> {
    fn default() -> Self {
        Self {
            headed: HashMap::new(),
            open: Vec::new(),
        }
    }
}

impl<V> ByHead<V> {
    pub(super) fn insert<T: Term>(&mut self, pattern: &T, value: V) {
        match Head::of(pattern) {
            Some(head) => self.headed.entry(head).or_default().push(value),
            None => self.open.push(value),
        }
    }

    /// Those of all patterns that may unify with `term`, and perhaps of others.
    pub(super) fn candidates<T: Term>(&self, term: &T) -> impl Iterator<Item = &V> {
        let (one, all) = match Head::of(term) {
            Some(head) => (self.headed.get(&head), None),
            None => (None, Some(self.headed.values().flatten())),
        };
        one.into_iter()
            .flatten()
            .chain(all.into_iter().flatten())
            .chain(&self.open)
    }
}
