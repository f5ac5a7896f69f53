//! Files that are replaced whole.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::disk::{self, File, Kind, Status};

/// As many links may follow each other, as for most systems.
const LINKS: usize = 40;

/// Puts what `write` writes in the place of the file, which holds, whatever happens, the old or the new.
///
/// It is written to a file beside it, synced and renamed, and the folder is synced. A link is followed, if it leads nowhere
/// yet too. What is there and is no regular file is refused. The new file has the rights of the old one, from the moment on
/// that it is made, and its owner and group, as far as this process may give them.
pub(super) fn replace<E: From<io::Error>>(
    path: &Path,
    write: impl FnOnce(&mut File) -> Result<(), E>,
) -> Result<(), E> {
    let (path, old) = to_be_replaced(path)?;
    let mut incoming = Incoming::beside(&path, old.as_ref())?;
    write(&mut incoming.file)?;
    Ok(incoming.persist(&path)?)
}

/// The path that is written, and what is there, if anything is.
fn to_be_replaced(path: &Path) -> io::Result<(PathBuf, Option<Status>)> {
    let path = followed(path)?;
    let old = disk::status(&path)?;
    match old.as_ref().map(|old| old.kind) {
        Some(Kind::Regular) | None => Ok((path, old)),
        Some(Kind::Folder) if path.file_name().is_some() => Err(io::Error::from(io::ErrorKind::IsADirectory)),
        Some(_) => Err(io::Error::new(io::ErrorKind::InvalidInput, "this is no regular file")),
    }
}

/// What a path leads to, by links, whether it is there or not; absolute, since the process may go elsewhere while it writes.
fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut path = disk::absolute(path)?;
    for _ in 0..LINKS {
        let Some(target) = disk::link_target(&path)? else {
            return Ok(path);
        };
        // A target is as seen from the folder of the link.
        path.pop();
        path.push(target);
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        "links lead to links without end",
    ))
}

/// The temporary files that this process is writing.
///
/// Held while one is made, gets its own name or is removed: so whoever holds it can remove those that are listed, and
/// nothing else.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    // Nothing that can panic is done while it is held.
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the process, and removes the temporary files that it was writing. See [`exit`](super::exit).
pub(super) fn exit(code: i32) -> ! {
    // Not let go of: no file gets its name, and none is made, from now on.
    let unfinished = unfinished();
    for path in &*unfinished {
        let _ = disk::remove(path);
    }
    process::exit(code)
}

/// A file that is being written, locked and under a name of its own. It is removed, unless it gets its own name.
///
/// Its name is `.NAME.pleach-K.tmp`, with the least number K that no living writer has. What holds the lock of such a file
/// is alive, so one whose lock can be had was left by a writer that is gone; and only who holds the lock, of the very
/// file that the name leads to, renames or removes it.
pub(super) struct Incoming {
    pub(super) file: File,
    path: PathBuf,
    is_persistent: bool,
}

/// As many numbers are looked at for what writers have left that are gone.
const LOOKED_AT: u32 = 8;

impl Incoming {
    /// In the folder of `path`, to take the place of the `old` file there. What a writer to the same path has left that is
    /// gone is removed.
    pub(super) fn beside(path: &Path, old: Option<&Status>) -> io::Result<Self> {
        if path.file_name().is_none() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"));
        }
        let mut number = 0;
        let mut unfinished = unfinished();
        let incoming = loop {
            let path = temporary(path, number);
            // What it will hold may be secret: nobody else may read it before it has the rights of the old file.
            match File::create_new(&path, old.is_some()) {
                Ok(file) => {
                    let incoming = Self {
                        file,
                        path,
                        is_persistent: false,
                    };
                    match incoming.take() {
                        Ok(true) => {
                            unfinished.push(incoming.path.clone());
                            break incoming;
                        }
                        // Whoever took it for one that was left removes it.
                        Ok(false) => {
                            incoming.forget();
                            number += 1;
                        }
                        Err(error) => {
                            let _ = disk::remove(&incoming.path);
                            incoming.forget();
                            return Err(error);
                        }
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    if !remove_left(&path)? {
                        number += 1;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::InvalidFilename => {
                    return Err(io::Error::new(error.kind(), NameTooLong));
                }
                Err(error) => return Err(error),
            }
        };
        drop(unfinished);
        for number in number + 1..LOOKED_AT {
            remove_left(&temporary(path, number))?;
        }
        if let Some(old) = old {
            incoming.file.take_owner(old)?;
            incoming.file.take_permissions(old)?;
        }
        Ok(incoming)
    }

    /// Locks it. `false` if another has taken it for one that was left.
    fn take(&self) -> io::Result<bool> {
        match self.file.try_lock() {
            Ok(is_locked) => Ok(is_locked && self.file.is_at(&self.path)?),
            // Where there are no locks nobody can have one, and so nobody takes it for one that was left.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Leaves the file to another.
    fn forget(mut self) {
        self.is_persistent = true;
    }

    /// Gives it this name, in the same folder, and makes that last.
    pub(super) fn persist(mut self, path: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        let mut unfinished = unfinished();
        disk::rename(&self.path, path)?;
        self.is_persistent = true;
        unfinished.retain(|other| *other != self.path);
        drop(unfinished);
        sync_folder(path)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.is_persistent {
            let mut unfinished = unfinished();
            // The first error is the one to tell of, or the panic.
            let _ = disk::remove(&self.path);
            unfinished.retain(|other| *other != self.path);
        }
    }
}

/// Why a file of a name that is allowed can't be written.
#[derive(Debug, thiserror::Error)]
#[error("the name is too long: the file that is written first has a name longer by {} bytes", ADDED.len())]
struct NameTooLong;

/// What the name of a temporary file has more than that of its file.
const ADDED: &str = "..pleach-0.tmp";

/// Is this the name of a temporary file of one of this name?
pub(super) fn is_temporary(name: &str, of: &str) -> bool {
    let number = || {
        name.strip_prefix('.')?
            .strip_prefix(of)?
            .strip_prefix(".pleach-")?
            .strip_suffix(".tmp")
    };
    number().is_some_and(|number| number.parse::<u32>().is_ok())
}

fn temporary(path: &Path, number: u32) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".pleach-{number}.tmp"));
    path.with_file_name(name)
}

/// Removes a temporary file whose writer is gone. Returns whether nothing is there any more: not if it is being written, or
/// is no file of ours, or nobody can tell.
pub(super) fn remove_left(path: &Path) -> io::Result<bool> {
    let unless_denied = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Ok(true),
        io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported => Ok(false),
        _ => Err(error),
    };
    match disk::is_regular(path)? {
        // A link is not followed: it may lead nowhere, and then would be there and not there.
        Some(false) => return Ok(false),
        Some(true) => {}
        None => return Ok(true),
    }
    let remove = || -> io::Result<bool> {
        let file = File::open_any(path)?;
        Ok(file.try_lock()? && file.is_at(path)? && disk::remove(path).map(|()| true)?)
    };
    remove().or_else(unless_denied)
}

/// Makes, and removes, the file that would be written first to replace the one at this path. What refuses that would refuse
/// a save.
pub(super) fn probe(path: &Path) -> io::Result<()> {
    let (path, old) = to_be_replaced(path)?;
    Incoming::beside(&path, old.as_ref()).map(drop)
}

/// Makes a rename, a new file or a removal in the folder of `path` last.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    disk::sync_folder(folder.unwrap_or(Path::new(".")))
}
