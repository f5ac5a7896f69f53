//! Moving a branch of a remote: compare-and-swap, with a merge where others were faster.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::super::Archive;
use super::super::chunk::ChunkId;
use super::super::ref_name::{self, RefKind};
use super::super::revision::RevisionId;
use super::error::{RemoteError, RemoteMergeError};
use super::fetch::decided;
use super::name::{NameRecord, NameState};
use super::object::{chunk_key, revision_key};
use super::{Remote, parallel};
use crate::env::{Conflict, Resolution, resolve};
use crate::history::Dag;
use crate::persist::remote::backoff::Backoff;
use crate::term::Term;

/// Upper limits of the first delay between two attempts, and of the longest.
const FIRST_DELAY: Duration = Duration::from_millis(50);
const MAX_DELAY: Duration = Duration::from_secs(5);

/// State that the attempts of one push have in common.
struct Attempts {
    /// The epoch of the name that the last attempt read.
    epoch: Option<u64>,
    /// The objects that were uploaded in this epoch.
    uploaded: HashSet<Uploaded>,
}

#[derive(PartialEq, Eq, Hash)]
enum Uploaded {
    Revision(RevisionId),
    Chunk(ChunkId),
}

/// # Remotes: pushing
impl<T: Term> Archive<T> {
    /// Merges a branch with that of the remote, and moves the latter to the result. Returns its revision, which the branch of
    /// this archive is at then, too. Where both sides changed a state or a binding differently, the remote wins. A tag is
    /// created in the remote.
    ///
    /// If another process moves the branch at the same time, merges again, after a random delay, until the time is over. A
    /// request without an answer may have had an effect: then the branch of the remote is read, and what was pushed counts
    /// once.
    ///
    /// Three requests if nobody else pushed: reading the name, writing one revision and the name. One for each further
    /// revision and chunk, 16 at once, two if the name is new; for each other attempt, what [`fetch`](Self::fetch) costs. Locally what
    /// [`merge`](Self::merge) costs: the change, if this handle pushed or pulled before.
    ///
    /// # Errors
    /// [`RemoteError::TimedOut`] if the name couldn't be moved in time; [`RemoteError::NameInUse`] for a tag that the remote
    /// has elsewhere, or a name that it has of the other kind; or an error of the archive.
    pub fn push(&self, remote: &Remote, name: &str, timeout: Duration) -> Result<RevisionId, RemoteError> {
        self.push_with(remote, name, timeout, resolve::theirs).map_err(decided)
    }

    /// Like [`push`](Self::push), but `resolve` decides conflicts, as in [`merge_with`](Self::merge_with).
    ///
    /// # Errors
    /// As of `push`, or the conflicts on which `resolve` gave up.
    pub fn push_with(
        &self,
        remote: &Remote,
        name: &str,
        timeout: Duration,
        mut resolve: impl FnMut(&Conflict<T>) -> Resolution<T>,
    ) -> Result<RevisionId, RemoteMergeError<T>> {
        ref_name::check(name)?;
        let start = Instant::now();
        let mut attempts = Attempts {
            epoch: None,
            uploaded: HashSet::new(),
        };
        let (mut backoff, mut last) = (Backoff::new(FIRST_DELAY, MAX_DELAY), None);
        loop {
            match self.try_push(remote, name, &mut attempts, &mut resolve) {
                Ok(Some(id)) => return Ok(id),
                Ok(None) => {}
                Err(RemoteMergeError::Remote(error)) if error.is_temporary() => last = Some(Box::new(error)),
                Err(error) => return Err(error),
            }
            let left = timeout.saturating_sub(start.elapsed());
            if left.is_zero() {
                let name = name.to_owned();
                return Err(RemoteError::TimedOut { name, source: last }.into());
            }
            backoff.wait(left);
        }
    }

    /// Pushes all branches and tags of this archive, and fetches those that it lacks. Costs as [`push`](Self::push) for each
    /// name, and as [`fetch_all`](Self::fetch_all).
    ///
    /// # Errors
    /// The first [`RemoteError`]; names before it are up to date.
    pub fn sync(&self, remote: &Remote, timeout: Duration) -> Result<(), RemoteError> {
        let start = Instant::now();
        self.fetch_all(remote, |_| {})?;
        let names = self.branches()?.into_iter().chain(self.tags()?);
        for (name, target) in names {
            target?;
            self.push(remote, &name, timeout.saturating_sub(start.elapsed()))?;
        }
        Ok(())
    }

    /// Tries to move a name once. Returns `None` if another process was faster.
    fn try_push(
        &self,
        remote: &Remote,
        name: &str,
        attempts: &mut Attempts,
        resolve: &mut impl FnMut(&Conflict<T>) -> Resolution<T>,
    ) -> Result<Option<RevisionId>, RemoteMergeError<T>> {
        let (kind, mut own) = self.own_target(name)?;
        let Some(NameState { record, version }) = remote.name_or_reserve(kind, name)? else {
            return Ok(None);
        };
        // A pruning process may have emptied what was uploaded before. What is uploaded from now on, it can't: see `prune`.
        if attempts.epoch.replace(record.epoch) != Some(record.epoch) {
            attempts.uploaded.clear();
        }
        if let Some(theirs) = record.target {
            if kind == RefKind::Tag && theirs != own {
                return Err(RemoteError::NameInUse(name.to_owned()).into());
            }
            self.fetch_revisions(remote, vec![theirs], |_| {})?;
            if kind == RefKind::Branch {
                own = self.merge_fetched(name, theirs, resolve)?;
            }
            if own == theirs {
                self.remember(name, own);
                return Ok(Some(own));
            }
        }
        self.upload(remote, record.target, own, attempts)?;
        let target = Some(own);
        let moved = remote.put_name(kind, name, NameRecord { target, ..record }, Some(&version))?;
        Ok(moved.map(|_| {
            self.remember(name, own);
            own
        }))
    }

    /// The revision that a branch, or else a tag, of this archive refers to.
    fn own_target(&self, name: &str) -> Result<(RefKind, RevisionId), RemoteError> {
        for kind in [RefKind::Branch, RefKind::Tag] {
            if let Some(id) = self.store.target(kind, name)? {
                return Ok((kind, id));
            }
        }
        Err(RefKind::Branch.missing(name).into())
    }

    /// Uploads what the remote may lack of a revision and its ancestors, if it has those of `have`.
    fn upload(
        &self,
        remote: &Remote,
        have: Option<RevisionId>,
        id: RevisionId,
        attempts: &mut Attempts,
    ) -> Result<(), RemoteError> {
        let mut chunks = Vec::new();
        let ahead = self.store.ahead(have, id)?;
        // Before the revisions, though nothing depends on it: the name moves after both.
        for (id, length) in self.store.new_chunks(&ahead)? {
            chunks.extend((!attempts.uploaded.contains(&Uploaded::Chunk(id))).then_some((id, length)));
        }
        let put = |(id, length)| {
            remote.put_hashed(&chunk_key(id), &self.store.chunk_file(id, length)?)?;
            Ok(id)
        };
        parallel::for_each(chunks, put, |id| {
            attempts.uploaded.insert(Uploaded::Chunk(id));
            Ok::<(), RemoteError>(())
        })?;
        let mut new: Vec<RevisionId> = Vec::new();
        for revision in ahead {
            if !attempts.uploaded.contains(&Uploaded::Revision(revision.id)) {
                new.push(revision.id);
            }
        }
        let put = |id: RevisionId| {
            remote.put_hashed(&revision_key(id), &self.store.file(id)?)?;
            Ok(id)
        };
        parallel::for_each(new, put, |id| {
            attempts.uploaded.insert(Uploaded::Revision(id));
            Ok(())
        })
    }

    /// Keeps the cached state of a branch as that of the remote, from which the next merge starts.
    fn remember(&self, branch: &str, id: RevisionId) {
        let state = self.states().get(branch).cloned();
        if let Some((cached, state)) = state
            && cached == id
        {
            // No branch has such a name.
            self.cache(&format!("remote {branch}"), id, state);
        }
    }
}

impl Remote {
    /// Reads a name, or reserves it: so each push ends with a write that fails if the remote was pruned since. Returns `None`
    /// if another process was faster.
    fn name_or_reserve(&self, kind: RefKind, name: &str) -> Result<Option<NameState>, RemoteError> {
        if let Some(found) = self.name(kind, name)? {
            return Ok(Some(found));
        }
        let other = match kind {
            RefKind::Branch => RefKind::Tag,
            RefKind::Tag => RefKind::Branch,
        };
        if self
            .name(other, name)?
            .is_some_and(|found| found.record.target.is_some())
        {
            return Err(RemoteError::NameInUse(name.to_owned()));
        }
        let record = NameRecord::default();
        let version = self.put_name(kind, name, record, None)?;
        Ok(version.map(|version| NameState { record, version }))
    }
}
