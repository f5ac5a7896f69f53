//! Folders for targets that work on files.

use std::fs;
use std::path::{Path, PathBuf};

/// One folder for each thread, in memory if possible.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() {
            memory.to_owned()
        } else {
            std::env::temp_dir()
        };
        let thread = format!("{:?}", std::thread::current().id());
        let thread = thread.replace(|c: char| !c.is_ascii_digit(), "");
        let folder = place.join(format!("pleach-fuzz-{}-{thread}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).expect("a folder can be made");
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

thread_local! {
    static FOLDER: Folder = Folder::new();
}

/// Calls `test` with the folder of this thread, which holds the files of the last call.
pub(crate) fn with(test: impl FnOnce(&Path)) {
    FOLDER.with(|folder| test(&folder.0));
}
