//! All that is asked of the file system, in one place, so that tests can have any call fail: see `faults`.
//!
//! Three rules hold for everything here:
//! - Only `NotFound` means that there is nothing. A link that leads nowhere is something.
//! - An error names the path that it is about.
//! - A test reads the sources of `persist` and finds no other call of the file system.

use std::ffi::OsString;
use std::fs::{self, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
#[cfg(feature = "journal")]
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};

#[cfg(test)]
pub(super) mod faults;
#[cfg(test)]
#[cfg(all(unix, feature = "journal"))]
pub(super) mod recorder;

/// Runs one operation. Tests can have it refused, or its success reported as a failure.
fn attempt<R>(operation: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
    #[cfg(test)]
    return faults::attempt(operation);
    #[cfg(not(test))]
    operation()
}

/// Shows an operation that succeeded to the recorder of tests.
macro_rules! record {
    ($($call:tt)*) => {
        #[cfg(all(test, unix, feature = "journal"))]
        recorder::$($call)*;
    };
}

/// As [`attempt`]; an error names the path.
fn attempt_at<R>(path: &Path, operation: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
    attempt(operation).map_err(|error| name(path, error))
}

/// An error of the system, and the path that it is about.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", path.display())]
struct Named {
    path: PathBuf,
    #[source]
    error: io::Error,
}

fn name(path: &Path, error: io::Error) -> io::Error {
    let path = path.to_owned();
    io::Error::new(error.kind(), Named { path, error })
}

/// The error as the system gave it, if it is about this path: for callers whose users have named the path themselves.
pub(super) fn unname(error: io::Error, path: &Path) -> io::Error {
    match error.downcast::<Named>() {
        Ok(named) if named.path == path => named.error,
        Ok(named) => name(&named.path, named.error),
        Err(error) => error,
    }
}

/// The number that the system gave an error.
pub(super) fn code(error: &io::Error) -> Option<i32> {
    let named = error.get_ref().and_then(|inner| inner.downcast_ref::<Named>());
    named.map_or(error.raw_os_error(), |named| named.error.raw_os_error())
}

/// `None` if there is nothing, and only then.
fn found<R>(result: io::Result<R>) -> io::Result<Option<R>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What there is at a path, links followed.
pub(super) struct Status {
    pub(super) kind: Kind,
    metadata: Metadata,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Regular,
    Folder,
    Other,
}

impl Status {
    fn new(metadata: Metadata) -> Self {
        let kind = match metadata.file_type() {
            kind if kind.is_file() => Kind::Regular,
            kind if kind.is_dir() => Kind::Folder,
            _ => Kind::Other,
        };
        Self { kind, metadata }
    }

    #[cfg(feature = "journal")]
    pub(super) fn length(&self) -> u64 {
        self.metadata.len()
    }

    /// Which file this is, whatever its name. `None` where the system's library can't tell.
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

/// A file or a folder: no other has the same while this one is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    #[cfg(unix)]
    device: u64,
    #[cfg(unix)]
    inode: u64,
}

/// What there is at a path, links followed; `None` if there is nothing, not even a link.
pub(super) fn status(path: &Path) -> io::Result<Option<Status>> {
    match found(attempt_at(path, || fs::metadata(path)))? {
        Some(metadata) => Ok(Some(Status::new(metadata))),
        None => must_be_absent(path).map(|()| None),
    }
}

/// That not even a link is at a path where nothing was found.
fn must_be_absent(path: &Path) -> io::Result<()> {
    match found(attempt_at(path, || fs::symlink_metadata(path)))? {
        Some(metadata) if metadata.is_symlink() => {
            // Not `NotFound`, which callers take for absence.
            Err(name(path, io::Error::other("a link that leads nowhere")))
        }
        // What was made in this moment is absent too.
        _ => Ok(()),
    }
}

/// What a link leads to, as it is written there; `None` if there is nothing at the path, or something else than a link.
pub(super) fn link_target(path: &Path) -> io::Result<Option<PathBuf>> {
    match found(attempt_at(path, || fs::symlink_metadata(path)))? {
        Some(metadata) if metadata.is_symlink() => attempt_at(path, || fs::read_link(path)).map(Some),
        _ => Ok(None),
    }
}

/// The path as it is seen from the root, so that it stays the same wherever the process goes.
pub(super) fn absolute(path: &Path) -> io::Result<PathBuf> {
    attempt_at(path, || std::path::absolute(path))
}

/// The names of all that a folder holds.
pub(super) fn entries(folder: &Path) -> io::Result<Vec<OsString>> {
    let mut entries = attempt_at(folder, || fs::read_dir(folder))?;
    let mut names = Vec::new();
    while let Some(entry) = attempt_at(folder, || entries.next().transpose())? {
        names.push(entry.file_name());
    }
    Ok(names)
}

/// A file that is open.
pub(super) struct File {
    file: fs::File,
    /// For errors.
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

    /// Opens a file; `None` if there is nothing at the path, not even a link.
    pub(super) fn find(path: &Path) -> io::Result<Option<Self>> {
        match found(Self::open(path))? {
            Some(file) => Ok(Some(file)),
            None => must_be_absent(path).map(|()| None),
        }
    }

    /// Opens a file in whatever way is allowed, to lock it.
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

    /// Does this path lead to this very file, and by no link? Where files can't be told apart (Windows): is there one?
    pub(super) fn is_at(&self, path: &Path) -> io::Result<bool> {
        let Some(metadata) = found(attempt_at(path, || fs::symlink_metadata(path)))? else {
            return Ok(false);
        };
        let found = Status::new(metadata);
        match self.status()?.identity() {
            Some(own) => Ok(found.identity() == Some(own)),
            None => Ok(found.kind == Kind::Regular),
        }
    }

    /// Opens a file to go on writing it from `length` on.
    #[cfg(feature = "journal")]
    pub(super) fn open_at(path: &Path, length: u64) -> io::Result<Self> {
        let file = Self::new(path, OpenOptions::new().write(true))?;
        file.go_to(length)?;
        Ok(file)
    }

    /// Makes a file, in the place of what was there.
    #[cfg(feature = "journal")]
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let made = Self::new(path, OpenOptions::new().write(true).create(true).truncate(true))?;
        record!(opened(path, &made.file, true));
        Ok(made)
    }

    /// Opens a file to be locked, which is made if there is none.
    pub(super) fn open_lock(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        // Others may read and write the file, as by default, and may not remove or rename it while it is open.
        #[cfg(windows)]
        std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, 1 | 2);
        let opened = Self::new(path, &options)?;
        record!(opened(path, &opened.file, false));
        Ok(opened)
    }

    /// Makes a file where there is none. If it is secret, nobody else may read it.
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

    /// Gives the file the owner and the group of another, as far as this process may.
    pub(super) fn take_owner(&self, other: &Status) -> io::Result<()> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt, fchown};
            let own = self.status()?.metadata;
            let (user, group) = (Some(other.metadata.uid()), Some(other.metadata.gid()));
            for (user, group) in [(user, None), (None, group)] {
                let is_there =
                    user.is_none_or(|user| user == own.uid()) && group.is_none_or(|group| group == own.gid());
                match is_there {
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

    /// Gives the file the rights of another.
    pub(super) fn take_permissions(&self, other: &Status) -> io::Result<()> {
        self.attempt(|file| file.set_permissions(other.metadata.permissions()))
    }

    pub(super) fn status(&self) -> io::Result<Status> {
        self.attempt(fs::File::metadata).map(Status::new)
    }

    pub(super) fn length(&self) -> io::Result<u64> {
        self.attempt(fs::File::metadata).map(|known| known.len())
    }

    #[cfg(feature = "journal")]
    pub(super) fn go_to(&self, offset: u64) -> io::Result<()> {
        self.attempt(|mut file| file.seek(SeekFrom::Start(offset)).map(drop))
    }

    /// Cuts the file, and goes on from there.
    #[cfg(feature = "journal")]
    pub(super) fn cut(&self, length: u64) -> io::Result<()> {
        self.attempt(|file| file.set_len(length))?;
        record!(cut(&self.file, length));
        self.go_to(length)
    }

    /// Has what was written put on the disk.
    #[cfg(feature = "journal")]
    pub(super) fn sync_data(&self) -> io::Result<()> {
        #[cfg(test)]
        faults::count_sync();
        self.attempt(fs::File::sync_data)?;
        record!(synced(&self.file));
        Ok(())
    }

    /// Has what was written put on the disk, and what is known of the file.
    pub(super) fn sync_all(&self) -> io::Result<()> {
        #[cfg(test)]
        faults::count_sync();
        self.attempt(fs::File::sync_all)?;
        record!(synced(&self.file));
        Ok(())
    }

    /// Locks the file, or waits until it can.
    pub(super) fn lock(&self) -> io::Result<()> {
        self.attempt(fs::File::lock)
    }

    /// Locks the file. Returns false if another has it locked.
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
        let bytes = faults::part_of(bytes);
        let written = self.attempt(|mut file| file.write(bytes))?;
        record!(wrote(&self.file, bytes, written));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt(|mut file| file.flush())
    }
}

/// Is there a regular file here, and no link to one? `None` if nothing is here.
pub(super) fn is_regular(path: &Path) -> io::Result<Option<bool>> {
    attempt_at(path, || {
        Ok(found(fs::symlink_metadata(path))?.map(|found| found.is_file()))
    })
}

/// Makes one folder.
pub(super) fn create_folder(path: &Path) -> io::Result<()> {
    attempt_at(path, || fs::create_dir(path))?;
    record!(made_folder(path));
    Ok(())
}

/// Has the entries of a folder put on the disk. Where folders can't be opened (Windows), the system sees to it.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Gives a file another name, in the place of what has it.
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
