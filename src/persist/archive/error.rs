//! What can go wrong with an archive.

use std::io;
use std::path::PathBuf;

use super::RevisionId;
use crate::persist::{LoadError, SaveError};

/// Why an archive could not be read, or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The files refused.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// An environment can't be written.
    #[error(transparent)]
    Save(SaveError),
    /// A file of the archive is damaged.
    #[error("{}: {error}", path.display())]
    Load {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        error: LoadError,
    },
    /// A file holds something else than its name says: another revision, or the place of another name.
    #[error("{}: the content is not what the name says", .0.display())]
    Misnamed(PathBuf),
    /// There is no such revision, though a name or another revision says so.
    #[error("revision {0} is missing")]
    Missing(RevisionId),
    /// There is no branch and no tag of this name, and no revision whose id begins so.
    #[error("there is no branch, tag or revision {0:?}")]
    Unknown(String),
    /// There is no branch of this name. There may be a tag.
    #[error("there is no branch {0:?}")]
    NoBranch(String),
    /// There is no tag of this name. There may be a branch.
    #[error("there is no tag {0:?}")]
    NoTag(String),
    /// Several revisions have ids that begin so.
    #[error("several revisions have ids that begin with {0}")]
    Ambiguous(String),
    /// A branch or a tag of this name is there already.
    #[error("the name {0:?} is taken")]
    Taken(String),
    /// This can't be a name.
    #[error("{0:?} is no name: a letter or a digit, then letters, digits, `-`, `_` and `.`, 60 bytes at most")]
    Name(String),
    /// The branch has gone on since the state that the environment comes from.
    #[error("the branch {0:?} has gone on since: merge this into it, or commit it to another branch")]
    Outdated(String),
    /// The file `lock` was removed or replaced while this process wrote, so another may write too: nothing more was written.
    #[error("{} was removed or replaced while the archive was written", .0.display())]
    LockLost(PathBuf),
    /// This thread is writing the archive: a resolver, a codec or a term called a method that writes it too, which would wait
    /// for itself.
    #[error("the archive is being written by this thread")]
    Reentrant,
    /// The folder holds something else than an archive.
    #[error("{}: the folder holds something else than an archive", .0.display())]
    Stranger(PathBuf),
}

impl From<SaveError> for ArchiveError {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::Io(error) => Self::Io(error),
            error => Self::Save(error),
        }
    }
}
