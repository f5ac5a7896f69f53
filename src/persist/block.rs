//! Blocks: pieces of a file with a checksum each.
//!
//! ```text
//! kind (1 byte)   length of the content (4)   content   XXH3-64 of all these, seeded with the block's number (8)
//! ```
//! Numbers are little-endian. Since the number of the block is in its checksum, blocks can't change places. What is longer
//! than a block may be goes on in the next one, which says so in its kind.

use std::io::{self, Read, Write};
use std::mem;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::bytes::Input;
use super::error::{Flaw, LoadError, SaveError};

/// Kind and length.
pub(super) const HEAD: usize = 5;
pub(super) const CHECKSUM: usize = 8;

/// A block is full when its content has this many bytes; one entry may make it longer.
pub(super) const FULL: usize = 64 * 1024;

/// No block has a longer content, so no more than this is read before it is known to be sound.
pub(super) const LONGEST: usize = 1024 * 1024;

/// Set in the kind of a block of the greatest length whose content goes on in the next one, of the same kind.
pub(super) const GOES_ON: u8 = 0x80;

/// Kind and length of a block.
fn parse_head([kind, a, b, c, d]: [u8; HEAD]) -> (u8, usize) {
    (kind, u32::from_le_bytes([a, b, c, d]) as usize)
}

/// The chain of blocks that end with one of this checksum.
fn link(chain: u64, checksum: u64) -> u64 {
    xxh3_64_with_seed(&checksum.to_le_bytes(), chain)
}

/// Writes blocks.
pub(super) struct BlockWriter<W> {
    out: W,
    /// How many blocks were written.
    blocks: u64,
    /// A hash of the checksums of all blocks up to here, in order.
    chain: u64,
    /// What the next one holds.
    content: Vec<u8>,
    /// One block as it is written.
    frame: Vec<u8>,
}

impl<W: Write> BlockWriter<W> {
    pub(super) fn new(mut out: W, magic: [u8; 8], version: u32) -> Result<Self, SaveError> {
        out.write_all(&magic)?;
        out.write_all(&version.to_le_bytes())?;
        Ok(Self::resume(out, 0, 0))
    }

    /// Goes on after so many blocks with this chain, at whose end `out` is.
    pub(super) fn resume(out: W, blocks: u64, chain: u64) -> Self {
        Self {
            out,
            blocks,
            chain,
            content: Vec::new(),
            frame: Vec::new(),
        }
    }

    /// The content of the next block, to be added to.
    pub(super) fn content(&mut self) -> &mut Vec<u8> {
        &mut self.content
    }

    pub(super) fn is_empty(&self) -> bool {
        self.content.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.content.len() >= FULL
    }

    /// How many blocks were written.
    pub(super) fn blocks(&self) -> u64 {
        self.blocks
    }

    /// Ends the block, or, if it is longer than one may be, the blocks. Returns their length in the file.
    pub(super) fn end(&mut self, kind: u8) -> Result<u64, SaveError> {
        let mut content = mem::take(&mut self.content);
        let (mut rest, mut written) = (&content[..], 0);
        while let Some((piece, after)) = rest.split_at_checked(LONGEST)
            && !after.is_empty()
        {
            written += self.write(kind | GOES_ON, piece)?;
            rest = after;
        }
        written += self.write(kind, rest)?;
        content.clear();
        // One huge atom should not be paid for until the end.
        content.shrink_to(4 * FULL);
        self.frame.shrink_to(4 * FULL);
        self.content = content;
        Ok(written)
    }

    fn write(&mut self, kind: u8, piece: &[u8]) -> Result<u64, SaveError> {
        self.frame.clear();
        self.frame.push(kind);
        self.frame.extend((piece.len() as u32).to_le_bytes());
        self.frame.extend(piece);
        let checksum = xxh3_64_with_seed(&self.frame, self.blocks);
        self.frame.extend(checksum.to_le_bytes());
        self.out.write_all(&self.frame)?;
        self.blocks += 1;
        self.chain = link(self.chain, checksum);
        Ok(self.frame.len() as u64)
    }

    pub(super) fn into_inner(self) -> W {
        self.out
    }
}

#[cfg(feature = "journal")]
impl<W: Write> BlockWriter<W> {
    pub(super) fn get_ref(&self) -> &W {
        &self.out
    }

    /// A hash of the checksums of all blocks that were written, in order.
    pub(super) fn chain(&self) -> u64 {
        self.chain
    }

    /// Forgets the content that was begun, and all blocks but so many, which have this chain.
    pub(super) fn go_back(&mut self, blocks: u64, chain: u64) {
        self.content.clear();
        (self.blocks, self.chain) = (blocks, chain);
    }
}

/// A block that `bytes` begin with, if they do: its kind and its content, whose checksum is not looked at yet.
#[cfg(feature = "journal")]
pub(super) fn begin(bytes: &[u8]) -> Option<Unchecked<'_>> {
    let (kind, length) = parse_head(*bytes.first_chunk()?);
    let fits = length == LONGEST || (length < LONGEST && kind & GOES_ON == 0);
    let end = HEAD.saturating_add(length);
    let (checked, rest) = bytes.split_at_checked(end).filter(|_| fits)?;
    Some(Unchecked {
        kind: kind & !GOES_ON,
        content: checked.get(HEAD..)?,
        checked,
        checksum: *rest.first_chunk()?,
    })
}

/// What may be a block.
#[cfg(feature = "journal")]
pub(super) struct Unchecked<'a> {
    pub(super) kind: u8,
    pub(super) content: &'a [u8],
    checked: &'a [u8],
    checksum: [u8; CHECKSUM],
}

#[cfg(feature = "journal")]
impl Unchecked<'_> {
    /// All of it, in bytes.
    pub(super) fn length(&self) -> usize {
        self.checked.len().saturating_add(CHECKSUM)
    }

    /// Is it as it was written, as the block of this number?
    pub(super) fn is_sound(&self, number: u64) -> bool {
        xxh3_64_with_seed(self.checked, number).to_le_bytes() == self.checksum
    }
}

/// Reads blocks.
pub(super) struct BlockReader<R> {
    input: R,
    blocks: u64,
    /// A hash of the checksums of all blocks up to here, in order.
    chain: u64,
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
                chain: 0,
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
            chain: 0,
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

    /// A hash of the checksums of all blocks that were read, in order.
    #[cfg(feature = "journal")]
    pub(super) fn chain(&self) -> u64 {
        self.chain
    }

    /// The next block, with all that go on from it: their kind and their content. Of what is not known to be sound, no
    /// more is read than one block.
    pub(super) fn next(&mut self) -> Result<(u8, Input<'_>), LoadError> {
        let start = self.offset;
        self.buffer.clear();
        self.buffer.shrink_to(4 * FULL);
        let (mut at, mut number, mut chain) = (start, self.blocks, self.chain);
        let mut first = None;
        loop {
            let head = self.buffer.len();
            self.fill(at, head, HEAD)?;
            let Some((kind, length)) = self.buffer.last_chunk().copied().map(parse_head) else {
                return Err(LoadError::at(at, Flaw::Truncated));
            };
            let goes_on = kind & GOES_ON != 0;
            if length > LONGEST || (goes_on && length < LONGEST) {
                return Err(LoadError::at(at, Flaw::Length));
            }
            self.fill(at, head, length.saturating_add(CHECKSUM))?;
            let written = self.buffer.len().saturating_sub(head) as u64;
            let Some((checked, checksum)) = self.buffer.split_last_chunk::<CHECKSUM>() else {
                return Err(LoadError::at(at, Flaw::Truncated));
            };
            let checked = checked.get(head..).unwrap_or_default();
            let fitting = xxh3_64_with_seed(checked, number);
            if fitting.to_le_bytes() != *checksum {
                return Err(LoadError::at(at, Flaw::Checksum));
            }
            chain = link(chain, fitting);
            let kind = kind & !GOES_ON;
            if *first.get_or_insert(kind) != kind {
                return Err(LoadError::at(at, Flaw::Block(kind)));
            }
            // What is left of all blocks is the content.
            self.buffer.truncate(self.buffer.len().saturating_sub(CHECKSUM));
            self.buffer.drain(head..head.saturating_add(HEAD));
            at += written;
            number += 1;
            if !goes_on {
                (self.offset, self.blocks, self.chain) = (at, number, chain);
                return Ok((kind, Input::new(&self.buffer, start + HEAD as u64)));
            }
        }
    }

    /// Reads so many bytes of the block that begins there, in the file and in the buffer.
    fn fill(&mut self, at: u64, head: usize, length: usize) -> Result<(), LoadError> {
        let read = (&mut self.input).take(length as u64).read_to_end(&mut self.buffer)?;
        if read < length {
            let there = self.buffer.len().saturating_sub(head) as u64;
            return Err(LoadError::at(at + there, Flaw::Truncated));
        }
        Ok(())
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
