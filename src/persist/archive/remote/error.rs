//! Errors of remotes.

use std::io;

use super::super::error::ArchiveError;
use crate::env::Conflicts;
use crate::persist::error::{LoadError, SaveError};
use crate::persist::remote::{ObjectStoreError, ProbeError};
use crate::term::{Atom, Term};

/// An error of a [`Remote`](crate::persist::Remote), or of an archive that exchanges revisions with one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// The local archive can't be read or written.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The object store can't be asked.
    #[error(transparent)]
    Store(#[from] ObjectStoreError),
    /// The object store can't hold a remote.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// The store holds something else under the key `format`: a remote of another version, perhaps.
    #[error("the store holds no remote of this version: the object \"format\" says something else")]
    Format,
    /// An object that isn't named by its hash is corrupt.
    #[error("the object {key:?} is corrupt")]
    Corrupt {
        /// Its key.
        key: String,
        /// The flaw and its offset.
        source: LoadError,
    },
    /// An object's content doesn't have the hash that its key ends with.
    #[error("the object {0:?} doesn't have the content that its key names")]
    Tampered(String),
    /// An object is missing, though a name or a revision refers to it.
    #[error("the object {0:?} is missing")]
    Missing(String),
    /// The remote has no branch or tag of this name.
    #[error("the remote has no branch or tag {0:?}")]
    Unknown(String),
    /// The remote has another tag of this name, or a name of the other kind.
    #[error("the name {0:?} is in use in the remote")]
    NameInUse(String),
    /// Another process wrote the object at the same time, so nothing was written.
    #[error("another process wrote {0:?} at the same time")]
    Contended(String),
    /// The time for a push was over before the name could be moved. What was uploaded stays for the next push; whether
    /// the name was moved isn't known if the last request had no answer.
    #[error("the name {name:?} wasn't moved in time")]
    TimedOut {
        /// The name.
        name: String,
        /// The last failure; `None` if others were faster each time.
        source: Option<Box<RemoteError>>,
    },
}

impl RemoteError {
    /// Whether the same may succeed when it is tried again.
    pub(super) fn is_temporary(&self) -> bool {
        match self {
            // A transfer may have altered the content, or a list or read be late.
            Self::Store(error) => !error.is_permanent,
            Self::Corrupt { .. } | Self::Tampered(_) | Self::Missing(_) | Self::Contended(_) => true,
            Self::Archive(_)
            | Self::Probe(_)
            | Self::Format
            | Self::Unknown(_)
            | Self::NameInUse(_)
            | Self::TimedOut { .. } => false,
        }
    }

    /// The error of encoding into memory.
    pub(super) fn encoding(error: SaveError) -> Self {
        Self::Archive(error.into())
    }
}

impl From<io::Error> for RemoteError {
    fn from(error: io::Error) -> Self {
        Self::Archive(error.into())
    }
}

/// An error of a push or a pull whose caller decides conflicts.
#[derive(Debug, thiserror::Error)]
pub enum RemoteMergeError<T: Term = Atom> {
    /// The remote or the archive can't be read or written.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The resolver gave up on these conflicts. The branches stay as they were.
    #[error(transparent)]
    Conflicts(#[from] Conflicts<T>),
}

impl<T: Term> From<ArchiveError> for RemoteMergeError<T> {
    fn from(error: ArchiveError) -> Self {
        Self::Remote(error.into())
    }
}
