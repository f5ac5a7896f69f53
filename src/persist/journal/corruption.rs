//! Distinguishes corruption from the torn end that a crash leaves.
//!
//! A crash can tear the last record; where records aren't synced one by one, it can also leave a hole with later
//! records behind it. It never leaves a hole in what was synced. So an invalid record is corrupt if a later valid
//! record states that it had been synced, or if the record itself is found, valid, at a later offset. The search covers
//! the rest of the log, in time and memory bounded by its length.

use std::io::{self, Read};

use super::format::kind;
use crate::persist::block::{self, CHECKSUM, ContentReader, HEADER, MAX_CONTENT, UnverifiedBlock};
use crate::persist::disk::File;

/// Number of bytes searched at a time.
const WINDOW: usize = 4 * MAX_CONTENT;

/// Length of the shortest record.
const MIN_RECORD: usize = HEADER + 8 + 1 + CHECKSUM;

/// How often each byte may be hashed, on average. After a crash, hardly any byte is hashed twice.
const MAX_HASHES_PER_BYTE: u64 = 8;

/// Whether the invalid record at `start`, whose block would have this number, is corrupt rather than torn.
pub(super) fn is_corrupt(file: &File, start: u64, total: u64, number: u64, salt: u64) -> io::Result<bool> {
    let rest = total.saturating_sub(start);
    let mut search = Search {
        number,
        max_number: number.saturating_add(rest / MIN_RECORD as u64),
        salt,
        budget: rest.saturating_mul(MAX_HASHES_PER_BYTE).saturating_add(WINDOW as u64),
    };
    file.seek(start)?;
    let mut window = Vec::new();
    // The record at the start is known to be invalid.
    let mut at = 1;
    loop {
        let missing = WINDOW.saturating_sub(window.len());
        let read = file.take(missing as u64).read_to_end(&mut window)?;
        let is_last = read < missing;
        // A record that may exceed the window waits for the next one.
        let limit = if is_last {
            MIN_RECORD
        } else {
            HEADER + MAX_CONTENT + CHECKSUM
        };
        while let Some(rest) = window.get(at..)
            && rest.len() >= limit
        {
            match search.examine(rest) {
                Finding::Nothing => at += 1,
                Finding::Record(length) => at += length,
                Finding::Corruption => return Ok(true),
            }
        }
        if is_last {
            return Ok(false);
        }
        let examined = at.min(window.len());
        window.drain(..examined);
        at -= examined;
    }
}

struct Search {
    /// Number of the invalid block.
    number: u64,
    /// Greatest number of a block after it.
    max_number: u64,
    salt: u64,
    /// Number of bytes that may still be hashed.
    budget: u64,
}

enum Finding {
    Nothing,
    /// A valid record of this length that proves nothing.
    Record(usize),
    Corruption,
}

impl Search {
    /// Examines the bytes at one offset. The tests before the checksum pass by chance for one in 2⁶⁴ offsets, unless
    /// the bytes were chosen by someone who knows the salt.
    fn examine(&mut self, bytes: &[u8]) -> Finding {
        let Some(block) = block::parse(bytes) else {
            return Finding::Nothing;
        };
        let Some((number, synced)) = self.tag(&block) else {
            return Finding::Nothing;
        };
        match self.budget.checked_sub(block.length() as u64) {
            Some(left) => self.budget = left,
            // Only a forger creates that many near-records.
            None => return Finding::Corruption,
        }
        if !block.verify(number) {
            Finding::Nothing
        } else if number == self.number || synced > self.number {
            Finding::Corruption
        } else {
            Finding::Record(block.length())
        }
    }

    /// Returns the number of the block and the number of blocks synced before it, if it may be a record.
    fn tag(&self, block: &UnverifiedBlock<'_>) -> Option<(u64, u64)> {
        if !matches!(block.kind, kind::PATCH | kind::WHOLE | kind::END) {
            return None;
        }
        let mut content = ContentReader::new(block.content, 0);
        let number = u64::from_le_bytes(content.array().ok()?).wrapping_sub(self.salt);
        let synced = content.number().ok()?;
        ((self.number..=self.max_number).contains(&number) && synced <= number).then_some((number, synced))
    }
}
