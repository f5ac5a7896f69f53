//! A cache of the types of large expressions.
//!
//! A program that builds or takes apart an expression level by level, as `(s (s … z))`, has its type checked at each
//! level. Without the cache, n levels would take O(n²) steps.

use smallvec::SmallVec;

use crate::identity_map::IdentityMap;
use crate::traversal::variables;
use pleach::env::SpaceId;
use pleach::term::Atom;

/// Subexpressions visited, from which on types are cached.
const MIN_CACHED_SIZE: usize = 4;

/// Types of expressions, valid for one normal stamp and home space.
#[derive(Default)]
pub(crate) struct TypeCache {
    epoch: u64,
    home: Option<SpaceId>,
    types: IdentityMap<CachedTypes>,
}

/// The types of one expression.
pub(crate) struct CachedTypes {
    pub(crate) types: Box<[Atom]>,
    /// Whether computing them tracked a read.
    pub(crate) reads: bool,
}

impl TypeCache {
    /// Clears the cache if it was filled under another stamp or home.
    pub(crate) fn validate(&mut self, epoch: u64, home: Option<SpaceId>) {
        if (self.epoch, self.home) != (epoch, home) {
            self.clear();
            (self.epoch, self.home) = (epoch, home);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.types.clear();
    }

    pub(crate) fn get(&self, atom: &Atom) -> Option<&CachedTypes> {
        self.types.get(atom.as_expression()?)
    }

    /// Caches the types of an expression if computing them visited enough subexpressions, and if they share no variable
    /// with it: variables with ids from `first` on are new. `reads` tells whether a read was tracked. Returns whether
    /// it cached them.
    pub(crate) fn insert(&mut self, atom: &Atom, types: &[Atom], reads: bool, first: u64, visited: usize) -> bool {
        let apart = || {
            let mut of_types = SmallVec::new();
            types.iter().for_each(|of_type| variables(of_type, &mut of_types));
            of_types.iter().all(|variable| variable.id() >= first)
        };
        if visited < MIN_CACHED_SIZE || !(atom.is_ground() || apart()) {
            return false;
        }
        let types = types.into();
        self.types.insert(atom, CachedTypes { types, reads });
        true
    }

    /// Returns the cached atoms, to measure their memory.
    pub(crate) fn atoms(&self) -> impl Iterator<Item = &Atom> {
        let entries = self.types.iter();
        entries.flat_map(|(atom, known)| std::iter::once(atom).chain(&*known.types))
    }
}
