//! The files of an archive.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::error::ArchiveError;
use super::ref_name::{self, RefKind};
use super::revision::{Revision, RevisionId, Stored};
use crate::env::{Environment, Patch, Snapshot};
use crate::persist::block::{self, BlockReader, BlockWriter, FILE_HEADER, write_bytes};
use crate::persist::codec::Codec;
use crate::persist::disk::{self, File, FileKind, sync_parent};
use crate::persist::error::{Flaw, LoadError};
use crate::persist::lock::FolderLock;
use crate::persist::replace::{self, TemporaryFile};
use crate::persist::{folder, load, patch, save};
use crate::term::Term;

pub(super) const MAGIC: [u8; 8] = *b"\x89pleaar\n";
pub(super) const VERSION: u32 = 2;

/// Name of the file whose temporary file is created to check that a folder is writable.
const PROBE: &str = "archive";

/// Kinds of blocks.
pub(super) mod kind {
    /// The patch of a revision; the kind is that of a patch in a journal.
    pub(in super::super) const PATCH: u8 = 17;
    /// Header of a revision.
    pub(in super::super) const REVISION: u8 = 32;
    /// Target of a name.
    pub(in super::super) const NAME: u8 = 33;
    /// Target of a name of a remote.
    #[cfg(feature = "remote")]
    pub(in super::super) const REMOTE_NAME: u8 = 34;
}

/// The folder of an archive.
pub(super) struct Store {
    /// Absolute, since the process may change its working directory.
    pub(super) folder: PathBuf,
    /// The lock of the thread that writes.
    lock: Mutex<Option<FolderLock>>,
}

/// The content of a revision.
pub(super) enum Content<T: Term> {
    Whole(Environment<T>),
    /// The change from the first parent.
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
            // The folder may hold part of an archive whose creator was killed.
            folder::create(folder)?;
            Self::check_entries(folder, disk::entries(folder)?)?;
            store.create()?;
        }
        Ok(store)
    }

    /// # Errors
    /// If an entry of a folder isn't part of an incomplete archive.
    pub(super) fn check_entries(folder: &Path, entries: Vec<OsString>) -> Result<(), ArchiveError> {
        let is_ours = |name: &str| {
            // Or a file of a probe in another process.
            ["revisions", "names", "lock"].contains(&name) || replace::is_temporary(name, PROBE)
        };
        if entries.iter().all(|name| name.to_str().is_some_and(is_ours)) {
            Ok(())
        } else {
            Err(ArchiveError::NotAnArchive(folder.to_owned()))
        }
    }

    /// Checks that files can be created in the folder of a new archive, or in its parent, and removes stale files of
    /// earlier checks.
    pub(super) fn probe_new(folder: &Path) -> io::Result<()> {
        TemporaryFile::create(&folder.join(PROBE), None).map(drop)
    }

    /// Creates missing folders durably.
    pub(super) fn create(&self) -> io::Result<()> {
        folder::create(&self.folder)?;
        folder::create(&self.revisions())?;
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

    /// Stores the lock of a writer until [`unlock`](Self::unlock). If another thread still has one, its file `lock` was
    /// removed, and this thread is refused so that the other can notice.
    pub(super) fn set_lock(&self, lock: FolderLock) -> Result<(), ArchiveError> {
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

    /// Checks that no other process writes; called before each rename and removal.
    fn check_lock(&self) -> Result<(), ArchiveError> {
        match &*self.lock.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(lock) if !lock.is_held()? => Err(ArchiveError::LockLost(lock.path().to_owned())),
            _ => Ok(()),
        }
    }

    fn revisions(&self) -> PathBuf {
        self.folder.join("revisions")
    }

    fn names(&self) -> PathBuf {
        self.folder.join("names")
    }

    pub(super) fn path(&self, id: RevisionId) -> PathBuf {
        self.revisions().join(id.to_string())
    }

    /// Writes a revision durably: as an encoded patch, or as a whole state.
    pub(super) fn put<T: Term>(
        &self,
        revision: &Revision,
        patch: Option<&[u8]>,
        state: &Snapshot<T>,
        codec: &dyn Codec<T>,
    ) -> Result<RevisionId, ArchiveError> {
        let mut temporary = TemporaryFile::create(&self.revisions().join("revision"), None)?;
        let mut out = Hashing::new(temporary.file_mut());
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
        self.check_lock()?;
        temporary.persist(&self.path(id))?;
        Ok(id)
    }

    /// Reads the header of a revision. O(1).
    pub(super) fn revision(&self, id: RevisionId) -> Result<Revision, ArchiveError> {
        let path = self.path(id);
        let file = open(&path, id)?;
        let length = file.length()?;
        read_header(BufReader::new(&file), id, length)
            .map(|(revision, ..)| revision)
            .map_err(ArchiveError::load(&path))
    }

    /// Whether there is a file of this revision.
    #[cfg(feature = "remote")]
    pub(super) fn has_revision(&self, id: RevisionId) -> io::Result<bool> {
        Ok(disk::status(&self.path(id))?.is_some())
    }

    /// Reads the whole file of a revision, and verifies its id.
    #[cfg(feature = "remote")]
    pub(super) fn file(&self, id: RevisionId) -> Result<Vec<u8>, ArchiveError> {
        let path = self.path(id);
        let file = open(&path, id)?;
        let mut input = Hashing::new(&file);
        let mut bytes = Vec::new();
        input.read_to_end(&mut bytes)?;
        match input.id() == id {
            true => Ok(bytes),
            false => Err(ArchiveError::Misnamed(path)),
        }
    }

    /// Writes the file of a revision, whose id was verified, durably.
    #[cfg(feature = "remote")]
    pub(super) fn put_file(&self, id: RevisionId, bytes: &[u8]) -> Result<(), ArchiveError> {
        let mut temporary = TemporaryFile::create(&self.revisions().join("revision"), None)?;
        temporary.file_mut().write_all(bytes)?;
        self.check_lock()?;
        Ok(temporary.persist(&self.path(id))?)
    }

    /// Reads a revision and its content, and verifies its id.
    pub(super) fn get<T: Term>(
        &self,
        id: RevisionId,
        codec: &dyn Codec<T>,
    ) -> Result<(Revision, Content<T>), ArchiveError> {
        let path = self.path(id);
        let file = open(&path, id)?;
        let length = file.length()?;
        // Most revisions are patches, much shorter than a full block.
        let capacity = usize::try_from(length).map_or(block::FULL, |length| length.min(block::FULL));
        let mut input = BufReader::with_capacity(capacity, Hashing::new(&file));
        let found = read(&mut input, id, length, codec).map_err(ArchiveError::load(&path))?;
        if input.into_inner().id() != id {
            return Err(ArchiveError::Misnamed(path));
        }
        Ok(found)
    }

    /// Returns the revision that a name refers to.
    pub(super) fn target(&self, kind: RefKind, name: &str) -> Result<Option<RevisionId>, ArchiveError> {
        let path = self.names().join(ref_name::to_file_name(kind, name));
        let Some(file) = File::find(&path)? else {
            return Ok(None);
        };
        let (found, id) = read_name(BufReader::new(&file)).map_err(ArchiveError::load(&path))?;
        if found == name {
            Ok(Some(id))
        } else {
            Err(ArchiveError::Misnamed(path))
        }
    }

    /// Makes a name refer to a revision, durably.
    pub(super) fn set_name(&self, kind: RefKind, name: &str, id: RevisionId) -> Result<(), ArchiveError> {
        let path = self.names().join(ref_name::to_file_name(kind, name));
        let old = disk::status(&path)?;
        // All names share one temporary file, so that each writer removes a stale one.
        let mut temporary = TemporaryFile::create(&self.names().join("name"), old.as_ref())?;
        let mut blocks = BlockWriter::new(temporary.file_mut(), MAGIC, VERSION)?;
        write_bytes(blocks.content(), name.as_bytes());
        blocks.content().extend(id.0);
        blocks.end(kind::NAME)?;
        self.check_lock()?;
        Ok(temporary.persist(&path)?)
    }

    /// Makes the present targets of all names durable: for a caller that acknowledges a target it didn't write.
    pub(super) fn sync_names(&self) -> io::Result<()> {
        disk::sync_folder(&self.names())
    }

    /// Checks that files can be created in both folders, and removes stale temporary files.
    pub(super) fn probe(&self) -> io::Result<()> {
        TemporaryFile::create(&self.revisions().join("revision"), None)?;
        TemporaryFile::create(&self.names().join("name"), None).map(drop)
    }

    pub(super) fn remove_name(&self, kind: RefKind, name: &str) -> Result<(), ArchiveError> {
        let path = self.names().join(ref_name::to_file_name(kind, name));
        self.check_lock()?;
        disk::remove(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => kind.missing(name),
            _ => error.into(),
        })?;
        Ok(sync_parent(&path)?)
    }

    /// Returns all names of one kind with their targets, or the errors of reading them.
    pub(super) fn all_names(
        &self,
        kind: RefKind,
    ) -> Result<BTreeMap<String, Result<RevisionId, ArchiveError>>, ArchiveError> {
        let mut names = BTreeMap::new();
        for (found, name) in self.list()?.names {
            if found == kind
                // Another process may have removed it since.
                && let Some(id) = self.target(kind, &name).transpose()
            {
                names.insert(name, id);
            }
        }
        Ok(names)
    }

    /// Lists the files, by their names alone.
    pub(super) fn list(&self) -> io::Result<Listing> {
        let mut listing = Listing::default();
        let (revisions, names) = (self.revisions(), self.names());
        for entry in disk::entries(&revisions)? {
            match entry.to_str().map(str::parse) {
                Some(Ok(id)) => listing.revisions.push(id),
                _ => listing.others.push(revisions.join(entry)),
            }
        }
        for entry in disk::entries(&names)? {
            match entry.to_str().and_then(ref_name::from_file_name) {
                Some(name) => listing.names.push(name),
                None => listing.others.push(names.join(entry)),
            }
        }
        Ok(listing)
    }

    /// Removes revisions. Returns their number.
    pub(super) fn remove(&self, files: &[PathBuf]) -> Result<usize, ArchiveError> {
        for file in files {
            self.check_lock()?;
            disk::remove(file)?;
        }
        disk::sync_folder(&self.revisions())?;
        Ok(files.len())
    }

    /// Removes temporary files that aren't being written. Returns their number.
    pub(super) fn remove_stale(&self, files: &[PathBuf]) -> Result<usize, ArchiveError> {
        let mut removed = Vec::new();
        for path in files {
            self.check_lock()?;
            if replace::remove_stale(path)? {
                removed.push(path);
            }
        }
        Ok(removed.len())
    }
}

/// Files of an archive.
#[derive(Default)]
pub(super) struct Listing {
    pub(super) revisions: Vec<RevisionId>,
    pub(super) names: Vec<(RefKind, String)>,
    /// Files that are neither.
    pub(super) others: Vec<PathBuf>,
}

/// Whether the file has the name of a temporary file, which a crash may have left.
pub(super) fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with('.') && name.ends_with(".tmp")
}

fn open(path: &Path, id: RevisionId) -> Result<File, ArchiveError> {
    File::find(path)?.ok_or(ArchiveError::Missing(id))
}

/// Reads the header of a revision from its file.
#[cfg(feature = "remote")]
pub(super) fn revision_of(id: RevisionId, file: &[u8]) -> Result<Revision, LoadError> {
    read_header(file, id, file.len() as u64).map(|(revision, ..)| revision)
}

/// Reads the header. Returns it with the offset and the number of the next block.
fn read_header(input: impl Read, id: RevisionId, length: u64) -> Result<(Revision, u64, u64), LoadError> {
    let mut blocks = BlockReader::new(input, MAGIC, VERSION)?;
    let (found, mut content) = blocks.next()?;
    if found != kind::REVISION {
        return Err(LoadError::at(FILE_HEADER, Flaw::Block(found)));
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
    let (revision, offset, number) = read_header(&mut input, id, length)?;
    let content = match revision.header.stored {
        Stored::Whole(_) => {
            let whole = load::load(input, codec).map_err(|error| error.shifted(offset))?;
            if whole.len() != revision.atoms {
                return Err(LoadError::at(FILE_HEADER, Flaw::Count));
            }
            Content::Whole(whole)
        }
        Stored::Patch { .. } => {
            let mut blocks = BlockReader::resume(input, number, offset);
            let (found, mut content) = blocks.next()?;
            if found != kind::PATCH {
                return Err(LoadError::at(offset, Flaw::Block(found)));
            }
            let patch = patch::read(&mut content, codec)?;
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
        return Err(LoadError::at(FILE_HEADER, Flaw::Block(found)));
    }
    let name = content.text()?.to_owned();
    let id = RevisionId(content.array()?);
    content.end()?;
    blocks.end()?;
    Ok((name, id))
}

/// A reader or writer that hashes the bytes that pass.
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
