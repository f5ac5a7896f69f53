//! Walks through the history of an archive.

use std::collections::{BTreeSet, BinaryHeap, HashMap};
use std::sync::Arc;

use super::commit::child;
use super::store::Content;
use super::{Archive, ArchiveError, Revision, RevisionId, States};
use crate::env::{Environment, Snapshot};
use crate::persist::{Flaw, LoadError};
use crate::term::Term;

/// Revisions to be visited, latest generation first, each once.
#[derive(Default)]
struct Queue {
    /// The generation, which decides, and the id.
    heap: BinaryHeap<(u64, RevisionId)>,
    revisions: HashMap<RevisionId, Revision>,
    known: BTreeSet<RevisionId>,
}

impl Queue {
    fn add<T: Term>(&mut self, archive: &Archive<T>, id: RevisionId) -> Result<(), ArchiveError> {
        if self.known.insert(id) {
            let revision = archive.store.revision(id)?;
            self.heap.push((revision.head.generation, id));
            self.revisions.insert(id, revision);
        }
        Ok(())
    }

    /// The next one. Its parents are added.
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
                && parent.head.generation >= generation
            {
                let error = LoadError::at(12, Flaw::Order);
                let path = archive.store.path(id);
                return Err(ArchiveError::Load { path, error });
            }
        }
        Ok(Some(revision))
    }
}

impl<T: Term> Archive<T> {
    /// All revisions that these come from, and themselves: each before those that it comes from.
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

    /// Is `later` this revision, or does it come from it? From one that is not there, nothing comes.
    pub(super) fn leads_to(&self, id: RevisionId, later: RevisionId) -> Result<bool, ArchiveError> {
        let oldest = match self.store.revision(id) {
            Ok(revision) => revision.head.generation,
            Err(ArchiveError::Missing(_)) => return Ok(false),
            Err(error) => return Err(error),
        };
        let mut queue = Queue::default();
        queue.add(self, later)?;
        while let Some(revision) = queue.next(self)? {
            if revision.id == id {
                return Ok(true);
            }
            if revision.head.generation <= oldest {
                queue.heap.retain(|(generation, _)| *generation >= oldest);
            }
        }
        Ok(false)
    }

    /// Have the two revisions something in common?
    pub(super) fn are_akin(&self, a: RevisionId, b: RevisionId) -> Result<bool, ArchiveError> {
        let of_a: BTreeSet<_> = self.ancestry([a])?.into_iter().map(|revision| revision.id).collect();
        Ok(self.ancestry([b])?.iter().any(|revision| of_a.contains(&revision.id)))
    }

    /// These without those that others among them come from, each once.
    pub(super) fn latest(&self, ids: Vec<RevisionId>) -> Result<Vec<RevisionId>, ArchiveError> {
        let mut latest: Vec<RevisionId> = Vec::new();
        'ids: for id in ids {
            for other in &latest {
                if self.leads_to(id, *other)? {
                    continue 'ids;
                }
            }
            let mut kept = Vec::new();
            for other in latest {
                if !self.leads_to(other, id)? {
                    kept.push(other);
                }
            }
            kept.push(id);
            latest = kept;
        }
        Ok(latest)
    }

    /// The revisions of this archive that a state is or comes from.
    pub(super) fn origins(&self, state: &Arc<Snapshot<T>>) -> Result<Vec<RevisionId>, ArchiveError> {
        let mut origins = Vec::new();
        for id in state.marks().into_iter().map(RevisionId) {
            match self.store.revision(id) {
                Ok(_) => origins.push(id),
                // It is one of another archive.
                Err(ArchiveError::Missing(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(origins)
    }

    /// This state is kept as that revision.
    pub(super) fn keep(&self, state: &Arc<Snapshot<T>>, id: RevisionId) -> Result<(), ArchiveError> {
        let mut marks = state.marks();
        for origin in self.origins(state)? {
            if self.leads_to(origin, id)? {
                marks.remove(&origin.0);
            }
        }
        marks.insert(id.0);
        state.mark(marks);
        Ok(())
    }

    /// The state `new`, of this revision, as one that comes from `old` in memory too: unless `old` has a space that `new`
    /// lacks.
    pub(super) fn after(
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
        self.keep(&state, id)?;
        Ok(state)
    }

    /// What a revision holds: the last whole one, or one in memory, and the patches since.
    pub(super) fn state(&self, id: RevisionId, states: &States<T>) -> Result<Arc<Snapshot<T>>, ArchiveError> {
        let mut patches = Vec::new();
        let mut at = id;
        let mut environment = loop {
            if let Some((_, state)) = states.values().find(|(known, _)| *known == at) {
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
        self.keep(&state, id)?;
        Ok(state)
    }

    /// What two revisions hold, as versions that are related in memory as they are in the archive.
    ///
    /// The last revision that all ways from the two lead through is loaded, and what happened since is done to forks
    /// of it.
    pub(super) fn related(
        &self,
        ids: [RevisionId; 2],
        states: &States<T>,
    ) -> Result<[Arc<Snapshot<T>>; 2], ArchiveError> {
        let found = self.all_related(&ids, states)?;
        found.try_into().map_err(|_| ArchiveError::Missing(ids[0]))
    }

    /// As [`related`](Self::related), of several.
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
