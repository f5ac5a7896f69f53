//! The content of a snapshot: its own space, named spaces and cells.

use std::sync::Arc;

use super::cache::PatternCache;
use super::cell::{Cell, Cells};
use super::conflict::{Conflict, Resolve, merge_cells};
use super::edit::Counts;
use super::id::{Ids, SpaceId};
use super::space::Space;
use crate::map::{Change, Map};
use crate::term::Term;

/// The content of one snapshot. Cloning it is O(1).
#[derive(Clone)]
pub(crate) struct World<T: Term> {
    /// The space that the environment's own methods read and write.
    pub(crate) root: Space<T>,
    pub(crate) spaces: Map<SpaceId, Arc<Space<T>>>,
    pub(crate) cells: Cells<T>,
    pub(crate) ids: Ids,
    /// Shared with all forks.
    pub(crate) patterns: Arc<PatternCache<T>>,
}

impl<T: Term> World<T> {
    pub(crate) fn empty() -> Self {
        Self {
            root: Space::default(),
            spaces: Map::new(),
            cells: Map::new(),
            ids: Ids::new(None),
            patterns: Arc::new(PatternCache::new()),
        }
    }

    /// The space of this id, or the root.
    pub(crate) fn space(&self, id: Option<SpaceId>) -> Option<&Space<T>> {
        match id {
            None => Some(&self.root),
            Some(id) => self.spaces.get(&id).map(|space| &**space),
        }
    }

    /// The space of this id, or the root, for writing.
    pub(crate) fn space_mut(&mut self, id: Option<SpaceId>) -> Option<&mut Space<T>> {
        match id {
            None => Some(&mut self.root),
            Some(id) => self.spaces.get_mut(&id).map(Arc::make_mut),
        }
    }

    /// Merges the changes from `base` to `theirs`, and returns the conflicts that `resolve` gave up on. The cells in `disputed`,
    /// which ascend, have no base value. O(d · log n) for d changes.
    pub(super) fn merge(
        &mut self,
        base: &Self,
        disputed: &[Cell],
        theirs: &Self,
        counts: Counts,
        resolve: Resolve<'_, T>,
    ) -> Vec<Conflict<T>> {
        self.merge_spaces(base, theirs, counts);
        merge_cells(&mut self.cells, &base.cells, disputed, &theirs.cells, resolve)
    }

    /// Merges the changes of all spaces from `base` to `theirs`.
    pub(super) fn merge_spaces(&mut self, base: &Self, theirs: &Self, counts: Counts) {
        self.root.merge(&base.root, &theirs.root, counts);
        for change in base.spaces.diff(&theirs.spaces) {
            let (Change::Added { key, new } | Change::Changed { key, new, .. }) = change else {
                continue;
            };
            let nothing = Arc::default();
            let from = base.spaces.get(key).unwrap_or(&nothing);
            Arc::make_mut(self.spaces.get_or_insert_with(*key, Arc::default)).merge(from, new, counts);
        }
    }
}

/// The content of a virtual merge base: the union of several latest common ancestors.
pub(crate) struct VirtualBase<T: Term> {
    /// Disputed cells have arbitrary contents here.
    pub(super) world: World<T>,
    /// The cells without a base value, ascending.
    pub(super) disputed: Vec<Cell>,
}

/// Two worlds are equal if their spaces and cells are. The ids that they will give out don't count.
impl<T: Term> PartialEq for World<T> {
    fn eq(&self, other: &Self) -> bool {
        self.root == other.root && self.spaces == other.spaces && self.cells == other.cells
    }
}
