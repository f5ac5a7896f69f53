//! Revisions and their headers.

use std::fmt;
use std::str::FromStr;

use super::hex;
use crate::persist::block::{ContentReader, write_bytes};
use crate::persist::error::{Flaw, LoadError};
use crate::persist::nonce::nonce;
use crate::varint;

/// The id of a [`Revision`]: the SHA-256 of its file, displayed as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RevisionId(pub(super) [u8; 32]);

impl fmt::Display for RevisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(&self.0, f)
    }
}

impl fmt::Debug for RevisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An error of parsing a [`RevisionId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid revision id: must be 64 lower-case hexadecimal digits")]
#[non_exhaustive]
pub struct RevisionIdError;

impl FromStr for RevisionId {
    type Err = RevisionIdError;

    fn from_str(text: &str) -> Result<Self, RevisionIdError> {
        hex::parse(text).map(Self).map_err(|_| RevisionIdError)
    }
}

/// A message and a time that are stored with a commit, both empty by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// Description of the commit.
    pub message: String,
    /// Time of the commit in seconds since 1970. The library reads no clock.
    pub time: Option<u64>,
}

impl From<&str> for Note {
    fn from(message: &str) -> Self {
        Self {
            message: message.to_owned(),
            time: None,
        }
    }
}

/// The metadata of a state in an [`Archive`](super::Archive).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Revision {
    /// The id.
    pub id: RevisionId,
    /// The parents: none for a first revision, several for a merge.
    pub parents: Vec<RevisionId>,
    /// The note of the commit.
    pub note: Note,
    /// Number of atoms in the environment's own space, counted with multiplicity; saturates at `u64::MAX`.
    pub atoms: u64,
    pub(super) header: Header,
    /// Random, so that two commits are different revisions even if their content is equal: a union counts both.
    nonce: [u8; 16],
}

/// Generation and storage of a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// 1 + the greatest generation of a parent; 0 without parents.
    pub(super) generation: u64,
    pub(super) stored: Stored,
}

/// Greatest generation: one less than the type allows, so that the next one can be computed. Only forged files get
/// there.
pub(super) const MAX_GENERATION: u64 = u64::MAX - 1;

impl Header {
    /// The least generation of a child.
    pub(super) fn next_generation(self) -> u64 {
        // Reading rejects generations beyond `MAX_GENERATION`.
        self.generation.saturating_add(1)
    }
}

/// How the content of a revision is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    /// A whole environment.
    Whole {
        /// Length of the file; 0 before it is written.
        file: u64,
        /// Total length of the chunks that the state consists of, beside the file.
        chunks: u64,
    },
    /// A patch against the first parent.
    Patch {
        /// Total weight of this patch and those before it, back to the last whole revision.
        chain: u64,
        /// Length of the file of that whole revision, and of its chunks.
        whole: u64,
    },
}

impl Revision {
    /// A revision that isn't written yet: its id is unknown.
    pub(super) fn new(parents: Vec<RevisionId>, note: Note, atoms: u64, header: Header) -> Self {
        Self {
            id: RevisionId([0; 32]),
            parents,
            note,
            atoms,
            header,
            nonce: nonce(),
        }
    }

    /// Whether it is a whole state of which a part is in chunks.
    pub(super) fn has_chunks(&self) -> bool {
        matches!(self.header.stored, Stored::Whole { chunks: 1.., .. })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        varint::write(out, self.parents.len() as u64);
        for parent in &self.parents {
            out.extend(parent.0);
        }
        varint::write(out, self.header.generation);
        match self.header.stored {
            Stored::Whole { chunks, .. } => {
                out.push(0);
                varint::write(out, chunks);
            }
            Stored::Patch { chain, whole } => {
                out.push(1);
                varint::write(out, chain);
                varint::write(out, whole);
            }
        }
        varint::write(out, self.atoms);
        match self.note.time {
            None => out.push(0),
            Some(time) => {
                out.push(1);
                varint::write(out, time);
            }
        }
        write_bytes(out, self.note.message.as_bytes());
        out.extend(self.nonce);
    }

    /// Reads what [`write`](Self::write) wrote, at the start of a file of this length.
    pub(super) fn read(id: RevisionId, input: &mut ContentReader<'_>, length: u64) -> Result<Self, LoadError> {
        let start = input.offset();
        let mut parents = Vec::new();
        for _ in 0..input.number()? {
            parents.push(RevisionId(input.array()?));
        }
        let generation = input.number()?;
        let stored = match input.byte()? {
            0 => Stored::Whole {
                file: length,
                chunks: input.number()?,
            },
            1 => Stored::Patch {
                chain: input.number()?,
                whole: input.number()?,
            },
            _ => return Err(LoadError::at(start, Flaw::Entry)),
        };
        let atoms = input.number()?;
        let time = match input.byte()? {
            0 => None,
            1 => Some(input.number()?),
            _ => return Err(LoadError::at(start, Flaw::Entry)),
        };
        let message = input.text()?.to_owned();
        let nonce = input.array()?;
        input.end()?;
        let is_root = parents.is_empty();
        let fits = is_root == (generation == 0) && generation <= MAX_GENERATION;
        if !fits || (is_root && !matches!(stored, Stored::Whole { .. })) {
            return Err(LoadError::at(start, Flaw::Entry));
        }
        Ok(Self {
            id,
            parents,
            note: Note { message, time },
            atoms,
            header: Header { generation, stored },
            nonce,
        })
    }
}
