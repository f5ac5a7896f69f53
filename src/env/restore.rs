//! What a file needs to know of an environment, and how one is made again of what a file says.

use std::sync::Arc;

use super::apply::with_encoder;
use super::cell::{Cell, Content};
use super::facts::Key;
use super::history::{Base, Version, merge_base};
use super::id::SpaceId;
use super::record::{Index, Multiplicity, Record};
use super::snapshot::Snapshot;
use super::space::Space;
use super::world::World;
use super::{Environment, Ids};
use crate::map::Map;
use crate::term::{Term, path};

/// Why an atom that is read back doesn't belong where it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// Its path is another than the one beside it.
    Path,
    /// It is a definition without a number, or the other way round; or an atom that its path alone gives back.
    Kind,
    /// It is there already.
    Twice,
}

/// Is the atom of this path a rule or an annotation of a symbol?
pub(crate) fn is_definition<T: Term>(path: &[u8]) -> bool {
    Index::KEYWORDS.iter().any(|keyword| path.starts_with(keyword))
        && path::decode::<T>(path).is_ok_and(|atom| !matches!(Index::of(&atom), Index::None))
}

impl<T: Term> Space<T> {
    /// Shows the key, the multiplicity and, if it is kept, the atom and its definition number (or 0) of each entry, in the
    /// order of the keys.
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

    /// The greatest definition number that was given out.
    pub(crate) fn last_order(&self) -> u64 {
        self.next_order
    }

    /// Puts in plain facts with these keys: paths of no more than [`Key::LIMIT`] bytes, ascending, of atoms that are new,
    /// in no index and not opaque.
    pub(crate) fn restore_plain<'k>(&mut self, facts: impl IntoIterator<Item = (&'k [u8], Multiplicity<T>)>) {
        let total = &mut self.total;
        self.facts.extend_sorted(facts.into_iter().map(|(key, multiplicity)| {
            *total += u128::from(multiplicity.get());
            (Key::stored(key), multiplicity)
        }));
    }

    /// Puts in an atom that is kept beside its path, with its definition number, or 0 if it is in no index.
    pub(crate) fn restore_kept(&mut self, atom: T, path: &[u8], count: u64, order: u64) -> Result<(), Unfit> {
        let index = Index::of(&atom);
        with_encoder(|encoder| {
            let encoded = encoder.encode(&atom);
            if encoded.bytes != path {
                return Err(Unfit::Path);
            }
            let key = Key::new(encoded.bytes, encoded.cut);
            let is_definition = !matches!(index, Index::None);
            if is_definition != (order > 0) || !(is_definition || key.is_cut() || encoded.opaque) {
                return Err(Unfit::Kind);
            }
            let record = Arc::new(Record::new(count, order, Some(atom)));
            // Whoever has it twice is refused, so it doesn't matter that the first one is gone.
            if self
                .facts
                .insert(&key, Multiplicity::from(Arc::clone(&record)))
                .is_some()
            {
                return Err(Unfit::Twice);
            }
            self.reindex(&index, record);
            self.total += u128::from(count);
            self.next_order = self.next_order.max(order);
            Ok(())
        })
    }

    /// Definitions to come get numbers above this.
    pub(crate) fn restore_order(&mut self, last: u64) {
        self.next_order = self.next_order.max(last);
    }
}

impl<T: Term> Snapshot<T> {
    /// All named spaces, in the order of their ids.
    pub(crate) fn named_spaces(&self) -> Vec<(SpaceId, &Space<T>)> {
        let mut spaces: Vec<_> = self.world.spaces.iter().map(|(id, space)| (*id, &**space)).collect();
        spaces.sort_unstable_by_key(|(id, _)| *id);
        spaces
    }

    /// All cells and what they hold, in order.
    pub(crate) fn all_cells(&self) -> Vec<(Cell, &T)> {
        let mut cells: Vec<_> = self
            .world
            .cells
            .iter()
            .map(|(cell, content)| (*cell, &content.0))
            .collect();
        cells.sort_unstable_by_key(|(cell, _)| *cell);
        cells
    }
}

/// # Versions
impl<T: Term> Snapshot<T> {
    /// The same state, as a version that comes from these, of which none is there twice.
    pub(crate) fn as_child_of(&self, parents: &[&Arc<Self>]) -> Self {
        let version = if parents.is_empty() {
            Version::root()
        } else {
            Version::child_of_all(parents)
        };
        let edits = parents.iter().map(|parent| parent.edits).max();
        Self::with(self.world.clone(), version, edits.map_or(0, |edits| edits + 1))
    }

    /// The latest versions that both are or come from.
    pub(crate) fn common(self: &Arc<Self>, other: &Arc<Self>) -> Vec<Arc<Self>> {
        match merge_base(self, other) {
            Base::Left => vec![Arc::clone(self)],
            Base::Right => vec![Arc::clone(other)],
            Base::Common(bases) => bases,
        }
    }

    /// Are the two related, and has `self` something that `other` has not come from?
    pub(crate) fn is_ahead_of(self: &Arc<Self>, other: &Arc<Self>) -> bool {
        match merge_base(self, other) {
            Base::Left => false,
            // It may be the same state.
            Base::Right => matches!(merge_base(other, self), Base::Left),
            Base::Common(bases) => !bases.is_empty(),
        }
    }
}

impl<T: Term> Environment<T> {
    /// Says that this environment has all that `other` has, by a merge that was made by hand: from now on it comes from both,
    /// and its [`union`](Self::union) with `other` is itself. O(1).
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut base = Environment::<Atom>::new();
    /// let (mut ours, mut theirs) = (base.clone(), base.clone());
    /// ours.add_fact("(a)".parse()?);
    /// theirs.add_fact("(b)".parse()?);
    /// ours.apply(&base.diff(&theirs));
    /// ours.record_merge(&theirs);
    /// assert_eq!(ours.union(&theirs).len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn record_merge(&mut self, other: &Self) {
        let (ours, theirs) = (self.snapshot(), other.snapshot());
        if !matches!(merge_base(ours, theirs), Base::Right) {
            let mut merged = ours.as_child_of(&[ours, theirs]);
            // Ids of its own: the state it leaves goes on giving out those it gave.
            merged.world.ids = Ids::new(None);
            *self = Self::at(Arc::new(merged));
        }
    }

    /// An environment that holds this, related to no other.
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
