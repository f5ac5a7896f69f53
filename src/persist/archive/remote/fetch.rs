//! Bringing revisions of a remote into an archive.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::super::Archive;
use super::super::ref_name::RefKind;
use super::super::revision::{Revision, RevisionId};
use super::super::store::revision_of;
use super::error::{RemoteError, RemoteMergeError};
use super::object::{REVISIONS, revision_key};
use super::{Remote, parallel};
use crate::env::{Conflict, Resolution, resolve};
use crate::persist::codec::{Codec, NoCodec};
use crate::term::Term;

/// Number of generations that are asked for one after the other, before the remote is asked to list what it has.
const MAX_ROUNDS: usize = 4;

/// What a fetch has read so far.
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
    bytes: Vec<u8>,
}

/// # Remotes: fetching
/// What was fetched is in the archive, which works without the remote. It is verified by its hash before it is stored.
impl<T: Term> Archive<T> {
    /// Creates an archive with all branches and tags of a remote. The folder must be vacant, empty, or hold an archive
    /// without names.
    ///
    /// One request for each name and each revision, 16 at once.
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

    /// Fetches these revisions and their ancestors, those that are unknown.
    pub(super) fn fetch_revisions(
        &self,
        remote: &Remote,
        roots: Vec<RevisionId>,
        mut progress: impl FnMut(Progress),
    ) -> Result<(), RemoteError> {
        let mut fetched: HashMap<RevisionId, Fetched> = HashMap::new();
        let mut told = Progress::default();
        let mut wanted = self.unknown(&roots, &fetched)?;
        let mut round = 0;
        while !wanted.is_empty() {
            let is_listed = round == MAX_ROUNDS;
            if is_listed {
                // A long history would be read one by one.
                let listed = remote.store.list(REVISIONS)?.objects.into_iter();
                let listed = listed.filter_map(|object| object.key.strip_prefix(REVISIONS)?.parse().ok());
                for id in listed {
                    if !fetched.contains_key(&id) && !self.store.has_revision(id)? {
                        wanted.insert(id);
                    }
                }
            }
            told.needed = fetched.len().saturating_add(wanted.len());
            let read = |id: RevisionId| match remote.get_hashed(&revision_key(id), id.0) {
                Ok(bytes) => Ok(Some((id, bytes))),
                // It was pruned; if it is an ancestor, it is asked for again, and missing.
                Err(RemoteError::Missing(_)) if is_listed => Ok(None),
                Err(error) => Err(error),
            };
            parallel::for_each(wanted.into_iter().collect(), read, |found| {
                let Some((id, bytes)) = found else { return Ok(()) };
                let revision = revision_of(id, &bytes).map_err(|source| RemoteError::Corrupt {
                    key: revision_key(id),
                    source,
                })?;
                told.objects = told.objects.saturating_add(1);
                told.bytes = told.bytes.saturating_add(bytes.len() as u64);
                progress(told);
                fetched.insert(id, Fetched { revision, bytes });
                Ok(())
            })?;
            wanted = self.unknown(&roots, &fetched)?;
            round = round.saturating_add(1);
        }
        self.store_fetched(fetched)
    }

    /// The revisions that these are or descend from, as far as that is known, and that are neither in the archive nor among
    /// the fetched ones. The ancestors of others that were listed may be gone.
    fn unknown(
        &self,
        roots: &[RevisionId],
        fetched: &HashMap<RevisionId, Fetched>,
    ) -> Result<HashSet<RevisionId>, RemoteError> {
        let (mut seen, mut unknown) = (HashSet::new(), HashSet::new());
        let mut pending = roots.to_vec();
        while let Some(id) = pending.pop() {
            if !seen.insert(id) {
                continue;
            }
            if let Some(found) = fetched.get(&id) {
                pending.extend(&found.revision.parents);
            } else if !self.store.has_revision(id)? {
                unknown.insert(id);
            }
        }
        Ok(unknown)
    }

    /// Stores fetched revisions, parents first: that a revision is in the archive says that its ancestors are. Leaves those
    /// out whose ancestors aren't all known.
    fn store_fetched(&self, fetched: HashMap<RevisionId, Fetched>) -> Result<(), RemoteError> {
        if fetched.is_empty() {
            return Ok(());
        }
        let mut fetched: Vec<Fetched> = fetched.into_values().collect();
        fetched.sort_unstable_by_key(|fetched| fetched.revision.header.generation);
        let _guard = self.lock_for_write()?;
        for Fetched { revision, bytes } in fetched {
            let mut is_complete = true;
            for parent in &revision.parents {
                is_complete &= self.store.has_revision(*parent)?;
            }
            if is_complete {
                self.store.put_file(revision.id, &bytes)?;
            }
        }
        Ok(())
    }
}

/// The error of a merge whose resolver always decides.
pub(super) fn decided<T: Term>(error: RemoteMergeError<T>) -> RemoteError {
    match error {
        RemoteMergeError::Remote(error) => error,
        RemoteMergeError::Conflicts(_) => unreachable!("this resolver always decides"),
    }
}
