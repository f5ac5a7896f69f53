//! The file that a journal appends to.
//!
//! ```text
//! magic, version   head: number, salt, log before, journal   record   record …   end, if another log follows
//! ```
//! Each but the head is a block, or several where it is large, that begins with
//! - its tag: the salt and the number of the block, added up. The salt is random, so neither what users write nor what
//!   was on the disk before can look like a record of this log;
//! - how many blocks were on the disk when it was written: so it tells, when one of these is not as it was written, that
//!   this is [damage](super::damage).
//!
//! The head says which journal the log is of, and how long the log before was when this one was made, with the hash of its
//! blocks. A snapshot says the same of the log that goes on from it. So no file can be replaced by another unnoticed.

use std::hash::{BuildHasher, RandomState};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::damage::is_damage;
use super::{JournalError, SyncPolicy, must_be_held};
use crate::env::{Environment, Snapshot};
use crate::persist::block::{BlockReader, BlockWriter};
use crate::persist::bytes::{Input, put_number};
use crate::persist::disk::{self, File};
use crate::persist::file::sync_folder;
use crate::persist::lock::Lock;
use crate::persist::record;
use crate::persist::{Codec, Flaw, LoadError, SaveError, load, save};
use crate::term::Term;

pub(super) const MAGIC: [u8; 8] = *b"\x89pleajl\n";
pub(super) const VERSION: u32 = 2;

/// The kinds of blocks of a log.
pub(super) mod kind {
    /// The first block.
    pub(in super::super) const LOG: u8 = 16;
    /// A patch.
    pub(in super::super) const PATCH: u8 = 17;
    /// A whole environment, as a file of its own.
    pub(in super::super) const WHOLE: u8 = 18;
    /// Nothing follows but the next log.
    pub(in super::super) const END: u8 = 19;
    /// The first block of a snapshot.
    pub(in super::super) const SNAPSHOT: u8 = 20;
}

/// Which journal a file is of: drawn at random when it is made.
pub(super) type JournalId = [u8; 16];

/// A log as far as its head goes, for the snapshot that leads there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Start {
    pub(super) journal: JournalId,
    /// The hash of the head.
    pub(super) chain: u64,
}

/// A place in a log, for the next one that goes on from there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) length: u64,
    /// The hash of all blocks up to here.
    pub(super) chain: u64,
}

/// What a log must go on from.
pub(super) enum Before<'a> {
    Nothing,
    /// The snapshot at this path, which says where.
    Snapshot(&'a Path, Start),
    /// The end of another log of this journal.
    Log(JournalId, Place),
}

pub(super) fn new_journal() -> JournalId {
    let random = RandomState::new();
    let halves = [0, 1].map(|half| random.hash_one(half).to_le_bytes());
    let mut id = JournalId::default();
    for (byte, half) in id.iter_mut().zip(halves.iter().flatten()) {
        *byte = *half;
    }
    id
}

/// The end of a log that is open.
pub(super) struct Log<T: Term> {
    blocks: BlockWriter<File>,
    salt: u64,
    start: Start,
    /// The length of all whole blocks.
    length: u64,
    /// What the log leads to.
    pub(super) state: Arc<Snapshot<T>>,
    /// When it was synced last, and how many blocks it had then.
    synced: Instant,
    on_disk: u64,
    /// The file may not be what it should be: a write could not be undone, or a sync failed.
    pub(super) broken: bool,
}

impl<T: Term> Log<T> {
    /// Makes a log that goes on from `state`, in the place of what was there, which is replaced whole. It counts only when
    /// the log before, of which this is the end, has its end, or when there is a snapshot of the same number.
    pub(super) fn create(
        path: &Path,
        number: u64,
        journal: JournalId,
        before: Place,
        state: Arc<Snapshot<T>>,
        lock: &Lock,
    ) -> Result<Self, JournalError> {
        // What is at that path, if another writes too, is the other's.
        must_be_held(lock)?;
        let temporary = temporary(path);
        let salt = RandomState::new().hash_one(number);
        let create = || -> Result<_, JournalError> {
            let mut blocks = BlockWriter::new(File::create(&temporary)?, MAGIC, VERSION)?;
            for field in [number, salt, before.length, before.chain] {
                blocks.content().extend(field.to_le_bytes());
            }
            blocks.content().extend(journal);
            let length = 12 + blocks.end(kind::LOG)?;
            blocks.get_ref().sync_all()?;
            must_be_held(lock)?;
            disk::rename(&temporary, path)?;
            Ok((blocks, length))
        };
        let (blocks, length) = create().inspect_err(|_| drop(disk::remove(&temporary)))?;
        sync_folder(path)?;
        let chain = blocks.chain();
        Ok(Self::new(blocks, salt, Start { journal, chain }, length, state))
    }

    /// A log that is on the disk.
    fn new(blocks: BlockWriter<File>, salt: u64, start: Start, length: u64, state: Arc<Snapshot<T>>) -> Self {
        Self {
            on_disk: blocks.blocks(),
            blocks,
            salt,
            start,
            length,
            state,
            synced: Instant::now(),
            broken: false,
        }
    }

    /// The length of the file.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn start(&self) -> Start {
        self.start
    }

    pub(super) fn end(&self) -> Place {
        Place {
            length: self.length,
            chain: self.blocks.chain(),
        }
    }

    /// Is there anything that a sync would put on the disk?
    pub(super) fn is_dirty(&self) -> bool {
        !self.broken && self.on_disk < self.blocks.blocks()
    }

    /// Appends what leads from the last state to this one, and syncs it if `sync` says so.
    pub(super) fn append(
        &mut self,
        state: Arc<Snapshot<T>>,
        codec: &dyn Codec<T>,
        sync: SyncPolicy,
        lock: &Lock,
    ) -> Result<(), JournalError> {
        if self.broken {
            return Err(JournalError::Broken);
        }
        must_be_held(lock)?;
        if !Arc::ptr_eq(&self.state, &state) {
            let before = Arc::clone(&self.state);
            // What others merge may be another version that holds the same: the log tells only of what is held.
            if !state.holds_the_same(&before) {
                self.write(|content| match before.successive_patch(&state) {
                    Some(patch) => record::write(content, &patch, codec).map(|()| kind::PATCH),
                    None => save::save(&state, content, codec).map(|()| kind::WHOLE),
                })?;
            }
            self.state = state;
        }
        match sync {
            SyncPolicy::Always => self.sync(),
            SyncPolicy::Every(interval) if self.synced.elapsed() >= interval => self.sync(),
            SyncPolicy::Every(_) | SyncPolicy::Never => Ok(()),
        }
    }

    /// Says that another log follows, and puts that on the disk.
    pub(super) fn seal(&mut self, lock: &Lock) -> Result<(), JournalError> {
        if self.broken {
            return Err(JournalError::Broken);
        }
        must_be_held(lock)?;
        self.write(|_| Ok(kind::END))?;
        self.sync()
    }

    /// Writes one record, whole or not at all, of the kind that `fill` returns.
    fn write(&mut self, fill: impl FnOnce(&mut Vec<u8>) -> Result<u8, SaveError>) -> Result<(), JournalError> {
        let (number, chain) = (self.blocks.blocks(), self.blocks.chain());
        // What was left if the code of a term panicked.
        self.blocks.go_back(number, chain);
        let content = self.blocks.content();
        content.extend(self.salt.wrapping_add(number).to_le_bytes());
        put_number(content, self.on_disk);
        match fill(content).and_then(|kind| self.blocks.end(kind)) {
            Ok(written) => {
                self.length += written;
                Ok(())
            }
            Err(error) => {
                self.blocks.go_back(number, chain);
                // A part may be there, and nothing must follow it.
                self.broken = self.blocks.get_ref().cut(self.length).is_err();
                Err(error.into())
            }
        }
    }

    /// Has all that was appended written to the disk. After a sync that failed nothing is known of the file.
    pub(super) fn sync(&mut self) -> Result<(), JournalError> {
        if self.broken {
            return Err(JournalError::Broken);
        }
        if self.is_dirty() {
            self.blocks.get_ref().sync_data().inspect_err(|_| self.broken = true)?;
            self.on_disk = self.blocks.blocks();
        }
        self.synced = Instant::now();
        Ok(())
    }
}

/// Where a log is written before it has its name.
fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.tmp"))
}

/// What was found in a log.
pub(super) struct Replayed {
    /// How many records it has.
    pub(super) records: u64,
    /// Where its last whole record ends.
    pub(super) length: u64,
    /// How many bytes follow that, of records that were not written to their end.
    pub(super) torn: u64,
    /// Where it ends, if it says that another log follows.
    pub(super) sealed: Option<Place>,
    pub(super) start: Start,
    salt: u64,
    blocks: u64,
    chain: u64,
}

/// A log of which the head is read.
struct Begun<'f> {
    blocks: BlockReader<BufReader<&'f File>>,
    salt: u64,
    before: Place,
    start: Start,
}

impl<'f> Begun<'f> {
    fn read(file: &'f File, number: u64) -> Result<Self, LoadError> {
        let mut blocks = BlockReader::new(BufReader::new(file), MAGIC, VERSION)?;
        let (kind, mut content) = blocks.next()?;
        if kind != kind::LOG {
            return Err(LoadError::at(12, Flaw::Block(kind)));
        }
        let fields = [content.array()?, content.array()?, content.array()?, content.array()?];
        let [found, salt, length, chain] = fields.map(u64::from_le_bytes);
        let before = Place { length, chain };
        let journal = content.array()?;
        content.end()?;
        if found != number {
            return Err(LoadError::at(12, Flaw::Order));
        }
        let chain = blocks.chain();
        Ok(Self {
            blocks,
            salt,
            before,
            start: Start { journal, chain },
        })
    }
}

pub(super) fn failed(path: &Path) -> impl Fn(LoadError) -> JournalError + '_ {
    |error| match error {
        LoadError::Io(error) => error.into(),
        error => JournalError::Load {
            path: path.to_owned(),
            error,
        },
    }
}

/// Does the log have more than its head? And how long was the one before when it was made?
pub(super) fn look(path: &Path, number: u64) -> Result<(bool, u64), JournalError> {
    let file = File::open(path)?;
    let begun = Begun::read(&file, number).map_err(failed(path))?;
    Ok((begun.blocks.offset() < file.length()?, begun.before.length))
}

/// Does to `environment` what a log says.
pub(super) fn replay<T: Term>(
    path: &Path,
    number: u64,
    before: &Before<'_>,
    environment: &mut Environment<T>,
    codec: &dyn Codec<T>,
) -> Result<Replayed, JournalError> {
    let failed = failed(path);
    let file = File::open(path)?;
    let total = file.length()?;
    let begun = Begun::read(&file, number).map_err(&failed)?;
    let foreign = match before {
        Before::Snapshot(snapshot, start) if *start != begun.start => Some(*snapshot),
        Before::Log(journal, place) if *journal != begun.start.journal || *place != begun.before => Some(path),
        _ => None,
    };
    if let Some(path) = foreign {
        return Err(self::failed(path)(LoadError::at(12, Flaw::Foreign)));
    }
    let Begun {
        mut blocks,
        salt,
        start,
        ..
    } = begun;
    let mut found = Replayed {
        records: 0,
        length: blocks.offset(),
        torn: 0,
        sealed: None,
        start,
        salt,
        blocks: blocks.blocks(),
        chain: blocks.chain(),
    };
    while blocks.offset() < total {
        let start = blocks.offset();
        if found.sealed.is_some() {
            return Err(failed(LoadError::at(start, Flaw::Trailing)));
        }
        let (kind, mut content) = match blocks.next() {
            Ok(block) => block,
            Err(LoadError::Corrupt { .. }) => {
                if is_damage(&file, start, total, found.blocks, salt)? {
                    return Err(failed(LoadError::at(start, Flaw::Checksum)));
                }
                found.torn = total - start;
                break;
            }
            Err(error) => return Err(failed(error)),
        };
        read_record(kind, &mut content, &mut found, environment, codec).map_err(&failed)?;
        found.blocks = blocks.blocks();
        found.length = blocks.offset();
        found.chain = blocks.chain();
    }
    Ok(found)
}

/// Does what one record says.
fn read_record<T: Term>(
    kind: u8,
    content: &mut Input<'_>,
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
        kind::PATCH => environment.apply(&record::read(content, codec)?),
        kind::WHOLE => {
            *environment = load::load(content.rest(), codec).map_err(|error| match error {
                LoadError::Corrupt { offset, flaw } => LoadError::at(content.offset_after(offset), flaw),
                error => error,
            })?;
        }
        kind::END => {
            content.end()?;
            found.sealed = Some(Place {
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

/// Opens a log at its end, without what is torn there. All that is left is on the disk.
pub(super) fn resume<T: Term>(
    path: &Path,
    found: &Replayed,
    state: Arc<Snapshot<T>>,
    lock: &Lock,
) -> Result<Log<T>, JournalError> {
    must_be_held(lock)?;
    let file = File::open_at(path, found.length)?;
    if found.torn > 0 {
        file.cut(found.length)?;
    }
    file.sync_all()?;
    sync_folder(path)?;
    let blocks = BlockWriter::resume(file, found.blocks, found.chain);
    Ok(Log::new(blocks, found.salt, found.start, found.length, state))
}
