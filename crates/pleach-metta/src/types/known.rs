//! The types of large expressions that were asked for.
//!
//! A program that builds an expression level by level, as `(s (s … z))`, or takes it apart so, has its type checked at each
//! level. Each time, all but the outermost levels were looked at before; without this, n levels would take n² steps.

use smallvec::SmallVec;

use crate::address::ByAddress;
use crate::value::variables;
use pleach::env::SpaceId;
use pleach::term::Atom;

/// How many expressions must be looked at for the types of one, at least, that these are worth remembering.
const MANY: usize = 4;

/// The types of expressions, as of one state of the environment and in one of its spaces.
#[derive(Default)]
pub(crate) struct KnownTypes {
    epoch: u64,
    home: Option<SpaceId>,
    types: ByAddress<Known>,
}

/// The types of one expression.
pub(super) struct Known {
    pub(super) types: Box<[Atom]>,
    /// Was more looked at for them than definitions?
    pub(super) reads: bool,
}

impl KnownTypes {
    /// Forgets what was known in another state or space.
    pub(super) fn enter(&mut self, epoch: u64, home: Option<SpaceId>) {
        if (self.epoch, self.home) != (epoch, home) {
            self.clear();
            (self.epoch, self.home) = (epoch, home);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.types.clear();
    }

    pub(super) fn get(&self, atom: &Atom) -> Option<&Known> {
        self.types.get(atom.as_expression()?)
    }

    /// Remembers the types of an expression, if so many that had to be looked at are worth it, and if the types have no
    /// variable in common with it: those from `first` on are new. `reads` says whether
    /// more was looked at for them than definitions.
    pub(super) fn insert(&mut self, atom: &Atom, types: &[Atom], reads: bool, first: u64, looked_at: usize) -> bool {
        let apart = || {
            let mut of_types = SmallVec::new();
            types.iter().for_each(|of_type| variables(of_type, &mut of_types));
            of_types.iter().all(|variable| variable.id() >= first)
        };
        if looked_at < MANY || !(atom.is_ground() || apart()) {
            return false;
        }
        let types = types.into();
        self.types.insert(atom, Known { types, reads });
        true
    }

    /// What is remembered, for it takes memory.
    pub(crate) fn atoms(&self) -> impl Iterator<Item = &Atom> {
        let entries = self.types.iter();
        entries.flat_map(|(atom, known)| std::iter::once(atom).chain(&*known.types))
    }
}
