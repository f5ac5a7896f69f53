//! Verification of an archive, and removal of unreachable files.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use super::Archive;
use super::chunk::ChunkId;
use super::error::ArchiveError;
use super::ref_name::RefKind;
use super::revision::{Revision, RevisionId};
use super::store::{Content, is_temporary};
use crate::persist::block::FILE_HEADER;
use crate::persist::error::{Flaw, LoadError};
use crate::term::Term;

/// The result of [`Archive::verify`].
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Verification {
    /// Number of valid revisions.
    pub revisions: usize,
    /// Number of valid branches and tags.
    pub names: usize,
    /// Corrupt and missing files.
    pub problems: Vec<ArchiveError>,
    /// Files that aren't reachable from a name: revisions of removed names, chunks of these, files that a crash left, and other files.
    pub unreachable: Vec<PathBuf>,
}

/// # Maintenance
impl<T: Term> Archive<T> {
    /// Verifies every file and reports corrupt and missing ones. Valid revisions can be checked out. O(n) for the size
    /// of all files, and the same again if there are problems; takes memory for one revision at a time.
    ///
    /// A commit in progress in another process is reported as unreachable.
    ///
    /// # Errors
    /// If the folder itself can't be read. Errors of files in it are in [`Verification::problems`].
    pub fn verify(&self) -> Result<Verification, ArchiveError> {
        let mut before = HashSet::new();
        loop {
            let mut found = self.verify_once()?;
            let now: HashSet<String> = found.problems.iter().map(ToString::to_string).collect();
            // A revision may have been pruned after its name was read and removed. What is wrong is found twice.
            found.problems.retain(|problem| before.contains(&problem.to_string()));
            if now.is_empty() || !found.problems.is_empty() {
                return Ok(found);
            }
            before = now;
        }
    }

    fn verify_once(&self) -> Result<Verification, ArchiveError> {
        let mut found = Verification::default();
        // Names first: each is written after its revision.
        let mut named = Vec::new();
        for (kind, name) in self.store.list()?.names {
            match self.store.target(kind, &name) {
                Ok(Some(id)) => named.push(id),
                Ok(None) => {}
                Err(problem) => found.problems.push(problem),
            }
        }
        let listing = self.store.list()?;
        found.unreachable = listing.others;
        let mut valid: HashMap<RevisionId, Revision> = HashMap::new();
        let mut listed: HashSet<RevisionId> = HashSet::new();
        let mut chunks: HashMap<RevisionId, Vec<ChunkId>> = HashMap::new();
        for id in listing.revisions {
            match self.store.get::<T>(id, &*self.codec) {
                Ok((revision, content)) => {
                    if let Content::Whole(_, used) = content {
                        chunks.insert(id, used);
                    }
                    valid.insert(id, revision);
                }
                // It was pruned; references to it are reported as missing.
                Err(ArchiveError::Missing(_)) => continue,
                Err(problem) => found.problems.push(problem),
            }
            listed.insert(id);
        }
        for revision in valid.values() {
            let parents = revision.parents.iter().map(|parent| valid.get(parent));
            let parents: Option<Vec<_>> = parents.collect();
            let Some(parents) = parents else { continue };
            let generation = parents.into_iter().map(|parent| parent.header.next_generation()).max();
            if generation.unwrap_or(0) != revision.header.generation {
                let path = self.store.path(revision.id);
                let source = LoadError::at(FILE_HEADER, Flaw::Order);
                found.problems.push(ArchiveError::Load { path, source });
            }
        }
        (found.revisions, found.names) = (valid.len(), named.len());
        let mut missing = HashSet::new();
        let mut reached = HashSet::new();
        let mut pending = named;
        while let Some(id) = pending.pop() {
            if !listed.contains(&id) {
                missing.insert(id);
            } else if reached.insert(id)
                && let Some(revision) = valid.get(&id)
            {
                pending.extend(&revision.parents);
            }
        }
        // A chunk can be part of several revisions.
        let mut named = HashSet::new();
        found.problems.retain(|problem| named.insert(problem.to_string()));
        let mut missing: Vec<_> = missing.into_iter().collect();
        missing.sort_unstable();
        found.problems.extend(missing.into_iter().map(ArchiveError::Missing));
        // The parents of a corrupt revision are unknown, so any revision may be reachable from it.
        if found.problems.is_empty() {
            let needed = reached.iter().filter_map(|id| chunks.get(id)).flatten();
            let needed: HashSet<ChunkId> = needed.copied().collect();
            let unneeded = listing.chunks.iter().filter(|id| !needed.contains(id));
            found.unreachable.extend(unneeded.map(|id| self.store.chunk_path(*id)));
            let unreached = listed.difference(&reached).map(|id| self.store.path(*id));
            found.unreachable.extend(unreached);
        }
        found.unreachable.sort_unstable();
        Ok(found)
    }

    /// Removes revisions that aren't reachable from a branch or a tag, their chunks, and files that crashes left. Returns the number
    /// of files removed. Other files stay, and so do those that another process is writing. O(r) for r revisions.
    ///
    /// # Errors
    /// [`ArchiveError`]. Nothing is removed then, unless the removal of a file failed.
    pub fn prune(&self) -> Result<usize, ArchiveError> {
        let _guard = self.lock_for_write()?;
        let mut named = Vec::new();
        for kind in [RefKind::Branch, RefKind::Tag] {
            for id in self.store.all_names(kind)?.into_values() {
                named.push(id?);
            }
        }
        let (needed, chunks) = self.needed(named)?;
        let listing = self.store.list()?;
        let mut unreachable: Vec<_> = listing.revisions.iter().filter(|id| !needed.contains(id)).collect();
        // Children before parents: that a revision is in the archive says that its ancestors are.
        unreachable.sort_by_cached_key(|id| {
            let revision = self.store.revision(**id);
            Reverse(revision.map_or(u64::MAX, |revision| revision.header.generation))
        });
        let revisions: Vec<_> = unreachable.into_iter().map(|id| self.store.path(*id)).collect();
        let unneeded = listing.chunks.iter().filter(|id| !chunks.contains(id));
        let chunks: Vec<_> = unneeded.map(|id| self.store.chunk_path(*id)).collect();
        let temporary: Vec<_> = listing.others.into_iter().filter(|path| is_temporary(path)).collect();
        // No revision ever lacks a chunk.
        let removed = self
            .store
            .remove(&revisions)?
            .saturating_add(self.store.remove(&chunks)?);
        Ok(removed.saturating_add(self.store.remove_stale(&temporary)?))
    }

    /// Returns these revisions and their ancestors, and the chunks that they refer to.
    pub(super) fn needed(
        &self,
        ids: impl IntoIterator<Item = RevisionId>,
    ) -> Result<(HashSet<RevisionId>, HashSet<ChunkId>), ArchiveError> {
        let (mut revisions, mut chunks) = (HashSet::new(), HashSet::new());
        for revision in self.ancestry(ids)? {
            if revision.has_chunks() {
                let used = self.store.chunks_of(revision.id)?;
                chunks.extend(used.into_iter().map(|chunk| chunk.id));
            }
            revisions.insert(revision.id);
        }
        Ok((revisions, chunks))
    }
}
