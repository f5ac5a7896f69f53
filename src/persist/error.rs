//! Errors of saving and loading.

use std::io;

use crate::env::Subject;
use crate::term::PathError;

/// An error of writing an environment.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SaveError {
    /// The file or the writer failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// An atom holds an opaque value that the [`Codec`](super::Codec) doesn't encode.
    #[error("{}{atom} holds a value that the codec doesn't encode", in_place(.place))]
    Opaque {
        /// The named space or the cell that the atom is in; `None` for the environment's own space, and for a single term.
        place: Option<Box<Subject>>,
        /// The atom, shortened to 200 characters.
        atom: String,
    },
}

impl SaveError {
    /// The same error, of an atom in this space or cell.
    pub(super) fn in_place(self, subject: Subject) -> Self {
        match self {
            Self::Opaque { atom, .. } => Self::Opaque {
                place: Some(subject.into()),
                atom,
            },
            error => error,
        }
    }
}

fn in_place(place: &Option<Box<Subject>>) -> String {
    place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default()
}

/// An error of reading an environment.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file or the reader failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The bytes aren't those of a saved environment.
    #[error("invalid data at byte {offset}")]
    Corrupt {
        /// Offset in bytes from the start.
        offset: u64,
        /// The flaw found there.
        #[source]
        flaw: Flaw,
    },
}

impl LoadError {
    pub(super) fn at(offset: u64, flaw: Flaw) -> Self {
        Self::Corrupt { offset, flaw }
    }

    /// The same error in a file that has `start` bytes before those that were read.
    pub(super) fn shifted(self, start: u64) -> Self {
        match self {
            Self::Corrupt { offset, flaw } => Self::at(start.saturating_add(offset), flaw),
            Self::Io(error) => Self::Io(error),
        }
    }
}

/// A violation of the file format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// The magic number is that of no file of this kind.
    #[error("not a file of this kind")]
    Magic,
    /// The version of the format is unknown.
    #[error("unknown format version {0}")]
    Version(u32),
    /// The file is truncated.
    #[error("the file is truncated")]
    Truncated,
    /// Bytes follow the end marker.
    #[error("trailing bytes after the end")]
    Trailing,
    /// The checksum of a block doesn't match its content.
    #[error("checksum mismatch")]
    Checksum,
    /// A block exceeds the greatest length.
    #[error("block length out of range")]
    Length,
    /// A block of this kind is unknown or not allowed here.
    #[error("unexpected block of kind {0}")]
    Block(u8),
    /// An entry exceeds its block, or a number its range.
    #[error("malformed entry")]
    Entry,
    /// Entries aren't in ascending order.
    #[error("entries out of order")]
    Order,
    /// The number of entries differs from the one that the file states.
    #[error("entry count mismatch")]
    Count,
    /// A key isn't the canonical path of an atom.
    #[error("invalid path of an atom")]
    Path(#[source] PathError),
    /// An atom is duplicated, in the wrong section, or its variables' names don't fit it.
    #[error("misplaced or duplicate atom")]
    Atom,
    /// A snapshot or log of a journal and the log that follows it don't belong together: one of them was replaced by
    /// that of another journal, or by an older one.
    #[error("the file belongs to another log")]
    Foreign,
    /// The [`Codec`](super::Codec) can't decode a value.
    #[error("the codec can't decode a value")]
    Opaque,
}
