//! Files, journals and archives of environments.
//!
//! [`Environment::save`] writes the content of an environment to a file, and [`Environment::load`] reads an equal one:
//! the same atoms with the same multiplicities; rules and annotations in order, with their definition numbers and the
//! names of their variables; the same spaces, states and bindings. Bytes that were not saved so are an
//! [error](LoadError) that names the offset. `docs/format.md` specifies the format; the bytes are a function of the
//! content alone.
//!
#![cfg_attr(
    feature = "journal",
    doc = "A [`Journal`] is a write-ahead log for a [`SharedEnvironment`](crate::SharedEnvironment): acknowledged commits survive a crash."
)]
#![cfg_attr(
    not(feature = "journal"),
    doc = "With the feature `journal`, a `Journal` is a write-ahead log for a `SharedEnvironment`: acknowledged commits survive a crash."
)]
//!
//! [`encode_term`] and [`decode_term`] convert a single term, with opaque parts, to bytes and back.
//!
//! An [`Archive`] keeps named revisions of an environment and their history in a folder: branches, tags, a log, merges.
//!
//! # Compression
//! Facts are prefix-compressed, which leaves little to gain. Rules and texts shrink to a quarter or a half through any
//! compressor around [`save_to`](Environment::save_to) and [`load_from`](Environment::load_from). Loading reads at most
//! 1 MiB beyond what checksums have verified; [`Read::take`] around the decompressor bounds the size of a file with
//! valid checksums.
//!
//! ```
//! use lz4_flex::frame::{FrameDecoder, FrameEncoder};
//! use pleach::persist::NoCodec;
//! use pleach::{Atom, Environment};
//!
//! # let mut world = Environment::<Atom>::new();
//! # world.add_rule("(double $x)".parse()?, "(+ $x $x)".parse()?);
//! let mut encoder = FrameEncoder::new(Vec::new());
//! world.save_to(&mut encoder, &NoCodec)?;
//! let file = encoder.finish()?;
//! assert_eq!(Environment::load_from(FrameDecoder::new(&file[..]), &NoCodec)?, world);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Limits
//! - [`save`](Environment::save) doesn't store history: a loaded environment is unrelated to any other, and a
//!   [`union`](Environment::union) with any but its own forks sums the multiplicities of both.
//! - [Opaque](crate::term::Leaf::Opaque) values, such as the grounded ones of an [`Atom`](crate::Atom), need a
//!   [`Codec`].
//! - Checksums detect corruption, not forgery: a forged file loads as a valid environment with any content, or is an
//!   error.
//! - Symbols are interned permanently, so loading a hostile file can leak as many bytes as it holds names.

// Untrusted bytes and texts are parsed here: they must not cause a panic.
#![deny(clippy::indexing_slicing)]

#[deny(clippy::arithmetic_side_effects)]
mod archive;
#[deny(clippy::arithmetic_side_effects)]
mod atom;
mod block;
mod codec;
#[cfg(feature = "journal")]
mod critical_section;
mod disk;
mod error;
#[deny(clippy::arithmetic_side_effects)]
mod fact_key;
mod folder;
mod format;
#[cfg(feature = "journal")]
mod journal;
#[deny(clippy::arithmetic_side_effects)]
mod load;
mod lock;
mod nonce;
mod patch;
#[cfg(test)]
#[cfg(all(unix, feature = "journal"))]
mod power_loss;
#[cfg(feature = "remote")]
pub mod remote;
mod replace;
mod save;
#[deny(clippy::arithmetic_side_effects)]
mod term;
#[cfg(test)]
mod tests;

use std::io::{BufReader, Read, Write};
use std::path::Path;

pub use archive::{
    Archive, ArchiveError, ArchiveMergeError, Note, Revision, RevisionId, RevisionIdError, Verification,
};
#[cfg(feature = "remote")]
pub use archive::{Progress, Remote, RemoteError, RemoteMergeError, RemoteUpdate, RemoteWatch};
pub use codec::{Codec, NoCodec};
pub use error::{Flaw, LoadError, SaveError};
#[cfg(feature = "journal")]
pub use journal::{
    Journal, JournalCommitError, JournalError, JournalPublishError, JournalUpdateError, Recovery, SyncPolicy,
};

pub use self::term::{decode_term, encode_term};
use crate::env::Environment;
use crate::term::Term;

/// Ends the process like [`std::process::exit`], and removes the temporary files that its threads are writing to save
/// environments or to commit to archives. The files that they would replace keep their content.
///
/// Meant for a handler of Ctrl-C on a thread of its own: it waits while another thread creates, renames or removes a
/// temporary file.
pub fn exit(code: i32) -> ! {
    replace::exit(code)
}

/// Checks that an environment can be saved at this path, as far as can be known: that the folder exists and is
/// writable, that the name isn't too long, and that the path is vacant or holds a regular file. O(1).
///
/// Creates and removes the temporary file that a save begins with.
///
/// # Errors
/// The error of a save that would begin now.
///
/// ```
/// let folder = std::env::temp_dir();
/// assert!(pleach::persist::probe(folder.join("world.pleach")).is_ok());
/// assert!(pleach::persist::probe(&folder).is_err());
/// ```
pub fn probe(path: impl AsRef<Path>) -> Result<(), SaveError> {
    Ok(replace::probe(path.as_ref())?)
}

/// # Files
/// A save takes O(n) time, and memory for one block and a pointer for each rule. It can run on a fork in another thread
/// while the environment is written.
impl<T: Term> Environment<T> {
    /// Saves the environment to a file, and replaces the file atomically if it exists. O(n).
    ///
    /// Writes a temporary file in the same folder, syncs it and renames it: after a crash at any moment the path holds
    /// the old content or the new. A crash can leave a file `.NAME.pleach-K.tmp`, which the next save to this path
    /// removes; [`exit`] leaves none.
    ///
    /// Follows symbolic links, and creates the target if it is missing. The new file has the permissions of the old one
    /// from the start, and its owner and group as far as the process may set them; other hard links keep the old
    /// content.
    ///
    /// # Errors
    /// [`SaveError`], also if the path holds anything but a regular file, and for an
    /// [opaque](crate::term::Leaf::Opaque) value: see [`save_with`](Self::save_with). The file keeps its old content
    /// then, unless only the sync of the folder failed: then it has the new. As in [`std::fs`], the error doesn't repeat
    /// `path`; one of another file, such as the temporary one, names it. Errors of journals and archives name their files.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// # let folder = std::env::temp_dir().join(format!("pleach-doc-save-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// let mut world = Environment::<Atom>::new();
    /// world.add_rule("(double $x)".parse()?, "(+ $x $x)".parse()?);
    /// world.save(folder.join("world.pleach"))?;
    ///
    /// let loaded = Environment::<Atom>::load(folder.join("world.pleach"))?;
    /// assert_eq!(loaded, world);
    /// assert_eq!(loaded.rules().next().unwrap().atom().to_string(), "(= (double $x) (+ $x $x))");
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), SaveError> {
        self.save_with(path, &NoCodec)
    }

    /// Like [`save`](Self::save), with a codec for opaque values. O(n).
    ///
    /// # Errors
    /// As [`save`](Self::save).
    pub fn save_with(&self, path: impl AsRef<Path>, codec: &(impl Codec<T> + ?Sized)) -> Result<(), SaveError> {
        let path = path.as_ref();
        replace::replace(path, |file| save::save(self.snapshot(), file, codec)).map_err(|error| match error {
            SaveError::Io(error) => SaveError::Io(disk::without_path(error, path)),
            error => error,
        })
    }

    /// Writes the environment in the format of [`save`](Self::save), about 64 KiB at a time, and flushes the writer.
    /// O(n).
    ///
    /// # Errors
    /// As [`save`](Self::save). The bytes written by then don't load.
    pub fn save_to(&self, writer: impl Write, codec: &(impl Codec<T> + ?Sized)) -> Result<(), SaveError> {
        save::save(self.snapshot(), writer, codec)
    }

    /// Loads an environment from a file and rebuilds its indexes. It is unrelated to any other environment.
    ///
    /// O(n); facts are sorted in the file, so this is faster than adding them. Beside the environment itself, takes
    /// memory for two blocks.
    ///
    /// # Errors
    /// [`LoadError`], if the file can't be read or isn't valid: all of it is checked.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        Self::load_with(path, &NoCodec)
    }

    /// Like [`load`](Self::load), with a codec for opaque values. O(n).
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_with(path: impl AsRef<Path>, codec: &(impl Codec<T> + ?Sized)) -> Result<Self, LoadError> {
        let path = path.as_ref();
        let load = || Self::load_from(&disk::File::open(path)?, codec);
        load().map_err(|error| match error {
            LoadError::Io(error) => LoadError::Io(disk::without_path(error, path)),
            error => error,
        })
    }

    /// Reads an environment that [`save_to`](Self::save_to) wrote, to the end of the reader, which need not be
    /// buffered. O(n).
    ///
    /// # Errors
    /// As [`load`](Self::load), and if bytes follow the environment.
    pub fn load_from(reader: impl Read, codec: &(impl Codec<T> + ?Sized)) -> Result<Self, LoadError> {
        load::load(BufReader::with_capacity(block::FULL, reader), codec)
    }
}
