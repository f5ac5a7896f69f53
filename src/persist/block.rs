//! Blocks: pieces of a file with a checksum each.
//!
//! ```text
//! kind (1 byte)   length of the content (4)   content   XXH3-64 of all these, seeded with the block's number (8)
//! ```
//! Numbers are little-endian. Since the number of the block is in its checksum, blocks can't change places.

use std::io::{self, Read, Write};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::bytes::Input;
use super::error::{Flaw, LoadError, SaveError};

/// Kind and length.
const HEAD: usize = 5;
const CHECKSUM: usize = 8;

/// A block is full when its content has this many bytes; one entry may make it longer.
pub(super) const FULL: usize = 64 * 1024;

/// Writes blocks.
pub(super) struct BlockWriter<W> {
    out: W,
    /// How many blocks were written.
    blocks: u64,
    /// The head, to be filled in, and the content of the next one.
    buffer: Vec<u8>,
}

impl<W: Write> BlockWriter<W> {
    pub(super) fn new(mut out: W, magic: [u8; 8], version: u32) -> Result<Self, SaveError> {
        out.write_all(&magic)?;
        out.write_all(&version.to_le_bytes())?;
        Ok(Self {
            out,
            blocks: 0,
            buffer: vec![0; HEAD],
        })
    }

    /// The content of the next block, to be added to.
    pub(super) fn content(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    pub(super) fn is_empty(&self) -> bool {
        self.buffer.len() == HEAD
    }

    pub(super) fn is_full(&self) -> bool {
        self.buffer.len() >= HEAD + FULL
    }

    /// How many blocks were written.
    pub(super) fn blocks(&self) -> u64 {
        self.blocks
    }

    /// Ends the block. Returns its length in the file.
    pub(super) fn end(&mut self, kind: u8) -> Result<u64, SaveError> {
        let length = u32::try_from(self.buffer.len() - HEAD).map_err(|_| SaveError::TooLarge)?;
        if let Some(head) = self.buffer.first_chunk_mut() {
            *head = Self::head(kind, length);
        }
        let checksum = xxh3_64_with_seed(&self.buffer, self.blocks);
        self.buffer.extend_from_slice(&checksum.to_le_bytes());
        self.out.write_all(&self.buffer)?;
        self.blocks += 1;
        let written = self.buffer.len() as u64;
        self.buffer.truncate(HEAD);
        // One huge atom should not be paid for until the end.
        self.buffer.shrink_to(4 * FULL);
        Ok(written)
    }

    fn head(kind: u8, length: u32) -> [u8; HEAD] {
        let [a, b, c, d] = length.to_le_bytes();
        [kind, a, b, c, d]
    }

    pub(super) fn into_inner(self) -> W {
        self.out
    }
}

#[cfg(feature = "journal")]
impl<W: Write> BlockWriter<W> {
    /// Goes on after so many blocks, at whose end `out` is.
    pub(super) fn resume(out: W, blocks: u64) -> Self {
        Self {
            out,
            blocks,
            buffer: vec![0; HEAD],
        }
    }

    pub(super) fn get_ref(&self) -> &W {
        &self.out
    }

    /// Forgets the content that was begun.
    pub(super) fn discard(&mut self) {
        self.buffer.truncate(HEAD);
    }
}

/// Do these bytes begin with a whole block, of one of these kinds, with this number?
#[cfg(feature = "journal")]
pub(super) fn is_block(bytes: &[u8], kinds: &[u8], number: u64) -> bool {
    let [kind, a, b, c, d, ..] = *bytes else { return false };
    let end = HEAD.saturating_add(u32::from_le_bytes([a, b, c, d]) as usize);
    kinds.contains(&kind)
        && bytes
            .split_at_checked(end)
            .and_then(|(checked, rest)| Some((checked, rest.first_chunk()?)))
            .is_some_and(|(checked, checksum)| xxh3_64_with_seed(checked, number).to_le_bytes() == *checksum)
}

/// Reads blocks.
pub(super) struct BlockReader<R> {
    input: R,
    blocks: u64,
    /// Where the next block begins.
    offset: u64,
    buffer: Vec<u8>,
}

impl<R: Read> BlockReader<R> {
    /// # Errors
    /// If the magic or the version is another.
    pub(super) fn new(mut input: R, magic: [u8; 8], version: u32) -> Result<Self, LoadError> {
        let mut found = Vec::new();
        (&mut input).take(8).read_to_end(&mut found)?;
        if found != magic {
            return Err(LoadError::at(0, Flaw::Magic));
        }
        found.clear();
        (&mut input).take(4).read_to_end(&mut found)?;
        let Ok(bytes) = <[u8; 4]>::try_from(&found[..]) else {
            return Err(LoadError::at(8 + found.len() as u64, Flaw::Truncated));
        };
        match u32::from_le_bytes(bytes) {
            known if known == version => Ok(Self {
                input,
                blocks: 0,
                offset: 12,
                buffer: Vec::new(),
            }),
            other => Err(LoadError::at(8, Flaw::Version(other))),
        }
    }

    /// Goes on after so many blocks, which end here: where `input` is.
    pub(super) fn resume(input: R, blocks: u64, offset: u64) -> Self {
        Self {
            input,
            blocks,
            offset,
            buffer: Vec::new(),
        }
    }

    /// Where the next block begins.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// How many blocks were read.
    pub(super) fn blocks(&self) -> u64 {
        self.blocks
    }

    /// The next block: its kind and its content. Memory is taken only for what the input has.
    pub(super) fn next(&mut self) -> Result<(u8, Input<'_>), LoadError> {
        let (input, buffer, start) = (&mut self.input, &mut self.buffer, self.offset);
        buffer.clear();
        buffer.shrink_to(4 * FULL);
        let mut fill = |buffer: &mut Vec<u8>, length: usize| -> Result<(), LoadError> {
            let wanted = buffer.len() + length;
            input.take(length as u64).read_to_end(buffer)?;
            if buffer.len() < wanted {
                return Err(LoadError::at(start + buffer.len() as u64, Flaw::Truncated));
            }
            Ok(())
        };
        fill(buffer, HEAD)?;
        let truncated = LoadError::at(start, Flaw::Truncated);
        let Some(&[kind, a, b, c, d]) = buffer.first_chunk::<HEAD>() else {
            return Err(truncated);
        };
        fill(
            buffer,
            (u32::from_le_bytes([a, b, c, d]) as usize).saturating_add(CHECKSUM),
        )?;
        let Some((checked, checksum)) = buffer.split_last_chunk::<CHECKSUM>() else {
            return Err(truncated);
        };
        if xxh3_64_with_seed(checked, self.blocks).to_le_bytes() != *checksum {
            return Err(LoadError::at(start, Flaw::Checksum));
        }
        self.blocks += 1;
        self.offset += buffer.len() as u64;
        let content = checked.get(HEAD..).unwrap_or_default();
        Ok((kind, Input::new(content, start + HEAD as u64)))
    }

    /// # Errors
    /// If anything follows.
    pub(super) fn end(mut self) -> Result<(), LoadError> {
        let mut byte = [0];
        loop {
            return match self.input.read(&mut byte) {
                Ok(0) => Ok(()),
                Ok(_) => Err(LoadError::at(self.offset, Flaw::Trailing)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error.into()),
            };
        }
    }
}
