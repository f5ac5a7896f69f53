//! The lock on a folder that one process at a time writes: the file `lock` in it.
//!
//! A file can be removed while it is locked, and a new one be locked beside it. Two things stand against that. Where folders
//! can be locked (Unix), the folder is locked too: that can't be removed while anything is in it. And each writer looks,
//! before anything that overwrites, whether the file at the path still is the one that it has locked. On Windows the file
//! can't be removed while it is open.

use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::disk::{self, File, Identity};

/// So often a lock that is removed before it is looked at is tried again.
const TRIES: usize = 100;

thread_local! {
    /// Locks that this thread has waited for, and holds.
    static WAITED_FOR: RefCell<Vec<(PathBuf, Option<Identity>)>> = const { RefCell::new(Vec::new()) };
}

/// A lock that is held while this lives.
pub(super) struct Lock {
    file: File,
    identity: Option<Identity>,
    folder: Option<File>,
    path: PathBuf,
    is_lost: AtomicBool,
}

impl Lock {
    /// The lock of a folder, of which the path is absolute; `None` if somebody else has it.
    #[cfg(feature = "journal")]
    pub(super) fn try_on(folder: &Path) -> io::Result<Option<Self>> {
        Self::on(folder, File::try_lock)
    }

    /// The lock of a folder, of which the path is absolute, as soon as nobody else has it; `None` if this thread has it: it
    /// would wait for itself. Calls `tell` before it waits, once.
    pub(super) fn wait_on(folder: &Path, tell: impl Fn()) -> io::Result<Option<(Self, Waited)>> {
        let path = folder.join("lock");
        let identity = disk::status(&path)?.and_then(|found| found.identity());
        let is_same = |(held, by): &(PathBuf, Option<Identity>)| *held == path || (by.is_some() && *by == identity);
        if WAITED_FOR.with_borrow(|held| held.iter().any(is_same)) {
            return Ok(None);
        }
        let has_told = Cell::new(false);
        let lock = Self::on(folder, |file| {
            if !file.try_lock()? {
                if !has_told.replace(true) {
                    tell();
                }
                file.lock()?;
            }
            Ok(true)
        })?;
        Ok(lock.map(|lock| {
            WAITED_FOR.with_borrow_mut(|held| held.push((lock.path.clone(), lock.identity)));
            let waited = Waited {
                path: lock.path.clone(),
                _this_thread: PhantomData,
            };
            (lock, waited)
        }))
    }

    fn on(folder: &Path, take: impl Fn(&File) -> io::Result<bool>) -> io::Result<Option<Self>> {
        let path = folder.join("lock");
        for _ in 0..TRIES {
            let file = File::open_lock(&path)?;
            if !take(&file)? {
                return Ok(None);
            }
            let lock = Self {
                identity: file.status()?.identity(),
                file,
                folder: None,
                path: path.clone(),
                is_lost: AtomicBool::new(false),
            };
            // It may have been removed between the two, and another be there by now.
            if lock.is_held()? {
                return lock.with_folder(folder, take);
            }
        }
        Err(io::Error::other(format!(
            "{} is removed again and again",
            path.display()
        )))
    }

    fn with_folder(mut self, folder: &Path, take: impl Fn(&File) -> io::Result<bool>) -> io::Result<Option<Self>> {
        if cfg!(unix) {
            let folder = File::open(folder)?;
            match take(&folder) {
                Ok(true) => self.folder = Some(folder),
                Ok(false) => return Ok(None),
                // Some network file systems lock only what is open for writing, and so no folder.
                Err(error) if is_unsupported(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Some(self))
    }

    /// Is the file at the path still the one that is locked? Once it was not, never again: another may have written.
    pub(super) fn is_held(&self) -> io::Result<bool> {
        // Relaxed: nothing else is published by it.
        if self.is_lost.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let is_held = disk::status(&self.path)?.is_some_and(|found| found.identity() == self.identity);
        if !is_held {
            self.is_lost.store(true, Ordering::Relaxed);
        }
        Ok(is_held)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Does the file system say that it locks no folders? `EBADF`, `EISDIR` and `EINVAL` have these numbers on all of Unix.
fn is_unsupported(error: &io::Error) -> bool {
    error.kind() == ErrorKind::Unsupported || matches!(disk::code(error), Some(9 | 21 | 22))
}

impl Drop for Lock {
    /// Closing is not enough: a process that is being started has the file open too, until it runs its own program.
    fn drop(&mut self) {
        let _ = self.folder.as_ref().map(File::unlock);
        let _ = self.file.unlock();
    }
}

/// That this thread has a lock that it waited for. It stays on the thread.
pub(super) struct Waited {
    path: PathBuf,
    _this_thread: PhantomData<*const ()>,
}

impl Drop for Waited {
    fn drop(&mut self) {
        WAITED_FOR.with_borrow_mut(|held| held.retain(|(path, _)| *path != self.path));
    }
}
