//! Revisions: what an archive knows of a state that it keeps.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;

use crate::persist::bytes::{Input, put_bytes, put_number};
use crate::persist::{Flaw, LoadError};

/// The name of a [`Revision`]: the SHA-256 of its file. Written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RevisionId(pub(super) [u8; 32]);

impl fmt::Display for RevisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for RevisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// This is not a [`RevisionId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the id of a revision has 64 hexadecimal digits, in lower case")]
pub struct RevisionIdError;

impl FromStr for RevisionId {
    type Err = RevisionIdError;

    fn from_str(text: &str) -> Result<Self, RevisionIdError> {
        let mut bytes = [0; 32];
        if text.len() != 64 {
            return Err(RevisionIdError);
        }
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            for digit in digits {
                let digit = Some(char::from(*digit)).filter(|digit| !digit.is_ascii_uppercase());
                let digit = digit.and_then(|digit| digit.to_digit(16)).ok_or(RevisionIdError)?;
                *byte = *byte << 4 | digit as u8;
            }
        }
        Ok(Self(bytes))
    }
}

/// What is written beside a state that is committed. [`Default`] is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// What the commit is about.
    pub message: String,
    /// When it is made, in seconds since 1970. The library looks at no clock.
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

/// A state that an [`Archive`](super::Archive) keeps, with all but what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Revision {
    /// Its name.
    pub id: RevisionId,
    /// The revisions that it was made from: none for the first, two for a merge.
    pub parents: Vec<RevisionId>,
    /// What was said about it.
    pub note: Note,
    /// How many atoms the environment's own space has, each as often as it is present, or `u64::MAX`.
    pub atoms: u64,
    pub(super) head: Head,
    /// Drawn at random, so that two commits are two revisions, whatever they hold: a union counts both.
    nonce: [u8; 16],
}

/// Where a revision is in history, and how it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Greater than those of all parents, 0 if there are none.
    pub(super) generation: u64,
    pub(super) stored: Stored,
}

/// The greatest generation: one more can be counted on from it. No honest history gets there.
pub(super) const LAST_GENERATION: u64 = u64::MAX - 1;

impl Head {
    /// The least generation of what comes from this.
    pub(super) fn next_generation(self) -> u64 {
        // A revision that is read has one at most `LAST_GENERATION`.
        self.generation.saturating_add(1)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    /// As a whole, in a file of this length.
    Whole(u64),
    /// As a patch against the first parent.
    Patch {
        /// What this patch and those before it weigh, back to the last whole revision.
        behind: u64,
        /// The length of the file of that one.
        whole: u64,
    },
}

impl Revision {
    /// One that is to be written. Its id is known then.
    pub(super) fn new(parents: Vec<RevisionId>, note: Note, atoms: u64, head: Head) -> Self {
        let random = RandomState::new();
        let halves = [0, 1].map(|half| u128::from(random.hash_one(half)));
        let nonce = (halves[0] << 64 | halves[1]).to_le_bytes();
        Self {
            id: RevisionId([0; 32]),
            parents,
            note,
            atoms,
            head,
            nonce,
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        put_number(out, self.parents.len() as u64);
        for parent in &self.parents {
            out.extend(parent.0);
        }
        put_number(out, self.head.generation);
        match self.head.stored {
            Stored::Whole(_) => out.push(0),
            Stored::Patch { behind, whole } => {
                out.push(1);
                put_number(out, behind);
                put_number(out, whole);
            }
        }
        put_number(out, self.atoms);
        match self.note.time {
            None => out.push(0),
            Some(time) => {
                out.push(1);
                put_number(out, time);
            }
        }
        put_bytes(out, self.note.message.as_bytes());
        out.extend(self.nonce);
    }

    /// Reads what [`write`](Self::write) wrote at the start of a file of this length.
    pub(super) fn read(id: RevisionId, input: &mut Input<'_>, length: u64) -> Result<Self, LoadError> {
        let start = input.offset();
        let mut parents = Vec::new();
        for _ in 0..input.number()? {
            parents.push(RevisionId(input.array()?));
        }
        let generation = input.number()?;
        let stored = match input.byte()? {
            0 => Stored::Whole(length),
            1 => Stored::Patch {
                behind: input.number()?,
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
        let fits = is_root == (generation == 0) && generation <= LAST_GENERATION;
        if !fits || (is_root && !matches!(stored, Stored::Whole(_))) {
            return Err(LoadError::at(start, Flaw::Entry));
        }
        Ok(Self {
            id,
            parents,
            note: Note { message, time },
            atoms,
            head: Head { generation, stored },
            nonce,
        })
    }
}
