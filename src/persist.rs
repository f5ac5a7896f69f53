//! Environments as files.
//!
//! [`Environment::save`] writes all that an environment holds, and [`Environment::load`] gives an equal one: the same
//! atoms equally often, rules and annotations in their order and under their definition numbers, with the names of their
//! variables, and the same spaces, states and bindings. Anything else than what was saved is an [error](LoadError) that
//! says where the file is wrong. `docs/format.md` has the format; the bytes depend on what the environment holds alone.
//!
#![cfg_attr(
    feature = "journal",
    doc = "A [`Journal`] keeps a [`SharedEnvironment`](crate::SharedEnvironment) in a folder, and loses no commit that it acknowledged."
)]
#![cfg_attr(
    not(feature = "journal"),
    doc = "With the feature `journal`, a `Journal` keeps a `SharedEnvironment` in a folder, and loses no commit that it acknowledged."
)]
//!
//! An [`Archive`] keeps named states in a folder, and all that led to them: branches, tags, a log, merges.
//!
//! # Compression
//! Plain facts are written as what their paths don't share, so there is little left to compress. Rules and texts
//! shrink to a quarter or a half through any compressor around [`save_to`](Environment::save_to) and
//! [`load_from`](Environment::load_from). Loading reads no more than 1 MiB of what it doesn't know to be sound; what has
//! checksums that fit is limited by [`Read::take`] around the decompressor.
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
//! - [`save`](Environment::save) leaves history out: a loaded environment is related to no other, and a
//!   [`union`](Environment::union) with any but its own forks sums what both hold.
//! - [Opaque](crate::term::Leaf::Opaque) values, as grounded ones of an [`Atom`](crate::Atom), need a [`Codec`].
//! - Checksums find what is broken, not what was forged: a forged file gives a sound environment or an error, but who can
//!   write the file can write what he likes.
//! - Symbols are interned for ever, so a hostile file can take as much memory for ever as it has bytes in names.

// Bytes and texts from outside are read here: nothing that they hold may panic.
#![deny(clippy::indexing_slicing)]

#[deny(clippy::arithmetic_side_effects)]
mod archive;
#[deny(clippy::arithmetic_side_effects)]
mod atom;
mod block;
#[deny(clippy::arithmetic_side_effects)]
mod bytes;
mod codec;
mod disk;
mod error;
mod file;
mod folder;
#[cfg(feature = "journal")]
mod journal;
#[deny(clippy::arithmetic_side_effects)]
mod key;
#[deny(clippy::arithmetic_side_effects)]
mod load;
mod lock;
#[cfg(test)]
#[cfg(all(unix, feature = "journal"))]
mod power_loss;
mod record;
mod save;
#[cfg(test)]
mod tests;
#[cfg(feature = "journal")]
mod turn;

use std::io::{BufReader, Read, Write};
use std::path::Path;

pub use self::archive::{Archive, ArchiveError, Note, Revision, RevisionId, RevisionIdError, Verification};
pub use self::codec::{Codec, NoCodec};
pub use self::error::{Flaw, LoadError, SaveError};
#[cfg(feature = "journal")]
pub use self::journal::{Journal, JournalError, Recovery, SyncPolicy};
use crate::env::Environment;
use crate::term::Term;

/// Ends the process as [`std::process::exit`] does, and removes the temporary files that its threads are writing to save
/// environments or to commit to archives. What they were to replace is as it was.
///
/// For a handler of Ctrl-C, on a thread of its own: it waits while another thread makes, renames or removes such a file.
pub fn exit(code: i32) -> ! {
    file::exit(code)
}

/// Checks that an environment can be saved at this path, as far as can be told: that the folder is there and may be
/// written, that the name isn't too long, and that nothing but a regular file is there. It makes the temporary file that a
/// save begins with, and removes it. O(1).
///
/// # Errors
/// That of a save which would begin now.
///
/// ```
/// let folder = std::env::temp_dir();
/// assert!(pleach::persist::probe(folder.join("world.pleach")).is_ok());
/// assert!(pleach::persist::probe(&folder).is_err());
/// ```
pub fn probe(path: impl AsRef<Path>) -> Result<(), SaveError> {
    Ok(file::probe(path.as_ref())?)
}

const MAGIC: [u8; 8] = *b"\x89pleach\n";
const VERSION: u32 = 1;

/// The kinds of blocks.
mod kind {
    pub(super) const END: u8 = 0;
    pub(super) const SPACE: u8 = 1;
    pub(super) const FACTS: u8 = 2;
    pub(super) const OTHERS: u8 = 3;
    pub(super) const DEFINITIONS: u8 = 4;
    pub(super) const CELLS: u8 = 5;
}

/// # Files
/// A save takes O(n) and memory for one block and a pointer for each rule. It can be made from a fork on another thread
/// while the environment is written.
impl<T: Term> Environment<T> {
    /// Saves what this environment holds in a file, in the place of what the file held. O(n).
    ///
    /// The file is written beside it, synced and renamed: after a crash at any moment it holds the old or the new, whole.
    /// (A file `.NAME.pleach-K.tmp` may be left then, which the next save to this path removes; [`exit`]
    /// leaves none.) If it fails, the old file is as it was, or, where
    /// only the folder could not be synced, the new one is there.
    ///
    /// A link is followed, and what it leads to made if it is not there. The new file has the rights of the old one from the
    /// start, and its owner and group as far as the process may give them; other hard links go on having the old one.
    ///
    /// # Errors
    /// [`SaveError`], if the path is that of something else than a regular file too, and for an [opaque](crate::term::Leaf::Opaque) value too: see [`save_with`](Self::save_with).
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

    /// As [`save`](Self::save), with a codec for opaque values.
    ///
    /// # Errors
    /// As [`save`](Self::save).
    pub fn save_with(&self, path: impl AsRef<Path>, codec: &(impl Codec<T> + ?Sized)) -> Result<(), SaveError> {
        let path = path.as_ref();
        file::replace(path, |file| save::save(self.snapshot(), file, codec)).map_err(|error| match error {
            SaveError::Io(error) => SaveError::Io(disk::unname(error, path)),
            error => error,
        })
    }

    /// Writes what [`save`](Self::save) would. It writes a block of about 64 KiB at a time and flushes at the end.
    ///
    /// # Errors
    /// As [`save`](Self::save). What was written then is no whole file, and is refused when loaded.
    pub fn save_to(&self, writer: impl Write, codec: &(impl Codec<T> + ?Sized)) -> Result<(), SaveError> {
        save::save(self.snapshot(), writer, codec)
    }

    /// The environment that was saved in a file, with indexes built anew. It is related to no other.
    ///
    /// O(n), and less for facts than to add them: they come sorted. It reads block by block, and needs no memory beside
    /// what the environment itself takes but for two blocks.
    ///
    /// # Errors
    /// [`LoadError`]. Everything that the file says is checked, so what is loaded is sound.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        Self::load_with(path, &NoCodec)
    }

    /// As [`load`](Self::load), with a codec for opaque values.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_with(path: impl AsRef<Path>, codec: &(impl Codec<T> + ?Sized)) -> Result<Self, LoadError> {
        let path = path.as_ref();
        let load = || Self::load_from(&disk::File::open(path)?, codec);
        load().map_err(|error| match error {
            LoadError::Io(error) => LoadError::Io(disk::unname(error, path)),
            error => error,
        })
    }

    /// Reads what [`save_to`](Self::save_to) wrote, to the end of the reader, which need not be buffered.
    ///
    /// # Errors
    /// As [`load`](Self::load), and if anything follows.
    pub fn load_from(reader: impl Read, codec: &(impl Codec<T> + ?Sized)) -> Result<Self, LoadError> {
        load::load(BufReader::with_capacity(block::FULL, reader), codec)
    }
}
