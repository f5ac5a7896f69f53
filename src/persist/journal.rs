//! A shared environment that is kept on disk.

mod damage;
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

use self::log::{Log, Place, Start};
use self::recover::{Recovered, file, files, recover, remove_before};
use super::file::replace;
use super::lock::Lock;
use super::turn::{Turn, Turns};
use super::{Codec, LoadError, NoCodec, SaveError, disk, folder};
use crate::env::{Conflict, Conflicts, Environment, Resolution, Snapshot};
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
/// | `snapshot-N` | a state that `log-N` goes on from |
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
    /// Who has the turn writes the log. It can run the code of terms and codecs: no lock is held meanwhile.
    turns: Turns,
    /// Locked only by who has the turn, so nobody ever waits for it.
    log: Mutex<Current<T>>,
    /// The length of the log at the end of the last turn.
    length: AtomicU64,
    keeping: Mutex<Keeping>,
    /// Told when there is something to sync for the keeper, or nothing any more.
    news: Condvar,
    compacting: Turns,
    lock: Lock,
}

struct Current<T: Term> {
    log: Log<T>,
    number: u64,
    /// The greatest number of a log that a snapshot, or the end of the log before, may fit.
    begun: u64,
}

/// What the thread that syncs has to do.
#[derive(Default)]
struct Keeping {
    is_due: bool,
    closing: bool,
}

/// The turn of a thread at the log.
struct Writing<'a, T: Term> {
    inner: &'a Inner<T>,
    current: MutexGuard<'a, Current<T>>,
    _turn: Turn<'a>,
    /// States that are dropped when the turn is over: terms are the user's.
    old: Vec<Arc<Snapshot<T>>>,
}

impl<T: Term> Drop for Writing<'_, T> {
    fn drop(&mut self) {
        // Relaxed: it is a number to look at.
        self.inner.length.store(self.current.log.length(), Ordering::Relaxed);
    }
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
    /// This thread is writing the journal: a term or a codec that it ran for that called a method that writes it too, which
    /// would wait for itself. What it published is written with the next commit.
    #[error("the journal is being written by this thread")]
    Reentrant,
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
            None => Log::create(&path, number, log::new_journal(), Place::default(), state, &lock)?,
            Some(found) => log::resume(&path, &found, state, &lock)?,
        };
        remove_before(folder, snapshot);
        let inner = Arc::new(Inner {
            world: SharedEnvironment::new(environment),
            folder: folder.to_owned(),
            codec: Box::new(codec),
            sync,
            logged: AtomicU64::new(0),
            turns: Turns::default(),
            length: AtomicU64::new(log.length()),
            log: Mutex::new(Current {
                log,
                number,
                begun: number,
            }),
            keeping: Mutex::new(Keeping::default()),
            news: Condvar::new(),
            compacting: Turns::default(),
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

    /// The length of the log, in bytes: [`compact`](Self::compact) when it is much. It never waits.
    #[must_use]
    pub fn log_length(&self) -> u64 {
        // Relaxed: nothing else is read by it.
        self.inner.length.load(Ordering::Relaxed)
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
        let _one_at_a_time = inner.compacting.take().ok_or(JournalError::Reentrant)?;
        let mut writing = inner.write()?;
        let number;
        if writing.current.log.broken {
            // A snapshot that was made before may have its name all the same, and another log of its number would not fit.
            number = writing.current.begun + 1;
            writing.current.begun = number;
            let published = inner.world.load();
            let state = published.fork();
            let before = Arc::clone(&writing.current.log.state);
            writing.old.extend([before, Arc::clone(state.snapshot())]);
            // It counts when the snapshot is there, and nothing goes into it before.
            let path = file(&inner.folder, "log", number);
            let journal = writing.current.log.start().journal;
            let state = state.snapshot();
            let log = Log::create(&path, number, journal, Place::default(), Arc::clone(state), &inner.lock)?;
            inner.save(state, number, log.start())?;
            (writing.current.log, writing.current.number) = (log, number);
            inner.logged.fetch_max(published.version(), Ordering::Release);
            drop(published);
            drop(writing);
        } else {
            number = writing.current.number + 1;
            inner.append(&mut writing)?;
            let current = &mut *writing.current;
            current.log.sync()?;
            let state = Arc::clone(&current.log.state);
            // It counts when the old log has its end. Until then, that one can go on.
            let path = file(&inner.folder, "log", number);
            let (journal, end) = (current.log.start().journal, current.log.end());
            let log = Log::create(&path, number, journal, end, Arc::clone(&state), &inner.lock)?;
            let start = log.start();
            // The end may be there though the call fails: then no other log of this number would fit.
            current.begun = number;
            current.log.seal(&inner.lock)?;
            (current.log, current.number) = (log, number);
            drop(writing);
            inner.save(&state, number, start)?;
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
    /// Writes the snapshot of this number, which the log that starts so goes on from.
    fn save(&self, state: &Snapshot<T>, number: u64, start: Start) -> Result<(), JournalError> {
        replace(&file(&self.folder, "snapshot", number), |out| {
            snapshot::write(out, number, start, state, &*self.codec)?;
            // Next it takes the place of what is there.
            must_be_held(&self.lock)
        })
    }

    /// Waits for the turn to write the log.
    fn write(&self) -> Result<Writing<'_, T>, JournalError> {
        let turn = self.turns.take().ok_or(JournalError::Reentrant)?;
        Ok(Writing {
            inner: self,
            // The log is sound, or knows that it is broken, at every moment when something can panic: the code of terms.
            current: self.log.lock().unwrap_or_else(PoisonError::into_inner),
            _turn: turn,
            old: Vec::new(),
        })
    }

    fn keeping(&self) -> MutexGuard<'_, Keeping> {
        self.keeping.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when the log leads to this version, or a later one.
    fn log_to(&self, version: u64) -> Result<(), JournalError> {
        if self.logged.load(Ordering::Acquire) >= version {
            return Ok(());
        }
        let mut writing = self.write()?;
        // Most of those who waited find that the one before them wrote theirs too.
        if self.logged.load(Ordering::Acquire) >= version {
            return Ok(());
        }
        self.append(&mut writing)
    }

    fn append(&self, writing: &mut Writing<'_, T>) -> Result<(), JournalError> {
        let published = self.world.load();
        let state = Arc::clone(published.fork().snapshot());
        let before = Arc::clone(&writing.current.log.state);
        writing.old.extend([before, Arc::clone(&state)]);
        let log = &mut writing.current.log;
        log.append(state, &*self.codec, self.sync, &self.lock)?;
        self.logged.fetch_max(published.version(), Ordering::Release);
        if log.is_dirty() && matches!(self.sync, SyncPolicy::Every(_)) {
            self.keeping().is_due = true;
            self.news.notify_one();
        }
        Ok(())
    }

    /// Syncs what is in the log, also if what is published can't be written.
    fn sync(&self) -> Result<(), JournalError> {
        let mut writing = self.write()?;
        let appended = self.append(&mut writing);
        writing.current.log.sync()?;
        appended
    }

    /// Syncs, so long after something was appended, until the journal is closed. What is published and not appended is not
    /// written here: that runs the code of terms, which may panic.
    fn keep_synced(&self, interval: Duration) {
        let mut keeping = self.keeping();
        loop {
            let idle = |keeping: &mut Keeping| !keeping.closing && !keeping.is_due;
            keeping = self
                .news
                .wait_while(keeping, idle)
                .unwrap_or_else(PoisonError::into_inner);
            let waited = self
                .news
                .wait_timeout_while(keeping, interval, |keeping| !keeping.closing);
            keeping = waited.unwrap_or_else(PoisonError::into_inner).0;
            if keeping.closing {
                return;
            }
            keeping.is_due = false;
            drop(keeping);
            if let Ok(mut writing) = self.write() {
                // If it fails the log is broken, and those who commit are told.
                let _ = writing.current.log.sync();
            }
            keeping = self.keeping();
        }
    }
}

impl<T: Term> Drop for Journal<T> {
    /// Syncs, and drops what can't be told of any more: who must know calls [`sync`](Journal::sync).
    fn drop(&mut self) {
        if let Some(keeper) = self.keeper.take() {
            self.inner.keeping().closing = true;
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
