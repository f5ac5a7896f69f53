//! Errors of an archive.

use std::io;
use std::path::{Path, PathBuf};

use super::revision::RevisionId;
use crate::env::Conflicts;
use crate::persist::error::{LoadError, SaveError};
use crate::term::{Atom, Term};

/// An error of reading or writing an [`Archive`](crate::persist::Archive).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// A file operation failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// An environment can't be encoded.
    #[error(transparent)]
    Save(SaveError),
    /// A file of the archive is corrupt.
    #[error("cannot load {}", path.display())]
    Load {
        /// Path of the file.
        path: PathBuf,
        /// The flaw and its offset.
        source: LoadError,
    },
    /// The content of a file doesn't match its name: it holds another revision, or the target of another name.
    #[error("{}: the content doesn't match the file name", .0.display())]
    Misnamed(PathBuf),
    /// A revision doesn't exist, though a name or another revision refers to it.
    #[error("revision {0} is missing")]
    Missing(RevisionId),
    /// A chunk of facts doesn't exist, though a revision refers to it.
    #[error("the chunk {} is missing", .0.display())]
    MissingChunk(PathBuf),
    /// No branch or tag has this name, and no revision an id with this prefix.
    #[error("there is no branch, tag or revision {0:?}")]
    Unknown(String),
    /// No branch has this name; a tag may.
    #[error("there is no branch {0:?}")]
    NoBranch(String),
    /// No tag has this name; a branch may.
    #[error("there is no tag {0:?}")]
    NoTag(String),
    /// Several revisions have ids with this prefix.
    #[error("several revisions have ids that begin with {0}")]
    Ambiguous(String),
    /// A branch or a tag has this name already.
    #[error("the name {0:?} is in use")]
    NameInUse(String),
    /// The name is invalid for a branch or a tag.
    #[error("invalid name {0:?}: must be a letter or digit, then letters, digits, `-`, `_` and `.`, 60 bytes at most")]
    InvalidName(String),
    /// The branch has moved on since the state from which the environment descends.
    #[error("the branch {0:?} has moved on: merge the environment into it, or commit it to another branch")]
    Outdated(String),
    /// The file `lock` was removed or replaced during a write, so another process may write the archive: this one wrote
    /// nothing more.
    #[error("{} was removed or replaced while the archive was written", .0.display())]
    LockLost(PathBuf),
    /// This thread is writing the archive already: a resolver, a codec or a term called a method that writes it too,
    /// which would deadlock.
    #[error("this thread is writing the archive already")]
    Reentrant,
    /// The folder holds files that aren't those of an archive.
    #[error("{}: the folder holds other files than those of an archive", .0.display())]
    NotAnArchive(PathBuf),
}

impl ArchiveError {
    /// The error of loading the file at `path`.
    pub(super) fn load(path: &Path) -> impl FnOnce(LoadError) -> Self + '_ {
        |error| match error {
            LoadError::Io(error) => error.into(),
            source => Self::Load {
                path: path.to_owned(),
                source,
            },
        }
    }
}

impl From<SaveError> for ArchiveError {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::Io(error) => Self::Io(error),
            error => Self::Save(error),
        }
    }
}

/// An error of a merge: of [`Archive::commit_with`](crate::persist::Archive::commit_with) and
/// [`Archive::merge_with`](crate::persist::Archive::merge_with).
#[derive(Debug, thiserror::Error)]
pub enum ArchiveMergeError<T: Term = Atom> {
    /// The archive can't be read or written.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The resolver gave up on these conflicts. Nothing was written.
    #[error(transparent)]
    Conflicts(#[from] Conflicts<T>),
}
