//! The files of an archive.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::ArchiveError;
use super::name::{self, Kind};
use super::revision::{Revision, RevisionId, Stored};
use crate::env::{Environment, Patch, Snapshot};
use crate::persist::block::{self, BlockReader, BlockWriter};
use crate::persist::bytes::put_bytes;
use crate::persist::file::{self, Incoming, sync_folder};
use crate::persist::{
    Codec, Flaw, LoadError,
    disk::{self, File, Kind as FileKind},
    folder, load,
    lock::Lock,
    record, save,
};
use crate::term::Term;

const MAGIC: [u8; 8] = *b"\x89pleaar\n";
const VERSION: u32 = 1;

/// A file of this name could be made in a folder, if a temporary one of its name can.
const PROBED: &str = "archive";

/// The kinds of blocks.
mod kind {
    /// A patch, as in the log of a journal.
    pub(super) const PATCH: u8 = 17;
    /// The first block of a revision.
    pub(super) const REVISION: u8 = 32;
    /// What a name stands for.
    pub(super) const NAME: u8 = 33;
}

/// The folder of an archive.
pub(super) struct Store {
    /// From the root, since the process may go elsewhere.
    pub(super) folder: PathBuf,
    /// What a writer holds.
    lock: Mutex<Option<Lock>>,
}

/// What a revision holds.
pub(super) enum Content<T: Term> {
    Whole(Environment<T>),
    /// What leads to it from the first parent.
    Patch(Patch<T>),
}

impl Store {
    pub(super) fn open(folder: &Path) -> Result<Self, ArchiveError> {
        let store = Self {
            folder: disk::absolute(folder)?,
            lock: Mutex::new(None),
        };
        let folder = &*store.folder;
        if !Self::is_in(folder)? {
            // Part of an archive may be there: what made it may have been killed.
            folder::create(folder)?;
            Self::must_be_ours(folder, disk::entries(folder)?)?;
            store.create()?;
        }
        Ok(store)
    }

    /// That a folder that holds no whole archive holds nothing else.
    pub(super) fn must_be_ours(folder: &Path, entries: Vec<OsString>) -> Result<(), ArchiveError> {
        let is_ours = |name: &str| {
            // What others make that look whether an archive can be made here, too.
            ["revisions", "names", "lock"].contains(&name) || file::is_temporary(name, PROBED)
        };
        if entries.iter().all(|name| name.to_str().is_some_and(is_ours)) {
            Ok(())
        } else {
            Err(ArchiveError::Stranger(folder.to_owned()))
        }
    }

    /// Checks that files can be made in a folder where an archive is to be, or the folder for one, and removes what those who
    /// checked that before have left.
    pub(super) fn probe_new(folder: &Path) -> io::Result<()> {
        Incoming::beside(&folder.join(PROBED), None).map(drop)
    }

    /// Makes the folders, if they are not there, and sees to it that they stay.
    pub(super) fn create(&self) -> io::Result<()> {
        folder::create(&self.folder)?;
        folder::create(&self.objects())?;
        folder::create(&self.names())
    }

    pub(super) fn is_in(folder: &Path) -> io::Result<bool> {
        for path in [folder, &folder.join("revisions"), &folder.join("names")] {
            if disk::status(path)?.is_none_or(|found| found.kind != FileKind::Folder) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A writer has this lock, until [`unlock`](Self::unlock). If another thread still has one, the file `lock` was removed
    /// under it: that thread must find its own, and this one is refused.
    pub(super) fn locked(&self, lock: Lock) -> Result<(), ArchiveError> {
        let mut held = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        match &*held {
            Some(other) => Err(ArchiveError::LockLost(other.path().to_owned())),
            None => {
                *held = Some(lock);
                Ok(())
            }
        }
    }

    pub(super) fn unlock(&self) {
        let lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(lock);
    }

    /// That no other process can have become the writer. Asked before each file gets its name, or loses it.
    fn must_be_held(&self) -> Result<(), ArchiveError> {
        match &*self.lock.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(lock) if !lock.is_held()? => Err(ArchiveError::LockLost(lock.path().to_owned())),
            _ => Ok(()),
        }
    }

    fn objects(&self) -> PathBuf {
        self.folder.join("revisions")
    }

    fn names(&self) -> PathBuf {
        self.folder.join("names")
    }

    pub(super) fn path(&self, id: RevisionId) -> PathBuf {
        self.objects().join(id.to_string())
    }

    /// Writes a revision whose state is this: as a patch in these bytes, or as a whole. It is on the disk afterwards.
    pub(super) fn put<T: Term>(
        &self,
        revision: &Revision,
        patch: Option<&[u8]>,
        state: &Snapshot<T>,
        codec: &dyn Codec<T>,
    ) -> Result<RevisionId, ArchiveError> {
        let mut incoming = Incoming::beside(&self.objects().join("revision"), None)?;
        let mut out = Hashing::new(&mut incoming.file);
        let mut blocks = BlockWriter::new(&mut out, MAGIC, VERSION)?;
        revision.write(blocks.content());
        blocks.end(kind::REVISION)?;
        match patch {
            Some(patch) => {
                blocks.content().extend_from_slice(patch);
                blocks.end(kind::PATCH)?;
            }
            None => save::save(state, &mut out, codec)?,
        }
        let id = out.id();
        self.must_be_held()?;
        incoming.persist(&self.path(id))?;
        Ok(id)
    }

    /// All of a revision but what it holds. O(1).
    pub(super) fn revision(&self, id: RevisionId) -> Result<Revision, ArchiveError> {
        let path = self.path(id);
        let file = open(&path, id)?;
        let length = file.length()?;
        read_head(BufReader::new(&file), id, length)
            .map(|(revision, ..)| revision)
            .map_err(failed(&path))
    }

    /// A revision and what it holds. Its file is what its name says.
    pub(super) fn get<T: Term>(
        &self,
        id: RevisionId,
        codec: &dyn Codec<T>,
    ) -> Result<(Revision, Content<T>), ArchiveError> {
        let path = self.path(id);
        let file = open(&path, id)?;
        let length = file.length()?;
        let mut input = BufReader::with_capacity(block::FULL, Hashing::new(&file));
        let found = read(&mut input, id, length, codec).map_err(failed(&path))?;
        if input.into_inner().id() != id {
            return Err(ArchiveError::Misnamed(path));
        }
        Ok(found)
    }

    /// What a name stands for.
    pub(super) fn named(&self, kind: Kind, name: &str) -> Result<Option<RevisionId>, ArchiveError> {
        let path = self.names().join(name::to_file(kind, name));
        let Some(file) = File::find(&path)? else {
            return Ok(None);
        };
        let (found, id) = read_name(BufReader::new(&file)).map_err(failed(&path))?;
        if found == name {
            Ok(Some(id))
        } else {
            Err(ArchiveError::Misnamed(path))
        }
    }

    /// Makes a name stand for a revision. It is on the disk afterwards.
    pub(super) fn set_name(&self, kind: Kind, name: &str, id: RevisionId) -> Result<(), ArchiveError> {
        let path = self.names().join(name::to_file(kind, name));
        let old = disk::status(&path)?;
        // One name for all, so that each writer finds what any other has left.
        let mut incoming = Incoming::beside(&self.names().join("name"), old.as_ref())?;
        let mut blocks = BlockWriter::new(&mut incoming.file, MAGIC, VERSION)?;
        put_bytes(blocks.content(), name.as_bytes());
        blocks.content().extend(id.0);
        blocks.end(kind::NAME)?;
        self.must_be_held()?;
        Ok(incoming.persist(&path)?)
    }

    /// Makes what the names stand for now last, whoever wrote it: for who acknowledges that a name stands for what it
    /// already does.
    pub(super) fn sync_names(&self) -> io::Result<()> {
        disk::sync_folder(&self.names())
    }

    /// Checks that files can be made in both folders, and removes what writers have left that are gone.
    pub(super) fn probe(&self) -> io::Result<()> {
        Incoming::beside(&self.objects().join("revision"), None)?;
        Incoming::beside(&self.names().join("name"), None).map(drop)
    }

    pub(super) fn remove_name(&self, kind: Kind, name: &str) -> Result<(), ArchiveError> {
        let path = self.names().join(name::to_file(kind, name));
        self.must_be_held()?;
        disk::remove(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => kind.missing(name),
            _ => error.into(),
        })?;
        Ok(sync_folder(&path)?)
    }

    /// All that there are, and what they stand for, or why nobody knows.
    pub(super) fn all_names(
        &self,
        kind: Kind,
    ) -> Result<BTreeMap<String, Result<RevisionId, ArchiveError>>, ArchiveError> {
        let mut names = BTreeMap::new();
        for (found, name) in self.list()?.names {
            if found == kind
                // Another process may have removed it by now.
                && let Some(id) = self.named(kind, &name).transpose()
            {
                names.insert(name, id);
            }
        }
        Ok(names)
    }

    /// What there is, by the names of files alone.
    pub(super) fn list(&self) -> io::Result<Listing> {
        let mut listing = Listing::default();
        let (objects, names) = (self.objects(), self.names());
        for entry in disk::entries(&objects)? {
            match entry.to_str().map(str::parse) {
                Some(Ok(id)) => listing.revisions.push(id),
                _ => listing.others.push(objects.join(entry)),
            }
        }
        for entry in disk::entries(&names)? {
            match entry.to_str().and_then(name::of_file) {
                Some(name) => listing.names.push(name),
                None => listing.others.push(names.join(entry)),
            }
        }
        Ok(listing)
    }

    /// Removes revisions. Returns how many.
    pub(super) fn remove(&self, files: &[PathBuf]) -> Result<usize, ArchiveError> {
        for file in files {
            self.must_be_held()?;
            disk::remove(file)?;
        }
        disk::sync_folder(&self.objects())?;
        Ok(files.len())
    }

    /// Removes temporary files, but for those whose writers are alive. Returns how many.
    pub(super) fn remove_left(&self, files: &[PathBuf]) -> Result<usize, ArchiveError> {
        let mut removed = Vec::new();
        for path in files {
            self.must_be_held()?;
            if file::remove_left(path)? {
                removed.push(path);
            }
        }
        Ok(removed.len())
    }
}

/// The files of an archive.
#[derive(Default)]
pub(super) struct Listing {
    pub(super) revisions: Vec<RevisionId>,
    pub(super) names: Vec<(Kind, String)>,
    /// Those that are neither.
    pub(super) others: Vec<PathBuf>,
}

/// Could this be what a crash left? Nobody else makes files of such names here.
pub(super) fn is_remnant(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with('.') && name.ends_with(".tmp")
}

fn failed(path: &Path) -> impl FnOnce(LoadError) -> ArchiveError + '_ {
    |error| match error {
        LoadError::Io(error) => error.into(),
        error => ArchiveError::Load {
            path: path.to_owned(),
            error,
        },
    }
}

fn open(path: &Path, id: RevisionId) -> Result<File, ArchiveError> {
    File::find(path)?.ok_or(ArchiveError::Missing(id))
}

/// Reads the first block, and returns where the next begins and what its number is.
fn read_head(input: impl Read, id: RevisionId, length: u64) -> Result<(Revision, u64, u64), LoadError> {
    let mut blocks = BlockReader::new(input, MAGIC, VERSION)?;
    let (found, mut content) = blocks.next()?;
    if found != kind::REVISION {
        return Err(LoadError::at(12, Flaw::Block(found)));
    }
    let revision = Revision::read(id, &mut content, length)?;
    Ok((revision, blocks.offset(), blocks.blocks()))
}

fn read<T: Term>(
    mut input: impl Read,
    id: RevisionId,
    length: u64,
    codec: &dyn Codec<T>,
) -> Result<(Revision, Content<T>), LoadError> {
    let (revision, offset, number) = read_head(&mut input, id, length)?;
    let content = match revision.head.stored {
        Stored::Whole(_) => {
            let whole = load::load(input, codec).map_err(|error| match error {
                LoadError::Corrupt { offset: at, flaw } => LoadError::at(offset.saturating_add(at), flaw),
                error => error,
            })?;
            if whole.len() != revision.atoms {
                return Err(LoadError::at(12, Flaw::Count));
            }
            Content::Whole(whole)
        }
        Stored::Patch { .. } => {
            let mut blocks = BlockReader::resume(input, number, offset);
            let (found, mut content) = blocks.next()?;
            if found != kind::PATCH {
                return Err(LoadError::at(offset, Flaw::Block(found)));
            }
            let patch = record::read(&mut content, codec)?;
            blocks.end()?;
            Content::Patch(patch)
        }
    };
    Ok((revision, content))
}

fn read_name(input: impl Read) -> Result<(String, RevisionId), LoadError> {
    let mut blocks = BlockReader::new(input, MAGIC, VERSION)?;
    let (found, mut content) = blocks.next()?;
    if found != kind::NAME {
        return Err(LoadError::at(12, Flaw::Block(found)));
    }
    let name = content.text()?.to_owned();
    let id = RevisionId(content.array()?);
    content.end()?;
    blocks.end()?;
    Ok((name, id))
}

/// What goes through it is hashed.
struct Hashing<F> {
    inner: F,
    hash: Sha256,
}

impl<F> Hashing<F> {
    fn new(inner: F) -> Self {
        Self {
            inner,
            hash: Sha256::new(),
        }
    }

    fn id(self) -> RevisionId {
        RevisionId(self.hash.finalize().into())
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or(bytes));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(bytes)?;
        self.hash.update(bytes.get(..read).unwrap_or_default());
        Ok(read)
    }
}
