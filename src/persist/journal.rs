//! A shared environment that is kept on disk.

mod damage;
mod log;
mod recover;

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use self::log::Log;
use self::recover::{Recovered, file, files, recover, remove_before};
use super::file::replace;
use super::lock::Lock;
use super::{Codec, LoadError, NoCodec, SaveError, disk, folder, save};
use crate::env::{Conflict, Conflicts, Environment, Resolution};
use crate::shared::{Commit, Guard, Reader, SharedEnvironment};
use crate::term::{Atom, Term};

/// So often [`Journal::read`] begins anew while a writer changes files.
const READS: usize = 64;

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
/// | `log-N` | what happened since `snapshot-N`, or since the log before; since nothing, if N is 0 |
///
/// Other files are left alone.
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
    /// Told when there is something to sync for the keeper, or nothing any more.
    news: Condvar,
    compacting: Mutex<()>,
    lock: Lock,
}

struct Current<T: Term> {
    log: Log<T>,
    number: u64,
    closing: bool,
}

/// What [`Journal::open`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// How many records were replayed. One can hold several commits.
    pub records: u64,
    /// How many bytes were cut off the end of the log: those of a record that was not written to its end, and so not
    /// acknowledged. Where not each record was put on the disk before the next and the machine stopped, also those of all
    /// after one that is missing.
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
    /// A file of the journal is damaged. Nothing is cut off.
    #[error("{}: {error}", path.display())]
    Load {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        error: LoadError,
    },
    /// A log is missing, or ends before what was on the disk.
    #[error("{} is missing or ends too early", .0.display())]
    Cut(PathBuf),
    /// The file `lock` of the journal was removed or replaced while the journal was open, so another process may write it:
    /// nothing more is written by this one.
    #[error("{} was removed or replaced while the journal was open", .0.display())]
    LockLost(PathBuf),
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
    /// Opens the journal in this folder, which is made if there is none, with [`SyncPolicy::Always`] and no codec. What is
    /// found is on the disk then, whoever wrote it. O(n) for the last snapshot, and what was done since.
    ///
    /// # Errors
    /// [`JournalError`], if files are damaged too: nothing but the torn end of the last log is ever cut, where no record
    /// follows that shows that it was whole.
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
        // The process may go to another folder.
        let folder = &disk::absolute(folder.as_ref())?;
        folder::create(folder)?;
        let lock = Lock::try_on(folder)?.ok_or(JournalError::Locked)?;
        let Recovered {
            environment,
            recovery,
            snapshot,
            number,
            last,
        } = recover(folder, &codec)?;
        let (path, state) = (file(folder, "log", number), Arc::clone(environment.snapshot()));
        let log = match last {
            None => Log::create(&path, number, 0, state, &lock)?,
            Some(found) => log::resume(&path, &found, state, &lock)?,
        };
        remove_before(folder, snapshot);
        let inner = Arc::new(Inner {
            world: SharedEnvironment::new(environment),
            folder: folder.to_owned(),
            codec: Box::new(codec),
            sync,
            logged: AtomicU64::new(0),
            log: Mutex::new(Current {
                log,
                number,
                closing: false,
            }),
            news: Condvar::new(),
            compacting: Mutex::new(()),
            lock,
        });
        let keeper = match sync {
            SyncPolicy::Every(interval) => {
                let inner = Arc::clone(&inner);
                let keeper = thread::Builder::new().name("pleach-journal".into());
                Some(keeper.spawn(move || inner.keep_synced(interval))?)
            }
            SyncPolicy::Always | SyncPolicy::Never => None,
        };
        Ok((Self { inner, keeper }, recovery))
    }
}

/// # Looking
impl<T: Term> Journal<T> {
    /// What [`open`](Self::open) would give, without changing anything: it takes no lock and writes nothing, so it is in nobody's
    /// way, and can be called while the journal is open, by this process or another. Then it gives a state that the log led to
    /// while it read. O(n) for the last snapshot, and what was done since; again, if files went or grew meanwhile.
    ///
    /// # Errors
    /// As [`open_with`](Self::open_with); what is missing is not made.
    pub fn read(folder: impl AsRef<Path>, codec: &dyn Codec<T>) -> Result<(Environment<T>, Recovery), JournalError> {
        let folder = &disk::absolute(folder.as_ref())?;
        let mut before = recover::stamp(folder)?;
        for _ in 1..READS {
            let found = Self::read_once(folder, codec);
            let is_whole = found.as_ref().is_ok_and(|(_, recovery)| recovery.torn == 0);
            let now = recover::stamp(folder)?;
            // What a writer is just doing looks like damage.
            if is_whole || now == before {
                return found;
            }
            before = now;
        }
        Self::read_once(folder, codec)
    }

    fn read_once(folder: &Path, codec: &dyn Codec<T>) -> Result<(Environment<T>, Recovery), JournalError> {
        let found = recover(folder, codec)?;
        if found.last.is_none() {
            return Err(JournalError::Cut(file(folder, "log", 0)));
        }
        Ok((found.environment, found.recovery))
    }

    /// Does this folder hold a journal? O(f) for f files.
    ///
    /// # Errors
    /// If the folder, or a file in it, can't be read. If there is nothing at the path, or no folder, that is `false`.
    pub fn is_in(folder: impl AsRef<Path>) -> io::Result<bool> {
        let folder = folder.as_ref();
        match disk::status(folder)?.map(|found| found.kind) {
            Some(disk::Kind::Folder) => Ok(!files(folder)?.is_empty()),
            _ => Ok(false),
        }
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
        let path = file(&inner.folder, "log", number);
        let save = |state: &Environment<T>| inner.save(state, number);
        if current.log.broken {
            let published = inner.world.load();
            let state = published.fork();
            // It counts when the snapshot is there, and nothing goes into it before.
            let log = Log::create(&path, number, 0, Arc::clone(state.snapshot()), &inner.lock)?;
            save(&state)?;
            (current.log, current.number) = (log, number);
            inner.logged.fetch_max(published.version(), Ordering::Release);
            drop(current);
        } else {
            inner.append(&mut current)?;
            current.log.sync()?;
            let state = Environment::at(Arc::clone(&current.log.state));
            // It counts when the old log has its end. Until then, that one can go on.
            let log = Log::create(
                &path,
                number,
                current.log.length(),
                Arc::clone(state.snapshot()),
                &inner.lock,
            )?;
            current.log.seal(&inner.lock)?;
            (current.log, current.number) = (log, number);
            drop(current);
            save(&state)?;
        }
        must_be_held(&inner.lock)?;
        remove_before(&inner.folder, number);
        Ok(())
    }
}

/// That no other process can have become the writer.
fn must_be_held(lock: &Lock) -> Result<(), JournalError> {
    if lock.is_held()? {
        Ok(())
    } else {
        Err(JournalError::LockLost(lock.path().to_owned()))
    }
}

impl<T: Term> Inner<T> {
    /// Writes the snapshot of this number.
    fn save(&self, state: &Environment<T>, number: u64) -> Result<(), JournalError> {
        replace(&file(&self.folder, "snapshot", number), |out| {
            save::save(state.snapshot(), out, &*self.codec)?;
            // Next it takes the place of what is there.
            must_be_held(&self.lock)
        })
    }

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
        current.log.append(state, &*self.codec, self.sync, &self.lock)?;
        self.logged.fetch_max(published.version(), Ordering::Release);
        if current.log.is_dirty() {
            self.news.notify_one();
        }
        Ok(())
    }

    /// Syncs what is in the log, also if what is published can't be written.
    fn sync(&self) -> Result<(), JournalError> {
        let mut current = self.lock();
        let appended = self.append(&mut current);
        current.log.sync()?;
        appended
    }

    /// Syncs, so long after something was appended, until the journal is closed. What is published and not appended is not
    /// written here: that runs the code of terms, which may panic.
    fn keep_synced(&self, interval: Duration) {
        let mut current = self.lock();
        loop {
            let idle = |current: &mut Current<T>| !current.closing && !current.log.is_dirty();
            current = self
                .news
                .wait_while(current, idle)
                .unwrap_or_else(PoisonError::into_inner);
            let waited = self
                .news
                .wait_timeout_while(current, interval, |current| !current.closing);
            current = waited.unwrap_or_else(PoisonError::into_inner).0;
            if current.closing {
                return;
            }
            // If it fails the log is broken, and those who commit are told.
            let _ = current.log.sync();
        }
    }
}

impl<T: Term> Drop for Journal<T> {
    /// Syncs, and drops what can't be told of any more: who must know calls [`sync`](Journal::sync).
    fn drop(&mut self) {
        if let Some(keeper) = self.keeper.take() {
            self.inner.lock().closing = true;
            self.inner.news.notify_one();
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
