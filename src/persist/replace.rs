//! Atomic replacement of files.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::disk::{self, File, FileKind, Status, sync_parent};
use super::lock::{Acquired, FileLock};

/// Greatest number of symbolic links that are followed, as on most systems.
const MAX_LINKS: usize = 40;

/// Replaces the content of a file by what `write` writes. Whatever happens, the file holds the old content or the new.
///
/// Writes to a temporary file in the same folder, syncs and renames it, and syncs the folder. Follows symbolic links,
/// even to a file that doesn't exist, and refuses anything but a regular file. The new file has the permissions of the
/// old one from the moment it is created, and its owner and group as far as this process may set them.
pub(super) fn replace<E: From<io::Error>>(
    path: &Path,
    write: impl FnOnce(&mut File) -> Result<(), E>,
) -> Result<(), E> {
    let (path, old) = target(path)?;
    let mut temporary = TemporaryFile::create(&path, old.as_ref())?;
    write(temporary.file_mut())?;
    Ok(temporary.persist(&path)?)
}

/// Returns the path that a replacement writes, links followed, and the status of the regular file there, if one exists.
fn target(path: &Path) -> io::Result<(PathBuf, Option<Status>)> {
    let path = follow_links(path)?;
    let old = disk::status(&path)?;
    match old.as_ref().map(|old| old.kind) {
        Some(FileKind::Regular) | None => Ok((path, old)),
        Some(FileKind::Folder) if path.file_name().is_some() => Err(io::Error::from(io::ErrorKind::IsADirectory)),
        Some(_) => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")),
    }
}

/// Returns the absolute path that symbolic links lead to, whether or not it exists. Absolute, since the process may
/// change its working directory while it writes.
fn follow_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = disk::absolute(path)?;
    for _ in 0..MAX_LINKS {
        let Some(target) = disk::link_target(&path)? else {
            return Ok(path);
        };
        // A relative target starts at the folder of the link.
        path.pop();
        path.push(target);
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        "too many levels of symbolic links",
    ))
}

/// Paths of the temporary files that this process is writing.
///
/// Locked while a file is created, renamed or removed, so that [`exit`] can remove exactly those listed.
static TEMPORARY_FILES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn temporary_files() -> MutexGuard<'static, Vec<PathBuf>> {
    // Nothing that can panic runs while it is locked.
    TEMPORARY_FILES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the process and removes the temporary files that it was writing. See [`exit`](super::exit).
pub(super) fn exit(code: i32) -> ! {
    // Stays locked: no file is created or renamed from now on.
    let paths = temporary_files();
    for path in &*paths {
        let _ = disk::remove(path);
    }
    process::exit(code)
}

/// A locked temporary file, which is removed when dropped unless it was [persisted](Self::persist).
///
/// Its name is `.NAME.pleach-K.tmp`, with the least number K that no live writer uses. A live writer holds the lock of
/// its file, so a file that can be locked is stale; and only the holder of the lock of the very file that the name
/// leads to renames or removes it.
pub(super) struct TemporaryFile {
    lock: FileLock,
    is_persistent: bool,
}

/// Number of names that are checked for stale files.
const CHECKED_NAMES: u32 = 8;

impl TemporaryFile {
    /// Creates a file in the folder of `path`, to replace the `old` file there. Removes stale files of writers to the
    /// same path.
    pub(super) fn create(path: &Path, old: Option<&Status>) -> io::Result<Self> {
        if path.file_name().is_none() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"));
        }
        let mut number = 0;
        let mut paths = temporary_files();
        let temporary = loop {
            let path = temporary_path(path, number);
            // The content may be secret: nobody else may read it before the file has the permissions of the old one.
            match File::create_new(&path, old.is_some()) {
                Ok(file) => match FileLock::acquire(file, &path, disk::link_status, try_lock) {
                    Ok(Acquired::Locked(lock)) => {
                        paths.push(path);
                        break Self {
                            lock,
                            is_persistent: false,
                        };
                    }
                    // Another process took it for stale and removes it.
                    Ok(Acquired::Busy | Acquired::Replaced) => number += 1,
                    Err(error) => {
                        let _ = disk::remove(&path);
                        return Err(error);
                    }
                },
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    if !remove_stale(&path)? {
                        number += 1;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::InvalidFilename => {
                    return Err(io::Error::new(error.kind(), NameTooLong));
                }
                Err(error) => return Err(error),
            }
        };
        drop(paths);
        for number in number + 1..CHECKED_NAMES {
            remove_stale(&temporary_path(path, number))?;
        }
        if let Some(old) = old {
            temporary.lock.file().copy_owner(old)?;
            temporary.lock.file().copy_permissions(old)?;
        }
        Ok(temporary)
    }

    pub(super) fn file_mut(&mut self) -> &mut File {
        self.lock.file_mut()
    }

    /// Syncs the file, renames it to `path`, on the same file system, and syncs the folder there.
    pub(super) fn persist(mut self, path: &Path) -> io::Result<()> {
        self.lock.file().sync_all()?;
        let mut paths = temporary_files();
        disk::rename(self.lock.path(), path)?;
        self.is_persistent = true;
        paths.retain(|other| other != self.lock.path());
        drop(paths);
        sync_parent(path)
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        if !self.is_persistent {
            let mut paths = temporary_files();
            // Its caller reports the first error, or panics.
            let _ = disk::remove(self.lock.path());
            paths.retain(|other| other != self.lock.path());
        }
    }
}

/// Locks a temporary file. Where there are no locks, no process can take the file for stale either.
fn try_lock(file: &File) -> io::Result<bool> {
    file.try_lock().or_else(|error| match error.kind() {
        io::ErrorKind::Unsupported => Ok(true),
        _ => Err(error),
    })
}

/// The name of the temporary file exceeds the limit of the file system, though the name of the file doesn't.
#[derive(Debug, thiserror::Error)]
#[error("the name is too long: the temporary file has a name longer by {} bytes", ADDED.len())]
struct NameTooLong;

/// Characters that the name of a temporary file has beyond those of its file's name.
const ADDED: &str = "..pleach-0.tmp";

/// Whether `name` is that of a temporary file for the file `of`.
pub(super) fn is_temporary(name: &str, of: &str) -> bool {
    let number = || {
        name.strip_prefix('.')?
            .strip_prefix(of)?
            .strip_prefix(".pleach-")?
            .strip_suffix(".tmp")
    };
    number().is_some_and(|number| number.parse::<u32>().is_ok())
}

fn temporary_path(path: &Path, number: u32) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".pleach-{number}.tmp"));
    path.with_file_name(name)
}

/// Removes a temporary file that no live writer has locked. Returns whether the path is vacant now: it isn't if the
/// file is being written, isn't a regular file, or can't be locked here.
pub(super) fn remove_stale(path: &Path) -> io::Result<bool> {
    match disk::link_status(path)?.map(|found| found.kind) {
        None => return Ok(true),
        Some(FileKind::Regular) => {}
        // A link is not followed: its target may be missing.
        Some(_) => return Ok(false),
    }
    let remove = || -> io::Result<bool> {
        match FileLock::acquire(File::open_any(path)?, path, disk::link_status, File::try_lock)? {
            Acquired::Locked(_lock) => disk::remove(path).map(|()| true),
            Acquired::Busy | Acquired::Replaced => Ok(false),
        }
    };
    remove().or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(true),
        io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported => Ok(false),
        _ => Err(error),
    })
}

/// Creates and removes the temporary file of a replacement: an error here would be one of [`replace`].
pub(super) fn probe(path: &Path) -> io::Result<()> {
    let (path, old) = target(path)?;
    TemporaryFile::create(&path, old.as_ref()).map(drop)
}
