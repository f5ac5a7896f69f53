//! The content of a snapshot: its own space, named spaces and cells.

use std::sync::Arc;

use super::cache::PatternCache;
use super::carried::Carried;
use super::cell::{Cell, Cells};
use super::conflict::{Conflict, Resolver, Side, Subject, about_space};
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
    pub(crate) carried: Carried,
}

impl<T: Term> World<T> {
    pub(crate) fn empty() -> Self {
        Self {
            root: Space::default(),
            spaces: Map::new(),
            cells: Map::new(),
            ids: Ids::new(None),
            patterns: Arc::new(PatternCache::new()),
            carried: Carried::default(),
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

    /// Merges the changes of all spaces from `base` to `theirs`, and returns the conflicts: about spaces that one side removed
    /// and the other changed, and those of `disputed` that one side has. They are as in `self`. `disputed` ascends.
    pub(super) fn merge_spaces(
        &mut self,
        base: &Self,
        disputed: &[SpaceId],
        theirs: &Self,
        counts: Counts,
    ) -> Vec<SpaceConflict> {
        self.root.merge(&base.root, &theirs.root, counts);
        let mut conflicts = Vec::new();
        for change in base.spaces.diff(&theirs.spaces) {
            let (id, from, to) = match change {
                Change::Added { key, new } => (*key, None, Some(new)),
                Change::Removed { key, old } => (*key, Some(old), None),
                Change::Changed { key, old, new } => (*key, Some(old), Some(new)),
            };
            let is_disputed = disputed.binary_search(&id).is_ok();
            match (self.spaces.get_mut(&id), to) {
                (Some(ours), Some(theirs)) => {
                    let nothing = Arc::default();
                    Arc::make_mut(ours).merge(from.unwrap_or(&nothing), theirs, counts);
                }
                (None, Some(theirs)) if from.is_none() && !is_disputed => {
                    drop(self.spaces.insert(id, Arc::clone(theirs)))
                }
                (None, Some(_)) if !is_disputed => conflicts.push(SpaceConflict::new(id, Side::Ours)),
                (Some(ours), None) if !is_disputed => {
                    if from.is_some_and(|from| from == ours) {
                        self.spaces.remove(&id);
                    } else {
                        conflicts.push(SpaceConflict::new(id, Side::Theirs));
                    }
                }
                _ => {}
            }
        }
        for id in disputed {
            match (self.spaces.contains_key(id), theirs.spaces.contains_key(id)) {
                (true, false) => conflicts.push(SpaceConflict::new(*id, Side::Theirs)),
                (false, true) => conflicts.push(SpaceConflict::new(*id, Side::Ours)),
                _ => {}
            }
        }
        conflicts
    }

    /// Asks the resolver about these conflicts, and returns those that it gives up on.
    pub(super) fn settle_spaces(
        &mut self,
        conflicts: Vec<SpaceConflict>,
        disputed: &[SpaceId],
        theirs: &Self,
        resolver: &mut Resolver<'_, T>,
    ) -> Vec<Conflict<T>> {
        let asked = conflicts.into_iter().map(|SpaceConflict { id, missing }| {
            let is_disputed = disputed.binary_search(&id).is_ok();
            about_space(id, missing, is_disputed)
        });
        resolver.settle(asked.collect(), |subject, _| match subject {
            Subject::Space(id) => match theirs.spaces.get(&id) {
                Some(space) => drop(self.spaces.insert(id, Arc::clone(space))),
                None => drop(self.spaces.remove(&id)),
            },
            Subject::Cell(_) => unreachable!("these are spaces"),
        })
    }
}

/// A space that one side of a merge removed, and the other changed.
pub(super) struct SpaceConflict {
    pub(super) id: SpaceId,
    /// The side that removed it.
    missing: Side,
}

impl SpaceConflict {
    fn new(id: SpaceId, missing: Side) -> Self {
        Self { id, missing }
    }
}

/// The content of a virtual merge base: the union of several latest common ancestors.
pub(crate) struct VirtualBase<T: Term> {
    /// Disputed cells have arbitrary contents here, and disputed spaces those of the merge bases that have them.
    pub(super) world: World<T>,
    /// The rule by which multiplicities were merged.
    pub(super) counts: Counts,
    /// The cells without a base value, ascending.
    pub(super) disputed: Vec<Cell>,
    /// The spaces that some merge bases removed and others changed, ascending.
    pub(super) disputed_spaces: Vec<SpaceId>,
}

/// Two worlds are equal if their spaces and cells are. The ids that they will give out, and carried values, don't count.
impl<T: Term> PartialEq for World<T> {
    fn eq(&self, other: &Self) -> bool {
        self.root == other.root && self.spaces == other.spaces && self.cells == other.cells
    }
}
