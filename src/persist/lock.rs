//! File locks: on a file that is opened at a path, and on a folder that one process at a time writes.
//!
//! A file can be removed while it is locked, and a new one locked at its path. So a [`FileLock`] checks that its path
//! still leads to the locked file. A [`FolderLock`] repeats this check before each write that replaces a file, and,
//! where folders can be locked (Unix), locks the folder too, which can't be removed while anything is in it. On Windows
//! the file can't be removed while it is open.

use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::disk::{self, File, FileKind, Identity, Status};

/// Number of attempts to lock a file that is removed before the lock is verified.
const MAX_ATTEMPTS: usize = 100;

thread_local! {
    /// Folder locks that this thread waited for and holds.
    static HELD: RefCell<Vec<(PathBuf, Option<Identity>)>> = const { RefCell::new(Vec::new()) };
}

/// Looks up a path: [`disk::status`], which follows symbolic links, or [`disk::link_status`], which doesn't.
type Lookup = fn(&Path) -> io::Result<Option<Status>>;

/// A locked file, and the path at which it was opened. Closing the file releases the lock.
pub(super) struct FileLock {
    file: File,
    identity: Option<Identity>,
    path: PathBuf,
    lookup: Lookup,
}

/// An outcome of [`FileLock::acquire`].
pub(super) enum Acquired {
    Locked(FileLock),
    /// The file is locked elsewhere.
    Busy,
    /// The file was locked, but its path leads elsewhere by now.
    Replaced,
}

impl FileLock {
    /// Locks `file`, which was opened at `path`, by `lock`, which returns whether it succeeded.
    pub(super) fn acquire(
        file: File,
        path: &Path,
        lookup: Lookup,
        lock: impl FnOnce(&File) -> io::Result<bool>,
    ) -> io::Result<Acquired> {
        if !lock(&file)? {
            return Ok(Acquired::Busy);
        }
        let lock = Self {
            identity: file.status()?.identity(),
            file,
            path: path.to_owned(),
            lookup,
        };
        Ok(match lock.is_current()? {
            true => Acquired::Locked(lock),
            false => Acquired::Replaced,
        })
    }

    /// Whether the path still leads to the locked file. Where files have no identity (Windows): to any regular file.
    pub(super) fn is_current(&self) -> io::Result<bool> {
        let found = (self.lookup)(&self.path)?;
        Ok(found.is_some_and(|found| match self.identity {
            Some(identity) => found.identity() == Some(identity),
            None => found.kind == FileKind::Regular,
        }))
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    pub(super) fn file_mut(&mut self) -> &mut File {
        &mut self.file
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// A lock on a folder, by the file `lock` in it.
pub(super) struct FolderLock {
    file: FileLock,
    folder: Option<File>,
    is_lost: AtomicBool,
}

impl FolderLock {
    /// Locks the folder at an absolute path; `None` if it is locked elsewhere.
    #[cfg(feature = "journal")]
    pub(super) fn try_acquire(folder: &Path) -> io::Result<Option<Self>> {
        Self::acquire_by(folder, File::try_lock)
    }

    /// Locks the folder at an absolute path, and waits while it is locked elsewhere; `None` if this thread holds the
    /// lock, which would deadlock. Calls `on_wait` once before it waits.
    pub(super) fn acquire(folder: &Path, on_wait: impl Fn()) -> io::Result<Option<(Self, HeldByThread)>> {
        let path = folder.join("lock");
        let identity = disk::status(&path)?.and_then(|found| found.identity());
        let is_same = |(held, by): &(PathBuf, Option<Identity>)| *held == path || (by.is_some() && *by == identity);
        if HELD.with_borrow(|held| held.iter().any(is_same)) {
            return Ok(None);
        }
        let has_reported = Cell::new(false);
        let lock = Self::acquire_by(folder, |file| {
            if !file.try_lock()? {
                if !has_reported.replace(true) {
                    on_wait();
                }
                file.lock()?;
            }
            Ok(true)
        })?;
        Ok(lock.map(|lock| {
            HELD.with_borrow_mut(|held| held.push((lock.path().to_owned(), lock.file.identity)));
            let held = HeldByThread {
                path: lock.path().to_owned(),
                _not_send: PhantomData,
            };
            (lock, held)
        }))
    }

    fn acquire_by(folder: &Path, lock: impl Fn(&File) -> io::Result<bool>) -> io::Result<Option<Self>> {
        let path = folder.join("lock");
        for _ in 0..MAX_ATTEMPTS {
            match FileLock::acquire(File::open_lock(&path)?, &path, disk::status, &lock)? {
                Acquired::Locked(file) => {
                    let lock_of_file = Self {
                        file,
                        folder: None,
                        is_lost: AtomicBool::new(false),
                    };
                    return lock_of_file.with_folder(folder, lock);
                }
                Acquired::Busy => return Ok(None),
                Acquired::Replaced => {}
            }
        }
        Err(io::Error::other(format!("{} keeps being removed", path.display())))
    }

    fn with_folder(mut self, folder: &Path, lock: impl Fn(&File) -> io::Result<bool>) -> io::Result<Option<Self>> {
        if cfg!(unix) {
            let folder = File::open(folder)?;
            match lock(&folder) {
                Ok(true) => self.folder = Some(folder),
                Ok(false) => return Ok(None),
                // Some network file systems lock only files that are open for writing, and so no folder.
                Err(error) if is_unsupported(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Some(self))
    }

    /// Whether the lock still excludes other processes. Once lost, it stays lost: another process may have written.
    pub(super) fn is_held(&self) -> io::Result<bool> {
        // Relaxed: the flag publishes nothing else.
        if self.is_lost.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let is_held = self.file.is_current()?;
        if !is_held {
            self.is_lost.store(true, Ordering::Relaxed);
        }
        Ok(is_held)
    }

    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }
}

/// Whether the file system reports that it can't lock folders. `EBADF`, `EISDIR` and `EINVAL` have these numbers on all
/// Unix systems.
fn is_unsupported(error: &io::Error) -> bool {
    error.kind() == ErrorKind::Unsupported || matches!(disk::code(error), Some(9 | 21 | 22))
}

impl Drop for FolderLock {
    /// Unlocks explicitly: until a child process that is being spawned runs its program, it has the file open too, and
    /// closing the file here would not release the lock.
    fn drop(&mut self) {
        let _ = self.folder.as_ref().map(File::unlock);
        let _ = self.file.file().unlock();
    }
}

/// Marks that this thread holds a [`FolderLock`]. It can't be sent to another thread.
pub(super) struct HeldByThread {
    path: PathBuf,
    _not_send: PhantomData<*const ()>,
}

impl Drop for HeldByThread {
    fn drop(&mut self) {
        HELD.with_borrow_mut(|held| held.retain(|(path, _)| *path != self.path));
    }
}
