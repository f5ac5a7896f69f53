//! Walks through the history of an archive.

use std::collections::{BTreeSet, BinaryHeap, HashMap};
use std::sync::Arc;

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

    /// Is `later` this revision, or does it come from it?
    pub(super) fn leads_to(&self, id: RevisionId, later: RevisionId) -> Result<bool, ArchiveError> {
        let oldest = self.store.revision(id)?.head.generation;
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

    /// What a revision holds: the last whole one, or one in memory, and the patches since.
    pub(super) fn state(&self, id: RevisionId, states: &States<T>) -> Result<Arc<Snapshot<T>>, ArchiveError> {
        let mut patches = Vec::new();
        let mut at = id;
        let mut environment = loop {
            if let Some((_, state)) = states.values().find(|(known, _)| *known == at) {
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
        Ok(environment.into_snapshot())
    }

    /// What two revisions hold, as versions that are related in memory as they are in the archive.
    ///
    /// The last revision that all ways from the two lead through is loaded, and what happened since is done to forks
    /// of it.
    pub(super) fn related(
        &self,
        [a, b]: [RevisionId; 2],
        states: &States<T>,
    ) -> Result<[Arc<Snapshot<T>>; 2], ArchiveError> {
        let mut queue = Queue::default();
        queue.add(self, a)?;
        queue.add(self, b)?;
        let mut since = Vec::new();
        while queue.heap.len() > 1 {
            since.extend(queue.next(self)?);
        }
        let mut found: HashMap<RevisionId, Arc<Snapshot<T>>> = HashMap::new();
        if let Some((_, last)) = queue.heap.pop() {
            found.insert(last, self.state(last, states)?);
        }
        for revision in since.into_iter().rev() {
            let parents: Vec<_> = revision.parents.iter().filter_map(|id| found.get(id)).collect();
            let first = parents.first().map(|first| Environment::at(Arc::clone(first)));
            let patch = match self.store.get(revision.id, &*self.codec)?.1 {
                Content::Patch(patch) => Ok(patch),
                Content::Whole(whole) => match &first {
                    // So that it shares memory with its parent.
                    Some(first) => first.snapshot().patch_to(whole.snapshot()).ok_or(whole),
                    None => Err(whole),
                },
            };
            let environment = match (patch, first) {
                (Ok(patch), Some(mut first)) => {
                    first.apply(&patch);
                    first
                }
                (Ok(_), None) => return Err(ArchiveError::Misnamed(self.store.path(revision.id))),
                (Err(whole), _) => whole,
            };
            let state = environment.snapshot().as_child_of(&parents);
            found.insert(revision.id, Arc::new(state));
        }
        let state = |id| found.get(&id).cloned().ok_or(ArchiveError::Missing(id));
        Ok([state(a)?, state(b)?])
    }
}
