//! Faults of object stores, by plan.

use std::fmt;
use std::hash::Hasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use xxhash_rust::xxh3::Xxh3Default;

use super::object_store::{Listing, Object, ObjectStore, ObjectStoreError, ObjectVersion, Put};

/// An [`ObjectStore`] that fails by plan, as real ones do.
///
/// Public so that users can test how their programs take failing remotes.
///
/// # Examples
/// ```
/// use pleach::persist::remote::{Fault, FaultyStore, MemoryStore, ObjectStore, Put};
///
/// // The first request takes effect, but its answer is lost.
/// let store = FaultyStore::new(MemoryStore::new(), |request| (request.number == 0).then_some(Fault::LostAnswer));
/// assert!(store.put_if_absent("names/main", b"first").is_err());
/// assert_eq!(store.put_if_absent("names/main", b"first")?, Put::Refused);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FaultyStore<S> {
    store: S,
    plan: Box<Plan>,
    requests: AtomicU64,
    faults: AtomicU64,
    late: Mutex<Vec<LateWrite>>,
}

/// Says which fault a request has.
type Plan = dyn Fn(&Request<'_>) -> Option<Fault> + Send + Sync;

/// A request to a [`FaultyStore`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Request<'a> {
    /// Number of requests before this one.
    pub number: u64,
    /// Name of the method of [`ObjectStore`].
    pub operation: &'static str,
    /// The key, or the prefix of a listing.
    pub key: &'a str,
}

/// A fault of a [`FaultyStore`]. Those that don't apply to a request have no effect on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// An error, and no effect: an overloaded server, a broken connection.
    NoEffect,
    /// The request takes effect, and an error is returned: a timeout after success.
    LostAnswer,
    /// An error is returned, and a write takes effect before one of the next requests, if its condition still holds.
    LateEffect,
    /// A conditional write takes effect, and the answer is that it was refused: a proxy repeated it.
    RefusedAfterEffect,
    /// The second half of the content is missing.
    Truncated,
    /// One bit of the content is wrong.
    Altered,
    /// The answer takes this long.
    Slow(Duration),
}

/// Kinds of faults, for random plans.
const FAULTS: [Fault; 7] = [
    Fault::NoEffect,
    Fault::LostAnswer,
    Fault::LateEffect,
    Fault::RefusedAfterEffect,
    Fault::Truncated,
    Fault::Altered,
    Fault::Slow(Duration::from_millis(2)),
];

/// A write whose effect comes after its error.
struct LateWrite {
    key: String,
    content: Vec<u8>,
    expected: Option<ObjectVersion>,
}

/// An error by plan.
#[derive(Debug, thiserror::Error)]
#[error("a fault by plan: {0:?}")]
struct Planned(Fault);

impl<S: ObjectStore> FaultyStore<S> {
    /// A store that fails by a plan, which is asked before each request.
    pub fn new(store: S, plan: impl Fn(&Request<'_>) -> Option<Fault> + Send + Sync + 'static) -> Self {
        Self {
            store,
            plan: Box::new(plan),
            requests: AtomicU64::new(0),
            faults: AtomicU64::new(0),
            late: Mutex::default(),
        }
    }

    /// A store of whose requests one in `one_in` has a fault, of a random kind. The faults are a function of the seed
    /// and of the numbers of the requests. None has a fault if `one_in` is 0.
    pub fn random(store: S, seed: u64, one_in: u64) -> Self {
        Self::new(store, move |request| {
            let mut hasher = Xxh3Default::new();
            hasher.write_u64(seed);
            hasher.write_u64(request.number);
            let random = hasher.finish();
            let kind = usize::try_from(random >> 56).unwrap_or_default() % FAULTS.len();
            let is_met = random.checked_rem(one_in) == Some(0);
            FAULTS.get(kind).copied().filter(|_| is_met)
        })
    }

    /// Number of requests so far, and of those that were given a fault.
    pub fn requests(&self) -> (u64, u64) {
        // Relaxed: counters.
        (
            self.requests.load(Ordering::Relaxed),
            self.faults.load(Ordering::Relaxed),
        )
    }

    /// Plans a request, and performs the late writes.
    fn begin(&self, operation: &'static str, key: &str) -> Result<Option<Fault>, ObjectStoreError> {
        // Relaxed: counters.
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let fault = (self.plan)(&Request { number, operation, key });
        if fault.is_some() {
            self.faults.fetch_add(1, Ordering::Relaxed);
        }
        if number.is_multiple_of(2) {
            let late = std::mem::take(&mut *self.late.lock().unwrap_or_else(PoisonError::into_inner));
            for write in late {
                // Refused if the condition doesn't hold any more.
                let _ = self.write(&write)?;
            }
        }
        match fault {
            Some(Fault::NoEffect) => return Err(error(operation, key, Fault::NoEffect)),
            Some(Fault::Slow(delay)) => thread::sleep(delay),
            _ => {}
        }
        Ok(fault)
    }

    fn write(&self, write: &LateWrite) -> Result<Put, ObjectStoreError> {
        match &write.expected {
            None => self.store.put_if_absent(&write.key, &write.content),
            Some(version) => self.store.put_if_unchanged(&write.key, &write.content, version),
        }
    }

    fn put(&self, operation: &'static str, write: LateWrite) -> Result<Put, ObjectStoreError> {
        match self.begin(operation, &write.key)? {
            Some(Fault::LateEffect) => {
                let error = error(operation, &write.key, Fault::LateEffect);
                self.late.lock().unwrap_or_else(PoisonError::into_inner).push(write);
                Err(error)
            }
            fault => answered(operation, &write.key, fault, self.write(&write)?).map(|put| match fault {
                Some(Fault::RefusedAfterEffect) => Put::Refused,
                _ => put,
            }),
        }
    }
}

fn error(operation: &'static str, key: &str, fault: Fault) -> ObjectStoreError {
    ObjectStoreError::new(operation, key, Planned(fault))
}

/// Returns an answer, or an error if it is lost.
fn answered<R>(operation: &'static str, key: &str, fault: Option<Fault>, answer: R) -> Result<R, ObjectStoreError> {
    match fault {
        Some(fault @ (Fault::LostAnswer | Fault::LateEffect)) => Err(error(operation, key, fault)),
        _ => Ok(answer),
    }
}

impl<S: ObjectStore> ObjectStore for FaultyStore<S> {
    fn get(&self, key: &str) -> Result<Option<Object>, ObjectStoreError> {
        let fault = self.begin("get", key)?;
        let mut found = answered("get", key, fault, self.store.get(key)?)?;
        if let Some(object) = &mut found {
            let middle = object.content.len() / 2;
            match fault {
                Some(Fault::Truncated) => object.content.truncate(middle),
                Some(Fault::Altered) => {
                    if let Some(byte) = object.content.get_mut(middle) {
                        *byte ^= 4;
                    }
                }
                _ => {}
            }
        }
        Ok(found)
    }

    fn put_if_absent(&self, key: &str, content: &[u8]) -> Result<Put, ObjectStoreError> {
        let write = LateWrite {
            key: key.to_owned(),
            content: content.to_owned(),
            expected: None,
        };
        self.put("put_if_absent", write)
    }

    fn put_if_unchanged(&self, key: &str, content: &[u8], version: &ObjectVersion) -> Result<Put, ObjectStoreError> {
        let write = LateWrite {
            key: key.to_owned(),
            content: content.to_owned(),
            expected: Some(version.clone()),
        };
        self.put("put_if_unchanged", write)
    }

    fn list(&self, prefix: &str) -> Result<Listing, ObjectStoreError> {
        let fault = self.begin("list", prefix)?;
        answered("list", prefix, fault, self.store.list(prefix)?)
    }

    fn delete(&self, key: &str) -> Result<(), ObjectStoreError> {
        let fault = self.begin("delete", key)?;
        self.store.delete(key)?;
        answered("delete", key, fault, ())
    }
}

impl<S: fmt::Debug> fmt::Debug for FaultyStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultyStore")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
