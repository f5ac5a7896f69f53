//! Errors of a journal.

use std::io;
use std::path::{Path, PathBuf};

use crate::env::{Conflicts, Environment};
use crate::persist::error::{LoadError, SaveError};
use crate::term::{Atom, Term};

/// An error of opening, reading or writing a [`Journal`](crate::persist::Journal).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// A file operation failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A change can't be encoded. It stays in memory, and all later commits fail too until it is undone there.
    #[error(transparent)]
    Save(SaveError),
    /// A file of the journal is corrupt. Nothing was truncated.
    #[error("cannot load {}", path.display())]
    Load {
        /// Path of the file.
        path: PathBuf,
        /// The flaw and its offset.
        source: LoadError,
    },
    /// A log is missing or lacks records that had been synced.
    #[error("{} is missing or truncated", .0.display())]
    Truncated(PathBuf),
    /// The file `lock` was removed or replaced while the journal was open, so another process may write the journal:
    /// this one writes nothing more.
    #[error("{} was removed or replaced while the journal was open", .0.display())]
    LockLost(PathBuf),
    /// This thread is writing the journal already: a term or a codec that runs for that called a method that writes it
    /// too, which would deadlock. A change published there is written with the next commit.
    #[error("this thread is writing the journal already")]
    Reentrant,
    /// The journal is open already, in this process or another.
    #[error("the journal is open already")]
    Locked,
    /// An earlier failure left the log in an unknown state: see [`Journal::compact`](crate::persist::Journal::compact).
    #[error("an earlier failure left the log in an unknown state")]
    Broken,
}

impl JournalError {
    /// The error of loading the file at `path`.
    pub(super) fn load(path: &Path) -> impl Fn(LoadError) -> Self + '_ {
        |error| match error {
            LoadError::Io(error) => error.into(),
            source => Self::Load {
                path: path.to_owned(),
                source,
            },
        }
    }
}

impl From<SaveError> for JournalError {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::Io(error) => Self::Io(error),
            error => Self::Save(error),
        }
    }
}

/// An error of [`Journal::commit_with`](crate::persist::Journal::commit_with).
#[derive(Debug, thiserror::Error)]
pub enum JournalCommitError<T: Term = Atom> {
    /// The log can't be written. The commit is published in memory.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The resolver gave up on these conflicts. Nothing is published.
    #[error(transparent)]
    Conflicts(#[from] Conflicts<T>),
}

/// An error of [`Journal::publish_if`](crate::persist::Journal::publish_if).
#[derive(Debug, thiserror::Error)]
pub enum JournalPublishError<T: Term = Atom> {
    /// The log can't be written. The state is published in memory.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Another state is current: this one. Nothing is published.
    #[error("another state was published meanwhile")]
    Outdated(Environment<T>),
}

/// An error of [`Journal::try_update`](crate::persist::Journal::try_update).
#[derive(Debug, thiserror::Error)]
pub enum JournalUpdateError<E> {
    /// The log can't be written. The update is published in memory.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The closure failed. Nothing is published.
    #[error(transparent)]
    Update(E),
}
