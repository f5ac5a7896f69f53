//! The revision graph of an archive, and the states of its revisions.

use std::collections::HashMap;
use std::sync::Arc;

use super::error::ArchiveError;
use super::revision::{Revision, RevisionId};
use super::store::{Content, Store};
use super::{Archive, States};
use crate::env::{Environment, Snapshot};
use crate::history::{Dag, Links, Walk};
use crate::map::RandomState;
use crate::persist::block::FILE_HEADER;
use crate::persist::error::{Flaw, LoadError};
use crate::term::Term;

/// The revisions on disk. Each is read when a walk first sees it.
impl Dag for Store {
    type Link = RevisionId;
    type Node = Revision;
    type Key = RevisionId;
    type Hasher = RandomState;
    type Tie = RevisionId;
    type Error = ArchiveError;

    fn key(&self, link: &RevisionId) -> RevisionId {
        *link
    }

    fn key_of(&self, revision: &Revision) -> RevisionId {
        revision.id
    }

    fn load(&self, link: RevisionId) -> Result<Revision, ArchiveError> {
        self.revision(link)
    }

    fn generation(&self, revision: &Revision) -> u64 {
        revision.header.generation
    }

    fn tie(&self, revision: &Revision) -> RevisionId {
        revision.id
    }

    fn parents(&self, revision: &Revision) -> Links<RevisionId> {
        revision.parents.iter().copied().collect()
    }

    fn check_parent(&self, revision: &Revision, generation: u64) -> Result<(), ArchiveError> {
        if generation < revision.header.generation {
            return Ok(());
        }
        let source = LoadError::at(FILE_HEADER, Flaw::Order);
        let path = self.path(revision.id);
        Err(ArchiveError::Load { path, source })
    }
}

impl<T: Term> Archive<T> {
    /// Returns these revisions and their ancestors: children before parents.
    pub(super) fn ancestry(&self, ids: impl IntoIterator<Item = RevisionId>) -> Result<Vec<Revision>, ArchiveError> {
        self.store.ancestors(ids)
    }

    /// Whether `later` is the revision `id` or descends from it. Nothing descends from a missing revision.
    pub(super) fn is_ancestor(&self, id: RevisionId, later: RevisionId) -> Result<bool, ArchiveError> {
        match self.store.revision(id) {
            Ok(revision) => self.store.descends_from(later, id, revision.header.generation),
            Err(ArchiveError::Missing(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether two revisions have a common ancestor.
    pub(super) fn have_common_ancestor(&self, a: RevisionId, b: RevisionId) -> Result<bool, ArchiveError> {
        Ok(!self.store.latest_common([a], b)?.is_empty())
    }

    /// Removes duplicates, and revisions that are ancestors of others among these.
    pub(super) fn without_ancestors(&self, mut ids: Vec<RevisionId>) -> Result<Vec<RevisionId>, ArchiveError> {
        let mut seen = Vec::with_capacity(ids.len());
        ids.retain(|id| {
            let is_new = !seen.contains(id);
            seen.push(*id);
            is_new
        });
        if ids.len() > 1 {
            let mut redundant = self.store.redundant(&ids)?.into_iter();
            ids.retain(|_| redundant.next() == Some(false));
        }
        Ok(ids)
    }

    /// Returns the revisions of this archive that a state is marked with: those that it is or descends from.
    pub(super) fn origins(&self, state: &Arc<Snapshot<T>>) -> Result<Vec<RevisionId>, ArchiveError> {
        let mut origins = Vec::new();
        for id in state.marks().into_iter().map(RevisionId) {
            match self.store.revision(id) {
                Ok(_) => origins.push(id),
                // It belongs to another archive.
                Err(ArchiveError::Missing(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(origins)
    }

    /// Marks a state as the revision `id`, in place of that revision's ancestors.
    pub(super) fn mark_as(&self, state: &Arc<Snapshot<T>>, id: RevisionId) -> Result<(), ArchiveError> {
        let mut marks = state.marks();
        for origin in self.origins(state)? {
            if self.is_ancestor(origin, id)? {
                marks.remove(&origin.0);
            }
        }
        marks.insert(id.0);
        state.mark(marks);
        Ok(())
    }

    /// Returns the state `new` of the revision `id` as a version that descends from `old` in memory.
    pub(super) fn descend(
        &self,
        old: &Arc<Snapshot<T>>,
        new: Arc<Snapshot<T>>,
        id: RevisionId,
    ) -> Result<Arc<Snapshot<T>>, ArchiveError> {
        let mut environment = Environment::at(Arc::clone(old));
        environment.apply(&old.patch_to(&new));
        let state = environment.into_snapshot();
        self.mark_as(&state, id)?;
        Ok(state)
    }

    /// Returns the state of a revision: the last whole or cached one, with the patches since applied.
    pub(super) fn state(&self, id: RevisionId, states: &States<T>) -> Result<Arc<Snapshot<T>>, ArchiveError> {
        let mut patches = Vec::new();
        let mut at = id;
        let mut environment = loop {
            if let Some((_, state)) = states.values().find(|(cached, _)| *cached == at) {
                if at == id {
                    return Ok(Arc::clone(state));
                }
                break Environment::at(Arc::clone(state));
            }
            match self.store.get(at, &*self.codec)? {
                (_, Content::Whole(environment, _)) => break environment,
                (revision, Content::Patch(patch)) => {
                    patches.push(patch);
                    match revision.parents.first() {
                        Some(parent) => at = *parent,
                        None => return Err(ArchiveError::Misnamed(self.store.path(at))),
                    }
                }
            }
        };
        for patch in patches.iter().rev() {
            environment.apply(patch);
        }
        let state = environment.into_snapshot();
        self.mark_as(&state, id)?;
        Ok(state)
    }

    /// Returns the states of two revisions, as versions that are related in memory as they are in the archive.
    ///
    /// Loads the last revision that is on every path from the two to their ancestors, and applies the patches since to
    /// forks of it.
    pub(super) fn related(
        &self,
        ids: [RevisionId; 2],
        states: &States<T>,
    ) -> Result<[Arc<Snapshot<T>>; 2], ArchiveError> {
        let found = self.all_related(&ids, states)?;
        found.try_into().map_err(|_| ArchiveError::Missing(ids[0]))
    }

    /// Like [`related`](Self::related), for several revisions.
    pub(super) fn all_related(
        &self,
        ids: &[RevisionId],
        states: &States<T>,
    ) -> Result<Vec<Arc<Snapshot<T>>>, ArchiveError> {
        let mut walk = Walk::from(&self.store, ids.iter().copied())?;
        let mut since = Vec::new();
        while walk.len() > 1 {
            since.extend(walk.visit()?);
        }
        let mut found: HashMap<RevisionId, Arc<Snapshot<T>>> = HashMap::new();
        if let Some(last) = walk.pop() {
            found.insert(last.id, self.state(last.id, states)?);
        }
        for revision in since.into_iter().rev() {
            let parents = revision.parents.iter().filter_map(|id| found.get(id)).cloned();
            let parents: Vec<Arc<Snapshot<T>>> = parents.collect();
            let state = match self.store.get(revision.id, &*self.codec)?.1 {
                Content::Whole(whole, _) => child(&parents, whole),
                Content::Patch(patch) => {
                    let misnamed = || ArchiveError::Misnamed(self.store.path(revision.id));
                    let mut environment = Environment::at(Arc::clone(parents.first().ok_or_else(misnamed)?));
                    environment.apply(&patch);
                    let parents: Vec<_> = parents.iter().collect();
                    Arc::new(environment.snapshot().as_child_of(&parents))
                }
            };
            found.insert(revision.id, state);
        }
        ids.iter()
            .map(|id| found.get(id).cloned().ok_or(ArchiveError::Missing(*id)))
            .collect()
    }
}

/// Returns the content of an environment as a version with these parents in memory, which shares nodes with the first.
pub(super) fn child<T: Term>(parents: &[Arc<Snapshot<T>>], environment: Environment<T>) -> Arc<Snapshot<T>> {
    let environment = match parents.first() {
        Some(first) => {
            let mut child = Environment::at(Arc::clone(first));
            child.apply(&first.patch_to(environment.snapshot()));
            child
        }
        None => environment,
    };
    let parents: Vec<_> = parents.iter().collect();
    Arc::new(environment.snapshot().as_child_of(&parents))
}
