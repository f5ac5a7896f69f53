//! Files that are replaced whole.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

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
    let path = followed(path)?;
    let old = disk::status(&path)?;
    match old.as_ref().map(|old| old.kind) {
        Some(Kind::Regular) | None => {}
        Some(Kind::Folder) if path.file_name().is_some() => {
            return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
        }
        Some(_) => return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is no regular file").into()),
    }
    let mut incoming = Incoming::beside(&path, old.as_ref())?;
    write(&mut incoming.file)?;
    Ok(incoming.persist(&path)?)
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

/// A file that is being written, under a name that no other process gives. It is removed, unless it gets its own name.
pub(super) struct Incoming {
    pub(super) file: File,
    path: PathBuf,
    is_persistent: bool,
}

impl Incoming {
    /// In the folder of `path`, to take the place of the `old` file there.
    pub(super) fn beside(path: &Path, old: Option<&Status>) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = path
            .file_name()
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"))?;
        let incoming = loop {
            // Relaxed: the number only has to be unique.
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let mut temporary = OsString::from(".");
            temporary.push(name);
            temporary.push(format!(".{}-{number}.tmp", process::id()));
            let path = path.with_file_name(temporary);
            // What it will hold may be secret: nobody else may read it before it has the rights of the old file.
            match File::create_new(&path, old.is_some()) {
                Ok(file) => {
                    break Self {
                        file,
                        path,
                        is_persistent: false,
                    };
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        };
        if let Some(old) = old {
            incoming.file.take_owner(old)?;
            incoming.file.take_permissions(old)?;
        }
        Ok(incoming)
    }

    /// Gives it this name, in the same folder, and makes that last.
    pub(super) fn persist(mut self, path: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        disk::rename(&self.path, path)?;
        self.is_persistent = true;
        sync_folder(path)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.is_persistent {
            // The first error is the one to tell of, or the panic.
            let _ = disk::remove(&self.path);
        }
    }
}

/// Makes a rename, a new file or a removal in the folder of `path` last.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    disk::sync_folder(folder.unwrap_or(Path::new(".")))
}
