//! Durable creation of folders.

use std::io::{self, ErrorKind};
use std::path::Path;

use super::disk::{self, FileKind, sync_parent};

/// Creates a folder and its missing ancestors, so that they survive a crash of the machine: each is synced in its
/// parent.
pub(super) fn create(path: &Path) -> io::Result<()> {
    match disk::create_folder(path) {
        Ok(()) => sync_parent(path),
        Err(error) if error.kind() == ErrorKind::NotFound => match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => {
                create(parent)?;
                create(path)
            }
            _ => Err(error),
        },
        // It exists; its creator may have been stopped before the sync.
        Err(error) => match disk::status(path)?.map(|found| found.kind) {
            Some(FileKind::Folder) => match sync_parent(path) {
                // A process that may not read the parent didn't create this folder.
                Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
                done => done,
            },
            _ => Err(error),
        },
    }
}
