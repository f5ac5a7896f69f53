//! The file that a journal appends to.

use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::{JournalError, SyncPolicy};
use crate::env::{Environment, Snapshot};
use crate::persist::block::{BlockReader, BlockWriter, is_block};
use crate::persist::bytes::put_number;
use crate::persist::disk::File;
use crate::persist::file::sync_folder;
use crate::persist::record;
use crate::persist::{Codec, Flaw, LoadError, load, save};
use crate::term::Term;

const MAGIC: [u8; 8] = *b"\x89pleajl\n";
const VERSION: u32 = 1;

/// The kinds of blocks of a log.
mod kind {
    /// The first block: the number of the log.
    pub(super) const LOG: u8 = 16;
    /// A patch.
    pub(super) const PATCH: u8 = 17;
    /// A whole environment, as a file of its own.
    pub(super) const WHOLE: u8 = 18;
}

/// The end of a log that is open.
pub(super) struct Log<T: Term> {
    blocks: BlockWriter<File>,
    /// The length of all whole blocks.
    length: u64,
    /// What the log leads to.
    pub(super) state: Arc<Snapshot<T>>,
    /// When it was synced last, and whether anything was appended since.
    synced: Instant,
    dirty: bool,
    /// The file may not be what it should be: a write could not be undone, or a sync failed.
    pub(super) broken: bool,
}

impl<T: Term> Log<T> {
    /// Makes a log that goes on from `state`, in the place of what was there.
    pub(super) fn create(path: &Path, number: u64, state: Arc<Snapshot<T>>) -> Result<Self, JournalError> {
        let mut blocks = BlockWriter::new(File::create(path)?, MAGIC, VERSION)?;
        put_number(blocks.content(), number);
        let length = 12 + blocks.end(kind::LOG)?;
        blocks.get_ref().sync_all()?;
        sync_folder(path)?;
        Ok(Self::new(blocks, length, state))
    }

    fn new(blocks: BlockWriter<File>, length: u64, state: Arc<Snapshot<T>>) -> Self {
        Self {
            blocks,
            length,
            state,
            synced: Instant::now(),
            dirty: false,
            broken: false,
        }
    }

    /// The length of the file.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Appends what leads from the last state to this one, in one write, and syncs it if `sync` says so.
    pub(super) fn append(
        &mut self,
        state: Arc<Snapshot<T>>,
        codec: &dyn Codec<T>,
        sync: SyncPolicy,
    ) -> Result<(), JournalError> {
        if self.broken {
            return Err(JournalError::Broken);
        }
        if !Arc::ptr_eq(&self.state, &state) {
            if let Err(error) = self.write(&state, codec) {
                self.blocks.discard();
                // Half a block may be there, and nothing must follow it.
                self.broken = self.blocks.get_ref().cut(self.length).is_err();
                return Err(error);
            }
            self.state = state;
            self.dirty = true;
        }
        match sync {
            SyncPolicy::Always => self.sync(),
            SyncPolicy::Every(interval) if self.synced.elapsed() >= interval => self.sync(),
            SyncPolicy::Every(_) | SyncPolicy::Never => Ok(()),
        }
    }

    fn write(&mut self, state: &Arc<Snapshot<T>>, codec: &dyn Codec<T>) -> Result<(), JournalError> {
        // What was left if the code of a term panicked.
        self.blocks.discard();
        let kind = match self.state.successive_patch(state) {
            Some(patch) => {
                record::write(self.blocks.content(), &patch, codec)?;
                kind::PATCH
            }
            None => {
                save::save(state, self.blocks.content(), codec)?;
                kind::WHOLE
            }
        };
        self.length += self.blocks.end(kind)?;
        Ok(())
    }

    /// Has all that was appended written to the disk. After a sync that failed nothing is known of the file.
    pub(super) fn sync(&mut self) -> Result<(), JournalError> {
        if self.broken {
            return Err(JournalError::Broken);
        }
        if self.dirty {
            self.blocks.get_ref().sync_data().inspect_err(|_| self.broken = true)?;
            self.dirty = false;
        }
        self.synced = Instant::now();
        Ok(())
    }
}

/// What was found in a log.
pub(super) struct Replayed {
    /// How many records it has.
    pub(super) records: u64,
    /// Where its last whole record ends.
    pub(super) length: u64,
    /// How many bytes follow that, of a record that was not written to its end.
    pub(super) torn: u64,
    blocks: u64,
}

/// Does to `environment` what a log says.
pub(super) fn replay<T: Term>(
    path: &Path,
    number: u64,
    environment: &mut Environment<T>,
    codec: &dyn Codec<T>,
    sync: SyncPolicy,
) -> Result<Replayed, JournalError> {
    let failed = |error| JournalError::Load {
        path: PathBuf::from(path),
        error,
    };
    let file = File::open(path)?;
    let total = file.length()?;
    let mut found = Replayed {
        records: 0,
        length: 0,
        torn: total,
        blocks: 0,
    };
    let mut blocks = match BlockReader::new(BufReader::new(&file), MAGIC, VERSION) {
        Ok(blocks) => blocks,
        // It was not written to the end of its head.
        Err(LoadError::Corrupt { .. }) if total < 12 => return Ok(found),
        Err(error) => return Err(failed(error)),
    };
    while blocks.offset() < total {
        let start = blocks.offset();
        let (kind, mut content) = match blocks.next() {
            Ok(block) => block,
            // Where not each record was synced before the next, a crash can lose one and keep another after it.
            Err(LoadError::Corrupt { .. })
                if sync != SyncPolicy::Always || !is_followed(&file, start, found.blocks)? =>
            {
                break;
            }
            Err(error) => return Err(failed(error)),
        };
        match kind {
            kind::LOG if found.blocks == 0 => {
                if content.number().map_err(failed)? != number {
                    return Err(failed(content.flaw(Flaw::Entry)));
                }
            }
            kind::PATCH if found.blocks > 0 => {
                environment.apply(&record::read(&mut content, codec).map_err(failed)?);
                found.records += 1;
            }
            kind::WHOLE if found.blocks > 0 => {
                *environment = load::load(content.rest(), codec).map_err(failed)?;
                found.records += 1;
            }
            kind => return Err(failed(LoadError::at(start, Flaw::Block(kind)))),
        }
        found.blocks = blocks.blocks();
        found.length = blocks.offset();
        found.torn = total - found.length;
    }
    Ok(found)
}

/// Is the block that begins here, and is not as it was written, followed by one that is? Then it is not the last one, cut
/// off while it was written: the file is damaged. Looks no further than 64 MiB.
fn is_followed(file: &File, start: u64, number: u64) -> io::Result<bool> {
    let mut rest = Vec::new();
    file.go_to(start)?;
    file.take(64 << 20).read_to_end(&mut rest)?;
    let kinds = [kind::PATCH, kind::WHOLE];
    Ok((1..)
        .map_while(|at| rest.get(at..))
        .any(|rest| is_block(rest, &kinds, number + 1)))
}

/// Opens a log at its end, without what is torn there.
pub(super) fn resume<T: Term>(
    path: &Path,
    number: u64,
    found: &Replayed,
    state: Arc<Snapshot<T>>,
) -> Result<Log<T>, JournalError> {
    if found.blocks == 0 {
        return Log::create(path, number, state);
    }
    let file = File::open_at(path, found.length)?;
    if found.torn > 0 {
        file.cut(found.length)?;
        file.sync_all()?;
    }
    Ok(Log::new(BlockWriter::resume(file, found.blocks), found.length, state))
}
