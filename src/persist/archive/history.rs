//! The revision graph of an archive, and the states of its revisions.

use std::collections::{BTreeSet, BinaryHeap, HashMap};
use std::sync::Arc;

use super::error::ArchiveError;
use super::revision::{Revision, RevisionId};
use super::store::Content;
use super::{Archive, States};
use crate::env::{Environment, Snapshot};
use crate::persist::block::FILE_HEADER;
use crate::persist::error::{Flaw, LoadError};
use crate::term::Term;

/// A queue of revisions to visit, latest generation first, each once.
#[derive(Default)]
struct Queue {
    /// Ordered by generation, then by id.
    heap: BinaryHeap<(u64, RevisionId)>,
    revisions: HashMap<RevisionId, Revision>,
    known: BTreeSet<RevisionId>,
}

impl Queue {
    fn add<T: Term>(&mut self, archive: &Archive<T>, id: RevisionId) -> Result<(), ArchiveError> {
        if self.known.insert(id) {
            let revision = archive.store.revision(id)?;
            self.heap.push((revision.header.generation, id));
            self.revisions.insert(id, revision);
        }
        Ok(())
    }

    /// Removes the revision of the latest generation, and adds its parents.
    fn next<T: Term>(&mut self, archive: &Archive<T>) -> Result<Option<Revision>, ArchiveError> {
        let Some((generation, id)) = self.heap.pop() else {
            return Ok(None);
        };
        let Some(revision) = self.revisions.remove(&id) else {
            return Ok(None);
        };
        for parent in &revision.parents {
            self.add(archive, *parent)?;
            if let Some(parent) = self.revisions.get(parent)
                && parent.header.generation >= generation
            {
                let source = LoadError::at(FILE_HEADER, Flaw::Order);
                let path = archive.store.path(id);
                return Err(ArchiveError::Load { path, source });
            }
        }
        Ok(Some(revision))
    }
}

impl<T: Term> Archive<T> {
    /// Returns these revisions and their ancestors: children before parents.
    pub(super) fn ancestry(&self, ids: impl IntoIterator<Item = RevisionId>) -> Result<Vec<Revision>, ArchiveError> {
        let mut queue = Queue::default();
        for id in ids {
            queue.add(self, id)?;
        }
        let mut found = Vec::new();
        while let Some(revision) = queue.next(self)? {
            found.push(revision);
        }
        Ok(found)
    }

    /// Whether `later` is the revision `id` or descends from it. Nothing descends from a missing revision.
    pub(super) fn is_ancestor(&self, id: RevisionId, later: RevisionId) -> Result<bool, ArchiveError> {
        let oldest = match self.store.revision(id) {
            Ok(revision) => revision.header.generation,
            Err(ArchiveError::Missing(_)) => return Ok(false),
            Err(error) => return Err(error),
        };
        let mut queue = Queue::default();
        queue.add(self, later)?;
        while let Some(revision) = queue.next(self)? {
            if revision.id == id {
                return Ok(true);
            }
            if revision.header.generation <= oldest {
                queue.heap.retain(|(generation, _)| *generation >= oldest);
            }
        }
        Ok(false)
    }

    /// Whether two revisions have a common ancestor.
    pub(super) fn have_common_ancestor(&self, a: RevisionId, b: RevisionId) -> Result<bool, ArchiveError> {
        let of_a: BTreeSet<_> = self.ancestry([a])?.into_iter().map(|revision| revision.id).collect();
        Ok(self.ancestry([b])?.iter().any(|revision| of_a.contains(&revision.id)))
    }

    /// Removes duplicates, and revisions that are ancestors of others among these.
    pub(super) fn without_ancestors(&self, ids: Vec<RevisionId>) -> Result<Vec<RevisionId>, ArchiveError> {
        let mut latest: Vec<RevisionId> = Vec::new();
        'ids: for id in ids {
            for other in &latest {
                if self.is_ancestor(id, *other)? {
                    continue 'ids;
                }
            }
            let mut kept = Vec::new();
            for other in latest {
                if !self.is_ancestor(other, id)? {
                    kept.push(other);
                }
            }
            kept.push(id);
            latest = kept;
        }
        Ok(latest)
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

    /// Returns the state `new` of the revision `id` as a version that descends from `old` in memory, unless `old` has a
    /// space that `new` lacks.
    pub(super) fn descend(
        &self,
        old: &Arc<Snapshot<T>>,
        new: Arc<Snapshot<T>>,
        id: RevisionId,
    ) -> Result<Arc<Snapshot<T>>, ArchiveError> {
        let state = match old.patch_to(&new) {
            Some(patch) => {
                let mut environment = Environment::at(Arc::clone(old));
                environment.apply(&patch);
                environment.into_snapshot()
            }
            None => new,
        };
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
                (_, Content::Whole(environment)) => break environment,
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
        let mut queue = Queue::default();
        for id in ids {
            queue.add(self, *id)?;
        }
        let mut since = Vec::new();
        while queue.heap.len() > 1 {
            since.extend(queue.next(self)?);
        }
        let mut found: HashMap<RevisionId, Arc<Snapshot<T>>> = HashMap::new();
        if let Some((_, last)) = queue.heap.pop() {
            found.insert(last, self.state(last, states)?);
        }
        for revision in since.into_iter().rev() {
            let parents = revision.parents.iter().filter_map(|id| found.get(id)).cloned();
            let parents: Vec<Arc<Snapshot<T>>> = parents.collect();
            let state = match self.store.get(revision.id, &*self.codec)?.1 {
                Content::Whole(whole) => child(&parents, whole),
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
    let patch = parents
        .first()
        .and_then(|first| Some((first, first.patch_to(environment.snapshot())?)));
    let environment = match patch {
        Some((first, patch)) => {
            let mut child = Environment::at(Arc::clone(first));
            child.apply(&patch);
            child
        }
        None => environment,
    };
    let parents: Vec<_> = parents.iter().collect();
    Arc::new(environment.snapshot().as_child_of(&parents))
}
