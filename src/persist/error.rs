//! What can go wrong with a file.

use std::io;

use crate::term::PathError;

/// Why an environment could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SaveError {
    /// The file, or the writer, refused.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// An atom has a value that can't be written as bytes: see [`Codec`](super::Codec).
    #[error("{atom} has a value that can't be written as bytes")]
    Opaque {
        /// The atom, or how it begins.
        atom: String,
    },
}

/// Why an environment could not be read back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file, or the reader, refused.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// This is not what was saved.
    #[error("byte {offset}: {flaw}")]
    Corrupt {
        /// Where, in bytes from the start.
        offset: u64,
        /// What is wrong there.
        #[source]
        flaw: Flaw,
    },
}

impl LoadError {
    pub(super) fn at(offset: u64, flaw: Flaw) -> Self {
        Self::Corrupt { offset, flaw }
    }
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// It does not begin as the files of this library do.
    #[error("not a file of this kind")]
    Magic,
    /// It is of another version of the format.
    #[error("version {0} of the format is not known")]
    Version(u32),
    /// It ends too early.
    #[error("the file ends too early")]
    Truncated,
    /// It goes on after its end.
    #[error("more follows the end")]
    Trailing,
    /// A block is not as it was written.
    #[error("the checksum of the block is wrong")]
    Checksum,
    /// A block says that it is longer than any is.
    #[error("the block is longer than blocks are")]
    Length,
    /// A block of this kind is not known, or not expected here.
    #[error("a block of kind {0} is not expected")]
    Block(u8),
    /// An entry goes beyond its block, or a number beyond its range.
    #[error("an entry or a number is cut off or out of range")]
    Entry,
    /// Entries are not in ascending order.
    #[error("the entries are out of order")]
    Order,
    /// There are more or fewer entries than the file says.
    #[error("there are more or fewer entries than announced")]
    Count,
    /// A path is no atom's.
    #[error("no path of an atom: {0}")]
    Path(#[source] PathError),
    /// An atom is in the wrong place, or the names of its variables don't fit, or it is there twice.
    #[error("an atom that doesn't belong here")]
    Atom,
    /// A file of a journal and the log that it leads to, or goes on from, were not made for each other: one of them was
    /// replaced by that of another journal, or by an older one.
    #[error("made for another log than the one that is there")]
    Foreign,
    /// A value was saved by a [`Codec`](super::Codec), and this one can't read it.
    #[error("a value that the codec can't read")]
    Opaque,
}
