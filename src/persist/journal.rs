//! A shared environment that is kept on disk.

mod log;
mod recover;

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use self::log::Log;
use self::recover::{Recovered, file, newest, recover, remove_before};
use super::{Codec, LoadError, NoCodec, SaveError, disk};
use crate::env::{Conflict, Conflicts, Environment, Resolution};
use crate::shared::{Commit, Guard, Reader, SharedEnvironment};
use crate::term::{Atom, Term};

/// When a [`Journal`] has what it wrote put on the disk itself, so that it outlives the machine and not only the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SyncPolicy {
    /// Before commits are acknowledged: once for all that are waiting.
    #[default]
    Always,
    /// At most so long after they were acknowledged. A crash of the machine, not of the process, can lose those.
    Every(Duration),
    /// When the system sees fit, at [`Journal::sync`], and when the journal is dropped.
    Never,
}

/// A [`SharedEnvironment`] in a folder: each commit is appended to a log before it is acknowledged.
///
/// A writer publishes as ever, then sees to it that the log leads to what it published. Whoever comes first writes, in one
/// record, all that was published by then; the others find theirs done. So many threads share one write, and one sync.
/// Readers never wait for any of this; they may see what is not on disk yet.
///
/// # Promises
/// After a crash at any moment, [`open`](Self::open) gives a state that has each acknowledged commit, whole, and of those
/// that were under way each whole or not at all; definitions in their order. What "acknowledged" means if the machine
/// itself stops is for [`SyncPolicy`] to say.
///
/// # When the disk fails
/// A write that fails is undone, and its commit not acknowledged; the state in memory has it, and the next commit that can
/// be written brings it along. After a failed sync, or a write that can't be undone, all commits fail until
/// [`compact`](Self::compact) has put the whole state in new files.
///
/// # The folder
/// | file | what it is |
/// |---|---|
/// | `lock` | locked by the process that has the journal open |
/// | `snapshot-N` | a saved environment |
/// | `log-N` | what happened since `snapshot-N`; since nothing, if N is 0 |
///
/// # Examples
/// ```
/// use pleach::persist::Journal;
/// use pleach::Atom;
///
/// # let folder = std::env::temp_dir().join(format!("pleach-doc-journal-{}", std::process::id()));
/// let (journal, _) = Journal::<Atom>::open(&folder)?;
/// journal.update(|world| world.add_fact(Atom::symbol("apple")))?;
/// drop(journal);
///
/// let (journal, recovery) = Journal::<Atom>::open(&folder)?;
/// assert!(journal.load().contains(&Atom::symbol("apple")));
/// assert_eq!((recovery.records, recovery.torn), (1, 0));
/// # drop(journal);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Journal<T: Term = Atom> {
    inner: Arc<Inner<T>>,
    /// Syncs again and again, if it must be.
    keeper: Option<JoinHandle<()>>,
}

struct Inner<T: Term> {
    world: SharedEnvironment<T>,
    folder: PathBuf,
    codec: Box<dyn Codec<T> + Send + Sync>,
    sync: SyncPolicy,
    /// The version of the world that the log leads to, and that is synced if it must be.
    logged: AtomicU64,
    log: Mutex<Current<T>>,
    compacting: Mutex<()>,
    closing: AtomicBool,
    _lock: Lock,
}

/// A file that is locked while this lives.
struct Lock(File);

impl Lock {
    fn on(file: File) -> Result<Self, JournalError> {
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(JournalError::Locked),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }
}

impl Drop for Lock {
    /// Closing is not enough: a process that is being started has the file open too, until it runs its own program.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

struct Current<T: Term> {
    log: Log<T>,
    number: u64,
}

/// What [`Journal::open`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// How many records were replayed. One can hold several commits.
    pub records: u64,
    /// How many bytes were cut off the end of the log: those of a record that was not written to its end, and so not
    /// acknowledged. Without [`SyncPolicy::Always`], all from the first record on that is damaged.
    pub torn: u64,
}

/// Why a journal could not be opened, or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The files refused.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A commit can't be written: it stays in memory, and all later ones fail too until it is undone there.
    #[error(transparent)]
    Save(SaveError),
    /// A file of the journal is damaged.
    #[error("{}: {error}", path.display())]
    Load {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        error: LoadError,
    },
    /// A log before the last one is missing, or was not written to its end.
    #[error("{} is missing or ends too early", .0.display())]
    Cut(PathBuf),
    /// Another process, or this one, has the journal open.
    #[error("the journal is open already")]
    Locked,
    /// An earlier failure left the log in an unknown state: see [`Journal::compact`].
    #[error("the log is broken by an earlier failure")]
    Broken,
}

impl From<SaveError> for JournalError {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::Io(error) => Self::Io(error),
            error => Self::Save(error),
        }
    }
}

/// # Opening
impl<T: Term> Journal<T> {
    /// Opens the journal in this folder, which is made if there is none, with [`SyncPolicy::Always`] and no codec. O(n) for the
    /// last snapshot, and what was done since.
    ///
    /// # Errors
    /// [`JournalError`], if files are damaged too: nothing but the torn end of the last log is ever cut.
    pub fn open(folder: impl AsRef<Path>) -> Result<(Self, Recovery), JournalError> {
        Self::open_with(folder, SyncPolicy::default(), NoCodec)
    }

    /// As [`open`](Self::open), with a choice of when to sync, and a codec for opaque values.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(
        folder: impl AsRef<Path>,
        sync: SyncPolicy,
        codec: impl Codec<T> + Send + Sync + 'static,
    ) -> Result<(Self, Recovery), JournalError> {
        let folder = folder.as_ref();
        fs::create_dir_all(folder)?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join("lock"))?;
        let lock = Lock::on(lock)?;
        let Recovered {
            environment,
            recovery,
            snapshot,
            number,
            last,
        } = recover(folder, sync, &codec)?;
        let (path, state) = (file(folder, "log", number), Arc::clone(environment.snapshot()));
        let log = match last {
            None => Log::create(&path, number, state)?,
            Some(found) => log::resume(&path, number, &found, state)?,
        };
        remove_before(folder, snapshot);
        let inner = Arc::new(Inner {
            world: SharedEnvironment::new(environment),
            folder: folder.to_owned(),
            codec: Box::new(codec),
            sync,
            logged: AtomicU64::new(0),
            log: Mutex::new(Current { log, number }),
            compacting: Mutex::new(()),
            closing: AtomicBool::new(false),
            _lock: lock,
        });
        let keeper = match sync {
            SyncPolicy::Every(interval) => {
                let inner = Arc::clone(&inner);
                let keeper = thread::Builder::new().name("pleach-journal".into());
                Some(keeper.spawn(move || keep_synced(&inner, interval))?)
            }
            SyncPolicy::Always | SyncPolicy::Never => None,
        };
        Ok((Self { inner, keeper }, recovery))
    }
}

/// # Looking
impl<T: Term> Journal<T> {
    /// What [`open`](Self::open) would give, without changing anything. O(n) for the last snapshot, and what was done
    /// since.
    ///
    /// # Errors
    /// As [`open_with`](Self::open_with); what is missing is not made.
    pub fn read(folder: impl AsRef<Path>, codec: &dyn Codec<T>) -> Result<(Environment<T>, Recovery), JournalError> {
        let folder = folder.as_ref();
        let lock = File::open(folder.join("lock"))?;
        let _lock = Lock::on(lock)?;
        let found = recover(folder, SyncPolicy::Always, codec)?;
        Ok((found.environment, found.recovery))
    }

    /// Does this folder hold a journal? O(1).
    pub fn is_in(folder: impl AsRef<Path>) -> bool {
        let folder = folder.as_ref();
        folder.join("lock").is_file() && newest(folder).is_ok_and(|(snapshot, log)| log.is_some() || snapshot > 0)
    }
}

/// # Reading
/// As of the [`SharedEnvironment`] inside: no read ever waits. It has all the reads.
impl<T: Term> Journal<T> {
    /// As [`SharedEnvironment::load`].
    pub fn load(&self) -> Guard<T> {
        self.inner.world.load()
    }

    /// As [`SharedEnvironment::snapshot`].
    #[must_use]
    pub fn snapshot(&self) -> Environment<T> {
        self.inner.world.snapshot()
    }

    /// As [`SharedEnvironment::reader`].
    pub fn reader(&self) -> Reader<&SharedEnvironment<T>, T> {
        self.inner.world.reader()
    }

    /// The world itself, for subscriptions and the like. What is written through it is published and not acknowledged: it
    /// is on disk after the next commit through the journal, or [`sync`](Self::sync).
    #[must_use]
    pub fn world(&self) -> &SharedEnvironment<T> {
        &self.inner.world
    }

    /// The length of the log, in bytes: [`compact`](Self::compact) when it is much.
    #[must_use]
    pub fn log_length(&self) -> u64 {
        self.inner.lock().log.length()
    }
}

/// # Writing
/// All return when what was published is in the log, and synced if [`SyncPolicy::Always`] says so. If they fail, it is published
/// in memory but not acknowledged.
impl<T: Term> Journal<T> {
    /// As [`SharedEnvironment::commit`].
    ///
    /// # Errors
    /// If the log can't be written.
    pub fn commit(&self, environment: &mut Environment<T>) -> Result<Commit, JournalError> {
        let commit = self.inner.world.commit(environment);
        self.inner.log_to(commit.version)?;
        Ok(commit)
    }

    /// As [`SharedEnvironment::commit_with`].
    ///
    /// # Errors
    /// If the log can't be written. Within: all conflicts that `resolve` gave up on; nothing is published then.
    pub fn commit_with(
        &self,
        environment: &mut Environment<T>,
        resolve: impl FnMut(&Conflict<T>) -> Resolution<T>,
    ) -> Result<Result<Commit, Conflicts<T>>, JournalError> {
        match self.inner.world.commit_with(environment, resolve) {
            Ok(commit) => self.inner.log_to(commit.version).map(|()| Ok(commit)),
            Err(conflicts) => Ok(Err(conflicts)),
        }
    }

    /// As [`SharedEnvironment::update`].
    ///
    /// # Errors
    /// If the log can't be written.
    pub fn update<R>(&self, mut write: impl FnMut(&mut Environment<T>) -> R) -> Result<R, JournalError> {
        match self.try_update(|environment| Ok::<R, Infallible>(write(environment)))? {
            Ok(result) => Ok(result),
            Err(never) => match never {},
        }
    }

    /// As [`SharedEnvironment::try_update`].
    ///
    /// # Errors
    /// If the log can't be written. Within: the error of `write`; nothing is published then.
    pub fn try_update<R, E>(
        &self,
        write: impl FnMut(&mut Environment<T>) -> Result<R, E>,
    ) -> Result<Result<R, E>, JournalError> {
        let result = self.inner.world.try_update(write);
        if result.is_ok() {
            // Ours is in this version or in one before.
            self.inner.log_to(self.inner.world.version())?;
        }
        Ok(result)
    }

    /// Has all that was published so far written to the disk, whatever the [`SyncPolicy`].
    ///
    /// # Errors
    /// If the log can't be written.
    pub fn sync(&self) -> Result<(), JournalError> {
        self.inner.sync()
    }

    /// Saves the whole state as a new snapshot and begins a new log, so that the old ones can go. Commits wait while the new
    /// log is begun, not while the snapshot is written; readers never. A crash in between loses nothing: the new snapshot
    /// counts as soon as it has its name, and until then the old one and both logs do.
    ///
    /// If the log is [broken](JournalError::Broken), commits wait for the snapshot, and it is whole again.
    ///
    /// # Errors
    /// If the files can't be written. The journal goes on with those it has.
    pub fn compact(&self) -> Result<(), JournalError> {
        let inner = &*self.inner;
        let _one_at_a_time = inner.compacting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut current = inner.lock();
        let number = current.number + 1;
        let save = |state: &Environment<T>| state.save_with(file(&inner.folder, "snapshot", number), &*inner.codec);
        let state;
        if current.log.broken {
            let published = inner.world.load();
            state = published.fork();
            save(&state)?;
            current.begin(inner, number, &state)?;
            inner.logged.fetch_max(published.version(), Ordering::Release);
            drop(current);
        } else {
            inner.append(&mut current)?;
            current.log.sync()?;
            state = Environment::at(Arc::clone(&current.log.state));
            current.begin(inner, number, &state)?;
            drop(current);
            save(&state)?;
        }
        remove_before(&inner.folder, number);
        Ok(())
    }
}

impl<T: Term> Current<T> {
    fn begin(&mut self, inner: &Inner<T>, number: u64, state: &Environment<T>) -> Result<(), JournalError> {
        let path = file(&inner.folder, "log", number);
        match Log::create(&path, number, Arc::clone(state.snapshot())) {
            Ok(log) => {
                self.log = log;
                self.number = number;
                Ok(())
            }
            Err(error) => {
                // The old log goes on, and must be the last one.
                let gone = disk::remove(&path).is_ok() || !path.exists();
                self.log.broken |= !gone;
                Err(error)
            }
        }
    }
}

impl<T: Term> Inner<T> {
    /// The log is sound, or knows that it is broken, at every moment when something can panic: the code of terms.
    fn lock(&self) -> MutexGuard<'_, Current<T>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when the log leads to this version, or a later one.
    fn log_to(&self, version: u64) -> Result<(), JournalError> {
        if self.logged.load(Ordering::Acquire) >= version {
            return Ok(());
        }
        let mut current = self.lock();
        // Most of those who waited find that the one before them wrote theirs too.
        if self.logged.load(Ordering::Acquire) >= version {
            return Ok(());
        }
        self.append(&mut current)
    }

    fn append(&self, current: &mut Current<T>) -> Result<(), JournalError> {
        let published = self.world.load();
        let state = Arc::clone(published.fork().snapshot());
        current.log.append(state, &*self.codec, self.sync)?;
        self.logged.fetch_max(published.version(), Ordering::Release);
        Ok(())
    }

    fn sync(&self) -> Result<(), JournalError> {
        let mut current = self.lock();
        self.append(&mut current)?;
        current.log.sync()
    }
}

impl<T: Term> Drop for Journal<T> {
    /// Syncs, and drops what can't be told of any more: who must know calls [`sync`](Journal::sync).
    fn drop(&mut self) {
        self.inner.closing.store(true, Ordering::Release);
        if let Some(keeper) = self.keeper.take() {
            keeper.thread().unpark();
            let _ = keeper.join();
        }
        let _ = self.inner.sync();
    }
}

impl<T: Term> fmt::Debug for Journal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("folder", &self.inner.folder)
            .field("sync", &self.inner.sync)
            .field("world", &self.inner.world)
            .finish_non_exhaustive()
    }
}

fn keep_synced<T: Term>(journal: &Inner<T>, interval: Duration) {
    while !journal.closing.load(Ordering::Acquire) {
        thread::park_timeout(interval);
        // Those who commit are told.
        let _ = journal.sync();
    }
}
