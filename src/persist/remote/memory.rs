//! Memory as an object store.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::key;
use super::object_store::{Listed, Listing, Object, ObjectStore, ObjectStoreError, ObjectVersion, Put};

/// Objects in memory: an [`ObjectStore`] for tests, and for threads of one process.
///
/// Clones are handles to the same objects. Public so that users can test their own use of remotes, alone or inside a
/// [`FaultyStore`](super::FaultyStore).
///
/// # Examples
/// ```
/// use pleach::persist::remote::{MemoryStore, ObjectStore, Put};
///
/// let store = MemoryStore::new();
/// let Put::Written { version, .. } = store.put_if_absent("names/main", b"first")? else { panic!("it was absent") };
/// assert!(matches!(store.put_if_unchanged("names/main", b"second", &version)?, Put::Written { .. }));
/// assert_eq!(store.put_if_unchanged("names/main", b"third", &version)?, Put::Refused);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Stored>,
    /// Number of writes, from which versions are made.
    writes: u64,
}

struct Stored {
    content: Arc<[u8]>,
    version: ObjectVersion,
    modified: SystemTime,
}

impl MemoryStore {
    /// A store without objects.
    pub fn new() -> Self {
        Self::with_clock(SystemTime::now)
    }

    /// A store without objects, whose times are those of the given clock.
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use pleach::persist::remote::{MemoryStore, ObjectStore};
    ///
    /// let store = MemoryStore::with_clock(|| SystemTime::UNIX_EPOCH);
    /// assert_eq!(store.list("")?.now, SystemTime::UNIX_EPOCH);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_clock(clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self {
            state: Arc::default(),
            clock: Arc::new(clock),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs between two changes of the state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, key: &str, content: &[u8], expected: Option<&ObjectVersion>) -> Put {
        let (content, time) = (content.into(), (self.clock)());
        let mut state = self.state();
        if state.objects.get(key).map(|stored| &stored.version) != expected {
            return Put::Refused;
        }
        state.writes = state.writes.saturating_add(1);
        let version = ObjectVersion::new(state.writes.to_string());
        let stored = Stored {
            content,
            version: version.clone(),
            modified: time,
        };
        state.objects.insert(key.to_owned(), stored);
        Put::Written { version, time }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let objects = self.state().objects.len();
        f.debug_struct("MemoryStore")
            .field("objects", &objects)
            .finish_non_exhaustive()
    }
}

impl ObjectStore for MemoryStore {
    fn get(&self, key: &str) -> Result<Option<Object>, ObjectStoreError> {
        key::check("get", key)?;
        let now = (self.clock)();
        let found = self.state().objects.get(key).map(|stored| {
            let content = Arc::clone(&stored.content);
            (content, stored.version.clone(), stored.modified)
        });
        Ok(found.map(|(content, version, modified)| Object {
            content: content.to_vec(),
            version,
            modified,
            now,
        }))
    }

    fn put_if_absent(&self, key: &str, content: &[u8]) -> Result<Put, ObjectStoreError> {
        key::check("put_if_absent", key)?;
        Ok(self.put(key, content, None))
    }

    fn put_if_unchanged(&self, key: &str, content: &[u8], version: &ObjectVersion) -> Result<Put, ObjectStoreError> {
        key::check("put_if_unchanged", key)?;
        Ok(self.put(key, content, Some(version)))
    }

    fn list(&self, prefix: &str) -> Result<Listing, ObjectStoreError> {
        key::check_prefix(prefix)?;
        let now = (self.clock)();
        let state = self.state();
        let found = state.objects.range(prefix.to_owned()..);
        let objects = found
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, stored)| Listed {
                key: key.clone(),
                size: stored.content.len() as u64,
                version: stored.version.clone(),
                modified: stored.modified,
            })
            .collect();
        Ok(Listing { objects, now })
    }

    fn delete(&self, key: &str) -> Result<(), ObjectStoreError> {
        key::check("delete", key)?;
        self.state().objects.remove(key);
        Ok(())
    }
}
