//! All calls of the file system, in one place, so that tests can make any of them fail: see `faults`.
//!
//! - Only `NotFound` means that a path is vacant. A dangling symbolic link occupies its path.
//! - Errors name the path.
//! - A test reads the sources of `persist` and fails on a call of the file system elsewhere.

use std::ffi::OsString;
use std::fs::{self, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
#[cfg(feature = "journal")]
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};
#[cfg(feature = "remote")]
use std::time::SystemTime;

#[cfg(test)]
pub(super) mod faults;
#[cfg(test)]
#[cfg(all(unix, feature = "journal"))]
pub(super) mod recorder;

/// Runs one operation. Tests can make it fail, before or after it takes effect.
fn attempt<R>(operation: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
    #[cfg(test)]
    return faults::attempt(operation);
    #[cfg(not(test))]
    operation()
}

/// Reports a successful operation to the recorder of tests.
macro_rules! record {
    ($($call:tt)*) => {
        #[cfg(all(test, unix, feature = "journal"))]
        recorder::$($call)*;
    };
}

/// As [`attempt`]; errors name the path.
fn attempt_at<R>(path: &Path, operation: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
    attempt(operation).map_err(|error| with_path(path, error))
}

/// An error of the operating system at a path.
#[derive(Debug, thiserror::Error)]
#[error("cannot access {}", path.display())]
struct PathIoError {
    path: PathBuf,
    source: io::Error,
}

fn with_path(path: &Path, source: io::Error) -> io::Error {
    let path = path.to_owned();
    io::Error::new(source.kind(), PathIoError { path, source })
}

/// Removes `path` from an error, for callers whose users passed that path themselves.
pub(super) fn without_path(error: io::Error, path: &Path) -> io::Error {
    match error.downcast::<PathIoError>() {
        Ok(error) if error.path == path => error.source,
        Ok(error) => with_path(&error.path, error.source),
        Err(error) => error,
    }
}

/// Returns the operating system's error code.
pub(super) fn code(error: &io::Error) -> Option<i32> {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<PathIoError>());
    inner.map_or(error.raw_os_error(), |inner| inner.source.raw_os_error())
}

/// Turns `NotFound`, and no other error, into `None`.
fn found<R>(result: io::Result<R>) -> io::Result<Option<R>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Metadata of a file, a folder or a symbolic link.
pub(super) struct Status {
    pub(super) kind: FileKind,
    metadata: Metadata,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    Regular,
    Folder,
    /// A symbolic link, a device, a socket or a pipe.
    Other,
}

impl Status {
    fn new(metadata: Metadata) -> Self {
        let kind = match metadata.file_type() {
            kind if kind.is_file() => FileKind::Regular,
            kind if kind.is_dir() => FileKind::Folder,
            _ => FileKind::Other,
        };
        Self { kind, metadata }
    }

    #[cfg(any(feature = "journal", feature = "remote"))]
    pub(super) fn length(&self) -> u64 {
        self.metadata.len()
    }

    /// Time of the last write.
    #[cfg(feature = "remote")]
    pub(super) fn modified(&self) -> io::Result<SystemTime> {
        self.metadata.modified()
    }

    /// Identity of the file, independent of its name; `None` where the standard library has none (Windows).
    pub(super) fn identity(&self) -> Option<Identity> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            Some(Identity {
                device: self.metadata.dev(),
                inode: self.metadata.ino(),
            })
        }
        #[cfg(not(unix))]
        None
    }
}

/// Identity of a file or a folder, unique while it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    #[cfg(unix)]
    device: u64,
    #[cfg(unix)]
    inode: u64,
}

/// Returns the status of what a path leads to, symbolic links followed; `None` if the path is vacant.
pub(super) fn status(path: &Path) -> io::Result<Option<Status>> {
    match found(attempt_at(path, || fs::metadata(path)))? {
        Some(metadata) => Ok(Some(Status::new(metadata))),
        None => check_vacant(path).map(|()| None),
    }
}

/// Returns the status of what is at a path, symbolic links not followed; `None` if the path is vacant.
pub(super) fn link_status(path: &Path) -> io::Result<Option<Status>> {
    Ok(found(attempt_at(path, || fs::symlink_metadata(path)))?.map(Status::new))
}

/// # Errors
/// If a dangling symbolic link is at a path where no file was found.
fn check_vacant(path: &Path) -> io::Result<()> {
    match found(attempt_at(path, || fs::symlink_metadata(path)))? {
        Some(metadata) if metadata.is_symlink() => {
            // Not `NotFound`, which callers take for a vacant path.
            Err(with_path(path, io::Error::other("dangling symbolic link")))
        }
        // A file created since the first look counts as absent.
        _ => Ok(()),
    }
}

/// Returns the target of the symbolic link at a path, as stored; `None` if the path is vacant or holds no link.
pub(super) fn link_target(path: &Path) -> io::Result<Option<PathBuf>> {
    match found(attempt_at(path, || fs::symlink_metadata(path)))? {
        Some(metadata) if metadata.is_symlink() => attempt_at(path, || fs::read_link(path)).map(Some),
        _ => Ok(None),
    }
}

/// Returns the absolute path, which stays valid when the process changes its working directory.
pub(super) fn absolute(path: &Path) -> io::Result<PathBuf> {
    attempt_at(path, || std::path::absolute(path))
}

/// Returns the names of all entries of a folder.
pub(super) fn entries(folder: &Path) -> io::Result<Vec<OsString>> {
    let mut entries = attempt_at(folder, || fs::read_dir(folder))?;
    let mut names = Vec::new();
    while let Some(entry) = attempt_at(folder, || entries.next().transpose())? {
        names.push(entry.file_name());
    }
    Ok(names)
}

/// An open file.
pub(super) struct File {
    file: fs::File,
    /// Path for errors.
    path: PathBuf,
}

impl File {
    fn new(path: &Path, options: &OpenOptions) -> io::Result<Self> {
        let file = attempt_at(path, || options.open(path))?;
        let path = path.to_owned();
        Ok(Self { file, path })
    }

    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Self::new(path, OpenOptions::new().read(true))
    }

    /// Opens a file; `None` if the path is vacant.
    pub(super) fn find(path: &Path) -> io::Result<Option<Self>> {
        match found(Self::open(path))? {
            Some(file) => Ok(Some(file)),
            None => check_vacant(path).map(|()| None),
        }
    }

    /// Opens a file with the most access that is permitted, to lock it.
    pub(super) fn open_any(path: &Path) -> io::Result<Self> {
        let ways = [(true, true), (true, false), (false, true)].map(|(read, write)| {
            let mut options = OpenOptions::new();
            options.read(read).write(write);
            options
        });
        let [both, read, write] = ways.map(|options| move || Self::new(path, &options));
        let denied = |error: io::Error, next: &dyn Fn() -> io::Result<Self>| match error.kind() {
            ErrorKind::PermissionDenied => next(),
            _ => Err(error),
        };
        let opened = both().or_else(|error| denied(error, &read));
        opened.or_else(|error| denied(error, &write))
    }

    /// Opens a file to continue writing at `length`.
    #[cfg(feature = "journal")]
    pub(super) fn open_at(path: &Path, length: u64) -> io::Result<Self> {
        let file = Self::new(path, OpenOptions::new().write(true))?;
        file.seek(length)?;
        Ok(file)
    }

    /// Creates a file, or truncates the one there.
    #[cfg(feature = "journal")]
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let made = Self::new(path, OpenOptions::new().write(true).create(true).truncate(true))?;
        record!(opened(path, &made.file, true));
        Ok(made)
    }

    /// Opens a file to lock it, and creates it if missing.
    pub(super) fn open_lock(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        // Read and write, as by default, but not delete: nobody can remove or rename it while it is open.
        #[cfg(windows)]
        std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, 1 | 2);
        let opened = Self::new(path, &options)?;
        record!(opened(path, &opened.file, false));
        Ok(opened)
    }

    /// Creates a file at a vacant path. If it is secret, only its owner may read it.
    pub(super) fn create_new(path: &Path, secret: bool) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if secret {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        #[cfg(not(unix))]
        let _ = secret;
        let opened = Self::new(path, &options)?;
        record!(opened(path, &opened.file, false));
        Ok(opened)
    }

    fn attempt<R>(&self, operation: impl FnOnce(&fs::File) -> io::Result<R>) -> io::Result<R> {
        attempt_at(&self.path, || operation(&self.file))
    }

    /// Copies owner and group from another file, as far as this process is permitted.
    pub(super) fn copy_owner(&self, other: &Status) -> io::Result<()> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt, fchown};
            let own = self.status()?.metadata;
            let (user, group) = (Some(other.metadata.uid()), Some(other.metadata.gid()));
            for (user, group) in [(user, None), (None, group)] {
                let is_equal =
                    user.is_none_or(|user| user == own.uid()) && group.is_none_or(|group| group == own.gid());
                match is_equal {
                    true => Ok(()),
                    false => self.attempt(|file| fchown(file, user, group)),
                }
                .or_else(|error| match error.kind() {
                    ErrorKind::PermissionDenied => Ok(()),
                    _ => Err(error),
                })?;
            }
        }
        #[cfg(not(unix))]
        let _ = other;
        Ok(())
    }

    /// Copies the permissions of another file.
    pub(super) fn copy_permissions(&self, other: &Status) -> io::Result<()> {
        self.attempt(|file| file.set_permissions(other.metadata.permissions()))
    }

    pub(super) fn status(&self) -> io::Result<Status> {
        self.attempt(fs::File::metadata).map(Status::new)
    }

    pub(super) fn length(&self) -> io::Result<u64> {
        self.attempt(fs::File::metadata).map(|known| known.len())
    }

    #[cfg(feature = "journal")]
    pub(super) fn seek(&self, offset: u64) -> io::Result<()> {
        self.attempt(|mut file| file.seek(SeekFrom::Start(offset)).map(drop))
    }

    /// Truncates the file and continues writing at its end.
    #[cfg(feature = "journal")]
    pub(super) fn truncate(&self, length: u64) -> io::Result<()> {
        self.attempt(|file| file.set_len(length))?;
        record!(truncated(&self.file, length));
        self.seek(length)
    }

    /// Makes the written data durable.
    #[cfg(feature = "journal")]
    pub(super) fn sync_data(&self) -> io::Result<()> {
        #[cfg(test)]
        faults::count_sync();
        self.attempt(fs::File::sync_data)?;
        record!(synced(&self.file));
        Ok(())
    }

    /// Makes the written data and the metadata durable.
    pub(super) fn sync_all(&self) -> io::Result<()> {
        #[cfg(test)]
        faults::count_sync();
        self.attempt(fs::File::sync_all)?;
        record!(synced(&self.file));
        Ok(())
    }

    /// Locks the file; waits while it is locked elsewhere.
    pub(super) fn lock(&self) -> io::Result<()> {
        self.attempt(fs::File::lock)
    }

    /// Locks the file. Returns whether it could; it can't while it is locked elsewhere.
    pub(super) fn try_lock(&self) -> io::Result<bool> {
        self.attempt(|file| match file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        })
    }

    pub(super) fn unlock(&self) -> io::Result<()> {
        self.attempt(fs::File::unlock)
    }
}

impl Read for &File {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.attempt(|mut file| file.read(buffer))
    }
}

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        #[cfg(test)]
        let bytes = faults::prefix(bytes);
        let written = self.attempt(|mut file| file.write(bytes))?;
        record!(wrote(&self.file, bytes, written));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt(|mut file| file.flush())
    }
}

/// Creates one folder.
pub(super) fn create_folder(path: &Path) -> io::Result<()> {
    attempt_at(path, || fs::create_dir(path))?;
    record!(created_folder(path));
    Ok(())
}

/// Makes the entries of a folder durable. Does nothing where folders can't be opened (Windows).
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Makes a rename, a creation or a removal at `path` durable.
pub(super) fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    sync_folder(parent.unwrap_or(Path::new(".")))
}

/// Renames a file, and replaces the one at `to`.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    attempt_at(to, || fs::rename(from, to))?;
    record!(renamed(from, to));
    Ok(())
}

/// Removes a file.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    attempt_at(path, || fs::remove_file(path))?;
    record!(removed(path));
    Ok(())
}
