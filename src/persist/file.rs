//! Files that are replaced whole.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use super::disk::{self, File};

/// Puts what `write` writes in the place of the file, which holds, whatever happens, the old or the new.
///
/// It is written to a file beside it, synced and renamed, and the folder is synced. A link is followed.
pub(super) fn replace<E: From<io::Error>>(
    path: &Path,
    write: impl FnOnce(&mut File) -> Result<(), E>,
) -> Result<(), E> {
    // What is not there yet can't be resolved, and need not be.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let (mut file, temporary) = create_beside(&path)?;
    let written = write(&mut file).and_then(|()| {
        if let Ok(old) = fs::metadata(&path) {
            disk::set_permissions(&temporary, old.permissions())?;
        }
        file.sync_all()?;
        drop(file);
        disk::rename(&temporary, &path)?;
        Ok(())
    });
    if written.is_err() {
        // The first error is the one to tell of.
        let _ = disk::remove(&temporary);
    }
    written?;
    Ok(sync_folder(&path)?)
}

/// A new file in the folder of `path`, under a name that no other process makes.
fn create_beside(path: &Path) -> io::Result<(File, PathBuf)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"))?;
    loop {
        // Relaxed: the number only has to be unique.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut temporary = OsString::from(".");
        temporary.push(name);
        temporary.push(format!(".{}-{number}.tmp", process::id()));
        let temporary = path.with_file_name(temporary);
        match File::create_new(&temporary) {
            Ok(file) => return Ok((file, temporary)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// Makes a rename, a new file or a removal in the folder of `path` last. Where folders can't be opened (Windows), the
/// system sees to it.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}
