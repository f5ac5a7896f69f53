//! Bringing revisions of a remote into an archive.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::super::Archive;
use super::super::chunk::ChunkId;
use super::super::ref_name::RefKind;
use super::super::revision::{Revision, RevisionId};
use super::super::store::revision_of;
use super::error::{RemoteError, RemoteMergeError};
use super::object::{REVISIONS, chunk_key, revision_key};
use super::{Remote, parallel};
use crate::env::{Conflict, Resolution, resolve};
use crate::persist::codec::{Codec, NoCodec};
use crate::term::Term;

/// Number of generations that are asked for one after the other, before the remote is asked to list what it has.
const MAX_ROUNDS: usize = 4;

/// Number of chunks that are in memory at once, most of less than 1 MiB.
const CHUNKS_AT_ONCE: usize = 32;

/// Counts of what a fetch has read so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Number of objects that were read.
    pub objects: usize,
    /// Number of objects that are known to be needed, those that were read included.
    pub needed: usize,
    /// Bytes of the objects that were read.
    pub bytes: u64,
}

/// A revision that was read and isn't stored yet.
struct Fetched {
    revision: Revision,
    chunks: Vec<ChunkId>,
    bytes: Vec<u8>,
}

/// # Remotes: fetching
/// Fetched objects are stored in the archive, which works without the remote, once they are verified by their hashes.
impl<T: Term> Archive<T> {
    /// Creates an archive with all branches and tags of a remote. The folder must be vacant, empty, or hold an archive
    /// without names.
    ///
    /// One request for each name, each revision and each chunk, 16 at once.
    ///
    /// # Errors
    /// [`RemoteError`]. What was fetched stays, and another call continues.
    pub fn clone_from(remote: &Remote, folder: impl AsRef<Path>) -> Result<Self, RemoteError> {
        Self::clone_with(remote, folder, NoCodec, |_| {})
    }

    /// Like [`clone_from`](Self::clone_from), with a codec for opaque values, and a function that is told of the progress.
    ///
    /// # Errors
    /// As of `clone_from`.
    pub fn clone_with(
        remote: &Remote,
        folder: impl AsRef<Path>,
        codec: impl Codec<T> + Send + Sync + 'static,
        progress: impl FnMut(Progress),
    ) -> Result<Self, RemoteError> {
        let archive = Self::open_with(folder, codec)?;
        archive.fetch_all(remote, progress)?;
        Ok(archive)
    }

    /// Fetches all branches and tags of a remote, and creates those that this archive lacks. Others stay where they are.
    /// Costs as [`clone_from`](Self::clone_from), for what is new.
    ///
    /// # Errors
    /// [`RemoteError`], also if a branch and a tag have the same name.
    pub fn fetch_all(&self, remote: &Remote, progress: impl FnMut(Progress)) -> Result<(), RemoteError> {
        let mut names = Vec::new();
        for (kind, name) in remote.name_list()? {
            if let Some(target) = remote.name(kind, &name)?.and_then(|found| found.record.target) {
                names.push((kind, name, target));
            }
        }
        self.fetch_revisions(remote, names.iter().map(|(.., target)| *target).collect(), progress)?;
        for (kind, name, target) in names {
            self.create_missing(kind, &name, target)?;
        }
        Ok(())
    }

    /// Fetches the revision of a branch or tag, and its ancestors, and returns its id. Moves no name of this archive: until
    /// one is [merged](Self::merge) or given to the revision, [`prune`](Self::prune) removes it again.
    ///
    /// Two requests for a revision whose parents are known, or one if it is known too. Otherwise one for each unknown
    /// revision, up to 16 at once, and one for each 1,000 revisions of the remote. Holds what it fetches in memory.
    ///
    /// # Errors
    /// [`RemoteError`].
    pub fn fetch(&self, remote: &Remote, name: &str) -> Result<RevisionId, RemoteError> {
        self.fetch_with(remote, name, |_| {})
    }

    /// Like [`fetch`](Self::fetch), with a function that is told of the progress.
    ///
    /// # Errors
    /// As of `fetch`.
    pub fn fetch_with(
        &self,
        remote: &Remote,
        name: &str,
        progress: impl FnMut(Progress),
    ) -> Result<RevisionId, RemoteError> {
        let (_, target) = remote.target(name)?;
        self.fetch_revisions(remote, vec![target], progress)?;
        Ok(target)
    }

    /// Fetches a branch and [merges](Self::merge) it into the branch of this name, which is created if it is missing.
    /// Returns the revision of the branch. Where both sides changed a state or a binding differently, the remote wins.
    ///
    /// # Errors
    /// [`RemoteError`], also if the name is that of a tag.
    pub fn pull(&self, remote: &Remote, branch: &str) -> Result<RevisionId, RemoteError> {
        self.pull_with(remote, branch, resolve::theirs).map_err(decided)
    }

    /// Like [`pull`](Self::pull), but `resolve` decides conflicts, as in [`merge_with`](Self::merge_with).
    ///
    /// # Errors
    /// As of `pull`, or the conflicts on which `resolve` gave up.
    pub fn pull_with(
        &self,
        remote: &Remote,
        branch: &str,
        resolve: impl FnMut(&Conflict<T>) -> Resolution<T>,
    ) -> Result<RevisionId, RemoteMergeError<T>> {
        let (kind, target) = remote.target(branch)?;
        if kind == RefKind::Tag {
            return Err(RemoteError::NameInUse(branch.to_owned()).into());
        }
        self.fetch_revisions(remote, vec![target], |_| {})?;
        self.create_missing(kind, branch, target)?;
        self.merge_fetched(branch, target, resolve)
    }

    /// Merges a fetched revision into a branch.
    pub(super) fn merge_fetched(
        &self,
        branch: &str,
        theirs: RevisionId,
        resolve: impl FnMut(&Conflict<T>) -> Resolution<T>,
    ) -> Result<RevisionId, RemoteMergeError<T>> {
        use super::super::ArchiveMergeError::{Archive, Conflicts};
        let merged = self.merge_with(branch, &theirs.to_string(), "", resolve);
        merged.map_err(|error| match error {
            Archive(error) => error.into(),
            Conflicts(conflicts) => conflicts.into(),
        })
    }

    /// Creates a branch or tag at a fetched revision, unless there is one.
    fn create_missing(&self, kind: RefKind, name: &str, target: RevisionId) -> Result<(), RemoteError> {
        let _guard = self.lock_for_write()?;
        if self.store.target(kind, name)?.is_some() {
            return Ok(());
        }
        for kind in [RefKind::Branch, RefKind::Tag] {
            self.check_free(kind, name)?;
        }
        // Another process may have pruned it since.
        self.store.revision(target)?;
        Ok(self.store.set_name(kind, name, target)?)
    }

    /// Fetches these revisions, their ancestors, and the chunks of these, those that are unknown.
    pub(super) fn fetch_revisions(
        &self,
        remote: &Remote,
        roots: Vec<RevisionId>,
        mut progress: impl FnMut(Progress),
    ) -> Result<(), RemoteError> {
        let mut fetched: HashMap<RevisionId, Fetched> = HashMap::new();
        let mut needed: HashSet<RevisionId> = HashSet::new();
        let mut told = Progress::default();
        let mut next = self.unknown(roots, &needed)?;
        let mut round = 0;
        while !next.is_empty() {
            needed.extend(&next);
            if round == MAX_ROUNDS {
                // A long history would be read one by one.
                let listed = remote.store.list(REVISIONS)?.objects.into_iter();
                let listed = listed.filter_map(|object| object.key.strip_prefix(REVISIONS)?.parse().ok());
                let listed = self.unknown(listed.collect(), &needed)?;
                remote.read(listed, Need::Unknown, &mut fetched, &mut told, &mut progress)?;
            }
            remote.read(next.clone(), Need::Certain, &mut fetched, &mut told, &mut progress)?;
            let read = next.iter().filter_map(|id| fetched.get(id));
            let parents = read.flat_map(|fetched| fetched.revision.parents.iter().copied());
            next = self.unknown(parents.collect(), &needed)?;
            round = round.saturating_add(1);
        }
        // A revision that no root descends from may lack ancestors: its push has not ended, or never will.
        fetched.retain(|id, _| needed.contains(id));
        self.store_fetched(remote, fetched, told, progress)
    }

    /// Those of these revisions that are neither in the archive nor among the needed ones, each once.
    fn unknown(&self, ids: Vec<RevisionId>, needed: &HashSet<RevisionId>) -> Result<Vec<RevisionId>, RemoteError> {
        let mut seen = HashSet::new();
        let mut unknown = Vec::new();
        for id in ids {
            if seen.insert(id) && !needed.contains(&id) && !self.store.has_revision(id)? {
                unknown.push(id);
            }
        }
        Ok(unknown)
    }

    /// Stores fetched revisions: first their chunks, then parents before children. That a revision is in the archive says that
    /// its chunks and its ancestors are.
    fn store_fetched(
        &self,
        remote: &Remote,
        fetched: HashMap<RevisionId, Fetched>,
        mut told: Progress,
        mut progress: impl FnMut(Progress),
    ) -> Result<(), RemoteError> {
        if fetched.is_empty() {
            return Ok(());
        }
        let mut fetched: Vec<Fetched> = fetched.into_values().collect();
        fetched.sort_unstable_by_key(|fetched| fetched.revision.header.generation);
        let chunks = fetched.iter().flat_map(|fetched| fetched.chunks.iter().copied());
        let chunks: HashSet<ChunkId> = chunks.collect();
        loop {
            let missing = self.missing_chunks(&chunks)?;
            told.needed = told.objects.saturating_add(missing.len());
            // In parts, which bound the memory that they take.
            for part in missing.chunks(CHUNKS_AT_ONCE) {
                let mut read = Vec::with_capacity(part.len());
                let get = |id: ChunkId| Ok((id, remote.get_hashed(&chunk_key(id), id.into_bytes())?));
                parallel::for_each(part.to_vec(), get, |(id, bytes): (ChunkId, Vec<u8>)| {
                    told.objects = told.objects.saturating_add(1);
                    told.bytes = told.bytes.saturating_add(bytes.len() as u64);
                    progress(told);
                    read.push((id, bytes));
                    Ok::<(), RemoteError>(())
                })?;
                let _guard = self.lock_for_write()?;
                for (id, bytes) in read {
                    self.store.put_chunk(id, &bytes)?;
                }
            }
            let _guard = self.lock_for_write()?;
            // Another process may have pruned them: nothing refers to them yet.
            if !self.missing_chunks(&chunks)?.is_empty() {
                continue;
            }
            if !chunks.is_empty() {
                self.store.sync_chunks()?;
            }
            for Fetched { revision, bytes, .. } in &fetched {
                self.store.put_file(revision.id, bytes)?;
            }
            return Ok(());
        }
    }

    fn missing_chunks(&self, chunks: &HashSet<ChunkId>) -> Result<Vec<ChunkId>, RemoteError> {
        let mut missing = Vec::new();
        for id in chunks {
            if !self.store.has_chunk(*id)? {
                missing.push(*id);
            }
        }
        Ok(missing)
    }
}

/// Whether a revision is known to be an ancestor of what is fetched.
#[derive(Clone, Copy, PartialEq)]
enum Need {
    Certain,
    Unknown,
}

impl Remote {
    /// Reads revisions that weren't read yet. Those that may not be needed are left out if they are missing or corrupt.
    fn read(
        &self,
        ids: Vec<RevisionId>,
        need: Need,
        fetched: &mut HashMap<RevisionId, Fetched>,
        told: &mut Progress,
        progress: &mut impl FnMut(Progress),
    ) -> Result<(), RemoteError> {
        let ids: Vec<_> = ids.into_iter().filter(|id| !fetched.contains_key(id)).collect();
        told.needed = fetched.len().saturating_add(ids.len());
        let read = |id: RevisionId| {
            let key = revision_key(id);
            let bytes = self.get_hashed(&key, id.0)?;
            let (revision, chunks) = revision_of(id, &bytes).map_err(|source| RemoteError::Corrupt { key, source })?;
            let chunks = chunks.into_iter().map(|chunk| chunk.id).collect();
            Ok(Fetched {
                revision,
                chunks,
                bytes,
            })
        };
        let read = |id| match read(id) {
            Ok(found) => Ok(Some(found)),
            Err(RemoteError::Missing(_) | RemoteError::Tampered(_) | RemoteError::Corrupt { .. })
                if need == Need::Unknown =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        };
        parallel::for_each(ids, read, |found| {
            let Some(found) = found else { return Ok(()) };
            told.objects = told.objects.saturating_add(1);
            told.bytes = told.bytes.saturating_add(found.bytes.len() as u64);
            progress(*told);
            fetched.insert(found.revision.id, found);
            Ok(())
        })
    }
}

/// The error of a merge whose resolver always decides.
pub(super) fn decided<T: Term>(error: RemoteMergeError<T>) -> RemoteError {
    match error {
        RemoteMergeError::Remote(error) => error,
        RemoteMergeError::Conflicts(_) => unreachable!("this resolver always decides"),
    }
}
