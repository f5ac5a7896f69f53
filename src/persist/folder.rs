//! Folders that outlive the machine.

use std::io::{self, ErrorKind};
use std::path::Path;

use super::disk::{self, Kind};
use super::file::sync_folder;

/// Sees to it that there is a folder here, and that it is still there after a crash of the machine: the folders above are
/// made too, if there are none, and each that is made is synced in the one above it.
pub(super) fn create(path: &Path) -> io::Result<()> {
    match disk::create_folder(path) {
        Ok(()) => sync_folder(path),
        Err(error) if error.kind() == ErrorKind::NotFound => match path.parent() {
            Some(above) if !above.as_os_str().is_empty() => {
                create(above)?;
                create(path)
            }
            _ => Err(error),
        },
        // Whoever made it may have been stopped before it was synced.
        Err(error) => match disk::status(path)?.map(|found| found.kind) {
            Some(Kind::Folder) => match sync_folder(path) {
                // Who may not read the folder above didn't make this one.
                Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
                done => done,
            },
            _ => Err(error),
        },
    }
}
