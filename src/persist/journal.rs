//! A write-ahead log for a shared environment.

mod corruption;
mod error;
mod format;
mod log;
mod recover;
mod snapshot;

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

pub use error::{JournalCommitError, JournalError, JournalPublishError, JournalUpdateError};
pub use log::SyncPolicy;
pub use recover::Recovery;

use self::format::{LogId, LogPosition};
use self::log::{Log, check_lock};
use self::recover::{JournalFile, Recovered, files, recover, remove_obsolete};
use super::codec::{Codec, NoCodec};
use super::critical_section::{CriticalSection, SectionGuard};
use super::lock::FolderLock;
use super::nonce::nonce;
use super::replace::replace;
use super::{disk, folder};
use crate::env::{Conflict, Environment, Resolution, Snapshot};
use crate::shared::{Commit, Guard, Reader, SharedEnvironment};
use crate::term::{Atom, Term};

/// Number of attempts of [`Journal::read`] while a writer changes files.
const MAX_READ_ATTEMPTS: usize = 64;

/// A [`SharedEnvironment`] with a write-ahead log in a folder: each commit is logged before it is acknowledged.
///
/// A writer publishes first, then makes sure that the log leads to the state that it published. One thread at a time
/// appends, in one record, all that was published by then; waiting threads find their commits written. So many threads
/// share one write and one sync (group commit). Readers never wait; they may see states that aren't logged yet.
///
/// # Guarantees
/// After a crash at any moment, [`open`](Self::open) returns a state that contains every acknowledged commit and, of
/// the commits in progress, each completely or not at all, with definitions in order. [`SyncPolicy`] determines which
/// acknowledged commits survive a crash of the machine.
///
/// # Failures of the disk
/// A failed write is undone, and its commit isn't acknowledged; the state in memory contains it, and the next commit
/// that is written includes it. After a failed sync, or a write that can't be undone, all commits fail until
/// [`compact`](Self::compact) has written the whole state to new files.
///
/// # The folder
/// | file | content |
/// |---|---|
/// | `lock` | locked by the process that has the journal open |
/// | `snapshot-N` | a state that `log-N` continues |
/// | `log-N` | the changes since `snapshot-N`, since the log before, or, if N is 0, since the empty environment |
///
/// Other files are ignored.
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
    /// Thread that syncs at intervals, if the policy asks for one.
    syncer: Option<JoinHandle<()>>,
}

struct Inner<T: Term> {
    world: SharedEnvironment<T>,
    folder: PathBuf,
    codec: Box<dyn Codec<T> + Send + Sync>,
    sync: SyncPolicy,
    /// Version of the world that the log leads to, synced according to the policy.
    logged: AtomicU64,
    /// Entered to write the log. The code of terms and codecs may run inside.
    writing: CriticalSection,
    /// Locked inside `writing` only, so never contended.
    log: Mutex<CurrentLog<T>>,
    /// Length of the log when `writing` was last left.
    length: AtomicU64,
    sync_request: Mutex<SyncRequest>,
    /// Notified when `sync_request` changes.
    sync_requested: Condvar,
    compacting: CriticalSection,
    lock: FolderLock,
}

struct CurrentLog<T: Term> {
    log: Log<T>,
    number: u64,
    /// Greatest number that may be in use: a snapshot, or the mark at the end of the log before, may refer to a log of
    /// it.
    last_used: u64,
}

/// Requests to the thread that syncs at intervals.
#[derive(Default)]
struct SyncRequest {
    is_due: bool,
    is_closing: bool,
}

/// Exclusive access to the log.
struct LogGuard<'a, T: Term> {
    inner: &'a Inner<T>,
    current: MutexGuard<'a, CurrentLog<T>>,
    _section: SectionGuard<'a>,
    /// States to drop after the section is left: dropping terms runs foreign code.
    dropped_later: Vec<Arc<Snapshot<T>>>,
}

impl<T: Term> Drop for LogGuard<'_, T> {
    fn drop(&mut self) {
        // Relaxed: the length publishes nothing else.
        self.inner.length.store(self.current.log.length(), Ordering::Relaxed);
    }
}

/// # Opening
impl<T: Term> Journal<T> {
    /// Opens the journal in a folder, which is created if it is missing, with [`SyncPolicy::Always`] and without a
    /// codec. The recovered state is synced. O(n) for the last snapshot and the records since.
    ///
    /// # Errors
    /// [`JournalError`], also if files are corrupt. Nothing is truncated but a torn end of the last log, unless a later
    /// record shows that it had been synced.
    pub fn open(folder: impl AsRef<Path>) -> Result<(Self, Recovery), JournalError> {
        Self::open_with(folder, SyncPolicy::default(), NoCodec)
    }

    /// Like [`open`](Self::open), with a policy of when to sync, and a codec for opaque values.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(
        folder: impl AsRef<Path>,
        sync: SyncPolicy,
        codec: impl Codec<T> + Send + Sync + 'static,
    ) -> Result<(Self, Recovery), JournalError> {
        // The process may change its working directory.
        let folder = &disk::absolute(folder.as_ref())?;
        folder::create(folder)?;
        let lock = FolderLock::try_acquire(folder)?.ok_or(JournalError::Locked)?;
        let Recovered {
            environment,
            recovery,
            snapshot,
            number,
            last,
        } = recover(folder, &codec)?;
        let path = JournalFile::Log(number).path(folder);
        let state = Arc::clone(environment.snapshot());
        let log = match last {
            None => Log::create(&path, number, nonce(), LogPosition::default(), state, &lock)?,
            Some(found) => log::resume(&path, &found, state, &lock)?,
        };
        remove_obsolete(folder, snapshot);
        let inner = Arc::new(Inner {
            world: SharedEnvironment::new(environment),
            folder: folder.to_owned(),
            codec: Box::new(codec),
            sync,
            logged: AtomicU64::new(0),
            writing: CriticalSection::default(),
            length: AtomicU64::new(log.length()),
            log: Mutex::new(CurrentLog {
                log,
                number,
                last_used: number,
            }),
            sync_request: Mutex::new(SyncRequest::default()),
            sync_requested: Condvar::new(),
            compacting: CriticalSection::default(),
            lock,
        });
        let syncer = match sync {
            SyncPolicy::Every(interval) => {
                let inner = Arc::clone(&inner);
                let thread = thread::Builder::new().name("pleach-journal".into());
                Some(thread.spawn(move || inner.sync_at_intervals(interval))?)
            }
            SyncPolicy::Always | SyncPolicy::Never => None,
        };
        Ok((Self { inner, syncer }, recovery))
    }
}

/// # Reading without opening
impl<T: Term> Journal<T> {
    /// Returns the state that [`open`](Self::open) would recover, without locks or writes: the journal may be open in
    /// this process or another. The state is one that the log led to during the call. O(n) for the last snapshot and
    /// the records since; repeated if files change meanwhile.
    ///
    /// # Errors
    /// As [`open_with`](Self::open_with), and if there is no journal: none is created.
    pub fn read(folder: impl AsRef<Path>, codec: &dyn Codec<T>) -> Result<(Environment<T>, Recovery), JournalError> {
        let folder = &disk::absolute(folder.as_ref())?;
        let mut before = recover::fingerprint(folder)?;
        for _ in 1..MAX_READ_ATTEMPTS {
            let found = Self::read_once(folder, codec);
            let is_complete = found.as_ref().is_ok_and(|(_, recovery)| recovery.torn == 0);
            let now = recover::fingerprint(folder)?;
            // A write in progress looks like a torn or corrupt record.
            if is_complete || now == before {
                return found;
            }
            before = now;
        }
        Self::read_once(folder, codec)
    }

    fn read_once(folder: &Path, codec: &dyn Codec<T>) -> Result<(Environment<T>, Recovery), JournalError> {
        let found = recover(folder, codec)?;
        if found.last.is_none() {
            return Err(JournalError::Truncated(JournalFile::Log(0).path(folder)));
        }
        Ok((found.environment, found.recovery))
    }

    /// Returns whether a folder holds a journal; `false` if the path is vacant or no folder. O(f) for f files in it.
    ///
    /// # Errors
    /// If the folder, or a file in it, can't be read.
    pub fn is_in(folder: impl AsRef<Path>) -> io::Result<bool> {
        let folder = folder.as_ref();
        match disk::status(folder)?.map(|found| found.kind) {
            Some(disk::FileKind::Folder) => Ok(!files(folder)?.is_empty()),
            _ => Ok(false),
        }
    }
}

/// # Reading
/// The reads of the [`SharedEnvironment`] inside, which never wait.
impl<T: Term> Journal<T> {
    /// Returns the current state: see [`SharedEnvironment::load`]. Wait-free.
    pub fn load(&self) -> Guard<T> {
        self.inner.world.load()
    }

    /// Returns a fork of the current state: see [`SharedEnvironment::snapshot`]. Wait-free.
    #[must_use]
    pub fn snapshot(&self) -> Environment<T> {
        self.inner.world.snapshot()
    }

    /// Returns a reader that caches the current state: see [`SharedEnvironment::reader`].
    pub fn reader(&self) -> Reader<&SharedEnvironment<T>, T> {
        self.inner.world.reader()
    }

    /// The shared environment itself, for subscriptions and the like. Writes through it are published but not
    /// acknowledged: they are logged with the next commit through the journal, or by [`sync`](Self::sync).
    #[must_use]
    pub fn world(&self) -> &SharedEnvironment<T> {
        &self.inner.world
    }

    /// Length of the log in bytes, for deciding when to [`compact`](Self::compact). Wait-free.
    #[must_use]
    pub fn log_length(&self) -> u64 {
        // Relaxed: no other memory is accessed because of it.
        self.inner.length.load(Ordering::Relaxed)
    }
}

/// # Writing
/// Each method returns when its change is logged, and synced if the policy is [`SyncPolicy::Always`]. If the log can't
/// be written, the change is published in memory but not acknowledged.
impl<T: Term> Journal<T> {
    /// Commits like [`SharedEnvironment::commit`], and logs the commit.
    ///
    /// # Errors
    /// If the log can't be written.
    pub fn commit(&self, environment: &mut Environment<T>) -> Result<Commit, JournalError> {
        let commit = self.inner.world.commit(environment);
        self.inner.log_to(commit.version)?;
        Ok(commit)
    }

    /// Commits like [`SharedEnvironment::commit_with`], and logs the commit.
    ///
    /// # Errors
    /// If `resolve` gives up on a conflict, and nothing is published; or if the log can't be written.
    pub fn commit_with(
        &self,
        environment: &mut Environment<T>,
        resolve: impl FnMut(&Conflict<T>) -> Resolution<T>,
    ) -> Result<Commit, JournalCommitError<T>> {
        let commit = self.inner.world.commit_with(environment, resolve)?;
        self.inner.log_to(commit.version)?;
        Ok(commit)
    }

    /// Commits like [`SharedEnvironment::commit_with_all`], and logs the commit.
    ///
    /// # Errors
    /// If `resolve` gives up on a cell, and nothing is published; or if the log can't be written.
    pub fn commit_with_all(
        &self,
        environment: &mut Environment<T>,
        resolve: impl FnMut(&Conflict<T>) -> Resolution<T>,
    ) -> Result<Commit, JournalCommitError<T>> {
        let commit = self.inner.world.commit_with_all(environment, resolve)?;
        self.inner.log_to(commit.version)?;
        Ok(commit)
    }

    /// Publishes `new` if the current state is that of `expected`, like [`SharedEnvironment::publish_if`], and logs the change.
    /// Returns the version of the current state then.
    ///
    /// ```
    /// # use pleach::persist::{Journal, JournalPublishError};
    /// # use pleach::Atom;
    /// # let folder = std::env::temp_dir().join(format!("pleach-doc-publish-if-{}", std::process::id()));
    /// let (journal, _) = Journal::<Atom>::open(&folder)?;
    /// let expected = journal.snapshot();
    /// let mut new = expected.clone();
    /// new.add_fact(Atom::symbol("apple"));
    /// assert_eq!(journal.publish_if(&expected, &new)?, 1);
    /// assert!(matches!(journal.publish_if(&expected, &new), Err(JournalPublishError::Outdated(now)) if now.ptr_eq(&new)));
    /// # drop(journal);
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If another state is current, and nothing is published; or if the log can't be written.
    pub fn publish_if(&self, expected: &Environment<T>, new: &Environment<T>) -> Result<u64, JournalPublishError<T>> {
        let published = self.inner.world.publish_if(expected, new);
        let version = published.map_err(JournalPublishError::Outdated)?;
        self.inner.log_to(version)?;
        Ok(version)
    }

    /// Updates like [`SharedEnvironment::update`], and logs the change.
    ///
    /// # Errors
    /// If the log can't be written.
    pub fn update<R>(&self, mut write: impl FnMut(&mut Environment<T>) -> R) -> Result<R, JournalError> {
        self.try_update(|environment| Ok::<R, Infallible>(write(environment)))
            .map_err(|error| match error {
                JournalUpdateError::Journal(error) => error,
                JournalUpdateError::Update(never) => match never {},
            })
    }

    /// Updates like [`SharedEnvironment::try_update`], and logs the change.
    ///
    /// # Errors
    /// If `write` fails, and nothing is published; or if the log can't be written.
    pub fn try_update<R, E>(
        &self,
        write: impl FnMut(&mut Environment<T>) -> Result<R, E>,
    ) -> Result<R, JournalUpdateError<E>> {
        let result = self.inner.world.try_update(write);
        let result = result.map_err(JournalUpdateError::Update)?;
        // The current version is that of this update or a later one.
        self.inner.log_to(self.inner.world.version())?;
        Ok(result)
    }

    /// Logs and syncs everything published so far, whatever the [`SyncPolicy`].
    ///
    /// # Errors
    /// If the log can't be written.
    pub fn sync(&self) -> Result<(), JournalError> {
        self.inner.sync()
    }

    /// Saves the whole state as a new snapshot, begins a new log, and removes the old files. O(n). Commits wait while
    /// the log is created, but not while the snapshot is written; readers never wait. A crash in between loses nothing:
    /// the old snapshot and both logs stay in effect until the new snapshot is complete.
    ///
    /// Repairs a [broken](JournalError::Broken) log; then commits wait for the snapshot.
    ///
    /// # Errors
    /// If the files can't be written. The journal continues with those it has.
    pub fn compact(&self) -> Result<(), JournalError> {
        let inner = &*self.inner;
        let _one_at_a_time = inner.compacting.enter().ok_or(JournalError::Reentrant)?;
        let mut guard = inner.lock_log()?;
        let number;
        if guard.current.log.is_broken {
            // An earlier attempt may have completed its snapshot despite an error, and only its own log fits that.
            number = guard.current.last_used + 1;
            guard.current.last_used = number;
            let published = inner.world.load();
            let state = published.fork();
            let before = Arc::clone(&guard.current.log.state);
            guard.dropped_later.extend([before, Arc::clone(state.snapshot())]);
            // The log takes effect with its snapshot, and receives no record before.
            let path = JournalFile::Log(number).path(&inner.folder);
            let journal = guard.current.log.id().journal;
            let state = state.snapshot();
            let before = LogPosition::default();
            let log = Log::create(&path, number, journal, before, Arc::clone(state), &inner.lock)?;
            inner.save(state, number, log.id())?;
            (guard.current.log, guard.current.number) = (log, number);
            inner.logged.fetch_max(published.version(), Ordering::Release);
            drop(published);
            drop(guard);
        } else {
            number = guard.current.number + 1;
            inner.append(&mut guard)?;
            let current = &mut *guard.current;
            current.log.sync()?;
            let state = Arc::clone(&current.log.state);
            // The log takes effect when the old one is sealed. Until then, the old one can continue.
            let path = JournalFile::Log(number).path(&inner.folder);
            let (journal, end) = (current.log.id().journal, current.log.end());
            let log = Log::create(&path, number, journal, end, Arc::clone(&state), &inner.lock)?;
            let id = log.id();
            // The seal may be written despite an error, and only this log fits it.
            current.last_used = number;
            current.log.seal(&inner.lock)?;
            (current.log, current.number) = (log, number);
            drop(guard);
            inner.save(&state, number, id)?;
        }
        check_lock(&inner.lock)?;
        remove_obsolete(&inner.folder, number);
        Ok(())
    }
}

impl<T: Term> Inner<T> {
    /// Writes snapshot `number`, which the log `log` continues.
    fn save(&self, state: &Snapshot<T>, number: u64, log: LogId) -> Result<(), JournalError> {
        replace(&JournalFile::Snapshot(number).path(&self.folder), |out| {
            snapshot::write(out, number, log, state, &*self.codec)?;
            // The file is renamed next, and may replace another.
            check_lock(&self.lock)
        })
    }

    /// Waits for exclusive access to the log.
    fn lock_log(&self) -> Result<LogGuard<'_, T>, JournalError> {
        let section = self.writing.enter().ok_or(JournalError::Reentrant)?;
        Ok(LogGuard {
            inner: self,
            // Whenever foreign code may panic, the log is consistent or marked as broken.
            current: self.log.lock().unwrap_or_else(PoisonError::into_inner),
            _section: section,
            dropped_later: Vec::new(),
        })
    }

    fn sync_request(&self) -> MutexGuard<'_, SyncRequest> {
        self.sync_request.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the log lead to `version` or a later one.
    fn log_to(&self, version: u64) -> Result<(), JournalError> {
        if self.logged.load(Ordering::Acquire) >= version {
            return Ok(());
        }
        let mut guard = self.lock_log()?;
        // The thread before has usually written the commits of those that waited.
        if self.logged.load(Ordering::Acquire) >= version {
            return Ok(());
        }
        self.append(&mut guard)
    }

    fn append(&self, guard: &mut LogGuard<'_, T>) -> Result<(), JournalError> {
        let published = self.world.load();
        let state = Arc::clone(published.fork().snapshot());
        let before = Arc::clone(&guard.current.log.state);
        guard.dropped_later.extend([before, Arc::clone(&state)]);
        let log = &mut guard.current.log;
        log.append(state, &*self.codec, self.sync, &self.lock)?;
        self.logged.fetch_max(published.version(), Ordering::Release);
        if log.is_dirty() && matches!(self.sync, SyncPolicy::Every(_)) {
            self.sync_request().is_due = true;
            self.sync_requested.notify_one();
        }
        Ok(())
    }

    /// Syncs the log, even if the published state can't be appended.
    fn sync(&self) -> Result<(), JournalError> {
        let mut guard = self.lock_log()?;
        let appended = self.append(&mut guard);
        guard.current.log.sync()?;
        appended
    }

    /// Syncs `interval` after each append, until the journal is closed. Appends nothing: that runs the code of terms,
    /// which may panic.
    fn sync_at_intervals(&self, interval: Duration) {
        let mut request = self.sync_request();
        loop {
            let is_idle = |request: &mut SyncRequest| !request.is_closing && !request.is_due;
            request = self
                .sync_requested
                .wait_while(request, is_idle)
                .unwrap_or_else(PoisonError::into_inner);
            let waited = self
                .sync_requested
                .wait_timeout_while(request, interval, |request| !request.is_closing);
            request = waited.unwrap_or_else(PoisonError::into_inner).0;
            if request.is_closing {
                return;
            }
            request.is_due = false;
            drop(request);
            if let Ok(mut guard) = self.lock_log() {
                // An error breaks the log, which the next commit reports.
                let _ = guard.current.log.sync();
            }
            request = self.sync_request();
        }
    }
}

impl<T: Term> Drop for Journal<T> {
    /// Syncs and ignores errors: call [`sync`](Journal::sync) before to handle them.
    fn drop(&mut self) {
        if let Some(syncer) = self.syncer.take() {
            self.inner.sync_request().is_closing = true;
            self.inner.sync_requested.notify_one();
            let _ = syncer.join();
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
