//! Numbers and strings of bytes within a block.

use super::block::{CHECKSUM, HEAD, LONGEST};
use super::error::{Flaw, LoadError};

/// Writes a number as LEB128: 7 bits a byte, lowest first, the top bit set on all bytes but the last.
pub(super) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Writes the number of bytes, and the bytes.
pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// The content of a block, and of those that go on from it, as far as it is not read yet.
#[derive(Clone)]
pub(super) struct Input<'a> {
    bytes: &'a [u8],
    /// How much there was.
    length: usize,
    /// Where it begins in the file.
    start: u64,
}

impl<'a> Input<'a> {
    pub(super) fn new(bytes: &'a [u8], start: u64) -> Self {
        Self {
            bytes,
            length: bytes.len(),
            start,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Where the next byte is in the file.
    pub(super) fn offset(&self) -> u64 {
        self.offset_after(0)
    }

    /// Where the byte is that comes after so many.
    pub(super) fn offset_after(&self, bytes: u64) -> u64 {
        let read = self.length.saturating_sub(self.bytes.len()) as u64;
        let position = read.saturating_add(bytes);
        // Between the pieces there are a checksum and a head.
        let last = (self.length as u64).saturating_sub(1);
        let pieces = position.min(last).checked_div(LONGEST as u64).unwrap_or(0);
        let between = pieces.saturating_mul((CHECKSUM + HEAD) as u64);
        self.start.saturating_add(position).saturating_add(between)
    }

    /// That something is wrong with what begins here.
    pub(super) fn flaw(&self, flaw: Flaw) -> LoadError {
        LoadError::at(self.offset(), flaw)
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], LoadError> {
        let (taken, rest) = self
            .bytes
            .split_at_checked(length)
            .ok_or_else(|| self.flaw(Flaw::Entry))?;
        self.bytes = rest;
        Ok(taken)
    }

    /// All that is left.
    #[cfg(feature = "journal")]
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    pub(super) fn byte(&mut self) -> Result<u8, LoadError> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], LoadError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(super) fn number(&mut self) -> Result<u64, LoadError> {
        let start = self.offset();
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            number |= bits << shift;
            if bits << shift >> shift != bits || (byte == 0 && shift > 0) {
                break;
            }
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(LoadError::at(start, Flaw::Entry))
    }

    /// A number of bytes, and the bytes.
    pub(super) fn counted(&mut self) -> Result<&'a [u8], LoadError> {
        let start = self.offset();
        let length = usize::try_from(self.number()?).map_err(|_| LoadError::at(start, Flaw::Entry))?;
        self.take(length)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, LoadError> {
        let start = self.offset();
        std::str::from_utf8(self.counted()?).map_err(|_| LoadError::at(start, Flaw::Entry))
    }

    /// # Errors
    /// If anything is left.
    pub(super) fn end(&self) -> Result<(), LoadError> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(self.flaw(Flaw::Entry))
        }
    }
}
