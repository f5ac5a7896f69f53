//! A folder as an object store.
//!
//! The object with the key `a/b` is the file `objects/a/b=`: a key can be the beginning of another, and no part has a
//! `=`. A file begins with a header, which has a nonce as version. Writers hold the lock of the folder while they
//! compare the version and rename a new file to its place, so readers see whole files without a lock.

use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::key;
use super::object_store::{Listed, Listing, Object, ObjectStore, ObjectStoreError, ObjectVersion, Put};
use crate::persist::disk::{self, File, FileKind};
use crate::persist::folder;
use crate::persist::lock::FolderLock;
use crate::persist::nonce::nonce;
use crate::persist::replace::TemporaryFile;

/// First bytes of a file that holds an object.
const MAGIC: [u8; 16] = *b"pleach object 1\n";

/// Length of the magic bytes and the nonce.
const HEADER: usize = 32;

/// Suffix that tells the file of an object from a folder.
const SUFFIX: char = '=';

/// Objects in a folder: an [`ObjectStore`] for processes of one machine, or of several that share a file system with
/// locks.
///
/// A write is durable when it returns. It costs a sync of its file and two of folders; writers exclude each other by the
/// file `lock` in the folder, readers never wait. A listing opens each file. A process that is killed leaves at most a
/// temporary file, which a later write removes.
///
/// # Limits
/// The times of writes are those of the file system, the times of answers those of this machine.
///
/// # Examples
/// ```
/// use pleach::persist::remote::{FolderStore, ObjectStore, Put};
///
/// # let path = std::env::temp_dir().join(format!("pleach-doc-objects-{}", std::process::id()));
/// let store = FolderStore::open(&path)?;
/// assert!(matches!(store.put_if_absent("names/main", b"first")?, Put::Written { .. }));
/// assert_eq!(store.put_if_absent("names/main", b"second")?, Put::Refused);
/// assert_eq!(store.get("names/main")?.map(|object| object.content), Some(b"first".to_vec()));
/// # std::fs::remove_dir_all(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct FolderStore {
    /// Absolute, since the process may change its working directory.
    root: PathBuf,
}

/// Content of the folder that isn't a store's.
#[derive(Debug, thiserror::Error)]
#[error("the folder holds something else than a store of objects")]
struct OtherFolder;

/// Content of a file that isn't an object.
#[derive(Debug, thiserror::Error)]
#[error("{} isn't the file of an object", .0.display())]
struct NoObject(PathBuf);

/// The folder disappeared, or its file system did.
#[derive(Debug, thiserror::Error)]
#[error("the folder {} is missing", .0.display())]
struct MissingFolder(PathBuf);

/// Another process removed the lock.
#[derive(Debug, thiserror::Error)]
#[error("the lock {} was removed by another process", .0.display())]
struct LostLock(PathBuf);

impl FolderStore {
    /// Opens a store in a folder, and creates it if the folder is missing or empty.
    ///
    /// # Errors
    /// If the folder holds something else, or can't be read or created.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let root = disk::absolute(path.as_ref())?;
        let store = Self { root };
        if disk::status(&store.objects())?.is_none() {
            folder::create(&store.root)?;
            // Another process may be creating the store.
            let is_foreign = |name| name != "lock" && name != "objects";
            if disk::entries(&store.root)?.into_iter().any(is_foreign) {
                return Err(io::Error::new(ErrorKind::InvalidInput, OtherFolder));
            }
            folder::create(&store.objects())?;
        }
        Ok(store)
    }

    fn objects(&self) -> PathBuf {
        self.root.join("objects")
    }

    /// The path of the folder for keys that begin with `prefix` and `/`.
    fn folder(&self, prefix: &str) -> PathBuf {
        let parts = prefix.split('/').filter(|part| !part.is_empty());
        parts.fold(self.objects(), |path, part| path.join(part))
    }

    fn path(&self, key: &str) -> PathBuf {
        let mut path = self.folder(key).into_os_string();
        path.push(SUFFIX.to_string());
        path.into()
    }

    /// Opens the file of an object; `None` if there is none.
    fn find(&self, key: &str) -> io::Result<Option<OpenObject>> {
        let path = self.path(key);
        match File::find(&path)? {
            Some(file) => OpenObject::new(file, path).map(Some),
            None => self.check_present().map(|()| None),
        }
    }

    /// # Errors
    /// If the store itself is missing: then nothing is known of its objects.
    fn check_present(&self) -> io::Result<()> {
        let objects = self.objects();
        match disk::status(&objects)? {
            Some(status) if status.kind == FileKind::Folder => Ok(()),
            _ => Err(io::Error::other(MissingFolder(objects))),
        }
    }

    /// Calls a function while no other writer can change the store.
    fn locked<R>(&self, write: impl FnOnce(&FolderLock) -> io::Result<R>) -> io::Result<R> {
        match FolderLock::acquire(&self.root, || ())? {
            Some((lock, _held)) => write(&lock),
            // No caller of this function is called by `write`.
            None => Err(io::Error::from(ErrorKind::Deadlock)),
        }
    }

    fn put(&self, key: &str, content: &[u8], expected: Option<&ObjectVersion>) -> io::Result<Put> {
        let is_expected = || -> io::Result<bool> {
            let found = self.find(key)?.map(|object| object.version);
            Ok(found.as_ref() == expected)
        };
        // An object that exists already is neither written nor locked.
        if !is_expected()? {
            return Ok(Put::Refused);
        }
        let path = self.path(key);
        if let Some(parent) = path.parent() {
            folder::create(parent)?;
        }
        // In one place, so that any later write removes it if this process dies.
        let mut temporary = TemporaryFile::create(&self.root.join("object"), None)?;
        let version = nonce();
        let file = temporary.file_mut();
        file.write_all(&[MAGIC, version].concat())?;
        file.write_all(content)?;
        let time = file.status()?.modified()?;
        // The content is synced before other writers wait.
        file.sync_all()?;
        self.locked(|lock| {
            if !is_expected()? {
                return Ok(Put::Refused);
            }
            check_held(lock)?;
            temporary.persist(&path)?;
            let version = version_of(version);
            Ok(Put::Written { version, time })
        })
    }

    fn list(&self, prefix: &str) -> io::Result<Listing> {
        let now = SystemTime::now();
        let mut objects = Vec::new();
        let first = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut pending = vec![first.to_owned()];
        while let Some(folder) = pending.pop() {
            let path = self.folder(&folder);
            if disk::status(&path)?.is_none_or(|found| found.kind != FileKind::Folder) {
                self.check_present()?;
                continue;
            }
            for name in disk::entries(&path)? {
                // Names that aren't ours are those of tools and file systems.
                let Some(name) = name.to_str() else { continue };
                let (part, is_object) = match name.strip_suffix(SUFFIX) {
                    Some(part) => (part, true),
                    None => (name, false),
                };
                if !key::is_part(part) {
                    continue;
                }
                let separator = if folder.is_empty() { "" } else { "/" };
                let key = format!("{folder}{separator}{part}");
                if !is_object {
                    let within = format!("{key}/");
                    if within.starts_with(prefix) || prefix.starts_with(&within) {
                        pending.push(key);
                    }
                } else if key.starts_with(prefix)
                    && let Some(object) = self.find(&key)?
                {
                    objects.push(object.listed(key)?);
                }
            }
        }
        objects.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Ok(Listing { objects, now })
    }

    fn delete(&self, key: &str) -> io::Result<()> {
        self.locked(|lock| {
            if self.find(key)?.is_some() {
                check_held(lock)?;
                disk::remove(&self.path(key))?;
                disk::sync_parent(&self.path(key))?;
            }
            Ok(())
        })
    }
}

/// # Errors
/// If the lock doesn't exclude other processes any more.
fn check_held(lock: &FolderLock) -> io::Result<()> {
    match lock.is_held()? {
        true => Ok(()),
        false => Err(io::Error::other(LostLock(lock.path().to_owned()))),
    }
}

/// A file of an object, read up to the end of its header.
struct OpenObject {
    file: File,
    version: ObjectVersion,
}

impl OpenObject {
    /// # Errors
    /// If the file doesn't begin with the header of an object.
    fn new(file: File, path: PathBuf) -> io::Result<Self> {
        let mut header = [[0; HEADER / 2]; 2];
        for half in &mut header {
            (&file).read_exact(half).map_err(|error| match error.kind() {
                ErrorKind::UnexpectedEof => io::Error::new(ErrorKind::InvalidData, NoObject(path.clone())),
                _ => error,
            })?;
        }
        let [magic, version] = header;
        match magic == MAGIC {
            true => Ok(Self {
                file,
                version: version_of(version),
            }),
            false => Err(io::Error::new(ErrorKind::InvalidData, NoObject(path))),
        }
    }

    fn read(self) -> io::Result<Object> {
        let mut content = Vec::new();
        (&self.file).read_to_end(&mut content)?;
        Ok(Object {
            content,
            version: self.version,
            modified: self.file.status()?.modified()?,
            now: SystemTime::now(),
        })
    }

    fn listed(self, key: String) -> io::Result<Listed> {
        let status = self.file.status()?;
        Ok(Listed {
            key,
            size: status.length().saturating_sub(HEADER as u64),
            version: self.version,
            modified: status.modified()?,
        })
    }
}

fn version_of(nonce: [u8; 16]) -> ObjectVersion {
    ObjectVersion::new(format!("{:032x}", u128::from_be_bytes(nonce)))
}

fn failed(operation: &'static str, key: &str, error: io::Error) -> ObjectStoreError {
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::InvalidData => ObjectStoreError::permanent(operation, key, error),
        _ => ObjectStoreError::new(operation, key, error),
    }
}

impl ObjectStore for FolderStore {
    fn get(&self, key: &str) -> Result<Option<Object>, ObjectStoreError> {
        key::check("get", key)?;
        let object = || self.find(key)?.map(OpenObject::read).transpose();
        object().map_err(|error| failed("get", key, error))
    }

    fn put_if_absent(&self, key: &str, content: &[u8]) -> Result<Put, ObjectStoreError> {
        key::check("put_if_absent", key)?;
        let put = self.put(key, content, None);
        put.map_err(|error| failed("put_if_absent", key, error))
    }

    fn put_if_unchanged(&self, key: &str, content: &[u8], version: &ObjectVersion) -> Result<Put, ObjectStoreError> {
        key::check("put_if_unchanged", key)?;
        let put = self.put(key, content, Some(version));
        put.map_err(|error| failed("put_if_unchanged", key, error))
    }

    fn list(&self, prefix: &str) -> Result<Listing, ObjectStoreError> {
        key::check_prefix(prefix)?;
        self.list(prefix).map_err(|error| failed("list", prefix, error))
    }

    fn delete(&self, key: &str) -> Result<(), ObjectStoreError> {
        key::check("delete", key)?;
        self.delete(key).map_err(|error| failed("delete", key, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::persist::disk::faults::{self, Plan};
    use crate::persist::tests::Folder;

    fn content(store: &FolderStore, key: &str) -> Option<Vec<u8>> {
        ObjectStore::get(store, key).unwrap().map(|object| object.content)
    }

    /// Calls `test` with a store that holds the object `a`, and each plan. Returns the number of calls.
    fn sweep(name: &str, mut test: impl FnMut(Plan, &FolderStore, &ObjectVersion) -> bool) -> usize {
        let folder = Folder::new(name);
        let runs = faults::each(|plan| {
            folder.clear();
            let store = FolderStore::open(&folder.0).unwrap();
            let Put::Written { version, .. } = store.put_if_absent("a", b"old").unwrap() else {
                panic!("it was absent");
            };
            let failed = test(plan, &store, &version);
            // Nothing that was left hinders a later write.
            assert!(matches!(
                store.put_if_absent("later", b"").unwrap(),
                Put::Written { .. }
            ));
            assert!(ObjectStore::list(&store, "").is_ok());
            failed
        });
        folder.clear();
        runs
    }

    #[test]
    fn a_write_that_fails_anywhere_has_its_effect_or_none() {
        let (mut kept, mut replaced) = (0, 0);
        sweep("object-replaced", |plan, store, version| {
            faults::start(plan);
            let put = store.put_if_unchanged("a", b"new", version);
            let failed = faults::stop();
            match put {
                Ok(Put::Written { .. }) => assert_eq!(content(store, "a").unwrap(), b"new", "{plan:?}"),
                Ok(Put::Refused) => panic!("{plan:?}"),
                Err(_) => {
                    assert!(failed);
                    match &*content(store, "a").unwrap() {
                        b"old" => kept += 1,
                        b"new" => replaced += 1,
                        other => panic!("{plan:?}: {other:?}"),
                    }
                }
            }
            failed
        });
        assert!(kept > 40 && replaced > 4, "{kept} kept, {replaced} replaced");
        sweep("object-created", |plan, store, _| {
            faults::start(plan);
            let put = store.put_if_absent("b/c", b"new");
            let failed = faults::stop();
            match put {
                Ok(Put::Written { .. }) => assert_eq!(content(store, "b/c").unwrap(), b"new", "{plan:?}"),
                Ok(Put::Refused) => panic!("{plan:?}"),
                Err(_) => assert!(
                    content(store, "b/c").is_none_or(|content| content == b"new"),
                    "{plan:?}"
                ),
            }
            failed
        });
    }

    #[test]
    fn a_read_that_fails_anywhere_is_an_error() {
        sweep("object-read", |plan, store, version| {
            faults::start(plan);
            let found = ObjectStore::get(store, "a");
            let listed = ObjectStore::list(store, "");
            let absent = ObjectStore::get(store, "b/c");
            let failed = faults::stop();
            assert_eq!(found.is_err() || listed.is_err() || absent.is_err(), failed, "{plan:?}");
            assert!(found.is_err() || found.is_ok_and(|found| found.is_some_and(|found| found.version == *version)));
            assert!(listed.is_err() || listed.is_ok_and(|listed| listed.objects.len() == 1));
            failed
        });
    }

    #[test]
    fn a_removal_that_fails_anywhere_has_its_effect_or_none() {
        sweep("object-removed", |plan, store, _| {
            faults::start(plan);
            let removed = ObjectStore::delete(store, "a");
            let failed = faults::stop();
            match content(store, "a") {
                None => {}
                Some(content) => assert!(removed.is_err() && content == b"old", "{plan:?}"),
            }
            failed
        });
    }

    #[test]
    fn syncs_are_few() {
        let folder = Folder::new("object-syncs");
        let store = FolderStore::open(&folder.0).unwrap();
        let _ = store.put_if_absent("a/b", b"first").unwrap();
        let syncs = |write: &dyn Fn()| {
            let before = faults::syncs();
            write();
            faults::syncs() - before
        };
        // The parent of the folder, the file twice, the second time without work, and the folder.
        assert_eq!(syncs(&|| drop(store.put_if_absent("a/c", b"second").unwrap())), 4);
        assert_eq!(syncs(&|| drop(store.put_if_absent("a/c", b"third").unwrap())), 0);
        assert_eq!(syncs(&|| ObjectStore::delete(&store, "a/c").unwrap()), 1);
    }
}
