//! The snapshots of a journal: saved environments, each after a block that says which log goes on from there.

use std::io::BufReader;
use std::path::Path;

use super::JournalError;
use super::log::{Start, VERSION, failed, kind};
use crate::env::{Environment, Snapshot};
use crate::persist::block::{self, BlockReader, BlockWriter};
use crate::persist::disk::File;
use crate::persist::{Codec, Flaw, LoadError, SaveError, load, save};
use crate::term::Term;

pub(super) const MAGIC: [u8; 8] = *b"\x89pleajs\n";

/// Writes a state that the log of this number goes on from.
pub(super) fn write<T: Term>(
    out: &mut File,
    number: u64,
    start: Start,
    state: &Snapshot<T>,
    codec: &dyn Codec<T>,
) -> Result<(), SaveError> {
    let mut blocks = BlockWriter::new(&mut *out, MAGIC, VERSION)?;
    for field in [number, start.chain] {
        blocks.content().extend(field.to_le_bytes());
    }
    blocks.content().extend(start.journal);
    blocks.end(kind::SNAPSHOT)?;
    save::save(state, out, codec)
}

/// Reads what [`write`] wrote.
pub(super) fn read<T: Term>(
    path: &Path,
    number: u64,
    codec: &dyn Codec<T>,
) -> Result<(Environment<T>, Start), JournalError> {
    let file = File::open(path)?;
    read_from(&file, number, codec).map_err(failed(path))
}

fn read_from<T: Term>(file: &File, number: u64, codec: &dyn Codec<T>) -> Result<(Environment<T>, Start), LoadError> {
    let mut input = BufReader::with_capacity(block::FULL, file);
    let mut blocks = BlockReader::new(&mut input, MAGIC, VERSION).map_err(|error| match error {
        // In version 1 a snapshot was a saved environment, and nothing else is taken for a snapshot.
        LoadError::Corrupt { flaw: Flaw::Magic, .. } => LoadError::at(8, Flaw::Version(1)),
        error => error,
    })?;
    let (found, mut content) = blocks.next()?;
    if found != kind::SNAPSHOT {
        return Err(LoadError::at(12, Flaw::Block(found)));
    }
    let [of, chain] = [content.array()?, content.array()?].map(u64::from_le_bytes);
    let journal = content.array()?;
    content.end()?;
    if of != number {
        return Err(LoadError::at(12, Flaw::Order));
    }
    let offset = blocks.offset();
    let environment = load::load(input, codec).map_err(|error| match error {
        LoadError::Corrupt { offset: at, flaw } => LoadError::at(offset.saturating_add(at), flaw),
        error => error,
    })?;
    Ok((environment, Start { journal, chain }))
}
