//! Trace of this thread's file operations, from which `power_loss` derives the states that a crash may leave.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::Seek;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Number of a file, independent of its names.
pub(in crate::persist) type Id = usize;

/// One successful operation inside the recorded folder. Reads are left out.
#[derive(Clone, Debug)]
pub(in crate::persist) enum Op {
    Write {
        file: Id,
        at: u64,
        bytes: Vec<u8>,
    },
    SetLength {
        file: Id,
        length: u64,
    },
    SyncFile {
        file: Id,
        path: PathBuf,
    },
    Create {
        path: PathBuf,
        file: Id,
    },
    CreateFolder {
        path: PathBuf,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
        file: Id,
    },
    Remove {
        path: PathBuf,
        file: Id,
    },
    SyncFolder {
        path: PathBuf,
    },
    /// The test begins the commit of this number.
    Begin(u64),
    /// The commit of this number was acknowledged.
    Acknowledge(u64),
}

#[derive(Default)]
struct Recorder {
    root: PathBuf,
    ops: Vec<Op>,
    files: Id,
    names: BTreeMap<PathBuf, Id>,
    /// Files by inode. The system reuses an inode only when nobody has its file open.
    ids: HashMap<u64, Id>,
    folders: HashMap<u64, PathBuf>,
}

impl Recorder {
    /// Adds the content of a folder.
    fn add(&mut self, folder: &Path) {
        self.folders
            .insert(fs::metadata(folder).unwrap().ino(), folder.to_owned());
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::metadata(&path).unwrap();
            if metadata.is_dir() {
                self.ops.push(Op::CreateFolder { path: path.clone() });
                self.add(&path);
                continue;
            }
            let file = self.create(&path, metadata.ino());
            let bytes = fs::read(&path).unwrap();
            self.ops.push(Op::Write { file, at: 0, bytes });
            self.ops.push(Op::SyncFile { file, path });
        }
        self.ops.push(Op::SyncFolder {
            path: folder.to_owned(),
        });
    }

    /// Adds a new file.
    fn create(&mut self, path: &Path, inode: u64) -> Id {
        let file = self.files;
        self.files += 1;
        self.names.insert(path.to_owned(), file);
        self.ids.insert(inode, file);
        let path = path.to_owned();
        self.ops.push(Op::Create { path, file });
        file
    }
}

thread_local! {
    static RECORDER: RefCell<Option<Recorder>> = const { RefCell::new(None) };
}

/// Starts to record this thread's operations in an existing folder. Returns the number of operations that stand for its
/// present content, all of it durable.
pub(in crate::persist) fn start(root: &Path) -> usize {
    let mut recorder = Recorder {
        root: root.to_owned(),
        ..Recorder::default()
    };
    recorder.add(root);
    let known = recorder.ops.len();
    RECORDER.set(Some(recorder));
    known
}

/// Stops and returns the trace.
pub(in crate::persist) fn stop() -> Vec<Op> {
    RECORDER.take().map(|recorder| recorder.ops).unwrap_or_default()
}

/// Adds an operation of the test itself.
pub(in crate::persist) fn note(op: Op) {
    with(|recorder| recorder.ops.push(op));
}

fn with(record: impl FnOnce(&mut Recorder)) {
    RECORDER.with_borrow_mut(|recorder| {
        if let Some(recorder) = recorder {
            record(recorder);
        }
    });
}

/// A file was opened for writing, and created if it was missing.
pub(super) fn opened(path: &Path, file: &fs::File, is_truncated: bool) {
    with(|recorder| {
        if !path.starts_with(&recorder.root) {
            return;
        }
        let inode = file.metadata().unwrap().ino();
        match recorder.names.get(path) {
            Some(id) if recorder.ids.get(&inode) == Some(id) => {
                if is_truncated {
                    recorder.ops.push(Op::SetLength { file: *id, length: 0 });
                }
            }
            _ => {
                recorder.create(path, inode);
            }
        }
    });
}

fn with_file(file: &fs::File, record: impl FnOnce(&mut Recorder, Id)) {
    with(|recorder| {
        let inode = file.metadata().unwrap().ino();
        if let Some(id) = recorder.ids.get(&inode).copied() {
            record(recorder, id);
        }
    });
}

pub(super) fn wrote(mut file: &fs::File, bytes: &[u8], written: usize) {
    with_file(file, |recorder, id| {
        let at = file.stream_position().unwrap() - written as u64;
        let bytes = bytes[..written].to_vec();
        recorder.ops.push(Op::Write { file: id, at, bytes });
    });
}

pub(super) fn truncated(file: &fs::File, length: u64) {
    with_file(file, |recorder, id| {
        recorder.ops.push(Op::SetLength { file: id, length });
    });
}

/// A file or a folder was synced.
pub(super) fn synced(file: &fs::File) {
    with(|recorder| {
        let metadata = file.metadata().unwrap();
        if metadata.is_dir() {
            if let Some(path) = recorder.folders.get(&metadata.ino()) {
                let path = path.clone();
                recorder.ops.push(Op::SyncFolder { path });
            }
        } else if let Some(id) = recorder.ids.get(&metadata.ino()).copied() {
            let mut names = recorder.names.iter();
            let path = names.find(|(_, named)| **named == id).map(|(path, _)| path.clone());
            let path = path.unwrap_or_default();
            recorder.ops.push(Op::SyncFile { file: id, path });
        }
    });
}

pub(super) fn created_folder(path: &Path) {
    with(|recorder| {
        if path.starts_with(&recorder.root) {
            let inode = fs::metadata(path).unwrap().ino();
            recorder.folders.insert(inode, path.to_owned());
            recorder.ops.push(Op::CreateFolder { path: path.to_owned() });
        }
    });
}

pub(super) fn renamed(from: &Path, to: &Path) {
    with(|recorder| {
        if let Some(id) = recorder.names.remove(from) {
            recorder.names.insert(to.to_owned(), id);
            let (from, to) = (from.to_owned(), to.to_owned());
            recorder.ops.push(Op::Rename { from, to, file: id });
        }
    });
}

pub(super) fn removed(path: &Path) {
    with(|recorder| {
        if let Some(id) = recorder.names.remove(path) {
            let path = path.to_owned();
            recorder.ops.push(Op::Remove { path, file: id });
        }
    });
}
