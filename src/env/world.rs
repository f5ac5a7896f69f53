//! All that a snapshot holds: the atoms, and beside them named spaces and cells.

use std::sync::Arc;

use super::cache::PatternCache;
use super::cell::{self, Cell, Cells, Conflict, Resolve};
use super::id::{Ids, SpaceId};
use super::space::Space;
use crate::map::{Change, Map};
use crate::term::Term;

/// What one snapshot holds. Cloning it is O(1).
#[derive(Clone)]
pub(crate) struct World<T: Term> {
    /// The space that the environment's own reads and writes are about.
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

    /// The space of this id, or the root, to be written.
    pub(crate) fn space_mut(&mut self, id: Option<SpaceId>) -> Option<&mut Space<T>> {
        match id {
            None => Some(&mut self.root),
            Some(id) => self.spaces.get_mut(&id).map(Arc::make_mut),
        }
    }

    /// Applies what leads from `base` to `theirs`, and returns the conflicts that `resolve` gave up on. `disputed`, which
    /// ascend, have no base value. Costs what `theirs` changed.
    pub(super) fn merge(
        &mut self,
        base: &Self,
        disputed: &[Cell],
        theirs: &Self,
        resolve: Resolve<'_, T>,
    ) -> Vec<Conflict<T>> {
        self.merge_spaces(base, theirs);
        cell::merge(&mut self.cells, &base.cells, disputed, &theirs.cells, resolve)
    }

    /// As [`merge`](Self::merge), without the cells.
    pub(super) fn merge_spaces(&mut self, base: &Self, theirs: &Self) {
        self.root.merge(&base.root, &theirs.root);
        for change in base.spaces.diff(&theirs.spaces) {
            let (Change::Added { key, new } | Change::Changed { key, new, .. }) = change else {
                continue;
            };
            let nothing = Arc::default();
            let from = base.spaces.get(key).unwrap_or(&nothing);
            Arc::make_mut(self.spaces.get_or_insert_with(*key, Arc::default)).merge(from, new);
        }
    }
}

/// Two worlds are equal if they hold the same: all but the names they will give.
impl<T: Term> PartialEq for World<T> {
    fn eq(&self, other: &Self) -> bool {
        self.root == other.root && self.spaces == other.spaces && self.cells == other.cells
    }
}
