//! Branches and tags are made and removed.

use super::name::{self, Kind};
use super::{Archive, ArchiveError, RevisionId};
use crate::term::Term;

/// # Naming
/// All have reached the disk when they return.
impl<T: Term> Archive<T> {
    /// Makes a branch that is at this revision. O(1).
    ///
    /// # Errors
    /// [`ArchiveError`], if the name is taken or none too.
    pub fn branch(&self, name: &str, revision: &str) -> Result<RevisionId, ArchiveError> {
        self.name(Kind::Branch, name, revision)
    }

    /// Makes a tag that stands for this revision. O(1).
    ///
    /// # Errors
    /// [`ArchiveError`], if the name is taken or none too.
    pub fn tag(&self, name: &str, revision: &str) -> Result<RevisionId, ArchiveError> {
        self.name(Kind::Tag, name, revision)
    }

    /// Removes the branch of this name, whether its file is sound or damaged. Revisions that no other name leads to stay
    /// until [`prune`](Self::prune). O(1).
    ///
    /// # Errors
    /// [`ArchiveError`], if there is no such branch too.
    pub fn remove_branch(&self, name: &str) -> Result<(), ArchiveError> {
        self.remove(Kind::Branch, name)
    }

    /// As [`remove_branch`](Self::remove_branch), for a tag.
    ///
    /// # Errors
    /// [`ArchiveError`], if there is no such tag too.
    pub fn remove_tag(&self, name: &str) -> Result<(), ArchiveError> {
        self.remove(Kind::Tag, name)
    }

    fn remove(&self, kind: Kind, name: &str) -> Result<(), ArchiveError> {
        name::check(name)?;
        let _turn = self.turn()?;
        self.store.remove_name(kind, name)?;
        if kind == Kind::Branch {
            let known = self.states().remove(name);
            // The user's terms are dropped, and the lock is not held.
            drop(known);
        }
        Ok(())
    }

    fn name(&self, kind: Kind, name: &str, revision: &str) -> Result<RevisionId, ArchiveError> {
        name::check(name)?;
        let _turn = self.turn()?;
        let id = self.find(revision)?;
        self.must_be_free(Kind::Branch, name)?;
        self.must_be_free(Kind::Tag, name)?;
        // That it is there.
        self.store.revision(id)?;
        self.store.set_name(kind, name, id)?;
        // What is known of the other branch is known of this one.
        let known = self.states().values().find(|(known, _)| *known == id).cloned();
        if let (Kind::Branch, Some((id, state))) = (kind, known) {
            self.remember(name, id, state);
        }
        Ok(id)
    }

    pub(super) fn must_be_free(&self, kind: Kind, name: &str) -> Result<(), ArchiveError> {
        match self.store.named(kind, name)? {
            None => Ok(()),
            Some(_) => Err(ArchiveError::Taken(name.to_owned())),
        }
    }
}
