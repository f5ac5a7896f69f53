//! Blocks: sections of a file with a checksum each.
//!
//! ```text
//! kind (1 byte)   length of the content (4)   content   XXH3-64 of all these, seeded with the block's number (8)
//! ```
//! Numbers are little-endian. The seed is the number of the block, so blocks can't change places unnoticed. Content
//! that exceeds [`MAX_CONTENT`] continues in the next block; a bit of its kind marks this.

use std::io::{self, Read, Write};
use std::mem;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::error::{Flaw, LoadError, SaveError};
use crate::varint::{self, VarintError};

/// Length of the magic number and the version that a file begins with.
pub(super) const FILE_HEADER: u64 = 12;

/// Length of a block's kind and content length.
pub(super) const HEADER: usize = 5;
pub(super) const CHECKSUM: usize = 8;

/// A block is full when its content has this many bytes; one more entry may make it longer.
pub(super) const FULL: usize = 64 * 1024;

/// Greatest length of a block's content, which bounds what is read before its checksum is verified.
pub(super) const MAX_CONTENT: usize = 1024 * 1024;

/// Bit of the kind of a block of the greatest length whose content continues in the next block, of the same kind.
pub(super) const CONTINUED: u8 = 0x80;

/// Returns the kind and the content length of a block.
fn parse_header([kind, a, b, c, d]: [u8; HEADER]) -> (u8, usize) {
    (kind, u32::from_le_bytes([a, b, c, d]) as usize)
}

/// Extends a hash of the checksums of blocks by that of the next block.
fn link(chain: u64, checksum: u64) -> u64 {
    xxh3_64_with_seed(&checksum.to_le_bytes(), chain)
}

/// Writes the length of `bytes` and the bytes.
pub(super) fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    varint::write(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Writes blocks.
pub(super) struct BlockWriter<W> {
    out: W,
    /// Number of blocks written.
    blocks: u64,
    /// Hash of the checksums of all blocks written, in order.
    chain: u64,
    /// Content of the next block.
    content: Vec<u8>,
    /// Buffer for one block as it is written.
    frame: Vec<u8>,
}

impl<W: Write> BlockWriter<W> {
    pub(super) fn new(mut out: W, magic: [u8; 8], version: u32) -> Result<Self, SaveError> {
        out.write_all(&magic)?;
        out.write_all(&version.to_le_bytes())?;
        Ok(Self::resume(out, 0, 0))
    }

    /// Continues after `blocks` blocks with this chain, at whose end `out` is.
    pub(super) fn resume(out: W, blocks: u64, chain: u64) -> Self {
        Self {
            out,
            blocks,
            chain,
            content: Vec::new(),
            frame: Vec::new(),
        }
    }

    /// Content of the next block, to append to.
    pub(super) fn content(&mut self) -> &mut Vec<u8> {
        &mut self.content
    }

    pub(super) fn is_empty(&self) -> bool {
        self.content.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.content.len() >= FULL
    }

    /// Number of blocks written.
    pub(super) fn blocks(&self) -> u64 {
        self.blocks
    }

    /// Writes the content as one block, or as several if it is too long for one. Returns their length in the file.
    pub(super) fn end(&mut self, kind: u8) -> Result<u64, SaveError> {
        let mut content = mem::take(&mut self.content);
        let (mut rest, mut written) = (&content[..], 0);
        while let Some((chunk, after)) = rest.split_at_checked(MAX_CONTENT)
            && !after.is_empty()
        {
            written += self.write(kind | CONTINUED, chunk)?;
            rest = after;
        }
        written += self.write(kind, rest)?;
        content.clear();
        // One huge atom must not hold memory until the end of the file.
        content.shrink_to(4 * FULL);
        self.frame.shrink_to(4 * FULL);
        self.content = content;
        Ok(written)
    }

    fn write(&mut self, kind: u8, chunk: &[u8]) -> Result<u64, SaveError> {
        self.frame.clear();
        self.frame.push(kind);
        self.frame.extend((chunk.len() as u32).to_le_bytes());
        self.frame.extend(chunk);
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

    /// Hash of the checksums of all blocks written, in order.
    pub(super) fn chain(&self) -> u64 {
        self.chain
    }

    /// Discards pending content and returns to the state after `blocks` blocks with this chain.
    pub(super) fn rewind(&mut self, blocks: u64, chain: u64) {
        self.content.clear();
        (self.blocks, self.chain) = (blocks, chain);
    }
}

/// Parses the block at the start of `bytes` without verifying its checksum; `None` if none can begin there.
#[cfg(feature = "journal")]
pub(super) fn parse(bytes: &[u8]) -> Option<UnverifiedBlock<'_>> {
    let (kind, length) = parse_header(*bytes.first_chunk()?);
    let fits = length == MAX_CONTENT || (length < MAX_CONTENT && kind & CONTINUED == 0);
    let end = HEADER.saturating_add(length);
    let (checked, rest) = bytes.split_at_checked(end).filter(|_| fits)?;
    Some(UnverifiedBlock {
        kind: kind & !CONTINUED,
        content: checked.get(HEADER..)?,
        checked,
        checksum: *rest.first_chunk()?,
    })
}

/// Bytes that have the form of a block, with a checksum that has not been verified.
#[cfg(feature = "journal")]
pub(super) struct UnverifiedBlock<'a> {
    pub(super) kind: u8,
    pub(super) content: &'a [u8],
    checked: &'a [u8],
    checksum: [u8; CHECKSUM],
}

#[cfg(feature = "journal")]
impl UnverifiedBlock<'_> {
    /// Length of the whole block, in bytes.
    pub(super) fn length(&self) -> usize {
        self.checked.len().saturating_add(CHECKSUM)
    }

    /// Whether the checksum is that of block `number`.
    pub(super) fn verify(&self, number: u64) -> bool {
        xxh3_64_with_seed(self.checked, number).to_le_bytes() == self.checksum
    }
}

/// Reads blocks.
pub(super) struct BlockReader<R> {
    input: R,
    /// Number of blocks read.
    blocks: u64,
    /// Hash of the checksums of all blocks read, in order.
    chain: u64,
    /// Offset of the next block.
    offset: u64,
    buffer: Vec<u8>,
}

impl<R: Read> BlockReader<R> {
    /// # Errors
    /// If the magic number or the version is another.
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
            known if known == version => Ok(Self::resume(input, 0, FILE_HEADER)),
            other => Err(LoadError::at(8, Flaw::Version(other))),
        }
    }

    /// Continues after `blocks` blocks, which end at `offset`, where `input` is.
    pub(super) fn resume(input: R, blocks: u64, offset: u64) -> Self {
        Self {
            input,
            blocks,
            chain: 0,
            offset,
            buffer: Vec::new(),
        }
    }

    /// Offset of the next block.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Number of blocks read.
    pub(super) fn blocks(&self) -> u64 {
        self.blocks
    }

    /// Hash of the checksums of all blocks read, in order.
    #[cfg(feature = "journal")]
    pub(super) fn chain(&self) -> u64 {
        self.chain
    }

    /// Reads the next block and those that continue it; returns their kind and their content. At most one block is read
    /// beyond what checksums have verified.
    pub(super) fn next(&mut self) -> Result<(u8, ContentReader<'_>), LoadError> {
        let start = self.offset;
        self.buffer.clear();
        self.buffer.shrink_to(4 * FULL);
        let (mut at, mut number, mut chain) = (start, self.blocks, self.chain);
        let mut first = None;
        loop {
            let head = self.buffer.len();
            self.fill(at, head, HEADER)?;
            let Some((kind, length)) = self.buffer.last_chunk().copied().map(parse_header) else {
                return Err(LoadError::at(at, Flaw::Truncated));
            };
            let is_continued = kind & CONTINUED != 0;
            if length > MAX_CONTENT || (is_continued && length < MAX_CONTENT) {
                return Err(LoadError::at(at, Flaw::Length));
            }
            self.fill(at, head, length.saturating_add(CHECKSUM))?;
            let written = self.buffer.len().saturating_sub(head) as u64;
            let Some((checked, checksum)) = self.buffer.split_last_chunk::<CHECKSUM>() else {
                return Err(LoadError::at(at, Flaw::Truncated));
            };
            let checked = checked.get(head..).unwrap_or_default();
            let expected = xxh3_64_with_seed(checked, number);
            if expected.to_le_bytes() != *checksum {
                return Err(LoadError::at(at, Flaw::Checksum));
            }
            chain = link(chain, expected);
            let kind = kind & !CONTINUED;
            if *first.get_or_insert(kind) != kind {
                return Err(LoadError::at(at, Flaw::Block(kind)));
            }
            // Leaves the content of all blocks, joined, in the buffer.
            self.buffer.truncate(self.buffer.len().saturating_sub(CHECKSUM));
            self.buffer.drain(head..head.saturating_add(HEADER));
            at += written;
            number += 1;
            if !is_continued {
                (self.offset, self.blocks, self.chain) = (at, number, chain);
                return Ok((kind, ContentReader::new(&self.buffer, start + HEADER as u64)));
            }
        }
    }

    /// Reads `length` bytes of the block that begins at offset `at` of the file and `head` of the buffer.
    fn fill(&mut self, at: u64, head: usize, length: usize) -> Result<(), LoadError> {
        let read = (&mut self.input).take(length as u64).read_to_end(&mut self.buffer)?;
        if read < length {
            let available = self.buffer.len().saturating_sub(head) as u64;
            return Err(LoadError::at(at + available, Flaw::Truncated));
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

/// Reads the content of a block and of those that continue it.
#[derive(Clone)]
pub(super) struct ContentReader<'a> {
    /// The bytes not yet read.
    rest: &'a [u8],
    /// Length of the whole content.
    length: usize,
    /// Offset of the content in the file.
    start: u64,
}

#[deny(clippy::arithmetic_side_effects)]
impl<'a> ContentReader<'a> {
    pub(super) fn new(bytes: &'a [u8], start: u64) -> Self {
        Self {
            rest: bytes,
            length: bytes.len(),
            start,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Offset of the next byte in the file.
    pub(super) fn offset(&self) -> u64 {
        self.offset_after(0)
    }

    /// Offset in the file of the byte that follows the next `bytes` bytes.
    pub(super) fn offset_after(&self, bytes: u64) -> u64 {
        let read = self.length.saturating_sub(self.rest.len()) as u64;
        let position = read.saturating_add(bytes);
        // A checksum and a header lie between the contents of two blocks.
        let last = (self.length as u64).saturating_sub(1);
        let boundaries = position.min(last).checked_div(MAX_CONTENT as u64).unwrap_or(0);
        let between = boundaries.saturating_mul((CHECKSUM + HEADER) as u64);
        self.start.saturating_add(position).saturating_add(between)
    }

    /// Error for a flaw at the next byte.
    pub(super) fn flaw(&self, flaw: Flaw) -> LoadError {
        LoadError::at(self.offset(), flaw)
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], LoadError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or_else(|| self.flaw(Flaw::Entry))?;
        self.rest = rest;
        Ok(taken)
    }

    /// The bytes not yet read.
    #[cfg(feature = "journal")]
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn byte(&mut self) -> Result<u8, LoadError> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], LoadError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// Reads a varint.
    pub(super) fn number(&mut self) -> Result<u64, LoadError> {
        match varint::read(self.rest) {
            Ok((number, length)) => {
                self.take(length)?;
                Ok(number)
            }
            Err(VarintError::Truncated) => Err(LoadError::at(self.offset_after(self.rest.len() as u64), Flaw::Entry)),
            Err(VarintError::OutOfRange | VarintError::NotCanonical) => Err(self.flaw(Flaw::Entry)),
        }
    }

    /// Reads what [`write_bytes`] wrote.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], LoadError> {
        let start = self.offset();
        let length = usize::try_from(self.number()?).map_err(|_| LoadError::at(start, Flaw::Entry))?;
        self.take(length)
    }

    /// Reads what [`write_bytes`] wrote, as UTF-8.
    pub(super) fn text(&mut self) -> Result<&'a str, LoadError> {
        let start = self.offset();
        std::str::from_utf8(self.bytes()?).map_err(|_| LoadError::at(start, Flaw::Entry))
    }

    /// # Errors
    /// If bytes are left.
    pub(super) fn end(&self) -> Result<(), LoadError> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(self.flaw(Flaw::Entry))
        }
    }
}
