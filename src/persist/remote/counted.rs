//! Counts of requests.

use std::sync::atomic::{AtomicU64, Ordering};

use super::object_store::{Listing, Object, ObjectStore, ObjectStoreError, ObjectVersion, Put};

/// An [`ObjectStore`] that counts its requests, by which stores are paid, and bytes.
///
/// # Examples
/// ```
/// use pleach::persist::remote::{CountedStore, MemoryStore, ObjectStore};
///
/// let store = CountedStore::new(MemoryStore::new());
/// assert!(store.get("names/main")?.is_none());
/// let _ = store.put_if_absent("names/main", b"first")?;
/// let counts = store.counts();
/// assert_eq!((counts.gets, counts.puts, counts.written), (1, 1, 5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct CountedStore<S> {
    store: S,
    gets: AtomicU64,
    puts: AtomicU64,
    refused: AtomicU64,
    lists: AtomicU64,
    deletes: AtomicU64,
    read: AtomicU64,
    written: AtomicU64,
}

/// Numbers of requests to a [`CountedStore`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Reads.
    pub gets: u64,
    /// Conditional writes, whether or not their condition held.
    pub puts: u64,
    /// Conditional writes whose condition didn't hold.
    pub refused: u64,
    /// Pages of listings, of 1,000 objects each.
    pub lists: u64,
    /// Removals.
    pub deletes: u64,
    /// Bytes of content that were read.
    pub read: u64,
    /// Bytes of content that were sent.
    pub written: u64,
}

impl Counts {
    /// Number of requests of all kinds.
    pub fn requests(&self) -> u64 {
        [self.gets, self.puts, self.lists, self.deletes].iter().sum()
    }
}

/// Number of objects of a page of a listing.
const PAGE: usize = 1_000;

impl<S> CountedStore<S> {
    /// A store whose requests are counted from now on.
    pub fn new(store: S) -> Self {
        Self {
            store,
            gets: AtomicU64::new(0),
            puts: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            lists: AtomicU64::new(0),
            deletes: AtomicU64::new(0),
            read: AtomicU64::new(0),
            written: AtomicU64::new(0),
        }
    }

    /// The counts since the store was made, or since the last [`reset`](Self::reset).
    pub fn counts(&self) -> Counts {
        self.map(|count| count.load(Ordering::Relaxed))
    }

    /// Sets all counts to zero, and returns those before.
    pub fn reset(&self) -> Counts {
        self.map(|count| count.swap(0, Ordering::Relaxed))
    }

    fn map(&self, value: impl Fn(&AtomicU64) -> u64) -> Counts {
        Counts {
            gets: value(&self.gets),
            puts: value(&self.puts),
            refused: value(&self.refused),
            lists: value(&self.lists),
            deletes: value(&self.deletes),
            read: value(&self.read),
            written: value(&self.written),
        }
    }

    fn put(&self, content: &[u8], put: Result<Put, ObjectStoreError>) -> Result<Put, ObjectStoreError> {
        add(&self.puts, 1);
        add(&self.written, content.len());
        if matches!(put, Ok(Put::Refused)) {
            add(&self.refused, 1);
        }
        put
    }
}

fn add(count: &AtomicU64, more: usize) {
    // Relaxed: a counter publishes nothing else.
    count.fetch_add(more as u64, Ordering::Relaxed);
}

impl<S: ObjectStore> ObjectStore for CountedStore<S> {
    fn get(&self, key: &str) -> Result<Option<Object>, ObjectStoreError> {
        add(&self.gets, 1);
        let found = self.store.get(key)?;
        add(&self.read, found.as_ref().map_or(0, |object| object.content.len()));
        Ok(found)
    }

    fn put_if_absent(&self, key: &str, content: &[u8]) -> Result<Put, ObjectStoreError> {
        self.put(content, self.store.put_if_absent(key, content))
    }

    fn put_if_unchanged(&self, key: &str, content: &[u8], version: &ObjectVersion) -> Result<Put, ObjectStoreError> {
        self.put(content, self.store.put_if_unchanged(key, content, version))
    }

    fn list(&self, prefix: &str) -> Result<Listing, ObjectStoreError> {
        let listing = self.store.list(prefix)?;
        add(&self.lists, listing.objects.len().div_ceil(PAGE).max(1));
        Ok(listing)
    }

    fn delete(&self, key: &str) -> Result<(), ObjectStoreError> {
        add(&self.deletes, 1);
        self.store.delete(key)
    }
}
