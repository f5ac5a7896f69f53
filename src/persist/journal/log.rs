//! The log of a journal.
//!
//! ```text
//! magic, version   header: number, salt, end of the log before, journal   record   record …   end, if another log
//! follows
//! ```
//! Each record is a block, or several if it is large, and begins with
//! - its tag: the sum of the salt and the number of the block. The salt is random, so neither user data nor earlier
//!   content of the disk can pass for a record of this log;
//! - the number of blocks that were synced when it was written: this tells [corruption](super::corruption) of one of
//!   them from a torn write.
//!
//! The header identifies the journal, and the log before by its length and the hash of its blocks when this log was
//! created. A snapshot likewise identifies the log that continues it. So replacing one file by another is detected.

use std::hash::{BuildHasher, RandomState};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::corruption::is_corrupt;
use super::error::JournalError;
use super::format::{JournalId, LOG_MAGIC, LogId, LogPosition, VERSION, kind};
use crate::env::{Environment, Snapshot};
use crate::persist::block::{BlockReader, BlockWriter, ContentReader, FILE_HEADER};
use crate::persist::codec::Codec;
use crate::persist::disk::{self, File, sync_parent};
use crate::persist::error::{Flaw, LoadError, SaveError};
use crate::persist::lock::FolderLock;
use crate::persist::{load, patch, save};
use crate::term::Term;
use crate::varint;

/// When a [`Journal`](crate::persist::Journal) syncs its log, so that commits survive a crash of the machine and not
/// only of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyncPolicy {
    /// Before commits are acknowledged: once for all that are waiting.
    #[default]
    Always,
    /// At most this long after commits were acknowledged. A crash of the machine can lose the commits since the last
    /// sync.
    Every(Duration),
    /// At the system's discretion, at [`Journal::sync`](crate::persist::Journal::sync), and when the journal is
    /// dropped.
    Never,
}

/// The predecessor that a log must continue.
pub(super) enum Predecessor<'a> {
    None,
    /// The snapshot at this path, which identifies its log.
    Snapshot(&'a Path, LogId),
    /// Another log of this journal.
    Log(JournalId, LogPosition),
}

/// # Errors
/// If another process may write the journal.
pub(super) fn check_lock(lock: &FolderLock) -> Result<(), JournalError> {
    if lock.is_held()? {
        Ok(())
    } else {
        Err(JournalError::LockLost(lock.path().to_owned()))
    }
}

/// A log that is open for appending.
pub(super) struct Log<T: Term> {
    blocks: BlockWriter<File>,
    salt: u64,
    id: LogId,
    /// Length of all complete blocks.
    length: u64,
    /// The state that the log leads to.
    pub(super) state: Arc<Snapshot<T>>,
    last_sync: Instant,
    /// Number of blocks at the last sync.
    synced_blocks: u64,
    /// The content of the file is unknown: a write could not be undone, or a sync failed.
    pub(super) is_broken: bool,
}

impl<T: Term> Log<T> {
    /// Creates a log that continues from `state`, and atomically replaces the file at `path`. It takes effect when the
    /// log before, which ends at `before`, is sealed, or when a snapshot of the same number exists.
    pub(super) fn create(
        path: &Path,
        number: u64,
        journal: JournalId,
        before: LogPosition,
        state: Arc<Snapshot<T>>,
        lock: &FolderLock,
    ) -> Result<Self, JournalError> {
        // After a lost lock, the file at that path may be another process's.
        check_lock(lock)?;
        let temporary = temporary_path(path);
        let salt = RandomState::new().hash_one(number);
        let create = || -> Result<_, JournalError> {
            let mut blocks = BlockWriter::new(File::create(&temporary)?, LOG_MAGIC, VERSION)?;
            for field in [number, salt, before.length, before.chain] {
                blocks.content().extend(field.to_le_bytes());
            }
            blocks.content().extend(journal);
            let length = FILE_HEADER + blocks.end(kind::LOG)?;
            blocks.get_ref().sync_all()?;
            check_lock(lock)?;
            disk::rename(&temporary, path)?;
            Ok((blocks, length))
        };
        let (blocks, length) = create().inspect_err(|_| drop(disk::remove(&temporary)))?;
        sync_parent(path)?;
        let chain = blocks.chain();
        Ok(Self::new(blocks, salt, LogId { journal, chain }, length, state))
    }

    /// A log whose present content is synced.
    fn new(blocks: BlockWriter<File>, salt: u64, id: LogId, length: u64, state: Arc<Snapshot<T>>) -> Self {
        Self {
            synced_blocks: blocks.blocks(),
            blocks,
            salt,
            id,
            length,
            state,
            last_sync: Instant::now(),
            is_broken: false,
        }
    }

    /// Length of the file.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn id(&self) -> LogId {
        self.id
    }

    pub(super) fn end(&self) -> LogPosition {
        LogPosition {
            length: self.length,
            chain: self.blocks.chain(),
        }
    }

    /// Whether blocks were appended since the last sync.
    pub(super) fn is_dirty(&self) -> bool {
        !self.is_broken && self.synced_blocks < self.blocks.blocks()
    }

    /// Appends the change from the last state to `state`, and syncs according to `sync`.
    pub(super) fn append(
        &mut self,
        state: Arc<Snapshot<T>>,
        codec: &dyn Codec<T>,
        sync: SyncPolicy,
        lock: &FolderLock,
    ) -> Result<(), JournalError> {
        if self.is_broken {
            return Err(JournalError::Broken);
        }
        check_lock(lock)?;
        if !Arc::ptr_eq(&self.state, &state) {
            let before = Arc::clone(&self.state);
            // Merges create versions of equal content; the log records content alone.
            if !state.has_same_content(&before) {
                self.write(|content| match before.successive_patch(&state) {
                    Some(patch) => patch::write(content, &patch, codec).map(|()| kind::PATCH),
                    None => save::save(&state, content, codec).map(|()| kind::WHOLE),
                })?;
            }
            self.state = state;
        }
        match sync {
            SyncPolicy::Always => self.sync(),
            SyncPolicy::Every(interval) if self.last_sync.elapsed() >= interval => self.sync(),
            SyncPolicy::Every(_) | SyncPolicy::Never => Ok(()),
        }
    }

    /// Appends the mark that another log follows, and syncs it.
    pub(super) fn seal(&mut self, lock: &FolderLock) -> Result<(), JournalError> {
        if self.is_broken {
            return Err(JournalError::Broken);
        }
        check_lock(lock)?;
        self.write(|_| Ok(kind::END))?;
        self.sync()
    }

    /// Writes one record, completely or not at all, of the kind that `fill` returns.
    fn write(&mut self, fill: impl FnOnce(&mut Vec<u8>) -> Result<u8, SaveError>) -> Result<(), JournalError> {
        let (number, chain) = (self.blocks.blocks(), self.blocks.chain());
        // Discards content left by a panic in the code of a term.
        self.blocks.rewind(number, chain);
        let content = self.blocks.content();
        content.extend(self.salt.wrapping_add(number).to_le_bytes());
        varint::write(content, self.synced_blocks);
        match fill(content).and_then(|kind| self.blocks.end(kind)) {
            Ok(written) => {
                self.length += written;
                Ok(())
            }
            Err(error) => {
                self.blocks.rewind(number, chain);
                // Nothing may follow a partial record.
                self.is_broken = self.blocks.get_ref().truncate(self.length).is_err();
                Err(error.into())
            }
        }
    }

    /// Syncs the log. After a failed sync the content of the file is unknown.
    pub(super) fn sync(&mut self) -> Result<(), JournalError> {
        if self.is_broken {
            return Err(JournalError::Broken);
        }
        if self.is_dirty() {
            self.blocks
                .get_ref()
                .sync_data()
                .inspect_err(|_| self.is_broken = true)?;
            self.synced_blocks = self.blocks.blocks();
        }
        self.last_sync = Instant::now();
        Ok(())
    }
}

/// Path at which a log is created before it is renamed.
fn temporary_path(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.tmp"))
}

/// Result of replaying a log.
pub(super) struct Replayed {
    /// Number of records.
    pub(super) records: u64,
    /// End of the last complete record.
    pub(super) length: u64,
    /// Number of bytes after that, of torn records.
    pub(super) torn: u64,
    /// End of the log, if it is marked as followed by another log.
    pub(super) sealed: Option<LogPosition>,
    pub(super) id: LogId,
    salt: u64,
    blocks: u64,
    chain: u64,
}

/// A log whose header was read.
struct LogReader<'f> {
    blocks: BlockReader<BufReader<&'f File>>,
    salt: u64,
    before: LogPosition,
    id: LogId,
}

impl<'f> LogReader<'f> {
    fn open(file: &'f File, number: u64) -> Result<Self, LoadError> {
        let mut blocks = BlockReader::new(BufReader::new(file), LOG_MAGIC, VERSION)?;
        let (kind, mut content) = blocks.next()?;
        if kind != kind::LOG {
            return Err(LoadError::at(FILE_HEADER, Flaw::Block(kind)));
        }
        let fields = [content.array()?, content.array()?, content.array()?, content.array()?];
        let [found, salt, length, chain] = fields.map(u64::from_le_bytes);
        let before = LogPosition { length, chain };
        let journal = content.array()?;
        content.end()?;
        if found != number {
            return Err(LoadError::at(FILE_HEADER, Flaw::Order));
        }
        let chain = blocks.chain();
        Ok(Self {
            blocks,
            salt,
            before,
            id: LogId { journal, chain },
        })
    }
}

/// Returns whether the log has records, and the length that the log before had when this one was created.
pub(super) fn summary(path: &Path, number: u64) -> Result<(bool, u64), JournalError> {
    let file = File::open(path)?;
    let log = LogReader::open(&file, number).map_err(JournalError::load(path))?;
    Ok((log.blocks.offset() < file.length()?, log.before.length))
}

/// Applies the records of a log to `environment`.
pub(super) fn replay<T: Term>(
    path: &Path,
    number: u64,
    before: &Predecessor<'_>,
    environment: &mut Environment<T>,
    codec: &dyn Codec<T>,
) -> Result<Replayed, JournalError> {
    let load_error = JournalError::load(path);
    let file = File::open(path)?;
    let total = file.length()?;
    let log = LogReader::open(&file, number).map_err(&load_error)?;
    let foreign = match before {
        Predecessor::Snapshot(snapshot, id) if *id != log.id => Some(*snapshot),
        Predecessor::Log(journal, end) if *journal != log.id.journal || *end != log.before => Some(path),
        _ => None,
    };
    if let Some(path) = foreign {
        return Err(JournalError::load(path)(LoadError::at(FILE_HEADER, Flaw::Foreign)));
    }
    let LogReader {
        mut blocks, salt, id, ..
    } = log;
    let mut found = Replayed {
        records: 0,
        length: blocks.offset(),
        torn: 0,
        sealed: None,
        id,
        salt,
        blocks: blocks.blocks(),
        chain: blocks.chain(),
    };
    while blocks.offset() < total {
        let start = blocks.offset();
        if found.sealed.is_some() {
            return Err(load_error(LoadError::at(start, Flaw::Trailing)));
        }
        let (kind, mut content) = match blocks.next() {
            Ok(block) => block,
            Err(LoadError::Corrupt { .. }) => {
                if is_corrupt(&file, start, total, found.blocks, salt)? {
                    return Err(load_error(LoadError::at(start, Flaw::Checksum)));
                }
                found.torn = total - start;
                break;
            }
            Err(error) => return Err(load_error(error)),
        };
        read_record(kind, &mut content, &mut found, environment, codec).map_err(&load_error)?;
        found.blocks = blocks.blocks();
        found.length = blocks.offset();
        found.chain = blocks.chain();
    }
    Ok(found)
}

/// Applies one record.
fn read_record<T: Term>(
    kind: u8,
    content: &mut ContentReader<'_>,
    found: &mut Replayed,
    environment: &mut Environment<T>,
    codec: &dyn Codec<T>,
) -> Result<(), LoadError> {
    let start = content.offset();
    let tag = u64::from_le_bytes(content.array()?);
    if tag != found.salt.wrapping_add(found.blocks) || content.number()? > found.blocks {
        return Err(LoadError::at(start, Flaw::Order));
    }
    match kind {
        kind::PATCH => environment.apply(&patch::read(content, codec)?),
        kind::WHOLE => {
            *environment = load::load(content.rest(), codec).map_err(|error| match error {
                LoadError::Corrupt { offset, flaw } => LoadError::at(content.offset_after(offset), flaw),
                error => error,
            })?;
        }
        kind::END => {
            content.end()?;
            found.sealed = Some(LogPosition {
                length: found.length,
                chain: found.chain,
            });
            return Ok(());
        }
        kind => return Err(LoadError::at(found.length, Flaw::Block(kind))),
    }
    found.records += 1;
    Ok(())
}

/// Opens a log for appending, without its torn end, and syncs it.
pub(super) fn resume<T: Term>(
    path: &Path,
    found: &Replayed,
    state: Arc<Snapshot<T>>,
    lock: &FolderLock,
) -> Result<Log<T>, JournalError> {
    check_lock(lock)?;
    let file = File::open_at(path, found.length)?;
    if found.torn > 0 {
        file.truncate(found.length)?;
    }
    file.sync_all()?;
    sync_parent(path)?;
    let blocks = BlockWriter::resume(file, found.blocks, found.chain);
    Ok(Log::new(blocks, found.salt, found.id, found.length, state))
}
