//! News of a branch of a remote.

use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::ref_name::{self, RefKind};
use super::super::revision::RevisionId;
use super::super::{Archive, States};
use super::Remote;
use super::error::RemoteError;
use crate::env::{Environment, Patch, Snapshot};
use crate::persist::remote::backoff::Backoff;
use crate::term::{Atom, Term};

/// A receiver of the states of a branch of a [`Remote`], each with the patch from the one before, as a
/// [`Subscription`](crate::shared::Subscription) is for a shared environment.
///
/// It asks the remote for the name, one request each time, at random intervals around a least one; while there are no
/// news, these grow up to a greatest. States between two requests are skipped: the patch is that of all of them.
/// A patch costs the change, as [`Archive::fetch`] does; nothing of the archive is moved.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use pleach::persist::remote::MemoryStore;
/// use pleach::persist::{Archive, Remote, RemoteWatch};
/// use pleach::{Atom, Environment};
///
/// # let folder = std::env::temp_dir().join(format!("pleach-doc-watch-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// let remote = Remote::open(MemoryStore::new())?;
/// let mine = Archive::<Atom>::open(folder.join("mine"))?;
/// let mut world = Environment::new();
/// mine.commit("main", &world, "")?;
/// mine.push(&remote, "main", Duration::from_secs(1))?;
///
/// let yours = Archive::<Atom>::clone_from(&remote, folder.join("yours"))?;
/// let interval = Duration::from_millis(1);
/// let mut watch = RemoteWatch::new(&yours, &remote, "main", interval..=10 * interval)?;
/// world.add_fact("(tea)".parse()?);
/// mine.commit("main", &world, "")?;
/// mine.push(&remote, "main", Duration::from_secs(1))?;
/// let update = watch.next_timeout(Duration::from_secs(1))?.unwrap();
/// assert_eq!(update.patch.to_string(), "+1 (tea)\n");
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RemoteWatch<A: Deref<Target = Archive<T>>, T: Term = Atom> {
    archive: A,
    remote: Remote,
    branch: String,
    /// The state that was received last, if the branch existed.
    last: Option<(RevisionId, Arc<Snapshot<T>>)>,
    /// The delays between requests.
    backoff: Backoff,
}

/// A state of a branch, as a change from the one received before.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RemoteUpdate<T: Term = Atom> {
    /// The revision.
    pub revision: RevisionId,
    /// The patch from the state before, which is empty at first if there was no branch.
    pub patch: Patch<T>,
    /// The state.
    pub environment: Environment<T>,
}

impl<A: Deref<Target = Archive<T>>, T: Term> RemoteWatch<A, T> {
    /// Watches a branch from its present state on, or from its creation. Fetches into the archive. The intervals between
    /// requests grow from the first to the last.
    ///
    /// # Errors
    /// [`RemoteError`].
    pub fn new(
        archive: A,
        remote: &Remote,
        branch: &str,
        intervals: std::ops::RangeInclusive<Duration>,
    ) -> Result<Self, RemoteError> {
        ref_name::check(branch)?;
        let mut watch = Self {
            archive,
            remote: remote.clone(),
            branch: branch.to_owned(),
            last: None,
            backoff: Backoff::new(*intervals.start(), *intervals.end()),
        };
        watch.try_next()?;
        Ok(watch)
    }

    /// Returns the state that was received last; an empty one if there was no branch.
    pub fn environment(&self) -> Environment<T> {
        match &self.last {
            Some((_, state)) => Environment::at(Arc::clone(state)),
            None => Environment::default(),
        }
    }

    /// Asks once, and returns the state of the branch if it has moved. A removed branch is where it was.
    ///
    /// # Errors
    /// [`RemoteError`]. The next call asks again.
    pub fn try_next(&mut self) -> Result<Option<RemoteUpdate<T>>, RemoteError> {
        let found = self.remote.name(RefKind::Branch, &self.branch)?;
        let target = found.and_then(|found| found.record.target);
        let Some(target) = target.filter(|target| self.last.as_ref().is_none_or(|(last, _)| last != target)) else {
            return Ok(None);
        };
        self.archive.fetch_revisions(&self.remote, vec![target], |_| {})?;
        let (before, state) = match &self.last {
            None => (
                Arc::clone(Environment::default().snapshot()),
                self.archive.state(target, &States::new())?,
            ),
            // It was pruned here, and the branch doesn't descend from it any more.
            Some((last, state)) if !self.archive.store.has_revision(*last)? => {
                (Arc::clone(state), self.archive.state(target, &States::new())?)
            }
            Some((last, state)) => {
                let known = States::from([(String::new(), (*last, Arc::clone(state)))]);
                let [before, state] = self.archive.related([*last, target], &known)?;
                (before, state)
            }
        };
        let update = RemoteUpdate {
            revision: target,
            patch: before.patch_to(&state),
            environment: Environment::at(Arc::clone(&state)),
        };
        self.last = Some((target, state));
        Ok(Some(update))
    }

    /// Asks until the branch has moved, or the time is over.
    ///
    /// # Errors
    /// [`RemoteError`]. The next call asks again.
    pub fn next_timeout(&mut self, timeout: Duration) -> Result<Option<RemoteUpdate<T>>, RemoteError> {
        let start = Instant::now();
        loop {
            if let Some(update) = self.try_next()? {
                self.backoff.reset();
                return Ok(Some(update));
            }
            let left = timeout.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Ok(None);
            }
            self.backoff.wait_around(left);
        }
    }
}
