//! Revisions of an environment and their history.

mod chunk;
mod commit;
mod error;
mod format;
mod hex;
mod history;
mod ref_name;
mod refs;
#[cfg(feature = "remote")]
mod remote;
mod revision;
mod store;
#[cfg(test)]
mod tests;
mod verify;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use error::{ArchiveError, ArchiveMergeError};
#[cfg(feature = "remote")]
pub use remote::{Progress, Remote, RemoteError, RemoteMergeError, RemoteUpdate, RemoteWatch};
pub use revision::{Note, Revision, RevisionId, RevisionIdError};
pub use verify::Verification;

use self::ref_name::RefKind;
use self::store::Store;
use super::codec::{Codec, NoCodec};
use super::lock::{FolderLock, HeldByThread};
use crate::env::{Environment, Patch, Snapshot};
use crate::term::{Atom, Term};

/// Named states of an environment in a folder, with their history.
///
/// A commit creates a **revision**: a state, its parents, and a [`Note`]. A **branch** is a name that moves with each
/// commit to it, a **tag** a name that stays. Revisions are immutable and share storage: a revision is a patch against
/// its first parent, or a whole state once the patches since the last whole state outweigh it. So a small commit takes
/// little space, and a checkout reads at most twice the size of a whole state. Whole states share **chunks** of plain facts:
/// one that follows another takes the space of what has changed.
///
/// # Guarantees
/// - A checkout equals the committed state: atoms with their multiplicities, spaces, states and bindings, definitions
///   in order.
/// - After a crash at any moment, each name refers to the old revision or to the new one, which is complete. A commit
///   is durable when it returns.
/// - A commit never undoes changes unknown to it: an environment tracks the revisions from which it descends, whatever
///   name and handle it was checked out by. See [`commit`](Self::commit).
/// - The id of a revision is the SHA-256 of its file, which contains the ids of its parents and of its chunks: an id
///   authenticates the whole history.
/// - Several processes can have an archive open. Writers exclude each other; readers never wait and need no write
///   permission.
///
/// # Limits
/// - A whole state contains all rules, cells and opaque values itself, and writing it walks all facts.
/// - Definition numbers are reassigned, in the same order; a definition that stays keeps the names of its variables.
/// - Two checkouts are related in memory only if they are of the same branch and by the same handle. To unite two
///   branches, [`merge`](Self::merge) them.
/// - A handle caches the last state of each branch that was checked out or committed to; it shares nodes with the
///   environments that you hold.
///
/// # Examples
/// ```
/// use pleach::persist::Archive;
/// use pleach::Atom;
///
/// # let folder = std::env::temp_dir().join(format!("pleach-doc-archive-{}", std::process::id()));
/// let archive = Archive::<Atom>::open(&folder)?;
/// let mut world = pleach::Environment::new();
/// world.add_fact("(apple)".parse()?);
/// archive.commit("main", &world, "an apple")?;
/// archive.tag("first", "main")?;
///
/// archive.branch("pears", "main")?;
/// let mut other = archive.checkout("pears")?;
/// other.add_fact("(pear)".parse()?);
/// archive.commit("pears", &other, "a pear")?;
///
/// world.add_fact("(apple)".parse()?);
/// archive.commit("main", &world, "another")?;
/// archive.merge("main", "pears")?;
///
/// let merged = archive.checkout("main")?;
/// assert_eq!(merged.multiplicity(&"(apple)".parse()?), 2);
/// assert!(merged.contains(&"(pear)".parse()?));
/// assert_eq!(archive.diff("first", "main")?.to_string(), "+1 (pear)\n+1 (apple)\n");
/// let messages: Vec<_> = archive.log("pears")?.into_iter().map(|revision| revision.note.message).collect();
/// assert_eq!(messages, ["a pear", "an apple"]);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Archive<T: Term = Atom> {
    store: Store,
    codec: Box<dyn Codec<T> + Send + Sync>,
    /// Whether a writer of this handle has made the folders durable.
    is_created: AtomicBool,
    /// Called before a write waits for another process.
    on_wait: Box<dyn Fn() + Send + Sync>,
    /// Locked briefly, never during file operations.
    states: Mutex<States<T>>,
}

/// Last known revision of each branch, with its state.
type States<T> = BTreeMap<String, (RevisionId, Arc<Snapshot<T>>)>;

/// The right to write, until it is dropped.
struct WriteGuard<'a> {
    store: &'a Store,
    _held: HeldByThread,
}

impl Drop for WriteGuard<'_> {
    fn drop(&mut self) {
        self.store.unlock();
    }
}

/// # Opening
impl<T: Term> Archive<T> {
    /// Opens the archive in a folder, which is created if it is missing. O(1).
    ///
    /// # Errors
    /// If a file operation fails; [`ArchiveError::NotAnArchive`] if the folder holds anything else, such as a journal.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, ArchiveError> {
        Self::open_with(folder, NoCodec)
    }

    /// Like [`open`](Self::open), with a codec for opaque values.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(
        folder: impl AsRef<Path>,
        codec: impl Codec<T> + Send + Sync + 'static,
    ) -> Result<Self, ArchiveError> {
        Ok(Self {
            store: Store::open(folder.as_ref())?,
            codec: Box::new(codec),
            is_created: AtomicBool::new(false),
            on_wait: Box::new(|| {}),
            states: Mutex::new(States::new()),
        })
    }

    /// Sets a callback for each time that a write of this handle waits for another process. It must not write to this
    /// handle.
    #[must_use]
    pub fn on_wait(mut self, callback: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_wait = Box::new(callback);
        self
    }

    /// Returns whether a folder holds an archive; `false` if the path is vacant or no folder. O(1).
    ///
    /// # Errors
    /// If the folder can't be accessed.
    pub fn is_in(folder: impl AsRef<Path>) -> io::Result<bool> {
        Store::is_in(folder.as_ref())
    }

    fn states(&self) -> MutexGuard<'_, States<T>> {
        // Nothing that can panic runs while it is locked.
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Caches the state of a branch.
    fn cache(&self, branch: &str, id: RevisionId, state: Arc<Snapshot<T>>) {
        let before = self.states().insert(branch.to_owned(), (id, state));
        // Dropping terms runs foreign code, so not while the cache is locked.
        drop(before);
    }

    /// Waits until no other thread and no other process writes.
    fn lock_for_write(&self) -> Result<WriteGuard<'_>, ArchiveError> {
        let (lock, held) = FolderLock::acquire(&self.store.folder, &self.on_wait)?.ok_or(ArchiveError::Reentrant)?;
        self.store.set_lock(lock)?;
        let guard = WriteGuard {
            store: &self.store,
            _held: held,
        };
        // Relaxed: the lock orders later writers.
        if !self.is_created.load(Ordering::Relaxed) {
            self.store.create()?;
            // Also removes stale temporary files.
            self.store.probe()?;
            self.is_created.store(true, Ordering::Relaxed);
        }
        Ok(guard)
    }
}

/// # Reading
/// A revision is given by the name of a branch or a tag, by its id, or by a prefix of its id of at least 4 digits.
impl<T: Term> Archive<T> {
    /// Returns the id of a revision. O(1), or O(r) for r revisions if it is given by its id or a prefix.
    ///
    /// # Errors
    /// [`ArchiveError::Unknown`] or [`ArchiveError::Ambiguous`], or if files are corrupt.
    pub fn find(&self, revision: &str) -> Result<RevisionId, ArchiveError> {
        if ref_name::check(revision).is_ok() {
            for kind in [RefKind::Branch, RefKind::Tag] {
                if let Some(id) = self.store.target(kind, revision)? {
                    return Ok(id);
                }
            }
        }
        let unknown = || ArchiveError::Unknown(revision.chars().take(200).collect());
        if revision.len() < 4 || !revision.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(unknown());
        }
        let mut found = self.store.list()?.revisions;
        found.retain(|id| id.to_string().starts_with(revision));
        match found[..] {
            [] => Err(unknown()),
            [id] => Ok(id),
            _ => Err(ArchiveError::Ambiguous(revision.to_owned())),
        }
    }

    /// Returns the state of a revision. O(n); less if it is cached, or follows a cached state.
    ///
    /// # Errors
    /// [`ArchiveError`]. All files read are verified.
    pub fn checkout(&self, revision: &str) -> Result<Environment<T>, ArchiveError> {
        let id = self.find(revision)?;
        let states = self.states().clone();
        let cached = states.get(revision);
        if let Some((before, state)) = cached
            && *before == id
        {
            return Ok(Environment::at(Arc::clone(state)));
        }
        let mut state = self.state(id, &states)?;
        if ref_name::check(revision).is_ok() && self.store.target(RefKind::Branch, revision)?.is_some() {
            // The state descends from the cached one in memory, as it does in the archive.
            if let Some((before, old)) = cached
                && self.is_ancestor(*before, id)?
            {
                state = self.descend(old, state, id)?;
            }
            let mut now = self.states();
            let mut before = None;
            if now.get(revision).map(|(id, _)| id) == cached.map(|(id, _)| id) {
                before = now.insert(revision.to_owned(), (id, Arc::clone(&state)));
            }
            drop(now);
            // Dropping terms runs foreign code, so not while the cache is locked.
            drop(before);
        }
        Ok(Environment::at(state))
    }

    /// Returns all branches with their revisions. O(b) for b branches.
    ///
    /// # Errors
    /// If the folder can't be read; and for each branch, if its file is corrupt, which
    /// [`remove_branch`](Self::remove_branch) still removes.
    pub fn branches(&self) -> Result<BTreeMap<String, Result<RevisionId, ArchiveError>>, ArchiveError> {
        self.store.all_names(RefKind::Branch)
    }

    /// Returns all tags with their revisions. O(t) for t tags.
    ///
    /// # Errors
    /// As [`branches`](Self::branches).
    pub fn tags(&self) -> Result<BTreeMap<String, Result<RevisionId, ArchiveError>>, ArchiveError> {
        self.store.all_names(RefKind::Tag)
    }

    /// Returns a revision and its ancestors, children before parents. O(r) for r revisions.
    ///
    /// # Errors
    /// If files are corrupt.
    pub fn log(&self, revision: &str) -> Result<Vec<Revision>, ArchiveError> {
        self.ancestry([self.find(revision)?])
    }

    /// Returns the patch from one revision to another: applied to the first it gives the second, definitions in order. O(n) for the last revision that is on every path from the two
    /// to their ancestors, and the changes since.
    ///
    /// # Errors
    /// If files are corrupt.
    pub fn diff(&self, from: &str, to: &str) -> Result<Patch<T>, ArchiveError> {
        let ids = [self.find(from)?, self.find(to)?];
        let states = self.states().clone();
        let [from, to] = self.related(ids, &states)?;
        Ok(from.patch_to(&to))
    }
}

impl<T: Term> fmt::Debug for Archive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive")
            .field("folder", &self.store.folder)
            .finish_non_exhaustive()
    }
}
