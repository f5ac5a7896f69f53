//! Is a record that is not as it was written the end of what a crash left, or damage?
//!
//! A crash leaves the last record half written, and nothing after it; where not each record was put on the disk before
//! the next, it can leave a hole, and later ones after it. It never leaves a hole in what was on the disk. So it is damage
//! if a sound record follows that says that the broken one was; or if the broken record itself is found, sound, elsewhere.
//! All of the rest is searched, in time and memory that depend on its length alone.

use std::io::{self, Read};

use super::log::kind;
use crate::persist::block::{self, CHECKSUM, HEAD, LONGEST, Unchecked};
use crate::persist::bytes::Input;
use crate::persist::disk::File;

/// As much as is looked at at once.
const WINDOW: usize = 4 * LONGEST;

/// What the least record takes.
const LEAST: usize = HEAD + 8 + 1 + CHECKSUM;

/// How often each byte may be part of a checksum. Whatever crashes leave, hardly any is looked at twice.
const LOOKS: u64 = 8;

/// Is the record that begins here, with the block of this number, damaged?
pub(super) fn is_damage(file: &File, start: u64, total: u64, number: u64, salt: u64) -> io::Result<bool> {
    let rest = total.saturating_sub(start);
    let mut search = Search {
        number,
        most: number.saturating_add(rest / LEAST as u64),
        salt,
        budget: rest.saturating_mul(LOOKS).saturating_add(WINDOW as u64),
    };
    file.go_to(start)?;
    let mut window = Vec::new();
    // What begins at the start is known to be no record.
    let mut at = 1;
    loop {
        let missing = WINDOW.saturating_sub(window.len());
        let read = file.take(missing as u64).read_to_end(&mut window)?;
        let is_last = read < missing;
        // A record that reaches beyond the window is looked at in the next one.
        let limit = if is_last { LEAST } else { HEAD + LONGEST + CHECKSUM };
        while let Some(rest) = window.get(at..)
            && rest.len() >= limit
        {
            match search.look(rest) {
                Found::Nothing => at += 1,
                Found::Record(length) => at += length,
                Found::Proof => return Ok(true),
            }
        }
        if is_last {
            return Ok(false);
        }
        let looked_at = at.min(window.len());
        window.drain(..looked_at);
        at -= looked_at;
    }
}

struct Search {
    /// The number of the broken block, and the greatest that one after it can have.
    number: u64,
    most: u64,
    salt: u64,
    /// How many bytes may still be part of checksums.
    budget: u64,
}

enum Found {
    Nothing,
    /// One of this length that proves nothing.
    Record(usize),
    Proof,
}

impl Search {
    /// Looks at what begins here. The cheap tests come first: they leave nothing over but by one chance in 2⁶⁴ a byte, for
    /// who doesn't know the salt.
    fn look(&mut self, bytes: &[u8]) -> Found {
        let Some(block) = block::begin(bytes) else {
            return Found::Nothing;
        };
        let Some((number, on_disk)) = self.tag(&block) else {
            return Found::Nothing;
        };
        match self.budget.checked_sub(block.length() as u64) {
            Some(left) => self.budget = left,
            // Nothing but a forger makes so many that look like records.
            None => return Found::Proof,
        }
        if !block.is_sound(number) {
            Found::Nothing
        } else if number == self.number || on_disk > self.number {
            Found::Proof
        } else {
            Found::Record(block.length())
        }
    }

    /// The number of the block and of those that were on the disk, if it may be a record.
    fn tag(&self, block: &Unchecked<'_>) -> Option<(u64, u64)> {
        if !matches!(block.kind, kind::PATCH | kind::WHOLE | kind::END) {
            return None;
        }
        let mut content = Input::new(block.content, 0);
        let number = u64::from_le_bytes(content.array().ok()?).wrapping_sub(self.salt);
        let on_disk = content.number().ok()?;
        ((self.number..=self.most).contains(&number) && on_disk <= number).then_some((number, on_disk))
    }
}
