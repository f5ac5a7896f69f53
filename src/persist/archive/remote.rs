//! Archives of several machines that meet in an object store.
//!
//! | key | object |
//! |---|---|
//! | `format` | a constant text, which says that the store was probed and holds a remote |
//! | `revisions/ID` | 16 random bytes, then the file of the revision. Empty if it was pruned |
//! | `chunks/ID` | the same of a chunk |
//! | `names/branch-NAME`, `names/tag-NAME` | a [`NameRecord`] |
//!
//! The random bytes make each write of an object another version of it, also where versions are hashes of contents.

mod error;
mod fetch;
mod name;
mod object;
mod parallel;
mod prune;
mod push;
mod watch;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use error::{RemoteError, RemoteMergeError};
pub use fetch::Progress;
pub use watch::{RemoteUpdate, RemoteWatch};

use self::name::{NameRecord, NameState};
use super::ref_name::{self, RefKind};
use super::revision::RevisionId;
use crate::persist::remote::{ObjectStore, Put, probe};

/// Key of the object that says that a store holds a remote.
const FORMAT_KEY: &str = "format";

/// Its content.
const FORMAT: &[u8] = b"pleach remote 1\n";

/// Where the archives of several machines meet: revisions, branches and tags in an [object store](crate::persist::remote).
///
/// [`Archive::push`](super::Archive::push) merges a branch into that of the remote and moves it;
/// [`Archive::fetch`](super::Archive::fetch) and [`Archive::pull`](super::Archive::pull) bring back what others pushed.
/// `docs/remote.md` is the guide: set-up, guarantees, costs and limits.
///
/// Cloning it is O(1); clones are handles to the same store.
///
/// # Guarantees
/// - A commit that `push` acknowledged is in every later state of the branch exactly once, whatever failed, was repeated
///   or ran at the same time.
/// - What is read is verified by its hash before it is stored or used.
/// - [`Archive::prune_remote`](super::Archive::prune_remote) never leaves a name without its revisions, however long a
///   writer or the pruning process stalls.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use pleach::persist::remote::MemoryStore;
/// use pleach::persist::{Archive, Remote};
/// use pleach::Atom;
///
/// # let folder = std::env::temp_dir().join(format!("pleach-doc-remote-{}", std::process::id()));
/// # let (here, there) = (folder.join("here"), folder.join("there"));
/// # std::fs::create_dir_all(&folder)?;
/// let remote = Remote::open(MemoryStore::new())?;
/// let second = Duration::from_secs(1);
///
/// let mine = Archive::<Atom>::open(&here)?;
/// let mut world = pleach::Environment::new();
/// world.add_fact("(tea)".parse()?);
/// mine.commit("main", &world, "tea")?;
/// mine.push(&remote, "main", second)?;
///
/// let yours = Archive::<Atom>::clone_from(&remote, &there)?;
/// let mut world = yours.checkout("main")?;
/// world.add_fact("(coffee)".parse()?);
/// yours.commit("main", &world, "coffee")?;
/// yours.push(&remote, "main", second)?;
///
/// mine.pull(&remote, "main")?;
/// assert_eq!(mine.checkout("main")?.len(), 2);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Remote {
    store: Arc<dyn ObjectStore>,
}

impl Remote {
    /// Opens the remote in a store, or creates one in a store without. One request; eleven more to create one, which
    /// [probe](probe) the store.
    ///
    /// # Errors
    /// If the store has no conditional writes, can't be asked, or holds a remote of another version.
    pub fn open(store: impl ObjectStore + 'static) -> Result<Self, RemoteError> {
        let remote = Self { store: Arc::new(store) };
        if !remote.is_remote()? {
            probe(&*remote.store)?;
            // Refused if another process was faster.
            if remote.store.put_if_absent(FORMAT_KEY, FORMAT)? == Put::Refused && !remote.is_remote()? {
                return Err(RemoteError::Format);
            }
        }
        Ok(remote)
    }

    fn is_remote(&self) -> Result<bool, RemoteError> {
        match self.store.get(FORMAT_KEY)? {
            None => Ok(false),
            Some(object) if object.content == FORMAT => Ok(true),
            Some(_) => Err(RemoteError::Format),
        }
    }

    /// Returns the branches with their revisions. One request for each name, and one for each 1,000.
    ///
    /// # Errors
    /// [`RemoteError`].
    pub fn branches(&self) -> Result<BTreeMap<String, RevisionId>, RemoteError> {
        self.names(RefKind::Branch)
    }

    /// Returns the tags with their revisions, as [`branches`](Self::branches) does.
    ///
    /// # Errors
    /// [`RemoteError`].
    pub fn tags(&self) -> Result<BTreeMap<String, RevisionId>, RemoteError> {
        self.names(RefKind::Tag)
    }

    /// Removes a branch. Its revisions stay until [`Archive::prune_remote`](super::Archive::prune_remote). Two requests.
    ///
    /// # Errors
    /// [`RemoteError::Unknown`] if there is none; [`RemoteError::Contended`] if another process wrote it at the same time.
    pub fn remove_branch(&self, name: &str) -> Result<(), RemoteError> {
        self.remove(RefKind::Branch, name)
    }

    /// Removes a tag, as [`remove_branch`](Self::remove_branch) does.
    ///
    /// # Errors
    /// As of `remove_branch`.
    pub fn remove_tag(&self, name: &str) -> Result<(), RemoteError> {
        self.remove(RefKind::Tag, name)
    }

    fn remove(&self, kind: RefKind, name: &str) -> Result<(), RemoteError> {
        ref_name::check(name)?;
        let unknown = || RemoteError::Unknown(name.to_owned());
        let found = self.name(kind, name)?.ok_or_else(unknown)?;
        found.record.target.ok_or_else(unknown)?;
        let record = NameRecord {
            target: None,
            ..found.record
        };
        match self.put_name(kind, name, record, Some(&found.version))? {
            Some(_) => Ok(()),
            None => Err(RemoteError::Contended(name.to_owned())),
        }
    }

    fn names(&self, kind: RefKind) -> Result<BTreeMap<String, RevisionId>, RemoteError> {
        let mut names = BTreeMap::new();
        for (found, name) in self.name_list()? {
            if found == kind
                && let Some(NameState { record, .. }) = self.name(kind, &name)?
                && let Some(target) = record.target
            {
                names.insert(name, target);
            }
        }
        Ok(names)
    }

    /// The names of both kinds, those without a revision too.
    fn name_list(&self) -> Result<Vec<(RefKind, String)>, RemoteError> {
        let listing = self.store.list(name::FOLDER)?;
        let keys = listing.objects.iter();
        Ok(keys
            .filter_map(|object| ref_name::from_file_name(object.key.strip_prefix(name::FOLDER)?))
            .collect())
    }

    /// The revision that a branch, or else a tag, refers to.
    fn target(&self, name: &str) -> Result<(RefKind, RevisionId), RemoteError> {
        ref_name::check(name)?;
        for kind in [RefKind::Branch, RefKind::Tag] {
            if let Some(target) = self.name(kind, name)?.and_then(|found| found.record.target) {
                return Ok((kind, target));
            }
        }
        Err(RemoteError::Unknown(name.to_owned()))
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").finish_non_exhaustive()
    }
}
