//! What is done to the files that hold data, in one place, so that tests can have any of it fail: see `faults`.

use std::fs::{self, Metadata, OpenOptions, Permissions};
use std::io::{self, Read, Write};
#[cfg(feature = "journal")]
use std::io::{Seek, SeekFrom};
use std::path::Path;

#[cfg(test)]
pub(super) mod faults;

/// Runs one operation. Tests can have it refused, or its success reported as a failure.
fn attempt<R>(operation: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
    #[cfg(test)]
    return faults::attempt(operation);
    #[cfg(not(test))]
    operation()
}

/// A file that is open.
pub(super) struct File(fs::File);

impl File {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        attempt(|| fs::File::open(path)).map(Self)
    }

    /// Opens a file in whatever way is allowed, to lock it.
    pub(super) fn open_any(path: &Path) -> io::Result<Self> {
        let ways = [(true, true), (true, false), (false, true)].map(|(read, write)| {
            let mut options = OpenOptions::new();
            options.read(read).write(write);
            options
        });
        let [both, read, write] = ways.map(|options| move || attempt(|| options.open(path)));
        let denied = |error: io::Error, next: &dyn Fn() -> io::Result<fs::File>| match error.kind() {
            io::ErrorKind::PermissionDenied => next(),
            _ => Err(error),
        };
        let opened = both().or_else(|error| denied(error, &read));
        opened.or_else(|error| denied(error, &write)).map(Self)
    }

    /// Locks the file until it is closed, unless another has it locked.
    pub(super) fn try_lock(&self) -> io::Result<bool> {
        attempt(|| match self.0.try_lock() {
            Ok(()) => Ok(true),
            Err(fs::TryLockError::WouldBlock) => Ok(false),
            Err(fs::TryLockError::Error(error)) => Err(error),
        })
    }

    /// Does this path lead to this very file, and by no link? Where files can't be told apart (Windows): is there one?
    pub(super) fn is_at(&self, path: &Path) -> io::Result<bool> {
        let found = match attempt(|| fs::symlink_metadata(path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            found => found?,
        };
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let own = attempt(|| self.0.metadata())?;
            Ok((own.dev(), own.ino()) == (found.dev(), found.ino()))
        }
        #[cfg(not(unix))]
        Ok(found.is_file())
    }

    /// Opens a file to go on writing it from `length` on.
    #[cfg(feature = "journal")]
    pub(super) fn open_at(path: &Path, length: u64) -> io::Result<Self> {
        let file = attempt(|| OpenOptions::new().write(true).open(path)).map(Self)?;
        file.go_to(length)?;
        Ok(file)
    }

    /// Makes a file, in the place of what was there.
    #[cfg(feature = "journal")]
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        attempt(|| fs::File::create(path)).map(Self)
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
        attempt(|| options.open(path)).map(Self)
    }

    /// Gives the file the owner and the group of another, as far as this process may.
    pub(super) fn take_owner(&self, other: &Metadata) -> io::Result<()> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt, fchown};
            let own = self.0.metadata()?;
            let (user, group) = (Some(other.uid()), Some(other.gid()));
            for (user, group) in [(user, None), (None, group)] {
                let is_there =
                    user.is_none_or(|user| user == own.uid()) && group.is_none_or(|group| group == own.gid());
                match is_there {
                    true => Ok(()),
                    false => attempt(|| fchown(&self.0, user, group)),
                }
                .or_else(|error| match error.kind() {
                    io::ErrorKind::PermissionDenied => Ok(()),
                    _ => Err(error),
                })?;
            }
        }
        #[cfg(not(unix))]
        let _ = other;
        Ok(())
    }

    pub(super) fn set_permissions(&self, permissions: Permissions) -> io::Result<()> {
        attempt(|| self.0.set_permissions(permissions))
    }

    pub(super) fn length(&self) -> io::Result<u64> {
        attempt(|| self.0.metadata()).map(|known| known.len())
    }

    #[cfg(feature = "journal")]
    pub(super) fn go_to(&self, offset: u64) -> io::Result<()> {
        attempt(|| (&self.0).seek(SeekFrom::Start(offset))).map(|_| ())
    }

    /// Cuts the file, and goes on from there.
    #[cfg(feature = "journal")]
    pub(super) fn cut(&self, length: u64) -> io::Result<()> {
        attempt(|| self.0.set_len(length))?;
        self.go_to(length)
    }

    /// Has what was written put on the disk.
    #[cfg(feature = "journal")]
    pub(super) fn sync_data(&self) -> io::Result<()> {
        #[cfg(test)]
        faults::count_sync();
        attempt(|| self.0.sync_data())
    }

    /// Has what was written put on the disk, and what is known of the file.
    pub(super) fn sync_all(&self) -> io::Result<()> {
        #[cfg(test)]
        faults::count_sync();
        attempt(|| self.0.sync_all())
    }
}

impl Read for &File {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        attempt(|| (&self.0).read(buffer))
    }
}

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        #[cfg(test)]
        let bytes = faults::part_of(bytes);
        attempt(|| self.0.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        attempt(|| self.0.flush())
    }
}

/// Is there a regular file here, and no link to one? `None` if nothing is here.
pub(super) fn is_regular(path: &Path) -> io::Result<Option<bool>> {
    attempt(|| match fs::symlink_metadata(path) {
        Ok(found) => Ok(Some(found.is_file())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    })
}

/// Makes one folder.
pub(super) fn create_folder(path: &Path) -> io::Result<()> {
    attempt(|| fs::create_dir(path))
}

pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    attempt(|| fs::rename(from, to))
}

pub(super) fn remove(path: &Path) -> io::Result<()> {
    attempt(|| fs::remove_file(path))
}
