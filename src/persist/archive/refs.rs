//! Creating and removing branches and tags.

use super::Archive;
use super::error::ArchiveError;
use super::ref_name::{self, RefKind};
use super::revision::RevisionId;
use crate::term::Term;

/// # Branches and tags
/// Changes are durable when these methods return.
impl<T: Term> Archive<T> {
    /// Creates a branch at a revision. O(1).
    ///
    /// # Errors
    /// [`ArchiveError`], also if the name is invalid or in use.
    pub fn branch(&self, name: &str, revision: &str) -> Result<RevisionId, ArchiveError> {
        self.create(RefKind::Branch, name, revision)
    }

    /// Creates a tag for a revision. O(1).
    ///
    /// # Errors
    /// [`ArchiveError`], also if the name is invalid or in use.
    pub fn tag(&self, name: &str, revision: &str) -> Result<RevisionId, ArchiveError> {
        self.create(RefKind::Tag, name, revision)
    }

    /// Removes a branch, even if its file is corrupt. Revisions that aren't reachable from another name stay until
    /// [`prune`](Self::prune). O(1).
    ///
    /// # Errors
    /// [`ArchiveError`], also if there is no such branch.
    pub fn remove_branch(&self, name: &str) -> Result<(), ArchiveError> {
        self.remove(RefKind::Branch, name)
    }

    /// Removes a tag, like [`remove_branch`](Self::remove_branch). O(1).
    ///
    /// # Errors
    /// [`ArchiveError`], also if there is no such tag.
    pub fn remove_tag(&self, name: &str) -> Result<(), ArchiveError> {
        self.remove(RefKind::Tag, name)
    }

    fn remove(&self, kind: RefKind, name: &str) -> Result<(), ArchiveError> {
        ref_name::check(name)?;
        let _guard = self.lock_for_write()?;
        self.store.remove_name(kind, name)?;
        if kind == RefKind::Branch {
            let cached = self.states().remove(name);
            // Dropping terms runs foreign code, so not while the cache is locked.
            drop(cached);
        }
        Ok(())
    }

    fn create(&self, kind: RefKind, name: &str, revision: &str) -> Result<RevisionId, ArchiveError> {
        ref_name::check(name)?;
        let _guard = self.lock_for_write()?;
        let id = self.find(revision)?;
        self.check_free(RefKind::Branch, name)?;
        self.check_free(RefKind::Tag, name)?;
        // Fails if the revision is missing.
        self.store.revision(id)?;
        self.store.set_name(kind, name, id)?;
        // The new branch shares the cached state of another one at the revision.
        let cached = self.states().values().find(|(cached, _)| *cached == id).cloned();
        if let (RefKind::Branch, Some((id, state))) = (kind, cached) {
            self.cache(name, id, state);
        }
        Ok(id)
    }

    /// # Errors
    /// If the name is in use for a reference of this kind.
    pub(super) fn check_free(&self, kind: RefKind, name: &str) -> Result<(), ArchiveError> {
        match self.store.target(kind, name)? {
            None => Ok(()),
            Some(_) => Err(ArchiveError::NameInUse(name.to_owned())),
        }
    }
}
