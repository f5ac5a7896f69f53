//! States that are kept under names, with all that led to them.

mod commit;
mod error;
mod history;
mod name;
mod naming;
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

pub use self::error::ArchiveError;
use self::name::Kind;
pub use self::revision::{Note, Revision, RevisionId, RevisionIdError};
use self::store::Store;
pub use self::verify::Verification;
use super::lock::{Lock, Waited};
use super::{Codec, NoCodec};
use crate::env::{Environment, Patch, Snapshot};
use crate::term::{Atom, Term};

/// Named states of an environment in a folder, with the history that led to them.
///
/// A commit makes a **revision**: a state, the revisions that it comes from, and a [`Note`]. A **branch** is a name
/// that moves on with each commit to it, a **tag** one that stays. Revisions are never changed; what two have in
/// common is stored once: a revision is a patch against its first parent, or a whole state as soon as the patches
/// since the last whole one outweigh it. So a small commit takes little, and a checkout reads no more than twice what
/// a whole state takes.
///
/// # Promises
/// - A checkout gives what was committed: the same atoms equally often, spaces, states and bindings, definitions in
///   the same order.
/// - After a crash at any moment, each name stands for the old or for the new revision, whole. A commit is on the disk
///   when it returns.
/// - A commit takes nothing back that it doesn't know of: an environment knows which revisions it comes from, whatever
///   name and whichever handle it was checked out by. See [`commit`](Self::commit).
/// - A revision's id is the SHA-256 of its file, ids of its parents included: who has the id of a state has its whole
///   history, unchanged.
/// - Several processes can have one archive open. Writers take turns; readers wait for nobody, and need no right to write.
///
/// # Limits
/// - Definition numbers start anew, in the same order; a definition that stays keeps the names of its variables.
/// - Two checkouts are unrelated in memory unless one archive handle gave both for the same branch: to unite two
///   branches, [`merge`](Self::merge) them.
/// - For each branch that was checked out or committed to, the archive keeps the last state in memory, which shares
///   what it can with those that you hold.
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
    /// Has a writer seen to it that the folders stay?
    is_made: AtomicBool,
    /// Called when a write has to wait for another.
    tell: Box<dyn Fn() + Send + Sync>,
    /// Locked for a moment only: nobody reads or writes a file meanwhile.
    states: Mutex<States<T>>,
}

/// For each branch what it held when it was read or written here last.
type States<T> = BTreeMap<String, (RevisionId, Arc<Snapshot<T>>)>;

/// Whoever writes, until this is dropped.
struct Turn<'a> {
    store: &'a Store,
    _waited: Waited,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.store.unlock();
    }
}

/// # Opening
impl<T: Term> Archive<T> {
    /// Opens the archive in this folder, which is made if there is none. O(1).
    ///
    /// # Errors
    /// If the files refuse; [`ArchiveError::Stranger`] if the folder has something else in it, such as a journal.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, ArchiveError> {
        Self::open_with(folder, NoCodec)
    }

    /// As [`open`](Self::open), with a codec for opaque values.
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
            is_made: AtomicBool::new(false),
            tell: Box::new(|| {}),
            states: Mutex::new(States::new()),
        })
    }

    /// Has `tell` called each time that a write of this handle has to wait until another process has written. It must not
    /// write to this handle itself.
    #[must_use]
    pub fn on_wait(mut self, tell: impl Fn() + Send + Sync + 'static) -> Self {
        self.tell = Box::new(tell);
        self
    }

    /// Does this folder hold an archive? O(1).
    ///
    /// # Errors
    /// If the folder can't be looked at. If there is nothing at the path, or no folder, that is `false`.
    pub fn is_in(folder: impl AsRef<Path>) -> io::Result<bool> {
        Store::is_in(folder.as_ref())
    }

    fn states(&self) -> MutexGuard<'_, States<T>> {
        // Nothing that can panic runs while it is locked.
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a branch holds from now on, as far as this handle knows.
    fn remember(&self, branch: &str, id: RevisionId, state: Arc<Snapshot<T>>) {
        let before = self.states().insert(branch.to_owned(), (id, state));
        // It may be the last that holds it, and terms are the user's: not under the lock.
        drop(before);
    }

    /// Waits until no other thread and no other process writes.
    fn turn(&self) -> Result<Turn<'_>, ArchiveError> {
        let (lock, waited) = Lock::wait_on(&self.store.folder, &self.tell)?.ok_or(ArchiveError::Reentrant)?;
        self.store.locked(lock)?;
        let turn = Turn {
            store: &self.store,
            _waited: waited,
        };
        // Relaxed: whoever comes later waits for the lock.
        if !self.is_made.load(Ordering::Relaxed) {
            self.store.create()?;
            // Also removes what writers have left that are gone.
            self.store.probe()?;
            self.is_made.store(true, Ordering::Relaxed);
        }
        Ok(turn)
    }
}

/// # Reading
/// Wherever a revision is asked for, the name of a branch or of a tag will do, an id, or how one begins (at least 4
/// digits).
impl<T: Term> Archive<T> {
    /// The id of the revision. O(1), O(r) for r revisions if it is given by the beginning of its id.
    ///
    /// # Errors
    /// [`ArchiveError::Unknown`], [`ArchiveError::Ambiguous`]; or if files are damaged.
    pub fn find(&self, revision: &str) -> Result<RevisionId, ArchiveError> {
        if name::check(revision).is_ok() {
            for kind in [Kind::Branch, Kind::Tag] {
                if let Some(id) = self.store.named(kind, revision)? {
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

    /// What a revision holds. O(n), less if a state in memory leads there.
    ///
    /// # Errors
    /// [`ArchiveError`]. All that is read is checked.
    pub fn checkout(&self, revision: &str) -> Result<Environment<T>, ArchiveError> {
        let id = self.find(revision)?;
        let states = self.states().clone();
        let known = states.get(revision);
        if let Some((before, state)) = known
            && *before == id
        {
            return Ok(Environment::at(Arc::clone(state)));
        }
        let mut state = self.state(id, &states)?;
        if name::check(revision).is_ok() && self.store.named(Kind::Branch, revision)?.is_some() {
            // What was seen of the branch before is where this comes from in memory, too, if it is so on disk.
            if let Some((before, old)) = known
                && self.leads_to(*before, id)?
            {
                state = self.after(old, state, id)?;
            }
            let mut now = self.states();
            let mut before = None;
            if now.get(revision).map(|(id, _)| id) == known.map(|(id, _)| id) {
                before = now.insert(revision.to_owned(), (id, Arc::clone(&state)));
            }
            drop(now);
            // It may be the last that holds it, and terms are the user's: not under the lock.
            drop(before);
        }
        Ok(Environment::at(state))
    }

    /// All branches, and the revisions that they are at. O(b).
    ///
    /// # Errors
    /// If the folder can't be read; and for each branch, if its file is damaged. [`remove_branch`](Self::remove_branch)
    /// removes it all the same.
    pub fn branches(&self) -> Result<BTreeMap<String, Result<RevisionId, ArchiveError>>, ArchiveError> {
        self.store.all_names(Kind::Branch)
    }

    /// All tags, and the revisions that they stand for. O(t).
    ///
    /// # Errors
    /// As [`branches`](Self::branches).
    pub fn tags(&self) -> Result<BTreeMap<String, Result<RevisionId, ArchiveError>>, ArchiveError> {
        self.store.all_names(Kind::Tag)
    }

    /// All revisions that this one comes from, and itself; each before those that it comes from. O(r) for r revisions.
    ///
    /// # Errors
    /// If files are damaged.
    pub fn log(&self, revision: &str) -> Result<Vec<Revision>, ArchiveError> {
        self.ancestry([self.find(revision)?])
    }

    /// What leads from one revision to another: applied to the first it gives the second, definitions in their order,
    /// but for named spaces that the second doesn't have, which are emptied. O(n) for the last revision that both come
    /// from, and what happened since.
    ///
    /// # Errors
    /// If files are damaged.
    pub fn diff(&self, from: &str, to: &str) -> Result<Patch<T>, ArchiveError> {
        let ids = [self.find(from)?, self.find(to)?];
        let states = self.states().clone();
        let [from, to] = self.related(ids, &states)?;
        let patch = from.patch_to(&to);
        Ok(patch.unwrap_or_else(|| Environment::at(from).diff(&Environment::at(to))))
    }
}

impl<T: Term> fmt::Debug for Archive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive")
            .field("folder", &self.store.folder)
            .finish_non_exhaustive()
    }
}
