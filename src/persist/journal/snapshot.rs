//! Snapshots of a journal: saved environments, each after a header that identifies the log that continues it.

use std::io::BufReader;
use std::path::Path;

use super::error::JournalError;
use super::format::{LogId, SNAPSHOT_MAGIC, VERSION, kind};
use crate::env::{Environment, Snapshot};
use crate::persist::block::{self, BlockReader, BlockWriter, FILE_HEADER};
use crate::persist::codec::Codec;
use crate::persist::disk::File;
use crate::persist::error::{Flaw, LoadError, SaveError};
use crate::persist::{load, save};
use crate::term::Term;

/// Writes snapshot `number`, which the log `log` continues.
pub(super) fn write<T: Term>(
    out: &mut File,
    number: u64,
    log: LogId,
    state: &Snapshot<T>,
    codec: &dyn Codec<T>,
) -> Result<(), SaveError> {
    let mut blocks = BlockWriter::new(&mut *out, SNAPSHOT_MAGIC, VERSION)?;
    for field in [number, log.chain] {
        blocks.content().extend(field.to_le_bytes());
    }
    blocks.content().extend(log.journal);
    blocks.end(kind::SNAPSHOT)?;
    save::save(state, out, codec)
}

/// Reads what [`write`] wrote.
pub(super) fn read<T: Term>(
    path: &Path,
    number: u64,
    codec: &dyn Codec<T>,
) -> Result<(Environment<T>, LogId), JournalError> {
    let file = File::open(path)?;
    read_from(&file, number, codec).map_err(JournalError::load(path))
}

fn read_from<T: Term>(file: &File, number: u64, codec: &dyn Codec<T>) -> Result<(Environment<T>, LogId), LoadError> {
    let mut input = BufReader::with_capacity(block::FULL, file);
    let mut blocks = BlockReader::new(&mut input, SNAPSHOT_MAGIC, VERSION).map_err(|error| match error {
        // A snapshot of version 1 is a saved environment; no other file is listed as a snapshot.
        LoadError::Corrupt { flaw: Flaw::Magic, .. } => LoadError::at(8, Flaw::Version(1)),
        error => error,
    })?;
    let (found, mut content) = blocks.next()?;
    if found != kind::SNAPSHOT {
        return Err(LoadError::at(FILE_HEADER, Flaw::Block(found)));
    }
    let [found, chain] = [content.array()?, content.array()?].map(u64::from_le_bytes);
    let journal = content.array()?;
    content.end()?;
    if found != number {
        return Err(LoadError::at(FILE_HEADER, Flaw::Order));
    }
    let offset = blocks.offset();
    let environment = load::load(input, codec).map_err(|error| error.shifted(offset))?;
    Ok((environment, LogId { journal, chain }))
}
