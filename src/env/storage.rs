//! The interface of files: reading the entries of an environment, and building one from them.

use std::ops::Bound;
use std::sync::Arc;

use super::cell::{Cell, Content};
use super::environment::Environment;
use super::id::{Ids, SpaceId, SpaceKind};
use super::record::{Index, Multiplicity, Record, sorted};
use super::snapshot::Snapshot;
use super::space::Space;
use super::world::World;
use crate::history::Version;
use crate::map::Map;
use crate::term::Term;
use crate::term::path::{self, with_encoder};

/// The minimum number of facts that are added at once, which visits all nodes on the way to them.
const MIN_UNITED: usize = 256;

/// Why an entry of a file is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InvalidEntry {
    /// The atom has another path.
    Path,
    /// A definition without a number, an atom with one that isn't a definition, or one that is decoded from its path.
    Kind,
    /// The atom occurs twice.
    Twice,
}

/// Whether the atom with this path is a rule or an annotation of a symbol, in a space of this kind.
pub(crate) fn is_definition<T: Term>(path: &[u8], kind: SpaceKind) -> bool {
    kind == SpaceKind::Program
        && Index::KEYWORDS.iter().any(|keyword| path.starts_with(keyword))
        && path::decode::<T>(path).is_ok_and(|atom| !matches!(Index::of(&atom, kind), Index::None))
}

/// Whether the atom itself is stored beside its multiplicity.
fn is_kept<T>(multiplicity: &Multiplicity<T>) -> bool {
    multiplicity.record().is_some_and(|record| record.atom.is_some())
}

impl<T: Term> Space<T> {
    /// Calls `show` for each entry, in the order of keys, with its key, its multiplicity and, if the atom is kept, the atom and
    /// its definition number or 0.
    pub(crate) fn each_entry<'a, E>(
        &'a self,
        mut show: impl FnMut(&[u8], u64, Option<(&'a T, u64)>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut cursor = self.facts.cursor();
        while let Some(multiplicity) = cursor.next_entry() {
            let kept = multiplicity
                .record()
                .and_then(|record| Some((record.atom.as_ref()?, record.order)));
            show(cursor.path(), multiplicity.get(), kept)?;
        }
        Ok(())
    }

    /// Calls `show` for each plain fact with a key from `lower` on and before `upper`, in the order of keys, with its key and its
    /// multiplicity.
    pub(crate) fn each_plain<E>(
        &self,
        lower: &[u8],
        upper: Option<&[u8]>,
        mut show: impl FnMut(&[u8], u64) -> Result<(), E>,
    ) -> Result<(), E> {
        let upper = upper.map_or(Bound::Unbounded, Bound::Excluded);
        for (key, multiplicity) in self.facts.range::<&[u8]>((Bound::Included(lower), upper)) {
            if !is_kept(multiplicity) {
                show(&key, multiplicity.get())?;
            }
        }
        Ok(())
    }

    /// Returns the multiplicity of the plain fact with this key; 0 for other atoms. O(size).
    pub(crate) fn plain_multiplicity(&self, key: &[u8]) -> u64 {
        let found = self.facts.get(key).filter(|multiplicity| !is_kept(multiplicity));
        found.map_or(0, Multiplicity::get)
    }

    /// Returns the greatest definition number that was given out.
    pub(crate) fn last_order(&self) -> u64 {
        self.next_order
    }

    /// Adds plain facts with these ascending keys, which are greater than those before: paths of new atoms without records.
    pub(crate) fn restore_plain<'k>(&mut self, facts: impl IntoIterator<Item = (&'k [u8], Multiplicity<T>)>) {
        let facts = sorted(
            facts
                .into_iter()
                .inspect(|(_, multiplicity)| self.total += u128::from(multiplicity.get())),
        );
        if facts.len() < MIN_UNITED {
            for (key, multiplicity) in &facts {
                self.facts.insert(key, multiplicity.clone());
            }
        } else {
            self.facts = self.facts.union_with(&facts, |_, known, _| known.clone());
        }
    }

    /// Sets the multiplicities of plain facts, `None` for an absent one, among facts that were restored so far.
    pub(crate) fn restore_changed<'k>(&mut self, facts: impl IntoIterator<Item = (&'k [u8], Option<Multiplicity<T>>)>) {
        for (key, multiplicity) in facts {
            let now = multiplicity.as_ref().map_or(0, Multiplicity::get);
            let before = match multiplicity {
                Some(multiplicity) => self.facts.insert(key, multiplicity),
                None => self.facts.remove(key),
            };
            self.total += u128::from(now);
            self.total -= u128::from(before.as_ref().map_or(0, Multiplicity::get));
        }
    }

    /// Adds an atom with a record, and its definition number, or 0 if it is in no index.
    pub(crate) fn restore_kept(&mut self, atom: T, path: &[u8], count: u64, order: u64) -> Result<(), InvalidEntry> {
        let index = Index::of(&atom, self.kind);
        with_encoder(|encoder| {
            let encoded = encoder.encode(&atom);
            if encoded.bytes != path {
                return Err(InvalidEntry::Path);
            }
            let is_definition = !matches!(index, Index::None);
            if is_definition != (order > 0) || !(is_definition || encoded.opaque) {
                return Err(InvalidEntry::Kind);
            }
            let record = Arc::new(Record::new(count, order, Some(atom)));
            // The whole file is rejected then, so the lost entry doesn't matter.
            if self
                .facts
                .insert(encoded.bytes, Multiplicity::from(Arc::clone(&record)))
                .is_some()
            {
                return Err(InvalidEntry::Twice);
            }
            self.reindex(&index, record);
            self.total += u128::from(count);
            self.next_order = self.next_order.max(order);
            Ok(())
        })
    }

    /// Sets the number above which later definitions are numbered.
    pub(crate) fn restore_order(&mut self, last: u64) {
        self.next_order = self.next_order.max(last);
    }
}

impl<T: Term> Environment<T> {
    /// Builds an environment, related to no other.
    pub(crate) fn restored(root: Space<T>, spaces: Vec<(SpaceId, Space<T>)>, cells: Vec<(Cell, T)>) -> Self {
        let world = World {
            root,
            spaces: spaces.into_iter().map(|(id, space)| (id, Arc::new(space))).collect(),
            cells: cells
                .into_iter()
                .map(|(cell, content)| (cell, Content(content)))
                .collect::<Map<_, _>>(),
            ids: Ids::new(None),
            ..World::empty()
        };
        Self::at(Arc::new(Snapshot::with(world, Version::root(), 0)))
    }
}
